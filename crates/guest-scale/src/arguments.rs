//! The command line of guest_scale_helper.
//!
//! Contract: guest 1.3.

use std::time::Duration;

use guest_protocol::messaging::envelope::{Address, Fields};
use guest_protocol::messaging::json_text::{Style, render};
use guest_protocol::messaging::scale::{Order, Request, TIMEOUT_OVERHEAD_MS, cpu_list};

/// What is printed after what is wrong.
pub const USAGE: &str = "\
guest_scale_helper --instance_name <name>
                    --cpu_del | --cpu_add <index> <cur_mask>
                    [--timeout <millisec, at least 1000>]
";

/// Longest name of an instance, bytes.
const NAME_LIMIT: usize = 31;
/// How long the helper waits when nothing else is said, milliseconds.
const DEFAULT_TIMEOUT_MS: i32 = 1000;
/// Longest name of the helper's address, bytes.
const ADDRESS_LIMIT: usize = 15;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// The VM's instance.
    pub instance: String,
    /// Our own address, one for each instance: `scale-<8 hex>`.
    pub address: Address,
    /// What is asked.
    pub request: Request,
    /// The vCPUs that are on line as nova knows it, when one comes.
    pub online: Vec<i32>,
    /// How long an answer is waited for.
    pub timeout: Duration,
}

/// What is wrong with the command line; empty for `--help`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageError(pub String);

impl Task {
    /// Reads the arguments after the program's name.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, UsageError> {
        let wrong = |text: &str| UsageError(format!("{text}\n"));
        let mut arguments = arguments.into_iter();
        let (mut timeout_ms, mut instance, mut order) = (DEFAULT_TIMEOUT_MS, None, None);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--timeout" => {
                    let value = arguments.next();
                    let value =
                        value.ok_or_else(|| wrong("timeout option specified without timeout value"))?;
                    timeout_ms = c_integer(&value);
                }
                "--instance_name" => {
                    let name = arguments.next();
                    let name = name.ok_or_else(|| wrong("instance_name option specified without name"))?;
                    if name.len() > NAME_LIMIT {
                        return Err(wrong("instance name is too large"));
                    }
                    instance = Some(name);
                }
                "--cpu_add" => {
                    let cpu = arguments.next();
                    let cpu = cpu.ok_or_else(|| wrong("cpu_add option specified but missing cpu"))?;
                    let online = arguments.next();
                    let online = online
                        .ok_or_else(|| wrong("cpu_add option specified but missing online cpu range"))?;
                    order = Some(Order::Up { cpu: c_integer(&cpu), online });
                }
                "--cpu_del" => order = Some(Order::Down),
                "--help" => return Err(UsageError(String::new())),
                other => return Err(wrong(&format!("Unknown argument {other}"))),
            }
        }
        if timeout_ms < TIMEOUT_OVERHEAD_MS {
            return Err(wrong(&format!("timeout {timeout_ms} too short")));
        }
        let mut order = order.ok_or_else(|| wrong("neither cpu_add nor cpu_del option specified"))?;
        let online = match &mut order {
            Order::Up { online, .. } => {
                let invalid = || wrong(&format!("invalid online_cpus {online}"));
                let (text, numbers) = json_array(online).ok_or_else(invalid)?;
                *online = text;
                numbers
            }
            Order::Down => Vec::new(),
        };
        let instance = instance.ok_or_else(|| wrong("instance_name option not specified"))?;
        let address = address(&instance)
            .ok_or_else(|| wrong(&format!("Instance name {instance} doesn't match expected pattern")))?;
        let request = Request { timeout_ms: timeout_ms - TIMEOUT_OVERHEAD_MS, order };
        let timeout = Duration::from_millis(u64::from(timeout_ms.unsigned_abs()));
        Ok(Self { instance, address, request, online, timeout })
    }
}

/// The array without blanks, and its numbers.
fn json_array(text: &str) -> Option<(String, Vec<i32>)> {
    let wrapped = format!("{{\"online_cpus\":{text}}}");
    let fields = Fields::first_in(&wrapped).ok()?;
    let raw = fields.raw("online_cpus").filter(|raw| raw.get().starts_with('['))?;
    Some((render(raw, Style::Plain), cpu_list(raw)?))
}

fn address(instance: &str) -> Option<Address> {
    const PREFIX: &str = "instance-";
    instance.find(PREFIX)?;
    let mut name = format!("scale-{}", instance.get(PREFIX.len()..)?);
    while name.len() > ADDRESS_LIMIT {
        name.pop();
    }
    Address::new(name)
}

/// The number `text` begins with, as `atoi` reads it; 0 if there is none.
fn c_integer(text: &str) -> i32 {
    let text = text.trim_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end).and_then(|digits| digits.parse::<i32>().ok()).map_or(0, |number| sign * number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Task, UsageError> {
        Task::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn a_task_is_read() {
        let task = parse("--instance_name instance-0000000a --cpu_del").unwrap();
        assert_eq!(task.instance, "instance-0000000a");
        assert_eq!(task.address.as_str(), "scale-0000000a");
        assert_eq!(task.request, Request { timeout_ms: 500, order: Order::Down });
        assert_eq!(task.timeout, Duration::from_secs(1));

        let task =
            parse("--cpu_add 3 [0,1,\"2\",3] --timeout 2500 --instance_name instance-0000000a").unwrap();
        let online = "[0,1,\"2\",3]".to_owned();
        assert_eq!(task.request, Request { timeout_ms: 2000, order: Order::Up { cpu: 3, online } });
        assert_eq!(task.online, [0, 1, 2, 3]);
        assert_eq!(task.timeout, Duration::from_millis(2500));
        assert_eq!(
            parse("--instance_name instance-0000000abcd --cpu_del").unwrap().address.as_str().len(),
            15
        );
        assert_eq!(
            parse("--instance_name instance-a --cpu_del --timeout 500").unwrap().request.timeout_ms,
            0
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        let name = "--instance_name instance-0000000a";
        let cases = [
            ("--help".to_owned(), ""),
            ("--timeout".to_owned(), "timeout option specified without timeout value\n"),
            ("--instance_name".to_owned(), "instance_name option specified without name\n"),
            (format!("--instance_name {}", "i".repeat(32)), "instance name is too large\n"),
            ("--cpu_add".to_owned(), "cpu_add option specified but missing cpu\n"),
            ("--cpu_add 3".to_owned(), "cpu_add option specified but missing online cpu range\n"),
            ("--dance".to_owned(), "Unknown argument --dance\n"),
            (format!("{name} --cpu_del --timeout 499"), "timeout 499 too short\n"),
            (format!("{name} --cpu_del --timeout soon"), "timeout 0 too short\n"),
            (format!("{name} --cpu_add 3 0-3"), "invalid online_cpus 0-3\n"),
            (format!("{name} --cpu_add 3 7"), "invalid online_cpus 7\n"),
            ("--cpu_del".to_owned(), "instance_name option not specified\n"),
            (name.to_owned(), "neither cpu_add nor cpu_del option specified\n"),
            ("--instance_name vm --cpu_del".to_owned(), "Instance name vm doesn't match expected pattern\n"),
        ];
        for (line, text) in cases {
            assert_eq!(parse(&line), Err(UsageError(text.to_owned())), "{line}");
        }
    }
}
