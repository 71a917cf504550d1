//! A site, a strategy for it, and what an operator does with it.

use crate::sim::cloud::Cloud;
use crate::sim::invariant::Failure;
use crate::sim::platform::NEW_RELEASE;
use crate::sim::scenario::{cluster, settle};
use crate::sim::secs;
use crate::sim::store::Store;
use crate::sim::world::World;
use nfv_common::strategy::{Outcome, StepKind, StrategyState};
use nfv_vim_rpc::Request;
use nfv_vim_rpc::strategy::{CreateStrategy, CreateUpgradeStrategy, DeleteStrategy, StrategyAction};
use std::collections::BTreeSet;

/// What the site consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// Only workers, so many.
    Workers(u64),
    /// Two controllers, two storage hosts, three workers.
    Standard,
    /// One host that is all.
    Simplex,
    /// Two such hosts.
    Duplex,
}

/// Patch or upgrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Patch,
    Upgrade,
}

/// A strategy for a site.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    pub site: Site,
    pub kind: Kind,
    /// How workers and storage hosts are done.
    pub apply: &'static str,
    /// What becomes of instances.
    pub action: &'static str,
}

const fn case(site: Site, kind: Kind, apply: &'static str, action: &'static str) -> Case {
    Case { site, kind, apply, action }
}

/// One of each type.
pub const CASES: [Case; 8] = [
    case(Site::Workers(3), Kind::Patch, "serial", "migrate"),
    case(Site::Workers(3), Kind::Patch, "parallel", "stop-start"),
    case(Site::Standard, Kind::Patch, "serial", "stop-start"),
    case(Site::Standard, Kind::Patch, "parallel", "migrate"),
    case(Site::Standard, Kind::Upgrade, "serial", "migrate"),
    case(Site::Standard, Kind::Upgrade, "parallel", "migrate"),
    case(Site::Simplex, Kind::Patch, "serial", "stop-start"),
    case(Site::Duplex, Kind::Patch, "serial", "migrate"),
];

impl Case {
    pub fn name(self) -> String {
        format!("{:?} {:?} {} {}", self.site, self.kind, self.apply, self.action)
    }

    fn sw_update_type(self) -> Option<String> {
        text(if self.kind == Kind::Patch { "sw-patch" } else { "sw-upgrade" })
    }

    pub fn create(self) -> Request {
        let strategy = CreateStrategy {
            sw_update_type: self.sw_update_type(),
            controller_apply_type: text("serial"),
            storage_apply_type: text(self.apply),
            swift_apply_type: text("ignore"),
            worker_apply_type: text(self.apply),
            max_parallel_worker_hosts: Some(2),
            default_instance_action: text(self.action),
            alarm_restrictions: text("strict"),
        };
        match self.kind {
            Kind::Patch => Request::CreateStrategy(strategy),
            Kind::Upgrade => Request::CreateUpgradeStrategy(CreateUpgradeStrategy {
                strategy,
                start_upgrade: Some(false),
                complete_upgrade: Some(true),
            }),
        }
    }

    pub fn apply(self, stage_id: Option<u64>) -> Request {
        Request::ApplyStrategy(StrategyAction { sw_update_type: self.sw_update_type(), stage_id })
    }

    pub fn abort(self) -> Request {
        Request::AbortStrategy(StrategyAction { sw_update_type: self.sw_update_type(), stage_id: None })
    }

    pub fn delete(self, force: bool) -> Request {
        Request::DeleteStrategy(DeleteStrategy { sw_update_type: self.sw_update_type(), force })
    }

