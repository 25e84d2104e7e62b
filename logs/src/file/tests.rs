//! Rotation, reopening and clearing, on a good disk and on a bad one.

use std::fs;

use super::*;
use crate::disk::RealDisk;
use crate::tests::faulty::{FaultyDisk, Weather};
use crate::tests::rotation;

fn faulty(rotation: LogFileConfig) -> (FaultyDisk, LogFile<FaultyDisk>) {
    let disk = FaultyDisk::new(1, false);
    let log = LogFile::open(disk.clone(), "log".into(), rotation).expect("good weather");
    (disk, log)
}

/// Appends bytes that must all be stored.
fn add<D: Disk>(log: &mut LogFile<D>, bytes: &[u8]) {
    let outcome = log.append(bytes);
    assert_eq!(outcome.stored, bytes.len());
    assert!(outcome.error.is_none());
}

fn names(disk: &FaultyDisk) -> Vec<(String, u64)> {
    disk.names()
}

fn entry(name: &str, size: u64) -> (String, u64) {
    (name.into(), size)
}

#[test]
fn a_chunk_is_never_split_and_the_check_comes_after_it() {
    let (disk, mut log) = faulty(rotation(10, 2));
    add(&mut log, &[0; 9]);
    add(&mut log, &[0; 50]);
    assert_eq!(names(&disk), [entry("log", 0), entry("log.1", 59)]);
    add(&mut log, &[0; 10]);
    add(&mut log, &[0; 11]);
    assert_eq!(
        names(&disk),
        [entry("log", 0), entry("log.1", 11), entry("log.2", 10)]
    );
}

#[test]
fn without_backups_it_starts_over_and_without_maxbytes_it_grows() {
    let (disk, mut log) = faulty(rotation(10, 0));
    add(&mut log, &[0; 12]);
    assert_eq!(names(&disk), [entry("log", 0)]);
    let (disk, mut log) = faulty(rotation(0, 5));
    add(&mut log, &[0; 12]);
    assert_eq!(names(&disk), [entry("log", 12)]);
    let (disk, mut log) = faulty(rotation(-1, 5));
    add(&mut log, &[0; 12]);
    assert_eq!(names(&disk), [entry("log", 12)]);
}

#[test]
fn what_an_earlier_run_left_counts() {
    let dir = tempfile::tempdir().expect("tempdir");
    let path = dir.path().join("log");
    fs::write(&path, [b'x'; 100]).expect("write");
    let mut log = LogFile::open(RealDisk, path.clone(), rotation(50, 1)).expect("open");
    add(&mut log, b"y");
    assert_eq!(fs::metadata(&path).expect("log").len(), 0);
    assert_eq!(
        fs::metadata(dir.path().join("log.1")).expect("old").len(),
        101
    );
}

#[test]
fn a_rotation_that_fails_is_said_and_tried_again_later() {
    let (disk, mut log) = faulty(rotation(10, 1));
    disk.set_weather(Weather::ReadOnlyDirectory);
    add(&mut log, &[0; 10]);
    let remark = log.remark.take().expect("a remark");
    assert!(remark.starts_with("cannot rotate log: "), "{remark}");
    add(&mut log, &[0; 10]);
    assert_eq!(log.remark.take(), None, "not with every write");
    disk.set_weather(Weather::Good);
    let retry = usize::try_from(RETRY_GROWTH).expect("small");
    add(&mut log, &vec![0; retry]);
    assert_eq!(
        names(&disk),
        [entry("log", 0), entry("log.1", 20 + RETRY_GROWTH)]
    );
}

#[test]
fn between_the_renames_and_the_new_file_the_old_one_goes_on_storing() {
    let (disk, mut log) = faulty(rotation(10, 1));
    disk.set_weather(Weather::NoDescriptors);
    add(&mut log, &[0; 10]);
    assert_eq!(names(&disk), [entry("log.1", 10)]);
    add(&mut log, &[0; 5]);
    assert_eq!(names(&disk), [entry("log.1", 15)]);
    disk.set_weather(Weather::Good);
    add(&mut log, &[0; 3]);
    assert_eq!(names(&disk), [entry("log", 3), entry("log.1", 15)]);
    add(&mut log, &[0; 7]);
    assert_eq!(names(&disk), [entry("log", 0), entry("log.1", 10)]);
}

#[test]
fn a_deleted_log_is_made_anew_with_the_bytes() {
    let (disk, mut log) = faulty(rotation(0, 0));
    add(&mut log, &[0; 10]);
    disk.remove("log");
    add(&mut log, &[0; 4]);
    assert_eq!(names(&disk), [entry("log", 4)]);
    disk.remove("log");
    disk.set_weather(Weather::ReadOnlyDirectory);
    let outcome = log.append(&[0; 6]);
    assert_eq!(outcome.stored, 0);
    let kind = outcome.error.expect("it fails").kind();
    assert_ne!(kind, io::ErrorKind::WouldBlock);
}

