//! A view whose instances do what the test says, and the plan that looks at it.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use visord_model::moment::{Moment, Mono};
use visord_model::name::{Namespec, ProcessName};
use visord_model::state::ProcessState;

use crate::identity::{Identity, InstanceId, Network};
use crate::input::Closing;
use crate::message::{LocalProcess, ProcessEvent, Tick};
use crate::options::Options;
use crate::plan::{Effect, Input, Plan};
use crate::rules::{ApplicationRules, ProcessRules, Rules};
use crate::state::InstanceState;
use crate::strategy::StartingStrategy;
use crate::view::View;
use crate::view::mapper::Mapper;

/// A plan and what it looks at.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) view: View,
    pub(super) plan: Plan,
    /// Of the applications that have no process yet.
    rules: BTreeMap<String, ApplicationRules>,
    counter: u64,
}

pub(super) fn id(number: usize) -> InstanceId {
    InstanceId(u32::try_from(number).unwrap())
}

pub(super) fn name(namespec: &str) -> ProcessName {
    match Namespec::parse(namespec) {
        Namespec::Process(name) => name,
        Namespec::Group(group) => panic!("{group} is a group"),
    }
}

const NOW: Moment = Moment {
    mono: Mono(Duration::ZERO),
    unix: 0,
};

impl World {
    /// RUNNING instances `s0`, `s1`…, each with its node; `s0` is the local one.
    pub(super) fn new(nodes: &str) -> Self {
        Self::with_local(nodes, 0)
    }

    pub(super) fn with_local(nodes: &str, local: usize) -> Self {
        let identities = nodes.chars().enumerate().map(|(number, node)| {
            let identifier: Arc<str> = format!("s{number}").into();
            Identity {
                nick: identifier.clone(),
                host: identifier.clone(),
                identifier,
                port: 60000,
                stereotypes: Vec::new(),
                network: Some(Network {
                    machine_id: node.to_string().into(),
                    fqdn: String::new(),
                    addresses: Vec::new(),
                }),
            }
        });
        let mut world = Self {
            view: View::new(Mapper::new(identities.collect(), id(local))),
            plan: Plan::default(),
            rules: BTreeMap::new(),
            counter: 0,
        };
        for on in world.view.mapper.ids() {
            world.join(on);
        }
        world
    }

    /// The instance becomes RUNNING.
    pub(super) fn join(&mut self, on: InstanceId) {
        use InstanceState::{Checked, Checking, Running};
        for state in [Checking, Checked, Running] {
            self.view.set_state(on, state, NOW);
        }
    }

    /// A RUNNING instance leaves; the plan does not know yet.
    pub(super) fn leave(&mut self, number: usize, last: InstanceState) {
        for state in [InstanceState::Failed, last] {
            self.view.set_state(id(number), state, NOW);
        }
    }

    /// An application with rules.
    pub(super) fn application(&mut self, name: &str, edit: impl FnOnce(&mut ApplicationRules)) {
        let mut rules = ApplicationRules {
            managed: true,
            start_sequence: 1,
            stop_sequence: 1,
            ..ApplicationRules::default()
        };
        edit(&mut rules);
        self.rules.insert(name.into(), rules);
    }

    /// A stopped process in sub-group 1 that every instance declares.
    pub(super) fn process(&mut self, namespec: &str, edit: impl FnOnce(&mut ProcessRules)) {
        let all = self.view.mapper.ids().collect::<Vec<_>>();
        self.process_on(namespec, &all, edit);
    }

    pub(super) fn process_on(
        &mut self,
        namespec: &str,
        on: &[InstanceId],
        edit: impl FnOnce(&mut ProcessRules),
    ) {
        let name = name(namespec);
        for &on in on {
            self.declare(on, local(&name));
        }
        if let Some(rules) = self.rules.remove(&*name.group) {
            *self.view.application_rules(&name.group).unwrap() = rules;
        }
        let rules = self.view.process_rules(&name).unwrap();
        rules.start_sequence = 1;
        rules.stop_sequence = 1;
        edit(rules);
    }

    pub(super) fn declare(&mut self, on: InstanceId, process: LocalProcess) {
        let rules = Rules::default();
        let options = Options::default();
        self.view.on_added(on, process, &rules, &options, NOW);
    }

    /// How long it may take to start and to stop.
    pub(super) fn seconds(&mut self, namespec: &str, startsecs: i64, stopwaitsecs: i64) {
        let process = LocalProcess {
            startsecs,
            stopwaitsecs,
            ..local(&name(namespec))
        };
        for on in self.view.mapper.ids() {
            self.declare(on, process.clone());
        }
    }

    /// What the plan does with this, a line for each effect; log lines are left out. Forced states
    /// are shown in the view.
    pub(super) fn step(&mut self, input: Input) -> Vec<String> {
        let mut lines = Vec::new();
        let mut effects = self.plan.step(input, &self.view);
        while !effects.is_empty() {
            let mut forced = Vec::new();
            for effect in effects {
                lines.extend(line(&effect));
                if let Effect::Force {
                    process,
                    state,
                    reason,
                    ..
                } = effect
                {
                    self.view.force(&process, state, &reason, NOW);
                    forced.push(process);
                }
            }
            let plan = &mut self.plan;
            let view = &self.view;
            let next = forced.into_iter().map(Input::Forced);
            effects = next.flat_map(|input| plan.step(input, view)).collect();
        }
        lines
    }

    /// An instance publishes a state; an exit is expected.
    pub(super) fn event(&mut self, namespec: &str, on: usize, state: ProcessState) -> Vec<String> {
        self.full_event(&name(namespec), id(on), state, true)
    }

    pub(super) fn unexpected_exit(&mut self, namespec: &str, on: usize) -> Vec<String> {
        self.full_event(&name(namespec), id(on), ProcessState::Exited, false)
    }

