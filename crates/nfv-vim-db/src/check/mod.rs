//! Looking over a database, without changing anything: can it be opened, is every row readable, does what refers to
//! another row find it. Works beside a running VIM.
//!
//! ```text
//! file, side files ──► findings of the file ──┐
//! tables, rows ──────► Snapshot ──► JSON ─────┼──► Check (what is there, what is wrong, what to do)
//!                               └─► references┘
//! ```

mod file;
mod json;
mod reference;

pub use file::WriteAheadLog;

use crate::database::{DATABASE_FILE, DATABASE_VERSION, table_names};
use crate::error::DbError;
use crate::snapshot::Snapshot;
use crate::table::{OWN_TABLES, TABLES, Table};
use crate::transaction::{Purpose, transaction};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};
use std::fmt;
use std::path::{Path, PathBuf};

/// Tables whose rows the next start of nfv-vim brings to the present ones.
const TO_BE_MIGRATED: [&str; 2] = ["hosts_v5", "instance_types_v4"];
/// Integrity errors that are told, at most.
const MOST_ERRORS: u32 = 20;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing, nothing is wrong.
    Note,
    /// Something is not as it should be; the VIM copes with it.
    Warning,
    /// Something is lost or damaged.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
        })
    }
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What is so, and where.
    pub what: String,
    /// What to do about it.
    pub advice: &'static str,
}

/// What a look at the database showed.
#[derive(Clone, Debug)]
pub struct Check {
    /// The file.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// The write-ahead log beside it.
    pub log: WriteAheadLog,
    /// Each table of the file with its number of rows, in the order of the file.
    pub tables: Vec<(String, i64)>,
    /// Everything that was found, in the order of looking.
    pub findings: Vec<Finding>,
    /// The rows that can be read.
    pub snapshot: Snapshot,
}

impl Check {
    /// The worst that was found.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}

/// The check could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// There is no database.
    #[error("there is no database {}; the directory is the one that [database] database_dir names, nfv-vim makes the file at its first start", .0.display())]
    Absent(PathBuf),
    /// The file or one beside it cannot be looked at.
    #[error("cannot look at {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no database at all.
    #[error("{} is no SQLite database: {what}; restore it from a backup or a dump, or move it away and start nfv-vim, which learns the site anew", path.display())]
    NoDatabase {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// SQLite cannot open or read it.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// Looks over the database in the directory. Nothing is written, made or migrated.
///
/// # Errors
/// There is no database, or it cannot be read at all.
pub fn check(directory: &Path) -> Result<Check, CheckError> {
    let path = directory.join(DATABASE_FILE);
    let size = file::size_of_database(&path)?;
    let log = file::write_ahead_log(&path)?;
    let mut findings = Vec::new();
    file::judge_log(log, &mut findings);
    let mut conn = file::open_to_read(&path, log)?;
    let failed = |tried: &'static str| {
        let path = path.clone();
        move |cause| CheckError::from(DbError::of(tried, &path, cause))
    };
    let version = pragma_version(&mut conn).map_err(failed("read the version"))?;
    if version != DATABASE_VERSION {
        findings.push(Finding {
            severity: Severity::Warning,
            what: format!("the file has version {version}, this release writes version {DATABASE_VERSION}"),
            advice: "use the release that wrote it, or a backup made before",
        });
    }
    for error in integrity_errors(&mut conn).map_err(failed("check the integrity"))? {
        findings.push(Finding {
            severity: Severity::Error,
            what: format!("SQLite's integrity check: {error}"),
            advice: "stop nfv-vim, save the file, dump what can be read (db-dump-data), load it into a new directory \
                     (db-load-data) and put that file in its place",
        });
    }
    let names = table_names(&mut conn).map_err(failed("list the tables"))?;
    let read = transaction(&mut conn, Purpose::Read, |conn| {
        let mut tables = Vec::with_capacity(names.len());
        for name in &names {
            tables.push((name.clone(), row_count(conn, name)?));
        }
        let usable = judge_tables(conn, &names, &mut findings)?;
        let snapshot = if usable { Snapshot::read(conn)? } else { Snapshot::default() };
        Ok((tables, snapshot))
    });
    let (tables, snapshot) = read.map_err(failed("read the tables"))?;
    judge_old_tables(&tables, &mut findings);
    for row in &snapshot.quarantined {
        findings.push(Finding {
            severity: Severity::Error,
            what: row.to_string(),
            advice: "nfv-vim leaves this row out at its start and goes on; an audit brings the object back. Delete the \
                     row once that has happened, with nfv-vim stopped",
        });
    }
    json::judge(&snapshot, &mut findings);
    reference::judge(&snapshot, &mut findings);
    Ok(Check { path, size, log, tables, findings, snapshot })
}

fn pragma_version(conn: &mut SqliteConnection) -> QueryResult<i32> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Integer)]
        user_version: i32,
    }
    diesel::sql_query("PRAGMA user_version").get_result::<Row>(conn).map(|row| row.user_version)
}

