//! Where services are: the token's catalog and the configured overrides. Contract: southbound 1.2, 1.5.

use serde_json::Value;

/// A neighbour with a section in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Identity.
    Keystone,
    /// Compute.
    Nova,
    /// Network.
    Neutron,
    /// Block storage.
    Cinder,
    /// Images.
    Glance,
    /// Inventory.
    Sysinv,
    /// Maintenance.
    Mtc,
    /// Guest agent.
    Guest,
    /// Patching.
    Patching,
    /// Fault Management.
    Fm,
}

impl Service {
    /// All of them.
    pub const ALL: [Service; 10] = [
        Service::Keystone,
        Service::Nova,
        Service::Neutron,
        Service::Cinder,
        Service::Glance,
        Service::Sysinv,
        Service::Mtc,
        Service::Guest,
        Service::Patching,
        Service::Fm,
    ];

    /// Section of the configuration.
    pub const fn section(self) -> &'static str {
        match self {
            Service::Keystone => "keystone",
            Service::Nova => "nova",
            Service::Neutron => "neutron",
            Service::Cinder => "cinder",
            Service::Glance => "glance",
            Service::Sysinv => "sysinv",
            Service::Mtc => "mtc",
            Service::Guest => "guest",
            Service::Patching => "patching",
            Service::Fm => "fm",
        }
    }

    /// The version (and what follows it) is cut from the end of its address.
    const fn strips_version(self) -> bool {
        match self {
            Service::Keystone | Service::Nova | Service::Glance | Service::Patching => true,
            Service::Neutron
            | Service::Cinder
            | Service::Sysinv
            | Service::Mtc
            | Service::Guest
            | Service::Fm => false,
        }
    }
}

/// The section of a service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceConfig {
    /// Region, service name, service type and interface to look for in the catalog.
    pub catalog_entry: Option<CatalogEntry>,
    /// Address that comes before the catalog's.
    pub endpoint_override: Option<String>,
    /// The service is not there.
    pub endpoint_disabled: bool,
}

/// What names an endpoint in the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogEntry {
    /// `region`.
    pub region_name: String,
    /// `name`.
    pub service_name: String,
    /// `type`.
    pub service_type: String,
    /// `interface`.
    pub endpoint_type: String,
}

impl ServiceConfig {
    /// The service can be asked at all.
    pub fn is_registered(&self) -> bool {
        !self.endpoint_disabled && (self.endpoint_override.is_some() || self.catalog_entry.is_some())
    }
}

/// The part of a token's catalog that is looked at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Catalog(Vec<CatalogService>);

#[derive(Debug, Clone)]
struct CatalogService {
    kind: String,
    name: String,
    endpoints: Vec<Endpoint>,
}

#[derive(Debug, Clone)]
struct Endpoint {
    region: String,
    interface: String,
    url: String,
}

impl Catalog {
    /// Reads `token.catalog`; entries without the fields needed are passed over.
    pub(crate) fn read(catalog: &Value) -> Self {
        let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        Self(
            list(catalog)
                .iter()
                .map(|service| CatalogService {
                    kind: text(service, "type"),
                    name: text(service, "name"),
                    endpoints: list(&service["endpoints"])
                        .iter()
                        .map(|endpoint| Endpoint {
                            region: text(endpoint, "region"),
                            interface: text(endpoint, "interface"),
                            url: text(endpoint, "url"),
                        })
                        .collect(),
                })
                .collect(),
        )
    }

    fn find(&self, entry: &CatalogEntry) -> Option<&str> {
        let service = self.0.iter().find(|s| s.kind == entry.service_type && s.name == entry.service_name)?;
        let endpoint = service
            .endpoints
            .iter()
            .find(|e| e.region == entry.region_name && e.interface == entry.endpoint_type)?;
        Some(&endpoint.url)
    }

    /// Base address of a service; none when it is not registered or the catalog does not have it.
    pub(crate) fn base(&self, service: Service, config: Option<&ServiceConfig>) -> Option<String> {
        let url = self.address(config?)?;
        Some(if service.strips_version() { strip_version(&url) } else { url })
    }

    /// Address of a service as it stands, with its version; none when it is not registered or not found.
    pub(crate) fn address(&self, config: &ServiceConfig) -> Option<String> {
        if !config.is_registered() {
            return None;
        }
        let found = config.catalog_entry.as_ref().and_then(|entry| self.find(entry));
        match (&config.endpoint_override, found) {
            (Some(over), Some(found)) => Some(format!("{over}{}", path_of(found))),
            (Some(over), None) => Some(over.clone()),
            (None, Some(found)) => Some(found.to_owned()),
            (None, None) => None,
        }
    }
}

