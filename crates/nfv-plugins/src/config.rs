//! Settings of the plugins, from the plugins' `config.ini`. Contract: southbound 1.1, 13.4; deployment 3.5.

use crate::openstack::catalog::{CatalogEntry, Service, ServiceConfig};
use crate::secret::Secret;
use nfv_common::config::{ConfigError, Settings};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// All settings of the plugins.
#[derive(Debug, Clone)]
pub struct PluginsConfig {
    /// Account for platform services.
    pub platform: AccountConfig,
    /// Account for OpenStack services.
    pub openstack: AccountConfig,
    /// Services with a section of their own.
    pub services: BTreeMap<Service, ServiceConfig>,
    /// Broker of Nova's notifications.
    pub amqp: AmqpConfig,
    /// Listener 30001.
    pub infrastructure: ListenConfig,
    /// Failed data ports count as a failed host.
    pub data_port_fault_handling: bool,
    /// Listener 30002.
    pub guest: ListenConfig,
    /// Listener 30003.
    pub compute: ListenConfig,
    /// Most requests that may wait on 30003.
    pub max_concurrent_requests: usize,
    /// How long a request on 30003 waits before it is answered 202.
    pub max_request_wait: Duration,
    /// Requests on 30003 are answered 202 at once.
    pub auto_accept_requests: bool,
    /// Listener 30004.
    pub host_listener: ListenConfig,
    /// Key of the frames on 30004.
    pub host_listener_key: Secret,
    /// Time limits of single requests.
    pub timeouts: Timeouts,
    /// Plugins that the VIM's own configuration switches off.
    pub disabled: DisabledPlugins,
    /// Kubernetes applies when this file exists (southbound 5.1.1).
    pub kubernetes_config: PathBuf,
}

/// User, project and address of a Keystone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountConfig {
    /// User name.
    pub username: String,
    /// Project name.
    pub tenant: String,
    /// User's domain, by name.
    pub user_domain_name: String,
    /// Project's domain, by name.
    pub project_domain_name: String,
    /// Keyring service, used when there is no password.
    pub keyring_service: String,
    /// Password; none: keyring.
    pub password: Option<Secret>,
    /// Address without `/v3/auth/tokens`.
    pub authorization_url: String,
}

/// Where a listener listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenConfig {
    /// Address or name.
    pub host: String,
    /// Port; 0 lets the system choose (tests).
    pub port: u16,
}

/// Broker of Nova's notifications. Contract: southbound 11.
#[derive(Debug, Clone)]
pub struct AmqpConfig {
    /// Host.
    pub host: String,
    /// Port.
    pub port: u16,
    /// User.
    pub user_id: String,
    /// Password.
    pub password: Secret,
    /// Virtual host.
    pub virt_host: String,
}

/// Plugins that are switched off. Contract: southbound 13.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DisabledPlugins {
    /// `image_plugin_disabled`.
    pub image: bool,
    /// `block_storage_plugin_disabled`.
    pub block_storage: bool,
    /// `compute_plugin_disabled`.
    pub compute: bool,
    /// `network_plugin_disabled`.
    pub network: bool,
    /// `guest_plugin_disabled`.
    pub guest: bool,
}

impl DisabledPlugins {
    /// Reads the flags of the section `[nfvi]` of the VIM's own configuration.
    pub fn from_vim_settings(vim: &Settings) -> Self {
        let flag = |name: &str| vim.listed_flag("nfvi", name).unwrap_or(false);
        Self {
            image: flag("image_plugin_disabled"),
            block_storage: flag("block_storage_plugin_disabled"),
            compute: flag("compute_plugin_disabled"),
            network: flag("network_plugin_disabled"),
            guest: flag("guest_plugin_disabled"),
        }
    }
}

/// Time limits of single requests. Contract: southbound 13.4.
#[derive(Debug, Clone, Default)]
pub struct Timeouts(BTreeMap<String, Duration>);

impl Timeouts {
    /// The limit where nothing is configured.
    pub const DEFAULT: Duration = Duration::from_secs(20);

