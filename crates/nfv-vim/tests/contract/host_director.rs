//! vim-behaviour 5.1 and 5.2: operations on hosts for a strategy, and what hosts report to the directors.

use crate::case::{Case, Elsewhere};
use crate::rig::{DOWN, FAILED, Rig, Setup, UP, host, nova, server};
use nfv_nfvi::notification::HostOrder::Lock;
use nfv_vim::core::director::{
    DirectorCommand, ItemEnd, ItemState, Operation, OperationKind, OperationStatus, SwMgmtEvent,
};
use nfv_vim::core::host::service::HostService::{self, Compute, Container, Guest, Network};

pub const ELSEWHERE: &[Elsewhere] = &[];

const A: &str = "compute-0";
const B: &str = "compute-1";
const LOCKED: (&str, &str, &str) = DOWN;

/// Two hosts in service.
fn two() -> Rig {
    Setup::new().host(A, "enabled").host(B, "enabled").start()
}

/// The first one is locked.
fn one_locked() -> Rig {
    Setup::new().host(A, "disabled").host(B, "enabled").start()
}

fn names(hosts: &[&str]) -> Vec<String> {
    hosts.iter().map(|host| (*host).to_owned()).collect()
}

fn lock(hosts: &[&str]) -> DirectorCommand {
    DirectorCommand::LockHosts(names(hosts))
}

fn unlock(hosts: &[&str]) -> DirectorCommand {
    DirectorCommand::UnlockHosts(names(hosts))
}

fn disable(service: HostService) -> DirectorCommand {
    DirectorCommand::DisableHostServices { hosts: names(&[A]), service }
}

fn enable(service: HostService) -> DirectorCommand {
    DirectorCommand::EnableHostServices { hosts: names(&[A]), service }
}

fn going_on() -> OperationStatus {
    OperationStatus { in_progress: true, ..OperationStatus::default() }
}

fn failed(reason: &str) -> OperationStatus {
    OperationStatus { failed: true, reason: reason.to_owned(), ..OperationStatus::default() }
}

/// Row, side of it, set-up, command, what it comes to, calls that leave.
type Row = (
    &'static str,
    &'static str,
    fn() -> Rig,
    fn() -> DirectorCommand,
    OperationStatus,
    &'static [&'static str],
);

fn commands() -> Vec<Row> {
    let done = OperationStatus::default;
    let locking = || {
        let mut rig = two();
        rig.order(A, Lock);
        rig.forget();
        rig
    };
    let unknown = || failed("Unknown host nobody given.");
    let compute_down: fn() -> Rig = || {
        let mut rig = two();
        rig.command(disable(Compute));
        rig.ok("nova: disable services of compute-0");
        // the audit learns it from Nova
        rig.host_audit(A);
        rig.answer("nova: query services of compute-0", Ok(nfv_nfvi::Answer::HostServicesEnabled(false)));
        rig.all_ok();
        rig.forget();
        rig
    };
    vec![
        ("5.2 lock_hosts", "unlocked", two, || lock(&[A]), going_on(), &["sysinv: lock compute-0"]),
        // sysinv gets one request at a time
        ("5.2 lock_hosts", "two", two, || lock(&[A, B]), going_on(), &["sysinv: lock compute-0"]),
        ("5.2 lock_hosts", "being locked", locking, || lock(&[A]), going_on(), &[]),
        ("5.2 lock_hosts", "locked", one_locked, || lock(&[A]), done(), &[]),
        (
            "5.2 lock_hosts",
            "one locked",
            one_locked,
            || lock(&[A, B]),
            going_on(),
            &["sysinv: lock compute-1"],
        ),
        ("5.2 lock_hosts", "unknown: nothing begins", two, || lock(&[A, "nobody"]), unknown(), &[]),
        (
            "5.2 unlock_hosts",
            "locked",
            one_locked,
            || unlock(&[A]),
            going_on(),
            &["sysinv: unlock compute-0"],
        ),
        ("5.2 unlock_hosts", "not locked", two, || unlock(&[A]), going_on(), &[]),
        ("5.2 unlock_hosts", "unknown", two, || unlock(&["nobody"]), unknown(), &[]),
        (
            "5.2 reboot_hosts",
            "locked",
            one_locked,
            || DirectorCommand::RebootHosts(names(&[A])),
            going_on(),
            &["sysinv: reboot compute-0"],
        ),
        (
            "5.2 reboot_hosts",
            "not locked",
            one_locked,
            || DirectorCommand::RebootHosts(names(&[A, B])),
            failed("Cannot reboot unlocked host compute-1."),
            &[],
        ),
        (
            "5.2 upgrade_hosts",
            "locked",
            one_locked,
            || DirectorCommand::UpgradeHosts(names(&[A])),
            going_on(),
            &["sysinv: upgrade compute-0"],
        ),
        (
            "5.2 upgrade_hosts",
            "not locked",
            two,
            || DirectorCommand::UpgradeHosts(names(&[A])),
            failed("Cannot upgrade unlocked host compute-0."),
            &[],
        ),
        (
            "5.2 swact_hosts",
            "",
            two,
            || DirectorCommand::SwactHosts(names(&[B])),
            going_on(),
            &["sysinv: swact compute-1"],
        ),
        (
            "5.2 swact_hosts",
            "unknown",
            two,
            || DirectorCommand::SwactHosts(names(&["nobody"])),
            unknown(),
            &[],
        ),
        (
            "5.2 disable_host_services(s)",
            "enabled",
            two,
            || disable(Compute),
            going_on(),
            &["nova: disable services of compute-0"],
        ),
        (
            "5.2 disable_host_services(s)",
            "guest",
            two,
            || disable(Guest),
            going_on(),
            &["guest: disable services of compute-0"],
        ),
        ("5.2 disable_host_services(s)", "disabled already", compute_down, || disable(Compute), done(), &[]),
        ("5.2 disable_host_services(s)", "network: no request", two, || disable(Network), going_on(), &[]),
        ("5.2 disable_host_services(s)", "not there", two, || disable(Container), done(), &[]),
        ("5.2 enable_host_services(s)", "enabled already", two, || enable(Compute), done(), &[]),
        (
            "5.2 enable_host_services(s)",
            "disabled",
            compute_down,
            || enable(Compute),
            going_on(),
            &["nova: enable services of compute-0"],
        ),
    ]
}

