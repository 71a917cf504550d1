//! The stage: all processes of the site, the time line, and what was expected.

use crate::page::Page;
use crate::time_line::{ORDERING, Source, TimeLine};
use crate::verdicts::{Found, Verdicts};
use anyhow::Context;
use nfv_site::{Api, Broker, Guests, Options, Proxy, Site, Vm, Web, configuration, record};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long the VIM may take until it knows the cloud.
const LEARN_LIMIT: Duration = Duration::from_secs(60);
/// The VIM looks at its hosts for the first time within this time.
const FIRST_LOOK: Duration = Duration::from_secs(10);
/// A process that is asked to end does so within this time.
const END: Duration = Duration::from_secs(15);
/// Exit status of nfv-vim after SIGTERM.
const VIM_ENDED: i32 = 143;
/// How often everything is looked at.
const TURN: Duration = Duration::from_millis(200);
/// Flavor of the servers whose guests have a heart.
const WITH_HEART: &str = "watched";

/// The stage.
pub struct Show {
    // dropped in this order: who asks goes before whom it asks
    pub page: Page,
    pub web: Web,
    pub api: Api,
    pub proxy: Proxy,
    pub guests: Guests,
    pub site: Site,
    _broker: Broker,
    pub line: TimeLine,
    pub verdicts: Verdicts,
}

impl Show {
    /// Starts everything and waits until it is in order.
    pub async fn start(cluster: &Path, directory: Option<PathBuf>) -> anyhow::Result<Self> {
        let mut settings = configuration::quick();
        settings.extend(configuration::eager_audits());
        // the VIM enables a host again that it finds between the end of its services and its lock: seldom, then
        settings.push(("audit-configuration", "cycle_pause_in_secs", "3".to_owned()));
        settings.extend(configuration::quick_strategies());
        let broker = Broker::start().await?;
        let lab_arguments = vec!["--amqp-url".to_owned(), broker.url()];
        let options = Options { cluster: cluster.to_owned(), settings, directory, lab_arguments };
        let mut site = Site::start(&options).await?;
        site.use_broker(&broker)?;
        let (hosts, vms) = (site.cloud().hosts().await?.len(), site.cloud().vms().await?.len());
        let guests = Guests::start(&mut site, |vm| vm.flavor == WITH_HEART).await?;
        println!(
            "A simulated cloud of {hosts} hosts and {vms} servers runs; nfv-vim starts with an empty database."
        );
        let begun = Instant::now();
        site.start_vim()?;
        let web = site.start_web().await?;
        println!("Dashboard: {}/", web.url());
        site.wait_until_known(LEARN_LIMIT).await?;
        let (api, proxy) = (site.start_api().await?, site.start_proxy().await?);
        wait_for_first_look(&site).await;
        let (page, line) = (Page::open(&web).await?, TimeLine::new(&site).await?);
        println!(
            "After {:.1} s nfv-vim has enabled all hosts and knows all servers; {} of them have a guest with a heart.",
            begun.elapsed().as_secs_f64(),
            guests.names().count(),
        );
        let mut show = Self {
            page,
            web,
            api,
            proxy,
            guests,
            site,
            _broker: broker,
            line,
            verdicts: Verdicts::default(),
        };
        show.check()?;
        Ok(show)
    }

    /// An error if any process has ended.
    pub fn check(&mut self) -> anyhow::Result<()> {
        self.site.check_vim()?;
        for process in [self.web.process(), self.api.process(), self.proxy.process()] {
            process.check()?;
        }
        self.guests.daemons().processes().try_for_each(nfv_site::Process::check)
    }

    /// A moment passes: guests follow their servers, and the story is told as far as it is known.
    pub async fn go_on(&mut self) -> anyhow::Result<()> {
        tokio::time::sleep(TURN).await;
        self.check()?;
        self.guests.follow(self.site.cloud()).await?;
        self.line.go_on(&self.site).await
    }

