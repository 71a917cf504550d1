//! The rows of the contract's tables.

use std::time::Duration;

use guest_protocol::framing::JsonLines;
use guest_protocol::heartbeat::application::{ApplicationMessage, ApplicationStream, Registration};
use guest_protocol::heartbeat::message::{
    ActionNotify, ActionResponse, ChallengeResponse, GuestMessage, HostMessage, Init, MAX_LENGTH,
};
use guest_protocol::heartbeat::words::{
    CorrectiveAction, Event as VmEvent, Health, Notification, Vocabulary, Vote, Word,
};

use super::applications::stronger;
use super::{Action, AppId, Client, Event, Input, ScriptEnd, State};
use crate::config::Config;

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);

#[test]
fn the_states_follow_the_table_of_the_contract() {
    let text = include_str!("../../../docs/contract/guest.md");
    let section = text.split("## 4. guest-client FSM").nth(1).unwrap();
    let mut rows = section.lines().filter(|line| line.starts_with('|'));
    let cells = |row: &str| row.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let events = cells(rows.next().unwrap());
    rows.next();
    let mut seen = 0;
    for (state, row) in State::ALL.into_iter().zip(rows) {
        let row = cells(row);
        assert_eq!(row[1], state.to_string());
        for event in Event::ALL {
            let column = events.iter().position(|name| *name == event.to_string()).unwrap();
            let cell = &row[column];
            let expected = State::ALL.into_iter().find(|state| {
                let name = state.to_string();
                cell == &name
                    || cell.starts_with(&format!("{name} if"))
                    || cell.ends_with(&format!(", {name}"))
            });
            assert_eq!(state.after(event), expected, "{state} {event}: {cell}");
            seen += 1;
        }
    }
    assert_eq!(seen, 4 * 8);
}

struct Rig {
    client: Client,
    now: Duration,
    actions: Vec<Action>,
    sequence: u32,
}

fn config() -> Config {
    Config {
        vote: 8 * SECOND,
        health_interval: Some(30 * SECOND),
        health_script: Some("/health".into()),
        event_script: Some("/event".into()),
        ..Config::default()
    }
}

impl Rig {
    fn new(config: Config) -> Self {
        let client = Client::new(config, "vm1", fastrand::Rng::with_seed(3), Duration::ZERO);
        Self { client, now: Duration::ZERO, actions: Vec::new(), sequence: 0 }
    }

    /// A client that is watched.
    fn enabled(config: Config) -> Self {
        let mut rig = Self::new(config);
        rig.pass(SECOND);
        let invocation_id = rig.init().invocation_id;
        rig.hear(HostMessage::InitAck { invocation_id });
        assert_eq!(rig.client.state(), State::Enabled);
        rig.actions.clear();
        rig
    }

    fn input(&mut self, input: Input<'_>) {
        self.actions.extend(self.client.handle(self.now, input));
    }

    fn hear(&mut self, message: HostMessage) {
        self.sequence += 1;
        self.input(Input::Host(&message.encode(self.sequence)));
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.client.next_deadline()
            && due <= end
        {
            self.now = self.now.max(due);
            self.input(Input::Time);
        }
        self.now = end;
    }

    fn sent(&self) -> Vec<GuestMessage> {
        let mut lines = JsonLines::new(MAX_LENGTH);
        let bytes = self.actions.iter().filter_map(|action| match action {
            Action::SendHost(bytes) => Some(bytes),
            _ => None,
        });
        let frames: Vec<_> = bytes.flat_map(|bytes| lines.on_bytes(bytes)).collect();
        frames.into_iter().map(|frame| GuestMessage::decode(&frame.unwrap()).unwrap().message).collect()
    }

    fn init(&self) -> Init {
        match self.sent().pop() {
            Some(GuestMessage::Init(init)) => init,
            other => panic!("{other:?}"),
        }
    }

    fn response(&self) -> ChallengeResponse {
        match self.sent().pop() {
            Some(GuestMessage::ChallengeResponse(answer)) => answer,
            other => panic!("{other:?}"),
        }
    }

    /// What a challenge is answered with: health, action, log.
    fn challenge(&mut self) -> (Word<Health>, Word<CorrectiveAction>, String) {
        self.hear(HostMessage::Challenge { challenge: 42 });
        let answer = self.response();
        assert_eq!(answer.response, 42);
        (answer.health, answer.corrective_action, answer.log)
    }

