//! An update of a group with a process that cannot be stopped.

use std::path::Path;

use visord_actors::messages::process::InjectPanic;
use visord_actors::messages::supervisor::Order;
use visord_actors::supervisor::Ending;
use visord_config::Fate;
use visord_model::fault::{Fault, FaultCode};
use visord_model::state::ProcessState;
use visord_test_support::{PATIENCE, wait_until_async};

use crate::stage::{Stage, alone, in_system, name, start};

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

struct Update<'a> {
    stage: Stage,
    folder: &'a Path,
}

impl Update<'_> {
    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("main.log")).unwrap_or_default()
    }

    async fn changed(&self) -> Vec<String> {
        let reread = self.stage.link.reload_config().await;
        reread.expect("reread").changed
    }

    async fn update(&self) -> Result<Vec<Fate>, Fault> {
        let done = self.stage.link.update_group("g".to_owned(), false).await?;
        Ok(done.iter().map(|it| it.fate).collect())
    }

    async fn running(&self, process: &str) -> i32 {
        self.stage.wait_state(process, ProcessState::Running).await
    }

    async fn start(&self, process: &str) {
        let started = self.stage.link.start_process(name(process), true).await;
        started.expect("started");
    }

    async fn stop(&self, process: &str) {
        let stopped = self.stage.link.stop_process(name(process), true).await;
        stopped.expect("stopped");
    }

    async fn cannot_be_stopped(&self) {
        let fault = self.stage.link.stop_process(name("guarded"), true).await;
        let fault = fault.expect_err("not permitted");
        assert!(
            fault
                .to_string()
                .contains("unknown problem killing guarded")
        );
    }

    /// The update fails, and everything else runs as before.
    async fn leaves_the_group_as_it_was(&self) {
        let other = self.running("other").await;
        let fault = self.update().await.expect_err("not possible");
        assert_eq!(
            fault.to_string().split(": ").take(2).collect::<Vec<_>>(),
            ["FAILED", "g is as it was, g:guarded cannot be stopped"],
            "{fault}"
        );
        assert_eq!(self.stage.process("guarded").state, ProcessState::Unknown);
        let again = self.running("other").await;
        assert_ne!(again, other, "it was stopped and started again");
        let restarts = self.stage.process("due").restarts;
        let restarted = || self.stage.process("due").restarts > restarts;
        wait_until_async("the restart that was due", restarted).await;
        assert!(!self.log().contains("Closing socket"), "its child lives");
        assert_eq!(self.changed().await, ["g"]);
    }

    /// UNKNOWN counts as stopped, but its child lives: without the group it would belong to no
    /// process.
    async fn cannot_be_removed(&self) {
        self.stop("other").await;
        let fault = self.stage.link.remove_group("g".to_owned()).await;
        let fault = fault.expect_err("its child lives");
        assert_eq!(fault.code, FaultCode::StillRunning);
        self.start("other").await;
    }

    /// A stop tries again; when it succeeds, it is an update like any other.
    async fn succeeds_once_it_can_be_stopped(&self) {
        let before = ["guarded", "other"].map(|name| self.stage.process(name).pid);
        self.cannot_be_stopped().await;
        assert_eq!(self.stage.process("guarded").state, ProcessState::Unknown);
        self.stage.spawner.guarded.set(0);
        self.stop("guarded").await;
        assert_eq!(self.stage.process("guarded").state, ProcessState::Stopped);
        let fates = self.update().await.expect("possible");
        assert_eq!(fates, [Fate::Restarted; 3]);
        for name in ["guarded", "other"] {
            assert!(!before.contains(&self.running(name).await));
        }
        assert!(self.changed().await.is_empty());
    }

    /// The daemon ends though it cannot stop a process, and says what it leaves running; also if
    /// the Supervisor panics while it tries again to signal that child.
    async fn leaves_it_running_at_the_end(mut self) {
        let left = self.stage.process("guarded").pid;
        self.stage.spawner.guarded.set(left);
        self.cannot_be_stopped().await;
        self.stop("other").await;
        self.stage.supervisor.do_send(Order::Terminate);
        self.stage.supervisor.do_send(InjectPanic(None));
        let end = tokio::time::timeout(PATIENCE, &mut self.stage.end).await;
        assert_eq!(end.expect("in time"), Ok(Ending::Shutdown));
        let sentence = format!("guarded (pid {left}) could not be stopped and is left running");
        wait_until_async(&sentence, || self.log().contains(&sentence)).await;
        let count = |text: &str| self.log().matches(text).count();
        assert_eq!(count("unknown problem killing guarded"), 4);
        assert_eq!(count("the Supervisor panicked"), 1);
        visord_test_support::kill(left, libc::SIGKILL);
    }
}

#[test]
fn a_process_that_cannot_be_stopped_leaves_the_group_as_it_was() {
    let test = "update::a_process_that_cannot_be_stopped_leaves_the_group_as_it_was";
    alone(test, |folder| {
        configure(folder, "A=1");
        in_system(async {
            let stage = start(folder);
            let update = Update { stage, folder };
            update.stage.link.get_config().await.expect("started");
            update.running("guarded").await;
            update.running("other").await;
            configure(folder, "A=2");
            assert_eq!(update.changed().await, ["g"]);
            update.leaves_the_group_as_it_was().await;
            update.cannot_be_removed().await;
            update.succeeds_once_it_can_be_stopped().await;
            update.leaves_it_running_at_the_end().await;
        });
    });
}
