//! The paste file: which stages a request passes, in which order.
//!
//! Only the stages that the original package has can be named; there is no Python to load others from.
//!
//! Contract: nova-api-proxy 5, deployment 3.6.

use std::collections::BTreeMap;
use std::path::Path;

use nfv_common::config::ConfigError;
use nfv_common::config::ini::{Document, Section};

use crate::error::StartError;

/// A stage that a request passes before it is forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Logs the request's headers.
    DebugHeader,
    /// Forwards every GET to Nova at once.
    Version,
    /// Validates tokens; keys of the section win over `[keystone_authtoken]`.
    AuthToken(BTreeMap<String, String>),
    /// Chooses between the VIM and Nova.
    Acceptor,
}

/// What performs a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum App {
    /// Forwards it.
    Proxy,
    /// Forwards it and logs headers and bodies at DEBUG.
    DebugProxy,
}

/// The stages in order and what stands behind them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// The stages.
    pub filters: Vec<Filter>,
    /// The last one.
    pub app: App,
}

/// What a factory makes.
#[derive(Clone, Copy)]
enum Factory {
    DebugHeader,
    Version,
    AuthToken,
    Acceptor,
}

const FILTERS: [(&str, Factory); 4] = [
    ("nova_api_proxy.apps.acceptor:DebugHeaders.factory", Factory::DebugHeader),
    ("nova_api_proxy.apps.acceptor:VersionAcceptor.factory", Factory::Version),
    ("keystonemiddleware.auth_token:filter_factory", Factory::AuthToken),
    ("nova_api_proxy.apps.acceptor:Acceptor.factory", Factory::Acceptor),
];

const APPS: [(&str, App); 2] = [
    ("nova_api_proxy.apps.proxy:Proxy.factory", App::Proxy),
    ("nova_api_proxy.apps.proxy:DebugProxy.factory", App::DebugProxy),
];

/// Why there is no pipeline.
#[derive(Debug)]
pub enum PasteError {
    /// The section is not there: the original serves, and answers every request with 500.
    Lookup(String),
    /// The file cannot be used.
    Start(StartError),
}

impl From<StartError> for PasteError {
    fn from(error: StartError) -> Self {
        Self::Start(error)
    }
}

impl Pipeline {
    /// Reads the pipeline or app `name` of a file.
    ///
    /// # Errors
    /// See [`PasteError`].
    pub fn load(file: &Path, name: &str) -> Result<Self, PasteError> {
        let shown = file.display().to_string();
        let content = std::fs::read(file)
            .map_err(|cause| StartError::Config(ConfigError::Read { file: shown.as_str().into(), cause }))?;
        Self::parse(&shown, &content, name)
    }

    /// [`Self::load`] on a file's content.
    ///
    /// # Errors
    /// See [`PasteError`].
    pub fn parse(file: &str, content: &[u8], name: &str) -> Result<Self, PasteError> {
        let document = Document::parse(content)
            .map_err(|cause| StartError::Config(ConfigError::Syntax { file: file.into(), cause }))?;
        let reader = Reader { file, document: &document };
        if let Some(section) = reader.find("pipeline:", name) {
            let stages = section.get("pipeline").cloned().unwrap_or_default();
            let mut stages: Vec<&str> = stages.split_whitespace().collect();
            let Some(app) = stages.pop() else {
                return Err(reader.wrong(format!("[pipeline:{name}] has no 'pipeline'")).into());
            };
            let filters = stages.into_iter().map(|stage| reader.filter(stage)).collect::<Result<_, _>>()?;
            return Ok(Self { filters, app: reader.app(app)? });
        }
        Ok(Self { filters: Vec::new(), app: reader.app(name)? })
    }
}

struct Reader<'a> {
    file: &'a str,
    document: &'a Document,
}

