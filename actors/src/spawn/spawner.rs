//! The spawner threads: one queue, carried out in order, for everything that may block.

use std::cmp::Reverse;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use futures_util::future::LocalBoxFuture;
use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};
use tokio::sync::oneshot;
use visord_model::signal::Signal;

use super::attempt::SpawnAttempt;
use super::clone::{Cloner, Failure};
use super::command::{self, CommandQuery, ResolvedCommand};
use super::launch::Launch;
use super::registry::{ChildHandle, ChildRegistry};
use super::spawn_pool::SpawnPool;
use super::{SpawnError, SpawnJob, Spawned, Spawner, fork, helper};

/// A limit on open descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What applies.
    pub soft: u64,
    /// How far the process may raise it.
    pub hard: u64,
}

/// How children are made.
#[derive(Clone, Copy, Debug, Default)]
pub struct SpawnerOptions {
    /// Fork even where the helper can be executed; for tests.
    pub portable: bool,
    /// The limit on open descriptors that children get, if the daemon raised its own beyond what
    /// `minfds` promises them; `None`: they inherit.
    pub descriptors: Option<Limit>,
}

/// Enough for what a job does, name services included; only what is used takes memory.
const STACK: usize = 512 * 1024;

/// The threads named `spawner`: one leads, one stands by (see `spawn_pool.rs`). They end when the
/// last [`SpawnerHandle`] is dropped, which must not happen before the daemon ends.
#[derive(Debug)]
pub struct SpawnerThread;

impl SpawnerThread {
    /// Start them with the default options. Errors: no thread can be had.
    pub fn start() -> io::Result<SpawnerHandle> {
        Self::start_with(SpawnerOptions::default())
    }

    /// Start them. Errors: no thread can be had.
    pub fn start_with(options: SpawnerOptions) -> io::Result<SpawnerHandle> {
        let pool = SpawnPool::new();
        let registry = Arc::new(ChildRegistry::default());
        let shared = Arc::new(Shared {
            options,
            ways: Mutex::default(),
            registry: Arc::clone(&registry),
        });
        // the first thing that the leader does; without a standby the first start does it
        pool.push(Box::new(|context: io::Result<&mut WorkerContext>| {
            if let Ok(context) = context {
                context.prepare();
            }
        }));
        let handle = SpawnerHandle {
            pool: Arc::new(Handle(Arc::clone(&pool))),
            registry,
        };
        for _ in 0..2 {
            pool.add_thread(|| start_worker(&pool, &shared))?;
        }
        Ok(handle)
    }
}

fn start_worker(pool: &Arc<SpawnPool<WorkerContext>>, shared: &Arc<Shared>) -> io::Result<()> {
    let (pool, shared) = (Arc::clone(pool), Arc::clone(shared));
    let spawn_worker = move || {
        block_signals();
        let mut context = WorkerContext(Arc::clone(&shared));
        pool.serve(&mut context, || start_worker(&pool, &shared));
    };
    let thread = thread::Builder::new().name("spawner".to_owned());
    thread.stack_size(STACK).spawn(spawn_worker).map(drop)
}

/// A child begins with the daemon's handlers and the mask of the thread that makes it: no signal
/// may be let through before it has put both right.
fn block_signals() {
    // it cannot fail with these arguments
    let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), None);
}

/// When the last one is dropped, the threads end.
struct Handle(Arc<SpawnPool<WorkerContext>>);

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handle")
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Sends work to the spawner threads; it is begun in the order of the calls.
#[derive(Clone, Debug)]
pub struct SpawnerHandle {
    pool: Arc<Handle>,
    registry: Arc<ChildRegistry>,
}

impl SpawnerHandle {
    /// The children that were made; the Reaper needs it.
    #[must_use]
    pub fn children(&self) -> Arc<ChildRegistry> {
        Arc::clone(&self.registry)
    }

    /// A child that is to be ended unless it is claimed.
    pub(crate) fn unclaimed(&self, child: ChildHandle) -> Unclaimed {
        Unclaimed {
            child,
            is_claimed: false,
            registry: self.children(),
        }
    }

