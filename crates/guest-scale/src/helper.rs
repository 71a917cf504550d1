//! guest_scale_helper: asks a VM and tells nova what came of it by its exit code.
//!
//! | Answer | Then |
//! |---|---|
//! | success | exit with the vCPU's number |
//! | fail | exit with 255 |
//! | success without what belongs to it | nack, exit with 255 |
//! | anything else | nack, wait on |
//! | of another instance | wait on |
//! | none in time | exit with 254 |
//!
//! Contract: guest 1.3, 3.6.

use guest_protocol::messaging::envelope::{EnvelopeError, HostAppDelivery, datagram_text};
use guest_protocol::messaging::scale::{Direction, Order, Response};

use crate::arguments::Task;

/// Exit code when the VM could not, or the helper could not.
pub const FAILED: u8 = 255;
/// Exit code when no answer came in time.
pub const TIMEOUT: u8 = 254;

/// What is to be done after a datagram.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reaction {
    /// Lines about it.
    pub log: Vec<String>,
    /// The VM is to be told this.
    pub nack: Option<String>,
    /// The process is to end with this.
    pub exit: Option<u8>,
}

impl Reaction {
    fn say(text: String) -> Self {
        Self { log: vec![text], ..Self::default() }
    }
}

/// A datagram came.
pub fn on_datagram(task: &Task, datagram: &[u8]) -> Reaction {
    let delivery = match HostAppDelivery::parse(&datagram_text(datagram)) {
        Ok(delivery) => delivery,
        Err(error) => return Reaction::say(format!("problem processing messages: {}", library_text(&error))),
    };
    if delivery.instance != task.instance {
        return Reaction::say(format!("answer of {} was not asked for", delivery.instance));
    }
    match Response::parse(delivery.data.as_str()) {
        Response::Online(cpu, online) => Reaction { log: differences(task, cpu, &online), ..exit(cpu) },
        Response::Offline(cpu, online) if online.contains(&cpu) => {
            Reaction { log: vec![format!("Error: cpu {cpu} is still online in guest")], ..exit(cpu) }
        }
        Response::Offline(cpu, _) => exit(cpu),
        Response::Failed(Direction::Up, why) => Reaction {
            exit: Some(FAILED),
            ..Reaction::say(format!("Error: guest helper scaling cpu up failed: {why}"))
        },
        Response::Failed(Direction::Down, why) => Reaction {
            exit: Some(FAILED),
            ..Reaction::say(format!("problem, guest helper scaling cpu down failed: {why}"))
        },
        Response::Malformed(why) => Reaction { exit: Some(FAILED), ..nack(why) },
        Response::NotAnAnswer(why) => nack(why),
    }
}

fn exit(cpu: i32) -> Reaction {
    // a process tells no more than 8 bits
    let [code, ..] = cpu.to_le_bytes();
    Reaction { exit: Some(code), ..Reaction::default() }
}

fn nack(why: String) -> Reaction {
    Reaction { log: vec![format!("sending Nack with error: {why}")], nack: Some(why), exit: None }
}

fn library_text(error: &EnvelopeError) -> String {
    match error {
        EnvelopeError::Version(_) => "invalid version".to_owned(),
        EnvelopeError::NotJson | EnvelopeError::Missing(_) => error.to_string(),
    }
}

