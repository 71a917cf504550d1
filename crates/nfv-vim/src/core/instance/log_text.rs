//! Log texts about instances that tools read: they show Python values, keys in the order that those tools' patterns want.
//! Contract: deployment 7.1.

use nfv_common::python_text::{quoted, shown};
use nfv_nfvi::object::{ActionParameters, ActionType, GuestService, GuestServices, GuestVote, Instance};
use nfv_nfvi::{Answer, CallResult};
use serde::Serialize;

/// A text that came from outside, as Python 2 shows one.
fn unicode(text: &str) -> String {
    format!("u{}", quoted(text))
}

fn or_none(text: Option<&str>) -> String {
    text.map_or_else(|| "None".to_owned(), unicode)
}

fn value(of: &impl Serialize) -> String {
    serde_json::to_value(of).map_or_else(|_| "None".to_owned(), |value| shown(&value))
}

/// A user asked for an action.
pub(in crate::core) fn action_request(
    uuid: &str,
    action: &ActionType,
    parameters: &ActionParameters,
) -> String {
    format!(
        "Instance action, uuid={uuid}, nfvi_action_data=Instance action, type={action}, params={}, state=initial, \
         reason=.",
        value(parameters)
    )
}

/// Nova told of an instance.
pub(in crate::core) fn state_change(instance: &Instance) -> String {
    let avail: Vec<String> = instance.avail_status.iter().map(|word| quoted(word.as_str())).collect();
    let states = &instance.nfvi_data;
    format!(
        "Instance state-change, nfvi_instance={{'instance_type': {}, 'name': {}, 'tenant_id': {}, 'avail_status': [{}], \
         'nfvi_data': {{'vm_state': {}, 'task_state': {}, 'power_state': {}}}, 'live_migration_support': {}, \
         'oper_state': {}, 'host_name': {}, 'admin_state': {}, 'action': {}, 'image_uuid': {}, 'uuid': {}}}.",
        instance.instance_type.as_ref().map_or_else(|| "{}".to_owned(), value),
        unicode(&instance.name),
        quoted(instance.tenant_id.as_deref().unwrap_or("None")),
        avail.join(", "),
        unicode(&states.vm_state),
        quoted(&states.task_state),
        quoted(&states.power_state),
        value(&instance.live_migration_support),
        quoted(instance.oper_state.as_str()),
        or_none(instance.host_name.as_deref()),
        quoted(instance.admin_state.as_str()),
        quoted(instance.action.as_str()),
        or_none(instance.image_uuid.as_deref()),
        unicode(&instance.uuid),
    )
}

/// The guest agent told of an instance's services.
pub(in crate::core) fn guest_services_notified(report: &GuestServices) -> String {
    format!(
        "Guest-Services state notify, instance_uuid={}, host_name={} guest_services=[{}].",
        report.instance_uuid,
        report.host_name.as_deref().unwrap_or("None"),
        services(&report.services)
    )
}

fn services(services: &[GuestService]) -> String {
    let service = |service: &GuestService| {
        format!(
            "{{'admin_state': {}, 'restart_timeout': {}, 'oper_state': {}, 'name': {}}}",
            quoted(service.admin_state.as_str()),
            value(&service.restart_timeout),
            quoted(service.oper_state.as_str()),
            quoted(&service.name)
        )
    };
    services.iter().map(service).collect::<Vec<_>>().join(", ")
}

/// The services that the guest agent is to switch.
pub(super) fn services_wanted(title: &str, name: &str, services: &[GuestService]) -> String {
    let service = |service: &GuestService| {
        let admin = quoted(service.admin_state.as_str());
        format!("{{'admin_state': {admin}, 'service': {}}}", quoted(&service.name))
    };
    let services: Vec<String> = services.iter().map(service).collect();
    format!("{title} for {name}, nfvi_guest_services=[{}].", services.join(", "))
}

