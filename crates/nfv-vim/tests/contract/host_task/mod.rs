//! vim-behaviour 2.6: the tasks of hosts, their works in order, and how each work takes its answers.

mod instances;

use instances::{instances_works, limit, locked_with_instance};
use crate::case::{Case, Elsewhere};
use crate::rig::{DOWN, FAILED, Rig, Setup, UP, host, nova, server};
use crate::sim::secs;
use nfv_nfvi::notification::HostOrder::{ForceLock, Lock};
use nfv_nfvi::{Answer, Notification};
use nfv_vim::core::CoreConfig;

pub const ELSEWHERE: &[Elsewhere] = &[
    Elsewhere::Definition {
        row: "2.6 FailHost fail-host",
        why: "no state starts the task, neither here nor in the original (quirk of 2.4)",
    },
    Elsewhere::Definition { row: "2.6 notify-host-failed_H", why: "the work is in no task that runs" },
];

const H: &str = "compute-0";

/// Which services the host has.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Services {
    /// Compute, network and guest.
    Plain,
    /// All four, on Kubernetes.
    Kubernetes,
    /// Container and network only: the control plane's label.
    Control,
    /// Container only: no label.
    NoLabel,
}
use Services::{Control, Kubernetes, NoLabel, Plain};
const ALL: [Services; 4] = [Plain, Kubernetes, Control, NoLabel];

fn rig_with(services: Services, state: &str, shown: (&str, &str, &str), action: &str) -> Rig {
    let mut shown = host(H, shown.0, shown.1, shown.2);
    shown.openstack_compute = matches!(services, Plain | Kubernetes);
    shown.openstack_control = services == Control;
    let setup = Setup::new().host_as(shown, state, action).host("compute-1", "enabled");
    setup.config(|config: &mut CoreConfig| config.kubernetes = services != Plain).start()
}

fn audit(rig: &mut Rig) {
    rig.host_audit(H);
}

fn add(rig: &mut Rig) {
    rig.say(Notification::HostAdd { uuid: String::new(), name: H.to_owned() });
}

fn delete(rig: &mut Rig) {
    rig.say(Notification::HostDelete { uuid: String::new(), name: H.to_owned() });
}

/// The calls of a task whose every call goes well.
fn calls_of(services: Services, state: &str, shown: (&str, &str, &str), start: fn(&mut Rig)) -> Vec<String> {
    let mut rig = rig_with(services, state, shown, "");
    start(&mut rig);
    rig.all_ok();
    rig.calls().into_iter().map(str::to_owned).collect()
}

