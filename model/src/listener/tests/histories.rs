//! Random histories of a pool of several members against a world that is as nasty as real
//! ones: after every step each accepted event is acknowledged, or kept in exactly one place,
//! or its discard was logged.

use alloc::vec::Vec;
use proptest::prelude::*;
use std::collections::{BTreeSet, VecDeque};
use std::{format, vec};

use crate::listener::{Effect, Queue, Undelivered};
use crate::log_line::Level;
use crate::state::{ListenerState, ProcessState};

const MEMBERS: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Action {
    Event,
    Ready(usize),
    Ok(usize),
    Fail(usize),
    Garbage(usize),
    /// The Process answers an outstanding envelope.
    Written(usize, Result<(), Undelivered>),
    StdinClosed(usize),
    Drained(usize),
    Start(usize),
    Run(usize),
    Stop(usize),
    Die(usize),
}

fn action() -> impl Strategy<Value = Action> {
    let member = 0..MEMBERS;
    let outcome = prop_oneof![
        8 => Just(Ok(())),
        1 => Just(Err(Undelivered::Closed)),
        1 => Just(Err(Undelivered::Full)),
        1 => Just(Err(Undelivered::NotRunning)),
    ];
    prop_oneof![
        6 => Just(Action::Event),
        5 => member.clone().prop_map(Action::Ready),
        4 => member.clone().prop_map(Action::Ok),
        2 => member.clone().prop_map(Action::Fail),
        1 => member.clone().prop_map(Action::Garbage),
        6 => (member.clone(), outcome).prop_map(|(m, o)| Action::Written(m, o)),
        1 => member.clone().prop_map(Action::StdinClosed),
        1 => member.clone().prop_map(Action::Drained),
        2 => member.clone().prop_map(Action::Start),
        3 => member.clone().prop_map(Action::Run),
        1 => member.clone().prop_map(Action::Stop),
        1 => member.prop_map(Action::Die),
    ]
}

const OVERFLOWED: &str = "pool pool event buffer overflowed, discarding event ";

struct World {
    queue: Queue<u64>,
    capacity: usize,
    next: u64,
    pids: [i32; MEMBERS],
    /// The last child of each that closed its stdin.
    closed: [i32; MEMBERS],
    /// Envelopes on their way to a Process: for which child, which event.
    under_way: [VecDeque<(i32, u64)>; MEMBERS],
    /// The event that a child has in its hands, whatever the queue believes.
    in_hand: [Option<u64>; MEMBERS],
    acknowledged: BTreeSet<u64>,
    discarded: BTreeSet<u64>,
    /// Events that a member had and lost.
    requeued: BTreeSet<u64>,
    /// The last event sent that was never put back.
    last_sent: Option<u64>,
}

impl World {
    fn new(capacity: usize) -> Self {
        let mut queue = Queue::new("pool", capacity, Level::Debug);
        for index in 0..MEMBERS {
            queue.member(&format!("m{index}"));
        }
        Self {
            queue,
            capacity,
            next: 0,
            pids: [100; MEMBERS],
            closed: [0; MEMBERS],
            under_way: Default::default(),
            in_hand: [None; MEMBERS],
            acknowledged: BTreeSet::new(),
            discarded: BTreeSet::new(),
            requeued: BTreeSet::new(),
            last_sent: None,
        }
    }

    fn held(&self) -> [Option<u64>; MEMBERS] {
        let mut held = [None; MEMBERS];
        for (member, queued) in self.queue.held() {
            held[member] = Some(queued.serial);
        }
        held
    }

    fn act(&mut self, action: Action) {
        let before = self.held();
        match action {
            Action::Event | Action::Written(..) => {}
            Action::Drained(_) | Action::Run(_) | Action::Stop(_) => {}
            // it answered, broke the protocol, did not get all of it, or is gone
            Action::Ready(m)
            | Action::Ok(m)
            | Action::Fail(m)
            | Action::Garbage(m)
            | Action::StdinClosed(m)
            | Action::Start(m)
            | Action::Die(m) => self.in_hand[m] = None,
        }
        if let Action::Ok(m) = action
            && self.queue.state(m) == ListenerState::Busy
        {
            self.acknowledged.extend(before[m]);
        }
        let effects = self.step(action);
        let after = self.queue.held().map(|(member, q)| (member, q.serial));
        let after: BTreeSet<_> = after.collect();
        for (member, serial) in before.into_iter().enumerate() {
            let Some(serial) = serial else { continue };
            if !after.contains(&(member, serial)) && !self.acknowledged.contains(&serial) {
                self.requeued.insert(serial);
            }
        }
        self.perform(effects);
        self.check();
    }

    /// What a Process does with an envelope: a child that is gone or closed its stdin gets
    /// nothing, one that broke the protocol is not trusted with anything it gets.
    fn write(
        &mut self,
        member: usize,
        pid: i32,
        serial: u64,
        outcome: Result<(), Undelivered>,
    ) -> Vec<Effect<u64>> {
        let outcome = if pid != self.pids[member] {
            Err(Undelivered::NotRunning)
        } else if self.closed[member] == pid {
            Err(Undelivered::Closed)
        } else {
            outcome
        };
        if outcome.is_ok() && self.queue.state(member) != ListenerState::Unknown {
            assert!(!self.in_hand.contains(&Some(serial)), "two members have it");
            self.in_hand[member] = Some(serial);
        }
        self.queue.written(member, pid, outcome)
    }

