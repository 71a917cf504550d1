//! The real process against a host that the test plays. Contract: guest 1.1, 3.2.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use guest_protocol::framing::{JsonLines, Object};
use guest_protocol::heartbeat::message::{ActionNotify, GuestMessage, HostMessage, Init, MAX_LENGTH};
use guest_protocol::heartbeat::words::{CorrectiveAction, Event, Health, Notification, Vote};
use nix::sys::signal::Signal;
use test_support::daemon::Daemon;

/// The client, with what is in `dir`.
pub fn start(dir: &Path, device: &Path) -> Daemon {
    let at = |name: &str| dir.join(name);
    let child = Command::new(env!("CARGO_BIN_EXE_guest_client"))
        .args(["--name", "vm1", "--device"])
        .arg(device)
        .arg("--config")
        .arg(at("conf"))
        .arg("--socket")
        .arg(at("api"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    Daemon(child)
}

struct Host {
    socket: UnixStream,
    lines: JsonLines,
    waiting: Vec<Object>,
}

impl Host {
    fn accept(listener: &UnixListener) -> Self {
        let (socket, _) = listener.accept().unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        Self { socket, lines: JsonLines::new(MAX_LENGTH), waiting: Vec::new() }
    }

    fn hear(&mut self) -> GuestMessage {
        let mut buffer = [0; 4096];
        while self.waiting.is_empty() {
            let length = self.socket.read(&mut buffer).unwrap();
            assert!(length > 0, "the client has gone");
            self.waiting.extend(self.lines.on_bytes(&buffer[..length]).into_iter().map(Result::unwrap));
        }
        GuestMessage::decode(&self.waiting.remove(0)).unwrap().message
    }

    fn say(&mut self, message: &HostMessage) {
        self.socket.write_all(&message.encode(1)).unwrap();
    }

    /// Takes the client on; inits that were sent meanwhile are skipped.
    fn take_on(&mut self) -> Init {
        let GuestMessage::Init(init) = self.hear() else { panic!("no init") };
        self.say(&HostMessage::InitAck { invocation_id: init.invocation_id });
        init
    }

    fn challenge(&mut self, challenge: i32) -> (bool, String) {
        self.say(&HostMessage::Challenge { challenge });
        loop {
            match self.hear() {
                GuestMessage::ChallengeResponse(answer) => {
                    assert_eq!(answer.response, challenge);
                    return (answer.health.is(Health::Healthy), answer.log);
                }
                GuestMessage::Init(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn ask(&mut self, event: Event, notification: Notification) -> (Vote, String) {
        self.say(&HostMessage::ActionNotify(ActionNotify {
            invocation_id: 5,
            event: event.into(),
            notification: notification.into(),
            timeout: Duration::from_secs(100),
        }));
        let GuestMessage::ActionResponse(answer) = self.hear() else { panic!("no answer") };
        assert_eq!((answer.invocation_id, answer.event.known()), (5, Some(event)));
        (answer.vote.known().unwrap(), answer.log)
    }
}

fn script(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_client_is_watched_votes_with_its_script_and_says_good_bye() {
    let dir = tempfile::tempdir().unwrap();
    let event = dir.path().join("event");
    script(&event, "#!/bin/sh\nread line && exit 9\nprintf 'it is \"%s\"\\nof %s' $1 $2\n[ $2 != stop ]\n");
    let health = dir.path().join("health");
    script(&health, &format!("#!/bin/sh\necho looked\ntest ! -e {}/ill\n", dir.path().display()));
    std::fs::write(dir.path().join("ill"), "").unwrap();
    // A long time without challenges is the test's, on a busy machine.
    let conf = format!(
        "HB_INTERVAL=1000\nHB_MIN_TIMEOUT=200000\nVOTE=99\nCORRECTIVE_ACTION=\"stop\"\nHEALTH_CHECK_INTERVAL=1\n\
         HEALTH_CHECK_SCRIPT={}\nEVENT_NOTIFICATION_SCRIPT=\"{}\"\n",
        health.display(),
        event.display()
    );
    std::fs::write(dir.path().join("conf"), conf).unwrap();
    let device = dir.path().join("port");
    let listener = UnixListener::bind(&device).unwrap();
    let mut client = start(dir.path(), &device);
    let mut host = Host::accept(&listener);
    let init = host.take_on();
    assert_eq!((init.name.as_str(), init.corrective_action), ("vm1", CorrectiveAction::Stop.into()));
    assert_eq!((init.vote, init.restart), (Duration::from_secs(100), Duration::from_secs(121)));

    // The script speaks up after a second, with what it printed.
    let mut number = 0;
    let mut until = |host: &mut Host, healthy: bool| loop {
        number += 1;
        let (feels, log) = host.challenge(number);
        if feels == healthy && log == "looked" {
            return;
        }
        assert!(number < 10_000);
        std::thread::sleep(Duration::from_millis(20));
    };
    until(&mut host, false);
    std::fs::remove_file(dir.path().join("ill")).unwrap();
    until(&mut host, true);

    assert_eq!(
        host.ask(Event::Reboot, Notification::Irrevocable),
        (Vote::Accept, "it is \"irrevocable\" of reboot".to_owned())
    );
    assert_eq!(
        host.ask(Event::Stop, Notification::Revocable),
        (Vote::Reject, "it is \"revocable\" of stop".to_owned())
    );
    client.signal(Signal::SIGHUP);
    client.signal(Signal::SIGCONT);

    // The host goes and comes back.
    drop(host);
    let mut host = Host::accept(&listener);
    host.take_on();
    assert!(host.challenge(1).0);
    client.signal(Signal::SIGTERM);
    loop {
        match host.hear() {
            GuestMessage::Exit { log } => break assert_eq!(log, "Exiting..."),
            GuestMessage::ChallengeResponse(_) | GuestMessage::Init(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(client.wait().success());
    assert!(!dir.path().join("api").exists());
}

/// A directory with a configuration, and the port of a host that listens.
fn place() -> (tempfile::TempDir, UnixListener) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("conf"), "HB_MIN_TIMEOUT=200000\n").unwrap();
    let listener = UnixListener::bind(dir.path().join("port")).unwrap();
    (dir, listener)
}

#[test]
fn each_signal_to_end_ends_it_with_0_whether_or_not_its_host_listens() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGQUIT] {
        for watched in [true, false] {
            let (dir, listener) = place();
            let mut client = start(dir.path(), &dir.path().join("port"));
            let mut host = Host::accept(&listener);
            if watched {
                host.take_on();
                assert!(host.challenge(1).0);
            } else {
                // it says init, and nobody answers
                let GuestMessage::Init(_) = host.hear() else { panic!("no init") };
            }
            // what has an effect of its own, or none, does not end it
            for other in [Signal::SIGHUP, Signal::SIGCONT, Signal::SIGPIPE, Signal::SIGCHLD] {
                client.signal(other);
            }
            client.signal(signal);
            assert_eq!(client.wait().code(), Some(0), "{signal}, {watched}");
            assert!(!dir.path().join("api").exists(), "{signal}, {watched}");
        }
    }
}

#[test]
fn after_a_kill_the_next_one_is_taken_on_and_serves_applications() {
    let (dir, listener) = place();
    let mut client = start(dir.path(), &dir.path().join("port"));
    let mut host = Host::accept(&listener);
    let first = host.take_on();
    assert!(host.challenge(1).0);
    client.signal(Signal::SIGKILL);
    assert_eq!(client.wait().code(), None);
    assert!(dir.path().join("api").exists(), "the dead one's socket is there");
    assert!(UnixStream::connect(dir.path().join("api")).is_err());
    let mut next = start(dir.path(), &dir.path().join("port"));
    let mut host = Host::accept(&listener);
    let init = host.take_on();
    assert_eq!(init.name, first.name);
    assert!(host.challenge(2).0);
    UnixStream::connect(dir.path().join("api")).unwrap();
    next.signal(Signal::SIGTERM);
    assert_eq!(next.wait().code(), Some(0));
}

#[test]
fn without_a_port_the_vm_is_not_configured() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("conf"), "").unwrap();
    let mut client = start(dir.path(), &dir.path().join("nothing"));
    let status = client.wait();
    let mut printed = String::new();
    client.0.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    assert_eq!((status.code(), printed.as_str()), (Some(6), "Process failure, error=NOT_CONFIGURED.\n"));
}
