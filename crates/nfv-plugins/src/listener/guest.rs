//! 30002: the guest agent asks about hosts and instances, and tells about guests. Contract: southbound 8.

use super::{HttpListener, Inbox, busy, read_body, refuse, shortened, wrong_method};
use crate::config::ListenConfig;
use crate::error::PluginError;
use crate::guest::{action_of_event, service_list};
use crate::openstack::fields::{self, FieldError};
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};
use nfv_nfvi::notification::{GuestFailure, GuestInstance, GuestRepair, GuestResponse};
use nfv_nfvi::object::{AdminState, GuestServices, HEARTBEAT};
use nfv_nfvi::{Notification, Reply};
use serde::Deserialize;
use serde_json::{Value, json};

const HOSTS: &str = "/nfvi-plugins/v1/hosts";
const INSTANCES: &str = "/nfvi-plugins/v1/instances";

/// Opens the listener.
pub(crate) async fn open(config: &ListenConfig, inbox: Inbox) -> Result<HttpListener, PluginError> {
    HttpListener::open("guest", config, move |routes| {
        routes.app_data(web::Data::new(inbox.clone())).default_service(web::to(serve));
    })
    .await
}

/// What a request comes to.
enum Meaning {
    Tell(Box<Notification>, AnswerForm),
    Nothing,
    Empty,
    Refused(String),
}

/// How the answer looks when all went well.
enum AnswerForm {
    HostState {
        uuid: String,
        name: String,
    },
    Instances,
    Instance,
    Alarm,
    /// Also when the instance is not known.
    AlwaysOk,
    Ok,
}

impl From<FieldError> for Meaning {
    fn from(error: FieldError) -> Self {
        Meaning::Refused(error.to_string())
    }
}

#[derive(Deserialize)]
struct Query {
    host_uuid: String,
}

async fn serve(inbox: web::Data<Inbox>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let path = request.path();
    let body = match read_body(payload).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let meaning = match (request.method(), path.contains(INSTANCES), path.contains(HOSTS)) {
        (&Method::GET, true, _) => match web::Query::<Query>::from_query(request.query_string()) {
            Ok(query) => {
                let host_uuid = query.into_inner().host_uuid;
                tell(Notification::GuestInstancesQuery { host_uuid }, AnswerForm::Instances)
            }
            Err(_) => {
                let uuid = path.rsplit('/').next().unwrap_or_default().to_owned();
                tell(Notification::GuestInstanceQuery { uuid }, AnswerForm::Instance)
            }
        },
        (&Method::GET, false, true) => read(&body, read_host),
        (&Method::PATCH, true, _) => read(&body, read_event),
        (_, false, false) | (&Method::PATCH, false, true) => {
            return refuse(HttpResponse::NotFound(), "nothing is served at this path");
        }
        (method, _, _) => return wrong_method(method),
    };
    match meaning {
        Meaning::Tell(notification, form) => match inbox.ask(*notification).await {
            Ok(reply) => respond(form, reply),
            Err(_) => busy(),
        },
        Meaning::Nothing => HttpResponse::Ok().finish(),
        Meaning::Empty => HttpResponse::NoContent().finish(),
        Meaning::Refused(why) => {
            tracing::info!("30002 {} {path} is refused: {why}.", request.method());
            refuse(HttpResponse::BadRequest(), &why)
        }
    }
}

fn tell(notification: Notification, form: AnswerForm) -> Meaning {
    Meaning::Tell(Box::new(notification), form)
}

fn read(body: &[u8], meaning: fn(&Value) -> Result<Meaning, FieldError>) -> Meaning {
    if body.is_empty() {
        return Meaning::Empty;
    }
    match serde_json::from_slice(body) {
        Ok(body) => meaning(&body).unwrap_or_else(Meaning::from),
        Err(error) => Meaning::Refused(format!("the body is no JSON: {error}")),
    }
}

fn read_host(body: &Value) -> Result<Meaning, FieldError> {
    let (uuid, name) = (fields::text(body, "uuid")?, fields::text(body, "hostname")?);
    let form = AnswerForm::HostState { uuid: uuid.clone(), name: name.clone() };
    Ok(tell(Notification::GuestHostQuery { uuid, name }, form))
}