    /// Run something that may block on a spawner thread.
    /// Errors: no thread can be had, or the job panicked.
    pub fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> LocalBoxFuture<'static, Result<T, SpawnError>> {
        let (reply, answer) = oneshot::channel();
        self.queue(|context| {
            // the caller may have lost interest
            let _ = reply.send(context.map(|_| job()));
        });
        Box::pin(async move { answer.await.unwrap_or(Err(SpawnError::SpawnerGone)) })
    }

    fn queue(&self, job: impl FnOnce(Result<&mut WorkerContext, SpawnError>) + Send + 'static) {
        self.pool.0.push(Box::new(|context| {
            let context = context.map_err(|error| SpawnError::NoThread {
                reason: error.to_string(),
            });
            // the panic hook has told; the caller sees SpawnerGone, the next job goes on
            let _ = catch_unwind(AssertUnwindSafe(|| job(context)));
        }));
    }
}

impl Spawner for SpawnerHandle {
    fn resolve(
        &self,
        query: CommandQuery,
        attempt: Arc<SpawnAttempt>,
    ) -> LocalBoxFuture<'static, Result<ResolvedCommand, SpawnError>> {
        let answer = self.run(move || {
            let _busy = attempt.begin()?;
            command::resolve(&query)
        });
        Box::pin(async move { answer.await? })
    }

    fn spawn(&self, job: SpawnJob) -> LocalBoxFuture<'static, Result<Spawned, SpawnError>> {
        let (reply, answer) = oneshot::channel();
        let mut claim = Claim {
            answer,
            registry: self.children(),
        };
        let registry = self.children();
        self.queue(move |context| {
            let spawned = context.and_then(|context| context.spawn(job));
            if let Err(Ok(unwanted)) = reply.send(spawned) {
                abandon(&unwanted.child, &registry);
            }
        });
        Box::pin(async move {
            let answer = (&mut claim.answer).await;
            answer.unwrap_or(Err(SpawnError::SpawnerGone))
        })
    }

    fn signal(&self, child: &ChildHandle, signal: Signal, group: bool) -> io::Result<()> {
        self.registry.signal(child, signal, group)
    }
}

/// The answer to a request for a child. If it is dropped first, the child is ended rather than
/// lost.
struct Claim {
    answer: oneshot::Receiver<Result<Spawned, SpawnError>>,
    registry: Arc<ChildRegistry>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        // from here on the worker sees that the answer is not wanted; before, it may have answered
        self.answer.close();
        if let Ok(Ok(unwanted)) = self.answer.try_recv() {
            abandon(&unwanted.child, &self.registry);
        }
    }
}

/// A child that nothing looks after yet. Dropped, it is ended with its group rather than lost.
#[derive(Debug)]
#[must_use = "dropping it kills the child"]
pub(crate) struct Unclaimed {
    child: ChildHandle,
    is_claimed: bool,
    registry: Arc<ChildRegistry>,
}

impl Unclaimed {
    /// The child, from now on looked after by the caller.
    pub(crate) fn claim(mut self) -> ChildHandle {
        self.is_claimed = true;
        self.child.clone()
    }
}

impl Drop for Unclaimed {
    fn drop(&mut self) {
        if !self.is_claimed {
            abandon(&self.child, &self.registry);
        }
    }
}

fn abandon(child: &ChildHandle, registry: &ChildRegistry) {
    // it can only have ended already
    let _ = registry.signal(child, Signal::KILL, true);
    registry.release(child);
}

/// How children are made here.
enum Way {
    /// Through the helper.
    Clone(Cloner),
    Fork,
}

/// Ways that are kept: one for the leader, one for the next while a leader hangs in a clone. Each
/// has places among the low descriptors, which are to be had only at the start.
const WAYS: usize = 2;

/// What all threads share.
struct Shared {
    options: SpawnerOptions,
    /// Those that are not in use.
    ways: Mutex<Vec<Way>>,
    registry: Arc<ChildRegistry>,
}

impl Shared {
    /// A way that is kept, or a new one.
    fn way(&self) -> Way {
        let kept = self.ways().pop();
        kept.unwrap_or_else(|| Way::choose(self.options.portable))
    }

