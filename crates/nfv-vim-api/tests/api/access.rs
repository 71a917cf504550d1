//! Tokens. Contract: vim-api 1.2.

use crate::client::{ask, exchange, request};
use crate::lab::{Lab, Reaction};
use std::sync::atomic::Ordering;
use std::time::Duration;

async fn status(lab: &Lab, token: Option<&str>) -> (u16, String) {
    let headers: Vec<_> =
        token.map(|token| ("X-Auth-Token".to_owned(), token.to_owned())).into_iter().collect();
    let answer = exchange(lab.address, &request("GET", "/api", &headers, None)).await.unwrap();
    (answer.status, answer.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_asked_about_once_and_all_who_wait_share_the_answer() {
    let lab = Lab::start().await;
    *lab.keystone.slow.lock().unwrap() = Duration::from_millis(300);
    let many = (0..40).map(|_| ask(lab.address, "GET", "/api", None));
    let answers = futures(many).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(lab.keystone.users.load(Ordering::Relaxed), 1);
    assert_eq!(lab.keystone.own.load(Ordering::Relaxed), 1);
    assert_eq!(status(&lab, Some("other")).await.0, 200);
    assert_eq!(lab.keystone.users.load(Ordering::Relaxed), 2);
    // who is no administrator is remembered, too
    for _ in 0..5 {
        assert_eq!(status(&lab, Some("member")).await, (403, String::new()));
    }
    assert_eq!(lab.keystone.users.load(Ordering::Relaxed), 3);
}

async fn futures<T: Send + 'static>(
    all: impl Iterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let tasks: Vec<_> = all.map(tokio::spawn).collect();
    let mut done = Vec::new();
    for task in tasks {
        done.push(task.await.unwrap());
    }
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_cache_each_request_asks() {
    let lab = Lab::with("token_cache_time=0\n", "127.0.0.1:0").await;
    for _ in 0..3 {
        assert_eq!(status(&lab, Some("good")).await.0, 200);
    }
    assert_eq!(lab.keystone.users.load(Ordering::Relaxed), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keystone_cannot_say_is_refused_and_asked_again() {
    let lab = Lab::start().await;
    lab.keystone.broken.store(1, Ordering::Relaxed);
    let text = "A server error occurred.  Please contact the administrator.".to_owned();
    assert_eq!(status(&lab, Some("good")).await, (500, text));
    // no token is no question
    assert_eq!(status(&lab, None).await, (403, String::new()));
    lab.keystone.broken.store(2, Ordering::Relaxed);
    assert_eq!(status(&lab, Some("good")).await, (403, String::new()));
    lab.keystone.broken.store(0, Ordering::Relaxed);
    assert_eq!(status(&lab, Some("good")).await.0, 200);
    for token in ["", "a b", "nobody", "expired", "\u{fc}"] {
        assert_eq!(status(&lab, Some(token)).await.0, 403, "{token}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_reaches_the_vim_without_a_token() {
    let lab = Lab::start().await;
    lab.vim.play([Reaction::Answers(Vec::new())]);
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/api/virtualised-resources/computes"),
        ("DELETE", "/api/orchestration/sw-patch/strategy"),
        ("GET", "/api/openstack/heat/stacks"),
        ("GET", "/openapi.json"),
        ("GET", "/metrics"),
        ("GET", "/zork"),
    ] {
        let answer = exchange(lab.address, &request(method, path, &[], Some(b"{}"))).await.unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (403, ""), "{path}");
        assert_eq!(answer.header("content-type"), None);
    }
    assert!(lab.vim.seen().is_empty() && lab.keystone.heat.lock().unwrap().is_empty());
}
