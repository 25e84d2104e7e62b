//! Reading a log by offset and length (spec interfaces 3.6).

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use visord_model::fault::FaultCode;

/// The part of a file that readProcessLog and its kin answer.
///
/// # Errors
/// BAD_ARGUMENTS, NO_FILE, FAILED.
pub fn read(path: &Path, offset: i64, length: i64) -> Result<Vec<u8>, FaultCode> {
    if (offset < 0 && length != 0) || length < 0 {
        return Err(FaultCode::BadArguments);
    }
    let mut file = File::open(path).map_err(|error| {
        if error.kind() == io::ErrorKind::NotFound {
            FaultCode::NoFile
        } else {
            FaultCode::Failed
        }
    })?;
    slice(&mut file, offset, length).map_err(|_| FaultCode::Failed)
}

fn slice(file: &mut File, offset: i64, length: i64) -> io::Result<Vec<u8>> {
    let size = file.seek(SeekFrom::End(0))?;
    let start = if offset < 0 {
        size.saturating_sub(offset.unsigned_abs())
    } else {
        offset.unsigned_abs().min(size)
    };
    let most = if length == 0 {
        u64::MAX
    } else {
        length.unsigned_abs()
    };
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The end of a log, its size, and whether there is more than was asked for.
#[must_use]
pub fn tail(path: &Path, offset: i64, length: i64) -> (Vec<u8>, i64, bool) {
    let Ok(mut file) = File::open(path) else {
        return (Vec::new(), 0, false);
    };
    tail_of(&mut file, offset, length).unwrap_or((Vec::new(), offset, false))
}

fn tail_of(file: &mut File, mut offset: i64, mut length: i64) -> io::Result<(Vec<u8>, i64, bool)> {
    let size = i64::try_from(file.seek(SeekFrom::End(0))?).unwrap_or(i64::MAX);
    let overflow = size > offset.saturating_add(length);
    if overflow {
        offset = size - 1;
    }
    if offset.saturating_add(length) > size {
        if offset > size - 1 {
            length = 0;
        }
        offset = size - length;
    }
    let (offset, length) = (offset.max(0).unsigned_abs(), length.max(0).unsigned_abs());
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    Ok((bytes, size, overflow))
}
