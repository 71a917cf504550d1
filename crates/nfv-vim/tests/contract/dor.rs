//! vim-behaviour 6.4: caution after a site-wide power loss. And 2.1: the states of hosts as they are stored.

use crate::case::{Case, Elsewhere};
use crate::rig::{Did, FAILED, Rig, Setup, host, nova, server};
use crate::scene::{H, OTHER, VM};
use crate::sim::secs;
use nfv_nfvi::Answer;
use nfv_nfvi::object::{HostUptime, Seconds};
use nfv_vim::core::host::HostState;
use nfv_vim::core::{CoreConfig, Flag};

pub const ELSEWHERE: &[Elsewhere] = &[];

/// So many workers; the controller has been up for 100 s.
fn site(workers: usize) -> Setup {
    let setup = (0..workers).fold(Setup::new(), |setup, number| setup.host(&format!("compute-{number}"), "enabled"));
    setup.facts(|facts| (facts.dor_complete, facts.uptime) = (false, secs(100)))
}

/// Maintenance answers: the first `up` of so many workers have been up for long.
fn answer(rig: &mut Rig, workers: usize, up: usize) {
    let uptimes = (0..workers).map(|number| HostUptime {
        uuid: format!("uuid-of-compute-{number}"),
        hostname: format!("compute-{number}"),
        uptime: Seconds(if number < up { 1200 } else { 1199 }),
    });
    let uptimes: Vec<_> = uptimes.collect();
    rig.answer("system state", Ok(Answer::SystemState(Some(uptimes))));
}

/// Recovery is complete.
fn completed(rig: &Rig) -> bool {
    rig.did().iter().any(|did| matches!(did, Did::Touched(Flag::DorComplete)))
}

/// Failed instances may be touched: one that crashes is healed at once.
fn stabilized(rig: &mut Rig) -> bool {
    rig.add(server("vm-crash", H));
    rig.change("vm-crash", |vm| nova(vm, "active", "none", "crashed"));
    rig.calls().contains(&"vm-crash: reset-state error")
}

/// Seconds that pass, with every question of maintenance refused.
fn unanswered(rig: &mut Rig, seconds: u64) {
    for _ in 0..seconds {
        rig.run(1);
        if rig.asks("system state") {
            rig.nok("system state", "away");
        }
    }
}

const RAISED: &str = "+multi-node-recovery-mode";
const CLEARED: &str = "-multi-node-recovery-mode";
const ENTER: &str = "700.216 Entered Multi-Node Recovery Mode";
const EXIT: &str = "700.217 Exited Multi-Node Recovery Mode";

fn ticks() -> Vec<Case> {
    vec![
        Case::new("6.4 1", "nothing is asked any more", || {
            let mut rig = site(1).facts(|facts| facts.dor_complete = true).start();
            rig.run(100);
            assert!(!rig.asks("system state"));
        }),
        Case::new("6.4 2", "the file exists: an alarm of an earlier process is cleared", || {
            let mut before = site(10).start();
            answer(&mut before, 10, 0);
            assert_eq!(before.alarm_types(), ["multi-node-recovery-mode"]);
            let rows = before.store.snapshot().clone();
            let setup = site(0).rows(|all| *all = rows).facts(|facts| facts.dor_complete = true);
            let rig = setup.start_remembering();
            assert_eq!((rig.alarm_changes(), rig.logs()), (vec![RAISED.to_owned(), CLEARED.to_owned()], vec![EXIT.to_owned()]));
            assert!(!completed(&rig), "the file is there already");
        }),
        Case::new("6.4 2", "the file exists: nothing was raised", || {
            let rig = site(10).facts(|facts| facts.dor_complete = true).start_remembering();
            assert_eq!((rig.alarm_changes(), rig.logs()), (vec![], vec![]));
        }),
        Case::new("6.4 3", "the controller has been up for long", || {
            let rig = site(10).facts(|facts| facts.uptime = secs(1200)).start_remembering();
            assert!(completed(&rig));
        }),
        Case::new("6.4 3", "it is not yet", || {
            let mut rig = site(10).facts(|facts| facts.uptime = secs(1170)).start_remembering();
            answer(&mut rig, 10, 0);
            rig.run(28);
            assert!(!completed(&rig));
            rig.run(20);
            assert!(completed(&rig));
            assert_eq!((rig.alarm_changes(), rig.logs()), (vec![RAISED.to_owned(), CLEARED.to_owned()], vec![
                ENTER.to_owned(),
                EXIT.to_owned()
            ]));
        }),
        Case::new("6.4 4", "240 s, at the next tick", || {
            let mut rig = site(10).start();
            unanswered(&mut rig, 230);
            assert!(!stabilized(&mut rig));
            let mut rig = site(10).start();
            unanswered(&mut rig, 245);
            assert!(stabilized(&mut rig));
        }),
        Case::new("6.4 5", "asked at 1 s and every 20 s, one question at a time", || {
            let mut rig = site(10).start();
            assert!(rig.asks("system state"));
            rig.run(20);
            assert_eq!(rig.count_asked("system state"), 1);
            answer(&mut rig, 10, 0);
            rig.run(19);
            assert!(!rig.asks("system state"));
            rig.run(1);
            assert!(rig.asks("system state"));
        }),
    ]
}

