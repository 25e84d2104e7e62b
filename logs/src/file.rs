//! One log on disk: appended to, rotated by size, reopened, cleared (spec core 6.2, 6.3).
//!
//! Nothing here gives up: a log that cannot be rotated goes on growing, one that was
//! deleted is created again, and what cannot be stored is reported to the caller, who counts it.

mod backups;

use std::io;
use std::path::{Path, PathBuf};

use visord_config::LogFileConfig;
use visord_model::output::rotation::{Compression, RotateBy, Schedule};

use crate::disk::{Disk, FileInfo, How, Identity, Kind};
pub use backups::numbered;
pub(crate) use backups::{absent_as, numbered_of, suffixed};

/// After a rotation that failed, try again when the file has grown by this much.
const RETRY_GROWTH: u64 = 256 * 1024;

/// What can be done to a log file besides writing to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileAction {
    /// Remove it and start an empty one; rotated files stay.
    Clear,
    /// Start a new one; the present one becomes the first of the old ones. An empty one stays.
    Rotate,
}

/// What became of the bytes of one append.
#[derive(Debug, Default)]
pub(crate) struct Appended {
    /// How many of them are stored, from the front.
    pub(crate) stored: usize,
    /// Why not all. `WouldBlock`: it takes nothing now, and the rest may be offered again later,
    /// when it is writable if it is polled ([`Kind::is_polled`]), otherwise after some time.
    pub(crate) error: Option<io::Error>,
}

#[derive(Debug)]
pub(crate) struct LogFile<D: Disk> {
    disk: D,
    /// The path it was opened by.
    pub(crate) path: PathBuf,
    pub(crate) options: LogFileConfig,
    /// When the calendar asks for a rotation.
    schedule: Option<Schedule>,
    pub(crate) file: D::File,
    pub(crate) kind: Kind,
    /// The handle no longer belongs to the path: a rotation could not open the new file.
    displaced: bool,
    /// Size at which to rotate.
    threshold: Option<u64>,
    /// Something that went wrong but was survived, to be said once in the activity log.
    pub(crate) remark: Option<String>,
    /// A rotated file that is to be compressed: of the last rotation, or an earlier run.
    pub(crate) rotated: Option<Identity>,
}

impl<D: Disk> LogFile<D> {
    pub(crate) fn open(mut disk: D, path: PathBuf, options: LogFileConfig) -> io::Result<Self> {
        let remark = try_make(&mut disk, &path, &options);
        let (file, kind) = disk.open(&path, How::Append)?;
        let mut log = Self {
            disk,
            path,
            options,
            schedule: None,
            file,
            kind,
            displaced: false,
            threshold: None,
            remark,
            rotated: None,
        };
        log.threshold = log.configured_threshold();
        log.rotated = log.leftover();
        if options.rotate != RotateBy::Size && kind == Kind::Regular {
            let status = log.disk.status(&log.file)?;
            let last = if status.size > 0 {
                log.disk.local(status.modified)
            } else {
                log.disk.now()
            };
            log.schedule = Schedule::new(options.rotate, last);
        }
        Ok(log)
    }

    pub(crate) fn device(&mut self) -> io::Result<u64> {
        Ok(self.disk.status(&self.file)?.identity.device)
    }

    /// The warning that rotation was asked for but this log cannot be rotated. `option` is
    /// the configuration key that names the log, and of whom.
    pub(crate) fn rotation_warning(&self, option: &str, of: &str) -> Option<String> {
        let what = match self.kind {
            Kind::Regular => return None,
            Kind::Borrowed => "not a file of its own",
            Kind::Pollable | Kind::Socket => "not a regular file",
        };
        let path = self.path.display();
        let hint = match self.options.rotate {
            RotateBy::Size if self.options.maxbytes <= 0 => return None,
            RotateBy::Size => format!(" (set {option}_maxbytes=0 to say so)"),
            RotateBy::Daily | RotateBy::Hourly => String::new(),
        };
        Some(format!(
            "{option}{of}: {path} is {what}, so it is not rotated{hint}"
        ))
    }

