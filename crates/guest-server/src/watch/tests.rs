//! The rows of the contract's table, one after the other.

use std::time::Duration;

use guest_protocol::framing::JsonLines;
use guest_protocol::heartbeat::datagram::{AgentEvent, InstanceInfo, ServerCommand, VoteNotify};
use guest_protocol::heartbeat::instance::InstanceUuid;
use guest_protocol::heartbeat::message::{
    ActionResponse, ChallengeResponse, GuestMessage, HostMessage, Init, MAX_LENGTH,
};
use guest_protocol::heartbeat::words::{CorrectiveAction, Event, Health, Notification, Switch, Vote, Word};

use super::{Action, Host, Input, Level, Limits};

const UUID: &str = "1f0bc3e3-efbe-48b8-9688-4821fc0ff83c";
const SECOND: Duration = Duration::from_secs(1);

fn uuid() -> InstanceUuid {
    InstanceUuid::parse(UUID).unwrap()
}

/// A host whose clock and guest are ours.
struct Rig {
    host: Host,
    now: Duration,
    actions: Vec<Action>,
    sequence: u32,
}

impl Rig {
    fn new() -> Self {
        let limits = Limits {
            failure_threshold: 1,
            shortest_interval: Duration::from_millis(400),
            ..Limits::default()
        };
        let host = Host::new("compute-0", limits, fastrand::Rng::with_seed(7), Duration::ZERO);
        Self { host, now: Duration::ZERO, actions: Vec::new(), sequence: 0 }
    }

    /// A host with an instance whose channel is open.
    fn connected() -> Self {
        let mut rig = Self::new();
        rig.input(Input::ChannelFound(uuid()));
        rig.pass(SECOND);
        assert!(rig.take().contains(&Action::Connect(uuid())));
        rig.input(Input::Connected(uuid()));
        rig.input(Input::Command(ServerCommand::ModInstance(uuid(), Switch::Enabled)));
        rig.take();
        rig
    }

    /// A host with an instance whose heart beats.
    fn beating() -> Self {
        let mut rig = Self::connected();
        rig.say(GuestMessage::Init(init()));
        rig.answer();
        rig.take();
        rig
    }

    fn input(&mut self, input: Input<'_>) {
        self.host.handle(self.now, input, &mut self.actions);
    }

    /// Lets time pass; whatever is due comes exactly in time.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while self.host.next_deadline() <= end {
            self.now = self.now.max(self.host.next_deadline());
            self.input(Input::Time);
        }
        self.now = end;
    }

    fn say(&mut self, message: GuestMessage) {
        self.sequence += 1;
        let bytes = message.encode(self.sequence);
        self.input(Input::Bytes(uuid(), &bytes));
    }

    /// What was sent to the guest and not taken yet.
    fn sent(&self) -> Vec<HostMessage> {
        let mut lines = JsonLines::new(MAX_LENGTH);
        let bytes = self.actions.iter().filter_map(|action| match action {
            Action::Send(_, bytes) => Some(bytes),
            _ => None,
        });
        let frames: Vec<_> = bytes.flat_map(|bytes| lines.on_bytes(bytes)).collect();
        frames.into_iter().map(|frame| HostMessage::decode(&frame.unwrap()).unwrap().message).collect()
    }

    /// What guestAgent was told of instances.
    fn told(&self) -> Vec<AgentEvent> {
        let told = self.actions.iter().filter_map(|action| match action {
            Action::Tell(AgentEvent::MonitorReady { .. }) => None,
            Action::Tell(event) => Some(event.clone()),
            _ => None,
        });
        told.collect()
    }

    fn logged(&self, text: &str) -> bool {
        self.actions.iter().any(|action| matches!(action, Action::Log(_, line) if line.contains(text)))
    }

    fn take(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    fn challenge(&self) -> i32 {
        let challenge = self.sent().into_iter().rev().find_map(|message| match message {
            HostMessage::Challenge { challenge } => Some(challenge),
            _ => None,
        });
        challenge.expect("no challenge was sent")
    }

    fn respond(&mut self, response: i32, health: Health, action: CorrectiveAction) {
        self.say(GuestMessage::ChallengeResponse(ChallengeResponse {
            response,
            health: health.into(),
            corrective_action: action.into(),
            log: "says the guest".to_owned(),
        }));
    }

    /// The guest answers the last challenge: it is well.
    fn answer(&mut self) {
        let challenge = self.challenge();
        self.respond(challenge, Health::Healthy, CorrectiveAction::Reboot);
    }

    fn vote(&mut self, invocation_id: i32, event: Event, notification: Notification, vote: Vote) {
        self.say(GuestMessage::ActionResponse(ActionResponse {
            invocation_id,
            event: event.into(),
            notification: notification.into(),
            vote: vote.into(),
            log: "because".to_owned(),
        }));
    }

    /// Whether the host waits for an init: it acknowledges one.
    fn waits_for_init(&mut self) -> bool {
        self.take();
        self.say(GuestMessage::Init(init()));
        self.sent().first() == Some(&HostMessage::InitAck { invocation_id: 77 })
    }
}

