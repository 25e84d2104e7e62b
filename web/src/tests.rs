//! Handlers and server against a Supervisor that is not there.

pub(crate) mod fake;
mod http;
mod live;
mod metrics;
mod names;
mod pages;
mod remote;
mod rights;
mod rpc;
mod server;
mod session;
mod shield;
#[cfg(feature = "tls")]
mod tls;
