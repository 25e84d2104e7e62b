//! Who else can change what a path leads to.

use std::io;
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Group, Uid, User, getegid};

use crate::folder::{About, FileType, Passed, Target, Walk, is_ours, split};

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
/// what others own in it is found out there, and what root owns they cannot exchange.
///
/// # Errors
/// The path leads nowhere.
pub fn exposures(path: &Path) -> io::Result<Vec<Exposure>> {
    let mut found = Vec::new();
    let mut see = |passed: Passed<'_>| {
        if let Some(reason) = exposed(passed.about) {
            let exposure = Exposure {
                path: passed.path.to_owned(),
                file_type: passed.about.file_type,
                reason,
            };
            if !found.contains(&exposure) {
                found.push(exposure);
            }
        }
    };
    let absolute = std::path::absolute(path)?;
    follow(&absolute, &mut Walk::new(&mut see))?;
    Ok(found)
}

fn follow(path: &Path, walk: &mut Walk<'_>) -> io::Result<()> {
    let mut path = path.to_owned();
    let mut at = walk.start()?;
    loop {
        let (folder, name) = split(&path)?;
        at = walk.from(at, folder)?;
        let about = at.folder.look(name)?.ok_or(io::ErrorKind::NotFound)?;
        if about.file_type != FileType::Link {
            walk.pass(&at, name, about);
            return Ok(());
        }
        match walk.link(&at, name)?.1 {
            // something that is open has no path to it
            Target::Open => return Ok(()),
            Target::Path(target) => path = target,
        }
    }
}

/// Why another user can change this, if so.
pub(crate) fn exposed(about: About) -> Option<String> {
    const STICKY: u32 = 0o1000;
    if !is_ours(about.uid) {
        let user = User::from_uid(Uid::from_raw(about.uid)).ok().flatten();
        let user = user.map_or_else(|| format!("user {}", about.uid), |user| user.name);
        return Some(format!("is owned by {user}"));
    }
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
    fn who_may_write() {
        let about = |mode, uid, gid| About {
            file_type: FileType::Regular,
            identity: Identity {
                device: 1,
                inode: 1,
            },
            size: 0,
            uid,
            gid,
            mode,
        };
        let folder = |mode, uid| About {
            file_type: FileType::Folder,
            ..about(mode, uid, 0)
        };
        let (other, group) = (4_000_000, 4_000_001);
        for safe in [
            about(0o644, 0, 0),
            about(0o664, 0, 0),
            about(0o644, 0, group),
            folder(0o1777, 0),
            About {
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
