//! Clusters in a simulated world: several [`visord_cluster::Cluster`]s, a network that delays,
//! loses and repeats, hosts that crash, freeze and restart, processes that fail.
//!
//! A [`scenario::Scenario`] is a function of its seed, and so is everything that happens in its
//! [`world::World`]. [`check`] says what must hold at each moment and in the end. [`run`] does it
//! all; a complaint names the seed.

#![forbid(unsafe_code)]

pub mod check;
pub mod event;
pub mod fault;
pub mod host;
pub mod network;
pub mod node;
pub mod scenario;
pub mod world;

use scenario::Scenario;
use world::World;

/// Runs the scenario of a seed.
///
/// # Errors
///
/// What did not hold, with the seed and the time.
pub fn run(seed: u64) -> Result<World, String> {
    run_scenario(Scenario::new(seed))
}

/// Runs a scenario.
///
/// # Errors
///
/// See [`run`].
pub fn run_scenario(scenario: Scenario) -> Result<World, String> {
    let (seed, calm, end) = (scenario.seed, scenario.calm, scenario.end);
    let closing = scenario.closing.is_some();
    let mut world = World::new(scenario);
    let told =
        |world: &World, why: String| format!("seed {seed} at {:.3} s: {why}", world.seconds());
    world.run_until(calm).map_err(|why| told(&world, why))?;
    check::settled(&world).map_err(|why| told(&world, why))?;
    world.run_until(end).map_err(|why| told(&world, why))?;
    if closing {
        check::closed(&world).map_err(|why| told(&world, why))?;
    } else {
        check::settled(&world).map_err(|why| told(&world, why))?;
    }
    Ok(world)
}
