//! What the tests share: a database in a directory of its own, and SQL past our own code.
#![allow(dead_code)] // each test uses its part
#![allow(missing_docs)]

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use nfv_vim_db::{DATABASE_FILE, Database};
use serde_json::Value;
use std::path::{Path, PathBuf};

pub fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

pub fn open(directory: &Path) -> Database {
    Database::open(directory).unwrap()
}

fn connect(directory: &Path) -> SqliteConnection {
    SqliteConnection::establish(directory.join(DATABASE_FILE).to_str().unwrap()).unwrap()
}

/// Runs statements on the file as somebody else would.
pub fn execute(directory: &Path, statements: &str) {
    connect(directory).batch_execute(statements).unwrap();
}

/// Asks for one column, named `answer`, as text.
pub fn ask(directory: &Path, query: &str) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<Text>)]
        answer: Option<String>,
    }
    let rows: Vec<Row> = diesel::sql_query(query).load(&mut connect(directory)).unwrap();
    rows.into_iter().map(|row| row.answer.unwrap_or_else(|| "NULL".to_owned())).collect()
}

/// A dump file as JSON.
pub fn json(file: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// The whole content of the database in the directory, as a dump has it.
pub fn content(directory: &Path) -> Value {
    let file = tempfile::NamedTempFile::new().unwrap();
    nfv_vim_db::transfer::dump(directory, file.path()).unwrap();
    json(file.path())
}

/// A dump of the project's own making.
pub fn own_dump(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dumps").join(name)
}

/// A directory with that dump loaded.
pub fn loaded(name: &str) -> tempfile::TempDir {
    let directory = directory();
    nfv_vim_db::transfer::load(directory.path(), &own_dump(name)).unwrap();
    directory
}
