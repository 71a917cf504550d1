//! vim-behaviour 8.1, 8.2, 8.5: what alarms and event logs carry, word for word as the contract prints it.

use crate::case::{Case, Elsewhere};
use crate::contract::facts;
use crate::rig::{Did, Rig, TENANT};
use crate::scene::{VM, cloud, silent};
use nfv_common::TextParams;
use nfv_common::alarm::{AlarmData, AlarmType};
use nfv_common::event_log::{EventId, EventImportance, EventLogData};
use nfv_vim::core::alarm::text::{alarm_reason, alarm_repair_action};
use nfv_vim::core::event_log::text::event_text;

pub const ELSEWHERE: &[Elsewhere] = &[];

fn params() -> TextParams<'static> {
    TextParams {
        instance: "vm-1",
        tenant: "admin",
        host: Some("compute-0"),
        from_host: Some("compute-1"),
        initiated_by: "by the system",
        reason: "No valid host.\n",
        additional_text: "(more)",
        repair: "reboot.",
        hypervisor_admin: "locked",
        hypervisor_oper: "disabled",
        group: "group-1",
        policy: "affinity",
    }
}

fn filled(text: &str) -> String {
    text.replace("{I}", "vm-1")
        .replace("{T}", "admin")
        .replace("{H}", "compute-0")
        .replace("{F}", "compute-1")
        .replace("{B}", "by the system")
        .replace("{R}", ", reason = No valid host")
        .replace("{X}", "(more)")
        .replace("{P}", ", reboot")
        .replace("<admin>", "locked")
        .replace("<oper>", "disabled")
        .replace("<group>", "group-1")
        .replace("<policy>", "affinity")
}

/// Every alarm: id, severity, type, cause; then text and repair action.
fn alarms() -> Vec<Case> {
    let cases = facts("8.2").into_iter().map(|(row, cells)| {
        let fields = row.ends_with("(FM id)");
        Case::new(row, if fields { "id and classification" } else { "texts" }, move || {
            let alarm: AlarmType = cells[0].parse().unwrap();
            let fm = |value: Option<nfv_common::alarm::FmValue>| value.unwrap().text;
            if fields {
                let got = [
                    alarm.fm_id().unwrap(),
                    fm(alarm.severity().fm()),
                    fm(alarm.event_type().fm()),
                    fm(alarm.probable_cause().fm()),
                ];
                assert_eq!(got.to_vec(), cells[1..5].iter().map(String::as_str).collect::<Vec<_>>());
            } else {
                assert_eq!(alarm_reason(alarm, &params()), filled(&cells[1]));
                assert_eq!(alarm_repair_action(alarm), cells[2]);
            }
        })
    });
    cases.collect()
}

/// Every event log: id, text, type and importance.
fn logs() -> Vec<Case> {
    let cases = facts("8.5").into_iter().map(|(row, cells)| {
        Case::new(row, "id, text, type and importance", move || {
            let id: EventId = cells[0].parse().unwrap();
            assert_eq!(id.fm_id(), cells[1]);
            assert_eq!(event_text(id, &params()), filled(&cells[2]));
            let kind = if cells[0] == "hypervisor-state-change" { "state-event" } else { "action-event" };
            let heartbeat =
                matches!(cells[0].as_str(), "instance-guest-heartbeat-established" | "instance-guest-heartbeat-disconnected");
            let importance = if heartbeat { "medium" } else { "high" };
            assert_eq!((id.event_type().as_str(), id.importance().as_str()), (kind, importance));
        })
    });
    cases.collect()
}

/// An instance that is paused for 10 s: its alarm and its log.
fn paused() -> (Rig, AlarmData, EventLogData) {
    let mut rig = silent(cloud());
    rig.run(100);
    rig.nova(VM, "paused", "none", "paused");
    let Some(Did::Log(log)) = rig.did().iter().find(|did| matches!(did, Did::Log(_))).cloned() else {
        panic!("the pause is logged")
    };
    rig.run(90);
    let alarm = (*rig.alarms().first().expect("the pause is told")).clone();
    (rig, alarm, *log)
}

