//! The process from outside: every URL of the contract, byte for byte where it says so, and what is closed now.

#![allow(clippy::unwrap_used)] // a test may

mod decisions;
mod fuzz;
mod site;
mod world;

use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use world::{Answer, World};

fn jsonp(answer: &Answer, name: &str) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let text = String::from_utf8(answer.body.clone()).unwrap();
    let inner = text.strip_prefix(&format!("{name}(")).and_then(|rest| rest.strip_suffix(')'));
    serde_json::from_str(inner.unwrap_or_else(|| panic!("{text}"))).unwrap()
}

#[test]
fn jsonp_lists_have_the_contracts_keys_and_pythons_form() {
    let world = World::start("");
    let groups = world.get("/vim/host_groups?callback=cb&_=1");
    let expected = "cb({\"host_groups\": [{\"members\": [\"storage-0\", \"storage-1\"], \"name\": \"group-0\", \
                    \"nfvi_host_group\": {\"member_names\": [\"storage-0\", \"storage-1\"], \"name\": \"group-0\", \
                    \"policies\": [\"storage-replication\"]}, \"policies\": [\"storage-replication\"]}]})";
    assert_eq!(String::from_utf8_lossy(&groups.body), expected);
    let contract =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/contract/vim-api.md"));
    let contract = contract.unwrap();
    let section = contract.split("## 3.3").nth(1).unwrap().split("## 3.4").next().unwrap();
    for (list, count) in [
        ("systems", 1),
        ("hosts", 24),
        ("host_groups", 1),
        ("host_aggregates", 2),
        ("hypervisors", 20),
        ("instances", 60),
        ("instance_types", 4),
        ("instance_groups", 8),
        ("images", 4),
        ("volumes", 60),
        ("volume_snapshots", 1),
        ("subnets", 6),
        ("networks", 6),
    ] {
        let answer = jsonp(&world.get(&format!("/vim/{list}?callback=x&_=1")), "x");
        let rows = answer[list].as_array().unwrap();
        assert_eq!(rows.len(), count, "{list}");
        assert_eq!(answer.as_object().unwrap().len(), 1);
        // the keys of the contract's row, and no other
        let row = section.lines().find(|line| line.starts_with(&format!("| {list} |"))).unwrap();
        let mut depth = 0;
        let mut keys: Vec<String> = Vec::new();
        for (index, part) in row.split('`').enumerate() {
            if index % 2 == 0 {
                depth += part.matches('{').count() as i32 - part.matches('}').count() as i32;
            } else if depth == 0 {
                keys.push(part.to_owned());
            }
        }
        keys.sort();
        let found: Vec<&String> = rows[0].as_object().unwrap().keys().collect();
        let optional = |key: &&String| list == "instances" && key.as_str() == "guest_services";
        let found: Vec<&String> = found.into_iter().filter(|key| !optional(key)).collect();
        let keys: Vec<&String> = keys.iter().filter(|key| !optional(key)).collect();
        assert_eq!(found, keys, "{list}");
    }
}

#[test]
fn an_instance_is_shown_in_full() {
    let world = World::start("");
    let all = jsonp(&world.get("/vim/instances?callback=x&"), "x");
    let instance =
        all["instances"].as_array().unwrap().iter().find(|one| one["name"] == "vdu-00045").unwrap();
    assert_eq!(instance["action_data"]["action_state"], "completed", "nothing is under way to a reader");
    assert_eq!(instance["action_data"]["nfvi_action_data"]["action_type"], "live-migrate");
    assert_eq!(instance["action_data"]["nfvi_action_data"]["context"], json!({}));
    assert_eq!(instance["last_action_data"]["action_state"], Value::Null);
    assert!(instance.get("guest_services").is_none(), "its flavor asks for none");
    let with = all["instances"].as_array().unwrap().iter().find(|one| one["name"] == "mme-00048").unwrap();
    assert_eq!(
        with["guest_services"],
        json!({
            "state": "enabled",
            "services": {"heartbeat": "enabled"},
            "nfvi_guest_services": [
                {"name": "heartbeat", "admin_state": "unlocked", "oper_state": "enabled", "restart_timeout": 300}
            ],
        })
    );
}

