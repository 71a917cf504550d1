//! The tables of the contract: operations, events, audit, requests.

use std::net::IpAddr;
use std::time::Duration;

use guest_protocol::heartbeat::datagram::{
    AgentEvent, HostCommand, HostRecord, InstanceInfo, ServerCommand, VoteNotify,
};
use guest_protocol::heartbeat::instance::InstanceUuid;
use guest_protocol::heartbeat::words::{CorrectiveAction, Event, Notification, Switch, Vote, Word};

use super::{Action, Agent, CallKind, Method, Reason, Reply, Request, VimCall};

const UUID: &str = "1f0bc3e3-efbe-48b8-9688-4821fc0ff83c";
const HOST: [&str; 2] = ["aaaaaaaa-0000-0000-0000-000000000000", "bbbbbbbb-1111-1111-1111-111111111111"];
const SECOND: Duration = Duration::from_secs(1);
const ON: Switch = Switch::Enabled;
const OFF: Switch = Switch::Disabled;

fn uuid() -> InstanceUuid {
    InstanceUuid::parse(UUID).unwrap()
}

fn address(host: usize) -> IpAddr {
    format!("192.168.204.1{host}").parse().unwrap()
}

fn record(host: usize) -> HostRecord {
    HostRecord {
        hostname: format!("compute-{host}"),
        uuid: HOST[host].to_owned(),
        address: address(host).to_string(),
        personality: "worker".to_owned(),
    }
}

/// What the agent did, but for the log.
fn did(agent: &mut Agent) -> Vec<Action> {
    agent.take_actions().into_iter().filter(|action| !matches!(action, Action::Log(..))).collect()
}

fn to(host: usize, command: ServerCommand) -> Action {
    Action::Command(address(host), command)
}

fn tell(kind: CallKind, body: String) -> Action {
    let path = format!("/nfvi-plugins/v1/instances/{UUID}");
    Action::Call(VimCall { key: UUID.to_owned(), kind, method: "PATCH", path, body: Some(body) })
}

fn service_event(host: usize, state: &str, status: &str, restart: &str) -> Action {
    tell(
        CallKind::Event,
        format!(
            r#"{{"uuid":"{UUID}","hostname":"compute-{host}","event-type":"service","event-data":{{"services":[{{"service":"heartbeat","state":"{state}","status":"{status}","restart-timeout":"{restart}"}}]}}}}"#
        ),
    )
}

fn alarm(kind: CallKind, state: &str, repair: &str) -> Action {
    tell(
        kind,
        format!(
            r#"{{"uuid":"{UUID}","hostname":"compute-0","event-type":"alarm","event-data":{{"services":[{{"service":"heartbeat","state":"{state}","repair-action":"{repair}"}}]}}}}"#
        ),
    )
}

fn info(host: usize, reporting: Switch, heartbeating: Switch) -> InstanceInfo {
    InstanceInfo {
        hostname: format!("compute-{host}"),
        uuid: uuid(),
        reporting,
        heartbeating,
        repair_action: CorrectiveAction::Reboot.into(),
        restart: 601 * SECOND,
        shutdown: 10 * SECOND,
        suspend: 11 * SECOND,
        resume: 14 * SECOND,
        vote: 9 * SECOND,
    }
}

/// An agent with two hosts and nothing else.
fn hosts() -> Agent {
    let mut agent = Agent::new(Duration::ZERO);
    for host in 0..2 {
        agent.on_host(HostCommand::Add(record(host)));
    }
    agent.take_actions();
    agent
}

fn request(agent: &mut Agent, method: Method, path: &str, body: &str) -> Reply {
    agent.on_request(Request { method, path, user_agent: Some("vim/1.0"), body: body.as_bytes() })
}

fn patch(agent: &mut Agent, host: usize, state: &str) -> Reply {
    let body = format!(
        r#"{{"uuid":"{UUID}","hostname":"compute-{host}","services":[{{"service":"heartbeat","state":"{state}"}}]}}"#
    );
    request(agent, Method::Patch, &format!("/v1/instances/{UUID}"), &body)
}

