//! The words of the protocol: actions, events, kinds of notification, votes.
//!
//! The order of the rows gives the numbers of the application protocol (contract: guest 2.2, 3.2, 3.3).

use std::fmt;

/// Defines an enumeration from rows `Variant = number "word"`.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $number:literal $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(#[doc = concat!("`", $word, "`")] $variant,)+
        }

        impl Vocabulary for $name {
            const ALL: &'static [Self] = &[$($name::$variant),+];

            fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $word,)+
                }
            }
        }

        impl $name {
            /// The number in the binary protocol; what it does not know has the number of `unknown`.
            pub const fn number(self) -> u32 {
                match self {
                    $($name::$variant => $number,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

/// A closed set of words.
pub trait Vocabulary: Copy + Eq + 'static {
    /// Every value.
    const ALL: &'static [Self];

    /// The word on the wire.
    fn as_str(self) -> &'static str;

    /// The value whose word this is, exactly.
    fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.as_str() == word)
    }
}

words! {
    /// What shall be done with a VM that fails.
    CorrectiveAction {
        Unknown = 0 "unknown",
        None = 1 "none",
        Reboot = 2 "reboot",
        Stop = 3 "stop",
        Log = 4 "log",
    }
}

words! {
    /// What is about to happen to a VM, or has happened.
    Event {
        Unknown = 0 "unknown",
        Stop = 1 "stop",
        Reboot = 2 "reboot",
        Suspend = 3 "suspend",
        Pause = 4 "pause",
        Unpause = 5 "unpause",
        Resume = 6 "resume",
        ResizeBegin = 7 "resize_begin",
        ResizeEnd = 8 "resize_end",
        LiveMigrateBegin = 9 "live_migrate_begin",
        LiveMigrateEnd = 10 "live_migrate_end",
        ColdMigrateBegin = 11 "cold_migrate_begin",
        ColdMigrateEnd = 12 "cold_migrate_end",
    }
}

words! {
    /// Whether the guest may refuse.
    Notification {
        Unknown = 0 "unknown",
        Revocable = 1 "revocable",
        Irrevocable = 2 "irrevocable",
    }
}

words! {
    /// The guest's answer.
    Vote {
        Unknown = 0 "unknown",
        Accept = 1 "accept",
        Reject = 2 "reject",
        Complete = 3 "complete",
        Timeout = 0 "timeout",
        Error = 0 "error",
    }
}

words! {
    /// How a guest feels.
    Health {
        Unhealthy = 0 "unhealthy",
        Healthy = 1 "healthy",
    }
}

words! {
    /// A switch: reporting, heartbeating.
    Switch {
        Disabled = 0 "disabled",
        Enabled = 1 "enabled",
    }
}

impl Switch {
    /// `Enabled` for true.
    pub const fn of(on: bool) -> Self {
        if on { Self::Enabled } else { Self::Disabled }
    }

    /// Whether it is `Enabled`.
    pub const fn is_on(self) -> bool {
        matches!(self, Self::Enabled)
    }
}

/// Which of the guest's five times an event falls under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Before a stop or reboot.
    Shutdown,
    /// Before a pause, suspend, migration or resize.
    Suspend,
    /// After an unpause, resume, migration or resize.
    Resume,
}

impl Event {
    /// The time that counts for an irrevocable notification; none for an unknown event. Contract: guest 10.
    pub const fn notice(self) -> Option<Notice> {
        match self {
            Self::Unknown => None,
            Self::Stop | Self::Reboot => Some(Notice::Shutdown),
            Self::Suspend
            | Self::Pause
            | Self::ResizeBegin
            | Self::LiveMigrateBegin
            | Self::ColdMigrateBegin => Some(Notice::Suspend),
            Self::Unpause | Self::Resume | Self::ResizeEnd | Self::LiveMigrateEnd | Self::ColdMigrateEnd => {
                Some(Notice::Resume)
            }
        }
    }
}

/// A word of a vocabulary, or one that a newer or stranger peer uses; it is passed on as it came.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Word<V> {
    /// A word of the vocabulary.
    Known(V),
    /// Another one.
    Other(Box<str>),
}

impl<V: Vocabulary> Word<V> {
    /// Reads a word.
    pub fn new(word: &str) -> Self {
        V::parse(word).map_or_else(|| Self::Other(word.into()), Self::Known)
    }

    /// The word on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(value) => value.as_str(),
            Self::Other(word) => word,
        }
    }

    /// The value, when the word is of the vocabulary.
    pub const fn known(&self) -> Option<V> {
        match self {
            Self::Known(value) => Some(*value),
            Self::Other(_) => None,
        }
    }

    /// Whether it is this word.
    pub fn is(&self, value: V) -> bool {
        self.known() == Some(value)
    }
}

impl<V: Vocabulary> From<V> for Word<V> {
    fn from(value: V) -> Self {
        Self::Known(value)
    }
}

impl<V: Vocabulary> fmt::Display for Word<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
