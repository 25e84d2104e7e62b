//! `maintail`: the end of the daemon's own log.

use super::log::{Extent, LogId};
use super::{Command, Failure, Handler, Opt, Session};
use crate::ctl::follow;

pub(super) const MAINTAIL: Command = Command {
    options: &[Opt::flag(
        "-f",
        "show what is logged from now on, until Ctrl-C",
    )],
    needs: "getVersion readLog /mainlogtail",
    ..Command::new(
        "maintail",
        "maintail -f\tShow what supervisord logs until Ctrl-C\n\
         maintail -100\tShow the last 100 bytes of its log\n\
         maintail\tShow the last 1600 bytes of its log",
        Handler::Arguments(run),
    )
};

fn run(session: &mut Session<'_>, arguments: &[&str]) -> Result<(), Failure> {
    let mut client = session.server.reach()?;
    let extent = match arguments {
        [] => Extent::DEFAULT,
        [word] => Extent::read(word)
            .ok_or_else(|| Failure::refused(format!("Error: bad argument {word}")))?,
        _ => return Err(Failure::misused("Error: too many arguments")),
    };
    match extent {
        Extent::From(offset) => LogId::Main.show(session, &mut client, offset),
        Extent::Follow => follow::log(session, &LogId::Main.stream()),
    }
}
