//! Plans for little shell scripts, and what came of them.

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;

use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use visord_actors::clock::Clock;
use visord_actors::spawn::{
    ChildHandle, ParentEnds, ProgramJobs, ResolvedCommand, SpawnAttempt, SpawnError, SpawnJob,
    SpawnPlan, Spawner, SpawnerHandle, SpawnerOptions, open_pipes,
};
use visord_test_support::PATIENCE;

/// Both modes of making children, with their names.
pub(crate) fn both_modes() -> [(&'static str, SpawnerHandle); 2] {
    [("clone", false), ("portable", true)].map(|(name, portable)| {
        let options = SpawnerOptions {
            portable,
            descriptors: None,
        };
        (name, SpawnerHandle::start(options).expect("thread"))
    })
}

/// A plan for `/bin/sh -c script`.
pub(crate) fn shell(script: &str) -> (ParentEnds, SpawnPlan) {
    plan("/bin/sh", &["sh", "-c", script])
}

/// A plan for a program with the environment of the test.
pub(crate) fn plan(path: &str, argv: &[&str]) -> (ParentEnds, SpawnPlan) {
    let (ours, ends) = open_pipes(false, None).expect("pipes");
    let plan = SpawnPlan {
        name: "test".to_owned(),
        command: ResolvedCommand {
            path: PathBuf::from(path),
            argv: argv.iter().map(|&word| word.to_owned()).collect(),
        },
        environment: vec![c"PATH=/usr/bin:/bin".into()],
        directory: None,
        umask: None,
        user: None,
        ends,
    };
    (ours, plan)
}

/// Make a child that needs no preparation.
pub(crate) fn spawn(
    spawner: &SpawnerHandle,
    plan: SpawnPlan,
) -> impl Future<Output = Result<ChildHandle, SpawnError>> + use<> {
    let attempt = SpawnAttempt::new(Clock::start(), ProgramJobs::default());
    let spawned = spawner.spawn(SpawnJob {
        name: plan.name.clone(),
        attempt: Arc::new(attempt),
        prepare: Box::new(|| Ok((plan, Box::new(|| ())))),
    });
    async move { Ok(spawned.await?.claim()) }
}

/// What a child wrote and how it ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Story {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) end: End,
}

/// How a child ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    Code(i32),
    Signal(Signal),
}

/// Spawn it, read everything, wait for its end. Its stdin ends at once.
pub(crate) async fn story(spawner: &SpawnerHandle, ours: ParentEnds, plan: SpawnPlan) -> Story {
    let child = spawn(spawner, plan).await.expect("spawned");
    drop(ours.stdin);
    let stdout = read(ours.stdout).await;
    let stderr = match ours.stderr {
        Some(stderr) => read(stderr).await,
        None => String::new(),
    };
    let pid = Pid::from_raw(child.pid);
    let end = match waitpid(pid, None).expect("our child") {
        WaitStatus::Exited(_, code) => End::Code(code),
        WaitStatus::Signaled(_, signal, _) => End::Signal(signal),
        unexpected @ (WaitStatus::Stopped(..)
        | WaitStatus::PtraceEvent(..)
        | WaitStatus::PtraceSyscall(_)
        | WaitStatus::Continued(_)
        | WaitStatus::StillAlive) => panic!("not an end: {unexpected:?}"),
    };
    Story {
        stdout,
        stderr,
        end,
    }
}

/// Everything until the last writer is gone.
pub(crate) async fn read(pipe: OwnedFd) -> String {
    let mut bytes = Vec::new();
    let mut pipe = Receiver::from_owned_fd(pipe).expect("pipe");
    tokio::time::timeout(PATIENCE, pipe.read_to_end(&mut bytes))
        .await
        .expect("all writers ended in time")
        .expect("readable");
    String::from_utf8(bytes).expect("text")
}
