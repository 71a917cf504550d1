//! The exact bytes of every message, the contract's table of messages, and input that is no message.
#![allow(clippy::unwrap_used)] // in helpers of tests

#[path = "wire/extensions.rs"]
mod extensions;

use nfv_vim_rpc::image::{CreateImage, Image, UpdateImage};
use nfv_vim_rpc::instance::{CreateInstance, CreatedInstance, Get, Instance};
use nfv_vim_rpc::network::{CreateNetwork, DeleteNetwork, GetNetwork, Network, UpdateNetwork};
use nfv_vim_rpc::strategy::{
    CreateStrategy, CreateUpgradeStrategy, DeleteStrategy, GetStrategy, Strategy, StrategyAction,
};
use nfv_vim_rpc::subnet::{CreateSubnet, DeleteSubnet, GetSubnet, Subnet, SubnetOfNetwork, UpdateSubnet};
use nfv_vim_rpc::volume::{CreateVolume, GetVolume, UpdateVolume, Volume};
use nfv_vim_rpc::{
    ByUuid, FrameReader, LONGEST_ANSWER, Nothing, Request, Response, ResponseBody, ResultCode, RpcError,
    frame,
};
use std::collections::BTreeSet;

fn t(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn strategy() -> CreateStrategy {
    CreateStrategy {
        sw_update_type: t("sw-patch"),
        controller_apply_type: t("serial"),
        storage_apply_type: t("serial"),
        swift_apply_type: t("ignore"),
        worker_apply_type: t("parallel"),
        max_parallel_worker_hosts: Some(5),
        default_instance_action: t("stop-start"),
        alarm_restrictions: t("strict"),
    }
}

const STRATEGY_KEYS: &str = r#""sw_update_type": "sw-patch", "controller_apply_type": "serial", "storage_apply_type": "serial", "swift_apply_type": "ignore", "worker_apply_type": "parallel", "max_parallel_worker_hosts": 5, "default_instance_action": "stop-start", "alarm_restrictions": "strict""#;

/// Every request with the keys behind `version`, `type` and `result`.
fn requests() -> Vec<(Request, String)> {
    let by = || ByUuid::new("u-1");
    let uuid = r#""uuid": "u-1""#;
    let action = || StrategyAction { sw_update_type: t("sw-patch"), stage_id: Some(2) };
    let properties = || Some([("sw_wrs_auto_recovery".to_owned(), "true".into())].into_iter().collect());
    let rows: Vec<(Request, &str)> = vec![
        (Request::CreateStrategy(strategy()), STRATEGY_KEYS),
        (Request::ApplyStrategy(action()), r#""sw_update_type": "sw-patch", "stage_id": "2""#),
        (
            Request::ApplyStrategy(StrategyAction { stage_id: None, ..action() }),
            r#""sw_update_type": "sw-patch""#,
        ),
        (Request::AbortStrategy(action()), r#""sw_update_type": "sw-patch", "stage_id": "2""#),
        (
            Request::DeleteStrategy(DeleteStrategy { sw_update_type: t("sw-upgrade"), force: true }),
            r#""sw_update_type": "sw-upgrade", "force": "True""#,
        ),
        (
            Request::DeleteStrategy(DeleteStrategy { sw_update_type: None, force: false }),
            r#""sw_update_type": null, "force": "False""#,
        ),
        (
            Request::GetStrategy(GetStrategy { sw_update_type: None, uuid: t("u-1") }),
            r#""sw_update_type": null, "uuid": "u-1""#,
        ),
        (
            Request::CreateInstance(CreateInstance {
                name: t("vm\u{e9}"),
                instance_type_uuid: t("f"),
                image_uuid: t("i"),
                vcpus: Some(2),
                memory_mb: Some(1024),
                disk_gb: Some(20),
                ephemeral_gb: Some(0),
                swap_gb: Some(0),
                network_uuid: t("n"),
                auto_recovery: t("false"),
                live_migration_timeout: t("300"),
                live_migration_max_downtime: None,
            }),
            r#""name": "vm\u00e9", "instance_type_uuid": "f", "image_uuid": "i", "vcpus": 2, "memory_mb": 1024, "disk_gb": 20, "ephemeral_gb": 0, "swap_gb": 0, "network_uuid": "n", "sw:wrs:auto_recovery": "false", "hw:wrs:live_migration_timeout": "300", "hw:wrs:live_migration_max_downtime": null"#,
        ),
        (Request::StartInstance(by()), uuid),
        (Request::StopInstance(by()), uuid),
        (Request::PauseInstance(by()), uuid),
        (Request::UnpauseInstance(by()), uuid),
        (Request::SuspendInstance(by()), uuid),
        (Request::ResumeInstance(by()), uuid),
        (Request::RebootInstance(by()), uuid),
        (Request::LiveMigrateInstance(by()), uuid),
        (Request::ColdMigrateInstance(by()), uuid),
        (Request::EvacuateInstance(by()), uuid),
        (Request::DeleteInstance(by()), uuid),
        (Request::GetInstance(Get::one("u-1")), r#""get_all": false, "filter_by_uuid": "u-1""#),
        (Request::GetInstance(Get::all()), r#""get_all": true, "filter_by_uuid": null"#),
        (
            Request::CreateImage(CreateImage {
                name: t("n"),
                description: t("d"),
                container_format: t("bare"),
                disk_format: t("raw"),
                min_disk_size_gb: Some(1),
                min_memory_size_mb: Some(2),
                visibility: t("public"),
                protected: Some(true),
                properties: properties(),
                image_data_ref: t("file:///x"),
            }),
            r#""name": "n", "description": "d", "container_format": "bare", "disk_format": "raw", "min_disk_size_gb": 1, "min_memory_size_mb": 2, "visibility": "public", "protected": true, "properties": {"sw_wrs_auto_recovery": "true"}, "image_data_ref": "file:///x""#,
        ),
        (
            Request::UpdateImage(UpdateImage {
                uuid: t("u-1"),
                description: t("d"),
                min_disk_size_gb: Some(1),
                min_memory_size_mb: None,
                visibility: t("public"),
                protected: Some(false),
                properties: properties(),
            }),
            r#""uuid": "u-1", "description": "d", "min_disk_size_gb": 1, "min_memory_size_mb": null, "visibility": "public", "protected": false, "properties": {"sw_wrs_auto_recovery": "true"}"#,
        ),
        (Request::DeleteImage(by()), uuid),
        (Request::GetImage(Get::one("u-1")), r#""get_all": false, "filter_by_uuid": "u-1""#),
        (
            Request::CreateVolume(CreateVolume {
                name: t("n"),
                description: t("d"),
                size_gb: Some(3),
                image_uuid: None,
            }),
            r#""name": "n", "description": "d", "size_gb": 3, "image_uuid": null"#,
        ),
        (
            Request::UpdateVolume(UpdateVolume { uuid: t("u-1"), description: t("d") }),
            r#""uuid": "u-1", "description": "d""#,
        ),
        (Request::DeleteVolume(by()), uuid),
        (
            Request::GetVolume(GetVolume { get_all: true, filter_by_uuid: None }),
            r#""get-all": true, "filter-by-uuid": null"#,
        ),
        (
            Request::CreateNetwork(CreateNetwork {
                name: t("n"),
                network_type: t("vlan"),
                segmentation_id: t("99"),
                physical_network: t("p"),
                is_shared: Some(true),
            }),
            r#""name": "n", "network_type": "vlan", "segmentation_id": "99", "physical_network": "p", "is_shared": true"#,
        ),
        (
            Request::UpdateNetwork(UpdateNetwork { name: t("n"), is_shared: None }),
            r#""name": "n", "is_shared": null"#,
        ),
        (
            Request::DeleteNetwork(DeleteNetwork { by_uuid: None, by_name: t("n") }),
            r#""by_uuid": null, "by_name": "n""#,
        ),
        (
            Request::GetNetwork(GetNetwork { get_all: false, filter_by_uuid: None, filter_by_name: t("n") }),
            r#""get_all": false, "filter_by_uuid": null, "filter_by_name": "n""#,
        ),
        (
            Request::CreateSubnet(CreateSubnet {
                network_uuid: None,
                network_name: t("n"),
                ip_version: t("4"),
                subnet_ip: t("10.0.0.0"),
                subnet_prefix: t("24"),
                gateway_ip: t("10.0.0.1"),
                is_dhcp_enabled: Some(true),
            }),
            r#""network_uuid": null, "network_name": "n", "ip_version": "4", "subnet_ip": "10.0.0.0", "subnet_prefix": "24", "gateway_ip": "10.0.0.1", "is_dhcp_enabled": true"#,
        ),
        (
            Request::UpdateSubnet(UpdateSubnet {
                network_name: t("n"),
                subnet_ip: t("10.0.0.0"),
                subnet_prefix: t("24"),
                gateway_ip: None,
                delete_gateway: Some(true),
                is_dhcp_enabled: Some(false),
            }),
            r#""network_name": "n", "subnet_ip": "10.0.0.0", "subnet_prefix": "24", "gateway_ip": null, "delete_gateway": true, "is_dhcp_enabled": false"#,
        ),
        (
            Request::DeleteSubnet(DeleteSubnet {
                network_name: t("n"),
                subnet_ip: t("10.0.0.0"),
                subnet_prefix: Some(24),
            }),
            r#""network_name": "n", "subnet_ip": "10.0.0.0", "subnet_prefix": 24"#,
        ),
        (
            Request::GetSubnet(GetSubnet {
                get_all: true,
                filter_by_uuid: None,
                filter_by_network_uuid: None,
                filter_by_network_name: t("n"),
            }),
            r#""get_all": true, "filter_by_uuid": null, "filter_by_network_uuid": null, "filter_by_network_name": "n""#,
        ),
    ];
    let mut rows: Vec<_> = rows.into_iter().map(|(request, keys)| (request, keys.to_owned())).collect();
    rows.push((
        Request::CreateUpgradeStrategy(CreateUpgradeStrategy {
            strategy: CreateStrategy { sw_update_type: t("sw-upgrade"), ..strategy() },
            start_upgrade: Some(false),
            complete_upgrade: Some(true),
        }),
        format!(
            r#"{}, "start_upgrade": false, "complete_upgrade": true"#,
            STRATEGY_KEYS.replace("sw-patch", "sw-upgrade")
        ),
    ));
    rows.extend(extensions::requests().into_iter().map(|(request, keys)| (request, keys.to_owned())));
    rows
}

const INSTANCE_KEYS: &str = r#""uuid": "u-1", "name": "vm", "admin_state": "unlocked", "oper_state": "enabled", "avail_status": [], "action": "", "host_uuid": "h", "host_name": "compute-0", "instance_type_original_name": "small", "image_uuid": null, "vcpus": 1, "memory_mb": 512, "disk_gb": 1, "ephemeral_gb": 0, "swap_gb": 0, "sw:wrs:auto_recovery": true, "hw:wrs:live_migration_timeout": 800, "hw:wrs:live_migration_max_downtime": 500"#;
const IMAGE_KEYS: &str = r#""uuid": "u-1", "name": "n", "description": "d", "container_format": "bare", "disk_format": "raw", "min_disk_size_gb": 0, "min_memory_size_mb": 0, "visibility": "public", "protected": "no", "avail_status": ["available"], "action": "", "properties": "{\"a\": \"b\"}""#;
const VOLUME_KEYS: &str = r#""uuid": "u-1", "name": "n", "description": "d", "bootable": "no", "encrypted": "yes", "avail_status": ["in-use"], "action": "attaching""#;
const NETWORK_KEYS: &str = r#""uuid": "u-1", "name": "n", "admin_state": "unlocked", "oper_state": "enabled", "avail_status": [], "network_type": "vlan", "segmentation_id": "99", "mtu": 1500, "physical_network": "p", "is_shared": false"#;
const SUBNET_KEYS: &str = r#""uuid": "u-1", "name": "n", "ip_version": 4, "subnet_ip": "10.0.0.0", "subnet_prefix": "24", "gateway_ip": null, "network_uuid": "w", "is_dhcp_enabled": true"#;

fn instance() -> Instance {
    Instance {
        uuid: t("u-1"),
        name: t("vm"),
        admin_state: t("unlocked"),
        oper_state: t("enabled"),
        avail_status: Some(Vec::new()),
        action: t(""),
        host_uuid: t("h"),
        host_name: t("compute-0"),
        instance_type_original_name: t("small"),
        image_uuid: None,
        vcpus: Some(1),
        memory_mb: Some(512),
        disk_gb: Some(1),
        ephemeral_gb: Some(0),
        swap_gb: Some(0),
        auto_recovery: Some(true),
        live_migration_timeout: Some(800),
        live_migration_max_downtime: Some(500),
    }
}

/// Every answer with the keys behind `version`, `type` and `result`.
fn answers() -> Vec<(ResponseBody, String)> {
    use ResponseBody as R;
    let by = || ByUuid::new("u-1");
    let uuid = r#""uuid": "u-1""#;
    let text = || Strategy { strategy: t("{\"uuid\": \"u-1\"}"), error_string: None };
    let text_keys = r#""strategy": "{\"uuid\": \"u-1\"}""#;
    let image = || Image {
        uuid: t("u-1"),
        name: t("n"),
        description: t("d"),
        container_format: t("bare"),
        disk_format: t("raw"),
        min_disk_size_gb: Some(0),
        min_memory_size_mb: Some(0),
        visibility: t("public"),
        protected: t("no"),
        avail_status: Some(vec!["available".to_owned()]),
        action: t(""),
        properties: t("{\"a\": \"b\"}"),
    };
    let volume = || Volume {
        uuid: t("u-1"),
        name: t("n"),
        description: t("d"),
        bootable: t("no"),
        encrypted: t("yes"),
        avail_status: Some(vec!["in-use".to_owned()]),
        action: t("attaching"),
    };
    let network = || Network {
        uuid: t("u-1"),
        name: t("n"),
        admin_state: t("unlocked"),
        oper_state: t("enabled"),
        avail_status: Some(Vec::new()),
        network_type: t("vlan"),
        segmentation_id: t("99"),
        mtu: Some(1500),
        physical_network: t("p"),
        is_shared: Some(false),
    };
    let subnet = || Subnet {
        uuid: t("u-1"),
        name: t("n"),
        ip_version: Some(4),
        subnet_ip: t("10.0.0.0"),
        subnet_prefix: t("24"),
        gateway_ip: None,
        network_uuid: t("w"),
        is_dhcp_enabled: Some(true),
    };
    let of_network = || SubnetOfNetwork { subnet: subnet(), network_name: t("net") };
    let of_network_keys = format!(r#"{SUBNET_KEYS}, "network_name": "net""#);
    let created = CreatedInstance { instance: instance(), network_uuid: None };
    let created_keys = format!(r#"{INSTANCE_KEYS}, "network_uuid": null"#);
    let deleted = DeleteSubnet { network_name: t("net"), subnet_ip: t("10.0.0.0"), subnet_prefix: Some(24) };
    let rows: Vec<(ResponseBody, &str)> = vec![
        (R::CreateStrategy(text()), text_keys),
        (R::ApplyStrategy(text()), text_keys),
        (R::AbortStrategy(text()), text_keys),
        (R::DeleteStrategy(Strategy::default()), r#""strategy": null"#),
        (R::GetStrategy(text()), text_keys),
        (R::CreateInstance(created), &created_keys),
        (R::StartInstance(by()), uuid),
        (R::StopInstance(by()), uuid),
        (R::PauseInstance(by()), uuid),
        (R::UnpauseInstance(by()), uuid),
        (R::SuspendInstance(by()), uuid),
        (R::ResumeInstance(by()), uuid),
        (R::RebootInstance(by()), uuid),
        (R::LiveMigrateInstance(by()), uuid),
        (R::ColdMigrateInstance(by()), uuid),
        (R::EvacuateInstance(by()), uuid),
        (R::DeleteInstance(by()), uuid),
        (R::GetInstance(instance()), INSTANCE_KEYS),
        (R::CreateImage(image()), IMAGE_KEYS),
        (R::UpdateImage(image()), IMAGE_KEYS),
        (R::DeleteImage(by()), uuid),
        (R::GetImage(image()), IMAGE_KEYS),
        (R::CreateVolume(volume()), VOLUME_KEYS),
        (R::UpdateVolume(volume()), VOLUME_KEYS),
        (R::DeleteVolume(by()), uuid),
        (R::GetVolume(volume()), VOLUME_KEYS),
        (R::CreateNetwork(network()), NETWORK_KEYS),
        (R::UpdateNetwork(network()), NETWORK_KEYS),
        (R::DeleteNetwork(Nothing {}), ""),
        (R::GetNetwork(network()), NETWORK_KEYS),
        (R::CreateSubnet(of_network()), &of_network_keys),
        (R::UpdateSubnet(of_network()), &of_network_keys),
        (R::DeleteSubnet(deleted), r#""network_name": "net", "subnet_ip": "10.0.0.0", "subnet_prefix": 24"#),
        (R::GetSubnet(subnet()), SUBNET_KEYS),
    ];
    rows.into_iter().chain(extensions::answers()).map(|(body, keys)| (body, keys.to_owned())).collect()
}

fn on_the_wire(kind: &str, result: &str, keys: &str) -> String {
    let comma = if keys.is_empty() { "" } else { ", " };
    format!(r#"{{"version": "1.0", "type": "{kind}", "result": "{result}"{comma}{keys}}}"#)
}

#[test]
fn every_request_has_its_exact_bytes_and_reads_back() {
    let mut seen = BTreeSet::new();
    for (request, keys) in requests() {
        let kind = request.kind();
        seen.insert(kind);
        let wanted = on_the_wire(kind, "success", &keys);
        assert_eq!(String::from_utf8(request.encode()).unwrap(), wanted);
        assert_eq!(Request::decode(wanted.as_bytes()), Ok(request), "{wanted}");
    }
    assert_eq!(seen, Request::KINDS.iter().copied().collect(), "a request has no row");
}

#[test]
fn every_answer_has_its_exact_bytes_and_reads_back() {
    let mut seen = BTreeSet::new();
    for (body, keys) in answers() {
        let kind = body.kind();
        seen.insert(kind);
        let wanted = on_the_wire(kind, "success", &keys);
        let response = Response::success(body);
        assert_eq!(String::from_utf8(response.encode()).unwrap(), wanted);
        assert_eq!(Response::decode(wanted.as_bytes()), Ok(response), "{wanted}");
    }
    assert_eq!(seen, ResponseBody::KINDS.iter().copied().collect(), "an answer has no row");
}

#[test]
fn an_answer_that_is_no_success_has_all_its_keys_with_null() {
    use ResponseBody as R;
    let rows: [(Response, &str, &str, &str); 4] = [
        (
            Response::without(ResultCode::NotFound, R::StartInstance),
            "start-instance-response",
            "not-found",
            r#""uuid": null"#,
        ),
        (
            Response::without(ResultCode::Failed, R::UpdateVolume),
            "update-volume-response",
            "failed",
            r#""uuid": null, "name": null, "description": null, "bootable": null, "encrypted": null, "avail_status": null, "action": null"#,
        ),
        (
            Response::without(ResultCode::Conflict, R::CreateStrategy),
            "create-sw-update-strategy-response",
            "conflict",
            r#""strategy": null"#,
        ),
        (Response::without(ResultCode::Failed, R::DeleteNetwork), "delete-network-response", "failed", ""),
    ];
    for (response, kind, result, keys) in rows.into_iter().chain(extensions::failures()) {
        let wanted = on_the_wire(kind, result, keys);
        assert_eq!(String::from_utf8(response.encode()).unwrap(), wanted);
        assert_eq!(Response::decode(wanted.as_bytes()), Ok(response));
    }
}

/// The table of vim-api 2.3 names the same types, but for those of docs/extensions.md.
#[test]
fn the_types_are_those_of_the_contract() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/contract/vim-api.md");
    let text = std::fs::read_to_string(path).unwrap();
    let table = text.split("## 2.3 Messages").nth(1).unwrap().split("| Set | Keys |").next().unwrap();
    let (mut asked, mut answered) = (BTreeSet::new(), BTreeSet::new());
    for row in table.lines().filter(|line| line.contains("-request`") || line.contains("`start-`")) {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let names: Vec<_> = cells[1].split(',').map(|name| name.trim().trim_matches('`')).collect();
        let tail = names.last().unwrap().split_once('-').map_or("", |_| "instance-request");
        for name in &names {
            asked.insert(if name.ends_with('-') { format!("{name}{tail}") } else { (*name).to_owned() });
        }
        if cells[3].starts_with("same with") {
            answered.extend(
                asked
                    .iter()
                    .filter(|kind| {
                        names.iter().any(|name| kind.starts_with(name.trim_end_matches("instance-request")))
                    })
                    .map(|kind| kind.replace("-request", "-response")),
            );
        } else {
            answered
                .extend(cells[3].split('`').filter(|word| word.ends_with("-response")).map(str::to_owned));
        }
    }
    let own = |kinds: &[&str]| kinds.iter().map(|kind| (*kind).to_owned()).collect::<BTreeSet<_>>();
    let added = extensions::documented();
    assert!(added.is_disjoint(&asked), "{added:?}");
    answered.extend(added.iter().map(|kind| kind.replace("-request", "-response")));
    asked.extend(added);
    assert_eq!(asked, own(Request::KINDS));
    assert_eq!(answered, own(ResponseBody::KINDS));
}

#[test]
fn missing_keys_are_null_and_get_all_is_then_true() {
    let request = |kind: &str, keys: &str| {
        let comma = if keys.is_empty() { "" } else { "," };
        Request::decode(format!(r#"{{"version":"1.0","type":"{kind}"{comma}{keys}}}"#).as_bytes()).unwrap()
    };
    assert_eq!(request("start-instance-request", ""), Request::StartInstance(ByUuid { uuid: None }));
    assert_eq!(request("get-instance-request", ""), Request::GetInstance(Get::all()));
    assert_eq!(
        request("get-volume-request", r#""get_all":false"#),
        Request::GetVolume(GetVolume { get_all: true, filter_by_uuid: None }),
        "volumes have keys with hyphens; others are ignored"
    );
    assert_eq!(
        request("get-image-request", r#""get_all":null,"filter_by_uuid":"x""#),
        Request::GetImage(Get::one("x"))
    );
    assert_eq!(
        request("delete-sw-update-strategy-request", r#""force":"true","unheard-of":[1]"#),
        Request::DeleteStrategy(DeleteStrategy { sw_update_type: None, force: true })
    );
    assert_eq!(
        request("apply-sw-update-strategy-request", r#""stage_id":3"#),
        Request::ApplyStrategy(StrategyAction { sw_update_type: None, stage_id: Some(3) })
    );
    let numbers_as_text = r#""name":"v","size_gb":"7""#;
    assert!(
        matches!(request("create-volume-request", numbers_as_text), Request::CreateVolume(v) if v.size_gb == Some(7))
    );
}

#[test]
fn what_is_no_request_is_refused_with_its_reason() {
    let rows: [(&[u8], &str); 14] = [
        (b"", "the message is not JSON"),
        (b"nonsense", "the message is not JSON"),
        (b"{\"version\": \"1.0\"", "the message is not JSON"),
        (b"\xff\xfe", "the message is not JSON"),
        (b"{\"version\": \"1.0\", \"type\": \"\\ud800\"}", "the message is not JSON"),
        (b"[]", "the message is not a JSON object"),
        (b"7", "the message is not a JSON object"),
        (b"{\"type\": \"get-image-request\"}", "the message has no version"),
        (b"{\"version\": \"unknown\", \"type\": \"get-image-request\"}", "the message has no version"),
        (b"{\"version\": \"1.0\"}", "the message has no type"),
        (b"{\"version\": \"1.0\", \"type\": 5}", "the message has no type"),
        (b"{\"version\": \"1.0\", \"type\": \"make-tea\"}", "no message has type \"make-tea\""),
        (
            b"{\"version\": \"1.0\", \"type\": \"get-image-response\"}",
            "no message has type \"get-image-response\"",
        ),
        (
            b"{\"version\": \"1.0\", \"type\": \"start-instance-request\", \"uuid\": {}}",
            "message start-instance-request: text is wanted, an object came",
        ),
    ];
    for (bytes, reason) in rows {
        let error = Request::decode(bytes).unwrap_err().to_string();
        assert!(error.starts_with(reason), "{}: {error}", String::from_utf8_lossy(bytes));
    }
    let deep = format!("{{\"version\": \"1.0\", \"type\": {}", "[".repeat(100_000));
    assert!(matches!(Request::decode(deep.as_bytes()), Err(RpcError::NotJson(_))));
    let bad = [
        ("apply-sw-update-strategy-request", r#""stage_id":"first""#),
        ("create-volume-request", r#""size_gb":-1"#),
        ("create-volume-request", r#""size_gb":1.5"#),
        ("create-image-request", r#""properties":"text""#),
        ("create-network-request", r#""is_shared":"perhaps""#),
        ("get-subnet-request", r#""get_all":[]"#),
    ];
    for (kind, keys) in bad {
        let text = format!(r#"{{"version":"1.0","type":"{kind}",{keys}}}"#);
        assert!(matches!(Request::decode(text.as_bytes()), Err(RpcError::BadPayload { .. })), "{text}");
    }
}

/// Whatever comes: an error or a message, never a panic, and a message that was read reads the same again.
#[test]
fn changed_and_cut_messages_never_panic() {
    let mut rng = fastrand::Rng::with_seed(20_190_123);
    let good: Vec<Vec<u8>> = requests()
        .iter()
        .map(|(request, _)| request.encode())
        .chain(answers().into_iter().map(|(body, _)| Response::success(body).encode()))
        .collect();
    let pieces: [&[u8]; 8] = [b"null", b"\"", b"{", b"]", b"1e999", b"\\u0000", b"-1", b"true"];
    let mut read = 0;
    for _ in 0..40_000 {
        let mut bytes = good[rng.usize(..good.len())].clone();
        for _ in 0..rng.usize(1..4) {
            let at = rng.usize(..=bytes.len());
            match rng.u8(0..4) {
                0 => bytes.truncate(at),
                1 if at < bytes.len() => bytes[at] = rng.u8(..),
                2 => drop(bytes.splice(at..at, pieces[rng.usize(..pieces.len())].iter().copied())),
                _ => {
                    let end = (at + rng.usize(0..8)).min(bytes.len());
                    bytes.drain(at..end);
                }
            }
        }
        if let Ok(request) = Request::decode(&bytes) {
            read += 1;
            assert_eq!(Request::decode(&request.encode()), Ok(request));
        }
        if let Ok(response) = Response::decode(&bytes) {
            assert_eq!(Response::decode(&response.encode()), Ok(response));
        }
        let mut reader = FrameReader::new(LONGEST_ANSWER);
        let framed = frame(&bytes).unwrap();
        reader.push(&framed[..rng.usize(..=framed.len())]);
        if let Ok(Some(payload)) = reader.next_payload() {
            assert_eq!(payload, bytes);
        }
    }
    assert!(read > 1000, "changes must leave some messages readable: {read}");
}
