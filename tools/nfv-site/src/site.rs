//! Starting, stopping and killing the processes of a site.

use crate::api::Api;
use crate::broker::Broker;
use crate::client::Client;
use crate::cloud::Cloud;
use crate::configuration::{self, LabPorts, Settings, VimPorts};
use crate::process::{self, Process};
use crate::proxy::Proxy;
use crate::sw_manager::SwManager;
use crate::syslog::Syslog;
use crate::web::Web;
use anyhow::{Context, bail};
use nix::sys::signal::Signal;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};
use tokio::process::Command;

/// The lab must answer within this time.
const LAB_START: Duration = Duration::from_secs(60);
/// The VIM must end within this time.
const VIM_END: Duration = Duration::from_secs(15);

/// What kind of site.
#[derive(Debug, Clone)]
pub struct Options {
    /// Cluster file of the lab.
    pub cluster: PathBuf,
    /// Settings of the VIM beside the defaults.
    pub settings: Settings,
    /// Directory for everything; a temporary one otherwise, which goes away with the site.
    pub directory: Option<PathBuf>,
    /// Further arguments for the lab. The journal goes to `journal.jsonl` in the directory unless they name another file.
    pub lab_arguments: Vec<String>,
}

/// A site. Dropping it kills its processes and removes its temporary directory.
#[derive(Debug)]
pub struct Site {
    directory: PathBuf,
    binaries: PathBuf,
    cloud: Cloud,
    vim_ports: VimPorts,
    lab: Process,
    vim: Option<Process>,
    lab_ports: LabPorts,
    settings: Settings,
    _syslog: Syslog,
    // dropped last, after the processes that write into it
    _temporary: Option<tempfile::TempDir>,
}

impl Site {
    /// Starts the lab and writes the VIM's configuration; the VIM is started by [`Site::start_vim`].
    ///
    /// # Errors
    /// A program is missing, or the lab does not come up.
    pub async fn start(options: &Options) -> anyhow::Result<Self> {
        let binaries = binaries()?;
        let temporary = match options.directory {
            Some(_) => None,
            None => Some(
                tempfile::Builder::new().prefix("nfv-site-").tempdir().context("no temporary directory")?,
            ),
        };
        let directory = match (&options.directory, &temporary) {
            (Some(given), _) => given.clone(),
            (None, Some(made)) => made.path().to_owned(),
            (None, None) => bail!("no directory for the site"),
        };
        std::fs::create_dir_all(&directory)
            .with_context(|| format!("cannot make {}", directory.display()))?;
        let syslog =
            Syslog::start(&directory.join(configuration::SYSLOG_SOCKET), &directory.join("log/nfv-vim.log"))?;
        let vim_ports = VimPorts::free()?;
        let mut lab = start_lab(&binaries, &directory, options, vim_ports)?;
        let lab_ports = wait_for_lab(&mut lab, &directory).await?;
        configuration::write(&directory, lab_ports, vim_ports, &options.settings)?;
        Ok(Self {
            cloud: Cloud::new(lab_ports.control)?,
            directory,
            binaries,
            vim_ports,
            lab,
            vim: None,
            lab_ports,
            settings: options.settings.clone(),
            _syslog: syslog,
            _temporary: temporary,
        })
    }

    /// The VIM, started after this, has its guest agent on that port instead of in the lab.
    pub(crate) fn use_guest_agent(&mut self, port: u16) -> anyhow::Result<()> {
        self.lab_ports.guest = port;
        configuration::write(&self.directory, self.lab_ports, self.vim_ports, &self.settings)
    }

