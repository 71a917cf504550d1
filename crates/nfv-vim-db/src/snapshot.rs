//! Everything that is in the database, as it is read at a start.

use crate::row::{
    DecisionRow, HostAggregateRow, HostGroupRow, HostRow, HypervisorRow, ImageRow, InstanceGroupRow,
    InstanceRow, InstanceTypeRow, NetworkRow, Record, ServiceHostRow, StateRow, SubnetRow, SwUpdateRow,
    SystemRow, TenantRow, VolumeRow, VolumeSnapshotRow,
};
use crate::schema::nfv_history;
use crate::table::Table;
use crate::value::Fetched;
use diesel::dsl::max;
use diesel::prelude::*;
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::Sqlite;
use serde::{Deserialize, Serialize};

/// All rows, table by table in the order in which the VIM reads them; within a table in the order they were written.
///
/// Contract: deployment 1.2.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)] // the rows of the table of that name
pub struct Snapshot {
    pub images: Vec<ImageRow>,
    pub volumes: Vec<VolumeRow>,
    pub volume_snapshots: Vec<VolumeSnapshotRow>,
    pub tenants: Vec<TenantRow>,
    pub subnets: Vec<SubnetRow>,
    pub networks: Vec<NetworkRow>,
    pub systems: Vec<SystemRow>,
    pub hosts: Vec<HostRow>,
    pub host_groups: Vec<HostGroupRow>,
    pub hypervisors: Vec<HypervisorRow>,
    pub instance_types: Vec<InstanceTypeRow>,
    pub instances: Vec<InstanceRow>,
    pub instance_groups: Vec<InstanceGroupRow>,
    pub service_hosts: Vec<ServiceHostRow>,
    pub host_aggregates: Vec<HostAggregateRow>,
    pub sw_updates: Vec<SwUpdateRow>,
    pub state: Vec<StateRow>,
    /// Only the decisions that are open.
    pub decisions: Vec<DecisionRow>,
    /// Number of the latest decision, open or not.
    pub last_decision: i64,
    /// Rows that could not be read. They stay in the file as they are.
    pub quarantined: Vec<Quarantined>,
}

/// A row that could not be read, or not be brought to the present version; it never stops the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// Its table.
    pub table: String,
    /// The values of its key columns, joined by `/`.
    pub key: String,
    /// What is wrong with it.
    pub reason: String,
}

impl std::fmt::Display for Quarantined {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "row {} of table {} left out: {}", self.key, self.table, self.reason)
    }
}

impl Snapshot {
    /// Reads all tables; to be called within a transaction, so that they belong together.
    pub(crate) fn read(conn: &mut SqliteConnection) -> QueryResult<Snapshot> {
        let mut quarantined = Vec::new();
        let bad = &mut quarantined;
        Ok(Snapshot {
            images: read(conn, bad)?,
            volumes: read(conn, bad)?,
            volume_snapshots: read(conn, bad)?,
            tenants: read(conn, bad)?,
            subnets: read(conn, bad)?,
            networks: read(conn, bad)?,
            systems: read(conn, bad)?,
            hosts: read(conn, bad)?,
            host_groups: read(conn, bad)?,
            hypervisors: read(conn, bad)?,
            instance_types: read(conn, bad)?,
            instances: read(conn, bad)?,
            instance_groups: read(conn, bad)?,
            service_hosts: read(conn, bad)?,
            host_aggregates: read(conn, bad)?,
            sw_updates: read(conn, bad)?,
            state: read(conn, bad)?,
            decisions: read_if(conn, bad, Some("open = 1"))?,
            last_decision: nfv_history::table
                .select(max(nfv_history::seq))
                .first::<Option<i64>>(conn)?
                .unwrap_or(0),
            quarantined,
        })
    }
}

/// Reads one table.
fn read<R: Record>(conn: &mut SqliteConnection, bad: &mut Vec<Quarantined>) -> QueryResult<Vec<R>> {
    read_if(conn, bad, None)
}

/// Reads the rows of one table that fit a condition.
fn read_if<R: Record>(
    conn: &mut SqliteConnection,
    bad: &mut Vec<Quarantined>,
    condition: Option<&str>,
) -> QueryResult<Vec<R>> {
    let Some(table) = Table::any(R::TABLE) else {
        return Err(diesel::result::Error::QueryBuilderError(
            format!("no facts of table {}", R::TABLE).into(),
        ));
    };
    let mut rows = Vec::new();
    let statement =
        condition.map_or_else(|| table.select_statement(), |condition| table.select_if(condition));
    read_query(conn, table, diesel::sql_query(statement).into_boxed(), |row| rows.push(row), bad)?;
    Ok(rows)
}

/// The latest decisions about an object, the latest first.
pub(crate) fn read_decisions(
    conn: &mut SqliteConnection,
    bad: &mut Vec<Quarantined>,
    (kind, key): (&str, &str),
    limit: i64,
) -> QueryResult<Vec<DecisionRow>> {
    let Some(table) = Table::any(DecisionRow::TABLE) else { return Ok(Vec::new()) };
    let query = diesel::sql_query(table.select_latest(["kind", "key"], "seq"))
        .into_boxed()
        .bind::<Text, _>(kind.to_owned())
        .bind::<Text, _>(key.to_owned())
        .bind::<BigInt, _>(limit);
    let mut rows = Vec::new();
    read_query(conn, table, query, |row| rows.push(row), bad)?;
    Ok(rows)
}

/// Gives each row that a query finds in a table; those that cannot be read are told apart.
pub(crate) fn read_query<R: Record>(
    conn: &mut SqliteConnection,
    table: &Table,
    query: BoxedSqlQuery<'_, Sqlite, SqlQuery>,
    mut each: impl FnMut(R),
    bad: &mut Vec<Quarantined>,
) -> QueryResult<()> {
    for fetched in query.load_iter::<Fetched, _>(conn)? {
        let fetched = fetched?;
        let key = fetched.key(table);
        match R::read(&mut fetched.into_row()) {
            Ok(row) => each(row),
            Err(problem) => {
                bad.push(Quarantined { table: table.name.to_owned(), key, reason: problem.describe(table) })
            }
        }
    }
    Ok(())
}
