//! Nova: queries, flavors and the service record of a host. Contract: southbound 3.1, 3.3, 5.2.1, 5.2.3.

use super::caller::{Caller, InAnswer, bad_answer, is_404};
use super::catalog::Service;
use super::fields::{self, encoded};
use super::rest::Request;
use nfv_nfvi::answer::Paged;
use nfv_nfvi::call::Page;
use nfv_nfvi::object::{
    AdminState, HEARTBEAT, HostAggregate, Hypervisor, HypervisorStatistics, InstanceGroup, InstanceType,
    InstanceTypeDetails, OperState,
};
use nfv_nfvi::{CallError, ErrorKind};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The version most requests ask for.
pub(super) const VERSION: &str = "2.53";
pub(super) const VERSION_HEADER: &str = "X-OpenStack-Nova-API-Version";
/// The version that knows StarlingX's way to make a service record.
const CREATE_SERVICE_VERSION: &str = "2.38";
const BINARY: &str = "nova-compute";

/// `{base}/v2.1/{project of the token}{path}`.
async fn url(caller: &mut Caller<'_>, path: &str) -> Result<String, CallError> {
    let base = caller.base(Service::Nova).await?;
    let token = caller.token().await?;
    Ok(format!("{base}/v2.1/{}{path}", token.project_id))
}

async fn request(
    caller: &mut Caller<'_>,
    function: &'static str,
    method: Method,
    path: &str,
) -> Result<Request, CallError> {
    let url = url(caller, path).await?;
    Ok(Request::new("nova", function, method, url).wrs().header(VERSION_HEADER, VERSION))
}

async fn get(caller: &mut Caller<'_>, function: &'static str, path: &str) -> Result<Value, CallError> {
    let request = request(caller, function, Method::GET, path).await?;
    caller.read(request).await
}

pub(crate) async fn host_aggregates(caller: &mut Caller<'_>) -> Result<Vec<HostAggregate>, CallError> {
    let body = get(caller, "get_host_aggregates", "/os-aggregates").await?;
    let read = |entry: &Value| {
        Ok(HostAggregate {
            name: fields::text(entry, "name")?,
            host_names: fields::texts(entry, "hosts"),
            availability_zone: fields::optional_text(entry, "availability_zone"),
        })
    };
    let entries = fields::list(&body, "aggregates").in_answer("nova os-aggregates")?;
    entries.iter().map(read).collect::<Result<_, _>>().in_answer("nova os-aggregates")
}

fn hypervisor_from(entry: &Value) -> Result<Hypervisor, fields::FieldError> {
    let unlocked = entry["status"] == "enabled";
    let enabled = entry["state"] == "up";
    Ok(Hypervisor {
        uuid: fields::text(entry, "id")?,
        admin_state: if unlocked { AdminState::Unlocked } else { AdminState::Locked },
        oper_state: if enabled { OperState::Enabled } else { OperState::Disabled },
        host_name: fields::text(entry, "hypervisor_hostname")?,
        statistics: None,
    })
}

pub(crate) async fn hypervisors(caller: &mut Caller<'_>) -> Result<Vec<Hypervisor>, CallError> {
    let body = get(caller, "get_hypervisors", "/os-hypervisors").await?;
    let entries = fields::list(&body, "hypervisors").in_answer("nova os-hypervisors")?;
    entries.iter().map(hypervisor_from).collect::<Result<_, _>>().in_answer("nova os-hypervisors")
}

pub(crate) async fn hypervisor(caller: &mut Caller<'_>, id: &str) -> Result<Hypervisor, CallError> {
    let body = get(caller, "get_hypervisor", &format!("/os-hypervisors/{}", encoded(id))).await?;
    let entry = fields::object(&body, "hypervisor").in_answer("nova os-hypervisors")?;
    let mut hypervisor = hypervisor_from(entry).in_answer("nova os-hypervisors")?;
    hypervisor.statistics = statistics(entry);
    if hypervisor.statistics.is_none() {
        tracing::error!("Hypervisor {id} has no complete statistics.");
    }
    Ok(hypervisor)
}