fn init() -> Init {
    Init {
        invocation_id: 77,
        name: "vm1".to_owned(),
        heartbeat_interval: SECOND,
        vote: 9 * SECOND,
        shutdown_notice: 10 * SECOND,
        suspend_notice: 11 * SECOND,
        resume_notice: 14 * SECOND,
        restart: 601 * SECOND,
        corrective_action: CorrectiveAction::Reboot.into(),
    }
}

fn info(beating: bool) -> InstanceInfo {
    InstanceInfo {
        hostname: "compute-0".to_owned(),
        uuid: uuid(),
        reporting: Switch::Enabled,
        heartbeating: Switch::of(beating),
        repair_action: CorrectiveAction::Reboot.into(),
        restart: 601 * SECOND,
        shutdown: 10 * SECOND,
        suspend: 11 * SECOND,
        resume: 14 * SECOND,
        vote: 9 * SECOND,
    }
}

fn loss() -> AgentEvent {
    AgentEvent::Loss { hostname: "compute-0".to_owned(), uuid: uuid() }
}

#[test]
fn attempts_to_connect_come_ever_more_seldom_and_begin_anew_after_a_success() {
    let mut rig = Rig::new();
    rig.input(Input::ChannelFound(uuid()));
    for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
        rig.take();
        rig.pass(wait * SECOND - Duration::from_millis(1));
        assert!(!rig.actions.contains(&Action::Connect(uuid())), "{wait}");
        rig.pass(Duration::from_millis(1));
        assert!(rig.actions.contains(&Action::Connect(uuid())), "{wait}");
        rig.input(Input::ConnectFailed(uuid(), "channel connect failed".to_owned()));
    }
    rig.pass(60 * SECOND);
    rig.input(Input::Connected(uuid()));
    assert!(rig.logged(&format!("{UUID} connect done")));
    rig.input(Input::Closed(uuid()));
    assert!(rig.logged(&format!("{UUID} connect attempt in 1 seconds")));
}

#[test]
fn an_init_is_acknowledged_and_the_first_challenge_follows() {
    let mut rig = Rig::connected();
    rig.say(GuestMessage::Init(init()));
    let sent = rig.sent();
    assert_eq!(sent[0], HostMessage::InitAck { invocation_id: 77 });
    assert!(matches!(sent[1], HostMessage::Challenge { .. }));
    assert_eq!(sent.len(), 2);
    let id = "4821fc0ff83c vm1";
    for line in [
        "received init message: {".to_owned(),
        format!("{id} 'init' message ; sending 'init_ack' (ver:3.1)"),
        format!("{id} corrective_action = reboot"),
        format!("{id} Interval : 1000 msec"),
        format!("{id} Vote TO  :    9 secs"),
        format!("{id} Shutdown :   10 secs"),
        format!("{id} Suspend  :   11 secs"),
        format!("{id} Resume   :   14 secs"),
        format!("{id} Restart  :  601 secs"),
    ] {
        assert!(rig.logged(&line), "{line}: {:?}", rig.actions);
    }
    assert_eq!(rig.told(), []);
    // The numbers go on from the guest's.
    let first = rig.actions.iter().find_map(|action| match action {
        Action::Send(_, bytes) => Some(String::from_utf8(bytes.clone()).unwrap()),
        _ => None,
    });
    assert!(first.unwrap().contains("\"sequence\":2,"));
}

