//! The process: command line, start, files, signals, TLS.
//!
//! Contract: nova-api-proxy 2, 3, 4.2; lessons row 62.
#![allow(clippy::unwrap_used)]

mod lab;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lab::*;
use nix::sys::signal::Signal;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};

const PROGRAM: &str = env!("CARGO_BIN_EXE_nova-api-proxy");

fn run(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).env("HOME", "/nonexistent").output().unwrap()
}

/// Contract: nova-api-proxy 2, 2.2.
#[test]
fn the_command_line_has_the_contracts_texts_and_exit_codes() {
    let help = run(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    let text = String::from_utf8(help.stdout).unwrap();
    assert!(text.starts_with("usage: nova-api-proxy [-h] [--config-dir DIR] [--config-file PATH] [--debug]"));
    let version = run(&["--version"]);
    assert_eq!((version.status.code(), version.stdout.as_slice()), (Some(0), &b"1.0\n"[..]));
    let wrong = run(&["--what", "x"]);
    assert_eq!(wrong.status.code(), Some(2));
    let text = String::from_utf8(wrong.stderr).unwrap();
    assert!(
        text.starts_with("usage: ")
            && text.ends_with("nova-api-proxy: error: unrecognized arguments: --what x\n")
    );
    assert_eq!(run(&["--config-file", "/none.conf"]).status.code(), Some(200));
}

/// A directory with the configuration files, the main one with these lines.
fn configured(lines: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let run_dir = directory.path().display();
    let main = format!(
        "[DEFAULT]\nosapi_proxy_listen = 127.0.0.1\nosapi_proxy_listen_port = 0\nrun_dir = {run_dir}\n{lines}\n\
         [keystone_authtoken]\nadmin_user = nova\nadmin_tenant_name = services\n"
    );
    std::fs::write(directory.path().join("nova-api-proxy.conf"), main).unwrap();
    let paste = include_str!("../etc/api-proxy-paste.ini");
    std::fs::write(directory.path().join("api-proxy-paste.ini"), paste).unwrap();
    directory
}

fn start(directory: &Path) -> Output {
    run(&["--config-file", directory.join("nova-api-proxy.conf").to_str().unwrap()])
}

/// Contract: nova-api-proxy 2.1, 2.2, 4.2.
#[test]
fn whatever_goes_wrong_at_the_start_ends_it_with_200() {
    let busy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = busy.local_addr().unwrap().port();
    let there = "/etc/passwd";
    for (lines, text, pid_file) in [
        ("api_paste_config = none.ini".to_owned(), "Unable to locate config file", false),
        ("use_ssl = maybe".to_owned(), "use_ssl = 'maybe' is not a boolean", false),
        ("debug = maybe".to_owned(), "debug = 'maybe' is not a boolean", false),
        (format!("osapi_proxy_listen_port = {port}"), "Address already in use", true),
        (
            format!("use_ssl = true\nssl_cert_file = /none\nssl_key_file = {there}"),
            "Unable to find cert_file : /none",
            true,
        ),
        (
            format!("use_ssl = true\nssl_cert_file = {there}\nssl_key_file = /none"),
            "Unable to find key_file : /none",
            true,
        ),
        (
            format!("use_ssl = true\nssl_cert_file = {there}\nssl_key_file = {there}\nssl_ca_file = /none"),
            "Unable to find ca_file : /none",
            true,
        ),
        ("use_ssl = true".to_owned(), "you must specify both a cert_file and key_file option value", true),
        (
            format!("use_ssl = true\nssl_cert_file = {there}\nssl_key_file = {there}"),
            "cannot use key_file /etc/passwd",
            true,
        ),
        ("no assignment".to_owned(), "neither section, comment nor 'key = value'", false),
    ] {
        let directory = configured(&lines);
        let output = start(directory.path());
        let log = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(200), "{lines}: {log}");
        assert!(log.contains(text), "{lines}: {log}");
        assert_eq!(directory.path().join("nova-api-proxy.pid").exists(), pid_file, "{lines}");
    }
    let directory = configured("");
    let paste = include_str!("../etc/api-proxy-paste.ini")
        .replace("VersionAcceptor.factory", "VersionAcceptor.factory\nx = 1");
    std::fs::write(directory.path().join("api-proxy-paste.ini"), paste).unwrap();
    let output = start(directory.path());
    assert_eq!(output.status.code(), Some(200));
    assert!(String::from_utf8(output.stderr).unwrap().contains("[filter:version] has an unexpected key 'x'"));
}

