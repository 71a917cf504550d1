//! What guest_scale_helper on the host and guest_scale_agent in the VM say to each other.
//!
//! Contract: guest 3.6.

use serde_json::value::RawValue;

use super::VERSION;
use super::envelope::Fields;
use super::json_text;

/// What of the helper's patience is left for the way to the VM and back.
pub const TIMEOUT_OVERHEAD_MS: i32 = 500;

/// Which way to scale, with what that needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// A vCPU is to go; the VM chooses which.
    Down,
    /// A vCPU came.
    Up {
        /// Its number.
        cpu: i32,
        /// The vCPUs that are on line, as a JSON array.
        online: String,
    },
}

/// A request of the helper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// How long the application in the VM may take, milliseconds.
    pub timeout_ms: i32,
    /// What is to be done.
    pub order: Order,
}

impl Request {
    /// The value of `data`.
    pub fn compose(&self) -> String {
        let (direction, more) = match &self.order {
            Order::Down => ("down", String::new()),
            Order::Up { cpu, online } => ("up", format!(",\"online_cpu\":{cpu},\"online_cpus\":{online}")),
        };
        format!(
            "{{\"version\":{VERSION},\"msg_type\":\"scale_request\",\"timeout_ms\":{},\"resource\":\"cpu\",\
             \"direction\":\"{direction}\"{more}}}",
            self.timeout_ms
        )
    }
}

/// What the agent is to do with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// It gets no answer; the text goes to the log.
    Unanswered(String),
    /// It gets an answer.
    Answered(Subject, Wanted),
}

/// What an answer repeats of its request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// JSON.
    pub resource: String,
    /// JSON.
    pub direction: String,
}

/// What an answer is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Something to do.
    Order(Order),
    /// A resource or direction that is not known: nothing is done, nothing is said of it.
    Unknown,
    /// A request that lacks something; why.
    Refused(String),
}

impl Incoming {
    /// Reads the value of `data` of a message to the agent.
    pub fn parse(data: &str) -> Self {
        match Self::read(data) {
            Ok(incoming) => incoming,
            Err(text) => Self::Unanswered(text),
        }
    }

    fn read(data: &str) -> Result<Self, String> {
        let fields = Fields::first_in(data).map_err(|_| "failed to parse version")?;
        let version = fields.raw("version").ok_or("failed to parse version")?;
        let version = json_text::integer_of(version).unwrap_or(0);
        if i64::from(version) != VERSION {
            return Err(format!("invalid version {version}, expecting {VERSION}"));
        }
        match fields.string("msg_type").map_err(|_| "failed to parse msg_type")?.as_str() {
            "scale_request" => {}
            "nack" => {
                let text = fields.string("log_msg").map_err(|_| "Nack: failed to parse log_msg")?;
                return Err(format!("Nack received, error message from host: {text}"));
            }
            other => return Err(format!("unknown message type: {other}")),
        }
        let resource = fields.string("resource").map_err(|_| "failed to parse resource")?;
        let direction = fields.string("direction").map_err(|_| "failed to parse direction'")?;
        let raw = |key| {
            fields.raw(key).map(|raw| json_text::render(raw, json_text::Style::Plain)).unwrap_or_default()
        };
        let subject = Subject { resource: raw("resource"), direction: raw("direction") };
        let wanted = match (resource.as_str(), direction.as_str()) {
            ("cpu", "down") => read_down(&fields),
            ("cpu", "up") => read_up(&fields),
            _ => return Ok(Self::Answered(subject, Wanted::Unknown)),
        };
        Ok(Self::Answered(subject, wanted.map_or_else(Wanted::Refused, Wanted::Order)))
    }
}

fn read_down(fields: &Fields<'_>) -> Result<Order, String> {
    let timeout = fields.raw("timeout_ms").ok_or("failed to parse timeout_ms")?;
    json_text::integer_of(timeout).ok_or("Error converting timeout_ms: Invalid argument")?;
    Ok(Order::Down)
}

