//! Lines to syslog (spec core 6.4): the local one as the C library writes them, or any, near
//! or far, in the form of RFC 3164 or 5424 (docs/decisions/0008-syslog.md).
//!
//! ```text
//! output of a child ──Outbox──> queue of its syslog ──Courier (a thread)──> Wire
//! activity log ──ActivityLine (its own thread)────────────────────────────> Wire
//! ```
//!
//! A log thread only queues. Whoever is missing, stalled or far away holds up the courier, and
//! what does not fit into its queue is counted and declared lost.

mod courier;
mod message;
mod wire;

use std::io;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

use visord_config::{SyslogAddress, SyslogConfig};

pub(crate) use courier::{Couriers, Outbox};
use message::Composer;
use wire::{Receipt, Wire};

/// Where the local syslog listens.
pub(crate) const LOCAL: &str = "/dev/log";

/// The activity log's own way to syslog, for a thread that may wait.
#[derive(Debug)]
pub(crate) struct ActivityLine {
    composer: Composer,
    wire: Wire,
}

impl ActivityLine {
    /// A way to this syslog; nothing is connected yet.
    pub(crate) fn new(way: &SyslogConfig) -> Self {
        let address = resolved(&way.address, LOCAL.as_ref());
        Self {
            composer: Composer::for_activity(way.format, &address),
            wire: Wire::new(address),
        }
    }

    /// Sends a complete line of the activity log; `wait` waits for room.
    ///
    /// # Errors
    /// No syslog, it takes nothing, or the line is too long for a datagram.
    pub(crate) fn send(
        &mut self,
        line: &str,
        wait: impl FnMut(BorrowedFd<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        match self.wire.send(self.composer.activity(line), wait)? {
            Receipt::Taken => Ok(()),
            Receipt::EarlierRefused(error) => Err(error),
        }
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
