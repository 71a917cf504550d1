//! Requests to the VIM. Contract: guest 8.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::{CONNECTION, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};

use crate::inventory::VimCall;

/// Longest time for a request.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Statuses that are good.
const GOOD: std::ops::RangeInclusive<u16> = 200..=204;
/// Longest answer that is read, bytes.
const MAX_ANSWER: usize = 16 << 20;

#[derive(Clone)]
pub(super) struct VimClient {
    client: reqwest::Client,
    port: u16,
}

impl VimClient {
    pub(super) fn new(port: u16) -> reqwest::Result<Self> {
        // Only the first one in a process counts; there is no other.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let headers = HeaderMap::from_iter([
            (USER_AGENT, HeaderValue::from_static("guest-agent/1.0")),
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (CONNECTION, HeaderValue::from_static("close")),
        ]);
        let client = reqwest::Client::builder()
            .default_headers(headers)
            .http1_title_case_headers()
            .http1_only()
            .no_proxy()
            .pool_max_idle_per_host(0)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()?;
        Ok(Self { client, port })
    }

    /// Makes a request; the body of a good answer, or what went wrong.
    pub(super) async fn call(&self, call: &VimCall) -> Result<Vec<u8>, String> {
        let what = || format!("{} {}", call.method, call.path);
        let failed = |error: reqwest::Error| {
            let mut text = format!("{}: {error}", what());
            let mut cause = std::error::Error::source(&error);
            while let Some(inner) = cause {
                text.push_str(&format!(": {inner}"));
                cause = inner.source();
            }
            text
        };
        let method = if call.method == "GET" { Method::GET } else { Method::PATCH };
        let url = format!("http://127.0.0.1:{}{}", self.port, call.path);
        let mut request = self.client.request(method, url);
        if let Some(body) = &call.body {
            request = request.body(body.clone());
        }
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_ANSWER {
                return Err(format!("{}: the answer is too long", what()));
            }
        }
        if GOOD.contains(&status) { Ok(body) } else { Err(format!("{}: status {status}", what())) }
    }
}
