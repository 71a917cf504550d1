//! What all tasks share.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use guest_daemon::log::{Level, Logger};
use guest_protocol::heartbeat::datagram::inventory_request;
use tokio::sync::Notify;

use super::queue::CallQueue;
use super::vim::VimClient;
use crate::inventory::{Action, Agent, VimCall};

/// The inventory and the ways out.
pub(super) struct State {
    pub(super) agent: Agent,
    pub(super) logger: Logger,
    pub(super) begun: Instant,
    queue: CallQueue,
    /// Datagrams leave here.
    socket: UdpSocket,
    /// The floating address, by which guestServers know who asks.
    source: IpAddr,
    server_port: u16,
    maintenance: SocketAddr,
}

/// The state behind its lock.
#[derive(Clone)]
pub(super) struct Shared {
    state: Arc<Mutex<State>>,
    vim: VimClient,
    /// Rung when the next deadline may have changed.
    pub(super) changed: Arc<Notify>,
}

impl State {
    pub(super) fn new(
        logger: Logger,
        queue: CallQueue,
        socket: UdpSocket,
        source: IpAddr,
        server_port: u16,
        maintenance: SocketAddr,
    ) -> Self {
        let agent = Agent::new(Duration::ZERO);
        Self { agent, logger, begun: Instant::now(), queue, socket, source, server_port, maintenance }
    }

    fn send(&mut self, bytes: &[u8], to: SocketAddr) {
        if let Err(error) = self.socket.send_to(bytes, to) {
            self.logger.write(Level::Error, &format!("failed to send to {to}: {error}"));
        }
    }
}

impl Shared {
    pub(super) fn new(state: State, vim: VimClient) -> Self {
        Self { state: Arc::new(Mutex::new(state)), vim, changed: Arc::new(Notify::new()) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // What a task left behind that panicked is still the best knowledge there is.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the inventory decide, and does what follows.
    pub(super) fn with<T>(&self, decide: impl FnOnce(&mut Agent, Duration) -> T) -> T {
        let mut state = self.lock();
        let now = state.begun.elapsed();
        let result = decide(&mut state.agent, now);
        self.perform(&mut state);
        drop(state);
        self.changed.notify_one();
        result
    }

    fn answered(&self, call: &VimCall, answer: Result<Vec<u8>, String>) {
        self.lock().queue.done(&call.key);
        self.with(|agent, _| agent.on_answer(&call.kind, answer.as_deref().map_err(Clone::clone)));
    }

    /// Does what the inventory wants.
    fn perform(&self, state: &mut State) {
        for action in state.agent.take_actions() {
            match action {
                Action::Log(level, line) => state.logger.write(level, &line),
                Action::Command(address, command) => {
                    let to = SocketAddr::new(address, state.server_port);
                    let bytes = command.encode(&state.source.to_string());
                    state.send(&bytes, to);
                }
                Action::AskInventory => {
                    let to = state.maintenance;
                    state.send(&inventory_request(), to);
                }
                Action::Call(call) => {
                    let about = call.key.clone();
                    if !state.queue.push(call) {
                        let text = format!("{about} request to vim dropped: too many wait");
                        state.logger.write(Level::Error, &text);
                    }
                }
            }
        }
        while let Some(call) = state.queue.next() {
            let shared = self.clone();
            tokio::spawn(async move {
                let answer = shared.vim.call(&call).await;
                shared.answered(&call, answer);
            });
        }
    }
}
