//! Sends the notices of the neighbours, each sender in its own order.

pub mod frame;
pub mod rest;

mod amqp;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::journal::{Direction, Entry, blank};
use crate::lab::Shared;
use crate::model::notice::{Notice, Sender};

/// sysinv and the boot message of hosts give up after this. Contract: southbound 6, 10.
const IMPATIENT: Duration = Duration::from_secs(5);
/// mtc and the guest agent.
const PATIENT: Duration = Duration::from_secs(20);

/// Delivers the notices of one sender until the lab stops.
pub async fn run(shared: Arc<Shared>, sender: Sender, mut inbox: UnboundedReceiver<Notice>) {
    if sender == Sender::Nova {
        amqp::run(shared, inbox).await;
        return;
    }
    while let Some(notice) = inbox.recv().await {
        deliver(&shared, &notice).await;
    }
}

async fn deliver(shared: &Shared, notice: &Notice) {
    let tries = match notice.sender {
        Sender::Sysinv | Sender::Host | Sender::Nova => 1,
        Sender::Mtc | Sender::Guest => 1 + shared.settings().notify_retries,
    };
    for attempt in 1..=tries {
        let record = Record::new(shared, notice, attempt);
        match send(shared, notice).await {
            Ok(status) => {
                record.write(Some(status), None);
                if status < 500 {
                    return;
                }
            }
            Err(error) => record.write(None, Some(error)),
        }
        if attempt < tries {
            let pause = Duration::try_from_secs_f64(shared.settings().notify_retry_delay);
            tokio::time::sleep(pause.unwrap_or_default()).await;
        }
    }
}

/// The status: of HTTP; 200 for a boot message that was answered.
async fn send(shared: &Shared, notice: &Notice) -> Result<u16, String> {
    let vim = shared.vim();
    let (address, patience) = match notice.sender {
        Sender::Sysinv => (&vim.infrastructure, IMPATIENT),
        Sender::Mtc => (&vim.infrastructure, PATIENT),
        Sender::Guest => (&vim.guest, PATIENT),
        Sender::Host => (&vim.listener, IMPATIENT),
        Sender::Nova => return Err("no broker".into()),
    };
    if address.is_empty() {
        return Err("no address is set".into());
    }
    let sending = async {
        if notice.sender == Sender::Host {
            frame::send_booting(address, &vim.listener_key, &notice.body).await.map(|_| 200)
        } else {
            let body = notice.body.to_string();
            rest::call(address, notice.method, &notice.path, &[], body.as_bytes())
                .await
                .map(|answer| answer.status)
        }
    };
    match tokio::time::timeout(patience, sending).await {
        Ok(Ok(status)) => Ok(status),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} s", patience.as_secs())),
    }
}

/// A notice on its way, for its journal line.
struct Record<'a> {
    shared: &'a Shared,
    notice: &'a Notice,
    attempt: u32,
    time: String,
    at: f64,
    since: Instant,
}

impl<'a> Record<'a> {
    fn new(shared: &'a Shared, notice: &'a Notice, attempt: u32) -> Self {
        Self {
            shared,
            notice,
            attempt,
            time: jiff::Timestamp::now().to_string(),
            at: shared.elapsed().as_secs_f64(),
            since: Instant::now(),
        }
    }

    fn write(self, status: Option<u16>, fault: Option<String>) {
        let mut body = json!(self.notice.body);
        blank(&mut body);
        self.shared.journal.write(Entry {
            seq: 0,
            time: self.time,
            at: self.at,
            direction: Direction::Out,
            service: self.notice.sender.as_str(),
            method: self.notice.method.to_owned(),
            path: self.notice.path.clone(),
            query: String::new(),
            headers: std::collections::BTreeMap::new(),
            body,
            status,
            duration_ms: self.since.elapsed().as_secs_f64() * 1000.0,
            fault,
            attempt: Some(self.attempt),
        });
    }
}
