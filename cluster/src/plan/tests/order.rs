//! Groups, sub-groups and the barriers between them (spec cluster 5.1, 5.8).

use visord_model::state::ProcessState;

use super::support::{World, name};
use crate::plan::Input;
use crate::strategy::StartingStrategy;

/// Applications `a` and `b` in group 1, `c` in group 2, each with `x` in sub-group 1 and `y` in
/// sub-group 2.
fn three() -> World {
    let mut world = World::new("a");
    for (application, sequence) in [("c", 2), ("a", 1), ("b", 1)] {
        world.application(application, |it| {
            it.start_sequence = sequence;
            it.stop_sequence = sequence;
        });
        for (process, sequence) in [("y", 2), ("x", 1)] {
            world.process(&alloc::format!("{application}:{process}"), |it| {
                it.start_sequence = sequence;
                it.stop_sequence = sequence;
            });
        }
    }
    world
}

fn running_three() -> World {
    let mut world = three();
    for process in ["a:x", "a:y", "b:x", "b:y", "c:x", "c:y"] {
        world.run(process, 0);
    }
    world
}

#[test]
fn the_lowest_group_starts_first() {
    let mut world = three();
    assert_eq!(world.step(Input::StartAll), ["start a:x 0", "start b:x 0"]);
    assert!(world.plan.is_starting());
    // applications of one group do not wait for each other
    assert_eq!(world.run("a:x", 0), ["start a:y 0"]);
    assert!(world.run("a:y", 0).is_empty());
    assert!(!world.plan.has_jobs_of("a"));
    assert_eq!(world.run("b:x", 0), ["start b:y 0"]);
    assert_eq!(world.run("b:y", 0), ["start c:x 0"]);
    assert_eq!(world.run("c:x", 0), ["start c:y 0"]);
    assert!(world.plan.is_starting());
    assert!(world.run("c:y", 0).is_empty());
    assert!(world.is_idle());
}

#[test]
fn the_highest_group_stops_first() {
    let mut world = running_three();
    assert_eq!(world.step(Input::StopAll), ["stop c:y 0"]);
    assert!(world.plan.is_stopping());
    assert_eq!(world.halt("c:y", 0), ["stop c:x 0"]);
    assert_eq!(world.halt("c:x", 0), ["stop a:y 0", "stop b:y 0"]);
    assert_eq!(world.halt("b:y", 0), ["stop b:x 0"]);
    assert_eq!(world.halt("a:y", 0), ["stop a:x 0"]);
    assert!(world.halt("a:x", 0).is_empty());
    assert!(world.plan.is_stopping());
    assert!(world.halt("b:x", 0).is_empty());
    assert!(world.is_idle());
}

#[test]
fn sequence_zero_starts_by_request_only_and_stops_last() {
    let mut world = World::new("a");
    world.application("a", |_| {});
    world.process("a:x", |_| {});
    world.process("a:zero", |it| {
        it.start_sequence = 0;
        it.stop_sequence = 0;
    });
    assert_eq!(world.start_application("a"), ["start a:x 0"]);
    assert!(world.run("a:x", 0).is_empty());
    assert!(world.is_idle());
    assert_eq!(
        world.start("a:zero", StartingStrategy::Config),
        ["start a:zero 0"]
    );
    world.run("a:zero", 0);
    assert_eq!(
        world.step(Input::StopApplication("a".into())),
        ["stop a:x 0"]
    );
    assert_eq!(world.halt("a:x", 0), ["stop a:zero 0"]);
    assert!(world.halt("a:zero", 0).is_empty());
    assert!(world.is_idle());
}

#[test]
fn an_application_that_is_being_started_can_be_planned_behind_itself() {
    let mut world = three();
    world.start_application("a");
    // x is not shown STARTING yet: the application is STOPPED, and is planned once more
    assert!(world.start_application("a").is_empty());
    assert!(world.start_application("a").is_empty());
    assert_eq!(world.run("a:x", 0), ["start a:y 0"]);
    // the second job finds all of them running
    assert!(world.run("a:y", 0).is_empty());
    assert!(world.is_idle());
}

