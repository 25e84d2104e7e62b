//! The client's side of TLS, by rustls with ring. The server's certificate is always verified.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, ClientConnection, Error, RootCertStore, StreamOwned};

use super::{TlsError, Trust};

/// A connection after its handshake. A read asks for at least as much as rustls ever holds
/// back, so what a read leaves is always in the socket: the descriptor may be polled.
pub(super) struct Secured(Box<StreamOwned<ClientConnection, TcpStream>>);

impl fmt::Debug for Secured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Secured").field(self.get_ref()).finish()
    }
}

/// Shake hands with the server that must prove to be `host`.
pub(super) fn secure(
    mut stream: TcpStream,
    host: &str,
    trust: &Trust,
) -> Result<Secured, TlsError> {
    let other = |error: &dyn fmt::Display| TlsError::Other(error.to_string());
    let name = ServerName::try_from(host.to_owned()).map_err(|error| other(&error))?;
    let config = Arc::new(config(trust)?);
    let mut session = ClientConnection::new(config, name).map_err(|error| other(&error))?;
    while session.is_handshaking() {
        session.complete_io(&mut stream).map_err(reason)?;
    }
    Ok(Secured(Box::new(StreamOwned::new(session, stream))))
}

/// What a failed handshake means.
fn reason(error: io::Error) -> TlsError {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    let Some(tls) = inner else {
        return TlsError::Broken(error);
    };
    let text = error.to_string();
    if matches!(tls, Error::InvalidMessage(_)) {
        return TlsError::NotTls;
    }
    let Error::InvalidCertificate(why) = tls else {
        return TlsError::Other(text);
    };
    if matches!(
        why,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
    ) {
        TlsError::OtherName(text)
    } else if matches!(
        why,
        CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. }
    ) {
        TlsError::OutOfTime(text)
    } else {
        TlsError::Untrusted(text)
    }
}

fn config(trust: &Trust) -> Result<ClientConfig, TlsError> {
    let roots = match trust {
        Trust::System => system_authorities()?,
        Trust::File(path) => authorities(path)?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Other(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
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
    let about =
        |why: &dyn fmt::Display| TlsError::NoAuthorities(format!("{}: {why}", path.display()));
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_file_iter(path).map_err(|error| about(&error))? {
        let authority = authority.map_err(|error| about(&error))?;
        roots.add(authority).map_err(|error| about(&error))?;
    }
    if roots.is_empty() {
        return Err(about(&"no certificate in it"));
    }
    Ok(roots)
}

impl Secured {
    pub(super) fn get_ref(&self) -> &TcpStream {
        self.0.get_ref()
    }
}

impl Read for Secured {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Secured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