    /// The newest rotated file, if it is to be compressed and has not been: the daemon
    /// ended too early.
    fn leftover(&mut self) -> Option<Identity> {
        let is_compressed = self.options.compress != Compression::None;
        if !is_compressed || self.kind != Kind::Regular {
            return None;
        }
        let newest = self.disk.look(&numbered(&self.path, 1)).ok().flatten()?;
        newest.is_regular().then_some(newest.identity)
    }

    /// Whether appending so many bytes does not rotate this regular file.
    pub(crate) fn has_room_for(&mut self, bytes: usize) -> bool {
        let is_below = |threshold| match self.disk.status(&self.file) {
            Ok(status) => status.size.saturating_add(bytes as u64) < threshold,
            Err(_) => false,
        };
        self.kind == Kind::Regular
            && !self.displaced
            && self.schedule.is_none()
            && self.threshold.is_none_or(is_below)
    }

    /// Appends all it can, then rotates if the size asks for it.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Appended {
        self.replace_displaced();
        if self.schedule.is_some() {
            self.rotate_if_due();
        }
        let mut outcome = self.write_all(bytes);
        if self.kind == Kind::Regular {
            self.look_after(bytes, &mut outcome);
        }
        outcome
    }

    fn write_all(&mut self, bytes: &[u8]) -> Appended {
        let mut stored = 0;
        let error = loop {
            if stored == bytes.len() {
                break None;
            }
            match self.disk.write(&self.file, self.kind, &bytes[stored..]) {
                Ok(0) => break Some(io::ErrorKind::WriteZero.into()),
                Ok(count) => stored += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Some(error),
            }
        };
        Appended { stored, error }
    }

    /// After a write: create the file again if it was deleted, then rotate it if it is large.
    fn look_after(&mut self, bytes: &[u8], outcome: &mut Appended) {
        // without a status (a stale handle) the next write fails and says why
        let Ok(mut status) = self.disk.status(&self.file) else {
            return;
        };
        if status.links == 0 {
            *outcome = self.start_over_after_deletion(bytes);
            let Ok(of_the_new) = self.disk.status(&self.file) else {
                return;
            };
            status = of_the_new;
        }
        let is_large = |threshold| status.size >= threshold;
        // a file that was deleted again is left to the next write
        if status.links > 0 && !self.displaced && self.threshold.is_some_and(is_large) {
            self.rotate(status);
        }
    }

    /// Before the first bytes of a new day or hour.
    fn rotate_if_due(&mut self) {
        let now = self.disk.now();
        let is_due = |schedule: &mut Schedule| schedule.is_due(now);
        if !self.schedule.as_mut().is_some_and(is_due) || self.displaced {
            return;
        }
        if let Ok(status) = self.disk.status(&self.file)
            && status.links > 0
            && status.size > 0
        {
            self.rotate(status);
        }
    }

    /// Clears or rotates it, whatever its size. Anything but a regular file is left alone
    /// (difference Q38).
    /// Errors: those of renaming, unlinking and opening.
    pub(crate) fn maintain(&mut self, action: FileAction) -> io::Result<()> {
        match action {
            _ if self.kind != Kind::Regular => Ok(()),
            FileAction::Clear => {
                if is_regular(&mut self.disk, &self.path)? {
                    absent_as(self.disk.unlink(&self.path), ())?;
                }
                self.reopen().map(drop)
            }
            FileAction::Rotate => {
                self.replace_displaced();
                let status = self.disk.status(&self.file)?;
                match status.size {
                    0 => Ok(()),
                    _ => self.try_rotate(status),
                }
            }
        }
    }

    /// The bytes went into a file without a name: write them into a new one.
    fn start_over_after_deletion(&mut self, bytes: &[u8]) -> Appended {
        let Err(error) = self.reopen() else {
            return self.write_all(bytes);
        };
        let reason = format!("the log file was deleted and cannot be created again: {error}");
        Appended {
            stored: 0,
            error: Some(io::Error::new(error.kind(), reason)),
        }
    }

    fn rotate(&mut self, status: FileInfo) {
        if let Err(error) = self.try_rotate(status) {
            self.threshold = Some(status.size.saturating_add(RETRY_GROWTH));
            self.remark = Some(format!(
                "cannot rotate {}: {error}; it goes on growing",
                self.path.display()
            ));
        }
    }

    fn try_rotate(&mut self, status: FileInfo) -> io::Result<()> {
        match self.disk.look(&self.path)? {
            // difference Q38: nothing but a regular file is ever moved or emptied
            Some(found) if !found.is_regular() => {
                Err(io::Error::other("it is not a regular file any more"))
            }
            Some(found) if found.identity == status.identity => {
                backups::shift(&mut self.disk, &self.path, self.options)?;
                self.displaced = true;
                let compress = self.options.compress;
                if compress != Compression::None && self.options.backups > 0 {
                    self.rotated = Some(status.identity);
                }
                self.reopen_as(How::Truncate).map(drop)
            }
            // something else moved it: the other channel of the same file, or logrotate
            Some(_) | None => self.reopen().map(drop),
        }
    }

    /// After a rotation whose last step failed: the old handle still stores, now under
    /// another name; see whether the new file can be had.
    fn replace_displaced(&mut self) {
        if self.displaced {
            let _ = self.reopen();
        }
    }

    /// Opens the path again (USR2) and returns the old handle. If that fails the old handle
    /// stays in use.
    pub(crate) fn reopen(&mut self) -> io::Result<D::File> {
        self.reopen_as(How::Append)
    }

    /// The file is made as it is to look if it is missing.
    fn reopen_as(&mut self, how: How) -> io::Result<D::File> {
        let remark = try_make(&mut self.disk, &self.path, &self.options);
        let (file, kind) = self.disk.open(&self.path, how)?;
        self.remark = remark.or(self.remark.take());
        self.kind = kind;
        self.displaced = false;
        self.threshold = self.configured_threshold();
        Ok(std::mem::replace(&mut self.file, file))
    }

    fn configured_threshold(&self) -> Option<u64> {
        u64::try_from(self.options.maxbytes)
            .ok()
            .filter(|&maxbytes| maxbytes > 0 && self.kind == Kind::Regular)
    }
}

