//! TLS of a TCP listener (ours): its certificate, and how it is read again.
//!
//! The files are read before the daemon goes to the background, so that a mistake in them
//! reaches the terminal, and again when logs are reopened (SIGUSR2). Then a mistake is only
//! logged, and what was good until now stays in use. Connections keep the certificate that they
//! began with.

#[cfg(feature = "tls")]
mod rustls_server;

#[cfg(feature = "tls")]
pub use rustls_server::{Secured, Tls};

use std::fmt;
#[cfg(feature = "tls")]
use std::path::Path;
use std::path::PathBuf;

use visord_config::HttpConfig;

use crate::listen::ListenError;

/// Why a listener cannot speak TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsError {
    /// The file that is to blame, if one is.
    pub file: Option<PathBuf>,
    /// What is wrong.
    pub why: String,
}

impl TlsError {
    #[cfg(feature = "tls")]
    fn about(file: &Path, why: impl fmt::Display) -> Self {
        Self {
            file: Some(file.to_owned()),
            why: why.to_string(),
        }
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}: ", file.display())?;
        }
        f.write_str(&self.why)
    }
}

impl std::error::Error for TlsError {}

/// A build without the feature `tls`.
#[cfg(not(feature = "tls"))]
mod absent {
    use std::io;

    use tokio::net::TcpStream;
    use visord_config::TlsConfig;

    use super::TlsError;

    /// No such connection is ever made.
    pub type Secured = TcpStream;

    /// Cannot be made.
    #[derive(Debug)]
    pub enum Tls {}

    impl Tls {
        /// Refuse.
        ///
        /// # Errors
        /// Always.
        pub fn new(_: &TlsConfig) -> Result<Self, TlsError> {
            Err(TlsError {
                file: None,
                why: "this build has no TLS".to_owned(),
            })
        }

        /// Never called.
        ///
        /// # Errors
        /// None.
        pub fn read_again(&self) -> Result<(), TlsError> {
            match *self {}
        }

        /// Never called.
        ///
        /// # Errors
        /// None.
        pub async fn accept(&self, _: TcpStream) -> io::Result<Box<Secured>> {
            match *self {}
        }
    }
}

#[cfg(not(feature = "tls"))]
pub use absent::{Secured, Tls};

impl Tls {
    /// The certificate of a server, if it speaks TLS. Reads files.
    ///
    /// # Errors
    /// It is to speak TLS and cannot.
    pub fn of(config: &HttpConfig) -> Result<Option<Self>, ListenError> {
        let tls = config.tls.as_ref().map(Self::new).transpose();
        tls.map_err(|error| ListenError::Tls {
            section: config.section.clone(),
            error,
        })
    }
}
