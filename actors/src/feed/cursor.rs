//! How far a reader has come, as they are told and tell it again: `RUN-SEQ`.

use std::fmt;
use std::str::FromStr;

/// The last entry that a reader has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The run of the daemon.
    pub(super) run: u64,
    /// The number of the entry; 0: none yet.
    pub(super) seq: u64,
}

impl Cursor {
    /// The same run, another entry of it.
    pub const fn at(self, seq: u64) -> Self {
        Self { run: self.run, seq }
    }

    /// The number of the entry.
    pub const fn seq(self) -> u64 {
        self.seq
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.run, self.seq)
    }
}

/// What a client presents is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoCursor;

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let (run, seq) = text.split_once('-').ok_or(NoCursor)?;
        let digits = |text: &str, more: &[u8]| {
            let good = |byte: u8| byte.is_ascii_digit() || more.contains(&byte);
            text.bytes().all(good)
        };
        if run.len() != 16 || !digits(run, b"abcdef") || !digits(seq, b"") {
            return Err(NoCursor);
        }
        Ok(Self {
            run: u64::from_str_radix(run, 16).map_err(|_| NoCursor)?,
            seq: seq.parse().map_err(|_| NoCursor)?,
        })
    }
}
