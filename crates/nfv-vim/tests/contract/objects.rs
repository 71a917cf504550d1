//! vim-behaviour 4.3: the objects beside hosts and instances, their fields, their rows, what is told of them.

use crate::audit_cycle::list;
use crate::case::{Case, Elsewhere};
use crate::rig::{FAILED, Rig, Setup, UP, hypervisor, server};
use nfv_nfvi::Answer;
use nfv_nfvi::answer::Paged;
use nfv_nfvi::object::{
    AdminState, HostAggregate, HostGroup, Image, InstanceGroup, InstanceType, InstanceTypeDetails, Network,
    NetworkProviderData, OperState, Subnet, System, Tenant, Volume, VolumeSnapshot,
};
use nfv_vim::core::{CoreConfig, Vim, image as of_image, instance_group as of_group};
use nfv_vim_db::row::ServiceHostRow;

pub const ELSEWHERE: &[Elsewhere] = &[Elsewhere::Definition {
    row: "4.3 SwPatch / SwUpgrade",
    why: "type and strategy are what section 5.4 and the contract of the strategies are about",
}];

fn text(text: &str) -> String {
    text.to_owned()
}

/// A flavor without details.
pub fn flavor(uuid: &str) -> InstanceType {
    InstanceType { uuid: text(uuid), name: format!("name of {uuid}"), details: None }
}

/// An available image.
pub fn image(uuid: &str) -> Image {
    Image {
        uuid: text(uuid),
        name: format!("name of {uuid}"),
        description: text("d"),
        avail_status: vec![text("available")],
        action: text("saving"),
        container_format: Some(text("bare")),
        disk_format: Some(text("qcow2")),
        min_disk_size_gb: 2,
        min_memory_size_mb: 512,
        visibility: Some(text("public")),
        protected: text("yes"),
        properties: [
            (text("sw_wrs_auto_recovery"), "false".into()),
            (text("hw_wrs_live_migration_timeout"), 300.into()),
            (text("hw_wrs_live_migration_max_downtime"), serde_json::Value::Null),
        ]
        .into(),
    }
}

/// A volume in use.
pub fn volume(uuid: &str) -> Volume {
    Volume {
        uuid: text(uuid),
        name: format!("name of {uuid}"),
        description: text("d"),
        avail_status: vec![text("in-use")],
        action: text("attaching"),
        size_gb: 7,
        bootable: text("yes"),
        encrypted: text("no"),
        image_uuid: Some(text("image-1")),
    }
}

/// A volume snapshot.
pub fn snapshot(uuid: &str) -> VolumeSnapshot {
    VolumeSnapshot {
        uuid: text(uuid),
        name: format!("name of {uuid}"),
        description: text("d"),
        size_gb: 7,
        volume_uuid: text("volume-1"),
    }
}

/// A network that is being built.
pub fn network(uuid: &str) -> Network {
    Network {
        uuid: text(uuid),
        name: format!("name of {uuid}"),
        admin_state: AdminState::Unlocked,
        oper_state: OperState::Disabled,
        avail_status: vec![text("building")],
        is_shared: false,
        mtu: 9000,
        provider_data: NetworkProviderData {
            physical_network: Some(text("physnet0")),
            network_type: Some(text("vlan")),
            segmentation_id: Some(text("10")),
        },
    }
}

/// An IPv6 subnet.
pub fn subnet(uuid: &str) -> Subnet {
    Subnet {
        uuid: text(uuid),
        name: format!("name of {uuid}"),
        ip_version: 6,
        subnet_ip: text("fd00::"),
        subnet_prefix: text("64"),
        gateway_ip: Some(text("fd00::1")),
        network_uuid: text("network-1"),
        is_dhcp_enabled: true,
    }
}

/// A server group of vm-1 and vm-2, which are to be together.
pub fn group(uuid: &str) -> InstanceGroup {
    InstanceGroup {
        uuid: text(uuid),
        name: None,
        member_uuids: vec![text("vm-1"), text("vm-2")],
        policies: vec![text("affinity-best-effort")],
    }
}

