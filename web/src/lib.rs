//! The HTTP server of supervisord: XML-RPC methods, live streams, pages.
//!
//! Reading order: [`listen`] opens the sockets before the daemon goes to the background;
//! [`server`] is the actor that accepts connections on a thread of its own, within the bounds of
//! [`connections`], [`stream`] and [`budget`]; [`routes`] admits a request ([`auth`], [`origin`])
//! and chooses its handler: [`rpc`], [`logtail`], [`live`], [`log_stream`], [`metrics`], [`pages`]
//! or [`assets`]. A handler gets a [`site::Site`].
//!
//! This crate decides nothing about processes. Reads are answered from the
//! [`Board`](visord_actors::board::Board), commands are sent through the
//! [`SupervisorHandle`](visord_actors::messages::supervisor::SupervisorHandle), and every rule about
//! a command is the Supervisor's.
//!
//! | Path | Methods | Leads to |
//! | --- | --- | --- |
//! | `/RPC2…` | POST | the XML-RPC methods |
//! | `/logtail/NAME[/stdout\|/stderr]`, `/mainlogtail` | GET | a log as it grows |
//! | `/live/log`, `/live/activity` | GET | the text of a log as server-sent events |
//! | `/`, `/index.html`, `/tail.html`, `/ok.html` | GET, POST | pages |
//! | `/live` | GET | states, events, use of resources as they change |
//! | `/metrics`, `/healthz` | GET, HEAD | numbers for machines |
//! | `/stylesheets/…`, `/images/…` | GET, HEAD | files |

//!
//! The sockets of a configuration are opened like this:
//!
//! ```
//! use visord_config::{ListenAddress, HttpConfig};
//! use visord_web::listen::bind_all;
//!
//! let config = HttpConfig {
//!     section: "inet_http_server".to_owned(),
//!     address: ListenAddress::Inet { host: "127.0.0.1".to_owned(), port: 0 },
//!     users: Vec::new(),
//!     allowed_hosts: Vec::new(),
//!     max_body: 32 * 1024 * 1024,
//!     tls: None,
//! };
//! let bound = bind_all(&[config])?;
//! assert_eq!(bound.len(), 1);
//! # Ok::<(), visord_web::listen::ListenError>(())
//! ```

#![forbid(unsafe_code)]

pub mod ansi;
pub mod answer;
pub mod assets;
pub mod auth;
pub mod body;
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
pub mod meters;
pub mod metrics;
pub mod origin;
pub mod pages;
pub mod query;
pub mod remote;
pub mod routes;
pub mod rpc;
pub mod server;
pub mod session;
pub mod shield;
pub mod site;
pub mod sse;
pub mod state;
pub mod stream;
pub mod streams;
pub mod tls;

#[cfg(test)]
mod tests;
