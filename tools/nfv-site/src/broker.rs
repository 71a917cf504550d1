//! A stand-in for the message broker between Nova and the VIM: one exchange, one queue, one consumer at a time, AMQP
//! 0-9-1 as far as the lab (which publishes) and nfv-vim (which consumes) speak it. Contract: southbound 11.
//!
//! What is published before the queue is bound goes nowhere; afterwards it is kept until it is acknowledged, also while
//! the consumer or the broker itself is away.

use amq_protocol::frame::{AMQPFrame, WriteContext, gen_frame, parse_frame};
use amq_protocol::protocol::{AMQPClass, basic, channel, connection, exchange, queue};
use amq_protocol::types::FieldTable;
use anyhow::{Context, bail};
use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// First bytes of a client.
const GREETING: &[u8] = b"AMQP\x00\x00\x09\x01";
/// The class of a content header.
const BASIC: u16 = 60;
/// Largest frame.
const FRAME: u32 = 131_072;
/// Seconds without a byte after which a peer may take a connection for dead.
const HEARTBEAT: u16 = 30;
/// How often a sign of life goes out.
const SIGN: Duration = Duration::from_secs(10);

/// The broker. Dropping it ends it.
#[derive(Debug)]
pub struct Broker {
    port: u16,
    away: watch::Sender<Duration>,
    task: JoinHandle<()>,
}

/// What all connections share.
#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// Changes with each message.
    news: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Queue {
    bound: bool,
    messages: VecDeque<Vec<u8>>,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Broker {
    /// Starts it on a free port of the loopback.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port for a broker")?;
        let port = listener.local_addr()?.port();
        let (away, told) = watch::channel(Duration::ZERO);
        Ok(Self { port, away, task: tokio::spawn(serve(listener, port, told)) })
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where the lab publishes.
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.port)
    }

    /// It cuts all connections and refuses new ones for this time.
    pub fn go_away(&self, time: Duration) {
        self.away.send_replace(time);
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, port: u16, mut away: watch::Receiver<Duration>) {
    let shared = Arc::new(Shared::default());
    let mut listener = Some(listener);
    let mut connections = JoinSet::new();
    loop {
        let Some(open) = &listener else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.ok();
            continue;
        };
        tokio::select! {
            accepted = open.accept() => if let Ok((stream, _)) = accepted {
                let shared = Arc::clone(&shared);
                // how a connection ends is its client's affair
                connections.spawn(async move { Connection::new(stream, shared).serve().await });
            },
            changed = away.changed() => {
                if changed.is_err() {
                    return;
                }
                let time = *away.borrow_and_update();
                listener = None;
                connections.shutdown().await;
                tokio::time::sleep(time).await;
            },
            Some(_) = connections.join_next() => {},
        }
    }
}

/// The consumer of a connection.
#[derive(Debug, Default)]
struct Consumer {
    channel: u16,
    /// Messages that may be under way.
    prefetch: usize,
    last_tag: u64,
    /// Not acknowledged so far, the oldest first.
    under_way: VecDeque<(u64, Vec<u8>)>,
}

/// One client. What it has not acknowledged goes back into the queue with it.
struct Connection {
    stream: TcpStream,
    shared: Arc<Shared>,
    received: Vec<u8>,
    /// A message that is being published: length and what came of it.
    publishing: Option<(u64, Vec<u8>)>,
    prefetch: usize,
    consumer: Option<Consumer>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut queue = self.shared.queue();
        for (_, message) in self.consumer.take().into_iter().flat_map(|consumer| consumer.under_way).rev() {
            queue.messages.push_front(message);
        }
    }
}

impl Connection {
    fn new(stream: TcpStream, shared: Arc<Shared>) -> Self {
        Self { stream, shared, received: Vec::new(), publishing: None, prefetch: usize::MAX, consumer: None }
    }

    async fn serve(mut self) -> anyhow::Result<()> {
        let mut greeting = [0; GREETING.len()];
        self.stream.read_exact(&mut greeting).await?;
        anyhow::ensure!(greeting == GREETING, "another protocol");
        let start = connection::Start {
            version_major: 0,
            version_minor: 9,
            server_properties: FieldTable::default(),
            mechanisms: "PLAIN AMQPLAIN".into(),
            locales: "en_US".into(),
        };
        self.send(0, AMQPClass::Connection(connection::AMQPMethod::Start(start))).await?;
        let mut news = self.shared.news.subscribe();
        let mut sign = tokio::time::interval(SIGN);
        loop {
            self.deliver().await?;
            tokio::select! {
                read = self.stream.read_buf(&mut self.received) => if read? == 0 { return Ok(()) },
                // the sender lives as long as this
                _ = news.changed() => {},
                _ = sign.tick() => self.write(&AMQPFrame::Heartbeat).await?,
            }
            while let Some(frame) = self.next_frame()? {
                if !self.take(frame).await? {
                    return Ok(());
                }
            }
        }
    }

