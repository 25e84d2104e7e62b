//! A file system in memory with bad days.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use visord_config::LogFileConfig;
use visord_model::output::rotation::LocalMoment;

use visord_files::{FileInfo, FileType};

use crate::disk::{Disk, How, Identity, Kind};

/// What goes wrong at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Nothing.
    Good,
    /// Writes fail now and then, in every way a write can.
    Gusty,
    /// No space: nothing can be written, nothing be made.
    NoSpace,
    /// The directory cannot be changed.
    ReadOnlyDirectory,
    /// No descriptor is left: nothing can be opened.
    NoDescriptors,
    /// Writes answer EAGAIN: a pollable is full, or a file system is not ready.
    Full,
}

impl Weather {
    /// Any of them.
    pub(crate) fn any(dice: &mut fastrand::Rng) -> Self {
        let all = [
            Self::Good,
            Self::Gusty,
            Self::NoSpace,
            Self::ReadOnlyDirectory,
            Self::NoDescriptors,
            Self::Full,
        ];
        all[dice.usize(0..all.len())]
    }
}

/// The disk; clones are the same one.
#[derive(Clone)]
pub(crate) struct FaultyDisk(Rc<RefCell<World>>);

struct World {
    dice: fastrand::Rng,
    weather: Weather,
    /// The log is a FIFO, not a regular file.
    pollable: bool,
    names: BTreeMap<PathBuf, u64>,
    sizes: BTreeMap<u64, u64>,
    /// When each file was last written to.
    modified: BTreeMap<u64, i64>,
    next_inode: u64,
    /// Its wall clock.
    now: LocalMoment,
    /// What files were made to look like, in order.
    made: Vec<LogFileConfig>,
    /// All bytes that went into files that had a name at that time, in order.
    stored: Vec<u8>,
}

impl FaultyDisk {
    /// An empty disk in good weather.
    pub(crate) fn new(seed: u64, pollable: bool) -> Self {
        Self(Rc::new(RefCell::new(World {
            dice: fastrand::Rng::with_seed(seed),
            weather: Weather::Good,
            pollable,
            names: BTreeMap::new(),
            sizes: BTreeMap::new(),
            modified: BTreeMap::new(),
            next_inode: 1,
            now: LocalMoment::default(),
            made: Vec::new(),
            stored: Vec::new(),
        })))
    }

    pub(crate) fn set_weather(&self, weather: Weather) {
        self.0.borrow_mut().weather = weather;
    }

    /// The wall clock of this disk shows this UTC second.
    pub(crate) fn set_clock(&self, unix: i64) {
        self.0.borrow_mut().now.unix = unix;
    }

    /// What files were made to look like, in order.
    pub(crate) fn made(&self) -> Vec<LogFileConfig> {
        self.0.borrow().made.clone()
    }

    /// The names on it and the sizes of their files.
    pub(crate) fn names(&self) -> Vec<(String, u64)> {
        let world = self.0.borrow();
        let named = world.names.iter().map(|(path, inode)| {
            let size = world.sizes.get(inode).copied().unwrap_or(0);
            (path.display().to_string(), size)
        });
        named.collect()
    }

    /// What has been stored so far.
    pub(crate) fn stored(&self) -> Vec<u8> {
        self.0.borrow().stored.clone()
    }

    /// Somebody removes a log.
    pub(crate) fn remove(&self, path: &str) {
        let mut world = self.0.borrow_mut();
        if !world.pollable {
            world.names.remove(Path::new(path));
        }
    }

    /// Somebody moves a log away.
    pub(crate) fn move_away(&self, path: &str) {
        let mut world = self.0.borrow_mut();
        if let Some(inode) = world.names.remove(Path::new(path)) {
            let name = format!("{path}.moved-{inode}");
            world.names.insert(name.into(), inode);
        }
    }

    /// Somebody puts another file in the place of a log.
    pub(crate) fn replace(&self, path: &str) {
        let mut world = self.0.borrow_mut();
        if !world.pollable {
            world.create(Path::new(path));
        }
    }
}

impl World {
    fn create(&mut self, path: &Path) -> u64 {
        let inode = self.next_inode;
        self.next_inode += 1;
        self.names.insert(path.to_path_buf(), inode);
        self.sizes.insert(inode, 0);
        inode
    }

