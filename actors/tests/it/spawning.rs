//! What a child finds when it begins, and what is said when it cannot.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use nix::sys::resource::{Resource, getrlimit};
use nix::sys::signal::Signal as Sig;
use nix::unistd::{Pid, geteuid, getsid};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe::{Receiver, Sender};
use visord_actors::clock::Clock;
use visord_actors::spawn::{
    CommandQuery, Limit, ProgramJobs, SpawnAttempt, SpawnError, SpawnJob, Spawner, SpawnerHandle,
    SpawnerOptions, open_pipes,
};
use visord_model::signal::Signal;
use visord_test_support::{is_own_process, own_process, skip};

use crate::harness::{End, Story, both_modes, plan, read, shell, spawn, story};

const NOT_SPAWNED: &str = "supervisor: child process was not spawned\n";

#[tokio::test]
async fn ends_reach_the_waiter() {
    for (mode, spawner) in both_modes() {
        for (script, end) in [
            ("exit 0", End::Code(0)),
            ("exit 255", End::Code(255)),
            ("kill -TERM $$", End::Signal(Sig::SIGTERM)),
        ] {
            let (ours, plan) = shell(script);
            assert_eq!(
                story(&spawner, ours, plan).await.end,
                end,
                "{mode} {script}"
            );
        }
    }
}

#[tokio::test]
async fn each_descriptor_has_its_own_pipe() {
    for (mode, spawner) in both_modes() {
        let (ours, plan) = shell("cat; echo err >&2");
        let child = spawn(&spawner, plan).await.expect("spawned");
        let mut stdin = Sender::from_owned_fd(ours.stdin.expect("pipe")).expect("pipe");
        stdin.write_all(b"in and out").await.expect("written");
        drop(stdin);
        assert_eq!(read(ours.stdout).await, "in and out", "{mode}");
        assert_eq!(read(ours.stderr.expect("pipe")).await, "err\n", "{mode}");
        nix::sys::wait::waitpid(Pid::from_raw(child.pid), None).expect("ours");
    }
}

#[tokio::test]
async fn stderr_can_share_stdout() {
    for (mode, spawner) in both_modes() {
        let (ours, ends) = open_pipes(true, None).expect("pipes");
        let (_, mut plan) = shell("echo one; echo two >&2");
        plan.ends = ends;
        let story = story(&spawner, ours, plan).await;
        assert_eq!(story.stdout, "one\ntwo\n", "{mode}");
    }
}

#[tokio::test]
async fn no_descriptor_of_the_daemon_is_left() {
    let (pipe, _other) = nix::unistd::pipe().expect("without close-on-exec");
    assert!(pipe.as_raw_fd() > 2);
    for (mode, spawner) in both_modes() {
        // the shell itself opens none before the loop ends
        let (ours, plan) =
            shell("for n in $(seq 0 300); do [ -e /proc/$$/fd/$n ] && echo $n; done; true");
        let story = story(&spawner, ours, plan).await;
        assert_eq!(story.stdout, "0\n1\n2\n", "{mode}");
    }
}

#[tokio::test]
async fn leads_a_process_group_in_the_same_session() {
    let session = getsid(None).expect("session").as_raw();
    for (mode, spawner) in both_modes() {
        let (ours, plan) =
            shell("read _ _ _ _ group session _ < /proc/$$/stat; echo $$ $group $session");
        let story = story(&spawner, ours, plan).await;
        let numbers: Vec<i32> = story
            .stdout
            .split_whitespace()
            .map(|word| word.parse().expect("number"))
            .collect();
        assert_eq!(numbers, [numbers[0], numbers[0], session], "{mode}");
    }
}

#[tokio::test]
async fn has_every_signal_at_default_and_none_blocked() {
    // the Rust runtime ignores SIGPIPE, as the original does
    for (mode, spawner) in both_modes() {
        let (ours, plan) = plan("/bin/cat", &["cat", "/proc/self/status"]);
        let story = story(&spawner, ours, plan).await;
        let masks: Vec<&str> = story
            .stdout
            .lines()
            .filter_map(|line| line.strip_prefix("Sig"))
            .filter(|line| {
                ["Blk", "Ign", "Cgt"]
                    .iter()
                    .any(|name| line.starts_with(name))
            })
            .filter_map(|line| line.split_whitespace().last())
            .collect();
        assert_eq!(masks, ["0000000000000000"; 3], "{mode}");
    }
}

