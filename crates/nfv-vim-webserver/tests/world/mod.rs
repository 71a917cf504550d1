//! The webserver as a process on a small site, with stand-ins for Keystone and Fault Management.

use crate::site::{self, Size};
use nfv_vim_db::{Database, Write};
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The machine may be slow.
const PATIENCE: Duration = Duration::from_secs(90);

/// An end may take this long; the contract's 10 s, and what a loaded machine adds.
const END_LIMIT: Duration = Duration::from_secs(14);

const SIZE: Size = Size { computes: 20, instances: 60 };

/// An answer of the webserver.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// Status and reason.
    pub fn status_line(&self) -> &str {
        self.head.lines().next().unwrap().split_once(' ').unwrap().1
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let headers = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        headers.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Keystone and Fault Management.
pub struct Platform {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
    failing: Arc<AtomicBool>,
}

impl Platform {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (requests, failing) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (seen, fails) = (Arc::clone(&requests), Arc::clone(&failing));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = answer(stream.unwrap(), &seen, fails.load(Ordering::Relaxed));
            }
        });
        Self { port, requests, failing }
    }

    /// The first lines of the requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Fault Management answers 500 from now on, or no more.
    pub fn fail(&self, failing: bool) {
        self.failing.store(failing, Ordering::Relaxed);
    }
}

fn answer(stream: TcpStream, seen: &Mutex<Vec<String>>, fails: bool) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    seen.lock().unwrap().push(first.trim().to_owned());
    let severities = ["critical", "major", "major", "warning", "odd"];
    let (status, extra, text) = if first.starts_with("POST /v3/auth/tokens") {
        let user =
            serde_json::from_slice::<Value>(&body).unwrap()["auth"]["identity"]["password"]["user"].clone();
        let role = if user["name"] == "guest" { "member" } else { "admin" };
        let token = json!({"token": {
            "expires_at": "2099-01-01T00:00:00Z", "user": {"name": user["name"]}, "project": {"id": "p"},
            "catalog": [], "roles": [{"name": role}],
        }});
        match user["password"] == "sesame" {
            true => ("201 Created", "X-Subject-Token: token\r\n", token.to_string()),
            false => ("401 Unauthorized", "", "{}".to_owned()),
        }
    } else if fails {
        ("500 Internal Server Error", "", String::new())
    } else {
        let alarms: Vec<Value> = severities.iter().map(|severity| json!({"severity": severity})).collect();
        ("200 OK", "", json!({"alarms": alarms}).to_string())
    };
    let head = format!(
        "HTTP/1.1 {status}\r\n{extra}Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        text.len()
    );
    reader.get_mut().write_all((head + &text).as_bytes())
}

