//! The facts of the nineteen tables, and the statements that follow from them: creating a table, reading all of its
//! rows. A test compares the result with the text that the original leaves in its file.
//!
//! Contract: deployment 1.3; defaults of a load: 2.3.

use Kind::{Boolean, Integer, Text};

/// The declared type of a column. SQLite takes it as a hint ("affinity"), never as a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `VARCHAR(n)`; the length is not enforced.
    Varchar(u32),
    /// `TEXT`.
    Text,
    /// `INTEGER`; old files hold fractions in some.
    Integer,
    /// `BOOLEAN`: 0 or 1, with a check.
    Boolean,
}

/// What a load writes into a column that the dump's row does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Preset {
    /// NULL.
    Null,
    /// 0, false.
    Zero,
    /// The text `{}`.
    EmptyObject,
}

/// One column.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) not_null: bool,
    pub(crate) preset: Preset,
}

/// One table.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) key: &'static [&'static str],
    pub(crate) columns: &'static [Column],
}

impl Table {
    /// The facts of a table of the original, by name.
    pub(crate) fn known(name: &str) -> Option<&'static Table> {
        TABLES.iter().find(|table| table.name == name)
    }

    /// The facts of any table, ours included.
    pub(crate) fn any(name: &str) -> Option<&'static Table> {
        Table::known(name).or_else(|| OWN_TABLES.into_iter().find(|table| table.name == name))
    }

    /// `CREATE TABLE IF NOT EXISTS`, laid out so that the text that SQLite keeps is the original's, blanks included.
    pub(crate) fn create_statement(&self) -> String {
        let mut lines: Vec<String> = self.columns.iter().map(Column::definition).collect();
        lines.push(format!("PRIMARY KEY ({})", self.key.join(", ")));
        let booleans = self.columns.iter().filter(|column| column.kind == Boolean);
        lines.extend(booleans.map(|column| format!("CHECK ({} IN (0, 1))", column.name)));
        format!("CREATE TABLE IF NOT EXISTS {} (\n\t{}\n)", self.name, lines.join(", \n\t"))
    }

    /// All rows in the order they were written (the original reads without an order, which is the same thing).
    pub(crate) fn select_statement(&self) -> String {
        self.select("ORDER BY rowid")
    }

    /// The rows that fit a condition, in the order in which they were written.
    pub(crate) fn select_if(&self, condition: &str) -> String {
        self.select(&format!("WHERE {condition} ORDER BY rowid"))
    }

    /// The rows with two values, to be bound, in two columns, the largest of a third one first; at most so many, to be
    /// bound as well.
    pub(crate) fn select_latest(&self, [one, other]: [&str; 2], by: &str) -> String {
        self.select(&format!("WHERE {one} = ? AND {other} = ? ORDER BY {by} DESC LIMIT ?"))
    }

    /// The rows with a value, to be bound, in a column.
    pub(crate) fn select_where(&self, column: &str) -> String {
        self.select(&format!("WHERE {column} = ?"))
    }

    /// All columns; `which` says of which rows.
    fn select(&self, which: &str) -> String {
        let columns: Vec<&str> = self.columns.iter().map(|column| column.name).collect();
        format!("SELECT {} FROM {} {which}", columns.join(", "), self.name)
    }
}

impl Column {
    fn definition(&self) -> String {
        let kind = match self.kind {
            Kind::Varchar(length) => format!("VARCHAR({length})"),
            Text => "TEXT".to_owned(),
            Integer => "INTEGER".to_owned(),
            Boolean => "BOOLEAN".to_owned(),
        };
        format!("{} {kind}{}", self.name, if self.not_null { " NOT NULL" } else { "" })
    }
}

/// A column that must have a value.
const fn col(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, not_null: true, preset: Preset::Null }
}

/// A column that may be NULL.
const fn opt(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, not_null: false, preset: Preset::Null }
}

/// A column that must have a value, for which a load has one ready.
const fn preset(name: &'static str, kind: Kind, preset: Preset) -> Column {
    Column { name, kind, not_null: true, preset }
}

