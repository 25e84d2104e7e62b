//! Which pids are children we asked for, so that none is taken for a stranger.
//!
//! The spawner thread writes here, the Reaper reads: a child may end before its birth is
//! reported. While a birth is under way an unknown pid may be the newborn, so the question is put
//! off until it is settled.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// See the module.
#[derive(Debug, Default)]
pub struct Kin {
    state: Mutex<State>,
    settled: Notify,
}

#[derive(Debug, Default)]
struct State {
    pids: BTreeSet<i32>,
    /// Clones that have begun and not yet told their pid.
    births: usize,
    /// Somebody was told to ask again.
    asked: bool,
}

/// What a pid is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    /// A child somebody watches or is about to watch.
    Child,
    /// A birth is under way: ask again after [`Kin::settled`].
    Unsettled,
    /// Nobody asked for it.
    Stranger,
}

impl Kin {
    /// A child that was there before the spawner, such as one adopted across a restart.
    pub fn adopt(&self, pid: i32) {
        self.state().pids.insert(pid);
    }

    /// Nobody will watch this child: it becomes a stranger, reaped when it ends.
    pub fn disown(&self, pid: i32) {
        self.state().pids.remove(&pid);
        self.settled.notify_one();
    }

    /// Begin a birth; the number is told to [`Birth::born`], or the birth has failed.
    pub(super) fn birth(&self) -> Birth<'_> {
        self.state().births += 1;
        Birth(self)
    }

    /// What this pid, seen to have ended, is to us.
    pub(crate) fn relation(&self, pid: i32) -> Relation {
        let mut state = self.state();
        if state.pids.contains(&pid) {
            Relation::Child
        } else if state.births > 0 {
            state.asked = true;
            Relation::Unsettled
        } else {
            Relation::Stranger
        }
    }

    /// Reap one of us. Its number may be given to the next child as soon as it is reaped, so both
    /// happen under one lock.
    pub(crate) fn bury<T>(&self, pid: i32, reap: impl FnOnce() -> Option<T>) -> Option<T> {
        let mut state = self.state();
        let reaped = reap();
        if reaped.is_some() {
            state.pids.remove(&pid);
        }
        reaped
    }

    /// Completes when an unsettled question can be asked again.
    pub(crate) async fn settled(&self) {
        self.settled.notified().await;
    }

    // nothing under this lock can panic half-way, so a poisoned one is still whole
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A birth under way.
pub(super) struct Birth<'a>(&'a Kin);

impl Birth<'_> {
    /// The child is known by this number.
    pub(super) fn born(self, pid: i32) {
        self.0.state().pids.insert(pid);
    }
}

impl Drop for Birth<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.births -= 1;
        if state.births == 0 && std::mem::take(&mut state.asked) {
            self.0.settled.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_is_a_stranger_only_when_no_birth_could_explain_it() {
        let kin = Kin::default();
        assert_eq!(kin.relation(7), Relation::Stranger);
        let birth = kin.birth();
        assert_eq!(kin.relation(7), Relation::Unsettled);
        birth.born(7);
        assert_eq!(kin.relation(7), Relation::Child);
        assert_eq!(kin.bury(7, || None::<()>), None);
        assert_eq!(kin.relation(7), Relation::Child);
        assert_eq!(kin.bury(7, || Some(())), Some(()));
        assert_eq!(kin.relation(7), Relation::Stranger);
    }

    #[tokio::test]
    async fn whoever_had_to_wait_is_told_to_ask_again() {
        let kin = Kin::default();
        let birth = kin.birth();
        assert_eq!(kin.relation(7), Relation::Unsettled);
        drop(birth); // failed
        kin.settled().await;
        assert_eq!(kin.relation(7), Relation::Stranger);
    }
}
