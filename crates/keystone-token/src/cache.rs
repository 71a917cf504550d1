//! Tokens that were validated, within a bound of memory. Tokens themselves are not kept, only their hashes.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::Weigh;

/// What stands for a token.
pub type Key = [u8; 32];

/// Bytes of an entry beside the identity: its places in the map and the order.
const OVERHEAD: usize = 160;
/// How long a token is remembered as not valid.
const INVALID_TIME: Duration = Duration::from_secs(10);

/// The key of a token; expired ones count as another question when they are allowed.
pub fn key(token: &[u8], allow_expired: bool) -> Key {
    let mut hash = Sha256::new();
    hash.update([u8::from(allow_expired)]);
    hash.update(token);
    hash.finalize().into()
}

#[derive(Debug)]
struct Entry<V> {
    /// None for a token that is not valid.
    identity: Option<Arc<V>>,
    until: Instant,
    size: usize,
    serial: u64,
}

/// The cache. When it is full, the oldest entries go.
#[derive(Debug)]
pub struct Cache<V> {
    entries: HashMap<Key, Entry<V>>,
    /// Entries in the order in which they came; those whose serial is another are gone.
    order: VecDeque<(Key, u64)>,
    bytes: usize,
    limit: usize,
    time: Option<Duration>,
    serial: u64,
}

impl<V: Weigh> Cache<V> {
    /// A cache of `limit` bytes whose entries hold for `time`; none: nothing is kept.
    pub fn new(limit: usize, time: Option<Duration>) -> Self {
        Self { entries: HashMap::new(), order: VecDeque::new(), bytes: 0, limit, time, serial: 0 }
    }

    /// What is known: nothing, that it is not valid (`Some(None)`), or whose it is.
    pub fn get(&mut self, key: &Key, now: Instant) -> Option<Option<Arc<V>>> {
        let entry = self.entries.get(key)?;
        if entry.until <= now {
            self.remove(key);
            return None;
        }
        Some(entry.identity.clone())
    }

    /// How many tokens are remembered.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// No token is remembered.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Keeps an answer of Keystone. `lives` is how long the token itself lives yet.
    pub fn put(&mut self, key: Key, identity: Option<Arc<V>>, lives: Duration, now: Instant) {
        let Some(time) = self.time else { return };
        let time = if identity.is_some() { time.min(lives) } else { time.min(INVALID_TIME) };
        let size = OVERHEAD + identity.as_ref().map_or(0, |identity| identity.size());
        if time.is_zero() || size > self.limit {
            return;
        }
        self.remove(&key);
        self.serial += 1;
        self.bytes += size;
        self.entries.insert(key, Entry { identity, until: now + time, size, serial: self.serial });
        self.order.push_back((key, self.serial));
        while self.bytes > self.limit || self.order.len() > 2 * self.entries.len() + 64 {
            let Some((oldest, serial)) = self.order.pop_front() else { break };
            if self.entries.get(&oldest).is_some_and(|entry| entry.serial == serial) {
                if self.bytes > self.limit {
                    self.remove(&oldest);
                } else {
                    self.order.push_back((oldest, serial));
                }
            }
        }
    }

    fn remove(&mut self, key: &Key) {
        if let Some(entry) = self.entries.remove(key) {
            self.bytes -= entry.size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Identity;

    impl Weigh for Identity {
        fn size(&self) -> usize {
            100
        }
    }

    fn identity() -> Arc<Identity> {
        Arc::new(Identity)
    }

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn entries_hold_for_their_time() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut cache = Cache::new(1 << 20, Some(Duration::from_secs(300)));
        let (valid, short, invalid) = (key(b"valid", false), key(b"short", false), key(b"invalid", false));
        cache.put(valid, Some(identity()), HOUR, start);
        cache.put(short, Some(identity()), Duration::from_secs(60), start);
        cache.put(invalid, None, Duration::ZERO, start);
        for (key, seconds, known) in [
            (valid, 299, true),
            (valid, 300, false),
            (short, 59, true),
            (short, 60, false),
            (invalid, 9, true),
            (invalid, 10, false),
        ] {
            assert_eq!(cache.get(&key, after(seconds)).is_some(), known, "{seconds}");
        }
        assert_eq!((cache.bytes, cache.entries.len()), (0, 0));
        assert!(cache.get(&key(b"valid", true), start).is_none());
    }

    #[test]
    fn the_oldest_go_when_it_is_full() {
        let now = Instant::now();
        let size = identity().size() + OVERHEAD;
        let mut cache = Cache::new(3 * size, Some(HOUR));
        let keys: Vec<Key> = (0u8..5).map(|n| key(&[n], false)).collect();
        for key in &keys {
            cache.put(*key, Some(identity()), HOUR, now);
        }
        let known: Vec<bool> = keys.iter().map(|key| cache.get(key, now).is_some()).collect();
        assert_eq!(known, [false, false, true, true, true]);
        assert_eq!(cache.bytes, 3 * size);
    }

    #[test]
    fn many_answers_for_one_token_take_the_room_of_one() {
        let now = Instant::now();
        let mut cache = Cache::new(1 << 20, Some(HOUR));
        for _ in 0..10_000 {
            cache.put(key(b"t", false), Some(identity()), HOUR, now);
        }
        assert!(cache.order.len() < 100 && cache.bytes == identity().size() + OVERHEAD);
    }

    #[test]
    fn a_negative_cache_time_keeps_nothing() {
        let mut cache = Cache::new(1 << 20, None);
        cache.put(key(b"t", false), Some(identity()), HOUR, Instant::now());
        assert!(cache.get(&key(b"t", false), Instant::now()).is_none());
    }
}
