//! Instances. Contract: vim-api 1.7.

use super::{Answer, listed, payload, require_uuid, settled, single};
use crate::vim::{SHORT, VimClient};
use crate::wire::schema::{Kind, Need, Record, given, may, must};
use crate::wire::{Fault, Node, Values};
use nfv_common::pyjson;
use nfv_vim_rpc::instance::{CreateInstance, Get, Instance};
use nfv_vim_rpc::{ByUuid, Request};
use serde_json::{Map, Value, json};

static PINNING: Record = Record {
    name: "ComputeCreateVirtualCpuPinningType",
    fields: &[
        may("cpu_pinning_policy", Kind::Choice(&["any", "static", "dynamic"]), Need::Optional),
        may("cpu_pinning_map", Kind::Text, Need::Optional),
    ],
};

static CPU: Record = Record {
    name: "ComputeCreateVirtualCpuType",
    fields: &[
        may("cpu_architecture", Kind::Text, Need::Optional),
        must("num_virtual_cpu", Kind::Count),
        may("virtual_cpu_clock", Kind::Int, Need::Optional),
        may("virtual_cpu_oversubscription_policy", Kind::Text, Need::Optional),
        may("virtual_cpu_pinning", Kind::Record(&PINNING), Need::Optional),
    ],
};

static MEMORY: Record = Record {
    name: "ComputeCreateVirtualMemoryType",
    fields: &[
        must("virtual_mem_size", Kind::Count),
        may("virtual_mem_oversubscription_policy", Kind::Text, Need::Optional),
        may("numa_enabled", Kind::Flag, Need::Optional),
    ],
};

static STORAGE: Record = Record {
    name: "ComputeCreateVirtualStorageType",
    fields: &[must("type_of_storage", Kind::Choice(&["volume"])), must("size_of_storage", Kind::Count)],
};

static FLAVOUR: Record = Record {
    name: "ComputeCreateFlavourType",
    fields: &[
        must("flavour_id", Kind::Text),
        given("virtual_cpu", Kind::Record(&CPU)),
        given("virtual_memory", Kind::Record(&MEMORY)),
        given("virtual_storage", Kind::Record(&STORAGE)),
    ],
};

/// Body of a new instance.
pub static CREATE: Record = Record {
    name: "ComputeCreateData",
    fields: &[
        must("compute_id", Kind::Text),
        may("reservation_id", Kind::Text, Need::Optional),
        given("compute_data", Kind::Record(&FLAVOUR)),
        must("image_id", Kind::Text),
        may("meta_data", Kind::Text, Need::OrNull),
    ],
};

/// Body of an operation; the words stand in the order of the original's text.
pub static OPERATE: Record = Record {
    name: "ComputeOperateRequestData",
    fields: &[
        given(
            "compute_operation",
            Kind::Choice(&["suspend", "resume", "stop", "reboot", "start", "pause", "unpause"]),
        ),
        may("compute_operation_data", Kind::Text, Need::OrNull),
    ],
};

/// Body of a migration.
pub static MIGRATE: Record = Record {
    name: "ComputeMigrateRequestData",
    fields: &[given("migrate_type", Kind::Choice(&["live", "cold", "evacuate"]))],
};

static SHOWN_MEMORY: Record =
    Record { name: "ComputeQueryVirtualMemoryType", fields: &[must("virtual_mem_size", Kind::Int)] };

static SHOWN_CPU: Record =
    Record { name: "ComputeQueryVirtualCpuType", fields: &[must("num_virtual_cpu", Kind::Int)] };

static SHOWN_ATTRIBUTES: Record = Record {
    name: "ComputeQueryAttributesResourceType",
    fields: &[
        must("flavour_id", Kind::Text),
        must("virtual_memory", Kind::Record(&SHOWN_MEMORY)),
        must("virtual_cpu", Kind::Record(&SHOWN_CPU)),
        must("flavour_original_name", Kind::Text),
    ],
};

static SHOWN_RESOURCE: Record = Record {
    name: "ComputeQueryResourceType",
    fields: &[
        must("compute_id", Kind::Text),
        must("compute_attributes", Kind::Record(&SHOWN_ATTRIBUTES)),
        must("vc_image_id", Kind::Text),
        must("host_id", Kind::Text),
        must("meta_data", Kind::Text),
    ],
};

/// An instance as it is shown.
pub static SHOWN: Record =
    Record { name: "ComputeQueryData", fields: &[must("query_result", Kind::Record(&SHOWN_RESOURCE))] };

fn show(instance: Instance) -> Node {
    let meta_data = json!({
        "sw:wrs:auto_recovery": instance.auto_recovery,
        "hw:wrs:live_migration_timeout": instance.live_migration_timeout,
        "hw:wrs:live_migration_max_downtime": instance.live_migration_max_downtime,
    });
    let attributes = Node::Object(vec![
        ("flavour_id", Node::text("")),
        ("virtual_memory", Node::Object(vec![("virtual_mem_size", Node::number(instance.memory_mb))])),
        ("virtual_cpu", Node::Object(vec![("num_virtual_cpu", Node::number(instance.vcpus))])),
        ("flavour_original_name", Node::optional(instance.instance_type_original_name)),
    ]);
    let resource = Node::Object(vec![
        ("compute_id", Node::optional(instance.uuid)),
        ("compute_attributes", attributes),
        ("vc_image_id", Node::optional(instance.image_uuid)),
        ("host_id", Node::optional(instance.host_uuid)),
        ("meta_data", Node::text(pyjson::to_string(&meta_data))),
    ]);
    Node::Object(vec![("query_result", resource)])
}

