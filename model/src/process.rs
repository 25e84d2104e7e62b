//! The lifecycle of one process.
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

mod diagram;
mod effect;
mod info;
mod input;
mod machine;
mod past;
mod policy;
mod transition;
mod words;

#[cfg(test)]
mod tests;

pub use diagram::{LAWFUL, is_lawful};
pub use effect::{Effect, Effects, Refusal};
pub use info::{ProcessInfo, uptime};
pub use input::{Input, KillFailure};
pub use machine::{Machine, RESTART_INTERVAL, SPAWN_TIMEOUT};
pub use past::LastExit;
pub use policy::{Autorestart, Policy};
pub use transition::Transition;
