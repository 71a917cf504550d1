//! The database file: opening, reading, changing, closing.

use crate::error::DbError;
use crate::migrate;
use crate::row::DecisionRow;
use crate::snapshot::{Quarantined, Snapshot, read_decisions};
use crate::table::{HISTORY_INDEXES, HISTORY_TABLE, OWN_TABLES, TABLES, Table};
use crate::transaction::{Purpose, transaction};
use crate::write::Write;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};
use std::path::{Path, PathBuf};

/// The version of the file, a constant of the original: tables have versions of their own in their names.
///
/// Contract: deployment 1.1.
pub const DATABASE_VERSION: i32 = 1;

/// The name of the file in its directory.
///
/// Contract: deployment 1.1.
pub const DATABASE_FILE: &str = "vim_db_v1";

/// How long SQLite waits for another process (milliseconds); the original's Python waits as long.
const BUSY_TIMEOUT_MS: u32 = 5000;

/// How long closing waits for others to let go of the write-ahead log; the last one to close empties it anyway.
const CLOSE_TIMEOUT_MS: u32 = 500;

/// The open database. There is one writer: all changes go through this one connection.
///
/// Closing it, by [`Database::close`] or by dropping it, brings everything from the write-ahead log into the file.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use nfv_vim_db::{Database, Write, row::SystemRow};
///
/// let directory = tempfile::tempdir()?;
/// let mut database = Database::open(directory.path())?;
/// database.migrate()?;
/// database.apply(&[Write::PutSystem(SystemRow { name: "lab".into(), description: "".into() })])?;
/// assert_eq!(database.load()?.systems.len(), 1);
/// database.close()?;
/// # Ok(())
/// # }
/// ```
pub struct Database {
    path: PathBuf,
    conn: SqliteConnection,
    closed: bool,
}

impl Database {
    /// Opens `vim_db_v1` in the directory for the VIM: makes the directory with its parents, the file and each table
    /// that is missing, our own tables included. What exists is never altered.
    ///
    /// # Errors
    /// The directory or file cannot be made, opened or written, is no database, or is held by another process for
    /// longer than five seconds.
    ///
    /// Contract: deployment 1.1.
    pub fn open(directory: &Path) -> Result<Database, DbError> {
        let mut database = Database::open_original(directory)?;
        database.create_missing(OWN_TABLES.into_iter())?;
        Ok(database)
    }

