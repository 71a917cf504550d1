//! What bad networks, slow clients and attackers do to a proxy.
#![allow(clippy::unwrap_used)]

mod lab;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lab::*;
use nix::sys::signal::Signal;

/// No message with two readings gets through, and nothing that follows it on the connection is taken for a request.
#[test]
fn requests_whose_end_is_not_clear_are_refused() {
    let (nova, vim, keystone) = site();
    let proxy = Setup::new(&nova, &vim, &keystone).start();
    let smuggled = "GET /smuggled HTTP/1.1\r\n\r\n";
    for headers in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5, 6\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 5 \r\nContent-Length: 0\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Content-Length: 0\r\n folded\r\n",
        "Host: a\r\nHost: b\r\n",
    ] {
        for method in ["GET", "POST"] {
            let mut client = proxy.connect();
            client.send(&format!(
                "{method} /x HTTP/1.1\r\nX-Auth-Token: good\r\n{headers}\r\n0\r\n\r\n{smuggled}"
            ));
            assert_eq!(client.answer(method).code(), 400, "{method} {headers}");
            assert!(client.is_closed(), "{headers}");
        }
    }
    for body in ["zz\r\n", "5\r\nabcdefg\r\n0\r\n\r\n", "-1\r\n", "3\nabc\r\n"] {
        let mut client = proxy.connect();
        client.send(&format!(
            "POST /x HTTP/1.1\r\nX-Auth-Token: good\r\nTransfer-Encoding: chunked\r\n\r\n{body}{smuggled}"
        ));
        if let Some(answer) = client.try_answer("POST") {
            assert_eq!(answer.code(), 400, "{body:?}");
        }
        assert!(client.is_closed(), "{body:?}");
    }
    assert!(!nova.requests().iter().any(|request| request.path() == "/smuggled"));
    // a name that only looks like a length is none
    let mut client = proxy.connect();
    client.send(&format!("POST /x HTTP/1.1\r\nX-Auth-Token: good\r\nContent_Length: 500\r\n\r\n{smuggled}"));
    assert_eq!((client.answer("POST").code(), client.answer("GET").code()), (200, 200));
    assert_eq!(nova.requests().iter().rev().nth(1).unwrap().header("content-length"), Some("0"));
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let nova = Lab::start(|request| ok(request.path()));
    let (_, vim, keystone) = site();
    let proxy = Setup::new(&nova, &vim, &keystone).start();
    let mut client = proxy.connect();
    let mut text = String::new();
    for index in 0..50 {
        text.push_str(&format!("GET /{index} HTTP/1.1\r\nHost: h\r\n\r\n"));
        text.push_str(&post(&format!("/post/{index}"), "some body"));
    }
    client.send(&text);
    for index in 0..50 {
        assert_eq!(client.answer("GET").text(), format!("/{index}"));
        assert_eq!(client.answer("POST").text(), format!("/post/{index}"));
    }
    // what follows a refused request with its body is the next request
    client.send("POST /x HTTP/1.1\r\nX-Auth-Token: bad\r\nContent-Length: 9\r\n\r\nsome bodyGET /last HTTP/1.1\r\n\r\n");
    assert_eq!((client.answer("POST").code(), client.answer("GET").text().as_str()), (401, "/last"));
}

#[test]
fn slow_clients_and_single_bytes_are_served() {
    let (nova, vim, keystone) = site();
    let proxy = Setup::new(&nova, &vim, &keystone).start();
    for request in [post("/v2.1/s/action", "{\"pause\": null}"), "GET / HTTP/1.1\r\n\r\n".to_owned()] {
        let mut client = proxy.connect();
        for byte in request.as_bytes() {
            client.stream.write_all(&[*byte]).unwrap();
            std::thread::sleep(Duration::from_micros(300));
        }
        assert_eq!(client.answer("POST").code(), 200);
    }
}

#[test]
fn silent_clients_are_closed_after_their_time() {
    let (nova, vim, keystone) = site();
    let proxy = Setup::new(&nova, &vim, &keystone).with("client_socket_timeout = 1").start();
    for text in [
        "",
        "GET / HT",
        "GET / HTTP/1.1\r\nHost: h\r\n",
        "POST /v2.1/s/action HTTP/1.1\r\nX-Auth-Token: good\r\nContent-Length: 5\r\n\r\nab",
    ] {
        let begun = Instant::now();
        let mut client = proxy.connect();
        client.send(text);
        assert!(client.is_closed(), "{text}");
        assert!((900..5000).contains(&begun.elapsed().as_millis()), "{text} {:?}", begun.elapsed());
    }
}

