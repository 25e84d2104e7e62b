//! The Reaper. Each test has an operating system process of its own: a Reaper sees every child of
//! its process, also those of the test next to it.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::time::Instant;

use actix::{Actor, Addr, Context, Handler};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use nix::sys::prctl::set_child_subreaper;
use nix::unistd::geteuid;
use slog::{Drain, Logger, OwnedKVList, Record, o};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;
use visord_actors::clock::Clock;
use visord_actors::reaper::{ProcessExited, Reaper, Watch};
use visord_actors::spawn::{ChildHandle, ParentEnds, Spawner, SpawnerHandle, SpawnerOptions};
use visord_model::exit::ExitStatus;
use visord_model::signal::Signal;
use visord_test_support::{
    PATIENCE, is_own_process, own_process, own_process_through, run_alone, skip, wait_until,
    wait_until_async, waits_for_events,
};

use crate::harness::{both_modes, plan, read, shell, spawn};
use crate::stage::in_system;

#[test]
fn words_every_kind_of_end() {
    alone("reaping::words_every_kind_of_end", async |mut world| {
        let signal = |number| ExitStatus::Signal {
            signal: Signal::raw(number),
            core: false,
        };
        for (script, status) in [
            ("exit 0", ExitStatus::Code(0)),
            ("exit 255", ExitStatus::Code(255)),
            ("kill -TERM $$", signal(15)),
            ("kill -40 $$", signal(40)),
        ] {
            let (child, _pipes) = world.spawn(script).await;
            world.watch(&child);
            let pid = child.pid;
            let exited = world.exit().await;
            assert_eq!((exited.pid, exited.exit.status), (pid, status), "{script}");
        }
    });
}

#[test]
fn tells_of_ends_before_the_watch_and_to_the_latest_owner() {
    let name = "reaping::tells_of_ends_before_the_watch_and_to_the_latest_owner";
    alone(name, async |mut world| {
        let (early, _pipes) = world.spawn("exit 4").await;
        await_reaped(&early).await;
        world.watch(&early);
        assert_eq!(world.exit().await.exit.status, ExitStatus::Code(4));
        // its owner may have ended before it listened; the next one asks as well
        world.watch(&early);
        assert_eq!(world.exit().await.pid, early.pid);
        let refused = world.spawner.signal(&early, Signal::TERM, true);
        let errno = refused.expect_err("reaped").raw_os_error();
        assert_eq!(errno, Some(libc::ESRCH));

        let (child, pipes) = world.spawn("read line").await;
        let (forgotten, mut nothing) = unbounded_channel();
        world.reaper.do_send(Watch {
            child: child.clone(),
            owner: Owner(forgotten).start().recipient(),
        });
        world.watch(&child);
        drop(pipes);
        assert_eq!(world.exit().await.pid, child.pid);
        assert!(nothing.try_recv().is_err());
    });
}

#[test]
fn loses_no_end_in_a_storm() {
    alone("reaping::loses_no_end_in_a_storm", async |mut world| {
        const COUNT: usize = 2_000;
        let started = Instant::now();
        let mut living = BTreeSet::new();
        for _ in 0..COUNT / 500 {
            let mut births: FuturesUnordered<_> = (0..500)
                .map(|_| spawn(&world.spawner, plan("/bin/true", &["true"]).1))
                .collect();
            while let Some(spawned) = births.next().await {
                let child = spawned.expect("spawned");
                // the kernel uses a pid again only after all others
                assert!(
                    living.insert(child.pid),
                    "two living children {}",
                    child.pid
                );
                world.watch(&child);
                while let Ok(exited) = world.exits.try_recv() {
                    assert!(living.remove(&exited.pid), "reported once");
                }
            }
        }
        while !living.is_empty() {
            let exited = world.exit().await;
            assert_eq!(exited.exit.status, ExitStatus::Code(0));
            assert!(living.remove(&exited.pid), "reported once");
        }
        let time = started.elapsed();
        println!(
            "measured: {COUNT} of /bin/true to their end, {}: {time:?}",
            world.mode
        );
        assert_eq!(
            world.lines.try_recv().ok(),
            None,
            "no unknown children among them"
        );
    });
}

#[test]
fn reaps_unknown_children_of_a_subreaper() {
    alone(
        "reaping::reaps_unknown_children_of_a_subreaper",
        async |world| {
            set_child_subreaper(true).expect("subreaper");
            unknown_children(world).await;
        },
    );
}

#[test]
fn reaps_unknown_children_as_process_1() {
    let name = "reaping::reaps_unknown_children_as_process_1";
    if is_own_process() {
        assert_eq!(std::process::id(), 1);
        return in_each_mode(unknown_children);
    }
    let may = |status: std::io::Result<std::process::ExitStatus>| status.is_ok_and(|s| s.success());
    let trial = ["--pid", "--fork", "true"];
    if !geteuid().is_root() || !may(Command::new("unshare").args(trial).status()) {
        skip("needs unshare --pid");
        return;
    }
    own_process_through(name, "unshare", &["--pid", "--fork", "--mount-proc"]);
}

