//! The processes of one simulated supervisord.

use std::sync::Arc;

use visord_cluster::message::{LocalProcess, ProcessEvent};
use visord_model::name::ProcessName;
use visord_model::state::ProcessState;

use crate::world::{Micros, SECOND};

/// A program, the same on every host.
#[derive(Clone, Debug)]
pub struct Program {
    /// Group and name.
    pub name: ProcessName,
    /// It exits at once, whenever it is started.
    pub broken: bool,
    /// The host starts it by itself.
    pub autostart: bool,
    /// The host starts it again if it exits unexpectedly.
    pub autorestart: bool,
    /// Time until a start is a success.
    pub startsecs: Micros,
    /// Time that it takes to stop.
    pub stop: Micros,
}

/// What a process does by itself, later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// It has run long enough.
    Started,
    /// It exits too early.
    Early,
    /// It is started again after an early exit.
    Retry,
    /// It has stopped.
    Stopped,
}

#[derive(Clone, Debug)]
struct Slot {
    state: ProcessState,
    /// Counts changes: what was due before the last one is void.
    generation: u32,
    retries: u32,
    pid: i32,
    start: f64,
    stop: f64,
    expected: bool,
    autorestart: bool,
    extra_args: String,
}

/// The processes of a host.
#[derive(Clone, Debug)]
pub struct Host {
    programs: Arc<[Program]>,
    slots: Vec<Slot>,
    next_pid: i32,
}

/// What happened, and what will: of a process, after this time, if its generation is still this.
#[derive(Debug, Default)]
pub struct Happened {
    /// Published by the supervisord.
    pub events: Vec<ProcessEvent>,
    /// Process, generation, delay, what.
    pub due: Vec<(usize, u32, Micros, Due)>,
}

/// The clocks of a host: wall and monotonic, seconds.
#[derive(Clone, Copy, Debug)]
pub struct Clocks {
    /// Seconds since 1970.
    pub wall: f64,
    /// Monotonic seconds.
    pub mono: f64,
}

impl Host {
    /// Nothing was ever started.
    pub fn new(programs: &Arc<[Program]>) -> Self {
        let slot = |program: &Program| Slot {
            state: ProcessState::Stopped,
            generation: 0,
            retries: 0,
            pid: 0,
            start: 0.0,
            stop: 0.0,
            expected: true,
            autorestart: program.autorestart,
            extra_args: String::new(),
        };
        Self {
            programs: programs.clone(),
            slots: programs.iter().map(slot).collect(),
            next_pid: 100,
        }
    }

    /// The number of a process.
    pub fn find(&self, name: &ProcessName) -> Option<usize> {
        self.programs.iter().position(|it| it.name == *name)
    }

    /// The state of a process.
    pub fn state(&self, process: usize) -> ProcessState {
        self.slots[process].state
    }

    /// All processes, as the supervisord knows them.
    pub fn processes(&self, clocks: Clocks) -> Vec<LocalProcess> {
        let all = self.programs.iter().zip(&self.slots);
        all.map(|(program, slot)| LocalProcess {
            name: program.name.clone(),
            state: slot.state,
            start: slot.start,
            stop: slot.stop,
            now: clocks.wall,
            start_monotonic: slot.start,
            stop_monotonic: slot.stop,
            now_monotonic: clocks.mono,
            pid: slot.pid,
            description: String::new(),
            spawnerr: String::new(),
            expected: slot.expected,
            extra_args: slot.extra_args.clone(),
            startsecs: i64::try_from(program.startsecs / SECOND).unwrap_or(0),
            stopwaitsecs: 10,
            process_index: 0,
            program: program.name.process.clone(),
            disabled: false,
            has_stdout: false,
            has_stderr: false,
        })
        .collect()
    }

    /// Starts what is started automatically.
    pub fn autostart(&mut self, clocks: Clocks) -> Happened {
        let mut happened = Happened::default();
        for process in 0..self.slots.len() {
            if self.programs[process].autostart {
                self.start(process, clocks, &mut happened);
            }
        }
        happened
    }

