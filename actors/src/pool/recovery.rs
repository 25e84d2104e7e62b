//! When a listener in UNKNOWN is restarted (`listener_recover = restart`).

use std::time::Duration;

/// Longest pause before a restart.
const LONGEST: Duration = Duration::from_secs(60);

/// Restarts since a listener last answered an event: the first comes at once, the others
/// after 1, 2, 4, ... seconds, so that one that never keeps to the protocol costs little.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Recovery {
    restarts: u32,
}

impl Recovery {
    /// The pause before the next restart, which is counted.
    pub(super) fn next_delay(&mut self) -> Duration {
        let restarts = self.restarts;
        self.restarts = restarts.saturating_add(1);
        match restarts.checked_sub(1) {
            None => Duration::ZERO,
            Some(doublings) => Duration::from_secs(1)
                .saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX))
                .min(LONGEST),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_a_minute() {
        let mut recovery = Recovery::default();
        let mut seconds = || recovery.next_delay().as_secs();
        let first: Vec<u64> = (0..10).map(|_| seconds()).collect();
        assert_eq!(first, [0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert!((0..100).all(|_| seconds() == 60));
    }
}
