//! What a listener says on stdout: read on the control thread, told to its pool.

use std::os::fd::OwnedFd;
use std::rc::Rc;

use actix::{ActorFutureExt, AsyncContext, Context, SpawnHandle, WrapFuture};
use nix::errno::Errno;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::Process;
use crate::log::Channel;
use crate::messages::pool::ListenerOutput;

/// Read at most this much before anything else gets its turn.
const CHUNK: usize = 64 * 1024;

/// The read end of a listener's stdout, and the log that gets a copy.
pub(super) struct Speech {
    fd: Rc<AsyncFd<OwnedFd>>,
    log: Channel,
    waiting: Option<SpawnHandle>,
}

/// What one read brought.
enum Heard {
    Something(Vec<u8>),
    NothingYet,
    End,
}

impl Process {
    /// Begin to read what the listener says.
    pub(super) fn listen(&mut self, pipe: OwnedFd, log: Channel, ctx: &mut Context<Self>) {
        match AsyncFd::with_interest(pipe, Interest::READABLE) {
            Ok(fd) => {
                let fd = Rc::new(fd);
                self.speech = Some(Speech {
                    fd,
                    log,
                    waiting: None,
                });
                self.await_speech(ctx);
            }
            Err(error) => {
                let name = &self.name.process;
                slog::crit!(self.world.logger, "cannot listen to {name}: {error}");
            }
        }
    }

    fn await_speech(&mut self, ctx: &mut Context<Self>) {
        let Some(speech) = &mut self.speech else {
            return;
        };
        let fd = speech.fd.clone();
        let ready = async move {
            let mut guard = fd.readable().await?;
            guard.clear_ready();
            Ok::<(), std::io::Error>(())
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

    /// Read until there is nothing more for now; false when there never will be.
    fn hear_some(&mut self) -> bool {
        loop {
            let Some(speech) = &self.speech else {
                return false;
            };
            match read(&speech.fd) {
                Heard::Something(data) => self.tell_pool(data),
                Heard::NothingYet => return true,
                Heard::End => return false,
            }
        }
    }

    fn tell_pool(&self, data: Vec<u8>) {
        if let Some(speech) = &self.speech {
            speech.log.append(data.clone());
        }
        if let Some(pool) = &self.setup.pool {
            pool.output.do_send(ListenerOutput {
                process: self.name.process.clone(),
                data,
            });
        }
    }

    /// The child is gone: hear what it still said, then close.
    pub(super) fn stop_listening(&mut self, ctx: &mut Context<Self>) {
        self.hear_some();
        if let Some(speech) = self.speech.take() {
            if let Some(waiting) = speech.waiting {
                ctx.cancel_future(waiting);
            }
            self.outputs.push(speech.log);
        }
    }
}

fn read(fd: &AsyncFd<OwnedFd>) -> Heard {
    let mut buffer = vec![0; CHUNK];
    loop {
        match nix::unistd::read(fd.get_ref(), &mut buffer) {
            Ok(0) => return Heard::End,
            Ok(n) => {
                buffer.truncate(n);
                return Heard::Something(buffer);
            }
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => return Heard::NothingYet,
            Err(_) => return Heard::End,
        }
    }
}
