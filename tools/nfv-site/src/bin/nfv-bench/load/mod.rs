//! `nfv-bench load`: all processes of a large site under one load, with a fault every few seconds.
//!
//! ```text
//!   traffic, users, operators ──► nfv-vim-api, nova-api-proxy, dashboard ──► tally: right, honest, wrong
//!   faults ──► the cloud, guests, nfv-vim-api, broker                    ──► weather: what excuses an answer
//!   probe  ──► /proc of every process                                    ──► growth: flat or not
//!   afterwards: calm, or what is not as it should be
//! ```

mod caller;
mod calm;
mod chart;
mod cluster;
mod faults;
mod field;
mod growth;
mod hearts;
mod operators;
mod probe;
mod report;
mod tally;
mod traffic;
mod users;
mod weather;

use anyhow::Context as _;
use caller::{Caller, Context};
use cluster::Size;
use faults::{Deed, Faults};
use field::Field;
use operators::{Ledger, Operator, unlock};
use probe::Probe;
use serde_json::json;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use structopt::StructOpt;
use tally::Tally;
use tokio::sync::watch;
use tokio::task::JoinSet;
use weather::Weather;

/// The conductor looks so often at what is due.
const TURN: Duration = Duration::from_millis(250);
/// Guests follow their servers so often.
const FOLLOW: Duration = Duration::from_secs(1);
/// Processes are looked at so often.
const PROBE: Duration = Duration::from_secs(5);
/// Progress is told so often.
const TELL: Duration = Duration::from_secs(15);
/// Before the first and after the last fault.
const QUIET: Duration = Duration::from_secs(10);
/// Whoever is at work may take so long to end it.
const END: Duration = Duration::from_secs(900);
/// The site may take so long to become calm.
const CALM: Duration = Duration::from_secs(900);
/// Users beside those who only look.
const USERS: usize = 4;
/// Workers patched at once, as a part of all hosts.
const PARALLEL: u32 = 10;

/// The load test.
#[derive(Debug, StructOpt)]
pub struct Load {
    /// How long the load lasts.
    #[structopt(long, default_value = "30")]
    minutes: f64,
    /// Hosts of the site.
    #[structopt(long, default_value = "200")]
    hosts: u32,
    /// Servers of the site.
    #[structopt(long, default_value = "5000")]
    vms: u32,
    /// Of the faults, the cloud and what users and operators do.
    #[structopt(long, default_value = "1")]
    seed: u64,
    /// Seconds from one fault to the next.
    #[structopt(long, default_value = "10")]
    every: f64,
    /// Directory for load.csv, load.svg and load.txt.
    #[structopt(long, parse(from_os_str), default_value = "docs/measured")]
    out: PathBuf,
}

/// What there is at the end.
struct Outcome {
    size: Size,
    seconds: f64,
    servers: usize,
    weather: Weather,
    tally: Tally,
    ledger: Ledger,
    probe: Probe,
    /// What did not come to an end, or is not as it should be.
    troubles: Vec<String>,
    /// Until everything was calm.
    calm_after: Duration,
}

impl Load {
    /// Runs it, and writes and prints what came of it.
    ///
    /// # Errors
    /// It cannot be run, or what is expected of the processes is not so.
    pub async fn run(self) -> anyhow::Result<()> {
        let directory = tempfile::Builder::new()
            .prefix("nfv-load-")
            .disable_cleanup(std::env::var_os("NFV_BENCH_KEEP").is_some())
            .tempdir()?;
        let size = Size { hosts: self.hosts, vms: self.vms };
        eprintln!("{} hosts and {} servers are simulated; the processes start ...", self.hosts, self.vms);
        let begun = Instant::now();
        let mut field = Field::start(size, self.seed, directory.path()).await?;
        eprintln!("nfv-vim knows all after {:.0} s; the load begins.", begun.elapsed().as_secs_f64());
        let outcome = self.play(&mut field, size).await?;
        let report = report::write(&outcome, &mut field, &self.out)?;
        print!("{}", report.text);
        end(field).await?;
        anyhow::ensure!(report.is_well, "not all is as expected");
        Ok(())
    }

    async fn play(&self, field: &mut Field, size: Size) -> anyhow::Result<Outcome> {
        let vms = field.site.cloud().vms().await?;
        let names: Vec<String> = vms.iter().map(|vm| vm.name.clone()).collect();
        let (tell_over, over) = watch::channel(false);
        let (weather, tally, ledger) = (Weather::new(), Tally::default(), Ledger::default());
        let context = Context { weather: weather.clone(), tally: tally.clone(), over };
        let api = field.api.as_ref().context("nfv-vim-api does not run")?.client().clone();
        let proxy = field.proxy.client().clone();
        let mut random = fastrand::Rng::with_seed(self.seed);

        let mut tasks = traffic::start(&api, &proxy, &field.viewer, &vms, &context);
        let owned = vms.iter().filter(|vm| vm.name.starts_with("user-"));
        let owned: Vec<String> = owned.map(|vm| vm.uuid.clone()).collect();
        for share in owned.chunks(owned.len().div_ceil(USERS).max(1)) {
            tasks.spawn(users::live(Caller::new(&proxy, &context), share.to_vec(), random.fork()));
        }
        let parallel = (self.hosts / PARALLEL).clamp(2, 100);
        let cloud = field.site.cloud().clone();
        let caller = Caller::new(&api, &context);
        tasks.spawn(Operator::new(caller, cloud, ledger.clone(), random.fork(), parallel).work());

        let mut run = Run {
            probe: Probe::default(),
            due: Due::now(),
            context: context.clone(),
            ledger: ledger.clone(),
        };
        let victims = names.iter().filter(|name| !name.starts_with("user-")).cloned().collect();
        let mut faults = Faults::new(random.u64(..), weather.clone(), field.site.cloud().clone(), victims);
        let length = Duration::from_secs_f64(self.minutes * 60.0);
        run.storm(field, &mut faults, length, Duration::from_secs_f64(self.every)).await?;

        let seconds = weather.now();
        // those who are at work end it; no fault any more
        tell_over.send_replace(true);
        faults.end(true).await?;
        let mut troubles = run.finish(field, &mut tasks).await?;
        let ended = Instant::now();
        troubles.extend(run.calm_down(field, &names).await?);
        Ok(Outcome {
            size,
            seconds,
            servers: names.len(),
            weather,
            tally,
            ledger,
            probe: run.probe,
            troubles,
            calm_after: ended.elapsed(),
        })
    }
}

