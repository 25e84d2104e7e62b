//! Reading and tailing logs by offset, exactly as the tables of spec interfaces 3.6 say.
//! Nothing is read before it is asked for: what is found is a [`Section`], which is read piece by
//! piece. Everything here blocks: it is for a thread that may wait for a disk.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use visord_model::fault::{Fault, FaultCode};

/// The most bytes one answer carries: a longer range is cut off at its end by [`read`],
/// at its start by [`tail`]. The original reads the whole range into memory.
pub const LONGEST: u64 = 64 * 1024 * 1024;

/// Logs that go here are kept nowhere: reading them finds nothing.
const NULL: &str = "/dev/null";

/// A part of a log that has yet to be read.
#[derive(Debug)]
pub struct Section(io::Take<File>);

impl Section {
    /// At most `length` bytes from `start`, as far as a file of this size reaches. Nothing is
    /// negative.
    fn new(mut file: File, size: i64, start: i64, length: i64) -> io::Result<Self> {
        let start = start.min(size);
        file.seek(SeekFrom::Start(start.unsigned_abs()))?;
        let length = length.min(size - start).max(0);
        Ok(Self(file.take(length.unsigned_abs().min(LONGEST))))
    }

    /// The next bytes, at most `most` of them; none at the end. A file that has become shorter
    /// ends earlier.
    ///
    /// # Errors
    /// Those of reading.
    pub fn piece(&mut self, most: usize) -> io::Result<Vec<u8>> {
        let left = usize::try_from(self.0.limit()).unwrap_or(most);
        let mut bytes = Vec::with_capacity(left.min(most));
        self.0.by_ref().take(most as u64).read_to_end(&mut bytes)?;
        if bytes.len() < most {
            self.0.set_limit(0);
        }
        Ok(bytes)
    }

    /// Whether nothing is left to read.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.0.limit() == 0
    }
}

/// The answer of [`tail`].
#[derive(Debug, Default)]
pub struct Tail {
    /// The bytes; `None` if there are none.
    pub section: Option<Section>,
    /// The size of the log, to be the next offset.
    pub offset: i64,
    /// There was more than asked for.
    pub overflow: bool,
}

/// `length` bytes from `offset`; length 0: to the end; a negative offset counts from the
/// end and goes with length 0 only. `None`: the log is kept nowhere.
///
/// # Errors
/// `BAD_ARGUMENTS`: offset and length contradict each other; `NO_FILE`, about the path; `FAILED`:
/// it cannot be read, or is not a regular file (a link, a pipe, a terminal).
pub fn read(path: &Path, offset: i64, length: i64) -> Result<Option<Section>, Fault> {
    if length < 0 || (offset < 0 && length != 0) {
        return Err(FaultCode::BadArguments.bare());
    }
    if path == Path::new(NULL) {
        return Ok(None);
    }
    let (file, size) = open(path).map_err(|error| match error {
        missing if missing.kind() == io::ErrorKind::NotFound => {
            FaultCode::NoFile.about(path.display().to_string())
        }
        _ => FaultCode::Failed.bare(),
    })?;
    let size = size.cast_signed();
    let (start, length) = match (offset, length) {
        (..0, _) => (size.saturating_add(offset).max(0), i64::MAX),
        (_, 0) => (offset, i64::MAX),
        (_, _) => (offset, length),
    };
    let section = Section::new(file, size, start, length);
    section.map(Some).map_err(|_| FaultCode::Failed.bare())
}

