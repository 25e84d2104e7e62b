//! What a seed means.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use visord_cluster::input::{Closing, Request, Wait};
use visord_cluster::options::Options;
use visord_cluster::rules::Rules;
use visord_cluster::rules::element::{ApplicationElement, ProgramElement, RulesFile};
use visord_cluster::strategy::{
    ClusterFailureStrategy, ConciliationStrategy, Distribution, RunningFailureStrategy,
    StartingFailureStrategy, StartingStrategy, SyncOption,
};
use visord_model::name::{Namespec, ProcessName};

use crate::fault::{Fault, WeatherChange};
use crate::host::Program;
use crate::world::{Micros, SECOND};

/// A cluster, what it has to run, and what happens to it.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Where it comes from.
    pub seed: u64,
    /// Number of instances.
    pub nodes: usize,
    /// Options of all of them.
    pub options: Options,
    /// Rules of all of them.
    pub rules: Rules,
    /// Programs of all of them.
    pub programs: Arc<[Program]>,
    /// Faults, by time.
    pub faults: Vec<(Micros, Fault)>,
    /// When everything must be well: some time after the last fault.
    pub calm: Micros,
    /// How the cluster ends, after `calm`.
    pub closing: Option<Closing>,
    /// When the scenario ends.
    pub end: Micros,
}

/// After the last fault: a lost instance is found within 20 s, joins within 20 s, and a Master
/// that is lost then takes 20 s more, each in steps of 5 s; then processes are started.
const PATIENCE: Micros = 90 * SECOND;

impl Scenario {
    /// The scenario of a seed.
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let nodes = *pick(&mut rng, &[1, 2, 3, 3, 3, 5, 5, 5, 7]);
        let options = options(&mut rng);
        let (rules, programs) = programs(&mut rng);
        let storm = 420 * SECOND;
        let faults = faults(&mut rng, nodes, programs.len(), storm);
        let last = faults.last().map_or(0, |(time, _)| *time);
        let calm = last.max(30 * SECOND) + PATIENCE;
        let closing = *pick(
            &mut rng,
            &[None, Some(Closing::Shutdown), Some(Closing::Restart)],
        );
        Self {
            seed,
            nodes,
            options,
            rules,
            programs,
            faults,
            calm,
            closing,
            end: (calm + 60 * SECOND).max(600 * SECOND),
        }
    }

    /// A cluster without faults, of this size.
    pub fn quiet(nodes: usize) -> Self {
        let mut rng = Rng::with_seed(0);
        let (rules, programs) = programs(&mut rng);
        Self {
            seed: 0,
            nodes,
            options: Options {
                synchro_options: BTreeSet::from([SyncOption::Strict]),
                ..Options::default()
            },
            rules,
            programs,
            faults: Vec::new(),
            calm: 60 * SECOND,
            closing: None,
            end: 60 * SECOND,
        }
    }
}

fn pick<'a, T>(rng: &mut Rng, all: &'a [T]) -> &'a T {
    &all[rng.usize(0..all.len())]
}

fn options(rng: &mut Rng) -> Options {
    use SyncOption::{Core, List, Strict, Timeout};
    let sets: [&[SyncOption]; 5] = [
        &[Strict],
        &[List],
        &[Strict, Timeout],
        &[Timeout],
        &[Core, Timeout],
    ];
    let synchro: BTreeSet<SyncOption> = pick(rng, &sets).iter().copied().collect();
    let resync = !synchro.contains(&Timeout) && rng.bool();
    let conciliation = [
        ConciliationStrategy::Senicide,
        ConciliationStrategy::Infanticide,
        ConciliationStrategy::Restart,
        ConciliationStrategy::RunningFailure,
    ];
    Options {
        synchro_options: synchro,
        synchro_timeout: Duration::from_secs(15),
        core_identifiers: vec![Arc::from("s1")],
        conciliation_strategy: *pick(rng, &conciliation),
        starting_strategy: *pick(rng, &StartingStrategy::ALL),
        failure_strategy: if resync {
            ClusterFailureStrategy::Resync
        } else {
            ClusterFailureStrategy::Continue
        },
        ..Options::default()
    }
}