    /// The site; `servers` on its workers.
    pub fn cloud(self, seed: u64, servers: u64, reboot: bool) -> Cloud {
        let (controllers, storage, workers): (&[&str], &[&str], u64) = match self.site {
            Site::Workers(workers) => (&[], &[], workers),
            Site::Standard => (&["controller-0", "controller-1"], &["storage-0", "storage-1"], 3),
            Site::Simplex => (&["controller-0"], &[], 1),
            Site::Duplex => (&["controller-0", "controller-1"], &[], 2),
        };
        let mut cloud = cluster(seed, workers, servers, 20);
        let all_in_one = matches!(self.site, Site::Simplex | Site::Duplex);
        for (number, name) in controllers.iter().enumerate().filter(|_| all_in_one) {
            let old = format!("compute-{number}");
            let mut host = cloud.hosts.remove(&old).unwrap();
            (*name).clone_into(&mut host.name);
            "controller,worker".clone_into(&mut host.personality);
            cloud.hosts.insert(host.name.clone(), host);
            for server in cloud.servers.values_mut().filter(|server| server.host.as_ref() == Some(&old)) {
                server.host = Some((*name).to_owned());
            }
        }
        let others = controllers.iter().filter(|_| !all_in_one).map(|name| (*name, "controller"));
        for (name, personality) in others.chain(storage.iter().map(|name| (*name, "storage"))) {
            let number = cloud.hosts.len() as u64;
            // no server goes to a host without room
            let mut host = crate::sim::platform::SimHost::new(name, number, 0);
            personality.clone_into(&mut host.personality);
            cloud.hosts.insert(name.to_owned(), host);
        }
        (cloud.users, cloud.strategies) = (true, true);
        match self.kind {
            Kind::Patch => cloud.release_patch(reboot),
            Kind::Upgrade => cloud.begin_upgrade(),
        }
        cloud
    }

    /// A VIM there.
    pub fn world(self, seed: u64, cloud: Cloud) -> World {
        let mut world = World::new(seed, cloud, Store::memory());
        let single = self.site == Site::Simplex;
        world.simplex = single;
        world.config.sw_mgmt.single_controller = single;
        world.config.instance.single_hypervisor = single;
        world
    }

    /// All is done that the strategy is for.
    pub fn is_done(self, world: &World) -> bool {
        match self.kind {
            Kind::Patch => world.cloud.all_patched(),
            Kind::Upgrade => {
                world.cloud.upgrade.is_none()
                    && world.cloud.hosts.values().all(|host| host.release == NEW_RELEASE)
            }
        }
    }
}

/// A strategy may take this long in all: each of its steps has a limit.
pub const LONGEST: u64 = 24 * 3600;

pub fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

pub fn state(world: &World) -> Option<StrategyState> {
    world.vim.as_ref()?.sw_update()?.strategy().map(|strategy| strategy.state)
}

pub fn is_busy(state: Option<StrategyState>) -> bool {
    matches!(state, Some(StrategyState::Building | StrategyState::Applying | StrategyState::Aborting))
}

pub fn fail<T>(world: &World, what: impl Into<String>) -> Result<T, Failure> {
    Err(Failure { at: world.now, what: what.into() })
}

/// Runs until the strategy is not busy any more.
pub fn until_idle(
    world: &mut World,
    mut meanwhile: impl FnMut(&mut World),
) -> Result<StrategyState, Failure> {
    let end = world.now + secs(LONGEST);
    loop {
        world.run_for(secs(10))?;
        meanwhile(world);
        match state(world) {
            Some(state) if !is_busy(Some(state)) => return Ok(state),
            _ if world.now > end => {
                let waits = world.vim.as_ref().map(|vim| vim.waits()).unwrap_or_default();
                return fail(world, format!("the strategy is still {:?}, waits {waits:?}", state(world)));
            }
            _ => {}
        }
    }
}

/// Asks until there is a VIM that answers.
pub fn ask(world: &mut World, request: Request) -> Result<(), Failure> {
    while world.vim.is_none() {
        world.run_for(secs(1))?;
    }
    world.ask_api(request);
    Ok(())
}

