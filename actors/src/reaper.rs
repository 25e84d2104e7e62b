//! The only actor that waits for children.
//!
//! Each child with a pidfd has a task that sleeps until the descriptor says that it has ended.
//! SIGCHLD tells of everybody else: children of the portable way, and strangers: what an init
//! process inherits, what a subreaper is given, what was there before this program was executed.
//! Nothing polls; while nobody ends, nothing wakes.
//!
//! A sweep after SIGCHLD looks at one ended child after the other without reaping it. One that is
//! watched is reaped for its owner, so that it cannot hide the strangers behind it; a stranger is
//! reaped and logged; one that may have been born a moment ago is left until that is known.
//!
//! A sweep sees *every* child of this operating system process: a test that runs a Reaper must
//! not share its process with tests that wait for children of their own.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Weak};

use actix::{Actor, AsyncContext, Context, Handler, Message, Recipient, StreamHandler, WeakAddr};
use futures_util::stream;
use slog::{Logger, crit, debug, info};
use tokio::io::Interest;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use visord_model::exit::ExitStatus;

use crate::spawn::wait::{Ended, Target, peek, reap};
use crate::spawn::{ChildHandle, Kin, Relation, descriptor, errno_name};

/// Tell this owner when this child ends, also if it has ended already. Watching a child again
/// replaces its owner; if the last owner was told, and may have ended before it listened, the
/// new one is told once more.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Watch {
    /// The child.
    pub child: ChildHandle,
    /// Whom to tell.
    pub owner: Recipient<ProcessExited>,
}

/// A watched child has ended and is reaped: its pid now means nothing, or somebody else.
#[derive(Clone, Copy, Debug, Message, PartialEq, Eq)]
#[rtype(result = "()")]
pub struct ProcessExited {
    /// Its pid.
    pub pid: i32,
    /// How it ended.
    pub status: ExitStatus,
}

/// What the activity log says of the end of a child.
pub(crate) const CHILD_QUIT: &str = "received SIGCHLD indicating a child quit";

/// See the module.
#[derive(Debug)]
pub struct Reaper {
    kin: Arc<Kin>,
    log: Logger,
    /// Registered before the actor starts, so that no SIGCHLD is missed; taken when it starts.
    signals: Option<Signal>,
    watched: BTreeMap<i32, Watched>,
    /// Those whose owners were told, while somebody still holds their descriptors.
    told: Vec<(Weak<OwnedFd>, ExitStatus)>,
    /// A sweep stopped at a child whose `Watch` is still to come.
    halted: bool,
}

struct Watched {
    child: ChildHandle,
    owner: Recipient<ProcessExited>,
    /// Waits for the pidfd; `None`: SIGCHLD tells.
    task: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Watched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watched")
            .field("child", &self.child)
            .finish_non_exhaustive()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// The pidfd of this child says that it has ended.
#[derive(Message)]
#[rtype(result = "()")]
struct Ready(i32);

/// SIGCHLD arrived.
struct ChildQuit;

/// What a sweep could not decide can be decided now.
struct Settled;

impl Reaper {
    /// To be called on the thread it will run on, inside the runtime. `kin` comes from the
    /// spawner. Errors: SIGCHLD cannot be listened to.
    pub fn new(kin: Arc<Kin>, log: Logger) -> io::Result<Self> {
        Ok(Self {
            kin,
            log,
            signals: Some(signal(SignalKind::child())?),
            watched: BTreeMap::new(),
            told: Vec::new(),
            halted: false,
        })
    }

    /// Look at everybody who has ended and is not reaped yet.
    fn sweep(&mut self) {
        self.halted = false;
        while let Some(ended) = self.look(Target::Any, peek) {
            let gone = if self.watched.contains_key(&ended.pid) {
                self.collect(ended.pid)
            } else {
                match self.kin.relation(ended.pid) {
                    Relation::Child => {
                        self.halted = true;
                        false
                    }
                    Relation::Unsettled => false,
                    Relation::Stranger => self.bury_stranger(ended.pid),
                }
            };
            if !gone {
                self.collect_signalled();
                return;
            }
        }
    }

    /// Whoever stopped the sweep hides others, and only SIGCHLD tells of these.
    fn collect_signalled(&mut self) {
        let signalled = |(&pid, watched): (&i32, &Watched)| watched.task.is_none().then_some(pid);
        let pids: Vec<i32> = self.watched.iter().filter_map(signalled).collect();
        for pid in pids {
            let _ = self.collect(pid);
        }
    }

    /// Whether it is reaped now.
    fn bury_stranger(&self, pid: i32) -> bool {
        let reaped = self.look(Target::Pid(pid), reap);
        if let Some(Ended { pid, status }) = reaped {
            debug!(self.log, "{CHILD_QUIT}");
            info!(self.log, "reaped unknown pid {pid} ({})", status.describe());
        }
        reaped.is_some()
    }

