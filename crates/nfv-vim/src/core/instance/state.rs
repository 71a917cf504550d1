//! The states of the actions, and what each event does in them. Contract: vim-behaviour 3.4.

use super::action::ActionKind;
use crate::core::director::ItemEnd;
use nfv_common::event_log::InitiatedBy;
use nfv_common::time::Mono;
use std::time::Duration;

/// State of a running action; `initial` is the absence of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InstanceState {
    /// Start.
    Start,
    /// Stop.
    Stop,
    /// Pause.
    Pause,
    /// Unpause.
    Unpause,
    /// Suspend.
    Suspend,
    /// Resume.
    Resume,
    /// Reboot.
    Reboot,
    /// Rebuild.
    Rebuild,
    /// Live migration.
    LiveMigrate,
    /// Cold migration.
    ColdMigrate,
    /// Its confirmation.
    ColdMigrateConfirm,
    /// Its taking back.
    ColdMigrateRevert,
    /// Evacuation.
    Evacuate,
    /// Resize.
    Resize,
    /// Its confirmation.
    ResizeConfirm,
    /// Its taking back.
    ResizeRevert,
    /// Setting to error.
    Fail,
    /// Forgetting.
    Delete,
}

/// State, text, log file, words of the log, and whether the current work sees events first.
const STATES: [(InstanceState, &str, &str, &str, bool); 18] = [
    (InstanceState::Start, "start", "_instance_state_start.py", "Start", true),
    (InstanceState::Stop, "stop", "_instance_state_stop.py", "Stop", true),
    (InstanceState::Pause, "pause", "_instance_state_pause.py", "Pause", true),
    (InstanceState::Unpause, "unpause", "_instance_state_unpause.py", "Unpause", true),
    (InstanceState::Suspend, "suspend", "_instance_state_suspend.py", "Suspend", true),
    (InstanceState::Resume, "resume", "_instance_state_resume.py", "Resume", true),
    (InstanceState::Reboot, "reboot", "_instance_state_reboot.py", "Reboot", true),
    (InstanceState::Rebuild, "rebuild", "_instance_state_rebuild.py", "Rebuild", false),
    (InstanceState::LiveMigrate, "live-migrate", "_instance_state_live_migrate.py", "Live-Migrate", true),
    (InstanceState::ColdMigrate, "cold-migrate", "_instance_state_cold_migrate.py", "Cold-Migrate", true),
    (
        InstanceState::ColdMigrateConfirm,
        "cold-migrate-confirm",
        "_instance_state_cold_migrate_confirm.py",
        "Cold-Migrate-Confirm",
        true,
    ),
    (
        InstanceState::ColdMigrateRevert,
        "cold-migrate-revert",
        "_instance_state_cold_migrate_revert.py",
        "Cold-Migrate-Revert",
        true,
    ),
    (InstanceState::Evacuate, "evacuate", "_instance_state_evacuate.py", "Evacuate", true),
    (InstanceState::Resize, "resize", "_instance_state_resize.py", "Resize", true),
    (
        InstanceState::ResizeConfirm,
        "resize-confirm",
        "_instance_state_resize_confirm.py",
        "Resize-Confirm",
        true,
    ),
    (InstanceState::ResizeRevert, "resize-revert", "_instance_state_resize_revert.py", "Resize-Revert", true),
    (InstanceState::Fail, "fail", "_instance_state_fail.py", "Fail", false),
    (InstanceState::Delete, "delete", "_instance_state_delete.py", "Delete", false),
];

impl InstanceState {
    /// The state in which an action begins.
    pub fn first(kind: ActionKind) -> Self {
        match kind {
            ActionKind::Start => Self::Start,
            ActionKind::Stop => Self::Stop,
            ActionKind::Pause => Self::Pause,
            ActionKind::Unpause => Self::Unpause,
            ActionKind::Suspend => Self::Suspend,
            ActionKind::Resume => Self::Resume,
            ActionKind::Reboot => Self::Reboot,
            ActionKind::Rebuild => Self::Rebuild,
            ActionKind::LiveMigrate => Self::LiveMigrate,
            ActionKind::ColdMigrate => Self::ColdMigrate,
            ActionKind::ColdMigrateConfirm => Self::ColdMigrateConfirm,
            ActionKind::ColdMigrateRevert => Self::ColdMigrateRevert,
            ActionKind::Evacuate => Self::Evacuate,
            ActionKind::Resize => Self::Resize,
            ActionKind::ResizeConfirm => Self::ResizeConfirm,
            ActionKind::ResizeRevert => Self::ResizeRevert,
            ActionKind::Fail => Self::Fail,
            ActionKind::Delete => Self::Delete,
        }
    }

