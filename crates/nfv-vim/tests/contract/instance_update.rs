//! vim-behaviour 3.8, 3.9: the values of an instance and their sources, and what Nova's news of it lead to.

use crate::case::{Case, Elsewhere};
use crate::rig::{Did, Rig, Setup, nova, server};
use crate::scene::{
    H, OTHER, VM, audit_after, cloud, cloud_with, failed_host, lock, locked_stop, silent, simplex, user, user_action,
};
use nfv_nfvi::Notification;
use nfv_nfvi::object::{self, ActionType as A};

pub const ELSEWHERE: &[Elsewhere] = &[];

fn spec(vm: &mut object::Instance, key: &str, value: &str) {
    vm.instance_type.as_mut().unwrap().extra_specs.insert(key.to_owned(), value.to_owned());
}

/// A cloud with this image, whose instance is booted from it and changed so.
fn imaged(properties: serde_json::Value, change: impl FnOnce(&mut object::Instance)) -> Rig {
    let setup = Setup::new().host(H, "enabled").host(OTHER, "enabled").rows(|rows| {
        let image = object::Image {
            uuid: "image-1".to_owned(),
            name: "debian".to_owned(),
            description: String::new(),
            avail_status: vec!["available".to_owned()],
            action: String::new(),
            container_format: None,
            disk_format: None,
            min_disk_size_gb: 0,
            min_memory_size_mb: 0,
            visibility: None,
            protected: "no".to_owned(),
            properties: serde_json::from_value(properties).unwrap(),
        };
        rows.images.push(nfv_vim_db::row::ImageRow {
            uuid: image.uuid.clone(),
            name: image.name.clone(),
            description: String::new(),
            avail_status: r#"["available"]"#.to_owned(),
            action: String::new(),
            container_format: None,
            disk_format: None,
            min_disk_size_gb: 0,
            min_memory_size_mb: 0,
            visibility: String::new(),
            protected: "no".to_owned(),
            properties: serde_json::to_string(&image.properties).unwrap(),
            nfvi_image_data: serde_json::to_string(&image).unwrap(),
        });
    });
    let mut rig = setup.start();
    let mut vm = server(VM, H);
    vm.image_uuid = Some("image-1".to_owned());
    change(&mut vm);
    rig.add(vm);
    rig.forget();
    rig
}

/// The downtime that the API is told of the instance.
fn downtime(rig: &mut Rig) -> Option<u64> {
    let get = nfv_vim_rpc::instance::Get { get_all: false, filter_by_uuid: Some(VM.to_owned()) };
    let body = Box::new(nfv_vim_rpc::Request::GetInstance(get));
    rig.input(nfv_vim::core::Input::Request { id: nfv_nfvi::RequestId(9000), body });
    rig.did().iter().find_map(|did| match did {
        Did::Respond(_, responses) => match &responses[0].body {
            nfv_vim_rpc::ResponseBody::GetInstance(shown) => shown.live_migration_max_downtime,
            _ => None,
        },
        _ => None,
    })
}

/// A failed instance whose flavor says so of auto recovery.
fn recovered(value: Option<&'static str>) -> bool {
    let mut rig = cloud_with(|vm| {
        if let Some(value) = value {
            spec(vm, "sw:wrs:auto_recovery", value);
        }
    });
    rig.nova(VM, "error", "none", "running");
    rig.run(61);
    rig.calls().contains(&"vm-0: reboot HARD")
}

/// The seconds after which a live migration under way is given up.
fn live_limit(flavor: Option<&'static str>, metadata: Option<u64>) -> Option<u64> {
    for limit in [120, 200, 300, 800] {
        for (margin, ended) in [(59, false), (60, true)] {
            let mut rig = silent(user_action(A::LiveMigrate, |vm| {
                vm.live_migration_timeout = metadata;
                if let Some(value) = flavor {
                    spec(vm, "hw:wrs:live_migration_timeout", value);
                }
            }));
            rig.ok("vm-0: live-migrate");
            rig.nova(VM, "active", "migrating", "running");
            audit_after(&mut rig, limit + margin);
            if (rig.action(VM) == "initial") != ended {
                break;
            }
            if ended {
                return Some(limit);
            }
        }
    }
    None
}

