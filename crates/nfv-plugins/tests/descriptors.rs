//! Whatever a neighbour does, no descriptor and no memory stays behind. One test in a process of its own, so that
//! nothing else opens descriptors.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy does not know for tests

mod cloud;

use cloud::{Cloud, Doing};
use futures_util::future::join_all;
use nfv_nfvi::Call;
use nfv_nfvi::call::ComputeCall;
use nfv_plugins::Turn;
use serde_json::json;
use std::time::Duration;

const AGGREGATES: &str = "GET /nova/v2.1/p1/os-aggregates";

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[tokio::test]
async fn a_thousand_bad_answers_leave_no_descriptor_behind() {
    let cloud = Cloud::start().await;
    let (plugins, _inbound) = cloud.plugins().await;
    let ask = || plugins.perform(Call::Compute(ComputeCall::GetHostAggregates), Turn::free());
    let good = || Doing::json(200, json!({"aggregates": []}));
    cloud.on(AGGREGATES, good());
    join_all((0..20).map(|_| ask())).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = descriptors();
    for doing in [
        good(),
        Doing::json(500, "{}"),
        Doing::json(401, "{}"),
        Doing::json(200, "{"),
        Doing::Close,
        Doing::Reset,
        Doing::Cut("{".into()),
        Doing::Hang,
        Doing::Slow,
        Doing::Answer(302, vec![("Location".into(), "/nova/v2.1/p1/os-aggregates".into())], String::new()),
    ] {
        cloud.on(AGGREGATES, doing);
        for _ in 0..4 {
            join_all((0..25).map(|_| ask())).await;
        }
        // calls that are given up on the way
        let given_up = join_all((0..25).map(|_| tokio::time::timeout(Duration::from_millis(5), ask())));
        drop(given_up.await);
        cloud.take();
    }
    // a listener with silent, half-told and broken requests
    let at = plugins.addresses().infrastructure;
    for bytes in [
        "",
        "GET",
        "GET / HTTP/1.1\r\n",
        "PATCH /nfvi-plugins/v1/hosts HTTP/1.1\r\nContent-Length: 9\r\n\r\n{",
    ] {
        for _ in 0..25 {
            let mut stream = tokio::net::TcpStream::connect(at).await.unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut stream, bytes.as_bytes()).await.unwrap();
        }
    }
    let mut after = descriptors();
    for _ in 0..50 {
        if after <= before {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        after = descriptors();
    }
    assert!(after <= before, "{before} descriptors before, {after} after");
    println!("{before} descriptors before, {after} after");
}