/// Contract: nova-api-proxy 2.3, 3, 9.4.
#[test]
fn signals_do_what_the_contract_says() {
    let (nova, vim, keystone) = site();
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut proxy = Setup::new(&nova, &vim, &keystone).start();
        let pid = std::fs::read_to_string(proxy.file("nova-api-proxy.pid")).unwrap();
        assert_eq!(pid, proxy.child.id().to_string(), "without a line end");
        proxy.ask("GET / HTTP/1.1\r\n\r\n");
        proxy.signal(Signal::SIGUSR1);
        let rule = "-".repeat(120);
        let log = proxy.wait_for_log(|log| log.matches(&rule).count() == 2);
        let logger = "INFO nova_api_proxy.common.histogram [-] ";
        for text in [
            "Caught SIGUSR1...\n",
            &format!("{logger}Histogram: {}\n", nova.address),
            &format!("{logger}    total: 1  avg: 0  max: 0 ("),
            &format!("{logger}    000 [up to 001 secs]: 0000001 *\n"),
        ] {
            assert!(log.contains(text), "{text}\n{log}");
        }
        proxy.signal(Signal::SIGUSR2);
        proxy.wait_for_log(|log| log.contains("Caught SIGUSR2...\n"));
        proxy.signal(Signal::SIGUSR1);
        proxy.wait_for_log(|log| log.contains("total: 0\n"));
        assert!(!proxy.log().contains("DEBUG"));
        proxy.signal(Signal::SIGHUP);
        proxy.wait_for_log(|log| log.contains("Caught SIGHUP...\n"));
        proxy.ask("GET / HTTP/1.1\r\n\r\n");
        proxy.wait_for_log(|log| {
            log.contains("DEBUG nova_api_proxy.common.service [-] 127.0.0.1 \"GET / HTTP/1.1\" status: 200")
        });
        let idle: Vec<_> = (0..10).map(|_| proxy.connect()).collect();
        let begun = Instant::now();
        proxy.signal(signal);
        assert_eq!(proxy.wait_exit(), 0);
        assert!(begun.elapsed() < Duration::from_secs(3), "idle clients do not hold it");
        drop(idle);
        let log = proxy.log();
        assert!(log.contains("(PID) wsgi exiting".replace("PID", &pid).as_str()), "{log}");
        let (first, second) = if signal == Signal::SIGTERM {
            ("Caught SIGTERM...", "Stopping WSGI server.")
        } else {
            ("Keyboard Interrupt received.", "")
        };
        assert!(log.contains(first) && log.contains(second), "{log}");
        assert!(proxy.file("nova-api-proxy.pid").exists(), "it is never removed");
    }
}

