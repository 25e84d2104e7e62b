//! Socket files: complete before they have their name, and removed only if they are sockets.
//!
//! A socket is bound in a private folder, where no other user can exchange it while mode and owner
//! are set, and only then linked to its name. An old one is moved into a private folder before it
//! is judged and removed.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, RenameFlags, renameat2};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, bind, connect, socket};
use nix::sys::stat::{FchmodatFlags, Mode, fchmodat};
use nix::unistd::{Gid, Uid, fchownat, linkat};

use crate::folder::{About, FileType, Folder, Identity};
use crate::private::{INSIDE, Private};
use crate::trust::exposed;

/// Why a socket file cannot be made.
#[derive(Debug)]
pub enum BindError {
    /// It cannot be bound.
    Bind(io::Error),
    /// Its owner cannot be set.
    Owner(io::Error),
    /// Its mode cannot be set.
    Mode(io::Error),
}

/// What a socket file looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looks {
    /// Permission bits, whatever the umask.
    pub mode: u32,
    /// Owner; `None`: that of this process.
    pub uid: Option<u32>,
    /// Group; `None`: that of this process.
    pub gid: Option<u32>,
}

/// Makes a unix stream socket that has this name. `listen` is called once it is bound and has mode
/// and owner, and before any client can find it.
///
/// # Errors
/// [`BindError::Bind`] with `EADDRINUSE` if there is something of this name, with `ENAMETOOLONG`
/// if it does not fit into an address (107 bytes).
pub fn bind_unix_socket(
    path: &Path,
    looks: Looks,
    listen: impl FnOnce(BorrowedFd<'_>) -> io::Result<()>,
) -> Result<(OwnedFd, Identity), BindError> {
    let bound = |errno: Errno| BindError::Bind(errno.into());
    // clients have to be able to name it
    UnixAddr::new(path).map_err(bound)?;
    let (folder, name) = Folder::of(path).map_err(BindError::Bind)?;
    let private = Private::make(&folder).map_err(BindError::Bind)?;
    let socket = socket(
        AddressFamily::Unix,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC,
        None,
    )
    .map_err(bound)?;
    let outside = path.with_file_name(&private.name).join(INSIDE);
    through_procfs(private.folder.as_fd(), Some(INSIDE), &outside, |address| {
        bind(socket.as_raw_fd(), address)
    })
    .map_err(bound)?;
    let Looks { mode, uid, gid } = looks;
    if uid.is_some() || gid.is_some() {
        let (uid, gid) = (uid.map(Uid::from_raw), gid.map(Gid::from_raw));
        let no_follow = AtFlags::AT_SYMLINK_NOFOLLOW;
        fchownat(&private.folder, INSIDE, uid, gid, no_follow)
            .map_err(|errno| BindError::Owner(errno.into()))?;
    }
    // in the private folder the name cannot be a link
    let follow = FchmodatFlags::FollowSymlink;
    fchmodat(
        &private.folder,
        INSIDE,
        Mode::from_bits_truncate(mode),
        follow,
    )
    .map_err(|errno| BindError::Mode(errno.into()))?;
    listen(socket.as_fd()).map_err(BindError::Bind)?;
    let identity = publish(&private.folder, &folder, &name).map_err(BindError::Bind)?;
    Ok((socket, identity))
}

/// Uses the address of what is open, or of a name in it, by way of procfs: it always fits, and no
/// other user can exchange a part of it. Without procfs the path is used; what is done next then
/// finds out whether it led to the same.
fn through_procfs(
    open: BorrowedFd<'_>,
    name: Option<&str>,
    path: &Path,
    mut job: impl FnMut(&UnixAddr) -> Result<(), Errno>,
) -> Result<(), Errno> {
    let mut address = PathBuf::from(format!("/proc/self/fd/{}", open.as_raw_fd()));
    address.extend(name);
    match job(&UnixAddr::new(&address)?) {
        Err(Errno::ENOENT) => job(&UnixAddr::new(path)?),
        done => done,
    }
}

/// Gives the socket its name, unless that is taken.
fn publish(private: &Folder, folder: &Folder, name: &OsStr) -> io::Result<Identity> {
    let inside = OsStr::new(INSIDE);
    let about = private.look(inside)?.ok_or(io::ErrorKind::NotFound)?;
    match linkat(private, inside, folder, name, AtFlags::empty()) {
        Ok(()) => {}
        Err(Errno::EEXIST) => return Err(Errno::EADDRINUSE.into()),
        // a file system without hard links
        Err(Errno::EPERM | Errno::EOPNOTSUPP) => {
            move_to(private, inside, folder, name)?;
        }
        Err(errno) => return Err(errno.into()),
    }
    Ok(about.identity)
}

fn move_to(from: &Folder, name: &OsStr, to: &Folder, new: &OsStr) -> io::Result<()> {
    let flags = RenameFlags::RENAME_NOREPLACE;
    match renameat2(from, name, to, new, flags) {
        Err(Errno::EEXIST) => Err(Errno::EADDRINUSE.into()),
        done => Ok(done?),
    }
}

/// A socket file that was found, held so that it stays the same file.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    folder: Folder,
    name: OsString,
    held: OwnedFd,
    about: About,
}

impl SocketFile {
    /// What a path names, if anything; links are not followed.
    ///
    /// # Errors
    /// Those of the system; [`io::ErrorKind::IsADirectory`] if it is a folder,
    /// [`io::ErrorKind::Unsupported`] if it is anything else but a socket.
    pub fn find(path: &Path) -> io::Result<Option<Self>> {
        let (folder, name) = Folder::of(path)?;
        let held = match folder.open_at(&name, OFlag::O_PATH, 0) {
            Ok(held) => held,
            Err(Errno::ENOENT) => return Ok(None),
            Err(errno) => return Err(errno.into()),
        };
        let about = About::of(&held)?;
        if about.file_type == FileType::Folder {
            return Err(Errno::EISDIR.into());
        }
        if about.file_type != FileType::Socket {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "not a socket"));
        }
        Ok(Some(Self {
            path: path.to_owned(),
            folder,
            name,
            held,
            about,
        }))
    }

    /// Which file it is.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.about.identity
    }

    /// Connects a socket to it.
    ///
    /// # Errors
    /// Those of the system.
    pub fn connect(&self, socket: BorrowedFd<'_>) -> io::Result<()> {
        let done = through_procfs(self.held.as_fd(), None, &self.path, |address| {
            connect(socket.as_raw_fd(), address)
        });
        Ok(done?)
    }

    /// Removes it, if its name still stands for it. In a folder that other users can change it is
    /// moved into a private folder first, where it cannot be exchanged any more; anything else
    /// that was moved is given its name back.
    ///
    /// # Errors
    /// Those of the system.
    pub fn remove(self) -> io::Result<()> {
        let is_same =
            |found: Option<About>| found.is_some_and(|found| found.identity == self.about.identity);
        if !is_same(self.folder.look(&self.name)?) {
            return Ok(());
        }
        if exposed(About::of(&self.folder)?).is_none() {
            return self.folder.remove(&self.name);
        }
        let private = Private::make(&self.folder)?;
        let inside = OsStr::new(INSIDE);
        self.folder.rename(&self.name, &private.folder, inside)?;
        if is_same(private.folder.look(inside)?) {
            private.folder.remove(inside)
        } else {
            move_to(&private.folder, inside, &self.folder, &self.name)
        }
    }
}
