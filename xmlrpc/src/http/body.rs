//! The body of an answer, fed as it arrives: a small machine that never reads or waits.

use super::Head;
use crate::error::CallError;

/// Longest line between two chunks: a size in hexadecimal with extensions, or a trailer.
const LINE_LIMIT: usize = 8 * 1024;

/// What has arrived of a body and was not taken yet, without its framing.
#[derive(Debug, Default)]
pub(crate) struct Content {
    pub(crate) bytes: Vec<u8>,
    /// Its length up to the end of the server's last complete chunk; without chunks all of it.
    pub(crate) complete: usize,
}

impl Content {
    fn push(&mut self, bytes: &[u8], ends_chunk: bool) {
        self.bytes.extend_from_slice(bytes);
        if ends_chunk {
            self.complete = self.bytes.len();
        }
    }
}

/// How the body ends, and where in it we are.
#[derive(Debug)]
pub(crate) enum Body {
    /// That many bytes are left.
    Length(u64),
    /// The server closes the connection.
    UntilClose,
    /// Before the line with the size of the next chunk.
    ChunkSize,
    /// That many bytes of this chunk are left.
    Chunk(u64),
    /// Before the line end after a chunk.
    ChunkEnd,
    /// Before a line of the trailer after the last chunk.
    Trailer,
    /// All of it was read.
    Done,
}

impl Body {
    /// How the body after this head is framed (RFC 9112, 6.3).
    pub(crate) fn of(head: &Head) -> Result<Self, CallError> {
        if matches!(head.status, 204 | 304) {
            return Ok(Self::Done);
        }
        if head.lists("Transfer-Encoding", "chunked") {
            return Ok(Self::ChunkSize);
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

    pub(crate) fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }

    /// The connection has ended: was that the end of the body?
    pub(crate) fn end_of_stream(&self) -> Result<(), CallError> {
        if matches!(self, Self::UntilClose | Self::Done) {
            return Ok(());
        }
        Err(CallError::NotHttp("the answer ends within its body"))
    }

    /// Take bytes off the front of `input`; returns how many. What is left is a line between two
    /// chunks that is not complete, or follows the body.
    pub(crate) fn feed(&mut self, input: &[u8], content: &mut Content) -> Result<usize, CallError> {
        let mut used = 0;
        while used < input.len() && !self.is_done() {
            match self.step(&input[used..], content)? {
                0 => break,
                count => used += count,
            }
        }
        Ok(used)
    }

    /// One step of [`Body::feed`]: `input` is not empty.
    fn step(&mut self, input: &[u8], content: &mut Content) -> Result<usize, CallError> {
        match self {
            Self::Done => Ok(0),
            Self::UntilClose => {
                content.push(input, true);
                Ok(input.len())
            }
            Self::Length(left) => {
                let count = within(*left, input.len());
                content.push(&input[..count], true);
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
                content.push(&input[..count], ends_chunk);
                if ends_chunk {
                    *self = Self::ChunkEnd;
                }
                Ok(count)
            }
            Self::ChunkSize | Self::ChunkEnd | Self::Trailer => {
                let end = input.iter().position(|&byte| byte == b'\n');
                if end.unwrap_or(input.len()) > LINE_LIMIT {
                    return Err(CallError::NotHttp("a line between chunks is too long"));
                }
                let Some(end) = end else {
                    return Ok(0);
                };
                let line = &input[..end];
                *self = self.after(line.strip_suffix(b"\r").unwrap_or(line))?;
                Ok(end + 1)
            }
        }
    }

    /// What follows this line.
    fn after(&self, line: &[u8]) -> Result<Self, CallError> {
        match self {
            Self::ChunkSize => Ok(match chunk_size(line)? {
                0 => Self::Trailer,
                size => Self::Chunk(size),
            }),
            Self::ChunkEnd if line.is_empty() => Ok(Self::ChunkSize),
            Self::Trailer if line.is_empty() => Ok(Self::Done),
            Self::Trailer => Ok(Self::Trailer),
            Self::ChunkEnd | Self::Chunk(_) | Self::Length(_) | Self::UntilClose | Self::Done => {
                Err(CallError::NotHttp("a chunk is longer than announced"))
            }
        }
    }
}

/// `left` capped to what is there.
fn within(left: u64, available: usize) -> usize {
    usize::try_from(left).map_or(available, |left| left.min(available))
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

    /// Feed `input` in the given portions; the body's content and how much was used.
    fn run(mut body: Body, portions: &[&[u8]]) -> Result<(Content, usize, bool), CallError> {
        let mut content = Content::default();
        let (mut used, mut rest) = (0, Vec::new());
        for portion in portions {
            rest.extend_from_slice(portion);
            let taken = body.feed(&rest, &mut content)?;
            rest.drain(..taken);
            used += taken;
        }
        Ok((content, used, body.is_done()))
    }

    #[test]
    fn chunks_and_trailer() {
        let text = b"5;ext=1\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\nnext";
        let (content, used, done) = run(Body::ChunkSize, &[text]).expect("well-formed");
        assert_eq!(content.bytes, b"hello 0123456789");
        assert_eq!((used, done), (text.len() - 4, true));
    }

    #[test]
    fn a_chunk_is_complete_at_its_last_byte() {
        let text = b"5\r\nhello\r\n4\r\n wo";
        for end in 0..=text.len() {
            let (content, _, _) = run(Body::ChunkSize, &[&text[..end]]).expect("well-formed");
            let arrived = [end.min(8).saturating_sub(3), end.saturating_sub(13)];
            assert_eq!(content.bytes, &b"hello wo"[..arrived.iter().sum()]);
            assert_eq!(content.complete, if end < 8 { 0 } else { 5 }, "{end}");
        }
    }

    #[test]
    fn wrong_chunks() {
        for text in ["x\r\n", "\r\n", "-1\r\n", "1\r\nab\r\n", "+1\r\n"] {
            assert!(
                run(Body::ChunkSize, &[text.as_bytes()]).is_err(),
                "{text:?}"
            );
        }
        assert!(run(Body::ChunkSize, &[&vec![b'1'; LINE_LIMIT + 1]]).is_err());
    }

    #[test]
    fn a_length_ends_the_body() {
        let (content, used, done) = run(Body::Length(3), &[b"a", b"bcd"]).expect("plain");
        assert_eq!((content.bytes, used, done), (b"abc".to_vec(), 3, true));
        assert_eq!(content.complete, 3);
    }

    #[test]
    fn an_early_end_is_noticed() {
        assert!(Body::Length(1).end_of_stream().is_err());
        assert!(Body::ChunkSize.end_of_stream().is_err());
        assert!(Body::UntilClose.end_of_stream().is_ok());
    }

    proptest! {
        /// The same bytes in any portions give the same content.
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
            let (got, used, done) = run(Body::ChunkSize, &portions).expect("well-formed");
            prop_assert_eq!(got.complete, got.bytes.len());
            prop_assert_eq!(got.bytes, chunks.concat());
            prop_assert_eq!((used, done), (text.len(), true));
        }
    }
}
