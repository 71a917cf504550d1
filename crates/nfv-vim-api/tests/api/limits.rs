//! Concurrency, limits, and a VIM that is silent, gone or talks rubbish.

use crate::client::{ask, exchange, request};
use crate::lab::{Lab, Reaction, message};
use nfv_vim_rpc::frame;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const COMPUTES: &str = "/api/virtualised-resources/computes";
const UUID: &str = "523cbd2d-f7f8-4707-8617-d085386f8711";
const ABORT: &str = "The server has either erred or is incapable of performing the requested operation.";

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_vim_ends_in_a_reason_and_stops_nobody_else() {
    let lab = Lab::start().await;
    lab.vim.react(|_| Reaction::Silence);
    let address = lab.address;
    let path = format!("{COMPUTES}/{UUID}");
    let slow: Vec<_> = (0..20)
        .map(|_| {
            let path = path.clone();
            tokio::spawn(async move { ask(address, "GET", &path, None).await })
        })
        .collect();
    let begun = Instant::now();
    for _ in 0..50 {
        assert_eq!(ask(address, "GET", "/api", None).await.status, 200);
    }
    let quick = begun.elapsed();
    for one in slow {
        let answer = one.await.unwrap();
        assert_eq!(answer.status, 500);
        assert_eq!(answer.json()["faultstring"], ABORT);
        assert_eq!(answer.json()["reason"], "the VIM has not answered within 5 s");
    }
    // the original would have served them one after the other, 100 s
    assert!(begun.elapsed() < Duration::from_secs(60) && quick < begun.elapsed());
    let begun = Instant::now();
    let all = ask(address, "GET", COMPUTES, None).await;
    assert_eq!(all.status, 500, "a list that breaks off is not a shorter list");
    assert!(begun.elapsed() >= Duration::from_secs(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn rubbish_of_the_vim_is_told_and_does_no_harm() {
    let lab = Lab::start().await;
    let good = message("get-instance-response", "success", json!({"uuid": UUID}));
    let whole = frame(good.to_string().as_bytes()).unwrap();
    for bytes in [
        b"\xff\xff\xff\xff".to_vec(),
        frame(b"no json").unwrap(),
        frame(b"[1]").unwrap(),
        frame(b"{}").unwrap(),
        whole[..whole.len() - 3].to_vec(),
        b"\x01".to_vec(),
        frame(br#"{"version": "1.0", "type": "get-instance-response", "vcpus": {}}"#).unwrap(),
    ] {
        lab.vim.play([Reaction::Bytes(bytes.clone())]);
        let answer = ask(lab.address, "GET", &format!("{COMPUTES}/{UUID}"), None).await;
        assert_eq!((answer.status, answer.json()["faultstring"].as_str()), (500, Some(ABORT)), "{bytes:?}");
        assert!(answer.json()["reason"].as_str().is_some_and(|reason| reason.contains("VIM")));
    }
    // an answer in many pieces and of some megabytes is one
    let big = message("get-instance-response", "success", json!({"uuid": UUID, "name": "x".repeat(3 << 20)}));
    lab.vim.play([Reaction::Answers(vec![big])]);
    assert_eq!(ask(lab.address, "GET", &format!("{COMPUTES}/{UUID}"), None).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vim_that_is_not_there_is_told_in_the_originals_words() {
    let lab = Lab::with("", "[::1]:0").await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let directory = tempfile::tempdir().unwrap();
    crate::lab::configure(directory.path(), "127.0.0.1:0", closed, lab.keystone_address, "");
    // this one has its VIM, and is reached by IPv6
    assert_eq!(ask(lab.address, "GET", "/api", None).await.status, 200);
    let process = crate::process::Process::start(closed, lab.keystone_address, "").await;
    let answer = ask(process.address, "GET", COMPUTES, None).await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.json()["faultstring"], "[Errno 111] Connection refused");
    assert_eq!(answer.json()["faultcode"], "Server");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_have_limits_of_size_and_time() {
    let lab = Lab::with("max_request_body=1000\nclient_timeout_in_secs=1\n", "127.0.0.1:0").await;
    let strategy = "/api/orchestration/sw-patch/strategy";
    let long = format!("{{\"action\": \"{}\"}}", "x".repeat(2000));
    let answer = ask(lab.address, "POST", strategy, Some(&long)).await;
    assert_eq!(answer.status, 413);
    assert_eq!(answer.json()["faultstring"], "The request's body is longer than 1000 bytes.");
    // announced and never sent
    let head = format!(
        "POST {strategy} HTTP/1.1\r\nHost: h\r\nX-Auth-Token: good\r\nContent-Type: application/json\r\n\
         Connection: close\r\nContent-Length: 20\r\n\r\n{{"
    );
    let mut stream = TcpStream::connect(lab.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    // a head that never ends
    let mut stream = TcpStream::connect(lab.address).await.unwrap();
    stream.write_all(b"GET /api HTTP/1.1\r\nHost:").await.unwrap();
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut answer)).await;
    assert!(ended.is_ok());
    // bodies in chunks are read
    let chunked = format!(
        "POST {strategy}/actions HTTP/1.1\r\nHost: h\r\nX-Auth-Token: good\r\nContent-Type: application/json\r\n\
         Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"
    );
    let answer = exchange(lab.address, chunked.as_bytes()).await.unwrap();
    assert_eq!(
        answer.json()["faultstring"],
        "Invalid input for field/attribute action. Value: 'None'. Mandatory field missing."
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_begun_is_finished_when_the_client_goes_away() {
    let lab = Lab::start().await;
    let network = json!({"name": "net", "network_type": "flat", "is_shared": false});
    lab.vim.react(move |request| {
        if request["type"] == "create-network-request" {
            std::thread::sleep(Duration::from_millis(300));
            return Reaction::Answers(vec![message("create-network-response", "success", network.clone())]);
        }
        CREATED.store(true, std::sync::atomic::Ordering::Relaxed);
        Reaction::Answers(vec![message("create-subnet-response", "success", json!({}))])
    });
    static CREATED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);
    let body = json!({
        "network_resource_id": "net", "network_resource_type": "network",
        "type_network_data": {"wrs_physical_network": "p", "layer3_attributes": [
            {"ip_version": "4", "wrs_subnet_ip": "1.2.3.0", "wrs_subnet_prefix": 24}]},
    })
    .to_string();
    let headers = [("X-Auth-Token", "good"), ("Content-Type", "application/json")];
    let headers: Vec<_> = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let bytes = request("POST", "/api/virtualised-resources/networks", &headers, Some(body.as_bytes()));
    let mut stream = TcpStream::connect(lab.address).await.unwrap();
    stream.write_all(&bytes).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(stream);
    for _ in 0..600 {
        if CREATED.load(std::sync::atomic::Ordering::Relaxed) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the subnet was not created");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_vims_reason_for_a_refusal_reaches_the_client() {
    let lab = Lab::start().await;
    let strategy = "/api/orchestration/sw-patch/strategy";
    let reason = "strategy is being applied, can't delete";
    let refusal = message(
        "delete-sw-update-strategy-response",
        "failed",
        json!({"strategy": null, "error_string": reason}),
    );
    lab.vim.play([Reaction::Answers(vec![refusal])]);
    let answer = ask(lab.address, "DELETE", strategy, Some("{}")).await;
    assert_eq!(
        (answer.status, answer.json()),
        (
            409,
            json!({
                "debuginfo": null, "faultcode": "Client", "reason": reason,
                "faultstring": "There was a conflict when trying to complete your request.",
            })
        )
    );
    let refusal = message("apply-sw-update-strategy-response", "failed", json!({"error_string": "no"}));
    lab.vim.play([Reaction::Answers(vec![refusal])]);
    let answer =
        ask(lab.address, "POST", &format!("{strategy}/actions"), Some("{\"action\": \"apply-all\"}")).await;
    assert_eq!((answer.status, answer.json()["reason"].as_str()), (500, Some("no")));
}
