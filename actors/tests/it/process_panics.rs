//! Process actors that panic: whatever a process was doing, another actor continues it, and no
//! program is started twice.

use std::path::Path;

use visord_actors::messages::process::InjectPanic;
use visord_actors::supervisor::Ending;
use visord_config::Fate;
use visord_model::state::ProcessState;
use visord_test_support::wait_until_async;

use crate::stage::{Stage, alone, in_system, name, start};

/// Every program tells of each of its starts; `echo` says what it is told and ends on `end`.
fn configure(folder: &Path) {
    let program = |name: &str, then: &str, more: &str| {
        let starts = folder.join("starts").display().to_string();
        let log = folder.join(name).display().to_string();
        format!(
            "[program:{name}]\ncommand=/bin/sh -c \"echo {name} >> {starts}; {then}\"\n\
             startsecs=0\nstdout_logfile={log}\nredirect_stderr=true\n{more}\n"
        )
    };
    let ends = "while read x; do test $x = end && exit 3; echo got $x; done";
    let text = format!(
        "[supervisord]\n[group:g]\nprograms=echo,slow,stubborn\n{}{}{}",
        program("echo", ends, "autorestart=unexpected\nexitcodes=0"),
        program("slow", "exec sleep 1000", ""),
        program(
            "stubborn",
            "trap '' TERM; echo armed; while :; do sleep 0.05; done",
            "stopwaitsecs=1\nstopasgroup=false\nkillasgroup=true"
        ),
    );
    std::fs::write(folder.join("s.conf"), text).expect("write the configuration");
}

struct Play<'a> {
    stage: Stage,
    folder: &'a Path,
}

