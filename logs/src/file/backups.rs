//! The rotated files of a log: `log.1` is the newest. A compressed one has `.gz` or `.zst`
//! after its number.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use visord_config::LogFileConfig;
use visord_model::output::rotation::Compression;

use crate::disk::{Disk, Identity};

/// The name of a rotated log: `x.log.1` is the newest.
#[must_use]
pub fn numbered(path: &Path, number: i64) -> PathBuf {
    suffixed(path, &format!(".{number}"))
}

pub(crate) fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// The present name of the rotated file that is not compressed and is this one.
pub(crate) fn numbered_of(
    path: &Path,
    backups: i64,
    file: Identity,
) -> io::Result<Option<PathBuf>> {
    for number in 1..=backups {
        let name = numbered(path, number);
        let found = visord_files::look(&name)?;
        if found.is_some_and(|found| found.is_regular() && found.identity == file) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// `log.1` becomes `log.2` and so on, `log` becomes `log.1`; the oldest goes.
///
/// Compressed ones move only where logs are compressed, so that nothing is looked for in
/// vain elsewhere.
pub(super) fn shift<D: Disk>(disk: &mut D, path: &Path, options: LogFileConfig) -> io::Result<()> {
    let backups = options.backups;
    if backups <= 0 {
        return Ok(());
    }
    let suffixes =
        [Compression::None, Compression::Gzip, Compression::Zstd].map(Compression::suffix);
    let suffixes = match options.compress {
        Compression::None => &suffixes[..1],
        Compression::Gzip | Compression::Zstd => &suffixes[..],
    };
    for number in (1..backups).rev() {
        let from = numbered(path, number);
        let to = numbered(path, number + 1);
        let mut stale = Vec::new();
        let mut has_moved = false;
        for suffix in suffixes {
            let target = suffixed(&to, suffix);
            let renamed = disk.rename(&suffixed(&from, suffix), &target);
            if absent_as(renamed.map(|()| true), false)? {
                has_moved = true;
            } else {
                stale.push(target);
            }
        }
        // the oldest file goes even if it was in another form than its successor; at every
        // other number there is nothing left
        if has_moved && number + 1 == backups {
            for name in stale {
                absent_as(disk.unlink(&name), ())?;
            }
        }
    }
    let first = numbered(path, 1);
    absent_as(disk.rename(path, &first), ())?;
    if backups == 1 {
        for suffix in &suffixes[1..] {
            absent_as(disk.unlink(&suffixed(&first, suffix)), ())?;
        }
    }
    Ok(())
}

/// Treats a missing file as this value.
pub(crate) fn absent_as<T>(result: io::Result<T>, value: T) -> io::Result<T> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(value),
        other => other,
    }
}
