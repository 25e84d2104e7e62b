//! `tail`: the end of a process's log. What the original knows is here; the rest, several
//! logs at once, is in [`several`].

mod merged;
mod several;

use visord_config::value::parse_int;
use visord_model::fault::FaultCode;
use visord_model::pyrepr::repr;
use visord_xmlrpc::client::encode_query;
use visord_xmlrpc::{Client, Value};

use super::{Command, Completes, Opt};
use crate::ctl::exit_status::{ExitStatus, is};
use crate::ctl::failure::Failure;
use crate::ctl::follow;
use crate::ctl::help::Part;
use crate::ctl::process::refusable;
use crate::ctl::session::{Flow, Session};

pub(super) const TAIL: Command = Command {
    name: "tail",
    help: &[
        Part::Line("tail [-f] <name> [stdout|stderr] (default stdout)"),
        Part::Line("For example:"),
        Part::Usage(
            "tail -f <name>",
            "Show what the process writes until Ctrl-C",
        ),
        Part::Usage("tail -100 <name>", "Show the last 100 bytes it wrote"),
        Part::Usage(
            "tail <name> stderr",
            "Show the last 1600 bytes of its standard error",
        ),
        Part::Usage(
            "tail -f <name> <name> both",
            "Show what several write on both streams, line by line, with their names",
        ),
    ],
    options: &[
        Opt {
            name: "-f",
            value: None,
            text: "show what is written from now on, until Ctrl-C",
        },
        Opt {
            name: "-n",
            value: Some(("<lines>", &[])),
            text: "show that many lines",
        },
    ],
    completes: &[Completes::Processes, Completes::ProcessesThen(CHANNELS)],
    needs: &[
        "supervisor.getVersion",
        "supervisor.getAllProcessInfo",
        "supervisor.readProcessStdoutLog",
        "supervisor.readProcessStderrLog",
        "/logtail",
        "/live",
    ],
    addition: false,
    run,
};

/// What may follow the names.
const CHANNELS: &[&str] = &["both", "stderr", "stdout"];

/// Bytes shown without being told how many.
const DEFAULT_BYTES: i64 = 1600;

/// What of a log is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// From there on; a negative offset counts from the end.
    From(i64),
    /// The end and whatever comes after it.
    Follow,
}

/// Read `-f` or `-N`; nothing if it is neither.
pub(super) fn modifier(text: &str) -> Option<Extent> {
    let rest = text.strip_prefix('-')?;
    if rest == "f" {
        return Some(Extent::Follow);
    }
    let bytes = parse_int(rest).ok()?;
    Some(Extent::From(bytes.saturating_neg()))
}

/// What is wanted without a modifier.
pub(super) const DEFAULT: Extent = Extent::From(-DEFAULT_BYTES);

/// What `tail` was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Request<'a> {
    name: &'a str,
    channel: Channel,
    part: Extent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    Stdout,
    Stderr,
}

impl Channel {
    /// As URLs name it.
    const fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }

    /// The method that reads its log.
    const fn method(self) -> &'static str {
        match self {
            Self::Stdout => "supervisor.readProcessStdoutLog",
            Self::Stderr => "supervisor.readProcessStderrLog",
        }
    }
}

/// Why the arguments cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Misuse {
    message: String,
    /// Show how it is done.
    with_help: bool,
}

fn read(argument: &str) -> Result<Request<'_>, Misuse> {
    let misuse = |message: &str, with_help| Misuse {
        message: format!("Error: {message}"),
        with_help,
    };
    let words: Vec<&str> = argument.split_whitespace().collect();
    let (modifier_word, names) = match &words[..] {
        [] => return Err(misuse("too few arguments", true)),
        [_, _, _, _, ..] => return Err(misuse("too many arguments", true)),
        [first, names @ ..] if first.starts_with('-') => (Some(*first), names),
        names => (None, names),
    };
    let Some(name) = names.first() else {
        return Err(misuse("tail requires process name", false));
    };
    let channel = match names.get(1..).and_then(<[&str]>::last) {
        None => Channel::Stdout,
        Some(word) => match word.to_lowercase().as_str() {
            "stdout" => Channel::Stdout,
            "stderr" => Channel::Stderr,
            _ => return Err(misuse(&format!("bad channel {}", repr(word)), false)),
        },
    };
    let part = match modifier_word {
        None => DEFAULT,
        Some(word) => {
            modifier(word).ok_or_else(|| misuse(&format!("bad argument {word}"), false))?
        }
    };
    Ok(Request {
        name,
        channel,
        part,
    })
}

