//! A folder that is held open, and what is done in it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, renameat};
use nix::libc::{S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK};
use nix::sys::stat::{FileStat, Mode, fstat, fstatat, mkdirat};
use nix::unistd::{AccessFlags, UnlinkatFlags, faccessat, geteuid, unlinkat};

use crate::not_regular;

/// Flags of every open: it never waits, and no terminal becomes the controlling one.
pub(crate) const CAREFUL: OFlag = OFlag::O_NONBLOCK.union(OFlag::O_NOCTTY);
pub(crate) const TO_READ: OFlag = OFlag::O_RDONLY.union(CAREFUL);
pub(crate) const TO_WRITE: OFlag = OFlag::O_WRONLY.union(CAREFUL);
pub(crate) const TO_APPEND: OFlag = OFlag::O_RDWR
    .union(OFlag::O_APPEND)
    .union(OFlag::O_CREAT)
    .union(CAREFUL);
pub(crate) const TO_CREATE: OFlag = OFlag::O_WRONLY.union(OFlag::O_CREAT).union(OFlag::O_EXCL);

/// What a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileType {
    /// A regular file.
    Regular,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A FIFO or pipe.
    Fifo,
    /// A socket.
    Socket,
    /// A character device: a terminal, `/dev/null`.
    CharacterDevice,
    /// A block device.
    BlockDevice,
}

/// Which file something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// The file system (`st_dev`).
    pub device: u64,
    /// The file on it.
    pub inode: u64,
}

/// What `stat` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileInfo {
    /// What it is.
    pub file_type: FileType,
    /// Which one.
    pub identity: Identity,
    /// Names it has; a file without any is gone as soon as it is closed.
    pub links: u64,
    /// Length in bytes.
    pub size: u64,
    /// When it was last written to, in seconds since 1970.
    pub modified: i64,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Permission bits, with set-id and sticky bits.
    pub mode: u32,
}

impl From<FileStat> for FileInfo {
    fn from(stat: FileStat) -> Self {
        Self {
            file_type: match stat.st_mode & S_IFMT {
                S_IFREG => FileType::Regular,
                S_IFDIR => FileType::Folder,
                S_IFLNK => FileType::Link,
                S_IFIFO => FileType::Fifo,
                S_IFSOCK => FileType::Socket,
                S_IFCHR => FileType::CharacterDevice,
                _block_device => FileType::BlockDevice,
            },
            identity: Identity {
                device: stat.st_dev,
                inode: stat.st_ino,
            },
            links: stat.st_nlink,
            size: stat.st_size.try_into().unwrap_or(0),
            modified: stat.st_mtime,
            uid: stat.st_uid,
            gid: stat.st_gid,
            mode: stat.st_mode & !S_IFMT,
        }
    }
}

impl FileInfo {
    /// What is open.
    ///
    /// # Errors
    /// Those of the system.
    pub fn of(file: impl AsFd) -> nix::Result<Self> {
        Ok(fstat(file)?.into())
    }

    /// Whether it is a regular file.
    #[must_use]
    pub fn is_regular(&self) -> bool {
        self.file_type == FileType::Regular
    }
}

/// An open folder.
#[derive(Debug)]
pub struct Folder(OwnedFd);

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl From<OwnedFd> for Folder {
    fn from(fd: OwnedFd) -> Self {
        Self(fd)
    }
}

impl Folder {
    /// What a name in it is; links are not followed.
    pub fn look(&self, name: &OsStr) -> io::Result<Option<FileInfo>> {
        match fstatat(self, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat.into())),
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// The names in it, in no order, without `.` and `..`.
    pub fn names(&self) -> io::Result<Vec<OsString>> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let mut entries = Dir::openat(self, ".", flags, Mode::empty())?;
        let mut names = Vec::new();
        for entry in entries.iter() {
            match entry?.file_name().to_bytes() {
                b"." | b".." => {}
                name => names.push(OsStr::from_bytes(name).to_owned()),
            }
        }
        Ok(names)
    }

    /// Holds a name in it open to ask for its metadata; it can be neither read nor
    /// written. Links are not followed.
    pub fn hold(&self, name: &OsStr) -> io::Result<File> {
        Ok(self.open_at(name, OFlag::O_PATH, 0)?.into())
    }

    /// Whether this process may make files in it.
    ///
    /// # Errors
    /// Those of the system: it may not.
    pub fn check_writable(&self) -> io::Result<()> {
        let mode = AccessFlags::W_OK | AccessFlags::X_OK;
        Ok(faccessat(self, ".", mode, AtFlags::AT_EACCESS)?)
    }

    /// As [`crate::create_new`].
    pub fn create_new(&self, name: &OsStr, mode: u32) -> io::Result<File> {
        Ok(self.open_at(name, TO_CREATE, mode)?.into())
    }

    /// Opens a folder in it, which is made with this mode (without the bits of the umask) if it is
    /// missing.
    ///
    /// # Errors
    /// Those of the system; a link, or anything else that is not a folder, is
    /// [`io::ErrorKind::NotADirectory`].
    pub fn enter(&self, name: &OsStr, mode: u32) -> io::Result<Self> {
        match mkdirat(self, name, Mode::from_bits_truncate(mode)) {
            Ok(()) | Err(Errno::EEXIST) => {}
            Err(errno) => return Err(errno.into()),
        }
        let opened = self.open_at(name, OFlag::O_PATH | OFlag::O_DIRECTORY, 0);
        Ok(opened?.into())
    }

    /// Renames a name in this folder to one in that, replacing it.
    pub fn rename(&self, from: &OsStr, target: &Self, to: &OsStr) -> io::Result<()> {
        Ok(renameat(self, from, target, to)?)
    }

    /// Removes a name that is not a folder.
    pub fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(self, name, UnlinkatFlags::NoRemoveDir)?)
    }

    /// Waits until its names are on the disk.
    pub fn sync(&self) -> io::Result<()> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY;
        File::from(self.open_at(OsStr::new("."), flags, 0)?).sync_all()
    }

    /// Opens a name in it without following a link.
    pub(crate) fn open_at(&self, name: &OsStr, flags: OFlag, mode: u32) -> Result<OwnedFd, Errno> {
        let flags = flags | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        openat(self, name, flags, Mode::from_bits_truncate(mode))
    }
}

/// A file that was opened, if it is a regular one.
pub(crate) fn regular(opened: Result<OwnedFd, Errno>) -> io::Result<File> {
    let file = match opened {
        Ok(fd) => File::from(fd),
        // a link; a socket or a FIFO without reader
        Err(Errno::ELOOP | Errno::ENXIO) => return Err(not_regular()),
        Err(errno) => return Err(errno.into()),
    };
    match FileInfo::of(&file)?.is_regular() {
        true => Ok(file),
        false => Err(not_regular()),
    }
}

pub(crate) fn split(path: &Path) -> io::Result<(&Path, &OsStr)> {
    // a path without a last name, as `/` and `..` are, leads to a folder
    let name = path.file_name().ok_or(Errno::EISDIR)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    Ok((folder, name))
}

/// Whether root or the user of this process is the owner of something.
pub(crate) fn is_ours(uid: u32) -> bool {
    uid == 0 || uid == geteuid().as_raw()
}
