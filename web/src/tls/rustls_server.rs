//! The server's side, by rustls with ring.

use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use visord_config::TlsConfig;

use super::TlsError;

/// A connection after its handshake.
pub type Secured = tokio_rustls::server::TlsStream<TcpStream>;

/// The certificate of a listener as it was read last.
#[derive(Debug)]
pub struct Tls {
    files: TlsConfig,
    current: RwLock<Arc<ServerConfig>>,
}

impl Tls {
    /// Read the files.
    ///
    /// # Errors
    /// One cannot be read, or they do not fit together.
    pub fn new(files: &TlsConfig) -> Result<Self, TlsError> {
        Ok(Self {
            files: files.clone(),
            current: RwLock::new(Arc::new(read(files)?)),
        })
    }

    /// Read the files again, for new connections. Blocks.
    ///
    /// # Errors
    /// As of [`Tls::new`]; then nothing changes.
    pub fn read_again(&self) -> Result<(), TlsError> {
        let fresh = Arc::new(read(&self.files)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// Shake hands with a client.
    ///
    /// # Errors
    /// The client cannot agree with us, or left.
    pub async fn accept(&self, stream: TcpStream) -> io::Result<Box<Secured>> {
        let config = Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner));
        let secured = TlsAcceptor::from(config).accept(stream).await?;
        Ok(Box::new(secured))
    }
}

fn read(files: &TlsConfig) -> Result<ServerConfig, TlsError> {
    let chain = certificates(&files.cert)?;
    let key = pem(&files.key)
        .and_then(|text| PrivateKeyDer::from_pem_slice(&text))
        .map_err(|error| TlsError::about(&files.key, error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::about(&files.cert, error))?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(file) => {
            let mut roots = RootCertStore::empty();
            for authority in certificates(file)? {
                roots
                    .add(authority)
                    .map_err(|error| TlsError::about(file, error))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map_err(|error| TlsError::about(file, error))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder
        .with_single_cert(chain, key)
        .map_err(|error| TlsError::about(&files.cert, error))?;
    // HTTP/1.1 is all there is
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // clients are programs that run for a moment: they would never come back with a ticket
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// The text of a file; certificates are often linked.
fn pem(file: &Path) -> Result<Vec<u8>, pem::Error> {
    visord_files::read_linked(file).map_err(pem::Error::Io)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let about = |error| TlsError::about(file, error);
    let found: Vec<_> = pem(file)
        .and_then(|text| CertificateDer::pem_slice_iter(&text).collect())
        .map_err(about)?;
    if found.is_empty() {
        return Err(TlsError::about(file, "no certificate in it"));
    }
    Ok(found)
}
