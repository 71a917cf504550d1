//! The contract's rules on the wire, between recording servers.
//!
//! Contract: nova-api-proxy 5 to 9.
#![allow(clippy::unwrap_used)]

mod lab;

use std::time::Duration;

use lab::*;
use nova_api_proxy::action::VIM_ACTIONS;

/// Contract: nova-api-proxy 5 (pipeline), 13.1.
#[test]
fn gets_reach_nova_without_a_token_and_everything_else_needs_one() {
    let (nova, vim, keystone) = site();
    let proxy = Setup::new(&nova, &vim, &keystone).start();
    for path in ["/", "/v2.1/", "/v2.1/t/servers/detail?all_tenants=1", "/v2.1/t/servers/s/action"] {
        let answer = proxy.ask(&format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n"));
        assert_eq!((answer.code(), answer.text().as_str()), (200, "nova"), "{path}");
        assert_eq!(nova.last().line, format!("GET {path} HTTP/1.1"));
    }
    assert_eq!(keystone.count(), 0);
    for method in ["HEAD", "OPTIONS", "PATCH", "CONNECT", "TRACE", "PROPFIND", "POST", "PUT", "DELETE"] {
        for target in ["/", "/v2.1/t/flavors"] {
            let answer = proxy.ask(&format!("{method} {target} HTTP/1.1\r\nHost: h\r\n\r\n"));
            assert_eq!(answer.status, "HTTP/1.1 401 Unauthorized", "{method}");
            assert_eq!(
                answer.lines(),
                [
                    "Content-Type: application/json",
                    "Www-Authenticate: Keystone uri='http://public:5000'",
                    "Content-Length: 114"
                ]
            );
            assert_eq!(answer.text(), if method == "HEAD" { "" } else { UNAUTHORIZED });
            let before = nova.count();
            let answer =
                proxy.ask(&format!("{method} {target} HTTP/1.1\r\nHost: h\r\nX-Auth-Token: good\r\n\r\n"));
            assert_eq!(answer.code(), 200, "{method}");
            assert_eq!(nova.count(), before + 1, "{method}");
        }
    }
    let answer = proxy.ask("GET http://h/a HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(answer.code(), 401, "the absolute form does not begin with a slash");
    let answer = proxy.ask("OPTIONS * HTTP/1.1\r\nHost: h\r\nX-Auth-Token: good\r\n\r\n");
    assert_eq!((answer.code(), nova.last().line.as_str()), (200, "OPTIONS %2A HTTP/1.1"));
    assert_eq!(vim.count(), 0);
}

/// Contract: nova-api-proxy 6.2, 6.3, 13.2; lessons row 18.
#[test]
fn every_action_on_every_path_form_reaches_the_vim_with_body_token_and_identity() {
    let (nova, vim, keystone) = site();
    let proxy = Setup::new(&nova, &vim, &keystone).start();
    for path in [
        "/v2/t/servers/s/action",
        "/v2.1/t/servers/s/action?a=b",
        "/v2.1/a/b/servers/s/action",
        "/v2.1/servers/s/action",
        "/v2.1/s/action",
        "/v2.1/t/servers",
        "/v2.1/servers",
        "/v2.1/servers/s",
        "/v2.1/t/servers/s",
    ] {
        for action in VIM_ACTIONS {
            let body = format!("{{\"{action}\": {{\"x\": 1}}}}");
            let answer = proxy.ask(&post(path, &body));
            assert_eq!((answer.code(), answer.text().as_str()), (200, "vim"), "{path} {action}");
            let received = vim.last();
            assert_eq!(received.line, format!("POST {path} HTTP/1.1"));
            assert_eq!(received.body, body.as_bytes());
            for (name, value) in [
                ("host", vim.address.to_string().as_str()),
                ("x-auth-token", "good"),
                ("content-type", "application/json"),
                ("accept-encoding", "identity"),
                ("x-forwarded-server", "public:8774"),
                ("x-forwarded-scheme", "http"),
                ("x-forwarded-host", "public:8774"),
                ("x-forwarded-proto", "http"),
                ("x-forwarded-for", "127.0.0.1"),
                ("x-identity-status", "Confirmed"),
                ("x-user", "admin"),
                ("x-user-id", "u1"),
                ("x-project-id", "p1"),
                ("x-tenant", "demo"),
                ("x-roles", "admin,member"),
            ] {
                assert_eq!(received.header(name), Some(value), "{name}");
            }
            assert!(received.header("x-service-catalog").unwrap().contains("\"publicURL\": \"http://n\""));
        }
    }
    assert_eq!(nova.count(), 0);
    // one token, one question (and one for the proxy's own)
    assert_eq!(keystone.count(), 2);
}

/// Contract: nova-api-proxy 6.2, 6.3, 13.3.
#[test]
fn everything_else_reaches_nova_with_its_identity() {
    let (nova, vim, keystone) = site();
    let proxy = Setup::new(&nova, &vim, &keystone).start();
    for (path, body) in [
        ("/v2.1/t/servers/s/action", "{\"evacuate\": {}}"),
        ("/v2.1/t/servers/s/action", "{\"os-getConsoleOutput\": {\"length\": 5}}"),
        ("/v2.1/t/servers", "{\"server\": {\"name\": \"pause\"}}"),
        ("/v2.1/t/os-keypairs", "{\"pause\": null}"),
        ("/v2.1/t/servers/s/remote-consoles", "{\"pause\": null}"),
        ("/v2.1/t/servers/s/action/", "{\"pause\": null}"),
        ("/v2/servers/s/action", "{\"pause\": null}"),
        ("/v2/t/servers", "{\"pause\": null}"),
        ("/v2.0/t/servers/s/action", "{\"pause\": null}"),
        ("/v2.1/t/flavors", "no json"),
        // only bodies of watched paths are looked at; the override of the original is not honoured
        ("/v2.1/t/servers/s/os-volume_attachments", "{"),
    ] {
        let answer = proxy.ask(&post(path, body));
        assert_eq!((answer.code(), answer.text().as_str()), (200, "nova"), "{path}");
        assert_eq!(nova.last().body, body.as_bytes());
        assert_eq!(nova.last().header("x-user"), Some("admin"));
    }
    for request in [
        "PUT /v2.1/t/servers/s HTTP/1.1\r\nX-Auth-Token: good\r\nContent-Length: 1\r\n\r\n{",
        "DELETE /v2.1/t/servers/s HTTP/1.1\r\nX-Auth-Token: good\r\n\r\n",
        "PUT /v2.1/t/servers/s/action HTTP/1.1\r\nX-Auth-Token: good\r\nContent-Length: 15\r\n\r\n{\"pause\": null}",
    ] {
        assert_eq!(proxy.ask(request).text(), "nova", "{request}");
    }
    let answer = proxy.ask(&post("/v2.1/t/servers/s/action?_method=GET", "{\"pause\": null}"));
    assert_eq!(answer.text(), "vim", "_method changes nothing");
    assert_eq!(vim.count(), 1);
}

/// Contract: nova-api-proxy 6.2 rows 3 to 5, 7.4.
#[test]
fn a_watched_post_that_is_no_json_object_is_answered_500() {
    let (nova, vim, keystone) = site();
    let proxy = Setup::new(&nova, &vim, &keystone).start();
    for (path, content_type, body) in [
        ("/v2.1/t/servers/s/action", "application/json", ""),
        ("/v2.1/t/servers/s/action", "application/json", "[]"),
        ("/v2.1/t/servers/s/action", "application/json", " {\"pause\": null}"),
        ("/v2.1/t/servers/s/action", "application/json", "{\"pause\": nul}"),
        ("/v2.1/t/servers/s/action", "application/xml", "{\"pause\": null}"),
        ("/v2.1/t/servers", "application/json", "x"),
        ("/v2.1/s/action", "application/json", "{"),
    ] {
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nX-Auth-Token: good\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let mut client = proxy.connect();
        client.send(&request);
        let answer = client.answer("POST");
        assert_eq!(answer.status, "HTTP/1.1 500 Internal Server Error", "{body}");
        assert_eq!(answer.lines(), ["Content-Type: text/plain", "Content-Length: 0", "Connection: close"]);
        assert!(client.is_closed());
    }
    for content_type in ["Content-Type: text/plain\r\n", "Content-Type: JSON\r\n", ""] {
        let request = format!(
            "POST /v2.1/s/action HTTP/1.1\r\nX-Auth-Token: good\r\n{content_type}Content-Length: 15\r\n\r\n{{\"pause\": null}}"
        );
        assert_eq!(proxy.ask(&request).text(), "vim", "{content_type}");
    }
    assert_eq!(nova.count(), 0);
}

/// Contract: nova-api-proxy 7.1.
#[test]
fn chunked_bodies_are_looked_at_and_streamed() {
    let (nova, vim, keystone) = site();
    let proxy = Setup::new(&nova, &vim, &keystone).start();
    let chunked = |path: &str, body: &str| {
        format!("POST {path} HTTP/1.1\r\nX-Auth-Token: good\r\nTransfer-Encoding: chunked\r\n\r\n{body}")
    };
    let answer = proxy.ask(&chunked("/v2.1/s/action", "8\r\n{\"pause\"\r\n7\r\n: null}\r\n0\r\n\r\n"));
    assert_eq!(answer.text(), "vim");
    assert_eq!(
        (vim.last().body.as_slice(), vim.last().header("content-length")),
        (&b"{\"pause\": null}"[..], Some("15"))
    );
    let answer = proxy.ask(&chunked("/v2.1/t/other", "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nT: 1\r\n\r\n"));
    assert_eq!(answer.text(), "nova");
    assert_eq!(
        (nova.last().body.as_slice(), nova.last().header("transfer-encoding")),
        (&b"abcdefg"[..], Some("chunked"))
    );
}

/// Contract: nova-api-proxy 5.1.
#[test]
fn invalid_tokens_and_a_keystone_that_is_away() {
    let (nova, vim, keystone) = site();
    let proxy = Setup::new(&nova, &vim, &keystone).start();
    for token in ["bad", "bad", "with blank", ""] {
        let answer =
            proxy.ask(&format!("POST /x HTTP/1.1\r\nX-Auth-Token: {token}\r\nContent-Length: 2\r\n\r\n{{}}"));
        assert_eq!(answer.code(), 401, "{token}");
        assert_eq!(answer.text(), UNAUTHORIZED);
    }
    let answer = proxy.ask("POST /x HTTP/1.1\r\nX-Storage-Token: good\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(answer.code(), 200);
    let answer = proxy.ask("POST /x HTTP/1.1\r\nX-Auth-Token: good\r\nX-Service-Token: bad\r\n\r\n");
    assert_eq!(answer.code(), 401);
    let answer = proxy.ask("POST /x HTTP/1.1\r\nX-Auth-Token: good\r\nX-Service-Token: good-s\r\n\r\n");
    assert_eq!(answer.code(), 200);
    assert_eq!(nova.last().header("x-service-roles"), Some("admin,member"));
    assert_eq!(nova.last().header("x-service-identity-status"), Some("Confirmed"));
    // own token, bad (once, also as a service token), good, good service, good with an expiry allowed
    assert_eq!(keystone.count(), 5);
    for (accept, content_type) in [
        ("*/*", "text/html; charset=UTF-8"),
        ("application/json", "application/json"),
        ("text/x", "text/plain; charset=UTF-8"),
    ] {
        let answer =
            proxy.ask(&format!("POST /x HTTP/1.1\r\nX-Auth-Token: error\r\nAccept: {accept}\r\n\r\n"));
        assert_eq!(answer.status, "HTTP/1.1 503 Service Unavailable");
        assert_eq!(answer.header("Content-Type"), Some(content_type));
        assert!(
            answer.text().contains("The server is currently unavailable. Please try again at a later time.")
        );
    }
    assert!(proxy.log().contains(
        "CRITICAL keystonemiddleware.auth_token [-] Unable to validate token: Keystone answered 500"
    ));
}

/// Contract: nova-api-proxy 13.5, 5.1.
#[test]
fn without_keystone_posts_get_503_and_gets_work() {
    let (nova, vim, keystone) = site();
    let mut setup = Setup::new(&nova, &vim, &keystone);
    setup.keystone = "http://127.0.0.1:1".to_owned();
    setup.auth_lines = "http_request_max_retries = 0".to_owned();
    let proxy = setup.start();
    assert_eq!(proxy.ask("GET /v2.1/t/servers HTTP/1.1\r\n\r\n").code(), 200);
    let answer = proxy.ask(&post("/v2.1/t/servers/s/action", "{\"pause\": null}"));
    assert_eq!(answer.status, "HTTP/1.1 503 Service Unavailable");
    assert_eq!(vim.count(), 0);
    assert_eq!(proxy.ask("GET / HTTP/1.1\r\n\r\n").code(), 200);
}

/// Contract: nova-api-proxy 5.1: one retry with a new own token; one question per token however many ask.
#[test]
fn tokens_are_asked_for_once_and_the_own_token_is_renewed() {
    let (nova, vim, _) = site();
    let keystone = Lab::start(|request| {
        std::thread::sleep(Duration::from_millis(100));
        let own = request.header("x-auth-token");
        if request.line.starts_with("POST")
            || own != Some("own")
            || request.header("x-subject-token") != Some("good-first")
        {
            return keystone_reply(request);
        }
        // the first time the proxy's own token is not known any more
        static FIRST: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(true);
        if FIRST.swap(false, std::sync::atomic::Ordering::SeqCst) {
            return Reply::Send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n".to_owned());
        }
        keystone_reply(request)
    });
    let proxy = Setup::new(&nova, &vim, &keystone).start();
    let request = "DELETE /x HTTP/1.1\r\nX-Auth-Token: good-first\r\n\r\n";
    assert_eq!(proxy.ask(request).code(), 200);
    assert_eq!(keystone.count(), 4, "own, refused, own again, accepted");
    std::thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| {
                assert_eq!(proxy.ask("DELETE /x HTTP/1.1\r\nX-Auth-Token: good-many\r\n\r\n").code(), 200);
            });
        }
    });
    assert_eq!(keystone.count(), 5);
    assert_eq!(nova.count(), 51);
}

