//! What ends a command early, and how that is said (spec interfaces 4.3).
//!
//! Scripts match `error: ` and the name of the original's exception; after it stands what
//! a person can do about it.

use std::fmt;
use std::io;

use visord_model::fault::FaultCode;
use visord_model::pyrepr::repr;
use visord_xmlrpc::http::{ANSWER_IS_TLS, Address, ServerUrl, TlsError};
use visord_xmlrpc::{CallError, WireFault};

use super::exit_status::is;

/// Why a command could not go on.
#[derive(Debug)]
pub enum Failure {
    /// A call to the server failed.
    Call(CallError),
    /// The server does not know these methods, which the command needs.
    Lacking(Vec<&'static str>),
    /// The answer lacks something; holds the name of it.
    Incomplete(&'static str),
    /// The answer has a result code that belongs to no outcome.
    UnknownResult(WireFault),
    /// The server's URL leads nowhere we can go.
    UnknownProtocol,
    /// The input ended where an answer was needed.
    EndOfInput,
    /// The terminal or standard output is gone.
    Terminal(io::Error),
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Terminal(error)
    }
}

impl Failure {
    /// The line for it; `url` is the server's as the user wrote it.
    #[must_use]
    pub fn line(&self, url: &str) -> String {
        if let Self::Call(CallError::Fault(fault)) = self
            && is(FaultCode::NotAllowed, fault.code)
        {
            // the original knows no such refusal, so there is no class to imitate
            let (_, why) = fault.string.split_once(": ").unwrap_or_default();
            return format!("error: not allowed: {why}");
        }
        let (class, text, advice) = self.parts(url);
        let mut line = format!("error: <class '{class}'>, {text}");
        if !advice.is_empty() {
            line.push_str(": ");
            line.push_str(&advice);
        }
        line
    }

    /// Whether the server is not there, or about to leave.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        match self {
            Self::Call(
                CallError::Refused
                | CallError::NoSuchFile
                | CallError::Io(_)
                | CallError::Disconnected,
            ) => true,
            Self::Call(CallError::Fault(fault)) => is(FaultCode::ShutdownState, fault.code),
            Self::Call(
                CallError::Resolve(_)
                | CallError::Tls(_)
                | CallError::Permission(_)
                | CallError::Unauthorized
                | CallError::Status { .. }
                | CallError::NotHttp(_)
                | CallError::NotXmlRpc(_),
            )
            | Self::Lacking(_)
            | Self::Incomplete(_)
            | Self::UnknownResult(_)
            | Self::UnknownProtocol
            | Self::EndOfInput
            | Self::Terminal(_) => false,
        }
    }

    /// The original's class of exception, its text, and advice.
    fn parts(&self, url: &str) -> (&'static str, String, String) {
        match self {
            Self::Call(error) => call_parts(error, url),
            Self::Lacking(methods) => {
                let fault = FaultCode::UnknownMethod;
                let text = format!("<Fault {}: {}>", fault.code(), repr(fault.name()));
                let advice = format!("the server at {url} does not have {}", methods.join(", "));
                ("xmlrpc.client.Fault", text, advice)
            }
            Self::Incomplete(name) => (
                "KeyError",
                repr(name),
                format!("the answer of {url} lacks it; is it a supervisor?"),
            ),
            Self::UnknownResult(WireFault { code, string }) => {
                let text = format!("Unknown result code {code} for {string}");
                ("ValueError", text, String::new())
            }
            Self::UnknownProtocol => (
                "ValueError",
                format!("Unknown protocol for serverurl {url}"),
                "it must begin with http:// or unix://".to_owned(),
            ),
            Self::EndOfInput => {
                let text = "EOF when reading a line".to_owned();
                ("EOFError", text, String::new())
            }
            Self::Terminal(error) => (class_of(error), errno_text(error), String::new()),
        }
    }
}

fn call_parts(error: &CallError, url: &str) -> (&'static str, String, String) {
    match error {
        CallError::Resolve(error) => {
            let text = error.to_string();
            let reason = text.rsplit(": ").next().unwrap_or_default().to_owned();
            let advice = format!("the host of {url} is unknown");
            ("socket.gaierror", reason, advice)
        }
        CallError::Refused => (
            "ConnectionRefusedError",
            "[Errno 111] Connection refused".to_owned(),
            format!("nobody listens at {url}; is supervisord running?"),
        ),
        CallError::NoSuchFile => (
            "FileNotFoundError",
            "[Errno 2] No such file or directory".to_owned(),
            format!("{url} does not exist; is supervisord running?"),
        ),
        CallError::Permission(error) => (
            "PermissionError",
            errno_text(error),
            format!(
                "this user may not use {url}; chmod and chown in [unix_http_server] say who may"
            ),
        ),
        CallError::Tls(error) => tls_parts(error, url),
        CallError::Io(error) => {
            let advice = format!("{url} cannot be reached");
            (class_of(error), errno_text(error), advice)
        }
        CallError::Disconnected => (
            "http.client.RemoteDisconnected",
            "Remote end closed connection without response".to_owned(),
            format!("{url} does not answer; is it a supervisor, and is it https://?"),
        ),
        CallError::Unauthorized => {
            let advice = "the name or the password is missing or wrong; -u and -p, or username \
                          and password in [supervisorctl], say what they are";
            protocol_error(401, "Unauthorized", url, advice.to_owned())
        }
        CallError::Status { code: 403, reason } => {
            let advice = format!("{url} does not allow that to this user");
            protocol_error(403, reason, url, advice)
        }
        CallError::Status { code, reason } => {
            let advice = format!("is {url} a supervisor?");
            protocol_error(*code, reason, url, advice)
        }
        CallError::Fault(WireFault { code, string }) => (
            "xmlrpc.client.Fault",
            format!("<Fault {code}: {}>", repr(string)),
            String::new(),
        ),
        CallError::NotHttp(what) if *what == ANSWER_IS_TLS => (
            "http.client.BadStatusLine",
            (*what).to_owned(),
            format!("{url} must begin with https://"),
        ),
        CallError::NotHttp(what) => (
            "http.client.BadStatusLine",
            (*what).to_owned(),
            format!("is {url} a supervisor?"),
        ),
        CallError::NotXmlRpc(error) => (
            "xml.parsers.expat.ExpatError",
            error.to_string(),
            format!("is {url} a supervisor?"),
        ),
    }
}

