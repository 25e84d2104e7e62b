//! Logs that are no regular files: they may stall, they are never rotated.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::symlink;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use visord_test_support::wait_until;

use super::*;

/// What a pipe holds by default.
const PIPE: usize = 64 * 1024;

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n % 251) as u8).collect()
}

/// Reads exactly this much from a FIFO whose other end stays open.
fn read_fifo(path: &Path, length: usize) -> Vec<u8> {
    let mut reader = OpenOptions::new().read(true).open(path).expect("open");
    let mut found = vec![0; length];
    reader.read_exact(&mut found).expect("read");
    found
}

#[test]
fn a_fifo_nobody_reads_stalls_only_itself_and_loses_nothing() {
    let bench = Bench::new();
    mkfifo(&bench.path("fifo"), Mode::S_IRWXU).expect("mkfifo");
    let stalled = bench.open(bench.spec("fifo")).expect("open");
    let other = bench.open(bench.spec("x.log")).expect("open");
    let all = bytes(PIPE + 5000);
    assert_eq!(say(&stalled, &all[..PIPE]), 0);
    assert_eq!(say(&stalled, &all[PIPE..PIPE + 2000]), 2000);
    say(&other, b"not held up");
    assert_eq!(bench.read("x.log"), "not held up");
    // the process starts again: what its last run left comes first
    drop(stalled);
    let again = bench.open(bench.spec("fifo")).expect("open");
    assert_eq!(say(&again, &all[PIPE + 2000..]), 5000);
    assert_eq!(read_fifo(&bench.path("fifo"), all.len()), all);
    assert_eq!(bench.lost(), 0);
}

#[test]
fn a_stalled_child_waits_until_its_reader_reads() {
    let bench = Bench::new();
    mkfifo(&bench.path("fifo"), Mode::S_IRWXU).expect("mkfifo");
    let channel = bench.open(bench.spec("fifo")).expect("open");
    let all = bytes(1024 * 1024);
    let mut child = child(&channel);
    let found = std::thread::scope(|scope| {
        scope.spawn(|| child.write_all(&all).expect("write"));
        read_fifo(&bench.path("fifo"), all.len())
    });
    assert!(found == all);
    assert_eq!(bench.lost(), 0);
}

#[test]
fn what_a_stalled_reader_never_took_is_declared_at_the_end() {
    let bench = Bench::new();
    mkfifo(&bench.path("fifo"), Mode::S_IRWXU).expect("mkfifo");
    let channel = bench.open(bench.spec("fifo")).expect("open");
    say(&channel, &bytes(PIPE));
    say(&channel, &bytes(700));
    bench.service.clone().shutdown();
    let line = format!(
        "ERRO {} bytes of 'x' stdout lost: the FIFO has no reader",
        PIPE + 700
    );
    assert_eq!(bench.said.lines(), [line]);
    assert_eq!(bench.lost(), PIPE as u64 + 700);
}

#[test]
fn a_full_device_costs_bytes_not_the_channel() {
    let bench = Bench::new();
    let spec = ChannelSpec {
        file: Some("/dev/full".into()),
        ..spec()
    };
    let channel = bench.open(spec).expect("open");
    say(&channel, b"12345");
    assert_eq!(bench.lost(), 5);
    say(&channel, b"678");
    assert_eq!(bench.lost(), 8);
    bench.service.clone().shutdown();
    let lines = bench.said.lines();
    let start = "ERRO 5 bytes of 'x' stdout lost: No space left on device";
    assert!(lines[0].starts_with(start), "{lines:?}");
    // within the second, so it is said when the channel ends
    assert!(lines[1].starts_with("ERRO 3 bytes of 'x'"), "{lines:?}");
}

#[test]
fn rotation_is_off_with_one_warning() {
    let bench = Bench::new();
    mkfifo(&bench.path("fifo"), Mode::S_IRWXU).expect("mkfifo");
    for _ in 0..3 {
        let spec = ChannelSpec {
            config: rotated(10, 1),
            ..bench.spec("fifo")
        };
        let channel = bench.open(spec).expect("open");
        say(&channel, b"more than ten bytes");
        wait(channel.maintain(FileAction::Clear)).expect("nothing to clear");
    }
    let lines = bench.said.lines();
    let warnings = lines.iter().filter(|line| line.starts_with("WARN"));
    assert_eq!(warnings.count(), 1, "{lines:?}");
    assert!(lines[0].starts_with("WARN stdout_logfile of process 'x': "));
}

#[test]
fn a_link_to_a_device_is_followed_and_stays() {
    let bench = Bench::new();
    symlink("/dev/null", bench.path("link")).expect("symlink");
    let channel = bench.open(bench.spec("link")).expect("open");
    say(&channel, b"gone");
    wait(channel.maintain(FileAction::Clear)).expect("nothing to clear");
    wait(
        bench
            .service
            .maintain_closed(&bench.spec("link"), FileAction::Clear),
    )
    .expect("nothing to clear");
    assert!(bench.path("link").is_symlink());
    assert_eq!(bench.lost(), 0);
}

#[test]
fn our_own_descriptors_can_be_logs() {
    use std::os::fd::AsRawFd;
    let bench = Bench::new();
    fs::write(bench.path("out"), "before\n").expect("write");
    let out = OpenOptions::new()
        .append(true)
        .open(bench.path("out"))
        .expect("open");
    let spec = ChannelSpec {
        file: Some(format!("/dev/fd/{}", out.as_raw_fd()).into()),
        config: rotated(1, 1),
        ..spec()
    };
    let channel = bench.open(spec).expect("open");
    say(&channel, b"one\n");
    wait(channel.maintain(FileAction::Clear)).expect("not ours to clear");
    say(&channel, b"two\n");
    assert_eq!(bench.read("out"), "before\none\ntwo\n");
    assert_eq!(fs::read_dir(bench.dir.path()).expect("dir").count(), 1);
}

