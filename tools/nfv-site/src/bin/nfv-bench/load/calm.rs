//! Whether the site is calm: everything there, everything well, nothing under way.

use super::field::Field;
use super::operators::is_in_service;
use nfv_site::record;
use serde_json::Value;

/// Of each kind of trouble, so many are named.
const NAMED: usize = 3;
/// Places of values in the dashboard's row of an instance.
const NAME: usize = 1;
const CONDITION: usize = 3;

fn some(what: &str, names: &[String]) -> Option<String> {
    let shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    (!names.is_empty()).then(|| format!("{} {what}: {shown}", names.len()))
}

/// All that is not as it should be; `servers` are the names of all that there must be.
pub async fn unrest(field: &Field, servers: &[String]) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    let cloud = field.site.cloud();
    let (vms, hosts) = (cloud.vms().await?, cloud.hosts().await?);
    let gone: Vec<_> =
        servers.iter().filter(|name| !vms.iter().any(|vm| vm.name == **name)).cloned().collect();
    found.extend(some("servers are lost", &gone));
    let ill = vms.iter().filter(|vm| vm.vm_state != "active" || vm.task_state.is_some() || !vm.runs);
    let ill: Vec<_> = ill.map(|vm| format!("{} {} {:?}", vm.name, vm.vm_state, vm.task_state)).collect();
    found.extend(some("servers are not active", &ill));
    let away = hosts.iter().filter(|host| !is_in_service(host));
    let away: Vec<_> = away
        .map(|host| {
            let (name, admin, avail) = (&host.name, &host.administrative, &host.availability);
            format!("{name} {admin} {avail}, VIM: {}", host.vim_progress)
        })
        .collect();
    found.extend(some("hosts are not in service", &away));
    let alarms: Vec<_> = cloud.alarms().await?.iter().map(|alarm| alarm["alarm_id"].to_string()).collect();
    found.extend(some("alarms of the platform stand", &alarms));
    let standing = record::standing_alarms(&field.site.alarm_file());
    let standing: Vec<_> = standing.into_iter().map(|(kind, entity)| format!("{kind} of {entity}")).collect();
    found.extend(some("alarms of nfv-vim stand", &standing));

    let (_, state) = field.viewer.ask("GET", "/console/api/state", None).await?;
    let rows = |key: &str| state[key].as_array().cloned().unwrap_or_default();
    let instances = rows("instances");
    if instances.len() != servers.len() {
        found.push(format!("nfv-vim knows {} of {} servers", instances.len(), servers.len()));
    }
    let words = |row: &Value, at: usize| row[at].as_str().unwrap_or_default().to_owned();
    let ill = instances.iter().filter(|row| row[CONDITION] != "running");
    let ill: Vec<_> = ill.map(|row| format!("{} {}", words(row, NAME), words(row, CONDITION))).collect();
    found.extend(some("servers do not run for nfv-vim", &ill));
    let ill = rows("hosts").into_iter().filter(|host| host["condition"] != "in-service");
    let ill: Vec<_> = ill.map(|host| format!("{} {}", host["name"], host["condition"])).collect();
    found.extend(some("hosts are not in service for nfv-vim", &ill));
    if !rows("strategies").is_empty() {
        found.push("there is a strategy".to_owned());
    }
    let (_, metrics) = field.monitor.ask("GET", "/metrics", None).await?;
    let waits = metric(metrics.as_str().unwrap_or_default(), "nfv_vim_waits");
    if waits != Some(0) {
        found.push(format!("of what nfv-vim does, {waits:?} wait"));
    }
    Ok(found)
}

/// The value of a metric without labels.
fn metric(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_found_by_its_whole_name() {
        let text = "# TYPE nfv_vim_waits gauge\nnfv_vim_waits_all 7\nnfv_vim_waits 3\n# EOF\n";
        assert_eq!(metric(text, "nfv_vim_waits"), Some(3));
        assert_eq!(metric(text, "nfv_vim"), None);
    }

    #[test]
    fn trouble_is_named_in_part() {
        let names = ["a", "b", "c", "d"].map(str::to_owned);
        assert_eq!(some("are lost", &names).as_deref(), Some("4 are lost: a, b, c"));
        assert_eq!(some("are lost", &[]), None);
    }
}
