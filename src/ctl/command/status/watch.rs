//! `status --watch`: the table anew whenever something changed.

mod output;

use std::io::IsTerminal;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use visord_xmlrpc::Client;

use super::{Request, View, Watching};
use crate::ctl::exit_status::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::follow::wait_for;
use crate::ctl::interrupt::Taken;
use crate::ctl::live::Live;
use crate::ctl::screen::Call;
use crate::ctl::session::{Flow, Session, Unreached};
use crate::ctl::watcher::left_until;
use output::Output;

/// How often is looked without being told how often, where looking is needed at all.
const EVERY: Duration = Duration::from_secs(2);

/// Changes that come closer together are shown together.
pub(super) const SHORTEST: Duration = Duration::from_millis(100);

/// Keys that leave: q, Ctrl-C, Ctrl-D.
const LEAVE: &[u8] = b"qQ\x03\x04";

pub(super) fn run(
    session: &mut Session<'_>,
    client: Client,
    request: &Request<'_>,
    watching: Watching,
    first: View,
) -> Result<Flow, Failure> {
    // Names that name nothing may be wrong or early; if all of them are, they are wrong.
    if first.infos().is_empty() && !first.errors.is_empty() {
        first.fail(session)?;
        return Ok(Flow::Continue);
    }
    let interrupted = session.terminal.take_interrupts()?;
    let output = Output::open(session)?;
    let every = match watching {
        Watching::Every(time) => Some(time),
        // Uptimes and loads change all the time.
        Watching::AsItChanges => output.screen().map(|_| EVERY),
    };
    let mut watch = Watch {
        session,
        request,
        every,
        output,
        interrupted,
        client: Some(client),
        live: None,
    };
    watch.listen();
    let ended = watch.show_until_left(first);
    let Watch { output, .. } = watch;
    if let (Next::End(signal), Some(screen)) = (ended?, output.into_screen()) {
        screen.end(signal)?;
    }
    Ok(Flow::Continue)
}

struct Watch<'s, 't, 'r> {
    session: &'s mut Session<'t>,
    request: &'s Request<'r>,
    /// How often is looked although nothing was heard.
    every: Option<Duration>,
    output: Output,
    interrupted: Taken,
    /// Nothing while the daemon is not there.
    client: Option<Client>,
    /// Nothing if it does not tell what happens.
    live: Option<Live>,
}

/// What there is to show.
enum Scene {
    View(View),
    /// Why there is nothing.
    Absent(Unreached),
}

/// What follows a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// The daemon is asked again.
    Look,
    /// The same is drawn again: there is another size for it.
    Draw,
    /// The user leaves.
    Leave,
    /// Somebody wants us to end.
    End(Signal),
}

/// Something that can wake us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waker {
    Interrupt,
    Keys,
    Calls,
    Reader,
    Live,
}