/// The pid file that is left belongs to whoever wrote it: the init script removes it.
#[test]
fn after_a_kill_the_next_one_serves_on_the_same_port() {
    let (nova, vim, keystone) = site();
    let mut proxy = Setup::new(&nova, &vim, &keystone).start();
    // a client that keeps its connection is there when it dies
    let mut kept = proxy.connect();
    kept.send("GET / HTTP/1.1\r\n\r\n");
    assert_eq!(kept.answer("GET").code(), 200);
    proxy.child.kill().unwrap();
    proxy.child.wait().unwrap();
    let left = std::fs::read_to_string(proxy.file("nova-api-proxy.pid")).unwrap();
    assert_eq!(left, proxy.child.id().to_string());
    let config = proxy.file("nova-api-proxy.conf");
    let port = format!("osapi_proxy_listen_port = {}\n", proxy.address.port());
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("osapi_proxy_listen_port = 0\n", &port)).unwrap();
    std::fs::remove_file(proxy.file("nova-api-proxy.pid")).unwrap();
    proxy.child = Command::new(PROGRAM).arg("--config-file").arg(&config).spawn().unwrap();
    proxy.wait_for_log(|log| log.matches("osapi_proxy listening on ").count() == 2);
    assert_eq!(proxy.ask("GET / HTTP/1.1\r\n\r\n").code(), 200);
    let pid = std::fs::read_to_string(proxy.file("nova-api-proxy.pid")).unwrap();
    assert_eq!(pid, proxy.child.id().to_string());
    proxy.signal(Signal::SIGTERM);
    assert_eq!(proxy.wait_exit(), 0);
}

#[test]
fn a_pid_file_that_is_there_stays_as_it_is() {
    let directory = configured("");
    std::fs::write(directory.path().join("nova-api-proxy.pid"), "77").unwrap();
    let mut child = Command::new(PROGRAM)
        .arg("--config-file")
        .arg(directory.path().join("nova-api-proxy.conf"))
        .arg("--log-file")
        .arg(directory.path().join("log"))
        .spawn()
        .unwrap();
    let deadline = Instant::now() + LIMIT;
    while !std::fs::read_to_string(directory.path().join("log")).unwrap_or_default().contains("listening") {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(std::fs::read_to_string(directory.path().join("nova-api-proxy.pid")).unwrap(), "77");
}

/// What the log says of the original's name: a renamed executable looks for another section.
#[test]
fn the_programs_name_chooses_the_section() {
    let directory = configured("osapi_proxy_listen = 256.0.0.1");
    let renamed = directory.path().join("other-proxy");
    std::os::unix::fs::symlink(PROGRAM, &renamed).unwrap();
    let output = Command::new(&renamed)
        .arg("--config-file")
        .arg(directory.path().join("nova-api-proxy.conf"))
        .output()
        .unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(
        log.contains("app: (other-proxy)") && log.contains("got lookup error: No section 'other-proxy'"),
        "{log}"
    );
}

struct Certificates(tempfile::TempDir);

impl Certificates {
    /// A CA, a server's certificate and a client's.
    fn make() -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let openssl = |arguments: &str| {
            let arguments: Vec<&str> = arguments.split(' ').collect();
            Command::new("openssl")
                .args(arguments)
                .current_dir(directory.path())
                .output()
                .is_ok_and(|output| output.status.success())
        };
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        std::fs::write(directory.path().join("ext"), "subjectAltName=IP:127.0.0.1,DNS:localhost\n").unwrap();
        let mut made = openssl(&format!("req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=ca -days 2"));
        for name in ["server", "client"] {
            made &= openssl(&format!("req {key} -keyout {name}.key -out {name}.csr -subj /CN={name}"));
            made &= openssl(&format!(
                "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out {name}.pem -days 2 -extfile ext"
            ));
        }
        made.then_some(Self(directory))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }
}

