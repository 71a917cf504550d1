//! The guest agent, and the calls of the guest plugin. Contract: southbound 3.10, 5.3.

use crate::openstack::caller::{Caller, InAnswer, is_404};
use crate::openstack::catalog::Service;
use crate::openstack::fields::{self, FieldError, encoded};
use crate::openstack::rest::Request;
use nfv_nfvi::call::{GuestCall, HostServicesOperation};
use nfv_nfvi::object::{
    ActionType, AdminState, GuestService, GuestServices, GuestVote, HEARTBEAT, HostRef, OperState,
    guest_event,
};
use nfv_nfvi::{Answer, CallError, CallResult, ErrorKind};
use reqwest::Method;
use serde_json::{Value, json};

/// Seconds a guest has for its vote when the answer does not say.
const VOTE_SECONDS: u64 = 15;

/// Makes a call of the guest plugin.
pub(crate) async fn perform(caller: &mut Caller<'_>, call: GuestCall) -> CallResult {
    match call {
        GuestCall::HostServices { host, operation } => host_services(caller, &host, operation).await,
        GuestCall::CreateServices { uuid, host_name, services } => {
            let post = instance(caller, "guest_services_create", Method::POST, &uuid, "").await?;
            let body = json!({"uuid": uuid, "hostname": host_name, "services": services});
            caller.send(post.body(body.to_string())).await.map(|_| Answer::Done)
        }
        GuestCall::SetServices { uuid, host_name, services } => {
            let patch = instance(caller, "guest_services_set", Method::PATCH, &uuid, "").await?;
            let services: Vec<Value> = services.iter().map(wanted).collect();
            let body = json!({"uuid": uuid, "hostname": host_name, "services": services});
            let body = caller.read(patch.body(body.to_string())).await?;
            services_from(&body).map(Answer::GuestServices).in_answer("guest instances")
        }
        GuestCall::DeleteServices { uuid } => {
            let delete = instance(caller, "guest_services_delete", Method::DELETE, &uuid, "").await?;
            done_or_absent(caller.send(delete).await.map(drop)).map(|()| Answer::Done)
        }
        GuestCall::QueryServices { uuid } => {
            let get = instance(caller, "guest_services_query", Method::GET, &uuid, "").await?;
            let body = caller.read(get).await?;
            services_from(&body).map(Answer::GuestServices).in_answer("guest instances")
        }
        GuestCall::Vote { uuid, host_name, action } => {
            ask(caller, "guest_services_vote", "/vote", &uuid, &host_name, guest_event(&action, true)).await
        }
        GuestCall::Notify { uuid, host_name, action, pre } => {
            ask(caller, "guest_services_notify", "/notify", &uuid, &host_name, guest_event(&action, pre))
                .await
        }
    }
}

async fn request(
    caller: &mut Caller<'_>,
    function: &'static str,
    method: Method,
    path: &str,
) -> Result<Request, CallError> {
    let base = caller.base(Service::Guest).await?;
    Ok(Request::new("guest", function, method, format!("{base}/v1{path}")).json_type().vim_agent())
}

async fn instance(
    caller: &mut Caller<'_>,
    function: &'static str,
    method: Method,
    uuid: &str,
    end: &str,
) -> Result<Request, CallError> {
    request(caller, function, method, &format!("/instances/{}{end}", encoded(uuid))).await
}

fn wanted(service: &GuestService) -> Value {
    let state = if service.admin_state == AdminState::Unlocked { "enabled" } else { "disabled" };
    json!({"service": service.name, "state": state})
}

/// Services in the form in which the guest agent shows them; also used on 30002.
pub(crate) fn service_list(body: &Value) -> Result<Vec<GuestService>, FieldError> {
    let read = |entry: &Value| {
        let name = fields::text(entry, "service")?;
        let enabled = fields::text(entry, "state")? == "enabled";
        Ok(GuestService {
            name: if name == HEARTBEAT { name } else { "unknown".to_owned() },
            admin_state: if enabled { AdminState::Unlocked } else { AdminState::Locked },
            oper_state: if fields::text(entry, "status")? == "enabled" {
                OperState::Enabled
            } else {
                OperState::Disabled
            },
            restart_timeout: fields::optional_count(entry, "restart-timeout"),
        })
    };
    fields::list(body, "services")?.iter().map(read).collect()
}

fn services_from(body: &Value) -> Result<GuestServices, FieldError> {
    Ok(GuestServices {
        instance_uuid: fields::text(body, "uuid")?,
        host_name: fields::optional_text(body, "hostname"),
        services: service_list(body)?,
    })
}