    pub(super) fn full_event(
        &mut self,
        process: &ProcessName,
        on: InstanceId,
        state: ProcessState,
        expected: bool,
    ) -> Vec<String> {
        self.show(process, on, state, expected);
        self.step(Input::Event {
            process: process.clone(),
            on,
            state,
            expected,
        })
    }

    /// The view learns of a state, the plan does not yet.
    pub(super) fn show(
        &mut self,
        process: &ProcessName,
        on: InstanceId,
        state: ProcessState,
        expected: bool,
    ) {
        let event = ProcessEvent {
            expected,
            ..event(process, state)
        };
        self.view.on_process(on, &event, NOW);
    }

    pub(super) fn show_with_args(
        &mut self,
        process: &ProcessName,
        on: InstanceId,
        state: ProcessState,
        extra_args: &str,
    ) {
        let event = ProcessEvent {
            extra_args: extra_args.into(),
            ..event(process, state)
        };
        self.view.on_process(on, &event, NOW);
    }

    /// The process has run for so many seconds.
    pub(super) fn run_for(&mut self, namespec: &str, on: usize, uptime: f64) {
        let states = [ProcessState::Starting, ProcessState::Running];
        for (state, now_monotonic) in states.into_iter().zip([1.0, 1.0 + uptime]) {
            let event = ProcessEvent {
                now_monotonic,
                ..event(&name(namespec), state)
            };
            self.view.on_process(id(on), &event, NOW);
        }
    }

    /// The process starts on this instance, and runs.
    pub(super) fn run(&mut self, namespec: &str, on: usize) -> Vec<String> {
        let mut lines = self.event(namespec, on, ProcessState::Starting);
        lines.extend(self.event(namespec, on, ProcessState::Running));
        lines
    }

    /// The process stops on this instance.
    pub(super) fn halt(&mut self, namespec: &str, on: usize) -> Vec<String> {
        let mut lines = self.event(namespec, on, ProcessState::Stopping);
        lines.extend(self.event(namespec, on, ProcessState::Stopped));
        lines
    }

    /// Every RUNNING instance sends a TICK, and the machine is evaluated.
    pub(super) fn tick(&mut self) -> Vec<String> {
        let all = self.view.mapper.ids().collect::<Vec<_>>();
        self.tick_of(&all)
    }

    pub(super) fn tick_of(&mut self, instances: &[InstanceId]) -> Vec<String> {
        self.counter += 1;
        let tick = Tick {
            when: 0.0,
            when_monotonic: 0.0,
            sequence_counter: self.counter,
        };
        for &on in instances {
            if self.view.instance(on).state() == InstanceState::Running {
                self.view.on_tick(on, tick, self.counter, NOW);
            }
        }
        self.step(Input::Check)
    }

    /// This instance is lost; what ran there and nowhere else is in failure.
    pub(super) fn lose(&mut self, on: usize, master: bool) -> Vec<String> {
        self.leave(on, InstanceState::Stopped);
        let processes = self.view.lose(id(on), NOW).lost;
        self.step(Input::Lost {
            instances: [id(on)].into(),
            processes,
            master,
        })
    }

    pub(super) fn start_application(&mut self, name: &str) -> Vec<String> {
        self.step(Input::StartApplication(
            name.into(),
            StartingStrategy::Config,
        ))
    }

    pub(super) fn start(&mut self, namespec: &str, strategy: StartingStrategy) -> Vec<String> {
        let processes = [name(namespec)].into();
        let none = Some(String::new());
        self.step(Input::StartProcesses(processes, strategy, none))
    }

    pub(super) fn stop(&mut self, namespec: &str) -> Vec<String> {
        self.step(Input::StopProcesses([name(namespec)].into()))
    }

    pub(super) fn state(&self, namespec: &str) -> ProcessState {
        self.view
            .process(&name(namespec))
            .unwrap()
            .displayed_state()
    }

    pub(super) fn is_idle(&self) -> bool {
        !self.plan.is_starting() && !self.plan.is_stopping()
    }
}

fn line(effect: &Effect) -> Option<String> {
    match effect {
        Effect::Start {
            on,
            process,
            extra_args,
        } => Some(
            format!("start {process} {} {extra_args}", on.0)
                .trim_end()
                .into(),
        ),
        Effect::Stop { on, process } => Some(format!("stop {process} {}", on.0)),
        Effect::Force {
            process,
            state,
            reason,
            ..
        } => Some(format!("{process} is {state}: {reason}")),
        Effect::Close(Closing::Restart) => Some("restart".into()),
        Effect::Close(Closing::Shutdown) => Some("shut down".into()),
        Effect::Log(_) => None,
    }
}

fn event(process: &ProcessName, state: ProcessState) -> ProcessEvent {
    ProcessEvent {
        name: process.clone(),
        state,
        now: 1.0,
        now_monotonic: 1.0,
        pid: 1,
        expected: true,
        spawnerr: String::new(),
        extra_args: String::new(),
        disabled: false,
        forced: None,
    }
}

/// A process that never ran.
pub(super) fn local(name: &ProcessName) -> LocalProcess {
    LocalProcess {
        name: name.clone(),
        state: ProcessState::Stopped,
        start: 0.0,
        stop: 0.0,
        now: 0.0,
        start_monotonic: 0.0,
        stop_monotonic: 0.0,
        now_monotonic: 0.0,
        pid: 0,
        description: String::new(),
        spawnerr: String::new(),
        expected: true,
        extra_args: String::new(),
        startsecs: 1,
        stopwaitsecs: 10,
        process_index: 0,
        program: name.process.clone(),
        disabled: false,
        has_stdout: true,
        has_stderr: true,
    }
}
