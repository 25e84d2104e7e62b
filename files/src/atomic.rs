//! Whole files that are replaced at once.

use std::io::{self, Write};
use std::path::Path;

use crate::folder::{About, FileType, Folder, Identity};
use crate::log::{How, Kind, open_log};
use crate::private::random_name;

/// Writes a file under a temporary name in the same folder and renames it: readers see all of it
/// or nothing, and a link of this name is replaced, not followed. `mode` loses the bits of the
/// umask. A device or FIFO that the path names is written to instead.
///
/// Returns which file it is; `None` if it is a device or FIFO.
///
/// # Errors
/// Those of the system; nothing was changed then.
pub fn write_atomically(path: &Path, mode: u32, bytes: &[u8]) -> io::Result<Option<Identity>> {
    let (folder, name) = Folder::of(path)?;
    let found = folder.look(&name)?.map(|about| about.file_type);
    match found {
        None | Some(FileType::Regular) => {}
        // to a device, or to be replaced
        Some(FileType::Link) => {
            if is_special(path) {
                return write_to_special(path, bytes);
            }
        }
        Some(_) => return write_to_special(path, bytes),
    }
    let temporary = random_name();
    let mut file = folder.create_new(&temporary, mode)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| About::of(&file))
        .and_then(|about| {
            folder.rename(&temporary, &folder, &name)?;
            Ok(Some(about.identity))
        });
    if written.is_err() {
        // the first error is the one to report
        let _ = folder.remove(&temporary);
    }
    written
}

/// Whether a link leads to a device or FIFO, and may be followed there.
fn is_special(path: &Path) -> bool {
    crate::log::descriptor_named(path).is_some()
        || matches!(open_log(path, How::Append), Ok((_, Kind::Pollable)))
}

fn write_to_special(path: &Path, bytes: &[u8]) -> io::Result<Option<Identity>> {
    let (fd, _) = open_log(path, How::Append)?;
    std::fs::File::from(fd).write_all(bytes)?;
    Ok(None)
}
