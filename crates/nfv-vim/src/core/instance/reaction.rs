//! What each event does in each state, and how long a state may last. Contract: vim-behaviour 3.4.

use super::state::{InstanceEvent, InstanceFacts, InstanceState, Next, Reaction, Report, Running};
use super::work;
use crate::core::director::ItemEnd;
use nfv_common::time::Mono;
use std::time::Duration;

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
pub(in crate::core) const TIMEOUT: &str = "timeout";

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
            // news of the stop before it that came late (docs/differences.md)
            E::NfviEnabled if facts.stopping => Reaction::default(),
            E::NfviEnabled => end(Some(Report::Start(ItemEnd::Completed))),
            E::Audit if facts.idle && facts.enabled && !facts.stopping => {
                end(Some(Report::Start(ItemEnd::Completed)))
            }
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
        S::LiveMigrateFinish => match event {
            E::TaskStart => Reaction { next: Some(Next::State(S::LiveMigrate)), ..Reaction::default() },
            E::TaskStop | E::TaskCompleted { .. } => end(None),
            E::TaskFailed { reason, .. } => fail(reason, None),
            E::Audit if facts.idle => end(None),
            _ => Reaction::default(),
        },
        S::GuestServicesCreate
        | S::GuestServicesEnable
        | S::GuestServicesDisable
        | S::GuestServicesSet
        | S::GuestServicesDelete => match event {
            E::TaskStop | E::TaskCompleted { .. } | E::TaskFailed { .. } => end(None),
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
        S::Fail
        | S::LiveMigrateFinish
        | S::GuestServicesCreate
        | S::GuestServicesEnable
        | S::GuestServicesDisable
        | S::GuestServicesSet
        | S::GuestServicesDelete => end(None),
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
        S::LiveMigrateFinish
        | S::GuestServicesCreate
        | S::GuestServicesEnable
        | S::GuestServicesDisable
        | S::GuestServicesSet
        | S::GuestServicesDelete => Duration::ZERO,
    };
    let guest = if facts.guest { work::guest_time(state) } else { Duration::ZERO };
    given + guest + AUDIT_MARGIN
}

fn live_migrate(running: &mut Running, event: &InstanceEvent, facts: &InstanceFacts, now: Mono) -> Reaction {
    use InstanceEvent as E;
    let finish = |end| Reaction {
        report: Some(Report::Migrate(end)),
        next: Some(if facts.guest { Next::State(InstanceState::LiveMigrateFinish) } else { Next::Initial }),
        ..Reaction::default()
    };
    let done = || finish(ItemEnd::Completed);
    let not_done = || finish(ItemEnd::Failed);
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
