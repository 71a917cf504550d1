//! Bodies of the requests and answers between guestAgent and the VIM.
//!
//! Contract: guest 7, 8.

use serde_json::Value;

use super::fields::{loose_text, quoted};
use super::instance::InstanceUuid;
use super::words::{CorrectiveAction, Event, Notification, Switch, Vocabulary, Vote, Word};
use crate::framing::Object;

/// Answer to a request that needs no other.
pub const PASS: &str = r#" { "status" : "pass" }"#;

/// Answer to a request that failed; travels as reason phrase, too.
pub fn failure(reason: &str) -> String {
    format!(r#"{{ "status" : "fail","reason" : "{reason}"}}"#)
}

/// The state of a host.
pub fn host_state(uuid: &str, hostname: &str, reporting: Switch) -> String {
    format!(r#"{{"uuid":{},"hostname":{},"state":"{reporting}"}}"#, quoted(uuid), quoted(hostname))
}

/// The services of an instance. `restart_secs` counts only while the heart beats.
pub fn services(
    uuid: &InstanceUuid,
    hostname: &str,
    reporting: Switch,
    heartbeating: Switch,
    restart_secs: u64,
) -> String {
    let restart = if heartbeating.is_on() { restart_secs } else { 0 };
    format!(
        r#"{{"uuid":"{uuid}","hostname":{},"services": [{{ "service":"heartbeat","state":"{reporting}","restart-timeout":"{restart}","status":"{heartbeating}"}}]}}"#,
        quoted(hostname)
    )
}

/// How long the VIM shall wait for the answer to a vote or notification.
pub fn action_timeout(uuid: &InstanceUuid, hostname: &str, action: &str, secs: u64) -> String {
    format!(
        r#"{{"uuid":"{uuid}","hostname":{},"action":{},"timeout":"{secs}"}}"#,
        quoted(hostname),
        quoted(action)
    )
}

/// What the VIM's request says. Keys that are missing read as `none`; of a body that is not JSON all read as empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VimRequest {
    /// Identity of host or instance.
    pub uuid: String,
    /// Name of the host.
    pub hostname: String,
    /// What is about to happen.
    pub action: String,
    /// The services, when there is a list.
    pub services: Option<Vec<Value>>,
}

impl VimRequest {
    /// Reads a body.
    pub fn read(body: &[u8]) -> Self {
        let Ok(Value::Object(object)) = serde_json::from_slice(body) else {
            let empty = String::new;
            return Self { uuid: empty(), hostname: empty(), action: empty(), services: None };
        };
        Self {
            uuid: loose_text(&object, "uuid"),
            hostname: loose_text(&object, "hostname"),
            action: loose_text(&object, "action"),
            services: object.get("services").and_then(Value::as_array).cloned(),
        }
    }

    /// Service and wanted state of the first service that is an object.
    pub fn first_service(&self) -> Option<(String, String)> {
        let service = self.services.as_ref()?.first()?.as_object()?;
        Some((loose_text(service, "service"), loose_text(service, "state")))
    }
}

/// Body of the question for a host's state.
pub fn host_query(hostname: &str, uuid: &str) -> String {
    format!(r#"{{"hostname": {},"uuid":{}}}"#, quoted(hostname), quoted(uuid))
}

/// The heart beats, or no more.
pub fn service_event(
    uuid: &InstanceUuid,
    hostname: &str,
    reporting: Switch,
    status: Switch,
    restart_secs: u64,
) -> String {
    format!(
        r#"{{"uuid":"{uuid}","hostname":{},"event-type":"service","event-data":{{"services":[{{"service":"heartbeat","state":"{reporting}","status":"{status}","restart-timeout":"{restart_secs}"}}]}}}}"#,
        quoted(hostname)
    )
}

/// How an instance fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It feels ill.
    Unhealthy,
    /// It does not answer.
    Failed,
}

/// An instance fails and wants something done about it.
pub fn alarm_event(
    uuid: &InstanceUuid,
    hostname: &str,
    failure: Failure,
    repair: &Word<CorrectiveAction>,
) -> String {
    let state = match failure {
        Failure::Unhealthy => "unhealthy",
        Failure::Failed => "failed",
    };
    format!(
        r#"{{"uuid":"{uuid}","hostname":{},"event-type":"alarm","event-data":{{"services":[{{"service":"heartbeat","state":"{state}","repair-action":{}}}]}}}}"#,
        quoted(hostname),
        quoted(repair.as_str())
    )
}

/// The guest's answer to a vote or notification.
pub fn action_event(uuid: &InstanceUuid, event: &Word<Event>, response: &str, reason: &str) -> String {
    format!(
        r#"{{"uuid":"{uuid}","event-type": "action","event-data": {{"action": {}, "guest-response": "{response}", "reason": "{}"}}}}"#,
        quoted(event.as_str()),
        escaped(reason)
    )
}

/// What a vote is for the VIM. None when the kind of notification is not known: then nothing is told.
pub fn guest_response(notification: &Word<Notification>, vote: &Word<Vote>) -> Option<&'static str> {
    match vote.known() {
        Some(Vote::Accept | Vote::Complete) => match notification.known()? {
            Notification::Revocable => Some("allow"),
            Notification::Irrevocable => Some("proceed"),
            Notification::Unknown => None,
        },
        Some(Vote::Reject) => Some("reject"),
        Some(Vote::Timeout | Vote::Error | Vote::Unknown) | None => Some(""),
    }
}

