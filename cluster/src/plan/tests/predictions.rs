//! Predictions (spec cluster 5.10).

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::support::{World, name};
use crate::plan::{Input, predict};
use crate::strategy::{Distribution, StartingFailureStrategy, StartingStrategy};

/// `process state [instance] [reason]`, a line for each.
fn predicted(world: &World, input: Input) -> Vec<String> {
    let before = format!("{world:?}");
    let predictions = predict(&world.view, &world.plan, input);
    assert_eq!(format!("{world:?}"), before, "nothing has changed");
    let line = |it: &crate::effect::Prediction| {
        let on: String = it.running.iter().map(|on| format!(" {}", on.0)).collect();
        format!("{} {}{on} {}", it.process, it.state, it.forced_reason)
            .trim_end()
            .to_string()
    };
    predictions.iter().map(line).collect()
}

fn start(strategy: StartingStrategy) -> Input {
    Input::StartApplication("app".into(), strategy)
}

/// Ten processes of load 20 in three sub-groups, on s0, s1 (node a) and s2 (node b).
fn world(distribution: Distribution) -> World {
    let mut world = World::new("aab");
    world.application("app", |it| it.distribution = distribution);
    for number in 0..10 {
        world.process(&format!("app:p{number}"), |it| {
            it.start_sequence = 1 + number / 4;
            it.expected_loading = 20;
            it.wait_exit = number == 9;
        });
    }
    world
}

/// Start it, and let each process come up at once.
fn really(mut world: World, input: Input) -> Vec<String> {
    let mut lines = world.step(input);
    let mut outcome = Vec::new();
    while !lines.is_empty() {
        let mut next = Vec::new();
        for line in &lines {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["start", process, on] => {
                    let on: usize = on.parse().unwrap();
                    next.extend(world.run(process, on));
                    let mut state = "RUNNING";
                    if world.view.process(&name(process)).unwrap().rules.wait_exit {
                        let exited = visord_model::state::ProcessState::Exited;
                        next.extend(world.event(process, on, exited));
                        state = "EXITED";
                    }
                    outcome.push(format!("{process} {state} {on}"));
                }
                [process, "is", "FATAL:", ..] => {
                    outcome.push(format!("{process} FATAL No resource available"));
                }
                _ => panic!("{line}"),
            }
        }
        lines = next;
    }
    assert!(world.is_idle());
    outcome.sort();
    outcome
}

#[test]
fn predictions_equal_the_real_outcome() {
    for strategy in StartingStrategy::ALL {
        for distribution in Distribution::ALL {
            let world = world(distribution);
            let lines = predicted(&world, start(strategy));
            assert_eq!(lines.len(), 10);
            assert_eq!(
                lines,
                really(world, start(strategy)),
                "{strategy:?} {distribution:?}"
            );
        }
    }
}

#[test]
fn processes_that_are_not_reached_keep_their_state() {
    for strategy in [
        StartingFailureStrategy::Abort,
        StartingFailureStrategy::Stop,
    ] {
        let mut world = World::new("a");
        world.application("app", |_| {});
        world.process("app:big", |it| {
            it.expected_loading = 100;
            it.required = true;
            it.start_sequence = 2;
            it.starting_failure = strategy;
        });
        world.process("app:first", |it| it.expected_loading = 1);
        world.process("app:last", |it| it.start_sequence = 3);
        assert_eq!(
            predicted(&world, start(StartingStrategy::Config)),
            [
                "app:big FATAL No resource available",
                "app:first RUNNING 0",
                "app:last STOPPED",
            ]
        );
    }
}

#[test]
fn single_processes_are_predicted_too() {
    let world = world(Distribution::AllInstances);
    let processes = ["app:p9", "app:p0"].map(name).into();
    let input = Input::StartProcesses(processes, StartingStrategy::Config, None);
    assert_eq!(
        predicted(&world, input),
        ["app:p0 RUNNING 0", "app:p9 EXITED 0"]
    );
}

#[test]
fn jobs_in_progress_are_thought_to_succeed() {
    let mut world = world(Distribution::AllInstances);
    world.application("first", |_| {});
    world.process("first:x", |it| it.expected_loading = 90);
    assert_eq!(world.start_application("first"), ["start first:x 0"]);
    let processes = [name("app:p0")].into();
    let input = Input::StartProcesses(processes, StartingStrategy::Config, None);
    assert_eq!(predicted(&world, input), ["app:p0 RUNNING 2"]);
}

#[test]
fn other_inputs_start_nothing_that_is_asked_for() {
    let world = world(Distribution::AllInstances);
    assert!(predicted(&world, Input::Check).is_empty());
    assert!(
        predicted(
            &world,
            Input::StartApplication("no".into(), StartingStrategy::Config)
        )
        .is_empty()
    );
}
