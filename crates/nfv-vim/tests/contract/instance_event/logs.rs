//! Which log an event leads to. Contract: vim-behaviour 8.6.

use super::*;

pub(super) const FAILED_LOG: &str = "700.102 Instance vm-0 owned by admin has failed on host compute-0";
pub(super) const FAILED_THERE: &str = "700.102 Instance vm-0 owned by admin has failed on host compute-1";

/// Logs with one of these are issued when an action that was begun fails.
pub(super) fn group_a() -> Vec<LogRow> {
    let paused = || cloud_with(|vm| nova(vm, "paused", "none", "paused"));
    let suspended = || cloud_with(|vm| nova(vm, "suspended", "none", "running"));
    let stopped = || cloud_with(|vm| nova(vm, "stopped", "none", "shutdown"));
    let error_there = There("error", "none", "running");
    vec![
        (
            "8.6 live-migrating, F = H",
            "",
            cloud,
            vec![Nova("active", "migrating", "running"), ERROR],
            vec!["700.155 Live-Migrate failed for instance vm-0 now on host compute-0", FAILED_LOG],
        ),
        (
            "8.6 live-migrating, F = H",
            "it moved",
            cloud,
            vec![Nova("active", "migrating", "running"), error_there.clone()],
            vec![FAILED_THERE],
        ),
        (
            "8.6 cold-migrating, F = H",
            "",
            cloud,
            vec![User(A::ColdMigrate), Taken, Nova("active", "resize_prep", "running"), ERROR],
            vec!["700.161 Cold-Migrate failed for instance vm-0 now on host compute-0", FAILED_LOG],
        ),
        (
            "8.6 cold-migrate-confirm-begin",
            "",
            cloud,
            then(resized_by(A::ColdMigrate), &[User(A::ConfirmResize), error_there.clone()]),
            vec!["700.167 Cold-Migrate-Confirm failed for instance vm-0 on host compute-1", FAILED_THERE],
        ),
        (
            "8.6 cold-migrate-revert-begin, -reverting",
            "begun",
            cloud,
            then(resized_by(A::ColdMigrate), &[User(A::RevertResize), error_there.clone()]),
            vec!["700.173 Cold-Migrate-Revert failed for instance vm-0 on host compute-1", FAILED_THERE],
        ),
        (
            "8.6 cold-migrate-revert-begin, -reverting",
            "under way",
            cloud,
            then(
                resized_by(A::ColdMigrate),
                &[User(A::RevertResize), There("resized", "resize_reverting", "running"), error_there.clone()],
            ),
            vec!["700.173 Cold-Migrate-Revert failed for instance vm-0 on host compute-1", FAILED_THERE],
        ),
        (
            "8.6 resize-confirm-begin",
            "",
            cloud,
            then(resized_by(A::Resize), &[User(A::ConfirmResize), error_there.clone()]),
            vec!["700.203 Resize-Confirm failed for instance vm-0 on host compute-1", FAILED_THERE],
        ),
        (
            "8.6 resize-revert-begin, -reverting",
            "begun",
            cloud,
            then(resized_by(A::Resize), &[User(A::RevertResize), error_there.clone()]),
            vec!["700.209 Resize-Revert failed for instance vm-0 on host compute-1", FAILED_THERE],
        ),
        (
            "8.6 resize-revert-begin, -reverting",
            "under way",
            cloud,
            then(
                resized_by(A::Resize),
                &[User(A::RevertResize), There("resized", "resize_reverting", "running"), error_there.clone()],
            ),
            vec!["700.209 Resize-Revert failed for instance vm-0 on host compute-1", FAILED_THERE],
        ),
        (
            "8.6 unpause-begin / resume-begin / start-begin",
            "unpause",
            paused,
            vec![User(A::Unpause), ERROR],
            vec!["700.125 Unpause failed for instance vm-0 on host compute-0", FAILED_LOG],
        ),
        (
            "8.6 unpause-begin / resume-begin / start-begin",
            "resume",
            suspended,
            vec![User(A::Resume), ERROR],
            vec!["700.137 Resume failed for instance vm-0 on host compute-0", FAILED_LOG],
        ),
        (
            "8.6 unpause-begin / resume-begin / start-begin",
            "start",
            stopped,
            vec![User(A::Start), ERROR],
            vec!["700.143 Start failed for instance vm-0 on host compute-0", FAILED_LOG],
        ),
        (
            "8.6 reboot-begin, rebooting",
            "begun",
            cloud,
            vec![User(A::Reboot), ERROR],
            vec!["700.185 Reboot failed for instance vm-0 on host compute-0", FAILED_LOG],
        ),
        (
            "8.6 reboot-begin, rebooting",
            "under way",
            cloud,
            vec![User(A::Reboot), Nova("active", "rebooting", "running"), ERROR],
            vec!["700.185 Reboot failed for instance vm-0 on host compute-0", FAILED_LOG],
        ),
        (
            "8.6 evacuate-begin, evacuating",
            "begun",
            failed_host,
            vec![Nova("error", "none", "paused")],
            vec![
                "700.179 Evacuate failed for instance vm-0 on host compute-0",
                "700.120 Pause complete for instance vm-0 now paused on host compute-0",
            ],
        ),
        (
            "8.6 evacuate-begin, evacuating",
            "under way",
            failed_host,
            vec![Nova("error", "rebuilding", "running"), Nova("error", "none", "running")],
            vec!["700.179 Evacuate failed for instance vm-0 on host compute-0"],
        ),
        (
            "8.6 rebuild-begin, rebuilding",
            "begun",
            cloud,
            vec![User(A::Rebuild), ERROR],
            vec!["700.191 Rebuild failed for instance vm-0 on host compute-0", FAILED_LOG],
        ),
        (
            "8.6 rebuild-begin, rebuilding",
            "under way",
            cloud,
            vec![User(A::Rebuild), Nova("active", "rebuilding", "running"), ERROR],
            vec!["700.191 Rebuild failed for instance vm-0 on host compute-0", FAILED_LOG],
        ),
        (
            "8.6 deleting",
            "",
            cloud,
            vec![Deleting, ERROR],
            vec!["700.113 Delete failed for instance vm-0 on host compute-0", FAILED_LOG],
        ),
    ]
}

