//! The actors of supervisord: they start processes, signal and reap them, read their output, write
//! logs and keep time. Rules are in `visord-model`; here is everything that acts.
//!
//! In reading order:
//!
//! - [`supervisor`]: the state of the daemon, its groups, every request. [`messages`] declares the
//!   requests and notifications between actors, [`board`] is what other threads may read.
//! - [`process`]: one component and one actor for each process, around a machine of the model.
//!   `resume.rs` lets both kinds of actor survive a panic.
//! - [`spawn`]: the threads that clone children; [`reaper`] waits for their exits; [`fcgi`] has the
//!   sockets of FastCGI programs.
//! - [`event_bus`]: events for listeners, which [`pool`] delivers, and which of them have a
//!   subscriber; [`feed`] is the same and more for other readers; [`ticker`] publishes ticks.
//! - [`cluster`]: how this instance and others of a cluster reach each other.
//! - [`signals`], [`usage`], [`clock`]: signals to the daemon, what processes use, and the only clock.
//!
//! ```
//! use visord_actors::board::{Board, Identity};
//! use visord_actors::feed::News;
//! use visord_model::name::ProcessName;
//! use visord_model::process::{Machine, Policy};
//!
//! // what a process publishes, any thread can read, and later changes follow in the feed
//! let board = Board::new(Identity::default());
//! let name = ProcessName::new("web", "web");
//! let machine = Machine::new(&*name.process, Policy::default());
//! let cursor = board.feed().cursor();
//! board.set_process(machine.info(&name));
//! assert_eq!(board.process(&name).unwrap().pid, 0);
//! let Some(changes) = board.feed().since(cursor) else {
//!     panic!("nothing is forgotten yet");
//! };
//! assert!(matches!(&changes[0].news, News::State(info) if *info.name == *"web"));
//! ```

pub mod board;
pub mod clock;
pub mod cluster;
pub mod event_bus;
pub mod fcgi;
pub mod feed;
pub mod messages;
pub mod pool;
pub mod process;
pub mod reaper;
mod resume;
pub mod signals;
pub mod spawn;
pub mod supervisor;
pub mod ticker;
pub mod usage;

#[cfg(test)]
mod tests;
