//! Handlers and server against a Supervisor that is not there.

mod fake;
mod http;
mod pages;
mod rpc;
mod server;
