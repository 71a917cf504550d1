//! The platform's part of the guest stack at a site: guestAgent on the controller, a guestServer on each worker, and a
//! stand-in for mtcAgent, which tells guestAgent the workers. They share the loopback: guestServers differ by address.
//! Contract: guest 1.4, 9.

use crate::cloud::Host;
use crate::configuration::free_block;
use crate::process::Process;
use crate::site::Site;
use anyhow::Context;
use guest_protocol::heartbeat::datagram::{HostCommand, HostRecord, is_inventory_request};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use tokio::process::Command;
use tokio::task::JoinHandle;

/// Directory of a node in which QEMU makes the sockets of its VMs; short, since paths of sockets are limited.
const SOCKETS: &str = "q";

/// Ports of the guest stack.
#[derive(Debug, Clone, Copy)]
struct Ports {
    /// guestAgent, for the VIM.
    vim_commands: u16,
    /// guestAgent, for guestServers.
    agent: u16,
    /// guestServers, for guestAgent.
    server: u16,
    /// guestAgent, for mtcAgent.
    maintenance_commands: u16,
}

/// A worker.
#[derive(Debug)]
struct Worker {
    address: Ipv4Addr,
    /// What stands for `/` on it.
    root: PathBuf,
    /// None while it has no power.
    server: Option<Process>,
}

/// guestAgent and the guestServers. Dropping it kills them.
#[derive(Debug)]
pub struct GuestDaemons {
    directory: PathBuf,
    program: PathBuf,
    agent: Process,
    workers: BTreeMap<String, Worker>,
    maintenance: JoinHandle<()>,
}

impl Ports {
    fn free() -> anyhow::Result<Self> {
        let first = free_block(|port| {
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
                && UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
                && UdpSocket::bind((address(0), port)).is_ok()
        })?;
        Ok(Self { vim_commands: first, agent: first + 1, server: first + 2, maintenance_commands: first + 3 })
    }

    fn ini(self, more: &str) -> String {
        format!(
            "[agent]\nrx_port={}\nvim_cmd_port={}\ncontroller=127.0.0.1\nhostname=127.0.0.1\n\
             [client]\nrx_port={}\nhbs_failure_threshold=1\nhbs_pulse_period=400\n{more}",
            self.agent, self.vim_commands, self.server
        )
    }
}

/// Address of the worker with this number.
fn address(number: usize) -> Ipv4Addr {
    let (third, fourth) = (number / 250, number % 250 + 2);
    Ipv4Addr::new(127, 0, third as u8, fourth as u8)
}

impl GuestDaemons {
    /// Starts them, with a guestServer on those workers that `is_served` picks. The VIM, started after this, talks to
    /// this guestAgent instead of the lab's.
    ///
    /// # Errors
    /// A program cannot be started, a file not be written.
    pub async fn start(site: &mut Site, is_served: impl Fn(&str) -> bool) -> anyhow::Result<Self> {
        let ports = Ports::free()?;
        let hosts = site.cloud().hosts().await?;
        let maintenance =
            tokio::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port for mtcAgent")?;
        let directory = site.directory().to_owned();
        let controller = directory.join("controller");
        prepare_controller(&controller, ports, maintenance.local_addr()?.port(), site.vim_ports().guest)?;
        let (mut workers, mut records) = (BTreeMap::new(), Vec::new());
        for (number, host) in hosts.iter().filter(|host| host.compute.is_some()).enumerate() {
            let address = address(number);
            records.push(HostRecord {
                hostname: host.name.clone(),
                uuid: host.uuid.clone(),
                address: address.to_string(),
                personality: host.personality.clone(),
            });
            if is_served(&host.name) {
                let root = directory.join(&host.name);
                let name = &host.name;
                let more = format!("hostname={name}\nbind_address={address}\nchannel_dir=/{SOCKETS}\n");
                prepare_node(&root, &ports.ini(&more), "guestServer")?;
                workers.insert(name.clone(), Worker { address, root, server: None });
            }
        }
        let mut command = site.program("guestAgent");
        command.args(["-f", "--root"]).arg(&controller);
        let mut daemons = Self {
            agent: Process::start(&directory, "guestAgent", command)?,
            program: site.program("guestServer").as_std().get_program().into(),
            directory,
            workers,
            maintenance: tokio::spawn(answer_inventory(maintenance, records, ports.maintenance_commands)),
        };
        daemons.follow(&hosts).await?;
        site.use_guest_agent(ports.vim_commands)?;
        Ok(daemons)
    }

