//! What is done to a log that is not open, and making one.

use std::io;
use std::path::{Path, PathBuf};

use super::backups::absent_as;
use visord_config::LogFileConfig;

use super::{FileOptions, LogFile};
use crate::disk::{Disk, How, Named};

/// Removes a log that is not open and makes an empty one (difference C34).
pub(crate) fn clear_closed<D: Disk>(
    disk: &mut D,
    path: &Path,
    keys: &LogFileConfig,
) -> io::Result<()> {
    if remove_regular(disk, path)? {
        try_make(disk, path, keys)?;
        disk.open(path, How::Append)?;
    }
    Ok(())
}

/// Makes a missing log if it is to look in a special way; the sentence if that fails. The
/// log is used all the same: what cannot be had is at worst too strict a mode.
pub(super) fn make<D: Disk>(disk: &mut D, path: &Path, keys: &LogFileConfig) -> Option<String> {
    let error = try_make(disk, path, keys).err()?;
    let path = path.display();
    Some(format!("cannot give {path} its owner and mode: {error}"))
}

fn try_make<D: Disk>(disk: &mut D, path: &Path, keys: &LogFileConfig) -> io::Result<()> {
    if keys.mode.is_none() && keys.owner.is_none() {
        return Ok(());
    }
    disk.make(path, keys)
}

/// Rotates a log that is not open; the log if there is one.
///
/// # Errors
/// Those of opening and renaming.
pub(crate) fn rotate_closed<D: Disk>(
    mut disk: D,
    path: PathBuf,
    options: FileOptions,
) -> io::Result<Option<LogFile<D>>> {
    match disk.named(&path)? {
        Named::Regular(_) => {
            let mut log = LogFile::open(disk, path, options)?;
            log.rotate_now()?;
            Ok(Some(log))
        }
        Named::Nothing | Named::Other => Ok(None),
    }
}

/// Unlinks a regular file; says whether there was one. Other kinds are left alone.
pub(super) fn remove_regular<D: Disk>(disk: &mut D, path: &Path) -> io::Result<bool> {
    match disk.named(path)? {
        Named::Regular(_) => {
            absent_as(disk.unlink(path), ())?;
            Ok(true)
        }
        Named::Nothing | Named::Other => Ok(false),
    }
}
