//! The worked scenarios of the contract (vim-behaviour 10), played in the simulator: what happens, in which order.
//!
//! A scenario without chance runs to its end; each step of the contract is a line that must be found in the journal
//! behind the line of the step before. The journal speaks the simulator's own language (`tests/sim/describe.rs`).
#![allow(clippy::unwrap_used)]

mod sim;

use nfv_common::time::Mono;
use nfv_nfvi::Notification;
use nfv_nfvi::notification::HostOrder;
use nfv_nfvi::object::{ActionParameters, ActionType, RequestContext};
use nfv_vim::core::Input;
use sim::world::{BEGIN, World};
use sim::{scenario, secs};

/// What happens, so many seconds after the VIM is settled.
type Deed = (u64, fn(&mut World));

/// A scenario of the contract.
struct Worked {
    /// Number and title in the contract.
    section: &'static str,
    /// Hosts of the cluster.
    hosts: u64,
    /// Changes the cluster before the VIM starts.
    prepare: fn(&mut World),
    /// The VIM runs alone for so long before the first deed.
    warm_up: u64,
    /// What happens.
    deeds: &'static [Deed],
    /// How long everything takes.
    lasts: u64,
    /// Step of the contract, and what its line contains.
    steps: &'static [(&'static str, &'static str)],
    /// What no line contains.
    never: &'static [&'static str],
}

fn server(number: u64) -> String {
    format!("22222222-0000-0000-0000-{number:012}")
}

/// A user's request through the compute API.
fn user(world: &mut World, number: u64, action: ActionType) {
    let body = Notification::InstanceActionRequest {
        uuid: server(number),
        action,
        parameters: ActionParameters::default(),
        context: RequestContext { tenant_id: Some("t".to_owned()), ..RequestContext::default() },
    };
    world.input(Input::Notification { request: None, body: Box::new(body) }, "heard a user");
}

fn order(world: &mut World, host: &str, order: HostOrder) {
    world.cloud.order(host, order);
}

