//! A fault every few seconds, by a seed.

use super::hearts::Hearts;
use super::operators::is_in_service;
use super::weather::{Part, TOKENS, Weather};
use nfv_site::Cloud;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Kinds of faults, and how often each comes, relative to the others.
const KINDS: [(Kind, u32); 10] = [
    (Kind::Crash, 3),
    (Kind::Error, 2),
    (Kind::Heart, 3),
    (Kind::Service, 5),
    (Kind::Host, 2),
    (Kind::Restart, 2),
    (Kind::Tokens, 1),
    (Kind::DataPorts, 1),
    (Kind::Broker, 1),
    (Kind::Api, 1),
];
/// Services of the cloud that fail, and what fails with each.
const SERVICES: [(&str, Part); 10] = [
    ("keystone", Part::Keystone),
    ("nova", Part::Nova),
    ("nova", Part::Nova),
    ("neutron", Part::Platform),
    ("cinder", Part::Platform),
    ("glance", Part::Platform),
    ("sysinv", Part::Platform),
    ("mtc", Part::Platform),
    ("patching", Part::Platform),
    ("fm", Part::Platform),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Crash,
    Error,
    Heart,
    Service,
    Host,
    Restart,
    Tokens,
    DataPorts,
    Broker,
    Api,
}

/// What the caller has to do for a fault: the rest is the cloud's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Nothing.
    Done,
    /// The broker goes away for this time.
    Broker(Duration),
    /// nfv-vim-api is restarted.
    Api,
}

/// The faults of a run.
#[derive(Debug)]
pub struct Faults {
    random: fastrand::Rng,
    weather: Weather,
    cloud: Cloud,
    servers: Vec<String>,
    /// What ends a fault, and when.
    later: Vec<(Instant, Value)>,
}

impl Faults {
    /// Faults of this cloud; `servers` are those that may fail.
    pub fn new(seed: u64, weather: Weather, cloud: Cloud, servers: Vec<String>) -> Self {
        Self { random: fastrand::Rng::with_seed(seed), weather, cloud, servers, later: Vec::new() }
    }

    fn kind(&mut self) -> Kind {
        let sum: u32 = KINDS.iter().map(|(_, weight)| weight).sum();
        let mut at = self.random.u32(..sum);
        for (kind, weight) in KINDS {
            if at < weight {
                return kind;
            }
            at -= weight;
        }
        Kind::Service
    }

    /// The next kind; one that hits a server or a host waits for the end of a maintenance window.
    fn next(&mut self) -> Kind {
        let hits_services = |kind: &Kind| {
            matches!(kind, Kind::Service | Kind::Restart | Kind::Tokens | Kind::Broker | Kind::Api)
        };
        loop {
            let kind = self.kind();
            if !self.weather.is_maintenance() || hits_services(&kind) {
                return kind;
            }
        }
    }

    fn seconds(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_secs(self.random.u64(from..=to))
    }

    /// Ends the faults whose time is over; all of them at the end.
    pub async fn end(&mut self, all: bool) -> anyhow::Result<()> {
        let now = Instant::now();
        for (_, deed) in self.later.extract_if(.., |(when, _)| all || *when <= now).collect::<Vec<_>>() {
            self.cloud.act(&deed).await?;
        }
        Ok(())
    }

    /// The next fault happens. One for which there is nobody just now does not.
    pub async fn strike(&mut self, hearts: &Hearts) -> anyhow::Result<Deed> {
        match self.next() {
            Kind::Crash => self.server("vm-crash").await?,
            Kind::Error => self.server("vm-error").await?,
            Kind::Heart => {
                if let Some(name) = self.random.choice(hearts.beating()) {
                    hearts.stop(name);
                    self.weather.add("heart", format!("heart of {name} stops"), Duration::ZERO, []);
                }
            }
            Kind::Service => self.service().await?,
            Kind::Host => self.host().await?,
            Kind::Restart => {
                let (service, part) = SERVICES[self.random.usize(..SERVICES.len())];
                let down = self.seconds(1, 4);
                let deed = json!({"do": "restart-service", "service": service, "down": down.as_secs()});
                self.cloud.act(&deed).await?;
                self.weather.add("restart", format!("{service} restarts"), down, [part]);
            }
            Kind::Tokens => {
                self.cloud.act(&json!({"do": "expire-tokens"})).await?;
                self.weather.add(
                    TOKENS,
                    "all tokens are forgotten".to_owned(),
                    Duration::ZERO,
                    [Part::Keystone],
                );
            }
            Kind::DataPorts => self.data_ports().await?,
            Kind::Broker => {
                let time = self.seconds(2, 6);
                self.weather.add("broker", "the broker is away".to_owned(), time, []);
                return Ok(Deed::Broker(time));
            }
            Kind::Api => {
                let time = Duration::from_secs(2);
                self.weather.add("api", "nfv-vim-api restarts".to_owned(), time, [Part::Api]);
                return Ok(Deed::Api);
            }
        }
        Ok(Deed::Done)
    }

