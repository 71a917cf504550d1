//! `nfv-bench`: measures the processes at a large site.

mod load;

use anyhow::Context;
use nfv_site::{Api, Options, Site, api_load, configuration};
use nfv_vim_rpc::Request;
use nfv_vim_rpc::client::Client;
use nfv_vim_rpc::instance::Get;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};
use structopt::StructOpt;

/// Which benchmark.
// the names are those of the command line
#[allow(clippy::enum_variant_names)]
#[derive(Debug, StructOpt)]
#[structopt(name = "nfv-bench", about = "Measures the NFV processes at a large simulated site")]
enum Benchmark {
    /// A host with its servers dies: how long until the VIM has asked for the first and the last evacuation.
    VimHostFailure {
        /// Workers of the site.
        #[structopt(long, default_value = "200")]
        hosts: u32,
        /// Servers of the site.
        #[structopt(long, default_value = "10000")]
        vms: u32,
        /// Directory of the programs.
        #[structopt(long, parse(from_os_str))]
        binaries: PathBuf,
    },
    /// Nothing happens: how many requests an hour the VIM makes of each service, with the intervals as shipped.
    VimIdle {
        /// Workers of the site.
        #[structopt(long, default_value = "100")]
        hosts: u32,
        /// Servers of the site.
        #[structopt(long, default_value = "1000")]
        vms: u32,
        /// How long is counted, once the site is known.
        #[structopt(long, default_value = "600")]
        seconds: u64,
        /// Directory of the programs.
        #[structopt(long, parse(from_os_str))]
        binaries: PathBuf,
    },
    /// The REST API: GETs of several clients, start-up time, memory; beside the original if `NFV_ORIGINAL_VIM_API` is
    /// the command that starts it (`-c FILE` is added).
    VimApi {
        /// Workers of the site.
        #[structopt(long, default_value = "200")]
        hosts: u32,
        /// Servers of the site.
        #[structopt(long, default_value = "10000")]
        vms: u32,
        /// How long each row is measured.
        #[structopt(long, default_value = "5")]
        seconds: u64,
        /// Directory of the programs.
        #[structopt(long, parse(from_os_str))]
        binaries: PathBuf,
    },
    /// All processes under one load, a fault every few seconds: is anything lost, does anything grow?
    Load(load::Load),
    /// Draws what was measured beside what is promised: SPECIFICATION.md as a plot.
    Promises {
        /// The text with the figures.
        #[structopt(long, parse(from_os_str), default_value = "SPECIFICATION.md")]
        specification: PathBuf,
        /// What they were measured on, a file of some lines.
        #[structopt(long, parse(from_os_str), default_value = "docs/measured/machine.txt")]
        machine: PathBuf,
        /// The plot.
        #[structopt(long, parse(from_os_str), default_value = "docs/pictures/promises.svg")]
        out: PathBuf,
    },
}