    /// The VIM, started after this, has Nova's notifications from this broker, as the lab gives them to it.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn use_broker(&mut self, broker: &Broker) -> anyhow::Result<()> {
        self.lab_ports.broker = broker.port();
        configuration::write(&self.directory, self.lab_ports, self.vim_ports, &self.settings)
    }

    /// Starts the VIM; its output is appended to `vim.out`.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn start_vim(&mut self) -> anyhow::Result<()> {
        self.start_vim_in(&[])
    }

    /// The same with these variables in its environment.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn start_vim_in(&mut self, environment: &[(&str, &str)]) -> anyhow::Result<()> {
        let mut command = self.program("nfv-vim");
        command.arg("-c").arg(self.directory.join("config.ini")).envs(environment.iter().copied());
        self.vim = Some(Process::start(&self.directory, "vim", command)?);
        Ok(())
    }

    /// Kills the VIM as `kill -9` does and waits until it is gone.
    ///
    /// # Errors
    /// It cannot be killed.
    pub async fn kill_vim(&mut self) -> anyhow::Result<()> {
        match self.vim.take() {
            Some(mut vim) => vim.kill().await,
            None => Ok(()),
        }
    }

    /// Sends the VIM a signal.
    ///
    /// # Errors
    /// It does not run.
    pub fn signal_vim(&self, signal: Signal) -> anyhow::Result<()> {
        self.vim.as_ref().context("nfv-vim does not run")?.signal(signal)
    }

    /// Asks the VIM to end, and waits for it.
    ///
    /// # Errors
    /// It does not end within 15 seconds.
    pub async fn stop_vim(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        if self.vim.is_none() {
            return Ok(None);
        }
        self.signal_vim(Signal::SIGTERM)?;
        self.wait_vim(VIM_END).await.map(Some)
    }

    /// Waits until the VIM ends.
    ///
    /// # Errors
    /// It does not run, or does not end within `limit`.
    pub async fn wait_vim(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        self.vim.take().context("nfv-vim does not run")?.wait(limit).await
    }

    /// True while the VIM runs; an error tells how it ended.
    ///
    /// # Errors
    /// It ended by itself.
    pub fn check_vim(&mut self) -> anyhow::Result<()> {
        self.vim.as_mut().map_or(Ok(()), Process::check)
    }

    /// Process id of the VIM, while it runs.
    pub fn vim_pid(&self) -> Option<u32> {
        self.vim.as_ref().and_then(Process::pid)
    }

    /// Process id of the lab.
    pub fn lab_pid(&self) -> Option<u32> {
        self.lab.pid()
    }

    /// Waits until every worker is enabled for the VIM and it knows all servers.
    ///
    /// # Errors
    /// It takes longer than `limit`, or the VIM ended.
    pub async fn wait_until_known(&mut self, limit: Duration) -> anyhow::Result<()> {
        let servers = self.cloud.vms().await?.len();
        let begun = Instant::now();
        loop {
            self.check_vim()?;
            let hosts = self.cloud.hosts().await?;
            let enabled = hosts.iter().all(|host| host.vim_progress == "services-enabled");
            let known =
                self.events().iter().filter(|event| event.get("event-id") == "instance-created").count();
            if enabled && known >= servers {
                return Ok(());
            }
            if begun.elapsed() > limit {
                bail!(
                    "after {} s the VIM knows {known} of {servers} servers, all hosts enabled: {enabled}",
                    limit.as_secs()
                );
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Starts nfv-vim-api beside the VIM; its output goes to `vim-api.out`.
    ///
    /// # Errors
    /// It cannot be started, does not come up, or there is no token for it.
    pub async fn start_api(&self) -> anyhow::Result<Api> {
        let program = self.binaries.join("nfv-vim-api").display().to_string();
        let keystone = self.lab_ports.keystone;
        Api::start(&[program], &self.directory, "config.ini", self.vim_ports.api, keystone).await
    }

    /// Starts another program in its place, on a port of its own: the original, for instance.
    ///
    /// # Errors
    /// As [`Site::start_api`].
    pub async fn start_other_api(&self, command: &[String], port: u16) -> anyhow::Result<Api> {
        let own = std::fs::read_to_string(self.directory.join("config.ini")).context("no configuration")?;
        let (from, to) = (format!("port={}\n", self.vim_ports.api), format!("port={port}\n"));
        std::fs::write(self.directory.join("other.ini"), own.replace(&from, &to))?;
        Api::start(command, &self.directory, "other.ini", port, self.lab_ports.keystone).await
    }

    /// Starts nfv-vim-webserver beside the VIM; its output goes to `vim-web.out`.
    ///
    /// # Errors
    /// It cannot be started or does not come up.
    pub async fn start_web(&self) -> anyhow::Result<Web> {
        Web::start(&self.binaries.join("nfv-vim-webserver"), &self.directory, self.vim_ports.web).await
    }

    /// Starts nova-api-proxy before the lab's Nova; its output goes to `nova-api-proxy.out`.
    ///
    /// # Errors
    /// It cannot be started or does not come up.
    pub async fn start_proxy(&self) -> anyhow::Result<Proxy> {
        let program = self.program("nova-api-proxy");
        Proxy::start(program, &self.directory, self.lab_ports, self.vim_ports.compute).await
    }

    /// A client of a port of the site with an administrator's token.
    ///
    /// # Errors
    /// There is no token.
    pub async fn client(&self, port: u16) -> anyhow::Result<Client> {
        Client::log_in(self.lab_ports.keystone, port).await
    }

    /// sw-manager with the credentials of the site's administrator.
    pub fn sw_manager(&self) -> SwManager {
        SwManager::new(self.binaries.join("sw-manager"), self.lab_ports.keystone)
    }

    /// A command that runs one of the programs.
    pub(crate) fn program(&self, name: &str) -> Command {
        Command::new(self.binaries.join(name))
    }

    /// The simulated cloud.
    pub fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// Ports of the VIM's listeners.
    pub fn vim_ports(&self) -> VimPorts {
        self.vim_ports
    }

    /// Directory with all state, configuration and logs.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The event logs so far.
    pub fn events(&self) -> Vec<crate::record::Record> {
        crate::record::read(&self.directory.join("log/events.log"))
    }

    /// Path of the alarm file.
    pub fn alarm_file(&self) -> PathBuf {
        self.directory.join("log/alarms.log")
    }

    /// The VIM's log as a controller's syslog-ng files it.
    pub fn vim_log(&self) -> PathBuf {
        self.directory.join("log/nfv-vim.log")
    }

    /// The last lines of an output file and of the errors beside it, for error messages.
    pub fn tail(&self, name: &str) -> String {
        process::tail(&self.directory.join(name))
    }
}

async fn wait_for_lab(lab: &mut Process, directory: &Path) -> anyhow::Result<LabPorts> {
    let begun = Instant::now();
    while !directory.join("lab.ready").exists() {
        lab.check()?;
        if begun.elapsed() > LAB_START {
            bail!("the lab is not ready after {} s", LAB_START.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let path = directory.join("lab-ports.json");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).context("the lab's ports cannot be read")
}

fn start_lab(binaries: &Path, directory: &Path, options: &Options, vim: VimPorts) -> anyhow::Result<Process> {
    let ready = directory.join("lab.ready");
    // one that an earlier site in the same directory has left
    let _ = std::fs::remove_file(&ready);
    let mut command = Command::new(binaries.join("nfv-lab"));
    command.args(["run", "--port-base", "0"]).arg("--cluster").arg(&options.cluster);
    if !options.lab_arguments.iter().any(|argument| argument == "--journal") {
        command.arg("--journal").arg(directory.join("journal.jsonl"));
    }
    command
        .arg("--ports-file")
        .arg(directory.join("lab-ports.json"))
        .arg("--ready-file")
        .arg(ready)
        .args(["--vim-infrastructure", &format!("127.0.0.1:{}", vim.infrastructure)])
        .args(["--vim-guest", &format!("127.0.0.1:{}", vim.guest)])
        .args(["--vim-listener", &format!("127.0.0.1:{}", vim.host)])
        .args(["--vim-api-port", &vim.api.to_string()])
        .args(&options.lab_arguments);
    Process::start(directory, "lab", command)
}

/// Where the programs are: `NFV_BIN_DIR`, else beside this program (tests run one directory below).
fn binaries() -> anyhow::Result<PathBuf> {
    if let Some(given) = std::env::var_os("NFV_BIN_DIR") {
        return Ok(given.into());
    }
    let own = std::env::current_exe().context("where am I")?;
    let mut directory = own.parent().context("this program has no directory")?.to_owned();
    if directory.ends_with("deps") {
        directory.pop();
    }
    if !directory.join("nfv-vim").exists() || !directory.join("nfv-lab").exists() {
        bail!("nfv-vim and nfv-lab are not in {}: run `cargo build --workspace` first", directory.display());
    }
    Ok(directory)
}
