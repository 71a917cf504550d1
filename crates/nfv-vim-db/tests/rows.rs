//! What is written is what is read, table by table, with the habits of contract deployment 1.5.
#![allow(clippy::unwrap_used)] // a test may

mod support;

use nfv_vim_db::row::*;
use nfv_vim_db::{Quarantined, Snapshot, Write};
use support::{ask, directory, execute, loaded, open};

fn text(value: &str) -> String {
    value.to_owned()
}

/// One row in every table: the dump of the present release has them all, and the side table gets one.
fn everything() -> Snapshot {
    let directory = loaded("present.json");
    let mut snapshot = open(directory.path()).load().unwrap();
    snapshot.state.push(StateRow { kind: text("alarm"), key: text("100.101"), data: text("{}") });
    snapshot.decisions.push(DecisionRow {
        seq: 7,
        kind: text("host"),
        key: text("compute-0"),
        open: true,
        data: text("{}"),
    });
    snapshot.last_decision = 7;
    snapshot
}

fn puts(all: &Snapshot) -> Vec<Write> {
    let mut writes: Vec<Write> = all.images.iter().cloned().map(Write::PutImage).collect();
    writes.extend(all.volumes.iter().cloned().map(Write::PutVolume));
    writes.extend(all.volume_snapshots.iter().cloned().map(Write::PutVolumeSnapshot));
    writes.extend(all.tenants.iter().cloned().map(Write::PutTenant));
    writes.extend(all.subnets.iter().cloned().map(Write::PutSubnet));
    writes.extend(all.networks.iter().cloned().map(Write::PutNetwork));
    writes.extend(all.systems.iter().cloned().map(Write::PutSystem));
    writes.extend(all.hosts.iter().cloned().map(Write::PutHost));
    writes.extend(all.host_groups.iter().cloned().map(Write::PutHostGroup));
    writes.extend(all.hypervisors.iter().cloned().map(Write::PutHypervisor));
    writes.extend(all.instance_types.iter().cloned().map(Write::PutInstanceType));
    writes.extend(all.instances.iter().cloned().map(Write::PutInstance));
    writes.extend(all.instance_groups.iter().cloned().map(Write::PutInstanceGroup));
    writes.extend(all.service_hosts.iter().cloned().map(Write::PutServiceHost));
    writes.extend(all.host_aggregates.iter().cloned().map(Write::PutHostAggregate));
    writes.extend(all.sw_updates.iter().cloned().map(Write::PutSwUpdate));
    writes.extend(all.state.iter().cloned().map(Write::PutState));
    writes.extend(all.decisions.iter().cloned().map(Write::PutDecision));
    writes
}

fn delete(write: Write) -> Write {
    match write {
        Write::PutImage(row) => Write::DeleteImage { uuid: row.uuid },
        Write::PutVolume(row) => Write::DeleteVolume { uuid: row.uuid },
        Write::PutVolumeSnapshot(row) => Write::DeleteVolumeSnapshot { uuid: row.uuid },
        Write::PutTenant(row) => Write::DeleteTenant { uuid: row.uuid },
        Write::PutSubnet(row) => Write::DeleteSubnet { uuid: row.uuid },
        Write::PutNetwork(row) => Write::DeleteNetwork { uuid: row.uuid },
        Write::PutSystem(row) => Write::DeleteSystem { name: row.name },
        Write::PutHost(row) => Write::DeleteHost { name: row.name },
        Write::PutHostGroup(row) => Write::DeleteHostGroup { name: row.name },
        Write::PutHypervisor(row) => Write::DeleteHypervisor { uuid: row.uuid },
        Write::PutInstanceType(row) => Write::DeleteInstanceType { uuid: row.uuid },
        Write::PutInstance(row) => Write::DeleteInstance { uuid: row.uuid },
        Write::PutInstanceGroup(row) => Write::DeleteInstanceGroup { uuid: row.uuid },
        Write::PutServiceHost(row) => Write::DeleteServiceHost { name: row.name },
        Write::PutHostAggregate(row) => Write::DeleteHostAggregate { name: row.name },
        Write::PutSwUpdate(row) => Write::DeleteSwUpdate { uuid: row.uuid },
        Write::PutState(row) => Write::DeleteState { kind: row.kind, key: row.key },
        Write::PutDecision(row) => Write::PruneDecisions { kind: row.kind, key: row.key, keep: 0 },
        other => other,
    }
}

