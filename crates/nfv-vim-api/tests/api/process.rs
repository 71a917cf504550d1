//! The process: options, signals, exit status, flag file. Contract: vim-api 1.1; deployment 4.3.

use crate::client::{ask, exchange, request};
use crate::lab::{Lab, Reaction, configure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const BINARY: &str = env!("CARGO_BIN_EXE_nfv-vim-api");

/// An end may take this long; the contract's 10 s, and what a loaded machine adds.
const END_LIMIT: Duration = Duration::from_secs(14);

/// A running process; it ends with this.
pub struct Process {
    pub address: SocketAddr,
    child: Child,
    pub directory: tempfile::TempDir,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    /// Starts it on a port that was free a moment ago; on another one if it is taken meanwhile.
    pub async fn start(vim: SocketAddr, keystone: SocketAddr, more: &str) -> Self {
        Self::start_with(vim, keystone, more, &[]).await
    }

    /// The same, with variables of the environment.
    async fn start_with(
        vim: SocketAddr,
        keystone: SocketAddr,
        more: &str,
        variables: &[(&str, &str)],
    ) -> Self {
        for _ in 0..20 {
            let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            let directory = tempfile::tempdir().unwrap();
            configure(directory.path(), &address.to_string(), vim, keystone, more);
            let child = spawn(directory.path(), variables);
            let mut process = Self { address, child, directory };
            if process.is_up().await {
                return process;
            }
        }
        panic!("it does not start");
    }

    /// Starts it again with the same configuration, where an earlier one has ended.
    async fn start_again(&mut self) {
        self.child = spawn(self.directory.path(), &[]);
        assert!(self.is_up().await, "{}", self.output());
    }

    async fn is_up(&mut self) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(60) {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            if tokio::net::TcpStream::connect(self.address).await.is_ok() && self.output().contains("Started")
            {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }

    pub fn output(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("out")).unwrap()
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    async fn ended(&mut self) -> ExitStatus {
        let begun = Instant::now();
        while begun.elapsed() < END_LIMIT {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it does not end");
    }

    async fn until_it_says(&self, text: &str) {
        let begun = Instant::now();
        while !self.output().contains(text) {
            assert!(begun.elapsed() < Duration::from_secs(60), "no {text:?} in {}", self.output());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// With the configuration in the directory; what it says goes to `out` there, anew.
fn spawn(directory: &Path, variables: &[(&str, &str)]) -> Child {
    let out = std::fs::File::create(directory.join("out")).unwrap();
    Command::new(BINARY)
        .arg("-c")
        .arg(directory.join("config.ini"))
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stderr(out.try_clone().unwrap())
        .stdout(out)
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_end_it_with_0_and_leave_the_flag_file() {
    let lab = Lab::start().await;
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut process = Process::start(lab.vim_address, lab.keystone_address, "").await;
        let flag = process.directory.path().join(".nfv-vim-api.not_running");
        process.signal(Signal::SIGHUP);
        assert_eq!(ask(process.address, "GET", "/api", None).await.status, 200);
        assert!(!flag.exists());
        process.signal(signal);
        assert_eq!(process.ended().await.code(), Some(0));
        assert_eq!(std::fs::read(flag).unwrap(), b"");
    }
}

/// A request that the VIM has not answered does not keep it, nor does a client that says nothing.
#[tokio::test(flavor = "multi_thread")]
async fn it_ends_in_time_whoever_waits() {
    let lab = Lab::start().await;
    lab.vim.react(|_| Reaction::Silence);
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut process = Process::start(lab.vim_address, lab.keystone_address, "").await;
        let _silent = tokio::net::TcpStream::connect(process.address).await.unwrap();
        let (address, path) = (process.address, "/api/orchestration/sw-patch/strategy");
        let headers = [("X-Auth-Token".to_owned(), "good".to_owned())];
        let asked =
            tokio::spawn(async move { exchange(address, &request("GET", path, &headers, None)).await });
        let begun = Instant::now();
        while lab.vim.waiting() == 0 {
            assert!(begun.elapsed() < Duration::from_secs(60), "the VIM was not asked");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        process.signal(signal);
        assert_eq!(process.ended().await.code(), Some(0), "{}", process.output());
        let _ = asked.await;
        while lab.vim.waiting() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_the_next_one_serves_on_the_same_port() {
    let lab = Lab::start().await;
    let mut process = Process::start(lab.vim_address, lab.keystone_address, "").await;
    let flag = process.directory.path().join(".nfv-vim-api.not_running");
    // connections of clients that keep them are open when it dies
    let mut kept = tokio::net::TcpStream::connect(process.address).await.unwrap();
    kept.write_all(b"GET /api HTTP/1.1\r\nHost: h\r\nX-Auth-Token: good\r\n\r\n").await.unwrap();
    assert_ne!(kept.read(&mut [0; 4096]).await.unwrap(), 0);
    process.signal(Signal::SIGKILL);
    assert_eq!(process.ended().await.code(), None);
    assert!(!flag.exists(), "who looks for a sign of an end finds that the process has gone");
    process.start_again().await;
    assert_eq!(ask(process.address, "GET", "/api", None).await.status, 200);
    process.signal(Signal::SIGTERM);
    assert_eq!(process.ended().await.code(), Some(0));
    assert!(flag.exists());
}

/// The levels of debug.ini are read again at SIGHUP; what clients do wrong is written only where they ask for it.
#[tokio::test(flavor = "multi_thread")]
async fn malformed_requests_do_not_fill_the_log() {
    let lab = Lab::start().await;
    let process = Process::start(lab.vim_address, lab.keystone_address, "").await;
    let malformed = async || {
        let answer = exchange(process.address, b"no HTTP at all\r\n\r\n").await.unwrap();
        assert_eq!(answer.status, 400);
    };
    for _ in 0..20 {
        malformed().await;
    }
    // lines come in order
    assert_eq!(ask(process.address, "GET", "/api", None).await.status, 200);
    process.until_it_says("\"GET /api HTTP/1.1\" 200").await;
    assert!(!process.output().contains("ERROR"), "{}", process.output());
    let shown = "[debug-overall]\ndebug_level: debug.level.debug\ntrace_level: debug.level.notice\n\
                 [debug-loggers]\nactix_http: debug.level.error\n";
    std::fs::write(process.directory.path().join("debug.ini"), shown).unwrap();
    process.signal(Signal::SIGHUP);
    let begun = Instant::now();
    while !process.output().contains("stream error") {
        assert!(begun.elapsed() < Duration::from_secs(60), "{}", process.output());
        malformed().await;
    }
}

/// What systemd hears, which ends and restarts a process that is silent for longer than its unit's `WatchdogSec`.
#[tokio::test(flavor = "multi_thread")]
async fn the_service_manager_hears_that_it_is_ready_lives_and_ends() {
    let lab = Lab::start().await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notify");
    let socket = tokio::net::UnixDatagram::bind(&path).unwrap();
    let variables = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "600000")];
    let mut process = Process::start_with(lab.vim_address, lab.keystone_address, "", &variables).await;
    let hear = async || {
        let mut buffer = [0; 256];
        let heard = tokio::time::timeout(Duration::from_secs(60), socket.recv(&mut buffer)).await;
        String::from_utf8(buffer[..heard.unwrap().unwrap()].to_vec()).unwrap().trim().to_owned()
    };
    assert_eq!(hear().await, "READY=1");
    for _ in 0..3 {
        assert_eq!(hear().await, "WATCHDOG=1");
    }
    process.signal(Signal::SIGTERM);
    while hear().await != "STOPPING=1" {}
    assert_eq!(process.ended().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_name_user_and_request_and_show_no_secret() {
    let lab = Lab::start().await;
    let process = Process::start(lab.vim_address, lab.keystone_address, "").await;
    let headers = [("X-Auth-Token".to_owned(), "member".to_owned())];
    exchange(process.address, &request("GET", "/api?token=hidden", &headers, None)).await.unwrap();
    let answer =
        ask(process.address, "DELETE", "/api/orchestration/sw-patch/strategy", Some("{\"force\": 5.5}"))
            .await;
    assert_eq!(answer.status, 400);
    let id = answer.header("x-openstack-request-id").unwrap().to_owned();
    let audit = format!(
        "Audit: {id} client=127.0.0.1 user=operator project=admin DELETE /api/orchestration/sw-patch/strategy status=400"
    );
    let access =
        format!("\"DELETE /api/orchestration/sw-patch/strategy HTTP/1.1\" 400 {}", answer.body.len());
    let begun = Instant::now();
    loop {
        let output = process.output();
        if output.contains(&audit) && output.contains(&access) {
            assert!(output.contains("\"GET /api HTTP/1.1\" 403 0"));
            for secret in ["sesame", "good", "X-Subject-Token", "hidden"] {
                assert!(!output.contains(secret), "{secret}: {output}");
            }
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{audit}\n{access}\n{output}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn what_is_wrong_at_the_start_is_told_with_the_exit_status() {
    let run = |arguments: &[&str]| Command::new(BINARY).args(arguments).output().unwrap();
    assert_eq!(run(&["--help"]).status.code(), Some(0));
    assert_eq!(run(&["--zork"]).status.code(), Some(2));
    let missing = run(&["-c", "/nonexistent/config.ini"]);
    assert_eq!(missing.status.code(), Some(200));
    assert!(String::from_utf8_lossy(&missing.stdout).contains("/nonexistent/config.ini"));
    let directory = tempfile::tempdir().unwrap();
    let vim = "127.0.0.1:1".parse().unwrap();
    for (from, to, words) in [
        ("host=127.0.0.1\nport=4545", "host=here\nport=4545", "here"),
        ("port=4545", "port=zork", "zork"),
        ("port=4545", "port=4545\nworkers=0", "workers"),
    ] {
        configure(directory.path(), "127.0.0.1:4545", vim, vim, "");
        let file = directory.path().join("config.ini");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace(from, to)).unwrap();
        let output = run(&["-c", file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(200), "{to}");
        assert!(String::from_utf8_lossy(&output.stdout).contains(words), "{output:?}");
    }
    // a port that is taken
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    configure(directory.path(), &taken.local_addr().unwrap().to_string(), vim, vim, "");
    let output = run(&["-c", directory.path().join("config.ini").to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(200));
    assert!(String::from_utf8_lossy(&output.stdout).contains("cannot listen"), "{output:?}");
    assert!(directory.path().join(".nfv-vim-api.not_running").exists());
}
