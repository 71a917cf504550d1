//! Replays the corpora of the fuzz targets, and what small changes make of them, with the stable compiler.
//!
//! `tests/corpus/<target>/` holds inputs that fuzzing found worth keeping.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use guest_protocol::check;
use guest_protocol::heartbeat::application::ApplicationMessage;
use guest_protocol::heartbeat::datagram::{AgentEvent, HostCommand, HostRecord, ServerCommand, VoteNotify};
use guest_protocol::heartbeat::instance::InstanceUuid;
use guest_protocol::heartbeat::message::{ActionNotify, GuestMessage, HostMessage};
use guest_protocol::heartbeat::words::{CorrectiveAction, Event, Notification, Switch, Vote, Word};

/// Changed inputs made of each seed.
const CHANGES: u64 = 400;

/// A generator of numbers whose sequence is always the same.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }
}

fn change(seed: &[u8], other: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    const BYTES: &[u8] = b"\0\n\r\"\\{}[]:,-0149eE.+ \x7f\x80\xc3\xff";
    let mut bytes = seed.to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len() + 1);
        match numbers.below(6) {
            0 => bytes.insert(at, BYTES[numbers.below(BYTES.len())]),
            1 if at < bytes.len() => bytes[at] = BYTES[numbers.below(BYTES.len())],
            2 if at < bytes.len() => bytes[at] ^= 1 << numbers.below(8),
            3 => bytes.truncate(at),
            4 => {
                let part = other[numbers.below(other.len())..].to_vec();
                bytes.splice(at..at, part);
            }
            _ if at < bytes.len() => {
                let end = (at + 1 + numbers.below(16)).min(bytes.len());
                bytes.drain(at..end);
            }
            _ => bytes.extend_from_slice(other),
        }
    }
    bytes
}

fn replay(target: &str, seeds: Vec<Vec<u8>>, check: fn(&[u8])) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(target);
    let kept = std::fs::read_dir(&directory).unwrap();
    let kept: Vec<_> = kept.map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect();
    assert!(!kept.is_empty(), "{} is empty", directory.display());
    let seeds: Vec<_> = seeds.into_iter().chain(kept).collect();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for seed in &seeds {
        check(seed);
        for _ in 0..CHANGES {
            let other = &seeds[numbers.below(seeds.len())];
            check(&change(seed, other, &mut numbers));
        }
    }
}

fn uuid() -> InstanceUuid {
    InstanceUuid::parse("1f0bc3e3-efbe-48b8-9688-4821fc0ff83c").unwrap()
}

#[test]
fn framing_and_messages() {
    let init = r#"{"version":3,"revision":1,"msg_type":"init","sequence":1,"invocation_id":846930886,"name":"vm1","heartbeat_interval_ms":1000,"vote_secs":9,"shutdown_notice_secs":9,"suspend_notice_secs":9,"resume_notice_secs":14,"restart_secs":601,"corrective_action":"reboot"}"#;
    let answer = r#"{"version":3,"revision":1,"msg_type":"challenge_response","sequence":2,"heartbeat_response":278722862,"heartbeat_health":"healthy","corrective_action":"reboot","log_msg":"say \"no\""}"#;
    let vote = r#"{"version":3,"revision":1,"msg_type":"action_response","sequence":3,"invocation_id":846930886,"event_type":"stop","notification_type":"revocable","vote_result":"accept","log_msg":"\u00e9\ttab"}"#;
    let action = HostMessage::ActionNotify(ActionNotify {
        invocation_id: -1,
        event: Event::Stop.into(),
        notification: Notification::Revocable.into(),
        timeout: std::time::Duration::from_secs(9),
    });
    let seeds = vec![
        format!("\n{init}\n{answer}\n").into_bytes(),
        format!("{answer}{vote}").into_bytes(),
        GuestMessage::Exit { log: "Exiting...".to_owned() }.encode(4),
        action.encode(5),
        HostMessage::Nack { invocation_id: 7, log: "failed".to_owned() }.encode(6),
        br#"{"data":{"a":[1,{"b":"}"}]},"version":2,"dest_addr":"x"}"#.to_vec(),
    ];
    replay("framing", seeds, check::framing);
}

#[test]
fn application_messages() {
    let messages = [
        ApplicationMessage::InitAck { accepted: true },
        ApplicationMessage::Final { log: "bye".to_owned() },
        ApplicationMessage::ChallengeResponse {
            response: 7,
            healthy: false,
            corrective_action: CorrectiveAction::Stop,
            log: "x".repeat(191),
        },
        ApplicationMessage::ActionResponse {
            invocation_id: 7,
            event: Event::ResizeEnd,
            notification: Notification::Irrevocable,
            vote: Vote::Reject,
            log: String::new(),
        },
    ];
    let mut seeds: Vec<_> = messages.iter().map(|message| message.encode(3).to_vec()).collect();
    seeds.push(seeds.concat());
    replay("application", seeds, check::application);
}

#[test]
fn datagrams() {
    let host = HostRecord {
        hostname: "compute-0".to_owned(),
        uuid: "h1".to_owned(),
        address: "192.168.204.10".to_owned(),
        personality: "worker".to_owned(),
    };
    let vote = AgentEvent::VoteNotify(VoteNotify {
        hostname: "compute-0".to_owned(),
        uuid: uuid(),
        notification: Notification::Revocable.into(),
        event: Word::new("dance"),
        vote: Vote::Accept.into(),
        reason: "\"\\/".to_owned(),
    });
    let seeds = vec![
        ServerCommand::AddInstance(uuid(), Switch::Enabled).encode("::1"),
        ServerCommand::ModHost { host: "h1".to_owned(), reporting: Switch::Enabled }.encode("::1"),
        ServerCommand::Vote(uuid(), Event::Stop.into()).encode("::1"),
        AgentEvent::Loss { hostname: "compute-0".to_owned(), uuid: uuid() }.encode(),
        vote.encode(),
        HostCommand::Add(host).encode(),
    ];
    replay("datagram", seeds, check::datagram);
}

#[test]
fn bodies_of_the_vim() {
    let services = r#"{"uuid":"u","hostname":"c","services":[{"service":"heartbeat","state":"enabled"}]}"#;
    let seeds = vec![
        services.as_bytes().to_vec(),
        format!("{{\"instances\":[{services}]}}").into_bytes(),
        br#"{"uuid":"u","hostname":"c","action":"stop"}"#.to_vec(),
        br#"{"state":"enabled"}"#.to_vec(),
    ];
    replay("vim", seeds, check::vim);
}
