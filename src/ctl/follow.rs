//! Logs as they grow: `tail -f`, `maintail -f` and the output part of `fg`
//! (spec interfaces 4.7).

use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use visord_xmlrpc::client::encode_path;
use visord_xmlrpc::http::{Answer, HangUp};
use visord_xmlrpc::{CallError, Client};

use super::failure::{ExitStatus, Failure, Result};
use super::session::Session;

/// Shown before a stream that only Ctrl-C ends.
pub const GREETING: &str = "==> Press Ctrl-C to exit <==";

/// Show a log until Ctrl-C, or until the server ends it.
pub fn log(session: &mut Session, path: &str) -> Result {
    let interrupted = session.terminal.take_interrupts()?;
    session.say(GREETING)?;
    let Some(mut stream) = ByteStream::open_log(session, path)? else {
        // Nothing was shown: a failure (difference Q17).
        session.exit_status = ExitStatus::Generic;
        return Ok(());
    };
    while !stream.is_closed() {
        session.terminal.out_bytes(&stream.take())?;
        interrupted.wait_for(&[stream.as_fd()], None)?;
        stream.read();
    }
    Ok(session.terminal.out_bytes(&stream.take())?)
}

/// Block until some of the descriptors are readable or at their end, and say of each whether it
/// is. None are if that takes longer than `timeout`.
pub fn wait_for(descriptors: &[BorrowedFd<'_>], timeout: Option<Duration>) -> Result<Vec<bool>> {
    let polled = descriptors.iter();
    let mut polled: Vec<PollFd<'_>> = polled
        .map(|descriptor| PollFd::new(*descriptor, PollFlags::POLLIN))
        .collect();
    let timeout = timeout.map_or(PollTimeout::NONE, |timeout| {
        PollTimeout::try_from(timeout).unwrap_or(PollTimeout::MAX)
    });
    loop {
        match poll(&mut polled, timeout) {
            Ok(_) => {
                let ready = |descriptor: &PollFd<'_>| descriptor.any().unwrap_or(true);
                return Ok(polled.iter().map(ready).collect());
            }
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(Failure::Terminal(errno.into())),
        }
    }
}

/// The time left until a moment, for [`wait_for`].
pub fn left_until(moment: Instant) -> Duration {
    match moment.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Duration::ZERO,
        // The system counts whole milliseconds and drops the rest.
        left => left + Duration::from_millis(1),
    }
}

/// A stream of bytes from a server.
#[derive(Debug)]
pub struct ByteStream {
    answer: Answer,
    /// Read and not taken yet.
    ready: Vec<u8>,
    /// The length of `ready` up to the end of its last complete chunk.
    complete: usize,
    is_closed: bool,
}

impl ByteStream {
    /// Open the stream of that path.
    pub fn open(client: Client, path: &str) -> Result<Self, CallError> {
        let mut stream = Self {
            answer: client.stream(path)?,
            ready: Vec::new(),
            complete: 0,
            is_closed: false,
        };
        // What came together with the headers does not make the descriptor readable.
        if stream.answer.has_buffered() {
            stream.read();
        }
        Ok(stream)
    }

    /// Open a log; nothing after the reason was written to standard error.
    pub fn open_log(session: &mut Session, path: &str) -> Result<Option<Self>> {
        let reason = match Self::open(session.server.client()?, &encode_path(path)) {
            Ok(stream) => return Ok(Some(stream)),
            Err(CallError::Unauthorized) => "Cannot read, status code 401".to_owned(),
            Err(CallError::Status { code, .. }) => format!("Cannot read, status code {code}"),
            Err(other) => format!("Cannot connect, error: {other}"),
        };
        let line = format!("{}{path} {reason}\n", session.server.shown());
        session.terminal.err(&line)?;
        Ok(None)
    }

    /// The media type that the server gave it.
    pub fn media_type(&self) -> &str {
        self.answer.head.header("Content-Type").unwrap_or_default()
    }

    /// Read what has arrived, blocking if nothing has.
    pub fn read(&mut self) {
        let (ready, complete) = (&mut self.ready, &mut self.complete);
        let more = self.answer.advance(&mut |piece| {
            ready.extend_from_slice(piece.bytes);
            if piece.ends_chunk {
                *complete = ready.len();
            }
        });
        // A server that exits in the middle of a chunk has exited, nothing else.
        self.is_closed |= !more.unwrap_or(false);
    }

    /// Whether nothing more will come.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Whether nothing arrives for that long.
    pub fn is_quiet(&self, time: Duration) -> bool {
        !self.answer.has_buffered()
            && wait_for(&[self.as_fd()], Some(time)).is_ok_and(|ready| ready == [false])
    }

    /// What ends the stream from another thread.
    pub fn hang_up(&self) -> std::io::Result<HangUp> {
        self.answer.hang_up()
    }

    /// What was read since the last time.
    pub fn take(&mut self) -> Vec<u8> {
        self.complete = 0;
        std::mem::take(&mut self.ready)
    }

    /// The chunks of the server that were read completely since the last time.
    pub fn take_chunks(&mut self) -> Vec<u8> {
        let rest = self.ready.split_off(std::mem::take(&mut self.complete));
        std::mem::replace(&mut self.ready, rest)
    }
}

impl AsFd for ByteStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.answer.as_fd()
    }
}
