//! Every request to Neutron's networks, Cinder, Glance, patching and Fault Management.
//! Contract: southbound 3.4 to 3.6, 3.11, 5.4 to 5.7, 12.7.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy does not know for tests

mod cloud;

use cloud::{Case, Cloud, Doing, run};
use nfv_nfvi::answer::Paged;
use nfv_nfvi::call::{
    BlockStorageCall, ImageAttributes, ImageCall, InfrastructureCall, NetworkCall, Page, SwMgmtCall,
};
use nfv_nfvi::object::{AdminState, OperState};
use nfv_nfvi::{Answer, Call, CallResult, ErrorKind};
use nfv_plugins::Turn;
use nfv_plugins::catalog::Service;
use serde_json::{Value, json};

type Exchange = (&'static str, &'static str, &'static str, Doing);

fn ok(body: Value) -> Doing {
    Doing::json(200, body)
}

fn gone() -> Doing {
    Doing::json(404, "{}")
}

fn case(
    name: &'static str,
    call: Call,
    exchanges: Vec<Exchange>,
    check: impl Fn(CallResult) + 'static,
) -> Case {
    Case { name, call, exchanges, check: Box::new(check) }
}

fn first() -> Page {
    Page { limit: 32, next: None }
}

fn done(result: CallResult) {
    assert_eq!(result, Ok(Answer::Done));
}

fn bad_answer(result: CallResult) {
    assert_eq!(result.unwrap_err().kind, ErrorKind::BadAnswer);
}

#[tokio::test]
async fn networks() {
    let network = |status: &str| {
        json!({"id": "n1", "name": "net", "admin_state_up": true, "status": status, "shared": false, "mtu": 1500,
               "provider:physical_network": "phys", "provider:network_type": "vlan", "provider:segmentation_id": 5})
    };
    let one = || ok(json!({"network": network("ACTIVE")}));
    let is_one = |result: CallResult| assert!(matches!(result, Ok(Answer::Network(_))), "{result:?}");
    let create = |network_type: &str| NetworkCall::CreateNetwork {
        name: "net".into(),
        network_type: network_type.into(),
        segmentation_id: Some(5),
        physical_network: "phys".into(),
        is_shared: true,
    };
    run(vec![
        case(
            "list",
            Call::Network(NetworkCall::GetNetworks { page: first() }),
            vec![(
                "GET /neutron/v2.0/networks?limit=32",
                "W",
                "",
                ok(json!({"networks": [network("ACTIVE"), network("ERROR"), network("BUILD")],
                          "networks_links": [{"rel": "next", "href": "http://next"}]})),
            )],
            |result| {
                let Ok(Answer::Networks(page)) = result else { panic!("{result:?}") };
                assert_eq!(page.next.as_deref(), Some("http://next"));
                let states: Vec<_> =
                    page.entries.iter().map(|n| (&n.oper_state, n.avail_status.join(","))).collect();
                assert_eq!(
                    states,
                    [
                        (&OperState::Enabled, String::new()),
                        (&OperState::Disabled, "failed".into()),
                        (&OperState::Disabled, "building".into())
                    ]
                );
                assert_eq!(page.entries[0].admin_state, AdminState::Unlocked);
                assert_eq!(page.entries[0].provider_data.segmentation_id.as_deref(), Some("5"));
            },
        ),
        case(
            "get",
            Call::Network(NetworkCall::GetNetwork { uuid: "n1".into() }),
            vec![("GET /neutron/v2.0/networks/n1", "W", "", one())],
            is_one,
        ),
        case(
            "get, gone",
            Call::Network(NetworkCall::GetNetwork { uuid: "n1".into() }),
            vec![("GET /neutron/v2.0/networks/n1", "W", "", gone())],
            |result| assert_eq!(result.unwrap_err().kind, ErrorKind::NotFound),
        ),
        case(
            "create vlan",
            Call::Network(create("vlan")),
            vec![(
                "POST /neutron/v2.0/networks",
                "W C",
                r#"{"network":{"name":"net","shared":true,"provider:network_type":"vlan",
                    "provider:physical_network":"phys","provider:segmentation_id":5}}"#,
                one(),
            )],
            is_one,
        ),
        case(
            "create flat",
            Call::Network(create("flat")),
            vec![(
                "POST /neutron/v2.0/networks",
                "W C",
                r#"{"network":{"name":"net","shared":true,"provider:network_type":"flat",
                    "provider:physical_network":"phys"}}"#,
                one(),
            )],
            is_one,
        ),
        case(
            "update",
            Call::Network(NetworkCall::UpdateNetwork { uuid: "n1".into(), is_shared: Some(true) }),
            vec![("PUT /neutron/v2.0/networks/n1", "W C", r#"{"network":{"shared":true}}"#, one())],
            is_one,
        ),
        case(
            "delete, gone",
            Call::Network(NetworkCall::DeleteNetwork { uuid: "n1".into() }),
            vec![("DELETE /neutron/v2.0/networks/n1", "W", "", gone())],
            done,
        ),
    ])
    .await;
}