#[test]
fn the_counters_count() {
    let world = World::start("");
    let overview =
        jsonp(&world.get("/vim/overview?callback=dropDownBannerCallback&_=2"), "dropDownBannerCallback");
    assert_eq!(overview.as_object().unwrap().len(), 28);
    for (key, count) in [
        ("total_hosts", 24),
        ("enabled_hosts", 20),
        ("disabled_hosts", 3),
        ("locked_hosts", 2),
        ("unlocked_hosts", 22),
        ("locking_hosts", 1),
        ("unlocking_hosts", 0),
        ("offline_hosts", 1),
        ("failed_hosts", 1),
        ("nfvi_enabled_hosts", 20),
        ("total_instances", 60),
        ("locked_instances", 0),
        ("deleted_instances", 0),
    ] {
        assert_eq!(overview[key], count, "{key}");
    }
    let datetime = overview["datetime"].as_str().unwrap();
    assert_eq!((datetime.len(), &datetime[10..11], &datetime[19..20]), (23, " ", "."));
    let alarms = jsonp(&world.get("/vim/alarms?callback=systemBannerCallback&_=2"), "systemBannerCallback");
    let counts: Vec<_> = ["critical", "major", "minor", "warning", "indeterminate"]
        .iter()
        .map(|severity| alarms[format!("{severity}_alarms")].as_u64().unwrap())
        .collect();
    assert_eq!(counts, [1, 2, 0, 1, 1]);
    let asked = world.platform.requests();
    assert!(
        asked.iter().any(|request| request.starts_with("GET /alarms?include_suppress=True ")),
        "{asked:?}"
    );
    assert_eq!(asked.iter().filter(|request| request.starts_with("POST /v3/auth/tokens ")).count(), 1);
}

#[test]
fn what_is_no_jsonp_is_refused_as_ever() {
    let world = World::start("");
    for url in ["/vim/hosts", "/vim/overview?callback=x", "/vim/alarms", "/vim/hosts?callback=alert(1)//&_=1"]
    {
        let answer = world.get(url);
        assert_eq!(answer.status_line(), "400 Bad Request: does not exist", "{url}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert!(answer.body.is_empty());
    }
    for method in ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"] {
        let answer = world.request(method, "/vim/hosts?callback=x&", &[], b"");
        assert_eq!(answer.status_line(), format!("501 Unsupported method ('{method}')"));
        assert_eq!(answer.header("content-type"), Some("text/html"));
        if method == "POST" {
            let page = "<head>\n<title>Error response</title>\n</head>\n<body>\n<h1>Error response</h1>\n\
                        <p>Error code 501.\n<p>Message: Unsupported method ('POST').\n\
                        <p>Error code explanation: 501 = Server does not support this operation.\n</body>\n";
            assert_eq!(String::from_utf8_lossy(&answer.body), page);
        }
    }
}

#[test]
fn files_of_the_source_directory_are_served_and_no_others() {
    let world = World::start("");
    let source = world.directory().join("source");
    std::fs::create_dir_all(source.join("html")).unwrap();
    std::fs::create_dir_all(source.join("fonts")).unwrap();
    std::fs::write(source.join("html/index.html"), "<old page>").unwrap();
    std::fs::write(source.join("fonts/g.woff2"), [0, 159, 146, 150]).unwrap();
    std::fs::write(world.directory().join("secret.html"), "secret").unwrap();
    let page = world.get("/html/index.html");
    assert_eq!(
        (page.status, page.header("content-type"), page.body.as_slice()),
        (200, Some("text/html"), &b"<old page>"[..])
    );
    let font = world.get("/fonts/g.woff2");
    assert_eq!((font.header("content-type"), font.body.len()), (Some("application/font-woff"), 4));
    for bad in [
        "/../secret.html",
        "/html/../../secret.html",
        "/fonts/../../secret.html",
        "/fonts/../../nfvi.ini",
        "/html/index.html?x",
        "/none.js",
        "/etc/passwd",
    ] {
        let answer = world.get(bad);
        assert_eq!((answer.status, answer.body.len()), (404, 0), "{bad}");
    }
}