    /// The same without our own tables: what the original and its management tool would open.
    ///
    /// # Errors
    /// As [`Database::open`].
    pub fn open_original(directory: &Path) -> Result<Database, DbError> {
        create_directory(directory)?;
        // Absolute, so that no directory name can be taken for one of SQLite's or diesel's URL forms.
        let path = std::path::absolute(directory.join(DATABASE_FILE))
            .map_err(|source| DbError::Directory { path: directory.to_owned(), source })?;
        let Some(name) = path.to_str() else {
            return Err(DbError::Path { path });
        };
        let conn = SqliteConnection::establish(name).map_err(|cause| DbError::of_connection(&path, cause))?;
        let mut database = Database { path, conn, closed: false };
        let prepared = prepare(&mut database.conn);
        prepared.map_err(|cause| DbError::of("open", &database.path, cause))?;
        database.create_missing(TABLES.iter())?;
        Ok(database)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Brings the rows of the previous release's tables to the present ones, in one transaction. Rows that cannot be
    /// are reported and stay where they are.
    ///
    /// # Errors
    /// Reading or writing fails; then nothing is changed.
    ///
    /// Contract: deployment 1.4.
    pub fn migrate(&mut self) -> Result<Vec<Quarantined>, DbError> {
        let migrated = transaction(&mut self.conn, Purpose::Write, migrate::migrate);
        migrated.map_err(|cause| DbError::of("migrate", &self.path, cause))
    }

    /// Reads everything, as of one moment. A row that cannot be read is reported in the snapshot and never stops the
    /// rest.
    ///
    /// # Errors
    /// The file cannot be read at all, or a table lacks a column.
    ///
    /// Contract: deployment 1.2, 1.5.
    pub fn load(&mut self) -> Result<Snapshot, DbError> {
        let read = transaction(&mut self.conn, Purpose::Read, Snapshot::read);
        read.map_err(|cause| DbError::of("read", &self.path, cause))
    }

    /// Makes all changes in one transaction, in their order, on disk when this returns; all of them or, on an error,
    /// none.
    ///
    /// # Errors
    /// Writing fails: no space left, read-only, held by another process, damaged.
    ///
    /// Contract: deployment 1.2, 1.5.
    pub fn apply(&mut self, writes: &[Write]) -> Result<(), DbError> {
        if writes.is_empty() {
            return Ok(());
        }
        let mut tried = None;
        let applied = transaction(&mut self.conn, Purpose::Write, |conn| {
            for write in writes {
                tried = Some(write);
                write.run(conn)?;
            }
            tried = None;
            Ok(())
        });
        applied.map_err(|cause| {
            let tried = tried.map_or_else(|| format!("commit {} changes", writes.len()), Write::describe);
            DbError::of(tried, &self.path, cause)
        })
    }

    /// The same for what may be lost when the power fails: nobody waits for the disk.
    ///
    /// # Errors
    /// As [`Database::apply`].
    pub fn apply_without_waiting(&mut self, writes: &[Write]) -> Result<(), DbError> {
        if writes.is_empty() {
            return Ok(());
        }
        let path = self.path.clone();
        let synchronous = |conn: &mut SqliteConnection, mode: &str| {
            let set = conn.batch_execute(&format!("PRAGMA synchronous={mode}"));
            set.map_err(|cause| DbError::of("change how it is written", &path, cause))
        };
        synchronous(&mut self.conn, "NORMAL")?;
        let applied = self.apply(writes);
        // whatever came of it, the next commit waits again
        synchronous(&mut self.conn, "FULL").and(applied)
    }

    /// Brings everything into the file and closes it. Waits for half a second at most for others that use it.
    ///
    /// # Errors
    /// The write-ahead log cannot be brought into the file; nothing is lost, the next opening does it.
    pub fn close(mut self) -> Result<(), DbError> {
        self.closed = true;
        self.checkpoint()
    }

    /// Brings what other connections have committed into the file, without disturbing them: for a process that must end
    /// although whoever owns its [`Database`] does not answer. Waits for half a second at most.
    ///
    /// # Errors
    /// The file cannot be opened, or the log not be brought in; nothing is lost, the next opening does it.
    pub fn settle(directory: &Path) -> Result<(), DbError> {
        let path = directory.join(DATABASE_FILE);
        let Some(name) = path.to_str() else {
            return Err(DbError::Path { path });
        };
        let conn = SqliteConnection::establish(name).map_err(|cause| DbError::of_connection(&path, cause))?;
        Database { path, conn, closed: true }.checkpoint()
    }

    /// The latest decisions about an object, the latest first, at most `limit`; and those of them that cannot be read.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn decisions(
        &mut self,
        kind: &str,
        key: &str,
        limit: i64,
    ) -> Result<(Vec<DecisionRow>, Vec<Quarantined>), DbError> {
        let mut bad = Vec::new();
        let read = read_decisions(&mut self.conn, &mut bad, (kind, key), limit);
        read.map(|rows| (rows, bad)).map_err(|cause| DbError::of("read", &self.path, cause))
    }

    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.conn
    }

    /// Makes the tables that are not there, in one transaction. Where all are there nothing is written, so that a
    /// complete database can be opened and read on a full disk.
    fn create_missing(&mut self, tables: impl Iterator<Item = &'static Table>) -> Result<(), DbError> {
        let path = &self.path;
        let present = table_names(&mut self.conn).map_err(|cause| DbError::of("open", path, cause))?;
        let missing: Vec<&Table> =
            tables.filter(|table| !present.iter().any(|name| name == table.name)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let created = transaction(&mut self.conn, Purpose::Write, |conn| {
            missing.iter().try_for_each(|table| {
                conn.batch_execute(&table.create_statement())?;
                if table.name == HISTORY_TABLE.name { conn.batch_execute(HISTORY_INDEXES) } else { Ok(()) }
            })
        });
        created.map_err(|cause| DbError::of("create the tables", path, cause))
    }

    /// Empties the write-ahead log. Another process that reads at the moment keeps it from being complete; that is
    /// no error, the last one to close the file completes it.
    fn checkpoint(&mut self) -> Result<(), DbError> {
        let done = self.conn.batch_execute(&format!(
            "PRAGMA busy_timeout={CLOSE_TIMEOUT_MS}; PRAGMA wal_checkpoint(TRUNCATE)"
        ));
        done.map_err(|cause| DbError::of("bring the write-ahead log into the file", &self.path, cause))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.closed {
            return;
        }
        if let Err(error) = self.checkpoint() {
            tracing::warn!("{error}");
        }
    }
}

/// Sets up a new connection. The version is only written where it is another: the original writes it always, which
/// comes to the same but needs space on the disk.
fn prepare(conn: &mut SqliteConnection) -> QueryResult<()> {
    #[derive(QueryableByName)]
    struct Version {
        #[diesel(sql_type = Integer)]
        user_version: i32,
    }
    conn.batch_execute(&format!(
        "PRAGMA busy_timeout={BUSY_TIMEOUT_MS}; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL"
    ))?;
    let found: Version = diesel::sql_query("PRAGMA user_version").get_result(conn)?;
    if found.user_version == DATABASE_VERSION {
        return Ok(());
    }
    conn.batch_execute(&format!("PRAGMA user_version={DATABASE_VERSION}"))
}

/// All tables in the file, known or not; SQLite's own are none of them.
pub(crate) fn table_names(conn: &mut SqliteConnection) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Name {
        #[diesel(sql_type = Text)]
        name: String,
    }
    let query =
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let names: Vec<Name> = diesel::sql_query(query).load(conn)?;
    Ok(names.into_iter().map(|name| name.name).collect())
}

fn create_directory(directory: &Path) -> Result<(), DbError> {
    // An empty name is no directory; `create_dir_all` would take it for the present one.
    let made = if directory.as_os_str().is_empty() {
        Err(std::io::Error::from_raw_os_error(NO_SUCH_FILE))
    } else {
        std::fs::create_dir_all(directory)
    };
    made.map_err(|source| DbError::Directory { path: directory.to_owned(), source })
}

/// `ENOENT`.
const NO_SUCH_FILE: i32 = 2;

#[cfg(test)]
mod tests;
