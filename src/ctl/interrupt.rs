//! Ctrl-C. By default it ends the process; a shell restores the terminal first; `tail -f` and `fg`
//! take it for themselves (spec interfaces 4.4, 4.9 I3).
//!
//! Once [`Interrupts::watch`] was called SIGINT is blocked in every thread and one thread
//! waits for it, so that nothing has to happen in a signal handler.

use std::io::{self, PipeReader, PipeWriter, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Instant;

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use parking_lot::Mutex;

use super::failure::{Failure, Result};
use super::follow::wait_for;

/// Where Ctrl-C goes.
#[derive(Debug)]
pub struct Interrupts {
    /// Only read while `taker` is locked, so that each signal goes to the taker of the moment
    /// when it came.
    signals: SignalFd,
    /// Written to at every Ctrl-C; without one Ctrl-C ends the process.
    taker: Mutex<Option<PipeWriter>>,
}

impl Interrupts {
    /// From now on Ctrl-C does not kill; while it is not taken, `leave` is called in a thread
    /// of its own. To be called once, before other threads are started.
    pub fn watch(leave: impl Fn() + Send + 'static) -> io::Result<Arc<Self>> {
        let shared = Arc::new(Self {
            signals: blocked(&[Signal::SIGINT])?,
            taker: Mutex::new(None),
        });
        let watched = Arc::clone(&shared);
        // The new thread must not receive the signals of a screen, and inherits what is blocked
        // here.
        let before = SigSet::thread_get_mask()?;
        let others: SigSet = super::screen::SIGNALS.into_iter().collect();
        others.thread_block()?;
        let started = std::thread::Builder::new()
            .name("interrupts".to_owned())
            .spawn(move || {
                while wait_for(&[watched.signals.as_fd()], None).is_ok() {
                    watched.deliver(&leave);
                }
            });
        before.thread_set_mask()?;
        started?;
        Ok(shared)
    }

    /// Take every Ctrl-C until the result is dropped.
    pub fn take(self: &Arc<Self>) -> io::Result<Taken> {
        let (reader, writer) = io::pipe()?;
        *self.taker.lock() = Some(writer);
        Ok(Taken {
            interrupts: Arc::clone(self),
            reader,
        })
    }

    fn deliver(&self, leave: &dyn Fn()) {
        let mut taker = self.taker.lock();
        while let Ok(Some(_)) = self.signals.read_signal() {
            match &mut *taker {
                None => leave(),
                // A full pipe is readable already.
                Some(pipe) => drop(pipe.write(b"c")),
            }
        }
    }
}

/// Block these signals in this thread, to be read from the result without waiting.
pub(super) fn blocked(signals: &[Signal]) -> io::Result<SignalFd> {
    let signals: SigSet = signals.iter().copied().collect();
    signals.thread_block()?;
    let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
    Ok(SignalFd::with_flags(&signals, flags)?)
}

/// While it lives, Ctrl-C is for [`Taken::wait_for`].
#[derive(Debug)]
pub struct Taken {
    interrupts: Arc<Interrupts>,
    reader: PipeReader,
}

impl Taken {
    /// As [`wait_for`], but fails with [`Failure::Interrupted`] after Ctrl-C.
    pub fn wait_for(
        &self,
        descriptors: &[BorrowedFd<'_>],
        until: Option<Instant>,
    ) -> Result<Vec<bool>> {
        let mut ready = wait_for(&[&[self.reader.as_fd()], descriptors].concat(), until)?;
        if ready.remove(0) {
            return Err(Failure::Interrupted);
        }
        Ok(ready)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut taker = self.interrupts.taker.lock();
        // What came until now was meant for this value, read or not.
        while let Ok(Some(_)) = self.interrupts.signals.read_signal() {}
        *taker = None;
    }
}