    /// Text in logs.
    pub fn as_str(self) -> &'static str {
        STATES[self as usize].1
    }

    /// Source file name that log readers expect.
    pub(super) fn log_file(self) -> &'static str {
        STATES[self as usize].2
    }

    /// The action's name in log texts.
    pub(super) fn title(self) -> &'static str {
        STATES[self as usize].3
    }

    pub(super) fn task_first(self) -> bool {
        STATES[self as usize].4
    }
}

/// A running action.
#[derive(Debug, Clone)]
pub struct Running {
    /// Which.
    pub kind: ActionKind,
    /// Where it is.
    pub state: InstanceState,
    /// Host at the beginning.
    pub from: Option<String>,
    /// When the state was entered.
    pub began: Mono,
    /// Since when nothing is seen of it.
    pub waiting_since: Option<Mono>,
    /// Nova was seen to work on it.
    pub started: bool,
    /// Who asked for it.
    pub by: InitiatedBy,
    /// Sequence number of its action record; none for a fail action, which has no record.
    pub record: Option<u64>,
}

impl Running {
    /// An action that enters `state` now.
    pub fn new(kind: ActionKind, state: InstanceState, from: Option<String>, now: Mono) -> Self {
        Self {
            kind,
            state,
            from,
            began: now,
            waiting_since: None,
            started: false,
            by: InitiatedBy::Unknown,
            record: None,
        }
    }
}

/// What can happen to a running action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstanceEvent {
    /// Nova shows it running.
    NfviEnabled,
    /// Nova shows it not running.
    NfviDisabled,
    /// Nova shows it resized.
    NfviResized,
    /// It is on another host.
    NfviHostChanged,
    /// Its host is offline.
    NfviHostOffline,
    /// Nova rolls a live migration back.
    LiveMigrateRollback,
    /// Nova has taken a resize back.
    ResizeRevertCompleted,
    /// Nova has shown it for the first time since the process started.
    Confirmed,
    /// Nothing changed for a while.
    Audit,
    /// The action has had all the time there is for it.
    Overdue,
    /// The same action is asked for again.
    TaskStart,
    /// Another action takes its place.
    TaskStop,
    /// The task with this id went well.
    TaskCompleted {
        /// Task id.
        task: u64,
    },
    /// The task with this id did not go well.
    TaskFailed {
        /// Task id.
        task: u64,
        /// Why.
        reason: String,
    },
}

/// What the states look at beside the event.
#[derive(Debug, Clone)]
pub struct InstanceFacts {
    /// No task is in progress.
    pub idle: bool,
    /// The task timed out.
    pub task_timed_out: bool,
    /// Locked.
    pub locked: bool,
    /// Enabled.
    pub enabled: bool,
    /// Disabled.
    pub disabled: bool,
    /// Failed.
    pub failed: bool,
    /// Live migration seen.
    pub migrating: bool,
    /// Resize seen.
    pub resizing: bool,
    /// Rebuild seen.
    pub rebuilding: bool,
    /// It is on another host than at the beginning.
    pub moved: bool,
    /// A user asked for the action.
    pub from_cli: bool,
    /// Longest live migration; none for no limit.
    pub live_limit: Option<Duration>,
    /// Longest cold migration.
    pub cold_limit: Duration,
    /// Longest evacuation.
    pub evacuate_limit: Duration,
    /// Longest taking back of a resize or cold migration.
    pub revert_limit: Duration,
}

/// What is reported to the instance director.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// A start ended.
    Start(ItemEnd),
    /// A stop ended.
    Stop(ItemEnd),
    /// A migration ended.
    Migrate(ItemEnd),
    /// An evacuation ended.
    Evacuate(ItemEnd),
}

/// What an event does to a running action.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reaction {
    /// Logged as the action's failure.
    pub failed: Option<String>,
    /// Told to the director.
    pub report: Option<Report>,
    /// Where it goes.
    pub next: Option<Next>,
    /// The task starts again.
    pub restart: bool,
    /// The instance is forgotten.
    pub deleted: bool,
}

/// Where a running action goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It is over.
    Initial,
    /// To this state.
    State(InstanceState),
}

/// Nothing is seen of a start or a migration for this long: it failed.
const UNSEEN: Duration = Duration::from_secs(60);
/// The same for an evacuation.
const EVACUATION_UNSEEN: Duration = Duration::from_secs(120);
/// A stop may take this long.
const STOP_LIMIT: Duration = Duration::from_secs(300);
/// What a live migration gets beyond its own limit.
const LIVE_MARGIN: Duration = Duration::from_secs(60);

/// A live migration without a limit of its own ends some time all the same.
const UNLIMITED: Duration = Duration::from_secs(24 * 3600);
/// What audits get to decide before the deadline does.
const AUDIT_MARGIN: Duration = Duration::from_secs(120);
/// The reason given for what took too long.
pub(super) const TIMEOUT: &str = "timeout";

