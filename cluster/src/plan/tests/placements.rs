//! Where processes go: against the original, and the vectors of the specification.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use visord_model::state::ProcessState;

use super::support::{World, id};
use crate::identity::InstanceId;
use crate::plan::placement::{Pending, place};
use crate::state::InstanceState;
use crate::strategy::StartingStrategy;

/// What Supvisors 0.19.1 answered to random clusters, a case a line: strategy, local instance,
/// load, then for each instance its node, whether it runs (R), its load and its pending load; the
/// candidates; the choice.
const ORIGINAL: &str = include_str!("placements.txt");

fn numbers(list: &str) -> Vec<usize> {
    let items = list.split(',').filter(|it| *it != "-");
    items.map(|it| it.parse().unwrap()).collect()
}

#[test]
fn the_original_chooses_the_same() {
    let mut cases = 0;
    for case in ORIGINAL.lines() {
        let fields: Vec<&str> = case.split(' ').collect();
        let [
            strategy,
            local,
            load,
            nodes,
            runs,
            loads,
            pending,
            candidates,
            choice,
        ] = fields[..]
        else {
            panic!("{case}");
        };
        let nodes: String = nodes.chars().filter(|it| *it != ',').collect();
        let mut world = World::with_local(&nodes, local.parse().unwrap());
        world.application("load", |_| {});
        for (number, load) in numbers(loads).into_iter().enumerate() {
            let process = format!("load:{number}");
            world.process(&process, |it| {
                it.expected_loading = u32::try_from(load).unwrap()
            });
            world.run(&process, number);
        }
        for (number, runs) in runs.split(',').enumerate() {
            if runs == "S" {
                world.halt(&format!("load:{number}"), number);
                world.leave(number, InstanceState::Stopped);
            }
        }
        let mut asked = Pending::default();
        for (number, load) in numbers(pending).into_iter().enumerate() {
            asked.add(id(number), u32::try_from(load).unwrap());
        }
        let candidates: Vec<InstanceId> = numbers(candidates).into_iter().map(id).collect();
        let strategy = StartingStrategy::from_name(strategy).unwrap();
        let chosen = place(
            &world.view,
            strategy,
            &candidates,
            load.parse().unwrap(),
            &asked,
        );
        assert_eq!(chosen, numbers(choice).first().map(|&it| id(it)), "{case}");
        cases += 1;
    }
    assert_eq!(cases, 480);
}

/// s0 and s1 on node a, s2 on node b, ten processes of load 20.
#[test]
fn reference_sequences() {
    let all = StartingStrategy::ALL.into_iter();
    let expected = [
        "00000 22222",
        "02120 12022",
        "22222 11111",
        "00000",
        "02120 21202",
        "22222 11111",
    ];
    for (strategy, expected) in all.zip(expected) {
        let mut world = World::new("aab");
        world.application("app", |it| it.managed = false);
        let mut chosen = String::new();
        for number in 0..10 {
            let process = format!("app:p{number}");
            world.process(&process, |it| it.expected_loading = 20);
            let lines = world.start(&process, strategy);
            match lines[0].strip_prefix(&*format!("start {process} ")) {
                Some(on) => {
                    chosen.push_str(on);
                    world.run(&process, on.parse().unwrap());
                }
                None => {
                    assert_eq!(
                        lines,
                        [format!("{process} is FATAL: No resource available")]
                    );
                }
            }
            assert!(world.is_idle());
        }
        assert_eq!(chosen, expected.replace(' ', ""), "{strategy:?}");
    }
}

/// Converters that are started in turn: number of the converter, loads of the three instances
/// afterwards; `None` if there is no resource.
type Step = (u32, Option<[u32; 3]>);

