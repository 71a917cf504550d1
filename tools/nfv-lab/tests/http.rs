//! The lab over real sockets.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nfv_lab::config::ClusterFile;
use nfv_lab::lab::{Lab, Options, Shared};
use nfv_lab::notify::{frame, rest};
use nfv_lab::ports::Service;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const CLUSTER: &str = r#"
    [lab]
    port_base = 0
    speed = 20.0
    notify_retry_delay = 0.05
    [identity]
    password = "s3cret-password"
    [[host]]
    name = "controller-0"
    personality = "controller"
    [[host]]
    name = "worker-{n}"
    count = 2
    personality = "worker"
    [[flavor]]
    name = "small"
    vcpus = 1
    ram_mb = 512
    [[image]]
    name = "tiny"
    [[volume]]
    name = "data"
    [[network]]
    name = "net0"
    [[subnet]]
    name = "subnet0"
    network = "net0"
    cidr = "10.0.0.0/24"
    [[vm]]
    name = "vm-{n}"
    count = 4
    flavor = "small"
    host = "worker-0"
"#;

/// A running lab with a token.
struct Bench {
    shared: Arc<Shared>,
    running: tokio::task::JoinHandle<()>,
    token: String,
    tenant: String,
}

impl Bench {
    async fn start() -> Self {
        Self::start_with(&Options::default(), |_| {}).await
    }

    async fn start_with(options: &Options, change: impl FnOnce(&mut ClusterFile)) -> Self {
        let mut file = ClusterFile::parse(CLUSTER).expect("a good file");
        // Nobody listens there.
        file.vim.infrastructure = String::new();
        file.vim.guest = String::new();
        file.vim.listener = String::new();
        change(&mut file);
        let lab = Lab::start(file, options).expect("it starts");
        let shared = Arc::clone(lab.shared());
        let running = tokio::spawn(lab.run());
        let mut bench = Self { shared, running, token: String::new(), tenant: String::new() };
        bench.log_in().await;
        bench
    }

    async fn log_in(&mut self) {
        let body = json!({"auth": {
            "identity": {"methods": ["password"], "password": {"user": {
                "name": "admin", "password": "s3cret-password", "domain": {"name": "Default"}}}},
            "scope": {"project": {"name": "admin", "domain": {"name": "Default"}}}}});
        let path = "/v3/auth/tokens";
        let answer =
            rest::call(&self.address(Service::Keystone), "POST", path, &[], body.to_string().as_bytes())
                .await
                .expect("an answer");
        assert_eq!(answer.status, 201);
        self.token = answer.header("x-subject-token").expect("a token").to_owned();
        self.tenant = answer.json()["token"]["project"]["id"].as_str().expect("an id").to_owned();
    }

    fn address(&self, service: Service) -> String {
        format!("127.0.0.1:{}", self.shared.ports()[&service])
    }

    async fn try_call(
        &self,
        service: Service,
        method: &str,
        path: &str,
        body: &Value,
    ) -> std::io::Result<(u16, Value)> {
        let path = path.replace("{t}", &self.tenant);
        let headers = [
            ("X-Auth-Token", self.token.as_str()),
            ("User-Agent", "vim/1.0"),
            ("X-Openstack-Nova-Api-Version", "2.53"),
        ];
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let answer = rest::call(&self.address(service), method, &path, &headers, &body).await?;
        Ok((answer.status, answer.json()))
    }

    async fn call(&self, service: Service, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.try_call(service, method, path, &body).await.expect("an answer")
    }

    async fn get(&self, service: Service, path: &str) -> (u16, Value) {
        self.call(service, "GET", path, Value::Null).await
    }

    async fn perform(&self, deed: Value) {
        let (status, body) = self.call(Service::Control, "POST", "/do", deed.clone()).await;
        assert_eq!(status, 200, "{deed}: {body}");
    }

