//! Users' actions that wait for their answer on 30003. Contract: southbound 9.4, 9.6.
//!
//! Each waiting request has its own deadline; one request too many pushes the oldest out. Both end the waiting
//! only: the action goes on.

use crate::openstack::rest::Response;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use uuid::Uuid;

/// What a user gets in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LateAnswer {
    /// Nova's own answer.
    Nova { status: u16, headers: Vec<(String, String)>, body: Vec<u8> },
    /// 409 with these details.
    Rejected { message: String },
    /// 404.
    NotFound { instance: String },
    /// 500: Nova was not asked or did not answer.
    Failed,
    /// 202: it takes longer than the user is made to wait.
    StillGoingOn,
    /// 503: too many wait.
    TooMany,
}

impl LateAnswer {
    pub(crate) fn nova(response: &Response) -> Self {
        let (headers, body) = (response.headers.clone(), response.body.clone());
        LateAnswer::Nova { status: response.status, headers, body }
    }
}

/// All that wait, the oldest first.
#[derive(Debug)]
pub(crate) struct WaitingActions {
    longest: Duration,
    most: usize,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    arrivals: u64,
    waiting: BTreeMap<u64, (String, oneshot::Sender<LateAnswer>)>,
}

impl WaitingActions {
    pub(crate) fn new(most: usize, longest: Duration) -> Arc<Self> {
        Arc::new(Self { longest, most, table: Mutex::default() })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // nothing panics while it is held, and what is in it stays true even then
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place in the table.
    pub(crate) fn enter(self: &Arc<Self>) -> Place {
        let request = Uuid::new_v4().to_string();
        let (sender, answer) = oneshot::channel();
        let mut table = self.table();
        let arrival = table.arrivals;
        table.arrivals += 1;
        table.waiting.insert(arrival, (request.clone(), sender));
        let pushed_out = (table.waiting.len() > self.most).then(|| table.waiting.pop_first()).flatten();
        drop(table);
        if let Some((_, (request, oldest))) = pushed_out {
            tracing::info!("More than {} actions wait, request {request} is answered 503.", self.most);
            let _ = oldest.send(LateAnswer::TooMany);
        }
        Place { waiting: Arc::clone(self), arrival, request, answer }
    }

    /// Answers a waiting request; one that has gone is none.
    pub(crate) fn answer(&self, request: &str, answer: LateAnswer) {
        let mut table = self.table();
        let arrival = table.waiting.iter().find(|(_, (id, _))| id == request).map(|(arrival, _)| *arrival);
        let entry = arrival.and_then(|arrival| table.waiting.remove(&arrival));
        drop(table);
        if let Some((_, sender)) = entry {
            let _ = sender.send(answer);
        }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.table().waiting.len()
    }
}

/// A place in the table; it is given up when dropped, for instance when the client goes away.
#[derive(Debug)]
pub(crate) struct Place {
    waiting: Arc<WaitingActions>,
    arrival: u64,
    /// Names the request for [`WaitingActions::answer`].
    pub request: String,
    answer: oneshot::Receiver<LateAnswer>,
}

impl Place {
    /// Waits for the answer, no longer than is allowed.
    pub(crate) async fn wait(mut self) -> LateAnswer {
        match tokio::time::timeout(self.waiting.longest, &mut self.answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => LateAnswer::StillGoingOn,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.waiting.table().waiting.remove(&self.arrival);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn an_answer_reaches_the_one_who_asked_and_leaves_nothing_behind() {
        let waiting = WaitingActions::new(10, LONG);
        let (first, second) = (waiting.enter(), waiting.enter());
        let (a, b) = (first.request.clone(), second.request.clone());
        waiting.answer(&b, LateAnswer::Failed);
        waiting.answer(&a, LateAnswer::Rejected { message: "no".into() });
        waiting.answer(&a, LateAnswer::Failed);
        assert_eq!(second.wait().await, LateAnswer::Failed);
        assert_eq!(first.wait().await, LateAnswer::Rejected { message: "no".into() });
        waiting.answer("nobody", LateAnswer::Failed);
        assert_eq!(waiting.len(), 0);
    }

    #[tokio::test]
    async fn each_request_has_its_own_deadline() {
        let waiting = WaitingActions::new(10, Duration::from_millis(20));
        let places: Vec<_> = (0..5).map(|_| waiting.enter()).collect();
        for place in places {
            assert_eq!(place.wait().await, LateAnswer::StillGoingOn);
        }
        assert_eq!(waiting.len(), 0);
    }

    #[tokio::test]
    async fn one_too_many_pushes_the_oldest_out() {
        let waiting = WaitingActions::new(2, LONG);
        let first = waiting.enter();
        let second = waiting.enter();
        let third = waiting.enter();
        assert_eq!(first.wait().await, LateAnswer::TooMany);
        assert_eq!(waiting.len(), 2);
        drop(second);
        drop(third);
        assert_eq!(waiting.len(), 0);
    }
}