fn tls_get(certificates: &Certificates, proxy: &Proxy, with_client: bool) -> std::io::Result<String> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificates.path("ca.pem")).unwrap()).unwrap();
    let builder = rustls::ClientConfig::builder().with_root_certificates(roots);
    let config = if with_client {
        let chain = vec![CertificateDer::from_pem_file(certificates.path("client.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_file(certificates.path("client.key")).unwrap();
        builder.with_client_auth_cert(chain, key).unwrap()
    } else {
        builder.with_no_client_auth()
    };
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connection = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let tcp = TcpStream::connect(proxy.address)?;
    tcp.set_read_timeout(Some(LIMIT))?;
    let mut stream = rustls::StreamOwned::new(connection, tcp);
    stream.write_all(b"GET /v2.1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")?;
    let mut text = String::new();
    match stream.read_to_string(&mut text) {
        Err(error) if text.is_empty() => Err(error),
        _ => Ok(text),
    }
}

/// Contract: nova-api-proxy 4.2, 7.1; lessons rows 26, 60.
#[test]
fn tls_on_the_listener_and_towards_the_upstreams() {
    let Some(certificates) = Certificates::make() else {
        eprintln!("this machine has no openssl");
        return;
    };
    let (nova, vim, keystone) = site();
    let files = |more: &str| {
        format!(
            "use_ssl = True\nssl_cert_file = {}\nssl_key_file = {}\n{more}",
            certificates.path("server.pem"),
            certificates.path("server.key")
        )
    };
    let proxy = Setup::new(&nova, &vim, &keystone).with(&files("upstream_ssl = False")).start();
    assert!(tls_get(&certificates, &proxy, false).unwrap().ends_with("\r\n\r\nnova"));
    let received = nova.last();
    assert_eq!(
        (received.header("x-forwarded-proto"), received.header("x-forwarded-scheme")),
        (Some("https"), Some("https"))
    );
    assert!(proxy.log().contains("osapi_proxy setup ssl"));
    // a client that does not speak TLS hurts nobody
    let mut plain = proxy.connect();
    plain.send("GET / HTTP/1.1\r\n\r\n");
    let mut dropped = Vec::new();
    let _ = plain.reader.read_to_end(&mut dropped);
    assert!(tls_get(&certificates, &proxy, false).is_ok());

    let ca = format!("ssl_ca_file = {}", certificates.path("ca.pem"));
    let proxy =
        Setup::new(&nova, &vim, &keystone).with(&files(&format!("upstream_ssl = False\n{ca}"))).start();
    assert!(tls_get(&certificates, &proxy, false).is_err(), "a client certificate is required");
    assert!(tls_get(&certificates, &proxy, true).unwrap().ends_with("nova"));

    // as the original: TLS to the upstreams, too, which here speak none
    let proxy = Setup::new(&nova, &vim, &keystone).with(&files("")).start();
    assert!(tls_get(&certificates, &proxy, false).unwrap().starts_with("HTTP/1.1 500 Internal Server Error"));

    // a proxy as the upstream of a proxy: its certificate is checked
    let inner = Setup::new(&nova, &vim, &keystone).with(&files("upstream_ssl = False")).start();
    let outer = |ca: &str| {
        let mut setup = Setup::new(&nova, &vim, &keystone).with(&format!("upstream_ssl = True\n{ca}"));
        setup.nova = inner.address.to_string();
        setup.start()
    };
    let trusting = outer(&format!("upstream_ca_file = {}", certificates.path("ca.pem")));
    for _ in 0..3 {
        assert_eq!(trusting.ask("GET / HTTP/1.1\r\n\r\n").text(), "nova");
    }
    assert_eq!(outer("").ask("GET / HTTP/1.1\r\n\r\n").code(), 500, "a CA that is not known");
}

/// Contract: nova-api-proxy 4.4; lessons row 26: a private CA, another one, none.
#[test]
fn tls_to_keystone_is_checked() {
    let (Some(certificates), Some(others)) = (Certificates::make(), Certificates::make()) else {
        eprintln!("this machine has no openssl");
        return;
    };
    let (nova, vim, keystone) = site();
    // a proxy of its own gives Keystone its TLS
    let mut setup = Setup::new(&keystone, &vim, &keystone).with(&format!(
        "use_ssl = True\nupstream_ssl = False\nssl_cert_file = {}\nssl_key_file = {}",
        certificates.path("server.pem"),
        certificates.path("server.key")
    ));
    setup.pipeline = "version acceptor proxyapp".to_owned();
    let front = setup.start();
    for (lines, code) in [
        (format!("cafile = {}", certificates.path("ca.pem")), 200),
        (format!("cafile = {}", others.path("ca.pem")), 503),
        ("insecure = True".to_owned(), 200),
        (String::new(), 503),
    ] {
        let mut setup = Setup::new(&nova, &vim, &keystone);
        setup.keystone = format!("https://{}", front.address);
        setup.auth_lines = format!("http_request_max_retries = 0\n{lines}");
        let proxy = setup.start();
        assert_eq!(
            proxy.ask("DELETE /x HTTP/1.1\r\nX-Auth-Token: good\r\n\r\n").code(),
            code,
            "{lines}\n{}",
            proxy.log()
        );
    }
}

/// Contract: nova-api-proxy 3.1 to 3.3, lessons row 62.
#[test]
fn the_packaged_files_are_the_contracts() {
    let unit = include_str!("../scripts/api-proxy.service");
    for line in [
        "Description=Nova Computer API Proxy",
        "After=syslog.target network.target",
        "Before=openstack-nova-conductor.service",
        "Type=simple",
        "Restart=always",
        "ExecStart=/usr/bin/nova-api-proxy --config-file=/etc/proxy/nova-api-proxy.conf",
        "WantedBy=multi-user.target",
    ] {
        assert!(unit.lines().any(|own| own == line), "{line}");
    }
}

/// Runs the init script with another root.
fn init(root: &Path, command: &str) -> (i32, String) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/api-proxy");
    let output = Command::new("sh").arg(script).arg(command).env("NFV_ROOT", root).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

/// Contract: nova-api-proxy 3.2, 13.11.
#[test]
fn the_init_script_starts_stops_and_tells() {
    let directory = configured("");
    let root = directory.path().canonicalize().unwrap();
    assert_eq!(init(&root, "status").0, 5, "the daemon is missing");
    if Command::new("start-stop-daemon").arg("--version").output().is_err() {
        eprintln!("this machine has no start-stop-daemon");
        return;
    }
    for name in ["usr/bin", "var/run", "etc/proxy"] {
        std::fs::create_dir_all(root.join(name)).unwrap();
    }
    // by another process: a thread of this one that forks meanwhile would keep the file open for writing
    assert!(Command::new("cp").arg(PROGRAM).arg(root.join("usr/bin")).status().unwrap().success());
    for name in ["nova-api-proxy.conf", "api-proxy-paste.ini"] {
        std::fs::rename(root.join(name), root.join("etc/proxy").join(name)).unwrap();
    }
    let line = |text: &str| format!("{text}\n");
    assert_eq!(init(&root, "status"), (1, line("nova-api-proxy is not running")));
    assert_eq!(init(&root, "stop"), (0, line("nova-api-proxy is not running")));
    assert_eq!(init(&root, "start"), (0, line("OK")));
    assert_eq!(init(&root, "status"), (0, line("nova-api-proxy is running")));
    assert_eq!(init(&root, "start"), (0, line("nova-api-proxy is already running")));
    let pid = std::fs::read_to_string(root.join("var/run/nova-api-proxy.pid")).unwrap();
    assert!(Path::new(&format!("/proc/{}", pid.trim())).exists());
    assert_eq!(init(&root, "restart"), (0, line("Stopping nova-api-proxy: Stopped\nOK")));
    assert_ne!(std::fs::read_to_string(root.join("var/run/nova-api-proxy.pid")).unwrap(), pid);
    assert_eq!(init(&root, "stop"), (0, line("Stopping nova-api-proxy: Stopped")));
    assert!(!root.join("var/run/nova-api-proxy.pid").exists());
    assert_eq!(init(&root, "status").0, 1);
    let (code, text) = init(&root, "other");
    assert!(
        code == 1
            && text.starts_with("Usage: ")
            && text.ends_with("{start|stop|force-reload|restart|reload|status}\n")
    );
}
