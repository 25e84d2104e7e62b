//! The client's side of TLS, by rustls with ring. The server's certificate is always verified.

use std::fmt;
use std::io;
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, ClientConnection, Error, RootCertStore,
    StreamOwned,
};

use super::{ClientCertificate, Endpoint, Socket};
use crate::error::{CallError, TlsError};

/// A connection after its handshake. A read asks for at least as much as rustls ever holds
/// back, so what a read leaves is always in the socket: the descriptor may be polled.
impl Socket for StreamOwned<ClientConnection, TcpStream> {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.get_ref().as_fd()
    }
}

/// Shake hands with the server that must prove to be `host`.
pub(crate) fn secure(
    mut stream: TcpStream,
    host: &str,
    endpoint: &Endpoint,
) -> Result<Box<dyn Socket>, CallError> {
    let config = Arc::new(config(endpoint)?);
    let mut session = ClientConnection::new(config, server_name(host)?).map_err(other)?;
    while session.is_handshaking() {
        session.complete_io(&mut stream).map_err(reason)?;
    }
    Ok(Box::new(StreamOwned::new(session, stream)))
}

pub(crate) fn server_name(host: &str) -> Result<ServerName<'static>, TlsError> {
    ServerName::try_from(host.to_owned()).map_err(other)
}

fn other(error: impl fmt::Display) -> TlsError {
    TlsError::Other(error.to_string())
}

/// Why a secure connection failed, in the handshake or later.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a user can act upon few of them"
)]
pub(crate) fn reason(error: io::Error) -> CallError {
    use CertificateError as Certificate;
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    let Some(tls) = inner else {
        return CallError::Io(error);
    };
    let text = error.to_string();
    let reason = match tls {
        Error::InvalidMessage(_) => TlsError::NotTls,
        Error::AlertReceived(AlertDescription::CertificateRequired) => TlsError::NoIdentity(text),
        Error::InvalidCertificate(
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. },
        ) => TlsError::OtherName(text),
        Error::InvalidCertificate(
            Certificate::Expired
            | Certificate::ExpiredContext { .. }
            | Certificate::NotValidYet
            | Certificate::NotValidYetContext { .. },
        ) => TlsError::OutOfTime(text),
        Error::InvalidCertificate(_) => TlsError::Untrusted(text),
        _ => TlsError::Other(text),
    };
    reason.into()
}

/// Reads the files that the endpoint names, and the system's authorities if it trusts them.
pub(crate) fn config(endpoint: &Endpoint) -> Result<ClientConfig, TlsError> {
    let roots = match &endpoint.trust {
        None => system_authorities()?,
        Some(path) => authorities(path)?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(other)?;
    let builder = builder.with_root_certificates(roots);
    let Some(ClientCertificate { cert, key }) = &endpoint.identity else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = certificates(cert).map_err(TlsError::NoIdentity)?;
    let secret = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| TlsError::NoIdentity(about(key, &error)))?;
    builder
        .with_client_auth_cert(chain, secret)
        .map_err(|error| TlsError::NoIdentity(about(cert, &error)))
}

fn about(path: &Path, why: &dyn fmt::Display) -> String {
    format!("{}: {why}", path.display())
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| about(path, &error))?;
    if found.is_empty() {
        return Err(about(path, &"no certificate in it"));
    }
    Ok(found)
}

fn system_authorities() -> Result<RootCertStore, TlsError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // some of them are too old for any use; the others still count
    let (good, _) = roots.add_parsable_certificates(found.certs);
    if good == 0 {
        let why = "no certificate authorities on this system";
        return Err(TlsError::NoAuthorities(why.to_owned()));
    }
    Ok(roots)
}

fn authorities(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for authority in certificates(path).map_err(TlsError::NoAuthorities)? {
        roots
            .add(authority)
            .map_err(|error| TlsError::NoAuthorities(about(path, &error)))?;
    }
    Ok(roots)
}
