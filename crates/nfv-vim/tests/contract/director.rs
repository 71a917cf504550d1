//! vim-behaviour 5.3: instances leave a host that goes down, and failed ones are healed.

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

const UNMOVABLE: &str = "5.3.4 other types / paused with cold method, suspended, rebuilding, other action";
const GATE: &str = "5.3.4 gate / not lock/force-lock and DOR not complete → nothing; upgrade";

/// Instances that a host's failure finds unmovable are failed, with the reason in the log of it.
const FAILS: &[FailRow] = &[
    (
        UNMOVABLE,
        "paused",
        |vm| {
            nova(vm, "paused", "none", "paused");
            vm.live_migration_support = Some(false);
        },
        COMPONENT,
        "host component failure and instance is paused",
    ),
    (
        UNMOVABLE,
        "suspended",
        |vm| nova(vm, "suspended", "none", "running"),
        COMPONENT,
        "host component failure and instance is suspended",
    ),
    (
        UNMOVABLE,
        "rebuilding",
        |vm| nova(vm, "active", "rebuilding", "running"),
        COMPONENT,
        "host component failure and instance is rebuilding",
    ),
    (
        UNMOVABLE,
        "another action",
        |vm| nova(vm, "active", "rebooting", "running"),
        COMPONENT,
        "host component failure and instance has action in progress",
    ),
    (
        UNMOVABLE,
        "resized",
        |vm| nova(vm, "resized", "none", "running"),
        ("unlocked", "disabled", "intest"),
        "host disabled and instance is resized",
    ),
    (
        "5.3.4 other types / method not allowed → instance.fail(<reason> and the system c",
        "cold",
        |vm| {
            vm.live_migration_support = Some(false);
            vm.image_uuid = Some("image-1".to_owned());
            vm.instance_type.as_mut().unwrap().disk = 21;
        },
        COMPONENT,
        "host component failure and the system can't cold-migrate instance",
    ),
];