#[tokio::test]
async fn subnets() {
    let subnet = |cidr: &str| {
        json!({"id": "s1", "name": "sub", "ip_version": 4, "cidr": cidr, "gateway_ip": null,
               "network_id": "n1", "enable_dhcp": true})
    };
    let one = || ok(json!({"subnet": subnet("10.0.0.0/24")}));
    let is_one = |result: CallResult| {
        let Ok(Answer::Subnet(subnet)) = result else { panic!("{result:?}") };
        assert_eq!((subnet.subnet_ip.as_str(), subnet.subnet_prefix.as_str()), ("10.0.0.0", "24"));
    };
    let update = |gateway: Option<&str>, delete_gateway, dhcp_enabled| {
        let (uuid, gateway_ip) = ("s1".into(), gateway.map(str::to_owned));
        Call::Network(NetworkCall::UpdateSubnet { uuid, gateway_ip, delete_gateway, dhcp_enabled })
    };
    let put = |body: &'static str| vec![("PUT /neutron/v2.0/subnets/s1", "W C", body, one())];
    run(vec![
        case(
            "list",
            Call::Network(NetworkCall::GetSubnets { page: first() }),
            vec![(
                "GET /neutron/v2.0/subnets?limit=32",
                "W",
                "",
                ok(json!({"subnets": [subnet("10.0.0.0/24")]})),
            )],
            |result| assert!(matches!(result, Ok(Answer::Subnets(_))), "{result:?}"),
        ),
        case(
            "list with a range of no prefix",
            Call::Network(NetworkCall::GetSubnets { page: first() }),
            vec![(
                "GET /neutron/v2.0/subnets?limit=32",
                "W",
                "",
                ok(json!({"subnets": [subnet("10.0.0.0")]})),
            )],
            bad_answer,
        ),
        case(
            "create",
            Call::Network(NetworkCall::CreateSubnet {
                network_uuid: "n1".into(),
                name: None,
                ip_version: 4,
                cidr: "10.0.0.0/24".into(),
                gateway_ip: Some("10.0.0.1".into()),
                dhcp_enabled: false,
            }),
            vec![(
                "POST /neutron/v2.0/subnets",
                "W C",
                r#"{"subnet":{"network_id":"n1","ip_version":4,"cidr":"10.0.0.0/24","enable_dhcp":false,
                    "gateway_ip":"10.0.0.1"}}"#,
                one(),
            )],
            is_one,
        ),
        case(
            "gateway",
            update(Some("10.0.0.1"), true, None),
            put(r#"{"subnet":{"gateway_ip":"10.0.0.1"}}"#),
            is_one,
        ),
        case("no gateway", update(None, true, None), put(r#"{"subnet":{"gateway_ip":null}}"#), is_one),
        case("dhcp", update(None, false, Some(true)), put(r#"{"subnet":{"enable_dhcp":true}}"#), is_one),
        case(
            "delete",
            Call::Network(NetworkCall::DeleteSubnet { uuid: "s1".into() }),
            vec![("DELETE /neutron/v2.0/subnets/s1", "W", "", Doing::Answer(204, vec![], String::new()))],
            done,
        ),
    ])
    .await;
}

#[tokio::test]
async fn volumes() {
    let volume = |status: &str| {
        ok(json!({"volume": {"id": "v1", "name": null, "description": null, "status": status, "size": 3,
                  "bootable": "true", "encrypted": true, "volume_image_metadata": {"image_id": "img"}}}))
    };
    let get = || ("GET /cinder/v2/p1/volumes/v1", "W", "", volume("creating"));
    let storage = Call::BlockStorage;
    run(vec![
        case(
            "list",
            storage(BlockStorageCall::GetVolumes { page: first() }),
            vec![(
                "GET /cinder/v2/p1/volumes?limit=32&all_tenants=1",
                "W",
                "",
                ok(json!({"volumes": [{"id": "v1", "name": ""}, {"id": "v2", "name": "b"}],
                          "volumes_links": [{"rel": "next", "href": "http://next"}]})),
            )],
            |result| {
                let Ok(Answer::VolumeIds(page)) = result else { panic!("{result:?}") };
                assert_eq!(page.entries[0], ("v1".into(), "v1".into()));
                assert_eq!(page.next.as_deref(), Some("http://next"));
            },
        ),
        case("get", storage(BlockStorageCall::GetVolume { uuid: "v1".into() }), vec![get()], |result| {
            let Ok(Answer::Volume(volume)) = result else { panic!("{result:?}") };
            assert_eq!((volume.action.as_str(), volume.name.as_str(), volume.size_gb), ("building", "v1", 3));
            assert_eq!((volume.bootable.as_str(), volume.encrypted.as_str()), ("yes", "no"));
            assert_eq!(volume.image_uuid.as_deref(), Some("img"));
        }),
        case(
            "create",
            storage(BlockStorageCall::CreateVolume {
                name: "v".into(),
                description: "d".into(),
                size_gb: 3,
                image_uuid: None,
                bootable: Some(true),
            }),
            vec![
                (
                    "POST /cinder/v2/p1/volumes",
                    "W C",
                    r#"{"volume":{"name":"v","description":"d","size":3,"bootable":true}}"#,
                    volume("creating"),
                ),
                get(),
            ],
            |result| assert!(matches!(result, Ok(Answer::Volume(_))), "{result:?}"),
        ),
        case(
            "delete, gone is an error",
            storage(BlockStorageCall::DeleteVolume { uuid: "v1".into() }),
            vec![("DELETE /cinder/v2/p1/volumes/v1", "W", "", gone())],
            |result| assert_eq!(result.unwrap_err().kind, ErrorKind::NotFound),
        ),
        case(
            "snapshots",
            storage(BlockStorageCall::GetVolumeSnapshots),
            vec![(
                "GET /cinder/v2/p1/snapshots?all_tenants=1",
                "W",
                "",
                ok(json!({"snapshots": [{"id": "x", "name": "s", "description": null, "size": 1, "volume_id": "v1"}]})),
            )],
            |result| assert!(matches!(result, Ok(Answer::VolumeSnapshots(_))), "{result:?}"),
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_volume_is_updated_and_read() {
    let cloud = Cloud::start().await;
    cloud.on("PUT /cinder/v2/p1/volumes/v1", Doing::Answer(200, vec![], "no json".into()));
    cloud.on(
        "GET /cinder/v2/p1/volumes/v1",
        ok(json!({"volume": {"id": "v1", "name": "v", "status": "in-use", "size": 1}})),
    );
    let (plugins, _inbound) = cloud.plugins().await;
    let call = BlockStorageCall::UpdateVolume { uuid: "v1".into(), description: "new".into() };
    let result = plugins.perform(Call::BlockStorage(call), Turn::free()).await;
    assert!(matches!(result, Ok(Answer::Volume(_))), "{result:?}");
    assert_eq!(cloud.take()[0].body, r#"{"volume":{"description":"new"}}"#);
}

#[tokio::test]
async fn images() {
    let image = |recovery: Value| {
        json!({"id": "g1", "name": "img", "status": "active", "container_format": "bare", "disk_format": "qcow2",
               "min_disk": 1, "min_ram": 2, "visibility": "public", "protected": true,
               "sw_wrs_auto_recovery": recovery, "hw_wrs_live_migration_timeout": "180"})
    };
    let get = || ("GET /glance/v2/images/g1", "", "", ok(image(json!("True"))));
    let is_one = |result: CallResult| {
        let Ok(Answer::Image(image)) = result else { panic!("{result:?}") };
        assert_eq!((image.protected.as_str(), image.avail_status.join(",")), ("yes", "available".to_owned()));
        assert_eq!(image.properties["sw_wrs_auto_recovery"], true);
        assert_eq!(image.properties["hw_wrs_live_migration_timeout"], "180");
        assert_eq!(image.properties["hw_wrs_live_migration_max_downtime"], Value::Null);
    };
    let attributes = || ImageAttributes {
        description: Some("d".into()),
        protected: Some(false),
        properties: [("p".to_owned(), json!("x")), ("q".to_owned(), Value::Null)].into(),
        ..ImageAttributes::default()
    };
    let create = |url: &str| ImageCall::CreateImage {
        name: "img".into(),
        attributes: attributes(),
        image_data_url: Some(url.into()),
    };
    run(vec![
        case(
            "list",
            Call::Image(ImageCall::GetImages { page: first() }),
            vec![(
                "GET /glance/v2/images?limit=32",
                "",
                "",
                ok(json!({"images": [image(Value::Null), image(json!("maybe"))], "next": "/v2/images?marker=x"})),
            )],
            |result| {
                let Ok(Answer::Images(page)) = result else { panic!("{result:?}") };
                assert_eq!((page.entries.len(), page.next.as_deref()), (2, Some("/v2/images?marker=x")));
                assert!(!page.entries[1].properties.contains_key("sw_wrs_auto_recovery"));
            },
        ),
        case(
            "next page",
            Call::Image(ImageCall::GetImages {
                page: Page { limit: 32, next: Some("/v2/images?marker=x".into()) },
            }),
            vec![("GET /glance/v2/images?marker=x", "", "", ok(json!({"images": []})))],
            |result| assert_eq!(result, Ok(Answer::Images(Paged { entries: vec![], next: None }))),
        ),
        case("get", Call::Image(ImageCall::GetImage { uuid: "g1".into() }), vec![get()], is_one),
        case(
            "create",
            Call::Image(create("http://data/x")),
            vec![
                (
                    "POST /glance/v2/images",
                    "C",
                    r#"{"name":"img","description":"d","container_format":null,"disk_format":null,"min_disk":null,
                        "min_ram":null,"visibility":null,"protected":false,"p":"x","q":null}"#,
                    Doing::json(201, image(Value::Null)),
                ),
                (
                    "PATCH /glance/v2/images/g1",
                    "",
                    r#"[{"op":"add","path":"/locations/0","value":{"url":"http://data/x","metadata":{}}}]"#,
                    ok(json!({})),
                ),
                get(),
            ],
            is_one,
        ),
        case("create from a file that is not there", Call::Image(create("file:///nonexistent")), vec![], |result| {
            let error = result.unwrap_err();
            // six characters of the URL are cut
            assert!(error.detail.contains("//nonexistent: No such file"), "{error}");
        }),
        case("create from a directory", Call::Image(create("file:///")), vec![], bad_answer),
        case(
            "update",
            Call::Image(ImageCall::UpdateImage { uuid: "g1".into(), attributes: attributes() }),
            vec![
                (
                    "PATCH /glance/v2/images/g1",
                    "",
                    r#"[{"op":"replace","path":"/description","value":"d"},
                        {"op":"replace","path":"/protected","value":false},
                        {"op":"replace","path":"/p","value":"x"}]"#,
                    ok(json!({})),
                ),
                get(),
            ],
            is_one,
        ),
        case(
            "delete, gone",
            Call::Image(ImageCall::DeleteImage { uuid: "g1".into() }),
            vec![("DELETE /glance/v2/images/g1", "", "", gone())],
            done,
        ),
    ])
    .await;
}

#[tokio::test]
async fn patches_and_alarms() {
    let host = json!({"hostname": "c", "subfunctions": "worker", "sw_version": "19.01", "requires_reboot": false,
                      "patch_current": true, "state": "idle", "patch_failed": false, "interim_state": false});
    run(vec![
        case(
            "patches",
            Call::SwMgmt(SwMgmtCall::QueryUpdates),
            vec![(
                "GET /patching/v1/query",
                "",
                "",
                ok(json!({"pd": {"P1": {"sw_version": "19.01", "repostate": "Applied", "patchstate": "Applied"}}})),
            )],
            |result| {
                let Ok(Answer::SwPatches(patches)) = result else { panic!("{result:?}") };
                assert_eq!(patches[0].name, "P1");
            },
        ),
        case(
            "an error with status 200",
            Call::SwMgmt(SwMgmtCall::QueryUpdates),
            vec![("GET /patching/v1/query", "", "", ok(json!({"error": "not now"})))],
            bad_answer,
        ),
        case(
            "hosts",
            Call::SwMgmt(SwMgmtCall::QueryHosts),
            vec![("GET /patching/v1/query_hosts", "", "", ok(json!({"data": [host]})))],
            |result| {
                let Ok(Answer::HostSwPatches(hosts)) = result else { panic!("{result:?}") };
                assert!(hosts[0].patch_current && hosts[0].personality == "worker");
            },
        ),
        case(
            "update hosts",
            Call::SwMgmt(SwMgmtCall::UpdateHosts { host_names: vec!["a".into(), "b".into()] }),
            vec![
                ("POST /patching/v1/host_install_async/a", "", "", ok(json!({}))),
                ("POST /patching/v1/host_install_async/b", "", "", ok(json!({}))),
            ],
            done,
        ),
        case(
            "alarms",
            Call::Infrastructure(InfrastructureCall::GetAlarms),
            vec![(
                "GET /fm/alarms?include_suppress=True",
                "",
                "",
                ok(json!({"alarms": [{"uuid": "u", "alarm_id": "700.001", "entity_instance_id": "e",
                    "severity": "critical", "reason_text": "r", "timestamp": "t", "mgmt_affecting": "False"}]})),
            )],
            |result| {
                let Ok(Answer::Alarms(alarms)) = result else { panic!("{result:?}") };
                assert!(!alarms[0].mgmt_affecting);
            },
        ),
    ])
    .await;
}

#[tokio::test]
async fn what_is_not_there_has_empty_listings() {
    let cloud = Cloud::start().await;
    let mut config = cloud.config("");
    for service in [Service::Neutron, Service::Cinder, Service::Glance] {
        config.services.get_mut(&service).unwrap().endpoint_disabled = true;
    }
    let (plugins, _inbound) = cloud::start(&config).await;
    for call in [
        Call::Network(NetworkCall::GetNetworks { page: first() }),
        Call::Network(NetworkCall::GetSubnets { page: first() }),
        Call::BlockStorage(BlockStorageCall::GetVolumes { page: first() }),
        Call::BlockStorage(BlockStorageCall::GetVolumeSnapshots),
        Call::Image(ImageCall::GetImages { page: first() }),
    ] {
        assert!(plugins.perform(call, Turn::free()).await.is_ok());
    }
    assert!(cloud.seen().is_empty());
}
