//! Which event goes to which listener when (spec core 7.3, 7.4).
//!
//! The rule: **one input, all its effects in order, then the next input.** An event is at
//! any time in exactly one place: in the buffer, or with one member.

use alloc::collections::VecDeque;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::Arguments;

use super::conversation::{Conversation, Reading};
use super::{Effect, Queued, Undelivered};
use crate::event::Serials;
use crate::log_line::{Level, LogLine};
use crate::pyrepr;
use crate::state::{ListenerState, ProcessState};

type Effects<E> = Vec<Effect<E>>;

/// Whether a listener's stdin takes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stdin {
    Open,
    /// Until it is drained.
    Full,
    /// Until the process is another one.
    Closed,
}

#[derive(Clone, Debug)]
struct Member<E> {
    name: Arc<str>,
    running: bool,
    /// The child that was RUNNING last.
    pid: i32,
    stdin: Stdin,
    conversation: Conversation<Queued<E>>,
}

impl<E> Member<E> {
    fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            running: false,
            pid: 0,
            stdin: Stdin::Open,
            conversation: Conversation::default(),
        }
    }

    /// RUNNING and READY, and may be written to.
    fn takes_events(&self) -> bool {
        self.running && self.stdin == Stdin::Open && self.conversation.is_free()
    }
}

/// The events of one pool and its members.
#[derive(Clone, Debug)]
pub struct Queue<E> {
    pool: Arc<str>,
    capacity: usize,
    /// The least important level that is written to the activity log.
    least: Level,
    serials: Serials,
    discarded: u64,
    buffer: VecDeque<Queued<E>>,
    members: Vec<Member<E>>,
    /// What the input under way has requested so far; empty between two inputs.
    effects: Effects<E>,
}

impl<E: Clone> Queue<E> {
    /// An empty queue of a pool without members. `capacity` is `buffer_size`; 0 counts as 1. Lines
    /// for the log that are less important than `least` are not even formatted.
    pub fn new(pool: &str, capacity: usize, least: Level) -> Self {
        Self {
            pool: pool.into(),
            capacity: capacity.max(1),
            least,
            serials: Serials::default(),
            discarded: 0,
            buffer: VecDeque::new(),
            members: Vec::new(),
            effects: Vec::new(),
        }
    }

    /// The member of this name, a new one if there is none: members are served in the order
    /// in which they were named first.
    pub fn member(&mut self, name: &str) -> usize {
        self.find(name).unwrap_or_else(|| {
            self.members.push(Member::new(name));
            self.members.len() - 1
        })
    }

