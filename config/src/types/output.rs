//! Where the outputs of a process go, and how.

use std::path::PathBuf;

use visord_model::output::format::LineFormat;
use visord_model::output::rotation::{Compression, RotateBy};

use super::Ownership;

/// What becomes of one output of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelConfig {
    /// The file.
    pub logfile: LogTarget,
    /// Size of the capture buffer in bytes; 0 or less: no capture mode (spec core 6.7).
    pub capture_maxbytes: i64,
    /// Publish PROCESS_LOG events.
    pub events_enabled: bool,
    /// Also send each line to syslog.
    pub syslog: bool,
    /// Which syslog, and how.
    pub syslog_target: SyslogConfig,
    /// How the file is made, written and rotated.
    pub file: LogFileConfig,
}

/// How a log file is created, written and rotated. All but the first two are keys that only visord
/// has, whose defaults are what the original does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogFileConfig {
    /// `*_logfile_maxbytes`: rotate once this many bytes are reached; 0 or less: never.
    pub maxbytes: i64,
    /// `*_logfile_backups`: rotated files kept; 0 or less: the log just starts over.
    pub backups: i64,
    /// `*_logfile_format = raw | prefix | json`: how lines are shown.
    pub format: LineFormat,
    /// `*_logfile_mode`: permission bits of files that are made, `None`: 0666 less the umask.
    pub mode: Option<u32>,
    /// `*_logfile_owner = user[:group]`: owner of files that are made, `None`: the daemon.
    pub owner: Option<Ownership>,
    /// `*_logfile_compress = none | gzip | zstd`: what becomes of rotated files.
    pub compress: Compression,
    /// `*_logfile_rotate = size | daily | hourly`: what rotates it besides its size.
    pub rotate: RotateBy,
}

/// Where an output goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogTarget {
    /// A file in `childlogdir` that the daemon names.
    Auto,
    /// Nowhere.
    #[default]
    None,
    /// This path, relative to the daemon's working directory. Empty: nowhere, but shown
    /// as an empty text (spec core 1.8).
    File(String),
}

/// Which syslog, and in which form: keys that only visord has. The defaults are what the original does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyslogConfig {
    /// `*_syslog_format = local | rfc3164 | rfc5424`.
    pub format: SyslogFormat,
    /// `*_syslog_address`: a path, `udp://host[:port]` or `tcp://host[:port]`.
    pub address: SyslogAddress,
}

/// How a message for syslog is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SyslogFormat {
    /// As the C library writes it (spec core 6.4): no host name, no pid, always `<14>`.
    #[default]
    Local,
    /// RFC 3164 with host name, tag and pid.
    Rfc3164,
    /// RFC 5424.
    Rfc5424,
}

/// Where a syslog listens.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SyslogAddress {
    /// `/dev/log`.
    #[default]
    Local,
    /// A datagram socket at this path.
    Unix(PathBuf),
    /// Host and port; datagrams.
    Udp(String, u16),
    /// Host and port; a stream, framed as RFC 6587 has it.
    Tcp(String, u16),
}
