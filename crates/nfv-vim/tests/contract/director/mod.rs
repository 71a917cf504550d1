//! vim-behaviour 5.3: instances leave a host that goes down, and failed ones are healed.

mod passes;
mod recovery;

use passes::{completions, passes};
use recovery::recovery;
use crate::case::{Case, Elsewhere};
use crate::rig::{FAILED, Rig, Setup, UP, host, nova, server};
use crate::scene::{
    H, OTHER, VM, arrives, cloud, cloud_with, evacuation, failed_host, lock, locked_cold, locked_live, locked_stop,
    silent, simplex, unlocked_start,
};
use nfv_nfvi::Notification;
use nfv_nfvi::notification::HostOrder::{ForceLock, Lock};
use nfv_nfvi::object::{self, ActionState, ActionType as A};

pub const ELSEWHERE: &[Elsewhere] = &[];

const COMPONENT: (&str, &str, &str) = ("unlocked", "disabled", "failed (component)");

/// The host is disabled with these states and has come to its instances.
fn goes_down(rig: &mut Rig, shown: (&str, &str, &str)) {
    rig.forget();
    rig.host_is(H, shown);
    for call in ["nova: disable", "guest: disable", "nova: hypervisor"] {
        rig.ok(call);
    }
}

/// The calls about instances.
fn instance_calls(rig: &Rig) -> Vec<&str> {
    rig.calls().into_iter().filter(|call| call.starts_with("vm-")).collect()
}

/// What sysinv is told of a lock that does not go.
fn refusal(rig: &Rig) -> String {
    let told = rig.calls().into_iter().find_map(|call| call.strip_prefix("sysinv: compute-0 services-disable-failed "));
    told.unwrap_or_default().to_owned()
}

fn upgrade(rig: &mut Rig, recover_instances: bool) {
    rig.say(Notification::HostUpgrade {
        uuid: String::new(),
        name: OTHER.to_owned(),
        inprogress: true,
        recover_instances,
    });
}

/// Another server on [`H`].
fn more(rig: &mut Rig, uuid: &str, change: impl FnOnce(&mut object::Instance)) {
    let mut vm = server(uuid, H);
    change(&mut vm);
    rig.add(vm);
}

