//! The guests' side of heartbeats, all in this process: each answers what its guestServer asks, until its heart is
//! stopped. What the cloud does with the servers happens to them.

use anyhow::Context;
use guest_protocol::framing::JsonLines;
use guest_protocol::heartbeat::message::{
    ActionResponse, ChallengeResponse, GuestMessage, HostMessage, Init, MAX_LENGTH,
};
use guest_protocol::heartbeat::words::{CorrectiveAction, Health, Vote};
use nfv_site::{GuestDaemons, Vm};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

/// Between two beats.
const INTERVAL: Duration = Duration::from_secs(1);
/// What a guest may take for anything else.
const TIME: Duration = Duration::from_secs(9);

/// A guest that runs.
#[derive(Debug)]
struct Guest {
    boots: u64,
    socket: PathBuf,
    /// It answers nothing any more.
    stopped: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.task.abort();
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// All guests, by the names of their servers.
#[derive(Debug, Default)]
pub struct Hearts(BTreeMap<String, Guest>);

impl Hearts {
    /// Does what the cloud did with the servers.
    pub fn follow(&mut self, servers: &[Vm], daemons: &GuestDaemons) -> anyhow::Result<()> {
        for server in servers {
            let directory = server.host.as_deref().and_then(|host| daemons.sockets(host));
            let Some(directory) = directory.filter(|_| server.runs) else {
                self.0.remove(&server.name);
                continue;
            };
            let socket = directory.join(format!("cgcs.heartbeat.{}.sock", server.uuid));
            let known = self.0.get(&server.name);
            if known.is_some_and(|guest| guest.boots == server.boots && guest.socket == socket) {
                continue;
            }
            // one that only moves is as it was
            let stopped = known.filter(|guest| guest.boots == server.boots).map(|guest| &guest.stopped);
            let stopped = stopped.map_or_else(Arc::default, Arc::clone);
            self.0.remove(&server.name);
            let task = tokio::spawn(live(listen(&socket)?, server.name.clone(), Arc::clone(&stopped)));
            self.0.insert(server.name.clone(), Guest { boots: server.boots, socket, stopped, task });
        }
        Ok(())
    }

    /// Names of those whose heart beats.
    pub fn beating(&self) -> Vec<&str> {
        let beats = |guest: &Guest| !guest.stopped.load(Ordering::Relaxed);
        self.0.iter().filter(|(_, guest)| beats(guest)).map(|(name, _)| name.as_str()).collect()
    }

    /// This one's heart stops, until its server is started anew.
    pub fn stop(&self, name: &str) {
        if let Some(guest) = self.0.get(name) {
            guest.stopped.store(true, Ordering::Relaxed);
        }
    }
}

fn listen(socket: &Path) -> anyhow::Result<UnixListener> {
    // one that an earlier guest has left
    let _ = std::fs::remove_file(socket);
    UnixListener::bind(socket).with_context(|| format!("cannot listen at {}", socket.display()))
}

async fn live(listener: UnixListener, name: String, stopped: Arc<AtomicBool>) {
    let mut number = 0;
    while let Ok((stream, _)) = listener.accept().await {
        number += 1;
        // a connection that breaks is made anew by the other side
        let _ = speak(stream, init(&name, number), &stopped).await;
    }
}

async fn speak(mut stream: UnixStream, init: Init, stopped: &AtomicBool) -> anyhow::Result<()> {
    let (mut framer, mut buffer, mut sequence) = (JsonLines::new(MAX_LENGTH), [0; 4096], 1);
    stream.write_all(&GuestMessage::Init(init).encode(sequence)).await?;
    loop {
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        for frame in framer.on_bytes(&buffer[..length]) {
            let Ok(message) = HostMessage::decode(&frame?) else { continue };
            let answer = match message.message {
                HostMessage::Challenge { challenge } => GuestMessage::ChallengeResponse(ChallengeResponse {
                    response: challenge,
                    health: Health::Healthy.into(),
                    corrective_action: CorrectiveAction::Reboot.into(),
                    log: String::new(),
                }),
                HostMessage::ActionNotify(action) => GuestMessage::ActionResponse(ActionResponse {
                    invocation_id: action.invocation_id,
                    event: action.event,
                    notification: action.notification,
                    vote: Vote::Complete.into(),
                    log: String::new(),
                }),
                HostMessage::InitAck { .. } | HostMessage::Nack { .. } => continue,
            };
            if !stopped.load(Ordering::Relaxed) {
                sequence += 1;
                stream.write_all(&answer.encode(sequence)).await?;
            }
        }
    }
}

fn init(name: &str, number: i32) -> Init {
    Init {
        invocation_id: number,
        name: name.to_owned(),
        heartbeat_interval: INTERVAL,
        vote: TIME,
        shutdown_notice: TIME,
        suspend_notice: TIME,
        resume_notice: TIME,
        restart: TIME,
        corrective_action: CorrectiveAction::Reboot.into(),
    }
}
