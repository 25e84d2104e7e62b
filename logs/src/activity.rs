//! The activity log: what the daemon itself has to say (spec core 6.1).
//!
//! A `slog` drain in the original's line format. It writes directly while the daemon
//! starts; after [`ActivityLog::start_threads`] lines are queued to a thread, so that no caller
//! waits for a slow disk. A queue that overflows, a disk that is full or a
//! directory that vanished cost lines, never the daemon; the count of lost lines is
//! written as soon as lines can be written again.

mod destination;
mod sink;
mod style;
mod writer;

use std::future::Future;
use std::io;
use std::panic::RefUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use slog::{Drain, Logger, OwnedKVList, Record};
use visord_config::{LogFileConfig, MainLogTarget};
use visord_model::log_line::Level;

use self::sink::Sink;
pub use self::style::LineStyle;
use self::writer::LogWriter;
use crate::clock::{LocalClock, since_1970};
use crate::disk::RealDisk;
use crate::emit::level_of;
use crate::file::LogFile;
use crate::followers::Followers;
use crate::syslog::ActivitySyslog;

/// Where the activity log goes and what it contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivitySettings {
    /// A file or syslog.
    pub target: MainLogTarget,
    /// Rotate at this many bytes; 0 or less: never.
    pub maxbytes: i64,
    /// Rotated files kept.
    pub backups: i64,
    /// The least important level written.
    pub level: Level,
    /// Repeat every line on standard output: in the foreground and not silent.
    pub stdout: bool,
    /// The form of its lines.
    pub style: LineStyle,
}

/// The open activity log. Clones are the same log.
#[derive(Clone)]
pub struct ActivityLog(Arc<Front>);

/// Opens the activity log; it writes directly until [`ActivityLog::start_threads`].
///
/// # Errors
/// The file cannot be opened.
pub fn activity(settings: ActivitySettings) -> io::Result<ActivityLog> {
    let options = LogFileConfig {
        maxbytes: settings.maxbytes,
        backups: settings.backups,
        ..LogFileConfig::default()
    };
    let mut sink = open(&settings.target, options)?;
    let warning = sink
        .file()
        .and_then(|file| file.rotation_warning("logfile", ""));
    let log = ActivityLog(Arc::new(Front {
        level: AtomicU8::new(settings.level as u8),
        style: settings.style.clone(),
        clock: Mutex::new(LocalClock::new("%Y-%m-%d %H:%M:%S")),
        main: LogWriter::new("activity-log", sink, settings.style.clone()),
        stdout: settings
            .stdout
            .then(|| LogWriter::new("activity-stdout", Sink::Stdout, settings.style.clone())),
    }));
    if let Some(text) = warning {
        slog::warn!(log.logger(), "{text}");
    }
    Ok(log)
}

/// Opens the activity log and closes it again: whether that would do.
///
/// # Errors
/// The file cannot be opened.
pub fn try_activity(target: &MainLogTarget) -> io::Result<()> {
    open(target, LogFileConfig::default()).map(drop)
}

/// A syslog that is missing may come.
fn open(target: &MainLogTarget, options: LogFileConfig) -> io::Result<Sink> {
    Ok(match target {
        MainLogTarget::File(path) => Sink::File(LogFile::open(RealDisk, path.clone(), options)?),
        MainLogTarget::Syslog(config) => Sink::Syslog(Box::new(ActivitySyslog::new(config))),
    })
}

impl ActivityLog {
    /// A logger that writes here. Message and level count; key-value pairs are appended
    /// nowhere.
    pub fn logger(&self) -> Logger {
        Logger::root(self.clone(), slog::o!())
    }

    /// From now on this is the least important level written.
    pub fn set_level(&self, level: Level) {
        self.0.level.store(level as u8, Ordering::Relaxed);
    }

    /// From now on these followers are notified when its file grows.
    pub fn announce_to(&self, followers: Followers) {
        self.0.main.announce_to(followers);
    }

    /// From now on lines are queued to threads. To be called once the daemon has forked
    /// for the last time.
    ///
    /// # Errors
    /// No thread can be had: lines are still written directly.
    pub fn start_threads(&self) -> io::Result<()> {
        for writer in self.0.writers() {
            writer.start_thread()?;
        }
        Ok(())
    }

    /// Opens the file again (SIGUSR2), after everything said so far is in the old one. Does
    /// not wait. If it fails, the old file stays in use and the reason is logged.
    pub fn reopen(&self) {
        self.0.main.reopen();
    }

    /// Removes the file and starts an empty one (RPC clearLog), after a last line in the
    /// old one. Only a regular file is removed (difference Q38).
    ///
    /// # Errors
    /// Those of unlinking and opening.
    pub fn clear(&self) -> impl Future<Output = io::Result<()>> + 'static + use<> {
        if self.0.main.is_file() {
            slog::info!(self.logger(), "reopening log file");
        }
        self.0.main.clear()
    }

    /// Completes when everything said so far is written, or at once while the disk hangs;
    /// `None` if it is already. Needs a tokio timer.
    #[must_use]
    pub fn settled(&self) -> Option<BoxFuture<'static, ()>> {
        self.0.main.settled()
    }

    /// Ends the threads after everything queued is written; lines are written directly
    /// again. A thread whose disk hangs is left behind after 5 s, with what it had queued.
    pub fn stop_threads(&self) {
        self.0.stop_threads();
    }
}

/// Turns records into lines and hands them to the writers.
struct Front {
    /// The place of the least important one written in [`Level::ALL`].
    level: AtomicU8,
    style: LineStyle,
    clock: Mutex<LocalClock>,
    main: LogWriter,
    stdout: Option<LogWriter>,
}

/// What is under its locks is whole whatever panics.
impl RefUnwindSafe for Front {}

impl Drop for Front {
    fn drop(&mut self) {
        self.stop_threads();
    }
}

impl Front {
    fn stop_threads(&self) {
        self.writers().for_each(LogWriter::stop_thread);
    }

    fn writers(&self) -> impl Iterator<Item = &LogWriter> {
        std::iter::once(&self.main).chain(&self.stdout)
    }

    fn writes(&self, level: Level) -> bool {
        level as u8 <= self.level.load(Ordering::Relaxed)
    }

    /// The whole line, with its newline.
    fn line(&self, level: Level, message: &dyn std::fmt::Display) -> String {
        let now = since_1970();
        let mut clock = self.clock.lock();
        let second = clock.text(now);
        let time = format!("{second},{:03}", now.subsec_millis());
        self.style.line(&time, level, message)
    }
}

impl Drain for ActivityLog {
    type Ok = ();
    type Err = slog::Never;

    fn log(&self, record: &Record<'_>, _values: &OwnedKVList) -> Result<(), slog::Never> {
        let level = level_of(record.level(), record.tag());
        if self.0.writes(level) {
            let line = self.0.line(level, record.msg());
            if let Some(stdout) = &self.0.stdout {
                stdout.write(line.clone());
            }
            self.0.main.write(line);
        }
        Ok(())
    }

    fn is_enabled(&self, level: slog::Level) -> bool {
        self.0.writes(level_of(level, ""))
    }
}

#[cfg(test)]
mod tests;
