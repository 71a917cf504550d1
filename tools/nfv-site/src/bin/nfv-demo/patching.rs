//! A patch for all hosts: sw-manager has a strategy built, applied and deleted through the VIM's REST API.

use crate::show::Show;
use crate::time_line::Source;
use crate::verdicts::Found;
use anyhow::Context;
use nfv_site::Running;
use serde_json::{Value, json};
use std::time::Duration;

const PATCH: &str = "PATCH_0001";
const OPTIONS: [&str; 8] = [
    "--controller-apply-type",
    "serial",
    "--worker-apply-type",
    "parallel",
    "--max-parallel-worker-hosts",
    "2",
    "--instance-action",
    "migrate",
];
const WATCH: [&str; 3] = ["--watch", "--watch-interval", "1"];
/// A command may take this long.
const LIMIT: Duration = Duration::from_secs(300);
/// So many hosts or servers of a step are named.
const NAMED: usize = 4;
/// What sw-manager says is looked at for this long at a time.
const GLANCE: Duration = Duration::from_millis(2);

/// Plays it.
pub async fn play(show: &mut Show) -> anyhow::Result<()> {
    show.deed(format!("an operator applies {PATCH}, for which hosts must be locked"));
    let patch = json!({"do": "patch-apply", "patch": PATCH, "reboot_required": true});
    show.site.cloud().act(&patch).await?;
    let (actions, journal) = (show.actions().await?, last_entry(show).await?);

    show.deed("sw-manager patch-strategy create");
    let outcome = command(show, "create", &[&OPTIONS[..], &WATCH[..]].concat()).await?;
    show.note("a strategy was built", is_in_state(&outcome, "ready-to-apply"), || outcome.to_string());
    show.deed("sw-manager patch-strategy apply");
    let outcome = command(show, "apply", &WATCH).await?;
    show.note("it was applied", is_in_state(&outcome, "applied"), || outcome.to_string());

    let hosts = show.site.cloud().hosts().await?;
    let mut installed = installations(&show.site.cloud().journal(journal).await?);
    installed.sort();
    let mut names: Vec<_> = hosts.iter().map(|host| host.name.clone()).collect();
    names.sort();
    show.note("each host installed the patch, once", installed == names, || format!("{installed:?}"));
    let servers = show.site.cloud().history().await?;
    let down: Vec<_> = servers[actions..]
        .iter()
        .filter(|action| action.action != "live-migrate")
        .map(|action| format!("{} of {}", action.action, action.name))
        .collect();
    show.note("no server was down for it", down.is_empty(), || format!("{down:?}"));
    show.deed("sw-manager patch-strategy delete");
    let outcome = command(show, "delete", &[]).await?;
    show.note("it was deleted", outcome["outcome"] == "success", || outcome.to_string());
    show.expect("every host is in service, with the patch", LIMIT, async |show| {
        let hosts = show.site.cloud().hosts().await?;
        let away = hosts.iter().find(|host| {
            (host.administrative.as_str(), host.availability.as_str()) != ("unlocked", "available")
        });
        Ok(away.map_or(Found::Met, |host| {
            Found::Not(format!("{} is {} {}", host.name, host.administrative, host.availability))
        }))
    })
    .await
}

/// Runs a command of sw-manager; its progress is part of the story. Gives how it ended.
async fn command(show: &mut Show, name: &str, options: &[&str]) -> anyhow::Result<Value> {
    let mut running = show.site.sw_manager().patch_strategy(name, options)?;
    let followed = tokio::time::timeout(LIMIT, follow(show, &mut running, name)).await;
    followed.with_context(|| format!("sw-manager {name} is not over after {} s", LIMIT.as_secs()))?
}

async fn follow(show: &mut Show, running: &mut Running, name: &str) -> anyhow::Result<Value> {
    loop {
        while let Ok(line) = tokio::time::timeout(GLANCE, running.line()).await {
            let line = line?.with_context(|| format!("sw-manager {name} ended without a word"))?;
            if !line["outcome"].is_null() {
                return Ok(line);
            }
            show.line.tell(Source::Patch, in_words(&line["progress"]));
        }
        show.go_on().await?;
    }
}

/// How far a strategy is.
fn in_words(progress: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut words = format!("{} {} %", text(&progress["phase"]), progress["percent"]);
    for part in ["stage", "step"] {
        let of = &progress[part];
        if of.is_object() {
            words.push_str(&format!(", {part} {} of {} {}", of["number"], of["total"], text(&of["name"])));
        }
    }
    let entities: Vec<_> = progress["entities"].as_array().into_iter().flatten().map(text).collect();
    match entities.len() {
        0 => words,
        count if count <= NAMED => format!("{words}: {}", entities.join(", ")),
        count => format!("{words}: {} and {} more", entities[..NAMED].join(", "), count - NAMED),
    }
}

fn is_in_state(outcome: &Value, state: &str) -> bool {
    outcome["outcome"] == "success" && outcome["strategy"]["state"] == state
}

async fn last_entry(show: &Show) -> anyhow::Result<u64> {
    let journal = show.site.cloud().journal(0).await?;
    journal.last().and_then(|entry| entry["seq"].as_u64()).context("the lab's journal is empty")
}

/// Hosts on which the patching controller was asked to install.
fn installations(journal: &[Value]) -> Vec<String> {
    let asked = journal.iter().filter(|entry| entry["service"] == "patching" && entry["method"] == "POST");
    let host = |entry: &Value| {
        entry["path"].as_str()?.split_once("host_install_async/").map(|(_, host)| host.to_owned())
    };
    asked.filter_map(host).collect()
}
