//! The changes that the VIM makes, and how each lands in its table.
//!
//! The original looks a row up, then inserts it or changes some of its columns; which ones is a habit per table that
//! shows in the file (the name of a tenant is never changed, say). Each habit is one arm of [`Write::run`], which reads
//! like the contract's table.
//!
//! Contract: deployment 1.5.

use crate::row::{
    DecisionRow, HostAggregateRow, HostGroupRow, HostRow, HypervisorRow, ImageRow, InstanceGroupRow,
    InstanceRow, InstanceTypeRow, NetworkRow, ServiceHostRow, StateRow, SubnetRow, SwUpdateRow, SystemRow,
    TenantRow, VolumeRow, VolumeSnapshotRow,
};
use crate::schema::{
    host_aggregates, host_groups, hosts_v6, hypervisors, images, instance_groups, instance_types_v5,
    instances_v5, networks, nfv_history, nfv_state, service_hosts, subnets, sw_updates, systems, tenants,
    volume_snapshots, volumes_v1,
};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::upsert::excluded;
use serde::{Deserialize, Serialize};

/// One change. Putting makes the row or brings an existing one up to date; deleting what is not there is no error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)] // the pairs are alike; what is special is said at the variant
pub enum Write {
    PutImage(ImageRow),
    DeleteImage {
        uuid: String,
    },
    PutVolume(VolumeRow),
    DeleteVolume {
        uuid: String,
    },
    PutVolumeSnapshot(VolumeSnapshotRow),
    DeleteVolumeSnapshot {
        uuid: String,
    },
    PutTenant(TenantRow),
    DeleteTenant {
        uuid: String,
    },
    PutSubnet(SubnetRow),
    DeleteSubnet {
        uuid: String,
    },
    PutNetwork(NetworkRow),
    DeleteNetwork {
        uuid: String,
    },
    PutSystem(SystemRow),
    DeleteSystem {
        name: String,
    },
    /// A host is looked up by its name: an existing row keeps its `uuid`, `name` and `personality` columns, whatever
    /// the new row says; the truth is in `nfvi_host_data`.
    PutHost(HostRow),
    DeleteHost {
        name: String,
    },
    PutHostGroup(HostGroupRow),
    DeleteHostGroup {
        name: String,
    },
    /// Without `stats_available` an existing row keeps its statistics.
    PutHypervisor(HypervisorRow),
    DeleteHypervisor {
        uuid: String,
    },
    /// Without `have_details` an existing row stays as it is; a known `auto_recovery` is never set back to NULL.
    PutInstanceType(InstanceTypeRow),
    DeleteInstanceType {
        uuid: String,
    },
    PutInstance(InstanceRow),
    DeleteInstance {
        uuid: String,
    },
    PutInstanceGroup(InstanceGroupRow),
    DeleteInstanceGroup {
        uuid: String,
    },
    /// Looked up by name alone: a second service of the same host is not stored.
    PutServiceHost(ServiceHostRow),
    DeleteServiceHost {
        name: String,
    },
    PutHostAggregate(HostAggregateRow),
    DeleteHostAggregate {
        name: String,
    },
    PutSwUpdate(SwUpdateRow),
    DeleteSwUpdate {
        uuid: String,
    },
    PutState(StateRow),
    DeleteState {
        kind: String,
        key: String,
    },
    PutDecision(DecisionRow),
    /// Only the latest `keep` decisions of an object stay.
    PruneDecisions {
        kind: String,
        key: String,
        keep: i64,
    },
}

/// Inserts the row; where its key exists, changes the columns named and no others.
macro_rules! put {
    ($conn:ident, $row:ident in $table:ident by ($($key:ident),+), changing $($column:ident),+) => {
        diesel::insert_into($table::table)
            .values($row)
            .on_conflict(($($table::$key,)+))
            .do_update()
            .set(($($table::$column.eq(excluded($table::$column)),)+))
            .execute($conn)
    };
}

macro_rules! delete {
    ($conn:ident, $table:ident where $($key:ident = $value:expr),+) => {
        diesel::delete($table::table$(.filter($table::$key.eq($value)))+).execute($conn)
    };
}