fn helpers() -> Vec<Case> {
    const NONE: &str = "(Lock of host compute-0 rejected because there are no other hypervisors available.)";
    let other = |what: &'static str, row: &'static str, set_up: fn() -> Setup, wanted: bool| {
        Case::new(row, what, move || {
            let mut rig = set_up().start();
            rig.add(server(VM, H));
            lock(&mut rig);
            assert_eq!((rig.action(VM) == "live-migrate", refusal(&rig) == NONE), (wanted, !wanted));
        })
    };
    vec![
        other("yes", "5.3.1 host enabled", || Setup::new().host(H, "enabled").host(OTHER, "enabled"), true),
        other(
            "not enabled",
            "5.3.1 host enabled",
            || Setup::new().host(H, "enabled").host_as(host(OTHER, "unlocked", "disabled", "intest"), "enabled", ""),
            false,
        ),
        other(
            "being locked",
            "5.3.1 host enabled",
            || Setup::new().host(H, "enabled").host_as(host(OTHER, UP.0, UP.1, UP.2), "enabled", "locking"),
            false,
        ),
        other(
            "Nova shows it down",
            "5.3.1 hypervisor enabled",
            || {
                Setup::new().host(H, "enabled").host(OTHER, "enabled").rows(|rows| {
                    let shown = crate::rig::hypervisor(2, OTHER, false);
                    rows.hypervisors[1].nfvi_hypervisor_data = serde_json::to_string(&shown).unwrap();
                })
            },
            false,
        ),
        other(
            "none",
            "5.3.1 hypervisor enabled",
            || {
                Setup::new().host(H, "enabled").host(OTHER, "enabled").rows(|rows| {
                    rows.hypervisors.remove(1);
                })
            },
            false,
        ),
        other(
            "its host failed",
            "5.3.1 hypervisor enabled",
            || Setup::new().host(H, "enabled").host_as(host(OTHER, "unlocked", "enabled", "failed"), "enabled", ""),
            false,
        ),
        other(
            "its host is offline",
            "5.3.1 hypervisor enabled",
            || Setup::new().host(H, "enabled").host_as(host(OTHER, "unlocked", "enabled", "offline"), "enabled", ""),
            false,
        ),
        other(
            "a component of its host failed",
            "5.3.1 hypervisor enabled",
            || {
                let shown = host(OTHER, "unlocked", "enabled", "failed (component)");
                Setup::new().host(H, "enabled").host_as(shown, "enabled", "")
            },
            true,
        ),
        other(
            "the host itself does not count",
            "5.3.1 hypervisors available(n, excluded)",
            || Setup::new().host(H, "enabled"),
            false,
        ),
        Case::new("5.3.1 upgrade in progress", "instances are left alone", || {
            let mut rig = cloud();
            upgrade(&mut rig, false);
            goes_down(&mut rig, COMPONENT);
            assert_eq!(instance_calls(&rig), Vec::<&str>::new());
        }),
        Case::new("5.3.1 upgrade in progress", "with instances to be recovered", || {
            let mut rig = cloud();
            upgrade(&mut rig, true);
            goes_down(&mut rig, COMPONENT);
            assert_eq!(instance_calls(&rig), ["vm-0: live-migrate block auto"]);
        }),
        Case::new("5.3.1 ordering key", "priority, vcpus, memory, disk, swap", || {
            let mut rig = Setup::new().host(H, "enabled").host(OTHER, "enabled").start();
            let rows: [(&str, Option<u8>, u64, u64, u64, u64); 6] = [
                ("vm-swap", None, 2, 2, 2, 1),
                ("vm-none", None, 1, 1, 1, 1),
                ("vm-disk", None, 2, 2, 3, 0),
                ("vm-first", Some(1), 1, 1, 1, 0),
                ("vm-ram", None, 2, 3, 1, 0),
                ("vm-vcpus", None, 3, 1, 1, 0),
            ];
            for (uuid, priority, vcpus, ram, disk, swap) in rows {
                more(&mut rig, uuid, |vm| {
                    vm.recovery_priority = priority;
                    let flavor = vm.instance_type.as_mut().unwrap();
                    (flavor.vcpus, flavor.ram, flavor.disk, flavor.swap) = (vcpus, ram, disk, swap);
                });
            }
            goes_down(&mut rig, FAILED);
            rig.all_ok();
            let order: Vec<_> = instance_calls(&rig)
                .into_iter()
                .filter_map(|call| call.strip_suffix(": reset-state error"))
                .collect();
            assert_eq!(order, ["vm-first", "vm-vcpus", "vm-ram", "vm-disk", "vm-swap", "vm-none"]);
        }),
    ]
}

/// The operation of [`H`] that is under way.
fn operation(rig: &Rig) -> &'static str {
    rig.vim.operations().find(|(host, _)| *host == H).map_or("", |(_, operation)| operation.kind.as_str())
}

