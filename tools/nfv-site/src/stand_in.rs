//! A VM without a kernel: guest_client as a process of this machine, and for QEMU a pump between the socket in the
//! directory of libvirt and the port in the VM.

use crate::cloud::Vm;
use crate::process::Process;
use crate::site::Site;
use anyhow::Context;
use std::path::{Path, PathBuf};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::process::Command;
use tokio::task::JoinHandle;

/// What Nova does with a server while its guest does not run, although the server counts as running before and after.
const GUEST_IS_DOWN: [&str; 4] =
    ["reboot_started", "reboot_started_hard", "rebuild_block_device_mapping", "rebuild_spawning"];

/// Interval of its heart, ms.
const INTERVAL: u32 = 1000;

/// QEMU: joins the socket on the host with the port in the VM.
#[derive(Debug)]
struct Qemu {
    host: PathBuf,
    socket: PathBuf,
    pump: JoinHandle<()>,
}

impl Qemu {
    fn start(directory: &Path, uuid: &str, port: &Path) -> anyhow::Result<Self> {
        let socket = directory.join(format!("cgcs.heartbeat.{uuid}.sock"));
        let listen = |path: &Path| {
            // one that an earlier QEMU has left
            let _ = std::fs::remove_file(path);
            UnixListener::bind(path).with_context(|| format!("cannot listen at {}", path.display()))
        };
        let (outer, inner) = (listen(&socket)?, listen(port)?);
        Ok(Self { host: directory.to_owned(), socket, pump: tokio::spawn(pump(outer, inner)) })
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        self.pump.abort();
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// Joins whoever comes to the host's socket with whoever comes to the port.
async fn pump(outer: UnixListener, inner: UnixListener) {
    let mut guest = None;
    while let Ok((mut server, _)) = outer.accept().await {
        loop {
            let mut client = match guest.take() {
                Some(client) => client,
                None => match inner.accept().await {
                    Ok((client, _)) => client,
                    Err(_) => return,
                },
            };
            // The one who has gone is waited for anew; the other one stays, as at a port.
            if copy_until_guest_goes(&mut server, &mut client).await {
                continue;
            }
            guest = Some(client);
            break;
        }
    }
}

/// Pumps until one side has gone; true when it is the guest.
async fn copy_until_guest_goes(server: &mut UnixStream, client: &mut UnixStream) -> bool {
    let (mut from_server, mut from_client) = ([0; 4096], [0; 4096]);
    loop {
        tokio::select! {
            read = server.read(&mut from_server) => match read {
                Ok(0) | Err(_) => return false,
                Ok(length) => if client.write_all(&from_server[..length]).await.is_err() { return true },
            },
            read = client.read(&mut from_client) => match read {
                Ok(0) | Err(_) => return true,
                Ok(length) => if server.write_all(&from_client[..length]).await.is_err() { return false },
            },
        }
    }
}

/// The VM. Dropping it switches it off.
#[derive(Debug)]
pub struct StandIn {
    uuid: String,
    directory: PathBuf,
    /// Where its output goes.
    site: PathBuf,
    program: PathBuf,
    qemu: Option<Qemu>,
    client: Option<Process>,
    boots: u64,
}

impl StandIn {
    /// One that is off: its configuration and the script that votes and notes what it is told.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn new(site: &Site, name: &str, uuid: &str) -> anyhow::Result<Self> {
        let directory = site.directory().join(format!("vm-{name}"));
        std::fs::create_dir_all(&directory)
            .with_context(|| format!("cannot make {}", directory.display()))?;
        let vm = directory.display();
        let script = format!(
            "#!/bin/sh\necho \"$1 $2\" >> {vm}/events\ntest \"$1\" = irrevocable && exit 0\n\
             test -e {vm}/refuse || exit 0\necho 'the \"guest\" is busy'\nexit 1\n"
        );
        let conf = format!(
            "HB_INTERVAL={INTERVAL}\nVOTE=8\nCORRECTIVE_ACTION=\"reboot\"\n\
             EVENT_NOTIFICATION_SCRIPT={vm}/event_script\n"
        );
        let write = |name: &str, text: &str| {
            let file = directory.join(name);
            std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
        };
        write("event_script", &script)?;
        make_executable(&directory.join("event_script"))?;
        write("guest_heartbeat.conf", &conf)?;
        Ok(Self {
            uuid: uuid.to_owned(),
            site: site.directory().to_owned(),
            program: site.program("guest_client").as_std().get_program().into(),
            directory,
            qemu: None,
            client: None,
            boots: 0,
        })
    }

    /// The VM runs on a host, with its socket in this directory: QEMU's side.
    ///
    /// # Errors
    /// The sockets cannot be made.
    pub fn run_on(&mut self, sockets: &Path) -> anyhow::Result<()> {
        self.qemu = None;
        self.qemu = Some(Qemu::start(sockets, &self.uuid, &self.port())?);
        Ok(())
    }

    fn port(&self) -> PathBuf {
        self.directory.join("port")
    }

    /// Its system starts guest_client.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start_client(&mut self) -> anyhow::Result<()> {
        let name = self.directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut command = Command::new(&self.program);
        command
            .args(["--name", name.trim_start_matches("vm-"), "--device"])
            .arg(self.port())
            .arg("--config")
            .arg(self.directory.join("guest_heartbeat.conf"))
            .arg("--socket")
            .arg(self.directory.join("api"));
        self.client = Some(Process::start(&self.site, &name, command)?);
        Ok(())
    }

    /// guest_client is killed, and nobody starts it again before the VM is rebooted.
    ///
    /// # Errors
    /// It cannot be killed.
    pub async fn kill_client(&mut self) -> anyhow::Result<()> {
        match self.client.take() {
            Some(mut client) => client.kill().await,
            None => Ok(()),
        }
    }

    /// Does what the cloud did with the server: switches it off and on, moves it, starts it anew. `sockets` is the
    /// directory of the host on which it runs.
    ///
    /// # Errors
    /// It cannot be followed.
    pub async fn follow(&mut self, server: &Vm, sockets: Option<&Path>) -> anyhow::Result<()> {
        let is_up =
            server.runs && !server.task_state.as_deref().is_some_and(|task| GUEST_IS_DOWN.contains(&task));
        let Some(sockets) = sockets.filter(|_| is_up) else {
            self.qemu = None;
            self.boots = 0;
            return self.kill_client().await;
        };
        if self.boots != server.boots {
            self.kill_client().await?;
            self.run_on(sockets)?;
            self.start_client()?;
            self.boots = server.boots;
        } else if self.qemu.as_ref().is_none_or(|qemu| qemu.host != sockets) {
            self.run_on(sockets)?;
        }
        Ok(())
    }

    /// From now on its script refuses.
    ///
    /// # Errors
    /// It cannot be told.
    pub fn refuse(&self) -> anyhow::Result<()> {
        std::fs::write(self.directory.join("refuse"), "").context("the guest cannot be told to refuse")
    }

    /// From now on its script agrees, as at first.
    ///
    /// # Errors
    /// It cannot be told, or agrees already.
    pub fn agree(&self) -> anyhow::Result<()> {
        std::fs::remove_file(self.directory.join("refuse")).context("the guest cannot be told to agree")
    }

    /// What it was asked (`revocable EVENT`) and told (`irrevocable EVENT`) so far.
    pub fn events(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.directory.join("events")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

fn make_executable(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(path, mode).with_context(|| format!("cannot make {} a program", path.display()))
}
