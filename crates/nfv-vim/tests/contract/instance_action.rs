//! vim-behaviour 3.1, 3.2, 3.3, 3.5, 3.6: starting actions, what is kept of them, and their requests to Nova.

use crate::case::{Case, Elsewhere};
use crate::rig::{FAILED, Rig, Setup, nova, server};
use crate::scene::{
    H, OTHER, VM, arrives, cloud, cloud_with, evacuation, failed_host, locked_cold, locked_live, locked_stop,
    silent, unlocked_start, user, user_action, user_with,
};
use crate::sim::secs;
use nfv_nfvi::notification::HostOrder::Lock;
use nfv_nfvi::object::{ActionParameters, ActionState, ActionType as A};
use nfv_nfvi::{Answer, Notification};

pub const ELSEWHERE: &[Elsewhere] = &[
    Elsewhere::Definition { row: "3.6 query-hypervisor", why: "the work is in no task" },
];

/// The action of an instance as the database holds it.
fn stored(rig: &Rig) -> serde_json::Value {
    let row = rig.store.snapshot().instances.iter().find(|row| row.uuid == VM).unwrap();
    serde_json::from_str(row.action_data.as_deref().unwrap()).unwrap()
}

/// An instance that is resized or cold-migrated, waiting for a word.
fn resized(by: A) -> Rig {
    let mut rig = user_action(by, |_| {});
    rig.ok("vm-0");
    rig.nova(VM, "resized", "none", "running");
    rig.forget();
    rig
}

/// It failed on a host that works; the recovery audit reboots it, and rebuilds it when that did not help.
fn recovery_reboot() -> Rig {
    let mut rig = cloud_with(|vm| vm.image_uuid = Some("image-1".to_owned()));
    rig.nova(VM, "error", "none", "running");
    rig.run(61);
    rig
}

fn recovery_rebuild() -> Rig {
    let mut rig = recovery_reboot();
    rig.ok("vm-0: reboot");
    while rig.action(VM) != "rebuild" {
        rig.run(1);
    }
    rig
}

/// Row, what, set-up, state of the action, action type stored.
type KindRow = (&'static str, &'static str, fn() -> Rig, &'static str, &'static str);

fn kinds() -> Vec<KindRow> {
    vec![
        ("3.1 start-action", "", unlocked_start, "start", "start"),
        ("3.1 stop-action", "", locked_stop, "stop", "stop"),
        ("3.1 pause-action / unpause-action", "pause", || user_action(A::Pause, |_| {}), "pause", "pause"),
        ("3.1 pause-action / unpause-action", "unpause", || user_action(A::Unpause, |_| {}), "unpause", "unpause"),
        ("3.1 suspend-action / resume-action", "suspend", || user_action(A::Suspend, |_| {}), "suspend", "suspend"),
        ("3.1 suspend-action / resume-action", "resume", || user_action(A::Resume, |_| {}), "resume", "resume"),
        ("3.1 reboot-action", "", recovery_reboot, "reboot", "reboot"),
        ("3.1 rebuild-action", "", recovery_rebuild, "rebuild", "rebuild"),
        ("3.1 live-migrate-action", "", locked_live, "live-migrate", "live-migrate"),
        ("3.1 cold-migrate-action", "", locked_cold, "cold-migrate", "cold-migrate"),
        (
            "3.1 cold-migrate-action",
            "its second state",
            || {
                let mut rig = locked_cold();
                rig.ok("vm-0");
                rig.nova(VM, "resized", "none", "running");
                rig
            },
            "cold-migrate-confirm",
            "cold-migrate",
        ),
        (
            "3.1 cold-migrate-confirm-action",
            "",
            || {
                let mut rig = resized(A::ColdMigrate);
                user(&mut rig, A::ConfirmResize);
                rig
            },
            "cold-migrate-confirm",
            "confirm-resize",
        ),
        (
            "3.1 cold-migrate-revert-action",
            "",
            || {
                let mut rig = resized(A::ColdMigrate);
                user(&mut rig, A::RevertResize);
                rig
            },
            "cold-migrate-revert",
            "revert-resize",
        ),
        ("3.1 evacuate-action", "", failed_host, "evacuate", "evacuate"),
        (
            "3.1 resize-action / resize-confirm-action / resize-revert-action",
            "resize",
            || user_action(A::Resize, |_| {}),
            "resize",
            "resize",
        ),
        (
            "3.1 resize-action / resize-confirm-action / resize-revert-action",
            "confirm",
            || {
                let mut rig = resized(A::Resize);
                user(&mut rig, A::ConfirmResize);
                rig
            },
            "resize-confirm",
            "confirm-resize",
        ),
        (
            "3.1 resize-action / resize-confirm-action / resize-revert-action",
            "revert",
            || {
                let mut rig = resized(A::Resize);
                user(&mut rig, A::RevertResize);
                rig
            },
            "resize-revert",
            "revert-resize",
        ),
        (
            "3.1 fail-action",
            "makes no action record",
            || {
                let mut rig = cloud();
                rig.say(Notification::HostBooting { name: H.to_owned() });
                rig
            },
            "fail",
            "",
        ),
        (
            "3.1 delete-action",
            "is through at once",
            || {
                let mut rig = cloud();
                rig.nova(VM, "deleted", "none", "shutdown");
                assert_eq!(rig.log_ids(), ["instance-deleted"]);
                rig
            },
            "initial",
            "",
        ),
    ]
}