    async fn server(&mut self, kind: &'static str) -> anyhow::Result<()> {
        let Some(name) = self.random.choice(&self.servers) else { return Ok(()) };
        self.cloud.act(&json!({"do": kind, "vm": name})).await?;
        self.weather.add(kind, format!("{name} fails"), Duration::ZERO, []);
        Ok(())
    }

    /// Some host without a guestServer that is in service.
    async fn some_host(&mut self) -> anyhow::Result<Option<String>> {
        let hosts = self.cloud.hosts().await?;
        let well = hosts.into_iter().filter(|host| host.name.starts_with("compute-") && is_in_service(host));
        let well: Vec<_> = well.map(|host| host.name).collect();
        Ok(self.random.choice(well))
    }

    async fn host(&mut self) -> anyhow::Result<()> {
        let Some(host) = self.some_host().await? else { return Ok(()) };
        let back = self.seconds(15, 30);
        let deed =
            json!({"do": "host-fail", "host": host, "offline_after": 2.0, "recover_after": back.as_secs()});
        self.cloud.act(&deed).await?;
        self.weather.add("host", format!("{host} dies"), back, []);
        Ok(())
    }

    async fn data_ports(&mut self) -> anyhow::Result<()> {
        let Some(host) = self.some_host().await? else { return Ok(()) };
        let back = self.seconds(8, 15);
        self.cloud.act(&json!({"do": "data-ports-fail", "host": host})).await?;
        self.later.push((Instant::now() + back, json!({"do": "data-ports-recover", "host": host})));
        self.weather.add("ports", format!("data ports of {host} fail"), back, []);
        Ok(())
    }

    /// A service answers wrongly, late or not at all for some seconds.
    async fn service(&mut self) -> anyhow::Result<()> {
        let (service, part) = SERVICES[self.random.usize(..SERVICES.len())];
        let time = self.seconds(3, 8);
        let mut rule = match self.random.u32(..7) {
            0 => json!({"effect": "slow", "delay": 0.5 + 2.0 * self.random.f64()}),
            1 => json!({"effect": "fail", "status": 500}),
            2 => json!({"effect": "fail", "status": 503}),
            3 => json!({"effect": "unauthorized"}),
            4 => json!({"effect": "cut"}),
            5 => json!({"effect": "lost-answer"}),
            // few, for each holds up somebody until its deadline
            _ => json!({"effect": "hang", "count": 2}),
        };
        rule["service"] = json!(service);
        rule["seconds"] = json!(time.as_secs());
        rule["probability"] = json!(0.2 + 0.8 * self.random.f64());
        let effect = rule["effect"].as_str().unwrap_or_default().to_owned();
        // who hangs is given up by its caller only after a while
        let felt = if effect == "hang" { time + Duration::from_secs(60) } else { time };
        self.cloud.break_requests(&rule).await?;
        self.weather.add("service", format!("{service}: {effect}"), felt, [part]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_kinds_and_every_kind_comes() {
        let kinds = |seed| {
            let cloud = Cloud::new(1).expect("a client");
            let mut faults = Faults::new(seed, Weather::new(), cloud, Vec::new());
            (0..500).map(|_| faults.kind()).collect::<Vec<_>>()
        };
        assert_eq!(kinds(3), kinds(3));
        assert_ne!(kinds(3), kinds(4));
        assert!(KINDS.iter().all(|(kind, _)| kinds(3).contains(kind)));
        let weather = Weather::new();
        weather.set_maintenance(true);
        let mut faults = Faults::new(3, weather, Cloud::new(1).expect("a client"), Vec::new());
        let quiet = [Kind::Crash, Kind::Error, Kind::Heart, Kind::Host, Kind::DataPorts];
        assert!((0..500).all(|_| !quiet.contains(&faults.next())));
    }
}
