//! Validating tokens: from the cache, or by one question to Keystone for all who want to know.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};

use super::cache::{Cache, Key, key};
use super::{Identity, Keystone};
use crate::log::logger::AUTH;

/// Questions to Keystone at a time.
const QUESTIONS: usize = 32;
/// Longest token that is looked at, bytes.
const MAX_TOKEN: usize = 16 * 1024;

/// What is known of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is this one's.
    Valid(Arc<Identity>),
    /// It is unknown, expired or revoked.
    Invalid,
    /// Keystone cannot say.
    Unavailable,
}

/// What the stage decides about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It goes on.
    Granted(Grant),
    /// 401
    Unauthorized,
    /// 503
    Unavailable,
}

/// Headers for the upstream, and names for the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// The user; none for a request that goes on without.
    pub user: Option<Arc<Identity>>,
    /// The header lines.
    pub headers: String,
}

/// The tokens of a request.
#[derive(Clone, Copy, Debug)]
pub struct Tokens<'a> {
    /// `X-Auth-Token` or `X-Storage-Token`.
    pub user: Option<&'a [u8]>,
    /// `X-Service-Token`
    pub service: Option<&'a [u8]>,
}

#[derive(Debug)]
struct State {
    cache: Cache,
    asking: HashMap<Key, Vec<oneshot::Sender<Verdict>>>,
}

/// The stage authtoken.
#[derive(Debug)]
pub struct Validator {
    keystone: Keystone,
    state: Mutex<State>,
    questions: Semaphore,
    /// Where Keystone is asked.
    runtime: Handle,
    challenge: String,
}

impl Validator {
    /// A validator that asks on this runtime.
    pub fn new(keystone: Keystone, runtime: Handle) -> Arc<Self> {
        let config = keystone.config();
        let cache = Cache::new(config.cache_size, config.cache_time);
        let challenge = format!("Keystone uri='{}'", config.public_uri);
        let state = Mutex::new(State { cache, asking: HashMap::new() });
        Arc::new(Self { keystone, state, questions: Semaphore::new(QUESTIONS), runtime, challenge })
    }

    /// The value of `Www-Authenticate` in a 401.
    pub fn challenge(&self) -> &str {
        &self.challenge
    }

    /// Decides about a request.
    pub async fn admit(self: &Arc<Self>, tokens: Tokens<'_>) -> Admission {
        let config = self.keystone.config();
        let mut grant = Grant::default();
        let mut service = None;
        if let Some(token) = tokens.service {
            match self.verdict(token, false).await {
                Verdict::Valid(identity) if self.is_service(&identity) => service = Some(identity),
                Verdict::Valid(_) | Verdict::Invalid if config.delay => {
                    grant.headers.push_str("x-service-identity-status: Invalid\r\n");
                }
                Verdict::Valid(_) | Verdict::Invalid => return self.rejected("Invalid service token"),
                Verdict::Unavailable => return Admission::Unavailable,
            }
        }
        // a service may act for a user whose token has ended meanwhile
        let verdict = match tokens.user {
            Some(token) => self.verdict(token, service.is_some()).await,
            None => Verdict::Invalid,
        };
        match verdict {
            Verdict::Valid(identity) => {
                grant.headers.push_str(&identity.headers);
                grant.user = Some(identity);
            }
            Verdict::Invalid if config.delay => grant.headers.push_str("x-identity-status: Invalid\r\n"),
            Verdict::Invalid if tokens.user.is_none() => return self.rejected("No token in the request"),
            Verdict::Invalid => return self.rejected("Invalid user token"),
            Verdict::Unavailable => return Admission::Unavailable,
        }
        if let Some(service) = service {
            grant.headers.push_str(&service.service_headers);
        }
        Admission::Granted(grant)
    }

    fn rejected(&self, why: &str) -> Admission {
        tracing::info!(target: AUTH, "{why}");
        tracing::info!(target: AUTH, "Rejecting request");
        Admission::Unauthorized
    }

    fn is_service(&self, identity: &Identity) -> bool {
        let config = self.keystone.config();
        !config.service_roles_required
            || identity.roles.iter().any(|role| config.service_roles.contains(role))
    }

    /// Whose token this is.
    async fn verdict(self: &Arc<Self>, token: &[u8], allow_expired: bool) -> Verdict {
        let Some(text) = std::str::from_utf8(token).ok().filter(|text| is_token(text)) else {
            return Verdict::Invalid;
        };
        let key = key(token, allow_expired);
        let wait = {
            let mut state = self.state();
            match state.cache.get(&key, Instant::now()) {
                Some(Some(identity)) => return Verdict::Valid(identity),
                Some(None) => return Verdict::Invalid,
                None => {}
            }
            let (tell, wait) = oneshot::channel();
            let waiting = state.asking.entry(key).or_default();
            waiting.push(tell);
            if waiting.len() == 1 {
                let (validator, token) = (Arc::clone(self), text.to_owned());
                self.runtime.spawn(async move { validator.ask(key, &token, allow_expired).await });
            }
            wait
        };
        wait.await.unwrap_or(Verdict::Unavailable)
    }

    /// Asks Keystone, and tells all who wait.
    async fn ask(&self, key: Key, token: &str, allow_expired: bool) {
        let answer = {
            // the semaphore is never closed
            let _place = self.questions.acquire().await;
            self.keystone.validate(token, allow_expired).await
        };
        let catalog = self.keystone.config().catalog;
        let verdict = match answer {
            Ok(Some(answer)) => match Identity::read(&answer, catalog) {
                Some(identity) if allow_expired || identity.expires > Timestamp::now() => {
                    Verdict::Valid(Arc::new(identity))
                }
                Some(_) => Verdict::Invalid,
                None => {
                    tracing::error!(target: AUTH, critical = true, "Unable to validate token: Keystone's answer names no user");
                    Verdict::Unavailable
                }
            },
            Ok(None) => {
                tracing::warn!(target: AUTH, "Authorization failed for token");
                Verdict::Invalid
            }
            Err(error) => {
                tracing::error!(target: AUTH, critical = true, "Unable to validate token: {error}");
                Verdict::Unavailable
            }
        };
        let mut state = self.state();
        match &verdict {
            Verdict::Valid(identity) => {
                let lives = identity.expires.duration_since(Timestamp::now());
                let lives = Duration::try_from(lives).unwrap_or_default();
                state.cache.put(key, Some(Arc::clone(identity)), lives, Instant::now());
            }
            Verdict::Invalid => state.cache.put(key, None, Duration::ZERO, Instant::now()),
            Verdict::Unavailable => {}
        }
        for tell in state.asking.remove(&key).unwrap_or_default() {
            // whoever went away needs no answer
            let _ = tell.send(verdict.clone());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether this can be a token at all; it is sent as a header.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_TOKEN && text.bytes().all(|byte| (0x21..0x7f).contains(&byte))
}
