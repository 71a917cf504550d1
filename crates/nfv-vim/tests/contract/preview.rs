//! Where previews say that instances could go, and what they say when a lock would move nothing. docs/extensions.md,
//! "Preview". That what they say is what happens is played in `sim/foresight.rs`.

use crate::rig::{Rig, Setup, nova, server};
use crate::scene::{H, OTHER};
use nfv_nfvi::Notification;
use nfv_nfvi::object::Instance;
use nfv_vim_db::row::InstanceGroupRow;
use nfv_vim_rpc::preview::{Destinations, HostPreviewAction, Preview};
use std::collections::BTreeMap;

const THIRD: &str = "compute-2";

/// Three hosts with so much memory and so many CPUs free; `policy` of a group of two instances.
fn rig(memory: [u64; 3], cpus: [u64; 3], policy: Option<&str>) -> Rig {
    let hosts = [H, OTHER, THIRD];
    let setup = hosts.iter().fold(Setup::new(), |setup, host| setup.host(host, "enabled"));
    let setup = setup.rows(|rows| {
        for (row, (memory, cpus)) in rows.hypervisors.iter_mut().zip(memory.into_iter().zip(cpus)) {
            let mut data: serde_json::Value = serde_json::from_str(&row.nfvi_hypervisor_data).unwrap();
            let facts = [
                ("vcpus_used", 0),
                ("vcpus_max", cpus),
                ("mem_used_mb", 0),
                ("mem_free_mb", memory),
                ("mem_max_mb", 65536),
                ("disk_used_gb", 0),
                ("disk_max_gb", 100),
                ("running_vms", 0),
            ];
            for (key, value) in facts {
                data[key] = (value as f64).into();
            }
            row.nfvi_hypervisor_data = data.to_string();
        }
        rows.instance_groups.extend(policy.map(|policy| InstanceGroupRow {
            uuid: "group".to_owned(),
            name: "group".to_owned(),
            member_uuids: r#"["vm-0", "vm-1"]"#.to_owned(),
            policies: format!("[\"{policy}\"]"),
            nfvi_instance_group_data: format!(
                r#"{{"uuid": "group", "name": "group", "member_uuids": ["vm-0", "vm-1"], "policies": ["{policy}"]}}"#
            ),
        }));
    });
    setup.start()
}

fn lock(rig: &mut Rig) -> Preview {
    rig.vim().preview_host(H, HostPreviewAction::Lock).unwrap()
}

/// Where vm-0 on the first host, as `change` makes it, could go.
fn destinations(rig: &mut Rig, change: impl FnOnce(&mut Instance)) -> Destinations {
    let mut vm = server("vm-0", H);
    change(&mut vm);
    rig.add(vm);
    let moves = lock(rig).stages.remove(0).moves;
    moves.into_iter().find(|one| one.uuid == "vm-0").unwrap().destinations.unwrap()
}

fn excluded(why: &[(&str, u64)]) -> BTreeMap<String, u64> {
    why.iter().map(|(why, count)| ((*why).to_owned(), *count)).collect()
}

#[test]
fn the_roomiest_host_comes_first_and_those_without_room_are_counted() {
    let mut rig = rig([500, 4000, 9000], [4, 4, 4], None);
    let to = destinations(&mut rig, |_| {});
    assert_eq!((to.count, &to.hosts[..]), (2, &[THIRD.to_owned(), OTHER.to_owned()][..]));
    let to = destinations(&mut rig, |vm| vm.instance_type.as_mut().unwrap().ram = 8000);
    assert_eq!((to.count, &to.hosts[..]), (1, &[THIRD.to_owned()][..]));
    assert_eq!(to.excluded, excluded(&[("too little free memory", 1)]));
    let to = destinations(&mut rig, |vm| vm.instance_type.as_mut().unwrap().ram = 10_000);
    assert_eq!((to.count, to.excluded), (0, excluded(&[("too little free memory", 2)])));
    let notes = lock(&mut rig).notes;
    assert_eq!(notes, ["As far as the VIM knows, no host has room for 1 of the instances of compute-0."]);
    assert_eq!(lock(&mut rig).refused, None, "the choice is Nova's");
}

