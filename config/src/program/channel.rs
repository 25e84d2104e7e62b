//! The options of one output of a process.

use visord_model::log_line::Level;
use visord_model::output::format::LineFormat;
use visord_model::output::rotation::{Compression, RotateBy};

use crate::context::Reader;
use crate::expand::Scope;
use crate::types::{ChannelConfig, LogFileConfig, LogTarget, SyslogConfig, SyslogFormat};
use crate::value::{
    one_of, parse_bool, parse_bytes, parse_int, parse_octal, parse_syslog_address,
    path_with_existing_dir,
};

/// Options of an output that are the same for all processes of a section.
pub(super) struct Fixed {
    capture_maxbytes: i64,
    events_enabled: bool,
    file: LogFileConfig,
    syslog: SyslogConfig,
}

impl Fixed {
    /// `channel` is `stdout` or `stderr`.
    pub(super) fn read(reader: &Reader<'_>, scope: &Scope<'_>, channel: &str) -> Self {
        let key = |option| format!("{channel}_{option}");
        Self {
            capture_maxbytes: reader.value_or(scope, &key("capture_maxbytes"), 0, parse_bytes),
            events_enabled: reader.value_or(scope, &key("events_enabled"), false, parse_bool),
            file: log_file(reader, scope, channel),
            syslog: syslog(reader, scope, channel),
        }
    }
}

/// The keys that the original does not have.
fn log_file(reader: &Reader<'_>, scope: &Scope<'_>, channel: &str) -> LogFileConfig {
    let key = |option| format!("{channel}_logfile_{option}");
    let formats = [
        ("raw", LineFormat::Raw),
        ("prefix", LineFormat::Prefix),
        ("json", LineFormat::Json),
    ];
    let compressions = [
        ("none", Compression::None),
        ("gzip", Compression::Gzip),
        ("zstd", Compression::Zstd),
    ];
    let rotations = [
        ("size", RotateBy::Size),
        ("daily", RotateBy::Daily),
        ("hourly", RotateBy::Hourly),
    ];
    let (mode, owner) = (&key("mode"), &key("owner"));
    LogFileConfig {
        format: reader.value_or(scope, &key("format"), LineFormat::Raw, |text| {
            one_of(text, &formats)
        }),
        mode: reader.value(scope, mode, |text| {
            let bits = parse_octal(text).ok().filter(|bits| *bits <= 0o777);
            bits.ok_or_else(|| format!("Invalid {mode} value {text}"))
        }),
        owner: reader.value(scope, owner, |text| {
            let accounts = &reader.context.accounts;
            let found = accounts.owner(text);
            found.map_err(|_| format!("Invalid {owner} value {text}"))
        }),
        compress: reader.value_or(scope, &key("compress"), Compression::None, |text| {
            one_of(text, &compressions)
        }),
        rotate: reader.value_or(scope, &key("rotate"), RotateBy::Size, |text| {
            one_of(text, &rotations)
        }),
    }
}

/// The keys of ours about syslog; `of` is `stdout`, `stderr` or `logfile`.
pub(crate) fn syslog(reader: &Reader<'_>, scope: &Scope<'_>, of: &str) -> SyslogConfig {
    let formats = [
        ("local", SyslogFormat::Local),
        ("rfc3164", SyslogFormat::Rfc3164),
        ("rfc5424", SyslogFormat::Rfc5424),
    ];
    let (format, address) = (
        format!("{of}_syslog_format"),
        format!("{of}_syslog_address"),
    );
    SyslogConfig {
        format: reader.value_or(scope, &format, SyslogFormat::Local, |text| {
            one_of(text, &formats)
        }),
        address: reader
            .value(scope, &address, parse_syslog_address)
            .unwrap_or_default(),
    }
}

/// Options of an output that may differ between the processes of a section.
pub(super) struct Channel {
    logfile: LogTarget,
    maxbytes: i64,
    backups: i64,
    syslog: bool,
}

impl Channel {
    /// `channel` is `stdout` or `stderr`.
    pub(super) fn read(reader: &Reader<'_>, scope: &Scope<'_>, channel: &str) -> Self {
        let key = |option| format!("{channel}_{option}");
        let logfile_key = &key("logfile");
        let written = logfile(reader, scope, logfile_key);
        let backups = reader.value_or(scope, &key("logfile_backups"), 10, parse_int);
        let maxbytes = reader.value_or(scope, &key("logfile_maxbytes"), 50 << 20, parse_bytes);
        let syslog = reader.value_or(scope, &key("syslog"), false, parse_bool);
        let section = &reader.section.name;
        let warn = |text| reader.context.remark(Level::Warn, text);
        let target = match written {
            Written::Syslog => {
                warn(format!(
                    "For [{section}], {logfile_key}=syslog but this is deprecated and will be \
                     removed.  Use {channel}_syslog=true to enable syslog instead."
                ));
                return Self {
                    logfile: LogTarget::None,
                    maxbytes,
                    backups,
                    syslog: true,
                };
            }
            Written::Target(target) => target,
        };
        if target == LogTarget::Auto && maxbytes == 0 {
            warn(format!(
                "For [{section}], AUTO logging used for {logfile_key} without rollover, set \
                 maxbytes > 0 to avoid filling up filesystem unintentionally"
            ));
        }
        Self {
            logfile: target,
            maxbytes,
            backups,
            syslog,
        }
    }

    /// Standard error of a process that has only one output goes nowhere of its own.
    pub(super) fn redirected(self, reader: &Reader<'_>, redirect_stderr: bool) -> Self {
        if !redirect_stderr {
            return self;
        }
        if matches!(self.logfile, LogTarget::File(_)) {
            let section = &reader.section.name;
            let text = format!(
                "For [{section}], redirect_stderr=true but stderr_logfile has also been set to a \
                 filename, the filename has been ignored"
            );
            reader.context.remark(Level::Warn, text);
        }
        Self {
            logfile: LogTarget::None,
            ..self
        }
    }

    pub(super) fn with(self, fixed: &Fixed) -> ChannelConfig {
        ChannelConfig {
            logfile: self.logfile,
            maxbytes: self.maxbytes,
            backups: self.backups,
            capture_maxbytes: fixed.capture_maxbytes,
            events_enabled: fixed.events_enabled,
            syslog: self.syslog,
            syslog_way: fixed.syslog.clone(),
            file: fixed.file,
        }
    }
}

/// What a `*_logfile` option says.
enum Written {
    Target(LogTarget),
    /// The old way to ask for `*_syslog=true`.
    Syslog,
}

/// Expanded twice, as in 4.3.0: a literal `%` needs four (spec core 1.5.4).
fn logfile(reader: &Reader<'_>, scope: &Scope<'_>, key: &str) -> Written {
    let auto = Written::Target(LogTarget::Auto);
    reader.value_or(scope, key, auto, |once| {
        let text = scope.expand(once, key)?;
        reader.note_again(key, once, &text);
        Ok(match text.to_lowercase().as_str() {
            "auto" => Written::Target(LogTarget::Auto),
            "none" | "off" => Written::Target(LogTarget::None),
            "syslog" => Written::Syslog,
            _ => {
                let path = path_with_existing_dir(&text, reader.context.surroundings)?;
                Written::Target(LogTarget::File(path))
            }
        })
    })
}
