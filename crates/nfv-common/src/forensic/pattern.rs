//! Which messages tell something, and what.
//!
//! A pattern is a template: `{name}` stands for a value, a full stop for any character (as in the original's table, so
//! that a line cut by one character still counts), everything else for itself. A value reaches as far right as it can
//! with the rest still matching; the message may go on after the end of the template.

use std::collections::HashMap;
use std::ops::Range;

use super::instance_text;
use super::record::{Action, Director, End, Guest, HostState, Record, RecordType};
use super::{LogLine, Stamp};

const NFVI_EVENTS: &str = "_vim_nfvi_events.py";
const TASK_WORK: &str = "_instance_task_work.py";
const DIRECTOR: &str = "_instance_director.py";

/// One kind of message.
struct Pattern {
    kind: RecordType,
    form: Form,
}

enum Form {
    Template(Template),
    /// An instance as Python shows a dictionary, after this start of the message.
    Instance(&'static [u8]),
}

/// All patterns, by the source file that writes the message.
pub struct Patterns {
    by_file: HashMap<&'static [u8], Vec<Pattern>>,
}

impl Default for Patterns {
    fn default() -> Self {
        Self::new()
    }
}

impl Patterns {
    /// The table of the contract.
    ///
    /// Contract: deployment 7.1.
    pub fn new() -> Self {
        let mut patterns = Self { by_file: HashMap::new() };
        patterns.add(
            "_host.py",
            RecordType::HostNfviStateChange,
            "Host State-Change detected: nfvi_admin_state={nfvi_admin_state} host_admin_state={host_admin_state}, \
             nfvi_oper_state={nfvi_oper_state} host_oper_state={host_oper_state}, \
             nfvi_avail_state={nfvi_avail_state} host_avail_status={host_avail_status}, locking={locking} \
             unlocking={unlocking} fsm current_state={fsm_current_state} for {host_name}.",
        );
        for state in HostState::ALL {
            let template = format!("Entering state ({}) for {{host_name}}.", state.as_str());
            patterns.add(&file_of("_host_state_", state.as_str()), RecordType::HostState(state), &template);
        }
        for (move_, word) in [(Director::Evacuate, "Evacuate"), (Director::Migrate, "Migrate")] {
            for (end, words) in
                [(End::Failed, "failed"), (End::TimedOut, "timed out"), (End::Completed, "succeeded")]
            {
                let template =
                    format!("{word} of instance {{instance_name}} from host {{host_name}} {words}.");
                patterns.add(DIRECTOR, RecordType::Director(move_, end), &template);
            }
        }
        patterns.add_instance_states();
        patterns.add_nfvi_events();
        for action in Action::all().filter(|action| action.has_callback()) {
            let template = format!(
                "{}-Instance callback for {{instance_name}}, response={{'completed': {{completed}}, 'reason': {{reason}}}}.",
                action.title()
            );
            patterns.add(TASK_WORK, RecordType::Callback(action), &template);
        }
        for (guest, template) in GUEST {
            patterns.add(TASK_WORK, RecordType::Guest(guest), template);
        }
        patterns
    }

    fn add_instance_states(&mut self) {
        let template = "Entering state (initial) for {instance_name}.";
        self.add("_instance_state_initial.py", RecordType::InstanceInitial, template);
        for action in Action::all() {
            let file = file_of("_instance_state_", action.as_str());
            let template = format!("Entering state ({}) for {{instance_name}}.", action.as_str());
            self.add(&file, RecordType::InstanceState(action), &template);
            for end in action.ends() {
                let words = match end {
                    End::Inprogress => "inprogress",
                    End::Completed => "completed",
                    End::Failed => "failed",
                    End::TimedOut => "timed out",
                };
                let mut title = action.title();
                if *end == End::TimedOut {
                    // misspelt in the original's table: what the VIM writes has never been taken for this record, and
                    // the progress that a reader sees counts such lines as telling nothing
                    title = title.replace("Resize", "Reisze");
                }
                let template = format!("{title} {words} for {{instance_name}}.");
                self.add(&file, RecordType::InstanceEnd(action, *end), &template);
            }
        }
    }

    fn add_nfvi_events(&mut self) {
        self.add(
            NFVI_EVENTS,
            RecordType::NfviAction,
            "Instance action, uuid={instance_uuid}, nfvi_action_data=Instance action, type={action_type}, \
             params={action_params}, state=initial, reason=",
        );
        let kind = RecordType::InstanceNfviStateChange;
        let form = Form::Instance(b"Instance state-change, nfvi_instance=");
        self.by_file.entry(NFVI_EVENTS.as_bytes()).or_default().push(Pattern { kind, form });
        self.add(
            NFVI_EVENTS,
            RecordType::Guest(Guest::Notify),
            "Guest-Services state notify, instance_uuid={instance_uuid}, host_name={host_name} \
             guest_services=[{'admin_state': '{service_admin_state}', 'restart_timeout': {restart_timeout}, \
             'oper_state': '{service_oper_state}', 'name': '{service_name}'}].",
        );
    }

