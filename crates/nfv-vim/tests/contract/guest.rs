//! An instance with a heartbeat, its guest agent, and what users want of it: for the sections about guests.

use crate::rig::{Rig, Setup, nova, server};
use nfv_nfvi::notification::GuestResponse;
use nfv_nfvi::object::{
    ActionParameters, ActionType, AdminState, GuestService, GuestServices, GuestVote, HEARTBEAT, OperState,
    RequestContext,
};
use nfv_nfvi::{Answer, CallResult, Notification};

/// The instance.
pub const VM: &str = "vm";

/// What the guest agent shows of the instance.
pub fn report(host: &str, wanted: bool, beats: bool, restart_timeout: Option<u64>) -> GuestServices {
    GuestServices {
        instance_uuid: VM.to_owned(),
        host_name: Some(host.to_owned()),
        services: vec![GuestService {
            name: HEARTBEAT.to_owned(),
            admin_state: if wanted { AdminState::Unlocked } else { AdminState::Locked },
            oper_state: if beats { OperState::Enabled } else { OperState::Disabled },
            restart_timeout,
        }],
    }
}

/// The guest agent took a vote or notification; the guest has so many seconds.
pub fn asked(timeout: u64) -> CallResult {
    Ok(Answer::GuestVote(GuestVote {
        uuid: VM.to_owned(),
        host_name: Some("compute-0".to_owned()),
        action: "event".to_owned(),
        timeout,
    }))
}

/// Two hosts and the instance on the first, in these states of Nova; the guest agent has not heard of it.
pub fn unheard(setup: Setup, states: (&str, &str, &str)) -> Rig {
    let mut rig = setup.start();
    let mut vm = server(VM, "compute-0");
    vm.instance_type
        .as_mut()
        .unwrap()
        .extra_specs
        .insert("sw:wrs:guest:heartbeat".to_owned(), "TRUE".to_owned());
    vm.image_uuid = Some("image".to_owned());
    nova(&mut vm, states.0, states.1, states.2);
    rig.add(vm);
    rig.forget();
    rig
}

/// Two hosts in service.
pub fn two_hosts() -> Setup {
    Setup::new().host("compute-0", "enabled").host("compute-1", "enabled")
}

/// The instance in these states, known to the guest agent, its heart beating if it can.
pub fn with(setup: Setup, states: (&str, &str, &str)) -> Rig {
    let mut rig = unheard(setup, states);
    audit(&mut rig);
    play(&mut rig);
    for _ in 0..2 {
        audit(&mut rig);
        play(&mut rig);
    }
    rig.forget();
    rig
}

/// The instance runs and its heart beats.
pub fn beating() -> Rig {
    let rig = with(two_hosts(), ("active", "none", "running"));
    assert_eq!(state(&rig), "enabled");
    rig
}

/// Nothing changes for a while, and Nova says so.
pub fn audit(rig: &mut Rig) {
    rig.run(16);
    rig.notify(VM);
}

/// State of the guest services; empty for none.
pub fn state(rig: &Rig) -> &'static str {
    rig.instance(VM).guest_services.state().map_or("", |state| state.as_str())
}

/// State of the action data.
pub fn action_state(rig: &Rig) -> String {
    rig.instance(VM).action_data.state.as_ref().map(ToString::to_string).unwrap_or_default()
}

/// The action machines that wait.
pub fn pending(rig: &Rig) -> Vec<&'static str> {
    rig.instance(VM).pending.iter().map(|pending| pending.kind.as_str()).collect()
}

/// A user wants something of the instance.
pub fn user(rig: &mut Rig, action: ActionType, parameters: ActionParameters) -> Option<nfv_nfvi::Reply> {
    let context = RequestContext { request_uuid: Some("request".to_owned()), ..RequestContext::default() };
    rig.ask(Notification::InstanceActionRequest { uuid: VM.to_owned(), action, parameters, context })
}

/// The same without parameters, and without an answer at once.
pub fn wants(rig: &mut Rig, action: ActionType) {
    assert_eq!(user(rig, action, ActionParameters::default()), None);
}

/// The guest says something about an action.
pub fn says(rig: &mut Rig, action: ActionType, response: GuestResponse, reason: &str) {
    let body = Notification::GuestActionResponse {
        uuid: VM.to_owned(),
        action,
        response,
        reason: reason.to_owned(),
    };
    assert_eq!(rig.ask(body), Some(nfv_nfvi::Reply::Ok));
}

/// The next call that is out about the instance is answered as one would wish; false if there is none.
pub fn step(rig: &mut Rig) -> bool {
    let open = rig.open_calls();
    let Some(call) = open.into_iter().find(|call| call.starts_with("guest:") || call.starts_with(VM)) else {
        return false;
    };
    let host = rig.servers.get(VM).and_then(|server| server.host_name.clone()).unwrap_or_default();
    let runs = rig.servers.get(VM).is_some_and(|server| {
        server.oper_state == OperState::Enabled && server.action == nfv_nfvi::object::InstanceAction::None
    });
    let (verb, kind) =
        (call.split(' ').nth(1).unwrap_or_default(), rig.instance(VM).action_data.action_type());
    match verb {
        "vote" => {
            rig.answer(&call, asked(15));
            says(rig, kind, GuestResponse::Allow, "");
        }
        "notify" => {
            rig.answer(&call, asked(15));
            says(rig, kind, GuestResponse::Proceed, "");
        }
        "enabled" => rig.answer(&call, Ok(Answer::GuestServices(report(&host, true, runs, Some(120))))),
        "disabled" => rig.answer(&call, Ok(Answer::GuestServices(report(&host, false, false, Some(0))))),
        _ => rig.ok(&call),
    }
    true
}

/// Everything that is out about the instance is answered, and what comes of it.
pub fn play(rig: &mut Rig) {
    for _ in 0..20 {
        if !step(rig) {
            return;
        }
    }
    panic!("it never ends: {:?}", rig.calls());
}
