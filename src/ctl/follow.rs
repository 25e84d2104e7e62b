//! Logs as they grow: `tail -f`, `maintail -f` and the output part of `fg`
//! (spec interfaces 4.7).

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use visord_model::pyrepr::repr_bytes;
use visord_xmlrpc::CallError;
use visord_xmlrpc::client::encode_path;
use visord_xmlrpc::http::{Answer, HangUp, Piece};

use super::exit_status::ExitStatus;
use super::failure::Failure;
use super::session::Session;

/// What is shown before a stream that only Ctrl-C ends.
pub const GREETING: &str = "==> Press Ctrl-C to exit <==";

/// Longest stretch kept to be shown at once; a longer chunk comes in several.
const CHUNK_LIMIT: usize = 1024 * 1024;

/// Show a log until Ctrl-C, or until the server ends it.
///
/// # Errors
/// Standard output is gone, or the server's URL leads nowhere.
pub fn log(session: &mut Session<'_>, path: &str) -> Result<(), Failure> {
    let interrupted = session.terminal.take_interrupts()?;
    session.say(GREETING)?;
    let Some(mut stream) = LogStream::open(session, path)? else {
        // Nothing was shown: a failure (decision Q17).
        session.exit_status = ExitStatus::Generic;
        return Ok(());
    };
    let mut more = true;
    while more {
        session.terminal.out(&stream.take_text())?;
        let ready = wait_for(&[interrupted.as_fd(), stream.as_fd()], None)?;
        if ready.is_some_and(|ready| ready[0]) {
            return session.say("");
        }
        more = stream.read();
    }
    Ok(session.terminal.out(&stream.take_text())?)
}

/// Block until one of the descriptors is readable or at its end: which ones are? Nothing
/// if that takes longer than `patience`.
///
/// # Errors
/// The system refuses to wait.
pub fn wait_for(
    descriptors: &[BorrowedFd<'_>],
    patience: Option<Duration>,
) -> Result<Option<Vec<bool>>, Failure> {
    let mut polled: Vec<PollFd<'_>> = descriptors
        .iter()
        .map(|descriptor| PollFd::new(*descriptor, PollFlags::POLLIN))
        .collect();
    let timeout = patience.map_or(PollTimeout::NONE, |patience| {
        PollTimeout::try_from(patience).unwrap_or(PollTimeout::MAX)
    });
    loop {
        match poll(&mut polled, timeout) {
            Ok(0) => return Ok(None),
            Ok(_) => {
                let ready = |descriptor: &PollFd<'_>| descriptor.any().unwrap_or(true);
                return Ok(Some(polled.iter().map(ready).collect()));
            }
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(Failure::Terminal(errno.into())),
        }
    }
}

/// The stream of one log and what of it has not been shown yet.
#[derive(Debug)]
pub struct LogStream {
    answer: Answer,
    text: ChunkText,
}

impl LogStream {
    /// Open the stream; nothing after the reason was told on standard error.
    ///
    /// # Errors
    /// Standard error is gone, or the server's URL leads nowhere.
    pub fn open(session: &mut Session<'_>, path: &str) -> Result<Option<Self>, Failure> {
        let reason = match session.client()?.stream(&encode_path(path)) {
            Ok(answer) => {
                let mut stream = Self {
                    answer,
                    text: ChunkText::default(),
                };
                // What came together with the headers does not announce itself again.
                if stream.answer.has_buffered() {
                    stream.read();
                }
                return Ok(Some(stream));
            }
            Err(CallError::Unauthorized) => "Cannot read, status code 401".to_owned(),
            Err(CallError::Status { code, .. }) => format!("Cannot read, status code {code}"),
            Err(other) => format!("Cannot connect, error: {other}"),
        };
        let line = format!("{}{path} {reason}\n", session.server.shown());
        session.terminal.err(&line)?;
        Ok(None)
    }

    /// Take what has arrived, blocking if nothing has; false when nothing more will come.
    pub fn read(&mut self) -> bool {
        let text = &mut self.text;
        let mut take = |piece: Piece<'_>| {
            text.push(piece.bytes, piece.ends_chunk);
        };
        // A server that goes away in the middle of a chunk is gone, nothing else.
        self.answer.advance(&mut take).unwrap_or(false)
    }

    /// Whether nothing arrives for that long.
    pub fn rests(&self, time: Duration) -> bool {
        !self.answer.has_buffered() && matches!(wait_for(&[self.as_fd()], Some(time)), Ok(None))
    }

    /// A way to end the stream from another thread.
    ///
    /// # Errors
    /// The system has no descriptor left.
    pub fn hang_up(&self) -> std::io::Result<HangUp> {
        self.answer.hang_up()
    }

    /// What can be shown now.
    pub fn take_text(&mut self) -> String {
        std::mem::take(&mut self.text.ready)
    }
}

impl AsFd for LogStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.answer.as_fd()
    }
}

/// Makes text of chunks. A chunk that is no UTF-8 is shown escaped, as in the original,
/// unless only its edges cut a character in two: the first chunk starts at any byte of the
/// log, later ones end where the process stopped writing.
#[derive(Debug, Default)]
struct ChunkText {
    chunk: Vec<u8>,
    began: bool,
    ready: String,
}

impl ChunkText {
    fn push(&mut self, bytes: &[u8], ends_chunk: bool) {
        self.chunk.extend_from_slice(bytes);
        if ends_chunk || self.chunk.len() >= CHUNK_LIMIT {
            self.finish();
        }
    }

    fn finish(&mut self) {
        let chunk = std::mem::take(&mut self.chunk);
        let start = if self.began { 0 } else { cut_start(&chunk) };
        self.began = true;
        let body = &chunk[start..];
        match std::str::from_utf8(body) {
            Ok(text) => self.ready.push_str(text),
            Err(error) if error.error_len().is_none() => {
                let (whole, rest) = body.split_at(error.valid_up_to());
                self.ready.push_str(&String::from_utf8_lossy(whole));
                self.chunk = rest.to_vec();
            }
            Err(_) => self
                .ready
                .push_str(&format!("Undecodable: {}", repr_bytes(&chunk))),
        }
    }
}

/// How many bytes at the start belong to a character that began before.
fn cut_start(chunk: &[u8]) -> usize {
    let continues = |byte: &&u8| **byte & 0xC0 == 0x80;
    chunk.iter().take(3).take_while(continues).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(chunks: &[&[u8]]) -> String {
        let mut text = ChunkText::default();
        for chunk in chunks {
            text.push(chunk, true);
        }
        text.ready
    }

    #[test]
    fn text_passes() {
        assert_eq!(
            shown(&[b"before\n", "after ä\n".as_bytes()]),
            "before\nafter ä\n"
        );
    }

    #[test]
    fn characters_cut_at_the_edges_are_whole_again() {
        assert_eq!(shown(&[b"\xa4 x\xc3", b"\xa4"]), " xä");
        assert_eq!(shown(&[b"\xe2\x82", b"\xac"]), "€");
    }

    #[test]
    fn other_bytes_are_escaped() {
        assert_eq!(shown(&[b"a\xff\n"]), "Undecodable: b'a\\xff\\n'");
        assert_eq!(shown(&[b"x", b"\xa4y"]), "xUndecodable: b'\\xa4y'");
    }
}