fn passes() -> Vec<Case> {
    let mut cases: Vec<Case> = FAILS
        .iter()
        .map(|(row, what, change, shown, reason)| {
            Case::new(row, *what, move || {
                let mut rig = cloud_with(change);
                goes_down(&mut rig, *shown);
                assert!(rig.calls().contains(&"vm-0: reset-state error"), "{:?}", rig.calls());
                rig.nova_answers = false;
                rig.forget();
                rig.nova(VM, "error", "none", "running");
                let text = format!("700.102 Instance vm-0 owned by admin has failed on host compute-0, reason = {reason}");
                assert!(rig.logs().contains(&text), "{:?}", rig.logs());
            })
        })
        .collect();
    cases.extend([
        Case::new(GATE, "DOR is not complete", || {
            let setup = Setup::new().host(H, "enabled").host(OTHER, "enabled");
            let mut rig = setup.facts(|facts| (facts.dor_complete, facts.uptime) = (false, crate::sim::secs(100))).start();
            rig.add(server(VM, H));
            goes_down(&mut rig, COMPONENT);
            assert_eq!((instance_calls(&rig), rig.calls()[3]), (vec![], "nova: compute-0 forced_down true"));
        }),
        Case::new(GATE, "DOR is not complete, and it is a lock", || {
            let setup = Setup::new().host(H, "enabled").host(OTHER, "enabled");
            let mut rig = setup.facts(|facts| (facts.dor_complete, facts.uptime) = (false, crate::sim::secs(100))).start();
            rig.add(server(VM, H));
            lock(&mut rig);
            assert_eq!(instance_calls(&rig), ["vm-0: live-migrate block auto"]);
        }),
        Case::new(GATE, "no hypervisor", || {
            let mut rig = Setup::new().host(H, "enabled").start();
            rig.add(server(VM, H));
            goes_down(&mut rig, COMPONENT);
            assert_eq!(instance_calls(&rig), Vec::<&str>::new());
        }),
        Case::new(GATE, "force lock: nothing is moved", || {
            let mut rig = cloud();
            rig.forget();
            rig.order(H, ForceLock);
            for call in ["nova: disable", "guest: disable", "nova: hypervisor"] {
                rig.ok(call);
            }
            assert_eq!((instance_calls(&rig), rig.calls()[3]), (vec![], "nova: compute-0 forced_down true"));
        }),
        Case::new(GATE, "evacuations: instances are failed all the same", || {
            let mut rig = cloud();
            upgrade(&mut rig, false);
            goes_down(&mut rig, FAILED);
            rig.ok("nova: compute-0");
            rig.ok("neutron");
            assert_eq!((instance_calls(&rig), rig.instance(VM).pending.len()), (vec!["vm-0: reset-state error"], 0));
        }),
        Case::new(
            "5.3.4 for each instance on the host (table order = arbitrary but s / skip if already in the op, deleting, deleted, locked or fail",
            "",
            || {
                let mut rig = Setup::new().host(H, "enabled").host(OTHER, "enabled").start();
                for (uuid, vm, task) in [("vm-1", "active", "deleting"), ("vm-2", "stopped", "none"), ("vm-3", "error", "none")] {
                    more(&mut rig, uuid, |server| nova(server, vm, task, "running"));
                }
                more(&mut rig, "vm-4", |_| {});
                rig.forget();
                lock(&mut rig);
                assert_eq!(instance_calls(&rig), ["vm-4: live-migrate block auto"]);
            },
        ),
        Case::new(
            "5.3.4 lock / migrate-instances / checks of §5.3.3 (1–8, with method live/cold): first hit → i",
            "a condition that came up while others left",
            || {
                let mut rig = cloud();
                more(&mut rig, "vm-1", |_| {});
                lock(&mut rig);
                rig.ok("vm-0: live-migrate");
                rig.change("vm-1", |vm| nova(vm, "suspended", "none", "running"));
                rig.forget();
                arrives(&mut rig);
                assert_eq!(refusal(&rig), "(Lock of host compute-0 failed because instance vm-1 is suspended.)");
            },
        ),
        Case::new(
            "5.3.4 other types / already migrating or cold-migrating: joins the op without a",
            "a user's migration",
            || {
                let mut rig = cloud();
                crate::scene::user(&mut rig, A::LiveMigrate);
                rig.ok("vm-0");
                rig.nova(VM, "active", "migrating", "running");
                goes_down(&mut rig, COMPONENT);
                assert_eq!(instance_calls(&rig), Vec::<&str>::new());
                arrives(&mut rig);
                assert_eq!(rig.calls()[3], "nova: compute-0 forced_down true", "the host waited for it");
            },
        ),
        Case::new("5.3.4 start / item inprogress; do_action(method, by director, reason) unle", "one at a time", || {
            let mut rig = cloud();
            more(&mut rig, "vm-1", |_| {});
            rig.forget();
            lock(&mut rig);
            assert_eq!(instance_calls(&rig), ["vm-0: live-migrate block auto"]);
            assert_eq!(
                rig.logs(),
                ["700.151 Live-Migrate issued by the system against instance vm-0 owned by admin from host compute-0, reason = host lock command issued"]
            );
            rig.ok("vm-0");
            arrives(&mut rig);
            assert_eq!(instance_calls(&rig)[1..], ["vm-1: live-migrate block auto"]);
        }),
        Case::new("5.3.4 start / item inprogress; do_action(method, by director, reason) unle", "as many as configured", || {
            let setup = Setup::new().host(H, "enabled").host(OTHER, "enabled");
            let mut rig = setup.config(|config| config.instance.max_concurrent_migrates_per_host = 2).start();
            for uuid in ["vm-0", "vm-1", "vm-2"] {
                more(&mut rig, uuid, |_| {});
            }
            rig.forget();
            lock(&mut rig);
            assert_eq!(instance_calls(&rig), ["vm-0: live-migrate block auto", "vm-1: live-migrate block auto"]);
        }),
        Case::new("5.3.4 skip", "what is going or stopped", || {
            let mut rig = Setup::new().host(H, "enabled").host(OTHER, "enabled").start();
            for (uuid, vm, task) in [("vm-1", "active", "deleting"), ("vm-2", "stopped", "none")] {
                more(&mut rig, uuid, |server| nova(server, vm, task, "running"));
            }
            goes_down(&mut rig, FAILED);
            rig.all_ok();
            assert_eq!(instance_calls(&rig), Vec::<&str>::new());
        }),
        Case::new("5.3.4 host-lock", "a condition that came up after the others left", || {
            let mut rig = cloud();
            rig.forget();
            rig.change(VM, |vm| vm.host_name = Some(OTHER.to_owned()));
            lock(&mut rig);
            more(&mut rig, "vm-1", |vm| nova(vm, "suspended", "none", "running"));
            rig.ok("nova: compute-0");
            rig.ok("neutron");
            assert_eq!(refusal(&rig), "(Lock of host compute-0 failed because instance vm-1 is suspended.)");
        }),
        Case::new("5.3.4 other types", "failed with the host's reason", || {
            for (shown, reason) in [(FAILED, "host failed"), (("unlocked", "disabled", "intest"), "host disable action")] {
                let mut rig = cloud();
                rig.host_is(H, shown);
                rig.ok("nova: disable");
                rig.ok("guest: disable");
                let down = nfv_nfvi::Answer::Hypervisor(crate::rig::hypervisor(1, H, false));
                rig.answer("nova: hypervisor", Ok(down));
                if shown == FAILED {
                    rig.ok("nova: compute-0");
                    rig.ok("neutron");
                }
                rig.ok("vm-0: reset-state");
                rig.nova(VM, "error", "none", "running");
                let text = format!("700.102 Instance vm-0 owned by admin has failed on host compute-0, reason = {reason}");
                assert!(rig.logs().contains(&text), "{:?}", rig.logs());
            }
        }),
        Case::new("5.3.4 evacuate", "one at a time, the others are failed", || {
            let mut rig = cloud();
            more(&mut rig, "vm-1", |_| {});
            goes_down(&mut rig, FAILED);
            rig.ok("nova: compute-0");
            rig.ok("neutron");
            assert_eq!(instance_calls(&rig), ["vm-0: reset-state error", "vm-1: reset-state error"]);
            assert_eq!((rig.instance(VM).pending.len(), rig.instance("vm-1").pending.len()), (1, 0));
        }),
        Case::new("5.3.4 evacuate", "logged with the reason", || {
            let mut rig = silent(cloud());
            goes_down(&mut rig, FAILED);
            for call in ["nova: compute-0", "neutron", "vm-0: reset-state"] {
                rig.ok(call);
            }
            rig.nova(VM, "error", "none", "running");
            assert_eq!(
                rig.logs().last().unwrap(),
                "700.175 Evacuate issued by the system against instance vm-0 owned by admin on host compute-0, reason = host failed"
            );
        }),
        Case::new("5.3.4 evacuate", "not what may not be: auto recovery, recoverable, disk", || {
            type Change = fn(&mut Rig);
            let changes: [Change; 3] = [
                |rig| {
                    rig.change(VM, |vm| {
                        vm.instance_type.as_mut().unwrap().extra_specs.insert("sw:wrs:auto_recovery".into(), "false".into());
                    });
                },
                |rig| rig.say(Notification::InstanceDelete { uuid: VM.to_owned() }),
                |rig| {
                    rig.change(VM, |vm| {
                        vm.image_uuid = Some("image-1".to_owned());
                        vm.instance_type.as_mut().unwrap().disk = 21;
                    });
                },
            ];
            for change in changes {
                let mut rig = cloud();
                change(&mut rig);
                goes_down(&mut rig, FAILED);
                rig.ok("nova: compute-0");
                rig.ok("neutron");
                assert_eq!((rig.action(VM), rig.instance(VM).pending.len()), ("fail", 0));
            }
        }),
    ]);
    cases
}

