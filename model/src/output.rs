//! What happens to a byte a child writes (spec core 6.5-6.8), as pure rules.

pub mod ansi;
pub mod capture;
