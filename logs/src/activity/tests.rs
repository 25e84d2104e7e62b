//! The activity log: format, levels, order, and what happens when the disk is against us.

use std::fs;
use std::path::Path;

use visord_model::log_line::LogLine;

use super::*;
use crate::emit::emit;

impl ActivityLog {
    /// Waits until everything said so far is written, at most a few seconds.
    pub(crate) fn flush(&self) {
        for writer in self.0.writers() {
            writer.flush();
        }
    }
}

fn settings(path: &Path) -> ActivitySettings {
    ActivitySettings {
        target: MainLogTarget::File(path.to_path_buf()),
        maxbytes: 0,
        backups: 0,
        level: Level::Info,
        stdout: false,
        style: LineStyle::Supervisor,
    }
}

fn say(log: &ActivityLog, level: Level, text: &str) {
    emit(&log.logger(), &LogLine::new(level, text));
}

/// The lines without their time.
fn messages(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).expect("read");
    text.lines()
        .map(|line| line.get(24..).expect("a time").to_owned())
        .collect()
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("runtime")
        .block_on(future)
}

#[test]
fn lines_have_the_format_of_the_original() {
    let dir = tempfile::tempdir().expect("tempdir");
    let path = dir.path().join("main.log");
    let log = activity(settings(&path)).expect("open");
    say(&log, Level::Warn, "first\nsecond");
    let text = fs::read_to_string(&path).expect("read");
    let (time, rest) = text.split_at(23);
    let shape: String = time
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(shape, "0000-00-00 00:00:00,000");
    assert_eq!(rest, " WARN first\nsecond\n");
}

#[test]
fn each_level_includes_the_more_important_ones() {
    let dir = tempfile::tempdir().expect("tempdir");
    let levels = [
        Level::Critical,
        Level::Error,
        Level::Warn,
        Level::Info,
        Level::Debug,
        Level::Trace,
        Level::Blather,
    ];
    for (index, level) in levels.into_iter().enumerate() {
        let path = dir.path().join(level.code());
        let log = activity(ActivitySettings {
            level,
            ..settings(&path)
        })
        .expect("open");
        for level in levels {
            say(&log, level, "x");
        }
        let codes = levels[..=index]
            .iter()
            .map(|level| format!("{} x", level.code()));
        assert_eq!(messages(&path), codes.collect::<Vec<_>>());
    }
}

#[test]
fn queued_lines_keep_their_order_around_reopen_and_clear() {
    let dir = tempfile::tempdir().expect("tempdir");
    let path = dir.path().join("main.log");
    let old = dir.path().join("main.old");
    let log = activity(settings(&path)).expect("open");
    say(&log, Level::Info, "direct");
    log.start_threads().expect("threads");
    say(&log, Level::Info, "queued");
    log.flush();
    fs::rename(&path, &old).expect("rename");
    say(&log, Level::Info, "supervisord logreopen");
    log.reopen();
    say(&log, Level::Info, "after");
    log.flush();
    assert_eq!(
        messages(&old),
        ["INFO direct", "INFO queued", "INFO supervisord logreopen"]
    );
    assert_eq!(messages(&path), ["INFO after"]);
    wait(log.clear()).expect("clear");
    assert_eq!(messages(&path), Vec::<String>::new());
    say(&log, Level::Info, "new");
    log.stop_threads();
    say(&log, Level::Info, "direct again");
    assert_eq!(messages(&path), ["INFO new", "INFO direct again"]);
}

#[test]
fn an_open_error_is_returned() {
    let dir = tempfile::tempdir().expect("tempdir");
    let failed = activity(settings(dir.path())).err().expect("a directory");
    assert_eq!(failed.raw_os_error(), Some(libc::EISDIR));
}

#[test]
fn rotates_like_any_log() {
    let dir = tempfile::tempdir().expect("tempdir");
    let path = dir.path().join("main.log");
    let log = activity(ActivitySettings {
        maxbytes: 60,
        backups: 1,
        ..settings(&path)
    })
    .expect("open");
    for number in 0..5 {
        say(&log, Level::Info, &format!("line {number}"));
    }
    assert_eq!(
        messages(&dir.path().join("main.log.1")),
        ["INFO line 2", "INFO line 3"]
    );
    assert_eq!(messages(&path), ["INFO line 4"]);
}

#[test]
fn survives_a_directory_that_vanished_and_says_so() {
    let dir = tempfile::tempdir().expect("tempdir");
    let home = dir.path().join("logs");
    let path = home.join("main.log");
    fs::create_dir(&home).expect("mkdir");
    let log = activity(settings(&path)).expect("open");
    fs::remove_dir_all(&home).expect("rm");
    say(&log, Level::Info, "lost");
    say(&log, Level::Info, "lost too");
    log.reopen();
    fs::create_dir(&home).expect("mkdir");
    say(&log, Level::Info, "back");
    let said = messages(&path);
    assert_eq!(said[0], "INFO back");
    assert!(
        said[1].starts_with("ERRO 2 lines of the activity log lost: "),
        "{said:?}"
    );
    assert!(
        said[2].starts_with("ERRO cannot reopen the activity log: "),
        "{said:?}"
    );
}

#[test]
fn the_level_changes_at_once() {
    let dir = tempfile::tempdir().expect("tempdir");
    let path = dir.path().join("main.log");
    let log = activity(settings(&path)).expect("open");
    for level in [Level::Info, Level::Trace, Level::Blather, Level::Critical] {
        log.set_level(level);
        for said in Level::ALL {
            say(&log, said, &format!("{} at {}", said.code(), level.code()));
        }
    }
    let text = fs::read_to_string(&path).expect("read");
    let count = |level: &str| text.matches(&format!(" at {level}")).count();
    let counts = ["INFO", "TRAC", "BLAT", "CRIT"].map(count);
    assert_eq!(counts, [4, 6, 7, 1]);
}
