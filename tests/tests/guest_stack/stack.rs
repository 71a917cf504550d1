//! The stack without a VM: nfv-vim, guestAgent, and a guestServer on each of two computes; what the cloud was asked for.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use guest_protocol::heartbeat::datagram::{HostCommand, HostRecord, is_inventory_request};
use nfv_site::{Options, Site, configuration};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

/// How long anything may take on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(180);
/// uuid of the VM.
pub const VM: &str = "1f0bc3e3-efbe-48b8-9688-4821fc0ff83c";
const HOSTS: [(&str, &str, &str); 2] = [
    ("compute-0", "aaaaaaaa-0000-4000-8000-000000000000", "127.0.0.2"),
    ("compute-1", "bbbbbbbb-1111-4111-8111-111111111111", "127.0.0.3"),
];
pub const ESTABLISHED: &str = "Guest Heartbeat established for instance guest";

/// Ports that are free now.
struct Ports {
    agent: u16,
    server: u16,
    vim_commands: u16,
    maintenance_commands: u16,
}

impl Ports {
    fn free() -> Self {
        let udp = |address: [u8; 4]| UdpSocket::bind(SocketAddr::from((address, 0))).unwrap();
        // Held together, so that they differ.
        let sockets = [udp([127, 0, 0, 1]), udp([127, 0, 0, 1]), udp([127, 0, 0, 2])];
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let [agent, maintenance_commands, server] = sockets.map(|socket| socket.local_addr().unwrap().port());
        Self { agent, server, vim_commands: tcp.local_addr().unwrap().port(), maintenance_commands }
    }
}

fn program(name: &str) -> PathBuf {
    if let Some(given) = std::env::var_os("NFV_BIN_DIR") {
        return PathBuf::from(given).join(name);
    }
    let own = std::env::current_exe().unwrap();
    own.ancestors().nth(2).unwrap().join(name)
}

