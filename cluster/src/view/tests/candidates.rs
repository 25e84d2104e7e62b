//! Where something can be started (spec cluster 4.6).

use alloc::vec;
use alloc::vec::Vec;

use super::world::{S0, S1, S2, S3, World, application, names, program, stopped};
use crate::identity::InstanceId;
use crate::message::LocalProcess;
use crate::options::Options;
use crate::rules::element::{ApplicationElement, ProgramElement};
use crate::strategy::Distribution;

fn disable(world: &mut World, id: InstanceId, process: &str) {
    let info = LocalProcess {
        disabled: true,
        ..stopped(process)
    };
    let now = world.now();
    assert!(world.view.on_disability(id, &info, now).applied);
}

fn of_process(world: &World) -> Vec<InstanceId> {
    world.view.candidates(world.process("a:x"))
}

#[test]
fn a_process_needs_rule_declaration_and_an_enabled_program() {
    for (identifiers, ids) in [
        ("*", &[S0, S1, S3][..]),
        ("s3,unknown,h2:9000,h0:9000", &[S3, S0]),
        ("s2", &[]),
        ("db,s0", &[S1, S3, S0]),
    ] {
        let rules = ProgramElement {
            identifiers: Some(identifiers.into()),
            ..program("x")
        };
        let declared: [(_, &[&str]); 4] = [
            (S0, &["a:x"]),
            (S1, &["a:x"]),
            (S2, &["a:y"]),
            (S3, &["a:x"]),
        ];
        let mut world = World::running(vec![application("a", vec![rules])], &declared);
        world.view.identify(S1, &names(&["db"]), None);
        world.view.identify(S3, &names(&["db"]), None);
        assert_eq!(of_process(&world), ids, "{identifiers}");
        disable(&mut world, S3, "a:x");
        let enabled: Vec<_> = ids.iter().copied().filter(|id| *id != S3).collect();
        assert_eq!(of_process(&world), enabled, "{identifiers}");
    }
}

fn spread(distribution: Distribution, identifiers: &str) -> World {
    let element = ApplicationElement {
        distribution: Some(distribution),
        identifiers: Some(identifiers.into()),
        ..application("a", vec![])
    };
    let both: &[&str] = &["a:x", "a:y"];
    // s0 and s1 are on one machine
    World::running(
        vec![element],
        &[(S0, &["a:x"]), (S1, &["a:y"]), (S2, both), (S3, both)],
    )
}

fn of_application(world: &World) -> Vec<InstanceId> {
    let application = world.view.application("a").expect("application");
    world.view.application_candidates(application)
}

#[test]
fn a_single_instance_takes_every_process() {
    let mut world = spread(Distribution::SingleInstance, "s3,s0,s2");
    assert_eq!(of_application(&world), [S3, S2]);
    disable(&mut world, S3, "a:y");
    assert_eq!(of_application(&world), [S2]);
}

#[test]
fn the_instances_of_a_single_node_take_every_process_together() {
    let mut world = spread(Distribution::SingleNode, "*");
    assert_eq!(of_application(&world), [S0, S1, S2, S3]);
    disable(&mut world, S1, "a:y");
    assert_eq!(of_application(&world), [S2, S3]);
    // the rules must allow both
    let world = spread(Distribution::SingleNode, "s3,s1");
    assert_eq!(of_application(&world), [S3]);
    let world = spread(Distribution::SingleNode, "s3,s1,s0");
    assert_eq!(of_application(&world), [S3, S1, S0]);
}

#[test]
fn an_instance_without_the_processes_is_none_on_a_good_node() {
    let mut world = spread(Distribution::SingleNode, "*");
    // s0 takes both, s1 none
    world.added(S0, stopped("a:y"));
    disable(&mut world, S1, "a:y");
    assert_eq!(of_application(&world), [S0, S2, S3]);
}

#[test]
fn all_instances_that_take_a_process() {
    let mut world = spread(Distribution::AllInstances, "s3");
    disable(&mut world, S1, "a:y");
    assert_eq!(of_application(&world), [S0, S2, S3]);
}

#[test]
fn core_instances_are_resolved() {
    let world = World::new(vec![]);
    let options = Options {
        core_identifiers: names(&["s2", "unknown", "h0:9000"]),
        ..Options::default()
    };
    assert_eq!(world.view.core(&options), [S2, S0]);
}
