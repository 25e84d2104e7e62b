//! What goes wrong.

use visord_cluster::input::Request;

use crate::network::Weather;

/// One thing that happens to the world at its time.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// A supervisord and its processes die.
    Crash(usize),
    /// A dead supervisord starts.
    Boot(usize),
    /// A host freezes.
    Freeze(usize),
    /// A frozen host goes on.
    Thaw(usize),
    /// Messages from the first to the second are lost.
    Cut(usize, usize),
    /// They are not any more.
    Mend(usize, usize),
    /// A process exits unexpectedly.
    Kill(usize, usize),
    /// Somebody starts a process on this host, whatever runs elsewhere.
    Start(usize, usize),
    /// A client asks an instance for something.
    Ask(usize, Request),
    /// The network gets worse or better.
    Weather(WeatherChange),
}

/// A change of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeatherChange {
    /// Delays, breaks, repetitions.
    Storm,
    /// None of them.
    Calm,
}

impl WeatherChange {
    /// What it means.
    pub const fn weather(self) -> Weather {
        match self {
            Self::Calm => Weather::CALM,
            Self::Storm => Weather {
                delay: (300, 20_000),
                slow: 20,
                reset: 300,
                repeat: 100,
            },
        }
    }
}
