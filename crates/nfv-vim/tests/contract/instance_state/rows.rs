//! The rows of the states' tables. Contract: vim-behaviour 3.4.

use super::*;

pub(super) fn rows() -> Vec<Row> {
    vec![
        // start
        ("3.4 start / task-completed", "", || silent(unlocked_start()), |rig| rig.ok("vm-0: start"), ("start", &[], &[])),
        (
            "3.4 start / task-failed",
            "",
            || silent(unlocked_start()),
            |rig| rig.nok("vm-0: start", "No valid host."),
            ("initial", &[], &["700.143 Start failed for instance vm-0 on host compute-0, reason = No valid host"]),
        ),
        (
            "3.4 start / nfvi-enabled",
            "while the request is out",
            || silent(unlocked_start()),
            |rig| seen(rig, "active", "none", "running"),
            ("initial", &[], &["700.144 Start complete for instance vm-0 now enabled on host compute-0"]),
        ),
        ("3.4 start / audit, idle", "59 s", start_taken, |rig| audit_after(rig, 59), ("start", &[], &[])),
        (
            "3.4 start / audit, idle",
            "60 s",
            start_taken,
            |rig| audit_after(rig, 60),
            ("initial", &[], &["700.143 Start failed for instance vm-0 on host compute-0, reason = timeout"]),
        ),
        (
            "3.4 start / audit, idle",
            "busy",
            || silent(unlocked_start()),
            |rig| audit_after(rig, 20),
            ("start", &[], &[]),
        ),
        // stop
        (
            "3.4 stop / task-stop",
            "reported as cancelled",
            || silent(locked_stop()),
            |rig| {
                crash(rig);
                rig.nova_answers = true;
                rig.notify(VM);
                rig.run(1);
            },
            (
                "fail",
                &[STOP_CANCELLED],
                &["700.102 Instance vm-0 owned by admin has failed on host compute-0, reason = instance crashed"],
            ),
        ),
        (
            "3.4 stop / nfvi-disabled or audit, when locked and disabled",
            "nfvi-disabled",
            || silent(locked_stop()),
            |rig| seen(rig, "stopped", "none", "shutdown"),
            (
                "initial",
                &[LOCK_GOES_ON],
                &["700.150 Stop complete for instance vm-0 now disabled on host compute-0"],
            ),
        ),
        (
            "3.4 stop / nfvi-disabled or audit, when locked and disabled",
            "disabled, and not locked",
            || silent(locked_stop()),
            |rig| seen(rig, "paused", "none", "paused"),
            ("stop", &[], &["700.120 Pause complete for instance vm-0 now paused on host compute-0"]),
        ),
        (
            "3.4 stop / task-failed",
            "",
            || silent(locked_stop()),
            |rig| rig.nok("vm-0: stop", "Cannot stop."),
            (
                "initial",
                &[STOP_FAILED],
                &["700.149 Stop failed for instance vm-0 on host compute-0, reason = Cannot stop"],
            ),
        ),
        (
            "3.4 stop / audit otherwise",
            "299 s",
            || {
                let mut rig = silent(locked_stop());
                rig.ok("vm-0: stop");
                rig
            },
            |rig| audit_after(rig, 299),
            ("stop", &[], &[]),
        ),
        (
            "3.4 stop / audit otherwise",
            "300 s",
            || {
                let mut rig = silent(locked_stop());
                rig.ok("vm-0: stop");
                rig
            },
            |rig| audit_after(rig, 300),
            (
                "initial",
                &[STOP_LATE],
                &["700.149 Stop failed for instance vm-0 on host compute-0, reason = timeout"],
            ),
        ),
        // live migration
        (
            "3.4 live-migrate / task-stop",
            "nothing is reported: the host waits on",
            locked_live,
            crash,
            (
                "fail",
                &[],
                &["700.102 Instance vm-0 owned by admin has failed on host compute-0, reason = instance crashed"],
            ),
        ),
        (
            "3.4 live-migrate / nfvi-host-changed, host ≠ from",
            "",
            live_under_way,
            arrives,
            (
                "initial",
                &[LOCK_GOES_ON],
                &["700.156 Live-Migrate complete for instance vm-0 now enabled on host compute-1"],
            ),
        ),
        (
            "3.4 live-migrate / nfvi-host-changed, host ≠ from",
            "nothing else changed",
            live_taken,
            |rig| rig.change(VM, |vm| vm.host_name = Some(OTHER.to_owned())),
            ("initial", &[LOCK_GOES_ON], &[]),
        ),
        (
            "3.4 live-migrate / live-migrate-rollback",
            "",
            live_under_way,
            rollback,
            (
                "initial",
                &[LIVE_FAILED],
                &["700.154 Live-Migrate cancelled for instance vm-0 now on host compute-0, reason = no memory"],
            ),
        ),
        (
            "3.4 live-migrate / task-failed",
            "",
            || silent(locked_live()),
            |rig| rig.nok("vm-0: live-migrate", "No valid host was found.\n"),
            (
                "initial",
                &[LIVE_FAILED],
                &["700.155 Live-Migrate failed for instance vm-0 now on host compute-0, reason = No valid host was found"],
            ),
        ),
        (
            "3.4 live-migrate / nfvi-enabled, instance migrating",
            "",
            live_taken,
            |rig| seen(rig, "active", "migrating", "running"),
            ("live-migrate", &[], &["700.152 Live-Migrate inprogress for instance vm-0 from host compute-0"]),
        ),
        (
            "3.4 live-migrate / nfvi-enabled, not migrating, started, host = from",
            "",
            live_under_way,
            |rig| seen(rig, "active", "none", "running"),
            ("initial", &[LIVE_FAILED], &[]),
        ),
        (
            "3.4 live-migrate / nfvi-enabled, not migrating, started, host = from",
            "not started: it may still come",
            || {
                let mut rig = silent(crate::scene::cloud_with(|vm| nova(vm, "paused", "none", "paused")));
                crate::scene::lock(&mut rig);
                rig.ok("vm-0: live-migrate");
                rig.forget();
                rig
            },
            |rig| seen(rig, "active", "none", "running"),
            ("live-migrate", &[], &["700.101 Instance vm-0 is enabled on host compute-0"]),
        ),
        (
            "3.4 live-migrate / audit, host ≠ from",
            "Nova shows it there",
            live_taken,
            |rig| {
                rig.run(20);
                rig.change(VM, |vm| vm.host_name = Some(OTHER.to_owned()));
            },
            ("initial", &[LOCK_GOES_ON], &[]),
        ),
        (
            "3.4 live-migrate / audit, idle and not migrating",
            "the first one begins to count",
            live_taken,
            |rig| audit_after(rig, 100),
            ("live-migrate", &[], &[]),
        ),
        (
            "3.4 live-migrate / audit, idle and not migrating",
            "59 s later",
            live_taken,
            |rig| {
                audit_after(rig, 20);
                audit_after(rig, 59);
            },
            ("live-migrate", &[], &[]),
        ),
        (
            "3.4 live-migrate / audit, idle and not migrating",
            "60 s later",
            live_taken,
            |rig| {
                audit_after(rig, 20);
                audit_after(rig, 60);
            },
            (
                "initial",
                &[LIVE_LATE],
                &["700.155 Live-Migrate failed for instance vm-0 now on host compute-0, reason = timeout"],
            ),
        ),
        (
            "3.4 live-migrate / audit otherwise",
            "859 s",
            live_under_way,
            |rig| audit_after(rig, 859),
            ("live-migrate", &[], &[]),
        ),
        (
            "3.4 live-migrate / audit otherwise",
            "860 s",
            live_under_way,
            |rig| audit_after(rig, 860),
            (
                "initial",
                &[LIVE_LATE],
                &["700.155 Live-Migrate failed for instance vm-0 now on host compute-0, reason = timeout"],
            ),
        ),
        (
            "3.4 live-migrate / audit otherwise",
            "no limit of its own",
            || {
                let mut rig = silent(user_action(ActionType::LiveMigrate, |vm| vm.live_migration_timeout = Some(0)));
                rig.ok("vm-0: live-migrate");
                seen(&mut rig, "active", "migrating", "running");
                rig.forget();
                rig
            },
            |rig| audit_after(rig, 9000),
            ("live-migrate", &[], &[]),
        ),
        // cold migration
        (
            "3.4 cold-migrate / task-stop",
            "",
            locked_cold,
            crash,
            (
                "fail",
                &[],
                &["700.102 Instance vm-0 owned by admin has failed on host compute-0, reason = instance crashed"],
            ),
        ),
        (
            "3.4 cold-migrate / nfvi-resized",
            "confirmed at once",
            || {
                let mut rig = cold_taken();
                seen(&mut rig, "active", "resize_migrating", "running");
                rig.nova_answers = true;
                rig.forget();
                rig
            },
            |rig| {
                rig.change(VM, |vm| {
                    nova(vm, "resized", "none", "running");
                    vm.host_name = Some(OTHER.to_owned());
                });
            },
            ("cold-migrate-confirm", &[LOCK_GOES_ON, "vm-0: confirm-resize"], &[]),
        ),
        (
            "3.4 cold-migrate / task-completed",
            "a user's",
            || user_action(ActionType::ColdMigrate, |_| {}),
            |rig| rig.ok("vm-0: cold-migrate"),
            ("initial", &[], &[]),
        ),
        (
            "3.4 cold-migrate / task-completed",
            "the system's",
            locked_cold,
            |rig| rig.ok("vm-0: cold-migrate"),
            ("cold-migrate", &[], &[]),
        ),
        (
            "3.4 cold-migrate / task-failed",
            "",
            locked_cold,
            |rig| rig.nok("vm-0: cold-migrate", "No valid host."),
            (
                "initial",
                &[LIVE_FAILED],
                &["700.161 Cold-Migrate failed for instance vm-0 now on host compute-0, reason = No valid host"],
            ),
        ),
        (
            "3.4 cold-migrate / audit, idle and not resizing",
            "59 s after the first",
            cold_taken,
            |rig| {
                audit_after(rig, 20);
                audit_after(rig, 59);
            },
            ("cold-migrate", &[], &[]),
        ),
        (
            "3.4 cold-migrate / audit, idle and not resizing",
            "60 s after it: reported as a migration (docs/differences.md)",
            cold_taken,
            |rig| {
                audit_after(rig, 20);
                audit_after(rig, 60);
            },
            (
                "initial",
                &[LIVE_LATE],
                &["700.161 Cold-Migrate failed for instance vm-0 now on host compute-0, reason = timeout"],
            ),
        ),
        (
            "3.4 cold-migrate / audit otherwise",
            "899 s",
            || {
                let mut rig = cold_taken();
                seen(&mut rig, "active", "resize_migrating", "running");
                rig.forget();
                rig
            },
            |rig| audit_after(rig, 899),
            ("cold-migrate", &[], &[]),
        ),
        (
            "3.4 cold-migrate / audit otherwise",
            "900 s",
            || {
                let mut rig = cold_taken();
                seen(&mut rig, "active", "resize_migrating", "running");
                rig.forget();
                rig
            },
            |rig| audit_after(rig, 900),
            (
                "initial",
                &[LIVE_LATE],
                &["700.161 Cold-Migrate failed for instance vm-0 now on host compute-0, reason = timeout"],
            ),
        ),
        // evacuation
        (
            "3.4 evacuate / task-stop",
            "Nova shows it deleted",
            || silent(failed_host()),
            |rig| rig.nova(VM, "deleted", "none", "shutdown"),
            ("initial", &[EVACUATION_ENDED], &["700.114 Deleted instance vm-0 owned by admin"]),
        ),
        (
            "3.4 evacuate / nfvi-enabled / nfvi-disabled / nfvi-host-changed, host ≠ fro",
            "enabled",
            evacuation_under_way,
            arrives,
            (
                "initial",
                &[EVACUATION_ENDED],
                &["700.180 Evacuate complete for instance vm-0 now enabled on host compute-1"],
            ),
        ),
        (
            "3.4 evacuate / nfvi-enabled / nfvi-disabled / nfvi-host-changed, host ≠ fro",
            "disabled",
            evacuation_under_way,
            |rig| {
                rig.change(VM, |vm| {
                    nova(vm, "error", "none", "running");
                    vm.host_name = Some(OTHER.to_owned());
                });
            },
            (
                "initial",
                &[EVACUATION_ENDED],
                &["700.179 Evacuate failed for instance vm-0 on host compute-1"],
            ),
        ),
        (
            "3.4 evacuate / nfvi-enabled / nfvi-disabled / nfvi-host-changed, host ≠ fro",
            "host changed, and still rebuilding",
            evacuation_under_way,
            |rig| rig.change(VM, |vm| vm.host_name = Some(OTHER.to_owned())),
            ("evacuate", &[], &[]),
        ),
        (
            "3.4 evacuate / nfvi-disabled, rebuilding",
            "",
            evacuation_taken,
            |rig| seen(rig, "error", "rebuilding", "running"),
            ("evacuate", &[], &["700.176 Evacuating instance vm-0 owned by admin from host compute-0"]),
        ),
        (
            "3.4 evacuate / nfvi-disabled, not rebuilding, started, host = from",
            "",
            evacuation_under_way,
            |rig| seen(rig, "error", "none", "running"),
            (
                "initial",
                &[EVACUATION_ENDED],
                &["700.179 Evacuate failed for instance vm-0 on host compute-0"],
            ),
        ),
        (
            "3.4 evacuate / task-failed",
            "",
            || silent(evacuation()),
            |rig| rig.nok("vm-0: evacuate", "No valid host."),
            (
                "initial",
                &[EVACUATION_ENDED],
                &["700.179 Evacuate failed for instance vm-0 on host compute-0, reason = No valid host"],
            ),
        ),
        (
            "3.4 evacuate / audit, host ≠ from and not rebuilding",
            "it arrives without a change of state",
            evacuation_taken,
            |rig| {
                rig.run(20);
                rig.change(VM, |vm| vm.host_name = Some(OTHER.to_owned()));
            },
            ("initial", &[EVACUATION_ENDED], &[]),
        ),
        (
            "3.4 evacuate / audit, idle and not rebuilding",
            "119 s after the first",
            evacuation_taken,
            |rig| {
                audit_after(rig, 20);
                audit_after(rig, 119);
            },
            ("evacuate", &[], &[]),
        ),
        (
            "3.4 evacuate / audit, idle and not rebuilding",
            "120 s after it",
            evacuation_taken,
            |rig| {
                audit_after(rig, 20);
                audit_after(rig, 120);
            },
            (
                "initial",
                &[EVACUATION_ENDED],
                &["700.179 Evacuate failed for instance vm-0 on host compute-0, reason = timeout"],
            ),
        ),
        (
            "3.4 evacuate / audit otherwise",
            "899 s",
            evacuation_under_way,
            |rig| audit_after(rig, 899),
            ("evacuate", &[], &[]),
        ),
        (
            "3.4 evacuate / audit otherwise",
            "900 s",
            evacuation_under_way,
            |rig| audit_after(rig, 900),
            (
                "initial",
                &[EVACUATION_ENDED],
                &["700.179 Evacuate failed for instance vm-0 on host compute-0, reason = timeout"],
            ),
        ),
        // fail
        (
            "3.4 fail",
            "completed, and not seen failed yet",
            || silent(failing()),
            |rig| rig.ok("vm-0: reset-state"),
            ("fail", &[], &[]),
        ),
        (
            "3.4 fail",
            "nfvi-disabled, idle and failed",
            || {
                let mut rig = silent(failing());
                rig.ok("vm-0: reset-state");
                rig
            },
            |rig| seen(rig, "error", "none", "running"),
            ("initial", &[], &["700.102 Instance vm-0 owned by admin has failed on host compute-0, reason = host booting"]),
        ),
        (
            "3.4 fail",
            "nfvi-disabled, busy; then completed, and failed",
            || {
                let mut rig = silent(failing());
                seen(&mut rig, "error", "none", "running");
                assert_eq!(rig.action(VM), "fail");
                rig.forget();
                rig
            },
            |rig| rig.ok("vm-0: reset-state"),
            ("initial", &[], &[]),
        ),
        ("3.4 fail", "task-failed", || silent(failing()), |rig| rig.nok("vm-0: reset-state", "no"), ("initial", &[], &[])),
        (
            "3.4 fail",
            "task-stop",
            || silent(failing()),
            |rig| rig.nova(VM, "deleted", "none", "shutdown"),
            ("initial", &[], &["700.114 Deleted instance vm-0 owned by admin"]),
        ),
        // delete
        (
            "3.4 delete",
            "task-completed",
            cloud,
            |rig| rig.nova(VM, "deleted", "none", "shutdown"),
            ("initial", &[], &["700.114 Deleted instance vm-0 owned by admin"]),
        ),
        // rebuild
        (
            "3.4 rebuild",
            "task-completed",
            || user_action(ActionType::Rebuild, |_| {}),
            |rig| rig.ok("vm-0: rebuild"),
            ("initial", &[], &[]),
        ),
        (
            "3.4 rebuild",
            "task-failed",
            || user_action(ActionType::Rebuild, |_| {}),
            |rig| rig.nok("vm-0: rebuild", "no"),
            ("initial", &[], &["700.191 Rebuild failed for instance vm-0 on host compute-0, reason = no"]),
        ),
        (
            "3.4 rebuild",
            "everything else",
            || silent(user_action(ActionType::Rebuild, |_| {})),
            |rig| {
                audit_after(rig, 20);
                rig.change(VM, |vm| vm.host_name = Some(OTHER.to_owned()));
            },
            ("rebuild", &[], &[]),
        ),
    ]
}