/// Row, command, the call it makes, the event that its refusal becomes.
const REFUSALS: [(&str, fn() -> DirectorCommand, &str, &str); 7] = [
    ("5.2 lock_hosts", || lock(&[B]), "sysinv: lock compute-1", "host-lock-failed compute-1"),
    ("5.2 unlock_hosts", || unlock(&[A]), "sysinv: unlock compute-0", "host-unlock-failed compute-0"),
    (
        "5.2 reboot_hosts",
        || DirectorCommand::RebootHosts(vec![A.to_owned()]),
        "sysinv: reboot compute-0",
        "host-reboot-failed compute-0",
    ),
    (
        "5.2 upgrade_hosts",
        || DirectorCommand::UpgradeHosts(vec![A.to_owned()]),
        "sysinv: upgrade compute-0",
        "host-upgrade-failed compute-0",
    ),
    (
        "5.2 swact_hosts",
        || DirectorCommand::SwactHosts(vec![A.to_owned()]),
        "sysinv: swact compute-0",
        "host-swact-failed compute-0",
    ),
    (
        "5.2 disable_host_services(s)",
        || DirectorCommand::DisableHostServices { hosts: vec![B.to_owned()], service: Compute },
        "nova: disable services of compute-1",
        "disable-host-services-failed compute-1",
    ),
    (
        "5.2 enable_host_services(s)",
        || DirectorCommand::EnableHostServices { hosts: vec![A.to_owned()], service: Compute },
        "nova: enable services of compute-0",
        "enable-host-services-failed compute-0",
    ),
];

fn operation_rows() -> Vec<Case> {
    let operation = |states: &[ItemState]| {
        let mut operation = Operation::new(OperationKind::LockHosts);
        for (number, state) in states.iter().enumerate() {
            operation.set(&number.to_string(), *state);
        }
        operation
    };
    let ended = ItemState::Ended;
    vec![
        Case::new("5.1 in progress", "", move || {
            for (states, wanted) in [
                (vec![], false),
                (vec![ItemState::Ready], true),
                (vec![ended(ItemEnd::Completed), ItemState::InProgress], true),
                (vec![ended(ItemEnd::Failed), ended(ItemEnd::Cancelled)], false),
            ] {
                assert_eq!(operation(&states).status().in_progress, wanted, "{states:?}");
            }
        }),
        Case::new("5.1 failed", "", move || {
            assert!(operation(&[ItemState::InProgress, ended(ItemEnd::Failed)]).status().failed);
            assert!(!operation(&[ended(ItemEnd::TimedOut), ended(ItemEnd::Cancelled)]).status().failed);
            let mut flagged = operation(&[ended(ItemEnd::Completed)]);
            flagged.set_failed("why");
            assert!(flagged.status().failed);
        }),
        Case::new("5.1 timed out", "", move || {
            assert!(operation(&[ended(ItemEnd::TimedOut)]).status().timed_out);
            assert!(!operation(&[ended(ItemEnd::Failed)]).status().timed_out);
        }),
        Case::new("5.1 reason", "", move || {
            let mut first = operation(&[]);
            first.give_reason("first");
            first.give_reason("second");
            assert_eq!(first.status().reason, "first");
            first.set_failed("third");
            assert_eq!(first.status().reason, "third");
        }),
        Case::new("5.1 total in progress", "", move || {
            let mut some = operation(&[ItemState::Ready, ItemState::InProgress, ItemState::InProgress]);
            assert_eq!(some.in_progress(), 2);
            some.set("1", ended(ItemEnd::Completed));
            assert_eq!(some.in_progress(), 1);
        }),
    ]
}

