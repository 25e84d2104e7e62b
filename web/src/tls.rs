//! TLS of a TCP listener (ours): its certificate, and how it is read again.
//!
//! The files are read before the daemon goes to the background, so that a mistake in them is shown
//! on the terminal, and again when logs are reopened (SIGUSR2). Then a mistake is only logged, and
//! the previous certificate stays in use. Connections keep the certificate that they began with.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use visord_config::TlsConfig;

use crate::connections::Io;

#[cfg(feature = "tls")]
mod backend;

/// A build without the feature `tls`: no settings exist, so no connection can be made.
#[cfg(not(feature = "tls"))]
mod backend {
    use super::*;

    #[derive(Debug)]
    pub(super) enum Settings {}

    pub(super) fn read(_: &TlsConfig) -> Result<Settings, CertificateError> {
        Err(CertificateError("this build has no TLS".to_owned()))
    }

    pub(super) async fn accept(settings: Arc<Settings>, _: Box<dyn Io>) -> io::Result<Box<dyn Io>> {
        match *settings {}
    }
}

/// Why a listener cannot use TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateError(String);

impl CertificateError {
    #[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "reads no files"))]
    fn about(file: &Path, why: impl fmt::Display) -> Self {
        Self(format!("{}: {why}", file.display()))
    }
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CertificateError {}

/// The certificate of a listener as it was last read.
#[derive(Debug)]
pub struct Tls {
    files: TlsConfig,
    current: RwLock<Arc<backend::Settings>>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// A file cannot be read, the files do not fit together, or this build has no TLS.
    pub fn new(files: &TlsConfig) -> Result<Self, CertificateError> {
        Ok(Self {
            files: files.clone(),
            current: RwLock::new(Arc::new(backend::read(files)?)),
        })
    }

    /// Reads the files again, for new connections. Blocks.
    ///
    /// # Errors
    /// As of [`Tls::new`]; then nothing changes.
    pub fn read_again(&self) -> Result<(), CertificateError> {
        let new = Arc::new(backend::read(&self.files)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// A connection after its handshake.
    ///
    /// # Errors
    /// Client and server have no version or cipher in common, or the client left.
    pub async fn accept(&self, io: Box<dyn Io>) -> io::Result<Box<dyn Io>> {
        let settings = Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner));
        backend::accept(settings, io).await
    }
}