    fn said_to(&self, app: AppId) -> Vec<ApplicationMessage> {
        let mut stream = ApplicationStream::default();
        let bytes = self.actions.iter().filter_map(|action| match action {
            Action::SendApp(id, bytes) if *id == app => Some(bytes),
            _ => None,
        });
        let messages: Vec<_> = bytes.flat_map(|bytes| stream.on_bytes(bytes)).collect();
        messages.into_iter().map(|message| message.unwrap().1).collect()
    }

    fn app(&mut self, app: AppId, message: &ApplicationMessage) {
        self.input(Input::App(app, &message.encode(1)));
    }

    fn register(&mut self, app: AppId, action: CorrectiveAction) {
        self.input(Input::AppConnected(app));
        self.app(app, &ApplicationMessage::Init(registration(app, action)));
        assert_eq!(self.said_to(app), [ApplicationMessage::InitAck { accepted: true }]);
    }

    /// The application answers its last challenge.
    fn app_answers(&mut self, app: AppId, healthy: bool, corrective_action: CorrectiveAction) {
        let Some(ApplicationMessage::Challenge { challenge: response }) = self.said_to(app).pop() else {
            panic!("no challenge for {app}")
        };
        let log = format!("says {app}");
        self.app(app, &ApplicationMessage::ChallengeResponse { response, healthy, corrective_action, log });
    }

    fn ask(&mut self, event: VmEvent, notification: Notification, timeout: Duration) {
        self.actions.clear();
        self.hear(HostMessage::ActionNotify(ActionNotify {
            invocation_id: 99,
            event: event.into(),
            notification: notification.into(),
            timeout,
        }));
    }

    fn app_votes(&mut self, app: AppId, vote: Vote) {
        let asked = self.said_to(app).into_iter().find_map(|message| match message {
            ApplicationMessage::ActionNotify { invocation_id, event, notification } => {
                Some((invocation_id, event, notification))
            }
            _ => None,
        });
        let (invocation_id, event, notification) = asked.expect("not asked");
        let log = format!("votes {app}");
        self.app(app, &ApplicationMessage::ActionResponse { invocation_id, event, notification, vote, log });
    }

    fn script_votes(&mut self, code: Option<i32>) {
        let output = "says the script".to_owned();
        self.input(Input::EventScript(ScriptEnd::Ended { code, output }));
    }

    fn votes(&self) -> Vec<(String, String)> {
        let votes = self.sent().into_iter().filter_map(|message| match message {
            GuestMessage::ActionResponse(ActionResponse { invocation_id: 99, vote, log, .. }) => {
                Some((vote.as_str().to_owned(), log))
            }
            _ => None,
        });
        votes.collect()
    }

    fn did(&self, wanted: impl Fn(&Action) -> bool) -> bool {
        self.actions.iter().any(wanted)
    }

    fn logged(&self, text: &str) -> bool {
        self.did(|action| matches!(action, Action::Log(line) if line.text.contains(text)))
    }
}

fn registration(app: AppId, corrective_action: CorrectiveAction) -> Registration {
    Registration {
        name: format!("app{app}"),
        heartbeat_interval: SECOND,
        vote: 3 * SECOND,
        shutdown_notice: 4 * SECOND,
        suspend_notice: 5 * SECOND,
        resume_notice: 6 * SECOND,
        corrective_action,
    }
}

fn vote(vote: &str, log: &str) -> Vec<(String, String)> {
    vec![(vote.to_owned(), log.to_owned())]
}

#[test]
fn a_second_after_the_start_and_then_every_five_it_asks_to_be_watched() {
    let mut rig = Rig::new(config());
    rig.pass(SECOND - MILLI);
    assert_eq!(rig.sent(), []);
    rig.pass(MILLI);
    let first = rig.init();
    assert_eq!(first.name, "vm1");
    // Everything told to the host has a second on top.
    assert_eq!((first.vote, first.restart), (9 * SECOND, 121 * SECOND));
    assert_eq!(first.heartbeat_interval, SECOND);
    assert!(rig.logged("Guest-Client heartbeat state change from initial to enabling, event=release."));
    rig.pass(5 * SECOND);
    let second = rig.init();
    assert_ne!(first.invocation_id, second.invocation_id);
    rig.pass(5 * SECOND);
    let third = rig.init();
    rig.hear(HostMessage::InitAck { invocation_id: first.invocation_id });
    assert_eq!(rig.client.state(), State::Enabling, "too old");
    rig.hear(HostMessage::InitAck { invocation_id: second.invocation_id });
    assert_eq!(rig.client.state(), State::Enabled, "the previous one counts");
    assert!(rig.logged("state change from enabling to enabled, event=init-ack."));
    rig.actions.clear();
    rig.hear(HostMessage::InitAck { invocation_id: third.invocation_id });
    rig.pass(4 * SECOND);
    assert_eq!(rig.sent(), []);
}