/// Contract: nova-api-proxy 5 (without `authtoken`), lessons row 61.
#[test]
fn without_authtoken_everything_is_forwarded_and_headers_pass() {
    let (nova, vim, keystone) = site();
    let mut setup = Setup::new(&nova, &vim, &keystone);
    setup.pipeline = "version acceptor proxyapp".to_owned();
    let proxy = setup.start();
    let request = "POST /v2.1/s/action HTTP/1.1\r\nHost: h\r\nX-Roles: mine\r\nContent-Length: 15\r\n\r\n{\"pause\": null}";
    assert_eq!(proxy.ask(request).text(), "vim");
    assert_eq!(vim.last().header("x-roles"), Some("mine"));
    let log = proxy.wait_for_log(|log| log.contains("Forward to NFV"));
    assert!(
        log.contains(
            "INFO nova_api_proxy.apps.acceptor [-] POST request issued by user (Keystone middleware disabled) tenant \
             (Keystone middleware disabled) remote address (127.0.0.1) \"POST http://h/v2.1/s/action\"\n"
        ),
        "{log}"
    );
    assert_eq!(proxy.ask("DELETE /v2.1/t/servers/s HTTP/1.1\r\n\r\n").text(), "nova");
    assert_eq!(keystone.count(), 0);
}

