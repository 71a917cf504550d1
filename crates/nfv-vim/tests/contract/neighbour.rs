//! vim-behaviour 3.10, 9.1, 9.2, 9.4, 9.5: what neighbours and users say, and what they get back.

use crate::case::{Case, Elsewhere};
use crate::rig::{DOWN, Rig, Setup, UP, host, nova, server};
use crate::scene::{H, OTHER, VM, cloud, cloud_with, lock, locked_live, user, user_action};
use nfv_nfvi::notification::{BootingStatus, HostOrder};
use nfv_nfvi::object::{ActionState, ActionType as A};
use nfv_nfvi::{Answer, Notification, Reply};

pub const ELSEWHERE: &[Elsewhere] = &[
    Elsewhere::Test { row: "9.1 any without body", file: "crates/nfv-plugins/tests/listeners.rs" },
    Elsewhere::Test { row: "9.4 unpause.start/end", file: "crates/nfv-plugins/src/amqp/nova_message.rs" },
    Elsewhere::Test { row: "9.4 resume.start/end", file: "crates/nfv-plugins/src/amqp/nova_message.rs" },
    Elsewhere::Test {
        row: "9.4 live_migration.pre.start, live_migration.post.dest.end",
        file: "crates/nfv-plugins/src/amqp/nova_message.rs",
    },
    Elsewhere::Test {
        row: "9.4 live_migration._rollback.start, live_migration.rollback.dest",
        file: "crates/nfv-plugins/src/amqp/nova_message.rs",
    },
    Elsewhere::Test {
        row: "9.4 resize.confirm.start/end, resize.revert.start/end",
        file: "crates/nfv-plugins/src/amqp/nova_message.rs",
    },
    Elsewhere::Test {
        row: "9.4 pause, reboot, power_off, power_on .start/end; suspend",
        file: "crates/nfv-plugins/src/amqp/nova_message.rs",
    },
    Elsewhere::Test { row: "9.5 Verb → type", file: "crates/nfv-plugins/tests/listeners.rs" },
    Elsewhere::Test { row: "9.5 Answers", file: "crates/nfv-plugins/tests/listeners.rs" },
    Elsewhere::Test { row: "9.5 Aging", file: "crates/nfv-plugins/tests/listeners.rs" },
];

const IN_PROGRESS: &str = "3.10 previous type not in (unknown, '', delete) and previous stat";
const START: &str = "3.10 new type start and the instance's host known but FSM not ena";

fn rejected(message: &str) -> Option<Reply> {
    Some(Reply::InstanceActionRejected { message: message.to_owned() })
}

fn change(rig: &mut Rig, action: Option<A>, state: ActionState, reason: &str) {
    rig.say(Notification::InstanceActionChange { uuid: VM.to_owned(), action, state, reason: reason.to_owned() });
}

