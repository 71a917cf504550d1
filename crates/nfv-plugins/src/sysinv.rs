//! sysinv, the inventory. Contract: southbound 3.8.

use crate::openstack::caller::{Caller, InAnswer};
use crate::openstack::catalog::Service;
use crate::openstack::fields::{self, FieldError, encoded};
use crate::openstack::rest::Request;
use nfv_nfvi::CallError;
use nfv_nfvi::call::{HostRequest, HostServicesNotice};
use nfv_nfvi::object::{Seconds, System, Upgrade};
use reqwest::Method;
use serde_json::{Value, json};

/// A host as sysinv knows it; its states are known to maintenance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InventoryHost {
    pub uuid: String,
    pub name: String,
    pub personality: String,
    pub subfunctions: String,
    pub action: String,
    pub software_load: Option<String>,
    pub target_load: Option<String>,
    pub uptime: Seconds,
    /// Name of the group of storage hosts it belongs to.
    pub peers: Option<String>,
}

/// The labels the VIM knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Labels {
    pub openstack_compute: bool,
    pub openstack_control: bool,
}

async fn request(
    caller: &mut Caller<'_>,
    function: &'static str,
    method: Method,
    path: &str,
) -> Result<Request, CallError> {
    let base = caller.base(Service::Sysinv).await?;
    Ok(Request::new("sysinv", function, method, format!("{base}{path}")))
}

/// The first system; none when there is none yet.
pub(crate) async fn system_info(caller: &mut Caller<'_>) -> Result<Option<System>, CallError> {
    let get = request(caller, "get_system_info", Method::GET, "/isystems").await?;
    let body = caller.read(get).await?;
    let systems = fields::list(&body, "isystems").in_answer("sysinv isystems")?;
    let read = |entry: &Value| {
        let description = fields::optional_text(entry, "description").unwrap_or_default();
        Ok(System { name: fields::text(entry, "name")?, description })
    };
    systems.first().map(read).transpose().in_answer("sysinv isystems")
}

fn host_from(entry: &Value) -> Result<InventoryHost, FieldError> {
    Ok(InventoryHost {
        uuid: fields::text(entry, "uuid")?,
        name: fields::text(entry, "hostname")?,
        personality: fields::optional_text(entry, "personality").unwrap_or_default(),
        subfunctions: fields::text(entry, "subfunctions")?,
        action: fields::optional_text(entry, "ihost_action").unwrap_or_default(),
        software_load: fields::optional_text(entry, "software_load"),
        target_load: fields::optional_text(entry, "target_load"),
        uptime: Seconds(fields::optional_count(entry, "uptime").unwrap_or(0)),
        peers: fields::optional_text(&entry["peers"], "name"),
    })
}

/// All hosts that have a name and sub-functions; the others are not set up yet.
pub(crate) async fn hosts(caller: &mut Caller<'_>) -> Result<Vec<InventoryHost>, CallError> {
    let get = request(caller, "get_hosts", Method::GET, "/ihosts").await?;
    let body = caller.read(get).await?;
    let entries = fields::list(&body, "ihosts").in_answer("sysinv ihosts")?;
    let set_up = |entry: &&Value| !entry["hostname"].is_null() && !entry["subfunctions"].is_null();
    entries.iter().filter(set_up).map(host_from).collect::<Result<_, _>>().in_answer("sysinv ihosts")
}

pub(crate) async fn host(caller: &mut Caller<'_>, uuid: &str) -> Result<InventoryHost, CallError> {
    let get = request(caller, "get_host", Method::GET, &format!("/ihosts/{}", encoded(uuid))).await?;
    let body = caller.read(get).await?;
    host_from(&body).in_answer("sysinv ihosts")
}

pub(crate) async fn labels(caller: &mut Caller<'_>, uuid: &str) -> Result<Labels, CallError> {
    let path = format!("/ihosts/{}/labels", encoded(uuid));
    let get = request(caller, "get_host_labels", Method::GET, &path).await?;
    let body = caller.read(get).await?;
    let labels = fields::list(&body, "labels").in_answer("sysinv labels")?;
    let has =
        |key: &str| labels.iter().any(|label| label["label_key"] == key && label["label_value"] == "enabled");
    Ok(Labels {
        openstack_compute: has("openstack-compute-node"),
        openstack_control: has("openstack-control-plane"),
    })
}

