//! What the end-to-end tests share: an incident at a small site, with the VIM killed and started again meanwhile,
//! and what the cloud looks like in the end.

use anyhow::{Context, bail};
use nfv_site::{Host, Options, Site, Vm, configuration, record};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long an incident may take until everything is well again.
const HEAL_LIMIT: Duration = Duration::from_secs(180);

/// Counts of the actions that the VIM asked Nova for, by server and action.
pub type Actions = BTreeMap<(String, String), usize>;

/// An incident: what happens, and when it is over.
pub struct Incident {
    /// What is done to the cloud.
    pub deeds: Vec<Value>,
    /// True once the cloud is as it should be.
    pub healed: fn(&[Host], &[Vm]) -> bool,
}

/// How the site looks when the incident is over.
#[derive(Debug, PartialEq, Eq)]
pub struct EndState {
    /// State of each server.
    pub servers: BTreeMap<String, String>,
    /// Administrative and operational state of each host.
    pub hosts: BTreeMap<String, (String, String)>,
    /// Alarms that are still up.
    pub alarms: Vec<(String, String)>,
    /// What Nova was asked to do.
    pub actions: Actions,
}

/// Plays an incident at a small site. The VIM is killed, as `kill -9` does, at each of these times after the
/// incident began, and started again at once.
///
/// # Errors
/// The site does not come up, or the incident is not over in time.
pub async fn play(incident: &Incident, kills: &[Duration]) -> anyhow::Result<EndState> {
    let cluster = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("clusters/small.toml");
    let options =
        Options { cluster, settings: configuration::quick(), directory: None, lab_arguments: Vec::new() };
    let mut site = Site::start(&options).await?;
    site.start_vim()?;
    site.wait_until_known(Duration::from_secs(60)).await?;
    for deed in &incident.deeds {
        site.cloud().act(deed).await?;
    }
    let begun = Instant::now();
    for kill in kills {
        tokio::time::sleep(kill.saturating_sub(begun.elapsed())).await;
        site.kill_vim().await?;
        site.start_vim()?;
    }
    loop {
        site.check_vim()?;
        let (hosts, vms) = (site.cloud().hosts().await?, site.cloud().vms().await?);
        if (incident.healed)(&hosts, &vms) && record::standing_alarms(&site.alarm_file()).is_empty() {
            break;
        }
        if begun.elapsed() > HEAL_LIMIT {
            let alarms = record::standing_alarms(&site.alarm_file());
            bail!(
                "not over after {} s: {vms:?} {hosts:?} {alarms:?}\n{}",
                HEAL_LIMIT.as_secs(),
                site.tail("vim.out")
            );
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    // whatever would be done a second time has time to be done
    tokio::time::sleep(Duration::from_secs(8)).await;
    let end = end_state(&site).await?;
    site.stop_vim().await?;
    Ok(end)
}

async fn end_state(site: &Site) -> anyhow::Result<EndState> {
    let vms = site.cloud().vms().await?;
    let hosts = site.cloud().hosts().await?;
    Ok(EndState {
        actions: actions(&site.cloud().journal(0).await?, &vms)?,
        servers: vms.into_iter().map(|vm| (vm.name, vm.vm_state)).collect(),
        hosts: hosts.into_iter().map(|host| (host.name, (host.administrative, host.operational))).collect(),
        alarms: record::standing_alarms(&site.alarm_file()),
    })
}

/// The moving and healing actions that Nova took; setting to error is not one of them.
fn actions(journal: &[Value], vms: &[Vm]) -> anyhow::Result<Actions> {
    let mut actions = Actions::new();
    for entry in journal {
        let path = entry["path"].as_str().unwrap_or_default();
        if entry["service"] != "nova" || entry["status"] != 202 || !path.ends_with("/action") {
            continue;
        }
        let uuid = path.rsplit('/').nth(1).context("an action without a server")?;
        let vm = vms.iter().find(|vm| vm.uuid == uuid).context("an action on an unknown server")?;
        let body = entry["body"].as_object().context("an action without a body")?;
        for action in body.keys().filter(|action| *action != "os-resetState") {
            *actions.entry((vm.name.clone(), action.clone())).or_default() += 1;
        }
    }
    Ok(actions)
}
