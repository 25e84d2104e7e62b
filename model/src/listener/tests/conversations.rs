//! The parser: golden conversations, bounds, and *split anywhere*.

use alloc::vec::Vec;
use proptest::prelude::*;
use std::{format, vec};

use crate::listener::{Conversation, MAX_RESULT, MAX_RESULT_LINE, Reading};
use crate::state::ListenerState as S;

/// A listener that was sent event 7.
fn busy() -> Conversation<u32> {
    let mut talk = ready();
    talk.offer(7);
    assert_eq!(talk.delivered(), Some(&7));
    talk
}

fn ready() -> Conversation<u32> {
    let mut talk = Conversation::default();
    assert_eq!(read(&mut talk, b"READY\n"), [Reading::Ready]);
    talk
}

fn read(talk: &mut Conversation<u32>, mut bytes: &[u8]) -> Vec<Reading<u32>> {
    core::iter::from_fn(|| talk.read(&mut bytes)).collect()
}

#[track_caller]
fn check(mut talk: Conversation<u32>, bytes: &[u8], reading: &[Reading<u32>], state: S) {
    assert_eq!(read(&mut talk, bytes), reading);
    assert_eq!(talk.state(), state);
}

fn bad_line(line: &[u8]) -> Reading<u32> {
    let line = line.to_vec();
    Reading::BadLine { line, held: 7 }
}

const fn out_of_turn(was: S) -> Reading<u32> {
    Reading::OutOfTurn { was, held: None }
}

#[test]
fn acknowledged() {
    let new = Conversation::default;
    check(new(), b"", &[], S::Acknowledged);
    check(new(), b"READY", &[], S::Acknowledged);
    check(new(), b"xx", &[], S::Acknowledged);
    check(new(), b"READY\n", &[Reading::Ready], S::Ready);
    let broken = [out_of_turn(S::Acknowledged)];
    check(new(), b"READY\r\n", &broken, S::Unknown);
    check(new(), b"hello there\n", &broken, S::Unknown);
    check(new(), b"\nREADY\n", &broken, S::Unknown);
}

#[test]
fn anything_while_ready() {
    check(ready(), b"\n", &[out_of_turn(S::Ready)], S::Unknown);
    check(
        Conversation::default(),
        b"READY\nREADY\n",
        &[Reading::Ready, out_of_turn(S::Ready)],
        S::Unknown,
    );
}

#[test]
fn results() {
    use Reading::{Processed, Ready, Rejected};
    check(busy(), b"RESULT 2\nOK", &[Processed(7)], S::Acknowledged);
    check(
        busy(),
        b"RESULT 2\nOKREADY\n",
        &[Processed(7), Ready],
        S::Ready,
    );
    check(busy(), b"RESULT 4\nFAIL", &[Rejected(7)], S::Acknowledged);
    check(busy(), b"RESULT 2\nok", &[Rejected(7)], S::Acknowledged);
    check(busy(), b"RESULT 3\nOK\n", &[Rejected(7)], S::Acknowledged);
    check(
        busy(),
        b"RESULT \t+2 \r\nOK",
        &[Processed(7)],
        S::Acknowledged,
    );
    // an empty result is judged by the byte that follows
    check(busy(), b"RESULT 0\n", &[], S::Busy);
    check(
        busy(),
        b"RESULT 0\nREADY\n",
        &[Rejected(7), Ready],
        S::Ready,
    );
    // what is too much begins the next word
    check(
        busy(),
        b"RESULT 2\nOK\nREADY\n",
        &[Processed(7), out_of_turn(S::Acknowledged)],
        S::Unknown,
    );
}

#[test]
fn bad_result_lines() {
    for line in [
        "",
        "hello",
        "RESULT x",
        "RESULT",
        "RESULT ",
        "RESULT -5",
        "result 2",
        "1234567 2",
        "RESULT 99999999999999999999999",
    ] {
        let text = format!("{line}\nOK");
        check(
            busy(),
            text.as_bytes(),
            &[bad_line(line.as_bytes())],
            S::Unknown,
        );
    }
    check(busy(), b"\xff\xfe\n", &[bad_line(b"\xff\xfe")], S::Unknown);
}