#[test]
fn a_host_that_is_silent_for_five_seconds_is_asked_anew() {
    let mut rig = Rig::enabled(config());
    for _ in 0..10 {
        rig.pass(4 * SECOND);
        rig.challenge();
    }
    rig.pass(5 * SECOND - MILLI);
    assert_eq!(rig.client.state(), State::Enabled);
    rig.pass(MILLI);
    assert_eq!(rig.client.state(), State::Enabling);
    assert!(rig.logged("event=challenge-timeout."));
    rig.init();
}

#[test]
fn a_client_that_is_late_itself_does_not_blame_the_host() {
    let mut rig = Rig::enabled(config());
    rig.now += 6 * SECOND;
    rig.input(Input::Time);
    assert_eq!(rig.client.state(), State::Enabled);
    assert!(rig.logged("we are not scheduling on time"));
    rig.pass(5 * SECOND);
    // The lateness lies within that period, too; the next one is in time.
    rig.pass(5 * SECOND);
    assert_eq!(rig.client.state(), State::Enabling);
}

#[test]
fn the_channel_decides_whether_there_is_a_host() {
    let mut rig = Rig::enabled(config());
    rig.input(Input::ChannelDown);
    assert_eq!(rig.client.state(), State::Disabled);
    rig.pass(60 * SECOND);
    assert_eq!(rig.sent(), []);
    rig.input(Input::ChannelUp);
    assert_eq!(rig.client.state(), State::Enabling);
    rig.init();
}

#[test]
fn at_its_end_a_watched_client_says_so() {
    let mut rig = Rig::enabled(config());
    rig.input(Input::Shutdown);
    assert_eq!(rig.sent(), [GuestMessage::Exit { log: "Exiting...".to_owned() }]);
    assert_eq!(rig.client.state(), State::Initial);
    let mut rig = Rig::new(config());
    rig.pass(SECOND);
    rig.actions.clear();
    rig.input(Input::Shutdown);
    assert_eq!((rig.sent(), rig.client.state()), (vec![], State::Initial));
}

#[test]
fn the_health_script_runs_every_interval_and_a_run_that_takes_too_long_is_ended() {
    let start = |action: &Action| matches!(action, Action::StartHealthScript);
    let kill = |action: &Action| matches!(action, Action::KillHealthScript);
    let mut rig = Rig::enabled(config());
    let keep = |rig: &mut Rig, time: u32| {
        for _ in 0..time {
            rig.pass(SECOND);
            rig.hear(HostMessage::Challenge { challenge: 1 });
        }
    };
    keep(&mut rig, 29);
    assert!(!rig.did(start));
    keep(&mut rig, 1);
    assert!(rig.did(start) && !rig.did(kill));
    rig.actions.clear();
    keep(&mut rig, 30);
    assert!(rig.did(start) && rig.did(kill));
    rig.input(Input::HealthScript(ScriptEnd::Ended { code: Some(0), output: "fine".to_owned() }));
    rig.actions.clear();
    keep(&mut rig, 30);
    assert!(rig.did(start) && !rig.did(kill));
    rig.actions.clear();
    rig.input(Input::ChannelDown);
    assert!(rig.did(kill));
}

#[test]
fn the_script_speaks_for_the_vm() {
    let reboot = || Word::Known(CorrectiveAction::Reboot);
    for (code, healthy) in
        [(Some(0), true), (Some(1), false), (Some(2), true), (Some(255), true), (None, true)]
    {
        let mut rig = Rig::enabled(config());
        assert_eq!(rig.challenge(), (Health::Healthy.into(), reboot(), String::new()));
        rig.input(Input::HealthScript(ScriptEnd::Ended { code, output: "says it".to_owned() }));
        let health = if healthy { Health::Healthy } else { Health::Unhealthy };
        assert_eq!(rig.challenge(), (health.into(), reboot(), "says it".to_owned()), "{code:?}");
    }
    let mut rig = Rig::enabled(config());
    rig.input(Input::HealthScript(ScriptEnd::NotRun("gone".to_owned())));
    assert_eq!(rig.challenge().0, Health::Healthy.into());
    assert!(rig.logged("gone"));
}

