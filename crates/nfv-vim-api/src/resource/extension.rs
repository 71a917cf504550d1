//! Decisions about hosts and instances, and what would happen: what the original does not have (docs/extensions.md).
//!
//! The tables have the keys of the messages; what the VIM says beyond them is dropped.

use super::{Answer, failed, payload, require_uuid, single, unexpected};
use crate::route::Update;
use crate::vim::{SHORT, STRATEGY, VimClient};
use crate::wire::schema::{Kind, Need, Record, given, may, must};
use crate::wire::{Fault, Node, Values};
use nfv_vim_rpc::history::{GetHistory, ObjectType};
use nfv_vim_rpc::preview::{HostPreviewAction, Preview, PreviewHost};
use nfv_vim_rpc::strategy::GetStrategy;
use nfv_vim_rpc::{Request, Response, ResponseBody, ResultCode};
use serde::Serialize;

/// Query of a history.
pub static HISTORY: Record =
    Record { name: "HistoryQuery", fields: &[may("limit", Kind::Count, Need::Optional)] };

/// Query of a host's preview.
pub static HOST_PREVIEW: Record = Record {
    name: "HostPreviewQuery",
    fields: &[may("action", Kind::Choice(&["lock", "lock-force", "fail"]), Need::OrText("lock"))],
};

static WAIT: Record = Record {
    name: "DecisionWait",
    fields: &[given("what", Kind::Text), given("since", Kind::Text), given("until", Kind::Text)],
};

static DECISION: Record = Record {
    name: "Decision",
    fields: &[
        given("id", Kind::Count),
        given("time", Kind::Text),
        given("decision", Kind::Text),
        given("cause", Kind::Text),
        given("initiated_by", Kind::Text),
        given("evidence", Kind::Map(&Kind::Text)),
        must("wait", Kind::Record(&WAIT)),
        must("deadline", Kind::Text),
        must("outcome", Kind::Text),
        must("outcome_reason", Kind::Text),
        must("ended", Kind::Text),
        must("duration_ms", Kind::Count),
        given("count", Kind::Count),
    ],
};

/// A history as it is shown.
pub static SHOWN_HISTORY: Record = Record {
    name: "History",
    fields: &[
        given("object_type", Kind::Choice(&["host", "instance"])),
        given("object", Kind::Text),
        given("decisions", Kind::List(&Kind::Record(&DECISION))),
    ],
};

static ESTIMATE: Record =
    Record { name: "Estimate", fields: &[given("seconds", Kind::Count), given("measured", Kind::Flag)] };

static DESTINATIONS: Record = Record {
    name: "InstanceDestinations",
    fields: &[
        given("count", Kind::Count),
        given("hosts", Kind::List(&Kind::Text)),
        given("excluded", Kind::Map(&Kind::Count)),
    ],
};

static MOVE: Record = Record {
    name: "InstanceMove",
    fields: &[
        given("uuid", Kind::Text),
        given("name", Kind::Text),
        given("host", Kind::Text),
        given("action", Kind::Text),
        must("reason", Kind::Text),
        must("then", Kind::Text),
        must("destinations", Kind::Record(&DESTINATIONS)),
        given("estimate", Kind::Record(&ESTIMATE)),
    ],
};

static STEP: Record = Record {
    name: "PreviewStep",
    fields: &[
        given("name", Kind::Text),
        given("entities", Kind::List(&Kind::Text)),
        given("estimate", Kind::Record(&ESTIMATE)),
        given("deadline_secs", Kind::Count),
    ],
};

static STAGE: Record = Record {
    name: "PreviewStage",
    fields: &[
        given("stage_id", Kind::Count),
        given("name", Kind::Text),
        given("hosts", Kind::List(&Kind::Text)),
        given("steps", Kind::List(&Kind::Record(&STEP))),
        given("moves", Kind::List(&Kind::Record(&MOVE))),
        must("refused", Kind::Text),
        given("estimate", Kind::Record(&ESTIMATE)),
    ],
};

/// A preview as it is shown.
pub static SHOWN_PREVIEW: Record = Record {
    name: "Preview",
    fields: &[
        must("subject", Kind::Text),
        must("action", Kind::Text),
        must("refused", Kind::Text),
        given("notes", Kind::List(&Kind::Text)),
        given("stages", Kind::List(&Kind::Record(&STAGE))),
        must("estimate", Kind::Record(&ESTIMATE)),
    ],
};

fn show(record: &'static Record, payload: &impl Serialize) -> Result<Answer, Fault> {
    let value = serde_json::to_value(payload).map_err(|error| Fault::Broken(error.to_string()))?;
    Ok(Answer::ok(Node::shaped(Kind::Record(record), value)))
}

/// GET of the decisions about an object.
pub async fn history(
    vim: &VimClient,
    object_type: ObjectType,
    object: &str,
    query: &Values,
) -> Result<Answer, Fault> {
    if object_type == ObjectType::Instance {
        require_uuid(object)?;
    }
    let request = GetHistory {
        object_type: Some(object_type),
        object: Some(object.to_owned()),
        limit: query.count("limit"),
    };
    let response = vim.ask_one(Request::GetHistory(request), SHORT).await?;
    show(&SHOWN_HISTORY, &single(response, payload!(GetHistory))?)
}

/// GET of what would happen to a host.
pub async fn preview_host(vim: &VimClient, host: &str, query: &Values) -> Result<Answer, Fault> {
    let action = query.text("action").as_deref().and_then(HostPreviewAction::named);
    let action = action.ok_or(Fault::BadRequest)?;
    let request = PreviewHost { host_name: Some(host.to_owned()), action };
    let response = vim.ask_one(Request::PreviewHost(request), STRATEGY).await?;
    previewed(response, payload!(PreviewHost))
}

/// GET of what applying the strategy would do.
pub async fn preview_strategy(vim: &VimClient, update: Update) -> Result<Answer, Fault> {
    let request = GetStrategy { sw_update_type: Some(update.as_str().to_owned()), uuid: None };
    let response = vim.ask_one(Request::PreviewStrategy(request), STRATEGY).await?;
    previewed(response, payload!(PreviewStrategy))
}

/// A preview, not found, or a failure, with the VIM's reason if it gives one.
fn previewed(
    response: Response,
    pick: impl Fn(ResponseBody) -> Result<Preview, &'static str>,
) -> Result<Answer, Fault> {
    let result = response.result;
    let preview = pick(response.body).map_err(unexpected)?;
    match result {
        ResultCode::Success => show(&SHOWN_PREVIEW, &preview),
        ResultCode::NotFound => Err(Fault::NotFound),
        ResultCode::Failed | ResultCode::Conflict | ResultCode::Unknown => {
            Err(failed(result, preview.refused))
        }
    }
}
