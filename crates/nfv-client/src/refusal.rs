//! Why something did not work, for people: what was answered, the reason in short, and what to do about it.
//!
//! The original's own words stay as they are on standard output; these come beside them (docs/differences.md).

use crate::command::Command;
use crate::keystone::{Endpoint, LoginError};
use crate::rest::Failure;
use crate::settings::Credentials;
use crate::strategy::{PhaseName, Strategy};
use crate::strategy_name::StrategyName;
use crate::vim::{ApiError, Fault};
use serde::Serialize;

/// Why a command did not succeed.
#[derive(Clone, Debug)]
pub enum Failed {
    /// A setting is missing: the original's message.
    Setting(&'static str),
    /// No token.
    Login(LoginError),
    /// The catalog has no such endpoint of the VIM, but these.
    NoEndpoint(Vec<Endpoint>),
    /// The VIM refused or could not be asked.
    Api(ApiError),
    /// The strategy went while it was watched.
    Vanished,
    /// It ended otherwise than it was asked for.
    EndedBadly(Box<Strategy>),
}

impl From<ApiError> for Failed {
    fn from(error: ApiError) -> Self {
        Failed::Api(error)
    }
}

/// What went wrong, as a script can tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A setting is missing.
    Setting,
    /// Keystone did not give a token.
    Login,
    /// The catalog has no endpoint of the VIM that fits.
    NoEndpoint,
    /// The VIM or Keystone was not reached, or the answer did not come whole or in time.
    Unreachable,
    /// The user may not.
    Forbidden,
    /// There is no such strategy, host or instance.
    NotFound,
    /// The VIM's API does not know such requests.
    NotServed,
    /// It does not go together with what is there.
    Conflict,
    /// The VIM refused.
    Refused,
    /// The answer makes no sense.
    BadAnswer,
    /// It was done, but failed, timed out or was broken off.
    EndedBadly,
}

/// Why something did not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// What went wrong.
    pub kind: Kind,
    /// HTTP status, where there is one.
    pub status: Option<u16>,
    /// In short.
    pub reason: String,
    /// What to do about it; may be empty.
    pub hint: String,
}

impl Reason {
    /// Lines for standard error.
    pub fn lines(&self) -> String {
        let status = self.status.map_or_else(String::new, |status| format!("HTTP {status}: "));
        let hint = if self.hint.is_empty() { String::new() } else { format!("Hint: {}\n", self.hint) };
        format!("Reason: {status}{}\n{hint}", self.reason)
    }
}

/// What was asked for and what is known of the VIM besides.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// Name of the program, for hints.
    pub prog: &'a str,
    /// Kind of strategy.
    pub name: StrategyName,
    /// What was asked for.
    pub command: &'a Command,
    /// Credentials, if they are complete.
    pub credentials: Option<&'a Credentials>,
    /// The strategy of that kind that is there.
    pub own: Option<&'a Strategy>,
    /// The strategy of the other kind that is there.
    pub other: Option<&'a Strategy>,
}