#[test]
fn the_same_illness_is_reported_once_a_minute() {
    let mut rig = Rig::enabled(config());
    rig.input(Input::HealthScript(ScriptEnd::Ended { code: Some(1), output: "ill".to_owned() }));
    for second in 0..130 {
        let expected = if second % 60 == 0 { CorrectiveAction::Reboot } else { CorrectiveAction::None };
        let (health, action, _) = rig.challenge();
        assert_eq!((health, action), (Health::Unhealthy.into(), expected.into()), "{second}");
        rig.pass(SECOND);
    }
    rig.input(Input::HealthScript(ScriptEnd::Ended { code: Some(0), output: String::new() }));
    rig.challenge();
    rig.input(Input::HealthScript(ScriptEnd::Ended { code: Some(1), output: String::new() }));
    assert_eq!(rig.challenge().1, CorrectiveAction::Reboot.into(), "it was well in between");
}

#[test]
fn the_stronger_action_wins() {
    use CorrectiveAction::{Log, None, Reboot, Stop, Unknown};
    for (a, b, strongest) in [
        (None, None, None),
        (None, Unknown, None),
        (Log, None, Log),
        (None, Log, Log),
        (Log, Reboot, Reboot),
        (Reboot, Log, Reboot),
        (Reboot, Stop, Stop),
        (Stop, Reboot, Stop),
        (Stop, Unknown, Stop),
    ] {
        assert_eq!(stronger(a, b), strongest, "{a} {b}");
    }
}

#[test]
fn ill_applications_and_the_script_are_weighed_against_each_other() {
    use CorrectiveAction::{Log, Reboot, Stop};
    // The configured action is reboot. Illness of two applications, of the script; what is answered.
    for (first, second, script, action, log) in [
        (Some(Log), None, false, Log, "says 1"),
        (Some(Log), Some(Stop), false, Stop, "says 2"),
        (Some(Stop), Some(Log), false, Stop, "says 1"),
        (Some(Log), None, true, Reboot, "the script"),
        (Some(Stop), None, true, Stop, "says 1"),
        (None, None, true, Reboot, "the script"),
    ] {
        let mut rig = Rig::enabled(config());
        rig.register(1, Reboot);
        rig.register(2, Reboot);
        rig.pass(SECOND);
        for (app, ill) in [(1, first), (2, second)] {
            rig.app_answers(app, ill.is_none(), ill.unwrap_or(CorrectiveAction::None));
        }
        if script {
            let output = "the script".to_owned();
            rig.input(Input::HealthScript(ScriptEnd::Ended { code: Some(1), output }));
        }
        assert_eq!(rig.challenge(), (Health::Unhealthy.into(), action.into(), log.to_owned()));
    }
}

#[test]
fn an_application_is_challenged_each_interval_and_ill_after_two_without_an_answer() {
    let mut rig = Rig::enabled(Config { health_interval: None, ..config() });
    rig.register(1, CorrectiveAction::Stop);
    for _ in 0..5 {
        rig.pass(SECOND);
        rig.hear(HostMessage::Challenge { challenge: 1 });
        rig.app_answers(1, true, CorrectiveAction::None);
        assert_eq!(rig.challenge().0, Health::Healthy.into());
    }
    rig.actions.clear();
    rig.pass(2 * SECOND - MILLI);
    assert_eq!(rig.said_to(1).len(), 1, "no second challenge before the first is answered");
    assert_eq!(rig.challenge().0, Health::Healthy.into());
    rig.pass(MILLI);
    let log = "Application app1 heartbeat timeout 2000 ms.".to_owned();
    assert_eq!(rig.challenge(), (Health::Unhealthy.into(), CorrectiveAction::Stop.into(), log));
    // It comes back.
    rig.app_answers(1, true, CorrectiveAction::None);
    assert_eq!(rig.challenge().0, Health::Healthy.into());
    // It goes, which is no failure.
    rig.input(Input::AppClosed(1));
    rig.pass(2 * SECOND);
    assert_eq!(rig.challenge().0, Health::Healthy.into());
}

#[test]
fn an_application_that_has_taken_its_leave_is_neither_watched_nor_asked() {
    let mut rig = Rig::enabled(Config { event_script: None, ..config() });
    rig.register(1, CorrectiveAction::Stop);
    rig.app(1, &ApplicationMessage::Final { log: "bye".to_owned() });
    rig.pass(4 * SECOND);
    assert_eq!(rig.challenge().0, Health::Healthy.into());
    rig.ask(VmEvent::Stop, Notification::Revocable, 9 * SECOND);
    assert_eq!(rig.votes(), vote("complete", ""));
    // It may register again on the same connection.
    rig.actions.clear();
    rig.app(1, &ApplicationMessage::Init(registration(1, CorrectiveAction::Stop)));
    assert_eq!(rig.said_to(1), [ApplicationMessage::InitAck { accepted: true }]);
}