#[test]
fn the_console_is_in_the_binary_and_may_run_nothing_from_elsewhere() {
    let world = World::start("");
    let index = world.get("/");
    assert_eq!(index.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = index.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("unsafe"),
        "{policy}"
    );
    for name in ["x-content-type-options", "x-frame-options", "referrer-policy", "etag"] {
        assert!(index.header(name).is_some(), "{name}");
    }
    let tag = index.header("etag").unwrap();
    assert_eq!(world.request("GET", "/", &[("If-None-Match", tag)], b"").status, 304);
    assert_eq!(world.get("/windriver-favicon.ico").header("content-type"), Some("image/svg+xml"));
    assert_eq!(
        world.request("GET", "/vim/hosts?callback=x&", &[("Sec-Fetch-Site", "cross-site")], b"").status,
        403
    );
}

#[test]
fn the_stream_tells_of_a_change_and_the_state_fits_to_it() {
    let mut world = World::start("");
    world.until("the database is read", |world| world.json("/console/api/state")["revision"] != 0);
    let state = world.json("/console/api/state");
    assert_eq!(
        (state["hosts"].as_array().unwrap().len(), state["instances"].as_array().unwrap().len()),
        (24, 60)
    );
    assert_eq!(state["held_alarms"].as_array().unwrap().len(), 2);
    assert_eq!(world.request("HEAD", "/console/stream", &[], b"").status, 200);
    assert_eq!(world.json("/healthz")["streams"], 0, "asking for the head takes no place");
    let mut stream = world.stream("/console/stream");
    assert_eq!(stream.event("hello")["revision"], state["revision"]);
    world.fail_instance(20);
    let change = stream.event("change");
    assert_eq!(change["from"], state["revision"]);
    assert_eq!(change["instances"][0][3], "failed");
    assert_eq!(change["instances"].as_array().unwrap().len(), 1);
    let entry = stream.event("entry");
    assert_eq!(entry["text"], "pgw-00020: running → failed");
    let detail = world.json(&format!("/console/api/instance/{}", site::uuid(2, 20)));
    assert_eq!(detail["detail"]["nfvi_instance"]["oper_state"], "disabled");
    assert!(detail["detail"]["action_data"]["nfvi_action_data"].get("context").is_none());
    assert_eq!(detail["entries"].as_array().unwrap().last().unwrap()["text"], entry["text"]);
    let host = world.json("/console/api/host/compute-3");
    assert!(host["entries"].as_array().unwrap().len() > 3, "what names the host is its history");
    assert_eq!(world.get("/console/api/host/none").status, 404);
    assert_eq!(world.get("/console/api/instance/%ff").status, 400);
    assert_eq!(world.get("/console/api/stock/none").status, 404);
    assert_eq!(world.json("/console/api/stock/networks")["rows"].as_array().unwrap().len(), 6);
    assert_eq!(world.json("/console/api/entries?limit=2").as_array().unwrap().len(), 2);
}

