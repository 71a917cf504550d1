//! The C libraries: what they export, and what C programs find in them.

use std::collections::BTreeSet;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;

use crate::built;
use crate::machine::{Machine, receive, send, with_machines};
use crate::process::Process;

const CONTRACT: &str = include_str!("../../../../docs/contract/guest.md");

/// The lines of a section of the contract.
fn section(heading: &str) -> impl Iterator<Item = &'static str> {
    let from = CONTRACT.find(&format!("\n### {heading} ")).unwrap() + 1;
    CONTRACT[from..].lines().skip(1).take_while(|line| !line.starts_with('#'))
}

/// The words in the tables and lists of a section that are names of functions.
fn functions(heading: &str, is_one: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for line in section(heading) {
        for word in line.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_')) {
            if is_one(word) && !word.ends_with("_t") {
                names.insert(word.to_owned());
            }
        }
    }
    names
}

fn exported(library: &str) -> BTreeSet<String> {
    let output =
        Command::new("nm").args(["-D", "--defined-only"]).arg(built::program(library)).output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split_whitespace().last()).map(str::to_owned).collect()
}

#[test]
fn the_libraries_export_what_the_contract_lists() {
    assert_eq!(
        exported("libguest_common_api.so"),
        functions("2.1", |word| word.starts_with("guest_api_") && word != "guest_api_")
    );
    assert_eq!(exported("libguesthostmsg.so"), functions("2.3", |word| word.starts_with("gh_")));
    assert_eq!(exported("libhostguestmsg.so"), functions("2.3", |word| word.starts_with("hg_")));
    let group = functions("2.4", |word| {
        word.contains("_sg")
            || word.starts_with("sg_")
            || word.starts_with("handle_")
            || word.starts_with("ensure_")
    });
    assert_eq!(group.len(), 10, "{group:?}");
    assert_eq!(exported("libservergroup.so"), group);
}

#[test]
fn the_libraries_have_their_names() {
    for (file, name) in [
        ("libguest_common_api.so", "libguest_common_api.so.3"),
        ("libguesthostmsg.so", "libguesthostmsg.so.2"),
        ("libhostguestmsg.so", "libhostguestmsg.so.2"),
        ("libservergroup.so", "libservergroup.so.2"),
    ] {
        assert!(CONTRACT.contains(&format!("`{name}`")), "{name} is not the contract's");
        let output = Command::new("readelf").arg("-d").arg(built::program(file)).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains(&format!("Library soname: [{name}]")), "{text}");
    }
}

/// The lines of a C program, which runs to its end while `play` is its neighbour.
fn run(machine: &Machine, program: &Path, play: impl FnOnce(&Process)) -> Vec<String> {
    let mut command = machine.command(program);
    command.env("LD_LIBRARY_PATH", program.parent().unwrap()).arg(program.parent().unwrap());
    let mut process = Process::start(&mut command);
    play(&process);
    assert!(process.end().success());
    std::iter::from_fn(|| process.next_or_end()).collect()
}

fn tell(agent: &UnixDatagram, app: &str, datagrams: &[String]) {
    for datagram in datagrams {
        // a socket's queue is short
        let mut sent = send(agent, app, datagram);
        for _ in 0..1000 {
            if sent.is_ok() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
            sent = send(agent, app, datagram);
        }
        sent.unwrap();
    }
}

