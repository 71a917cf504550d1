//! What the agents bear: floods, nonsense, slow and dead neighbours, wrong command lines.

use std::io::{Read, Write};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::built;
use crate::machine::{Machine, receive, send, with_machines};
use crate::process::{Process, wait_until};

const GOOD: &str = r#"{"data":{"n":1},"version":2,"dest_addr":"host.app","source_addr":"my.app"}"#;

/// host_agent, an application on its host, and the log.
struct Host {
    machine: Machine,
    agent: Process,
    app: UnixDatagram,
    log: UnixDatagram,
    dir: tempfile::TempDir,
}

impl Host {
    fn start(more: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("qemu")).unwrap();
        let machine = Machine::start();
        let app = machine.socket("host.app");
        let log = UnixDatagram::bind(dir.path().join("log")).unwrap();
        log.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let mut command = machine.command(built::program("host_agent"));
        command.arg("6").arg("--socket-dir").arg(dir.path().join("qemu")).args(more);
        let agent = Process::start(command.env("NFV_SYSLOG_SOCKET", dir.path().join("log")));
        Self { machine, agent, app, log, dir }
    }

    fn listener(&self, instance: &str) -> UnixListener {
        UnixListener::bind(self.dir.path().join(format!("qemu/cgcs.messaging.{instance}.sock"))).unwrap()
    }

    fn vm(&self, instance: &str) -> UnixStream {
        let (vm, _) = self.listener(instance).accept().unwrap();
        vm.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        vm
    }

    fn log_lines(&self) -> Vec<String> {
        lines_of(&self.log)
    }
}

fn lines_of(log: &UnixDatagram) -> Vec<String> {
    let mut buffer = [0; 2000];
    let mut lines = Vec::new();
    while let Ok(length) = log.recv(&mut buffer) {
        lines.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
    }
    lines
}

