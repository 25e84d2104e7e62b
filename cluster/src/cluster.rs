//! View, machine and plan together: one instance of a cluster.

use alloc::vec::Vec;

use visord_model::fault::Fault;
use visord_model::moment::{Moment, Mono};

use crate::effect::Effect;
use crate::identity::InstanceId;
use crate::input::{Input, Ticket};
use crate::machine::Machine;
use crate::options::Options;
use crate::plan::Plan;
use crate::rules::Rules;
use crate::state::ClusterState;
use crate::view::View;
use crate::view::mapper::Mapper;

mod audience;
mod evaluate;
mod handshake;
mod heard;
mod jobs;
mod local;
mod publish;
mod waiting;

use audience::Audience;
pub(crate) use jobs::started;
use publish::Published;
pub(crate) use waiting::Goal;
use waiting::Waiting;

/// One instance of a cluster.
#[derive(Clone, Debug)]
pub struct Cluster {
    pub(crate) options: Options,
    rules: Rules,
    pub(crate) view: View,
    pub(crate) plan: Plan,
    pub(crate) machine: Machine,
    /// The number of the next TICK.
    counter: u64,
    /// What the others know of the local state.
    published: Published,
    /// Which peers miss what.
    audience: Audience,
    waiting: Waiting,
    /// The effects of the step in progress.
    out: Vec<Effect>,
}

impl Cluster {
    /// An instance in OFF; [`Input::Begin`] starts it.
    pub fn new(options: Options, mapper: Mapper, rules: Rules) -> Self {
        Self {
            options,
            rules,
            view: View::new(mapper),
            plan: Plan::default(),
            machine: Machine::new(Mono::default()),
            counter: 0,
            published: Published::default(),
            audience: Audience::default(),
            waiting: Waiting::default(),
            out: Vec::new(),
        }
    }

    /// Takes one input and returns what has to be done, in order.
    pub fn step(&mut self, input: Input, now: Moment) -> Vec<Effect> {
        match input {
            Input::Begin(processes) => self.begin(processes, now),
            Input::Tick => self.tick(now),
            Input::LocalEvent(event) => self.local_event(event, now),
            Input::LocalAdded(process) => self.local_added(process, now),
            Input::LocalRemoved { group, process } => self.local_removed(group, process, now),
            Input::LocalDisability(process) => self.local_disability(process, now),
            Input::Heard {
                origin,
                publication,
            } => self.heard(&origin, publication, now),
            Input::Answered {
                peer,
                began,
                answer,
            } => self.answered(peer, began, answer, now),
            Input::Questioned(peer) => self.audience.questioned(peer),
            Input::Unreachable(peer) => self.unreachable(peer, now),
            Input::Discovered(candidate) => self.discovered(&candidate, now),
            Input::Ask(ticket, request) => self.ask(ticket, request, now),
            Input::Forget(ticket) => self.waiting.forget(ticket),
        }
        self.settle(now);
        core::mem::take(&mut self.out)
    }

    /// When [`Self::step`] has to be called again though nothing happens: never. Everything that
    /// takes time is evaluated at TICKs, as the time-outs of the original are.
    pub const fn deadline(&self) -> Option<Mono> {
        None
    }

    /// What the local instance knows.
    pub const fn view(&self) -> &View {
        &self.view
    }

    /// What it starts and stops.
    pub const fn jobs(&self) -> &Plan {
        &self.plan
    }

    /// The options.
    pub const fn options(&self) -> &Options {
        &self.options
    }

    /// The state of the cluster as the local instance sees it.
    pub const fn state(&self) -> ClusterState {
        self.machine.state()
    }

    /// The Master, if there is one.
    pub const fn master(&self) -> Option<InstanceId> {
        self.machine.master()
    }

    /// The local instance is the Master.
    pub fn is_master(&self) -> bool {
        self.master() == Some(self.view.local())
    }

    pub(crate) fn effect(&mut self, effect: Effect) {
        self.out.push(effect);
    }

    /// The client is answered when the goal is decided, perhaps still in this step.
    pub(crate) fn wait(&mut self, ticket: Ticket, goal: Goal) -> Result<(), Fault> {
        self.waiting.add(ticket, goal)
    }

    /// Publishes what has changed and answers those whose jobs are done.
    fn settle(&mut self, now: Moment) {
        self.publish_changes(now);
        let (starting, stopping) = (self.plan.is_starting(), self.plan.is_stopping());
        for (ticket, goal) in self.waiting.done(starting, stopping) {
            let answer = goal.outcome(&self.view);
            self.out.push(Effect::Answer(ticket, answer));
        }
    }
}

#[cfg(test)]
mod tests;
