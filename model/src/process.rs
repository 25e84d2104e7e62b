//! The lifecycle of one process.

mod policy;

pub use policy::{Autorestart, Policy};