impl Situation<'_> {
    /// Why the command did not succeed.
    pub fn reason(&self, failed: &Failed) -> Reason {
        let reason = |kind, status, reason: String, hint: String| Reason { kind, status, reason, hint };
        match failed {
            Failed::Setting(message) => reason(
                Kind::Setting,
                None,
                (*message).to_owned(),
                "load the credentials, for example: source /etc/platform/openrc".to_owned(),
            ),
            Failed::Login(error) => self.of_login(error),
            Failed::NoEndpoint(known) => reason(
                Kind::NoEndpoint,
                None,
                "the catalog has no endpoint of the VIM (type nfv, name vim) for this region and interface"
                    .to_owned(),
                self.known_endpoints(known),
            ),
            Failed::Api(error) => self.of_api(error),
            Failed::Vanished => reason(
                Kind::NotFound,
                None,
                "the strategy was deleted or replaced while it was watched".to_owned(),
                String::new(),
            ),
            Failed::EndedBadly(strategy) => {
                let why = failure_of(strategy);
                let hint = self.say(self.name, "show --details");
                reason(
                    Kind::EndedBadly,
                    None,
                    format!("the strategy is in state {}{why}", strategy.state()),
                    hint,
                )
            }
        }
    }

    fn of_login(&self, error: &LoginError) -> Reason {
        let url = self.credentials.map_or("", |credentials| credentials.auth_url.as_str());
        let (kind, status, reason, hint) = match error {
            LoginError::Transport(failure) => (
                Kind::Unreachable,
                None,
                format!("keystone at {url}: {}", plain(failure)),
                tls_hint(failure, "OS_AUTH_URL"),
            ),
            LoginError::Refused { status, reason, message } => {
                let hint = match status {
                    401 => "check OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME and the names of their domains",
                    300 | 404 | 405 => "check OS_AUTH_URL; it usually ends with :5000/v3",
                    _ => "try again; if it stays, look at the keystone log on the active controller",
                };
                let message = message.as_deref().unwrap_or(reason);
                (Kind::Login, Some(*status), format!("keystone at {url}: {message}"), hint.to_owned())
            }
            LoginError::BadAnswer(cause) => (
                Kind::BadAnswer,
                None,
                format!("the answer of {url} is none of keystone's: {cause}"),
                "check OS_AUTH_URL; it usually ends with :5000/v3".to_owned(),
            ),
        };
        Reason { kind, status, reason, hint }
    }

    fn of_api(&self, error: &ApiError) -> Reason {
        let (kind, status, reason, hint) = match error {
            ApiError::NotFound => self.of_absence(),
            ApiError::NotServed => (
                Kind::NotServed,
                Some(404),
                "the VIM's API does not know this request".to_owned(),
                "it is the original's or an earlier release of this one".to_owned(),
            ),
            ApiError::Forbidden => (
                Kind::Forbidden,
                Some(403),
                "the VIM does not accept the user".to_owned(),
                "role admin is needed, and the token must be good for the VIM's own project".to_owned(),
            ),
            ApiError::Conflict(fault) => self.of_conflict(fault.as_ref()),
            ApiError::Fault { status, fault } => self.of_fault(*status, fault),
            ApiError::Status { status, reason, .. } => (
                Kind::Refused,
                Some(*status),
                reason.clone(),
                "look at /var/log/nfv-vim.log on the active controller".to_owned(),
            ),
            ApiError::Unreachable { failure, .. } | ApiError::Broken(failure) => (
                Kind::Unreachable,
                None,
                format!("the VIM's API: {}", plain(failure)),
                tls_hint(failure, "the endpoint of the VIM in the catalog"),
            ),
            ApiError::BadAnswer(cause) => (
                Kind::BadAnswer,
                None,
                format!("the answer is none of the VIM's: {cause}"),
                "check the endpoint of the VIM in the catalog".to_owned(),
            ),
        };
        Reason { kind, status, reason, hint }
    }

    fn of_absence(&self) -> (Kind, Option<u16>, String, String) {
        let spoken = self.name.spoken();
        let (reason, hint) = match (self.own, self.other) {
            (_, Some(other)) => {
                let kind = self.name.other();
                let reason = format!(
                    "there is no {spoken} strategy, but one of kind {} in state {}",
                    kind.spoken(),
                    other.state()
                );
                (reason, self.say(kind, "show"))
            }
            (_, None) => match self.command {
                Command::Create(_) => {
                    ("the VIM answered without a strategy".to_owned(), self.say(self.name, "show"))
                }
                Command::Delete { .. } | Command::Show { .. } => {
                    (format!("there is no {spoken} strategy"), String::new())
                }
                Command::Apply { .. } | Command::Abort { .. } => {
                    (format!("there is no {spoken} strategy"), self.say(self.name, "create"))
                }
            },
        };
        (Kind::NotFound, Some(404), reason, hint)
    }

    fn of_conflict(&self, fault: Option<&Fault>) -> (Kind, Option<u16>, String, String) {
        let told = fault.and_then(told_by_vim);
        let (reason, hint) = match self.command {
            Command::Create(_) => match (self.own, self.other) {
                (Some(own), _) => self.in_the_way(self.name, own),
                (None, Some(other)) => self.in_the_way(self.name.other(), other),
                (None, None) => ("a strategy exists already".to_owned(), self.say(self.name, "show")),
            },
            Command::Delete { .. } => match self.own.map(Strategy::state) {
                Some(state @ ("applying" | "building" | "aborting")) => {
                    let hint = if state == "applying" {
                        self.say(self.name, "abort")
                    } else {
                        "wait until it is done".to_owned()
                    };
                    (format!("the strategy is {state} and cannot be deleted now"), hint)
                }
                _ => ("the strategy cannot be deleted now".to_owned(), self.say(self.name, "show")),
            },
            Command::Apply { .. } | Command::Abort { .. } | Command::Show { .. } => {
                ("it conflicts with what the VIM does now".to_owned(), self.say(self.name, "show"))
            }
        };
        (Kind::Conflict, Some(409), told.unwrap_or(reason), hint)
    }

    fn in_the_way(&self, kind: StrategyName, strategy: &Strategy) -> (String, String) {
        let reason = format!("{} in state {} exists already", kind.one(), strategy.state());
        (reason, format!("delete it first: {}", self.say(kind, "delete")))
    }

    fn of_fault(&self, status: u16, fault: &Fault) -> (Kind, Option<u16>, String, String) {
        let (guess, hint) = match (self.command, self.own) {
            _ if status < 500 => (None, String::new()),
            (Command::Apply { stage }, Some(own)) => self.of_refused_apply(stage.as_deref(), own),
            (Command::Abort { .. }, Some(own)) if own.state() != "applying" => (
                Some(format!(
                    "the strategy is in state {}; only one that is being applied can be aborted",
                    own.state()
                )),
                self.say(self.name, "show"),
            ),
            (Command::Apply { .. } | Command::Abort { .. }, _)
            | (Command::Create(_) | Command::Delete { .. } | Command::Show { .. }, _) => {
                (None, "look at /var/log/nfv-vim.log on the active controller".to_owned())
            }
        };
        let reason = told_by_vim(fault).or(guess).unwrap_or_else(|| fault.text.clone());
        (Kind::Refused, Some(status), reason, hint)
    }

    /// What the VIM's reasons for a refused apply come from (vim-api 1.6.5).
    fn of_refused_apply(&self, stage: Option<&str>, own: &Strategy) -> (Option<String>, String) {
        let show = self.say(self.name, "show");
        let again = format!("delete it and create a new one: {}", self.say(self.name, "delete"));
        match own.state() {
            "initial" | "building" => (
                Some("the strategy is still being built".to_owned()),
                "wait until it is ready-to-apply".to_owned(),
            ),
            state @ ("build-failed" | "build-timeout") => {
                (Some(format!("the strategy is in state {state}{}", failure_of(own))), again)
            }
            "applying" => (Some("the strategy is being applied already".to_owned()), show),
            "aborting" => {
                (Some("the strategy is being aborted".to_owned()), "wait until it is done".to_owned())
            }
            state @ ("applied" | "aborted" | "abort-failed" | "abort-timeout" | "apply-failed"
            | "apply-timeout") => {
                (Some(format!("the strategy is in state {state}{}", failure_of(own))), again)
            }
            _ => {
                let apply = own.phase(PhaseName::Apply);
                let (next, total) = (apply.number("current-stage"), apply.number("total-stages"));
                match stage {
                    Some(stage) if stage.trim() != next.to_string() => (
                        Some(format!(
                            "stage {stage} is not the next one: next is {next}, there are {total}, counted from 0"
                        )),
                        show,
                    ),
                    Some(_) | None => (None, show),
                }
            }
        }
    }

    fn known_endpoints(&self, known: &[Endpoint]) -> String {
        let asked = self.credentials.map_or_else(String::new, |credentials| {
            format!("asked for region {}, interface {}; ", credentials.region_name, credentials.interface)
        });
        let known: Vec<_> = known
            .iter()
            .map(|known| {
                let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
                format!("{} {}", text(&known.region), text(&known.interface))
            })
            .collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        format!("{asked}known: {known}; check OS_REGION_NAME and OS_INTERFACE")
    }

    fn say(&self, name: StrategyName, command: &str) -> String {
        format!("{} {} {command}", self.prog, name.command())
    }
}

