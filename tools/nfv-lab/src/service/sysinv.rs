//! sysinv, the platform's inventory. Contract: southbound 3.8.

use serde_json::{Value, json};

use super::{Reply, Request};
use crate::model::Cloud;
use crate::model::platform::HostFault;

/// Answers a request.
pub fn answer(cloud: &mut Cloud, request: &Request) -> Reply {
    let segments = request.segments();
    let Some((&"v1", rest)) = segments.split_first() else {
        return fault(404, "The resource could not be found.");
    };
    match (request.method.as_str(), rest) {
        ("GET", ["isystems"]) => {
            let name = &cloud.features.system_name;
            let system = json!({
                "uuid": cloud.stable_id("system", name), "name": name, "description": "",
                "software_version": cloud.features.software_load, "system_type": "Standard",
            });
            Reply::ok(&json!({"isystems": [system]}))
        }
        ("GET", ["ihosts"]) => {
            let hosts: Vec<_> = cloud.hosts.values().map(|host| cloud.ihost_json(host)).collect();
            Reply::ok(&json!({"ihosts": hosts}))
        }
        ("GET", ["ihosts", id]) => show(cloud, id),
        ("PATCH", ["ihosts", id]) => match patch(cloud, id, &request.json()) {
            Ok(()) => show(cloud, id),
            Err(error) => host_fault(&error),
        },
        ("DELETE", ["ihosts", id]) => {
            let from_vim = request.header("user-agent") == Some("vim/1.0");
            let done = if from_vim { cloud.remove_host(id) } else { cloud.delete_host(id) };
            match done {
                Ok(()) => Reply::empty(204),
                Err(error) => host_fault(&error),
            }
        }
        ("GET", ["ihosts", id, "labels"]) => match cloud.host_by(id) {
            Some(host) => {
                let labels: Vec<_> = host
                    .labels
                    .iter()
                    .map(|(key, value)| {
                        json!({
                            "uuid": cloud.stable_id("label", &format!("{}/{key}", host.name)),
                            "host_uuid": host.uuid, "label_key": key, "label_value": value,
                        })
                    })
                    .collect();
                Reply::ok(&json!({"labels": labels}))
            }
            None => unknown(id),
        },
        ("GET", ["ihosts", id, "ilvgs"]) => match cloud.host_by(id) {
            Some(_) => Reply::ok(&json!({"ilvgs": []})),
            None => unknown(id),
        },
        ("POST", ["ihosts", id, "upgrade"]) => match cloud.upgrade_host(id) {
            Ok(()) => show(cloud, id),
            Err(error) => host_fault(&error),
        },
        ("GET", ["upgrade"]) => {
            let upgrades: Vec<_> = cloud.upgrade.iter().map(|upgrade| upgrade.json()).collect();
            Reply::ok(&json!({"upgrades": upgrades}))
        }
        ("POST", ["upgrade"]) => upgrade(cloud.upgrade_start()),
        ("PATCH", ["upgrade"]) => {
            let body = request.json();
            match operation(&body, "/state") {
                Some("activation-requested") => upgrade(cloud.upgrade_activate()),
                _ => fault(400, "Invalid state requested."),
            }
        }
        ("DELETE", ["upgrade"]) => upgrade(cloud.upgrade_complete()),
        _ => fault(404, "The resource could not be found."),
    }
}

fn upgrade(done: Result<crate::model::upgrade::Upgrade, HostFault>) -> Reply {
    match done {
        Ok(upgrade) => Reply::ok(&upgrade.json()),
        Err(error) => host_fault(&error),
    }
}

fn show(cloud: &Cloud, id: &str) -> Reply {
    match cloud.host_by(id) {
        Some(host) => Reply::ok(&cloud.ihost_json(host)),
        None => unknown(id),
    }
}

fn unknown(id: &str) -> Reply {
    fault(404, &format!("Server {id} could not be found."))
}

fn host_fault(error: &HostFault) -> Reply {
    match error {
        HostFault::NotFound(text) => fault(404, text),
        HostFault::Refused(text) => fault(400, text),
    }
}

/// pecan's form: JSON in a text in JSON. Contract: southbound 2.4.
fn fault(status: u16, text: &str) -> Reply {
    let inner = json!({"debuginfo": null, "faultcode": "Client", "faultstring": text}).to_string();
    Reply::json(status, &json!({"error_message": inner}))
}

/// The value of the JSON-patch operation on that path.
fn operation<'a>(body: &'a Value, path: &str) -> Option<&'a str> {
    body.as_array()?.iter().find(|operation| operation["path"] == path)?["value"].as_str()
}

fn patch(cloud: &mut Cloud, id: &str, body: &Value) -> Result<(), HostFault> {
    let reason = operation(body, "/vim_progress_status").unwrap_or_default();
    match operation(body, "/action") {
        Some("services-enabled") => cloud.services_enabled(id),
        Some("services-disabled") => cloud.services_disabled(id),
        Some("services-disable-extend") => cloud.services_disable_extend(id),
        Some("services-disable-failed") => cloud.services_disable_failed(id, reason),
        Some("services-delete-failed") => cloud.services_delete_failed(id, reason),
        Some("lock") => cloud.lock_host(id, false),
        Some("force-lock") => cloud.lock_host(id, true),
        Some("unlock" | "force-unlock") => cloud.unlock_host(id),
        Some("reboot" | "reset") => cloud.reboot_host(id),
        Some("swact" | "force-swact") => cloud.swact_host(id),
        Some(other) => Err(HostFault::Refused(format!("Action '{other}' is not supported"))),
        None => Err(HostFault::Refused("No action in the request".into())),
    }
}