#[test]
fn an_interval_that_is_too_short_is_raised() {
    let mut rig = Rig::connected();
    rig.say(GuestMessage::Init(Init { heartbeat_interval: Duration::from_millis(10), ..init() }));
    rig.take();
    rig.pass(Duration::from_millis(399));
    assert_eq!(rig.sent(), []);
    rig.pass(Duration::from_millis(1));
    assert!(rig.logged("(Timeout=400 msec)"));
}

#[test]
fn an_unexpected_init_is_answered_the_second_time() {
    let mut rig = Rig::beating();
    rig.say(GuestMessage::Init(init()));
    assert_eq!((rig.sent(), rig.told()), (vec![], vec![]));
    assert!(rig.waits_for_init());
}

#[test]
fn the_first_healthy_answer_is_told_and_then_a_challenge_comes_each_interval() {
    let mut rig = Rig::connected();
    rig.say(GuestMessage::Init(init()));
    rig.answer();
    assert_eq!(rig.told(), [AgentEvent::Running(info(true))]);
    assert!(rig.logged("4821fc0ff83c vm1 is now heartbeating"));
    for _ in 0..5 {
        rig.take();
        rig.pass(SECOND);
        assert_eq!(rig.sent().len(), 1);
        rig.answer();
        assert_eq!(rig.told(), []);
    }
}

#[test]
fn every_thousandth_beat_is_logged() {
    let mut rig = Rig::beating();
    let mut lines = 0;
    for _ in 0..2000 {
        rig.take();
        rig.pass(SECOND);
        rig.answer();
        lines += usize::from(rig.logged("is heartbeating ...(seq:"));
    }
    assert_eq!(lines, 2);
}

#[test]
fn a_dead_guest_is_lost_after_the_second_interval() {
    let mut rig = Rig::beating();
    rig.pass(SECOND);
    rig.take();
    rig.pass(SECOND - Duration::from_millis(1));
    assert_eq!(rig.take(), []);
    rig.pass(Duration::from_millis(1));
    assert!(rig.logged("4821fc0ff83c vm1 *** Heartbeat Miss *** 1 of 1 (Timeout=1000 msec)"));
    assert_eq!((rig.sent().len(), rig.told()), (1, vec![]));
    rig.take();
    rig.pass(SECOND);
    assert!(rig.logged("4821fc0ff83c vm1 *** Heartbeat Loss *** (Timeout=1000 msec)"));
    assert_eq!(rig.told(), [AgentEvent::Stopped(info(false)), loss()]);
    assert_eq!(rig.sent(), []);
    rig.take();
    rig.pass(30 * SECOND);
    assert_eq!((rig.sent(), rig.told()), (vec![], vec![]));
    assert!(rig.waits_for_init());
    rig.answer();
    assert_eq!(rig.told(), [AgentEvent::Running(info(true))]);
}

#[test]
fn the_threshold_is_the_number_of_misses_that_are_forgiven() {
    for threshold in 0..4_u32 {
        let mut rig = Rig::beating();
        rig.host.set_limits(Limits { failure_threshold: threshold, ..Limits::default() });
        rig.pass(SECOND * (1 + threshold) + SECOND - Duration::from_millis(1));
        assert_eq!(rig.told(), [], "{threshold}");
        rig.pass(Duration::from_millis(1));
        assert_eq!(rig.told().len(), 2, "{threshold}");
    }
}

