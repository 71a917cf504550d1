//! How long it takes to plan a strategy for 1,000 hosts with 10,000 instances, and to store it.
//!
//! `cargo bench -p nfv-vim --bench strategy_build`. Aim: under 100 ms (built for release).
#![allow(clippy::unwrap_used)]

use nfv_common::strategy::{AlarmRestriction, ApplyType, InstanceAction, Strategy};
use nfv_nfvi::object::{AdminState, HostAggregate, HostAvailStatus, HostSwPatch, InstanceGroup, SwPatch};
use nfv_vim::core::host::service::ServiceState;
use nfv_vim::core::strategy::{
    HostFacts, InstanceFacts, Inventory, Planner, StrategyInputs, UpdateData, UpdateKind, UpdateStep,
};
use std::time::{Duration, Instant};

const HOSTS: usize = 1_000;
const INSTANCES: usize = 10_000;
/// Instances of an anti-affinity group.
const GROUP: usize = 5;
const AGGREGATES: usize = 20;
const ROUNDS: usize = 21;

fn host(number: usize) -> HostFacts {
    HostFacts {
        name: format!("compute-{number}"),
        uuid: format!("host-{number}"),
        personality: "worker".to_owned(),
        admin_state: AdminState::Unlocked,
        avail_status: HostAvailStatus::Available,
        locking: false,
        enabled: true,
        disabled: false,
        software_load: None,
        target_load: None,
        compute_configured: true,
        compute_service: Some(ServiceState::Enabled),
    }
}

fn inventory() -> Inventory {
    let instances = (0..INSTANCES).map(|number| InstanceFacts {
        uuid: format!("instance-{number}"),
        name: format!("vm-{number}"),
        host: Some(format!("compute-{}", number * 7 % HOSTS)),
        locked: false,
        enabled: true,
        disabled: false,
    });
    let groups = (0..INSTANCES / GROUP / 2).map(|number| InstanceGroup {
        uuid: format!("group-{number}"),
        name: None,
        member_uuids: (0..GROUP).map(|member| format!("instance-{}", number * GROUP + member)).collect(),
        policies: vec!["anti-affinity".to_owned()],
    });
    let aggregates = (0..AGGREGATES).map(|number| HostAggregate {
        name: format!("aggregate-{number}"),
        host_names: (number..HOSTS).step_by(AGGREGATES).map(|host| format!("compute-{host}")).collect(),
        availability_zone: None,
    });
    Inventory::new(
        (0..HOSTS).map(host).collect(),
        instances.collect(),
        groups.collect(),
        Vec::new(),
        aggregates.collect(),
    )
}

fn data(worker: ApplyType) -> UpdateData {
    let inputs = StrategyInputs {
        controller_apply_type: ApplyType::Ignore,
        storage_apply_type: ApplyType::Ignore,
        swift_apply_type: ApplyType::Ignore,
        worker_apply_type: worker,
        max_parallel_worker_hosts: 10,
        default_instance_action: InstanceAction::Migrate,
        alarm_restrictions: AlarmRestriction::Strict,
        start_upgrade: false,
        complete_upgrade: false,
    };
    let mut data = UpdateData::new(UpdateKind::Patch, &inputs, &[], false);
    data.set_patches(vec![SwPatch {
        name: "PATCH_0001".to_owned(),
        sw_version: "19.01".to_owned(),
        repo_state: "Applied".to_owned(),
        patch_state: "Available".to_owned(),
    }]);
    let hosts = (0..HOSTS).map(|number| HostSwPatch {
        name: format!("compute-{number}"),
        personality: "worker".to_owned(),
        sw_version: "19.01".to_owned(),
        requires_reboot: true,
        patch_current: false,
        state: "idle".to_owned(),
        patch_failed: false,
        interim_state: false,
    });
    data.set_patch_hosts(hosts.collect());
    data
}

fn told(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let ms = |at: usize| times[at].as_secs_f64() * 1000.0;
    let last = times.len() - 1;
    println!("{what}: median {:.1} ms, {:.1} to {:.1} ms", ms(last / 2), ms(0), ms(last));
}

fn main() {
    let facts = inventory();
    println!("{HOSTS} hosts, {INSTANCES} instances, {AGGREGATES} aggregates");
    for worker in [ApplyType::Serial, ApplyType::Parallel] {
        let data = data(worker);
        let (mut plans, mut stores, mut stages, mut bytes) = (Vec::new(), Vec::new(), 0, 0);
        for _ in 0..ROUNDS {
            let began = Instant::now();
            let plan = Planner::new(UpdateKind::Patch, &data, &facts, "controller-0").plan();
            plans.push(began.elapsed());
            assert_eq!(plan.refused, None);
            stages = plan.stages.len();
            let mut strategy = Strategy::<UpdateStep>::new("u".into(), "sw-patch".into());
            strategy.apply.stages = plan.stages;
            let began = Instant::now();
            bytes = nfv_common::pyjson::to_string(&strategy.to_stored(data.to_keys())).len();
            stores.push(began.elapsed());
        }
        told(&format!("{worker}: planning {stages} stages"), plans);
        told(&format!("{worker}: as JSON, {bytes} bytes"), stores);
    }
}