const SCENARIOS: [Worked; 9] = [
    Worked {
        section: "10.1 Host lock with live migration",
        hosts: 3,
        prepare: |_| {},
        warm_up: 60,
        deeds: &[(0, |world| order(world, "compute-0", HostOrder::Lock))],
        lasts: 400,
        steps: &[
            ("1", "operator: Lock compute-0"),
            ("3", "nova: Disable services of compute-0"),
            ("3", "guest: Disable services of compute-0"),
            (
                "5",
                "log Live-Migrate issued by the system against instance vm-0 owned by acme from host compute-0, \
                 reason = host lock command issued",
            ),
            ("7", "vim: call LiveMigrate of 00"),
            ("7", "log Live-Migrate inprogress for instance vm-0 from host compute-0"),
            ("8", "log Live-Migrate complete for instance vm-0 now enabled on host"),
            ("9", "vim: call LiveMigrate of 03"),
            ("9", "log Live-Migrate complete for instance vm-3 now enabled on host"),
            ("9", "vim: call LiveMigrate of 06"),
            ("9", "log Live-Migrate complete for instance vm-6 now enabled on host"),
            ("10", "nova: compute-0 is forced down"),
            ("10", "neutron: compute-0 is down"),
            ("11", "sysinv: services of compute-0 Disabled"),
            ("12", "platform: compute-0 is locked/disabled/online"),
        ],
        never: &["Evacuate of", "ResetStateToError"],
    },
    Worked {
        section: "10.1 Host lock with live migration, failure variant",
        hosts: 3,
        prepare: |world| {
            let server = world.cloud.servers.get_mut(&server(0)).unwrap();
            (server.vm, server.power) = ("suspended", "suspended");
        },
        warm_up: 60,
        deeds: &[(0, |world| order(world, "compute-0", HostOrder::Lock))],
        lasts: 200,
        steps: &[
            ("1", "operator: Lock compute-0"),
            ("3", "nova: Disable services of compute-0"),
            ("f", "sysinv: services of compute-0 DisableFailed"),
            (
                "f",
                "platform: lock of compute-0 refused: Lock of host compute-0 rejected because instance vm-0 is suspended.",
            ),
            ("f", "nova: Enable services of compute-0"),
            ("f", "sysinv: services of compute-0 Enabled"),
        ],
        never: &["LiveMigrate of", "Evacuate of", "forced down"],
    },
    Worked {
        section: "10.2 Host unlock",
        hosts: 3,
        prepare: |_| {},
        warm_up: 60,
        deeds: &[
            (0, |world| order(world, "compute-0", HostOrder::Lock)),
            (400, |world| order(world, "compute-0", HostOrder::Unlock)),
        ],
        lasts: 800,
        steps: &[
            ("1", "operator: Unlock compute-0"),
            ("3", "platform: compute-0 is unlocked/disabled/offline"),
            ("2", "platform: compute-0 boots"),
            ("4", "platform: compute-0 is unlocked/enabled/available"),
            ("5", "nova: compute-0 is up"),
            ("5", "nova: Enable services of compute-0"),
            ("5", "neutron: Enable services of compute-0"),
            ("5", "guest: Enable services of compute-0"),
            ("5", "sysinv: services of compute-0 Enabled"),
        ],
        never: &["Evacuate of"],
    },
    Worked {
        section: "10.3 Host failure with evacuation",
        hosts: 3,
        prepare: |_| {},
        warm_up: 60,
        deeds: &[(0, |world| world.cloud.crash_host("compute-0", None))],
        lasts: 900,
        steps: &[
            ("1", "platform: compute-0 is unlocked/disabled/failed"),
            ("2", "nova: Disable services of compute-0"),
            ("2", "guest: Disable services of compute-0"),
            ("4", "nova: compute-0 is forced down"),
            ("4", "neutron: compute-0 is down"),
            ("6", "vim: call ResetStateToError of 00"),
            ("7", "vim: raises instance-failed"),
            ("7", "log Instance vm-0 owned by acme has failed on host compute-0, reason = host failed"),
            ("7", "log Evacuate issued by the system against instance vm-0 owned by acme on host compute-0"),
            ("8", "platform: compute-0 is unlocked/disabled/offline"),
            ("8", "vim: call Evacuate of 00"),
            ("9", "log Evacuating instance vm-0 owned by acme from host compute-0"),
            ("9", "log Evacuate complete for instance vm-0 now enabled on host"),
            ("10", "vim: call Evacuate of 03"),
            ("10", "vim: call Evacuate of 06"),
            ("11", "sysinv: services of compute-0 Disabled"),
        ],
        never: &["LiveMigrate of"],
    },
    Worked {
        section: "10.4 Instance failed and auto-healed",
        hosts: 3,
        prepare: |_| {},
        warm_up: 60,
        deeds: &[(0, |world| world.cloud.break_server(&server(1)))],
        lasts: 500,
        steps: &[
            ("1", "vim: raises instance-failed"),
            ("1", "log Instance vm-1 owned by acme has failed on host compute-1"),
            (
                "3",
                "log Reboot (hard-reboot) issued by the system against instance vm-1 owned by acme on host compute-1",
            ),
            ("3", "vim: call Reboot { graceful: false } of 01"),
            ("4", "log Reboot inprogress for instance vm-1 on host compute-1"),
            ("4", "vim: clears InstanceFailed"),
            ("4", "log Reboot complete for instance vm-1 now enabled on host compute-1"),
        ],
        never: &["Rebuild of", "Evacuate of"],
    },
    Worked {
        section: "10.4 Instance failed and auto-healed, crash variant",
        hosts: 3,
        prepare: |_| {},
        warm_up: 60,
        deeds: &[(0, |world| world.cloud.crash_server(&server(1)))],
        lasts: 120,
        steps: &[
            ("c", "log Instance vm-1 owned by acme has failed on host compute-1, reason = instance crashed"),
            ("c", "vim: call ResetStateToError of 01"),
            ("c", "vim: call Reboot { graceful: false } of 01"),
            ("4", "log Reboot complete for instance vm-1 now enabled on host compute-1"),
        ],
        never: &["Rebuild of", "Evacuate of"],
    },
    Worked {
        section: "10.6 Cold migrate + confirm (user)",
        hosts: 3,
        prepare: |world| world.cloud.users = true,
        warm_up: 60,
        deeds: &[
            (0, |world| user(world, 1, ActionType::ColdMigrate)),
            (120, |world| user(world, 1, ActionType::ConfirmResize)),
        ],
        lasts: 300,
        steps: &[
            ("2", "log Cold-Migrate issued by acme against instance vm-1 owned by acme from host compute-1"),
            ("2", "vim: call ColdMigrate of 01"),
            ("4", "vim: raises instance-cold-migrating"),
            ("4", "log Cold-Migrate inprogress for instance vm-1 from host compute-1"),
            ("4", "vim: raises instance-cold-migrated"),
            ("4", "log Cold-Migrate complete for instance vm-1 now enabled on host"),
            ("5", "log Cold-Migrate-Confirm issued by acme against instance vm-1 owned by acme on host"),
            ("6", "vim: call ConfirmResize of 01"),
            ("7", "vim: clears InstanceColdMigrated"),
            ("7", "log Cold-Migrate-Confirm complete for instance vm-1 enabled on host"),
        ],
        never: &["Evacuate of", "ResetStateToError"],
    },
    Worked {
        section: "10.7 Delete of an instance (user, through nova)",
        hosts: 3,
        prepare: |_| {},
        warm_up: 63,
        deeds: &[(0, |world| world.cloud.user_deletes(&server(1)))],
        lasts: 120,
        steps: &[
            ("1", "user: deletes vm-1"),
            ("1", "log Deleting instance vm-1 owned by acme"),
            ("5", "log Deleted instance vm-1 owned by acme"),
        ],
        never: &["ResetStateToError", "raises instance-"],
    },
    Worked {
        section: "10.8 DOR",
        hosts: 10,
        prepare: |world| {
            world.uptime = secs(90);
            for host in world.cloud.hosts.values_mut() {
                host.alive_since = BEGIN - secs(50);
            }
        },
        warm_up: 0,
        deeds: &[
            (120, |world| world.cloud.crash_host("compute-0", None)),
            (300, |world| world.cloud.break_server(&server(1))),
        ],
        lasts: 1500,
        steps: &[
            ("2", "vim: raises multi-node-recovery-mode"),
            ("2", "log Entered Multi-Node Recovery Mode"),
            ("3", "platform: compute-0 is unlocked/disabled/failed"),
            ("3", "log Instance vm-0 owned by acme has failed on host compute-0, reason = host failed"),
            ("4", "vim: call Reboot { graceful: false } of 01"),
            ("5", "vim: clears MultiNodeRecoveryMode"),
            ("5", "log Exited Multi-Node Recovery Mode"),
            ("5", "vim: call Evacuate of 00"),
            ("5", "log Evacuate complete for instance vm-0 now enabled on host"),
        ],
        never: &["Rebuild of"],
    },
];

