//! A view of four instances, and what they say.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use visord_model::log_line::Level;
use visord_model::moment::{Moment, Mono};
use visord_model::name::ProcessName;
use visord_model::state::ProcessState;

use crate::identity::{Address, Candidate, Identity, InstanceId, Network};
use crate::message::{LocalProcess, ProcessEvent, Tick};
use crate::options::Options;
use crate::rules::Rules;
use crate::rules::element::{ApplicationElement, ProgramElement, RulesFile};
use crate::state::InstanceState;
use crate::view::mapper::Mapper;
use crate::view::process::Process;
use crate::view::{Changes, View};

pub(super) const S0: InstanceId = InstanceId(0);
pub(super) const S1: InstanceId = InstanceId(1);
pub(super) const S2: InstanceId = InstanceId(2);
pub(super) const S3: InstanceId = InstanceId(3);

/// `s0` and `s1` are on one machine; the local instance is `s0`.
pub(super) struct World {
    pub(super) view: View,
    pub(super) rules: Rules,
    pub(super) options: Options,
    /// Monotonic seconds; 1,000,000 is added for the wall clock.
    pub(super) clock: u64,
}

pub(super) fn identity(id: u32) -> Identity {
    Identity {
        identifier: format!("h{id}:9000").into(),
        nick: format!("s{id}").into(),
        host: format!("h{id}").into(),
        port: 9000,
        stereotypes: Vec::new(),
        network: None,
    }
}

pub(super) fn network(machine: &str, address: &str) -> Network {
    Network {
        machine_id: machine.into(),
        fqdn: String::new(),
        addresses: vec![Address {
            nic_name: "eth0".into(),
            ipv4_address: address.into(),
            netmask: "255.255.255.0".into(),
            host_name: String::new(),
            aliases: Vec::new(),
            ipv4_addresses: Vec::new(),
        }],
    }
}

pub(super) fn candidate(identifier: &str, nick: &str) -> Candidate {
    Candidate {
        identifier: identifier.into(),
        nick: nick.into(),
        host: "h9".into(),
        port: 9000,
        stereotypes: vec!["late".into()],
    }
}

pub(super) fn names(names: &[&str]) -> Vec<Arc<str>> {
    names.iter().map(|it| Arc::from(*it)).collect()
}

pub(super) fn name(text: &str) -> ProcessName {
    let (group, process) = text.split_once(':').unwrap_or((text, text));
    ProcessName::new(group, process)
}

pub(super) fn program(name: &str) -> ProgramElement {
    ProgramElement {
        name: Some(name.into()),
        start_sequence: Some(1),
        ..ProgramElement::default()
    }
}

pub(super) fn application(name: &str, programs: Vec<ProgramElement>) -> ApplicationElement {
    ApplicationElement {
        name: Some(name.into()),
        start_sequence: Some(1),
        programs,
        ..ApplicationElement::default()
    }
}

/// A process that was never started, read at the time 1.
pub(super) fn stopped(process: &str) -> LocalProcess {
    LocalProcess {
        name: name(process),
        state: ProcessState::Stopped,
        start: 0.0,
        stop: 0.0,
        now: 1_000_001.0,
        start_monotonic: 0.0,
        stop_monotonic: 0.0,
        now_monotonic: 1.0,
        pid: 0,
        description: "Not started".into(),
        spawnerr: String::new(),
        expected: true,
        extra_args: String::new(),
        startsecs: 1,
        stopwaitsecs: 10,
        process_index: 0,
        program: "p".into(),
        disabled: false,
        has_stdout: true,
        has_stderr: false,
    }
}

pub(super) fn in_state(process: &str, state: ProcessState) -> LocalProcess {
    LocalProcess {
        state,
        ..stopped(process)
    }
}

pub(super) fn tick(counter: u64) -> Tick {
    Tick {
        when: 2_000_000.0 + 5.0 * counter as f64,
        when_monotonic: 100.0 + 5.0 * counter as f64,
        sequence_counter: counter,
    }
}

/// How the tests show the time of a stop.
pub(super) fn zone(seconds: i64) -> String {
    format!("at {seconds}")
}

