//! What the wire tests share: recording servers, a Keystone, and the real process between them.
#![allow(dead_code, clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub const LIMIT: Duration = Duration::from_secs(20);
pub const UNAUTHORIZED: &str = "{\"error\": {\"message\": \"The request you have made requires authentication.\", \
                                \"code\": 401, \"title\": \"Unauthorized\"}}";

/// A request as a lab server received it.
#[derive(Clone, Debug, Default)]
pub struct Received {
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Number of the connection.
    pub connection: usize,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub fn path(&self) -> &str {
        self.line.split(' ').nth(1).unwrap()
    }
}

/// What a lab server does with a request.
pub enum Reply {
    /// Sends this and goes on.
    Send(String),
    /// Sends this and closes.
    SendClose(String),
    /// Closes with a reset after sending this.
    Reset(String),
    /// Waits before it sends.
    Late(Duration, String),
    /// Says nothing until the test ends.
    Hang,
    /// Does what it likes with the connection.
    Custom(fn(&mut TcpStream)),
}

pub fn ok(body: &str) -> Reply {
    Reply::Send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

/// A recording server.
pub struct Lab {
    pub address: SocketAddr,
    pub received: Arc<Mutex<Vec<Received>>>,
    pub connections: Arc<AtomicUsize>,
}

impl Lab {
    pub fn start(reply: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_on("127.0.0.1:0", reply)
    }

    pub fn start_on(address: &str, reply: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let (record, count, reply) = (Arc::clone(&received), Arc::clone(&connections), Arc::new(reply));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let connection = count.fetch_add(1, Ordering::SeqCst);
                let (record, reply) = (Arc::clone(&record), Arc::clone(&reply));
                std::thread::spawn(move || answer(stream, connection, &record, &*reply));
            }
        });
        Self { address, received, connections }
    }

    pub fn requests(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub fn last(&self) -> Received {
        self.requests().last().cloned().unwrap()
    }

    pub fn count(&self) -> usize {
        self.received.lock().unwrap().len()
    }
}

fn answer(
    stream: TcpStream,
    connection: usize,
    record: &Mutex<Vec<Received>>,
    reply: &dyn Fn(&Received) -> Reply,
) {
    stream.set_nodelay(true).unwrap();
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    while let Some(mut request) = read_request(&mut reader) {
        request.connection = connection;
        record.lock().unwrap().push(request.clone());
        match reply(&request) {
            Reply::Send(text) => {
                if writer.write_all(text.as_bytes()).is_err() {
                    return;
                }
            }
            Reply::Late(pause, text) => {
                std::thread::sleep(pause);
                if writer.write_all(text.as_bytes()).is_err() {
                    return;
                }
            }
            Reply::SendClose(text) => {
                let _ = writer.write_all(text.as_bytes());
                let _ = writer.shutdown(Shutdown::Both);
                return;
            }
            Reply::Reset(text) => {
                let _ = writer.write_all(text.as_bytes());
                std::thread::sleep(Duration::from_millis(50));
                nix_linger(&writer);
                return;
            }
            Reply::Hang => loop {
                std::thread::sleep(Duration::from_secs(1));
            },
            Reply::Custom(act) => {
                act(&mut writer);
                return;
            }
        }
    }
}

/// Makes the close that follows a reset.
fn nix_linger(stream: &TcpStream) {
    socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO)).unwrap();
}

/// Reads a request with its body; none at the end of the connection.
pub fn read_request(reader: &mut impl BufRead) -> Option<Received> {
    let mut request = Received::default();
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    request.line = line.trim_end().to_owned();
    request.headers = read_headers(reader)?;
    request.body = read_body(reader, &request.headers)?;
    Some(request)
}

fn read_headers(reader: &mut impl BufRead) -> Option<Vec<(String, String)>> {
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            return Some(headers);
        }
        let (name, value) = line.split_once(':')?;
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
}

fn read_body(reader: &mut impl BufRead, headers: &[(String, String)]) -> Option<Vec<u8>> {
    let get =
        |name: &str| headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let mut body = Vec::new();
    if get("transfer-encoding").is_some() {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
            let size = usize::from_str_radix(line.trim(), 16).ok()?;
            let mut chunk = vec![0; size + 2];
            reader.read_exact(&mut chunk).ok()?;
            if size == 0 {
                return Some(body);
            }
            body.extend_from_slice(&chunk[..size]);
        }
    }
    body.resize(get("content-length").map_or(0, |length| length.parse().unwrap()), 0);
    reader.read_exact(&mut body).ok()?;
    Some(body)
}