    fn add(&mut self, file: &str, kind: RecordType, template: &str) {
        let form = Form::Template(Template::new(template));
        let pattern = Pattern { kind, form };
        match self.by_file.get_mut(file.as_bytes()) {
            Some(patterns) => patterns.push(pattern),
            None => {
                // the table lives as long as the process; there is one
                let file: &'static str = Box::leak(file.to_owned().into_boxed_str());
                self.by_file.insert(file.as_bytes(), vec![pattern]);
            }
        }
    }

    /// What a line tells; none when nothing of interest.
    pub fn record(&self, line: &LogLine<'_>) -> Option<Record> {
        let patterns = self.by_file.get(line.file)?;
        patterns.iter().find_map(|pattern| pattern.record(line.time, line.message))
    }
}

/// `_host_state_` and `disabling-failed` make `_host_state_disabling_failed.py`.
fn file_of(prefix: &str, state: &str) -> String {
    format!("{prefix}{}.py", state.replace('-', "_"))
}

/// What works that speak with the guest agent say.
const GUEST: [(Guest, &str); 12] = [
    (
        Guest::Enable,
        "Guest-Services-Enable for {instance_name}, nfvi_guest_services=[{'admin_state': '{service_admin_state}', \
         'service': '{service_name}'}].",
    ),
    (
        Guest::EnableCallback,
        "Guest-Services-Enable callback for {instance_name}, response={'completed': {completed}, \
         'reason': {reason}, 'result-data': {'instance_uuid': u'{instance_uuid}', \
         'services': [{'admin_state': '{service_admin_state}', 'restart_timeout': {service_restart_timeout}, \
         'oper_state': '{service_oper_state}', 'name': '{service_name}'}], 'host_name': u'{host_name}'}}.",
    ),
    (
        Guest::Disable,
        "Guest-Services-Disable for {instance_name}, nfvi_guest_services=[{'admin_state': '{service_admin_state}', \
         'service': '{service_name}'}].",
    ),
    (
        Guest::DisableCallback,
        "Guest-Services-Disable callback for {instance_name}, response={'completed': {completed}, \
         'reason': {reason}, 'result-data': {'instance_uuid': u'{instance_uuid}', \
         'services': [{'admin_state': '{service_admin_state}', 'restart_timeout': {service_restart_timeout}, \
         'oper_state': '{service_oper_state}', 'name': '{service_name}'}], 'host_name': u'{host_name}'}}.",
    ),
    (Guest::Vote, "Guest-Services-Vote for {instance_name}, action_type={action_type}."),
    (Guest::VoteResult, "Guest-Services-Vote for {instance_name}, vote={vote_result}."),
    (
        Guest::VoteCallback,
        "Guest-Services-Vote callback for {instance_name}, response={'action-type': u'{action_type}', \
         'uuid': u'{instance_uuid}', 'completed': {completed}, 'reason': {reason}, 'host-name': u'{host_name}', \
         'timeout': {timeout}}.",
    ),
    (Guest::PreNotify, "Guest-Services-Pre-Notify for {instance_name}, action_type={action_type}."),
    (
        Guest::PreNotifyCallback,
        "Guest-Services-Pre-Notify callback for {instance_name}, response={'action-type': u'{action_type}', \
         'uuid': u'{instance_uuid}', 'completed': {completed}, 'reason': {reason}, 'host-name': u'{host_name}', \
         'timeout': {timeout}}.",
    ),
    (Guest::PostNotify, "Guest-Services-Post-Notify for {instance_name}, action_type={action_type}."),
    (
        Guest::PostNotifyCallback,
        "Guest-Services-Post-Notify callback for {instance_name}, response={'action-type': u'{action_type}', \
         'uuid': u'{instance_uuid}', 'completed': {completed}, 'reason': {reason}, 'host-name': u'{host_name}', \
         'timeout': {timeout}}.",
    ),
    (
        Guest::PostNotifyHeartbeat,
        "Guest-Services-Post-Notify for {instance_name}, guest communication re-established.",
    ),
];

impl Pattern {
    fn record(&self, time: Stamp, message: &[u8]) -> Option<Record> {
        let fields = match &self.form {
            Form::Template(template) => template.fields(message)?,
            Form::Instance(start) => instance_text::fields(message, message.strip_prefix(*start)?)?,
        };
        Some(Record { time, kind: self.kind, log: message.to_vec(), fields })
    }
}

/// A template taken apart: text before the first value, then each value with the text after it.
struct Template {
    start: Vec<u8>,
    values: Vec<(&'static str, Vec<u8>)>,
}

impl Template {
    fn new(text: &str) -> Self {
        let mut template = Self { start: Vec::new(), values: Vec::new() };
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let (before, after) = rest.split_at(open + 1);
            let name = after.split_once('}').map(|(name, _)| name).filter(|name| {
                !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            });
            match name {
                Some(name) => {
                    template.literal(&before[..open]);
                    let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
                    template.values.push((name, Vec::new()));
                    rest = &after[name.len() + 1..];
                }
                // a brace of a Python dictionary
                None => {
                    template.literal(before);
                    rest = after;
                }
            }
        }
        template.literal(rest);
        template
    }

