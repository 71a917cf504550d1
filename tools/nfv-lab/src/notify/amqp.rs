//! Nova's notifications over a broker. Contract: southbound 11.

use std::sync::Arc;
use std::time::Duration;

use lapin::options::{BasicPublishOptions, ExchangeDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, ExchangeKind};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use super::Record;
use crate::config::Amqp;
use crate::lab::Shared;
use crate::model::notice::Notice;

const ROUTING_KEY: &str = "notifications.info";
const RECONNECT: Duration = Duration::from_secs(2);

/// Publishes notices; while the broker is away they wait, as Nova's own library lets them. The exchange is declared at
/// once, so that a consumer that looks for it at its start finds it.
pub async fn run(shared: Arc<Shared>, mut inbox: UnboundedReceiver<Notice>) {
    let Some(broker) = shared.amqp().cloned() else {
        // Without a broker the cloud makes no such notices; drain whatever comes.
        while inbox.recv().await.is_some() {}
        return;
    };
    let mut number = 0_u64;
    let mut waiting: Option<Notice> = None;
    loop {
        let (connection, channel) = match connect(&broker).await {
            Ok(connected) => connected,
            Err(error) => {
                eprintln!("nfv-lab: broker: {error}");
                tokio::time::sleep(RECONNECT).await;
                continue;
            }
        };
        loop {
            let notice = match waiting.take() {
                Some(notice) => notice,
                None => tokio::select! {
                    notice = inbox.recv() => match notice {
                        Some(notice) => notice,
                        None => return,
                    },
                    // The exchange went with the broker: whoever looks for it must find it soon.
                    () = tokio::time::sleep(RECONNECT) => {
                        if connection.status().connected() {
                            continue;
                        }
                        break;
                    }
                },
            };
            number += 1;
            let record = Record::new(&shared, &notice, 1);
            let published = publish(&channel, &broker, &message(&broker, &notice, number)).await;
            match published {
                Ok(()) => record.write(Some(200), None),
                Err(error) => {
                    record.write(None, Some(error.to_string()));
                    waiting = Some(notice);
                    break;
                }
            }
        }
        tokio::time::sleep(RECONNECT).await;
    }
}

async fn connect(broker: &Amqp) -> lapin::Result<(Connection, Channel)> {
    let connection = Connection::connect(&broker.url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    let options = ExchangeDeclareOptions { durable: false, ..ExchangeDeclareOptions::default() };
    channel
        .exchange_declare(
            broker.exchange.as_str().into(),
            ExchangeKind::Topic,
            options,
            FieldTable::default(),
        )
        .await?;
    Ok((connection, channel))
}

async fn publish(channel: &Channel, broker: &Amqp, message: &Value) -> lapin::Result<()> {
    let properties = BasicProperties::default()
        .with_content_type("application/json".into())
        .with_content_encoding("utf-8".into())
        .with_delivery_mode(2);
    channel
        .basic_publish(
            broker.exchange.as_str().into(),
            ROUTING_KEY.into(),
            BasicPublishOptions::default(),
            message.to_string().as_bytes(),
            properties,
        )
        .await?
        .await?;
    Ok(())
}

/// The notification object, in an oslo envelope unless that is switched off.
fn message(broker: &Amqp, notice: &Notice, number: u64) -> Value {
    let inner = json!({
        "message_id": format!("lab-{number}"),
        "publisher_id": format!("compute.{}", notice.body["host"].as_str().unwrap_or("nova")),
        "timestamp": jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S.%6f").to_string(),
        "priority": "INFO",
        "event_type": notice.path,
        "payload": notice.body,
    });
    if broker.envelope { json!({"oslo.version": "2.0", "oslo.message": inner.to_string()}) } else { inner }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broker(envelope: bool) -> Amqp {
        Amqp { url: String::new(), exchange: "nova".into(), envelope }
    }

    #[test]
    fn a_message_is_wrapped_in_an_envelope_whose_content_is_text() {
        let notice = Notice::nova("compute.instance.update", json!({"instance_id": "x", "host": "worker-0"}));
        let wrapped = message(&broker(true), &notice, 1);
        assert_eq!(wrapped["oslo.version"], "2.0");
        let inner: Value =
            serde_json::from_str(wrapped["oslo.message"].as_str().expect("text")).expect("JSON");
        assert_eq!(inner["event_type"], "compute.instance.update");
        assert_eq!(inner["payload"]["instance_id"], "x");
        assert_eq!(message(&broker(false), &notice, 1)["payload"]["host"], "worker-0");
    }
}
