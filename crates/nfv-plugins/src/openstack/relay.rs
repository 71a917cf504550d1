//! A user's request that is passed on to a service. Contract: vim-api 1.5.

use super::rest::{HOP_BY_HOP, MAX_REDIRECTS, Redirect, Response, RestClient, RestError, read, redirect};
use crate::secret::Secret;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use std::time::Duration;

/// A user's request that is passed on as it is.
#[derive(Debug, Clone)]
pub struct Relayed {
    /// Method.
    pub method: Method,
    /// Where to.
    pub url: String,
    /// Headers of the user; what concerns a connection is left out.
    pub headers: HeaderMap,
    /// Goes into `X-Auth-Token` instead of the user's.
    pub token: Secret,
    /// Body; none if it is empty.
    pub body: Vec<u8>,
}

impl RestClient {
    /// Passes a user's request on and reads the whole answer, whatever its status, within `limit`. Redirects are
    /// followed as in [`RestClient::send`], with the token only on the same host.
    pub(crate) async fn relay(&self, relayed: Relayed, limit: Duration) -> Result<Response, RestError> {
        let name = format!("{} {}", relayed.method, relayed.url);
        match tokio::time::timeout(limit, self.pass_on(relayed, &name)).await {
            Ok(result) => result,
            Err(_) => Err(RestError::TimedOut { request: name, limit }),
        }
    }

    async fn pass_on(&self, mut relayed: Relayed, name: &str) -> Result<Response, RestError> {
        let bad = |cause: String| RestError::BadRequest { request: name.to_owned(), cause };
        let mut url = Url::parse(&relayed.url).map_err(|error| bad(format!("bad address: {error}")))?;
        let mut headers = relayed.headers;
        for one in HOP_BY_HOP.iter().chain(&["content-length", "host", "x-auth-token", "accept-encoding"]) {
            headers.remove(*one);
        }
        let value = |text: &str| HeaderValue::from_str(text).map_err(|_| bad("bad header".to_owned()));
        headers.insert("accept", value("application/json")?);
        headers.insert("accept-encoding", value("identity")?);
        let mut token = value(relayed.token.expose())?;
        token.set_sensitive(true);
        headers.insert("x-auth-token", token);
        for _ in 0..=MAX_REDIRECTS {
            let mut outgoing =
                self.http().request(relayed.method.clone(), url.clone()).headers(headers.clone());
            if !relayed.body.is_empty() {
                outgoing = outgoing.body(relayed.body.clone());
            }
            let response = read(outgoing, name).await?;
            let location = response.headers.iter().find(|(header, _)| header == "Location");
            let next = location.and_then(|(_, to)| url.join(to).ok());
            let (Some(step), Some(next)) = (redirect(&relayed.method, response.status), next) else {
                return Ok(response);
            };
            if step == Redirect::AsGet {
                relayed.method = Method::GET;
                relayed.body.clear();
                headers.remove("content-type");
            }
            if next.host_str() != url.host_str() {
                headers.remove("x-auth-token");
            }
            url = next;
        }
        Err(RestError::BadAnswer { request: name.to_owned(), cause: "too many redirects".to_owned() })
    }
}
