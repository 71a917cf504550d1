//! The two works that move instances. Contract: vim-behaviour 2.6.

use super::*;

/// Locked, and at the instance that is to leave.
pub(super) fn locked_with_instance() -> Rig {
    let mut rig = rig_with(Plain, "enabled", UP, "");
    rig.add(server("vm-0", H));
    rig.forget();
    rig.order(H, Lock);
    for call in ["nova: disable", "guest: disable", "nova: hypervisor"] {
        rig.ok(call);
    }
    rig
}

/// Not locking: disabled by a component's failure, at the instance that is to leave.
pub(super) fn disabled_with_instance() -> Rig {
    let mut rig = rig_with(Plain, "enabled", UP, "");
    rig.add(server("vm-0", H));
    rig.forget();
    rig.host_is(H, ("unlocked", "disabled", "failed (component)"));
    for call in ["nova: disable", "guest: disable", "nova: hypervisor"] {
        rig.ok(call);
    }
    assert_eq!(rig.calls()[3..], ["vm-0: live-migrate block auto"]);
    rig
}

pub(super) const RUN_1: &str = "2.6 run / stamp disable-extend time; (failed and not component failure";
pub(super) const RUN_2: &str = "2.6 run / else op := host_services_disabling: in progress → wait; fail";
pub(super) const RUN_3: &str = "2.6 run / timed out → reason += op reason, TIMED_OUT; else reason += o";
pub(super) const MOVED: &str = "2.6 instance-moved, instance-stopped / extend timeout by the full 960 s";
pub(super) const ALL_MOVED: &str =
    "2.6 instances-moved, instances-stopped / op ok → success; else FP/force lock/not locking → success; e";
pub(super) const AUDIT_1: &str = "2.6 audit / failed and not component failure → success (handled)";
pub(super) const AUDIT_2: &str = "2.6 audit / else ≥ 120 s since the last extend → sysinv PATCH action ser";
pub(super) const TIMEOUT: &str = "2.6 timeout / FP, force lock or not locking → success; else if no reason y";

