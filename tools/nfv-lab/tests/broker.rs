//! Nova's notifications through a real broker: needs `NFV_LAB_AMQP_URL` (`amqp://guest:guest@host:port/%2f`), and is
//! skipped with a notice without it.

use std::time::Duration;

use lapin::options::{BasicGetOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties, ExchangeKind};
use nfv_lab::config::{Amqp, ClusterFile};
use nfv_lab::lab::{Lab, Options};
use serde_json::Value;

const CLUSTER: &str = r#"
    lab = { port_base = 0, speed = 20.0 }
    [[host]]
    name = "worker-{n}"
    count = 2
    personality = "worker"
    [[flavor]]
    name = "small"
    vcpus = 1
    ram_mb = 512
    [[image]]
    name = "tiny"
    [[vm]]
    name = "vm-0"
    flavor = "small"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn notifications_reach_a_queue_that_is_bound_as_the_contract_says() {
    let Ok(url) = std::env::var("NFV_LAB_AMQP_URL") else {
        eprintln!("skipped: NFV_LAB_AMQP_URL is not set");
        return;
    };
    let exchange = format!("nfv-lab-test-{}", std::process::id());
    let mut file = ClusterFile::parse(CLUSTER).expect("a good file");
    file.amqp = Some(Amqp { url: url.clone(), exchange: exchange.clone(), envelope: true });
    let lab = Lab::start(file, &Options::default()).expect("it starts");
    let shared = lab.shared().clone();
    let running = tokio::spawn(lab.run());

    let connection = Connection::connect(&url, ConnectionProperties::default()).await.expect("a broker");
    let channel = connection.create_channel().await.expect("a channel");
    let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    let queue = format!("{exchange}-queue");
    channel.queue_declare(queue.as_str().into(), options, FieldTable::default()).await.expect("a queue");
    // As the VIM does: with the same properties, so it does not matter who is first.
    channel
        .exchange_declare(
            exchange.as_str().into(),
            ExchangeKind::Topic,
            ExchangeDeclareOptions::default(),
            FieldTable::default(),
        )
        .await
        .expect("an exchange");
    channel
        .queue_bind(
            queue.as_str().into(),
            exchange.as_str().into(),
            "notifications.info".into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        )
        .await
        .expect("bound");
    let id = shared.with_cloud(|cloud| {
        let id = cloud.servers.keys().next().expect("a server").clone();
        cloud.break_server(&id, true).expect("it exists");
        id
    });
    let mut message = None;
    for _ in 0..100 {
        let options = BasicGetOptions { no_ack: true };
        if let Some(got) = channel.basic_get(queue.as_str().into(), options).await.expect("a queue") {
            message = Some(serde_json::from_slice::<Value>(&got.delivery.data).expect("JSON"));
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let message = message.expect("a message");
    assert_eq!(message["oslo.version"], "2.0");
    let inner: Value = serde_json::from_str(message["oslo.message"].as_str().expect("text")).expect("JSON");
    assert_eq!(inner["event_type"], "compute.instance.update");
    let payload = &inner["payload"];
    assert_eq!(payload["instance_id"], Value::String(id));
    assert_eq!((payload["state"].as_str(), payload["power_state"].as_u64()), (Some("error"), Some(6)));
    shared.stop();
    running.await.expect("it ends");
}
