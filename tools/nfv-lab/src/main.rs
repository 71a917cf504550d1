//! `nfv-lab`: runs a simulated StarlingX cloud, or writes a cluster file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use nfv_lab::config::{Amqp, ClusterFile};
use nfv_lab::generate;
use nfv_lab::lab::{Lab, Options};
use nfv_lab::scenario::{Scenario, run};
use structopt::StructOpt;
use tokio::signal::unix::{SignalKind, signal};

/// A simulated StarlingX cloud.
// Made once per process, so the size of the larger variant does not matter.
#[allow(clippy::large_enum_variant)]
#[derive(Debug, StructOpt)]
#[structopt(name = "nfv-lab")]
enum Arguments {
    /// Runs the cloud until SIGTERM, SIGINT or POST /shutdown
    Run(RunArguments),
    /// Prints a cluster file of the given size
    Generate {
        /// Number of hosts, two of them controllers
        #[structopt(long, default_value = "5")]
        hosts: u32,
        /// Number of servers
        #[structopt(long, default_value = "20")]
        vms: u32,
    },
}

#[derive(Debug, StructOpt)]
struct RunArguments {
    /// Cluster file (TOML)
    #[structopt(long, parse(from_os_str))]
    cluster: PathBuf,
    /// Scenario file (TOML), started once the lab is ready
    #[structopt(long, parse(from_os_str))]
    scenario: Option<PathBuf>,
    /// Journal file, one JSON line per request and notification
    #[structopt(long, parse(from_os_str))]
    journal: Option<PathBuf>,
    /// File that gets the ports of all services as JSON
    #[structopt(long, parse(from_os_str))]
    ports_file: Option<PathBuf>,
    /// File that is made when all services answer
    #[structopt(long, parse(from_os_str))]
    ready_file: Option<PathBuf>,
    /// File that gets the report of the scenario; standard output otherwise
    #[structopt(long, parse(from_os_str))]
    report: Option<PathBuf>,
    /// Keeps running after the scenario
    #[structopt(long)]
    stay: bool,
    /// First of eleven ports instead of the usual ones; 0 picks free ones
    #[structopt(long)]
    port_base: Option<u16>,
    /// Seed instead of the cluster file's
    #[structopt(long)]
    seed: Option<u64>,
    /// Speed instead of the cluster file's
    #[structopt(long)]
    speed: Option<f64>,
    /// host:port of the VIM's infrastructure listener
    #[structopt(long)]
    vim_infrastructure: Option<String>,
    /// host:port of the VIM's guest listener
    #[structopt(long)]
    vim_guest: Option<String>,
    /// host:port of the VIM's host listener
    #[structopt(long)]
    vim_listener: Option<String>,
    /// Broker that gets Nova's notifications, instead of the cluster file's
    #[structopt(long)]
    amqp_url: Option<String>,
    /// Port of the VIM's API in Keystone's catalog
    #[structopt(long)]
    vim_api_port: Option<u16>,
}

fn main() -> ExitCode {
    let outcome = match Arguments::from_args() {
        Arguments::Generate { hosts, vms } => {
            print!("{}", generate::cluster(hosts, vms));
            Ok(true)
        }
        Arguments::Run(arguments) => start(&arguments),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("nfv-lab: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn start(arguments: &RunArguments) -> anyhow::Result<bool> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(run_lab(arguments))
}

fn cluster(arguments: &RunArguments) -> anyhow::Result<ClusterFile> {
    let mut file = ClusterFile::load(&arguments.cluster)?;
    let set = |field: &mut String, value: &Option<String>| {
        if let Some(value) = value {
            field.clone_from(value);
        }
    };
    set(&mut file.vim.infrastructure, &arguments.vim_infrastructure);
    set(&mut file.vim.guest, &arguments.vim_guest);
    set(&mut file.vim.listener, &arguments.vim_listener);
    if let Some(url) = &arguments.amqp_url {
        file.amqp = Some(Amqp::new(url));
    }
    file.identity.vim_api_port = arguments.vim_api_port.unwrap_or(file.identity.vim_api_port);
    file.lab.port_base = arguments.port_base.or(file.lab.port_base);
    file.lab.seed = arguments.seed.unwrap_or(file.lab.seed);
    file.lab.speed = arguments.speed.unwrap_or(file.lab.speed);
    Ok(file)
}

/// True unless a scenario missed an expectation.
async fn run_lab(arguments: &RunArguments) -> anyhow::Result<bool> {
    let scenario = arguments.scenario.as_deref().map(Scenario::load).transpose()?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
    let lab = Lab::start(cluster(arguments)?, &Options { journal: arguments.journal.clone() })?;
    let shared = lab.shared().clone();
    let ports = serde_json::to_string(shared.ports()).context("cannot write the ports")?;
    if let Some(path) = &arguments.ports_file {
        write(path, &ports)?;
    }
    println!("lab ports {ports}");
    println!("lab ready");
    if let Some(path) = &arguments.ready_file {
        write(path, "ready\n")?;
    }
    let play = scenario
        .map(|scenario| run::start(&shared, scenario))
        .transpose()
        .map_err(|error| anyhow::anyhow!(error))?;
    let watched = play.clone();
    let watcher = shared.clone();
    let stay = arguments.stay;
    tokio::spawn(async move {
        let finished = async {
            match &watched {
                Some(play) if !stay => {
                    while !play.report().finished {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            () = finished => {}
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = watcher.stopped() => {}
        }
        watcher.stop();
    });
    lab.run().await;
    let Some(play) = play else { return Ok(true) };
    let report = play.report();
    let text = serde_json::to_string_pretty(&report).context("cannot write the report")?;
    match &arguments.report {
        Some(path) => write(path, &text)?,
        None => println!("{text}"),
    }
    Ok(report.ok)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
