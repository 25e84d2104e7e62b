//! Golden conversations and the property *split anywhere*.

use super::*;
use alloc::string::String;
use alloc::vec;
use proptest::prelude::*;

/// A whole run: log bytes and the captured sections, whatever the reads were.
#[derive(Debug, Default, PartialEq, Eq)]
struct Story {
    log: Vec<u8>,
    sections: Vec<Vec<u8>>,
    unfinished: Vec<u8>,
}

fn told<'a>(reads: impl IntoIterator<Item = &'a [u8]>) -> Story {
    let mut story = Story::default();
    let mut current = Vec::new();
    let mut splitter = Splitter::default();
    let mut note = |piece: Piece<'_>| match piece {
        Piece::Outside(bytes) => story.log.extend_from_slice(bytes),
        Piece::Begin => current.clear(),
        Piece::Inside(bytes) => current.extend_from_slice(bytes),
        Piece::End => story.sections.push(core::mem::take(&mut current)),
    };
    for read in reads {
        splitter.feed(read, &mut note);
    }
    splitter.finish(&mut note);
    story.unfinished = current;
    story
}

fn whole(text: &str) -> Story {
    told([text.as_bytes()])
}

#[test]
fn a_section_is_taken_out_of_the_log() {
    let story = whole("a<!--XSUPERVISOR:BEGIN-->b<!--XSUPERVISOR:END-->c");
    assert_eq!(story.log, b"ac");
    assert_eq!(story.sections, vec![b"b".to_vec()]);
}

#[test]
fn tokens_in_the_wrong_place_are_text() {
    let story = whole(
        "<!--XSUPERVISOR:END--><!--XSUPERVISOR:BEGIN--><!--XSUPERVISOR:BEGIN-->x<!--XSUPERVISOR:END-->",
    );
    assert_eq!(story.log, END);
    assert_eq!(story.sections, vec![[BEGIN, b"x"].concat()]);
}

#[test]
fn the_tail_is_not_lost_at_the_end() {
    assert_eq!(whole("text<!--XSUPERV").log, b"text<!--XSUPERV");
    let story = whole("<!--XSUPERVISOR:BEGIN-->half<!--XSUP");
    assert_eq!(
        (story.log.len(), story.unfinished.as_slice()),
        (0, &b"half<!--XSUP"[..])
    );
}

#[test]
fn only_a_possible_token_is_held_back() {
    let mut splitter = Splitter::default();
    let mut log = Vec::new();
    splitter.feed(b"short", &mut |piece| {
        if let Piece::Outside(bytes) = piece {
            log.extend_from_slice(bytes);
        }
    });
    assert_eq!(log, b"short");
}

#[test]
fn a_section_keeps_its_last_bytes() {
    let mut section = Section::new(5);
    section.push(b"abc");
    section.push(b"defg");
    assert_eq!(core::mem::take(&mut section.bytes), b"cdefg");
    section.push(b"0123456789");
    assert_eq!(core::mem::take(&mut section.bytes), b"56789");
    assert!(section.bytes.is_empty());
}

/// Text in which tokens, halves of tokens and other bytes are all likely.
fn talkative() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        3 => Just(BEGIN.to_vec()),
        3 => Just(END.to_vec()),
        2 => (0..BEGIN.len()).prop_map(|n| BEGIN[..n].to_vec()),
        2 => (0..END.len()).prop_map(|n| END[n..].to_vec()),
        3 => proptest::collection::vec(any::<u8>(), 0..8),
        1 => Just(b"<<!--".to_vec()),
    ];
    proptest::collection::vec(word, 0..12).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn any_split_of_the_bytes_tells_the_same_story(
        bytes in talkative(),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        places.sort_unstable();
        let mut reads = Vec::new();
        let mut from = 0;
        for place in places {
            reads.push(&bytes[from..place]);
            from = place;
        }
        reads.push(&bytes[from..]);
        prop_assert_eq!(told(reads), told([&bytes[..]]));
    }

    #[test]
    fn every_byte_is_log_section_or_token(bytes in talkative()) {
        let story = told([&bytes[..]]);
        let inside: usize = story.sections.iter().map(Vec::len).sum();
        let ends = story.sections.len() * END.len();
        let rest = bytes.len() - story.log.len() - inside - story.unfinished.len() - ends;
        prop_assert!(rest == story.sections.len() * BEGIN.len()
            || rest == (story.sections.len() + 1) * BEGIN.len());
    }

    #[test]
    fn a_section_is_the_end_of_what_was_pushed(
        chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..20), 0..10),
        capacity in 1usize..30,
    ) {
        let mut section = Section::new(capacity);
        for chunk in &chunks {
            section.push(chunk);
            prop_assert!(section.bytes.len() <= capacity);
        }
        let all = chunks.concat();
        prop_assert_eq!(core::mem::take(&mut section.bytes), &all[all.len().saturating_sub(capacity)..]);
    }
}

#[test]
fn tokens_are_those_of_the_original() {
    let text = String::from_utf8([BEGIN, END].concat()).expect("ascii");
    assert_eq!((BEGIN.len(), END.len(), text.len()), (24, 22, 46));
}