/// Plays a scenario; its journal.
fn play(worked: &Worked) -> Result<Vec<(Mono, String)>, String> {
    let mut cloud = scenario::cluster(7, worked.hosts, 9, 20);
    cloud.steady = true;
    let mut world = World::new(7, cloud, sim::store::Store::memory());
    (worked.prepare)(&mut world);
    let run = |world: &mut World, until: Mono| {
        world.run_until(until).map_err(|failure| format!("{}\n{}", failure.what, world.journal.tail()))
    };
    let begin = BEGIN + secs(worked.warm_up);
    run(&mut world, begin)?;
    world.journal.whole = Some(Vec::new());
    for (at, deed) in worked.deeds {
        run(&mut world, begin + secs(*at))?;
        deed(&mut world);
        world.settle_cloud();
    }
    run(&mut world, begin + secs(worked.lasts))?;
    Ok(world.journal.whole.take().unwrap_or_default())
}

/// The first step that is not found behind the one before it.
fn check(worked: &Worked) -> Result<(), String> {
    let journal = play(worked)?;
    let told = || -> String {
        journal
            .iter()
            .map(|(at, line)| format!("{:>9.3} {line}\n", at.since_origin().as_secs_f64()))
            .collect()
    };
    let mut from = 0;
    for (step, wanted) in worked.steps {
        match journal[from..].iter().position(|(_, line)| without_number(line).contains(wanted)) {
            Some(found) => from += found + 1,
            None => return Err(format!("step {step}: no {wanted:?} behind line {from}\n{}", told())),
        }
    }
    for unwanted in worked.never {
        if let Some((_, line)) = journal.iter().find(|(_, line)| line.contains(unwanted)) {
            return Err(format!("{line:?} must not happen\n{}", told()));
        }
    }
    Ok(())
}

/// Without the number of a call: how many calls there were does not matter.
fn without_number(line: &str) -> String {
    match line.strip_prefix("vim: call ").and_then(|rest| rest.split_once(' ')) {
        Some((_, what)) => format!("vim: call {what}"),
        None => line.to_owned(),
    }
}

#[test]
fn each_scenario_goes_as_the_contract_tells() {
    let failed: Vec<_> = SCENARIOS
        .iter()
        .filter_map(|worked| check(worked).err().map(|why| format!("{}: {why}", worked.section)))
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
