//! The files a log has been, one after the other: `x.log`, before it `x.log.1`, before that
//! `x.log.2`. Compressed ones are not read back.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use visord_files::Folder;

use super::place::FileId;

/// Rotations that may come between two system calls.
const ATTEMPTS: usize = 3;

/// What comes after a file that has been read to its end.
#[derive(Debug)]
pub(super) enum Next {
    /// Nothing yet: it is still the log.
    Same,
    /// Nothing yet: no file has the name of the log.
    NoName,
    /// A rotation is under way: look again.
    Changing,
    /// This one. Files of so many bytes, this one included, lie between the file that was read and
    /// the present log; `None`: perhaps something that is gone for good.
    File {
        file: File,
        id: FileId,
        between: Option<u64>,
    },
}

struct Old {
    number: u64,
    path: PathBuf,
    id: FileId,
    size: u64,
    modified: Option<SystemTime>,
}

/// Opens a regular file; anything else has no history to follow.
pub(super) fn open(path: &Path) -> io::Result<(File, FileId)> {
    let file = visord_files::open_regular(path)?;
    let id = FileId::of(&file.metadata()?);
    Ok((file, id))
}

/// A file that was once this log, under whatever number.
pub(super) fn find(path: &Path, wanted: FileId) -> Option<File> {
    for _ in 0..ATTEMPTS {
        let old = old_files(path).into_iter().find(|old| old.id == wanted)?;
        if let Ok((file, id)) = open(&old.path)
            && id == wanted
        {
            return Some(file);
        }
    }
    None
}

/// What comes after `file`, which is or was the log at `path`.
pub(super) fn next(path: &Path, file: &File, id: FileId) -> io::Result<Next> {
    for _ in 0..ATTEMPTS {
        let Ok((present, present_id)) = open(path) else {
            return Ok(Next::NoName);
        };
        if present_id == id {
            return Ok(Next::Same);
        }
        let present = |between| Next::File {
            file: present,
            id: present_id,
            between,
        };
        let old = old_files(path);
        let Some(at) = old.iter().position(|old| old.id == id) else {
            // removed: cleared, or as the oldest of many
            let last = file.metadata()?.modified().ok();
            let younger = old.iter().rev().find(|old| old.modified > last);
            return Ok(match younger.map(|old| open(&old.path)) {
                None => present(Some(0)),
                Some(Ok((file, id))) => Next::File {
                    file,
                    id,
                    between: None,
                },
                Some(Err(_)) => present(None),
            });
        };
        let Some(younger) = at.checked_sub(1).map(|younger| &old[younger]) else {
            if is_still(&old[at]) {
                return Ok(present(Some(0)));
            }
            continue;
        };
        let opened = open(&younger.path);
        if let Ok((file, id)) = opened
            && is_still(&old[at])
            && id == younger.id
        {
            let between = Some(old[..at].iter().map(|old| old.size).sum());
            return Ok(Next::File { file, id, between });
        }
    }
    Ok(Next::Changing)
}

/// Whether an old file has the number it had.
fn is_still(old: &Old) -> bool {
    let now = Folder::of(&old.path).and_then(|(folder, name)| folder.hold(&name)?.metadata());
    now.is_ok_and(|now| FileId::of(&now) == old.id)
}

/// The number of an old file, from its name and that of the log.
fn number_of(log: &OsStr, name: &OsStr) -> Option<u64> {
    let suffix = name.as_bytes().strip_prefix(log.as_bytes())?;
    let digits = suffix.strip_prefix(b".")?;
    let is_number = digits.iter().all(u8::is_ascii_digit);
    let number = str::from_utf8(digits).ok().filter(|_| is_number)?;
    number.parse().ok()
}

/// All old files of a log that can be read, the youngest first.
fn old_files(path: &Path) -> Vec<Old> {
    let listed = Folder::of(path).and_then(|(folder, name)| Ok((folder.names()?, folder, name)));
    let Ok((names, folder, name)) = listed else {
        return Vec::new();
    };
    let mut all: Vec<Old> = names
        .into_iter()
        .filter_map(|entry| {
            let number = number_of(&name, &entry)?;
            let held = folder.hold(&entry).and_then(|held| held.metadata());
            let metadata = held.ok().filter(fs::Metadata::is_file)?;
            let path = path.with_file_name(entry);
            Some(Old {
                number,
                path,
                id: FileId::of(&metadata),
                size: metadata.len(),
                modified: metadata.modified().ok(),
            })
        })
        .collect();
    all.sort_by_key(|old| old.number);
    all
}
