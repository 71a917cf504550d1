//! A state and since when. Contract: vim-behaviour 1.4.

use crate::time::Mono;

/// The state of one machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine<S> {
    state: S,
    since: Mono,
}

impl<S: Copy + Eq> Machine<S> {
    /// A machine that is in `state` from `now` on.
    pub const fn new(state: S, now: Mono) -> Self {
        Self { state, since: now }
    }

    /// The state it is in.
    pub const fn state(&self) -> S {
        self.state
    }

    /// Since when.
    pub const fn since(&self) -> Mono {
        self.since
    }

    /// Goes to `next`; the state it left, or none if it is there already (then nothing happens).
    pub fn go(&mut self, next: S, now: Mono) -> Option<S> {
        if self.state == next {
            return None;
        }
        self.since = now;
        Some(std::mem::replace(&mut self.state, next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn going_to_the_same_state_is_no_change() {
        let mut machine = Machine::new('a', Mono::ZERO);
        let later = Mono::at(Duration::from_secs(1));
        assert_eq!(machine.go('a', later), None);
        assert_eq!(machine.since(), Mono::ZERO);
        assert_eq!(machine.go('b', later), Some('a'));
        assert_eq!((machine.state(), machine.since()), ('b', later));
    }
}
