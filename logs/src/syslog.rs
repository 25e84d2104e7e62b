//! Lines to syslog (spec core 6.4): the local one as the C library writes them, or any, near
//! or far, in the form of RFC 3164 or 5424 (docs/decisions/0008-syslog.md).
//!
//! ```text
//! output of a process: SyslogHandle -> queue of its syslog -> SyslogSender (a thread) -> Connection
//! activity log: ActivitySyslog (on its own thread) -------------------------------> Connection
//! ```
//!
//! A log thread only queues. A syslog that is missing, stalled or far away holds up the thread
//! that sends to it, and what does not fit into its queue is counted and declared lost.

mod connection;
mod message;
mod sender;

use std::io;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

use visord_config::{SyslogAddress, SyslogConfig};

use connection::Connection;
use message::{Composer, program_name};
pub(crate) use sender::{Origin, SyslogHandle, SyslogSenders};

/// Where the local syslog listens.
pub(crate) const LOCAL: &str = "/dev/log";

/// Sends the activity log to syslog, on a thread that may wait.
#[derive(Debug)]
pub(crate) struct ActivitySyslog {
    composer: Composer,
    connection: Connection,
}

impl ActivitySyslog {
    /// For this syslog; nothing is connected yet.
    pub(crate) fn new(config: &SyslogConfig) -> Self {
        let address = resolved(&config.address, LOCAL.as_ref());
        let mut composer = Composer::new(config.format, &address, &program_name());
        composer.set_pid(std::process::id());
        Self {
            composer,
            connection: Connection::new(address),
        }
    }

    /// Sends a complete line of the activity log; `wait` waits for room.
    /// Errors: no syslog, it takes nothing, or the line is too long for a datagram.
    pub(crate) fn send(
        &mut self,
        line: &str,
        wait: impl FnMut(BorrowedFd<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let refused = self.connection.send(self.composer.activity(line), wait)?;
        refused.map_or(Ok(()), Err)
    }
}

/// The address with the place of the local syslog filled in.
fn resolved(address: &SyslogAddress, local: &Path) -> SyslogAddress {
    match address {
        SyslogAddress::Local => SyslogAddress::Unix(PathBuf::from(local)),
        SyslogAddress::Unix(_) | SyslogAddress::Udp(..) | SyslogAddress::Tcp(..) => address.clone(),
    }
}

/// The lines of a chunk of output: newlines at its end go, the rest is split; a chunk of
/// only newlines is one empty line.
fn lines(chunk: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = chunk
        .iter()
        .rposition(|&byte| byte != b'\n')
        .map_or(0, |last| last + 1);
    chunk[..end].split(|&byte| byte == b'\n')
}

#[cfg(test)]
mod tests;