#[test]
fn a_pipe_of_ours_whose_reader_left_costs_bytes() {
    use std::os::fd::AsRawFd;
    let _alone = without_children();
    let bench = Bench::new();
    let (reader, writer) = pipe2(OFlag::O_CLOEXEC).expect("pipe");
    let spec = ChannelSpec {
        file: Some(format!("/dev/fd/{}", writer.as_raw_fd()).into()),
        ..spec()
    };
    let channel = bench.open(spec).expect("open");
    say(&channel, b"read");
    let mut found = [0; 4];
    nix::unistd::read(&reader, &mut found).expect("read");
    assert_eq!(&found, b"read");
    drop(reader);
    say(&channel, b"unread");
    assert_eq!(bench.lost(), 6);
}

/// Descriptors of this process that lead to this path, deleted or not.
fn descriptors(path: &Path) -> usize {
    let path = path.to_str().expect("ascii");
    let fds = fs::read_dir("/proc/self/fd").expect("proc");
    fds.filter_map(|fd| fs::read_link(fd.expect("entry").path()).ok())
        .filter(|target| target.to_string_lossy().starts_with(path))
        .count()
}

/// A channel whose FIFO is full and has this much queued behind it.
fn stalled(bench: &Bench, queued: usize) -> Channel {
    mkfifo(&bench.path("fifo"), Mode::S_IRWXU).expect("mkfifo");
    let channel = bench.open(bench.spec("fifo")).expect("open");
    say(&channel, &vec![b'f'; PIPE]);
    let queue = vec![b'q'; queued];
    assert_eq!(say(&channel, &queue), queued);
    channel
}

fn replace_by_a_file(path: &Path) {
    fs::remove_file(path).expect("remove");
    fs::write(path, "").expect("write");
}

#[test]
fn a_stalled_fifo_that_is_reopened_as_a_file_goes_on_there() {
    let bench = Bench::new();
    let channel = stalled(&bench, 300);
    let mut child = child(&channel);
    child.write_all(b"more").expect("write");
    replace_by_a_file(&bench.path("fifo"));
    channel.reopen();
    wait_until("the pipe to be read", || bench.read("fifo").len() == 304);
    child.write_all(b" and more").expect("write");
    drained(&channel);
    let whole = format!("{}more and more", "q".repeat(300));
    assert_eq!(bench.read("fifo"), whole);
    assert_eq!(bench.lost(), PIPE as u64, "what the FIFO held");
    bench.service.clone().shutdown();
    let line = format!("ERRO {PIPE} bytes of 'x' stdout lost: the FIFO has no reader");
    assert_eq!(bench.said.lines(), [line]);
}

#[test]
fn the_next_run_finds_a_file_where_the_stalled_fifo_was() {
    let bench = Bench::new();
    drop(stalled(&bench, 300));
    replace_by_a_file(&bench.path("fifo"));
    let again = bench.open(bench.spec("fifo")).expect("open");
    assert_eq!(say(&again, b"new"), 0);
    assert_eq!(bench.read("fifo"), "new");
    // the queue was on another thread, the one of logs that are no files
    wait_until("the rest to be counted", || {
        bench.lost() == PIPE as u64 + 300
    });
    bench.service.clone().shutdown();
    assert_eq!(declared(&bench), PIPE + 300);
}

/// The sum of all declarations.
fn declared(bench: &Bench) -> usize {
    let lines = bench.said.lines();
    let bytes = |line: &String| -> Option<usize> {
        line.strip_prefix("ERRO ")?.split(' ').next()?.parse().ok()
    };
    lines.iter().filter_map(bytes).sum()
}

#[test]
fn a_removed_process_does_not_keep_a_fifo_without_a_reader() {
    let bench = Bench::new();
    let path = bench.path("fifo");
    drop(stalled(&bench, 300));
    fs::remove_file(&path).expect("remove");
    assert_eq!(descriptors(&path), 1, "the next run may store it");
    bench.service.forget([name()]);
    wait_until("the FIFO to be closed", || descriptors(&path) == 0);
    bench.service.clone().shutdown();
    assert_eq!(declared(&bench), PIPE + 300);
    assert_eq!(bench.service.lost(&name()), ByteCounts::default());
}

#[test]
fn the_reader_of_a_removed_process_gets_everything() {
    let bench = Bench::new();
    let path = bench.path("fifo");
    let channel = stalled(&bench, 300);
    let mut reader = OpenOptions::new().read(true).open(&path).expect("open");
    drop(channel);
    fs::remove_file(&path).expect("remove");
    bench.service.forget([name()]);
    let mut found = Vec::new();
    // to the end: when everything is taken the log thread closes the FIFO
    reader.read_to_end(&mut found).expect("read");
    assert_eq!(found.len(), PIPE + 300);
    drop(reader);
    assert_eq!(descriptors(&path), 0);
    bench.service.clone().shutdown();
    assert_eq!(bench.said.lines(), Vec::<String>::new());
}

#[test]
fn a_removed_process_waits_no_longer_than_its_reader() {
    let bench = Bench::new();
    let path = bench.path("fifo");
    let channel = stalled(&bench, 300);
    let reader = OpenOptions::new().read(true).open(&path).expect("open");
    drop(channel);
    bench.service.forget([name()]);
    // the log thread has obeyed when it answers this
    mkfifo(&bench.path("other"), Mode::S_IRWXU).expect("mkfifo");
    drop(bench.open(bench.spec("other")).expect("open"));
    drop(reader);
    wait_until("the FIFO to be closed", || descriptors(&path) == 0);
}
