//! What the administrator wrote.
//!
//! `load` turns a `supervisord.conf` with its includes into a [`Config`], or into the list
//! of everything that is wrong with it.

mod error;
mod types;

pub use error::{ConfigError, Problem};
pub use types::*;
