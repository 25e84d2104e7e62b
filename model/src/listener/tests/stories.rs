//! Golden stories of a pool, as the original's log tells them (recorded from 4.3.0).

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::format;

use crate::listener::{Effect, Queue, Undelivered};
use crate::log_line::Level;
use crate::state::{ListenerState, ProcessState};

/// Performs effects: writes down the log, delivers at once unless told otherwise.
struct Pool {
    queue: Queue<u32>,
    log: Vec<String>,
    outcome: Result<(), Undelivered>,
}

impl Pool {
    fn new(capacity: usize, members: &[&str]) -> Self {
        let mut queue = Queue::new("pool", capacity, Level::Debug);
        for (index, name) in members.iter().enumerate() {
            assert_eq!(queue.member(name), index);
        }
        Self {
            queue,
            log: Vec::new(),
            outcome: Ok(()),
        }
    }

    fn perform(&mut self, effects: Vec<Effect<u32>>) -> &mut Self {
        for effect in effects {
            match effect {
                Effect::Log(line) => {
                    self.log
                        .push(format!("{} {}", line.level.code(), line.text));
                }
                Effect::Send { member, pid, .. } => {
                    let more = self.queue.written(member, pid, self.outcome);
                    self.perform(more);
                }
                Effect::Broken { member, pid } => {
                    let name = self.queue.name(member).to_string();
                    self.log.push(format!("restart {name} {pid}?"));
                }
                Effect::Served { .. } => {}
            }
        }
        self
    }

    fn event(&mut self, serial: u64) -> &mut Self {
        let effects = self.queue.accept(serial, 0);
        self.perform(effects)
    }

    fn says(&mut self, member: usize, text: &[u8]) -> &mut Self {
        let effects = self.queue.output(member, text);
        self.perform(effects)
    }

    fn becomes(&mut self, member: usize, state: ProcessState) -> &mut Self {
        let effects = self.queue.changed(member, state, 100);
        self.perform(effects)
    }

    /// RUNNING and READY; nothing of that in the log.
    fn up(&mut self, member: usize) -> &mut Self {
        self.becomes(member, ProcessState::Starting);
        self.becomes(member, ProcessState::Running);
        self.says(member, b"READY\n");
        self.log.clear();
        self
    }

    fn waiting(&self) -> Vec<u64> {
        self.queue.waiting().map(|queued| queued.serial).collect()
    }

    #[track_caller]
    fn log(&mut self, expected: &[&str]) -> &mut Self {
        assert_eq!(self.log, expected);
        self.log.clear();
        self
    }
}

const ENTERED_UNKNOWN: &str = "WARN a: has entered the UNKNOWN state and will no longer \
    receive events, this usually indicates the process violated the eventlistener protocol";

#[test]
fn processed_and_rejected() {
    let mut pool = Pool::new(10, &["a"]);
    pool.up(0).event(0);
    pool.log(&["DEBG event 0 sent to listener a"]);
    pool.says(0, b"RESULT 2\nOK").log(&[
        "DEBG a: event was processed",
        "DEBG a: BUSY -> ACKNOWLEDGED",
    ]);
    pool.event(1).says(0, b"READY\n").log(&[
        "DEBG a: ACKNOWLEDGED -> READY",
        "DEBG event 1 sent to listener a",
    ]);
    pool.event(2).says(0, b"RESULT 4\nFAIL").log(&[
        "WARN a: event was rejected",
        "DEBG a: BUSY -> ACKNOWLEDGED",
        "DEBG rebuffering event 1 for pool pool (buf size=1, max=10)",
    ]);
    pool.says(0, b"READY\n").log(&[
        "DEBG a: ACKNOWLEDGED -> READY",
        "DEBG event 1 sent to listener a",
        "DEBG rebuffering event 2 for pool pool (buf size=0, max=10)",
    ]);
}

#[test]
fn bad_line_and_undecodable_line() {
    let mut pool = Pool::new(10, &["a"]);
    pool.up(0)
        .event(0)
        .log(&["DEBG event 0 sent to listener a"]);
    pool.says(0, b"hello\n").log(&[
        "WARN a: bad result line: 'hello'",
        "DEBG a: BUSY -> UNKNOWN",
        ENTERED_UNKNOWN,
        "restart a 100?",
        "DEBG rebuffering event 0 for pool pool (buf size=0, max=10)",
    ]);
    pool.says(0, b"READY\n").log(&[]);
    // another process takes the event
    pool.becomes(0, ProcessState::Exited);
    pool.up(0);
    assert_eq!(pool.waiting(), []);
    pool.says(0, b"RESULT \xff\xfe\n");
    assert_eq!(
        pool.log[0],
        r"WARN a: bad result line: 'Undecodable: b'RESULT \xff\xfe''"
    );
}

#[test]
fn a_listener_that_babbles_before_it_runs() {
    let mut pool = Pool::new(10, &["a"]);
    pool.becomes(0, ProcessState::Starting);
    pool.says(0, b"hello there")
        .log(&["DEBG a: ACKNOWLEDGED -> UNKNOWN", ENTERED_UNKNOWN]);
    // its child is known now
    pool.becomes(0, ProcessState::Running)
        .log(&["restart a 100?"]);
}

#[test]
fn ready_is_not_enough_before_running() {
    let mut pool = Pool::new(10, &["a"]);
    pool.becomes(0, ProcessState::Starting).says(0, b"READY\n");
    pool.event(0).log(&["DEBG a: ACKNOWLEDGED -> READY"]);
    pool.becomes(0, ProcessState::Running);
    pool.log(&["DEBG event 0 sent to listener a"]);
    // it may answer while it is being stopped, but gets nothing more
    pool.becomes(0, ProcessState::Stopping).event(1);
    pool.says(0, b"RESULT 2\nOKREADY\n");
    assert_eq!(pool.waiting(), [1]);
    assert_eq!(pool.queue.held().count(), 0);
}

