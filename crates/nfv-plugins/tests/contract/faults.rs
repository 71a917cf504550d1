//! Each call against each fault of its service: the right kind of error with its reason, in time, nothing repeated,
//! the next call is good again, and no secret in any log.

use crate::cloud::{self, Cloud, Doing, PASSWORD, TOKEN};
use crate::entry::{End, Entry, KUBERNETES_TOKEN, Stage, good};
use crate::requests::entries;
use futures_util::future::join_all;
use nfv_nfvi::call::{ComputeCall, NovaAction, Page};
use nfv_nfvi::object::RequestContext;
use nfv_nfvi::{Answer, Call, CallResult, ErrorKind};
use nfv_plugins::Turn;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What a service does instead of answering well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An error status, with a reason.
    Status(u16),
    /// The connection is reset.
    Reset,
    /// The connection is closed without a byte.
    Close,
    /// The connection is closed inside the body.
    Cut,
    /// No answer.
    Hang,
    /// A body that comes byte by byte.
    Slow,
    /// A body that is no JSON.
    BrokenJson,
    /// The body's fields have other types.
    WrongTypes,
    /// An empty object.
    NoFields,
    /// No body.
    NoBody,
}

use Fault::*;

const ALL: [Fault; 16] = [
    Status(400),
    Status(401),
    Status(403),
    Status(404),
    Status(409),
    Status(500),
    Status(503),
    Reset,
    Close,
    Cut,
    Hang,
    Slow,
    BrokenJson,
    WrongTypes,
    NoFields,
    NoBody,
];

/// Seconds that a request may take here.
const LIMIT: u32 = 2;
/// Rows under way at once.
const AT_ONCE: usize = 20;

impl Fault {
    /// An error answer repeats what it was sent, the secret too.
    fn doing(self, entry: &Entry, good_body: &Value) -> Doing {
        let echo = if entry.row.starts_with("kubernetes") { KUBERNETES_TOKEN } else { TOKEN };
        match self {
            Status(code) => Doing::json(code, json!({"badRequest": {"message": "It Broke."}, "echo": echo})),
            Reset => Doing::Reset,
            Close => Doing::Close,
            Cut => Doing::Cut(good_body.to_string()),
            Hang => Doing::Hang,
            Slow => Doing::Slow,
            BrokenJson => Doing::json(200, format!("{{\"{echo}")),
            WrongTypes => {
                let fields = good_body.as_object().into_iter().flatten();
                let wrong = fields.map(|(key, value)| (key.clone(), wrong_type(value)));
                Doing::json(200, Value::Object(wrong.collect()))
            }
            NoFields => Doing::json(200, "{}"),
            NoBody => Doing::Answer(200, vec![], String::new()),
        }
    }

    /// How a call ends by the general rules: southbound 2.2 to 2.5, 4.3.
    fn end(self, status_only: bool) -> End {
        End::Fails(match self {
            Status(401) => ErrorKind::TokenExpired,
            Status(404) => ErrorKind::NotFound,
            Status(_) => ErrorKind::Refused,
            Reset | Close | Cut => ErrorKind::Unreachable,
            Hang | Slow => ErrorKind::TimedOut,
            BrokenJson | WrongTypes | NoFields | NoBody if status_only => return End::Good,
            BrokenJson | WrongTypes | NoFields | NoBody => ErrorKind::BadAnswer,
        })
    }
}

fn wrong_type(value: &Value) -> Value {
    match value {
        Value::Object(_) => json!([[]]),
        Value::Array(_) => json!({"a": [7]}),
        _ => json!({"a": []}),
    }
}

fn wanted(entry: &Entry, fault: Fault) -> End {
    let unlike = entry.unlike.iter().find(|(one, _)| *one == fault).map(|(_, end)| *end);
    unlike.unwrap_or_else(|| fault.end(entry.status_only))
}

