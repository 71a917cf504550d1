//! Reading the file of a running VIM without disturbing it.
//!
//! The file is opened for reading only: nothing is created, altered or migrated, no lock that a writer minds is taken,
//! and every transaction ends with the rows read. In the write-ahead mode that the VIM uses, readers and the writer
//! do not wait for each other.
//!
//! Contract: deployment 1.1; vim-api 3.2.

use crate::database::{DATABASE_FILE, table_names};
use crate::error::DbError;
use crate::row::{
    DecisionRow, HostAggregateRow, HostGroupRow, HostRow, HypervisorRow, ImageRow, InstanceGroupRow,
    InstanceRow, InstanceTypeRow, NetworkRow, Record, StateRow, SubnetRow, SwUpdateRow, SystemRow, TenantRow,
    VolumeRow, VolumeSnapshotRow,
};
use crate::snapshot::{Quarantined, read_decisions, read_query};
use crate::table::Table;
use crate::transaction::{Purpose, transaction};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// How long a read waits where the file is not in the write-ahead mode and somebody writes (milliseconds).
const BUSY_TIMEOUT_MS: u32 = 2000;

/// The open file, for reading.
pub struct Reader {
    path: PathBuf,
    conn: SqliteConnection,
    /// Device and number of the file that was opened.
    identity: (u64, u64),
}

/// Says whether anybody has changed the file: equal numbers of the same [`Reader`] mean no change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataVersion(i64);

impl Reader {
    /// Opens `vim_db_v1` in the directory. Nothing is created.
    ///
    /// # Errors
    /// The file is not there, cannot be read, or is no database.
    pub fn open(directory: &Path) -> Result<Reader, DbError> {
        let path = std::path::absolute(directory.join(DATABASE_FILE))
            .map_err(|source| DbError::Directory { path: directory.to_owned(), source })?;
        let identity = identity(&path).map_err(|error| DbError::Open {
            tried: "open".to_owned(),
            path: path.clone(),
            detail: error.to_string(),
        })?;
        let Some(name) = path.to_str() else {
            return Err(DbError::Path { path });
        };
        let url = format!("file:{}?mode=ro", percent_encoded(name));
        let mut conn =
            SqliteConnection::establish(&url).map_err(|cause| DbError::of_connection(&path, cause))?;
        let prepared =
            conn.batch_execute(&format!("PRAGMA busy_timeout={BUSY_TIMEOUT_MS}; PRAGMA query_only=ON"));
        prepared.map_err(|cause| DbError::of("open", &path, cause))?;
        let mut reader = Reader { path, conn, identity };
        // reads the header: what is no database is found out here
        reader.data_version()?;
        reader.read(|tables| tables.systems(|_| ()))?;
        Ok(reader)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name still leads to the file that was opened. After a restore it may not; then open again.
    pub fn is_current(&self) -> bool {
        identity(&self.path).is_ok_and(|found| found == self.identity)
    }

    /// Costs almost nothing.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn data_version(&mut self) -> Result<DataVersion, DbError> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = BigInt)]
            data_version: i64,
        }
        let found: QueryResult<Row> = diesel::sql_query("PRAGMA data_version").get_result(&mut self.conn);
        found.map(|row| DataVersion(row.data_version)).map_err(|cause| DbError::of("read", &self.path, cause))
    }

    /// Lets `work` read tables, all as of one moment.
    ///
    /// # Errors
    /// Those of `work`; the file cannot be read, or a table lacks a column.
    pub fn read<T>(
        &mut self,
        work: impl FnOnce(&mut Tables<'_>) -> Result<T, ReadError>,
    ) -> Result<T, DbError> {
        let read = transaction(&mut self.conn, Purpose::Read, |conn| {
            let present = table_names(conn)?;
            work(&mut Tables { conn, present, quarantined: Vec::new() }).map_err(|error| error.0)
        });
        read.map_err(|cause| DbError::of("read", &self.path, cause))
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Reader({})", self.path.display())
    }
}