    /// The next whole frame that has come.
    fn next_frame(&mut self) -> anyhow::Result<Option<AMQPFrame>> {
        let (rest, frame) = match parse_frame(self.received.as_slice()) {
            Ok((rest, frame)) => (rest.len(), frame),
            Err(error) if error.is_incomplete() => return Ok(None),
            Err(error) => bail!("no frame: {error}"),
        };
        self.received.drain(..self.received.len() - rest);
        Ok(Some(frame))
    }

    async fn write(&mut self, frame: &AMQPFrame) -> anyhow::Result<()> {
        let written =
            gen_frame(frame)(WriteContext::from(Vec::new())).context("a frame cannot be written")?;
        Ok(self.stream.write_all(&written.into_inner().0).await?)
    }

    async fn send(&mut self, channel: u16, class: AMQPClass) -> anyhow::Result<()> {
        self.write(&AMQPFrame::Method(channel, class)).await
    }

    /// Gives the consumer what it may have.
    async fn deliver(&mut self) -> anyhow::Result<()> {
        loop {
            let Some(consumer) = &mut self.consumer else { return Ok(()) };
            if consumer.under_way.len() >= consumer.prefetch {
                return Ok(());
            }
            let Some(message) = self.shared.queue().messages.pop_front() else { return Ok(()) };
            consumer.last_tag += 1;
            let (channel, tag) = (consumer.channel, consumer.last_tag);
            consumer.under_way.push_back((tag, message.clone()));
            let deliver = basic::Deliver {
                consumer_tag: "vim".into(),
                delivery_tag: tag,
                redelivered: false,
                exchange: "nova".into(),
                routing_key: "notifications.info".into(),
            };
            let header = amq_protocol::frame::AMQPContentHeader {
                class_id: BASIC,
                body_size: message.len() as u64,
                properties: basic::AMQPProperties::default(),
            };
            self.send(channel, AMQPClass::Basic(basic::AMQPMethod::Deliver(deliver))).await?;
            self.write(&AMQPFrame::Header(channel, header)).await?;
            // a frame has eight bytes around its content
            for piece in message.chunks(FRAME as usize - 8) {
                self.write(&AMQPFrame::Body(channel, piece.to_vec())).await?;
            }
        }
    }

    /// Does what a frame wants; false when it wants to end.
    async fn take(&mut self, frame: AMQPFrame) -> anyhow::Result<bool> {
        match frame {
            AMQPFrame::Method(channel, class) => return self.obey(channel, class).await,
            AMQPFrame::Header(_, header) => self.publishing = Some((header.body_size, Vec::new())),
            AMQPFrame::Body(_, piece) => {
                if let Some((_, message)) = &mut self.publishing {
                    message.extend(piece);
                }
            }
            _ => {}
        }
        if let Some((length, message)) =
            self.publishing.take_if(|(length, message)| *length == message.len() as u64)
        {
            let mut queue = self.shared.queue();
            if queue.bound && length > 0 {
                queue.messages.push_back(message);
                self.shared.news.send_replace(());
            }
        }
        Ok(true)
    }

