//! Real children, both ways of making them, and the Reaper that waits for them.

mod harness;
mod reaping;
mod spawning;
