//! What a listener says on stdout: read on the control thread, told to its pool, and copied
//! to its log through a pipe that never blocks: a log that does not keep up loses bytes, which
//! are counted and declared, and never holds up an event.

use std::fmt;
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use actix::{ActorFutureExt, AsyncContext, Context, SpawnHandle, WrapFuture};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::pipe2;
use tokio::net::unix::pipe::Receiver;
use visord_model::event::Stream;
use visord_model::pyrepr::{repr, repr_bytes};

use super::Process;
use crate::log::Channel;
use crate::messages::pool::ListenerOutput;

/// Read at most this much before anything else gets its turn.
const CHUNK: usize = 64 * 1024;

/// A listener that fills a whole chunk says nothing a listener has to say: it gets one chunk
/// per pause, so that it cannot keep the control thread busy.
const FLOOD_PAUSE: Duration = Duration::from_millis(2);

/// Chunks read after the child's end; a pipe holds 64 KiB, or 1 MiB if somebody raised it.
const LAST_WORDS: usize = 16;

/// What comes before the next read.
#[derive(Clone, Copy)]
enum Pause {
    None,
    Turn,
    Flood,
}

/// The read end of a listener's stdout, and the log that gets a copy.
pub(super) struct Speech {
    pipe: Rc<Receiver>,
    log: Channel,
    /// Leads to `log`.
    copy: Option<OwnedFd>,
    lost: usize,
    pause: Pause,
    waiting: Option<SpawnHandle>,
    /// Where it is read into; what is passed on is as small as what was said.
    buffer: Box<[u8]>,
}

/// What one read brought.
enum Heard {
    Something(Vec<u8>),
    NothingYet,
    End,
}

impl Process {
    /// Begin to read what the listener says.
    pub(super) fn listen(
        &mut self,
        pipe: OwnedFd,
        log: Channel,
        pid: i32,
        ctx: &mut Context<Self>,
    ) {
        match Receiver::from_owned_fd(pipe) {
            Ok(pipe) => {
                self.speech = Some(Speech {
                    pipe: Rc::new(pipe),
                    copy: copy_to(&log, pid),
                    log,
                    lost: 0,
                    pause: Pause::None,
                    waiting: None,
                    buffer: vec![0; CHUNK].into(),
                });
                self.await_speech(ctx);
            }
            Err(error) => {
                let name = &self.name.process;
                slog::crit!(self.world.logger, "cannot listen to {name}: {error}");
            }
        }
    }

    pub(super) fn await_speech(&mut self, ctx: &mut Context<Self>) {
        let Some(speech) = &mut self.speech else {
            return;
        };
        let (pipe, pause) = (speech.pipe.clone(), speech.pause);
        let ready = async move {
            match pause {
                Pause::None => {}
                // lets every other actor have its turn
                Pause::Turn => tokio::task::yield_now().await,
                Pause::Flood => tokio::time::sleep(FLOOD_PAUSE).await,
            }
            pipe.readable().await
        };
        let heard = ready.into_actor(self).map(|ready, act, ctx| {
            if ready.is_ok() && act.hear_some() {
                act.await_speech(ctx);
            }
        });
        let handle = ctx.spawn(heard);
        if let Some(speech) = &mut self.speech {
            speech.waiting = Some(handle);
        }
    }

    /// One read, so that a listener that never stops talking does not stop everything else;
    /// false when there will never be anything more.
    fn hear_some(&mut self) -> bool {
        let Some(speech) = &mut self.speech else {
            return false;
        };
        match speech.read() {
            Heard::Something(data) => {
                let full = data.len() == CHUNK;
                speech.pause = if full { Pause::Flood } else { Pause::Turn };
                self.tell_pool(data);
                true
            }
            Heard::NothingYet => {
                speech.pause = Pause::None;
                true
            }
            Heard::End => false,
        }
    }

    fn tell_pool(&mut self, data: Vec<u8>) {
        if let Some(speech) = &mut self.speech {
            speech.keep(&data);
        }
        let said = Said(&self.name.process, &data);
        slog::debug!(self.world.logger, "{said}");
        if let Some(pool) = &self.setup.pool {
            pool.output.do_send(ListenerOutput {
                process: self.name.process.clone(),
                data,
            });
        }
    }

    /// The child is gone: hear what it still said, then close.
    pub(super) fn stop_listening(&mut self, ctx: &mut Context<Self>) {
        // what a pipe can hold, and no more: a descendant may still be writing
        for _ in 0..LAST_WORDS {
            match self.speech.as_mut().map(Speech::read) {
                Some(Heard::Something(data)) => self.tell_pool(data),
                Some(Heard::NothingYet | Heard::End) | None => break,
            }
        }
        if let Some(speech) = self.speech.take() {
            if let Some(waiting) = speech.waiting {
                ctx.cancel_future(waiting);
            }
            if speech.lost > 0 {
                let (lost, name) = (speech.lost, &self.name.process);
                let reason = "its log does not keep up";
                slog::warn!(
                    self.world.logger,
                    "{lost} bytes of '{name}' stdout lost: {reason}"
                );
                let (group, lost) = (&self.name.group, lost as u64);
                self.world
                    .logs
                    .count_lost(group, name, Stream::Stdout, lost);
            }
            self.outputs.push(speech.log);
        }
    }
}

/// A nonblocking way into a channel; without one the listener is heard all the same.
fn copy_to(log: &Channel, pid: i32) -> Option<OwnedFd> {
    let (read, write) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK).ok()?;
    log.attach(read, pid);
    Some(write)
}

impl Speech {
    /// Its actor panicked, and whatever waited for more with it.
    pub(super) fn interrupted(mut self) -> Self {
        self.waiting = None;
        self
    }

    pub(super) fn log(&self) -> &Channel {
        &self.log
    }

    fn read(&mut self) -> Heard {
        loop {
            match self.pipe.try_read(&mut self.buffer) {
                Ok(0) => return Heard::End,
                Ok(n) => return Heard::Something(self.buffer[..n].to_vec()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Heard::NothingYet,
                Err(_) => return Heard::End,
            }
        }
    }

    fn keep(&mut self, data: &[u8]) {
        let mut kept = 0;
        while let Some(copy) = self.copy.as_ref().filter(|_| kept < data.len()) {
            match nix::unistd::write(copy, &data[kept..]) {
                Ok(n) => kept += n,
                Err(Errno::EINTR) => {}
                Err(_) => break,
            }
        }
        self.lost += data.len() - kept;
    }
}

/// The line about what a listener said, put into words only if it is written.
struct Said<'a>(&'a str, &'a [u8]);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(name, data) = self;
        write!(f, "{} stdout output:\n{}", repr(name), repr_bytes(data))
    }
}
