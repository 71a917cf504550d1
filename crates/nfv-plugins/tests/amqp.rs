//! Nova's notifications through a real broker: `NFV_AMQP_PORT=5672 cargo test -p nfv-plugins --test amqp`, with
//! user and password `guest` on 127.0.0.1. Without the variable the test says that it was left out.
//! Contract: southbound 11.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy does not know for tests

mod cloud;

use cloud::Cloud;
use lapin::options::{
    BasicPublishOptions, ExchangeDeclareOptions, ExchangeDeleteOptions, QueueDeleteOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, ExchangeKind};
use nfv_nfvi::Notification;
use nfv_plugins::{Inbound, Plugins};
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::Receiver;
use tokio::task::AbortHandle;

const QUEUE: &str = "nfvi_nova_listener_queue";

async fn start(port: u16) -> (Plugins, Receiver<Inbound>) {
    let cloud = Cloud::start().await;
    let mut config = cloud.config("");
    config.amqp.port = port;
    cloud::start(&config).await
}

/// A way to the broker that can be cut.
async fn proxy(broker: u16) -> (u16, Arc<Mutex<Vec<AbortHandle>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections: Arc<Mutex<Vec<AbortHandle>>> = Arc::default();
    let all = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut from, _)) = listener.accept().await {
            let pair = tokio::spawn(async move {
                let mut to = TcpStream::connect(("127.0.0.1", broker)).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
            });
            all.lock().unwrap().push(pair.abort_handle());
        }
    });
    (port, connections)
}

async fn publish(channel: &Channel, body: &str) {
    let options = BasicPublishOptions::default();
    let properties = BasicProperties::default();
    let sent = channel.basic_publish(
        "nova".into(),
        "notifications.info".into(),
        options,
        body.as_bytes(),
        properties,
    );
    sent.await.unwrap().await.unwrap();
}

fn deletion(uuid: &str) -> String {
    let inner = json!({"event_type": "compute.instance.delete.start", "payload": {"instance_id": uuid}});
    json!({"oslo.version": "2.0", "oslo.message": inner.to_string()}).to_string()
}

async fn next(inbound: &mut Receiver<Inbound>) -> Notification {
    let message = tokio::time::timeout(Duration::from_secs(10), inbound.recv()).await;
    message.expect("a notification in time").unwrap().notification
}

#[tokio::test]
async fn notifications_arrive_and_outlive_an_absence_of_the_vim() {
    let Some(port) = std::env::var("NFV_AMQP_PORT").ok().and_then(|port| port.parse().ok()) else {
        println!("left out: NFV_AMQP_PORT names no broker");
        return;
    };
    let address = format!("amqp://guest:guest@127.0.0.1:{port}/%2f");
    let connection = Connection::connect(&address, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    channel.queue_delete(QUEUE.into(), QueueDeleteOptions::default()).await.unwrap();
    channel.exchange_delete("nova".into(), ExchangeDeleteOptions::default()).await.unwrap();

    // nova has not been there yet: the plugins start all the same, and find the exchange when it comes
    let (plugins, mut inbound) = start(port).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (options, none) = (ExchangeDeclareOptions::default(), FieldTable::default());
    channel.exchange_declare("nova".into(), ExchangeKind::Topic, options, none).await.unwrap();
    let mut uuid = 0;
    let first = loop {
        publish(&channel, &deletion(&uuid.to_string())).await;
        match tokio::time::timeout(Duration::from_millis(500), inbound.recv()).await {
            Ok(message) => break message.unwrap().notification,
            Err(_) => uuid += 1,
        }
        assert!(uuid < 40, "the exchange is not found");
    };
    assert!(matches!(first, Notification::InstanceDelete { .. }), "{first:?}");

    // what is not understood is passed over, not repeated
    publish(&channel, "{").await;
    publish(&channel, &deletion("after")).await;
    assert_eq!(next(&mut inbound).await, Notification::InstanceDelete { uuid: "after".into() });

    plugins.stop().await;
    drop(plugins);
    tokio::time::sleep(Duration::from_millis(500)).await;
    publish(&channel, &deletion("away")).await;
    let (through, connections) = proxy(port).await;
    let (plugins, mut inbound) = start(through).await;
    assert_eq!(next(&mut inbound).await, Notification::InstanceDelete { uuid: "away".into() });

    // a connection that breaks is made again; the broker may tell once more what was not acknowledged
    for connection in connections.lock().unwrap().drain(..) {
        connection.abort();
    }
    publish(&channel, &deletion("again")).await;
    let again = Notification::InstanceDelete { uuid: "again".into() };
    while next(&mut inbound).await != again {}
    assert_eq!(connections.lock().unwrap().len(), 1);
    plugins.stop().await;
}
