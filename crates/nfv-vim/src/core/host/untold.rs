//! Words that sysinv did not take: they are said again as long as they are true (docs/differences.md).
//!
//! sysinv goes on with a lock, and shows a host in service, on the word of the VIM alone. The contract has each word said
//! once (vim-behaviour 2.6); what is said here comes after it, and only when it was not heard.

use super::task::HostWorkKind;
use super::{Host, HostState, HostWork};
use crate::core::Vim;
use crate::core::nfvi_call::Then;
use nfv_nfvi::call::{HostServicesNotice as Notice, InfrastructureCall};
use nfv_nfvi::object::AdminState;
use nfv_nfvi::{Call, CallError, CallResult, ErrorKind};
use std::mem::discriminant;

impl Vim {
    /// sysinv did not take a word; if it may take it later, it is kept for then.
    pub(super) fn sysinv_not_told(&mut self, name: &str, notice: Notice, error: &CallError) {
        if let Some(host) = self.hosts.get_mut(name)
            && may_be_heard_later(error)
            && host.is_true(&notice)
        {
            host.forget_word(&notice);
            host.untold.push(notice);
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
    fn is_told_again(&self, name: &str) -> bool {
        self.open_questions().any(|then| matches!(then, Then::ToldAgain { host, .. } if host == name))
    }

    /// sysinv took a word that was said again, or did not.
    pub(in crate::core) fn told_again(&mut self, name: &str, notice: &Notice, result: CallResult) {
        if let Some(host) = self.hosts.get_mut(name)
            && result.as_ref().err().is_none_or(|error| !may_be_heard_later(error))
        {
            host.untold.retain(|other| other != notice);
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
            // the host goes back into service at once
            Notice::DisableFailed { .. } => {
                matches!(self.state(), S::DisablingFailed | S::Enabling | S::Enabled)
            }
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

    /// Drops the words that are not true any more.
    pub(super) fn keep_true_words(&mut self) {
        let words = std::mem::take(&mut self.untold);
        self.untold = words.into_iter().filter(|notice| self.is_true(notice)).collect();
    }
}

/// The service did not refuse for good.
fn may_be_heard_later(error: &CallError) -> bool {
    match error.kind {
        ErrorKind::NotFound | ErrorKind::Unsupported => false,
        ErrorKind::Refused => error.status.is_none_or(|status| status >= 500),
        ErrorKind::NoToken
        | ErrorKind::TokenExpired
        | ErrorKind::Unreachable
        | ErrorKind::TimedOut
        | ErrorKind::BadAnswer => true,
    }
}
