//! What happens to a byte a child writes (spec core 6.5-6.8), as pure rules.

pub mod ansi;
pub mod capture;
pub mod format;
pub mod rotation;

/// Where two bytes stand next to each other for the first time.
///
/// Everything a process writes goes through this when its output is filtered or captured,
/// so whole steps without a match are passed in a form that compilers turn into vector
/// instructions.
fn find_pair(bytes: &[u8], pair: [u8; 2]) -> Option<usize> {
    const STEP: usize = 64;
    let [first, second] = pair;
    let mut from = 0;
    while from + STEP < bytes.len() {
        let lower = &bytes[from..from + STEP];
        let upper = &bytes[from + 1..=from + STEP];
        let found = lower.iter().zip(upper).fold(0, |found, (&a, &b)| {
            found | (u8::from(a == first) & u8::from(b == second))
        });
        if found != 0 {
            break;
        }
        from += STEP;
    }
    let rest = bytes[from..].windows(2);
    let at = rest.into_iter().position(|two| two == pair)?;
    Some(from + at)
}

#[cfg(test)]
mod tests {
    use super::find_pair;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn finds_what_a_plain_search_finds(
            length in 0usize..300,
            places in proptest::collection::vec((0usize..300, 0u8..3), 0..8),
        ) {
            let mut bytes: Vec<u8> = core::iter::repeat_n(b'.', length).collect();
            for (place, byte) in places {
                if let Some(slot) = bytes.get_mut(place) {
                    *slot = b"<!."[usize::from(byte)];
                }
            }
            let plain = bytes.windows(2).position(|two| two == b"<!");
            prop_assert_eq!(find_pair(&bytes, *b"<!"), plain);
        }
    }
}
