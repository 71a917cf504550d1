//! The cloud as a pure model: state, rules and an agenda of what happens when. No sockets, no clock.
//!
//! ```text
//!   service/*  ──calls──►  Cloud methods  ──►  state changes, Agenda entries (what ends when), Notices (what to tell the VIM)
//!   runtime    ──advance(now)──►  due agenda entries are carried out in order
//! ```
//!
//! Every entry of the agenda carries the *generation* of its host or server, which goes up whenever something makes
//! older plans void (a host dies, a server is deleted); stale entries are dropped.

pub mod action;
pub mod alarm;
pub mod breakage;
pub mod build;
pub mod compute;
pub mod creation;
pub mod events;
pub mod guest;
pub mod host;
pub mod identity;
pub mod notice;
pub mod nova_notice;
pub mod patching;
mod placement;
pub mod platform;
pub mod rules;
pub mod scheduler;
pub mod server;
pub mod storage;
pub mod upgrade;
pub mod vim_answers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::config::{Features, Timings};
use action::ActionRecord;
use alarm::Alarm;
use compute::{Aggregate, Flavor, ServerGroup};
use events::Happening;
use guest::{GuestAgent, GuestStep};
use host::{Host, HostStep};
use identity::Keystone;
use notice::Notice;
use patching::Patching;
use server::Server;
use storage::{Image, Network, Snapshot, Subnet, Volume};
use upgrade::Upgrade;

/// What the agenda holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// The next step of a host's sequence.
    Host {
        /// Host name.
        host: String,
        /// Generation the step belongs to.
        generation: u64,
        /// The step.
        step: HostStep,
    },
    /// The next phase of a server's action.
    Server {
        /// Server id.
        server: String,
        /// Generation the phase belongs to.
        generation: u64,
    },
    /// Something of the guest agent.
    Guest(GuestStep),
    /// A patch is installed on the host.
    Patched {
        /// Host name.
        host: String,
    },
    /// The upgrade enters its next state.
    Upgrade,
}

/// The simulated cloud.
#[derive(Debug)]
pub struct Cloud {
    now: Duration,
    epoch: Timestamp,
    speed: f64,
    seed: u64,
    random: fastrand::Rng,
    agenda: BTreeMap<(Duration, u64), Due>,
    sequence: u64,
    outbox: Vec<Notice>,
    happenings: Vec<Happening>,
    /// Durations.
    pub timings: Timings,
    /// Switches.
    pub features: Features,
    /// Whether Nova's notifications are wanted.
    pub nova_notices: bool,
    /// Tokens, projects, catalog.
    pub keystone: Keystone,
    /// Hosts by name.
    pub hosts: BTreeMap<String, Host>,
    /// Servers by id.
    pub servers: BTreeMap<String, Server>,
    /// Flavors by id.
    pub flavors: BTreeMap<String, Arc<Flavor>>,
    /// Host aggregates.
    pub aggregates: Vec<Aggregate>,
    /// Server groups by id.
    pub groups: BTreeMap<String, ServerGroup>,
    /// Images by id.
    pub images: BTreeMap<String, Image>,
    /// Volumes by id.
    pub volumes: BTreeMap<String, Volume>,
    /// Volume snapshots by id.
    pub snapshots: BTreeMap<String, Snapshot>,
    /// Networks by id.
    pub networks: BTreeMap<String, Network>,
    /// Subnets by id.
    pub subnets: BTreeMap<String, Subnet>,
    /// The StarlingX `host` extension of Neutron: by id.
    pub network_hosts: BTreeMap<String, storage::NetworkHost>,
    /// The guest agent.
    pub guests: GuestAgent,
    /// Patches and what is installed.
    pub patching: Patching,
    /// The upgrade under way.
    pub upgrade: Option<Upgrade>,
    /// Alarms of the platform.
    pub alarms: Vec<Alarm>,
    /// All server actions since the start.
    pub history: Vec<ActionRecord>,
}

impl Cloud {
    /// Time since the lab's start.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.now
    }

    /// The present as wall-clock time.
    #[must_use]
    pub fn wall(&self) -> Timestamp {
        let elapsed = jiff::SignedDuration::try_from(self.now).unwrap_or_default();
        self.epoch.checked_add(elapsed).unwrap_or(self.epoch)
    }

    /// The present as Nova writes it: `2019-01-23T15:04:05Z`.
    #[must_use]
    pub fn wall_text(&self) -> String {
        self.wall().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// Moves the clock and carries out what is due, each entry at its own time. The clock never goes back.
    pub fn advance(&mut self, now: Duration) {
        while let Some(entry) = self.agenda.first_entry() {
            if entry.key().0 > now {
                break;
            }
            let ((at, _), due) = entry.remove_entry();
            self.now = self.now.max(at);
            self.carry_out(due);
        }
        self.now = self.now.max(now);
    }

    /// When the next entry of the agenda is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Duration> {
        self.agenda.keys().next().map(|key| key.0)
    }

    /// Takes the notices that were made since the last call.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.outbox)
    }

    fn notify(&mut self, notice: Notice) {
        self.outbox.push(notice);
    }

    /// Puts an entry on the agenda, `seconds` (before the speed factor and jitter) from now.
    fn plan(&mut self, seconds: f64, due: Due) {
        let jitter = self.timings.jitter.clamp(0.0, 0.9);
        let factor = 1.0 + jitter * (2.0 * self.random.f64() - 1.0);
        self.plan_exactly(seconds * factor, due);
    }

    /// The same without jitter.
    fn plan_exactly(&mut self, seconds: f64, due: Due) {
        let wait = Duration::try_from_secs_f64((seconds / self.speed).max(0.0)).unwrap_or_default();
        self.sequence += 1;
        self.agenda.insert((self.now + wait, self.sequence), due);
    }

    fn carry_out(&mut self, due: Due) {
        match due {
            Due::Host { host, generation, step } => {
                if self.hosts.get(&host).is_some_and(|host| host.generation == generation) {
                    self.host_step(&host, step);
                }
            }
            Due::Server { server, generation } => {
                if self.servers.get(&server).is_some_and(|server| server.generation == generation) {
                    self.server_step(&server);
                }
            }
            Due::Guest(step) => self.guest_step(step),
            Due::Patched { host } => self.patch_installed(&host),
            Due::Upgrade => self.upgrade_step(),
        }
    }

    /// An id that depends on the seed, the kind and the name only, so that it stays the same when the cluster file grows.
    #[must_use]
    pub fn stable_id(&self, kind: &str, name: &str) -> String {
        stable_id(self.seed, kind, name)
    }

    /// A new id out of the seeded source.
    fn fresh_id(&mut self) -> String {
        uuid_of(&mut self.random)
    }
}

/// See [`Cloud::stable_id`].
#[must_use]
pub fn stable_id(seed: u64, kind: &str, name: &str) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ seed;
    for byte in kind.bytes().chain([0]).chain(name.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    uuid_of(&mut fastrand::Rng::with_seed(hash))
}

fn uuid_of(random: &mut fastrand::Rng) -> String {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

#[cfg(test)]
mod tests;
