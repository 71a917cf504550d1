//! A client that sends exactly what it is told.

use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// A request as bytes, one to a connection. `Host`, and `Content-Length` if there is a body, are added.
pub fn request(method: &str, path: &str, headers: &[(String, String)], body: Option<&[u8]>) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| name == "Host") {
        head += "Host: HOST\r\n";
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    if let Some(body) = body {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    let mut bytes = (head + "\r\n").into_bytes();
    bytes.extend_from_slice(body.unwrap_or_default());
    bytes
}

/// Sends bytes and reads the answer: as much as it says, else until the server closes.
pub async fn exchange(address: SocketAddr, bytes: &[u8]) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // a server that refuses early closes while it is still being written to
    let _ = stream.write_all(bytes).await;
    let mut raw = Vec::new();
    let mut piece = vec![0; 64 * 1024];
    loop {
        let count = timeout(Duration::from_secs(120), stream.read(&mut piece)).await.expect("it answers");
        match count {
            Ok(0) | Err(_) => return parse(&raw),
            Ok(count) => raw.extend_from_slice(&piece[..count]),
        }
        let answer = parse(&raw);
        let whole = answer.as_ref().is_some_and(|answer| {
            let length = answer.header("content-length").and_then(|length| length.parse::<usize>().ok());
            bytes.starts_with(b"HEAD ") || length.is_some_and(|length| answer.body.len() >= length)
        });
        if whole {
            return answer;
        }
    }
}

fn parse(raw: &[u8]) -> Option<Answer> {
    let end = raw.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&raw[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let body = String::from_utf8_lossy(&raw[end + 4..]).into_owned();
    Some(Answer { status, headers, body })
}

/// A request with the token of an administrator.
pub async fn ask(address: SocketAddr, method: &str, path: &str, body: Option<&str>) -> Answer {
    let mut headers = vec![("X-Auth-Token".to_owned(), "good".to_owned())];
    if body.is_some() {
        headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
    }
    exchange(address, &request(method, path, &headers, body.map(str::as_bytes))).await.expect("an answer")
}