fn upcalls() -> Vec<Case> {
    vec![
        Case::new("5.2 host_enabled", "failed instances are healed soon", || {
            let mut rig = two();
            rig.add(server("vm-1", B));
            rig.nova("vm-1", "error", "none", "running");
            rig.order(A, Lock);
            rig.all_ok();
            rig.host_is(A, LOCKED);
            rig.run(400);
            rig.all_ok();
            rig.run(300);
            rig.forget();
            rig.host_is(A, UP);
            rig.all_ok();
            assert_eq!(rig.state(A), "enabled");
            rig.run(35);
            let healed = |call: &&str| call.starts_with("vm-1: re");
            assert!(rig.calls().iter().any(healed), "{:?}", rig.calls());
        }),
        Case::new(
            "5.2 host_services_disabling / _disabled, host_disabled",
            "the instance director moves instances, and forgets the operation in the end",
            || {
                let mut rig = two();
                rig.add(server("vm-1", A));
                rig.forget();
                rig.order(A, Lock);
                rig.all_ok();
                assert!(rig.calls().contains(&"vm-1: live-migrate block auto"), "{:?}", rig.calls());
                assert_eq!(rig.vim.operations().count(), 1);
                rig.change("vm-1", |shown| {
                    nova(shown, "active", "migrating", "running");
                });
                rig.change("vm-1", |shown| {
                    nova(shown, "active", "none", "running");
                    shown.host_name = Some(B.to_owned());
                });
                rig.all_ok();
                assert_eq!(rig.state(A), "disabled");
                assert_eq!(rig.vim.operations().count(), 0);
            },
        ),
        Case::new("5.2 host_offline", "its instances hear of it", || {
            let mut rig = two();
            rig.add(server("vm-1", A));
            rig.host_is(A, FAILED);
            rig.all_ok();
            // the evacuation waits for the host to be offline
            rig.nova("vm-1", "error", "none", "running");
            rig.all_ok();
            assert!(!rig.calls().contains(&"vm-1: evacuate"), "{:?}", rig.calls());
            rig.host_is(A, ("unlocked", "disabled", "offline"));
            rig.all_ok();
            assert!(rig.calls().contains(&"vm-1: evacuate"), "{:?}", rig.calls());
        }),
        Case::new("5.2 host_audit", "instances of a dead host fail, and software management hears", || {
            let shown = host(A, FAILED.0, FAILED.1, FAILED.2);
            let mut rig = Setup::new().host_as(shown, "disabled", "").host(B, "enabled").start();
            rig.add(server("vm-1", A));
            rig.run(300);
            rig.forget();
            rig.host_audit(A);
            rig.all_ok();
            assert!(rig.calls().contains(&"vm-1: reset-state error"), "{:?}", rig.calls());
            let heard = SwMgmtEvent::HostAudit { host: A.to_owned() };
            assert!(rig.heard.contains(&heard), "{:?}", rig.heard);
        }),
        Case::new("5.2 host_audit", "a host that works", || {
            let mut rig = two();
            rig.host_audit(A);
            rig.all_ok();
            let heard = SwMgmtEvent::HostAudit { host: A.to_owned() };
            assert!(rig.heard.contains(&heard), "{:?}", rig.heard);
        }),
        Case::new("5.2 host_abort", "the operation is given up with the host's task", || {
            let mut rig = two();
            rig.add(server("vm-1", A));
            rig.order(A, Lock);
            rig.all_ok();
            assert_eq!(rig.vim.operations().count(), 1);
            rig.host_is(A, ("unlocked", "disabled", "available"));
            rig.host_is(A, UP);
            // the lock is still wanted: give it up by deleting the host
            rig.say(nfv_nfvi::Notification::HostDelete { uuid: format!("uuid-of-{A}"), name: A.to_owned() });
            assert_eq!(rig.vim.operations().count(), 0);
        }),
        Case::new("5.2 host_state_change_notify", "each state is told", || {
            let mut rig = two();
            rig.order(A, Lock);
            let heard = SwMgmtEvent::HostStateChanged { host: A.to_owned() };
            assert_eq!(rig.heard, std::slice::from_ref(&heard));
            rig.all_ok();
            assert_eq!(rig.state(A), "disabled");
            assert_eq!(rig.heard.iter().filter(|event| **event == heard).count(), 2);
        }),
        Case::new("5.2 host_instances_moved / stopped", "the host goes on when the last one is gone", || {
            let mut rig = two();
            for uuid in ["vm-1", "vm-2"] {
                rig.add(server(uuid, A));
            }
            rig.order(A, Lock);
            rig.all_ok();
            for uuid in ["vm-1", "vm-2"] {
                assert_eq!(rig.state(A), "disabling");
                rig.change(uuid, |shown| shown.host_name = Some(B.to_owned()));
                rig.all_ok();
            }
            assert_eq!(rig.state(A), "disabled");
        }),
    ]
}

