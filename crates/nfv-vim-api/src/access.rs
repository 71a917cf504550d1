//! Who may use the API: the role `admin` in the VIM's own project. Contract: vim-api 1.2.
//!
//! A user's token is exchanged at Keystone for one of the VIM's project; what comes of it is remembered for a while, so
//! that a client that asks often does not make Keystone work each time.

use crate::settings::AccessConfig;
use jiff::Timestamp;
use keystone_token::{Answer, Cache, Tokens, Verdict, Weigh};
use nfv_plugins::Secret;
use nfv_plugins::identity::{IdentityClient, IdentityError, ProjectToken};
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Mutex;

/// The role that is needed.
const ROLE: &str = "admin";

const LOGGER: &str = "nfv_vim.api.openstack";
const FILE: &str = "_openstack.py";

/// Who uses the API.
#[derive(Debug, PartialEq, Eq)]
pub struct User {
    /// Name of the user.
    pub name: String,
    /// Name of the project, which is the VIM's.
    pub project: String,
}

impl Weigh for User {
    fn size(&self) -> usize {
        size_of::<Self>() + self.name.len() + self.project.len()
    }
}

/// What is decided about a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is served.
    Granted(Arc<User>),
    /// 403
    Refused,
    /// 500: the VIM itself gets no token.
    Broken,
}

/// Why Keystone could not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Unavailable {
    /// It gives the VIM no token.
    #[default]
    OwnToken,
    /// It cannot be asked about the user's.
    UserToken,
}

/// Keystone, as health tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeystoneState {
    /// Not asked yet.
    Unknown,
    /// The last question was answered.
    Ok,
    /// The last question was not, and why.
    Failing(String),
}

#[derive(Debug)]
struct Asker {
    client: Arc<IdentityClient>,
    config: AccessConfig,
    own: Mutex<Option<Arc<ProjectToken>>>,
    state: Lock<KeystoneState>,
}

/// The gate.
#[derive(Debug)]
pub struct Access {
    asker: Arc<Asker>,
    tokens: Arc<Tokens<User, Unavailable>>,
}

impl Access {
    /// A gate that asks Keystone on `runtime`.
    pub fn new(client: Arc<IdentityClient>, config: AccessConfig, runtime: Handle) -> Self {
        let cache = Cache::new(config.cache_size, Some(config.cache_time).filter(|time| !time.is_zero()));
        let state = Lock::new(KeystoneState::Unknown);
        let asker = Arc::new(Asker { client, config, own: Mutex::default(), state });
        Self { asker, tokens: Tokens::new(cache, runtime) }
    }

    /// Decides about a request with this `X-Auth-Token`.
    pub async fn admit(&self, token: Option<&[u8]>) -> Admission {
        let Some(token) = token else { return Admission::Refused };
        let asker = Arc::clone(&self.asker);
        let verdict = self.tokens.verdict(token, false, |token| async move { asker.ask(&token).await }).await;
        match verdict {
            Verdict::Valid(user) => Admission::Granted(user),
            Verdict::Invalid | Verdict::Unavailable(Unavailable::UserToken) => Admission::Refused,
            Verdict::Unavailable(Unavailable::OwnToken) => Admission::Broken,
        }
    }

    /// How Keystone is.
    pub fn keystone(&self) -> KeystoneState {
        self.asker.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many tokens are remembered.
    pub fn remembered(&self) -> usize {
        self.tokens.remembered()
    }
}

impl Asker {
    async fn ask(&self, token: &str) -> Answer<User, Unavailable> {
        let Some(own) = self.own_token().await else { return Answer::Unavailable(Unavailable::OwnToken) };
        let (account, limit) = (&self.config.account, self.config.limit);
        match self.client.exchange(account, &own, &Secret::new(token), limit).await {
            Ok(theirs) => {
                self.note(KeystoneState::Ok);
                let lives = theirs.expires_at.duration_since(Timestamp::now());
                match Duration::try_from(lives) {
                    Ok(lives) if !lives.is_zero() && theirs.roles.iter().any(|role| role == ROLE) => {
                        let user = User { name: theirs.user, project: theirs.project };
                        Answer::Valid(Arc::new(user), lives)
                    }
                    Ok(_) | Err(_) => {
                        tracing::info!(
                            logger = LOGGER,
                            file = FILE,
                            "User {} has no role {ROLE} in project {}, or an expired token.",
                            theirs.user,
                            theirs.project
                        );
                        Answer::Invalid
                    }
                }
            }
            Err(IdentityError::Refused { status: 400..=499, text }) => {
                self.note(KeystoneState::Ok);
                tracing::info!(logger = LOGGER, file = FILE, "A token is refused: {text}.");
                Answer::Invalid
            }
            Err(error) => {
                tracing::error!(logger = LOGGER, file = FILE, "A token cannot be looked at: {error}.");
                self.note(KeystoneState::Failing(error.to_string()));
                Answer::Unavailable(Unavailable::UserToken)
            }
        }
    }

    /// The VIM's own token, a new one when there is none that is valid. All who need it wait for one question.
    async fn own_token(&self) -> Option<Arc<ProjectToken>> {
        let mut held = self.own.lock().await;
        if let Some(own) = held.as_ref().filter(|own| own.expires_at > Timestamp::now()) {
            return Some(Arc::clone(own));
        }
        *held = None;
        match self.client.own_token(&self.config.account, self.config.limit).await {
            Ok(own) => {
                self.note(KeystoneState::Ok);
                Some(Arc::clone(held.insert(Arc::new(own))))
            }
            Err(error) => {
                tracing::error!(logger = LOGGER, file = FILE, "No token of Keystone: {error}.");
                self.note(KeystoneState::Failing(error.to_string()));
                None
            }
        }
    }

    fn note(&self, state: KeystoneState) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}
