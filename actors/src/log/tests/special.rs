//! Logs that are no regular files: they may stall, they are never rotated.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::symlink;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

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
    assert_eq!(say(&stalled, &all[..PIPE]).queued, 0);
    assert_eq!(say(&stalled, &all[PIPE..PIPE + 2000]).queued, 2000);
    say(&other, b"not held up");
    assert_eq!(bench.read("x.log"), "not held up");
    // the process starts again: what its last run left comes first
    drop(stalled);
    let again = bench.open(bench.spec("fifo")).expect("open");
    assert_eq!(say(&again, &all[PIPE + 2000..]).queued, 5000);
    assert_eq!(read_fifo(&bench.path("fifo"), all.len()), all);
    assert_eq!(again.lost(), 0);
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
    assert_eq!(channel.lost(), 0);
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
        "ERRO {} bytes of 'x' stdout lost: nobody reads the FIFO",
        PIPE + 700
    );
    assert_eq!(bench.said.lines(), [line]);
    assert_eq!(channel.lost(), PIPE as u64 + 700);
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
    assert_eq!(channel.lost(), 5);
    say(&channel, b"678");
    assert_eq!(channel.lost(), 8);
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
            maxbytes: 10,
            backups: 1,
            ..bench.spec("fifo")
        };
        let channel = bench.open(spec).expect("open");
        say(&channel, b"more than ten bytes");
        wait(channel.clear()).expect("nothing to clear");
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
    wait(channel.clear()).expect("nothing to clear");
    wait(bench.service.clear_closed(&bench.spec("link"))).expect("nothing to clear");
    assert!(bench.path("link").is_symlink());
    assert_eq!(channel.lost(), 0);
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
        maxbytes: 1,
        backups: 1,
        ..spec()
    };
    let channel = bench.open(spec).expect("open");
    say(&channel, b"one\n");
    wait(channel.clear()).expect("not ours to clear");
    say(&channel, b"two\n");
    assert_eq!(bench.read("out"), "before\none\ntwo\n");
    assert_eq!(fs::read_dir(bench.dir.path()).expect("dir").count(), 1);
}

#[test]
fn a_pipe_of_ours_whose_reader_left_costs_bytes() {
    use std::os::fd::AsRawFd;
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
    assert_eq!(channel.lost(), 6);
}
