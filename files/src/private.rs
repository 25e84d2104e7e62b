//! A folder that only the user of this process can enter, inside one that others may control.
//!
//! Another user who owns the outer folder can move it away, but cannot see or change anything in
//! it.

use std::ffi::{OsStr, OsString};
use std::io;
use std::iter::repeat_with;
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, SystemTime};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag};
use nix::sys::stat::{Mode, fstatat, mkdirat};
use nix::unistd::{UnlinkatFlags, geteuid, unlinkat};

use crate::folder::{FileInfo, FileType, Folder};

/// Names tried before giving up; one is enough unless another user moves them away.
const TRIES: usize = 100;

/// The only name in it.
pub(crate) const INSIDE: &str = "s";

/// How hidden names begin.
const PREFIX: &str = ".visord-";
/// Random characters after it.
const RANDOM: usize = 8;

/// What has a hidden name for longer than this was left behind by a crash.
const LEFT_BEHIND: Duration = Duration::from_secs(60);

/// A private folder. It should be empty when it is dropped, which removes it.
#[derive(Debug)]
pub(crate) struct Private<'a> {
    outer: &'a Folder,
    pub(crate) name: OsString,
    pub(crate) folder: Folder,
    is_kept: bool,
}

impl<'a> Private<'a> {
    /// Makes one, and removes what a crash left behind.
    pub(crate) fn make(outer: &'a Folder) -> io::Result<Self> {
        remove_left_behind(outer, SystemTime::now());
        for _ in 0..TRIES {
            let name = random_name();
            match mkdirat(outer, name.as_os_str(), Mode::S_IRWXU) {
                Err(Errno::EEXIST) => continue,
                made => made?,
            }
            // `None`: another user exchanged it
            if let Some(folder) = enter(outer, &name).inspect_err(|_| {
                // the first error is the one to report
                let _ = unlinkat(outer, name.as_os_str(), UnlinkatFlags::RemoveDir);
            })? {
                return Ok(Self {
                    outer,
                    name,
                    folder,
                    is_kept: false,
                });
            }
        }
        Err(io::Error::other("another user moves our files away"))
    }

    /// Leaves the folder, with what is in it, under a name that is not taken for something left
    /// behind. Returns that name.
    pub(crate) fn keep(mut self) -> OsString {
        self.is_kept = true;
        let mut kept = self.name.clone();
        kept.push("-kept");
        match self.outer.rename(&self.name, self.outer, &kept) {
            Ok(()) => kept,
            Err(_) => self.name.clone(),
        }
    }
}

impl Drop for Private<'_> {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        // it is already gone if it holds nothing; an empty folder that another user moved away
        // does no harm
        let _ = unlinkat(&self.folder, INSIDE, UnlinkatFlags::NoRemoveDir);
        let _ = unlinkat(self.outer, self.name.as_os_str(), UnlinkatFlags::RemoveDir);
    }
}

/// The folder that was just made; `None` if another is in its place.
fn enter(outer: &Folder, name: &OsStr) -> Result<Option<Folder>, Errno> {
    match outer.open_at(name, OFlag::O_RDONLY | OFlag::O_DIRECTORY, 0) {
        Ok(fd) => {
            let about = FileInfo::of(&fd)?;
            Ok(is_private(about).then(|| Folder::from(fd)))
        }
        Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// Removes what a crash left in this folder: private folders, and temporary files, of our own user
/// that are older than a minute. What cannot be removed does no harm.
pub(crate) fn remove_left_behind(outer: &Folder, now: SystemTime) {
    for name in outer.names().unwrap_or_default() {
        if is_hidden(&name) {
            let _ = remove_if_left_behind(outer, &name, now);
        }
    }
}

fn remove_if_left_behind(outer: &Folder, name: &OsStr, now: SystemTime) -> Result<(), Errno> {
    let stat = fstatat(outer, name, AtFlags::AT_SYMLINK_NOFOLLOW)?;
    let changed = Duration::from_secs(stat.st_ctime.try_into().unwrap_or(0));
    let age = now.duration_since(SystemTime::UNIX_EPOCH + changed);
    let about = FileInfo::from(stat);
    if about.uid != geteuid().as_raw() || !age.is_ok_and(|age| age > LEFT_BEHIND) {
        return Ok(());
    }
    if about.file_type == FileType::Regular {
        return unlinkat(outer, name, UnlinkatFlags::NoRemoveDir);
    }
    if about.file_type == FileType::Folder
        && let Some(folder) = enter(outer, name)?
    {
        match unlinkat(&folder, INSIDE, UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => {}
            Err(errno) => return Err(errno),
        }
        return unlinkat(outer, name, UnlinkatFlags::RemoveDir);
    }
    Ok(())
}

fn is_hidden(name: &OsStr) -> bool {
    let random = name.as_bytes().strip_prefix(PREFIX.as_bytes());
    random.is_some_and(|random| {
        random.len() == RANDOM && random.iter().all(u8::is_ascii_alphanumeric)
    })
}

fn is_private(about: FileInfo) -> bool {
    about.uid == geteuid().as_raw() && about.mode & 0o077 == 0
}

/// A hidden name that is not in use.
pub(crate) fn random_name() -> OsString {
    let random: String = repeat_with(fastrand::alphanumeric).take(RANDOM).collect();
    OsStr::new(&format!("{PREFIX}{random}")).to_owned()
}
