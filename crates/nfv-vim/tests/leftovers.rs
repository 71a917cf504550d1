//! What must not stay for ever, and what must not be taken away: through the core's inputs and effects.
#![allow(clippy::unwrap_used)] // in helpers of tests

use nfv_common::alarm::{AlarmData, AlarmType, AlarmUuid};
use nfv_common::time::{Mono, Now};
use nfv_nfvi::call::InfrastructureCall;
use nfv_nfvi::object::{AdminState, Host, HostAction, HostAvailStatus, OperState, Seconds};
use nfv_nfvi::{Answer, Call, CallError, ErrorKind};
use nfv_vim::core::host::HostState;
use nfv_vim::core::{CoreConfig, Effect, Input, Outcome, StartFacts, Vim};
use nfv_vim_db::row::StateRow;
use nfv_vim_db::{Snapshot, Write};
use std::time::Duration;

fn at(seconds: u64) -> Now {
    Now { mono: Mono::at(Duration::from_secs(1000 + seconds)), wall: jiff::Timestamp::UNIX_EPOCH }
}

fn start(snapshot: Snapshot) -> (Vim, Outcome) {
    Vim::start(CoreConfig::default(), StartFacts::default(), snapshot, at(0))
}

fn host(name: &str) -> Host {
    Host {
        uuid: format!("uuid-of-{name}"),
        name: name.to_owned(),
        personality: "worker".to_owned(),
        admin_state: AdminState::Unlocked,
        oper_state: OperState::Enabled,
        avail_status: HostAvailStatus::Available,
        action: HostAction::None,
        uptime: Seconds(100),
        software_load: None,
        target_load: None,
        openstack_compute: false,
        openstack_control: false,
        nfvi_data: serde_json::Value::Null,
    }
}

/// Lets `seconds` pass. sysinv lists these hosts; other listings fail, whatever is asked to be done is done.
fn run(vim: &mut Vim, from: u64, seconds: u64, listed: &[Host]) {
    for second in from..from + seconds {
        let mut effects = vim.handle(at(second), Input::Tick).effects;
        while let Some(effect) = effects.pop() {
            let Effect::Call { id, call } = effect else { continue };
            let result = match *call {
                Call::Infrastructure(InfrastructureCall::GetHosts) => {
                    Ok(Answer::Hosts { hosts: listed.to_vec(), incomplete: Vec::new(), groups: Vec::new() })
                }
                Call::Infrastructure(InfrastructureCall::GetSystemInfo)
                | Call::Identity(_)
                | Call::Compute(nfv_nfvi::call::ComputeCall::GetHypervisors) => {
                    Err(CallError::new(ErrorKind::TimedOut, String::new()))
                }
                _ => Ok(Answer::Done),
            };
            let more = vim.handle(at(second), Input::Answer { id, result: Box::new(result) });
            effects.extend(more.effects);
        }
    }
}

#[test]
fn an_alarm_whose_owner_is_gone_is_cleared_at_a_start() {
    let entities = ["tenant=t.instance=gone", "host=gone.services=compute"];
    let state = entities.iter().enumerate().map(|(n, entity)| {
        let uuid = AlarmUuid(format!("alarm-{n}"));
        let alarm = AlarmData::new(uuid, AlarmType::InstanceFailed, "", *entity, "", "", at(0).wall);
        let data = serde_json::to_string(&alarm).unwrap();
        StateRow { kind: "alarm".to_owned(), key: format!("alarm-{n}"), data }
    });
    let (vim, outcome) = start(Snapshot { state: state.collect(), ..Snapshot::default() });
    assert_eq!(vim.raised_alarms().count(), 0);
    let cleared = outcome.effects.iter().filter(|effect| matches!(effect, Effect::ClearAlarm(_))).count();
    let forgotten = outcome.writes.iter().filter(|write| matches!(write, Write::DeleteState { .. })).count();
    assert_eq!((cleared, forgotten), (2, 2));
    assert!(!outcome.effects.iter().any(|effect| matches!(effect, Effect::RaiseAlarm(_))));
}

/// vim-behaviour 6.1, second quirk.
#[test]
fn a_host_that_was_deleted_and_added_again_under_its_name_is_met_anew() {
    let (mut vim, _) = start(Snapshot::default());
    let hosts = [host("compute-0"), host("compute-1")];
    let state = |vim: &Vim| vim.hosts().find(|host| host.name() == "compute-1").map(|host| host.state());
    run(&mut vim, 0, 60, &hosts);
    assert!(state(&vim).is_some());
    let body =
        nfv_nfvi::Notification::HostDelete { uuid: hosts[1].uuid.clone(), name: "compute-1".to_owned() };
    let deleting = vim.handle(at(60), Input::Notification { request: None, body: Box::new(body) });
    for effect in deleting.effects {
        if let Effect::Call { id, .. } = effect {
            vim.handle(at(60), Input::Answer { id, result: Box::new(Ok(Answer::Done)) });
        }
    }
    run(&mut vim, 61, 300, &hosts);
    assert!(state(&vim).is_some_and(|state| state != HostState::Deleted), "{:?}", state(&vim));
}
