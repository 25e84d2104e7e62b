//! `tail` of several programs, of both streams of one, or by lines: what the original does
//! not know. Every line says whose it is.

use visord_model::name::Namespec;
use visord_xmlrpc::Client;

use super::{Channel, DEFAULT, Extent, NO_LOG, merged, modifier, read_log};
use crate::ctl::arguments::take_value;
use crate::ctl::exit_status::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::lines::{last_lines, lines};
use crate::ctl::names::{is_pattern, select};
use crate::ctl::process::ProcessInfo;
use crate::ctl::session::Session;
use crate::ctl::table::PLAIN;

/// What `tail` was asked for, in a form of our own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request<'a> {
    names: Vec<&'a str>,
    channels: &'static [Channel],
    part: Part,
    /// It cannot mean anything to the original.
    is_ours: bool,
}

/// What of each log is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Bytes(i64),
    Lines(usize),
    Follow,
}

const LINES: [&str; 2] = ["-n", "--lines"];

impl<'a> Request<'a> {
    /// Nothing if only the original's form can be meant.
    ///
    /// # Errors
    /// The line for what is wrong.
    pub(super) fn read(argument: &'a str) -> Result<Option<Self>, String> {
        let mut words: Vec<&str> = argument.split_whitespace().collect();
        let lines = match take_value(&mut words, &LINES) {
            // The original has words for it.
            Err(_) => return Ok(None),
            Ok(lines) => lines,
        };
        let extent = match words.first() {
            Some(word) if word.starts_with('-') => match modifier(word) {
                Some(extent) => {
                    words.remove(0);
                    extent
                }
                None => return Ok(None),
            },
            Some(_) | None => DEFAULT,
        };
        let part = match (lines, extent) {
            (None, Extent::From(offset)) => Part::Bytes(offset),
            (None, Extent::Follow) => Part::Follow,
            (Some(_), Extent::Follow) => return Err("-n and -f do not go together".to_owned()),
            (Some(text), Extent::From(_)) => {
                let count = text.parse();
                Part::Lines(count.map_err(|_| format!("bad number of lines {text}"))?)
            }
        };
        let channels = match &words[..] {
            [_, .., last] => channels(last),
            [_] | [] => None,
        };
        if channels.is_some() {
            words.pop();
        }
        let channels = channels.unwrap_or(&[Channel::Stdout]);
        let is_many =
            |name: &&str| is_pattern(name) || matches!(Namespec::parse(name), Namespec::Group(_));
        let is_ours = lines.is_some() || channels.len() > 1 || words.iter().any(is_many);
        if words.is_empty() || (words.len() == 1 && !is_ours) {
            return Ok(None);
        }
        Ok(Some(Self {
            names: words,
            channels,
            part,
            is_ours,
        }))
    }

    /// Whether it is to be taken in our way: the original understands two or three words, too,
    /// but not if each is the name of a process.
    fn is_meant(&self, all: &[ProcessInfo]) -> bool {
        self.is_ours || select(all, &self.names).1.is_empty()
    }

    /// Whether lines say whose they are.
    fn is_labelled(&self, chosen: usize) -> bool {
        chosen > 1 || self.channels.len() > 1 || is_pattern(self.names[0])
    }
}

/// The channels of that name, in any case.
fn channels(word: &str) -> Option<&'static [Channel]> {
    match word.to_lowercase().as_str() {
        "stdout" => Some(&[Channel::Stdout]),
        "stderr" => Some(&[Channel::Stderr]),
        "both" => Some(&[Channel::Stdout, Channel::Stderr]),
        _ => None,
    }
}

/// Do it, unless it is not meant in our way: false.
pub(super) fn run(
    session: &mut Session<'_>,
    client: &mut Client,
    request: &Request<'_>,
) -> Result<bool, Failure> {
    let all = ProcessInfo::all(client)?;
    if !request.is_meant(&all) {
        return Ok(false);
    }
    let (chosen, errors) = select(&all, &request.names);
    for error in &errors {
        session.fail(ExitStatus::Generic, error)?;
    }
    let mut names: Vec<String> = Vec::new();
    for name in chosen.iter().map(ProcessInfo::namespec) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        return Ok(true);
    }
    let labels = if request.is_labelled(names.len()) {
        Labels::of(&names, session.terminal.has_colours())
    } else {
        Labels::none(&names)
    };
    match request.part {
        Part::Follow => merged::follow(session, &labels, request.channels)?,
        Part::Bytes(_) | Part::Lines(_) => {
            for at in 0..names.len() {
                show(session, client, &labels, at, request)?;
            }
        }
    }
    Ok(true)
}