#[test]
fn an_application_in_a_vm_uses_libguesthostmsg() {
    with_machines("abi::an_application_in_a_vm_uses_libguesthostmsg", || {
        let dir = tempfile::tempdir().unwrap();
        let program = built::compile("gh", &["guesthostmsg", "json-c"], dir.path());
        let machine = Machine::start();
        let agent = machine.socket("cgcs.messaging");
        let lines = run(&machine, &program, |_| {
            assert_eq!(
                receive(&agent),
                r#"{"data":{"path":"a\/b","n":[1,2.50,null]},"version":2,"dest_addr":"host.app"}"#
            );
            let datagrams = [
                "nonsense",
                r#"{"data":{},"version":3,"source_addr":"host.app"}"#,
                r#"{"data":{},"version":2}"#,
                r#"{"version":2,"source_addr":"host.app"}"#,
                r#"{"version":2,"source_addr":"host.app","data":{"x":"é\/\"","big":12345678901}}"#,
                r#"{"version":2,"source_addr":"host.app","data":null}"#,
                r#"{"version":2,"source_addr":"host.app","data":{"stop":1}}"#,
            ];
            tell(&agent, "my.app", &datagrams.map(str::to_owned));
        });
        assert_eq!(
            lines,
            [
                "layout 528: 0 4 116 120 520",
                "init ok",
                "agent @cgcs.messaging, length 17",
                "init again -1: unable to bind socket: Address already in use",
                "nothing there 0",
                "send 0",
                "send nonsense -1: failed to parse msg",
                "null -1 -1 -1",
                "error: failed to parse msg",
                "error: invalid version 3, expecting 2",
                "error: failed to parse source_addr",
                "error: failed to parse data",
                r#"from host.app: {"x":"é\/\"","big":12345678901}"#,
                "from host.app: null",
                r#"from host.app: {"stop":1}"#,
                r#"kept {"stop":1}"#,
                "closed -1: error receiving msg: Bad file descriptor",
            ]
        );
        assert!(CONTRACT.contains("(528 bytes): int sock @0; struct sockaddr_un svaddr @4"));
    });
}

