//! Turns: a call of several requests gives its worker back between them. Contract: southbound 13.3.
//!
//! Who goes next is decided by the core; a [`Turn`] only says "I want the next one" and waits. The runtime
//! holds the other end, [`TurnControl`].

use tokio::sync::{mpsc, oneshot};

/// Permission to make one outbound request, and the way to ask for the next.
#[derive(Debug)]
pub struct Turn {
    wanted: Option<mpsc::Sender<Grant>>,
}

/// The runtime's end of a [`Turn`].
#[derive(Debug)]
pub struct TurnControl {
    wanted: mpsc::Receiver<Grant>,
}

/// A call that waits for its next turn. Dropping it grants the turn as well, so that a call never hangs on a
/// runtime that has gone.
#[derive(Debug)]
pub struct Grant(#[allow(dead_code)] oneshot::Sender<()>);

impl Turn {
    /// A turn that never waits.
    pub fn free() -> Turn {
        Turn { wanted: None }
    }

    /// A turn with its control. The first request is allowed already.
    pub fn new() -> (Turn, TurnControl) {
        let (sender, receiver) = mpsc::channel(1);
        (Turn { wanted: Some(sender) }, TurnControl { wanted: receiver })
    }

    /// Gives the worker back and waits until it is granted again.
    pub async fn next(&mut self) {
        let Some(wanted) = &self.wanted else { return };
        let (grant, granted) = oneshot::channel();
        if wanted.send(Grant(grant)).await.is_ok() {
            let _ = granted.await;
        }
    }
}

impl TurnControl {
    /// Waits until the call wants its next turn; none when the call is over.
    pub async fn wanted(&mut self) -> Option<Grant> {
        self.wanted.recv().await
    }
}

impl Grant {
    /// Lets the call go on.
    pub fn grant(self) {
        let _ = self.0.send(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn a_turn_waits_until_it_is_granted() {
        let (mut turn, mut control) = Turn::new();
        let call = tokio::spawn(async move {
            turn.next().await;
            turn.next().await;
        });
        let grant = control.wanted().await.unwrap();
        tokio::task::yield_now().await;
        assert!(!call.is_finished());
        grant.grant();
        control.wanted().await.unwrap().grant();
        assert!(control.wanted().await.is_none());
        call.await.unwrap();
    }

    #[tokio::test]
    async fn a_runtime_that_has_gone_holds_nobody_up() {
        let (mut turn, mut control) = Turn::new();
        let call = tokio::spawn(async move {
            turn.next().await;
            turn.next().await;
        });
        drop(control.wanted().await);
        drop(control);
        tokio::time::timeout(Duration::from_secs(5), call).await.unwrap().unwrap();
        tokio::time::timeout(Duration::from_secs(5), Turn::free().next()).await.unwrap();
    }
}