/// Three managed applications and an unmanaged one.
fn programs(rng: &mut Rng) -> (Rules, Arc<[Program]>) {
    let mut file = RulesFile::default();
    let mut all = Vec::new();
    for number in 0..3 {
        let group = format!("app{number}");
        let mut programs = Vec::new();
        for process in 0..rng.usize(1..=3) {
            let name = format!("p{process}");
            // one of them never starts, and nothing depends on it
            let broken = number == 2 && process == 1;
            let strategies = [
                RunningFailureStrategy::RestartProcess,
                RunningFailureStrategy::RestartApplication,
            ];
            programs.push(ProgramElement {
                name: Some(name.clone()),
                start_sequence: Some(1 + i8::try_from(process).unwrap_or(0)),
                required: Some(!broken && rng.bool()),
                expected_loading: Some(rng.u8(1..=4) * 2),
                // RESTART_APPLICATION would start it for ever, as the original does
                running_failure: Some(if broken {
                    RunningFailureStrategy::RestartProcess
                } else {
                    *pick(rng, &strategies)
                }),
                ..ProgramElement::default()
            });
            all.push(program(rng, &group, &name, broken));
        }
        let distributions = [
            Distribution::AllInstances,
            Distribution::AllInstances,
            Distribution::SingleInstance,
        ];
        file.applications.push(ApplicationElement {
            name: Some(group),
            distribution: Some(*pick(rng, &distributions)),
            start_sequence: Some(1 + i8::try_from(number).unwrap_or(0) % 2),
            starting_strategy: Some(*pick(rng, &StartingStrategy::ALL)),
            starting_failure: Some(*pick(rng, &StartingFailureStrategy::ALL)),
            programs,
            ..ApplicationElement::default()
        });
    }
    all.push(Program {
        autostart: true,
        ..program(rng, "free", "free", false)
    });
    (Rules::new(vec![file]).0, all.into())
}

fn program(rng: &mut Rng, group: &str, name: &str, broken: bool) -> Program {
    Program {
        name: ProcessName::new(group, name),
        broken,
        autostart: false,
        autorestart: true,
        startsecs: *pick(rng, &[100_000, SECOND, 6 * SECOND]),
        stop: *pick(rng, &[10_000, 500_000, 4 * SECOND]),
    }
}

/// Faults until this time; all of them end.
fn faults(rng: &mut Rng, nodes: usize, programs: usize, until: Micros) -> Vec<(Micros, Fault)> {
    let mut all = Vec::new();
    let mut quiet = vec![0; nodes];
    let mut time = rng.u64(0..60 * SECOND);
    let density = *pick(rng, &[10, 30, 60]);
    while time < until {
        let node = rng.usize(0..nodes);
        let length = *pick(rng, &[SECOND / 2, 4 * SECOND, 12 * SECOND, 40 * SECOND]);
        // one fault of its own at a time for each host
        if quiet[node] <= time && nodes > 1 {
            quiet[node] = time + length + SECOND;
            fault(
                rng,
                (nodes, programs),
                node,
                (time, time + length),
                &mut all,
            );
        }
        time += rng.u64(SECOND / 10..density * SECOND);
    }
    all.sort_by_key(|(time, _)| *time);
    all
}

fn fault(
    rng: &mut Rng,
    (nodes, programs): (usize, usize),
    node: usize,
    (begin, end): (Micros, Micros),
    all: &mut Vec<(Micros, Fault)>,
) {
    let other = (node + rng.usize(1..nodes)) % nodes;
    let mut during = |from: Fault, to: Fault| all.extend([(begin, from), (end, to)]);
    match rng.u32(0..10) {
        0 | 1 => during(Fault::Crash(node), Fault::Boot(node)),
        2 => during(Fault::Freeze(node), Fault::Thaw(node)),
        3 => during(Fault::Cut(node, other), Fault::Mend(node, other)),
        4 => {
            // a part of the cluster alone
            let part: Vec<bool> = (0..nodes).map(|_| rng.bool()).collect();
            for from in 0..nodes {
                for to in (0..nodes).filter(|to| part[from] != part[*to]) {
                    during(Fault::Cut(from, to), Fault::Mend(from, to));
                }
            }
        }
        5 => during(
            Fault::Weather(WeatherChange::Storm),
            Fault::Weather(WeatherChange::Calm),
        ),
        6 | 7 => all.push((begin, Fault::Kill(node, rng.usize(0..programs)))),
        8 => all.push((begin, Fault::Start(node, rng.usize(0..programs)))),
        _ => {
            let request = request(rng);
            all.push((begin, Fault::Ask(node, request)));
        }
    }
}

fn request(rng: &mut Rng) -> Request {
    let strategy = *pick(rng, &StartingStrategy::ALL);
    let application: Arc<str> = format!("app{}", rng.u32(0..3)).into();
    let process = Namespec::Process(ProcessName::new(application.clone(), "p0"));
    let wait = if rng.bool() { Wait::Yes } else { Wait::No };
    match rng.u32(0..6) {
        0 => Request::StartApplication(strategy, application, wait),
        1 => Request::RestartApplication(strategy, application, wait),
        2 => Request::StartProcess(strategy, process, "-x".into(), wait),
        3 => Request::RestartProcess(strategy, process, String::new(), wait),
        4 => Request::StartAnyProcess(strategy, "app.:p0".into(), String::new(), wait),
        _ => Request::RestartSequence(wait),
    }
}
