//! The rules of a supervisor, as plain values and pure functions.
//!
//! This crate is `no_std` and depends on nothing: there is no clock, file or socket to
//! call. Time is passed in as a [`moment::Moment`]; what has to be done is returned as effects.
//!
//! In reading order: [`process`] is the lifecycle of one process, [`shutdown`] the order in which
//! all of them stop; [`event`] and [`listener`] are the events and the protocol of event listeners;
//! [`output`] is what happens to the bytes a process writes. The other modules are values that
//! these share.
//!
//! ```
//! use visord_model::moment::Moment;
//! use visord_model::process::{Effect, Input, Machine, Policy};
//! use visord_model::state::ProcessState;
//!
//! let mut machine = Machine::new("web", Policy::default());
//! let effects = machine.step(Input::Start, Moment::default()).unwrap();
//! assert_eq!(machine.state(), ProcessState::Starting);
//! assert!(effects.contains(&Effect::Spawn));
//! ```

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod coded;
pub mod event;
pub mod exit;
pub mod fault;
pub mod listener;
pub mod log_line;
pub mod moment;
pub mod name;
pub mod output;
pub mod process;
pub mod pyrepr;
pub mod shutdown;
pub mod signal;
pub mod state;
pub mod text;
