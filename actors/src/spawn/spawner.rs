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

use super::clone::{self, Stack};
use super::command::{self, CommandQuery, ResolvedCommand};
use super::crew::Crew;
use super::kin::Kin;
use super::launch::Launch;
use super::places::Places;
use super::plan::SpawnPlan;
use super::{ChildHandle, SpawnError, Spawned, Spawner, fork, send_signal};

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
    /// Fork even where the fast way works; for tests.
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
        let kin = Arc::new(Kin::default());
        let agency = Agency {
            crew: Arc::clone(&crew),
            vacancies: Arc::new(AtomicUsize::new(MOST_THREADS)),
            options,
            kin: Arc::clone(&kin),
        };
        // the first thing that whoever leads does
        crew.push(Box::new(Workshop::prepare));
        let door = Arc::new(Door(crew));
        agency.hire()?;
        agency.hire()?;
        Ok(SpawnerHandle { door, kin })
    }
}

/// Where threads come from.
#[derive(Clone)]
struct Agency {
    crew: Arc<Crew<Workshop>>,
    vacancies: Arc<AtomicUsize>,
    options: SpawnerOptions,
    kin: Arc<Kin>,
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
            let mut shop = Workshop::new(agency.options, Arc::clone(&agency.kin));
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
    kin: Arc<Kin>,
}

impl SpawnerHandle {
    /// Which pids are ours; the Reaper needs it.
    #[must_use]
    pub fn kin(&self) -> Arc<Kin> {
        Arc::clone(&self.kin)
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
            kin: self.kin(),
        };
        self.queue(move |shop| {
            if let Err(Ok(unwanted)) = reply.send(shop.spawn(plan)) {
                abandon(&unwanted, &shop.kin);
            }
        });
        Box::pin(async move {
            let answer = (&mut claim.answer).await;
            answer.unwrap_or(Err(SpawnError::SpawnerGone))
        })
    }

    fn signal(&self, child: &ChildHandle, signal: Signal, group: bool) -> io::Result<()> {
        send_signal(child, signal, group)
    }
}

/// The answer to a request for a child. If nobody takes it, the child is ended rather than lost.
struct Claim {
    answer: oneshot::Receiver<Result<Spawned, SpawnError>>,
    kin: Arc<Kin>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        // from here on the spawner thread sees that nobody listens; before, it may have answered
        self.answer.close();
        if let Ok(Ok(unwanted)) = self.answer.try_recv() {
            abandon(&unwanted, &self.kin);
        }
    }
}

fn abandon(unwanted: &Spawned, kin: &Kin) {
    // it can only have ended already
    let _ = send_signal(&unwanted.child, Signal::KILL, true);
    kin.disown(unwanted.child.pid);
}

/// How children are made here.
enum Way {
    Clone(Stack, Places),
    Fork,
}

/// What a thread owns.
struct Workshop {
    options: SpawnerOptions,
    /// Found with the first child: a thread that only waits behind needs none.
    way: Option<Way>,
    kin: Arc<Kin>,
}

impl Workshop {
    fn new(options: SpawnerOptions, kin: Arc<Kin>) -> Self {
        Self {
            options,
            way: None,
            kin,
        }
    }

    /// Find the way now, while low descriptors are to be had.
    fn prepare(&mut self) {
        let portable = self.options.portable;
        self.way.get_or_insert_with(|| Way::choose(portable));
    }

    fn spawn(&mut self, plan: SpawnPlan) -> Result<Spawned, SpawnError> {
        let name = plan.name.clone();
        let descriptors = self.options.descriptors.map(|limit| libc::rlimit {
            rlim_cur: limit.soft,
            rlim_max: limit.hard,
        });
        let launch = Launch::prepare(plan, descriptors)?;
        let portable = self.options.portable;
        let way = self.way.get_or_insert_with(|| Way::choose(portable));
        let birth = self.kin.birth();
        let child = way.spawn(&launch);
        let child = child.map_err(|errno| SpawnError::fork(&name, errno))?;
        birth.born(child.pid);
        Ok(Spawned { child })
    }
}

impl Way {
    fn choose(portable: bool) -> Self {
        if !portable
            && let Ok(mut stack) = Stack::new()
            && clone::works(&mut stack)
            && let Ok(places) = Places::reserve()
        {
            return Self::Clone(stack, places);
        }
        Self::Fork
    }

    fn spawn(&mut self, launch: &Launch) -> Result<ChildHandle, i32> {
        match self {
            Self::Clone(stack, places) => match clone::spawn(launch, stack, places) {
                // a sandbox may have closed since the trial
                Err(libc::ENOSYS | libc::EPERM | libc::EINVAL) => {
                    *self = Self::Fork;
                    self.spawn(launch)
                }
                outcome => outcome,
            },
            Self::Fork => fork::spawn(launch),
        }
    }
}
