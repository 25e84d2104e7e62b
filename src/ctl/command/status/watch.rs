//! `status --watch`: the table again whenever something changed.

use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, raise};
use nix::sys::stat::{SFlag, fstat};
use visord_xmlrpc::Client;

use super::{StatusRequest, StatusView};
use crate::ctl::failure::{Failure, Result};
use crate::ctl::interrupt::Taken;
use crate::ctl::live::LiveStream;
use crate::ctl::process::ProcessInfo;
use crate::ctl::screen::{Screen, Size};
use crate::ctl::session::{Report, Session};
use crate::ctl::terminal::is_capable;

/// The default interval between two requests, where the daemon has to be asked.
const INTERVAL: Duration = Duration::from_secs(2);

/// Changes that come closer together are shown together.
pub(super) const SHORTEST: Duration = Duration::from_millis(100);

/// Keys that leave: q, Ctrl-C, Ctrl-D.
const LEAVE: &[u8] = b"qQ\x03\x04";

pub(super) fn run(
    session: &mut Session,
    client: Client,
    request: &StatusRequest<'_>,
    first: StatusView,
) -> Result {
    // Names without a process may be wrong or early; if all of them are, they are wrong.
    if first.processes().is_empty() && !first.errors.is_empty() {
        return first.fail(session);
    }
    let interrupted = session.terminal.take_interrupts()?;
    let output = WatchOutput::open(session)?;
    // Uptimes and loads on a screen change all the time.
    let often = output.screen.as_ref().map(|_| INTERVAL);
    let mut watch = StatusWatch {
        session,
        request,
        interval: request.every.or(often),
        output,
        interrupted,
        client: Some(client),
        live: None,
    };
    watch.subscribe();
    let ended = watch.show_until_left(first);
    match (ended, watch.output.screen) {
        (Err(Failure::Interrupted), _) => Ok(()),
        (Ok(signal), Some(screen)) => {
            // restores the terminal
            drop(screen);
            Ok(raise(signal).map_err(io::Error::from)?)
        }
        (ended, _) => ended.map(|_| ()),
    }
}

struct StatusWatch<'s, 'r> {
    session: &'s mut Session,
    request: &'s StatusRequest<'r>,
    /// How often the daemon is asked even without an event.
    interval: Option<Duration>,
    output: WatchOutput,
    interrupted: Taken,
    /// Nothing while the daemon is not there.
    client: Option<Client>,
    /// Nothing if the daemon sends no events.
    live: Option<LiveStream>,
}

/// What follows a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NextStep {
    /// Ask the daemon again.
    Look,
    /// Draw the same in another size.
    Draw,
    /// A signal ends the process.
    End(Signal),
}

impl StatusWatch<'_, '_> {
    /// Returns the signal that ended it, or [`Failure::Interrupted`] if the user leaves.
    fn show_until_left(&mut self, first: StatusView) -> Result<Signal> {
        let mut view = first;
        let mut looked = Instant::now();
        loop {
            self.output.show(self.session, &view)?;
            match self.pause(looked)? {
                NextStep::Draw => {}
                NextStep::Look => {
                    view = self.look()?;
                    looked = Instant::now();
                }
                NextStep::End(signal) => return Ok(signal),
            }
        }
    }

    /// Open the event stream, if this daemon has one.
    fn subscribe(&mut self) {
        let topics = if self.request.long {
            "state,usage"
        } else {
            "state"
        };
        self.live = LiveStream::open(&self.session.server, topics).unwrap_or_default();
    }

    /// Ask the daemon. That it is not there is shown as well: it may come back.
    fn look(&mut self) -> Result<StatusView> {
        if let Some(client) = &mut self.client {
            match StatusView::look(client, self.request) {
                Ok(view) => return Ok(view),
                Err(failure) if failure.is_absence() => self.client = None,
                Err(failure) => return Err(failure),
            }
        }
        self.live = None;
        let reached = self.session.server.reach();
        let looked = reached.and_then(|mut client| {
            let view = StatusView::look(&mut client, self.request)?;
            self.client = Some(client);
            Ok(view)
        });
        match looked {
            Ok(view) => {
                self.subscribe();
                Ok(view)
            }
            Err(failure) if failure.is_absence() => Ok(StatusView {
                processes: None,
                is_long: self.request.long,
                errors: vec![failure.line(&self.session.server.shown())],
                error_status: failure.status(),
            }),
            Err(failure) => Err(failure),
        }
    }

    /// Wait until there is something to do; `looked` is when the daemon was last asked.
    fn pause(&mut self, looked: Instant) -> Result<NextStep> {
        let mut changed = false;
        loop {
            changed |= self
                .live
                .as_mut()
                .is_some_and(|live| !live.take().is_empty());
            let interval = match (&self.live, self.interval) {
                _ if changed => Some(SHORTEST),
                (Some(_), interval) => interval,
                (None, interval) => Some(interval.unwrap_or(INTERVAL)),
            };
            let until = interval.map(|interval| looked + interval);
            if until.is_some_and(|until| Instant::now() >= until) {
                return Ok(NextStep::Look);
            }
            if let Some(next) = self.wait(until, changed)? {
                return Ok(next);
            }
        }
    }

