//! The thread of a courier: sends messages one after the other, counts and declares those that are
//! lost.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use slog::Logger;
use visord_model::log_line::{Level, LogLine};

use super::{Account, Desk, Letter, RETRY};
use crate::log::main_log::emit;
use crate::log::syslog::wire::{Receipt, Wire};

/// What the courier's thread knows.
pub(super) struct Round {
    pub(super) desk: Arc<Desk>,
    pub(super) wire: Wire,
    pub(super) logger: Logger,
    pub(super) grace: Duration,
    /// The message before this one, in case the syslog did not take it.
    pub(super) last: Option<(Arc<Account>, usize)>,
    /// Since when the syslog is missing.
    pub(super) missing: Option<Instant>,
}

impl Round {
    /// Sends what is queued until the daemon ends.
    pub(super) fn run(mut self) {
        loop {
            let (letter, deadline) = {
                let mut state = self.desk.state();
                let letter = state.letters.pop_front();
                state.bytes -= letter.as_ref().map_or(0, |letter| letter.message.len());
                (letter, state.deadline)
            };
            match letter {
                Some(letter) => self.deliver(letter),
                None if deadline.is_some() => break,
                None => {
                    let due = declare(&self.desk, &self.logger);
                    // a bell that cannot be waited for must not make this loop spin
                    if self.desk.wait(None, due).is_err() {
                        std::thread::sleep(RETRY);
                    }
                }
            }
        }
        for account in std::mem::take(&mut self.desk.state().owing) {
            if let Some(text) = account.loss().settle(Instant::now()) {
                emit(&self.logger, &LogLine::new(Level::Error, text));
            }
        }
    }

    fn deliver(&mut self, letter: Letter) {
        loop {
            let (desk, logger) = (&self.desk, &self.logger);
            let sent = self.wire.send(&letter.message, |sink| {
                let due = declare(desk, logger);
                let deadline = desk.state().deadline;
                if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                    return Err(io::Error::other("its reader did not read them in time"));
                }
                desk.wait(Some(sink), [due, deadline].into_iter().flatten().min())
            });
            match sent {
                Ok(Receipt::Taken) => break self.missing = None,
                Ok(Receipt::EarlierRefused(error)) => {
                    if let Some((account, bytes)) = self.last.take() {
                        self.lose(&account, bytes, &error);
                    }
                    break;
                }
                Err(error) if is_absence(&error) && self.may_come_back() => {
                    // a bell means more to send, or the end: neither helps here
                    std::thread::sleep(RETRY);
                }
                Err(error) => {
                    self.lose(&letter.account, letter.bytes, &error);
                    self.give_up_if_late(&error);
                    declare(&self.desk, &self.logger);
                    return;
                }
            }
        }
        self.last = Some((letter.account, letter.bytes));
    }

    /// At the end of the daemon: when the time is up and a message failed, so do all others.
    fn give_up_if_late(&self, reason: &io::Error) {
        let letters = {
            let mut state = self.desk.state();
            let now = Instant::now();
            if state.deadline.is_none_or(|deadline| now < deadline) {
                return;
            }
            state.bytes = 0;
            std::mem::take(&mut state.letters)
        };
        for letter in letters {
            self.lose(&letter.account, letter.bytes, reason);
        }
    }

    /// Whether it is worth waiting for a syslog that is not there.
    fn may_come_back(&mut self) -> bool {
        let since = *self.missing.get_or_insert_with(Instant::now);
        since.elapsed() < self.grace && self.desk.state().deadline.is_none()
    }

    fn lose(&self, account: &Arc<Account>, bytes: usize, reason: &dyn std::fmt::Display) {
        account.add(bytes, reason);
        self.desk.state().owes(account);
    }
}

/// Declares what is lost, each output at most once a second; says when the next is due.
fn declare(desk: &Desk, logger: &Logger) -> Option<Instant> {
    let now = Instant::now();
    let mut texts = Vec::new();
    let mut due: Option<Instant> = None;
    desk.state().owing.retain(|account| {
        let mut loss = account.loss();
        texts.extend(loss.declare(now));
        if loss.is_owed() {
            due = [due, loss.due()].into_iter().flatten().min();
        }
        loss.is_owed()
    });
    for text in texts {
        emit(logger, &LogLine::new(Level::Error, text));
    }
    due
}

/// Whether no syslog listens there, rather than that it refuses.
fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::ENOENT | libc::ECONNREFUSED)
    )
}
