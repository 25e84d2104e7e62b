//! The seam between log files and the operating system: tests put a disk that fails on
//! purpose behind it.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use nix::fcntl::{OFlag, open};
use nix::sys::socket::{MsgFlags, send};
use nix::sys::stat::Mode;
use visord_config::Ownership;
use visord_model::output::rotation::LocalMoment;

use super::clock;

/// How to open a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// Keep what is there; create the file if it is missing.
    Append,
    /// Start empty: after a rotation.
    Truncate,
}

/// How a log that is made looks (`*_logfile_mode`, `*_logfile_owner`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Making {
    /// Permission bits; `None`: 0666 less the umask.
    pub(crate) mode: Option<u32>,
    /// Owner and group; `None`: the daemon's.
    pub(crate) owner: Option<Ownership>,
}

/// What kind of thing a log turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A regular file of our own: may be rotated, cleared, unlinked.
    Regular,
    /// A regular file somebody handed us as a descriptor (`/dev/stdout`): only written.
    Borrowed,
    /// FIFO, pipe, terminal, other device: only written, and waited for while it is full.
    Pollable,
    /// A socket among our own descriptors.
    Socket,
}

impl Kind {
    /// Whether epoll reports when it takes bytes again.
    pub(crate) const fn is_polled(self) -> bool {
        match self {
            Self::Pollable | Self::Socket => true,
            Self::Regular | Self::Borrowed => false,
        }
    }
}

/// What can be learned about an open file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    /// Length in bytes.
    pub(crate) size: u64,
    /// Names it has; without any it is lost as soon as it is closed.
    pub(crate) links: u64,
    /// Which file it is: file system and inode.
    pub(crate) identity: Identity,
    /// When it was last written to, in seconds since 1970.
    pub(crate) modified: i64,
}

/// Which file something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The file system (`st_dev`).
    pub(crate) device: u64,
    /// The file on it.
    pub(crate) inode: u64,
}

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// Nothing.
    Nothing,
    /// A regular file.
    Regular(Identity),
    /// Anything else, symbolic links included.
    Other,
}

/// Everything a log does to a file system.
pub(crate) trait Disk {
    /// An open log.
    type File;

    /// Opens a log. A symbolic link as last component is refused with ELOOP unless it
    /// leads to a character device or FIFO (decision Q38).
    fn open(&mut self, path: &Path, how: How) -> io::Result<(Self::File, Kind)>;
    /// Writes once; may write less, or nothing (`WouldBlock`): to a full pollable, and to a
    /// regular file while its file system answers EAGAIN.
    fn write(&mut self, file: &Self::File, kind: Kind, bytes: &[u8]) -> io::Result<usize>;
    /// Size, links and identity of an open file.
    fn status(&mut self, file: &Self::File) -> io::Result<Status>;
    /// What a path names; symbolic links are not followed.
    fn named(&mut self, path: &Path) -> io::Result<Named>;
    /// Renames, replacing the target.
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a name.
    fn unlink(&mut self, path: &Path) -> io::Result<()>;
    /// Makes an empty log that looks like this, unless there is something of its name. It
    /// is never open to more people than it is to be.
    fn make(&mut self, path: &Path, making: Making) -> io::Result<()>;
    /// What the wall clock shows.
    fn now(&mut self) -> LocalMoment;
    /// A moment in seconds since 1970 where the clock is.
    fn local(&mut self, unix: i64) -> LocalMoment;
}

/// The real one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RealDisk;

impl Disk for RealDisk {
    type File = OwnedFd;

    fn open(&mut self, path: &Path, how: How) -> io::Result<(OwnedFd, Kind)> {
        match descriptor_named(path) {
            Some(number) => open_descriptor(path, number),
            None => open_named(path, how),
        }
    }

    fn write(&mut self, file: &OwnedFd, kind: Kind, bytes: &[u8]) -> io::Result<usize> {
        match kind {
            Kind::Regular | Kind::Borrowed | Kind::Pollable => Ok(nix::unistd::write(file, bytes)?),
            Kind::Socket => Ok(send(
                file.as_raw_fd(),
                bytes,
                MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL,
            )?),
        }
    }

    fn status(&mut self, file: &OwnedFd) -> io::Result<Status> {
        let stat = nix::sys::stat::fstat(file)?;
        Ok(Status {
            size: u64::try_from(stat.st_size).unwrap_or(0),
            links: stat.st_nlink,
            identity: Identity {
                device: stat.st_dev,
                inode: stat.st_ino,
            },
            modified: stat.st_mtime,
        })
    }

