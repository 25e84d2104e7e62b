//! What is published, to whom, in which order (spec cluster 8.3).

use super::*;

#[test]
fn a_tick_goes_to_all_other_publications_to_active_ones() {
    let mut world = World::new(SyncOption::Strict);
    let begun = world.step(Input::Begin(stopped()));
    assert_eq!(told(&begun), ["TICK to s2 s3"]);
    let event = world.local_event(PROCESSES[2], ProcessState::Starting);
    assert_eq!(told(&event), [] as [&str; 0]);
    world.tick_of(TWO);
    let event = world.local_event(PROCESSES[2], ProcessState::Running);
    assert_eq!(told(&event), ["free RUNNING to s2"]);
}

#[test]
fn states_of_instances_wait_for_the_tick() {
    let mut world = World::new(SyncOption::Strict);
    world.lead();
    world.tick(&[TWO, THREE]);
    let effects = world.step(Input::Unreachable(THREE));
    assert_eq!(told(&effects), [] as [&str; 0]);
    let effects = world.tick(&[TWO]);
    // FAILED is ACTIVE: it hears of it, too
    let expected = ["OPERATION to s2 s3", "OPERATION to s2", "TICK to s2 s3"];
    assert_eq!(told(&effects), expected);
}

#[test]
fn the_loss_of_the_master_is_published_at_once() {
    let mut world = World::new(SyncOption::Strict);
    world.serve(ClusterState::Operation);
    let effects = world.step(Input::Unreachable(TWO));
    assert_eq!(told(&effects), ["OPERATION to s2 s3"]);
    assert_eq!(world.cluster.master(), None);
}

#[test]
fn extra_arguments_reach_the_local_supervisord() {
    let mut world = World::new(SyncOption::Strict);
    world.lead();
    let mut event = world.event(PROCESSES[2], ProcessState::Starting);
    event.extra_args = "-x".into();
    let effects = world.hear(TWO, Publication::Process(event));
    assert_eq!(told(&effects), ["arguments of free: \"-x\""]);
}

#[test]
fn what_a_peer_missed_is_repeated() {
    let mut world = World::new(SyncOption::Strict);
    world.lead();
    world.wait(60);
    world.step(Input::Unreachable(THREE));
    world.tick(&[TWO]);
    let event = world.local_event(PROCESSES[2], ProcessState::Starting);
    assert_eq!(told(&event), ["free STARTING to s2"]);
    let effects = world.tick_of(THREE);
    assert_eq!(told(&effects), ["free STARTING to s3", "handshake with s3"]);
}

#[test]
fn a_peer_that_reads_hears_the_rest() {
    let mut world = World::new(SyncOption::Strict);
    world.step(Input::Begin(stopped()));
    world.step(Input::Questioned(TWO));
    let event = world.local_event(PROCESSES[2], ProcessState::Starting);
    assert_eq!(told(&event), ["free STARTING to s2"]);
    world.step(Input::Unreachable(TWO));
    let event = world.local_event(PROCESSES[2], ProcessState::Running);
    assert_eq!(told(&event), [] as [&str; 0]);
}

#[test]
fn an_event_that_comes_twice_or_late_is_ignored() {
    let mut world = World::new(SyncOption::Strict);
    world.lead();
    let (first, name) = (world.now, PROCESSES[2]);
    let starting = world.event(name, ProcessState::Starting);
    world.peer_event(TWO, name, ProcessState::Starting);
    let running = world.event(name, ProcessState::Running);
    world.hear(TWO, Publication::Process(running.clone()));
    for old in [running, starting] {
        let effects = world.hear(TWO, Publication::Process(old));
        assert_eq!(effects, []);
    }
    assert!(first.mono < world.now.mono);
    let process = world
        .cluster
        .view()
        .process(&ProcessName::new("free", "free"));
    assert_eq!(process.map(|it| it.state()), Some(ProcessState::Running));
}