/// When what is done again and again is due.
struct Due {
    follow: Instant,
    probe: Instant,
    tell: Instant,
}

impl Due {
    fn now() -> Self {
        let now = Instant::now();
        Self { follow: now, probe: now, tell: now }
    }
}

/// The conductor: sees to guests, probe and progress while others work.
struct Run {
    probe: Probe,
    due: Due,
    context: Context,
    ledger: Ledger,
}

impl Run {
    async fn turn(&mut self, field: &mut Field, what: &str) -> anyhow::Result<()> {
        tokio::time::sleep(TURN).await;
        let now = Instant::now();
        let processes = field.processes()?;
        if now >= self.due.follow {
            self.due.follow = now + FOLLOW;
            field.follow().await?;
        }
        if now >= self.due.probe {
            self.due.probe = now + PROBE;
            self.probe.look(self.context.weather.now(), &processes);
        }
        if now >= self.due.tell {
            self.due.tell = now + TELL;
            self.tell(what);
        }
        Ok(())
    }

    fn tell(&self, what: &str) {
        let (right, honest, wrong) = self.context.tally.sums();
        let seconds = self.context.weather.now() as u64;
        eprintln!(
            "{:3}:{:02}  {what}; {} faults; answers: {right} right, {honest} honest, {wrong} wrong; \
             nfv-vim {:.0} MB; operator: {}",
            seconds / 60,
            seconds % 60,
            self.context.weather.all().len(),
            self.probe.memory("nfv-vim"),
            self.ledger.now(),
        );
    }

    /// The load with its faults.
    async fn storm(
        &mut self,
        field: &mut Field,
        faults: &mut Faults,
        length: Duration,
        every: Duration,
    ) -> anyhow::Result<()> {
        let begun = Instant::now();
        let mut next = begun + QUIET;
        let what = format!("of {:.0} minutes", length.as_secs_f64() / 60.0);
        while begun.elapsed() < length {
            self.turn(field, &what).await?;
            faults.end(false).await?;
            if Instant::now() >= next && begun.elapsed() + QUIET < length {
                next += every;
                match faults.strike(&field.hearts).await? {
                    Deed::Done => {}
                    Deed::Broker(time) => field.broker.go_away(time),
                    Deed::Api => field.restart_api().await?,
                }
            }
        }
        Ok(())
    }

    /// Waits until everybody has ended what they were at.
    async fn finish(&mut self, field: &mut Field, tasks: &mut JoinSet<()>) -> anyhow::Result<Vec<String>> {
        let begun = Instant::now();
        while !tasks.is_empty() && begun.elapsed() < END {
            self.turn(field, "the last ones end what they are at").await?;
            while let Some(ended) = tasks.try_join_next() {
                ended.context("one of those at work failed inside")?;
            }
        }
        let left = tasks.len();
        let text = format!("{left} users or operators have not come to an end: {}", self.ledger.now());
        Ok((left > 0).then_some(text).into_iter().collect())
    }

    /// Puts right what only an operator can, and waits until all is well; what is not, otherwise.
    async fn calm_down(&mut self, field: &mut Field, servers: &[String]) -> anyhow::Result<Vec<String>> {
        let cloud = field.site.cloud().clone();
        let begun = Instant::now();
        loop {
            for host in cloud.hosts().await? {
                if !host.alive && host.availability == "offline" && host.administrative == "unlocked" {
                    // refused while its power comes back by itself
                    let _ = cloud.act(&json!({"do": "host-recover", "host": host.name})).await;
                } else if host.administrative == "locked" && host.availability == "online" {
                    unlock(&cloud, &host.name).await?;
                }
            }
            let unrest = calm::unrest(field, servers).await?;
            if unrest.is_empty() || begun.elapsed() > CALM {
                return Ok(unrest);
            }
            let look = Instant::now() + PROBE;
            while Instant::now() < look {
                self.turn(field, &format!("waiting for calm: {}", unrest.join("; "))).await?;
            }
        }
    }
}

/// Ends all processes, and looks how they end.
async fn end(mut field: Field) -> anyhow::Result<()> {
    const LIMIT: Duration = Duration::from_secs(30);
    const VIM_ENDED: i32 = 143;
    let vim = field.site.stop_vim().await?.context("nfv-vim has ended before")?;
    anyhow::ensure!(vim.code() == Some(VIM_ENDED), "nfv-vim ended with {vim}");
    if let Some(api) = field.api.take() {
        let status = api.stop().await?;
        anyhow::ensure!(status.success(), "nfv-vim-api ended with {status}");
    }
    for process in [field.web.process(), field.proxy.process()].into_iter().chain(field.daemons.processes()) {
        let status = process.stop(LIMIT).await?;
        anyhow::ensure!(status.success(), "{} ended with {status}", process.name());
    }
    Ok(())
}
