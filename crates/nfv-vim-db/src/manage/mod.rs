//! `nfv-vim-manage`: dump a database's data to a file, load it from one, look it over.
//!
//! Contract: deployment 2.1.

mod argparse;
mod db_check;

use crate::transfer::{self, TransferError};
use argparse::Transfer;
use nfv_common::argparse::Stop;
use std::ffi::OsString;
use std::path::Path;

/// What the tool has to say and how it ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// For standard output; the original prints errors there.
    pub stdout: String,
    /// For standard error.
    pub stderr: String,
    /// Exit code.
    pub code: u8,
}

/// What is printed when the operator breaks off; the exit code is 0.
///
/// Contract: deployment 2.1.
pub const INTERRUPTED: &str = "Keyboard Interrupt received.\n";

/// One command.
struct Command {
    name: &'static str,
    description: &'static str,
    file_help: &'static str,
    done: &'static str,
    run: fn(&Path, &Path) -> Result<(), TransferError>,
}

const COMMANDS: [Command; 2] = [
    Command {
        name: "db-dump-data",
        description: "Dump data from database",
        file_help: "dump data to file",
        done: "Database data dump....... [complete]\n",
        run: transfer::dump,
    },
    Command {
        name: "db-load-data",
        description: "Load data into database",
        file_help: "load data from file",
        done: "Database data load....... [complete]\n",
        run: transfer::load,
    },
];

/// Runs the tool with the arguments after its own name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Outcome {
    let texts = match argparse::texts(arguments) {
        Ok(texts) => texts,
        Err(stop) => return stopped(stop, ""),
    };
    let name = match argparse::first(&texts) {
        Ok(name) => name,
        Err(stop) => return stopped(stop, ""),
    };
    if name == "db-check" {
        return db_check::run(&texts[1..]);
    }
    match COMMANDS.iter().find(|command| command.name == name) {
        Some(command) => command.run(&texts[1..]),
        // Observed: a mistyped command prints the help and ends well.
        None => Outcome { stdout: argparse::help(), ..Outcome::default() },
    }
}

impl Command {
    fn run(&self, arguments: &[String]) -> Outcome {
        let Transfer { database, filename } =
            match argparse::command(self.description, self.file_help, arguments) {
                Ok(transfer) => transfer,
                Err(stop) => return stopped(stop, ""),
            };
        match (self.run)(Path::new(&database), Path::new(&filename)) {
            Ok(()) => Outcome { stdout: self.done.to_owned(), ..Outcome::default() },
            Err(error) => Outcome {
                stdout: format!("{error}\n"),
                stderr: error.detail().map_or_else(String::new, |detail| format!("{detail}\n")),
                code: 1,
            },
        }
    }
}

/// What there is to say when the arguments ask for nothing; `below` stands below the help.
pub fn stopped(stop: Stop, below: &str) -> Outcome {
    match stop {
        Stop::Help(text) => Outcome { stdout: format!("{text}{below}"), ..Outcome::default() },
        Stop::Usage(stderr) => Outcome { stderr, code: 2, ..Outcome::default() },
        // the original shows where Python failed
        Stop::Failed(error) => Outcome { stderr: format!("{error}\n"), code: 1, ..Outcome::default() },
    }
}

#[cfg(test)]
mod tests;
