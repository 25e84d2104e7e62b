//! Bringing children to life, and signalling them.
//!
//! The control thread only decides; everything that blocks or clones happens on a plain thread,
//! `spawner`, behind the [`Spawner`] trait. A start is one [`SpawnJob`], queued when it is
//! ordered; on its turn it does everything that may block, one after the other:
//!
//! ```text
//! SpawnJob --(socket, command, logs, pipes)--> SpawnPlan --clone--> Spawned
//! ```
//!
//! So programs start in the order in which they were told to, and only the one whose turn it is
//! has descriptors open. A job that hangs delays only itself (see `spawn_pool.rs`), and it can be
//! cancelled ([`SpawnAttempt`]).
//!
//! A child first becomes the spawn helper (`helper/main.rs`), a program without anything of the
//! daemon; in it runs `child.rs`, which changes user and directory and executes the program.
//! Where there can be no helper, a forked child runs the same file. Either way no thread of the
//! daemon waits for anything that the program's user controls.
//!
//! A child is known to the [`ChildRegistry`] from its first moment. Give it to the
//! [`Reaper`](crate::reaper::Reaper) with `Watch` to be told of its end, however early that was.

mod account;
mod attempt;
mod child;
mod clone;
mod command;
pub mod descriptor;
mod errno;
mod error;
mod fork;
mod helper;
mod lane;
mod launch;
mod pipes;
mod places;
mod plan;
mod registry;
mod spawn_pool;
mod spawner;
mod syscall;
pub(crate) mod wait;

use std::io;
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;
use visord_model::moment::Moment;
use visord_model::signal::Signal;

pub use attempt::{ProgramJobs, SpawnAttempt};
pub use command::{CommandQuery, ResolvedCommand, SplitError, resolve, split};
pub use errno::errno_name;
pub use error::SpawnError;
pub(crate) use lane::Lane;
pub use pipes::{ChildEnds, ParentEnds, open_pipes};
pub use plan::{DaemonEnvironment, Delivery, SpawnJob, SpawnPlan, environment};
pub(crate) use registry::Owner;
pub use registry::{ChildHandle, ChildRegistry, CloneUnderWay, Exit};
pub(crate) use spawner::Unclaimed;
pub use spawner::{Limit, SpawnerHandle, SpawnerOptions, SpawnerThread};

/// The seam between deciding and doing: production code uses [`SpawnerHandle`], tests of the
/// Process actor a fake.
///
/// Requests are queued when the method is called, in that order, not when the future is first
/// polled.
pub trait Spawner: 'static {
    /// Split a command line and find its program (spec core 4.4). The attempt is one of its own.
    fn resolve(
        &self,
        query: CommandQuery,
        attempt: Arc<SpawnAttempt>,
    ) -> LocalBoxFuture<'static, Result<ResolvedCommand, SpawnError>>;

    /// Bring a child to life. What goes wrong inside the child (user, directory, exec) is not an
    /// error here: the child says so on its stderr and ends with code 127 (spec core 4.5).
    fn spawn(&self, job: SpawnJob) -> LocalBoxFuture<'static, Result<Spawned, SpawnError>>;

    /// Signal a child, or with `group` its whole process group. `ESRCH` says that it has ended
    /// and is reaped.
    fn signal(&self, child: &ChildHandle, signal: Signal, group: bool) -> io::Result<()>;
}

/// A child that lives, or lived until a moment ago.
#[derive(Debug)]
#[must_use = "a child that nobody watches is never reaped"]
pub struct Spawned {
    /// How to signal it and to wait for it.
    pub child: ChildHandle,
    /// Just before it was cloned.
    pub at: Moment,
}
