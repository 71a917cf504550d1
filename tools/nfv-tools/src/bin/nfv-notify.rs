//! `nfv-notify`: tells the VIM something about this host. Contract: deployment 7.2.

use nfv_tools::notify::{self, Exit, Syslog};
use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = std::env::args_os().skip(1);
    let ended = notify::run(arguments, &mut Syslog::open(), &mut io::stdout(), &mut io::stderr());
    ExitCode::from(ended.unwrap_or(Exit::Failed).code())
}
