//! `status --watch`: the table again whenever something changed.

mod output;

use std::io::IsTerminal;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use visord_xmlrpc::Client;

use super::{StatusRequest, StatusView, Watching};
use crate::ctl::exit_status::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::follow::left_until;
use crate::ctl::interrupt::Taken;
use crate::ctl::live::LiveStream;
use crate::ctl::screen::Received;
use crate::ctl::session::Session;
use output::WatchOutput;

/// The default interval between two requests, where the daemon has to be asked.
const INTERVAL: Duration = Duration::from_secs(2);

/// Changes that come closer together are shown together.
pub(super) const SHORTEST: Duration = Duration::from_millis(100);

/// Keys that leave: q, Ctrl-C, Ctrl-D.
const LEAVE: &[u8] = b"qQ\x03\x04";

pub(super) fn run(
    session: &mut Session<'_>,
    client: Client,
    request: &StatusRequest<'_>,
    watching: Watching,
    first: StatusView,
) -> Result<(), Failure> {
    // Names without a process may be wrong or early; if all of them are, they are wrong.
    if first.infos().is_empty() && !first.errors.is_empty() {
        return first.fail(session);
    }
    let interrupted = session.terminal.take_interrupts()?;
    let output = WatchOutput::open(session)?;
    let interval = match watching {
        Watching::Every(time) => Some(time),
        // Uptimes and loads on a screen change all the time.
        Watching::AsItChanges => output.screen().map(|_| INTERVAL),
    };
    let mut watch = StatusWatch {
        session,
        request,
        interval,
        output,
        interrupted,
        client: Some(client),
        live: None,
    };
    watch.subscribe();
    let ended = watch.show_until_left(first);
    match (ended, watch.output) {
        (Err(Failure::Interrupted), _) => Ok(()),
        (Ok(signal), WatchOutput::Screen(screen)) => Ok(screen.end(signal)?),
        (ended, _) => ended.map(|_| ()),
    }
}

struct StatusWatch<'s, 't, 'r> {
    session: &'s mut Session<'t>,
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

/// What there is to show.
enum Scene {
    View(StatusView),
    /// Why there is nothing: the exit code that `status` would have, and the line.
    Absent(ExitStatus, String),
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

impl StatusWatch<'_, '_, '_> {
    /// Returns the signal that ended it, or [`Failure::Interrupted`] if the user leaves.
    fn show_until_left(&mut self, first: StatusView) -> Result<Signal, Failure> {
        let mut scene = Scene::View(first);
        let mut looked = Instant::now();
        loop {
            self.output.show(self.session, &scene)?;
            match self.pause(looked)? {
                NextStep::Draw => {}
                NextStep::Look => {
                    scene = self.look()?;
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
    fn look(&mut self) -> Result<Scene, Failure> {
        if let Some(client) = &mut self.client {
            match StatusView::look(client, self.request) {
                Ok(view) => return Ok(Scene::View(view)),
                Err(failure) if failure.is_absence() => self.client = None,
                Err(failure) => return Err(failure),
            }
        }
        self.live = None;
        match self.connect() {
            Ok(view) => {
                self.subscribe();
                Ok(Scene::View(view))
            }
            Err(failure) if failure.is_absence() => {
                let line = failure.line(&self.session.server.shown());
                Ok(Scene::Absent(failure.status(), line))
            }
            Err(failure) => Err(failure),
        }
    }

    fn connect(&mut self) -> Result<StatusView, Failure> {
        let mut client = self.session.reach()?;
        let view = StatusView::look(&mut client, self.request)?;
        self.client = Some(client);
        Ok(view)
    }

    /// Wait until there is something to do; `looked` is when the daemon was last asked.
    fn pause(&mut self, looked: Instant) -> Result<NextStep, Failure> {
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
    fn wait(&mut self, until: Option<Instant>, changed: bool) -> Result<Option<NextStep>, Failure> {
        let (stdin, stdout) = (std::io::stdin(), std::io::stdout());
        let screen = self.output.screen();
        let has_keys = screen.is_some() && stdin.is_terminal();
        let live = self.live.as_ref().filter(|_| !changed);
        let descriptors = [
            screen.map(AsFd::as_fd),
            // Ready when the reader of our output exits.
            self.output.is_pipe().then(|| stdout.as_fd()),
            has_keys.then(|| stdin.as_fd()),
            live.map(AsFd::as_fd),
        ];
        let present: Vec<BorrowedFd<'_>> = descriptors.iter().flatten().copied().collect();
        let ready = self.interrupted.wait_for(&present, until.map(left_until))?;
        let mut ready = ready.into_iter();
        let is_ready = |descriptor: Option<_>| descriptor.is_some() && ready.next() == Some(true);
        let [signals, reader, keys, live] = descriptors.map(is_ready);
        if reader || (keys && self.is_left_by_key()?) {
            return Err(Failure::Interrupted);
        }
        if signals && let Some(screen) = self.output.screen() {
            return Ok(screen.received()?.map(|received| match received {
                Received::Resized => NextStep::Draw,
                Received::End(signal) => NextStep::End(signal),
            }));
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

    fn is_left_by_key(&mut self) -> Result<bool, Failure> {
        let lines = self.session.terminal.lines();
        let more = lines.fill()?;
        Ok(!more || lines.take_keys().iter().any(|key| LEAVE.contains(key)))
    }
}