/// Contract: nova-api-proxy 4.4 (`delay_auth_decision`).
#[test]
fn a_delayed_decision_lets_requests_go_on_without_identity() {
    let (nova, vim, keystone) = site();
    let mut setup = Setup::new(&nova, &vim, &keystone);
    setup.auth_lines = "delay_auth_decision = True".to_owned();
    let proxy = setup.start();
    for token in ["", "X-Auth-Token: bad\r\n"] {
        let answer =
            proxy.ask(&format!("DELETE /x HTTP/1.1\r\n{token}X-User: forged\r\nX_Roles: forged\r\n\r\n"));
        assert_eq!(answer.code(), 200);
        let received = nova.last();
        assert_eq!(received.header("x-identity-status"), Some("Invalid"));
        assert_eq!((received.header("x-user"), received.header("x-roles")), (None, None));
    }
}

/// Contract: nova-api-proxy 5 (section loaded).
#[test]
fn without_a_pipeline_every_request_is_answered_500() {
    let (nova, vim, keystone) = site();
    let mut setup = Setup::new(&nova, &vim, &keystone);
    setup.pipeline = "version nothing proxyapp".to_owned();
    let proxy = setup.start();
    assert!(proxy.log().contains("got lookup error: No section 'nothing'"));
    for request in ["GET / HTTP/1.1\r\n\r\n".to_owned(), post("/x", "{}")] {
        assert_eq!(proxy.ask(&request).status, "HTTP/1.1 500 Internal Server Error");
    }
    assert_eq!(nova.count(), 0);
}

