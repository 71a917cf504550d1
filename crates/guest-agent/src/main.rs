//! guestAgent: stands between the VIM and the guestServers of all computes. Contract: guest 1.4.

use std::process::ExitCode;

use guest_daemon::arguments::{self, Command};

fn main() -> ExitCode {
    let arguments: Vec<String> =
        std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    match arguments::parse(arguments.iter().skip(1).cloned()) {
        Command::Print(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Command::Run(parsed) if parsed.test => ExitCode::SUCCESS,
        Command::Run(parsed) => {
            if parsed.verbose {
                println!("{}\n", arguments.join(" "));
            }
            guest_agent::shell::run(&parsed)
        }
    }
}
