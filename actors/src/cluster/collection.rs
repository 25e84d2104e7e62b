//! Which statistics are collected, and how often; clients may change it (spec cluster 12.3).

use std::time::Duration;

use visord_config::StatisticsConfig;

/// What the collector of this instance measures. Its owner is a `watch` channel, which clients
/// change and the collector follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collection {
    /// The machine.
    pub host: bool,
    /// The local processes.
    pub processes: bool,
    /// Least time between two samples of the same; more than 0.
    pub period: Duration,
    /// Clients see the period as an int, as it was given.
    pub is_int: bool,
}

impl Default for Collection {
    /// What an empty section means.
    fn default() -> Self {
        Self {
            host: true,
            processes: true,
            period: Duration::from_secs(5),
            is_int: true,
        }
    }
}

impl From<&StatisticsConfig> for Collection {
    fn from(config: &StatisticsConfig) -> Self {
        Self {
            host: config.host,
            processes: config.processes,
            period: config.period,
            // in a file the original reads a float
            is_int: config.period == Self::default().period,
        }
    }
}