/// Contract: nova-api-proxy 7.2, 13.7, 13.12.
#[test]
fn answers_pass_as_they_are() {
    let nova = Lab::start(|request| {
        let send = |text: &str| Reply::Send(text.to_owned());
        let close = |text: &str| Reply::SendClose(text.to_owned());
        match request.path() {
            "/redirect" => {
                send("HTTP/1.1 302 Found\r\nLocation: http://internal:18774/x\r\nContent-Length: 0\r\n\r\n")
            }
            "/204" => send("HTTP/1.1 204 No Content\r\n\r\n"),
            "/304" => send("HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"),
            "/chunked" => {
                send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
            }
            "/gzip" => send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nzzzz"),
            "/close" => close("HTTP/1.0 200 Fine\r\nServer: WSGIServer/0.1\r\n\r\nuntil the end"),
            "/cut-head" => close("HTTP/1.0 500 Internal Server Error\r\n"),
            "/no-reason" => close("HTTP/1.0 204 \r\n\r\n"),
            "/continue" => {
                send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
            }
            "/401" => {
                send("HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Nova\r\nContent-Length: 0\r\n\r\n")
            }
            "/reason" => send("HTTP/1.1 404 Instance 7 could not be found\r\nContent-Length: 0\r\n\r\n"),
            "/cookies" => send(
                "HTTP/1.1 200 OK\r\nset-cookie: a\r\nSET-COOKIE: b\r\nx-openstack-request-id: r\r\nKeep-Alive: 5\r\nContent-Length: 0\r\n\r\n",
            ),
            _ => send("HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n"),
        }
    });
    let (_, vim, keystone) = site();
    let proxy = Setup::new(&nova, &vim, &keystone).start();
    for (path, status, headers, body) in [
        (
            "/redirect",
            "HTTP/1.1 302 Found",
            vec!["Location: http://internal:18774/x", "Content-Length: 0"],
            "",
        ),
        ("/204", "HTTP/1.1 204 No Content", vec!["Content-Length: 0"], ""),
        ("/304", "HTTP/1.1 304 Not Modified", vec!["Etag: x", "Content-Length: 0"], ""),
        ("/chunked", "HTTP/1.1 200 OK", vec!["Content-Length: 5"], "abcde"),
        ("/gzip", "HTTP/1.1 200 OK", vec!["Content-Encoding: gzip", "Content-Length: 4"], "zzzz"),
        (
            "/close",
            "HTTP/1.1 200 Fine",
            vec!["Server: WSGIServer/0.1", "Content-Length: 13"],
            "until the end",
        ),
        ("/cut-head", "HTTP/1.1 500 Internal Server Error", vec!["Content-Length: 0"], ""),
        ("/no-reason", "HTTP/1.1 204 ", vec!["Content-Length: 0"], ""),
        ("/continue", "HTTP/1.1 202 Accepted", vec!["Content-Length: 0"], ""),
        ("/401", "HTTP/1.1 401 Unauthorized", vec!["Www-Authenticate: Nova", "Content-Length: 0"], ""),
        ("/reason", "HTTP/1.1 404 Instance 7 could not be found", vec!["Content-Length: 0"], ""),
        (
            "/cookies",
            "HTTP/1.1 200 OK",
            vec!["Set-Cookie: a", "Set-Cookie: b", "X-Openstack-Request-Id: r", "Content-Length: 0"],
            "",
        ),
    ] {
        let answer = proxy.ask(&format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n"));
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.lines(), headers, "{path}");
        assert_eq!(answer.text(), body, "{path}");
        assert!(answer.header("Date").is_some(), "{path}");
    }
    let answer = proxy.ask("HEAD /x HTTP/1.1\r\nX-Auth-Token: good\r\n\r\n");
    assert_eq!((answer.code(), answer.header("Content-Length")), (200, Some("77")));
    let answer = proxy.ask("DELETE /401 HTTP/1.1\r\nX-Auth-Token: good\r\n\r\n");
    assert_eq!(
        answer.lines(),
        [
            "Www-Authenticate: Nova",
            "Content-Length: 0",
            "Www-Authenticate: Keystone uri='http://public:5000'"
        ]
    );
}

