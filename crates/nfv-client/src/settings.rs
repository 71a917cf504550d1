//! Who asks whom, as whom: the credentials, from options or the environment.
//!
//! Contract: vim-api 4.1.

use std::fmt;

/// A text that is never shown: a password or a token.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the neighbour that must see it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// A Keystone domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Domain {
    /// By name.
    Name(String),
    /// By id, as credentials from the dashboard name it.
    Id(String),
}

/// What is needed to log in and to find the VIM.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Keystone, with or without `/v3`.
    pub auth_url: String,
    /// Project that the token is for.
    pub project_name: String,
    /// Its domain.
    pub project_domain: Domain,
    /// User.
    pub username: String,
    /// Its password.
    pub password: Secret,
    /// Its domain.
    pub user_domain_name: String,
    /// Region of the VIM's endpoint.
    pub region_name: String,
    /// Kind of the VIM's endpoint: `internal`, `public`, `admin`.
    pub interface: String,
}

/// The project's domain when neither option nor environment names one.
const DEFAULT_DOMAIN: &str = "Default";

impl Credentials {
    /// Takes each setting from its option (`os-auth-url`) or else from the environment (`OS_AUTH_URL`).
    ///
    /// # Errors
    /// One is missing: the original's message.
    pub fn gather(
        option: impl Fn(&str) -> Option<String>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, &'static str> {
        let find = |key: &str| option(key).or_else(|| environment(&key.replace('-', "_").to_uppercase()));
        let project_domain = || {
            let name = find("os-project-domain-name").map(Domain::Name);
            let id = || environment("OS_PROJECT_DOMAIN_ID").filter(|id| !id.is_empty()).map(Domain::Id);
            name.or_else(id).unwrap_or_else(|| Domain::Name(DEFAULT_DOMAIN.to_owned()))
        };
        // what is missing is told in this order
        Ok(Self {
            auth_url: find("os-auth-url").ok_or("Authentication URI not given")?,
            project_name: find("os-project-name").ok_or("Project name not given")?,
            project_domain: project_domain(),
            username: find("os-username").ok_or("Username not given")?,
            password: Secret::new(find("os-password").ok_or("User password not given")?),
            user_domain_name: find("os-user-domain-name").ok_or("User domain name not given")?,
            region_name: find("os-region-name").ok_or("Openstack region name not given")?,
            interface: find("os-interface").ok_or("Openstack interface not given")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_goes_before_the_environment_and_the_first_that_lacks_is_told() {
        let all = [
            ("OS_AUTH_URL", "Authentication URI not given"),
            ("OS_PROJECT_NAME", "Project name not given"),
            ("OS_USERNAME", "Username not given"),
            ("OS_PASSWORD", "User password not given"),
            ("OS_USER_DOMAIN_NAME", "User domain name not given"),
            ("OS_REGION_NAME", "Openstack region name not given"),
            ("OS_INTERFACE", "Openstack interface not given"),
        ];
        for (missing, expected) in all {
            let got = Credentials::gather(|_| None, |name| (name != missing).then(|| name.to_owned()));
            assert_eq!(got.map(|_| ()), Err(expected));
        }
        let option = |key: &str| (key == "os-username").then(|| "given".to_owned());
        let got = Credentials::gather(option, |name| Some(format!("env {name}"))).unwrap();
        assert_eq!((got.username.as_str(), got.project_name.as_str()), ("given", "env OS_PROJECT_NAME"));
        assert_eq!(got.project_domain, Domain::Name("env OS_PROJECT_DOMAIN_NAME".to_owned()));
    }

    #[test]
    fn the_project_domain_comes_from_name_id_or_default() {
        let domain = |known: &'static [&'static str]| {
            let known = move |name: &str| {
                (!name.contains("DOMAIN") || name.contains("USER") || known.contains(&name))
                    .then(|| name.to_owned())
            };
            Credentials::gather(|_| None, known).unwrap().project_domain
        };
        assert_eq!(domain(&[]), Domain::Name("Default".to_owned()));
        assert_eq!(domain(&["OS_PROJECT_DOMAIN_ID"]), Domain::Id("OS_PROJECT_DOMAIN_ID".to_owned()));
        let both = domain(&["OS_PROJECT_DOMAIN_ID", "OS_PROJECT_DOMAIN_NAME"]);
        assert_eq!(both, Domain::Name("OS_PROJECT_DOMAIN_NAME".to_owned()));
    }
}