impl Watch<'_, '_, '_> {
    /// Returns what ended it.
    fn show_until_left(&mut self, first: View) -> Result<Next, Failure> {
        let mut scene = Scene::View(first);
        let mut looked = Instant::now();
        loop {
            self.output.show(self.session, &scene)?;
            match self.pause(looked)? {
                Next::Draw => {}
                Next::Look => {
                    scene = self.look()?;
                    looked = Instant::now();
                }
                next @ (Next::Leave | Next::End(_)) => return Ok(next),
            }
        }
    }

    /// Hear of changes, if this daemon tells of them.
    fn listen(&mut self) {
        let topics = if self.request.long {
            "state,usage"
        } else {
            "state"
        };
        // One that cannot tell is asked.
        self.live = Live::open(&self.session.server, topics).unwrap_or_default();
    }

    /// Ask the daemon. One that has gone may come back: that is told, too.
    fn look(&mut self) -> Result<Scene, Failure> {
        if let Some(client) = &mut self.client {
            match View::look(client, self.request) {
                Ok(view) => return Ok(Scene::View(view)),
                Err(failure) if failure.is_absence() => self.client = None,
                Err(failure) => return Err(failure),
            }
        }
        self.live = None;
        let reached = self.session.server.reach();
        let looked = reached.and_then(|reached| match reached {
            Ok(mut client) => {
                let view = View::look(&mut client, self.request)?;
                self.client = Some(client);
                Ok(Scene::View(view))
            }
            Err(unreached) => Ok(Scene::Absent(unreached)),
        });
        match looked {
            Err(failure) if failure.is_absence() => Ok(Scene::Absent(Unreached {
                status: ExitStatus::Generic,
                message: failure.line(&self.session.server.shown()),
            })),
            Ok(Scene::View(view)) => {
                self.listen();
                Ok(Scene::View(view))
            }
            other => other,
        }
    }

    /// Wait until there is something to do; `looked` is when the daemon was last asked.
    fn pause(&mut self, looked: Instant) -> Result<Next, Failure> {
        let mut heard = false;
        loop {
            heard |= self.hears();
            let every = if heard {
                Some(SHORTEST)
            } else if self.live.is_some() {
                self.every
            } else {
                // Nobody tells.
                Some(self.every.unwrap_or(EVERY))
            };
            let until = every.map(|every| looked + every);
            if until.is_some_and(|until| Instant::now() >= until) {
                return Ok(Next::Look);
            }
            for waker in self.wait(until, heard)? {
                if let Some(next) = self.answer(waker)? {
                    return Ok(next);
                }
            }
        }
    }

    /// Whether something was told since the last time.
    fn hears(&mut self) -> bool {
        let live = self.live.as_mut();
        live.is_some_and(|live| !live.take().is_empty())
    }

    /// Wait until that moment or for whoever comes first; after news, for no more of them.
    fn wait(&self, until: Option<Instant>, heard: bool) -> Result<Vec<Waker>, Failure> {
        let (stdin, stdout) = (std::io::stdin(), std::io::stdout());
        let mut wakers: Vec<(Waker, BorrowedFd<'_>)> =
            vec![(Waker::Interrupt, self.interrupted.as_fd())];
        if let Some(screen) = self.output.screen() {
            wakers.push((Waker::Calls, screen.as_fd()));
            if stdin.is_terminal() {
                wakers.push((Waker::Keys, stdin.as_fd()));
            }
        } else if self.output.is_pipe() {
            wakers.push((Waker::Reader, stdout.as_fd()));
        }
        if let Some(live) = self.live.as_ref().filter(|_| !heard) {
            wakers.push((Waker::Live, live.as_fd()));
        }
        let descriptors: Vec<BorrowedFd<'_>> = wakers.iter().map(|(_, fd)| *fd).collect();
        let ready = wait_for(&descriptors, until.map(left_until))?.unwrap_or_default();
        let awake = wakers.iter().zip(ready).filter(|(_, ready)| *ready);
        Ok(awake.map(|((waker, _), _)| *waker).collect())
    }

    /// Do what a waker wants; nothing if that is no reason to stop waiting.
    fn answer(&mut self, waker: Waker) -> Result<Option<Next>, Failure> {
        Ok(match waker {
            // The reader of our output has gone, and with it the reason to go on.
            Waker::Interrupt | Waker::Reader => Some(Next::Leave),
            Waker::Keys => {
                let lines = self.session.terminal.lines();
                let more = lines.fill()?;
                let leaves = lines.take_keys().iter().any(|key| LEAVE.contains(key));
                (leaves || !more).then_some(Next::Leave)
            }
            Waker::Calls => match self.output.screen().map(|screen| screen.call()) {
                Some(call) => call?.map(|call| match call {
                    Call::Resized => Next::Draw,
                    Call::End(signal) => Next::End(signal),
                }),
                None => None,
            },
            Waker::Live => {
                let ended = self.live.as_mut().is_some_and(|live| !live.read());
                if ended {
                    self.live = None;
                }
                ended.then_some(Next::Look)
            }
        })
    }
}
