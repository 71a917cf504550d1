//! The system, its projects, and the service hosts of old databases. Contract: vim-behaviour 4.3, 6.1 steps 1 and 5.

use super::Vim;
use super::audit::{Heard, Step, reconcile};
use nfv_nfvi::object::{System, Tenant};
use nfv_vim_db::Write;
use nfv_vim_db::row::{ServiceHostRow, SystemRow, TenantRow};

/// A host that a service runs on. No audit fills this table; what is in the file is kept. Contract: 4.3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceHost {
    /// Host.
    pub name: String,
    /// Service.
    pub service: String,
    /// Availability zone.
    pub zone: String,
}

impl From<ServiceHostRow> for ServiceHost {
    fn from(row: ServiceHostRow) -> Self {
        Self { name: row.name, service: row.service, zone: row.zone }
    }
}

pub(super) fn system_from_row(row: SystemRow) -> System {
    System { name: row.name, description: row.description }
}

fn put_tenant(tenant: &Tenant) -> Write {
    Write::PutTenant(TenantRow {
        uuid: tenant.uuid.clone(),
        name: tenant.name.clone(),
        description: tenant.description.clone(),
        enabled: if tenant.enabled { "1" } else { "0" }.to_owned(),
    })
}

pub(super) fn tenant_from_row(row: TenantRow) -> Tenant {
    Tenant {
        uuid: row.uuid,
        name: row.name,
        description: row.description,
        enabled: matches!(row.enabled.as_str(), "1" | "True" | "true"),
    }
}

impl Vim {
    /// sysinv's system. The description of a known one is not taken over.
    pub(super) fn audit_system(&mut self, system: Option<System>) -> Heard {
        if self.doubts(Step::System, system.is_none() && self.system.is_some()) {
            return Heard::AskAgain;
        }
        let name = |system: &Option<System>| system.as_ref().map(|system| system.name.clone());
        if name(&self.system) == name(&system) {
            return Heard::Taken;
        }
        if let Some(old) = self.system.take() {
            self.out.writes.push(Write::DeleteSystem { name: old.name });
        }
        if let Some(new) = &system {
            let row = SystemRow { name: new.name.clone(), description: new.description.clone() };
            self.out.writes.push(Write::PutSystem(row));
        }
        self.system = system;
        Heard::Taken
    }

    /// All projects of Keystone.
    pub(super) fn audit_tenants(&mut self, listed: Vec<Tenant>) -> Heard {
        if self.doubts(Step::Tenants, listed.is_empty() && !self.tenants.is_empty()) {
            return Heard::AskAgain;
        }
        let delete = |uuid| Write::DeleteTenant { uuid };
        reconcile(&mut self.tenants, listed, |t| &t.uuid, put_tenant, delete, &mut self.out.writes);
        Heard::Taken
    }
}