fn answers() -> Vec<Case> {
    vec![
        Case::new("6.4 percentage ≥ completion percentage", "half of the workers", || {
            let mut rig = site(10).start();
            answer(&mut rig, 10, 5);
            assert!(completed(&rig));
        }),
        Case::new("6.4 percentage ≥ completion percentage", "fewer", || {
            let mut rig = site(10).start();
            answer(&mut rig, 10, 4);
            assert!(!completed(&rig));
        }),
        Case::new("6.4 percentage ≥ completion percentage", "only known workers count", || {
            let mut shown = host("controller-0", "unlocked", "enabled", "available");
            shown.personality = "controller".to_owned();
            let mut rig = site(4).host_as(shown, "enabled", "").start();
            let uptime = |name: &str| HostUptime {
                uuid: String::new(),
                hostname: name.to_owned(),
                uptime: Seconds(5000),
            };
            let mut uptimes = vec![uptime("controller-0"), uptime("elsewhere"), uptime("compute-0")];
            for number in 1..4 {
                uptimes.push(HostUptime { uptime: Seconds(1), ..uptime(&format!("compute-{number}")) });
            }
            rig.answer("system state", Ok(Answer::SystemState(Some(uptimes))));
            assert!(!completed(&rig), "one of four");
        }),
        Case::new("6.4 else total < minimum_hosts and process uptime ≥ dor_process_", "59 s, then 60 s", || {
            let mut rig = site(3).start();
            unanswered(&mut rig, 50);
            rig.forget();
            // the question of 61 s is answered in time
            rig.run(10);
            answer(&mut rig, 3, 0);
            assert!(completed(&rig));
            let mut rig = site(3).start();
            unanswered(&mut rig, 39);
            rig.run(1);
            rig.run(18);
            answer(&mut rig, 3, 0);
            assert!(!completed(&rig), "59 s");
        }),
        Case::new("6.4 else total < minimum_hosts and process uptime ≥ dor_process_", "not a small system", || {
            let mut rig = site(4).start();
            unanswered(&mut rig, 60);
            answer_next(&mut rig, 4, 0);
            assert!(!completed(&rig));
        }),
        Case::new("6.4 else total < minimum_hosts", "stabilized", || {
            let mut rig = site(3).start();
            answer(&mut rig, 3, 0);
            assert!(!completed(&rig));
            assert!(stabilized(&mut rig));
            let mut rig = site(4).start();
            answer(&mut rig, 4, 0);
            assert!(!stabilized(&mut rig));
        }),
        Case::new("6.4 completed (Effect)", "file, alarm, log, and instances are healed", || {
            let mut rig = site(10).start();
            answer(&mut rig, 10, 0);
            rig.run(20);
            rig.forget();
            answer(&mut rig, 10, 5);
            assert!(completed(&rig));
            assert_eq!((rig.alarm_changes(), rig.logs()), (vec![CLEARED.to_owned()], vec![EXIT.to_owned()]));
            assert!(stabilized(&mut rig));
            rig.run(100);
            assert!(!rig.asks("system state"));
        }),
        Case::new("6.4 not completed, alarm not raised", "once", || {
            let mut rig = site(10).start();
            answer(&mut rig, 10, 0);
            assert_eq!((rig.alarm_changes(), rig.logs()), (vec![RAISED.to_owned()], vec![ENTER.to_owned()]));
            rig.run(20);
            rig.forget();
            answer(&mut rig, 10, 0);
            assert_eq!((rig.alarm_changes(), rig.logs()), (vec![], vec![]));
        }),
        Case::new("6.4 not completed, alarm not raised", "a refusal says nothing", || {
            let mut rig = site(10).start();
            rig.nok("system state", "away");
            assert_eq!((rig.alarm_changes(), completed(&rig)), (vec![], false));
        }),
        Case::new("8.3 multi-node-recovery-mode", "texts and entity", || {
            let mut rig = site(10).start();
            answer(&mut rig, 10, 0);
            let alarm = rig.alarms()[0].clone();
            assert_eq!((alarm.entity_type.as_str(), alarm.entity.as_str()), ("subsystem", "subsystem=vim"));
            assert_eq!(alarm.specific_problem_text, "Multi-Node Recovery Mode");
            assert_eq!(alarm.proposed_repair_action, "Wait for the system to exit out of this mode");
        }),
    ]
}