#[test]
fn a_deleted_log_that_is_made_again_is_rotated_at_once_if_it_is_large() {
    let (disk, mut log) = faulty(rotation(10, 1));
    add(&mut log, &[0; 3]);
    disk.remove("log");
    add(&mut log, &[0; 12]);
    assert_eq!(names(&disk), [entry("log", 0), entry("log.1", 12)]);
    disk.remove("log");
    add(&mut log, &[0; 4]);
    assert_eq!(names(&disk), [entry("log", 4), entry("log.1", 12)]);
}

#[test]
fn two_channels_of_one_file_rotate_it_once() {
    let dir = tempfile::tempdir().expect("tempdir");
    let path = dir.path().join("log");
    let open = || LogFile::open(RealDisk, path.clone(), rotation(10, 3)).expect("open");
    let (mut out, mut err) = (open(), open());
    add(&mut out, b"0123456789");
    // still at the old file: it goes over to the new one instead of rotating that
    add(&mut err, b"abc");
    add(&mut err, b"def");
    let text = |name: &str| fs::read_to_string(dir.path().join(name)).expect(name);
    assert_eq!(
        (text("log").as_str(), text("log.1").as_str()),
        ("def", "0123456789abc")
    );
    assert!(!dir.path().join("log.2").exists());
}

#[test]
fn only_regular_files_are_rotated_or_cleared() {
    let dir = tempfile::tempdir().expect("tempdir");
    let path = dir.path().join("log");
    let precious = dir.path().join("precious");
    fs::write(&precious, "content").expect("write");
    let mut log = LogFile::open(RealDisk, path.clone(), rotation(5, 1)).expect("open");
    fs::rename(&path, dir.path().join("away")).expect("rename");
    std::os::unix::fs::symlink(&precious, &path).expect("symlink");
    add(&mut log, b"0123456789");
    assert!(
        log.remark
            .take()
            .is_some_and(|text| text.contains("not a regular file"))
    );
    assert!(log.maintain(FileAction::Clear).is_err(), "ELOOP");
    let options = LogFileConfig::default();
    for action in [FileAction::Clear, FileAction::Rotate] {
        let log = maintain_closed(RealDisk, path.clone(), options, action);
        assert!(log.expect("left alone").is_none());
    }
    assert!(path.is_symlink());
    assert_eq!(fs::read_to_string(&precious).expect("read"), "content");
}

fn keyed(disk: &FaultyDisk, keys: LogFileConfig) -> LogFile<FaultyDisk> {
    LogFile::open(disk.clone(), "log".into(), keys).expect("good weather")
}

fn daily(maxbytes: i64) -> LogFileConfig {
    let mut options = rotation(maxbytes, 2);
    options.rotate = RotateBy::Daily;
    options
}

const DAY: i64 = 86_400;

#[test]
fn a_new_day_rotates_before_its_first_bytes() {
    let disk = FaultyDisk::new(1, false);
    disk.set_clock(DAY - 1);
    let mut log = keyed(&disk, daily(0));
    add(&mut log, &[0; 3]);
    disk.set_clock(DAY);
    add(&mut log, &[0; 4]);
    add(&mut log, &[0; 1]);
    assert_eq!(names(&disk), [entry("log", 5), entry("log.1", 3)]);
    // a day without output is no rotation, and the size still counts
    disk.set_clock(3 * DAY);
    let mut log = keyed(&disk, daily(10));
    add(&mut log, &[0; 11]);
    assert_eq!(
        names(&disk),
        [entry("log", 0), entry("log.1", 11), entry("log.2", 5)]
    );
}

#[test]
fn the_file_of_yesterday_is_rotated_by_the_daemon_of_today() {
    let disk = FaultyDisk::new(1, false);
    disk.set_clock(DAY - 1);
    add(&mut keyed(&disk, daily(0)), &[0; 3]);
    disk.set_clock(DAY - 1);
    add(&mut keyed(&disk, daily(0)), &[0; 3]);
    disk.set_clock(DAY);
    let mut log = keyed(&disk, daily(0));
    assert_eq!(names(&disk), [entry("log", 6)]);
    add(&mut log, &[0; 1]);
    assert_eq!(names(&disk), [entry("log", 1), entry("log.1", 6)]);
}

#[test]
fn two_channels_of_one_file_rotate_it_once_a_day() {
    let disk = FaultyDisk::new(1, false);
    let (mut out, mut err) = (keyed(&disk, daily(0)), keyed(&disk, daily(0)));
    add(&mut out, &[0; 3]);
    disk.set_clock(DAY);
    add(&mut out, &[0; 4]);
    add(&mut err, &[0; 5]);
    assert_eq!(names(&disk), [entry("log", 9), entry("log.1", 3)]);
}

