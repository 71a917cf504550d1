//! A server that plays Keystone and the VIM by a script, and remembers what it was asked.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What is answered to one request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Status line (`200 OK`), headers, body; where `{server}` stands comes the server's address.
    Http(String, Vec<(String, String)>, String),
    /// The connection is closed without a word.
    Close,
    /// The body ends before its length.
    Truncated,
    /// Nothing comes for that long.
    Late(Duration),
}

impl Reply {
    /// An answer of JSON.
    pub fn json(status: &str, body: impl ToString) -> Self {
        Reply::of(status, "application/json; charset=UTF-8", body)
    }

    /// An answer of that type.
    pub fn of(status: &str, kind: &str, body: impl ToString) -> Self {
        Reply::Http(status.to_owned(), vec![("Content-Type".to_owned(), kind.to_owned())], body.to_string())
    }

    /// An answer without body or type.
    pub fn empty(status: &str) -> Self {
        Reply::Http(status.to_owned(), Vec::new(), String::new())
    }

    /// With one header more.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if let Reply::Http(_, headers, _) = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

/// Answers by method and path; the last one of several stays.
#[derive(Clone, Debug, Default)]
pub struct Script(BTreeMap<(String, String), Vec<Reply>>);

impl Script {
    /// With this answer more.
    pub fn on(mut self, method: &str, path: &str, reply: Reply) -> Self {
        self.0.entry((method.to_owned(), path.to_owned())).or_default().push(reply);
        self
    }
}

/// One request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub method: String,
    pub path: String,
    /// Names and values as they came.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

struct State {
    script: Script,
    counts: BTreeMap<(String, String), usize>,
    asked: Vec<Asked>,
}

/// The server; its thread ends with it.
pub struct Fake {
    pub address: String,
    over: Arc<AtomicBool>,
    state: Arc<Mutex<State>>,
}

impl Fake {
    pub fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(Mutex::new(State { script, counts: BTreeMap::new(), asked: Vec::new() }));
        let (shared, own) = (Arc::clone(&state), address.clone());
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten().take_while(|_| !ended.load(Ordering::Acquire)) {
                let (state, own) = (Arc::clone(&shared), own.clone());
                std::thread::spawn(move || serve(stream, &state, &own));
            }
        });
        Self { address, over, state }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.state.lock().unwrap().asked.clone()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        // wakes the thread; it may have ended already
        let _ = TcpStream::connect(&self.address);
    }
}

/// Reads one request; none if the client went.
pub fn read_request(stream: &mut impl Read) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_owned(), value.to_owned()));
    }
    let mut asked = Asked { method, path, headers, body: String::new() };
    let length = asked.header("Content-Length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    asked.body = String::from_utf8(body).unwrap();
    Some(asked)
}

/// The text of an answer.
pub fn written(status: &str, headers: &[(String, String)], body: &str) -> String {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn serve(mut stream: TcpStream, state: &Mutex<State>, own: &str) {
    let Some(asked) = read_request(&mut stream) else { return };
    let reply = {
        let mut state = state.lock().unwrap();
        let key = (asked.method.clone(), asked.path.clone());
        let count = state.counts.entry(key.clone()).or_default();
        let at = *count;
        *count += 1;
        state.asked.push(asked);
        let replies = state.script.0.get(&key);
        replies.and_then(|replies| replies.get(at.min(replies.len() - 1)).cloned())
    };
    let text = match reply {
        None => written("404 Not Found", &[], "not in the script"),
        Some(Reply::Http(status, headers, body)) => {
            let fill = |text: &str| text.replace("{server}", &format!("http://{own}"));
            let headers: Vec<_> = headers.iter().map(|(name, value)| (name.clone(), fill(value))).collect();
            written(&status, &headers, &fill(&body))
        }
        Some(Reply::Close) => return,
        Some(Reply::Truncated) => {
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"a".to_owned()
        }
        Some(Reply::Late(wait)) => {
            std::thread::sleep(wait);
            return;
        }
    };
    let _ = stream.write_all(text.as_bytes());
}