fn run(session: &mut Session<'_>, argument: &str) -> Result<Flow, Failure> {
    let Some(mut client) = session.reach()? else {
        return Ok(Flow::Continue);
    };
    match several::Request::read(argument) {
        Ok(Some(request)) if several::run(session, &mut client, &request)? => {
            return Ok(Flow::Continue);
        }
        Ok(Some(_) | None) => {}
        Err(message) => {
            session.fail(ExitStatus::Generic, &format!("Error: {message}"))?;
            return Ok(Flow::Continue);
        }
    }
    let request = match read(argument) {
        Ok(request) => request,
        Err(Misuse { message, with_help }) if with_help => {
            return TAIL.misused(session, ExitStatus::Generic, &message);
        }
        Err(Misuse { message, .. }) => {
            session.fail(ExitStatus::Generic, &message)?;
            return Ok(Flow::Continue);
        }
    };
    match request.part {
        Extent::From(offset) => show(session, &mut client, &request, offset)?,
        Extent::Follow => {
            let channel = request.channel.name();
            follow::log(session, &format!("/logtail/{}/{channel}", request.name))?;
        }
    }
    Ok(Flow::Continue)
}

fn show(
    session: &mut Session<'_>,
    client: &mut Client,
    request: &Request<'_>,
    offset: i64,
) -> Result<(), Failure> {
    let name = request.name;
    match read_log(session, client, request.channel, name, offset)? {
        Ok(text) => session.say_bytes(&text),
        Err(why) => session.fail(ExitStatus::Generic, &format!("{name}: ERROR ({why})")),
    }
}

/// Why there is nothing to show of a process that writes no log.
const NO_LOG: &str = "no log file";

/// A log from that offset on, or why it cannot be had.
fn read_log(
    session: &Session<'_>,
    client: &mut Client,
    channel: Channel,
    name: &str,
    offset: i64,
) -> Result<Result<Vec<u8>, &'static str>, Failure> {
    let params: [Value; 3] = [name.into(), offset.into(), 0.into()];
    let result = client.call(channel.method(), &params);
    Ok(Err(match refusable(result)? {
        Ok(text) => {
            let (name, channel) = (encode_query(name), channel.name());
            let page = format!("/log.html?name={name}&channel={channel}");
            let text = text.as_str().unwrap_or_default();
            return Ok(Ok(bytes_of(session, text, &page, offset)?));
        }
        Err(fault) if is(FaultCode::NoFile, fault.code) => NO_LOG,
        Err(fault) if is(FaultCode::Failed, fault.code) => "unknown error reading log",
        Err(fault) if is(FaultCode::BadName, fault.code) => "no such process name",
        Err(fault) => return Err(visord_xmlrpc::CallError::Fault(fault).into()),
    }))
}

/// The bytes of a log whose text is `text`. XML has no place for some characters and for bytes
/// that are not UTF-8, such as the ESC of a color: our daemon gives them away by its pages. Of
/// another daemon there is only the text.
pub(super) fn bytes_of(
    session: &Session<'_>,
    text: &str,
    page: &str,
    offset: i64,
) -> Result<Vec<u8>, Failure> {
    /// How much may be written between the two requests, in bytes.
    const GROWTH: usize = 1024 * 1024;
    if !text.contains(char::REPLACEMENT_CHARACTER) {
        return Ok(text.as_bytes().to_vec());
    }
    let client = session.client()?;
    let Ok(mut answer) = client.stream(&format!("{page}&download=1&from={offset}")) else {
        return Ok(text.as_bytes().to_vec());
    };
    let mut bytes = Vec::new();
    while bytes.len() < text.len() + GROWTH {
        match answer.advance(&mut |piece| bytes.extend_from_slice(piece.bytes)) {
            Ok(true) => {}
            Ok(false) => return Ok(bytes),
            // the log was truncated meanwhile
            Err(_) => break,
        }
    }
    Ok(text.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for() {
        for (argument, name, channel, part) in [
            ("x", "x", Channel::Stdout, DEFAULT),
            ("x STDERR", "x", Channel::Stderr, DEFAULT),
            ("-10 x", "x", Channel::Stdout, Extent::From(-10)),
            ("-0 x", "x", Channel::Stdout, Extent::From(0)),
            ("--5 x", "x", Channel::Stdout, Extent::From(5)),
            ("-f g:x stderr", "g:x", Channel::Stderr, Extent::Follow),
            ("x y stdout", "x", Channel::Stdout, DEFAULT),
        ] {
            let expected = Request {
                name,
                channel,
                part,
            };
            assert_eq!(read(argument), Ok(expected), "{argument:?}");
        }
    }

    #[test]
    fn what_is_not_understood() {
        for (argument, message, with_help) in [
            ("", "Error: too few arguments", true),
            ("-f x stdout more", "Error: too many arguments", true),
            ("-f", "Error: tail requires process name", false),
            ("-x", "Error: tail requires process name", false),
            ("-x y", "Error: bad argument -x", false),
            ("- y", "Error: bad argument -", false),
            ("-x y foo", "Error: bad channel 'foo'", false),
            ("x stdout more", "Error: bad channel 'more'", false),
            ("5 x", "Error: bad channel 'x'", false),
        ] {
            let expected = Misuse {
                message: message.to_owned(),
                with_help,
            };
            assert_eq!(read(argument), Err(expected), "{argument:?}");
        }
    }
}