/// The reason as the agent of old writes it: a slash is escaped, too.
fn escaped(reason: &str) -> String {
    let quoted = quoted(reason).replace('/', "\\/");
    quoted[1..quoted.len() - 1].to_owned()
}

/// The state in the VIM's answer to the question for a host.
pub fn host_reporting(body: &[u8]) -> Option<Switch> {
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else { return None };
    object.get("state").and_then(Value::as_str).map(|state| Switch::of(state == Switch::Enabled.as_str()))
}

/// An instance in the VIM's answers: where it is, and whether its failures are reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedInstance {
    /// The instance.
    pub uuid: InstanceUuid,
    /// Its host.
    pub hostname: String,
    /// Whether its failures are reported; none when the answer does not say.
    pub reporting: Option<Switch>,
}

/// The instances in the VIM's answer; those that cannot be read are left out. None when it is no such answer.
pub fn host_instances(body: &[u8]) -> Option<Vec<ListedInstance>> {
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else { return None };
    let list = object.get("instances")?.as_array()?;
    Some(list.iter().filter_map(Value::as_object).filter_map(listed_instance).collect())
}

/// The instance in the VIM's answer to a lost heartbeat.
pub fn loss_answer(body: &[u8]) -> Option<ListedInstance> {
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else { return None };
    listed_instance(&object)
}