/// Contract: nova-api-proxy 7.2, 7.3.
#[test]
fn connections_are_kept_closed_and_used_in_order() {
    let (nova, vim, keystone) = site();
    let proxy = Setup::new(&nova, &vim, &keystone).start();
    let mut client = proxy.connect();
    for _ in 0..3 {
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_eq!(client.answer("GET").lines(), ["Content-Length: 4"]);
    }
    client.send("GET / HTTP/1.1\r\nConnection: keep-alive\r\n\r\n");
    assert_eq!(client.answer("GET").header("Connection"), Some("keep-alive"));
    client.send("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert_eq!(client.answer("GET").header("Connection"), Some("close"));
    assert!(client.is_closed());
    let mut client = proxy.connect();
    client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_eq!(client.answer("GET").header("Connection"), Some("keep-alive"));
    client.send("GET / HTTP/1.0\r\n\r\n");
    let answer = client.answer("GET");
    assert_eq!((answer.status.as_str(), answer.header("Connection")), ("HTTP/1.1 200 OK", Some("close")));
    assert!(client.is_closed());
    assert_eq!(nova.count(), 7);
    assert!(nova.connections.load(std::sync::atomic::Ordering::SeqCst) <= 3, "connections are used again");
}

/// Contract: nova-api-proxy 7.3.
#[test]
fn what_is_too_long_or_no_http_is_refused() {
    let (nova, vim, keystone) = site();
    let proxy = Setup::new(&nova, &vim, &keystone).start();
    let refused = |request: &str| {
        let mut client = proxy.connect();
        client.send(request);
        let answer = client.answer("GET");
        assert!(client.is_closed());
        answer
    };
    let line = |length: usize| format!("X: {}\r\n", "v".repeat(length - 3));
    for (request, status) in [
        (format!("GET /{} HTTP/1.1\r\n\r\n", "p".repeat(50_001)), "HTTP/1.0 414 Request URI Too Long"),
        (format!("GET / HTTP/1.1\r\n{}\r\n", line(17_000)), "HTTP/1.0 400 Header Line Too Long"),
        (format!("GET / HTTP/1.1\r\n{}\r\n", line(16_000).repeat(5)), "HTTP/1.0 400 Headers Too Large"),
        ("GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n".to_owned(), "HTTP/1.0 400 Bad Request"),
        ("GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n".to_owned(), "HTTP/1.0 400 Bad Request"),
    ] {
        let answer = refused(&request);
        assert_eq!(answer.status, status);
        assert_eq!(answer.headers.len(), 2);
        assert_eq!(answer.header("Connection"), Some("close"));
        assert_eq!(answer.header("Content-length"), Some("0"));
    }
    let answer = refused("hello\r\n\r\n");
    assert_eq!((answer.code(), answer.header("Content-Type")), (400, Some("text/html")));
    assert!(answer.text().contains("<h1>Error response</h1>"));
    assert_eq!(nova.count(), 0);
    assert_eq!(proxy.ask(&format!("GET / HTTP/1.1\r\n{}\r\n", line(16_000))).code(), 200);
    assert_eq!(nova.last().header("x").unwrap().len(), 15_997);
    // without a Host
    assert_eq!(proxy.ask("GET / HTTP/1.1\r\n\r\n").code(), 200);
    assert_eq!(
        (nova.last().header("x-forwarded-server"), nova.last().header("x-forwarded-host")),
        (Some(""), None)
    );
}

/// Contract: nova-api-proxy 7.1.
#[test]
fn requests_pass_as_the_contract_rewrites_them() {
    let (nova, vim, keystone) = site();
    let proxy = Setup::new(&nova, &vim, &keystone).start();
    for (target, sent) in [
        ("/a%2fb?x=%2f&y", "/a/b?x=%2f&y"),
        ("/a:b~c,d", "/a%3Ab%7Ec%2Cd"),
        ("/%c3%a9", "/%C3%A9"),
        ("/a//b/../c?", "/a//b/../c?"),
    ] {
        proxy.ask(&format!("GET {target} HTTP/1.1\r\n\r\n"));
        assert_eq!(nova.last().path(), sent);
    }
    proxy.ask(
        "GET / HTTP/1.1\r\nHost: h\r\nX_Under: 1\r\nA: 1\r\na: 2\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Host: f\r\n\
         X-Forwarded-Proto: https\r\nX-Forwarded-Server: evil\r\nX-Forwarded-Scheme: evil\r\nTE: x\r\nKeep-Alive: 1\r\n\r\n",
    );
    let received = nova.last();
    for (name, value) in [
        ("x-under", Some("1")),
        ("a", Some("1,2")),
        ("x-forwarded-for", Some("1.2.3.4")),
        ("x-forwarded-host", Some("f")),
        ("x-forwarded-proto", Some("https")),
        ("x-forwarded-server", Some("h")),
        ("x-forwarded-scheme", Some("http")),
        ("te", None),
        ("keep-alive", None),
        ("content-length", None),
    ] {
        assert_eq!(received.header(name), value, "{name}");
    }
}

/// Contract: nova-api-proxy 7.4, 13.6; the VIM away hurts nobody else.
#[test]
fn an_upstream_that_is_away_is_answered_500_and_the_other_goes_on() {
    let (nova, vim, keystone) = site();
    let mut setup = Setup::new(&nova, &vim, &keystone);
    setup.vim = "127.0.0.1:1".to_owned();
    let proxy = setup.start();
    let action = post("/v2.1/t/servers/s/action", "{\"pause\": null}");
    for _ in 0..3 {
        let mut client = proxy.connect();
        client.send(&action);
        let answer = client.answer("POST");
        assert_eq!(answer.status, "HTTP/1.1 500 Internal Server Error");
        assert_eq!(answer.lines(), ["Content-Type: text/plain", "Content-Length: 0", "Connection: close"]);
        assert!(client.is_closed());
        assert_eq!(proxy.ask("GET /v2.1/t/servers HTTP/1.1\r\n\r\n").text(), "nova");
        assert_eq!(proxy.ask(&post("/v2.1/t/servers", "{\"server\": {}}")).text(), "nova");
    }
    let log = proxy.wait_for_log(|log| log.contains("ERROR"));
    assert!(
        log.contains("POST /v2.1/t/servers/s/action HTTP/1.1 failed at 127.0.0.1:1: cannot connect"),
        "{log}"
    );
}

/// Contract: nova-api-proxy 7.4, 8.1.
#[test]
fn upstreams_that_fail_in_every_way() {
    let nova = Lab::start(|request| match request.path() {
        "/nothing" => Reply::SendClose(String::new()),
        "/garbage" => Reply::SendClose("SSH-2.0-OpenSSH\r\n\r\n".to_owned()),
        "/short" => Reply::SendClose("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc".to_owned()),
        "/cut-chunk" => {
            Reply::SendClose("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc".to_owned())
        }
        "/two-lengths" => Reply::SendClose(
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nabc".to_owned(),
        ),
        "/hang" => Reply::Hang,
        _ => Reply::Reset("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nabc".to_owned()),
    });
    let (_, vim, keystone) = site();
    let proxy = Setup::new(&nova, &vim, &keystone).with("upstream_answer_timeout = 1").start();
    for path in ["/nothing", "/garbage", "/cut-chunk", "/two-lengths", "/hang"] {
        let answer = proxy.ask(&format!("GET {path} HTTP/1.1\r\n\r\n"));
        assert_eq!(answer.status, "HTTP/1.1 500 Internal Server Error", "{path}");
        assert_eq!(answer.text(), "");
    }
    for path in ["/short", "/reset"] {
        let mut client = proxy.connect();
        client.send(&format!("GET {path} HTTP/1.1\r\n\r\n"));
        assert!(client.try_answer("GET").is_none(), "{path}: it must not look whole");
    }
    let log = proxy.wait_for_log(|log| log.contains("GET /reset HTTP/1.1 failed"));
    assert!(log.contains("GET /hang HTTP/1.1 failed at ") && log.contains("no answer within 1 s"), "{log}");
}

/// Contract: nova-api-proxy 7.1 (IPv6), 13.14; lessons row 28.
#[test]
fn ipv6_on_both_sides_and_names() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        eprintln!("this machine has no IPv6");
        return;
    }
    let nova = Lab::start_on("[::1]:0", |_| ok("nova"));
    let vim = Lab::start(|_| ok("vim"));
    let keystone = keystone();
    let mut setup = Setup::new(&nova, &vim, &keystone);
    setup.listen = "::1".to_owned();
    setup.vim = setup.vim.replace("127.0.0.1", "localhost");
    let proxy = setup.start();
    assert_eq!(proxy.ask("GET / HTTP/1.1\r\n\r\n").text(), "nova");
    assert_eq!(nova.last().header("host"), Some(format!("::1:{}", nova.address.port()).as_str()));
    assert_eq!(nova.last().header("x-forwarded-for"), Some("::1"));
    assert_eq!(proxy.ask(&post("/v2.1/s/action", "{\"pause\": null}")).text(), "vim");
}

