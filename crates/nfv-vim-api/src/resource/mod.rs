//! What is done at each path: the message to the VIM, its answer, the answer to the client. Contract: vim-api 1.4 to
//! 1.10; docs/extensions.md.

pub mod compute;
pub mod description;
pub mod extension;
pub mod heat;
pub mod image;
pub mod network;
pub mod strategy;
pub mod volume;

use crate::route::{Action, Resource, Route, Update};
use crate::vim::VimClient;
use crate::wire::{Fault, Node, Values};
use nfv_vim_rpc::history::ObjectType;
use nfv_vim_rpc::{Response, ResponseBody, ResultCode};

/// An answer that is as the client wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body; none: there is none.
    pub body: Option<Node>,
}

impl Answer {
    /// 200
    pub fn ok(body: Node) -> Self {
        Self { status: 200, body: Some(body) }
    }

    /// 201
    pub fn created(body: Node) -> Self {
        Self { status: 201, body: Some(body) }
    }

    /// Without a body.
    pub fn bare(status: u16) -> Self {
        Self { status, body: None }
    }
}

/// Does what a route of the VIM's own says. `body` has what was in the body, or in the query. `base` is scheme, host and port of links.
///
/// # Errors
/// The fault that the client is told.
pub async fn perform(vim: &VimClient, route: &Route, body: &Values, base: &str) -> Result<Answer, Fault> {
    let part = route.parts.first().map(String::as_str).unwrap_or_default();
    match route.operation.action {
        Action::Describe => Ok(Answer::ok(description::describe(route.resource, base))),
        // these are answered elsewhere
        Action::PassOn | Action::ShowOpenApi | Action::ShowMetrics => Err(Fault::NotFound),
        Action::GetStrategy => strategy::get(vim, update(route)).await,
        Action::GetStrategyByUuid => strategy::get_by_uuid(vim, part).await,
        Action::CreateStrategy => strategy::create(vim, update(route), body).await,
        Action::DeleteStrategy => strategy::delete(vim, update(route), body).await,
        Action::ActOnStrategy => strategy::act(vim, update(route), body).await,
        Action::ListComputes => compute::list(vim).await,
        Action::GetCompute => compute::get(vim, part).await,
        Action::CreateCompute => compute::create(vim, body).await,
        Action::DeleteCompute => compute::delete(vim, part).await,
        Action::OperateCompute => compute::operate(vim, part, body).await,
        Action::MigrateCompute => compute::migrate(vim, part, body).await,
        Action::ListImages => image::list(vim).await,
        Action::GetImage => image::get(vim, part).await,
        Action::CreateImage => image::create(vim, body).await,
        Action::UpdateImage => image::update(vim, part, body).await,
        Action::DeleteImage => image::delete(vim, part).await,
        Action::ListVolumes => volume::list(vim).await,
        Action::GetVolume => volume::get(vim, part).await,
        Action::CreateVolume => volume::create(vim, body).await,
        Action::UpdateVolume => volume::update(vim, part, body).await,
        Action::DeleteVolume => volume::delete(vim, part).await,
        Action::ListNetworks => network::list(vim).await,
        Action::GetNetwork => network::get(vim, part).await,
        Action::CreateNetwork => network::create(vim, body).await,
        Action::UpdateNetwork => network::update(vim, body).await,
        Action::DeleteNetworks => network::delete(vim, body).await,
        Action::ShowHistory => extension::history(vim, object_type(route), part, body).await,
        Action::PreviewHost => extension::preview_host(vim, part, body).await,
        Action::PreviewStrategy => extension::preview_strategy(vim, update(route)).await,
    }
}

/// The kind of update in the path.
fn update(route: &Route) -> Update {
    match route.resource {
        Resource::Strategy(update)
        | Resource::Actions(update)
        | Resource::Update(update)
        | Resource::StrategyPreview(update) => update,
        _ => Update::Patch,
    }
}

/// The kind of object in the path.
fn object_type(route: &Route) -> ObjectType {
    match route.resource {
        Resource::InstanceHistory => ObjectType::Instance,
        _ => ObjectType::Host,
    }
}

/// A uuid as the original takes it: 32 hexadecimal digits, whatever hyphens and braces are with them.
fn require_uuid(text: &str) -> Result<(), Fault> {
    if is_uuid(text) { Ok(()) } else { Err(Fault::BadRequest) }
}

fn is_uuid(text: &str) -> bool {
    let plain = text.replace("urn:", "").replace("uuid:", "");
    let digits = plain.trim_matches(['{', '}']).replace('-', "");
    digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The VIM answered with another type of message than was asked for.
fn unexpected(kind: &'static str) -> Fault {
    tracing::error!(
        logger = "nfv_vim.api",
        file = "_hooks.py",
        "Unexpected message type received, msg_type={kind}."
    );
    Fault::Failed(None)
}

/// The VIM answered with a result that is no success.
fn failed(result: ResultCode, reason: Option<String>) -> Fault {
    tracing::error!(
        logger = "nfv_vim.api",
        file = "_hooks.py",
        "Unexpected result received, result={}{}{}.",
        result.as_str(),
        if reason.is_some() { ": " } else { "" },
        reason.as_deref().unwrap_or_default()
    );
    Fault::Failed(reason)
}

/// Success, not found, or a failure: what most answers of the VIM come to.
fn settled(result: ResultCode) -> Result<(), Fault> {
    match result {
        ResultCode::Success => Ok(()),
        ResultCode::NotFound => Err(Fault::NotFound),
        ResultCode::Failed | ResultCode::Conflict | ResultCode::Unknown => Err(failed(result, None)),
    }
}

/// One object of a listing: every answer must be a success.
fn listed<T>(response: Response, pick: impl Fn(ResponseBody) -> Result<T, &'static str>) -> Result<T, Fault> {
    let result = response.result;
    let object = pick(response.body).map_err(unexpected)?;
    if result == ResultCode::Success { Ok(object) } else { Err(failed(result, None)) }
}

/// One object: success, not found, or a failure.
fn single<T>(response: Response, pick: impl Fn(ResponseBody) -> Result<T, &'static str>) -> Result<T, Fault> {
    let result = response.result;
    let object = pick(response.body).map_err(unexpected)?;
    settled(result).map(|()| object)
}

/// Takes the payload of one type of answer; of another its type.
macro_rules! payload {
    ($variant:ident) => {
        |body| match body {
            nfv_vim_rpc::ResponseBody::$variant(payload) => Ok(payload),
            other => Err(other.kind()),
        }
    };
}
pub(crate) use payload;

#[cfg(test)]
mod tests {
    use super::is_uuid;

    #[test]
    fn uuids_are_taken_in_all_spellings() {
        for (text, good) in [
            ("523cbd2d-f7f8-4707-8617-d085386f8711", true),
            ("523CBD2DF7F847078617D085386F8711", true),
            ("{523cbd2d-f7f8-4707-8617-d085386f8711}", true),
            ("urn:uuid:523cbd2d-f7f8-4707-8617-d085386f8711", true),
            ("5-2-3cbd2df7f847078617d085386f8711", true),
            ("523cbd2df7f847078617d085386f871g", false),
            ("x", false),
            ("", false),
        ] {
            assert_eq!(is_uuid(text), good, "{text}");
        }
    }
}