impl Reader<'_> {
    fn find(&self, prefix: &str, name: &str) -> Option<Section> {
        self.document.section(&format!("{prefix}{name}"))
    }

    fn wrong(&self, what: String) -> StartError {
        StartError::Paste { file: self.file.into(), what }
    }

    fn lookup(&self, name: &str, prefixes: &str) -> PasteError {
        PasteError::Lookup(format!(
            "No section '{name}' (prefixed by {prefixes}) found in config {}",
            self.file
        ))
    }

    /// Keys of the section itself; those of `[DEFAULT]` are the file's global ones and concern no factory.
    fn own_keys(&self, mut section: Section, key: &str) -> (Option<String>, Section) {
        let factory = section.remove(key);
        let globals = self.document.defaults();
        section.retain(|key, value| globals.get(key) != Some(value) && !key.starts_with("set "));
        (factory, section)
    }

    fn filter(&self, name: &str) -> Result<Filter, PasteError> {
        let section = self.find("filter:", name).ok_or_else(|| self.lookup(name, "'filter'"))?;
        let (factory, keys) = self.own_keys(section, "paste.filter_factory");
        let factory =
            factory.ok_or_else(|| self.wrong(format!("[filter:{name}] has no 'paste.filter_factory'")))?;
        let Some((_, made)) = FILTERS.iter().find(|(known, _)| *known == factory) else {
            return Err(self.wrong(format!("[filter:{name}]: there is no filter '{factory}'")).into());
        };
        let plain = |filter: Filter| match keys.keys().next() {
            None => Ok(filter),
            Some(key) => Err(self.wrong(format!("[filter:{name}] has an unexpected key '{key}'")).into()),
        };
        match made {
            Factory::DebugHeader => plain(Filter::DebugHeader),
            Factory::Version => plain(Filter::Version),
            Factory::Acceptor => plain(Filter::Acceptor),
            Factory::AuthToken => Ok(Filter::AuthToken(keys)),
        }
    }

    fn app(&self, name: &str) -> Result<App, PasteError> {
        let section = ["app:", "application:"].iter().find_map(|prefix| self.find(prefix, name));
        let section = section.ok_or_else(|| {
            self.lookup(
                name,
                "'app' or 'application' or 'composite' or 'composit' or 'pipeline' or 'filter-app'",
            )
        })?;
        let (factory, keys) = self.own_keys(section, "paste.app_factory");
        let factory =
            factory.ok_or_else(|| self.wrong(format!("[app:{name}] has no 'paste.app_factory'")))?;
        if let Some(key) = keys.keys().next() {
            return Err(self.wrong(format!("[app:{name}] has an unexpected key '{key}'")).into());
        }
        let app = APPS.iter().find(|(known, _)| *known == factory).map(|(_, app)| *app);
        app.ok_or_else(|| self.wrong(format!("[app:{name}]: there is no app '{factory}'")).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../etc/api-proxy-paste.ini");

    fn parse(content: &str) -> Result<Pipeline, String> {
        Pipeline::parse("p.ini", content.as_bytes(), "nova-api-proxy").map_err(|error| match error {
            PasteError::Lookup(text) => format!("lookup: {text}"),
            PasteError::Start(error) => error.to_string(),
        })
    }

    #[test]
    fn the_shipped_file_and_what_operators_made_of_it() {
        let auth = || Filter::AuthToken(BTreeMap::new());
        for (pipeline, filters) in [
            ("version authtoken acceptor proxyapp", vec![Filter::Version, auth(), Filter::Acceptor]),
            ("version acceptor proxyapp", vec![Filter::Version, Filter::Acceptor]),
            (
                "debug_header version authtoken acceptor\n  proxyapp",
                vec![Filter::DebugHeader, Filter::Version, auth(), Filter::Acceptor],
            ),
            ("proxyapp", vec![]),
        ] {
            let content = SHIPPED.replace("version authtoken acceptor proxyapp", pipeline);
            assert_eq!(parse(&content).unwrap(), Pipeline { filters, app: App::Proxy }, "{pipeline}");
        }
        let content = SHIPPED.replace("proxy:Proxy.factory", "proxy:DebugProxy.factory");
        assert_eq!(parse(&content).unwrap().app, App::DebugProxy);
    }

    #[test]
    fn authtoken_takes_keys_and_globals_concern_nobody() {
        let content = format!("[DEFAULT]\nx = 1\n{SHIPPED}").replace(
            "keystonemiddleware.auth_token:filter_factory",
            "keystonemiddleware.auth_token:filter_factory\ndelay_auth_decision = true",
        );
        let keys = BTreeMap::from([("delay_auth_decision".to_owned(), "true".to_owned())]);
        assert_eq!(parse(&content).unwrap().filters[1], Filter::AuthToken(keys));
    }

    #[test]
    fn a_missing_section_is_a_lookup_error_and_anything_else_ends_the_start() {
        for (from, to, expected) in [
            (
                "[pipeline:nova-api-proxy]",
                "[pipeline:other]",
                "lookup: No section 'nova-api-proxy' (prefixed by",
            ),
            ("[filter:version]", "[filter:versions]", "lookup: No section 'version' (prefixed by 'filter')"),
            ("[app:proxyapp]", "[app:proxy]", "lookup: No section 'proxyapp' (prefixed by 'app'"),
            (
                "Acceptor.factory\n\n[app",
                "Acceptor.factory\nextra = 1\n\n[app",
                "paste file p.ini: [filter:acceptor] has an unexpected key 'extra'",
            ),
            (
                "Proxy.factory",
                "Proxy.factory\nx = 1",
                "paste file p.ini: [app:proxyapp] has an unexpected key 'x'",
            ),
            (
                "nova_api_proxy.apps.acceptor:VersionAcceptor.factory",
                "oslo_middleware:Cors.factory",
                "paste file p.ini: [filter:version]: there is no filter 'oslo_middleware:Cors.factory'",
            ),
            (
                "pipeline = version authtoken acceptor proxyapp",
                "pipeline =",
                "paste file p.ini: [pipeline:nova-api-proxy] has no 'pipeline'",
            ),
            ("pipeline = version", "pipeline version", "configuration file p.ini: neither section"),
        ] {
            let content = SHIPPED.replace(from, to);
            assert_ne!(content, SHIPPED, "{from}");
            let error = parse(&content).unwrap_err();
            assert!(error.starts_with(expected), "{from}: {error}");
        }
    }
}
