//! The site of the load test: all processes, and those who look at them.

use super::cluster::Size;
use super::hearts::Hearts;
use anyhow::Context;
use nfv_site::{Api, Broker, Client, EventStream, GuestDaemons, Options, Proxy, Site, Web, configuration};
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long the VIM may take until it knows the site.
const LEARN: Duration = Duration::from_secs(600);
/// Hearts may take so long until they beat.
const HEARTS: Duration = Duration::from_secs(300);
/// News of a server counts for a close look after this time.
const NEWS: Duration = Duration::from_secs(16);
/// As many moves from a host at once.
const MOVES: &str = "5";
/// Steps of a strategy that are tried so often.
const ATTEMPTED: [&str; 8] = [
    "query_alarms_attempts",
    "query_sw_patches_attempts",
    "query_sw_patch_hosts_attempts",
    "swact_hosts_attempts",
    "lock_hosts_attempts",
    "unlock_hosts_attempts",
    "sw_patch_hosts_attempts",
    "migrate_instances_attempts",
];
const ATTEMPTS: &str = "4";

/// All of it.
pub struct Field {
    pub site: Site,
    pub api: Option<Api>,
    pub proxy: Proxy,
    pub web: Web,
    pub daemons: GuestDaemons,
    pub hearts: Hearts,
    pub broker: Broker,
    /// A client of the dashboard.
    pub viewer: Client,
    /// A client of nfv-vim's metrics.
    pub monitor: Client,
    /// Restarts of nfv-vim-api that were wanted.
    pub api_restarts: usize,
    page: tokio::task::JoinHandle<()>,
}

impl Drop for Field {
    fn drop(&mut self) {
        self.page.abort();
    }
}

fn settings() -> configuration::Settings {
    let mut settings = configuration::quick();
    settings.extend(configuration::quick_strategies());
    let mut set = |section, key, value: &str| settings.push((section, key, value.to_owned()));
    for key in ["max_concurrent_migrates_per_host", "max_concurrent_evacuates_per_host"] {
        set("instance-configuration", key, MOVES);
    }
    // as often as may be on a machine that plays the whole cloud, too
    for (key, value) in
        [("step_pause_in_ms", "500"), ("cycle_pause_in_secs", "10"), ("host_audit_after_in_secs", "5")]
    {
        set("audit-configuration", key, value);
    }
    // services fail every few seconds: what is asked of them but once would end each strategy soon
    for key in ATTEMPTED {
        set("sw-mgmt-configuration", key, ATTEMPTS);
    }
    set("debug", "handlers", "syslog");
    settings
}

impl Field {
    /// Starts everything and waits until the VIM knows the site.
    pub async fn start(size: Size, seed: u64, directory: &Path) -> anyhow::Result<Self> {
        let cluster = directory.join("cluster.toml");
        std::fs::write(&cluster, size.file(seed)).context("cannot write the cluster file")?;
        let broker = Broker::start().await?;
        let mut lab_arguments = vec!["--amqp-url".to_owned(), broker.url()];
        if std::env::var_os("NFV_BENCH_KEEP").is_none() {
            // hundreds of requests a second for half an hour
            lab_arguments.extend(["--journal", "/dev/null"].map(str::to_owned));
        }
        let directory = Some(directory.to_owned());
        let mut site =
            Site::start(&Options { cluster, settings: settings(), directory, lab_arguments }).await?;
        site.use_broker(&broker)?;
        let daemons = GuestDaemons::start(&mut site, |name| name.starts_with("heart-")).await?;
        let levels = "[debug-overall]\ndebug_level: debug.level.info\ntrace_level: debug.level.notice\n[debug-loggers]\n";
        std::fs::write(site.directory().join("debug.ini"), levels).context("cannot write debug.ini")?;
        site.start_vim()?;
        site.wait_until_known(LEARN).await?;
        let (api, proxy, web) = (site.start_api().await?, site.start_proxy().await?, site.start_web().await?);
        let ports = site.vim_ports();
        let (viewer, monitor) = (site.client(ports.web).await?, site.client(ports.monitor).await?);
        let page = tokio::spawn(look_on(web.stream().await?));
        let hearts = Hearts::default();
        let api = Some(api);
        let mut field =
            Self { site, api, proxy, web, daemons, hearts, broker, viewer, monitor, api_restarts: 0, page };
        field.wake_guests().await?;
        Ok(field)
    }

    /// Waits until most hearts beat. The VIM provisions a guest when it comes to look at its server: by itself four of all
    /// servers in ten seconds; when Nova tells something of a server, at once.
    async fn wake_guests(&mut self) -> anyhow::Result<()> {
        let servers = self.site.cloud().vms_named("beat-*").await?;
        let begun = Instant::now();
        let mut told = 0;
        loop {
            self.follow().await?;
            let established = "instance-guest-heartbeat-established";
            let beating =
                self.site.events().iter().filter(|event| event.get("event-id") == established).count();
            if beating >= servers.len() * 9 / 10 {
                eprintln!("The hearts of {beating} of {} guests beat.", servers.len());
                return Ok(());
            }
            anyhow::ensure!(
                begun.elapsed() < HEARTS,
                "only {beating} of {} hearts beat after {} s",
                servers.len(),
                HEARTS.as_secs()
            );
            // not of all at once, and not before the VIM looks closely at a server again
            if begun.elapsed() > NEWS {
                for server in servers.iter().cycle().skip(told).take(servers.len().min(10)) {
                    let action = json!({"os-resetState": {"state": "active"}});
                    let deed = json!({"do": "vm-action", "vm": server.name, "action": action});
                    self.site.cloud().act(&deed).await?;
                    told += 1;
                }
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Guests do as their servers do.
    pub async fn follow(&mut self) -> anyhow::Result<()> {
        let servers = self.site.cloud().vms_named("beat-*").await?;
        self.hearts.follow(&servers, &self.daemons)
    }

    /// Stops nfv-vim-api and starts it again.
    pub async fn restart_api(&mut self) -> anyhow::Result<()> {
        if let Some(api) = self.api.take() {
            let status = api.stop().await?;
            anyhow::ensure!(status.success(), "nfv-vim-api ended with {status}");
        }
        self.api = Some(self.site.start_api().await?);
        self.api_restarts += 1;
        Ok(())
    }

    /// Names and ids of all processes; an error if one has ended.
    pub fn processes(&mut self) -> anyhow::Result<Vec<(String, u32)>> {
        self.site.check_vim()?;
        let gone = |name: &str| format!("{name} is gone");
        let mut found = vec![
            ("nfv-lab".to_owned(), self.site.lab_pid().with_context(|| gone("nfv-lab"))?),
            ("nfv-vim".to_owned(), self.site.vim_pid().with_context(|| gone("nfv-vim"))?),
        ];
        let api = self.api.as_mut().map(Api::process);
        let others = [Some(self.web.process()), api, Some(self.proxy.process())].into_iter().flatten();
        for process in others.chain(self.daemons.processes()) {
            process.check()?;
            let pid = process.pid().with_context(|| gone(process.name()))?;
            let name = match process.name() {
                "vim-api" => "nfv-vim-api",
                "vim-web" => "nfv-vim-webserver",
                other => other,
            };
            found.push((name.to_owned(), pid));
        }
        found.push(("nfv-bench".to_owned(), std::process::id()));
        Ok(found)
    }
}

/// An open page of the dashboard: it hears everything and says nothing.
async fn look_on(mut stream: EventStream) {
    while stream.event().await.is_ok() {}
}