#[test]
fn an_application_on_a_host_uses_libhostguestmsg() {
    with_machines("abi::an_application_on_a_host_uses_libhostguestmsg", || {
        let dir = tempfile::tempdir().unwrap();
        let program = built::compile("hg", &["hostguestmsg", "json-c"], dir.path());
        let machine = Machine::start();
        let agent = machine.socket("cgcs.messaging");
        let lines = run(&machine, &program, |_| {
            assert_eq!(
                receive(&agent),
                r#"{"data":{"a":1},"version":2,"dest_addr":"my.app","dest_instance":"instance-0000000a"}"#
            );
            let from = r#""source_addr":"my.app","source_instance":"instance-0000000a""#;
            let datagrams = [
                r#"{"version":1}"#.to_owned(),
                r#"{"version":2,"source_addr":"my.app","data":{}}"#.to_owned(),
                format!(r#"{{"version":2,{from}}}"#),
                format!(r#"{{"version":2,"data":{{"answer":1}},{from}}}"#),
                format!(r#"{{"version":2,"data":{{"stop":1}},{from}}}"#),
            ];
            tell(&agent, "host.app", &datagrams);
            assert_eq!(
                receive(&agent),
                r#"{"data":{"answered":true},"version":2,"dest_addr":"my.app","dest_instance":"instance-0000000a"}"#
            );
        });
        assert_eq!(
            lines,
            [
                "layout 528: 0 4 116 120 520",
                "init ok",
                "init again -1: unable to bind socket: Address already in use",
                "send 0",
                "send nonsense -1: failed to parse msg",
                "error: invalid version",
                "error: failed to parse source_instance",
                "error: failed to parse data",
                r#"from my.app of instance-0000000a: {"answer":1}"#,
                "answer 0",
                r#"from my.app of instance-0000000a: {"stop":1}"#,
            ]
        );
    });
}

#[test]
fn a_member_of_a_server_group_uses_libservergroup() {
    with_machines("abi::a_member_of_a_server_group_uses_libservergroup", || {
        let dir = tempfile::tempdir().unwrap();
        let program = built::compile("sg", &["servergroup", "json-c"], dir.path());
        let machine = Machine::start();
        let agent = machine.socket("cgcs.messaging");
        let lines = run(&machine, &program, |_| {
            let asked = |rest: &str| {
                format!(
                    r#"{{"data":{{"version":2,"msg_type":{rest}}},"version":2,"dest_addr":"cgcs.server_grp"}}"#
                )
            };
            assert_eq!(receive(&agent), asked(r#""broadcast","data":"hello \"you\"""#));
            assert_eq!(receive(&agent), asked(r#""status_query","seq":1"#));
            assert_eq!(receive(&agent), asked(r#""other""#));
            let said =
                |data: &str| format!(r#"{{"data":{data},"version":2,"source_addr":"cgcs.server_grp"}}"#);
            let broadcast = |text: &str| {
                said(&format!(
                    r#"{{"version":"version","msg_type":"broadcast","source_instance":"instance-0000000b","data":"{text}"}}"#
                ))
            };
            let datagrams = [
                r#"{"data":{},"version":2,"source_addr":"someone"}"#.to_owned(),
                said(
                    r#"{"version":2,"msg_type":"notification","data":{"event_type":"e","payload":{"state":"a/b"}}}"#,
                ),
                said(r#"{"version":2,"msg_type":"nack","orig_msg_type":"other","log_msg":"no"}"#),
                broadcast("ask"),
            ];
            tell(&agent, "cgcs.server_grp", &datagrams);
            assert_eq!(receive(&agent), asked(r#""status_query","seq":3"#));
            let datagrams = [
                said(r#"{"version":2,"msg_type":"status_response","seq":2,"data":{"late":1}}"#),
                said(r#"{"version":2,"msg_type":"status_response","seq":3,"data":{"vcpus":2}}"#),
                said(r#"{"version":2,"msg_type":"status_response","seq":3,"data":{"vcpus":4}}"#),
                said(r#"{"version":2,"msg_type":"status_response_done","seq":3}"#),
                broadcast("stop"),
            ];
            tell(&agent, "cgcs.server_grp", &datagrams);
        });
        assert_eq!(
            lines,
            [
                "before init -1: not initialized",
                "init ok",
                "init again -1: unable to bind socket: Address already in use",
                "nothing there 0",
                "broadcast 0",
                "request 0",
                "send 0",
                "room 0 0",
                "direct 0 0",
                r#"status 17: [{"a":1},{"b":2}]"#,
                "direct done 0",
                "direct done again -1: status resp done seqnum 1 doesn't match expected 2",
                "broadcast of instance-1, 6: direct",
                "dispatch 0",
                "error: unknown sender address someone",
                r#"notification 53: { "event_type": "e", "payload": { "state": "a\/b" } }"#,
                "error: Nack received, error message from host: no",
                "broadcast of instance-0000000b, 3: ask",
                "request 0",
                "error: status resp seqnum 2 doesn't match expected 3",
                r#"status 31: [{ "vcpus": 2 },{ "vcpus": 4 }]"#,
                "broadcast of instance-0000000b, 4: stop",
            ]
        );
    });
}

#[test]
fn the_guest_apis_use_libguest_common_api() {
    let dir = tempfile::tempdir().unwrap();
    let program = built::compile("common", &["guest_common_api"], dir.path());
    let mut command = Command::new(&program);
    command.env("LD_LIBRARY_PATH", dir.path()).arg(dir.path());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text, include_str!("../c/common.expected"));
    let log = String::from_utf8(output.stderr).unwrap();
    let log = log.lines().collect::<Vec<_>>();
    let first = log[0].strip_prefix("common: error: ").unwrap();
    let (place, first) = first.split_once("): ").unwrap();
    assert!(place.contains("common.c("), "{place}");
    assert_eq!(first, "all kinds: text -1 2 3 c ff 6 7 8.50 9.5 end");
    // 255 bytes of a line are written
    assert_eq!(log[1], format!("common: {}", "0".repeat(255)));
    assert!(log[2].starts_with("common: error: unix.rs("), "{log:?}");
    assert!(
        log[2].ends_with("): Failed to read from socket, error=Resource temporarily unavailable."),
        "{log:?}"
    );
    assert!(CONTRACT.contains("int avail @32, int size @36, int max_size @40 (48 bytes)"));
}