pub(super) fn group_b() -> Vec<LogRow> {
    vec![
        (
            "8.6 locked, was not",
            "",
            cloud,
            vec![Nova("stopped", "none", "shutdown")],
            vec!["700.150 Stop complete for instance vm-0 now disabled on host compute-0"],
        ),
        (
            "8.6 locked, was not",
            "was",
            cloud,
            vec![Nova("stopped", "none", "shutdown"), Nova("stopped", "powering-on", "shutdown")],
            vec![],
        ),
        (
            "8.6 failed, was not: no host",
            "",
            cloud,
            vec![Nowhere("error", "none", "running")],
            vec!["700.102 Instance vm-0 owned by admin has failed to schedule"],
        ),
        (
            "8.6 … action running and last event deleting",
            "",
            cloud,
            vec![Deleting, Nova("error", "deleting", "running")],
            vec!["700.113 Delete failed for instance vm-0 on host compute-0"],
        ),
        ("8.6 … otherwise", "", cloud, vec![ERROR], vec![FAILED_LOG]),
        (
            "8.6 … otherwise",
            "with its reason",
            cloud,
            vec![Nova("active", "none", "crashed")],
            vec!["700.102 Instance vm-0 owned by admin has failed on host compute-0, reason = instance crashed"],
        ),
        ("8.6 … otherwise", "was failed", cloud, vec![ERROR, Nova("error", "none", "pending")], vec![]),
        (
            "8.6 paused, was not",
            "",
            cloud,
            vec![Nova("paused", "none", "paused")],
            vec!["700.120 Pause complete for instance vm-0 now paused on host compute-0"],
        ),
        (
            "8.6 suspended, was not",
            "",
            cloud,
            vec![Nova("suspended", "none", "running")],
            vec!["700.132 Suspend complete for instance vm-0 now suspended on host compute-0"],
        ),
    ]
}