#[tokio::test]
async fn gets_directory_umask_and_exactly_its_environment() {
    let dir = tempfile::tempdir().expect("temp dir");
    let real = dir.path().canonicalize().expect("real path");
    for (mode, spawner) in both_modes() {
        let (ours, mut plan) = shell("pwd -P; umask; touch made; exec /usr/bin/env");
        plan.directory = Some(dir.path().to_owned());
        plan.umask = Some(0o027);
        plan.environment = vec![c"B=2".into(), c"A=1 =x".into()];
        let story = story(&spawner, ours, plan).await;
        let lines: Vec<&str> = story.stdout.lines().collect();
        assert_eq!(lines[..2], [&*real.to_string_lossy(), "0027"], "{mode}");
        for variable in ["B=2", "A=1 =x"] {
            assert!(lines.contains(&variable), "{mode}: {lines:?}");
        }
        assert!(
            !lines.iter().any(|line| line.starts_with("HOME=")),
            "{mode}"
        );
        let made = dir.path().join("made");
        let mode = fs::metadata(&made).expect("made").permissions().mode();
        assert_eq!(mode & 0o777, 0o640, "{mode}");
        fs::remove_file(made).expect("removed");
    }
}

#[tokio::test]
async fn a_relative_program_is_executed_where_the_child_is() {
    // difference C39: checked from the daemon's directory, executed from the child's
    for (mode, spawner) in both_modes() {
        let (ours, mut plan) = plan("./sh", &["./sh", "-c", "echo here"]);
        plan.directory = Some(PathBuf::from("/bin"));
        assert_eq!(story(&spawner, ours, plan).await.stdout, "here\n", "{mode}");
    }
}

#[tokio::test]
async fn what_a_child_cannot_do_it_says_and_ends_with_127() {
    let dir = Files::new();
    for (mode, spawner) in both_modes() {
        for (program, directory, errno) in [
            ("no-interpreter", None, "exec word: ENOENT"),
            ("no-shebang", None, "exec word: ENOEXEC"),
            ("not-there", None, "exec word: ENOENT"),
            ("not-executable", None, "exec word: EACCES"),
            (
                "no-shebang",
                Some("/no/such dir"),
                "chdir to /no/such dir: ENOENT",
            ),
            (
                "no-shebang",
                Some("/etc/passwd"),
                "chdir to /etc/passwd: ENOTDIR",
            ),
        ] {
            let path = dir.0.path().join(program);
            let (ours, mut plan) = plan(&path.to_string_lossy(), &["word", "x"]);
            plan.directory = directory.map(PathBuf::from);
            let story = story(&spawner, ours, plan).await;
            let expected = Story {
                stdout: String::new(),
                stderr: format!("supervisor: couldn't {errno}\n{NOT_SPAWNED}"),
                end: End::Code(127),
            };
            assert_eq!(story, expected, "{mode} {program}");
        }
    }
}

#[tokio::test]
async fn words_may_be_as_long_as_the_kernel_takes_them() {
    // one word of at most 128 KiB with its end
    const MOST: usize = 128 * 1024 - 1;
    for (mode, spawner) in both_modes() {
        let long = "x".repeat(MOST);
        let (ours, plan) = plan("/bin/sh", &["sh", "-c", "echo ${#1}", "sh", &long]);
        assert_eq!(
            story(&spawner, ours, plan).await.stdout,
            "131071\n",
            "{mode}"
        );
    }
    for (mode, spawner) in both_modes() {
        let long = "x".repeat(MOST + 1);
        let (ours, plan) = plan("/bin/sh", &["sh", &long]);
        let text = format!("supervisor: couldn't exec sh: E2BIG\n{NOT_SPAWNED}");
        let story = story(&spawner, ours, plan).await;
        assert_eq!((story.stderr, story.end), (text, End::Code(127)), "{mode}");
    }
}

/// Files that cannot be executed.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("temp dir");
        for (name, text, mode) in [
            ("no-interpreter", "#!/no/such/interpreter\n", 0o755),
            ("no-shebang", "echo never\n", 0o755),
            ("not-executable", "#!/bin/sh\n", 0o644),
        ] {
            let path: &Path = &dir.path().join(name);
            fs::write(path, text).expect("write");
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("chmod");
        }
        Self(dir)
    }
}

#[tokio::test]
async fn becomes_another_user_in_full() {
    if !geteuid().is_root() {
        skip("only root may become another user");
        return;
    }
    for (mode, spawner) in both_modes() {
        let (ours, mut plan) = plan("/bin/cat", &["cat", "/proc/self/status"]);
        plan.user = Some(65_534);
        let story = story(&spawner, ours, plan).await;
        let ids = |key: &str| -> Vec<String> {
            let line = story.stdout.lines().find_map(|line| line.strip_prefix(key));
            let words = line.expect(key).split_whitespace();
            words.map(str::to_owned).collect()
        };
        assert_eq!(ids("Uid:"), ["65534"; 4], "{mode}");
        let gid = &ids("Gid:")[0];
        assert_ne!(gid, "0", "{mode}");
        assert_eq!(ids("Gid:"), vec![gid.clone(); 4], "{mode}");
        assert!(ids("Groups:").contains(gid), "{mode}");
        assert!(!ids("Groups:").contains(&"0".to_owned()), "{mode}");
        assert_eq!(ids("CapEff:"), ["0000000000000000"], "{mode}");
    }
}