/// Runs all faults against one call; gives back what is not as it should be, and all texts of errors.
async fn endure((entry, mut stage): (&Entry, Stage)) -> (Vec<String>, String) {
    let mut complaints = Vec::new();
    let mut texts = String::new();
    let good_body = entry.answers.iter().find(|answer| answer.0 == entry.target).unwrap().1.clone();
    let mut complain =
        |fault: Fault, what: String| complaints.push(format!("{} {fault:?}: {what}", entry.row));
    for fault in ALL {
        if entry.asked_once {
            stage.plugins.stop().await;
            stage = Stage::set(entry, LIMIT).await;
        }
        stage.cloud.take();
        stage.cloud.on(entry.target, fault.doing(entry, &good_body));
        let began = Instant::now();
        let result = stage.perform(entry).await;
        let took = began.elapsed();
        texts.push_str(&format!("{result:?}\n"));
        match (wanted(entry, fault), &result) {
            (End::Good, Ok(_)) => {}
            (End::Fails(kind), Err(error)) if error.kind == kind => {
                if error.detail.is_empty() {
                    complain(fault, "an error without a text".into());
                }
                // the reason of the service, unless the method has a text of its own
                if matches!(fault, Status(_))
                    && error.reason != "it broke"
                    && !error.reason.starts_with("failed to ")
                {
                    complain(fault, format!("reason {:?}", error.reason));
                }
            }
            (wanted, _) => complain(fault, format!("wanted {wanted:?}, got {result:?}")),
        }
        let requests = stage.cloud.take();
        let own = requests.iter().filter(|seen| seen.line == entry.target).count();
        if own != 1 {
            complain(fault, format!("asked {own} times"));
        }
        let limit = Duration::from_secs(u64::from(LIMIT)) * requests.len() as u32 + Duration::from_secs(3);
        if took > limit {
            complain(fault, format!("took {took:?}"));
        }
        stage.cloud.on(entry.target, good(&good_body));
        if let Err(error) = stage.perform(entry).await {
            complain(fault, format!("not good again: {error:?}"));
        }
    }
    stage.plugins.stop().await;
    (complaints, texts)
}

/// Keeps every event and span as text.
#[derive(Clone, Default)]
struct Everything(Arc<Mutex<String>>);

impl tracing::field::Visit for Everything {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        self.0.lock().unwrap().push_str(&format!("{field}={value:?} "));
    }
}

impl tracing::Subscriber for Everything {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        span.record(&mut self.clone());
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        values.record(&mut self.clone());
    }
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
        self.0.lock().unwrap().push('\n');
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test]
async fn each_call_endures_each_fault_and_tells_no_secret() {
    let log = Everything::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let (entries, _file) = entries();
    let (alone, others): (Vec<&Entry>, Vec<&Entry>) = entries.iter().partition(|entry| entry.asked_once);
    let mut results = Vec::new();
    for together in others.chunks(AT_ONCE).chain(alone.chunks(1)) {
        // set up one after another: making a client takes long, and the limits are short
        let mut stages = Vec::new();
        for entry in together {
            stages.push((*entry, Stage::set(entry, LIMIT).await));
        }
        results.extend(join_all(stages.into_iter().map(endure)).await);
    }
    let (complaints, texts): (Vec<_>, Vec<_>) = results.into_iter().unzip();
    let complaints = complaints.concat();
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
    let all = texts.concat() + &log.0.lock().unwrap();
    assert!(all.contains("(secret)"), "the answers repeated what they were sent");
    for secret in [TOKEN, PASSWORD, KUBERNETES_TOKEN, "pass-of-the-server"] {
        let place = all.find(secret).map(|at| &all[at.saturating_sub(300)..(at + 100).min(all.len())]);
        assert_eq!(place, None, "{secret}");
    }
    println!("{} calls, {} faults each, {} bytes of log", entries.len(), ALL.len(), all.len());
}

