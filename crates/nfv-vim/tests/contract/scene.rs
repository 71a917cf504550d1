//! Situations that several sections begin with.
#![allow(dead_code)] // each section uses a part

use crate::rig::{DOWN, FAILED, Rig, Setup, UP, nova, server};
use nfv_nfvi::notification::HostOrder::Lock;
use nfv_nfvi::object::{self, ActionParameters, ActionType, RequestContext};
use nfv_nfvi::{Notification, Reply};

/// The host that goes down.
pub const H: &str = "compute-0";
/// The other one.
pub const OTHER: &str = "compute-1";
/// The instance on [`H`].
pub const VM: &str = "vm-0";

/// Two enabled hosts, and [`VM`] as `change` makes it.
pub fn cloud_with(change: impl FnOnce(&mut object::Instance)) -> Rig {
    let mut rig = Setup::new().host(H, "enabled").host(OTHER, "enabled").start();
    let mut vm = server(VM, H);
    change(&mut vm);
    rig.add(vm);
    rig.forget();
    rig
}

/// Two enabled hosts and an active instance.
pub fn cloud() -> Rig {
    cloud_with(|_| {})
}

/// A user's request for an action on [`VM`].
pub fn user(rig: &mut Rig, action: ActionType) -> Option<Reply> {
    user_with(rig, action, ActionParameters::default())
}

/// The same with parameters.
pub fn user_with(rig: &mut Rig, action: ActionType, parameters: ActionParameters) -> Option<Reply> {
    let context = RequestContext {
        token_id: Some("token".to_owned()),
        tenant_id: Some(crate::rig::TENANT.to_owned()),
        request_uuid: Some("44444444-0000-0000-0000-000000000000".to_owned()),
        version: Some("v2.1".to_owned()),
        content: Some("{}".to_owned()),
    };
    rig.ask(Notification::InstanceActionRequest { uuid: VM.to_owned(), action, parameters, context })
}

/// A user's action whose request is at Nova.
pub fn user_action(action: ActionType, change: impl FnOnce(&mut object::Instance)) -> Rig {
    let mut rig = cloud_with(change);
    let parameters = ActionParameters {
        instance_type_uuid: (action == ActionType::Resize).then(|| "flavor-2".to_owned()),
        instance_image_uuid: (action == ActionType::Rebuild).then(|| "image-2".to_owned()),
        ..ActionParameters::default()
    };
    assert_eq!(user_with(&mut rig, action, parameters), None);
    rig.forget();
    rig
}

/// [`H`] is being locked and has come to its instances.
pub fn lock(rig: &mut Rig) {
    rig.order(H, Lock);
    for call in ["nova: disable", "guest: disable", "nova: hypervisor"] {
        rig.ok(call);
    }
}

/// A lock whose live migration of [`VM`] is asked of Nova.
pub fn locked_live() -> Rig {
    let mut rig = cloud();
    lock(&mut rig);
    assert_eq!(rig.action(VM), "live-migrate");
    rig.forget();
    rig
}

/// A lock whose cold migration of [`VM`] is asked of Nova.
pub fn locked_cold() -> Rig {
    let mut rig = cloud_with(|vm| vm.live_migration_support = Some(false));
    lock(&mut rig);
    assert_eq!(rig.action(VM), "cold-migrate");
    rig.forget();
    rig
}

/// A host failure whose evacuation of [`VM`] waits for the host to be offline.
pub fn failed_host() -> Rig {
    let mut rig = cloud();
    rig.host_is(H, FAILED);
    for call in ["nova: disable", "guest: disable", "nova: hypervisor", "nova: compute-0", "neutron"] {
        rig.ok(call);
    }
    rig.ok("vm-0: reset-state");
    rig.nova(VM, "error", "none", "running");
    assert_eq!(rig.action(VM), "evacuate");
    rig.forget();
    rig
}

/// A host failure whose evacuation of [`VM`] is asked of Nova.
pub fn evacuation() -> Rig {
    let mut rig = failed_host();
    rig.host_is(H, ("unlocked", "disabled", "offline"));
    assert_eq!(rig.calls(), ["vm-0: evacuate"]);
    rig.forget();
    rig
}

/// The only hypervisor, with [`VM`].
pub fn simplex() -> Rig {
    let mut rig =
        Setup::new().host(H, "enabled").config(|config| config.instance.single_hypervisor = true).start();
    rig.add(server(VM, H));
    rig.forget();
    rig
}

/// A lock of the only hypervisor whose stop of [`VM`] is asked of Nova.
pub fn locked_stop() -> Rig {
    let mut rig = simplex();
    lock(&mut rig);
    assert_eq!(rig.action(VM), "stop");
    rig.forget();
    rig
}

/// The only hypervisor is back, and the start of [`VM`] is asked of Nova.
pub fn unlocked_start() -> Rig {
    let mut rig = locked_stop();
    rig.ok("vm-0: stop");
    rig.nova(VM, "stopped", "none", "shutdown");
    rig.all_ok();
    rig.host_is(H, DOWN);
    assert_eq!(rig.state(H), "disabled");
    rig.host_is(H, UP);
    rig.all_ok();
    assert_eq!(rig.state(H), "enabled");
    rig.run(31);
    assert_eq!((rig.action(VM), rig.calls().last().copied()), ("start", Some("vm-0: start")));
    rig.forget();
    rig
}

/// Nothing but what the case says is seen of the instance from now on.
pub fn silent(mut rig: Rig) -> Rig {
    rig.nova_answers = false;
    rig.forget();
    rig
}

/// So many seconds pass, then Nova shows the instance unchanged: an `audit`.
pub fn audit_after(rig: &mut Rig, seconds: u64) {
    rig.run(seconds);
    rig.notify(VM);
}

/// The instance is on the other host, active.
pub fn arrives(rig: &mut Rig) {
    rig.change(VM, |vm| {
        nova(vm, "active", "none", "running");
        vm.host_name = Some(OTHER.to_owned());
    });
}
