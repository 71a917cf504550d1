//! Strategies of software updates. Contract: vim-api 1.6, 2.4.

use super::{Answer, failed, is_uuid, unexpected};
use crate::route::Update;
use crate::vim::{STRATEGY, VimClient};
use crate::wire::schema::{Kind, Need, Record, given, may, must};
use crate::wire::{Fault, Node, Values};
use nfv_vim_rpc::strategy::{
    CreateStrategy, CreateUpgradeStrategy, DeleteStrategy, GetStrategy, Strategy, StrategyAction,
};
use nfv_vim_rpc::{Request, Response, ResponseBody as Body, ResultCode};
use serde_json::Value;

/// In the order of the original's texts.
const APPLY_TYPES: Kind = Kind::Choice(&["ignore", "serial", "parallel"]);
const INSTANCE_ACTIONS: Kind = Kind::Choice(&["migrate", "stop-start"]);
const ALARM_RESTRICTIONS: Kind = Kind::Choice(&["strict", "relaxed"]);

/// Name of the field for workers at a time.
const MAX_PARALLEL: &str = "max-parallel-worker-hosts";
/// Workers at a time, at least.
pub(crate) const FEWEST_HOSTS: i64 = 2;

/// Workers at a time, at most.
pub(crate) const fn most_hosts(update: Update) -> i64 {
    match update {
        Update::Patch => 100,
        Update::Upgrade => 10,
    }
}

/// Body of a new patch strategy.
pub static PATCH_CREATE: Record = Record {
    name: "SwPatchStrategyCreateData",
    fields: &[
        must("controller-apply-type", APPLY_TYPES),
        must("storage-apply-type", APPLY_TYPES),
        may("swift-apply-type", APPLY_TYPES, Need::OrText("ignore")),
        must("worker-apply-type", APPLY_TYPES),
        may(MAX_PARALLEL, Kind::Int, Need::Optional),
        must("default-instance-action", INSTANCE_ACTIONS),
        may("alarm-restrictions", ALARM_RESTRICTIONS, Need::OrText("strict")),
    ],
};

/// Body of a new upgrade strategy.
pub static UPGRADE_CREATE: Record = Record {
    name: "SwUpgradeStrategyCreateData",
    fields: &[
        must("storage-apply-type", APPLY_TYPES),
        must("worker-apply-type", APPLY_TYPES),
        may(MAX_PARALLEL, Kind::Int, Need::Optional),
        may("complete-upgrade", Kind::Flag, Need::OrFlag(false)),
        may("alarm-restrictions", ALARM_RESTRICTIONS, Need::OrText("strict")),
    ],
};

/// Body of a deletion.
pub static DELETE: Record =
    Record { name: "SwUpdateStrategyDeleteData", fields: &[may("force", Kind::Flag, Need::OrFlag(false))] };

/// Body of an action.
pub static ACTION: Record = Record {
    name: "SwUpdateStrategyActionData",
    fields: &[
        given("action", Kind::Choice(&["abort-stage", "apply-all", "abort", "apply-stage"])),
        may("stage-id", Kind::Count, Need::Optional),
    ],
};

static STEP: Record = Record {
    name: "SwUpdateStrategyStageStepData",
    fields: &[
        must("step-id", Kind::Int),
        must("step-name", Kind::Text),
        must("timeout", Kind::Int),
        must("entity-type", Kind::Text),
        must("entity-uuids", Kind::List(&Kind::Text)),
        must("entity-names", Kind::List(&Kind::Text)),
        must("result", Kind::Text),
        must("reason", Kind::Text),
        must("start-date-time", Kind::Text),
        must("end-date-time", Kind::Text),
    ],
};

static STAGE: Record = Record {
    name: "SwUpdateStrategyStageData",
    fields: &[
        must("stage-id", Kind::Int),
        must("stage-name", Kind::Text),
        must("timeout", Kind::Int),
        must("total-steps", Kind::Int),
        must("current-step", Kind::Int),
        must("steps", Kind::List(&Kind::Record(&STEP))),
        must("inprogress", Kind::Flag),
        must("result", Kind::Text),
        must("reason", Kind::Text),
        must("start-date-time", Kind::Text),
        must("end-date-time", Kind::Text),
    ],
};

static PHASE: Record = Record {
    name: "SwUpdateStrategyPhaseData",
    fields: &[
        must("phase-name", Kind::Text),
        must("timeout", Kind::Int),
        must("total-stages", Kind::Int),
        must("current-stage", Kind::Int),
        must("stop-at-stage", Kind::Int),
        must("stages", Kind::List(&Kind::Record(&STAGE))),
        must("inprogress", Kind::Flag),
        must("completion-percentage", Kind::Int),
        must("result", Kind::Text),
        must("reason", Kind::Text),
        must("start-date-time", Kind::Text),
        must("end-date-time", Kind::Text),
    ],
};

