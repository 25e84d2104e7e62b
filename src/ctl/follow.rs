//! Logs as they grow: `tail -f`, `maintail -f` and the output part of `fg`
//! (spec interfaces 4.7).

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use visord_xmlrpc::CallError;
use visord_xmlrpc::client::encode_path;
use visord_xmlrpc::http::{Answer, HangUp, Piece};

use super::exit_status::ExitStatus;
use super::failure::Failure;
use super::session::Session;

/// What is shown before a stream that only Ctrl-C ends.
pub const GREETING: &str = "==> Press Ctrl-C to exit <==";

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
        session.terminal.out_bytes(&stream.take())?;
        let ready = wait_for(&[interrupted.as_fd(), stream.as_fd()], None)?;
        if ready.is_some_and(|ready| ready[0]) {
            return session.say("");
        }
        more = stream.read();
    }
    Ok(session.terminal.out_bytes(&stream.take())?)
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
    /// Read and not shown yet.
    ready: Vec<u8>,
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
                    ready: Vec::new(),
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
        let ready = &mut self.ready;
        let mut take = |piece: Piece<'_>| ready.extend_from_slice(piece.bytes);
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
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.ready)
    }
}

impl AsFd for LogStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.answer.as_fd()
    }
}
