//! Whether an operation on an instance went as it should: the records that it must leave, in their order. Others may lie
//! between.
//!
//! Contract: deployment 7.1, "Library analysis".

use super::record::{Action, End, Guest, Record, RecordType};

/// What was done with the instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Operation {
    Start,
    Stop,
    Pause,
    Unpause,
    Suspend,
    Resume,
    Reboot,
    Rebuild,
    LiveMigrate,
    ColdMigrate,
    ColdMigrateConfirm,
    ColdMigrateRevert,
    Resize,
    ResizeConfirm,
    ResizeRevert,
}

/// How it was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Started through the compute API, not by the VIM itself.
    pub by_api: bool,
    /// The instance has a guest heartbeat.
    pub guest_heartbeat: bool,
}

/// What came of it. `Display` gives the texts of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Analysis {
    /// Every record was found.
    #[error("analysis successful")]
    Successful,
    /// This one was not, after those before it.
    #[error("record {0} was not found")]
    Missing(RecordType),
}

const GUEST_DOWN: [Guest; 7] = [
    Guest::Vote,
    Guest::VoteCallback,
    Guest::VoteResult,
    Guest::PreNotify,
    Guest::PreNotifyCallback,
    Guest::Disable,
    Guest::DisableCallback,
];
const GUEST_UP: [Guest; 5] = [
    Guest::Enable,
    Guest::EnableCallback,
    Guest::PostNotifyHeartbeat,
    Guest::PostNotify,
    Guest::PostNotifyCallback,
];

impl Operation {
    const fn action(self) -> Action {
        match self {
            Self::Start => Action::Start,
            Self::Stop => Action::Stop,
            Self::Pause => Action::Pause,
            Self::Unpause => Action::Unpause,
            Self::Suspend => Action::Suspend,
            Self::Resume => Action::Resume,
            Self::Reboot => Action::Reboot,
            Self::Rebuild => Action::Rebuild,
            Self::LiveMigrate => Action::LiveMigrate,
            Self::ColdMigrate => Action::ColdMigrate,
            Self::ColdMigrateConfirm => Action::ColdMigrateConfirm,
            Self::ColdMigrateRevert => Action::ColdMigrateRevert,
            Self::Resize => Action::Resize,
            Self::ResizeConfirm => Action::ResizeConfirm,
            Self::ResizeRevert => Action::ResizeRevert,
        }
    }

