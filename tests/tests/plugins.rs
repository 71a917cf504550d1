//! Every call of every plugin against the simulated cloud, which checks its requests as the real neighbours do.
//! Contract: southbound 3, 5.

#![allow(clippy::unwrap_used)]

use nfv_common::config::Settings;
use nfv_nfvi::call::{
    BlockStorageCall, ComputeCall, GuestCall, HostRequest, HostServicesNotice, HostServicesOperation,
    IdentityCall, ImageAttributes, ImageCall, InfrastructureCall, NetworkCall, NovaAction, Page, SwMgmtCall,
};
use nfv_nfvi::object::{ActionType, AdminState, GuestService, Host, HostRef, Instance, OperState};
use nfv_nfvi::{Answer, Call, CallResult, ErrorKind};
use nfv_plugins::{DisabledPlugins, Plugins, PluginsConfig, Turn};
use nfv_site::{Options, Site};
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

struct Lab {
    _site: Site,
    plugins: Plugins,
}

impl Lab {
    async fn start() -> Lab {
        let cluster =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tools/nfv-lab/examples/incident.toml");
        let lab_arguments = vec!["--speed".to_owned(), "20".to_owned()];
        let options = Options { cluster, settings: Vec::new(), directory: None, lab_arguments };
        let site = Site::start(&options).await.unwrap();
        let settings = Settings::load(site.directory().join("nfvi_plugins.ini")).unwrap();
        let mut config = PluginsConfig::read(&settings, DisabledPlugins::default()).unwrap();
        config.kubernetes_config = "/nonexistent/admin.conf".into();
        let (inbound, mut neighbours) = tokio::sync::mpsc::channel(64);
        // the lab tells what happens; nobody listens here
        tokio::spawn(async move { while neighbours.recv().await.is_some() {} });
        Lab { _site: site, plugins: Plugins::start(&config, inbound).await.unwrap() }
    }

    async fn ask(&self, call: Call) -> CallResult {
        self.plugins.perform(call, Turn::free()).await
    }

    /// A call that must go well.
    async fn good(&self, call: Call) -> Answer {
        let what = format!("{call:?}");
        self.ask(call).await.unwrap_or_else(|error| panic!("{what}: {error}"))
    }

    async fn infrastructure(&self, call: InfrastructureCall) -> Answer {
        self.good(Call::Infrastructure(call)).await
    }

    async fn compute(&self, call: ComputeCall) -> Answer {
        self.good(Call::Compute(call)).await
    }

    async fn network(&self, call: NetworkCall) -> Answer {
        self.good(Call::Network(call)).await
    }

    async fn guest(&self, call: GuestCall) -> Answer {
        self.good(Call::Guest(call)).await
    }

    async fn hosts(&self) -> Vec<Host> {
        match self.infrastructure(InfrastructureCall::GetHosts).await {
            Answer::Hosts { hosts, incomplete, .. } if incomplete.is_empty() => hosts,
            other => panic!("{other:?}"),
        }
    }

    async fn instance(&self, uuid: &str) -> Instance {
        match self.compute(ComputeCall::GetInstance { uuid: uuid.into() }).await {
            Answer::Instance(instance) => *instance,
            other => panic!("{other:?}"),
        }
    }

