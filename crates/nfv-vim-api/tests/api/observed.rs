//! Health, metrics, request ids.

use crate::client::{ask, exchange, request};
use crate::lab::{Lab, Reaction, message};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn health_tells_each_part_without_a_token() {
    let lab = Lab::start().await;
    let get = request("GET", "/healthz", &[], None);
    let answer = exchange(lab.address, &get).await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.json(),
        json!({"status": "ok", "parts": {
            "keystone": {"status": "idle"}, "server": {"status": "ok"}, "vim": {"status": "ok"}}})
    );
    lab.keystone.broken.store(1, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(ask(lab.address, "GET", "/api", None).await.status, 500);
    tokio::time::sleep(std::time::Duration::from_millis(2100)).await;
    let answer = exchange(lab.address, &get).await.unwrap();
    assert_eq!(
        (answer.status, answer.json()["parts"]["keystone"]["status"].as_str()),
        (503, Some("failing"))
    );
    assert!(!answer.body.contains("sesame"));
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_requests_with_few_labels() {
    let lab = Lab::start().await;
    lab.vim.react(|_| Reaction::Answers(vec![message("get-instance-response", "not-found", json!({}))]));
    for n in 0..50 {
        let uuid = format!("523cbd2d-f7f8-4707-8617-d0853860{n:04}");
        let path = format!("/api/virtualised-resources/computes/{uuid}");
        let answer = ask(lab.address, "GET", &path, None).await;
        assert_eq!(answer.status, 404);
        let id = answer.header("x-openstack-request-id").unwrap();
        assert!(id.starts_with("req-") && id.len() == 40);
        ask(lab.address, &format!("M{n}"), &format!("/path-{n}"), None).await;
    }
    let text = ask(lab.address, "GET", "/metrics", None).await.body;
    let counted = "nfv_vim_api_requests_total{method=\"GET\",resource=\"computes\",status=\"4xx\"} 50";
    assert!(text.contains(counted), "{text}");
    assert!(
        text.contains("nfv_vim_api_vim_requests_total{type=\"get-instance-request\",result=\"answered\"} 50")
    );
    assert!(text.contains("nfv_vim_api_requests_in_flight 1\n") && text.ends_with("# EOF\n"));
    assert!(!text.contains("523cbd2d") && !text.contains("path-1") && !text.contains("M1"), "{text}");
    assert!(text.lines().count() < 150, "{}", text.lines().count());
}