/// Contract: nova-api-proxy 7.3.
#[test]
fn continue_is_said_only_when_the_body_is_wanted() {
    let (nova, vim, keystone) = site();
    let proxy = Setup::new(&nova, &vim, &keystone).start();
    for (path, name, received) in [("/v2.1/s/action", "vim", &vim), ("/v2.1/t/other", "nova", &nova)] {
        let mut client = proxy.connect();
        client.send(&format!(
            "POST {path} HTTP/1.1\r\nX-Auth-Token: good\r\nExpect: 100-continue\r\nContent-Length: 15\r\n\r\n"
        ));
        assert_eq!(client.answer("POST").status, "HTTP/1.1 100 Continue");
        client.send("{\"pause\": null}");
        assert_eq!(client.answer("POST").text(), name);
        assert_eq!(received.last().header("expect"), None);
        client.send("GET / HTTP/1.1\r\n\r\n");
        assert_eq!(client.answer("GET").code(), 200, "the connection stays in use");
    }
    let mut client = proxy.connect();
    client
        .send("POST /x HTTP/1.1\r\nX-Auth-Token: bad\r\nExpect: 100-continue\r\nContent-Length: 15\r\n\r\n");
    let answer = client.answer("POST");
    assert_eq!((answer.code(), answer.header("Connection")), (401, Some("close")));
}

#[test]
fn a_client_that_has_said_all_still_gets_its_answer() {
    let nova = Lab::start(|_| {
        Reply::Late(Duration::from_millis(200), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_owned())
    });
    let (_, vim, keystone) = site();
    let proxy = Setup::new(&nova, &vim, &keystone).start();
    for request in ["GET / HTTP/1.1\r\n\r\n".to_owned(), post("/x", "body")] {
        let mut client = proxy.connect();
        client.send(&request);
        client.stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(client.answer("GET").text(), "ok");
        assert!(client.is_closed());
    }
}

#[test]
fn a_body_that_breaks_off_never_looks_whole_to_the_upstream() {
    let (nova, vim, keystone) = site();
    let proxy = Setup::new(&nova, &vim, &keystone).start();
    for request in [
        "POST /x HTTP/1.1\r\nX-Auth-Token: good\r\nContent-Length: 100000\r\n\r\nabc",
        "POST /x HTTP/1.1\r\nX-Auth-Token: good\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        "POST /v2.1/s/action HTTP/1.1\r\nX-Auth-Token: good\r\nContent-Length: 100\r\n\r\n{\"pause\": null}",
    ] {
        let mut client = proxy.connect();
        client.send(request);
        client.stream.shutdown(Shutdown::Write).unwrap();
        assert!(client.is_closed(), "{request}");
    }
    assert_eq!((nova.count(), vim.count()), (0, 0));
}

#[test]
fn a_head_of_64_kib_passes() {
    let (nova, vim, keystone) = site();
    let proxy = Setup::new(&nova, &vim, &keystone).start();
    let line = format!("X-Big: {}\r\n", "v".repeat(16_000));
    assert_eq!(proxy.ask(&format!("GET / HTTP/1.1\r\n{}\r\n", line.repeat(4))).code(), 200);
    assert_eq!(nova.last().header("x-big").unwrap().len(), 4 * 16_000 + 3);
    let many = "A: b\r\n".repeat(999);
    assert_eq!(proxy.ask(&format!("GET / HTTP/1.1\r\n{many}\r\n")).code(), 200);
}

/// The body of an action is the only one that is held, and that has a bound.
#[test]
fn an_action_that_is_too_long_is_refused() {
    let (nova, vim, keystone) = site();
    let proxy = Setup::new(&nova, &vim, &keystone).with("max_action_body = 1000").start();
    let body = format!("{{\"pause\": \"{}\"}}", "x".repeat(2000));
    assert_eq!(proxy.ask(&post("/v2.1/s/action", &body)).status, "HTTP/1.1 413 Request Entity Too Large");
    let chunked = format!(
        "POST /v2.1/s/action HTTP/1.1\r\nX-Auth-Token: good\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    assert_eq!(proxy.ask(&chunked).code(), 413);
    assert_eq!(proxy.ask(&post("/v2.1/t/other", &body)).code(), 200);
    assert_eq!((nova.count(), vim.count()), (1, 0));
}

static SUNK: AtomicUsize = AtomicUsize::new(0);
const GIB: usize = 1 << 30;

/// Reads a gibibyte and sends one.
fn gibibyte(stream: &mut TcpStream) {
    let mut buffer = vec![0; 1 << 18];
    while SUNK.load(Ordering::SeqCst) < GIB {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(read) => SUNK.fetch_add(read, Ordering::SeqCst),
        };
    }
    stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {GIB}\r\n\r\n").as_bytes()).unwrap();
    for _ in 0..GIB / buffer.len() {
        if stream.write_all(&buffer).is_err() {
            return;
        }
    }
}

#[test]
fn a_gibibyte_passes_both_ways_in_constant_memory() {
    // takes the head by hand, for the lab would hold the body
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        gibibyte(&mut stream);
    });
    let (nova, vim, keystone) = site();
    let mut setup = Setup::new(&nova, &vim, &keystone);
    setup.nova = address.to_string();
    let proxy = setup.start();
    let before = proxy.rss();
    let mut client = proxy.connect();
    client.send(&format!("POST /big HTTP/1.1\r\nX-Auth-Token: good\r\nContent-Length: {GIB}\r\n\r\n"));
    let piece = vec![7; 1 << 18];
    let mut most = 0;
    for index in 0..GIB / piece.len() {
        client.stream.write_all(&piece).unwrap();
        if index % 256 == 0 {
            most = most.max(proxy.rss());
        }
    }
    let mut line = String::new();
    std::io::BufRead::read_line(&mut client.reader, &mut line).unwrap();
    assert_eq!(line, "HTTP/1.1 200 OK\r\n");
    let mut read = 0;
    let mut buffer = vec![0; 1 << 18];
    while read < GIB {
        let got = client.reader.read(&mut buffer).unwrap();
        assert!(got > 0);
        read += got;
        if read % (64 << 20) < got {
            most = most.max(proxy.rss());
        }
    }
    eprintln!("memory before {before} kB, at most {most} kB");
    assert!(most < before + 4096, "{before} kB before, {most} kB at most");
}

