//! The calls to Keystone, Nova, Neutron, Cinder and Glance.

use crate::entry::{End, Entry, entry, host};
use crate::faults::Fault::*;
use nfv_nfvi::call::{
    BlockStorageCall, ComputeCall, HostServicesOperation, IdentityCall, ImageAttributes, ImageCall,
    NetworkCall, NovaAction, Page,
};
use nfv_nfvi::{Call, ErrorKind};
use serde_json::{Value, json};

fn first() -> Page {
    Page { limit: 32, next: None }
}

pub fn identity() -> Vec<Entry> {
    let projects =
        json!({"projects": [{"id": "default", "name": "a", "description": null, "enabled": true}]});
    vec![entry(
        "keystone.get_tenants",
        Call::Identity(IdentityCall::GetTenants),
        vec![("GET /keystone/v3/projects", projects)],
    )]
}

pub fn nova_queries() -> Vec<Entry> {
    let compute = |row, call, answers| entry(row, Call::Compute(call), answers);
    let hypervisor = json!({"id": "h1", "status": "enabled", "state": "up", "hypervisor_hostname": "compute-0",
        "vcpus_used": 1, "vcpus": 8, "memory_mb_used": 1, "free_ram_mb": 1, "memory_mb": 2, "local_gb_used": 1,
        "local_gb": 2, "running_vms": 1});
    let flavor = || json!({"flavor": {"id": "f1", "name": "small", "vcpus": 2, "ram": 512, "disk": 1}});
    let specs = || json!({"extra_specs": {"a": "b"}});
    let server = || {
        json!({"server": {"id": "i1", "name": "vm", "tenant_id": "0123456789abcdef0123456789abcdef", "OS-EXT-STS:vm_state": "active",
        "OS-EXT-STS:task_state": null, "OS-EXT-STS:power_state": 1, "adminPass": "pass-of-the-server"}})
    };
    let get_flavor = || ComputeCall::GetInstanceType { uuid: "f1".into() };
    let flavor_answers = || {
        vec![
            ("GET /nova/v2.1/p1/flavors/f1", flavor()),
            ("GET /nova/v2.1/p1/flavors/f1/os-extra_specs", specs()),
        ]
    };
    let create_flavor = || ComputeCall::CreateInstanceType {
        uuid: "f1".into(),
        name: "small".into(),
        vcpus: 2,
        mem_mb: 512,
        disk_gb: 1,
        ephemeral_gb: Some(3),
        swap_gb: Some(4),
        extra_specs: [("a".to_owned(), "b".to_owned())].into(),
    };
    let create_answers = || {
        vec![
            ("POST /nova/v2.1/p1/flavors", flavor()),
            ("POST /nova/v2.1/p1/flavors/f1/os-extra_specs", specs()),
        ]
    };
    let create_server = ComputeCall::CreateInstance {
        name: "vm".into(),
        instance_type_uuid: "f1".into(),
        image_uuid: Some("img".into()),
        block_devices: Some(json!([{"boot_index": 0}])),
        networks: Some(json!([{"uuid": null}, {"uuid": "n1"}])),
    };
    vec![
        compute(
            "nova.get_host_aggregates",
            ComputeCall::GetHostAggregates,
            vec![("GET /nova/v2.1/p1/os-aggregates", json!({"aggregates": [{"name": "a", "hosts": []}]}))],
        ),
        compute(
            "nova.get_hypervisors",
            ComputeCall::GetHypervisors,
            vec![("GET /nova/v2.1/p1/os-hypervisors", json!({"hypervisors": [hypervisor]}))],
        ),
        compute(
            "nova.get_hypervisor",
            ComputeCall::GetHypervisor { uuid: "h1".into() },
            vec![("GET /nova/v2.1/p1/os-hypervisors/h1", json!({"hypervisor": hypervisor}))],
        ),
        compute(
            "nova.get_flavors",
            ComputeCall::GetInstanceTypes { page: first() },
            vec![(
                "GET /nova/v2.1/p1/flavors?is_public=None&limit=32",
                json!({"flavors": [{"id": "f1", "name": "small"}]}),
            )],
        ),
        compute("nova.get_flavor", get_flavor(), flavor_answers()).target("GET /nova/v2.1/p1/flavors/f1"),
        // properties that are not there are none
        compute("nova.get_flavor_extra_specs", get_flavor(), flavor_answers())
            .unlike(&[WrongTypes, NoFields, NoBody], End::Good),
        compute("nova.create_flavor", create_flavor(), create_answers()).target("POST /nova/v2.1/p1/flavors").body(
            json!({"flavor": {"id": "f1", "name": "small", "vcpus": 2, "ram": 512, "disk": 1,
                              "OS-FLV-EXT-DATA:ephemeral": 3, "swap": 4}}),
        ),
        compute("nova.set_flavor_extra_specs", create_flavor(), create_answers())
            .body(specs())
            .unlike(&[WrongTypes, NoFields, NoBody], End::Good),
        compute(
            "nova.delete_flavor",
            ComputeCall::DeleteInstanceType { uuid: "f1".into() },
            vec![("DELETE /nova/v2.1/p1/flavors/f1", Value::Null)],
        )
        .status_only(),
        compute(
            "nova.get_server_groups",
            ComputeCall::GetInstanceGroups,
            vec![(
                "GET /nova/v2.1/p1/os-server-groups?all_projects=True",
                json!({"server_groups": [{"id": "g", "name": "g", "members": [], "policies": []}]}),
            )],
        ),
        compute(
            "nova.get_servers",
            ComputeCall::GetInstances { page: first() },
            vec![(
                "GET /nova/v2.1/p1/servers?limit=32&all_tenants=1",
                json!({"servers": [{"id": "i1", "name": "vm"}]}),
            )],
        ),
        compute(
            "nova.get_server",
            ComputeCall::GetInstance { uuid: "i1".into() },
            vec![("GET /nova/v2.1/p1/servers/i1", server())],
        ),
        compute(
            "nova.create_server",
            create_server,
            vec![("GET /nova/v2.1/p1/servers/i1", server()), ("POST /nova/v2.1/p1/servers", server())],
        )
        .body(json!({"server": {"name": "vm", "flavorRef": "f1", "imageRef": "img",
                                "block_device_mapping_v2": [{"boot_index": 0}], "networks": [{"uuid": "n1"}]}})),
        compute(
            "nova.delete_server",
            ComputeCall::DeleteInstance { uuid: "i1".into() },
            vec![("DELETE /nova/v2.1/p1/servers/i1", Value::Null)],
        )
        .status_only()
        .unlike(&[Status(404)], End::Good),
    ]
}

