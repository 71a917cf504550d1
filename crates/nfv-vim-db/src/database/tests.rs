//! The database under faults: no space, a lock, a file that may not be written or is none.
#![allow(clippy::unwrap_used)] // a test may

use super::*;
use crate::row::{StateRow, SystemRow};
use diesel::sql_types::BigInt;

fn system(name: &str) -> Write {
    Write::PutSystem(SystemRow { name: name.to_owned(), description: String::new() })
}

fn state(key: usize, size: usize) -> Write {
    Write::PutState(StateRow { kind: "test".to_owned(), key: key.to_string(), data: "x".repeat(size) })
}

fn number(database: &mut Database, query: &str) -> i64 {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        answer: i64,
    }
    diesel::sql_query(query).get_result::<Row>(database.connection()).unwrap().answer
}

#[test]
fn what_is_committed_can_be_brought_into_the_file_beside_the_one_that_has_it_open() {
    let directory = tempfile::tempdir().unwrap();
    let mut database = Database::open(directory.path()).unwrap();
    database
        .apply(&[Write::PutSystem(SystemRow { name: "lab".to_owned(), description: String::new() })])
        .unwrap();
    Database::settle(directory.path()).unwrap();
    // the file alone, as a copy made after a forced end
    let alone = tempfile::tempdir().unwrap();
    std::fs::copy(directory.path().join(DATABASE_FILE), alone.path().join(DATABASE_FILE)).unwrap();
    assert_eq!(Database::open(alone.path()).unwrap().load().unwrap().systems.len(), 1);
    drop(database);
}

#[test]
fn the_connection_syncs_every_commit() {
    let directory = tempfile::tempdir().unwrap();
    let mut database = Database::open(directory.path()).unwrap();
    // 2 is FULL.
    assert_eq!(number(&mut database, "SELECT synchronous AS answer FROM pragma_synchronous"), 2);
    assert_eq!(number(&mut database, "SELECT timeout AS answer FROM pragma_busy_timeout"), 5000);
}

#[test]
fn a_batch_that_finds_no_space_leaves_nothing_and_the_next_one_works() {
    let directory = tempfile::tempdir().unwrap();
    let mut database = Database::open(directory.path()).unwrap();
    database.apply(&[system("lab")]).unwrap();
    let before = database.load().unwrap();
    let pages = number(&mut database, "SELECT page_count AS answer FROM pragma_page_count");
    database.connection().batch_execute(&format!("PRAGMA max_page_count={}", pages + 4)).unwrap();
    let mut batch = vec![system("other")];
    batch.extend((0..100).map(|key| state(key, 1000)));
    for _ in 0..3 {
        let error = database.apply(&batch).unwrap_err();
        assert!(matches!(error, DbError::Full { .. }), "{error:?}");
        let text = error.to_string();
        assert!(
            text.starts_with("cannot write state ") && text.ends_with("vim_db_v1: database or disk is full"),
            "{text}"
        );
        assert_eq!(database.load().unwrap(), before);
    }
    database.apply(&[system("third")]).unwrap();
    assert_eq!(database.load().unwrap().systems.len(), 2);
}

#[test]
fn a_failing_change_undoes_the_ones_before_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut database = Database::open(directory.path()).unwrap();
    database.connection().batch_execute("DROP TABLE tenants").unwrap();
    let error = database.apply(&[system("lab"), Write::DeleteTenant { uuid: "t".to_owned() }]).unwrap_err();
    assert!(matches!(error, DbError::Other { .. }), "{error:?}");
    assert!(error.to_string().starts_with("cannot delete tenant t, database /"), "{error}");
    assert_eq!(number(&mut database, "SELECT count(*) AS answer FROM systems"), 0);
}

#[test]
fn a_lock_held_by_another_process_is_an_error_that_passes() {
    let directory = tempfile::tempdir().unwrap();
    let mut database = Database::open(directory.path()).unwrap();
    let mut other = Database::open(directory.path()).unwrap();
    database.connection().batch_execute("PRAGMA busy_timeout=0").unwrap();
    other.connection().batch_execute("BEGIN IMMEDIATE").unwrap();
    let error = database.apply(&[system("lab")]).unwrap_err();
    assert!(matches!(error, DbError::Locked { .. }), "{error:?}");
    assert!(database.load().unwrap().systems.is_empty(), "reading goes on");
    other.connection().batch_execute("COMMIT").unwrap();
    database.apply(&[system("lab")]).unwrap();
}

