//! 30003: nova-api-proxy passes users' actions. Contract: southbound 9.

use super::waiting::{LateAnswer, WaitingActions};
use super::{HttpListener, Inbox, busy, read_body, refuse, shortened, wrong_method};
use crate::config::ListenConfig;
use crate::error::PluginError;
use crate::openstack::fields;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use nfv_nfvi::object::{ActionParameters, ActionType, RequestContext};
use nfv_nfvi::{Notification, Reply};
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use std::sync::Arc;

#[derive(Debug, Clone)]
struct Door {
    inbox: Inbox,
    waiting: Arc<WaitingActions>,
    auto_accept: bool,
}

/// Opens the listener. `auto_accept`: users are answered 202 at once.
pub(crate) async fn open(
    config: &ListenConfig,
    inbox: Inbox,
    waiting: Arc<WaitingActions>,
    auto_accept: bool,
) -> Result<HttpListener, PluginError> {
    let door = Door { inbox, waiting, auto_accept };
    HttpListener::open("compute", config, move |routes| {
        routes.app_data(web::Data::new(door.clone())).default_service(web::to(serve));
    })
    .await
}

async fn serve(door: web::Data<Door>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    if !request.path().contains("/v2") {
        return refuse(HttpResponse::NotFound(), "nothing is served at this path");
    }
    if request.method() != Method::POST {
        return wrong_method(request.method());
    }
    let Some((tenant, instance)) = address(request.path()) else {
        return refuse(HttpResponse::BadRequest(), "only actions on servers are served here");
    };
    let body = match read_body(payload).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    if body.is_empty() {
        return HttpResponse::NoContent().finish();
    }
    let read = serde_json::from_slice::<FirstEntry>(&body)
        .map_err(|error| format!("the body is no JSON object: {error}"))
        .and_then(|entry| entry.0.ok_or_else(|| "the body names no action".to_owned()))
        .and_then(|(key, value)| {
            wanted(&key, &value).ok_or_else(|| format!("action {} is not served here", shortened(&key)))
        });
    let (action, parameters) = match read {
        Ok(wanted) => wanted,
        Err(why) => {
            tracing::info!("30003 POST {} is refused: {why}.", request.path());
            return refuse(HttpResponse::BadRequest(), &why);
        }
    };
    let header = |name: &str| request.headers().get(name)?.to_str().ok().map(str::to_owned);
    let place = door.waiting.enter();
    let context = RequestContext {
        token_id: header("X-Auth-Token"),
        tenant_id: tenant,
        request_uuid: Some(place.request.clone()),
        version: header("X-OpenStack-Nova-API-Version"),
        // it was read as JSON, so it is UTF-8
        content: Some(String::from_utf8_lossy(&body).into_owned()),
    };
    let uuid = instance.clone();
    let notification = Notification::InstanceActionRequest { uuid, action, parameters, context };
    let Ok(reply) = door.inbox.send(notification).await else { return busy() };
    if door.auto_accept {
        return HttpResponse::Accepted().finish();
    }
    let (waiting, id) = (Arc::clone(&door.waiting), place.request.clone());
    tokio::spawn(async move {
        // a core that drops the sender lets the user wait for Nova's answer
        match reply.await {
            Ok(Reply::InstanceActionRejected { message }) => {
                waiting.answer(&id, LateAnswer::Rejected { message });
            }
            Ok(Reply::NotFound) => waiting.answer(&id, LateAnswer::NotFound { instance }),
            Ok(other) => tracing::error!("Reply {other:?} has no meaning for an action."),
            Err(_) => {}
        }
    });
    respond(place.wait().await)
}

/// Tenant and instance of `/v2.1/{tenant}/servers/{instance}/action`, by position; `/v2.1/servers/{instance}/action`
/// names no tenant.
fn address(path: &str) -> Option<(Option<String>, String)> {
    let parts: Vec<&str> = path.split('/').collect();
    let (last, before) = (parts.last()?, parts.get(parts.len().checked_sub(2)?)?);
    let tenant = match parts.as_slice() {
        [_, _, "servers", _, _] => None,
        _ => Some((*parts.get(2)?).to_owned()),
    };
    (*last == "action").then(|| (tenant, (*before).to_owned()))
}

/// The first entry of a JSON object; none when it is empty. The others are not looked at.
struct FirstEntry(Option<(String, Value)>);

impl<'de> Deserialize<'de> for FirstEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = FirstEntry;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FirstEntry, A::Error> {
                let first = map.next_entry()?;
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(FirstEntry(first))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

/// The action a key of the body stands for, and the parameters kept of it. Contract: southbound 9.2.
fn wanted(key: &str, value: &Value) -> Option<(ActionType, ActionParameters)> {
    let none = ActionParameters::default;
    let text = |key| fields::optional_text(value, key).filter(|text| !text.is_empty());
    Some(match key {
        "pause" => (ActionType::Pause, none()),
        "unpause" => (ActionType::Unpause, none()),
        "suspend" => (ActionType::Suspend, none()),
        "resume" => (ActionType::Resume, none()),
        "os-migrateLive" => {
            let block_migration = value.get("block_migration").filter(|value| !value.is_null()).cloned();
            (ActionType::LiveMigrate, ActionParameters { block_migration, host: text("host"), ..none() })
        }
        "migrate" => (ActionType::ColdMigrate, none()),
        "resize" => {
            let instance_type_uuid = text("flavorRef");
            (ActionType::Resize, ActionParameters { instance_type_uuid, ..none() })
        }
        "confirmResize" => (ActionType::ConfirmResize, none()),
        "revertResize" => (ActionType::RevertResize, none()),
        "reboot" => {
            let graceful_shutdown = Some(value["type"] == "SOFT");
            (ActionType::Reboot, ActionParameters { graceful_shutdown, ..none() })
        }
        "rebuild" => {
            let (instance_image_uuid, instance_name) = (text("imageRef"), text("name"));
            (ActionType::Rebuild, ActionParameters { instance_image_uuid, instance_name, ..none() })
        }
        "os-start" => (ActionType::Start, none()),
        "os-stop" => (ActionType::Stop, none()),
        _ => return None,
    })
}

fn respond(answer: LateAnswer) -> HttpResponse {
    match answer {
        LateAnswer::Nova { status, headers, body } => forward(status, &headers, body),
        LateAnswer::Rejected { message } => HttpResponse::Conflict().json(json!({
            "conflictingRequest": {"message": "action-rejected", "details": message, "code": 409},
        })),
        LateAnswer::NotFound { instance } => HttpResponse::NotFound().json(json!({
            "itemNotFound": {"message": format!("Instance {instance} could not be found"), "code": 404},
        })),
        LateAnswer::Failed => HttpResponse::InternalServerError().finish(),
        LateAnswer::StillGoingOn => HttpResponse::Accepted().finish(),
        LateAnswer::TooMany => HttpResponse::ServiceUnavailable().finish(),
    }
}

/// Nova's answer as it is, without the headers that belong to its connection.
fn forward(status: u16, headers: &[(String, String)], body: Vec<u8>) -> HttpResponse {
    let mut answer = HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY));
    for (name, value) in headers {
        if matches!(name.as_str(), "Server" | "Date" | "Content-Length") {
            continue;
        }
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
        {
            answer.append_header((name, value));
        }
    }
    answer.body(body)
}