/// The machines of guest services make no record of their own.
fn guest_kinds() -> Vec<Case> {
    use crate::guest;
    const ROW: &str = "3.1 guest-services-create/enable/disable/set/delete-action";
    vec![
        Case::new(ROW, "create", || {
            let mut rig = guest::unheard(guest::two_hosts(), ("active", "none", "running"));
            guest::audit(&mut rig);
            assert_eq!((rig.action(guest::VM), rig.instance(guest::VM).action_data.seqnum), ("guest-services-create", 0));
        }),
        Case::new(ROW, "set", || {
            let mut rig = guest::beating();
            rig.nova(guest::VM, "active", "powering-off", "running");
            assert_eq!((rig.action(guest::VM), rig.instance(guest::VM).action_data.seqnum), ("guest-services-set", 0));
        }),
        Case::new(ROW, "delete", || {
            let mut rig = guest::beating();
            rig.change(guest::VM, |vm| vm.instance_type.as_mut().unwrap().extra_specs.clear());
            guest::audit(&mut rig);
            assert_eq!((rig.action(guest::VM), rig.instance(guest::VM).action_data.seqnum), ("guest-services-delete", 0));
        }),
    ]
}

fn starting() -> Vec<Case> {
    vec![
        Case::new("3.2 deleted instance", "", || {
            let mut rig = cloud();
            rig.nova(VM, "deleted", "none", "shutdown");
            assert!(rig.instance(VM).deleted);
            rig.forget();
            assert_eq!(user(&mut rig, A::Reboot), None);
            rig.say(Notification::HostBooting { name: H.to_owned() });
            assert_eq!((rig.action(VM), rig.calls(), rig.logs()), ("initial", vec![], vec![]));
        }),
        Case::new("3.2 new action = delete", "current and pending are stopped", || {
            let mut rig = cloud();
            rig.host_is(H, FAILED);
            for call in ["nova: disable", "guest: disable", "nova: hypervisor", "nova: compute-0", "neutron"] {
                rig.ok(call);
            }
            assert_eq!((rig.action(VM), rig.instance(VM).pending.len()), ("fail", 1));
            rig.nova(VM, "deleted", "none", "shutdown");
            assert_eq!((rig.action(VM), rig.instance(VM).pending.len()), ("initial", 0));
            assert!(rig.instance(VM).deleted);
        }),
        Case::new("3.2 new action = guest-services-set", "waits behind any action, and is queued once", || {
            use crate::guest;
            let mut rig = guest::beating();
            guest::wants(&mut rig, A::Pause);
            for _ in 0..2 {
                // the guest agent has it on another host
                let services = guest::report(OTHER, true, true, None);
                rig.say(Notification::GuestServicesState { services });
            }
            assert_eq!((rig.action(guest::VM), guest::pending(&rig)), ("pause", vec!["guest-services-set-action"]));
            rig.nok("guest: vote", "away");
            rig.nok("guest: notify", "away");
            rig.nok("guest: disabled", "away");
            rig.ok("vm: pause");
            assert_eq!((rig.action(guest::VM), guest::pending(&rig)), ("guest-services-set", vec![]));
        }),
        Case::new("3.2 new action = anything else", "the other is stopped", || {
            let mut rig = cloud();
            // without a record of a user's action, nothing stands in the way
            rig.order(H, Lock);
            for call in ["nova: disable", "guest: disable", "nova: hypervisor"] {
                rig.ok(call);
            }
            assert_eq!(rig.action(VM), "live-migrate");
            rig.say(Notification::HostBooting { name: H.to_owned() });
            assert_eq!((rig.action(VM), rig.instance(VM).pending.len()), ("fail", 0));
        }),
        Case::new("3.2 new action = anything else", "a fail action is not", || {
            let mut rig = cloud();
            rig.host_is(H, FAILED);
            for call in ["nova: disable", "guest: disable", "nova: hypervisor", "nova: compute-0", "neutron"] {
                rig.ok(call);
            }
            assert_eq!(rig.action(VM), "fail");
            let waiting: Vec<_> = rig.instance(VM).pending.iter().map(|pending| format!("{:?}", pending.kind)).collect();
            assert_eq!(waiting, ["Evacuate"]);
        }),
        Case::new("3.2 stop of an FSM", "the slot is free for the next at once", || {
            let mut rig = user_action(A::Pause, |_| {});
            rig.say(Notification::HostBooting { name: H.to_owned() });
            assert_eq!(rig.action(VM), "fail");
            rig.ok("vm-0: pause");
            assert_eq!(rig.action(VM), "fail", "what the stopped one asked for does not count");
        }),
        Case::new("3.2 slot free", "logged, then begun", || {
            let mut rig = cloud();
            user(&mut rig, A::Pause);
            assert_eq!(rig.logs(), ["700.115 Pause issued by admin against instance vm-0 owned by admin on host compute-0"]);
            assert_eq!((rig.action(VM), rig.calls()), ("pause", vec!["vm-0: pause"]));
        }),
        Case::new("3.2 slot busy with another FSM", "waits; its begin is logged when it has its turn", || {
            let mut rig = cloud();
            rig.host_is(H, FAILED);
            for call in ["nova: disable", "guest: disable", "nova: hypervisor", "nova: compute-0", "neutron"] {
                rig.ok(call);
            }
            assert_eq!(rig.log_ids(), Vec::<String>::new());
            rig.ok("vm-0: reset-state");
            rig.nova(VM, "error", "none", "running");
            assert_eq!(rig.log_ids(), ["instance-failed", "instance-evacuate-begin"]);
            assert_eq!(rig.action(VM), "evacuate");
        }),
        Case::new("3.2 slot busy with the SAME FSM", "the machine goes on", || {
            let mut rig = cloud();
            rig.say(Notification::HostBooting { name: H.to_owned() });
            let task = rig.instance(VM).task.as_ref().unwrap().id();
            rig.say(Notification::HostBooting { name: H.to_owned() });
            assert_eq!((rig.action(VM), rig.instance(VM).task.as_ref().unwrap().id()), ("fail", task));
            assert_eq!(rig.calls(), ["vm-0: reset-state error"]);
        }),
        Case::new("3.2 current reaches initial", "nothing waits: the slot is free, the record is completed", || {
            let mut rig = user_action(A::Pause, |_| {});
            rig.ok("vm-0: pause");
            assert!(rig.instance(VM).running.is_none());
            assert_eq!(stored(&rig)["action_state"], "completed");
        }),
        Case::new("3.2 current reaches initial", "the oldest that waits is next", || {
            let mut rig = failed_host();
            assert_eq!((rig.action(VM), rig.instance(VM).pending.len()), ("evacuate", 0));
            rig.forget();
        }),
        Case::new("3.2 slot free", "refused while an upgrade keeps instances from being recovered", || {
            let mut rig = cloud();
            rig.say(Notification::HostUpgrade {
                uuid: String::new(),
                name: OTHER.to_owned(),
                inprogress: true,
                recover_instances: false,
            });
            assert_eq!(user(&mut rig, A::Pause), None);
            assert_eq!((rig.action(VM), rig.calls(), rig.logs()), ("initial", vec![], vec![]));
            // and the next one finds it in progress (quirk of 3.10)
            assert!(user(&mut rig, A::Pause).is_some());
        }),
        Case::new("3.2 slot free", "types without a machine do nothing", || {
            for action in [A::Unknown, A::None, A::LiveMigrateRollback, A::Other("lock".to_owned())] {
                let mut rig = cloud();
                assert_eq!(user(&mut rig, action), None);
                assert_eq!((rig.action(VM), rig.calls(), rig.logs()), ("initial", vec![], vec![]));
            }
        }),
    ]
}