#[test]
fn a_late_answer_to_an_earlier_challenge_is_late_and_not_lost() {
    let mut rig = Rig::beating();
    rig.pass(SECOND);
    let late = rig.challenge();
    rig.pass(SECOND);
    assert!(rig.logged("*** Heartbeat Miss ***"));
    rig.take();
    rig.pass(SECOND / 2);
    rig.respond(late, Health::Healthy, CorrectiveAction::Reboot);
    rig.pass(SECOND * 3 / 2 - Duration::from_millis(1));
    assert_eq!(rig.told(), []);
    assert!(!rig.logged("*** Heartbeat Loss ***"));
}

#[test]
fn a_wrong_number_is_a_miss() {
    let mut rig = Rig::beating();
    rig.pass(SECOND);
    let wrong = rig.challenge() ^ 1;
    rig.respond(wrong, Health::Healthy, CorrectiveAction::Reboot);
    assert!(rig.logged("challenge secret mismatch"));
    rig.pass(SECOND);
    rig.respond(wrong, Health::Healthy, CorrectiveAction::Reboot);
    rig.pass(SECOND);
    assert_eq!(rig.told(), [AgentEvent::Stopped(info(false)), loss()]);
}

#[test]
fn guests_are_not_blamed_when_this_process_is_late_itself_but_not_for_ever() {
    let mut rig = Rig::beating();
    rig.pass(SECOND);
    rig.take();
    let mut rounds = 0;
    while rig.told().is_empty() {
        // Each turn comes half a second too late.
        rig.now = rig.host.next_deadline() + SECOND / 2;
        rig.input(Input::Time);
        rounds += 1;
        assert!(rounds < 100);
    }
    assert!(rig.logged("not counted (5 of 5)"));
    assert_eq!(rounds, 5 + 2);
    assert_eq!(rig.told(), [AgentEvent::Stopped(info(false)), loss()]);
}

#[test]
fn with_reporting_off_lateness_of_this_process_lets_no_guest_go_either() {
    let mut rig = Rig::connected();
    rig.input(Input::Command(ServerCommand::ModInstance(uuid(), Switch::Disabled)));
    rig.say(GuestMessage::Init(init()));
    rig.answer();
    rig.pass(SECOND);
    rig.take();
    rig.now = rig.host.next_deadline() + SECOND / 2;
    rig.input(Input::Time);
    assert_eq!((rig.sent().len(), rig.told()), (1, vec![]));
    rig.answer();
    rig.pass(SECOND / 2);
    assert_eq!(rig.told(), []);
}

#[test]
fn an_answer_that_waits_to_be_read_counts_although_its_time_is_over() {
    let mut rig = Rig::beating();
    for _ in 0..20 {
        rig.pass(SECOND);
        // The process stands still for a minute; then the answer is read before time passes.
        rig.now += 60 * SECOND;
        rig.answer();
        rig.input(Input::Time);
    }
    assert!(!rig.logged("Miss"), "{:?}", rig.actions);
    assert_eq!(rig.told(), []);
}

#[test]
fn an_ill_guest_is_told_of_with_the_action_it_wants() {
    let mut rig = Rig::beating();
    rig.pass(SECOND);
    let challenge = rig.challenge();
    rig.take();
    rig.respond(challenge, Health::Unhealthy, CorrectiveAction::Stop);
    let ill = InstanceInfo { repair_action: CorrectiveAction::Stop.into(), ..info(true) };
    assert_eq!(rig.told(), [AgentEvent::IllHealth(ill)]);
    assert!(rig.logged("4821fc0ff83c vm1 received unhealthy response message: {"));
    // The next one wants nothing done.
    rig.take();
    rig.pass(SECOND);
    let challenge = rig.challenge();
    rig.respond(challenge, Health::Unhealthy, CorrectiveAction::None);
    assert_eq!(rig.told(), []);
}

