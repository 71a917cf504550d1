//! Open-loop load: requests leave at fixed times, whether or not earlier ones were answered, and each one's latency
//! counts from the time at which it should have left. `tools/bench proxy` uses it.
//!
//! `open_loop ADDRESS RATE SECONDS CONNECTIONS REQUEST_FILE` prints one JSON object, times in microseconds.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::LocalSet;

type Failure = Box<dyn std::error::Error>;

#[derive(Default)]
struct Results {
    micros: Vec<u64>,
    errors: u64,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, rate, seconds, connections, file] = arguments.as_slice() else {
        return Err("usage: open_loop ADDRESS RATE SECONDS CONNECTIONS REQUEST_FILE".into());
    };
    let request = Rc::new(std::fs::read(file)?);
    let (rate, seconds, connections) =
        (rate.parse::<f64>()?, seconds.parse::<f64>()?, connections.parse::<usize>()?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let results = Rc::new(RefCell::new(Results::default()));
    LocalSet::new().block_on(&runtime, async {
        let mut queues = Vec::new();
        let mut tasks = Vec::new();
        for _ in 0..connections {
            let (queue, due) = mpsc::unbounded_channel();
            let (request, results) = (Rc::clone(&request), Rc::clone(&results));
            tasks.push(tokio::task::spawn_local(send_all(address.clone(), request, due, results)));
            queues.push(queue);
        }
        let begun = Instant::now();
        let count = (rate * seconds) as usize;
        for index in 0..count {
            let due = begun + Duration::from_secs_f64(index as f64 / rate);
            // the timer's step is a millisecond; what is due within it leaves together
            if due > Instant::now() {
                tokio::time::sleep_until(due.into()).await;
            }
            let _ = queues[index % connections].send(due);
        }
        drop(queues);
        for task in tasks {
            let _ = task.await;
        }
    });
    let mut results = results.borrow_mut();
    results.micros.sort_unstable();
    let at = |part: f64| {
        let index = (results.micros.len() as f64 * part) as usize;
        results.micros.get(index.min(results.micros.len().saturating_sub(1))).copied().unwrap_or_default()
    };
    println!(
        "{{\"requests\": {}, \"errors\": {}, \"p50\": {}, \"p99\": {}, \"max\": {}}}",
        results.micros.len(),
        results.errors,
        at(0.5),
        at(0.99),
        at(1.0)
    );
    Ok(())
}

async fn send_all(
    address: String,
    request: Rc<Vec<u8>>,
    mut due: mpsc::UnboundedReceiver<Instant>,
    results: Rc<RefCell<Results>>,
) {
    let mut connection = None;
    while let Some(due) = due.recv().await {
        let outcome = one(&address, &request, &mut connection).await;
        let mut results = results.borrow_mut();
        match outcome {
            Ok(()) => results.micros.push(due.elapsed().as_micros() as u64),
            Err(_) => {
                results.errors += 1;
                connection = None;
            }
        }
    }
}

async fn one(address: &str, request: &[u8], connection: &mut Option<TcpStream>) -> Result<(), Failure> {
    let stream = match connection {
        Some(stream) => stream,
        None => {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            connection.insert(stream)
        }
    };
    stream.write_all(request).await?;
    let mut answer = Vec::with_capacity(8192);
    loop {
        if stream.read_buf(&mut answer).await? == 0 {
            return Err("closed".into());
        }
        let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = std::str::from_utf8(&answer[..end])?.to_ascii_lowercase();
        if !head.starts_with("http/1.1 2") {
            return Err("not well answered".into());
        }
        let length =
            head.split("content-length:").nth(1).and_then(|rest| rest.lines().next()).ok_or("no length")?;
        if answer.len() >= end + 4 + length.trim().parse::<usize>()? {
            return Ok(());
        }
    }
}
