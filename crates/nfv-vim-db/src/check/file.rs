//! The file and the files that SQLite keeps beside it.

use super::{CheckError, Finding, Severity};
use crate::error::DbError;
use diesel::prelude::*;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// How every SQLite file begins.
const HEADER: &[u8; 16] = b"SQLite format 3\0";
/// The byte of the `-shm` file that every process that has the database open holds a lock on ("dead man's switch").
const OPEN_LOCK: i64 = 128;
/// How long SQLite waits for another process while reading.
const BUSY_TIMEOUT: &str = "PRAGMA busy_timeout=5000";

/// The write-ahead log beside the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteAheadLog {
    /// Nothing is in it, and no process has the database open.
    Closed,
    /// A process has the database open; so many bytes are in the log.
    InUse(u64),
    /// So many bytes are in it although no process has the database open.
    LeftOver(u64),
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

pub(super) fn size_of_database(path: &Path) -> Result<u64, CheckError> {
    let failed = |source| CheckError::File { path: path.to_owned(), source };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(CheckError::Absent(path.to_owned())),
        Err(error) => return Err(failed(error)),
    };
    let metadata = file.metadata().map_err(failed)?;
    let none = |what| CheckError::NoDatabase { path: path.to_owned(), what };
    if !metadata.is_file() {
        return Err(none("it is no file"));
    }
    if metadata.len() == 0 {
        return Err(none("it is empty"));
    }
    let mut start = [0; HEADER.len()];
    match file.read_exact(&mut start) {
        Ok(()) if start == *HEADER => Ok(metadata.len()),
        Ok(()) => Err(none("it begins otherwise")),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(none("it is too short")),
        Err(error) => Err(failed(error)),
    }
}

pub(super) fn write_ahead_log(path: &Path) -> Result<WriteAheadLog, CheckError> {
    let log = beside(path, "-wal");
    let size = match std::fs::metadata(&log) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        Err(source) => return Err(CheckError::File { path: log, source }),
    };
    Ok(match (is_open(&beside(path, "-shm"))?, size) {
        (true, size) => WriteAheadLog::InUse(size),
        (false, 0) => WriteAheadLog::Closed,
        (false, size) => WriteAheadLog::LeftOver(size),
    })
}

/// Whether a process has the database open.
fn is_open(shm: &Path) -> Result<bool, CheckError> {
    let file = match File::open(shm) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(source) => return Err(CheckError::File { path: shm.to_owned(), source }),
    };
    let mut lock = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: OPEN_LOCK,
        l_len: 1,
        l_pid: 0,
    };
    fcntl(&file, FcntlArg::F_OFD_GETLK(&mut lock))
        .map_err(|error| CheckError::File { path: shm.to_owned(), source: error.into() })?;
    Ok(lock.l_type != libc::F_UNLCK as libc::c_short)
}

pub(super) fn judge_log(log: WriteAheadLog, findings: &mut Vec<Finding>) {
    if let WriteAheadLog::LeftOver(size) = log {
        findings.push(Finding {
            severity: Severity::Warning,
            what: format!(
                "{size} bytes are left in the write-ahead log although no process has the database open: the last one \
                 was killed"
            ),
            advice: "nothing is lost: the next start of nfv-vim brings them into the file. Until then copy the file only \
                     together with the one that ends in -wal",
        });
    }
}

/// Opens the database so that nothing beside it is made or changed. Where a log is, SQLite needs its side files to read
/// it; where none is, nobody has the database open and it can be read as it lies there.
pub(super) fn open_to_read(path: &Path, log: WriteAheadLog) -> Result<SqliteConnection, CheckError> {
    let absolute =
        std::path::absolute(path).map_err(|source| CheckError::File { path: path.to_owned(), source })?;
    let Some(name) = absolute.to_str() else {
        return Err(DbError::Path { path: absolute }.into());
    };
    let mode = match log {
        WriteAheadLog::Closed => "immutable=1",
        WriteAheadLog::InUse(_) | WriteAheadLog::LeftOver(_) => "mode=ro",
    };
    let mut url = String::from("file:");
    for byte in name.bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => url.push(char::from(byte)),
            other => url.push_str(&format!("%{other:02x}")),
        }
    }
    let mut conn = SqliteConnection::establish(&format!("{url}?{mode}"))
        .map_err(|cause| DbError::of_connection(&absolute, cause))?;
    diesel::connection::SimpleConnection::batch_execute(&mut conn, BUSY_TIMEOUT)
        .map_err(|cause| DbError::of("open", &absolute, cause))?;
    Ok(conn)
}
