//! The stack without a VM: nfv-vim, guestAgent, and a guestServer on each of two computes; what the cloud was asked for.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use nfv_site::{GuestDaemons, Options, Site, configuration};
use serde_json::{Value, json};

/// How long anything may take on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(180);
/// uuid of the VM.
pub const VM: &str = "1f0bc3e3-efbe-48b8-9688-4821fc0ff83c";
const HOSTS: [&str; 2] = ["compute-0", "compute-1"];
pub const ESTABLISHED: &str = "Guest Heartbeat established for instance guest";

pub struct Stack {
    pub site: Site,
    daemons: GuestDaemons,
}

impl Stack {
    pub async fn start() -> Self {
        let cluster = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("clusters/guest-stack.toml");
        let settings = configuration::quick();
        let options = Options { cluster, settings, directory: None, lab_arguments: Vec::new() };
        let mut site = Site::start(&options).await.unwrap();
        let daemons = GuestDaemons::start(&mut site, |_| true).await.unwrap();
        site.start_vim().unwrap();
        site.wait_until_known(Duration::from_secs(60)).await.unwrap();
        Self { site, daemons }
    }

    /// The directory of a host in which QEMU makes the sockets of its VMs.
    pub fn sockets(&self, host: usize) -> PathBuf {
        self.daemons.sockets(HOSTS[host]).unwrap()
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
                    tail("guestServer-compute-0.out"),
                    tail("vm-guest.out")
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
