//! The activity log: what the daemon itself has to say (spec core 6.1).
//!
//! A `slog` drain in the original's line format. It writes directly while the daemon
//! starts; after [`ActivityLog::start_threads`] lines are queued to a thread of slog-async,
//! so that nobody waits for a slow disk. A queue that overflows, a disk that is full or a
//! directory that vanished cost lines, never the daemon; the count of lost lines is
//! written as soon as lines can be written again.

mod lane;
mod progress;
mod sink;

use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use slog::{Drain, Logger, OwnedKVList, Record};
use visord_config::MainLogTarget;
use visord_model::log_line::{Level, LogLine};

use self::lane::Lane;
use self::sink::Sink;
use super::clock::{LocalClock, since_1970};
use super::disk::RealDisk;
use super::file::{LogFile, Rotation};
use super::service::LogService;
use super::syslog::ActivityLine;

/// slog has six levels, we have seven: BLAT is a trace record with this tag.
const BLATHER: &str = "BLAT";

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
}

/// The open activity log. Clones are the same log.
#[derive(Clone)]
pub struct ActivityLog(Arc<Front>);

/// Opens the activity log; it writes directly until [`ActivityLog::start_threads`].
///
/// # Errors
/// The file cannot be opened.
pub fn activity(settings: ActivitySettings) -> io::Result<ActivityLog> {
    let rotation = Rotation {
        maxbytes: settings.maxbytes,
        backups: settings.backups,
        ..Rotation::default()
    };
    let sink = match settings.target {
        MainLogTarget::File(path) => Sink::File(LogFile::open(RealDisk, path, rotation)?),
        MainLogTarget::Syslog(way) => Sink::Syslog(Box::new(ActivityLine::new(&way))),
    };
    let warning = sink.rotation_warning();
    let log = ActivityLog(Arc::new(Front {
        level: settings.level,
        clock: Mutex::new(LocalClock::new("%Y-%m-%d %H:%M:%S")),
        main: Lane::new("activity-log", sink),
        stdout: settings
            .stdout
            .then(|| Lane::new("activity-stdout", Sink::Stdout)),
    }));
    if let Some(text) = warning {
        emit(&log.logger(), &LogLine::new(Level::Warn, text));
    }
    Ok(log)
}

/// Opens the activity log and closes it again: whether that would do.
///
/// # Errors
/// The file cannot be opened.
pub fn try_activity(target: &MainLogTarget) -> io::Result<()> {
    match target {
        MainLogTarget::File(path) => {
            LogFile::open(RealDisk, path.clone(), Rotation::default()).map(drop)
        }
        // whoever is missing may come back
        MainLogTarget::Syslog(_) => Ok(()),
    }
}

/// Says a sentence in the activity log.
pub fn emit(logger: &Logger, line: &LogLine) {
    let text = &line.text;
    match line.level {
        Level::Critical => slog::crit!(logger, "{text}"),
        Level::Error => slog::error!(logger, "{text}"),
        Level::Warn => slog::warn!(logger, "{text}"),
        Level::Info => slog::info!(logger, "{text}"),
        Level::Debug => slog::debug!(logger, "{text}"),
        Level::Trace => slog::trace!(logger, "{text}"),
        Level::Blather => slog::trace!(logger, # BLATHER, "{text}"),
    }
}

impl ActivityLog {
    /// A logger that writes here. Message and level count; key-value pairs are appended
    /// nowhere.
    pub fn logger(&self) -> Logger {
        Logger::root(Shared(Arc::clone(&self.0)), slog::o!())
    }

    /// From now on whoever [follows](LogService::followers) the file of this log through this
    /// service is told when it grows.
    pub fn announce_to(&self, service: &LogService) {
        self.0.main.announce_to(service.followers());
    }

    /// From now on lines are queued to threads. To be called once the daemon has forked
    /// for the last time.
    ///
    /// # Errors
    /// No thread can be had: lines are still written directly.
    pub fn start_threads(&self) -> io::Result<()> {
        for lane in self.0.lanes() {
            lane.start_thread()?;
        }
        Ok(())
    }

    /// Opens the file anew (SIGUSR2), after everything said so far is in the old one. Does
    /// not wait. If it fails, the old file stays in use and the reason is logged.
    pub fn reopen(&self) {
        self.0.main.reopen();
    }

    /// Removes the file and starts an empty one (RPC clearLog), after a last line in the
    /// old one. Only a regular file is removed (decision Q38).
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

    /// Waits until everything said so far is written, at most a few seconds.
    pub fn flush(&self) {
        for lane in self.0.lanes() {
            lane.flush();
        }
    }

    /// Ends the threads after everything queued is written; lines are written directly
    /// again. A thread whose disk hangs is left behind after 5 s, with what it had queued.
    pub fn stop_threads(&self) {
        for lane in self.0.lanes() {
            lane.stop_thread(|lost| self.0.overflow_notice(lost));
        }
    }
}

/// Turns records into lines and hands them to the lanes.
struct Front {
    level: Level,
    clock: Mutex<LocalClock>,
    main: Lane,
    stdout: Option<Lane>,
}

/// The drain of our loggers.
struct Shared(Arc<Front>);

impl Front {
    fn lanes(&self) -> impl Iterator<Item = &Lane> {
        std::iter::once(&self.main).chain(&self.stdout)
    }

    /// The whole line, with its newline; `None` if its level is not wanted.
    fn line(&self, record: &Record<'_>) -> Option<String> {
        let level = level_of(record.level(), record.tag());
        if level > self.level {
            return None;
        }
        Some(self.format(level, record.msg()))
    }

    /// The line that declares how many lines a full queue has cost.
    fn overflow_notice(&self, lost: u64) -> String {
        let text = format!("{lost} lines of the activity log lost: its queue was full");
        self.format(Level::Error, &text)
    }

    fn format(&self, level: Level, message: &dyn std::fmt::Display) -> String {
        let now = since_1970();
        let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        let second = clock.text(now);
        format!(
            "{second},{:03} {} {message}\n",
            now.subsec_millis(),
            level.code()
        )
    }
}

impl Drain for Shared {
    type Ok = ();
    type Err = slog::Never;

    fn log(&self, record: &Record<'_>, _values: &OwnedKVList) -> Result<(), slog::Never> {
        if let Some(line) = self.0.line(record) {
            for lane in self.0.lanes() {
                lane.write(&line, |lost| self.0.overflow_notice(lost));
            }
        }
        Ok(())
    }

    fn is_enabled(&self, level: slog::Level) -> bool {
        level_of(level, "") <= self.0.level
    }
}

fn level_of(level: slog::Level, tag: &str) -> Level {
    match level {
        slog::Level::Critical => Level::Critical,
        slog::Level::Error => Level::Error,
        slog::Level::Warning => Level::Warn,
        slog::Level::Info => Level::Info,
        slog::Level::Debug => Level::Debug,
        slog::Level::Trace if tag == BLATHER => Level::Blather,
        slog::Level::Trace => Level::Trace,
    }
}

#[cfg(test)]
mod tests;
