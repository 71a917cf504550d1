//! Login over HTTP.
//!
//! A login is not taken from another site's page: it needs a JSON body and a header of its own, which no form can
//! send, and a browser asks before a script of another site may. The session's cookie is never sent with a request
//! that another site caused (`SameSite=Strict`), and everything but login and logout only reads.

use super::{Site, answer};
use crate::hostname::HostNames;
use crate::login::{SessionKey, Sessions};
use crate::settings::Access;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use nfv_plugins::Secret;
use nfv_plugins::platform::LoginError;
use serde::Deserialize;
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::Semaphore;

/// At most so many people are asked for at Keystone at once.
const MAX_LOGINS: usize = 4;

/// The header that a login must have.
const OWN_HEADER: &str = "X-Nfv-Console";

/// Who may come in.
#[derive(Debug)]
pub struct Gate {
    guard: Option<Guard>,
}

#[derive(Debug)]
struct Guard {
    roles: Vec<String>,
    secure_cookie: bool,
    sessions: Mutex<Sessions>,
    logins: Semaphore,
}

impl Guard {
    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gate {
    /// As configured.
    pub fn new(access: &Access) -> Self {
        let guard = match access {
            Access::Open => None,
            Access::Keystone { roles, idle_limit, secure_cookie } => Some(Guard {
                roles: roles.clone(),
                secure_cookie: *secure_cookie,
                sessions: Mutex::new(Sessions::new(*idle_limit)),
                logins: Semaphore::new(MAX_LOGINS),
            }),
        };
        Self { guard }
    }

    /// The request may see data.
    pub fn lets_in(&self, request: &HttpRequest) -> bool {
        self.guard.is_none() || self.person(request).is_some()
    }

    fn person(&self, request: &HttpRequest) -> Option<String> {
        self.guard.as_ref()?.sessions().person(&key_of(request)?, Instant::now())
    }

    /// A stream that was opened with this key may go on.
    pub fn is_good(&self, key: Option<&SessionKey>) -> bool {
        let Some(guard) = &self.guard else { return true };
        key.is_some_and(|key| guard.sessions().is_good(key, Instant::now()))
    }
}

/// The key in a request's cookies.
pub fn key_of(request: &HttpRequest) -> Option<SessionKey> {
    let cookies = request.headers().get(header::COOKIE).map(HeaderValue::to_str);
    SessionKey::of_cookies(cookies?.ok()?)
}

/// The browser says that a page of another site caused the request.
pub fn is_of_another_site(request: &HttpRequest) -> bool {
    request.headers().get("Sec-Fetch-Site").is_some_and(|from| from == "cross-site")
}

/// Every name in the request, of its target and of `Host`, is one of ours. Old clients send none.
pub fn is_for_allowed_host(request: &HttpRequest, names: &HostNames) -> bool {
    let target = request.uri().authority().map(|authority| authority.as_str().as_bytes());
    let mut asked =
        target.into_iter().chain(request.headers().get_all(header::HOST).map(HeaderValue::as_bytes));
    asked.all(|authority| names.allow(authority))
}

/// Whether there is a login, and who is in.
pub fn show(request: &HttpRequest, site: &Site) -> HttpResponse {
    let login = site.gate.guard.is_some();
    answer::json(json!({"login": login, "person": site.gate.person(request)}).to_string())
}

#[derive(Deserialize)]
struct Credentials {
    name: String,
    password: String,
}

/// Lets a person in whom Keystone knows and who has one of the roles.
pub async fn login(request: &HttpRequest, body: &[u8], site: &web::Data<Site>) -> HttpResponse {
    let Some(guard) = &site.gate.guard else { return answer::plain(404, "There is no login here.") };
    if !is_own(request) {
        return answer::plain(403, "This is not for pages of other sites.");
    }
    let Ok(Credentials { name, password }) = serde_json::from_slice(body) else {
        return answer::plain(400, "Name and password are needed.");
    };
    let address = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    if !guard.sessions().may_try(address, Instant::now()) {
        return answer::plain(429, "Too many attempts. Wait a minute.");
    }
    let Ok(_turn) = guard.logins.try_acquire() else {
        return answer::plain(503, "Too many people log in at once. Try again.");
    };
    let refuse = |code: u16, text: &str| {
        guard.sessions().refused(address, Instant::now());
        tracing::warn!(logger = "nfv_vim.webserver.webserver", "Login from {address} was refused ({code}).");
        answer::plain(code, text)
    };
    let person = match site.client.login(&name, &Secret::new(password)).await {
        Ok(person) => person,
        Err(LoginError::Refused) => return refuse(401, "Keystone does not accept this name and password."),
        Err(LoginError::Unavailable(error)) => {
            tracing::warn!(logger = "nfv_vim.webserver.webserver", "Nobody can log in: {error}.");
            return answer::plain(503, "Keystone cannot be asked at the moment.");
        }
    };
    if !person.roles.iter().any(|role| guard.roles.contains(role)) {
        return refuse(403, "Your roles do not let you see this page.");
    }
    let Ok(key) = SessionKey::random() else {
        return answer::plain(500, "No session could be made.");
    };
    tracing::info!(logger = "nfv_vim.webserver.webserver", "{} logged in from {address}.", person.name);
    guard.sessions().begin(key.clone(), person.name.clone(), Instant::now());
    let mut response = answer::json(json!({"login": true, "person": person.name}).to_string());
    set_cookie(&mut response, &key.set_cookie(guard.secure_cookie));
    response
}

/// Ends the session.
pub fn logout(request: &HttpRequest, site: &Site) -> HttpResponse {
    let Some(guard) = &site.gate.guard else { return answer::plain(404, "There is no login here.") };
    if !is_own(request) {
        return answer::plain(403, "This is not for pages of other sites.");
    }
    if let Some(key) = key_of(request) {
        guard.sessions().end(&key);
    }
    let mut response = answer::json(json!({"login": true, "person": null}).to_string());
    set_cookie(&mut response, &SessionKey::clear_cookie());
    response
}

fn is_own(request: &HttpRequest) -> bool {
    let json = request.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    json && request.headers().contains_key(OWN_HEADER) && !is_of_another_site(request)
}

fn set_cookie(response: &mut HttpResponse, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
}
