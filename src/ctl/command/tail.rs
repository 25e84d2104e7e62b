//! `tail` and `maintail`: the end of a process's log and of the daemon's own. The original shows one
//! log; ours also shows those of several processes, both outputs of one, and so many lines. A label in
//! front of each line then says where it comes from.

mod merged;

use visord_model::event::Stream;
use visord_model::name::Namespec;
use visord_model::pyrepr::repr;
use visord_xmlrpc::Client;

use super::log::{Extent, LogId, NO_LOG, streams_named};
use super::{ExitStatus, Failure, Result, Session, take_value};
use crate::ctl::lines::lines;
use crate::ctl::names::{is_pattern, select};
use crate::ctl::process::ProcessInfo;
use crate::ctl::table::PLAIN;

pub(super) fn tail(session: &mut Session, arguments: &[&str]) -> Result {
    let mut client = session.server.reach()?;
    if let Some(request) = TailRequest::read(arguments)?
        && show_several(session, &mut client, &request)?
    {
        return Ok(());
    }
    let (log, extent) = read(arguments)?;
    log.show(session, &mut client, extent)
}

/// What the original understands.
fn read<'a>(arguments: &[&'a str]) -> Result<(LogId<'a>, Extent)> {
    let (option, names) = match arguments {
        [] => return Err(Failure::misused("Error: too few arguments")),
        [_, _, _, _, ..] => return Err(Failure::misused("Error: too many arguments")),
        [first, names @ ..] if first.starts_with('-') => (Some(*first), names),
        names => (None, names),
    };
    let [name, channel @ ..] = names else {
        return Err(Failure::refused("Error: tail requires process name"));
    };
    let channel = match channel.last() {
        None => Stream::Stdout,
        Some(word) => match streams_named(word) {
            Some([channel]) => *channel,
            Some(_) | None => {
                let line = format!("Error: bad channel {}", repr(word));
                return Err(Failure::refused(line));
            }
        },
    };
    let extent = option.map_or(Ok(Extent::DEFAULT), read_extent)?;
    Ok((LogId::Of(name, channel), extent))
}

fn read_extent(option: &str) -> Result<Extent> {
    Extent::read(option).ok_or_else(|| Failure::refused(format!("Error: bad argument {option}")))
}

pub(super) fn maintail(session: &mut Session, arguments: &[&str]) -> Result {
    let mut client = session.server.reach()?;
    let extent = match arguments {
        [] => Extent::DEFAULT,
        [option] => read_extent(option)?,
        _ => return Err(Failure::misused("Error: too many arguments")),
    };
    LogId::Main.show(session, &mut client, extent)
}

/// What `tail` was asked for, in a form of our own.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TailRequest<'a> {
    names: Vec<&'a str>,
    channels: &'static [Stream],
    extent: Extent,
    /// It cannot mean anything to the original.
    is_ours: bool,
}

impl<'a> TailRequest<'a> {
    /// Nothing if only the original's form can be meant.
    fn read(arguments: &[&'a str]) -> Result<Option<Self>> {
        let mut arguments = arguments.to_vec();
        // The original has a message for a value that is missing.
        let Ok(lines) = take_value(&mut arguments, &["-n", "--lines"]) else {
            return Ok(None);
        };
        let mut extent = Extent::DEFAULT;
        if let Some(word) = arguments.first().filter(|word| word.starts_with('-')) {
            let Some(given) = Extent::read(word) else {
                return Ok(None);
            };
            extent = given;
            arguments.remove(0);
        }
        if let Some(text) = lines {
            if extent == Extent::Follow {
                return Err(Failure::refused("Error: -n and -f do not go together"));
            }
            let bad = |_| Failure::refused(format!("Error: bad number of lines {text}"));
            extent = Extent::Lines(text.parse().map_err(bad)?);
        }
        let mut channels: &[Stream] = &[Stream::Stdout];
        if let [_, .., last] = &arguments[..]
            && let Some(named) = streams_named(last)
        {
            channels = named;
            arguments.pop();
        }
        let is_many =
            |name: &&str| is_pattern(name) || matches!(Namespec::parse(name), Namespec::Group(_));
        let is_ours = lines.is_some() || channels.len() > 1 || arguments.iter().any(is_many);
        if arguments.is_empty() || (arguments.len() == 1 && !is_ours) {
            return Ok(None);
        }
        Ok(Some(Self {
            names: arguments,
            channels,
            extent,
            is_ours,
        }))
    }
}

/// Carry it out; false if the original's form is meant: two or three arguments of which not each is
/// the name of a process.
fn show_several(
    session: &mut Session,
    client: &mut Client,
    request: &TailRequest<'_>,
) -> Result<bool> {
    let (chosen, errors) = select(&ProcessInfo::all(client)?, &request.names);
    if !request.is_ours && !errors.is_empty() {
        return Ok(false);
    }
    session.fail_all(ExitStatus::GENERIC, &errors)?;
    let mut names: Vec<String> = Vec::new();
    for name in chosen.iter().map(ProcessInfo::namespec) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        return Ok(true);
    }
    let is_labelled = names.len() > 1 || request.channels.len() > 1 || is_pattern(request.names[0]);
    let longest = names.iter().map(|name| name.chars().count()).max();
    let labels = Labels {
        width: longest.filter(|_| is_labelled),
        colors: session.terminal.has_colors(),
        names,
    };
    if request.extent == Extent::Follow {
        merged::follow(session, &labels, request.channels)?;
    } else {
        for at in 0..labels.names.len() {
            show_labelled(session, client, &labels, at, request)?;
        }
    }
    Ok(true)
}