    fn literal(&mut self, text: &str) {
        let end = self.values.last_mut().map_or(&mut self.start, |(_, after)| after);
        end.extend_from_slice(text.as_bytes());
    }

    /// The values in a message that fits. From the right: the text after a value stands as far right as the text after
    /// the next value lets it.
    fn fields(&self, message: &[u8]) -> Option<Vec<(&'static str, Range<usize>)>> {
        if !fits(&self.start, message) {
            return None;
        }
        let mut bound = message.len();
        let mut ends = Vec::with_capacity(self.values.len());
        for (_, after) in self.values.iter().rev() {
            let last = bound.checked_sub(after.len())?;
            let end = (self.start.len()..=last).rev().find(|at| fits(after, &message[*at..]))?;
            ends.push((end, after.len()));
            bound = end;
        }
        let mut start = self.start.len();
        let mut fields = Vec::with_capacity(self.values.len());
        for ((name, _), (end, after)) in self.values.iter().zip(ends.into_iter().rev()) {
            fields.push((*name, start..end));
            start = end + after;
        }
        Some(fields)
    }
}

/// Whether the message starts with the text, a full stop standing for any character.
fn fits(text: &[u8], message: &[u8]) -> bool {
    message.len() >= text.len() && text.iter().zip(message).all(|(t, m)| t == m || *t == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(template: &str, message: &str) -> Option<Vec<String>> {
        let fields = Template::new(template).fields(message.as_bytes())?;
        Some(fields.into_iter().map(|(_, range)| message[range].to_owned()).collect())
    }

    #[test]
    fn values_reach_as_far_right_as_they_can() {
        let cases: [(&str, &str, Option<&[&str]>); 8] = [
            ("for {a}.", "for compute-0.", Some(&["compute-0"])),
            ("for {a}.", "for compute-0", Some(&["compute-"])),
            ("for {a}.", "for a. and b. more", Some(&["a. and b. mor"])),
            ("for {a}.", "for ", None),
            ("x {a} from {b} y.", "x p from q from r y!", Some(&["p from q", "r"])),
            ("x {a} from {b} y.", "x p from q y", None),
            ("r={'c': {c}, 'd': {d}}.", "r={'c': True, 'd': }.", Some(&["True", ""])),
            ("{a}", "", Some(&[""])),
        ];
        for (template, message, expected) in cases {
            let found = values(template, message);
            let expected = expected.map(|e| e.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
            assert_eq!(found, expected, "{template} on {message}");
        }
    }

    #[test]
    fn there_are_as_many_patterns_as_in_the_contract() {
        let patterns = Patterns::new();
        // the contract counts one that stands twice
        assert_eq!(patterns.by_file.values().map(Vec::len).sum::<usize>(), 111 - 1);
        assert_eq!(patterns.by_file.len(), 1 + 8 + 1 + 1 + 24 + 2);
    }

    #[test]
    fn a_message_counts_only_from_its_own_file() {
        let patterns = Patterns::new();
        let line = |file, message| LogLine { time: Stamp::MIN, file, message };
        let message = b"Entering state (stop) for vm-0.";
        let record = patterns.record(&line(b"_instance_state_stop.py", message)).unwrap();
        assert_eq!(record.kind, RecordType::InstanceState(Action::Stop));
        assert_eq!(record.field("instance_name"), b"vm-0");
        assert_eq!(record.field("host_name"), b"");
        assert!(patterns.record(&line(b"_instance_state_start.py", message)).is_none());
        assert!(patterns.record(&line(b"vim.py", message)).is_none());
    }
}
