//! vim-behaviour 6.2, 6.3: objects asked for one by one, and what is told when that is slow.

use crate::audit_cycle::{list, until};
use crate::case::{Case, Elsewhere};
use crate::objects::{flavor, volume};
use crate::rig::{Rig, Setup, hypervisor, refused, server};
use nfv_nfvi::answer::Paged;
use nfv_nfvi::object::{Hypervisor, HypervisorStatistics, InstanceType, InstanceTypeDetails};
use nfv_nfvi::{Answer, Pool};

pub const ELSEWHERE: &[Elsewhere] = &[];

fn ids(uuids: &[&str]) -> Paged<(String, String)> {
    Paged { entries: uuids.iter().map(|uuid| ((*uuid).to_owned(), String::new())).collect(), next: None }
}

fn count(rig: &Rig, beginning: &str) -> usize {
    rig.out().iter().filter(|call| call.starts_with(beginning)).count()
}

/// Nothing is given up for want of an answer.
fn patient(setup: Setup) -> Rig {
    setup.config(|config| config.turn_limit = crate::sim::secs(3600)).start()
}

const SIX: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// At most four questions are out; an answer makes room, at the next tick or (never seen) at once. Two are with Nova,
/// the others wait for a worker.
fn instances_four_outstanding() {
    let mut rig = patient(Setup::new().host("h1", "enabled"));
    rig.nova_answers = false;
    list(&mut rig, "Compute(GetInstances", Answer::InstanceIds(ids(&SIX)));
    let asked = |rig: &Rig| -> Vec<String> {
        rig.out().into_iter().filter(|call| call.starts_with("instance ")).collect()
    };
    assert_eq!(asked(&rig), ["instance a", "instance b"], "oldest first, two workers");
    assert_eq!(rig.vim.open_calls(), 4);
    for uuid in SIX {
        rig.answer(&format!("instance {uuid}"), Ok(Answer::Instance(Box::new(server(uuid, "h1")))));
        assert!(rig.has_instance(uuid), "unknown: a new object");
    }
}

fn instances_every_ten_seconds() {
    let mut rig = Setup::new().host("h1", "enabled").start();
    for uuid in SIX {
        rig.servers.insert(uuid.to_owned(), server(uuid, "h1"));
    }
    list(&mut rig, "Compute(GetInstances", Answer::InstanceIds(ids(&SIX)));
    rig.run(30);
    assert_eq!(rig.vim.instances().count(), 6);
    // known ones: four at a tick, the rest at the next one
    rig.nova_answers = false;
    list(&mut rig, "Compute(GetInstances", Answer::InstanceIds(ids(&SIX)));
    let mut when = Vec::new();
    for _ in 0..40 {
        rig.run(1);
        for call in rig.out().into_iter().filter(|call| call.starts_with("instance ")) {
            let uuid = call.trim_start_matches("instance ").to_owned();
            rig.answer(&call, Ok(Answer::Instance(Box::new(server(&uuid, "h1")))));
            when.push(rig.now);
        }
        if when.len() >= 6 {
            break;
        }
    }
    assert_eq!(when[4].since(when[0]).as_secs(), 10, "{when:?}");
}

/// A state change while the question is out: the answer is older, and the instance is asked for again.
fn stale_answer() {
    let mut rig = Setup::new().host("h1", "enabled").start();
    rig.add(server("vm-1", "h1"));
    rig.nova_answers = false;
    list(&mut rig, "Compute(GetInstances", Answer::InstanceIds(ids(&["vm-1"])));
    until(&mut rig, "instance vm-1");
    let stale = rig.servers["vm-1"].clone();
    rig.nova("vm-1", "stopped", "none", "shutdown");
    rig.answer("instance vm-1", Ok(Answer::Instance(Box::new(stale))));
    assert_eq!(rig.instance("vm-1").nfvi.nfvi_data.vm_state, "stopped");
    assert_eq!(count(&rig, "instance vm-1"), 1, "asked again");
}

fn deleted_instance_is_skipped() {
    let mut rig = Setup::new().host("h1", "enabled").start();
    rig.add(server("vm-1", "h1"));
    rig.nova_answers = false;
    list(&mut rig, "Compute(GetInstances", Answer::InstanceIds(ids(&["vm-1"])));
    assert_eq!(count(&rig, "instance vm-1"), 0, "it waits for the next tick");
    rig.nova("vm-1", "deleted", "none", "shutdown");
    rig.run(12);
    assert_eq!(count(&rig, "instance vm-1"), 0);
}

