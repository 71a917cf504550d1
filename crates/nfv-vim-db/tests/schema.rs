//! The file that we make is the file that the original makes. Contract: deployment 1.1, 1.3.
#![allow(clippy::unwrap_used)] // a test may

mod support;

use nfv_vim_db::{DATABASE_FILE, Database};
use support::{ask, directory, execute, open};

const GOLDEN: &str = include_str!("golden/schema.sql");
const SCHEMA: &str = "SELECT sql || ';' AS answer FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name";

#[test]
fn a_new_file_has_the_schema_of_the_original_to_the_letter() {
    let directory = directory();
    Database::open_original(directory.path()).unwrap().close().unwrap();
    assert_eq!(ask(directory.path(), SCHEMA).join("\n") + "\n", GOLDEN);
    assert_eq!(GOLDEN.matches("CREATE TABLE").count(), 19);
}

#[test]
fn the_vim_adds_its_own_tables_and_nothing_else() {
    let directory = directory();
    open(directory.path()).close().unwrap();
    let schema = ask(directory.path(), SCHEMA);
    let (side, original): (Vec<String>, Vec<String>) =
        schema.into_iter().partition(|sql| sql.contains("nfv_"));
    assert_eq!(original.join("\n") + "\n", GOLDEN);
    assert_eq!(side.len(), 4, "two tables, two indexes: {side:?}");
}

#[test]
fn the_directory_is_made_with_its_parents_and_the_file_marked() {
    let directory = directory();
    let deep = directory.path().join("a/b 'c'/file:d?x");
    let database = open(&deep);
    assert_eq!(database.path(), deep.join(DATABASE_FILE));
    assert!(deep.join("vim_db_v1-wal").exists(), "write-ahead log while open");
    database.close().unwrap();
    let names: Vec<_> = std::fs::read_dir(&deep).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [DATABASE_FILE], "a clean close leaves one file");
    let text = |query: &str| ask(&deep, query).join("");
    assert_eq!(text("SELECT CAST(user_version AS TEXT) AS answer FROM pragma_user_version"), "1");
    assert_eq!(text("SELECT journal_mode AS answer FROM pragma_journal_mode"), "wal");
    assert_eq!(text("SELECT CAST(page_size AS TEXT) AS answer FROM pragma_page_size"), "4096");
}

#[test]
fn a_relative_directory_is_meant_from_where_we_stand() {
    let directory = directory();
    let here = std::env::current_dir().unwrap();
    let up = "../".repeat(here.components().count());
    let relative = format!("{up}{}", directory.path().join("db").strip_prefix("/").unwrap().display());
    Database::open(relative.as_ref()).unwrap().close().unwrap();
    assert!(directory.path().join("db").join(DATABASE_FILE).exists());
}

#[test]
fn what_exists_is_never_altered_and_what_lacks_is_added() {
    let directory = directory();
    // As a newer library leaves it, without checks, and with a table and a column of a newer release.
    let found = "CREATE TABLE tenants (uuid VARCHAR(64) NOT NULL, name VARCHAR(64) NOT NULL, description VARCHAR(64), \
                 enabled VARCHAR(64) NOT NULL, colour TEXT, PRIMARY KEY (uuid))";
    execute(
        directory.path(),
        &format!(
            "{found}; INSERT INTO tenants VALUES ('u', 'n', NULL, '1', 'red'); \
             CREATE TABLE hosts_v8 (uuid TEXT); INSERT INTO hosts_v8 VALUES ('h'); PRAGMA user_version=7"
        ),
    );
    let mut database = open(directory.path());
    assert_eq!(database.load().unwrap().tenants.len(), 1);
    database.close().unwrap();
    let sql = "SELECT sql AS answer FROM sqlite_master WHERE name = 'tenants'";
    assert_eq!(ask(directory.path(), sql), [found]);
    assert_eq!(ask(directory.path(), "SELECT colour AS answer FROM tenants"), ["red"]);
    assert_eq!(ask(directory.path(), "SELECT uuid AS answer FROM hosts_v8"), ["h"]);
    assert_eq!(ask(directory.path(), SCHEMA).len(), 24);
    // Contract 1.1: a newer file is opened without complaint and marked with our version.
    let version = "SELECT CAST(user_version AS TEXT) AS answer FROM pragma_user_version";
    assert_eq!(ask(directory.path(), version), ["1"]);
}
