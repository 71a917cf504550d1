//! Each call's request against its row: method, address, headers, body.

use crate::cloud::{PASSWORD, TOKEN};
use crate::entry::{Entry, KUBERNETES_TOKEN, Stage};
use crate::{openstack_calls, platform_calls, rows};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;

/// All entries, and the file that one of them sends.
pub fn entries() -> (Vec<Entry>, tempfile::NamedTempFile) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"data of the image").unwrap();
    let all = [
        openstack_calls::identity(),
        openstack_calls::nova_queries(),
        openstack_calls::nova_actions(),
        openstack_calls::nova_services(),
        openstack_calls::neutron(),
        openstack_calls::cinder(),
        openstack_calls::glance(file.path()),
        platform_calls::sysinv(),
        platform_calls::mtc(),
        platform_calls::guest(),
        platform_calls::patching(),
        platform_calls::fault_management(),
        platform_calls::kubernetes(),
    ];
    (all.into_iter().flatten().collect(), file)
}

#[test]
fn each_call_of_the_contract_has_its_entry_and_each_entry_its_call() {
    let contract: BTreeSet<String> = rows::calls().into_keys().collect();
    let (entries, _file) = entries();
    let here: BTreeSet<String> = entries.iter().map(|entry| entry.row.to_owned()).collect();
    assert_eq!(here.len(), entries.len(), "a row has two entries");
    let without: Vec<_> = contract.difference(&here).collect();
    let strange: Vec<_> = here.difference(&contract).collect();
    assert!(without.is_empty(), "rows of the contract without a test: {without:?}");
    assert!(strange.is_empty(), "entries for no row of the contract: {strange:?}");
    println!("{} client calls", contract.len());
}

#[tokio::test]
async fn each_request_is_as_its_row_has_it() {
    let contract = rows::calls();
    let (entries, _file) = entries();
    for entry in &entries {
        let row = &contract[entry.row];
        let stage = Stage::set(entry, 10).await;
        let result = stage.perform(entry).await;
        assert!(result.is_ok(), "{}: {result:?}", entry.row);
        let seen = stage.cloud.take();
        let lines: Vec<&str> = seen.iter().map(|seen| seen.line.as_str()).collect();
        for pattern in &row.requests {
            assert!(
                lines.iter().any(|line| rows::fits(pattern, line)),
                "{}: {pattern}: {lines:?}",
                entry.row
            );
        }
        if let Some(own) = row.requests.last() {
            assert!(rows::fits(own, entry.target), "{}: {own} and {}", entry.row, entry.target);
        }
        let own: Vec<_> = seen.iter().filter(|seen| seen.line == entry.target).collect();
        assert!(!own.is_empty(), "{}: {lines:?}", entry.row);
        for request in own {
            assert_eq!(request.marks(), row.marks, "{}", entry.row);
            let body = match &entry.body {
                Value::String(text) => text.clone(),
                _ => serde_json::from_str::<Value>(&request.body).unwrap_or_default().to_string(),
            };
            let wanted = match &entry.body {
                Value::String(text) => text.clone(),
                json => json.to_string(),
            };
            assert_eq!(body, wanted, "{}", entry.row);
            assert!(entry.body != Value::Null || request.body.is_empty(), "{}: {}", entry.row, request.body);
            if !row.bodies.is_empty() {
                assert!(row.bodies.contains(&entry.body), "{}: {:?}", entry.row, row.bodies);
            }
        }
        for request in &seen {
            let kubernetes = request.line.contains("/kubernetes/");
            let token = request.header("X-Auth-Token");
            assert_eq!(token, (!kubernetes).then_some(TOKEN), "{}", request.line);
            let bearer = request.header("Authorization").map(str::to_owned);
            assert_eq!(bearer, kubernetes.then(|| format!("Bearer {KUBERNETES_TOKEN}")), "{}", request.line);
            assert!(!request.body.contains(PASSWORD));
            assert_eq!(request.header("Connection"), Some("close"), "{}", request.line);
        }
        stage.plugins.stop().await;
    }
}
