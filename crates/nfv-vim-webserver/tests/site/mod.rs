//! A database as a VIM would leave it, of any size; the same one each time. For tests and for the browser's play.
#![allow(dead_code)] // each user needs a part of it

pub mod decisions;

use nfv_common::alarm::AlarmUuid;
use nfv_common::event_log::{EventId, EventLogData, LogId, file_record};
use nfv_vim_db::Write;
use nfv_vim_db::row::*;
use serde_json::{Value, json};

/// How large, and when.
pub struct Size {
    pub computes: usize,
    pub instances: usize,
}

const TENANTS: [(&str, &str); 3] = [
    ("0b2c1d4e-0000-4000-8000-000000000001", "admin"),
    ("0b2c1d4e-0000-4000-8000-000000000002", "packet-core"),
    ("0b2c1d4e-0000-4000-8000-000000000003", "radio-edge"),
];

const ROLES: [&str; 6] = ["mme", "sgw", "pgw", "vdu", "vcu", "dns"];

/// Flavors: name, vCPUs, MiB, GiB.
const FLAVORS: [(&str, i64, i64, i64); 4] =
    [("small", 1, 1024, 10), ("medium", 2, 4096, 20), ("large", 4, 8192, 40), ("edge.pinned", 6, 16384, 80)];

pub fn uuid(kind: u32, number: usize) -> String {
    format!("{kind:08x}-5eed-4000-8000-{number:012x}")
}

pub fn host_uuid(name: &str) -> String {
    let number: usize = name.bytes().map(usize::from).fold(7, |sum, byte| (sum * 31 + byte) % 0xffff_ffff);
    uuid(1, number)
}

pub fn compute_name(number: usize) -> String {
    format!("compute-{number}")
}

/// A host in a state: VIM state, action, administrative, operational, availability.
pub fn host(name: &str, personality: &str, states: [&str; 5]) -> HostRow {
    let [state, action, admin, oper, avail] = states;
    let is_worker = personality.contains("worker");
    HostRow {
        uuid: host_uuid(name),
        name: name.to_owned(),
        personality: personality.to_owned(),
        state: state.to_owned(),
        action: action.to_owned(),
        upgrade_inprogress: false,
        recover_instances: true,
        uptime: "864321".to_owned(),
        elapsed_time_in_state: "7261".to_owned(),
        host_services_locked: false,
        nfvi_host_data: json!({
            "uuid": host_uuid(name),
            "name": name,
            "personality": personality,
            "admin_state": admin,
            "oper_state": oper,
            "avail_status": avail,
            "action": if action == "locking" { "lock" } else { " none" },
            "uptime": "864321",
            "software_load": "19.01",
            "target_load": "19.01",
            "openstack_compute": is_worker,
            "openstack_control": !is_worker && personality.contains("controller"),
            "nfvi_data": {
                "uuid": host_uuid(name), "name": name, "personality": personality,
                "admin_state": admin, "oper_state": oper, "avail_status": avail,
                "subfunction_name": if is_worker { json!("worker") } else { Value::Null },
                "subfunction_oper": oper, "subfunction_avail": avail,
                "data_ports_name": if is_worker { json!("data-ports") } else { Value::Null },
                "data_ports_oper": oper, "data_ports_avail": avail,
            },
        })
        .to_string(),
    }
}

pub const WELL: [&str; 5] = ["enabled", "", "unlocked", "enabled", "available"];
pub const FAILED: [&str; 5] = ["disabled", "", "unlocked", "disabled", "failed"];

/// The states of a compute host: some of each kind among the first.
fn compute_states(number: usize) -> [&'static str; 5] {
    match number {
        3 => FAILED,
        7 => ["disabled", "", "locked", "disabled", "online"],
        8 => ["disabled", "", "locked", "disabled", "offline"],
        11 => ["disabling", "locking", "unlocked", "enabled", "available"],
        14 => ["enabled", "", "unlocked", "enabled", "degraded"],
        _ => WELL,
    }
}

/// What an instance is doing: administrative, operational, availability, action.
pub type InstanceStates = (&'static str, &'static str, &'static str, &'static str);

pub const RUNNING: InstanceStates = ("unlocked", "enabled", "", "");
pub const BROKEN: InstanceStates = ("unlocked", "disabled", "failed", "");