/// Children that leave a grandchild behind, among them one without an owner yet.
async fn unknown_children(mut world: World) {
    const LEAVE: &str = "exec 3<&0; { cat <&3; exit 7; } & echo $!";
    let (unwatched, _pipes) = world.spawn("exit 9").await;
    await_reaped(&unwatched).await;

    let mut expected = BTreeSet::new();
    let mut kept = Vec::new();
    for _ in 0..20 {
        let (child, mut pipes) = world.spawn(LEAVE).await;
        world.watch(&child);
        kept.push(pipes.stdin.take().expect("pipe"));
        let mut line = [0; 16];
        let mut stdout = Receiver::from_owned_fd(pipes.stdout).expect("pipe");
        let count = stdout.read(&mut line).await;
        let pid = std::str::from_utf8(&line[..count.expect("pid")]).expect("text");
        expected.insert(format!(
            "INFO reaped unknown pid {} (exit status 7)",
            pid.trim()
        ));
        assert_eq!(world.exit().await.pid, child.pid);
    }
    // all of them end at once, and the child without an owner is reported too
    kept.clear();
    world.watch(&unwatched);
    assert_eq!(world.exit().await.exit.status, ExitStatus::Code(9));
    while !expected.is_empty() {
        let line = world.line().await;
        assert!(expected.remove(&line), "{line}");
    }
    set_child_subreaper(false).expect("subreaper");
}

#[test]
fn reaps_what_was_there_before_this_program() {
    let name = "reaping::reaps_what_was_there_before_this_program";
    if !is_own_process() {
        let script = "(exit 5) & exec \"$0\" \"$@\"";
        return own_process_through(name, "/bin/sh", &["-c", script]);
    }
    let (_, spawner) = both_modes().into_iter().next().expect("one");
    in_system(async {
        let mut world = World::new("clone", spawner);
        let line = world.line().await;
        assert!(line.starts_with("INFO reaped unknown pid "), "{line}");
        assert!(line.ends_with(" (exit status 5)"), "{line}");
    });
}

#[test]
fn reaps_a_child_without_a_waiter() {
    let name = "reaping::reaps_a_child_without_a_waiter";
    alone(name, async |mut world| {
        let (ours, plan) = shell("sleep 1000");
        drop(spawn(&world.spawner, plan));
        assert_eq!(read(ours.stdout).await, "");
        let line = world.line().await;
        assert!(line.ends_with(" (terminated by SIGKILL)"), "{line}");
    });
}

/// An old kernel or a sandbox may refuse what the helper needs; children are forked then, and
/// nothing else changes.
#[test]
fn falls_back_to_fork_by_itself() {
    let name = "reaping::falls_back_to_fork_by_itself";
    if is_own_process() {
        return in_system(whatever_is_allowed());
    }
    let dir = tempfile::tempdir().expect("temp dir");
    let refuse = dir.path().join("refuse");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/refuse.c");
    let compiled = Command::new("cc")
        .arg("-o")
        .arg(&refuse)
        .arg(source)
        .status();
    if !compiled.is_ok_and(|status| status.success()) {
        skip("needs cc and the headers of Linux");
        return;
    }
    for what in ["clone", "memfd_create", "execveat", "close_range"] {
        let mut command = Command::new(&refuse);
        command
            .arg(what)
            .arg(std::env::current_exe().expect("test binary"));
        println!("refusing {what}");
        run_alone(name, command);
    }
}

#[test]
#[allow(clippy::zombie_processes)] // the Reaper waits for it
fn a_clone_that_hangs_holds_up_only_unknown_children() {
    let name = "reaping::a_clone_that_hangs_holds_up_only_unknown_children";
    alone(name, async |mut world| {
        let (child, _pipes) = world.spawn("read line").await;
        let registry = world.spawner.children();
        let hanging = registry.begin_clone();
        let unknown = Command::new("/bin/true").spawn().expect("a child");
        let unknown = unknown.id();
        let status = format!("/proc/{unknown}/stat");
        let is_zombie = || {
            fs::read_to_string(&status)
                .expect("not reaped")
                .contains(") Z ")
        };
        wait_until_async("its end", is_zombie).await;
        // one that is watched before its end, and one that is watched after
        let (early, _early_pipes) = world.spawn("exit 3").await;
        await_reaped(&early).await;
        for child in [early, child] {
            world.watch(&child);
            // it may have ended already
            let _ = world.spawner.signal(&child, Signal::KILL, false);
            assert_eq!(world.exit().await.pid, child.pid);
        }
        assert!(is_zombie(), "it may be what is being made");
        drop(hanging);
        let reaped = format!("INFO reaped unknown pid {unknown} ");
        assert!(world.line().await.starts_with(&reaped));
    });
}

