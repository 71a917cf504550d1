//! vim-behaviour 5.4: software management. The rows of the steps and builders are the recorded cases of
//! `tests/strategy_cases`.

use crate::case::{Case, Elsewhere};
use crate::rig::{Rig, Setup, refused};
use nfv_nfvi::Answer;
use nfv_nfvi::object::{HostSwPatch, SwPatch};
use nfv_vim_rpc::strategy::{CreateStrategy, DeleteStrategy, GetStrategy, StrategyAction};
use nfv_vim_rpc::{Request, ResponseBody, ResultCode};

pub const ELSEWHERE: &[Elsewhere] = &[];

const A: &str = "compute-0";
const ALARMS: &str = "Infrastructure(GetAlarms";
const PATCHES: &str = "SwMgmt(QueryUpdates";
const HOSTS: &str = "SwMgmt(QueryHosts";
const INSTALL: &str = "SwMgmt(UpdateHosts";

fn kind() -> Option<String> {
    Some("sw-patch".to_owned())
}

fn create() -> Request {
    Request::CreateStrategy(CreateStrategy {
        sw_update_type: kind(),
        controller_apply_type: Some("ignore".to_owned()),
        storage_apply_type: Some("ignore".to_owned()),
        swift_apply_type: Some("ignore".to_owned()),
        worker_apply_type: Some("serial".to_owned()),
        max_parallel_worker_hosts: None,
        default_instance_action: Some("migrate".to_owned()),
        alarm_restrictions: Some("strict".to_owned()),
    })
}

fn apply(stage_id: Option<u64>) -> Request {
    Request::ApplyStrategy(StrategyAction { sw_update_type: kind(), stage_id })
}

fn abort() -> Request {
    Request::AbortStrategy(StrategyAction { sw_update_type: kind(), stage_id: None })
}

fn delete(force: bool) -> Request {
    Request::DeleteStrategy(DeleteStrategy { sw_update_type: kind(), force })
}

/// Result and state of the strategy, as the API gets them.
fn put(rig: &mut Rig, request: Request) -> (ResultCode, String) {
    let answers = rig.api(request).expect("requests about strategies are answered at once");
    let [answer] = &answers[..] else { panic!("{answers:?}") };
    let strategy = match &answer.body {
        ResponseBody::CreateStrategy(strategy)
        | ResponseBody::ApplyStrategy(strategy)
        | ResponseBody::AbortStrategy(strategy)
        | ResponseBody::DeleteStrategy(strategy)
        | ResponseBody::GetStrategy(strategy) => strategy.strategy.clone(),
        other => panic!("{other:?}"),
    };
    let state = strategy.map(|text| {
        let strategy: serde_json::Value = serde_json::from_str(&text).unwrap();
        strategy["state"].as_str().unwrap().to_owned()
    });
    (answer.result, state.unwrap_or_default())
}

fn answered(result: ResultCode, state: &str) -> (ResultCode, String) {
    (result, state.to_owned())
}

fn hosts(current: bool) -> Answer {
    Answer::HostSwPatches(vec![HostSwPatch {
        name: A.to_owned(),
        personality: "worker".to_owned(),
        sw_version: "19.01".to_owned(),
        requires_reboot: true,
        patch_current: current,
        state: "idle".to_owned(),
        patch_failed: false,
        interim_state: false,
    }])
}

/// A patch strategy for one locked worker (query, patch, stabilize, reboot, stabilize), ready to be applied.
fn ready() -> Rig {
    let mut rig = Setup::new().host(A, "disabled").start();
    assert_eq!(put(&mut rig, create()), answered(ResultCode::Success, "building"));
    rig.answer(ALARMS, Ok(Answer::Alarms(Vec::new())));
    rig.answer(PATCHES, Ok(Answer::SwPatches(vec![patch()])));
    rig.answer(HOSTS, Ok(hosts(false)));
    rig.forget();
    rig
}

fn patch() -> SwPatch {
    SwPatch {
        name: "PATCH_0001".to_owned(),
        sw_version: "19.01".to_owned(),
        repo_state: "Applied".to_owned(),
        patch_state: "Available".to_owned(),
    }
}

/// The patch is being installed.
fn installing() -> Rig {
    let mut rig = ready();
    assert_eq!(put(&mut rig, apply(None)), answered(ResultCode::Success, "applying"));
    rig.answer(ALARMS, Ok(Answer::Alarms(Vec::new())));
    rig.forget();
    rig
}

fn state(rig: &mut Rig) -> String {
    let get = Request::GetStrategy(GetStrategy { sw_update_type: kind(), uuid: None });
    put(rig, get).1
}

