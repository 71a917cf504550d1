//! What changes seldom: networks, volumes, images, types and groups, each as a table ready for the wire.

use crate::legacy::list::parsed;
use nfv_vim_db::{ReadError, Tables};
use serde_json::{Value, json};

/// A table as JSON text, `{"columns": [...], "rows": [[...], ...]}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockTable {
    /// One of [`STOCK_TABLES`].
    pub name: &'static str,
    /// The text.
    pub json: String,
    /// Number of rows.
    pub rows: usize,
}

/// The names of the tables, in their order in a picture.
pub const STOCK_TABLES: [&str; 9] = [
    "networks",
    "subnets",
    "volumes",
    "volume_snapshots",
    "images",
    "instance_types",
    "instance_groups",
    "host_groups",
    "host_aggregates",
];

/// A table under construction.
struct Rows {
    name: &'static str,
    json: String,
    rows: usize,
}

impl Rows {
    fn new(name: &'static str, columns: &[&str]) -> Self {
        Self { name, json: format!("{{\"columns\":{},\"rows\":[", json!(columns)), rows: 0 }
    }

    fn add(&mut self, row: Value) {
        if self.rows > 0 {
            self.json.push(',');
        }
        self.json.push_str(&row.to_string());
        self.rows += 1;
    }

    fn done(mut self) -> StockTable {
        self.json.push_str("]}");
        StockTable { name: self.name, json: self.json, rows: self.rows }
    }
}

/// A JSON list of words as one text.
fn words(text: &str) -> String {
    let words: Vec<String> = serde_json::from_str(text).unwrap_or_default();
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ")
}

fn list(text: &str) -> Value {
    serde_json::from_str(text).ok().filter(Value::is_array).unwrap_or_else(|| json!([]))
}

/// Reads all of them.
pub(super) fn read(tables: &mut Tables<'_>) -> Result<Vec<StockTable>, ReadError> {
    let mut networks = Rows::new(
        "networks",
        &["uuid", "name", "admin", "oper", "status", "shared", "mtu", "type", "physical_network", "segment"],
    );
    tables.networks(|row| {
        networks.add(json!([
            row.uuid,
            row.name,
            row.admin_state,
            row.oper_state,
            words(&row.avail_status),
            row.is_shared,
            row.mtu,
            row.network_type,
            row.physical_network,
            row.segmentation_id,
        ]));
    })?;
    let mut subnets = Rows::new("subnets", &["uuid", "name", "network", "subnet", "gateway", "dhcp"]);
    tables.subnets(|row| {
        let subnet = format!("{}/{}", row.subnet_ip, row.subnet_prefix);
        subnets.add(json!([
            row.uuid,
            row.name,
            row.network_uuid,
            subnet,
            row.gateway_ip,
            row.is_dhcp_enabled
        ]));
    })?;
    let mut volumes = Rows::new(
        "volumes",
        &["uuid", "name", "status", "action", "size_gb", "bootable", "encrypted", "image"],
    );
    tables.volumes(|row| {
        volumes.add(json!([
            row.uuid,
            row.name,
            words(&row.avail_status),
            row.action,
            row.size_gb,
            row.bootable == "yes",
            row.encrypted == "yes",
            row.image_uuid,
        ]));
    })?;
    let mut snapshots = Rows::new("volume_snapshots", &["uuid", "name", "size_gb", "volume"]);
    tables
        .volume_snapshots(|row| snapshots.add(json!([row.uuid, row.name, row.size_gb, row.volume_uuid])))?;
    let mut images = Rows::new(
        "images",
        &[
            "uuid",
            "name",
            "status",
            "action",
            "container",
            "disk",
            "min_disk_gb",
            "min_mem_mb",
            "visibility",
            "protected",
        ],
    );
    tables.images(|row| {
        images.add(json!([
            row.uuid,
            row.name,
            words(&row.avail_status),
            row.action,
            row.container_format,
            row.disk_format,
            row.min_disk_size_gb,
            row.min_memory_size_mb,
            row.visibility,
            row.protected == "yes",
        ]));
    })?;
    let mut types = Rows::new(
        "instance_types",
        &[
            "uuid",
            "name",
            "vcpus",
            "mem_mb",
            "disk_gb",
            "ephemeral_gb",
            "swap_gb",
            "heartbeat",
            "auto_recovery",
        ],
    );
    tables.instance_types(|row| {
        let services = parsed(&row.guest_services).unwrap_or_default();
        types.add(json!([
            row.uuid,
            row.name,
            row.vcpus,
            row.mem_mb,
            row.disk_gb,
            row.ephemeral_gb,
            row.swap_gb,
            !services["heartbeat"].is_null(),
            row.auto_recovery.unwrap_or(true),
        ]));
    })?;
    let mut groups = Rows::new("instance_groups", &["uuid", "name", "policies", "members"]);
    tables.instance_groups(|row| {
        groups.add(json!([row.uuid, row.name, words(&row.policies), list(&row.member_uuids)]));
    })?;
    let mut host_groups = Rows::new("host_groups", &["name", "policies", "members"]);
    tables.host_groups(|row| {
        host_groups.add(json!([row.name, words(&row.policies), list(&row.member_names)]));
    })?;
    let mut aggregates = Rows::new("host_aggregates", &["name", "zone", "members"]);
    tables.host_aggregates(|row| {
        aggregates.add(json!([row.name, row.availability_zone, list(&row.host_names)]));
    })?;
    Ok([networks, subnets, volumes, snapshots, images, types, groups, host_groups, aggregates]
        .into_iter()
        .map(Rows::done)
        .collect())
}
