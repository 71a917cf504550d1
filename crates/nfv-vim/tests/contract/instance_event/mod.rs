//! vim-behaviour 8.3, 8.6: which alarm an instance has, and which event log a change of it issues, with their texts.

mod logs;

use logs::{group_a, group_b, group_c};
use crate::case::{Case, Elsewhere};
use crate::rig::{Rig, Setup, TENANT, UP, host, nova, server};
use crate::scene::{H, OTHER, VM, cloud, cloud_with, failed_host, silent, user, user_with};
use nfv_nfvi::Notification;
use nfv_nfvi::object::{ActionParameters, ActionType as A};

pub const ELSEWHERE: &[Elsewhere] = &[];

/// One thing that happens.
#[derive(Clone)]
enum Do {
    /// A user asks for an action.
    User(A),
    /// Nova took it.
    Taken,
    /// Nova shows these states.
    Nova(&'static str, &'static str, &'static str),
    /// And on the other host.
    There(&'static str, &'static str, &'static str),
    /// And on no host.
    Nowhere(&'static str, &'static str, &'static str),
    /// With another flavor.
    Resized(&'static str, &'static str, &'static str),
    /// Nova begins to delete it.
    Deleting,
    /// Seconds pass.
    Wait(u64),
}
use Do::{Deleting, Nova, Nowhere, Resized, Taken, There, User, Wait};

fn play(rig: &mut Rig, steps: &[Do]) {
    for step in steps {
        rig.forget();
        match step.clone() {
            User(action) => {
                let parameters = ActionParameters {
                    instance_type_uuid: (action == A::Resize).then(|| "flavor-2".to_owned()),
                    instance_image_uuid: (action == A::Rebuild).then(|| "image-2".to_owned()),
                    ..ActionParameters::default()
                };
                assert_eq!(user_with(rig, action, parameters), None);
            }
            Taken => rig.ok("vm-0"),
            Nova(vm, task, power) => rig.nova(VM, vm, task, power),
            There(vm, task, power) => rig.change(VM, |server| {
                nova(server, vm, task, power);
                server.host_name = Some(OTHER.to_owned());
            }),
            Nowhere(vm, task, power) => rig.change(VM, |server| {
                nova(server, vm, task, power);
                server.host_name = None;
            }),
            Resized(vm, task, power) => rig.change(VM, |server| {
                nova(server, vm, task, power);
                server.instance_type.as_mut().unwrap().original_name = "large".to_owned();
            }),
            Deleting => rig.say(Notification::InstanceDelete { uuid: VM.to_owned() }),
            Wait(seconds) => rig.run(seconds),
        }
    }
}

const ACTIVE: Do = Nova("active", "none", "running");
const ERROR: Do = Nova("error", "none", "running");

/// Row, side, steps, alarm with its text after them; none for no alarm.
type AlarmRow = (&'static str, &'static str, Vec<Do>, Option<(&'static str, &'static str)>);

fn resized_by(action: A) -> Vec<Do> {
    let task = if action == A::Resize { "resize_migrating" } else { "resize_prep" };
    vec![User(action), Taken, Nova("active", task, "running"), There("resized", "none", "running")]
}

fn then(mut steps: Vec<Do>, more: &[Do]) -> Vec<Do> {
    steps.extend_from_slice(more);
    steps
}

fn alarms() -> Vec<AlarmRow> {
    let some = |alarm, text| Some((alarm, text));
    vec![
        (
            "8.3 1 / locked",
            "",
            vec![Nova("stopped", "none", "shutdown")],
            some("instance-stopped", "Instance vm-0 owned by admin is stopped on host compute-0"),
        ),
        (
            "8.3 2 / failed, no host",
            "",
            vec![Nowhere("error", "none", "running")],
            some("instance-scheduling-failed", "Instance vm-0 owned by admin has failed to schedule"),
        ),
        ("8.3 3 / failed", "", vec![ERROR], some("instance-failed", "Instance vm-0 owned by admin has failed on host compute-0")),
        ("8.3 4 / paused", "9 s", vec![Nova("paused", "none", "paused"), Wait(9)], None),
        (
            "8.3 4 / paused",
            "10 s, at the next look",
            vec![Nova("paused", "none", "paused"), Wait(80)],
            some("instance-paused", "Instance vm-0 owned by admin is paused on host compute-0"),
        ),
        (
            "8.3 5 / suspended",
            "",
            vec![Nova("suspended", "none", "running")],
            some("instance-suspended", "Instance vm-0 owned by admin is suspended on host compute-0"),
        ),
        (
            "8.3 6 / rebooting",
            "",
            vec![Nova("active", "rebooting", "running")],
            some("instance-rebooting", "Instance vm-0 owned by admin is rebooting on host compute-0"),
        ),
        (
            "8.3 7 / rebuilding",
            "",
            vec![Nova("active", "rebuilding", "running")],
            some("instance-rebuilding", "Instance vm-0 owned by admin is rebuilding on host compute-0"),
        ),
        (
            "8.3 8 / migrating",
            "",
            vec![Nova("active", "migrating", "running")],
            some("instance-live-migrating", "Instance vm-0 owned by admin is live migrating from host compute-0"),
        ),
        (
            "8.3 9 / resizing, last event cold-migrate-begin/cold-migrating or th",
            "begun",
            vec![User(A::ColdMigrate), Nova("active", "resize_prep", "running")],
            some("instance-cold-migrating", "Instance vm-0 owned by admin is cold migrating from host compute-0"),
        ),
        (
            "8.3 9 / resizing, last event cold-migrate-begin/cold-migrating or th",
            "the alarm is up",
            vec![
                User(A::ColdMigrate),
                Nova("active", "resize_prep", "running"),
                Deleting,
                Nova("active", "resize_prep", "pending"),
            ],
            some("instance-cold-migrating", "Instance vm-0 owned by admin is cold migrating from host compute-0"),
        ),
        (
            "8.3 9 / resizing, last event cold-migrate-revert-begin/-reverting or",
            "",
            then(resized_by(A::ColdMigrate), &[User(A::RevertResize), There("active", "resize_reverting", "running")]),
            some("instance-cold-migrate-reverting", "Instance vm-0 owned by admin is reverting cold migrate to host compute-1"),
        ),
        (
            "8.3 9 / resizing, last event resize-begin/resizing or that alarm up",
            "",
            vec![User(A::Resize), Nova("active", "resize_prep", "running")],
            some("instance-resizing", "Instance vm-0 owned by admin is resizing on host compute-0"),
        ),
        (
            "8.3 9 / resizing, else",
            "",
            vec![Nova("active", "resize_prep", "running")],
            some("instance-resize-reverting", "Instance vm-0 owned by admin is reverting resize on host compute-0"),
        ),
        (
            "8.3 10 / resized, last event cold-migrate-begin",
            "",
            vec![User(A::ColdMigrate), There("resized", "none", "running")],
            some("instance-cold-migrating", "Instance vm-0 owned by admin is cold migrating from host None"),
        ),
        (
            "8.3 10 / resized, last event cold-migrating or that alarm up",
            "a user's",
            resized_by(A::ColdMigrate),
            some("instance-cold-migrated", "Instance vm-0 owned by admin has been cold-migrated to host compute-1 waiting for confirmation"),
        ),
        (
            "8.3 10 / resized, last event cold-migrate-revert-begin/-reverting or",
            "",
            then(resized_by(A::ColdMigrate), &[User(A::RevertResize), There("resized", "none", "paused")]),
            None,
        ),
        (
            "8.3 10 / resized, alarm cold-migrated up",
            "a log of something else came between",
            then(resized_by(A::ColdMigrate), &[Deleting, There("resized", "powering-on", "running")]),
            some("instance-cold-migrated", "Instance vm-0 owned by admin has been cold-migrated to host compute-1 waiting for confirmation"),
        ),
        (
            "8.3 10 / resized, last event resize-revert-begin/-reverting",
            "",
            then(resized_by(A::Resize), &[User(A::RevertResize), There("resized", "powering-on", "running")]),
            some("instance-resize-reverting", "Instance vm-0 owned by admin is reverting resize on host compute-1"),
        ),
        (
            "8.3 10 / resized, else",
            "",
            vec![Nova("resized", "none", "running")],
            some("instance-resized", "Instance vm-0 owned by admin has been resized on host compute-0 waiting for confirmation"),
        ),
        ("8.3 – / none", "", vec![Nova("suspended", "none", "running"), ACTIVE], None),
        ("8.3 – / none", "building", vec![Nova("building", "spawning", "running")], None),
        ("8.3 – / none", "deleting", vec![Nova("active", "deleting", "running")], None),
    ]
}

/// Row, side, scene, steps, logs of the last step.
type LogRow = (&'static str, &'static str, fn() -> Rig, Vec<Do>, Vec<&'static str>);

/// What is told of alarms outside the table of conditions.
fn more() -> Vec<Case> {
    vec![
        Case::new("8.3 host-services-failed", "raised, and cleared when the services are well", || {
            let mut rig = Setup::new().host(H, "enabling").start();
            rig.host_audit(H);
            rig.nok("nova: compute-0", "no");
            rig.host_audit(H);
            rig.ok("nova: compute-0");
            rig.nok("nova: enable", "Nova is away.");
            let alarm = rig.alarms()[0].clone();
            assert_eq!(
                (alarm.alarm_type.as_str(), alarm.entity_type.as_str(), alarm.entity.as_str()),
                ("host-services-failed", "host.services", "host=compute-0.services=compute")
            );
            assert_eq!(alarm.specific_problem_text, "Host compute-0 compute services failure, Nova is away.");
            rig.host_audit(H);
            rig.all_ok();
            assert_eq!(rig.state(H), "enabled");
            rig.forget();
            rig.host_audit(H);
            rig.all_ok();
            assert_eq!(rig.alarm_changes(), ["-host-services-failed"]);
            // one service after the other becomes well
            let disabled = "270.103 Host compute-0 compute services disabled";
            assert_eq!(rig.logs(), [disabled, disabled, "270.102 Host compute-0 compute services enabled"]);
        }),
        Case::new("8.3 host-services-failed", "not for a host that hosts nothing", || {
            let mut shown = host(H, UP.0, UP.1, UP.2);
            shown.personality = "controller".to_owned();
            let mut rig = Setup::new().host_as(shown, "enabling", "").start();
            rig.host_audit(H);
            rig.ok("nova: compute-0");
            rig.nok("nova: enable", "no");
            assert_eq!((rig.alarm_changes(), rig.logs()), (vec![], vec![]));
        }),
        Case::new("8.3 instance-* but heartbeat", "one at a time; entity and classification", || {
            let mut rig = silent(cloud());
            rig.nova(VM, "suspended", "none", "running");
            rig.nova(VM, "stopped", "none", "shutdown");
            assert_eq!(rig.alarm_changes(), ["+instance-suspended", "-instance-suspended", "+instance-stopped"]);
            let alarm = rig.alarms()[0].clone();
            assert_eq!(alarm.entity_type, "tenant.instance");
            assert_eq!(alarm.entity, format!("tenant={TENANT}.instance=vm-0"));
            rig.forget();
            rig.nova(VM, "deleted", "none", "shutdown");
            assert_eq!(rig.alarm_changes(), ["-instance-stopped"]);
        }),
        Case::new("8.3 instance-* but heartbeat", "looked at every 10 s from 60 s on", || {
            let mut rig = silent(cloud());
            rig.nova(VM, "paused", "none", "paused");
            rig.forget();
            rig.run(58);
            assert_eq!(rig.alarm_changes(), Vec::<String>::new());
            rig.run(1);
            assert_eq!(rig.alarm_changes(), ["+instance-paused"]);
            rig.nova(VM, "active", "none", "running");
            rig.nova(VM, "paused", "none", "paused");
            rig.forget();
            rig.run(9);
            assert_eq!(rig.alarm_changes(), Vec::<String>::new());
            rig.run(11);
            assert_eq!(rig.alarm_changes(), ["+instance-paused"]);
        }),
        Case::new("8.3 7 / rebuilding", "an evacuation, once it is not failed any more", || {
            let mut rig = silent(failed_host());
            rig.nova(VM, "active", "rebuilding", "running");
            let alarm = rig.alarms()[0].clone();
            assert_eq!(alarm.specific_problem_text, "Instance vm-0 owned by admin is evacuating from host compute-0");
            assert_eq!(alarm.proposed_repair_action, "Wait for evacuate to complete; if problem persists contact next level of support");
        }),
        Case::new("8.3 10 / resized, last event cold-migrating or that alarm up", "the system's", || {
            let mut rig = silent(crate::scene::locked_cold());
            rig.ok("vm-0");
            rig.nova(VM, "active", "resize_prep", "running");
            rig.change(VM, |vm| {
                nova(vm, "resized", "none", "running");
                vm.host_name = Some(OTHER.to_owned());
            });
            assert_eq!(rig.alarm_types(), ["instance-cold-migrating"]);
        }),
        Case::new("8.6 unpause-begin / resume-begin / start-begin", "by whom: a tenant whose name is not known", || {
            let mut rig = Setup::new().host(H, "enabled").rows(|rows| rows.tenants.clear()).start();
            let mut vm = server(VM, H);
            nova(&mut vm, "paused", "none", "paused");
            rig.add(vm);
            rig.forget();
            assert_eq!(user(&mut rig, A::Unpause), None);
            let text = format!(
                "700.121 Unpause issued by tenant {TENANT} against instance vm-0 owned by {TENANT} on host compute-0"
            );
            assert_eq!(rig.logs(), [text]);
        }),
        Case::new("8.6 unpause-begin / resume-begin / start-begin", "by whom: the system, with its reason", || {
            let mut rig = cloud();
            crate::scene::lock(&mut rig);
            let text = "700.151 Live-Migrate issued by the system against instance vm-0 owned by admin from host \
                        compute-0, reason = host lock command issued";
            assert_eq!(rig.logs(), [text]);
        }),
        Case::new("8.6 reboot-begin, rebooting", "hard or soft", || {
            for (graceful, word) in [(None, "(hard-reboot)"), (Some(false), "(hard-reboot)"), (Some(true), "(soft-reboot)")] {
                let mut rig = cloud();
                let parameters = ActionParameters { graceful_shutdown: graceful, ..ActionParameters::default() };
                user_with(&mut rig, A::Reboot, parameters);
                let text = format!("700.181 Reboot {word} issued by admin against instance vm-0 owned by admin on host compute-0");
                assert_eq!(rig.logs(), [text]);
            }
        }),
        Case::new("8.6 rebuild-begin, rebuilding", "with the image", || {
            let mut rig = cloud();
            let parameters =
                ActionParameters { instance_image_uuid: Some("image-2".to_owned()), ..ActionParameters::default() };
            user_with(&mut rig, A::Rebuild, parameters);
            let text = "700.187 Rebuild issued by admin against instance vm-0 owned by admin using image image-2 on host compute-0";
            assert_eq!(rig.logs(), [text]);
        }),
        Case::new("8.6 resize-confirm-begin", "resize: with the flavor", || {
            let mut rig = cloud();
            let parameters =
                ActionParameters { instance_type_uuid: Some("flavor-2".to_owned()), ..ActionParameters::default() };
            user_with(&mut rig, A::Resize, parameters);
            let text =
                "700.193 Resize issued by admin against instance vm-0 owned by admin to instance-type flavor-2 on host compute-0";
            assert_eq!(rig.logs(), [text]);
        }),
        Case::new("8.6 … otherwise", "fail, delete and guest services have no begin", || {
            let mut rig = cloud();
            rig.say(Notification::HostBooting { name: H.to_owned() });
            assert_eq!((rig.action(VM), rig.logs()), ("fail", vec![]));
        }),
        Case::new("8.6 … otherwise", "a reason of more than 255 characters", || {
            let mut rig = cloud();
            user(&mut rig, A::Pause);
            rig.forget();
            rig.nok("vm-0", &"x".repeat(256));
            assert_eq!(
                rig.logs(),
                ["700.119 Pause failed for instance vm-0 on host compute-0, reason = (reason string too long; refer to /var/log for details.)"]
            );
        }),
        Case::new("8.6 … otherwise", "a failure that was told is not told again", || {
            let mut rig = silent(cloud());
            user(&mut rig, A::Reboot);
            rig.nova(VM, "error", "none", "running");
            rig.forget();
            rig.nok("vm-0", "no");
            assert_eq!(rig.logs(), Vec::<String>::new());
        }),
    ]
}

pub fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = alarms()
        .into_iter()
        .map(|(row, what, steps, wanted)| {
            Case::new(row, what, move || {
                let mut rig = silent(cloud());
                play(&mut rig, &steps);
                let up: Vec<_> = rig
                    .alarms()
                    .iter()
                    .map(|alarm| (alarm.alarm_type.to_string(), alarm.specific_problem_text.clone()))
                    .collect();
                let wanted: Vec<_> = wanted.iter().map(|(alarm, text)| ((*alarm).to_owned(), (*text).to_owned())).collect();
                assert_eq!(up, wanted);
            })
        })
        .collect();
    for (row, what, scene, steps, wanted) in group_a().into_iter().chain(group_b()).chain(group_c()) {
        cases.push(Case::new(row, what, move || {
            let mut rig = silent(scene());
            play(&mut rig, &steps);
            assert_eq!(rig.logs(), wanted);
        }));
    }
    cases.extend(more());
    cases
}
