//! nfv-notify with a listener of our own on the other side: what goes over the wire, what is logged, how it ends.

#![allow(clippy::unwrap_used)]

use hmac::{Hmac, Mac};
use nfv_tools::notify::{self, Exit, Level, Log};
use sha2::Sha512;
use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

#[derive(Default)]
struct Lines(Vec<(Level, String)>);

impl Log for Lines {
    fn log(&mut self, level: Level, text: &str) {
        self.0.push((level, text.to_owned()));
    }
}

fn run(arguments: &[&str]) -> (Exit, Lines, String, String) {
    let (mut lines, mut stdout, mut stderr) = (Lines::default(), Vec::new(), Vec::new());
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    let exit = notify::run(arguments, &mut lines, &mut stdout, &mut stderr).unwrap();
    (exit, lines, String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn code(payload: &[u8], key: &[u8]) -> Vec<u8> {
    Hmac::<Sha512>::new_from_slice(key).unwrap().chain_update(payload).finalize().into_bytes().to_vec()
}

const KEY: &[u8] = b"NFV Infrastructure Notification";

/// A listener that takes one frame and answers with these bytes; joining gives the payload that came.
fn listener(answer: Vec<u8>) -> (String, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut length = [0; 4];
        stream.read_exact(&mut length).unwrap();
        let mut frame = vec![0; u32::from_le_bytes(length) as usize];
        stream.read_exact(&mut frame).unwrap();
        let (found, payload) = frame.split_at(64);
        assert_eq!(found, code(payload, KEY));
        // in pieces, as a network may bring it
        for piece in answer.chunks(7) {
            // one who has seen enough hangs up
            if stream.write_all(piece).is_err() {
                break;
            }
        }
        payload.to_vec()
    });
    (port, thread)
}

fn frame(payload: &str, key: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(64 + payload.len()).unwrap().to_le_bytes().to_vec();
    frame.extend(code(payload.as_bytes(), key));
    frame.extend(payload.as_bytes());
    frame
}

fn notify_with(answer: Vec<u8>, data: &str) -> (Exit, Lines, String) {
    let (port, thread) = listener(answer);
    let (exit, lines, stdout, stderr) =
        run(&["-n", "127.0.0.1", "-p", &port, "--type=booting", "--data", data]);
    assert_eq!((stdout.as_str(), stderr.as_str()), ("", ""));
    (exit, lines, String::from_utf8(thread.join().unwrap()).unwrap())
}

#[test]
fn the_request_has_the_originals_bytes_and_the_log_its_lines() {
    let (exit, lines, request) = notify_with(frame(r#"{"status": "okay"}"#, KEY), "{\"a\": \"é\"}");
    assert_eq!(exit, Exit::Okay);
    assert_eq!(request, r#"{"notify-data": "{\"a\": \"\u00e9\"}", "version": 1, "notify-type": "booting"}"#);
    let texts: Vec<&str> = lines.0.iter().map(|(_, text)| text.as_str()).collect();
    assert!(texts[0].starts_with("Arguments: hostname=127.0.0.1, port="), "{texts:?}");
    assert!(texts[0].ends_with(", type=booting, data={\"a\": \"é\"}."), "{texts:?}");
    assert_eq!(
        texts[1..],
        [
            r#"Request={'notify-data': '{"a": "\xc3\xa9"}', 'version': 1, 'notify-type': 'booting'}"#,
            "Response={u'status': u'okay'}"
        ]
    );
    assert!(lines.0.iter().all(|(level, _)| *level == Level::Info));
}

#[test]
fn exit_codes_follow_the_status() {
    for (answer, exit) in [
        (r#"{"status": "okay"}"#, Exit::Okay),
        (r#"{"status": "accepted", "version": 1, "notify-type": "booting"}"#, Exit::Accepted),
        (r#"{"status": "no"}"#, Exit::Failed),
        (r#"{"status": 1}"#, Exit::Failed),
        ("{}", Exit::Failed),
    ] {
        assert_eq!(notify_with(frame(answer, KEY), "d").0, exit, "{answer}");
    }
    let codes = [Exit::Okay, Exit::Accepted, Exit::Failed, Exit::Misused].map(Exit::code);
    assert_eq!(codes, [0, 254, 1, 2]);
}

#[test]
fn an_answer_that_is_none_is_a_failure() {
    let status = r#"{"status": "okay"}"#;
    let whole = frame(status, KEY);
    let cases = [
        (Vec::new(), None),
        (whole[..20].to_vec(), None),
        (frame(status, b"another key"), None),
        (vec![0xff; 80], None),
        (10_u32.to_le_bytes().to_vec(), None),
        (frame("x", KEY), Some("Exception: No JSON object could be decoded")),
        (frame("[1]", KEY), Some("Exception: the answer is no object")),
    ];
    for (answer, error) in cases {
        let (exit, lines, _) = notify_with(answer, "d");
        assert_eq!(exit, Exit::Failed);
        let last = lines.0.last().unwrap();
        match error {
            Some(text) => assert_eq!(*last, (Level::Error, text.to_owned())),
            None => assert_eq!(last.0, Level::Info),
        }
    }
}

#[test]
fn what_is_missing_or_unreachable_is_logged() {
    let nothing_listens = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let cases: [(&[&str], Level, &str); 7] = [
        (&[], Level::Info, "No remote host given."),
        (&["-n", "h"], Level::Info, "No remote port given."),
        (&["-n", "h", "-p", "1"], Level::Info, "No notification type given."),
        (&["-n", "h", "-p", "1", "-t", "t"], Level::Info, "No notification data given."),
        (&["-n", "h", "-p", "1", "-t", "t", "-d", ""], Level::Info, "No notification data given."),
        (
            &["-n", "h", "-p", "x", "-t", "t", "-d", "d"],
            Level::Error,
            "Exception: invalid literal for int() with base 10: 'x'",
        ),
        (
            &["-n", "127.0.0.1", "-p", &nothing_listens, "-t", "t", "-d", "d"],
            Level::Error,
            "Exception: [Errno 111] Connection refused",
        ),
    ];
    for (arguments, level, text) in cases {
        let (exit, lines, _, _) = run(arguments);
        assert_eq!(exit, Exit::Failed, "{arguments:?}");
        assert_eq!(*lines.0.last().unwrap(), (level, text.to_owned()));
    }
    let (exit, _, _, stderr) = run(&["-x"]);
    assert_eq!(exit, Exit::Misused);
    assert!(stderr.ends_with("nfv-notify: error: unrecognized arguments: -x\n"), "{stderr}");
    let (exit, _, stdout, _) = run(&["--help"]);
    assert!(exit == Exit::Okay && stdout.ends_with("notification data\n"), "{stdout}");
}
