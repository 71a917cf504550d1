//! Questions that change nothing and that the original cannot answer: what was decided and why, and what would happen.
//!
//! docs/extensions.md, docs/sw-manager.md.

use crate::command::{self, Command, Format};
use crate::connection::Connection;
use crate::console::Console;
use crate::refusal::{Failed, Kind, Reason, Situation};
use crate::settings::Credentials;
use crate::strategy_name::StrategyName;
use crate::vim::{ApiError, Vim};
use crate::{foresight, json, retrospect};
use nfv_common::argparse::{Matches, Opt, Parser, Stop, Takes};
use nfv_vim_rpc::history::{History, ObjectType};
use nfv_vim_rpc::preview::{HostPreviewAction, Preview};
use serde::Serialize;

const FAILED: u8 = 1;
/// Most decisions that can be asked for; the VIM keeps no more of an object.
const MOST_DECISIONS: i64 = 1000;

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// What was decided about an object.
    History {
        /// Host or instance.
        of: ObjectType,
        /// Its name or uuid.
        object: String,
        /// The last ones only.
        limit: Option<i64>,
    },
    /// What locking a host would do.
    LockHost {
        /// Its name.
        host: String,
        /// By force.
        force: bool,
    },
    /// What applying the strategy would do.
    Apply(StrategyName),
}

/// The answer to one of them.
enum Answer {
    History(History),
    Preview(Preview),
}

/// How a question ended, as JSON.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Ended<'a> {
    command: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    strategy_type: Option<&'static str>,
    outcome: &'static str,
    history: Option<&'a History>,
    preview: Option<&'a Preview>,
    error: Option<&'a Reason>,
}

/// `--preview`
pub(crate) fn preview() -> Opt {
    Opt::new(&["--preview"], Takes::Flag).help("show what would happen, and do nothing")
}

/// The commands that the original does not have.
pub(crate) fn commands() -> Vec<(&'static str, Parser)> {
    let limit = || Opt::new(&["--limit"], Takes::Range(1, MOST_DECISIONS)).help("the last ones only");
    let about = |name, help| Parser::new("").option(command::format()).option(limit()).word(name, help);
    let history = Parser::new("").commands(
        "Decisions",
        vec![
            ("host", "What was decided about a host, and why", about("name", "name of the host")),
            (
                "instance",
                "What was decided about an instance, and why",
                about("uuid", "uuid of the instance"),
            ),
        ],
    );
    let host_lock = Parser::new("")
        .option(command::format())
        .option(Opt::new(&["--force"], Takes::Flag).help("of a lock by force"))
        .option(preview())
        .word("name", "name of the host");
    vec![("history", history), ("host-lock", host_lock)]
}

/// The question that the command line has; none if it has another command.
///
/// # Errors
/// It asks for something that cannot be.
pub(crate) fn read(prog: &str, options: &Matches) -> Result<Option<Question>, Stop> {
    let wrong = |text: &str| Stop::Usage(format!("{prog}: error: {text}\n"));
    let object = |key| {
        let object = options.text(key).unwrap_or_default();
        // a part of an address like these would lead elsewhere
        let named = !object.trim_matches('.').is_empty();
        if named { Ok(object.to_owned()) } else { Err(wrong(&format!("'{object}' is no {key}"))) }
    };
    let limit = options.number("limit");
    Ok(Some(match options.commands.as_slice() {
        ["history", "host"] => Question::History { of: ObjectType::Host, object: object("name")?, limit },
        ["history", _] => Question::History { of: ObjectType::Instance, object: object("uuid")?, limit },
        ["host-lock"] => {
            let host = object("name")?;
            if !options.flag("preview") {
                let force = if options.flag("force") { " --force" } else { "" };
                return Err(wrong(&format!(
                    "a host is locked with: system host-lock{force} {host}\n\
                     With --preview this command shows what that would do."
                )));
            }
            Question::LockHost { host, force: options.flag("force") }
        }
        [area, "apply"] if options.flag("preview") => {
            if options.flag("watch") || options.text("stage-id").is_some() {
                return Err(wrong("--preview goes neither with --watch nor with --stage-id"));
            }
            Question::Apply(StrategyName::of_command(area))
        }
        _ => return Ok(None),
    }))
}

