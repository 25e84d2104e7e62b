//! The lifecycle of one process: a [`Machine`] takes an [`Input`] and returns [`Effect`]s, which are
//! carried out in order before its next input. Begin with `machine.rs`.
//!
//! ```text
//!             start             startsecs             exit
//!  STOPPED ----------> STARTING ----------> RUNNING ---------> EXITED
//!     ^  ^              |  ^  |               |                  |
//!     |  |   died early |  |  | stop          | stop             | autorestart
//!     |  |              v  |  |               v                  v
//!     |  +-- stop -- BACKOFF  +---------> STOPPING            STARTING
//!     |                 | too many tries      |
//!     |                 v                     | exit
//!     |               FATAL                   |
//!     +---------------------------------------+
//! ```
//!
//! A signal that cannot be delivered leads to UNKNOWN, the exit from there to STOPPED, and another
//! stop to STOPPING if its signal goes through.

mod info;
mod io;
mod machine;
mod policy;
mod transition;

#[cfg(test)]
mod tests;

pub use info::{Described, Origin, ProcessInfo, uptime};
pub use io::{Effect, Effects, Input, KillFailure};
pub use machine::{Machine, RESTART_INTERVAL, SPAWN_TIMEOUT};
pub use policy::{Autorestart, Policy};
pub use transition::{ALLOWED, Transition, is_allowed};

pub use crate::exit::LastExit;
