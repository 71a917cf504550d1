//! Writes a log for tests and benchmarks of nfv-forensic: every sort of line of the contract's table, and lines that are
//! none. `forensic_corpus SEED LINES [OTHERS]`; the same numbers give the same log. Of each line that tells something
//! OTHERS (0) follow that tell nothing, as in a real log.
//!
//! `tests/data/record` lets the original read such logs; what it prints is the test data beside.

use fastrand::Rng;
use jiff::SignedDuration;
use jiff::civil::DateTime;
use nfv_common::forensic::{Action, End, HostState};
use std::io::{self, BufWriter, Write};

const WORK: &str = "_instance_task_work.py";
const EVENTS: &str = "_vim_nfvi_events.py";
const INSTANCES: [&str; 5] = ["vm-0", "vm-1", "database.example", "a vm with blanks", "x"];
const HOSTS: [&str; 4] = ["compute-0", "compute-1", "controller-0", "storage-0.example"];

struct Corpus<W> {
    rng: Rng,
    time: DateTime,
    out: W,
}

fn snake(text: &str) -> String {
    text.replace('-', "_")
}

impl<W: Write> Corpus<W> {
    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.rng.usize(..of.len())]
    }

    /// A message of the table with its source file.
    fn message(&mut self) -> (String, String) {
        let (instance, host) = (self.pick(&INSTANCES), self.pick(&HOSTS));
        let actions: Vec<Action> = Action::all().collect();
        let action = actions[self.rng.usize(..actions.len())];
        let completed = self.pick(&["True", "False"]);
        let state_file = format!("_instance_state_{}.py", snake(action.as_str()));
        match self.rng.u8(..14) {
            0 => {
                let state = HostState::ALL[self.rng.usize(..HostState::ALL.len())].as_str();
                (format!("_host_state_{}.py", snake(state)), format!("Entering state ({state}) for {host}."))
            }
            1 => {
                let word = self.pick(&["Evacuate", "Migrate"]);
                let end = self.pick(&["failed.", "timed out.", "succeeded.", "cancelled."]);
                let text = format!("{word} of instance {instance} from host {host} {end}");
                ("_instance_director.py".to_owned(), text)
            }
            2 | 3 => (state_file, format!("Entering state ({}) for {instance}.", action.as_str())),
            4 | 5 => {
                ("_instance_state_initial.py".to_owned(), format!("Entering state (initial) for {instance}."))
            }
            6 => {
                let ends = action.ends();
                let words = match ends.get(self.rng.usize(..ends.len().max(1))) {
                    Some(End::Inprogress) => "inprogress",
                    Some(End::Completed) => "completed",
                    Some(End::Failed) => "failed",
                    Some(End::TimedOut) => "timed out",
                    None => "went on",
                };
                (state_file, format!("{} {words} for {instance}.", action.title()))
            }
            7 => {
                let text = format!(
                    "{}-Instance callback for {instance}, response={{'completed': {completed}, 'reason': ''}}.",
                    action.title()
                );
                (WORK.to_owned(), text)
            }
            8 => {
                let text = format!(
                    "Instance action, uuid=8d80, nfvi_action_data=Instance action, type={}, params={{}}, state=initial, reason=.",
                    action.as_str()
                );
                (EVENTS.to_owned(), text)
            }
            9 => {
                let (admin, oper) = (self.pick(&["locked", "unlocked"]), self.pick(&["enabled", "disabled"]));
                let avail = self.pick(&["available", "offline", "failed", "degraded"]);
                let text = format!(
                    "Host State-Change detected: nfvi_admin_state={admin} host_admin_state=unlocked, nfvi_oper_state={oper} \
                     host_oper_state=enabled, nfvi_avail_state={avail} host_avail_status=online, locking=False \
                     unlocking=False fsm current_state=enabled for {host}."
                );
                ("_host.py".to_owned(), text)
            }
            10 => {
                let words = self.pick(&["", "'failed'", "'crashed', 'failed'"]);
                let text = format!(
                    "Instance state-change, nfvi_instance={{'instance_type': {{'ram': 512}}, 'name': u'{instance}', \
                     'tenant_id': '24b9', 'avail_status': [{words}], 'nfvi_data': {{'vm_state': u'active', \
                     'task_state': 'none', 'power_state': 'running'}}, 'live_migration_support': True, \
                     'oper_state': 'enabled', 'host_name': u'{host}', 'admin_state': 'unlocked', 'action': '', \
                     'image_uuid': None, 'uuid': u'8d80-{instance}'}}."
                );
                (EVENTS.to_owned(), text)
            }
            11 => {
                let word = self.pick(&["Vote", "Pre-Notify", "Post-Notify"]);
                (
                    WORK.to_owned(),
                    format!("Guest-Services-{word} for {instance}, action_type={}.", action.as_str()),
                )
            }
            12 => {
                let word = self.pick(&["Enable", "Disable"]);
                let text = format!(
                    "Guest-Services-{word} for {instance}, nfvi_guest_services=[{{'admin_state': 'unlocked', 'service': 'heartbeat'}}]."
                );
                (WORK.to_owned(), text)
            }
            _ => (WORK.to_owned(), format!("Guest-Services-Vote for {instance}, vote=allow.")),
        }
    }

    fn line(&mut self, file: &str, message: &str) -> String {
        let pid = self.rng.u16(1..);
        let level = self.pick(&["INFO", "DEBUG", "ERROR", "WARNING"]);
        let number = self.rng.u16(1..3000);
        let time = self.time.strftime("%Y-%m-%dT%H:%M:%S.%3f");
        format!(
            "{time} controller-0 {:>36}[{pid}] {level:>8} {file:>42}.{number:<4}  {message}",
            "VIM_Thread"
        )
    }

    /// The next moment; never the same twice, so that nothing hangs on how a program orders what is of one time.
    fn tick(&mut self) {
        let steps = [1, 13, 250, 3250, 61_000];
        let mut milliseconds = steps[self.rng.usize(..steps.len())];
        if self.rng.u8(..) == 0 {
            milliseconds = 90_000_000;
        }
        self.time += SignedDuration::from_millis(milliseconds);
    }

    fn next(&mut self, others: u32) -> io::Result<()> {
        self.tick();
        let (file, message) = self.message();
        let mut line = self.line(&file, &message);
        match self.rng.u8(..40) {
            0 => line.pop().map(drop).unwrap_or_default(),
            1 => line.push_str(" And more."),
            2 => line.truncate(self.rng.usize(20..line.len())),
            3 => line = line.replace("VIM_Thread[", "VIM_Thread#["),
            4 => line = line.replace(".py.", ".rs."),
            5 => line = line.replacen("  ", "\t", 2),
            6 => line = format!("    raise Exception(\"{}\")", "y".repeat(self.rng.usize(..100))),
            7 => line.push('\r'),
            _ => {}
        }
        writeln!(self.out, "{line}")?;
        for _ in 0..others {
            self.tick();
            let text = format!("Audit of hosts took {} ms, next in 20 s.", self.rng.u16(..));
            let other = self.line("_vim_nfvi_audits.py", &text);
            writeln!(self.out, "{other}")?;
        }
        Ok(())
    }
}

fn main() -> io::Result<()> {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<u64>().ok());
    let (Some(seed), Some(lines)) = (numbers.next(), numbers.next()) else {
        eprintln!("usage: forensic_corpus SEED LINES [OTHERS]");
        std::process::exit(2);
    };
    let others = numbers.next().and_then(|number| u32::try_from(number).ok()).unwrap_or(0);
    let out = BufWriter::new(io::stdout().lock());
    let time = DateTime::constant(2019, 1, 23, 10, 0, 0, 0);
    let mut corpus = Corpus { rng: Rng::with_seed(seed), time, out };
    for _ in 0..lines {
        corpus.next(others)?;
    }
    corpus.out.flush()
}
