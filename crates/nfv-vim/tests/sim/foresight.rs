//! What a preview says is what happens: a host of a random cluster is previewed, then locked, locked by force, or killed,
//! and what the VIM then decided about its instances is compared. docs/extensions.md, "Preview".

use super::invariant::Failure;
use super::scenario::cluster;
use super::secs;
use super::store::Store;
use super::world::World;
use nfv_nfvi::notification::HostOrder;
use nfv_nfvi::object::ActionType;
use nfv_vim_rpc::history::Decision;
use nfv_vim_rpc::preview::{HostPreviewAction, Preview};
use std::collections::BTreeMap;

/// What was decided about one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Uuid of an instance, name of a host.
    pub key: String,
    /// What.
    pub decision: String,
    /// Why.
    pub cause: String,
}

/// The number of the last decision so far.
pub fn last_decision(world: &World) -> i64 {
    world.store.history().map(|row| row.seq).max().unwrap_or(0)
}

/// All that was decided since, in its order.
pub fn decided_since(world: &World, last: i64, kind: &str) -> Vec<Decided> {
    let rows = world.store.history().filter(|row| row.seq > last && row.kind == kind);
    rows.map(|row| {
        let Decision { decision, cause, .. } = serde_json::from_str(&row.data).unwrap();
        Decided { key: row.key.clone(), decision, cause }
    })
    .collect()
}

/// A cluster whose instances are in all kinds of states; nothing goes wrong in it by itself.
fn world(seed: u64, rng: &mut fastrand::Rng) -> Result<World, Failure> {
    let hosts = if rng.u32(0..8) == 0 { 1 } else { rng.u64(2..=4) };
    let mut cloud = cluster(seed, hosts, rng.u64(2..=12), 30);
    for server in cloud.servers.values_mut() {
        if rng.bool() {
            server.image = Some("image-1".to_owned());
            server.flavor.disk = [10, 20, 40][rng.usize(0..3)];
        }
        server.live = rng.u32(0..4) > 0;
        if rng.u32(0..5) == 0 {
            server.auto_recovery = false;
            server.flavor.extra_specs.insert("sw:wrs:auto_recovery".to_owned(), "false".to_owned());
        }
        server.priority = rng.bool().then(|| rng.u8(1..=10));
    }
    cloud.users = true;
    let mut world = World::new(seed, cloud, Store::memory());
    world.simplex = hosts == 1;
    world.config.instance.single_hypervisor = hosts == 1;
    world.run_for(secs(120))?;
    let odd = [0, 5, 20][rng.usize(0..3)];
    let servers: Vec<_> = world.cloud.servers.keys().cloned().collect();
    for uuid in servers {
        if rng.u32(0..100) >= odd {
            continue;
        }
        match rng.u32(0..5) {
            0 => world.user_asks(&uuid, ActionType::Pause),
            1 => world.user_asks(&uuid, ActionType::Stop),
            2 => world.cloud.user_stops(&uuid),
            // stays as it is: it would be healed otherwise
            3 if !world.cloud.servers[&uuid].auto_recovery => world.cloud.break_server(&uuid),
            _ => world.user_asks(&uuid, ActionType::Reboot),
        }
    }
    world.run_for(secs(120))?;
    Ok(world)
}

/// One seed.
pub fn play(seed: u64) -> Result<(), Failure> {
    let mut rng = fastrand::Rng::with_seed(seed ^ 0xf0e5);
    let mut world = world(seed, &mut rng)?;
    let names: Vec<_> = world.cloud.hosts.keys().cloned().collect();
    let name = names[rng.usize(0..names.len())].clone();
    let actions = HostPreviewAction::ALL;
    let action = actions[[0, 0, 1, 2][rng.usize(0..4)]];
    let before = world.vim.as_ref().map(|vim| format!("{:?}", vim.hosts().collect::<Vec<_>>()));
    let preview = world.vim.as_mut().and_then(|vim| vim.preview_host(&name, action)).unwrap();
    assert_eq!(before, world.vim.as_ref().map(|vim| format!("{:?}", vim.hosts().collect::<Vec<_>>())));
    let last = last_decision(&world);
    match action {
        HostPreviewAction::Lock => world.cloud.order(&name, HostOrder::Lock),
        HostPreviewAction::LockForce => world.cloud.order(&name, HostOrder::ForceLock),
        HostPreviewAction::Fail => world.cloud.crash_host(&name, None),
    }
    world.run_for(secs(1500))?;
    let told = tell(&world, &preview, last);
    let fail = |what: String| Failure { at: world.now, what: format!("{what}\n{told}") };
    let hosts = decided_since(&world, last, "host");
    let refusal = hosts.iter().find(|one| one.key == name && one.decision == "refuse-lock");
    if preview.refused != refusal.map(|one| one.cause.clone()) {
        return Err(fail(format!("{:?} was foretold, and it was {refusal:?}", preview.refused)));
    }
    let on_host: Vec<_> = preview.stages[0].moves.iter().map(|one| one.uuid.as_str()).collect();
    let mut decided = decided_since(&world, last, "instance");
    decided.retain(|one| on_host.contains(&one.key.as_str()) && one.decision != "none");
    // rejected is a lock before anything moves; it fails after what could be moved has
    let rejected = preview.refused.as_ref().is_some_and(|reason| reason.contains(" rejected because "));
    let foretold: Vec<_> = if rejected {
        Vec::new()
    } else {
        let moves = preview.stages[0].moves.iter().filter(|one| one.action != "stay");
        moves.map(|one| (one.uuid.as_str(), one.action.as_str())).collect()
    };
    // of each the first thing that is done with it; a failure that goes before an evacuation is part of that
    let mut first: Vec<(&str, &str)> = Vec::new();
    for one in &decided {
        let evacuated = foretold.contains(&(one.key.as_str(), "evacuate"));
        if first.iter().any(|(key, _)| *key == one.key) || (evacuated && one.decision == "fail") {
            continue;
        }
        first.push((&one.key, &one.decision));
    }
    // what is set to error is so at once, evacuations begin as those before them end: each kind has its order
    let sorted = |mut all: Vec<(&str, &str)>| {
        all.sort_by_key(|(_, what)| *what == "evacuate");
        all.into_iter().map(|(key, what)| (key.to_owned(), what.to_owned())).collect::<Vec<_>>()
    };
    let (first, foretold) = (sorted(first), sorted(foretold));
    if first == foretold {
        Ok(())
    } else {
        Err(fail(format!("{foretold:?} was foretold, and {first:?} was done")))
    }
}

/// For people: the preview, and what was done.
fn tell(world: &World, preview: &Preview, last: i64) -> String {
    let names: BTreeMap<_, _> =
        world.cloud.servers.values().map(|server| (server.uuid.as_str(), server.name.as_str())).collect();
    let decided = decided_since(world, last, "instance");
    let decided: Vec<_> = decided
        .iter()
        .map(|one| format!("{:?} {}: {}", names.get(one.key.as_str()), one.decision, one.cause))
        .collect();
    format!("{preview:#?}\n{}\n{:#?}", decided.join("\n"), decided_since(world, last, "host"))
}
