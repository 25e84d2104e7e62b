//! A child that does not read its input, and what children leave behind in their output.

use visord_xmlrpc::Value;

use crate::harness::{Daemon, is_alive, kill, wait_until};

/// One piece of input: less than a request may carry.
const PIECE: usize = 512 * 1024;
/// More than the buffer of 4 MiB and any pipe.
const ENOUGH: usize = 64;

fn send(daemon: &Daemon, name: &str, text: &str) -> Result<Value, String> {
    daemon.try_call("supervisor.sendProcessStdin", &[name.into(), text.into()])
}

/// Sends pieces until one is refused: how many were taken, and the words of the refusal.
fn fill(daemon: &Daemon, name: &str) -> (usize, String) {
    let piece = "x".repeat(PIECE);
    for taken in 0..ENOUGH {
        if let Err(refusal) = send(daemon, name, &piece) {
            return (taken, refusal);
        }
    }
    panic!("a child that does not read is sent {ENOUGH} pieces");
}

/// One that does not read until it gets SIGUSR1, and `echo`, which does.
fn deaf_and_echo() -> Daemon {
    let deaf = "trap \"exec cat\" USR1; echo ready; while :; do sleep 0.05; done";
    let daemon = Daemon::with(
        "",
        &format!(
            "[program:deaf]\ncommand=/bin/sh -c '{deaf}'\nstartsecs=0\n\
             stdout_logfile=@DIR@/deaf.log\n\
             [program:echo]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile=@DIR@/echo.log\n"
        ),
    );
    wait_until("both", || daemon.text("deaf.log") == "ready\n");
    daemon.wait_state("echo", "RUNNING");
    daemon
}

#[test]
fn a_child_that_does_not_read_gets_a_bounded_buffer_then_a_clear_fault() {
    let daemon = deaf_and_echo();
    let (taken, refusal) = fill(&daemon, "deaf");
    let words = "FAILED: deaf does not read its stdin, 4194304 bytes wait already";
    assert!(refusal.contains(words), "{refusal}");
    // 4 MiB and what the pipe holds, less than a piece of it unused
    assert!((8..=9).contains(&taken), "{taken} pieces taken");
    assert_eq!(fill(&daemon, "deaf"), (0, refusal));
    // no other client is affected, nor is the child
    assert_eq!(send(&daemon, "echo", "hello\n"), Ok(Value::Bool(true)));
    wait_until("the echo", || daemon.text("echo.log") == "hello\n");
    assert_eq!(daemon.state("deaf"), "RUNNING");
    // once it reads it gets all that was taken, and nothing of what was refused
    kill(daemon.child_pid("deaf"), libc::SIGUSR1);
    wait_until("room in the buffer", || {
        send(&daemon, "deaf", "end").is_ok()
    });
    wait_until("the end", || daemon.text("deaf.log").ends_with("end"));
    let expected = "ready\n".len() + taken * PIECE + "end".len();
    assert_eq!(daemon.text("deaf.log").len(), expected);
}

#[test]
fn what_a_child_never_read_is_gone_with_it() {
    let daemon = deaf_and_echo();
    fill(&daemon, "deaf");
    daemon.call("supervisor.stopProcess", &["deaf".into()]);
    daemon.call("supervisor.startProcess", &["deaf".into()]);
    wait_until("the next one", || {
        daemon.text("deaf.log") == "ready\nready\n"
    });
    assert_eq!(send(&daemon, "deaf", "new"), Ok(Value::Bool(true)));
    kill(daemon.child_pid("deaf"), libc::SIGUSR1);
    wait_until("its input", || {
        daemon.text("deaf.log") == "ready\nready\nnew"
    });
}

/// A child that closes its stdin says so; the daemon does not mind.
#[test]
fn a_closed_stdin_is_a_clear_fault() {
    let daemon = Daemon::with(
        "",
        "[program:shut]\ncommand=/bin/sh -c 'exec 0</dev/null; echo ready; sleep 1000'\n\
         startsecs=0\nstopasgroup=true\nstdout_logfile=@DIR@/shut.log\n",
    );
    wait_until("it to be ready", || daemon.text("shut.log") == "ready\n");
    let refusal = send(&daemon, "shut", "hello").expect_err("no process reads that");
    assert!(refusal.contains("NO_FILE: shut"), "{refusal}");
    assert_eq!(daemon.state("shut"), "RUNNING");
}

/// A program that ends and leaves a grandchild with its output; `words` are its own.
fn with_heir(heir: &str, words: &str) -> Daemon {
    Daemon::with(
        "",
        &format!(
            "[program:parent]\ncommand=/bin/sh -c '{heir} & echo heir $!; {words}; exit 3'\n\
             startsecs=0\nautorestart=false\nexitcodes=3\nstdout_logfile=@DIR@/parent.log\n\
             stdout_logfile_maxbytes=0\n"
        ),
    )
}

fn heir(log: &str) -> i32 {
    let words = log
        .split("heir ")
        .nth(1)
        .and_then(|rest| rest.lines().next());
    words.and_then(|pid| pid.parse().ok()).expect("its pid")
}

#[test]
fn an_exit_waits_for_every_byte_of_the_child_but_not_for_its_heir() {
    const BYTES: usize = 1_000_000;
    let daemon = with_heir("sleep 1000", &format!("head -c {BYTES} /dev/zero"));
    for round in 1..=10 {
        daemon.wait_state("parent", "EXITED");
        // no waiting here: what it wrote is stored before its exit is known
        let log = daemon.text("parent.log");
        assert_eq!(log.matches('\0').count(), round * BYTES);
        let last = log.rsplit("heir ").next().expect("the last round");
        let heir = heir(&format!("heir {last}").replace('\0', "\n"));
        assert!(is_alive(heir), "the exit did not wait for it");
        kill(heir, libc::SIGKILL);
        if round < 10 {
            daemon.call("supervisor.startProcess", &["parent".into()]);
        }
    }
}

#[test]
fn an_heir_that_writes_without_end_cannot_keep_the_exit() {
    let daemon = with_heir("yes", "echo last words");
    daemon.wait_state("parent", "EXITED");
    let log = daemon.text("parent.log");
    assert!(
        log.contains("last words\n"),
        "what the child wrote is stored"
    );
    // the pipe was closed: the heir ends by its next write
    let heir = heir(&log);
    wait_until("the end of the heir", || !is_alive(heir));
}
