//! The OpenAPI document: committed, served, complete.

use crate::client::ask;
use crate::lab::Lab;
use nfv_vim_api::openapi::document_text;
use nfv_vim_api::route::Resource;
use std::path::Path;
use std::process::Command;

/// With `NFV_WRITE_OPENAPI=1` the committed copy is written instead of compared.
#[test]
fn the_committed_document_is_the_one_that_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    if std::env::var_os("NFV_WRITE_OPENAPI").is_some() {
        std::fs::write(&path, document_text()).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == document_text(),
        "openapi.json differs from the tables; if that is meant: NFV_WRITE_OPENAPI=1 cargo test -p nfv-vim-api document"
    );
}

/// The API reference for people is written from the same document.
#[test]
fn the_reference_tells_of_what_is_served() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let served = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(served.path(), document_text()).unwrap();
    let checked =
        Command::new("python3").arg(root.join("tools/api-ref")).arg("--check").arg(served.path()).output();
    let checked = checked.unwrap();
    assert!(checked.status.success(), "run tools/api-ref: {}", String::from_utf8_lossy(&checked.stderr));
    // what the prose shows exists
    let document: serde_json::Value = serde_json::from_str(document_text()).unwrap();
    let known: Vec<Vec<&str>> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .map(|path| path.trim_matches('/').split('/').collect())
        .collect();
    let prose = std::fs::read_to_string(root.join("api-ref/README.md")).unwrap();
    let mut shown = 0;
    let words = prose.split(|letter: char| letter.is_whitespace() || "`'\"()|,".contains(letter));
    for word in words.filter_map(|word| word.find("/api/").map(|at| &word[at..])) {
        shown += 1;
        let segments: Vec<&str> =
            word.split('?').next().unwrap().trim_matches(['/', '.', ';', ':']).split('/').collect();
        let fits = |path: &Vec<&str>| {
            path.len() == segments.len()
                && path.iter().zip(&segments).all(|(known, shown)| known.starts_with('{') || known == shown)
        };
        assert!(known.iter().any(fits), "api-ref/README.md: {word} is not served");
    }
    assert!(shown > 2, "{shown}");
}

#[test]
fn every_operation_is_described_once() {
    let document: serde_json::Value = serde_json::from_str(document_text()).unwrap();
    let mut ids = std::collections::BTreeSet::new();
    let paths = document["paths"].as_object().unwrap();
    for operations in paths.values() {
        for operation in operations.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            assert!(ids.insert(id.clone()), "{id} twice");
        }
    }
    let operations: usize = Resource::ALL.iter().map(|resource| resource.operations().len()).sum();
    assert!(ids.len() > operations, "{} ids for {operations} operations", ids.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_served() {
    let lab = Lab::start().await;
    let answer = ask(lab.address, "GET", "/openapi.json", None).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, document_text()));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(ask(lab.address, "POST", "/openapi.json", None).await.status, 405);
}