#[test]
fn dedicated_cpus_must_be_free_and_shared_ones_need_not() {
    let mut rig = rig([9000; 3], [4, 2, 8], None);
    let vcpus = |vm: &mut Instance| vm.instance_type.as_mut().unwrap().vcpus = 4;
    assert_eq!(destinations(&mut rig, vcpus).count, 2);
    let to = destinations(&mut rig, |vm| {
        vcpus(vm);
        let specs = &mut vm.instance_type.as_mut().unwrap().extra_specs;
        specs.insert("hw:cpu_policy".to_owned(), "dedicated".to_owned());
    });
    assert_eq!(to.hosts, [THIRD]);
    assert_eq!(to.excluded, excluded(&[("too few free CPUs for dedicated ones", 1)]));
}

#[test]
fn groups_keep_their_members_apart_or_together() {
    for (policy, hosts, why) in [
        ("anti-affinity", [THIRD], "another member of its anti-affinity group is there"),
        ("affinity", [OTHER], "the other members of its affinity group are elsewhere"),
    ] {
        let mut rig = rig([9000; 3], [4; 3], Some(policy));
        rig.add(server("vm-1", OTHER));
        let to = destinations(&mut rig, |_| {});
        assert_eq!(
            (&to.hosts[..], to.excluded),
            (&[hosts[0].to_owned()][..], excluded(&[(why, 1)])),
            "{policy}"
        );
    }
    let mut rig = rig([9000; 3], [4; 3], Some("anti-affinity-best-effort"));
    rig.add(server("vm-1", OTHER));
    assert_eq!(destinations(&mut rig, |_| {}).count, 2, "Nova does not enforce that");
}

#[test]
fn hosts_that_are_down_take_nothing() {
    let mut rig = rig([9000; 3], [4; 3], None);
    rig.host_is(OTHER, crate::rig::FAILED);
    let to = destinations(&mut rig, |_| {});
    assert_eq!(
        (to.count, to.excluded),
        (1, excluded(&[("the host or its hypervisor is out of service", 1)]))
    );
}

/// 5.3.4 "gate": while an upgrade keeps instances where they are, a lock leaves them there.
#[test]
fn a_lock_that_moves_nothing_is_foretold_to_move_nothing() {
    let mut rig = rig([9000; 3], [4; 3], None);
    rig.add(server("vm-0", H));
    rig.say(Notification::HostUpgrade {
        uuid: "uuid-of-compute-1".to_owned(),
        name: OTHER.to_owned(),
        inprogress: true,
        recover_instances: false,
    });
    let preview = lock(&mut rig);
    let one = &preview.stages[0].moves[0];
    assert_eq!((one.action.as_str(), one.destinations.as_ref()), ("stay", None));
    assert!(preview.notes[0].starts_with("Upgrade inprogress"), "{:?}", preview.notes);
}

/// While nothing is moved, a host that fails takes its instances with it; they are evacuated later.
#[test]
fn what_has_failed_already_is_not_foretold_to_fail() {
    let setup = Setup::new().facts(|facts| {
        facts.dor_complete = false;
        facts.uptime = crate::sim::secs(60);
    });
    let mut rig = setup.host(H, "enabled").host(OTHER, "enabled").start();
    rig.add(server("vm-0", H));
    let mut failed = server("vm-1", H);
    nova(&mut failed, "error", "none", "running");
    rig.add(failed);
    let preview = rig.vim().preview_host(H, HostPreviewAction::Fail).unwrap();
    let moves = preview.stages[0].moves.iter();
    let shown: Vec<_> =
        moves.map(|one| (one.uuid.as_str(), one.action.as_str(), one.then.as_deref())).collect();
    assert_eq!(shown, [("vm-0", "fail", Some("evacuate")), ("vm-1", "stay", Some("evacuate"))]);
}

#[test]
fn asking_changes_nothing() {
    let mut rig = rig([9000; 3], [4; 3], None);
    rig.add(server("vm-0", H));
    let before = format!("{:?} {:?}", rig.host(H), rig.instance("vm-0"));
    rig.forget();
    for action in HostPreviewAction::ALL {
        assert!(rig.vim().preview_host(H, action).is_some());
    }
    assert_eq!(rig.vim().preview_host("nowhere", HostPreviewAction::Lock), None);
    assert_eq!(before, format!("{:?} {:?}", rig.host(H), rig.instance("vm-0")));
    assert!(rig.did().is_empty());
}