    async fn until(&self, uuid: &str, vm_state: &str) -> Instance {
        let began = Instant::now();
        loop {
            let instance = self.instance(uuid).await;
            let states = &instance.nfvi_data;
            if states.vm_state == vm_state && states.task_state == "none" {
                return instance;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "not {vm_state}: {instance:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn act(&self, uuid: &str, action: NovaAction, vm_state: &str) -> Instance {
        self.compute(ComputeCall::InstanceAction { uuid: uuid.into(), action, context: None }).await;
        self.until(uuid, vm_state).await
    }
}

fn page() -> Page {
    Page { limit: 5, next: None }
}

fn reference(host: &Host) -> HostRef {
    HostRef { uuid: host.uuid.clone(), name: host.name.clone(), personality: host.personality.clone() }
}

fn named(hosts: &[Host], name: &str) -> HostRef {
    reference(hosts.iter().find(|host| host.name == name).unwrap())
}

use HostServicesOperation::{Create, Delete, Disable, Enable, Query};

#[tokio::test]
async fn platform_calls() {
    let lab = Lab::start().await;
    let hosts = lab.hosts().await;
    assert_eq!(hosts.len(), 7);
    let worker = named(&hosts, "compute-4");
    for call in
        [InfrastructureCall::GetSystemInfo, InfrastructureCall::GetSystemState, InfrastructureCall::GetAlarms]
    {
        lab.infrastructure(call).await;
    }
    let get = InfrastructureCall::GetHost { uuid: worker.uuid.clone(), name: worker.name.clone() };
    let Answer::Host(host) = lab.infrastructure(get).await else { panic!() };
    assert_eq!(host.oper_state, OperState::Enabled);

    assert_eq!(lab.infrastructure(InfrastructureCall::GetUpgrade).await, Answer::Upgrade(None));
    lab.infrastructure(InfrastructureCall::UpgradeStart).await;
    let began = Instant::now();
    loop {
        let answer = lab.infrastructure(InfrastructureCall::GetUpgrade).await;
        let Answer::Upgrade(Some(upgrade)) = answer else { panic!("{answer:?}") };
        if upgrade.state == "started" {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{upgrade:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // what sysinv refuses comes back with its reason
    for (call, reason) in [
        (InfrastructureCall::UpgradeActivate, "all hosts must be upgraded before activation"),
        (InfrastructureCall::UpgradeComplete, "upgrade is not in a state to be completed"),
    ] {
        let error = lab.ask(Call::Infrastructure(call)).await.unwrap_err();
        assert_eq!((error.kind, error.reason.as_str()), (ErrorKind::Refused, reason));
    }

    let notify = |notice| InfrastructureCall::NotifyHostServices { host: worker.clone(), notice };
    let request = |host: &HostRef, request| InfrastructureCall::RequestHost { host: host.clone(), request };
    lab.infrastructure(notify(HostServicesNotice::Enabled)).await;
    lab.infrastructure(request(&worker, HostRequest::Lock)).await;
    lab.infrastructure(notify(HostServicesNotice::DisableExtend)).await;
    lab.infrastructure(notify(HostServicesNotice::DisableFailed { reason: "not now".into() })).await;
    lab.infrastructure(request(&worker, HostRequest::Lock)).await;
    lab.infrastructure(notify(HostServicesNotice::Disabled)).await;
    let began = Instant::now();
    while lab
        .hosts()
        .await
        .iter()
        .any(|host| host.name == worker.name && host.admin_state != AdminState::Locked)
    {
        assert!(began.elapsed() < Duration::from_secs(30), "compute-4 is not locked");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for wanted in [HostRequest::Reboot, HostRequest::Upgrade] {
        lab.infrastructure(request(&worker, wanted)).await;
    }
    lab.infrastructure(notify(HostServicesNotice::DeleteFailed { reason: "still used".into() })).await;
    lab.infrastructure(notify(HostServicesNotice::Deleted)).await;
    assert_eq!(lab.hosts().await.len(), 6);
    let error = lab.ask(Call::Infrastructure(request(&worker, HostRequest::Unlock))).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    lab.infrastructure(request(&named(&hosts, "controller-0"), HostRequest::Swact)).await;
    lab.infrastructure(InfrastructureCall::NotifyHostFailed { host: named(&hosts, "compute-3") }).await;
    for operation in [Enable, Disable, Delete] {
        let host = named(&hosts, "compute-2");
        lab.infrastructure(InfrastructureCall::ContainerHostServices { host, operation }).await;
    }

    let software = async |call| lab.good(Call::SwMgmt(call)).await;
    software(SwMgmtCall::QueryUpdates).await;
    let Answer::HostSwPatches(patches) = software(SwMgmtCall::QueryHosts).await else { panic!() };
    let host_names = patches.iter().take(2).map(|host| host.name.clone()).collect();
    software(SwMgmtCall::UpdateHosts { host_names }).await;
    lab.good(Call::Identity(IdentityCall::GetTenants)).await;
    lab.plugins.stop().await;
}

#[tokio::test]
async fn guest_calls() {
    let lab = Lab::start().await;
    let hosts = lab.hosts().await;
    let host = named(&hosts, "compute-0");
    for operation in [Create, Enable, Disable, Query, Delete, Create, Enable] {
        lab.guest(GuestCall::HostServices { host: host.clone(), operation }).await;
    }
    let Answer::InstanceIds(instances) = lab.compute(ComputeCall::GetInstances { page: page() }).await else {
        panic!()
    };
    let uuid = || instances.entries[0].0.clone();
    let host_name = || host.name.clone();
    lab.guest(GuestCall::CreateServices {
        uuid: uuid(),
        host_name: host_name(),
        services: vec!["heartbeat".into()],
    })
    .await;
    let heartbeat = GuestService {
        name: "heartbeat".into(),
        admin_state: AdminState::Unlocked,
        oper_state: OperState::Disabled,
        restart_timeout: None,
    };
    let services = vec![heartbeat];
    let Answer::GuestServices(set) =
        lab.guest(GuestCall::SetServices { uuid: uuid(), host_name: host_name(), services }).await
    else {
        panic!()
    };
    assert_eq!((set.instance_uuid, set.services[0].admin_state.clone()), (uuid(), AdminState::Unlocked));
    lab.guest(GuestCall::QueryServices { uuid: uuid() }).await;
    let action = || ActionType::LiveMigrate;
    lab.guest(GuestCall::Vote { uuid: uuid(), host_name: host_name(), action: action() }).await;
    for pre in [true, false] {
        lab.guest(GuestCall::Notify { uuid: uuid(), host_name: host_name(), action: action(), pre }).await;
    }
    lab.guest(GuestCall::DeleteServices { uuid: uuid() }).await;
    lab.guest(GuestCall::DeleteServices { uuid: uuid() }).await;
    lab.plugins.stop().await;
}

#[tokio::test]
async fn network_image_and_volume_calls() {
    let lab = Lab::start().await;
    let hosts = lab.hosts().await;
    let mut host = named(&hosts, "compute-0");
    for operation in [Create, Enable, Query, Delete, Create] {
        lab.network(NetworkCall::HostServices { host: host.clone(), operation }).await;
    }
    lab.network(NetworkCall::NotifyHostDisabled { host: host.clone() }).await;
    // a host installed anew has another id
    host.uuid = "11111111-2222-3333-4444-555555555555".into();
    lab.network(NetworkCall::HostServices { host, operation: Create }).await;
    let create = NetworkCall::CreateNetwork {
        name: "new".into(),
        network_type: "vlan".into(),
        segmentation_id: Some(150),
        physical_network: "physnet0".into(),
        is_shared: false,
    };
    let Answer::Network(network) = lab.network(create).await else { panic!() };
    let uuid = || network.uuid.clone();
    let update = NetworkCall::UpdateNetwork { uuid: uuid(), is_shared: Some(true) };
    let Answer::Network(changed) = lab.network(update).await else { panic!() };
    assert!(changed.is_shared);
    lab.network(NetworkCall::GetNetwork { uuid: uuid() }).await;
    lab.network(NetworkCall::GetNetworks { page: page() }).await;
    let create = NetworkCall::CreateSubnet {
        network_uuid: uuid(),
        name: Some("new".into()),
        ip_version: 4,
        cidr: "10.9.0.0/24".into(),
        gateway_ip: Some("10.9.0.1".into()),
        dhcp_enabled: true,
    };
    let Answer::Subnet(subnet) = lab.network(create).await else { panic!() };
    let update = NetworkCall::UpdateSubnet {
        uuid: subnet.uuid.clone(),
        gateway_ip: None,
        delete_gateway: true,
        dhcp_enabled: Some(false),
    };
    let Answer::Subnet(changed) = lab.network(update).await else { panic!() };
    assert_eq!((changed.gateway_ip, changed.is_dhcp_enabled), (None, false));
    lab.network(NetworkCall::GetSubnet { uuid: subnet.uuid.clone() }).await;
    lab.network(NetworkCall::GetSubnets { page: page() }).await;
    lab.network(NetworkCall::DeleteSubnet { uuid: subnet.uuid }).await;
    lab.network(NetworkCall::DeleteNetwork { uuid: uuid() }).await;
    lab.network(NetworkCall::DeleteNetwork { uuid: uuid() }).await;

    let image = async |call| lab.good(Call::Image(call)).await;
    let attributes = |description: &str| ImageAttributes {
        description: Some(description.into()),
        container_format: Some("bare".into()),
        disk_format: Some("raw".into()),
        min_disk_size_gb: Some(1),
        min_memory_size_mb: Some(1),
        visibility: Some("public".into()),
        protected: Some(false),
        properties: [("sw_wrs_auto_recovery".to_owned(), json!("true"))].into(),
    };
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&[7; 200_000]).unwrap();
    for url in [format!("file:/{}", file.path().display()), "http://images/new".to_owned()] {
        let (name, image_data_url) = ("new".to_owned(), Some(url));
        let create = ImageCall::CreateImage { name, attributes: attributes("first"), image_data_url };
        let Answer::Image(made) = image(create).await else { panic!() };
        let uuid = || made.uuid.clone();
        let update = ImageCall::UpdateImage { uuid: uuid(), attributes: attributes("second") };
        let Answer::Image(changed) = image(update).await else { panic!() };
        assert_eq!(changed.description, "second");
        image(ImageCall::GetImage { uuid: uuid() }).await;
        image(ImageCall::GetImages { page: page() }).await;
        image(ImageCall::DeleteImage { uuid: uuid() }).await;
        image(ImageCall::DeleteImage { uuid: uuid() }).await;
    }

    let storage = async |call| lab.good(Call::BlockStorage(call)).await;
    let create = BlockStorageCall::CreateVolume {
        name: "new".into(),
        description: "first".into(),
        size_gb: 1,
        image_uuid: None,
        bootable: Some(false),
    };
    let Answer::Volume(volume) = storage(create).await else { panic!() };
    let uuid = || volume.uuid.clone();
    let update = BlockStorageCall::UpdateVolume { uuid: uuid(), description: "second".into() };
    let Answer::Volume(changed) = storage(update).await else { panic!() };
    assert_eq!(changed.description, "second");
    storage(BlockStorageCall::GetVolume { uuid: uuid() }).await;
    storage(BlockStorageCall::GetVolumes { page: page() }).await;
    storage(BlockStorageCall::GetVolumeSnapshots).await;
    let began = Instant::now();
    // refused while it is being made
    while let Err(error) = lab.ask(Call::BlockStorage(BlockStorageCall::DeleteVolume { uuid: uuid() })).await
    {
        assert!(error.kind == ErrorKind::Refused && began.elapsed() < Duration::from_secs(20), "{error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    lab.plugins.stop().await;
}

#[tokio::test]
async fn compute_calls() {
    let lab = Lab::start().await;
    let hosts = lab.hosts().await;
    let worker = named(&hosts, "compute-4");
    for operation in [Disable, Query, Enable, Query, Delete, Create, Enable] {
        lab.compute(ComputeCall::HostServices { host: worker.clone(), operation }).await;
    }
    for enabled in [false, true] {
        lab.compute(ComputeCall::NotifyHost { host: worker.clone(), enabled }).await;
    }
    lab.compute(ComputeCall::GetHostAggregates).await;
    lab.compute(ComputeCall::GetInstanceGroups).await;
    let Answer::Hypervisors(hypervisors) = lab.compute(ComputeCall::GetHypervisors).await else { panic!() };
    lab.compute(ComputeCall::GetHypervisor { uuid: hypervisors[0].uuid.clone() }).await;
    let flavor = |uuid: &str, mem_mb| ComputeCall::CreateInstanceType {
        uuid: uuid.into(),
        name: uuid.into(),
        vcpus: 1,
        mem_mb,
        disk_gb: 1,
        ephemeral_gb: None,
        swap_gb: None,
        extra_specs: [("sw:wrs:auto_recovery".to_owned(), "true".to_owned())].into(),
    };
    lab.compute(flavor("new-small", 512)).await;
    lab.compute(flavor("new-large", 1024)).await;
    lab.compute(ComputeCall::GetInstanceType { uuid: "new-small".into() }).await;
    let (mut next, mut names) = (None, Vec::new());
    loop {
        let call = ComputeCall::GetInstanceTypes { page: Page { limit: 1, next } };
        let Answer::InstanceTypes(list) = lab.compute(call).await else { panic!() };
        names.extend(list.entries.into_iter().map(|flavor| flavor.name));
        next = list.next;
        if next.is_none() {
            break;
        }
    }
    assert!(names.contains(&"new-large".to_owned()), "{names:?}");
    let Answer::Images(images) = lab.good(Call::Image(ImageCall::GetImages { page: page() })).await else {
        panic!()
    };
    let image = images.entries[0].uuid.clone();
    let create = ComputeCall::CreateInstance {
        name: "new".into(),
        instance_type_uuid: "new-small".into(),
        image_uuid: Some(image.clone()),
        block_devices: None,
        networks: Some(json!([{"uuid": null}])),
    };
    let Answer::Instance(made) = lab.compute(create).await else { panic!() };
    let uuid = made.uuid.as_str();
    lab.until(uuid, "active").await;
    use NovaAction::*;
    lab.act(uuid, Stop, "stopped").await;
    lab.act(uuid, Start, "active").await;
    lab.act(uuid, Pause, "paused").await;
    lab.act(uuid, Unpause, "active").await;
    lab.act(uuid, Suspend, "suspended").await;
    lab.act(uuid, Resume, "active").await;
    lab.act(uuid, Reboot { graceful: true }, "active").await;
    lab.act(uuid, Reboot { graceful: false }, "active").await;
    assert_eq!(lab.act(uuid, Rebuild { name: "newer".into(), image }, "active").await.name, "newer");
    let before = lab.instance(uuid).await.host_name;
    let live = LiveMigrate { block_migration: json!("auto"), host: None };
    assert_ne!(lab.act(uuid, live, "active").await.host_name, before);
    for (end, moves) in [(ConfirmResize, true), (RevertResize, false)] {
        let before = lab.instance(uuid).await.host_name;
        lab.act(uuid, ColdMigrate, "resized").await;
        assert_eq!(lab.act(uuid, end, "active").await.host_name != before, moves);
    }
    for (end, ram) in [(RevertResize, 512), (ConfirmResize, 1024)] {
        lab.act(uuid, Resize { flavor: "new-large".into() }, "resized").await;
        assert_eq!(lab.act(uuid, end, "active").await.instance_type.unwrap().ram, ram);
    }
    lab.act(uuid, ResetStateToError, "error").await;
    let dead = lab.instance(uuid).await.host_name.unwrap();
    lab.compute(ComputeCall::NotifyHost { host: named(&hosts, &dead), enabled: false }).await;
    assert_ne!(lab.act(uuid, Evacuate, "active").await.host_name.as_deref(), Some(dead.as_str()));
    let unpause = ComputeCall::InstanceAction { uuid: uuid.into(), action: Unpause, context: None };
    let error = lab.ask(Call::Compute(unpause)).await.unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::Refused, Some(409)));
    lab.compute(ComputeCall::DeleteInstance { uuid: uuid.into() }).await;
    let began = Instant::now();
    while lab.ask(Call::Compute(ComputeCall::GetInstance { uuid: uuid.into() })).await.is_ok() {
        assert!(began.elapsed() < Duration::from_secs(30), "it is not deleted");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for uuid in ["new-small", "new-large"] {
        lab.compute(ComputeCall::DeleteInstanceType { uuid: uuid.into() }).await;
    }
    lab.plugins.stop().await;
}
