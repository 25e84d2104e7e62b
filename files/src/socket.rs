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

use crate::folder::{FileInfo, FileType, Folder, Identity};
use crate::private::{INSIDE, Private};
use crate::trust::{exposed, exposures_of_folder};

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

impl From<io::Error> for BindError {
    fn from(error: io::Error) -> Self {
        Self::Bind(error)
    }
}

/// Makes a unix stream socket that has this name. Its file has these permission bits, whatever the
/// umask, and this user and group; `None`: that of this process. `listen` is called once the socket
/// is bound and has mode and owner, and before any client can find it.
///
/// # Errors
/// [`BindError::Bind`] with `EADDRINUSE` if there is something of this name, with `ENAMETOOLONG`
/// if it does not fit into an address (107 bytes).
pub fn bind_unix_socket(
    path: &Path,
    mode: u32,
    owner: (Option<u32>, Option<u32>),
    listen: impl FnOnce(BorrowedFd<'_>) -> io::Result<()>,
) -> Result<(OwnedFd, Identity), BindError> {
    let (folder, name) = Folder::of(path)?;
    let private = Private::make(&folder)?;
    let socket = bind_in(&private, path)?;
    if owner != (None, None) {
        let (uid, gid) = (owner.0.map(Uid::from_raw), owner.1.map(Gid::from_raw));
        fchownat(
            &private.folder,
            INSIDE,
            uid,
            gid,
            AtFlags::AT_SYMLINK_NOFOLLOW,
        )
        .map_err(|errno| BindError::Owner(errno.into()))?;
    }
    // in the private folder the name cannot be a link
    let (mode, follow) = (Mode::from_bits_truncate(mode), FchmodatFlags::FollowSymlink);
    fchmodat(&private.folder, INSIDE, mode, follow)
        .map_err(|errno| BindError::Mode(errno.into()))?;
    listen(socket.as_fd())?;
    let identity = publish(&private.folder, &folder, &name)?;
    Ok((socket, identity))
}

/// Binds a socket in a private folder, that is to have this path later. Tools and `getsockname` show
/// the address for ever, so the path in the private folder is used where it fits and no other user
/// can make it lead elsewhere.
fn bind_in(private: &Private<'_>, path: &Path) -> io::Result<OwnedFd> {
    // clients have to be able to name it
    UnixAddr::new(path)?;
    let flags = SockFlag::SOCK_CLOEXEC;
    let socket = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    let folder = path.with_file_name(&private.name);
    let outside = folder.join(INSIDE);
    let bind_to = |address: &UnixAddr| bind(socket.as_raw_fd(), address);
    match UnixAddr::new(&outside) {
        Ok(address) if exposures_of_folder(&folder).is_empty() => bind_to(&address),
        Ok(_) | Err(_) => through_procfs(private.folder.as_fd(), Some(INSIDE), &outside, bind_to),
    }?;
    Ok(socket)
}

/// Uses the address of what is open, or of a name in it, in procfs: it always fits, and no
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
        Err(Errno::EPERM | Errno::EOPNOTSUPP | Errno::ENOSYS | Errno::EINVAL) => {
            move_to(private, inside, folder, name)?;
        }
        Err(errno) => return Err(errno.into()),
    }
    Ok(about.identity)
}

/// Renames unless the new name is taken. Some file systems cannot do that in one step; in a folder
/// that no other user can change it is done in two.
fn move_to(from: &Folder, name: &OsStr, to: &Folder, new: &OsStr) -> io::Result<()> {
    match renameat2(from, name, to, new, RenameFlags::RENAME_NOREPLACE) {
        Err(Errno::EEXIST) => Err(Errno::EADDRINUSE.into()),
        Err(Errno::EINVAL | Errno::ENOSYS) => move_in_two_steps(from, name, to, new),
        done => Ok(done?),
    }
}