impl Question {
    fn command(&self) -> &'static str {
        match self {
            Self::History { .. } => "history",
            Self::LockHost { .. } => "host-lock",
            Self::Apply(_) => "apply",
        }
    }

    fn strategy(&self) -> Option<StrategyName> {
        match self {
            Self::Apply(name) => Some(*name),
            Self::History { .. } | Self::LockHost { .. } => None,
        }
    }

    /// Below `/api/extensions/`.
    fn path(&self) -> String {
        match self {
            Self::History { of, object, limit } => {
                let limit = limit.map_or_else(String::new, |limit| format!("?limit={limit}"));
                format!("{}s/{}/history{limit}", of.as_str(), encoded(object))
            }
            Self::LockHost { host, force } => {
                let action = if *force { HostPreviewAction::LockForce } else { HostPreviewAction::Lock };
                format!("hosts/{}/preview?action={}", encoded(host), action.as_str())
            }
            Self::Apply(name) => format!("orchestration/{}/strategy/preview", name.as_str()),
        }
    }

    /// Asks, tells, and gives the exit code.
    pub(crate) async fn answer(
        &self,
        prog: &str,
        format: Format,
        connection: &Connection<'_>,
        console: &mut Console,
    ) -> u8 {
        let credentials = match connection.credentials() {
            Ok(credentials) => credentials,
            Err(failed) => return self.failed(&self.reason(prog, &failed, None), format, console),
        };
        match self.ask(connection, credentials.clone()).await {
            Ok(answer) => {
                let text = match (&answer, format) {
                    (answer, Format::Json) => self.ended(Some(answer), None),
                    (Answer::History(history), Format::Text) => retrospect::display(history),
                    (Answer::Preview(preview), Format::Text) => foresight::display(preview),
                };
                console.out(&text);
                0
            }
            Err(failed) => self.failed(&self.reason(prog, &failed, Some(&credentials)), format, console),
        }
    }

    async fn ask(&self, connection: &Connection<'_>, credentials: Credentials) -> Result<Answer, Failed> {
        let session = connection.open(credentials).await?;
        let vim: &Vim = session.vim();
        let path = self.path();
        Ok(match self {
            Self::History { .. } => Answer::History(vim.extension(&path).await?),
            Self::LockHost { .. } | Self::Apply(_) => Answer::Preview(vim.extension(&path).await?),
        })
    }

    fn failed(&self, reason: &Reason, format: Format, console: &mut Console) -> u8 {
        match format {
            Format::Json => console.out(&self.ended(None, Some(reason))),
            Format::Text => console.err(&reason.lines()),
        }
        FAILED
    }

    fn ended(&self, answer: Option<&Answer>, error: Option<&Reason>) -> String {
        let (history, preview) = match answer {
            Some(Answer::History(history)) => (Some(history), None),
            Some(Answer::Preview(preview)) => (None, Some(preview)),
            None => (None, None),
        };
        json::line(&Ended {
            command: self.command(),
            strategy_type: self.strategy().map(StrategyName::as_str),
            outcome: if error.is_none() { "success" } else { "failure" },
            history,
            preview,
            error,
        })
    }

    fn reason(&self, prog: &str, failed: &Failed, credentials: Option<&Credentials>) -> Reason {
        if matches!(failed, Failed::Api(ApiError::NotFound)) {
            let (reason, hint) = match self {
                Self::History { of: ObjectType::Instance, object, .. } => {
                    (format!("the VIM knows no instance {object}"), "openstack server list --all".to_owned())
                }
                Self::History { object: host, .. } | Self::LockHost { host, .. } => {
                    (format!("the VIM knows no host {host}"), "system host-list".to_owned())
                }
                Self::Apply(name) => (
                    format!("there is no {} strategy", name.spoken()),
                    format!("{prog} {} create", name.command()),
                ),
            };
            return Reason { kind: Kind::NotFound, status: Some(404), reason, hint };
        }
        // all else is told as for a command that only looks
        let (name, command) =
            (self.strategy().unwrap_or(StrategyName::Patch), &Command::Show { details: false });
        Situation { prog, name, command, credentials, own: None, other: None }.reason(failed)
    }
}

/// A name as a part of an address.
fn encoded(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte.into()),
            other => out += &format!("%{other:02X}"),
        }
    }
    out
}
