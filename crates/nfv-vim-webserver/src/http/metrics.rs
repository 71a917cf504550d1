//! `/metrics` in the OpenMetrics text form. All labels are from closed lists.

use super::{Site, answer};
use crate::picture::{HostCondition, InstanceCondition};
use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderValue};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

type Labels<const N: usize> = [(&'static str, &'static str); N];

/// Severities; any other alarm counts as the last.
const SEVERITIES: [&str; 5] = ["critical", "major", "minor", "warning", "indeterminate"];

/// What is counted as it happens.
#[derive(Debug, Default)]
pub struct Metrics {
    requests: Family<Labels<2>, Counter>,
}

impl Metrics {
    /// A request was answered.
    pub fn count(&self, class: &'static str, status: u16) {
        let status = match status / 100 {
            1 | 2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            _ => "5xx",
        };
        self.requests.get_or_create(&[("class", class), ("status", status)]).inc();
    }

    /// The present numbers.
    pub fn show(&self, site: &Site) -> HttpResponse {
        let mut registry = Registry::with_prefix("nfv_webserver");
        registry.register("requests", "Requests answered", self.requests.clone());
        let picture = site.hub.picture();
        let alarms = site.hub.alarms.look();
        let database = site.hub.database();

        let hosts = Family::<Labels<1>, Gauge>::default();
        for condition in HostCondition::ALL {
            let count = picture.hosts.values().filter(|host| host.condition == condition).count();
            hosts.get_or_create(&[("condition", condition.as_str())]).set(count as i64);
        }
        registry.register("hosts", "Hosts by condition", hosts);

        let instances = Family::<Labels<1>, Gauge>::default();
        for condition in InstanceCondition::ALL {
            let count = picture.instances.values().filter(|instance| instance.condition == condition).count();
            instances.get_or_create(&[("condition", condition.as_str())]).set(count as i64);
        }
        registry.register("instances", "Instances by condition", instances);

        if let Some(found) = &alarms.alarms {
            let family = Family::<Labels<1>, Gauge>::default();
            for severity in SEVERITIES {
                let count = found.iter().filter(|alarm| known_severity(&alarm.severity) == severity).count();
                family.get_or_create(&[("severity", severity)]).set(count as i64);
            }
            registry.register("alarms", "Alarms of Fault Management by severity", family);
        }

        for (name, help, value) in [
            (
                "database_up",
                "The database can be read",
                i64::from(database.error.is_none() && database.known),
            ),
            (
                "fault_management_up",
                "Fault Management answered",
                i64::from(alarms.alarms.is_some() && alarms.error.is_none()),
            ),
            ("held_alarms", "Alarms that the VIM has raised", picture.alarms.len() as i64),
            ("strategies", "Software update strategies", picture.strategies.len() as i64),
            ("unreadable_rows", "Rows of the database that cannot be read", picture.unreadable as i64),
            ("streams", "Open event streams", site.hub.streams() as i64),
        ] {
            let gauge = Gauge::<i64>::default();
            gauge.set(value);
            registry.register(name, help, gauge);
        }
        let revision = Counter::<u64>::default();
        revision.inc_by(picture.revision);
        registry.register("changes", "Changes seen in the database", revision);

        let mut text = String::new();
        if encode(&mut text, &registry).is_err() {
            return answer::plain(500, "The numbers cannot be written.");
        }
        let mut response = answer::plain(200, "");
        let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response.set_body(actix_web::body::BoxBody::new(text))
    }
}

fn known_severity(severity: &str) -> &'static str {
    SEVERITIES.into_iter().find(|known| *known == severity).unwrap_or("indeterminate")
}