    fn info(&self, inode: u64) -> FileInfo {
        FileInfo {
            file_type: match self.pollable {
                true => FileType::Fifo,
                false => FileType::Regular,
            },
            identity: Identity { device: 1, inode },
            links: self.links(inode),
            size: self.sizes.get(&inode).copied().unwrap_or(0),
            modified: self.modified.get(&inode).copied().unwrap_or(0),
            uid: 0,
            gid: 0,
            mode: 0,
        }
    }

    fn links(&self, inode: u64) -> u64 {
        self.names.values().filter(|&&named| named == inode).count() as u64
    }

    fn change_directory(&self) -> io::Result<()> {
        match self.weather {
            Weather::ReadOnlyDirectory => Err(errno(libc::EROFS)),
            Weather::NoSpace => Err(errno(libc::ENOSPC)),
            Weather::Good | Weather::Gusty | Weather::NoDescriptors | Weather::Full => Ok(()),
        }
    }

    /// How many bytes of a write are taken.
    fn fate_of_write(&mut self, length: usize) -> io::Result<usize> {
        match self.weather {
            Weather::Good | Weather::ReadOnlyDirectory | Weather::NoDescriptors => Ok(length),
            Weather::NoSpace => Err(errno(libc::ENOSPC)),
            Weather::Full => Err(errno(libc::EAGAIN)),
            Weather::Gusty => match self.dice.u8(0..8) {
                0 => Err(errno(libc::EIO)),
                1 => Err(errno(libc::EDQUOT)),
                2 => Err(errno(libc::EINTR)),
                3 => Ok(0),
                4 => Err(errno(libc::EAGAIN)),
                _ => Ok(self.dice.usize(1..=length)),
            },
        }
    }
}

impl Disk for FaultyDisk {
    type File = u64;

    fn open(&mut self, path: &Path, how: How) -> io::Result<(u64, Kind)> {
        let mut world = self.0.borrow_mut();
        let kind = if world.pollable {
            Kind::Pollable
        } else {
            Kind::Regular
        };
        let gust = world.weather == Weather::Gusty && world.dice.u8(0..4) == 0;
        if gust || world.weather == Weather::NoDescriptors {
            return Err(errno(libc::EMFILE));
        }
        let inode = match world.names.get(path).copied() {
            Some(inode) => inode,
            None => {
                world.change_directory()?;
                world.create(path)
            }
        };
        if how == How::Truncate {
            world.sizes.insert(inode, 0);
        }
        Ok((inode, kind))
    }

    fn write(&mut self, file: &u64, _kind: Kind, bytes: &[u8]) -> io::Result<usize> {
        let mut world = self.0.borrow_mut();
        let count = world.fate_of_write(bytes.len())?;
        *world.sizes.entry(*file).or_default() += count as u64;
        let now = world.now.unix;
        world.modified.insert(*file, now);
        // what goes into a file without a name is not stored, and neither is it in a FIFO
        // whose bytes nobody could find
        if world.links(*file) > 0 || world.pollable {
            world.stored.extend_from_slice(&bytes[..count]);
        }
        Ok(count)
    }

    fn status(&mut self, file: &u64) -> io::Result<FileInfo> {
        Ok(self.0.borrow().info(*file))
    }

    fn look(&mut self, path: &Path) -> io::Result<Option<FileInfo>> {
        let world = self.0.borrow();
        Ok(world.names.get(path).map(|inode| world.info(*inode)))
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let mut world = self.0.borrow_mut();
        world.change_directory()?;
        let inode = world
            .names
            .remove(from)
            .ok_or_else(|| errno(libc::ENOENT))?;
        world.names.insert(to.to_path_buf(), inode);
        Ok(())
    }

    fn unlink(&mut self, path: &Path) -> io::Result<()> {
        let mut world = self.0.borrow_mut();
        world.change_directory()?;
        match world.names.remove(path) {
            Some(_) => Ok(()),
            None => Err(errno(libc::ENOENT)),
        }
    }

    fn make(&mut self, path: &Path, keys: &LogFileConfig) -> io::Result<()> {
        let mut world = self.0.borrow_mut();
        if !world.names.contains_key(path) {
            world.change_directory()?;
            world.create(path);
            world.made.push(*keys);
        }
        Ok(())
    }

    fn now(&mut self) -> LocalMoment {
        self.0.borrow().now
    }

    fn local(&mut self, unix: i64) -> LocalMoment {
        LocalMoment {
            unix,
            ..self.0.borrow().now
        }
    }
}

fn errno(code: i32) -> io::Error {
    io::Error::from_raw_os_error(code)
}