/// What the guest agent answered.
pub(super) fn guest_answer(title: &str, name: &str, result: &CallResult) -> String {
    let completed = "'completed': True, 'reason': ''";
    let response = match result {
        Err(error) => format!("'completed': False, 'reason': {}", quoted(&error.reason)),
        Ok(Answer::GuestVote(GuestVote { uuid, host_name, action, timeout })) => format!(
            "'action-type': {}, 'uuid': {}, {completed}, 'host-name': {}, 'timeout': {timeout}",
            unicode(action),
            unicode(uuid),
            or_none(host_name.as_deref()),
        ),
        Ok(Answer::GuestServices(report)) => format!(
            "{completed}, 'result-data': {{'instance_uuid': {}, 'services': [{}], 'host_name': {}}}",
            unicode(&report.instance_uuid),
            services(&report.services),
            or_none(report.host_name.as_deref()),
        ),
        Ok(_) => completed.to_owned(),
    };
    format!("{title} callback for {name}, response={{{response}}}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use nfv_common::forensic::{Guest, LogLine, Patterns, Record, RecordType, Stamp};
    use nfv_nfvi::object::{AdminState, OperState};

    fn record(file: &str, text: &str) -> Record {
        let line = LogLine { time: Stamp::MIN, file: file.as_bytes(), message: text.as_bytes() };
        Patterns::new().record(&line).unwrap_or_else(|| panic!("not read: {text}"))
    }

    const EVENTS: &str = "_vim_nfvi_events.py";
    const WORK: &str = "_instance_task_work.py";

    fn heartbeat() -> GuestService {
        GuestService {
            name: "heartbeat".to_owned(),
            admin_state: AdminState::Unlocked,
            oper_state: OperState::Enabled,
            restart_timeout: Some(600),
        }
    }

    #[test]
    fn a_users_action_is_read_by_the_forensic_tool() {
        let parameters = ActionParameters { graceful_shutdown: Some(true), ..ActionParameters::default() };
        let text = action_request("8d80", &ActionType::Reboot, &parameters);
        let found = record(EVENTS, &text);
        assert_eq!(found.kind, RecordType::NfviAction);
        assert_eq!(found.field("instance_uuid"), b"8d80");
        assert_eq!(found.field("action_type"), b"reboot");
        assert_eq!(found.field("action_params"), b"{u'graceful-shutdown': True}");
    }

    #[test]
    fn an_instance_is_read_by_the_forensic_tool_with_its_keys_in_the_old_order() {
        let instance: Instance = serde_json::from_value(serde_json::json!({
            "uuid": "8d80", "name": "vm-0", "tenant_id": "24b9", "admin_state": "unlocked", "oper_state": "disabled",
            "avail_status": ["crashed", "failed"], "action": "", "host_name": "compute-0", "image_uuid": null,
            "instance_type": {"ram": 512}, "live_migration_support": true,
            "nfvi_data": {"vm_state": "active", "task_state": "none", "power_state": "crashed"},
        }))
        .unwrap();
        let text = state_change(&instance);
        let found = record(EVENTS, &text);
        for (field, value) in [
            ("instance_name", "vm-0"),
            ("instance_avail_status", "'crashed', 'failed'"),
            ("nfvi_power_state", "crashed"),
            ("host_name", "compute-0"),
            ("instance_uuid", "8d80"),
        ] {
            assert_eq!(found.field(field), value.as_bytes(), "{text}");
        }
        let end = "'nfvi_data': {'vm_state': u'active', 'task_state': 'none', 'power_state': 'crashed'}, \
                   'live_migration_support': True, 'oper_state': 'disabled', 'host_name': u'compute-0', \
                   'admin_state': 'unlocked', 'action': '', 'image_uuid': None, 'uuid': u'8d80'}.";
        assert!(text.ends_with(end), "{text}");
    }

    #[test]
    fn what_is_said_of_guests_is_read_by_the_forensic_tool() {
        let report = GuestServices {
            instance_uuid: "8d80".to_owned(),
            host_name: Some("compute-0".to_owned()),
            services: vec![heartbeat()],
        };
        let vote = GuestVote {
            uuid: "8d80".to_owned(),
            host_name: Some("compute-0".to_owned()),
            action: "stop".to_owned(),
            timeout: 20,
        };
        let answered = |title, answer| guest_answer(title, "vm-0", &Ok(answer));
        let rows = [
            (EVENTS, guest_services_notified(&report), Guest::Notify),
            (WORK, services_wanted("Guest-Services-Enable", "vm-0", &[heartbeat()]), Guest::Enable),
            (WORK, services_wanted("Guest-Services-Disable", "vm-0", &[heartbeat()]), Guest::Disable),
            (
                WORK,
                answered("Guest-Services-Enable", Answer::GuestServices(report.clone())),
                Guest::EnableCallback,
            ),
            (WORK, answered("Guest-Services-Disable", Answer::GuestServices(report)), Guest::DisableCallback),
            (WORK, answered("Guest-Services-Vote", Answer::GuestVote(vote.clone())), Guest::VoteCallback),
            (
                WORK,
                answered("Guest-Services-Pre-Notify", Answer::GuestVote(vote.clone())),
                Guest::PreNotifyCallback,
            ),
            (
                WORK,
                answered("Guest-Services-Post-Notify", Answer::GuestVote(vote)),
                Guest::PostNotifyCallback,
            ),
        ];
        for (file, text, kind) in rows {
            let found = record(file, &text);
            assert_eq!(found.kind, RecordType::Guest(kind), "{text}");
            let service = found.field("service_name");
            assert!(service.is_empty() || service == b"heartbeat", "{text}");
        }
    }
}
