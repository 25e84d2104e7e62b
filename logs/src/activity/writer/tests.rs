//! Full queues, wakeups, and callers that wait.

use std::task::{Context, Poll, Waker};

use visord_config::LogFileConfig;
use visord_test_support::wait_until;

use super::*;
use crate::disk::RealDisk;
use crate::file::LogFile;

fn writer(dir: &tempfile::TempDir) -> (LogWriter, std::path::PathBuf) {
    let path = dir.path().join("log");
    let file = LogFile::open(RealDisk, path.clone(), LogFileConfig::default()).expect("open");
    let writer = LogWriter::new("test", Sink::File(file), LineStyle::Supervisor);
    writer.start_thread().expect("thread");
    (writer, path)
}

#[test]
fn a_full_queue_loses_lines_and_says_how_many() {
    let dir = tempfile::tempdir().expect("tempdir");
    let (writer, path) = writer(&dir);
    let hang = writer.shared.destination.lock();
    // as many as may be queued, and those that the thread has taken already
    let most = QUEUE + 256;
    for number in 0..most + 5 {
        writer.write(format!("{number}\n"));
    }
    let cleared = writer.clear();
    drop(hang);
    drop(cleared);
    writer.flush();
    writer.write("next\n".into());
    writer.flush();
    let text = std::fs::read_to_string(path).expect("read");
    let (lost, rest) = text
        .strip_prefix(" ERRO ")
        .and_then(|text| text.split_once(' '))
        .expect("a notice");
    assert_eq!(
        rest, "lines of the activity log lost: its queue was full\nnext\n",
        "cleared in spite of the full queue"
    );
    let lost: usize = lost.parse().expect("a number");
    assert!((5..=5 + 256).contains(&lost), "{lost}");
}

#[test]
fn lines_that_come_in_quick_succession_share_wakeups() {
    let dir = tempfile::tempdir().expect("tempdir");
    let (writer, path) = writer(&dir);
    let wakeups = || match &*writer.mode.read() {
        Mode::Queued(worker) => worker.sender().wakeups(),
        Mode::Direct | Mode::Abandoned => 0,
    };
    let mut before = 0;
    for _ in 0..10 {
        for number in 0..40 {
            writer.write(format!("{number}\n"));
        }
        wait_until("the thread to look", || wakeups() > before);
        before = wakeups();
    }
    let wakeups = wakeups();
    writer.stop_thread();
    assert!(wakeups < 100, "{wakeups} for 400 lines");
    let text = std::fs::read_to_string(path).expect("read");
    assert_eq!(text.lines().count(), 400);
}

#[test]
fn a_caller_that_waits_ends_the_nap() {
    let dir = tempfile::tempdir().expect("tempdir");
    let (writer, path) = writer(&dir);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("runtime");
    for number in 1..=100 {
        writer.write(format!("{number}\n"));
        runtime.block_on(async {
            if let Some(settled) = writer.settled() {
                settled.await;
            }
        });
        let text = std::fs::read_to_string(&path).expect("read");
        assert_eq!(text.lines().count(), number);
    }
}

/// Its clock goes on as soon as everything waits.
fn paused() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build();
    runtime.expect("a runtime")
}

#[test]
fn callers_wait_for_what_was_said_before() {
    let dir = tempfile::tempdir().expect("tempdir");
    let (writer, _) = writer(&dir);
    let runtime = paused();
    let _context = runtime.enter();
    assert!(writer.settled().is_none());
    let hang = writer.shared.destination.lock();
    writer.write("1\n".into());
    let mut wait = writer.settled().expect("something to wait for");
    let mut now = Context::from_waker(Waker::noop());
    assert_eq!(wait.poll_unpin(&mut now), Poll::Pending);
    drop(hang);
    assert!(writer.flush());
    assert_eq!(wait.poll_unpin(&mut now), Poll::Ready(()));
}

#[test]
fn a_disk_that_hangs_is_waited_for_once() {
    let dir = tempfile::tempdir().expect("tempdir");
    let (writer, _) = writer(&dir);
    let runtime = paused();
    let _context = runtime.enter();
    let hang = writer.shared.destination.lock();
    writer.write("1\n".into());
    let begun = tokio::time::Instant::now();
    runtime.block_on(writer.settled().expect("something to wait for"));
    assert_eq!(begun.elapsed().as_millis(), SHORT_PATIENCE.as_millis());
    writer.write("2\n".into());
    assert!(writer.settled().is_none(), "it still hangs");
    drop(hang);
    writer.flush();
    let _hang = writer.shared.destination.lock();
    writer.write("3\n".into());
    assert!(writer.settled().is_some(), "it has come back");
}
