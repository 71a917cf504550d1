//! The story as it goes: the cloud's happenings, the VIM's event logs and alarms, and what the demonstration does, in
//! one order.

use anyhow::Context;
use nfv_site::{Happening, Site, record};
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// Things of different sources are put in order over this time.
pub const ORDERING: Duration = Duration::from_millis(700);
/// Columns of a terminal that a status line may use.
const STATUS_WIDTH: usize = 100;

/// Where a line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The simulated cloud.
    Cloud,
    /// An event log of the VIM.
    Log,
    /// The VIM raised an alarm.
    Raise,
    /// The VIM cleared one.
    Clear,
    /// The demonstration did something: broke a guest, asked as a user.
    Deed,
    /// A strategy goes on.
    Patch,
}

impl Source {
    const fn word(self) -> &'static str {
        match self {
            Self::Cloud => "cloud",
            Self::Log => "log",
            Self::Raise => "ALARM",
            Self::Clear => "clear",
            Self::Deed => "DEED",
            Self::Patch => "patch",
        }
    }

    const fn color(self) -> &'static str {
        match self {
            Self::Cloud => "\x1b[36m",
            Self::Raise => "\x1b[31m",
            Self::Clear => "\x1b[32m",
            Self::Deed => "\x1b[1;33m",
            Self::Patch => "\x1b[35m",
            Self::Log => "",
        }
    }
}

/// The time line.
#[derive(Debug)]
pub struct TimeLine {
    /// Wall clock of the lab's start.
    lab_start: jiff::Timestamp,
    start: jiff::Timestamp,
    last_happening: f64,
    events: usize,
    alarms: usize,
    /// Text of each alarm raised, for its clearing.
    raised: BTreeMap<String, String>,
    pending: Vec<(jiff::Timestamp, Source, String)>,
    /// All of it, in the order in which it came in of each source.
    told: Vec<(Source, String)>,
    color: bool,
    /// A status line stands on the terminal.
    status: bool,
}

impl TimeLine {
    /// Begins now. What the VIM logged before counts as told.
    pub async fn new(site: &Site) -> anyhow::Result<Self> {
        let now = jiff::Timestamp::now();
        // the journal tells both clocks
        let journal = site.cloud().journal(0).await?;
        let first = journal.first().context("the lab's journal is empty")?;
        let wall: jiff::Timestamp = first["time"].as_str().context("the journal has no time")?.parse()?;
        let at = first["at"].as_f64().context("the journal has no clock")?;
        let lab_start = wall - jiff::SignedDuration::from_secs_f64(at);
        let mut line = Self {
            lab_start,
            start: now,
            last_happening: (now.duration_since(lab_start)).as_secs_f64(),
            events: 0,
            alarms: 0,
            raised: BTreeMap::new(),
            pending: Vec::new(),
            told: Vec::new(),
            color: std::io::stdout().is_terminal(),
            status: false,
        };
        line.take_in(site).await?;
        line.pending.clear();
        Ok(line)
    }

    /// What was told of this source, without its times.
    pub fn told(&self, source: Source) -> impl Iterator<Item = &str> {
        self.told.iter().filter(move |(own, _)| *own == source).map(|(_, text)| text.as_str())
    }

    /// Takes in something that happens now.
    pub fn tell(&mut self, source: Source, text: String) {
        self.take(jiff::Timestamp::now(), source, text);
    }

    fn take(&mut self, time: jiff::Timestamp, source: Source, text: String) {
        self.told.push((source, text.clone()));
        self.pending.push((time, source, text));
    }

    /// Prints what is old enough to be in its order for good.
    pub async fn go_on(&mut self, site: &Site) -> anyhow::Result<()> {
        self.take_in(site).await?;
        self.print(Some(jiff::Timestamp::now() - ORDERING));
        Ok(())
    }

    /// Prints all there is.
    pub async fn finish(&mut self, site: &Site) -> anyhow::Result<()> {
        self.take_in(site).await?;
        self.print(None);
        self.clear_status();
        Ok(())
    }

    async fn take_in(&mut self, site: &Site) -> anyhow::Result<()> {
        for Happening { at, kind, name, what } in site.cloud().happenings(self.last_happening).await? {
            self.last_happening = self.last_happening.max(at);
            let time = self.lab_start + jiff::SignedDuration::from_secs_f64(at);
            self.take(time, Source::Cloud, format!("{kind} {name}: {what}"));
        }
        let events = site.events();
        for event in events.iter().skip(self.events) {
            self.take(timestamp(event.get("timestamp")), Source::Log, event.get("reason_text").to_owned());
        }
        self.events = events.len();
        let alarms = record::read(&site.alarm_file());
        for alarm in alarms.iter().skip(self.alarms) {
            let uuid = alarm.get("alarm-uuid").to_owned();
            if alarm.raised != Some(true) {
                // the record of a clearing has no time of its own
                if let Some(text) = self.raised.remove(&uuid) {
                    self.tell(Source::Clear, text);
                }
            } else if !self.raised.contains_key(&uuid) {
                let text = format!("{}: {}", alarm.get("alarm-type"), alarm.get("specific-problem-text"));
                self.take(timestamp(alarm.get("created-timestamp")), Source::Raise, text.clone());
                self.raised.insert(uuid, text);
            }
        }
        self.alarms = alarms.len();
        self.pending.sort_by_key(|(time, _, _)| *time);
        Ok(())
    }

    /// Prints what happened until then.
    fn print(&mut self, until: Option<jiff::Timestamp>) {
        let ripe = |time: jiff::Timestamp| until.is_none_or(|until| time <= until);
        let count = self.pending.iter().take_while(|(time, _, _)| ripe(*time)).count();
        if count > 0 {
            self.clear_status();
        }
        for (time, source, text) in self.pending.drain(..count) {
            let seconds = time.duration_since(self.start).as_secs_f64();
            let (on, off) = if self.color { (source.color(), "\x1b[0m") } else { ("", "") };
            println!("{seconds:7.1} s  {on}{:<5}{off}  {text}", source.word());
        }
    }

    /// Prints a heading.
    pub fn head(&mut self, text: &str) {
        self.clear_status();
        let (on, off) = if self.color { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        println!("\n{on}{text}{off}");
    }

    /// Shows on a terminal what is waited for; it goes with the next line.
    pub fn show_status(&mut self, text: &str) {
        if !self.color {
            return;
        }
        let text: String = text.chars().take(STATUS_WIDTH).collect();
        print!("\r\x1b[2K\x1b[2m           … {text}\x1b[0m");
        // a terminal that is gone ends the demonstration elsewhere
        let _ = std::io::stdout().flush();
        self.status = true;
    }

    fn clear_status(&mut self) {
        if std::mem::take(&mut self.status) {
            print!("\r\x1b[2K");
            let _ = std::io::stdout().flush();
        }
    }
}

/// Of a record's time; now when it has none.
fn timestamp(text: &str) -> jiff::Timestamp {
    format!("{}Z", text.replace(' ', "T")).parse().unwrap_or_else(|_| jiff::Timestamp::now())
}
