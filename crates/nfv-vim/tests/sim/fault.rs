//! What goes wrong: the fate of each call, and the events of a seed.

use super::{millis, secs};
use nfv_nfvi::{CallError, ErrorKind, Pool};
use std::time::Duration;

/// How likely each mishap is, of a thousand calls, commits or messages.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// The request is lost, nobody answers.
    pub lost_request: u32,
    /// It is done, but nobody answers.
    pub lost_answer: u32,
    /// It is done, and the plugin gives up waiting.
    pub timed_out: u32,
    /// It is done, and the answer comes after the limit of the core.
    pub slow: u32,
    /// The service refuses.
    pub refused: u32,
    /// The token is not valid any more.
    pub expired: u32,
    /// A listing is answered well and has nothing in it.
    pub empty: u32,
    /// The call takes several turns.
    pub turns: u32,
    /// The VIM crashes at a commit.
    pub crash: u32,
    /// A notification of Nova is lost.
    pub lost_message: u32,
    /// A notification of Nova comes late, maybe behind a later one.
    pub late_message: u32,
}

impl Profile {
    /// What a seed is plagued by; some seeds by nothing of a kind.
    pub fn random(rng: &mut fastrand::Rng) -> Self {
        let mut up_to = |limit: u32| if rng.bool() { rng.u32(0..=limit) } else { 0 };
        Self {
            lost_request: up_to(10),
            lost_answer: up_to(15),
            timed_out: up_to(15),
            slow: up_to(10),
            refused: up_to(40),
            expired: up_to(20),
            empty: up_to(40),
            turns: up_to(300),
            crash: up_to(8),
            lost_message: up_to(150),
            late_message: up_to(150),
        }
    }
}

/// What becomes of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// It is served and answered.
    Served,
    /// Neither.
    LostRequest,
    /// Served, never answered.
    LostAnswer,
    /// Served, answered with a time-out.
    TimedOut(Duration),
    /// Served, answered late.
    Slow(Duration),
    /// Served, and the answer has nothing in it.
    Empty,
    /// Not served.
    Refused(CallError),
}

impl Profile {
    /// The fate of the next call.
    pub fn fate(&self, rng: &mut fastrand::Rng) -> Fate {
        let mut roll = rng.u32(0..1000);
        let mut hits = |chance: u32| {
            let hit = roll < chance;
            roll = roll.saturating_sub(chance);
            if !hit && chance > 0 && roll == 0 {
                roll = 0;
            }
            hit
        };
        if hits(self.lost_request) {
            Fate::LostRequest
        } else if hits(self.lost_answer) {
            Fate::LostAnswer
        } else if hits(self.timed_out) {
            Fate::TimedOut(secs(20))
        } else if hits(self.slow) {
            Fate::Slow(secs(rng.u64(61..150)))
        } else if hits(self.refused) {
            let error = CallError::new(ErrorKind::Refused, "500 Internal Server Error").with_status(500);
            Fate::Refused(error.with_reason("The server has either erred or is incapable."))
        } else if hits(self.expired) {
            Fate::Refused(CallError::new(ErrorKind::TokenExpired, "401 Unauthorized").with_status(401))
        } else {
            Fate::Served
        }
    }
}

/// How a service that is down behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outage {
    /// Nobody listens.
    Unreachable,
    /// A proxy answers 503.
    Unavailable,
    /// It takes connections and says nothing.
    Hangs,
}

impl Outage {
    /// The fate of a call meanwhile.
    pub fn fate(self) -> Fate {
        match self {
            Self::Unreachable => Fate::Refused(CallError::new(ErrorKind::Unreachable, "connection refused")),
            Self::Unavailable => {
                Fate::Refused(CallError::new(ErrorKind::Refused, "503 Service Unavailable").with_status(503))
            }
            Self::Hangs => Fate::LostRequest,
        }
    }
}

/// An event of a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Hosts die, one or several at once.
    HostsDie,
    /// A guest's machine crashes.
    ServerCrashes,
    /// Nova puts a server in error.
    ServerInError,
    /// An operator locks a host.
    Lock,
    /// By force.
    ForceLock,
    /// An operator unlocks a host.
    Unlock,
    /// A service is down for a while.
    ServiceDown,
    /// The VIM crashes.
    VimCrashes,
    /// A user stops or starts a server.
    UserAction,
    /// A user deletes a server.
    UserDeletes,
    /// A user asks the VIM for an action through the compute API.
    UserAsks,
    /// The data ports of a host fail; the host itself runs on.
    PortsFail,
    /// A guest's heart stops, and it wants something done.
    GuestFails,
    /// The guest agent starts anew.
    GuestAgentForgets,
    /// An image, volume, network or server group comes, goes or changes.
    StockChanges,
    /// The platform upgrades and wants instances left alone, or has done so.
    Upgrade,
}

/// All of them, each as often as it is likely.
const FAULTS: [Fault; 29] = [
    Fault::HostsDie,
    Fault::HostsDie,
    Fault::HostsDie,
    Fault::ServerCrashes,
    Fault::ServerCrashes,
    Fault::ServerCrashes,
    Fault::ServerInError,
    Fault::ServerInError,
    Fault::Lock,
    Fault::Lock,
    Fault::ForceLock,
    Fault::Unlock,
    Fault::Unlock,
    Fault::Unlock,
    Fault::ServiceDown,
    Fault::VimCrashes,
    Fault::UserAction,
    Fault::UserDeletes,
    Fault::UserAsks,
    Fault::UserAsks,
    Fault::PortsFail,
    Fault::Upgrade,
    Fault::Upgrade,
    Fault::GuestFails,
    Fault::GuestFails,
    Fault::GuestAgentForgets,
    Fault::StockChanges,
    Fault::StockChanges,
    Fault::StockChanges,
];

/// The events of a seed: which kinds it has, and when the next one comes.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Kinds.
    pub kinds: Vec<Fault>,
    /// Longest pause between two, seconds.
    pub pause: u64,
}

impl Plan {
    /// A random plan.
    pub fn random(rng: &mut fastrand::Rng) -> Self {
        let mut kinds: Vec<_> = FAULTS.into_iter().filter(|_| rng.u32(0..100) < 70).collect();
        if kinds.is_empty() {
            kinds.push(Fault::HostsDie);
        }
        Self { kinds, pause: rng.u64(40..400) }
    }

    /// The next event and how long it lets one wait.
    pub fn next(&self, rng: &mut fastrand::Rng) -> (Fault, Duration) {
        let fault = self.kinds[rng.usize(0..self.kinds.len())];
        (fault, millis(rng.u64(1000..=self.pause * 1000)))
    }
}

/// The services that can be down.
pub const SERVICES: [Pool; 7] = [
    Pool::Identity,
    Pool::Image,
    Pool::BlockStorage,
    Pool::Compute,
    Pool::Infrastructure,
    Pool::Network,
    Pool::Guest,
];