    async fn obey(&mut self, channel: u16, class: AMQPClass) -> anyhow::Result<bool> {
        use AMQPClass::{Basic, Channel, Connection, Exchange, Queue};
        let answer = match class {
            Connection(connection::AMQPMethod::StartOk(_)) => {
                let tune = connection::Tune { channel_max: 0, frame_max: FRAME, heartbeat: HEARTBEAT };
                Connection(connection::AMQPMethod::Tune(tune))
            }
            Connection(connection::AMQPMethod::Open(_)) => {
                Connection(connection::AMQPMethod::OpenOk(connection::OpenOk {}))
            }
            Connection(connection::AMQPMethod::Close(_)) => {
                let closed = Connection(connection::AMQPMethod::CloseOk(connection::CloseOk {}));
                self.send(channel, closed).await?;
                return Ok(false);
            }
            Channel(channel::AMQPMethod::Open(_)) => Channel(channel::AMQPMethod::OpenOk(channel::OpenOk {})),
            Channel(channel::AMQPMethod::Close(_)) => {
                Channel(channel::AMQPMethod::CloseOk(channel::CloseOk {}))
            }
            Exchange(exchange::AMQPMethod::Declare(_)) => {
                Exchange(exchange::AMQPMethod::DeclareOk(exchange::DeclareOk {}))
            }
            Queue(queue::AMQPMethod::Declare(declare)) => {
                let message_count = u32::try_from(self.shared.queue().messages.len())?;
                let declared = queue::DeclareOk { queue: declare.queue, message_count, consumer_count: 0 };
                Queue(queue::AMQPMethod::DeclareOk(declared))
            }
            Queue(queue::AMQPMethod::Bind(_)) => {
                self.shared.queue().bound = true;
                Queue(queue::AMQPMethod::BindOk(queue::BindOk {}))
            }
            Basic(basic::AMQPMethod::Qos(qos)) => {
                self.prefetch = usize::from(qos.prefetch_count);
                Basic(basic::AMQPMethod::QosOk(basic::QosOk {}))
            }
            Basic(basic::AMQPMethod::Consume(_)) => {
                let begun = basic::ConsumeOk { consumer_tag: "vim".into() };
                self.consumer = Some(Consumer { channel, prefetch: self.prefetch, ..Consumer::default() });
                Basic(basic::AMQPMethod::ConsumeOk(begun))
            }
            Basic(basic::AMQPMethod::Ack(ack)) => {
                if let Some(consumer) = &mut self.consumer {
                    let (tag, multiple) = (ack.delivery_tag, ack.multiple);
                    consumer.under_way.retain(|(own, _)| *own != tag && !(multiple && *own < tag));
                }
                return Ok(true);
            }
            // the content follows
            Basic(basic::AMQPMethod::Publish(_)) | Connection(connection::AMQPMethod::TuneOk(_)) => {
                return Ok(true);
            }
            other => bail!("this broker cannot {other:?}"),
        };
        self.send(channel, answer).await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt;
    use lapin::options::{
        BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ExchangeDeclareOptions,
        QueueBindOptions, QueueDeclareOptions,
    };
    use lapin::{BasicProperties, Channel, ConnectionProperties, ExchangeKind};

    async fn connect(broker: &Broker) -> lapin::Result<(lapin::Connection, Channel)> {
        let connection = lapin::Connection::connect(&broker.url(), ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        let topic = ExchangeKind::Topic;
        channel
            .exchange_declare("nova".into(), topic, ExchangeDeclareOptions::default(), Default::default())
            .await?;
        Ok((connection, channel))
    }

    async fn publish(channel: &Channel, text: &[u8]) {
        let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
        let published =
            channel.basic_publish("nova".into(), "notifications.info".into(), options, text, properties);
        published.await.unwrap().await.unwrap();
    }

    async fn consume(channel: &Channel) -> lapin::Consumer {
        let (name, none) = ("q", lapin::types::FieldTable::default);
        channel.queue_declare(name.into(), QueueDeclareOptions::default(), none()).await.unwrap();
        let key = "notifications.info".into();
        channel
            .queue_bind(name.into(), "nova".into(), key, QueueBindOptions::default(), none())
            .await
            .unwrap();
        channel.basic_qos(2, BasicQosOptions::default()).await.unwrap();
        channel.basic_consume(name.into(), "".into(), BasicConsumeOptions::default(), none()).await.unwrap()
    }

    /// The next message, acknowledged unless it shall be lost.
    async fn next(consumer: &mut lapin::Consumer, acknowledge: bool) -> Vec<u8> {
        let delivery = consumer.next().await.unwrap().unwrap();
        if acknowledge {
            delivery.ack(BasicAckOptions::default()).await.unwrap();
        }
        delivery.data.clone()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_published_is_kept_until_it_is_acknowledged() {
        let broker = Broker::start().await.unwrap();
        let (_publisher, out) = connect(&broker).await.unwrap();
        publish(&out, b"nobody is bound").await;
        let (first, channel) = connect(&broker).await.unwrap();
        let mut consumer = consume(&channel).await;
        let long = vec![7; 300_000];
        for text in [b"one".as_slice(), &long, b"three", b"four"] {
            publish(&out, text).await;
        }
        assert_eq!(next(&mut consumer, true).await, b"one");
        assert_eq!(next(&mut consumer, true).await, long);
        assert_eq!(next(&mut consumer, false).await, b"three");
        first.close(200, "".into()).await.unwrap();
        let (_second, channel) = connect(&broker).await.unwrap();
        let mut consumer = consume(&channel).await;
        assert_eq!(next(&mut consumer, true).await, b"three", "it was not acknowledged");
        assert_eq!(next(&mut consumer, true).await, b"four");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn while_it_is_away_connections_are_refused_and_messages_kept() {
        let broker = Broker::start().await.unwrap();
        let (_one, out) = connect(&broker).await.unwrap();
        let (_two, channel) = connect(&broker).await.unwrap();
        consume(&channel).await;
        publish(&out, b"early").await;
        // taken in, though not delivered for good: nobody acknowledges
        tokio::time::sleep(Duration::from_millis(200)).await;
        broker.go_away(Duration::from_millis(500));
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(tokio::net::TcpStream::connect(("127.0.0.1", broker.port())).await.is_err());
        tokio::time::sleep(Duration::from_millis(800)).await;
        let (_three, channel) = connect(&broker).await.unwrap();
        assert_eq!(next(&mut consume(&channel).await, true).await, b"early");
    }
}
