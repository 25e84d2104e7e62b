//! The spawner threads: one queue, worked off in order, for everything that may block.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use futures_util::future::LocalBoxFuture;
use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};
use tokio::sync::oneshot;
use visord_model::signal::Signal;

use super::clone::{Cloner, Failure};
use super::command::{self, CommandQuery, ResolvedCommand};
use super::crew::Crew;
use super::launch::Launch;
use super::plan::SpawnPlan;
use super::registry::{ChildHandle, ChildRegistry};
use super::{SpawnError, Spawned, Spawner, fork, helper};

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

/// Threads at most: so many less one may be kept by programs on file systems that hang.
const MOST_THREADS: usize = 4;

/// The threads named `spawner`: one works, one waits behind it. They end when the last
/// [`SpawnerHandle`] is dropped, which must not happen before the daemon ends.
#[derive(Debug)]
pub struct SpawnerThread;

impl SpawnerThread {
    /// Start them with the default options. Errors: no thread can be had.
    pub fn start() -> io::Result<SpawnerHandle> {
        Self::start_with(SpawnerOptions::default())
    }

    /// Start them. Errors: no thread can be had.
    pub fn start_with(options: SpawnerOptions) -> io::Result<SpawnerHandle> {
        let crew = Crew::new();
        let registry = Arc::new(ChildRegistry::default());
        let agency = Agency {
            crew: Arc::clone(&crew),
            vacancies: Arc::new(AtomicUsize::new(MOST_THREADS)),
            options,
            registry: Arc::clone(&registry),
        };
        // the first thing that whoever leads does
        crew.push(Box::new(Workshop::prepare));
        let door = Arc::new(Door(crew));
        agency.hire()?;
        agency.hire()?;
        Ok(SpawnerHandle { door, registry })
    }
}

/// Where threads come from.
#[derive(Clone)]
struct Agency {
    crew: Arc<Crew<Workshop>>,
    vacancies: Arc<AtomicUsize>,
    options: SpawnerOptions,
    registry: Arc<ChildRegistry>,
}

impl Agency {
    /// One more thread, if it may be had.
    fn hire(&self) -> io::Result<()> {
        let less = |left: usize| left.checked_sub(1);
        let vacancies = &self.vacancies;
        let had = vacancies.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        if had.is_err() {
            return Ok(());
        }
        let agency = self.clone();
        let work = move || {
            block_signals();
            let mut shop = Workshop::new(agency.options, Arc::clone(&agency.registry));
            // without another thread behind this one, it is as with one only
            let relieved = || drop(agency.hire());
            agency.crew.serve(&mut shop, relieved);
        };
        let thread = thread::Builder::new().name("spawner".to_owned());
        thread.spawn(work).map(drop)
    }
}

/// A child begins with the daemon's handlers and the mask of the thread that makes it: no signal
/// may be let through before it has put both right.
fn block_signals() {
    // it cannot fail with these arguments
    let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), None);
}

/// The way in; when the last one who knows it is gone, the threads end.
struct Door(Arc<Crew<Workshop>>);

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Door")
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Sends work to the spawner threads; it is begun in the order of the calls.
#[derive(Clone, Debug)]
pub struct SpawnerHandle {
    door: Arc<Door>,
    registry: Arc<ChildRegistry>,
}

impl SpawnerHandle {
    /// The children that were made; the Reaper needs it.
    #[must_use]
    pub fn children(&self) -> Arc<ChildRegistry> {
        Arc::clone(&self.registry)
    }

    /// Run something that may block on the spawner thread.
    /// Error: the thread is gone, or the job panicked.
    pub fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> LocalBoxFuture<'static, Result<T, SpawnError>> {
        let (reply, answer) = oneshot::channel();
        self.queue(|_| {
            // whoever asked may have lost interest
            let _ = reply.send(job());
        });
        Box::pin(async move { answer.await.map_err(|_| SpawnError::SpawnerGone) })
    }

    fn queue(&self, job: impl FnOnce(&mut Workshop) + Send + 'static) {
        self.door.0.push(Box::new(|shop: &mut Workshop| {
            // the panic hook has told; whoever asked sees SpawnerGone, the next job goes on
            let _ = catch_unwind(AssertUnwindSafe(|| job(shop)));
        }));
    }
}

impl Spawner for SpawnerHandle {
    fn resolve(
        &self,
        query: CommandQuery,
    ) -> LocalBoxFuture<'static, Result<ResolvedCommand, SpawnError>> {
        let answer = self.run(move || command::resolve(&query));
        Box::pin(async move { answer.await? })
    }

    fn spawn(&self, plan: SpawnPlan) -> LocalBoxFuture<'static, Result<Spawned, SpawnError>> {
        let (reply, answer) = oneshot::channel();
        let mut claim = Claim {
            answer,
            registry: self.children(),
        };
        self.queue(move |shop| {
            if let Err(Ok(unwanted)) = reply.send(shop.spawn(plan)) {
                abandon(&unwanted, &shop.registry);
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

/// The answer to a request for a child. If nobody takes it, the child is ended rather than lost.
struct Claim {
    answer: oneshot::Receiver<Result<Spawned, SpawnError>>,
    registry: Arc<ChildRegistry>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        // from here on the spawner thread sees that nobody listens; before, it may have answered
        self.answer.close();
        if let Ok(Ok(unwanted)) = self.answer.try_recv() {
            abandon(&unwanted, &self.registry);
        }
    }
}

fn abandon(unwanted: &Spawned, registry: &ChildRegistry) {
    // it can only have ended already
    let _ = registry.signal(&unwanted.child, Signal::KILL, true);
    registry.release(&unwanted.child);
}

/// How children are made here.
enum Way {
    /// Through the helper.
    Clone(Cloner),
    Fork,
}

/// What a thread owns.
struct Workshop {
    options: SpawnerOptions,
    /// Found with the first child: a thread that only waits behind needs none.
    way: Option<Way>,
    registry: Arc<ChildRegistry>,
}

impl Workshop {
    fn new(options: SpawnerOptions, registry: Arc<ChildRegistry>) -> Self {
        Self {
            options,
            way: None,
            registry,
        }
    }

    /// Find the way now, while low descriptors are to be had.
    fn prepare(&mut self) {
        let portable = self.options.portable;
        self.way.get_or_insert_with(|| Way::choose(portable));
    }

    fn spawn(&mut self, plan: SpawnPlan) -> Result<Spawned, SpawnError> {
        let name = plan.name.clone();
        let launch = Launch::prepare(plan, self.options.descriptors)?;
        let portable = self.options.portable;
        let way = self.way.get_or_insert_with(|| Way::choose(portable));
        let under_way = self.registry.begin_clone();
        let pid = way.spawn(&launch);
        let pid = pid.map_err(|errno| SpawnError::fork(&name, errno))?;
        let child = under_way.registered(pid);
        Ok(Spawned { child })
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