/// GET of all.
pub async fn list(vim: &VimClient) -> Result<Answer, Fault> {
    let show = |response| listed(response, payload!(GetInstance)).map(show);
    Ok(Answer::ok(Node::List(vim.ask_all(Request::GetInstance(Get::all()), show).await?)))
}

/// GET of one.
pub async fn get(vim: &VimClient, uuid: &str) -> Result<Answer, Fault> {
    require_uuid(uuid)?;
    let response = vim.ask_one(Request::GetInstance(Get::one(uuid)), SHORT).await?;
    Ok(Answer::ok(show(single(response, payload!(GetInstance))?)))
}

/// POST
pub async fn create(vim: &VimClient, body: &Values) -> Result<Answer, Fault> {
    let part = |of: Option<&Values>, name: &'static str| {
        of.and_then(|of| of.record(name)).cloned().ok_or_else(|| Fault::missing(name))
    };
    let data = part(Some(body), "compute_data")?;
    let (cpu, memory) = (part(Some(&data), "virtual_cpu")?, part(Some(&data), "virtual_memory")?);
    let storage = part(Some(&data), "virtual_storage")?;
    let meta = meta_data(body.text("meta_data"))?;
    let text = |key: &str| match meta.get(key) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Null) | None => None,
        Some(other) => Some(other.to_string()),
    };
    let number = |key: &str| -> Result<Option<u64>, Fault> {
        let Some(text) = text(key) else { return Ok(None) };
        text.trim().parse().map(Some).map_err(|_| {
            Fault::invalid("meta_data", &Value::from(text.as_str()), format!("{key} should be a number."))
        })
    };
    let flag = |key: &str| -> Result<Option<bool>, Fault> {
        let Some(text) = text(key) else { return Ok(None) };
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Ok(Some(true)),
            "false" | "no" | "0" => Ok(Some(false)),
            _ => Err(Fault::invalid(
                "meta_data",
                &Value::from(text),
                format!("{key} should be true or false."),
            )),
        }
    };
    let request = CreateInstance {
        name: body.text("compute_id"),
        instance_type_uuid: data.text("flavour_id"),
        image_uuid: body.text("image_id"),
        vcpus: cpu.count("num_virtual_cpu"),
        memory_mb: memory.count("virtual_mem_size"),
        disk_gb: storage.count("size_of_storage"),
        ephemeral_gb: Some(0),
        swap_gb: Some(0),
        network_uuid: text("network_uuid"),
        auto_recovery: flag("sw:wrs:auto_recovery")?,
        live_migration_timeout: number("hw:wrs:live_migration_timeout")?,
        live_migration_max_downtime: number("hw:wrs:live_migration_max_downtime")?,
    };
    let response = vim.ask_one(Request::CreateInstance(request), SHORT).await?;
    let created = listed(response, payload!(CreateInstance))?;
    Ok(Answer::created(show(created.instance)))
}

/// The object in the text; the original fails with 500 on anything else.
fn meta_data(text: Option<String>) -> Result<Map<String, Value>, Fault> {
    let Some(text) = text else { return Ok(Map::new()) };
    let bad = |why: String| Fault::invalid("meta_data", &Value::from(text.as_str()), why);
    match serde_json::from_str(&text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(bad("Value should be a JSON object.".to_owned())),
        Err(error) => Err(bad(format!("Value should be a JSON object: {error}."))),
    }
}

/// DELETE
pub async fn delete(vim: &VimClient, uuid: &str) -> Result<Answer, Fault> {
    let response = vim.ask_one(Request::DeleteInstance(ByUuid::new(uuid)), SHORT).await?;
    single(response, payload!(DeleteInstance))?;
    Ok(Answer::bare(204))
}

/// POST `.../operate`
pub async fn operate(vim: &VimClient, uuid: &str, body: &Values) -> Result<Answer, Fault> {
    require_uuid(uuid)?;
    let request = match body.text("compute_operation").as_deref() {
        Some("start") => Request::StartInstance,
        Some("stop") => Request::StopInstance,
        Some("pause") => Request::PauseInstance,
        Some("unpause") => Request::UnpauseInstance,
        Some("suspend") => Request::SuspendInstance,
        Some("resume") => Request::ResumeInstance,
        Some("reboot") => Request::RebootInstance,
        Some(_) | None => return Err(Fault::BadRequest),
    };
    begin(vim, request(ByUuid::new(uuid))).await
}

/// POST `.../migrate`
pub async fn migrate(vim: &VimClient, uuid: &str, body: &Values) -> Result<Answer, Fault> {
    require_uuid(uuid)?;
    let request = match body.text("migrate_type").as_deref() {
        Some("live") => Request::LiveMigrateInstance,
        Some("cold") => Request::ColdMigrateInstance,
        Some("evacuate") => Request::EvacuateInstance,
        Some(_) | None => return Err(Fault::BadRequest),
    };
    begin(vim, request(ByUuid::new(uuid))).await
}

/// Begins an action; the type of the answer is not looked at.
async fn begin(vim: &VimClient, request: Request) -> Result<Answer, Fault> {
    settled(vim.ask_one(request, SHORT).await?.result)?;
    Ok(Answer::bare(202))
}
