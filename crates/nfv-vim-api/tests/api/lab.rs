//! A fake Keystone with Heat, a fake VIM, and the API between them.

use nfv_common::config::Settings;
use nfv_plugins::identity::IdentityClient;
use nfv_vim_api::access::Access;
use nfv_vim_api::audit::Audit;
use nfv_vim_api::metrics::Metrics;
use nfv_vim_api::observe::Observed;
use nfv_vim_api::server::{self, Serving};
use nfv_vim_api::settings::ApiConfig;
use nfv_vim_api::vim::VimClient;
use nfv_vim_rpc::{FrameReader, LONGEST_REQUEST, frame};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the VIM does with a request.
#[derive(Debug, Clone)]
pub enum Reaction {
    /// These messages, then it closes.
    Answers(Vec<Value>),
    /// These bytes, then it closes.
    Bytes(Vec<u8>),
    /// Nothing, for as long as the client waits.
    Silence,
}

type Reflex = dyn Fn(&Value) -> Reaction + Send + Sync;

/// A VIM that plays a script, or reacts to each request as it is told.
#[derive(Clone, Default)]
pub struct Vim {
    script: Arc<Mutex<VecDeque<Reaction>>>,
    reflex: Arc<Mutex<Option<Arc<Reflex>>>>,
    seen: Arc<Mutex<Vec<Value>>>,
    waiting: Arc<AtomicUsize>,
}

impl Vim {
    pub fn play(&self, script: impl IntoIterator<Item = Reaction>) {
        *self.script.lock().unwrap() = script.into_iter().collect();
        self.seen.lock().unwrap().clear();
    }

    pub fn react(&self, reflex: impl Fn(&Value) -> Reaction + Send + Sync + 'static) {
        *self.reflex.lock().unwrap() = Some(Arc::new(reflex));
    }

    /// Requests since the script began.
    pub fn seen(&self) -> Vec<Value> {
        self.seen.lock().unwrap().clone()
    }

    /// Requests that are met with silence and whose client still waits.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    async fn listen(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let vim = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(vim.clone().converse(stream));
            }
        });
        address
    }

    async fn converse(self, mut stream: TcpStream) {
        let mut reader = FrameReader::new(LONGEST_REQUEST);
        let mut bytes = [0; 4096];
        let payload = loop {
            if let Some(payload) = reader.next_payload().unwrap() {
                break payload;
            }
            match stream.read(&mut bytes).await {
                Ok(0) | Err(_) => return,
                Ok(count) => reader.push(&bytes[..count]),
            }
        };
        let request: Value = serde_json::from_slice(&payload).unwrap();
        let reflex = self.reflex.lock().unwrap().clone();
        let reaction = match reflex {
            Some(reflex) => reflex(&request),
            None => {
                self.seen.lock().unwrap().push(request);
                self.script.lock().unwrap().pop_front().unwrap_or(Reaction::Answers(Vec::new()))
            }
        };
        match reaction {
            Reaction::Answers(answers) => {
                for answer in answers {
                    let _ = stream.write_all(&frame(answer.to_string().as_bytes()).unwrap()).await;
                }
            }
            Reaction::Bytes(bytes) => {
                let _ = stream.write_all(&bytes).await;
            }
            Reaction::Silence => {
                self.waiting.fetch_add(1, Ordering::Relaxed);
                let _ = stream.read(&mut bytes).await;
                self.waiting.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }
}

/// A Keystone, and a Heat under `/heat`.
#[derive(Clone, Default)]
pub struct Keystone {
    /// Requests for tokens of its own, and for those of users.
    pub own: Arc<AtomicUsize>,
    pub users: Arc<AtomicUsize>,
    /// It answers 500 to these: 1 own tokens, 2 users' tokens.
    pub broken: Arc<AtomicUsize>,
    /// What came to Heat: request line, headers, body.
    pub heat: Arc<Mutex<Vec<String>>>,
    /// How long it takes over a user's token.
    pub slow: Arc<Mutex<Duration>>,
}

impl Keystone {
    async fn listen(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let keystone = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(keystone.clone().converse(stream, address));
            }
        });
        address
    }

    async fn converse(self, mut stream: TcpStream, address: SocketAddr) {
        let mut raw = Vec::new();
        let mut bytes = [0; 4096];
        let (head, body) = loop {
            match stream.read(&mut bytes).await {
                Ok(0) | Err(_) => return,
                Ok(count) => raw.extend_from_slice(&bytes[..count]),
            }
            let text = String::from_utf8_lossy(&raw).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length: ").and_then(|n| n.parse().ok())
            });
            if body.len() >= length.unwrap_or(0) {
                break (head.to_owned(), body.to_owned());
            }
        };
        let answer = if head.split(' ').nth(1).is_some_and(|path| path.starts_with("/heat")) {
            self.heat.lock().unwrap().push(format!("{head}\r\n\r\n{body}"));
            heat(&head)
        } else {
            self.token(&body, address).await
        };
        let _ = stream.write_all(answer.as_bytes()).await;
    }

    async fn token(&self, body: &str, address: SocketAddr) -> String {
        let body: Value = serde_json::from_str(body).unwrap();
        let identity = &body["auth"]["identity"];
        let broken = self.broken.load(Ordering::Relaxed);
        let (status, roles, expires) = if identity["methods"] == json!(["token"]) {
            self.users.fetch_add(1, Ordering::Relaxed);
            let slow = *self.slow.lock().unwrap();
            tokio::time::sleep(slow).await;
            assert_eq!(
                body["auth"]["scope"],
                json!({"project": {"name": "admin", "domain": {"name": "Default"}}})
            );
            match identity["token"]["id"].as_str().unwrap() {
                _ if broken & 2 != 0 => (500, "", ""),
                "good" | "other" => (201, "admin", "2099-01-01T00:00:00.000000Z"),
                "member" => (201, "member", "2099-01-01T00:00:00.000000Z"),
                "expired" => (201, "admin", "2009-01-01T00:00:00.000000Z"),
                "boom" => (500, "", ""),
                _ => (401, "", ""),
            }
        } else {
            self.own.fetch_add(1, Ordering::Relaxed);
            assert_eq!(identity["password"]["user"]["password"], "sesame");
            if broken & 1 != 0 { (503, "", "") } else { (201, "admin", "2099-01-01T00:00:00.000000Z") }
        };
        if status != 201 {
            return format!("HTTP/1.1 {status} X\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}");
        }
        let domain = json!({"id": "default", "name": "Default"});
        let token = json!({"token": {
            "expires_at": expires,
            "roles": [{"id": "1", "name": roles}],
            "user": {"id": "u", "name": "operator", "domain": domain},
            "project": {"id": "p", "name": "admin", "domain": domain},
            "catalog": [{"type": "orchestration", "name": "heat", "endpoints": [
                {"region": "RegionOne", "interface": "admin", "url": format!("http://{address}/heat/v1/p")},
            ]}],
        }})
        .to_string();
        format!(
            "HTTP/1.1 201 Created\r\nX-Subject-Token: own\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{token}",
            token.len()
        )
    }
}