/// Lets the audit's questions be answered until there is none for a while; hosts are as told.
fn audits(rig: &mut Rig, seconds: u64, current: bool) {
    for _ in 0..seconds {
        rig.run(1);
        if rig.out().iter().any(|call| call.starts_with(ALARMS)) {
            rig.answer(ALARMS, Ok(Answer::Alarms(Vec::new())));
        }
        if rig.out().iter().any(|call| call.starts_with(HOSTS)) {
            rig.answer(HOSTS, Ok(hosts(current)));
        }
    }
}

pub fn cases() -> Vec<Case> {
    const APPLY: &str = "5.4 apply";
    const APPLIED: &str = "5.4 apply complete";
    const ABORT: &str = "5.4 abort";
    const ABORTED: &str = "5.4 abort complete";
    const DELETE: &str = "5.4 delete (not forced)";
    const AUDIT: &str = "5.4 audit (30 s): FM alarms, then (patch) patch hosts";
    let in_progress =
        ["900.111 Software patch auto-apply start", "900.112 Software patch auto-apply inprogress"];
    vec![
        Case::new(APPLY, "no strategy", || {
            let mut rig = Setup::new().host(A, "disabled").start();
            assert_eq!(put(&mut rig, apply(None)), answered(ResultCode::NotFound, ""));
            assert_eq!(put(&mut rig, abort()), answered(ResultCode::NotFound, ""));
            assert_eq!(put(&mut rig, delete(true)), answered(ResultCode::NotFound, ""));
            assert!(rig.logs().is_empty());
        }),
        Case::new(APPLY, "a second strategy", || {
            let mut rig = ready();
            assert_eq!(put(&mut rig, create()), answered(ResultCode::Conflict, ""));
            assert_eq!(state(&mut rig), "ready-to-apply");
        }),
        Case::new(APPLY, "accepted", move || {
            let mut rig = ready();
            assert_eq!(put(&mut rig, apply(None)), answered(ResultCode::Success, "applying"));
            assert_eq!(rig.logs(), in_progress);
            assert_eq!(rig.alarm_changes(), ["+sw-patch-auto-apply-inprogress"]);
        }),
        Case::new(APPLY, "refused", || {
            let mut rig = ready();
            assert_eq!(put(&mut rig, apply(Some(7))), answered(ResultCode::Failed, ""));
            let rejected = "900.113 Software patch auto-apply rejected, reason = invalid stage id 7 for the apply, \
                            total-stages are 1";
            assert_eq!(rig.logs(), ["900.111 Software patch auto-apply start", rejected]);
            assert!(rig.alarm_changes().is_empty());
        }),
        Case::new(APPLIED, "ok", || {
            let mut rig = installing();
            rig.ok(INSTALL);
            rig.host_audit(A);
            rig.answer(HOSTS, Ok(hosts(true)));
            // 15 seconds of calm, the reboot, a minute until an audit takes it for done, a minute of calm
            audits(&mut rig, 20, true);
            rig.ok("sysinv: reboot compute-0");
            for _ in 0..12 {
                rig.host_audit(A);
                audits(&mut rig, 15, true);
            }
            assert_eq!(state(&mut rig), "applied");
            assert_eq!(rig.logs(), ["900.116 Software patch auto-apply completed"]);
            assert_eq!(rig.alarm_changes(), ["-sw-patch-auto-apply-inprogress"]);
        }),
        Case::new(APPLIED, "nok", || {
            let mut rig = installing();
            rig.nok(INSTALL, "patch agent does not answer");
            let failed = "900.115 Software patch auto-apply failed, reason = sw-patch-hosts failed: patch agent does \
                          not answer";
            assert_eq!(rig.logs(), [failed, "900.121 Software patch auto-apply aborted"]);
            let changes = ["-sw-patch-auto-apply-inprogress", "+sw-patch-auto-apply-failed"];
            assert_eq!(rig.alarm_changes(), changes);
        }),
        Case::new(DELETE, "what the deleted one asked is not the next one's answer", || {
            let mut rig = Setup::new().host(A, "disabled").start();
            assert_eq!(put(&mut rig, create()), answered(ResultCode::Success, "building"));
            assert_eq!(put(&mut rig, delete(true)).0, ResultCode::Success);
            assert_eq!(put(&mut rig, create()), answered(ResultCode::Success, "building"));
            // sysinv answers one at a time: this is the answer to the first
            rig.answer(ALARMS, Ok(Answer::Alarms(Vec::new())));
            assert!(!rig.asks(PATCHES), "the next one took the answer");
            rig.answer(ALARMS, Ok(Answer::Alarms(Vec::new())));
            assert!(rig.asks(PATCHES));
        }),
        Case::new(ABORT, "accepted: what runs goes on", || {
            let mut rig = installing();
            assert_eq!(put(&mut rig, abort()), answered(ResultCode::Success, "aborting"));
            let logs =
                ["900.117 Software patch auto-apply abort", "900.118 Software patch auto-apply aborting"];
            assert_eq!(rig.logs(), logs);
            let changes = ["-sw-patch-auto-apply-inprogress", "+sw-patch-auto-apply-aborting"];
            assert_eq!(rig.alarm_changes(), changes);
        }),
        Case::new(ABORT, "refused", || {
            let mut rig = ready();
            assert_eq!(put(&mut rig, abort()), answered(ResultCode::Failed, ""));
            let rejected = "900.119 Software patch auto-apply abort rejected, reason = apply not inprogress";
            assert_eq!(rig.logs(), ["900.117 Software patch auto-apply abort", rejected]);
        }),
        Case::new(ABORTED, "ok, and the audit looks soon", || {
            let mut rig = installing();
            put(&mut rig, abort());
            rig.forget();
            rig.ok(INSTALL);
            rig.host_audit(A);
            rig.answer(HOSTS, Ok(hosts(true)));
            assert_eq!(state(&mut rig), "aborted");
            assert_eq!(rig.logs(), ["900.121 Software patch auto-apply aborted"]);
            audits(&mut rig, 40, true);
            assert_eq!(rig.alarm_changes(), ["-sw-patch-auto-apply-aborting"]);
        }),
        Case::new(DELETE, "not forced, while something is under way", || {
            let mut building = Setup::new().host(A, "disabled").start();
            put(&mut building, create());
            let mut aborting = installing();
            put(&mut aborting, abort());
            for mut rig in [building, installing(), aborting] {
                let before = state(&mut rig);
                assert_eq!(put(&mut rig, delete(false)), answered(ResultCode::Failed, ""));
                assert_eq!(state(&mut rig), before);
            }
        }),
        Case::new(DELETE, "forced: alarms cleared, nothing left", || {
            let mut rig = installing();
            assert_eq!(put(&mut rig, delete(true)), answered(ResultCode::Success, ""));
            assert_eq!(rig.alarm_changes(), ["-sw-patch-auto-apply-inprogress"]);
            let get = Request::GetStrategy(GetStrategy { sw_update_type: kind(), uuid: None });
            assert_eq!(put(&mut rig, get).0, ResultCode::NotFound);
            assert_eq!(put(&mut rig, create()).0, ResultCode::Success);
        }),
        Case::new(DELETE, "not forced, when nothing is under way", || {
            let mut rig = ready();
            assert_eq!(put(&mut rig, delete(false)), answered(ResultCode::Success, ""));
        }),
        Case::new(AUDIT, "alarms, 2 s later hosts, 30 s later the alarms are in line", || {
            let mut rig = installing();
            rig.ok(INSTALL);
            rig.run(31);
            assert!(rig.out().iter().any(|call| call.starts_with(ALARMS)), "{:?}", rig.out());
            rig.answer(ALARMS, Err(refused("").unwrap_err()));
            rig.run(3);
            assert!(rig.out().iter().any(|call| call.starts_with(HOSTS)), "{:?}", rig.out());
            rig.answer(HOSTS, Ok(hosts(false)));
            audits(&mut rig, 40, false);
            assert!(rig.alarm_changes().is_empty(), "it is up, and stays");
        }),
        Case::new("8.3 sw-*", "raised and cleared as 5.4 says", || {
            let mut rig = installing();
            let entity = rig.alarms()[0].entity.clone();
            assert_eq!(entity, "orchestration=sw-patch");
            assert_eq!(rig.alarm_types(), ["sw-patch-auto-apply-inprogress"]);
            put(&mut rig, delete(true));
            assert!(rig.alarms().is_empty());
        }),
        Case::new(AUDIT, "failed: until no host needs a reboot patch", || {
            let mut rig = installing();
            rig.nok(INSTALL, "no");
            rig.forget();
            audits(&mut rig, 100, false);
            assert!(rig.alarm_changes().is_empty());
            audits(&mut rig, 100, true);
            assert_eq!(rig.alarm_changes(), ["-sw-patch-auto-apply-failed"]);
            audits(&mut rig, 40, true);
            assert!(!rig.out().iter().any(|call| call.starts_with(ALARMS)), "the timer has ended");
        }),
    ]
}
