//! A file system that hangs: only the logs on it wait.

use std::process::{Command, Stdio};
use std::task::{Poll, Waker};

use super::*;

/// A small file system of its own that can be frozen.
struct Freezer {
    place: PathBuf,
    frozen: bool,
}

impl Freezer {
    /// `None`, with the reason on standard error, where that is not permitted.
    fn new(dir: &Path) -> Option<Self> {
        let image = dir.join("image");
        let place = dir.join("mount");
        fs::create_dir(&place).ok()?;
        let file = fs::File::create(&image).ok()?;
        file.set_len(8 * 1024 * 1024).ok()?;
        let made = run("mkfs.ext4", &[&image]) && {
            let options = [Path::new("-o"), Path::new("loop"), &image, &place];
            run("mount", &options)
        };
        let freezer = Self {
            place,
            frozen: false,
        };
        if made {
            Some(freezer)
        } else {
            std::mem::forget(freezer);
            eprintln!("skipped: a loop-mounted ext4 is not permitted here");
            None
        }
    }

    fn freeze(&mut self) -> bool {
        self.frozen = run("fsfreeze", &[Path::new("-f"), &self.place]);
        self.frozen
    }

    fn thaw(&mut self) {
        if std::mem::take(&mut self.frozen) {
            assert!(run("fsfreeze", &[Path::new("-u"), &self.place]), "thaw");
        }
    }
}

impl Drop for Freezer {
    fn drop(&mut self) {
        self.thaw();
        run("umount", &[Path::new("-l"), &self.place]);
    }
}

fn run(program: &str, arguments: &[&Path]) -> bool {
    let _spawning = SPAWNING.write();
    Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[test]
fn a_hanging_file_system_stalls_only_its_own_logs() {
    let bench = Bench::new();
    let healthy = bench.open(bench.spec("healthy.log")).expect("open");
    // mounted while the service runs
    let Some(mut freezer) = Freezer::new(bench.dir.path()) else {
        return;
    };
    let hanging = bench.open(bench.spec("mount/hanging.log")).expect("open");
    if !freezer.freeze() {
        eprintln!("skipped: freezing a file system is not permitted here");
        return;
    }
    child(&hanging).write_all(b"waits").expect("write");
    let mut waiting = Box::pin(hanging.drain());
    // all of this would hang with it
    say(&healthy, b"goes on");
    let another = bench.open(bench.spec("another.log")).expect("open");
    say(&another, b"too");
    let mut now = std::task::Context::from_waker(Waker::noop());
    assert_eq!(waiting.as_mut().poll(&mut now), Poll::Pending);
    freezer.thaw();
    wait(waiting);
    assert_eq!(bench.read("mount/hanging.log"), "waits");
    assert_eq!(bench.read("healthy.log"), "goes on");
    assert_eq!(bench.read("another.log"), "too");
    drop(hanging);
    bench.service.clone().shutdown();
}

#[test]
fn nobody_waits_for_the_activity_log() {
    let dir = tempfile::tempdir().expect("tempdir");
    let Some(mut freezer) = Freezer::new(dir.path()) else {
        return;
    };
    let path = freezer.place.join("main.log");
    let log = activity(ActivitySettings {
        target: visord_config::MainLogTarget::File(path.clone()),
        maxbytes: 0,
        backups: 0,
        level: visord_model::log_line::Level::Info,
        stdout: false,
        style: LineStyle::Supervisor,
    })
    .expect("open");
    log.start_threads().expect("threads");
    if !freezer.freeze() {
        eprintln!("skipped: freezing a file system is not permitted here");
        return;
    }
    let logger = log.logger();
    const LINES: usize = 5000;
    for number in 0..LINES {
        slog::info!(logger, "line {number}");
    }
    freezer.thaw();
    log.flush();
    slog::info!(logger, "after");
    log.stop_threads();
    let text = fs::read_to_string(&path).expect("read");
    let lost: usize = text
        .lines()
        .filter_map(|line| {
            line.split_once(" ERRO ")?
                .1
                .split_once(" lines of the activity log lost: ")
        })
        .map(|(count, _)| count.parse::<usize>().expect("a number"))
        .sum();
    let written = text
        .lines()
        .filter(|line| line.contains(" INFO line "))
        .count();
    assert_eq!(written + lost, LINES);
    assert!(lost > 0 && text.ends_with(" INFO after\n"));
}