    /// A request to start a process; refused if it runs.
    pub fn start(&mut self, process: usize, clocks: Clocks, happened: &mut Happened) {
        if self.slots[process].state.is_stopped() {
            self.slots[process].retries = 0;
            self.spawn(process, clocks, happened);
        }
    }

    fn spawn(&mut self, process: usize, clocks: Clocks, happened: &mut Happened) {
        let program = &self.programs[process];
        let due = if program.broken {
            (200_000, Due::Early)
        } else {
            (program.startsecs, Due::Started)
        };
        self.next_pid += 1;
        self.slots[process].pid = self.next_pid;
        self.slots[process].start = clocks.mono;
        self.change(process, ProcessState::Starting, true, clocks, happened);
        let generation = self.slots[process].generation;
        happened.due.push((process, generation, due.0, due.1));
    }

    /// A request to stop a process; refused if it does not run.
    pub fn stop(&mut self, process: usize, clocks: Clocks, happened: &mut Happened) {
        match self.slots[process].state {
            ProcessState::Starting | ProcessState::Running => {
                self.change(process, ProcessState::Stopping, true, clocks, happened);
                let slot = &self.slots[process];
                let delay = self.programs[process].stop;
                happened
                    .due
                    .push((process, slot.generation, delay, Due::Stopped));
            }
            ProcessState::Backoff => {
                self.change(process, ProcessState::Stopped, true, clocks, happened);
            }
            ProcessState::Stopped
            | ProcessState::Stopping
            | ProcessState::Exited
            | ProcessState::Fatal
            | ProcessState::Unknown => {}
        }
    }

    /// A running process exits unexpectedly.
    pub fn crash(&mut self, process: usize, clocks: Clocks, happened: &mut Happened) {
        if self.slots[process].state == ProcessState::Running {
            self.change(process, ProcessState::Exited, false, clocks, happened);
            if self.slots[process].autorestart {
                self.slots[process].retries = 0;
                self.spawn(process, clocks, happened);
            }
        }
    }

    /// What was due happens, unless something else came first.
    pub fn due(&mut self, process: usize, generation: u32, due: Due, clocks: Clocks) -> Happened {
        let mut happened = Happened::default();
        if self.slots[process].generation != generation {
            return happened;
        }
        match due {
            Due::Started => {
                self.change(process, ProcessState::Running, true, clocks, &mut happened);
            }
            Due::Early if self.slots[process].retries == 0 => {
                self.slots[process].retries = 1;
                self.change(process, ProcessState::Backoff, true, clocks, &mut happened);
                let generation = self.slots[process].generation;
                happened.due.push((process, generation, SECOND, Due::Retry));
            }
            Due::Early => self.change(process, ProcessState::Fatal, true, clocks, &mut happened),
            Due::Retry => self.spawn(process, clocks, &mut happened),
            Due::Stopped => {
                self.change(process, ProcessState::Stopped, true, clocks, &mut happened);
            }
        }
        happened
    }

    /// The cluster restarts this one.
    pub fn forbid_autorestart(&mut self, process: usize) {
        self.slots[process].autorestart = false;
    }

    /// Appended to its command from now on.
    pub fn set_extra_args(&mut self, process: usize, args: String) {
        self.slots[process].extra_args = args;
    }

    fn change(
        &mut self,
        process: usize,
        state: ProcessState,
        expected: bool,
        clocks: Clocks,
        happened: &mut Happened,
    ) {
        let slot = &mut self.slots[process];
        slot.state = state;
        slot.expected = expected;
        slot.generation += 1;
        if state.is_stopped() {
            slot.stop = clocks.mono;
        }
        happened.events.push(ProcessEvent {
            name: self.programs[process].name.clone(),
            state,
            now: clocks.wall,
            now_monotonic: clocks.mono,
            pid: slot.pid,
            expected,
            spawnerr: String::new(),
            extra_args: slot.extra_args.clone(),
            disabled: false,
            forced: None,
        });
    }
}