#[test]
fn any_other_health_word_is_ill_and_does_not_begin_a_heartbeat() {
    let mut rig = Rig::connected();
    rig.say(GuestMessage::Init(init()));
    let response = rig.challenge();
    rig.take();
    rig.say(GuestMessage::ChallengeResponse(ChallengeResponse {
        response,
        health: Word::new("so-so"),
        corrective_action: CorrectiveAction::Log.into(),
        log: String::new(),
    }));
    let ill = InstanceInfo { repair_action: CorrectiveAction::Log.into(), ..info(false) };
    assert_eq!(rig.told(), [AgentEvent::IllHealth(ill)]);
    assert!(rig.logged("Invalid health reported (so-so)"));
}

#[test]
fn an_exit_is_no_loss() {
    let mut rig = Rig::beating();
    rig.say(GuestMessage::Exit { log: "Exiting...".to_owned() });
    assert_eq!(rig.told(), [AgentEvent::Stopped(info(false))]);
    assert!(rig.logged("received client exit request: {"));
    rig.take();
    rig.pass(10 * SECOND);
    assert_eq!(rig.told(), []);
    assert!(rig.waits_for_init());
}

#[test]
fn answers_after_the_answer_and_before_the_init_mean_nothing() {
    let mut rig = Rig::beating();
    rig.respond(1, Health::Healthy, CorrectiveAction::Reboot);
    assert!(rig.logged("received late 'challenge_response' response"));
    let mut rig = Rig::connected();
    rig.respond(1, Health::Healthy, CorrectiveAction::Reboot);
    assert_eq!(rig.take(), []);
}

#[test]
fn what_is_not_understood_is_refused() {
    let mut rig = Rig::beating();
    let cases = [
        ("{\"version\":2,\"msg_type\":\"init\"}\n", "Bad version: 2, expect version: 3"),
        ("{\"version\":3,\"revision\":1,\"msg_type\":\"x\",\"sequence\":5}\n", "unsupported message type: x"),
        ("{\"version\":3,\"revision\":1,\"sequence\":5}\n", "failed to parse msg_type"),
    ];
    for (text, why) in cases {
        rig.take();
        rig.input(Input::Bytes(uuid(), text.as_bytes()));
        assert_eq!(rig.sent(), [HostMessage::Nack { invocation_id: 77, log: why.to_owned() }]);
    }
    rig.take();
    rig.input(Input::Bytes(uuid(), b"\x01\x02binary of old\n"));
    assert_eq!(rig.sent(), []);
}

#[test]
fn with_reporting_off_a_silent_guest_is_let_go_without_a_loss() {
    let mut rig = Rig::beating();
    rig.input(Input::Command(ServerCommand::ModInstance(uuid(), Switch::Disabled)));
    assert_eq!(rig.told().len(), 1, "it stopped");
    assert!(rig.logged("heartbeat reporting 'disabled' by guestAgent"));
    // It begins anew and beats, is told of, and when it falls silent only its stop is told.
    assert!(rig.waits_for_init());
    rig.answer();
    assert!(matches!(rig.told()[..], [AgentEvent::Running(_)]));
    rig.take();
    rig.pass(10 * SECOND);
    assert!(matches!(rig.told()[..], [AgentEvent::Stopped(_)]));
    assert!(!rig.logged("Loss"));
    // Once more the same is no change.
    rig.take();
    rig.input(Input::Command(ServerCommand::ModInstance(uuid(), Switch::Disabled)));
    assert_eq!(rig.take(), []);
}

#[test]
fn with_reporting_off_for_the_host_a_loss_is_not_told() {
    let mut rig = Rig::beating();
    let host = "h1".to_owned();
    rig.input(Input::Command(ServerCommand::ModHost { host: host.clone(), reporting: Switch::Disabled }));
    rig.pass(10 * SECOND);
    assert_eq!(rig.told(), [AgentEvent::Stopped(info(false))]);
    assert!(rig.logged("host level reporting is disabled"));
    rig.input(Input::Command(ServerCommand::ModHost { host, reporting: Switch::Enabled }));
    assert!(rig.waits_for_init());
    rig.answer();
    rig.take();
    rig.pass(10 * SECOND);
    assert_eq!(rig.told(), [AgentEvent::Stopped(info(false)), loss()]);
}