/// Contract: nova-api-proxy 9.
#[test]
fn the_log_says_what_the_contract_says_and_hides_secrets() {
    let nova = Lab::start(|request| match request.path() {
        "/v2.1/t/os-keypairs" => ok("{\"keypair\": {\"private_key\": \"-----BEGIN\"}}"),
        _ => ok("{\"server\": {\"id\": \"1\", \"adminPass\": \"geheim\"}}"),
    });
    let (_, vim, keystone) = site();
    let proxy = Setup::new(&nova, &vim, &keystone).start();
    proxy.ask(&post("/v2.1/t/servers", "{\"server\": {\"adminPass\": \"geheim\"}}"));
    proxy.ask(&post("/v2.1/t/os-keypairs", "{}"));
    proxy.ask(&post("/v2.1/t/servers/s/action?x=1", "{\"reboot\": {\"type\": \"SOFT\"}}"));
    proxy.ask(
        &post("/v2.1/t/servers/s/action", "{\"pause\": null}")
            .replace("Content-Type: application/json\r\n", ""),
    );
    proxy.ask(&post("/v2.1/t/servers/s/action", "{\"rebuild\": {\"adminPass\": \"geheim\"}}"));
    let log =
        proxy.wait_for_log(|log| log.contains("(rebuild)") && log.matches("POST response body").count() == 5);
    let acceptor = "INFO nova_api_proxy.apps.acceptor [-] ";
    for text in [
        "INFO nova_api_proxy.common.config [-] Load application: config: (/",
        "/api-proxy-paste.ini), app: (nova-api-proxy)\n",
        &format!("INFO nova_api_proxy.common.service [-] osapi_proxy listening on {}\n", proxy.address),
        "INFO keystonemiddleware.auth_token [-] Starting Keystone auth_token middleware\n",
        &format!(
            "{acceptor}POST request issued by user (admin) tenant (demo) remote address (127.0.0.1) \"POST \
             http://public:8774/v2.1/t/servers\"\n"
        ),
        &format!(
            "{acceptor}Forward to NFV \"POST http://public:8774/v2.1/t/servers/s/action?x=1\", action: (reboot), \
             val:({{u'type': u'SOFT'}})\n"
        ),
        &format!("{acceptor}Content type null or plain text\n"),
        "action: (pause), val:(None)\n",
        "action: (rebuild), val:({u'adminPass': u'***'})\n",
        "INFO nova_api_proxy.apps.proxy [-] POST response body: ['{\"server\": {\"id\": \"1\", \"adminPass\": \"***\"}}']\n",
        "INFO nova_api_proxy.apps.proxy [-] POST response body: <keypair. redacted>\n",
        "POST response body: ['vim']\n",
    ] {
        assert!(log.contains(text), "{text}\n{log}");
    }
    assert!(!log.contains("geheim") && !log.contains("BEGIN") && !log.contains("DEBUG"));
    let line = log.lines().next().unwrap();
    assert!(
        line.as_bytes()[..23]
            .iter()
            .zip(b"0000-00-00 00:00:00.000")
            .all(|(a, b)| a == b || a.is_ascii_digit())
    );
}

