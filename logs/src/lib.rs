//! Everything that is written to logs: what programs write, and the activity log of supervisord.
//!
//! What happens to a byte of a program: pipe, capture and ANSI filter (`visord_model::output`),
//! file and syslog, rotation; and an event if it has a subscriber. A byte that cannot be stored is
//! counted and declared in the activity log. Every file is opened through `visord_files`, and
//! everything that may wait for a disk or a syslog is done by a thread of its own, so that a disk
//! that hangs holds up only the logs on it.
//!
//! In reading order:
//! - [`worker`]: a thread and its queue, which every background thread here is;
//! - [`activity`](activity()): the activity log, a `slog` logger; [`emit()`] says a sentence in it;
//! - [`LogService`] opens a [`Channel`] for each output of a process and starts the log threads,
//!   one per file system (`docs/decisions/0004-log-threads.md`). `pump` is such a thread,
//!   `output` what it does to the bytes of one channel, `file` one log file, `archive` the thread
//!   that compresses rotated files, `syslog` the threads that send to syslog;
//! - [`follow`] and [`reader`] read logs, as they grow or by offset; [`Followers`] tells
//!   readers that a log has grown;
//! - [`workers`]: a pool of threads for jobs that may block;
//! - [`auto`]: logs that supervisord names itself.
//!
//! ```
//! use visord_config::MainLogTarget;
//! use visord_logs::{ActivitySettings, LineStyle, activity};
//! use visord_model::log_line::Level;
//!
//! let dir = tempfile::tempdir()?;
//! let path = dir.path().join("supervisord.log");
//! let log = activity(ActivitySettings {
//!     target: MainLogTarget::File(path.clone()),
//!     maxbytes: 50 * 1024 * 1024,
//!     backups: 10,
//!     level: Level::Info,
//!     stdout: false,
//!     style: LineStyle::Supervisor,
//! })?;
//! log.start_threads()?;
//! slog::info!(log.logger(), "supervisord started with pid 1");
//! log.stop_threads();
//! assert!(std::fs::read_to_string(path)?.ends_with(" INFO supervisord started with pid 1\n"));
//! # Ok::<(), std::io::Error>(())
//! ```

mod activity;
mod archive;
pub mod auto;
mod channel;
mod clock;
mod disk;
mod emit;
mod fifo;
mod file;
pub mod follow;
mod followers;
mod ledger;
mod loss;
mod output;
mod pump;
pub mod reader;
mod service;
mod spec;
mod syslog;
pub mod worker;
pub mod workers;

pub use activity::{ActivityLog, ActivitySettings, LineStyle, activity, try_activity};
pub use channel::{Channel, OpenedChannel};
pub use clock::since_1970;
pub use emit::emit;
pub use file::{FileAction, numbered};
pub use followers::{ChangeNotifier, Followers};
pub use ledger::ByteCounts;
pub use service::LogService;
pub use spec::{ChannelSpec, EventSink};

#[cfg(test)]
mod tests;
