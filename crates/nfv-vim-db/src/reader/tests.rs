//! Reading beside a writer, and files that are not as they should be.
#![allow(clippy::unwrap_used)] // a test may

use super::*;
use crate::{Database, Write};

fn system(name: &str) -> Write {
    Write::PutSystem(SystemRow { name: name.to_owned(), description: String::new() })
}

fn names(reader: &mut Reader) -> Vec<String> {
    let mut names = Vec::new();
    reader.read(|tables| tables.systems(|row| names.push(row.name))).unwrap();
    names
}

#[test]
fn changes_show_and_the_version_tells_of_them() {
    let directory = tempfile::tempdir().unwrap();
    let mut database = Database::open(directory.path()).unwrap();
    let mut reader = Reader::open(directory.path()).unwrap();
    let before = reader.data_version().unwrap();
    assert_eq!(reader.data_version().unwrap(), before);
    database.apply(&[system("lab")]).unwrap();
    assert_ne!(reader.data_version().unwrap(), before);
    assert_eq!(names(&mut reader), ["lab"]);
    assert!(reader.is_current());
}

#[test]
fn nothing_is_created() {
    let directory = tempfile::tempdir().unwrap();
    let error = Reader::open(directory.path()).unwrap_err();
    assert!(matches!(error, DbError::Open { .. }), "{error:?}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    assert!(Reader::open(&directory.path().join("none")).is_err());
}

#[test]
fn a_file_without_tables_is_empty_and_stays_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join(DATABASE_FILE);
    std::fs::write(&file, b"").unwrap();
    let mut reader = Reader::open(directory.path()).unwrap();
    assert!(names(&mut reader).is_empty());
    drop(reader);
    assert_eq!(std::fs::metadata(&file).unwrap().len(), 0);
}

#[test]
fn what_is_no_database_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join(DATABASE_FILE), "no database at all\n".repeat(100)).unwrap();
    assert!(matches!(Reader::open(directory.path()).unwrap_err(), DbError::Corrupt { .. }));
}

#[test]
fn a_file_put_in_its_place_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    Database::open(directory.path()).unwrap().close().unwrap();
    Database::open(other.path()).unwrap().close().unwrap();
    let reader = Reader::open(directory.path()).unwrap();
    let place = directory.path().join(DATABASE_FILE);
    std::fs::copy(other.path().join(DATABASE_FILE), directory.path().join("new")).unwrap();
    std::fs::rename(directory.path().join("new"), &place).unwrap();
    assert!(!reader.is_current());
    std::fs::remove_file(&place).unwrap();
    assert!(!reader.is_current());
}

#[test]
fn the_writer_never_waits_and_its_closing_leaves_nothing_in_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let mut database = Database::open(directory.path()).unwrap();
    let mut reader = Reader::open(directory.path()).unwrap();
    database.connection().batch_execute("PRAGMA busy_timeout=0").unwrap();
    reader
        .read(|tables| {
            database.apply(&[system("lab")]).unwrap();
            tables.systems(|_| panic!("not of this moment"))
        })
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(names(&mut reader), ["lab"]);
    database.close().unwrap();
    let log = directory.path().join("vim_db_v1-wal");
    assert_eq!(std::fs::metadata(&log).map_or(0, |found| found.len()), 0);
    assert_eq!(names(&mut reader), ["lab"]);
}

#[test]
fn writing_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    Database::open(directory.path()).unwrap().close().unwrap();
    let mut reader = Reader::open(directory.path()).unwrap();
    let error = reader.conn.batch_execute("DELETE FROM systems").unwrap_err();
    assert!(error.to_string().contains("readonly"), "{error}");
    let error = reader.conn.batch_execute("PRAGMA query_only=OFF; DELETE FROM systems").unwrap_err();
    assert!(error.to_string().contains("readonly"), "{error}");
}

#[test]
fn one_row_by_its_key_and_a_bad_row_beside_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut database = Database::open(directory.path()).unwrap();
    let insert = |uuid: &str, name: &str| {
        format!(
            "INSERT INTO hosts_v6 VALUES ('{uuid}', {name}, 'worker', 'enabled', '', 0, 1, '10', '5', 0, '{{}}')"
        )
    };
    database.connection().batch_execute(&insert("u1", "'compute-0'")).unwrap();
    database.connection().batch_execute(&insert("u2", "x'ff'")).unwrap();
    let mut reader = Reader::open(directory.path()).unwrap();
    let (mut all, mut bad) = (0, Vec::new());
    reader
        .read(|tables| {
            tables.hosts(|_| all += 1)?;
            bad = tables.quarantined().to_vec();
            Ok(())
        })
        .unwrap();
    assert_eq!((all, bad.len()), (1, 1));
    assert_eq!(bad[0].to_string(), "row u2 of table hosts_v6 left out: column name is not UTF-8 text");
    assert_eq!(reader.read(|tables| tables.host("compute-0")).unwrap().unwrap().uuid, "u1");
    assert!(reader.read(|tables| tables.host("' OR 1=1 --")).unwrap().is_none());
    assert!(reader.read(|tables| tables.instance("none")).unwrap().is_none());
}
