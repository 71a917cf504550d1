//! guest_client. Contract: guest 1.1.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    guest_client::shell::run(&guest_client::arguments::parse(arguments))
}
