//! The walk along a path, part by part, that knows each link on the way.

use std::ffi::OsStr;
use std::io;
use std::os::fd::AsFd;
use std::path::{Component, Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat, readlinkat};
use nix::sys::stat::Mode;
use nix::sys::statfs::{PROC_SUPER_MAGIC, fstatfs};

use crate::folder::{FileInfo, FileType, Folder, is_ours};

/// Links that may be followed on the way to one folder, as in the kernel.
const MOST_LINKS: u32 = 40;

/// Something that a path leads through.
pub(crate) struct Passed<'a> {
    /// The folder itself, or that of the link or file.
    pub(crate) folder: &'a Folder,
    /// Its path, for messages.
    pub(crate) path: &'a Path,
    /// What it is: a folder or a link.
    pub(crate) about: FileInfo,
}

/// How far a walk has come.
pub(crate) struct At {
    pub(crate) folder: Folder,
    /// The path that led here, for messages.
    path: PathBuf,
}

/// Which links a walk follows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follow {
    /// Those of the rule of [`Folder::open`].
    Trusted,
    /// All, as the kernel does: to report on them.
    All,
}

/// Goes along one path and all links on it.
pub(crate) struct Walk<'a> {
    links: u32,
    follow: Follow,
    /// Sees every folder and link on the way.
    see: &'a mut dyn FnMut(Passed<'_>),
}

/// What a link leads to.
pub(crate) enum Target {
    /// A link of procfs to something open: only the kernel knows what.
    Open,
    /// This path, to be taken from the folder of the link.
    Path(PathBuf),
}

impl<'a> Walk<'a> {
    pub(crate) fn new(follow: Follow, see: &'a mut dyn FnMut(Passed<'_>)) -> Self {
        Self {
            links: MOST_LINKS,
            follow,
            see,
        }
    }

    /// The folder at a path, from the working directory.
    pub(crate) fn folder(&mut self, path: &Path) -> io::Result<Folder> {
        Ok(self.from(At::start(path)?, path)?.folder)
    }

    /// Shows the last name of a path.
    pub(crate) fn pass(&mut self, at: &At, name: &OsStr, about: FileInfo) {
        let path = &at.path.join(name);
        let folder = &at.folder;
        (self.see)(Passed {
            folder,
            path,
            about,
        });
    }

    /// The folder at a path that is relative to another.
    pub(crate) fn from(&mut self, mut at: At, path: &Path) -> io::Result<At> {
        for component in path.components() {
            let name = match component {
                Component::RootDir => OsStr::new("/"),
                Component::ParentDir => OsStr::new(".."),
                Component::Normal(name) => name,
                Component::CurDir | Component::Prefix(_) => continue,
            };
            at = match open_folder(&at.folder, name) {
                Ok(folder) => At::new(folder, &at.path.join(name)),
                Err(Errno::ENOTDIR | Errno::ELOOP) => self.through(at, name)?,
                Err(errno) => return Err(errno.into()),
            };
            let about = FileInfo::of(&at.folder)?;
            (self.see)(Passed {
                folder: &at.folder,
                path: &at.path,
                about,
            });
        }
        Ok(at)
    }

    /// The folder that a link leads to.
    fn through(&mut self, at: At, name: &OsStr) -> io::Result<At> {
        let (about, target) = self.link(&at, name)?;
        let shown = at.path.join(name);
        let end = match target {
            Target::Open => {
                let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
                let folder = openat(&at.folder, name, flags, Mode::empty())?.into();
                At::new(folder, &shown)
            }
            Target::Path(target) => self.from(at, &target)?,
        };
        if self.follow == Follow::Trusted
            && !is_ours(about.uid)
            && FileInfo::of(&end.folder)?.uid != about.uid
        {
            let text = format!(
                "the link {} of another user leads to a folder that is not theirs",
                shown.display()
            );
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
        }
        Ok(end)
    }

    /// Reads a link; anything else is `ENOTDIR`.
    pub(crate) fn link(&mut self, at: &At, name: &OsStr) -> io::Result<(FileInfo, Target)> {
        let link = at.folder.open_at(name, OFlag::O_PATH, 0)?;
        let about = FileInfo::of(&link)?;
        if about.file_type != FileType::Link {
            return Err(Errno::ENOTDIR.into());
        }
        self.links = self.links.checked_sub(1).ok_or(Errno::ELOOP)?;
        self.pass(at, name, about);
        let target = PathBuf::from(readlinkat(&link, "")?);
        // the texts of procfs's links to what is open are for people; `/proc/self` is a link
        // like any other
        let is_open = fstatfs(&at.folder)?.filesystem_type() == PROC_SUPER_MAGIC
            && name != "self"
            && name != "thread-self";
        let target = if is_open {
            Target::Open
        } else {
            Target::Path(target)
        };
        Ok((about, target))
    }
}

impl At {
    /// Where the walk along a path begins. Of an absolute path it is not the working directory,
    /// which this process need not be allowed to search.
    pub(crate) fn start(path: &Path) -> io::Result<Self> {
        let (name, shown) = if path.is_absolute() {
            ("/", "/")
        } else {
            (".", "")
        };
        let folder = open_folder(AT_FDCWD, OsStr::new(name))?;
        Ok(Self::new(folder, Path::new(shown)))
    }

    /// A folder without a path.
    pub(crate) fn new(folder: Folder, path: &Path) -> Self {
        Self {
            folder,
            path: path.to_owned(),
        }
    }
}

fn open_folder(from: impl AsFd, name: &OsStr) -> Result<Folder, Errno> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(from, name, flags, Mode::empty()).map(Folder::from)
}
