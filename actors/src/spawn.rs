//! Spawning and signalling children.
//!
//! The control thread only decides; everything that blocks or clones happens on a plain thread,
//! `spawner`, behind the [`Spawner`] trait. A start is one [`SpawnJob`], queued when it is
//! requested; on its turn it does everything that may block:
//!
//! ```text
//! SpawnJob --(socket, command, logs, pipes)--> SpawnPlan --clone--> Spawned
//! ```
//!
//! So programs start in the order of the requests, and only few jobs have descriptors open: while a
//! child is being made, the next job prepares its own. A job that hangs delays only itself
//! (see `spawn_pool.rs`), and it can be cancelled ([`SpawnAttempt`]).
//!
//! A child first executes the spawn helper (`helper/main.rs`), which shares nothing with the daemon;
//! there `child.rs` changes user and directory and executes the program. Where the helper cannot
//! run, a forked child runs the same file. Either way no thread of the daemon waits for anything
//! that the program's user controls.
//!
//! The [`ChildRegistry`] knows a child from the moment it is cloned. `Watch` asks the
//! [`Reaper`](crate::reaper::Reaper) to report its exit, also if it has exited already.

mod account;
mod attempt;
mod child;
mod clone;
mod command;
mod errno;
mod error;
mod helper;
mod job_queue;
mod launch;
mod method;
mod pipes;
mod places;
mod plan;
mod registry;
mod spawn_pool;
mod spawner;
mod start;
mod syscall;
pub(crate) mod wait;

use std::io;
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;
use visord_model::signal::Signal;

pub use attempt::{ProgramJobs, SpawnAttempt};
pub use command::{CommandQuery, ResolvedCommand, resolve, split};
pub use error::SpawnError;
pub(crate) use error::errno_or_number;
pub(crate) use job_queue::JobQueue;
pub use pipes::{ChildEnds, ParentEnds, open_pipes};
pub use plan::{DaemonEnvironment, Delivery, SpawnJob, SpawnPlan, environment};
pub(crate) use registry::Owner;
pub use registry::{ChildHandle, ChildRegistry, CloneUnderWay, Exit};
pub use spawner::{Limit, SpawnerHandle, SpawnerOptions};
pub use start::Spawned;

/// Makes children: [`SpawnerHandle`], or a fake in tests of the Process actor.
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

    /// Make a child. What goes wrong inside the child (user, directory, exec) is not an
    /// error here: the child says so on its stderr and ends with code 127 (spec core 4.5).
    fn spawn(&self, job: SpawnJob) -> LocalBoxFuture<'static, Result<Spawned, SpawnError>>;

    /// Signal a child, or with `group` its whole process group. `ESRCH` says that it has ended
    /// and is reaped.
    fn signal(&self, child: &ChildHandle, signal: Signal, group: bool) -> io::Result<()>;
}
