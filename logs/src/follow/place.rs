//! A place in a log that can be written down and found again.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::time::UNIX_EPOCH;

use derive_more::Display;

/// Bytes before a place that must still be the same when a reader comes back to it.
pub(super) const SEALED: usize = 64;

/// Which file something is: numbers of files are used again, with the time of its birth they
/// are not (0 where the file system does not know it).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileId {
    /// Its number on its file system.
    pub inode: u64,
    /// When it came to be, in nanoseconds since 1970.
    pub born: u64,
}

impl FileId {
    /// Of a file that was looked at.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        let born = metadata.created().ok();
        let born = born.and_then(|born| born.duration_since(UNIX_EPOCH).ok());
        Self {
            inode: metadata.ino(),
            // nanoseconds fill 64 bits in the year 2554
            born: born.map_or(0, |born| born.as_nanos() as u64),
        }
    }
}

/// How far a file has been read. As text it is `INODE.BORN-OFFSET-SEAL`, the offset decimal,
/// the rest hexadecimal.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq)]
#[display("{:x}.{:x}-{offset}-{seal:x}", file.inode, file.born)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// Bytes before it.
    pub offset: u64,
    /// A sum over the last of those bytes: it tells a file that was emptied and has grown
    /// again.
    pub seal: u32,
}

impl Place {
    /// Nothing of the file has been read.
    #[must_use]
    pub fn start_of(file: FileId) -> Self {
        Self {
            file,
            offset: 0,
            seal: seal(&[]),
        }
    }

    /// Reads the text of a place; `None` if it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (file, rest) = text.split_once('-')?;
        let (inode, born) = file.split_once('.')?;
        let (offset, seal) = rest.split_once('-')?;
        Some(Self {
            file: FileId {
                inode: u64::from_str_radix(inode, 16).ok()?,
                born: u64::from_str_radix(born, 16).ok()?,
            },
            offset: offset.parse().ok()?,
            seal: u32::from_str_radix(seal, 16).ok()?,
        })
    }

    /// An offset in a file, which reaches that far. Blocks.
    ///
    /// # Errors
    /// Those of reading.
    pub fn at(file: &File, offset: u64) -> io::Result<Self> {
        let before = offset.saturating_sub(SEALED as u64);
        let mut sealed = vec![0; SEALED.min(usize::try_from(offset).unwrap_or(SEALED))];
        file.read_exact_at(&mut sealed, before)?;
        Ok(Self {
            file: FileId::of(&file.metadata()?),
            offset,
            seal: seal(&sealed),
        })
    }
}

/// FNV-1a: no secret, only a sum.
pub(super) fn seal(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |sum, &byte| {
        (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_as_text() {
        let place = Place {
            file: FileId {
                inode: 26,
                born: u64::MAX,
            },
            offset: 4096,
            seal: 0xabc,
        };
        let text = place.to_string();
        assert_eq!(text, "1a.ffffffffffffffff-4096-abc");
        assert_eq!(Place::parse(&text), Some(place));
        for wrong in [
            "",
            "4096",
            "1a-4096-abc",
            "1a.f-x-abc",
            "1a.f-1-abc-",
            "1a.f-1",
        ] {
            assert_eq!(Place::parse(wrong), None, "{wrong}");
        }
    }
}
