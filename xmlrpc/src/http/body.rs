//! The body of an answer, fed as it arrives: a small machine that never reads or waits.

use super::Head;
use crate::error::CallError;

/// Longest line between two chunks: a size in hexadecimal with extensions, or a trailer.
const LINE_LIMIT: usize = 8 * 1024;

/// A stretch of a body, without its framing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// What arrived.
    pub bytes: &'a [u8],
    /// Whether the server's chunk ends here; without chunks every piece is one.
    pub ends_chunk: bool,
}

/// How the body ends, and where in it we are.
#[derive(Debug)]
pub(crate) enum Body {
    /// That many bytes are left.
    Length(u64),
    /// The server closes the connection.
    UntilClose,
    /// That many bytes of this chunk are left.
    Chunk(u64),
    /// Between two chunks, with what has arrived of the line.
    Line(Line, Vec<u8>),
    /// All of it was read.
    Done,
}

/// A line of a chunked body.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Line {
    /// The size of the next chunk.
    Size,
    /// The line end after a chunk.
    DataEnd,
    /// The trailer after the last chunk.
    Trailer,
}

impl Body {
    /// How the body after this head is framed (RFC 9112, 6.3).
    pub(crate) fn of(head: &Head) -> Result<Self, CallError> {
        if matches!(head.status, 204 | 304) {
            return Ok(Self::Done);
        }
        if head.lists("Transfer-Encoding", "chunked") {
            return Ok(Self::chunked());
        }
        match head.header("Content-Length") {
            Some("0") => Ok(Self::Done),
            Some(length) => length
                .parse()
                .map(Self::Length)
                .map_err(|_| CallError::NotHttp("the answer's Content-Length is no number")),
            None => Ok(Self::UntilClose),
        }
    }

    fn chunked() -> Self {
        Self::Line(Line::Size, Vec::new())
    }

    pub(crate) fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }

    /// Whether the end of the body does not need the end of the connection.
    pub(crate) fn is_framed(&self) -> bool {
        !matches!(self, Self::UntilClose)
    }

    /// The connection has ended: was that the end of the body?
    pub(crate) fn end_of_stream(&self) -> Result<(), CallError> {
        match self {
            Self::UntilClose | Self::Done => Ok(()),
            Self::Length(_) | Self::Chunk(_) | Self::Line(..) => {
                Err(CallError::NotHttp("the answer ends within its body"))
            }
        }
    }

    /// Take bytes off the front of `input`; returns how many. Everything is taken unless
    /// the body ends first.
    pub(crate) fn feed(
        &mut self,
        input: &[u8],
        take: &mut dyn FnMut(Piece<'_>),
    ) -> Result<usize, CallError> {
        let mut used = 0;
        while used < input.len() && !self.is_done() {
            used += self.step(&input[used..], take)?;
        }
        Ok(used)
    }

    /// One step of [`Body::feed`]: `input` is not empty, at least one byte is taken.
    fn step(&mut self, input: &[u8], take: &mut dyn FnMut(Piece<'_>)) -> Result<usize, CallError> {
        match self {
            Self::Done => Ok(0),
            Self::UntilClose => {
                take(whole(input));
                Ok(input.len())
            }
            Self::Length(left) => {
                let count = within(*left, input.len());
                take(whole(&input[..count]));
                *left -= count as u64;
                if *left == 0 {
                    *self = Self::Done;
                }
                Ok(count)
            }
            Self::Chunk(left) => {
                let count = within(*left, input.len());
                *left -= count as u64;
                let ends_chunk = *left == 0;
                take(Piece {
                    bytes: &input[..count],
                    ends_chunk,
                });
                if ends_chunk {
                    *self = Self::Line(Line::DataEnd, Vec::new());
                }
                Ok(count)
            }
            Self::Line(line, text) => {
                let (count, is_complete) = collect(text, input)?;
                if is_complete {
                    *self = line.next(text)?;
                }
                Ok(count)
            }
        }
    }
}

impl Line {
    /// What follows this line.
    fn next(self, text: &[u8]) -> Result<Body, CallError> {
        Ok(match self {
            Self::Size => match chunk_size(text)? {
                0 => Body::Line(Self::Trailer, Vec::new()),
                size => Body::Chunk(size),
            },
            Self::DataEnd if text.is_empty() => Body::chunked(),
            Self::DataEnd => {
                return Err(CallError::NotHttp("a chunk is longer than announced"));
            }
            Self::Trailer if text.is_empty() => Body::Done,
            Self::Trailer => Body::Line(Self::Trailer, Vec::new()),
        })
    }
}

fn whole(bytes: &[u8]) -> Piece<'_> {
    Piece {
        bytes,
        ends_chunk: true,
    }
}