#[test]
fn a_planned_application_is_replaced() {
    let mut world = three();
    world.start_application("a");
    let single = world.start("c:y", StartingStrategy::Config);
    assert!(single.is_empty(), "waits for the group of a");
    world.start_application("c");
    world.run("a:x", 0);
    // the start of c:y alone is gone: c:x comes first
    assert_eq!(world.run("a:y", 0), ["start c:x 0"]);
}

#[test]
fn a_process_joins_the_job_of_its_application() {
    let mut world = three();
    world.process("a:later", |it| it.start_sequence = 0);
    world.start_application("a");
    let config = StartingStrategy::Config;
    assert!(world.start("a:later", config).is_empty());
    assert!(world.start("a:later", config).is_empty(), "already planned");
    assert!(world.start("a:y", config).is_empty(), "already planned");
    assert!(world.start("a:x", config).is_empty(), "already current");
    // sub-group 0 is the next
    assert_eq!(world.run("a:x", 0), ["start a:later 0"]);
    assert_eq!(world.run("a:later", 0), ["start a:y 0"]);
    world.run("a:y", 0);
    assert!(world.is_idle());
}

#[test]
fn processes_that_are_started_together_wait_for_the_first() {
    let mut world = three();
    let processes = ["a:y", "a:x", "b:x"].map(name).into();
    let lines = world.step(Input::StartProcesses(
        processes,
        StartingStrategy::Config,
        None,
    ));
    // b is in a group of its own, behind the current one
    assert_eq!(lines, ["start a:y 0"]);
    assert_eq!(world.run("a:y", 0), ["start a:x 0"]);
    assert_eq!(world.run("a:x", 0), ["start b:x 0"]);
}

#[test]
fn processes_that_are_stopped_together_go_by_sub_group() {
    let mut world = running_three();
    let processes = ["a:x", "a:y"].map(name).into();
    assert_eq!(world.step(Input::StopProcesses(processes)), ["stop a:y 0"]);
    assert!(world.stop("a:x").is_empty(), "already planned");
    assert_eq!(world.halt("a:y", 0), ["stop a:x 0"]);
}

#[test]
fn an_automatic_start_takes_what_never_ran_or_failed() {
    let mut world = World::new("a");
    world.application("manual", |it| it.start_sequence = 0);
    world.process("manual:x", |_| {});
    for application in ["new", "stopped", "major", "minor", "unmanaged"] {
        world.application(application, |it| it.managed = application != "unmanaged");
        world.process(&alloc::format!("{application}:x"), |it| {
            it.required = application == "major";
        });
    }
    for process in ["stopped:x", "major:x", "minor:x"] {
        world.run(process, 0);
    }
    world.halt("stopped:x", 0);
    for process in ["major:x", "minor:x"] {
        world.unexpected_exit(process, 0);
    }
    let lines = world.step(Input::StartAll);
    assert_eq!(
        lines,
        ["start new:x 0", "start major:x 0", "start minor:x 0"]
    );
}

#[test]
fn an_application_that_is_not_stopped_is_not_started() {
    let mut world = three();
    world.run("a:y", 0);
    assert!(world.start_application("a").is_empty());
    assert!(world.is_idle());
    assert!(world.start_application("unknown").is_empty());
}

#[test]
fn nothing_is_left_after_an_abort() {
    let mut world = running_three();
    let restart = Input::RestartApplication("a".into(), StartingStrategy::Config);
    assert_eq!(world.step(restart), ["stop a:y 0"]);
    world.halt("b:x", 0);
    world.start("b:x", StartingStrategy::Config);
    assert!(world.step(Input::Abort).is_empty());
    assert!(world.is_idle());
    world.halt("a:y", 0);
    // the restart that was asked for is forgotten, too
    assert_eq!(
        world.step(Input::StopApplication("a".into())),
        ["stop a:x 0"]
    );
    assert!(world.halt("a:x", 0).is_empty());
    assert_eq!(world.state("a:x"), ProcessState::Stopped);
    assert!(world.is_idle());
}
