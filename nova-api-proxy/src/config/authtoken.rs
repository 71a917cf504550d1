//! The options of keystonemiddleware's auth_token.
//!
//! Contract: nova-api-proxy 4.4.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use nfv_common::config::{ConfigError, OsloConfig};

/// The section, unless `auth_section` names another for the credentials.
const SECTION: &str = "keystone_authtoken";

/// Who the proxy is towards Keystone.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A user with a password; the rest are the members of the request.
    Password {
        /// Name or id of the user with its domain, as Keystone's `user` object.
        user: serde_json::Value,
        /// Scope of the token, as Keystone's `scope` object.
        scope: Option<serde_json::Value>,
    },
    /// A token that Keystone knows from its own configuration (legacy `admin_token`).
    AdminToken(String),
    /// Nothing usable is configured: no token can be validated.
    None,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Password { .. } => "Password",
            Self::AdminToken(_) => "AdminToken",
            Self::None => "None",
        })
    }
}

/// The options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthConfig {
    /// Keystone with its version, for example `http://keystone:5000/v3`.
    pub url: String,
    /// What a 401 names.
    pub public_uri: String,
    /// Who the proxy is.
    pub credentials: Credentials,
    /// `region_name`
    pub region: Option<String>,
    /// `interface`
    pub interface: String,
    /// `delay_auth_decision`: requests without a valid token go on.
    pub delay: bool,
    /// `http_connect_timeout`; bounded here.
    pub timeout: Duration,
    /// `http_request_max_retries`
    pub retries: u32,
    /// `cafile`
    pub ca: Option<PathBuf>,
    /// `certfile`
    pub cert: Option<PathBuf>,
    /// `keyfile`
    pub key: Option<PathBuf>,
    /// `insecure`
    pub insecure: bool,
    /// `token_cache_time`; none for a negative one: nothing is cached.
    pub cache_time: Option<Duration>,
    /// `token_cache_size`: most bytes of identities kept.
    pub cache_size: usize,
    /// `include_service_catalog`
    pub catalog: bool,
    /// `service_token_roles`
    pub service_roles: Vec<String>,
    /// `service_token_roles_required`
    pub service_roles_required: bool,
    /// Options that are set and do nothing here, for a warning.
    pub ignored: Vec<&'static str>,
}

/// Options that have a meaning in the original and none here.
const IGNORED: [&str; 4] =
    ["memcached_servers", "memcache_servers", "memcache_security_strategy", "enforce_token_bind"];

/// Reads options of the paste file's section, else of the configuration file's.
struct Reader<'a> {
    config: &'a OsloConfig,
    section: &'a str,
    paste: &'a BTreeMap<String, String>,
}