/// `left` capped to what is there.
fn within(left: u64, available: usize) -> usize {
    usize::try_from(left).map_or(available, |left| left.min(available))
}

/// Move bytes up to a line end into `line`: how many were taken, whether it is complete.
/// The line then has no line end.
fn collect(line: &mut Vec<u8>, input: &[u8]) -> Result<(usize, bool), CallError> {
    let end = input.iter().position(|&byte| byte == b'\n');
    let count = end.map_or(input.len(), |end| end + 1);
    line.extend_from_slice(&input[..count]);
    if line.len() > LINE_LIMIT {
        return Err(CallError::NotHttp("a line between chunks is too long"));
    }
    if end.is_some() {
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
    }
    Ok((count, end.is_some()))
}

/// The size in front of a chunk; extensions after `;` are ignored.
fn chunk_size(line: &[u8]) -> Result<u64, CallError> {
    let size = line.split(|&byte| byte == b';').next().unwrap_or_default();
    std::str::from_utf8(size)
        .ok()
        .map(str::trim)
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .and_then(|text| u64::from_str_radix(text, 16).ok())
        .ok_or(CallError::NotHttp("the size of a chunk is no number"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Feed `input` in the given portions; the body's chunks and how much was used.
    fn run(mut body: Body, portions: &[&[u8]]) -> Result<(Vec<Vec<u8>>, usize, bool), CallError> {
        let mut chunks = vec![Vec::new()];
        let mut used = 0;
        for portion in portions {
            used += body.feed(portion, &mut |piece| {
                chunks
                    .last_mut()
                    .expect("never empty")
                    .extend_from_slice(piece.bytes);
                if piece.ends_chunk {
                    chunks.push(Vec::new());
                }
            })?;
        }
        chunks.pop();
        Ok((chunks, used, body.is_done()))
    }

    #[test]
    fn chunks_and_trailer() {
        let text = b"5;ext=1\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\nnext";
        let (chunks, used, done) = run(Body::chunked(), &[text]).expect("well-formed");
        assert_eq!(chunks, [&b"hello"[..], b" ", b"0123456789"]);
        assert_eq!((used, done), (text.len() - 4, true));
    }

    #[test]
    fn wrong_chunks() {
        for text in ["x\r\n", "\r\n", "-1\r\n", "1\r\nab\r\n", "+1\r\n"] {
            assert!(
                run(Body::chunked(), &[text.as_bytes()]).is_err(),
                "{text:?}"
            );
        }
        assert!(run(Body::chunked(), &[&vec![b'1'; LINE_LIMIT + 1]]).is_err());
    }

    #[test]
    fn a_length_ends_the_body() {
        let (chunks, used, done) = run(Body::Length(3), &[b"a", b"bcd"]).expect("plain");
        assert_eq!((chunks.concat(), used, done), (b"abc".to_vec(), 3, true));
    }

    #[test]
    fn an_early_end_is_noticed() {
        assert!(Body::Length(1).end_of_stream().is_err());
        assert!(Body::chunked().end_of_stream().is_err());
        assert!(Body::UntilClose.end_of_stream().is_ok());
    }

    proptest! {
        /// The same bytes in any portions give the same chunks.
        #[test]
        fn split_anywhere(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..6),
                          cuts in prop::collection::vec(0..300usize, 0..8)) {
            let mut text = Vec::new();
            for chunk in &chunks {
                text.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                text.extend_from_slice(chunk);
                text.extend_from_slice(b"\r\n");
            }
            text.extend_from_slice(b"0\r\n\r\n");
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.sort_unstable();
            cuts.push(text.len());
            let mut portions = Vec::new();
            let mut from = 0;
            for cut in cuts {
                portions.push(&text[from..cut]);
                from = cut;
            }
            let (got, used, done) = run(Body::chunked(), &portions).expect("well-formed");
            prop_assert_eq!(got, chunks);
            prop_assert_eq!((used, done), (text.len(), true));
        }
    }
}