/// Contract: nova-api-proxy 9.2, 9.3, 7.4.
#[test]
fn debug_shows_what_the_contract_says() {
    let (nova, vim, keystone) = site();
    let mut setup = Setup::new(&nova, &vim, &keystone).with("debug = True\nshow_request_body = True");
    setup.pipeline = format!("debug_header {PIPELINE}");
    let proxy = setup.start();
    proxy.ask(
        "GET /v2.1/x HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 9.9.9.9\r\nX-Auth-Token: secret-token\r\n\r\n",
    );
    proxy.ask(&post(
        "/v2.1/t/servers/s/action",
        "{\"pause\": null, \"a\": {\"adminPass\": \"geheim\", \"b\": [1]}}",
    ));
    let answer = proxy.ask(&post("/v2.1/t/servers/s/action", "x"));
    assert!(answer.text().contains("no JSON object"), "with debug the answer says why");
    let answer = proxy.ask(
        "PUT /v2.1/t/servers/s HTTP/1.1\r\nX-Auth-Token: good\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n{",
    );
    assert_eq!(answer.code(), 500, "with debug a body is parsed that is only printed");
    let log = proxy.wait_for_log(|log| log.matches("status: 500").count() == 2);
    for text in [
        "VersionController forward the version request to remote host: (127.0.0.1), port: (",
        "\"GET /v2.1/x HTTP/1.1\" status: 200 len: ",
        "9.9.9.9,127.0.0.1 \"GET",
        "Found match action!!!!!",
        "Check if it is a NFVI action",
        "APIDispatcher dispatch the request to remote host: (127.0.0.1), port: (",
        "Req body: ({\"pause\": null, \"a\": {\"adminPass\": \"***\"",
        "adminPass : ***",
        "pause : None",
        "Proxy the request to the remote host: (127.0.0.1:",
        "accepted ('127.0.0.1', ",
        "Incoming headers: (GET http://h/v2.1/x)\n\n",
        "  X-Auth-Token: ***\n\n",
        &"-".repeat(70),
    ] {
        assert!(log.contains(text), "{text}\n{log}");
    }
    assert!(!log.contains("geheim") && !log.contains("secret-token"));
    assert_eq!(vim.last().body.len(), 55, "the body that was shown still arrives");
}

