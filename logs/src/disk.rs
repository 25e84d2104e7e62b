//! The seam between log files and the operating system: tests put a disk that fails on
//! purpose behind it.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use nix::sys::socket::{MsgFlags, send};
use nix::sys::stat::fstat;
use visord_config::{LogFileConfig, Ownership};
use visord_files::FileType;
use visord_files::log::{descriptor_named, open_log};
use visord_model::output::rotation::LocalMoment;

pub(crate) use visord_files::Identity;
pub(crate) use visord_files::log::{How, Kind};

use crate::clock;

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
    /// leads to a character device or FIFO and no other user can change it
    /// (`files/src/log.rs`).
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
    /// Makes an empty log with this mode and owner, unless there is something of its name. It
    /// is never open to more users than it is to be.
    fn make(&mut self, path: &Path, keys: &LogFileConfig) -> io::Result<()>;
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
        open_log(path, how)
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
        let stat = fstat(file)?;
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
        Ok(match visord_files::look(path)? {
            None => Named::Nothing,
            Some(found) if found.file_type == FileType::Regular => Named::Regular(found.identity),
            Some(_) => Named::Other,
        })
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        visord_files::rename(from, to)
    }

    fn unlink(&mut self, path: &Path) -> io::Result<()> {
        visord_files::remove(path)
    }

    fn make(&mut self, path: &Path, keys: &LogFileConfig) -> io::Result<()> {
        if descriptor_named(path).is_some() {
            return Ok(());
        }
        match visord_files::create_new(path, 0o600) {
            Ok(file) => {
                let mode = keys.mode.unwrap_or_else(|| 0o666 & !umask());
                apply_mode_and_owner(&file, Some(mode), keys.owner)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
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
/// owner takes some bits away, and no other user may read it before it is theirs.
pub(crate) fn apply_mode_and_owner(
    file: &File,
    mode: Option<u32>,
    owner: Option<Ownership>,
) -> io::Result<()> {
    if let Some(owner) = owner {
        visord_files::set_owner(file, owner.uid, owner.gid)?;
    }
    mode.map_or(Ok(()), |mode| visord_files::set_mode(file, mode))
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
