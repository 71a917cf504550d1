//! The command line of `nfv-vim-manage`: its first argument and what follows a command.
//!
//! Contract: deployment 2.1.

use nfv_common::argparse::{Opt, Parser, Stop, Takes, columns};
use std::ffi::OsString;

const PROG: &str = "nfv-vim-manage";
const USAGE: &str = "nfv-vim-manage <command> [<args>] 
  where command is one of 
    db-dump-data    dump data from database 
    db-load-data    load data into database 
    db-check        look over a database, also while nfv-vim runs 
    status          tell how nfv-vim is 
";

/// What a command works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Transfer {
    /// Directory of the database.
    pub database: String,
    /// The dump.
    pub filename: String,
}

fn top() -> Parser {
    Parser::new(PROG).usage(USAGE).word("command", "command to be run")
}

/// The help of the tool itself.
pub(super) fn help() -> String {
    top().help_text(columns())
}

/// The arguments after the tool's name as texts.
pub(super) fn texts(arguments: impl IntoIterator<Item = OsString>) -> Result<Vec<String>, Stop> {
    top().texts(arguments)
}

/// The command: of the arguments after the tool's name the first one only is looked at.
pub(super) fn first(arguments: &[String]) -> Result<String, Stop> {
    let first = arguments.get(..1).unwrap_or_default();
    let matches = top().parse(first, columns())?;
    Ok(matches.text("command").unwrap_or_default().to_owned())
}

/// The arguments after a command.
pub(super) fn command(
    description: &'static str,
    file_help: &'static str,
    arguments: &[String],
) -> Result<Transfer, Stop> {
    let parser = Parser::new(PROG)
        .description(description)
        .option(Opt::new(&["-d", "--database"], Takes::Text).required().help("database directory"))
        .option(Opt::new(&["-f", "--filename"], Takes::Text).required().help(file_help));
    let matches = parser.parse(arguments, columns())?;
    let text = |key| matches.text(key).unwrap_or_default().to_owned();
    Ok(Transfer { database: text("database"), filename: text("filename") })
}
