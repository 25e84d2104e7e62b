//! Reads `supervisord.conf`.
//!
//! [`read`] turns the file with its includes into a [`Config`], or into the list of everything that
//! is wrong with it. [`load_client`] reads what `supervisorctl` needs, [`find_config`] looks where
//! both look, [`check`] also reports what is merely suspicious, and [`diff()`] compares two
//! configurations. Nothing here changes anything: the crate reads files, the user database and the
//! environment it is given.
//!
//! Reading order: [`dialect`] knows lines, sections and options; `sources.rs` puts files together;
//! [`expand`] knows `%(name)s`; [`value`] converts texts; [`keys`] is the table of every section and
//! key; `context.rs` reads one key with all of these; then there is one module for each kind of
//! section. A new key is a row in `keys.txt` and a field in `types.rs` that its module fills.
//!
//! ```
//! use std::path::Path;
//! use visord_config::{Overrides, HostContext, read};
//!
//! let folder = tempfile::tempdir()?;
//! let text = "[supervisord]\n[program:web]\ncommand = /bin/web --dir %(here)s\n";
//! std::fs::write(folder.path().join("s.conf"), text)?;
//! let host = HostContext {
//!     environment: visord_config::environment(std::env::vars()),
//!     node_name: "node".to_owned(),
//!     cwd: folder.path().to_owned(),
//! };
//! let loaded = read(Path::new("s.conf"), &Overrides::default(), &host)?;
//! let web = &loaded.config.groups[0].processes[0];
//! assert_eq!(web.command, format!("/bin/web --dir {}", folder.path().display()));
//! assert_eq!(web.policy.startsecs, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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
mod hide;
mod http;
pub mod keys;
mod lint;
mod listing;
mod load;
mod program;
mod rpcinterface;
pub mod rules;
mod search;
mod secret;
mod server;
mod sources;
mod supvisors;
mod templates;
#[cfg(test)]
mod tests;
mod types;
pub mod value;
mod web_user;

pub use client::load_client;
pub use diff::{Diff, Fate, diff, group_differs, kind_differs, process_differs, updated};
pub use error::{ConfigError, Problem};
pub use lint::{CheckReport, check};
pub use listing::{ListedOption, ListedSection, Listing, Source};
pub use load::{Loaded, read};
pub use program::MOST_PROCESSES;
pub use search::{find_config, search_path};
pub use secret::{HIDDEN, Secret};
pub use templates::Templates;
pub use types::*;

/// The sample configuration that `echo_supervisord_conf` prints (spec core 10).
pub const SAMPLE: &str = include_str!("sample.conf");
