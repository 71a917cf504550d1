//! Words that sysinv did not take: they are said again as long as they are true (docs/differences.md).
//!
//! sysinv goes on with a lock, and shows a host in service, on the word of the VIM alone. The contract has each word said
//! once (vim-behaviour 2.6); what is said here comes after it, and only when it was not heard.

use super::task::{HostTask, HostWorkKind, ServicesNotice};
use super::{Host, HostState, HostWork};
use crate::core::Vim;
use crate::core::nfvi_call::Then;
use nfv_common::time::Mono;
use nfv_nfvi::call::{HostServicesNotice as Notice, InfrastructureCall};
use nfv_nfvi::object::AdminState;
use nfv_nfvi::{Call, CallError, CallResult, ErrorKind};
use std::mem::discriminant;

impl Vim {
    /// sysinv did not take a word; if it may take it later, it is kept for then.
    pub(super) fn sysinv_not_told(&mut self, name: &str, notice: ServicesNotice, error: &CallError) {
        let Some(host) = self.hosts.get_mut(name) else { return };
        let notice = notice.with(host.reason.clone());
        if may_be_heard_later(error) && host.is_true(&notice) {
            host.keep_word(notice);
        }
    }

    /// The oldest word that sysinv did not take is said again, unless one is on its way.
    pub(super) fn tell_sysinv_again(&mut self, name: &str) {
        let Some(host) = self.hosts.get_mut(name) else { return };
        host.keep_true_words();
        let (Some(notice), target) = (host.untold.first().cloned(), host.nfvi.to_ref()) else { return };
        if host.awaits_sysinv() || self.is_told_again(name) {
            return;
        }
        let call = InfrastructureCall::NotifyHostServices { host: target, notice: notice.clone() };
        self.call(Call::Infrastructure(call), Then::ToldAgain { host: name.to_owned(), notice });
    }

    /// A word is being said again.
    pub(super) fn is_told_again(&self, name: &str) -> bool {
        self.open_questions().any(|then| matches!(then, Then::ToldAgain { host, .. } if host == name))
    }

    /// sysinv took a word that was said again, or did not: then others have their turn before it.
    pub(in crate::core) fn told_again(&mut self, name: &str, notice: &Notice, result: CallResult) {
        let now = self.now.mono;
        if let Some(host) = self.hosts.get_mut(name)
            && let Some(at) = host.untold.iter().position(|other| other == notice)
        {
            let notice = host.untold.remove(at);
            match result {
                Ok(_) => host.word_taken(&notice, now),
                Err(error) if may_be_heard_later(&error) => host.untold.push(notice),
                Err(_) => {}
            }
        }
        self.release_held_call(name);
    }
}

impl Host {
    /// The word still tells how the host is.
    pub(in crate::core) fn is_true(&self, notice: &Notice) -> bool {
        use HostState as S;
        match notice {
            Notice::Enabled => matches!(self.state(), S::Enabling | S::Enabled),
            // once sysinv locked it, it needs no word
            Notice::Disabled => {
                matches!(self.state(), S::Disabling | S::Disabled)
                    && self.nfvi.admin_state == AdminState::Unlocked
            }
            // the host goes back into service at once, but for a forced lock, which follows it
            Notice::DisableFailed { .. } => match self.state() {
                S::DisablingFailed | S::Enabling | S::Enabled => true,
                S::Disabling | S::Disabled => self.nfvi.admin_state == AdminState::Unlocked,
                S::Initial | S::Configure | S::Deleting | S::DeletingFailed | S::Deleted => false,
            },
            Notice::DisableExtend | Notice::Deleted | Notice::DeleteFailed { .. } => false,
        }
    }

    /// The present task is telling sysinv something.
    fn awaits_sysinv(&self) -> bool {
        self.task.as_ref().is_some_and(|task| {
            let tells = |work: &HostWork| matches!(work.kind, HostWorkKind::NotifyServices(_));
            task.waiting().is_some() && task.current().is_some_and(tells)
        })
    }

    /// A word of this kind is being said: what was to be said again is out of date.
    pub(super) fn forget_word(&mut self, notice: &Notice) {
        self.untold.retain(|other| discriminant(other) != discriminant(notice));
    }

    /// This is to be said again, in place of an older word of its kind.
    fn keep_word(&mut self, notice: Notice) {
        self.forget_word(&notice);
        self.untold.push(notice);
    }

    /// A task begins that says its own word in the end.
    pub(super) fn begin_task(&mut self, task: HostTask) {
        match task {
            HostTask::Disable => self.untold.clear(),
            HostTask::Enable => self.untold.retain(|word| matches!(word, Notice::DisableFailed { .. })),
            HostTask::Add
            | HostTask::Delete
            | HostTask::NotifyDeleteFailed
            | HostTask::NotifyDisableFailed
            | HostTask::NotifyDisabled
            | HostTask::AuditEnabled
            | HostTask::AuditDisabled => {}
        }
    }

    /// sysinv took a word late.
    fn word_taken(&mut self, notice: &Notice, now: Mono) {
        match notice {
            // the lock begins now
            Notice::Disabled => self.given_to_lock = self.given_to_lock.map(|_| now),
            // what was said after it is said after it again
            Notice::DisableFailed { .. } if self.state() == HostState::Enabled => {
                self.keep_word(Notice::Enabled);
            }
            _ => {}
        }
    }

    /// Drops the words that are not true any more.
    pub(super) fn keep_true_words(&mut self) {
        let words = std::mem::take(&mut self.untold);
        self.untold = words.into_iter().filter(|notice| self.is_true(notice)).collect();
    }
}

/// The service did not refuse for good.
fn may_be_heard_later(error: &CallError) -> bool {
    match error.kind {
        // of an answer that cannot be understood it is known that the word arrived
        ErrorKind::NotFound | ErrorKind::Unsupported | ErrorKind::BadAnswer => false,
        ErrorKind::Refused => error.status.is_none_or(|status| status >= 500),
        ErrorKind::NoToken | ErrorKind::TokenExpired | ErrorKind::Unreachable | ErrorKind::TimedOut => true,
    }
}
