//! Who may ask: the HTTP server, the XML-RPC methods, the pages.
//!
//! Reading order: [`listen`] opens the sockets before the daemon goes to the background;
//! [`server`] is the actor that accepts connections on a thread of its own; [`route`] decides
//! who may come in ([`auth`], [`origin`]) and where a path leads: [`rpc`], [`logtail`],
//! [`pages`] or [`assets`].
//!
//! What this crate is *not*: it decides nothing about processes. Reads are answered from the
//! [`Board`](visord_actors::board::Board), commands go through the
//! [`Link`](visord_actors::link::Link), and every rule about a command is the Supervisor's.
//!
//! | Path | Methods | Leads to |
//! | --- | --- | --- |
//! | `/RPC2…` | POST | the XML-RPC methods |
//! | `/logtail/NAME[/stdout\|/stderr]`, `/mainlogtail` | GET | a log that is followed |
//! | `/live/log`, `/live/activity` | GET | the text of a log as server-sent events |
//! | `/`, `/index.html`, `/tail.html`, `/ok.html` | GET, POST | pages |
//! | `/live` | GET | what changes, as it changes |
//! | `/metrics`, `/healthz` | GET, HEAD | numbers for machines |
//! | `/stylesheets/…`, `/images/…` | GET, HEAD | files |

#![forbid(unsafe_code)]

pub mod ansi;
pub mod answer;
pub mod assets;
pub mod auth;
pub mod budget;
pub mod caller;
pub mod clock;
pub mod connections;
pub mod listen;
pub mod live;
pub mod log_follow;
pub mod log_source;
pub mod log_stream;
pub mod log_view;
pub mod logtail;
pub mod metrics;
pub mod origin;
pub mod pages;
pub mod query;
pub mod route;
pub mod rpc;
pub mod server;
pub mod session;
pub mod shield;
pub mod site;
pub mod sse;
pub mod state;
pub mod stream;
pub mod tls;

#[cfg(test)]
mod tests;