/// The works that wait for instances.
pub(super) fn instances_works() -> Vec<Case> {
    vec![
        Case::new("2.6 notify-instances-host-disabling_H", "960 s", || {
            let rig = locked_with_instance();
            assert_eq!(limit(&rig), secs(960));
        }),
        Case::new("2.6 notify-instances-host-disabling_H", "given up with the operation", || {
            let mut rig = locked_with_instance();
            delete(&mut rig);
            // its instance is in the way of the deletion
            assert_eq!((rig.state(H), rig.vim.operations().count()), ("deleting-failed", 0));
        }),
        Case::new("2.6 notify-instances-host-disabled_H", "960 s", || {
            let rig = evacuating();
            assert_eq!(limit(&rig), secs(960));
        }),
        Case::new("2.6 notify-instances-host-disabled_H", "a failed evacuation holds nothing up without a lock", || {
            let mut rig = evacuating();
            rig.nova("vm-0", "error", "none", "running");
            rig.run(121);
            assert_eq!(rig.logs().last().unwrap(), "700.179 Evacuate failed for instance vm-0 on host compute-0");
            assert_eq!(rig.calls().last().unwrap(), &"sysinv: compute-0 services-disabled");
        }),
        Case::new(RUN_1, "the host failed", || {
            let mut rig = rig_with(Plain, "enabled", UP, "");
            rig.add(server("vm-0", H));
            rig.forget();
            rig.host_is(H, FAILED);
            for call in ["nova: disable", "guest: disable", "nova: hypervisor"] {
                rig.ok(call);
            }
            assert_eq!(rig.calls()[3..], ["nova: compute-0 forced_down true"], "the instance is not touched yet");
        }),
        Case::new(RUN_1, "offline", || {
            let mut rig = rig_with(Plain, "enabled", UP, "");
            rig.add(server("vm-0", H));
            rig.forget();
            rig.host_is(H, ("unlocked", "disabled", "offline"));
            for call in ["nova: disable", "guest: disable", "nova: hypervisor"] {
                rig.ok(call);
            }
            assert_eq!(rig.calls()[3..], ["nova: compute-0 forced_down true"]);
        }),
        Case::new(RUN_2, "waits while instances go", || {
            let rig = locked_with_instance();
            assert_eq!((rig.state(H), rig.task(H).is_some()), ("disabling", true));
        }),
        Case::new(RUN_2, "refused", || {
            let mut rig = rig_with(Plain, "enabled", UP, "");
            rig.add(server("vm-0", H));
            rig.nova("vm-0", "suspended", "none", "running");
            rig.order(H, Lock);
            for call in ["nova: disable", "guest: disable", "nova: hypervisor"] {
                rig.ok(call);
            }
            let why = "Lock of host compute-0 rejected because instance vm-0 is suspended.";
            assert_eq!(rig.calls().last().unwrap(), &format!("sysinv: compute-0 services-disable-failed ({why})"));
        }),
        Case::new(RUN_2, "a component's failure does not make it fail", || {
            let mut rig = rig_with(Plain, "enabled", ("unlocked", "disabled", "failed (component)"), "");
            rig.add(server("vm-0", H));
            rig.nova("vm-0", "suspended", "none", "running");
            rig.forget();
            rig.order(H, Lock);
            for call in ["nova: disable", "guest: disable", "nova: hypervisor"] {
                rig.ok(call);
            }
            assert_eq!(rig.calls()[3..], ["nova: compute-0 forced_down true"]);
            let why = "Lock of host compute-0 rejected because instance vm-0 is suspended.";
            assert_eq!(rig.host(H).reason, why);
        }),
        Case::new(RUN_3, "nothing to do", || {
            let mut rig = rig_with(Plain, "enabled", UP, "");
            rig.order(H, Lock);
            for call in ["nova: disable", "guest: disable", "nova: hypervisor"] {
                rig.ok(call);
            }
            assert_eq!(rig.calls()[3..], ["nova: compute-0 forced_down true"]);
        }),
        Case::new(MOVED, "each that left gives the next its time", || {
            let mut rig = locked_with_instance();
            rig.add(server("vm-1", H));
            rig.run(50);
            rig.ok("vm-0: live-migrate");
            rig.change("vm-0", |vm| vm.host_name = Some("compute-1".to_owned()));
            let wait = rig.vim.waits().into_iter().find(|wait| wait.who == "host compute-0").unwrap();
            assert_eq!(wait.waiting.until, rig.now + secs(960));
            assert!(rig.calls().contains(&"vm-1: live-migrate block auto"));
        }),
        Case::new(ALL_MOVED, "all left", || {
            let mut rig = locked_with_instance();
            rig.ok("vm-0: live-migrate");
            rig.forget();
            rig.change("vm-0", |vm| vm.host_name = Some("compute-1".to_owned()));
            assert_eq!(rig.calls(), ["nova: compute-0 forced_down true"]);
        }),
        Case::new(ALL_MOVED, "one did not, locking", || {
            let mut rig = locked_with_instance();
            rig.forget();
            rig.nok("vm-0: live-migrate", "No valid host.");
            let why = "Migrate of instance vm-0 from host compute-0 failed.";
            assert_eq!(rig.calls(), [format!("sysinv: compute-0 services-disable-failed ({why})")]);
        }),
        Case::new(ALL_MOVED, "one did not, not locking", || {
            let mut rig = disabled_with_instance();
            rig.forget();
            rig.nok("vm-0: live-migrate", "No valid host.");
            assert!(rig.calls().contains(&"nova: compute-0 forced_down true"), "{:?}", rig.calls());
            assert_eq!(rig.state(H), "disabling");
        }),
        Case::new(AUDIT_1, "the host failed meanwhile", || {
            let mut rig = locked_with_instance();
            rig.host_is(H, FAILED);
            rig.forget();
            rig.host_audit(H);
            assert_eq!(rig.calls(), ["nova: compute-0 forced_down true"]);
        }),
        Case::new(AUDIT_2, "119 s, 120 s, and again", || {
            let mut rig = locked_with_instance();
            rig.ok("vm-0: live-migrate");
            rig.nova("vm-0", "active", "migrating", "running");
            rig.forget();
            rig.run(119);
            rig.host_again(H);
            assert_eq!(rig.calls(), Vec::<&str>::new());
            rig.run(30);
            rig.host_again(H);
            assert_eq!(rig.calls(), ["sysinv: compute-0 services-disable-extend"]);
            rig.ok("sysinv");
            rig.run(119);
            rig.host_again(H);
            assert_eq!(rig.calls(), ["sysinv: compute-0 services-disable-extend"]);
            rig.run(30);
            rig.host_again(H);
            assert_eq!(rig.calls().len(), 2);
            assert_eq!(rig.state(H), "disabling");
        }),
        Case::new(AUDIT_2, "a refusal is tried again by the next audit", || {
            let mut rig = locked_with_instance();
            rig.ok("vm-0: live-migrate");
            rig.nova("vm-0", "active", "migrating", "running");
            rig.forget();
            rig.run(120);
            rig.host_again(H);
            rig.nok("sysinv", "no");
            rig.host_audit(H);
            assert_eq!(rig.calls(), ["sysinv: compute-0 services-disable-extend"; 2]);
        }),
        Case::new(TIMEOUT, "locking: the reason is told", || {
            let mut rig = endless(Lock);
            rig.run(960);
            let why = "Moving instances from disabling host compute-0 timed out.";
            assert_eq!(rig.calls().last().unwrap(), &format!("sysinv: compute-0 services-disable-failed ({why})"));
        }),
        Case::new(TIMEOUT, "not locking: it goes on", || {
            let mut rig = disabled_with_instance();
            rig.ok("vm-0: live-migrate");
            endless_migration(&mut rig);
            rig.run(961);
            assert!(rig.calls().contains(&"nova: compute-0 forced_down true"), "{:?}", rig.calls());
        }),
    ]
}

/// At the instances that are to be evacuated.
pub(super) fn evacuating() -> Rig {
    let mut rig = rig_with(Plain, "enabled", UP, "");
    rig.add(server("vm-0", H));
    rig.host_is(H, FAILED);
    for call in ["nova: disable", "guest: disable", "nova: hypervisor", "nova: compute-0", "neutron"] {
        rig.ok(call);
    }
    rig.ok("vm-0: reset-state");
    rig.forget();
    rig
}

/// A migration without a limit of its own that goes on and on.
pub(super) fn endless_migration(rig: &mut Rig) {
    rig.change("vm-0", |vm| {
        nova(vm, "active", "migrating", "running");
        vm.live_migration_timeout = Some(0);
    });
    rig.forget();
}

pub(super) fn endless(order: nfv_nfvi::notification::HostOrder) -> Rig {
    assert_eq!(order, Lock);
    let mut rig = locked_with_instance();
    rig.ok("vm-0: live-migrate");
    endless_migration(&mut rig);
    rig
}

/// The limit of what the host waits for.
pub(super) fn limit(rig: &Rig) -> std::time::Duration {
    let wait = rig.vim.waits().into_iter().find(|wait| wait.who == "host compute-0").unwrap().waiting;
    wait.until.since(wait.since)
}
