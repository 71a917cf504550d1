//! A cloud for tests: one HTTP server that plays every neighbour, keeps what it was asked and answers as told.

#![allow(dead_code)] // each test file uses its part

use nfv_common::config::Settings;
use nfv_nfvi::{Call, CallResult};
use nfv_plugins::{DisabledPlugins, Inbound, Plugins, PluginsConfig, Turn};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

pub const TOKEN: &str = "t0ken-of-the-vim";
pub const PASSWORD: &str = "sesame-open";
pub const PROJECT: &str = "p1";

/// What the cloud does with a request.
#[derive(Clone)]
pub enum Doing {
    /// Status, headers, body.
    Answer(u16, Vec<(String, String)>, String),
    /// Nothing, until the client goes away.
    Hang,
    /// Closes the connection without a byte.
    Close,
    /// A body without end.
    Endless,
    /// A body that comes byte by byte and never ends.
    Slow,
    /// The connection is reset.
    Reset,
    /// Promises a longer body than it sends.
    Cut(String),
}

impl Doing {
    pub fn json(status: u16, body: impl ToString) -> Self {
        Doing::Answer(status, vec![("Content-Type".into(), "application/json".into())], body.to_string())
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    pub line: String,
    /// As on the wire, letter case included.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The headers that the contract speaks of, in short: `W` wrs-header, `C` JSON content, `U` vim/1.0, and
    /// the version of Nova.
    pub fn marks(&self) -> String {
        let mut marks = Vec::new();
        if self.header("wrs-header") == Some("true") {
            marks.push("W");
        }
        if self.header("content-type") == Some("application/json") {
            marks.push("C");
        }
        if self.header("user-agent") == Some("vim/1.0") {
            marks.push("U");
        }
        marks.extend(self.header("x-openstack-nova-api-version"));
        marks.join(" ")
    }
}

pub struct Cloud {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    doings: Arc<Mutex<HashMap<String, Doing>>>,
}

impl Cloud {
    pub async fn start() -> Cloud {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let cloud = Cloud { address, seen: Arc::default(), doings: Arc::default() };
        cloud.on("POST /keystone/v3/auth/tokens", cloud.token(TOKEN, "2099-01-01T00:00:00.000000Z"));
        let (seen, doings) = (Arc::clone(&cloud.seen), Arc::clone(&cloud.doings));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&seen), Arc::clone(&doings)));
            }
        });
        cloud
    }

    /// From now on `request` (method and target) is answered so.
    pub fn on(&self, request: &str, doing: Doing) {
        self.doings.lock().unwrap().insert(request.to_owned(), doing);
    }

    /// Keystone's answer with a catalog in which this cloud is every service.
    pub fn token(&self, id: &str, expires_at: &str) -> Doing {
        let services: Vec<Value> = [
            ("keystone", "identity", "internal", "/keystone/v3"),
            ("nova", "compute", "admin", "/nova/v2.1/p1"),
            ("neutron", "network", "admin", "/neutron"),
            ("cinderv2", "volumev2", "admin", "/cinder/v2/p1"),
            ("glance", "image", "admin", "/glance"),
            ("sysinv", "platform", "admin", "/sysinv/v1"),
            ("patching", "patching", "admin", "/patching"),
            ("fm", "faultmanagement", "admin", "/fm"),
        ]
        .iter()
        .map(|(name, kind, interface, path)| {
            let url = format!("http://{}{path}", self.address);
            json!({"name": name, "type": kind,
                   "endpoints": [{"region": "RegionOne", "interface": interface, "url": url}]})
        })
        .collect();
        let body =
            json!({"token": {"expires_at": expires_at, "project": {"id": PROJECT}, "catalog": services}});
        let headers = vec![("X-Subject-Token".to_owned(), id.to_owned())];
        Doing::Answer(201, headers, body.to_string())
    }

    /// All requests so far, token requests included.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// All requests so far but those for tokens; they are forgotten then.
    pub fn take(&self) -> Vec<Seen> {
        let mut all = std::mem::take(&mut *self.seen.lock().unwrap());
        all.retain(|seen| !seen.line.ends_with("/v3/auth/tokens"));
        all
    }

    /// Settings for this cloud; listeners on ports of the system's choice. `more` is put at the end, in the
    /// section of the time limits.
    pub fn config(&self, more: &str) -> PluginsConfig {
        let address = self.address;
        let account = format!(
            "username=admin\ntenant=admin\nauthorization_protocol=http\nauthorization_ip=127.0.0.1\n\
             authorization_port=1\nauthorization_uri=http://{address}/keystone\nuser_domain_name=Default\n\
             project_domain_name=Default\nkeyring_service=CGCS\npassword={PASSWORD}\n"
        );
        let mut file = format!("[platform]\n{account}[openstack]\n{account}");
        for (section, name, kind, interface) in [
            ("keystone", "keystone", "identity", "internal"),
            ("nova", "nova", "compute", "admin"),
            ("neutron", "neutron", "network", "admin"),
            ("cinder", "cinderv2", "volumev2", "admin"),
            ("glance", "glance", "image", "admin"),
            ("sysinv", "sysinv", "platform", "admin"),
            ("patching", "patching", "patching", "admin"),
            ("fm", "fm", "faultmanagement", "admin"),
        ] {
            file += &format!(
                "[{section}]\nregion_name=RegionOne\nservice_name={name}\nservice_type={kind}\n\
                 endpoint_type={interface}\n"
            );
        }
        for (section, name) in [("mtc", "mtc"), ("guest", "guest")] {
            file += &format!("[{section}]\nendpoint_override=http://{address}/{name}\n");
        }
        file += "[amqp]\nhost=127.0.0.1\nport=1\nuser_id=guest\npassword=guest\nvirt_host=/\n";
        for section in ["infrastructure-rest-api", "guest-rest-api", "compute-rest-api", "host-listener"] {
            file += &format!("[{section}]\nhost=127.0.0.1\nport=0\n");
        }
        file += &format!("[nfvi-timeouts]\n{more}\n");
        let settings = Settings::parse("config.ini", file.as_bytes()).unwrap();
        let mut config = PluginsConfig::read(&settings, DisabledPlugins::default()).unwrap();
        config.kubernetes_config = "/nonexistent/admin.conf".into();
        config
    }

    /// Plugins in front of this cloud, with time limits of one second.
    pub async fn plugins(&self) -> (Plugins, mpsc::Receiver<Inbound>) {
        start(&self.config(ONE_SECOND)).await
    }
}