/// All numbers or none.
fn statistics(entry: &Value) -> Option<HypervisorStatistics> {
    let number = |key| fields::optional_number(entry, key);
    Some(HypervisorStatistics {
        vcpus_used: number("vcpus_used")?,
        vcpus_max: number("vcpus")?,
        mem_used_mb: number("memory_mb_used")?,
        mem_free_mb: number("free_ram_mb")?,
        mem_max_mb: number("memory_mb")?,
        disk_used_gb: number("local_gb_used")?,
        disk_max_gb: number("local_gb")?,
        running_vms: number("running_vms")?,
    })
}

pub(crate) async fn flavors(caller: &mut Caller<'_>, page: &Page) -> Result<Paged<InstanceType>, CallError> {
    let url = match &page.next {
        Some(next) => next.clone(),
        None => url(caller, &format!("/flavors?is_public=None&limit={}", page.limit)).await?,
    };
    let request = Request::new("nova", "get_flavors", Method::GET, url).wrs().header(VERSION_HEADER, VERSION);
    let body = caller.read(request).await?;
    let read = |entry: &Value| {
        let (uuid, name) = (fields::text(entry, "id")?, fields::text(entry, "name")?);
        Ok(InstanceType { uuid, name, details: None })
    };
    let entries = fields::list(&body, "flavors").in_answer("nova flavors")?;
    Ok(Paged {
        entries: entries.iter().map(read).collect::<Result<_, _>>().in_answer("nova flavors")?,
        next: fields::next_link(&body, "flavors_links"),
    })
}

/// A flavor and its extra specs, each as Nova shows them, as one instance type.
fn flavor_from(flavor: &Value, specs: &Value) -> Result<InstanceType, String> {
    let field = |error: fields::FieldError| error.to_string();
    let spec = |key: &str| fields::optional_text(specs, key).filter(|text| !text.is_empty());
    let number = |key: &str| match spec(key) {
        Some(text) => {
            text.trim().parse().map(Some).map_err(|_| format!("extra spec {key}: {text:?} is no number"))
        }
        None => Ok(None),
    };
    let auto_recovery = match spec("sw:wrs:auto_recovery") {
        None => None,
        Some(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Some(text) if text.eq_ignore_ascii_case("false") => Some(false),
        Some(text) => {
            return Err(format!("extra spec sw:wrs:auto_recovery: {text:?} is neither true nor false"));
        }
    };
    let mut guest_services = BTreeMap::new();
    if spec("sw:wrs:guest:heartbeat").is_some_and(|text| text.eq_ignore_ascii_case("true")) {
        guest_services.insert(HEARTBEAT.to_owned(), true);
    }
    Ok(InstanceType {
        uuid: fields::text(flavor, "id").map_err(field)?,
        name: fields::text(flavor, "name").map_err(field)?,
        details: Some(InstanceTypeDetails {
            vcpus: fields::count(flavor, "vcpus").map_err(field)?,
            mem_mb: fields::count(flavor, "ram").map_err(field)?,
            disk_gb: fields::count(flavor, "disk").map_err(field)?,
            ephemeral_gb: fields::optional_count(flavor, "OS-FLV-EXT-DATA:ephemeral").unwrap_or(0),
            swap_gb: fields::optional_count(flavor, "swap").unwrap_or(0),
            guest_services,
            auto_recovery,
            live_migration_timeout: number("hw:wrs:live_migration_timeout")?,
            live_migration_max_downtime: number("hw:wrs:live_migration_max_downtime")?,
        }),
    })
}

fn flavor_in(flavor: &Value, specs: &Value) -> Result<InstanceType, CallError> {
    let entry = fields::object(flavor, "flavor").in_answer("nova flavors")?;
    flavor_from(entry, &specs["extra_specs"]).map_err(|cause| bad_answer("nova flavors", &cause))
}

pub(crate) async fn flavor(caller: &mut Caller<'_>, id: &str) -> Result<InstanceType, CallError> {
    let path = format!("/flavors/{}", encoded(id));
    let flavor = get(caller, "get_flavor", &path).await?;
    let specs = get(caller, "get_flavor_extra_specs", &format!("{path}/os-extra_specs")).await?;
    flavor_in(&flavor, &specs)
}

/// What a new flavor is made of.
pub(crate) struct NewFlavor<'a> {
    pub uuid: &'a str,
    pub name: &'a str,
    pub vcpus: u64,
    pub mem_mb: u64,
    pub disk_gb: u64,
    pub ephemeral_gb: Option<u64>,
    pub swap_gb: Option<u64>,
    pub extra_specs: &'a BTreeMap<String, String>,
}

