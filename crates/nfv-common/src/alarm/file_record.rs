//! The record of the alarm file (`/var/log/nfv-vim-alarms.log`).
//!
//! Contract: southbound 12.8, deployment 8.2.

use super::{AlarmData, AlarmUuid};
use crate::record_lines::Record;

/// The record of a raised alarm, to be appended in one write.
pub fn raise(alarm: &AlarmData) -> String {
    let mut record = begin("Raise-Alarm", &alarm.alarm_uuid);
    record.line("alarm-type", alarm.alarm_type);
    record.line("alarm-context", alarm.alarm_context);
    record.line("alarm-entity-type", &alarm.entity_type);
    record.line("alarm-entity", &alarm.entity);
    record.line("event-type", alarm.event_type);
    record.line("probable-cause", alarm.probable_cause);
    record.line("specific-problem-text", &alarm.specific_problem_text);
    record.line("perceived-severity", alarm.perceived_severity);
    record.line("trend-indication", alarm.trend_indication);
    record.line("proposed-repair-action", &alarm.proposed_repair_action);
    record.line("additional-text", &alarm.additional_text);
    record.attachments(alarm.state_data.as_ref(), alarm.threshold_data.as_ref());
    record.flag("service-affecting", alarm.service_affecting);
    record.flag("suppression-allowed", alarm.suppression_allowed);
    record.optional("created-timestamp", alarm.created_timestamp.as_ref());
    record.optional("raised-timestamp", alarm.raised_timestamp.as_ref());
    record.optional("changed-timestamp", alarm.changed_timestamp.as_ref());
    record.optional("cleared-timestamp", alarm.cleared_timestamp.as_ref());
    record.finish()
}

/// The record of a cleared alarm, to be appended in one write.
pub fn clear(uuid: &AlarmUuid) -> String {
    begin("Clear-Alarm", uuid).finish()
}

fn begin(action: &str, uuid: &AlarmUuid) -> Record {
    let mut record = Record::new();
    record.bare(action);
    record.line("alarm-uuid", uuid);
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarm::{AlarmType, StateData, ThresholdData};

    const RULE: &str =
        "====================================================================================\n";

    fn paused() -> AlarmData {
        AlarmData::new(
            "1f4ba6ce-1b43-4a4a-a4e4-97a5a3ee6a4b",
            AlarmType::InstancePaused,
            "tenant.instance",
            "tenant=t-1.instance=i-1",
            "Instance vm-1 owned by admin is paused on host compute-0",
            "Unpause the instance",
            "2019-01-23T15:04:05.678901Z".parse().unwrap(),
        )
    }

    const PAUSED_BODY: &str = "\
alarm-type               = instance-paused
alarm-context            = admin
alarm-entity-type        = tenant.instance
alarm-entity             = tenant=t-1.instance=i-1
event-type               = processing-error-alarm
probable-cause           = procedural-error
specific-problem-text    = Instance vm-1 owned by admin is paused on host compute-0
perceived-severity       = critical
trend-indication         = no-change
proposed-repair-action   = Unpause the instance
";

    #[test]
    fn a_raised_alarm_has_all_lines_in_order() {
        let alarm = paused().raised_at("2019-01-23T15:03:00Z".parse().unwrap());
        let expected = format!(
            "{RULE}Raise-Alarm\nalarm-uuid               = 1f4ba6ce-1b43-4a4a-a4e4-97a5a3ee6a4b\n{PAUSED_BODY}\
             additional-text          = \nservice-affecting        = True\nsuppression-allowed      = True\n\
             created-timestamp        = 2019-01-23 15:04:05.678901\n\
             raised-timestamp         = 2019-01-23 15:03:00.000000\n{RULE}"
        );
        assert_eq!(raise(&alarm), expected);
    }

    #[test]
    fn optional_lines_stand_where_the_contract_has_them() {
        let mut alarm = paused();
        alarm.additional_text = "more".to_owned();
        alarm.state_data = Some(StateData { state: "paused".to_owned() });
        alarm.threshold_data =
            Some(ThresholdData { threshold_value: "10".to_owned(), observed_value: "12".to_owned() });
        alarm.service_affecting = false;
        alarm.created_timestamp = None;
        alarm.changed_timestamp = Some("C".to_owned());
        alarm.cleared_timestamp = Some("D".to_owned());
        let text = raise(&alarm);
        let tail = text.split_once("Unpause the instance\n").unwrap().1;
        assert_eq!(
            tail,
            format!(
                "additional-text          = more\nstate-data.state         = paused\n\
                 threshold-data.threshold-value = 10\n           threshold-data.observed-value = 12\n\
                 service-affecting        = False\nsuppression-allowed      = True\n\
                 changed-timestamp        = C\ncleared-timestamp        = D\n{RULE}"
            )
        );
    }

    #[test]
    fn a_cleared_alarm_names_only_its_uuid() {
        assert_eq!(
            clear(&AlarmUuid::from("u-1")),
            format!("{RULE}Clear-Alarm\nalarm-uuid               = u-1\n{RULE}")
        );
    }
}