    fn named(&mut self, path: &Path) -> io::Result<Named> {
        match path.symlink_metadata() {
            Ok(metadata) if metadata.is_file() => Ok(Named::Regular(Identity {
                device: metadata.dev(),
                inode: metadata.ino(),
            })),
            Ok(_) => Ok(Named::Other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Named::Nothing),
            Err(error) => Err(error),
        }
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn unlink(&mut self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn make(&mut self, path: &Path, making: Making) -> io::Result<()> {
        if descriptor_named(path).is_some() {
            return Ok(());
        }
        let new = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW;
        match open(path, flags() | new, Mode::S_IRUSR | Mode::S_IWUSR) {
            Ok(fd) => furnish(&fd, making),
            Err(nix::errno::Errno::EEXIST) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn now(&mut self) -> LocalMoment {
        let seconds = clock::since_1970().as_secs();
        self.local(i64::try_from(seconds).unwrap_or(i64::MAX))
    }

    fn local(&mut self, unix: i64) -> LocalMoment {
        clock::local(unix)
    }
}

/// Gives a file that was just made, 0600, its owner and mode. The mode comes last: a new
/// owner takes some bits away, and nobody else may read it before it is theirs.
fn furnish(fd: &OwnedFd, making: Making) -> io::Result<()> {
    if let Some(owner) = making.owner {
        let uid = owner.uid.map(nix::unistd::Uid::from_raw);
        let gid = owner.gid.map(nix::unistd::Gid::from_raw);
        nix::unistd::fchown(fd, uid, gid)?;
    }
    let mode = making.mode.unwrap_or_else(|| 0o666 & !umask());
    nix::sys::stat::fchmod(fd, Mode::from_bits_truncate(mode))?;
    Ok(())
}

/// The file creation mask of the daemon, without changing it. One that cannot be read
/// counts as the strictest.
fn umask() -> u32 {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| {
            let mut lines = status.lines();
            let mask = lines.find_map(|line| line.strip_prefix("Umask:"))?;
            u32::from_str_radix(mask.trim(), 8).ok()
        })
        .unwrap_or(0o777)
}

/// The descriptor a path stands for, if it is one of the names of our own descriptors.
fn descriptor_named(path: &Path) -> Option<i32> {
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

/// Flags of every open: nothing here may hang on a FIFO without reader or become a
/// controlling terminal.
fn flags() -> OFlag {
    OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY
}

/// Opens what one of our descriptors leads to. Opening it anew gives a description of its
/// own, so that non-blocking mode is not imposed on whoever shares the descriptor.
fn open_descriptor(path: &Path, number: i32) -> io::Result<(OwnedFd, Kind)> {
    match open(path, flags(), Mode::empty()) {
        Ok(fd) => {
            let kind = kind_of(&fd)?;
            let kind = if kind == Kind::Regular {
                Kind::Borrowed
            } else {
                kind
            };
            Ok((fd, kind))
        }
        // a socket has no file to open: share the descriptor and never block per call
        Err(error) => match duplicate(number) {
            Ok(fd) if kind_of(&fd)? == Kind::Socket => Ok((fd, Kind::Socket)),
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

fn open_named(path: &Path, how: How) -> io::Result<(OwnedFd, Kind)> {
    use nix::errno::Errno;
    let truncate = match how {
        How::Append => OFlag::empty(),
        How::Truncate => OFlag::O_TRUNC,
    };
    let first = open(
        path,
        flags() | truncate | OFlag::O_CREAT | OFlag::O_NOFOLLOW,
        Mode::from_bits_truncate(0o666),
    );
    match first {
        Ok(fd) if file_type(&fd)? == libc::S_IFIFO => open_fifo(path),
        Ok(fd) => {
            let kind = kind_of(&fd)?;
            Ok((fd, kind))
        }
        // a FIFO without reader, or a link that may lead to a device or FIFO
        Err(error @ (Errno::ENXIO | Errno::ELOOP)) => {
            let target = path.metadata()?.file_type();
            if target.is_fifo() {
                open_fifo(path)
            } else if target.is_char_device() {
                let fd = open(path, flags(), Mode::empty())?;
                if file_type(&fd)? == libc::S_IFCHR {
                    Ok((fd, Kind::Pollable))
                } else {
                    // the link was turned around meanwhile
                    Err(error.into())
                }
            } else {
                Err(error.into())
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// A FIFO is opened for both directions: without a reader its bytes wait instead of
/// failing, and a reader may come and go.
fn open_fifo(path: &Path) -> io::Result<(OwnedFd, Kind)> {
    let flags = OFlag::O_RDWR | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let fd = open(path, flags, Mode::empty())?;
    if file_type(&fd)? == libc::S_IFIFO {
        Ok((fd, Kind::Pollable))
    } else {
        // replaced between the two opens
        Err(io::Error::from_raw_os_error(libc::ENXIO))
    }
}

fn kind_of(fd: &OwnedFd) -> io::Result<Kind> {
    Ok(match file_type(fd)? {
        libc::S_IFREG => Kind::Regular,
        libc::S_IFSOCK => Kind::Socket,
        _device_or_pipe => Kind::Pollable,
    })
}

fn file_type(fd: &OwnedFd) -> io::Result<libc::mode_t> {
    Ok(nix::sys::stat::fstat(fd)?.st_mode & libc::S_IFMT)
}
