//! TLS of the listener and towards the upstreams. Each configuration is made once.
//!
//! Contract: nova-api-proxy 4.2, 7.1.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::config::TlsFiles;
use crate::error::StartError;

fn wrong(what: &str, path: &Path, cause: &dyn std::fmt::Display) -> StartError {
    StartError::Tls(format!("cannot use {what} {}: {cause}", path.display()))
}

fn certificates(what: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, StartError> {
    let certificates = CertificateDer::pem_file_iter(path).map_err(|cause| wrong(what, path, &cause))?;
    let certificates: Vec<_> =
        certificates.collect::<Result<_, _>>().map_err(|cause| wrong(what, path, &cause))?;
    if certificates.is_empty() {
        return Err(wrong(what, path, &"there is no certificate in it"));
    }
    Ok(certificates)
}

fn roots(what: &str, path: &Path) -> Result<RootCertStore, StartError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(what, path)? {
        roots.add(certificate).map_err(|cause| wrong(what, path, &cause))?;
    }
    Ok(roots)
}

/// The listener's side.
///
/// # Errors
/// A file is missing, not named or cannot be used.
pub fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, StartError> {
    for (what, path) in [("cert_file", &files.cert), ("ca_file", &files.ca), ("key_file", &files.key)] {
        if let Some(path) = path.as_ref().filter(|path| !path.exists()) {
            return Err(StartError::Tls(format!("Unable to find {what} : {}", path.display())));
        }
    }
    let (Some(cert), Some(key)) = (&files.cert, &files.key) else {
        return Err(StartError::Tls(
            "When running server in SSL mode, you must specify both a cert_file and key_file option value in your \
             configuration file"
                .to_owned(),
        ));
    };
    // the provider may have been chosen before
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = match &files.ca {
        None => ServerConfig::builder().with_no_client_auth(),
        Some(ca) => {
            let verifier = WebPkiClientVerifier::builder(Arc::new(roots("ca_file", ca)?)).build();
            ServerConfig::builder()
                .with_client_cert_verifier(verifier.map_err(|cause| wrong("ca_file", ca, &cause))?)
        }
    };
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|cause| wrong("key_file", key, &cause))?;
    let config = builder.with_single_cert(certificates("cert_file", cert)?, secret);
    Ok(TlsAcceptor::from(Arc::new(config.map_err(|cause| wrong("cert_file", cert, &cause))?)))
}

/// The side towards the upstreams: their certificates are checked against `ca`, or against the system's roots.
///
/// # Errors
/// The file cannot be used.
pub fn connector(ca: Option<&Path>) -> Result<TlsConnector, StartError> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let roots = match ca {
        Some(path) => roots("upstream_ca_file", path)?,
        None => {
            let mut roots = RootCertStore::empty();
            // a certificate of the system that cannot be used is no reason not to use the others
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            roots
        }
    };
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