fn listed_instance(object: &Object) -> Option<ListedInstance> {
    let heartbeat = |service: &&Value| service.get("service").and_then(Value::as_str) == Some("heartbeat");
    let state =
        object.get("services")?.as_array()?.iter().find(heartbeat)?.get("state").and_then(Value::as_str);
    Some(ListedInstance {
        uuid: InstanceUuid::parse(object.get("uuid")?.as_str()?)?,
        hostname: object.get("hostname")?.as_str()?.to_owned(),
        reporting: state.and_then(Switch::parse),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "1f0bc3e3-efbe-48b8-9688-4821fc0ff83c";

    fn uuid() -> InstanceUuid {
        InstanceUuid::parse(UUID).unwrap()
    }

    #[test]
    fn bodies_have_the_bytes_of_the_contract() {
        let (on, off) = (Switch::Enabled, Switch::Disabled);
        let reboot = Word::Known(CorrectiveAction::Reboot);
        let cases = [
            (PASS.to_owned(), r#" { "status" : "pass" }"#),
            (failure("invalid data"), r#"{ "status" : "fail","reason" : "invalid data"}"#),
            (host_state("h1", "compute-0", on), r#"{"uuid":"h1","hostname":"compute-0","state":"enabled"}"#),
            (
                services(&uuid(), "compute-0", on, on, 601),
                r#"{"uuid":"U","hostname":"compute-0","services": [{ "service":"heartbeat","state":"enabled","restart-timeout":"601","status":"enabled"}]}"#,
            ),
            (
                services(&uuid(), "compute-0", on, off, 601),
                r#"{"uuid":"U","hostname":"compute-0","services": [{ "service":"heartbeat","state":"enabled","restart-timeout":"0","status":"disabled"}]}"#,
            ),
            (
                action_timeout(&uuid(), "compute-0", "stop", 9),
                r#"{"uuid":"U","hostname":"compute-0","action":"stop","timeout":"9"}"#,
            ),
            (host_query("compute-0", "h1"), r#"{"hostname": "compute-0","uuid":"h1"}"#),
            (
                service_event(&uuid(), "compute-0", on, on, 601),
                r#"{"uuid":"U","hostname":"compute-0","event-type":"service","event-data":{"services":[{"service":"heartbeat","state":"enabled","status":"enabled","restart-timeout":"601"}]}}"#,
            ),
            (
                alarm_event(&uuid(), "compute-0", Failure::Unhealthy, &reboot),
                r#"{"uuid":"U","hostname":"compute-0","event-type":"alarm","event-data":{"services":[{"service":"heartbeat","state":"unhealthy","repair-action":"reboot"}]}}"#,
            ),
            (
                alarm_event(&uuid(), "compute-0", Failure::Failed, &reboot),
                r#"{"uuid":"U","hostname":"compute-0","event-type":"alarm","event-data":{"services":[{"service":"heartbeat","state":"failed","repair-action":"reboot"}]}}"#,
            ),
            (
                action_event(&uuid(), &Event::Stop.into(), "reject", "a/b \"c\"\n"),
                r#"{"uuid":"U","event-type": "action","event-data": {"action": "stop", "guest-response": "reject", "reason": "a\/b \"c\"\n"}}"#,
            ),
        ];
        for (body, expected) in cases {
            assert_eq!(body, expected.replace('U', UUID));
        }
    }

    #[test]
    fn votes_become_the_words_of_the_vim() {
        let response =
            |notification: Notification, vote: &str| guest_response(&notification.into(), &Word::new(vote));
        for (vote, revocable, irrevocable) in [
            ("accept", "allow", "proceed"),
            ("complete", "allow", "proceed"),
            ("reject", "reject", "reject"),
            ("timeout", "", ""),
            ("error", "", ""),
            ("unknown", "", ""),
            ("abstain", "", ""),
        ] {
            assert_eq!(response(Notification::Revocable, vote), Some(revocable));
            assert_eq!(response(Notification::Irrevocable, vote), Some(irrevocable));
        }
        assert_eq!(response(Notification::Unknown, "accept"), None);
    }

    #[test]
    fn requests_are_read_as_loosely_as_ever() {
        let read = VimRequest::read(br#"{"hostname":"c","services":[{"service":"heartbeat"}],"channel":1}"#);
        assert_eq!((read.uuid.as_str(), read.hostname.as_str(), read.action.as_str()), ("none", "c", "none"));
        assert_eq!(read.first_service(), Some(("heartbeat".to_owned(), "none".to_owned())));
        let read = VimRequest::read(b"what?");
        assert_eq!((read.uuid.as_str(), read.hostname.as_str(), read.services), ("", "", None));
    }

    #[test]
    fn answers_of_the_vim_are_read() {
        assert_eq!(
            host_reporting(br#"{"uuid":"h","hostname":"c","state":"enabled"}"#),
            Some(Switch::Enabled)
        );
        assert_eq!(host_reporting(br#"{"state":"disabled"}"#), Some(Switch::Disabled));
        assert_eq!(host_reporting(b""), None);
        let body = format!(
            r#"{{"instances":[{{"uuid":"{UUID}","hostname":"c","services":[{{"service":"heartbeat","state":"enabled"}}]}},{{"uuid":7}},{{"uuid":"x","hostname":"c","services":[]}}]}}"#
        );
        let listed =
            ListedInstance { uuid: uuid(), hostname: "c".to_owned(), reporting: Some(Switch::Enabled) };
        assert_eq!(host_instances(body.as_bytes()), Some(vec![listed]));
        assert_eq!(host_instances(b"[]"), None);
        // What the VIM says to a loss has `admin_state` in the place of `state`.
        let body = format!(
            r#"{{"uuid":"{UUID}","hostname":"c","services":[{{"service":"heartbeat","admin_state":"enabled"}}]}}"#
        );
        assert_eq!(loss_answer(body.as_bytes()).unwrap().reporting, None);
    }
}