#[test]
fn every_table_gives_back_what_it_was_given() {
    let all = everything();
    let directory = directory();
    let mut database = open(directory.path());
    let writes = puts(&all);
    database.apply(&writes).unwrap();
    assert_eq!(database.load().unwrap(), all);
    database.apply(&writes).unwrap();
    assert_eq!(database.load().unwrap(), all, "putting twice changes nothing");
    database.close().unwrap();
    let mut database = open(directory.path());
    assert_eq!(database.load().unwrap(), all, "after a restart");

    let mut left: usize = writes.len();
    for write in &writes {
        let deletion = delete(write.clone());
        assert_ne!(&deletion, write);
        database.apply(&[deletion]).unwrap();
        left -= 1;
        assert_eq!(puts(&database.load().unwrap()).len(), left, "{write:?}");
    }
    assert_eq!(database.load().unwrap(), Snapshot::default());
}

#[test]
fn every_table_has_a_row_in_the_round_trip() {
    let all = serde_json::to_value(everything()).unwrap();
    for (table, rows) in all.as_object().unwrap() {
        let empty = rows.as_array().is_some_and(Vec::is_empty);
        assert_eq!(empty, table == "quarantined", "{table}");
    }
}

#[test]
fn a_host_is_found_by_its_name_and_keeps_its_uuid_column() {
    let directory = directory();
    let mut database = open(directory.path());
    let first = everything().hosts[0].clone();
    let again = HostRow {
        uuid: text("another"),
        personality: text("controller"),
        state: text("disabled"),
        uptime: text("7"),
        nfvi_host_data: text("{\"uuid\": \"another\"}"),
        ..first.clone()
    };
    database.apply(&[Write::PutHost(first.clone()), Write::PutHost(again.clone())]).unwrap();
    let kept = HostRow { uuid: first.uuid.clone(), personality: first.personality.clone(), ..again };
    assert_eq!(database.load().unwrap().hosts, [kept]);

    // The same host under another name: the row is taken over instead of the whole batch being refused.
    let renamed = HostRow { name: text("renamed"), ..first };
    database.apply(&[Write::PutHost(renamed.clone())]).unwrap();
    assert_eq!(database.load().unwrap().hosts, [renamed]);
}

#[test]
fn columns_that_the_original_never_changes_stay() {
    let all = everything();
    let directory = directory();
    let mut database = open(directory.path());
    database.apply(&puts(&all)).unwrap();
    let new = || text("new");
    let changed = [
        Write::PutImage(ImageRow {
            name: new(),
            container_format: Some(new()),
            disk_format: None,
            description: new(),
            ..all.images[0].clone()
        }),
        Write::PutTenant(TenantRow { name: new(), description: Some(new()), ..all.tenants[0].clone() }),
        Write::PutSubnet(SubnetRow {
            name: new(),
            subnet_prefix: 1,
            gateway_ip: None,
            is_dhcp_enabled: !all.subnets[0].is_dhcp_enabled,
            ..all.subnets[0].clone()
        }),
        Write::PutNetwork(NetworkRow { name: new(), mtu: 1, ..all.networks[0].clone() }),
        Write::PutHypervisor(HypervisorRow { host_name: new(), vcpus_used: 7, ..all.hypervisors[0].clone() }),
        Write::PutInstanceType(InstanceTypeRow { name: new(), vcpus: 7, ..all.instance_types[1].clone() }),
        Write::PutSwUpdate(SwUpdateRow {
            sw_update_type: new(),
            strategy_data: new(),
            ..all.sw_updates[0].clone()
        }),
        Write::PutServiceHost(ServiceHostRow { service: new(), ..all.service_hosts[0].clone() }),
        Write::PutVolume(VolumeRow { name: new(), image_uuid: None, ..all.volumes[0].clone() }),
        Write::PutInstance(InstanceRow { name: new(), host_name: None, ..all.instances[0].clone() }),
    ];
    database.apply(&changed).unwrap();
    let mut expected = all;
    expected.images[0].description = new();
    expected.tenants[0].description = Some(new());
    expected.subnets[0].is_dhcp_enabled = !expected.subnets[0].is_dhcp_enabled;
    expected.networks[0].mtu = 1;
    expected.hypervisors[0].vcpus_used = 7;
    expected.instance_types[1].vcpus = 7;
    expected.sw_updates[0].strategy_data = new();
    expected.volumes[0] = VolumeRow { name: new(), image_uuid: None, ..expected.volumes[0].clone() };
    expected.instances[0] = InstanceRow { name: new(), host_name: None, ..expected.instances[0].clone() };
    assert_eq!(database.load().unwrap(), expected);
}