fn move_in_two_steps(from: &Folder, name: &OsStr, to: &Folder, new: &OsStr) -> io::Result<()> {
    if let Some(reason) = exposed(FileInfo::of(to)?) {
        let text = format!(
            "the file system has neither hard links nor renames that do not replace, and the \
             folder {reason}"
        );
        return Err(io::Error::new(io::ErrorKind::Unsupported, text));
    }
    match to.look(new)? {
        Some(_) => Err(Errno::EADDRINUSE.into()),
        None => from.rename(name, to, new),
    }
}

/// A socket file that was found, held so that it stays the same file.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    folder: Folder,
    name: OsString,
    held: OwnedFd,
    about: FileInfo,
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
        let about = FileInfo::of(&held)?;
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
    pub fn connect(&self, socket: BorrowedFd<'_>) -> io::Result<()> {
        let done = through_procfs(self.held.as_fd(), None, &self.path, |address| {
            connect(socket.as_raw_fd(), address)
        });
        Ok(done?)
    }

    /// Removes it, if it still has its name. In a folder that other users can change it is
    /// moved into a private folder first, where it cannot be exchanged any more; anything else
    /// that was moved is given its name back.
    pub fn remove(self) -> io::Result<()> {
        let is_same = |found: Option<FileInfo>| {
            found.is_some_and(|found| found.identity == self.about.identity)
        };
        if !is_same(self.folder.look(&self.name)?) {
            return Ok(());
        }
        if exposed(FileInfo::of(&self.folder)?).is_none() {
            return self.folder.remove(&self.name);
        }
        let private = Private::make(&self.folder)?;
        let inside = OsStr::new(INSIDE);
        self.folder.rename(&self.name, &private.folder, inside)?;
        if is_same(private.folder.look(inside)?) {
            private.folder.remove(inside)
        } else {
            give_back(private, &self.folder, &self.name, &self.path)
        }
    }
}

/// Gives something that was moved into a private folder its name back; otherwise it stays there.
fn give_back(private: Private<'_>, folder: &Folder, name: &OsStr, path: &Path) -> io::Result<()> {
    let moved = move_to(&private.folder, OsStr::new(INSIDE), folder, name);
    moved.map_err(|error| {
        let kept = path.with_file_name(private.keep()).join(INSIDE);
        let (path, kept) = (path.display(), kept.display());
        let text = format!("{path} was moved to {kept} and cannot be moved back: {error}");
        io::Error::new(error.kind(), text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_cannot_be_given_back_is_kept() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("name");
        let (folder, name) = Folder::of(&path).expect("a folder");
        for is_taken in [false, true] {
            let private = Private::make(&folder).expect("made");
            fs::write(&path, "moved").expect("a file");
            let inside = OsStr::new(INSIDE);
            folder
                .rename(&name, &private.folder, inside)
                .expect("moved");
            if is_taken {
                fs::write(&path, "new").expect("a file");
            }
            let given = give_back(private, &folder, &name, &path);
            let text = fs::read_to_string(&path).expect("text");
            if is_taken {
                let error = given.expect_err("taken").to_string();
                let kept = error.split(" was moved to ").nth(1).expect("a name");
                let kept = kept.split(' ').next().expect("a name");
                assert_eq!(text, "new");
                assert_eq!(fs::read_to_string(kept).expect("kept"), "moved");
            } else {
                given.expect("given back");
                assert_eq!(text, "moved");
                assert_eq!(fs::read_dir(place.path()).expect("a folder").count(), 1);
            }
        }
    }

    #[test]
    fn two_steps_need_a_folder_of_our_own() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(place.path()).expect("a folder");
        let two_steps = |from: &str, to: &str| {
            fs::write(place.path().join(from), "text").expect("a file");
            move_in_two_steps(&folder, OsStr::new(from), &folder, OsStr::new(to))
        };
        two_steps("a", "b").expect("renamed");
        let error = two_steps("c", "b").expect_err("taken");
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o777)).expect("mode");
        let error = two_steps("c", "d").expect_err("open to all");
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
    }
}