    /// It is not in use any more. The lowest are kept, and the lowest of them is used next.
    fn put_back(&self, way: Way) {
        let mut ways = self.ways();
        ways.push(way);
        ways.sort_by_key(|way| Reverse(way.above()));
        let surplus = (ways.len() > WAYS).then(|| ways.remove(0));
        drop(ways);
        drop(surplus);
    }

    fn make_child(
        &self,
        name: &str,
        launch: &Launch,
        attempt: &SpawnAttempt,
        way: &mut Way,
    ) -> Result<Spawned, SpawnError> {
        let at = attempt.begin_cloning()?;
        let under_way = self.registry.begin_clone();
        let pid = way.spawn(launch);
        let pid = pid.map_err(|errno| SpawnError::fork(name, errno))?;
        let child = under_way.registered(pid);
        if !attempt.finish() {
            abandon(&child, &self.registry);
            return Err(SpawnError::Cancelled);
        }
        Ok(Spawned { child, at })
    }

    // nothing under this lock can panic half-way
    fn ways(&self) -> MutexGuard<'_, Vec<Way>> {
        self.ways.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a thread works with.
struct WorkerContext(Arc<Shared>);

impl WorkerContext {
    /// Find the ways now, while low descriptors are to be had.
    fn prepare(&mut self) {
        let ways: Vec<Way> = (0..WAYS).map(|_| self.0.way()).collect();
        ways.into_iter().for_each(|way| self.0.put_back(way));
    }

    /// Carry out a start, on its turn. Between any two steps it may have been cancelled, and then
    /// a child that was made after all is discarded.
    fn spawn(&mut self, job: SpawnJob) -> Result<Spawned, SpawnError> {
        let SpawnJob {
            name,
            attempt,
            prepare,
        } = job;
        let shared = &self.0;
        let _busy = attempt.begin()?;
        let (plan, deliver) = prepare()?;
        let launch = Launch::prepare(plan, shared.options.descriptors)?;
        let mut way = shared.way();
        let spawned = shared.make_child(&name, &launch, &attempt, &mut way);
        shared.put_back(way);
        spawned.inspect(|_| deliver())
    }
}

impl Way {
    fn choose(portable: bool) -> Self {
        let helper = if portable { None } else { helper::descriptor() };
        match helper.map(Cloner::new) {
            Some(Ok(cloner)) => Self::Clone(cloner),
            Some(Err(_)) | None => Self::Fork,
        }
    }

    /// The first descriptor that a child does not get a copy of; 0 if it does not matter.
    fn above(&self) -> u32 {
        match self {
            Self::Clone(cloner) => cloner.above(),
            Self::Fork => 0,
        }
    }

    /// A child's pid, or an errno.
    fn spawn(&mut self, launch: &Launch) -> Result<i32, i32> {
        let Self::Clone(cloner) = self else {
            return fork::spawn(launch);
        };
        match cloner.spawn(launch) {
            Ok(pid) => Ok(pid),
            // an old kernel or a sandbox: the next one would not do better
            Err(
                Failure::Clone(libc::ENOSYS | libc::EPERM | libc::EINVAL)
                | Failure::Helper(libc::ENOSYS | libc::EPERM | libc::EINVAL | libc::EACCES),
            ) => {
                *self = Self::Fork;
                fork::spawn(launch)
            }
            // such as words that are too long with ours among them: the child says what is wrong
            Err(Failure::Helper(_)) => fork::spawn(launch),
            Err(Failure::Clone(errno)) => Err(errno),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_places_survive_a_leader_that_hangs() {
        let shared = Arc::new(Shared {
            options: SpawnerOptions::default(),
            ways: Mutex::default(),
            registry: Arc::default(),
        });
        WorkerContext(Arc::clone(&shared)).prepare();
        assert_eq!(shared.ways().len(), WAYS);
        // two leaders hang in a clone, the third needs places of its own
        let in_use = [shared.way(), shared.way(), shared.way()];
        assert_eq!(shared.ways().len(), 0);
        let mut above = in_use.each_ref().map(Way::above);
        above.sort_unstable();
        in_use
            .into_iter()
            .rev()
            .for_each(|way| shared.put_back(way));
        assert_eq!(shared.ways().len(), WAYS);
        let again = [shared.way(), shared.way()];
        assert_eq!(again.each_ref().map(Way::above), above[..WAYS]);
    }
}