/// The last `length` bytes if anything is new since `offset`, and where the log ends now.
///
/// The algorithm of the original, which returns the last `length` bytes and not those
/// from `offset` (difference Q4). A log that is missing, or cannot be read, is an empty answer.
#[must_use]
pub fn tail(path: &Path, offset: i64, length: i64) -> Tail {
    let unread = |offset| Tail {
        offset,
        ..Tail::default()
    };
    let (file, size) = match open(path) {
        Ok(opened) => opened,
        Err(_) if path == Path::new(NULL) => return unread(0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return unread(0),
        Err(_) => return unread(offset),
    };
    let size = size.cast_signed();
    let (start, length, overflow) = window(size, offset, length);
    Tail {
        section: Section::new(file, size, start, length).ok(),
        offset: size,
        overflow,
    }
}

/// Where to read how much for [`tail`], and whether more was there.
fn window(size: i64, mut offset: i64, mut length: i64) -> (i64, i64, bool) {
    let overflow = size > offset.saturating_add(length);
    if overflow {
        offset = size - 1;
    }
    if offset.saturating_add(length) > size {
        if offset > size - 1 {
            length = 0;
        }
        offset = size.saturating_sub(length);
    }
    let (offset, length) = (offset.max(0), length.max(0));
    let longest = LONGEST.cast_signed();
    if length > longest {
        (offset.max(size - longest), longest, overflow)
    } else {
        (offset, length, overflow)
    }
}

/// Opens a log that is a regular file; the file and its size.
///
/// # Errors
/// Those of opening; anything but a regular file is `Unsupported`.
pub fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = visord_files::open_regular(path)?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a section in pieces of this many bytes.
    fn pieces(mut section: Section, most: usize) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let piece = section.piece(most).expect("read");
            if piece.is_empty() {
                assert!(section.is_at_end());
                return all;
            }
            all.extend(piece);
        }
    }

    fn digits() -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("file");
        std::fs::write(file.path(), "0123456789").expect("write");
        file
    }

    #[test]
    fn read_table() {
        let file = digits();
        let read = |offset, length| {
            read(file.path(), offset, length).map(|section| {
                String::from_utf8(pieces(section.expect("a file"), 3)).expect("ascii")
            })
        };
        for (offset, length, expected) in [
            (0, 0, "0123456789"),
            (3, 0, "3456789"),
            (0, 4, "0123"),
            (3, 4, "3456"),
            (0, 100, "0123456789"),
            (10, 0, ""),
            (10, 5, ""),
            (20, 0, ""),
            (20, 5, ""),
            (-4, 0, "6789"),
            (-100, 0, "0123456789"),
            (2, 3, "234"),
            (i64::MAX, i64::MAX, ""),
            (i64::MIN, 0, "0123456789"),
        ] {
            assert_eq!(
                read(offset, length).as_deref(),
                Ok(expected),
                "{offset},{length}"
            );
        }
        for (offset, length) in [(-4, 1), (-4, -1), (0, -1), (5, -3)] {
            assert_eq!(read(offset, length), Err(FaultCode::BadArguments.bare()));
        }
    }

    #[test]
    fn a_file_that_becomes_shorter_ends_earlier() {
        let file = digits();
        let mut section = read(file.path(), 2, 0).expect("open").expect("a file");
        assert_eq!(section.piece(3).expect("read"), b"234");
        file.as_file().set_len(7).expect("truncate");
        assert_eq!(section.piece(10).expect("read"), b"56");
        assert_eq!(section.piece(10).expect("read"), b"");
        assert!(section.is_at_end());
    }

    #[test]
    fn tail_table() {
        let file = digits();
        for (offset, length, data, overflow) in [
            (0, 0, "", true),
            (0, 4, "6789", true),
            (3, 4, "6789", true),
            (-4, 4, "6789", true),
            (0, 10, "0123456789", false),
            (0, 11, "0123456789", false),
            (0, 100, "0123456789", false),
            (3, 7, "3456789", false),
            (3, 100, "0123456789", false),
            (9, 5, "56789", false),
            (9, 1, "9", false),
            (10, 0, "", false),
            (10, 5, "", false),
            (11, 5, "", false),
            (100, 100, "", false),
            (-20, 5, "56789", true),
            (-4, 100, "0123456789", false),
            (0, -1, "", true),
            (5, -3, "", true),
            (i64::MAX, i64::MAX, "", false),
            (i64::MIN, i64::MIN, "", true),
        ] {
            let found = tail(file.path(), offset, length);
            assert_eq!(
                (found.offset, found.overflow),
                (10, overflow),
                "{offset},{length}"
            );
            let found = found.section.map(|section| pieces(section, 4));
            assert_eq!(found, Some(data.into()), "{offset},{length}");
        }
    }

    #[test]
    fn what_is_not_there_or_has_no_positions() {
        let dir = tempfile::tempdir().expect("tempdir");
        let missing = dir.path().join("missing");
        let fifo = dir.path().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).expect("mkfifo");
        let read = |path: &Path| {
            read(path, 0, 0).map(|section| section.map(|section| pieces(section, 10)))
        };
        let tail = |path: &Path| {
            let found = tail(path, 7, 3);
            (found.section.is_some(), found.offset, found.overflow)
        };
        assert_eq!(
            read(&missing),
            Err(FaultCode::NoFile.about(missing.display().to_string()))
        );
        assert_eq!(tail(&missing), (false, 0, false));
        for path in [&fifo, dir.path()] {
            assert_eq!(read(path), Err(FaultCode::Failed.bare()));
            assert_eq!(tail(path), (false, 7, false));
        }
        assert_eq!(read(Path::new("/dev/null")), Ok(None));
        assert_eq!(tail(Path::new("/dev/null")), (false, 0, false));
    }

    #[test]
    fn never_more_than_the_longest_answer() {
        let file = tempfile::NamedTempFile::new().expect("file");
        let size = LONGEST.cast_signed() + 5;
        file.as_file()
            .set_len(size.unsigned_abs())
            .expect("set_len");
        assert_eq!(window(size, 0, size), (5, LONGEST.cast_signed(), false));
        let section = read(file.path(), 0, 0).expect("read").expect("a file");
        assert_eq!(section.0.limit(), LONGEST);
    }
}
