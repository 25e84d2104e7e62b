//! What the administrator wrote.
//!
//! [`load`] turns a `supervisord.conf` with its includes into a [`Config`], or into the
//! list of everything that is wrong with it. [`load_client`] reads what `supervisorctl`
//! needs, [`find_config`] looks where both look, [`check`] also tells what is merely
//! suspicious, and [`diff()`] compares two configurations.
//!
//! Reading order: [`dialect`] knows lines, sections and options; `include` puts files
//! together; [`expand`] knows `%(name)s`; [`value`] turns texts into values; then there
//! is one module for each kind of section. Nothing here changes the world: the crate
//! reads files, the user database and the environment it is handed.

#![forbid(unsafe_code)]

mod client;
mod context;
pub mod dialect;
mod diff;
mod error;
mod eventlistener;
pub mod expand;
mod fcgi;
mod group;
mod guard;
mod http;
mod include;
mod lint;
mod listing;
mod load;
mod options;
mod program;
pub mod reference;
mod rpcinterface;
mod search;
mod secret;
mod server;
#[cfg(test)]
mod tests;
mod types;
pub mod value;
mod web_user;

pub use client::load_client;
pub use diff::{
    Diff, ProcessDiff, diff, group_differs, kind_differs, process_diff, process_differs,
};
pub use error::{ConfigError, Problem};
pub use lint::{Report, check};
pub use listing::{HIDDEN, ListedOption, ListedSection, Listing, Source};
pub use load::{Loaded, load, read};
pub use search::{find_config, search_path};
pub use secret::Secret;
pub use types::*;

/// The sample configuration that `echo_supervisord_conf` prints (spec core 10).
pub const SAMPLE: &str = include_str!("sample.conf");