fn integrity_errors(conn: &mut SqliteConnection) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        integrity_check: String,
    }
    let rows: Vec<Row> = diesel::sql_query(format!("PRAGMA integrity_check({MOST_ERRORS})")).load(conn)?;
    Ok(rows.into_iter().map(|row| row.integrity_check).filter(|text| text != "ok").collect())
}

fn row_count(conn: &mut SqliteConnection, table: &str) -> QueryResult<i64> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        rows: i64,
    }
    let name = table.replace('"', "\"\"");
    let query = format!("SELECT count(*) AS rows FROM \"{name}\"");
    diesel::sql_query(query).get_result::<Row>(conn).map(|row| row.rows)
}

/// Whether each table that the VIM reads is there with all its columns.
fn judge_tables(
    conn: &mut SqliteConnection,
    names: &[String],
    findings: &mut Vec<Finding>,
) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        name: String,
    }
    let mut usable = true;
    for table in TABLES.iter().chain(OWN_TABLES) {
        if !names.iter().any(|name| name == table.name) {
            usable = false;
            findings.push(Finding {
                // the original and its tools do not make ours
                severity: if Table::known(table.name).is_none() { Severity::Note } else { Severity::Warning },
                what: format!("there is no table {}; rows and references were not checked", table.name),
                advice: "nothing: the next start of nfv-vim makes it",
            });
            continue;
        }
        let query = format!("SELECT name FROM pragma_table_info('{}')", table.name);
        let found: Vec<Row> = diesel::sql_query(query).load(conn)?;
        for column in table.columns.iter().filter(|column| found.iter().all(|row| row.name != column.name)) {
            usable = false;
            findings.push(Finding {
                severity: Severity::Error,
                what: format!(
                    "table {} has no column {}; rows and references were not checked",
                    table.name, column.name
                ),
                advice: "nfv-vim cannot start on this file: use a backup, or move the file away and start nfv-vim, \
                         which learns the site anew",
            });
        }
    }
    Ok(usable)
}

fn judge_old_tables(tables: &[(String, i64)], findings: &mut Vec<Finding>) {
    for (name, rows) in tables.iter().filter(|(_, rows)| *rows > 0) {
        let (what, advice) = if TO_BE_MIGRATED.contains(&name.as_str()) {
            ("the previous release's", "nothing: the next start of nfv-vim brings them to the present table")
        } else if name == "instances_v4" {
            ("the previous release's, never read", "nothing: the audit of instances brings them anew")
        } else if Table::any(name).is_none() {
            ("not of this release", "nothing: they are kept and not read")
        } else {
            continue;
        };
        findings.push(Finding {
            severity: Severity::Note,
            what: format!("table {name} holds rows ({rows}): {what}"),
            advice,
        });
    }
}

#[cfg(test)]
mod tests;
