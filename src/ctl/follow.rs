//! Logs as they grow: `tail -f`, `maintail -f` and the output part of `fg`
//! (spec interfaces 4.7).

use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use visord_xmlrpc::CallError;
use visord_xmlrpc::client::encode_path;
use visord_xmlrpc::http::Answer;

use super::failure::{ExitStatus, Failure, Result};
use super::session::Session;

/// Shown before a stream that only Ctrl-C ends.
pub const GREETING: &str = "==> Press Ctrl-C to exit <==";

/// Show a log until Ctrl-C, or until the server ends it.
pub fn log(session: &mut Session, path: &str) -> Result {
    let interrupted = session.terminal.take_interrupts()?;
    session.say(GREETING)?;
    let Some(mut stream) = open_log(session, path)? else {
        // Nothing was shown: a failure (difference Q17).
        session.exit_status = ExitStatus::GENERIC;
        return Ok(());
    };
    while !stream.is_closed() {
        session.terminal.out_bytes(&stream.take())?;
        interrupted.wait_for(&[stream.as_fd()], None)?;
        read(&mut stream);
    }
    Ok(session.terminal.out_bytes(&stream.take())?)
}

/// Block until some of the descriptors are readable or at their end, and say of each whether it
/// is. None are at the moment `until`.
pub fn wait_for(descriptors: &[BorrowedFd<'_>], until: Option<Instant>) -> Result<Vec<bool>> {
    let polled = descriptors.iter();
    let mut polled: Vec<PollFd<'_>> = polled
        .map(|descriptor| PollFd::new(*descriptor, PollFlags::POLLIN))
        .collect();
    loop {
        let timeout = until.map_or(PollTimeout::NONE, |until| {
            // the system counts whole milliseconds and drops the rest
            let left = until.saturating_duration_since(Instant::now()).as_micros();
            PollTimeout::try_from(left.div_ceil(1000)).unwrap_or(PollTimeout::MAX)
        });
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

/// Open a log; nothing after the reason was written to standard error.
pub fn open_log(session: &mut Session, path: &str) -> Result<Option<Answer>> {
    let reason = match session.server.client()?.stream(&encode_path(path)) {
        Ok(stream) => return Ok(Some(stream)),
        Err(CallError::Unauthorized) => "Cannot read, status code 401".to_owned(),
        Err(CallError::Status { code, .. }) => format!("Cannot read, status code {code}"),
        Err(other) => format!("Cannot connect, error: {other}"),
    };
    let line = format!("{}{path} {reason}\n", session.server.shown());
    session.terminal.err(&line)?;
    Ok(None)
}

/// Read what has arrived, blocking if nothing has. An error ends the stream like a normal end: a
/// server that exits in the middle of a chunk is not a failure of the command.
pub fn read(stream: &mut Answer) {
    let _ = stream.read();
}
