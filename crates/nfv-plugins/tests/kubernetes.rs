//! Kubernetes: when it applies, taints, nodes, certificates. Contract: southbound 3.13, 5.1.1.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy does not know for tests

mod cloud;

use cloud::{Cloud, Doing};
use nfv_nfvi::call::{HostServicesOperation, InfrastructureCall};
use nfv_nfvi::object::HostRef;
use nfv_nfvi::{Answer, Call, CallResult, ErrorKind};
use nfv_plugins::{Plugins, Turn};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

const NODE: &str = "GET /api/v1/nodes/compute-0";
const PATCH: &str = "PATCH /api/v1/nodes/compute-0";
const DELETE: &str = "DELETE /api/v1/nodes/compute-0";

fn tls(name: &str) -> String {
    format!("{}/tests/tls/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A kubeconfig with this server and more lines for its cluster and user.
fn kubeconfig(server: &str, cluster: &str, user: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- cluster:\n    server: {server}\n{cluster}  name: kubernetes\n\
         contexts:\n- context:\n    cluster: kubernetes\n    user: admin\n  name: a@k\ncurrent-context: a@k\n\
         users:\n- name: admin\n  user:\n{user}"
    )
}

async fn plugins(cloud: &Cloud, file: &Path) -> Plugins {
    let mut config = cloud.config(&format!("{}\nkubernetes_client=2", cloud::ONE_SECOND));
    config.kubernetes_config = file.to_owned();
    cloud::start(&config).await.0
}

async fn perform(plugins: &Plugins, operation: HostServicesOperation, personality: &str) -> CallResult {
    let host = HostRef { uuid: "u0".into(), name: "compute-0".into(), personality: personality.into() };
    let call = InfrastructureCall::ContainerHostServices { host, operation };
    plugins.perform(Call::Infrastructure(call), Turn::free()).await
}

use HostServicesOperation::*;

#[tokio::test]
async fn it_applies_to_workers_and_controllers_where_its_configuration_exists() {
    let cloud = Cloud::start().await;
    cloud.on(NODE, Doing::json(200, json!({"spec": {}})));
    cloud.on(DELETE, Doing::json(200, "{}"));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("admin.conf");
    let plugins = plugins(&cloud, &file).await;
    for operation in [Enable, Disable, Delete] {
        assert_eq!(perform(&plugins, operation, "worker").await, Ok(Answer::Done));
    }
    assert!(cloud.seen().is_empty());
    std::fs::write(&file, kubeconfig(&format!("http://{}", cloud.address), "", "    token: t0\n")).unwrap();
    for (operation, personality, wanted) in [
        (Enable, "worker", Some(NODE)),
        (Enable, "controller", Some(NODE)),
        (Enable, "storage", None),
        // by contract
        (Disable, "worker", None),
        (Delete, "controller,worker", Some(DELETE)),
        (Delete, "storage", None),
    ] {
        assert_eq!(perform(&plugins, operation, personality).await, Ok(Answer::Done));
        let seen: Vec<String> = cloud.take().into_iter().map(|seen| seen.line).collect();
        assert_eq!(seen, wanted.into_iter().collect::<Vec<_>>(), "{operation:?} {personality}");
    }
    for operation in [Create, Query] {
        let error = perform(&plugins, operation, "worker").await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unsupported);
    }
}

