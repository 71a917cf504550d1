//! vim-behaviour 2.2, 2.3: what turns an outside fact into an event of a host, and what the machine asks of it.

use crate::case::{Case, Elsewhere};
use crate::rig::{DOWN, FAILED, Rig, Setup, UP, host, server};
use nfv_nfvi::notification::HostOrder::{ForceLock, Lock, Unlock};
use nfv_nfvi::object::{self, HostAction};
use nfv_nfvi::{Answer, Notification};
use nfv_vim::core::host::Host;

pub const ELSEWHERE: &[Elsewhere] = &[];

const H: &str = "compute-0";

fn at(state: &str, shown: (&str, &str, &str), action: &str) -> Rig {
    let shown = host(H, shown.0, shown.1, shown.2);
    Setup::new().host_as(shown, state, action).host("compute-1", "enabled").start()
}

/// What is stored of the host: state, action, the platform's triple.
fn stored(rig: &Rig) -> (String, String, String) {
    let row = rig.store.snapshot().hosts.iter().find(|row| row.name == H).unwrap();
    let shown: object::Host = serde_json::from_str(&row.nfvi_host_data).unwrap();
    let triple = format!("{}/{}/{}", shown.admin_state, shown.oper_state, shown.avail_status);
    (row.state.clone(), row.action.clone(), triple)
}

fn owned(texts: (&str, &str, &str)) -> (String, String, String) {
    (texts.0.to_owned(), texts.1.to_owned(), texts.2.to_owned())
}

