//! The rows of the database as plain data, one struct per table that the VIM reads.
//!
//! Fields are named and typed as the columns and stand in column order. JSON columns stay text: what is inside them
//! is the reader's affair. Nothing of diesel shows in the types, so that the core can use them without knowing SQL.
//!
//! Contract: deployment 1.3, 1.6.

use crate::value::{RawRow, RowProblem};
use diesel::Insertable;
use serde::{Deserialize, Serialize};

/// A row struct: its table, its columns, and how to read one row.
pub(crate) trait Record: Sized {
    /// Name of the table.
    const TABLE: &'static str;
    /// Names of the columns, in the order of the fields and of the table.
    #[cfg_attr(not(test), allow(dead_code))] // asked by the test that compares it with the table facts
    const COLUMNS: &'static [&'static str];
    /// Reads the row, column by column.
    fn read(row: &mut RawRow) -> Result<Self, RowProblem>;
}

macro_rules! row {
    ($(#[$doc:meta])* $name:ident in $table:ident { $($field:ident: $kind:ty,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Insertable)]
        #[diesel(table_name = crate::schema::$table)]
        #[allow(missing_docs)] // the fields are the columns of the contract
        pub struct $name {
            $(pub $field: $kind,)+
        }

        impl Record for $name {
            const TABLE: &'static str = stringify!($table);
            const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),+];

            fn read(row: &mut RawRow) -> Result<Self, RowProblem> {
                Ok($name { $($field: row.take()?,)+ })
            }
        }
    };
}

row! {
    /// An image. The VIM rebuilds it from `nfvi_image_data` alone.
    /// JSON: `avail_status` (list), `properties` (object), `nfvi_image_data` (object).
    ImageRow in images {
        uuid: String,
        name: String,
        description: String,
        avail_status: String,
        action: String,
        container_format: Option<String>,
        disk_format: Option<String>,
        min_disk_size_gb: i64,
        min_memory_size_mb: i64,
        visibility: String,
        protected: String,
        properties: String,
        nfvi_image_data: String,
    }
}

row! {
    /// A volume. The VIM rebuilds it from `nfvi_volume_data` alone.
    /// JSON: `avail_status` (list), `nfvi_volume_data` (object). `bootable` and `encrypted` are `yes` or `no`.
    VolumeRow in volumes_v1 {
        uuid: String,
        name: String,
        description: String,
        avail_status: String,
        action: String,
        size_gb: i64,
        bootable: String,
        encrypted: String,
        image_uuid: Option<String>,
        nfvi_volume_data: String,
    }
}

row! {
    /// A volume snapshot. JSON: `nfvi_volume_snapshot_data` (object).
    VolumeSnapshotRow in volume_snapshots {
        uuid: String,
        name: String,
        description: String,
        size_gb: i64,
        volume_uuid: String,
        nfvi_volume_snapshot_data: String,
    }
}

row! {
    /// A tenant. `enabled` is a truth value kept as text, `"1"` or `"0"`.
    TenantRow in tenants {
        uuid: String,
        name: String,
        description: Option<String>,
        enabled: String,
    }
}

row! {
    /// A subnet. `ip_version` is `"4"` or `"6"`; only `is_dhcp_enabled` ever changes in the file.
    SubnetRow in subnets {
        uuid: String,
        name: String,
        ip_version: String,
        subnet_ip: String,
        subnet_prefix: i64,
        gateway_ip: Option<String>,
        network_uuid: String,
        is_dhcp_enabled: bool,
    }
}

row! {
    /// A network. JSON: `avail_status` (list). `segmentation_id` is a number kept as text.
    NetworkRow in networks {
        uuid: String,
        name: String,
        admin_state: String,
        oper_state: String,
        avail_status: String,
        is_shared: bool,
        mtu: i64,
        physical_network: Option<String>,
        network_type: String,
        segmentation_id: Option<String>,
    }
}

row! {
    /// The system; there is one.
    SystemRow in systems {
        name: String,
        description: String,
    }
}

row! {
    /// A host. `uptime` and `elapsed_time_in_state` are whole seconds kept as text; `personality` is a comma-joined list.
    /// JSON: `nfvi_host_data` (object).
    ///
    /// In the file a host is found by `name`: see [`Write::PutHost`](crate::Write::PutHost).
    HostRow in hosts_v6 {
        uuid: String,
        name: String,
        personality: String,
        state: String,
        action: String,
        upgrade_inprogress: bool,
        recover_instances: bool,
        uptime: String,
        elapsed_time_in_state: String,
        host_services_locked: bool,
        nfvi_host_data: String,
    }
}

