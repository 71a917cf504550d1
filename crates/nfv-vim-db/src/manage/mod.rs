//! `nfv-vim-manage`: dump a database's data to a file, load it from one, look it over.
//!
//! Contract: deployment 2.1.

mod db_check;

use crate::transfer::{self, TransferError};
use nfv_common::command_line::{self, First, Opt, Options, Parsed};
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

const USAGE: &str = "usage: nfv-vim-manage <command> [<args>] 
  where command is one of 
    db-dump-data    dump data from database 
    db-load-data    load data into database 
    db-check        look over a database, also while nfv-vim runs 
    status          tell how nfv-vim is 
";

const HELP: &str = "
positional arguments:
  command     command to be run

optional arguments:
  -h, --help  show this help message and exit
";

const COMMAND_USAGE: &str = "usage: nfv-vim-manage [-h] -d DATABASE -f FILENAME\n";

const COMMAND_HELP: &str = "
optional arguments:
  -h, --help            show this help message and exit
  -d DATABASE, --database DATABASE
                        database directory
  -f FILENAME, --filename FILENAME
";

/// The options of dump and load.
const TRANSFER_OPTIONS: Options = Options {
    known: &[Opt::HELP, Opt::required("-d", "--database"), Opt::required("-f", "--filename")],
    hashed: &["--filename", "--database", "--help"],
};

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
    let texts = match command_line::texts(arguments) {
        Ok(texts) => texts,
        Err(error) => return misused(USAGE, &error),
    };
    let name = match command_line::first(texts.first().map(String::as_str)) {
        First::Command(name) => name,
        First::Help => return Outcome { stdout: format!("{USAGE}{HELP}"), ..Outcome::default() },
        First::Error(error) => return misused(USAGE, &error),
    };
    if name == "db-check" {
        return db_check::run(&texts[1..]);
    }
    match COMMANDS.iter().find(|command| command.name == name) {
        Some(command) => command.run(&texts[1..]),
        // Observed: a mistyped command prints the help and ends well.
        None => Outcome { stdout: format!("{USAGE}{HELP}"), ..Outcome::default() },
    }
}

impl Command {
    fn run(&self, arguments: &[String]) -> Outcome {
        let values = match TRANSFER_OPTIONS.parse(arguments) {
            Parsed::Values(values) => values,
            Parsed::Help => return Outcome { stdout: self.help(), ..Outcome::default() },
            Parsed::Error(error) => return misused(COMMAND_USAGE, &error),
        };
        let given = |name| Path::new(values.get(name).map_or("", String::as_str));
        match (self.run)(given("--database"), given("--filename")) {
            Ok(()) => Outcome { stdout: self.done.to_owned(), ..Outcome::default() },
            Err(error) => Outcome {
                stdout: format!("{error}\n"),
                stderr: error.detail().map_or_else(String::new, |detail| format!("{detail}\n")),
                code: 1,
            },
        }
    }

    fn help(&self) -> String {
        let indent = " ".repeat(24);
        format!("{COMMAND_USAGE}\n{}\n{COMMAND_HELP}{indent}{}\n", self.description, self.file_help)
    }
}

/// A wrong command line.
fn misused(usage: &str, error: &str) -> Outcome {
    Outcome { stderr: format!("{usage}nfv-vim-manage: error: {error}\n"), code: 2, ..Outcome::default() }
}

#[cfg(test)]
mod tests;
