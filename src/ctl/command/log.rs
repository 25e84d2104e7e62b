//! A log that a server keeps: reading its end and following it, for `tail` and `maintail`.

use visord_config::value::parse_int;
use visord_model::event::Stream;
use visord_model::fault::FaultCode;
use visord_xmlrpc::client::encode_query;
use visord_xmlrpc::{Client, Value};

use crate::ctl::failure::{Failure, Result, is};
use crate::ctl::follow;
use crate::ctl::lines::{last_lines, lines};
use crate::ctl::process::{call, refusable};
use crate::ctl::session::Session;

/// The outputs of a process of that name, in any case.
pub(super) fn streams_named(word: &str) -> Option<&'static [Stream]> {
    match word.to_lowercase().as_str() {
        "stdout" => Some(&[Stream::Stdout]),
        "stderr" => Some(&[Stream::Stderr]),
        "both" => Some(&[Stream::Stdout, Stream::Stderr]),
        _ => None,
    }
}

/// What of a log is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// From that byte on; a negative number counts from the end.
    From(i64),
    /// That many lines at the end.
    Lines(usize),
    /// The end and whatever comes after it.
    Follow,
}

impl Extent {
    /// What is shown without an option: the last 1600 bytes.
    pub(super) const DEFAULT: Self = Self::From(-1600);

    /// Read `-f` or `-N`; nothing if it is neither.
    pub(super) fn read(option: &str) -> Option<Self> {
        let rest = option.strip_prefix('-')?;
        if rest == "f" {
            return Some(Self::Follow);
        }
        let bytes = parse_int(rest).ok()?;
        Some(Self::From(bytes.saturating_neg()))
    }
}

/// Why a process that writes no log has nothing to show.
pub(super) const NO_LOG: &str = "no log file";

/// Which log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LogId<'a> {
    /// Of the daemon itself.
    Main,
    /// Of the process of this name.
    Of(&'a str, Stream),
}

impl LogId<'_> {
    /// The path of its stream, not encoded.
    pub(super) fn stream(&self) -> String {
        match self {
            Self::Main => "/mainlogtail".to_owned(),
            Self::Of(name, channel) => format!("/logtail/{name}/{}", channel.name()),
        }
    }

    /// Show what is wanted of it.
    pub(super) fn show(
        &self,
        session: &mut Session,
        client: &mut Client,
        extent: Extent,
    ) -> Result {
        if extent == Extent::Follow {
            return follow::log(session, &self.stream());
        }
        match self.read(session, client, extent)? {
            Ok(bytes) => session.say_bytes(&bytes),
            Err(why) => {
                let owner = match self {
                    Self::Main => "supervisord",
                    Self::Of(name, _) => name,
                };
                Err(Failure::refused(format!("{owner}: ERROR ({why})")))
            }
        }
    }

    /// What is wanted of it now, or why it cannot be read. Of a log that is followed that is nothing:
    /// its end comes with the stream.
    pub(super) fn read(
        &self,
        session: &Session,
        client: &mut Client,
        extent: Extent,
    ) -> Result<Result<Vec<u8>, &'static str>> {
        const FIRST: i64 = 16 * 1024;
        let count = match extent {
            Extent::From(offset) => return self.read_from(session, client, offset),
            Extent::Lines(count) => count,
            Extent::Follow => return Ok(Ok(Vec::new())),
        };
        // more of it is read until there are enough lines
        let mut size = FIRST;
        let mut before = None;
        loop {
            let bytes = match self.read_from(session, client, -size)? {
                Ok(bytes) => bytes,
                Err(why) => return Ok(Err(why)),
            };
            // The first line may have lost its beginning.
            let is_enough = lines(&bytes).len() > count;
            if is_enough || before == Some(bytes.len()) {
                return Ok(Ok(last_lines(&bytes, count).join(&b'\n')));
            }
            before = Some(bytes.len());
            size = size.saturating_mul(4);
        }
    }

    fn read_from(
        &self,
        session: &Session,
        client: &mut Client,
        offset: i64,
    ) -> Result<Result<Vec<u8>, &'static str>> {
        let range: [Value; 2] = [offset.into(), 0.into()];
        let result = match self {
            Self::Main => call(client, "supervisor.readLog", &range),
            Self::Of(name, channel) => {
                let method = match channel {
                    Stream::Stdout => "supervisor.readProcessStdoutLog",
                    Stream::Stderr => "supervisor.readProcessStderrLog",
                };
                call(client, method, &[&[(*name).into()], &range[..]].concat())
            }
        };
        Ok(Err(match refusable(result)? {
            Ok(text) => {
                let text = text.as_str().unwrap_or_default();
                return Ok(Ok(self.bytes(session, text, offset)?));
            }
            Err(fault) if is(FaultCode::NoFile, fault.code) => NO_LOG,
            Err(fault) if is(FaultCode::Failed, fault.code) => "unknown error reading log",
            Err(fault) if is(FaultCode::BadName, fault.code) => "no such process name",
            Err(fault) => return Err(fault.into()),
        }))
    }

    /// The bytes whose text is `text`. XML cannot carry some characters and bytes that are not
    /// UTF-8, such as the ESC of a color: our daemon offers them on its pages. Of another daemon
    /// there is only the text.
    fn bytes(&self, session: &Session, text: &str, offset: i64) -> Result<Vec<u8>> {
        /// How much may be written between the two requests, in bytes.
        const GROWTH: usize = 1024 * 1024;
        let known = text.as_bytes().to_vec();
        if !text.contains(char::REPLACEMENT_CHARACTER) {
            return Ok(known);
        }
        let page = match self {
            Self::Main => "/activity.html?channel=main".to_owned(),
            Self::Of(name, channel) => {
                let name = encode_query(name);
                format!("/log.html?name={name}&channel={}", channel.name())
            }
        };
        let path = format!("{page}&download=1&from={offset}");
        let Ok(mut answer) = session.server.client()?.stream(&path) else {
            return Ok(known);
        };
        let mut bytes = answer.take();
        while bytes.len() < text.len() + GROWTH {
            if answer.is_closed() {
                return Ok(bytes);
            }
            if answer.read().is_err() {
                // the log was truncated meanwhile
                break;
            }
            bytes.append(&mut answer.take());
        }
        Ok(known)
    }
}