fn users() -> Vec<Case> {
    vec![
        Case::new("3.10 deleted", "dropped, and nobody answers", || {
            let mut rig = cloud();
            rig.nova(VM, "deleted", "none", "shutdown");
            rig.forget();
            assert_eq!(user(&mut rig, A::Pause), None);
            assert!(matches!(rig.did(), [crate::rig::Did::Release]), "{:?}", rig.did());
        }),
        Case::new(IN_PROGRESS, "another one", || {
            let mut rig = user_action(A::Pause, |_| {});
            let text = "Cannot 'reboot' instance vm-0 action 'pause' is in progress";
            assert_eq!(user(&mut rig, A::Reboot), rejected(text));
            assert_eq!((rig.action(VM), rig.logs(), rig.calls()), ("pause", vec![], vec![]));
        }),
        Case::new(IN_PROGRESS, "a director's", || {
            let mut rig = locked_live();
            let text = "Cannot 'reboot' instance vm-0 action 'live-migrate' is in progress";
            assert_eq!(user(&mut rig, A::Reboot), rejected(text));
        }),
        Case::new(IN_PROGRESS, "an evacuation that waits behind a fail action", || {
            let mut rig = cloud();
            rig.host_is(H, crate::rig::FAILED);
            for call in ["nova: disable", "guest: disable", "nova: hypervisor", "nova: compute-0", "neutron"] {
                rig.ok(call);
            }
            rig.ok("vm-0: reset-state");
            rig.nova(VM, "error", "none", "running");
            let text = "Cannot 'reboot' instance vm-0 action 'evacuate' is in progress";
            assert_eq!(user(&mut rig, A::Reboot), rejected(text));
        }),
        Case::new(IN_PROGRESS, "completed", || {
            let mut rig = user_action(A::Pause, |_| {});
            rig.ok("vm-0: pause");
            assert_eq!(user(&mut rig, A::Unpause), None);
            assert_eq!(rig.action(VM), "unpause");
        }),
        Case::new(IN_PROGRESS, "failed", || {
            let mut rig = user_action(A::Pause, |_| {});
            rig.nok("vm-0: pause", "no");
            assert_eq!(user(&mut rig, A::Suspend), None);
        }),
        Case::new(IN_PROGRESS, "of a type that counts for nothing", || {
            let mut rig = cloud();
            assert_eq!(user(&mut rig, A::None), None);
            assert_eq!(user(&mut rig, A::Pause), None);
            assert_eq!(rig.action(VM), "pause");
        }),
        Case::new(IN_PROGRESS, "stopped by a failing of the instance", || {
            let mut rig = user_action(A::Pause, |_| {});
            rig.say(Notification::HostBooting { name: H.to_owned() });
            assert_eq!(rig.action(VM), "fail");
            assert_eq!(user(&mut rig, A::Reboot), None);
        }),
        Case::new(START, "", || {
            let setup = Setup::new().host_as(host(H, DOWN.0, DOWN.1, DOWN.2), "disabled", "").host(OTHER, "enabled");
            let mut rig = setup.start();
            let mut vm = server(VM, H);
            nova(&mut vm, "stopped", "none", "shutdown");
            rig.add(vm);
            rig.forget();
            assert_eq!(user(&mut rig, A::Start), rejected("Cannot 'start' instance vm-0 host 'compute-0' is disabled"));
            assert_eq!(rig.logs(), ["700.141 Start rejected for instance vm-0 on host compute-0, reason = host is disabled"]);
            assert_eq!((rig.action(VM), rig.instance(VM).action_data.seqnum), ("initial", 0));
        }),
        Case::new(START, "other actions are not looked at so", || {
            let setup = Setup::new().host(H, "disabled").host(OTHER, "enabled");
            let mut rig = setup.start();
            rig.add(server(VM, H));
            assert_eq!(user(&mut rig, A::Stop), None);
        }),
        Case::new(START, "an unknown host", || {
            let mut rig = cloud_with(|vm| {
                nova(vm, "stopped", "none", "shutdown");
                vm.host_name = Some("elsewhere".to_owned());
            });
            assert_eq!(user(&mut rig, A::Start), None);
            assert_eq!(rig.action(VM), "start");
        }),
        Case::new("3.10 else", "recorded, then handled", || {
            let mut rig = cloud();
            assert_eq!(user(&mut rig, A::Pause), None);
            let row = rig.store.snapshot().instances[0].clone();
            assert!(row.action_data.unwrap().contains(r#""action_type": "pause""#));
            assert_eq!((rig.action(VM), rig.calls()), ("pause", vec!["vm-0: pause"]));
        }),
        Case::new("3.10 else", "an unknown instance", || {
            let mut rig = Setup::new().start();
            assert_eq!(user(&mut rig, A::Pause), Some(Reply::NotFound));
        }),
        Case::new("3.10 else", "a rollback is logged once", || {
            let mut rig = user_action(A::LiveMigrate, |_| {});
            rig.ok("vm-0");
            rig.nova(VM, "active", "migrating", "running");
            rig.forget();
            change(&mut rig, Some(A::LiveMigrateRollback), ActionState::Started, "It is busy.");
            change(&mut rig, Some(A::LiveMigrateRollback), ActionState::Completed, "It is busy.");
            assert_eq!(rig.logs(), ["700.154 Live-Migrate cancelled for instance vm-0 now on host compute-0, reason = It is busy"]);
            assert_eq!(rig.action(VM), "initial");
        }),
        Case::new("3.10 else", "a rollback without a machine", || {
            let mut rig = user_action(A::Pause, |_| {});
            rig.ok("vm-0");
            rig.forget();
            change(&mut rig, Some(A::LiveMigrateRollback), ActionState::Started, "");
            assert_eq!(rig.logs(), ["700.154 Live-Migrate cancelled for instance vm-0 now on host compute-0"]);
            assert_eq!(user(&mut rig, A::Reboot), None, "nothing is in progress");
        }),
        Case::new("3.10 else", "a rollback before any action", || {
            let mut rig = cloud();
            change(&mut rig, Some(A::LiveMigrateRollback), ActionState::Started, "");
            assert_eq!(rig.logs(), Vec::<String>::new());
        }),
        Case::new("3.10 else", "changes of other actions are not looked at", || {
            for action in [None, Some(A::Unpause), Some(A::LiveMigrate), Some(A::Resize)] {
                let mut rig = user_action(A::Pause, |_| {});
                change(&mut rig, action, ActionState::Completed, "");
                assert_eq!((rig.action(VM), rig.logs(), rig.calls()), ("pause", vec![], vec![]));
            }
        }),
    ]
}

fn platform() -> Vec<Case> {
    vec![
        Case::new("9.1 POST", "unknown: read, created, updated", || {
            let mut rig = Setup::new().start();
            let body = Notification::HostAdd { uuid: "uuid-of-compute-0".to_owned(), name: H.to_owned() };
            assert_eq!(rig.ask(body), Some(Reply::Ok));
            rig.answer("host compute-0", Ok(Answer::Host(Box::new(host(H, UP.0, UP.1, UP.2)))));
            assert_eq!((rig.state(H), rig.calls()), ("configure", vec!["nova: create services of compute-0"]));
            assert_eq!(rig.store.snapshot().hosts[0].state, "configure");
        }),
        Case::new("9.1 POST", "known", || {
            let mut rig = Setup::new().host(H, "configure").start();
            let body = Notification::HostAdd { uuid: String::new(), name: H.to_owned() };
            assert_eq!(rig.ask(body), Some(Reply::Ok));
            assert_eq!(rig.task(H).as_deref(), Some("add-host_compute-0"));
        }),
        Case::new("9.1 PATCH action", "", || {
            for (order, action) in
                [(HostOrder::Lock, "locking"), (HostOrder::ForceLock, "locking (force)"), (HostOrder::Unlock, "unlocking")]
            {
                let mut rig = Setup::new().host(H, "disabled").start();
                let body = Notification::HostOrder { uuid: String::new(), name: H.to_owned(), order };
                assert_eq!(rig.ask(body), Some(Reply::Ok));
                assert_eq!(rig.host(H).action.as_str(), action);
            }
        }),
        Case::new("9.1 PATCH action", "an unknown host is left alone", || {
            let mut rig = Setup::new().start();
            let body = Notification::HostOrder { uuid: String::new(), name: H.to_owned(), order: HostOrder::Lock };
            assert_eq!((rig.ask(body), rig.vim.hosts().count(), rig.open_calls()), (Some(Reply::Ok), 0, vec![]));
        }),
        Case::new("9.1 PATCH state-change", "", || {
            let mut rig = Setup::new().host(H, "enabled").start();
            rig.host_is(H, ("unlocked", "disabled", "failed (component)"));
            assert_eq!((rig.state(H), rig.host(H).is_component_failure()), ("disabling", true));
        }),
        Case::new("9.1 PATCH upgrade", "stored when it changes, with what it says of instances", || {
            let mut rig = Setup::new().host(H, "enabled").start();
            let body = |inprogress, recover_instances| Notification::HostUpgrade {
                uuid: String::new(),
                name: H.to_owned(),
                inprogress,
                recover_instances,
            };
            let flags = |rig: &Rig| {
                let row = rig.store.snapshot().hosts[0].clone();
                (row.upgrade_inprogress, row.recover_instances)
            };
            for (told, stored) in [
                ((false, false), (false, true)),
                ((true, false), (true, false)),
                ((true, true), (true, false)),
                ((false, true), (false, true)),
            ] {
                assert_eq!(rig.ask(body(told.0, told.1)), Some(Reply::Ok));
                assert_eq!(flags(&rig), stored, "told {told:?}");
            }
        }),
        Case::new("9.1 PATCH otherwise", "the host is read again", || {
            let mut rig = Setup::new().host(H, "enabled").start();
            let mut shown = host(H, UP.0, UP.1, UP.2);
            shown.software_load = Some("19.01".to_owned());
            rig.host_shown(shown);
            assert!(rig.store.snapshot().hosts[0].nfvi_host_data.contains("19.01"));
        }),
        Case::new("9.1 DELETE", "", || {
            let mut rig = Setup::new().host(H, "disabled").start();
            let body = Notification::HostDelete { uuid: String::new(), name: H.to_owned() };
            assert_eq!((rig.ask(body), rig.state(H)), (Some(Reply::Ok), "deleting"));
        }),
        Case::new("9.1 GET", "counts, without what is deleted", || {
            let mut rig = cloud();
            for (uuid, vm, task) in [("vm-1", "error", "none"), ("vm-2", "stopped", "none"), ("vm-3", "active", "deleting")] {
                let mut other = server(uuid, H);
                nova(&mut other, vm, task, "running");
                rig.add(other);
            }
            rig.add(server("vm-4", OTHER));
            let body = Notification::HostInstanceCounts { uuid: String::new(), name: H.to_owned() };
            assert_eq!(rig.ask(body), Some(Reply::InstanceCounts { instances: 3, failed: 1, stopped: 1 }));
        }),
        // the original closes the connection (southbound 7.1); docs/differences.md has 404 for that
        Case::new("9.1 GET", "an unknown host", || {
            let mut rig = cloud();
            let body = Notification::HostInstanceCounts { uuid: String::new(), name: "elsewhere".to_owned() };
            assert_eq!(rig.ask(body), Some(Reply::NotFound));
        }),
    ]
}

/// vim-behaviour 9.2: which instances of a booting host are failed, and the answer.
#[test]
fn a_booting_host_fails_what_was_running_there() {
    let rows: [(&str, &str, &str, bool); 8] = [
        ("active", "none", "running", true),
        ("paused", "none", "paused", true),
        ("active", "deleting", "running", false),
        ("error", "none", "running", false),
        ("stopped", "none", "shutdown", false),
        ("active", "rebuilding", "running", false),
        ("active", "migrating", "running", false),
        ("active", "rebooting", "running", false),
    ];
    for (vm, task, power, failed) in rows {
        let mut rig = cloud_with(|server| nova(server, vm, task, power));
        let status = if failed { BootingStatus::Accepted } else { BootingStatus::Okay };
        let reply = rig.ask(Notification::HostBooting { name: H.to_owned() });
        assert_eq!(reply, Some(Reply::HostBooting(status)), "{vm} {task}");
        assert_eq!(rig.action(VM) == "fail", failed, "{vm} {task}");
        if failed {
            rig.ok("vm-0: reset-state");
            rig.nova(VM, "error", "none", "running");
            let text = "700.102 Instance vm-0 owned by admin has failed on host compute-0, reason = host booting";
            assert_eq!(rig.logs(), [text]);
        }
    }
}

/// The word of a boot may be late where the VIM starts with its host: what was started since is left alone.
#[test]
fn a_late_word_of_a_boot_leaves_alone_what_just_came_up() {
    for (seconds, failed) in [(19, false), (21, true)] {
        let mut rig = cloud_with(|server| nova(server, "stopped", "none", "shutdown"));
        rig.nova(VM, "active", "none", "running");
        rig.run(seconds);
        let status = if failed { BootingStatus::Accepted } else { BootingStatus::Okay };
        let reply = rig.ask(Notification::HostBooting { name: H.to_owned() });
        assert_eq!(reply, Some(Reply::HostBooting(status)), "after {seconds} s");
        assert_eq!(rig.action(VM) == "fail", failed, "after {seconds} s");
    }
}

fn amqp() -> Vec<Case> {
    const UPDATE: &str = "9.4 compute.instance.update";
    vec![
        Case::new(UPDATE, "what it lacks is taken from what is known", || {
            let mut rig = cloud_with(|vm| {
                vm.image_uuid = Some("image-1".to_owned());
                vm.recovery_priority = Some(3);
                vm.live_migration_timeout = Some(300);
                vm.attached_volumes = Some(vec!["volume-1".to_owned()]);
            });
            rig.nova_answers = false;
            rig.change(VM, |vm| {
                nova(vm, "paused", "none", "paused");
                vm.tenant_id = None;
                vm.instance_type = None;
                vm.image_uuid = None;
                vm.attached_volumes = None;
                vm.recovery_priority = None;
                vm.live_migration_timeout = None;
                vm.live_migration_support = None;
            });
            let known = &rig.instance(VM).nfvi;
            assert_eq!(known.tenant_id.as_deref(), Some(crate::rig::TENANT));
            assert_eq!(known.instance_type.as_ref().unwrap().original_name, "small");
            assert_eq!(known.image_uuid.as_deref(), Some("image-1"));
            assert_eq!(known.attached_volumes, Some(vec!["volume-1".to_owned()]));
            assert_eq!((known.recovery_priority, known.live_migration_timeout), (Some(3), Some(300)));
            assert_eq!(known.live_migration_support, Some(true));
            assert_eq!(rig.logs(), ["700.120 Pause complete for instance vm-0 now paused on host compute-0"]);
        }),
        Case::new(UPDATE, "deleted", || {
            let mut rig = cloud();
            rig.nova(VM, "deleted", "none", "shutdown");
            assert_eq!(rig.logs(), ["700.114 Deleted instance vm-0 owned by admin"]);
        }),
        Case::new(UPDATE, "unknown: read as a whole first", || {
            let mut rig = cloud();
            rig.nova_answers = false;
            let mut vm = server("vm-1", OTHER);
            vm.tenant_id = None;
            rig.add(vm);
            assert!(!rig.has_instance("vm-1"));
            rig.answer("instance vm-1", Ok(Answer::Instance(Box::new(server("vm-1", OTHER)))));
            assert_eq!(rig.logs(), ["700.108 Instance vm-1 owned by admin has been created"]);
        }),
        Case::new(UPDATE, "unknown, and deleted", || {
            let mut rig = cloud();
            let mut vm = server("vm-1", OTHER);
            nova(&mut vm, "deleted", "none", "shutdown");
            rig.add(vm);
            assert_eq!((rig.has_instance("vm-1"), rig.logs()), (false, vec![]));
        }),
        Case::new("9.4 compute.instance.delete.start", "", || {
            let mut rig = cloud();
            rig.say(Notification::InstanceDelete { uuid: VM.to_owned() });
            assert_eq!(rig.logs(), ["700.110 Deleting instance vm-0 owned by admin"]);
            assert!(!rig.instance(VM).recoverable);
        }),
        Case::new("9.4 action events (list below)", "the end of a revert", || {
            let mut rig = cloud();
            user(&mut rig, A::ColdMigrate);
            rig.ok("vm-0");
            rig.nova(VM, "resized", "none", "running");
            user(&mut rig, A::RevertResize);
            rig.ok("vm-0");
            // a cold migration's revert is over when the instance is back, whatever Nova's resize says
            change(&mut rig, Some(A::Resize), ActionState::Started, "");
            assert_eq!(rig.action(VM), "cold-migrate-revert");
        }),
        Case::new("9.4 action events (list below)", "a rollback ends the migration of a lock", || {
            let mut rig = cloud();
            lock(&mut rig);
            rig.ok("vm-0: live-migrate");
            change(&mut rig, Some(A::LiveMigrateRollback), ActionState::Started, "no");
            assert_eq!(
                rig.calls().last().unwrap(),
                &"sysinv: compute-0 services-disable-failed (Migrate of instance vm-0 from host compute-0 failed.)"
            );
        }),
    ]
}

pub fn cases() -> Vec<Case> {
    users().into_iter().chain(platform()).chain(amqp()).collect()
}
