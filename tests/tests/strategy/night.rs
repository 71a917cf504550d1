//! One night: a site, what is ordered, and what must be seen while it runs and afterwards.

use nfv_site::{Options, Site, configuration};
use nfv_vim_rpc::strategy::{
    CreateStrategy, CreateUpgradeStrategy, DeleteStrategy, GetStrategy, StrategyAction,
};
use nfv_vim_rpc::{FrameReader, LONGEST_ANSWER, Request, Response, ResponseBody, ResultCode, frame};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// Longest wait for anything but a whole strategy.
const PATIENCE: Duration = Duration::from_secs(120);
/// Longest strategy.
const LONGEST_NIGHT: Duration = Duration::from_secs(1500);
/// How soon after its host a stopped server must run again, seconds of the lab.
const BACK_AFTER_HOST: f64 = 60.0;

/// What the site consists of.
#[derive(Debug, Clone, Copy)]
pub struct Topology {
    /// Controllers.
    pub controllers: u32,
    /// Controllers are workers too.
    pub all_in_one: bool,
    /// Storage hosts, all in one replication group.
    pub storage: u32,
    /// Workers.
    pub workers: u32,
    /// Servers on each host that runs servers.
    pub servers: u32,
}

/// What is done with servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// They move.
    Migrate,
    /// They stop and start.
    StopStart,
}

/// A strategy and its site.
pub struct Night {
    topology: Topology,
    kind: &'static str,
    workers: &'static str,
    action: Action,
}

impl Topology {
    fn hosts(self) -> u32 {
        self.controllers + self.storage + self.workers
    }

    /// Hosts that run servers.
    fn hypervisors(self) -> Vec<String> {
        let workers = (0..self.workers).map(|number| format!("compute-{number}"));
        let controllers = (0..self.controllers).filter(|_| self.all_in_one);
        workers.chain(controllers.map(|number| format!("controller-{number}"))).collect()
    }

    /// The lab's cluster file.
    fn cluster(self, upgrade: bool) -> String {
        let mut text = String::from(
            "[lab]\nseed = 5\n[timings]\njitter = 0.1\nlive_migrate = 0.3\nstart_stop = 0.2\nhost_lock = 0.2\n\
             host_unlock = 0.2\nhost_boot = 0.5\nhost_enable = 0.3\npatch_install = 0.5\nupgrade_step = 0.5\n\
             guest_start = 0.1\n[[tenant]]\nname = \"admin\"\n[[image]]\nname = \"tiny\"\n\
             [[flavor]]\nname = \"small\"\nvcpus = 1\nram_mb = 512\ndisk_gb = 1\n",
        );
        if upgrade {
            text.push_str("[upgrade]\nstate = \"upgrading-hosts\"\nto = \"19.09\"\n");
        } else {
            text.push_str("[[patch]]\nname = \"PATCH_0001\"\nrepo_state = \"Applied\"\n");
            text.push_str("patch_state = \"Partial-Apply\"\nreboot_required = true\n");
        }
        let mut hosts = |name: &str, count: u32, more: &str| {
            if count > 0 {
                let _ = write!(text, "[[host]]\nname = \"{name}-{{n}}\"\ncount = {count}\n{more}");
            }
        };
        let both = "subfunctions = \"controller,worker\"\nvcpus = 64\nmemory_mb = 131072\n";
        let subfunctions = if self.all_in_one { both } else { "" };
        hosts("controller", self.controllers, &format!("personality = \"controller\"\n{subfunctions}"));
        hosts("storage", self.storage, "personality = \"storage\"\npeers = \"group-0\"\n");
        hosts("compute", self.workers, "personality = \"worker\"\nvcpus = 64\nmemory_mb = 131072\n");
        let hypervisors = self.hypervisors();
        if self.workers > 1 {
            for (index, half) in hypervisors.chunks(hypervisors.len().div_ceil(2)).enumerate() {
                let _ = writeln!(text, "[[aggregate]]\nname = \"half-{index}\"\nhosts = {half:?}");
            }
            text.push_str("[[group]]\nname = \"twins\"\npolicy = \"anti-affinity\"\n");
        }
        for (index, host) in hypervisors.iter().enumerate() {
            let twin = u32::from(self.workers > 1 && index < 2);
            let more = self.servers - twin;
            let _ = writeln!(
                text,
                "[[vm]]\nname = \"{host}-vm-{{n}}\"\ncount = {more}\nflavor = \"small\"\nhost = \"{host}\""
            );
            if twin == 1 {
                let _ = writeln!(
                    text,
                    "[[vm]]\nname = \"twin-{index}\"\nflavor = \"small\"\nhost = \"{host}\"\ngroup = \"twins\""
                );
            }
        }
        text
    }
}

