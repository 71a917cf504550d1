//! Which certificates are trusted.

use reqwest::{Certificate, Client, Url};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Whose certificates are trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// Whom the system trusts (also `SSL_CERT_FILE`, `SSL_CERT_DIR`).
    #[default]
    System,
    /// Whom this file, or the files in this directory, name; nobody else.
    Only(PathBuf),
}

/// A client without TLS and one with it; the latter is made when it is first needed, so that a bad file of certificates
/// does not matter where none is asked for.
pub(super) struct Clients {
    trust: Trust,
    plain: OnceLock<Result<Client, String>>,
    secured: OnceLock<Result<Client, String>>,
}

impl Clients {
    pub(super) fn new(trust: Trust) -> Self {
        Self { trust, plain: OnceLock::new(), secured: OnceLock::new() }
    }

    /// The client for an address, or why there is none.
    pub(super) fn of(&self, url: &Url) -> Result<Client, String> {
        let client = if url.scheme() == "https" {
            self.secured.get_or_init(|| secured(&self.trust))
        } else {
            self.plain.get_or_init(|| built(builder().tls_certs_only([])))
        };
        client.clone()
    }
}

fn builder() -> reqwest::ClientBuilder {
    // fails when some provider is installed already, which is as good
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder();
    // the library takes it for names only, Python for addresses as well
    let all = |name| std::env::var(name).is_ok_and(|hosts| hosts == "*");
    let client = if all("no_proxy") || all("NO_PROXY") { client.no_proxy() } else { client };
    client
        .http1_only()
        .http1_title_case_headers()
        .pool_max_idle_per_host(0)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
}

fn built(builder: reqwest::ClientBuilder) -> Result<Client, String> {
    builder.build().map_err(|error| format!("[SSL] no client: {error}"))
}

fn secured(trust: &Trust) -> Result<Client, String> {
    match trust {
        Trust::System => built(builder()),
        Trust::Only(path) => built(builder().tls_certs_only(certificates(path)?)),
    }
}

fn certificates(path: &Path) -> Result<Vec<Certificate>, String> {
    let io = |error: &std::io::Error| nfv_common::python_text::io_error(error, path);
    let mut files = Vec::new();
    if path.is_dir() {
        for entry in std::fs::read_dir(path).map_err(|error| io(&error))? {
            let file = entry.map_err(|error| io(&error))?.path();
            if file.is_file() {
                files.push(file);
            }
        }
    } else {
        files.push(path.to_owned());
    }
    let mut certificates = Vec::new();
    for file in files {
        let text = std::fs::read(&file).map_err(|error| io(&error))?;
        // a directory of certificates may hold other things
        certificates.extend(Certificate::from_pem_bundle(&text).unwrap_or_default());
    }
    if certificates.is_empty() {
        return Err(format!("[SSL] no certificate in {}", path.display()));
    }
    Ok(certificates)
}