fn one<T>(entry: T) -> Paged<T> {
    Paged { entries: vec![entry], next: None }
}

/// The object comes by its audit, is in its row, and is there again after a restart.
fn comes_and_stays<T: PartialEq + std::fmt::Debug + 'static>(
    call: &str,
    answer: Answer,
    wanted: &T,
    all: fn(&Vim) -> Vec<T>,
    row: fn(&Rig) -> serde_json::Value,
    columns: &serde_json::Value,
) -> Rig {
    let mut rig = Setup::new().start();
    list(&mut rig, call, answer);
    assert_eq!(all(&rig.vim), [wanted].map(|_| all(&rig.vim).remove(0)));
    assert_eq!(&all(&rig.vim)[0], wanted);
    let stored = row(&rig);
    for (column, value) in columns.as_object().unwrap() {
        assert_eq!(&stored[column], value, "column {column}");
    }
    let rig = rig.restart(CoreConfig::default());
    assert_eq!(&all(&rig.vim)[0], wanted, "after a restart");
    assert_eq!(all(&rig.vim).len(), 1);
    rig
}

fn flavors() {
    let details = InstanceTypeDetails {
        vcpus: 2,
        mem_mb: 2048,
        disk_gb: 20,
        ephemeral_gb: 1,
        swap_gb: 3,
        guest_services: [(text("heartbeat"), true)].into(),
        auto_recovery: Some(false),
        live_migration_timeout: Some(300),
        live_migration_max_downtime: Some(500),
    };
    let shown = InstanceType { details: Some(details), ..flavor("f") };
    comes_and_stays(
        "Compute(GetInstanceTypes",
        Answer::InstanceTypes(one(shown.clone())),
        &shown,
        |vim| vim.instance_types().cloned().collect(),
        |rig| serde_json::to_value(&rig.store.snapshot().instance_types[0]).unwrap(),
        &serde_json::json!({ "uuid": "f", "name": "name of f", "have_details": true, "vcpus": 2, "mem_mb": 2048,
            "disk_gb": 20, "ephemeral_gb": 1, "swap_gb": 3, "guest_services": r#"{"heartbeat": true}"#,
            "auto_recovery": false, "live_migration_timeout": 300, "live_migration_max_downtime": 500 }),
    );
}

fn images() {
    let shown = image("i");
    comes_and_stays(
        "Image(GetImages",
        Answer::Images(one(shown.clone())),
        &shown,
        |vim| vim.images().cloned().collect(),
        |rig| serde_json::to_value(&rig.store.snapshot().images[0]).unwrap(),
        &serde_json::json!({ "uuid": "i", "name": "name of i", "description": "d", "avail_status": r#"["available"]"#,
            "action": "saving", "container_format": "bare", "disk_format": "qcow2", "min_disk_size_gb": 2,
            "min_memory_size_mb": 512, "visibility": "public", "protected": "yes" }),
    );
    assert_eq!(of_image::auto_recovery(&shown), Some(&"false".into()), "as stored");
    assert_eq!(of_image::live_migration_timeout(&shown), Some(&300.into()));
    assert_eq!(of_image::live_migration_max_downtime(&shown), None);
}

fn volumes() {
    let mut rig = Setup::new().start();
    let ids = |uuids: &[&str]| {
        let entries = uuids.iter().map(|uuid| (text(uuid), String::new())).collect();
        Answer::VolumeIds(Paged { entries, next: None })
    };
    list(&mut rig, "BlockStorage(GetVolumes ", ids(&["v", "w"]));
    for uuid in ["v", "w"] {
        let call = format!("BlockStorage(GetVolume {{ uuid: {uuid:?}");
        crate::audit_cycle::until(&mut rig, &call);
        rig.answer(&call, Ok(Answer::Volume(volume(uuid))));
    }
    list(&mut rig, "BlockStorage(GetVolumes ", ids(&["v"]));
    let stored = serde_json::to_value(&rig.store.snapshot().volumes).unwrap();
    assert_eq!(stored.as_array().unwrap().len(), 1, "what is missing is deleted at once");
    let columns = serde_json::json!({ "uuid": "v", "name": "name of v", "description": "d",
        "avail_status": r#"["in-use"]"#, "action": "attaching", "size_gb": 7, "bootable": "yes", "encrypted": "no",
        "image_uuid": "image-1" });
    for (column, value) in columns.as_object().unwrap() {
        assert_eq!(&stored[0][column], value, "column {column}");
    }
    let rig = rig.restart(CoreConfig::default());
    assert_eq!(rig.vim.volumes().collect::<Vec<_>>(), [&volume("v")]);
}