/// A client that does not read slows the upstream down; nothing piles up.
#[test]
fn a_client_that_does_not_read_stops_its_upstream() {
    static WRITTEN: AtomicUsize = AtomicUsize::new(0);
    let nova = Lab::start(|_| {
        Reply::Custom(|stream| {
            let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {GIB}\r\n\r\n").as_bytes());
            let piece = vec![0; 1 << 16];
            while let Ok(written) = stream.write(&piece) {
                WRITTEN.fetch_add(written, Ordering::SeqCst);
            }
        })
    });
    let (_, vim, keystone) = site();
    let proxy = Setup::new(&nova, &vim, &keystone).start();
    let before = proxy.rss();
    let mut client = proxy.connect();
    client.send("GET /big HTTP/1.1\r\n\r\n");
    let deadline = Instant::now() + LIMIT;
    let mut last = usize::MAX;
    // the buffers of four sockets fill up, then it stands still
    while WRITTEN.load(Ordering::SeqCst) != last || last == 0 {
        last = WRITTEN.load(Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(300));
        assert!(Instant::now() < deadline);
    }
    assert!(last < 64 << 20, "{last} bytes were taken");
    assert!(proxy.rss() < before + 4096);
    assert_eq!(proxy.ask("GET http://x/ HTTP/1.1\r\n\r\n").code(), 401, "others are served meanwhile");
}

/// An upstream may answer before it has read the body, and close.
#[test]
fn an_early_answer_ends_the_upload() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer);
            let _ = stream.write_all(b"HTTP/1.1 413 Too Much\r\nContent-Length: 3\r\n\r\nno!");
            let _ = stream.shutdown(Shutdown::Write);
            std::thread::sleep(Duration::from_millis(300));
        }
    });
    let (nova, vim, keystone) = site();
    let mut setup = Setup::new(&nova, &vim, &keystone);
    setup.nova = address.to_string();
    let proxy = setup.start();
    let mut client = proxy.connect();
    client.send("POST /big HTTP/1.1\r\nX-Auth-Token: good\r\nContent-Length: 50000000\r\n\r\n");
    let mut writer = client.stream.try_clone().unwrap();
    let upload = std::thread::spawn(move || {
        let piece = vec![0; 1 << 16];
        while writer.write_all(&piece).is_ok() {}
    });
    let answer = client.answer("POST");
    assert_eq!((answer.status.as_str(), answer.text().as_str()), ("HTTP/1.1 413 Too Much", "no!"));
    upload.join().unwrap();
}

