//! Verdicts on tokens: from the cache, or by one question to Keystone for all who want to know.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};

use crate::Weigh;
use crate::cache::{Cache, Key, key};

/// Questions to Keystone at a time.
const QUESTIONS: usize = 32;
/// Longest token that is looked at, bytes.
const MAX_TOKEN: usize = 16 * 1024;

/// What Keystone said of a token.
#[derive(Debug)]
pub enum Answer<V, U> {
    /// It is this one's, and lives so long yet.
    Valid(Arc<V>, Duration),
    /// It is unknown, expired or revoked, or does not suffice.
    Invalid,
    /// Keystone cannot say, and why; it is asked again next time.
    Unavailable(U),
}

/// What is known of a token.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict<V, U> {
    /// It is this one's.
    Valid(Arc<V>),
    /// It is unknown, expired or revoked, or does not suffice.
    Invalid,
    /// Keystone cannot say, and why.
    Unavailable(U),
}

impl<V, U: Clone> Clone for Verdict<V, U> {
    fn clone(&self) -> Self {
        match self {
            Self::Valid(identity) => Self::Valid(Arc::clone(identity)),
            Self::Invalid => Self::Invalid,
            Self::Unavailable(why) => Self::Unavailable(why.clone()),
        }
    }
}

#[derive(Debug)]
struct State<V, U> {
    cache: Cache<V>,
    asking: HashMap<Key, Vec<oneshot::Sender<Verdict<V, U>>>>,
}

/// All tokens that are known or asked about.
#[derive(Debug)]
pub struct Tokens<V, U> {
    state: Mutex<State<V, U>>,
    questions: Semaphore,
    /// Where Keystone is asked.
    runtime: Handle,
}

impl<V, U> Tokens<V, U>
where
    V: Weigh + Send + Sync + 'static,
    U: Clone + Default + Send + 'static,
{
    /// Keeps what it learns in `cache`, asks on `runtime`.
    pub fn new(cache: Cache<V>, runtime: Handle) -> Arc<Self> {
        let state = Mutex::new(State { cache, asking: HashMap::new() });
        Arc::new(Self { state, questions: Semaphore::new(QUESTIONS), runtime })
    }

    /// Whose token this is. `ask` is called if nobody knows and nobody is asking; `allow_expired` makes it another
    /// question. What cannot be a token is invalid without asking.
    pub async fn verdict<A, F>(self: &Arc<Self>, token: &[u8], allow_expired: bool, ask: A) -> Verdict<V, U>
    where
        A: FnOnce(String) -> F,
        F: Future<Output = Answer<V, U>> + Send + 'static,
    {
        let Some(text) = std::str::from_utf8(token).ok().filter(|text| is_token(text)) else {
            return Verdict::Invalid;
        };
        let key = key(token, allow_expired);
        let wait = {
            let mut state = self.state();
            match state.cache.get(&key, Instant::now()) {
                Some(Some(identity)) => return Verdict::Valid(identity),
                Some(None) => return Verdict::Invalid,
                None => {}
            }
            let (tell, wait) = oneshot::channel();
            let waiting = state.asking.entry(key).or_default();
            waiting.push(tell);
            if waiting.len() == 1 {
                let (tokens, question) = (Arc::clone(self), ask(text.to_owned()));
                let mut asking = Asking { tokens, key, open: true };
                self.runtime.spawn(async move {
                    let answer = {
                        // the semaphore is never closed
                        let _place = asking.tokens.questions.acquire().await;
                        question.await
                    };
                    asking.open = false;
                    asking.tokens.learn(key, answer);
                });
            }
            wait
        };
        wait.await.unwrap_or_else(|_| Verdict::Unavailable(U::default()))
    }

    /// How many tokens are remembered.
    pub fn remembered(&self) -> usize {
        self.state().cache.len()
    }

    /// Keeps an answer, and tells all who wait.
    fn learn(&self, key: Key, answer: Answer<V, U>) {
        let mut state = self.state();
        let verdict = match answer {
            Answer::Valid(identity, lives) => {
                state.cache.put(key, Some(Arc::clone(&identity)), lives, Instant::now());
                Verdict::Valid(identity)
            }
            Answer::Invalid => {
                state.cache.put(key, None, Duration::ZERO, Instant::now());
                Verdict::Invalid
            }
            Answer::Unavailable(why) => Verdict::Unavailable(why),
        };
        for tell in state.asking.remove(&key).unwrap_or_default() {
            // whoever went away needs no answer
            let _ = tell.send(verdict.clone());
        }
    }
}

