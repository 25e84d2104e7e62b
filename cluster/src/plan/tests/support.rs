//! A view whose instances do what the test says, and the plan that looks at it.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use visord_model::moment::Moment;
use visord_model::name::{Namespec, ProcessName};
use visord_model::state::ProcessState;

use crate::identity::{Identity, InstanceId, Network};
use crate::input::Closing;
use crate::message::{LocalProcess, ProcessEvent};
use crate::plan::{Effect, Input, Plan};
use crate::rules::{ApplicationRules, ProcessRules};
use crate::state::InstanceState;
use crate::strategy::StartingStrategy;
use crate::view::View;
use crate::view::mapper::Mapper;
use crate::view::process::Record;

/// A plan and what it looks at.
#[derive(Clone)]
pub(super) struct World {
    pub(super) view: View,
    pub(super) plan: Plan,
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
        let mut view = View::new(Mapper::new(identities.collect(), id(local)));
        for on in view.mapper.ids() {
            view.set_instance(on, InstanceState::Running);
        }
        Self {
            view,
            plan: Plan::default(),
            counter: 0,
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
        self.view.put_application(name, rules);
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
        let mut rules = ProcessRules {
            start_sequence: 1,
            stop_sequence: 1,
            ..ProcessRules::default()
        };
        edit(&mut rules);
        let records: BTreeMap<InstanceId, Record> =
            on.iter().map(|&on| (on, record(&name))).collect();
        self.view.put_process(&name, rules, records);
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
                    self.view.force(&process, state, reason, Moment::default());
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
    pub(super) fn event(
        &mut self,
        namespec: &str,
        on: usize,
        state: ProcessState,
    ) -> Vec<String> {
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
            name: process.clone(),
            state,
            now: 0.0,
            now_monotonic: 0.0,
            pid: 1,
            expected,
            spawnerr: String::new(),
            extra_args: String::new(),
            disabled: false,
            forced: None,
        };
        self.view.on_process(on, &event, Moment::default());
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
        for &on in instances {
            if self.view.instance(on).state() == InstanceState::Running {
                self.view.tick(on, self.counter);
            }
        }
        self.step(Input::Check)
    }

    /// This instance is lost; what ran there and nowhere else is in failure.
    pub(super) fn lose(&mut self, on: usize, master: bool) -> Vec<String> {
        let on = id(on);
        let ran = |process: &&crate::view::process::Process| process.running().contains(&on);
        let applications = self.view.applications();
        let there: Vec<ProcessName> = applications
            .flat_map(|application| application.processes())
            .filter(ran)
            .map(|process| process.name.clone())
            .collect();
        self.view.set_instance(on, InstanceState::Stopped);
        for process in &there {
            self.show(process, on, ProcessState::Fatal, false);
        }
        let failed = |name: &ProcessName| self.view.process(name).unwrap().running().is_empty();
        let processes = there.into_iter().filter(failed).collect();
        self.step(Input::Lost {
            instances: [on].into(),
            processes,
            master,
        })
    }

    pub(super) fn start_application(&mut self, name: &str) -> Vec<String> {
        self.step(Input::StartApplication(name.into(), StartingStrategy::Config))
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
        self.view.process(&name(namespec)).unwrap().displayed_state()
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
        } => Some(format!("start {process} {} {extra_args}", on.0).trim_end().into()),
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

fn record(name: &ProcessName) -> Record {
    Record {
        info: LocalProcess {
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
        },
        local_mtime: 0.0,
        event_time: 0.0,
        uptime: 0.0,
        has_crashed: false,
        by_event: false,
    }
}