    /// Wait until that moment or until something is ready; after a change not for more of them.
    /// Nothing if that is not a reason to stop waiting.
    fn wait(&mut self, until: Option<Instant>, changed: bool) -> Result<Option<NextStep>> {
        let (stdin, stdout) = (io::stdin(), io::stdout());
        let screen = self.output.screen.as_ref();
        let has_keys = screen.is_some() && stdin.is_terminal();
        let live = self.live.as_ref().filter(|_| !changed);
        let descriptors = [
            screen.map(AsFd::as_fd),
            // Ready when the reader of our output exits.
            self.output.is_pipe.then(|| stdout.as_fd()),
            has_keys.then(|| stdin.as_fd()),
            live.map(AsFd::as_fd),
        ];
        let present: Vec<BorrowedFd<'_>> = descriptors.iter().flatten().copied().collect();
        let ready = self.interrupted.wait_for(&present, until)?;
        let mut ready = ready.into_iter();
        let is_ready = |descriptor: Option<_>| descriptor.is_some() && ready.next() == Some(true);
        let [signals, reader, keys, live] = descriptors.map(is_ready);
        if reader || (keys && self.is_left_by_key()?) {
            return Err(Failure::Interrupted);
        }
        if signals && let Some(screen) = &self.output.screen {
            let next = |signal| {
                if signal == Signal::SIGWINCH {
                    NextStep::Draw
                } else {
                    NextStep::End(signal)
                }
            };
            return Ok(screen.received()?.map(next));
        }
        if live && let Some(stream) = &mut self.live {
            stream.read();
            if stream.is_closed() {
                self.live = None;
                return Ok(Some(NextStep::Look));
            }
        }
        Ok(None)
    }

    fn is_left_by_key(&mut self) -> Result<bool> {
        let lines = &mut self.session.terminal.input;
        let more = lines.fill()?;
        Ok(!more || lines.take_keys().iter().any(|key| LEAVE.contains(key)))
    }
}

/// Where tables go: to a screen, each in place of the one before, or as a stream, each that shows
/// a change below the one before, as text or with `--json` as one document per line.
struct WatchOutput {
    screen: Option<Screen>,
    /// What the last table of a stream showed.
    shown: Option<Summary>,
    /// Standard output is a pipe, whose other end may close unnoticed.
    is_pipe: bool,
}

/// What another table is shown for: name, state, pid and, if it does not run, description of each
/// process, then the errors. Uptimes and loads are not in it.
type Summary = (Vec<(String, i64, i64, Option<String>)>, Vec<String>);

fn summary(view: &StatusView) -> Summary {
    let one = |info: &ProcessInfo| {
        let description = (info.pid == 0).then(|| info.description.clone());
        (info.namespec(), info.state, info.pid, description)
    };
    let processes = view.processes().iter().map(one).collect();
    (processes, view.errors.clone())
}

impl WatchOutput {
    fn open(session: &Session) -> Result<Self> {
        let has_screen = session.report.is_none() && is_capable();
        let kind = fstat(io::stdout()).map(|stat| SFlag::from_bits_truncate(stat.st_mode));
        Ok(Self {
            screen: has_screen.then(Screen::open).transpose()?,
            shown: None,
            is_pipe: kind.is_ok_and(|kind| kind & SFlag::S_IFMT == SFlag::S_IFIFO),
        })
    }

    fn show(&mut self, session: &mut Session, view: &StatusView) -> Result {
        let colors = session.terminal.has_colors();
        if let Some(screen) = &self.screen {
            let size = Size::of_console();
            let text = text(view, colors, Some(size.columns));
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            let last = format!("{}  (press q to quit)", session.server.shown());
            return Ok(screen.draw(&lines, &last, size)?);
        }
        let before = self.shown.replace(summary(view));
        if before == self.shown {
            return Ok(());
        }
        if session.report.is_some() {
            return document(session, view);
        }
        let blank = if before.is_none() { "" } else { "\n" };
        let text = text(view, colors, None);
        Ok(session.terminal.out(&format!("{blank}{text}"))?)
    }
}

fn text(view: &StatusView, colors: bool, width: Option<usize>) -> String {
    let errors: String = view.errors.iter().map(|line| format!("{line}\n")).collect();
    errors + &view.text(colors, width)
}

/// One for this table alone, with the exit code that `status` would have had.
fn document(session: &mut Session, view: &StatusView) -> Result {
    let before = session.exit_status;
    session.report = Some(Report::default());
    view.fail(session)?;
    session.tell("", || view.json())?;
    let status = std::mem::replace(&mut session.exit_status, before);
    if let Some(report) = &mut session.report {
        let document = report.take_document("status", status.0);
        report.is_told = true;
        session.terminal.out(&format!("{document}\n"))?;
    }
    Ok(())
}