impl Write {
    /// Performs the change within the caller's transaction.
    pub(crate) fn run(&self, conn: &mut SqliteConnection) -> QueryResult<()> {
        let changed = match self {
            Write::PutImage(row) => {
                put!(conn, row in images by (uuid), changing description, avail_status, action,
                min_disk_size_gb, min_memory_size_mb, visibility, protected, properties, nfvi_image_data)
            }
            Write::PutVolume(row) => {
                put!(conn, row in volumes_v1 by (uuid), changing name, description, avail_status,
                action, size_gb, bootable, encrypted, image_uuid, nfvi_volume_data)
            }
            Write::PutVolumeSnapshot(row) => {
                put!(conn, row in volume_snapshots by (uuid), changing name, description,
                size_gb, volume_uuid, nfvi_volume_snapshot_data)
            }
            Write::PutTenant(row) => put!(conn, row in tenants by (uuid), changing description, enabled),
            Write::PutSubnet(row) => put!(conn, row in subnets by (uuid), changing is_dhcp_enabled),
            Write::PutNetwork(row) => put!(conn, row in networks by (uuid), changing admin_state, oper_state,
                avail_status, is_shared, mtu, physical_network, network_type, segmentation_id),
            Write::PutSystem(row) => put!(conn, row in systems by (name), changing description),
            Write::PutHost(row) => put_host(conn, row),
            Write::PutHostGroup(row) => {
                put!(conn, row in host_groups by (name), changing member_names, policies,
                nfvi_host_group_data)
            }
            Write::PutHypervisor(row) if row.stats_available => put!(conn, row in hypervisors by (uuid),
                changing admin_state, oper_state, stats_available, vcpus_used, vcpus_max, mem_used_mb, mem_free_mb,
                mem_max_mb, disk_used_gb, disk_max_gb, running_instances, nfvi_hypervisor_data),
            Write::PutHypervisor(row) => {
                put!(conn, row in hypervisors by (uuid), changing admin_state, oper_state,
                nfvi_hypervisor_data)
            }
            Write::PutInstanceType(row) => put_instance_type(conn, row),
            Write::PutInstance(row) => put!(conn, row in instances_v5 by (uuid), changing name, admin_state,
                oper_state, avail_status, action, host_name, image_uuid, live_migration_support,
                elapsed_time_in_state, elapsed_time_on_host, action_data, last_action_data, guest_services,
                nfvi_instance_data, recoverable, unlock_to_recover),
            Write::PutInstanceGroup(row) => {
                put!(conn, row in instance_groups by (uuid), changing name, member_uuids,
                policies, nfvi_instance_group_data)
            }
            Write::PutServiceHost(row) => put_service_host(conn, row),
            Write::PutHostAggregate(row) => put!(conn, row in host_aggregates by (name), changing host_names,
                availability_zone, nfvi_host_aggregate_data),
            Write::PutSwUpdate(row) => put!(conn, row in sw_updates by (uuid), changing strategy_data),
            Write::PutState(row) => put!(conn, row in nfv_state by (kind, key), changing data),
            Write::PutDecision(row) => {
                put!(conn, row in nfv_history by (seq), changing kind, key, open, data)
            }

            Write::DeleteImage { uuid } => delete!(conn, images where uuid = uuid),
            Write::DeleteVolume { uuid } => delete!(conn, volumes_v1 where uuid = uuid),
            Write::DeleteVolumeSnapshot { uuid } => delete!(conn, volume_snapshots where uuid = uuid),
            Write::DeleteTenant { uuid } => delete!(conn, tenants where uuid = uuid),
            Write::DeleteSubnet { uuid } => delete!(conn, subnets where uuid = uuid),
            Write::DeleteNetwork { uuid } => delete!(conn, networks where uuid = uuid),
            Write::DeleteSystem { name } => delete!(conn, systems where name = name),
            Write::DeleteHost { name } => delete!(conn, hosts_v6 where name = name),
            Write::DeleteHostGroup { name } => delete!(conn, host_groups where name = name),
            Write::DeleteHypervisor { uuid } => delete!(conn, hypervisors where uuid = uuid),
            Write::DeleteInstanceType { uuid } => delete!(conn, instance_types_v5 where uuid = uuid),
            Write::DeleteInstance { uuid } => delete!(conn, instances_v5 where uuid = uuid),
            Write::DeleteInstanceGroup { uuid } => delete!(conn, instance_groups where uuid = uuid),
            Write::DeleteServiceHost { name } => delete!(conn, service_hosts where name = name),
            Write::DeleteHostAggregate { name } => delete!(conn, host_aggregates where name = name),
            Write::DeleteSwUpdate { uuid } => delete!(conn, sw_updates where uuid = uuid),
            Write::DeleteState { kind, key } => delete!(conn, nfv_state where kind = kind, key = key),
            Write::PruneDecisions { kind, key, keep } => prune_decisions(conn, kind, key, *keep),
        };
        changed.map(drop)
    }

    /// What the change is about, for an error's text.
    pub(crate) fn describe(&self) -> String {
        let (verb, table, key) = self.target();
        format!("{verb} {table} {key}")
    }

