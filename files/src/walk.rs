//! The walk along a path, part by part, that knows each link on the way.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::AsFd;
use std::path::{Component, Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, OpenHow, ResolveFlag, openat, openat2, readlinkat};
use nix::sys::stat::Mode;
use nix::sys::statfs::{PROC_SUPER_MAGIC, fstatfs};

use crate::folder::{FileInfo, FileType, Folder, is_ours, split};

/// Links that may be followed on the way to one folder, as in the kernel.
const MOST_LINKS: u32 = 40;

/// How far a walk has come.
pub(crate) struct At {
    pub(crate) folder: Folder,
    /// The path that led here, for messages.
    path: PathBuf,
}

/// Sees something that a path leads through: in which folder it is (a folder: itself), its path
/// for messages, and what it is.
pub(crate) type See<'a> = &'a mut dyn FnMut(&Folder, &Path, FileInfo);

/// Goes along one path and all links on it.
pub(crate) struct Walk<'a> {
    links: u32,
    /// Sees every folder and link on the way. A walk that reports follows all links, as the kernel
    /// does; any other those of the rule of [`Folder::open`].
    see: Option<See<'a>>,
}

impl Folder {
    /// Opens a folder.
    ///
    /// A link on the way that root or the user of this process made is followed. One that another
    /// user made is followed if the folder it leads to has the same owner: `current` may lead to
    /// a release in the same home, but not to `/etc`.
    ///
    /// # Errors
    /// There is no such folder; a link may not be followed ([`io::ErrorKind::PermissionDenied`]).
    pub fn open(path: &Path) -> io::Result<Self> {
        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        let how = OpenHow::new()
            .flags(OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC)
            .resolve(ResolveFlag::RESOLVE_NO_SYMLINKS | ResolveFlag::RESOLVE_NO_MAGICLINKS);
        match openat2(AT_FDCWD, path, how) {
            // a link is on the way, or this kernel (before 5.6) or a filter of system calls does
            // not let us know
            Err(Errno::ELOOP | Errno::ENOSYS | Errno::EPERM) => Walk::new(None).folder(path),
            opened => Ok(opened?.into()),
        }
    }

    /// The folder of a path, and its last name.
    ///
    /// # Errors
    /// As [`open`](Self::open); the path has no last name.
    pub fn of(path: &Path) -> io::Result<(Self, OsString)> {
        let (folder, name) = split(path)?;
        Ok((Self::open(folder)?, name.to_owned()))
    }
}

impl<'a> Walk<'a> {
    /// With `see` one that reports.
    pub(crate) fn new(see: Option<See<'a>>) -> Self {
        let links = MOST_LINKS;
        Self { links, see }
    }

    /// The folder at a path, from the working directory.
    pub(crate) fn folder(&mut self, path: &Path) -> io::Result<Folder> {
        Ok(self.from(At::start(path)?, path)?.folder)
    }

    pub(crate) fn pass(&mut self, at: &At, name: &OsStr, about: FileInfo) {
        if let Some(see) = &mut self.see {
            see(&at.folder, &at.path.join(name), about);
        }
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
            if let Some(see) = &mut self.see {
                see(&at.folder, &at.path, FileInfo::of(&at.folder)?);
            }
        }
        Ok(at)
    }

    fn through(&mut self, at: At, name: &OsStr) -> io::Result<At> {
        let (about, target) = self.link(&at, name)?;
        let shown = at.path.join(name);
        let end = match target {
            None => {
                let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
                let folder = openat(&at.folder, name, flags, Mode::empty())?.into();
                At::new(folder, &shown)
            }
            Some(target) => self.from(at, &target)?,
        };
        if self.see.is_none() && !is_ours(about.uid) && FileInfo::of(&end.folder)?.uid != about.uid
        {
            let text = format!(
                "the link {} of another user leads to a folder that is not theirs",
                shown.display()
            );
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
        }
        Ok(end)
    }

    /// Reads a link; anything else is `ENOTDIR`. It leads to a path, to be taken from the folder of
    /// the link; `None` for a link of procfs to something open, which only the kernel knows.
    pub(crate) fn link(
        &mut self,
        at: &At,
        name: &OsStr,
    ) -> io::Result<(FileInfo, Option<PathBuf>)> {
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
        Ok((about, (!is_open).then_some(target)))
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
