//! The passes over the instances of a host, and the ends of their actions. Contract: vim-behaviour 5.3.4, 5.3.5.

use super::*;

pub(super) const UNMOVABLE: &str = "5.3.4 other types / paused with cold method, suspended, rebuilding, other action";
pub(super) const GATE: &str = "5.3.4 gate / not lock/force-lock and DOR not complete → nothing; upgrade";

/// Instances that a host's failure finds unmovable are failed, with the reason in the log of it.
pub(super) const FAILS: &[FailRow] = &[
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

pub(super) fn passes() -> Vec<Case> {
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

pub(super) fn completions() -> Vec<Case> {
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