fn snapshots() {
    let shown = snapshot("s");
    comes_and_stays(
        "BlockStorage(GetVolumeSnapshots",
        Answer::VolumeSnapshots(vec![shown.clone()]),
        &shown,
        |vim| vim.volume_snapshots().cloned().collect(),
        |rig| serde_json::to_value(&rig.store.snapshot().volume_snapshots[0]).unwrap(),
        &serde_json::json!({ "uuid": "s", "name": "name of s", "description": "d", "size_gb": 7,
            "volume_uuid": "volume-1" }),
    );
}

fn networks() {
    let shown = network("n");
    comes_and_stays(
        "Network(GetNetworks",
        Answer::Networks(one(shown.clone())),
        &shown,
        |vim| vim.networks().cloned().collect(),
        |rig| serde_json::to_value(&rig.store.snapshot().networks[0]).unwrap(),
        &serde_json::json!({ "uuid": "n", "name": "name of n", "admin_state": "unlocked", "oper_state": "disabled",
            "avail_status": r#"["building"]"#, "is_shared": false, "mtu": 9000, "physical_network": "physnet0",
            "network_type": "vlan", "segmentation_id": "10" }),
    );
}

fn subnets() {
    let shown = subnet("s");
    let mut rig = comes_and_stays(
        "Network(GetSubnets",
        Answer::Subnets(one(shown.clone())),
        &shown,
        |vim| vim.subnets().cloned().collect(),
        |rig| serde_json::to_value(&rig.store.snapshot().subnets[0]).unwrap(),
        &serde_json::json!({ "uuid": "s", "name": "name of s", "ip_version": "6", "subnet_ip": "fd00::",
            "subnet_prefix": 64, "gateway_ip": "fd00::1", "network_uuid": "network-1", "is_dhcp_enabled": true }),
    );
    let other = Subnet { name: text("other"), is_dhcp_enabled: false, ..shown.clone() };
    list(&mut rig, "Network(GetSubnets", Answer::Subnets(one(other)));
    assert_eq!(rig.vim.subnets().collect::<Vec<_>>(), [&Subnet { is_dhcp_enabled: false, ..shown }]);
    assert!(!rig.store.snapshot().subnets[0].is_dhcp_enabled);
}

fn tenants() {
    let shown = Tenant { uuid: text("t"), name: text("acme"), description: Some(text("d")), enabled: false };
    comes_and_stays(
        "Identity(GetTenants",
        Answer::Tenants(vec![shown.clone()]),
        &shown,
        |vim| vim.tenants().cloned().collect(),
        |rig| serde_json::to_value(&rig.store.snapshot().tenants[0]).unwrap(),
        &serde_json::json!({ "uuid": "t", "name": "acme", "description": "d", "enabled": "0" }),
    );
}

fn systems() {
    let shown = System { name: text("s"), description: text("d") };
    comes_and_stays(
        "Infrastructure(GetSystemInfo",
        Answer::System(Some(shown.clone())),
        &shown,
        |vim| vim.system().cloned().into_iter().collect(),
        |rig| serde_json::to_value(&rig.store.snapshot().systems[0]).unwrap(),
        &serde_json::json!({ "name": "s", "description": "d" }),
    );
}

