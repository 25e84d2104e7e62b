//! What would become of a start, without a message to any instance (spec cluster 5.10).

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use visord_model::moment::Moment;
use visord_model::name::ProcessName;
use visord_model::state::ProcessState;

use super::{Effect, Input, Plan, start};
use crate::effect::Prediction;
use crate::identity::InstanceId;
use crate::message::ProcessEvent;
use crate::view::View;

/// What would become of the processes that this input starts, sorted by name: all of an
/// application's start sequence, or those that are named. The `#` and `@` of their applications
/// must be assigned in this view.
///
/// Starts that the plan has already are thought to succeed, too; nothing is thought to stop, not
/// even an application whose start fails.
pub fn predict(view: &View, plan: &Plan, input: Input) -> Vec<Prediction> {
    let asked = asked(&input, view);
    let mut rehearsal = Rehearsal {
        view: view.clone(),
        plan: plan.clone(),
        events: VecDeque::new(),
        started: BTreeMap::new(),
    };
    rehearsal.resume();
    rehearsal.step(input);
    rehearsal.run();
    let predicted = asked
        .into_iter()
        .filter_map(|name| rehearsal.prediction(name));
    predicted.collect()
}

fn asked(input: &Input, view: &View) -> BTreeSet<ProcessName> {
    let sequence = |name: &str| {
        let application = view.application(name).into_iter();
        let processes = application.flat_map(start::sequenced);
        processes.map(|process| process.name.clone()).collect()
    };
    match input {
        Input::StartApplication(name, _) => sequence(name),
        Input::StartProcesses(processes, _, _) => processes.iter().cloned().collect(),
        Input::Check
        | Input::StartAll
        | Input::StopAll
        | Input::StopApplication(_)
        | Input::RestartApplication(..)
        | Input::StopProcesses(_)
        | Input::StopOn(..)
        | Input::RestartProcesses(..)
        | Input::Event { .. }
        | Input::Forced(_)
        | Input::Crashed(_)
        | Input::Lost { .. }
        | Input::Conciliate(..)
        | Input::Abort => BTreeSet::new(),
    }
}

/// An event that an instance would publish.
struct Event {
    process: ProcessName,
    on: InstanceId,
    state: ProcessState,
}

/// Copies on which every instance starts at once what it is asked to.
struct Rehearsal {
    view: View,
    plan: Plan,
    events: VecDeque<Event>,
    started: BTreeMap<ProcessName, InstanceId>,
}

impl Rehearsal {
    /// The outcome of what instances were asked before.
    fn resume(&mut self) {
        let jobs = self.plan.starter.queue.current.iter();
        let commands = jobs.flat_map(|job| &job.current);
        let asked = commands.filter_map(|it| Some((it.on?, it.process.clone())));
        for (on, process) in asked.collect::<Vec<_>>() {
            self.start(on, process);
        }
    }

    fn start(&mut self, on: InstanceId, process: ProcessName) {
        let rules = self.view.process(&process).map(|process| &process.rules);
        let states = [
            ProcessState::Starting,
            ProcessState::Running,
            ProcessState::Exited,
        ];
        let exits = rules.is_some_and(|rules| rules.wait_exit);
        for &state in if exits { &states[..] } else { &states[..2] } {
            self.events.push_back(Event {
                process: process.clone(),
                on,
                state,
            });
        }
        self.started.insert(process, on);
    }

    fn run(&mut self) {
        while let Some(event) = self.events.pop_front() {
            self.show(&event);
            self.step(Input::Event {
                process: event.process,
                on: event.on,
                state: event.state,
                expected: true,
            });
        }
    }

    fn step(&mut self, input: Input) {
        for effect in self.plan.step(input, &self.view) {
            match effect {
                Effect::Start { on, process, .. } => self.start(on, process),
                Effect::Force {
                    process,
                    state,
                    reason,
                    ..
                } => {
                    let now = Moment::default();
                    self.view.force(&process, state, &reason, now);
                }
                Effect::Stop { .. } | Effect::Close(_) | Effect::Log(_) => {}
            }
        }
    }

    fn show(&mut self, event: &Event) {
        let process = self.view.process(&event.process);
        let record = process.and_then(|process| process.records().get(&event.on));
        let Some(record) = record else {
            return;
        };
        let event_of_state = ProcessEvent {
            name: event.process.clone(),
            state: event.state,
            now: record.info.now,
            now_monotonic: record.info.now_monotonic,
            pid: record.info.pid,
            expected: true,
            spawnerr: record.info.spawnerr.clone(),
            extra_args: record.info.extra_args.clone(),
            disabled: record.info.disabled,
            forced: None,
        };
        let now = Moment::default();
        self.view.on_process(event.on, &event_of_state, now);
    }

    fn prediction(&self, name: ProcessName) -> Option<Prediction> {
        let process = self.view.process(&name)?;
        Some(Prediction {
            state: process.displayed_state(),
            forced_reason: process
                .forced()
                .map(|forced| forced.reason.clone())
                .unwrap_or_default(),
            running: self.started.get(&name).copied().into_iter().collect(),
            process: name,
        })
    }
}
