//! From the tables of the previous release to the present ones.
//!
//! Rows are copied within SQLite, so that a value of an odd type arrives as it was.
//!
//! Contract: deployment 1.4.

use crate::schema::{hosts_v5, hosts_v6, instance_types_v4, instance_types_v5};
use crate::snapshot::Quarantined;
use diesel::dsl::{count_star, exists};
use diesel::prelude::*;
use diesel::result::Error::DatabaseError;
use nfv_common::pyjson;
use serde_json::Value;

/// All migrations; to be called within a transaction. There is none for instances: `instances_v4` stays unread.
pub(crate) fn migrate(conn: &mut SqliteConnection) -> QueryResult<Vec<Quarantined>> {
    let quarantined = migrate_hosts(conn)?;
    migrate_instance_types(conn)?;
    Ok(quarantined)
}

/// `hosts_v5` to `hosts_v6`, if that is empty; then the old rows are deleted in any case. A row that cannot be brought
/// over stays, and is reported at each start, until its host is known again by its name or uuid.
fn migrate_hosts(conn: &mut SqliteConnection) -> QueryResult<Vec<Quarantined>> {
    let mut quarantined = Vec::new();
    let known: i64 = hosts_v6::table.select(count_star()).get_result(conn)?;
    let old: Vec<(String, String, String)> =
        hosts_v5::table.select((hosts_v5::uuid, hosts_v5::name, hosts_v5::nfvi_host_data)).load(conn)?;
    for (uuid, name, data) in old {
        let moved = match with_openstack_facts(&data) {
            Err(reason) => Err(reason),
            Ok(_) if known > 0 => Ok(()),
            Ok(data) => match copy_host(conn, &uuid, &data) {
                Ok(()) => Ok(()),
                Err(DatabaseError(_, detail)) => Err(detail.message().to_owned()),
                Err(other) => return Err(other),
            },
        };
        let again = hosts_v6::table.filter(hosts_v6::uuid.eq(&uuid).or(hosts_v6::name.eq(&name)));
        if moved.is_ok() || diesel::select(exists(again)).get_result(conn)? {
            diesel::delete(hosts_v5::table.filter(hosts_v5::uuid.eq(&uuid))).execute(conn)?;
        } else if let Err(reason) = moved {
            quarantined.push(Quarantined { table: "hosts_v5".to_owned(), key: uuid, reason });
        }
    }
    Ok(quarantined)
}

/// The host's JSON with the two facts that version 6 added, both false: a host of the old release has neither.
fn with_openstack_facts(data: &str) -> Result<String, String> {
    let mut data: Value =
        serde_json::from_str(data).map_err(|error| format!("column nfvi_host_data is no JSON: {error}"))?;
    let object = data.as_object_mut().ok_or("column nfvi_host_data is no JSON object")?;
    object.insert("openstack_compute".to_owned(), Value::Bool(false));
    object.insert("openstack_control".to_owned(), Value::Bool(false));
    Ok(pyjson::to_string(&data))
}

fn copy_host(conn: &mut SqliteConnection, uuid: &str, data: &str) -> QueryResult<()> {
    let old = hosts_v5::table.filter(hosts_v5::uuid.eq(uuid)).select((
        hosts_v5::uuid,
        hosts_v5::name,
        hosts_v5::personality,
        hosts_v5::state,
        hosts_v5::action,
        hosts_v5::upgrade_inprogress,
        hosts_v5::recover_instances,
        hosts_v5::uptime,
        hosts_v5::elapsed_time_in_state,
        hosts_v5::host_services_locked,
        hosts_v5::nfvi_host_data,
    ));
    diesel::insert_into(hosts_v6::table)
        .values(old)
        .into_columns((
            hosts_v6::uuid,
            hosts_v6::name,
            hosts_v6::personality,
            hosts_v6::state,
            hosts_v6::action,
            hosts_v6::upgrade_inprogress,
            hosts_v6::recover_instances,
            hosts_v6::uptime,
            hosts_v6::elapsed_time_in_state,
            hosts_v6::host_services_locked,
            hosts_v6::nfvi_host_data,
        ))
        .execute(conn)?;
    diesel::update(hosts_v6::table.filter(hosts_v6::uuid.eq(uuid)))
        .set(hosts_v6::nfvi_host_data.eq(data))
        .execute(conn)?;
    Ok(())
}

/// `instance_types_v4` to `instance_types_v5` without the storage type, if that is empty; then the old rows are
/// deleted in any case.
fn migrate_instance_types(conn: &mut SqliteConnection) -> QueryResult<()> {
    let known: i64 = instance_types_v5::table.select(count_star()).get_result(conn)?;
    if known == 0 {
        let old = instance_types_v4::table.select((
            instance_types_v4::uuid,
            instance_types_v4::name,
            instance_types_v4::have_details,
            instance_types_v4::vcpus,
            instance_types_v4::mem_mb,
            instance_types_v4::disk_gb,
            instance_types_v4::ephemeral_gb,
            instance_types_v4::swap_gb,
            instance_types_v4::guest_services,
            instance_types_v4::auto_recovery,
            instance_types_v4::live_migration_timeout,
            instance_types_v4::live_migration_max_downtime,
        ));
        diesel::insert_into(instance_types_v5::table)
            .values(old)
            .into_columns((
                instance_types_v5::uuid,
                instance_types_v5::name,
                instance_types_v5::have_details,
                instance_types_v5::vcpus,
                instance_types_v5::mem_mb,
                instance_types_v5::disk_gb,
                instance_types_v5::ephemeral_gb,
                instance_types_v5::swap_gb,
                instance_types_v5::guest_services,
                instance_types_v5::auto_recovery,
                instance_types_v5::live_migration_timeout,
                instance_types_v5::live_migration_max_downtime,
            ))
            .execute(conn)?;
    }
    diesel::delete(instance_types_v4::table).execute(conn)?;
    Ok(())
}