fn heat(head: &str) -> String {
    let mut words = head.split(' ');
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    let (status, body) = match method {
        _ if path.contains("missing") => (404, "{\"gone\": 1}"),
        "DELETE" => (204, ""),
        "POST" => (201, "{\"stack\": 1}"),
        _ => (200, "{\"stacks\": []}"),
    };
    let redirect =
        if path.contains("redirect") { (302, "Location: /heat/v1/p/target\r\n") } else { (status, "") };
    format!(
        "HTTP/1.1 {} X\r\n{}x-openstack-request-id: req-heat\r\nContent-Type: application/json\r\n\
         Keep-Alive: timeout=5\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        redirect.0,
        redirect.1,
        body.len()
    )
}

/// Writes the configuration of an API.
pub fn configure(directory: &Path, listen: &str, vim: SocketAddr, keystone: SocketAddr, more: &str) {
    let (host, port) = listen.rsplit_once(':').unwrap();
    let at = |name: &str| directory.join(name).display().to_string();
    let account = format!(
        "username=admin\ntenant=admin\nauthorization_protocol=http\nauthorization_ip={}\nauthorization_port={}\n\
         user_domain_name=Default\nproject_domain_name=Default\nkeyring_service=CGCS\npassword=sesame\n",
        keystone.ip(),
        keystone.port()
    );
    let files = [
        (
            "config.ini",
            format!(
                "[debug]\nconfig_file={}\nhandlers=stdout\n[nfvi]\nconfig_file={}\n[vim]\nrpc_host={}\nrpc_port={}\n\
                 [vim-api]\nhost={host}\nport={port}\nrpc_host=127.0.0.1\nrpc_port=0\nrun_dir={}\n{more}",
                at("debug.ini"),
                at("plugins.ini"),
                vim.ip(),
                vim.port(),
                directory.display()
            ),
        ),
        (
            "debug.ini",
            "[debug-overall]\ndebug_level: debug.level.debug\ntrace_level: debug.level.notice\n[debug-loggers]\n"
                .to_owned(),
        ),
        (
            "plugins.ini",
            format!(
                "[platform]\n{account}[openstack]\n{account}[heat]\nregion_name=RegionOne\nservice_name=heat\n\
                 service_type=orchestration\nendpoint_type=admin\n"
            ),
        ),
    ];
    for (name, text) in files {
        std::fs::write(directory.join(name), text).unwrap();
    }
}

/// An API with its neighbours.
pub struct Lab {
    pub address: SocketAddr,
    pub vim: Vim,
    pub keystone: Keystone,
    pub keystone_address: SocketAddr,
    pub vim_address: SocketAddr,
    _directory: tempfile::TempDir,
}

impl Lab {
    pub async fn start() -> Self {
        Self::with("", "127.0.0.1:0").await
    }

    /// `more` goes into the section `[vim-api]`.
    pub async fn with(more: &str, listen: &str) -> Self {
        let (vim, keystone) = (Vim::default(), Keystone::default());
        let (vim_address, keystone_address) = (vim.listen().await, keystone.listen().await);
        let directory = tempfile::tempdir().unwrap();
        configure(directory.path(), listen, vim_address, keystone_address, more);
        let settings = Settings::load(directory.path().join("config.ini")).unwrap();
        let config = ApiConfig::read(&settings).unwrap();
        let client = Arc::new(IdentityClient::new().unwrap());
        let metrics = Arc::new(Metrics::default());
        let asker = Arc::new(VimClient::new(config.vim, config.vim_local, Arc::clone(&metrics)));
        let runtime = tokio::runtime::Handle::current();
        let access = Arc::new(Access::new(Arc::clone(&client), config.access, runtime));
        let observed = Observed::new(Arc::clone(&asker), Arc::clone(&access), Arc::clone(&metrics));
        let opened = server::open(Serving {
            vim: asker,
            access,
            client,
            heat: config.heat,
            metrics,
            observed: Arc::new(observed),
            audit: Audit::start(),
            limits: config.limits,
            listen: config.listen,
        })
        .unwrap();
        tokio::spawn(opened.server);
        Self { address: opened.address, vim, keystone, keystone_address, vim_address, _directory: directory }
    }
}

/// An answer of the VIM.
pub fn message(kind: &str, result: &str, keys: Value) -> Value {
    let mut message = json!({"version": "1.0", "type": kind, "result": result});
    message.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    message
}