#[test]
fn a_failed_guest_that_stays_silent_is_not_lost_twice() {
    let mut rig = Rig::beating();
    rig.pass(10 * SECOND);
    rig.take();
    rig.say(GuestMessage::Init(init()));
    rig.pass(10 * SECOND);
    // The init cleared the failure: this is a loss of its own, without a heartbeat to stop.
    assert_eq!(rig.told(), [loss()]);
}

#[test]
fn times_to_answer_follow_the_event() {
    for (event, secs) in [
        ("stop", 10_000),
        ("reboot", 10_000),
        ("pause", 11_000),
        ("suspend", 11_000),
        ("resize_begin", 11_000),
        ("live_migrate_begin", 11_000),
        ("cold_migrate_begin", 11_000),
        ("unpause", 14_000),
        ("resume", 14_000),
        ("resize_end", 14_000),
        ("live_migrate_end", 14_000),
        ("cold_migrate_end", 14_000),
        ("dance", 9),
    ] {
        for (command, notification, timeout) in [
            (ServerCommand::Vote(uuid(), Word::new(event)), Notification::Revocable, 9_000),
            (ServerCommand::Notify(uuid(), Word::new(event)), Notification::Irrevocable, secs),
        ] {
            let mut rig = Rig::beating();
            rig.input(Input::Command(command));
            let Some(HostMessage::ActionNotify(notify)) = rig.sent().pop() else { panic!("{event}") };
            assert_eq!(notify.invocation_id, 77);
            assert_eq!((notify.event.as_str(), notify.notification), (event, notification.into()));
            assert_eq!(notify.timeout, Duration::from_millis(timeout), "{event}");
            let kind = if notification == Notification::Revocable { "vote" } else { "notify" };
            assert!(rig.logged(&format!("4821fc0ff83c vm1 sending {notification} '{event}' {kind}")));
        }
    }
}

fn vote_notify(event: Event, notification: Notification, vote: Vote, reason: &str) -> AgentEvent {
    AgentEvent::VoteNotify(VoteNotify {
        hostname: "compute-0".to_owned(),
        uuid: uuid(),
        notification: notification.into(),
        event: event.into(),
        vote: vote.into(),
        reason: reason.to_owned(),
    })
}

#[test]
fn each_answer_of_the_guest_is_passed_on() {
    use Notification::{Irrevocable, Revocable};
    for notification in [Revocable, Irrevocable] {
        for vote in [Vote::Accept, Vote::Reject, Vote::Complete, Vote::Timeout, Vote::Error, Vote::Unknown] {
            let mut rig = Rig::beating();
            rig.input(Input::Command(ServerCommand::Vote(uuid(), Event::Stop.into())));
            rig.take();
            rig.vote(77, Event::Stop, notification, vote);
            assert_eq!(rig.told(), [vote_notify(Event::Stop, notification, vote, "because")]);
            rig.take();
            rig.pass(9 * SECOND);
            assert!(!rig.logged("response time out"));
        }
    }
}

#[test]
fn an_answer_to_another_registration_is_refused() {
    let mut rig = Rig::beating();
    rig.vote(76, Event::Stop, Notification::Revocable, Vote::Accept);
    let log = "Invocation id mismatch. Received: 76 expect: 77".to_owned();
    assert_eq!((rig.sent(), rig.told()), (vec![HostMessage::Nack { invocation_id: 77, log }], vec![]));
}