/// A Keystone: tokens that begin with `good` are valid, those that begin with `error` get a 500.
pub fn keystone() -> Lab {
    Lab::start(keystone_reply)
}

pub fn keystone_reply(request: &Received) -> Reply {
    let domain = "{\"id\": \"default\", \"name\": \"Default\"}";
    if request.line.starts_with("POST /v3/auth/tokens") {
        let body = "{\"token\": {\"expires_at\": \"2099-01-01T00:00:00Z\"}}";
        let length = body.len();
        return Reply::Send(format!(
            "HTTP/1.1 201 Created\r\nX-Subject-Token: own\r\nContent-Length: {length}\r\n\r\n{body}"
        ));
    }
    let token = request.header("x-subject-token").unwrap_or_default();
    if token.starts_with("good") {
        return ok(&format!(
            "{{\"token\": {{\"expires_at\": \"2099-01-01T00:00:00Z\", \"user\": {{\"id\": \"u1\", \"name\": \"admin\", \
             \"domain\": {domain}}}, \"project\": {{\"id\": \"p1\", \"name\": \"demo\", \"domain\": {domain}}}, \
             \"roles\": [{{\"name\": \"admin\"}}, {{\"name\": \"member\"}}], \"catalog\": [{{\"type\": \"compute\", \
             \"name\": \"nova\", \"endpoints\": [{{\"region\": \"R\", \"interface\": \"public\", \"url\": \"http://n\"}}]}}]}}}}"
        ));
    }
    let status = if token.starts_with("error") { "500 Oops" } else { "404 Not Found" };
    Reply::Send(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"))
}

pub const PIPELINE: &str = "version authtoken acceptor proxyapp";

/// How a proxy is configured.
pub struct Setup {
    pub nova: String,
    pub vim: String,
    pub keystone: String,
    pub pipeline: String,
    pub lines: String,
    pub auth_lines: String,
    pub listen: String,
    pub wait: bool,
}

impl Setup {
    pub fn new(nova: &Lab, vim: &Lab, keystone: &Lab) -> Self {
        Self {
            nova: nova.address.to_string(),
            vim: vim.address.to_string(),
            keystone: format!("http://{}", keystone.address),
            pipeline: PIPELINE.to_owned(),
            lines: String::new(),
            auth_lines: String::new(),
            listen: "127.0.0.1".to_owned(),
            wait: true,
        }
    }

    /// More lines for `[DEFAULT]`.
    pub fn with(mut self, lines: &str) -> Self {
        self.lines.push_str(lines);
        self.lines.push('\n');
        self
    }

    pub fn start(self) -> Proxy {
        self.start_with("Proxy.factory")
    }

    /// With the app that shows what passes.
    pub fn debug_proxy(self) -> Proxy {
        self.start_with("DebugProxy.factory")
    }

    fn start_with(self, app: &str) -> Proxy {
        let directory = tempfile::tempdir().unwrap();
        let paste = include_str!("../../etc/api-proxy-paste.ini").replace(PIPELINE, &self.pipeline);
        let paste = paste.replace(":Proxy.factory", &format!(":{app}"));
        std::fs::write(directory.path().join("api-proxy-paste.ini"), paste).unwrap();
        let split = |address: &str| {
            let (host, port) = address.rsplit_once(':').unwrap();
            (host.trim_matches(['[', ']']).to_owned(), port.to_owned())
        };
        let ((nova, nova_port), (vim, vim_port)) = (split(&self.nova), split(&self.vim));
        let (run_dir, listen) = (directory.path().display(), &self.listen);
        let config = format!(
            "[DEFAULT]\nosapi_proxy_listen = {listen}\nosapi_proxy_listen_port = 0\nosapi_compute_listen = {nova}\n\
             osapi_compute_listen_port = {nova_port}\nnfvi_compute_listen = {vim}\nnfvi_compute_listen_port = {vim_port}\n\
             run_dir = {run_dir}\nlog_file = {run_dir}/log\n{}\n[keystone_authtoken]\nauth_type = password\n\
             auth_url = {}\nauth_uri = http://public:5000\nusername = nova\npassword = secret\nproject_name = services\n\
             user_domain_name = Default\nproject_domain_name = Default\n{}\n",
            self.lines, self.keystone, self.auth_lines
        );
        let file = directory.path().join("nova-api-proxy.conf");
        std::fs::write(&file, config).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_nova-api-proxy"))
            .arg("--config-file")
            .arg(&file)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut proxy =
            Proxy { child, directory, address: SocketAddr::from(([127, 0, 0, 1], 0)), host: self.listen };
        if self.wait {
            proxy.wait_until_listening();
        }
        proxy
    }
}

/// The process under test.
pub struct Proxy {
    pub child: Child,
    pub directory: tempfile::TempDir,
    pub address: SocketAddr,
    host: String,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Proxy {
    fn wait_until_listening(&mut self) {
        let text = self.wait_for_log(|log| log.contains("osapi_proxy listening on ") && log.ends_with('\n'));
        let rest = text.split("osapi_proxy listening on ").nth(1).unwrap();
        let port = rest.lines().next().unwrap().rsplit_once(':').unwrap().1.parse().unwrap();
        self.address = SocketAddr::new(self.host.parse().unwrap(), port);
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.file("log")).unwrap_or_default()
    }

    pub fn wait_for_log(&self, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + LIMIT;
        loop {
            let log = self.log();
            if wanted(&log) {
                return log;
            }
            assert!(Instant::now() < deadline, "not in the log:\n{log}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(pid, signal).unwrap();
    }

    pub fn wait_exit(&mut self) -> i32 {
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap();
            }
            assert!(Instant::now() < deadline, "it does not end:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Memory in use, kB.
    pub fn rss(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    pub fn connect(&self) -> Client {
        Client::new(TcpStream::connect(self.address).unwrap())
    }

    /// One request on a connection of its own.
    pub fn ask(&self, request: &str) -> Answer {
        let mut client = self.connect();
        client.send(request);
        client.answer(request.split(' ').next().unwrap())
    }
}

/// A client's connection.
pub struct Client {
    pub stream: TcpStream,
    pub reader: BufReader<TcpStream>,
}

impl Client {
    pub fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream.set_write_timeout(Some(LIMIT)).unwrap();
        stream.set_nodelay(true).unwrap();
        let reader = BufReader::new(stream.try_clone().unwrap());
        Self { stream, reader }
    }

    pub fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    pub fn answer(&mut self, method: &str) -> Answer {
        self.try_answer(method).expect("an answer")
    }

    pub fn try_answer(&mut self, method: &str) -> Option<Answer> {
        let mut line = String::new();
        if self.reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let headers = read_headers(&mut self.reader)?;
        let mut answer =
            Answer { status: line.trim_end_matches(['\r', '\n']).to_owned(), headers, body: Vec::new() };
        let empty = method == "HEAD"
            || ["204", "304", "101", "100"].iter().any(|code| answer.status[9..].starts_with(code));
        if !empty {
            let unknown = answer.header("Content-Length").or(answer.header("Transfer-Encoding")).is_none();
            if unknown {
                self.reader.read_to_end(&mut answer.body).ok()?;
            } else {
                answer.body = read_body(&mut self.reader, &answer.headers)?;
            }
        }
        Some(answer)
    }

    /// Whether the other side has closed, with nothing more sent.
    pub fn is_closed(&mut self) -> bool {
        let mut byte = [0];
        matches!(self.reader.read(&mut byte), Ok(0) | Err(_))
    }
}

/// An answer as the client received it.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn code(&self) -> u16 {
        self.status.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// Headers but `Date`, as lines.
    pub fn lines(&self) -> Vec<String> {
        let headers = self.headers.iter().filter(|(name, _)| name != "Date");
        headers.map(|(name, value)| format!("{name}: {value}")).collect()
    }
}

/// Three labs that answer 200 with their name.
pub fn site() -> (Lab, Lab, Lab) {
    (Lab::start(|_| ok("nova")), Lab::start(|_| ok("vim")), keystone())
}

pub fn post(path: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: public:8774\r\nX-Auth-Token: good\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}