fn data() -> Vec<Case> {
    vec![
        Case::new("3.3 action_seqnum", "grows by one for the whole process, and goes on after a start", || {
            let mut rig = cloud();
            rig.add(server("vm-1", H));
            user(&mut rig, A::Pause);
            assert_eq!(stored(&rig)["action_seqnum"], 1);
            rig.say(Notification::InstanceActionRequest {
                uuid: "vm-1".to_owned(),
                action: A::Pause,
                parameters: ActionParameters::default(),
                context: nfv_nfvi::object::RequestContext::default(),
            });
            assert_eq!(rig.instance("vm-1").action_data.seqnum, 2);
            rig.ok("vm-0: pause");
            let rows = rig.store.snapshot().clone();
            let mut again = Setup::new().rows(|all| *all = rows).start();
            again.servers.insert(VM.to_owned(), server(VM, H));
            assert_eq!(user(&mut again, A::Pause), None);
            assert_eq!(again.instance(VM).action_data.seqnum, 3);
        }),
        Case::new("3.3 action_uuid", "the request's", || {
            let rig = user_action(A::Pause, |_| {});
            assert_eq!(stored(&rig)["action_uuid"], "44444444-0000-0000-0000-000000000000");
        }),
        Case::new("3.3 action_uuid", "a new one", || {
            let rig = locked_live();
            let uuid = stored(&rig)["action_uuid"].as_str().unwrap().to_owned();
            assert!(uuid::Uuid::parse_str(&uuid).is_ok(), "{uuid}");
        }),
        Case::new("3.3 action_type", "texts", || {
            let texts = [
                "unknown", "", "pause", "unpause", "suspend", "resume", "live-migrate", "live-migrate-rollback",
                "cold-migrate", "evacuate", "start", "stop", "reboot", "rebuild", "resize", "confirm-resize",
                "revert-resize", "delete",
            ];
            for text in texts {
                let action = A::from(text);
                assert!(!matches!(action, A::Other(_)), "{text}");
                assert_eq!(action.to_string(), text);
            }
        }),
        Case::new("3.3 action_state", "texts", || {
            let texts = [
                "unknown", "none", "initial", "initiated", "voting", "allowed", "rejected", "pre-notify",
                "post-notify", "proceed", "started", "completed", "cancelled",
            ];
            for text in texts {
                let state = ActionState::from(text);
                assert!(!matches!(state, ActionState::Other(_)), "{text}");
                assert_eq!(state.to_string(), text);
            }
        }),
        Case::new("3.3 action_state", "initial, initiated, completed", || {
            let mut rig = silent(failed_host());
            assert_eq!(stored(&rig)["action_state"], "initial", "nothing was sent yet");
            rig.host_is(H, ("unlocked", "disabled", "offline"));
            assert_eq!(stored(&rig)["action_state"], "initiated");
            rig.nok("vm-0: evacuate", "no");
            assert_eq!(stored(&rig)["action_state"], "completed");
        }),
        Case::new("3.3 reason", "empty", || {
            let rig = user_action(A::Pause, |_| {});
            assert_eq!(stored(&rig)["reason"], "");
        }),
        Case::new("3.3 nfvi_action_data", "of a user's request", || {
            let mut rig = cloud();
            let parameters = ActionParameters { graceful_shutdown: Some(true), ..ActionParameters::default() };
            user_with(&mut rig, A::Reboot, parameters);
            let data = stored(&rig)["nfvi_action_data"].clone();
            assert_eq!(
                data,
                serde_json::json!({
                    "action_uuid": "44444444-0000-0000-0000-000000000000",
                    "action_type": "reboot",
                    "action_parameters": {"graceful-shutdown": true},
                    "action_state": "initial",
                    "reason": "",
                    "created_timestamp": "2019-01-23T15:00:01Z",
                    "last_update_timestamp": "2019-01-23T15:00:01Z",
                    "skip_guest_vote": false,
                    "skip_guest_notify": false,
                    "from_cli": true,
                    "context": {
                        "token_id": "token",
                        "tenant_id": crate::rig::TENANT,
                        "request_uuid": "44444444-0000-0000-0000-000000000000",
                        "version": "v2.1",
                        "content": "{}",
                    },
                })
            );
        }),
        Case::new("3.3 nfvi_action_data", "of a director's action", || {
            let rig = locked_live();
            let data = stored(&rig)["nfvi_action_data"].clone();
            assert_eq!(data["action_parameters"], "");
            assert_eq!((data["from_cli"].as_bool(), data["context"].clone()), (Some(false), serde_json::json!({})));
        }),
        Case::new("3.3 nfvi_action_data", "the one before is kept", || {
            let mut rig = user_action(A::Pause, |_| {});
            rig.ok("vm-0: pause");
            user(&mut rig, A::Unpause);
            let row = rig.store.snapshot().instances.iter().find(|row| row.uuid == VM).unwrap();
            let last: serde_json::Value = serde_json::from_str(row.last_action_data.as_deref().unwrap()).unwrap();
            assert_eq!((last["action_type"].clone(), stored(&rig)["action_type"].clone()), ("pause".into(), "unpause".into()));
        }),
    ]
}