#[test]
fn health_and_metrics_follow_the_database() {
    let world = World::start("");
    world.until("healthy", |world| world.get("/healthz").status == 200);
    world.until("alarms asked for", |world| world.json("/healthz")["fault_management"]["ok"] == true);
    let text = String::from_utf8(world.get("/metrics").body).unwrap();
    for line in [
        "nfv_webserver_hosts{condition=\"in-service\"} 19",
        "nfv_webserver_instances{condition=\"running\"} ",
        "nfv_webserver_alarms{severity=\"major\"} 2",
        "nfv_webserver_database_up 1",
        "nfv_webserver_fault_management_up 1",
        "# EOF",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!text.contains("compute-") && !text.contains("0002-5eed"), "no names in labels");
    let (database, gone) = (world.directory().join("db"), world.directory().join("gone"));
    std::fs::rename(&database, &gone).unwrap();
    world.until("unhealthy", |world| world.get("/healthz").status == 503);
    let answer = world.get("/vim/hosts?callback=x&");
    assert_eq!((answer.status, answer.body.len()), (503, 0));
    assert_eq!(
        world.json("/console/api/state")["hosts"].as_array().unwrap().len(),
        24,
        "what was known stays"
    );
    std::fs::rename(&gone, &database).unwrap();
    world.until("healthy again", |world| world.get("/healthz").status == 200);
    world.platform.fail(true);
    world.until("alarms fail", |world| world.json("/healthz")["fault_management"]["ok"] == false);
    assert_eq!(world.get("/vim/alarms?callback=x&").status, 503);
    assert_eq!(world.get("/healthz").status, 200, "the rest lives");
}

#[test]
fn without_a_database_it_waits_and_creates_nothing() {
    let world = World::start_empty();
    world.until("unhealthy", |world| world.get("/healthz").status == 503);
    assert!(!Path::new(&world.directory().join("db")).exists());
    assert_eq!(world.json("/console/api/state")["source"]["known"], false);
    world.fill();
    world.until("found", |world| world.get("/healthz").status == 200);
    assert_eq!(jsonp(&world.get("/vim/hosts?callback=x&"), "x")["hosts"].as_array().unwrap().len(), 24);
}

#[test]
fn a_login_is_asked_for_where_it_is_configured() {
    let world = World::start("login=keystone\n");
    for url in [
        "/vim/hosts?callback=x&",
        "/console/api/state",
        "/console/stream",
        "/html/index.html",
        "/console/api/host/compute-0",
    ] {
        assert_eq!(world.get(url).status, 401, "{url}");
    }
    for url in ["/", "/console/main.js", "/healthz", "/metrics"] {
        assert_ne!(world.get(url).status, 401, "{url}");
    }
    assert_eq!(world.json("/console/api/session"), json!({"login": true, "person": null}));
    let own = [("Content-Type", "application/json"), ("X-Nfv-Console", "1")];
    let login = |headers: &[(&str, &str)], name: &str, password: &str| {
        let body = json!({"name": name, "password": password}).to_string();
        world.request("POST", "/console/api/login", headers, body.as_bytes())
    };
    assert_eq!(
        login(&[("Content-Type", "application/json")], "admin", "sesame").status,
        403,
        "no header of its own"
    );
    assert_eq!(
        login(&[("Content-Type", "text/plain"), own[1]], "admin", "sesame").status,
        403,
        "a form could do that"
    );
    assert_eq!(login(&[own[0], own[1], ("Sec-Fetch-Site", "cross-site")], "admin", "sesame").status, 403);
    let looked_at = world.get("/console/api/login");
    assert_eq!((looked_at.status, looked_at.header("allow")), (405, Some("POST")));
    assert_eq!(world.request("POST", "/console/api/login", &own, b"{}").status, 400);
    assert_eq!(world.request("POST", "/console/api/login", &own, &[b' '; 9000]).status, 413);
    assert_eq!(login(&own, "guest", "sesame").status, 403);
    let good = login(&own, "admin", "sesame");
    assert_eq!(good.status, 200);
    let cookie = good.header("set-cookie").unwrap();
    assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
    let session = [("Cookie", cookie.split(';').next().unwrap())];
    assert_eq!(world.request("GET", "/vim/hosts?callback=x&", &session, b"").status, 200);
    let mut stream = world.stream_with("/console/stream", &session);
    stream.event("hello");
    let out = [session[0], own[0], own[1]];
    assert_eq!(world.request("POST", "/console/api/logout", &out, b"{}").status, 200);
    assert_eq!(world.request("GET", "/vim/hosts?callback=x&", &session, b"").status, 401);
    assert!(stream.ends(), "a stream does not outlive its session");
    for _ in 0..5 {
        let status = login(&own, "admin", "wrong").status;
        assert!(matches!(status, 401 | 429), "{status}");
    }
    assert_eq!(login(&own, "admin", "sesame").status, 429, "guessing is slowed down");
    let log = world.log();
    assert!(
        log.contains("admin logged in from") && !log.contains("sesame") && !log.contains("wrong"),
        "{log}"
    );
}

