//! The rules of many supervisords that act as one cluster, as plain values and pure functions.
//!
//! Behaves as Supvisors 0.19.1 does (spec cluster 0 to 13), on its wire. Like `visord_model`, this crate is
//! `no_std`: there is no clock, file or socket to call. What happens is passed in as an
//! [`input::Input`] with the time; what has to be done is returned as a list of
//! [`effect::Effect`]s, in order.
//!
//! In reading order: [`identity`] is who the instances are, [`rules`] what the administrator wants
//! of applications and processes, [`message`] what instances publish. [`view`] is what one instance
//! knows of all of them. [`machine`] is the state of the cluster as that instance sees it: who is
//! there, who is Master. [`plan`] starts and stops applications and processes in order, on the
//! instances that the rules allow. [`statistics`] computes rates and histories. [`Cluster`] runs
//! them together; an actor that performs its effects is all that is missing.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod cluster;
pub mod effect;
pub mod identity;
pub mod input;
pub mod machine;
pub mod message;
pub mod options;
pub mod plan;
pub mod request;
pub mod rules;
pub mod state;
pub mod statistics;
pub mod strategy;
pub mod view;

pub use cluster::Cluster;
