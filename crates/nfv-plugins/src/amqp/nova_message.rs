//! One message of Nova and what it says. Contract: southbound 11.

use crate::openstack::fields::{self, FieldError};
use crate::openstack::nova_server::{live_migration_timeout, recovery_priority};
use nfv_nfvi::Notification;
use nfv_nfvi::object::{ActionState, ActionType, Instance, NovaStates, states_from_nova};
use serde_json::Value;

/// Event types of actions, with what has begun or ended. Those that stand for no action of the VIM have none.
const ACTIONS: &[(&str, Option<ActionType>, ActionState)] = {
    use ActionState::{Completed, Started};
    use ActionType::{LiveMigrate, LiveMigrateRollback, Resize, Resume, Unpause};
    &[
        ("compute.instance.pause.start", None, Started),
        ("compute.instance.pause.end", None, Completed),
        ("compute.instance.unpause.start", Some(Unpause), Started),
        ("compute.instance.unpause.end", Some(Unpause), Completed),
        ("compute.instance.suspend", None, Completed),
        ("compute.instance.resume.start", Some(Resume), Started),
        ("compute.instance.resume.end", Some(Resume), Completed),
        ("compute.instance.reboot.start", None, Started),
        ("compute.instance.reboot.end", None, Completed),
        ("compute.instance.power_off.start", None, Started),
        ("compute.instance.power_off.end", None, Completed),
        ("compute.instance.power_on.start", None, Started),
        ("compute.instance.power_on.end", None, Completed),
        ("compute.instance.live_migration.pre.start", Some(LiveMigrate), Started),
        ("compute.instance.live_migration.post.dest.end", Some(LiveMigrate), Completed),
        ("compute.instance.live_migration._rollback.start", Some(LiveMigrateRollback), Started),
        ("compute.instance.live_migration.rollback.dest.end", Some(LiveMigrateRollback), Completed),
        ("compute.instance.resize.confirm.start", Some(Resize), Started),
        ("compute.instance.resize.confirm.end", Some(Resize), Completed),
        ("compute.instance.resize.revert.start", Some(Resize), Started),
        ("compute.instance.resize.revert.end", Some(Resize), Completed),
    ]
};

/// What a message says to the VIM; none when it is about something else.
pub(super) fn read(data: &[u8]) -> Result<Option<Notification>, String> {
    let message: Value = serde_json::from_slice(data).map_err(|error| error.to_string())?;
    let message = match message["oslo.version"].as_str() {
        None => message,
        Some("2.0") => {
            let inner = message["oslo.message"].as_str().ok_or("the envelope holds no message")?;
            serde_json::from_str(inner).map_err(|error| format!("in the envelope: {error}"))?
        }
        Some(other) => return Err(format!("envelope of version {other:?}")),
    };
    notification(&message).map_err(|error| error.to_string())
}

fn notification(message: &Value) -> Result<Option<Notification>, FieldError> {
    let event_type = fields::text(message, "event_type")?;
    let payload = &message["payload"];
    if event_type == "compute.instance.update" {
        let instance = Box::new(instance(payload)?);
        return Ok(Some(Notification::InstanceStateChange { instance }));
    }
    if event_type == "compute.instance.delete.start" {
        let uuid = fields::text(payload, "instance_id")?;
        return Ok(Some(Notification::InstanceDelete { uuid }));
    }
    let Some((_, action, state)) = ACTIONS.iter().find(|(name, _, _)| *name == event_type) else {
        return Ok(None);
    };
    let reason = match &payload["exception"] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let uuid = fields::text(payload, "instance_id")?;
    let (action, state) = (action.clone(), state.clone());
    Ok(Some(Notification::InstanceActionChange { uuid, action, state, reason }))
}