/// Row, flavor, metadata, limit.
const LIVE: &[(&str, Option<&str>, Option<u64>, Option<u64>)] = &[
    ("nothing given", None, None, Some(800)),
    ("flavor", Some("200"), None, Some(200)),
    ("metadata", None, Some(300), Some(300)),
    ("the smallest counts", Some("300"), Some(200), Some(200)),
    ("a zero does not", Some("0"), Some(200), Some(200)),
    ("only zeros: no limit", Some("0"), Some(0), None),
    ("at least 120 s", Some("10"), None, Some(120)),
    ("at most 800 s", None, Some(5000), Some(800)),
    ("text that is no number does not count (docs/differences.md)", Some("soon"), Some(200), Some(200)),
];

fn attributes() -> Vec<Case> {
    let mut cases = Vec::new();
    for (value, healed) in [
        (None, true),
        (Some("true"), true),
        (Some("True"), true),
        (Some("false"), false),
        (Some("FALSE"), false),
        (Some("maybe"), true),
    ] {
        cases.push(Case::new("3.8 auto_recovery", format!("{value:?}"), move || assert_eq!(recovered(value), healed)));
    }
    for (what, flavor, metadata, limit) in LIVE {
        cases.push(Case::new("3.8 live-migration wait (s)", *what, || {
            assert_eq!(live_limit(*flavor, *metadata), *limit);
        }));
    }
    for (properties, flavor, told) in [
        (serde_json::json!({}), None, 500),
        (serde_json::json!({"hw_wrs_live_migration_max_downtime": "700"}), None, 700),
        (serde_json::json!({"hw_wrs_live_migration_max_downtime": 700}), Some("900"), 900),
        (serde_json::json!({}), Some("900"), 900),
        (serde_json::json!({}), Some("long"), 500),
        (serde_json::json!({"hw_wrs_live_migration_max_downtime": "long"}), None, 500),
    ] {
        cases.push(Case::new("3.8 live-migration max downtime (ms)", format!("{properties} {flavor:?}"), move || {
            let mut rig = imaged(properties.clone(), |vm| {
                if let Some(value) = flavor {
                    spec(vm, "hw:wrs:live_migration_max_downtime", value);
                }
            });
            assert_eq!(downtime(&mut rig), Some(told));
        }));
    }
    for (value, healed) in [("\"false\"", true), ("false", false), ("true", true)] {
        cases.push(Case::new("3.8 auto_recovery", format!("image: {value}"), move || {
            let value: serde_json::Value = serde_json::from_str(value).unwrap();
            let mut rig = imaged(serde_json::json!({"sw_wrs_auto_recovery": value}), |_| {});
            rig.nova(VM, "error", "none", "running");
            rig.run(61);
            assert_eq!(rig.calls().contains(&"vm-0: reboot HARD"), healed);
        }));
    }
    cases.push(Case::new("3.8 auto_recovery", "the flavor comes before the image", || {
        let mut rig = imaged(serde_json::json!({"sw_wrs_auto_recovery": true}), |vm| {
            spec(vm, "sw:wrs:auto_recovery", "false");
        });
        rig.nova(VM, "error", "none", "running");
        rig.run(61);
        assert_eq!(rig.calls(), Vec::<&str>::new());
    }));
    for (value, wanted) in [("true", true), ("TRUE", true), ("false", false), ("yes", false)] {
        cases.push(Case::new("3.8 guest heartbeat", value, move || {
            let mut rig = cloud_with(|vm| spec(vm, "sw:wrs:guest:heartbeat", value));
            rig.run(16);
            rig.notify(VM);
            let created = rig.calls() == ["guest: create vm-0 on compute-0 heartbeat"];
            assert_eq!(created, wanted, "{:?}", rig.calls());
        }));
    }
    cases.push(Case::new("3.8 live-migration wait (s)", "image: the smallest counts", || {
        for (seconds, state) in [(259, "live-migrate"), (260, "initial")] {
            let mut rig = imaged(serde_json::json!({"hw_wrs_live_migration_timeout": "200"}), |vm| {
                spec(vm, "hw:wrs:live_migration_timeout", "300");
            });
            user(&mut rig, A::LiveMigrate);
            rig.ok("vm-0: live-migrate");
            rig.nova_answers = false;
            rig.nova(VM, "active", "migrating", "running");
            audit_after(&mut rig, seconds);
            assert_eq!(rig.action(VM), state, "{seconds} s");
        }
    }));
    cases.extend([
        Case::new("3.8 recovery priority", "1 is first, 10 and none are last, then the biggest", || {
            let mut rig = Setup::new().host(H, "enabled").host(OTHER, "enabled").start();
            let rows: [(&str, Option<u8>, u64); 5] =
                [("a-last", None, 1), ("b-ten", Some(10), 2), ("c-first", Some(1), 1), ("d-odd", Some(11), 4), ("e-two", Some(2), 1)];
            for (uuid, priority, vcpus) in rows {
                let mut vm = server(uuid, H);
                vm.recovery_priority = priority;
                vm.instance_type.as_mut().unwrap().vcpus = vcpus;
                nova(&mut vm, "error", "none", "running");
                rig.add(vm);
            }
            rig.forget();
            rig.run(62);
            let begun: Vec<_> = rig
                .did()
                .iter()
                .filter_map(|did| match did {
                    Did::Log(log) if log.event_id.to_string() == "instance-reboot-begin" => {
                        log.entity.split("instance=").nth(1).map(str::to_owned)
                    }
                    _ => None,
                })
                .take(5)
                .collect();
            assert_eq!(begun, ["c-first", "e-two", "d-odd", "b-ten", "a-last"]);
        }),
        Case::new("3.8 live_migration_support", "not supported: moved cold", || {
            let mut rig = cloud_with(|vm| vm.live_migration_support = Some(false));
            lock(&mut rig);
            assert_eq!(rig.action(VM), "cold-migrate");
        }),
        Case::new("3.8 live_migration_support", "not told: supported", || {
            let mut rig = cloud_with(|vm| vm.live_migration_support = None);
            lock(&mut rig);
            assert_eq!(rig.action(VM), "live-migrate");
        }),
        Case::new("3.8 live_migration_support", "kept when a notification does not tell", || {
            let mut rig = cloud_with(|vm| vm.live_migration_support = Some(false));
            rig.change(VM, |vm| vm.live_migration_support = None);
            lock(&mut rig);
            assert_eq!(rig.action(VM), "cold-migrate");
            assert!(!rig.store.snapshot().instances[0].live_migration_support, "as stored");
        }),
        Case::new("3.8 max cold-migrate / resize / evacuate wait", "evacuation", || {
            for (seconds, action) in [(199, "evacuate"), (200, "initial")] {
                let setup = Setup::new().host(H, "enabled").host(OTHER, "enabled");
                let mut rig = setup.config(|config| config.instance.max_evacuate_wait = crate::sim::secs(200)).start();
                rig.add(server(VM, H));
                rig.host_is(H, ("unlocked", "disabled", "offline"));
                for call in ["nova: disable", "guest: disable", "nova: hypervisor", "nova: compute-0", "neutron"] {
                    rig.ok(call);
                }
                rig.ok("vm-0: reset-state");
                rig.nova(VM, "error", "none", "running");
                rig.ok("vm-0: evacuate");
                rig.nova_answers = false;
                rig.nova(VM, "error", "rebuilding", "running");
                audit_after(&mut rig, seconds);
                assert_eq!(rig.action(VM), action, "{seconds} s");
            }
        }),
        Case::new("3.8 max cold-migrate / resize / evacuate wait", "cold migration", || {
            for (seconds, action) in [(99, "cold-migrate"), (100, "initial")] {
                let setup = Setup::new().host(H, "enabled").host(OTHER, "enabled");
                let mut rig = setup.config(|config| config.instance.max_cold_migrate_wait = crate::sim::secs(100)).start();
                let mut vm = server(VM, H);
                vm.live_migration_support = Some(false);
                rig.add(vm);
                lock(&mut rig);
                rig.ok("vm-0: cold-migrate");
                rig.nova_answers = false;
                rig.nova(VM, "active", "resize_migrating", "running");
                audit_after(&mut rig, seconds);
                assert_eq!(rig.action(VM), action, "{seconds} s");
            }
        }),
        Case::new("3.8 max cold-migrate / resize / evacuate wait", "0: a revert is over when Nova took it", || {
            for action in [A::Resize, A::ColdMigrate] {
                let setup = Setup::new().host(H, "enabled").host(OTHER, "enabled").config(|config| {
                    config.instance.max_resize_wait = crate::sim::secs(0);
                    config.instance.max_cold_migrate_wait = crate::sim::secs(0);
                });
                let mut rig = setup.start();
                rig.add(server(VM, H));
                let parameters = object::ActionParameters {
                    instance_type_uuid: Some("flavor-2".to_owned()),
                    ..object::ActionParameters::default()
                };
                crate::scene::user_with(&mut rig, action, parameters);
                rig.ok("vm-0");
                rig.nova(VM, "resized", "none", "running");
                assert_eq!(user(&mut rig, A::RevertResize), None);
                rig.ok("vm-0: revert-resize");
                assert_eq!(rig.action(VM), "initial");
            }
        }),
        Case::new("3.8 can_live_migrate", "whatever its disk", || {
            let mut rig = cloud_with(|vm| {
                vm.image_uuid = Some("image-1".to_owned());
                vm.instance_type.as_mut().unwrap().disk = 5000;
            });
            lock(&mut rig);
            assert_eq!(rig.action(VM), "live-migrate");
        }),
        Case::new("3.8 can_cold_migrate / can_evacuate (system initiated)", "cold migration", || {
            let rows = [(None, 500, true), (Some("image-1"), 20, true), (Some("image-1"), 21, false)];
            for (image, disk, moved) in rows {
                let mut rig = cloud_with(|vm| {
                    vm.live_migration_support = Some(false);
                    vm.image_uuid = image.map(str::to_owned);
                    vm.instance_type.as_mut().unwrap().disk = disk;
                });
                lock(&mut rig);
                assert_eq!(rig.action(VM) == "cold-migrate", moved, "{image:?} {disk} GB");
            }
        }),
        Case::new("3.8 can_cold_migrate / can_evacuate (system initiated)", "evacuation", || {
            let rows = [(None, 500, true), (Some("image-1"), 20, true), (Some("image-1"), 21, false)];
            for (image, disk, moved) in rows {
                let mut rig = cloud_with(|vm| {
                    vm.image_uuid = image.map(str::to_owned);
                    vm.instance_type.as_mut().unwrap().disk = disk;
                });
                rig.host_is(H, ("unlocked", "disabled", "offline"));
                rig.all_ok();
                rig.nova(VM, "error", "none", "running");
                rig.run(70);
                assert_eq!(rig.calls().contains(&"vm-0: evacuate"), moved, "{image:?} {disk} GB");
            }
        }),
        Case::new("3.8 can_cold_migrate / can_evacuate (system initiated)", "a user may all the same", || {
            let rig = user_action(A::ColdMigrate, |vm| {
                vm.image_uuid = Some("image-1".to_owned());
                vm.instance_type.as_mut().unwrap().disk = 5000;
            });
            assert_eq!(rig.action(VM), "cold-migrate");
        }),
        Case::new("3.8 recoverable", "not once Nova deletes it, again when it is seen enabled", || {
            let mut rig = cloud();
            assert!(rig.store.snapshot().instances[0].recoverable);
            rig.say(Notification::InstanceDelete { uuid: VM.to_owned() });
            assert!(!rig.store.snapshot().instances[0].recoverable, "as stored");
            rig.nova(VM, "active", "deleting", "running");
            assert!(!rig.instance(VM).recoverable, "still being deleted");
            rig.nova(VM, "error", "none", "running");
            rig.forget();
            rig.run(61);
            assert_eq!(rig.calls(), Vec::<&str>::new(), "nothing is done to it");
            rig.nova(VM, "active", "none", "running");
            assert!(rig.store.snapshot().instances[0].recoverable, "as stored");
        }),
        Case::new("3.8 unlock_to_recover", "set by a lock of the only hypervisor", || {
            let rig = locked_stop();
            assert!(rig.store.snapshot().instances[0].unlock_to_recover);
            let mut other = cloud();
            lock(&mut other);
            assert!(!other.store.snapshot().instances[0].unlock_to_recover);
        }),
    ]);
    cases
}

