//! Neutron's host extension. Contract: southbound 3.4, 5.4.

use super::caller::{Caller, InAnswer, bad_answer};
use super::catalog::Service;
use super::fields::{self, encoded};
use super::rest::Request;
use nfv_nfvi::CallError;
use nfv_nfvi::object::HostRef;
use reqwest::Method;
use serde_json::{Value, json};

async fn request(
    caller: &mut Caller<'_>,
    function: &'static str,
    method: Method,
    path: &str,
) -> Result<Request, CallError> {
    let base = caller.base(Service::Neutron).await?;
    Ok(Request::new("neutron", function, method, format!("{base}/v2.0{path}")))
}

/// Neutron has StarlingX's resource `hosts`.
pub(crate) async fn has_host_extension(caller: &mut Caller<'_>) -> Result<bool, CallError> {
    let request = request(caller, "get_extensions", Method::GET, "/extensions.json").await?;
    let body = caller.read(request).await?;
    let extensions = fields::list(&body, "extensions").in_answer("neutron extensions")?;
    Ok(extensions.iter().any(|extension| extension["alias"] == "host"))
}

fn check_host(body: &Value, host: &HostRef, availability: &str) -> Result<(), CallError> {
    let entry = &body["host"];
    let as_wanted = entry["availability"] == availability
        && entry["name"] == host.name.as_str()
        && entry["id"] == host.uuid.as_str();
    if as_wanted {
        return Ok(());
    }
    let cause = format!("wanted host {} ({}) to be {availability}, got {entry}", host.name, host.uuid);
    Err(bad_answer("neutron hosts", &cause))
}

pub(crate) async fn create_host(caller: &mut Caller<'_>, host: &HostRef) -> Result<(), CallError> {
    let body = json!({"host": {"availability": "down", "id": host.uuid, "name": host.name}});
    let create = request(caller, "create_host_services", Method::POST, "/hosts.json").await?;
    let answer = caller.read(create.wrs().json(&body)).await?;
    check_host(&answer, host, "down")
}

/// Removes hosts of this name that have another id: the host was installed anew.
pub(crate) async fn delete_hosts_replaced(caller: &mut Caller<'_>, host: &HostRef) -> Result<(), CallError> {
    let path = "/hosts.json?fields=id&fields=name";
    let list = request(caller, "delete_host_services_by_name", Method::GET, path).await?;
    let body = caller.read(list).await?;
    for entry in fields::list(&body, "hosts").in_answer("neutron hosts")? {
        if entry["name"] != host.name.as_str() || entry["id"] == host.uuid.as_str() {
            continue;
        }
        let id = fields::text(entry, "id").in_answer("neutron hosts")?;
        let path = format!("/hosts/{}", encoded(&id));
        let delete = request(caller, "delete_host_services_by_name", Method::DELETE, &path).await?;
        caller.send(delete).await?;
    }
    Ok(())
}

pub(crate) async fn delete_host(caller: &mut Caller<'_>, host: &HostRef) -> Result<(), CallError> {
    let path = format!("/hosts/{}", encoded(&host.uuid));
    let delete = request(caller, "delete_host_services", Method::DELETE, &path).await?.wrs();
    caller.send(delete).await.map(drop)
}

/// Sets a host's availability.
pub(crate) async fn set_host(caller: &mut Caller<'_>, host: &HostRef, up: bool) -> Result<(), CallError> {
    let (function, availability) =
        if up { ("enable_host_services", "up") } else { ("disable_host_services", "down") };
    let path = format!("/hosts/{}", encoded(&host.uuid));
    let put = request(caller, function, Method::PUT, &path).await?.wrs();
    let answer = caller.read(put.json(&json!({"host": {"availability": availability}}))).await?;
    check_host(&answer, host, availability)
}

/// The host is known by its name and available.
pub(crate) async fn host_is_up(caller: &mut Caller<'_>, host: &HostRef) -> Result<bool, CallError> {
    let path = format!("/hosts.json?fields=id&name={}", encoded(&host.name));
    let list = request(caller, "query_host_services", Method::GET, &path).await?;
    let body = caller.read(list).await?;
    let entries = fields::list(&body, "hosts").in_answer("neutron hosts")?;
    let id = entries.first().and_then(|entry| fields::optional_text(entry, "id"));
    let Some(id) = id.filter(|id| uuid::Uuid::parse_str(id).is_ok()) else { return Ok(false) };
    let path = format!("/hosts/{}", encoded(&id));
    let get = request(caller, "query_host_services", Method::GET, &path).await?;
    let body = caller.read(get).await?;
    Ok(body["host"]["availability"] == "up")
}