fn delivered(instance: &str) -> String {
    format!(r#"{{"data":{{"n":1}},"version":2,"source_addr":"my.app","source_instance":"{instance}"}}"#)
}

fn resident_kib(pid: u32) -> u64 {
    // nsenter has become the program
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_vm_that_sends_nonsense_is_heard_again_when_it_makes_sense() {
    with_machines("faults::a_vm_that_sends_nonsense_is_heard_again_when_it_makes_sense", || {
        let mut host = Host::start(&[]);
        let mut vm = host.vm("instance-0000000a");
        let long = format!("{{\"data\":\"{}\"}}", "x".repeat(100_000));
        let nested = "[".repeat(50_000);
        let cases: [&[u8]; 12] = [
            b"\n\n\n",
            b"garbage\n",
            b"{\"data\":{\"n\":1},\"version\":2,\"dest_addr\":\"ho\n",
            b"{\"data\":{\"n\":1},\"version\":3,\"dest_addr\":\"host.app\",\"source_addr\":\"my.app\"}\n",
            b"{\"version\":2}\n[1,2]\n7\n\"\"\n",
            b"\xff\xfe\x00\x01{\x80}\n",
            b"FDFDA5A5\x02\x01\x00\x00\n",
            b"{\"data\":1,\"version\":2,\"dest_addr\":\"\",\"source_addr\":\"my.app\"}\n",
            b"{\"data\":1,\"version\":2,\"dest_addr\":\"nobody.there\",\"source_addr\":\"my.app\"}\n",
            b"}}}}]]]]\n",
            long.as_bytes(),
            nested.as_bytes(),
        ];
        for nonsense in cases {
            vm.write_all(nonsense).unwrap();
            vm.write_all(format!("\n{GOOD}\n").as_bytes()).unwrap();
            assert_eq!(
                receive(&host.app),
                delivered("instance-0000000a"),
                "{:?}",
                nonsense.escape_ascii().to_string().get(..60)
            );
        }
        // a byte at a time
        for byte in GOOD.bytes() {
            vm.write_all(&[byte]).unwrap();
        }
        assert_eq!(receive(&host.app), delivered("instance-0000000a"));
        // a message as long as one can be passes both ways
        let text = "x".repeat(9_800);
        vm.write_all(GOOD.replace("{\"n\":1}", &format!("\"{text}\"")).as_bytes()).unwrap();
        assert!(receive(&host.app).contains(&text));
        let request = format!(
            r#"{{"data":"{text}","version":2,"dest_addr":"my.app","dest_instance":"instance-0000000a"}}"#
        );
        send(&host.app, "cgcs.messaging", &request).unwrap();
        let mut message = vec![0; 9_700];
        vm.read_exact(&mut message).unwrap();
        assert!(message.starts_with(b"{\"data\":\"xxx"));
        assert!(host.agent.runs());
    });
}

#[test]
fn applications_that_send_nonsense_harm_nobody() {
    with_machines("faults::applications_that_send_nonsense_harm_nobody", || {
        let mut host = Host::start(&[]);
        let mut vm = host.vm("instance-0000000a");
        let too_long = format!(r#"{{"data":"{}","version":2}}"#, "x".repeat(50_000));
        let unknown = r#"{"data":1,"version":2,"dest_addr":"a","dest_instance":"instance-0000000f"}"#;
        for datagram in ["", "nonsense", "{", "[]", "{\"version\":9}", unknown, &too_long] {
            wait_until("the agent reads", || send(&host.app, "cgcs.messaging", datagram).is_ok());
        }
        let request =
            r#"{"data":{"n":1},"version":2,"dest_addr":"my.app","dest_instance":"instance-0000000a"}"#;
        wait_until("the agent reads", || send(&host.app, "cgcs.messaging", request).is_ok());
        let expected =
            concat!(r#"{"data":{"n":1},"version":2,"dest_addr":"my.app","source_addr":"host.app"}"#, "\n");
        let mut message = vec![0; expected.len()];
        vm.read_exact(&mut message).unwrap();
        assert_eq!(String::from_utf8(message).unwrap(), expected);
        assert!(host.agent.runs());
    });
}

#[test]
fn a_vm_that_floods_its_host_delays_the_others_little_and_fills_no_log() {
    with_machines("faults::a_vm_that_floods_its_host_delays_the_others_little_and_fills_no_log", || {
        let mut host = Host::start(&[]);
        let mut loud = host.vm("instance-0000000a");
        let mut calm = host.vm("instance-0000000b");
        wait_until("both are known", || {
            calm.write_all(format!("{GOOD}\n").as_bytes()).unwrap();
            receive(&host.app) == delivered("instance-0000000b")
        });
        let mut early = host.log_lines();
        let before = resident_kib(host.agent.id());
        let done = std::sync::atomic::AtomicBool::new(false);
        let log = &host.log;
        let (lines, answered) = std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut lines = Vec::new();
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    lines.extend(lines_of(log));
                }
                lines
            });
            let flood = scope.spawn(|| {
                let nonsense = b"{\"version\":1}\n".repeat(2_000);
                for _ in 0..200 {
                    loud.write_all(&nonsense).unwrap();
                }
            });
            let mut answered = 0;
            while !flood.is_finished() || answered == 0 {
                calm.write_all(format!("{GOOD}\n").as_bytes()).unwrap();
                assert_eq!(receive(&host.app), delivered("instance-0000000b"));
                answered += 1;
            }
            flood.join().unwrap();
            done.store(true, std::sync::atomic::Ordering::Relaxed);
            (reader.join().unwrap(), answered)
        });
        assert!(answered > 0);
        early.extend(lines);
        let about_loud = early.iter().filter(|line| line.contains("instance-0000000a: received version 1"));
        let count = about_loud.count();
        assert!((1..=60).contains(&count), "400,000 bad messages gave {count} lines");
        let grown = resident_kib(host.agent.id()).saturating_sub(before);
        assert!(grown < 4_096, "host_agent has grown by {grown} KiB");
        assert!(host.agent.runs());
    });
}

