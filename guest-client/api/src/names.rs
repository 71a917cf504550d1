//! Words for the values of the enumerations. Contract: guest 2.2.

use std::ffi::CStr;

/// Words of GuestHeartbeatApiActionT from 1 on.
pub(crate) const ACTIONS: [&CStr; 4] = [c"none", c"reboot", c"stop", c"log"];

/// Words of GuestHeartbeatApiEventT from 1 on.
pub(crate) const EVENTS: [&CStr; 12] = [
    c"stop",
    c"reboot",
    c"suspend",
    c"pause",
    c"unpause",
    c"resume",
    c"resize-begin",
    c"resize-end",
    c"live-migrate-begin",
    c"live-migrate-end",
    c"cold-migrate-begin",
    c"cold-migrate-end",
];

/// Words of GuestHeartbeatApiNotifyTypeT from 1 on.
pub(crate) const NOTIFICATIONS: [&CStr; 2] = [c"revocable", c"irrevocable"];

/// Words of GuestHeartbeatApiVoteResultT from 1 on.
pub(crate) const VOTES: [&CStr; 3] = [c"accept", c"reject", c"complete"];

/// The word of a value, or what stands for those that have none.
pub(crate) fn word(words: &[&'static CStr], value: i32, otherwise: &'static CStr) -> &'static CStr {
    let index = usize::try_from(value).ok().and_then(|value| value.checked_sub(1));
    index.and_then(|index| words.get(index).copied()).unwrap_or(otherwise)
}

#[cfg(test)]
mod tests {
    use super::*;
    use guest_protocol::heartbeat::words::{CorrectiveAction, Event, Notification, Vocabulary, Vote};

    fn check<V: Vocabulary + std::fmt::Debug>(words: &[&'static CStr], number: impl Fn(V) -> u32) {
        for value in V::ALL.iter().filter(|value| number(**value) > 0) {
            let shown = word(words, number(*value).cast_signed(), c"?").to_str().unwrap();
            assert_eq!(shown, value.as_str().replace('_', "-"));
        }
        for value in [0, -1, i32::MAX, i32::try_from(words.len()).unwrap() + 1] {
            assert_eq!(word(words, value, c"?"), c"?");
        }
    }

    #[test]
    fn values_have_the_words_of_the_protocol_with_dashes() {
        check(&ACTIONS, CorrectiveAction::number);
        check(&EVENTS, Event::number);
        check(&NOTIFICATIONS, Notification::number);
        check(&VOTES, Vote::number);
    }
}
