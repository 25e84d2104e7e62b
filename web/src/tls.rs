//! TLS of a TCP listener (ours): its certificate, and how it is read again.
//!
//! The files are read before the daemon goes to the background, so that a mistake in them is shown
//! on the terminal, and again when logs are reopened (SIGUSR2). Then a mistake is only logged, and
//! the previous certificate stays in use. Connections keep the certificate that they began with.

use std::io;
use std::sync::Arc;

use parking_lot::RwLock;
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

    pub(super) fn read(_: &TlsConfig) -> io::Result<Settings> {
        Err(io::Error::other("this build has no TLS"))
    }

    pub(super) async fn accept(settings: Arc<Settings>, _: Box<dyn Io>) -> io::Result<Box<dyn Io>> {
        match *settings {}
    }
}

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
    pub fn new(files: &TlsConfig) -> io::Result<Arc<Self>> {
        let current = RwLock::new(Arc::new(backend::read(files)?));
        let files = files.clone();
        Ok(Arc::new(Self { files, current }))
    }

    /// Reads the files again, for new connections. Blocks.
    ///
    /// # Errors
    /// As of [`Tls::new`]; then nothing changes.
    pub fn read_again(&self) -> io::Result<()> {
        let new = Arc::new(backend::read(&self.files)?);
        *self.current.write() = new;
        Ok(())
    }

    /// A connection after its handshake.
    ///
    /// # Errors
    /// Client and server have no version or cipher in common, or the client left.
    pub async fn accept(&self, io: Box<dyn Io>) -> io::Result<Box<dyn Io>> {
        let settings = Arc::clone(&self.current.read());
        backend::accept(settings, io).await
    }
}
