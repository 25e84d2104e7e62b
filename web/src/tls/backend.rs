//! Settings and handshakes by rustls with ring.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;
use visord_config::TlsConfig;

use crate::connections::Io;

pub(super) type Settings = ServerConfig;

pub(super) async fn accept(settings: Arc<Settings>, io: Box<dyn Io>) -> io::Result<Box<dyn Io>> {
    let secured = TlsAcceptor::from(settings).accept(io).await?;
    Ok(Box::new(secured))
}

pub(super) fn read(files: &TlsConfig) -> io::Result<Settings> {
    let chain = certificates(&files.cert)?;
    let key = pem(&files.key).and_then(|text| PrivateKeyDer::from_pem_slice(&text));
    let key = key.map_err(about(&files.key))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(about(&files.cert))?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(file) => {
            let mut roots = RootCertStore::empty();
            for authority in certificates(file)? {
                roots.add(authority).map_err(about(file))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().map_err(about(file))?)
        }
    };
    let config = builder.with_single_cert(chain, key);
    let mut config = config.map_err(about(&files.cert))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // most clients are programs that run for a moment: they would not use a ticket
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// The error of a file.
fn about<E: fmt::Display>(file: &Path) -> impl FnOnce(E) -> io::Error {
    move |error| io::Error::other(format!("{}: {error}", file.display()))
}

/// The text of a file, which may be a symbolic link, as certificates often are.
fn pem(file: &Path) -> Result<Vec<u8>, pem::Error> {
    visord_files::read_linked(file).map_err(pem::Error::Io)
}

fn certificates(file: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let found: Vec<_> = pem(file)
        .and_then(|text| CertificateDer::pem_slice_iter(&text).collect())
        .map_err(about(file))?;
    if found.is_empty() {
        return Err(about(file)("no certificate in it"));
    }
    Ok(found)
}
