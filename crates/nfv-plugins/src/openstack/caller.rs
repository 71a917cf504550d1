//! One call under way: its turns, its token, its requests. Contract: southbound 1.4, 4, 13.3.

use super::catalog::Service;
use super::fields::FieldError;
use super::rest::{Request, Response, RestClient, RestError};
use super::token::{Look, Token, TokenCache, TokenError};
use crate::config::PluginsConfig;
use crate::kubernetes::Kubernetes;
use crate::turn::Turn;
use nfv_nfvi::{CallError, ErrorKind};
use serde_json::Value;
use std::sync::Arc;

/// What all calls share.
#[derive(Debug)]
pub(crate) struct Neighbours {
    pub config: PluginsConfig,
    pub rest: RestClient,
    pub kubernetes: Kubernetes,
}

impl Neighbours {
    /// The service is configured and not switched off. Contract: southbound 1.2.
    pub(crate) fn is_registered(&self, service: Service) -> bool {
        self.config.services.get(&service).is_some_and(|config| config.is_registered())
    }
}

/// A call of one plugin, from its first request to its last.
pub(crate) struct Caller<'a> {
    pub neighbours: &'a Neighbours,
    tokens: &'a TokenCache,
    turn: Turn,
    requests: u32,
    token: Option<Arc<Token>>,
}

impl<'a> Caller<'a> {
    pub(crate) fn new(neighbours: &'a Neighbours, tokens: &'a TokenCache, turn: Turn) -> Self {
        Self { neighbours, tokens, turn, requests: 0, token: None }
    }

    /// The first request goes out at once, each further one waits for its turn.
    async fn take_turn(&mut self) {
        if self.requests > 0 {
            self.turn.next().await;
        }
        self.requests += 1;
    }

    /// The plugin's token, asked for if need be. A call that has one keeps it to its end.
    pub(crate) async fn token(&mut self) -> Result<Arc<Token>, CallError> {
        if let Some(token) = &self.token {
            return Ok(Arc::clone(token));
        }
        let token = match self.tokens.look().await {
            Look::Usable(token) => token,
            Look::Failed(error) => return Err(no_token(error)),
            Look::Absent(renewal) => {
                // always the first request of a call, so no turn is waited for while others wait for the token
                self.requests += 1;
                renewal
                    .ask(&self.neighbours.rest, &self.neighbours.config.timeouts)
                    .await
                    .map_err(no_token)?
            }
        };
        self.token = Some(Arc::clone(&token));
        Ok(token)
    }

    /// Base address of a service. Contract: southbound 1.5.
    pub(crate) async fn base(&mut self, service: Service) -> Result<String, CallError> {
        let token = self.token().await?;
        let config = self.neighbours.config.services.get(&service);
        token.catalog.base(service, config).ok_or_else(|| {
            let detail = format!(
                "{} has no address: neither the catalog of the token nor the configuration has it",
                service.section()
            );
            CallError::new(ErrorKind::Unreachable, detail)
        })
    }

    /// Sends a request with the plugin's token unless it has one of its own.
    pub(crate) async fn exchange(&mut self, mut request: Request) -> Result<Response, ExchangeError> {
        let token = self.token().await.map_err(ExchangeError::NoToken)?;
        self.take_turn().await;
        let own = request.token.is_none();
        request.token.get_or_insert_with(|| token.id.clone());
        let limit = self.neighbours.config.timeouts.of(request.module, request.function);
        let result = self.neighbours.rest.send(request, limit).await;
        if own && result.as_ref().is_err_and(|error| error.status() == Some(401)) {
            token.flag_refused();
        }
        result.map_err(ExchangeError::Rest)
    }

    /// Sends a request without a token through a client of its own.
    pub(crate) async fn exchange_through(
        &mut self,
        rest: &RestClient,
        request: Request,
    ) -> Result<Response, CallError> {
        self.take_turn().await;
        let limit = self.neighbours.config.timeouts.of(request.module, request.function);
        rest.send(request, limit).await.map_err(|error| call_error(&error))
    }

    /// Sends a request; only success matters.
    pub(crate) async fn send(&mut self, request: Request) -> Result<Response, CallError> {
        self.exchange(request).await.map_err(ExchangeError::into_call_error)
    }

    /// Sends a request and reads its answer.
    pub(crate) async fn read(&mut self, request: Request) -> Result<Value, CallError> {
        let name = format!("{} {}", request.method, request.url);
        let response = self.send(request).await?;
        response.json().map_err(|cause| bad_answer(&name, &cause).with_status(response.status))
    }
}

/// Why a request has no good answer.
#[derive(Debug)]
pub(crate) enum ExchangeError {
    NoToken(CallError),
    Rest(RestError),
}

impl ExchangeError {
    pub(crate) fn into_call_error(self) -> CallError {
        match self {
            ExchangeError::NoToken(error) => error,
            ExchangeError::Rest(error) => call_error(&error),
        }
    }
}

fn no_token(error: TokenError) -> CallError {
    let plain = CallError::new(ErrorKind::NoToken, error.to_string());
    match error {
        TokenError::Rest(RestError::Status { response, .. }) => plain.with_status(response.status),
        TokenError::Rest(_) | TokenError::BadAnswer(_) | TokenError::Keyring(_) => plain,
    }
}

/// The kinds of southbound 4.3, and the response reason of 2.4.
fn call_error(error: &RestError) -> CallError {
    let kind = match error {
        RestError::TimedOut { .. } => ErrorKind::TimedOut,
        RestError::Unreachable { .. } => ErrorKind::Unreachable,
        RestError::BadAnswer { .. } | RestError::BadRequest { .. } => ErrorKind::BadAnswer,
        RestError::Status { response, .. } => match response.status {
            401 => ErrorKind::TokenExpired,
            404 => ErrorKind::NotFound,
            _ => ErrorKind::Refused,
        },
    };
    let plain = CallError::new(kind, error.to_string());
    match error {
        RestError::Status { response, .. } => {
            plain.with_status(response.status).with_reason(response.reason())
        }
        _ => plain,
    }
}

/// An answer that cannot be used.
pub(crate) fn bad_answer(request: &str, cause: &str) -> CallError {
    CallError::new(ErrorKind::BadAnswer, format!("{request}: {cause}"))
}

/// Names the request in errors of its fields.
pub(crate) trait InAnswer<T> {
    /// The same result, with an error that names `request`.
    fn in_answer(self, request: &str) -> Result<T, CallError>;
}

impl<T> InAnswer<T> for Result<T, FieldError> {
    fn in_answer(self, request: &str) -> Result<T, CallError> {
        self.map_err(|error| bad_answer(request, &error.to_string()))
    }
}

/// True when the service answered 404.
pub(crate) fn is_404(error: &CallError) -> bool {
    error.kind == ErrorKind::NotFound && error.status == Some(404)
}