impl Reader<'_> {
    fn first(&self, keys: &[&str]) -> Result<Option<String>, ConfigError> {
        for key in keys {
            if let Some(value) = self.paste.get(*key) {
                return Ok(Some(value.clone()));
            }
            if let Some(value) = self.config.text(self.section, key)? {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    fn text(&self, key: &str) -> Result<Option<String>, ConfigError> {
        Ok(self.first(&[key])?.filter(|text| !text.is_empty()))
    }

    /// A typed option: as a file of its own, so that the rules are those of the file.
    fn typed<T>(
        &self,
        key: &str,
        default: T,
        read: impl Fn(&OsloConfig, &str) -> Result<Option<T>, ConfigError>,
    ) -> Result<T, ConfigError> {
        let value = match self.paste.get(key) {
            Some(value) => {
                let mut config = OsloConfig::default();
                config.add("the paste file", format!("[{}]\n{key} = {value}\n", self.section).as_bytes())?;
                read(&config, self.section)?
            }
            None => read(self.config, self.section)?,
        };
        Ok(value.unwrap_or(default))
    }

    fn flag(&self, key: &str, default: bool) -> Result<bool, ConfigError> {
        self.typed(key, default, |config, section| config.flag(section, key))
    }

    fn int<T: TryFrom<i64>>(&self, key: &str, default: T) -> Result<T, ConfigError> {
        self.typed(key, default, |config, section| config.int(section, key))
    }

    /// `{"id": …}` or `{"name": …, "domain": …}`.
    fn named(
        &self,
        ids: &[&str],
        names: &[&str],
        domain: &str,
    ) -> Result<Option<serde_json::Value>, ConfigError> {
        if let Some(id) = self.first(ids)? {
            return Ok(Some(serde_json::json!({ "id": id })));
        }
        let Some(name) = self.first(names)? else { return Ok(None) };
        Ok(Some(serde_json::json!({ "name": name, "domain": self.domain(domain)? })))
    }

    fn domain(&self, which: &str) -> Result<serde_json::Value, ConfigError> {
        let (id, name) = (format!("{which}_domain_id"), format!("{which}_domain_name"));
        if let Some(id) = self.first(&[&id])? {
            return Ok(serde_json::json!({ "id": id }));
        }
        if let Some(name) = self.first(&[&name])? {
            return Ok(serde_json::json!({ "name": name }));
        }
        if let Some(id) = self.first(&["default_domain_id"])? {
            return Ok(serde_json::json!({ "id": id }));
        }
        Ok(match self.first(&["default_domain_name"])? {
            Some(name) => serde_json::json!({ "name": name }),
            None => serde_json::json!({ "id": "default" }),
        })
    }
}

impl AuthConfig {
    /// Reads the options; those of the paste file's section win.
    ///
    /// # Errors
    /// A value that is not of its type, or an `auth_type` that is not known here.
    pub fn read(config: &OsloConfig, paste: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let main = Reader { config, section: SECTION, paste };
        let section = main.text("auth_section")?.unwrap_or_else(|| SECTION.to_owned());
        let auth = Reader { config, section: &section, paste };
        let auth_type = auth.first(&["auth_type", "auth_plugin"])?.filter(|name| !name.is_empty());
        let (url, credentials) = match auth_type.as_deref() {
            None => legacy(&main)?,
            Some("password" | "v3password" | "v2password") => {
                (auth.text("auth_url")?.unwrap_or_default(), password(&auth)?)
            }
            Some(other) => {
                return Err(config.wrong(&section, "auth_type", other, "an authentication type known here"));
            }
        };
        let public = main.first(&["www_authenticate_uri", "auth_uri"])?.filter(|uri| !uri.is_empty());
        let path = |key: &str| main.text(key).map(|path| path.map(PathBuf::from));
        let cache_time = main.int::<i64>("token_cache_time", 300)?;
        let ignored = IGNORED.into_iter().filter(|key| matches!(main.text(key), Ok(Some(_))));
        Ok(Self {
            public_uri: public.unwrap_or_else(|| url.clone()),
            url: versioned(&url),
            credentials,
            region: main.text("region_name")?,
            interface: main.text("interface")?.unwrap_or_else(|| "admin".to_owned()),
            delay: main.flag("delay_auth_decision", false)?,
            timeout: Duration::from_secs(main.int::<u32>("http_connect_timeout", 30)?.max(1).into()),
            retries: main.int("http_request_max_retries", 3)?,
            ca: path("cafile")?,
            cert: path("certfile")?,
            key: path("keyfile")?,
            insecure: main.flag("insecure", false)?,
            cache_time: u64::try_from(cache_time).ok().map(Duration::from_secs),
            cache_size: main.int::<u32>("token_cache_size", 8 << 20)? as usize,
            catalog: main.flag("include_service_catalog", true)?,
            service_roles: main
                .text("service_token_roles")?
                .map_or_else(|| vec!["service".to_owned()], |roles| list(&roles)),
            service_roles_required: main.flag("service_token_roles_required", false)?,
            ignored: ignored.collect(),
        })
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
}

/// Identity v3 at this URL, whatever version it names.
fn versioned(url: &str) -> String {
    let url = url.trim_end_matches('/');
    let base = ["/v3", "/v2.0"].iter().find_map(|version| url.strip_suffix(version)).unwrap_or(url);
    format!("{base}/v3")
}

fn password(auth: &Reader<'_>) -> Result<Credentials, ConfigError> {
    let Some(mut user) = auth.named(&["user_id"], &["username", "user_name"], "user")? else {
        return Ok(Credentials::None);
    };
    user["password"] = auth.first(&["password"])?.unwrap_or_default().into();
    let project = auth.named(&["project_id", "tenant_id"], &["project_name", "tenant_name"], "project")?;
    let scope = match project {
        Some(project) => Some(serde_json::json!({ "project": project })),
        None => match (auth.first(&["trust_id"])?, auth.first(&["system_scope"])?) {
            (Some(trust), _) => Some(serde_json::json!({ "OS-TRUST:trust": { "id": trust } })),
            (None, Some(_)) => Some(serde_json::json!({ "system": { "all": true } })),
            (None, None) => match (auth.first(&["domain_id"])?, auth.first(&["domain_name"])?) {
                (Some(id), _) => Some(serde_json::json!({ "domain": { "id": id } })),
                (None, Some(name)) => Some(serde_json::json!({ "domain": { "name": name } })),
                (None, None) => None,
            },
        },
    };
    Ok(Credentials::Password { user, scope })
}

/// Where Keystone is and who the proxy is, by the keys from before plugins.
fn legacy(main: &Reader<'_>) -> Result<(String, Credentials), ConfigError> {
    let text = |key: &str, default: &str| -> Result<String, ConfigError> {
        Ok(main.text(key)?.unwrap_or_else(|| default.to_owned()))
    };
    let url = match main.text("identity_uri")? {
        Some(uri) => uri,
        None => format!(
            "{}://{}:{}{}",
            text("auth_protocol", "https")?,
            text("auth_host", "127.0.0.1")?,
            main.int::<u16>("auth_port", 35357)?,
            text("auth_admin_prefix", "")?.trim_end_matches('/')
        ),
    };
    let credentials = match (main.text("admin_token")?, main.text("admin_user")?) {
        (Some(token), _) => Credentials::AdminToken(token),
        (None, Some(user)) => {
            let default = serde_json::json!({ "id": "default" });
            let password = text("admin_password", "")?;
            let tenant = text("admin_tenant_name", "admin")?;
            Credentials::Password {
                user: serde_json::json!({ "name": user, "domain": default, "password": password }),
                scope: Some(serde_json::json!({ "project": { "name": tenant, "domain": default } })),
            }
        }
        (None, None) => Credentials::None,
    };
    Ok((url, credentials))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(content: &str, paste: &[(&str, &str)]) -> Result<AuthConfig, ConfigError> {
        let mut config = OsloConfig::default();
        config.add("f.conf", content.as_bytes())?;
        let paste = paste.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        AuthConfig::read(&config, &paste)
    }

    /// What the 2019 Puppet module writes.
    #[test]
    fn a_password_as_installations_have_it() {
        let auth = read(
            "[keystone_authtoken]\nauth_uri=http://public:5000\nauth_url=http://10.0.0.1:5000\nauth_type=password\n\
             project_name=services\nusername=nova\npassword=Pass$$word\nuser_domain_name=Default\n\
             project_domain_name=Default\nregion_name=RegionOne\n",
            &[],
        )
        .unwrap();
        assert_eq!(
            (auth.url.as_str(), auth.public_uri.as_str()),
            ("http://10.0.0.1:5000/v3", "http://public:5000")
        );
        let domain = json!({ "name": "Default" });
        assert_eq!(
            auth.credentials,
            Credentials::Password {
                user: json!({ "name": "nova", "domain": domain, "password": "Pass$word" }),
                scope: Some(json!({ "project": { "name": "services", "domain": domain } })),
            }
        );
        assert_eq!(auth.region.as_deref(), Some("RegionOne"));
        assert_eq!(
            (auth.cache_time, auth.delay, auth.catalog),
            (Some(Duration::from_secs(300)), false, true)
        );
        assert_eq!((auth.retries, auth.service_roles.as_slice()), (3, &["service".to_owned()][..]));
        assert!(!format!("{auth:?}").contains("Pass$"));
    }

    #[test]
    fn the_shipped_files_legacy_keys() {
        let auth = read(include_str!("../../etc/nova-api-proxy.conf"), &[]).unwrap();
        assert_eq!(auth.url, "https://127.0.0.1:35357/v3");
        assert_eq!(auth.public_uri, "https://127.0.0.1:35357");
        let domain = json!({ "id": "default" });
        assert_eq!(
            auth.credentials,
            Credentials::Password {
                user: json!({ "name": "nova", "domain": domain, "password": "" }),
                scope: Some(json!({ "project": { "name": "services", "domain": domain } })),
            }
        );
        let auth = read(
            "[keystone_authtoken]\nauth_host=k\nauth_port=5000\nauth_protocol=http\nauth_admin_prefix=/identity/\nadmin_token=t\n",
            &[],
        )
        .unwrap();
        assert_eq!(
            (auth.url.as_str(), auth.credentials),
            ("http://k:5000/identity/v3", Credentials::AdminToken("t".into()))
        );
        assert_eq!(
            read("[keystone_authtoken]\nidentity_uri = http://k/\n", &[]).unwrap().credentials,
            Credentials::None
        );
    }

    #[test]
    fn every_scope_and_spelling() {
        for (lines, scope) in [
            ("tenant-name = t", json!({ "project": { "name": "t", "domain": { "id": "default" } } })),
            ("project_id = p", json!({ "project": { "id": "p" } })),
            ("tenant_id = p", json!({ "project": { "id": "p" } })),
            ("trust_id = x", json!({ "OS-TRUST:trust": { "id": "x" } })),
            ("system_scope = all", json!({ "system": { "all": true } })),
            ("domain_name = d", json!({ "domain": { "name": "d" } })),
            ("domain_id = d", json!({ "domain": { "id": "d" } })),
            (
                "project_name = p\ndefault_domain_name = d",
                json!({ "project": { "name": "p", "domain": { "name": "d" } } }),
            ),
        ] {
            let auth =
                read(&format!("[keystone_authtoken]\nauth_plugin = v3password\nuser_id = u\n{lines}\n"), &[])
                    .unwrap();
            let user = json!({ "id": "u", "password": "" });
            assert_eq!(auth.credentials, Credentials::Password { user, scope: Some(scope) }, "{lines}");
        }
    }

    #[test]
    fn the_paste_files_section_wins_and_auth_section_is_followed() {
        let content = "[keystone_authtoken]\nauth_section = service\nauth_type = password\n[service]\nauth_type = password\n\
                       auth_url = http://k/v2.0/\nusername = u\n";
        let paste = [("delay_auth_decision", "yes"), ("token_cache_time", "-1"), ("username", "other")];
        let auth = read(content, &paste).unwrap();
        assert_eq!((auth.url.as_str(), auth.delay, auth.cache_time), ("http://k/v3", true, None));
        let Credentials::Password { user, scope } = auth.credentials else { panic!() };
        assert_eq!((user["name"].as_str(), scope), (Some("other"), None));
        assert!(read(content, &[("delay_auth_decision", "maybe")]).is_err());
    }

    #[test]
    fn what_is_wrong_or_means_nothing_here_is_told() {
        let error = read("[keystone_authtoken]\nauth_type = v3kerberos\n", &[]).unwrap_err();
        assert!(
            error.to_string().contains("auth_type = 'v3kerberos' is not an authentication type known here")
        );
        let auth = read("[keystone_authtoken]\nmemcached_servers = a:1\nenforce_token_bind = strict\n", &[])
            .unwrap();
        assert_eq!(auth.ignored, ["memcached_servers", "enforce_token_bind"]);
    }
}