#[test]
fn a_question_without_answer_is_answered_for_the_guest() {
    for (command, notification, vote) in [
        (ServerCommand::Vote(uuid(), Event::Stop.into()), Notification::Revocable, Vote::Accept),
        (ServerCommand::Notify(uuid(), Event::Stop.into()), Notification::Irrevocable, Vote::Complete),
    ] {
        let mut rig = Rig::beating();
        rig.input(Input::Command(command));
        rig.take();
        for _ in 0..9 {
            assert_eq!(rig.told(), []);
            rig.pass(SECOND - Duration::from_millis(1));
            rig.pass(Duration::from_millis(1));
            if rig.sent().iter().any(|message| matches!(message, HostMessage::Challenge { .. })) {
                rig.answer();
            }
        }
        assert_eq!(rig.told(), [vote_notify(Event::Stop, notification, vote, "")]);
        assert!(rig.logged("response time out on 'action_notify' message ; proceeding with action"));
    }
}

#[test]
fn a_guest_that_agrees_to_a_pause_has_to_begin_anew() {
    for (vote, begins) in [(Vote::Accept, true), (Vote::Complete, true), (Vote::Reject, false)] {
        let mut rig = Rig::beating();
        rig.vote(77, Event::Pause, Notification::Revocable, vote);
        assert_eq!(rig.waits_for_init(), begins, "{vote}");
    }
}

#[test]
fn a_minute_after_it_agreed_to_leave_a_guest_has_to_begin_anew() {
    use Event::{ColdMigrateBegin, LiveMigrateBegin, Reboot, Stop, Suspend};
    for (event, vote, begins) in [
        (Suspend, Vote::Accept, true),
        (LiveMigrateBegin, Vote::Accept, true),
        (ColdMigrateBegin, Vote::Timeout, true),
        (Reboot, Vote::Complete, true),
        (Stop, Vote::Complete, false),
        (LiveMigrateBegin, Vote::Reject, false),
    ] {
        let mut rig = Rig::beating();
        rig.vote(77, event, Notification::Revocable, vote);
        for second in 0..60 {
            rig.pass(SECOND);
            if second < 59 || !begins {
                rig.answer();
            }
        }
        assert_eq!(rig.waits_for_init(), begins, "{event} {vote}");
    }
}

#[test]
fn a_guest_that_is_ready_to_be_suspended_is_left_and_connected_anew() {
    let mut rig = Rig::beating();
    rig.vote(77, Event::Suspend, Notification::Irrevocable, Vote::Complete);
    assert_eq!(rig.told()[1..], [AgentEvent::Stopped(info(false))]);
    assert!(rig.actions.contains(&Action::Close(uuid())));
    rig.pass(SECOND);
    assert!(rig.actions.contains(&Action::Connect(uuid())));
}

#[test]
fn before_a_resume_the_channel_is_made_anew_unless_the_heart_beats() {
    let resume = || Input::Command(ServerCommand::Notify(uuid(), Event::Resume.into()));
    let mut rig = Rig::connected();
    rig.input(resume());
    assert!(rig.actions.contains(&Action::Close(uuid())));
    let mut rig = Rig::beating();
    rig.input(resume());
    assert!(!rig.actions.contains(&Action::Close(uuid())));
}

#[test]
fn a_channel_without_heartbeat_is_made_anew_every_two_minutes() {
    let mut rig = Rig::connected();
    for _ in 0..3 {
        rig.pass(119 * SECOND);
        rig.take();
        rig.pass(SECOND);
        assert!(rig.logged("issuing auto-reconnect ; no heartbeating"));
        assert!(rig.actions.contains(&Action::Close(uuid())));
        rig.pass(SECOND);
        assert!(rig.actions.contains(&Action::Connect(uuid())));
        rig.input(Input::Connected(uuid()));
    }
    let mut rig = Rig::beating();
    for _ in 0..130 {
        rig.pass(SECOND);
        rig.answer();
    }
    assert!(!rig.actions.contains(&Action::Close(uuid())));
}