fn check_converters(strategy: StartingStrategy, steps: &[Step]) {
    let mut world = World::new("aba");
    world.application("initial", |it| it.managed = false);
    for (number, load) in [10, 15, 9].into_iter().enumerate() {
        let process = format!("initial:{number}");
        world.process(&process, |it| it.expected_loading = load);
        world.run(&process, number);
    }
    world.application("my_movies", |_| {});
    let names = |names: &[&str]| names.iter().map(|it| (*it).into()).collect();
    let limited = BTreeMap::from([(4, names(&["s2", "s0"])), (7, names(&["s1"]))]);
    for &(number, loads) in steps {
        let process = format!("my_movies:converter_{number}");
        world.process(&process, |it| {
            it.start_sequence = 0;
            it.expected_loading = 20;
            if let Some(identifiers) = limited.get(&number) {
                it.placement.identifiers = Vec::clone(identifiers);
            }
        });
        let lines = world.start(&process, strategy);
        if let Some(loads) = loads {
            let on = lines[0].rsplit(' ').next().unwrap().parse().unwrap();
            world.run(&process, on);
            let now = [0, 1, 2].map(|it| world.view.load(id(it)));
            assert_eq!(now, loads, "{strategy:?} {number}");
        } else {
            assert_eq!(
                lines,
                [format!("{process} is FATAL: No resource available")]
            );
            assert_eq!(world.state(&process), ProcessState::Fatal);
        }
        assert!(world.is_idle());
    }
}

#[test]
fn converters_by_instance_load() {
    check_converters(
        StartingStrategy::Config,
        &[
            (0, Some([30, 15, 9])),
            (1, Some([50, 15, 9])),
            (4, Some([50, 15, 29])),
            (7, Some([50, 35, 29])),
            (2, Some([70, 35, 29])),
            (3, Some([70, 55, 29])),
            (5, Some([70, 75, 29])),
            (6, Some([70, 95, 29])),
            (8, None),
        ],
    );
    check_converters(
        StartingStrategy::LessLoaded,
        &[
            (0, Some([10, 15, 29])),
            (1, Some([30, 15, 29])),
            (2, Some([30, 35, 29])),
            (3, Some([30, 35, 49])),
            (5, Some([50, 35, 49])),
            (4, None),
            (6, Some([50, 55, 49])),
            (7, Some([50, 75, 49])),
            (8, Some([50, 95, 49])),
            (9, None),
        ],
    );
    check_converters(
        StartingStrategy::MostLoaded,
        &[
            (0, Some([10, 35, 9])),
            (1, Some([10, 55, 9])),
            (2, Some([10, 75, 9])),
            (3, Some([10, 95, 9])),
            (4, Some([30, 95, 9])),
            (5, Some([50, 95, 9])),
            (6, Some([70, 95, 9])),
            (7, None),
            (8, Some([90, 95, 9])),
            (9, None),
        ],
    );
}

#[test]
fn converters_by_node_load_and_locally() {
    check_converters(
        StartingStrategy::LessLoadedNode,
        &[
            (0, Some([10, 35, 9])),
            (1, Some([10, 35, 29])),
            (2, Some([10, 55, 29])),
            (3, Some([30, 55, 29])),
            (4, Some([30, 55, 49])),
            (5, Some([30, 75, 49])),
            (6, Some([30, 95, 49])),
            (7, None),
            (8, Some([50, 95, 49])),
            (9, None),
        ],
    );
    check_converters(
        StartingStrategy::MostLoadedNode,
        &[
            (0, Some([30, 15, 9])),
            (1, Some([50, 15, 9])),
            (2, Some([70, 15, 9])),
            (3, Some([90, 15, 9])),
            (4, None),
            (5, Some([90, 35, 9])),
            (6, Some([90, 55, 9])),
            (7, Some([90, 75, 9])),
            (8, Some([90, 95, 9])),
            (9, None),
        ],
    );
    check_converters(
        StartingStrategy::Local,
        &[
            (0, Some([30, 15, 9])),
            (1, Some([50, 15, 9])),
            (2, Some([70, 15, 9])),
            (3, Some([90, 15, 9])),
            (4, None),
        ],
    );
}