/// Row of the numbered work, call, for which services it is there.
type Numbered = (&'static str, &'static str, &'static [Services]);

const ENABLE: &[Numbered] = &[
    ("2.6 1 (EnableHost work)", "kubernetes: enable services of compute-0", &[Kubernetes, Control, NoLabel]),
    ("2.6 2 (EnableHost work)", "nova: query services of compute-0", &[Kubernetes]),
    ("2.6 3 (EnableHost work)", "nova: compute-0 forced_down false", &[Plain, Kubernetes]),
    ("2.6 4 (EnableHost work)", "nova: enable services of compute-0", &[Plain, Kubernetes]),
    ("2.6 5 (EnableHost work)", "neutron: enable services of compute-0", &[Plain, Kubernetes, Control]),
    ("2.6 6 (EnableHost work)", "guest: enable services of compute-0", &[Plain, Kubernetes]),
    ("2.6 7 (EnableHost work)", "sysinv: compute-0 services-enabled", &ALL),
    ("2.6 8 (EnableHost work)", "nova: hypervisor 1", &ALL),
];

/// The works of DisableHost on a host without instances.
const DISABLE: &[Numbered] = &[
    ("2.6 1 (DisableHost work)", "nova: disable services of compute-0", &[Plain, Kubernetes]),
    ("2.6 2 (DisableHost work)", "guest: disable services of compute-0", &[Plain, Kubernetes]),
    ("2.6 3 (DisableHost work)", "kubernetes: disable services of compute-0", &[Kubernetes, Control, NoLabel]),
    ("2.6 4 (DisableHost work)", "nova: hypervisor 1", &ALL),
    ("2.6 6 (DisableHost work)", "nova: compute-0 forced_down true", &[Plain, Kubernetes]),
    ("2.6 7 (DisableHost work)", "neutron: compute-0 is down", &[Plain, Kubernetes, Control]),
    ("2.6 9", "sysinv: compute-0 services-disabled", &ALL),
    ("2.6 10", "nova: hypervisor 1", &ALL),
];

fn listed(works: &[Numbered], services: Services) -> Vec<String> {
    works.iter().filter(|work| work.2.contains(&services)).map(|work| work.1.to_owned()).collect()
}

fn numbered_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for services in ALL {
        cases.push(Case::new("2.6 EnableHost enable-host", format!("{services:?}"), move || {
            assert_eq!(calls_of(services, "enabling", UP, audit), listed(ENABLE, services));
        }));
        cases.push(Case::new("2.6 DisableHost disable-host", format!("{services:?}"), move || {
            assert_eq!(calls_of(services, "disabling", DOWN, audit), listed(DISABLE, services));
        }));
    }
    for (works, state, shown) in [(ENABLE, "enabling", UP), (DISABLE, "disabling", DOWN)] {
        for (place, (row, call, has)) in works.iter().enumerate() {
            cases.push(Case::new(row, *call, move || {
                for services in ALL {
                    let calls = calls_of(services, state, shown, audit);
                    let before = works[..place].iter().filter(|work| work.2.contains(&services)).count();
                    let there = calls.get(before).is_some_and(|at| at == call);
                    assert_eq!(there, has.contains(&services), "{services:?}: {calls:?}");
                }
            }));
        }
    }
    cases
}

/// Row, side, services, state, triple, start, calls.
type TaskRow =
    (&'static str, &'static str, Services, &'static str, (&'static str, &'static str, &'static str), fn(&mut Rig), &'static [&'static str]);