fn completions() -> Vec<Case> {
    let rollback = |rig: &mut Rig| {
        rig.say(Notification::InstanceActionChange {
            uuid: VM.to_owned(),
            action: Some(A::LiveMigrateRollback),
            state: ActionState::Started,
            reason: String::new(),
        });
    };
    vec![
        Case::new("5.3.5 migrate_complete(from host)", "of the host where it began", || {
            let mut rig = locked_live();
            rig.ok("vm-0");
            arrives(&mut rig);
            assert_eq!(rig.calls(), ["nova: compute-0 forced_down true"]);
        }),
        Case::new("5.3.5 migrate_complete(from host)", "without an operation: nothing", || {
            let mut rig = crate::scene::user_action(A::LiveMigrate, |_| {});
            rig.ok("vm-0");
            arrives(&mut rig);
            assert_eq!((rig.action(VM), rig.calls()), ("initial", vec![]));
        }),
        Case::new("5.3.5 evacuate_complete(from host)", "", || {
            let mut rig = evacuation();
            rig.ok("vm-0");
            rig.nova(VM, "error", "rebuilding", "running");
            rig.forget();
            arrives(&mut rig);
            assert_eq!(rig.calls(), ["sysinv: compute-0 services-disabled"]);
        }),
        Case::new("5.3.5 stop_complete(on host)", "all stopped", || {
            let mut rig = locked_stop();
            rig.ok("vm-0");
            rig.forget();
            rig.nova(VM, "stopped", "none", "shutdown");
            assert_eq!(rig.calls(), ["nova: compute-0 forced_down true"]);
        }),
        Case::new("5.3.5 stop_complete(on host)", "another one is still to be stopped", || {
            let mut rig = simplex();
            more(&mut rig, "vm-1", |_| {});
            lock(&mut rig);
            rig.ok("vm-0");
            rig.forget();
            rig.nova(VM, "stopped", "none", "shutdown");
            assert_eq!((rig.calls(), operation(&rig)), (vec![], "host-lock"));
        }),
        Case::new("5.3.5 start_complete(on host)", "the operation is over", || {
            let mut rig = unlocked_start();
            assert_eq!(operation(&rig), "start-instances-serial");
            rig.nova(VM, "active", "none", "running");
            assert_eq!(operation(&rig), "");
        }),
        Case::new("5.3.5 migrate / host-lock, migrate-instances", "failed: the lock ends with the reason", || {
            let mut rig = locked_cold();
            rig.nok("vm-0", "no");
            assert_eq!(refusal(&rig), "(Migrate of instance vm-0 from host compute-0 failed.)");
            assert_eq!(operation(&rig), "");
        }),
        Case::new("5.3.5 migrate / host-lock, migrate-instances", "others are not begun", move || {
            let mut rig = cloud();
            more(&mut rig, "vm-1", |_| {});
            lock(&mut rig);
            rig.ok("vm-0");
            rig.nova(VM, "active", "migrating", "running");
            rig.forget();
            rollback(&mut rig);
            assert_eq!((refusal(&rig).as_str(), rig.action("vm-1")), (
                "(Migrate of instance vm-0 from host compute-0 failed.)",
                "initial"
            ));
        }),
        Case::new("5.3.5 migrate / others", "failed: the instance is failed, the next one has its turn", || {
            let mut rig = cloud();
            more(&mut rig, "vm-1", |_| {});
            goes_down(&mut rig, COMPONENT);
            rig.nok("vm-0", "no");
            assert_eq!(
                instance_calls(&rig),
                ["vm-0: live-migrate block auto", "vm-1: live-migrate block auto", "vm-0: reset-state error"]
            );
        }),
        Case::new("5.3.5 evacuate / host-lock", "failed: the lock ends with the reason", || {
            let mut rig = cloud();
            rig.change(VM, |vm| vm.host_name = Some(OTHER.to_owned()));
            lock(&mut rig);
            more(&mut rig, "vm-1", |_| {});
            rig.ok("nova: compute-0");
            rig.ok("neutron");
            assert_eq!(rig.action("vm-1"), "evacuate");
            rig.run(121);
            assert_eq!(refusal(&rig), "(Evacuate of instance vm-1 from host compute-0 failed.)");
        }),
        Case::new("5.3.5 evacuate / others", "the next one has its turn", || {
            let mut rig = cloud();
            more(&mut rig, "vm-1", |_| {});
            goes_down(&mut rig, FAILED);
            rig.ok("nova: compute-0");
            rig.ok("neutron");
            for uuid in [VM, "vm-1"] {
                rig.ok(&format!("{uuid}: reset-state"));
                rig.change(uuid, |vm| nova(vm, "error", "none", "running"));
            }
            assert_eq!((rig.action(VM), rig.action("vm-1")), ("evacuate", "initial"));
            rig.run(121);
            assert_eq!((rig.action(VM), rig.action("vm-1")), ("initial", "evacuate"));
        }),
        Case::new("5.3.5 stop / stop-instances, host-lock", "failed: the lock ends with the reason", || {
            let mut rig = locked_stop();
            rig.nok("vm-0", "no");
            assert_eq!(refusal(&rig), "(Stop of instance vm-0 on host compute-0 failed.)");
        }),
        Case::new("5.3.5 stop / host-lock-force", "failed: the instance is failed, the lock goes on", || {
            let mut rig = simplex();
            rig.order(H, ForceLock);
            for call in ["nova: disable", "guest: disable", "nova: hypervisor"] {
                rig.ok(call);
            }
            rig.forget();
            rig.nok("vm-0: stop", "no");
            assert_eq!((rig.action(VM), rig.calls().contains(&"nova: compute-0 forced_down true")), ("fail", true));
        }),
        Case::new("5.3.5 start / both", "serial: the next one has its turn, whatever came of the first", || {
            let mut rig = simplex();
            more(&mut rig, "vm-1", |_| {});
            lock(&mut rig);
            for uuid in [VM, "vm-1"] {
                rig.ok(&format!("{uuid}: stop"));
                rig.change(uuid, |vm| nova(vm, "stopped", "none", "shutdown"));
            }
            rig.all_ok();
            rig.host_is(H, crate::rig::DOWN);
            rig.host_is(H, UP);
            rig.all_ok();
            rig.forget();
            rig.run(31);
            assert_eq!(instance_calls(&rig), ["vm-0: start"]);
            rig.nok("vm-0: start", "no");
            assert_eq!(instance_calls(&rig), ["vm-0: start", "vm-1: start"]);
        }),
    ]
}

