//! Nova's notifications over AMQP. Contract: southbound 11.
//!
//! ```text
//!   broker ──► queue nfvi_nova_listener_queue ──► listen ──► nova_message ──► Inbound ──► core
//! ```
//!
//! The broker is a help, not a need: the audits find out the same by polling. So nothing here holds up or ends
//! the start, and whatever breaks is set up again for ever, at growing intervals.
//!
//! A message is acknowledged once the core has taken what it says; the queue is durable, so what happens while
//! the VIM is away is told when it is back.

mod nova_message;

use crate::Inbound;
use crate::config::AmqpConfig;
use futures_util::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicQosOptions, ExchangeDeclareOptions, QueueBindOptions,
    QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo};
use lapin::{Connection, ConnectionProperties, ExchangeKind};
use std::time::Duration;
use tokio::sync::mpsc;

/// Nova's own exchange; it is only looked for, never made.
const EXCHANGE: &str = "nova";
const QUEUE: &str = "nfvi_nova_listener_queue";
const ROUTING_KEY: &str = "notifications.info";
/// Messages under way without acknowledgement.
const PREFETCH: u16 = 32;
/// Everything up to the first message must be done in this time.
const SET_UP_LIMIT: Duration = Duration::from_secs(15);
/// While nothing comes, the connection is looked at so often.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// Writing an acknowledgement takes no longer on a connection that lives.
const ACK_LIMIT: Duration = Duration::from_secs(10);
/// Seconds between heartbeats, so that a broker that is silently gone is noticed.
const HEARTBEAT_SECONDS: u16 = 30;
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Why listening has ended. No text holds the password.
#[derive(Debug, thiserror::Error)]
enum ListenError {
    #[error("{0}")]
    Broker(#[from] lapin::Error),
    #[error("not set up within {} s", SET_UP_LIMIT.as_secs())]
    TooSlow,
    #[error("the broker has ended the consumer")]
    Ended,
    #[error("no acknowledgement taken within {} s", ACK_LIMIT.as_secs())]
    NoAck,
    #[error("the core has gone")]
    NoCore,
}

/// Listens for ever; ends only when the core has gone or the task is aborted.
pub(crate) async fn listen_for_ever(config: AmqpConfig, inbound: mpsc::Sender<Inbound>) {
    let broker = format!("{}:{}", config.host, config.port);
    let mut pause = FIRST_PAUSE;
    let mut told = String::new();
    loop {
        let mut listening = false;
        let Err(error) = listen(&config, &inbound, &mut listening).await;
        if matches!(error, ListenError::NoCore) {
            return;
        }
        if listening {
            pause = FIRST_PAUSE;
            told.clear();
        }
        let text = error.to_string();
        if text != told {
            // one line for each new reason, not one for each try
            tracing::warn!("Notifications of nova from {broker} are not received: {text}; trying on.");
            told = text;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn uri(config: &AmqpConfig) -> AMQPUri {
    AMQPUri {
        scheme: AMQPScheme::AMQP,
        authority: AMQPAuthority {
            userinfo: AMQPUserInfo {
                username: config.user_id.clone(),
                password: config.password.expose().to_owned(),
            },
            host: config.host.clone(),
            port: config.port,
        },
        vhost: config.virt_host.clone(),
        query: AMQPQueryString { heartbeat: Some(HEARTBEAT_SECONDS), ..AMQPQueryString::default() },
    }
}

async fn set_up(config: &AmqpConfig) -> Result<(Connection, lapin::Consumer), lapin::Error> {
    let name = ConnectionProperties::default().with_connection_name("nfv-vim".into());
    let connection = Connection::connect_uri(uri(config), name).await?;
    let channel = connection.create_channel().await?;
    let look = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
    channel.exchange_declare(EXCHANGE.into(), ExchangeKind::Topic, look, FieldTable::default()).await?;
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(QUEUE.into(), durable, FieldTable::default()).await?;
    let (queue, exchange, key) = (QUEUE.into(), EXCHANGE.into(), ROUTING_KEY.into());
    channel.queue_bind(queue, exchange, key, QueueBindOptions::default(), FieldTable::default()).await?;
    channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
    let options = BasicConsumeOptions::default();
    let consumer = channel.basic_consume(QUEUE.into(), "".into(), options, FieldTable::default()).await?;
    Ok((connection, consumer))
}

async fn listen(
    config: &AmqpConfig,
    inbound: &mpsc::Sender<Inbound>,
    listening: &mut bool,
) -> Result<std::convert::Infallible, ListenError> {
    let set_up = tokio::time::timeout(SET_UP_LIMIT, set_up(config)).await;
    let (connection, mut consumer) = set_up.map_err(|_| ListenError::TooSlow)??;
    *listening = true;
    tracing::info!("Notifications of nova are received from {}:{}.", config.host, config.port);
    loop {
        let delivery = tokio::select! {
            delivery = consumer.next() => delivery.ok_or(ListenError::Ended)??,
            // a consumer is not always told that its connection is gone
            () = tokio::time::sleep(LOOK_INTERVAL) => match connection.status().connected() {
                true => continue,
                false => return Err(ListenError::Ended),
            },
        };
        match nova_message::read(&delivery.data) {
            Ok(notification) => {
                if let Some(notification) = notification {
                    let message = Inbound { notification, reply: None };
                    inbound.send(message).await.map_err(|_| ListenError::NoCore)?;
                }
            }
            Err(cause) => tracing::info!("A notification of nova is not understood, ignored: {cause}"),
        }
        let ack = tokio::time::timeout(ACK_LIMIT, delivery.ack(BasicAckOptions::default())).await;
        ack.map_err(|_| ListenError::NoAck)??;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn config(port: u16) -> AmqpConfig {
        AmqpConfig {
            host: "127.0.0.1".into(),
            port,
            user_id: "guest".into(),
            password: Secret::new("sesame"),
            virt_host: "/".into(),
        }
    }

    #[tokio::test]
    async fn a_broker_that_is_away_is_an_error_that_hides_the_password() {
        let (inbound, _receiver) = mpsc::channel(1);
        let Err(error) = listen(&config(1), &inbound, &mut false).await;
        let text = format!("{error} {error:?}");
        assert!(matches!(error, ListenError::Broker(_)), "{text}");
        assert!(!text.contains("sesame"), "{text}");
    }

    #[tokio::test]
    async fn a_broker_may_have_an_ipv6_address() {
        let listener = tokio::net::TcpListener::bind("[::1]:0").await.unwrap();
        let config = AmqpConfig { host: "::1".into(), ..config(listener.local_addr().unwrap().port()) };
        let (inbound, _receiver) = mpsc::channel(1);
        let mut listening = false;
        let came = tokio::select! {
            accepted = listener.accept() => accepted.is_ok(),
            Err(error) = listen(&config, &inbound, &mut listening) => panic!("{error}"),
        };
        assert!(came);
    }

    #[tokio::test]
    async fn something_that_is_no_broker_is_an_error() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 no\r\n\r\n").await;
            }
        });
        let (inbound, _receiver) = mpsc::channel(1);
        let mut listening = false;
        let Err(error) = listen(&config(port), &inbound, &mut listening).await;
        assert!(!listening, "{error}");
    }
}
