//! `nfv-vim-manage`: dumps the VIM's database to a file, loads it from one, looks it over; tells how nfv-vim is.
//!
//! Contract: deployment 2.

use nfv_vim_db::manage::{self, INTERRUPTED};
use std::io::Write;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    watch_for_interrupt();
    let mut arguments = std::env::args_os().skip(1).peekable();
    let outcome = if arguments.next_if(|first| first == "status").is_some() {
        nfv_vim::status::run(arguments)
    } else {
        manage::run(arguments)
    };
    print(std::io::stdout(), &outcome.stdout);
    print(std::io::stderr(), &outcome.stderr);
    ExitCode::from(outcome.code)
}

/// Ctrl-C ends the tool with a word and status 0. A load that is under way is then not committed: SQLite undoes it when
/// the database is opened next.
///
/// The handler stands when this returns; only the waiting is another thread's. Where it cannot be had, Ctrl-C just ends
/// the program.
fn watch_for_interrupt() {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else { return };
    let handler = {
        let _context = runtime.enter();
        signal(SignalKind::interrupt())
    };
    let Ok(mut interrupt) = handler else { return };
    std::thread::spawn(move || {
        if runtime.block_on(interrupt.recv()).is_some() {
            print(std::io::stdout(), INTERRUPTED);
            std::process::exit(0);
        }
    });
}

/// A reader that has gone away is no reason to fail: the work is done.
fn print(mut out: impl Write, text: &str) {
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