/// The running process and its directory.
pub struct World {
    directory: tempfile::TempDir,
    child: Child,
    address: SocketAddr,
    log: Log,
    pub platform: Platform,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl World {
    /// With a database, and these lines more in the section of the webserver.
    pub fn start(extra: &str) -> Self {
        Self::start_on("127.0.0.1", extra)
    }

    pub fn start_on(host: &str, extra: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fill(directory.path());
        Self::spawn(directory, host, extra)
    }

    /// Without a database.
    pub fn start_empty() -> Self {
        Self::spawn(tempfile::tempdir().unwrap(), "127.0.0.1", "")
    }

    fn spawn(directory: tempfile::TempDir, host: &str, extra: &str) -> Self {
        let platform = Platform::start();
        configure(directory.path(), platform.port, host, extra);
        let (child, log) = launch(directory.path());
        let address = listens_on(&log);
        Self { directory, child, address, log, platform }
    }

    /// Starts it again on the port it had, where an earlier one has ended.
    pub fn start_again(&mut self) {
        let file = self.directory().join("config.ini");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(file, text.replace("\nport=0\n", &format!("\nport={}\n", self.port()))).unwrap();
        (self.child, self.log) = launch(self.directory.path());
        self.address = listens_on(&self.log);
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Makes the database of a world that was started without.
    pub fn fill(&self) {
        fill(self.directory());
    }

    pub fn fail_instance(&mut self, number: usize) {
        let mut database = Database::open(&self.directory().join("db")).unwrap();
        let host = site::compute_name(site::place(number, &SIZE));
        database.apply(&[Write::PutInstance(site::instance(number, &host, site::BROKEN))]).unwrap();
        database.close().unwrap();
    }

    pub fn get(&self, target: &str) -> Answer {
        self.request("GET", target, &[], b"")
    }

    pub fn json(&self, target: &str) -> Value {
        let answer = self.get(target);
        serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("{target}: {answer:?}"))
    }

    pub fn request(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut stream = self.send(method, target, headers, body);
        let mut raw = Vec::new();
        stream.read_to_end(&mut raw).unwrap();
        let end = raw.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8(raw[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Answer { status, head, body: raw[end + 4..].to_vec() };
        if answer.header("transfer-encoding").is_some() {
            answer.body = Vec::new();
        }
        answer
    }

    /// A request with these headers and no other.
    pub fn exchange(&self, method: &str, target: &str, headers: &str) -> Answer {
        self.exchange_as("HTTP/1.1", method, target, headers)
    }

    pub fn exchange_as(&self, version: &str, method: &str, target: &str, headers: &str) -> Answer {
        let head = format!("{method} {target} {version}\r\n{headers}Connection: close\r\n\r\n");
        self.raw(head.as_bytes()).expect("an answer")
    }

    /// The answer to these bytes; none when the connection is closed without one. Of a stream it takes the head.
    pub fn raw(&self, bytes: &[u8]) -> Option<Answer> {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // who does not like the head may close before the rest is sent
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let (mut raw, mut part) = (Vec::new(), [0; 65536]);
        loop {
            match stream.read(&mut part) {
                Ok(0) => break,
                Ok(count) => raw.extend_from_slice(&part[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
                Err(error) => panic!("no end of the answer to {}: {error}", String::from_utf8_lossy(bytes)),
            }
            if raw.windows(17).any(|window| window == b"text/event-stream") {
                break;
            }
        }
        let ends_at = |raw: &[u8]| raw.windows(4).position(|window| window == b"\r\n\r\n");
        if raw.starts_with(b"HTTP/1.1 100 ") {
            raw.drain(..ends_at(&raw)? + 4);
        }
        let end = ends_at(&raw)?;
        let head = String::from_utf8(raw[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Answer { status, head, body: raw[end + 4..].to_vec() })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote on its standard error.
    pub fn errors(&self) -> String {
        std::fs::read_to_string(self.directory().join("stderr")).unwrap()
    }

    fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut head =
            format!("{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        stream.write_all((head + "\r\n").as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        stream
    }

    pub fn stream(&self, target: &str) -> EventStream {
        self.stream_with(target, &[])
    }

    pub fn stream_with(&self, target: &str, headers: &[(&str, &str)]) -> EventStream {
        EventStream { lines: BufReader::new(self.send("GET", target, headers, b"")) }
    }

    /// Waits until it is so.
    pub fn until(&self, what: &str, done: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !done(self) {
            assert!(began.elapsed() < PATIENCE, "not so: {what}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn signal(&self, signal: Signal) {
        nix::sys::signal::kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    /// Waits for the end; gives the exit status.
    pub fn wait(&mut self) -> Option<i32> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(began.elapsed() < END_LIMIT, "it does not end: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// An open event stream.
pub struct EventStream {
    lines: BufReader<TcpStream>,
}

impl EventStream {
    /// The data of the next event of this name; others are passed over.
    pub fn event(&mut self, name: &str) -> Value {
        loop {
            let mut line = String::new();
            assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "the stream ended before {name}");
            if line.trim_end() == format!("event: {name}") {
                line.clear();
                self.lines.read_line(&mut line).unwrap();
                return serde_json::from_str(line.strip_prefix("data: ").unwrap()).unwrap();
            }
        }
    }

    /// It ends, whatever comes before.
    pub fn ends(&mut self) -> bool {
        std::io::copy(&mut self.lines, &mut std::io::sink()).is_ok()
    }
}

type Log = Arc<Mutex<String>>;

/// Starts the process with the configuration in the directory.
fn launch(directory: &Path) -> (Child, Log) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_nfv-vim-webserver"))
        .arg("-c")
        .arg(directory.join("config.ini"))
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(directory.join("stderr")).unwrap())
        .spawn()
        .unwrap();
    let log = Log::default();
    let (lines, kept) = (BufReader::new(child.stdout.take().unwrap()), Arc::clone(&log));
    std::thread::spawn(move || {
        for line in lines.lines().map_while(Result::ok) {
            *kept.lock().unwrap() += &(line + "\n");
        }
    });
    (child, log)
}

/// Waits until it listens; gives where.
fn listens_on(log: &Log) -> SocketAddr {
    let began = Instant::now();
    loop {
        let text = log.lock().unwrap().clone();
        if let Some((_, rest)) = text.split_once("listens on ") {
            return rest.split_once(".\n").unwrap().0.parse().unwrap();
        }
        assert!(began.elapsed() < PATIENCE, "it does not start: {text}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn fill(directory: &Path) {
    let mut database = Database::open(&directory.join("db")).unwrap();
    database.apply(&site::writes(&SIZE)).unwrap();
    database.close().unwrap();
}

fn configure(directory: &Path, port: u16, host: &str, extra: &str) {
    let at = |name: &str| directory.join(name).display().to_string();
    std::fs::create_dir_all(directory.join("run")).unwrap();
    std::fs::write(directory.join("events.log"), site::event_file(20)).unwrap();
    let account = format!(
        "username=admin\ntenant=admin\nauthorization_protocol=http\nauthorization_ip=127.0.0.1\n\
         authorization_port={port}\nuser_domain_name=Default\nproject_domain_name=Default\nkeyring_service=CGCS\n\
         password=sesame\n"
    );
    for (name, text) in [
        ("debug.ini", "[debug-overall]\ndebug_level: debug.level.info\ntrace_level: debug.level.none\n[debug-loggers]\n".to_owned()),
        ("events.ini", format!("[File-Storage]\nfile={}\n", at("events.log"))),
        ("nfvi.ini", format!("[platform]\n{account}[fm]\nendpoint_override=http://127.0.0.1:{port}\n")),
        (
            "config.ini",
            format!(
                "[debug]\nconfig_file={}\nhandlers=stdout\n[database]\ndatabase_dir={}\n\
                 [event-log]\nhandlers=File-Storage, Event-Log-Management\nconfig_file={}\n\
                 [nfvi]\nconfig_file={}\n[vim]\nrun_dir={}\n[vim-api]\nhost=0.0.0.0\n\
                 [vim-webserver]\nhost={host}\nport=0\nsource_dir={}\nalarm_interval_in_secs=1\n{extra}",
                at("debug.ini"), at("db"), at("events.ini"), at("nfvi.ini"), at("run"), at("source"),
            ),
        ),
    ] {
        std::fs::write(directory.join(name), text).unwrap();
    }
}

/// Runs the program to its end; gives status and output. Its flag file goes where the configuration says.
pub fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_nfv-vim-webserver")).args(arguments).output().unwrap();
    (done.status.code(), String::from_utf8_lossy(&done.stdout).into_owned())
}
