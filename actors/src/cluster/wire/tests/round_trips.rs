//! What is written is read alike.

use std::collections::BTreeMap;

use visord_cluster::message::{HostSample, LocalProcess, ProcessSample, StateModes, Tick};
use visord_cluster::state::{ClusterState, InstanceState};

use super::*;

fn float() -> impl Strategy<Value = f64> {
    prop::num::f64::NORMAL | prop::num::f64::ZERO
}

/// A time of which only whole seconds are sent.
fn seconds() -> impl Strategy<Value = f64> {
    (0..4_000_000_000_i64).prop_map(|it| it as f64)
}

fn name() -> impl Strategy<Value = ProcessName> {
    any::<(String, String)>().prop_map(|(group, process)| ProcessName::new(group, process))
}

fn state() -> impl Strategy<Value = ProcessState> {
    prop::sample::select(ProcessState::ALL.to_vec())
}

fn local() -> impl Strategy<Value = LocalProcess> {
    let times = (seconds(), seconds(), seconds(), float(), float(), float());
    let texts = any::<[String; 4]>();
    let flags = any::<[bool; 4]>();
    let numbers = any::<(i32, i64, i64, u32)>();
    (name(), state(), times, texts, flags, numbers).prop_map(
        |(name, state, times, [description, spawnerr, extra_args, program], flags, numbers)| {
            LocalProcess {
                name,
                state,
                start: times.0,
                stop: times.1,
                now: times.2,
                start_monotonic: times.3,
                stop_monotonic: times.4,
                now_monotonic: times.5,
                pid: numbers.0,
                description,
                spawnerr,
                expected: flags[0],
                extra_args,
                startsecs: numbers.1,
                stopwaitsecs: numbers.2,
                process_index: numbers.3,
                program: program.into(),
                disabled: flags[1],
                has_stdout: flags[2],
                has_stderr: flags[3],
            }
        },
    )
}

fn event() -> impl Strategy<Value = ProcessEvent> {
    let about = prop::option::of(prop::option::of("[a-z]{1,9}"));
    let texts = any::<[String; 2]>();
    let rest = (float(), float(), any::<(i32, bool, bool)>());
    (name(), state(), rest, texts, about).prop_map(|(name, state, rest, texts, about)| {
        let (now, now_monotonic, (pid, expected, disabled)) = rest;
        let [spawnerr, extra_args] = texts;
        ProcessEvent {
            name,
            state,
            now,
            now_monotonic,
            pid,
            expected,
            spawnerr,
            extra_args,
            // not sent with a forced state
            disabled: disabled && about.is_none(),
            forced: about.map(|about| about.map(Arc::from)),
        }
    })
}

fn modes() -> impl Strategy<Value = StateModes> {
    let instances = prop::collection::btree_map(
        any::<String>().prop_map(Arc::from),
        prop::sample::select(InstanceState::ALL.to_vec()),
        0..5,
    );
    let state = prop::sample::select(ClusterState::ALL.to_vec());
    (
        any::<[String; 3]>(),
        float(),
        state,
        any::<[bool; 4]>(),
        instances,
    )
        .prop_map(
            |([identifier, nick, master], now_monotonic, state, flags, instances)| StateModes {
                identifier: identifier.into(),
                nick: nick.into(),
                now_monotonic,
                state,
                degraded: flags[0],
                discovery: flags[1],
                master: master.into(),
                starting_jobs: flags[2],
                stopping_jobs: flags[3],
                instances,
            },
        )
}

fn host() -> impl Strategy<Value = HostSample> {
    let counters = || {
        let counter = 0..u64::MAX / 2;
        prop::collection::btree_map(any::<String>(), (counter.clone(), counter), 0..4)
    };
    let disks = prop::collection::btree_map(any::<String>(), float(), 0..4);
    let cpu = prop::collection::vec((float(), float()), 0..4);
    (float(), cpu, float(), counters(), disks, counters()).prop_map(
        |(now, cpu, memory, net_io, disk_usage, disk_io)| HostSample {
            now,
            cpu,
            memory,
            net_io,
            disk_usage,
            disk_io,
        },
    )
}