pub fn nova_actions() -> Vec<Entry> {
    let confirm = || (NovaAction::ConfirmResize, json!({"confirmResize": null}));
    let revert = || (NovaAction::RevertResize, json!({"revertResize": null}));
    let live = NovaAction::LiveMigrate { block_migration: json!("auto"), host: None };
    let rebuild = NovaAction::Rebuild { name: "vm".into(), image: "img".into() };
    let rows = [
        ("live_migrate_server", (live, json!({"os-migrateLive": {"block_migration": "auto", "host": null}}))),
        ("cold_migrate_server", (NovaAction::ColdMigrate, json!({"migrate": null}))),
        ("cold_migrate_server_confirm", confirm()),
        ("resize_server_confirm", confirm()),
        ("cold_migrate_server_revert", revert()),
        ("resize_server_revert", revert()),
        ("resize_server", (NovaAction::Resize { flavor: "5".into() }, json!({"resize": {"flavorRef": "5"}}))),
        ("evacuate_server", (NovaAction::Evacuate, json!({"evacuate": {}}))),
        ("reboot_server", (NovaAction::Reboot { graceful: true }, json!({"reboot": {"type": "SOFT"}}))),
        ("rebuild_server", (rebuild, json!({"rebuild": {"name": "vm", "imageRef": "img"}}))),
        ("pause", (NovaAction::Pause, json!({"pause": null}))),
        ("unpause", (NovaAction::Unpause, json!({"unpause": null}))),
        ("suspend", (NovaAction::Suspend, json!({"suspend": null}))),
        ("resume", (NovaAction::Resume, json!({"resume": null}))),
        ("start", (NovaAction::Start, json!({"os-start": null}))),
        ("stop", (NovaAction::Stop, json!({"os-stop": null}))),
        ("reset_server_state", (NovaAction::ResetStateToError, json!({"os-resetState": {"state": "error"}}))),
    ];
    rows.into_iter()
        .map(|(row, (action, body))| {
            let row: &'static str = format!("nova.{row}").leak();
            let call = ComputeCall::InstanceAction { uuid: "i1".into(), action, context: None };
            entry(row, Call::Compute(call), vec![("POST /nova/v2.1/p1/servers/i1/action", Value::Null)])
                .body(body)
                .status_only()
        })
        .collect()
}

