//! How far a reader has come, as they are told and tell it again: `RUN-SEQ`.

use derive_more::Display;

/// The last entry that a reader has seen.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq)]
#[display("{run:016x}-{seq}")]
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

    /// Reads what a client presents; `None` if it is not a valid cursor.
    pub fn parse(text: &str) -> Option<Self> {
        let (run, seq) = text.split_once('-')?;
        let is_run = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if run.len() != 16 || !run.bytes().all(is_run) || !seq.bytes().all(|it| it.is_ascii_digit())
        {
            return None;
        }
        Some(Self {
            run: u64::from_str_radix(run, 16).ok()?,
            seq: seq.parse().ok()?,
        })
    }
}
