//! Pictures of a database that changes.

use super::*;
use crate::feed::Subject;
use nfv_vim_db::row::{HostRow, InstanceRow, StateRow, SwUpdateRow, SystemRow, TenantRow, VolumeRow};
use nfv_vim_db::{Database, Reader, Write};

struct Site {
    database: Database,
    reader: Reader,
    builder: Builder,
    picture: Picture,
    _directory: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(directory.path()).unwrap();
        let reader = Reader::open(directory.path()).unwrap();
        let (builder, picture) = (Builder::default(), Picture::default());
        Self { database, reader, builder, picture, _directory: directory }
    }

    fn write(&mut self, writes: &[Write]) -> Option<(Change, Vec<Observed>)> {
        self.database.apply(writes).unwrap();
        let now = self.builder.read(&mut self.reader, &self.picture).unwrap();
        let change = Change::between(&self.picture, &now)?;
        let observed = change.observed(&self.picture);
        self.picture = Picture { revision: change.revision, ..now };
        Some((change, observed))
    }
}

fn host(name: &str, state: &str, avail: &str) -> Write {
    Write::PutHost(HostRow {
        uuid: format!("uuid of {name}"),
        name: name.to_owned(),
        personality: "worker".to_owned(),
        state: state.to_owned(),
        action: String::new(),
        upgrade_inprogress: false,
        recover_instances: true,
        uptime: "10".to_owned(),
        elapsed_time_in_state: "20".to_owned(),
        host_services_locked: false,
        nfvi_host_data: format!(
            r#"{{"admin_state": "unlocked", "oper_state": "enabled", "avail_status": "{avail}"}}"#
        ),
    })
}

fn instance(uuid: &str, host: &str, avail: &str, elapsed: &str) -> InstanceRow {
    InstanceRow {
        uuid: uuid.to_owned(),
        name: format!("vm-{uuid}"),
        admin_state: "unlocked".to_owned(),
        oper_state: "enabled".to_owned(),
        avail_status: format!("[\"{avail}\"]"),
        action: String::new(),
        host_name: Some(host.to_owned()),
        image_uuid: None,
        live_migration_support: true,
        elapsed_time_in_state: elapsed.to_owned(),
        elapsed_time_on_host: "0".to_owned(),
        action_data: None,
        last_action_data: None,
        guest_services: None,
        nfvi_instance_data: r#"{"tenant_id": "t"}"#.to_owned(),
        recoverable: true,
        unlock_to_recover: false,
    }
}

fn words(observed: &[Observed]) -> Vec<&str> {
    observed.iter().map(|one| one.text.as_str()).collect()
}

#[test]
fn only_what_differs_is_told() {
    let mut site = Site::new();
    let put = |row| Write::PutInstance(row);
    let (first, _) = site
        .write(&[
            Write::PutSystem(SystemRow { name: "lab".into(), description: String::new() }),
            host("compute-0", "enabled", "available"),
            host("compute-1", "enabled", "available"),
            put(instance("a", "compute-0", "", "0")),
            put(instance("b", "compute-0", "", "0")),
        ])
        .unwrap();
    assert_eq!((first.hosts.len(), first.instances.len(), first.stock.len()), (2, 2, STOCK_TABLES.len()));
    assert_eq!(site.picture.revision, 1);

    let (change, observed) = site
        .write(&[host("compute-1", "disabled", "failed"), put(instance("b", "compute-1", "failed", "0"))])
        .unwrap();
    assert_eq!((change.hosts.len(), change.instances.len()), (1, 1));
    assert_eq!(
        words(&observed),
        [
            "compute-1: enabled (unlocked, available) → disabled (unlocked, failed)",
            "vm-b: compute-0 → compute-1, failed",
        ]
    );
    assert!(observed.iter().all(|one| one.weight == "high"));
    let wire = serde_json::to_value(&change).unwrap();
    assert_eq!(
        wire.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["from", "hosts", "instances", "revision"]
    );
    assert_eq!((&wire["from"], &wire["revision"]), (&1.into(), &2.into()));

    // time passing is no change
    assert!(site.write(&[put(instance("b", "compute-1", "failed", "77"))]).is_none());

    let (gone, observed) = site.write(&[Write::DeleteInstance { uuid: "a".into() }]).unwrap();
    assert_eq!(gone.instances_gone, ["a"]);
    assert_eq!(words(&observed), ["vm-a was removed"]);
    assert_eq!(observed[0].subject, Subject::Instance("a".into()));
}

