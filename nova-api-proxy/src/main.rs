//! `nova-api-proxy`: the reverse proxy on Nova's public port. Contract: nova-api-proxy 2.

use std::path::Path;
use std::process::ExitCode;

use nova_api_proxy::cli::{self, Command, PROGRAM};
use nova_api_proxy::serve::process;

/// Exit status of a bad command line.
const BAD_USAGE: u8 = 2;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    let path = arguments.next().unwrap_or_else(|| PROGRAM.to_owned());
    let name = Path::new(&path).file_name().map_or(path.clone(), |name| name.to_string_lossy().into_owned());
    let program = name.strip_suffix(".py").unwrap_or(&name);
    match cli::parse(arguments) {
        Command::Print(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Command::Refuse(text) => {
            eprint!("{text}");
            ExitCode::from(BAD_USAGE)
        }
        Command::Run(arguments) => ExitCode::from(process::run(&arguments, program)),
    }
}
