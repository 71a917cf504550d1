//! A guest with a heartbeat, with everything between it and the VIM real: nfv-vim, guestAgent, a guestServer on each
//! of two computes, and guest_client. Simulated are the cloud (the lab), mtcAgent (one datagram for each host) and
//! QEMU (a pump between the socket in the directory of libvirt and the port in the VM).
//! Contract: guest 11.1 to 11.4; vim-behaviour 10.1, 10.5.

#![allow(clippy::unwrap_used)]

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use guest_protocol::heartbeat::datagram::{HostCommand, HostRecord, is_inventory_request};
use nfv_site::{Options, Site, configuration};
use serde_json::{Value, json};
use tokio::net::UnixListener;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

const LIMIT: Duration = Duration::from_secs(120);
const VM: &str = "1f0bc3e3-efbe-48b8-9688-4821fc0ff83c";
const HOSTS: [(&str, &str, &str); 2] = [
    ("compute-0", "aaaaaaaa-0000-4000-8000-000000000000", "127.0.0.2"),
    ("compute-1", "bbbbbbbb-1111-4111-8111-111111111111", "127.0.0.3"),
];
const ESTABLISHED: &str = "Guest Heartbeat established for instance guest";

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

fn write(root: &Path, path: &str, text: &str) {
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

fn spawn(site: &Site, name: &str, arguments: &[&str]) -> Child {
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

/// QEMU: joins the socket on the host with the port in the VM.
struct Qemu {
    host_socket: PathBuf,
    pump: JoinHandle<()>,
}

impl Qemu {
    fn start(host: &Path, port: &Path) -> Self {
        let host_socket = host.join(format!("q/cgcs.heartbeat.{VM}.sock"));
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

struct Stack {
    site: Site,
    roots: [PathBuf; 2],
    vm: PathBuf,
    qemu: Option<Qemu>,
    client: Option<Child>,
    _daemons: Vec<Child>,
}

impl Stack {
    async fn start() -> Self {
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

        let vm = root("vm");
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

        site.start_vim().unwrap();
        site.wait_until_known(Duration::from_secs(60)).await.unwrap();
        Self { site, roots, vm, qemu: None, client: None, _daemons: daemons }
    }

    /// The VM runs on a host: QEMU's side.
    fn run_on(&mut self, host: usize) {
        if let Some(qemu) = self.qemu.take() {
            qemu.stop();
        }
        self.qemu = Some(Qemu::start(&self.roots[host], &self.vm.join("port")));
    }

    fn start_client(&mut self) {
        let at = |name: &str| self.vm.join(name).display().to_string();
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
        self.client = Some(spawn(&self.site, "guest_client", &arguments));
    }

    async fn wait_for_log(&mut self, text: &str, times: usize) {
        let begun = Instant::now();
        loop {
            self.site.check_vim().unwrap();
            let file =
                std::fs::read_to_string(self.site.directory().join("log/events.log")).unwrap_or_default();
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

    async fn last_entry(&self) -> u64 {
        let journal = self.site.cloud().journal(0).await.unwrap();
        journal.last().and_then(|entry| entry["seq"].as_u64()).unwrap()
    }

    /// The actions that Nova was asked for since an entry of the journal.
    async fn nova_actions(&self, since: u64) -> Vec<String> {
        let journal = self.site.cloud().journal(since).await.unwrap();
        let action = |entry: &Value| {
            let post = entry["service"] == "nova" && entry["method"] == "POST" && entry["direction"] == "in";
            let path = entry["path"].as_str().filter(|path| post && path.ends_with("/action"));
            path.and_then(|_| entry["body"].as_object()?.keys().next().cloned())
        };
        journal.iter().filter_map(action).collect()
    }

    async fn wait_for_nova(&self, since: u64, action: &str) {
        let begun = Instant::now();
        while !self.nova_actions(since).await.iter().any(|asked| asked == action) {
            assert!(begun.elapsed() < LIMIT, "no {action}: {:?}", self.nova_actions(since).await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn guest_events(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.vm.join("events")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    async fn wait_for_guest(&self, event: &str) {
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

async fn play() {
    let mut stack = Stack::start().await;
    stack.run_on(0);
    stack.start_client();
    stack.wait_for_log(ESTABLISHED, 1).await;

    // 11.2: the client is killed. The loss is declared after two intervals of a second, and the VIM reboots the VM.
    let since = stack.last_entry().await;
    let killed = Instant::now();
    stack.client.take().unwrap().kill().await.unwrap();
    stack.wait_for_nova(since, "reboot").await;
    println!("from the client's death to the reboot asked of Nova: {} ms", killed.elapsed().as_millis());
    stack.wait_for_log("Guest Heartbeat failed for instance guest", 1).await;
    stack.start_client();
    stack.wait_for_log("Reboot complete for instance guest", 1).await;
    stack.wait_for_log(ESTABLISHED, 2).await;
    let actions = stack.nova_actions(since).await;
    assert_eq!(actions.iter().filter(|action| *action == "reboot").count(), 1, "{actions:?}");
    assert_eq!(stack.guest_events(), [] as [String; 0], "a repair asks nobody");

    // 11.4, refused: the guest stays where it is.
    write(&stack.vm, "refuse", "");
    let since = stack.last_entry().await;
    stack.site.cloud().act(&json!({"do": "host-lock", "host": "compute-0"})).await.unwrap();
    stack.wait_for_log("Live-Migrate rejected for instance guest now on host compute-0", 1).await;
    stack.wait_for_log("the \"guest\" is busy", 1).await;
    assert_eq!(stack.guest_events(), ["revocable live_migrate_begin"]);
    assert!(!stack.nova_actions(since).await.contains(&"os-migrateLive".to_owned()));
    let vms = stack.site.cloud().vms().await.unwrap();
    assert!(vms.iter().any(|vm| vm.name == "guest" && vm.host.as_deref() == Some("compute-0")));
    let begun = Instant::now();
    loop {
        let hosts = stack.site.cloud().hosts().await.unwrap();
        if hosts.iter().all(|host| host.name != "compute-0" || host.vim_progress == "services-enabled") {
            break;
        }
        assert!(begun.elapsed() < LIMIT, "the host is not taken up again");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    // 11.4, agreed: it moves, and its heart beats on the other host.
    std::fs::remove_file(stack.vm.join("refuse")).unwrap();
    let since = stack.last_entry().await;
    stack.site.cloud().act(&json!({"do": "host-lock", "host": "compute-0"})).await.unwrap();
    stack.wait_for_nova(since, "os-migrateLive").await;
    stack.run_on(1);
    stack.wait_for_log("Live-Migrate complete for instance guest", 1).await;
    stack.wait_for_log(ESTABLISHED, 3).await;
    stack.wait_for_guest("irrevocable live_migrate_end").await;
    let told = stack.guest_events();
    let wanted = [
        "revocable live_migrate_begin",
        "revocable live_migrate_begin",
        "irrevocable live_migrate_begin",
        "irrevocable live_migrate_end",
    ];
    assert_eq!(told, wanted);
    stack.site.stop_vim().await.unwrap();
}

#[test]
fn a_guest_is_watched_asked_told_and_repaired_by_the_real_stack() {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
        .block_on(play());
}
