//! Applications that are not spread over all instances (spec cluster 5.4).

use alloc::format;

use super::support::{World, id, local, name};
use crate::message::LocalProcess;
use crate::plan::Input;
use crate::state::InstanceState;
use crate::strategy::{Distribution, StartingStrategy};

/// s0 and s1 on node a, s2 on node b; `x` and `y` need 30 each, in two sub-groups.
fn world(distribution: Distribution) -> World {
    let mut world = World::new("aab");
    world.application("app", |it| it.distribution = distribution);
    for (process, sequence) in [("app:x", 1), ("app:y", 2)] {
        world.process(process, |it| {
            it.start_sequence = sequence;
            it.expected_loading = 30;
            // the rules of the application decide
            it.placement.identifiers.clear();
        });
    }
    world.application("other", |it| it.managed = false);
    for number in 0..3 {
        world.process(&format!("other:{number}"), |it| it.start_sequence = 0);
    }
    world
}

fn load(world: &mut World, loads: [u32; 3]) {
    for (number, load) in loads.into_iter().enumerate() {
        let process = format!("other:{number}");
        let rules = world.view.process_rules(&name(&process));
        rules.unwrap().expected_loading = load;
        world.run(&process, number);
    }
}

fn start_application(
    world: &mut World,
    strategy: StartingStrategy,
) -> alloc::vec::Vec<alloc::string::String> {
    world.step(Input::StartApplication("app".into(), strategy))
}

#[test]
fn one_instance_takes_the_whole_application() {
    let mut world = world(Distribution::SingleInstance);
    load(&mut world, [20, 25, 41]);
    // node b has room for one of them, not for both
    let lines = start_application(&mut world, StartingStrategy::Config);
    assert!(lines[0].contains("FATAL"), "{lines:?}");
    assert_eq!(lines.len(), 2);
    world.halt("other:1", 1);
    assert_eq!(
        start_application(&mut world, StartingStrategy::LessLoaded),
        ["start app:x 1"]
    );
    // what happens later does not matter: y is bound
    world.halt("other:0", 0);
    world.halt("other:2", 2);
    assert_eq!(world.run("app:x", 1), ["start app:y 1"]);
    world.run("app:y", 1);
    assert!(world.is_idle());
}

#[test]
fn an_instance_must_declare_and_allow_every_process() {
    for disabled in [false, true] {
        let mut world = world(Distribution::SingleInstance);
        world.process_on("app:z", &[id(1), id(2)], |it| it.start_sequence = 0);
        let z = LocalProcess {
            disabled,
            ..local(&name("app:z"))
        };
        world.declare(id(1), z);
        let lines = start_application(&mut world, StartingStrategy::Config);
        assert_eq!(
            lines,
            [if disabled {
                "start app:x 2"
            } else {
                "start app:x 1"
            }]
        );
    }
}

#[test]
fn bound_load_is_pending_until_the_view_counts_it() {
    let mut world = world(Distribution::SingleInstance);
    assert_eq!(
        start_application(&mut world, StartingStrategy::Config),
        ["start app:x 0"]
    );
    // x and y are reserved on node a: 60 of 100
    let place = |world: &World| {
        world
            .plan
            .place(&name("other:0"), StartingStrategy::Config, &world.view)
    };
    let rules = world.view.process_rules(&name("other:0"));
    rules.unwrap().expected_loading = 41;
    assert_eq!(place(&world), Some(id(2)));
    world.run("app:x", 0);
    assert_eq!(place(&world), Some(id(2)));
    world.run("app:y", 0);
    assert_eq!(place(&world), Some(id(2)));
    world.halt("app:y", 0);
    assert_eq!(place(&world), Some(id(0)));
}

#[test]
fn a_node_takes_the_whole_application_and_its_instances_share_it() {
    let mut world = world(Distribution::SingleNode);
    load(&mut world, [0, 10, 50]);
    let lines = start_application(&mut world, StartingStrategy::LessLoaded);
    assert_eq!(lines, ["start app:x 0"]);
    // s0 has 30 now, s1 10
    assert_eq!(world.run("app:x", 0), ["start app:y 1"]);
    world.run("app:y", 1);
    assert!(world.is_idle());
}

#[test]
fn an_instance_of_the_node_is_given_only_what_it_declares() {
    let mut world = World::new("aab");
    world.application("app", |it| it.distribution = Distribution::SingleNode);
    world.process_on("app:x", &[id(0)], |it| it.expected_loading = 10);
    world.process_on("app:y", &[id(1), id(2)], |it| it.expected_loading = 10);
    let lines = start_application(&mut world, StartingStrategy::Config);
    assert_eq!(lines, ["start app:x 0", "start app:y 1"]);
}

#[test]
fn the_rules_of_the_application_choose_the_instances() {
    let mut world = world(Distribution::SingleNode);
    let rules = world.view.application_rules("app").unwrap();
    rules.placement.identifiers = ["s2".into(), "s1".into()].into();
    let lines = start_application(&mut world, StartingStrategy::Config);
    assert_eq!(lines, ["start app:x 2"]);
    world.step(Input::Abort);
    let lines = start_application(&mut world, StartingStrategy::Local);
    assert_eq!(lines.len(), 2, "s0 is not allowed: {lines:?}");
}

#[test]
fn a_single_process_is_placed_with_the_load_of_its_application() {
    let mut world = world(Distribution::SingleInstance);
    world.process("app:extra", |it| {
        it.start_sequence = 0;
        it.expected_loading = 41;
    });
    load(&mut world, [45, 0, 39]);
    // 30 would do, 60 do not
    let config = StartingStrategy::Config;
    assert_eq!(world.start("app:x", config), ["start app:x 2"]);
    // it joins: its own load on the instance that was chosen
    assert!(world.start("app:y", config).is_empty());
    assert_eq!(world.run("app:x", 2), ["start app:y 2"]);
    world.run("app:y", 2);
    world.halt("app:y", 2);
    // nothing binds a later start
    world.halt("other:0", 0);
    assert_eq!(world.start("app:y", config), ["start app:y 0"]);
    world.run("app:y", 0);
    // out of sequence: its own load counts, too
    let lines = world.start("app:extra", config);
    assert_eq!(lines, ["app:extra is FATAL: No resource available"]);
}

#[test]
fn a_bound_process_does_not_go_to_an_instance_that_left() {
    let mut world = world(Distribution::SingleInstance);
    start_application(&mut world, StartingStrategy::Config);
    world.event("app:x", 0, visord_model::state::ProcessState::Starting);
    world.leave(0, InstanceState::Stopped);
    let processes = world
        .view
        .lose(id(0), visord_model::moment::Moment::default())
        .lost;
    let lines = world.step(Input::Lost {
        instances: [id(0)].into(),
        processes,
        master: false,
    });
    assert_eq!(lines, ["app:y is FATAL: No resource available"]);
    assert!(world.is_idle());
}
