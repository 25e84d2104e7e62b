//! Serial numbers of events (spec core 7.2).

/// The last number before the count starts again at 0.
const LAST: u64 = i64::MAX as u64;

/// A counter that wraps from 9223372036854775807 to 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Serials {
    next: u64,
}

impl Serials {
    /// A counter whose first number is this one (0 beyond the last number).
    pub const fn starting_at(next: u64) -> Self {
        Self {
            next: if next > LAST { 0 } else { next },
        }
    }

    /// The number that the next event gets.
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Take a number.
    pub const fn draw(&mut self) -> u64 {
        let drawn = self.next;
        self.next = if drawn >= LAST { 0 } else { drawn + 1 };
        drawn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_wraps() {
        let mut serials = Serials::default();
        assert_eq!((serials.draw(), serials.draw(), serials.next()), (0, 1, 2));
        let mut serials = Serials::starting_at(9_223_372_036_854_775_807);
        assert_eq!(serials.draw(), 9_223_372_036_854_775_807);
        assert_eq!(serials.draw(), 0);
        assert_eq!(Serials::starting_at(u64::MAX).next(), 0);
    }
}