#[test]
fn a_reader_in_the_way_does_not_spoil_closing() {
    let directory = tempfile::tempdir().unwrap();
    let mut database = Database::open(directory.path()).unwrap();
    let mut reader = Database::open(directory.path()).unwrap();
    reader.connection().batch_execute("BEGIN").unwrap();
    assert_eq!(number(&mut reader, "SELECT count(*) AS answer FROM systems"), 0);
    database.connection().batch_execute("PRAGMA busy_timeout=0").unwrap();
    database.apply(&[system("lab")]).unwrap();
    database.close().unwrap();
    assert_eq!(number(&mut reader, "SELECT count(*) AS answer FROM systems"), 0, "still its own moment");
    reader.connection().batch_execute("COMMIT").unwrap();
    reader.close().unwrap();
    assert_eq!(Database::open(directory.path()).unwrap().load().unwrap().systems.len(), 1);
}

#[test]
fn nothing_is_left_in_the_log_after_closing_even_when_others_have_the_file_open() {
    for by_drop in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let other = Database::open(directory.path()).unwrap();
        let mut database = Database::open(directory.path()).unwrap();
        database.apply(&[system("lab")]).unwrap();
        let log = directory.path().join("vim_db_v1-wal");
        assert!(std::fs::metadata(&log).unwrap().len() > 0);
        if by_drop {
            drop(database)
        } else {
            database.close().unwrap()
        }
        assert_eq!(std::fs::metadata(&log).unwrap().len(), 0);
        drop(other);
        assert!(!log.exists());
    }
}

#[test]
fn a_file_that_may_only_be_read_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let mut database = Database::open(directory.path()).unwrap();
    database.connection().batch_execute("PRAGMA query_only=ON").unwrap();
    let error = database.apply(&[system("lab")]).unwrap_err();
    assert!(matches!(error, DbError::ReadOnly { .. }), "{error:?}");
    assert!(database.load().unwrap().systems.is_empty());
}

#[test]
fn what_is_no_database_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join(DATABASE_FILE);
    let text = "this is no database, whatever its name may say\n".repeat(100);
    std::fs::write(&file, &text).unwrap();
    let error = Database::open(directory.path()).err().unwrap();
    assert!(matches!(error, DbError::Corrupt { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!("cannot open, database {}: file is not a database", file.display())
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn a_damaged_file_is_an_error_and_no_panic() {
    let directory = tempfile::tempdir().unwrap();
    let mut database = Database::open(directory.path()).unwrap();
    database.apply(&(0..200).map(|key| state(key, 3000)).collect::<Vec<_>>()).unwrap();
    database.close().unwrap();
    let file = directory.path().join(DATABASE_FILE);
    let mut bytes = std::fs::read(&file).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].fill(0xa5);
    std::fs::write(&file, bytes).unwrap();
    let error =
        Database::open(directory.path()).and_then(|mut database| database.load().map(drop)).err().unwrap();
    assert!(matches!(error, DbError::Corrupt { .. }), "{error:?}");
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    for (directory, text) in [
        ("/dev/null/db", "cannot create the database directory /dev/null/db: Not a directory (os error 20)"),
        ("", "cannot create the database directory : No such file or directory (os error 2)"),
    ] {
        assert_eq!(Database::open(Path::new(directory)).err().unwrap().to_string(), text);
    }
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join(DATABASE_FILE)).unwrap();
    let error = Database::open(directory.path()).err().unwrap();
    assert!(matches!(error, DbError::Open { .. }), "{error:?}");
}

#[test]
fn thousands_of_changes_in_small_batches_all_arrive() {
    let directory = tempfile::tempdir().unwrap();
    let mut database = Database::open(directory.path()).unwrap();
    let writes: Vec<Write> = (0..5000).map(|key| state(key, 200)).collect();
    let begun = std::time::Instant::now();
    for batch in writes.chunks(10) {
        database.apply(batch).unwrap();
    }
    println!("5000 changes in 500 commits: {:?}", begun.elapsed());
    assert_eq!(database.load().unwrap().state.len(), 5000);
}

#[test]
fn a_complete_database_is_opened_and_read_without_writing() {
    let directory = tempfile::tempdir().unwrap();
    let mut holder = Database::open(directory.path()).unwrap();
    holder.apply(&[system("lab")]).unwrap();
    // While somebody holds the write lock nothing can be written, so what works now needed none of it.
    holder.connection().batch_execute("BEGIN IMMEDIATE").unwrap();
    let begun = std::time::Instant::now();
    assert_eq!(Database::open(directory.path()).unwrap().load().unwrap().systems.len(), 1);
    assert!(begun.elapsed() < std::time::Duration::from_secs(4), "waited for the lock");
}

#[test]
fn a_new_database_takes_little_space() {
    let directory = tempfile::tempdir().unwrap();
    let _database = Database::open(directory.path()).unwrap();
    let log = std::fs::metadata(directory.path().join("vim_db_v1-wal")).unwrap().len();
    assert!(log < 250_000, "{log} bytes for the schema alone");
}

#[test]
fn the_database_may_be_handed_to_a_writer_thread() {
    fn handed<T: Send>(_: &T) {}
    let directory = tempfile::tempdir().unwrap();
    handed(&Database::open(directory.path()).unwrap());
}
