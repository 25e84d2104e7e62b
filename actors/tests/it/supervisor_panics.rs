//! A Supervisor that panics: it continues with its state, its processes and its address. One that
//! panics again and again is given up, and what runs is stopped in order.

use std::path::Path;

use visord_actors::messages::process::InjectPanic;
use visord_actors::messages::supervisor::{Order, Scope};
use visord_actors::supervisor::Ending;
use visord_model::fault::FaultCode;
use visord_model::name::ProcessName;
use visord_model::state::ProcessState;
use visord_test_support::wait_until_async;

use crate::stage::{Stage, alone, in_system, start};

/// `last` is stopped last. Each program says when it is stopped.
fn configure(folder: &Path, more: &str) {
    let program = |name: &str, priority: i32, more: &str| {
        let stops = folder.join("stops").display().to_string();
        let armed = folder.join("armed").display().to_string();
        format!(
            "[program:{name}]\ncommand=/bin/sh -c \"trap 'echo {name} >> {stops}; exit 0' TERM; \
             echo {name} >> {armed}; while :; do sleep 0.05; done\"\nstartsecs=0\nautorestart=true\n\
             priority={priority}\nstdout_logfile=NONE\nstderr_logfile=NONE\n{more}\n"
        )
    };
    let text = format!(
        "[supervisord]\n[group:g]\nprograms=first\npriority=2\n[group:h]\nprograms=last\n\
         priority=1\n{}{}",
        program("first", 1, more),
        program("last", 1, ""),
    );
    std::fs::write(folder.join("s.conf"), text).expect("write the configuration");
}

/// Forget what programs of an earlier run have said.
fn forget(folder: &Path) {
    for file in ["stops", "armed"] {
        std::fs::remove_file(folder.join(file)).expect("written before");
    }
}

/// Make it panic, and wait until it answers again.
async fn crash(stage: &Stage) {
    stage.supervisor.do_send(InjectPanic(None));
    stage.link.get_config().await.expect("it answers");
}

fn pid_of_last(stage: &Stage) -> i32 {
    let last = ProcessName::new("h", "last");
    stage.board.process(&last).map_or(0, |info| info.pid)
}

async fn its_state_and_its_processes_survive(stage: &mut Stage, folder: &Path) {
    stage.link.get_config().await.expect("started");
    let pid = stage.wait_state("first", ProcessState::Running).await;
    wait_until_async("the other", || pid_of_last(stage) != 0).await;
    let other = pid_of_last(stage);
    // what was read is kept, what was asked before is answered after
    configure(folder, "environment=A=\"1\"");
    let reread = stage.link.reload_config().await.expect("reread");
    assert_eq!(reread.changed, ["g"]);
    crash(stage).await;
    assert_eq!(stage.process("first").pid, pid);
    assert_eq!(pid_of_last(stage), other);
    assert!(stage.end.try_recv().is_err(), "it has not ended");
    // messages behind the one that made it panic are handled
    stage.supervisor.do_send(InjectPanic(None));
    stage.supervisor.do_send(Order::ReopenLogs);
    let updated = stage.link.update_group("g".to_owned(), false).await;
    updated.expect("updated");
    wait_until_async("its restart", || {
        let info = stage.process("first");
        info.state == ProcessState::Running && info.pid != pid
    })
    .await;
    let log = std::fs::read_to_string(folder.join("main.log")).unwrap_or_default();
    assert!(log.contains("supervisord logreopen"), "{log}");
    assert_eq!(log.matches("the Supervisor panicked").count(), 2, "{log}");
}

/// The client gets a fault, the processes are started again.
async fn an_update_that_dies_is_called_off(stage: &Stage, folder: &Path) {
    configure(folder, "environment=A=\"2\"");
    stage.link.reload_config().await.expect("reread");
    let update = stage.link.update_group("g".to_owned(), false);
    let panics = async {
        wait_until_async("the stop", || {
            stage.process("first").state != ProcessState::Running
        })
        .await;
        stage.supervisor.do_send(InjectPanic(None));
    };
    let (updated, ()) = futures_util::future::join(update, panics).await;
    // it may have been done just before
    if let Err(fault) = updated {
        assert_eq!(fault.code, FaultCode::Failed);
        assert!(!fault.about.expect("a reason").to_string().is_empty());
    }
    stage.wait_state("first", ProcessState::Running).await;
    let again = stage.link.update_group("g".to_owned(), false).await;
    again.expect("nothing is left of the turn");
    stage.wait_state("first", ProcessState::Running).await;
}

/// Wait until the programs started last will say that they are stopped.
async fn both_listen(folder: &Path) {
    wait_until_async("both programs", || {
        let armed = std::fs::read_to_string(folder.join("armed")).unwrap_or_default();
        armed.contains("first") && armed.contains("last")
    })
    .await;
}

async fn a_stop_goes_on(folder: &Path) {
    forget(folder);
    let stage = start(folder);
    both_listen(folder).await;
    stage.link.shutdown().await.expect("shutdown");
    stage.supervisor.do_send(InjectPanic(None));
    assert_eq!(stage.end.await, Ok(Ending::Shutdown));
    let stops = std::fs::read_to_string(folder.join("stops")).unwrap_or_default();
    assert_eq!(stops, "first\nlast\n");
}

async fn given_up_it_leaves_nothing(folder: &Path) {
    forget(folder);
    let stage = start(folder);
    both_listen(folder).await;
    for _ in 0..20 {
        stage.supervisor.do_send(InjectPanic(None));
    }
    assert!(stage.end.await.is_err(), "no ordinary end");
    let fault = stage.link.stop_many(Scope::All, false).await;
    assert_eq!(fault.unwrap_err().code, FaultCode::ShutdownState);
    let logger = slog::Logger::root(slog::Discard, slog::o!());
    stage.abandoned.stop(&stage.board, &logger).await;
    assert!(stage.board.all().iter().all(|info| info.pid == 0));
    let stops = std::fs::read_to_string(folder.join("stops")).unwrap_or_default();
    assert_eq!(stops, "first\nlast\n");
}

#[test]
fn a_supervisor_that_panics_goes_on() {
    alone(
        "supervisor_panics::a_supervisor_that_panics_goes_on",
        |folder| {
            configure(folder, "");
            in_system(async {
                let mut stage = start(folder);
                its_state_and_its_processes_survive(&mut stage, folder).await;
                an_update_that_dies_is_called_off(&stage, folder).await;
                stage.link.shutdown().await.expect("shutdown");
                assert_eq!(stage.end.await, Ok(Ending::Shutdown));
            });
            // a Reaper and a System of its own for each run
            in_system(a_stop_goes_on(folder));
            in_system(given_up_it_leaves_nothing(folder));
        },
    );
}
