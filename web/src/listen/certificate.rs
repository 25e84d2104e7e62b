//! The certificate of a server.

use visord_config::HttpConfig;

use super::ListenError;
use crate::tls::Tls;

/// Whether a server that is to speak TLS could, without opening it. Reads files.
///
/// # Errors
/// Why it could not.
pub fn check_certificate(config: &HttpConfig) -> Result<(), ListenError> {
    certificate(config).map(drop)
}

/// The certificate of a server, if it speaks TLS.
pub(super) fn certificate(config: &HttpConfig) -> Result<Option<Tls>, ListenError> {
    let tls = config.tls.as_ref().map(Tls::new).transpose();
    tls.map_err(|error| ListenError::Tls {
        section: config.section.clone(),
        error,
    })
}
