//! Handlers and server against a Supervisor that is not there.

mod fake;
mod http;
mod pages;
mod remote;
mod rpc;
mod server;
