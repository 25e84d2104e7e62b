//! Capture mode: sections of output between two tokens become an event instead of log
//! text (spec core 6.7; differences C5 and C6).
//!
//! [`Splitter`] finds the tokens, however the bytes are cut into reads; [`Section`] keeps
//! what stands between them, within a bound.

use alloc::vec::Vec;

use super::find_pair;

/// Begins a captured section.
pub const BEGIN: &[u8] = b"<!--XSUPERVISOR:BEGIN-->";
/// Ends a captured section.
pub const END: &[u8] = b"<!--XSUPERVISOR:END-->";

/// What the splitter found, in the order of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Bytes outside a captured section; never empty.
    Outside(&'a [u8]),
    /// BEGIN: a captured section starts.
    Begin,
    /// Bytes of the current section; never empty.
    Inside(&'a [u8]),
    /// END: the section is complete.
    End,
}

/// Finds the tokens in a stream of bytes; a new one, outside any section, for every start of a process.
///
/// BEGIN inside a section and END outside of one are plain bytes. At most
/// `token length - 1` bytes are held back, and only while they may be the start of a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Splitter {
    inside: bool,
    held: Vec<u8>,
}

impl Splitter {
    /// Splits the next bytes and hands over the pieces.
    pub fn feed(&mut self, bytes: &[u8], found: &mut impl FnMut(Piece<'_>)) {
        let joined;
        let mut rest = if self.held.is_empty() {
            bytes
        } else {
            let mut all = core::mem::take(&mut self.held);
            all.extend_from_slice(bytes);
            joined = all;
            &joined[..]
        };
        while let Some(at) = find(rest, self.token()) {
            self.text(&rest[..at], found);
            rest = &rest[at + self.token().len()..];
            found(if self.inside {
                Piece::End
            } else {
                Piece::Begin
            });
            self.inside = !self.inside;
        }
        let ready = rest.len() - possible_start(rest, self.token());
        self.text(&rest[..ready], found);
        self.held = rest[ready..].to_vec();
    }

    /// The stream has ended: hands over what was held back (difference C5).
    pub fn finish(&mut self, found: &mut impl FnMut(Piece<'_>)) {
        let held = core::mem::take(&mut self.held);
        self.text(&held, found);
    }

    fn token(&self) -> &'static [u8] {
        if self.inside { END } else { BEGIN }
    }

    fn text(&self, bytes: &[u8], found: &mut impl FnMut(Piece<'_>)) {
        if bytes.is_empty() {
            return;
        }
        found(if self.inside {
            Piece::Inside(bytes)
        } else {
            Piece::Outside(bytes)
        });
    }
}

/// The bytes of one section: the last `capacity` of them (difference C6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    capacity: usize,
    /// What it holds.
    pub bytes: Vec<u8>,
}

impl Section {
    /// An empty section that keeps this many bytes.
    pub const fn new(capacity: usize) -> Self {
        Self {
            capacity,
            bytes: Vec::new(),
        }
    }

    /// Appends; the oldest bytes make room.
    pub fn push(&mut self, bytes: &[u8]) {
        let fitting = &bytes[bytes.len().saturating_sub(self.capacity)..];
        let excess = (self.bytes.len() + fitting.len()).saturating_sub(self.capacity);
        self.bytes.drain(..excess);
        self.bytes.extend_from_slice(fitting);
    }
}

fn find(bytes: &[u8], token: &[u8]) -> Option<usize> {
    // both tokens begin with these two, which are rare in most output
    let mut from = 0;
    while let Some(step) = find_pair(&bytes[from..], *b"<!") {
        let at = from + step;
        if bytes[at..].starts_with(token) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// Length of the longest end of `bytes` that is a true start of the token.
fn possible_start(bytes: &[u8], token: &[u8]) -> usize {
    (1..token.len())
        .rev()
        .find(|&length| bytes.ends_with(&token[..length]))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests;
