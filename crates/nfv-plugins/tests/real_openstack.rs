//! Every call of the OpenStack plugins that a real Keystone, Nova, Neutron, Glance and Cinder with fake compute hosts
//! support. `tests/real/plugins.sh` brings that OpenStack up and runs this; without `NFV_OPENSTACK_URL` (address of
//! Keystone without `/v3`) the test says that it was left out. Contract: southbound 1.6, 3.1 to 3.6.

#![allow(clippy::unwrap_used)] // helpers of tests, which clippy does not know for tests

use nfv_common::config::Settings;
use nfv_nfvi::call::{
    BlockStorageCall, ComputeCall, HostServicesOperation, IdentityCall, ImageAttributes, ImageCall,
    NetworkCall, NovaAction, Page,
};
use nfv_nfvi::object::{AdminState, HostRef, Instance, OperState};
use nfv_nfvi::{Answer, Call, CallResult, ErrorKind};
use nfv_plugins::{DisabledPlugins, Plugins, PluginsConfig, Turn};
use serde_json::json;
use std::io::Write;
use std::time::{Duration, Instant};

/// Plugins in front of the real OpenStack, and how many calls they made.
struct Real {
    plugins: Plugins,
    calls: std::cell::Cell<usize>,
    began: Instant,
}

fn config(keystone: &str) -> PluginsConfig {
    let account = format!(
        "username=admin\ntenant=admin\nauthorization_protocol=http\nauthorization_ip=unused\n\
         authorization_port=1\nauthorization_uri={keystone}\nuser_domain_name=Default\n\
         project_domain_name=Default\nkeyring_service=CGCS\npassword=admin\n"
    );
    let mut file = format!("[platform]\n{account}[openstack]\n{account}");
    for (section, name, kind, interface) in [
        ("keystone", "keystone", "identity", "internal"),
        ("nova", "nova", "compute", "admin"),
        ("neutron", "neutron", "network", "admin"),
        ("cinder", "cinderv2", "volumev2", "admin"),
        ("glance", "glance", "image", "admin"),
    ] {
        file += &format!(
            "[{section}]\nregion_name=RegionOne\nservice_name={name}\nservice_type={kind}\nendpoint_type={interface}\n"
        );
    }
    file += "[amqp]\nhost=127.0.0.1\nport=1\nuser_id=guest\npassword=guest\nvirt_host=/\n";
    for section in ["infrastructure-rest-api", "guest-rest-api", "compute-rest-api", "host-listener"] {
        file += &format!("[{section}]\nhost=127.0.0.1\nport=0\n");
    }
    // Nova waits up to a minute for a nova-compute that is gone
    file += "[nfvi-timeouts]\nnova=90\nglance=60\ncinder=60\nneutron=60\nkeystone=60\nopenstack=60\n";
    PluginsConfig::read(&Settings::parse("config.ini", file.as_bytes()).unwrap(), DisabledPlugins::default())
        .unwrap()
}

impl Real {
    async fn ask(&self, call: Call) -> CallResult {
        self.calls.set(self.calls.get() + 1);
        self.plugins.perform(call, Turn::free()).await
    }

    /// A call that must go well.
    async fn good(&self, what: &str, call: Call) -> Answer {
        let result = self.ask(call).await;
        let answer = result.unwrap_or_else(|error| panic!("{what}: {error} (reason {:?})", error.reason));
        self.say(what);
        answer
    }

    fn say(&self, what: &str) {
        println!("{:6.1}  {what}", self.began.elapsed().as_secs_f32());
    }

    async fn compute(&self, what: &str, call: ComputeCall) -> Answer {
        self.good(what, Call::Compute(call)).await
    }

    async fn instance(&self, uuid: &str) -> Instance {
        match self.ask(Call::Compute(ComputeCall::GetInstance { uuid: uuid.into() })).await {
            Ok(Answer::Instance(instance)) => *instance,
            other => panic!("get_instance: {other:?}"),
        }
    }

