//! A folder that only the user of this process can enter, inside one that others may control.
//!
//! Another user who owns the outer folder can move it away, but cannot look or change anything in
//! it: names in it mean what we made them mean.

use std::ffi::{OsStr, OsString};
use std::io;
use std::iter::repeat_with;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::{UnlinkatFlags, geteuid, unlinkat};

use crate::folder::{About, Folder};

/// Names tried before giving up; one is enough unless another user moves them away.
const TRIES: usize = 100;

/// The only name in it.
pub(crate) const INSIDE: &str = "s";

/// See the module. Its folder should be empty when it is dropped, which removes it.
#[derive(Debug)]
pub(crate) struct Private<'a> {
    outer: &'a Folder,
    pub(crate) name: OsString,
    pub(crate) folder: Folder,
}

impl<'a> Private<'a> {
    pub(crate) fn make(outer: &'a Folder) -> io::Result<Self> {
        for _ in 0..TRIES {
            let name = random_name();
            match mkdirat(outer, name.as_os_str(), Mode::S_IRWXU) {
                Ok(()) => {}
                Err(Errno::EEXIST) => continue,
                Err(errno) => return Err(errno.into()),
            }
            let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY;
            match outer.open_at(&name, flags, 0) {
                Ok(fd) if is_private(About::of(&fd)?) => {
                    let folder = Folder::from(fd);
                    return Ok(Self {
                        outer,
                        name,
                        folder,
                    });
                }
                // another user exchanged it
                Ok(_) | Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Err(io::Error::other("another user moves our files away"))
    }
}

impl Drop for Private<'_> {
    fn drop(&mut self) {
        // it is already gone if it holds nothing; an empty folder that another user moved away
        // does no harm
        let _ = unlinkat(&self.folder, INSIDE, UnlinkatFlags::NoRemoveDir);
        let _ = unlinkat(self.outer, self.name.as_os_str(), UnlinkatFlags::RemoveDir);
    }
}

fn is_private(about: About) -> bool {
    about.uid == geteuid().as_raw() && about.mode & 0o077 == 0
}

/// A hidden name that is not in use.
pub(crate) fn random_name() -> OsString {
    let random: String = repeat_with(fastrand::alphanumeric).take(8).collect();
    OsStr::new(&format!(".visord-{random}")).to_owned()
}
