//! The status line and the headers of an answer.

use super::HttpError;

/// What comes before the body of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// 100..=599
    pub status: u16,
    /// The words after the status, possibly none.
    pub reason: String,
    /// Minor version: whether the answer claims `HTTP/1.1` or later.
    at_least_1_1: bool,
    headers: Vec<(String, String)>,
}

impl Head {
    /// The first header of that name (ignoring case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Whether a header lists that word (ignoring case), as `Connection: close` does.
    #[must_use]
    pub fn lists(&self, name: &str, word: &str) -> bool {
        self.headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .flat_map(|(_, value)| value.split(','))
            .any(|item| item.trim().eq_ignore_ascii_case(word))
    }

    /// Whether the server will take another request on this connection. After a 401 the
    /// original never answers again (spec interfaces A4).
    pub(super) fn keeps_alive(&self) -> bool {
        self.status != 401
            && !self.lists("Connection", "close")
            && (self.at_least_1_1 || self.lists("Connection", "keep-alive"))
    }
}

/// Read a head off the front of `bytes`: the head and its length, or nothing yet.
pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Head, usize)>, HttpError> {
    // A server of another kind may say one line and wait for ever.
    if !bytes.starts_with(&BEGINNING[..bytes.len().min(BEGINNING.len())]) {
        return Err(if bytes[0] == TLS_ALERT {
            HttpError::Malformed(ANSWER_IS_TLS)
        } else {
            NOT_HTTP
        });
    }
    let Some(end) = find_end(bytes) else {
        return Ok(None);
    };
    // Header values are shown at most; a stray byte in one must not end the session.
    let text = String::from_utf8_lossy(&bytes[..end]);
    let mut lines = text.split('\n').map(|line| line.trim_end_matches('\r'));
    let mut head = status_line(lines.next().unwrap_or_default())?;
    for line in lines.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').ok_or(HttpError::Malformed(
            "the answer has a header without a colon",
        ))?;
        head.headers
            .push((name.to_owned(), value.trim().to_owned()));
    }
    Ok(Some((head, end)))
}

/// Length of the head including the empty line that ends it.
fn find_end(bytes: &[u8]) -> Option<usize> {
    let crlf = bytes.windows(4).position(|w| w == b"\r\n\r\n");
    let lf = bytes.windows(2).position(|w| w == b"\n\n");
    match (crlf, lf) {
        (Some(crlf), Some(lf)) if lf < crlf => Some(lf + 2),
        (Some(crlf), Some(_) | None) => Some(crlf + 4),
        (None, Some(lf)) => Some(lf + 2),
        (None, None) => None,
    }
}

const BEGINNING: &[u8] = b"HTTP/";
/// How the answer of a TLS server begins that heard something else.
const TLS_ALERT: u8 = 0x15;
/// What is wrong with an answer of a server that wants TLS.
pub const ANSWER_IS_TLS: &str = "the answer is TLS";
const NOT_HTTP: HttpError = HttpError::Malformed("the answer is not HTTP");

fn status_line(line: &str) -> Result<Head, HttpError> {
    let mut words = line.splitn(3, ' ');
    let version = words
        .next()
        .and_then(|word| word.strip_prefix("HTTP/"))
        .ok_or(NOT_HTTP)?;
    let status = words
        .next()
        .filter(|word| word.len() == 3)
        .and_then(|word| word.parse().ok())
        .filter(|status| (100..600).contains(status))
        .ok_or(NOT_HTTP)?;
    Ok(Head {
        status,
        reason: words.next().unwrap_or_default().trim().to_owned(),
        at_least_1_1: version != "1.0" && version != "0.9",
        headers: Vec::new(),
    })
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
        assert!(parse(b"HTTP/1.1 200 OK\r\nA: b\r\n").is_ok_and(|head| head.is_none()));
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