#[tokio::test]
async fn a_user_that_vanished_cannot_be_become() {
    if !geteuid().is_root() {
        skip("only root gets as far as looking");
        return;
    }
    for (mode, spawner) in both_modes() {
        let (ours, mut plan) = shell("echo never");
        plan.user = Some(4_000_000);
        let story = story(&spawner, ours, plan).await;
        let text = "supervisor: couldn't setuid to 4000000: Can't find uid 4000000\n";
        assert_eq!(story.stderr, format!("{text}{NOT_SPAWNED}"), "{mode}");
        assert_eq!(
            (story.stdout, story.end),
            (String::new(), End::Code(127)),
            "{mode}"
        );
    }
}

#[test]
fn who_is_not_root_can_only_stay() {
    if is_own_process() || !geteuid().is_root() {
        return tokio_main(stay_or_be_refused());
    }
    own_process("spawning::who_is_not_root_can_only_stay", |command| {
        command.uid(65_534).gid(65_534).current_dir("/");
    });
}

async fn stay_or_be_refused() {
    let me = geteuid().as_raw();
    for (mode, spawner) in both_modes() {
        let (ours, mut plan) = shell("id -u");
        plan.user = Some(me);
        let stayed = story(&spawner, ours, plan).await;
        assert_eq!(stayed.stdout, format!("{me}\n"), "{mode}");

        let (ours, mut plan) = shell("echo never");
        plan.user = Some(1);
        let refused = story(&spawner, ours, plan).await;
        let text = "supervisor: couldn't setuid to 1: Can't drop privilege as nonroot user\n";
        assert_eq!(refused.stderr, format!("{text}{NOT_SPAWNED}"), "{mode}");
        assert_eq!(refused.end, End::Code(127), "{mode}");
    }
}

#[test]
fn pipes_may_have_the_numbers_of_stdio() {
    if !is_own_process() {
        return own_process("spawning::pipes_may_have_the_numbers_of_stdio", |_| ());
    }
    low_pipes(0);
}

#[test]
fn pipes_may_have_the_numbers_of_stdio_the_portable_way() {
    if !is_own_process() {
        let name = "spawning::pipes_may_have_the_numbers_of_stdio_the_portable_way";
        return own_process(name, |_| ());
    }
    low_pipes(1);
}

/// One way in a process of its own: once 0 and 2 are free, anything may get them, and only the
/// first time is it known that no other thread owns them.
fn low_pipes(which: usize) {
    tokio_main(async {
        let (mode, spawner) = both_modes().into_iter().nth(which).expect("a way");
        // what a worker opens first is open when this is done, and takes no number of stdio
        spawner.run(|| ()).await.expect("a worker");
        // 0 and 2 are free now, and 1 will not be in place either
        for fd in [0, 2] {
            nix::unistd::close(fd).expect("closed");
        }
        let (ours, plan) = shell("cat; echo out; echo err >&2");
        assert!(plan.ends.stdin.as_raw_fd() <= 2 || ours.stdout.as_raw_fd() <= 2);
        let story = story(&spawner, ours, plan).await;
        // put them back for the harness of the test
        let null = || fs::File::options().read(true).write(true).open("/dev/null");
        std::mem::forget((null().expect("0"), null().expect("2")));
        assert_eq!(
            (&*story.stdout, &*story.stderr),
            ("out\n", "err\n"),
            "{mode}"
        );
    });
}

#[tokio::test]
async fn gets_back_the_limit_that_the_daemon_raised() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("limit");
    for portable in [false, true] {
        let spawner = SpawnerHandle::start(SpawnerOptions {
            portable,
            descriptors: Some(Limit { soft: 77, hard }),
        });
        let (ours, plan) = shell("ulimit -Sn");
        let story = story(&spawner.expect("thread"), ours, plan).await;
        assert_eq!(story.stdout, "77\n", "portable: {portable}");
    }
}

