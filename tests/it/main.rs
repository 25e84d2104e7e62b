//! Promises to users, kept by real daemons with real processes in temporary folders.

mod bad_input;
mod clients;
mod ctl_reference;
mod events;
mod fcgi;
mod harness;
mod idle;
mod lifecycle;
mod original;
mod pidproxy;
mod real_programs;
mod shutdown;
mod superlance;
mod terminal;
#[cfg(feature = "tls")]
mod tls;
