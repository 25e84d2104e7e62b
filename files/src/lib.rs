//! Opens, makes, renames and removes files in folders that other users may control.
//!
//! The daemon usually runs as root, and a program's user often owns the folder of its log. Such a
//! user can exchange any name in that folder at any moment, for example for a link to a file that
//! only root may read. So every path is resolved once, to an open [`Folder`]; the last name is
//! opened relative to it without following links; what was opened is judged by `fstat`, and mode
//! and owner are set through the descriptor.
//!
//! A link in the folder part of a path is followed if root or the user of this process made it.
//! One that another user made may only lead to a folder of the same user
//! (see [`Folder::open`]).
//!
//! Reading order: [`Folder`] resolves paths (`walk.rs` where links are on the way), [`log`] opens
//! logs, [`atomic`] replaces whole files, [`socket`] makes socket files, [`trust`] says who else can
//! change a file. Everything here blocks, and fails with the system's errors; other errors are
//! documented where they occur.
//!
//! ```
//! use std::io::Read as _;
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("pid");
//! visord_files::atomic::write_atomically(&path, 0o644, b"42\n")?;
//! let mut text = String::new();
//! visord_files::open_regular(&path)?.read_to_string(&mut text)?;
//! assert_eq!(text, "42\n");
//!
//! std::os::unix::fs::symlink("/etc/shadow", folder.path().join("link"))?;
//! assert!(visord_files::open_regular(&folder.path().join("link")).is_err());
//! # Ok::<(), std::io::Error>(())
//! ```

#![forbid(unsafe_code)]

pub mod atomic;
mod folder;
pub mod log;
mod private;
pub mod socket;
#[cfg(test)]
mod tests;
pub mod trust;
mod walk;

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::{Gid, Uid};

pub use folder::{FileInfo, FileType, Folder, Identity};
use folder::{TO_APPEND, TO_READ, regular};

/// What a path names; a link as its last part is not followed. `None`: nothing.
///
/// # Errors
/// The folder cannot be reached.
pub fn look(path: &Path) -> io::Result<Option<FileInfo>> {
    let found = Folder::of(path).and_then(|(folder, name)| folder.look(&name));
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found,
    }
}

/// Opens a regular file to read; never waits for a FIFO.
///
/// # Errors
/// It is missing, or the system refuses; a link, or anything else that is not a regular file, is
/// [`io::ErrorKind::Unsupported`].
pub fn open_regular(path: &Path) -> io::Result<File> {
    let (folder, name) = Folder::of(path)?;
    regular(folder.open_at(&name, TO_READ, 0))
}

/// Makes a new file to write, with at most this mode (the umask takes bits away).
///
/// # Errors
/// There is something of this name, a link included; or the system refuses.
pub fn create_new(path: &Path, mode: u32) -> io::Result<File> {
    let (folder, name) = Folder::of(path)?;
    folder.create_new(&name, mode)
}

/// Opens a file to append to, made with this mode if it is missing, and readable.
///
/// # Errors
/// As [`open_regular`].
pub fn open_to_append(path: &Path, mode: u32) -> io::Result<File> {
    let (folder, name) = Folder::of(path)?;
    regular(folder.open_at(&name, TO_APPEND, mode))
}

/// Renames, replacing the target.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    let (source, from) = Folder::of(from)?;
    let (target, to) = Folder::of(to)?;
    source.rename(&from, &target, &to)
}

/// Removes a name that is not a folder; of a link the link.
pub fn remove(path: &Path) -> io::Result<()> {
    let (folder, name) = Folder::of(path)?;
    folder.remove(&name)
}

/// Waits until the names in the folder of this path are on the disk.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    Folder::of(path)?.0.sync()
}

/// Makes the folders on the way to this path that are missing; others may enter them, but not write.
///
/// # Errors
/// Those of the system; what was made so far stays.
pub fn make_folders_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    match Folder::open(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        found => return found.map(drop),
    }
    make_folders_of(folder)?;
    let (outer, name) = Folder::of(folder)?;
    match mkdirat(&outer, name.as_os_str(), Mode::from_bits_truncate(0o755)) {
        // another process made it meanwhile
        Ok(()) | Err(Errno::EEXIST) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// Reads a whole file that the administrator named, through links too, as configurations and
/// certificates are often linked. Who else can change such a file is for [`trust`] to say.
///
/// # Errors
/// It is missing, or the system refuses. A folder is [`io::ErrorKind::IsADirectory`]; anything else
/// but a regular file is [`io::ErrorKind::Unsupported`], whose text says what it is.
pub fn read_linked(path: &Path) -> io::Result<Vec<u8>> {
    read_linked_up_to(path, u64::MAX)
}

/// [`read_linked`] of a file that must not have more bytes than this.
///
/// # Errors
/// The same; it is larger: [`io::ErrorKind::FileTooLarge`].
pub fn read_linked_up_to(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut file = match open_linked(path, TO_READ) {
        // another process has a lease on it, and is asked to give it up while we wait
        Err(Errno::EWOULDBLOCK) => {
            let held = open_linked(path, OFlag::O_PATH)?;
            is_readable(&held)?;
            // no FIFO can be exchanged for it here
            let held = format!("/proc/self/fd/{}", held.as_raw_fd());
            open_linked(Path::new(&held), OFlag::O_RDONLY | OFlag::O_NOCTTY)?
        }
        opened => opened?,
    };
    is_readable(&file)?;
    let mut bytes = Vec::new();
    (&mut file).take(limit).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == limit && file.read(&mut [0])? > 0 {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

fn open_linked(path: &Path, flags: OFlag) -> Result<File, Errno> {
    nix::fcntl::open(path, flags | OFlag::O_CLOEXEC, Mode::empty()).map(File::from)
}

fn is_readable(file: &File) -> io::Result<()> {
    let what = match FileInfo::of(file)?.file_type {
        FileType::Regular => return Ok(()),
        FileType::Folder => return Err(io::ErrorKind::IsADirectory.into()),
        FileType::Fifo => "a FIFO",
        FileType::Link | FileType::Socket | FileType::CharacterDevice | FileType::BlockDevice => {
            "a device"
        }
    };
    let text = format!("{what}, not a regular file");
    Err(io::Error::new(io::ErrorKind::Unsupported, text))
}

/// Sets the permission bits of an open file.
pub fn set_mode(file: impl AsFd, mode: u32) -> io::Result<()> {
    Ok(nix::sys::stat::fchmod(
        file,
        Mode::from_bits_truncate(mode),
    )?)
}

/// Sets owner and group of an open file; `None` leaves that part as it is.
pub fn set_owner(file: impl AsFd, uid: Option<u32>, gid: Option<u32>) -> io::Result<()> {
    if uid.is_none() && gid.is_none() {
        return Ok(());
    }
    let (uid, gid) = (uid.map(Uid::from_raw), gid.map(Gid::from_raw));
    Ok(nix::unistd::fchown(file, uid, gid)?)
}

/// The error for a link or device in the place of a regular file.
fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "not a regular file")
}