impl Play<'_> {
    fn text(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.join(file)).unwrap_or_default()
    }

    fn starts(&self, process: &str) -> usize {
        let starts = self.text("starts");
        starts.lines().filter(|line| *line == process).count()
    }

    /// Make the actor panic and wait until another has taken over.
    async fn crash(&self, process: &str) {
        let sentence = format!("the actor of '{process}' panicked; it goes on with its state");
        let told = || self.text("main.log").matches(&sentence).count();
        let before = told();
        self.stage
            .supervisor
            .do_send(InjectPanic(Some(name(process))));
        wait_until_async(&sentence, || told() > before).await;
    }

    async fn say(&self, word: &str) {
        let data = format!("{word}\n").into_bytes();
        let written = self.stage.link.write_stdin(name("echo"), data).await;
        written.expect("it listens");
    }

    async fn hears(&self, word: &str) {
        let answer = format!("got {word}\n");
        wait_until_async(&answer, || self.text("echo").contains(&answer)).await;
    }

    /// The child, its stdin, its output, its exit and its restarts are the new actor's.
    async fn a_running_process_goes_on(&self) {
        let pid = self.stage.wait_state("echo", ProcessState::Running).await;
        self.say("one").await;
        self.hears("one").await;
        self.crash("echo").await;
        assert_eq!(self.stage.process("echo").state, ProcessState::Running);
        assert_eq!(self.stage.process("echo").pid, pid);
        self.say("two").await;
        self.hears("two").await;
        // the exit and the panic in any order: nothing is lost, nothing started twice
        self.say("end").await;
        self.crash("echo").await;
        wait_until_async("its restart", || {
            let info = self.stage.process("echo");
            info.state == ProcessState::Running && info.pid != pid
        })
        .await;
        wait_until_async("its own word", || self.starts("echo") == 2).await;
        let log = self.text("main.log");
        assert!(
            log.contains("exited: echo (exit status 3; not expected)"),
            "{log}"
        );
    }

    /// The result of a spawn reaches the process.
    async fn a_spawn_under_way_is_not_repeated(&self) {
        wait_until_async("the child", || self.starts("slow") == 1).await;
        assert_eq!(self.stage.process("slow").pid, 0, "it was not reported yet");
        self.crash("slow").await;
        assert_eq!(self.stage.process("slow").state, ProcessState::Starting);
        self.stage.spawner.permits.add_permits(1);
        let pid = self.stage.wait_state("slow", ProcessState::Running).await;
        assert_eq!(self.starts("slow"), 1);
        // and when the answer comes between the two
        let stopped = self.stage.link.stop_process(name("slow"), true).await;
        stopped.expect("stopped");
        let started = self.stage.link.start_process(name("slow"), false);
        let permitted = async {
            wait_until_async("the second child", || self.starts("slow") == 2).await;
            self.stage
                .supervisor
                .do_send(InjectPanic(Some(name("slow"))));
            self.stage.spawner.permits.add_permits(1);
        };
        // the client may be told that its request was interrupted
        let (_, ()) = futures_util::future::join(started, permitted).await;
        let again = self.stage.wait_state("slow", ProcessState::Running).await;
        assert_ne!(again, pid);
        assert_eq!(self.starts("slow"), 2);
    }

    /// A client that only waits for the child gets it, though a stop was asked for meanwhile.
    async fn a_child_that_is_stopped_at_once_was_started(&self) {
        let stopped = self.stage.link.stop_process(name("slow"), true).await;
        stopped.expect("stopped");
        let before = self.starts("slow");
        let started = self.stage.link.start_process(name("slow"), false);
        let stopped = async {
            wait_until_async("the child", || self.starts("slow") > before).await;
            let stopped = self.stage.link.stop_process(name("slow"), false).await;
            stopped.expect("accepted");
            self.stage.spawner.permits.add_permits(1);
        };
        let (started, ()) = futures_util::future::join(started, stopped).await;
        assert_eq!(started, Ok(()), "there was a child");
        self.stage.wait_state("slow", ProcessState::Stopped).await;
    }

    /// The time of a stop runs on, and the client that waits for it gets an answer.
    async fn a_stop_is_completed(&self) {
        wait_until_async("its trap", || self.text("stubborn").contains("armed")).await;
        let stopped = self.stage.link.stop_process(name("stubborn"), true);
        let crashed = async {
            let state = ProcessState::Stopping;
            self.stage.wait_state("stubborn", state).await;
            self.crash("stubborn").await;
        };
        let (stopped, ()) = futures_util::future::join(stopped, crashed).await;
        stopped.expect("stopped");
        assert_eq!(self.stage.process("stubborn").state, ProcessState::Stopped);
    }

    /// One that panics whatever it does is left alone, and the daemon can still end.
    async fn an_actor_that_always_panics_is_given_up(&self) {
        let started = self.stage.link.start_process(name("stubborn"), true).await;
        started.expect("started");
        let pid = self.stage.process("stubborn").pid;
        wait_until_async("it to be given up", || {
            self.stage
                .supervisor
                .do_send(InjectPanic(Some(name("stubborn"))));
            self.stage.process("stubborn").state == ProcessState::Unknown
        })
        .await;
        let group = nix::unistd::Pid::from_raw(pid);
        nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL).expect("kill");
    }

    /// A child that is made for a process that was given up is ended.
    async fn a_child_without_an_actor_is_ended(&self) {
        let before = self.starts("slow");
        // its client may be told that the actor is gone
        let start = self.stage.link.start_process(name("slow"), false);
        let panics = async {
            wait_until_async("the child", || self.starts("slow") > before).await;
            wait_until_async("it to be given up", || {
                self.stage
                    .supervisor
                    .do_send(InjectPanic(Some(name("slow"))));
                self.stage.process("slow").state == ProcessState::Unknown
            })
            .await;
            let killed = || self.text("main.log").matches("reaped unknown pid").count();
            let before = killed();
            self.stage.spawner.permits.add_permits(1);
            wait_until_async("its end", || killed() > before).await;
        };
        let (_, ()) = futures_util::future::join(start, panics).await;
    }

    /// What was given up can be removed once its child has ended.
    async fn what_was_given_up_can_be_removed(&self) {
        let path = self.folder.join("s.conf");
        let text = std::fs::read_to_string(&path).expect("the configuration");
        let text = text.replace("programs=echo,slow,stubborn", "programs=echo");
        std::fs::write(&path, text).expect("write it");
        self.stage.link.reload_config().await.expect("reread");
        let updated = self.stage.link.update_group("g".to_owned(), false).await;
        let updated = updated.expect("nothing runs unsupervised");
        let removed = updated.iter().filter(|it| it.fate == Fate::Removed);
        assert_eq!(removed.count(), 2);
    }
}

#[test]
fn a_process_goes_on() {
    alone("process_panics::a_process_goes_on", |folder| {
        configure(folder);
        in_system(async {
            let stage = start(folder);
            stage.link.get_config().await.expect("started");
            let play = Play { stage, folder };
            play.a_running_process_goes_on().await;
            play.a_spawn_under_way_is_not_repeated().await;
            play.a_child_that_is_stopped_at_once_was_started().await;
            play.a_stop_is_completed().await;
            play.an_actor_that_always_panics_is_given_up().await;
            play.a_child_without_an_actor_is_ended().await;
            play.what_was_given_up_can_be_removed().await;
            // the daemon ends in spite of a panic on the way
            play.stage.link.shutdown().await.expect("shutdown");
            play.stage
                .supervisor
                .do_send(InjectPanic(Some(name("echo"))));
            assert_eq!(play.stage.end.await, Ok(Ending::Shutdown));
        });
    });
}
