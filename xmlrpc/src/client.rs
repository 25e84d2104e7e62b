//! Calls to a supervisor: `call(method, params)` over one connection, and the log streams
//! that stand beside the RPC interface (spec interfaces 4.2).

use std::fmt;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::error::DecodeError;
use crate::http::{Address, Answer, Connection, HttpError, Identity, Request, TlsError, Trust};
use crate::reply::WireFault;
use crate::value::Value;
use crate::{decode_reply, encode_call};

/// Where every supervisor takes calls.
const RPC_PATH: &str = "/RPC2";
/// How servers' logs name us.
const USER_AGENT: (&str, &str) = ("User-Agent", "visord-supervisorctl");

/// Why a call has no result. The cases are those a user acts upon differently.
#[derive(Debug)]
pub enum CallError {
    /// The host name has no address.
    Resolve(io::Error),
    /// Nobody listens there (also: the path is no socket).
    Refused,
    /// There is no such socket file.
    NoSuchFile,
    /// The socket file may not be opened.
    Permission(io::Error),
    /// No agreement on TLS.
    Tls(TlsError),
    /// Any other failure of the connection.
    Io(io::Error),
    /// The server hung up without an answer.
    Disconnected,
    /// HTTP 401: name or password are missing or wrong.
    Unauthorized,
    /// Any other HTTP status than 200.
    Status {
        /// 100..=599
        code: u16,
        /// The server's words for it.
        reason: String,
    },
    /// The server understood and refused.
    Fault(WireFault),
    /// What came is no HTTP.
    NotHttp(&'static str),
    /// What came is no XML-RPC answer.
    NotXmlRpc(DecodeError),
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resolve(error) | Self::Permission(error) | Self::Io(error) => error.fmt(f),
            Self::Tls(error) => error.fmt(f),
            Self::Refused => f.write_str("connection refused"),
            Self::NoSuchFile => f.write_str("no such file"),
            Self::Disconnected => f.write_str("the server hung up without an answer"),
            Self::Unauthorized => f.write_str("the server requires authentication"),
            Self::Status { code, reason } => write!(f, "HTTP status {code} {reason}"),
            Self::Fault(fault) => write!(f, "fault {}: {}", fault.code, fault.string),
            Self::NotHttp(what) => f.write_str(what),
            Self::NotXmlRpc(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CallError {}

impl CallError {
    fn connect(error: io::Error) -> Self {
        let kind = error.kind();
        if kind == io::ErrorKind::ConnectionRefused {
            Self::Refused
        } else if kind == io::ErrorKind::NotFound {
            Self::NoSuchFile
        } else if kind == io::ErrorKind::PermissionDenied {
            Self::Permission(error)
        } else {
            Self::Io(error)
        }
    }
}

impl From<HttpError> for CallError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Resolve(error) => Self::Resolve(error),
            HttpError::Connect(error) => Self::connect(error),
            HttpError::Tls(TlsError::Broken(error)) => Self::Io(error),
            HttpError::Tls(error) => Self::Tls(error),
            HttpError::Io(error) => Self::Io(error),
            HttpError::Disconnected => Self::Disconnected,
            HttpError::Malformed(what) => Self::NotHttp(what),
        }
    }
}

/// Name and password for Basic authentication.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// May be empty; must not contain a colon to be understood.
    pub username: String,
    /// May be empty and may contain colons.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// A supervisor, as seen by its clients.
#[derive(Debug)]
pub struct Client {
    connection: Connection,
    authorization: Option<Authorization>,
}

/// The ready value of the `Authorization` header.
struct Authorization(String);

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorization(..)")
    }
}

impl Authorization {
    fn basic(login: &Login) -> Self {
        let pair = format!("{}:{}", login.username, login.password);
        Self(format!("Basic {}", BASE64.encode(pair)))
    }
}

impl Client {
    /// A client that is not connected yet; without a login no credentials are sent.
    #[must_use]
    pub fn new(address: Address, login: Option<&Login>) -> Self {
        Self {
            connection: Connection::new(address),
            authorization: login.map(Authorization::basic),
        }
    }

    /// Trust others than the system's authorities to say who an `https://` server is.
    #[must_use]
    pub fn trusting(self, trust: Trust) -> Self {
        Self {
            connection: self.connection.trusting(trust),
            ..self
        }
    }

    /// Show who we are to an `https://` server that asks for a certificate.
    #[must_use]
    pub fn presenting(self, identity: Identity) -> Self {
        Self {
            connection: self.connection.presenting(identity),
            ..self
        }
    }