fn with_statistics(uuid: usize, host: &str) -> Hypervisor {
    let statistics = HypervisorStatistics {
        vcpus_used: 3.0,
        vcpus_max: 8.0,
        mem_used_mb: 1.0,
        mem_free_mb: 2.0,
        mem_max_mb: 3.0,
        disk_used_gb: 4.0,
        disk_max_gb: 5.0,
        running_vms: 6.0,
    };
    Hypervisor { statistics: Some(statistics), ..hypervisor(uuid, host, true) }
}

fn hypervisors_one_a_tick() {
    let mut rig = Setup::new().host("h1", "enabled").host("h2", "enabled").start();
    let both = vec![hypervisor(1, "h1", true), hypervisor(2, "h2", true)];
    list(&mut rig, "Compute(GetHypervisors", Answer::Hypervisors(both));
    let mut when = Vec::new();
    for (number, host) in [(1, "h1"), (2, "h2")] {
        let call = format!("nova: hypervisor {number}");
        while count(&rig, &call) == 0 {
            rig.run(1);
        }
        when.push(rig.now);
        assert_eq!(count(&rig, "nova: hypervisor"), 1, "one per tick");
        rig.answer(&call, Ok(Answer::Hypervisor(with_statistics(number, host))));
        let row = &rig.store.snapshot().hypervisors[number - 1];
        assert_eq!((row.stats_available, row.vcpus_used, row.running_instances), (true, 3, 6));
    }
    assert_eq!(when[1].since(when[0]).as_secs(), 4);
    // the listing, which has no statistics, does not take them away
    let both = vec![hypervisor(1, "h1", true), hypervisor(2, "h2", true)];
    list(&mut rig, "Compute(GetHypervisors", Answer::Hypervisors(both));
    assert_eq!(rig.vim.hypervisors().filter(|hypervisor| hypervisor.statistics.is_some()).count(), 2);
}

fn flavors_four_outstanding() {
    let mut rig = patient(Setup::new());
    let page = Paged { entries: SIX.iter().map(|uuid| flavor(uuid)).collect(), next: None };
    list(&mut rig, "Compute(GetInstanceTypes", Answer::InstanceTypes(page));
    let call = |uuid: &str| format!("Compute(GetInstanceType {{ uuid: {uuid:?}");
    rig.listings_refused = true;
    rig.run(2);
    for uuid in &SIX[..4] {
        let details = InstanceTypeDetails { vcpus: 4, ..InstanceTypeDetails::default() };
        let shown = InstanceType { details: Some(details), ..flavor(uuid) };
        rig.answer(&call(uuid), Ok(Answer::InstanceType(shown)));
    }
    assert_eq!(count(&rig, "Compute(GetInstanceType {"), 0, "four were out");
    let row = &rig.store.snapshot().instance_types[0];
    assert!(row.have_details && row.vcpus == 4, "the reply replaces the object");
    rig.run(2);
    for uuid in &SIX[4..] {
        rig.answer(&call(uuid), refused("no"));
    }
    assert_eq!(rig.vim.instance_types().filter(|flavor| flavor.details.is_some()).count(), 4);
}

/// A flavor that was deleted while it was asked for does not come back.
fn deleted_flavor() {
    let mut rig = patient(Setup::new());
    let page =
        |uuids: &[&str]| Paged { entries: uuids.iter().map(|uuid| flavor(uuid)).collect(), next: None };
    list(&mut rig, "Compute(GetInstanceTypes", Answer::InstanceTypes(page(&["a", "b"])));
    rig.run(4);
    let call = "Compute(GetInstanceType { uuid: \"a\"";
    assert_eq!(count(&rig, call), 1);
    rig.answer("Compute(GetInstanceType { uuid: \"b\"", refused("no"));
    list(&mut rig, "Compute(GetInstanceTypes", Answer::InstanceTypes(page(&["b"])));
    rig.answer(call, Ok(Answer::InstanceType(flavor("a"))));
    assert_eq!(rig.vim.instance_types().map(|flavor| flavor.uuid.as_str()).collect::<Vec<_>>(), ["b"]);
}

fn volumes_four_outstanding() {
    let mut rig = Setup::new().start();
    list(&mut rig, "BlockStorage(GetVolumes ", Answer::VolumeIds(ids(&SIX)));
    rig.run(12);
    let call = "BlockStorage(GetVolume {";
    assert_eq!(count(&rig, call), 1, "one worker");
    let mut when = Vec::new();
    for uuid in SIX {
        let call = format!("{call} uuid: {uuid:?}");
        while count(&rig, &call) == 0 {
            rig.run(1);
            for out in
                rig.out().into_iter().filter(|out| out.contains("GetVolumes ") || out.contains("Snapshots"))
            {
                rig.nok(&out, "no");
            }
        }
        when.push(rig.now);
        rig.answer(&call, Ok(Answer::Volume(volume(uuid))));
    }
    assert_eq!(rig.store.snapshot().volumes.len(), 6);
    let waited: Vec<_> = when.iter().map(|at| at.since(when[0]).as_secs()).collect();
    assert!(waited[3] < 10 && waited[4] >= 8 && waited[4] <= 10, "four, then four 10 s later: {waited:?}");
}