/// What the VIM itself says, if it is more than that it erred.
fn told_by_vim(fault: &Fault) -> Option<String> {
    const SAYS_NOTHING: &str =
        "The server has either erred or is incapable of performing the requested operation.";
    let own_words = (!fault.text.is_empty()
        && !fault.text.eq_ignore_ascii_case(SAYS_NOTHING)
        && !is_conflict(&fault.text))
    .then(|| fault.text.clone());
    fault.detail.clone().or(own_words)
}

fn is_conflict(text: &str) -> bool {
    text.starts_with("There was a conflict")
}

/// `: REASON` of the phase that failed.
fn failure_of(strategy: &Strategy) -> String {
    let told = |name| Some(strategy.phase(name).text("reason")).filter(|reason| !reason.is_empty());
    let current =
        strategy.current_phase().map(|phase| phase.text("reason")).filter(|reason| !reason.is_empty());
    let reason = current
        .or_else(|| told(PhaseName::Abort))
        .or_else(|| told(PhaseName::Apply))
        .or_else(|| told(PhaseName::Build));
    reason.map_or_else(String::new, |reason| format!(": {reason}"))
}

fn plain(failure: &Failure) -> String {
    match failure {
        Failure::Open(text) | Failure::Broken(text) => text.clone(),
    }
}

fn tls_hint(failure: &Failure, address: &str) -> String {
    let text = plain(failure);
    if text.contains("CERTIFICATE") || text.starts_with("[SSL]") {
        "name the file of your certificate authority in OS_CACERT or --os-cacert".to_owned()
    } else if text == "timed out" {
        "the answer did not come in time; --timeout SECONDS waits longer".to_owned()
    } else {
        format!("check {address} and the network; during a switch of controllers try again in a minute")
    }
}
