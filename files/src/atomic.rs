//! Whole files that are replaced at once.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::SystemTime;

use nix::errno::Errno;

use crate::folder::{FileInfo, FileType, Folder, Identity, TO_WRITE, regular};
use crate::log::{How, Kind, descriptor_named, open_log};
use crate::private::{random_name, remove_left_behind};

/// Writes a file under a temporary name in the same folder and renames it: readers see all of it
/// or nothing, and a link of this name is replaced, not followed. `mode` loses the bits of the
/// umask. A device or FIFO that the path names is written to instead. In a folder where no file can
/// be made or replaced, a regular file that is there is overwritten.
///
/// Returns which file it is; `None` if it is a device or FIFO.
///
/// # Errors
/// Those of the system; nothing was changed then, unless a file is overwritten.
pub fn write_atomically(path: &Path, mode: u32, bytes: &[u8]) -> io::Result<Option<Identity>> {
    let (folder, name) = Folder::of(path)?;
    let found = folder.look(&name)?.map(|about| about.file_type);
    let special = match found {
        None | Some(FileType::Regular) => None,
        // to a device, or to be replaced
        Some(FileType::Link) => open_special(path).ok(),
        Some(_) => Some(open_log(path, How::Append)?.0),
    };
    if let Some(special) = special {
        File::from(special).write_all(bytes)?;
        return Ok(None);
    }
    remove_left_behind(&folder, SystemTime::now());
    let written = match replace(&folder, &name, mode, bytes) {
        Err(error) if found.is_some() && cannot_be_replaced(&error) => {
            // why it cannot be replaced is the error to report
            overwrite(&folder, &name, bytes).map_err(|_| error)
        }
        written => written,
    };
    written.map(Some)
}

/// Opens what a link leads to, if that is a device or FIFO and the link may be followed.
fn open_special(path: &Path) -> io::Result<OwnedFd> {
    match open_log(path, How::Append)? {
        (fd, Kind::Pollable) => Ok(fd),
        (fd, _) if descriptor_named(path).is_some() => Ok(fd),
        (_, Kind::Regular | Kind::Borrowed | Kind::Socket) => Err(Errno::ELOOP.into()),
    }
}

/// Writes a file of this folder under a temporary name and renames it. What has this name is
/// replaced, a link too. `mode` loses the bits of the umask.
///
/// # Errors
/// Those of the system; nothing was changed then.
pub fn replace(folder: &Folder, name: &OsStr, mode: u32, bytes: &[u8]) -> io::Result<Identity> {
    let temporary = random_name();
    let mut file = folder.create_new(&temporary, mode)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| Ok(FileInfo::of(&file)?))
        .and_then(|about| {
            folder.rename(&temporary, folder, name)?;
            Ok(about.identity)
        });
    if written.is_err() {
        // the first error is the one to report
        let _ = folder.remove(&temporary);
    }
    written
}

/// The folder is not ours to write to, is read-only, or the file is a mount of its own.
fn cannot_be_replaced(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(
        errno,
        Some(Errno::EACCES | Errno::EPERM | Errno::EROFS | Errno::EBUSY)
    )
}

fn overwrite(folder: &Folder, name: &OsStr, bytes: &[u8]) -> io::Result<Identity> {
    let mut file = regular(folder.open_at(name, TO_WRITE, 0))?;
    file.set_len(0)?;
    file.write_all(bytes)?;
    Ok(FileInfo::of(&file)?.identity)
}
