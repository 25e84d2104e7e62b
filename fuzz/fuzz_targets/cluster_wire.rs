//! Any bytes as a publication and as a datagram of another instance: nothing panics, and what is
//! read is written and read again alike.

#![no_main]

use libfuzzer_sys::fuzz_target;
use visord_actors::cluster::wire::supvisors::{datagram, decode, encode, read_datagram};

fuzz_target!(|bytes: &[u8]| {
    let read = str::from_utf8(bytes)
        .ok()
        .and_then(|text| decode(text).ok());
    if let Some((origin, publication)) = read {
        let nick_of = |identifier: &str| identifier.into();
        let written = encode(&origin, &publication, &nick_of);
        let (origin, publication) = decode(&written).expect("our own text");
        assert_eq!(encode(&origin, &publication, &nick_of), written);
    }
    if let Ok(candidate) = read_datagram(bytes) {
        // what is escaped may be longer than a datagram
        let written = datagram(&candidate);
        assert!(
            read_datagram(written.as_bytes()).is_ok_and(|it| it == candidate)
                || written.len() > 1023
        );
    }
});