    /// The actions that the guest may be asked or told about.
    const fn guest_actions(self) -> &'static [&'static str] {
        match self {
            Self::Start | Self::Rebuild => &[],
            Self::Stop => &["stop"],
            Self::Pause => &["pause"],
            Self::Unpause => &["unpause"],
            Self::Suspend => &["suspend"],
            Self::Resume => &["resume"],
            Self::Reboot => &["reboot"],
            Self::LiveMigrate => &["live-migrate", "live_migrate", "live_migrate_begin", "live_migrate_end"],
            Self::ColdMigrate | Self::ColdMigrateConfirm | Self::ColdMigrateRevert => {
                &["cold-migrate", "cold_migrate", "cold_migrate_begin", "cold_migrate_end"]
            }
            Self::Resize => &["resize", "resize_begin", "resize_end"],
            Self::ResizeConfirm => &["confirm-resize", "resize", "resize_begin", "resize_end"],
            Self::ResizeRevert => &["revert-resize", "resize", "resize_begin", "resize_end"],
        }
    }

    /// The records that must be found, in their order.
    fn expected(self, context: Context) -> Vec<RecordType> {
        use RecordType as R;
        let Context { by_api, guest_heartbeat } = context;
        let action = self.action();
        let mut expected = Vec::new();
        let mut add = |when: bool, records: &[R]| {
            if when {
                expected.extend_from_slice(records);
            }
        };
        let down = GUEST_DOWN.map(R::Guest);
        let up = GUEST_UP.map(R::Guest);
        let state = R::InstanceState(action);
        let callback = R::Callback(action);
        let completed = R::InstanceEnd(action, End::Completed);
        add(by_api, &[R::NfviAction]);
        match self {
            Self::Start => {
                add(true, &[state, callback, R::InstanceEnd(action, End::Inprogress), R::InstanceInitial]);
            }
            Self::Stop | Self::Pause | Self::Suspend | Self::Reboot => {
                add(true, &[state]);
                add(guest_heartbeat, &down);
                add(true, &[callback, completed, R::InstanceInitial]);
                add(self == Self::Reboot && guest_heartbeat, &[R::Guest(Guest::Notify)]);
            }
            Self::Unpause | Self::Resume => {
                add(true, &[state, callback]);
                add(guest_heartbeat, &up);
                add(true, &[completed, R::InstanceInitial]);
            }
            Self::Rebuild => add(true, &[state, callback, completed, R::InstanceInitial]),
            Self::LiveMigrate => {
                add(true, &[state]);
                add(guest_heartbeat, &down);
                add(true, &[callback]);
                add(guest_heartbeat, &[R::InstanceState(Action::LiveMigrateFinish)]);
                add(guest_heartbeat, &up);
                add(true, &[R::InstanceInitial]);
            }
            Self::ColdMigrate => {
                let confirm = Action::ColdMigrateConfirm;
                add(true, &[state]);
                add(guest_heartbeat, &down);
                add(true, &[callback]);
                add(!by_api, &[R::InstanceState(confirm), R::Callback(confirm)]);
                add(!by_api && guest_heartbeat, &up);
                add(true, &[R::InstanceInitial]);
            }
            Self::ColdMigrateConfirm | Self::ColdMigrateRevert | Self::ResizeConfirm | Self::ResizeRevert => {
                add(by_api, &[state, callback]);
                add(guest_heartbeat, &up);
                add(by_api, &[R::InstanceInitial]);
            }
            Self::Resize => {
                add(by_api, &[state]);
                add(guest_heartbeat, &down);
                add(by_api, &[callback, R::InstanceInitial]);
            }
        }
        expected
    }

    /// Looks for what the operation must have left of the instance.
    pub fn analyse<'a>(
        self,
        uuid: &str,
        name: &str,
        context: Context,
        records: impl IntoIterator<Item = &'a Record>,
    ) -> Analysis {
        let mut expected = self.expected(context).into_iter();
        let Some(mut next) = expected.next() else { return Analysis::Successful };
        for record in records {
            if record.kind == next && self.counts(record, uuid, name) {
                match expected.next() {
                    Some(following) => next = following,
                    None => return Analysis::Successful,
                }
            }
        }
        Analysis::Missing(next)
    }

    /// The record is about this instance and says what a success says.
    fn counts(self, record: &Record, uuid: &str, name: &str) -> bool {
        let is = |field: &str, value: &str| record.field(field) == value.as_bytes();
        let named = is("instance_name", name);
        let completed = is("completed", "True");
        let concerns = || {
            let action = record.field("action_type");
            self.guest_actions().iter().any(|known| known.as_bytes() == action)
        };
        let heartbeat = |state| is("service_name", "heartbeat") && is("service_admin_state", state);
        match record.kind {
            RecordType::NfviAction => is("instance_uuid", uuid),
            RecordType::InstanceState(_) | RecordType::InstanceEnd(..) | RecordType::InstanceInitial => named,
            RecordType::Callback(_) => named && completed,
            RecordType::Guest(guest) => match guest {
                Guest::Notify => {
                    is("instance_uuid", uuid)
                        && is("service_name", "heartbeat")
                        && !is("restart_timeout", "0")
                }
                Guest::Enable => named && heartbeat("unlocked"),
                Guest::EnableCallback => named && completed && heartbeat("unlocked"),
                Guest::Disable => named && heartbeat("locked"),
                Guest::DisableCallback => named && completed && heartbeat("locked"),
                Guest::VoteResult => named && is("vote_result", "allow"),
                Guest::Vote | Guest::PreNotify | Guest::PostNotify => named && concerns(),
                Guest::VoteCallback | Guest::PreNotifyCallback | Guest::PostNotifyCallback => {
                    named && completed && concerns()
                }
                Guest::PostNotifyHeartbeat => named,
            },
            RecordType::HostNfviStateChange
            | RecordType::HostState(_)
            | RecordType::Director(..)
            | RecordType::InstanceNfviStateChange => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{LogLine, Patterns, Stamp};
    use super::*;

    fn record(patterns: &Patterns, file: &str, message: &str) -> Record {
        let line = LogLine { time: Stamp::MIN, file: file.as_bytes(), message: message.as_bytes() };
        patterns.record(&line).unwrap_or_else(|| panic!("{message}"))
    }

    const WORK: &str = "_instance_task_work.py";

    /// A live migration that a user asked for, of an instance with a heartbeat.
    fn live_migration() -> Vec<Record> {
        let services = "[{'admin_state': 'ADMIN', 'restart_timeout': 600, 'oper_state': 'enabled', 'name': 'heartbeat'}]";
        let word = |what: &str| {
            format!(
                "Guest-Services-{what} callback for vm-0, response={{'action-type': u'live_migrate_begin', 'uuid': u'8d80', 'completed': True, 'reason': '', 'host-name': u'compute-0', 'timeout': 20}}."
            )
        };
        let switch = |what: &str, admin: &str| {
            let services = services.replace("ADMIN", admin);
            format!(
                "Guest-Services-{what} callback for vm-0, response={{'completed': True, 'reason': '', 'result-data': {{'instance_uuid': u'8d80', 'services': {services}, 'host_name': u'compute-0'}}}}."
            )
        };
        let service = |what: &str, admin: &str| {
            format!(
                "Guest-Services-{what} for vm-0, nfvi_guest_services=[{{'admin_state': '{admin}', 'service': 'heartbeat'}}]."
            )
        };
        let rows = [
            ("_vim_nfvi_events.py", "Instance action, uuid=8d80, nfvi_action_data=Instance action, type=live-migrate, params={}, state=initial, reason=.".to_owned()),
            ("_instance_state_live_migrate.py", "Entering state (live-migrate) for vm-0.".to_owned()),
            (WORK, "Guest-Services-Vote for vm-0, action_type=live_migrate_begin.".to_owned()),
            (WORK, word("Vote")),
            (WORK, "Guest-Services-Vote for vm-0, vote=allow.".to_owned()),
            (WORK, "Guest-Services-Pre-Notify for vm-0, action_type=live_migrate_begin.".to_owned()),
            (WORK, word("Pre-Notify")),
            (WORK, service("Disable", "locked")),
            (WORK, switch("Disable", "locked")),
            (WORK, "Live-Migrate-Instance callback for vm-0, response={'completed': True, 'reason': ''}.".to_owned()),
            ("_instance_state_live_migrate_finish.py", "Entering state (live-migrate-finish) for vm-0.".to_owned()),
            (WORK, service("Enable", "unlocked")),
            (WORK, switch("Enable", "unlocked")),
            (WORK, "Guest-Services-Post-Notify for vm-0, guest communication re-established.".to_owned()),
            (WORK, "Guest-Services-Post-Notify for vm-0, action_type=live_migrate_end.".to_owned()),
            (WORK, word("Post-Notify")),
            ("_instance_state_initial.py", "Entering state (initial) for vm-0.".to_owned()),
        ];
        let patterns = Patterns::new();
        rows.iter().map(|(file, message)| record(&patterns, file, message)).collect()
    }

    const FULL: Context = Context { by_api: true, guest_heartbeat: true };

    #[test]
    fn a_live_migration_is_found_and_each_missing_record_is_named() {
        let records = live_migration();
        let of = |records: &[Record]| Operation::LiveMigrate.analyse("8d80", "vm-0", FULL, records);
        assert_eq!(of(&records).to_string(), "analysis successful");
        for at in 0..records.len() {
            let mut records = records.clone();
            let lost = records.remove(at);
            assert_eq!(of(&records), Analysis::Missing(lost.kind));
        }
        let said = Operation::LiveMigrate.analyse("8d80", "vm-1", FULL, &records).to_string();
        assert_eq!(said, "record nfv_vim_instance_live_migrate_state was not found");
    }

    #[test]
    fn what_a_record_says_counts() {
        let patterns = Patterns::new();
        let rows = [
            (
                Operation::Stop,
                WORK,
                "Stop-Instance callback for vm-0, response={'completed': False, 'reason': 'no'}.",
            ),
            (Operation::Stop, WORK, "Guest-Services-Vote for vm-0, vote=reject."),
            (Operation::Stop, WORK, "Guest-Services-Vote for vm-0, action_type=pause."),
            (
                Operation::Stop,
                WORK,
                "Guest-Services-Disable for vm-0, nfvi_guest_services=[{'admin_state': 'unlocked', 'service': 'heartbeat'}].",
            ),
            (
                Operation::Unpause,
                WORK,
                "Guest-Services-Enable for vm-0, nfvi_guest_services=[{'admin_state': 'unlocked', 'service': 'x'}].",
            ),
            (
                Operation::Reboot,
                "_vim_nfvi_events.py",
                "Guest-Services state notify, instance_uuid=8d80, host_name=c guest_services=[{'admin_state': 'unlocked', 'restart_timeout': 0, 'oper_state': 'enabled', 'name': 'heartbeat'}].",
            ),
        ];
        for (operation, file, message) in rows {
            assert!(!operation.counts(&record(&patterns, file, message), "8d80", "vm-0"), "{message}");
        }
    }

    #[test]
    fn sequences_are_those_of_the_contract() {
        let length = |operation: Operation, by_api, guest_heartbeat| {
            operation.expected(Context { by_api, guest_heartbeat }).len()
        };
        use Operation as O;
        for (operation, own, api, heartbeat, both) in [
            (O::Start, 4, 5, 4, 5),
            (O::Stop, 4, 5, 11, 12),
            (O::Pause, 4, 5, 11, 12),
            (O::Suspend, 4, 5, 11, 12),
            (O::Unpause, 4, 5, 9, 10),
            (O::Resume, 4, 5, 9, 10),
            (O::Reboot, 4, 5, 12, 13),
            (O::Rebuild, 4, 5, 4, 5),
            (O::LiveMigrate, 3, 4, 16, 17),
            (O::ColdMigrate, 5, 4, 17, 11),
            (O::ColdMigrateConfirm, 0, 4, 5, 9),
            (O::ColdMigrateRevert, 0, 4, 5, 9),
            (O::Resize, 0, 4, 7, 11),
            (O::ResizeConfirm, 0, 4, 5, 9),
            (O::ResizeRevert, 0, 4, 5, 9),
        ] {
            let found = [
                length(operation, false, false),
                length(operation, true, false),
                length(operation, false, true),
                length(operation, true, true),
            ];
            assert_eq!(found, [own, api, heartbeat, both], "{operation:?}");
        }
    }
}