async fn whatever_is_allowed() {
    let spawner = SpawnerHandle::start(SpawnerOptions::default()).expect("thread");
    let mut world = World::new("automatic", spawner);
    let (_pipe, _open) = nix::unistd::pipe().expect("without close-on-exec");
    let script =
        "for n in $(seq 0 300); do [ -e /proc/$$/fd/$n ] && echo $n; done; exec sleep 1000";
    let (child, pipes) = world.spawn(script).await;
    world.watch(&child);
    let mut stdout = Receiver::from_owned_fd(pipes.stdout).expect("pipe");
    let mut text = [0; 6];
    stdout.read_exact(&mut text).await.expect("descriptors");
    world
        .spawner
        .signal(&child, Signal::TERM, false)
        .expect("sent");
    let told = world.exit().await.exit.status.describe();
    assert_eq!(
        (told.as_str(), &text),
        ("terminated by SIGTERM", b"0\n1\n2\n")
    );
    assert_eq!(
        stdout.read(&mut text).await.expect("end"),
        0,
        "nothing above 2"
    );
}

/// Prints how fast an end is reported next to 200 children that live; asserts that nothing wakes
/// while no child ends.
#[test]
fn sleeps_while_no_child_ends() {
    alone("reaping::sleeps_while_no_child_ends", async |mut world| {
        let mut alive = Vec::new();
        for _ in 0..200 {
            let (child, pipes) = world.spawn("read line").await;
            world.watch(&child);
            alive.push((child, pipes));
        }
        // asked by another thread, while this one waits for its answer
        let this = std::process::id().cast_signed();
        let rests = move || wait_until("rest", || waits_for_events(this));
        world.spawner.run(rests).await.expect("rest");

        let mut times = Vec::new();
        for (child, _) in &alive {
            let killed = Instant::now();
            let sent = world.spawner.signal(child, Signal::KILL, false);
            sent.expect("sent");
            assert_eq!(world.exit().await.pid, child.pid);
            times.push(killed.elapsed());
        }
        times.sort();
        let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
        let mode = world.mode;
        println!("measured: {mode}: kill to told {median:?}, worst {worst:?}");
    });
}

/// Wait until the Reaper has met its end.
async fn await_reaped(child: &ChildHandle) {
    wait_until_async("the Reaper", || child.exit().is_some()).await;
}

/// A Reaper and everything around it.
struct World {
    mode: &'static str,
    spawner: SpawnerHandle,
    reaper: Addr<Reaper>,
    owner: Addr<Owner>,
    exits: UnboundedReceiver<ProcessExited>,
    lines: UnboundedReceiver<String>,
}

impl World {
    fn new(mode: &'static str, spawner: SpawnerHandle) -> Self {
        let (told, exits) = unbounded_channel();
        let (logged, lines) = unbounded_channel();
        let log = Logger::root(Lines(logged).ignore_res(), o!());
        let reaper = Reaper::new(spawner.children(), log, Clock::start()).expect("SIGCHLD");
        Self {
            mode,
            spawner,
            reaper: reaper.start(),
            owner: Owner(told).start(),
            exits,
            lines,
        }
    }

    async fn spawn(&self, script: &str) -> (ChildHandle, ParentEnds) {
        let (ours, plan) = shell(script);
        let child = spawn(&self.spawner, plan).await.expect("spawned");
        (child, ours)
    }

    fn watch(&self, child: &ChildHandle) {
        self.reaper.do_send(Watch {
            child: child.clone(),
            owner: self.owner.clone().recipient(),
        });
    }

    async fn exit(&mut self) -> ProcessExited {
        let next = timeout(PATIENCE, self.exits.recv()).await;
        next.expect("told in time").expect("owner lives")
    }

    async fn line(&mut self) -> String {
        let next = timeout(PATIENCE, self.lines.recv()).await;
        next.expect("logged in time").expect("log lives")
    }
}

/// Run a test in its own process, once for each way of making children.
fn alone(name: &str, test: impl AsyncFn(World)) {
    if is_own_process() {
        in_each_mode(test);
    } else {
        own_process(name, |_| ());
    }
}

fn in_each_mode(test: impl AsyncFn(World)) {
    for (mode, spawner) in both_modes() {
        in_system(async { test(World::new(mode, spawner)).await });
    }
}

/// Sends on what it is told.
struct Owner(UnboundedSender<ProcessExited>);

impl Actor for Owner {
    type Context = Context<Self>;
}

impl Handler<ProcessExited> for Owner {
    type Result = ();

    fn handle(&mut self, exited: ProcessExited, _: &mut Self::Context) {
        // the test may be over
        let _ = self.0.send(exited);
    }
}

/// Sends on what is logged, but not the DEBG line of each SIGCHLD.
struct Lines(UnboundedSender<String>);

impl Drain for Lines {
    type Ok = ();
    type Err = slog::Never;

    fn log(&self, record: &Record<'_>, _: &OwnedKVList) -> Result<(), slog::Never> {
        let line = format!("{} {}", record.level().as_short_str(), record.msg());
        if line != "DEBG received SIGCHLD indicating a child quit" {
            // the test may be over
            let _ = self.0.send(line);
        }
        Ok(())
    }
}
