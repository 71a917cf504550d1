//! mtcAgent's command port. Contract: southbound 3.9.

use serde_json::json;

use super::{Reply, Request};
use crate::model::Cloud;

/// Answers a request.
pub fn answer(cloud: &mut Cloud, request: &Request) -> Reply {
    if request.header("user-agent") != Some("vim/1.0") {
        return Reply::json(400, &json!({"status": "fail", "reason": "unknown client"}));
    }
    match (request.method.as_str(), request.segments().as_slice()) {
        ("GET", ["v1", "systems"]) => {
            if cloud.now().as_secs_f64() < cloud.features.mtc_ready_after {
                return Reply::empty(202);
            }
            let hosts: Vec<_> = cloud
                .hosts
                .values()
                .map(|host| {
                    json!({"uuid": host.uuid, "hostname": host.name, "uptime": host.uptime(cloud.now())})
                })
                .collect();
            Reply::ok(&json!({"hosts": hosts}))
        }
        ("GET", ["v1", "hosts", id]) => match cloud.host_by(id) {
            Some(host) => Reply::ok(&json!({
                "status": "pass", "uuid": host.uuid, "hostname": host.name, "state": host.state_json(),
            })),
            None => unknown(id),
        },
        ("PATCH", ["v1", "hosts", id]) => {
            if request.json()["severity"] != "failed" {
                return Reply::json(405, &json!({"status": "fail", "reason": "unsupported severity"}));
            }
            match cloud.severity_failed(id) {
                Ok(()) => Reply::ok(&json!({"status": "pass"})),
                Err(_) => unknown(id),
            }
        }
        _ => Reply::json(404, &json!({"status": "fail", "reason": "not found"})),
    }
}

fn unknown(id: &str) -> Reply {
    Reply::json(404, &json!({"status": "fail", "reason": format!("host {id} not found")}))
}
