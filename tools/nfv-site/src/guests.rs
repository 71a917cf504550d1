//! The VMs of a site that have a heart, with all that watches them: whatever the cloud does with a server and its host
//! happens to the stand-in and its guestServer, too.

use crate::cloud::{Cloud, Vm};
use crate::guest_daemons::GuestDaemons;
use crate::site::Site;
use crate::stand_in::StandIn;
use anyhow::Context;
use std::collections::BTreeMap;

/// The guest stack and the VMs. Dropping it ends all of them.
#[derive(Debug)]
pub struct Guests {
    daemons: GuestDaemons,
    vms: BTreeMap<String, StandIn>,
}

impl Guests {
    /// Starts the daemons, and a stand-in for each server that `has_heart`. Before the VIM is started.
    ///
    /// # Errors
    /// A program cannot be started, a file not be written.
    pub async fn start(site: &mut Site, has_heart: impl Fn(&Vm) -> bool) -> anyhow::Result<Self> {
        let daemons = GuestDaemons::start(site, |_| true).await?;
        let servers = site.cloud().vms().await?;
        let vms = servers
            .iter()
            .filter(|server| has_heart(server))
            .map(|server| Ok((server.name.clone(), StandIn::new(site, &server.name, &server.uuid)?)))
            .collect::<anyhow::Result<_>>()?;
        let mut guests = Self { daemons, vms };
        guests.follow(site.cloud()).await?;
        Ok(guests)
    }

    /// Looks what the cloud did with hosts and servers, and does likewise. Called again and again.
    ///
    /// # Errors
    /// The lab does not answer, or a program cannot be started or ended.
    pub async fn follow(&mut self, cloud: &Cloud) -> anyhow::Result<()> {
        self.daemons.follow(&cloud.hosts().await?).await?;
        let servers = cloud.vms().await?;
        for (name, vm) in &mut self.vms {
            // a server that is gone was switched off before
            let Some(server) = servers.iter().find(|server| server.name == *name) else { continue };
            let sockets = server.host.as_deref().and_then(|host| self.daemons.sockets(host));
            vm.follow(server, sockets.as_deref()).await?;
        }
        Ok(())
    }

    /// Names of the VMs.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.vms.keys().map(String::as_str)
    }

    /// One of the VMs.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn vm(&mut self, name: &str) -> anyhow::Result<&mut StandIn> {
        self.vms.get_mut(name).with_context(|| format!("{name} has no heart"))
    }

    /// guestAgent and the guestServers.
    pub fn daemons(&mut self) -> &mut GuestDaemons {
        &mut self.daemons
    }
}