    /// Asks for the instance until it is as wanted and nothing is under way.
    async fn until(&self, uuid: &str, what: &str, wanted: impl Fn(&Instance) -> bool) -> Instance {
        let began = Instant::now();
        loop {
            let instance = self.instance(uuid).await;
            if wanted(&instance) && instance.nfvi_data.task_state == "none" {
                self.say(&format!("  {what}"));
                return instance;
            }
            assert!(began.elapsed() < Duration::from_secs(180), "not {what}: {instance:?}");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// An action, and the state of Nova that it leads to.
    async fn act(&self, uuid: &str, what: &str, action: NovaAction, vm_state: &str) -> Instance {
        self.compute(what, ComputeCall::InstanceAction { uuid: uuid.into(), action, context: None }).await;
        self.until(uuid, vm_state, |instance| instance.nfvi_data.vm_state == vm_state).await
    }
}

fn page(limit: u32) -> Page {
    Page { limit, next: None }
}

/// Stops or starts a daemon of the OpenStack.
fn daemons(tool: &str, name: Option<&str>) {
    let parts = format!("{}/../../tests/real/openstack/{tool}", env!("CARGO_MANIFEST_DIR"));
    let directory = std::env::var("NFV_OPENSTACK_DIR").unwrap();
    let output = std::process::Command::new(parts).arg(directory).args(name).output().unwrap();
    assert!(output.status.success(), "{tool}: {}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn every_call_that_fake_hosts_support() {
    let Ok(keystone) = std::env::var("NFV_OPENSTACK_URL") else {
        println!("left out: NFV_OPENSTACK_URL names no OpenStack");
        return;
    };
    let (inbound, _receiver) = tokio::sync::mpsc::channel(64);
    let plugins = Plugins::start(&config(&keystone), inbound).await.unwrap();
    let real = Real { plugins, calls: std::cell::Cell::new(0), began: Instant::now() };
    let Answer::Tenants(tenants) = real.good("get_tenants", Call::Identity(IdentityCall::GetTenants)).await
    else {
        panic!()
    };
    assert!(tenants.iter().any(|tenant| tenant.name == "admin"));
    let image = images(&real).await;
    let network = networks(&real).await;
    volumes(&real).await;
    let (small, large) = flavors(&real).await;
    let hosts = hosts(&real).await;
    let uuid = lives(&real, &image, &small, &large, &network, &hosts).await;
    dies(&real, &uuid, &hosts).await;
    for uuid in [small, large] {
        real.compute("delete_instance_type", ComputeCall::DeleteInstanceType { uuid }).await;
    }
    real.good("delete_image", Call::Image(ImageCall::DeleteImage { uuid: image })).await;
    println!("{} calls in {} s", real.calls.get(), real.began.elapsed().as_secs());
    real.plugins.stop().await;
}

/// Makes an image from a file; gives its id.
async fn images(real: &Real) -> String {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&vec![7; 100_000]).unwrap();
    let attributes = ImageAttributes {
        description: Some("of a test".into()),
        container_format: Some("bare".into()),
        disk_format: Some("raw".into()),
        min_disk_size_gb: Some(0),
        min_memory_size_mb: Some(0),
        visibility: Some("public".into()),
        protected: Some(false),
        properties: [("sw_wrs_auto_recovery".to_owned(), json!("false"))].into(),
    };
    let create = ImageCall::CreateImage {
        name: "of-a-test".into(),
        attributes: attributes.clone(),
        image_data_url: Some(format!("file:/{}", file.path().display())),
    };
    let Answer::Image(image) = real.good("create_image with a file", Call::Image(create)).await else {
        panic!()
    };
    assert_eq!(image.avail_status, ["available"]);
    assert_eq!(image.properties["sw_wrs_auto_recovery"], false);
    let uuid = image.uuid;
    let attributes = ImageAttributes { description: Some("changed".into()), ..attributes };
    let update = ImageCall::UpdateImage { uuid: uuid.clone(), attributes };
    let Answer::Image(image) = real.good("update_image", Call::Image(update)).await else { panic!() };
    assert_eq!(image.description, "changed");
    real.good("get_image", Call::Image(ImageCall::GetImage { uuid: uuid.clone() })).await;
    let (mut next, mut found, mut pages) = (None, false, 0);
    loop {
        let call = ImageCall::GetImages { page: Page { limit: 1, next } };
        let Answer::Images(answer) = real.good("get_images, one a page", Call::Image(call)).await else {
            panic!()
        };
        found |= answer.entries.iter().any(|image| image.uuid == uuid);
        (next, pages) = (answer.next, pages + 1);
        if next.is_none() {
            break;
        }
    }
    assert!(found && pages > 1, "{pages} pages");
    let gone = real
        .ask(Call::Image(ImageCall::GetImage { uuid: "00000000-0000-0000-0000-000000000000".into() }))
        .await;
    assert_eq!(gone.unwrap_err().kind, ErrorKind::NotFound);
    uuid
}

/// Makes, changes and removes a network and a subnet; gives the id of a network for servers.
async fn networks(real: &Real) -> String {
    let network = |call| Call::Network(call);
    let create = NetworkCall::CreateNetwork {
        name: "of-a-test".into(),
        network_type: "vlan".into(),
        segmentation_id: Some(150),
        physical_network: "physnet0".into(),
        is_shared: false,
    };
    let Answer::Network(made) = real.good("create_network", network(create)).await else { panic!() };
    let update = NetworkCall::UpdateNetwork { uuid: made.uuid.clone(), is_shared: Some(true) };
    let Answer::Network(changed) = real.good("update_network", network(update)).await else { panic!() };
    assert!(changed.is_shared);
    let create = NetworkCall::CreateSubnet {
        network_uuid: made.uuid.clone(),
        name: Some("of-a-test".into()),
        ip_version: 4,
        cidr: "127.101.0.0/24".into(),
        gateway_ip: Some("127.101.0.1".into()),
        dhcp_enabled: false,
    };
    let Answer::Subnet(subnet) = real.good("create_subnet", network(create)).await else { panic!() };
    let update = NetworkCall::UpdateSubnet {
        uuid: subnet.uuid.clone(),
        gateway_ip: None,
        delete_gateway: true,
        dhcp_enabled: None,
    };
    let Answer::Subnet(changed) = real.good("update_subnet, no gateway", network(update)).await else {
        panic!()
    };
    assert_eq!(changed.gateway_ip, None);
    real.good("get_subnet", network(NetworkCall::GetSubnet { uuid: subnet.uuid.clone() })).await;
    real.good("get_subnets", network(NetworkCall::GetSubnets { page: page(32) })).await;
    real.good("delete_subnet", network(NetworkCall::DeleteSubnet { uuid: subnet.uuid.clone() })).await;
    real.good("delete_subnet again", network(NetworkCall::DeleteSubnet { uuid: subnet.uuid })).await;
    real.good("get_network", network(NetworkCall::GetNetwork { uuid: made.uuid.clone() })).await;
    real.good("delete_network", network(NetworkCall::DeleteNetwork { uuid: made.uuid })).await;
    let host = HostRef { uuid: "u0".into(), name: "compute-0".into(), personality: "worker".into() };
    use HostServicesOperation::*;
    for operation in [Create, Enable, Query, Delete] {
        let call = NetworkCall::HostServices { host: host.clone(), operation };
        real.good(&format!("network host services, {operation:?}, no host extension"), network(call)).await;
    }
    let list = real.good("get_networks", network(NetworkCall::GetNetworks { page: page(32) })).await;
    let Answer::Networks(list) = list else { panic!() };
    list.entries.iter().find(|network| network.name == "net0").unwrap().uuid.clone()
}

async fn volumes(real: &Real) {
    let create = BlockStorageCall::CreateVolume {
        name: "of-a-test".into(),
        description: "first".into(),
        size_gb: 1,
        image_uuid: None,
        bootable: None,
    };
    let Answer::Volume(volume) = real.good("create_volume", Call::BlockStorage(create)).await else {
        panic!()
    };
    let uuid = volume.uuid;
    let get = || Call::BlockStorage(BlockStorageCall::GetVolume { uuid: uuid.clone() });
    let began = Instant::now();
    loop {
        let Answer::Volume(volume) = real.good("get_volume", get()).await else { panic!() };
        if volume.avail_status == ["available"] {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{volume:?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let update = BlockStorageCall::UpdateVolume { uuid: uuid.clone(), description: "second".into() };
    let Answer::Volume(volume) = real.good("update_volume", Call::BlockStorage(update)).await else {
        panic!()
    };
    assert_eq!(volume.description, "second");
    let list =
        real.good("get_volumes", Call::BlockStorage(BlockStorageCall::GetVolumes { page: page(32) })).await;
    let Answer::VolumeIds(list) = list else { panic!() };
    assert!(list.entries.iter().any(|(id, _)| *id == uuid));
    real.good("get_volume_snapshots", Call::BlockStorage(BlockStorageCall::GetVolumeSnapshots)).await;
    real.good("delete_volume", Call::BlockStorage(BlockStorageCall::DeleteVolume { uuid: uuid.clone() }))
        .await;
}

async fn flavors(real: &Real) -> (String, String) {
    let mut made = Vec::new();
    for (name, mem_mb) in [("of-a-test-small", 64), ("of-a-test-large", 128)] {
        let create = ComputeCall::CreateInstanceType {
            uuid: format!("{name}-{}", std::process::id()),
            name: format!("{name}-{}", std::process::id()),
            vcpus: 1,
            mem_mb,
            disk_gb: 0,
            ephemeral_gb: None,
            swap_gb: None,
            extra_specs: [("hw:wrs:live_migration_timeout".to_owned(), "180".to_owned())].into(),
        };
        let answer = real.compute("create_instance_type", create).await;
        let Answer::InstanceType(flavor) = answer else { panic!() };
        let get = ComputeCall::GetInstanceType { uuid: flavor.uuid.clone() };
        let Answer::InstanceType(flavor) = real.compute("get_instance_type", get).await else { panic!() };
        assert_eq!(flavor.details.as_ref().unwrap().live_migration_timeout, Some(180));
        made.push(flavor.uuid);
    }
    let (mut next, mut known) = (None, Vec::new());
    loop {
        let call = ComputeCall::GetInstanceTypes { page: Page { limit: 2, next } };
        let Answer::InstanceTypes(list) = real.compute("get_instance_types, two a page", call).await else {
            panic!()
        };
        known.extend(list.entries.into_iter().map(|flavor| flavor.uuid));
        next = list.next;
        if next.is_none() {
            break;
        }
    }
    assert!(made.iter().all(|uuid| known.contains(uuid)), "{known:?}");
    (made[0].clone(), made[1].clone())
}

fn host(name: &str) -> HostRef {
    HostRef { uuid: format!("uuid-of-{name}"), name: name.to_owned(), personality: "worker".into() }
}

/// Hypervisors and their services; gives their names.
async fn hosts(real: &Real) -> Vec<String> {
    real.compute("get_host_aggregates", ComputeCall::GetHostAggregates).await;
    real.compute("get_instance_groups", ComputeCall::GetInstanceGroups).await;
    let Answer::Hypervisors(list) = real.compute("get_hypervisors", ComputeCall::GetHypervisors).await else {
        panic!()
    };
    assert!(list.len() >= 2);
    for hypervisor in &list {
        assert_eq!(
            (&hypervisor.admin_state, &hypervisor.oper_state),
            (&AdminState::Unlocked, &OperState::Enabled)
        );
        let call = ComputeCall::GetHypervisor { uuid: hypervisor.uuid.clone() };
        let Answer::Hypervisor(one) = real.compute("get_hypervisor", call).await else { panic!() };
        assert!(one.statistics.is_some());
    }
    let services = |operation| ComputeCall::HostServices { host: host(&list[0].host_name), operation };
    let query = async || {
        let Answer::HostServicesEnabled(enabled) =
            real.compute("query_host_services", services(HostServicesOperation::Query)).await
        else {
            panic!()
        };
        enabled
    };
    use HostServicesOperation::*;
    real.compute("create_host_services", services(Create)).await;
    assert!(!query().await, "made and disabled");
    for enabled in [false, true] {
        let call = ComputeCall::NotifyHost { host: host(&list[0].host_name), enabled };
        real.compute(&format!("notify_host, enabled {enabled}"), call).await;
    }
    real.compute("enable_host_services", services(Enable)).await;
    assert!(query().await);
    real.compute("disable_host_services", services(Disable)).await;
    assert!(!query().await);
    real.compute("enable_host_services", services(Enable)).await;
    let nobody = ComputeCall::HostServices { host: host("nobody"), operation: Enable };
    let error = real.ask(Call::Compute(nobody)).await.unwrap_err();
    assert_eq!((error.kind, error.reason.as_str()), (ErrorKind::NotFound, "failed to enable nova services"));
    list.into_iter().map(|hypervisor| hypervisor.host_name).collect()
}

/// A server through every action but its end.
async fn lives(
    real: &Real,
    image: &str,
    small: &str,
    large: &str,
    network: &str,
    hosts: &[String],
) -> String {
    let create = ComputeCall::CreateInstance {
        name: "of-a-test".into(),
        instance_type_uuid: small.into(),
        image_uuid: Some(image.into()),
        block_devices: None,
        networks: Some(json!([{"uuid": network}])),
    };
    let Answer::Instance(instance) = real.compute("create_instance", create).await else { panic!() };
    let uuid = instance.uuid.as_str();
    let active = real.until(uuid, "active", |instance| instance.nfvi_data.vm_state == "active").await;
    assert_eq!((&active.oper_state, &active.admin_state), (&OperState::Enabled, &AdminState::Unlocked));
    assert!(hosts.contains(active.host_name.as_ref().unwrap()), "{active:?}");
    assert_eq!(active.image_uuid.as_deref(), Some(image));
    let mut next = None;
    loop {
        let call = ComputeCall::GetInstances { page: Page { limit: 1, next } };
        let Answer::InstanceIds(list) = real.compute("get_instances", call).await else { panic!() };
        if list.entries.iter().any(|(id, _)| id == uuid) {
            break;
        }
        next = Some(list.next.expect("the instance is listed"));
    }
    use NovaAction::*;
    let stopped = real.act(uuid, "stop_instance", Stop, "stopped").await;
    assert_eq!(stopped.admin_state, AdminState::Locked);
    real.act(uuid, "start_instance", Start, "active").await;
    let paused = real.act(uuid, "pause_instance", Pause, "paused").await;
    assert_eq!(paused.oper_state, OperState::Disabled);
    real.act(uuid, "unpause_instance", Unpause, "active").await;
    real.act(uuid, "suspend_instance", Suspend, "suspended").await;
    real.act(uuid, "resume_instance", Resume, "active").await;
    real.act(uuid, "reboot_instance, soft", Reboot { graceful: true }, "active").await;
    real.act(uuid, "reboot_instance, hard", Reboot { graceful: false }, "active").await;
    let rebuild = Rebuild { name: "of-a-test-2".into(), image: image.into() };
    let rebuilt = real.act(uuid, "rebuild_instance", rebuild, "active").await;
    assert_eq!(rebuilt.name, "of-a-test-2");

    let before = rebuilt.host_name;
    let live = LiveMigrate { block_migration: json!("auto"), host: None };
    let call = ComputeCall::InstanceAction { uuid: uuid.into(), action: live, context: None };
    real.compute("live_migrate_instance", call).await;
    let moved = real.until(uuid, "on another host", |instance| instance.host_name != before).await;
    let live = LiveMigrate { block_migration: json!("auto"), host: before.clone() };
    let call = ComputeCall::InstanceAction { uuid: uuid.into(), action: live, context: None };
    real.compute("live_migrate_instance to a named host", call).await;
    real.until(uuid, "back", |instance| instance.host_name == before).await;
    assert_ne!(moved.host_name, before);

    real.act(uuid, "cold_migrate_instance", ColdMigrate, "resized").await;
    let moved = real.act(uuid, "cold_migrate_confirm_instance", ConfirmResize, "active").await;
    real.act(uuid, "cold_migrate_instance", ColdMigrate, "resized").await;
    let back = real.act(uuid, "cold_migrate_revert_instance", RevertResize, "active").await;
    assert_eq!(back.host_name, moved.host_name);
    real.act(uuid, "resize_instance", Resize { flavor: large.into() }, "resized").await;
    let resized = real.act(uuid, "resize_confirm_instance", ConfirmResize, "active").await;
    assert_eq!(resized.instance_type.as_ref().unwrap().ram, 128);
    real.act(uuid, "resize_instance", Resize { flavor: small.into() }, "resized").await;
    let reverted = real.act(uuid, "resize_revert_instance", RevertResize, "active").await;
    assert_eq!(reverted.instance_type.as_ref().unwrap().ram, 128);

    let failed = real.act(uuid, "fail_instance", ResetStateToError, "error").await;
    assert_eq!(failed.oper_state, OperState::Disabled);
    real.act(uuid, "reboot_instance, hard, of a failed one", Reboot { graceful: false }, "active").await;
    // what Nova refuses comes back with its status
    let call = ComputeCall::InstanceAction { uuid: uuid.into(), action: Unpause, context: None };
    let error = real.ask(Call::Compute(call)).await.unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::Refused, Some(409)), "{error}");
    uuid.to_owned()
}

/// Its host dies, it is evacuated, and deleted in the end.
async fn dies(real: &Real, uuid: &str, hosts: &[String]) {
    let dead = real.instance(uuid).await.host_name.unwrap();
    let number = hosts.iter().find(|name| **name == dead).and_then(|name| name.rsplit('-').next()).unwrap();
    // its fake hypervisor may still have the instance of an earlier visit; a host that died would not
    let other = if number == "0" { "nova-compute-1" } else { "nova-compute-0" };
    daemons("openstack-down", Some(other));
    daemons("openstack-up", None);
    daemons("openstack-down", Some(&format!("nova-compute-{number}")));
    real.say(&format!("nova-compute of {dead} is stopped"));
    real.compute("notify_host_disabled", ComputeCall::NotifyHost { host: host(&dead), enabled: false }).await;
    let began = Instant::now();
    loop {
        let call =
            ComputeCall::InstanceAction { uuid: uuid.into(), action: NovaAction::Evacuate, context: None };
        match real.ask(Call::Compute(call)).await {
            Ok(_) => break,
            // until Nova has noticed that the other host is back
            Err(error) => assert!(began.elapsed() < Duration::from_secs(60), "{error}"),
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    real.say("evacuate_instance");
    let evacuated =
        real.until(uuid, "evacuated", |instance| instance.host_name.as_ref() != Some(&dead)).await;
    assert_ne!(evacuated.nfvi_data.vm_state, "error", "{evacuated:?}");
    real.compute("delete_instance", ComputeCall::DeleteInstance { uuid: uuid.into() }).await;
    let began = Instant::now();
    loop {
        match real.ask(Call::Compute(ComputeCall::GetInstance { uuid: uuid.into() })).await {
            Err(error) if error.kind == ErrorKind::NotFound => break,
            other => assert!(began.elapsed() < Duration::from_secs(60), "{other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    real.say("  deleted");
    real.compute("delete_instance again", ComputeCall::DeleteInstance { uuid: uuid.into() }).await;
    daemons("openstack-up", None);
    let began = Instant::now();
    loop {
        let call = ComputeCall::NotifyHost { host: host(&dead), enabled: true };
        match real.ask(Call::Compute(call)).await {
            Ok(_) => break,
            // Nova refuses until the nova-compute that is back has cleaned up
            Err(error) => assert!(began.elapsed() < Duration::from_secs(120), "{error}"),
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    real.say("notify_host_enabled");
}