/// Clears or rotates a log that is not open (difference C34); the log if there is one.
/// Errors: those of opening, renaming and unlinking; when it is cleared also those of giving the
/// new file its owner and mode.
pub(crate) fn maintain_closed<D: Disk>(
    mut disk: D,
    path: PathBuf,
    options: LogFileConfig,
    action: FileAction,
) -> io::Result<Option<LogFile<D>>> {
    if !is_regular(&mut disk, &path)? {
        return Ok(None);
    }
    let mut log = LogFile::open(disk, path, options)?;
    log.maintain(action)?;
    match (action, log.remark.take()) {
        (FileAction::Clear, Some(remark)) => Err(io::Error::other(remark)),
        (FileAction::Clear | FileAction::Rotate, _) => Ok(Some(log)),
    }
}

fn is_regular<D: Disk>(disk: &mut D, path: &Path) -> io::Result<bool> {
    Ok(disk.look(path)?.is_some_and(|found| found.is_regular()))
}

/// Makes a missing log if it is to look in a special way; the sentence if that fails. The
/// log is used all the same: what cannot be had is at worst too strict a mode.
fn try_make<D: Disk>(disk: &mut D, path: &Path, options: &LogFileConfig) -> Option<String> {
    if options.mode.is_none() && options.owner.is_none() {
        return None;
    }
    let error = disk.make(path, options).err()?;
    let path = path.display();
    Some(format!("cannot give {path} its owner and mode: {error}"))
}

#[cfg(test)]
mod tests;