/// Vote and notify have the same form.
async fn ask(
    caller: &mut Caller<'_>,
    function: &'static str,
    end: &str,
    uuid: &str,
    host_name: &str,
    event: &str,
) -> CallResult {
    let post = instance(caller, function, Method::POST, uuid, end).await?;
    let body = json!({"uuid": uuid, "hostname": host_name, "action": event});
    let answer = caller.read(post.body(body.to_string())).await?;
    let or = |key, default: &str| fields::optional_text(&answer, key).unwrap_or_else(|| default.to_owned());
    Ok(Answer::GuestVote(GuestVote {
        uuid: or("uuid", uuid),
        host_name: Some(or("hostname", host_name)),
        action: or("action", event),
        timeout: fields::optional_count(&answer, "timeout").unwrap_or(VOTE_SECONDS),
    }))
}

/// What is not there needs no removal.
fn done_or_absent(result: Result<(), CallError>) -> Result<(), CallError> {
    match result {
        Err(error) if is_404(&error) => Ok(()),
        other => other,
    }
}

/// The same, and too slow an answer counts as well: the guest agent may be on the host that goes down.
fn done_absent_or_late(result: Result<(), CallError>) -> Result<(), CallError> {
    match done_or_absent(result) {
        Err(error) if error.kind == ErrorKind::TimedOut => Ok(()),
        other => other,
    }
}

async fn host_services(
    caller: &mut Caller<'_>,
    host: &HostRef,
    operation: HostServicesOperation,
) -> CallResult {
    let query = operation == HostServicesOperation::Query;
    if !host.is_worker() || !caller.neighbours.is_registered(Service::Nova) {
        return Ok(if query { Answer::HostServicesEnabled(true) } else { Answer::Done });
    }
    caller.token().await.map_err(|error| error.with_reason("failed to get platform token from keystone"))?;
    let because = |reason: &'static str| move |error: CallError| error.with_reason(reason);
    match operation {
        HostServicesOperation::Create => {
            done_or_absent(tell(caller, "host_services_create", Method::POST, host, "").await)
                .map_err(because("failed to create guest services"))?;
            done_absent_or_late(tell(caller, "host_services_disable", Method::PUT, host, "/disable").await)
                .map_err(because("failed to disable guest services"))?;
        }
        HostServicesOperation::Enable => {
            tell(caller, "host_services_enable", Method::PUT, host, "/enable")
                .await
                .map_err(because("failed to enable guest services"))?;
        }
        HostServicesOperation::Disable => {
            done_absent_or_late(tell(caller, "host_services_disable", Method::PUT, host, "/disable").await)
                .map_err(because("failed to disable guest services"))?;
        }
        HostServicesOperation::Delete => {
            let path = format!("/hosts/{}", encoded(&host.uuid));
            let delete = request(caller, "host_services_delete", Method::DELETE, &path).await?;
            done_or_absent(caller.send(delete).await.map(drop))
                .map_err(because("failed to delete guest services"))?;
        }
        HostServicesOperation::Query => {
            let path = format!("/hosts/{}/disable", encoded(&host.uuid));
            let get = request(caller, "host_services_query", Method::GET, &path).await?;
            return match caller.read(get.body(names(host))).await {
                Ok(body) => {
                    let state = fields::text(&body, "state").in_answer("guest hosts")?;
                    Ok(Answer::HostServicesEnabled(state == "enabled"))
                }
                Err(error) if error.kind == ErrorKind::TimedOut => Ok(Answer::HostServicesEnabled(true)),
                Err(error) => Err(error),
            };
        }
    }
    Ok(Answer::Done)
}

fn names(host: &HostRef) -> String {
    json!({"uuid": host.uuid, "hostname": host.name}).to_string()
}

async fn tell(
    caller: &mut Caller<'_>,
    function: &'static str,
    method: Method,
    host: &HostRef,
    end: &str,
) -> Result<(), CallError> {
    let request = request(caller, function, method, &format!("/hosts/{}{end}", encoded(&host.uuid))).await?;
    caller.send(request.body(names(host))).await.map(drop)
}

/// The action a guest event name stands for; none for a name of no action.
pub(crate) fn action_of_event(event: &str) -> ActionType {
    match event {
        "pause" | "unpause" | "suspend" | "resume" | "reboot" | "stop" => ActionType::from(event),
        "live_migrate_begin" | "live_migrate_end" => ActionType::LiveMigrate,
        "cold_migrate_begin" | "cold_migrate_end" => ActionType::ColdMigrate,
        "resize_begin" | "resize_end" => ActionType::Resize,
        _ => ActionType::Unknown,
    }
}
