//! Runs seeds and says how fast: `visord-cluster-sim [count [first seed]]`, or
//! `visord-cluster-sim trace SEED` for all that one seed does.

use std::process::ExitCode;
use std::time::Instant;

use visord_cluster_sim::run;
use visord_cluster_sim::scenario::Scenario;
use visord_cluster_sim::world::World;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| arguments.get(at).and_then(|it| it.parse::<u64>().ok());
    if arguments.first().is_some_and(|it| it == "trace") {
        return trace(number(1).unwrap_or(0));
    }
    let (count, first) = (number(0).unwrap_or(600), number(1).unwrap_or(0));
    let begin = Instant::now();
    let (mut failures, mut steps) = (0, 0);
    for seed in first..first + count {
        match run(seed) {
            Ok(world) => steps += world.steps,
            Err(why) => {
                println!("{why}");
                failures += 1;
            }
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    #[allow(clippy::cast_precision_loss)]
    let per_minute = count as f64 * 60.0 / seconds;
    println!("{count} scenarios, {failures} failed, {steps} steps, {seconds:.1} s");
    println!("{per_minute:.0} scenarios of 10 minutes per core-minute");
    if failures == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn trace(seed: u64) -> ExitCode {
    let scenario = Scenario::new(seed);
    println!("{scenario:#?}");
    let (calm, end) = (scenario.calm, scenario.end);
    let mut world = World::new(scenario);
    world.trace = Some(Vec::new());
    let outcome = world.run_until(calm).and_then(|()| world.run_until(end));
    for line in world.trace.iter().flatten() {
        println!("{line}");
    }
    println!("{outcome:?}");
    ExitCode::SUCCESS
}
