//! The status line and the headers of an answer, read by httparse.

use super::body::Body;
use crate::error::CallError;

/// Most bytes before the body.
const LONGEST: usize = 64 * 1024;
const MOST_HEADERS: usize = 128;
/// How the answer of a TLS server begins that was not addressed with TLS.
const TLS_ALERT: u8 = 0x15;
/// What is wrong with an answer of a server that wants TLS.
pub const ANSWER_IS_TLS: &str = "the answer is TLS";

const NOT_HTTP: CallError = CallError::NotHttp("the answer is not HTTP");
const TOO_LONG: CallError = CallError::NotHttp("the answer's headers are too long");

/// What comes before the body of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// 100..=599
    pub status: u16,
    /// The words after the status, possibly none.
    pub reason: String,
    /// Whether the answer claims to be `HTTP/1.1`, not `HTTP/1.0`.
    is_1_1: bool,
    headers: Vec<(String, String)>,
}

impl Head {
    /// The first header of that name (ignoring case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Whether a header lists that word (ignoring case), as `Connection: close` does.
    pub fn lists(&self, name: &str, word: &str) -> bool {
        self.headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .flat_map(|(_, value)| value.split(','))
            .any(|item| item.trim().eq_ignore_ascii_case(word))
    }

    /// Whether the server will take another request on this connection. After a 401 the
    /// original never answers again (spec interfaces 1.4).
    pub(super) fn keeps_alive(&self) -> bool {
        self.status != 401
            && !self.lists("Connection", "close")
            && (self.is_1_1 || self.lists("Connection", "keep-alive"))
    }
}

/// Take a head off the front of what was received, and any interim (1xx) answer before it;
/// `None`: it is not complete.
pub(crate) fn take(received: &mut Vec<u8>) -> Result<Option<(Head, Body)>, CallError> {
    while let Some((head, length)) = parse(received)? {
        received.drain(..length);
        if !(100..200).contains(&head.status) {
            let body = Body::of(&head)?;
            return Ok(Some((head, body)));
        }
    }
    if received.len() >= LONGEST {
        return Err(TOO_LONG);
    }
    Ok(None)
}

/// The connection has ended where a head should be.
pub(crate) fn ended(received: &[u8]) -> CallError {
    if received.is_empty() {
        CallError::Disconnected
    } else {
        CallError::NotHttp("the answer ends within its headers")
    }
}

/// A head at the front of `bytes` and its length.
fn parse(bytes: &[u8]) -> Result<Option<(Head, usize)>, CallError> {
    // a server of another kind may send one line and wait for ever
    match bytes.first() {
        None => return Ok(None),
        Some(b'H') => {}
        Some(&TLS_ALERT) => return Err(CallError::NotHttp(ANSWER_IS_TLS)),
        Some(_) => return Err(NOT_HTTP),
    }
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let length = match response.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(TOO_LONG),
        Err(httparse::Error::HeaderName) => {
            let what = "the answer has a header without a colon";
            return Err(CallError::NotHttp(what));
        }
        Err(_) => return Err(NOT_HTTP),
    };
    let status = response.code.filter(|code| (100..600).contains(code));
    let header = |header: &httparse::Header<'_>| {
        // values are shown at most: a stray byte in one must not end the session
        let value = String::from_utf8_lossy(header.value);
        (header.name.to_owned(), value.into_owned())
    };
    let head = Head {
        status: status.ok_or(NOT_HTTP)?,
        reason: response.reason.unwrap_or_default().trim().to_owned(),
        is_1_1: response.version == Some(1),
        headers: response.headers.iter().map(header).collect(),
    };
    Ok(Some((head, length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> (Head, usize) {
        parse(text.as_bytes())
            .expect("well-formed")
            .expect("complete")
    }

    #[test]
    fn a_head_is_read_and_measured() {
        let (head, used) = whole("HTTP/1.1 401 Unauthorized\r\nA: b\r\nc:d:e\r\n\r\nrest");
        assert_eq!((head.status, head.reason.as_str()), (401, "Unauthorized"));
        assert_eq!(
            (head.header("a"), head.header("C")),
            (Some("b"), Some("d:e"))
        );
        assert_eq!(
            used,
            "HTTP/1.1 401 Unauthorized\r\nA: b\r\nc:d:e\r\n\r\n".len()
        );
    }

    #[test]
    fn an_unfinished_head_waits() {
        for text in ["", "HT", "HTTP/1.1 200 OK\r\nA: b\r\n"] {
            assert!(parse(text.as_bytes()).is_ok_and(|head| head.is_none()));
        }
    }

    #[test]
    fn stray_bytes_in_a_value() {
        let (head, _) = parse(b"HTTP/1.1 200 OK\r\nA: \xff\r\n\r\n")
            .expect("well-formed")
            .expect("complete");
        assert_eq!(head.header("A"), Some("\u{fffd}"));
    }

    #[test]
    fn what_is_not_http() {
        for text in [
            "SSH-2.0-x\r\n",
            "\x15\x03\x03\0\x02\x02\x16",
            "X",
            "HTTP/1.1 abc OK\n\n",
            "HTTP/1.1 99 x\n\n",
            "\n\n",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(parse(b"HTTP/1.1 200 OK\nno colon\n\n").is_err());
        let many = format!("HTTP/1.1 200 OK\n{}\n", "A: b\n".repeat(MOST_HEADERS + 1));
        assert!(parse(many.as_bytes()).is_err());
    }

    #[test]
    fn who_keeps_the_connection() {
        for (text, keeps) in [
            ("HTTP/1.1 200 OK\n\n", true),
            ("HTTP/1.1 200 OK\nConnection: Close\n\n", false),
            ("HTTP/1.0 200 OK\n\n", false),
            ("HTTP/1.0 200 OK\nConnection: Keep-Alive\n\n", true),
            ("HTTP/1.1 401 No\n\n", false),
        ] {
            assert_eq!(whole(text).0.keeps_alive(), keeps, "{text:?}");
        }
    }
}