#[tokio::test]
async fn a_users_token_is_told_no_more_than_the_vims() {
    const USER: &str = "t0ken-of-a-user";
    let log = Everything::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let cloud = Cloud::start().await;
    let (plugins, _inbound) = cloud.plugins().await;
    let mut texts = String::new();
    for doing in [
        Doing::json(400, json!({"badRequest": {"message": "no"}, "echo": USER})),
        Doing::json(401, json!({"echo": USER})),
        Doing::Answer(500, vec![], USER.into()),
        Doing::Hang,
        Doing::json(202, json!({"adminPass": "pass-of-the-server"})),
    ] {
        cloud.on("POST /nova/v2.1/theirs/servers/i1/action", doing);
        let context = RequestContext {
            token_id: Some(USER.into()),
            tenant_id: Some("theirs".into()),
            request_uuid: None,
            version: None,
            content: Some(r#"{"rebuild": {"imageRef": "i", "adminPass": "pass-of-the-server"}}"#.into()),
        };
        let action = NovaAction::Rebuild { name: "vm".into(), image: "i".into() };
        let call = ComputeCall::InstanceAction { uuid: "i1".into(), action, context: Some(context) };
        texts.push_str(&format!("{call:?}"));
        texts.push_str(&format!("{:?}", plugins.perform(Call::Compute(call), Turn::free()).await));
    }
    assert!(cloud.seen().iter().any(|seen| seen.header("X-Auth-Token") == Some(USER)));
    let all = texts + &log.0.lock().unwrap();
    assert!(all.contains("(secret)"), "{all}");
    for secret in [USER, TOKEN, PASSWORD, "pass-of-the-server"] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
}

/// Resident memory of this process, in MB.
fn memory() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096 / 1_000_000
}

#[tokio::test]
async fn a_body_without_end_is_cut_for_each_service() {
    let (entries, _file) = entries();
    let mut modules = std::collections::BTreeSet::new();
    let before = memory();
    for entry in &entries {
        if !modules.insert(entry.row.split('.').next().unwrap()) {
            continue;
        }
        let stage = Stage::set(entry, 60).await;
        stage.cloud.on(entry.target, Doing::Endless);
        let error = stage.perform(entry).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadAnswer, "{}: {error}", entry.row);
        assert!(error.detail.contains("longer than"), "{error}");
        stage.plugins.stop().await;
    }
    assert_eq!(modules.len(), 11, "{modules:?}");
    let after = memory();
    assert!(after < before + 250, "{before} MB before, {after} MB after");
}

#[tokio::test]
async fn long_lists_are_read_page_by_page_in_bounded_memory() {
    const PAGES: usize = 100;
    let cloud = Cloud::start().await;
    let page = |number: usize| {
        let servers: Vec<Value> =
            (0..1000).map(|at| json!({"id": format!("{number}-{at}"), "name": "x".repeat(60)})).collect();
        let next = format!("http://{}/page/{}", cloud.address, number + 1);
        let links = if number + 1 < PAGES { json!([{"rel": "next", "href": next}]) } else { json!([]) };
        Doing::json(200, json!({"servers": servers, "servers_links": links}))
    };
    cloud.on("GET /nova/v2.1/p1/servers?limit=1000&all_tenants=1", page(0));
    let (plugins, _inbound) = cloud::start(&cloud.config("nova=60\n")).await;
    let before = memory();
    let mut next = None;
    let mut known = 0;
    for number in 0..PAGES {
        if number > 0 {
            cloud.on(&format!("GET /page/{number}"), page(number));
        }
        let call = ComputeCall::GetInstances { page: Page { limit: 1000, next: next.take() } };
        let result: CallResult = plugins.perform(Call::Compute(call), Turn::free()).await;
        let Ok(Answer::InstanceIds(answer)) = result else { panic!("{result:?}") };
        known += answer.entries.len();
        next = answer.next;
        cloud.take();
    }
    assert_eq!((known, next), (PAGES * 1000, None));
    let after = memory();
    assert!(after < before + 150, "{before} MB before, {after} MB after");
}

#[tokio::test]
async fn a_service_that_refuses_connections_is_told_as_such() {
    let (entries, _file) = entries();
    let mut services = std::collections::BTreeSet::new();
    for entry in &entries {
        let module = entry.row.split('.').next().unwrap();
        if module == "kubernetes_client" || !services.insert(module) {
            continue;
        }
        let cloud = Cloud::start().await;
        let mut config = cloud.config(cloud::ONE_SECOND);
        for service in config.services.values_mut() {
            service.endpoint_override = Some("http://127.0.0.1:1".into());
        }
        let (plugins, _inbound) = cloud::start(&config).await;
        let error = plugins.perform(entry.call.clone(), Turn::free()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unreachable, "{}", entry.row);
        assert!(error.detail.contains("refused"), "{error}");
        plugins.stop().await;
    }
    assert_eq!(services.len(), 10);
}