    /// Lets a guestServer run on each worker that has power, and on no other.
    ///
    /// # Errors
    /// One cannot be started or killed.
    pub async fn follow(&mut self, hosts: &[Host]) -> anyhow::Result<()> {
        for host in hosts {
            let Some(worker) = self.workers.get_mut(&host.name) else { continue };
            if !host.alive
                && let Some(mut server) = worker.server.take()
            {
                server.kill().await?;
            }
            if host.alive && worker.server.is_none() {
                let mut command = Command::new(&self.program);
                command.args(["-f", "--root"]).arg(&worker.root);
                let name = format!("guestServer-{}", host.name);
                worker.server = Some(Process::start(&self.directory, &name, command)?);
            }
        }
        Ok(())
    }

    /// Directory in which QEMU makes the sockets of a worker's VMs; none when it has no guestServer.
    pub fn sockets(&self, host: &str) -> Option<PathBuf> {
        self.workers.get(host).map(|worker| worker.root.join(SOCKETS))
    }

    /// Address of a worker's guestServer.
    pub fn address(&self, host: &str) -> Option<Ipv4Addr> {
        self.workers.get(host).map(|worker| worker.address)
    }

    /// All that run: guestAgent first.
    pub fn processes(&mut self) -> impl Iterator<Item = &mut Process> {
        let servers = self.workers.values_mut().filter_map(|worker| worker.server.as_mut());
        std::iter::once(&mut self.agent).chain(servers)
    }
}

impl Drop for GuestDaemons {
    fn drop(&mut self) {
        self.maintenance.abort();
    }
}

fn write(root: &Path, path: &str, text: &str) -> anyhow::Result<()> {
    let file = root.join(path);
    let parent = file.parent().context("a file has a directory")?;
    std::fs::create_dir_all(parent)
        .and_then(|()| std::fs::write(&file, text))
        .with_context(|| format!("cannot write {}", file.display()))
}

/// The root directory of a node with all that its daemon wants to find.
fn prepare_node(root: &Path, ini: &str, daemon: &str) -> anyhow::Result<()> {
    write(root, "etc/platform/platform.conf", "management_interface=lo\nsubfunction=controller,worker\n")?;
    write(root, "etc/platform/.initial_config_complete", "")?;
    write(root, "var/run/.goenabled", "")?;
    write(root, &format!("etc/mtc/{daemon}.ini"), ini)?;
    let sockets = root.join(SOCKETS);
    std::fs::create_dir_all(&sockets).with_context(|| format!("cannot make {}", sockets.display()))
}

fn prepare_controller(root: &Path, ports: Ports, maintenance: u16, vim: u16) -> anyhow::Result<()> {
    prepare_node(root, &ports.ini(""), "guestAgent")?;
    let mtc = format!(
        "[agent]\nhbs_to_mtc_event_port={maintenance}\nmtc_to_guest_cmd_port={}\n",
        ports.maintenance_commands
    );
    write(root, "etc/mtc.conf", &mtc)?;
    let rest = format!("[guest-rest-api]\nhost=127.0.0.1\nport={vim}\n");
    write(root, "etc/nfv/nfv_plugins/nfvi_plugins/config.ini", &rest)
}

/// mtcAgent: whoever asks for the inventory is told of all workers.
async fn answer_inventory(socket: tokio::net::UdpSocket, workers: Vec<HostRecord>, port: u16) {
    let mut buffer = [0; 2048];
    loop {
        // an error belongs to a datagram sent before: guestAgent did not listen, and asks again
        let Ok((length, _)) = socket.recv_from(&mut buffer).await else { continue };
        if is_inventory_request(&buffer[..length]) {
            for worker in &workers {
                let command = HostCommand::Add(worker.clone()).encode();
                let _ = socket.send_to(&command, (Ipv4Addr::LOCALHOST, port)).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn workers_have_addresses_of_their_own_and_none_is_that_of_the_controller() {
        let all: std::collections::BTreeSet<_> = (0..1000).map(address).collect();
        assert_eq!(all.len(), 1000);
        assert_eq!(address(0).to_string(), "127.0.0.2");
        assert!(!all.contains(&std::net::Ipv4Addr::LOCALHOST));
    }
}
