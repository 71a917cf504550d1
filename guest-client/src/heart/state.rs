//! The table of states. Contract: guest 4.

use std::fmt;

/// Where the client stands with its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Just started, or ended.
    Initial,
    /// It asks to be watched.
    Enabling,
    /// It is watched.
    Enabled,
    /// The host cannot be reached.
    Disabled,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The wait after the start is over.
    Release,
    /// The host has acknowledged the last or the previous init.
    InitAck,
    /// The host has asked.
    Challenge,
    /// The host has not asked for too long.
    ChallengeTimeout,
    /// The host wants a vote or tells.
    Action,
    /// The host can be reached again.
    ChannelUp,
    /// The host has gone.
    ChannelDown,
    /// The client shall end.
    Shutdown,
}

impl State {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Initial, Self::Enabling, Self::Enabled, Self::Disabled];

    /// The state after an event; none when it stays.
    pub const fn after(self, event: Event) -> Option<Self> {
        match (self, event) {
            (Self::Initial, Event::Release | Event::ChannelUp) => Some(Self::Enabling),
            (Self::Initial, Event::ChannelDown) => Some(Self::Disabled),
            (
                Self::Initial,
                Event::InitAck | Event::Challenge | Event::ChallengeTimeout | Event::Action | Event::Shutdown,
            ) => None,

            (Self::Enabling, Event::InitAck) => Some(Self::Enabled),
            (Self::Enabling, Event::ChannelDown) => Some(Self::Disabled),
            (Self::Enabling, Event::Shutdown) => Some(Self::Initial),
            (
                Self::Enabling,
                Event::Release
                | Event::Challenge
                | Event::ChallengeTimeout
                | Event::Action
                | Event::ChannelUp,
            ) => None,

            (Self::Enabled, Event::ChallengeTimeout) => Some(Self::Enabling),
            (Self::Enabled, Event::ChannelDown) => Some(Self::Disabled),
            (Self::Enabled, Event::Shutdown) => Some(Self::Initial),
            (
                Self::Enabled,
                Event::Release | Event::InitAck | Event::Challenge | Event::Action | Event::ChannelUp,
            ) => None,

            (Self::Disabled, Event::ChannelUp) => Some(Self::Enabling),
            (Self::Disabled, Event::Shutdown) => Some(Self::Initial),
            (
                Self::Disabled,
                Event::Release
                | Event::InitAck
                | Event::Challenge
                | Event::ChallengeTimeout
                | Event::Action
                | Event::ChannelDown,
            ) => None,
        }
    }
}

impl Event {
    /// All events.
    pub const ALL: [Self; 8] = [
        Self::Release,
        Self::InitAck,
        Self::Challenge,
        Self::ChallengeTimeout,
        Self::Action,
        Self::ChannelUp,
        Self::ChannelDown,
        Self::Shutdown,
    ];
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Initial => "initial",
            Self::Enabling => "enabling",
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        })
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Release => "release",
            Self::InitAck => "init-ack",
            Self::Challenge => "challenge",
            Self::ChallengeTimeout => "challenge-timeout",
            Self::Action => "action",
            Self::ChannelUp => "channel-up",
            Self::ChannelDown => "channel-down",
            Self::Shutdown => "shutdown",
        })
    }
}
