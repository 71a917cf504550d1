//! Starting, stopping and killing the processes of a site.

use crate::api::Api;
use crate::cloud::Cloud;
use crate::configuration::{self, LabPorts, Settings, VimPorts};
use crate::syslog::Syslog;
use crate::web::Web;
use anyhow::{Context, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// The lab must answer within this time.
const LAB_START: Duration = Duration::from_secs(60);

/// What kind of site.
#[derive(Debug, Clone)]
pub struct Options {
    /// Cluster file of the lab.
    pub cluster: PathBuf,
    /// Settings of the VIM beside the defaults.
    pub settings: Settings,
    /// Directory for everything; a temporary one otherwise, which goes away with the site.
    pub directory: Option<PathBuf>,
    /// Further arguments for the lab.
    pub lab_arguments: Vec<String>,
}

/// A site. Dropping it kills its processes and removes its temporary directory.
#[derive(Debug)]
pub struct Site {
    directory: PathBuf,
    binaries: PathBuf,
    cloud: Cloud,
    vim_ports: VimPorts,
    lab: Child,
    vim: Option<Child>,
    keystone: u16,
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
        let lab = start_lab(&binaries, &directory, options, vim_ports)?;
        let mut site = Self {
            cloud: Cloud::new(0)?,
            directory,
            binaries,
            vim_ports,
            lab,
            vim: None,
            keystone: 0,
            _syslog: syslog,
            _temporary: temporary,
        };
        let ports = site.wait_for_lab().await?;
        site.keystone = ports.keystone;
        site.cloud = Cloud::new(ports.control)?;
        configuration::write(&site.directory, ports, vim_ports, &options.settings)?;
        Ok(site)
    }

    async fn wait_for_lab(&mut self) -> anyhow::Result<LabPorts> {
        let begun = Instant::now();
        loop {
            if self.directory.join("lab.ready").exists() {
                let path = self.directory.join("lab-ports.json");
                let text = std::fs::read_to_string(&path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                return serde_json::from_str(&text).context("the lab's ports cannot be read");
            }
            if let Some(status) = self.lab.try_wait()? {
                bail!("the lab ended at its start with {status}: {}", self.tail("lab.out"));
            }
            if begun.elapsed() > LAB_START {
                bail!("the lab is not ready after {} s: {}", LAB_START.as_secs(), self.tail("lab.out"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
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
        let log = std::fs::File::options().create(true).append(true).open(self.directory.join("vim.out"))?;
        let child = Command::new(self.binaries.join("nfv-vim"))
            .arg("-c")
            .arg(self.directory.join("config.ini"))
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start nfv-vim from {}", self.binaries.display()))?;
        self.vim = Some(child);
        Ok(())
    }

    /// Kills the VIM as `kill -9` does and waits until it is gone.
    ///
    /// # Errors
    /// It cannot be killed.
    pub async fn kill_vim(&mut self) -> anyhow::Result<()> {
        if let Some(mut vim) = self.vim.take() {
            vim.kill().await.context("cannot kill nfv-vim")?;
        }
        Ok(())
    }

    /// Sends the VIM a signal.
    ///
    /// # Errors
    /// It does not run.
    pub fn signal_vim(&self, signal: Signal) -> anyhow::Result<()> {
        let pid = self.vim_pid().context("nfv-vim does not run")?;
        kill(Pid::from_raw(i32::try_from(pid)?), signal).context("cannot signal nfv-vim")
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
        self.wait_vim(Duration::from_secs(15)).await.map(Some)
    }

    /// Waits until the VIM ends.
    ///
    /// # Errors
    /// It does not run, or does not end within `limit`.
    pub async fn wait_vim(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        let mut vim = self.vim.take().context("nfv-vim does not run")?;
        let ended = tokio::time::timeout(limit, vim.wait()).await;
        Ok(ended.with_context(|| format!("nfv-vim did not end within {} s", limit.as_secs()))??)
    }

    /// True while the VIM runs; an error tells how it ended.
    ///
    /// # Errors
    /// It ended by itself.
    pub fn check_vim(&mut self) -> anyhow::Result<()> {
        if let Some(vim) = &mut self.vim
            && let Some(status) = vim.try_wait()?
        {
            bail!("nfv-vim ended with {status}: {}", self.tail("vim.out"));
        }
        Ok(())
    }

    /// Process id of the VIM, while it runs.
    pub fn vim_pid(&self) -> Option<u32> {
        self.vim.as_ref().and_then(Child::id)
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
        Api::start(&[program], &self.directory, "config.ini", self.vim_ports.api, self.keystone).await
    }

    /// Starts another program in its place, on a port of its own: the original, for instance.
    ///
    /// # Errors
    /// As [`Site::start_api`].
    pub async fn start_other_api(&self, command: &[String], port: u16) -> anyhow::Result<Api> {
        let own = std::fs::read_to_string(self.directory.join("config.ini")).context("no configuration")?;
        let (from, to) = (format!("port={}\n", self.vim_ports.api), format!("port={port}\n"));
        std::fs::write(self.directory.join("other.ini"), own.replace(&from, &to))?;
        Api::start(command, &self.directory, "other.ini", port, self.keystone).await
    }

    /// Starts nfv-vim-webserver beside the VIM; its output goes to `vim-web.out`.
    ///
    /// # Errors
    /// It cannot be started or does not come up.
    pub async fn start_web(&self) -> anyhow::Result<Web> {
        Web::start(&self.binaries.join("nfv-vim-webserver"), &self.directory, self.vim_ports.web).await
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

    /// The last lines of an output file, for error messages.
    pub fn tail(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.directory.join(name)).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

fn start_lab(binaries: &Path, directory: &Path, options: &Options, vim: VimPorts) -> anyhow::Result<Child> {
    let output = std::fs::File::create(directory.join("lab.out")).context("cannot write the lab's output")?;
    Command::new(binaries.join("nfv-lab"))
        .arg("run")
        .args(["--port-base", "0"])
        .arg("--cluster")
        .arg(&options.cluster)
        .arg("--journal")
        .arg(directory.join("journal.jsonl"))
        .arg("--ports-file")
        .arg(directory.join("lab-ports.json"))
        .arg("--ready-file")
        .arg(directory.join("lab.ready"))
        .args(["--vim-infrastructure", &format!("127.0.0.1:{}", vim.infrastructure)])
        .args(["--vim-guest", &format!("127.0.0.1:{}", vim.guest)])
        .args(["--vim-listener", &format!("127.0.0.1:{}", vim.host)])
        .args(&options.lab_arguments)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start nfv-lab from {}", binaries.display()))
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
