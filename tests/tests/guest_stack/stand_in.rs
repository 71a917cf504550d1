//! A VM without a kernel: guest_client as a process of this machine, and a pump between the socket in the directory
//! of libvirt and the port in the VM, for QEMU.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::net::UnixListener;
use tokio::process::Child;
use tokio::task::JoinHandle;

use crate::stack::{LIMIT, Stack, VM, spawn, write};

/// QEMU: joins the socket on the host with the port in the VM.
struct Qemu {
    host_socket: PathBuf,
    pump: JoinHandle<()>,
}

impl Qemu {
    fn start(sockets: &Path, port: &Path) -> Self {
        let host_socket = sockets.join(format!("cgcs.heartbeat.{VM}.sock"));
        let _ = std::fs::remove_file(port);
        let (outer, inner) = (UnixListener::bind(&host_socket).unwrap(), UnixListener::bind(port).unwrap());
        let pump = tokio::spawn(async move {
            let mut guest = None;
            loop {
                let (mut server, _) = outer.accept().await.unwrap();
                loop {
                    let mut client = match guest.take() {
                        Some(client) => client,
                        None => inner.accept().await.unwrap().0,
                    };
                    // The one who has gone is waited for anew; the other one stays, as at a port.
                    if copy_until_guest_goes(&mut server, &mut client).await {
                        continue;
                    }
                    guest = Some(client);
                    break;
                }
            }
        });
        Self { host_socket, pump }
    }

    fn stop(self) {
        self.pump.abort();
        let _ = std::fs::remove_file(&self.host_socket);
    }
}

/// Pumps until one side has gone; true when it is the guest.
async fn copy_until_guest_goes(
    server: &mut tokio::net::UnixStream,
    client: &mut tokio::net::UnixStream,
) -> bool {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
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

/// The VM.
pub struct StandIn {
    directory: PathBuf,
    qemu: Option<Qemu>,
    client: Option<Child>,
}

impl StandIn {
    /// Its scripts and its configuration.
    pub fn new(directory: PathBuf) -> Self {
        let vm = directory;
        std::fs::create_dir_all(&vm).unwrap();
        let script = format!(
            "#!/bin/sh\necho \"$1 $2\" >> {0}/events\ntest \"$1\" = irrevocable && exit 0\n\
            test -e {0}/refuse || exit 0\necho 'the \"guest\" is busy'\nexit 1\n",
            vm.display()
        );
        write(&vm, "event_script", &script);
        make_executable(&vm.join("event_script"));
        let conf = format!(
            "HB_INTERVAL=1000\nVOTE=8\nCORRECTIVE_ACTION=\"reboot\"\nEVENT_NOTIFICATION_SCRIPT={}/event_script\n",
            vm.display()
        );
        write(&vm, "guest_heartbeat.conf", &conf);
        Self { directory: vm, qemu: None, client: None }
    }

    /// The VM runs on a host: QEMU's side.
    pub fn run_on(&mut self, stack: &Stack, host: usize) {
        if let Some(qemu) = self.qemu.take() {
            qemu.stop();
        }
        self.qemu = Some(Qemu::start(&stack.sockets(host), &self.directory.join("port")));
    }

    pub fn start_client(&mut self, stack: &Stack) {
        let at = |name: &str| self.directory.join(name).display().to_string();
        let arguments = [
            "--name",
            "guest",
            "--device",
            &at("port"),
            "--config",
            &at("guest_heartbeat.conf"),
            "--socket",
            &at("api"),
        ];
        self.client = Some(spawn(&stack.site, "guest_client", &arguments));
    }

    pub async fn kill_client(&mut self) {
        self.client.take().unwrap().kill().await.unwrap();
    }

    /// From now on its script refuses.
    pub fn refuse(&self) {
        write(&self.directory, "refuse", "");
    }

    pub fn agree(&self) {
        std::fs::remove_file(self.directory.join("refuse")).unwrap();
    }

    pub fn guest_events(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.directory.join("events")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    pub async fn wait_for_guest(&self, event: &str) {
        let begun = Instant::now();
        while !self.guest_events().iter().any(|seen| seen == event) {
            assert!(begun.elapsed() < LIMIT, "the guest was not told {event}: {:?}", self.guest_events());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