    fn step(&mut self, action: Action) -> Vec<Effect<u64>> {
        match action {
            Action::Event => {
                self.next += 1;
                self.queue.accept(self.next - 1, self.next - 1)
            }
            Action::Ready(m) => self.queue.output(m, b"READY\n"),
            Action::Ok(m) => self.queue.output(m, b"RESULT 2\nOK"),
            Action::Fail(m) => self.queue.output(m, b"RESULT 4\nFAIL"),
            Action::Garbage(m) => self.queue.output(m, b"garbage in every state\n"),
            Action::Written(m, outcome) => match self.under_way[m].pop_front() {
                Some((pid, serial)) => self.write(m, pid, serial, outcome),
                None => vec![],
            },
            Action::StdinClosed(m) => {
                self.closed[m] = self.pids[m];
                self.queue.stdin_closed(m, self.pids[m])
            }
            Action::Drained(m) => self.queue.stdin_drained(m, self.pids[m]),
            Action::Start(m) => {
                self.pids[m] += 1;
                self.queue.changed(m, ProcessState::Starting, 0)
            }
            Action::Run(m) => self.queue.changed(m, ProcessState::Running, self.pids[m]),
            Action::Stop(m) => self.queue.changed(m, ProcessState::Stopping, 0),
            Action::Die(m) => {
                self.pids[m] += 1;
                self.queue.changed(m, ProcessState::Exited, 0)
            }
        }
    }

    fn perform(&mut self, effects: Vec<Effect<u64>>) {
        for effect in effects {
            match effect {
                Effect::Log(line) => {
                    let lost = line.text.strip_prefix(OVERFLOWED);
                    if let Some(serial) = lost.and_then(|serial| serial.parse().ok()) {
                        assert!(self.discarded.insert(serial), "discarded twice");
                    }
                }
                Effect::Send {
                    member,
                    pid,
                    queued,
                } => {
                    assert_eq!(pid, self.pids[member], "to the child that runs");
                    self.under_way[member].push_back((pid, queued.serial));
                    self.check_order(queued.serial);
                }
                Effect::Broken { .. } | Effect::Served { .. } => {}
            }
        }
    }

    /// Events that were never put back are sent in the order in which they came.
    fn check_order(&mut self, serial: u64) {
        if !self.requeued.contains(&serial) {
            assert!(self.last_sent.is_none_or(|last| last < serial), "order");
            self.last_sent = Some(serial);
        }
    }

    /// Every event so far is in exactly one place: nothing is lost, doubled, or with two
    /// members at once.
    fn check(&self) {
        assert!(self.queue.waiting().len() <= self.capacity, "buffer_size");
        let mut places: Vec<u64> = self.queue.waiting().map(|q| q.serial).collect();
        places.extend(self.held().into_iter().flatten());
        places.extend(&self.acknowledged);
        places.extend(&self.discarded);
        places.sort_unstable();
        assert!(places.into_iter().eq(0..self.next), "every event once");
    }

    /// Let a member do what is expected of it, as long as there is something to do.
    fn serve(&mut self, member: usize) {
        loop {
            let next = if !self.under_way[member].is_empty() {
                Action::Written(member, Ok(()))
            } else {
                match self.queue.state(member) {
                    ListenerState::Acknowledged => Action::Ready(member),
                    ListenerState::Busy => Action::Ok(member),
                    ListenerState::Ready | ListenerState::Unknown => return,
                }
            };
            self.act(next);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_event_is_accounted_for(
        capacity in 1_usize..6,
        actions in prop::collection::vec(action(), 0..150),
    ) {
        let mut world = World::new(capacity);
        for action in actions {
            world.act(action);
        }
    }

    #[test]
    fn willing_members_empty_the_queue(actions in prop::collection::vec(action(), 0..100)) {
        let mut world = World::new(1000);
        for action in actions {
            world.act(action);
        }
        for member in 0..MEMBERS {
            world.act(Action::Die(member));
            world.act(Action::Start(member));
            world.act(Action::Run(member));
        }
        for member in 0..MEMBERS {
            world.serve(member);
        }
        prop_assert_eq!(world.acknowledged.len() as u64, world.next);
    }
}

#[test]
fn a_million_events() {
    let mut queue = Queue::new("pool", 1000, Level::Debug);
    queue.member("m");
    let mut under_way = VecDeque::new();
    let mut sent = 0;
    let mut play = |effects: Vec<Effect<u64>>, under_way: &mut VecDeque<i32>| {
        for effect in effects {
            match effect {
                Effect::Send { pid, queued, .. } => {
                    assert_eq!(
                        (queued.event, queued.serial, queued.pool_serial),
                        (sent, sent, sent)
                    );
                    sent += 1;
                    under_way.push_back(pid);
                }
                Effect::Log(_) | Effect::Broken { .. } | Effect::Served { .. } => {}
            }
        }
    };
    play(queue.changed(0, ProcessState::Running, 1), &mut under_way);
    play(queue.output(0, b"READY\n"), &mut under_way);
    for serial in 0..1_000_000 {
        play(queue.accept(serial, serial), &mut under_way);
        // the listener is slower than the events, and catches up in between
        while serial % 500 == 499
            && let Some(pid) = under_way.pop_front()
        {
            play(queue.written(0, pid, Ok(())), &mut under_way);
            play(queue.output(0, b"RESULT 2\nOKREADY\n"), &mut under_way);
        }
    }
    assert_eq!(
        (sent, queue.waiting().len(), queue.held().count()),
        (1_000_000, 0, 0)
    );
}