    /// Call a method and wait for its result, however long the server takes.
    ///
    /// # Errors
    /// See [`CallError`]. Nothing is tried twice: a call may have taken effect although
    /// its answer got lost.
    pub fn call(&mut self, method: &str, params: &[Value]) -> Result<Value, CallError> {
        let body = encode_call(method, params);
        let mut headers = vec![
            USER_AGENT,
            ("Content-Type", "text/xml"),
            ("Accept", "text/xml"),
        ];
        headers.extend(authorization_header(self.authorization.as_ref()));
        let response = self.connection.exchange(&Request {
            method: "POST",
            path: RPC_PATH,
            headers: &headers,
            body: Some(body.as_bytes()),
        })?;
        check_status(response.head.status, &response.head.reason)?;
        decode_reply(&response.body)
            .map_err(CallError::NotXmlRpc)?
            .map_err(CallError::Fault)
    }

    /// Open the stream of a log (`/logtail/x/stdout`, `/mainlogtail`); `path` must be
    /// percent-encoded ([`encode_path`]).
    ///
    /// # Errors
    /// See [`CallError`]; any status but 200 is one.
    pub fn stream(self, path: &str) -> Result<Answer, CallError> {
        let mut headers = vec![USER_AGENT, ("Accept", "*/*")];
        headers.extend(authorization_header(self.authorization.as_ref()));
        let answer = self.connection.follow(&Request {
            method: "GET",
            path,
            headers: &headers,
            body: None,
        })?;
        check_status(answer.head.status, &answer.head.reason)?;
        Ok(answer)
    }
}

fn authorization_header(authorization: Option<&Authorization>) -> Option<(&'static str, &str)> {
    authorization.map(|Authorization(value)| ("Authorization", value.as_str()))
}

fn check_status(code: u16, reason: &str) -> Result<(), CallError> {
    match code {
        200 => Ok(()),
        401 => Err(CallError::Unauthorized),
        _ => Err(CallError::Status {
            code,
            reason: reason.to_owned(),
        }),
    }
}

/// A path with everything encoded that would end it or break the request line; `/`, `:`
/// and letters of any script that stand for themselves in a path stay readable.
#[must_use]
pub fn encode_path(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/:-._~@!$&'()*+,=".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// A value of a query with everything encoded that means something there.
#[must_use]
pub fn encode_query(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread::{self, JoinHandle};

    use super::*;

    /// A server for one request whose length is announced.
    fn server(answer: &'static str) -> (Address, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its number").port();
        let host = "127.0.0.1".to_owned();
        let thread = thread::spawn(move || {
            let mut stream = listener.accept().expect("a client").0;
            let mut request = String::new();
            while !request.ends_with("</methodCall>\n") && !request.ends_with("GET\r\n\r\n") {
                let mut buffer = [0; 1024];
                let count = stream.read(&mut buffer).expect("a request");
                request.push_str(&String::from_utf8_lossy(&buffer[..count]));
            }
            stream.write_all(answer.as_bytes()).expect("the answer");
            request
        });
        (Address::Tcp { host, port }, thread)
    }

    fn call(answer: &'static str) -> Result<Value, CallError> {
        let (address, thread) = server(answer);
        let result = Client::new(address, None).call("supervisor.getPID", &[]);
        let request = thread.join().expect("the server");
        assert!(request.starts_with("POST /RPC2 HTTP/1.1\r\n"), "{request}");
        assert!(!request.contains("Authorization"), "{request}");
        result
    }

    #[test]
    fn a_result() {
        let value = call(
            "HTTP/1.0 200 OK\r\n\r\n\
             <?xml version='1.0'?>\n<methodResponse><params><param><value><int>7</int>\
             </value></param></params></methodResponse>",
        );
        assert_eq!(value.expect("a value"), Value::Int(7));
    }

    #[test]
    fn statuses() {
        let unauthorized = call("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
        assert!(matches!(unauthorized, Err(CallError::Unauthorized)));
        let broken = call("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n");
        assert!(matches!(broken, Err(CallError::Status { code: 500, .. })));
        let strange = call("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n<a>");
        assert!(matches!(strange, Err(CallError::NotXmlRpc(_))));
    }

    #[test]
    fn credentials_are_sent_whatever_their_length() {
        let (address, thread) = server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        let login = Login {
            username: "user".to_owned(),
            password: "p".repeat(100),
        };
        // An empty body is no answer; only the request matters here.
        assert!(Client::new(address, Some(&login)).call("x", &[]).is_err());
        let request = thread.join().expect("the server");
        let expected = format!(
            "Authorization: Basic {}\r\n",
            BASE64.encode(format!("user:{}", login.password))
        );
        assert!(request.contains(&expected), "{request}");
    }

    #[test]
    fn paths() {
        assert_eq!(encode_path("/logtail/g:a/stdout"), "/logtail/g:a/stdout");
        assert_eq!(
            encode_path("/logtail/a b%?\r\né"),
            "/logtail/a%20b%25%3F%0D%0A%C3%A9"
        );
    }
}
