//! Servers over a restart of the daemon: what stays open, and what must go first.

use std::io;
use std::sync::Arc;

use visord_config::{HttpAddress, HttpConfig};

use super::{Bound, Socket};
use crate::tls::{Tls, TlsError};

impl Socket {
    /// Another descriptor of the same socket.
    ///
    /// # Errors
    /// No descriptor to be had.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(match self {
            Self::Inet(listener) => Self::Inet(listener.try_clone()?),
            Self::Unix(listener) => Self::Unix(listener.try_clone()?),
        })
    }
}

impl Bound {
    /// Go on with another configuration of the same address: nobody who connects is refused.
    /// Certificates are read again; if that fails, those in use stay.
    ///
    /// # Errors
    /// Why a certificate cannot be used.
    pub fn renew(&mut self, config: &HttpConfig) -> Result<(), TlsError> {
        self.config = config.clone();
        match &config.tls {
            None => self.tls = None,
            Some(files) => self.tls = Some(Arc::new(Tls::new(files)?)),
        }
        Ok(())
    }
}

/// Whether a server with this configuration can go on with the socket of that one.
#[must_use]
pub fn is_same_place(one: &HttpConfig, other: &HttpConfig) -> bool {
    one.address == other.address
}

/// Whether one of them cannot be opened while the other is: they share a path or a port.
#[must_use]
pub fn is_in_the_way(one: &HttpConfig, other: &HttpConfig) -> bool {
    match (&one.address, &other.address) {
        (HttpAddress::Unix { path: one, .. }, HttpAddress::Unix { path: other, .. }) => {
            one == other
        }
        (HttpAddress::Inet { port: one, .. }, HttpAddress::Inet { port: other, .. }) => {
            one == other
        }
        (HttpAddress::Unix { .. }, HttpAddress::Inet { .. })
        | (HttpAddress::Inet { .. }, HttpAddress::Unix { .. }) => false,
    }
}