    /// The limit of a request: `module.function`, else `module`, else 20 s.
    pub fn of(&self, module: &str, function: &str) -> Duration {
        let exact = self.0.get(&format!("{module}.{function}"));
        exact.or_else(|| self.0.get(module)).copied().unwrap_or(Self::DEFAULT)
    }

    /// The longest that a request together with a token for it may take.
    pub fn longest(&self) -> Duration {
        let longest = self.0.values().copied().max().unwrap_or_default().max(Self::DEFAULT);
        longest + self.of("openstack", "get_token")
    }

    pub(crate) fn read(settings: &Settings) -> Result<Self, ConfigError> {
        const SECTION: &str = "nfvi-timeouts";
        let mut limits = BTreeMap::new();
        for name in settings.section(SECTION).into_iter().flatten().map(|(name, _)| name) {
            let seconds: i64 = settings.require_int(SECTION, name)?;
            let limit = match u64::try_from(seconds) {
                Ok(seconds) if seconds > 0 => Duration::from_secs(seconds),
                _ => {
                    tracing::warn!("[nfvi-timeouts] {name}={seconds} is no time limit, the default is used");
                    Self::DEFAULT
                }
            };
            limits.insert(name.clone(), limit);
        }
        Ok(Self(limits))
    }
}

/// A host as sockets want it: an IPv6 address may stand in the brackets that it has in URLs.
pub(crate) fn bare_host(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

fn listen(settings: &Settings, section: &str) -> Result<ListenConfig, ConfigError> {
    let host = bare_host(settings.require(section, "host")?).to_owned();
    Ok(ListenConfig { host, port: settings.require_int(section, "port")? })
}

pub(crate) fn account(settings: &Settings, section: &str) -> Result<AccountConfig, ConfigError> {
    let need = |key: &str| settings.require(section, key);
    // an address in IPv6 form needs brackets in a URL
    let ip = need("authorization_ip")?;
    let ip = if ip.contains(':') && !ip.starts_with('[') { format!("[{ip}]") } else { ip.to_owned() };
    let plain = format!("{}://{ip}:{}", need("authorization_protocol")?, need("authorization_port")?);
    let authorization_url = settings.get(section, "authorization_uri").unwrap_or(&plain);
    Ok(AccountConfig {
        username: need("username")?.to_owned(),
        tenant: need("tenant")?.to_owned(),
        user_domain_name: need("user_domain_name")?.to_owned(),
        project_domain_name: need("project_domain_name")?.to_owned(),
        keyring_service: need("keyring_service")?.to_owned(),
        password: settings.get(section, "password").map(Secret::new),
        authorization_url: authorization_url.trim_end_matches('/').to_owned(),
    })
}

pub(crate) fn service(settings: &Settings, section: &str) -> ServiceConfig {
    let get = |key: &str| settings.get(section, key).map(str::to_owned);
    let entry = || {
        Some(CatalogEntry {
            region_name: get("region_name")?,
            service_name: get("service_name")?,
            service_type: get("service_type")?,
            endpoint_type: get("endpoint_type")?,
        })
    };
    ServiceConfig {
        catalog_entry: entry(),
        endpoint_override: get("endpoint_override"),
        endpoint_disabled: settings.listed_flag(section, "endpoint_disabled").unwrap_or(false),
    }
}

impl PluginsConfig {
    /// Reads the settings from the plugins' `config.ini`; `disabled` comes from the VIM's own configuration.
    ///
    /// # Errors
    /// A missing mandatory option or a number that is none; the VIM then exits with 200.
    pub fn read(settings: &Settings, disabled: DisabledPlugins) -> Result<Self, ConfigError> {
        let services = Service::ALL.into_iter().filter(|service| settings.has_section(service.section()));
        Ok(Self {
            platform: account(settings, "platform")?,
            openstack: account(settings, "openstack")?,
            services: services.map(|one| (one, service(settings, one.section()))).collect(),
            amqp: AmqpConfig {
                host: bare_host(settings.require("amqp", "host")?).to_owned(),
                port: settings.require_int("amqp", "port")?,
                user_id: settings.require("amqp", "user_id")?.to_owned(),
                password: Secret::new(settings.require("amqp", "password")?),
                virt_host: settings.require("amqp", "virt_host")?.to_owned(),
            },
            infrastructure: listen(settings, "infrastructure-rest-api")?,
            data_port_fault_handling: settings
                .listed_flag("infrastructure-rest-api", "data_port_fault_handling_enabled")
                .unwrap_or(true),
            guest: listen(settings, "guest-rest-api")?,
            compute: listen(settings, "compute-rest-api")?,
            max_concurrent_requests: settings.int_or("compute-rest-api", "max_concurrent_requests", 128u32)?
                as usize,
            max_request_wait: settings.seconds_or(
                "compute-rest-api",
                "max_request_wait_in_secs",
                Duration::from_secs(45),
            )?,
            auto_accept_requests: settings
                .listed_flag("compute-rest-api", "auto_accept_requests")
                .unwrap_or(false),
            host_listener: listen(settings, "host-listener")?,
            host_listener_key: Secret::new(settings.get_or(
                "host-listener",
                "authorization_key",
                "NFV Infrastructure Notification",
            )),
            timeouts: Timeouts::read(settings)?,
            disabled,
            kubernetes_config: PathBuf::from("/etc/kubernetes/admin.conf"),
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const ACCOUNT: &str = "username=admin\ntenant=admin\nauthorization_protocol=http\n\
                           authorization_ip=192.168.204.2\nauthorization_port=5000\nuser_domain_name=Default\n\
                           project_domain_name=Default\nkeyring_service=CGCS\n";
    const SERVICES: &[(&str, &str, &str, &str)] = &[
        ("keystone", "keystone", "identity", "internal"),
        ("cinder", "cinderv2", "volumev2", "admin"),
        ("glance", "glance", "image", "admin"),
        ("neutron", "neutron", "network", "admin"),
        ("nova", "nova", "compute", "admin\nendpoint_override=http://127.0.0.1:18774"),
        ("sysinv", "sysinv", "platform", "admin"),
        ("patching", "patching", "patching", "admin"),
        ("fm", "fm", "faultmanagement", "admin"),
    ];
    const REST: &str = "[mtc]\nendpoint_override=http://localhost:2112\n\
                        [guest]\nendpoint_override=http://localhost:2410\n\
                        [amqp]\nhost=192.168.204.2\nport=5672\nuser_id=guest\npassword=guest\nvirt_host=/\n\
                        [infrastructure-rest-api]\nhost=127.0.0.1\nport=30001\n\
                        [guest-rest-api]\nhost=127.0.0.1\nport=30002\n\
                        [compute-rest-api]\nhost=127.0.0.1\nport=30003\nmax_concurrent_requests=128\n\
                        max_request_wait_in_secs=45\n\
                        [host-listener]\nhost=127.0.0.1\nport=30004\n\
                        [nfvi-timeouts]\nopenstack.get_token=10\nneutron.disable_host_services=40\n\
                        neutron.delete_host_services=40\nsysinv=45\n";

    /// The file as it is shipped, as far as it is read.
    pub(crate) fn shipped() -> String {
        let mut file = format!("[platform]\n{ACCOUNT}[openstack]\n{ACCOUNT}");
        for (section, name, kind, interface) in SERVICES {
            file += &format!(
                "[{section}]\nregion_name=RegionOne\nservice_name={name}\nservice_type={kind}\n\
                 endpoint_type={interface}\n"
            );
        }
        file + REST
    }

    fn read(file: &str) -> Result<PluginsConfig, ConfigError> {
        PluginsConfig::read(
            &Settings::parse("config.ini", file.as_bytes()).unwrap(),
            DisabledPlugins::default(),
        )
    }

    #[test]
    fn the_shipped_file_reads() {
        let config = read(&shipped()).unwrap();
        assert_eq!(config.platform.authorization_url, "http://192.168.204.2:5000");
        assert_eq!(config.infrastructure, ListenConfig { host: "127.0.0.1".into(), port: 30001 });
        assert!(config.data_port_fault_handling && !config.auto_accept_requests);
        assert_eq!(config.host_listener_key.expose(), "NFV Infrastructure Notification");
        assert_eq!(config.max_request_wait, Duration::from_secs(45));
        assert_eq!(config.services.len(), 10);
        assert!(config.services.values().all(ServiceConfig::is_registered));
    }

    #[test]
    fn each_mandatory_option_is_asked_for() {
        for (line, section, option) in [
            ("authorization_ip=192.168.204.2\n", "platform", "authorization_ip"),
            ("tenant=admin\n", "platform", "tenant"),
            ("keyring_service=CGCS\n", "platform", "keyring_service"),
            ("virt_host=/\n", "amqp", "virt_host"),
            ("port=30002\n", "guest-rest-api", "port"),
            ("[host-listener]\nhost=127.0.0.1\n", "host-listener", "section"),
        ] {
            let error = read(&shipped().replacen(line, "", 1)).unwrap_err().to_string();
            assert!(error.contains(section) && error.contains(option), "{error}");
        }
        assert!(read(&shipped().replace("port=30004", "port=99999")).is_err());
    }

    #[test]
    fn time_limits_are_looked_up_from_the_narrow_to_the_wide() {
        let limits = read(&(shipped() + "nova=0\n")).unwrap().timeouts;
        for (module, function, seconds) in [
            ("openstack", "get_token", 10),
            ("sysinv", "get_hosts", 45),
            ("neutron", "disable_host_services", 40),
            ("neutron", "get_networks", 20),
            ("mtc", "host_query", 20),
            ("nova", "get_server", 20),
        ] {
            assert_eq!(limits.of(module, function), Duration::from_secs(seconds), "{module}.{function}");
        }
        assert!(read(&(shipped() + "nova=soon\n")).is_err());
    }

    #[test]
    fn services_and_plugins_can_be_switched_off() {
        let config = read(&shipped().replace("[neutron]", "[neutron]\nendpoint_disabled=True")).unwrap();
        assert!(!config.services[&Service::Neutron].is_registered());
        let vim =
            Settings::parse("vim.ini", b"[nfvi]\ncompute_plugin_disabled=True\nguest_plugin_disabled=TRUE\n");
        let disabled = DisabledPlugins::from_vim_settings(&vim.unwrap());
        assert_eq!(disabled, DisabledPlugins { compute: true, ..DisabledPlugins::default() });
    }

    #[test]
    fn the_token_address_may_be_given_as_a_whole_and_may_be_ipv6() {
        let file = shipped()
            .replacen("authorization_ip=192.168.204.2", "authorization_ip=fd01::2", 1)
            .replace("[openstack]", "[openstack]\nauthorization_uri=https://keystone.example/");
        let config = read(&file).unwrap();
        assert_eq!(config.openstack.authorization_url, "https://keystone.example");
        assert_eq!(config.platform.authorization_url, "http://[fd01::2]:5000");
    }

    #[test]
    fn ipv6_addresses_may_stand_in_brackets() {
        let file = shipped()
            .replace("[amqp]\nhost=192.168.204.2", "[amqp]\nhost=[fd01::2]")
            .replace("[host-listener]\nhost=127.0.0.1", "[host-listener]\nhost=[::1]");
        let config = read(&file).unwrap();
        assert_eq!((config.amqp.host.as_str(), config.host_listener.host.as_str()), ("fd01::2", "::1"));
        assert_eq!((bare_host("::1"), bare_host("a.b"), bare_host("[x")), ("::1", "a.b", "[x"));
    }

    #[test]
    fn passwords_are_not_printed() {
        let file = shipped()
            .replace("password=guest", "password=sesame")
            .replace("[platform]", "[platform]\npassword=sesame");
        assert!(!format!("{:?}", read(&file).unwrap()).contains("sesame"));
    }
}