fn instance_states(number: usize, host: usize) -> InstanceStates {
    match (number % 500, host) {
        (_, 3) if number.is_multiple_of(2) => BROKEN,
        (_, 3) => ("unlocked", "disabled", "failed", "rebuilding"),
        (_, 11) if number.is_multiple_of(3) => ("unlocked", "enabled", "", "migrating"),
        (17, _) => BROKEN,
        (41 | 242, _) => ("unlocked", "enabled", "", "migrating"),
        (83, _) => ("unlocked", "disabled", "", "rebooting"),
        (120 | 121, _) => ("unlocked", "disabled", "paused", ""),
        (180, _) => ("unlocked", "disabled", "suspended", ""),
        (200..=212, _) => ("locked", "disabled", "power-off", ""),
        _ => RUNNING,
    }
}

pub fn instance(number: usize, host: &str, states: InstanceStates) -> InstanceRow {
    let (admin, oper, avail, action) = states;
    let (flavor, vcpus, ram, disk) = FLAVORS[number % FLAVORS.len()];
    let role = ROLES[number % ROLES.len()];
    let (tenant, _) = TENANTS[number % TENANTS.len()];
    let id = uuid(2, number);
    let name = format!("{role}-{number:05}");
    let acted = number.is_multiple_of(5);
    let nfvi_action = if acted {
        json!({
            "action_uuid": uuid(3, number), "action_type": if avail == "failed" { "rebuild" } else { "live-migrate" },
            "action_parameters": "", "action_state": if avail == "failed" { "rejected" } else { "completed" },
            "reason": if avail == "failed" { "host compute-3 is not available" } else { "" },
            "created_timestamp": "2019-01-23T15:04:05Z", "last_update_timestamp": "2019-01-23T15:04:41Z",
            "skip_guest_vote": false, "skip_guest_notify": false, "from_cli": number.is_multiple_of(10), "context": {},
        })
    } else {
        Value::Null
    };
    let words: Vec<&str> = vec![avail];
    let heartbeat = number.is_multiple_of(4);
    InstanceRow {
        uuid: id.clone(),
        name: name.clone(),
        admin_state: admin.to_owned(),
        oper_state: oper.to_owned(),
        avail_status: json!(words).to_string(),
        action: action.to_owned(),
        host_name: Some(host.to_owned()),
        image_uuid: number.is_multiple_of(2).then(|| uuid(5, number % 4)),
        live_migration_support: true,
        elapsed_time_in_state: "3605".to_owned(),
        elapsed_time_on_host: "90061".to_owned(),
        action_data: Some(
            json!({
                "action_seqnum": number + 1,
                "action_uuid": nfvi_action["action_uuid"],
                "action_type": if acted { nfvi_action["action_type"].clone() } else { json!("") },
                "action_state": if acted { json!("completed") } else { Value::Null },
                "reason": if acted { nfvi_action["reason"].clone() } else { json!("") },
                "nfvi_action_data": nfvi_action,
            })
            .to_string(),
        ),
        last_action_data: Some(
            json!({
                "action_seqnum": number + 20_000, "action_uuid": null, "action_type": "", "action_state": null,
                "reason": "", "nfvi_action_data": null,
            })
            .to_string(),
        ),
        guest_services: Some(
            json!({
                "services": if heartbeat { json!({"heartbeat": "enabled"}) } else { json!({}) },
                "nfvi_guest_services": if heartbeat {
                    json!([{"name": "heartbeat", "admin_state": "unlocked", "oper_state": "enabled", "restart_timeout": 300}])
                } else {
                    json!([])
                },
            })
            .to_string(),
        ),
        nfvi_instance_data: json!({
            "uuid": id, "name": name, "tenant_id": tenant, "admin_state": admin, "oper_state": oper,
            "avail_status": words, "action": action, "host_name": host,
            "instance_type": {
                "vcpus": vcpus, "ram": ram, "disk": disk, "ephemeral": 0, "swap": 0, "original_name": flavor,
                "extra_specs": {"sw:wrs:guest:heartbeat": if heartbeat { "True" } else { "False" }},
            },
            "image_uuid": number.is_multiple_of(2).then(|| uuid(5, number % 4)),
            "live_migration_support": true,
            "attached_volumes": [],
            "recovery_priority": if number.is_multiple_of(7) { json!(number % 10 + 1) } else { Value::Null },
            "live_migration_timeout": null,
            "nfvi_data": {
                "vm_state": if avail == "failed" { "error" } else { "active" }, "task_state": "None",
                "power_state": if oper == "enabled" { "running" } else { "shutdown" },
                "last_update_timestamp": "2019-01-23T15:04:41Z",
            },
        })
        .to_string(),
        recoverable: true,
        unlock_to_recover: false,
    }
}

