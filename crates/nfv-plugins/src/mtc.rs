//! Maintenance: the command port of mtcAgent. Contract: southbound 3.9.

use crate::openstack::caller::{Caller, InAnswer};
use crate::openstack::catalog::Service;
use crate::openstack::fields::{self, FieldError, encoded};
use crate::openstack::rest::Request;
use nfv_nfvi::CallError;
use nfv_nfvi::object::{HostStates, HostUptime, Seconds};
use reqwest::Method;
use serde_json::{Value, json};

async fn request(
    caller: &mut Caller<'_>,
    function: &'static str,
    method: Method,
    path: &str,
) -> Result<Request, CallError> {
    let base = caller.base(Service::Mtc).await?;
    Ok(Request::new("mtc", function, method, format!("{base}/v1{path}")).json_type().vim_agent())
}

/// Uptimes of all hosts; none while maintenance is not ready.
pub(crate) async fn system_query(caller: &mut Caller<'_>) -> Result<Option<Vec<HostUptime>>, CallError> {
    let request = request(caller, "system_query", Method::GET, "/systems").await?;
    let response = caller.send(request).await?;
    if response.status == 202 {
        return Ok(None);
    }
    let body = response.json().map_err(|cause| {
        crate::openstack::caller::bad_answer("mtc systems", &cause).with_status(response.status)
    })?;
    let read = |entry: &Value| {
        Ok(HostUptime {
            uuid: fields::text(entry, "uuid")?,
            hostname: fields::text(entry, "hostname")?,
            uptime: Seconds(fields::count(entry, "uptime")?),
        })
    };
    let hosts = fields::list(&body, "hosts").in_answer("mtc systems")?;
    hosts.iter().map(read).collect::<Result<_, _>>().map(Some).in_answer("mtc systems")
}

/// States in the form of the answer to a host query and of a state change on 30001.
pub(crate) fn states_from(state: &Value) -> Result<HostStates, FieldError> {
    Ok(HostStates {
        administrative: fields::text(state, "administrative")?,
        operational: fields::text(state, "operational")?,
        availability: fields::text(state, "availability")?,
        subfunction_oper: fields::optional_text(state, "subfunction_oper"),
        subfunction_avail: fields::optional_text(state, "subfunction_avail"),
        data_ports_oper: fields::optional_text(state, "data_ports_oper"),
        data_ports_avail: fields::optional_text(state, "data_ports_avail"),
    })
}

/// The states of a host. 404: maintenance does not know it.
pub(crate) async fn host_query(
    caller: &mut Caller<'_>,
    uuid: &str,
    name: &str,
) -> Result<HostStates, CallError> {
    let get = request(caller, "host_query", Method::GET, &format!("/hosts/{}", encoded(uuid))).await?;
    let body = caller.read(get.body(json!({"uuid": uuid, "hostname": name}).to_string())).await?;
    fields::object(&body, "state").and_then(states_from).in_answer("mtc hosts")
}

/// Tells maintenance that a host failed.
pub(crate) async fn notify_failed(caller: &mut Caller<'_>, uuid: &str, name: &str) -> Result<(), CallError> {
    let path = format!("/hosts/{}", encoded(uuid));
    let patch = request(caller, "notify_host_severity", Method::PATCH, &path).await?;
    let body = json!({"uuid": uuid, "hostname": name, "severity": "failed"});
    caller.send(patch.body(body.to_string())).await.map(drop)
}
