//! One run of `sw-manager`.
//!
//! Contract: vim-api 4.3.

use crate::command::{self, Command, Format, Invocation, Task};
use crate::connection::Connection;
use crate::console::Console;
use crate::display::display;
use crate::json;
use crate::keystone::LoginError;
use crate::refusal::{Failed, Reason, Situation};
use crate::rest::Failure;
use crate::session::Session;
use crate::settings::Credentials;
use crate::strategy::Strategy;
use crate::vim::ApiError;
use crate::watch;
use nfv_common::argparse::{self, Stop};

/// What is printed when the operator breaks off; the exit code is 0.
pub const INTERRUPTED: &str = "Keyboard Interrupt received.\n";

const BAD_USE: u8 = 2;
const FAILED: u8 = 1;

/// Looks a variable of the environment up.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Runs a program of that name with the arguments after it; the exit code.
pub async fn run(
    prog: &str,
    arguments: &[String],
    environment: Environment<'_>,
    console: &mut Console,
) -> u8 {
    let width = argparse::width(environment("COLUMNS").as_deref());
    let line = match command::read(prog, arguments, width) {
        Ok(line) => line,
        Err(Stop::Help(text)) => {
            console.out(&text);
            return 0;
        }
        Err(Stop::Usage(text)) => {
            console.err(&text);
            return BAD_USE;
        }
        Err(Stop::Failed(text)) => {
            console.out(&format!("{text}\n"));
            return FAILED;
        }
    };
    let connection = match Connection::of(&line, environment) {
        Ok(connection) => connection,
        Err(text) => {
            console.err(&format!("{prog}: error: {text}\n"));
            return BAD_USE;
        }
    };
    match &line.task {
        Task::Strategy(invocation) => Run { prog, invocation, connection, session: None }.run(console).await,
        Task::Question(question) => question.answer(prog, line.format, &connection, console).await,
    }
}

struct Run<'a> {
    prog: &'a str,
    invocation: &'a Invocation,
    connection: Connection<'a>,
    session: Option<Session>,
}

impl Run<'_> {
    async fn run(mut self, console: &mut Console) -> u8 {
        let credentials = match self.connection.credentials() {
            Ok(credentials) => credentials,
            Err(failed) => return self.failed(&failed, None, console).await,
        };
        match self.carry_out(credentials.clone(), console).await {
            Ok(strategy) => self.succeeded(strategy.as_ref(), console),
            Err(failed) => self.failed(&failed, Some(&credentials), console).await,
        }
    }

    async fn carry_out(
        &mut self,
        credentials: Credentials,
        console: &mut Console,
    ) -> Result<Option<Strategy>, Failed> {
        let session = self.connection.open(credentials).await?;
        let session = self.session.insert(session);
        let invocation = self.invocation;
        let strategy = session.carry_out(invocation).await?;
        match (strategy, invocation.watch) {
            (Some(strategy), Some(watch)) => {
                watch::follow(session, invocation, watch, strategy, console).await.map(Some)
            }
            (strategy, _) => Ok(strategy),
        }
    }

    fn succeeded(&self, strategy: Option<&Strategy>, console: &mut Console) -> u8 {
        match self.invocation.format {
            Format::Json => console.out(&json::ended(self.invocation, strategy, None)),
            Format::Text => console.out(&success_text(&self.invocation.command, strategy)),
        }
        0
    }

    async fn failed(&self, failed: &Failed, credentials: Option<&Credentials>, console: &mut Console) -> u8 {
        let Invocation { command, format, watch, .. } = self.invocation;
        let ended = match failed {
            Failed::EndedBadly(strategy) => Some(&**strategy),
            Failed::Setting(_)
            | Failed::Login(_)
            | Failed::NoEndpoint(_)
            | Failed::Api(_)
            | Failed::Vanished => None,
        };
        match format {
            Format::Json => {
                let reason = self.reason(failed, credentials).await;
                console.out(&json::ended(self.invocation, ended, Some(&reason)));
                FAILED
            }
            Format::Text => {
                let (text, code) = failure_text(command, failed);
                console.out(&text);
                // scripts that keep both outputs see the original's words only
                if console.err_is_terminal || watch.is_some() {
                    let reason = self.reason(failed, credentials).await;
                    console.err(&reason.lines());
                }
                code
            }
        }
    }

    /// Why it failed, with what the VIM tells of its strategies now.
    async fn reason(&self, failed: &Failed, credentials: Option<&Credentials>) -> Reason {
        let name = self.invocation.strategy;
        let (mut own, mut other) = (None, None);
        let worth_asking = matches!(
            failed,
            Failed::Api(ApiError::NotFound | ApiError::Conflict(_) | ApiError::Fault { .. })
        );
        if let (true, Some(session)) = (worth_asking, &self.session) {
            own = session.vim().show(name).await.unwrap_or_default();
            if own.is_none() {
                other = session.vim().show(name.other()).await.unwrap_or_default();
            }
        }
        let (own, other) = (own.as_ref(), other.as_ref());
        let command = &self.invocation.command;
        Situation { prog: self.prog, name, command, credentials, own, other }.reason(failed)
    }
}

fn success_text(command: &Command, strategy: Option<&Strategy>) -> String {
    let details = matches!(command, Command::Show { details: true });
    match (command, strategy) {
        (_, Some(strategy)) => display(strategy, details),
        (Command::Delete { .. }, None) => "Strategy deleted\n".to_owned(),
        (Command::Show { .. } | Command::Create(_) | Command::Apply { .. } | Command::Abort { .. }, None) => {
            "No strategy available\n".to_owned()
        }
    }
}

/// The original's words and exit code.
fn failure_text(command: &Command, failed: &Failed) -> (String, u8) {
    const NO_TOKEN: &str = "'NoneType' object has no attribute 'get_service_url'";
    match failed {
        // scripts may depend on this code
        Failed::Setting(message) => (format!("{message}\n"), 0),
        Failed::Login(error @ (LoginError::Refused { .. } | LoginError::Transport(Failure::Open(_)))) => {
            (format!("{error}\n{NO_TOKEN}\n"), FAILED)
        }
        Failed::Login(error) => (format!("{error}\n"), FAILED),
        Failed::NoEndpoint(_) => ("NFV-VIM URL is invalid\n".to_owned(), FAILED),
        Failed::Api(ApiError::NotFound) => refused(command, ""),
        Failed::Api(error @ ApiError::Fault { .. }) => refused(command, &format!("{error}\n")),
        Failed::Api(error) => (format!("{error}\n"), FAILED),
        Failed::Vanished => ("No strategy available\n".to_owned(), FAILED),
        Failed::EndedBadly(strategy) => {
            let details = matches!(command, Command::Show { details: true });
            (display(strategy, details), FAILED)
        }
    }
}

/// What is said when the VIM answers without a strategy.
fn refused(command: &Command, fault: &str) -> (String, u8) {
    let staged = |stage: &Option<String>, verb: &str| match stage {
        None => format!("Strategy {verb} failed"),
        Some(stage) => format!("Strategy stage {stage} {verb} failed"),
    };
    let text = match command {
        // scripts may depend on this code
        Command::Show { .. } => return (format!("{fault}No strategy available\n"), 0),
        Command::Create(_) => "Strategy creation failed".to_owned(),
        Command::Delete { .. } => "Strategy delete failed".to_owned(),
        Command::Apply { stage } => staged(stage, "apply"),
        Command::Abort { stage } => staged(stage, "abort"),
    };
    (format!("{fault}{text}\n"), FAILED)
}
