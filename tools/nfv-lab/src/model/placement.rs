//! Where the servers of a cluster file go.

use std::collections::BTreeMap;

use super::Cloud;
use super::host::{Host, Oper};
use super::scheduler::Wanted;
use super::server::{Power, Server, VmState};
use crate::config::VmSpec;
use crate::{Error, Result};

impl Cloud {
    pub(super) fn place(&mut self, mut server: Server, spec: &VmSpec, filling: &mut Filling) -> Result<()> {
        let fail = |what: String| Error::Cluster(format!("vm {}: {what}", server.name));
        if self.servers.contains_key(&server.id) {
            return Err(fail("defined twice".into()));
        }
        let host = match &spec.host {
            Some(host) => {
                if !self.hosts.get(host).is_some_and(Host::is_worker) {
                    return Err(fail(format!("host {host} is no worker")));
                }
                host.clone()
            }
            None if server.group.is_some() || server.zone.is_some() || filling.special => self
                .schedule(&Wanted {
                    server: None,
                    flavor: &server.flavor,
                    local_disk: server.image.is_some(),
                    group: server.group.as_ref().and_then(|group| self.groups.get(group)),
                    zone: server.zone.as_deref(),
                    except: &[],
                })
                .ok_or_else(|| fail("no host can hold it".into()))?,
            None => filling.next(&server).ok_or_else(|| fail("no host can hold it".into()))?,
        };
        filling.take(&host, &server);
        if server.state == VmState::Error {
            server.power = Power::Shutdown;
        }
        server.host = Some(host);
        self.servers.insert(server.id.clone(), server);
        Ok(())
    }
}

/// Free room while servers are placed: the scheduler counts all servers each time, which is too slow for thousands.
pub(super) struct Filling {
    /// Free CPUs, memory, disk by host.
    free: BTreeMap<String, (i64, i64, i64)>,
    /// Aggregates with metadata exist: let the scheduler look at them.
    special: bool,
}

impl Filling {
    pub(super) fn new(cloud: &Cloud) -> Self {
        let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let free = cloud
            .hosts
            .values()
            .filter(|host| host.compute.is_some() && host.oper == Oper::Enabled)
            .map(|host| {
                (host.name.clone(), (host.vcpus.into(), signed(host.memory_mb), signed(host.disk_gb)))
            })
            .collect();
        let special = cloud.aggregates.iter().any(|aggregate| !aggregate.metadata.is_empty());
        Self { free, special }
    }

    fn size(server: &Server) -> (i64, i64, i64) {
        let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let flavor = &server.flavor;
        let root = if server.image.is_some() { flavor.disk_gb } else { 0 };
        (flavor.vcpus.into(), signed(flavor.ram_mb), signed(flavor.ephemeral_gb + root))
    }

    fn next(&self, server: &Server) -> Option<String> {
        let (cpus, memory, disk) = Self::size(server);
        self.free
            .iter()
            .filter(|(_, free)| free.0 >= cpus && free.1 >= memory && free.2 >= disk)
            .max_by_key(|(name, free)| (free.0, free.1, std::cmp::Reverse(name.as_str())))
            .map(|(name, _)| name.clone())
    }

    fn take(&mut self, host: &str, server: &Server) {
        let size = Self::size(server);
        if let Some(free) = self.free.get_mut(host) {
            free.0 -= size.0;
            free.1 -= size.1;
            free.2 -= size.2;
        }
    }
}