#[test]
fn an_application_whose_heart_beats_too_fast_is_not_taken() {
    let mut rig = Rig::enabled(config());
    rig.input(Input::AppConnected(1));
    let fast = Registration {
        heartbeat_interval: Duration::from_millis(399),
        ..registration(1, CorrectiveAction::Stop)
    };
    rig.app(1, &ApplicationMessage::Init(fast));
    assert_eq!(rig.said_to(1), [ApplicationMessage::InitAck { accepted: false }]);
    rig.pass(4 * SECOND);
    assert_eq!(rig.challenge().0, Health::Healthy.into());
}

#[test]
fn a_seventeenth_connection_takes_the_place_of_one_that_has_not_registered_or_is_closed() {
    let closed =
        |rig: &Rig, app: AppId| rig.did(|action| matches!(action, Action::CloseApp(id) if *id == app));
    let mut rig = Rig::enabled(config());
    for app in 0..15 {
        rig.register(app, CorrectiveAction::Log);
    }
    rig.input(Input::AppConnected(15));
    rig.input(Input::AppConnected(16));
    assert!(closed(&rig, 15) && !closed(&rig, 16));
    rig.register(16, CorrectiveAction::Log);
    rig.input(Input::AppConnected(17));
    assert!(closed(&rig, 17));
}

#[test]
fn without_anyone_to_ask_the_client_agrees_at_once() {
    let mut rig = Rig::enabled(Config { event_script: None, ..config() });
    for notification in [Notification::Revocable, Notification::Irrevocable] {
        rig.ask(VmEvent::Stop, notification, 9 * SECOND);
        assert_eq!(rig.votes(), vote("complete", ""));
    }
    let mut rig = Rig::new(config());
    rig.pass(SECOND);
    rig.ask(VmEvent::Stop, Notification::Revocable, 9 * SECOND);
    assert_eq!(rig.votes(), vote("complete", ""), "not watched");
    let mut rig = Rig::enabled(config());
    rig.ask(VmEvent::Stop, Notification::Revocable, 9 * SECOND);
    rig.input(Input::EventScript(ScriptEnd::NotRun("not there".to_owned())));
    assert_eq!(rig.votes(), vote("complete", ""), "no script");
}

#[test]
fn the_script_is_told_of_each_event() {
    for event in VmEvent::ALL {
        for notification in [Notification::Revocable, Notification::Irrevocable] {
            let mut rig = Rig::enabled(config());
            rig.ask(*event, notification, 9 * SECOND);
            let started = rig.did(
                |action| matches!(action, Action::StartEventScript(n, e) if *n == notification && e == event),
            );
            assert_eq!(started, *event != VmEvent::Unknown, "{event}");
        }
    }
}

#[test]
fn the_exit_status_of_the_script_is_its_vote() {
    for (code, expected, log) in [
        (Some(0), "accept", "says the script"),
        (Some(1), "reject", "says the script"),
        (Some(2), "unknown", ""),
        (Some(255), "unknown", ""),
        (None, "unknown", ""),
    ] {
        let mut rig = Rig::enabled(config());
        rig.ask(VmEvent::Stop, Notification::Irrevocable, 9 * SECOND);
        assert_eq!(rig.votes(), []);
        rig.script_votes(code);
        assert_eq!(rig.votes(), vote(expected, log), "{code:?}");
    }
}

#[test]
fn one_reject_is_enough_and_the_answer_waits_for_all() {
    use Vote::{Accept, Complete, Reject};
    // Votes of two applications and the script's exit status.
    for (first, second, script, expected, log) in [
        (Accept, Accept, 0, "accept", "says the script"),
        (Reject, Accept, 0, "reject", "votes 1"),
        (Accept, Reject, 0, "reject", "votes 2"),
        (Accept, Complete, 1, "reject", "says the script"),
        (Accept, Complete, 2, "complete", "votes 2"),
        (Vote::Unknown, Accept, 2, "accept", "votes 2"),
    ] {
        for script_first in [true, false] {
            let mut rig = Rig::enabled(config());
            rig.register(1, CorrectiveAction::Log);
            rig.register(2, CorrectiveAction::Log);
            rig.ask(VmEvent::Stop, Notification::Revocable, 9 * SECOND);
            if script_first {
                rig.script_votes(Some(script));
            }
            rig.app_votes(1, first);
            assert_eq!(rig.votes(), []);
            rig.app_votes(2, second);
            if !script_first {
                assert_eq!(rig.votes(), []);
                rig.script_votes(Some(script));
            }
            let votes = rig.votes();
            assert_eq!(votes.len(), 1);
            assert_eq!(
                votes[0].0,
                if expected == "complete" && script_first { "complete" } else { expected }
            );
            if expected == "reject" {
                assert_eq!(votes[0].1, log);
            }
        }
    }
}

