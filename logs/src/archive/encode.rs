//! The two compressed forms.

use std::fs::File;
use std::io::{self, Read, Write};

use flate2::write::GzEncoder;
use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use visord_model::output::rotation::Compression;

/// Bytes of a gzip step: how soon a stop is noticed.
const STEP: usize = 256 * 1024;
/// Bytes of a zstd frame; a file is a row of frames, as the format allows.
const FRAME: usize = 4 * 1024 * 1024;

/// Compresses all of the source; how many bytes it had, `None` if it was stopped.
pub(super) fn encode(
    compress: Compression,
    source: &File,
    target: &File,
    is_stopped: &dyn Fn() -> bool,
) -> io::Result<Option<u64>> {
    match compress {
        Compression::None => Ok(None),
        Compression::Gzip => gzip(source, target, is_stopped),
        Compression::Zstd => zstd(source, target, is_stopped),
    }
}

fn gzip(source: &File, target: &File, is_stopped: &dyn Fn() -> bool) -> io::Result<Option<u64>> {
    let mut encoder = GzEncoder::new(target, flate2::Compression::default());
    let mut buffer = Vec::new();
    let mut size = 0;
    while fill(source, &mut buffer, STEP)? > 0 {
        if is_stopped() {
            return Ok(None);
        }
        encoder.write_all(&buffer)?;
        size += buffer.len() as u64;
    }
    encoder.finish()?;
    Ok(Some(size))
}

/// Each frame is read back before it counts: the only other copy will be removed.
fn zstd(
    source: &File,
    mut target: &File,
    is_stopped: &dyn Fn() -> bool,
) -> io::Result<Option<u64>> {
    let mut buffer = Vec::new();
    let mut size = 0;
    while fill(source, &mut buffer, FRAME)? > 0 {
        if is_stopped() {
            return Ok(None);
        }
        // in memory: this encoder panics where reading or writing fails
        let frame = compress_to_vec(&buffer[..], CompressionLevel::Fastest);
        if !is_frame_of(&frame, &buffer) {
            return Err(io::Error::other("the zstd encoder made a wrong frame"));
        }
        target.write_all(&frame)?;
        size += buffer.len() as u64;
    }
    Ok(Some(size))
}

fn is_frame_of(frame: &[u8], bytes: &[u8]) -> bool {
    let Ok(mut decoder) = StreamingDecoder::new(frame) else {
        return false;
    };
    let mut decoded = Vec::with_capacity(bytes.len());
    decoder.read_to_end(&mut decoded).is_ok() && decoded == bytes
}

/// Reads up to so many bytes, fewer only at the end; how many.
fn fill(source: &File, buffer: &mut Vec<u8>, most: usize) -> io::Result<usize> {
    buffer.clear();
    source.take(most as u64).read_to_end(buffer)
}