/// An idle connection that the upstream closes costs nobody an answer.
#[test]
fn upstreams_that_close_idle_connections_are_not_noticed() {
    let nova = Lab::start(|_| Reply::SendClose("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_owned()));
    let (_, vim, keystone) = site();
    let proxy = Setup::new(&nova, &vim, &keystone).start();
    let mut client = proxy.connect();
    for index in 0..200 {
        let request = if index % 2 == 0 { "GET / HTTP/1.1\r\n\r\n".to_owned() } else { post("/x", "{}") };
        client.send(&request);
        assert_eq!(client.answer("GET").code(), 200, "{index}");
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(nova.count(), 200, "no request was sent twice");
}

#[test]
fn a_changed_protocol_passes_both_ways() {
    let nova = Lab::start(|request| {
        assert_eq!(
            (request.header("connection"), request.header("upgrade")),
            (Some("upgrade"), Some("websocket"))
        );
        Reply::Custom(|stream| {
            stream
                .write_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-X: 1\r\n\r\nhello")
                .unwrap();
            let mut buffer = [0; 100];
            while let Ok(read @ 1..) = stream.read(&mut buffer) {
                stream.write_all(&buffer[..read]).unwrap();
            }
        })
    });
    let (_, vim, keystone) = site();
    let mut proxy = Setup::new(&nova, &vim, &keystone).start();
    let mut client = proxy.connect();
    client.send(
        "GET /console HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n",
    );
    let answer = client.answer("GET");
    assert_eq!(answer.status, "HTTP/1.1 101 Switching Protocols");
    assert_eq!(answer.lines(), ["Sec-X: 1", "Upgrade: websocket", "Connection: upgrade"]);
    let mut read = [0; 5];
    client.reader.read_exact(&mut read).unwrap();
    assert_eq!(&read, b"hello");
    for _ in 0..3 {
        client.send("frame");
        client.reader.read_exact(&mut read).unwrap();
        assert_eq!(&read, b"frame");
    }
    proxy.signal(Signal::SIGTERM);
    assert_eq!(proxy.wait_exit(), 0, "an open console does not hold the end");
}

/// Every request that was sent gets its whole answer, and the process ends soon.
#[test]
fn sigterm_under_load_loses_no_request() {
    let nova = Lab::start(|_| {
        Reply::Late(Duration::from_millis(3), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole".to_owned())
    });
    let (_, vim, keystone) = site();
    for round in 0..3 {
        let mut proxy = Setup::new(&nova, &vim, &keystone).start();
        let (answered, lost, done) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
        std::thread::scope(|scope| {
            for number in 0..16 {
                let (proxy_address, answered, lost, done) = (proxy.address, &answered, &lost, &done);
                scope.spawn(move || {
                    'connections: while !done.load(Ordering::SeqCst) {
                        // refused is not lost: nothing was sent
                        let Ok(stream) = TcpStream::connect(proxy_address) else { return };
                        let mut client = Client::new(stream);
                        loop {
                            let request = if number % 2 == 0 {
                                "GET / HTTP/1.1\r\n\r\n".to_owned()
                            } else {
                                post("/x", "body")
                            };
                            if client.stream.write_all(request.as_bytes()).is_err() {
                                continue 'connections;
                            }
                            match client.try_answer("GET") {
                                Some(answer) if answer.body == b"whole" => {
                                    answered.fetch_add(1, Ordering::SeqCst);
                                    if answer.header("Connection") == Some("close") {
                                        continue 'connections;
                                    }
                                }
                                _ => {
                                    lost.fetch_add(1, Ordering::SeqCst);
                                    return;
                                }
                            }
                        }
                    }
                });
            }
            std::thread::sleep(Duration::from_millis(400));
            let begun = Instant::now();
            proxy.signal(Signal::SIGTERM);
            assert_eq!(proxy.wait_exit(), 0);
            assert!(begun.elapsed() < Duration::from_secs(3), "supervisors kill after 3 s");
            done.store(true, Ordering::SeqCst);
        });
        assert_eq!(lost.load(Ordering::SeqCst), 0, "round {round}");
        assert!(answered.load(Ordering::SeqCst) > 100);
    }
}

/// As many idle clients as this machine allows, 10,000 at most.
#[test]
fn thousands_of_idle_connections_cost_little_and_hinder_nobody() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
    let count = usize::try_from(hard).unwrap().saturating_sub(2000).min(10_000);
    let (nova, vim, keystone) = site();
    let proxy = Setup::new(&nova, &vim, &keystone).with("pool_size = 128").start();
    let before = proxy.rss();
    let mut idle = Vec::with_capacity(count);
    for index in 0..count {
        let mut client = TcpStream::connect(proxy.address).unwrap();
        // half of them have had a request
        if index % 2 == 0 {
            client.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
            let mut buffer = [0; 500];
            assert!(client.read(&mut buffer).unwrap() > 0);
        }
        idle.push(client);
    }
    let begun = Instant::now();
    assert_eq!(proxy.ask(&post("/v2.1/s/action", "{\"pause\": null}")).text(), "vim");
    assert!(begun.elapsed() < Duration::from_secs(1));
    let each = (proxy.rss() - before) * 1024 / count as u64;
    eprintln!("{count} idle connections, {each} bytes each, {} kB in all", proxy.rss());
    assert!(each < 3000, "{each} bytes for each");
}
