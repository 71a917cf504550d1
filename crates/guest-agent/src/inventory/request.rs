//! Requests of the VIM. Contract: guest 7.

use guest_daemon::log::Level;
use guest_protocol::heartbeat::datagram::ServerCommand;
use guest_protocol::heartbeat::instance::InstanceUuid;
use guest_protocol::heartbeat::vim::{self, VimRequest};
use guest_protocol::heartbeat::words::{Event, Notice, Switch, Vocabulary, Word};
use std::time::Duration;

use super::agent::{Agent, Instance};

const VIM: &str = "vim/1.0";
const HOSTS: &str = "/v1/hosts/";
const INSTANCES: &str = "/v1/instances/";
const UUID_LENGTH: usize = 36;

/// A method that is served; others are refused before they come here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
}

/// A request.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Method.
    pub method: Method,
    /// Path and query.
    pub path: &'a str,
    /// `User-Agent`, if there is one.
    pub user_agent: Option<&'a str>,
    /// Body.
    pub body: &'a [u8],
}

/// Why a request fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A key cannot be read.
    CommandParseError,
    /// There is no body, or the request is not for us.
    NoBuffer,
    /// Host or instance is not known.
    EntityNotFound,
    /// A value cannot be.
    InvalidData,
    /// A state cannot be.
    BadState,
    /// The method means nothing here.
    UnsupportedCommand,
}

impl Reason {
    /// Its text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CommandParseError => "command parse error",
            Self::NoBuffer => "no buffer",
            Self::EntityNotFound => "entity not found",
            Self::InvalidData => "invalid data",
            Self::BadState => "bad state",
            Self::UnsupportedCommand => "unsupported http command",
        }
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Status and body.
    Good(u16, String),
    /// Status and reason.
    Bad(u16, Reason),
}

const OK: u16 = 200;
const NO_CONTENT: u16 = 204;
const BAD_REQUEST: u16 = 400;
const FORBIDDEN: u16 = 403;
const NOT_FOUND: u16 = 404;
const LENGTH_REQUIRED: u16 = 411;

fn pass() -> Reply {
    Reply::Good(OK, vim::PASS.to_owned())
}

#[derive(Clone, Copy)]
enum Question {
    Vote,
    Notify,
}

impl Agent {
    /// Answers a request.
    pub fn on_request(&mut self, request: Request<'_>) -> Reply {
        if request.user_agent.is_some_and(|agent| agent != VIM) {
            return Reply::Bad(FORBIDDEN, Reason::NoBuffer);
        }
        let after = |prefix: &str| request.path.split_once(prefix).map(|(_, rest)| rest);
        let reply = if let Some(rest) = after(HOSTS) {
            self.on_host_request(request, rest)
        } else if let Some(rest) = after(INSTANCES) {
            self.on_instance_request(request, rest)
        } else {
            Reply::Bad(FORBIDDEN, Reason::NoBuffer)
        };
        if let Reply::Bad(status, reason) = &reply {
            let level = if *status == NOT_FOUND { Level::Warn } else { Level::Error };
            let text = format!(
                "HTTP request error:{status} ; {:?} {} {}",
                request.method,
                request.path,
                reason.as_str()
            );
            self.log(level, text);
        }
        reply
    }

    fn on_host_request(&mut self, request: Request<'_>, rest: &str) -> Reply {
        let (uuid, command) = split(rest);
        match request.method {
            // The VIM takes hosts away that mtcAgent has taken away already.
            Method::Delete => Reply::Good(NO_CONTENT, vim::PASS.trim_start().to_owned()),
            Method::Get | Method::Post => match self.hostname_of(uuid) {
                Some(hostname) if request.method == Method::Get => {
                    let reporting = self.hosts.get(&hostname).map_or(Switch::Disabled, |host| host.reporting);
                    Reply::Good(OK, vim::host_state(uuid, &hostname, reporting))
                }
                Some(hostname) => {
                    self.log(Level::Info, format!("{hostname} create host services (vim)"));
                    pass()
                }
                None => self.unknown_host(uuid),
            },
            Method::Put | Method::Patch if request.body.is_empty() => {
                Reply::Bad(LENGTH_REQUIRED, Reason::NoBuffer)
            }
            Method::Patch => Reply::Bad(BAD_REQUEST, Reason::UnsupportedCommand),
            Method::Put => {
                let hostname = VimRequest::read(request.body).hostname;
                if self.set_host_reporting(&hostname, Switch::of(command == "enable")) {
                    pass()
                } else {
                    self.unknown_host(&hostname)
                }
            }
        }
    }

    fn unknown_host(&mut self, which: &str) -> Reply {
        self.ask_inventory(which);
        Reply::Bad(NOT_FOUND, Reason::EntityNotFound)
    }