pub(crate) async fn create_flavor(
    caller: &mut Caller<'_>,
    new: &NewFlavor<'_>,
) -> Result<InstanceType, CallError> {
    let mut body = json!({
        "id": new.uuid, "name": new.name, "vcpus": new.vcpus, "ram": new.mem_mb, "disk": new.disk_gb,
    });
    if let Some(ephemeral) = new.ephemeral_gb {
        body["OS-FLV-EXT-DATA:ephemeral"] = ephemeral.into();
    }
    if let Some(swap) = new.swap_gb {
        body["swap"] = swap.into();
    }
    let create = request(caller, "create_flavor", Method::POST, "/flavors").await?;
    let flavor = caller.read(create.json(&json!({"flavor": body}))).await?;
    let mut specs = Value::Null;
    if !new.extra_specs.is_empty() {
        let path = format!("/flavors/{}/os-extra_specs", encoded(new.uuid));
        let set = request(caller, "set_flavor_extra_specs", Method::POST, &path).await?;
        specs = caller.read(set.json(&json!({"extra_specs": new.extra_specs}))).await?;
    }
    flavor_in(&flavor, &specs)
}

pub(crate) async fn delete_flavor(caller: &mut Caller<'_>, id: &str) -> Result<(), CallError> {
    let path = format!("/flavors/{}", encoded(id));
    let delete = request(caller, "delete_flavor", Method::DELETE, &path).await?;
    caller.send(delete).await.map(drop)
}

pub(crate) async fn server_groups(caller: &mut Caller<'_>) -> Result<Vec<InstanceGroup>, CallError> {
    let body = get(caller, "get_server_groups", "/os-server-groups?all_projects=True").await?;
    let entries = fields::list(&body, "server_groups").in_answer("nova os-server-groups")?;
    entries.iter().map(server_group).collect::<Result<_, _>>().in_answer("nova os-server-groups")
}

fn server_group(entry: &Value) -> Result<InstanceGroup, fields::FieldError> {
    // any text counts, even `false`
    let best_effort = match &entry["metadata"]["wrs-sg:best_effort"] {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        _ => true,
    };
    let policy = |policy: String| match (policy.as_str(), best_effort) {
        ("affinity", false) | ("anti-affinity", false) => Some(policy),
        ("affinity", true) => Some("affinity-best-effort".to_owned()),
        ("anti-affinity", true) => Some("anti-affinity-best-effort".to_owned()),
        _ => None,
    };
    Ok(InstanceGroup {
        uuid: fields::text(entry, "id")?,
        name: fields::optional_text(entry, "name"),
        member_uuids: fields::texts(entry, "members"),
        policies: fields::texts(entry, "policies").into_iter().filter_map(policy).collect(),
    })
}

/// A host's service record; none when there is none.
async fn service_record(caller: &mut Caller<'_>, host: &str) -> Result<Option<Value>, CallError> {
    let path = format!("/os-services?host={}&binary={BINARY}", encoded(host));
    let look = request(caller, "get_host_service_id", Method::GET, &path).await?.json_type();
    let body = caller.read(look).await?;
    Ok(body["services"].as_array().and_then(|services| services.first()).cloned())
}

/// Id of a host's service record; none when there is none.
async fn service_id(caller: &mut Caller<'_>, host: &str) -> Result<Option<String>, CallError> {
    let record = service_record(caller, host).await?;
    record.map(|record| fields::text(&record, "id")).transpose().in_answer("nova os-services")
}

