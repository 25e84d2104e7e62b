//! The keys of one output of a process. `channel` is `stdout` or `stderr`.

use visord_model::log_line::Level;
use visord_model::output::format::LineFormat;
use visord_model::output::rotation::{Compression, RotateBy};

use crate::context::Reader;
use crate::types::{ChannelConfig, LogFileConfig, LogTarget, SyslogConfig, SyslogFormat};
use crate::value::{
    parse_bool, parse_bytes, parse_int, parse_octal, parse_syslog_address, path_with_existing_dir,
};

const LINE_FORMATS: [(&str, LineFormat); 3] = [
    ("raw", LineFormat::Raw),
    ("prefix", LineFormat::Prefix),
    ("json", LineFormat::Json),
];

const COMPRESSIONS: [(&str, Compression); 3] = [
    ("none", Compression::None),
    ("gzip", Compression::Gzip),
    ("zstd", Compression::Zstd),
];

const ROTATIONS: [(&str, RotateBy); 3] = [
    ("size", RotateBy::Size),
    ("daily", RotateBy::Daily),
    ("hourly", RotateBy::Hourly),
];

const SYSLOG_FORMATS: [(&str, SyslogFormat); 3] = [
    ("local", SyslogFormat::Local),
    ("rfc3164", SyslogFormat::Rfc3164),
    ("rfc5424", SyslogFormat::Rfc5424),
];

/// The keys that are the same for all processes of a section.
pub(super) fn read_common(reader: &Reader<'_>, channel: &str) -> Option<ChannelConfig> {
    Some(ChannelConfig {
        capture_maxbytes: reader.value(&format!("{channel}_capture_maxbytes"), parse_bytes)?,
        events_enabled: reader.value(&format!("{channel}_events_enabled"), parse_bool)?,
        file: log_file(reader, channel)?,
        syslog_target: syslog(reader, channel)?,
        ..ChannelConfig::default()
    })
}

/// The keys that the original does not have; the others may differ between processes.
fn log_file(reader: &Reader<'_>, channel: &str) -> Option<LogFileConfig> {
    let key = |option| format!("{channel}_logfile_{option}");
    let (mode, owner) = (&key("mode"), &key("owner"));
    Some(LogFileConfig {
        format: reader.choice(&key("format"), &LINE_FORMATS)?,
        mode: reader.value(mode, |text| {
            let bits = parse_octal(text).ok().filter(|bits| *bits <= 0o777);
            bits.ok_or_else(|| format!("Invalid {mode} value {text}"))
        }),
        owner: reader.owner(owner, owner),
        compress: reader.choice(&key("compress"), &COMPRESSIONS)?,
        rotate: reader.choice(&key("rotate"), &ROTATIONS)?,
        ..LogFileConfig::default()
    })
}

/// The keys about syslog that only visord has; `of` is `stdout`, `stderr` or `logfile`.
pub(crate) fn syslog(reader: &Reader<'_>, of: &str) -> Option<SyslogConfig> {
    let format = reader.choice(&format!("{of}_syslog_format"), &SYSLOG_FORMATS);
    let address = reader.value(&format!("{of}_syslog_address"), parse_syslog_address);
    Some(SyslogConfig {
        format: format?,
        address: address?,
    })
}

/// The keys that may differ between the processes of a section.
pub(super) fn read(
    reader: &Reader<'_>,
    channel: &str,
    common: &ChannelConfig,
) -> Option<ChannelConfig> {
    let key = |option| format!("{channel}_{option}");
    let logfile_key = &key("logfile");
    let written = logfile(reader, logfile_key)?;
    let backups = reader.value(&key("logfile_backups"), parse_int);
    let maxbytes = reader.value(&key("logfile_maxbytes"), parse_bytes);
    let syslog = reader.value(&key("syslog"), parse_bool);
    let config = |logfile, syslog| {
        Some(ChannelConfig {
            logfile,
            syslog,
            file: LogFileConfig {
                maxbytes: maxbytes?,
                backups: backups?,
                ..common.file
            },
            ..common.clone()
        })
    };
    let section = &reader.section.name;
    let warn = |text| reader.context.remark(Level::Warn, text);
    let Some(logfile) = written else {
        warn(format!(
            "For [{section}], {logfile_key}=syslog but this is deprecated and will be \
             removed.  Use {channel}_syslog=true to enable syslog instead."
        ));
        return config(LogTarget::None, true);
    };
    if logfile == LogTarget::Auto && maxbytes == Some(0) {
        warn(format!(
            "For [{section}], AUTO logging used for {logfile_key} without rollover, set \
             maxbytes > 0 to avoid filling up filesystem unintentionally"
        ));
    }
    config(logfile, syslog?)
}

/// Standard error of a process that has only one output has no file of its own.
pub(super) fn redirected(reader: &Reader<'_>, stderr: ChannelConfig) -> ChannelConfig {
    if matches!(stderr.logfile, LogTarget::File(_)) {
        let section = &reader.section.name;
        let text = format!(
            "For [{section}], redirect_stderr=true but stderr_logfile has also been set to a \
             filename, the filename has been ignored"
        );
        reader.context.remark(Level::Warn, text);
    }
    ChannelConfig {
        logfile: LogTarget::None,
        ..stderr
    }
}

/// What `*_logfile` says; the inner `None` is `syslog`, the old name of `*_syslog=true`. Expanded
/// twice, as in 4.3.0: a literal `%` needs four (spec core 1.5.4).
fn logfile(reader: &Reader<'_>, key: &str) -> Option<Option<LogTarget>> {
    reader.value(key, |once| {
        let text = reader.scope.expand(once, key)?;
        reader.note_again(key, once, &text);
        Ok(match text.to_lowercase().as_str() {
            "auto" => Some(LogTarget::Auto),
            "none" | "off" => Some(LogTarget::None),
            "syslog" => None,
            _ => {
                let path = path_with_existing_dir(&text, reader.context.host)?;
                Some(LogTarget::File(path))
            }
        })
    })
}