    /// Begins a part of the story, when the one before is told.
    pub async fn chapter(&mut self, title: &str) -> anyhow::Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < ORDERING {
            self.go_on().await?;
        }
        self.line.head(title);
        Ok(())
    }

    /// Tells what is done now.
    pub fn deed(&mut self, text: impl Into<String>) {
        self.line.tell(Source::Deed, text.into());
    }

    /// Waits until something is true, and keeps the outcome as one of the expectations.
    pub async fn expect(
        &mut self,
        name: &str,
        limit: Duration,
        mut look: impl AsyncFnMut(&mut Self) -> anyhow::Result<Found>,
    ) -> anyhow::Result<()> {
        let begun = Instant::now();
        let found = loop {
            let found = look(self).await?;
            if found == Found::Met || begun.elapsed() > limit {
                break found;
            }
            self.line.show_status(&format!("{name} ({:.0} s)", begun.elapsed().as_secs_f64()));
            self.go_on().await?;
        };
        self.verdicts.add(name, found);
        Ok(())
    }

    /// Keeps what is true, or not, by now.
    pub fn note(&mut self, name: &str, condition: bool, otherwise: impl FnOnce() -> String) {
        self.verdicts.add(name, Found::when(condition, otherwise));
    }

    /// Asks every process to end.
    ///
    /// # Errors
    /// One does not, or not well.
    pub async fn end(mut self) -> anyhow::Result<()> {
        drop(self.page);
        let vim = self.site.stop_vim().await?.context("nfv-vim has ended before")?;
        anyhow::ensure!(vim.code() == Some(VIM_ENDED), "nfv-vim ended with {vim}");
        let others = [self.web.process(), self.api.process(), self.proxy.process()];
        for process in others.into_iter().chain(self.guests.daemons().processes()) {
            let status = process.stop(END).await?;
            anyhow::ensure!(status.success(), "{} ended with {status}", process.name());
        }
        Ok(())
    }

    /// Place after the last event log so far.
    pub fn logs(&self) -> usize {
        self.site.events().len()
    }

    /// Whether the VIM has logged this text since that place.
    pub fn has_logged(&self, since: usize, text: &str) -> Found {
        let events = self.site.events();
        let found = events.iter().skip(since).any(|event| event.get("reason_text").contains(text));
        Found::when(found, || format!("nfv-vim has not logged {text:?}"))
    }

    /// Place after the last action on a server so far.
    pub async fn actions(&self) -> anyhow::Result<usize> {
        Ok(self.site.cloud().history().await?.len())
    }

    /// What Nova did to a server since that place.
    pub async fn done_to(&self, server: &str, since: usize) -> anyhow::Result<Vec<String>> {
        let history = self.site.cloud().history().await?;
        let own = history.into_iter().skip(since).filter(|action| action.name == server);
        Ok(own.map(|action| action.action).collect())
    }

    /// A server as the cloud has it.
    pub async fn server(&self, name: &str) -> anyhow::Result<Vm> {
        let servers = self.site.cloud().vms().await?;
        servers.into_iter().find(|server| server.name == name).with_context(|| format!("{name} is gone"))
    }
}

/// The VIM's first look at the services of its hosts is logged as if they had been down until then: no part of the story.
async fn wait_for_first_look(site: &Site) {
    let begun = Instant::now();
    let looked = || site.events().iter().any(|event| event.get("event-id") == "host-services-enabled");
    while !looked() && begun.elapsed() < FIRST_LOOK {
        tokio::time::sleep(TURN).await;
    }
    // those of the other hosts come with it
    tokio::time::sleep(TURN).await;
}

/// Whether all hearts beat: the last event log of each says so.
pub fn all_hearts_beat(show: &Show) -> Found {
    let events = show.site.events();
    let beats = |name: &str| {
        let about = format!("for instance {name} ");
        let own = |event: &&record::Record| {
            event.get("event-id").starts_with("instance-guest-heartbeat-")
                && format!("{} ", event.get("reason_text")).contains(&about)
        };
        let last = events.iter().rev().find(own);
        last.is_some_and(|event| event.get("event-id") == "instance-guest-heartbeat-established")
    };
    let still: Vec<_> = show.guests.names().filter(|name| !beats(name)).collect();
    Found::when(still.is_empty(), || format!("not the hearts of {}", still.join(", ")))
}