/// Changes a host's service record. A host without one is an error that is no 404 (southbound 5.2.3).
async fn change_service(
    caller: &mut Caller<'_>,
    function: &'static str,
    host: &str,
    change: &Value,
) -> Result<Value, CallError> {
    let Some(id) = service_id(caller, host).await? else {
        let detail = format!("Service {BINARY} not found for host {host}");
        return Err(CallError::new(ErrorKind::NotFound, detail));
    };
    let path = format!("/os-services/{}", encoded(&id));
    let put = request(caller, function, Method::PUT, &path).await?.json(change);
    caller.read(put).await
}

fn check_service(body: &Value, host: &str, status: &str) -> Result<(), CallError> {
    let service = &body["service"];
    if service["status"] == status && service["host"] == host && service["binary"] == BINARY {
        return Ok(());
    }
    let cause = format!("wanted {BINARY} of {host} to be {status}, got {service}");
    Err(bad_answer("nova os-services", &cause))
}

/// Makes a host's service record. A Nova without StarlingX's call answers 404; its nova-compute makes the record
/// itself when it starts, so a record that is there is as good as a new one.
pub(crate) async fn create_service(caller: &mut Caller<'_>, host: &str) -> Result<(), CallError> {
    let url = url(caller, "/os-services/create").await?;
    let create = Request::new("nova", "create_host_services", Method::PUT, url)
        .wrs()
        .header(VERSION_HEADER, CREATE_SERVICE_VERSION)
        .json(&json!({"binary": BINARY, "host": host}));
    match caller.read(create).await {
        Ok(body) => check_service(&body, host, "created"),
        Err(error) if is_404(&error) => match service_id(caller, host).await? {
            Some(_) => Ok(()),
            None => Err(error),
        },
        Err(error) => Err(error),
    }
}

pub(crate) async fn enable_service(caller: &mut Caller<'_>, host: &str) -> Result<(), CallError> {
    let body = change_service(caller, "enable_host_services", host, &json!({"status": "enabled"})).await?;
    check_service(&body, host, "enabled")
}

/// Takes a host's service out of use. A Nova since Train stores that and then waits up to a minute for the host's
/// nova-compute to take note; that one may be dead, and its servers are not to wait for it.
pub(crate) async fn disable_service(caller: &mut Caller<'_>, host: &str) -> Result<(), CallError> {
    let change = json!({"status": "disabled", "disabled_reason": "disabled by VIM"});
    match change_service(caller, "disable_host_services", host, &change).await {
        Ok(body) => check_service(&body, host, "disabled"),
        Err(late) if late.kind == ErrorKind::TimedOut => match service_record(caller, host).await {
            Ok(Some(record)) if record["status"] == "disabled" => Ok(()),
            Ok(_) | Err(_) => Err(late),
        },
        Err(error) => Err(error),
    }
}

/// A host without a service record counts as done.
pub(crate) async fn delete_service(caller: &mut Caller<'_>, host: &str) -> Result<(), CallError> {
    let Some(id) = service_id(caller, host).await? else { return Ok(()) };
    let path = format!("/os-services/{}", encoded(&id));
    let delete = request(caller, "delete_host_services", Method::DELETE, &path).await?.json_type();
    caller.send(delete).await.map(drop)
}

pub(crate) async fn force_down(caller: &mut Caller<'_>, host: &str, down: bool) -> Result<(), CallError> {
    let function = if down { "notify_host_disabled" } else { "notify_host_enabled" };
    change_service(caller, function, host, &json!({"forced_down": down})).await.map(drop)
}

pub(crate) async fn service_is_enabled(caller: &mut Caller<'_>, host: &str) -> Result<bool, CallError> {
    let url = url(caller, &format!("/os-services?host={}", encoded(host))).await?;
    let body = caller.read(Request::new("nova", "query_host_services", Method::GET, url)).await?;
    let services = fields::list(&body, "services").in_answer("nova os-services")?;
    Ok(services.iter().any(|service| service["binary"] == BINARY && service["status"] == "enabled"))
}
