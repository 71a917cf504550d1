//! The lab's own API: state, faults, operators, scenarios. See the README.

use std::sync::{Arc, PoisonError};

use serde_json::{Value, json};

use crate::config::VimAddresses;
use crate::faults::Rule;
use crate::glob;
use crate::lab::Shared;
use crate::model::Cloud;
use crate::scenario::Scenario;
use crate::scenario::command::{Command, perform};
use crate::scenario::run;
use crate::service::{Reply, Request};

/// Entries of one journal answer, unless `limit` says otherwise.
const JOURNAL_PAGE: usize = 1000;

/// Answers a request.
pub async fn answer(shared: &Arc<Shared>, request: &Request) -> Reply {
    let segments = request.segments();
    match (request.method.as_str(), segments.as_slice()) {
        ("GET", []) => Reply::ok(&help()),
        ("GET", ["state"]) => Reply::ok(&shared.with_cloud(|cloud| state(cloud))),
        ("GET", ["hosts"]) => Reply::ok(&shared.with_cloud(|cloud| hosts(cloud))),
        ("GET", ["vms"]) => {
            let pattern = request.query("name").unwrap_or("*");
            Reply::ok(&shared.with_cloud(|cloud| vms(cloud, pattern)))
        }
        ("GET", ["alarms"]) => Reply::ok(&shared.with_cloud(|cloud| json!(cloud.alarms))),
        ("GET", ["guests"]) => Reply::ok(&shared.with_cloud(|cloud| guests(cloud))),
        ("GET", ["history"]) => Reply::ok(&shared.with_cloud(|cloud| json!(cloud.history))),
        ("GET", ["events"]) => {
            let since = request.query("since").and_then(|text| text.parse().ok()).unwrap_or(0.0);
            let since = std::time::Duration::try_from_secs_f64(since).unwrap_or_default();
            Reply::ok(&shared.with_cloud(|cloud| json!(cloud.happenings_since(since))))
        }
        ("GET", ["journal"]) => {
            let number = |name: &str| request.query(name).and_then(|text| text.parse::<u64>().ok());
            let limit = number("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(JOURNAL_PAGE);
            let entries = shared.journal.since(number("since").unwrap_or(0), limit);
            Reply::ok(&json!(entries.iter().map(|entry| &**entry).collect::<Vec<_>>()))
        }
        ("GET", ["ports"]) => Reply::ok(&json!(shared.ports())),
        ("GET", ["vim"]) => Reply::ok(&json!(shared.vim())),
        ("PUT", ["vim"]) => set_vim(shared, request),
        ("GET", ["faults"]) => Reply::ok(&json!(shared.with_faults(|faults, now| faults.list(now)))),
        ("POST", ["faults"]) => match serde_json::from_slice::<Rule>(&request.body) {
            Ok(rule) => {
                Reply::json(201, &json!({"id": shared.with_faults(|faults, now| faults.add(rule, now))}))
            }
            Err(error) => bad(&error.to_string()),
        },
        ("DELETE", ["faults"]) => {
            shared.with_faults(|faults, _| faults.clear(None, request.query("service")));
            Reply::empty(204)
        }
        ("DELETE", ["faults", id]) => match id.parse() {
            Ok(id) => {
                shared.with_faults(|faults, _| faults.clear(Some(id), None));
                Reply::empty(204)
            }
            Err(_) => bad("the id of a rule is a number"),
        },
        ("POST", ["do"]) => match serde_json::from_slice::<Command>(&request.body) {
            Ok(command) => match perform(shared, command) {
                Ok(()) => Reply::ok(&json!({"ok": true})),
                Err(text) => Reply::json(409, &json!({"ok": false, "error": text})),
            },
            Err(error) => bad(&error.to_string()),
        },
        ("POST", ["scenario"]) => start_scenario(shared, request),
        ("GET", ["report"]) => {
            let play = shared.play.lock().unwrap_or_else(PoisonError::into_inner).clone();
            match play {
                Some(play) => Reply::ok(&json!(play.report())),
                None => Reply::json(404, &json!({"ok": false, "error": "no scenario was started"})),
            }
        }
        ("POST", ["shutdown"]) => {
            let shared = Arc::clone(shared);
            tokio::spawn(async move {
                // Lets this answer reach its client first.
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                shared.stop();
            });
            Reply::ok(&json!({"ok": true}))
        }
        _ => Reply::json(404, &json!({"ok": false, "error": "unknown path or method; GET / lists them"})),
    }
}

fn bad(text: &str) -> Reply {
    Reply::json(400, &json!({"ok": false, "error": text}))
}

fn help() -> Value {
    json!({
        "GET": ["/state", "/hosts", "/vms", "/alarms", "/guests", "/history", "/events?since=SECONDS",
            "/journal?since=SEQ&limit=N", "/ports", "/vim", "/faults", "/report"],
        "POST": ["/do", "/faults", "/scenario", "/shutdown"],
        "PUT": ["/vim"],
        "DELETE": ["/faults", "/faults/ID"],
    })
}

fn set_vim(shared: &Shared, request: &Request) -> Reply {
    let mut vim = shared.vim();
    let body = request.json();
    let set = |field: &mut String, key: &str| {
        if let Some(text) = body[key].as_str() {
            text.clone_into(field);
        }
    };
    let VimAddresses { infrastructure, guest, listener, listener_key } = &mut vim;
    set(infrastructure, "infrastructure");
    set(guest, "guest");
    set(listener, "listener");
    set(listener_key, "listener_key");
    shared.set_vim(vim.clone());
    Reply::ok(&json!(vim))
}

fn start_scenario(shared: &Arc<Shared>, request: &Request) -> Reply {
    let json = request.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    let scenario = if json {
        serde_json::from_slice::<Scenario>(&request.body).map_err(|error| error.to_string())
    } else {
        let text = String::from_utf8_lossy(&request.body);
        Scenario::parse(&text).map_err(|error| error.to_string())
    };
    match scenario {
        Err(error) => bad(&error),
        Ok(scenario) => match run::start(shared, scenario) {
            Ok(_) => Reply::json(202, &json!({"ok": true})),
            Err(error) => Reply::json(409, &json!({"ok": false, "error": error})),
        },
    }
}

fn state(cloud: &Cloud) -> Value {
    json!({"at": cloud.now().as_secs_f64(), "hosts": hosts(cloud), "vms": vms(cloud, "*"), "alarms": cloud.alarms})
}

fn hosts(cloud: &Cloud) -> Value {
    let usage = cloud.usage();
    let list = cloud.hosts.values().map(|host| {
        let used = usage.get(host.name.as_str()).copied().unwrap_or_default();
        let compute = host.compute.as_ref().map(|compute| {
            json!({
                "status": if compute.enabled { "enabled" } else { "disabled" },
                "state": if cloud.compute_is_up(compute) { "up" } else { "down" },
                "forced_down": compute.forced_down,
                "disabled_reason": compute.disabled_reason,
                "uuid": compute.uuid,
                "hypervisor": compute.hypervisor_uuid,
            })
        });
        let network = cloud.network_hosts.get(&host.uuid).map(|entry| entry.up);
        let guest = cloud.guests.hosts.get(&host.uuid).map(|entry| entry.enabled);
        json!({
            "name": host.name, "uuid": host.uuid, "personality": host.personality,
            "administrative": host.admin.as_str(), "operational": host.oper.as_str(),
            "availability": host.avail.as_str(), "action": host.action, "task": host.task,
            "vim_progress": host.vim_progress, "alive": host.alive, "uptime": host.uptime(cloud.now()),
            "compute": compute, "network_up": network, "guest_enabled": guest,
            "vcpus": host.vcpus, "vcpus_used": used.vcpus, "vms": used.servers,
        })
    });
    Value::Array(list.collect())
}

fn vms(cloud: &Cloud, pattern: &str) -> Value {
    let wanted = cloud.servers.values().filter(|server| glob::matches(pattern, &server.name));
    let list = wanted.map(|server| {
        json!({
            "name": server.name, "uuid": server.id, "status": server.status(),
            "vm_state": server.state.as_str(), "task_state": server.task,
            "power_state": server.power.number(), "runs": cloud.guest_runs(&server.id), "boots": server.boots,
            "host": server.host, "target": server.destination(),
            "flavor": server.flavor.name, "boot": if server.image.is_some() { "image" } else { "volume" },
            "metadata": server.metadata, "group": server.group,
            "fault": server.failure.as_ref().map(|failure| failure.message.as_str()),
        })
    });
    Value::Array(list.collect())
}

fn guests(cloud: &Cloud) -> Value {
    Value::Array(cloud.guests.instances.keys().filter_map(|id| cloud.guest_json(id)).collect())
}
