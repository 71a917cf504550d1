//! Transactions, by hand.
//!
//! diesel's own keep count of what SQLite should have open. But on a full disk, and after some input/output errors,
//! SQLite rolls back by itself: diesel's rollback then fails, its error hides the true one, and its count stays wrong.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

/// What a transaction is for.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// Reads, all as of one moment.
    Read,
    /// Writes: takes the lock at once, so that waiting for it happens here and not half-way.
    Write,
}

/// Runs the work in a transaction. On an error, its own or the commit's, everything is undone.
pub(crate) fn transaction<T>(
    conn: &mut SqliteConnection,
    purpose: Purpose,
    work: impl FnOnce(&mut SqliteConnection) -> QueryResult<T>,
) -> QueryResult<T> {
    conn.batch_execute(match purpose {
        Purpose::Read => "BEGIN",
        Purpose::Write => "BEGIN IMMEDIATE",
    })?;
    let done = work(conn).and_then(|value| conn.batch_execute("COMMIT").map(|()| value));
    if done.is_err() {
        // Fails where SQLite was first; that there is nothing to undo is what is wanted.
        let _ = conn.batch_execute("ROLLBACK");
    }
    done
}