    fn target(&self) -> (&'static str, &'static str, &str) {
        match self {
            Write::PutImage(row) => ("write", "image", &row.uuid),
            Write::PutVolume(row) => ("write", "volume", &row.uuid),
            Write::PutVolumeSnapshot(row) => ("write", "volume snapshot", &row.uuid),
            Write::PutTenant(row) => ("write", "tenant", &row.uuid),
            Write::PutSubnet(row) => ("write", "subnet", &row.uuid),
            Write::PutNetwork(row) => ("write", "network", &row.uuid),
            Write::PutSystem(row) => ("write", "system", &row.name),
            Write::PutHost(row) => ("write", "host", &row.name),
            Write::PutHostGroup(row) => ("write", "host group", &row.name),
            Write::PutHypervisor(row) => ("write", "hypervisor", &row.uuid),
            Write::PutInstanceType(row) => ("write", "instance type", &row.uuid),
            Write::PutInstance(row) => ("write", "instance", &row.uuid),
            Write::PutInstanceGroup(row) => ("write", "instance group", &row.uuid),
            Write::PutServiceHost(row) => ("write", "service host", &row.name),
            Write::PutHostAggregate(row) => ("write", "host aggregate", &row.name),
            Write::PutSwUpdate(row) => ("write", "software update", &row.uuid),
            Write::PutState(row) => ("write", "state", &row.key),
            Write::PutDecision(row) => ("write", "decision", &row.key),
            Write::DeleteImage { uuid } => ("delete", "image", uuid),
            Write::DeleteVolume { uuid } => ("delete", "volume", uuid),
            Write::DeleteVolumeSnapshot { uuid } => ("delete", "volume snapshot", uuid),
            Write::DeleteTenant { uuid } => ("delete", "tenant", uuid),
            Write::DeleteSubnet { uuid } => ("delete", "subnet", uuid),
            Write::DeleteNetwork { uuid } => ("delete", "network", uuid),
            Write::DeleteSystem { name } => ("delete", "system", name),
            Write::DeleteHost { name } => ("delete", "host", name),
            Write::DeleteHostGroup { name } => ("delete", "host group", name),
            Write::DeleteHypervisor { uuid } => ("delete", "hypervisor", uuid),
            Write::DeleteInstanceType { uuid } => ("delete", "instance type", uuid),
            Write::DeleteInstance { uuid } => ("delete", "instance", uuid),
            Write::DeleteInstanceGroup { uuid } => ("delete", "instance group", uuid),
            Write::DeleteServiceHost { name } => ("delete", "service host", name),
            Write::DeleteHostAggregate { name } => ("delete", "host aggregate", name),
            Write::DeleteSwUpdate { uuid } => ("delete", "software update", uuid),
            Write::DeleteState { key, .. } => ("delete", "state", key),
            Write::PruneDecisions { key, .. } => ("delete", "decisions", key),
        }
    }
}

/// By name; only a host that no row names is inserted. A row that has its uuid under another name (a renamed host,
/// where the original ends) is then taken over whole.
fn put_host(conn: &mut SqliteConnection, row: &HostRow) -> QueryResult<usize> {
    let changed = diesel::update(hosts_v6::table.filter(hosts_v6::name.eq(&row.name)))
        .set((
            hosts_v6::state.eq(&row.state),
            hosts_v6::action.eq(&row.action),
            hosts_v6::upgrade_inprogress.eq(row.upgrade_inprogress),
            hosts_v6::recover_instances.eq(row.recover_instances),
            hosts_v6::uptime.eq(&row.uptime),
            hosts_v6::elapsed_time_in_state.eq(&row.elapsed_time_in_state),
            hosts_v6::host_services_locked.eq(row.host_services_locked),
            hosts_v6::nfvi_host_data.eq(&row.nfvi_host_data),
        ))
        .execute(conn)?;
    if changed > 0 {
        return Ok(changed);
    }
    put!(conn, row in hosts_v6 by (uuid), changing name, personality, state, action, upgrade_inprogress,
        recover_instances, uptime, elapsed_time_in_state, host_services_locked, nfvi_host_data)
}

/// All but the latest `keep` decisions of an object go.
fn prune_decisions(conn: &mut SqliteConnection, kind: &str, key: &str, keep: i64) -> QueryResult<usize> {
    let of_object = || nfv_history::table.filter(nfv_history::kind.eq(kind).and(nfv_history::key.eq(key)));
    let newest_to_go: Option<i64> = of_object()
        .select(nfv_history::seq)
        .order(nfv_history::seq.desc())
        .offset(keep)
        .first(conn)
        .optional()?;
    match newest_to_go {
        Some(seq) => diesel::delete(of_object().filter(nfv_history::seq.le(seq))).execute(conn),
        None => Ok(0),
    }
}

fn put_instance_type(conn: &mut SqliteConnection, row: &InstanceTypeRow) -> QueryResult<usize> {
    match (row.have_details, row.auto_recovery) {
        (false, _) => {
            diesel::insert_into(instance_types_v5::table).values(row).on_conflict_do_nothing().execute(conn)
        }
        (true, None) => {
            put!(conn, row in instance_types_v5 by (uuid), changing have_details, vcpus, mem_mb, disk_gb,
            ephemeral_gb, swap_gb, guest_services, live_migration_timeout, live_migration_max_downtime)
        }
        (true, Some(_)) => {
            put!(conn, row in instance_types_v5 by (uuid), changing have_details, vcpus, mem_mb,
            disk_gb, ephemeral_gb, swap_gb, guest_services, auto_recovery, live_migration_timeout,
            live_migration_max_downtime)
        }
    }
}

fn put_service_host(conn: &mut SqliteConnection, row: &ServiceHostRow) -> QueryResult<usize> {
    let same = service_hosts::table.filter(service_hosts::name.eq(&row.name));
    if diesel::select(exists(same)).get_result(conn)? {
        return Ok(0);
    }
    diesel::insert_into(service_hosts::table).values(row).execute(conn)
}