#[test]
fn a_vm_that_does_not_read_costs_a_bounded_queue_and_gets_whole_messages() {
    with_machines("faults::a_vm_that_does_not_read_costs_a_bounded_queue_and_gets_whole_messages", || {
        let mut host = Host::start(&[]);
        let mut vm = host.vm("instance-0000000a");
        wait_until("it is known", || {
            vm.write_all(format!("{GOOD}\n").as_bytes()).unwrap();
            receive(&host.app) == delivered("instance-0000000a")
        });
        let text = "x".repeat(3_000);
        let request = format!(
            r#"{{"data":"{text}","version":2,"dest_addr":"my.app","dest_instance":"instance-0000000a"}}"#
        );
        let before = resident_kib(host.agent.id());
        for _ in 0..1_000 {
            wait_until("the agent reads", || send(&host.app, "cgcs.messaging", &request).is_ok());
        }
        wait_until("the agent drops what does not fit", || {
            host.log_lines()
                .iter()
                .any(|line| line.contains("unable to send msg from host.app to instance-0000000a"))
        });
        let grown = resident_kib(host.agent.id()).saturating_sub(before);
        assert!(grown < 4_096, "host_agent has grown by {grown} KiB");
        vm.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        let mut read = Vec::new();
        let _ = vm.read_to_end(&mut read);
        let expected =
            format!(r#"{{"data":"{text}","version":2,"dest_addr":"my.app","source_addr":"host.app"}}"#);
        let read = String::from_utf8(read).unwrap();
        assert!(read.ends_with('\n'));
        assert!(read.lines().count() > 10);
        assert!(read.lines().all(|line| line == expected));
        // and the next one passes
        send(&host.app, "cgcs.messaging", &request).unwrap();
        vm.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut message = vec![0; expected.len() + 1];
        vm.read_exact(&mut message).unwrap();
        assert!(host.agent.runs());
    });
}

#[test]
fn instances_are_found_when_they_come_and_left_when_they_go() {
    with_machines("faults::instances_are_found_when_they_come_and_left_when_they_go", || {
        let mut host = Host::start(&["--max-instances", "2"]);
        let path = |name: &str| host.dir.path().join(format!("qemu/cgcs.messaging.{name}.sock"));
        // a file nobody listens on yet
        drop(UnixListener::bind(path("late")).unwrap());
        wait_until("it is refused", || std::fs::metadata(path("late")).is_ok() && host.agent.runs());
        std::thread::sleep(Duration::from_millis(200));
        // the same file cannot be listened on again; its socket is made beside it and takes its place
        let listener = UnixListener::bind(host.dir.path().join("other")).unwrap();
        std::fs::rename(host.dir.path().join("other"), path("late")).unwrap();
        let begun = Instant::now();
        let (mut vm, _) = listener.accept().unwrap();
        assert!(begun.elapsed() < Duration::from_secs(60));
        vm.write_all(format!("{GOOD}\n").as_bytes()).unwrap();
        assert_eq!(receive(&host.app), delivered("late"));
        // it hangs up but its file stays: it is connected again
        drop(vm);
        let (mut vm, _) = listener.accept().unwrap();
        vm.write_all(format!("{GOOD}\n").as_bytes()).unwrap();
        assert_eq!(receive(&host.app), delivered("late"));
        // what it has sent before it went is heard
        vm.write_all(format!("{GOOD}\n").as_bytes()).unwrap();
        std::fs::remove_file(path("late")).unwrap();
        // files that are none of ours
        for name in ["domain-1", "cgcs.heartbeat.late.sock", "cgcs.messaging.a.b.sock"] {
            std::fs::write(host.dir.path().join("qemu").join(name), "").unwrap();
        }
        // places are free again
        let one = host.vm("one");
        let two = host.vm("two");
        let three = host.listener("three");
        three.set_nonblocking(true).unwrap();
        wait_until("the third is refused", || {
            host.log_lines()
                .iter()
                .any(|line| line.contains("hit max number of instances, three is not served"))
        });
        assert!(three.accept().is_err());
        drop((one, two));
        assert!(host.agent.runs());
    });
}

#[test]
fn the_agents_end_with_the_codes_of_the_contract() {
    with_machines("faults::the_agents_end_with_the_codes_of_the_contract", || {
        let code = |mut command: Command, arguments: &[&str]| {
            command.args(arguments).output().unwrap().status.code()
        };
        let program = |name: &str| Command::new(built::program(name));
        for agent in ["host_agent", "guest_agent"] {
            assert_eq!(code(program(agent), &["word"]), Some(1));
        }
        assert_eq!(code(program("guest_agent"), &["--device", "/nowhere/port"]), Some(255));
        let mut host = Host::start(&[]);
        wait_until("the agent has its address", || send(&host.app, "cgcs.messaging", "x").is_ok());
        let dir = host.dir.path().to_str().unwrap();
        assert_eq!(
            code(host.machine.command(built::program("host_agent")), &["--socket-dir", dir]),
            Some(255)
        );
        assert_eq!(
            code(host.machine.command(built::program("guest_agent")), &["--device", "/dev/null"]),
            Some(255)
        );
        assert_eq!(
            code(Machine::start().command(built::program("host_agent")), &["--socket-dir", "/nowhere"]),
            Some(255)
        );
        // the directory is taken away
        std::fs::remove_dir_all(Path::new(dir).join("qemu")).unwrap();
        assert_eq!(host.agent.end().code(), Some(255));
    });
}
