//! The alarms of Fault Management, asked for while somebody looks.

use crate::hub::Hub;
use nfv_plugins::PlatformClient;
use nfv_plugins::platform::PlatformAlarm;
use serde::Serialize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Somebody looks as long after a request.
const INTEREST: Duration = Duration::from_secs(60);

/// How often it is looked whether somebody looks.
const GLANCE: Duration = Duration::from_millis(500);

/// What is known of the alarms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AlarmState {
    /// As Fault Management gave them last; none before it has.
    pub alarms: Option<Vec<ShownAlarm>>,
    /// Why the last question had no answer, if it had none.
    pub error: Option<String>,
}

/// An alarm for the console.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // Fault Management's own names
pub struct ShownAlarm {
    pub uuid: String,
    pub id: String,
    pub entity: String,
    pub severity: String,
    pub reason: String,
    pub repair: String,
    pub time: String,
    pub suppressed: bool,
}

impl From<PlatformAlarm> for ShownAlarm {
    fn from(alarm: PlatformAlarm) -> Self {
        Self {
            uuid: alarm.uuid,
            id: alarm.alarm_id,
            entity: alarm.entity_instance_id,
            severity: alarm.severity,
            reason: alarm.reason_text,
            repair: alarm.proposed_repair_action,
            time: alarm.timestamp,
            suppressed: alarm.suppressed,
        }
    }
}

#[derive(Debug, Default)]
struct Inner {
    state: AlarmState,
    /// When somebody asked last.
    interest: Option<Instant>,
    /// When Fault Management was asked last.
    asked: Option<Instant>,
}

/// What is known, and who wants to know.
#[derive(Debug, Default)]
pub struct AlarmBoard(Mutex<Inner>);

impl AlarmBoard {
    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known, without asking for more.
    pub fn known(&self) -> AlarmState {
        self.inner().state.clone()
    }

    /// What is known; it will be kept fresh for some time.
    pub fn look(&self) -> AlarmState {
        let mut inner = self.inner();
        inner.interest = Some(Instant::now());
        inner.state.clone()
    }

    fn is_due(&self, interval: Duration, streams: usize) -> bool {
        let inner = self.inner();
        let wanted = streams > 0 || inner.interest.is_some_and(|when| when.elapsed() < INTEREST);
        wanted && inner.asked.is_none_or(|when| when.elapsed() >= interval)
    }

    /// Takes an answer; true when it is news.
    fn take(&self, answer: Result<Vec<PlatformAlarm>, String>) -> bool {
        let mut inner = self.inner();
        inner.asked = Some(Instant::now());
        let before = inner.state.clone();
        match answer {
            Ok(alarms) => {
                let alarms = alarms.into_iter().map(ShownAlarm::from).collect();
                inner.state = AlarmState { alarms: Some(alarms), error: None };
            }
            Err(error) => inner.state.error = Some(error),
        }
        inner.state != before
    }
}

/// Asks Fault Management now, as the original does at each request.
///
/// # Errors
/// Why there is no answer.
pub async fn ask(client: &PlatformClient, hub: &Hub) -> Result<Vec<PlatformAlarm>, String> {
    let answer = client.alarms().await.map_err(|error| error.to_string());
    if hub.alarms.take(answer.clone()) {
        match &answer {
            Ok(_) => {}
            Err(error) => tracing::warn!(
                logger = "nfv_vim.webserver.webserver",
                "Fault Management gives no alarms: {error}."
            ),
        }
        hub.send("alarms", &hub.alarms.known());
    }
    answer
}

/// Keeps the alarms fresh while somebody looks; never ends.
pub async fn keep_fresh(client: Arc<PlatformClient>, hub: Arc<Hub>, interval: Duration) {
    loop {
        if hub.alarms.is_due(interval, hub.streams()) {
            // its outcome is kept and told already
            let _ = ask(&client, &hub).await;
        }
        tokio::time::sleep(GLANCE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_management_is_left_alone_while_nobody_looks() {
        let board = AlarmBoard::default();
        let interval = Duration::from_secs(15);
        assert!(!board.is_due(interval, 0));
        assert!(board.is_due(interval, 1));
        board.look();
        assert!(board.is_due(interval, 0));
        assert!(board.take(Ok(vec![])));
        assert!(!board.is_due(interval, 1), "asked just now");
        assert!(board.is_due(Duration::ZERO, 1));
    }

    #[test]
    fn what_was_known_stays_when_it_cannot_be_reached() {
        let board = AlarmBoard::default();
        let alarm = PlatformAlarm { severity: "major".to_owned(), ..PlatformAlarm::default() };
        assert!(board.take(Ok(vec![alarm.clone()])));
        assert!(!board.take(Ok(vec![alarm])));
        assert!(board.take(Err("away".to_owned())));
        let known = board.known();
        assert_eq!((known.alarms.unwrap().len(), known.error.as_deref()), (1, Some("away")));
    }
}