fn end(report: Option<Report>) -> Reaction {
    Reaction { report, next: Some(Next::Initial), ..Reaction::default() }
}

fn fail(reason: &str, report: Option<Report>) -> Reaction {
    Reaction { failed: Some(reason.to_owned()), ..end(report) }
}

/// The tables of 3.4, one arm a row.
pub fn react(running: &mut Running, event: &InstanceEvent, facts: &InstanceFacts, now: Mono) -> Reaction {
    use InstanceEvent as E;
    use InstanceState as S;
    if *event == E::Overdue {
        return overdue(running.state);
    }
    match running.state {
        S::Start => match event {
            E::TaskStop => end(Some(Report::Start(ItemEnd::Cancelled))),
            E::TaskCompleted { .. } => {
                running.waiting_since = Some(now);
                Reaction::default()
            }
            E::TaskFailed { reason, .. } => fail(reason, Some(Report::Start(ItemEnd::Failed))),
            E::NfviEnabled => end(Some(Report::Start(ItemEnd::Completed))),
            E::Audit if facts.idle && facts.enabled => end(Some(Report::Start(ItemEnd::Completed))),
            E::Audit if facts.idle && unseen(running, now, UNSEEN) => {
                fail(TIMEOUT, Some(Report::Start(ItemEnd::TimedOut)))
            }
            _ => Reaction::default(),
        },
        S::Stop => match event {
            E::TaskStop => end(Some(Report::Stop(ItemEnd::Cancelled))),
            E::NfviDisabled | E::Audit if facts.locked && facts.disabled => {
                end(Some(Report::Stop(ItemEnd::Completed)))
            }
            E::TaskFailed { reason, .. } => fail(reason, Some(Report::Stop(ItemEnd::Failed))),
            E::Audit if now.since(running.began) >= STOP_LIMIT || facts.task_timed_out => {
                fail(TIMEOUT, Some(Report::Stop(ItemEnd::TimedOut)))
            }
            _ => Reaction::default(),
        },
        S::LiveMigrate => live_migrate(running, event, facts, now),
        S::ColdMigrate => cold_migrate(running, event, facts, now),
        S::Evacuate => evacuate(running, event, facts, now),
        S::Fail => match event {
            E::TaskStop | E::TaskFailed { .. } => end(None),
            E::TaskCompleted { .. } if facts.failed => end(None),
            E::NfviDisabled | E::Audit if facts.idle && facts.failed => end(None),
            _ => Reaction::default(),
        },
        S::Delete => match event {
            E::TaskStart | E::Audit if facts.idle => Reaction { restart: true, ..Reaction::default() },
            E::TaskCompleted { .. } => Reaction { deleted: true, ..end(None) },
            _ => Reaction::default(),
        },
        S::Pause
        | S::Unpause
        | S::Suspend
        | S::Resume
        | S::Reboot
        | S::Rebuild
        | S::Resize
        | S::ResizeConfirm
        | S::ResizeRevert
        | S::ColdMigrateConfirm
        | S::ColdMigrateRevert => match event {
            E::TaskStop | E::TaskCompleted { .. } => end(None),
            E::TaskFailed { reason, .. } => fail(reason, None),
            _ => Reaction::default(),
        },
    }
}

/// The tables' own limits are looked at when an audit comes. This is what happens when none does: Nova is away.
fn overdue(state: InstanceState) -> Reaction {
    use InstanceState as S;
    match state {
        S::Start => fail(TIMEOUT, Some(Report::Start(ItemEnd::TimedOut))),
        S::Stop => fail(TIMEOUT, Some(Report::Stop(ItemEnd::TimedOut))),
        S::LiveMigrate | S::ColdMigrate => fail(TIMEOUT, Some(Report::Migrate(ItemEnd::TimedOut))),
        S::Evacuate => fail(TIMEOUT, Some(Report::Evacuate(ItemEnd::TimedOut))),
        S::Fail => end(None),
        S::Delete => Reaction { restart: true, ..Reaction::default() },
        S::Pause
        | S::Unpause
        | S::Suspend
        | S::Resume
        | S::Reboot
        | S::Rebuild
        | S::Resize
        | S::ResizeConfirm
        | S::ResizeRevert
        | S::ColdMigrateConfirm
        | S::ColdMigrateRevert => fail(TIMEOUT, None),
    }
}

