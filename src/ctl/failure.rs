//! What ends a command early, its exit code (spec interfaces 4.4) and its line (spec interfaces 4.3).
//!
//! Scripts match `error: ` and the name of the original's exception; after it comes advice.

use std::io;

use derive_more::From;
use visord_model::fault::FaultCode;
use visord_model::pyrepr::repr;
use visord_xmlrpc::error::TlsError;
use visord_xmlrpc::http::{ANSWER_IS_TLS, Address, ServerUrl};
use visord_xmlrpc::{CallError, WireFault};

/// The number for `exit`; that of a plug-in is its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitStatus(pub u8);

impl ExitStatus {
    /// Nothing failed.
    pub const SUCCESS: Self = Self(0);
    /// Something failed.
    pub const GENERIC: Self = Self(1);
    /// The command was not understood.
    pub const INVALID_ARGUMENTS: Self = Self(2);
    /// `status`: something listed is not running; else: the server has no supervisor interface.
    pub const STOPPED: Self = Self(3);
    /// `status`: no answer or no such name; else: connection refused.
    pub const UNREACHABLE: Self = Self(4);
    /// The server speaks another version of the interface.
    pub const VERSION_MISMATCH: Self = Self(5);
    /// The program is not running, could not be started, or the socket is missing.
    pub const NOT_RUNNING: Self = Self(7);
    /// `wait`: the time was up. The number is the one of timeout(1).
    pub const TIMED_OUT: Self = Self(124);
    /// Ctrl-C. The number is the one shells give it.
    pub const INTERRUPTED: Self = Self(130);

    /// What a fault that a process was answered with means for the exit code.
    pub fn of_fault(code: i64) -> Self {
        let not_running = [
            FaultCode::AbnormalTermination,
            FaultCode::SpawnError,
            FaultCode::NotRunning,
        ];
        if not_running.iter().any(|fault| is(*fault, code)) {
            Self::NOT_RUNNING
        } else {
            Self::GENERIC
        }
    }
}

/// Whether a code from the wire is that fault.
pub fn is(fault: FaultCode, code: i64) -> bool {
    i64::from(fault.code()) == code
}

/// What a command or a part of one comes to.
pub type Result<T = (), E = Failure> = std::result::Result<T, E>;

