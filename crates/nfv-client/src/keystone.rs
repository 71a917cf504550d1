//! Logging in, and finding the VIM.
//!
//! Contract: vim-api 4.2.

use crate::rest::{Answer, Call, Failure, RestClient};
use crate::settings::{Credentials, Domain, Secret};
use nfv_common::pyjson;
use reqwest::Method;
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Type and name of the VIM in the catalog.
const SERVICE_TYPE: &str = "nfv";
const SERVICE_NAME: &str = "vim";

/// A token and what Keystone says with it.
#[derive(Clone, Debug)]
pub struct Token {
    /// For `X-Auth-Token`.
    pub id: Secret,
    catalog: Vec<Service>,
}

#[derive(Clone, Debug, Deserialize)]
struct Service {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    endpoints: Vec<Endpoint>,
}

/// Where the VIM can be asked.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Endpoint {
    /// Region.
    pub region: Option<String>,
    /// `internal`, `public`, `admin`
    pub interface: Option<String>,
    /// Address.
    pub url: String,
}

#[derive(Deserialize)]
struct Body {
    token: BodyToken,
}

#[derive(Deserialize)]
struct BodyToken {
    // entries of other services may look as they like
    #[serde(default)]
    catalog: Vec<serde_json::Value>,
}

/// Why there is no token.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LoginError {
    /// Keystone was not reached, or did not answer whole.
    #[error("{0}")]
    Transport(Failure),
    /// Keystone says no.
    #[error("HTTP Error {status}: {reason}")]
    Refused {
        /// Status code.
        status: u16,
        /// The words behind it.
        reason: String,
        /// Keystone's own words.
        message: Option<String>,
    },
    /// No JSON with a token.
    #[error("No JSON object could be decoded")]
    BadAnswer(String),
}

/// Asks for a token.
///
/// # Errors
/// There is none.
pub async fn login(
    client: &RestClient,
    credentials: &Credentials,
    limit: Duration,
) -> Result<Token, LoginError> {
    let address = |base: &str| format!("{base}/auth/tokens");
    let given = ask(client, credentials, &address(&credentials.auth_url), limit).await;
    let Err(LoginError::Refused { status: 300 | 404 | 405, .. }) = &given else { return given };
    // openrc files have the address with and without a version
    match with_version(&credentials.auth_url) {
        Some(base) => ask(client, credentials, &address(&base), limit).await.or(given),
        None => given,
    }
}

/// The address as Keystone has it, if it is another one than given: `http://host:5000/v3`.
fn with_version(url: &str) -> Option<String> {
    let trimmed = url.trim_end_matches('/');
    let last = trimmed.rsplit('/').next().unwrap_or_default();
    let versioned = last.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let full = if versioned { trimmed.to_owned() } else { format!("{trimmed}/v3") };
    (full != url).then_some(full)
}

async fn ask(
    client: &RestClient,
    credentials: &Credentials,
    url: &str,
    limit: Duration,
) -> Result<Token, LoginError> {
    let call = Call {
        method: Method::POST,
        url: url.to_owned(),
        token: None,
        body: Some(pyjson::to_string(&Password(credentials))),
        hidden: Some(credentials.password.clone()),
    };
    let answer = client.send(&call, limit).await.map_err(LoginError::Transport)?;
    if !(200..300).contains(&answer.status) {
        let message = message_of(&answer);
        return Err(LoginError::Refused { status: answer.status, reason: answer.reason, message });
    }
    let id = Secret::new(answer.header("X-Subject-Token").unwrap_or_default());
    let body: Body =
        serde_json::from_slice(&answer.body).map_err(|error| LoginError::BadAnswer(error.to_string()))?;
    let catalog = body.token.catalog.into_iter().filter_map(|entry| serde_json::from_value(entry).ok());
    Ok(Token { id, catalog: catalog.collect() })
}

/// `{"error": {"message": "..."}}`
fn message_of(answer: &Answer) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
    body.get("error")?.get("message")?.as_str().map(str::to_owned)
}

impl Token {
    /// The VIM's address in a region: that of the first endpoint that fits.
    pub fn vim(&self, region: &str, interface: &str) -> Option<&str> {
        self.vim_endpoints()
            .find(|endpoint| {
                endpoint.region.as_deref() == Some(region) && endpoint.interface.as_deref() == Some(interface)
            })
            .map(|endpoint| endpoint.url.as_str())
    }

    /// All addresses of the VIM.
    pub fn vim_endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        let vim = |service: &&Service| service.kind == SERVICE_TYPE && service.name == SERVICE_NAME;
        self.catalog.iter().filter(vim).flat_map(|service| &service.endpoints)
    }
}

/// The request for a token, its keys in the order in which Python writes them.
struct Password<'a>(&'a Credentials);

impl Serialize for Password<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Credentials { project_name, project_domain, username, password, user_domain_name, .. } = self.0;
        let project_domain = match project_domain {
            Domain::Name(name) => ("name", name.as_str()),
            Domain::Id(id) => ("id", id.as_str()),
        };
        let user =
            User { domain: Pair(("name", user_domain_name)), password: password.expose(), name: username };
        let scope = Project { domain: Pair(project_domain), name: project_name };
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(
            "auth",
            &Auth {
                scope: Scope { project: scope },
                identity: Identity { password: Passwords { user }, methods: ["password"] },
            },
        )?;
        map.end()
    }
}

#[derive(Serialize)]
struct Auth<'a> {
    scope: Scope<'a>,
    identity: Identity<'a>,
}

#[derive(Serialize)]
struct Scope<'a> {
    project: Project<'a>,
}

#[derive(Serialize)]
struct Project<'a> {
    domain: Pair<'a>,
    name: &'a str,
}

#[derive(Serialize)]
struct Identity<'a> {
    password: Passwords<'a>,
    methods: [&'static str; 1],
}

#[derive(Serialize)]
struct Passwords<'a> {
    user: User<'a>,
}

#[derive(Serialize)]
struct User<'a> {
    domain: Pair<'a>,
    password: &'a str,
    name: &'a str,
}

/// An object with one key.
struct Pair<'a>((&'static str, &'a str));

impl Serialize for Pair<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.0.0, self.0.1)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::with_version;

    #[test]
    fn an_address_without_version_gets_one() {
        let cases = [
            ("http://host:5000", Some("http://host:5000/v3")),
            ("http://host:5000/", Some("http://host:5000/v3")),
            ("http://host/identity", Some("http://host/identity/v3")),
            ("http://host:5000/v3/", Some("http://host:5000/v3")),
            ("http://host:5000/v3", None),
            ("http://host:5000/v2.0", None),
        ];
        for (given, expected) in cases {
            assert_eq!(with_version(given).as_deref(), expected, "{given}");
        }
    }
}