/// What nova and the VM think differently of; `cpu` has just come.
fn differences(task: &Task, cpu: i32, online: &[i32]) -> Vec<String> {
    if !matches!(task.request.order, Order::Up { .. }) {
        return Vec::new();
    }
    let ours = &task.online;
    let surplus = online.iter().filter(|number| **number != cpu && !ours.contains(number));
    let surplus = surplus.map(|number| format!("Error: cpu {number} online by guest but not online in nova"));
    let lacking = ours.iter().filter(|number| !online.contains(number));
    surplus
        .chain(lacking.map(|number| format!("Error: cpu {number} online by nova but not online in guest")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn react(line: &str, data: &str) -> Reaction {
        let line = format!("--instance_name instance-0000000a {line}");
        let task = Task::parse(line.split_whitespace().map(str::to_owned)).unwrap();
        let text = format!(
            r#"{{"data":{data},"version":2,"source_addr":"cgcs.scale","source_instance":"instance-0000000a"}}"#
        );
        on_datagram(&task, text.as_bytes())
    }

    const UP: &str = "--cpu_add 3 [0,1,2,3]";

    /// Every row of the table in the module's doc.
    #[test]
    fn an_answer_ends_the_helper_with_its_code() {
        let down = |rest: &str| format!(r#"{{"version":2,"resource":"cpu","direction":"down"{rest}}}"#);
        let up = |rest: &str| format!(r#"{{"version":2,"resource":"cpu","direction":"up"{rest}}}"#);
        let cases = [
            (
                "--cpu_del",
                down(r#","result":"success","offline_cpu":3,"online_cpus":[0,1,2]"#),
                vec![],
                None,
                Some(3),
            ),
            (
                "--cpu_del",
                down(r#","result":"success","offline_cpu":3,"online_cpus":[0,3]"#),
                vec!["Error: cpu 3 is still online in guest"],
                None,
                Some(3),
            ),
            (UP, up(r#","result":"success","online_cpu":3,"online_cpus":[0,1,2,3]"#), vec![], None, Some(3)),
            (
                UP,
                up(r#","result":"success","online_cpu":3,"online_cpus":[0,1,3,7]"#),
                vec![
                    "Error: cpu 7 online by guest but not online in nova",
                    "Error: cpu 2 online by nova but not online in guest",
                ],
                None,
                Some(3),
            ),
            (
                UP,
                up(r#","result":"success","online_cpu":259,"online_cpus":[0,1,2,3]"#),
                vec![],
                None,
                Some(3),
            ),
            (
                "--cpu_del",
                down(r#","result":"fail","err_msg":"why""#),
                vec!["problem, guest helper scaling cpu down failed: why"],
                None,
                Some(255),
            ),
            (
                UP,
                up(r#","result":"fail""#),
                vec!["Error: guest helper scaling cpu up failed: "],
                None,
                Some(255),
            ),
            (
                UP,
                up(""),
                vec!["sending Nack with error: failed to parse result"],
                Some("failed to parse result"),
                Some(255),
            ),
            (
                "--cpu_del",
                down(r#","result":"success""#),
                vec!["sending Nack with error: failed to parse offline_cpu"],
                Some("failed to parse offline_cpu"),
                Some(255),
            ),
            (
                UP,
                r#"{"version":3}"#.to_owned(),
                vec!["sending Nack with error: invalid version 3, expecting 2"],
                Some("invalid version 3, expecting 2"),
                None,
            ),
        ];
        for (line, data, log, nack, code) in cases {
            let reaction = Reaction {
                log: log.into_iter().map(str::to_owned).collect(),
                nack: nack.map(str::to_owned),
                exit: code,
            };
            assert_eq!(react(line, &data), reaction, "{data}");
        }
    }

    #[test]
    fn what_is_not_the_answer_is_passed_over() {
        let task = "--instance_name instance-0000000a --cpu_del";
        let task = Task::parse(task.split_whitespace().map(str::to_owned)).unwrap();
        let cases = [
            ("nonsense", "problem processing messages: failed to parse msg"),
            (r#"{"version":3}"#, "problem processing messages: invalid version"),
            (
                r#"{"version":2,"source_addr":"a"}"#,
                "problem processing messages: failed to parse source_instance",
            ),
            (
                r#"{"data":{"version":2,"resource":"cpu","direction":"down","result":"success","offline_cpu":1,"online_cpus":[0]},"version":2,"source_addr":"cgcs.scale","source_instance":"instance-0000000b"}"#,
                "answer of instance-0000000b was not asked for",
            ),
        ];
        for (datagram, text) in cases {
            assert_eq!(on_datagram(&task, datagram.as_bytes()), Reaction::say(text.into()), "{datagram}");
        }
    }
}
