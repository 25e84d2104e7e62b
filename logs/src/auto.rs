//! Logs that the daemon names itself: `stdout_logfile = AUTO` (spec core 3.3).

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use nix::errno::Errno;
use visord_config::LogFileConfig;
use visord_files::{FileType, Folder};
use visord_model::event::Stream;
use visord_model::log_line::{Level, LogLine};
use visord_model::pyrepr::repr;

use crate::disk::apply_mode_and_owner;

/// Random characters of a name.
const RANDOM: usize = 8;
/// What they are made of.
const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789_";
/// Names tried before giving up; one is enough unless another user takes them.
const TRIES: usize = 100;

/// Creates an empty AUTO log in `childlogdir` and returns its name:
/// `<process>-<stream>---<identifier>-<8 random characters>.log`. It has mode 0600, or the owner and
/// mode that `keys` ask for. It is made at start for every process, kept over its restarts, and
/// removed only by [`clean`]. Blocks.
///
/// # Errors
/// The file cannot be created, or not be given its owner and mode; then it is removed.
pub fn create(
    childlogdir: &Folder,
    process: &str,
    stream: Stream,
    identifier: &str,
    keys: &LogFileConfig,
) -> io::Result<String> {
    for _ in 0..TRIES {
        let random: String = (0..RANDOM)
            .map(|_| char::from(ALPHABET[fastrand::usize(..ALPHABET.len())]))
            .collect();
        let name = format!("{process}-{}---{identifier}-{random}.log", stream.name());
        let file = match childlogdir.create_new(OsStr::new(&name), 0o600) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            made => made?,
        };
        if let Err(error) = apply_mode_and_owner(&file, keys.mode, keys.owner) {
            // the first error is the one to report
            let _ = childlogdir.remove(OsStr::new(&name));
            return Err(error);
        }
        return Ok(name);
    }
    Err(Errno::EEXIST.into())
}

/// Removes the AUTO logs an earlier run of this identifier left behind, with their
/// rotated files. Only whole names count, and only regular files of our own user
/// (difference C25); to be called when it is sure that no other instance runs. Blocks.
///
/// Returns the warnings for the activity log.
#[must_use]
pub fn clean(childlogdir: &Path, identifier: &str) -> Vec<LogLine> {
    let listed = Folder::open(childlogdir).and_then(|folder| Ok((folder.names()?, folder)));
    let Ok((names, folder)) = listed else {
        return vec![warning("Could not clear childlog dir".into())];
    };
    names
        .into_iter()
        .filter(|name| name.to_str().is_some_and(|name| is_auto(name, identifier)))
        .filter(|name| {
            remove(&folder, name).is_err_and(|error| error.kind() != io::ErrorKind::NotFound)
        })
        .map(|name| {
            let path = repr(&childlogdir.join(name).to_string_lossy());
            warning(format!("Failed to clean up {path}"))
        })
        .collect()
}

/// Removes one file of ours.
fn remove(folder: &Folder, name: &OsStr) -> io::Result<()> {
    let us = nix::unistd::geteuid().as_raw();
    match folder.look(name)? {
        Some(found) if found.file_type == FileType::Folder => Err(Errno::EISDIR.into()),
        Some(found) if found.is_regular() && found.uid == us => folder.remove(name),
        // of another user, or nothing that we make
        Some(_) | None => Ok(()),
    }
}

fn warning(text: String) -> LogLine {
    LogLine::new(Level::Warn, text)
}

/// Whether a name is one that [`create`] makes for this identifier, or one of its
/// rotated files.
fn is_auto(name: &str, identifier: &str) -> bool {
    let split = name.rsplit_once(".log");
    let stem = split.filter(|(_, rotation)| is_rotation(rotation));
    let Some((rest, random)) = stem.and_then(|(stem, _)| stem.rsplit_once('-')) else {
        return false;
    };
    let output = rest
        .strip_suffix(identifier)
        .and_then(|rest| rest.strip_suffix("---"));
    let process = output.and_then(|output| {
        let of_stdout = output.strip_suffix("-stdout");
        of_stdout.or_else(|| output.strip_suffix("-stderr"))
    });
    random.len() == RANDOM
        && random.bytes().all(|byte| ALPHABET.contains(&byte))
        && process.is_some_and(|process| !process.is_empty())
}

