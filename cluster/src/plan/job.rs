//! What starts and stops have in common: commands in sub-groups, jobs in groups, and the barriers
//! between them (spec cluster 5.1).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;

use visord_model::name::ProcessName;
use visord_model::state::ProcessState;

use crate::identity::InstanceId;
use crate::state::InstanceState;
use crate::view::View;

/// Seconds from one TICK to the next.
const TICK_PERIOD: u64 = 5;

/// A process that is started, or stopped on one instance.
pub(super) trait Command {
    /// Which.
    fn process(&self) -> &ProcessName;

    /// Where, once that is decided.
    fn on(&self) -> Option<InstanceId>;
}

/// What is done to one application.
///
/// `K` orders the sub-groups, the smallest is first; `S` is what a direction adds.
#[derive(Clone, Debug)]
pub(super) struct Job<K, C, S> {
    /// Which.
    pub(super) application: Arc<str>,
    /// Sub-groups that wait for the current commands to end; none is empty.
    pub(super) planned: BTreeMap<K, Vec<C>>,
    /// What instances were asked to do.
    pub(super) current: Vec<C>,
    /// What this direction needs besides.
    pub(super) shape: S,
}

impl<K: Ord, C: Command, S> Job<K, C, S> {
    /// A job of which nothing is planned yet.
    pub(super) const fn new(application: Arc<str>, shape: S) -> Self {
        Self {
            application,
            planned: BTreeMap::new(),
            current: Vec::new(),
            shape,
        }
    }

    /// Plan a command, behind those of the same sub-group.
    pub(super) fn plan(&mut self, key: K, command: C) {
        self.planned.entry(key).or_default().push(command);
    }

    /// The same process, and the same instance if the command has one, is planned or current.
    pub(super) fn has(&self, command: &C) -> bool {
        self.commands().any(|it| {
            it.process() == command.process() && command.on().is_none_or(|on| it.on() == Some(on))
        })
    }

    /// All commands, the current ones first.
    pub(super) fn commands(&self) -> impl Iterator<Item = &C> {
        self.current.iter().chain(self.planned.values().flatten())
    }

    /// The current command for this process on this instance.
    pub(super) fn position(&self, process: &ProcessName, on: InstanceId) -> Option<usize> {
        self.current
            .iter()
            .position(|it| it.process() == process && it.on() == Some(on))
    }

    /// The next sub-group, if no command of the current one is pending.
    pub(super) fn next_group(&mut self) -> Option<Vec<C>> {
        if self.current.is_empty() {
            self.planned.pop_first().map(|(_, group)| group)
        } else {
            None
        }
    }

    /// Take the pending commands that were sent to these instances. `failed` loses the processes
    /// that this job takes care of.
    pub(super) fn lose(
        &mut self,
        instances: &[InstanceId],
        failed: &mut BTreeSet<ProcessName>,
    ) -> Vec<C> {
        for command in self.planned.values().flatten() {
            failed.remove(command.process());
        }
        let (lost, kept) = mem::take(&mut self.current)
            .into_iter()
            .partition(|it| it.on().is_some_and(|on| instances.contains(&on)));
        self.current = kept;
        let lost: Vec<C> = lost;
        for command in &lost {
            failed.remove(command.process());
        }
        lost
    }

    fn is_over(&self) -> bool {
        self.planned.is_empty() && self.current.is_empty()
    }
}

/// The jobs of one direction: one group is current, the others wait for the end of all its jobs.
#[derive(Clone, Debug)]
pub(super) struct Queue<K, C, S> {
    planned: BTreeMap<K, Vec<Job<K, C, S>>>,
    /// Jobs of the current group.
    pub(super) current: Vec<Job<K, C, S>>,
}

impl<K, C, S> Default for Queue<K, C, S> {
    fn default() -> Self {
        Self {
            planned: BTreeMap::new(),
            current: Vec::new(),
        }
    }
}

impl<K: Ord, C: Command, S> Queue<K, C, S> {
    /// Something is planned or current.
    pub(super) fn is_busy(&self) -> bool {
        !(self.planned.is_empty() && self.current.is_empty())
    }

    /// Every job, the current ones first.
    pub(super) fn jobs(&self) -> impl Iterator<Item = &Job<K, C, S>> {
        self.current.iter().chain(self.planned.values().flatten())
    }

    /// Every job, the current ones first.
    pub(super) fn jobs_mut(&mut self) -> impl Iterator<Item = &mut Job<K, C, S>> {
        let planned = self.planned.values_mut().flatten();
        self.current.iter_mut().chain(planned)
    }

    /// The job of this application; the current one if there is another planned.
    pub(super) fn job_mut(&mut self, application: &str) -> Option<&mut Job<K, C, S>> {
        self.jobs_mut().find(|job| &*job.application == application)
    }

    /// Plan a job; it takes the place of one planned for the same application.
    pub(super) fn plan(&mut self, key: K, job: Job<K, C, S>) {
        let group = self.planned.entry(key).or_default();
        let mut planned = group.iter_mut();
        match planned.find(|it| it.application == job.application) {
            Some(old) => *old = job,
            None => group.push(job),
        }
    }

    /// Make the next group current if the last one is over; whether it did.
    pub(super) fn next_group(&mut self) -> bool {
        if !self.current.is_empty() {
            return false;
        }
        match self.planned.pop_first() {
            Some((_, group)) => {
                self.current = group;
                true
            }
            None => false,
        }
    }

    /// Take the current jobs that are over.
    pub(super) fn take_over(&mut self) -> Vec<Job<K, C, S>> {
        let (over, kept) = mem::take(&mut self.current)
            .into_iter()
            .partition(Job::is_over);
        self.current = kept;
        over
    }
}

/// What is known of a pending command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is in progress.
    Pending,
    /// It did what it should.
    Done,
    /// It did not.
    Failed,
    /// This state did not come in time.
    TimedOut(ProcessState),
}

/// TICKs that an instance has for what should come at once (spec cluster 5.7).
pub(super) fn margin(view: &View) -> u64 {
    let isolated = |id| view.instance(id).state() == InstanceState::Isolated;
    let others = view.mapper.ids().filter(|&id| !isolated(id)).count() as u64;
    (others / 10).max(2)
}

/// TICKs that contain these seconds; none if it is negative.
pub(super) fn ticks(seconds: i64) -> u64 {
    u64::try_from(seconds).unwrap_or(0).div_ceil(TICK_PERIOD)
}
