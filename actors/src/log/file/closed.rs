//! What is done to the log of a path that nobody has open, and making one.

use std::io;
use std::path::{Path, PathBuf};

use super::backups::absent_as;
use super::{FileKeys, LogFile};
use crate::log::disk::{Disk, How, Making, Named};

/// Removes a log of a process that has none open and makes it anew, empty (decision C34).
pub(crate) fn clear_closed<D: Disk>(disk: &mut D, path: &Path, making: Making) -> io::Result<()> {
    if remove_regular(disk, path)? {
        make_as(disk, path, making)?;
        disk.open(path, How::Append)?;
    }
    Ok(())
}

/// Makes a missing log if it is to look in a special way; the sentence if that fails. The
/// log is used all the same: what cannot be had is at worst too strict a mode.
pub(super) fn make<D: Disk>(disk: &mut D, path: &Path, making: Making) -> Option<String> {
    let error = make_as(disk, path, making).err()?;
    let path = path.display();
    Some(format!("cannot give {path} its owner and mode: {error}"))
}

fn make_as<D: Disk>(disk: &mut D, path: &Path, making: Making) -> io::Result<()> {
    if making == Making::default() {
        return Ok(());
    }
    disk.make(path, making)
}

/// Rotates a log that nobody has open; the log if there is one.
///
/// # Errors
/// Those of opening and renaming.
pub(crate) fn rotate_closed<D: Disk>(
    mut disk: D,
    path: PathBuf,
    keys: FileKeys,
) -> io::Result<Option<LogFile<D>>> {
    match disk.named(&path)? {
        Named::Regular(_) => {
            let mut log = LogFile::open_as(disk, path, keys)?;
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
