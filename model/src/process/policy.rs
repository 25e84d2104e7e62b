//! The lifecycle options of a program.

use crate::signal::Signal;
use alloc::vec;
use alloc::vec::Vec;

/// When a process that ended by itself is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Autorestart {
    /// Never.
    Never,
    /// If the exit code is not in `exitcodes`, or a signal ended it.
    Unexpected,
    /// Always.
    Always,
}

/// The lifecycle options of `[program:x]` (spec core 1.11). Seconds may be negative
/// in a configuration file; they then count as none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Start when the daemon starts or the group is added.
    pub autostart: bool,
    /// Seconds to stay up before the start counts as a success.
    pub startsecs: i64,
    /// Further attempts after a failed start.
    pub startretries: i64,
    /// See [`Autorestart`].
    pub autorestart: Autorestart,
    /// Exit codes that are expected, in the order written.
    pub exitcodes: Vec<i32>,
    /// The signal that asks the process to end.
    pub stopsignal: Signal,
    /// Seconds until SIGKILL follows the stop signal, and again after each.
    pub stopwaitsecs: i64,
    /// Send the stop signal to the whole process group.
    pub stopasgroup: bool,
    /// Send SIGKILL to the whole process group.
    pub killasgroup: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            autostart: true,
            startsecs: 1,
            startretries: 3,
            autorestart: Autorestart::Unexpected,
            exitcodes: vec![0],
            stopsignal: Signal::TERM,
            stopwaitsecs: 10,
            stopasgroup: false,
            killasgroup: false,
        }
    }
}
