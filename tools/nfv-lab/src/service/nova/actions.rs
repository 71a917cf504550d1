//! `POST /servers/{id}/action` and `DELETE /servers/{id}`. Contract: southbound 3.2.

use serde_json::Value;

use super::{Call, bad_request, nova_fault};
use crate::model::Cloud;
use crate::model::action::Taken;
use crate::model::rules::ServerAction;
use crate::service::Reply;

/// From this minor version a live migration is checked only after its request was taken.
const ASYNC_LIVE_MIGRATION: u32 = 34;

pub(super) fn act(cloud: &mut Cloud, call: &Call<'_>, id: &str) -> Reply {
    let body = call.request.json();
    let action = match parse(&body) {
        Ok(action) => action,
        Err(text) => return bad_request(&text),
    };
    let how = Taken { checks_first: call.minor < ASYNC_LIVE_MIGRATION };
    let status = if matches!(action, ServerAction::ConfirmResize) { 204 } else { 202 };
    match cloud.server_action(id, action, how) {
        Ok(()) => Reply::empty(status),
        Err(error) => nova_fault(&error),
    }
}

pub(super) fn delete(cloud: &mut Cloud, id: &str) -> Reply {
    match cloud.server_action(id, ServerAction::Delete, Taken { checks_first: false }) {
        Ok(()) => Reply::empty(204),
        Err(error) => nova_fault(&error),
    }
}

/// The action of a body with exactly one key.
///
/// # Errors
/// The text of Nova's refusal (400).
pub fn parse(body: &Value) -> Result<ServerAction, String> {
    let Some((verb, value)) =
        body.as_object().filter(|body| body.len() == 1).and_then(|body| body.iter().next())
    else {
        return Err("Malformed request body: exactly one action is required".into());
    };
    let text = |key: &str| value[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let need = |key: &str| {
        text(key).ok_or_else(|| {
            format!("Invalid input for field/attribute {verb}. '{key}' is a required property")
        })
    };
    Ok(match verb.as_str() {
        "pause" => ServerAction::Pause,
        "unpause" => ServerAction::Unpause,
        "suspend" => ServerAction::Suspend,
        "resume" => ServerAction::Resume,
        "os-start" => ServerAction::Start,
        "os-stop" => ServerAction::Stop,
        "reboot" => match value["type"].as_str() {
            Some(kind) if kind.eq_ignore_ascii_case("soft") => ServerAction::SoftReboot,
            Some(kind) if kind.eq_ignore_ascii_case("hard") => ServerAction::HardReboot,
            _ => return Err("Invalid input for field/attribute type: SOFT or HARD is required".into()),
        },
        "rebuild" => ServerAction::Rebuild { name: text("name"), image: need("imageRef")? },
        "os-migrateLive" => {
            if !value.is_object() || value["block_migration"].is_null() {
                return Err(
                    "Invalid input for field/attribute os-migrateLive. 'block_migration' is required".into(),
                );
            }
            ServerAction::LiveMigrate { host: text("host") }
        }
        "migrate" => ServerAction::ColdMigrate { host: text("host") },
        "resize" => ServerAction::Resize { flavor: need("flavorRef")? },
        "confirmResize" => ServerAction::ConfirmResize,
        "revertResize" => ServerAction::RevertResize,
        "evacuate" => {
            if !value.is_object() {
                return Err("Invalid input for field/attribute evacuate.".into());
            }
            ServerAction::Evacuate { host: text("host") }
        }
        "os-resetState" => match value["state"].as_str() {
            Some("active") => ServerAction::ResetState { active: true },
            Some("error") => ServerAction::ResetState { active: false },
            _ => return Err("Invalid input for field/attribute state: active or error is required".into()),
        },
        "forceDelete" => ServerAction::Delete,
        other => return Err(format!("There is no such action: {other}")),
    })
}