#[tokio::test]
async fn signals_reach_the_child_or_its_group() {
    for (mode, spawner) in both_modes() {
        for group in [false, true] {
            // the grandchild keeps stdout open: it ends with the group, not with the child
            let (ours, plan) = shell("sleep 1000 & echo $!; wait");
            let child = spawn(&spawner, plan).await.expect("spawned");
            let mut line = [0; 16];
            let mut stdout = Receiver::from_owned_fd(ours.stdout).expect("pipe");
            let count = stdout.read(&mut line).await.expect("the grandchild's pid");
            let pid = std::str::from_utf8(&line[..count]).expect("text").trim();
            let grandchild: i32 = pid.parse().expect("number");

            spawner.signal(&child, Signal::TERM, group).expect("sent");
            nix::sys::wait::waitpid(Pid::from_raw(child.pid), None).expect("ours");
            let gone = spawner.signal(&child, Signal::TERM, false);
            let errno = gone.expect_err("reaped").raw_os_error();
            assert_eq!(errno, Some(libc::ESRCH), "{mode}");
            if !group {
                nix::sys::signal::kill(Pid::from_raw(grandchild), Sig::SIGKILL).expect("lives on");
            }
            assert_eq!(
                stdout.read(&mut line).await.expect("end"),
                0,
                "{mode} {group}"
            );
        }
    }
}

#[tokio::test]
async fn a_child_without_a_waiter_is_ended() {
    for (_, spawner) in both_modes() {
        let (ours, plan) = shell("sleep 1000");
        drop(spawn(&spawner, plan));
        // its stdout closes only when it is gone
        assert_eq!(read(ours.stdout).await, "");
        let (ours, plan) = shell("sleep 1000");
        let answer = spawn(&spawner, plan);
        spawner.run(|| ()).await.expect("the child is there by now");
        drop(answer);
        assert_eq!(read(ours.stdout).await, "");
    }
}

#[tokio::test]
async fn the_thread_survives_a_job_that_panics() {
    let (_, spawner) = both_modes().into_iter().next().expect("one");
    assert!(spawner.run(|| panic!("on purpose")).await.is_err());
    let query = CommandQuery {
        command: "sh -x".to_owned(),
        path: vec![PathBuf::from("/bin")],
    };
    let attempt = SpawnAttempt::new(Clock::start(), ProgramJobs::default());
    let attempt = Arc::new(attempt);
    let found = spawner.resolve(query, attempt).await.expect("found");
    assert_eq!(found.path, PathBuf::from("/bin/sh"));
}

/// Tells the name of the thread that drops it.
struct Dropped(std::sync::mpsc::Sender<String>);

impl Drop for Dropped {
    fn drop(&mut self) {
        let name = std::thread::current().name().unwrap_or_default().to_owned();
        // the test may be over
        let _ = self.0.send(name);
    }
}

#[tokio::test]
async fn what_a_child_would_have_had_is_closed_by_the_spawner_thread() {
    let (_, spawner) = both_modes().into_iter().next().expect("one");
    let attempt = SpawnAttempt::new(Clock::start(), ProgramJobs::default());
    let attempt = Arc::new(attempt);
    let (tell, told) = std::sync::mpsc::channel();
    let job = SpawnJob {
        name: "test".to_owned(),
        attempt: Arc::clone(&attempt),
        prepare: Box::new(move || {
            let kept = Dropped(tell);
            let (_ours, plan) = shell("true");
            assert!(attempt.cancel());
            Ok((plan, Box::new(move || drop(kept))))
        }),
    };
    let error = spawner.spawn(job).await.err();
    assert_eq!(error, Some(SpawnError::Cancelled));
    assert_eq!(told.recv().as_deref(), Ok("spawner"));
}

#[tokio::test]
async fn what_cannot_be_handed_over_is_refused() {
    let (_, spawner) = both_modes().into_iter().next().expect("one");
    let (_ours, mut plan) = shell("true");
    plan.command.argv.push("a\0b".to_owned());
    let error = spawn(&spawner, plan).await.expect_err("refused");
    assert_eq!(error.to_string(), "command contains a NUL byte");
}

/// Prints how long 1,000 children take; nothing depends on it.
#[tokio::test]
async fn a_thousand_children() {
    for (mode, spawner) in both_modes() {
        let mut pids = Vec::new();
        let started = Instant::now();
        for _ in 0..1_000 {
            let (_ours, plan) = plan("/bin/true", &["true"]);
            pids.push(spawn(&spawner, plan).await.expect("spawned").pid);
        }
        println!(
            "measured: 1,000 of /bin/true, {mode}: {:?}",
            started.elapsed()
        );
        for pid in pids {
            nix::sys::wait::waitpid(Pid::from_raw(pid), None).expect("ours");
        }
    }
}

fn tokio_main(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("runtime")
        .block_on(test);
}