fn going_down() -> Vec<Case> {
    vec![
        Case::new("5.3.2 type", "lock", || assert_eq!(operation(&locked_live()), "host-lock")),
        Case::new("5.3.2 type", "force lock", || {
            let mut rig = simplex();
            rig.order(H, ForceLock);
            for call in ["nova: disable", "guest: disable", "nova: hypervisor"] {
                rig.ok(call);
            }
            assert_eq!((operation(&rig), rig.action(VM)), ("host-lock-force", "stop"));
        }),
        Case::new("5.3.2 type", "component failure", || {
            let mut rig = cloud();
            goes_down(&mut rig, COMPONENT);
            assert_eq!(operation(&rig), "host-failed");
        }),
        Case::new("5.3.2 type", "failure", || assert_eq!(operation(&failed_host()), "host-failed")),
        Case::new("5.3.2 type", "disabled", || {
            let mut rig = cloud();
            goes_down(&mut rig, ("unlocked", "disabled", "intest"));
            assert_eq!(operation(&rig), "host-disable");
        }),
        Case::new("5.3.2 previous op", "dropped", || {
            let mut rig = cloud();
            goes_down(&mut rig, ("unlocked", "disabled", "intest"));
            assert_eq!(operation(&rig), "host-disable");
            // the host fails while its instances leave: the second call begins anew
            rig.host_is(H, FAILED);
            rig.ok("vm-0: live-migrate");
            rig.host_audit(H);
            rig.ok("nova: compute-0");
            rig.ok("neutron");
            assert_eq!((operation(&rig), rig.vim.operations().count()), ("host-failed", 1));
        }),
        Case::new("5.3.2 pre-check (host-lock only)", "refused, and nothing is registered", || {
            let mut rig = cloud_with(|vm| nova(vm, "suspended", "none", "running"));
            more(&mut rig, "vm-1", |_| {});
            lock(&mut rig);
            assert_eq!((operation(&rig), instance_calls(&rig)), ("", vec![]));
            assert_eq!(refusal(&rig), "(Lock of host compute-0 rejected because instance vm-0 is suspended.)");
        }),
        Case::new("5.3.2 pre-check (host-lock only)", "what is going, stopped or failed is not looked at", || {
            for (vm, task) in [("suspended", "deleting"), ("stopped", "none"), ("error", "none")] {
                let mut rig = silent(cloud());
                rig.nova(VM, vm, task, "running");
                lock(&mut rig);
                assert_eq!(refusal(&rig), "", "{vm} {task}");
            }
        }),
        Case::new("5.3.2 single hypervisor", "stopped and marked, but not what was stopped before", || {
            let mut rig = simplex();
            more(&mut rig, "vm-1", |vm| nova(vm, "stopped", "none", "shutdown"));
            more(&mut rig, "vm-2", |_| {});
            rig.forget();
            lock(&mut rig);
            let marks: Vec<_> =
                [VM, "vm-1", "vm-2"].iter().map(|uuid| rig.instance(uuid).unlock_to_recover).collect();
            assert_eq!(marks, [true, false, true]);
            assert_eq!(instance_calls(&rig), ["vm-0: stop", "vm-2: stop"], "all at once");
        }),
        Case::new("5.3.2 else hypervisor enabled", "first moved, then evacuated", || {
            let mut rig = cloud();
            goes_down(&mut rig, COMPONENT);
            assert_eq!(instance_calls(&rig), ["vm-0: live-migrate block auto"]);
            rig.nok("vm-0", "no");
            rig.ok("nova: compute-0");
            rig.ok("neutron");
            assert_eq!(rig.instance(VM).pending.len() + usize::from(rig.action(VM) == "evacuate"), 1);
        }),
        Case::new("5.3.2 else", "evacuated", || {
            let mut rig = cloud();
            rig.host_is(H, ("unlocked", "disabled", "intest"));
            rig.ok("nova: disable");
            rig.ok("guest: disable");
            let down = nfv_nfvi::Answer::Hypervisor(crate::rig::hypervisor(1, H, false));
            rig.answer("nova: hypervisor", Ok(down));
            assert_eq!(instance_calls(&rig), ["vm-0: reset-state error"]);
            let waiting: Vec<_> = rig.instance(VM).pending.iter().map(|pending| format!("{:?}", pending.kind)).collect();
            assert_eq!(waiting, ["Evacuate"]);
        }),
    ]
}

