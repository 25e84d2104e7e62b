//! Lines of a log with the time and the place they came from (`*_logfile_format`).
//!
//! A key of ours; the original only writes what the process wrote, which is
//! [`LineFormat::Raw`] and never comes here.
//!
//! - `prefix`: `TIME GROUP:NAME STREAM | TEXT`, for instance
//!   `2026-11-21T03:58:39.123+00:00 web:web_00 stdout | GET /`.
//! - `json`: one object per line with the members `time`, `group`, `process`, `stream`,
//!   `line`, in this order, all texts; bytes that are no UTF-8 become U+FFFD.
//!
//! A line is stored when its newline comes, or when the output ends. A line longer than
//! [`LINE_LIMIT`] is stored in pieces; all but its last have `+` in the place of `|`, or a
//! last member `"partial":true`. The time is that of a piece's first byte.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::event::Stream;
use crate::text::unfinished;

/// Bytes of a line that are stored as one piece.
pub const LINE_LIMIT: usize = 64 * 1024;

/// How a log file shows what was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineFormat {
    /// Byte for byte.
    #[default]
    Raw,
    /// A prefix before each line.
    Prefix,
    /// A JSON object for each line.
    Json,
}

/// Turns a stream of bytes into lines of a log.
#[derive(Clone, Debug)]
pub struct Formatter {
    is_json: bool,
    /// What stands between the time and the text.
    label: String,
    /// The piece that is not complete yet: at most [`LINE_LIMIT`] bytes.
    held: Vec<u8>,
    /// The time of its first byte.
    time: String,
}

impl Formatter {
    /// The formatter of one output; `None` for raw.
    pub fn new(format: LineFormat, group: &str, process: &str, stream: Stream) -> Option<Self> {
        let stream = stream.name();
        let label = match format {
            LineFormat::Raw => return None,
            LineFormat::Prefix => format!(" {group}:{process} {stream} "),
            LineFormat::Json => {
                let mut label = Vec::from(*b"\",\"group\":\"");
                escape(group, &mut label);
                label.extend_from_slice(b"\",\"process\":\"");
                escape(process, &mut label);
                label.extend_from_slice(b"\",\"stream\":\"");
                label.extend_from_slice(stream.as_bytes());
                label.extend_from_slice(b"\",\"line\":\"");
                String::from_utf8_lossy(&label).into_owned()
            }
        };
        Some(Self {
            is_json: format == LineFormat::Json,
            label,
            held: Vec::new(),
            time: String::new(),
        })
    }

    /// Takes the next bytes, which came at this time (printable ASCII without `"` and `\`);
    /// complete pieces go to `out`.
    pub fn feed(&mut self, bytes: &[u8], time: &str, out: &mut Vec<u8>) {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.held.is_empty() {
                self.time.clear();
                self.time.push_str(time);
            }
            let room = LINE_LIMIT - self.held.len();
            // a newline directly after a full piece still ends it
            let window = &rest[..rest.len().min(room + 1)];
            if let Some(end) = window.iter().position(|&byte| byte == b'\n') {
                self.held.extend_from_slice(&rest[..end]);
                let mut line = core::mem::take(&mut self.held);
                self.put(&line, false, out);
                // a large piece of memory is given back
                line.clear();
                line.shrink_to(4096);
                self.held = line;
                rest = &rest[end + 1..];
            } else if window.len() <= room {
                self.held.extend_from_slice(window);
                return;
            } else {
                self.held.extend_from_slice(&rest[..room]);
                rest = &rest[room..];
                self.cut(time, out);
            }
        }
    }

    /// The output has ended: a line without newline is stored as if it had one.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        let line = core::mem::take(&mut self.held);
        if !line.is_empty() {
            self.put(&line, false, out);
        }
    }

    /// Stores the front of a line that is too long; a character is not cut in two.
    fn cut(&mut self, time: &str, out: &mut Vec<u8>) {
        let line = core::mem::take(&mut self.held);
        let (piece, tail) = line.split_at(line.len() - unfinished(&line));
        self.put(piece, true, out);
        self.held.extend_from_slice(tail);
        self.time.clear();
        self.time.push_str(time);
    }

    fn put(&self, line: &[u8], is_partial: bool, out: &mut Vec<u8>) {
        if self.is_json {
            out.extend_from_slice(b"{\"time\":\"");
            out.extend_from_slice(self.time.as_bytes());
            out.extend_from_slice(self.label.as_bytes());
            escape(&String::from_utf8_lossy(line), out);
            let end: &[u8] = if is_partial {
                b"\",\"partial\":true}\n"
            } else {
                b"\"}\n"
            };
            out.extend_from_slice(end);
        } else {
            out.extend_from_slice(self.time.as_bytes());
            out.extend_from_slice(self.label.as_bytes());
            out.extend_from_slice(if is_partial { b"+ " } else { b"| " });
            out.extend_from_slice(line);
            out.push(b'\n');
        }
    }
}

/// The text as the inside of a JSON string.
fn escape(text: &str, out: &mut Vec<u8>) {
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escaped: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0..=0x1F => b"",
            _plain => continue,
        };
        out.extend_from_slice(&text.as_bytes()[plain..at]);
        plain = at + 1;
        if escaped.is_empty() {
            out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
        } else {
            out.extend_from_slice(escaped);
        }
    }
    out.extend_from_slice(&text.as_bytes()[plain..]);
}

#[cfg(test)]
mod tests;
