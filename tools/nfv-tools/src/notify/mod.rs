//! `nfv-notify`: sends one notification to the VIM's host listener. Nothing is printed; what it does is in the system's
//! log. Start-up scripts of a host call it and read the exit code.
//!
//! Contract: deployment 7.2; southbound 10.

mod syslog;
mod wire;

pub use syslog::{Level, Log, Syslog};

use nfv_common::argparse::{Matches, Opt, Parser, Stop, Takes};
use nfv_common::{pyjson, python_text};
use serde_json::Value;
use std::ffi::OsString;
use std::io::{self, Write};

fn parser() -> Parser {
    Parser::new("nfv-notify")
        .option(Opt::new(&["-n", "--hostname"], Takes::Text).help("target host"))
        .option(Opt::new(&["-p", "--port"], Takes::Text).help("target port"))
        .option(Opt::new(&["-t", "--type"], Takes::Text).help("notification type"))
        .option(Opt::new(&["-d", "--data"], Takes::Text).help("notification data"))
}

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The VIM has taken it and has nothing more to do; or help was asked for.
    Okay,
    /// The VIM has taken it and acts on it.
    Accepted,
    /// Anything else.
    Failed,
    /// An unknown option.
    Misused,
}

impl Exit {
    /// The exit code.
    ///
    /// Contract: deployment 7.2.
    pub const fn code(self) -> u8 {
        match self {
            Self::Okay => 0,
            Self::Accepted => 254,
            Self::Failed => 1,
            Self::Misused => 2,
        }
    }
}

/// Runs the program with the arguments after its own name.
///
/// # Errors
/// Help or usage cannot be printed.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    log: &mut impl Log,
    stdout: &mut impl Write,
    stderr: &mut impl Write,
) -> io::Result<Exit> {
    match parser().read(arguments) {
        Ok(values) => Ok(notify(&values, log)),
        Err(Stop::Help(text)) => {
            write!(stdout, "{text}")?;
            Ok(Exit::Okay)
        }
        Err(Stop::Usage(text)) => {
            write!(stderr, "{text}")?;
            Ok(Exit::Misused)
        }
        Err(Stop::Failed(error)) => {
            writeln!(stderr, "{error}")?;
            Ok(Exit::Failed)
        }
    }
}

fn notify(values: &Matches, log: &mut impl Log) -> Exit {
    let mut given = [""; 4];
    let options = [
        ("hostname", "remote host"),
        ("port", "remote port"),
        ("type", "notification type"),
        ("data", "notification data"),
    ];
    for (value, (option, what)) in given.iter_mut().zip(options) {
        match values.text(option).filter(|value| !value.is_empty()) {
            Some(found) => *value = found,
            None => {
                log.log(Level::Info, &format!("No {what} given."));
                return Exit::Failed;
            }
        }
    }
    let [hostname, port, kind, data] = given;
    log.log(Level::Info, &format!("Arguments: hostname={hostname}, port={port}, type={kind}, data={data}."));
    exchange(hostname, port, kind, data, log).unwrap_or_else(|error| {
        log.log(Level::Error, &format!("Exception: {error}"));
        Exit::Failed
    })
}

fn exchange(
    hostname: &str,
    port: &str,
    kind: &str,
    data: &str,
    log: &mut impl Log,
) -> Result<Exit, wire::WireError> {
    let port = wire::port(port)?;
    let mut connection = wire::Connection::open(hostname, port)?;
    log.log(
        Level::Info,
        &format!(
            "Request={{'notify-data': {}, 'version': 1, 'notify-type': {}}}",
            python_text::quoted_bytes(data),
            python_text::quoted_bytes(kind)
        ),
    );
    let payload = format!(
        "{{\"notify-data\": {}, \"version\": 1, \"notify-type\": {}}}",
        pyjson::to_string(data),
        pyjson::to_string(kind)
    );
    connection.send(payload.as_bytes())?;
    let Some(answer) = connection.receive()? else { return Ok(Exit::Failed) };
    let answer: Value = serde_json::from_slice(&answer).map_err(wire::WireError::NotJson)?;
    log.log(Level::Info, &format!("Response={}", python_text::shown(&answer)));
    let Value::Object(answer) = answer else { return Err(wire::WireError::NotAnObject) };
    Ok(match answer.get("status").and_then(Value::as_str) {
        Some("okay") => Exit::Okay,
        Some("accepted") => Exit::Accepted,
        _ => Exit::Failed,
    })
}
