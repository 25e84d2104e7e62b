//! The seam between log files and the operating system: tests put a disk that fails on
//! purpose behind it.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use nix::sys::socket::{MsgFlags, send};
use visord_config::{LogFileConfig, Ownership};
use visord_files::log::{descriptor_named, open_log};
use visord_model::output::rotation::LocalMoment;

pub(crate) use visord_files::log::{How, Kind};
pub(crate) use visord_files::{FileInfo, Identity};

use crate::clock;

/// Everything a log does to a file system.
pub(crate) trait Disk {
    type File;

    /// Opens a log. A symbolic link as last component is refused with ELOOP unless it
    /// leads to a character device or FIFO and no other user can change it
    /// (`files/src/log.rs`).
    fn open(&mut self, path: &Path, how: How) -> io::Result<(Self::File, Kind)>;
    /// Writes once; may write less, or nothing (`WouldBlock`): to a full pollable, and to a
    /// regular file while its file system answers EAGAIN.
    fn write(&mut self, file: &Self::File, kind: Kind, bytes: &[u8]) -> io::Result<usize>;
    /// What is open.
    fn status(&mut self, file: &Self::File) -> io::Result<FileInfo>;
    /// What a path names, if anything; symbolic links are not followed.
    fn look(&mut self, path: &Path) -> io::Result<Option<FileInfo>>;
    /// Renames, replacing the target.
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()>;
    fn unlink(&mut self, path: &Path) -> io::Result<()>;
    /// Makes an empty log with this mode and owner, unless there is something of its name. It
    /// is never open to more users than it is to be.
    fn make(&mut self, path: &Path, keys: &LogFileConfig) -> io::Result<()>;
    fn now(&mut self) -> LocalMoment;
    /// A moment in seconds since 1970 where the clock is.
    fn local(&mut self, unix: i64) -> LocalMoment;
}

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

    fn status(&mut self, file: &OwnedFd) -> io::Result<FileInfo> {
        Ok(FileInfo::of(file)?)
    }

    fn look(&mut self, path: &Path) -> io::Result<Option<FileInfo>> {
        visord_files::look(path)
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
        let file = match visord_files::create_new(path, 0o600) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
            made => made?,
        };
        let mode = keys.mode.unwrap_or_else(|| 0o666 & !umask());
        apply_mode_and_owner(&file, Some(mode), keys.owner)
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
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    let mask = mask.and_then(|mask| u32::from_str_radix(mask.trim(), 8).ok());
    mask.unwrap_or(0o777)
}