type Triple = (&'static str, &'static str, &'static str);
/// Row, side, state, triple and action before, triple told; state, action and triple stored after.
type Row = (&'static str, &'static str, &'static str, Triple, &'static str, Triple, (&'static str, &'static str, &'static str));

const CHANGES: &[Row] = &[
    (
        "2.2 state change with admin or oper unknown / first",
        "oper",
        "enabled",
        UP,
        "",
        ("unlocked", "unknown", "failed"),
        ("enabled", "", "unlocked/enabled/available"),
    ),
    (
        "2.2 state change with admin or oper unknown / first",
        "admin",
        "enabled",
        UP,
        "",
        ("unknown", "disabled", "failed"),
        ("enabled", "", "unlocked/enabled/available"),
    ),
    (
        "2.2 triple changed / store + persist, then: unlocking and admin unlocked → clear",
        "unlocking",
        "disabled",
        DOWN,
        "unlocking",
        ("unlocked", "disabled", "offline"),
        ("disabled", "", "unlocked/disabled/offline"),
    ),
    (
        "2.2 triple changed / store + persist, then: unlocking and admin unlocked → clear",
        "unlocking, and still locked",
        "disabled",
        DOWN,
        "unlocking",
        ("locked", "disabled", "offline"),
        ("disabled", "unlocking", "locked/disabled/offline"),
    ),
    (
        "2.2 triple changed / store + persist, then: unlocking and admin unlocked → clear",
        "locking, and locked and disabled now",
        "disabled",
        ("unlocked", "disabled", "online"),
        "locking",
        DOWN,
        ("disabled", "", "locked/disabled/online"),
    ),
    (
        "2.2 triple changed / locking (§2.3)",
        "before the host counts as enabled",
        "enabled",
        UP,
        "locking",
        ("unlocked", "enabled", "degraded"),
        ("disabling", "locking", "unlocked/enabled/degraded"),
    ),
    (
        "2.2 triple changed / admin locked",
        "before the host counts as enabled",
        "enabled",
        UP,
        "",
        ("locked", "enabled", "available"),
        ("disabling", "", "locked/enabled/available"),
    ),
    (
        "2.2 triple changed / oper enabled",
        "",
        "disabled",
        DOWN,
        "",
        UP,
        ("enabling", "", "unlocked/enabled/available"),
    ),
    (
        "2.2 triple changed / oper enabled",
        "before a failed availability counts",
        "disabled",
        DOWN,
        "",
        ("unlocked", "enabled", "failed"),
        ("enabling", "", "unlocked/enabled/failed"),
    ),
    (
        "2.2 triple changed / oper disabled, or avail failed / failed (component) / offlin",
        "disabled",
        "enabled",
        UP,
        "",
        ("unlocked", "disabled", "intest"),
        ("disabling", "", "unlocked/disabled/intest"),
    ),
    (
        "2.2 triple changed / oper disabled, or avail failed / failed (component) / offlin",
        "a component failed",
        "enabled",
        UP,
        "",
        ("unlocked", "disabled", "failed (component)"),
        ("disabling", "", "unlocked/disabled/failed (component)"),
    ),
    (
        "2.2 triple changed / oper disabled, or avail failed / failed (component) / offlin",
        "an oper state that says nothing, and offline",
        "enabled",
        UP,
        "",
        ("unlocked", "other", "offline"),
        ("disabling", "", "unlocked/other/offline"),
    ),
    (
        "2.2 triple unchanged, FSM initial or configure",
        "initial",
        "initial",
        DOWN,
        "",
        DOWN,
        ("configure", "", "locked/disabled/online"),
    ),
    (
        "2.2 triple unchanged, FSM enabled but oper disabled",
        "",
        "enabled",
        FAILED,
        "",
        FAILED,
        ("disabling", "", "unlocked/disabled/failed"),
    ),
    (
        "2.2 triple unchanged, FSM disabled but oper enabled",
        "",
        "disabled",
        UP,
        "",
        UP,
        ("enabling", "", "unlocked/enabled/available"),
    ),
];

/// Row, side, state and triple, order; state, action.
type OrderRow = (&'static str, &'static str, &'static str, Triple, nfv_nfvi::notification::HostOrder, (&'static str, &'static str));

const ORDERS: &[OrderRow] = &[
    ("2.2 lock request / action := locking or locking (force)", "", "enabled", UP, Lock, ("disabling", "locking")),
    (
        "2.2 lock request / action := locking or locking (force)",
        "by force",
        "enabled",
        UP,
        ForceLock,
        ("disabling", "locking (force)"),
    ),
    ("2.2 unlock request / action := unlocking", "", "disabled", DOWN, Unlock, ("disabled", "unlocking")),
];

fn others() -> Vec<Case> {
    vec![
        Case::new("2.2 triple changed / avail became offline (was not)", "evacuations that wait go", || {
            let mut rig = at("disabled", FAILED, "");
            let mut vm = server("vm-0", H);
            crate::rig::nova(&mut vm, "error", "none", "running");
            rig.add(vm);
            rig.run(65);
            assert_eq!((rig.action("vm-0"), rig.calls()), ("evacuate", vec![]));
            rig.host_is(H, ("unlocked", "disabled", "offline"));
            assert_eq!(rig.calls(), ["vm-0: evacuate"]);
        }),
        Case::new("2.2 triple unchanged, FSM initial or configure", "configure", || {
            let mut rig = at("configure", DOWN, "");
            rig.host_again(H);
            assert_eq!(rig.calls(), ["nova: create services of compute-0"]);
        }),
        Case::new("2.2 triple unchanged otherwise / ≥ 30 s since the last state change/audit", "29 s, 30 s, and again", || {
            let mut rig = at("enabled", UP, "");
            rig.run(28);
            rig.host_again(H);
            assert_eq!((rig.task(H), stored_elapsed(&rig)), (None, "1000".to_owned()));
            rig.run(1);
            rig.host_again(H);
            assert_eq!(rig.task(H).as_deref(), Some("audit-enabled-host_compute-0"));
            assert_eq!(stored_elapsed(&rig), "1030");
            rig.all_ok();
            rig.forget();
            rig.run(29);
            rig.host_again(H);
            assert_eq!(rig.calls(), Vec::<&str>::new());
            rig.run(1);
            rig.host_again(H);
            assert_eq!(rig.calls(), ["nova: query services of compute-0"]);
        }),
        Case::new("2.2 delete request, or host missing from the host query / host alarms cleared", "request", || {
            let mut rig = with_host_alarm();
            rig.say(Notification::HostDelete { uuid: String::new(), name: H.to_owned() });
            assert_eq!((rig.state(H), rig.alarm_changes()), ("deleting", vec!["-host-services-failed".to_owned()]));
        }),
        Case::new("2.2 delete request, or host missing from the host query / host alarms cleared", "missing", || {
            let mut rig = with_host_alarm();
            let listed = vec![rig.hosts["compute-1"].clone()];
            list_hosts(&mut rig, listed, &[]);
            assert_eq!((rig.state(H), rig.alarm_types()), ("deleting", vec![]));
        }),
        Case::new(
            "2.2 delete request, or host missing from the host query / host alarms cleared",
            "one that could not be read is not missing",
            || {
                let mut rig = at("enabled", UP, "");
                let listed = vec![rig.hosts["compute-1"].clone()];
                list_hosts(&mut rig, listed, &[H]);
                assert_eq!(rig.state(H), "enabled");
            },
        ),
        Case::new("2.2 host add notification for a known host", "", || {
            let mut rig = at("initial", DOWN, "");
            rig.say(Notification::HostAdd { uuid: String::new(), name: H.to_owned() });
            assert_eq!((rig.state(H), rig.calls()), ("configure", vec!["nova: create services of compute-0"]));
        }),
        Case::new("2.2 every 10 s", "a work that looks again", || {
            let setup = Setup::new().host(H, "enabling").config(|config| config.kubernetes = true);
            let mut rig = setup.start();
            rig.host_audit(H);
            rig.ok("kubernetes: enable");
            rig.nok("nova: query", "not yet");
            rig.forget();
            rig.run(10);
            assert_eq!(rig.calls(), ["nova: query services of compute-0"]);
        }),
        Case::new("2.2 triple changed / locking (§2.3)", "the rest of the host's data comes after the event", || {
            let mut rig = at("disabled", DOWN, "");
            let mut shown = host(H, "unlocked", "enabled", "available");
            shown.action = HostAction::Lock;
            rig.host_shown(shown);
            assert_eq!((rig.state(H), rig.host(H).is_locking()), ("enabling", true));
        }),
    ]
}

fn stored_elapsed(rig: &Rig) -> String {
    rig.store.snapshot().hosts.iter().find(|row| row.name == H).unwrap().elapsed_time_in_state.clone()
}

fn with_host_alarm() -> Rig {
    let mut rig = at("enabling", UP, "");
    rig.host_audit(H);
    rig.ok("nova: compute-0");
    rig.nok("nova: enable", "no");
    assert_eq!(rig.alarm_types(), ["host-services-failed"]);
    rig.forget();
    rig
}

/// Lets the audit list the hosts.
fn list_hosts(rig: &mut Rig, hosts: Vec<object::Host>, incomplete: &[&str]) {
    rig.listings_refused = false;
    let incomplete = incomplete.iter().map(|name| (*name).to_owned()).collect();
    rig.listing("Infrastructure(GetHosts)", Answer::Hosts { hosts, incomplete, groups: Vec::new() });
    rig.listings_refused = true;
}

/// Row, triple, action of the VIM, action of the platform, what is asked, answer.
type Predicate = (&'static str, Triple, &'static str, HostAction, fn(&Host) -> bool, bool);

fn predicates() -> Vec<Predicate> {
    use HostAction as A;
    vec![
        ("2.3 is_locking", UP, "", A::None, Host::is_locking, false),
        ("2.3 is_locking", UP, "", A::Lock, Host::is_locking, true),
        ("2.3 is_locking", UP, "", A::LockForce, Host::is_locking, true),
        ("2.3 is_locking", UP, "locking", A::None, Host::is_locking, true),
        ("2.3 is_locking", UP, "locking (force)", A::None, Host::is_locking, true),
        ("2.3 is_locking", UP, "unlocking", A::Unlock, Host::is_locking, false),
        ("2.3 is_force_lock", UP, "locking", A::Lock, Host::is_force_lock, false),
        ("2.3 is_force_lock", UP, "locking (force)", A::None, Host::is_force_lock, true),
        ("2.3 is_force_lock", UP, "", A::LockForce, Host::is_force_lock, true),
        // the platform's own word for it is not known (quirk)
        ("2.3 is_force_lock", UP, "", A::from("force-lock"), Host::is_force_lock, false),
        ("2.3 is_unlocking", DOWN, "unlocking", A::None, Host::is_unlocking, true),
        ("2.3 is_unlocking", DOWN, "", A::Unlock, Host::is_unlocking, false),
        ("2.3 nfvi_host_is_enabled", UP, "", A::None, Host::nfvi_is_enabled, true),
        ("2.3 nfvi_host_is_enabled", UP, "locking", A::None, Host::nfvi_is_enabled, false),
        ("2.3 nfvi_host_is_enabled", UP, "", A::Lock, Host::nfvi_is_enabled, false),
        ("2.3 nfvi_host_is_enabled", FAILED, "", A::None, Host::nfvi_is_enabled, false),
        ("2.3 is_failed", FAILED, "", A::None, Host::is_failed, true),
        ("2.3 is_failed", ("unlocked", "disabled", "failed (component)"), "", A::None, Host::is_failed, true),
        ("2.3 is_failed", ("unlocked", "disabled", "offline"), "", A::None, Host::is_failed, false),
        ("2.3 is_component_failure", FAILED, "", A::None, Host::is_component_failure, false),
        (
            "2.3 is_component_failure",
            ("unlocked", "disabled", "failed (component)"),
            "",
            A::None,
            Host::is_component_failure,
            true,
        ),
        (
            "2.3 is_offline / is_power_off / is_available / is_online",
            ("locked", "disabled", "offline"),
            "",
            A::None,
            Host::is_offline,
            true,
        ),
        (
            "2.3 is_offline / is_power_off / is_available / is_online",
            ("locked", "disabled", "power-off"),
            "",
            A::None,
            Host::is_power_off,
            true,
        ),
        (
            "2.3 is_offline / is_power_off / is_available / is_online",
            DOWN,
            "",
            A::None,
            |host| host.is_offline() || host.is_power_off(),
            false,
        ),
    ]
}

pub fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = CHANGES
        .iter()
        .map(|(row, what, state, before, action, told, after)| {
            Case::new(row, *what, || {
                let mut rig = at(state, *before, action);
                rig.host_is(H, *told);
                let got = (rig.state(H).to_owned(), rig.host(H).action.as_str().to_owned(), stored(&rig).2);
                assert_eq!(got, owned(*after));
                assert_eq!(stored(&rig), owned(*after), "as stored");
            })
        })
        .collect();
    cases.extend(ORDERS.iter().map(|(row, what, state, shown, order, after)| {
        Case::new(row, *what, || {
            let mut rig = at(state, *shown, "");
            rig.order(H, *order);
            assert_eq!((rig.state(H), rig.host(H).action.as_str()), *after);
            let (state, action, _) = stored(&rig);
            assert_eq!((state.as_str(), action.as_str()), *after, "as stored");
        })
    }));
    cases.extend(others());
    cases.extend(predicates().into_iter().map(|(row, shown, action, platform, asked, want)| {
        Case::new(row, format!("{shown:?} {action} {platform}"), move || {
            let mut shown = host(H, shown.0, shown.1, shown.2);
            shown.action = platform.clone();
            let rig = Setup::new().host_as(shown, "disabled", action).start();
            assert_eq!(asked(rig.host(H)), want);
        })
    }));
    cases.extend([("enabled", UP), ("disabled", DOWN), ("deleted", DOWN)].map(|(state, shown)| {
        Case::new("2.3 is_enabled / is_disabled / is_deleted", state, move || {
            assert_eq!(at(state, shown, "").state(H), state);
        })
    }));
    cases
}