/// ... with an instance on the first host whose failures are reported.
fn watched() -> Agent {
    let mut agent = hosts();
    let path = format!("/v1/hosts/{}/enable", HOST[0]);
    request(&mut agent, Method::Put, &path, r#"{"hostname":"compute-0"}"#);
    patch(&mut agent, 0, "enabled");
    agent.take_actions();
    agent
}

/// ... whose heart beats.
fn beating() -> Agent {
    let mut agent = watched();
    agent.on_event(AgentEvent::Running(info(0, ON, ON)));
    agent.take_actions();
    agent
}

fn good(body: &str) -> Reply {
    Reply::Good(200, body.replace('U', UUID))
}

#[test]
fn at_the_start_the_hosts_are_asked_for() {
    assert_eq!(did(&mut Agent::new(Duration::ZERO)), [Action::AskInventory]);
}

#[test]
fn instances_are_added_once_and_move_with_the_vim() {
    let mut agent = hosts();
    let add = |agent: &mut Agent, host: usize| {
        let body = format!(r#"{{"uuid":"{UUID}","hostname":"compute-{host}","services":["heartbeat"]}}"#);
        let reply = request(agent, Method::Post, &format!("/v1/instances/{UUID}"), &body);
        assert_eq!(reply, good(r#" { "status" : "pass" }"#));
        did(agent)
    };
    assert_eq!(add(&mut agent, 0), [to(0, ServerCommand::AddInstance(uuid(), OFF))]);
    assert_eq!(add(&mut agent, 0), [], "unchanged");
    let moved = [to(0, ServerCommand::DelInstance(uuid())), to(1, ServerCommand::AddInstance(uuid(), OFF))];
    assert_eq!(add(&mut agent, 1), moved);
}

#[test]
fn a_modified_instance_is_sent_to_its_host_and_answered_with_its_services() {
    let mut agent = hosts();
    let services = |state: &str| {
        good(&format!(
            r#"{{"uuid":"U","hostname":"compute-0","services": [{{ "service":"heartbeat","state":"{state}","restart-timeout":"0","status":"disabled"}}]}}"#
        ))
    };
    assert_eq!(patch(&mut agent, 0, "enabled"), services("enabled"));
    assert_eq!(did(&mut agent), [to(0, ServerCommand::AddInstance(uuid(), ON))]);
    for state in ["enabled", "disabled", "disabled"] {
        assert_eq!(patch(&mut agent, 0, state), services(state));
        let reporting = Switch::of(state == "enabled");
        assert_eq!(did(&mut agent), [to(0, ServerCommand::ModInstance(uuid(), reporting))]);
    }
    patch(&mut agent, 1, "enabled");
    let moved = [to(0, ServerCommand::DelInstance(uuid())), to(1, ServerCommand::AddInstance(uuid(), ON))];
    assert_eq!(did(&mut agent), moved);
}

#[test]
fn a_put_of_an_instance_is_answered_with_an_empty_line_and_changes_nothing() {
    let mut agent = beating();
    let body = format!(r#"{{"uuid":"{UUID}","hostname":"compute-0"}}"#);
    assert_eq!(request(&mut agent, Method::Put, &format!("/v1/instances/{UUID}"), &body), good(""));
    assert_eq!(did(&mut agent), []);
}

#[test]
fn a_request_with_an_unknown_host_takes_nothing_away() {
    let mut agent = beating();
    assert_eq!(patch(&mut agent, 7, "disabled"), Reply::Bad(404, Reason::EntityNotFound));
    let body = format!(r#"{{"uuid":"{UUID}","hostname":"compute-7","services":["heartbeat"]}}"#);
    let reply = request(&mut agent, Method::Post, &format!("/v1/instances/{UUID}"), &body);
    assert_eq!(reply, Reply::Bad(400, Reason::InvalidData));
    assert_eq!(did(&mut agent), []);
    let body = r#"{"uuid":"U","hostname":"compute-0","services": [{ "service":"heartbeat","state":"enabled","restart-timeout":"601","status":"enabled"}]}"#;
    assert_eq!(request(&mut agent, Method::Get, &format!("/v1/instances/{UUID}"), ""), good(body));
}

#[test]
fn requests_that_cannot_be_are_refused() {
    use Method::{Delete, Get, Patch, Post, Put};
    use Reason::{BadState, CommandParseError, EntityNotFound, InvalidData, NoBuffer, UnsupportedCommand};
    let host = format!("/v1/hosts/{}", HOST[0]);
    let instance = format!("/v1/instances/{UUID}");
    let other = "/v1/instances/2f0bc3e3-efbe-48b8-9688-4821fc0ff83c";
    let with =
        |services: &str| format!(r#"{{"uuid":"{UUID}","hostname":"compute-0","services":{services}}}"#);
    let heartbeat = with(r#"[{"service":"heartbeat","state":"maybe"}]"#);
    let service = with(r#"[{"service":"breath","state":"enabled"}]"#);
    let cases = [
        (Get, "/v2/what", "", 403, NoBuffer),
        (Patch, host.as_str(), "{}", 400, UnsupportedCommand),
        (Patch, &host, "", 411, NoBuffer),
        (Put, &host, "", 411, NoBuffer),
        (Put, &format!("{host}/enable"), "no json", 404, EntityNotFound),
        (Get, "/v1/hosts/unknown", "", 404, EntityNotFound),
        (Post, "/v1/hosts/unknown", "{}", 404, EntityNotFound),
        (Get, other, "", 404, EntityNotFound),
        (Delete, other, "", 404, EntityNotFound),
        (Post, &instance, "", 411, NoBuffer),
        (Put, &instance, "", 411, NoBuffer),
        (Patch, &instance, "", 411, NoBuffer),
        (Post, &instance, "no json", 400, CommandParseError),
        (Post, &instance, &with("[]"), 400, InvalidData),
        (Patch, &instance, "no json", 400, CommandParseError),
        (Patch, &instance, &with("[]"), 400, InvalidData),
        (Patch, &instance, &service, 400, InvalidData),
        (Patch, &instance, &heartbeat, 400, BadState),
        (Post, &format!("{other}/vote"), "no json", 404, EntityNotFound),
        (Post, &format!("{other}/notify"), r#"{"uuid":"x"}"#, 404, EntityNotFound),
    ];
    for (method, path, body, status, reason) in cases {
        let reply = request(&mut watched(), method, path, body);
        assert_eq!(reply, Reply::Bad(status, reason), "{method:?} {path} {body}");
    }
    for (user_agent, refused) in
        [(None, false), (Some("vim/1.0"), false), (Some("curl"), true), (Some(""), true)]
    {
        let request = Request { method: Get, path: &instance, user_agent, body: b"" };
        let reply = watched().on_request(request);
        assert_eq!(reply == Reply::Bad(403, NoBuffer), refused, "{user_agent:?}");
    }
}

#[test]
fn hosts_are_enabled_disabled_and_shown() {
    let mut agent = hosts();
    let host = format!("/v1/hosts/{}", HOST[0]);
    let body = r#"{"uuid":"not used","hostname":"compute-0"}"#;
    for (command, reporting) in
        [("/enable", ON), ("/disable", OFF), ("/enable", ON), ("", OFF), ("/what", OFF)]
    {
        let reply = request(&mut agent, Method::Put, &format!("{host}{command}"), body);
        assert_eq!(reply, good(r#" { "status" : "pass" }"#));
        assert_eq!(did(&mut agent), [to(0, ServerCommand::ModHost { host: HOST[0].to_owned(), reporting })]);
        // What stands behind the uuid of a GET means nothing.
        let shown = format!(r#"{{"uuid":"{}","hostname":"compute-0","state":"{reporting}"}}"#, HOST[0]);
        assert_eq!(request(&mut agent, Method::Get, &format!("{host}/disable"), ""), Reply::Good(200, shown));
    }
    assert_eq!(request(&mut agent, Method::Post, &host, "{}"), good(r#" { "status" : "pass" }"#));
    assert_eq!(
        request(&mut agent, Method::Delete, &host, ""),
        Reply::Good(204, r#"{ "status" : "pass" }"#.to_owned())
    );
    assert_eq!(did(&mut agent), []);
    for (method, path) in
        [(Method::Put, "/v1/hosts/x/enable"), (Method::Get, "/v1/hosts/x"), (Method::Post, "/v1/hosts/x")]
    {
        let reply = request(&mut agent, method, path, r#"{"hostname":"compute-9"}"#);
        assert_eq!(reply, Reply::Bad(404, Reason::EntityNotFound));
        assert_eq!(did(&mut agent), [Action::AskInventory], "{method:?}");
    }
}

#[test]
fn an_instance_is_deleted_with_its_host_and_by_the_vim() {
    let mut agent = beating();
    let reply = request(&mut agent, Method::Delete, &format!("/v1/instances/{UUID}"), "");
    assert_eq!(reply, Reply::Good(204, r#"{ "status" : "pass" }"#.to_owned()));
    assert_eq!(did(&mut agent), [to(0, ServerCommand::DelInstance(uuid()))]);
    let mut agent = beating();
    agent.on_host(HostCommand::Del { hostname: "compute-0".to_owned(), uuid: HOST[0].to_owned() });
    assert_eq!(did(&mut agent), [to(0, ServerCommand::DelInstance(uuid()))]);
    assert_eq!(
        request(&mut agent, Method::Get, &format!("/v1/instances/{UUID}"), ""),
        Reply::Bad(404, Reason::EntityNotFound)
    );
}

#[test]
fn votes_and_notifications_are_passed_on_and_answered_with_the_time() {
    for (action, vote, notify) in [
        ("stop", "9", "10"),
        ("reboot", "9", "10"),
        ("pause", "9", "11"),
        ("suspend", "9", "11"),
        ("live_migrate_begin", "9", "11"),
        ("cold_migrate_begin", "9", "11"),
        ("unpause", "9", "14"),
        ("resume", "9", "14"),
        ("live_migrate_end", "9", "14"),
        ("cold_migrate_end", "9", "14"),
        ("resize_begin", "9", "0"),
        ("resize_end", "9", "0"),
        ("dance", "9", "0"),
    ] {
        for (kind, timeout) in [("vote", vote), ("notify", notify)] {
            let body = format!(r#"{{"uuid":"{UUID}","hostname":"compute-0","action":"{action}"}}"#);
            let path = format!("/v1/instances/{UUID}/{kind}");
            let answer = |timeout: &str| {
                good(&format!(
                    r#"{{"uuid":"U","hostname":"compute-0","action":"{action}","timeout":"{timeout}"}}"#
                ))
            };
            let mut agent = beating();
            assert_eq!(request(&mut agent, Method::Post, &path, &body), answer(timeout));
            let event: Word<Event> = Word::new(action);
            let command = if kind == "vote" {
                ServerCommand::Vote(uuid(), event)
            } else {
                ServerCommand::Notify(uuid(), event)
            };
            assert_eq!(did(&mut agent), [to(0, command)]);
            // A heart that does not beat is not asked.
            let mut agent = watched();
            assert_eq!(request(&mut agent, Method::Post, &path, &body), answer("0"));
            assert_eq!(did(&mut agent), []);
        }
    }
}

#[test]
fn the_vim_is_told_of_each_beginning_and_end() {
    let mut agent = watched();
    agent.on_event(AgentEvent::Running(info(0, ON, ON)));
    assert_eq!(did(&mut agent), [service_event(0, "enabled", "enabled", "601")]);
    agent.on_event(AgentEvent::Stopped(info(0, ON, OFF)));
    assert_eq!(did(&mut agent), [service_event(0, "enabled", "disabled", "0")]);
    // After a migration it may be heard from the new host first.
    agent.on_event(AgentEvent::Running(info(1, ON, ON)));
    assert_eq!(did(&mut agent), [service_event(1, "enabled", "enabled", "601")]);
    let mut agent = hosts();
    agent.on_event(AgentEvent::Running(info(0, ON, ON)));
    assert_eq!(did(&mut agent), []);
}

#[test]
fn losses_are_told_when_host_and_instance_report() {
    let loss = || AgentEvent::Loss { hostname: "compute-0".to_owned(), uuid: uuid() };
    let mut agent = beating();
    agent.on_event(loss());
    assert_eq!(did(&mut agent), [alarm(CallKind::Loss, "failed", "reboot")]);
    // Illness with another wish does not change what is done about a loss.
    let ill = InstanceInfo { repair_action: CorrectiveAction::Log.into(), ..info(0, ON, ON) };
    agent.on_event(AgentEvent::IllHealth(ill));
    assert_eq!(did(&mut agent), [alarm(CallKind::Event, "unhealthy", "log")]);
    agent.on_event(loss());
    assert_eq!(did(&mut agent), [alarm(CallKind::Loss, "failed", "reboot")]);
    patch(&mut agent, 0, "disabled");
    agent.take_actions();
    agent.on_event(loss());
    assert_eq!(did(&mut agent), []);
    patch(&mut agent, 0, "enabled");
    request(&mut agent, Method::Put, "/v1/hosts/x/disable", r#"{"hostname":"compute-0"}"#);
    agent.take_actions();
    agent.on_event(loss());
    assert_eq!(did(&mut agent), []);
}

#[test]
fn the_answer_to_a_loss_may_change_the_reporting_and_an_odd_one_does_nothing() {
    let body = |state: &str| {
        format!(
            r#"{{"uuid":"{UUID}","hostname":"compute-0","services":[{{"service":"heartbeat",{state}}}]}}"#
        )
    };
    let mut agent = beating();
    agent.on_answer(&CallKind::Loss, Ok(body(r#""admin_state":"enabled""#).as_bytes()));
    agent.on_answer(&CallKind::Loss, Ok(b""));
    agent.on_answer(&CallKind::Loss, Err("status 404".to_owned()));
    assert_eq!(did(&mut agent), []);
    agent.on_answer(&CallKind::Loss, Ok(body(r#""state":"disabled""#).as_bytes()));
    assert_eq!(did(&mut agent), [to(0, ServerCommand::ModInstance(uuid(), OFF))]);
}

#[test]
fn votes_are_told_in_the_words_of_the_vim() {
    for (notification, vote, response) in [
        (Notification::Revocable, Vote::Accept, "allow"),
        (Notification::Irrevocable, Vote::Complete, "proceed"),
        (Notification::Revocable, Vote::Reject, "reject"),
        (Notification::Revocable, Vote::Timeout, ""),
    ] {
        let mut agent = beating();
        agent.on_event(AgentEvent::VoteNotify(VoteNotify {
            hostname: "compute-0".to_owned(),
            uuid: uuid(),
            notification: notification.into(),
            event: Event::Stop.into(),
            vote: vote.into(),
            reason: "why".to_owned(),
        }));
        let body = format!(
            r#"{{"uuid":"{UUID}","event-type": "action","event-data": {{"action": "stop", "guest-response": "{response}", "reason": "why"}}}}"#
        );
        assert_eq!(did(&mut agent), [tell(CallKind::Event, body)]);
    }
}

#[test]
fn the_audit_asks_for_what_is_missing_and_then_queries_every_ten_seconds() {
    let mut agent = hosts();
    agent.on_host(HostCommand::Del { hostname: "compute-1".to_owned(), uuid: HOST[1].to_owned() });
    agent.take_actions();
    assert_eq!(agent.next_deadline(), Some(2 * SECOND));
    agent.on_time(2 * SECOND);
    let state = Action::Call(VimCall {
        key: HOST[0].to_owned(),
        kind: CallKind::HostState("compute-0".to_owned()),
        method: "GET",
        path: format!("/nfvi-plugins/v1/hosts/{}", HOST[0]),
        body: Some(format!(r#"{{"hostname": "compute-0","uuid":"{}"}}"#, HOST[0])),
    });
    let instances = Action::Call(VimCall {
        key: HOST[0].to_owned(),
        kind: CallKind::HostInstances("compute-0".to_owned()),
        method: "GET",
        path: format!("/nfvi-plugins/v1/instances/?host_uuid={}", HOST[0]),
        body: None,
    });
    assert_eq!(did(&mut agent), [state.clone(), instances.clone()]);
    // While they are under way they are not asked for again; after a failure they are.
    agent.on_time(12 * SECOND);
    assert_eq!(did(&mut agent), []);
    agent.on_answer(&CallKind::HostState("compute-0".to_owned()), Err("down".to_owned()));
    agent.on_answer(&CallKind::HostInstances("compute-0".to_owned()), Ok(b"what"));
    agent.on_time(22 * SECOND);
    assert_eq!(did(&mut agent), [state, instances]);
    agent.on_answer(&CallKind::HostState("compute-0".to_owned()), Ok(br#"{"state":"enabled"}"#));
    let listed = format!(
        r#"{{"instances":[{{"uuid":"{UUID}","hostname":"compute-0","services":[{{"service":"heartbeat","state":"enabled"}}]}}]}}"#
    );
    agent.on_answer(&CallKind::HostInstances("compute-0".to_owned()), Ok(listed.as_bytes()));
    let query = || to(0, ServerCommand::QueryInstances);
    assert_eq!(did(&mut agent), [to(0, ServerCommand::AddInstance(uuid(), ON)), query()]);
    for round in 3..6 {
        agent.on_time((2 + 10 * round) * SECOND);
        assert_eq!(did(&mut agent), [query()]);
    }
}

#[test]
fn answers_to_queries_repair_what_differs() {
    let answer = |agent: &mut Agent, info: InstanceInfo| {
        agent.on_event(AgentEvent::Instance(info));
        did(agent)
    };
    let mut agent = beating();
    assert_eq!(answer(&mut agent, info(0, ON, ON)), []);
    assert_eq!(answer(&mut agent, info(0, OFF, ON)), [to(0, ServerCommand::ModInstance(uuid(), ON))]);
    assert_eq!(answer(&mut agent, info(0, ON, OFF)), [service_event(0, "enabled", "disabled", "0")]);
    assert_eq!(answer(&mut agent, info(0, ON, ON)), [service_event(0, "enabled", "enabled", "601")]);
    assert_eq!(answer(&mut agent, info(1, ON, ON)), [to(1, ServerCommand::DelInstance(uuid()))]);
    assert_eq!(answer(&mut hosts(), info(0, ON, ON)), [to(0, ServerCommand::DelInstance(uuid()))]);
}

#[test]
fn a_guest_server_that_starts_is_told_of_its_instances() {
    let mut agent = beating();
    agent.on_event(AgentEvent::MonitorReady { hostname: "compute-1".to_owned() });
    assert_eq!(did(&mut agent), []);
    agent.on_event(AgentEvent::MonitorReady { hostname: "compute-0".to_owned() });
    assert_eq!(did(&mut agent), [to(0, ServerCommand::ModInstance(uuid(), ON))]);
}

#[test]
fn hosts_change_their_address_and_unknown_ones_do_no_harm() {
    let mut agent = beating();
    agent.on_host(HostCommand::Add(HostRecord { address: "10.0.0.1".to_owned(), ..record(0) }));
    agent.on_event(AgentEvent::MonitorReady { hostname: "compute-0".to_owned() });
    assert_eq!(did(&mut agent), [to(0, ServerCommand::ModInstance(uuid(), ON))], "added already");
    agent.on_host(HostCommand::Mod(HostRecord { address: "fd00::7".to_owned(), ..record(0) }));
    agent.on_event(AgentEvent::MonitorReady { hostname: "compute-0".to_owned() });
    let moved = Action::Command("fd00::7".parse().unwrap(), ServerCommand::ModInstance(uuid(), ON));
    assert_eq!(did(&mut agent), [moved]);
    let unknown = HostRecord { hostname: "compute-9".to_owned(), ..record(0) };
    agent.on_host(HostCommand::Mod(unknown));
    agent.on_host(HostCommand::Del { hostname: "x".to_owned(), uuid: "x".to_owned() });
    assert_eq!(did(&mut agent), []);
}
