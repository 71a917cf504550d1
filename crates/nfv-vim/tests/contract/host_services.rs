//! vim-behaviour 2.5: which services a host has, and what is told when their state as a whole changes.

use crate::audit_cycle::list;
use crate::case::{Case, Elsewhere};
use crate::rig::{DOWN, Rig, Setup, UP, host};
use nfv_nfvi::{Answer, Pool};

pub const ELSEWHERE: &[Elsewhere] = &[];

const H: &str = "compute-0";

/// Kubernetes, compute label, control label, plugins switched off; calls of adding, enabling, disabling and deleting.
type Row = (&'static str, &'static str, bool, bool, bool, &'static [Pool], [&'static [&'static str]; 4]);

const ALL_SERVICES: [&[&str]; 4] = [
    &[
        "nova: create services of compute-0",
        "neutron: create services of compute-0",
        "guest: create services of compute-0",
    ],
    &[
        "nova: compute-0 forced_down false",
        "nova: enable services of compute-0",
        "neutron: enable services of compute-0",
        "guest: enable services of compute-0",
        "sysinv: compute-0 services-enabled",
        "nova: hypervisor 1",
    ],
    &[
        "nova: disable services of compute-0",
        "guest: disable services of compute-0",
        "nova: hypervisor 1",
        "nova: compute-0 forced_down true",
        "neutron: compute-0 is down",
        "sysinv: compute-0 services-disabled",
        "nova: hypervisor 1",
    ],
    &[
        "nova: delete services of compute-0",
        "neutron: delete services of compute-0",
        "guest: delete services of compute-0",
        "sysinv: compute-0 delete",
    ],
];

const KUBERNETES_COMPUTE: [&[&str]; 4] = [
    &["neutron: create services of compute-0", "guest: create services of compute-0"],
    &[
        "kubernetes: enable services of compute-0",
        "nova: query services of compute-0",
        "nova: compute-0 forced_down false",
        "nova: enable services of compute-0",
        "neutron: enable services of compute-0",
        "guest: enable services of compute-0",
        "sysinv: compute-0 services-enabled",
        "nova: hypervisor 1",
    ],
    &[
        "nova: disable services of compute-0",
        "guest: disable services of compute-0",
        "kubernetes: disable services of compute-0",
        "nova: hypervisor 1",
        "nova: compute-0 forced_down true",
        "neutron: compute-0 is down",
        "sysinv: compute-0 services-disabled",
        "nova: hypervisor 1",
    ],
    &[
        "nova: delete services of compute-0",
        "neutron: delete services of compute-0",
        "guest: delete services of compute-0",
        "kubernetes: delete services of compute-0",
        "sysinv: compute-0 delete",
    ],
];

const KUBERNETES_CONTROL: [&[&str]; 4] = [
    &["neutron: create services of compute-0"],
    &[
        "kubernetes: enable services of compute-0",
        "neutron: enable services of compute-0",
        "sysinv: compute-0 services-enabled",
        "nova: hypervisor 1",
    ],
    &[
        "kubernetes: disable services of compute-0",
        "nova: hypervisor 1",
        "neutron: compute-0 is down",
        "sysinv: compute-0 services-disabled",
        "nova: hypervisor 1",
    ],
    &[
        "neutron: delete services of compute-0",
        "kubernetes: delete services of compute-0",
        "sysinv: compute-0 delete",
    ],
];

const KUBERNETES_ALONE: [&[&str]; 4] = [
    &[],
    &["kubernetes: enable services of compute-0", "sysinv: compute-0 services-enabled", "nova: hypervisor 1"],
    &[
        "kubernetes: disable services of compute-0",
        "nova: hypervisor 1",
        "sysinv: compute-0 services-disabled",
        "nova: hypervisor 1",
    ],
    &["kubernetes: delete services of compute-0", "sysinv: compute-0 delete"],
];

/// Without the compute plugin there is nobody to ask for the hypervisor.
const WITHOUT_OPENSTACK: [&[&str]; 4] = [
    &[],
    &["kubernetes: enable services of compute-0", "sysinv: compute-0 services-enabled"],
    &["kubernetes: disable services of compute-0", "sysinv: compute-0 services-disabled"],
    &["kubernetes: delete services of compute-0", "sysinv: compute-0 delete"],
];

const NO_GUEST: [&[&str]; 4] = [
    &["nova: create services of compute-0", "neutron: create services of compute-0"],
    &[
        "nova: compute-0 forced_down false",
        "nova: enable services of compute-0",
        "neutron: enable services of compute-0",
        "sysinv: compute-0 services-enabled",
        "nova: hypervisor 1",
    ],
    &[
        "nova: disable services of compute-0",
        "nova: hypervisor 1",
        "nova: compute-0 forced_down true",
        "neutron: compute-0 is down",
        "sysinv: compute-0 services-disabled",
        "nova: hypervisor 1",
    ],
    &[
        "nova: delete services of compute-0",
        "neutron: delete services of compute-0",
        "sysinv: compute-0 delete",
    ],
];

const EVERY_PLUGIN: &[Pool] = &[Pool::Compute, Pool::Network, Pool::Guest, Pool::Image, Pool::BlockStorage];

const ROWS: [Row; 12] = [
    ("2.5 compute", "without kubernetes always", false, false, false, &[], ALL_SERVICES),
    ("2.5 network", "without kubernetes always", false, true, true, &[], ALL_SERVICES),
    (
        "2.5 guest",
        "without kubernetes always, its plugin answers ok",
        false,
        true,
        false,
        &[Pool::Guest],
        NO_GUEST,
    ),
    ("2.5 container", "never without kubernetes", false, true, true, &[], ALL_SERVICES),
    ("2.5 compute", "kubernetes and label", true, true, false, &[], KUBERNETES_COMPUTE),
    ("2.5 network", "kubernetes and both labels", true, true, true, &[], KUBERNETES_COMPUTE),
    ("2.5 network", "kubernetes and control label", true, false, true, &[], KUBERNETES_CONTROL),
    ("2.5 guest", "kubernetes without label", true, false, true, &[], KUBERNETES_CONTROL),
    ("2.5 container", "kubernetes always", true, false, false, &[], KUBERNETES_ALONE),
    ("2.5 compute", "kubernetes without plugins", true, true, true, EVERY_PLUGIN, WITHOUT_OPENSTACK),
    ("2.5 network", "kubernetes without plugins", true, false, true, EVERY_PLUGIN, WITHOUT_OPENSTACK),
    ("2.5 guest", "kubernetes without plugins", true, true, false, EVERY_PLUGIN, WITHOUT_OPENSTACK),
];

fn setup(row: &Row, state: &str, shown: (&str, &str, &str)) -> Rig {
    let (_, _, kubernetes, compute, control, disabled, _) = *row;
    let mut labelled = host(H, shown.0, shown.1, shown.2);
    (labelled.openstack_compute, labelled.openstack_control) = (compute, control);
    let setup = Setup::new().host_as(labelled, state, "").config(|config| {
        config.kubernetes = kubernetes;
        config.disabled.extend(disabled);
    });
    setup.start()
}

fn calls_of_tasks(row: &Row) {
    let uuid = format!("uuid-of-{H}");
    let tasks: [(&str, &str, fn(&mut Rig, String)); 4] = [
        ("configure", "disabled", |rig, uuid| {
            rig.say(nfv_nfvi::Notification::HostAdd { uuid, name: H.to_owned() });
        }),
        ("disabled", "enabled", |rig, _| rig.host_is(H, UP)),
        ("enabled", "disabled", |rig, _| rig.host_is(H, ("unlocked", "disabled", "failed"))),
        ("disabled", "deleted", |rig, uuid| {
            rig.say(nfv_nfvi::Notification::HostDelete { uuid, name: H.to_owned() });
        }),
    ];
    for ((state, end, act), wanted) in tasks.into_iter().zip(row.6) {
        let shown = if state == "enabled" { UP } else { DOWN };
        let mut rig = setup(row, state, shown);
        act(&mut rig, uuid.clone());
        let mut wanted = wanted.to_vec();
        if state == "configure" {
            // a host that is not in service goes on to be disabled
            wanted.extend(row.6[2]);
        }
        rig.all_ok();
        assert_eq!(rig.calls(), wanted, "{state} to {end}");
        assert_eq!(rig.state(H), end);
    }
}

/// The audit of an enabled host finds its services so.
fn audit(rig: &mut Rig, nova: bool, neutron: bool, guest: bool) {
    rig.host_audit(H);
    rig.answer("nova: query", Ok(Answer::HostServicesEnabled(nova)));
    rig.answer("neutron: query", Ok(Answer::HostServicesEnabled(neutron)));
    rig.answer("guest: query", Ok(Answer::HostServicesEnabled(guest)));
}

fn enabled() -> Rig {
    Setup::new().host(H, "enabled").start()
}

fn told_disabled_then_enabled() {
    let mut rig = enabled();
    audit(&mut rig, true, true, true);
    assert_eq!(rig.logs(), Vec::<String>::new(), "no-op when nothing changed");
    audit(&mut rig, false, true, true);
    assert_eq!(rig.logs(), ["270.103 Host compute-0 compute services disabled"]);
    assert_eq!(rig.state(H), "disabling");
    rig.all_ok();
    rig.host_again(H);
    rig.all_ok();
    assert_eq!(rig.state(H), "enabled");
    rig.forget();
    audit(&mut rig, true, true, true);
    assert_eq!(rig.logs(), ["270.102 Host compute-0 compute services enabled"]);
    assert_eq!(rig.alarm_changes(), Vec::<String>::new());
}

fn told_failed() {
    let mut rig = Setup::new().host(H, "disabled").start();
    rig.host_is(H, UP);
    rig.forget();
    rig.ok("nova: compute-0 forced_down false");
    rig.nok("nova: enable", "no route to Nova");
    assert_eq!(rig.logs(), ["270.101 Host compute-0 compute services failure, no route to Nova"]);
    let alarms = rig.alarms();
    let [alarm] = alarms[..] else { panic!("{alarms:?}") };
    assert_eq!(alarm.specific_problem_text, "Host compute-0 compute services failure, no route to Nova");
    assert_eq!(alarm.entity, "host=compute-0.services=compute");
    // the audit that finds them well clears it
    rig.host_audit(H);
    rig.all_ok();
    assert_eq!(rig.state(H), "enabled");
    rig.forget();
    audit(&mut rig, true, true, true);
    assert_eq!(rig.alarm_types(), Vec::<String>::new());
}

fn told_failed_without_reason() {
    let mut rig = Setup::new().host(H, "disabled").start();
    rig.host_is(H, UP);
    rig.ok("nova: compute-0 forced_down false");
    rig.nok("nova: enable", "");
    assert_eq!(rig.alarms()[0].specific_problem_text, "Host compute-0 compute services failure");
}

/// One alarm, also when several services fail one after another.
fn told_failed_twice() {
    let mut rig = Setup::new().host(H, "disabled").start();
    rig.host_is(H, UP);
    rig.ok("nova: compute-0 forced_down false");
    rig.nok("nova: enable", "no Nova");
    rig.host_audit(H);
    rig.ok("nova: compute-0 forced_down false");
    rig.ok("nova: enable");
    rig.nok("neutron: enable", "no Neutron");
    let alarms = rig.alarms();
    let [alarm] = alarms[..] else { panic!("{alarms:?}") };
    assert_eq!(alarm.specific_problem_text, "Host compute-0 compute services failure, no Neutron");
}

fn failure_of_no_worker_is_not_told() {
    let mut shown = host(H, DOWN.0, DOWN.1, DOWN.2);
    shown.personality = "controller".to_owned();
    let mut rig = Setup::new().host_as(shown, "disabled", "").start();
    rig.host_is(H, UP);
    rig.ok("nova: compute-0 forced_down false");
    rig.nok("nova: enable", "no");
    assert_eq!((rig.logs(), rig.alarm_types()), (Vec::new(), Vec::new()));
}

/// A label that comes later: the service starts like the others, and is brought where it should be.
fn label_added_later() {
    let mut shown = host(H, UP.0, UP.1, UP.2);
    (shown.openstack_compute, shown.openstack_control) = (false, false);
    let setup = Setup::new().host_as(shown.clone(), "enabled", "").config(|config| config.kubernetes = true);
    let mut rig = setup.start();
    shown.openstack_compute = true;
    let listed = Answer::Hosts { hosts: vec![shown], incomplete: Vec::new(), groups: Vec::new() };
    list(&mut rig, "Infrastructure(GetHosts", listed);
    rig.listings_refused = true;
    rig.forget();
    rig.run(31);
    rig.host_again(H);
    audit_after_label(&mut rig);
    assert_eq!(rig.state(H), "disabling", "what is down is taken down and up again");
}

fn audit_after_label(rig: &mut Rig) {
    if !rig.open_calls().iter().any(|call| call.starts_with("nova: query")) {
        rig.host_audit(H);
    }
    rig.answer("nova: query", Ok(Answer::HostServicesEnabled(false)));
    rig.answer("neutron: query", Ok(Answer::HostServicesEnabled(true)));
    rig.answer("guest: query", Ok(Answer::HostServicesEnabled(true)));
}

/// The container service does not count: a host that has no other is enabled.
fn container_does_not_count() {
    let mut shown = host(H, DOWN.0, DOWN.1, DOWN.2);
    (shown.openstack_compute, shown.openstack_control) = (false, false);
    let mut rig =
        Setup::new().host_as(shown, "disabled", "").config(|config| config.kubernetes = true).start();
    rig.host_is(H, UP);
    rig.nok("kubernetes: enable", "no API server");
    assert_eq!(rig.state(H), "enabling");
    assert_eq!(rig.alarm_types(), Vec::<String>::new());
    assert_eq!(rig.logs(), ["270.102 Host compute-0 compute services enabled"]);
}

/// The file is looked for at each use: what follows from it changes with it.
fn kubernetes_configured_later() {
    let mut rig = Setup::new().host(H, "disabled").start();
    rig.input(nfv_vim::core::Input::Kubernetes(true));
    rig.host_is(H, UP);
    rig.all_ok();
    assert_eq!(rig.calls(), KUBERNETES_COMPUTE[1]);
    rig.input(nfv_vim::core::Input::Kubernetes(false));
    rig.host_is(H, ("unlocked", "disabled", "failed"));
    rig.forget();
    rig.all_ok();
    rig.host_is(H, UP);
    rig.forget();
    rig.all_ok();
    assert_eq!(rig.calls(), ALL_SERVICES[1][1..], "the first one left before");
}

pub fn cases() -> Vec<Case> {
    let mut cases: Vec<_> =
        ROWS.iter().map(|row| Case::new(row.0, row.1, move || calls_of_tasks(row))).collect();
    let others: [(&'static str, &str, fn()); 7] = [
        ("2.5 enabled", "after disabled", told_disabled_then_enabled),
        ("2.5 enabled", "the container service does not count", container_does_not_count),
        ("2.5 disabled", "found by the audit", told_disabled_then_enabled),
        ("2.5 disabled", "a label is added", label_added_later),
        ("2.5 failed", "with a reason", told_failed),
        ("2.5 failed", "without", told_failed_without_reason),
        ("2.5 failed", "again", told_failed_twice),
    ];
    cases.extend(others.into_iter().map(|(row, what, run)| Case::new(row, what, run)));
    cases.push(Case::new("2.5 container", "configured later", kubernetes_configured_later));
    cases.push(Case::new("2.5 failed", "no worker", failure_of_no_worker_is_not_told));
    cases
}

/// A request of a task that was given up, and that still waits for a worker, does not leave any more; the task that
/// follows is not held up by it (docs/differences.md).
#[test]
fn a_request_of_an_aborted_task_that_has_not_left_is_withdrawn() {
    let mut rig = Setup::new().host(H, "disabled").start();
    // the one worker for sysinv is busy
    crate::audit_cycle::until(&mut rig, "Infrastructure(GetSystemInfo");
    rig.order(H, nfv_nfvi::notification::HostOrder::Lock);
    assert_eq!(rig.task(H).as_deref(), Some("notify-disabled-host_compute-0"));
    assert_eq!(rig.open_calls(), Vec::<String>::new(), "it waits for the worker");
    rig.say(nfv_nfvi::Notification::HostDelete { uuid: format!("uuid-of-{H}"), name: H.to_owned() });
    assert_eq!(rig.state(H), "deleting");
    rig.nok("Infrastructure(GetSystemInfo", "no");
    rig.all_ok();
    let sysinv: Vec<_> = rig.calls().into_iter().filter(|call| call.starts_with("sysinv")).collect();
    assert_eq!(sysinv, ["sysinv: compute-0 delete"]);
    assert_eq!(rig.state(H), "deleted");
}
