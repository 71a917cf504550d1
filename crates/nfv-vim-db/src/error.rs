//! What can go wrong with the database, told as what was tried, on which file, and why it failed.

use std::path::{Path, PathBuf};

/// An error of the database. Every variant names the attempt and the file or directory.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The directory could not be made.
    #[error("cannot create the database directory {}: {source}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// SQLite takes only UTF-8 paths.
    #[error("cannot open the database {}: the path is not UTF-8", path.display())]
    Path {
        /// The path.
        path: PathBuf,
    },
    /// The file, or the `-wal` and `-shm` files beside it, could not be opened or created.
    #[error("cannot {tried}, database {}: {detail}", path.display())]
    Open {
        /// What was tried.
        tried: String,
        /// The database file.
        path: PathBuf,
        /// SQLite's words.
        detail: String,
    },
    /// No space is left; the transaction was rolled back.
    #[error("cannot {tried}, database {}: {detail}", path.display())]
    Full {
        /// What was tried.
        tried: String,
        /// The database file.
        path: PathBuf,
        /// SQLite's words.
        detail: String,
    },
    /// Another process held the database for longer than the busy time limit.
    #[error("cannot {tried}, database {}: {detail}", path.display())]
    Locked {
        /// What was tried.
        tried: String,
        /// The database file.
        path: PathBuf,
        /// SQLite's words.
        detail: String,
    },
    /// The file, its directory or its file system may only be read.
    #[error("cannot {tried}, database {}: {detail}", path.display())]
    ReadOnly {
        /// What was tried.
        tried: String,
        /// The database file.
        path: PathBuf,
        /// SQLite's words.
        detail: String,
    },
    /// The file is damaged or no SQLite database.
    #[error("cannot {tried}, database {}: {detail}", path.display())]
    Corrupt {
        /// What was tried.
        tried: String,
        /// The database file.
        path: PathBuf,
        /// SQLite's words.
        detail: String,
    },
    /// Anything else: a constraint, an input/output error, a table of another shape.
    #[error("cannot {tried}, database {}: {source}", path.display())]
    Other {
        /// What was tried.
        tried: String,
        /// The database file.
        path: PathBuf,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// The sorts of failure that a caller may want to tell apart, by SQLite's own message: diesel keeps the text of an
/// error but not its number.
enum Sort {
    Open,
    Full,
    Locked,
    ReadOnly,
    Corrupt,
}

/// Beginnings or parts of messages of `sqlite3_errstr`, which SQLite promises to keep in English.
const SORTS: [(&str, Sort); 8] = [
    ("unable to open database file", Sort::Open),
    ("database or disk is full", Sort::Full),
    ("database is locked", Sort::Locked),
    ("database table is locked", Sort::Locked),
    ("attempt to write a readonly database", Sort::ReadOnly),
    ("database disk image is malformed", Sort::Corrupt),
    ("file is not a database", Sort::Corrupt),
    ("malformed database schema", Sort::Corrupt),
];

impl DbError {
    /// Names the attempt and the file to an error of diesel.
    pub(crate) fn of(tried: impl Into<String>, path: &Path, cause: diesel::result::Error) -> DbError {
        DbError::sorted(tried.into(), path, cause.to_string(), Box::new(cause))
    }

    /// The same for an error of connecting.
    pub(crate) fn of_connection(path: &Path, cause: diesel::ConnectionError) -> DbError {
        DbError::sorted("open".to_owned(), path, cause.to_string(), Box::new(cause))
    }

    fn sorted(
        tried: String,
        path: &Path,
        detail: String,
        source: Box<dyn std::error::Error + Send + Sync>,
    ) -> DbError {
        let path = path.to_owned();
        match SORTS.iter().find(|(text, _)| detail.contains(text)) {
            Some((_, Sort::Open)) => DbError::Open { tried, path, detail },
            Some((_, Sort::Full)) => DbError::Full { tried, path, detail },
            Some((_, Sort::Locked)) => DbError::Locked { tried, path, detail },
            Some((_, Sort::ReadOnly)) => DbError::ReadOnly { tried, path, detail },
            Some((_, Sort::Corrupt)) => DbError::Corrupt { tried, path, detail },
            None => DbError::Other { tried, path, source },
        }
    }
}
