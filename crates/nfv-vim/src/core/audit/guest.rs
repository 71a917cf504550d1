//! Asking the guest agent for the guest services of all instances. Contract: vim-behaviour 6.2.

use crate::core::nfvi_call::Then;
use crate::core::{TimerKey, Vim};
use nfv_nfvi::call::GuestCall;
use nfv_nfvi::{Answer, Call, CallResult, Pool};
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(30);
/// Questions that may be open at once: votes must not wait behind thousands of them (docs/differences.md).
const OUTSTANDING: usize = 4;

impl Vim {
    /// A new round, unless the last one still goes on.
    pub(in crate::core) fn audit_guests(&mut self) {
        if self.config.disabled.contains(&Pool::Guest) {
            return;
        }
        self.timers.arm(TimerKey::AuditGuests, self.now.mono + EVERY);
        if self.audits.guests.is_empty() && self.audits.guests_asked == 0 {
            let guests = self.instances_where(|i| !i.deleted && i.guest_services.are_provisioned());
            self.audits.guests = guests.into();
        }
        self.ask_next_guests();
    }

    fn ask_next_guests(&mut self) {
        while self.audits.guests_asked < OUTSTANDING {
            let Some(uuid) = self.audits.guests.pop_front() else { return };
            if self.instances.get(&uuid).is_some_and(|instance| !instance.deleted) {
                self.audits.guests_asked += 1;
                let call = GuestCall::QueryServices { uuid: uuid.clone() };
                self.call(Call::Guest(call), Then::GuestQuery { uuid });
            }
        }
    }

    /// The guest agent showed the guest services of an instance, or not.
    pub(in crate::core) fn guest_query_answered(&mut self, uuid: &str, result: CallResult) {
        self.audits.guests_asked = self.audits.guests_asked.saturating_sub(1);
        match result {
            Ok(Answer::GuestServices(report)) => self.guest_services_update(uuid, report),
            Err(error) if error.kind == nfv_nfvi::ErrorKind::NotFound => self.guest_unknown(uuid),
            Ok(_) | Err(_) => {}
        }
        self.ask_next_guests();
    }
}
