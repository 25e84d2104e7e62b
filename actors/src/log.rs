//! Everything that is written to logs: the output of processes and the daemon's own words.
//!
//! - [`LogService`] opens a [`Channel`] for each captured output (on a spawner thread) and pumps
//!   its bytes on plain threads, one per file system, so that a disk that hangs stalls only the logs
//!   on it and never a reap or a request (`docs/decisions/0004-log-threads.md`).
//! - [`activity`] opens the activity log and gives everybody a `slog` logger;
//!   [`emit`] says a sentence of the rules in it.
//!
//! What happens to a byte: pipe → splitter and ANSI filter (`model::output`) → file,
//! syslog → rotation; and to the event bus if somebody subscribes. Bytes are never
//! messages between actors, and a byte that cannot be stored is counted and declared.

mod archive;
pub mod auto;
mod channel;
mod clock;
mod disk;
#[cfg(test)]
mod faulty;
mod fifo;
mod file;
pub mod follow;
mod followers;
mod ledger;
mod loss;
mod main_log;
mod mounts;
mod output;
mod pump;
pub mod reader;
mod service;
mod syslog;

pub use channel::{Channel, ChannelSpec, Drained, OpenedChannel, OutputEvent, OutputEventKind};
pub use followers::{Followers, Growth};
pub use ledger::{LostBytes, StoredBytes};
pub use main_log::{ActivityLog, ActivitySettings, activity, emit, try_activity};
pub use service::{LogService, LogSettings};

/// The log thread that should answer has ended.
fn gone() -> std::io::Error {
    std::io::Error::other("the log threads have ended")
}

#[cfg(test)]
mod tests;
