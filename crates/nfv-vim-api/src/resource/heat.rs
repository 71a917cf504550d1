//! Requests to Heat that are passed on with the VIM's own token. Contract: vim-api 1.5.

use crate::settings::HeatConfig;
use nfv_plugins::identity::{IdentityClient, RelayedAnswer, without_version};
use nfv_plugins::relay::Relayed;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

/// Where it lies in the URL; what follows is Heat's.
const PREFIX: &str = "/api/openstack/heat";

const LOGGER: &str = "nfv_vim.api.openstack";
const FILE: &str = "_heat_api.py";

/// A user's request.
#[derive(Debug)]
pub struct HeatRequest {
    /// Method.
    pub method: String,
    /// Path and query as they came.
    pub target: String,
    /// Headers.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Body.
    pub body: Vec<u8>,
}

/// Passes a request on; nothing when there is no token or no answer, which the log tells.
pub async fn pass_on(
    client: &IdentityClient,
    config: &HeatConfig,
    request: HeatRequest,
) -> Option<RelayedAnswer> {
    let failed = |why: String| tracing::error!(logger = LOGGER, file = FILE, "Heat is not asked: {why}.");
    let token = match client.own_token(&config.account, config.token_limit).await {
        Ok(token) => token,
        Err(error) => {
            failed(error.to_string());
            return None;
        }
    };
    let Some(address) = token.address(&config.service) else {
        failed("neither the catalog nor the configuration has its address".to_owned());
        return None;
    };
    let at = request.target.find(PREFIX).map_or(0, |at| at + PREFIX.len());
    let url = match &request.target[at..] {
        "" | "/" => format!("{}/", without_version(&address)),
        rest => format!("{address}{rest}"),
    };
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value))
        {
            headers.insert(name, value);
        }
    }
    let Ok(method) = Method::from_bytes(request.method.as_bytes()) else { return None };
    let relayed = Relayed { method, url, headers, token: token.id.clone(), body: request.body };
    match client.relay(relayed, config.limit).await {
        Ok(mut answer) => {
            if (200..300).contains(&answer.status) {
                answer.status = 200;
            }
            Some(answer)
        }
        Err(error) => {
            failed(error.to_string());
            None
        }
    }
}
