//! Fault management over REST. Contract: southbound 12.7.

use serde_json::json;

use super::{Reply, Request};
use crate::model::Cloud;

/// Answers a request.
pub fn answer(cloud: &mut Cloud, request: &Request) -> Reply {
    let segments = request.segments();
    let path = segments.strip_prefix(&["v1"]).unwrap_or(&segments);
    match (request.method.as_str(), path) {
        ("GET", ["alarms"]) => Reply::ok(&json!({"alarms": cloud.alarms})),
        ("GET", ["alarms", uuid]) => match cloud.alarms.iter().find(|alarm| alarm.uuid == *uuid) {
            Some(alarm) => Reply::ok(&json!(alarm)),
            None => fault(404, &format!("Alarm {uuid} could not be found.")),
        },
        ("DELETE", ["alarms", uuid]) => {
            let before = cloud.alarms.len();
            cloud.alarms.retain(|alarm| alarm.uuid != *uuid);
            if cloud.alarms.len() == before {
                fault(404, &format!("Alarm {uuid} could not be found."))
            } else {
                Reply::empty(204)
            }
        }
        ("GET", ["event_log"]) => Reply::ok(&json!({"event_log": []})),
        _ => fault(404, "The resource could not be found."),
    }
}

fn fault(status: u16, text: &str) -> Reply {
    let inner = json!({"faultcode": "Client", "faultstring": text}).to_string();
    Reply::json(status, &json!({"error_message": inner}))
}
