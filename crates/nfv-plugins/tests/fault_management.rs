//! Alarms and event logs to a peer that speaks fmManager's protocol; its bytes are checked against the layout in
//! the contract. Contract: southbound 12.5, 12.6, 13.1; vim-behaviour 8.1, 8.4.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy does not know for tests

use nfv_common::alarm::{AlarmData, AlarmType, AlarmUuid};
use nfv_common::config::Settings;
use nfv_common::event_log::{EventId, EventLogData, LogId};
use nfv_plugins::{AlarmHandlers, EventLogHandlers};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// Field of a record to its offset and size, as the contract has them.
fn layout() -> BTreeMap<String, (usize, usize)> {
    let contract = include_str!("../../../docs/contract/southbound.md");
    let table = contract.split_once("#### Alarm record").unwrap().1;
    let rows = table.lines().skip_while(|line| !line.starts_with("| 0 ")).take_while(|l| l.starts_with('|'));
    let number = |cell: &str| cell.trim().parse().unwrap();
    let fields: BTreeMap<String, (usize, usize)> = rows
        .map(|row| row.split('|').skip(1).map(str::trim).collect::<Vec<_>>())
        .filter(|cells| cells[2] != "padding")
        .map(|cells| (cells[2].to_owned(), (number(cells[0]), number(cells[1]))))
        .collect();
    assert_eq!(fields.len(), 14);
    fields
}

/// A record as fmManager would read it: texts and numbers by the names of the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row(BTreeMap<String, String>);

const NUMBERS: [&str; 8] = [
    "alarm_state",
    "timestamp",
    "severity",
    "alarm_type",
    "probable_cause",
    "service_affecting",
    "suppression",
    "inhibit_alarms",
];

impl Row {
    fn read(data: &[u8]) -> Self {
        assert_eq!(data.len(), 1568);
        let mut covered = vec![false; data.len()];
        let row = layout()
            .into_iter()
            .map(|(name, (at, size))| {
                covered[at..at + size].fill(true);
                let field = &data[at..at + size];
                let value = if NUMBERS.contains(&name.as_str()) {
                    field.iter().rev().fold(0u64, |number, byte| number << 8 | u64::from(*byte)).to_string()
                } else {
                    let end = field.iter().position(|byte| *byte == 0).expect("a text ends with a NUL");
                    assert!(field[end..].iter().all(|byte| *byte == 0), "{name}: bytes behind the NUL");
                    String::from_utf8(field[..end].to_vec()).unwrap()
                };
                (name, value)
            })
            .collect();
        let padding = data.iter().zip(&covered).filter(|(_, covered)| !**covered);
        assert_eq!(padding.clone().count(), 1568 - layout().values().map(|field| field.1).sum::<usize>());
        assert!(padding.into_iter().all(|(byte, _)| *byte == 0), "padding is zero");
        Row(row)
    }

    fn write(&self) -> Vec<u8> {
        let mut data = vec![0; 1568];
        for (name, (at, size)) in layout() {
            let value = &self.0[&name];
            if NUMBERS.contains(&name.as_str()) {
                data[at..at + size].copy_from_slice(&value.parse::<u64>().unwrap().to_le_bytes()[..size]);
            } else {
                data[at..at + value.len()].copy_from_slice(value.as_bytes());
            }
        }
        data
    }

    fn get(&self, name: &str) -> &str {
        &self.0[name]
    }

    fn key(&self) -> (String, String) {
        (self.get("alarm_id").to_owned(), self.get("entity_instance_id").to_owned())
    }
}

/// What the peer does with a request instead of answering it well.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Good,
    /// Does it, but closes before the answer.
    CloseBeforeAnswer,
    /// Answers with this result code.
    Refuse(u32),
    Hang,
    /// Answers byte by byte.
    Slow,
    /// Says that an answer of 4 GiB follows.
    Huge,
}

#[derive(Default)]
struct State {
    alarms: BTreeMap<(String, String), Row>,
    logs: Vec<Row>,
    /// Every request: action and its data.
    requests: Vec<(u32, Vec<u8>)>,
    connections: usize,
    mood: Option<(Mood, usize)>,
    uuids: u64,
}

/// fmManager, as far as the protocol goes.
struct Peer {
    port: u16,
    state: Arc<Mutex<State>>,
    task: AbortHandle,
    streams: Arc<Mutex<Vec<AbortHandle>>>,
}

