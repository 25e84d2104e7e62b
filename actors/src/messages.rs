//! The vocabulary: commands in the imperative, notifications in the past tense.

pub mod event;
pub mod pool;
pub mod process;
pub mod supervisor;
