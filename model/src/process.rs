//! The lifecycle of one process.

mod info;
mod policy;
mod transition;

pub use info::{ProcessInfo, uptime};
pub use policy::{Autorestart, Policy};
pub use transition::Transition;