pub fn nova_services() -> Vec<Entry> {
    const LOOK: &str = "GET /nova/v2.1/p1/os-services?host=compute-0&binary=nova-compute";
    const PUT: &str = "PUT /nova/v2.1/p1/os-services/s1";
    let services = |operation| Call::Compute(ComputeCall::HostServices { host: host("worker"), operation });
    let notify = |enabled| Call::Compute(ComputeCall::NotifyHost { host: host("worker"), enabled });
    let look = || (LOOK, json!({"services": [{"id": "s1", "binary": "nova-compute", "status": "enabled"}]}));
    let service =
        |status: &str| json!({"service": {"status": status, "host": "compute-0", "binary": "nova-compute"}});
    let create = || ("PUT /nova/v2.1/p1/os-services/create", service("created"));
    use HostServicesOperation::*;
    let not_found = End::Fails(ErrorKind::NotFound);
    vec![
        entry("nova.get_host_service_id", services(Enable), vec![(PUT, service("enabled")), look()])
            .unlike(&[WrongTypes, NoFields, NoBody], not_found),
        entry(
            "nova.create_host_services",
            services(Create),
            vec![look(), (PUT, service("disabled")), create()],
        )
        .body(json!({"binary": "nova-compute", "host": "compute-0"}))
        // the record is there already
        .unlike(&[Status(404)], End::Good),
        entry(
            "nova.delete_host_services",
            services(Delete),
            vec![look(), ("DELETE /nova/v2.1/p1/os-services/s1", Value::Null)],
        )
        .status_only(),
        entry("nova.enable_host_services", services(Enable), vec![look(), (PUT, service("enabled"))])
            .body(json!({"status": "enabled"})),
        entry("nova.disable_host_services", services(Disable), vec![look(), (PUT, service("disabled"))])
            .body(json!({"status": "disabled", "disabled_reason": "disabled by VIM"}))
            .unlike(&[Status(404)], End::Good),
        entry("nova.notify_host_enabled", notify(true), vec![look(), (PUT, service("enabled"))])
            .body(json!({"forced_down": false}))
            .unlike(&[WrongTypes, NoFields, NoBody], End::Good),
        entry("nova.notify_host_disabled", notify(false), vec![look(), (PUT, service("enabled"))])
            .body(json!({"forced_down": true}))
            .unlike(&[WrongTypes, NoFields, NoBody, Status(404)], End::Good),
        entry(
            "nova.query_host_services",
            services(Query),
            vec![("GET /nova/v2.1/p1/os-services?host=compute-0", look().1)],
        ),
    ]
}