fn instance(payload: &Value) -> Result<Instance, FieldError> {
    let uuid = fields::text(payload, "instance_id")?;
    let vm_state = fields::text(payload, "state")?;
    let task_state = fields::optional_text(payload, "new_task_state").unwrap_or_else(|| "none".to_owned());
    let power_state = fields::optional_text(payload, "power_state").unwrap_or_default();
    let (admin_state, oper_state, avail_status, action) =
        states_from_nova(&vm_state, &task_state, &power_state);
    let metadata = &payload["metadata"];
    let priority = fields::optional_text(metadata, "sw:wrs:recovery_priority");
    let timeout = fields::optional_text(metadata, "hw:wrs:live_migration_timeout");
    Ok(Instance {
        name: fields::text(payload, "display_name")?,
        tenant_id: fields::optional_text(payload, "tenant_id").and_then(|id| fields::dashed_uuid(&id)),
        admin_state,
        oper_state,
        avail_status,
        action,
        host_name: fields::optional_text(payload, "host"),
        instance_type: None,
        image_uuid: fields::optional_text(&payload["image_meta"], "base_image_ref")
            .filter(|image| !image.is_empty()),
        live_migration_support: None,
        attached_volumes: None,
        recovery_priority: recovery_priority(&uuid, priority.as_deref()),
        live_migration_timeout: live_migration_timeout(&uuid, timeout.as_deref()),
        nfvi_data: NovaStates { vm_state, task_state, power_state, last_update_timestamp: None },
        uuid,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use nfv_nfvi::object::{AdminState, OperState};
    use serde_json::json;

    fn enveloped(message: &Value) -> Vec<u8> {
        json!({"oslo.version": "2.0", "oslo.message": message.to_string()}).to_string().into_bytes()
    }

    fn update(change: impl FnOnce(&mut Value)) -> Value {
        let mut message = json!({"event_type": "compute.instance.update", "priority": "INFO", "payload": {
            "instance_id": "i1", "display_name": "vm", "tenant_id": "0123456789abcdef0123456789abcdef",
            "state": "error", "old_state": "active", "new_task_state": null, "power_state": "running",
            "host": "compute-0", "image_meta": {"base_image_ref": "img"},
            "metadata": {"sw:wrs:recovery_priority": "2"}}});
        change(&mut message["payload"]);
        message
    }

    fn updated(message: &Value) -> Instance {
        match read(&enveloped(message)) {
            Ok(Some(Notification::InstanceStateChange { instance })) => *instance,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_update_carries_the_instance_with_and_without_envelope() {
        let message = update(|_| ());
        let instance = updated(&message);
        assert_eq!(
            (&instance.admin_state, &instance.oper_state),
            (&AdminState::Unlocked, &OperState::Disabled)
        );
        assert_eq!(instance.tenant_id.as_deref(), Some("01234567-89ab-cdef-0123-456789abcdef"));
        assert_eq!((instance.image_uuid.as_deref(), instance.recovery_priority), (Some("img"), Some(2)));
        assert_eq!(instance.nfvi_data.task_state, "none");
        assert_eq!((instance.instance_type.is_none(), instance.live_migration_support), (true, None));
        assert_eq!(read(message.to_string().as_bytes()), read(&enveloped(&message)));
    }

    #[test]
    fn odd_parts_of_an_update_do_not_lose_it() {
        let instance = updated(&update(|payload| {
            payload["tenant_id"] = "no uuid".into();
            payload["image_meta"] = Value::Null;
            payload["power_state"] = Value::Null;
            payload["metadata"] = json!([]);
            payload["host"] = Value::Null;
        }));
        assert_eq!((instance.tenant_id, instance.image_uuid, instance.host_name), (None, None, None));
        assert_eq!(instance.nfvi_data.power_state, "");
    }

    #[test]
    fn a_deletion_is_told() {
        let message =
            json!({"event_type": "compute.instance.delete.start", "payload": {"instance_id": "i1"}});
        assert_eq!(read(&enveloped(&message)), Ok(Some(Notification::InstanceDelete { uuid: "i1".into() })));
    }

    #[test]
    fn actions_are_told_with_their_exception() {
        for (event, action, state) in ACTIONS {
            let message =
                json!({"event_type": event, "payload": {"instance_id": "i1", "exception": {"kwargs": 1}}});
            let wanted = Notification::InstanceActionChange {
                uuid: "i1".into(),
                action: action.clone(),
                state: state.clone(),
                reason: "{\"kwargs\":1}".into(),
            };
            assert_eq!(read(&enveloped(&message)), Ok(Some(wanted)), "{event}");
        }
    }

    /// vim-behaviour 9.4, second table: row, event types without their prefix, action.
    #[test]
    fn each_row_of_the_contract_has_its_action() {
        use ActionType::{LiveMigrate, LiveMigrateRollback, Resize, Resume, Unpause};
        let rows: [(&str, &[&str], Option<ActionType>); 6] = [
            ("9.4 unpause.start/end", &["unpause.start", "unpause.end"], Some(Unpause)),
            ("9.4 resume.start/end", &["resume.start", "resume.end"], Some(Resume)),
            (
                "9.4 live_migration.pre.start, live_migration.post.dest.end",
                &["live_migration.pre.start", "live_migration.post.dest.end"],
                Some(LiveMigrate),
            ),
            (
                "9.4 live_migration._rollback.start, live_migration.rollback.dest",
                &["live_migration._rollback.start", "live_migration.rollback.dest.end"],
                Some(LiveMigrateRollback),
            ),
            (
                "9.4 resize.confirm.start/end, resize.revert.start/end",
                &["resize.confirm.start", "resize.confirm.end", "resize.revert.start", "resize.revert.end"],
                Some(Resize),
            ),
            (
                "9.4 pause, reboot, power_off, power_on .start/end; suspend",
                &[
                    "pause.start",
                    "pause.end",
                    "reboot.start",
                    "reboot.end",
                    "power_off.start",
                    "power_off.end",
                    "power_on.start",
                    "power_on.end",
                    "suspend",
                ],
                None,
            ),
        ];
        for (row, events, wanted) in rows {
            for event in events {
                let name = format!("compute.instance.{event}");
                let message = json!({"event_type": name, "payload": {"instance_id": "i1"}});
                for data in [enveloped(&message), message.to_string().into_bytes()] {
                    let Ok(Some(Notification::InstanceActionChange { action, state, .. })) = read(&data)
                    else {
                        panic!("{row}: {event}")
                    };
                    assert_eq!(action, wanted, "{row}: {event}");
                    let begins = event.ends_with(".start");
                    assert_eq!(state == ActionState::Started, begins, "{row}: {event}");
                }
            }
        }
    }

    #[test]
    fn other_events_say_nothing_and_broken_ones_say_why() {
        assert_eq!(read(br#"{"event_type": "compute.instance.exists", "payload": {}}"#), Ok(None));
        for (data, words) in [
            (&b"{"[..], "EOF"),
            (b"[1]", "event_type"),
            (b"{}", "event_type"),
            (br#"{"event_type": "compute.instance.update"}"#, "instance_id"),
            (br#"{"event_type": "compute.instance.update", "payload": {"instance_id": "i"}}"#, "state"),
            (br#"{"event_type": "compute.instance.reboot.end", "payload": 7}"#, "instance_id"),
            (br#"{"oslo.version": "3.0", "oslo.message": "{}"}"#, "3.0"),
            (br#"{"oslo.version": "2.0"}"#, "no message"),
            (br#"{"oslo.version": "2.0", "oslo.message": "{"}"#, "envelope"),
            (b"\xff\xfe", "expected value"),
        ] {
            let cause = read(data).unwrap_err();
            assert!(cause.contains(words), "{cause}");
        }
    }
}