/// Row, side, set-up, requests of the task without guest services, in order.
type TaskRow = (&'static str, &'static str, fn() -> Rig, &'static str, &'static [&'static str]);

/// With guest services the works of 3.7 stand around them.
fn tasks() -> Vec<TaskRow> {
    vec![
        ("3.5 LiveMigrate live-migrate-instance", "", locked_live, "live-migrate-instance_vm-0", &["vm-0: live-migrate block auto"]),
        ("3.5 ColdMigrate cold-migrate-instance", "", locked_cold, "cold-migrate-instance_vm-0", &["vm-0: cold-migrate"]),
        (
            "3.5 ColdMigrateConfirm cold-migrate-confirm-instance",
            "",
            || {
                let mut rig = resized(A::ColdMigrate);
                user(&mut rig, A::ConfirmResize);
                rig
            },
            "cold-migrate-confirm-instance_vm-0",
            &["vm-0: confirm-resize"],
        ),
        (
            "3.5 ColdMigrateRevert cold-migrate-revert-instance",
            "",
            || {
                let mut rig = resized(A::ColdMigrate);
                user(&mut rig, A::RevertResize);
                rig
            },
            "cold-migrate-revert-instance_vm-0",
            &["vm-0: revert-resize"],
        ),
        ("3.5 Resize resize-instance", "", || user_action(A::Resize, |_| {}), "resize-instance_vm-0", &["vm-0: resize to flavor-2"]),
        (
            "3.5 ResizeConfirm resize-confirm-instance",
            "",
            || {
                let mut rig = resized(A::Resize);
                user(&mut rig, A::ConfirmResize);
                rig
            },
            "resize-confirm-instance_vm-0",
            &["vm-0: confirm-resize"],
        ),
        (
            "3.5 ResizeRevert resize-revert-instance",
            "",
            || {
                let mut rig = resized(A::Resize);
                user(&mut rig, A::RevertResize);
                rig
            },
            "resize-revert-instance_vm-0",
            &["vm-0: revert-resize"],
        ),
        ("3.5 Evacuate evacuate-instance", "", evacuation, "evacuate-instance_vm-0", &["vm-0: evacuate"]),
        ("3.5 Start start-instance", "", unlocked_start, "start-instance_vm-0", &["vm-0: start"]),
        ("3.5 Stop stop-instance", "", locked_stop, "stop-instance_vm-0", &["vm-0: stop"]),
        (
            "3.5 Pause / Suspend / Reboot pause-instance…",
            "pause",
            || user_action(A::Pause, |_| {}),
            "pause-instance_vm-0",
            &["vm-0: pause"],
        ),
        (
            "3.5 Pause / Suspend / Reboot pause-instance…",
            "suspend",
            || user_action(A::Suspend, |_| {}),
            "suspend-instance_vm-0",
            &["vm-0: suspend"],
        ),
        (
            "3.5 Pause / Suspend / Reboot pause-instance…",
            "reboot",
            || user_action(A::Reboot, |_| {}),
            "reboot-instance_vm-0",
            &["vm-0: reboot HARD"],
        ),
        ("3.5 Unpause / Resume", "unpause", || user_action(A::Unpause, |_| {}), "unpause-instance_vm-0", &["vm-0: unpause"]),
        ("3.5 Unpause / Resume", "resume", || user_action(A::Resume, |_| {}), "resume-instance_vm-0", &["vm-0: resume"]),
        (
            "3.5 Rebuild rebuild-instance",
            "",
            || user_action(A::Rebuild, |_| {}),
            "rebuild-instance_vm-0",
            &["vm-0: rebuild vm-0 from image-2"],
        ),
        (
            "3.5 Fail fail-instance",
            "",
            || {
                let mut rig = cloud();
                rig.say(Notification::HostBooting { name: H.to_owned() });
                rig
            },
            "fail-instance_vm-0",
            &["vm-0: reset-state error"],
        ),
    ]
}

/// The request of an action, as its only call.
fn request(rig: &Rig) -> String {
    let open = rig.open_calls();
    open.into_iter().find(|call| call.starts_with("vm-0")).unwrap_or_default()
}

/// How long Nova has to answer.
fn limit(rig: &Rig) -> std::time::Duration {
    let wait = rig.vim.waits().into_iter().find(|wait| wait.who.starts_with("instance vm-0")).unwrap().waiting;
    wait.until.since(wait.since)
}

/// Row, side, action, parameters, Nova's states, what is sent.
type RequestRow = (&'static str, &'static str, A, ActionParameters, (&'static str, &'static str), &'static str);

fn requests() -> Vec<RequestRow> {
    let none = ActionParameters::default;
    let active = ("active", "running");
    let text = |text: &str| Some(text.to_owned());
    vec![
        ("3.6 live-migrate", "no parameters", A::LiveMigrate, none(), active, "live-migrate block auto"),
        (
            "3.6 live-migrate",
            "a host",
            A::LiveMigrate,
            ActionParameters { host: text("compute-1"), ..none() },
            active,
            "live-migrate block false to compute-1",
        ),
        (
            "3.6 live-migrate",
            "a host and block migration",
            A::LiveMigrate,
            ActionParameters { host: text("compute-1"), block_migration: Some(true.into()), ..none() },
            active,
            "live-migrate block true to compute-1",
        ),
        (
            "3.6 live-migrate",
            "block migration",
            A::LiveMigrate,
            ActionParameters { block_migration: Some("auto".into()), ..none() },
            active,
            "live-migrate block auto",
        ),
        ("3.6 cold-migrate", "", A::ColdMigrate, none(), active, "cold-migrate"),
        (
            "3.6 cold-migrate-confirm / resize-confirm",
            "resize",
            A::ConfirmResize,
            none(),
            ("resized", "running"),
            "confirm-resize",
        ),
        ("3.6 resize-revert", "the request", A::RevertResize, none(), ("resized", "running"), "revert-resize"),
        (
            "3.6 resize",
            "",
            A::Resize,
            ActionParameters { instance_type_uuid: text("flavor-2"), ..none() },
            active,
            "resize to flavor-2",
        ),
        ("3.6 start / stop / pause / unpause / suspend / resume", "start", A::Start, none(), ("stopped", "shutdown"), "start"),
        ("3.6 start / stop / pause / unpause / suspend / resume", "stop", A::Stop, none(), active, "stop"),
        ("3.6 start / stop / pause / unpause / suspend / resume", "pause", A::Pause, none(), active, "pause"),
        ("3.6 start / stop / pause / unpause / suspend / resume", "unpause", A::Unpause, none(), ("paused", "paused"), "unpause"),
        ("3.6 start / stop / pause / unpause / suspend / resume", "suspend", A::Suspend, none(), active, "suspend"),
        (
            "3.6 start / stop / pause / unpause / suspend / resume",
            "resume",
            A::Resume,
            none(),
            ("suspended", "running"),
            "resume",
        ),
        ("3.6 reboot", "no parameters", A::Reboot, none(), active, "reboot HARD"),
        (
            "3.6 reboot",
            "graceful",
            A::Reboot,
            ActionParameters { graceful_shutdown: Some(true), ..none() },
            active,
            "reboot SOFT",
        ),
        (
            "3.6 reboot",
            "not graceful",
            A::Reboot,
            ActionParameters { graceful_shutdown: Some(false), ..none() },
            active,
            "reboot HARD",
        ),
        ("3.6 rebuild", "no parameters", A::Rebuild, none(), active, "rebuild vm-0 from image-1"),
        (
            "3.6 rebuild",
            "image and name",
            A::Rebuild,
            ActionParameters { instance_image_uuid: text("image-2"), instance_name: text("new"), ..none() },
            active,
            "rebuild new from image-2",
        ),
    ]
}

fn works() -> Vec<Case> {
    let back = |rig: &mut Rig| {
        rig.change(VM, |vm| {
            nova(vm, "active", "none", "running");
            vm.host_name = Some(OTHER.to_owned());
        });
    };
    vec![
        Case::new("3.6 cold-migrate-confirm / resize-confirm", "cold migration", || {
            let mut rig = resized(A::ColdMigrate);
            user(&mut rig, A::ConfirmResize);
            assert_eq!((request(&rig), limit(&rig)), ("vm-0: confirm-resize".to_owned(), secs(60)));
            rig.ok("vm-0");
            assert_eq!(rig.action(VM), "initial");
        }),
        Case::new("3.6 cold-migrate-revert", "over when the instance is on another host, within 900 s", move || {
            let mut rig = resized(A::ColdMigrate);
            user(&mut rig, A::RevertResize);
            assert_eq!((request(&rig), limit(&rig)), ("vm-0: revert-resize".to_owned(), secs(60)));
            rig.ok("vm-0");
            assert_eq!((rig.action(VM), limit(&rig)), ("cold-migrate-revert", secs(900)));
            back(&mut rig);
            assert_eq!(rig.action(VM), "initial");
        }),
        Case::new("3.6 cold-migrate-revert", "no longer than that", || {
            let mut rig = resized(A::ColdMigrate);
            user(&mut rig, A::RevertResize);
            rig.ok("vm-0");
            rig.run(899);
            assert_eq!(rig.action(VM), "cold-migrate-revert");
            rig.run(1);
            assert_eq!(rig.action(VM), "initial");
            assert_eq!(rig.log_ids().last().unwrap(), "instance-cold-migrate-revert-failed");
        }),
        Case::new("3.6 resize-revert", "over when Nova says that it is reverted", || {
            let mut rig = resized(A::Resize);
            user(&mut rig, A::RevertResize);
            rig.ok("vm-0");
            assert_eq!((rig.action(VM), limit(&rig)), ("resize-revert", secs(900)));
            rig.say(Notification::InstanceActionChange {
                uuid: VM.to_owned(),
                action: Some(A::Resize),
                state: ActionState::Completed,
                reason: String::new(),
            });
            assert_eq!(rig.action(VM), "initial");
        }),
        Case::new("3.6 resize-revert", "or on another host", move || {
            let mut rig = resized(A::Resize);
            user(&mut rig, A::RevertResize);
            rig.ok("vm-0");
            back(&mut rig);
            assert_eq!(rig.action(VM), "initial");
        }),
        Case::new("3.6 resize", "no flavor", || {
            let mut rig = cloud();
            user(&mut rig, A::Resize);
            assert_eq!((rig.action(VM), rig.calls()), ("initial", vec![]));
            assert_eq!(rig.logs().last().unwrap(), "700.197 Resize failed for instance vm-0 on host compute-0");
        }),
        Case::new("3.6 evacuate", "waits for the host to be offline, 120 s", || {
            let rig = failed_host();
            assert_eq!((request(&rig), limit(&rig)), (String::new(), secs(120)));
        }),
        Case::new("3.6 evacuate", "its host is offline at once", || {
            let mut rig = cloud();
            rig.host_is(H, ("unlocked", "disabled", "offline"));
            for call in ["nova: disable", "guest: disable", "nova: hypervisor", "nova: compute-0", "neutron"] {
                rig.ok(call);
            }
            rig.ok("vm-0: reset-state");
            rig.nova(VM, "error", "none", "running");
            assert_eq!(request(&rig), "vm-0: evacuate");
        }),
        Case::new("3.6 evacuate", "its host has no power", || {
            let mut rig = cloud();
            rig.host_is(H, FAILED);
            for call in ["nova: disable", "guest: disable", "nova: hypervisor", "nova: compute-0", "neutron"] {
                rig.ok(call);
            }
            rig.host_is(H, ("unlocked", "disabled", "power-off"));
            rig.ok("vm-0: reset-state");
            rig.nova(VM, "error", "none", "running");
            assert_eq!(request(&rig), "vm-0: evacuate");
        }),
        Case::new("3.6 evacuate", "by an audit that finds the host offline", || {
            // the host becomes offline in a way that tells no instance: read anew
            let mut rig = failed_host();
            let mut shown = rig.hosts[H].clone();
            shown.avail_status = nfv_nfvi::object::HostAvailStatus::Offline;
            rig.host_shown(shown);
            rig.run(20);
            assert_eq!(request(&rig), "vm-0: evacuate");
        }),
        Case::new("3.6 fail", "", || {
            let mut rig = cloud();
            rig.say(Notification::HostBooting { name: H.to_owned() });
            assert_eq!((request(&rig), limit(&rig)), ("vm-0: reset-state error".to_owned(), secs(60)));
            rig.nok("vm-0", "no");
            assert_eq!((rig.action(VM), rig.logs()), ("initial", vec![]));
        }),
        Case::new("3.6 delete", "nothing is asked of Nova", || {
            let mut rig = cloud();
            rig.nova(VM, "deleted", "none", "shutdown");
            assert_eq!((rig.calls(), rig.instance(VM).deleted), (vec![], true));
        }),
        Case::new("3.5 Delete delete-instance", "no work but to forget", || {
            let mut rig = cloud();
            rig.nova(VM, "deleted", "none", "shutdown");
            assert_eq!((rig.calls(), rig.log_ids()), (vec![], vec!["instance-deleted".to_owned()]));
            rig.run(2);
            assert!(!rig.has_instance(VM));
        }),
        Case::new("3.6 live-migrate", "the user's request is behind it", || {
            let mut rig = cloud();
            user(&mut rig, A::LiveMigrate);
            assert!(rig.context_of("vm-0: live-migrate").is_some());
        }),
        Case::new("3.6 live-migrate", "nobody's request is behind a director's", || {
            let rig = locked_live();
            assert!(rig.context_of("vm-0: live-migrate").is_none());
        }),
        Case::new("3.6 cold-migrate", "answered, and seen on the other host", || {
            let mut rig = locked_cold();
            rig.answer("vm-0", Ok(Answer::Done));
            arrives(&mut rig);
            assert_eq!(rig.action(VM), "cold-migrate", "it is over when Nova shows it resized");
        }),
    ]
}

pub fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = kinds()
        .into_iter()
        .map(|(row, what, set_up, state, action)| {
            Case::new(row, what, move || {
                let rig = set_up();
                assert_eq!((rig.action(VM), stored(&rig)["action_type"].as_str().unwrap()), (state, action));
            })
        })
        .collect();
    cases.extend(guest_kinds());
    cases.extend(starting());
    cases.extend(data());
    cases.extend(tasks().into_iter().map(|(row, what, set_up, task, calls)| {
        Case::new(row, what, move || {
            let rig = set_up();
            let running = rig.instance(VM).task.as_ref().unwrap();
            assert_eq!(running.name(), task);
            let open: Vec<_> = rig.open_calls().into_iter().filter(|call| call.starts_with("vm-0")).collect();
            assert_eq!(open, calls);
        })
    }));
    for (row, what, action, parameters, states, sent) in requests() {
        cases.push(Case::new(row, what, move || {
            let mut rig = cloud_with(|vm| {
                nova(vm, states.0, "none", states.1);
                vm.image_uuid = Some("image-1".to_owned());
            });
            assert_eq!(user_with(&mut rig, action.clone(), parameters.clone()), None);
            assert_eq!((request(&rig), limit(&rig)), (format!("vm-0: {sent}"), secs(60)));
            rig.nok("vm-0", "Because.");
            assert_eq!(rig.action(VM), "initial");
            let log = rig.logs().pop().unwrap();
            assert!(log.ends_with(", reason = Because"), "{log}");
        }));
    }
    cases.extend(works());
    cases
}