/// Tells sysinv about a host's services. The host as sysinv has it afterwards; none when it is removed.
pub(crate) async fn notify_services(
    caller: &mut Caller<'_>,
    uuid: &str,
    notice: &HostServicesNotice,
) -> Result<Option<InventoryHost>, CallError> {
    let (function, action, reason) = match notice {
        HostServicesNotice::Enabled => ("notify_host_services_enabled", "services-enabled", None),
        HostServicesNotice::Disabled => ("notify_host_services_disabled", "services-disabled", None),
        HostServicesNotice::DisableExtend => {
            ("notify_host_services_disable_extend", "services-disable-extend", None)
        }
        HostServicesNotice::DisableFailed { reason } => {
            ("notify_host_services_disable_failed", "services-disable-failed", Some(reason))
        }
        HostServicesNotice::DeleteFailed { reason } => {
            ("notify_host_services_delete_failed", "services-delete-failed", Some(reason))
        }
        HostServicesNotice::Deleted => {
            let path = format!("/ihosts/{}", encoded(uuid));
            let delete = request(caller, "notify_host_services_deleted", Method::DELETE, &path).await?;
            return caller.send(delete.json_type().vim_agent()).await.map(|_| None);
        }
    };
    let mut patch = vec![replace("/action", action)];
    patch.extend(reason.map(|reason| replace("/vim_progress_status", reason)));
    let body = patch_host(caller, function, uuid, patch).await?;
    host_from(&body).map(Some).in_answer("sysinv ihosts")
}

/// Asks sysinv for an action on a host.
pub(crate) async fn request_host(
    caller: &mut Caller<'_>,
    uuid: &str,
    wanted: HostRequest,
) -> Result<(), CallError> {
    let (function, action) = match wanted {
        HostRequest::Lock => ("lock_host", "lock"),
        HostRequest::Unlock => ("unlock_host", "unlock"),
        HostRequest::Reboot => ("reboot_host", "reboot"),
        HostRequest::Swact => ("swact_from_host", "swact"),
        HostRequest::Upgrade => {
            let path = format!("/ihosts/{}/upgrade", encoded(uuid));
            let post = request(caller, "upgrade_host", Method::POST, &path).await?;
            return caller.send(post.vim_agent().json(&json!({"force": "false"}))).await.map(drop);
        }
    };
    let path = format!("/ihosts/{}", encoded(uuid));
    let patch = request(caller, function, Method::PATCH, &path).await?.vim_agent();
    caller.send(patch.json(&Value::Array(vec![replace("/action", action)]))).await.map(drop)
}

fn replace(path: &str, value: &str) -> Value {
    json!({"path": path, "value": value, "op": "replace"})
}

async fn patch_host(
    caller: &mut Caller<'_>,
    function: &'static str,
    uuid: &str,
    patch: Vec<Value>,
) -> Result<Value, CallError> {
    let path = format!("/ihosts/{}", encoded(uuid));
    let request = request(caller, function, Method::PATCH, &path).await?.vim_agent();
    caller.read(request.json(&Value::Array(patch))).await
}

/// A step of an upgrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UpgradeStep {
    Start,
    Activate,
    Complete,
}

fn upgrade_from(entry: &Value) -> Result<Upgrade, FieldError> {
    Ok(Upgrade {
        state: fields::text(entry, "state")?,
        from_release: fields::text(entry, "from_release")?,
        to_release: fields::text(entry, "to_release")?,
    })
}

/// The upgrade under way, if any.
pub(crate) async fn upgrade(caller: &mut Caller<'_>) -> Result<Option<Upgrade>, CallError> {
    let get = request(caller, "get_upgrade", Method::GET, "/upgrade").await?;
    let body = caller.read(get).await?;
    let upgrades = fields::list(&body, "upgrades").in_answer("sysinv upgrade")?;
    upgrades.first().map(upgrade_from).transpose().in_answer("sysinv upgrade")
}

pub(crate) async fn step_upgrade(caller: &mut Caller<'_>, step: UpgradeStep) -> Result<Upgrade, CallError> {
    let (function, method, body) = match step {
        UpgradeStep::Start => ("upgrade_start", Method::POST, Some(json!({"force": "false"}))),
        UpgradeStep::Activate => {
            let activate = json!([replace("/state", "activation-requested")]);
            ("upgrade_activate", Method::PATCH, Some(activate))
        }
        UpgradeStep::Complete => ("upgrade_complete", Method::DELETE, None),
    };
    let request = request(caller, function, method, "/upgrade").await?.vim_agent();
    let request = match body {
        Some(body) => request.json(&body),
        None => request.json_type(),
    };
    let body = caller.read(request).await?;
    upgrade_from(&body).in_answer("sysinv upgrade")
}
