//! The blocking client: `call(method, params)` over one connection, and the log streams beside
//! the RPC interface (spec interfaces 4.2).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::decode_reply;
use crate::error::CallError;
use crate::http::{self, Answer, Endpoint, Head, Socket};
use crate::value::Value;

/// How servers' logs name us.
const CALL_HEADERS: &str = "User-Agent: visord-supervisorctl\r\nAccept: text/xml\r\n";
const STREAM_HEADERS: &str = "User-Agent: visord-supervisorctl\r\nAccept: */*\r\n";

/// The result that an answer holds.
pub(crate) fn result_of(head: &Head, body: &[u8]) -> Result<Value, CallError> {
    check_status(head)?;
    decode_reply(body)
        .map_err(CallError::NotXmlRpc)?
        .map_err(CallError::Fault)
}

fn check_status(head: &Head) -> Result<(), CallError> {
    match head.status {
        200 => Ok(()),
        401 => Err(CallError::Unauthorized),
        code => Err(CallError::Status {
            code,
            reason: head.reason.clone(),
        }),
    }
}

/// A client of one server. Its connection is opened when it is first needed, and again after the
/// server closed it between two requests.
#[derive(Debug)]
pub struct Client {
    endpoint: Endpoint,
    connection: Option<Box<dyn Socket>>,
}

impl Client {
    /// A client that is not connected yet.
    pub fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            connection: None,
        }
    }

    /// Call a method and wait for its result, however long the server takes.
    ///
    /// # Errors
    /// See [`CallError`]. Nothing is tried twice: a call may have taken effect although
    /// its answer got lost.
    pub fn call(&mut self, method: &str, params: &[Value]) -> Result<Value, CallError> {
        let request = self.endpoint.call(CALL_HEADERS, method, params);
        let (head, body) = self.exchange(&request)?;
        result_of(&head, &body)
    }

    /// Open the stream of a log (`/logtail/x/stdout`, `/mainlogtail`); `path` must be
    /// percent-encoded ([`encode_path`]).
    ///
    /// # Errors
    /// See [`CallError`]; any status but 200 is one.
    pub fn stream(mut self, path: &str) -> Result<Answer, CallError> {
        let request = self.endpoint.get(STREAM_HEADERS, path);
        let answer = self.send(&request)?;
        check_status(&answer.head)?;
        Ok(answer)
    }

    /// Send a request and read the whole answer, whatever its status.
    pub(crate) fn exchange(&mut self, request: &[u8]) -> Result<(Head, Vec<u8>), CallError> {
        let mut answer = self.send(request)?;
        while !answer.is_closed() {
            answer.read()?;
        }
        let (head, body, connection) = answer.finish();
        self.connection = connection;
        Ok((head, body))
    }

    fn send(&mut self, request: &[u8]) -> Result<Answer, CallError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => http::open(&self.endpoint)?,
        };
        Answer::begin(connection, request)
    }
}

/// Encoded in a value of a query.
const IN_QUERY: AsciiSet = without(NON_ALPHANUMERIC.remove(b'-'), b"._~:");

const fn without(set: AsciiSet, bytes: &[u8]) -> AsciiSet {
    match bytes {
        [] => set,
        [byte, rest @ ..] => without(set.remove(*byte), rest),
    }
}

/// A path with everything encoded that would end it or break the request line.
pub fn encode_path(path: &str) -> String {
    const IN_PATH: AsciiSet = without(IN_QUERY, b"/@!$&'()*+,=");
    utf8_percent_encode(path, &IN_PATH).to_string()
}

/// A value of a query with everything encoded that means something there.
pub fn encode_query(value: &str) -> String {
    utf8_percent_encode(value, &IN_QUERY).to_string()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread::{self, JoinHandle};

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as BASE64;

    use super::*;
    use crate::http::{Address, Login};

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
        (
            Address::Tcp {
                host,
                port,
                tls: false,
            },
            thread,
        )
    }

    fn call(answer: &'static str) -> Result<Value, CallError> {
        let (address, thread) = server(answer);
        let result = Client::new(Endpoint::new(address, None)).call("supervisor.getPID", &[]);
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
        let expected = format!(
            "Authorization: Basic {}\r\n",
            BASE64.encode(format!("user:{}", login.password))
        );
        let mut client = Client::new(Endpoint::new(address, Some(login)));
        assert!(client.call("x", &[]).is_err());
        let request = thread.join().expect("the server");
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
