//! Real children of a real supervisor: what a child finds when it begins, how its end is noticed, and
//! what survives an actor that panics.
//!
//! A Reaper waits for every child of its process, so each test with one runs in a process of its
//! own.

mod harness;
mod process_panics;
mod programs;
mod reaping;
mod spawning;
mod stage;
mod supervisor_panics;
mod update;
