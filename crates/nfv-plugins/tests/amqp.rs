//! Nova's notifications through a real broker: `NFV_AMQP_PORT=5672 cargo test -p nfv-plugins --test amqp`, with
//! user and password `guest` on 127.0.0.1; with `NFV_AMQP_CONTROL`, a program that takes `kill` and `start`, the
//! broker is also killed under load. `tests/real/rabbitmq.sh` does all this. Without the variables the tests say
//! that they were left out. Contract: southbound 11.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy does not know for tests

mod cloud;

use cloud::Cloud;
use lapin::options::{
    BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions, ExchangeDeleteOptions,
    QueueDeleteOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, ExchangeKind};
use nfv_nfvi::Notification;
use nfv_plugins::{Inbound, Plugins};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
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
                let Ok(mut to) = TcpStream::connect(("127.0.0.1", broker)).await else { return };
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

/// Nova's part: makes the exchange and tells of one instance after the other, each told until the broker has
/// accepted it and put it into a queue. Gives the numbers of those.
async fn tell(port: u16, stop: Arc<AtomicBool>) -> BTreeSet<u64> {
    let mut accepted = BTreeSet::new();
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        let limit = Duration::from_secs(10);
        let _ =
            tokio::time::timeout(limit, tell_through_one_connection(port, &stop, &mut number, &mut accepted))
                .await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    accepted
}

/// Messages under way at once.
const BATCH: usize = 10;

async fn tell_through_one_connection(
    port: u16,
    stop: &AtomicBool,
    number: &mut u64,
    accepted: &mut BTreeSet<u64>,
) -> lapin::Result<()> {
    let address = format!("amqp://guest:guest@127.0.0.1:{port}/%2f");
    let connection = Connection::connect(&address, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    let (options, none) = (ExchangeDeclareOptions::default(), FieldTable::default());
    channel.exchange_declare("nova".into(), ExchangeKind::Topic, options, none).await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    while !stop.load(Ordering::Relaxed) {
        let mut under_way = Vec::new();
        for _ in 0..BATCH {
            *number += 1;
            let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
            let persistent = BasicProperties::default().with_delivery_mode(2);
            let body = deletion(&number.to_string());
            let key = "notifications.info".into();
            let sent = channel.basic_publish("nova".into(), key, options, body.as_bytes(), persistent);
            under_way.push((*number, sent.await?));
        }
        let mut homeless = false;
        for (number, sent) in under_way {
            let confirmation = sent.await?;
            // a message that found no queue comes back with its confirmation
            if confirmation.is_ack() && confirmation.take_message().is_none() {
                accepted.insert(number);
            } else {
                homeless = true;
            }
        }
        // slower than the VIM takes them, so that there is no end to wait for
        tokio::time::sleep(Duration::from_millis(if homeless { 100 } else { 50 })).await;
    }
    Ok(())
}

fn control(program: &str, what: &str) {
    assert!(std::process::Command::new(program).arg(what).status().unwrap().success(), "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_killed_under_load_loses_nothing_that_it_accepted() {
    let port = std::env::var("NFV_AMQP_PORT").ok().and_then(|port| port.parse().ok());
    let (Some(port), Ok(program)) = (port, std::env::var("NFV_AMQP_CONTROL")) else {
        println!("left out: NFV_AMQP_PORT and NFV_AMQP_CONTROL name no broker that can be killed");
        return;
    };
    let (through, connections) = proxy(port).await;
    let (plugins, mut inbound) = start(through).await;
    let heard: Arc<Mutex<BTreeSet<u64>>> = Arc::default();
    let told_twice = Arc::new(Mutex::new(0u64));
    let (all, again) = (Arc::clone(&heard), Arc::clone(&told_twice));
    tokio::spawn(async move {
        while let Some(message) = inbound.recv().await {
            let Notification::InstanceDelete { uuid } = message.notification else { panic!() };
            // what an earlier test left in the queue is no number
            if let Ok(number) = uuid.parse()
                && !all.lock().unwrap().insert(number)
            {
                *again.lock().unwrap() += 1;
            }
        }
    });
    let stop = Arc::new(AtomicBool::new(false));
    let nova = tokio::spawn(tell(port, Arc::clone(&stop)));
    let highest = || heard.lock().unwrap().last().copied().unwrap_or(0);
    let go_on = async |what: &str| {
        let (from, began) = (highest(), Instant::now());
        while highest() < from + 200 {
            assert!(began.elapsed() < Duration::from_secs(120), "{what}: nothing is heard any more");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    go_on("at first").await;
    for cut in 1..=10 {
        connections.lock().unwrap().drain(..).for_each(|connection| connection.abort());
        go_on(&format!("after cut {cut} of the connection")).await;
    }
    let began = Instant::now();
    let before = connections.lock().unwrap().len();
    for round in 1..=3 {
        control(&program, "kill");
        tokio::time::sleep(Duration::from_secs(3)).await;
        control(&program, "start");
        go_on(&format!("after kill {round}")).await;
    }
    let (took, tries) = (began.elapsed(), connections.lock().unwrap().len() - before);
    stop.store(true, Ordering::Relaxed);
    let accepted = nova.await.unwrap();
    let missing = || accepted.difference(&heard.lock().unwrap()).count();
    let (mut left, mut progress) = (missing(), Instant::now());
    while left > 0 && progress.elapsed() < Duration::from_secs(20) {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = missing();
        if now < left {
            (left, progress) = (now, Instant::now());
        }
    }
    let again = *told_twice.lock().unwrap();
    println!(
        "10 cuts, then 3 kills in {} s: {} accepted, {} missing, {again} told twice, {tries} connections tried",
        took.as_secs(),
        accepted.len(),
        missing(),
    );
    assert_eq!(missing(), 0);
    // at most one try in two seconds, and one more for each kill
    assert!(tries as u64 <= took.as_secs() / 2 + 3, "{tries} connections in {took:?}");
    plugins.stop().await;
}