pub(super) fn group_c() -> Vec<LogRow> {
    let paused = || cloud_with(|vm| nova(vm, "paused", "none", "paused"));
    let suspended = || cloud_with(|vm| nova(vm, "suspended", "none", "running"));
    let stopped = || cloud_with(|vm| nova(vm, "stopped", "none", "shutdown"));
    let back = ACTIVE;
    let there = There("active", "none", "running");
    const RESIZING: &str = "8.6 resizing / cold-migrate-begin / cold-migrate-revert-begin / resize-begi";
    const RESIZED: &str = "8.6 resized / cold-migrate-revert-begin / resize-begin / resizing";
    const STARTED: &str = "8.6 enabled, no action / unpause-begin / resume-begin / start-begin";
    const ELSE: &str = "8.6 enabled, no action / else, \"enabling\", and last event none of live-migrated/-fail";
    vec![
        (
            "8.6 rebooting / any",
            "",
            cloud,
            vec![Nova("active", "rebooting", "running")],
            vec!["700.182 Reboot inprogress for instance vm-0 on host compute-0"],
        ),
        (
            "8.6 rebooting / any",
            "told once",
            cloud,
            vec![Nova("active", "rebooting", "running"), Nova("error", "rebooting", "running")],
            vec![FAILED_LOG],
        ),
        (
            "8.6 rebuilding / evacuate-begin / rebuild-begin",
            "evacuation",
            failed_host,
            vec![Nova("error", "rebuilding", "running")],
            vec!["700.176 Evacuating instance vm-0 owned by admin from host compute-0"],
        ),
        (
            "8.6 rebuilding / evacuate-begin / rebuild-begin",
            "rebuild",
            cloud,
            vec![User(A::Rebuild), Nova("active", "rebuilding", "running")],
            vec!["700.188 Rebuild inprogress for instance vm-0 on host compute-0"],
        ),
        (
            "8.6 rebuilding / evacuate-begin / rebuild-begin",
            "neither",
            cloud,
            vec![Nova("active", "rebuilding", "running")],
            vec![],
        ),
        (
            "8.6 migrating / any",
            "",
            cloud,
            vec![Nova("active", "migrating", "running")],
            vec!["700.152 Live-Migrate inprogress for instance vm-0 from host compute-0"],
        ),
        (
            RESIZING,
            "cold migration",
            cloud,
            vec![User(A::ColdMigrate), Nova("active", "resize_prep", "running")],
            vec!["700.158 Cold-Migrate inprogress for instance vm-0 from host compute-0"],
        ),
        (
            RESIZING,
            "its revert",
            cloud,
            then(resized_by(A::ColdMigrate), &[User(A::RevertResize), There("resized", "resize_reverting", "running")]),
            vec!["700.170 Cold-Migrate-Revert inprogress for instance vm-0 from host compute-1"],
        ),
        (
            RESIZING,
            "resize",
            cloud,
            vec![User(A::Resize), Nova("active", "resize_prep", "running")],
            vec!["700.194 Resize inprogress for instance vm-0 on host compute-0"],
        ),
        (
            RESIZING,
            "its revert",
            cloud,
            then(resized_by(A::Resize), &[User(A::RevertResize), There("resized", "resize_reverting", "running")]),
            vec!["700.206 Resize-Revert inprogress for instance vm-0 on host compute-1"],
        ),
        (RESIZING, "none of them", cloud, vec![Nova("active", "resize_prep", "running")], vec![]),
        (
            "8.6 resized / cold-migrate-begin",
            "the host where it began is not known",
            cloud,
            vec![User(A::ColdMigrate), There("resized", "none", "running")],
            vec!["700.158 Cold-Migrate inprogress for instance vm-0 from host None"],
        ),
        (
            "8.6 resized / cold-migrating, action from CLI, F ≠ H",
            "",
            cloud,
            resized_by(A::ColdMigrate),
            vec![
                "700.162 Cold-Migrate complete for instance vm-0 now enabled on host compute-1 waiting for confirmation",
            ],
        ),
        (
            "8.6 resized / cold-migrating, action from CLI, F ≠ H",
            "on the same host",
            cloud,
            vec![User(A::ColdMigrate), Taken, Nova("active", "resize_prep", "running"), Nova("resized", "none", "running")],
            vec![],
        ),
        (
            RESIZED,
            "revert of a cold migration",
            cloud,
            then(resized_by(A::ColdMigrate), &[User(A::RevertResize), There("resized", "powering-on", "running")]),
            vec!["700.170 Cold-Migrate-Revert inprogress for instance vm-0 from host compute-0"],
        ),
        (
            RESIZED,
            "resize begun",
            cloud,
            vec![User(A::Resize), Taken, Nova("resized", "none", "running")],
            vec!["700.194 Resize inprogress for instance vm-0 on host compute-0"],
        ),
        (
            RESIZED,
            "resizing",
            cloud,
            vec![User(A::Resize), Taken, Nova("active", "resize_prep", "running"), Resized("resized", "none", "running")],
            vec!["700.198 Resize complete for instance vm-0 enabled on host compute-0 waiting for confirmation"],
        ),
        (
            "8.6 enabled, no action / live-migrating, F ≠ H",
            "",
            cloud,
            vec![Nova("active", "migrating", "running"), there.clone()],
            vec!["700.156 Live-Migrate complete for instance vm-0 now enabled on host compute-1"],
        ),
        (
            "8.6 enabled, no action / live-migrating, F ≠ H",
            "on the same host",
            cloud,
            vec![Nova("active", "migrating", "running"), back.clone()],
            vec![],
        ),
        (
            "8.6 enabled, no action / cold-migrating, F ≠ H",
            "nothing is appended",
            cloud,
            vec![User(A::ColdMigrate), Taken, Nova("active", "resize_prep", "running"), there.clone()],
            vec!["700.162 Cold-Migrate complete for instance vm-0 now enabled on host compute-1 "],
        ),
        (
            "8.6 enabled, no action / cold-migrate-confirm-begin",
            "",
            cloud,
            then(resized_by(A::ColdMigrate), &[User(A::ConfirmResize), there.clone()]),
            vec!["700.168 Cold-Migrate-Confirm complete for instance vm-0 enabled on host compute-1"],
        ),
        (
            "8.6 enabled, no action / cold-migrate-revert-begin, -reverting",
            "begun",
            cloud,
            then(resized_by(A::ColdMigrate), &[User(A::RevertResize), back.clone()]),
            vec!["700.174 Cold-Migrate-Revert complete for instance vm-0 now enabled on host compute-1"],
        ),
        (
            "8.6 enabled, no action / cold-migrate-revert-begin, -reverting",
            "under way",
            cloud,
            then(
                resized_by(A::ColdMigrate),
                &[User(A::RevertResize), There("resized", "resize_reverting", "running"), back.clone()],
            ),
            vec!["700.174 Cold-Migrate-Revert complete for instance vm-0 now enabled on host compute-1"],
        ),
        (
            "8.6 enabled, no action / resizing, flavor name unchanged",
            "",
            cloud,
            vec![User(A::Resize), Taken, Nova("active", "resize_prep", "running"), back.clone()],
            vec!["700.197 Resize failed for instance vm-0 on host compute-0"],
        ),
        (
            "8.6 enabled, no action / resizing, flavor name unchanged",
            "changed",
            cloud,
            vec![User(A::Resize), Taken, Nova("active", "resize_prep", "running"), Resized("active", "none", "running")],
            vec![],
        ),
        (
            "8.6 enabled, no action / resize-confirm-begin",
            "",
            cloud,
            then(resized_by(A::Resize), &[User(A::ConfirmResize), there.clone()]),
            vec!["700.204 Resize-Confirm complete for instance vm-0 enabled on host compute-1"],
        ),
        (
            "8.6 enabled, no action / resize-revert-begin, -reverting",
            "begun",
            cloud,
            then(resized_by(A::Resize), &[User(A::RevertResize), there.clone()]),
            vec!["700.210 Resize-Revert complete for instance vm-0 enabled on host compute-1"],
        ),
        (
            "8.6 enabled, no action / resize-revert-begin, -reverting",
            "under way",
            cloud,
            then(
                resized_by(A::Resize),
                &[User(A::RevertResize), There("resized", "resize_reverting", "running"), there.clone()],
            ),
            vec!["700.210 Resize-Revert complete for instance vm-0 enabled on host compute-1"],
        ),
        (
            STARTED,
            "unpause",
            paused,
            vec![User(A::Unpause), back.clone()],
            vec!["700.126 Unpause complete for instance vm-0 now enabled on host compute-0"],
        ),
        (
            STARTED,
            "resume",
            suspended,
            vec![User(A::Resume), back.clone()],
            vec!["700.138 Resume complete for instance vm-0 now enabled on host compute-0"],
        ),
        (
            STARTED,
            "start",
            stopped,
            vec![User(A::Start), back.clone()],
            vec!["700.144 Start complete for instance vm-0 now enabled on host compute-0"],
        ),
        (
            "8.6 enabled, no action / reboot-begin, rebooting",
            "begun",
            || cloud_with(|vm| nova(vm, "active", "powering-on", "running")),
            vec![User(A::Reboot), back.clone()],
            vec!["700.186 Reboot complete for instance vm-0 now enabled on host compute-0"],
        ),
        (
            "8.6 enabled, no action / reboot-begin, rebooting",
            "under way",
            cloud,
            vec![User(A::Reboot), Nova("active", "rebooting", "running"), back.clone()],
            vec!["700.186 Reboot complete for instance vm-0 now enabled on host compute-0"],
        ),
        (
            "8.6 enabled, no action / evacuate-begin, evacuating",
            "under way",
            failed_host,
            vec![Nova("error", "rebuilding", "running"), there.clone()],
            vec!["700.180 Evacuate complete for instance vm-0 now enabled on host compute-1"],
        ),
        (
            "8.6 enabled, no action / evacuate-begin, evacuating",
            "begun",
            failed_host,
            vec![there.clone()],
            vec!["700.180 Evacuate complete for instance vm-0 now enabled on host compute-1"],
        ),
        (
            "8.6 enabled, no action / rebuild-begin, rebuilding",
            "begun",
            || cloud_with(|vm| nova(vm, "error", "none", "running")),
            vec![User(A::Rebuild), back.clone()],
            vec!["700.192 Rebuild complete for instance vm-0 now enabled on host compute-0"],
        ),
        (
            "8.6 enabled, no action / rebuild-begin, rebuilding",
            "under way",
            cloud,
            vec![User(A::Rebuild), Nova("active", "rebuilding", "running"), back.clone()],
            vec!["700.192 Rebuild complete for instance vm-0 now enabled on host compute-0"],
        ),
        (ELSE, "", paused, vec![back.clone()], vec!["700.101 Instance vm-0 is enabled on host compute-0"]),
        (
            ELSE,
            "after a live migration",
            cloud,
            vec![
                Nova("active", "migrating", "running"),
                there,
                There("active", "none", "pending"),
                There("active", "none", "running"),
            ],
            vec![],
        ),
        (ELSE, "enabled before", || cloud_with(|vm| nova(vm, "active", "powering-on", "running")), vec![back], vec![]),
    ]
}
