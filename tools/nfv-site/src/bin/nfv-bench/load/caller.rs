//! Who asks: a client that judges each answer.

use super::tally::{Tally, Verdict};
use super::weather::{Part, Weather};
use nfv_site::Client;
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// An answer must come within this time, whatever happens.
const PATIENCE: Duration = Duration::from_secs(120);
/// Of a wrong answer, so much is told.
const TOLD: usize = 300;

/// What all callers share.
#[derive(Debug, Clone)]
pub struct Context {
    /// Which faults there are.
    pub weather: Weather,
    /// Where answers are counted.
    pub tally: Tally,
    /// True when the load is over.
    pub over: watch::Receiver<bool>,
}

impl Context {
    /// The load is over.
    pub fn is_over(&self) -> bool {
        *self.over.borrow()
    }

    /// Waits; false when the load is over meanwhile.
    pub async fn pause(&mut self, time: Duration) -> bool {
        // an error says that the sender is gone: it is over, too
        tokio::time::timeout(time, self.over.wait_for(|over| *over)).await.is_err()
    }
}

/// A question: its kind for the tally, on what its answer depends, and what it is.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// For the tally.
    pub kind: &'static str,
    /// What a fault may excuse it by.
    pub parts: &'a [Part],
    /// HTTP method.
    pub method: &'a str,
    /// HTTP path.
    pub path: &'a str,
    /// Body, if it has one.
    pub body: Option<&'a Value>,
}

/// A client that judges each answer.
#[derive(Debug, Clone)]
pub struct Caller {
    client: Client,
    /// When it had its token.
    since: Instant,
    context: Context,
}

impl Caller {
    /// One that asks by this client.
    pub fn new(client: &Client, context: &Context) -> Self {
        Self { client: client.clone(), since: Instant::now(), context: context.clone() }
    }

    /// What it shares with the others.
    pub fn context(&mut self) -> &mut Context {
        &mut self.context
    }

    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Asks, and counts the answer; gives it when it is right.
    pub async fn ask(
        &mut self,
        question: &Question<'_>,
        right: impl FnOnce(u16, &Value) -> bool,
    ) -> Option<(u16, Value)> {
        let asked = Instant::now();
        let asking = self.client.ask(question.method, question.path, question.body);
        let answer = tokio::time::timeout(PATIENCE, asking).await;
        let (took, excused) = (asked.elapsed(), self.context.weather.excuses(question.parts, asked));
        let (verdict, text, answer) = match answer {
            Err(_) => (Verdict::Wrong, format!("no answer within {} s", PATIENCE.as_secs()), None),
            Ok(Err(error)) if excused => (Verdict::Honest, format!("{error:#}"), None),
            Ok(Err(error)) => (Verdict::Wrong, format!("{error:#}"), None),
            Ok(Ok((status, body))) if right(status, &body) => {
                (Verdict::Right, String::new(), Some((status, body)))
            }
            Ok(Ok((status, body))) => {
                // nova-api-proxy says 401 to a token that is not known any more, nfv-vim-api 403
                let refused = matches!(status, 401 | 403);
                let forgotten = refused && self.context.weather.has_forgotten_tokens(self.since);
                let honest = forgotten || (excused && (status >= 500 || refused));
                // Keystone may be away: then it is tried after the next refusal
                if refused && self.client.renew().await.is_ok() {
                    self.since = Instant::now();
                }
                let text: String = body.to_string().chars().take(TOLD).collect();
                (if honest { Verdict::Honest } else { Verdict::Wrong }, format!("{status} {text}"), None)
            }
        };
        let now = self.context.weather.now();
        self.context.tally.add(question.kind, verdict, took, || {
            format!(
                "at {now:.1} s after {} ms: {} {} -> {text}",
                took.as_millis(),
                question.method,
                question.path
            )
        });
        answer
    }
}