    /// Serve the members of these names in this order from now on; forget the others, but those
    /// that hold an event come last. Tells of each where it was before.
    pub fn arrange<'a>(&mut self, names: impl Iterator<Item = &'a str>) -> Vec<usize> {
        let mut places: Vec<usize> = names.filter_map(|name| self.find(name)).collect();
        let others = (0..self.members.len()).filter(|place| !places.contains(place));
        let holders = others.filter(|&place| self.members[place].conversation.held().is_some());
        let holders: Vec<usize> = holders.collect();
        places.extend(holders);
        let old = core::mem::take(&mut self.members);
        let mut old: Vec<Option<Member<E>>> = old.into_iter().map(Some).collect();
        self.members = places.iter().filter_map(|&it| old[it].take()).collect();
        places
    }

    /// The member of this name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.members.iter().position(|m| &*m.name == name)
    }

    /// A member's name.
    pub fn name(&self, member: usize) -> &str {
        &self.members[member].name
    }

    /// A member's state.
    pub fn state(&self, member: usize) -> ListenerState {
        self.members[member].conversation.state()
    }

    /// The events waiting, next one first.
    pub fn waiting(&self) -> impl ExactSizeIterator<Item = &Queued<E>> {
        self.buffer.iter()
    }

    /// How many events were lost because the buffer was full.
    pub const fn discarded(&self) -> u64 {
        self.discarded
    }

    /// The events with members, in the order of the members.
    pub fn held(&self) -> impl Iterator<Item = (usize, &Queued<E>)> {
        let members = self.members.iter().enumerate();
        members.filter_map(|(index, m)| Some((index, m.conversation.held()?)))
    }

    /// A new event.
    pub fn accept(&mut self, serial: u64, event: E) -> Effects<E> {
        let pool_serial = self.serials.draw();
        self.make_room();
        self.buffer.push_back(Queued {
            serial,
            pool_serial,
            event,
        });
        self.dispatch()
    }

    /// A member wrote to its stdout.
    pub fn output(&mut self, member: usize, mut data: &[u8]) -> Effects<E> {
        while let Some(reading) = self.members[member].conversation.read(&mut data) {
            self.react(member, reading);
        }
        self.dispatch()
    }

    /// The state of a member's process changed; `pid` matters when it is RUNNING.
    pub fn changed(&mut self, member: usize, state: ProcessState, pid: i32) -> Effects<E> {
        let this = &mut self.members[member];
        this.running = state == ProcessState::Running;
        match state {
            ProcessState::Running => {
                this.pid = pid;
                self.ask_for_restart(member);
            }
            // it may still answer
            ProcessState::Stopping | ProcessState::Unknown => {}
            ProcessState::Starting
            | ProcessState::Stopped
            | ProcessState::Backoff
            | ProcessState::Exited
            | ProcessState::Fatal => {
                this.stdin = Stdin::Open;
                if let Some(queued) = this.conversation.end() {
                    self.put_back(queued);
                }
            }
        }
        self.dispatch()
    }

    /// The answer to [`Effect::Send`].
    pub fn written(
        &mut self,
        member: usize,
        pid: i32,
        outcome: Result<(), Undelivered>,
    ) -> Effects<E> {
        let this = &mut self.members[member];
        // an answer about an earlier child: its event was taken back when that one ended
        if this.pid != pid || !this.conversation.is_offered() {
            return Vec::new();
        }
        match outcome {
            Ok(()) => {
                if let Some(queued) = this.conversation.delivered() {
                    let (serial, name) = (queued.serial, this.name.clone());
                    self.debug(format_args!("event {serial} sent to listener {name}"));
                }
                self.log_lookahead();
            }
            Err(reason) => self.not_written(member, reason),
        }
        self.dispatch()
    }

    /// What had been accepted for a member's stdin could not be written to its end, because
    /// the listener closed it.
    pub fn stdin_closed(&mut self, member: usize, pid: i32) -> Effects<E> {
        if self.members[member].pid == pid {
            self.not_written(member, Undelivered::Closed);
        }
        self.dispatch()
    }

    /// A member's stdin that was full has room again.
    pub fn stdin_drained(&mut self, member: usize, pid: i32) -> Effects<E> {
        let this = &mut self.members[member];
        if this.pid == pid && this.stdin == Stdin::Full {
            this.stdin = Stdin::Open;
        }
        self.dispatch()
    }

    fn react(&mut self, member: usize, reading: Reading<Queued<E>>) {
        use ListenerState as S;
        match reading {
            Reading::Ready => self.log_change(member, S::Acknowledged, S::Ready),
            Reading::Processed(_) => self.served(member, Level::Debug, "processed"),
            Reading::Rejected(held) => {
                self.served(member, Level::Warn, "rejected");
                self.put_back(held);
            }
            Reading::BadLine { line, held } => {
                let (name, line) = (&self.members[member].name.clone(), pyrepr::decoded(&line));
                self.log(
                    Level::Warn,
                    format_args!("{name}: bad result line: '{line}'"),
                );
                self.log_broken(member, S::Busy);
                self.put_back(held);
            }
            Reading::OutOfTurn { was, held } => {
                self.log_broken(member, was);
                if let Some(held) = held {
                    self.put_back(held);
                }
            }
        }
    }

    fn served(&mut self, member: usize, level: Level, verdict: &str) {
        let name = self.members[member].name.clone();
        self.log(level, format_args!("{name}: event was {verdict}"));
        self.log_change(member, ListenerState::Busy, ListenerState::Acknowledged);
        self.effects.push(Effect::Served { member });
    }

    fn log_broken(&mut self, member: usize, from: ListenerState) {
        self.log_change(member, from, ListenerState::Unknown);
        let name = self.members[member].name.clone();
        let text = format_args!(
            "{name}: has entered the UNKNOWN state and will no longer receive events, this \
             usually indicates the process violated the eventlistener protocol"
        );
        self.log(Level::Warn, text);
        self.ask_for_restart(member);
    }

    /// Of a listener in UNKNOWN, once its child is known.
    fn ask_for_restart(&mut self, member: usize) {
        let this = &self.members[member];
        if this.running && this.conversation.state() == ListenerState::Unknown {
            let pid = this.pid;
            self.effects.push(Effect::Broken { member, pid });
        }
    }

    fn not_written(&mut self, member: usize, reason: Undelivered) {
        let this = &mut self.members[member];
        match reason {
            Undelivered::Closed => this.stdin = Stdin::Closed,
            Undelivered::Full => this.stdin = Stdin::Full,
            // the notification that says so is on its way
            Undelivered::NotRunning => this.running = false,
        }
        let Some(queued) = this.conversation.withdraw() else {
            return;
        };
        let (serial, name) = (queued.serial, this.name.clone());
        match reason {
            Undelivered::Closed => self.debug(format_args!(
                "epipe occurred while sending event {serial} to listener {name}, listener state \
                 unchanged"
            )),
            // the original crashes here
            Undelivered::Full => self.debug(format_args!(
                "stdin of listener {name} is full, event {serial} stays buffered"
            )),
            Undelivered::NotRunning => {}
        }
        match self.first_free() {
            Some(next) => self.offer(next, queued),
            None => self.put_back(queued),
        }
    }

    /// The end of every input: the oldest event to the first member that takes events, as long as
    /// there are both. Returns what the input has requested.
    fn dispatch(&mut self) -> Effects<E> {
        while let Some(member) = self.first_free()
            && let Some(queued) = self.buffer.pop_front()
        {
            self.offer(member, queued);
        }
        core::mem::take(&mut self.effects)
    }

    fn first_free(&self) -> Option<usize> {
        self.members.iter().position(Member::takes_events)
    }

    fn offer(&mut self, member: usize, queued: Queued<E>) {
        let this = &mut self.members[member];
        this.conversation.offer(queued.clone());
        self.effects.push(Effect::Send {
            member,
            pid: this.pid,
            queued,
        });
    }

    /// After its last delivery of a round the original takes one more event, finds no listener
    /// for it, and logs that it puts it back.
    fn log_lookahead(&mut self) {
        let under_way = |m: &Member<E>| m.conversation.is_offered() || m.takes_events();
        if let Some(next) = self.buffer.front()
            && !self.members.iter().any(under_way)
        {
            self.log_rebuffering(next.serial, self.buffer.len() - 1);
        }
    }

    /// To the head of the buffer.
    fn put_back(&mut self, queued: Queued<E>) {
        self.log_rebuffering(queued.serial, self.buffer.len());
        self.make_room();
        self.buffer.push_front(queued);
    }

    fn log_rebuffering(&mut self, serial: u64, size: usize) {
        let (pool, max) = (self.pool.clone(), self.capacity);
        self.debug(format_args!(
            "rebuffering event {serial} for pool {pool} (buf size={size}, max={max})"
        ));
    }

    fn log_change(&mut self, member: usize, from: ListenerState, to: ListenerState) {
        let name = self.members[member].name.clone();
        self.debug(format_args!("{name}: {} -> {}", from.name(), to.name()));
    }

    fn debug(&mut self, text: Arguments<'_>) {
        self.log(Level::Debug, text);
    }

    fn log(&mut self, level: Level, text: Arguments<'_>) {
        if level <= self.least {
            let line = LogLine::new(level, text.to_string());
            self.effects.push(Effect::Log(line));
        }
    }

    /// Discard the oldest waiting event if the buffer is full.
    fn make_room(&mut self) {
        if self.buffer.len() < self.capacity {
            return;
        }
        if let Some(lost) = self.buffer.pop_front() {
            self.discarded += 1;
            let (pool, serial) = (self.pool.clone(), lost.serial);
            self.log(
                Level::Error,
                format_args!("pool {pool} event buffer overflowed, discarding event {serial}"),
            );
        }
    }
}