    async fn host(&self, name: &str) -> Value {
        let (_, hosts) = self.get(Service::Control, "/hosts").await;
        hosts.as_array().expect("a list").iter().find(|host| host["name"] == name).expect("exists").clone()
    }

    async fn stop(self) {
        let before = Instant::now();
        self.call(Service::Control, "POST", "/shutdown", json!({})).await;
        tokio::time::timeout(Duration::from_secs(5), self.running).await.expect("it ends").expect("cleanly");
        assert!(before.elapsed() < Duration::from_secs(5));
    }
}

/// Looks again and again until it is true.
async fn until<F: Future<Output = bool>>(what: &str, look: impl Fn() -> F) {
    for _ in 0..200 {
        if look().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("never came true: {what}");
}

/// What a fake VIM has heard: method, path, body.
type Heard = Arc<Mutex<Vec<(String, String, Value)>>>;

/// A listener that answers as the original VIM does: a status line and a date, no empty line, then the end.
async fn fake_vim(refuse: usize) -> (String, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    let heard = Heard::default();
    let list = Arc::clone(&heard);
    tokio::spawn(async move {
        let mut refused = 0;
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = Vec::new();
            let mut chunk = [0; 4096];
            let (head, body) = loop {
                let count = stream.read(&mut chunk).await.unwrap_or(0);
                bytes.extend_from_slice(&chunk[..count]);
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length = head
                    .lines()
                    .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
                    .unwrap_or(0);
                if body.len() >= length {
                    break (head.to_owned(), body.to_owned());
                }
            };
            if refused < refuse {
                refused += 1;
                continue;
            }
            let mut words = head.split(' ');
            let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
            let body = serde_json::from_str(&body).unwrap_or_default();
            list.lock().expect("a list").push((method.to_owned(), path.to_owned(), body));
            let _ = stream.write_all(b"HTTP/1.0 200 OK\r\nDate: Wed, 23 Jan 2019 15:04:05 GMT\r\n").await;
        }
    });
    (address, heard)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_service_answers_with_a_token_and_refuses_without() {
    let bench = Bench::start().await;
    let rows = [
        (Service::Keystone, "/v3/projects", "projects"),
        (Service::Nova, "/v2.1/{t}/servers?limit=2&all_tenants=1", "servers"),
        (Service::Neutron, "/v2.0/networks?limit=1", "networks"),
        (Service::Neutron, "/v2.0/extensions.json", "extensions"),
        (Service::Neutron, "/v2.0/hosts.json?fields=id&fields=name", "hosts"),
        (Service::Cinder, "/v2/{t}/volumes?limit=1&all_tenants=1", "volumes"),
        (Service::Cinder, "/v2/{t}/snapshots?all_tenants=1", "snapshots"),
        (Service::Glance, "/v2/images?limit=1", "images"),
        (Service::Sysinv, "/v1/ihosts", "ihosts"),
        (Service::Sysinv, "/v1/isystems", "isystems"),
        (Service::Mtc, "/v1/systems", "hosts"),
        (Service::Patching, "/v1/query_hosts", "data"),
        (Service::Fm, "/alarms?include_suppress=True", "alarms"),
    ];
    for (service, path, key) in rows {
        let (status, body) = bench.get(service, path).await;
        assert_eq!(status, 200, "{service:?} {path}");
        assert!(body[key].is_array(), "{service:?} {path}: {body}");
        let address = bench.address(service);
        let path = path.replace("{t}", &bench.tenant);
        let answer = rest::call(&address, "GET", &path, &[("X-Auth-Token", "old")], b"").await;
        assert_eq!(answer.expect("an answer").status, 401, "{service:?}");
    }
    let (status, _) = bench.get(Service::Guest, "/v1/instances/nobody").await;
    assert_eq!(status, 404);
    bench.perform(json!({"do": "expire-tokens"})).await;
    assert_eq!(bench.get(Service::Sysinv, "/v1/ihosts").await.0, 401);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_client_with_title_case_headers_and_a_body_on_get_is_served() {
    let bench = Bench::start().await;
    let mut stream = TcpStream::connect(bench.address(Service::Mtc)).await.expect("a connection");
    let body = "{\"uuid\": \"x\", \"hostname\": \"worker-0\"}";
    let request = format!(
        "GET /v1/hosts/worker-0 HTTP/1.1\r\nAccept-Encoding: identity\r\nContent-Length: {}\r\nHost: 127.0.0.1\r\n\
         X-Auth-Token: {}\r\nContent-Type: application/json\r\nAccept: application/json\r\n\
         User-Agent: vim/1.0\r\nConnection: close\r\n\r\n{body}",
        body.len(),
        bench.token
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the end of the connection");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\"operational\":\"enabled\""), "{answer}");
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_does_what_it_says() {
    let bench = Bench::start().await;
    let path = "/v2.1/{t}/servers?all_tenants=1";
    let add = async |mut rule: Value| {
        rule["service"] = json!("nova");
        rule["count"] = json!(1);
        assert_eq!(bench.call(Service::Control, "POST", "/faults", rule).await.0, 201);
    };
    add(json!({"effect": "fail", "status": 503})).await;
    assert_eq!(bench.get(Service::Nova, path).await.0, 503);
    add(json!({"effect": "unauthorized"})).await;
    assert_eq!(bench.get(Service::Nova, path).await.0, 401);
    add(json!({"effect": "wrong-body", "body": "<html>"})).await;
    assert_eq!(bench.get(Service::Nova, path).await, (200, Value::Null));
    add(json!({"effect": "slow", "delay": 0.3})).await;
    let before = Instant::now();
    assert_eq!(bench.get(Service::Nova, path).await.0, 200);
    assert!(before.elapsed() >= Duration::from_millis(300));
    add(json!({"effect": "cut"})).await;
    assert!(bench.try_call(Service::Nova, "GET", path, &Value::Null).await.is_err());
    add(json!({"effect": "hang"})).await;
    let hung = tokio::time::timeout(
        Duration::from_millis(300),
        bench.try_call(Service::Nova, "GET", path, &Value::Null),
    );
    assert!(hung.await.is_err());
    // A lost answer: the server is stopped all the same.
    let (_, vms) = bench.get(Service::Control, "/vms").await;
    let id = vms[0]["uuid"].as_str().expect("an id").to_owned();
    add(json!({"effect": "lost-answer", "path": "*/action"})).await;
    let action = format!("/v2.1/{{t}}/servers/{id}/action");
    assert!(bench.try_call(Service::Nova, "POST", &action, &json!({"os-stop": null})).await.is_err());
    until("the server is stopped", async || {
        let (_, vms) = bench.get(Service::Control, "/vms").await;
        vms[0]["vm_state"] == "stopped"
    })
    .await;
    assert_eq!(bench.get(Service::Control, "/faults").await.1, json!([]), "each was used up");
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_service_refuses_connections_for_a_while() {
    let bench = Bench::start().await;
    bench.perform(json!({"do": "restart-service", "service": "glance", "down": 0.3})).await;
    let up = async || bench.try_call(Service::Glance, "GET", "/v2/images", &Value::Null).await.is_ok();
    until("the service is away", async || !up().await).await;
    assert_eq!(bench.get(Service::Nova, "/v2.1/{t}/servers").await.0, 200, "the others stay");
    until("it is back", up).await;
    bench.stop().await;
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("a journal");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_has_every_request_and_no_secrets() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("journal");
    let bench = Bench::start_with(&Options { journal: Some(path.clone()) }, |_| {}).await;
    bench.get(Service::Nova, "/v2.1/{t}/servers?limit=1").await;
    let rebuild = json!({"rebuild": {"name": "x", "imageRef": "none", "adminPass": "s3cret-pass"}});
    bench.call(Service::Nova, "POST", "/v2.1/{t}/servers/nobody/action", rebuild).await;
    let text = std::fs::read_to_string(&path).expect("flushed already");
    assert!(!text.contains("s3cret") && !text.contains(&bench.token), "{text}");
    let lines = lines(&path);
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["path"], "/v3/auth/tokens");
    assert_eq!(lines[1]["query"], "limit=1");
    assert_eq!(lines[1]["headers"]["X-Auth-Token"], "***");
    assert_eq!(lines[1]["headers"]["User-Agent"], "vim/1.0");
    assert_eq!((&lines[2]["status"], &lines[2]["method"]), (&json!(404), &json!("POST")));
    assert_eq!(lines[2]["body"]["rebuild"]["name"], "x");
    assert!(lines.iter().enumerate().all(|(index, line)| line["seq"] == json!(index + 1)));
    let (_, kept) = bench.get(Service::Control, "/journal?since=2").await;
    assert_eq!(kept, json!([lines[2]]));
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_is_locked_and_unlocked_with_the_vim() {
    let bench = Bench::start().await;
    let (address, heard) = fake_vim(0).await;
    let booting = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let vim =
        json!({"infrastructure": address, "listener": booting.local_addr().expect("bound").to_string()});
    assert_eq!(bench.call(Service::Control, "PUT", "/vim", vim).await.0, 200);
    let boot = tokio::spawn(async move {
        let (mut stream, _) = booting.accept().await.expect("a host");
        let length = stream.read_u32_le().await.expect("a length");
        let mut rest = vec![0; length as usize];
        stream.read_exact(&mut rest).await.expect("a frame");
        let key = "NFV Infrastructure Notification";
        let payload = frame::decode(key, &rest).expect("signed").to_vec();
        let mut answer: Value = serde_json::from_slice(&payload).expect("JSON");
        answer["status"] = json!("okay");
        stream.write_all(&frame::encode(key, answer.to_string().as_bytes())).await.expect("answered");
        answer
    });
    let told = |index: usize| {
        let heard = Arc::clone(&heard);
        async move {
            until("the VIM is told", async || heard.lock().expect("a list").len() > index).await;
            heard.lock().expect("a list")[index].clone()
        }
    };

    bench.perform(json!({"do": "host-lock", "host": "worker-1"})).await;
    let (method, path, body) = told(0).await;
    let uuid = bench.host("worker-1").await["uuid"].as_str().expect("an id").to_owned();
    assert_eq!((method.as_str(), path), ("PATCH", format!("/nfvi-plugins/v1/hosts/{uuid}")));
    assert_eq!(body, json!({"uuid": uuid, "hostname": "worker-1", "action": "lock"}));
    assert_eq!(bench.host("worker-1").await["administrative"], "unlocked");
    let patch = json!([{"path": "/action", "value": "services-disabled", "op": "replace"}]);
    let (status, _) = bench.call(Service::Sysinv, "PATCH", &format!("/v1/ihosts/{uuid}"), patch).await;
    assert_eq!(status, 200);
    let (_, _, body) = told(1).await;
    assert_eq!(
        body["state-change"],
        json!({"administrative": "locked", "operational": "disabled", "availability": "online"})
    );
    assert_eq!((&body["personality"], &body["subfunctions"]), (&json!("worker"), &json!("worker")));

    bench.perform(json!({"do": "host-unlock", "host": "worker-1"})).await;
    assert_eq!(told(2).await.2["action"], "unlock");
    assert_eq!(told(3).await.2["state-change"]["availability"], "offline");
    let message = boot.await.expect("a boot message");
    assert_eq!((&message["version"], &message["notify-type"]), (&json!(1), &json!("booting")));
    assert_eq!(message["notify-data"], "{\"hostname\":\"worker-1\"}");
    assert_eq!(told(4).await.2["state-change"]["availability"], "intest");
    assert_eq!(told(5).await.2["state-change"]["operational"], "enabled");
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mtc_repeats_what_was_not_delivered_and_sysinv_does_not() {
    let bench = Bench::start().await;
    let (address, heard) = fake_vim(2).await;
    bench.call(Service::Control, "PUT", "/vim", json!({"infrastructure": address})).await;
    bench.perform(json!({"do": "host-lock", "host": "worker-1"})).await;
    bench.perform(json!({"do": "host-offline", "host": "worker-0"})).await;
    until("the state change is delivered", async || heard.lock().expect("a list").len() == 1).await;
    assert_eq!(heard.lock().expect("a list")[0].2["state-change"]["availability"], "offline");
    let tries = |service: &'static str| {
        bench.shared.journal.matching(|entry| entry.service == service && entry.method == "PATCH")
    };
    until("it is in the journal", async || tries("mtc").len() == 2).await;
    assert_eq!(tries("sysinv").len(), 1);
    assert_eq!(tries("sysinv")[0].status, None);
    assert_eq!(tries("mtc").iter().map(|entry| entry.status).collect::<Vec<_>>(), [None, Some(200)]);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_is_played_and_judged() {
    let bench = Bench::start().await;
    let scenario = json!({
        "name": "test",
        "event": [
            {"at": 0.1, "do": "vm-error", "vm": "vm-0"},
            {"at": 0.2, "do": "fault", "service": "nova", "effect": "fail", "status": 500, "count": 1},
            {"at": 0.3, "do": "vm-action", "vm": "vm-0", "action": {"reboot": {"type": "HARD"}}},
        ],
        "expect": [
            {"by": 3.0, "from": 0.25, "that": "vm", "vm": "vm-0", "host": "worker-0"},
            {"by": 1.0, "that": "in-flight", "action": "*", "at_most": 1},
            {"by": 0.6, "name": "missed", "that": "host-empty", "host": "worker-0"},
            {"by": 0.7, "that": "requests", "service": "keystone", "path": "/v3/auth/*", "at_most": 0},
        ],
    });
    let start = async || bench.call(Service::Control, "POST", "/scenario", scenario.clone()).await.0;
    assert_eq!(start().await, 202);
    assert_eq!(start().await, 409, "one at a time");
    until("it is over", async || bench.get(Service::Control, "/report").await.1["finished"] == true).await;
    let (_, report) = bench.get(Service::Control, "/report").await;
    let standings: Vec<_> = report["expectations"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|line| line["standing"].clone())
        .collect();
    assert_eq!(standings, ["met", "met", "missed", "met"], "{report}");
    assert_eq!(report["ok"], false);
    assert!(report["expectations"][2]["found"].as_str().expect("text").starts_with("4 servers"));
    assert_eq!(report["events"].as_array().map(Vec::len), Some(3));
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_labs_run_at_once_and_a_taken_port_is_an_error() {
    let one = Bench::start().await;
    let two = Bench::start().await;
    assert_eq!(one.get(Service::Sysinv, "/v1/ihosts").await.0, 200);
    assert_eq!(two.get(Service::Sysinv, "/v1/ihosts").await.0, 200);
    let taken = one.shared.ports()[&Service::Keystone];
    let mut file = ClusterFile::parse(CLUSTER).expect("a good file");
    file.lab.port_base = Some(taken);
    let error = Lab::start(file, &Options::default()).expect_err("the port is taken").to_string();
    assert!(error.contains("keystone") && error.contains(&taken.to_string()), "{error}");
    one.stop().await;
    two.stop().await;
}

#[test]
fn the_example_files_are_good() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let file = ClusterFile::load(&here.join("incident.toml")).expect("a good cluster");
    let cloud = nfv_lab::model::Cloud::build(&file, jiff::Timestamp::UNIX_EPOCH).expect("it fits");
    assert_eq!((cloud.hosts.len(), cloud.servers.len()), (7, 12));
    let scenario = nfv_lab::scenario::Scenario::load(&here.join("incident-scenario.toml")).expect("good");
    assert_eq!(scenario.events.len(), 5);
    assert!(scenario.expectations.len() > 10);
}
