//! The spawner threads: they run jobs that may block, from one queue and in its order.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use futures_util::future::LocalBoxFuture;
use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};
use tokio::sync::oneshot;
use visord_model::signal::Signal;

use super::attempt::SpawnAttempt;
use super::command::{self, CommandQuery, ResolvedCommand};
use super::method::Methods;
use super::registry::{ChildHandle, ChildRegistry};
use super::spawn_pool::SpawnPool;
use super::start::{Preparation, Reply, Start};
use super::{SpawnError, SpawnJob, Spawned, Spawner};

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

/// Stack of a spawner thread, in bytes: enough for name services. Only what is used takes memory.
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
        let methods = Arc::new(Methods::new(options.portable));
        // the first job; if it fails for lack of a standby, the first start reserves them
        let reserving = Arc::clone(&methods);
        pool.push(Box::new(move |turn| {
            if turn.is_ok() {
                reserving.reserve();
            }
            None
        }));
        let handle = SpawnerHandle {
            pool: Arc::new(Handle(Arc::clone(&pool))),
            registry: Arc::default(),
            methods,
            descriptors: options.descriptors,
        };
        for _ in 0..2 {
            pool.add_thread(|| start_thread(&pool))?;
        }
        Ok(handle)
    }
}

fn start_thread(pool: &Arc<SpawnPool<Start>>) -> io::Result<()> {
    let pool = Arc::clone(pool);
    let serve = move || {
        block_signals();
        pool.serve(|| start_thread(&pool));
    };
    let thread = thread::Builder::new().name("spawner".to_owned());
    thread.stack_size(STACK).spawn(serve).map(drop)
}

/// A child starts with the daemon's handlers and the signal mask of this thread: signals stay
/// blocked until the child has reset both.
fn block_signals() {
    // it cannot fail with these arguments
    let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), None);
}

/// When the last one is dropped, the threads end.
struct Handle(Arc<SpawnPool<Start>>);

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

/// Queues jobs for the spawner threads; they begin in the order of the calls.
#[derive(Clone, Debug)]
pub struct SpawnerHandle {
    pool: Arc<Handle>,
    registry: Arc<ChildRegistry>,
    methods: Arc<Methods>,
    descriptors: Option<Limit>,
}

impl SpawnerHandle {
    /// The children that were made; the Reaper needs it.
    #[must_use]
    pub fn children(&self) -> Arc<ChildRegistry> {
        Arc::clone(&self.registry)
    }

    /// Own a child until it is claimed.
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
        self.queue(|turn| {
            // the caller may be gone
            let _ = reply.send(turn.map(|()| job()));
            None
        });
        Box::pin(async move { answer.await.unwrap_or(Err(SpawnError::SpawnerGone)) })
    }

    fn queue(&self, job: impl FnOnce(Result<(), SpawnError>) -> Option<Start> + Send + 'static) {
        self.pool.0.push(Box::new(|turn| {
            let turn = turn.map_err(|error| SpawnError::NoThread {
                reason: error.to_string(),
            });
            // the panic hook has reported it; the caller gets SpawnerGone
            catch_unwind(AssertUnwindSafe(|| job(turn))).unwrap_or(None)
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
        let (registry, methods) = (self.children(), Arc::clone(&self.methods));
        let descriptors = self.descriptors;
        self.queue(move |turn| {
            let reply = Reply(reply, registry);
            match turn.and_then(|()| Preparation::of(job, descriptors)) {
                Ok(preparation) => preparation.begin(reply, methods),
                Err(error) => {
                    reply.send(Err(error));
                    None
                }
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

/// The reply to a request for a child. If it is dropped first, the child is killed.
struct Claim {
    answer: oneshot::Receiver<Result<Spawned, SpawnError>>,
    registry: Arc<ChildRegistry>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        // a reply that was sent before this is received below; the sender of a later one sees it
        self.answer.close();
        if let Ok(Ok(unwanted)) = self.answer.try_recv() {
            abandon(&unwanted.child, &self.registry);
        }
    }
}

/// A child that no actor owns yet. Dropping it kills its process group.
#[derive(Debug)]
#[must_use = "dropping it kills the child"]
pub(crate) struct Unclaimed {
    child: ChildHandle,
    is_claimed: bool,
    registry: Arc<ChildRegistry>,
}

impl Unclaimed {
    /// Take ownership of the child.
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

pub(super) fn abandon(child: &ChildHandle, registry: &ChildRegistry) {
    // it can only have ended already
    let _ = registry.signal(child, Signal::KILL, true);
    registry.release(child);
}
