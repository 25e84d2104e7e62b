//! Four programs, one library.

pub mod cli;