/// Row, side, whether live migration is possible, change, text after `Lock of host compute-0 rejected because`.
type RefusalRow = (&'static str, &'static str, fn() -> Rig, fn(&mut Rig), &'static str);

fn refusals() -> Vec<RefusalRow> {
    let cold = || cloud_with(|vm| vm.live_migration_support = Some(false));
    vec![
        ("5.3.3 1", "to be moved cold", cold, |rig| rig.nova(VM, "paused", "none", "paused"), "instance vm-0 is paused."),
        ("5.3.3 1", "to be moved live", cloud, |rig| rig.nova(VM, "paused", "none", "paused"), ""),
        ("5.3.3 2", "", cloud, |rig| rig.nova(VM, "suspended", "none", "running"), "instance vm-0 is suspended."),
        ("5.3.3 3", "live", cloud, |rig| rig.nova(VM, "active", "migrating", "running"), "instance vm-0 is migrating."),
        (
            "5.3.3 3",
            "cold",
            cloud,
            |rig| {
                crate::scene::user(rig, A::ColdMigrate);
                rig.ok("vm-0");
                rig.nova(VM, "active", "resize_prep", "running");
            },
            "instance vm-0 is migrating.",
        ),
        ("5.3.3 4", "", cloud, |rig| rig.nova(VM, "active", "rebuilding", "running"), "instance vm-0 is rebuilding."),
        (
            "5.3.3 5",
            "",
            cloud,
            |rig| rig.nova(VM, "active", "powering-off", "running"),
            "instance vm-0 action in progress.",
        ),
        ("5.3.3 5", "resizing", cloud, |rig| rig.nova(VM, "active", "resize_prep", "running"), "instance vm-0 action in progress."),
        ("5.3.3 6", "", cloud, |rig| rig.nova(VM, "resized", "none", "running"), "instance vm-0 is resizing."),
        (
            "5.3.3 7",
            "",
            || {
                let mut rig = Setup::new().host(H, "enabled").start();
                rig.add(server(VM, H));
                rig
            },
            |_| {},
            "there are no other hypervisors available.",
        ),
        ("5.3.3 7", "the only hypervisor there is", simplex, |_| {}, ""),
        (
            "5.3.3 8",
            "cold",
            || {
                cloud_with(|vm| {
                    vm.live_migration_support = Some(false);
                    vm.image_uuid = Some("image-1".to_owned());
                    vm.instance_type.as_mut().unwrap().disk = 21;
                })
            },
            |_| {},
            "instance vm-0 can't be cold-migrated by the system.  Manually move the instance off of host compute-0.",
        ),
        (
            "5.3.3 8",
            "evacuation",
            || {
                cloud_with(|vm| {
                    vm.image_uuid = Some("image-1".to_owned());
                    vm.instance_type.as_mut().unwrap().disk = 21;
                })
            },
            |rig| {
                // the hypervisor is down when the lock comes to its instances
                rig.order(H, Lock);
                rig.ok("nova: disable");
                rig.ok("guest: disable");
                let down = nfv_nfvi::Answer::Hypervisor(crate::rig::hypervisor(1, H, false));
                rig.answer("nova: hypervisor", Ok(down));
            },
            "instance vm-0 can't be evacuated by the system.  Manually move the instance off of host compute-0.",
        ),
    ]
}

/// Row, side, instance, states the host goes down with, reason of the failure.
type FailRow = (&'static str, &'static str, fn(&mut object::Instance), (&'static str, &'static str, &'static str), &'static str);

pub fn cases() -> Vec<Case> {
    let mut cases = helpers();
    cases.extend(going_down());
    cases.extend(refusals().into_iter().map(|(row, what, set_up, change, text)| {
        Case::new(row, what, move || {
            let mut rig = set_up();
            rig.nova_answers = false;
            rig.forget();
            change(&mut rig);
            if rig.state(H) == "enabled" {
                lock(&mut rig);
            }
            let wanted = match text {
                "" => String::new(),
                text => format!("(Lock of host compute-0 rejected because {text})"),
            };
            assert_eq!(refusal(&rig), wanted);
        })
    }));
    cases.extend(passes());
    cases.extend(completions());
    cases.extend(recovery());
    cases
}
