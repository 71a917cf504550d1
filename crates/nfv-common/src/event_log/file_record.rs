//! The record of the event file (`/var/log/nfv-vim-events.log`).
//!
//! Contract: southbound 12.8, deployment 8.2.

use super::EventLogData;
use crate::record_lines::Record;

/// The record of one event log, to be appended in one write.
pub fn render(log: &EventLogData) -> String {
    let mut record = Record::new();
    record.line("log-id", log.log_id.0);
    record.line("event-id", log.event_id);
    record.line("event-type", log.event_type);
    record.line("event-context", log.event_context);
    record.line("importance", log.importance);
    record.line("entity", &log.entity);
    record.line("reason_text", &log.reason_text);
    record.line("additional_text", &log.additional_text);
    record.attachments(log.state_data.as_ref(), log.threshold_data.as_ref());
    record.optional("timestamp", log.timestamp.as_ref());
    record.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarm::{StateData, ThresholdData};
    use crate::event_log::{EventId, LogId};

    fn stopped() -> EventLogData {
        EventLogData::new(
            LogId(7),
            EventId::InstanceStopped,
            "tenant.instance",
            "instance=f0f0c8f3-9f0d-4d6a-9f6f-0a51a8a4d8f7",
            "Stop complete for instance vm-1 now disabled on host compute-0",
            "2019-01-23T15:04:05.678901Z".parse().unwrap(),
        )
    }

    #[test]
    fn the_example_of_the_contract_is_rendered_to_the_byte() {
        let contract = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/contract/southbound.md");
        let text = std::fs::read_to_string(contract).unwrap();
        let section = text.split_once("### 12.8 File handlers").unwrap().1;
        let example = section.split("```\n").nth(1).unwrap();
        assert_eq!(render(&stopped()), example);
    }

    #[test]
    fn optional_lines_stand_where_the_contract_has_them() {
        let mut log = stopped();
        log.state_data = Some(StateData { state: "stopped".to_owned() });
        log.threshold_data =
            Some(ThresholdData { threshold_value: "1".to_owned(), observed_value: "2".to_owned() });
        log.timestamp = None;
        let text = render(&log);
        assert_eq!(
            text.split_once("additional_text          = \n").unwrap().1,
            format!(
                "state-data.state         = stopped\nthreshold-data.threshold-value = 1\n\
                 \x20          threshold-data.observed-value = 2\n{}\n",
                "=".repeat(84)
            )
        );
    }
}