/// The longest an action may be in a state: what the tables and works give it, and time for an audit to decide.
pub fn longest(state: InstanceState, facts: &InstanceFacts) -> Duration {
    use InstanceState as S;
    let given = match state {
        S::Start => 2 * UNSEEN,
        S::Stop => STOP_LIMIT,
        S::LiveMigrate => facts.live_limit.map_or(UNLIMITED, |limit| limit + LIVE_MARGIN),
        S::ColdMigrate => facts.cold_limit,
        S::Evacuate => facts.evacuate_limit + EVACUATION_UNSEEN,
        S::ColdMigrateRevert | S::ResizeRevert => facts.revert_limit + UNSEEN,
        S::Pause
        | S::Unpause
        | S::Suspend
        | S::Resume
        | S::Reboot
        | S::Rebuild
        | S::Resize
        | S::ResizeConfirm
        | S::ColdMigrateConfirm
        | S::Fail
        | S::Delete => UNSEEN,
    };
    given + AUDIT_MARGIN
}

fn live_migrate(running: &mut Running, event: &InstanceEvent, facts: &InstanceFacts, now: Mono) -> Reaction {
    use InstanceEvent as E;
    let done = || end(Some(Report::Migrate(ItemEnd::Completed)));
    let not_done = || end(Some(Report::Migrate(ItemEnd::Failed)));
    let late = || fail(TIMEOUT, Some(Report::Migrate(ItemEnd::TimedOut)));
    match event {
        E::TaskStop => end(None),
        E::NfviHostChanged | E::Audit if facts.moved => done(),
        E::LiveMigrateRollback => not_done(),
        E::TaskFailed { reason, .. } => fail(reason, Some(Report::Migrate(ItemEnd::Failed))),
        E::NfviEnabled if facts.migrating => {
            running.started = true;
            Reaction::default()
        }
        E::NfviEnabled if running.started && !facts.moved => not_done(),
        E::Audit if facts.idle && !facts.migrating => {
            if unseen(running, now, UNSEEN) {
                late()
            } else {
                Reaction::default()
            }
        }
        E::Audit => match facts.live_limit {
            Some(limit) if now.since(running.began) >= limit + LIVE_MARGIN => late(),
            None if facts.task_timed_out => late(),
            _ => Reaction::default(),
        },
        _ => Reaction::default(),
    }
}

fn cold_migrate(running: &mut Running, event: &InstanceEvent, facts: &InstanceFacts, now: Mono) -> Reaction {
    use InstanceEvent as E;
    let late = || fail(TIMEOUT, Some(Report::Migrate(ItemEnd::TimedOut)));
    match event {
        E::TaskStop => end(None),
        E::NfviResized => Reaction {
            report: Some(Report::Migrate(ItemEnd::Completed)),
            next: Some(Next::State(InstanceState::ColdMigrateConfirm)),
            ..Reaction::default()
        },
        E::TaskCompleted { .. } if facts.from_cli => end(None),
        E::TaskFailed { reason, .. } => fail(reason, Some(Report::Migrate(ItemEnd::Failed))),
        // reported as a migration, so that the operation that waits for it hears of it (docs/differences.md)
        E::Audit if facts.idle && !facts.resizing => {
            if unseen(running, now, UNSEEN) {
                late()
            } else {
                Reaction::default()
            }
        }
        E::Audit if now.since(running.began) >= facts.cold_limit || facts.task_timed_out => late(),
        _ => Reaction::default(),
    }
}

fn evacuate(running: &mut Running, event: &InstanceEvent, facts: &InstanceFacts, now: Mono) -> Reaction {
    use InstanceEvent as E;
    let done = || end(Some(Report::Evacuate(ItemEnd::Completed)));
    let late = || fail(TIMEOUT, Some(Report::Evacuate(ItemEnd::TimedOut)));
    let arrived = facts.moved && !facts.rebuilding;
    match event {
        E::TaskStop => end(None),
        E::NfviEnabled | E::NfviDisabled | E::NfviHostChanged | E::Audit if arrived => done(),
        E::NfviDisabled if facts.rebuilding => {
            running.started = true;
            Reaction::default()
        }
        E::NfviDisabled if running.started && !facts.moved => end(Some(Report::Evacuate(ItemEnd::Failed))),
        E::TaskFailed { reason, .. } => fail(reason, Some(Report::Evacuate(ItemEnd::Failed))),
        E::Audit if facts.idle && !facts.rebuilding => {
            if unseen(running, now, EVACUATION_UNSEEN) {
                late()
            } else {
                Reaction::default()
            }
        }
        E::Audit if now.since(running.began) >= facts.evacuate_limit || facts.task_timed_out => late(),
        _ => Reaction::default(),
    }
}

/// Nothing has been seen of the action for `limit`; the first time it only starts counting.
fn unseen(running: &mut Running, now: Mono, limit: Duration) -> bool {
    match running.waiting_since {
        Some(since) => now.since(since) >= limit,
        None => {
            running.waiting_since = Some(now);
            false
        }
    }
}
