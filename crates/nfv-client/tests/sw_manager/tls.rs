//! Keystone and the VIM behind TLS: whose certificates are trusted.
//!
//! The certificates are those of nfv-plugins' tests.

use crate::cases::{Case, token_with};
use crate::fake::{Reply, read_request, written};
use crate::recorded::{Ended, ours, run};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value as Json, json};
use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;

fn file(name: &str) -> String {
    format!("{}/../nfv-plugins/tests/tls/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A server that logs everybody in and knows of no strategy; its address.
fn server(bind: &str) -> String {
    let certificate = CertificateDer::from_pem_file(file("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind(bind).unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    let own = address.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream);
            let Some(asked) = read_request(&mut stream) else { continue };
            let catalog = json!([{"type": "nfv", "name": "vim", "endpoints": [
                {"region": "RegionOne", "interface": "internal", "url": own}]}]);
            let reply = match asked.method.as_str() {
                "POST" => token_with(catalog),
                _ => Reply::json("200 OK", r#"{"strategy": null}"#),
            };
            let Reply::Http(status, headers, body) = reply else { continue };
            let _ = stream.write_all(written(&status, &headers, &body).as_bytes());
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    address
}

fn show(address: &str, options: &str, variables: &[(&str, &str)]) -> Ended {
    let case = Case::new("", &format!("{options} patch-strategy show"), crate::fake::Script::default());
    let case = case.variable("OS_AUTH_URL", Some(&format!("{address}/v3")));
    let case = variables.iter().fold(case, |case, (name, value)| case.variable(name, Some(value)));
    run(case, ours())
}

#[test]
fn a_private_authority_is_trusted_when_it_is_named() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::copy(file("ca.pem"), directory.path().join("ca.pem")).unwrap();
    std::fs::write(directory.path().join("notes.txt"), "no certificate").unwrap();
    let (ca, other, directory) = (file("ca.pem"), file("other-ca.pem"), directory.path().to_str().unwrap());
    let option = format!("--os-cacert {ca}");
    let ways: [(&str, Vec<(&str, &str)>); 7] = [
        ("", vec![("OS_CACERT", &ca)]),
        ("", vec![("REQUESTS_CA_BUNDLE", &ca)]),
        ("", vec![("OS_CACERT", &ca), ("REQUESTS_CA_BUNDLE", &other)]),
        ("", vec![("OS_CACERT", ""), ("REQUESTS_CA_BUNDLE", &ca)]),
        ("", vec![("OS_CACERT", directory)]),
        // whom the system trusts
        ("", vec![("SSL_CERT_FILE", &ca)]),
        (&option, vec![("OS_CACERT", &other)]),
    ];
    for bind in ["127.0.0.1:0", "[::1]:0"] {
        let address = server(bind);
        for (option, variables) in &ways {
            let ended = show(&address, option, variables);
            assert_eq!((ended.stdout.as_str(), ended.code), ("No strategy available\n", 0), "{variables:?}");
        }
    }
}

#[test]
fn nobody_else_is_trusted() {
    let address = server("127.0.0.1:0");
    let other = file("other-ca.pem");
    for variables in [
        vec![("OS_CACERT", other.as_str())],
        vec![("OS_CACERT", &other), ("SSL_CERT_FILE", &other)],
        vec![("SSL_CERT_FILE", &other)],
    ] {
        let ended = show(&address, "", &variables);
        assert_eq!(ended.code, 1);
        let start = "<urlopen error [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: ";
        assert!(ended.stdout.starts_with(start), "{}", ended.stdout);
    }
    let case = Case::new("", "patch-strategy show --format json", crate::fake::Script::default());
    let case =
        case.variable("OS_AUTH_URL", Some(&format!("{address}/v3"))).variable("OS_CACERT", Some(&other));
    let told: Json = serde_json::from_str(&run(case, ours()).stdout).unwrap();
    assert_eq!(
        (&told["error"]["kind"], &told["error"]["hint"]),
        (
            &json!("unreachable"),
            &json!("name the file of your certificate authority in OS_CACERT or --os-cacert")
        )
    );
}

#[test]
fn a_bad_file_of_certificates_matters_only_to_https() {
    let address = server("127.0.0.1:0");
    let missing = show(&address, "", &[("OS_CACERT", "/no/file")]);
    assert!(
        missing.stdout.starts_with("<urlopen error [Errno 2] No such file or directory: '/no/file'>\n"),
        "{}",
        missing.stdout
    );
    let key = file("server.key");
    let none = show(&address, "", &[("OS_CACERT", &key)]);
    assert!(
        none.stdout.starts_with(&format!("<urlopen error [SSL] no certificate in {key}>\n")),
        "{}",
        none.stdout
    );
    let script = crate::cases::logged_in().on(
        "GET",
        "/api/orchestration/sw-patch/strategy",
        Reply::json("200 OK", r#"{"strategy": null}"#),
    );
    let plain =
        run(Case::new("", "patch-strategy show", script).variable("OS_CACERT", Some("/no/file")), ours());
    assert_eq!(plain.stdout, "No strategy available\n");
}