/// A cloud whose recovery audit runs at its short interval, with a failed instance.
fn failed_instance(change: impl FnOnce(&mut object::Instance)) -> Rig {
    let mut rig = cloud_with(change);
    rig.change(VM, |vm| {
        let (task, power) = (vm.nfvi_data.task_state.clone(), vm.nfvi_data.power_state.clone());
        nova(vm, "error", &task, &power);
    });
    rig.forget();
    rig
}

/// The second at which something is done to [`VM`], and what.
fn healed(rig: &mut Rig, seconds: u64) -> Option<(u64, String)> {
    for second in 1..=seconds {
        rig.run(1);
        if let Some(call) = instance_calls(rig).first() {
            return Some((second, (*call).to_owned()));
        }
    }
    None
}

fn recovery() -> Vec<Case> {
    vec![
        Case::new("5.3.6 gates", "not stabilized", || {
            let setup = Setup::new().host(H, "enabled").host(OTHER, "enabled");
            let mut rig = setup
                .facts(|facts| (facts.dor_complete, facts.uptime) = (false, crate::sim::secs(10)))
                .start();
            more(&mut rig, VM, |vm| nova(vm, "error", "none", "running"));
            rig.forget();
            assert_eq!(healed(&mut rig, 230), None);
            assert!(healed(&mut rig, 100).is_some_and(|(_, call)| call == "vm-0: reboot HARD"));
        }),
        Case::new("5.3.6 gates", "an upgrade", || {
            let mut rig = failed_instance(|_| {});
            upgrade(&mut rig, false);
            assert_eq!(healed(&mut rig, 400), None);
        }),
        Case::new("5.3.6 gates", "no hypervisor", || {
            let mut rig = Setup::new().host(H, "disabled").start();
            more(&mut rig, VM, |vm| nova(vm, "error", "none", "running"));
            rig.forget();
            assert_eq!(healed(&mut rig, 400), None);
        }),
        Case::new("5.3.6 gates", "open: soon, also at the long interval", || {
            let mut rig = cloud();
            rig.run(400);
            rig.nova(VM, "error", "none", "running");
            rig.forget();
            rig.host_is(OTHER, FAILED);
            rig.all_ok();
            rig.host_is(OTHER, UP);
            rig.all_ok();
            assert!(healed(&mut rig, 61).is_some());
        }),
        Case::new("5.3.6 candidate list (only when the previous list is empty)", "who is one", || {
            type Change = fn(&mut object::Instance);
            let rows: [(Change, bool); 4] = [
                (|vm| nova(vm, "error", "none", "running"), true),
                (|vm| nova(vm, "error", "deleting", "running"), false),
                (
                    |vm| {
                        nova(vm, "error", "none", "running");
                        vm.host_name = None;
                    },
                    false,
                ),
                (|vm| nova(vm, "stopped", "none", "crashed"), false),
            ];
            for (place, (change, healed_at)) in rows.into_iter().enumerate() {
                let mut rig = Setup::new().host(H, "enabled").host(OTHER, "enabled").start();
                more(&mut rig, VM, change);
                rig.forget();
                assert_eq!(healed(&mut rig, 400).is_some(), healed_at, "row {place}");
            }
        }),
        Case::new("5.3.6 candidate list (only when the previous list is empty)", "not on a host with an operation", || {
            let mut rig = cloud();
            more(&mut rig, "vm-1", |vm| nova(vm, "error", "none", "running"));
            lock(&mut rig);
            rig.ok("vm-0: live-migrate");
            rig.nova(VM, "active", "migrating", "running");
            rig.forget();
            rig.run(120);
            assert_eq!(instance_calls(&rig), Vec::<&str>::new());
        }),
        Case::new("5.3.6 allowed", "30, 300, 900, 960 s in the state", || {
            for (task, seconds) in
                [("none", 30), ("rebooting", 300), ("rebuilding", 900), ("migrating", 960)]
            {
                let mut rig = failed_instance(|vm| nova(vm, "active", task, "running"));
                let (second, _) = healed(&mut rig, 1100).unwrap();
                // the audit comes every 30 s, and once more when Nova had to be asked first (docs/differences.md)
                assert!((seconds..seconds + 62).contains(&second), "{task}: {second}");
            }
        }),
        Case::new("5.3.6 order, counters", "the first by priority", || {
            let setup = Setup::new().host(H, "enabled").host(OTHER, "enabled");
            let mut rig = setup.config(|config| config.instance.max_concurrent_recovering = 1).start();
            for (uuid, priority) in [("vm-0", None), ("vm-1", Some(2)), ("vm-2", Some(1))] {
                more(&mut rig, uuid, |vm| {
                    nova(vm, "error", "none", "running");
                    vm.recovery_priority = priority;
                });
            }
            rig.forget();
            rig.run(65);
            assert_eq!(rig.log_ids().len(), 3);
            let order: Vec<_> = rig.logs().iter().map(|log| log.split(' ').nth(9).unwrap().to_owned()).collect();
            assert_eq!(order, ["vm-2", "vm-1", "vm-0"]);
        }),
        Case::new("5.3.6 order, counters", "a reboot that did not help is followed by a rebuild", || {
            let mut rig = failed_instance(|vm| vm.image_uuid = Some("image-1".to_owned()));
            assert!(healed(&mut rig, 61).is_some());
            rig.ok("vm-0: reboot");
            rig.forget();
            assert_eq!(healed(&mut rig, 61).unwrap().1, "vm-0: rebuild vm-0 from image-1");
            rig.ok("vm-0: rebuild");
            rig.forget();
            assert_eq!(healed(&mut rig, 61).unwrap().1, "vm-0: reboot HARD", "and counted anew");
        }),
        Case::new("5.3.6 order, counters", "from a volume: rebooted again", || {
            let mut rig = failed_instance(|_| {});
            assert!(healed(&mut rig, 61).is_some());
            rig.ok("vm-0: reboot");
            rig.forget();
            assert_eq!(healed(&mut rig, 61).unwrap().1, "vm-0: reboot HARD");
        }),
        Case::new("5.3.6 batch", "4 at once, the next 2 s later", || {
            let begun = batch(6);
            assert_eq!(begun, [4, 0, 2]);
        }),
        Case::new("5.3.6 batch", "2 at once when there are more than 250", || {
            let begun = batch(251);
            assert_eq!(begun, [2, 0, 4], "250 are left, and then fewer");
        }),
        Case::new("5.3.6 end", "30 s while something is failed, 330 s when nothing is", || {
            let mut rig = failed_instance(|_| {});
            assert!(healed(&mut rig, 61).is_some());
            rig.nok("vm-0: reboot", "no");
            rig.forget();
            let (second, _) = healed(&mut rig, 40).unwrap();
            assert!(second <= 31, "{second}");
            rig.ok("vm-0: reboot");
            rig.nova(VM, "active", "none", "running");
            rig.run(60);
            rig.nova(VM, "error", "none", "running");
            rig.forget();
            let (second, _) = healed(&mut rig, 400).unwrap();
            assert!(second > 200, "{second}: nothing shortened it");
        }),
        Case::new("5.3.6 not stabilized / upgrade", "a crash is not healed at once", || {
            let mut rig = cloud();
            upgrade(&mut rig, false);
            rig.nova(VM, "active", "none", "crashed");
            assert_eq!(instance_calls(&rig), Vec::<&str>::new());
        }),
        Case::new("5.3.6 host and hypervisor enabled, rebuilding", "image, and volume", || {
            for (image, cure) in [(Some("image-1"), "vm-0: rebuild vm-0 from image-1"), (None, "vm-0: reboot HARD")] {
                let mut rig = failed_instance(|vm| {
                    nova(vm, "active", "rebuilding", "running");
                    vm.image_uuid = image.map(str::to_owned);
                });
                assert_eq!(healed(&mut rig, 1100).unwrap().1, "vm-0: reset-state error");
                assert_eq!(rig.logs(), ["700.190 Rebuild cancelled for instance vm-0 on host compute-0"]);
                rig.ok("vm-0: reset-state");
                rig.nova(VM, "error", "none", "running");
                assert_eq!(instance_calls(&rig).last().unwrap(), &cure);
            }
        }),
        Case::new("5.3.6 … migrating", "image, and volume", || {
            for (image, cure) in [(Some("image-1"), "vm-0: rebuild vm-0 from image-1"), (None, "vm-0: reboot HARD")] {
                let mut rig = failed_instance(|vm| {
                    nova(vm, "active", "migrating", "running");
                    vm.image_uuid = image.map(str::to_owned);
                });
                assert_eq!(healed(&mut rig, 1100).unwrap().1, "vm-0: reset-state error");
                assert_eq!(rig.logs(), ["700.154 Live-Migrate cancelled for instance vm-0 now on host compute-0"]);
                rig.ok("vm-0: reset-state");
                rig.nova(VM, "error", "none", "running");
                assert_eq!(instance_calls(&rig).last().unwrap(), &cure);
            }
        }),
        Case::new("5.3.6 … otherwise", "rebooted", || {
            let mut rig = failed_instance(|vm| vm.image_uuid = Some("image-1".to_owned()));
            assert_eq!(healed(&mut rig, 61).unwrap().1, "vm-0: reboot HARD");
            assert_eq!(
                rig.logs(),
                ["700.181 Reboot (hard-reboot) issued by the system against instance vm-0 owned by admin on host compute-0"]
            );
        }),
        Case::new("5.3.6 … otherwise", "stuck in a reboot", || {
            let mut rig = failed_instance(|vm| nova(vm, "active", "rebooting", "running"));
            assert_eq!(healed(&mut rig, 400).unwrap().1, "vm-0: reset-state error");
            assert_eq!(rig.logs(), ["700.184 Reboot cancelled for instance vm-0 on host compute-0"]);
        }),
        Case::new("5.3.6 host or hypervisor not enabled, can_evacuate", "evacuated", || {
            let setup = Setup::new().host_as(host(H, "unlocked", "disabled", "offline"), "disabled", "");
            let mut rig = setup.host(OTHER, "enabled").start();
            more(&mut rig, VM, |vm| nova(vm, "error", "none", "running"));
            rig.forget();
            assert_eq!(healed(&mut rig, 61).unwrap().1, "vm-0: evacuate");
        }),
        Case::new("5.3.6 host or hypervisor not enabled, can_evacuate", "not before DOR is complete", || {
            let setup = Setup::new().host_as(host(H, "unlocked", "disabled", "offline"), "disabled", "");
            let mut rig = setup
                .host(OTHER, "enabled")
                .facts(|facts| (facts.dor_complete, facts.uptime) = (false, crate::sim::secs(300)))
                .start();
            more(&mut rig, VM, |vm| nova(vm, "error", "none", "running"));
            rig.forget();
            assert_eq!(healed(&mut rig, 800), None);
            assert!(healed(&mut rig, 200).is_some());
        }),
        Case::new("5.3.6 not evacuable", "only failed", || {
            let setup = Setup::new().host_as(host(H, "unlocked", "disabled", "offline"), "disabled", "");
            let mut rig = setup.host(OTHER, "enabled").start();
            more(&mut rig, VM, |vm| {
                nova(vm, "active", "none", "crashed");
                vm.image_uuid = Some("image-1".to_owned());
                vm.instance_type.as_mut().unwrap().disk = 21;
            });
            rig.forget();
            assert_eq!(healed(&mut rig, 100).unwrap().1, "vm-0: reset-state error");
            rig.ok("vm-0: reset-state");
            rig.nova(VM, "error", "none", "crashed");
            rig.forget();
            assert_eq!(healed(&mut rig, 100), None);
        }),
        Case::new("5.3.6 with a method", "not without auto recovery", || {
            let mut rig = failed_instance(|vm| {
                vm.instance_type.as_mut().unwrap().extra_specs.insert("sw:wrs:auto_recovery".into(), "false".into());
            });
            assert_eq!(healed(&mut rig, 400), None);
        }),
        Case::new("5.3.6 with a method", "a crash: failed first, then rebooted", || {
            let mut rig = cloud();
            rig.nova(VM, "active", "none", "crashed");
            assert_eq!(instance_calls(&rig), ["vm-0: reset-state error"]);
            rig.ok("vm-0: reset-state");
            rig.nova(VM, "error", "none", "crashed");
            assert_eq!(instance_calls(&rig), ["vm-0: reset-state error", "vm-0: reboot HARD"]);
        }),
    ]
}

/// How many recoveries begin in the second of the first one, and in those after it.
fn batch(failed: usize) -> Vec<usize> {
    let mut rig = Setup::new().host(H, "enabled").host(OTHER, "enabled").start();
    for number in 0..failed {
        more(&mut rig, &format!("vm-{number:03}"), |vm| nova(vm, "error", "none", "running"));
    }
    rig.forget();
    let count = |rig: &Rig| rig.log_ids().iter().filter(|id| *id == "instance-reboot-begin").count();
    while count(&rig) == 0 {
        rig.run(1);
    }
    let mut counts = vec![count(&rig)];
    for _ in 0..2 {
        rig.forget();
        rig.run(1);
        counts.push(count(&rig));
    }
    counts
}

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