/// Text of the first alarm that is up.
fn alarm(rig: &Rig) -> String {
    rig.alarms().first().map(|alarm| alarm.specific_problem_text.clone()).unwrap_or_default()
}

fn news() -> Vec<Case> {
    vec![
        Case::new("3.9 1", "the host where a migration began", || {
            let mut rig = cloud();
            rig.nova(VM, "active", "migrating", "running");
            assert_eq!(alarm(&rig), "Instance vm-0 owned by admin is live migrating from host compute-0");
            rig.change(VM, |vm| vm.host_name = Some(OTHER.to_owned()));
            rig.nova(VM, "active", "none", "running");
            assert_eq!(rig.logs().last().unwrap(), "700.156 Live-Migrate complete for instance vm-0 now enabled on host compute-1");
        }),
        Case::new("3.9 1", "the host where a cold migration began", || {
            let mut rig = user_action(A::ColdMigrate, |_| {});
            rig.ok("vm-0");
            rig.nova(VM, "active", "resize_migrating", "running");
            assert_eq!(alarm(&rig), "Instance vm-0 owned by admin is cold migrating from host compute-0");
            rig.change(VM, |vm| {
                nova(vm, "resized", "none", "running");
                vm.host_name = Some(OTHER.to_owned());
            });
            assert_eq!(
                rig.logs().last().unwrap(),
                "700.162 Cold-Migrate complete for instance vm-0 now enabled on host compute-1 waiting for confirmation"
            );
        }),
        Case::new("3.9 1", "the host where an evacuation began", || {
            let mut rig = silent(failed_host());
            rig.host_is(H, ("unlocked", "disabled", "offline"));
            rig.nova(VM, "error", "rebuilding", "running");
            assert_eq!(alarm(&rig), "Instance vm-0 owned by admin has failed on host compute-0");
            assert_eq!(rig.logs().last().unwrap(), "700.176 Evacuating instance vm-0 owned by admin from host compute-0");
        }),
        Case::new("3.9 1", "the flavor where a resize began", || {
            let mut rig = user_action(A::Resize, |_| {});
            rig.ok("vm-0");
            rig.nova(VM, "active", "resize_prep", "running");
            rig.nova(VM, "active", "none", "running");
            assert_eq!(rig.log_ids(), ["instance-resizing", "instance-resize-failed"]);
        }),
        Case::new("3.9 2", "a crash", || {
            let mut rig = cloud();
            rig.nova(VM, "active", "none", "crashed");
            assert_eq!(
                rig.logs(),
                [
                    "700.102 Instance vm-0 owned by admin has failed on host compute-0, reason = instance crashed",
                    "700.181 Reboot (hard-reboot) issued by the system against instance vm-0 owned by admin on host compute-0",
                ][..1]
            );
            assert_eq!(rig.calls(), ["vm-0: reset-state error"]);
        }),
        Case::new("3.9 2", "told once", || {
            let mut rig = silent(cloud());
            rig.nova(VM, "active", "none", "crashed");
            rig.forget();
            rig.nova(VM, "active", "rebooting", "crashed");
            assert_eq!(rig.log_ids(), ["instance-rebooting"]);
        }),
        Case::new("3.9 3", "enabled now", || {
            let mut rig = cloud_with(|vm| nova(vm, "paused", "none", "paused"));
            rig.nova(VM, "active", "none", "running");
            assert_eq!(rig.logs(), ["700.101 Instance vm-0 is enabled on host compute-0"]);
        }),
        Case::new("3.9 3", "rebooted", || {
            let mut rig = cloud_with(|vm| nova(vm, "active", "rebooting", "running"));
            rig.nova(VM, "active", "none", "running");
            assert_eq!(rig.logs(), ["700.101 Instance vm-0 is enabled on host compute-0"]);
        }),
        Case::new("3.9 3", "not resized any more", || {
            let mut rig = cloud_with(|vm| nova(vm, "resized", "none", "running"));
            rig.nova(VM, "active", "none", "running");
            assert_eq!(rig.logs(), ["700.101 Instance vm-0 is enabled on host compute-0"]);
        }),
        Case::new("3.9 3", "enabled before", || {
            let mut rig = cloud_with(|vm| nova(vm, "active", "powering-on", "running"));
            rig.nova(VM, "active", "none", "running");
            assert_eq!(rig.logs(), Vec::<String>::new());
        }),
        Case::new("3.9 4", "stored, and the time in state begins anew", || {
            let mut rig = cloud();
            rig.run(100);
            assert_eq!(rig.instance(VM).elapsed_in_state(rig.now), 100);
            rig.change(VM, |vm| {
                nova(vm, "paused", "none", "paused");
                vm.host_name = Some(OTHER.to_owned());
            });
            let row = rig.store.snapshot().instances[0].clone();
            assert_eq!(
                (row.oper_state.as_str(), row.avail_status.as_str(), row.host_name.as_deref(), row.elapsed_time_in_state.as_str()),
                ("disabled", r#"["paused"]"#, Some(OTHER), "0")
            );
        }),
        Case::new("3.9 5", "alarms, then logs", || {
            let mut rig = silent(cloud());
            rig.nova(VM, "suspended", "none", "running");
            let kinds: Vec<_> = rig
                .did()
                .iter()
                .map(|did| match did {
                    Did::Raised(alarm) => format!("alarm {}", alarm.alarm_type),
                    Did::Log(log) => format!("log {}", log.event_id),
                    other => format!("{other:?}"),
                })
                .collect();
            assert_eq!(kinds, ["alarm instance-suspended", "log instance-suspended"]);
        }),
        Case::new("3.9 6", "resized, before enabled", || {
            let mut rig = crate::scene::locked_cold();
            rig.ok("vm-0");
            rig.nova(VM, "resized", "none", "running");
            assert_eq!(rig.action(VM), "cold-migrate-confirm");
        }),
        Case::new("3.9 6", "disabled", || {
            let mut rig = silent(locked_stop());
            rig.nova(VM, "stopped", "none", "shutdown");
            assert_eq!(rig.action(VM), "initial");
        }),
        Case::new("3.9 7", "guest services follow", || {
            let mut rig = crate::guest::beating();
            rig.nova(crate::guest::VM, "active", "powering-off", "running");
            assert_eq!((rig.calls(), crate::guest::state(&rig)), (vec!["guest: disabled vm on compute-0"], "disabling"));
        }),
        Case::new("3.9 9", "software management hears of it", || {
            let mut rig = silent(cloud());
            let heard = |rig: &Rig| {
                let news = nfv_vim::core::director::sw_mgmt::SwMgmtEvent::InstanceStateChanged { uuid: VM.to_owned() };
                rig.vim.sw_mgmt_heard().iter().filter(|event| **event == news).count()
            };
            rig.nova(VM, "suspended", "none", "running");
            assert_eq!(heard(&rig), 1);
            rig.notify(VM);
            assert_eq!(heard(&rig), 0, "nothing changed");
        }),
        Case::new("3.9 8", "a crash that Nova confirms is healed at once", || {
            let mut rig = cloud();
            rig.nova(VM, "active", "none", "crashed");
            assert_eq!((rig.action(VM), rig.calls()), ("fail", vec!["vm-0: reset-state error"]));
            rig.ok("vm-0: reset-state");
            rig.nova(VM, "error", "none", "crashed");
            assert_eq!(rig.calls(), ["vm-0: reset-state error", "vm-0: reboot HARD"]);
        }),
        Case::new("3.9 8", "well again: its reboots are forgotten", || {
            let mut rig = cloud_with(|vm| vm.image_uuid = Some("image-1".to_owned()));
            for _ in 0..2 {
                rig.nova(VM, "error", "none", "running");
                rig.forget();
                while rig.action(VM) == "initial" {
                    rig.run(1);
                }
                assert_eq!(rig.calls(), ["vm-0: reboot HARD"], "and no rebuild");
                rig.ok("vm-0: reboot");
                rig.nova(VM, "active", "none", "running");
            }
        }),
        Case::new("3.9 4", "renamed", || {
            let mut rig = cloud();
            rig.change(VM, |vm| vm.name = "web".to_owned());
            assert_eq!(rig.logs(), ["700.214 Instance vm-0 has been renamed to web owned by admin on host compute-0"]);
            assert_eq!((rig.instance(VM).name(), rig.store.snapshot().instances[0].name.as_str()), ("web", "web"));
        }),
        Case::new("3.9 4", "deleted: alarms cleared, logged, and late news dropped", || {
            let mut rig = cloud();
            rig.nova(VM, "suspended", "none", "running");
            rig.forget();
            rig.nova(VM, "deleted", "none", "shutdown");
            assert_eq!((rig.alarm_types(), rig.logs()), (vec![], vec!["700.114 Deleted instance vm-0 owned by admin".to_owned()]));
            rig.nova(VM, "error", "none", "running");
            assert_eq!((rig.alarm_types(), rig.logs().len()), (vec![], 1));
        }),
        Case::new("3.9 4", "unchanged: 14 s, 15 s", || {
            for (seconds, stored) in [(14, "0"), (15, "15")] {
                let mut rig = silent(cloud());
                audit_after(&mut rig, seconds);
                let row = rig.store.snapshot().instances[0].clone();
                assert_eq!(row.elapsed_time_in_state, stored);
                assert_eq!(row.elapsed_time_on_host, stored);
            }
        }),
        Case::new("3.9 4", "another host: its time there begins anew", || {
            let mut rig = silent(cloud());
            audit_after(&mut rig, 100);
            assert_eq!(rig.instance(VM).elapsed_on_host, 100);
            rig.change(VM, |vm| vm.host_name = Some(OTHER.to_owned()));
            assert_eq!(rig.store.snapshot().instances[0].elapsed_time_on_host, "0");
        }),
        Case::new("3.9 8", "a stopped instance is not healed", || {
            let mut rig = simplex();
            rig.nova(VM, "stopped", "none", "shutdown");
            rig.run(400);
            assert_eq!(rig.calls(), Vec::<&str>::new());
        }),
    ]
}

pub fn cases() -> Vec<Case> {
    attributes().into_iter().chain(news()).collect()
}
