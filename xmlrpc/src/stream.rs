//! A successful answer that is written in pieces, for values that are too large to be in memory
//! as a whole.
//!
//! [`ReplyStream`] remembers what is open and closes it, so the document is well-formed however
//! many pieces were taken from it. [`TextEncoder`] makes the text of a log from pieces of bytes
//! that may end in the middle of a character.

use std::borrow::Cow;

use visord_model::text::unfinished;

use crate::document::{AFTER_VALUE, BEFORE_VALUE};
use crate::writer::{Slot, WriteXml, escape_bytes_into};

/// A part of a text, escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Escaped(String);

/// Bytes of a log as a text, as [`Slot::text`] writes it, piece by piece.
#[derive(Clone, Debug, Default)]
pub struct TextEncoder {
    /// The start of a character that the next piece completes; at most three bytes.
    cut: Vec<u8>,
}

impl TextEncoder {
    /// The next bytes. Of the last ones all is written, also a character that was cut off.
    pub fn push(&mut self, bytes: &[u8], is_last: bool) -> Escaped {
        let mut out = String::with_capacity(bytes.len() + bytes.len() / 16);
        // only the first of many bytes are needed to complete it, but which is not known
        let mut text = Cow::Borrowed(bytes);
        if !self.cut.is_empty() {
            self.cut.extend_from_slice(bytes);
            text = Cow::Owned(std::mem::take(&mut self.cut));
        }
        let cut = if is_last { 0 } else { unfinished(&text) };
        let (complete, cut) = text.split_at(text.len() - cut);
        escape_bytes_into(&mut out, complete);
        self.cut.extend_from_slice(cut);
        Escaped(out)
    }
}

/// A successful answer that is taken away piece by piece while it is written.
///
/// ```
/// use visord_xmlrpc::{ReplyStream, encode_reply};
/// let mut reply = ReplyStream::default();
/// reply.begin_array();
/// let mut pieces = String::new();
/// for number in [1_i64, 2] {
///     reply.item(&number);
///     pieces += &reply.take();
/// }
/// pieces += &reply.finish();
/// assert_eq!(pieces, encode_reply(&vec![1_i64, 2]));
/// ```
#[derive(Debug)]
pub struct ReplyStream {
    out: String,
    /// What closes the elements that are open.
    open: Vec<&'static str>,
}

impl Default for ReplyStream {
    /// The start of the document; its one value is written next.
    fn default() -> Self {
        let mut out = String::with_capacity(512);
        out.push_str(BEFORE_VALUE);
        Self {
            out,
            open: Vec::new(),
        }
    }
}

impl ReplyStream {
    /// Write a value: the only one, or the next of an array.
    pub fn item(&mut self, value: &(impl WriteXml + ?Sized)) {
        value.write_xml(Slot::new(&mut self.out));
    }

    /// Begin an array; its items follow until [`end`](Self::end).
    pub fn begin_array(&mut self) {
        self.begin("<value><array><data>\n", "</data></array></value>\n");
    }

    /// Begin a text; its parts follow until [`end`](Self::end).
    pub fn begin_text(&mut self) {
        self.begin("<value><string>", "</string></value>\n");
    }

    fn begin(&mut self, start: &str, end: &'static str) {
        self.out.push_str(start);
        self.open.push(end);
    }

    /// The next part of the text that was begun.
    pub fn text(&mut self, part: &Escaped) {
        self.out.push_str(&part.0);
    }

    /// End what was begun last.
    pub fn end(&mut self) {
        if let Some(end) = self.open.pop() {
            self.out.push_str(end);
        }
    }

    /// How many bytes wait to be taken.
    pub fn waiting(&self) -> usize {
        self.out.len()
    }

    /// What has been written since the last time.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.out)
    }

    /// The last piece: ends whatever is open, and the document.
    pub fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.end();
        }
        self.out.push_str(AFTER_VALUE);
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::write_reply;
    use proptest::prelude::*;

    /// Bytes as programs write them, and what breaks characters.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let part = prop_oneof![
            "[a-z<&>\r\n]{0,5}".prop_map(String::into_bytes),
            "\\PC{0,3}".prop_map(String::into_bytes),
            prop::collection::vec(any::<u8>(), 0..4),
            Just(vec![0xF0, 0x9F, 0x98]),
            Just(vec![0xE2, 0x82]),
        ];
        prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn pieces_make_the_same_text_as_the_whole(
            bytes in bytes(),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let whole = write_reply(0, |slot| slot.text(&bytes));
            let mut cuts: Vec<usize> =
                cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let mut reply = ReplyStream::default();
            let mut encoder = TextEncoder::default();
            let mut pieces = String::new();
            reply.begin_text();
            for two in cuts.windows(2) {
                reply.text(&encoder.push(&bytes[two[0]..two[1]], false));
                pieces += &reply.take();
            }
            reply.text(&encoder.push(&[], true));
            pieces += &reply.finish();
            prop_assert_eq!(pieces, whole);
        }
    }

    #[test]
    fn what_is_open_is_closed() {
        let mut reply = ReplyStream::default();
        reply.begin_array();
        reply.begin_text();
        let rest = reply.finish();
        assert!(crate::decode_reply(rest.as_bytes()).is_ok(), "{rest}");
    }
}
