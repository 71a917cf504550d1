//! Patching, and the calls of the software management plugin. Contract: southbound 3.11, 5.7.

use crate::openstack::caller::{Caller, InAnswer};
use crate::openstack::catalog::Service;
use crate::openstack::fields::{self, encoded};
use crate::openstack::rest::Request;
use nfv_nfvi::call::SwMgmtCall;
use nfv_nfvi::object::{HostSwPatch, SwPatch};
use nfv_nfvi::{Answer, CallError, CallResult};
use reqwest::Method;
use serde_json::Value;

/// Makes a call of the software management plugin.
pub(crate) async fn perform(caller: &mut Caller<'_>, call: SwMgmtCall) -> CallResult {
    match call {
        SwMgmtCall::QueryUpdates => {
            let get = request(caller, "query_patches", Method::GET, "/query").await?;
            let body = caller.read(get).await?;
            fields::object(&body, "pd").in_answer("patching query")?;
            let read = |(name, entry): (&String, &Value)| {
                Ok(SwPatch {
                    name: name.clone(),
                    sw_version: fields::text(entry, "sw_version")?,
                    repo_state: fields::text(entry, "repostate")?,
                    patch_state: fields::text(entry, "patchstate")?,
                })
            };
            let patches = fields::entries(&body, "pd").map(read).collect::<Result<_, _>>();
            patches.map(Answer::SwPatches).in_answer("patching query")
        }
        SwMgmtCall::QueryHosts => {
            let get = request(caller, "query_hosts", Method::GET, "/query_hosts").await?;
            let body = caller.read(get).await?;
            let entries = fields::list(&body, "data").in_answer("patching query_hosts")?;
            let hosts = entries.iter().map(host_from).collect::<Result<_, _>>();
            hosts.map(Answer::HostSwPatches).in_answer("patching query_hosts")
        }
        SwMgmtCall::UpdateHosts { host_names } => {
            for name in host_names {
                let path = format!("/host_install_async/{}", encoded(&name));
                let post = request(caller, "host_install_async", Method::POST, &path).await?;
                caller.send(post).await?;
            }
            Ok(Answer::Done)
        }
    }
}

fn host_from(entry: &Value) -> Result<HostSwPatch, fields::FieldError> {
    Ok(HostSwPatch {
        name: fields::text(entry, "hostname")?,
        personality: fields::optional_text(entry, "subfunctions").unwrap_or_else(|| {
            // patching shows a list in some releases
            fields::texts(entry, "subfunctions").join(",")
        }),
        sw_version: fields::text(entry, "sw_version")?,
        requires_reboot: fields::flag(entry, "requires_reboot")?,
        patch_current: fields::flag(entry, "patch_current")?,
        state: fields::text(entry, "state")?,
        patch_failed: fields::flag(entry, "patch_failed")?,
        interim_state: fields::flag(entry, "interim_state")?,
    })
}

async fn request(
    caller: &mut Caller<'_>,
    function: &'static str,
    method: Method,
    path: &str,
) -> Result<Request, CallError> {
    let base = caller.base(Service::Patching).await?;
    Ok(Request::new("patching", function, method, format!("{base}/v1{path}")))
}
