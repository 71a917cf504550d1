//! `nfv-demo`: all processes of a site, an incident, a guest without heartbeat, a user, a patch for all hosts; told as
//! a time line.

mod accounts;
mod heart;
mod incident;
mod page;
mod patching;
mod show;
mod time_line;
mod user;
mod verdicts;

use anyhow::Context;
use nfv_site::record;
use show::Show;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
use structopt::StructOpt;
use tokio::signal::unix::{SignalKind, signal};

/// Options of the demonstration.
#[derive(Debug, StructOpt)]
#[structopt(
    name = "nfv-demo",
    about = "A VM fails, a host dies, a guest's heart stops, all hosts are patched: watch the VIM heal"
)]
struct Arguments {
    /// Cluster file of the simulated cloud.
    #[structopt(long, parse(from_os_str))]
    cluster: PathBuf,
    /// Scenario file with the faults of the incident and what is expected.
    #[structopt(long, parse(from_os_str))]
    scenario: PathBuf,
    /// Keep everything running until Ctrl-C.
    #[structopt(long)]
    stay: bool,
    /// Keep state, configuration and logs here instead of in a temporary directory.
    #[structopt(long, parse(from_os_str))]
    directory: Option<PathBuf>,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    // Ctrl-C at a terminal reaches the processes of the site, too: that one of them has ended is no news then
    let played = tokio::select! {
        biased;
        _ = told_to_end() => Err(anyhow::anyhow!("interrupted")),
        played = play(&arguments) => played,
    };
    let played = match played {
        Ok((show, ok)) => finish(show, arguments.stay).await.map(|()| ok),
        Err(error) => Err(error),
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

/// Whoever ends this program ends the processes of its site with it.
async fn told_to_end() -> anyhow::Result<()> {
    let mut terminated = signal(SignalKind::terminate())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    tokio::select! {
        told = tokio::signal::ctrl_c() => told?,
        _ = terminated.recv() => {}
        _ = hung_up.recv() => {}
    }
    Ok(())
}

/// Plays the whole story; true when all was as expected.
async fn play(arguments: &Arguments) -> anyhow::Result<(Show, bool)> {
    let scenario = std::fs::read_to_string(&arguments.scenario)
        .with_context(|| format!("cannot read {}", arguments.scenario.display()))?;
    let begun = Instant::now();
    let mut show = Show::start(&arguments.cluster, arguments.directory.clone()).await?;
    show.chapter("A server crashes, a host dies, another one is locked and unlocked").await?;
    incident::play(&mut show, scenario).await?;
    show.chapter("A guest's heart stops").await?;
    heart::play(&mut show).await?;
    show.chapter("A user stops and starts a server through nova-api-proxy").await?;
    user::play(&mut show).await?;
    show.chapter("All hosts get a patch").await?;
    patching::play(&mut show).await?;
    accounts::play(&mut show).await?;

    show.verdicts.print();
    let (ok, met, count) = show.verdicts.count();
    let alarms = record::read(&show.site.alarm_file());
    println!(
        "\n{}: {met} of {count} expectations met, {} alarms raised, {} event logs written, in {:.0} s.",
        if ok { "All went well" } else { "Not all went well" },
        alarms.iter().filter(|alarm| alarm.raised == Some(true)).count(),
        show.site.events().len(),
        begun.elapsed().as_secs_f64(),
    );
    Ok((show, ok))
}

/// Ends everything: at once, or at Ctrl-C.
async fn finish(mut show: Show, stay: bool) -> anyhow::Result<()> {
    if !stay {
        return show.end().await;
    }
    println!(
        "\nEverything keeps running: the dashboard at {}/, Nova's API at http://127.0.0.1:{}/ (nova-api-proxy),\n\
         the VIM's at http://127.0.0.1:{}/; logs, database and configuration are in {}.\nEnd it with Ctrl-C.",
        show.web.url(),
        show.proxy.port(),
        show.api.port(),
        show.site.directory().display()
    );
    let go_on = async {
        loop {
            if let Err(error) = show.go_on().await {
                return error;
            }
        }
    };
    tokio::select! {
        biased;
        told = told_to_end() => told,
        error = go_on => Err(error),
    }
}
