//! https to neighbours: private authorities, wrong ones, none; IPv4, IPv6 and names; certificates read anew.
//! Contract: southbound 2.6.
//!
//! The trust store is named by the environment, so each case runs in a process of its own: this test calls itself.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy does not know for tests

mod cloud;

use cloud::{Cloud, Doing};
use nfv_nfvi::call::ComputeCall;
use nfv_nfvi::{Call, CallResult, ErrorKind};
use nfv_plugins::{Plugins, Turn};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Which case this process is to run.
const CASE: &str = "NFV_TEST_TLS_CASE";
/// The file that the trust store is in.
const STORE: &str = "SSL_CERT_FILE";

fn file(name: &str) -> String {
    format!("{}/tests/tls/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn server() -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_file(file("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// The cloud behind TLS at an address of this machine; gives the port.
async fn behind_tls(cloud: &Cloud, bind: &str) -> u16 {
    let listener = TcpListener::bind(bind).await.unwrap();
    let (port, to) = (listener.local_addr().unwrap().port(), cloud.address);
    tokio::spawn(async move {
        let server = server();
        while let Ok((stream, _)) = listener.accept().await {
            let server = server.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = server.accept(stream).await else { return };
                let mut cloud = TcpStream::connect(to).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut cloud).await;
            });
        }
    });
    port
}

/// Plugins whose Keystone and Nova are reached at this https host.
async fn plugins(cloud: &Cloud, host: &str, port: u16) -> Plugins {
    cloud.on("GET /nova/v2.1/p1/os-aggregates", Doing::json(200, json!({"aggregates": []})));
    let mut config = cloud.config("");
    let base = format!("https://{host}:{port}");
    config.openstack.authorization_url = format!("{base}/keystone");
    for service in config.services.values_mut() {
        service.endpoint_override = Some(base.clone());
    }
    let (plugins, _) = cloud::start(&config).await;
    plugins
}

async fn ask(plugins: &Plugins) -> CallResult {
    plugins.perform(Call::Compute(ComputeCall::GetHostAggregates), Turn::free()).await
}

async fn refused(plugins: &Plugins) {
    let error = ask(plugins).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NoToken);
    assert!(error.detail.contains("certificate") || error.detail.contains("Issuer"), "{error}");
}

async fn run(case: &str) {
    let cloud = Cloud::start().await;
    match case {
        "right authority" => {
            for (bind, host) in
                [("127.0.0.1:0", "127.0.0.1"), ("127.0.0.1:0", "localhost"), ("[::1]:0", "[::1]")]
            {
                let port = behind_tls(&cloud, bind).await;
                let plugins = plugins(&cloud, host, port).await;
                assert!(ask(&plugins).await.is_ok(), "{host}: {:?}", ask(&plugins).await);
            }
        }
        "wrong authority" | "no authority" => {
            let port = behind_tls(&cloud, "127.0.0.1:0").await;
            refused(&plugins(&cloud, "127.0.0.1", port).await).await;
            // http needs none
            let (plain, _inbound) = cloud.plugins().await;
            assert!(ask(&plain).await.is_ok());
        }
        "authority comes later" => {
            let store = std::env::var(STORE).unwrap();
            let port = behind_tls(&cloud, "127.0.0.1:0").await;
            let plugins = plugins(&cloud, "127.0.0.1", port).await;
            refused(&plugins).await;
            std::fs::copy(file("ca.pem"), &store).unwrap();
            // set up once, not for each request
            refused(&plugins).await;
            plugins.reload();
            assert!(ask(&plugins).await.is_ok(), "{:?}", ask(&plugins).await);
            // what cannot be read leaves what was there, or trusts nobody; http goes on either way
            std::fs::remove_file(&store).unwrap();
            plugins.reload();
            let _ = ask(&plugins).await;
        }
        other => panic!("{other}"),
    }
    println!("case {case} is good");
}

fn in_a_process_of_its_own(case: &str, store: &Path) {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["https_trusts_whom_the_system_trusts", "--exact", "--nocapture"])
        .env(CASE, case)
        .env(STORE, store)
        .env_remove("SSL_CERT_DIR")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains(&format!("case {case} is good")), "{case}: {text}");
}

#[test]
fn https_trusts_whom_the_system_trusts() {
    if let Ok(case) = std::env::var(CASE) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(&case));
        return;
    }
    let store = tempfile::NamedTempFile::new().unwrap();
    std::fs::copy(file("other-ca.pem"), store.path()).unwrap();
    for (case, store) in [
        ("right authority", Path::new(&file("ca.pem"))),
        ("wrong authority", Path::new(&file("other-ca.pem"))),
        ("no authority", Path::new("/nonexistent/store.pem")),
        ("authority comes later", store.path()),
    ] {
        in_a_process_of_its_own(case, store);
    }
}