/// The host that an instance is on.
pub fn place(number: usize, size: &Size) -> usize {
    // three in four are spread evenly; the locked hosts have none
    let host = if number.is_multiple_of(4) { (number / 7) % size.computes } else { number % size.computes };
    if matches!(host, 7 | 8) { (host + 5) % size.computes } else { host }
}

/// Everything.
pub fn writes(size: &Size) -> Vec<Write> {
    let mut writes = vec![Write::PutSystem(SystemRow {
        name: "edge-cloud-east-1".to_owned(),
        description: "Central office 17".to_owned(),
    })];
    for (id, name) in TENANTS {
        let (uuid, name) = (id.to_owned(), name.to_owned());
        writes.push(Write::PutTenant(TenantRow { uuid, name, description: None, enabled: "1".to_owned() }));
    }
    for name in ["controller-0", "controller-1"] {
        writes.push(Write::PutHost(host(name, "controller", WELL)));
    }
    for name in ["storage-0", "storage-1"] {
        writes.push(Write::PutHost(host(name, "storage", WELL)));
    }
    let mut residents = vec![(0, 0, 0); size.computes];
    for number in 0..size.instances {
        let on = place(number, size);
        let states = instance_states(number, on);
        writes.push(Write::PutInstance(instance(number, &compute_name(on), states)));
        let (_, vcpus, ram, _) = FLAVORS[number % FLAVORS.len()];
        let sums = &mut residents[on];
        *sums = (sums.0 + vcpus, sums.1 + ram, sums.2 + 1);
    }
    for (number, (vcpus, memory, count)) in residents.into_iter().enumerate() {
        let name = compute_name(number);
        let states = compute_states(number);
        writes.push(Write::PutHost(host(&name, "worker", states)));
        writes.push(Write::PutHypervisor(hypervisor(&name, states[3], vcpus, memory, count)));
    }
    writes.extend(stock(size));
    writes.extend(decisions::writes());
    writes.push(Write::PutSwUpdate(strategy(size, 1)));
    writes.extend([
        held_alarm(
            1,
            "instance-failed",
            &format!("tenant={}.instance={}", TENANTS[2].0, uuid(2, 17)),
            "critical",
            "Instance dns-00017 owned by radio-edge has failed on host compute-17",
            "The system will attempt recovery; no repair action required",
        ),
        held_alarm(
            2,
            "host-services-failed",
            "host=compute-3.services=compute",
            "critical",
            "Host compute-3 compute services failure",
            "Wait for host services recovery to complete; if problem persists contact next level of support",
        ),
    ]);
    writes
}

fn hypervisor(host: &str, oper: &str, vcpus: i64, memory: i64, count: i64) -> HypervisorRow {
    let id = uuid(4, host.len() * 1000 + host_uuid(host).len());
    let id = format!("{}{}", &id[..24], &host_uuid(host)[24..]);
    let (vcpus_max, mem_max_mb) = (vcpus.max(100) * 5 / 4, memory.max(64 * 1024) * 9 / 8);
    HypervisorRow {
        uuid: id.clone(),
        admin_state: "unlocked".to_owned(),
        oper_state: oper.to_owned(),
        host_name: host.to_owned(),
        stats_available: true,
        vcpus_used: vcpus,
        vcpus_max,
        mem_used_mb: memory,
        mem_free_mb: mem_max_mb - memory,
        mem_max_mb,
        disk_used_gb: count * 25,
        disk_max_gb: 4000,
        running_instances: count,
        nfvi_hypervisor_data: json!({
            "uuid": id, "admin_state": "unlocked", "oper_state": oper, "host_name": host,
            "vcpus_used": vcpus, "vcpus_max": vcpus_max, "mem_used_mb": memory, "mem_free_mb": mem_max_mb - memory,
            "mem_max_mb": mem_max_mb, "disk_used_gb": count * 25, "disk_max_gb": 4000, "running_vms": count,
        })
        .to_string(),
    }
}