fn deleted_volume() {
    let mut rig = Setup::new().start();
    list(&mut rig, "BlockStorage(GetVolumes ", Answer::VolumeIds(ids(&["a", "b"])));
    let call = "BlockStorage(GetVolume { uuid: \"a\"";
    until(&mut rig, call);
    rig.answer(call, Ok(Answer::Volume(volume("a"))));
    until(&mut rig, "BlockStorage(GetVolume { uuid: \"b\"");
    rig.nok("BlockStorage(GetVolume {", "no");
    list(&mut rig, "BlockStorage(GetVolumes ", Answer::VolumeIds(ids(&["a", "b"])));
    until(&mut rig, call);
    rig.answer(call, refused("no"));
    assert_eq!(rig.vim.volumes().count(), 1, "a refusal changes nothing");
}

/// Without the plugin nothing of it is ever asked for, and nothing of what the database has is lost.
fn without_plugins() {
    let disabled = [Pool::Compute, Pool::BlockStorage, Pool::Image, Pool::Network, Pool::Guest];
    let rows = |rows: &mut nfv_vim_db::Snapshot| {
        let text = |text: &str| text.to_owned();
        rows.service_hosts.push(nfv_vim_db::row::ServiceHostRow {
            name: text("h1"),
            service: text("s"),
            zone: text("z"),
        });
    };
    let setup = Setup::new().host("h1", "enabled").rows(rows);
    let mut rig = setup.config(|config| config.disabled.extend(disabled)).start();
    rig.listings_refused = false;
    for _ in 0..120 {
        for call in rig.out() {
            let of_plugin =
                ["Compute", "BlockStorage", "Image", "Network", "nova", "neutron", "guest", "instance"];
            assert!(!of_plugin.iter().any(|name| call.starts_with(name)), "{call}");
            rig.nok(&call, "no");
        }
        rig.run(1);
    }
    assert_eq!(rig.vim.hypervisors().count(), 1);
    assert_eq!(rig.store.snapshot().hypervisors.len(), 1);
}

/// First after 60 s, then every 10 s: a pause becomes an alarm.
fn alarms() {
    let mut rig = Setup::new().host("h1", "enabled").start();
    rig.add(server("vm-1", "h1"));
    rig.nova("vm-1", "paused", "none", "paused");
    assert_eq!(rig.alarm_types(), Vec::<String>::new());
    rig.run(57);
    assert_eq!(rig.alarm_types(), Vec::<String>::new(), "the first audit is 60 s after the start");
    rig.run(5);
    assert_eq!(rig.alarm_types(), ["instance-paused"]);
    rig.nova("vm-1", "active", "none", "running");
    assert_eq!(rig.alarm_types(), Vec::<String>::new());
    rig.nova("vm-1", "paused", "none", "paused");
    rig.run(21);
    assert_eq!(rig.alarm_types(), ["instance-paused"]);
}

pub fn cases() -> Vec<Case> {
    let rows: [(&'static str, &str, fn()); 12] = [
        (
            "6.2 instance (10 s)",
            "up to 4 outstanding, oldest first, unknown is new",
            instances_four_outstanding,
        ),
        ("6.2 instance (10 s)", "every 10 s", instances_every_ten_seconds),
        ("6.2 instance (10 s)", "stale reply", stale_answer),
        ("6.2 instance (10 s)", "deleted is skipped", deleted_instance_is_skipped),
        ("6.2 hypervisor (4 s)", "one per tick", hypervisors_one_a_tick),
        ("6.2 flavor (2 s)", "up to 4 outstanding", flavors_four_outstanding),
        ("6.2 flavor (2 s)", "deleted meanwhile", deleted_flavor),
        ("6.2 volume (10 s)", "up to 4 outstanding", volumes_four_outstanding),
        ("6.2 volume (10 s)", "refused", deleted_volume),
        ("6.2 volume (10 s)", "without plugins", without_plugins),
        ("6.2 alarms (10 s, first 60 s)", "a pause", alarms),
        ("6.2 hypervisor (4 s)", "without plugins", without_plugins),
    ];
    rows.into_iter().map(|(row, what, run)| Case::new(row, what, run)).collect()
}
