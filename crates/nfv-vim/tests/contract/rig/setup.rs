//! Where a rig begins: rows of the database, configuration, what the platform shows.

use super::*;

/// What the core finds when it starts.
pub struct Setup {
    /// Settings.
    pub config: CoreConfig,
    /// Surroundings.
    pub facts: StartFacts,
    /// Rows of its database.
    pub rows: Snapshot,
}

impl Setup {
    /// A controller that has been up for long, with a database that knows the tenant only.
    pub fn new() -> Self {
        let mut rows = Snapshot::default();
        rows.tenants.push(TenantRow {
            uuid: TENANT.to_owned(),
            name: "admin".to_owned(),
            description: None,
            enabled: "1".to_owned(),
        });
        let facts = StartFacts { uptime: secs(5000), dor_complete: true, unlock_complete: true, seed: 1 };
        Self { config: CoreConfig::default(), facts, rows }
    }

    /// Adds a host in a state of its machine, with the platform's view that goes with it, and its hypervisor.
    pub fn host(self, name: &str, state: &str) -> Self {
        let up = matches!(state, "enabled" | "enabling");
        let (admin, oper, avail) = if up { UP } else { DOWN };
        self.host_as(host(name, admin, oper, avail), state, "")
    }

    /// Adds a host as the platform shows it, in this state, with this action of the VIM.
    pub fn host_as(mut self, shown: object::Host, state: &str, action: &str) -> Self {
        let number = self.rows.hosts.len() + 1;
        let hypervisor = hypervisor(number, &shown.name, true);
        self.rows.hypervisors.push(HypervisorRow {
            uuid: hypervisor.uuid.clone(),
            admin_state: hypervisor.admin_state.to_string(),
            oper_state: hypervisor.oper_state.to_string(),
            host_name: shown.name.clone(),
            stats_available: false,
            vcpus_used: 0,
            vcpus_max: 0,
            mem_used_mb: 0,
            mem_free_mb: 0,
            mem_max_mb: 0,
            disk_used_gb: 0,
            disk_max_gb: 0,
            running_instances: 0,
            nfvi_hypervisor_data: serde_json::to_string(&hypervisor).unwrap(),
        });
        self.rows.hosts.push(HostRow {
            uuid: shown.uuid.clone(),
            name: shown.name.clone(),
            personality: shown.personality.clone(),
            state: state.to_owned(),
            action: action.to_owned(),
            upgrade_inprogress: false,
            recover_instances: true,
            uptime: "100".to_owned(),
            elapsed_time_in_state: "1000".to_owned(),
            host_services_locked: false,
            nfvi_host_data: serde_json::to_string(&shown).unwrap(),
        });
        self
    }

    /// Changes the settings.
    pub fn config(mut self, change: impl FnOnce(&mut CoreConfig)) -> Self {
        change(&mut self.config);
        self
    }

    /// Changes the surroundings.
    pub fn facts(mut self, change: impl FnOnce(&mut StartFacts)) -> Self {
        change(&mut self.facts);
        self
    }

    /// Changes the rows.
    pub fn rows(mut self, change: impl FnOnce(&mut Snapshot)) -> Self {
        change(&mut self.rows);
        self
    }

    /// Starts the core and lets its first second pass; what it did then does not count.
    pub fn start(self) -> Rig {
        let mut rig = self.start_remembering();
        rig.forget();
        rig
    }

    /// The same, and what it did then counts.
    pub fn start_remembering(self) -> Rig {
        let hosts = self.rows.hosts.iter().map(|row| {
            let host: object::Host = serde_json::from_str(&row.nfvi_host_data).unwrap();
            (host.name.clone(), host)
        });
        let hosts = hosts.collect();
        let mut store = Memory::default();
        store.load(&self.rows);
        let (vim, outcome) = Vim::start(self.config, self.facts, self.rows, now_at(BEGIN));
        let mut rig = Rig {
            vim,
            now: BEGIN,
            store,
            hosts,
            servers: BTreeMap::new(),
            nova_answers: true,
            listings_refused: true,
            open: BTreeMap::new(),
            alarms: BTreeMap::new(),
            did: Vec::new(),
            requests: 0,
            heard: Vec::new(),
        };
        rig.take(outcome);
        rig.settle();
        rig.run(1);
        rig
    }
}

/// Unlocked, enabled and available.
pub const UP: (&str, &str, &str) = ("unlocked", "enabled", "available");
/// Unlocked, disabled and failed.
pub const FAILED: (&str, &str, &str) = ("unlocked", "disabled", "failed");
/// Locked, disabled and online.
pub const DOWN: (&str, &str, &str) = ("locked", "disabled", "online");

/// A worker as the platform shows it.
pub fn host(name: &str, admin: &str, oper: &str, avail: &str) -> object::Host {
    object::Host {
        uuid: format!("uuid-of-{name}"),
        name: name.to_owned(),
        personality: "worker".to_owned(),
        admin_state: AdminState::from(admin),
        oper_state: OperState::from(oper),
        avail_status: HostAvailStatus::from(avail),
        action: HostAction::None,
        uptime: Seconds(100),
        software_load: None,
        target_load: None,
        openstack_compute: true,
        openstack_control: false,
        nfvi_data: serde_json::Value::Null,
    }
}

/// The hypervisor of a host.
pub fn hypervisor(number: usize, host: &str, enabled: bool) -> Hypervisor {
    Hypervisor {
        uuid: number.to_string(),
        admin_state: AdminState::Unlocked,
        oper_state: if enabled { OperState::Enabled } else { OperState::Disabled },
        host_name: host.to_owned(),
        statistics: None,
    }
}

/// An active server booted from a volume.
pub fn server(uuid: &str, host: &str) -> object::Instance {
    let mut server = object::Instance {
        uuid: uuid.to_owned(),
        name: uuid.to_owned(),
        tenant_id: Some(TENANT.to_owned()),
        admin_state: AdminState::Unlocked,
        oper_state: OperState::Enabled,
        avail_status: Vec::new(),
        action: object::InstanceAction::None,
        host_name: Some(host.to_owned()),
        instance_type: Some(EmbeddedFlavor {
            vcpus: 1,
            ram: 1024,
            disk: 10,
            original_name: "small".to_owned(),
            ..EmbeddedFlavor::default()
        }),
        image_uuid: None,
        live_migration_support: Some(true),
        attached_volumes: Some(Vec::new()),
        recovery_priority: None,
        live_migration_timeout: None,
        nfvi_data: NovaStates::default(),
    };
    nova(&mut server, "active", "none", "running");
    server
}

/// Gives a server Nova's three states.
pub fn nova(server: &mut object::Instance, vm: &str, task: &str, power: &str) {
    let (admin, oper, avail, action) = states_from_nova(vm, task, power);
    server.admin_state = admin;
    server.oper_state = oper;
    server.avail_status = avail;
    server.action = action;
    server.nfvi_data = NovaStates {
        vm_state: vm.to_owned(),
        task_state: task.to_owned(),
        power_state: power.to_owned(),
        last_update_timestamp: None,
    };
}
