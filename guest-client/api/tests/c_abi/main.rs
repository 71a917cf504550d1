//! The library as a C program sees it: soname, symbols, layouts, and the sample application against a guest_client
//! that the test plays. Contract: guest 2, 2.2, 3.3.

#![allow(clippy::unwrap_used)]

mod header;

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use guest_protocol::heartbeat::application::{ApplicationMessage, ApplicationStream, Registration};
use guest_protocol::heartbeat::words::{CorrectiveAction, Event, Notification, Vote};

const SONAME: &str = "libguest_heartbeat_api.so.3";
const SYMBOLS: [&str; 11] = [
    "guest_heartbeat_api_action_str",
    "guest_heartbeat_api_deregister",
    "guest_heartbeat_api_dispatch",
    "guest_heartbeat_api_event_str",
    "guest_heartbeat_api_finalize",
    "guest_heartbeat_api_get_selobj",
    "guest_heartbeat_api_initialize",
    "guest_heartbeat_api_notify_str",
    "guest_heartbeat_api_register",
    "guest_heartbeat_api_send_action_response",
    "guest_heartbeat_api_vote_result_str",
];

fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn library() -> PathBuf {
    let deps = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let built = [deps.join("libguest_heartbeat_api.so"), deps.join("../libguest_heartbeat_api.so")];
    built.into_iter().find(|path| path.exists()).expect("the library is not built")
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Compiles a program and links it with the library under the names that it is installed with.
fn compile(dir: &Path, file: &Path) -> PathBuf {
    std::fs::copy(library(), dir.join(SONAME)).unwrap();
    let link = dir.join("libguest_heartbeat_api.so");
    let _ = std::fs::remove_file(&link);
    std::os::unix::fs::symlink(SONAME, link).unwrap();
    let program = dir.join("program");
    run(Command::new("gcc")
        .args(["-std=c11", "-D_DEFAULT_SOURCE", "-Wall", "-Wextra", "-Werror"])
        .arg(format!("-I{}", source("../include").display()))
        // guest_api_types.h is libguest_common_api's
        .arg(format!("-I{}", source("../../crates/guest-comm/include").display()))
        .args([file, Path::new("-o"), &program])
        .arg(format!("-L{}", dir.display()))
        .arg("-lguest_heartbeat_api"));
    program
}

#[test]
fn soname_and_symbols_are_those_of_the_contract() {
    let header = run(Command::new("readelf").arg("-dW").arg(library()));
    assert!(header.contains(&format!("Library soname: [{SONAME}]")), "{header}");
    let listed = run(Command::new("nm").args(["-D", "--defined-only"]).arg(library()));
    let mut names: Vec<_> = listed.lines().filter_map(|line| line.split_whitespace().nth(2)).collect();
    names.sort_unstable();
    assert_eq!(names, SYMBOLS);
    // The list is the contract's.
    let text = include_str!("../../../../docs/contract/guest.md");
    let section = text.split("### 2.2").nth(1).unwrap().split("### 2.3").next().unwrap();
    for name in SYMBOLS {
        let stem = name.strip_suffix("_str").map_or(name, |stem| &stem[.."guest_heartbeat_api_".len()]);
        assert!(section.contains(stem), "{name}");
    }
}

#[test]
fn layouts_and_calls_without_a_guest_client_are_as_ever() {
    let dir = tempfile::tempdir().unwrap();
    let program = compile(dir.path(), &source("tests/layout.c"));
    let printed = run(Command::new(program)
        .env("LD_LIBRARY_PATH", dir.path())
        .env("GUEST_HEARTBEAT_API_SOCKET", dir.path().join("nobody")));
    assert_eq!(printed, "-1 0 0 1 0 3 0 reboot live-migrate-begin irrevocable vote-???\n");
}

/// The test in the place of guest_client.
struct Peer {
    socket: UnixStream,
    stream: ApplicationStream,
    sequence: u32,
}

impl Peer {
    fn accept(listener: &UnixListener) -> Self {
        let (socket, _) = listener.accept().unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self { socket, stream: ApplicationStream::default(), sequence: 0 }
    }

    fn hear(&mut self) -> ApplicationMessage {
        let mut buffer = [0; 1024];
        loop {
            let length = self.socket.read(&mut buffer).unwrap();
            assert!(length > 0, "the application has gone");
            if let Some(message) = self.stream.on_bytes(&buffer[..length]).pop() {
                let (sequence, message) = message.unwrap();
                self.sequence += 1;
                assert_eq!(sequence, self.sequence);
                return message;
            }
        }
    }

    fn say(&mut self, message: &ApplicationMessage) {
        self.socket.write_all(&message.encode(1)).unwrap();
    }

    /// What a challenge is answered with: health, action, log.
    fn challenge(&mut self, challenge: u32) -> (bool, CorrectiveAction, String) {
        self.say(&ApplicationMessage::Challenge { challenge });
        let ApplicationMessage::ChallengeResponse { response, healthy, corrective_action, log } = self.hear()
        else {
            panic!("no answer")
        };
        assert_eq!(response, challenge);
        (healthy, corrective_action, log)
    }

    fn ask(&mut self, event: Event, notification: Notification) -> (Vote, String) {
        self.say(&ApplicationMessage::ActionNotify { invocation_id: 0x7fff_fff7, event, notification });
        let answer = self.hear();
        let ApplicationMessage::ActionResponse { invocation_id, event: e, notification: n, vote, log } =
            answer
        else {
            panic!("{answer:?}")
        };
        assert_eq!((invocation_id, e, n), (0x7fff_fff7, event, notification));
        (vote, log)
    }
}

struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_sample_application_takes_part() {
    let dir = tempfile::tempdir().unwrap();
    let program = compile(dir.path(), &source("../sample/sample_guest_app.c"));
    let name = format!("sample-{}", std::process::id());
    let flag = |what: &str| PathBuf::from(format!("/tmp/{name}_{what}"));
    let socket = dir.path().join("api");
    let listener = UnixListener::bind(&socket).unwrap();
    let child = Command::new(program)
        .args(["--name", &name, "--corrective-action", "stop"])
        .env("LD_LIBRARY_PATH", dir.path())
        .env("GUEST_HEARTBEAT_API_SOCKET", &socket)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut child = Program(child);
    let mut said = BufReader::new(child.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut said = || said.next().unwrap();

    let mut peer = Peer::accept(&listener);
    let secs = Duration::from_secs;
    let registration = Registration {
        name: name.clone(),
        heartbeat_interval: secs(1),
        vote: secs(8),
        shutdown_notice: secs(5),
        suspend_notice: secs(5),
        resume_notice: secs(5),
        corrective_action: CorrectiveAction::Stop,
    };
    assert_eq!(peer.hear(), ApplicationMessage::Init(registration.clone()));
    peer.say(&ApplicationMessage::InitAck { accepted: true });
    assert_eq!(said(), "registered");

    assert_eq!(peer.challenge(1), (true, CorrectiveAction::None, String::new()));
    std::fs::write(flag("unhealthy"), "").unwrap();
    assert_eq!(peer.challenge(u32::MAX), (false, CorrectiveAction::Stop, "the flag file says so".to_owned()));
    std::fs::remove_file(flag("unhealthy")).unwrap();

    assert_eq!(peer.ask(Event::Pause, Notification::Revocable), (Vote::Accept, String::new()));
    assert_eq!(said(), "revocable pause");
    std::fs::write(flag("vote_no_to_suspend"), "").unwrap();
    assert_eq!(peer.ask(Event::Pause, Notification::Revocable), (Vote::Reject, format!("{name} says no")));
    assert_eq!(said(), "revocable pause");
    std::fs::remove_file(flag("vote_no_to_suspend")).unwrap();
    assert_eq!(peer.ask(Event::ColdMigrateEnd, Notification::Irrevocable), (Vote::Complete, String::new()));
    assert_eq!(said(), "irrevocable cold-migrate-end");

    // guest_client goes and comes back: the application registers again.
    drop(peer);
    assert_eq!(said(), "not registered");
    let mut peer = Peer::accept(&listener);
    peer.sequence = peer_sequence_after_restart(&mut peer, &registration);
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(child.0.id().cast_signed()), nix::sys::signal::SIGTERM)
        .unwrap();
    assert_eq!(peer.hear(), ApplicationMessage::Final { log: "exiting".to_owned() });
    assert!(child.0.wait().unwrap().success());
}

/// The application counts on over connections: its next number says where it is.
fn peer_sequence_after_restart(peer: &mut Peer, registration: &Registration) -> u32 {
    let mut buffer = [0; 228];
    peer.socket.read_exact(&mut buffer).unwrap();
    let (sequence, message) = ApplicationStream::default().on_bytes(&buffer).remove(0).unwrap();
    assert_eq!(message, ApplicationMessage::Init(registration.clone()));
    sequence
}
