//! What the parts of the process share: the picture, the feed, the alarms, and the streams that are told of changes.

use crate::alarms::AlarmBoard;
use crate::feed::{Entry, Feed};
use crate::picture::{Change, Picture};
use serde::Serialize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Instant;
use tokio::sync::broadcast;

/// A stream that is so many messages behind is told to start anew.
const BACKLOG: usize = 256;

/// Whether the database can be read.
#[derive(Clone, Debug)]
pub struct DatabaseHealth {
    /// Why not; none: it can be.
    pub error: Option<String>,
    /// When it was last looked at.
    pub looked: Instant,
    /// It was read at least once.
    pub known: bool,
}

/// When more instances than these have changed, reading everything again is less than telling of each.
const TOLD_AT_MOST: usize = 2000;

/// The shared state.
#[derive(Debug)]
pub struct Hub {
    picture: RwLock<Arc<Picture>>,
    database: Mutex<DatabaseHealth>,
    feed: Mutex<Feed>,
    /// Alarms of Fault Management.
    pub alarms: AlarmBoard,
    messages: broadcast::Sender<Arc<str>>,
    streams: AtomicUsize,
}

/// The state of the sources as pages see it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct SourceNote {
    /// Why the database cannot be read, if it cannot.
    pub database: Option<String>,
    /// The database was read at least once.
    pub known: bool,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            picture: RwLock::default(),
            database: Mutex::new(DatabaseHealth { error: None, looked: Instant::now(), known: false }),
            feed: Mutex::default(),
            alarms: AlarmBoard::default(),
            messages: broadcast::Sender::new(BACKLOG),
            streams: AtomicUsize::new(0),
        }
    }
}

impl Hub {
    /// The present picture.
    pub fn picture(&self) -> Arc<Picture> {
        Arc::clone(&self.picture.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts a new picture in place and tells of it. What changed in words goes into the feed, unless this is the
    /// first picture.
    pub fn publish(&self, picture: Picture, change: &Change, before: &Picture, time: &str) {
        *self.picture.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(picture);
        if before.revision == 0 || change.instances.len() > TOLD_AT_MOST {
            self.send("behind", &());
        } else {
            self.send("change", change);
        }
        if before.revision > 0 {
            for observed in change.observed(before) {
                self.add_entry(observed.entry(time));
            }
        }
    }

    /// Adds an entry to the feed and tells of it.
    pub fn add_entry(&self, entry: Entry) {
        let entry = self.feed().add(entry);
        self.send("entry", &entry);
    }

    /// The feed, locked.
    pub fn feed(&self) -> MutexGuard<'_, Feed> {
        self.feed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The database was read, or not; pages are told when that is new.
    pub fn database_looked_at(&self, error: Option<String>) {
        let (new, note) = {
            let mut health = self.database.lock().unwrap_or_else(PoisonError::into_inner);
            let new = health.error != error || (error.is_none() && !health.known);
            health.known |= error.is_none();
            health.error = error;
            health.looked = Instant::now();
            (new, SourceNote { database: health.error.clone(), known: health.known })
        };
        if new {
            self.send("source", &note);
        }
    }

    /// Whether the database can be read.
    pub fn database(&self) -> DatabaseHealth {
        self.database.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The state of the sources as pages see it.
    pub fn note(&self) -> SourceNote {
        let health = self.database();
        SourceNote { database: health.error, known: health.known }
    }

    /// Tells all streams.
    pub fn send<T: Serialize>(&self, event: &str, data: &T) {
        // nobody listens: nobody is told
        if self.messages.receiver_count() > 0 {
            let _ = self.messages.send(message(event, data));
        }
    }

    /// Listens from now on.
    pub fn listen(&self) -> broadcast::Receiver<Arc<str>> {
        self.messages.subscribe()
    }

    /// A place among the streams; none when there are `limit` already.
    pub fn enter(self: &Arc<Self>, limit: usize) -> Option<StreamPlace> {
        let entered = self.streams.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |streams| {
            (streams < limit).then_some(streams + 1)
        });
        entered.is_ok().then(|| StreamPlace(Arc::clone(self)))
    }

    /// Streams at the moment.
    pub fn streams(&self) -> usize {
        self.streams.load(Ordering::Relaxed)
    }
}

/// A stream's place; dropping it gives it back.
#[derive(Debug)]
pub struct StreamPlace(Arc<Hub>);

impl Drop for StreamPlace {
    fn drop(&mut self) {
        self.0.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A message in the form of an event stream. JSON has no line breaks.
pub fn message<T: Serialize>(event: &str, data: &T) -> Arc<str> {
    let data = serde_json::to_string(data).unwrap_or_else(|_| "null".to_owned());
    format!("event: {event}\ndata: {data}\n\n").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_and_given_back() {
        let hub = Arc::new(Hub::default());
        let first = hub.enter(2).unwrap();
        let second = hub.enter(2).unwrap();
        assert!(hub.enter(2).is_none());
        drop(first);
        assert!(hub.enter(2).is_some());
        drop(second);
        assert_eq!(hub.streams(), 0);
    }

    #[test]
    fn the_state_of_the_database_is_told_when_it_changes() {
        let hub = Hub::default();
        let mut heard = hub.listen();
        hub.database_looked_at(None);
        hub.database_looked_at(None);
        hub.database_looked_at(Some("away".to_owned()));
        hub.database_looked_at(Some("away".to_owned()));
        let mut told = Vec::new();
        while let Ok(message) = heard.try_recv() {
            told.push(message.to_string());
        }
        assert_eq!(
            told,
            [
                "event: source\ndata: {\"database\":null,\"known\":true}\n\n",
                "event: source\ndata: {\"database\":\"away\",\"known\":true}\n\n",
            ]
        );
    }
}