/// Contract: nova-api-proxy 8.2: idle clients hold no place here.
#[test]
fn places_are_for_requests_and_wait_their_turn() {
    let nova = Lab::start(|_| {
        Reply::Late(Duration::from_millis(200), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned())
    });
    let (_, vim, keystone) = site();
    let proxy = Setup::new(&nova, &vim, &keystone).with("pool_size = 1").start();
    let idle: Vec<_> = (0..20).map(|_| proxy.connect()).collect();
    let begun = std::time::Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| assert_eq!(proxy.ask("GET / HTTP/1.1\r\n\r\n").code(), 200));
        }
    });
    assert!(begun.elapsed() >= Duration::from_millis(600), "one at a time");
    drop(idle);
}

/// Contract: nova-api-proxy 4.4, 5.1: the identity endpoint of the catalog, and roles of services.
#[test]
fn tokens_are_validated_where_the_catalog_says_and_services_need_their_role() {
    let validating = keystone();
    let address = validating.address;
    let login = Lab::start(move |request| {
        assert_eq!(request.path(), "/v3/auth/tokens");
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        let identity = &body["auth"]["identity"];
        assert_eq!(identity["methods"], serde_json::json!(["password"]));
        assert_eq!(identity["password"]["user"]["domain"]["name"], "Default");
        assert_eq!(body["auth"]["scope"]["project"]["name"], "services");
        let body = format!(
            "{{\"token\": {{\"catalog\": [{{\"type\": \"identity\", \"endpoints\": [\
             {{\"region\": \"Other\", \"interface\": \"admin\", \"url\": \"http://127.0.0.1:1/v3\"}}, \
             {{\"region\": \"One\", \"interface\": \"public\", \"url\": \"http://127.0.0.1:1/v3\"}}, \
             {{\"region\": \"One\", \"interface\": \"admin\", \"url\": \"http://{address}/v2.0/\"}}]}}]}}}}"
        );
        let length = body.len();
        Reply::Send(format!(
            "HTTP/1.1 201 Created\r\nX-Subject-Token: own\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    });
    let (nova, vim, _) = site();
    let mut setup = Setup::new(&nova, &vim, &login);
    setup.auth_lines =
        "region_name = One\nservice_token_roles = ours\nservice_token_roles_required = True\ninclude_service_catalog = 0".to_owned();
    let proxy = setup.start();
    assert_eq!(proxy.ask("DELETE /x HTTP/1.1\r\nX-Auth-Token: good\r\n\r\n").code(), 200);
    assert_eq!(validating.last().path(), "/v3/auth/tokens");
    assert_eq!(
        (validating.last().header("x-auth-token"), validating.last().header("x-subject-token")),
        (Some("own"), Some("good"))
    );
    assert_eq!(nova.last().header("x-service-catalog"), None);
    let answer = proxy.ask("DELETE /x HTTP/1.1\r\nX-Auth-Token: good\r\nX-Service-Token: good-s\r\n\r\n");
    assert_eq!(answer.code(), 401, "it has not the role that is asked for");
    assert_eq!(login.count(), 1);
}

/// Contract: nova-api-proxy 5 (other factory), 4.2 (`wsgi_log_format`).
#[test]
fn the_debug_proxy_shows_both_heads_and_the_access_line_has_its_format() {
    let (nova, vim, keystone) = site();
    let format = "wsgi_log_format = <%(status_code)d %(client_ip)s %(wall_seconds).1f $$>";
    let mut setup = Setup::new(&nova, &vim, &keystone).with(&format!("debug = True\n{format}"));
    setup.pipeline = format!("{PIPELINE}\n[unused:x]");
    let proxy = setup.debug_proxy();
    assert_eq!(proxy.ask(&post("/v2.1/s/action", "{\"pause\": null}")).text(), "vim");
    let log = proxy.wait_for_log(|log| log.contains("<200 "));
    for text in [
        "REQ header: (X-Auth-Token: ***)",
        "REQ header: (Host: public:8774)",
        "REQ body: ({\"pause\": null})",
        "RESP header: (Content-Length: 3)",
        "<200 127.0.0.1 0.0 $>",
    ] {
        assert!(log.contains(text), "{text}\n{log}");
    }
}