#[test]
fn death_while_busy_and_overflow() {
    let mut pool = Pool::new(2, &["a"]);
    pool.up(0)
        .event(0)
        .event(1)
        .event(2)
        .log(&["DEBG event 0 sent to listener a"]);
    pool.event(3)
        .log(&["ERRO pool pool event buffer overflowed, discarding event 1"]);
    pool.becomes(0, ProcessState::Exited).log(&[
        "DEBG rebuffering event 0 for pool pool (buf size=2, max=2)",
        "ERRO pool pool event buffer overflowed, discarding event 2",
    ]);
    assert_eq!(pool.waiting(), [0, 3]);
}

#[test]
fn closed_stdin_lets_the_next_member_have_it() {
    let mut pool = Pool::new(10, &["a", "b"]);
    pool.up(0).up(1);
    pool.outcome = Err(Undelivered::Closed);
    pool.event(0).log(&[
        "DEBG epipe occurred while sending event 0 to listener a, listener state unchanged",
        "DEBG epipe occurred while sending event 0 to listener b, listener state unchanged",
        "DEBG rebuffering event 0 for pool pool (buf size=0, max=10)",
    ]);
    // both are left alone until they are other processes
    pool.event(1).log(&[]);
    pool.outcome = Ok(());
    pool.becomes(1, ProcessState::Exited).up(1);
    assert_eq!(pool.waiting(), [1]);
    assert_eq!(pool.queue.held().next().unwrap().0, 1);
}

#[test]
fn full_stdin_waits_until_it_is_drained() {
    let mut pool = Pool::new(10, &["a"]);
    pool.up(0);
    pool.outcome = Err(Undelivered::Full);
    pool.event(0).log(&[
        "DEBG stdin of listener a is full, event 0 stays buffered",
        "DEBG rebuffering event 0 for pool pool (buf size=0, max=10)",
    ]);
    pool.event(1).log(&[]);
    pool.outcome = Ok(());
    let effects = pool.queue.stdin_drained(0, 99);
    assert!(effects.is_empty(), "another child");
    let effects = pool.queue.stdin_drained(0, 100);
    pool.perform(effects);
    pool.log(&[
        "DEBG event 0 sent to listener a",
        "DEBG rebuffering event 1 for pool pool (buf size=0, max=10)",
    ]);
}

#[test]
fn stdin_closed_in_the_middle_of_an_envelope() {
    let mut pool = Pool::new(10, &["a"]);
    pool.up(0)
        .event(0)
        .log(&["DEBG event 0 sent to listener a"]);
    let effects = pool.queue.stdin_closed(0, 100);
    pool.perform(effects).log(&[
        "DEBG epipe occurred while sending event 0 to listener a, listener state unchanged",
        "DEBG rebuffering event 0 for pool pool (buf size=0, max=10)",
    ]);
    assert_eq!(pool.waiting(), [0]);
}

#[test]
fn serials_are_kept_over_rebuffering() {
    let mut pool = Pool::new(10, &["a"]);
    pool.event(5).event(9);
    let serials = |pool: &Pool| -> Vec<(u64, u64)> {
        let waiting = pool.queue.waiting();
        waiting.map(|q| (q.serial, q.pool_serial)).collect()
    };
    assert_eq!(serials(&pool), [(5, 0), (9, 1)]);
    pool.up(0).says(0, b"RESULT 4\nFAIL");
    assert_eq!(serials(&pool), [(5, 0), (9, 1)]);
}

#[test]
fn an_answer_about_an_earlier_child_changes_nothing() {
    let mut queue = Queue::new("pool", 10, Level::Debug);
    queue.member("a");
    let up = |queue: &mut Queue<u32>, pid| {
        let _ = queue.changed(0, ProcessState::Starting, 0);
        let _ = queue.changed(0, ProcessState::Running, pid);
        queue.output(0, b"READY\n")
    };
    let _ = up(&mut queue, 1);
    assert_eq!(queue.accept(0, 0).len(), 1);
    // the first child is gone before its Process got the envelope; the event is offered
    // to the second
    let _ = queue.changed(0, ProcessState::Exited, 1);
    assert_eq!(up(&mut queue, 2).len(), 2);
    let effects = queue.written(0, 1, Err(Undelivered::NotRunning));
    assert_eq!(effects, []);
    assert_eq!(queue.written(0, 2, Ok(())).len(), 1);
    assert_eq!(queue.state(0), ListenerState::Busy);
}

#[test]
fn members_are_served_in_the_order_they_are_arranged_in() {
    let mut pool = Pool::new(10, &["gone", "b", "holder"]);
    for (member, pid) in [(1, 7), (2, 8)] {
        pool.queue.changed(member, ProcessState::Running, pid);
    }
    pool.says(2, b"READY\n").event(1);
    assert_eq!(pool.queue.member("a"), 3);
    // "holder" has an event and is not configured any more
    let before = pool.queue.arrange(["a", "b"].into_iter());
    assert_eq!(before, [3, 1, 2]);
    assert_eq!(pool.queue.find("gone"), None);
    pool.queue.changed(0, ProcessState::Running, 9);
    pool.says(1, b"READY\n").says(0, b"READY\n").event(2);
    let held: Vec<usize> = pool.queue.held().map(|(member, _)| member).collect();
    assert_eq!(held, [0, 2], "the first of the configured ones");
    pool.says(2, b"RESULT 2\nOK");
    assert!(pool.queue.arrange(["b", "a"].into_iter()) == [1, 0]);
}