static DATA: Record = Record {
    name: "SwUpdateStrategyData",
    fields: &[
        must("uuid", Kind::Text),
        must("name", Kind::Choice(&["sw-patch", "sw-upgrade"])),
        must("controller-apply-type", APPLY_TYPES),
        must("storage-apply-type", APPLY_TYPES),
        must("swift-apply-type", APPLY_TYPES),
        must("worker-apply-type", APPLY_TYPES),
        must(MAX_PARALLEL, Kind::Int),
        must("default-instance-action", INSTANCE_ACTIONS),
        must("alarm-restrictions", ALARM_RESTRICTIONS),
        must("state", Kind::Text),
        must("current-phase", Kind::Text),
        must("build-phase", Kind::Record(&PHASE)),
        must("apply-phase", Kind::Record(&PHASE)),
        must("abort-phase", Kind::Record(&PHASE)),
        // last in XML, as in the original
        must("current-phase-completion-percentage", Kind::Int),
    ],
};

/// A strategy as it is shown, or none.
pub static SHOWN: Record =
    Record { name: "SwUpdateStrategyQueryData", fields: &[must("strategy", Kind::Record(&DATA))] };

/// Key of the VIM's text for a field of ours: mostly the same with underscores.
fn vim_key(record: &'static Record, field: &str) -> String {
    let own = std::ptr::eq(record, &STEP) || std::ptr::eq(record, &STAGE) || std::ptr::eq(record, &PHASE);
    match field {
        "step-id" | "stage-id" if own => "id".to_owned(),
        "step-name" | "stage-name" | "phase-name" if own => "name".to_owned(),
        "reason" if own => "result_reason".to_owned(),
        other => other.replace('-', "_"),
    }
}

/// A part of the VIM's text as the answer's part. What the answer does not have is dropped.
fn convert(record: &'static Record, value: &Value) -> Result<Node, Fault> {
    let mut fields = Vec::with_capacity(record.fields.len());
    for field in record.fields {
        let key = vim_key(record, field.name);
        let value = value
            .get(&key)
            .ok_or_else(|| Fault::Broken(format!("the VIM's strategy has no {key} in {}", record.name)))?;
        fields.push((field.name, node(field.kind, value)?));
    }
    Ok(Node::Object(fields))
}

fn node(kind: Kind, value: &Value) -> Result<Node, Fault> {
    Ok(match (kind, value) {
        (_, Value::Null) => Node::Null,
        (Kind::Record(record), value) => convert(record, value)?,
        (Kind::List(of), Value::Array(items)) => {
            Node::List(items.iter().map(|item| node(*of, item)).collect::<Result<_, _>>()?)
        }
        (_, Value::Bool(flag)) => Node::Flag(*flag),
        (_, Value::Number(number)) => Node::Int(
            number.as_i64().or_else(|| number.as_f64().map(|number| number.trunc() as i64)).unwrap_or(0),
        ),
        (_, Value::String(text)) => Node::text(text.clone()),
        (_, other) => Node::text(other.to_string()),
    })
}

fn show(strategy: &Strategy) -> Result<Node, Fault> {
    let broken = || Fault::Broken("the VIM's strategy cannot be read".to_owned());
    let text = strategy.strategy.as_deref().ok_or_else(broken)?;
    let value: Value = serde_json::from_str(text).map_err(|_| broken())?;
    Ok(Node::Object(vec![("strategy", convert(&DATA, &value)?)]))
}

/// The payload of the answer that was asked for.
fn strategy(
    response: Response,
    pick: impl Fn(Body) -> Result<Strategy, &'static str>,
) -> Result<(ResultCode, Strategy), Fault> {
    let result = response.result;
    pick(response.body).map(|strategy| (result, strategy)).map_err(unexpected)
}

/// GET; that there is no strategy of this kind is an answer, too.
pub async fn get(vim: &VimClient, update: Update) -> Result<Answer, Fault> {
    let get = GetStrategy { sw_update_type: Some(update.as_str().to_owned()), uuid: None };
    let response = vim.ask_one(Request::GetStrategy(get), STRATEGY).await?;
    match strategy(response, super::payload!(GetStrategy))? {
        (ResultCode::Success, strategy) => Ok(Answer::ok(show(&strategy)?)),
        (ResultCode::NotFound, _) => Ok(Answer::ok(Node::Object(vec![("strategy", Node::Null)]))),
        (result @ (ResultCode::Failed | ResultCode::Conflict | ResultCode::Unknown), strategy) => {
            Err(failed(result, strategy.error_string))
        }
    }
}

