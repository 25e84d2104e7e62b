//! Full queues, wakeups, and callers that wait.

use super::*;
use crate::disk::RealDisk;
use crate::file::{FileOptions, LogFile};

fn notice(lost: u64) -> String {
    format!("{lost} lost\n")
}

fn writer(dir: &tempfile::TempDir) -> (LogWriter, std::path::PathBuf) {
    let path = dir.path().join("log");
    let file = LogFile::open(RealDisk, path.clone(), FileOptions::default()).expect("open");
    let writer = LogWriter::new("test", Sink::File(file));
    writer.start_thread().expect("thread");
    (writer, path)
}

#[test]
fn a_full_queue_loses_lines_and_says_how_many() {
    let dir = tempfile::tempdir().expect("tempdir");
    let (writer, path) = writer(&dir);
    let hang = lock(&writer.shared.destination);
    // as many as may be queued, and those that the thread has taken already
    let most = QUEUE + 256;
    for number in 0..most + 5 {
        writer.write(format!("{number}\n"), notice);
    }
    let cleared = writer.clear();
    drop(hang);
    drop(cleared);
    writer.flush();
    writer.write("next\n".into(), notice);
    writer.flush();
    let text = std::fs::read_to_string(path).expect("read");
    let (lost, next) = text.split_once(' ').expect("a notice");
    assert_eq!(next, "lost\nnext\n", "cleared in spite of the full queue");
    let lost: usize = lost.parse().expect("a number");
    assert!((5..=5 + 256).contains(&lost), "{lost}");
}

#[test]
fn lines_that_come_in_quick_succession_share_wakeups() {
    let dir = tempfile::tempdir().expect("tempdir");
    let (writer, path) = writer(&dir);
    let begun = Instant::now();
    for number in 0..400 {
        writer.write(format!("{number}\n"), notice);
        std::thread::sleep(Duration::from_micros(100));
    }
    let naps = begun.elapsed().div_duration_f64(NAP);
    let wakeups = match &*writer.mode() {
        Mode::Queued(worker) => worker.sender().wakeups(),
        Mode::Direct | Mode::Abandoned => 0,
    };
    writer.stop_thread(notice);
    assert!((wakeups as f64) < naps * 2.0 + 5.0, "{wakeups} of {naps}");
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
        writer.write(format!("{number}\n"), notice);
        runtime.block_on(async {
            if let Some(settled) = writer.settled() {
                settled.await;
            }
        });
        let text = std::fs::read_to_string(&path).expect("read");
        assert_eq!(text.lines().count(), number);
    }
}