#[test]
fn details_once_known_are_not_forgotten() {
    let all = everything();
    let (kind, hypervisor) = (all.instance_types[1].clone(), all.hypervisors[0].clone());
    assert!(kind.have_details && kind.auto_recovery == Some(true) && hypervisor.stats_available);
    let directory = directory();
    let mut database = open(directory.path());
    let bare = InstanceTypeRow { have_details: false, vcpus: 0, auto_recovery: None, ..kind.clone() };
    let unset = InstanceTypeRow { auto_recovery: None, vcpus: 9, ..kind.clone() };
    let silent = HypervisorRow {
        stats_available: false,
        vcpus_max: 0,
        oper_state: text("disabled"),
        ..hypervisor.clone()
    };
    database
        .apply(&[Write::PutInstanceType(kind.clone()), Write::PutHypervisor(hypervisor.clone())])
        .unwrap();
    database.apply(&[Write::PutInstanceType(bare), Write::PutHypervisor(silent)]).unwrap();
    let now = database.load().unwrap();
    assert_eq!(now.instance_types[..], std::slice::from_ref(&kind)[..]);
    assert_eq!(now.hypervisors, [HypervisorRow { oper_state: text("disabled"), ..hypervisor }]);
    database.apply(&[Write::PutInstanceType(unset)]).unwrap();
    assert_eq!(database.load().unwrap().instance_types, [InstanceTypeRow { vcpus: 9, ..kind }]);
}

#[test]
fn fractions_in_integer_columns_are_read_cut_off_and_stay_in_the_file() {
    let directory = loaded("release-1.json");
    let stored =
        || ask(directory.path(), "SELECT typeof(vcpus_used) || vcpus_used AS answer FROM hypervisors");
    assert_eq!(stored(), ["real0.0625"]);
    let snapshot = open(directory.path()).load().unwrap();
    assert_eq!((snapshot.hypervisors[0].vcpus_used, snapshot.quarantined.len()), (0, 0));
    assert_eq!(stored(), ["real0.0625"]);
}

#[test]
fn an_unreadable_row_is_set_aside_and_never_stops_the_rest() {
    let directory = directory();
    // A table without the constraints, as damage or a foreign tool leaves it.
    execute(
        directory.path(),
        "CREATE TABLE subnets (uuid, name, ip_version, subnet_ip, subnet_prefix, gateway_ip, network_uuid, \
         is_dhcp_enabled); \
         INSERT INTO subnets VALUES ('good', 'n', 4, '192.0.2.0', '24', NULL, 'net', 1); \
         INSERT INTO subnets VALUES ('a', 'n', '4', '192.0.2.0', 24, NULL, 'net', 1); \
         INSERT INTO subnets VALUES ('null', 'n', '4', '192.0.2.0', NULL, NULL, 'net', 1); \
         INSERT INTO subnets VALUES ('bytes', CAST(x'fffe' AS TEXT), '4', '192.0.2.0', 24, NULL, 'net', 1); \
         INSERT INTO subnets VALUES ('blob', 'n', '4', x'00', 24, NULL, 'net', 1); \
         INSERT INTO subnets VALUES (NULL, 'n', '4', '192.0.2.0', 24, NULL, 'net', 1); \
         INSERT INTO subnets VALUES ('truth', 'n', '4', '192.0.2.0', 24, NULL, 'net', 'yes'); \
         INSERT INTO subnets VALUES ('z', 'n', 6.5, '192.0.2.0', 24.9, NULL, 'net', 2)",
    );
    let mut database = open(directory.path());
    database.apply(&[Write::PutSystem(SystemRow { name: text("lab"), description: text("") })]).unwrap();
    let snapshot = database.load().unwrap();
    let good: Vec<(&str, &str, i64, bool)> = snapshot
        .subnets
        .iter()
        .map(|row| (row.uuid.as_str(), row.ip_version.as_str(), row.subnet_prefix, row.is_dhcp_enabled))
        .collect();
    assert_eq!(good, [("a", "4", 24, true), ("z", "6.5", 24, true)]);
    assert_eq!(snapshot.systems.len(), 1);
    let bad = |key: &str, reason: &str| Quarantined {
        table: text("subnets"),
        key: text(key),
        reason: text(reason),
    };
    assert_eq!(
        snapshot.quarantined,
        [
            bad("good", "column subnet_prefix is not a number"),
            bad("null", "column subnet_prefix is NULL"),
            bad("bytes", "column name is not UTF-8 text"),
            bad("blob", "column subnet_ip is not UTF-8 text"),
            bad("NULL", "column uuid is NULL"),
            bad("truth", "column is_dhcp_enabled is not a truth value"),
        ]
    );
    assert_eq!(
        snapshot.quarantined[1].to_string(),
        "row null of table subnets left out: column subnet_prefix is NULL"
    );
    assert_eq!(ask(directory.path(), "SELECT CAST(count(*) AS TEXT) AS answer FROM subnets"), ["8"]);
}

