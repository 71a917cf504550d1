//! Decisions of hosts and instances, and what would happen, asked of a stand-in for the VIM.

use crate::site::{self, decisions};
use crate::world::World;
use nfv_vim_db::Database;
use nfv_vim_rpc::preview::{Estimate, Preview};
use nfv_vim_rpc::{FrameReader, LONGEST_REQUEST, Request, Response, ResponseBody, ResultCode, frame};
use serde_json::{Value, json};
use std::io::{Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A VIM that foresees the same whatever it is asked, and remembers what it was asked.
pub struct Vim {
    port: u16,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Vim {
    pub fn start(result: ResultCode, preview: Preview) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let request = read(&mut stream);
                let body = match &request {
                    Request::PreviewStrategy(_) => ResponseBody::PreviewStrategy(preview.clone()),
                    _ => ResponseBody::PreviewHost(preview.clone()),
                };
                seen.lock().unwrap().push(request);
                let _ = stream.write_all(&frame(&Response { result, body }.encode()).unwrap());
            }
        });
        Self { port, asked }
    }

    /// The section of the configuration that leads to it.
    pub fn section(&self) -> String {
        section(self.port)
    }

    fn asked(&self) -> Vec<(&'static str, Value)> {
        let asked = self.asked.lock().unwrap();
        let told = asked.iter().map(|request| {
            let mut keys: Value = serde_json::from_slice(&request.encode()).unwrap();
            for key in ["version", "type", "result"] {
                keys.as_object_mut().unwrap().remove(key);
            }
            (request.kind(), keys)
        });
        told.collect()
    }
}

fn section(port: u16) -> String {
    format!("[vim]\nrpc_host=127.0.0.1\nrpc_port={port}\n")
}

fn read(stream: &mut TcpStream) -> Request {
    let mut reader = FrameReader::new(LONGEST_REQUEST);
    let mut bytes = [0; 4096];
    loop {
        if let Some(payload) = reader.next_payload().unwrap() {
            return Request::decode(&payload).unwrap();
        }
        let count = stream.read(&mut bytes).unwrap();
        assert_ne!(count, 0, "half a request");
        reader.push(&bytes[..count]);
    }
}

fn preview() -> Preview {
    Preview {
        subject: Some("host compute-0".to_owned()),
        action: Some("lock".to_owned()),
        estimate: Some(Estimate { seconds: 5, measured: true }),
        ..Preview::default()
    }
}

fn text(world: &World, target: &str) -> (u16, String) {
    let answer = world.get(target);
    (answer.status, String::from_utf8(answer.body).unwrap())
}