/// Show the end of one process's logs. A program may have no log of its own for one of two
/// channels; that both are missing is an error.
fn show(
    session: &mut Session<'_>,
    client: &mut Client,
    labels: &Labels,
    at: usize,
    request: &Request<'_>,
) -> Result<(), Failure> {
    let name = labels.name(at);
    let mut refusals = Vec::new();
    for channel in request.channels {
        let text = match request.part {
            Part::Bytes(offset) => read_log(session, client, *channel, name, offset)?,
            Part::Lines(count) => read_lines(session, client, *channel, name, count)?,
            Part::Follow => return Ok(()),
        };
        match text {
            Ok(text) => {
                for line in lines(&text) {
                    session.say_bytes(&labels.line(at, *channel, line))?;
                }
            }
            Err(why) => refusals.push(why),
        }
    }
    let has_none = refusals.len() == request.channels.len();
    refusals.dedup();
    for why in refusals {
        if why != NO_LOG || has_none {
            session.fail(ExitStatus::Generic, &format!("{name}: ERROR ({why})"))?;
        }
    }
    Ok(())
}

/// The last lines of a log: more of it is read until they are there.
fn read_lines(
    session: &Session<'_>,
    client: &mut Client,
    channel: Channel,
    name: &str,
    count: usize,
) -> Result<Result<Vec<u8>, &'static str>, Failure> {
    const FIRST: i64 = 16 * 1024;
    let mut size = FIRST;
    let mut before = None;
    loop {
        let text = match read_log(session, client, channel, name, -size)? {
            Ok(text) => text,
            Err(why) => return Ok(Err(why)),
        };
        // The first line may have lost its beginning.
        let is_enough = lines(&text).len() > count;
        if is_enough || before == Some(text.len()) {
            return Ok(Ok(last_lines(&text, count).join(&b'\n')));
        }
        before = Some(text.len());
        size = size.saturating_mul(4);
    }
}

/// Whose a line is, in front of it.
pub(super) struct Labels {
    names: Vec<String>,
    /// Of the longest name; nothing if lines stand alone.
    width: Option<usize>,
    colours: bool,
}

impl Labels {
    fn of(names: &[String], colours: bool) -> Self {
        let longest = names.iter().map(|name| name.chars().count()).max();
        Self {
            names: names.to_vec(),
            width: longest,
            colours,
        }
    }

    fn none(names: &[String]) -> Self {
        Self {
            names: names.to_vec(),
            width: None,
            colours: false,
        }
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn name(&self, at: usize) -> &str {
        &self.names[at]
    }

    /// `web-1 | text`, with `!` for standard error.
    pub(super) fn line(&self, at: usize, channel: Channel, text: &[u8]) -> Vec<u8> {
        /// Those that are neither red nor hard to read.
        const COLOURS: [&str; 5] = ["\x1b[36m", "\x1b[32m", "\x1b[33m", "\x1b[35m", "\x1b[34m"];
        let Some(width) = self.width else {
            return text.to_vec();
        };
        let name = &self.names[at];
        let sign = match channel {
            Channel::Stdout => "|",
            Channel::Stderr => "!",
        };
        if !self.colours {
            return [format!("{name:width$} {sign} ").as_bytes(), text].concat();
        }
        let colour = COLOURS[at % COLOURS.len()];
        let sign = match channel {
            Channel::Stdout => sign.to_owned(),
            Channel::Stderr => format!("\x1b[31m{sign}"),
        };
        let label = format!("{colour}{name:width$} {sign}{PLAIN} ");
        [label.as_bytes(), text].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STDOUT: &[Channel] = &[Channel::Stdout];
    const BOTH: &[Channel] = &[Channel::Stdout, Channel::Stderr];

    #[test]
    fn what_is_meant_in_our_way() {
        for (argument, names, channels, part, is_ours) in [
            ("a b", &["a", "b"][..], STDOUT, Part::Bytes(-1600), false),
            ("-f a b stdout", &["a", "b"], STDOUT, Part::Follow, false),
            ("-f w* BOTH", &["w*"], BOTH, Part::Follow, true),
            ("-10 g:*", &["g:*"], STDOUT, Part::Bytes(-10), true),
            ("-n 5 a", &["a"], STDOUT, Part::Lines(5), true),
            ("a both --lines=7", &["a"], BOTH, Part::Lines(7), true),
        ] {
            let expected = Request {
                names: names.to_vec(),
                channels,
                part,
                is_ours,
            };
            assert_eq!(Request::read(argument), Ok(Some(expected)), "{argument}");
        }
        for argument in ["", "a", "-f a", "a stderr", "-x a b", "stdout", "-n", "-f"] {
            assert_eq!(Request::read(argument), Ok(None), "{argument}");
        }
        assert!(Request::read("-f -n 5 a").is_err());
        assert!(Request::read("-n x a").is_err());
    }

    #[test]
    fn labels() {
        let names = ["web-1", "a"].map(str::to_owned);
        let labels = Labels::of(&names, false);
        assert_eq!(labels.line(0, Channel::Stdout, b"x"), b"web-1 | x");
        assert_eq!(labels.line(1, Channel::Stderr, b"y"), b"a     ! y");
        let labels = Labels::of(&names, true);
        assert_eq!(
            labels.line(1, Channel::Stderr, b"y"),
            b"\x1b[32ma     \x1b[31m!\x1b[0m y"
        );
        assert_eq!(Labels::none(&names).line(0, Channel::Stdout, b"x"), b"x");
    }
}