fn tls_parts(error: &TlsError, url: &str) -> (&'static str, String, String) {
    let advice = match error {
        TlsError::NotTls => format!("{url} must begin with http://"),
        TlsError::Untrusted(_) => format!(
            "nobody who is trusted vouches for {url}; tls_ca in [supervisorctl] names the file \
             with the certificate of who does"
        ),
        TlsError::OtherName(_) => {
            format!("{url} is somebody else; use the name in its certificate")
        }
        TlsError::OutOfTime(_) => format!("the certificate of {url} or the clock here is wrong"),
        TlsError::NoAuthorities(_) => {
            "tls_ca in [supervisorctl] names the file with the certificates to trust".to_owned()
        }
        TlsError::NoIdentity(_) | TlsError::WantsIdentity(_) => {
            "tls_cert and tls_key in [supervisorctl] name the files that prove who we are"
                .to_owned()
        }
        TlsError::Other(_) | TlsError::Broken(_) => url.to_owned(),
    };
    ("ssl.SSLError", error.to_string(), advice)
}

fn protocol_error(
    code: u16,
    reason: &str,
    url: &str,
    advice: String,
) -> (&'static str, String, String) {
    // The original knows every unix socket by this name.
    let place = match ServerUrl::parse(url).map(|url| url.address) {
        Ok(Address::Tcp { host, .. } | Address::Tls { host, .. }) => host,
        Ok(Address::Unix(_)) | Err(_) => "127.0.0.1".to_owned(),
    };
    (
        "xmlrpc.client.ProtocolError",
        format!("<ProtocolError for {place}/RPC2: {code} {reason}>"),
        advice,
    )
}

/// `[Errno 111] Connection refused`
#[must_use]
pub fn errno_text(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => {
            let errno = nix::errno::Errno::from_raw(number);
            format!("[Errno {number}] {}", errno.desc())
        }
        None => error.to_string(),
    }
}

fn class_of(error: &io::Error) -> &'static str {
    let kind = error.kind();
    if kind == io::ErrorKind::ConnectionReset {
        "ConnectionResetError"
    } else if kind == io::ErrorKind::BrokenPipe {
        "BrokenPipeError"
    } else if kind == io::ErrorKind::TimedOut {
        "TimeoutError"
    } else if kind == io::ErrorKind::NotADirectory {
        "NotADirectoryError"
    } else {
        "OSError"
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, text, _) = self.parts("the server");
        f.write_str(&text)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_not_there() {
        let absent = |error| Failure::Call(error).is_absence();
        assert!(absent(CallError::Refused) && absent(CallError::NoSuchFile));
        assert!(!absent(CallError::Unauthorized));
    }

    #[test]
    fn lines_begin_as_scripts_expect() {
        let fault = WireFault {
            code: 6,
            string: "SHUTDOWN_STATE".to_owned(),
        };
        let url = "http://localhost:9001";
        let refusal = WireFault {
            code: 403,
            string: "NOT_ALLOWED: supervisor.shutdown needs the role admin".to_owned(),
        };
        for (failure, line) in [
            (
                Failure::Call(CallError::Fault(refusal)),
                "error: not allowed: supervisor.shutdown needs the role admin",
            ),
            (
                Failure::Call(CallError::Fault(fault)),
                "error: <class 'xmlrpc.client.Fault'>, <Fault 6: 'SHUTDOWN_STATE'>",
            ),
            (
                Failure::Call(CallError::Refused),
                "error: <class 'ConnectionRefusedError'>, [Errno 111] Connection refused: ",
            ),
            (
                Failure::Call(CallError::Status {
                    code: 500,
                    reason: "Internal Server Error".to_owned(),
                }),
                "error: <class 'xmlrpc.client.ProtocolError'>, \
                 <ProtocolError for localhost/RPC2: 500 Internal Server Error>",
            ),
            (
                Failure::Call(CallError::Io(io::Error::from_raw_os_error(113))),
                "error: <class 'OSError'>, [Errno 113] No route to host: ",
            ),
            (
                Failure::EndOfInput,
                "error: <class 'EOFError'>, EOF when reading a line",
            ),
        ] {
            assert!(failure.line(url).starts_with(line), "{}", failure.line(url));
        }
    }
}
