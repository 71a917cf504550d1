//! guestAgent's command port. Contract: southbound 3.10.

use serde_json::{Value, json};

use super::{Reply, Request};
use crate::model::Cloud;
use crate::model::guest::{ANSWER_TIMEOUT, GuestHost, GuestInstance};

/// Answers a request.
pub fn answer(cloud: &mut Cloud, request: &Request) -> Reply {
    let body = request.json();
    match (request.method.as_str(), request.segments().as_slice()) {
        (method, ["v1", "hosts", rest @ ..]) => host(cloud, method, rest, &body),
        (method, ["v1", "instances", rest @ ..]) => instance(cloud, method, rest, &body),
        _ => unknown("path"),
    }
}

fn unknown(what: &str) -> Reply {
    Reply::json(404, &json!({"status": "fail", "reason": format!("{what} not found")}))
}

fn word(on: bool) -> &'static str {
    if on { "enabled" } else { "disabled" }
}

fn host(cloud: &mut Cloud, method: &str, rest: &[&str], body: &Value) -> Reply {
    let hosts = &mut cloud.guests.hosts;
    match (method, rest) {
        ("POST", [id]) => {
            let Some(hostname) = body["hostname"].as_str() else {
                return Reply::json(400, &json!({"status": "fail", "reason": "missing hostname"}));
            };
            let entry = hosts
                .entry((*id).to_owned())
                .or_insert_with(|| GuestHost { hostname: hostname.to_owned(), enabled: false });
            entry.hostname = hostname.to_owned();
            Reply::ok(&json!({"status": "pass"}))
        }
        ("PUT", [id, verb @ ("enable" | "disable")]) => match hosts.get_mut(*id) {
            Some(host) => {
                host.enabled = *verb == "enable";
                Reply::ok(&json!({"status": "pass"}))
            }
            None => unknown("host"),
        },
        ("DELETE", [id]) => match hosts.remove(*id) {
            Some(_) => Reply::empty(204),
            None => unknown("host"),
        },
        ("GET", [id] | [id, "disable" | "enable"]) => match hosts.get(*id) {
            Some(host) => {
                Reply::ok(&json!({"uuid": id, "hostname": host.hostname, "state": word(host.enabled)}))
            }
            None => unknown("host"),
        },
        _ => unknown("path"),
    }
}

/// The state of the heartbeat in a list of services: null, absent or none of them = no wish.
fn heartbeat(body: &Value) -> Option<bool> {
    body["services"]
        .as_array()?
        .iter()
        .find(|service| service["service"] == "heartbeat")
        .map(|service| service["state"] == "enabled")
}

fn instance(cloud: &mut Cloud, method: &str, rest: &[&str], body: &Value) -> Reply {
    let hostname = body["hostname"].as_str();
    match (method, rest) {
        ("POST", [id]) => {
            let wanted = heartbeat(body).unwrap_or(false);
            let new = GuestInstance {
                hostname: hostname.unwrap_or_default().to_owned(),
                enabled: false,
                beating: false,
                generation: 0,
            };
            cloud.guests.instances.entry((*id).to_owned()).or_insert(new);
            cloud.set_guest_service(id, hostname, wanted);
            show(cloud, id)
        }
        ("PATCH", [id]) => match heartbeat(body) {
            Some(wanted) if cloud.set_guest_service(id, hostname, wanted) => show(cloud, id),
            Some(_) => unknown("instance"),
            None => Reply::json(400, &json!({"status": "fail", "reason": "missing service"})),
        },
        ("GET", [id]) => show(cloud, id),
        ("DELETE", [id]) => match cloud.guests.instances.remove(*id) {
            Some(_) => Reply::empty(204),
            None => unknown("instance"),
        },
        ("POST", [id, kind @ ("vote" | "notify")]) => {
            let action = body["action"].as_str().unwrap_or("unknown");
            if !cloud.ask_guest(id, action, *kind == "vote") {
                return unknown("instance");
            }
            Reply::ok(&json!({
                "uuid": id, "hostname": hostname.unwrap_or_default(), "action": action,
                "timeout": ANSWER_TIMEOUT,
            }))
        }
        _ => unknown("path"),
    }
}

fn show(cloud: &Cloud, id: &str) -> Reply {
    match cloud.guest_json(id) {
        Some(body) => Reply::ok(&body),
        None => unknown("instance"),
    }
}
