//! placeholder
pub mod cli;
pub mod ctl;