fn read_up(fields: &Fields<'_>) -> Result<Order, String> {
    fields.raw("timeout_ms").ok_or("failed to parse timeout_ms")?;
    let cpu = fields.raw("online_cpu").ok_or("failed to parse online_cpu")?;
    let online = fields.raw("online_cpus").filter(|raw| raw.get().starts_with('['));
    let online = online.ok_or("failed to parse online_cpus")?;
    Ok(Order::Up {
        cpu: json_text::integer_of(cpu).unwrap_or(0),
        online: json_text::render(online, json_text::Style::Plain),
    })
}

/// How a request ended in the VM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The vCPU is off line; which, and which are on line.
    Offline(i32, Vec<u32>),
    /// The vCPU is on line; which, and which are on line.
    Online(i32, Vec<u32>),
    /// It failed; why.
    Failed(String),
    /// The request was not understood.
    Unknown,
}

/// The value of `data` of an answer.
pub fn compose_response(subject: &Subject, outcome: &Outcome) -> String {
    let result = match outcome {
        Outcome::Offline(cpu, online) => success("offline_cpu", *cpu, online),
        Outcome::Online(cpu, online) => success("online_cpu", *cpu, online),
        Outcome::Failed(text) => format!("\"result\":\"fail\",\"err_msg\":{},", json_text::quoted(text)),
        Outcome::Unknown => String::new(),
    };
    let Subject { resource, direction } = subject;
    format!("{{{result}\"version\":{VERSION},\"resource\":{resource},\"direction\":{direction}}}")
}

fn success(key: &str, cpu: i32, online: &[u32]) -> String {
    let online = online.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    format!("\"result\":\"success\",\"{key}\":{cpu},\"online_cpus\":[{online}],")
}

/// The value of `data` of a refusal.
pub fn compose_nack(log_msg: &str) -> String {
    format!("{{\"version\":{VERSION},\"msg_type\":\"nack\",\"log_msg\":{}}}", json_text::quoted(log_msg))
}

/// What the helper makes of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// A vCPU went off line; which, and which the VM says are on line.
    Offline(i32, Vec<i32>),
    /// A vCPU came on line; which, and which the VM says are on line.
    Online(i32, Vec<i32>),
    /// The VM could not; why.
    Failed(Direction, String),
    /// The answer is not complete: the VM is told, and there will be no other.
    Malformed(String),
    /// This is no answer: the VM is told, and the answer may still come.
    NotAnAnswer(String),
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// One vCPU more.
    Up,
    /// One vCPU less.
    Down,
}

