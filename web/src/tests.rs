//! Handlers and server against a Supervisor that is not there.

mod ansi;
mod cluster;
mod daemon_pages;
mod document;
pub(crate) mod fake;
mod http;
mod large;
mod live;
mod log_pages;
mod log_style;
mod metrics;
mod names;
mod orders;
mod pages;
mod remote;
mod rights;
mod rpc;
mod rpc_commands;
mod server;
mod session;
mod shield;
mod style;
mod supvisors;
#[cfg(feature = "tls")]
mod tls;
