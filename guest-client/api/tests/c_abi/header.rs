//! guest_heartbeat_msg_defs.h: compiles alone as C and C++, and has the words, keys and types of guest-protocol, each
//! once. Contract: guest 3.2.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use guest_protocol::heartbeat::message::{
    ActionNotify, ActionResponse, ChallengeResponse, GuestMessage, HostMessage, Init, MAX_NAME, REVISION,
    VERSION,
};
use guest_protocol::heartbeat::words::{
    CorrectiveAction, Event, Health, Notification, Vocabulary, Vote, Word,
};
use std::time::Duration;

const HEADER: &str = "guest_heartbeat_msg_defs.h";
const PREFIX: &str = "GUEST_HEARTBEAT_MSG_";

/// Every macro of the header with its value as the compiler `language` takes it, as `NAME` without the prefix.
fn macros(language: &str) -> BTreeMap<String, String> {
    let dir = tempfile::tempdir().unwrap();
    let include = format!("-I{}", super::source("../include").display());
    let gcc = || {
        let mut command = Command::new("gcc");
        command.args(["-x", language, "-Wall", "-Wextra", "-Werror", "-pedantic"]).arg(&include);
        command
    };
    let file = dir.path().join("program");
    std::fs::write(&file, format!("#include <{HEADER}>\n")).unwrap();
    let defined = super::run(gcc().args(["-dM", "-E"]).arg(&file));
    let names: Vec<_> = defined
        .lines()
        .filter_map(|line| line.strip_prefix("#define ")?.split(' ').next()?.strip_prefix(PREFIX))
        .filter(|name| *name != "DEFS_H")
        .collect();
    assert!(names.len() > 60, "{names:?}");
    // twice, as programs do whose own headers include it
    let mut text =
        format!("#include <{HEADER}>\n#include <{HEADER}>\n#include <stdio.h>\nint main(void) {{\n");
    for name in &names {
        let form = if name.contains("_SIZE") || name.ends_with("_CURRENT") { "%d" } else { "%s" };
        text.push_str(&format!("printf(\"{name} {form}\\n\", {PREFIX}{name});\n"));
    }
    text.push_str("return 0; }\n");
    std::fs::write(&file, text).unwrap();
    let program = dir.path().join("compiled");
    super::run(gcc().arg(&file).arg("-o").arg(&program));
    let printed = super::run(&mut Command::new(program));
    printed.lines().map(|line| line.split_once(' ').unwrap()).map(|(a, b)| (a.into(), b.into())).collect()
}

/// Takes the macros `PREFIX_WORD` for each word; their values are the words.
fn take<V: Vocabulary>(macros: &mut BTreeMap<String, String>, prefix: &str) {
    for value in V::ALL {
        let word = value.as_str();
        let name = format!("{prefix}{}", word.to_uppercase());
        assert_eq!(macros.remove(&name).as_deref(), Some(word), "{name}");
    }
}

/// One message of each type, of both sides.
fn messages() -> Vec<Vec<u8>> {
    let second = Duration::from_secs(1);
    let guest = [
        GuestMessage::Init(Init {
            invocation_id: 1,
            name: "vm".into(),
            corrective_action: Word::from(CorrectiveAction::Log),
            heartbeat_interval: second,
            vote: second,
            shutdown_notice: second,
            suspend_notice: second,
            resume_notice: second,
            restart: second,
        }),
        GuestMessage::ChallengeResponse(ChallengeResponse {
            response: 1,
            health: Health::Healthy.into(),
            corrective_action: CorrectiveAction::Log.into(),
            log: String::new(),
        }),
        GuestMessage::ActionResponse(ActionResponse {
            invocation_id: 1,
            event: Event::Stop.into(),
            notification: Notification::Revocable.into(),
            vote: Vote::Accept.into(),
            log: String::new(),
        }),
        GuestMessage::Exit { log: String::new() },
    ];
    let host = [
        HostMessage::InitAck { invocation_id: 1 },
        HostMessage::Challenge { challenge: 1 },
        HostMessage::ActionNotify(ActionNotify {
            invocation_id: 1,
            event: Event::Stop.into(),
            notification: Notification::Revocable.into(),
            timeout: second,
        }),
        HostMessage::Nack { invocation_id: 1, log: String::new() },
    ];
    guest
        .iter()
        .map(|message| message.encode(1))
        .chain(host.iter().map(|message| message.encode(1)))
        .collect()
}

/// The keys of a message, and its type. No value in these messages has a quotation mark, comma or colon in it.
fn keys_and_type(message: &[u8]) -> (Vec<String>, String) {
    let text = String::from_utf8(message.to_owned()).unwrap();
    let fields: Vec<_> = text
        .trim()
        .trim_matches(['{', '}'])
        .split(',')
        .map(|field| field.split_once(':').unwrap())
        .map(|(key, value)| (key.trim_matches('"').to_owned(), value.trim_matches('"').to_owned()))
        .collect();
    let kind = fields.iter().find(|(key, _)| key == "msg_type").unwrap().1.clone();
    (fields.into_iter().map(|(key, _)| key).collect(), kind)
}

#[test]
fn the_header_of_the_messages_says_what_is_sent() {
    let mut macros = macros("c");
    assert_eq!(macros, self::macros("c++"));
    let mut number = |name: &str| macros.remove(name).unwrap().parse::<usize>().unwrap();
    assert_eq!(number("VERSION_CURRENT"), usize::try_from(VERSION).unwrap());
    assert_eq!(number("REVISION_CURRENT"), usize::try_from(REVISION).unwrap());
    assert_eq!(number("MAX_NAME_SIZE"), MAX_NAME + 1);
    // with the NUL: guest 3.2 gives the lengths without
    assert_eq!((number("MAX_VALUE_SIZE"), number("MAX_LOG_SIZE")), (31 + 1, 223 + 1));
    assert_eq!((number("MAX_MSG_SIZE"), number("MIN_MSG_SIZE")), (1056, 32));

    take::<Health>(&mut macros, "");
    take::<CorrectiveAction>(&mut macros, "ACTION_");
    take::<Event>(&mut macros, "EVENT_");
    take::<Notification>(&mut macros, "NOTIFY_");
    take::<Vote>(&mut macros, "VOTE_RESULT_");

    let mut keys = BTreeSet::new();
    for message in messages() {
        let (of_this, kind) = keys_and_type(&message);
        keys.extend(of_this);
        assert_eq!(macros.remove(&kind.to_uppercase()), Some(kind));
    }
    for key in keys {
        assert_eq!(macros.remove(&key.to_uppercase()), Some(key));
    }
    assert!(macros.is_empty(), "nothing says {macros:?}");
}