#[test]
fn only_the_configured_names_are_answered() {
    let world = World::start("allowed_hosts = cloud1.example.org, controller\n");
    world.until("healthy", |world| world.get("/healthz").status == 200);
    let status =
        |host: &str, target: &str| world.exchange("GET", target, &format!("Host: {host}\r\n")).status;
    let data = ["/", "/vim/hosts?callback=x&", "/console/api/state", "/console/main.js", "/html/none.html"];
    for target in data {
        let here = world.get(target).status;
        for host in ["cloud1.example.org:32323", "CONTROLLER", "localhost", "192.0.2.7:80", "[::1]:32323"] {
            assert_eq!(status(host, target), here, "{host} {target}");
        }
        for host in ["evil.example:32323", "127.0.0.1.evil.example", "evil.cloud1.example.org", ""] {
            assert_eq!(status(host, target), 421, "{host} {target}");
        }
        let absolute = format!("http://evil.example{target}");
        assert_eq!(status("controller", &absolute), 421, "the name in the target counts as well");
    }
    let log_in = world.exchange("POST", "/console/api/login", "Host: evil.example\r\n");
    assert_eq!(log_in.status, 421);
    for probe in ["/healthz", "/metrics"] {
        assert_eq!(status("evil.example", probe), 200, "{probe}");
    }
    // an old client sends no name
    assert_eq!(world.exchange_as("HTTP/1.0", "GET", "/vim/hosts?callback=x&", "").status, 200);
    let open = World::start("");
    assert_eq!(open.exchange("GET", "/", "Host: any.example\r\n").status, 200, "as in the original");
}

#[test]
fn signals_flag_file_and_exit_codes() {
    for (signal, code) in [(nix::sys::signal::SIGTERM, 0), (nix::sys::signal::SIGINT, 0)] {
        let mut world = World::start("");
        // a page that is open does not hold it up
        let mut stream = world.stream("/console/stream");
        stream.event("hello");
        world.signal(nix::sys::signal::SIGHUP);
        world.signal(nix::sys::signal::SIGUSR1);
        world.until("it says so", |world| world.log().contains("Signal USR1 means nothing here"));
        assert_eq!(world.get("/healthz").header("content-type"), Some("application/json"));
        let flag = world.directory().join("run/.nfv-vim-webserver.not_running");
        assert!(!flag.exists());
        world.signal(signal);
        assert_eq!(world.wait(), Some(code));
        assert!(flag.exists());
        let log = world.log();
        assert!(
            log.contains("VIM-WEB_Thread[") && log.contains("vim_webserver.py.") && log.contains("Started"),
            "{log}"
        );
    }
    assert_eq!(world::run(&["--help"]).0, Some(0));
    assert_eq!(world::run(&["--nonsense"]).0, Some(2));
}

#[test]
fn after_a_kill_the_next_one_serves_on_the_same_port() {
    let mut world = World::start("");
    world.until("the database is read", |world| world.json("/console/api/state")["revision"] != 0);
    // a page is open when it dies
    let mut stream = world.stream("/console/stream");
    stream.event("hello");
    let (flag, port) = (world.directory().join("run/.nfv-vim-webserver.not_running"), world.port());
    world.signal(nix::sys::signal::SIGKILL);
    assert_eq!(world.wait(), None);
    assert!(!flag.exists(), "who looks for a sign of an end finds that the process has gone");
    world.start_again();
    assert_eq!(world.port(), port);
    world.until("the database is read", |world| {
        world.json("/console/api/state")["hosts"].as_array().is_some_and(|hosts| hosts.len() == 24)
    });
    world.signal(nix::sys::signal::SIGTERM);
    assert_eq!(world.wait(), Some(0));
    assert!(flag.exists());
}

