//! Actions of Nova on servers. Contract: southbound 3.2, 5.2.2.

use super::caller::{Caller, ExchangeError};
use super::catalog::Service;
use super::fields::encoded;
use super::nova::{VERSION, VERSION_HEADER};
use super::rest::{Request, Response};
use crate::secret::Secret;
use nfv_nfvi::call::NovaAction;
use nfv_nfvi::object::RequestContext;
use reqwest::Method;
use serde_json::{Value, json};

/// Name in the table of time limits, and body of an action that the VIM itself wants.
fn form(action: &NovaAction) -> (&'static str, Value) {
    match action {
        NovaAction::LiveMigrate { block_migration, host } => (
            "live_migrate_server",
            json!({"os-migrateLive": {"block_migration": block_migration, "host": host}}),
        ),
        NovaAction::ColdMigrate => ("cold_migrate_server", json!({"migrate": null})),
        NovaAction::ConfirmResize => ("resize_server_confirm", json!({"confirmResize": null})),
        NovaAction::RevertResize => ("resize_server_revert", json!({"revertResize": null})),
        NovaAction::Resize { flavor } => ("resize_server", json!({"resize": {"flavorRef": flavor}})),
        NovaAction::Evacuate => ("evacuate_server", json!({"evacuate": {}})),
        NovaAction::Reboot { graceful } => {
            ("reboot_server", json!({"reboot": {"type": if *graceful { "SOFT" } else { "HARD" }}}))
        }
        NovaAction::Rebuild { name, image } => {
            ("rebuild_server", json!({"rebuild": {"name": name, "imageRef": image}}))
        }
        NovaAction::Pause => ("pause_server", json!({"pause": null})),
        NovaAction::Unpause => ("unpause_server", json!({"unpause": null})),
        NovaAction::Suspend => ("suspend_server", json!({"suspend": null})),
        NovaAction::Resume => ("resume_server", json!({"resume": null})),
        NovaAction::Start => ("start_server", json!({"os-start": null})),
        NovaAction::Stop => ("stop_server", json!({"os-stop": null})),
        NovaAction::ResetStateToError => ("reset_server_state", json!({"os-resetState": {"state": "error"}})),
    }
}

/// Asks Nova for an action. With a user's context it is the user's own request, with the user's token, project
/// and version; a reset to the error state is always the VIM's own.
pub(crate) async fn act(
    caller: &mut Caller<'_>,
    uuid: &str,
    action: &NovaAction,
    context: Option<&RequestContext>,
) -> Result<Response, ExchangeError> {
    let base = caller.base(Service::Nova).await.map_err(ExchangeError::NoToken)?;
    let token = caller.token().await.map_err(ExchangeError::NoToken)?;
    let context = context.filter(|_| !matches!(action, NovaAction::ResetStateToError));
    let tenant = match context {
        None => Some(&token.project_id),
        Some(context) => context.tenant_id.as_ref(),
    };
    let project = tenant.map(|tenant| format!("/{}", encoded(tenant))).unwrap_or_default();
    let url = format!("{base}/v2.1{project}/servers/{}/action", encoded(uuid));
    let (function, own_body) = form(action);
    let mut request = Request::new("nova", function, Method::POST, url).wrs().json_type();
    match context {
        None => request = request.header(VERSION_HEADER, VERSION).body(own_body.to_string()),
        Some(context) => {
            // a user without a token gets Nova's 401, never the VIM's own rights
            request.token = Some(Secret::new(context.token_id.as_deref().unwrap_or_default()));
            if let Some(version) = &context.version {
                request = request.header(VERSION_HEADER, version);
            }
            request = request.body(context.content.clone().unwrap_or_else(|| own_body.to_string()));
        }
    }
    caller.exchange(request).await
}