    /// Reap a watched child if it has ended, and tell its owner. Whether it was so.
    fn collect(&mut self, pid: i32) -> bool {
        let Some(watched) = self.watched.get(&pid) else {
            return false;
        };
        let child = watched.child.clone();
        let target = match &child.pidfd {
            Some(pidfd) => Target::Pidfd(pidfd.as_fd()),
            None => Target::Pid(pid),
        };
        let reaped = self.kin.bury(pid, || match reap(target) {
            Ok(ended) => ended.map(|ended| Ok(ended.status)),
            Err(error) => Some(Err(error)),
        });
        let status = match reaped {
            None => return false,
            Some(Ok(status)) => status,
            Some(Err(error)) => {
                // somebody else reaped it: that it has ended is all that can be known
                self.complain(&error);
                ExitStatus::Other(-1)
            }
        };
        if let Some(watched) = self.watched.remove(&pid) {
            self.told.retain(|(pidfd, _)| pidfd.strong_count() > 0);
            if let Some(pidfd) = &child.pidfd {
                self.told.push((Arc::downgrade(pidfd), status));
            }
            watched.owner.do_send(ProcessExited { pid, status });
        }
        true
    }

    fn look(
        &self,
        target: Target<'_>,
        wait: fn(Target<'_>) -> io::Result<Option<Ended>>,
    ) -> Option<Ended> {
        wait(target).unwrap_or_else(|error| {
            // that there is no child at all is no news
            if error.raw_os_error() != Some(libc::ECHILD) {
                self.complain(&error);
            }
            None
        })
    }

    fn complain(&self, error: &io::Error) {
        let errno = error.raw_os_error().unwrap_or(0);
        let name = errno_name(errno).map_or_else(|| errno.to_string(), str::to_owned);
        crit!(
            self.log,
            "waitpid error {name}; a process may not be cleaned up properly"
        );
    }
}

/// Sleep until the descriptor says that its process has ended. `None`: such descriptors cannot be
/// waited for here.
fn watch_descriptor(
    pidfd: Arc<OwnedFd>,
    pid: i32,
    reaper: WeakAddr<Reaper>,
) -> Option<JoinHandle<()>> {
    let ready = descriptor::register(pidfd, Interest::READABLE).ok()?;
    Some(actix_rt::spawn(async move {
        loop {
            let Ok(mut guard) = ready.readable().await else {
                return; // the runtime shuts down
            };
            if matches!(peek(Target::Pidfd(ready.get_ref().as_fd())), Ok(None)) {
                guard.clear_ready();
                continue;
            }
            if let Some(reaper) = reaper.upgrade() {
                reaper.do_send(Ready(pid));
            }
            return;
        }
    }))
}

impl Actor for Reaper {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if let Some(signals) = self.signals.take() {
            ctx.add_stream(stream::unfold(signals, async |mut signals| {
                signals.recv().await?;
                // children with a descriptor first: most of the time that leaves nobody to sweep
                tokio::task::yield_now().await;
                Some((ChildQuit, signals))
            }));
        }
        ctx.add_stream(stream::unfold(Arc::clone(&self.kin), async |kin| {
            kin.settled().await;
            Some((Settled, kin))
        }));
        // those who ended before anybody listened
        self.sweep();
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        // whoever waits next does not know them
        for &pid in self.watched.keys() {
            self.kin.disown(pid);
        }
    }
}

impl Handler<Watch> for Reaper {
    type Result = ();

    fn handle(&mut self, watch: Watch, ctx: &mut Self::Context) {
        let Watch { child, owner } = watch;
        let pid = child.pid;
        if let Some(known) = self.watched.get_mut(&pid) {
            known.owner = owner;
            return;
        }
        let told = child.pidfd.as_ref().and_then(|pidfd| {
            let same = |(known, _): &&(Weak<OwnedFd>, _)| known.as_ptr() == Arc::as_ptr(pidfd);
            self.told.iter().find(same)
        });
        if let Some(&(_, status)) = told {
            owner.do_send(ProcessExited { pid, status });
            return;
        }
        self.kin.adopt(pid);
        let reaper = ctx.address().downgrade();
        let task = match child.pidfd.clone() {
            Some(pidfd) => watch_descriptor(pidfd, pid, reaper),
            None => None,
        };
        let signalled = task.is_none();
        self.watched.insert(pid, Watched { child, owner, task });
        if signalled {
            // its SIGCHLD may have come before
            let _ = self.collect(pid);
        }
        if self.halted {
            self.sweep();
        }
    }
}

impl Handler<Ready> for Reaper {
    type Result = ();

    fn handle(&mut self, Ready(pid): Ready, _: &mut Self::Context) {
        // otherwise a sweep was faster
        let _ = self.collect(pid);
    }
}

impl StreamHandler<ChildQuit> for Reaper {
    fn handle(&mut self, _: ChildQuit, _: &mut Self::Context) {
        self.sweep();
    }
}

impl StreamHandler<Settled> for Reaper {
    fn handle(&mut self, _: Settled, _: &mut Self::Context) {
        self.sweep();
    }
}