impl<V, U> Tokens<V, U> {
    fn state(&self) -> MutexGuard<'_, State<V, U>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A question under way. Should it end without an answer, nobody waits for it any longer.
struct Asking<V, U> {
    tokens: Arc<Tokens<V, U>>,
    key: Key,
    open: bool,
}

impl<V, U> Drop for Asking<V, U> {
    fn drop(&mut self) {
        if self.open {
            self.tokens.state().asking.remove(&self.key);
        }
    }
}

/// Whether this can be a token at all; it is sent as a header.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_TOKEN && text.bytes().all(|byte| (0x21..0x7f).contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Debug, PartialEq, Eq)]
    struct Who(&'static str);

    impl Weigh for Who {
        fn size(&self) -> usize {
            8
        }
    }

    fn tokens() -> Arc<Tokens<Who, u8>> {
        Tokens::new(Cache::new(1 << 20, Some(Duration::from_secs(60))), Handle::current())
    }

    #[tokio::test]
    async fn many_who_ask_at_once_make_one_question() {
        let (tokens, asked) = (tokens(), Arc::new(AtomicUsize::new(0)));
        let (open, gate) = tokio::sync::watch::channel(false);
        let waiting: Vec<_> = (0..50)
            .map(|_| {
                let (tokens, asked, mut gate) = (Arc::clone(&tokens), Arc::clone(&asked), gate.clone());
                tokio::spawn(async move {
                    let ask = |_| async move {
                        asked.fetch_add(1, Ordering::Relaxed);
                        let _ = gate.wait_for(|open| *open).await;
                        Answer::Valid(Arc::new(Who("a")), Duration::from_secs(9))
                    };
                    tokens.verdict(b"t", false, ask).await
                })
            })
            .collect();
        tokio::task::yield_now().await;
        open.send(true).unwrap();
        for one in waiting {
            assert_eq!(one.await.unwrap(), Verdict::Valid(Arc::new(Who("a"))));
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        assert_eq!(tokens.remembered(), 1);
    }

    #[tokio::test]
    async fn what_keystone_could_not_say_is_asked_again() {
        let tokens = tokens();
        let unavailable = tokens.verdict(b"t", false, |_| async { Answer::Unavailable(7) }).await;
        assert_eq!(unavailable, Verdict::Unavailable(7));
        assert_eq!(tokens.verdict(b"t", false, |_| async { Answer::Invalid }).await, Verdict::Invalid);
        // that it is invalid is remembered for a moment
        let later = tokens
            .verdict(b"t", false, |_| async { Answer::Valid(Arc::new(Who("a")), Duration::from_secs(9)) })
            .await;
        assert_eq!(later, Verdict::Invalid);
    }

    #[tokio::test]
    async fn a_question_that_breaks_off_leaves_nobody_waiting() {
        let tokens = tokens();
        let broken = tokens.verdict(b"t", false, |_| async { panic!("on purpose") }).await;
        assert_eq!(broken, Verdict::Unavailable(0));
        assert_eq!(tokens.verdict(b"t", false, |_| async { Answer::Invalid }).await, Verdict::Invalid);
    }

    #[tokio::test]
    async fn what_cannot_be_a_token_is_not_asked_about() {
        let tokens = tokens();
        let long = vec![b'a'; MAX_TOKEN + 1];
        for token in [&b""[..], b"a b", b"a\nb", &[0xff], &long] {
            let verdict = tokens.verdict(token, false, |_| async { Answer::Unavailable(1) }).await;
            assert_eq!(verdict, Verdict::Invalid);
        }
    }
}
