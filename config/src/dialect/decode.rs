//! A configuration file is UTF-8 text (spec core 1.2).

/// The text of a file, or why its bytes are not one, in the original's words.
///
/// # Errors
/// The first undecodable sequence, its position counted in bytes from 0.
pub fn decode(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|error| {
        let start = error.valid_up_to();
        let end = error.error_len().map_or(bytes.len(), |len| start + len);
        let reason = match (error.error_len(), bytes[start]) {
            (None, _) => "unexpected end of data",
            (Some(1), 0x80..=0xc1 | 0xf5..=0xff) => "invalid start byte",
            (Some(_), _) => "invalid continuation byte",
        };
        if end - start == 1 {
            let byte = bytes[start];
            format!("'utf-8' codec can't decode byte 0x{byte:02x} in position {start}: {reason}")
        } else {
            let last = end - 1;
            format!("'utf-8' codec can't decode bytes in position {start}-{last}: {reason}")
        }
    })
}