const TASKS: &[TaskRow] = &[
    (
        "2.6 AddHost add-host",
        "",
        Plain,
        "configure",
        DOWN,
        |rig| {
            add(rig);
            for call in ["nova: create", "neutron: create"] {
                rig.ok(call);
            }
        },
        &[
            "nova: create services of compute-0",
            "neutron: create services of compute-0",
            "guest: create services of compute-0",
        ],
    ),
    (
        "2.6 AddHost add-host",
        "Kubernetes",
        Kubernetes,
        "configure",
        DOWN,
        |rig| {
            add(rig);
            rig.ok("neutron: create");
        },
        &["neutron: create services of compute-0", "guest: create services of compute-0"],
    ),
    (
        "2.6 DeleteHost delete-host",
        "",
        Plain,
        "deleting",
        DOWN,
        |rig| {
            delete(rig);
            rig.all_ok();
        },
        &[
            "nova: delete services of compute-0",
            "neutron: delete services of compute-0",
            "guest: delete services of compute-0",
            "sysinv: compute-0 delete",
        ],
    ),
    (
        "2.6 DeleteHost delete-host",
        "Kubernetes",
        Kubernetes,
        "deleting",
        DOWN,
        |rig| {
            delete(rig);
            rig.all_ok();
        },
        &[
            "nova: delete services of compute-0",
            "neutron: delete services of compute-0",
            "guest: delete services of compute-0",
            "kubernetes: delete services of compute-0",
            "sysinv: compute-0 delete",
        ],
    ),
    (
        "2.6 NotifyDeleteFailed notify-delete-failed-host",
        "",
        Plain,
        "deleting-failed",
        DOWN,
        audit,
        &["sysinv: compute-0 services-delete-failed ()"],
    ),
    (
        "2.6 NotifyDisableFailed notify-disable-failed-host",
        "",
        Plain,
        "disabling-failed",
        DOWN,
        audit,
        &["sysinv: compute-0 services-disable-failed ()"],
    ),
    (
        "2.6 NotifyDisabledHost notify-disabled-host",
        "",
        Plain,
        "disabled",
        DOWN,
        |rig| rig.order(H, Lock),
        &["sysinv: compute-0 services-disabled"],
    ),
    (
        "2.6 AuditEnabledHost audit-enabled-host",
        "then the directors look",
        Plain,
        "enabled",
        ("unlocked", "enabled", "failed"),
        |rig| {
            rig.add(server("vm-0", H));
            rig.host_audit(H);
            for call in ["nova: query", "neutron: query", "guest: query"] {
                rig.answer(call, Ok(Answer::HostServicesEnabled(true)));
            }
        },
        &[
            "nova: query services of compute-0",
            "neutron: query services of compute-0",
            "guest: query services of compute-0",
            "vm-0: reset-state error",
        ],
    ),
    (
        "2.6 AuditEnabledHost audit-enabled-host",
        "no label",
        NoLabel,
        "enabled",
        ("unlocked", "enabled", "failed"),
        |rig| {
            rig.add(server("vm-0", H));
            rig.host_audit(H);
        },
        &["vm-0: reset-state error"],
    ),
    (
        "2.6 AuditDisabledHost audit-disabled-host",
        "",
        Plain,
        "disabled",
        FAILED,
        |rig| {
            rig.add(server("vm-0", H));
            rig.host_audit(H);
        },
        &["vm-0: reset-state error"],
    ),
    (
        "2.6 audit-host-services_H (complete)",
        "",
        NoLabel,
        "enabled",
        ("unlocked", "enabled", "failed"),
        |rig| {
            rig.add(server("vm-0", H));
            rig.host_audit(H);
        },
        &["vm-0: reset-state error"],
    ),
    (
        "2.6 audit-instances_H",
        "",
        Plain,
        "disabled",
        ("locked", "disabled", "offline"),
        |rig| {
            rig.add(server("vm-0", H));
            rig.host_audit(H);
        },
        &["vm-0: reset-state error"],
    ),
];

