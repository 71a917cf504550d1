//! The VIM's REST API of strategies.
//!
//! Contract: vim-api 1.6, 4.2, 4.3.

use crate::command::Plan;
use crate::rest::{Answer, Call, Failure, HIDDEN, RestClient};
use crate::settings::Secret;
use crate::strategy::Strategy;
use crate::strategy_name::StrategyName;
use nfv_common::pyjson;
use nfv_common::python_dict::ordered;
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use std::time::Duration;

/// Why a request to the VIM did not succeed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ApiError {
    /// 404, or an answer that says that there is none.
    #[error("no strategy")]
    NotFound,
    /// 404 in other words than this project's API has for it: there is no such address.
    #[error("the VIM's API does not know this request")]
    NotServed,
    /// 403
    #[error("Authorization failed")]
    Forbidden,
    /// 409
    #[error("Operation failed: conflict detected")]
    Conflict(Option<Fault>),
    /// Another status, and the VIM says why.
    #[error("Operation failed: {}", fault.shown())]
    Fault {
        /// Status code.
        status: u16,
        /// What the VIM says.
        fault: Fault,
    },
    /// Another status.
    #[error("{request}, response={response}\nHTTP Error {status}: {reason}")]
    Status {
        /// Status code.
        status: u16,
        /// The words behind it.
        reason: String,
        /// The request, as the original shows it.
        request: String,
        /// The answer's body.
        response: String,
    },
    /// Not reached, or the connection broke before the answer.
    #[error("{request}\n{failure}")]
    Unreachable {
        /// What happened.
        failure: Failure,
        /// The request, as the original shows it.
        request: String,
    },
    /// The answer broke off or did not come in time.
    #[error("{0}")]
    Broken(Failure),
    /// What came is no JSON, or not of a strategy.
    #[error("No JSON object could be decoded")]
    BadAnswer(String),
}

/// What the VIM says about a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// `faultstring`
    pub text: String,
    /// `reason` of this project's API, or `debuginfo`, if it says something
    pub detail: Option<String>,
}

impl Fault {
    /// As the original shows it: in small letters and without the full stop.
    pub fn shown(&self) -> String {
        self.text.to_lowercase().trim_end_matches('.').to_owned()
    }

    fn of(answer: &Answer) -> Option<Self> {
        let kind = answer.header("Content-Type")?;
        if kind.split(';').next() != Some("application/json") {
            return None;
        }
        let body: Json = serde_json::from_slice(&answer.body).ok()?;
        let text = |key| body.get(key).and_then(Json::as_str).map(str::to_owned);
        let told = |key| text(key).filter(|text| !text.is_empty());
        let detail = told("reason").or_else(|| told("debuginfo"));
        Some(Self { text: text("faultstring")?, detail })
    }
}

/// Asks the VIM with a token.
#[derive(Clone, Debug)]
pub struct Vim {
    client: RestClient,
    url: String,
    token: Secret,
    limit: Duration,
}

impl Vim {
    /// The VIM at this address; each answer must come within `limit`.
    pub fn new(client: RestClient, url: &str, token: Secret, limit: Duration) -> Self {
        Self { client, url: url.trim_end_matches('/').to_owned(), token, limit }
    }

