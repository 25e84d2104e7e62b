//! Against the real `/proc`, with children of this test.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};

use visord_model::process::{Machine, Policy, ProcessInfo};
use visord_model::state::ProcessState;

use super::*;
use crate::board::Identity;

struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // it may have ended
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn board() -> Arc<Board> {
    Arc::new(Board::new(Identity {
        pid: i32::try_from(std::process::id()).unwrap(),
        ..Identity::default()
    }))
}

fn name() -> ProcessName {
    ProcessName {
        group: "g".into(),
        process: "p".into(),
    }
}

fn show(board: &Board, pid: i32) {
    board.set_process(ProcessInfo {
        state: ProcessState::Running,
        pid,
        ..Machine::new("p", Policy::default()).info(&name())
    });
}

/// A program that rests. It has answered once, so its memory is its own: in the middle of an exec
/// a process has none.
fn sleeper() -> Program {
    let cat = { Command::new("/bin/cat") }
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut program = Program(cat.unwrap());
    let mut stdin = program.0.stdin.as_ref().unwrap();
    stdin.write_all(b"x").unwrap();
    let stdout = program.0.stdout.as_mut().unwrap();
    stdout.read_exact(&mut [0]).unwrap();
    program
}

#[test]
fn one_look() {
    let board = board();
    let program = sleeper();
    show(&board, i32::try_from(program.0.id()).unwrap());
    let usage = Usage::new(board.clone());
    assert_eq!(usage.now(&name()), None);
    usage.sample_once();
    let sample = usage.now(&name()).unwrap();
    assert_eq!(sample.processes, 1);
    assert!(sample.rss > 0);
    assert_eq!(usage.all().len(), 1);
    assert!(usage.own().unwrap().rss > 0);
    // no curve without watchers
    assert_eq!(usage.curve(&name()), []);
    // not a child of ours, whatever runs there
    show(&board, 1);
    usage.sample(&usage.0.looking.lock());
    assert_eq!(usage.now(&name()), None);
}

#[test]
fn the_thread_lives_while_there_are_watchers() {
    let board = board();
    let program = sleeper();
    show(&board, i32::try_from(program.0.id()).unwrap());
    let usage = Usage::new(board);
    let mut sampled = usage.sampled();
    let guards = [usage.watch(), usage.watch()];
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.build().unwrap();
    runtime.block_on(sampled.changed()).unwrap();
    assert_eq!(usage.curve(&name()).len(), 1);
    assert!(usage.0.watch.lock().thread.is_some());
    drop(guards);
    // the thread has one, too
    let has_ended = || Arc::strong_count(&usage.0) == 1;
    visord_test_support::wait_until("the end of the thread", has_ended);
    // the next watcher finds it again
    let _guard = usage.watch();
    runtime.block_on(sampled.changed()).unwrap();
}
