//! The plan's inputs and effects.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::string::String;
use alloc::sync::Arc;

use visord_model::log_line::Level;
use visord_model::log_line::LogLine;
use visord_model::moment::Moment;
use visord_model::name::ProcessName;
use visord_model::state::ProcessState;

use super::Cluster;
use super::publish::{monotonic, wall};
use crate::effect::Effect;
use crate::identity::InstanceId;
use crate::input::Closing;
use crate::message::{ProcessEvent, Publication};
use crate::plan;
use crate::view::View;

/// A state that no instance reports.
struct Forced {
    process: ProcessName,
    on: Option<InstanceId>,
    event_time: Option<f64>,
    state: ProcessState,
    reason: String,
}

impl Cluster {
    /// Gives the plan an input and performs its effects, and what follows from them.
    pub(crate) fn plan(&mut self, input: plan::Input, now: Moment) {
        self.assign(&input);
        let mut todo = VecDeque::from([input]);
        let mut closing = None;
        while let Some(input) = todo.pop_front() {
            for effect in self.plan.step(input, &self.view) {
                let (process, on, event_time, state, reason) = match effect {
                    plan::Effect::Start {
                        on,
                        process,
                        extra_args,
                    } => {
                        self.out.push(Effect::Start {
                            on,
                            process,
                            extra_args,
                        });
                        continue;
                    }
                    plan::Effect::Stop { on, process } => {
                        self.out.push(Effect::Stop { on, process });
                        continue;
                    }
                    plan::Effect::Close(how) => {
                        closing = Some(how);
                        continue;
                    }
                    plan::Effect::Log(line) => {
                        self.log(line);
                        continue;
                    }
                    plan::Effect::Force {
                        process,
                        on,
                        event_time,
                        state,
                        reason,
                    } => (process, on, event_time, state, reason),
                };
                todo.push_back(plan::Input::Forced(process.clone()));
                self.force(
                    Forced {
                        process,
                        on,
                        event_time,
                        state,
                        reason,
                    },
                    now,
                );
            }
        }
        if let Some(closing) = closing {
            self.close_for_failure(closing, now);
        }
    }

    fn close_for_failure(&mut self, closing: Closing, now: Moment) {
        if let Err(fault) = self.close(closing, now) {
            self.log(LogLine::new(Level::Error, alloc::format!("{fault}")));
        }
    }

    /// Shows a forced state here and on all peers (spec cluster 4.3).
    fn force(&mut self, forced: Forced, now: Moment) {
        let identifier = |id| self.view.mapper.identifier(id).clone();
        let process = self.view.process(&forced.process);
        let event = ProcessEvent {
            state: forced.state,
            now: wall(now),
            now_monotonic: forced.event_time.unwrap_or(monotonic(now)),
            pid: 0,
            expected: false,
            spawnerr: forced.reason,
            extra_args: process.map_or_else(String::new, |it| it.extra_args().into()),
            disabled: false,
            forced: Some(forced.on.map(identifier)),
            name: forced.process,
        };
        let changes = self.view.on_process(self.view.local(), &event, now);
        self.apply(changes);
        self.publish(Publication::Process(event));
    }

    /// Shares instances out among the homogeneous groups of what the plan may start.
    fn assign(&mut self, input: &plan::Input) {
        for application in started(input, &self.view) {
            for line in self.view.assign(&application) {
                self.log(line);
            }
        }
    }
}

/// The applications that an input may start something of.
pub(crate) fn started(input: &plan::Input, view: &View) -> BTreeSet<Arc<str>> {
    let groups = |names: &[ProcessName]| names.iter().map(|it| it.group.clone()).collect();
    match input {
        plan::Input::StartAll => view.applications().map(|it| it.name.clone()).collect(),
        plan::Input::StartApplication(name, _) | plan::Input::RestartApplication(name, _) => {
            BTreeSet::from([name.clone()])
        }
        plan::Input::StartProcesses(names, ..)
        | plan::Input::RestartProcesses(names, ..)
        | plan::Input::Lost {
            processes: names, ..
        }
        | plan::Input::Conciliate(_, names) => groups(names),
        plan::Input::Crashed(name) => BTreeSet::from([name.group.clone()]),
        plan::Input::Check
        | plan::Input::StopAll
        | plan::Input::StopApplication(_)
        | plan::Input::StopProcesses(_)
        | plan::Input::StopOn(..)
        | plan::Input::Event { .. }
        | plan::Input::Forced(_)
        | plan::Input::Abort => BTreeSet::new(),
    }
}
