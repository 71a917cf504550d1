//! 30001: sysinv and mtcAgent tell about hosts. Contract: southbound 7.

use super::{HttpListener, Inbox, busy, read_body, refuse, shortened, wrong_method};
use crate::config::ListenConfig;
use crate::error::PluginError;
use crate::mtc;
use crate::openstack::fields;
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};
use nfv_nfvi::notification::HostOrder;
use nfv_nfvi::{Notification, Reply};
use serde_json::{Value, json};

/// All paths of this port contain it; what follows is not looked at.
const PATTERN: &str = "/nfvi-plugins/v1/hosts";

#[derive(Debug, Clone)]
struct Door {
    inbox: Inbox,
    data_port_faults: bool,
}

/// Opens the listener. `data_port_faults`: failed data ports count as a failed host.
pub(crate) async fn open(
    config: &ListenConfig,
    inbox: Inbox,
    data_port_faults: bool,
) -> Result<HttpListener, PluginError> {
    let door = Door { inbox, data_port_faults };
    HttpListener::open("infrastructure", config, move |routes| {
        routes.app_data(web::Data::new(door.clone())).default_service(web::to(serve));
    })
    .await
}

async fn serve(door: web::Data<Door>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    if !request.path().contains(PATTERN) {
        return refuse(HttpResponse::NotFound(), "nothing is served at this path");
    }
    let read: fn(&Door, &Value) -> Result<Meaning, Refusal> = match *request.method() {
        Method::GET => |_, body| read_get(body),
        Method::POST => |_, body| read_post(body),
        Method::PATCH => read_patch,
        Method::DELETE => |_, body| read_delete(body),
        ref other => return wrong_method(other),
    };
    let body = match read_body(payload).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    if body.is_empty() {
        return HttpResponse::NoContent().finish();
    }
    let meaning = serde_json::from_slice(&body)
        .map_err(|error| Refusal(format!("the body is no JSON: {error}")))
        .and_then(|body| read(&door, &body));
    let (notification, answer) = match meaning {
        Ok(Meaning::Tell(notification, answer)) => (notification, answer),
        Ok(Meaning::Nothing(why)) => {
            tracing::info!("30001 {} {}: {why}, ignored.", request.method(), request.path());
            return HttpResponse::Ok().finish();
        }
        Err(Refusal(why)) => {
            tracing::info!("30001 {} {} is refused: {why}.", request.method(), request.path());
            return refuse(HttpResponse::BadRequest(), &why);
        }
    };
    match door.inbox.ask(*notification).await {
        Ok(reply) => respond(answer, reply),
        Err(_) => busy(),
    }
}

/// What a request comes to.
#[derive(Debug)]
enum Meaning {
    Tell(Box<Notification>, AnswerForm),
    Nothing(&'static str),
}

impl Meaning {
    fn tell(notification: Notification, form: AnswerForm) -> Self {
        Meaning::Tell(Box::new(notification), form)
    }
}

/// How the answer looks when all went well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AnswerForm {
    Plain,
    Success,
    Counts,
}

/// Why a request is answered with 400.
#[derive(Debug, PartialEq, Eq)]
struct Refusal(String);

impl From<fields::FieldError> for Refusal {
    fn from(error: fields::FieldError) -> Self {
        Refusal(error.to_string())
    }
}

fn names(body: &Value) -> Result<(String, String), Refusal> {
    Ok((fields::text(body, "uuid")?, fields::text(body, "hostname")?))
}

fn read_get(body: &Value) -> Result<Meaning, Refusal> {
    let (uuid, name) = names(body)?;
    Ok(Meaning::tell(Notification::HostInstanceCounts { uuid, name }, AnswerForm::Counts))
}

fn read_post(body: &Value) -> Result<Meaning, Refusal> {
    let uuid = fields::text(body, "uuid")?;
    let has_name_key = body.get("hostname").is_some();
    if has_name_key && (body["hostname"].is_null() || body["subfunctions"].is_null()) {
        return Ok(Meaning::Nothing("a host without name or sub-functions is not set up yet"));
    }
    let name = fields::text(body, "hostname")?;
    Ok(Meaning::tell(Notification::HostAdd { uuid, name }, AnswerForm::Plain))
}

fn read_patch(door: &Door, body: &Value) -> Result<Meaning, Refusal> {
    let (uuid, name) = names(body)?;
    if let Some(action) = body.get("action") {
        let order = match action.as_str() {
            Some("unlock") => HostOrder::Unlock,
            Some("lock") => HostOrder::Lock,
            Some("force-lock") => HostOrder::ForceLock,
            _ => return Err(Refusal(format!("unknown action {}", shortened(action)))),
        };
        return Ok(Meaning::tell(Notification::HostOrder { uuid, name, order }, AnswerForm::Plain));
    }
    let notification = if let Some(change) = body.get("state-change") {
        let states = mtc::states_from(change)?;
        let personality = fields::text(body, "personality")?;
        let subfunctions = fields::optional_text(body, "subfunctions").unwrap_or_default();
        let (admin_state, oper_state, avail_status) =
            states.for_hosting(&personality, &subfunctions, door.data_port_faults);
        let nfvi_data = states.nfvi_data(&uuid, &name, &personality, &subfunctions);
        Notification::HostStateChange { uuid, name, admin_state, oper_state, avail_status, nfvi_data }
    } else if let Some(upgrade) = body.get("upgrade") {
        let inprogress = fields::flag(upgrade, "inprogress")?;
        let recover_instances = fields::flag(upgrade, "recover-instances")?;
        Notification::HostUpgrade { uuid, name, inprogress, recover_instances }
    } else {
        Notification::HostUpdate { uuid, name }
    };
    Ok(Meaning::tell(notification, AnswerForm::Success))
}

fn read_delete(body: &Value) -> Result<Meaning, Refusal> {
    let (uuid, name) = names(body)?;
    if body["action"] != "delete" {
        return Err(Refusal(format!("unknown action {}", shortened(&body["action"]))));
    }
    Ok(Meaning::tell(Notification::HostDelete { uuid, name }, AnswerForm::Plain))
}

fn respond(form: AnswerForm, reply: Reply) -> HttpResponse {
    match (form, reply) {
        (AnswerForm::Counts, Reply::InstanceCounts { instances, failed, stopped }) => HttpResponse::Ok()
            .json(json!({
                "status": "success",
                "instances": instances,
                "instances-failed": failed,
                "instances-stopped": stopped,
            })),
        (AnswerForm::Counts, _) => refuse(HttpResponse::NotFound(), "this host is not known"),
        // sysinv expects success as well when the VIM has not learnt the host yet
        (AnswerForm::Plain, _) => HttpResponse::Ok().finish(),
        (AnswerForm::Success, _) => HttpResponse::Ok().json(json!({"status": "success"})),
    }
}
