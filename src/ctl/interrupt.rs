//! Ctrl-C. By default it ends the process; a shell leaves politely; `tail -f` and `fg`
//! take it for themselves (spec interfaces 4.4, 4.9 I3).
//!
//! Once [`Interrupts::watch`] was called SIGINT is blocked in every thread and one thread
//! waits for it, so that nothing has to happen in a signal handler.

use std::io::{self, PipeReader, PipeWriter, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::follow::wait_for;

/// Who gets the next Ctrl-C.
#[derive(Debug)]
enum Taker {
    /// Nobody: end the process.
    Nobody,
    /// Somebody who reads the other end of this pipe.
    Somebody(PipeWriter),
}

/// The process's dealings with Ctrl-C.
#[derive(Clone, Debug)]
pub struct Interrupts(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Signals are only taken from it while `taker` is held, so that each one is for who was
    /// there when it came.
    signals: SignalFd,
    taker: Mutex<Taker>,
}

impl Interrupts {
    /// From now on Ctrl-C does not kill; while nobody takes it, `leave` is called in a
    /// thread of its own. To be called once, before other threads are started.
    ///
    /// # Errors
    /// The signal cannot be blocked or the thread not be started.
    pub fn watch(leave: impl Fn() + Send + 'static) -> io::Result<Self> {
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGINT);
        signals.thread_block()?;
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        let shared = Arc::new(Shared {
            signals: SignalFd::with_flags(&signals, flags)?,
            taker: Mutex::new(Taker::Nobody),
        });
        let watched = Arc::clone(&shared);
        // The new thread must never take what a screen's owner wants to know, and inherits
        // what is blocked here.
        let before = SigSet::thread_get_mask()?;
        let others: SigSet = super::screen::CALLS.into_iter().collect();
        others.thread_block()?;
        let started = std::thread::Builder::new()
            .name("interrupts".to_owned())
            .spawn(move || {
                while wait_for(&[watched.signals.as_fd()], None).is_ok() {
                    watched.answer(&leave);
                }
            });
        before.thread_set_mask()?;
        started?;
        Ok(Self(shared))
    }

    /// Take every Ctrl-C until the result is dropped.
    ///
    /// # Errors
    /// No pipe can be had.
    pub fn take(&self) -> io::Result<Taken> {
        let (reader, writer) = io::pipe()?;
        *self.0.lock() = Taker::Somebody(writer);
        Ok(Taken {
            interrupts: self.clone(),
            reader,
        })
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Taker> {
        // Nothing panics while it is held; if it did, the value would still be whole.
        self.taker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Give the signals that came to whoever takes them.
    fn answer(&self, leave: &dyn Fn()) {
        let mut taker = self.lock();
        while let Ok(Some(_)) = self.signals.read_signal() {
            match &mut *taker {
                Taker::Nobody => leave(),
                // A pipe that is full has told already.
                Taker::Somebody(pipe) => drop(pipe.write(b"c")),
            }
        }
    }
}

/// While it lives, its descriptor becomes readable when Ctrl-C is pressed.
#[derive(Debug)]
pub struct Taken {
    interrupts: Interrupts,
    reader: PipeReader,
}

impl AsFd for Taken {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let Interrupts(shared) = &self.interrupts;
        let mut taker = shared.lock();
        // What came until now was for us, though nobody looked.
        while let Ok(Some(_)) = shared.signals.read_signal() {}
        *taker = Taker::Nobody;
    }
}
