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
use super::start::{Start, Tools, Unreported};
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

type Pool = SpawnPool<Unreported>;

/// Queues jobs for the threads named `spawner`; they begin in the order of the calls. One thread
/// leads, one stands by (see `spawn_pool.rs`). They end when the last handle is dropped, which must
/// not happen before the daemon ends.
#[derive(Clone)]
pub struct SpawnerHandle {
    pool: Arc<ClosedOnDrop>,
    tools: Arc<Tools>,
}

struct ClosedOnDrop(Arc<Pool>);

impl Drop for ClosedOnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}

fn start_thread(pool: &Arc<Pool>) -> io::Result<()> {
    let pool = Arc::clone(pool);
    let serve = move || {
        // a child starts with the daemon's handlers and the signal mask of this thread: signals
        // stay blocked until the child has reset both. It cannot fail with these arguments
        let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), None);
        pool.serve(|| start_thread(&pool));
    };
    let thread = thread::Builder::new().name("spawner".to_owned());
    thread.stack_size(STACK).spawn(serve).map(drop)
}

impl SpawnerHandle {
    /// Start the threads. Errors: none can be had.
    pub fn start(options: SpawnerOptions) -> io::Result<Self> {
        let pool = Pool::new();
        let tools = Arc::new(Tools {
            registry: Arc::default(),
            methods: Methods::new(options.portable),
            descriptors: options.descriptors,
        });
        // the first job; if it fails for lack of a standby, the first start reserves them
        let reserving = Arc::clone(&tools);
        pool.push(Box::new(move |turn| {
            if turn.is_ok() {
                reserving.methods.reserve();
            }
            None
        }));
        for _ in 0..2 {
            pool.add_thread(|| start_thread(&pool))?;
        }
        let pool = Arc::new(ClosedOnDrop(pool));
        Ok(Self { pool, tools })
    }

    /// The children that were made; the Reaper needs it.
    pub fn children(&self) -> Arc<ChildRegistry> {
        Arc::clone(&self.tools.registry)
    }

    /// Run something that may block on a spawner thread.
    /// Errors: no thread can be had, or the job panicked.
    pub fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> LocalBoxFuture<'static, Result<T, SpawnError>> {
        self.queue(|turn, reply| {
            // the caller may be gone
            let _ = reply.send(turn.map(|()| job()));
            None
        })
    }

    /// Queue a job; the answer is what it sends.
    fn queue<T: Send + 'static>(
        &self,
        job: impl FnOnce(
            Result<(), SpawnError>,
            oneshot::Sender<Result<T, SpawnError>>,
        ) -> Option<Unreported>
        + Send
        + 'static,
    ) -> LocalBoxFuture<'static, Result<T, SpawnError>> {
        let (reply, answer) = oneshot::channel();
        self.pool.0.push(Box::new(|turn| {
            let turn =
                turn.map_err(|error| SpawnError::Failed(format!("no thread to start it: {error}")));
            // the panic hook has reported it; the caller gets SpawnerGone
            catch_unwind(AssertUnwindSafe(|| job(turn, reply))).unwrap_or(None)
        }));
        Box::pin(async move { answer.await.unwrap_or(Err(SpawnError::SpawnerGone)) })
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
        let tools = Arc::clone(&self.tools);
        self.queue(
            move |turn, reply| match turn.and_then(|()| Start::begin(job, &tools)) {
                Ok(start) => Some(Unreported(start, reply, tools)),
                Err(error) => {
                    let _ = reply.send(Err(error));
                    None
                }
            },
        )
    }

    fn signal(&self, child: &ChildHandle, signal: Signal, group: bool) -> io::Result<()> {
        self.tools.registry.signal(child, signal, group)
    }
}
