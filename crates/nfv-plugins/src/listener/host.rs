//! 30004: a worker says that it boots. Contract: southbound 10.
//!
//! ```text
//!   length (4, little endian) | HMAC-SHA512 of the payload (64) | payload (JSON)
//! ```

use super::{Inbox, PATIENCE, bind, shortened};
use crate::config::ListenConfig;
use crate::error::PluginError;
use crate::openstack::fields;
use crate::secret::Secret;
use hmac::{Hmac, Mac};
use nfv_nfvi::notification::BootingStatus;
use nfv_nfvi::{Notification, Reply};
use serde_json::Value;
use sha2::Sha512;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

const HMAC_BYTES: usize = 64;
/// The longest frame, without its length field.
const MAX_FRAME: usize = 64 * 1024;
/// So many connections at once; more wait in the backlog.
const MAX_CONNECTIONS: usize = 32;

/// The listener while it is open.
#[derive(Debug)]
pub(crate) struct HostListener {
    pub address: SocketAddr,
    task: AbortHandle,
}

impl HostListener {
    pub(crate) async fn open(config: &ListenConfig, key: Secret, inbox: Inbox) -> Result<Self, PluginError> {
        let failed = |source| PluginError::Listen {
            what: "host notifications",
            host: config.host.clone(),
            port: config.port,
            source,
        };
        let listener = bind("host notifications", config).await?;
        let listener = TcpListener::from_std(listener).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let task = tokio::spawn(accept(listener, key, inbox)).abort_handle();
        Ok(Self { address, task })
    }

    /// Closes the listener; connections under way end by themselves.
    pub(crate) fn close(&self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, key: Secret, inbox: Inbox) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, peer)) => {
                let (key, inbox) = (key.clone(), inbox.clone());
                tokio::spawn(async move {
                    if let Err(error) = serve(stream, &key, &inbox).await {
                        tracing::info!("30004: connection of {peer} ended: {error}");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                // out of descriptors, for instance: wait for some to come back
                tracing::error!("30004: a connection could not be accepted: {error}");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn serve(mut stream: TcpStream, key: &Secret, inbox: &Inbox) -> std::io::Result<()> {
    loop {
        let frame = tokio::time::timeout(PATIENCE, read_frame(&mut stream))
            .await
            .map_err(|_| std::io::Error::other("no complete message in time"))??;
        let Some(payload) = authentic(&frame, key) else {
            tracing::error!("30004: a message with a wrong authentication code is dropped.");
            continue;
        };
        if let Some(answer) = answer(payload, inbox).await {
            let frame = sealed(&answer, key);
            tokio::time::timeout(PATIENCE, stream.write_all(&frame))
                .await
                .map_err(|_| std::io::Error::other("the answer was not taken in time"))??;
        }
        return stream.shutdown().await;
    }
}

async fn read_frame(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let length = stream.read_u32_le().await? as usize;
    if !(HMAC_BYTES..=MAX_FRAME).contains(&length) {
        return Err(std::io::Error::other(format!("a message of {length} bytes is not taken")));
    }
    let mut frame = vec![0; length];
    stream.read_exact(&mut frame).await?;
    Ok(frame)
}

fn mac(key: &Secret, payload: &[u8]) -> Option<Hmac<Sha512>> {
    let mut mac = Hmac::<Sha512>::new_from_slice(key.expose().as_bytes()).ok()?;
    mac.update(payload);
    Some(mac)
}

/// The payload of a frame, if its code is right. Compared in constant time.
fn authentic<'a>(frame: &'a [u8], key: &Secret) -> Option<&'a [u8]> {
    let (code, payload) = frame.split_at_checked(HMAC_BYTES)?;
    mac(key, payload)?.verify_slice(code).ok()?;
    Some(payload)
}

/// A payload as a frame with its length.
fn sealed(payload: &[u8], key: &Secret) -> Vec<u8> {
    let code = mac(key, payload).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default();
    let length = u32::try_from(code.len() + payload.len()).unwrap_or(u32::MAX);
    [&length.to_le_bytes()[..], &code, payload].concat()
}

/// The answer to a message; none: the connection is closed without one.
async fn answer(payload: &[u8], inbox: &Inbox) -> Option<Vec<u8>> {
    let mut message: Value = match serde_json::from_slice(payload) {
        Ok(message @ Value::Object(_)) => message,
        Ok(_) => {
            tracing::error!("30004: a message is no object.");
            return None;
        }
        Err(error) => {
            tracing::error!("30004: a message is no JSON: {error}");
            return None;
        }
    };
    if message["version"].as_i64() != Some(1) {
        tracing::error!("30004: a message of version {} is not understood.", shortened(&message["version"]));
        return None;
    }
    let status = if message["notify-type"] == "booting" {
        match booting_host(&message["notify-data"]) {
            Some(name) => match inbox.ask(Notification::HostBooting { name }).await {
                Ok(Reply::HostBooting(BootingStatus::Accepted)) => "accepted",
                Ok(_) => "okay",
                Err(_) => {
                    tracing::error!("30004: the VIM is busy, a booting host gets no answer.");
                    return None;
                }
            },
            None => "okay",
        }
    } else {
        tracing::error!("30004: notification type {} is not known.", shortened(&message["notify-type"]));
        "error"
    };
    message["status"] = status.into();
    Some(message.to_string().into_bytes())
}

/// The host named in `notify-data`, which is text that holds JSON.
fn booting_host(data: &Value) -> Option<String> {
    let data: Value = serde_json::from_str(data.as_str()?).ok()?;
    fields::optional_text(&data, "hostname").filter(|name| !name.is_empty())
}
