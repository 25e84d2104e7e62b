//! Logs that the daemon writes: regular files, and the devices, FIFOs and sockets that a
//! configuration names.
//!
//! A log is opened without following a link. There is one exception: a link leads to a character
//! device or FIFO if root or the user of this process owns both the link and its folder, as with
//! `/dev/stdout` or `/var/log/nginx/access.log -> /dev/stdout` in an image. A link in a folder of
//! another user is never followed, even one that root made.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::Mode;

use crate::folder::{CAREFUL, FileInfo, FileType, Folder, TO_WRITE, is_ours, split};
use crate::walk::{At, Walk};

/// How to open a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Keep what is there; create the file if it is missing.
    Append,
    /// Start empty: after a rotation.
    Truncate,
}

/// What kind of thing a log turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file of our own: may be rotated, cleared, unlinked.
    Regular,
    /// A regular file that this process was given as a descriptor (`/dev/stdout`): only written.
    Borrowed,
    /// FIFO, pipe, terminal, other device: only written, and waited for while it is full.
    Pollable,
    /// A socket among our own descriptors.
    Socket,
}

impl Kind {
    /// Whether epoll reports when it takes bytes again.
    #[must_use]
    pub const fn is_polled(self) -> bool {
        match self {
            Self::Pollable | Self::Socket => true,
            Self::Regular | Self::Borrowed => false,
        }
    }
}

/// Opens a log to write to; never waits for the reader of a FIFO.
///
/// # Errors
/// Those of the system; `ELOOP` for a link that is not followed.
pub fn open_log(path: &Path, how: How) -> io::Result<(OwnedFd, Kind)> {
    if let Some(number) = descriptor_named(path) {
        return open_descriptor(path, number);
    }
    let (folder, name) = Folder::of(path)?;
    let create = match how {
        How::Append => OFlag::O_CREAT,
        How::Truncate => OFlag::O_CREAT | OFlag::O_TRUNC,
    };
    match open_at(&folder, &name, create | OFlag::O_NOFOLLOW) {
        Err(Errno::ELOOP) => {
            let at = At::new(folder, path.parent().unwrap_or(path));
            through(&mut Walk::new(None), at, &name)
        }
        opened => {
            let (fd, file_type) = opened?;
            Ok((fd, kind_of(file_type)))
        }
    }
}

/// The descriptor a path stands for, if it is one of the names of our own descriptors.
#[must_use]
pub fn descriptor_named(path: &Path) -> Option<i32> {
    let text = path.to_str()?;
    match text {
        "/dev/stdout" => return Some(1),
        "/dev/stderr" => return Some(2),
        _other_path => {}
    }
    let number = text
        .strip_prefix("/dev/fd/")
        .or_else(|| text.strip_prefix("/proc/self/fd/"))?;
    number.parse().ok()
}

const FLAGS: OFlag = TO_WRITE.union(OFlag::O_APPEND).union(OFlag::O_CLOEXEC);

/// Opens what one of our descriptors leads to. A second open gives a description of its own, so
/// that non-blocking mode is not imposed on other users of the descriptor.
fn open_descriptor(path: &Path, number: i32) -> io::Result<(OwnedFd, Kind)> {
    match open(path, FLAGS, Mode::empty()) {
        Ok(fd) => {
            let kind = match kind_of(FileInfo::of(&fd)?.file_type) {
                Kind::Regular => Kind::Borrowed,
                kind @ (Kind::Borrowed | Kind::Pollable | Kind::Socket) => kind,
            };
            Ok((fd, kind))
        }
        // a socket has no file to open: share the descriptor and never block per call
        Err(error) => match duplicate(number) {
            Ok(fd) if FileInfo::of(&fd)?.file_type == FileType::Socket => Ok((fd, Kind::Socket)),
            Ok(_) | Err(_) => Err(error.into()),
        },
    }
}

/// A copy of one of our own descriptors. Only the standard ones can be borrowed safely.
fn duplicate(number: i32) -> io::Result<OwnedFd> {
    match number {
        1 => io::stdout().as_fd().try_clone_to_owned(),
        2 => io::stderr().as_fd().try_clone_to_owned(),
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// Opens the device or FIFO that a link leads to.
fn through(walk: &mut Walk<'_>, at: At, name: &OsStr) -> io::Result<(OwnedFd, Kind)> {
    let refused = || io::Error::from(Errno::ELOOP);
    let (link, target) = walk.link(&at, name)?;
    if !is_ours(link.uid) || !is_ours(FileInfo::of(&at.folder)?.uid) {
        return Err(refused());
    }
    match target {
        None => open_special(&at.folder, name, OFlag::empty()),
        Some(target) => {
            let (folder, name) = split(&target)?;
            let at = walk.from(at, folder)?;
            match at.folder.look(name)?.map(|about| about.file_type) {
                Some(FileType::Link) => through(walk, at, name),
                Some(FileType::Fifo | FileType::CharacterDevice) => {
                    open_special(&at.folder, name, OFlag::O_NOFOLLOW)
                }
                Some(_) | None => Err(refused()),
            }
        }
    }
}

fn open_special(folder: &Folder, name: &OsStr, follow: OFlag) -> io::Result<(OwnedFd, Kind)> {
    match open_at(folder, name, follow)? {
        (fd, FileType::CharacterDevice | FileType::Fifo) => Ok((fd, Kind::Pollable)),
        _other => Err(Errno::ELOOP.into()),
    }
}

/// Opens a name in a folder. A FIFO is opened for both directions: without a reader its bytes wait
/// instead of failing, and a reader may come and go.
fn open_at(folder: &Folder, name: &OsStr, more: OFlag) -> nix::Result<(OwnedFd, FileType)> {
    match openat(folder, name, FLAGS | more, Mode::from_bits_truncate(0o666)) {
        Ok(fd) => {
            let file_type = FileInfo::of(&fd)?.file_type;
            if file_type != FileType::Fifo {
                return Ok((fd, file_type));
            }
        }
        // a FIFO without reader
        Err(Errno::ENXIO) => {}
        Err(errno) => return Err(errno),
    }
    let both = OFlag::O_RDWR | CAREFUL | OFlag::O_CLOEXEC | (more & OFlag::O_NOFOLLOW);
    let fd = openat(folder, name, both, Mode::empty())?;
    let file_type = FileInfo::of(&fd)?.file_type;
    // it may have been replaced between the two opens
    let is_fifo = file_type == FileType::Fifo;
    is_fifo.then_some((fd, file_type)).ok_or(Errno::ENXIO)
}

fn kind_of(file_type: FileType) -> Kind {
    match file_type {
        FileType::Regular => Kind::Regular,
        FileType::Socket => Kind::Socket,
        FileType::Folder
        | FileType::Link
        | FileType::Fifo
        | FileType::CharacterDevice
        | FileType::BlockDevice => Kind::Pollable,
    }
}
