//! Dump and load: all tables of a database as one line of JSON, and back.
//!
//! Both deal with values as they lie in the file, never with row structs: a dump gives back what is there, whatever
//! release wrote it, and a load leaves the judgement of a value to the table's own constraints.
//!
//! Contract: deployment 2.2, 2.3.

use crate::database::{DATABASE_VERSION, Database, table_names};
use crate::error::DbError;
use crate::table::{Column, Kind, Preset, Table};
use crate::transaction::{Purpose, transaction};
use crate::value::{Fetched, Value};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as QueryError};
use diesel::sql_types::{BigInt, Double, Nullable, Text};
use diesel::sqlite::Sqlite;
use nfv_common::pyjson;
use nfv_common::python_text;
use nfv_common::python_text::{io_error, quoted};
use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What went wrong with a dump or a load. `Display` is the text that the tool prints, the original's where the contract
/// has one.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The database.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The dump file could not be read or written.
    #[error("{}", io_error(source, path))]
    File {
        /// The dump file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The dump is no JSON, or ends too early.
    #[error("No JSON object could be decoded")]
    NotJson {
        /// The dump file.
        path: PathBuf,
        /// Where and why.
        detail: String,
    },
    /// The dump has no member `tables`.
    #[error("'tables'")]
    NoTables {
        /// The dump file.
        path: PathBuf,
    },
    /// The dump was made for another version of the database.
    #[error("dump {} has version {found}, only version {DATABASE_VERSION} can be loaded", path.display())]
    Version {
        /// The dump file.
        path: PathBuf,
        /// Its version, as JSON.
        found: String,
    },
    /// The dump's JSON is not shaped as a dump.
    #[error("dump {} is damaged: {what}", path.display())]
    Shape {
        /// The dump file.
        path: PathBuf,
        /// What is wrong, and where.
        what: String,
    },
    /// A row was refused by a constraint of its table.
    #[error("(sqlite3.IntegrityError) {reason} [SQL: u{}] [parameters: {parameters}]", quoted(statement))]
    Refused {
        /// SQLite's words.
        reason: String,
        /// The statement.
        statement: String,
        /// The row's values.
        parameters: String,
    },
    /// A value in the database that JSON cannot hold.
    #[error("cannot dump database {}: row {key} of table {table}: column {column} is not UTF-8 text", path.display())]
    Undumpable {
        /// The database file.
        path: PathBuf,
        /// The table.
        table: &'static str,
        /// The row's key.
        key: String,
        /// The column.
        column: &'static str,
    },
}

impl TransferError {
    /// What the contract's text does not say, for the operator.
    pub fn detail(&self) -> Option<String> {
        match self {
            TransferError::NotJson { path, detail } => {
                Some(format!("dump {} is damaged: {detail}", path.display()))
            }
            TransferError::NoTables { path } => {
                Some(format!("dump {} has no member \"tables\"", path.display()))
            }
            TransferError::Database(_)
            | TransferError::File { .. }
            | TransferError::Version { .. }
            | TransferError::Shape { .. }
            | TransferError::Refused { .. }
            | TransferError::Undumpable { .. } => None,
        }
    }
}

/// Writes all tables of the database in the directory to the file. A missing database is made first, empty.
///
/// # Errors
/// The database cannot be opened or read, the file not written.
///
/// Contract: deployment 2.2.
pub fn dump(directory: &Path, file: &Path) -> Result<(), TransferError> {
    let mut database = Database::open_original(directory)?;
    let text = dump_text(&mut database)?;
    drop(database);
    write_file(file, &text).map_err(|source| TransferError::File { path: file.to_owned(), source })
}

/// Loads the file into the database in the directory: all rows of it or, on an error, none. A missing database is made
/// first. The file is read and judged before the database is touched.
///
/// # Errors
/// The file cannot be read or is no dump; the database cannot be opened or written; a row is refused.
///
/// Contract: deployment 2.3.
pub fn load(directory: &Path, file: &Path) -> Result<(), TransferError> {
    let text = std::fs::read(file).map_err(|source| TransferError::File { path: file.to_owned(), source })?;
    let rows = parse(file, &text)?;
    let mut database = Database::open_original(directory)?;
    // Committed is loaded: should the log not go into the file now (no space left), the next opening sees to it. So the
    // database is dropped, not closed with a result.
    insert(&mut database, &rows)
}