fn read_event(body: &Value) -> Result<Meaning, FieldError> {
    let uuid = fields::text(body, "uuid")?;
    let kind = fields::text(body, "event-type")?;
    let data = fields::object(body, "event-data")?;
    match kind.as_str() {
        "service" => {
            let host_name = fields::optional_text(body, "hostname");
            let services = GuestServices { instance_uuid: uuid, host_name, services: service_list(data)? };
            Ok(tell(Notification::GuestServicesState { services }, AnswerForm::AlwaysOk))
        }
        "alarm" => read_alarm(uuid, data),
        "action" => {
            let action = action_of_event(&fields::text(data, "action")?);
            let response = match fields::text(data, "guest-response")?.as_str() {
                "allow" => GuestResponse::Allow,
                "reject" => GuestResponse::Reject,
                _ => GuestResponse::Proceed,
            };
            let reason = fields::optional_text(data, "reason").unwrap_or_default();
            Ok(tell(Notification::GuestActionResponse { uuid, action, response, reason }, AnswerForm::Ok))
        }
        other => Ok(Meaning::Refused(format!("event type {} is not known", shortened(&other)))),
    }
}

/// Only the heartbeat raises alarms.
fn read_alarm(uuid: String, data: &Value) -> Result<Meaning, FieldError> {
    let services = fields::list(data, "services")?;
    let Some(heartbeat) = services.iter().find(|service| service["service"] == HEARTBEAT) else {
        return Ok(Meaning::Nothing);
    };
    let failure = match fields::text(heartbeat, "state")?.as_str() {
        "failed" => GuestFailure::Failed,
        "unhealthy" => GuestFailure::Unhealthy,
        _ => return Ok(Meaning::Nothing),
    };
    let repair = match fields::text(heartbeat, "repair-action")?.as_str() {
        "reboot" => GuestRepair::Reboot,
        "stop" => GuestRepair::Stop,
        _ => GuestRepair::Log,
    };
    Ok(tell(Notification::GuestAlarm { uuid, failure, repair }, AnswerForm::Alarm))
}

fn respond(form: AnswerForm, reply: Reply) -> HttpResponse {
    let unknown = || refuse(HttpResponse::BadRequest(), "this host or instance is not known");
    match (form, reply) {
        (AnswerForm::HostState { uuid, name }, Reply::GuestHostState { enabled }) => {
            let state = if enabled { "enabled" } else { "disabled" };
            HttpResponse::Ok().json(json!({"uuid": uuid, "hostname": name, "state": state}))
        }
        (AnswerForm::Instances, Reply::GuestInstances(instances)) => {
            let instances: Vec<Value> = instances.iter().map(|instance| shown(instance, false)).collect();
            HttpResponse::Ok().json(json!({"instances": instances}))
        }
        (AnswerForm::Instance, Reply::GuestInstances(instances)) => {
            instances.first().map_or_else(unknown, |one| HttpResponse::Ok().json(shown(one, false)))
        }
        (AnswerForm::Alarm, Reply::GuestInstances(instances)) => {
            instances.first().map_or_else(unknown, |one| HttpResponse::Ok().json(shown(one, true)))
        }
        (AnswerForm::AlwaysOk, _) | (AnswerForm::Ok, Reply::Ok) => HttpResponse::Ok().finish(),
        _ => unknown(),
    }
}

/// An instance as the guest agent knows it. The answer to an alarm has the administrative state beside the
/// state that the guest agent looks for.
fn shown(instance: &GuestInstance, with_admin_state: bool) -> Value {
    let service = |(name, admin_state): &(String, AdminState)| {
        let state = if *admin_state == AdminState::Unlocked { "enabled" } else { "disabled" };
        let mut service = json!({"service": name, "state": state});
        if with_admin_state {
            service["admin_state"] = admin_state.as_str().into();
        }
        service
    };
    let services: Vec<Value> = instance.services.iter().map(service).collect();
    json!({"uuid": instance.uuid, "hostname": instance.hostname, "services": services})
}