/// Row and what is looked at.
type FieldRow = (&'static str, fn(&Rig, &AlarmData, &EventLogData));

const FIELDS: &[FieldRow] = &[
    ("8.1 alarm_id", |_, alarm, log| {
        assert_eq!((alarm.alarm_type.fm_id(), log.event_id.fm_id()), (Some("700.002"), "700.120"));
    }),
    ("8.1 alarm_state", |rig, alarm, _| {
        // set is one effect with the alarm's uuid; clear another with the same
        let raised = rig.did().iter().any(|did| matches!(did, Did::Raised(up) if up.alarm_uuid == alarm.alarm_uuid));
        assert!(raised);
    }),
    ("8.1 entity_type_id, entity_instance_id", |_, alarm, log| {
        let entity = format!("tenant={TENANT}.instance=vm-0");
        assert_eq!((alarm.entity_type.as_str(), &alarm.entity), ("tenant.instance", &entity));
        assert_eq!((log.entity_type.as_str(), &log.entity), ("tenant.instance", &entity));
    }),
    ("8.1 severity", |_, alarm, log| {
        assert_eq!(alarm.perceived_severity.fm().unwrap().text, "critical");
        assert_eq!(log.importance.fm().unwrap().text, "critical");
        assert_eq!(EventImportance::Medium.fm().unwrap().text, "major");
        assert_eq!(EventImportance::Low.fm().unwrap().text, "minor");
    }),
    ("8.1 reason_text", |_, alarm, log| {
        assert_eq!(alarm.specific_problem_text, "Instance vm-0 owned by admin is paused on host compute-0");
        assert_eq!(log.reason_text, "Pause complete for instance vm-0 now paused on host compute-0");
    }),
    ("8.1 alarm_type", |_, alarm, log| {
        assert_eq!(alarm.event_type.fm().unwrap().text, "processing-error");
        assert_eq!(log.event_type.fm().unwrap().text, "equipment");
        assert_eq!(EventId::HypervisorStateChange.event_type().fm().unwrap().text, "equipment");
    }),
    ("8.1 probable_cause", |_, alarm, _| {
        assert_eq!(alarm.probable_cause.fm().unwrap().text, "procedural-error");
        assert_eq!(nfv_common::alarm::LOG_PROBABLE_CAUSE.text, "unspecified-reason");
    }),
    ("8.1 proposed_repair_action", |_, alarm, _| assert_eq!(alarm.proposed_repair_action, "Unpause the instance")),
    ("8.1 service_affecting", |_, alarm, _| assert!(alarm.service_affecting)),
    ("8.1 suppression", |_, alarm, log| assert!(alarm.suppression_allowed && log.suppression_allowed)),
    // the pause began 101 s after the start of the rig; the alarm came 10 s later or more
    ("8.1 timestamp", |_, alarm, _| {
        assert_eq!(alarm.raised_timestamp.as_deref(), Some("2019-01-23 15:01:41.000000"));
    }),
];

pub fn cases() -> Vec<Case> {
    let mut cases = alarms();
    cases.extend(logs());
    cases.extend(FIELDS.iter().map(|(row, look)| {
        Case::new(row, "a paused instance", || {
            let (rig, alarm, log) = paused();
            look(&rig, &alarm, &log);
        })
    }));
    cases.push(Case::new("8.1 timestamp", "other alarms have fault management's own", || {
        let mut rig = silent(cloud());
        rig.nova(VM, "suspended", "none", "running");
        assert_eq!(rig.alarms()[0].raised_timestamp, None);
    }));
    cases.push(Case::new("8.1 alarm_state", "cleared by the same alarm", || {
        let (mut rig, alarm, _) = paused();
        rig.forget();
        rig.nova(VM, "active", "none", "running");
        let cleared: Vec<_> = rig
            .did()
            .iter()
            .filter_map(|did| match did {
                Did::Cleared(cleared) => Some(cleared.alarm_uuid.clone()),
                _ => None,
            })
            .collect();
        assert_eq!(cleared, [alarm.alarm_uuid]);
    }));
    cases
}
