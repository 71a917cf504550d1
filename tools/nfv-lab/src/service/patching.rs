//! The patching controller's REST interface. Contract: southbound 3.11.

use serde_json::{Value, json};

use super::{Reply, Request};
use crate::model::Cloud;

/// Answers a request.
pub fn answer(cloud: &mut Cloud, request: &Request) -> Reply {
    match (request.method.as_str(), request.segments().as_slice()) {
        ("GET", ["v1" | "patch", "query"]) => {
            let patches: serde_json::Map<String, Value> = cloud
                .patching
                .patches
                .iter()
                .map(|(name, patch)| {
                    let body = json!({
                        "sw_version": patch.sw_version, "repostate": patch.repo_state,
                        "patchstate": patch.patch_state, "status": "REL",
                        "reboot_required": if patch.reboot_required { "Y" } else { "N" },
                        "summary": "", "requires": [],
                    });
                    (name.clone(), body)
                })
                .collect();
            Reply::ok(&json!({"pd": patches, "info": "", "warning": "", "error": ""}))
        }
        ("GET", ["v1" | "patch", "query_hosts"]) => Reply::ok(&cloud.patch_hosts_json()),
        ("POST", ["v1" | "patch", "host_install_async", host]) => {
            let (info, error) = match cloud.install_patches(host) {
                Ok(()) => (format!("Patch installation request sent to {host}."), String::new()),
                Err(text) => (String::new(), text),
            };
            Reply::ok(&json!({"info": info, "warning": "", "error": error}))
        }
        _ => Reply::json(404, &json!({"error": "The resource could not be found."})),
    }
}