/// The path of an absolute URL, without query.
fn path_of(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = after_scheme.find('/').map_or("", |at| &after_scheme[at..]);
    path.split(['?', '#']).next().unwrap_or_default()
}

/// Cuts a trailing slash, then a version at the end or one before the last segment.
pub(super) fn strip_version(url: &str) -> String {
    let url = url.strip_suffix('/').unwrap_or(url);
    let Some((head, last)) = url.rsplit_once('/') else { return url.to_owned() };
    if is_version(last) {
        return head.to_owned();
    }
    match head.rsplit_once('/') {
        Some((base, before)) if is_version(before) => base.to_owned(),
        _ => url.to_owned(),
    }
}

/// `v2`, `v2.1`.
fn is_version(segment: &str) -> bool {
    let Some(number) = segment.strip_prefix('v') else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match number.split_once('.') {
        Some((major, minor)) => digits(major) && digits(minor),
        None => digits(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn config(over: Option<&str>, entry: bool) -> ServiceConfig {
        ServiceConfig {
            catalog_entry: entry.then(|| CatalogEntry {
                region_name: "RegionOne".into(),
                service_name: "nova".into(),
                service_type: "compute".into(),
                endpoint_type: "admin".into(),
            }),
            endpoint_override: over.map(str::to_owned),
            endpoint_disabled: false,
        }
    }

    fn catalog(url: &str) -> Catalog {
        Catalog::read(&json!([
            {"type": "compute", "name": "other", "endpoints": []},
            {"type": "compute", "name": "nova", "endpoints": [
                {"region": "RegionTwo", "interface": "admin", "url": "http://wrong"},
                {"region": "RegionOne", "interface": "public", "url": "http://wrong"},
                {"region": "RegionOne", "interface": "admin", "url": url},
                {"region": "RegionOne", "interface": "admin", "url": "http://second"},
            ]},
            {"type": "compute", "name": "nova", "endpoints": []},
        ]))
    }

    #[test]
    fn each_rule_of_the_look_up() {
        let found = "http://10.0.0.1:8774/v2.1/3cd";
        let base = |service, over, entry, catalog: &Catalog| {
            catalog.base(service, Some(&config(over, entry))).unwrap_or_else(|| "-".to_owned())
        };
        let none = Catalog::default();
        let with = catalog(found);
        for (what, got, want) in [
            ("catalog, strip", base(Service::Nova, None, true, &with), "http://10.0.0.1:8774"),
            ("catalog, as is", base(Service::Cinder, None, true, &with), found),
            ("override alone", base(Service::Mtc, Some("http://h:1"), false, &with), "http://h:1"),
            ("override, not found", base(Service::Cinder, Some("http://h:1"), true, &none), "http://h:1"),
            (
                "override and path",
                base(Service::Cinder, Some("http://h:1"), true, &with),
                "http://h:1/v2.1/3cd",
            ),
            ("override and path, strip", base(Service::Nova, Some("http://h:1"), true, &with), "http://h:1"),
            ("not found", base(Service::Nova, None, true, &none), "-"),
            ("not registered", base(Service::Nova, None, false, &with), "-"),
        ] {
            assert_eq!(got, want, "{what}");
        }
        assert_eq!(with.base(Service::Nova, None), None);
        let disabled = ServiceConfig { endpoint_disabled: true, ..config(Some("http://h:1"), true) };
        assert_eq!(with.base(Service::Nova, Some(&disabled)), None);
    }

    #[test]
    fn versions_are_cut_at_the_end_and_one_before_it() {
        for (url, want) in [
            ("http://h:8774/v2.1/3cd", "http://h:8774"),
            ("http://h:8774/v2.1/", "http://h:8774"),
            ("http://h:5000/v3", "http://h:5000"),
            ("http://h:5000", "http://h:5000"),
            ("http://h/identity/v3", "http://h/identity"),
            ("http://h/identity", "http://h/identity"),
            ("http://h/v2.x/y", "http://h/v2.x/y"),
            ("http://h/v2.1.3", "http://h/v2.1.3"),
            ("http://h/a/v2/b/c", "http://h/a/v2/b/c"),
        ] {
            assert_eq!(strip_version(url), want, "{url}");
        }
    }

    #[test]
    fn a_catalog_of_odd_shape_is_an_empty_one() {
        for odd in [json!(null), json!({}), json!([1, {"endpoints": 3}, {"endpoints": [null]}])] {
            assert_eq!(Catalog::read(&odd).base(Service::Nova, Some(&config(None, true))), None);
        }
    }
}