/// What an operator has seen of the strategy so far.
#[derive(Default)]
struct Watcher {
    phase: String,
    percent: u64,
    stage: u64,
    /// Different percentages seen while it was applied.
    seen: std::collections::BTreeSet<u64>,
}

impl Watcher {
    fn look(&mut self, strategy: &Value) {
        let phase = strategy["current_phase"].as_str().unwrap().to_owned();
        let percent = strategy["current_phase_completion_percentage"].as_u64().unwrap();
        let stage = strategy[format!("{phase}_phase")]["current_stage"].as_u64().unwrap();
        if phase == self.phase {
            assert!(percent >= self.percent, "{phase} fell from {} to {percent} percent", self.percent);
            assert!(stage >= self.stage, "{phase} went from stage {} to {stage}", self.stage);
        }
        if phase == "apply" {
            self.seen.insert(percent);
            let stages = strategy["apply_phase"]["stages"].as_array().unwrap();
            for (index, one) in stages.iter().enumerate().filter(|(index, _)| *index as u64 > stage) {
                assert_eq!(one["result"], "initial", "stage {index} was begun before its turn: {one}");
            }
        }
        (self.phase, self.percent, self.stage) = (phase, percent, stage);
    }
}

fn settings(single: bool) -> configuration::Settings {
    let mut settings = configuration::quick();
    settings.retain(|(_, key, _)| *key != "max_concurrent_migrates_per_host");
    settings.push(("instance-configuration", "max_concurrent_migrates_per_host", "10".to_owned()));
    settings.extend(configuration::eager_audits());
    settings.extend(configuration::quick_strategies());
    if single {
        settings.push(("sw-mgmt-configuration", "single_controller", "true".to_owned()));
        settings.push(("instance-configuration", "single_hypervisor", "true".to_owned()));
    }
    settings
}

/// Asks nfv-vim; none while it does not answer.
async fn ask(site: &Site, request: &Request) -> Option<Response> {
    let mut stream = TcpStream::connect(("127.0.0.1", site.vim_ports().rpc)).await.ok()?;
    stream.write_all(&frame(&request.encode()).unwrap()).await.ok()?;
    let mut bytes = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.ok()?.ok()?;
    let mut reader = FrameReader::new(LONGEST_ANSWER);
    reader.push(&bytes);
    reader.next_payload().unwrap().map(|payload| Response::decode(&payload).unwrap())
}

fn strategy_of(answer: &Response) -> Value {
    let (ResponseBody::CreateStrategy(body)
    | ResponseBody::ApplyStrategy(body)
    | ResponseBody::GetStrategy(body)) = &answer.body
    else {
        panic!("{answer:?}")
    };
    body.strategy.as_ref().map_or(Value::Null, |text| serde_json::from_str(text).unwrap())
}

impl Night {
    pub fn patch(topology: Topology, workers: &'static str, action: Action) -> Self {
        Self { topology, kind: "sw-patch", workers, action }
    }

    pub fn upgrade(topology: Topology, workers: &'static str) -> Self {
        Self { topology, kind: "sw-upgrade", workers, action: Action::Migrate }
    }

    fn kind(&self) -> Option<String> {
        Some(self.kind.to_owned())
    }

    fn create(&self) -> Request {
        let text = |text: &str| Some(text.to_owned());
        let action = if self.action == Action::Migrate { "migrate" } else { "stop-start" };
        let strategy = CreateStrategy {
            sw_update_type: self.kind(),
            controller_apply_type: text("serial"),
            storage_apply_type: text(self.workers),
            swift_apply_type: text("ignore"),
            worker_apply_type: text(self.workers),
            max_parallel_worker_hosts: Some(5),
            default_instance_action: text(action),
            alarm_restrictions: text("strict"),
        };
        if self.kind == "sw-patch" {
            return Request::CreateStrategy(strategy);
        }
        let upgrade =
            CreateUpgradeStrategy { strategy, start_upgrade: Some(false), complete_upgrade: Some(true) };
        Request::CreateUpgradeStrategy(upgrade)
    }