/// What the table leaves between its lines.
fn more() -> Vec<Case> {
    vec![
        Case::new("5.2 lock_hosts", "a new operation takes the place of the one before", || {
            let mut rig = two();
            rig.command(lock(&[A]));
            rig.command(lock(&[B]));
            rig.nok("sysinv: lock compute-0", "too late to matter");
            assert_eq!(rig.failures(), [""; 0]);
            rig.nok("sysinv: lock compute-1", "no");
            assert_eq!(rig.failures(), ["host-lock-failed compute-1"]);
            let operation = rig.vim.hosts_operation().unwrap();
            assert_eq!(operation.item(B), Some(ItemState::Ended(ItemEnd::Failed)));
        }),
        Case::new("5.2 lock_hosts", "another kind took its place", || {
            let mut rig = two();
            rig.command(lock(&[A]));
            rig.command(DirectorCommand::SwactHosts(names(&[B])));
            rig.nok("sysinv: lock compute-0", "no");
            assert_eq!(rig.failures(), [""; 0]);
        }),
        Case::new("5.2 lock_hosts", "refused though it is under way", || {
            let mut rig = two();
            rig.command(lock(&[A]));
            rig.order(A, Lock);
            rig.nok("sysinv: lock compute-0", "no answer in time");
            assert_eq!(rig.failures(), [""; 0]);
        }),
        Case::new("5.2 lock_hosts", "one of two is refused", || {
            let mut rig = two();
            rig.command(lock(&[A, B]));
            rig.ok("sysinv: lock compute-0");
            rig.nok("sysinv: lock compute-1", "no");
            assert_eq!(rig.failures(), ["host-lock-failed compute-1"]);
        }),
        Case::new("5.2 disable_host_services(s)", "the lock of the services is kept", || {
            let mut rig = two();
            rig.command(disable(Compute));
            assert!(rig.host(A).services_locked);
            assert!(rig.store.snapshot().hosts.iter().any(|row| row.name == A && row.host_services_locked));
            rig.ok("nova: disable services of compute-0");
            rig.host_audit(A);
            rig.answer("nova: query services of compute-0", Ok(nfv_nfvi::Answer::HostServicesEnabled(false)));
            rig.all_ok();
            assert_eq!(rig.state(A), "enabled", "services that are down on purpose do not disable the host");
            rig.command(enable(Compute));
            assert!(!rig.host(A).services_locked);
            assert!(rig.store.snapshot().hosts.iter().all(|row| !row.host_services_locked));
        }),
    ]
}

pub fn cases() -> Vec<Case> {
    let mut cases = operation_rows();
    for (row, what, rig, command, status, calls) in commands() {
        cases.push(Case::new(row, what, move || {
            let mut rig = rig();
            assert_eq!(rig.command(command()), status);
            assert_eq!(rig.calls(), calls);
            assert_eq!(rig.failures(), [""; 0]);
        }));
    }
    for (row, command, call, event) in REFUSALS {
        cases.push(Case::new(row, "refused", move || {
            let mut rig = one_locked();
            assert!(rig.command(command()).in_progress);
            rig.nok(call, "no");
            assert_eq!(rig.failures(), [event]);
        }));
    }
    cases.extend(upcalls());
    cases.extend(more());
    cases
}
