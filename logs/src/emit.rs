//! Sentences of the rules as records of slog, and back to their levels.

use slog::Logger;
use visord_model::log_line::{Level, LogLine};

/// slog has six levels, we have seven: BLAT is a trace record with this tag.
const BLATHER: &str = "BLAT";

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

pub(crate) fn level_of(level: slog::Level, tag: &str) -> Level {
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