    /// Asks until the strategy is in none of these states.
    async fn until_not(&self, site: &mut Site, states: &[&str], watcher: &mut Watcher) -> Value {
        let get = Request::GetStrategy(GetStrategy { sw_update_type: self.kind(), uuid: None });
        let begun = Instant::now();
        loop {
            site.check_vim().unwrap();
            if let Some(answer) = ask(site, &get).await {
                let strategy = strategy_of(&answer);
                watcher.look(&strategy);
                if !states.iter().any(|state| strategy["state"] == **state) {
                    return strategy;
                }
                let still = format!("{} {}", strategy["state"], watcher.percent);
                assert!(begun.elapsed() < LONGEST_NIGHT, "still {still}: {}", site.tail("vim.out"));
            }
            sleep(Duration::from_millis(300)).await;
        }
    }

    pub async fn play(self) {
        let directory = tempfile::tempdir().unwrap();
        let cluster = directory.path().join("cluster.toml");
        std::fs::write(&cluster, self.topology.cluster(self.kind == "sw-upgrade")).unwrap();
        let single = self.topology.controllers == 1;
        let settings = settings(single);
        let options = Options { cluster, settings, directory: None, lab_arguments: Vec::new() };
        let mut site = Site::start(&options).await.unwrap();
        site.start_vim().unwrap();
        site.wait_until_known(PATIENCE).await.unwrap();
        let before = self.servers(&site).await;
        assert_eq!(before.len() as u32, self.topology.servers * self.topology.hypervisors().len() as u32);

        let mut watcher = self.build(&mut site).await;
        let apply = Request::ApplyStrategy(StrategyAction { sw_update_type: self.kind(), stage_id: None });
        assert_eq!(ask(&site, &apply).await.unwrap().result, ResultCode::Success);
        let states = ["ready-to-apply", "applying", "aborting"];
        let ended = self.until_not(&mut site, &states, &mut watcher).await;
        if ended["state"] != "applied" {
            let why = &ended["apply_phase"]["result_reason"];
            let night = (self.kind, self.workers, self.action, self.topology);
            let steps = self.steps(&ended);
            panic!("{night:?}: {} for {why}: {steps}\n{}", ended["state"], site.tail("vim.out"));
        }
        assert!(watcher.seen.len() >= 5, "only {:?} percent were seen", watcher.seen);

        self.check_stages(&ended);
        self.check_hosts(&site).await;
        self.check_servers(&site, &before).await;
        site.stop_vim().await.unwrap();
    }