/// Loaded and kept; no audit fills or empties the table.
fn service_hosts() {
    let row = ServiceHostRow { name: text("h"), service: text("s"), zone: text("z") };
    let mut rig = Setup::new().rows(|rows| rows.service_hosts.push(row.clone())).start();
    rig.run(200);
    let known: Vec<_> = rig.vim.service_hosts().collect();
    assert_eq!(known.len(), 1);
    assert_eq!((known[0].name.as_str(), known[0].service.as_str(), known[0].zone.as_str()), ("h", "s", "z"));
    assert_eq!(rig.store.snapshot().service_hosts, [row]);
}

const HYPERVISORS: &str = "Compute(GetHypervisors";

/// Down while its host is failed or offline, though not when only a component failed.
fn hypervisor_state_follows_the_host() {
    let rows = [
        (UP, "enabled"),
        (FAILED, "disabled"),
        (("unlocked", "disabled", "offline"), "disabled"),
        (("unlocked", "disabled", "failed (component)"), "enabled"),
        (("locked", "disabled", "online"), "enabled"),
    ];
    for (shown, wanted) in rows {
        let mut rig = Setup::new().host("h1", "enabled").start();
        rig.host_is("h1", shown);
        let oper = |rig: &Rig| {
            let hypervisor = rig.vim.hypervisors().next().unwrap();
            rig.vim.hypervisor_oper_state(hypervisor).to_string()
        };
        assert_eq!(oper(&rig), wanted, "{shown:?}");
        // its row says the same, once it is written
        let mut other = hypervisor(1, "h1", true);
        other.admin_state = AdminState::Locked;
        list(&mut rig, HYPERVISORS, Answer::Hypervisors(vec![other]));
        assert_eq!(rig.store.snapshot().hypervisors[0].oper_state, wanted, "{shown:?}");
    }
}

fn hypervisor_log() {
    let mut rig = Setup::new().host("h1", "enabled").start();
    let shown = |admin: AdminState, enabled| {
        let mut hypervisor = hypervisor(1, "h1", enabled);
        hypervisor.admin_state = admin;
        Answer::Hypervisors(vec![hypervisor])
    };
    let rows = [
        (AdminState::Unlocked, true, None),
        (AdminState::Locked, true, Some("275.001 Host h1 hypervisor is now locked-enabled")),
        (AdminState::Locked, false, Some("275.001 Host h1 hypervisor is now locked-disabled")),
        (AdminState::Unlocked, true, Some("275.001 Host h1 hypervisor is now unlocked-enabled")),
        (AdminState::Unlocked, true, None),
    ];
    for (admin, enabled, log) in rows {
        rig.forget();
        list(&mut rig, HYPERVISORS, shown(admin.clone(), enabled));
        assert_eq!(rig.logs(), log.into_iter().collect::<Vec<_>>(), "{admin} {enabled}");
    }
    // the host is down: what Nova says of it later is no news
    rig.host_is("h1", ("unlocked", "disabled", "offline"));
    rig.all_ok();
    rig.forget();
    list(&mut rig, HYPERVISORS, shown(AdminState::Unlocked, false));
    assert_eq!(rig.logs(), Vec::<String>::new());
}

