//! vim-behaviour 5.5: what users of the API make, change and delete; and 9.6, all requests of the API.

use crate::case::{Case, Elsewhere};
use crate::objects::{image, volume};
use crate::rig::{Rig, Setup, nova, server};
use nfv_nfvi::call::{BlockStorageCall, ComputeCall, ImageCall, NetworkCall};
use nfv_nfvi::object::{
    AdminState, InstanceType, InstanceTypeDetails, Network, NetworkProviderData, OperState, Subnet,
};
use nfv_nfvi::{Answer, Call, CallError, ErrorKind};
use nfv_vim_rpc::image::{CreateImage, UpdateImage};
use nfv_vim_rpc::instance::{CreateInstance, Get};
use nfv_vim_rpc::network::{CreateNetwork, DeleteNetwork, GetNetwork, UpdateNetwork};
use nfv_vim_rpc::subnet::{CreateSubnet, DeleteSubnet, GetSubnet, UpdateSubnet};
use nfv_vim_rpc::volume::{CreateVolume, GetVolume, UpdateVolume};
use nfv_vim_rpc::{ByUuid, Request, Response, ResponseBody as Body, ResultCode};

pub const ELSEWHERE: &[Elsewhere] = &[];

fn t(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn rig() -> Rig {
    Setup::new().host("compute-0", "enabled").host("compute-1", "enabled").start()
}

/// The request's call is out and its text; then it is answered so.
fn answered(rig: &mut Rig, request: Request, answer: Result<Answer, CallError>) -> (Call, Vec<Response>) {
    rig.forget();
    assert_eq!(rig.api(request), None, "it is answered when the call ends");
    let (id, call) = rig.last_call();
    rig.answer_call(id, answer);
    (call, rig.api_answers().into_iter().cloned().collect())
}

fn refused() -> Result<Answer, CallError> {
    Err(CallError::new(ErrorKind::Refused, "no").with_reason("no"))
}

/// The text of an answer as it goes to the API.
fn wire(responses: &[Response]) -> Vec<String> {
    responses.iter().map(|response| String::from_utf8(response.encode()).unwrap()).collect()
}

fn network(uuid: &str, name: &str) -> Network {
    Network {
        uuid: uuid.to_owned(),
        name: name.to_owned(),
        admin_state: AdminState::Unlocked,
        oper_state: OperState::Enabled,
        avail_status: Vec::new(),
        is_shared: false,
        mtu: 1500,
        provider_data: NetworkProviderData {
            physical_network: t("physnet0"),
            network_type: t("vlan"),
            segmentation_id: t("99"),
        },
    }
}

fn subnet(uuid: &str, ip: &str) -> Subnet {
    Subnet {
        uuid: uuid.to_owned(),
        name: String::new(),
        ip_version: 6,
        subnet_ip: ip.to_owned(),
        subnet_prefix: "64".to_owned(),
        gateway_ip: t("FD00::1"),
        network_uuid: "n-1".to_owned(),
        is_dhcp_enabled: true,
    }
}

fn create_network() -> Request {
    Request::CreateNetwork(CreateNetwork {
        name: t("net"),
        network_type: t("vlan"),
        segmentation_id: t("99"),
        physical_network: t("physnet0"),
        is_shared: Some(true),
    })
}

fn create_subnet(ip: &str) -> Request {
    Request::CreateSubnet(CreateSubnet {
        network_name: t("net"),
        ip_version: t("6"),
        subnet_ip: t(ip),
        subnet_prefix: t("64"),
        gateway_ip: t("FD00::1"),
        is_dhcp_enabled: Some(true),
        ..CreateSubnet::default()
    })
}

/// A network with a subnet is known.
fn with_network() -> Rig {
    let mut rig = rig();
    answered(&mut rig, create_network(), Ok(Answer::Network(network("n-1", "net"))));
    answered(&mut rig, create_subnet("FD00::"), Ok(Answer::Subnet(subnet("s-1", "FD00::"))));
    rig.forget();
    rig
}

fn get_subnets(name: &str) -> Request {
    Request::GetSubnet(GetSubnet {
        get_all: true,
        filter_by_uuid: None,
        filter_by_network_uuid: None,
        filter_by_network_name: t(name),
    })
}

fn images() -> Vec<Case> {
    let create = || {
        Request::CreateImage(CreateImage {
            name: t("i"),
            description: t("d"),
            disk_format: t("raw"),
            protected: Some(true),
            image_data_ref: t("file:///x"),
            ..CreateImage::default()
        })
    };
    let update = |uuid: &str| {
        Request::UpdateImage(UpdateImage { uuid: t(uuid), description: t("new"), ..UpdateImage::default() })
    };
    vec![
        Case::new("5.5 image create/update", "create", move || {
            let mut rig = rig();
            let (call, answers) = answered(&mut rig, create(), Ok(Answer::Image(image("i-1"))));
            let Call::Image(ImageCall::CreateImage { name, attributes, image_data_url }) = call else {
                panic!("{call:?}");
            };
            assert_eq!((name.as_str(), image_data_url), ("i", t("file:///x")));
            assert_eq!((attributes.disk_format, attributes.protected), (t("raw"), Some(true)));
            let wanted = concat!(
                r#"{"version": "1.0", "type": "create-image-response", "result": "success", "uuid": "i-1", "#,
                r#""name": "name of i-1", "description": "d", "container_format": "bare", "#,
                r#""disk_format": "qcow2", "min_disk_size_gb": 2, "min_memory_size_mb": 512, "#,
                r#""visibility": "public", "protected": "yes", "avail_status": ["available"], "#,
                r#""action": "saving", "properties": "{\"hw_wrs_live_migration_max_downtime\": null, "#,
                r#"\"hw_wrs_live_migration_timeout\": 300, \"sw_wrs_auto_recovery\": \"false\"}"}"#
            );
            assert_eq!(wire(&answers), [wanted]);
            assert!(rig.store.snapshot().images.iter().any(|row| row.uuid == "i-1"), "it is persisted");
            let got = rig.api(Request::GetImage(Get::one("i-1"))).unwrap();
            assert_eq!(wire(&got), [wanted.replace("create-", "get-")]);
        }),
        Case::new("5.5 image create/update", "refused", move || {
            let mut rig = rig();
            let (_, answers) = answered(&mut rig, create(), refused());
            assert_eq!(answers, [Response::without(ResultCode::Failed, Body::CreateImage)]);
            assert!(rig.store.snapshot().images.is_empty());
        }),
        Case::new("5.5 image create/update", "update", move || {
            let mut rig = rig();
            answered(&mut rig, create(), Ok(Answer::Image(image("i-1"))));
            let mut changed = image("i-1");
            changed.description = "new".to_owned();
            let (call, answers) = answered(&mut rig, update("i-1"), Ok(Answer::Image(changed)));
            assert!(matches!(call, Call::Image(ImageCall::UpdateImage { uuid, .. }) if uuid == "i-1"));
            assert!(matches!(&answers[0].body, Body::UpdateImage(shown) if shown.description == t("new")));
            assert_eq!(rig.store.snapshot().images[0].description, "new");
        }),
        Case::new("5.5 image create/update", "update of one that is not known", move || {
            let mut rig = rig();
            let (_, answers) = answered(&mut rig, update("i-9"), Ok(Answer::Image(image("i-9"))));
            assert_eq!(answers[0].result, ResultCode::Success);
            let (_, answers) = answered(&mut rig, update("i-8"), refused());
            assert_eq!(answers, [Response::without(ResultCode::Failed, Body::UpdateImage)]);
        }),
        Case::new("5.5 image delete", "", move || {
            let mut rig = rig();
            answered(&mut rig, create(), Ok(Answer::Image(image("i-1"))));
            let mut going = image("i-2");
            going.avail_status = vec!["deleted".to_owned()];
            answered(&mut rig, create(), Ok(Answer::Image(going)));
            for uuid in ["i-1", "i-2"] {
                let request = Request::DeleteImage(ByUuid::new(uuid));
                let (_, answers) = answered(&mut rig, request, Ok(Answer::Done));
                assert_eq!(answers, [Response::success(Body::DeleteImage(ByUuid::new(uuid)))]);
            }
            let left: Vec<_> = rig.store.snapshot().images.iter().map(|row| row.uuid.as_str()).collect();
            assert_eq!(left, ["i-1"], "normally a listing removes it");
            let (_, answers) = answered(&mut rig, Request::DeleteImage(ByUuid::new("i-1")), refused());
            assert_eq!(answers, [Response::without(ResultCode::Failed, Body::DeleteImage)]);
        }),
    ]
}

fn volumes() -> Vec<Case> {
    let create = || {
        Request::CreateVolume(CreateVolume {
            name: t("v"),
            description: t("d"),
            size_gb: Some(7),
            image_uuid: t("i-1"),
        })
    };
    vec![Case::new("5.5 volume create/update/delete", "", move || {
        let mut rig = rig();
        let (call, answers) = answered(&mut rig, create(), Ok(Answer::Volume(volume("v-1"))));
        let wanted = BlockStorageCall::CreateVolume {
            name: "v".to_owned(),
            description: "d".to_owned(),
            size_gb: 7,
            image_uuid: t("i-1"),
            bootable: None,
        };
        assert_eq!(call, Call::BlockStorage(wanted));
        let text = r#"{"version": "1.0", "type": "create-volume-response", "result": "success", "uuid": "v-1", "name": "name of v-1", "description": "d", "bootable": "#;
        assert!(wire(&answers)[0].starts_with(text), "{:?}", wire(&answers));
        assert!(rig.store.snapshot().volumes.iter().any(|row| row.uuid == "v-1"));
        let mut changed = volume("v-1");
        changed.description = "new".to_owned();
        let update = Request::UpdateVolume(UpdateVolume { uuid: t("v-1"), description: t("new") });
        let (_, answers) = answered(&mut rig, update.clone(), Ok(Answer::Volume(changed)));
        assert!(matches!(&answers[0].body, Body::UpdateVolume(shown) if shown.description == t("new")));
        assert_eq!(rig.store.snapshot().volumes[0].description, "new");
        let get = Request::GetVolume(GetVolume { get_all: false, filter_by_uuid: t("v-1") });
        assert_eq!(rig.api(get.clone()).unwrap()[0].result, ResultCode::Success);
        for (request, refusal) in [
            (create(), Response::without(ResultCode::Failed, Body::CreateVolume)),
            (update, Response::without(ResultCode::Failed, Body::UpdateVolume)),
            (
                Request::DeleteVolume(ByUuid::new("v-1")),
                Response::without(ResultCode::Failed, Body::DeleteVolume),
            ),
        ] {
            assert_eq!(answered(&mut rig, request, refused()).1, [refusal]);
        }
        let (_, answers) = answered(&mut rig, Request::DeleteVolume(ByUuid::new("v-1")), Ok(Answer::Done));
        assert_eq!(answers, [Response::success(Body::DeleteVolume(ByUuid::new("v-1")))]);
        assert!(rig.store.snapshot().volumes.is_empty(), "it is removed at once");
        let missing = Response::without(ResultCode::NotFound, Body::GetVolume);
        assert_eq!(rig.api(get).unwrap(), [missing]);
    })]
}

fn networks() -> Vec<Case> {
    const MADE: &str = "5.5 subnet/network create, update";
    let update = || Request::UpdateNetwork(UpdateNetwork { name: t("net"), is_shared: Some(true) });
    let update_subnet = |name: &str| {
        Request::UpdateSubnet(UpdateSubnet {
            network_name: t(name),
            subnet_ip: t("fd00::"),
            subnet_prefix: t("64"),
            is_dhcp_enabled: Some(false),
            ..UpdateSubnet::default()
        })
    };
    let delete_subnet = |prefix| {
        Request::DeleteSubnet(DeleteSubnet {
            network_name: t("net"),
            subnet_ip: t("fd00::"),
            subnet_prefix: Some(prefix),
        })
    };
    vec![
        Case::new(MADE, "network", move || {
            let mut rig = rig();
            let (call, answers) =
                answered(&mut rig, create_network(), Ok(Answer::Network(network("n-1", "net"))));
            let wanted = NetworkCall::CreateNetwork {
                name: "net".to_owned(),
                network_type: "vlan".to_owned(),
                segmentation_id: Some(99),
                physical_network: "physnet0".to_owned(),
                is_shared: true,
            };
            assert_eq!(call, Call::Network(wanted));
            let text = concat!(
                r#"{"version": "1.0", "type": "create-network-response", "result": "success", "uuid": "n-1", "#,
                r#""name": "net", "admin_state": "unlocked", "oper_state": "enabled", "avail_status": [], "#,
                r#""network_type": "vlan", "segmentation_id": "99", "mtu": 1500, "#,
                r#""physical_network": "physnet0", "is_shared": false}"#
            );
            assert_eq!(wire(&answers), [text]);
            assert_eq!(rig.store.snapshot().networks.len(), 1);
            let exists = rig.api(create_network()).unwrap();
            assert_eq!(exists, [Response::without(ResultCode::Conflict, Body::CreateNetwork)]);
        }),
        Case::new(MADE, "network refused, or asked for badly", move || {
            let mut rig = rig();
            let failed = Response::without(ResultCode::Failed, Body::CreateNetwork);
            assert_eq!(answered(&mut rig, create_network(), refused()).1, std::slice::from_ref(&failed));
            let Request::CreateNetwork(mut bad) = create_network() else { unreachable!() };
            bad.segmentation_id = t("many");
            assert_eq!(rig.api(Request::CreateNetwork(bad.clone())).unwrap(), [failed]);
            // a flat network has no segment
            bad.network_type = t("flat");
            rig.api(Request::CreateNetwork(bad));
            let flat = matches!(
                rig.last_call().1,
                Call::Network(NetworkCall::CreateNetwork { segmentation_id: None, .. })
            );
            assert!(flat, "{:?}", rig.last_call());
        }),
        Case::new(MADE, "network changed", move || {
            let mut rig = with_network();
            let mut changed = network("n-1", "net");
            changed.is_shared = true;
            let (_, answers) = answered(&mut rig, update(), Ok(Answer::Network(changed)));
            assert!(matches!(&answers[0].body, Body::UpdateNetwork(shown) if shown.is_shared == Some(true)));
            assert!(rig.store.snapshot().networks[0].is_shared);
            let failed = Response::without(ResultCode::Failed, Body::UpdateNetwork);
            assert_eq!(answered(&mut rig, update(), refused()).1, [failed]);
            let other = Request::UpdateNetwork(UpdateNetwork { name: t("other"), is_shared: None });
            let missing = Response::without(ResultCode::NotFound, Body::UpdateNetwork);
            assert_eq!(rig.api(other).unwrap(), [missing]);
        }),
        Case::new(MADE, "subnet", move || {
            let mut rig = with_network();
            let (call, answers) =
                answered(&mut rig, create_subnet("FD01::"), Ok(Answer::Subnet(subnet("s-2", "FD01::"))));
            let wanted = NetworkCall::CreateSubnet {
                network_uuid: "n-1".to_owned(),
                name: None,
                ip_version: 6,
                cidr: "FD01::/64".to_owned(),
                gateway_ip: t("FD00::1"),
                dhcp_enabled: true,
            };
            assert_eq!(call, Call::Network(wanted));
            let text = concat!(
                r#"{"version": "1.0", "type": "create-subnet-response", "result": "success", "uuid": "s-2", "#,
                r#""name": "", "ip_version": 6, "subnet_ip": "FD01::", "subnet_prefix": "64", "#,
                r#""gateway_ip": "FD00::1", "network_uuid": "n-1", "is_dhcp_enabled": true, "#,
                r#""network_name": "net"}"#
            );
            assert_eq!(wire(&answers), [text]);
            let failed = Response::without(ResultCode::Failed, Body::CreateSubnet);
            assert_eq!(answered(&mut rig, create_subnet("FD02::"), refused()).1, [failed]);
            // one that exists is told by another message (sic)
            let exists = rig.api(create_subnet("fd01::")).unwrap();
            assert_eq!(exists, [Response::without(ResultCode::Conflict, Body::CreateNetwork)]);
            let Request::CreateSubnet(mut lost) = create_subnet("FD03::") else { unreachable!() };
            lost.network_name = t("other");
            let missing = Response::without(ResultCode::NotFound, Body::CreateSubnet);
            assert_eq!(rig.api(Request::CreateSubnet(lost)).unwrap(), [missing]);
        }),
        Case::new(MADE, "subnet changed", move || {
            let mut rig = with_network();
            let mut changed = subnet("s-1", "FD00::");
            changed.is_dhcp_enabled = false;
            let (_, answers) = answered(&mut rig, update_subnet("net"), Ok(Answer::Subnet(changed)));
            let Body::UpdateSubnet(shown) = &answers[0].body else { panic!("{answers:?}") };
            assert_eq!((&shown.network_name, shown.subnet.is_dhcp_enabled), (&t("net"), Some(false)));
            assert!(!rig.store.snapshot().subnets[0].is_dhcp_enabled);
            let failed = Response::without(ResultCode::Failed, Body::UpdateSubnet);
            assert_eq!(answered(&mut rig, update_subnet("net"), refused()).1, [failed]);
            let missing = Response::without(ResultCode::NotFound, Body::UpdateSubnet);
            assert_eq!(rig.api(update_subnet("other")).unwrap(), [missing]);
        }),
        Case::new(MADE, "subnet deleted", move || {
            let mut rig = with_network();
            let missing = Response::without(ResultCode::NotFound, Body::DeleteSubnet);
            assert_eq!(rig.api(delete_subnet(32)).unwrap(), [missing]);
            let failed = Response::without(ResultCode::Failed, Body::DeleteSubnet);
            assert_eq!(answered(&mut rig, delete_subnet(64), refused()).1, [failed]);
            let (_, answers) = answered(&mut rig, delete_subnet(64), Ok(Answer::Done));
            let text = concat!(
                r#"{"version": "1.0", "type": "delete-subnet-response", "result": "success", "#,
                r#""network_name": "net", "subnet_ip": "fd00::", "subnet_prefix": 64}"#
            );
            assert_eq!(wire(&answers), [text]);
            assert!(rig.store.snapshot().subnets.is_empty());
        }),
        Case::new("5.5 network delete", "", move || {
            let delete =
                |name: &str| Request::DeleteNetwork(DeleteNetwork { by_uuid: None, by_name: t(name) });
            let mut rig = with_network();
            let missing = Response::without(ResultCode::NotFound, Body::DeleteNetwork);
            assert_eq!(rig.api(delete("other")).unwrap(), [missing]);
            let failed = Response::without(ResultCode::Failed, Body::DeleteNetwork);
            assert_eq!(answered(&mut rig, delete("net"), refused()).1, [failed]);
            assert_eq!(rig.store.snapshot().subnets.len(), 1);
            let (_, answers) = answered(&mut rig, delete("net"), Ok(Answer::Done));
            let text = r#"{"version": "1.0", "type": "delete-network-response", "result": "success"}"#;
            assert_eq!(wire(&answers), [text]);
            assert!(rig.store.snapshot().subnets.is_empty() && rig.store.snapshot().networks.is_empty());
        }),
    ]
}

fn instances() -> Vec<Case> {
    const ROW: &str = "5.5 instance create";
    let create = || {
        Request::CreateInstance(CreateInstance {
            name: t("vm-1"),
            instance_type_uuid: t("f-1"),
            image_uuid: t("i-1"),
            vcpus: Some(2),
            memory_mb: Some(1024),
            disk_gb: Some(10),
            ephemeral_gb: Some(0),
            swap_gb: Some(0),
            network_uuid: t("n-1"),
            auto_recovery: Some("false".to_owned()),
            live_migration_timeout: Some("300".to_owned()),
            live_migration_max_downtime: None,
        })
    };
    let flavor = || {
        let details = InstanceTypeDetails { vcpus: 2, mem_mb: 1024, disk_gb: 10, ..Default::default() };
        Answer::InstanceType(InstanceType {
            uuid: "f-1".to_owned(),
            name: "vm-1-type".to_owned(),
            details: Some(details),
        })
    };
    let failed = || Response::without(ResultCode::Failed, Body::CreateInstance);
    vec![
        Case::new(ROW, "flavor, then instance", move || {
            let mut rig = rig();
            let (call, none) = answered(&mut rig, create(), Ok(flavor()));
            assert_eq!(none, []);
            let specs = [("hw:wrs:live_migration_timeout", "300"), ("sw:wrs:auto_recovery", "false")];
            let wanted = ComputeCall::CreateInstanceType {
                uuid: "f-1".to_owned(),
                name: "vm-1-type".to_owned(),
                vcpus: 2,
                mem_mb: 1024,
                disk_gb: 10,
                ephemeral_gb: Some(0),
                swap_gb: Some(0),
                extra_specs: specs.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            };
            assert_eq!(call, Call::Compute(wanted));
            assert!(rig.store.snapshot().instance_types.iter().any(|row| row.uuid == "f-1"));
            let (id, call) = rig.last_call();
            let wanted = ComputeCall::CreateInstance {
                name: "vm-1".to_owned(),
                instance_type_uuid: "f-1".to_owned(),
                image_uuid: t("i-1"),
                block_devices: None,
                networks: Some(serde_json::json!([{ "uuid": "n-1" }])),
            };
            assert_eq!(call, Call::Compute(wanted));
            let made = server("vm-1", "compute-0");
            rig.servers.insert("vm-1".to_owned(), made.clone());
            rig.answer_call(id, Ok(Answer::Instance(Box::new(made))));
            let answers: Vec<_> = rig.api_answers().into_iter().cloned().collect();
            let text = concat!(
                r#"{"version": "1.0", "type": "create-instance-response", "result": "success", "#,
                r#""uuid": "vm-1", "name": "vm-1", "admin_state": "unlocked", "oper_state": "enabled", "#,
                r#""avail_status": [], "action": "", "host_uuid": "uuid-of-compute-0", "#,
                r#""host_name": "compute-0", "instance_type_original_name": "small", "image_uuid": null, "#,
                r#""vcpus": 1, "memory_mb": 1024, "disk_gb": 10, "ephemeral_gb": 0, "swap_gb": 0, "#,
                r#""sw:wrs:auto_recovery": true, "hw:wrs:live_migration_timeout": 800, "#,
                r#""hw:wrs:live_migration_max_downtime": 500, "network_uuid": null}"#
            );
            assert_eq!(wire(&answers), [text]);
            assert!(rig.has_instance("vm-1"));
        }),
        Case::new(ROW, "flavor refused", move || {
            let mut rig = rig();
            assert_eq!(answered(&mut rig, create(), refused()).1, [failed()]);
            assert!(rig.store.snapshot().instance_types.is_empty());
        }),
        Case::new(ROW, "instance refused: the flavor goes again", move || {
            let mut rig = rig();
            answered(&mut rig, create(), Ok(flavor()));
            let (id, _) = rig.last_call();
            rig.answer_call(id, refused());
            assert_eq!(rig.api_answers(), [&failed()]);
            let delete = ComputeCall::DeleteInstanceType { uuid: "f-1".to_owned() };
            assert_eq!(rig.last_call().1, Call::Compute(delete));
            assert!(rig.store.snapshot().instance_types.is_empty());
        }),
        Case::new(ROW, "two of the same name are both answered", move || {
            let mut rig = rig();
            rig.api(create());
            rig.api(create());
            for _ in 0..2 {
                let (id, _) = rig.last_call();
                rig.answer_call(id, refused());
            }
            assert_eq!(rig.api_answers().len(), 2);
        }),
    ]
}

pub fn cases() -> Vec<Case> {
    images().into_iter().chain(volumes()).chain(networks()).chain(instances()).collect()
}

/// 9.6: each action is begun without an initiator and answered at once.
#[test]
fn actions_on_instances_are_answered_at_once() {
    type Make = fn(ByUuid) -> Request;
    let active: (&str, &str, &str) = ("active", "none", "running");
    let rows: [(Make, &str, (&str, &str, &str), &str); 11] = [
        (Request::StartInstance, "start", ("stopped", "none", "shutdown"), "vm-1: start"),
        (Request::StopInstance, "stop", active, "vm-1: stop"),
        (Request::PauseInstance, "pause", active, "vm-1: pause"),
        (Request::UnpauseInstance, "unpause", ("paused", "none", "paused"), "vm-1: unpause"),
        (Request::SuspendInstance, "suspend", active, "vm-1: suspend"),
        (Request::ResumeInstance, "resume", ("suspended", "none", "shutdown"), "vm-1: resume"),
        (Request::RebootInstance, "reboot", active, "vm-1: reboot HARD"),
        (Request::LiveMigrateInstance, "live-migrate", active, "vm-1: live-migrate block auto"),
        (Request::ColdMigrateInstance, "cold-migrate", active, "vm-1: cold-migrate"),
        // it waits for the host to be offline
        (Request::EvacuateInstance, "evacuate", active, ""),
        (Request::DeleteInstance, "delete", active, ""),
    ];
    for (make, verb, states, call) in rows {
        let mut rig = rig();
        let mut shown = server("vm-1", "compute-0");
        nova(&mut shown, states.0, states.1, states.2);
        rig.add(shown);
        rig.run(1);
        rig.forget();
        let found = |uuid: &str, result: &str| {
            format!(
                r#"{{"version": "1.0", "type": "{verb}-instance-response", "result": "{result}", "uuid": {uuid}}}"#
            )
        };
        let answers = rig.api(make(ByUuid::new("vm-1"))).unwrap();
        assert_eq!(wire(&answers), [found("\"vm-1\"", "success")]);
        assert_eq!(rig.calls().first().copied().unwrap_or_default(), call, "{verb}");
        if let Some(log) = rig.logs().first().filter(|_| verb != "delete") {
            assert!(!log.contains("issued by"), "{verb}: nobody is named in {log}");
        } else {
            assert_eq!(verb, "delete", "the beginning is logged");
            assert_eq!(rig.log_ids(), ["instance-deleted"]);
        }
        for missing in [ByUuid::new("vm-9"), ByUuid { uuid: None }] {
            assert_eq!(wire(&rig.api(make(missing)).unwrap()), [found("null", "not-found")]);
        }
    }
}

/// The refusal of an action during an upgrade is not told.
#[test]
fn an_upgrade_refuses_silently() {
    let setup = Setup::new().host("compute-0", "enabled").rows(|rows| {
        rows.hosts[0].upgrade_inprogress = true;
        rows.hosts[0].recover_instances = false;
    });
    let mut rig = setup.start();
    rig.add(server("vm-1", "compute-0"));
    rig.forget();
    let answers = rig.api(Request::StopInstance(ByUuid::new("vm-1"))).unwrap();
    assert_eq!(answers, [Response::success(Body::StopInstance(ByUuid::new("vm-1")))]);
    assert_eq!(rig.calls(), [""; 0]);
}

/// 9.6: questions read the tables; a listing of nothing has no message.
#[test]
fn questions_read_the_tables() {
    let mut rig = rig();
    let volumes = Request::GetVolume(GetVolume { get_all: true, filter_by_uuid: None });
    let networks = |get_all, name| {
        Request::GetNetwork(GetNetwork { get_all, filter_by_uuid: None, filter_by_name: name })
    };
    let all = [
        Request::GetInstance(Get::all()),
        Request::GetImage(Get::all()),
        volumes,
        networks(true, None),
        get_subnets("net"),
    ];
    for request in &all {
        assert_eq!(rig.api(request.clone()), Some(Vec::new()), "{request:?}");
    }
    assert_eq!(
        rig.api(Request::GetInstance(Get::one("vm-1"))).unwrap(),
        [Response::without(ResultCode::NotFound, Body::GetInstance)]
    );
    assert_eq!(
        rig.api(Request::GetImage(Get::one("i-1"))).unwrap(),
        [Response::without(ResultCode::NotFound, Body::GetImage)]
    );
    assert_eq!(
        rig.api(networks(false, t("net"))).unwrap(),
        [Response::without(ResultCode::NotFound, Body::GetNetwork)]
    );
    let mut rig = with_network();
    rig.add(server("vm-1", "compute-0"));
    let mut lost = server("vm-2", "nowhere");
    lost.live_migration_timeout = Some(0);
    if let Some(flavor) = &mut lost.instance_type {
        flavor.extra_specs.insert("hw:wrs:live_migration_max_downtime".to_owned(), "many".to_owned());
        flavor.extra_specs.insert("sw:wrs:auto_recovery".to_owned(), "False".to_owned());
    }
    rig.add(lost);
    rig.run(1);
    let shown = rig.api(Request::GetInstance(Get::all())).unwrap();
    let Body::GetInstance(last) = &shown[1].body else { panic!("{shown:?}") };
    assert_eq!(shown.len(), 2);
    assert_eq!((&last.host_name, &last.host_uuid), (&t("nowhere"), &None));
    assert_eq!(last.auto_recovery, Some(false));
    assert_eq!((last.live_migration_timeout, last.live_migration_max_downtime), (Some(0), Some(500)));
    for request in [networks(true, None), networks(false, t("net")), get_subnets("net")] {
        assert_eq!(rig.api(request).unwrap().len(), 1);
    }
    assert_eq!(rig.api(get_subnets("other")), Some(Vec::new()));
    let one = GetSubnet {
        get_all: false,
        filter_by_uuid: t("s-1"),
        filter_by_network_uuid: None,
        filter_by_network_name: None,
    };
    assert_eq!(rig.api(Request::GetSubnet(one)).unwrap()[0].result, ResultCode::Success);
}

/// Nothing that lacks what it needs makes a call, and every request has its answer at once then.
#[test]
fn requests_without_their_keys_fail() {
    use ResultCode::{Failed, NotFound};
    let rows = [
        (Request::CreateInstance(CreateInstance::default()), Failed),
        (Request::CreateImage(CreateImage::default()), Failed),
        (Request::UpdateImage(UpdateImage::default()), Failed),
        (Request::DeleteImage(ByUuid::default()), Failed),
        (Request::CreateVolume(CreateVolume::default()), Failed),
        (Request::UpdateVolume(UpdateVolume::default()), Failed),
        (Request::DeleteVolume(ByUuid::default()), Failed),
        (Request::CreateNetwork(CreateNetwork::default()), Failed),
        (Request::UpdateNetwork(UpdateNetwork::default()), NotFound),
        (Request::DeleteNetwork(DeleteNetwork::default()), NotFound),
        (Request::CreateSubnet(CreateSubnet::default()), NotFound),
        (Request::UpdateSubnet(UpdateSubnet::default()), NotFound),
        (Request::DeleteSubnet(DeleteSubnet::default()), NotFound),
    ];
    let mut rig = rig();
    for (request, result) in rows {
        let answers = rig.api(request.clone()).unwrap_or_default();
        assert_eq!(answers.iter().map(|answer| answer.result).collect::<Vec<_>>(), [result], "{request:?}");
    }
    assert_eq!(rig.calls(), [""; 0]);
}