pub fn neutron() -> Vec<Entry> {
    const EXTENSIONS: &str = "GET /neutron/v2.0/extensions.json";
    const HOSTS: &str = "GET /neutron/v2.0/hosts.json?fields=id&fields=name";
    const PUT: &str = "PUT /neutron/v2.0/hosts/u0";
    let network_call = |row, call, answers| entry(row, Call::Network(call), answers);
    let services = |operation| NetworkCall::HostServices { host: host("worker"), operation };
    let extensions = || (EXTENSIONS, json!({"extensions": [{"alias": "host"}]}));
    let of =
        |availability: &str| json!({"host": {"availability": availability, "name": "compute-0", "id": "u0"}});
    let known = || (HOSTS, json!({"hosts": [{"id": "old", "name": "compute-0"}]}));
    let delete_old = || ("DELETE /neutron/v2.0/hosts/old", Value::Null);
    let create = || ("POST /neutron/v2.0/hosts.json", of("down"));
    let network = || {
        json!({"id": "n1", "name": "net", "admin_state_up": true, "status": "ACTIVE", "shared": false,
        "mtu": 1500, "provider:physical_network": "phys", "provider:network_type": "vlan",
        "provider:segmentation_id": 5})
    };
    let subnet = || {
        json!({"id": "s1", "name": "sub", "ip_version": 4, "cidr": "10.0.0.0/24", "gateway_ip": null,
        "network_id": "n1", "enable_dhcp": true})
    };
    let (one_network, one_subnet) = (|| json!({"network": network()}), || json!({"subnet": subnet()}));
    let uuid = |id: &str| id.to_owned();
    use HostServicesOperation::*;
    vec![
        network_call("neutron.get_extensions", services(Enable), vec![(PUT, of("up")), extensions()])
            .asked_once(),
        network_call(
            "neutron.get_networks",
            NetworkCall::GetNetworks { page: first() },
            vec![("GET /neutron/v2.0/networks?limit=32", json!({"networks": [network()]}))],
        ),
        network_call(
            "neutron.get_network",
            NetworkCall::GetNetwork { uuid: uuid("n1") },
            vec![("GET /neutron/v2.0/networks/n1", one_network())],
        ),
        network_call(
            "neutron.create_network",
            NetworkCall::CreateNetwork {
                name: "net".into(),
                network_type: "vlan".into(),
                segmentation_id: Some(5),
                physical_network: "phys".into(),
                is_shared: true,
            },
            vec![("POST /neutron/v2.0/networks", one_network())],
        )
        .body(json!({"network": {"name": "net", "shared": true, "provider:network_type": "vlan",
                                 "provider:physical_network": "phys", "provider:segmentation_id": 5}})),
        network_call(
            "neutron.update_network",
            NetworkCall::UpdateNetwork { uuid: uuid("n1"), is_shared: Some(true) },
            vec![("PUT /neutron/v2.0/networks/n1", one_network())],
        )
        .body(json!({"network": {"shared": true}})),
        network_call(
            "neutron.delete_network",
            NetworkCall::DeleteNetwork { uuid: uuid("n1") },
            vec![("DELETE /neutron/v2.0/networks/n1", Value::Null)],
        )
        .status_only()
        .unlike(&[Status(404)], End::Good),
        network_call(
            "neutron.get_subnets",
            NetworkCall::GetSubnets { page: first() },
            vec![("GET /neutron/v2.0/subnets?limit=32", json!({"subnets": [subnet()]}))],
        ),
        network_call(
            "neutron.get_subnet",
            NetworkCall::GetSubnet { uuid: uuid("s1") },
            vec![("GET /neutron/v2.0/subnets/s1", one_subnet())],
        ),
        network_call(
            "neutron.create_subnet",
            NetworkCall::CreateSubnet {
                network_uuid: "n1".into(),
                name: Some("sub".into()),
                ip_version: 4,
                cidr: "10.0.0.0/24".into(),
                gateway_ip: Some("10.0.0.1".into()),
                dhcp_enabled: true,
            },
            vec![("POST /neutron/v2.0/subnets", one_subnet())],
        )
        .body(json!({"subnet": {"name": "sub", "network_id": "n1", "ip_version": 4, "cidr": "10.0.0.0/24",
                                "enable_dhcp": true, "gateway_ip": "10.0.0.1"}})),
        network_call(
            "neutron.update_subnet",
            NetworkCall::UpdateSubnet {
                uuid: uuid("s1"),
                gateway_ip: None,
                delete_gateway: true,
                dhcp_enabled: Some(false),
            },
            vec![("PUT /neutron/v2.0/subnets/s1", one_subnet())],
        )
        .body(json!({"subnet": {"gateway_ip": null, "enable_dhcp": false}})),
        network_call(
            "neutron.delete_subnet",
            NetworkCall::DeleteSubnet { uuid: uuid("s1") },
            vec![("DELETE /neutron/v2.0/subnets/s1", Value::Null)],
        )
        .status_only()
        .unlike(&[Status(404)], End::Good),
        network_call(
            "neutron.create_host_services",
            services(Create),
            vec![extensions(), known(), delete_old(), (PUT, of("down")), create()],
        )
        .body(json!({"host": {"availability": "down", "id": "u0", "name": "compute-0"}}))
        // it is there already
        .unlike(&[Status(409)], End::Good),
        network_call(
            "neutron.delete_host_services",
            services(Delete),
            vec![extensions(), ("DELETE /neutron/v2.0/hosts/u0", Value::Null)],
        )
        .status_only()
        .unlike(&[Status(404)], End::Good),
        network_call(
            "neutron.delete_host_services_by_name",
            services(Create),
            vec![extensions(), known(), (PUT, of("down")), create(), delete_old()],
        )
        .status_only(),
        network_call("neutron.enable_host_services", services(Enable), vec![extensions(), (PUT, of("up"))])
            .body(json!({"host": {"availability": "up"}})),
        network_call(
            "neutron.disable_host_services",
            NetworkCall::NotifyHostDisabled { host: host("worker") },
            vec![extensions(), (PUT, of("down"))],
        )
        .body(json!({"host": {"availability": "down"}})),
        network_call(
            "neutron.query_host_services",
            services(Query),
            vec![
                extensions(),
                (
                    "GET /neutron/v2.0/hosts.json?fields=id&name=compute-0",
                    json!({"hosts": [{"id": "00000000-0000-0000-0000-000000000001"}]}),
                ),
                ("GET /neutron/v2.0/hosts/00000000-0000-0000-0000-000000000001", of("up")),
            ],
        )
        // what is neither up nor down is down
        .unlike(&[WrongTypes, NoFields, NoBody], End::Good),
    ]
}

