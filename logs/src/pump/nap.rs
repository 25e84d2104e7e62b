//! How long to let bytes gather before the next read.

use std::time::Duration;

/// The longest nap: what a follower of a file may have to wait.
const LONGEST: Duration = Duration::from_millis(4);
/// How much a nap grows after a round of short reads.
const GROWTH: Duration = Duration::from_micros(125);
/// A read of at least this much: the pipe may have been full and the child waiting.
const FULL: usize = 48 * 1024;
/// A read of less than this: there was room to wait longer.
const SHORT: usize = 24 * 1024;

/// The length of the next nap: it grows slowly while reads are short, and halves whenever
/// a pipe was found nearly full, because then a child has waited for us.
#[derive(Debug, Default)]
pub(super) struct Nap(Duration);

impl Nap {
    /// Learns from the largest read of a round and says how long to nap, if at all.
    pub(super) fn after(&mut self, largest: usize) -> Option<Duration> {
        if largest >= FULL {
            self.0 /= 2;
            if self.0 < GROWTH {
                self.0 = Duration::ZERO;
            }
            return None;
        }
        if largest < SHORT {
            self.0 = (self.0 + GROWTH).min(LONGEST);
        }
        (self.0 >= GROWTH).then_some(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_reads_are_followed_at_once_and_shorten_the_next_naps() {
        let mut nap = Nap::default();
        for _ in 0..40 {
            nap.after(100);
        }
        assert_eq!(nap.after(100), Some(LONGEST));
        assert_eq!(nap.after(30 * 1024), Some(LONGEST));
        assert_eq!(nap.after(64 * 1024), None);
        assert_eq!(nap.after(30 * 1024), Some(LONGEST / 2));
        for _ in 0..20 {
            nap.after(64 * 1024);
        }
        assert_eq!(nap.after(30 * 1024), None);
        assert_eq!(nap.after(100), Some(GROWTH));
    }
}