fn stock(size: &Size) -> Vec<Write> {
    let mut writes = Vec::new();
    for (number, (name, vcpus, mem_mb, disk_gb)) in FLAVORS.into_iter().enumerate() {
        writes.push(Write::PutInstanceType(InstanceTypeRow {
            uuid: uuid(6, number),
            name: name.to_owned(),
            have_details: true,
            vcpus,
            mem_mb,
            disk_gb,
            ephemeral_gb: 0,
            swap_gb: 0,
            guest_services: if number == 3 { r#"{"heartbeat": "configured"}"# } else { "{}" }.to_owned(),
            auto_recovery: (number == 0).then_some(false),
            live_migration_timeout: (number == 1).then_some(180),
            live_migration_max_downtime: None,
        }));
    }
    for number in 0..4 {
        let (id, name) = (uuid(5, number), format!("guest-os-{}.{}", 7 + number, number));
        let nfvi = json!({
            "uuid": id, "name": name, "description": "", "avail_status": ["available"], "action": "",
            "container_format": "bare", "disk_format": "qcow2", "min_disk_size_gb": 10, "min_memory_size_mb": 512,
            "visibility": "public", "protected": "no",
            "properties": {"sw_wrs_auto_recovery": "True", "hw_wrs_live_migration_timeout": "200"},
        });
        writes.push(Write::PutImage(ImageRow {
            uuid: id,
            name,
            description: String::new(),
            avail_status: r#"["available"]"#.to_owned(),
            action: String::new(),
            container_format: Some("bare".to_owned()),
            disk_format: Some("qcow2".to_owned()),
            min_disk_size_gb: 10,
            min_memory_size_mb: 512,
            visibility: "public".to_owned(),
            protected: "no".to_owned(),
            properties: nfvi["properties"].to_string(),
            nfvi_image_data: nfvi.to_string(),
        }));
    }
    for number in 0..size.instances.min(240) {
        let (id, name) = (uuid(7, number), format!("data-{number:04}"));
        let status = ["in-use", "available", "in-use", "in-use"][number % 4];
        let nfvi = json!({
            "uuid": id, "name": name, "description": "", "avail_status": [status], "action": "",
            "size_gb": 5 + number % 40, "bootable": "no", "encrypted": "no", "image_uuid": null,
        });
        writes.push(Write::PutVolume(VolumeRow {
            uuid: id,
            name,
            description: String::new(),
            avail_status: json!([status]).to_string(),
            action: String::new(),
            size_gb: 5 + (number % 40) as i64,
            bootable: "no".to_owned(),
            encrypted: "no".to_owned(),
            image_uuid: None,
            nfvi_volume_data: nfvi.to_string(),
        }));
    }
    let snapshot = json!({"uuid": uuid(8, 1), "name": "before-upgrade", "description": "", "size_gb": 12, "volume_uuid": uuid(7, 1)});
    writes.push(Write::PutVolumeSnapshot(VolumeSnapshotRow {
        uuid: uuid(8, 1),
        name: "before-upgrade".to_owned(),
        description: String::new(),
        size_gb: 12,
        volume_uuid: uuid(7, 1),
        nfvi_volume_snapshot_data: snapshot.to_string(),
    }));
    for (number, name) in ["internal0", "mgmt", "s1-u", "s1-mme", "sgi", "f1"].into_iter().enumerate() {
        writes.push(Write::PutNetwork(NetworkRow {
            uuid: uuid(9, number),
            name: name.to_owned(),
            admin_state: "unlocked".to_owned(),
            oper_state: if number == 5 { "disabled" } else { "enabled" }.to_owned(),
            avail_status: if number == 5 { r#"["building"]"# } else { "[]" }.to_owned(),
            is_shared: number < 2,
            mtu: if number > 1 { 9000 } else { 1500 },
            physical_network: Some(format!("physnet{}", number % 2)),
            network_type: "vlan".to_owned(),
            segmentation_id: Some((600 + number).to_string()),
        }));
        writes.push(Write::PutSubnet(SubnetRow {
            uuid: uuid(10, number),
            name: format!("{name}-subnet"),
            ip_version: "4".to_owned(),
            subnet_ip: format!("10.{number}.0.0"),
            subnet_prefix: 20,
            gateway_ip: Some(format!("10.{number}.0.1")),
            network_uuid: uuid(9, number),
            is_dhcp_enabled: number % 2 == 0,
        }));
    }
    for number in 0..8 {
        let members: Vec<String> = (0..4).map(|one| uuid(2, number * 4 + one)).collect();
        let name = format!("{}-pool-{number}", ROLES[number % ROLES.len()]);
        let nfvi = json!({"uuid": uuid(11, number), "name": name, "member_uuids": members, "policies": ["anti-affinity"]});
        writes.push(Write::PutInstanceGroup(InstanceGroupRow {
            uuid: uuid(11, number),
            name,
            member_uuids: json!(members).to_string(),
            policies: r#"["anti-affinity"]"#.to_owned(),
            nfvi_instance_group_data: nfvi.to_string(),
        }));
    }
    let members = json!(["storage-0", "storage-1"]);
    let group = json!({"name": "group-0", "member_names": members, "policies": ["storage-replication"]});
    writes.push(Write::PutHostGroup(HostGroupRow {
        name: "group-0".to_owned(),
        member_names: members.to_string(),
        policies: r#"["storage-replication"]"#.to_owned(),
        nfvi_host_group_data: group.to_string(),
    }));
    for (part, name) in ["local_storage_image_hosts", "remote_storage_hosts"].into_iter().enumerate() {
        let hosts: Vec<String> =
            (0..size.computes).filter(|number| number % 2 == part).map(compute_name).collect();
        let nfvi = json!({"name": name, "host_names": hosts, "availability_zone": "nova"});
        writes.push(Write::PutHostAggregate(HostAggregateRow {
            name: name.to_owned(),
            host_names: json!(hosts).to_string(),
            availability_zone: Some("nova".to_owned()),
            nfvi_host_aggregate_data: nfvi.to_string(),
        }));
    }
    writes
}

fn held_alarm(number: usize, kind: &str, entity: &str, severity: &str, reason: &str, repair: &str) -> Write {
    let uuid = AlarmUuid::from(uuid(12, number).as_str());
    Write::PutState(StateRow {
        kind: "alarm".to_owned(),
        key: uuid.to_string(),
        data: json!({
            "alarm_uuid": uuid.to_string(), "alarm_type": kind, "entity": entity, "perceived_severity": severity,
            "specific_problem_text": reason, "proposed_repair_action": repair,
            "created_timestamp": "2019-01-23 15:04:05.678901",
        })
        .to_string(),
    })
}

/// A patch strategy being applied, with so many stages of workers done.
pub fn strategy(size: &Size, done: usize) -> SwUpdateRow {
    let (mut stages, mut finished, mut total) = (Vec::new(), 0, 0);
    let mut stage = |name: &str, hosts: &[String], steps: &[(&str, u64)], state: usize| {
        // 0: done, 1: under way (second step), 2: to come
        let steps: Vec<Value> = steps
            .iter()
            .enumerate()
            .map(|(index, (step, timeout))| {
                let result = match (state, index) {
                    (0, _) | (1, 0 | 1) => "success",
                    (1, 2) => "wait",
                    _ => "initial",
                };
                total += 1;
                finished += usize::from(result == "success");
                let begun = result != "initial";
                json!({
                    "id": index, "name": step, "force_pass": false, "timeout": timeout, "max_retries": 1, "result": result,
                    "result_reason": "",
                    "start_date_time": if begun { format!("2019-01-23 15:{:02}:10", 4 + index) } else { String::new() },
                    "end_date_time": if result == "success" { format!("2019-01-23 15:{:02}:08", 5 + index) } else { String::new() },
                    "entity_type": "hosts", "entity_names": hosts,
                    "entity_uuids": hosts.iter().map(|name| host_uuid(name)).collect::<Vec<_>>(),
                })
            })
            .collect();
        let id = stages.len();
        stages.push(json!({
            "id": id, "name": name, "timeout": 5000, "inprogress": state == 1, "current_step": if state == 1 { 2 } else { 0 },
            "total_steps": steps.len(), "steps": steps,
            "result": if state == 0 { "success" } else { "initial" }, "result_reason": "",
            "start_date_time": if state < 2 { "2019-01-23 15:04:10" } else { "" },
            "end_date_time": if state == 0 { "2019-01-23 15:19:44" } else { "" },
        }));
    };
    const LOCKING: [(&str, u64); 6] = [
        ("query-alarms", 60),
        ("lock-hosts", 900),
        ("sw-patch-hosts", 1800),
        ("system-stabilize", 30),
        ("unlock-hosts", 1800),
        ("system-stabilize", 60),
    ];
    let names = |range: std::ops::Range<usize>| range.map(compute_name).collect::<Vec<_>>();
    stage("sw-patch-controllers", &["controller-1".to_owned()], &LOCKING, 0);
    stage("sw-patch-controllers", &["controller-0".to_owned()], &LOCKING, 0);
    stage("sw-patch-storage-hosts", &["storage-0".to_owned()], &LOCKING, 0);
    let mut first = 0;
    let mut workers = 0;
    while first < size.computes.min(40) {
        let last = (first + 10).min(size.computes);
        stage(
            "sw-patch-worker-hosts",
            &names(first..last),
            &LOCKING,
            match workers.cmp(&done) {
                std::cmp::Ordering::Less => 0,
                std::cmp::Ordering::Equal => 1,
                std::cmp::Ordering::Greater => 2,
            },
        );
        first = last;
        workers += 1;
    }
    let percent = finished * 100 / total.max(1);
    let current = 3 + done;
    let phase = |name: &str, inprogress: bool, stages: Vec<Value>, result: &str, begin: &str, end: &str| {
        let total = stages.len();
        json!({
            "name": name, "timeout": 40_000, "inprogress": inprogress, "completion_percentage": if inprogress { percent } else { 100 },
            "current_stage": if inprogress { current } else { 0 }, "stop_at_stage": total, "total_stages": total,
            "stages": stages, "result": result, "result_reason": "", "start_date_time": begin, "end_date_time": end,
        })
    };
    let steps: Vec<Value> = ["query-alarms", "query-sw-patches", "query-sw-patch-hosts"]
        .iter()
        .enumerate()
        .map(|(id, name)| {
            json!({
                "id": id, "name": name, "force_pass": false, "timeout": 60, "max_retries": 1, "result": "success",
                "result_reason": "", "start_date_time": "2019-01-23 15:02:11",
                "end_date_time": "2019-01-23 15:02:13", "entity_type": "", "entity_names": [], "entity_uuids": [],
            })
        })
        .collect();
    let query = json!([{
        "id": 0, "name": "sw-patch-query", "timeout": 100, "inprogress": false, "current_step": 3, "total_steps": 3,
        "result": "success", "result_reason": "", "start_date_time": "2019-01-23 15:02:11", "end_date_time": "2019-01-23 15:02:14",
        "steps": steps,
    }]);
    let uuid = uuid(13, 1);
    SwUpdateRow {
        uuid: uuid.clone(),
        sw_update_type: "sw-patch".to_owned(),
        strategy_data: json!({
            "uuid": uuid, "name": "sw-patch", "state": "applying", "current_phase": "apply",
            "current_phase_completion_percentage": percent,
            "build_phase": phase("build", false, query.as_array().cloned().unwrap_or_default(), "success", "2019-01-23 15:02:11", "2019-01-23 15:02:14"),
            "apply_phase": phase("apply", true, stages, "initial", "2019-01-23 15:04:10", ""),
            "abort_phase": phase("abort", false, Vec::new(), "initial", "", ""),
            "controller_apply_type": "serial", "storage_apply_type": "serial", "swift_apply_type": "ignore",
            "worker_apply_type": "parallel", "max_parallel_worker_hosts": 10, "default_instance_action": "migrate",
            "alarm_restrictions": "strict", "sw_patches": [], "sw_patch_hosts": [], "nfvi_alarms": [],
        })
        .to_string(),
    }
}

/// An event log as the VIM's file handler writes it.
pub fn log_record(id: u64, event: EventId, instance: &str, text: &str, time: &str) -> String {
    let entity = format!("tenant={}.instance={instance}", TENANTS[1].0);
    let time = time.parse().expect("a time");
    file_record::render(&EventLogData::new(LogId(id), event, "tenant.instance", entity, text, time))
}

/// What happened before: a host fails and its instances are moved away.
pub fn event_file(count: usize) -> String {
    let mut text = String::new();
    for number in 0..count {
        let (minute, second) = (number / 60 % 60, number % 60);
        let time = format!("2019-01-23T15:{minute:02}:{second:02}.678901Z");
        let instance = number * 3 % 600;
        let name = format!("{}-{instance:05}", ROLES[instance % ROLES.len()]);
        let (event, words) = match number % 4 {
            0 => (
                EventId::InstanceFailed,
                format!("Instance {name} owned by packet-core has failed on host compute-3"),
            ),
            1 => (
                EventId::InstanceEvacuateBegin,
                format!(
                    "Evacuate issued by the system against instance {name} owned by packet-core on host compute-3"
                ),
            ),
            2 => (
                EventId::InstanceEvacuating,
                format!("Evacuating instance {name} owned by packet-core from compute-3 to compute-5"),
            ),
            _ => (
                EventId::InstanceEvacuated,
                format!("Evacuate complete for instance {name} now enabled on host compute-5"),
            ),
        };
        text += &log_record(number as u64 + 1, event, &uuid(2, instance), &words, &time);
    }
    text
}