#[test]
fn a_broken_channel_stops_the_heartbeat_and_is_made_anew() {
    let mut rig = Rig::beating();
    rig.input(Input::Closed(uuid()));
    assert_eq!(rig.told(), [AgentEvent::Stopped(info(false))]);
    rig.take();
    rig.pass(SECOND);
    assert_eq!(rig.told(), []);
    assert!(rig.actions.contains(&Action::Connect(uuid())));
}

#[test]
fn instances_come_and_go_with_their_channels_and_by_command() {
    let mut rig = Rig::new();
    rig.input(Input::ChannelFound(uuid()));
    assert!(rig.logged(&format!("{UUID} added as instance 0")));
    rig.take();
    rig.input(Input::ChannelFound(uuid()));
    assert_eq!(rig.take(), []);
    rig.input(Input::ChannelGone(uuid()));
    assert!(rig.actions.contains(&Action::Close(uuid())));
    rig.input(Input::Command(ServerCommand::AddInstance(uuid(), Switch::Enabled)));
    assert!(rig.logged("heartbeat reporting 'enabled' by guestAgent"));
    rig.take();
    rig.input(Input::Command(ServerCommand::QueryInstances));
    assert_eq!(rig.told().len(), 1);
    rig.input(Input::Command(ServerCommand::DelInstance(uuid())));
    rig.take();
    rig.input(Input::Command(ServerCommand::QueryInstances));
    assert_eq!(rig.told(), []);
    rig.input(Input::Command(ServerCommand::Vote(uuid(), Event::Stop.into())));
    assert_eq!(rig.take(), [Action::Log(Level::Warn, format!("{UUID} is unknown"))]);
    rig.input(Input::Command(ServerCommand::Loopback));
    assert_eq!(rig.take(), []);
}

#[test]
fn there_is_a_bound_for_instances() {
    let mut rig = Rig::new();
    rig.host.set_limits(Limits { instances: 1, ..Limits::default() });
    rig.input(Input::ChannelFound(uuid()));
    let other = InstanceUuid::parse("2f0bc3e3-efbe-48b8-9688-4821fc0ff83c").unwrap();
    rig.input(Input::ChannelFound(other));
    assert!(rig.logged("not added ; 1 instances are watched already"));
}

#[test]
fn the_agent_is_told_that_this_process_is_ready_once_it_is_known() {
    let ready = Action::Tell(AgentEvent::MonitorReady { hostname: "compute-0".to_owned() });
    let mut rig = Rig::new();
    rig.pass(3 * SECOND);
    assert!(!rig.actions.contains(&ready));
    rig.input(Input::Command(ServerCommand::QueryInstances));
    rig.pass(4 * SECOND - Duration::from_millis(1));
    assert!(!rig.actions.contains(&ready));
    rig.pass(Duration::from_millis(1));
    assert!(rig.actions.contains(&ready));
    rig.take();
    rig.pass(60 * SECOND);
    assert!(!rig.actions.contains(&ready));
}

#[test]
fn channels_are_looked_for_at_the_start_and_every_three_minutes() {
    let mut rig = Rig::new();
    rig.pass(Duration::ZERO);
    assert!(rig.take().contains(&Action::Search));
    rig.pass(179 * SECOND);
    assert!(!rig.take().contains(&Action::Search));
    rig.pass(SECOND);
    assert!(rig.take().contains(&Action::Search));
}

#[test]
fn each_timer_that_is_due_counts_with_its_own_lateness() {
    let mut rig = Rig::new();
    let other = InstanceUuid::parse("aaaaaaaa-0000-4000-8000-000000000000").unwrap();
    rig.input(Input::ChannelFound(other));
    rig.now = SECOND / 4;
    rig.input(Input::ChannelFound(uuid()));
    let late = |time: Duration| rig.host.overdue(time).collect::<Vec<_>>();
    // Both are connected to a second after they were found.
    assert_eq!(late(SECOND - Duration::from_nanos(1)), []);
    assert_eq!(late(SECOND), [Duration::ZERO]);
    assert_eq!(late(2 * SECOND), [SECOND, SECOND * 3 / 4]);
}