    /// Makes a strategy; anew as long as the VIM, just started, is about to enable the hosts.
    async fn build(&self, site: &mut Site) -> Watcher {
        let delete = Request::DeleteStrategy(DeleteStrategy { sw_update_type: self.kind(), force: false });
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < PATIENCE, "no strategy is built: {}", site.tail("vim.out"));
            let made = ask(site, &self.create()).await;
            if made.is_some_and(|answer| answer.result == ResultCode::Success) {
                let mut watcher = Watcher::default();
                let built = self.until_not(site, &["initial", "building"], &mut watcher).await;
                if built["state"] == "ready-to-apply" {
                    return watcher;
                }
                let why = built["build_phase"]["result_reason"].as_str().unwrap();
                assert!(why.contains("hosts must be unlocked-enabled-available"), "{why}");
                assert_eq!(ask(site, &delete).await.unwrap().result, ResultCode::Success);
            }
            sleep(Duration::from_millis(500)).await;
        }
    }

    /// Server by name: its host.
    async fn servers(&self, site: &Site) -> BTreeMap<String, String> {
        let vms = site.cloud().vms().await.unwrap();
        for vm in &vms {
            assert_eq!(vm.vm_state, "active", "{vm:?}");
        }
        vms.into_iter().map(|vm| (vm.name, vm.host.unwrap_or_default())).collect()
    }

    /// The steps that were begun, in words.
    fn steps(&self, strategy: &Value) -> String {
        let mut text = String::new();
        for stage in strategy["apply_phase"]["stages"].as_array().unwrap() {
            for step in stage["steps"].as_array().unwrap().iter().filter(|step| step["result"] != "initial") {
                let (name, result, on) = (&step["name"], &step["result"], &step["entity_names"]);
                let _ = writeln!(
                    text,
                    "{name} {result} {on} {} - {}",
                    step["start_date_time"], step["end_date_time"]
                );
            }
        }
        text
    }

    /// Kinds of hosts in their order, and never more together than may be.
    fn check_stages(&self, strategy: &Value) {
        let stages = strategy["apply_phase"]["stages"].as_array().unwrap();
        let mut names: Vec<_> = stages.iter().map(|stage| stage["name"].as_str().unwrap()).collect();
        names.dedup();
        let kind = self.kind;
        let all =
            ["controllers", "storage-hosts", "worker-hosts", "complete"].map(|name| format!("{kind}-{name}"));
        let there = [
            !self.topology.all_in_one,
            self.topology.storage > 0,
            self.topology.workers > 0 || self.topology.all_in_one,
            kind == "sw-upgrade",
        ];
        let expected: Vec<_> =
            all.iter().zip(there).filter(|(_, there)| *there).map(|(name, _)| name).collect();
        assert_eq!(names, expected);
        let mut locked = Vec::new();
        for stage in stages {
            assert_eq!(stage["result"], "success", "{stage}");
            for step in stage["steps"].as_array().unwrap().iter().filter(|step| step["name"] == "lock-hosts")
            {
                let hosts: Vec<_> = step["entity_names"].as_array().unwrap().iter().collect();
                let limit = if self.workers == "parallel" { 5 } else { 1 };
                assert!(hosts.len() <= limit, "{hosts:?} together");
                let twins = |name: &&&Value| **name == "compute-0" || **name == "compute-1";
                assert!(hosts.iter().filter(twins).count() < 2, "both twins' hosts together: {hosts:?}");
                locked.extend(hosts.into_iter().map(|host| host.as_str().unwrap().to_owned()));
            }
        }
        locked.sort();
        locked.dedup();
        assert_eq!(locked.len() as u32, self.topology.hosts(), "{locked:?}");
    }

    async fn check_hosts(&self, site: &Site) {
        for host in site.cloud().hosts().await.unwrap() {
            let state = (host.administrative.as_str(), host.operational.as_str(), host.availability.as_str());
            assert_eq!(state, ("unlocked", "enabled", "available"), "{}", host.name);
        }
        let mut done: BTreeMap<String, u32> = BTreeMap::new();
        for entry in site.cloud().journal(0).await.unwrap() {
            let path = entry["path"].as_str().unwrap_or_default();
            let installs = path.contains("host_install_async/") || path.ends_with("/upgrade");
            if entry["method"] == "POST" && installs && path.contains("host") {
                *done.entry(path.to_owned()).or_default() += 1;
            }
        }
        assert_eq!(done.len() as u32, self.topology.hosts(), "{done:?}");
        assert!(done.values().all(|times| *times == 1), "{done:?}");
    }

    async fn check_servers(&self, site: &Site, before: &BTreeMap<String, String>) {
        let after = self.servers(site).await;
        let history = site.cloud().history().await.unwrap();
        let failed: Vec<_> = history.iter().filter(|action| action.outcome != "done").collect();
        assert!(failed.is_empty(), "{failed:?}");
        if self.action == Action::Migrate {
            let down: Vec<_> = history.iter().filter(|action| action.action != "live-migrate").collect();
            assert!(down.is_empty(), "servers were down: {down:?}");
            assert_eq!(after.len(), before.len());
            assert!(!history.is_empty(), "no server moved");
            return;
        }
        assert_eq!(after, *before, "servers are elsewhere");
        let happenings = site.cloud().happenings(0.0).await.unwrap();
        for (name, host) in before {
            let own: Vec<_> = history.iter().filter(|action| action.name == *name).collect();
            let [stop, start] = own[..] else { panic!("{name}: {own:?}") };
            assert_eq!((stop.action.as_str(), start.action.as_str()), ("stop", "start"), "{name}");
            let at = |what: &str| {
                happenings.iter().find(|h| h.name == *host && h.what.starts_with(what)).map(|h| h.at)
            };
            let (lock, back) = (at("lock requested"), at("unlocked enabled available"));
            let (Some(lock), Some(back)) = (lock, back) else { panic!("{host} was not locked and unlocked") };
            assert!(stop.ended.unwrap() <= lock, "{name} ran when {host} was locked");
            let late = start.ended.unwrap() - back;
            assert!(
                start.started >= back && late < BACK_AFTER_HOST,
                "{name} ran again {late} s after {host}"
            );
        }
    }
}
