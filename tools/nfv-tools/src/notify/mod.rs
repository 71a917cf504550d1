//! `nfv-notify`: sends one notification to the VIM's host listener. Nothing is printed; what it does is in the system's
//! log. Start-up scripts of a host call it and read the exit code.
//!
//! Contract: deployment 7.2; southbound 10.

mod syslog;
mod wire;

pub use syslog::{Level, Log, Syslog};

use nfv_common::command_line::{self, Opt, Options, Parsed, Values};
use nfv_common::{pyjson, python_text};
use serde_json::Value;
use std::ffi::OsString;
use std::io::{self, Write};

const USAGE: &str = "usage: nfv-notify [-h] [-n HOSTNAME] [-p PORT] [-t TYPE] [-d DATA]\n";
const HELP: &str = "
optional arguments:
  -h, --help            show this help message and exit
  -n HOSTNAME, --hostname HOSTNAME
                        target host
  -p PORT, --port PORT  target port
  -t TYPE, --type TYPE  notification type
  -d DATA, --data DATA  notification data
";
const OPTIONS: Options = Options {
    known: &[
        Opt::HELP,
        Opt::value("-n", "--hostname"),
        Opt::value("-p", "--port"),
        Opt::value("-t", "--type"),
        Opt::value("-d", "--data"),
    ],
    hashed: &["--help", "--type", "--data", "--hostname", "--port"],
};

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
    let parsed = match command_line::texts(arguments) {
        Ok(texts) => OPTIONS.parse(&texts),
        Err(error) => Parsed::Error(error),
    };
    match parsed {
        Parsed::Values(values) => Ok(notify(&values, log)),
        Parsed::Help => {
            write!(stdout, "{USAGE}{HELP}")?;
            Ok(Exit::Okay)
        }
        Parsed::Error(error) => {
            writeln!(stderr, "{USAGE}nfv-notify: error: {error}")?;
            Ok(Exit::Misused)
        }
    }
}

fn notify(values: &Values, log: &mut impl Log) -> Exit {
    let mut given = [""; 4];
    let options = [
        ("--hostname", "remote host"),
        ("--port", "remote port"),
        ("--type", "notification type"),
        ("--data", "notification data"),
    ];
    for (value, (option, what)) in given.iter_mut().zip(options) {
        match values.get(option).filter(|value| !value.is_empty()) {
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
            python_text::quoted_bytes(data.as_bytes()),
            python_text::quoted_bytes(kind.as_bytes())
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
