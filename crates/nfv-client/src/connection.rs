//! How the VIM is reached: credentials, certificates, longest waits, what is shown of the traffic.

use crate::command::{CommandLine, Format, MAX_TIMEOUT};
use crate::console::Console;
use crate::refusal::Failed;
use crate::rest::{Observer, RestClient, Trust};
use crate::run::Environment;
use crate::session::{Limits, Session};
use crate::settings::Credentials;
use std::sync::Arc;
use std::time::Duration;

const VARIABLE: &str = "SW_MANAGER_TIMEOUT";

/// What options and environment say about it.
pub(crate) struct Connection<'a> {
    line: &'a CommandLine,
    environment: Environment<'a>,
    limits: Limits,
}

impl<'a> Connection<'a> {
    /// Reads them.
    ///
    /// # Errors
    /// The longest wait of the environment is none: what to say.
    pub(crate) fn of(line: &'a CommandLine, environment: Environment<'a>) -> Result<Self, String> {
        let limits = limits(line, environment)?;
        Ok(Self { line, environment, limits })
    }

    /// Who asks.
    pub(crate) fn credentials(&self) -> Result<Credentials, Failed> {
        let option = |key: &str| self.line.options.text(key).map(str::to_owned);
        Credentials::gather(option, self.environment).map_err(Failed::Setting)
    }

    /// Logs in.
    pub(crate) async fn open(&self, credentials: Credentials) -> Result<Session, Failed> {
        let client = RestClient::new(self.trust(), self.observer());
        Session::open(client, credentials, self.limits).await
    }

    /// Option, `OS_CACERT`, `REQUESTS_CA_BUNDLE`, or whom the system trusts.
    fn trust(&self) -> Trust {
        let option = self.line.options.text("os-cacert").map(str::to_owned);
        let variable = |name| (self.environment)(name).filter(|path| !path.is_empty());
        let file = option.or_else(|| variable("OS_CACERT")).or_else(|| variable("REQUESTS_CA_BUNDLE"));
        file.map_or(Trust::System, |path| Trust::Only(path.into()))
    }

    fn observer(&self) -> Option<Observer> {
        // beside JSON the traffic would spoil it
        let print: fn(&str) = match self.line.format {
            Format::Text => |line| Console::standard().out(&format!("{line}\n")),
            Format::Json => |line| Console::standard().err(&format!("{line}\n")),
        };
        self.line.options.flag("debug").then(|| Arc::new(print) as Observer)
    }
}

/// Longest waits: from the option, the environment, or as they are.
fn limits(line: &CommandLine, environment: Environment<'_>) -> Result<Limits, String> {
    let seconds = match (line.options.number("timeout"), environment(VARIABLE)) {
        (Some(seconds), _) => u64::try_from(seconds).ok(),
        (None, Some(text)) => Some(
            text.parse::<u64>()
                .ok()
                .filter(|seconds| (1..=MAX_TIMEOUT).contains(seconds))
                .ok_or_else(|| format!("{VARIABLE} is no whole number from 1 to {MAX_TIMEOUT}"))?,
        ),
        (None, None) => None,
    };
    Ok(match seconds.map(Duration::from_secs) {
        Some(limit) => Limits { keystone: limit, vim: limit },
        None => Limits::default(),
    })
}
