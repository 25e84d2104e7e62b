//! Ctrl-C. By default it ends the process; a shell leaves politely; `tail -f` and `fg`
//! take it for themselves (spec interfaces 4.4, 4.9 I3).
//!
//! Once [`Interrupts::watch`] was called SIGINT is blocked in every thread and one thread
//! waits for it, so that nothing has to happen in a signal handler.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::Pid;

use super::follow::wait_for;

/// What a taker sends to itself when it has enough: the system hands out SIGINT, which has a
/// lower number, before it.
const SETTLED: Signal = Signal::SIGURG;
/// What [`SETTLED`] becomes in the taker's pipe: every earlier Ctrl-C stands before it.
const ALL_TAKEN: u8 = b's';
/// How long the system may take to hand out a signal.
const PATIENCE: Duration = Duration::from_secs(5);

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
pub struct Interrupts {
    taker: Arc<Mutex<Taker>>,
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
        signals.add(SETTLED);
        signals.thread_block()?;
        let taker = Arc::new(Mutex::new(Taker::Nobody));
        let shared = Arc::clone(&taker);
        // The new thread must never take what a screen's owner wants to know, and inherits
        // what is blocked here.
        let before = SigSet::thread_get_mask()?;
        let others: SigSet = super::screen::CALLS.into_iter().collect();
        others.thread_block()?;
        let started = std::thread::Builder::new()
            .name("interrupts".to_owned())
            .spawn(move || {
                while let Ok(signal) = signals.wait() {
                    let byte = if signal == SETTLED { ALL_TAKEN } else { b'c' };
                    match &mut *lock(&shared) {
                        Taker::Nobody if signal == SETTLED => {}
                        Taker::Nobody => leave(),
                        // A pipe that is full has told already.
                        Taker::Somebody(pipe) => drop(pipe.write(&[byte])),
                    }
                }
            });
        before.thread_set_mask()?;
        started?;
        Ok(Self { taker })
    }

    /// Take every Ctrl-C until the result is dropped.
    ///
    /// # Errors
    /// No pipe can be had.
    pub fn take(&self) -> io::Result<Taken> {
        let (reader, writer) = io::pipe()?;
        *lock(&self.taker) = Taker::Somebody(writer);
        Ok(Taken {
            interrupts: self.clone(),
            reader,
        })
    }
}

fn lock(taker: &Mutex<Taker>) -> MutexGuard<'_, Taker> {
    // Nothing panics while it is held; if it did, the value would still be whole.
    taker.lock().unwrap_or_else(PoisonError::into_inner)
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

impl Taken {
    /// Take what was pressed and not handed out yet, as when the program that it ended was
    /// quicker to go than the signal to arrive here.
    fn settle(&mut self) -> io::Result<()> {
        kill(Pid::this(), SETTLED)?;
        let mut bytes = [0; 16];
        loop {
            if !matches!(
                wait_for(&[self.reader.as_fd()], Some(PATIENCE)),
                Ok(Some(_))
            ) {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let count = self.reader.read(&mut bytes)?;
            if count == 0 || bytes[..count].contains(&ALL_TAKEN) {
                return Ok(());
            }
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        // Without it a Ctrl-C of this very moment leaves the shell, as one at the prompt does.
        let _ = self.settle();
        *lock(&self.interrupts.taker) = Taker::Nobody;
    }
}
