//! The way to the guest: attempts, failures, and beginning anew. Contract: guest 5, connect stages.

use super::action::{Action, Level};
use super::instance::{Connection, Context, Heart, Instance};
use super::limits::{CONNECT_FIRST, CONNECT_LONGEST, HEARTBEAT_START};

impl Instance {
    /// Plans the next attempt to connect.
    pub(super) fn plan_connect(&mut self, context: &mut Context<'_>) {
        self.connection = Connection::Waiting;
        let text = format!("connect attempt in {} seconds", self.connect_wait.as_secs());
        self.log(context, Level::Info, &text);
        self.timers.connect = Some(context.now + self.connect_wait);
    }

    pub(super) fn attempt(&mut self, context: &mut Context<'_>) {
        if self.connection == Connection::Waiting {
            self.connection = Connection::Connecting;
            self.log(context, Level::Info, "connect start");
            context.actions.push(Action::Connect(self.uuid.clone()));
        }
    }

    /// The shell has a connection.
    pub(super) fn on_connected(&mut self, context: &mut Context<'_>) {
        if self.connection != Connection::Connecting {
            // Meanwhile something else was decided.
            return;
        }
        self.log(context, Level::Info, "connect accepted");
        self.connection = Connection::Up;
        self.framer.reset();
        self.failed = false;
        self.heart = Heart::Uninitialised;
        self.challenges.clear();
        self.misses = 0;
        self.connect_wait = CONNECT_FIRST;
        self.timers.monitor = Some(context.now + self.wishes.interval);
        self.timers.reconnect = Some(context.now + HEARTBEAT_START);
        self.log(context, Level::Info, "connect done");
    }

    /// The shell could not connect.
    pub(super) fn on_connect_failed(&mut self, context: &mut Context<'_>, why: &str) {
        if self.connection != Connection::Connecting {
            return;
        }
        self.log(context, Level::Warn, why);
        self.connect_wait = (self.connect_wait * 2).min(CONNECT_LONGEST);
        self.plan_connect(context);
    }

    /// The connection broke.
    pub(super) fn on_closed(&mut self, context: &mut Context<'_>) {
        if self.connection == Connection::Up {
            self.log(context, Level::Warn, "connection reset ... closing");
            self.reconnect(context);
        }
    }

    /// Closes the connection and plans a new one.
    pub(super) fn reconnect(&mut self, context: &mut Context<'_>) {
        let up = if self.connection == Connection::Up { " CONNECTED" } else { "" };
        self.log(context, Level::Info, &format!("reconnecting ... {up}"));
        context.actions.push(Action::Close(self.uuid.clone()));
        self.connect_wait = CONNECT_FIRST;
        self.framer.reset();
        self.set_heartbeating(context, false);
        self.heart = Heart::Uninitialised;
        self.challenges.clear();
        self.timers.monitor = None;
        self.plan_connect(context);
    }

    /// A connection on which no heartbeat began is made anew.
    pub(super) fn check_heartbeat_began(&mut self, context: &mut Context<'_>) {
        self.timers.reconnect = Some(context.now + HEARTBEAT_START);
        if !self.heartbeating && self.connection == Connection::Up {
            self.log(context, Level::Warn, "issuing auto-reconnect ; no heartbeating");
            self.reconnect(context);
        }
    }
}