fn sample() -> impl Strategy<Value = ProcessSample> {
    let figures = (float(), float(), prop::option::of(any::<u32>()));
    (any::<String>(), any::<i32>(), float(), figures).prop_map(|(namespec, pid, now, figures)| {
        let (work, memory, cores) = if pid == 0 { (0.0, 0.0, None) } else { figures };
        ProcessSample {
            namespec: namespec.into(),
            pid,
            now,
            work,
            memory,
            cores,
        }
    })
}

fn tick() -> impl Strategy<Value = Tick> {
    let counter = 0..1000_u64;
    (float(), seconds(), float(), counter).prop_map(|(exact, whole, when_monotonic, counter)| {
        Tick {
            when: if counter == 0 { exact } else { whole },
            when_monotonic,
            sequence_counter: counter,
        }
    })
}

fn publication() -> impl Strategy<Value = Publication> {
    prop_oneof![
        tick().prop_map(Publication::Tick),
        event().prop_map(Publication::Process),
        local().prop_map(|it| Publication::Added(Arc::new(it))),
        ("[a-z]{0,3}", prop::option::of("[a-z]{0,3}")).prop_map(|(group, process)| {
            Publication::Removed {
                group: group.into(),
                process: process.map(Arc::from),
            }
        }),
        local().prop_map(|it| Publication::Disability(Arc::new(it))),
        host().prop_map(|it| Publication::HostStatistics(Arc::new(it))),
        sample().prop_map(Publication::ProcessStatistics),
        modes().prop_map(|it| Publication::State(Arc::new(it))),
    ]
}

fn origin() -> impl Strategy<Value = Origin> {
    any::<([String; 3], u16)>().prop_map(|([identifier, nick, address], port)| Origin {
        identifier: identifier.into(),
        nick: nick.into(),
        address,
        port,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn publications(origin in origin(), publication in publication()) {
        let text = encode(&origin, &publication, &nick_of);
        prop_assert!(text.is_ascii());
        prop_assert_eq!(decode(&text), Ok((origin, publication)));
    }

    /// One change of a captured text: no panic, and what is understood is written and understood.
    #[test]
    fn damaged_publications(line in 0..20_usize, at in any::<prop::sample::Index>(),
                            with in "[\\[\\]{}\",:0-9.a-z]{0,2}") {
        let text = CAPTURED.lines().nth(line).expect("a line");
        let at = at.index(text.len());
        let text = format!("{}{with}{}", &text[..at], &text[at + 1..]);
        if let Ok((origin, publication)) = decode(&text) {
            let written = encode(&origin, &publication, &nick_of);
            prop_assert!(decode(&written).is_ok(), "{}", written);
        }
    }

    #[test]
    fn instances(numbers in any::<(u16, u32, bool)>(), counters in (0..u64::MAX / 2, 0..u64::MAX / 2),
                 times in (seconds(), float()), known in prop::sample::select(InstanceState::ALL.to_vec())) {
        let info = crate::cluster::wire::structs::InstanceInfo {
            identifier: "a:1".into(),
            nick: "a".into(),
            host: "a".into(),
            port: numbers.0,
            state: known,
            loading: numbers.1,
            process_failure: numbers.2,
            remote_counter: counters.0,
            remote: (times.0 as i64, times.1),
            local_counter: counters.1,
            local: (times.0 as i64, times.1),
        };
        prop_assert_eq!(read_instance(&instance(&info)), Ok(info));
    }

    #[test]
    fn processes(list in prop::collection::vec(local(), 0..4)) {
        let answer: Value = list.iter().map(local_process).collect();
        prop_assert_eq!(read_local_processes(&answer), Ok(list));
    }
}

#[test]
fn maps_of_any_keys() {
    // a key is data here, not a name: quotes and control characters in it too
    let sample = HostSample {
        net_io: BTreeMap::from([("\"e\u{1}\\é".to_owned(), (1, 2))]),
        ..HostSample::default()
    };
    let origin = Origin {
        identifier: "a".into(),
        nick: "a".into(),
        address: "a".into(),
        port: 1,
    };
    let publication = Publication::HostStatistics(Arc::new(sample));
    let text = encode(&origin, &publication, &nick_of);
    assert_eq!(decode(&text), Ok((origin, publication)));
}
