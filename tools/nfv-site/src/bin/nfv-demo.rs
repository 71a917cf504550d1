//! `nfv-demo`: plays an incident against the real processes and tells it as a time line.

use anyhow::Context;
use nfv_site::{Happening, Options, Site, configuration, record};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use structopt::StructOpt;

/// How long the VIM may take until it knows the cloud.
const LEARN_LIMIT: Duration = Duration::from_secs(60);
/// Things of different sources are put in order over this time.
const ORDERING: Duration = Duration::from_millis(700);
/// Alarms may outlast the last expectation by this long.
const ALARMS_LIMIT: Duration = Duration::from_secs(20);

/// Options of the demonstration.
#[derive(Debug, StructOpt)]
#[structopt(name = "nfv-demo", about = "A VM fails, a host dies, a host is locked: watch the VIM heal")]
struct Arguments {
    /// Cluster file of the simulated cloud.
    #[structopt(long, parse(from_os_str))]
    cluster: PathBuf,
    /// Scenario file with the faults and what is expected.
    #[structopt(long, parse(from_os_str))]
    scenario: PathBuf,
    /// Keep everything running until Ctrl-C.
    #[structopt(long)]
    stay: bool,
    /// Keep state, configuration and logs here instead of in a temporary directory.
    #[structopt(long, parse(from_os_str))]
    directory: Option<PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let played = tokio::select! {
        played = play(&arguments) => played,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    match played {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("nfv-demo: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn play(arguments: &Arguments) -> anyhow::Result<bool> {
    let scenario = std::fs::read_to_string(&arguments.scenario)
        .with_context(|| format!("cannot read {}", arguments.scenario.display()))?;
    let mut site = Site::start(&Options {
        cluster: arguments.cluster.clone(),
        settings: configuration::quick(),
        directory: arguments.directory.clone(),
        lab_arguments: Vec::new(),
    })
    .await?;
    let (hosts, vms) = (site.cloud().hosts().await?, site.cloud().vms().await?);
    println!(
        "A simulated cloud of {} hosts and {} servers runs; nfv-vim starts with an empty database.",
        hosts.len(),
        vms.len()
    );
    let begun = Instant::now();
    site.start_vim()?;
    site.wait_until_known(LEARN_LIMIT).await?;
    println!(
        "After {:.1} s nfv-vim has enabled all hosts and knows all servers.\n",
        begun.elapsed().as_secs_f64()
    );

    let mut line = TimeLine::new(&site).await?;
    site.cloud().scenario(scenario).await?;
    let report = loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        site.check_vim()?;
        line.print_until(&site, Some(ORDERING)).await?;
        let report = site.cloud().report().await?;
        if report.finished {
            break report;
        }
    };
    let waiting = Instant::now();
    while !record::standing_alarms(&site.alarm_file()).is_empty() && waiting.elapsed() < ALARMS_LIMIT {
        tokio::time::sleep(Duration::from_millis(200)).await;
        line.print_until(&site, Some(ORDERING)).await?;
    }
    line.print_until(&site, None).await?;

    println!("\nWhat was expected");
    for expectation in &report.expectations {
        let mark = if expectation.standing == "met" { "yes" } else { "NO " };
        let why = expectation.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        println!("  {mark}  {}{why}", expectation.name);
    }
    let standing = record::standing_alarms(&site.alarm_file());
    let alarms = record::read(&site.alarm_file());
    let raised = alarms.iter().filter(|alarm| alarm.raised == Some(true)).count();
    println!("  {}  every alarm that was raised is cleared", if standing.is_empty() { "yes" } else { "NO " });
    for (alarm, entity) in &standing {
        println!("       still up: {alarm} of {entity}");
    }
    let ok = report.ok && standing.is_empty();
    println!(
        "\n{}: {} of {} expectations met, {raised} alarms raised, {} event logs written, in {:.0} s.",
        if ok { "All went well" } else { "Not all went well" },
        report.expectations.iter().filter(|expectation| expectation.standing == "met").count(),
        report.expectations.len(),
        site.events().len(),
        begun.elapsed().as_secs_f64(),
    );
    if arguments.stay {
        println!(
            "\nEverything keeps running; logs, database and configuration are in {}.",
            site.directory().display()
        );
        println!("End it with Ctrl-C.");
        std::future::pending::<()>().await;
    }
    site.stop_vim().await?;
    Ok(ok)
}

/// The story as it goes: the cloud's happenings, event logs and alarms in one order.
struct TimeLine {
    /// Wall clock of the lab's start.
    lab_start: jiff::Timestamp,
    start: jiff::Timestamp,
    last_happening: f64,
    events: usize,
    alarms: usize,
    /// Reason of each alarm raised, for its clearing.
    reasons: BTreeMap<String, String>,
    pending: Vec<(jiff::Timestamp, &'static str, String)>,
    color: bool,
}

impl TimeLine {
    async fn new(site: &Site) -> anyhow::Result<Self> {
        let now = jiff::Timestamp::now();
        // the journal tells both clocks
        let journal = site.cloud().journal(0).await?;
        let first = journal.first().context("the lab's journal is empty")?;
        let wall: jiff::Timestamp = first["time"].as_str().context("the journal has no time")?.parse()?;
        let at = first["at"].as_f64().context("the journal has no clock")?;
        let lab_start = wall - jiff::SignedDuration::from_secs_f64(at);
        Ok(Self {
            lab_start,
            start: now,
            last_happening: (now.duration_since(lab_start)).as_secs_f64(),
            events: site.events().len(),
            alarms: record::read(&site.alarm_file()).len(),
            reasons: BTreeMap::new(),
            pending: Vec::new(),
            color: std::io::stdout().is_terminal(),
        })
    }

    /// Prints what is older than `age`, in order; everything when none.
    async fn print_until(&mut self, site: &Site, age: Option<Duration>) -> anyhow::Result<()> {
        for Happening { at, kind, name, what } in site.cloud().happenings(self.last_happening).await? {
            if at > self.last_happening {
                self.last_happening = at;
            }
            let time = self.lab_start + jiff::SignedDuration::from_secs_f64(at);
            self.pending.push((time, "cloud", format!("{kind} {name}: {what}")));
        }
        let events = site.events();
        for event in events.iter().skip(self.events) {
            self.pending.push((
                timestamp(event.get("timestamp")),
                "log",
                event.get("reason_text").to_owned(),
            ));
        }
        self.events = events.len();
        let alarms = record::read(&site.alarm_file());
        for alarm in alarms.iter().skip(self.alarms) {
            let uuid = alarm.get("alarm-uuid").to_owned();
            if alarm.raised == Some(true) {
                let text = format!("{}: {}", alarm.get("alarm-type"), alarm.get("specific-problem-text"));
                self.pending.push((timestamp(alarm.get("created-timestamp")), "ALARM", text.clone()));
                self.reasons.insert(uuid, text);
            } else if let Some(text) = self.reasons.remove(&uuid) {
                // the record of a clearing has no time of its own
                self.pending.push((jiff::Timestamp::now(), "clear", text));
            }
        }
        self.alarms = alarms.len();
        self.pending.sort_by_key(|(time, _, _)| *time);
        let ripe = age.map(|age| jiff::Timestamp::now() - age);
        let count =
            self.pending.iter().take_while(|(time, _, _)| ripe.is_none_or(|ripe| *time <= ripe)).count();
        for (time, source, text) in self.pending.drain(..count) {
            let seconds = time.duration_since(self.start).as_secs_f64();
            let (on, off) = if self.color { (color(source), "\x1b[0m") } else { ("", "") };
            println!("{seconds:7.1} s  {on}{source:<5}{off}  {text}");
        }
        Ok(())
    }
}

/// Of a record's time; now when it has none.
fn timestamp(text: &str) -> jiff::Timestamp {
    format!("{}Z", text.replace(' ', "T")).parse().unwrap_or_else(|_| jiff::Timestamp::now())
}

const fn color(source: &str) -> &'static str {
    match source.as_bytes() {
        b"cloud" => "\x1b[36m",
        b"ALARM" => "\x1b[31m",
        b"clear" => "\x1b[32m",
        _ => "",
    }
}
