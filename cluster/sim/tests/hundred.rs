//! A large cluster converges.

use std::sync::Arc;

use visord_cluster::state::ClusterState;
use visord_cluster_sim::run_scenario;
use visord_cluster_sim::scenario::Scenario;
use visord_cluster_sim::world::World;

#[test]
fn a_hundred_instances_agree_within_a_minute() {
    let world = run_scenario(Scenario::quiet(100)).unwrap_or_else(|why| panic!("{why}"));
    for node in &world.nodes {
        let state = node.cluster.as_ref().map(|it| it.state());
        assert_eq!(state, Some(ClusterState::Operation));
    }
}

#[test]
fn one_instance_needs_no_tick() {
    let mut scenario = Scenario::quiet(1);
    scenario.programs = Arc::from([]);
    let mut world = World::new(scenario);
    let mut time = 0;
    while world.nodes[0].cluster.is_none() {
        time += 1_000;
        world.run_until(time).unwrap_or_else(|why| panic!("{why}"));
    }
    let state = world.nodes[0].cluster.as_ref().map(|it| it.state());
    assert_eq!(state, Some(ClusterState::Operation));
}