#[test]
fn the_original_may_write_between_and_our_state_stays() {
    let directory = directory();
    let state = StateRow { kind: text("alarm"), key: text("1"), data: text("{}") };
    open(directory.path()).apply(&[Write::PutState(state.clone())]).unwrap();
    nfv_vim_db::transfer::load(directory.path(), &support::own_dump("present.json")).unwrap();
    let snapshot = open(directory.path()).load().unwrap();
    assert_eq!(snapshot.state, [state]);
    assert_eq!(snapshot.hosts.len(), 2);
}

/// docs/extensions.md, "History".
#[test]
fn of_the_decisions_about_an_object_the_latest_stay() {
    let directory = directory();
    let mut database = open(directory.path());
    let row = |seq, key: &str, open| DecisionRow {
        seq,
        kind: text("host"),
        key: text(key),
        open,
        data: text("{}"),
    };
    let mut writes: Vec<Write> = (1..=30)
        .map(|seq| Write::PutDecision(row(seq, if seq % 3 == 0 { "b" } else { "a" }, false)))
        .collect();
    writes.push(Write::PutDecision(row(2, "a", true)));
    writes.push(Write::PruneDecisions { kind: text("host"), key: text("a"), keep: 4 });
    writes.push(Write::PruneDecisions { kind: text("host"), key: text("never"), keep: 4 });
    database.apply(&writes).unwrap();
    let mut of = |key: &str, limit| -> Vec<i64> {
        database.decisions("host", key, limit).unwrap().0.iter().map(|row| row.seq).collect()
    };
    assert_eq!(of("a", 100), [29, 28, 26, 25]);
    assert_eq!(of("b", 3), [30, 27, 24]);
    assert_eq!(of("never", 3), [0; 0]);
    database.apply(&[Write::PutDecision(row(26, "a", true))]).unwrap();
    let loaded = database.load().unwrap();
    assert_eq!((&loaded.decisions[..], loaded.last_decision), (&[row(26, "a", true)][..], 30));
}

/// docs/extensions.md, "History".
#[test]
fn a_decision_that_cannot_be_read_keeps_no_other_from_being_shown() {
    let directory = directory();
    let mut database = open(directory.path());
    let row = |seq| DecisionRow { seq, kind: text("host"), key: text("a"), open: false, data: text("{}") };
    database.apply(&[1, 2, 3].map(|seq| Write::PutDecision(row(seq)))).unwrap();
    execute(directory.path(), "UPDATE nfv_history SET data = x'ff' WHERE seq = 2");
    let (rows, left_out) = database.decisions("host", "a", 100).unwrap();
    assert_eq!(rows, [row(3), row(1)]);
    let told: Vec<_> = left_out.iter().map(|row| (row.table.as_str(), row.key.as_str())).collect();
    assert_eq!(told, [("nfv_history", "2")]);
    let mut reader = nfv_vim_db::Reader::open(directory.path()).unwrap();
    let (rows, left_out) =
        reader.read(|tables| Ok((tables.decisions("host", "a", 100)?, tables.quarantined().len()))).unwrap();
    assert_eq!((rows, left_out), (vec![row(3), row(1)], 1));
}