/// Row, services, state, triple, start, calls answered first, the call of the work, state and task after a refusal,
/// calls after it.
type RefusalRow = (
    &'static str,
    Services,
    &'static str,
    (&'static str, &'static str, &'static str),
    fn(&mut Rig),
    &'static [&'static str],
    &'static str,
    (&'static str, bool, &'static [&'static str]),
);

/// What a refusal with the reason `no` comes to; each work has 120 s.
const REFUSALS: &[RefusalRow] = &[
    (
        "2.6 create-host-services_H_S",
        Plain,
        "configure",
        DOWN,
        add,
        &[],
        "nova: create",
        ("configure", false, &["+host-services-failed"]),
    ),
    (
        "2.6 create-host-services_H_S",
        Plain,
        "configure",
        DOWN,
        add,
        &["nova: create"],
        "neutron: create",
        ("configure", false, &["+host-services-failed"]),
    ),
    (
        "2.6 delete-host-services_H_S",
        Plain,
        "deleting",
        DOWN,
        delete,
        &[],
        "nova: delete",
        ("deleting-failed", true, &["+host-services-failed", "sysinv: compute-0 services-delete-failed (no)"]),
    ),
    (
        "2.6 delete-host-services_H_S",
        Plain,
        "deleting",
        DOWN,
        delete,
        &["nova: delete"],
        "neutron: delete",
        ("deleting-failed", true, &["+host-services-failed", "sysinv: compute-0 services-delete-failed (no)"]),
    ),
    (
        "2.6 wait-host-services-created_H_compute",
        Kubernetes,
        "enabling",
        UP,
        audit,
        &["kubernetes: enable"],
        "nova: query",
        ("enabling", true, &[]),
    ),
    (
        "2.6 enable-host-services_H_S",
        Plain,
        "enabling",
        UP,
        audit,
        &["nova: compute-0"],
        "nova: enable",
        ("enabling", false, &["+host-services-failed"]),
    ),
    (
        "2.6 enable-host-services_H_S",
        Plain,
        "enabling",
        UP,
        audit,
        &["nova: compute-0", "nova: enable"],
        "neutron: enable",
        ("enabling", false, &["+host-services-failed"]),
    ),
    (
        "2.6 enable-host-services_H_S",
        Plain,
        "enabling",
        UP,
        audit,
        &["nova: compute-0", "nova: enable", "neutron: enable"],
        "guest: enable",
        ("enabling", false, &["+host-services-failed"]),
    ),
    (
        "2.6 disable-host-services_H_S",
        Plain,
        "disabling",
        DOWN,
        audit,
        &[],
        "nova: disable",
        ("disabling", false, &["+host-services-failed"]),
    ),
    (
        "2.6 disable-host-services_H_S",
        Plain,
        "disabling",
        DOWN,
        audit,
        &["nova: disable"],
        "guest: disable",
        ("disabling", false, &["+host-services-failed"]),
    ),
    (
        "2.6 notify-host-enabled_H_compute",
        Plain,
        "enabling",
        UP,
        audit,
        &[],
        "nova: compute-0 forced_down false",
        ("enabling", false, &[]),
    ),
    (
        "2.6 notify-host-disabled_H_compute",
        Plain,
        "disabling",
        DOWN,
        audit,
        &["nova: disable", "guest: disable", "nova: hypervisor"],
        "nova: compute-0 forced_down true",
        ("disabling", false, &[]),
    ),
    (
        "2.6 notify-host-disabled_H_compute",
        Plain,
        "disabling",
        DOWN,
        audit,
        &["nova: disable", "guest: disable", "nova: hypervisor", "nova: compute-0"],
        "neutron: compute-0 is down",
        ("disabling", false, &[]),
    ),
    (
        "2.6 notify-host-services-enabled_H",
        Plain,
        "enabling",
        UP,
        audit,
        &["nova: compute-0", "nova: enable", "neutron: enable", "guest: enable"],
        "sysinv: compute-0 services-enabled",
        ("enabling", true, &["nova: hypervisor 1"]),
    ),
    (
        "2.6 notify-host-services-disabled_H",
        Plain,
        "disabling",
        DOWN,
        audit,
        &["nova: disable", "guest: disable", "nova: hypervisor", "nova: compute-0", "neutron"],
        "sysinv: compute-0 services-disabled",
        ("disabling", true, &["nova: hypervisor 1"]),
    ),
    (
        "2.6 notify-host-services-disable-failed_H",
        Plain,
        "disabling-failed",
        DOWN,
        audit,
        &[],
        "sysinv: compute-0 services-disable-failed ()",
        ("enabling", true, &["nova: compute-0 forced_down false"]),
    ),
    (
        "2.6 notify-host-services-deleted_H",
        Plain,
        "deleting",
        DOWN,
        delete,
        &["nova: delete", "neutron: delete", "guest: delete"],
        "sysinv: compute-0 delete",
        ("deleted", false, &[]),
    ),
    (
        "2.6 notify-host-services-delete-failed_H",
        Plain,
        "deleting-failed",
        DOWN,
        audit,
        &[],
        "sysinv: compute-0 services-delete-failed ()",
        ("configure", true, &["nova: create services of compute-0"]),
    ),
    (
        "2.6 query-hypervisor_H",
        Plain,
        "disabling",
        DOWN,
        audit,
        &["nova: disable", "guest: disable"],
        "nova: hypervisor 1",
        ("disabling", true, &["nova: compute-0 forced_down true"]),
    ),
    (
        "2.6 audit-host-services_H_S",
        Plain,
        "enabled",
        UP,
        audit,
        &[],
        "nova: query",
        ("enabled", true, &["neutron: query services of compute-0"]),
    ),
];

fn works() -> Vec<Case> {
    vec![
        Case::new("2.6 create-host-services_H_S", "alarm and log carry the reason", || {
            let mut rig = rig_with(Plain, "configure", DOWN, "");
            add(&mut rig);
            rig.nok("nova: create", "no");
            assert_eq!(rig.logs(), ["270.101 Host compute-0 compute services failure, no"]);
            let alarms = rig.alarms();
            assert_eq!(alarms[0].specific_problem_text, "Host compute-0 compute services failure, no");
        }),
        Case::new("2.6 delete-host-services_H_S", "instances are in the way", || {
            let mut rig = rig_with(Plain, "disabled", DOWN, "");
            rig.add(server("vm-0", H));
            rig.forget();
            delete(&mut rig);
            assert_eq!(rig.state(H), "deleting-failed");
            let why = "sysinv: compute-0 services-delete-failed (Delete of host compute-0 rejected because instances are provisioned)";
            assert_eq!(rig.calls(), [why]);
        }),
        Case::new("2.6 wait-host-services-created_H_compute", "asked every 10 s, any answer will do", || {
            let mut rig = rig_with(Kubernetes, "enabling", UP, "");
            audit(&mut rig);
            rig.ok("kubernetes: enable");
            rig.nok("nova: query", "not yet");
            rig.forget();
            rig.run(10);
            assert_eq!(rig.calls(), ["nova: query services of compute-0"]);
            rig.run(10);
            assert_eq!(rig.calls(), ["nova: query services of compute-0"], "the question is still open");
            rig.answer("nova: query", Ok(Answer::HostServicesEnabled(false)));
            assert_eq!(rig.calls()[1..], ["nova: compute-0 forced_down false"]);
        }),
        Case::new("2.6 wait-host-services-created_H_compute", "120 s are enough", || {
            let mut rig = rig_with(Kubernetes, "enabling", UP, "");
            audit(&mut rig);
            rig.ok("kubernetes: enable");
            rig.nok("nova: query", "not yet");
            for _ in 0..11 {
                rig.run(10);
                rig.nok("nova: query", "not yet");
            }
            assert!(rig.task(H).is_some());
            rig.run(10);
            assert_eq!((rig.task(H), rig.state(H)), (None, "enabling"));
        }),
        Case::new("2.6 enable-host-services_H_S", "services are not locked any more", || {
            let setup = Setup::new().host(H, "enabling").rows(|rows| rows.hosts[0].host_services_locked = true);
            let mut rig = setup.start();
            audit(&mut rig);
            assert!(rig.host(H).services_locked);
            rig.ok("nova: compute-0");
            assert!(!rig.host(H).services_locked);
            assert!(!rig.store.snapshot().hosts[0].host_services_locked, "as stored");
        }),
        Case::new("2.6 query-hypervisor_H", "no hypervisor", || {
            let setup = Setup::new().host(H, "disabling").rows(|rows| rows.hypervisors.clear());
            let mut rig = setup.start();
            audit(&mut rig);
            rig.ok("nova: disable");
            rig.ok("guest: disable");
            assert_eq!(rig.calls()[2..], ["nova: compute-0 forced_down true"]);
        }),
        Case::new("2.6 query-hypervisor_H", "the hypervisor is updated", || {
            let mut rig = rig_with(Plain, "disabling", DOWN, "");
            audit(&mut rig);
            rig.ok("nova: disable");
            rig.ok("guest: disable");
            rig.answer("nova: hypervisor", Ok(Answer::Hypervisor(crate::rig::hypervisor(1, H, false))));
            assert_eq!(rig.logs(), ["275.001 Host compute-0 hypervisor is now unlocked-disabled"]);
            assert_eq!(rig.store.snapshot().hypervisors[0].oper_state, "disabled");
        }),
        Case::new("2.6 audit-host-services_H_S", "what it shows counts", || {
            let mut rig = rig_with(Plain, "enabled", UP, "");
            audit(&mut rig);
            rig.answer("nova: query", Ok(Answer::HostServicesEnabled(false)));
            assert_eq!(rig.logs(), ["270.103 Host compute-0 compute services disabled"]);
        }),
        Case::new("2.6 audit-host-services_H_S", "a refusal counts as what the state says", || {
            let mut rig = rig_with(Plain, "enabled", UP, "");
            audit(&mut rig);
            for call in ["nova: query", "neutron: query", "guest: query"] {
                rig.nok(call, "no");
            }
            assert_eq!((rig.state(H), rig.logs()), ("enabled", vec![]));
        }),
        Case::new("2.6 5 (DisableHost work)", "instances leave while the host works", || {
            let rig = locked_with_instance();
            assert_eq!(rig.calls()[2..], ["nova: hypervisor 1", "vm-0: live-migrate block auto"]);
        }),
        Case::new("2.6 8 (DisableHost work)", "what is left is evacuated after Nova and Neutron know", || {
            let mut rig = rig_with(Plain, "enabled", UP, "");
            rig.add(server("vm-0", H));
            rig.forget();
            rig.host_is(H, FAILED);
            for call in ["nova: disable", "guest: disable", "nova: hypervisor", "nova: compute-0", "neutron"] {
                rig.ok(call);
            }
            assert_eq!(
                rig.calls()[3..],
                ["nova: compute-0 forced_down true", "neutron: compute-0 is down", "vm-0: reset-state error"]
            );
        }),
        Case::new("2.6 9", "worker and force lock", || {
            let mut rig = rig_with(Plain, "enabled", UP, "");
            rig.order(H, ForceLock);
            rig.all_ok();
            let told: Vec<_> = rig.calls().into_iter().filter(|call| call.starts_with("sysinv")).collect();
            assert_eq!(told, ["sysinv: compute-0 services-disable-failed ()"]);
            assert_eq!(rig.state(H), "disabled");
        }),
        Case::new("2.6 EnableHost enable-host", "the directors hear of success: recovery comes soon", || {
            let mut rig = rig_with(Plain, "enabled", UP, "");
            let mut vm = server("vm-0", "compute-1");
            nova(&mut vm, "error", "none", "running");
            // the recovery audit runs at its long interval now
            rig.run(400);
            rig.add(vm);
            rig.host_is(H, FAILED);
            rig.all_ok();
            rig.host_is(H, UP);
            rig.forget();
            rig.all_ok();
            assert_eq!(rig.state(H), "enabled");
            rig.run(61);
            assert!(rig.calls().contains(&"vm-0: reboot HARD"), "{:?}", rig.calls());
        }),
        Case::new("2.6 DisableHost disable-host", "the operation is dropped however the task ends", || {
            let mut rig = locked_with_instance();
            assert_eq!(rig.vim.operations().count(), 1);
            rig.nok("vm-0: live-migrate", "no");
            assert_eq!((rig.vim.operations().count(), rig.state(H)), (0, "disabling-failed"));
        }),
    ]
}

pub fn cases() -> Vec<Case> {
    let mut cases = numbered_cases();
    cases.extend(TASKS.iter().map(|(row, what, services, state, shown, start, calls)| {
        Case::new(row, *what, || {
            let mut rig = rig_with(*services, state, *shown, "");
            start(&mut rig);
            assert_eq!(rig.calls(), *calls);
        })
    }));
    cases.extend(REFUSALS.iter().map(|(row, services, state, shown, start, before, call, (after, busy, did))| {
        Case::new(row, *call, || {
            let mut rig = rig_with(*services, state, *shown, "");
            start(&mut rig);
            for call in *before {
                rig.ok(call);
            }
            assert_eq!(limit(&rig), secs(120));
            rig.forget();
            rig.nok(call, "no");
            let mut done = rig.alarm_changes();
            done.extend(rig.calls().into_iter().map(str::to_owned));
            assert_eq!((rig.state(H), rig.task(H).is_some(), done), (*after, *busy, did.iter().map(|d| (*d).to_owned()).collect()));
        })
    }));
    cases.extend(works());
    cases.extend(instances_works());
    cases
}