#[test]
fn a_thing_comes_with_its_decisions_and_is_told_of_when_only_they_change() {
    let world = World::start("");
    world.until("the database is read", |world| world.json("/console/api/state")["revision"] != 0);
    let host = world.json("/console/api/host/compute-3");
    let ids = |page: &Value| {
        let all = page["decisions"].as_array().unwrap().iter();
        all.map(|one| one["id"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&host), [2, 1], "the latest first");
    assert_eq!(host["decisions"][0]["outcome"], "failed");
    assert_eq!(host["decisions"][0]["evidence"]["oper_state"], "disabled");
    assert_eq!(world.json("/console/api/host/compute-0")["decisions"], json!([]));
    let page = format!("/console/api/instance/{}", site::uuid(2, 24));
    let instance = world.json(&page);
    assert_eq!(ids(&instance), [5, 4, 3]);
    assert_eq!(instance["decisions"][0]["wait"]["until"], "2099-01-01T00:00:00.000Z");
    assert_eq!(
        (&instance["decisions"][1]["count"], &instance["decisions"][0]["outcome"]),
        (&json!(12), &Value::Null)
    );

    let mut stream = world.stream("/console/stream");
    let revision = stream.event("hello")["revision"].clone();
    let mut database = Database::open(&world.directory().join("db")).unwrap();
    let key = site::uuid(2, 24);
    let ended = decisions::decision(5, "instance", &key, "rebuild", "it has failed", json!({}));
    let mut odd = decisions::decision(6, "instance", &key, "none", "x", json!({}));
    if let nfv_vim_db::Write::PutDecision(row) = &mut odd {
        row.data = "{".to_owned();
    }
    database.apply(&[ended, odd]).unwrap();
    database.close().unwrap();
    stream.event("commit");
    let instance = world.json(&page);
    assert_eq!(ids(&instance), [5, 4, 3], "one that cannot be read is left out");
    assert_eq!(instance["decisions"][0]["outcome"], "completed");
    assert_eq!(world.json("/console/api/state")["revision"], revision, "nothing of the picture has changed");
}

#[test]
fn what_would_happen_is_asked_of_the_vim() {
    let vim = Vim::start(ResultCode::Success, preview());
    let world = World::start(&vim.section());
    let told = serde_json::to_value(preview()).unwrap();
    for (target, kind, keys) in [
        ("host/compute-0", "preview-host-request", json!({"host_name": "compute-0", "action": "lock"})),
        (
            "host/compute%2D0?action=lock-force",
            "preview-host-request",
            json!({"host_name": "compute-0", "action": "lock-force"}),
        ),
        ("host/a%2Fb?action=fail", "preview-host-request", json!({"host_name": "a/b", "action": "fail"})),
        (
            "strategy/sw-patch",
            "preview-sw-update-strategy-request",
            json!({"sw_update_type": "sw-patch", "uuid": null}),
        ),
        (
            "strategy/sw-upgrade",
            "preview-sw-update-strategy-request",
            json!({"sw_update_type": "sw-upgrade", "uuid": null}),
        ),
    ] {
        assert_eq!(world.json(&format!("/console/api/preview/{target}")), told, "{target}");
        assert_eq!(vim.asked().last(), Some(&(kind, keys)), "{target}");
    }
    let asked = vim.asked().len();
    for (target, status) in [
        ("host/compute-0?action=unlock", 400),
        ("host/compute-0?action=", 400),
        ("host/%ff", 400),
        ("strategy/fw-update", 404),
        ("instance/x", 404),
        ("host", 404),
    ] {
        assert_eq!(world.get(&format!("/console/api/preview/{target}")).status, status, "{target}");
    }
    assert_eq!(world.request("POST", "/console/api/preview/host/compute-0", &[], b"").status, 501);
    let foreign = [("Sec-Fetch-Site", "cross-site")];
    assert_eq!(world.request("GET", "/console/api/preview/host/compute-0", &foreign, b"").status, 403);
    assert_eq!(vim.asked().len(), asked, "none of these reaches the VIM");
    let metrics = text(&world, "/metrics").1;
    assert!(
        metrics.contains("nfv_webserver_requests_total{class=\"preview\",status=\"2xx\"} 5"),
        "{metrics}"
    );
}

#[test]
fn who_is_not_logged_in_learns_nothing_of_the_future() {
    let vim = Vim::start(ResultCode::Success, preview());
    let world = World::start(&format!("login=keystone\n{}", vim.section()));
    for target in ["host/compute-0", "strategy/sw-patch"] {
        assert_eq!(world.get(&format!("/console/api/preview/{target}")).status, 401);
    }
    assert!(vim.asked().is_empty());
}

#[test]
fn a_vim_that_does_not_answer_or_refuses_is_told_in_a_sentence() {
    const HOST: &str = "/console/api/preview/host/compute-0";
    const STRATEGY: &str = "/console/api/preview/strategy/sw-patch";
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let not_found = Vim::start(ResultCode::NotFound, Preview::default());
    let failed = Vim::start(ResultCode::Failed, Preview::default());
    let refused = Some("the host is being deleted".to_owned());
    let refused = Vim::start(ResultCode::Failed, Preview { refused, ..Preview::default() });
    let closes = TcpListener::bind("127.0.0.1:0").unwrap();
    let closing = section(closes.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for mut stream in closes.incoming().flatten() {
            read(&mut stream);
        }
    });
    for (section, target, status, sentence) in [
        (
            String::new(),
            HOST,
            503,
            "The configuration does not say where the VIM is asked ([vim] rpc_host, rpc_port).",
        ),
        (section(free), HOST, 503, "The VIM is not reached: [Errno 111] Connection refused."),
        (closing, HOST, 503, "The VIM does not answer: the VIM closed the connection without an answer."),
        (not_found.section(), HOST, 404, "The VIM does not know this host."),
        (not_found.section(), STRATEGY, 404, "The VIM has no such strategy."),
        (failed.section(), HOST, 503, "The VIM cannot tell."),
        (refused.section(), STRATEGY, 503, "The VIM cannot tell: the host is being deleted."),
    ] {
        let world = World::start(&section);
        assert_eq!(text(&world, target), (status, format!("{sentence}\n")));
        // the rest of the dashboard does not mind
        assert_eq!(world.get("/console/api/state").status, 200);
    }
}
