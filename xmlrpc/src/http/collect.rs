//! An exchange without a connection: for callers that read and write by themselves, such as an
//! asynchronous client.

use super::body::Body;
use super::{Address, Head, HttpError, READ_SIZE, Request, Response, encode, head};

/// The bytes of a request to a server at this address.
#[must_use]
pub fn request_bytes(request: &Request<'_>, address: &Address) -> Vec<u8> {
    encode(request, &address.host_header())
}

/// Puts an answer together from the bytes that arrive.
#[derive(Debug)]
pub struct Collector {
    limit: usize,
    /// Before the head is complete: all that arrived.
    begin: Vec<u8>,
    answer: Option<(Head, Body)>,
    content: Vec<u8>,
}

impl Collector {
    /// For an answer whose body has at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            begin: Vec::new(),
            answer: None,
            content: Vec::new(),
        }
    }

    /// Take what has arrived. Returns whether the answer is complete; what follows it is
    /// ignored.
    ///
    /// # Errors
    /// It is no HTTP, or longer than the limit.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<bool, HttpError> {
        if self.answer.is_some() {
            return self.feed_body(bytes);
        }
        self.begin.extend_from_slice(bytes);
        // interim (1xx) answers come before the real one
        while let Some((head, used)) = head::parse(&self.begin)? {
            self.begin.drain(..used);
            if !(100..200).contains(&head.status) {
                let body = Body::of(&head)?;
                self.answer = Some((head, body));
                let rest = std::mem::take(&mut self.begin);
                return self.feed_body(&rest);
            }
        }
        if self.begin.len() > READ_SIZE {
            return Err(HttpError::Malformed("the answer's headers are too long"));
        }
        Ok(false)
    }

    fn feed_body(&mut self, bytes: &[u8]) -> Result<bool, HttpError> {
        let Some((_, body)) = &mut self.answer else {
            return Ok(false);
        };
        let (content, limit) = (&mut self.content, self.limit);
        let mut fits = true;
        body.feed(bytes, &mut |piece| {
            fits = fits && content.len() + piece.bytes.len() <= limit;
            if fits {
                content.extend_from_slice(piece.bytes);
            }
        })?;
        if !fits {
            return Err(HttpError::Malformed("the answer is too long"));
        }
        Ok(body.is_done())
    }

    /// The answer, once it is complete or the connection has ended.
    ///
    /// # Errors
    /// It ends too early.
    pub fn finish(self) -> Result<Response, HttpError> {
        let Some((head, mut body)) = self.answer else {
            return Err(if self.begin.is_empty() {
                HttpError::Disconnected
            } else {
                HttpError::Malformed("the answer ends within its headers")
            });
        };
        body.end_of_stream()?;
        Ok(Response {
            head,
            body: self.content,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(text: &str, step: usize, limit: usize) -> Result<(u16, String), String> {
        let mut collector = Collector::new(limit);
        for bytes in text.as_bytes().chunks(step) {
            if collector.feed(bytes).map_err(|error| error.to_string())? {
                break;
            }
        }
        let response = collector.finish().map_err(|error| error.to_string())?;
        let body = String::from_utf8(response.body).expect("a text");
        Ok((response.head.status, body))
    }

    #[test]
    fn answers_in_pieces_of_any_size() {
        for text in [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello more",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
            "HTTP/1.0 200 OK\r\n\r\nhello",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        ] {
            for step in [1, 3, 7, 1000] {
                assert_eq!(collect(text, step, 5), Ok((200, "hello".into())), "{text}");
                let long = collect(text, step, 4);
                assert_eq!(long, Err("the answer is too long".into()), "{text}");
            }
        }
    }

    #[test]
    fn answers_that_are_none() {
        for (text, wrong) in [
            ("", "remote end closed connection without response"),
            ("HTTP/1.1 200", "the answer ends within its headers"),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
                "the answer ends within its body",
            ),
        ] {
            assert_eq!(collect(text, 4, 100), Err(wrong.into()), "{text}");
        }
        let endless = "x".repeat(2 * READ_SIZE);
        assert!(collect(&endless, 4096, 100).is_err());
    }
}