/// The names that a log tells behind these words.
pub fn named<'a>(log: &'a str, words: &str) -> Option<&'a str> {
    log.split_once(words).map(|(_, names)| names.split(';').next().unwrap_or(names))
}

/// The hosts that the strategy locked and left locked, that no log names.
pub fn silently_locked(world: &World) -> Vec<String> {
    let Some(vim) = &world.vim else { return Vec::new() };
    let Some(strategy) = vim.sw_update().and_then(|update| update.strategy()) else { return Vec::new() };
    let begun = strategy.apply.stages.iter().flat_map(|stage| &stage.steps);
    let locked: BTreeSet<_> = begun
        .filter(|step| step.kind.name() == "lock-hosts" && step.result != Outcome::Initial)
        .filter_map(|step| step.kind.task.hosts())
        .flat_map(|hosts| hosts.names.iter().cloned())
        .filter(|name| world.cloud.hosts[name].locked)
        .collect();
    let said = |name: &String| {
        world.logs.iter().any(|(_, log)| {
            named(log, "left locked: ").is_some_and(|names| names.split(", ").any(|one| one == name))
        })
    };
    locked.into_iter().filter(|name| !said(name)).collect()
}

pub fn verbose(world: &World) {
    if std::env::var_os("NFV_SIM_VERBOSE").is_some() {
        eprintln!("{}", world.journal.tail());
    }
}

/// Nothing goes wrong any more: the strategy is deleted, the operator unlocks what is locked, and a new one is applied.
pub fn converges(world: &mut World, case: Case) -> Result<(), Failure> {
    world.calm(0);
    world.cloud.patching.failures = 0;
    world.cloud.fm_alarms.clear();
    ask(world, case.delete(true))?;
    // what a strategy said it left stopped is the operator's to start
    let left: String = world.logs.iter().filter_map(|(_, log)| named(log, "left stopped: ")).collect();
    for server in world.cloud.servers.values_mut() {
        server.user_stopped |= server.vm == "stopped" && left.contains(&server.name);
    }
    settle(world)?;
    // a host that was being unlocked when its strategy was deleted comes back
    for _ in 0..80 {
        if world.cloud.hosts.values().all(|host| !host.locked && host.enabled) {
            break;
        }
        world.run_for(secs(30))?;
        world.unlock_rest();
    }
    world.run_for(secs(60))?;
    if state(world).is_some() {
        return fail(world, "the strategy is not deleted");
    }
    let raised: Vec<_> =
        world.raised.values().filter(|what| what.contains("orchestration")).cloned().collect();
    if !raised.is_empty() {
        return fail(world, format!("{raised:?} raised without a strategy"));
    }
    // an upgrade that is activated can be completed by an operator only
    world.cloud.upgrade.take_if(|upgrade| upgrade.state == "activation-complete");
    if case.is_done(world) {
        return Ok(());
    }
    ask(world, case.create())?;
    let built = until_idle(world, |_| {})?;
    if case.is_done(world) {
        // the last installation ended in the meantime
        return Ok(());
    }
    if built != StrategyState::ReadyToApply {
        return fail(world, format!("a new strategy is {built}: {}", reason(world)));
    }
    ask(world, case.apply(None))?;
    let end = until_idle(world, |_| {})?;
    if end != StrategyState::Applied || !case.is_done(world) {
        return fail(world, format!("the new strategy is {end}: {}", reason(world)));
    }
    world.run_for(secs(120))?;
    let locked: Vec<_> =
        world.cloud.hosts.values().filter(|host| host.locked).map(|host| &host.name).collect();
    if !locked.is_empty() {
        return fail(world, format!("{locked:?} are locked though the strategy is applied"));
    }
    settle(world)
}

pub fn reason(world: &World) -> String {
    let strategy = world.vim.as_ref().and_then(|vim| vim.sw_update()).and_then(|update| update.strategy());
    strategy.map(|s| format!("{} / {}", s.build.reason, s.apply.reason)).unwrap_or_default()
}