#[tokio::test]
async fn only_the_taint_of_disabled_services_is_taken_off() {
    let cloud = Cloud::start().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), kubeconfig(&format!("http://{}", cloud.address), "", "    token: t0\n"))
        .unwrap();
    let plugins = plugins(&cloud, file.path()).await;
    cloud.on(PATCH, Doing::json(200, "{}"));
    let taint = |key: &str, effect: &str| json!({"key": key, "value": "disabled", "effect": effect});
    let ours = taint("services", "NoExecute");
    let others = json!([taint("services", "NoSchedule"), taint("x", "NoExecute")]);
    for (taints, wanted) in [
        (Value::Null, None),
        (others.clone(), None),
        (json!([ours]), Some(json!([]))),
        (json!([others[0], ours, others[1]]), Some(others.clone())),
    ] {
        cloud.on(NODE, Doing::json(200, json!({"spec": {"taints": taints}})));
        assert_eq!(perform(&plugins, Enable, "worker").await, Ok(Answer::Done));
        let patch = cloud.take().into_iter().find(|seen| seen.line == PATCH);
        let body = patch.as_ref().map(|seen| serde_json::from_str::<Value>(&seen.body).unwrap());
        assert_eq!(body, wanted.map(|taints| json!({"spec": {"taints": taints}})));
        if let Some(patch) = patch {
            let kind = patch.header("content-type");
            assert_eq!(kind, Some("application/strategic-merge-patch+json"));
        }
    }
    // a node that is not known
    cloud.on(NODE, Doing::json(404, json!({"message": "nodes \"compute-0\" not found"})));
    let error = perform(&plugins, Enable, "worker").await.unwrap_err();
    assert_eq!(
        (error.kind, error.reason.as_str()),
        (ErrorKind::NotFound, "failed to enable kubernetes services")
    );
    cloud.on(DELETE, Doing::json(500, "{}"));
    let error = perform(&plugins, Delete, "worker").await.unwrap_err();
    assert_eq!(
        (error.kind, error.reason.as_str()),
        (ErrorKind::Refused, "failed to delete kubernetes services")
    );
}

#[tokio::test]
async fn a_kubeconfig_that_cannot_be_used_is_named_and_a_new_one_is_taken() {
    let cloud = Cloud::start().await;
    cloud.on(NODE, Doing::json(200, json!({"spec": {}})));
    let file = tempfile::NamedTempFile::new().unwrap();
    let plugins = plugins(&cloud, file.path()).await;
    let server = format!("http://{}", cloud.address);
    for bad in [
        String::new(),
        "{".into(),
        kubeconfig(&server, "    certificate-authority-data: WA==\n", "    token: t\n"),
    ] {
        std::fs::write(file.path(), bad).unwrap();
        let error = perform(&plugins, Enable, "worker").await.unwrap_err();
        assert!(error.detail.contains(file.path().to_str().unwrap()), "{error}");
        assert_eq!(error.reason, "failed to enable kubernetes services");
    }
    for token in ["one", "two"] {
        std::fs::write(file.path(), kubeconfig(&server, "", &format!("    token: {token}\n"))).unwrap();
        assert_eq!(perform(&plugins, Enable, "worker").await, Ok(Answer::Done));
        let bearer = format!("Bearer {token}");
        assert_eq!(cloud.take().last().unwrap().header("authorization"), Some(bearer.as_str()));
    }
}

/// An API server that lets in only whom the tests' authority has signed.
async fn api_server(cloud: &Cloud) -> u16 {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(tls("ca.pem")).unwrap()).unwrap();
    let provider = Arc::new(default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let certificate = CertificateDer::from_pem_file(tls("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(tls("server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let server = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, to) = (listener.local_addr().unwrap().port(), cloud.address);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = server.accept(stream).await else { continue };
            let mut cloud = TcpStream::connect(to).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut stream, &mut cloud).await;
        }
    });
    port
}

#[tokio::test]
async fn both_sides_show_their_certificates() {
    let cloud = Cloud::start().await;
    cloud.on(NODE, Doing::json(200, json!({"spec": {}})));
    let server = format!("https://127.0.0.1:{}", api_server(&cloud).await);
    let authority = |name: &str| format!("    certificate-authority: {}\n", tls(name));
    let client =
        format!("    client-certificate: {}\n    client-key: {}\n", tls("client.pem"), tls("client.key"));
    let skip = "    insecure-skip-tls-verify: true\n".to_owned();
    let file = tempfile::NamedTempFile::new().unwrap();
    let plugins = plugins(&cloud, file.path()).await;
    for (what, cluster, user, good) in [
        ("both", authority("ca.pem"), client.as_str(), true),
        ("another authority", authority("other-ca.pem"), client.as_str(), false),
        ("no authority", String::new(), client.as_str(), false),
        ("not looked at", skip, client.as_str(), true),
        ("no own certificate", authority("ca.pem"), "    token: t\n", false),
    ] {
        std::fs::write(file.path(), kubeconfig(&server, &cluster, user)).unwrap();
        let result = perform(&plugins, Enable, "worker").await;
        assert_eq!(result.is_ok(), good, "{what}: {result:?}");
    }
}
