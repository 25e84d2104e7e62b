//! What a supervisor knows, as plain values and pure rules.
//!
//! This crate is `no_std` and depends on nothing: there is no clock, file or socket to
//! call. Time comes in as a [`moment::Moment`], wishes go out as effects.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

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
