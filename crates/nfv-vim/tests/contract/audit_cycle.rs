//! vim-behaviour 6.1: the steps of the main audit cycle, what each reconciles, and how pages are taken.

use crate::case::{Case, Elsewhere};
use crate::objects::{flavor, group, image, network, snapshot, subnet, volume};
use crate::rig::{FAILED, Rig, Setup, UP, host, hypervisor, refused, server};
use nfv_nfvi::answer::Paged;
use nfv_nfvi::object::{HostAggregate, HostGroup, System, Tenant};
use nfv_nfvi::{Answer, Pool};
use nfv_vim_db::Snapshot;

pub const ELSEWHERE: &[Elsewhere] = &[];

/// The calls of the steps, in order, and their rows.
const STEPS: [(&str, &str, Option<Pool>); 13] = [
    ("6.1 1", "Infrastructure(GetSystemInfo", None),
    ("6.1 2", "Infrastructure(GetHosts", None),
    ("6.1 3", "Compute(GetHostAggregates", Some(Pool::Compute)),
    ("6.1 4", "Compute(GetHypervisors", Some(Pool::Compute)),
    ("6.1 5", "Identity(GetTenants", None),
    ("6.1 6", "Compute(GetInstanceTypes", Some(Pool::Compute)),
    ("6.1 7", "Compute(GetInstances", Some(Pool::Compute)),
    ("6.1 8", "Compute(GetInstanceGroups", Some(Pool::Compute)),
    ("6.1 9", "Image(GetImages", Some(Pool::Image)),
    ("6.1 10", "BlockStorage(GetVolumes ", Some(Pool::BlockStorage)),
    ("6.1 11", "BlockStorage(GetVolumeSnapshots", Some(Pool::BlockStorage)),
    ("6.1 12", "Network(GetSubnets", Some(Pool::Network)),
    ("6.1 13", "Network(GetNetworks", Some(Pool::Network)),
];

fn is_step(call: &str) -> bool {
    STEPS.iter().any(|(_, beginning, _)| call.starts_with(beginning))
}

/// Lets time pass until this listing is asked for, all others are refused; the whole call.
pub fn until(rig: &mut Rig, beginning: &str) -> String {
    rig.listings_refused = false;
    for _ in 0..300 {
        if let Some(call) = rig.out().into_iter().find(|call| call.starts_with(beginning)) {
            return call;
        }
        for other in rig.out().into_iter().filter(|call| is_step(call)) {
            rig.nok(&other, "not now");
        }
        rig.run(1);
    }
    panic!("{beginning} is not asked for, only {:?}", rig.out());
}

/// The listing is asked for and answered so.
pub fn list(rig: &mut Rig, beginning: &str, answer: Answer) {
    until(rig, beginning);
    rig.answer(beginning, Ok(answer));
}

/// An empty answer is asked for again, after 2 s; the second one counts.
fn list_empty(rig: &mut Rig, beginning: &str, answer: &Answer, keys: fn(&Snapshot) -> Vec<String>) {
    let before = keys(rig.store.snapshot());
    assert!(!before.is_empty());
    list(rig, beginning, answer.clone());
    assert_eq!(keys(rig.store.snapshot()), before, "an empty listing is not believed at once");
    let asked = rig.now;
    until(rig, beginning);
    assert_eq!(rig.now.since(asked).as_secs(), 2, "it is asked for again");
    rig.answer(beginning, Ok(answer.clone()));
    assert_eq!(keys(rig.store.snapshot()), Vec::<String>::new(), "the second one is believed");
}

/// Seconds between the steps of a whole cycle: call and seconds since the one before.
fn one_cycle(rig: &mut Rig) -> Vec<(String, u64)> {
    until(rig, STEPS[0].1);
    let mut last = rig.now;
    rig.nok(STEPS[0].1, "no");
    let mut steps = Vec::new();
    for _ in 0..200 {
        rig.run(1);
        for call in rig.out().into_iter().filter(|call| is_step(call)) {
            steps.push((call.clone(), rig.now.since(last).as_secs()));
            last = rig.now;
            rig.nok(&call, "no");
            if call.starts_with(STEPS[0].1) {
                return steps;
            }
        }
    }
    panic!("the cycle does not begin again: {steps:?}");
}

