//! Looking for bytes in long texts, in blocks the compiler turns into vector instructions.

/// Bytes looked at together. Longer blocks lose more where matches are frequent.
const BLOCK: usize = 16;

/// Where the first byte is of which `wanted` is true.
#[inline]
pub(crate) fn position(bytes: &[u8], wanted: impl Fn(u8) -> bool) -> Option<usize> {
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    let clean = blocks
        .iter()
        .take_while(|block| !block.iter().fold(false, |any, &byte| any | wanted(byte)))
        .count();
    let start = clean * BLOCK;
    let found = bytes[start..].iter().position(|&byte| wanted(byte))?;
    Some(start + found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_first_wherever_it_is() {
        for length in 0..70 {
            for at in 0..length {
                let mut bytes = vec![b'x'; length];
                bytes[at] = b'<';
                bytes[length - 1] = b'<';
                assert_eq!(position(&bytes, |byte| byte == b'<'), Some(at));
            }
            assert_eq!(position(&vec![b'x'; length], |byte| byte == b'<'), None);
        }
    }
}
