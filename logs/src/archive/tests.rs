//! Compressed logs can be read, and nothing is lost on the way.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;

use slog::{Discard, o};

use super::*;
use crate::worker::Sender;
use std::fs::OpenOptions;

/// A compressor and a log thread that does its tasks.
struct Bench {
    dir: tempfile::TempDir,
    compressor: Compressor,
    queue: Sender<Job>,
}

impl Bench {
    fn new() -> Self {
        let (queue, inbox) = queue(QUEUE).expect("a descriptor");
        Self {
            dir: tempfile::tempdir().expect("tempdir"),
            compressor: Compressor {
                logger: Logger::root(Discard, o!()),
                inbox,
            },
            queue,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path()).expect("read_dir");
        let mut names: Vec<String> = entries
            .map(|entry| {
                entry
                    .expect("entry")
                    .file_name()
                    .into_string()
                    .expect("ascii")
            })
            .collect();
        names.sort();
        names
    }

    fn job(&self, file: &str, compress: Compression) -> (Job, mpsc::Receiver<Task>) {
        let (tasks, inbox) = mpsc::channel();
        let owner: Owner = Box::new(move |task| tasks.send(task).expect("a receiver"));
        let found = self.path(file).metadata().expect("the file");
        let job = Job {
            path: self.path("log"),
            file: Identity {
                device: found.dev(),
                inode: found.ino(),
            },
            backups: 3,
            compress,
            owner,
        };
        (job, inbox)
    }

    /// Compresses it; `before(n)` runs before the log thread does its n-th task.
    fn compress(&self, file: &str, compress: Compression, before: impl Fn(usize) + Send) {
        let (job, inbox) = self.job(file, compress);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let mut count = 0;
                while let Ok(task) = inbox.recv() {
                    before(count);
                    count += 1;
                    task();
                }
            });
            let done = self.compressor.replace(&job);
            drop(job);
            done.expect("compressed");
        });
    }

    fn read(&self, name: &str) -> Vec<u8> {
        let bytes = fs::read(self.path(name)).expect(name);
        let mut plain = Vec::new();
        if name.ends_with(".gz") {
            let mut decoder = flate2::read::GzDecoder::new(&bytes[..]);
            decoder.read_to_end(&mut plain).expect("gzip");
        } else {
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let mut decoder = ruzstd::decoding::StreamingDecoder::new(&mut rest).expect("zstd");
                decoder.read_to_end(&mut plain).expect("zstd");
            }
        }
        plain
    }
}

fn text(lines: usize) -> Vec<u8> {
    (0..lines)
        .flat_map(|n| format!("line {n} of a log\n").into_bytes())
        .collect()
}

#[test]
fn both_forms_can_be_read_and_look_like_the_file() {
    for (compress, name) in [
        (Compression::Gzip, "log.2.gz"),
        (Compression::Zstd, "log.2.zst"),
    ] {
        let bench = Bench::new();
        // more than a frame of zstd
        let content = text(300_000);
        fs::write(bench.path("log.2"), &content).expect("write");
        let mode = fs::Permissions::from_mode(0o640);
        fs::set_permissions(bench.path("log.2"), mode).expect("chmod");
        let before = bench.path("log.2").metadata().expect("stat");
        bench.compress("log.2", compress, |_| {});
        assert_eq!(bench.names(), [name]);
        let after = bench.path(name).metadata().expect("stat");
        assert_eq!(
            (after.mode(), after.mtime(), after.uid()),
            (before.mode(), before.mtime(), before.uid())
        );
        assert!(after.len() < before.len() / 3, "{}", after.len());
        assert_eq!(bench.read(name), content);
    }
}

#[test]
fn a_file_that_is_rotated_on_keeps_its_number() {
    let bench = Bench::new();
    fs::write(bench.path("log.1"), text(10)).expect("write");
    bench.compress("log.1", Compression::Gzip, |task| {
        // a rotation before each step: in the first the plain file alone, then both
        let rename = |from: &str, to: &str| fs::rename(bench.path(from), bench.path(to));
        if task == 0 {
            rename("log.1", "log.2").expect("rename");
        } else {
            rename("log.2", "log.3").expect("rename");
            rename("log.2.gz", "log.3.gz").expect("rename");
        }
    });
    assert_eq!(bench.names(), ["log.3.gz"]);
    assert_eq!(bench.read("log.3.gz"), text(10));
}

#[test]
fn bytes_that_come_late_are_not_lost() {
    for late in [0, 1] {
        let bench = Bench::new();
        fs::write(bench.path("log.1"), text(10)).expect("write");
        bench.compress("log.1", Compression::Zstd, |task| {
            if task == late {
                let file = OpenOptions::new().append(true).open(bench.path("log.1"));
                file.and_then(|mut file| io::Write::write_all(&mut file, b"late"))
                    .expect("append");
            }
        });
        assert_eq!(bench.names(), ["log.1.zst"]);
        assert_eq!(
            bench.read("log.1.zst"),
            [text(10), b"late".to_vec()].concat()
        );
    }
}

#[test]
fn a_writer_that_goes_on_keeps_the_file() {
    let bench = Bench::new();
    fs::write(bench.path("log.1"), text(1)).expect("write");
    let (job, inbox) = bench.job("log.1", Compression::Gzip);
    let path = bench.path("log.1");
    let done = std::thread::scope(|scope| {
        scope.spawn(move || {
            while let Ok(task) = inbox.recv() {
                let file = OpenOptions::new().append(true).open(&path);
                file.and_then(|mut file| io::Write::write_all(&mut file, b"x"))
                    .expect("append");
                task();
            }
        });
        let done = bench.compressor.replace(&job);
        drop(job);
        done
    });
    assert!(done.is_err());
    assert_eq!(bench.names(), ["log.1"]);
}

#[test]
fn a_stop_or_a_missing_file_leaves_everything_as_it_is() {
    let bench = Bench::new();
    fs::write(bench.path("log.1"), text(10)).expect("write");
    // what a crash left does not matter
    fs::write(bench.path("log.gz.tmp"), "half").expect("write");
    bench.queue.close(Instant::now());
    bench.compress("log.1", Compression::Gzip, |_| {});
    assert_eq!(bench.names(), ["log.1"]);
    let (job, _inbox) = bench.job("log.1", Compression::Gzip);
    fs::remove_file(bench.path("log.1")).expect("remove");
    bench.compressor.replace(&job).expect("nothing to do");
    assert!(bench.names().is_empty());
}
