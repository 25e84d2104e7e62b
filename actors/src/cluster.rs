//! This supervisord as an instance of a cluster.

pub mod host;
pub mod identify;