/// Whether this is what a rotated log has after its name (`.1`, `.2.gz` ...), or a compression that
/// was cut off (`.gz.tmp`), or nothing.
fn is_rotation(text: &str) -> bool {
    if matches!(text, "" | ".gz.tmp" | ".zst.tmp") {
        return true;
    }
    let plain = text.strip_suffix(".gz").or(text.strip_suffix(".zst"));
    let number = plain.unwrap_or(text).strip_prefix('.').unwrap_or_default();
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::MetadataExt;
    use std::path::PathBuf;

    fn made(folder: &Path, process: &str, stream: Stream, identifier: &str) -> io::Result<PathBuf> {
        let keys = LogFileConfig::default();
        let name = create(&Folder::open(folder)?, process, stream, identifier, &keys)?;
        Ok(folder.join(name))
    }

    #[test]
    fn a_new_log_has_the_name_and_mode_of_the_original() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = made(dir.path(), "cat_00", Stream::Stderr, "supervisor").expect("create");
        let name = path.file_name().expect("name").to_str().expect("ascii");
        assert!(name.starts_with("cat_00-stderr---supervisor-"), "{name}");
        assert_eq!(name.len(), "cat_00-stderr---supervisor-12345678.log".len());
        let metadata = path.metadata().expect("metadata");
        assert_eq!((metadata.mode() & 0o777, metadata.len()), (0o600, 0));
        assert!(is_auto(name, "supervisor") && !is_auto(name, "visor"));
    }

    #[test]
    fn owner_and_mode_are_given_at_once() {
        let dir = tempfile::tempdir().expect("tempdir");
        let keys = LogFileConfig {
            mode: Some(0o666),
            ..LogFileConfig::default()
        };
        let folder = Folder::open(dir.path()).expect("open");
        let name = create(&folder, "x", Stream::Stdout, "s", &keys).expect("create");
        let metadata = dir.path().join(name).metadata().expect("metadata");
        assert_eq!(metadata.mode() & 0o777, 0o666);
    }

    #[test]
    fn a_log_that_cannot_be_given_away_does_not_stay() {
        if nix::unistd::geteuid().is_root() {
            return;
        }
        let dir = tempfile::tempdir().expect("tempdir");
        let owner = visord_config::Ownership {
            uid: Some(0),
            gid: None,
        };
        let keys = LogFileConfig {
            owner: Some(owner),
            ..LogFileConfig::default()
        };
        let folder = Folder::open(dir.path()).expect("open");
        create(&folder, "x", Stream::Stdout, "s", &keys).expect_err("not root");
        assert_eq!(dir.path().read_dir().expect("a folder").count(), 0);
    }

    #[test]
    fn a_missing_directory_is_an_error() {
        let missing = Path::new("/nonexistent/visord");
        let error = made(missing, "x", Stream::Stdout, "s").expect_err("no directory");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        let said = clean(missing, "s");
        assert_eq!(said, [warning("Could not clear childlog dir".into())]);
    }

    #[test]
    fn only_whole_names_are_ours() {
        for ours in [
            "a-stdout---sup-abc_0123.log",
            "a-stderr---sup-abcdefgh.log.1",
            "a-b---c-stdout---sup-abcdefgh.log.12345",
            "a-stderr---sup-abcdefgh.log.1.gz",
            "a-stderr---sup-abcdefgh.log.2.zst",
            "a-stderr---sup-abcdefgh.log.gz.tmp",
        ] {
            assert!(is_auto(ours, "sup"), "{ours}");
        }
        for other in [
            "a-stdout---sup-abc.log",
            "a-stdout---sup-abcdefgh.log.txt",
            "a-stdout---sup-abcdefgh.log.gz",
            "a-stdout---sup-abcdefgh.log.1.tmp",
            "a-stdout---sup-abcdefgh.log.",
            "a-stdout---sup-abcdefgh.log.1.2",
            "a-stdout---sup-abcdefgh.logfoo",
            "a-stdout---sup-ABCDEFGH.log",
            "a-stdout---supper-abcdefgh.log",
            "a-stdin---sup-abcdefgh.log",
            "-stdout---sup-abcdefgh.log",
            "sup-abcdefgh.log",
            "notes.log",
            ".log",
        ] {
            assert!(!is_auto(other, "sup"), "{other}");
        }
    }

    #[test]
    fn cleaning_removes_files_and_warns_about_directories() {
        let dir = tempfile::tempdir().expect("tempdir");
        let old = made(dir.path(), "x", Stream::Stdout, "s").expect("create");
        let rotated = dir.path().join("x-stdout---s-abcdefgh.log.3");
        let foreign = made(dir.path(), "x", Stream::Stdout, "t").expect("create");
        let folder = dir.path().join("y-stdout---s-abcdefgh.log");
        let link = dir.path().join("z-stdout---s-abcdefgh.log");
        fs::write(&rotated, "x").expect("write");
        fs::create_dir(&folder).expect("mkdir");
        std::os::unix::fs::symlink(&foreign, &link).expect("symlink");
        let said = clean(dir.path(), "s");
        let text = format!("Failed to clean up '{}'", folder.display());
        assert_eq!(said, [warning(text)]);
        assert!(!old.exists() && !rotated.exists());
        assert!(foreign.exists() && folder.exists() && link.exists());
    }
}
