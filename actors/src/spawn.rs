//! Bringing children to life, and signalling them.
//!
//! The control thread only decides; everything that blocks or clones happens on one plain
//! thread, `spawner`, behind the [`Spawner`] trait (on another one while it is kept, see
//! `crew.rs`):
//!
//! ```text
//! CommandQuery --resolve--> ResolvedCommand --(pipes, environment)--> SpawnPlan --spawn--> Spawned
//! ```
//!
//! A child first becomes the spawn helper (`helper/main.rs`), a program without anything of the
//! daemon; in it runs `child.rs`, which changes user and directory and executes the program.
//! Where there can be no helper, a forked child runs the same file. Either way no thread of the
//! daemon waits for anything that the program's user controls.
//!
//! A child is known to the [`ChildRegistry`] from its first moment. Give it to the
//! [`Reaper`](crate::reaper::Reaper) with `Watch` to be told of its end, however early that was.

mod account;
mod child;
mod clone;
mod command;
mod crew;
pub mod descriptor;
mod errno;
mod error;
mod fork;
mod helper;
mod launch;
mod pipes;
mod places;
mod plan;
mod registry;
mod spawner;
mod syscall;
pub(crate) mod wait;

use std::io;

use futures_util::future::LocalBoxFuture;
use visord_model::signal::Signal;

pub use command::{CommandQuery, ResolvedCommand, SplitError, resolve, split};
pub use errno::errno_name;
pub use error::SpawnError;
pub use pipes::{ChildEnds, ParentEnds, open_pipes};
pub use plan::{SpawnPlan, environment};
pub(crate) use registry::Owner;
pub use registry::{ChildHandle, ChildRegistry};
pub use spawner::{Limit, SpawnerHandle, SpawnerOptions, SpawnerThread};

/// The seam between deciding and doing: production code uses [`SpawnerHandle`], tests of the
/// Process actor a fake.
///
/// Requests are queued when the method is called, in that order, not when the future is first
/// polled.
pub trait Spawner: 'static {
    /// Split a command line and find its program (spec core 4.4).
    fn resolve(
        &self,
        query: CommandQuery,
    ) -> LocalBoxFuture<'static, Result<ResolvedCommand, SpawnError>>;

    /// Bring a child to life. What goes wrong inside the child (user, directory, exec) is not an
    /// error here: the child says so on its stderr and ends with code 127 (spec core 4.5).
    fn spawn(&self, plan: SpawnPlan) -> LocalBoxFuture<'static, Result<Spawned, SpawnError>>;

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
}