#[test]
fn a_line_without_end_is_bounded() {
    let line = vec![b'x'; MAX_RESULT_LINE];
    check(busy(), &line, &[], S::Busy);
    let mut talk = busy();
    assert!(read(&mut talk, &line).is_empty());
    check(talk, b"y", &[bad_line(&line)], S::Unknown);
    // 100 MB of it, as it would come from a pipe
    let mut talk = busy();
    let flood = vec![b'x'; 65_536];
    let reading: Vec<_> = (0..1600).flat_map(|_| read(&mut talk, &flood)).collect();
    assert_eq!(reading, [bad_line(&line)]);
    assert_eq!(talk.state(), S::Unknown);
}

#[test]
fn a_result_is_bounded() {
    let announce = |length: usize| format!("RESULT {length}\n").into_bytes();
    let mut talk = busy();
    assert!(read(&mut talk, &announce(MAX_RESULT)).is_empty());
    let body = vec![b'x'; MAX_RESULT - 1];
    assert!(read(&mut talk, &body).is_empty());
    // of what is announced little is kept
    assert!(format!("{talk:?}").len() < 200);
    assert_eq!(read(&mut talk, b"y"), [Reading::Rejected(7)]);
    let line = announce(MAX_RESULT + 1);
    let text = bad_line(line.trim_ascii_end());
    check(busy(), &line, &[text], S::Unknown);
}

#[test]
fn an_event_on_its_way_comes_back() {
    let mut talk = ready();
    talk.offer(7);
    assert!(talk.is_offered() && !talk.is_free());
    assert_eq!(talk.withdraw(), Some(7));
    assert!(talk.is_free());
    talk.offer(8);
    let was = S::Ready;
    let held = Some(8);
    check(
        talk.clone(),
        b"x",
        &[Reading::OutOfTurn { was, held }],
        S::Unknown,
    );
    assert_eq!(talk.end(), Some(8));
    assert_eq!(talk.state(), S::Acknowledged);
    assert_eq!(talk.delivered(), None);
    assert_eq!(talk.withdraw(), None);
    assert_eq!(talk.end(), None);
    // cut off in the middle of the envelope
    let mut talk = busy();
    assert!(read(&mut talk, b"RESU").is_empty());
    assert_eq!(talk.withdraw(), Some(7));
    check(talk, b"LT 2\nOK", &[out_of_turn(S::Ready)], S::Unknown);
}

/// Words that mean something, so that random texts get anywhere.
fn speech() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        4 => Just(b"READY\n".to_vec()),
        4 => Just(b"RESULT 2\nOK".to_vec()),
        2 => Just(b"RESULT 4\nFAIL".to_vec()),
        1 => Just(b"RESULT 0\n".to_vec()),
        1 => (0_usize..2000).prop_map(|n| format!("RESULT {n}\n").into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..20),
        1 => (0_usize..2100).prop_map(|n| vec![b'x'; n]),
    ];
    prop::collection::vec(word, 0..12).prop_map(|words| words.concat())
}

/// Everything reading; each READY is answered with the next event.
fn converse<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> (Vec<Reading<u32>>, Conversation<u32>) {
    let mut talk = Conversation::default();
    let mut all = Vec::new();
    for mut chunk in chunks {
        while let Some(reading) = talk.read(&mut chunk) {
            all.push(reading);
            if talk.is_free() {
                talk.offer(u32::try_from(all.len()).unwrap());
                assert!(talk.delivered().is_some());
            }
        }
    }
    (all, talk)
}

proptest! {
    #[test]
    fn split_anywhere(bytes in speech(), sizes in prop::collection::vec(1_usize..40, 1..20)) {
        let mut rest: &[u8] = &bytes;
        let mut sizes = sizes.iter().cycle();
        let chunks = core::iter::from_fn(|| {
            let size = (*sizes.next()?).min(rest.len());
            let (chunk, tail) = rest.split_at(size);
            rest = tail;
            (size > 0).then_some(chunk)
        });
        let split = converse(chunks);
        prop_assert_eq!(&split, &converse(core::iter::once(&bytes[..])));
        prop_assert_eq!(&split, &converse(bytes.chunks(1)));
    }
}