impl World {
    pub(super) fn new(applications: Vec<ApplicationElement>) -> Self {
        let file = RulesFile {
            applications,
            ..RulesFile::default()
        };
        let (rules, log) = Rules::new(vec![file]);
        assert_eq!(log, []);
        let mut view = View::new(Mapper::new((0..4).map(identity).collect(), S0));
        for (id, machine) in [(S0, "a"), (S1, "a"), (S2, "b"), (S3, "c")] {
            let address = format!("10.0.0.{}", id.0);
            view.identify(id, &[], Some(network(machine, &address)));
        }
        Self {
            view,
            rules,
            options: Options::default(),
            clock: 10,
        }
    }

    /// The same with instances that are RUNNING and declare these processes, all STOPPED.
    pub(super) fn running(
        applications: Vec<ApplicationElement>,
        declared: &[(InstanceId, &[&str])],
    ) -> Self {
        let mut world = Self::new(applications);
        for (id, processes) in declared {
            world.join(*id, processes.iter().map(|it| stopped(it)).collect());
        }
        world
    }

    pub(super) fn now(&mut self) -> Moment {
        self.clock += 1;
        Moment {
            mono: Mono(Duration::from_secs(self.clock)),
            unix: 1_000_000 + self.clock as i64,
        }
    }

    /// A handshake that succeeds.
    pub(super) fn join(&mut self, id: InstanceId, processes: Vec<LocalProcess>) -> Changes {
        self.state(id, InstanceState::Checking);
        let changes = self.load(id, processes);
        self.state(id, InstanceState::Checked);
        self.state(id, InstanceState::Running);
        changes
    }

    pub(super) fn load(&mut self, id: InstanceId, processes: Vec<LocalProcess>) -> Changes {
        let now = self.now();
        self.view
            .load_processes(id, processes, &self.rules, &self.options, now)
    }

    pub(super) fn added(&mut self, id: InstanceId, process: LocalProcess) -> Changes {
        let now = self.now();
        self.view
            .on_added(id, process, &self.rules, &self.options, now)
    }

    pub(super) fn removed(
        &mut self,
        id: InstanceId,
        group: &str,
        process: Option<&str>,
    ) -> Changes {
        let now = self.now();
        self.view.on_removed(id, group, process, now)
    }

    pub(super) fn state(&mut self, id: InstanceId, state: InstanceState) -> Changes {
        let now = self.now();
        self.view.set_state(id, state, now)
    }

    pub(super) fn tick(&mut self, id: InstanceId, counter: u64, local: u64) -> Changes {
        let now = self.now();
        self.view.on_tick(id, tick(counter), local, now)
    }

    /// An event at this time of the sender.
    pub(super) fn event_at(
        &mut self,
        id: InstanceId,
        process: &str,
        state: ProcessState,
        at: f64,
    ) -> Changes {
        let event = ProcessEvent {
            now_monotonic: at,
            now: 1_000_000.0 + at,
            ..event(process, state)
        };
        self.send(id, &event)
    }

    pub(super) fn event(&mut self, id: InstanceId, process: &str, state: ProcessState) -> Changes {
        let at = self.clock as f64;
        self.event_at(id, process, state, at)
    }

    pub(super) fn send(&mut self, id: InstanceId, event: &ProcessEvent) -> Changes {
        let now = self.now();
        self.view.on_process(id, event, now)
    }

    pub(super) fn process(&self, process: &str) -> &Process {
        self.view.process(&name(process)).expect("known process")
    }

    /// State, expected exit, where it runs.
    pub(super) fn seen(&self, process: &str) -> (ProcessState, bool, Vec<InstanceId>) {
        let it = self.process(process);
        (it.state(), it.expected_exit(), it.running().to_vec())
    }
}

/// An event at the time 0 of a child with pid 7.
pub(super) fn event(process: &str, state: ProcessState) -> ProcessEvent {
    ProcessEvent {
        name: name(process),
        state,
        now: 1_000_000.0,
        now_monotonic: 0.0,
        pid: 7,
        expected: true,
        spawnerr: String::new(),
        extra_args: String::new(),
        disabled: false,
        forced: None,
    }
}

/// The texts of this level.
pub(super) fn lines(changes: &Changes, level: Level) -> Vec<&str> {
    let lines = changes.log.iter().filter(|it| it.level == level);
    lines.map(|it| it.text.as_str()).collect()
}