fn main() -> ExitCode {
    let benchmark = Benchmark::from_args();
    let mut runtime = match benchmark {
        // guests that answer late would look dead
        Benchmark::Load(_) => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    match runtime.worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime.block_on(run(benchmark)),
        Err(error) => {
            eprintln!("nfv-bench: no runtime: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(benchmark: Benchmark) -> ExitCode {
    let result = match benchmark {
        Benchmark::Load(load) => load.run().await,
        Benchmark::Promises { specification, machine, out } => promises(&specification, &machine, &out),
        Benchmark::VimHostFailure { hosts, vms, binaries } => vim_host_failure(hosts, vms, &binaries).await,
        Benchmark::VimIdle { hosts, vms, seconds, binaries } => {
            vim_idle(hosts, vms, Duration::from_secs(seconds), &binaries).await
        }
        Benchmark::VimApi { hosts, vms, seconds, binaries } => {
            vim_api(hosts, vms, Duration::from_secs(seconds), &binaries).await
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("nfv-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn promises(specification: &Path, machine: &Path, out: &Path) -> anyhow::Result<()> {
    let read = |path: &Path| std::fs::read_to_string(path).with_context(|| format!("{}", path.display()));
    let (text, machine) = (read(specification)?, read(machine)?);
    let plot = nfv_site::promises::draw(&nfv_site::promises::read(&text), &machine);
    std::fs::write(out, plot).with_context(|| format!("{}", out.display()))
}

/// The directory of a run, with the cluster file of a site of this size.
fn prepare(hosts: u32, vms: u32, binaries: &Path) -> anyhow::Result<(tempfile::TempDir, PathBuf)> {
    let directory = tempfile::Builder::new()
        .prefix("nfv-bench-")
        .disable_cleanup(std::env::var_os("NFV_BENCH_KEEP").is_some())
        .tempdir()?;
    let cluster = directory.path().join("cluster.toml");
    let generated = Command::new(binaries.join("nfv-lab"))
        .args(["generate", "--hosts", &hosts.to_string(), "--vms", &vms.to_string()])
        .output()
        .context("cannot run nfv-lab generate")?;
    std::fs::write(&cluster, generated.stdout).context("cannot write the cluster file")?;
    Ok((directory, cluster))
}

async fn vim_idle(hosts: u32, vms: u32, time: Duration, binaries: &Path) -> anyhow::Result<()> {
    let (directory, cluster) = prepare(hosts, vms, binaries)?;
    let mut site = Site::start(&Options {
        cluster,
        settings: Vec::new(),
        directory: Some(directory.path().to_owned()),
        lab_arguments: Vec::new(),
    })
    .await?;
    eprintln!("{hosts} hosts and {vms} servers are simulated; nfv-vim starts with an empty database ...");
    site.start_vim()?;
    site.wait_until_known(Duration::from_secs(1200)).await?;
    let known = last_sequence(&site).await?;
    let learning = requests(&site, 0).await?;
    eprintln!("counting for {} s ...", time.as_secs());
    let begun = Instant::now();
    while begun.elapsed() < time {
        tokio::time::sleep((time - begun.elapsed()).min(Duration::from_secs(5))).await;
        site.check_vim()?;
    }
    let per_hour = 3600.0 / begun.elapsed().as_secs_f64();
    let counts = requests(&site, known).await?;
    println!("machine                                  {}", machine());
    println!("site                                     {hosts} hosts, {vms} servers, nothing happens");
    println!("tokens asked for before that             {}", learning[TOKENS]);
    println!("requests an hour, counted over {} s:", begun.elapsed().as_secs());
    for (service, count) in &counts {
        println!("  {service:<38} {:>8.0}", *count as f64 * per_hour);
    }
    println!("  {:<38} {:>8.0}", "all", counts.values().sum::<usize>() as f64 * per_hour);
    site.stop_vim().await?;
    Ok(())
}

async fn vim_api(hosts: u32, vms: u32, time: Duration, binaries: &Path) -> anyhow::Result<()> {
    let (directory, cluster) = prepare(hosts, vms, binaries)?;
    let mut site = Site::start(&Options {
        cluster,
        settings: Vec::new(),
        directory: Some(directory.path().to_owned()),
        lab_arguments: vec!["--speed".to_owned(), "20".to_owned()],
    })
    .await?;
    eprintln!("{hosts} hosts and {vms} servers are simulated; nfv-vim starts with an empty database ...");
    site.start_vim()?;
    site.wait_until_known(Duration::from_secs(1200)).await?;
    println!("machine                {}", machine());
    println!("site                   {hosts} hosts, {vms} servers; nfv-vim and the load on the same machine");
    let own = site.start_api().await?;
    measure_api("this", &own, time).await?;
    own.stop().await?;
    match std::env::var("NFV_ORIGINAL_VIM_API") {
        Ok(command) => {
            let command: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
            let original = site.start_other_api(&command, site.vim_ports().monitor + 1).await?;
            measure_api("original", &original, time).await?;
        }
        Err(_) => println!("original               absent (NFV_ORIGINAL_VIM_API is not set)"),
    }
    site.stop_vim().await?;
    Ok(())
}

async fn measure_api(name: &str, api: &Api, time: Duration) -> anyhow::Result<()> {
    let pid = api.pid().context("the API does not run")?;
    println!("{name:<22} open after {:.0} ms", api.started_in().as_secs_f64() * 1e3);
    let computes = "/api/virtualised-resources/computes";
    let (status, all) = api.ask("GET", computes, None).await?;
    anyhow::ensure!(status == 200, "the list of instances is answered with {status}");
    let uuid = all[0]["query_result"]["compute_id"].as_str().context("no instance is shown")?;
    let count = all.as_array().map_or(0, Vec::len);
    println!("{name:<22} memory {:.0} MB after one list of {count} instances", memory_mb(pid, "VmRSS")?);
    let one = format!("{computes}/{uuid}");
    let rows = [
        ("description /api", "/api"),
        ("one instance", one.as_str()),
        ("strategy (none)", "/api/orchestration/sw-patch/strategy"),
        ("all instances", computes),
    ];
    // the original has none
    let preview = [("preview of a lock", "/api/extensions/hosts/compute-0/preview")];
    let rows = rows.into_iter().chain(preview.into_iter().filter(|_| name == "this"));
    for (what, path) in rows {
        for clients in [1, 16, 64] {
            let load = match api_load::load(api, path, clients, time).await {
                Ok(load) => load,
                Err(error) => {
                    println!("{name:<10} {what:<18} {clients:>2} clients  failed: {error:#}");
                    continue;
                }
            };
            println!(
                "{name:<10} {what:<18} {clients:>2} clients {:>9.1}/s   p50 {:>9.2} ms   p99 {:>9.2} ms",
                load.per_second,
                load.at(0.5).as_secs_f64() * 1e3,
                load.at(0.99).as_secs_f64() * 1e3,
            );
        }
    }
    println!("{name:<22} peak memory {:.0} MB", memory_mb(pid, "VmHWM")?);
    Ok(())
}

/// Requests to Keystone for a token.
const TOKENS: &str = "keystone, tokens";

/// How many requests each service got after this place in the journal; for Keystone, those for tokens apart.
async fn requests(site: &Site, mut after: u64) -> anyhow::Result<BTreeMap<String, usize>> {
    let mut counts = BTreeMap::from([(TOKENS.to_owned(), 0)]);
    loop {
        let page = site.cloud().journal(after).await?;
        for entry in &page {
            after = after.max(entry["seq"].as_u64().unwrap_or(0));
            if entry["direction"] != "in" {
                continue;
            }
            let service = entry["service"].as_str().unwrap_or("unknown");
            let tokens = entry["path"].as_str().is_some_and(|path| path.ends_with("/auth/tokens"));
            let name = if tokens { TOKENS } else { service };
            *counts.entry(name.to_owned()).or_default() += 1;
        }
        if page.is_empty() {
            return Ok(counts);
        }
    }
}

async fn vim_host_failure(hosts: u32, vms: u32, binaries: &Path) -> anyhow::Result<()> {
    let (directory, cluster) = prepare(hosts, vms, binaries)?;
    let mut settings = configuration::quick();
    // nothing but what this measures: the failed host alone is healed
    settings.push(("instance-configuration", "recovery_audit_interval", "330".to_owned()));
    let mut site = Site::start(&Options {
        cluster,
        settings,
        directory: Some(directory.path().to_owned()),
        lab_arguments: vec!["--speed".to_owned(), "20".to_owned()],
    })
    .await?;
    eprintln!("{hosts} hosts and {vms} servers are simulated; nfv-vim starts with an empty database ...");
    let begun = Instant::now();
    site.start_vim()?;
    site.wait_until_known(Duration::from_secs(1200)).await?;
    let learned = begun.elapsed();
    let pid = site.vim_pid().context("nfv-vim does not run")?;
    let (calm_memory, calm_descriptors) = (memory_mb(pid, "VmRSS")?, descriptors(pid)?);

    let victims: Vec<_> = site.cloud().vms().await?.into_iter().collect();
    let host = victims.iter().find_map(|vm| vm.host.clone()).context("no server runs")?;
    let on_host = victims.iter().filter(|vm| vm.host.as_deref() == Some(host.as_str())).count();
    let last = last_sequence(&site).await?;
    eprintln!("{host} dies with {on_host} servers ...");
    site.cloud().act(&json!({"do": "host-fail", "host": host, "offline_after": 0.0})).await?;
    let begun = Instant::now();
    let journal = loop {
        // seldom: the cloud looks through all its servers for the answer, and the VIM would wait for it
        tokio::time::sleep(Duration::from_secs(10)).await;
        site.check_vim()?;
        let left =
            site.cloud().vms().await?.iter().filter(|vm| vm.host.as_deref() == Some(host.as_str())).count();
        if left == 0 {
            break site.cloud().journal(last).await?;
        }
        anyhow::ensure!(
            begun.elapsed() < Duration::from_secs(600),
            "{left} servers are still on {host} after 600 s"
        );
    };
    let story = Story::read(&journal, &host)?;
    anyhow::ensure!(
        story.evacuations.len() >= on_host,
        "only {} of {on_host} evacuations seen",
        story.evacuations.len()
    );
    let first = story.own_time(story.notified, story.evacuations[0]);
    let mut further: Vec<_> = story.further_decisions();
    further.sort_by(f64::total_cmp);
    let at =
        |share: f64| further.get(((further.len() as f64 - 1.0) * share) as usize).copied().unwrap_or(0.0);
    println!("machine                                  {}", machine());
    println!(
        "site                                     {hosts} hosts, {vms} servers, {on_host} of them on the host that died"
    );
    println!("learning the whole site from nothing     {:.1} s", learned.as_secs_f64());
    println!(
        "memory before the failure                {calm_memory:.0} MB resident, {calm_descriptors} descriptors"
    );
    println!(
        "peak memory                              {:.0} MB (wanted: under 150)",
        memory_mb(pid, "VmHWM")?
    );
    println!(
        "failure told to first evacuation asked   {:.1} ms",
        (story.evacuations[0] - story.notified) * 1e3
    );
    println!("  of it the VIM's own time               {:.2} ms (wanted: under 50)", first * 1e3);
    let end = story.evacuations.last().copied().unwrap_or(story.notified);
    println!(
        "failure told to last evacuation asked    {:.1} s, with {} at a time as configured",
        end - story.notified,
        1
    );
    println!(
        "own time of each further decision        median {:.2} ms, p99 {:.2} ms, max {:.2} ms (wanted: under 5)",
        at(0.5) * 1e3,
        at(0.99) * 1e3,
        at(1.0) * 1e3
    );
    site.stop_vim().await?;
    let (answered, known) = restart(&mut site).await?;
    println!(
        "started again with that database         {:.2} s until it answers a question for all {known} servers",
        answered.as_secs_f64()
    );
    site.stop_vim().await?;
    Ok(())
}

/// Starts the VIM with the database it has: how long until it answers, and how many servers it then tells of.
async fn restart(site: &mut Site) -> anyhow::Result<(Duration, usize)> {
    let address = SocketAddr::from(([127, 0, 0, 1], site.vim_ports().rpc));
    let client = Client::new(address, SocketAddr::from(([127, 0, 0, 1], 0)));
    let begun = Instant::now();
    site.start_vim()?;
    let mut answers = loop {
        match client.ask(&Request::GetInstance(Get::all()), Duration::from_secs(60)).await {
            Ok(answers) => break answers,
            Err(error) => {
                site.check_vim()?;
                anyhow::ensure!(begun.elapsed() < Duration::from_secs(60), "it does not answer: {error}");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    };
    let first = answers.next().await.context("no answer")?;
    let answered = begun.elapsed();
    let mut known = usize::from(first.is_some());
    while answers.next().await.context("no further answer")?.is_some() {
        known += 1;
    }
    Ok((answered, known))
}

/// What the journal tells of one failure; times in seconds of the lab's clock.
struct Story {
    /// The VIM was told that the host failed.
    notified: f64,
    /// Evacuation requests came in, in order.
    evacuations: Vec<f64>,
    /// Requests of the VIM in the cloud's hands: from, to.
    in_flight: Vec<(f64, f64)>,
    /// Questions about a server and their answers, in order of the questions.
    arrivals: Vec<(f64, f64)>,
}

impl Story {
    fn read(journal: &[Value], host: &str) -> anyhow::Result<Self> {
        let mut story =
            Self { notified: 0.0, evacuations: Vec::new(), in_flight: Vec::new(), arrivals: Vec::new() };
        for entry in journal {
            let at = entry["at"].as_f64().context("a journal entry has no time")?;
            let took = entry["duration_ms"].as_f64().unwrap_or(0.0) / 1e3;
            if entry["direction"] != "in" {
                let change = &entry["body"]["state-change"];
                let about = entry["body"]["hostname"] == host;
                if story.notified == 0.0 && about && change["operational"] == "disabled" {
                    story.notified = at;
                }
                continue;
            }
            story.in_flight.push((at, at + took));
            let path = entry["path"].as_str().unwrap_or_default();
            if path.ends_with("/action") && entry["body"].get("evacuate").is_some() {
                story.evacuations.push(at);
            } else if entry["service"] == "nova" && entry["method"] == "GET" && path.contains("/servers/") {
                story.arrivals.push((at, at + took));
            }
        }
        anyhow::ensure!(story.notified > 0.0, "the VIM was never told of the failure");
        anyhow::ensure!(!story.evacuations.is_empty(), "no evacuation was asked for");
        story.evacuations.sort_by(f64::total_cmp);
        story.arrivals.sort_by(|a, b| a.0.total_cmp(&b.0));
        story.in_flight.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(story)
    }

    /// Time between two moments in which no request of the VIM was in the cloud's hands.
    fn own_time(&self, from: f64, to: f64) -> f64 {
        let mut own = 0.0;
        let mut at = from;
        for (start, end) in self.in_flight.iter().filter(|(start, end)| *end > from && *start < to) {
            if *start > at {
                own += start - at;
            }
            at = at.max(*end);
        }
        own + (to - at).max(0.0)
    }

    /// For each evacuation but the first: how long after the answer that let it go.
    fn further_decisions(&self) -> Vec<f64> {
        self.evacuations
            .iter()
            .skip(1)
            .filter_map(|asked| {
                let (_, answered) = self.arrivals.iter().rfind(|(question, _)| question < asked)?;
                Some((asked - answered).max(0.0))
            })
            .collect()
    }
}

async fn last_sequence(site: &Site) -> anyhow::Result<u64> {
    let mut last = 0;
    loop {
        let page = site.cloud().journal(last).await?;
        match page.last().and_then(|entry| entry["seq"].as_u64()) {
            Some(seq) if seq > last => last = seq,
            _ => return Ok(last),
        }
    }
}

fn memory_mb(pid: u32, field: &str) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("nfv-vim is gone")?;
    let line = status.lines().find(|line| line.starts_with(field)).context("no memory figures")?;
    let kilobytes: f64 = line.split_whitespace().nth(1).context("no memory figure")?.parse()?;
    Ok(kilobytes / 1024.0)
}

fn descriptors(pid: u32) -> anyhow::Result<usize> {
    Ok(std::fs::read_dir(format!("/proc/{pid}/fd")).context("nfv-vim is gone")?.count())
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        info.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split(':').nth(1));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{cores} cores,{}", model.unwrap_or(" unknown processor"))
}