impl Direction {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

impl Response {
    /// Reads the value of `data` of a message to the helper.
    pub fn parse(data: &str) -> Self {
        let parsed = Fields::first_in(data).map_err(|_| "failed to parse version".to_owned());
        let parsed = parsed.and_then(|fields| Ok((direction(&fields)?, fields)));
        match parsed {
            Ok((direction, fields)) => outcome(direction, &fields).unwrap_or_else(Self::Malformed),
            Err(text) => Self::NotAnAnswer(text),
        }
    }
}

fn direction(fields: &Fields<'_>) -> Result<Direction, String> {
    let version = fields.raw("version").ok_or("failed to parse version")?;
    let version = json_text::integer_of(version).unwrap_or(0);
    if i64::from(version) != VERSION {
        return Err(format!("invalid version {version}, expecting {VERSION}"));
    }
    let resource = fields.string("resource").map_err(|_| "failed to parse resource")?;
    let direction = fields.string("direction").map_err(|_| "failed to parse direction")?;
    match (resource.as_str(), direction.as_str()) {
        ("cpu", "up") => Ok(Direction::Up),
        ("cpu", "down") => Ok(Direction::Down),
        _ => Err(format!("unknown message, resource {resource}, direction {direction}")),
    }
}

fn outcome(direction: Direction, fields: &Fields<'_>) -> Result<Response, String> {
    if fields.string("result").map_err(|_| "failed to parse result")? == "fail" {
        return Ok(Response::Failed(direction, fields.string("err_msg").unwrap_or_default()));
    }
    let key = match direction {
        Direction::Up => "online_cpu",
        Direction::Down => "offline_cpu",
    };
    let cpu = fields.raw(key).ok_or_else(|| format!("failed to parse {key}"))?;
    let cpu = json_text::integer_of(cpu).unwrap_or(0);
    let online = fields.raw("online_cpus").and_then(cpu_list).ok_or("failed to parse online_cpus")?;
    Ok(match direction {
        Direction::Up => Response::Online(cpu, online),
        Direction::Down => Response::Offline(cpu, online),
    })
}

/// The numbers of a JSON array.
pub fn cpu_list(raw: &RawValue) -> Option<Vec<i32>> {
    let items = serde_json::from_str::<Vec<&RawValue>>(raw.get()).ok()?;
    Some(items.into_iter().map(|item| json_text::integer_of(item).unwrap_or(0)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(direction: &str) -> Subject {
        Subject { resource: "\"cpu\"".into(), direction: format!("\"{direction}\"") }
    }

    /// Contract 3.6, the table of messages: exact bytes.
    #[test]
    fn messages_have_their_exact_bytes() {
        let down = Request { timeout_ms: 500, order: Order::Down };
        let up = Request { timeout_ms: 500, order: Order::Up { cpu: 3, online: "[0,1,2,3]".into() } };
        let cases = [
            (
                down.compose(),
                r#"{"version":2,"msg_type":"scale_request","timeout_ms":500,"resource":"cpu","direction":"down"}"#,
            ),
            (
                up.compose(),
                r#"{"version":2,"msg_type":"scale_request","timeout_ms":500,"resource":"cpu","direction":"up","online_cpu":3,"online_cpus":[0,1,2,3]}"#,
            ),
            (
                compose_response(&subject("down"), &Outcome::Offline(3, vec![0, 1, 2])),
                r#"{"result":"success","offline_cpu":3,"online_cpus":[0,1,2],"version":2,"resource":"cpu","direction":"down"}"#,
            ),
            (
                compose_response(&subject("up"), &Outcome::Online(3, vec![0, 1, 2, 3])),
                r#"{"result":"success","online_cpu":3,"online_cpus":[0,1,2,3],"version":2,"resource":"cpu","direction":"up"}"#,
            ),
            (
                compose_response(&subject("up"), &Outcome::Failed("can't set cpu 3 online".into())),
                r#"{"result":"fail","err_msg":"can't set cpu 3 online","version":2,"resource":"cpu","direction":"up"}"#,
            ),
            (
                compose_response(&subject("side"), &Outcome::Unknown),
                r#"{"version":2,"resource":"cpu","direction":"side"}"#,
            ),
            (
                compose_nack("failed to parse result"),
                r#"{"version":2,"msg_type":"nack","log_msg":"failed to parse result"}"#,
            ),
        ];
        for (composed, expected) in cases {
            assert_eq!(composed, expected);
        }
        assert_eq!(
            Incoming::parse(&down.compose()),
            Incoming::Answered(subject("down"), Wanted::Order(Order::Down))
        );
        assert_eq!(
            Incoming::parse(&up.compose()),
            Incoming::Answered(subject("up"), Wanted::Order(up.order))
        );
    }

    #[test]
    fn a_request_that_is_none_gets_no_answer() {
        let cases = [
            ("7", "failed to parse version"),
            ("{}", "failed to parse version"),
            (r#"{"version":1}"#, "invalid version 1, expecting 2"),
            (r#"{"version":2}"#, "failed to parse msg_type"),
            (r#"{"version":2,"msg_type":"dance"}"#, "unknown message type: dance"),
            (r#"{"version":2,"msg_type":"nack"}"#, "Nack: failed to parse log_msg"),
            (
                r#"{"version":2,"msg_type":"nack","log_msg":"no"}"#,
                "Nack received, error message from host: no",
            ),
            (r#"{"version":2,"msg_type":"scale_request"}"#, "failed to parse resource"),
            (r#"{"version":2,"msg_type":"scale_request","resource":"cpu"}"#, "failed to parse direction'"),
        ];
        for (text, reason) in cases {
            assert_eq!(Incoming::parse(text), Incoming::Unanswered(reason.into()), "{text}");
        }
    }

    #[test]
    fn a_request_that_lacks_something_is_answered_with_it() {
        let base = r#""version":2,"msg_type":"scale_request","resource":"cpu""#;
        let cases = [
            (r#""direction":"down""#, "failed to parse timeout_ms"),
            (r#""direction":"down","timeout_ms":"soon""#, "Error converting timeout_ms: Invalid argument"),
            (r#""direction":"up""#, "failed to parse timeout_ms"),
            (r#""direction":"up","timeout_ms":1"#, "failed to parse online_cpu"),
            (r#""direction":"up","timeout_ms":1,"online_cpu":3"#, "failed to parse online_cpus"),
            (
                r#""direction":"up","timeout_ms":1,"online_cpu":3,"online_cpus":"0-3""#,
                "failed to parse online_cpus",
            ),
        ];
        for (more, reason) in cases {
            let Incoming::Answered(_, wanted) = Incoming::parse(&format!("{{{base},{more}}}")) else {
                panic!("{more} got no answer");
            };
            assert_eq!(wanted, Wanted::Refused(reason.into()), "{more}");
        }
        for more in [r#""resource":"disk","direction":"up""#, r#""resource":"cpu","direction":7"#] {
            let text = format!(r#"{{"version":2,"msg_type":"scale_request",{more}}}"#);
            assert!(matches!(Incoming::parse(&text), Incoming::Answered(_, Wanted::Unknown)), "{more}");
        }
    }

    #[test]
    fn the_helper_tells_answers_from_what_is_none() {
        use Response::{Failed, Malformed, NotAnAnswer, Offline, Online};
        let cases = [
            ("nonsense".to_owned(), NotAnAnswer("failed to parse version".into())),
            ("{}".to_owned(), NotAnAnswer("failed to parse version".into())),
            (r#"{"version":3}"#.to_owned(), NotAnAnswer("invalid version 3, expecting 2".into())),
            (r#"{"version":2}"#.to_owned(), NotAnAnswer("failed to parse resource".into())),
            (r#"{"version":2,"resource":"cpu"}"#.to_owned(), NotAnAnswer("failed to parse direction".into())),
            (
                r#"{"version":2,"resource":"disk","direction":"up"}"#.to_owned(),
                NotAnAnswer("unknown message, resource disk, direction up".into()),
            ),
            (
                compose_response(&subject("up"), &Outcome::Unknown),
                Malformed("failed to parse result".into()),
            ),
            (
                r#"{"version":2,"resource":"cpu","direction":"up","result":"success"}"#.to_owned(),
                Malformed("failed to parse online_cpu".into()),
            ),
            (
                r#"{"version":2,"resource":"cpu","direction":"down","result":"success"}"#.to_owned(),
                Malformed("failed to parse offline_cpu".into()),
            ),
            (
                r#"{"version":2,"resource":"cpu","direction":"down","result":"success","offline_cpu":3}"#.to_owned(),
                Malformed("failed to parse online_cpus".into()),
            ),
            (
                r#"{"version":2,"resource":"cpu","direction":"up","result":"success","online_cpu":3,"online_cpus":7}"#
                    .to_owned(),
                Malformed("failed to parse online_cpus".into()),
            ),
            (
                compose_response(&subject("down"), &Outcome::Offline(3, vec![0, 1])),
                Offline(3, vec![0, 1]),
            ),
            (compose_response(&subject("up"), &Outcome::Online(3, vec![0, 3])), Online(3, vec![0, 3])),
            (
                compose_response(&subject("up"), &Outcome::Failed("why\n".into())),
                Failed(Direction::Up, "why\n".into()),
            ),
            (
                r#"{"version":2,"resource":"cpu","direction":"down","result":"fail"}"#.to_owned(),
                Failed(Direction::Down, String::new()),
            ),
        ];
        for (text, response) in cases {
            assert_eq!(Response::parse(&text), response, "{text}");
        }
    }
}
