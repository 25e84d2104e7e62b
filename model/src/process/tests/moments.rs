//! The moments that count are those at which the child was cloned and reaped, however late the
//! machine is told.

use super::world::World;
use crate::exit::ExitStatus;
use crate::process::{Input, Policy};
use crate::state::ProcessState as S;
use core::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// A process whose child was cloned half a second before the machine is told.
fn told_late() -> World {
    let mut world = World::new(Policy::default());
    world.slow = true;
    world.give(Input::Start).unwrap();
    world.sleep(SECOND / 2);
    world.answer_spawn();
    world
}

#[test]
fn startsecs_counts_from_the_clone() {
    let mut world = told_late();
    world.wait(SECOND / 2);
    assert_eq!(world.machine.state(), S::Running);
    let mut world = told_late();
    world.sleep(SECOND / 2);
    world.die(ExitStatus::Code(0));
    assert_eq!(world.machine.state(), S::Exited);
}

#[test]
fn startsecs_ends_with_the_child_not_with_its_output() {
    let mut world = told_late();
    world.sleep(SECOND / 4);
    let at = world.now;
    world.child = None;
    // its log hangs
    world.sleep(5 * SECOND);
    let status = ExitStatus::Code(0);
    world.give(Input::Exited { status, at }).unwrap();
    assert_eq!(world.machine.state(), S::Backoff);
    assert_eq!(world.info().stop, at.unix);
}