/// Reading failed; [`Reader::read`] says of which file.
#[derive(Debug)]
pub struct ReadError(diesel::result::Error);

/// The tables within one transaction. A table that is not there counts as empty.
pub struct Tables<'a> {
    conn: &'a mut SqliteConnection,
    present: Vec<String>,
    quarantined: Vec<Quarantined>,
}

macro_rules! tables {
    ($($method:ident: $row:ident,)+) => {
        impl Tables<'_> {
            $(
                /// Gives each row of the table, in the order they were written. One that cannot be read is left out.
                ///
                /// # Errors
                /// The table cannot be read.
                pub fn $method(&mut self, each: impl FnMut($row)) -> Result<(), ReadError> {
                    self.each(each, None)
                }
            )+
        }
    };
}

tables! {
    images: ImageRow,
    volumes: VolumeRow,
    volume_snapshots: VolumeSnapshotRow,
    tenants: TenantRow,
    subnets: SubnetRow,
    networks: NetworkRow,
    systems: SystemRow,
    hosts: HostRow,
    host_groups: HostGroupRow,
    hypervisors: HypervisorRow,
    instance_types: InstanceTypeRow,
    instances: InstanceRow,
    instance_groups: InstanceGroupRow,
    host_aggregates: HostAggregateRow,
    sw_updates: SwUpdateRow,
    state: StateRow,
}

impl Tables<'_> {
    /// The instance with this uuid.
    ///
    /// # Errors
    /// The table cannot be read.
    pub fn instance(&mut self, uuid: &str) -> Result<Option<InstanceRow>, ReadError> {
        let mut found = None;
        self.each(|row| found = Some(row), Some(("uuid", uuid)))?;
        Ok(found)
    }

    /// The host with this name.
    ///
    /// # Errors
    /// The table cannot be read.
    pub fn host(&mut self, name: &str) -> Result<Option<HostRow>, ReadError> {
        let mut found = None;
        self.each(|row| found = Some(row), Some(("name", name)))?;
        Ok(found)
    }

    /// The latest decisions about an object, the latest first, at most `limit`. One that cannot be read is left out.
    ///
    /// # Errors
    /// The table cannot be read.
    pub fn decisions(&mut self, kind: &str, key: &str, limit: i64) -> Result<Vec<DecisionRow>, ReadError> {
        if !self.present.iter().any(|name| name == DecisionRow::TABLE) {
            return Ok(Vec::new());
        }
        read_decisions(self.conn, &mut self.quarantined, (kind, key), limit).map_err(ReadError)
    }

    /// The rows that could not be read so far.
    pub fn quarantined(&self) -> &[Quarantined] {
        &self.quarantined
    }

    fn each<R: Record>(&mut self, each: impl FnMut(R), only: Option<(&str, &str)>) -> Result<(), ReadError> {
        let Some(table) =
            Table::any(R::TABLE).filter(|table| self.present.iter().any(|name| name == table.name))
        else {
            return Ok(());
        };
        let statement = match only {
            Some((column, _)) => table.select_where(column),
            None => table.select_statement(),
        };
        let query = diesel::sql_query(statement).into_boxed();
        let query = match only {
            Some((_, value)) => query.bind::<Text, _>(value.to_owned()),
            None => query,
        };
        read_query(self.conn, table, query, each, &mut self.quarantined).map_err(ReadError)
    }
}

fn identity(path: &Path) -> std::io::Result<(u64, u64)> {
    std::fs::metadata(path).map(|found| (found.dev(), found.ino()))
}

/// A path as it stands in a `file:` URL of SQLite.
fn percent_encoded(path: &str) -> String {
    let mut url = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                url.push(byte.into())
            }
            other => url.push_str(&format!("%{other:02X}")),
        }
    }
    url
}

#[cfg(test)]
mod tests;
