//! `tail` and `maintail`: the end of a process's log and of the daemon's own. The forms of the
//! original are here; the rest, several logs at once, is in [`several`].

mod merged;
mod several;

use visord_model::event::Stream;
use visord_model::pyrepr::repr;

use super::log::{Extent, LogId, streams_named};
use super::{Failure, Result, Session};

pub(super) fn tail(session: &mut Session, arguments: &[&str]) -> Result {
    let mut client = session.server.reach()?;
    if let Some(request) = several::TailRequest::read(arguments)?
        && several::run(session, &mut client, &request)?
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

#[cfg(test)]
mod tests {
    use super::*;

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