pub fn write(root: &Path, path: &str, text: &str) {
    let file = root.join(path.trim_start_matches('/'));
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

/// The root directory of a node with all that its daemon wants to find.
fn node(root: &Path, ini: &str, daemon: &str) {
    write(root, "/etc/platform/platform.conf", "management_interface=lo\nsubfunction=controller,worker\n");
    write(root, "/etc/platform/.initial_config_complete", "");
    write(root, "/var/run/.goenabled", "");
    write(root, &format!("/etc/mtc/{daemon}.ini"), ini);
    std::fs::create_dir_all(root.join("q")).unwrap();
}

pub fn spawn(site: &Site, name: &str, arguments: &[&str]) -> Child {
    let log =
        std::fs::File::options().create(true).append(true).open(site.directory().join(format!("{name}.out")));
    let log = log.unwrap();
    Command::new(program(name))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {name}: {error}"))
}

pub struct Stack {
    pub site: Site,
    roots: [PathBuf; 2],
    _daemons: Vec<Child>,
}

impl Stack {
    pub async fn start() -> Self {
        let cluster = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("clusters/guest-stack.toml");
        let settings = configuration::quick();
        let options = Options { cluster, settings, directory: None, lab_arguments: Vec::new() };
        let mut site = Site::start(&options).await.unwrap();
        let ports = Ports::free();

        // The VIM talks to the real guestAgent, not to the lab's.
        let plugins = site.directory().join("nfvi_plugins.ini");
        let text = std::fs::read_to_string(&plugins).unwrap();
        let (before, rest) = text.split_once("[guest]\n").unwrap();
        let (_, after) = rest.split_once('\n').unwrap();
        let endpoint = format!("[guest]\nendpoint_override=http://localhost:{}\n", ports.vim_commands);
        std::fs::write(&plugins, format!("{before}{endpoint}{after}")).unwrap();

        let maintenance = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let root = |name: &str| site.directory().join(name);
        let (controller, roots) = (root("controller"), [root("compute-0"), root("compute-1")]);
        let ini = |more: &str| {
            format!(
                "[agent]\nrx_port={}\nvim_cmd_port={}\ncontroller=127.0.0.1\nhostname=127.0.0.1\n\
                 [client]\nrx_port={}\nhbs_failure_threshold=1\nhbs_pulse_period=400\n{more}",
                ports.agent, ports.vim_commands, ports.server
            )
        };
        node(&controller, &ini(""), "guestAgent");
        let mtc = format!(
            "[agent]\nhbs_to_mtc_event_port={}\nmtc_to_guest_cmd_port={}\n",
            maintenance.local_addr().unwrap().port(),
            ports.maintenance_commands
        );
        write(&controller, "/etc/mtc.conf", &mtc);
        let rest = format!("[guest-rest-api]\nhost=127.0.0.1\nport={}\n", site.vim_ports().guest);
        write(&controller, "/etc/nfv/nfv_plugins/nfvi_plugins/config.ini", &rest);
        let mut daemons = Vec::new();
        for (root, (hostname, _, address)) in roots.iter().zip(HOSTS) {
            node(
                root,
                &ini(&format!("hostname={hostname}\nbind_address={address}\nchannel_dir=/q\n")),
                "guestServer",
            );
            daemons.push(spawn(&site, "guestServer", &["-f", "--root", root.to_str().unwrap()]));
        }
        daemons.push(spawn(&site, "guestAgent", &["-f", "--root", controller.to_str().unwrap()]));
        let commands = ports.maintenance_commands;
        std::thread::spawn(move || answer_inventory(&maintenance, commands));

        site.start_vim().unwrap();
        site.wait_until_known(Duration::from_secs(60)).await.unwrap();
        Self { site, roots, _daemons: daemons }
    }

    /// The directory of a host in which QEMU makes the sockets of its VMs.
    pub fn sockets(&self, host: usize) -> PathBuf {
        self.roots[host].join("q")
    }

    /// The event logs of the VIM so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.site.directory().join("log/events.log")).unwrap_or_default()
    }

    pub async fn wait_for_log(&mut self, text: &str, times: usize) {
        let begun = Instant::now();
        loop {
            self.site.check_vim().unwrap();
            let file = self.log();
            if file.matches(text).count() >= times {
                return;
            }
            if begun.elapsed() > LIMIT {
                let tail = |name: &str| self.site.tail(name);
                panic!(
                    "no {text:?} ({times}) in {file}\nagent: {}\nserver: {}\nclient: {}",
                    tail("guestAgent.out"),
                    tail("guestServer.out"),
                    tail("guest_client.out")
                );
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub async fn last_entry(&self) -> u64 {
        let journal = self.site.cloud().journal(0).await.unwrap();
        journal.last().and_then(|entry| entry["seq"].as_u64()).unwrap()
    }

    /// The actions that Nova was asked for since an entry of the journal.
    pub async fn nova_actions(&self, since: u64) -> Vec<String> {
        let journal = self.site.cloud().journal(since).await.unwrap();
        let action = |entry: &Value| {
            let post = entry["service"] == "nova" && entry["method"] == "POST" && entry["direction"] == "in";
            let path = entry["path"].as_str().filter(|path| post && path.ends_with("/action"));
            path.and_then(|_| entry["body"].as_object()?.keys().next().cloned())
        };
        journal.iter().filter_map(action).collect()
    }

    pub async fn wait_for_nova(&self, since: u64, action: &str) {
        let begun = Instant::now();
        while !self.nova_actions(since).await.iter().any(|asked| asked == action) {
            assert!(begun.elapsed() < LIMIT, "no {action}: {:?}", self.nova_actions(since).await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Locks the host on which the VM runs, which asks the VM.
    pub async fn lock_its_host(&self) {
        self.site.cloud().act(&json!({"do": "host-lock", "host": "compute-0"})).await.unwrap();
    }

    /// Waits until the refused lock of the host is taken back.
    pub async fn wait_until_its_host_is_enabled(&self) {
        let begun = Instant::now();
        loop {
            let hosts = self.site.cloud().hosts().await.unwrap();
            if hosts.iter().all(|host| host.name != "compute-0" || host.vim_progress == "services-enabled") {
                return;
            }
            assert!(begun.elapsed() < LIMIT, "the host is not taken up again");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Whether the cloud has the VM on this host.
    pub async fn is_on(&self, host: &str) -> bool {
        let vms = self.site.cloud().vms().await.unwrap();
        vms.iter().any(|vm| vm.name == "guest" && vm.host.as_deref() == Some(host))
    }
}

/// mtcAgent: whoever asks for the inventory is told of all workers.
fn answer_inventory(socket: &UdpSocket, port: u16) {
    let mut buffer = [0; 2048];
    while let Ok((length, _)) = socket.recv_from(&mut buffer) {
        if !is_inventory_request(&buffer[..length]) {
            continue;
        }
        for (hostname, uuid, address) in HOSTS {
            let record = HostRecord {
                hostname: hostname.to_owned(),
                uuid: uuid.to_owned(),
                address: address.to_owned(),
                personality: "worker".to_owned(),
            };
            socket.send_to(&HostCommand::Add(record).encode(), (Ipv4Addr::LOCALHOST, port)).unwrap();
        }
    }
}
