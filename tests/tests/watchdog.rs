//! What systemd hears of nfv-vim, which ends and restarts one that is silent for longer than its unit's `WatchdogSec`:
//! a hanging core is silent, whatever its other threads do.

#![allow(clippy::unwrap_used)]

use nfv_site::{Options, Site, configuration};
use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Duration;

/// How long anything may take that is to happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the unit would say, in microseconds.
const WATCHDOG: &str = "900000";

/// The socket of a service manager.
struct Manager(UnixDatagram);

impl Manager {
    fn hear(&self, limit: Duration) -> Option<String> {
        self.0.set_read_timeout(Some(limit)).unwrap();
        let mut buffer = [0; 256];
        match self.0.recv(&mut buffer) {
            Ok(length) => Some(String::from_utf8_lossy(&buffer[..length]).trim().to_owned()),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => None,
            Err(error) => panic!("{error}"),
        }
    }

    fn hears(&self, what: &str) {
        assert_eq!(self.hear(PATIENCE).as_deref(), Some(what));
    }
}

#[test]
fn a_core_that_hangs_is_silent_and_one_that_goes_on_is_heard_again() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let cluster = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("clusters/small.toml");
        let options =
            Options { cluster, settings: configuration::quick(), directory: None, lab_arguments: Vec::new() };
        let mut site = Site::start(&options).await.unwrap();
        let path = site.directory().join("notify");
        let manager = Manager(UnixDatagram::bind(&path).unwrap());
        let environment = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", WATCHDOG)];
        site.start_vim_in(&environment).unwrap();
        manager.hears("READY=1");
        for _ in 0..5 {
            manager.hears("WATCHDOG=1");
        }
        let health = || std::net::TcpStream::connect(("127.0.0.1", site.vim_ports().monitor)).is_ok();
        assert!(health());

        // the core's thread is the process's first
        let pid = Pid::from_raw(i32::try_from(site.vim_pid().unwrap()).unwrap());
        ptrace::seize(pid, ptrace::Options::empty()).unwrap();
        ptrace::interrupt(pid).unwrap();
        waitpid(pid, Some(WaitPidFlag::__WALL)).unwrap();
        // what was said before lies in the socket
        while manager.hear(Duration::from_millis(1)).is_some() {}
        assert_eq!(manager.hear(Duration::from_secs(4)), None, "nobody is told that a hanging core lives");
        assert!(health(), "the other threads go on");

        ptrace::detach(pid, None).unwrap();
        manager.hears("WATCHDOG=1");
        site.signal_vim(Signal::SIGTERM).unwrap();
        assert_eq!(site.wait_vim(PATIENCE).await.unwrap().code(), Some(143));
    });
}
