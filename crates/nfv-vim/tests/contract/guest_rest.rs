//! vim-behaviour 9.3: what the guest agent asks and tells on 30002. The forms of its requests and of the answers are
//! tested with the listener.

use crate::case::{Case, Elsewhere};
use crate::guest::{VM, asked, beating, report, says, state, two_hosts, wants};
use nfv_nfvi::notification::{GuestFailure, GuestInstance, GuestRepair, GuestResponse};
use nfv_nfvi::object::{ActionType as T, AdminState, HEARTBEAT};
use nfv_nfvi::{Notification, Reply};

pub const ELSEWHERE: &[Elsewhere] =
    &[Elsewhere::Test { row: "9.3 PATCH other", file: "crates/nfv-plugins/tests/listeners.rs" }];

fn guest(admin_state: AdminState) -> GuestInstance {
    GuestInstance {
        uuid: VM.to_owned(),
        hostname: Some("compute-0".to_owned()),
        services: vec![(HEARTBEAT.to_owned(), admin_state)],
    }
}

fn host_query(name: &str) -> Notification {
    Notification::GuestHostQuery { uuid: format!("uuid-of-{name}"), name: name.to_owned() }
}

fn of_host(name: &str) -> Notification {
    Notification::GuestInstancesQuery { host_uuid: format!("uuid-of-{name}") }
}

fn one(uuid: &str) -> Notification {
    Notification::GuestInstanceQuery { uuid: uuid.to_owned() }
}

type Proof = (&'static str, &'static str, fn());

const PROOFS: &[Proof] = &[
    ("9.3 host services GET {uuid, hostname}", "enabled, disabled, unknown", || {
        let mut rig = beating();
        assert_eq!(rig.ask(host_query("compute-0")), Some(Reply::GuestHostState { enabled: true }));
        rig.host_is("compute-0", crate::rig::FAILED);
        assert_eq!(rig.ask(host_query("compute-0")), Some(Reply::GuestHostState { enabled: false }));
        assert_eq!(rig.ask(host_query("compute-9")), Some(Reply::NotFound));
    }),
    ("9.3 GET …/instances/<uuid>", "with the state that is wanted, without services, unknown", || {
        let mut rig = beating();
        let shown = |state| Some(Reply::GuestInstances(vec![guest(state)]));
        assert_eq!(rig.ask(one(VM)), shown(AdminState::Unlocked));
        rig.nova(VM, "active", "rebooting", "running");
        assert_eq!(rig.ask(one(VM)), shown(AdminState::Locked));
        rig.add(crate::rig::server("plain", "compute-0"));
        let Some(Reply::GuestInstances(plain)) = rig.ask(one("plain")) else { panic!() };
        assert_eq!(plain[0].services, []);
        assert_eq!(rig.ask(one("nobody")), Some(Reply::NotFound));
    }),
    ("9.3 GET …/instances/?host_uuid=<uuid>", "only those with services, only of that host", || {
        let mut rig = beating();
        rig.add(crate::rig::server("plain", "compute-0"));
        let own = Reply::GuestInstances(vec![guest(AdminState::Unlocked)]);
        assert_eq!(rig.ask(of_host("compute-0")), Some(own));
        assert_eq!(rig.ask(of_host("compute-1")), Some(Reply::GuestInstances(Vec::new())));
        assert_eq!(rig.ask(of_host("compute-9")), Some(Reply::NotFound));
    }),
    ("9.3 PATCH event-type service", "updates, also when nobody knows the instance", || {
        let mut rig = beating();
        let services = report("compute-0", true, false, None);
        assert_eq!(rig.ask(Notification::GuestServicesState { services }), Some(Reply::Ok));
        assert_eq!(state(&rig), "enabling");
        let services = nfv_nfvi::object::GuestServices {
            instance_uuid: "nobody".to_owned(),
            ..report("compute-0", true, true, None)
        };
        assert_eq!(rig.ask(Notification::GuestServicesState { services }), Some(Reply::Ok));
    }),
    ("9.3 PATCH event-type alarm", "answered with the states after it", || {
        let alarm = |uuid: &str| Notification::GuestAlarm {
            uuid: uuid.to_owned(),
            failure: GuestFailure::Failed,
            repair: GuestRepair::Reboot,
        };
        let mut rig = beating();
        let shown = Reply::GuestInstances(vec![guest(AdminState::Locked)]);
        assert_eq!(rig.ask(alarm(VM)), Some(shown), "switched off for the reboot");
        assert_eq!(rig.ask(alarm("nobody")), Some(Reply::NotFound));
    }),
    ("9.3 PATCH event-type action", "allow, reject, proceed; an unknown instance", || {
        for (response, word) in [
            (GuestResponse::Allow, "pre-notify"),
            (GuestResponse::Reject, "completed"),
            (GuestResponse::Proceed, "voting"),
        ] {
            let mut rig = beating();
            wants(&mut rig, T::Stop);
            rig.answer("guest: vote", asked(15));
            says(&mut rig, T::Stop, response, "no");
            assert_eq!(crate::guest::action_state(&rig), word, "{response:?}");
        }
        let mut rig = two_hosts().start();
        let body = Notification::GuestActionResponse {
            uuid: "nobody".to_owned(),
            action: T::Stop,
            response: GuestResponse::Allow,
            reason: String::new(),
        };
        assert_eq!(rig.ask(body), Some(Reply::NotFound));
    }),
];

pub fn cases() -> Vec<Case> {
    PROOFS.iter().map(|(row, what, proof)| Case::new(row, *what, *proof)).collect()
}