/// Why a command could not go on.
#[derive(Debug, From)]
pub enum Failure {
    /// The command's own line for what is wrong.
    Refused(ExitStatus, String),
    /// A line about wrong arguments; the help of the command follows it.
    Misused(ExitStatus, String),
    /// No supervisor that takes commands answers (spec interfaces 4.5): the exit code, the line for
    /// it, and what the user may do about it.
    Unreached(ExitStatus, String, Option<&'static str>),
    /// Ctrl-C ended the command.
    Interrupted,
    /// A call to the server failed.
    #[from]
    Call(CallError),
    /// The server does not have this method, which the command needs.
    Lacking(&'static str),
    /// The answer lacks the member of this name.
    Incomplete(&'static str),
    /// Something else for which the original raises an exception: its class and its text.
    Exception(&'static str, String),
    /// The terminal or standard output is gone.
    #[from]
    Terminal(io::Error),
}

impl From<WireFault> for Failure {
    fn from(fault: WireFault) -> Self {
        Self::Call(CallError::Fault(fault))
    }
}

/// The original's class of exception, its text, and advice, which may be empty.
type FailureText = (&'static str, String, String);

impl Failure {
    /// A line that makes the exit code 1.
    pub fn refused(line: impl Into<String>) -> Self {
        Self::Refused(ExitStatus::GENERIC, line.into())
    }

    /// Wrong arguments that make the exit code 1.
    pub fn misused(line: impl Into<String>) -> Self {
        Self::Misused(ExitStatus::GENERIC, line.into())
    }

    /// Arguments of an addition that cannot be used: why.
    pub fn invalid(why: String) -> Self {
        Self::Misused(ExitStatus::INVALID_ARGUMENTS, format!("Error: {why}"))
    }

    /// The input ended where an answer was needed.
    pub fn end_of_input() -> Self {
        Self::Exception("EOFError", "EOF when reading a line".to_owned())
    }

    /// The line for it; `url` is the server's as the user wrote it.
    pub fn line(&self, url: &str) -> String {
        let (class, text, advice) = match self {
            Self::Refused(_, line) | Self::Misused(_, line) => return line.clone(),
            Self::Unreached(_, line, _) => return line.clone(),
            Self::Interrupted => return String::new(),
            Self::Call(CallError::Fault(fault)) if is(FaultCode::NotAllowed, fault.code) => {
                // the original has no such refusal, so there is no class to imitate
                let (_, why) = fault.string.split_once(": ").unwrap_or_default();
                return format!("error: not allowed: {why}");
            }
            Self::Call(error) => call_parts(error, url),
            Self::Lacking(method) => {
                let fault = FaultCode::UnknownMethod;
                let text = format!("<Fault {}: {}>", fault.code(), repr(fault.name()));
                let advice = format!("the server at {url} does not have {method}");
                ("xmlrpc.client.Fault", text, advice)
            }
            Self::Incomplete(name) => {
                let advice = format!("the answer of {url} lacks it; is it a supervisor?");
                ("KeyError", repr(name), advice)
            }
            Self::Exception(class, text) => (*class, text.clone(), String::new()),
            Self::Terminal(error) => (class_of(error), errno_text(error), String::new()),
        };
        let colon = if advice.is_empty() { "" } else { ": " };
        format!("error: <class '{class}'>, {text}{colon}{advice}")
    }

    /// Whether the server is not there, or about to exit.
    pub fn is_absence(&self) -> bool {
        if let Self::Call(CallError::Fault(fault)) = self {
            return is(FaultCode::ShutdownState, fault.code);
        }
        matches!(
            self,
            Self::Unreached(..)
                | Self::Call(
                    CallError::Refused
                        | CallError::NoSuchFile
                        | CallError::Io(_)
                        | CallError::Disconnected
                )
        )
    }

    /// The exit code that follows from it.
    pub fn status(&self) -> ExitStatus {
        match self {
            Self::Refused(status, _) | Self::Misused(status, _) | Self::Unreached(status, ..) => {
                *status
            }
            Self::Interrupted => ExitStatus::INTERRUPTED,
            Self::Call(_)
            | Self::Lacking(_)
            | Self::Incomplete(_)
            | Self::Exception(..)
            | Self::Terminal(_) => ExitStatus::GENERIC,
        }
    }
}

fn call_parts(error: &CallError, url: &str) -> FailureText {
    let is_it = || format!("is {url} a supervisor?");
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
            format!("nothing is listening at {url}; is supervisord running?"),
        ),
        CallError::NoSuchFile => (
            "FileNotFoundError",
            "[Errno 2] No such file or directory".to_owned(),
            format!("{url} does not exist; is supervisord running?"),
        ),
        CallError::Permission(error) => {
            let advice = format!(
                "this user may not use {url}; chmod and chown in [unix_http_server] say who may"
            );
            ("PermissionError", errno_text(error), advice)
        }
        CallError::Tls(error) => ("ssl.SSLError", error.to_string(), tls_advice(error, url)),
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
        CallError::Status { code, reason } => protocol_error(*code, reason, url, is_it()),
        CallError::Fault(WireFault { code, string }) => {
            let text = format!("<Fault {code}: {}>", repr(string));
            ("xmlrpc.client.Fault", text, String::new())
        }
        CallError::NotHttp(what) => {
            let advice = if *what == ANSWER_IS_TLS {
                format!("{url} must begin with https://")
            } else {
                is_it()
            };
            ("http.client.BadStatusLine", (*what).to_owned(), advice)
        }
        CallError::NotXmlRpc(error) => ("xml.parsers.expat.ExpatError", error.to_string(), is_it()),
    }
}

fn tls_advice(error: &TlsError, url: &str) -> String {
    match error {
        TlsError::NotTls => format!("{url} must begin with http://"),
        TlsError::Untrusted(_) => format!(
            "no trusted CA signed the certificate of {url}; tls_ca in [supervisorctl] names the \
             file with the certificate of one that did"
        ),
        TlsError::OtherName(_) => {
            format!("the certificate is not for {url}; use a name that is in it")
        }
        TlsError::OutOfTime(_) => format!("the certificate of {url} or the clock here is wrong"),
        TlsError::NoAuthorities(_) => {
            "tls_ca in [supervisorctl] names the file with the certificates to trust".to_owned()
        }
        TlsError::NoIdentity(_) => {
            "tls_cert and tls_key in [supervisorctl] name the files that prove who we are"
                .to_owned()
        }
        TlsError::Other(_) => url.to_owned(),
    }
}

fn protocol_error(code: u16, reason: &str, url: &str, advice: String) -> FailureText {
    // The original calls every unix socket by this name.
    let host = match ServerUrl::parse(url).map(|url| url.address) {
        Ok(Address::Tcp { host, .. }) => host,
        Ok(Address::Unix(_)) | Err(_) => "127.0.0.1".to_owned(),
    };
    let text = format!("<ProtocolError for {host}/RPC2: {code} {reason}>");
    ("xmlrpc.client.ProtocolError", text, advice)
}

/// `[Errno 111] Connection refused`
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
    let classes = [
        (io::ErrorKind::ConnectionReset, "ConnectionResetError"),
        (io::ErrorKind::BrokenPipe, "BrokenPipeError"),
        (io::ErrorKind::TimedOut, "TimeoutError"),
        (io::ErrorKind::NotADirectory, "NotADirectoryError"),
    ];
    let found = classes.iter().find(|(kind, _)| *kind == error.kind());
    found.map_or("OSError", |(_, class)| class)
}

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
                Failure::end_of_input(),
                "error: <class 'EOFError'>, EOF when reading a line",
            ),
        ] {
            assert!(failure.line(url).starts_with(line), "{}", failure.line(url));
        }
    }
}