fn write_file(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    // An upgrade takes the dump to another machine's disk; a pipe or terminal has nothing to bring there.
    if file.metadata()?.is_file() { file.sync_all() } else { Ok(()) }
}

/// The whole database as the text of a dump, as of one moment.
fn dump_text(database: &mut Database) -> Result<String, TransferError> {
    let path = database.path().to_owned();
    let read = transaction(database.connection(), Purpose::Read, |conn| {
        let mut tables = BTreeMap::new();
        for name in table_names(conn)? {
            let mut rows = Vec::new();
            if let Some(table) = Table::known(&name) {
                for fetched in diesel::sql_query(table.select_statement()).load_iter::<Fetched, _>(conn)? {
                    rows.push(DumpRow { table, values: fetched? });
                }
            }
            tables.insert(name, rows);
        }
        Ok(Dump { tables })
    });
    let dump = read.map_err(|cause| DbError::of("dump", &path, cause))?;
    for row in dump.tables.values().flatten() {
        let bad =
            row.table.columns.iter().zip(&row.values.0).find(|(_, value)| matches!(value, Value::Bytes(_)));
        if let Some((column, _)) = bad {
            let key = row.values.key(row.table);
            return Err(TransferError::Undumpable { path, table: row.table.name, key, column: column.name });
        }
    }
    Ok(pyjson::to_string(&dump))
}

struct Dump {
    tables: BTreeMap<String, Vec<DumpRow>>,
}

struct DumpRow {
    table: &'static Table,
    values: Fetched,
}

struct DumpValue<'a>(&'a Column, &'a Value);

impl Serialize for Dump {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Dump", 2)?;
        out.serialize_field("tables", &self.tables)?;
        out.serialize_field("version", &DATABASE_VERSION)?;
        out.end()
    }
}

impl Serialize for DumpRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(Some(self.values.0.len()))?;
        for (column, value) in self.table.columns.iter().zip(&self.values.0) {
            out.serialize_entry(column.name, &DumpValue(column, value))?;
        }
        out.end()
    }
}

impl Serialize for DumpValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.0.kind, self.1) {
            (Kind::Boolean, Value::Integer(number)) => serializer.serialize_bool(*number != 0),
            (_, Value::Integer(number)) => serializer.serialize_i64(*number),
            (_, Value::Real(number)) => serializer.serialize_f64(*number),
            (_, Value::Text(text)) => serializer.serialize_str(text),
            (_, Value::Null | Value::Bytes(_)) => serializer.serialize_none(),
        }
    }
}