#[test]
fn a_tenants_name_reaches_its_instances() {
    let mut site = Site::new();
    site.write(&[Write::PutInstance(instance("a", "h", "", "0"))]).unwrap();
    assert_eq!(site.picture.instances["a"].tenant, "t");
    let tenant = TenantRow { uuid: "t".into(), name: "red".into(), description: None, enabled: "1".into() };
    site.write(&[Write::PutTenant(tenant)]).unwrap();
    assert_eq!(site.picture.instances["a"].tenant, "red");
}

#[test]
fn other_tables_are_named_and_alarms_and_strategies_given() {
    let mut site = Site::new();
    site.write(&[host("h", "enabled", "available")]);
    let volume = VolumeRow {
        uuid: "v".into(),
        name: "disk".into(),
        description: String::new(),
        avail_status: r#"["available"]"#.into(),
        action: String::new(),
        size_gb: 5,
        bootable: "yes".into(),
        encrypted: "no".into(),
        image_uuid: None,
        nfvi_volume_data: "{}".into(),
    };
    let alarm = StateRow {
        kind: "alarm".into(),
        key: "u-1".into(),
        data: r#"{"alarm_type": "instance-failed", "entity": "tenant=t.instance=i", "perceived_severity": "critical"}"#
            .into(),
    };
    let strategy = SwUpdateRow {
        uuid: "s".into(),
        sw_update_type: "sw-patch".into(),
        strategy_data: r#"{"state": "applying", "current_phase": "apply", "worker_apply_type": "parallel",
            "current_phase_completion_percentage": 50, "build_phase": {"name": "build", "result": "success"},
            "apply_phase": {"name": "apply", "inprogress": true, "current_stage": 0, "stages": [
                {"name": "sw-patch-workers", "inprogress": true, "current_step": 1, "steps": [
                    {"name": "lock-hosts", "result": "success", "entity_names": ["compute-0"]},
                    {"name": "sw-patch-hosts", "result": "wait", "timeout": 1800}]}]},
            "abort_phase": {"name": "abort"}}"#
            .into(),
    };
    let (change, observed) = site
        .write(&[Write::PutVolume(volume), Write::PutState(alarm), Write::PutSwUpdate(strategy)])
        .unwrap();
    assert_eq!(change.stock, ["volumes"]);
    assert_eq!(change.held_alarms.unwrap()[0].severity, "critical");
    assert_eq!(words(&observed), ["sw-patch strategy: applying"]);
    let shown = &change.strategies.unwrap()[0];
    let steps = &shown.phases[1].stages[0].steps;
    assert_eq!((steps[0].running, steps[1].running, steps[1].timeout), (false, true, 1800));
    assert_eq!(steps[0].entities, ["compute-0"]);
    assert_eq!(shown.terms, [("Workers".to_owned(), "parallel".to_owned())]);
    let volumes = site.picture.stock.iter().find(|table| table.name == "volumes").unwrap();
    assert_eq!(
        volumes.json,
        r#"{"columns":["uuid","name","status","action","size_gb","bootable","encrypted","image"],"rows":[["v","disk","available","",5,true,false,null]]}"#
    );
}

#[test]
fn many_changes_at_once_are_counted() {
    let mut site = Site::new();
    let writes: Vec<Write> =
        (0..201).map(|n| Write::PutInstance(instance(&n.to_string(), "h", "", "0"))).collect();
    let (change, observed) = site.write(&writes).unwrap();
    assert_eq!(change.instances.len(), 201);
    assert_eq!(words(&observed), ["201 instances changed at once"]);
}
