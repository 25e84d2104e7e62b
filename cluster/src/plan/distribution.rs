//! The instances of an application that is not spread over all (spec cluster 5.4).

use alloc::vec::Vec;

use super::job::Job;
use super::placement::{Pending, place};
use super::start::{Shape, StartJob, is_sequenced, sequenced};
use crate::identity::InstanceId;
use crate::strategy::Distribution;
use crate::view::View;
use crate::view::application::Application;
use crate::view::process::Process;

/// Choose the instances of a job that begins, for all that is planned in it.
pub(super) fn bind(job: &mut StartJob, view: &View, pending: Pending) {
    let Some(application) = view.application(&job.application) else {
        return;
    };
    match application.rules.distribution {
        Distribution::AllInstances => {}
        Distribution::SingleInstance => {
            job.shape.bound = choose(job, application, view, &pending)
                .into_iter()
                .collect();
            bind_commands(job, view, pending);
        }
        Distribution::SingleNode => {
            let chosen = choose(job, application, view, &pending);
            let of_node =
                |on: &InstanceId| chosen.is_some_and(|it| view.node(it) == view.node(*on));
            let mut candidates = view.application_candidates(application);
            candidates.retain(of_node);
            job.shape.bound = candidates;
            bind_commands(job, view, pending);
        }
    }
}

/// The instance, of those chosen, for a process that joins a job.
pub(super) fn join(
    shape: &Shape,
    process: &Process,
    view: &View,
    pending: &Pending,
) -> Option<InstanceId> {
    let declares = |on: &&InstanceId| {
        let record = process.records().get(on);
        record.is_some_and(|record| !record.info.disabled)
    };
    let candidates: Vec<InstanceId> = shape.bound.iter().filter(declares).copied().collect();
    let load = process.rules.expected_loading;
    place(view, shape.strategy, &candidates, load, pending)
}

/// The instance that can take the whole application.
fn choose(
    job: &StartJob,
    application: &Application,
    view: &View,
    pending: &Pending,
) -> Option<InstanceId> {
    let sequence: u32 = sequenced(application).map(load).sum();
    // those that only a request starts
    let others: u32 = Job::commands(job)
        .filter_map(|command| view.process(&command.process))
        .filter(|process| !is_sequenced(application, process))
        .map(load)
        .sum();
    let candidates = view.application_candidates(application);
    place(
        view,
        job.shape.strategy,
        &candidates,
        sequence + others,
        pending,
    )
}

/// Give each command one of the chosen instances; each sees the load of those before.
fn bind_commands(job: &mut StartJob, view: &View, mut pending: Pending) {
    for command in job.planned.values_mut().flatten() {
        let Some(process) = view.process(&command.process) else {
            continue;
        };
        command.on = join(&job.shape, process, view, &pending);
        if let Some(on) = command.on
            && process.state().is_stopped()
        {
            pending.add(on, load(process));
        }
    }
}

const fn load(process: &Process) -> u32 {
    process.rules.expected_loading
}