/// The steps that follow the first one, up to the next first one; 20 s after the last, else 2 s.
fn order(disabled: &[Pool]) {
    let pools = disabled.to_vec();
    let mut rig = Setup::new().config(|config| config.disabled.extend(pools)).start();
    let there = |pool: &Option<Pool>| pool.is_none_or(|pool| !disabled.contains(&pool));
    let wanted: Vec<_> = STEPS[1..].iter().chain([&STEPS[0]]).filter(|step| there(&step.2)).collect();
    let steps = one_cycle(&mut rig);
    assert_eq!(steps.len(), wanted.len(), "{steps:?}");
    for (index, ((call, pause), (_, beginning, _))) in steps.iter().zip(&wanted).enumerate() {
        assert!(call.starts_with(beginning), "{call} instead of {beginning}");
        let last = index + 1 == wanted.len();
        assert_eq!(*pause, if last { 20 } else { 2 }, "{call} with {disabled:?}");
    }
}

/// A listing that comes in pages.
struct Pages {
    row: &'static str,
    call: &'static str,
    answer: fn(&[&str], Option<&str>) -> Answer,
    keys: fn(&Snapshot) -> Vec<String>,
    /// What the listing only names is brought by its detail audit.
    detail: Option<(&'static str, fn(&str) -> Answer)>,
}

fn paged<T>(keys: &[&str], next: Option<&str>, make: fn(&str) -> T) -> Paged<T> {
    Paged { entries: keys.iter().map(|key| make(key)).collect(), next: next.map(ToOwned::to_owned) }
}

fn named(key: &str) -> (String, String) {
    (key.to_owned(), format!("name of {key}"))
}

fn pages() -> Vec<Pages> {
    vec![
        Pages {
            row: "6.1 6",
            call: "Compute(GetInstanceTypes",
            answer: |keys, next| Answer::InstanceTypes(paged(keys, next, flavor)),
            keys: |rows| rows.instance_types.iter().map(|row| row.uuid.clone()).collect(),
            detail: None,
        },
        Pages {
            row: "6.1 9",
            call: "Image(GetImages",
            answer: |keys, next| Answer::Images(paged(keys, next, image)),
            keys: |rows| rows.images.iter().map(|row| row.uuid.clone()).collect(),
            detail: None,
        },
        Pages {
            row: "6.1 10",
            call: "BlockStorage(GetVolumes ",
            answer: |keys, next| Answer::VolumeIds(paged(keys, next, named)),
            keys: |rows| rows.volumes.iter().map(|row| row.uuid.clone()).collect(),
            detail: Some(("BlockStorage(GetVolume {", |key| Answer::Volume(volume(key)))),
        },
        Pages {
            row: "6.1 12",
            call: "Network(GetSubnets",
            answer: |keys, next| Answer::Subnets(paged(keys, next, subnet)),
            keys: |rows| rows.subnets.iter().map(|row| row.uuid.clone()).collect(),
            detail: None,
        },
        Pages {
            row: "6.1 13",
            call: "Network(GetNetworks",
            answer: |keys, next| Answer::Networks(paged(keys, next, network)),
            keys: |rows| rows.networks.iter().map(|row| row.uuid.clone()).collect(),
            detail: None,
        },
    ]
}

impl Pages {
    /// Knows a, b and c.
    fn known(&self) -> Rig {
        let mut rig = Setup::new().start();
        list(&mut rig, self.call, (self.answer)(&["a", "b", "c"], None));
        if let Some((call, answer)) = self.detail {
            for key in ["a", "b", "c"] {
                let call = format!("{call} uuid: {key:?}");
                until(&mut rig, &call);
                rig.answer(&call, Ok(answer(key)));
            }
        }
        assert_eq!((self.keys)(rig.store.snapshot()), ["a", "b", "c"]);
        rig
    }

