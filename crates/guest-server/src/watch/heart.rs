//! The heart of a guest: init, challenges, answers, misses, loss. Contract: guest 5.

use guest_protocol::framing::{self, FrameError, Object};
use guest_protocol::heartbeat::datagram::AgentEvent;
use guest_protocol::heartbeat::message::{
    ChallengeResponse, GuestMessage, HostMessage, Init, Numbered, VERSION,
};
use guest_protocol::heartbeat::words::{CorrectiveAction, Health, Word};
use std::time::Duration;

use super::action::{Action, Level};
use super::instance::{Connection, Context, Heart, Instance, Wishes};
use super::limits::{BEATS_PER_LINE, CHALLENGES};

impl Instance {
    /// Bytes of the guest.
    pub(super) fn on_bytes(&mut self, context: &mut Context<'_>, bytes: &[u8]) {
        for frame in self.framer.on_bytes(bytes) {
            self.on_frame(context, frame);
        }
    }

    fn on_frame(&mut self, context: &mut Context<'_>, frame: Result<Object, FrameError>) {
        let decoded = match &frame {
            Ok(object) => GuestMessage::decode(object),
            Err(error) => {
                self.log(context, Level::Warn, &error.to_string());
                return;
            }
        };
        let text = |frame: Result<Object, FrameError>| frame.map(framing::text).unwrap_or_default();
        let Numbered { sequence, revision, message } = match decoded {
            Ok(numbered) => numbered,
            Err(refusal) => {
                self.refuse(context, refusal.to_string());
                return;
            }
        };
        self.sequence = sequence;
        match message {
            GuestMessage::Init(init) => {
                self.log(context, Level::Info, &format!("received init message: {}", text(frame)));
                self.on_init(context, init, revision);
            }
            GuestMessage::ChallengeResponse(answer) => self.on_response(context, answer, || text(frame)),
            GuestMessage::ActionResponse(answer) => {
                self.log(context, Level::Info, &format!("received action response message: {}", text(frame)));
                self.on_action_response(context, answer);
            }
            GuestMessage::Exit { .. } => {
                self.log(context, Level::Info, &format!("received client exit request: {}", text(frame)));
                self.wait_for_init(context);
                self.set_heartbeating(context, false);
            }
        }
    }

    fn on_init(&mut self, context: &mut Context<'_>, init: Init, revision: i32) {
        match self.heart {
            Heart::Uninitialised => {}
            Heart::Answered | Heart::Challenged => {
                // The guest has begun anew without a word; its next init is acknowledged.
                self.log(context, Level::Warn, "unexpected 'init' message");
                self.wait_for_init(context);
                return;
            }
        }
        self.invocation_id = init.invocation_id;
        self.log_id = format!("{} {}", self.uuid.last_part(), init.name);
        let version = format!("'init' message ; sending 'init_ack' (ver:{VERSION}.{revision})");
        self.log(context, Level::Info, &version);
        self.log(context, Level::Info, &format!("corrective_action = {}", init.corrective_action));
        self.log(context, Level::Info, &format!("Interval : {:4} msec", init.heartbeat_interval.as_millis()));
        let shortest = context.limits.shortest_interval;
        if init.heartbeat_interval < shortest {
            let text = format!("... auto correcting to {} msecs", shortest.as_millis());
            self.log(context, Level::Warn, &text);
        }
        for (name, time) in [
            ("Vote TO ", init.vote),
            ("Shutdown", init.shutdown_notice),
            ("Suspend ", init.suspend_notice),
            ("Resume  ", init.resume_notice),
            ("Restart ", init.restart),
        ] {
            self.log(context, Level::Info, &format!("{name} : {:4} secs", time.as_secs()));
        }
        self.wishes = Wishes {
            // An interval of nothing would be a busy loop, whatever the configuration says.
            interval: init.heartbeat_interval.max(shortest).max(Duration::from_millis(1)),
            vote: init.vote,
            shutdown: init.shutdown_notice,
            suspend: init.suspend_notice,
            resume: init.resume_notice,
            restart: init.restart,
            corrective_action: init.corrective_action,
        };
        self.timers.init = None;
        self.send(context, &HostMessage::InitAck { invocation_id: init.invocation_id });
        self.misses = 0;
        self.graces = 0;
        self.failed = false;
        self.ills = 0;
        self.send_challenge(context);
    }