/// GET by uuid. The kind is not sent, so the VIM never finds one.
pub async fn get_by_uuid(vim: &VimClient, uuid: &str) -> Result<Answer, Fault> {
    if !is_uuid(uuid) {
        return Err(Fault::Refused(format!("Invalid strategy uuid, uuid={uuid}")));
    }
    let get = GetStrategy { sw_update_type: None, uuid: Some(uuid.to_owned()) };
    let response = vim.ask_one(Request::GetStrategy(get), STRATEGY).await?;
    answered(strategy(response, super::payload!(GetStrategy))?, 200)
}

/// A strategy, not found, or a failure.
fn answered((result, strategy): (ResultCode, Strategy), status: u16) -> Result<Answer, Fault> {
    match result {
        ResultCode::Success => Ok(Answer { status, body: Some(show(&strategy)?) }),
        ResultCode::NotFound => Err(Fault::NotFound),
        ResultCode::Failed | ResultCode::Conflict | ResultCode::Unknown => {
            Err(failed(result, strategy.error_string))
        }
    }
}

/// POST
pub async fn create(vim: &VimClient, update: Update, body: &Values) -> Result<Answer, Fault> {
    let parallel = body.int(MAX_PARALLEL);
    let allowed = FEWEST_HOSTS..=most_hosts(update);
    if body.has(MAX_PARALLEL) && !parallel.is_some_and(|number| allowed.contains(&number)) {
        return Err(Fault::Refused(format!("Invalid value for {MAX_PARALLEL}")));
    }
    let common = CreateStrategy {
        sw_update_type: Some(update.as_str().to_owned()),
        storage_apply_type: body.text("storage-apply-type"),
        worker_apply_type: body.text("worker-apply-type"),
        max_parallel_worker_hosts: body.count(MAX_PARALLEL),
        alarm_restrictions: body.text("alarm-restrictions"),
        ..CreateStrategy::default()
    };
    let word = |word: &str| Some(word.to_owned());
    let request = match update {
        Update::Patch => Request::CreateStrategy(CreateStrategy {
            controller_apply_type: body.text("controller-apply-type"),
            swift_apply_type: body.text("swift-apply-type"),
            default_instance_action: body.text("default-instance-action"),
            ..common
        }),
        Update::Upgrade => Request::CreateUpgradeStrategy(CreateUpgradeStrategy {
            strategy: CreateStrategy {
                controller_apply_type: word("serial"),
                swift_apply_type: word("ignore"),
                default_instance_action: word("migrate"),
                ..common
            },
            start_upgrade: Some(false),
            complete_upgrade: body.flag("complete-upgrade"),
        }),
    };
    let response = vim.ask_one(request, STRATEGY).await?;
    match strategy(response, super::payload!(CreateStrategy))? {
        (ResultCode::Success, strategy) => Ok(Answer::ok(show(&strategy)?)),
        (ResultCode::Conflict, strategy) => Err(Fault::Conflict(strategy.error_string)),
        (result @ (ResultCode::Failed | ResultCode::NotFound | ResultCode::Unknown), strategy) => {
            Err(failed(result, strategy.error_string))
        }
    }
}

/// DELETE
pub async fn delete(vim: &VimClient, update: Update, body: &Values) -> Result<Answer, Fault> {
    let request = DeleteStrategy {
        sw_update_type: Some(update.as_str().to_owned()),
        force: body.flag("force").unwrap_or(false),
    };
    let response = vim.ask_one(Request::DeleteStrategy(request), STRATEGY).await?;
    match strategy(response, super::payload!(DeleteStrategy))? {
        (ResultCode::Success, _) => Ok(Answer::bare(204)),
        (ResultCode::NotFound, _) => Err(Fault::NotFound),
        (ResultCode::Failed, strategy) => Err(Fault::Conflict(strategy.error_string)),
        (result @ (ResultCode::Conflict | ResultCode::Unknown), strategy) => {
            Err(failed(result, strategy.error_string))
        }
    }
}

/// POST of an action.
pub async fn act(vim: &VimClient, update: Update, body: &Values) -> Result<Answer, Fault> {
    let action = body.text("action");
    let staged = matches!(action.as_deref(), Some("apply-stage" | "abort-stage"));
    if staged && !body.has("stage-id") {
        return Err(Fault::Refused("No stage-id received".to_owned()));
    }
    let request =
        StrategyAction { sw_update_type: Some(update.as_str().to_owned()), stage_id: body.count("stage-id") };
    let result = match action.as_deref() {
        Some("apply-all" | "apply-stage") => {
            let response = vim.ask_one(Request::ApplyStrategy(request), STRATEGY).await?;
            strategy(response, super::payload!(ApplyStrategy))?
        }
        Some("abort" | "abort-stage") => {
            let response = vim.ask_one(Request::AbortStrategy(request), STRATEGY).await?;
            strategy(response, super::payload!(AbortStrategy))?
        }
        Some(_) | None => return Err(Fault::BadRequest),
    };
    answered(result, 202)
}