/// Waits for the next question and answers it.
fn answer_next(rig: &mut Rig, workers: usize, up: usize) {
    while !rig.asks("system state") {
        rig.run(1);
    }
    answer(rig, workers, up);
}

fn gates() -> Vec<Case> {
    vec![
        Case::new("6.4 stabilized", "the recovery audit waits", || {
            let mut rig = site(10).start();
            let mut vm = server(VM, H);
            nova(&mut vm, "error", "none", "running");
            rig.add(vm);
            rig.forget();
            unanswered(&mut rig, 200);
            assert_eq!(rig.calls(), Vec::<&str>::new());
            unanswered(&mut rig, 130);
            assert_eq!(rig.calls(), ["vm-0: reboot HARD"]);
        }),
        Case::new("6.4 stabilized", "the host audit fails nothing", || {
            let mut rig = site(10).host_as(host("compute-x", "unlocked", "disabled", "failed"), "disabled", "").start();
            rig.add(server(VM, "compute-x"));
            rig.forget();
            rig.host_audit("compute-x");
            assert_eq!(rig.calls(), Vec::<&str>::new());
            unanswered(&mut rig, 250);
            rig.host_again("compute-x");
            assert_eq!(rig.calls(), ["vm-0: reset-state error"]);
        }),
        Case::new("6.4 stabilized", "a crash is not healed at once", || {
            let mut rig = site(10).start();
            assert!(!stabilized(&mut rig));
        }),
        Case::new("6.4 completed (Not set →)", "instances of a failed host are only failed", || {
            let mut rig = site(10).start();
            rig.add(server(VM, H));
            rig.forget();
            rig.host_is(H, FAILED);
            for call in ["nova: disable", "guest: disable", "nova: hypervisor", "nova: compute-0", "neutron"] {
                rig.ok(call);
            }
            assert_eq!((rig.action(VM), rig.instance(VM).pending.len()), ("fail", 0));
        }),
        Case::new("6.4 completed (Not set →)", "recovery only reboots", || {
            let mut rig = site(10).start();
            let mut vm = server(VM, OTHER);
            vm.image_uuid = Some("image-1".to_owned());
            nova(&mut vm, "error", "none", "running");
            rig.add(vm);
            unanswered(&mut rig, 300);
            for _ in 0..2 {
                rig.forget();
                while rig.calls().is_empty() {
                    unanswered(&mut rig, 1);
                }
                assert_eq!(rig.calls(), ["vm-0: reboot HARD"]);
                rig.ok("vm-0: reboot");
            }
        }),
    ]
}

/// Row and default.
fn settings() -> Vec<Case> {
    let dor = || CoreConfig::default().dor;
    vec![
        Case::new("6.4 minimum_hosts", "", move || assert_eq!(dor().minimum_hosts, 4)),
        Case::new("6.4 dor_process_uptime", "", move || assert_eq!(dor().process_uptime, secs(60))),
        Case::new("6.4 dor_stabilize_uptime", "", move || assert_eq!(dor().stabilize_uptime, secs(240))),
        Case::new("6.4 dor_complete_uptime", "", move || assert_eq!(dor().complete_uptime, secs(1200))),
        Case::new("6.4 (completion percentage)", "", move || assert_eq!(dor().completion_percentage, 50)),
    ]
}

pub fn cases() -> Vec<Case> {
    settings().into_iter().chain(ticks()).chain(answers()).chain(gates()).collect()
}

/// vim-behaviour 2.1: the texts of the states, each of which a start takes up.
#[test]
fn hosts_go_on_in_the_state_that_is_stored() {
    let states = [
        "initial",
        "configure",
        "enabling",
        "enabled",
        "disabling",
        "disabling-failed",
        "disabled",
        "deleting",
        "deleting-failed",
        "deleted",
    ];
    for state in states {
        let rig = Setup::new().host(H, state).start();
        assert_eq!((rig.state(H), rig.task(H)), (state, None));
        assert_eq!(HostState::parse(state).unwrap().as_str(), state);
    }
    assert_eq!(HostState::parse("nowhere"), None);
}
