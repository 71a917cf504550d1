//! What guest_scale_agent does with a request.
//!
//! Down: the application's script says which vCPU is to go; if it does not, the last one that is on line goes, never
//! number 0. Up: the host says which one came; the script is told afterwards, and may fail.
//!
//! Why a request failed is told to the host with the error that was logged last, as in the original.

use guest_protocol::messaging::scale::{Incoming, Order, Outcome, Wanted, compose_response};

/// How the application's script ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScriptEnd {
    /// It could not be run, was killed, or ended with 127; why.
    Failed(String),
    /// It ended with this code.
    Exited(i32),
}

/// On or off line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// At work.
    On,
    /// Not at work.
    Off,
}

impl Line {
    /// As it is written to the system's file.
    pub fn digit(self) -> char {
        match self {
            Self::On => '1',
            Self::Off => '0',
        }
    }

    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::On => "online",
            Self::Off => "offline",
        }
    }
}

/// What a vCPU's file came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetLine {
    /// It was written.
    Done,
    /// It said so before.
    Already,
    /// It could not be; why.
    Failed(String),
}

/// The machine the agent works on.
pub trait Machine {
    /// Asks the application which vCPU is to go.
    fn ask_script(&mut self) -> ScriptEnd;
    /// Tells the application of a vCPU that came, and of those that are on line.
    fn tell_script(&mut self, cpu: i32, online: &str) -> ScriptEnd;
    /// Puts a vCPU on or off line.
    fn set_line(&mut self, cpu: i32, line: Line) -> SetLine;
    /// The vCPUs that are on line, in order; or why that is not known.
    fn online(&mut self) -> Result<Vec<u32>, String>;
}

/// What came of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handled {
    /// The value of `data` of the answer, if there is one.
    pub response: Option<String>,
    /// Lines for the log.
    pub log: Vec<Said>,
}

/// A line for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Something failed.
    Error(String),
    /// Something was done.
    Info(String),
}

/// Does what a message asks for: the value of its `data`.
pub fn handle(data: &str, machine: &mut impl Machine) -> Handled {
    let mut work = Work { machine, log: Vec::new(), last_error: String::new() };
    let response = match Incoming::parse(data) {
        Incoming::Unanswered(text) => {
            work.error(text);
            None
        }
        Incoming::Answered(subject, wanted) => {
            let outcome = match wanted {
                Wanted::Order(Order::Down) => work.down(),
                Wanted::Order(Order::Up { cpu, online }) => work.up(cpu, &online),
                Wanted::Refused(text) => work.fail(text),
                Wanted::Unknown => Outcome::Unknown,
            };
            Some(compose_response(&subject, &outcome))
        }
    };
    Handled { response, log: work.log }
}

struct Work<'m, M> {
    machine: &'m mut M,
    log: Vec<Said>,
    last_error: String,
}

impl<M: Machine> Work<'_, M> {
    fn error(&mut self, text: impl Into<String>) {
        let text = text.into();
        self.last_error.clone_from(&text);
        self.log.push(Said::Error(text));
    }

    fn info(&mut self, text: impl Into<String>) {
        self.log.push(Said::Info(text.into()));
    }

    fn fail(&mut self, text: impl Into<String>) -> Outcome {
        self.error(text);
        Outcome::Failed(self.last_error.clone())
    }

    fn down(&mut self) -> Outcome {
        let Some(cpu) = self.choice().or_else(|| self.last_online()) else {
            return self.fail("unable to find cpu to offline\n");
        };
        if !self.set_line(cpu, Line::Off) {
            return self.fail(format!("failed to set cpu {cpu} offline\n"));
        }
        Outcome::Offline(cpu, self.online())
    }

    fn up(&mut self, cpu: i32, online: &str) -> Outcome {
        if !self.set_line(cpu, Line::On) {
            return Outcome::Failed(self.last_error.clone());
        }
        match self.machine.tell_script(cpu, online) {
            ScriptEnd::Exited(0) => {}
            ScriptEnd::Exited(code) => {
                self.error(format!("call to app helper script failed, return code: {code}\n"));
            }
            ScriptEnd::Failed(why) => {
                self.error(why);
                self.error("call to app helper script failed, return code: -1\n");
            }
        }
        Outcome::Online(cpu, self.online())
    }

    /// The vCPU the script chose.
    fn choice(&mut self) -> Option<i32> {
        match self.machine.ask_script() {
            ScriptEnd::Exited(0) => {
                self.error("call to app helper script return invalid cpu number 0\n");
                None
            }
            ScriptEnd::Exited(cpu) => {
                self.info(format!("app helper script chose cpu {cpu} to offline"));
                Some(cpu)
            }
            ScriptEnd::Failed(why) => {
                self.error(why);
                self.error("call to app helper script failed\n");
                None
            }
        }
    }

    fn last_online(&mut self) -> Option<i32> {
        let last = self.online().last().copied().filter(|cpu| *cpu != 0)?;
        i32::try_from(last).ok()
    }

    fn online(&mut self) -> Vec<u32> {
        self.machine.online().unwrap_or_else(|why| {
            self.error(why);
            Vec::new()
        })
    }

    fn set_line(&mut self, cpu: i32, line: Line) -> bool {
        let name = line.as_str();
        match self.machine.set_line(cpu, line) {
            SetLine::Done => {}
            SetLine::Already => self.error(format!("cpu {cpu} is already {name}")),
            SetLine::Failed(why) => {
                self.error(why);
                return false;
            }
        }
        self.info(format!("set cpu {cpu} {name}"));
        true
    }
}

#[cfg(test)]
#[path = "agent_tests.rs"]
mod tests;