row! {
    /// A host group. JSON: `member_names`, `policies` (lists), `nfvi_host_group_data` (object).
    HostGroupRow in host_groups {
        name: String,
        member_names: String,
        policies: String,
        nfvi_host_group_data: String,
    }
}

row! {
    /// A hypervisor. The statistics are 0 until `stats_available`. Old files hold fractions of a vCPU in `vcpus_used`;
    /// they are cut off on reading, as SQLite's own cast does.
    /// JSON: `nfvi_hypervisor_data` (object).
    HypervisorRow in hypervisors {
        uuid: String,
        admin_state: String,
        oper_state: String,
        host_name: String,
        stats_available: bool,
        vcpus_used: i64,
        vcpus_max: i64,
        mem_used_mb: i64,
        mem_free_mb: i64,
        mem_max_mb: i64,
        disk_used_gb: i64,
        disk_max_gb: i64,
        running_instances: i64,
        nfvi_hypervisor_data: String,
    }
}

row! {
    /// An instance type (flavor). Without `have_details` the numbers are 0 and `guest_services` is `{}`.
    /// JSON: `guest_services` (object).
    InstanceTypeRow in instance_types_v5 {
        uuid: String,
        name: String,
        have_details: bool,
        vcpus: i64,
        mem_mb: i64,
        disk_gb: i64,
        ephemeral_gb: i64,
        swap_gb: i64,
        guest_services: String,
        auto_recovery: Option<bool>,
        live_migration_timeout: Option<i64>,
        live_migration_max_downtime: Option<i64>,
    }
}

row! {
    /// An instance. Both `elapsed_time_*` are whole seconds kept as text.
    /// JSON: `avail_status` (list), `action_data`, `last_action_data`, `guest_services` (object or `null`), `nfvi_instance_data` (object).
    InstanceRow in instances_v5 {
        uuid: String,
        name: String,
        admin_state: String,
        oper_state: String,
        avail_status: String,
        action: String,
        host_name: Option<String>,
        image_uuid: Option<String>,
        live_migration_support: bool,
        elapsed_time_in_state: String,
        elapsed_time_on_host: String,
        action_data: Option<String>,
        last_action_data: Option<String>,
        guest_services: Option<String>,
        nfvi_instance_data: String,
        recoverable: bool,
        unlock_to_recover: bool,
    }
}

row! {
    /// An instance group. JSON: `member_uuids`, `policies` (lists), `nfvi_instance_group_data` (object).
    InstanceGroupRow in instance_groups {
        uuid: String,
        name: String,
        member_uuids: String,
        policies: String,
        nfvi_instance_group_data: String,
    }
}

row! {
    /// A service host. The original never writes any; read for completeness.
    ServiceHostRow in service_hosts {
        name: String,
        service: String,
        zone: String,
    }
}

row! {
    /// A host aggregate. JSON: `host_names` (list), `nfvi_host_aggregate_data` (object).
    HostAggregateRow in host_aggregates {
        name: String,
        host_names: String,
        availability_zone: Option<String>,
        nfvi_host_aggregate_data: String,
    }
}

row! {
    /// A software update: `sw_update_type` is `sw-patch` or `sw-upgrade`, `strategy_data` the JSON of the strategy or `{}`.
    SwUpdateRow in sw_updates {
        uuid: String,
        sw_update_type: String,
        strategy_data: String,
    }
}

row! {
    /// A fact of the core that the original did not keep: raised alarms, last event logs, actions under way.
    /// `kind` names the sort of fact, `key` the one it is about, `data` is whatever the core wrote.
    ///
    /// Kept in our own side table, which the original opens past and a dump lists as unknown.
    StateRow in nfv_state {
        kind: String,
        key: String,
        data: String,
    }
}

row! {
    /// A decision about a host or an instance. `seq` grows with each decision; `kind` is `host` or `instance`, `key` its
    /// name or uuid; an `open` decision is under way; JSON: `data` (object), see docs/extensions.md.
    ///
    /// Kept in our own table, which the original opens past and a dump lists as unknown.
    DecisionRow in nfv_history {
        seq: i64,
        kind: String,
        key: String,
        open: bool,
        data: String,
    }
}