#[test]
fn applications_have_the_time_that_they_asked_for() {
    for (event, notification, secs) in [
        (VmEvent::Stop, Notification::Revocable, 3),
        (VmEvent::ResizeEnd, Notification::Revocable, 3),
        (VmEvent::Reboot, Notification::Irrevocable, 4),
        (VmEvent::LiveMigrateBegin, Notification::Irrevocable, 5),
        (VmEvent::Unpause, Notification::Irrevocable, 6),
        (VmEvent::Unknown, Notification::Irrevocable, 4),
    ] {
        let mut rig = Rig::enabled(Config { event_script: None, health_interval: None, ..config() });
        rig.register(1, CorrectiveAction::Log);
        rig.ask(event, notification, 60 * SECOND);
        for second in 1..=secs {
            assert_eq!(rig.votes(), [], "{event} {second}");
            rig.pass(SECOND);
            rig.hear(HostMessage::Challenge { challenge: 1 });
        }
        assert_eq!(rig.votes(), vote("unknown", ""), "{event}");
    }
}

#[test]
fn when_the_hosts_time_is_over_a_reject_stands_and_all_else_is_a_timeout() {
    let timeout = "Timeout on application and/or script action responses.";
    for (voted, expected, log) in
        [(Some(1), "reject", "says the script"), (Some(0), "timeout", timeout), (None, "timeout", timeout)]
    {
        let mut rig = Rig::enabled(Config { health_interval: None, ..config() });
        rig.register(1, CorrectiveAction::Log);
        // A second of the three is for the way.
        rig.ask(VmEvent::Stop, Notification::Irrevocable, 3 * SECOND);
        if voted.is_some() {
            rig.script_votes(voted);
        }
        rig.pass(2 * SECOND - MILLI);
        assert_eq!(rig.votes(), []);
        rig.pass(MILLI);
        assert_eq!(rig.votes(), vote(expected, log));
        assert_eq!(rig.did(|action| matches!(action, Action::KillEventScript)), voted.is_none());
        // What comes later means nothing.
        rig.app_votes(1, Vote::Accept);
        rig.script_votes(Some(0));
        assert_eq!(rig.votes().len(), 1);
    }
}

#[test]
fn a_short_time_is_taken_as_it_is() {
    let mut rig = Rig::enabled(config());
    rig.ask(VmEvent::Stop, Notification::Revocable, 9 * MILLI);
    rig.pass(9 * MILLI);
    assert_eq!(rig.votes()[0].0, "timeout");
}

#[test]
fn a_new_action_ends_the_one_before() {
    let mut rig = Rig::enabled(config());
    rig.ask(VmEvent::Stop, Notification::Revocable, 9 * SECOND);
    rig.ask(VmEvent::Reboot, Notification::Revocable, 9 * SECOND);
    assert!(rig.did(|action| matches!(action, Action::KillEventScript)));
    rig.script_votes(Some(0));
    let sent = rig.sent();
    let [GuestMessage::ActionResponse(answer)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(answer.event, VmEvent::Reboot.into());
    // And one that is left with the state is not answered.
    rig.ask(VmEvent::Stop, Notification::Revocable, 9 * SECOND);
    rig.input(Input::ChannelDown);
    assert!(rig.did(|action| matches!(action, Action::KillEventScript)));
    rig.script_votes(Some(0));
    assert_eq!(rig.votes(), []);
}

#[test]
fn an_application_that_dies_does_not_hold_up_the_answer() {
    let mut rig = Rig::enabled(Config { event_script: None, ..config() });
    rig.register(1, CorrectiveAction::Log);
    rig.register(2, CorrectiveAction::Log);
    rig.ask(VmEvent::Stop, Notification::Revocable, 9 * SECOND);
    rig.app_votes(1, Vote::Accept);
    rig.input(Input::AppClosed(2));
    assert_eq!(rig.votes(), vote("accept", "votes 1"));
}