    fn one_page_a_cycle_and_deletions_after_the_last(&self) {
        let mut rig = self.known();
        let call = until(&mut rig, self.call);
        assert!(call.contains("limit: 32, next: None"), "{call}");
        rig.answer(self.call, Ok((self.answer)(&["a"], Some("page-2"))));
        let others = one_cycle(&mut rig);
        assert_eq!(others.iter().filter(|(call, _)| call.starts_with(self.call)).count(), 1);
        assert_eq!((self.keys)(rig.store.snapshot()), ["a", "b", "c"], "the second page was refused");
        // a refused page: from the beginning again
        let call = until(&mut rig, self.call);
        assert!(call.contains("next: None"), "{call}");
        rig.answer(self.call, Ok((self.answer)(&["a"], Some("page-2"))));
        let call = until(&mut rig, self.call);
        assert!(call.contains("next: Some(\"page-2\")"), "{call}");
        rig.answer(self.call, Ok((self.answer)(&["c"], None)));
        assert_eq!((self.keys)(rig.store.snapshot()), ["a", "c"]);
        let call = until(&mut rig, self.call);
        assert!(call.contains("next: None"), "{call}");
    }

    fn empty(&self) {
        let mut rig = self.known();
        list_empty(&mut rig, self.call, &(self.answer)(&[], None), self.keys);
    }
}

fn names<T>(rows: &[T], name: impl Fn(&T) -> &String) -> Vec<String> {
    rows.iter().map(|row| name(row).clone()).collect()
}

fn system_info() {
    let mut rig = Setup::new().start();
    let system = |name: &str, description: &str| {
        Answer::System(Some(System { name: name.to_owned(), description: description.to_owned() }))
    };
    let keys = |rows: &Snapshot| names(&rows.systems, |row| &row.name);
    list(&mut rig, STEPS[0].1, system("one", "first"));
    list(&mut rig, STEPS[0].1, system("one", "other"));
    assert_eq!(rig.vim.system().unwrap().description, "first", "of a known one it is not taken over");
    list(&mut rig, STEPS[0].1, system("two", ""));
    assert_eq!(keys(rig.store.snapshot()), ["two"]);
    list_empty(&mut rig, STEPS[0].1, &Answer::System(None), keys);
}

fn hosts_answer(names: &[&str], incomplete: &[&str], groups: Vec<HostGroup>) -> Answer {
    let hosts = names.iter().map(|name| host(name, UP.0, UP.1, UP.2)).collect();
    Answer::Hosts { hosts, incomplete: incomplete.iter().map(|name| (*name).to_owned()).collect(), groups }
}

fn hosts() {
    let mut rig = Setup::new().start();
    list(&mut rig, STEPS[1].1, hosts_answer(&["h1", "h2", "h3"], &[], Vec::new()));
    assert_eq!(rig.state("h1"), "configure");
    let mut changed = host("h1", UP.0, UP.1, UP.2);
    changed.software_load = Some("19.01".to_owned());
    let Answer::Hosts { mut hosts, .. } = hosts_answer(&["h1"], &[], Vec::new()) else { unreachable!() };
    hosts[0] = changed;
    let listed = Answer::Hosts { hosts, incomplete: vec!["h2".to_owned()], groups: Vec::new() };
    list(&mut rig, STEPS[1].1, listed);
    assert_eq!(rig.host("h1").nfvi.software_load.as_deref(), Some("19.01"), "updated");
    assert_eq!(rig.state("h2"), "configure", "incomplete is not missing");
    assert_eq!(rig.state("h3"), "deleting", "missing");
    rig.all_ok();
    rig.all_ok();
    assert_eq!(rig.state("h3"), "deleted");
    list(&mut rig, STEPS[1].1, hosts_answer(&["h1", "h2"], &[], Vec::new()));
    assert_eq!(names(&rig.store.snapshot().hosts, |row| &row.name), ["h1", "h2"]);
}

fn hosts_empty() {
    let mut rig = Setup::new().host("h1", "enabled").start();
    let empty = hosts_answer(&[], &[], Vec::new());
    list(&mut rig, STEPS[1].1, empty.clone());
    assert_eq!(rig.state("h1"), "enabled");
    list(&mut rig, STEPS[1].1, empty);
    assert_eq!(rig.state("h1"), "deleting");
}

/// An answer that was on its way when maintenance spoke says nothing of that host.
fn hosts_older_than_what_was_said() {
    let mut rig = Setup::new().host("h1", "enabled").host("h2", "enabled").start();
    until(&mut rig, STEPS[1].1);
    rig.host_is("h1", FAILED);
    assert_eq!(rig.state("h1"), "disabling");
    rig.answer(STEPS[1].1, Ok(hosts_answer(&["h1"], &[], Vec::new())));
    assert_eq!(rig.state("h1"), "disabling", "it was asked before");
    assert_eq!(rig.host("h1").nfvi.avail_status.as_str(), "failed");
    assert_eq!(rig.state("h2"), "deleting", "nothing was said of the other");
}

fn host_groups() {
    let group = |name: &str, members: &[&str]| HostGroup {
        name: name.to_owned(),
        member_names: members.iter().map(|name| (*name).to_owned()).collect(),
        policies: vec!["storage-replication".to_owned()],
    };
    let keys = |rig: &Rig| -> Vec<(String, Vec<String>)> {
        rig.vim.host_groups().map(|group| (group.name.clone(), group.member_names.clone())).collect()
    };
    let is = |rig: &Rig, wanted: &[(&str, &[&str])]| {
        let wanted: Vec<(String, Vec<String>)> = wanted
            .iter()
            .map(|(name, members)| ((*name).to_owned(), members.iter().map(|m| (*m).to_owned()).collect()))
            .collect();
        assert_eq!(keys(rig), wanted);
        assert_eq!(names(&rig.store.snapshot().host_groups, |row| &row.name).len(), wanted.len());
    };
    let mut rig = Setup::new().start();
    let all = ["s0", "s1", "s2"];
    let both = vec![group("g0", &["s0", "s1"]), group("g1", &["s2"])];
    list(&mut rig, STEPS[1].1, hosts_answer(&all, &[], both));
    is(&rig, &[("g0", &["s0", "s1"]), ("g1", &["s2"])]);
    // what could not be read is neither out of its group nor is its group gone
    list(&mut rig, STEPS[1].1, hosts_answer(&["s0"], &["s1", "s2"], vec![group("g0", &["s0"])]));
    is(&rig, &[("g0", &["s1", "s0"]), ("g1", &["s2"])]);
    list(&mut rig, STEPS[1].1, hosts_answer(&all, &[], vec![group("g0", &["s0", "s1"])]));
    is(&rig, &[("g0", &["s0", "s1"])]);
    list(&mut rig, STEPS[1].1, hosts_answer(&all, &[], Vec::new()));
    is(&rig, &[("g0", &["s0", "s1"])]);
    list(&mut rig, STEPS[1].1, hosts_answer(&all, &[], Vec::new()));
    is(&rig, &[]);
}

fn aggregates() {
    let aggregate = |name: &str, hosts: &[&str]| HostAggregate {
        name: name.to_owned(),
        host_names: hosts.iter().map(|name| (*name).to_owned()).collect(),
        availability_zone: None,
    };
    let keys = |rows: &Snapshot| names(&rows.host_aggregates, |row| &row.name);
    let mut rig = Setup::new().start();
    let call = STEPS[2].1;
    list(&mut rig, call, Answer::HostAggregates(vec![aggregate("a", &["h1"]), aggregate("b", &[])]));
    list(&mut rig, call, Answer::HostAggregates(vec![aggregate("a", &["h1", "h2"])]));
    assert_eq!(keys(rig.store.snapshot()), ["a"]);
    assert_eq!(rig.store.snapshot().host_aggregates[0].host_names, r#"["h1", "h2"]"#);
    list_empty(&mut rig, call, &Answer::HostAggregates(Vec::new()), keys);
}

fn hypervisors() {
    let mut rig = Setup::new().host("h1", "enabled").start();
    let call = STEPS[3].1;
    list(&mut rig, call, Answer::Hypervisors(vec![hypervisor(1, "h1", false), hypervisor(2, "h2", true)]));
    assert_eq!(rig.store.snapshot().hypervisors[0].oper_state, "disabled", "updated");
    for uuid in ["1", "2"] {
        until(&mut rig, &format!("nova: hypervisor {uuid}"));
        rig.nok("nova: hypervisor", "no");
    }
    list(&mut rig, call, Answer::Hypervisors(vec![hypervisor(2, "h2", true)]));
    let keys = |rows: &Snapshot| names(&rows.hypervisors, |row| &row.uuid);
    assert_eq!(keys(rig.store.snapshot()), ["2"]);
    list_empty(&mut rig, call, &Answer::Hypervisors(Vec::new()), keys);
}

/// A failed instance on an enabled host is rebooted by the recovery audit: 30 s after the trigger instead of 330 s.
fn hypervisor_triggers_recovery(there_before: bool) {
    let mut rig = Setup::new().host("h1", "enabled").host("h2", "enabled").start();
    let call = STEPS[3].1;
    let first = if there_before { vec![hypervisor(1, "h1", false)] } else { Vec::new() };
    let both = |mut list: Vec<_>| {
        list.push(hypervisor(2, "h2", true));
        Answer::Hypervisors(list)
    };
    list(&mut rig, call, both(first));
    rig.listings_refused = true;
    rig.run(60);
    rig.add(server("vm-1", "h1"));
    rig.run(320);
    rig.nova("vm-1", "error", "none", "shutdown");
    rig.forget();
    list(&mut rig, call, both(vec![hypervisor(1, "h1", true)]));
    rig.listings_refused = true;
    rig.run(70);
    assert_eq!(rig.calls().into_iter().filter(|call| *call == "vm-1: reboot HARD").count(), 1);
}

fn tenants() {
    let tenant = |uuid: &str, enabled| Tenant {
        uuid: uuid.to_owned(),
        name: format!("name of {uuid}"),
        description: None,
        enabled,
    };
    let keys = |rows: &Snapshot| names(&rows.tenants, |row| &row.uuid);
    let mut rig = Setup::new().start();
    let call = STEPS[4].1;
    list(&mut rig, call, Answer::Tenants(vec![tenant("t1", true), tenant("t2", true)]));
    assert_eq!(keys(rig.store.snapshot()), ["t1", "t2"], "the one of the database is gone");
    list(&mut rig, call, Answer::Tenants(vec![tenant("t2", false)]));
    assert_eq!(rig.store.snapshot().tenants[0].enabled, "0");
    list_empty(&mut rig, call, &Answer::Tenants(Vec::new()), keys);
}

fn ids(uuids: &[&str]) -> Answer {
    Answer::InstanceIds(paged(uuids, None, named))
}

fn instances() {
    let mut rig = Setup::new().host("h1", "enabled").start();
    rig.servers.insert("vm-1".to_owned(), server("vm-1", "h1"));
    rig.servers.insert("vm-2".to_owned(), server("vm-2", "h1"));
    let call = STEPS[6].1;
    list(&mut rig, call, ids(&["vm-1", "vm-2"]));
    assert!(rig.has_instance("vm-1") && rig.has_instance("vm-2"), "each is asked for");
    rig.forget();
    list(&mut rig, call, ids(&["vm-1"]));
    assert_eq!(rig.log_ids(), ["instance-deleted"], "missing: the delete action");
    rig.run(2);
    assert!(!rig.has_instance("vm-2"), "and out of the table");
    list(&mut rig, call, ids(&[]));
    assert!(rig.has_instance("vm-1"), "an empty listing is not believed at once");
    list(&mut rig, call, ids(&["vm-1"]));
    list(&mut rig, call, ids(&[]));
    assert!(rig.has_instance("vm-1"), "a good one in between begins the count anew");
    rig.servers.clear();
    list(&mut rig, call, ids(&[]));
    rig.run(2);
    assert!(!rig.has_instance("vm-1"));
}

/// The first listing after a start is read page after page, later ones take one page a cycle (docs/differences.md).
fn first_listing_of_instances() {
    let mut rig = Setup::new().start();
    let call = STEPS[6].1;
    until(&mut rig, call);
    rig.answer(call, Ok(Answer::InstanceIds(paged(&["vm-1"], Some("2"), named))));
    rig.run(0);
    assert!(rig.out().iter().any(|call| call.contains("next: Some(\"2\")")), "{:?}", rig.out());
    rig.answer(call, Ok(ids(&["vm-2"])));
    until(&mut rig, call);
    rig.answer(call, Ok(Answer::InstanceIds(paged(&["vm-1"], Some("2"), named))));
    rig.run(1);
    assert!(!rig.out().iter().any(|out| out.starts_with(call)), "the cycle goes on first");
}

fn instance_groups() {
    let keys = |rows: &Snapshot| names(&rows.instance_groups, |row| &row.uuid);
    let mut rig = Setup::new().host("h1", "enabled").host("h2", "enabled").start();
    rig.add(server("vm-1", "h1"));
    rig.add(server("vm-2", "h2"));
    let call = STEPS[7].1;
    let listed = |uuids: &[&str]| Answer::InstanceGroups(uuids.iter().map(|uuid| group(uuid)).collect());
    list(&mut rig, call, listed(&["g1", "g2"]));
    assert_eq!(rig.alarm_types(), Vec::<String>::new(), "a new one is not checked");
    list(&mut rig, call, listed(&["g1", "g2"]));
    assert_eq!(rig.alarm_types(), ["instance-group-policy-conflict", "instance-group-policy-conflict"]);
    list(&mut rig, call, listed(&["g1"]));
    assert_eq!(rig.alarm_types(), ["instance-group-policy-conflict"], "that of the deleted one is cleared");
    assert_eq!(keys(rig.store.snapshot()), ["g1"]);
    list_empty(&mut rig, call, &listed(&[]), keys);
    assert_eq!(rig.alarm_types(), Vec::<String>::new());
}

/// What Glance shows as deleted is removed like what it does not show.
fn deleted_image() {
    let mut rig = Setup::new().start();
    let mut going = image("b");
    list(&mut rig, STEPS[8].1, Answer::Images(paged(&["a", "b"], None, image)));
    going.avail_status = vec!["deleted".to_owned()];
    let listed = Paged { entries: vec![image("a"), going], next: None };
    list(&mut rig, STEPS[8].1, Answer::Images(listed));
    assert_eq!(names(&rig.store.snapshot().images, |row| &row.uuid), ["a"]);
    let mut changed = image("a");
    changed.description = "new".to_owned();
    list(&mut rig, STEPS[8].1, Answer::Images(Paged { entries: vec![changed], next: None }));
    assert_eq!(rig.store.snapshot().images[0].description, "new", "updated");
}

fn snapshots() {
    let keys = |rows: &Snapshot| names(&rows.volume_snapshots, |row| &row.uuid);
    let listed = |uuids: &[&str]| Answer::VolumeSnapshots(uuids.iter().map(|uuid| snapshot(uuid)).collect());
    let mut rig = Setup::new().start();
    let call = STEPS[10].1;
    list(&mut rig, call, listed(&["a", "b"]));
    let mut changed = snapshot("a");
    changed.size_gb = 9;
    list(&mut rig, call, Answer::VolumeSnapshots(vec![changed]));
    assert_eq!(keys(rig.store.snapshot()), ["a"]);
    assert_eq!(rig.store.snapshot().volume_snapshots[0].size_gb, 9);
    list_empty(&mut rig, call, &listed(&[]), keys);
}

fn subnets_and_networks_change() {
    let mut rig = Setup::new().start();
    list(&mut rig, STEPS[11].1, Answer::Subnets(paged(&["a"], None, subnet)));
    list(&mut rig, STEPS[12].1, Answer::Networks(paged(&["n"], None, network)));
    let mut changed = subnet("a");
    changed.is_dhcp_enabled = false;
    changed.gateway_ip = None;
    list(&mut rig, STEPS[11].1, Answer::Subnets(Paged { entries: vec![changed], next: None }));
    let known = rig.vim.subnets().next().unwrap();
    assert!(!known.is_dhcp_enabled && known.gateway_ip.is_some(), "only the flag is taken over");
    let mut changed = network("n");
    changed.is_shared = true;
    list(&mut rig, STEPS[12].1, Answer::Networks(Paged { entries: vec![changed], next: None }));
    assert!(rig.store.snapshot().networks[0].is_shared);
}

/// A listing without an answer does not hold up the others, is not asked for twice, and counts when it comes.
fn slow_step() {
    let mut rig = Setup::new().start();
    let call = STEPS[8].1;
    until(&mut rig, call);
    let asked = rig.now;
    let next = STEPS[9].1;
    while !rig.out().iter().any(|out| out.starts_with(next)) {
        rig.run(1);
    }
    assert_eq!(rig.now.since(asked).as_secs(), 20);
    rig.listings_refused = false;
    for _ in 0..30 {
        for out in rig.out().into_iter().filter(|out| is_step(out) && !out.starts_with(call)) {
            rig.nok(&out, "no");
        }
        assert_eq!(rig.out().iter().filter(|out| out.starts_with(call)).count(), 1);
        rig.run(1);
    }
    rig.answer(call, Ok(Answer::Images(paged(&["a"], None, image))));
    assert_eq!(rig.vim.images().count(), 1);
}

/// Named so that the report tells the row: number, what, and how it is shown.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (row, _, pool) in STEPS {
        match pool {
            None => cases.push(Case::new(row, "order and pauses", || order(&[]))),
            Some(pool) => cases.push(Case::new(row, "without its plugin", move || order(&[pool]))),
        }
    }
    let all = [Pool::Compute, Pool::Image, Pool::BlockStorage, Pool::Network];
    cases.push(Case::new("6.1 5", "without any plugin", move || order(&all)));
    for which in 0..pages().len() {
        let row = pages()[which].row;
        cases.push(Case::new(row, "pages", move || {
            pages()[which].one_page_a_cycle_and_deletions_after_the_last();
        }));
        cases.push(Case::new(row, "empty", move || pages()[which].empty()));
    }
    let others: [(&'static str, &str, fn()); 17] = [
        ("6.1 1", "system table", system_info),
        ("6.1 2", "hosts", hosts),
        ("6.1 2", "empty", hosts_empty),
        ("6.1 2", "older than what was said", hosts_older_than_what_was_said),
        ("6.1 2", "host groups", host_groups),
        ("6.1 3", "aggregates", aggregates),
        ("6.1 4", "hypervisors", hypervisors),
        ("6.1 4", "a new one triggers recovery", || hypervisor_triggers_recovery(false)),
        ("6.1 4", "one that comes up triggers recovery", || hypervisor_triggers_recovery(true)),
        ("6.1 5", "tenants", tenants),
        ("6.1 7", "instances", instances),
        ("6.1 7", "first listing", first_listing_of_instances),
        ("6.1 8", "groups", instance_groups),
        ("6.1 9", "deleted and changed", deleted_image),
        ("6.1 9", "no answer", slow_step),
        ("6.1 11", "snapshots", snapshots),
        ("6.1 12", "changes", subnets_and_networks_change),
    ];
    cases.extend(others.into_iter().map(|(row, what, run)| Case::new(row, what, run)));
    cases.push(Case::new("6.1 13", "refused", || {
        let mut rig = Setup::new().start();
        until(&mut rig, STEPS[12].1);
        rig.answer(STEPS[12].1, refused("no"));
        assert_eq!(rig.vim.networks().count(), 0);
    }));
    cases
}
