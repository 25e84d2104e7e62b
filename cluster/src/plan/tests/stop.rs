//! What becomes of a stop, and what starts again after it (spec cluster 5.8).

use alloc::string::String;

use visord_model::state::ProcessState;

use super::support::{World, id, name};
use crate::plan::Input;
use crate::strategy::StartingStrategy;

fn running(processes: &[&str]) -> World {
    let mut world = World::new("ab");
    world.application("app", |_| {});
    for process in processes {
        world.process(process, |_| {});
        world.run(process, 0);
    }
    world
}

#[test]
fn a_process_stops_wherever_it_runs() {
    let mut world = running(&["app:x"]);
    world.run("app:x", 1);
    assert_eq!(world.stop("app:x"), ["stop app:x 0", "stop app:x 1"]);
    assert!(world.stop("app:x").is_empty(), "already asked");
    world.halt("app:x", 0);
    assert!(world.plan.is_stopping());
    world.unexpected_exit("app:x", 1);
    assert!(world.is_idle());
    assert!(world.stop("app:x").is_empty());
    assert!(world.is_idle());
}

#[test]
fn a_process_stops_on_one_instance_only() {
    let mut world = running(&["app:x"]);
    world.run("app:x", 1);
    let stop = |on| Input::StopOn(id(on), [name("app:x")].into());
    assert_eq!(world.step(stop(1)), ["stop app:x 1"]);
    world.halt("app:x", 0);
    assert!(world.plan.is_stopping(), "stopped elsewhere");
    world.halt("app:x", 1);
    assert!(world.is_idle());
    assert!(world.step(stop(1)).is_empty());
}

#[test]
fn what_stopped_in_between_is_skipped() {
    let mut world = running(&["app:x", "app:y"]);
    world.process("app:last", |it| it.stop_sequence = 0);
    world.run("app:last", 0);
    let lines = world.step(Input::StopApplication("app".into()));
    assert_eq!(lines, ["stop app:x 0", "stop app:y 0"]);
    world.halt("app:last", 0);
    world.halt("app:x", 0);
    assert!(world.halt("app:y", 0).is_empty());
    assert!(world.is_idle());
}

#[test]
fn an_application_restarts_when_all_of_it_has_stopped() {
    let mut world = running(&["app:x", "app:y"]);
    let restart = || Input::RestartApplication("app".into(), StartingStrategy::MostLoaded);
    assert_eq!(world.step(restart()), ["stop app:x 0", "stop app:y 0"]);
    assert!(world.halt("app:x", 0).is_empty());
    assert_eq!(world.halt("app:y", 0), ["start app:x 1", "start app:y 1"]);
    world.run("app:x", 1);
    world.run("app:y", 1);
    assert!(world.is_idle());
    world.halt("app:x", 1);
    world.halt("app:y", 1);
    // nothing runs: it starts at once
    assert_eq!(world.step(restart()), ["start app:x 1", "start app:y 1"]);
}

#[test]
fn a_process_restarts_when_its_application_has_left_the_stopper() {
    let mut world = running(&["app:x", "app:y"]);
    let restart = |processes: &[&str]| {
        let processes = processes.iter().map(|it| name(it)).collect();
        let args = Some(String::from("-v"));
        Input::RestartProcesses(processes, StartingStrategy::Config, args)
    };
    assert_eq!(world.step(restart(&["app:x", "app:y"])), ["stop app:x 0"]);
    assert_eq!(world.halt("app:x", 0), ["stop app:y 0"]);
    assert_eq!(world.halt("app:y", 0), ["start app:x 0 -v"]);
    assert_eq!(world.run("app:x", 0), ["start app:y 0 -v"]);
    world.run("app:y", 0);
    assert!(world.is_idle());
    world.halt("app:y", 0);
    assert_eq!(world.step(restart(&["app:y"])), ["start app:y 0 -v"]);
}

#[test]
fn a_restart_that_is_asked_for_twice_starts_once() {
    let mut world = running(&["app:x"]);
    let restart = |args: &str| {
        let args = Some(String::from(args));
        Input::RestartProcesses([name("app:x")].into(), StartingStrategy::Config, args)
    };
    assert_eq!(world.step(restart("1")), ["stop app:x 0"]);
    assert!(world.step(restart("2")).is_empty());
    assert_eq!(world.halt("app:x", 0), ["start app:x 0 2"]);
    world.run("app:x", 0);
    assert!(world.is_idle());
}

#[test]
fn an_application_without_rules_stops_only_with_all_others() {
    let mut world = World::new("a");
    world.application("app", |_| {});
    world.process("app:x", |_| {});
    world.application("plain", |it| {
        it.managed = false;
        it.stop_sequence = 0;
    });
    world.process("plain:x", |it| it.stop_sequence = 0);
    world.run("plain:x", 0);
    world.run("app:x", 0);
    assert_eq!(world.step(Input::StopAll), ["stop app:x 0"]);
    assert_eq!(world.halt("app:x", 0), ["stop plain:x 0"]);
    assert_eq!(world.event("plain:x", 0, ProcessState::Exited), [""; 0]);
    assert!(world.is_idle());
}