pub fn cinder() -> Vec<Entry> {
    let storage = |row, call, answers| entry(row, Call::BlockStorage(call), answers);
    let get = || {
        (
            "GET /cinder/v2/p1/volumes/v1",
            json!({"volume": {"id": "v1", "name": "v", "status": "in-use", "size": 1}}),
        )
    };
    let volume = || get().1;
    vec![
        storage(
            "cinder.get_volumes",
            BlockStorageCall::GetVolumes { page: first() },
            vec![(
                "GET /cinder/v2/p1/volumes?limit=32&all_tenants=1",
                json!({"volumes": [{"id": "v1", "name": "v"}]}),
            )],
        ),
        storage("cinder.get_volume", BlockStorageCall::GetVolume { uuid: "v1".into() }, vec![get()]),
        storage(
            "cinder.create_volume",
            BlockStorageCall::CreateVolume {
                name: "v".into(),
                description: "d".into(),
                size_gb: 1,
                image_uuid: Some("img".into()),
                bootable: Some(true),
            },
            vec![get(), ("POST /cinder/v2/p1/volumes", volume())],
        )
        .body(json!({"volume": {"name": "v", "description": "d", "size": 1, "imageRef": "img", "bootable": true}})),
        storage(
            "cinder.update_volume",
            BlockStorageCall::UpdateVolume { uuid: "v1".into(), description: "d".into() },
            vec![get(), ("PUT /cinder/v2/p1/volumes/v1", volume())],
        )
        .body(json!({"volume": {"description": "d"}}))
        .status_only(),
        storage(
            "cinder.delete_volume",
            BlockStorageCall::DeleteVolume { uuid: "v1".into() },
            vec![("DELETE /cinder/v2/p1/volumes/v1", Value::Null)],
        )
        .status_only(),
        storage(
            "cinder.get_volume_snapshots",
            BlockStorageCall::GetVolumeSnapshots,
            vec![(
                "GET /cinder/v2/p1/snapshots?all_tenants=1",
                json!({"snapshots": [{"id": "x", "name": "s", "description": null, "size": 1, "volume_id": "v1"}]}),
            )],
        ),
    ]
}