/// Show the end of one process's logs. A process may have no log of its own for one of two
/// channels; that both are missing is an error.
fn show_labelled(
    session: &mut Session,
    client: &mut Client,
    labels: &Labels,
    at: usize,
    request: &TailRequest<'_>,
) -> Result {
    let name = &labels.names[at];
    let mut refusals = Vec::new();
    for channel in request.channels {
        let log = LogId::Of(name, *channel);
        match log.read(session, client, request.extent)? {
            Ok(bytes) => {
                for line in lines(&bytes) {
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
            session.fail(ExitStatus::GENERIC, &format!("{name}: ERROR ({why})"))?;
        }
    }
    Ok(())
}

/// The processes, and the label in front of their lines.
struct Labels {
    names: Vec<String>,
    /// Of the longest name; nothing if lines have no label.
    width: Option<usize>,
    colors: bool,
}

impl Labels {
    /// `web-1 | text`, with `!` for standard error.
    fn line(&self, at: usize, channel: Stream, text: &[u8]) -> Vec<u8> {
        /// Those that are neither red nor hard to read.
        const COLORS: [&str; 5] = ["\x1b[36m", "\x1b[32m", "\x1b[33m", "\x1b[35m", "\x1b[34m"];
        const RED: &str = "\x1b[31m";
        let Some(width) = self.width else {
            return text.to_vec();
        };
        let (sign, sign_color) = match channel {
            Stream::Stdout => ("|", ""),
            Stream::Stderr => ("!", RED),
        };
        let name = &self.names[at];
        let label = if self.colors {
            let color = COLORS[at % COLORS.len()];
            format!("{color}{name:width$} {sign_color}{sign}{PLAIN} ")
        } else {
            format!("{name:width$} {sign} ")
        };
        [label.as_bytes(), text].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STDOUT: &[Stream] = &[Stream::Stdout];
    const BOTH: &[Stream] = &[Stream::Stdout, Stream::Stderr];

    fn ours(argument: &str) -> Result<Option<TailRequest<'_>>> {
        TailRequest::read(&argument.split_whitespace().collect::<Vec<_>>())
    }

    #[test]
    fn our_form() {
        for (argument, names, channels, extent, is_ours) in [
            ("a b", &["a", "b"][..], STDOUT, Extent::From(-1600), false),
            ("-f a b stdout", &["a", "b"], STDOUT, Extent::Follow, false),
            ("-f w* BOTH", &["w*"], BOTH, Extent::Follow, true),
            ("-10 g:*", &["g:*"], STDOUT, Extent::From(-10), true),
            ("-n 5 a", &["a"], STDOUT, Extent::Lines(5), true),
            ("a both --lines=7", &["a"], BOTH, Extent::Lines(7), true),
        ] {
            let expected = TailRequest {
                names: names.to_vec(),
                channels,
                extent,
                is_ours,
            };
            assert_eq!(ours(argument).expect(argument), Some(expected));
        }
        for argument in ["", "a", "-f a", "a stderr", "-x a b", "stdout", "-n", "-f"] {
            assert_eq!(ours(argument).expect(argument), None, "{argument}");
        }
        assert!(ours("-f -n 5 a").is_err());
        assert!(ours("-n x a").is_err());
    }

    #[test]
    fn labels() {
        let labels = |width, colors| Labels {
            names: ["web-1", "a"].map(str::to_owned).to_vec(),
            width,
            colors,
        };
        let plain = labels(Some(5), false);
        assert_eq!(plain.line(0, Stream::Stdout, b"x"), b"web-1 | x");
        assert_eq!(plain.line(1, Stream::Stderr, b"y"), b"a     ! y");
        assert_eq!(
            labels(Some(5), true).line(1, Stream::Stderr, b"y"),
            b"\x1b[32ma     \x1b[31m!\x1b[0m y"
        );
        assert_eq!(labels(None, true).line(0, Stream::Stdout, b"x"), b"x");
    }

    fn arguments(argument: &str) -> Vec<&str> {
        argument.split_whitespace().collect()
    }

    #[test]
    fn what_is_asked_for() {
        for (argument, name, channel, extent) in [
            ("x", "x", Stream::Stdout, Extent::DEFAULT),
            ("x STDERR", "x", Stream::Stderr, Extent::DEFAULT),
            ("-10 x", "x", Stream::Stdout, Extent::From(-10)),
            ("-0 x", "x", Stream::Stdout, Extent::From(0)),
            ("--5 x", "x", Stream::Stdout, Extent::From(5)),
            ("-f g:x stderr", "g:x", Stream::Stderr, Extent::Follow),
            ("x y stdout", "x", Stream::Stdout, Extent::DEFAULT),
        ] {
            let expected = (LogId::Of(name, channel), extent);
            assert_eq!(read(&arguments(argument)).expect(argument), expected);
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
            let failure = read(&arguments(argument)).expect_err(argument);
            assert_eq!(failure.line(""), message, "{argument:?}");
            let is_misuse = matches!(failure, Failure::Misused(..));
            assert_eq!(is_misuse, with_help, "{argument:?}");
        }
    }
}
