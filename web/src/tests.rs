//! Handlers and server against a Supervisor that is not there.

pub(crate) mod fake;
mod http;
mod names;
mod pages;
mod remote;
mod rpc;
mod server;
#[cfg(feature = "tls")]
mod tls;
