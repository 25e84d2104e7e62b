//! An update that meets a process it cannot stop: a real Supervisor with real children, and a
//! spawner that may not signal one of them. (As root nothing refuses a signal, so it is played.)

mod harness;

use std::cell::Cell;
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::System;
use futures_util::future::LocalBoxFuture;
use visord_actors::messages::supervisor::{Fate, InjectSupervisorPanic, Terminate};
use visord_actors::spawn::{
    ChildHandle, CommandQuery, ResolvedCommand, SpawnAttempt, SpawnError, SpawnJob, Spawned,
    Spawner, SpawnerHandle,
};
use visord_actors::supervisor::Ending;
use visord_model::fault::FaultCode;
use visord_model::signal::Signal;
use visord_model::state::ProcessState;

use harness::name;

/// May not signal the child of the process named `guarded`.
struct Guarded {
    inner: SpawnerHandle,
    pid: Rc<Cell<i32>>,
}

impl Spawner for Guarded {
    fn resolve(
        &self,
        query: CommandQuery,
        attempt: Arc<SpawnAttempt>,
    ) -> LocalBoxFuture<'static, Result<ResolvedCommand, SpawnError>> {
        self.inner.resolve(query, attempt)
    }

    fn spawn(&self, job: SpawnJob) -> LocalBoxFuture<'static, Result<Spawned, SpawnError>> {
        let guarded = (job.name == "guarded").then(|| Rc::clone(&self.pid));
        let spawned = self.inner.spawn(job);
        Box::pin(async move {
            let spawned = spawned.await?;
            guarded.inspect(|pid| pid.set(spawned.child.pid));
            Ok(spawned)
        })
    }

    fn signal(&self, child: &ChildHandle, signal: Signal, group: bool) -> io::Result<()> {
        if child.pid == self.pid.get() {
            return Err(io::Error::from_raw_os_error(libc::EPERM));
        }
        self.inner.signal(child, signal, group)
    }
}

fn configure(folder: &Path, environment: &str) {
    let program = |name: &str| {
        format!(
            "[program:{name}]\ncommand=/bin/sleep 1000\nstartsecs=0\n\
             environment={environment}\nstdout_logfile=NONE\nstderr_logfile=NONE\n"
        )
    };
    let socket = format!("socket=unix://{}/fcgi.sock\n", folder.display());
    let guarded = program("guarded").replace("[program:", "[fcgi-program:") + &socket;
    // ends at once, and is due to be restarted nearly always
    let due = program("due").replace("/bin/sleep 1000", "/bin/true") + "autorestart=true\n";
    let text = format!(
        "[supervisord]\n[group:g]\nprograms=guarded,other,due\n{guarded}{}{due}",
        program("other")
    );
    std::fs::write(folder.join("s.conf"), text).expect("write the configuration");
}

#[test]
fn a_process_that_cannot_be_stopped_leaves_the_group_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    configure(folder.path(), "A=1");
    System::new().block_on(async {
        let pid = Rc::new(Cell::new(0));
        let running = harness::start(folder.path(), |inner| {
            let pid = pid.clone();
            Rc::new(Guarded { inner, pid })
        });
        let changed = async || running.link.reload_config().await.expect("reread").changed;
        running.link.get_config().await.expect("started");
        let guarded = running.wait_state("guarded", ProcessState::Running).await;
        let other = running.wait_state("other", ProcessState::Running).await;
        configure(folder.path(), "A=2");
        assert_eq!(changed().await, ["g"]);

        let update = || running.link.update_group("g".to_owned(), false);
        let fault = update().await.expect_err("not possible");
        assert_eq!(
            fault.text().split(": ").take(2).collect::<Vec<_>>(),
            ["FAILED", "g is as it was, g:guarded cannot be stopped"],
            "{fault}"
        );
        assert_eq!(running.process("guarded").state, ProcessState::Unknown);
        let again = running.wait_state("other", ProcessState::Running).await;
        assert_ne!(again, other, "it was stopped and started again");
        let restarts = running.process("due").restarts;
        let what = "the restart that was due";
        harness::wait_for(what, || running.process("due").restarts > restarts).await;
        let said = || std::fs::read_to_string(folder.path().join("main.log")).unwrap_or_default();
        assert!(!said().contains("Closing socket"), "its child lives");
        assert_eq!(changed().await, ["g"]);

        // UNKNOWN counts as stopped, but its child lives: removed, it would belong to no process
        running
            .link
            .stop_process(name("other"), true)
            .await
            .expect("stopped");
        let remove = || running.link.remove_group("g".to_owned());
        let fault = remove().await.expect_err("its child lives");
        assert_eq!(fault.code, FaultCode::StillRunning);
        running
            .link
            .start_process(name("other"), true)
            .await
            .expect("started");
        let again = running.wait_state("other", ProcessState::Running).await;

        // a stop tries again; when it succeeds, it is an update like any other
        let stop = || running.link.stop_process(name("guarded"), true);
        let fault = stop().await.expect_err("not permitted");
        assert!(fault.text().contains("unknown problem killing guarded"));
        assert_eq!(running.process("guarded").state, ProcessState::Unknown);
        pid.set(0);
        stop().await.expect("permitted");
        assert_eq!(running.process("guarded").state, ProcessState::Stopped);
        let done = update().await.expect("possible");
        let fates: Vec<Fate> = done.iter().map(|it| it.fate).collect();
        assert_eq!(fates, [Fate::Restarted; 3]);
        for name in ["guarded", "other"] {
            let new = running.wait_state(name, ProcessState::Running).await;
            assert!(new != other && new != again && new != guarded);
        }
        assert!(changed().await.is_empty());

        // the daemon ends though it cannot stop it, and says what it leaves running
        let left = running.process("guarded").pid;
        pid.set(left);
        let fault = stop().await.expect_err("not permitted");
        assert!(fault.text().contains("unknown problem killing guarded"));
        let stopped = running.link.stop_process(name("other"), true).await;
        stopped.expect("stopped");
        // also if the Supervisor panics while that one tries again to signal its child
        running.supervisor.do_send(Terminate);
        running.supervisor.do_send(InjectSupervisorPanic);
        let end = tokio::time::timeout(Duration::from_secs(30), running.end).await;
        assert_eq!(end.expect("in time"), Ok(Ending::Shutdown));
        let sentence = format!("guarded (pid {left}) could not be stopped and is left running");
        harness::wait_for(&sentence, || said().contains(&sentence)).await;
        assert_eq!(said().matches("unknown problem killing guarded").count(), 4);
        assert_eq!(said().matches("the Supervisor panicked").count(), 1);
        let child = nix::unistd::Pid::from_raw(left);
        nix::sys::signal::kill(child, nix::sys::signal::Signal::SIGKILL).expect("kill");
    });
}