    /// The strategy, if there is one of that kind.
    ///
    /// # Errors
    /// The VIM cannot tell.
    pub async fn show(&self, name: StrategyName) -> Result<Option<Strategy>, ApiError> {
        match self.strategy(Method::GET, name, "", None).await {
            Ok(strategy) => Ok(Some(strategy)),
            Err(ApiError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a strategy.
    ///
    /// # Errors
    /// The VIM refuses or cannot be asked.
    pub async fn create(&self, name: StrategyName, plan: &Plan) -> Result<Strategy, ApiError> {
        self.strategy(Method::POST, name, "", Some(creation(name, plan))).await
    }

    /// Removes the strategy.
    ///
    /// # Errors
    /// The VIM refuses or cannot be asked.
    pub async fn delete(&self, name: StrategyName, force: bool) -> Result<(), ApiError> {
        let body = object([("force", Json::from(force))]);
        match self.ask(Method::DELETE, name, "", Some(body)).await? {
            Json::Null => Err(ApiError::NotFound),
            _ => Ok(()),
        }
    }

    /// Carries the strategy out, or one stage of it.
    ///
    /// # Errors
    /// The VIM refuses or cannot be asked.
    pub async fn apply(&self, name: StrategyName, stage: Option<&str>) -> Result<Strategy, ApiError> {
        let body = match stage {
            None => object([("action", Json::from("apply-all"))]),
            Some(stage) => object([("action", Json::from("apply-stage")), ("stage-id", Json::from(stage))]),
        };
        self.strategy(Method::POST, name, "/actions", Some(body)).await
    }

    /// Breaks the strategy off, or one stage of it.
    ///
    /// # Errors
    /// The VIM refuses or cannot be asked.
    pub async fn abort(&self, name: StrategyName, stage: Option<&str>) -> Result<Strategy, ApiError> {
        // without a stage, too, the original asks for a stage, which then is null
        let body = object([("action", Json::from("abort-stage")), ("stage-id", Json::from(stage))]);
        self.strategy(Method::POST, name, "/actions", Some(body)).await
    }

    async fn strategy(
        &self,
        method: Method,
        name: StrategyName,
        below: &str,
        body: Option<String>,
    ) -> Result<Strategy, ApiError> {
        let answer = self.ask(method, name, below, body).await?;
        let strategy = match &answer {
            Json::Object(answer) => answer.get("strategy"),
            answer if says_nothing(answer) => None,
            _ => return Err(ApiError::BadAnswer("the answer is no object".to_owned())),
        };
        match strategy {
            None | Some(Json::Null) => Err(ApiError::NotFound),
            Some(strategy @ Json::Object(_)) => Ok(Strategy::new(strategy.clone())),
            Some(_) => Err(ApiError::BadAnswer("the strategy is no object".to_owned())),
        }
    }

    /// Asks for what the original does not have; `path` lies below `/api/extensions/`.
    ///
    /// # Errors
    /// There is no such object, the VIM does not know such requests, refuses, or cannot be asked.
    pub async fn extension<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        let url = format!("{}/api/extensions/{path}", self.url);
        let answer = self.send(Method::GET, url, None).await?;
        serde_json::from_value(answer).map_err(|error| ApiError::BadAnswer(error.to_string()))
    }

    async fn ask(
        &self,
        method: Method,
        name: StrategyName,
        below: &str,
        body: Option<String>,
    ) -> Result<Json, ApiError> {
        let url = format!("{}/api/orchestration/{}/strategy{below}", self.url, name.as_str());
        self.send(method, url, body).await.map_err(|error| match error {
            // whatever words it has
            ApiError::NotServed => ApiError::NotFound,
            error => error,
        })
    }

    /// The answer's JSON; an empty object when there is none.
    async fn send(&self, method: Method, url: String, body: Option<String>) -> Result<Json, ApiError> {
        let call = Call { method, url, token: Some(self.token.clone()), body, hidden: None };
        let answer = match self.client.send(&call, self.limit).await {
            Ok(answer) => answer,
            Err(failure @ Failure::Open(_)) => {
                let request = shown(&call, "ERR");
                return Err(ApiError::Unreachable { failure, request });
            }
            Err(failure @ Failure::Broken(_)) => return Err(ApiError::Broken(failure)),
        };
        match answer.status {
            200..300 if answer.body.is_empty() => Ok(Json::Object(serde_json::Map::new())),
            200..300 => {
                serde_json::from_slice(&answer.body).map_err(|error| ApiError::BadAnswer(error.to_string()))
            }
            404 if Fault::of(&answer).is_some() => Err(ApiError::NotFound),
            404 => Err(ApiError::NotServed),
            403 => Err(ApiError::Forbidden),
            409 => Err(ApiError::Conflict(Fault::of(&answer))),
            status => Err(match Fault::of(&answer) {
                Some(fault) => ApiError::Fault { status, fault },
                None => ApiError::Status {
                    status,
                    request: shown(&call, &status.to_string()),
                    response: String::from_utf8_lossy(&answer.body).into_owned(),
                    reason: answer.reason,
                },
            }),
        }
    }
}

/// What Python takes for nothing.
fn says_nothing(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Bool(value) => !value,
        Json::Number(value) => value.as_f64() == Some(0.0),
        Json::String(value) => value.is_empty(),
        Json::Array(value) => value.is_empty(),
        Json::Object(value) => value.is_empty(),
    }
}

/// The request as the original shows it, but for the token.
fn shown(call: &Call, status: &str) -> String {
    let mut headers = vec![("X-Auth-Token", HIDDEN)];
    if call.body.is_some() {
        headers.insert(0, ("Content-Type", "application/json"));
    }
    let order = ordered(headers.iter().map(|(name, _)| *name));
    headers.sort_by_key(|(name, _)| order.iter().position(|at| at == name));
    let headers: Vec<_> = headers.iter().map(|(name, value)| format!("'{name}': '{value}'")).collect();
    format!(
        "Rest-API status={status}, {}, {}, headers={{{}}}, payload={}",
        call.method,
        call.url,
        headers.join(", "),
        call.body.as_deref().unwrap_or("None")
    )
}

fn creation(name: StrategyName, plan: &Plan) -> String {
    let mut body = Vec::new();
    match name {
        StrategyName::Patch => {
            body.push(("controller-apply-type", Json::from(plan.controllers.as_str())));
            body.push(("swift-apply-type", Json::from("ignore")));
            body.push(("default-instance-action", Json::from(plan.instance_action.as_str())));
        }
        StrategyName::Upgrade => {
            if plan.complete_upgrade {
                body.push(("complete-upgrade", Json::from(true)));
            }
        }
    }
    body.push(("storage-apply-type", Json::from(plan.storage.as_str())));
    body.push(("worker-apply-type", Json::from(plan.workers.as_str())));
    if let Some(number) = plan.max_parallel_workers {
        body.push(("max-parallel-worker-hosts", Json::from(number)));
    }
    body.push(("alarm-restrictions", Json::from(plan.alarm_restrictions.as_str())));
    object(body)
}

/// A JSON object as Python writes it: the keys in the order of its dictionary.
fn object(pairs: impl IntoIterator<Item = (&'static str, Json)>) -> String {
    let mut pairs: Vec<_> = pairs.into_iter().collect();
    let order = ordered(pairs.iter().map(|(key, _)| *key));
    pairs.sort_by_key(|(key, _)| order.iter().position(|at| at == key));
    pyjson::to_string(&Ordered(pairs))
}

struct Ordered(Vec<(&'static str, Json)>);

impl Serialize for Ordered {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}
