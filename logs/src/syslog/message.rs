//! The text of a message: `<14>Nov 21 05:45:15 supervisord: x a line`, or what an RFC wants.

use std::ffi::OsStr;
use std::fmt::Display;
use std::io::Write as _;
use std::path::Path;

use fasyslog::Severity;
use fasyslog::format::SyslogContext;
use visord_config::{SyslogAddress, SyslogFormat};
use visord_model::event::Stream;

use crate::clock::{LocalClock, since_1970};

/// Facility user, severity info: for everything in the local form, as in the original.
const PRIORITY: &str = "<14>";
/// The longest APP-NAME of RFC 5424; a tag of RFC 3164 may have 32 characters.
const LONGEST_NAME: usize = 48;
const LONGEST_TAG: usize = 32;
/// Where the level of a line of the activity log stands: after `YYYY-MM-DD HH:MM:SS,mmm `.
const LEVEL: std::ops::Range<usize> = 24..28;

/// Writes messages one after the other into one buffer.
#[derive(Debug)]
pub(super) struct Composer {
    form: Form,
    /// It goes to a stream, which tells where a message ends (RFC 6587).
    is_framed: bool,
    message: Vec<u8>,
}

#[derive(Debug)]
enum Form {
    /// As the C library does it.
    Local { tag: String, clock: LocalClock },
    /// Of the RFC of this format.
    Standard(SyslogFormat, SyslogContext),
}

impl Composer {
    /// Messages of what has this name: a process, or [`program_name`].
    pub(super) fn new(format: SyslogFormat, address: &SyslogAddress, name: &str) -> Self {
        let form = match format {
            SyslogFormat::Local => Form::Local {
                tag: program_name(),
                clock: LocalClock::new("%b %e %H:%M:%S"),
            },
            SyslogFormat::Rfc3164 => Form::Standard(format, context(name, LONGEST_TAG)),
            SyslogFormat::Rfc5424 => Form::Standard(format, context(name, LONGEST_NAME)),
        };
        Self {
            form,
            is_framed: matches!(address, SyslogAddress::Tcp(..)),
            message: Vec::new(),
        }
    }

    pub(super) fn set_pid(&mut self, pid: impl Display) {
        if let Form::Standard(_, context) = &mut self.form {
            context.procid(pid.to_string());
        }
    }

    /// A complete line of the activity log. The local form has all of it, its newline
    /// included; the others have a time and a severity of their own.
    pub(super) fn activity(&mut self, line: &str) -> &[u8] {
        let severity = severity(line.get(LEVEL).unwrap_or_default());
        let text = line.get(LEVEL.end..).unwrap_or(line).trim();
        self.compose(&[line.as_bytes()], severity, "activity", text.as_bytes())
    }

    pub(super) fn output(&mut self, process: &str, stream: Stream, line: &[u8]) -> &[u8] {
        let local = [process.as_bytes(), b" ", line];
        self.compose(&local, Severity::INFORMATIONAL, stream.name(), line)
    }

    /// `local` is what the local form says, the rest what the others say.
    fn compose(&mut self, local: &[&[u8]], severity: Severity, id: &str, text: &[u8]) -> &[u8] {
        let message = &mut self.message;
        message.clear();
        match &mut self.form {
            Form::Local { tag, clock } => {
                let time = clock.text(since_1970());
                // a buffer takes everything
                let _ = write!(message, "{PRIORITY}{time} {tag}: ");
                message.extend(local.iter().copied().flatten());
            }
            Form::Standard(format, context) => {
                let text = String::from_utf8_lossy(text);
                let whole = match format {
                    SyslogFormat::Rfc5424 => context
                        .format_rfc5424(severity, Some(id), Vec::new(), Some(text))
                        .to_string(),
                    SyslogFormat::Local | SyslogFormat::Rfc3164 => {
                        context.format_rfc3164(severity, Some(text)).to_string()
                    }
                };
                message.extend(whole.into_bytes());
            }
        }
        self.framed()
    }

    fn framed(&mut self) -> &[u8] {
        let message = &mut self.message;
        match self.form {
            _ if !self.is_framed => {}
            Form::Standard(SyslogFormat::Rfc5424, _) => {
                let length = format!("{} ", message.len());
                message.splice(..0, length.into_bytes());
            }
            Form::Local { .. } | Form::Standard(..) => {
                // a newline inside would end it
                let end = message.iter().rposition(|&byte| byte != b'\n');
                message.truncate(end.map_or(0, |last| last + 1));
                for byte in message.iter_mut().filter(|byte| **byte == b'\n') {
                    *byte = b' ';
                }
                message.push(b'\n');
            }
        }
        message
    }
}

fn context(name: &str, longest: usize) -> SyslogContext {
    let mut context = SyslogContext::const_new();
    if let Ok(host) = nix::unistd::gethostname() {
        context.hostname(printable(&host.to_string_lossy(), 255));
    }
    context.appname(printable(name, longest));
    context
}

/// What may stand in a header: no blank, nothing that ends a tag.
fn printable(text: &str, longest: usize) -> String {
    let fits = |c: char| c.is_ascii_graphic() && !matches!(c, ':' | '[' | ']');
    let text: String = text
        .chars()
        .map(|c| if fits(c) { c } else { '_' })
        .take(longest)
        .collect();
    if text.is_empty() { "-".into() } else { text }
}

/// The severity of a line of the activity log, by its level.
fn severity(level: &str) -> Severity {
    match level {
        "CRIT" => Severity::CRITICAL,
        "ERRO" => Severity::ERROR,
        "WARN" => Severity::WARNING,
        "DEBG" | "TRAC" | "BLAT" => Severity::DEBUG,
        _ => Severity::INFORMATIONAL,
    }
}

pub(super) fn program_name() -> String {
    let program = std::env::args_os().next().unwrap_or_default();
    let name = Path::new(&program).file_name();
    name.map_or("supervisord".into(), OsStr::to_string_lossy)
        .into_owned()
}