/// A row to be inserted.
struct LoadRow {
    table: &'static Table,
    /// Columns with their values, in column order. A key column without a value is left out: the table then refuses
    /// the row in the words of the contract.
    values: Vec<(&'static str, Value)>,
}

/// The rows of all known tables in a dump; others are dropped.
fn parse(path: &Path, text: &[u8]) -> Result<Vec<LoadRow>, TransferError> {
    let damaged = |what: String| TransferError::Shape { path: path.to_owned(), what };
    let json: Json = serde_json::from_slice(text)
        .map_err(|error| TransferError::NotJson { path: path.to_owned(), detail: error.to_string() })?;
    let Json::Object(mut dump) = json else {
        return Err(damaged("it is no JSON object".to_owned()));
    };
    if let Some(version) = dump.get("version") {
        // The original loads any version. What a future one means cannot be known, so it is not guessed at.
        if version.as_f64() != Some(f64::from(DATABASE_VERSION)) {
            return Err(TransferError::Version { path: path.to_owned(), found: pyjson::to_string(version) });
        }
    }
    let tables = dump.remove("tables").ok_or_else(|| TransferError::NoTables { path: path.to_owned() })?;
    let Json::Object(tables) = tables else {
        return Err(damaged("its \"tables\" is no JSON object".to_owned()));
    };
    let mut loaded = Vec::new();
    for (name, rows) in tables {
        let Some(table) = Table::known(&name) else { continue };
        let Json::Array(rows) = rows else {
            return Err(damaged(format!("table {name} is no list")));
        };
        for (index, row) in rows.into_iter().enumerate() {
            let row = load_row(table, row);
            loaded.push(row.map_err(|what| damaged(format!("table {name}, row {}: {what}", index + 1)))?);
        }
    }
    Ok(loaded)
}

fn load_row(table: &'static Table, row: Json) -> Result<LoadRow, String> {
    let Json::Object(mut members) = row else {
        return Err("it is no JSON object".to_owned());
    };
    let mut values = Vec::with_capacity(table.columns.len());
    for column in table.columns {
        let value = match members.remove(column.name) {
            Some(json) => {
                column_value(column, json).map_err(|what| format!("column {} {what}", column.name))?
            }
            None => match column.preset {
                Preset::Null => Value::Null,
                Preset::Zero => Value::Integer(0),
                Preset::EmptyObject => Value::Text("{}".to_owned()),
            },
        };
        if value != Value::Null || !table.key.contains(&column.name) {
            values.push((column.name, value));
        }
    }
    Ok(LoadRow { table, values })
}

/// A JSON value as it is bound to a column: truth values become numbers, for a BOOLEAN column anything becomes a truth
/// value as in Python; the rest is up to SQLite.
fn column_value(column: &Column, json: Json) -> Result<Value, &'static str> {
    let value = match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Integer(i64::from(truth)),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Value::Integer(number),
            (None, Some(real)) if number.is_f64() => Value::Real(real),
            (None, _) => return Err("holds a number beyond 64 bits"),
        },
        Json::String(text) => Value::Text(text),
        Json::Array(_) => return Err("holds a list"),
        Json::Object(_) => return Err("holds an object"),
    };
    if column.kind != Kind::Boolean {
        return Ok(value);
    }
    Ok(match value {
        Value::Integer(number) => Value::Integer(i64::from(number != 0)),
        Value::Real(number) => Value::Integer(i64::from(number != 0.0)),
        Value::Text(text) => Value::Integer(i64::from(!text.is_empty())),
        other @ (Value::Null | Value::Bytes(_)) => other,
    })
}

/// Inserts all rows in one transaction.
fn insert(database: &mut Database, rows: &[LoadRow]) -> Result<(), TransferError> {
    let path = database.path().to_owned();
    let mut at = None;
    let inserted = transaction(database.connection(), Purpose::Write, |conn| {
        for row in rows {
            at = Some(row);
            row.insert(conn)?;
        }
        at = None;
        Ok(())
    });
    inserted.map_err(|cause| match (at, cause) {
        (
            Some(row),
            QueryError::DatabaseError(
                DatabaseErrorKind::UniqueViolation
                | DatabaseErrorKind::NotNullViolation
                | DatabaseErrorKind::CheckViolation,
                reason,
            ),
        ) => TransferError::Refused {
            reason: reason.message().to_owned(),
            statement: row.statement(),
            parameters: row.parameters(),
        },
        (Some(row), cause) => DbError::of(format!("load table {}", row.table.name), &path, cause).into(),
        (None, cause) => DbError::of("commit the load", &path, cause).into(),
    })
}

impl LoadRow {
    fn statement(&self) -> String {
        let names: Vec<&str> = self.values.iter().map(|(name, _)| *name).collect();
        let marks = vec!["?"; names.len()].join(", ");
        format!("INSERT INTO {} ({}) VALUES ({marks})", self.table.name, names.join(", "))
    }

    /// The values as Python shows a tuple of them.
    fn parameters(&self) -> String {
        let values: Vec<String> = self.values.iter().map(|(_, value)| python_value(value)).collect();
        match values.as_slice() {
            [single] => format!("({single},)"),
            many => format!("({})", many.join(", ")),
        }
    }

    fn insert(&self, conn: &mut SqliteConnection) -> QueryResult<()> {
        let mut query = diesel::sql_query(self.statement()).into_boxed::<Sqlite>();
        for (_, value) in &self.values {
            query = match value {
                Value::Integer(number) => query.bind::<BigInt, _>(*number),
                Value::Real(number) => query.bind::<Double, _>(*number),
                Value::Text(text) => query.bind::<Text, _>(text.as_str()),
                Value::Null | Value::Bytes(_) => query.bind::<Nullable<Text>, _>(None::<String>),
            };
        }
        query.execute(conn).map(drop)
    }
}

fn python_value(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => pyjson::to_string(number),
        Value::Text(text) => format!("u{}", python_text::quoted(text)),
        Value::Bytes(bytes) => python_text::quoted(&String::from_utf8_lossy(bytes)),
    }
}