impl Peer {
    async fn at(address: &str, state: Arc<Mutex<State>>) -> Peer {
        let listener = TcpListener::bind(address).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let streams: Arc<Mutex<Vec<AbortHandle>>> = Arc::default();
        let (shared, all) = (Arc::clone(&state), Arc::clone(&streams));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.lock().unwrap().connections += 1;
                let task = tokio::spawn(serve(stream, Arc::clone(&shared)));
                all.lock().unwrap().push(task.abort_handle());
            }
        });
        Peer { port, state, task: task.abort_handle(), streams }
    }

    async fn start() -> Peer {
        Self::at("127.0.0.1:0", Arc::default()).await
    }

    /// Ends it with all its connections; what it stored stays.
    async fn end(self) -> (u16, Arc<Mutex<State>>) {
        self.task.abort();
        self.hang_up();
        while !self.task.is_finished() {
            tokio::task::yield_now().await;
        }
        (self.port, self.state)
    }

    fn hang_up(&self) {
        self.streams.lock().unwrap().drain(..).for_each(|stream| stream.abort());
    }

    /// For the next `times` requests.
    fn mood(&self, mood: Mood, times: usize) {
        self.state.lock().unwrap().mood = Some((mood, times));
    }

    async fn until(&self, what: &str, good: impl Fn(&State) -> bool) {
        let began = Instant::now();
        while !good(&self.state.lock().unwrap()) {
            assert!(began.elapsed() < Duration::from_secs(20), "{what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    loop {
        let Ok(length) = stream.read_u32().await else { return };
        let mut frame = vec![0; length as usize];
        if stream.read_exact(&mut frame).await.is_err() {
            return;
        }
        let field = |at: usize| u32::from_le_bytes(frame[at..at + 4].try_into().unwrap());
        let (version, action, size, code) = (field(0), field(4), field(8), field(12));
        assert_eq!((version, code, size as usize), (1, 0, frame.len() - 16));
        let (mood, code, data) = carry_out(&mut state.lock().unwrap(), action, &frame[16..]);
        let mut answer = (16 + data.len() as u32).to_be_bytes().to_vec();
        for field in [1, action, data.len() as u32, code] {
            answer.extend(field.to_le_bytes());
        }
        answer.extend(data);
        match mood {
            Mood::Good | Mood::Refuse(_) => stream.write_all(&answer).await.unwrap(),
            Mood::CloseBeforeAnswer => return,
            Mood::Hang => std::future::pending().await,
            Mood::Slow => {
                for byte in answer {
                    stream.write_all(&[byte]).await.unwrap();
                    tokio::task::yield_now().await;
                }
            }
            Mood::Huge => {
                stream.write_all(&[0xff; 64]).await.unwrap();
                let _ = stream.read(&mut [0; 1]).await;
                return;
            }
        }
    }
}

fn carry_out(state: &mut State, action: u32, data: &[u8]) -> (Mood, u32, Vec<u8>) {
    state.requests.push((action, data.to_vec()));
    let mood = match &mut state.mood {
        Some((mood, times)) if *times > 0 => {
            *times -= 1;
            *mood
        }
        _ => Mood::Good,
    };
    let text = |at: usize| {
        let field = &data[at..at + 255];
        String::from_utf8(field.split(|byte| *byte == 0).next().unwrap().to_vec()).unwrap()
    };
    if let Mood::Refuse(code) = mood {
        return (mood, code, vec![0; if action == 0 { 255 } else { 0 }]);
    }
    match action {
        0 => {
            let mut row = Row::read(data);
            assert_eq!(row.get("uuid"), "", "fmManager makes the uuid");
            state.uuids += 1;
            let uuid = format!("{:036}", state.uuids);
            row.0.insert("uuid".into(), uuid.clone());
            match row.get("alarm_state") {
                "1" => drop(state.alarms.insert(row.key(), row)),
                "2" => state.logs.push(row),
                other => panic!("alarm state {other}"),
            }
            let mut answer = uuid.into_bytes();
            answer.resize(255, 0);
            (mood, 0, answer)
        }
        2 => {
            assert_eq!(data.len(), 510);
            let gone = state.alarms.remove(&(text(0), text(255)));
            (mood, if gone.is_some() { 0 } else { 10 }, vec![])
        }
        7 => {
            assert_eq!(data.len(), 255);
            let id = text(0);
            let found: Vec<Vec<u8>> =
                state.alarms.values().filter(|row| row.get("alarm_id") == id).map(Row::write).collect();
            if found.is_empty() {
                return (mood, 10, vec![]);
            }
            (mood, 0, [(found.len() as u32).to_le_bytes().to_vec(), found.concat()].concat())
        }
        other => panic!("action {other}"),
    }
}

/// The VIM's configuration with these handlers, fmManager at this place.
fn vim(dir: &std::path::Path, host: &str, port: u16, audit_interval: u32) -> Settings {
    let ini = dir.join("handlers.ini");
    let at = format!("host={host}\nport={port}\n");
    std::fs::write(&ini, format!("[Fault-Management]\n{at}[Event-Log-Management]\n{at}")).unwrap();
    let ini = ini.display();
    let text = format!(
        "[alarm]\nnamespace=nfv_vim.alarm.handlers.v1\nhandlers=Fault-Management\n\
         audit_interval={audit_interval}\nconfig_file={ini}\n\
         [event-log]\nnamespace=nfv_vim.event_log.handlers.v1\nhandlers=Event-Log-Management\nconfig_file={ini}\n"
    );
    Settings::parse("vim.ini", text.as_bytes()).unwrap()
}

struct Handlers {
    alarms: AlarmHandlers,
    logs: EventLogHandlers,
    _dir: tempfile::TempDir,
}

impl Handlers {
    fn start(host: &str, port: u16, audit_interval: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let vim = vim(dir.path(), host, port, audit_interval);
        let (alarms, logs) = (AlarmHandlers::start(&vim).unwrap(), EventLogHandlers::start(&vim).unwrap());
        Handlers { alarms, logs, _dir: dir }
    }

    async fn stop(self) {
        self.alarms.stop().await;
        self.logs.stop().await;
    }
}

fn alarm(uuid: &str, kind: AlarmType, entity: &str) -> AlarmData {
    let now = "2019-01-23T15:04:05.678901Z".parse().unwrap();
    AlarmData::new(uuid, kind, "tenant.instance", entity, "It is so", "Wait", now)
}

fn log(number: u64) -> EventLogData {
    let now = "2019-01-23T15:04:05Z".parse().unwrap();
    let text = format!("log {number}");
    EventLogData::new(LogId(number), EventId::InstanceStopped, "tenant.instance", "instance=1", text, now)
}

fn texts(state: &State) -> Vec<String> {
    state.logs.iter().map(|row| row.get("reason_text").to_owned()).collect()
}

#[tokio::test]
async fn each_request_has_the_contracts_layout() {
    let peer = Peer::start().await;
    let handlers = Handlers::start("127.0.0.1", peer.port, 3600);
    let began = "2019-01-23T15:03:00Z".parse().unwrap();
    handlers.alarms.raise(&alarm("u1", AlarmType::InstancePaused, "instance=1").raised_at(began));
    handlers.alarms.raise(&alarm("u2", AlarmType::InstanceGuestHeartbeat, "instance=2"));
    handlers.logs.log(&log(1));
    peer.until("two alarms and a log", |s| s.alarms.len() == 2 && s.logs.len() == 1).await;
    let wanted = |pairs: &[(&str, &str)]| {
        Row(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    };
    let common = [("entity_type_id", "tenant.instance"), ("inhibit_alarms", "0"), ("suppression", "1")];
    let paused = [
        ("alarm_id", "700.002"),
        ("alarm_state", "1"),
        ("entity_instance_id", "instance=1"),
        ("timestamp", "1548255780000000"),
        ("severity", "4"),
        ("reason_text", "It is so"),
        ("alarm_type", "3"),
        ("probable_cause", "64"),
        ("proposed_repair_action", "Wait"),
        ("service_affecting", "1"),
    ];
    let heartbeat = [
        ("alarm_id", "700.015"),
        ("alarm_state", "1"),
        ("entity_instance_id", "instance=2"),
        ("timestamp", "1548255845678901"),
        ("severity", "3"),
        ("reason_text", "It is so"),
        ("alarm_type", "1"),
        ("probable_cause", "64"),
        ("proposed_repair_action", "Wait"),
        ("service_affecting", "1"),
    ];
    let stopped = [
        ("alarm_id", "700.150"),
        ("alarm_state", "2"),
        ("entity_instance_id", "instance=1"),
        ("timestamp", "1548255845000000"),
        ("severity", "4"),
        ("reason_text", "log 1"),
        ("alarm_type", "4"),
        ("probable_cause", "65"),
        ("proposed_repair_action", ""),
        ("service_affecting", "0"),
    ];
    {
        let state = peer.state.lock().unwrap();
        let rows = state.alarms.values().chain(&state.logs);
        for (row, specific) in rows.zip([paused, heartbeat, stopped]) {
            let mut row = row.clone();
            assert_eq!(row.0.remove("uuid").unwrap().len(), 36);
            assert_eq!(row, wanted(&[&specific[..], &common].concat()));
        }
        assert_eq!(state.connections, 2, "alarms and logs each have a connection, and keep it");
    }
    handlers.alarms.clear(&AlarmUuid::from("u1"));
    handlers.alarms.clear(&AlarmUuid::from("stranger"));
    peer.until("one alarm", |state| state.alarms.len() == 1).await;
    let (action, data) = peer.state.lock().unwrap().requests.last().unwrap().clone();
    let mut filter = vec![0; 510];
    filter[..7].copy_from_slice(b"700.002");
    filter[255..265].copy_from_slice(b"instance=1");
    assert_eq!((action, data), (2, filter));
    handlers.stop().await;
}

#[tokio::test]
async fn what_was_told_while_fault_management_was_away_arrives_in_order() {
    let peer = Peer::start().await;
    let (port, state) = peer.end().await;
    let handlers = Handlers::start("127.0.0.1", port, 3600);
    for number in 0..50 {
        handlers.logs.log(&log(number));
    }
    handlers.alarms.raise(&alarm("u1", AlarmType::InstanceFailed, "instance=1"));
    handlers.alarms.clear(&AlarmUuid::from("u1"));
    handlers.alarms.raise(&alarm("u2", AlarmType::InstanceRebooting, "instance=1"));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let peer = Peer::at(&format!("127.0.0.1:{port}"), state).await;
    peer.until("50 logs", |state| state.logs.len() == 50 && state.alarms.len() == 1).await;
    {
        let state = peer.state.lock().unwrap();
        assert_eq!(texts(&state), (0..50).map(|number| format!("log {number}")).collect::<Vec<_>>());
        assert_eq!(state.alarms.keys().next().unwrap().0, "700.005");
        // the one that came and went is in its history
        assert_eq!(state.requests.iter().filter(|(_, data)| data.starts_with(b"700.001")).count(), 1);
        assert_eq!(state.requests.len(), 53, "nothing is sent twice");
    }
    handlers.stop().await;
}

#[tokio::test]
async fn a_restart_of_fault_management_loses_nothing() {
    let mut peer = Peer::start().await;
    let handlers = Handlers::start("127.0.0.1", peer.port, 3600);
    handlers.logs.log(&log(0));
    peer.until("first", |state| state.logs.len() == 1).await;
    for number in 1..4 {
        let (port, state) = peer.end().await;
        peer = Peer::at(&format!("127.0.0.1:{port}"), state).await;
        // the closed connection is noticed before the request is written into it
        handlers.logs.log(&log(number));
        let wanted = number as usize + 1;
        peer.until("the log after a restart", |state| state.logs.len() == wanted).await;
    }
    // one that dies between the deed and its answer gets the request again
    peer.mood(Mood::CloseBeforeAnswer, 1);
    handlers.alarms.raise(&alarm("u1", AlarmType::InstanceFailed, "instance=1"));
    peer.until("sent again", |s| {
        s.requests.iter().filter(|(_, d)| d[255..].starts_with(b"700.001")).count() == 2
    })
    .await;
    assert_eq!(peer.state.lock().unwrap().alarms.len(), 1);
    handlers.stop().await;
}

#[tokio::test]
async fn each_fault_of_the_peer_is_outlived() {
    for mood in [Mood::Slow, Mood::Refuse(11), Mood::Huge, Mood::CloseBeforeAnswer] {
        let peer = Peer::start().await;
        let handlers = Handlers::start("127.0.0.1", peer.port, 3600);
        peer.mood(mood, 2);
        handlers.logs.log(&log(1));
        handlers.logs.log(&log(2));
        peer.until("both logs", |state| texts(state).last().is_some_and(|text| text == "log 2")).await;
        handlers.stop().await;
    }
}

#[tokio::test]
async fn a_hung_fault_management_holds_up_neither_the_vim_nor_its_end() {
    let peer = Peer::start().await;
    let handlers = Handlers::start("127.0.0.1", peer.port, 3600);
    peer.mood(Mood::Hang, usize::MAX);
    let began = Instant::now();
    for number in 0..20_000 {
        handlers.logs.log(&log(number));
        if number % 1000 == 0 {
            tokio::task::yield_now().await;
        }
    }
    handlers.alarms.raise(&alarm("u1", AlarmType::InstanceFailed, "instance=1"));
    handlers.stop().await;
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
}

#[tokio::test]
async fn the_audit_brings_fault_management_in_line() {
    let peer = Peer::start().await;
    let handlers = Handlers::start("127.0.0.1", peer.port, 1);
    handlers.alarms.raise(&alarm("u1", AlarmType::InstanceFailed, "instance=1"));
    handlers.alarms.raise(&alarm("u2", AlarmType::InstancePaused, "instance=2"));
    peer.until("two alarms", |state| state.alarms.len() == 2).await;
    {
        let mut state = peer.state.lock().unwrap();
        let (_, mut foreign) = state.alarms.pop_first().unwrap();
        foreign.0.insert("alarm_id".into(), "700.016".into());
        state.alarms.insert(foreign.key(), foreign.clone());
        // not an id of the VIM's: left alone
        foreign.0.insert("alarm_id".into(), "100.101".into());
        state.alarms.insert(foreign.key(), foreign);
    }
    let ids = |state: &State| state.alarms.keys().map(|key| key.0.clone()).collect::<Vec<_>>();
    peer.until("audited", |state| ids(state) == ["100.101", "700.001", "700.002"]).await;
    let asked: Vec<Vec<u8>> =
        peer.state.lock().unwrap().requests.iter().filter(|r| r.0 == 7).map(|r| r.1.clone()).collect();
    assert_eq!(asked.iter().collect::<std::collections::BTreeSet<_>>().len(), 24);
    handlers.stop().await;
}

#[tokio::test]
async fn fault_management_is_reached_over_ipv6_and_by_name() {
    for (bind, host) in [("[::1]:0", "::1"), ("[::1]:0", "[::1]"), ("127.0.0.1:0", "localhost")] {
        let peer = Peer::at(bind, Arc::default()).await;
        let handlers = Handlers::start(host, peer.port, 3600);
        handlers.logs.log(&log(1));
        peer.until(host, |state| state.logs.len() == 1).await;
        handlers.stop().await;
    }
}

#[tokio::test]
async fn names_and_namespaces_choose_the_handlers() {
    let peer = Peer::start().await;
    let dir = tempfile::tempdir().unwrap();
    let good = vim(dir.path(), "127.0.0.1", peer.port, 3600);
    let file = std::fs::read(dir.path().join("handlers.ini")).unwrap();
    for (namespace, handlers) in [
        ("nfv_vim.alarm.handlers.v1", "Event-Log-Management"),
        ("nfv_vim.alarm.handlers.v1", "fault-management, tis_alarm"),
        ("nfv_vim.alarm.handlers.v1", ""),
        ("nfv_vim.alarm.handlers.v2", "Fault-Management"),
    ] {
        let ini = dir.path().join("handlers.ini");
        let text =
            format!("[alarm]\nnamespace={namespace}\nhandlers={handlers}\nconfig_file={}\n", ini.display());
        let alarms = AlarmHandlers::start(&Settings::parse("vim.ini", text.as_bytes()).unwrap()).unwrap();
        alarms.raise(&alarm("u1", AlarmType::InstanceFailed, "instance=1"));
        alarms.stop().await;
    }
    assert_eq!(peer.state.lock().unwrap().connections, 0);
    let alarms = AlarmHandlers::start(&good).unwrap();
    alarms.raise(&alarm("u1", AlarmType::InstanceFailed, "instance=1"));
    alarms.stop().await;
    assert_eq!(peer.state.lock().unwrap().alarms.len(), 1, "what was handed over is sent at the end");
    std::fs::write(dir.path().join("handlers.ini"), [&file[..], b"port=far\n"].concat()).unwrap();
    assert!(EventLogHandlers::start(&good).is_err());
}