/// Time limits that keep tests short.
pub const ONE_SECOND: &str = "openstack=1\nkeystone=1\nnova=1\nneutron=1\nsysinv=1\nmtc=1\nguest=1\ncinder=1\nglance=1\nfm=1\npatching=1";

pub async fn start(config: &PluginsConfig) -> (Plugins, mpsc::Receiver<Inbound>) {
    let (sender, receiver) = mpsc::channel(64);
    (Plugins::start(config, sender).await.unwrap(), receiver)
}

/// One call and what is to become of it.
pub struct Case {
    pub name: &'static str,
    pub call: Call,
    /// Request line, marks of headers, body (`""`: none; JSON is compared as JSON), and what the cloud does.
    pub exchanges: Vec<(&'static str, &'static str, &'static str, Doing)>,
    pub check: Box<dyn Fn(CallResult)>,
}

/// Runs each case in a cloud of its own state and compares every request made.
pub async fn run(cases: Vec<Case>) {
    for case in cases {
        let cloud = Cloud::start().await;
        for (line, _, _, doing) in &case.exchanges {
            cloud.on(line, doing.clone());
        }
        let (plugins, _inbound) = cloud.plugins().await;
        let result = plugins.perform(case.call, Turn::free()).await;
        let seen = cloud.take();
        let lines: Vec<&str> = seen.iter().map(|seen| seen.line.as_str()).collect();
        let wanted: Vec<&str> = case.exchanges.iter().map(|exchange| exchange.0).collect();
        assert_eq!(lines, wanted, "{}: {result:?}", case.name);
        for (seen, (line, marks, body, _)) in seen.iter().zip(&case.exchanges) {
            assert_eq!(seen.marks(), *marks, "{}: headers of {line}", case.name);
            assert_eq!(seen.header("X-Auth-Token"), Some(TOKEN), "{}: {line}", case.name);
            match serde_json::from_str::<Value>(body) {
                Ok(wanted) => {
                    let got: Value = serde_json::from_str(&seen.body).unwrap_or_default();
                    assert_eq!(got, wanted, "{}: body of {line}", case.name);
                }
                Err(_) => assert_eq!(seen.body, *body, "{}: body of {line}", case.name),
            }
        }
        println!("{}", case.name);
        (case.check)(result);
        plugins.stop().await;
    }
}

async fn serve(
    mut stream: TcpStream,
    log: Arc<Mutex<Vec<Seen>>>,
    doings: Arc<Mutex<HashMap<String, Doing>>>,
) {
    let Some(request) = read(&mut stream).await else { return };
    let doing = doings.lock().unwrap().get(&request.line).cloned();
    log.lock().unwrap().push(request);
    match doing.unwrap_or_else(|| Doing::Answer(404, vec![], "not in this cloud".into())) {
        Doing::Answer(status, headers, body) => {
            let headers: String =
                headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            let length = body.len();
            let text = format!(
                "HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
            let _ = stream.write_all(text.as_bytes()).await;
        }
        Doing::Hang => {
            let _ = stream.read(&mut [0; 64]).await;
        }
        Doing::Close => {}
        Doing::Slow => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            while stream.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Doing::Reset => stream.set_zero_linger().unwrap(),
        Doing::Cut(body) => {
            let length = body.len() + 1;
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            let _ = stream.write_all((head + &body).as_bytes()).await;
        }
        Doing::Endless => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            while stream.write_all(&[b' '; 65536]).await.is_ok() {}
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let mut lines = head.split("\r\n");
    let line = lines.next()?.strip_suffix(" HTTP/1.1")?.to_owned();
    let headers: Vec<(String, String)> =
        lines.filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    let length: usize = headers
        .iter()
        .find(|(name, _)| name == "Content-Length")
        .map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = bytes[end + 4..].to_vec();
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Seen { line, headers, body: String::from_utf8(body).ok()? })
}
