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

impl Cluster {
    /// Gives the plan an input and performs its effects, and what follows from them.
    pub(crate) fn plan(&mut self, input: plan::Input, now: Moment) {
        self.assign(&input);
        let mut todo = VecDeque::from([input]);
        let mut closing = None;
        while let Some(input) = todo.pop_front() {
            for effect in self.plan.step(input, &self.view) {
                match effect {
                    plan::Effect::Start {
                        on,
                        process,
                        extra_args,
                    } => self.out.push(Effect::Start {
                        on,
                        process,
                        extra_args,
                    }),
                    plan::Effect::Stop { on, process } => {
                        self.out.push(Effect::Stop { on, process });
                    }
                    plan::Effect::Force {
                        process,
                        on,
                        state,
                        reason,
                    } => {
                        todo.push_back(plan::Input::Forced(process.clone()));
                        self.force(process, on, (state, reason), now);
                    }
                    plan::Effect::Close(how) => closing = Some(how),
                    plan::Effect::Log(line) => self.log(line),
                }
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

    /// Shows a state that no instance reports, here and on all peers (spec cluster 4.3). An event
    /// of the instance that did not do what it was asked to wins if it crosses this one.
    fn force(
        &mut self,
        name: ProcessName,
        on: Option<InstanceId>,
        (state, reason): (ProcessState, String),
        now: Moment,
    ) {
        let process = self.view.process(&name);
        let record = process.and_then(|it| it.records().get(&on?));
        let event = ProcessEvent {
            state,
            now: wall(now),
            now_monotonic: record.map_or(monotonic(now), |it| it.event_time),
            pid: 0,
            expected: false,
            spawnerr: reason,
            extra_args: process.map_or_else(String::new, |it| it.extra_args().into()),
            disabled: false,
            forced: Some(on.map(|id| self.view.mapper.identifier(id).clone())),
            name,
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
        plan::Input::StartAll => {
            let automatic = view.applications().filter(|it| it.rules.start_sequence > 0);
            automatic.map(|it| it.name.clone()).collect()
        }
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