    /// Sends a challenge. Answers to the few before it still count: they are late, not lost.
    pub(super) fn send_challenge(&mut self, context: &mut Context<'_>) {
        self.heart = Heart::Challenged;
        let challenge = (context.challenge)();
        if self.challenges.is_empty() {
            self.challenged_at = context.now;
        }
        if self.challenges.len() == CHALLENGES {
            self.challenges.pop_front();
        }
        self.challenges.push_back(challenge);
        self.send(context, &HostMessage::Challenge { challenge });
        self.timers.monitor = Some(context.now + self.wishes.interval);
    }

    fn on_response(
        &mut self,
        context: &mut Context<'_>,
        answer: ChallengeResponse,
        text: impl FnOnce() -> String,
    ) {
        match self.heart {
            Heart::Uninitialised => return,
            Heart::Answered => {
                self.log(context, Level::Warn, "received late 'challenge_response' response");
                return;
            }
            Heart::Challenged => {}
        }
        if !self.challenges.contains(&answer.response) {
            let last = self.challenges.back().copied().unwrap_or_default();
            let text = format!("challenge secret mismatch ({last}:{})", answer.response);
            self.log(context, Level::Warn, &text);
            return;
        }
        self.heart = Heart::Answered;
        self.challenges.clear();
        self.misses = 0;
        self.graces = 0;
        if answer.health.is(Health::Healthy) {
            self.ills = 0;
            self.set_heartbeating(context, true);
            self.failed = false;
            if self.beats.is_multiple_of(BEATS_PER_LINE) {
                let text = format!("is heartbeating ...(seq:{:08x})", self.sequence);
                self.log(context, Level::Info, &text);
            }
            self.beats = self.beats.wrapping_add(1);
        } else {
            self.on_ill(context, &answer, text);
        }
    }

    fn on_ill(
        &mut self,
        context: &mut Context<'_>,
        answer: &ChallengeResponse,
        text: impl FnOnce() -> String,
    ) {
        if self.ills == 0 {
            self.log(context, Level::Info, &format!("received unhealthy response message: {}", text()));
            if !answer.health.is(Health::Unhealthy) {
                self.log(context, Level::Warn, &format!("Invalid health reported ({})", answer.health));
            }
            self.log(context, Level::Warn, &format!("... {}", answer.log));
        }
        self.ills = self.ills.wrapping_add(1);
        match &answer.corrective_action {
            Word::Known(action @ (CorrectiveAction::None | CorrectiveAction::Unknown)) => {
                if self.ills == 1 {
                    let text = format!("corrective action is {action} ; not reporting");
                    self.log(context, Level::Warn, &text);
                }
            }
            action => {
                self.log(context, Level::Info, "ill health notification");
                let mut info = self.info(context.hostname);
                info.repair_action = action.clone();
                context.actions.push(Action::Tell(AgentEvent::IllHealth(info)));
            }
        }
    }

    /// The interval of a challenge is over.
    pub(super) fn on_monitor(&mut self, context: &mut Context<'_>) {
        if self.connection != Connection::Up {
            return;
        }
        match self.heart {
            Heart::Uninitialised => {}
            Heart::Answered => {
                self.misses = 0;
                self.send_challenge(context);
            }
            Heart::Challenged if self.failed || !self.reporting => {
                self.set_heartbeating(context, false);
                self.wait_for_init(context);
            }
            Heart::Challenged => self.on_miss(context),
        }
    }

    fn on_miss(&mut self, context: &mut Context<'_>) {
        let millis = self.wishes.interval.as_millis();
        if (context.late_since)(self.challenged_at) && self.graces < context.limits.graces {
            self.graces += 1;
            let text = format!(
                "no answer yet, but this process was late itself ; not counted ({} of {})",
                self.graces, context.limits.graces
            );
            self.log(context, Level::Warn, &text);
            self.challenged_at = context.now;
            self.send_challenge(context);
            return;
        }
        self.misses += 1;
        let threshold = context.limits.failure_threshold;
        if self.misses <= threshold {
            let text =
                format!("*** Heartbeat Miss *** {} of {threshold} (Timeout={millis} msec)", self.misses);
            self.log(context, Level::Warn, &text);
            self.send_challenge(context);
            return;
        }
        self.log(context, Level::Error, &format!("*** Heartbeat Loss *** (Timeout={millis} msec)"));
        self.failed = true;
        self.set_heartbeating(context, false);
        self.wait_for_init(context);
        if !context.reporting {
            context.log(Level::Warn, "host level reporting is disabled".to_owned());
        } else if !self.reporting {
            self.log(context, Level::Warn, "instance level reporting is disabled");
        } else {
            self.log(context, Level::Warn, "sending failure notification to guestAgent");
            let (hostname, uuid) = (context.hostname.to_owned(), self.uuid.clone());
            context.actions.push(Action::Tell(AgentEvent::Loss { hostname, uuid }));
        }
    }
}