    fn on_instance_request(&mut self, request: Request<'_>, rest: &str) -> Reply {
        let (uuid, command) = split(rest);
        match request.method {
            Method::Get => match InstanceUuid::parse(uuid).and_then(|uuid| self.services(&uuid)) {
                Some(body) => Reply::Good(OK, body),
                None => Reply::Bad(NOT_FOUND, Reason::EntityNotFound),
            },
            Method::Delete => {
                if InstanceUuid::parse(uuid).is_some_and(|uuid| self.del_instance(&uuid)) {
                    Reply::Good(NO_CONTENT, vim::PASS.trim_start().to_owned())
                } else {
                    Reply::Bad(NOT_FOUND, Reason::EntityNotFound)
                }
            }
            Method::Post | Method::Put | Method::Patch if request.body.is_empty() => {
                Reply::Bad(LENGTH_REQUIRED, Reason::NoBuffer)
            }
            Method::Put => Reply::Good(OK, String::new()),
            Method::Patch => self.patch_instance(&VimRequest::read(request.body)),
            Method::Post => {
                let body = VimRequest::read(request.body);
                match command {
                    "vote" => self.ask_guest(&body, Question::Vote),
                    "notify" => self.ask_guest(&body, Question::Notify),
                    _ => self.post_instance(&body),
                }
            }
        }
    }

    fn services(&self, uuid: &InstanceUuid) -> Option<String> {
        let instance = self.instances.get(uuid)?;
        let Instance { hostname, reporting, heartbeating, restart, .. } = instance;
        Some(vim::services(uuid, hostname, *reporting, *heartbeating, restart.as_secs()))
    }

    fn post_instance(&mut self, body: &VimRequest) -> Reply {
        let Some(services) = &body.services else {
            return Reply::Bad(BAD_REQUEST, Reason::CommandParseError);
        };
        if services.is_empty() {
            return Reply::Bad(BAD_REQUEST, Reason::InvalidData);
        }
        let added = InstanceUuid::parse(&body.uuid)
            .is_some_and(|uuid| self.add_instance(&body.hostname, &uuid, Switch::Disabled).is_ok());
        if added { pass() } else { Reply::Bad(BAD_REQUEST, Reason::InvalidData) }
    }

    fn patch_instance(&mut self, body: &VimRequest) -> Reply {
        if body.services.is_none() {
            return Reply::Bad(BAD_REQUEST, Reason::CommandParseError);
        }
        let Some((service, state)) = body.first_service() else {
            return Reply::Bad(BAD_REQUEST, Reason::InvalidData);
        };
        if service != "heartbeat" {
            return Reply::Bad(BAD_REQUEST, Reason::InvalidData);
        }
        let Some(state) = Switch::parse(&state) else { return Reply::Bad(BAD_REQUEST, Reason::BadState) };
        let body = InstanceUuid::parse(&body.uuid).and_then(|uuid| {
            self.mod_instance(&body.hostname, &uuid, state).ok()?;
            self.services(&uuid)
        });
        body.map_or(Reply::Bad(NOT_FOUND, Reason::EntityNotFound), |body| Reply::Good(OK, body))
    }

    fn ask_guest(&mut self, body: &VimRequest, question: Question) -> Reply {
        let found = InstanceUuid::parse(&body.uuid)
            .and_then(|uuid| self.instances.get(&uuid).cloned().map(|instance| (uuid, instance)));
        let Some((uuid, instance)) = found else {
            return Reply::Bad(NOT_FOUND, Reason::EntityNotFound);
        };
        let event: Word<Event> = Word::new(&body.action);
        let timeout = if instance.heartbeating.is_on() {
            match question {
                Question::Vote => instance.vote,
                Question::Notify => notice_time(&instance, &event),
            }
        } else {
            Duration::ZERO
        };
        let reply = vim::action_timeout(&uuid, &body.hostname, &body.action, timeout.as_secs());
        if instance.heartbeating.is_on() {
            let verb = match question {
                Question::Vote => "vote",
                Question::Notify => "notify",
            };
            let text = format!("{} {uuid} '{verb}' (event={event}) ; sent to guestServer", instance.hostname);
            self.log(Level::Info, text);
            let hostname =
                if self.hosts.contains_key(&body.hostname) { &body.hostname } else { &instance.hostname };
            let command = match question {
                Question::Vote => ServerCommand::Vote(uuid, event),
                Question::Notify => ServerCommand::Notify(uuid, event),
            };
            self.command(hostname, command);
        }
        Reply::Good(OK, reply)
    }
}

/// The time for which the VIM shall wait for the answer to a notification. It goes on with a resize at once.
fn notice_time(instance: &Instance, event: &Word<Event>) -> Duration {
    match event.known() {
        None | Some(Event::Unknown | Event::ResizeBegin | Event::ResizeEnd) => Duration::ZERO,
        Some(event) => match event.notice() {
            Some(Notice::Shutdown) => instance.shutdown,
            Some(Notice::Suspend) => instance.suspend,
            Some(Notice::Resume) => instance.resume,
            None => Duration::ZERO,
        },
    }
}

/// The uuid in front and the command behind it.
fn split(rest: &str) -> (&str, &str) {
    let uuid = guest_protocol::heartbeat::cut(rest, UUID_LENGTH);
    let command = rest.get(uuid.len()..).unwrap_or_default();
    (uuid, command.get(1..).unwrap_or_default())
}
