//! The children that are not reaped yet: who owns a pid, and signals by pid.
//!
//! The kernel may reuse a pid once its process is reaped. So children are reaped and signalled only
//! under the lock of this registry: a signal reaches the child it is meant for, or no process. The
//! spawner threads register children, the Reaper removes them; a child may end before its pid is
//! known here, so while a clone is under way the owner of an unknown pid is not decided.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use tokio::sync::Notify;
use visord_model::exit::ExitStatus;
use visord_model::moment::Moment;
use visord_model::signal::Signal;

/// How a child ended, and when it was reaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// How.
    pub status: ExitStatus,
    /// When.
    pub at: Moment,
}

/// A child that was made, running or exited. Clones are the same child.
#[derive(Clone, Debug)]
pub struct ChildHandle {
    /// Its process id, and that of its process group.
    pub pid: i32,
    /// How it ended; set when it is reaped.
    exit: Arc<OnceLock<Exit>>,
}

impl ChildHandle {
    /// How it ended, once it is reaped: its pid may belong to another process then.
    pub fn exit(&self) -> Option<Exit> {
        self.exit.get().copied()
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.exit, &other.exit)
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct ChildRegistry {
    state: Mutex<State>,
    settled: Notify,
}

#[derive(Debug, Default)]
struct State {
    children: BTreeMap<i32, ChildHandle>,
    /// Clones under way, whose pids are not known yet.
    clones: usize,
    /// The Reaper met a pid that one of them may explain.
    is_awaited: bool,
}

/// Who owns a process that has exited.
#[derive(Debug)]
pub(crate) enum Owner {
    /// A child of this registry; it is reaped now.
    Ours(ChildHandle),
    /// A clone is under way: ask again after [`ChildRegistry::settled`].
    Unsettled,
    /// A process that was not made here, or was released.
    UnknownChild,
}

impl ChildRegistry {
    /// Signal a child, or with `group` its whole process group. Errors: `ESRCH`, it has ended and
    /// is reaped; whatever else `kill` says.
    pub fn signal(&self, child: &ChildHandle, signal: Signal, group: bool) -> io::Result<()> {
        let state = self.state.lock();
        let known = state.children.get(&child.pid);
        if !known.is_some_and(|known| known.is(child)) {
            return Err(io::Error::from_raw_os_error(libc::ESRCH));
        }
        let target = if group { -child.pid } else { child.pid };
        // SAFETY: no memory is involved. A registered pid is that of a child, so above 1.
        match unsafe { libc::kill(target, signal.number()) } {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }

    /// Forget this child: it will be reaped as an unknown one.
    pub fn release(&self, child: &ChildHandle) {
        let mut state = self.state.lock();
        let same = |known: &mut ChildHandle| known.is(child);
        if state.children.get_mut(&child.pid).is_some_and(same) {
            state.children.remove(&child.pid);
        }
        drop(state);
        self.settled.notify_one();
    }

    /// A clone begins; [`CloneUnderWay::registered`] says what came of it, or it failed.
    #[must_use]
    pub fn begin_clone(self: &Arc<Self>) -> CloneUnderWay {
        self.state.lock().clones += 1;
        CloneUnderWay(Arc::clone(self))
    }

    /// The process of this pid has exited: reap it if it is a child of this registry. `reap` must not wait.
    pub(crate) fn reap(&self, pid: i32, exit: Exit, reap: impl FnOnce()) -> Owner {
        let mut state = self.state.lock();
        if let Some(child) = state.children.remove(&pid) {
            reap();
            // the first and only time
            let _ = child.exit.set(exit);
            Owner::Ours(child)
        } else if state.clones > 0 {
            state.is_awaited = true;
            Owner::Unsettled
        } else {
            Owner::UnknownChild
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.state.lock().children.is_empty()
    }

    pub(crate) fn pids(&self) -> Vec<i32> {
        self.state.lock().children.keys().copied().collect()
    }

    /// Completes when an [`Owner::Unsettled`] pid can be decided.
    pub(crate) async fn settled(&self) {
        self.settled.notified().await;
    }
}

/// See [`ChildRegistry::begin_clone`]. Dropped: the clone has failed.
#[derive(Debug)]
pub struct CloneUnderWay(Arc<ChildRegistry>);

impl CloneUnderWay {
    /// The child has this pid.
    #[must_use]
    pub fn registered(self, pid: i32) -> ChildHandle {
        let child = ChildHandle {
            pid,
            exit: Arc::default(),
        };
        self.0.state.lock().children.insert(pid, child.clone());
        child
    }
}

impl Drop for CloneUnderWay {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.clones -= 1;
        if std::mem::take(&mut state.is_awaited) {
            self.0.settled.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use visord_model::moment::Mono;

    const EXIT: Exit = Exit {
        status: ExitStatus::Code(3),
        at: Moment {
            mono: Mono(Duration::ZERO),
            unix: 0,
        },
    };
    /// Above what any kernel gives a process.
    const PID: i32 = i32::MAX;

    #[test]
    fn a_pid_is_unknown_only_when_no_clone_can_explain_it() {
        let registry = Arc::new(ChildRegistry::default());
        let ask = || registry.reap(PID, EXIT, || ());
        assert!(matches!(ask(), Owner::UnknownChild));
        let under_way = registry.begin_clone();
        assert!(matches!(ask(), Owner::Unsettled));
        let child = under_way.registered(PID);
        assert_eq!(child.exit(), None);
        assert!(matches!(ask(), Owner::Ours(same) if same.is(&child)));
        assert_eq!(child.exit(), Some(EXIT));
        assert!(matches!(ask(), Owner::UnknownChild));
    }

    #[test]
    fn a_reaped_child_gets_no_signal_although_its_pid_is_used_again() {
        let registry = Arc::new(ChildRegistry::default());
        let old = registry.begin_clone().registered(PID);
        let signal = |child| registry.signal(child, Signal::raw(0), false);
        registry.reap(PID, EXIT, || ());
        let new = registry.begin_clone().registered(PID);
        let errno = |result: io::Result<()>| result.map_err(|error| error.raw_os_error());
        // the kernel says so of the new one, for there is no such process
        assert_eq!(errno(signal(&new)), Err(Some(libc::ESRCH)));
        assert_eq!(errno(signal(&old)), Err(Some(libc::ESRCH)));
        registry.release(&old);
        assert!(!registry.is_empty());
        registry.release(&new);
        assert!(registry.is_empty());
    }

    #[tokio::test]
    async fn an_unsettled_question_can_be_asked_again() {
        let registry = Arc::new(ChildRegistry::default());
        let under_way = registry.begin_clone();
        assert!(matches!(registry.reap(PID, EXIT, || ()), Owner::Unsettled));
        drop(under_way); // failed
        registry.settled().await;
        assert!(matches!(
            registry.reap(PID, EXIT, || ()),
            Owner::UnknownChild
        ));
    }
}