#[test]
fn it_ends_in_time_whoever_waits() {
    for signal in [nix::sys::signal::SIGTERM, nix::sys::signal::SIGINT] {
        let mut world = World::start("");
        // one says nothing, one does not end what it says, one does not read what it is told
        let _silent = std::net::TcpStream::connect(("127.0.0.1", world.port())).unwrap();
        let mut slow = std::net::TcpStream::connect(("127.0.0.1", world.port())).unwrap();
        std::io::Write::write_all(&mut slow, b"GET / HTTP/1.1\r\nHo").unwrap();
        let _stream = world.stream("/console/stream");
        world.signal(signal);
        assert_eq!(world.wait(), Some(0), "{}", world.errors());
    }
}

/// The levels of debug.ini are read again at SIGHUP; what clients do wrong is written only where they ask for it.
#[test]
fn malformed_requests_do_not_fill_the_log() {
    let world = World::start("");
    let malformed = || assert_eq!(world.raw(b"no HTTP at all\r\n\r\n").unwrap().status, 400);
    (0..20).for_each(|_| malformed());
    // lines come in order
    world.signal(nix::sys::signal::SIGUSR1);
    world.until("it says so", |world| world.log().contains("Signal USR1 means nothing here"));
    assert!(!world.log().contains("ERROR"), "{}", world.log());
    let shown = "[debug-overall]\ndebug_level: debug.level.info\ntrace_level: debug.level.none\n\
                 [debug-loggers]\nactix_http: debug.level.error\n";
    std::fs::write(world.directory().join("debug.ini"), shown).unwrap();
    world.signal(nix::sys::signal::SIGHUP);
    world.until("the levels are read again", |world| {
        malformed();
        world.log().contains("stream error")
    });
}

#[test]
fn a_bad_configuration_ends_with_200_and_says_why() {
    let world = World::start("");
    let config = world.directory().join("bad.ini");
    let text = std::fs::read_to_string(world.directory().join("config.ini")).unwrap();
    std::fs::write(&config, text.replace("port=0", "port=web")).unwrap();
    let (code, out) = world::run(&["-c", config.to_str().unwrap()]);
    assert_eq!(code, Some(200));
    assert!(out.contains("port = 'web' is not an integer"), "{out}");
    let flag = world.directory().join("run/.nfv-vim-webserver.not_running");
    assert!(flag.exists());
    // the port is taken
    std::fs::write(&config, text.replace("port=0", &format!("port={}", world.port()))).unwrap();
    let (code, out) = world::run(&["-c", config.to_str().unwrap()]);
    assert_eq!(code, Some(200));
    assert!(out.contains("cannot listen on 127.0.0.1 port"), "{out}");
}

#[test]
fn it_listens_on_ipv6() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        eprintln!("this machine has no IPv6");
        return;
    }
    let world = World::start_on("::1", "");
    assert_eq!(world.get("/").status, 200);
}

#[test]
fn the_vim_is_never_kept_waiting() {
    let world = World::start("");
    let mut longest = Duration::ZERO;
    let mut database = nfv_vim_db::Database::open(&world.directory().join("db")).unwrap();
    for round in 0..100 {
        world.get("/vim/instances?callback=x&");
        let began = std::time::Instant::now();
        let row = site::instance(round % 60, "compute-1", site::RUNNING);
        database.apply(&[nfv_vim_db::Write::PutInstance(row)]).unwrap();
        longest = longest.max(began.elapsed());
    }
    database.close().unwrap();
    let log = world.directory().join("db/vim_db_v1-wal");
    assert_eq!(std::fs::metadata(log).map_or(0, |found| found.len()), 0, "closing leaves nothing behind");
    println!("longest of 100 commits beside readers: {longest:?}");
}