/// `image_file` holds the data of an image.
pub fn glance(image_file: &std::path::Path) -> Vec<Entry> {
    const POST: &str = "POST /glance/v2/images";
    const PATCH: &str = "PATCH /glance/v2/images/g1";
    let glance = |row, call, answers| entry(row, Call::Image(call), answers);
    let image =
        || json!({"id": "g1", "name": "img", "status": "active", "visibility": "public", "protected": true});
    let get = || ("GET /glance/v2/images/g1", image());
    let attributes = || ImageAttributes {
        description: Some("d".into()),
        container_format: Some("bare".into()),
        disk_format: Some("raw".into()),
        min_disk_size_gb: Some(1),
        min_memory_size_mb: Some(2),
        visibility: Some("public".into()),
        protected: Some(false),
        properties: [("p".to_owned(), json!("x"))].into(),
    };
    let create = |url: Option<String>| ImageCall::CreateImage {
        name: "img".into(),
        attributes: attributes(),
        image_data_url: url,
    };
    let replace = |path: &str, value: Value| json!({"op": "replace", "path": path, "value": value});
    vec![
        glance(
            "glance.get_images",
            ImageCall::GetImages { page: first() },
            vec![("GET /glance/v2/images?limit=32", json!({"images": [image()]}))],
        ),
        glance("glance.get_image", ImageCall::GetImage { uuid: "g1".into() }, vec![get()]),
        glance("glance.create_image", create(None), vec![get(), (POST, image())]).body(
            json!({"name": "img", "description": "d", "container_format": "bare", "disk_format": "raw",
                   "min_disk": 1, "min_ram": 2, "visibility": "public", "protected": false, "p": "x"}),
        ),
        glance(
            "glance.update_image",
            ImageCall::UpdateImage { uuid: "g1".into(), attributes: attributes() },
            vec![get(), (PATCH, image())],
        )
        .body(json!([
            replace("/description", json!("d")),
            replace("/min_disk", json!(1)),
            replace("/min_ram", json!(2)),
            replace("/visibility", json!("public")),
            replace("/protected", json!(false)),
            replace("/p", json!("x")),
        ]))
        .status_only(),
        glance(
            "glance.upload_image_data_by_url",
            create(Some("http://data/x".into())),
            vec![get(), (POST, image()), (PATCH, image())],
        )
        .body(
            json!([{"op": "add", "path": "/locations/0", "value": {"url": "http://data/x", "metadata": {}}}]),
        )
        .status_only(),
        glance(
            "glance.upload_image_data_by_file",
            create(Some(format!("file:/{}", image_file.display()))),
            vec![get(), (POST, image()), ("PUT /glance/v2/images/g1/file", Value::Null)],
        )
        .body(json!("data of the image"))
        .status_only(),
        glance(
            "glance.delete_image",
            ImageCall::DeleteImage { uuid: "g1".into() },
            vec![("DELETE /glance/v2/images/g1", Value::Null)],
        )
        .status_only()
        .unlike(&[Status(404)], End::Good),
    ]
}