#[test]
fn a_rotation_by_the_calendar_that_fails_costs_nothing() {
    let disk = FaultyDisk::new(1, false);
    let mut log = keyed(&disk, daily(0));
    add(&mut log, &[0; 3]);
    disk.set_clock(DAY);
    disk.set_weather(Weather::ReadOnlyDirectory);
    add(&mut log, &[0; 4]);
    assert!(
        log.remark
            .take()
            .is_some_and(|text| text.starts_with("cannot rotate log"))
    );
    assert_eq!(names(&disk), [entry("log", 7)]);
}

#[test]
fn rotation_on_demand_leaves_an_empty_log_alone() {
    let (disk, mut log) = faulty(rotation(0, 2));
    log.maintain(FileAction::Rotate).expect("nothing to do");
    add(&mut log, &[0; 3]);
    log.maintain(FileAction::Rotate).expect("rotated");
    log.maintain(FileAction::Rotate).expect("nothing to do");
    assert_eq!(names(&disk), [entry("log", 0), entry("log.1", 3)]);
    let keys = LogFileConfig::default();
    assert!(
        maintain_closed(disk.clone(), "none".into(), keys, FileAction::Rotate)
            .expect("missing")
            .is_none()
    );
    assert_eq!(names(&disk).len(), 2);
}

#[test]
fn every_file_that_is_made_looks_as_it_should() {
    let making = LogFileConfig {
        mode: Some(0o640),
        ..rotation(10, 1)
    };
    let disk = FaultyDisk::new(1, false);
    let mut log = keyed(&disk, making);
    assert_eq!(disk.made(), [making]);
    add(&mut log, &[0; 11]);
    assert_eq!(disk.made(), [making; 2]);
    disk.remove("log");
    add(&mut log, &[0; 1]);
    assert_eq!(disk.made(), [making; 3]);
    log.maintain(FileAction::Clear).expect("cleared");
    assert_eq!(disk.made(), [making; 4]);
    drop(keyed(&disk, making));
    assert_eq!(disk.made(), [making; 4]);
}

#[test]
fn a_mode_beats_the_umask_and_an_owner_that_cannot_be_had_is_told() {
    use std::os::unix::fs::MetadataExt;
    let dir = tempfile::tempdir().expect("tempdir");
    let path = dir.path().join("log");
    let us = dir.path().metadata().expect("stat").uid();
    let keys = |mode, uid| LogFileConfig {
        mode,
        owner: Some(visord_config::Ownership {
            uid: Some(uid),
            gid: None,
        }),
        ..LogFileConfig::default()
    };
    let open = |keys| LogFile::open(RealDisk, path.clone(), keys).expect("open");
    let mode = || path.metadata().expect("stat").mode() & 0o7777;
    let mut log = open(keys(Some(0o666), us));
    assert_eq!((mode(), log.remark.take()), (0o666, None));
    // what is there is left as it is
    assert_eq!(open(keys(Some(0o600), us)).remark, None);
    assert_eq!(mode(), 0o666);
    if us != 0 {
        fs::remove_file(&path).expect("remove");
        let mut log = open(keys(Some(0o666), 0));
        assert!(log.remark.take().is_some());
        assert_eq!(mode(), 0o600);
        add(&mut log, b"x");
    }
}

#[test]
fn compressed_files_move_on_with_the_others() {
    let dir = tempfile::tempdir().expect("tempdir");
    let path = dir.path().join("log");
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).expect("write");
    let listed = || {
        let entries = fs::read_dir(dir.path()).expect("read_dir");
        let mut found: Vec<(String, String)> = entries
            .map(|entry| entry.expect("entry"))
            .map(|entry| {
                let text = fs::read_to_string(entry.path()).expect("text");
                (entry.file_name().into_string().expect("ascii"), text)
            })
            .collect();
        found.sort();
        found
    };
    write("log", "0");
    write("log.1", "1");
    write("log.2.gz", "2");
    write("log.3.zst", "3");
    let mut keys = rotation(0, 3);
    keys.compress = Compression::Gzip;
    let mut log = LogFile::open(RealDisk, path.clone(), keys).expect("open");
    assert!(log.rotated.take().is_some(), "an earlier run left it");
    log.maintain(FileAction::Rotate).expect("rotated");
    assert!(log.rotated.take().is_some());
    let entry = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    assert_eq!(
        listed(),
        [
            entry("log", ""),
            entry("log.1", "0"),
            entry("log.2", "1"),
            entry("log.3.gz", "2")
        ]
    );
    add(&mut log, b"9");
    log.maintain(FileAction::Rotate).expect("rotated");
    assert_eq!(
        listed(),
        [
            entry("log", ""),
            entry("log.1", "9"),
            entry("log.2", "0"),
            entry("log.3", "1")
        ]
    );
}