fn host_groups() {
    let shown = HostGroup {
        name: text("g"),
        member_names: vec![text("s0")],
        policies: vec![text("storage-replication")],
    };
    let answer = Answer::Hosts { hosts: Vec::new(), incomplete: Vec::new(), groups: vec![shown.clone()] };
    comes_and_stays(
        "Infrastructure(GetHosts",
        answer,
        &shown,
        |vim| vim.host_groups().cloned().collect(),
        |rig| serde_json::to_value(&rig.store.snapshot().host_groups[0]).unwrap(),
        &serde_json::json!({ "name": "g", "member_names": r#"["s0"]"#, "policies": r#"["storage-replication"]"# }),
    );
}

fn host_aggregates() {
    let shown = HostAggregate {
        name: text("a"),
        host_names: vec![text("h1"), text("h2")],
        availability_zone: Some(text("nova")),
    };
    comes_and_stays(
        "Compute(GetHostAggregates",
        Answer::HostAggregates(vec![shown.clone()]),
        &shown,
        |vim| vim.host_aggregates().cloned().collect(),
        |rig| serde_json::to_value(&rig.store.snapshot().host_aggregates[0]).unwrap(),
        &serde_json::json!({ "name": "a", "host_names": r#"["h1", "h2"]"#, "availability_zone": "nova" }),
    );
}

const GROUPS: &str = "Compute(GetInstanceGroups";

fn instance_groups() {
    let shown = group("g");
    comes_and_stays(
        GROUPS,
        Answer::InstanceGroups(vec![shown.clone()]),
        &shown,
        |vim| vim.instance_groups().cloned().collect(),
        |rig| serde_json::to_value(&rig.store.snapshot().instance_groups[0]).unwrap(),
        &serde_json::json!({ "uuid": "g", "name": "g", "member_uuids": r#"["vm-1", "vm-2"]"#,
            "policies": r#"["affinity-best-effort"]"# }),
    );
    assert_eq!(of_group::name(&shown), "g", "uuid if null");
}

/// Two servers on these hosts, in a group with this policy that has been listed twice.
fn grouped(policy: &str, hosts: [&str; 2]) -> Rig {
    let mut rig = Setup::new().host("h1", "enabled").host("h2", "enabled").start();
    rig.add(server("vm-1", hosts[0]));
    rig.add(server("vm-2", hosts[1]));
    let listed = InstanceGroup { name: Some(text("pair")), policies: vec![text(policy)], ..group("g") };
    for _ in 0..2 {
        list(&mut rig, GROUPS, Answer::InstanceGroups(vec![listed.clone()]));
    }
    rig.listings_refused = true;
    rig.run(1);
    rig
}

fn group_alarm_by_policy() {
    let rows: [(&str, [&str; 2], Option<&str>); 8] = [
        ("affinity", ["h1", "h2"], None),
        ("anti-affinity", ["h1", "h1"], None),
        ("unknown", ["h1", "h2"], None),
        ("", ["h1", "h2"], None),
        ("affinity-best-effort", ["h1", "h1"], None),
        (
            "affinity-best-effort",
            ["h1", "h2"],
            Some(
                "Server group pair affinity-best-effort policy was not satisfied, some instances are not on the same host",
            ),
        ),
        ("anti-affinity-best-effort", ["h1", "h2"], None),
        (
            "anti-affinity-best-effort",
            ["h1", "h1"],
            Some(
                "Server group pair anti-affinity-best-effort policy was not satisfied, some instances are on the same host",
            ),
        ),
    ];
    for (policy, hosts, wanted) in rows {
        let rig = grouped(policy, hosts);
        let texts: Vec<_> = rig.alarms().iter().map(|alarm| alarm.specific_problem_text.clone()).collect();
        assert_eq!(texts, wanted.into_iter().collect::<Vec<_>>(), "{policy} {hosts:?}");
        for alarm in rig.alarms() {
            assert_eq!(alarm.entity, "server-group=g");
            assert_eq!(alarm.alarm_type.fm_id(), Some("700.017"));
        }
    }
}

/// When it is checked: a member moves, a member is deleted, the group changes, the group goes.
fn group_alarm_when() {
    let mut rig = grouped("affinity-best-effort", ["h1", "h1"]);
    assert_eq!(rig.alarms().len(), 0);
    rig.change("vm-2", |server| server.host_name = Some(text("h2")));
    assert_eq!(rig.alarm_changes(), ["+instance-group-policy-conflict"], "a member's host changed");
    rig.change("vm-2", |server| server.host_name = Some(text("h1")));
    assert_eq!(rig.alarms().len(), 0);
    rig.change("vm-2", |server| server.host_name = Some(text("h2")));
    assert_eq!(rig.alarms().len(), 1);
    rig.nova("vm-2", "deleted", "none", "shutdown");
    assert_eq!(rig.alarms().len(), 0, "a member is deleted");

    let mut rig = grouped("affinity-best-effort", ["h1", "h2"]);
    assert_eq!(rig.alarms().len(), 1);
    list(
        &mut rig,
        GROUPS,
        Answer::InstanceGroups(vec![InstanceGroup { name: Some(text("other")), ..group("g") }]),
    );
    let texts: Vec<_> = rig.alarms().iter().map(|alarm| alarm.specific_problem_text.clone()).collect();
    assert_eq!(texts.len(), 1);
    assert!(texts[0].contains("Server group other "), "the text is that of the group as it is: {texts:?}");
    let alone = InstanceGroup { member_uuids: vec![text("vm-1")], ..group("g") };
    list(&mut rig, GROUPS, Answer::InstanceGroups(vec![alone]));
    assert_eq!(rig.alarms().len(), 0, "the group changed");
    list(&mut rig, GROUPS, Answer::InstanceGroups(vec![group("g"), group("h")]));
    assert_eq!(rig.alarms().len(), 1);
    list(&mut rig, GROUPS, Answer::InstanceGroups(vec![group("h")]));
    assert_eq!(
        rig.alarms().iter().map(|alarm| alarm.entity.as_str()).collect::<Vec<_>>(),
        ["server-group=h"]
    );
}

/// A member that is on no host (it could not be scheduled) says nothing (docs/differences.md).
fn group_member_without_host() {
    for policy in ["affinity-best-effort", "anti-affinity-best-effort"] {
        let mut rig = grouped(policy, ["h1", "h2"]);
        for vm in ["vm-1", "vm-2"] {
            rig.change(vm, |server| server.host_name = None);
        }
        assert_eq!(rig.alarms().len(), 0, "{policy}");
    }
}

/// Raised before a restart: still up after it, and cleared by its group.
fn group_alarm_after_a_restart() {
    let rig = grouped("affinity-best-effort", ["h1", "h2"]);
    let mut rig = rig.restart(CoreConfig::default());
    rig.servers.insert(text("vm-1"), server("vm-1", "h1"));
    rig.servers.insert(text("vm-2"), server("vm-2", "h2"));
    assert_eq!(rig.alarms().len(), 1);
    list(
        &mut rig,
        GROUPS,
        Answer::InstanceGroups(vec![InstanceGroup { name: Some(text("pair")), ..group("g") }]),
    );
    assert_eq!(rig.alarm_changes(), Vec::<String>::new(), "it is not raised again");
    rig.change("vm-2", |server| server.host_name = Some(text("h1")));
    assert_eq!(rig.alarms().len(), 0);
}

pub fn cases() -> Vec<Case> {
    let rows: [(&'static str, &str, fn()); 17] = [
        ("4.3 InstanceType (flavor)", "", flavors),
        ("4.3 Image", "", images),
        ("4.3 Volume", "", volumes),
        ("4.3 VolumeSnapshot", "", snapshots),
        ("4.3 Network", "", networks),
        ("4.3 Subnet", "", subnets),
        ("4.3 Tenant", "", tenants),
        ("4.3 System", "", systems),
        ("4.3 ServiceHost", "", service_hosts),
        ("4.3 Hypervisor", "state", hypervisor_state_follows_the_host),
        ("4.3 Hypervisor", "log", hypervisor_log),
        ("4.3 HostGroup", "", host_groups),
        ("4.3 HostAggregate", "", host_aggregates),
        ("4.3 InstanceGroup", "fields", instance_groups),
        ("4.3 InstanceGroup", "a member without a host", group_member_without_host),
        ("8.3 instance-group-policy-conflict", "by policy", group_alarm_by_policy),
        ("8.3 instance-group-policy-conflict", "when", group_alarm_when),
    ];
    let mut cases: Vec<_> = rows.into_iter().map(|(row, what, run)| Case::new(row, what, run)).collect();
    cases.push(Case::new(
        "8.3 instance-group-policy-conflict",
        "after a restart",
        group_alarm_after_a_restart,
    ));
    cases
}
