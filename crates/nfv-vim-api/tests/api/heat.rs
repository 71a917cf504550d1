//! Heat. Contract: vim-api 1.5.

use crate::client::{exchange, request};
use crate::lab::Lab;

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_passed_on_as_they_are_with_the_vims_token() {
    let lab = Lab::start().await;
    let rows = [
        ("GET", "/api/openstack/heat/stacks?limit=1&x=%2F", "/heat/v1/p/stacks?limit=1&x=%2F", 200),
        ("POST", "/api/openstack/heat/stacks", "/heat/v1/p/stacks", 200),
        ("PUT", "/api/openstack/heat/stacks/a", "/heat/v1/p/stacks/a", 200),
        ("DELETE", "/api/openstack/heat/stacks/a", "/heat/v1/p/stacks/a", 200),
        ("PATCH", "/api/openstack/heat/stacks/a", "/heat/v1/p/stacks/a", 200),
        ("GET", "/api/openstack/heat", "/heat/", 200),
        ("GET", "/api/openstack/heat/", "/heat/", 200),
        ("GET", "/api/openstack/heat/missing", "/heat/v1/p/missing", 404),
        ("OPTIONS", "/api/openstack/heat/x.json", "/heat/v1/p/x.json", 200),
    ];
    for (method, path, target, status) in rows {
        lab.keystone.heat.lock().unwrap().clear();
        let headers = [("X-Auth-Token", "good"), ("X-Own", "1"), ("Accept", "text/html"), ("Te", "trailers")];
        let headers: Vec<_> =
            headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
        let body = (method == "POST").then_some(&b"{\"a\": 1}"[..]);
        let answer = exchange(lab.address, &request(method, path, &headers, body)).await.unwrap();
        assert_eq!(answer.status, status, "{path}");
        let sent = lab.keystone.heat.lock().unwrap().join("");
        let (head, sent_body) = sent.split_once("\r\n\r\n").unwrap();
        let mut lines = head.split("\r\n");
        assert_eq!(lines.next(), Some(format!("{method} {target} HTTP/1.1").as_str()));
        let lines: Vec<String> = lines.map(str::to_ascii_lowercase).collect();
        for line in ["x-auth-token: own", "accept: application/json", "x-own: 1"] {
            assert!(lines.contains(&line.to_owned()), "{line}: {lines:?}");
        }
        assert!(!lines.iter().any(|line| line.starts_with("te:") || line.contains("good")), "{lines:?}");
        assert_eq!(sent_body.as_bytes(), body.unwrap_or_default());
        if method != "DELETE" {
            assert_eq!(answer.header("content-type"), Some("application/json"));
        }
        assert_eq!(answer.header("keep-alive"), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_followed_and_an_absent_heat_is_told() {
    let lab = Lab::start().await;
    let headers = [("X-Auth-Token".to_owned(), "good".to_owned())];
    let get = |path: &str| request("GET", path, &headers, None);
    let answer = exchange(lab.address, &get("/api/openstack/heat/redirect")).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "{\"stacks\": []}"));
    assert!(lab.keystone.heat.lock().unwrap()[1].starts_with("GET /heat/v1/p/target "));
    // the token is remembered, but the VIM gets none for Heat
    lab.keystone.broken.store(1, std::sync::atomic::Ordering::Relaxed);
    let answer = exchange(lab.address, &get("/api/openstack/heat/x")).await.unwrap();
    assert_eq!(answer.status, 500);
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    assert_eq!(answer.body, "A server error occurred.  Please contact the administrator.");
}
