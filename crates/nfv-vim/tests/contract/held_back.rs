//! What the history says of failed instances that are not healed. docs/extensions.md, "History".

use crate::rig::{FAILED, Rig, Setup, nova, server};
use crate::scene::{H, OTHER};
use nfv_nfvi::Notification;
use nfv_vim_rpc::history::Decision;

/// The decisions about vm-0, the oldest first.
fn decisions(rig: &Rig) -> Vec<Decision> {
    let rows = rig.store().history().filter(|row| row.key == "vm-0");
    rows.map(|row| serde_json::from_str(&row.data).unwrap()).collect()
}

/// The last decision, which is that nothing is done.
fn held_back(rig: &Rig) -> Decision {
    let last = decisions(rig).pop().expect("a decision");
    assert_eq!((last.decision.as_str(), last.outcome.as_deref()), ("none", Some("held-back")), "{last:?}");
    assert!(last.evidence["avail_status"].contains("failed"), "{last:?}");
    last
}

/// An instance in error on the first host.
fn failed(setup: Setup, change: impl FnOnce(&mut nfv_nfvi::object::Instance)) -> Rig {
    let mut rig = setup.host(H, "enabled").host(OTHER, "enabled").start();
    let mut vm = server("vm-0", H);
    nova(&mut vm, "error", "none", "running");
    change(&mut vm);
    rig.add(vm);
    rig
}

#[test]
fn auto_recovery_that_is_off_is_told_once_and_counted() {
    let mut rig = failed(Setup::new(), |vm| {
        let specs = &mut vm.instance_type.as_mut().unwrap().extra_specs;
        specs.insert("sw:wrs:auto_recovery".to_owned(), "false".to_owned());
    });
    rig.run(120);
    assert_eq!(held_back(&rig).cause, "auto-recovery is turned off for it");
    let told = decisions(&rig).len();
    rig.run(1000);
    let last = held_back(&rig);
    assert_eq!(decisions(&rig).len(), told);
    assert!(last.count >= 8, "{last:?}");
}

#[test]
fn an_upgrade_that_forbids_it_is_named() {
    let mut rig = failed(Setup::new(), |_| {});
    rig.say(Notification::HostUpgrade {
        uuid: "uuid-of-compute-1".to_owned(),
        name: OTHER.to_owned(),
        inprogress: true,
        recover_instances: false,
    });
    rig.run(120);
    assert!(held_back(&rig).cause.contains("upgrade is under way"));
}

#[test]
fn a_local_disk_that_is_too_large_is_named() {
    let mut rig = failed(Setup::new(), |vm| {
        vm.image_uuid = Some("image".to_owned());
        vm.instance_type.as_mut().unwrap().disk = 40;
    });
    rig.host_is(H, FAILED);
    rig.all_ok();
    rig.run(600);
    assert!(held_back(&rig).cause.contains("local disk is too large"), "{:#?}", decisions(&rig));
}

#[test]
fn a_site_that_has_just_come_up_is_named() {
    let setup = Setup::new().facts(|facts| {
        facts.dor_complete = false;
        facts.uptime = crate::sim::secs(60);
    });
    let mut rig = failed(setup, |_| {});
    rig.run(120);
    assert!(held_back(&rig).cause.contains("dead office recovery"), "{:#?}", decisions(&rig));
}