const fn v(length: u32) -> Kind {
    Kind::Varchar(length)
}

/// The length that the original declares where it means "any".
const LONG: Kind = Kind::Varchar(2_147_483_647);

/// Our own table beside the original's.
pub(crate) static STATE_TABLE: Table = Table {
    name: "nfv_state",
    key: &["kind", "key"],
    columns: &[col("kind", Text), col("key", Text), col("data", Text)],
};

/// Our own table of decisions: what was decided about hosts and instances, and why.
pub(crate) static HISTORY_TABLE: Table = Table {
    name: "nfv_history",
    key: &["seq"],
    columns: &[
        col("seq", Integer),
        col("kind", Text),
        col("key", Text),
        col("open", Boolean),
        col("data", Text),
    ],
};

/// The tables that are ours, beside the original's.
pub(crate) static OWN_TABLES: [&Table; 2] = [&STATE_TABLE, &HISTORY_TABLE];

/// What makes [`HISTORY_TABLE`] quick to read: by object, and what is open.
pub(crate) const HISTORY_INDEXES: &str = "CREATE INDEX IF NOT EXISTS nfv_history_object ON nfv_history (kind, key); \
    CREATE INDEX IF NOT EXISTS nfv_history_open ON nfv_history (open) WHERE open = 1";

/// The tables of the original: first those it reads at a start, in that order, then the ones of the previous release.
pub(crate) static TABLES: [Table; 19] = [
    Table {
        name: "images",
        key: &["uuid"],
        columns: &[
            col("uuid", v(64)),
            col("name", v(64)),
            col("description", v(256)),
            col("avail_status", v(64)),
            col("action", v(64)),
            opt("container_format", v(64)),
            opt("disk_format", v(64)),
            col("min_disk_size_gb", Integer),
            col("min_memory_size_mb", Integer),
            col("visibility", v(64)),
            col("protected", v(64)),
            col("properties", v(2048)),
            col("nfvi_image_data", v(2048)),
        ],
    },
    Table {
        name: "volumes_v1",
        key: &["uuid"],
        columns: &[
            col("uuid", v(64)),
            col("name", v(64)),
            col("description", v(256)),
            col("avail_status", v(64)),
            col("action", v(64)),
            col("size_gb", Integer),
            col("bootable", v(64)),
            col("encrypted", v(64)),
            opt("image_uuid", v(64)),
            col("nfvi_volume_data", v(2048)),
        ],
    },
    Table {
        name: "volume_snapshots",
        key: &["uuid"],
        columns: &[
            col("uuid", v(64)),
            col("name", v(64)),
            col("description", v(256)),
            col("size_gb", Integer),
            col("volume_uuid", v(64)),
            col("nfvi_volume_snapshot_data", v(2048)),
        ],
    },
    Table {
        name: "tenants",
        key: &["uuid"],
        columns: &[col("uuid", v(64)), col("name", v(64)), opt("description", v(64)), col("enabled", v(64))],
    },
    Table {
        name: "subnets",
        key: &["uuid"],
        columns: &[
            col("uuid", v(64)),
            col("name", v(64)),
            col("ip_version", v(64)),
            col("subnet_ip", v(64)),
            col("subnet_prefix", Integer),
            opt("gateway_ip", v(64)),
            col("network_uuid", v(64)),
            col("is_dhcp_enabled", Boolean),
        ],
    },
    Table {
        name: "networks",
        key: &["uuid"],
        columns: &[
            col("uuid", v(64)),
            col("name", v(64)),
            col("admin_state", v(64)),
            col("oper_state", v(64)),
            col("avail_status", v(64)),
            col("is_shared", Boolean),
            col("mtu", Integer),
            opt("physical_network", v(64)),
            col("network_type", v(64)),
            opt("segmentation_id", v(64)),
        ],
    },
    Table { name: "systems", key: &["name"], columns: &[col("name", v(64)), col("description", v(255))] },
    Table {
        name: "hosts_v6",
        key: &["uuid"],
        columns: &[
            col("uuid", v(64)),
            col("name", v(64)),
            col("personality", v(64)),
            col("state", v(64)),
            col("action", v(64)),
            col("upgrade_inprogress", Boolean),
            col("recover_instances", Boolean),
            col("uptime", v(64)),
            col("elapsed_time_in_state", v(64)),
            col("host_services_locked", Boolean),
            col("nfvi_host_data", v(2048)),
        ],
    },
    Table {
        name: "host_groups",
        key: &["name"],
        columns: &[
            col("name", v(64)),
            col("member_names", LONG),
            col("policies", LONG),
            col("nfvi_host_group_data", LONG),
        ],
    },
    Table {
        name: "hypervisors",
        key: &["uuid"],
        columns: &[
            col("uuid", v(64)),
            col("admin_state", v(64)),
            col("oper_state", v(64)),
            col("host_name", v(64)),
            preset("stats_available", Boolean, Preset::Zero),
            preset("vcpus_used", Integer, Preset::Zero),
            preset("vcpus_max", Integer, Preset::Zero),
            preset("mem_used_mb", Integer, Preset::Zero),
            preset("mem_free_mb", Integer, Preset::Zero),
            preset("mem_max_mb", Integer, Preset::Zero),
            preset("disk_used_gb", Integer, Preset::Zero),
            preset("disk_max_gb", Integer, Preset::Zero),
            preset("running_instances", Integer, Preset::Zero),
            col("nfvi_hypervisor_data", v(2048)),
        ],
    },
    Table {
        name: "instance_types_v5",
        key: &["uuid"],
        columns: &[
            col("uuid", v(64)),
            col("name", v(64)),
            preset("have_details", Boolean, Preset::Zero),
            preset("vcpus", Integer, Preset::Zero),
            preset("mem_mb", Integer, Preset::Zero),
            preset("disk_gb", Integer, Preset::Zero),
            preset("ephemeral_gb", Integer, Preset::Zero),
            preset("swap_gb", Integer, Preset::Zero),
            preset("guest_services", v(2048), Preset::EmptyObject),
            opt("auto_recovery", Boolean),
            opt("live_migration_timeout", Integer),
            opt("live_migration_max_downtime", Integer),
        ],
    },
    Table {
        name: "instances_v5",
        key: &["uuid"],
        columns: &[
            col("uuid", v(64)),
            col("name", v(64)),
            col("admin_state", v(64)),
            col("oper_state", v(64)),
            col("avail_status", v(64)),
            col("action", v(64)),
            opt("host_name", v(64)),
            opt("image_uuid", v(64)),
            col("live_migration_support", Boolean),
            col("elapsed_time_in_state", v(64)),
            col("elapsed_time_on_host", v(64)),
            opt("action_data", v(2048)),
            opt("last_action_data", v(2048)),
            opt("guest_services", v(2048)),
            col("nfvi_instance_data", Text),
            col("recoverable", Boolean),
            col("unlock_to_recover", Boolean),
        ],
    },
    Table {
        name: "instance_groups",
        key: &["uuid"],
        columns: &[
            col("uuid", v(64)),
            col("name", v(64)),
            col("member_uuids", LONG),
            col("policies", LONG),
            col("nfvi_instance_group_data", LONG),
        ],
    },
    Table {
        name: "service_hosts",
        key: &["name", "service", "zone"],
        columns: &[col("name", v(64)), col("service", v(64)), col("zone", v(64))],
    },
    Table {
        name: "host_aggregates",
        key: &["name"],
        columns: &[
            col("name", v(255)),
            col("host_names", LONG),
            opt("availability_zone", v(255)),
            col("nfvi_host_aggregate_data", LONG),
        ],
    },
    Table {
        name: "sw_updates",
        key: &["uuid"],
        columns: &[col("uuid", v(64)), col("sw_update_type", v(64)), col("strategy_data", LONG)],
    },
    Table {
        name: "hosts_v5",
        key: &["uuid"],
        columns: &[
            col("uuid", v(64)),
            col("name", v(64)),
            col("personality", v(64)),
            col("state", v(64)),
            col("action", v(64)),
            col("upgrade_inprogress", Boolean),
            col("recover_instances", Boolean),
            col("uptime", v(64)),
            col("elapsed_time_in_state", v(64)),
            col("host_services_locked", Boolean),
            col("nfvi_host_data", v(2048)),
        ],
    },
    Table {
        name: "instance_types_v4",
        key: &["uuid"],
        columns: &[
            col("uuid", v(64)),
            col("name", v(64)),
            preset("have_details", Boolean, Preset::Zero),
            preset("vcpus", Integer, Preset::Zero),
            preset("mem_mb", Integer, Preset::Zero),
            preset("disk_gb", Integer, Preset::Zero),
            preset("ephemeral_gb", Integer, Preset::Zero),
            preset("swap_gb", Integer, Preset::Zero),
            preset("guest_services", v(2048), Preset::EmptyObject),
            opt("auto_recovery", Boolean),
            opt("live_migration_timeout", Integer),
            opt("live_migration_max_downtime", Integer),
            opt("storage_type", v(128)),
        ],
    },
    Table {
        name: "instances_v4",
        key: &["uuid"],
        columns: &[
            col("uuid", v(64)),
            col("name", v(64)),
            col("admin_state", v(64)),
            col("oper_state", v(64)),
            col("avail_status", v(64)),
            col("action", v(64)),
            opt("host_name", v(64)),
            col("instance_type_uuid", v(64)),
            opt("image_uuid", v(64)),
            col("live_migration_support", Boolean),
            col("elapsed_time_in_state", v(64)),
            col("elapsed_time_on_host", v(64)),
            opt("action_data", v(2048)),
            opt("last_action_data", v(2048)),
            opt("guest_services", v(2048)),
            col("nfvi_instance_data", v(2048)),
            col("recoverable", Boolean),
            col("unlock_to_recover", Boolean),
        ],
    },
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a test may

    use super::{HISTORY_TABLE, OWN_TABLES, STATE_TABLE, TABLES, Table};
    use crate::row::*;

    fn same<R: Record>(table: &Table) {
        assert_eq!(table.name, R::TABLE);
        let columns: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
        assert_eq!(columns, R::COLUMNS, "{}", table.name);
    }

    #[test]
    fn row_structs_have_the_columns_of_their_tables_in_order() {
        let checks: [fn(&Table); 16] = [
            same::<ImageRow>,
            same::<VolumeRow>,
            same::<VolumeSnapshotRow>,
            same::<TenantRow>,
            same::<SubnetRow>,
            same::<NetworkRow>,
            same::<SystemRow>,
            same::<HostRow>,
            same::<HostGroupRow>,
            same::<HypervisorRow>,
            same::<InstanceTypeRow>,
            same::<InstanceRow>,
            same::<InstanceGroupRow>,
            same::<ServiceHostRow>,
            same::<HostAggregateRow>,
            same::<SwUpdateRow>,
        ];
        for (check, table) in checks.iter().zip(&TABLES) {
            check(table);
        }
        same::<StateRow>(&STATE_TABLE);
        same::<DecisionRow>(&HISTORY_TABLE);
    }

    #[test]
    fn tables_of_the_previous_release_differ_where_the_contract_says() {
        let columns = |name: &str| -> Vec<&str> {
            Table::known(name).unwrap().columns.iter().map(|column| column.name).collect()
        };
        assert_eq!(columns("hosts_v5"), columns("hosts_v6"));
        let mut kinds = columns("instance_types_v5");
        kinds.push("storage_type");
        assert_eq!(columns("instance_types_v4"), kinds);
        let mut instances = columns("instances_v5");
        instances.insert(7, "instance_type_uuid");
        assert_eq!(columns("instances_v4"), instances);
        for own in OWN_TABLES {
            assert!(Table::known(own.name).is_none(), "to a dump our own tables are strangers");
        }
    }
}
