//! server_group_app: a sample of a server group's application.
//!
//!     server_group_app [MESSAGE]
//!
//! Says MESSAGE to the group, asks how its members are, and prints what it hears until it is stopped.

use std::io::Write;
use std::os::fd::AsFd;
use std::process::ExitCode;

use guest_comm::server_group::{Heard, Member};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            println!("{text}");
            ExitCode::from(255)
        }
    }
}

fn run() -> Result<(), String> {
    let mut member = Member::join().map_err(|error| format!("error initializing library: {error}"))?;
    let mut arguments = std::env::args().skip(1);
    if let (Some(message), None) = (arguments.next(), arguments.next()) {
        member.broadcast(&message).map_err(|error| format!("problem sending broadcast: {error}"))?;
    }
    member.request_status().map_err(|error| format!("problem requesting status: {error}"))?;
    loop {
        let mut sockets = [PollFd::new(member.as_fd(), PollFlags::POLLIN)];
        if let Err(error) = poll(&mut sockets, PollTimeout::NONE) {
            println!("poll(): {error}");
            continue;
        }
        match member.hear() {
            Ok(Some(heard)) => print(&heard).map_err(|error| error.to_string())?,
            Ok(None) => {}
            Err(error) => println!("problem processing incoming msg: {error}"),
        }
    }
}

fn print(heard: &Heard) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match heard {
        Heard::Broadcast { source_instance, message } => writeln!(
            out,
            "got server group broadcast msg: len: {}, sinstance: {source_instance:.20}, msg: {message}\n",
            message.len()
        )?,
        Heard::Notification(text) => writeln!(out, "got server group notification msg: {text}\n")?,
        Heard::Status(text) => {
            let text = String::from_utf8_lossy(text);
            writeln!(out, "got server group status response msg: {text}\n")?;
        }
    }
    out.flush()
}
