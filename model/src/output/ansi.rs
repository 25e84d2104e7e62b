//! Removing ANSI control sequences from a record of output (spec core 6.8).

use alloc::vec::Vec;

use super::find_pair;

/// What a sequence starts with.
const START: [u8; 2] = *b"\x1b[";

/// The bytes that may end a sequence. Any other byte is swallowed with it.
const ENDS: &[u8] = b"HfABCDRsuJKhlpm";

/// Whether [`strip`] would change anything: lets the caller keep the bytes it has.
pub fn contains_sequence(record: &[u8]) -> bool {
    find_pair(record, START).is_some()
}

/// The record without its sequences: everything from `ESC [` to the next byte of
/// `HfABCDRsuJKhlpm` goes, and without such a byte the rest of the record.
///
/// No state is kept between records: a sequence cut in two by the reads is half removed,
/// as in the original. `ESC ]` is not touched.
pub fn strip(record: &[u8]) -> Vec<u8> {
    let mut clean = Vec::with_capacity(record.len());
    let mut rest = record;
    while let Some(start) = find_pair(rest, START) {
        clean.extend_from_slice(&rest[..start]);
        let sequence = &rest[start + START.len()..];
        let Some(end) = sequence.iter().position(|byte| ENDS.contains(byte)) else {
            return clean;
        };
        rest = &sequence[end + 1..];
    }
    clean.extend_from_slice(rest);
    clean
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stripped(text: &str) -> alloc::string::String {
        alloc::string::String::from_utf8(strip(text.as_bytes())).expect("utf-8")
    }

    #[test]
    fn colours_and_movements_go() {
        assert_eq!(
            stripped("\x1b[1;31mred\x1b[0m \x1b[2Jplain\x1b[10Aup"),
            "red plainup"
        );
        assert_eq!(stripped("plain"), "plain");
        assert_eq!(stripped(""), "");
    }

    #[test]
    fn an_unfinished_sequence_takes_the_rest() {
        assert_eq!(stripped("before\x1b[12;"), "before");
        assert_eq!(stripped("before\x1b["), "before");
    }

    #[test]
    fn an_unlisted_final_byte_swallows_up_to_the_next_listed_one() {
        // `n` ends nothing, the `s` of "some" does
        assert_eq!(stripped("\x1b[5n some"), "ome");
    }

    #[test]
    fn other_escapes_stay() {
        assert_eq!(stripped("\x1b]0;title\x07x"), "\x1b]0;title\x07x");
        assert_eq!(stripped("\x1b"), "\x1b");
    }

    proptest! {
        #[test]
        fn never_longer_and_untouched_without_a_start(bytes: Vec<u8>) {
            let clean = strip(&bytes);
            prop_assert!(clean.len() <= bytes.len());
            prop_assert_eq!(contains_sequence(&bytes), clean != bytes);
        }
    }
}
