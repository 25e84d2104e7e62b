//! Who else can change what a path leads to.

use std::io;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::sys::statvfs::{FsFlags, fstatvfs};
use nix::unistd::{Gid, Group, Uid, User, getegid};

use crate::folder::{FileInfo, FileType, Folder, is_ours, split};
use crate::read_linked;
use crate::walk::{At, Walk};

/// Something on the way to a file that another user can change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// The file itself, a folder, or a link.
    pub path: PathBuf,
    /// Which of these it is.
    pub file_type: FileType,
    /// Why, to be put after its path: `is owned by alice`.
    pub reason: String,
}

/// Everything on the way to a file, and the file itself, that a user can change who is neither
/// root nor the user of this process: the owner must be one of these two, and other users must not
/// be able to write. A folder that they can write to is accepted if it is sticky, as `/tmp` is:
/// what others own in it is found out there, and what root owns they cannot exchange. The mode of
/// something on a read-only mount does not count, nor does an owner that has no number in this
/// user namespace.
///
/// Links are followed as the kernel does. A path that leads nowhere, or cannot be looked at, is one
/// exposure more.
#[must_use]
pub fn exposures(path: &Path) -> Vec<Exposure> {
    examine(path, follow)
}

/// As [`exposures`], of a folder. One that is missing, or only in part there, is not an exposure.
#[must_use]
pub fn exposures_of_folder(path: &Path) -> Vec<Exposure> {
    examine(path, |path, walk| match walk.folder(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        walked => walked.map(drop),
    })
}

fn examine(
    path: &Path,
    examine: impl FnOnce(&Path, &mut Walk<'_>) -> io::Result<()>,
) -> Vec<Exposure> {
    let unknown = unknown_owner();
    let mut found = Vec::new();
    let mut see = |folder: &Folder, path: &Path, about: FileInfo| {
        let reason = if unknown == Some(about.uid) {
            writable(about)
        } else {
            exposed(about)
        };
        let Some(reason) = reason else { return };
        if (is_ours(about.uid) || unknown == Some(about.uid))
            && is_read_only(folder, path, about.file_type)
        {
            return;
        }
        let exposure = Exposure {
            path: path.to_owned(),
            file_type: about.file_type,
            reason,
        };
        if !found.contains(&exposure) {
            found.push(exposure);
        }
    };
    let examined =
        std::path::absolute(path).and_then(|path| examine(&path, &mut Walk::new(Some(&mut see))));
    if let Err(error) = examined {
        found.push(Exposure {
            path: path.to_owned(),
            file_type: FileType::Regular,
            reason: format!("cannot be examined: {error}"),
        });
    }
    found
}

/// Whether this is on a mount that is read-only; a file may be one of its own.
fn is_read_only(folder: &Folder, path: &Path, file_type: FileType) -> bool {
    let flags = match (file_type, path.file_name()) {
        (FileType::Folder, _) | (_, None) => fstatvfs(folder),
        (_, Some(name)) => folder
            .open_at(name, OFlag::O_PATH, 0)
            .and_then(|file| fstatvfs(&file)),
    };
    flags.is_ok_and(|stat| stat.flags().contains(FsFlags::ST_RDONLY))
}

/// The uid of all owners without a number in this user namespace; `None` if each has one.
fn unknown_owner() -> Option<u32> {
    let read = |path| read_linked(Path::new(path)).ok();
    let map = String::from_utf8(read("/proc/self/uid_map")?).ok()?;
    if is_full(&map) {
        return None;
    }
    let overflow = String::from_utf8(read("/proc/sys/kernel/overflowuid")?).ok()?;
    overflow.trim().parse().ok()
}

/// Whether a map of a user namespace has all ids: lines of first id inside, first outside, count.
fn is_full(map: &str) -> bool {
    let counts = map.lines().filter_map(|line| {
        let count = line.split_whitespace().nth(2)?;
        count.parse::<u64>().ok()
    });
    counts.sum::<u64>() >= u64::from(u32::MAX)
}

fn follow(path: &Path, walk: &mut Walk<'_>) -> io::Result<()> {
    let mut path = path.to_owned();
    let mut at = At::start(&path)?;
    loop {
        let (folder, name) = split(&path)?;
        at = walk.from(at, folder)?;
        let about = at.folder.look(name)?.ok_or(io::ErrorKind::NotFound)?;
        if about.file_type != FileType::Link {
            walk.pass(&at, name, about);
            return Ok(());
        }
        match walk.link(&at, name)?.1 {
            Some(target) => path = target,
            // something that is open has no path to it
            None => return Ok(()),
        }
    }
}

/// Why another user can change this, if so.
pub(crate) fn exposed(about: FileInfo) -> Option<String> {
    if !is_ours(about.uid) {
        let user = User::from_uid(Uid::from_raw(about.uid)).ok().flatten();
        let user = user.map_or_else(|| format!("user {}", about.uid), |user| user.name);
        return Some(format!("is owned by {user}"));
    }
    writable(about)
}

/// Why another user than the owner can change this, if so.
fn writable(about: FileInfo) -> Option<String> {
    const STICKY: u32 = 0o1000;
    let is_sticky = about.file_type == FileType::Folder && about.mode & STICKY != 0;
    if about.file_type == FileType::Link || is_sticky {
        return None;
    }
    if about.mode & 0o002 != 0 {
        return Some("is writable by every user".to_owned());
    }
    let is_ours = about.gid == 0 || about.gid == getegid().as_raw();
    (about.mode & 0o020 != 0 && !is_ours).then(|| {
        let group = Group::from_gid(Gid::from_raw(about.gid)).ok().flatten();
        let group = group.map_or_else(|| about.gid.to_string(), |group| group.name);
        format!("is writable by group {group}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::Identity;

    #[test]
    fn maps_of_user_namespaces() {
        assert!(is_full("         0          0 4294967295\n"));
        assert!(!is_full("0 1000 1\n"));
        assert!(!is_full("0 1000 1\n1 100000 65536\n"));
        assert!(!is_full(""));
    }

    #[test]
    fn who_may_write() {
        let about = |mode, uid, gid| FileInfo {
            file_type: FileType::Regular,
            identity: Identity {
                device: 1,
                inode: 1,
            },
            links: 1,
            size: 0,
            modified: 0,
            uid,
            gid,
            mode,
        };
        let folder = |mode, uid| FileInfo {
            file_type: FileType::Folder,
            ..about(mode, uid, 0)
        };
        let (other, group) = (4_000_000, 4_000_001);
        for safe in [
            about(0o644, 0, 0),
            about(0o664, 0, 0),
            about(0o644, 0, group),
            folder(0o1777, 0),
            FileInfo {
                file_type: FileType::Link,
                ..about(0o777, 0, 0)
            },
        ] {
            assert_eq!(exposed(safe), None, "{safe:?}");
        }
        for (open, reason) in [
            (about(0o600, other, 0), "is owned by user 4000000"),
            (about(0o664, 0, group), "is writable by group 4000001"),
            (about(0o646, 0, 0), "is writable by every user"),
            (folder(0o777, 0), "is writable by every user"),
            (folder(0o1777, other), "is owned by user 4000000"),
        ] {
            assert_eq!(exposed(open).as_deref(), Some(reason));
        }
    }
}
