//! Sessions of people who were let in by Keystone. Pure: time comes in, secrets come in.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Most sessions at once; the one unused for longest makes room.
const MAX_SESSIONS: usize = 1000;

/// So many refused attempts of one address within [`PENALTY`] are looked at; then it has to wait.
const MAX_REFUSALS: u32 = 5;

/// How long refusals count.
const PENALTY: Duration = Duration::from_secs(60);

/// Most addresses whose refusals are counted.
const MAX_ADDRESSES: usize = 1000;

/// However much it is used, a session ends after this.
const LONGEST_SESSION: Duration = Duration::from_secs(12 * 3600);

/// Name of the cookie.
pub const COOKIE: &str = "nfv_session";

/// The secret of a session: 256 random bits as text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SessionKey(String);

impl SessionKey {
    /// A new one from the kernel's random source.
    ///
    /// # Errors
    /// The kernel has none.
    pub fn random() -> std::io::Result<Self> {
        let mut bytes = [0; 32];
        std::io::Read::read_exact(&mut std::fs::File::open("/dev/urandom")?, &mut bytes)?;
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// The one in the `Cookie` header, if any.
    pub fn of_cookies(header: &str) -> Option<Self> {
        let value = header.split(';').find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))?;
        Some(Self(value.to_owned()))
    }

    /// The header that gives it to a browser; scripts cannot read it and no other site's request carries it.
    pub fn set_cookie(&self, secure: bool) -> String {
        let secure = if secure { "; Secure" } else { "" };
        format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Strict{secure}", self.0)
    }

    /// The header that takes it away.
    pub fn clear_cookie() -> String {
        format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
    }
}

impl std::fmt::Debug for SessionKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("(secret)")
    }
}

#[derive(Debug)]
struct Session {
    person: String,
    began: Instant,
    used: Instant,
}

/// All sessions, and who was refused lately.
#[derive(Debug)]
pub struct Sessions {
    idle_limit: Duration,
    sessions: HashMap<SessionKey, Session>,
    refusals: HashMap<IpAddr, (u32, Instant)>,
}

impl Sessions {
    /// None yet.
    pub fn new(idle_limit: Duration) -> Self {
        Self { idle_limit, sessions: HashMap::new(), refusals: HashMap::new() }
    }

    /// Who has this key, if it is good. Using a session keeps it.
    pub fn person(&mut self, key: &SessionKey, now: Instant) -> Option<String> {
        let idle_limit = self.idle_limit;
        let session = self.sessions.get_mut(key)?;
        if is_over(session, idle_limit, now) {
            self.sessions.remove(key);
            return None;
        }
        session.used = now;
        Some(session.person.clone())
    }

    /// The same without counting as use: an open stream alone does not keep a session.
    pub fn is_good(&self, key: &SessionKey, now: Instant) -> bool {
        self.sessions.get(key).is_some_and(|session| !is_over(session, self.idle_limit, now))
    }

    /// Lets a person in.
    pub fn begin(&mut self, key: SessionKey, person: String, now: Instant) {
        let idle_limit = self.idle_limit;
        self.sessions.retain(|_, session| !is_over(session, idle_limit, now));
        if self.sessions.len() >= MAX_SESSIONS {
            let oldest = self.sessions.iter().min_by_key(|(_, session)| session.used);
            if let Some(key) = oldest.map(|(key, _)| key.clone()) {
                self.sessions.remove(&key);
            }
        }
        self.sessions.insert(key, Session { person, began: now, used: now });
    }

    /// Ends a session.
    pub fn end(&mut self, key: &SessionKey) {
        self.sessions.remove(key);
    }

    /// This address may try to log in now.
    pub fn may_try(&self, address: IpAddr, now: Instant) -> bool {
        let refused = self.refusals.get(&address);
        refused.is_none_or(|(count, last)| *count < MAX_REFUSALS || now.duration_since(*last) >= PENALTY)
    }

    /// An attempt of this address was refused.
    pub fn refused(&mut self, address: IpAddr, now: Instant) {
        self.refusals.retain(|_, (_, last)| now.duration_since(*last) < PENALTY);
        if self.refusals.len() < MAX_ADDRESSES || self.refusals.contains_key(&address) {
            let entry = self.refusals.entry(address).or_insert((0, now));
            *entry = (entry.0 + 1, now);
        }
    }
}

fn is_over(session: &Session, idle_limit: Duration, now: Instant) -> bool {
    now.duration_since(session.used) >= idle_limit || now.duration_since(session.began) >= LONGEST_SESSION
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_session_lasts_while_it_is_used_and_not_for_ever() {
        let start = Instant::now();
        let mut sessions = Sessions::new(MINUTE);
        let key = SessionKey::random().unwrap();
        assert_eq!(sessions.person(&key, start), None);
        sessions.begin(key.clone(), "admin".to_owned(), start);
        let mut now = start;
        while now.duration_since(start) < LONGEST_SESSION {
            assert!(sessions.is_good(&key, now));
            assert_eq!(sessions.person(&key, now).as_deref(), Some("admin"));
            now += Duration::from_secs(50);
        }
        assert_eq!(sessions.person(&key, now), None);
        sessions.begin(key.clone(), "admin".to_owned(), now);
        assert!(!sessions.is_good(&key, now + MINUTE));
        sessions.end(&key);
        assert!(!sessions.is_good(&key, now));
    }

    #[test]
    fn sessions_and_refusals_are_bounded() {
        let now = Instant::now();
        let mut sessions = Sessions::new(MINUTE);
        for _ in 0..MAX_SESSIONS + 10 {
            sessions.begin(SessionKey::random().unwrap(), "a".to_owned(), now);
        }
        assert_eq!(sessions.sessions.len(), MAX_SESSIONS);
        for number in 0..MAX_ADDRESSES as u32 + 10 {
            sessions.refused(IpAddr::V4(number.into()), now);
        }
        assert_eq!(sessions.refusals.len(), MAX_ADDRESSES);
    }

    #[test]
    fn guessing_is_slowed_down() {
        let now = Instant::now();
        let mut sessions = Sessions::new(MINUTE);
        let address = IpAddr::from([10, 0, 0, 1]);
        for _ in 0..MAX_REFUSALS {
            assert!(sessions.may_try(address, now));
            sessions.refused(address, now);
        }
        assert!(!sessions.may_try(address, now));
        assert!(sessions.may_try(IpAddr::from([10, 0, 0, 2]), now));
        assert!(sessions.may_try(address, now + PENALTY));
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let key = SessionKey::of_cookies("hosts=1,2; nfv_session=abc; instances=").unwrap();
        assert_eq!(key.0, "abc");
        assert_eq!(key.set_cookie(true), "nfv_session=abc; Path=/; HttpOnly; SameSite=Strict; Secure");
        for none in ["", "nfv_sessionx=abc", "x_nfv_session=abc", "hosts=nfv_session"] {
            assert_eq!(SessionKey::of_cookies(none), None, "{none}");
        }
    }
}
