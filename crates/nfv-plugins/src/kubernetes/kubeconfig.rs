//! The part of a kubeconfig that leads to the API server: the current context with its cluster and user.

use crate::error::PluginError;
use crate::openstack::rest;
use crate::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use yaml_rust2::{Yaml, YamlLoader};

/// Server and credentials. No error holds a part of them.
#[derive(Debug)]
pub(super) struct Kubeconfig {
    /// Address without a slash at its end.
    pub server: String,
    /// For `Authorization: Bearer`.
    pub token: Option<Secret>,
    /// Certificates (PEM) of which one must have signed the server's; none: the system's trust store.
    authority: Option<Vec<u8>>,
    /// Own certificate and key, PEM.
    identity: Option<Secret>,
    /// The file says that the server's certificate need not be looked at.
    skip_verify: bool,
}

impl Kubeconfig {
    /// Reads a kubeconfig; the error says what is missing.
    pub(super) fn read(file: &str) -> Result<Self, String> {
        // the parser's own text may quote the file
        let documents = YamlLoader::load_from_str(file)
            .map_err(|error| format!("no YAML: line {}", error.marker().line()))?;
        let root = documents.first().ok_or("is empty")?;
        let current = text(&root["current-context"]).ok_or("names no current-context")?;
        let context = named(root, "contexts", "context", current)?;
        let part = |key: &str| text(&context[key]).ok_or_else(|| format!("context {current} names no {key}"));
        let cluster = named(root, "clusters", "cluster", part("cluster")?)?;
        let user = named(root, "users", "user", part("user")?)?;
        let server = text(&cluster["server"]).ok_or("its cluster names no server")?;
        let certificate = data(user, "client-certificate")?;
        let key = data(user, "client-key")?;
        let identity = match (certificate, key) {
            (Some(certificate), Some(key)) => {
                let pem = [certificate, b"\n".to_vec(), key].concat();
                let pem = String::from_utf8(pem).map_err(|_| "its client certificate is no PEM")?;
                Some(Secret::new(pem))
            }
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => {
                return Err("its user has a certificate or a key, but not both".to_owned());
            }
        };
        Ok(Self {
            server: server.trim_end_matches('/').to_owned(),
            token: text(&user["token"]).map(Secret::new),
            authority: data(cluster, "certificate-authority")?,
            identity,
            skip_verify: cluster["insecure-skip-tls-verify"].as_bool() == Some(true),
        })
    }

    /// A client that trusts the cluster's authority and shows the user's certificate. Proxies of the environment
    /// are not used.
    pub(super) fn client(&self) -> Result<reqwest::Client, PluginError> {
        let failed = |error: reqwest::Error| PluginError::Client(innermost(&error));
        let mut builder = rest::builder().no_proxy().tls_danger_accept_invalid_certs(self.skip_verify);
        if let Some(authority) = &self.authority {
            let authority = reqwest::Certificate::from_pem_bundle(authority).map_err(failed)?;
            if authority.is_empty() {
                return Err(PluginError::Client("certificate-authority holds no certificate".to_owned()));
            }
            builder = builder.tls_certs_only(authority);
        }
        if let Some(identity) = &self.identity {
            let identity = reqwest::Identity::from_pem(identity.expose().as_bytes());
            builder = builder.identity(identity.map_err(failed)?);
        }
        builder.build().map_err(failed)
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut at = error;
    while let Some(source) = at.source() {
        at = source;
    }
    at.to_string()
}

fn text(value: &Yaml) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// The entry of a list by its name.
fn named<'a>(root: &'a Yaml, list: &str, kind: &str, name: &str) -> Result<&'a Yaml, String> {
    let entries = root[list].as_vec().map(Vec::as_slice).unwrap_or_default();
    let entry = entries.iter().find(|entry| entry["name"].as_str() == Some(name));
    entry.map(|entry| &entry[kind]).ok_or_else(|| format!("has no {kind} {name}"))
}

/// `{key}-data` in base64, else the content of the file that `{key}` names.
fn data(of: &Yaml, key: &str) -> Result<Option<Vec<u8>>, String> {
    if let Some(encoded) = text(&of[format!("{key}-data").as_str()]) {
        let joined: String = encoded.split_whitespace().collect();
        return STANDARD.decode(joined).map(Some).map_err(|_| format!("its {key}-data is no base64"));
    }
    match text(&of[key]) {
        Some(path) => std::fs::read(path).map(Some).map_err(|error| format!("{path}: {error}")),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "apiVersion: v1\nkind: Config\nclusters:\n- cluster:\n    certificate-authority-data: WA==\n    \
        server: https://[fd01::2]:6443/\n  name: kubernetes\n- cluster: {server: 'http://other'}\n  name: other\n\
        contexts:\n- context:\n    cluster: kubernetes\n    user: kubernetes-admin\n  name: kubernetes-admin@kubernetes\n\
        current-context: kubernetes-admin@kubernetes\npreferences: {}\nusers:\n- name: kubernetes-admin\n  user:\n    \
        client-certificate-data: Q0VSVA==\n    client-key-data: S0VZ\n    token: t0ken\n";

    #[test]
    fn the_current_context_leads_to_cluster_and_user() {
        let config = Kubeconfig::read(GOOD).unwrap();
        assert_eq!(config.server, "https://[fd01::2]:6443");
        assert_eq!(config.authority.as_deref(), Some(&b"X"[..]));
        assert_eq!(config.identity.as_ref().unwrap().expose(), "CERT\nKEY");
        assert!(!config.skip_verify);
        let text = format!("{config:?}");
        assert!(!text.contains("KEY") && !text.contains("t0ken"), "{text}");
        assert!(config.client().is_err(), "X is no certificate");
    }

    #[test]
    fn what_is_missing_is_named() {
        for (from, to, words) in [
            (GOOD, "", "is empty"),
            (GOOD, "a: [", "no YAML"),
            ("current-context: kubernetes-admin@kubernetes", "", "no current-context"),
            ("current-context: kubernetes-admin@", "current-context: x@", "has no context x@kubernetes"),
            ("    user: kubernetes-admin\n", "", "names no user"),
            ("    user: kubernetes-admin\n", "    user: nobody\n", "has no user nobody"),
            ("    server: https://[fd01::2]:6443/\n", "", "names no server"),
            ("client-key-data: S0VZ", "client-key-data: '***'", "client-key-data is no base64"),
            ("client-key-data: S0VZ", "client-key: /nonexistent/key", "/nonexistent/key"),
            ("    client-key-data: S0VZ\n", "", "not both"),
        ] {
            let error = Kubeconfig::read(&GOOD.replace(from, to)).unwrap_err();
            assert!(error.contains(words), "{words}: {error}");
        }
    }
}
