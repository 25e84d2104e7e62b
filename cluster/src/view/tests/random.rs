//! Random histories: what is kept up to date equals what can be computed.

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

use proptest::collection::vec as vector;
use proptest::prelude::*;
use visord_model::name::ProcessName;
use visord_model::state::ProcessState as P;

use super::world::{World, application, event, in_state, program, stopped};
use crate::identity::InstanceId;
use crate::message::{LocalProcess, ProcessEvent};
use crate::rules::element::ProgramElement;
use crate::state::{ApplicationState as A, InstanceState as S};
use crate::view::View;
use crate::view::process::Record;

const PROCESSES: [&str; 5] = ["a:x", "a:y", "a:z", "b:x", "b:y"];

/// What one instance says.
#[derive(Clone, Debug)]
enum Says {
    Event(usize, P, bool, bool),
    Forced(usize, P),
    Added(usize, P),
    Removed(usize),
    GroupRemoved(bool),
    Disabled(usize, bool),
    Tick(u64),
    State(usize),
    /// A handshake, if it is STOPPED, that reads these.
    Join(Vec<(usize, P)>),
}

fn process() -> impl Strategy<Value = usize> {
    0..PROCESSES.len()
}

fn state() -> impl Strategy<Value = P> {
    (0..P::ALL.len()).prop_map(|it| P::ALL[it])
}

fn says() -> impl Strategy<Value = Says> {
    prop_oneof![
        8 => (process(), state(), any::<bool>(), any::<bool>())
            .prop_map(|(a, b, c, d)| Says::Event(a, b, c, d)),
        1 => (process(), state()).prop_map(|(a, b)| Says::Forced(a, b)),
        2 => (process(), state()).prop_map(|(a, b)| Says::Added(a, b)),
        1 => process().prop_map(Says::Removed),
        1 => any::<bool>().prop_map(Says::GroupRemoved),
        1 => (process(), any::<bool>()).prop_map(|(a, b)| Says::Disabled(a, b)),
        2 => (0..9_u64).prop_map(Says::Tick),
        1 => (0..S::ALL.len()).prop_map(Says::State),
        2 => vector((process(), state()), 0..5).prop_map(Says::Join),
    ]
}

fn rules() -> World {
    let programs = ["x", "y"]
        .into_iter()
        .zip([20, 30])
        .map(|(name, load)| ProgramElement {
            required: Some(name == "x"),
            expected_loading: Some(load),
            ..program(name)
        });
    World::new(vec![application("a", programs.collect())])
}

fn lose(world: &mut World, id: InstanceId) {
    if world.view.instance(id).state() == S::Failed {
        world.state(id, S::Stopped);
        world.view.lose(id);
    }
}

fn apply(world: &mut World, id: InstanceId, says: &Says) {
    match says {
        Says::Event(process, state, expected, disabled) => {
            let at = world.clock as f64;
            let event = ProcessEvent {
                expected: *expected,
                disabled: *disabled,
                now_monotonic: at,
                ..event(PROCESSES[*process], *state)
            };
            world.send(id, &event);
        }
        Says::Forced(process, state) => {
            let event = ProcessEvent {
                forced: Some(None),
                ..event(PROCESSES[*process], *state)
            };
            world.send(id, &event);
        }
        Says::Added(process, state) => {
            world.added(id, in_state(PROCESSES[*process], *state));
        }
        Says::Removed(process) => {
            let (group, process) = PROCESSES[*process].split_once(':').expect("a group");
            world.removed(id, group, Some(process));
        }
        Says::GroupRemoved(first) => {
            world.removed(id, if *first { "a" } else { "b" }, None);
        }
        Says::Disabled(process, disabled) => {
            let info = LocalProcess {
                disabled: *disabled,
                ..stopped(PROCESSES[*process])
            };
            let now = world.now();
            world.view.on_disability(id, &info, now);
        }
        Says::Tick(counter) => {
            let local = world.view.instance(world.view.local()).remote_counter();
            world.tick(id, *counter, local);
            let options = world.options.clone();
            world.view.check_timers(local, &options);
        }
        // an instance leaves RUNNING only by being lost
        Says::State(state) => {
            lose(world, id);
            world.state(id, S::ALL[*state]);
            lose(world, id);
        }
        Says::Join(processes) => {
            lose(world, id);
            world.state(id, S::Checking);
            if world.view.instance(id).state() == S::Checking {
                let read = |(it, state): &(usize, P)| in_state(PROCESSES[*it], *state);
                world.load(id, processes.iter().map(read).collect());
                world.state(id, S::Checked);
            }
        }
    }
}

/// Everything that the view keeps up to date, computed.
fn check(view: &View) {
    for (id, instance) in view.instances() {
        let all = || view.processes();
        let loads = all().filter(|it| it.state().is_running() && it.running().contains(&id));
        let load: u32 = loads.map(|it| it.rules.expected_loading).sum();
        assert_eq!(view.load(id), load);
        let set = |names: Vec<ProcessName>| names.into_iter().collect::<BTreeSet<_>>();
        let running = all().filter(|it| it.running().contains(&id));
        let running = set(running.map(|it| it.name.clone()).collect());
        assert_eq!(
            set(view.running_on(id).map(|it| it.name.clone()).collect()),
            running
        );
        let declared = all().filter(|it| it.records().contains_key(&id));
        let declared = set(declared.map(|it| it.name.clone()).collect());
        assert_eq!(
            set(view.declared(id).map(|it| it.name.clone()).collect()),
            declared
        );
        let records = all().filter_map(|it| it.records().get(&id));
        let crashed = records.filter(|it| it.is_crashed()).count() > 0;
        assert_eq!(
            instance.process_failure(),
            instance.state() == S::Running && crashed
        );
        if matches!(instance.state(), S::Stopped | S::Isolated) {
            assert!(running.is_empty(), "{running:?} on {id:?}");
        }
    }
    let conflicts = view.applications().filter(|it| it.rules.managed);
    let conflicts = conflicts.flat_map(|it| it.processes());
    let conflicts = conflicts.filter(|it| it.running().len() > 1);
    let conflicts: Vec<_> = conflicts.map(|it| it.name.clone()).collect();
    assert_eq!(view.conflicts(), conflicts);
    assert_eq!(view.is_conflicting(), !conflicts.is_empty());
    view.processes().for_each(check_process);
    view.applications().for_each(check_application);
}

fn check_process(process: &crate::view::process::Process) {
    assert!(!process.records().is_empty());
    let running: BTreeSet<_> = process.running().iter().copied().collect();
    assert_eq!(running.len(), process.running().len(), "each once");
    for (id, record) in process.records() {
        if record.info.state.is_running() {
            assert!(running.contains(id));
        } else if record.info.state.is_stopped() {
            assert!(!running.contains(id));
        }
    }
    let states: Vec<P> = process.records().values().map(|it| it.info.state).collect();
    assert!(states.contains(&process.state()));
    if !running.is_empty() {
        assert!(!process.state().is_stopped());
    } else if !states.contains(&P::Stopping) {
        let records = process.records().values();
        let newest = records.max_by(|a, b| a.local_mtime.total_cmp(&b.local_mtime));
        assert_eq!(Some(process.state()), newest.map(|it| it.info.state));
    }
}

fn check_application(application: &crate::view::application::Application) {
    assert!(application.processes().count() > 0);
    let shown: Vec<P> = application
        .processes()
        .map(|it| it.displayed_state())
        .collect();
    let has = |states: &[P]| shown.iter().any(|it| states.contains(it));
    let state = if has(&[P::Stopping]) {
        A::Stopping
    } else if has(&[P::Starting, P::Backoff]) {
        A::Starting
    } else if has(&[P::Running]) {
        A::Running
    } else {
        A::Stopped
    };
    assert_eq!(application.state(), state);
    let failed = |required: bool| {
        let processes = application.processes();
        let mut processes = processes.filter(move |it| it.rules.required == required);
        processes.any(|it| {
            let shown = it.displayed_state();
            matches!(shown, P::Fatal | P::Unknown)
                || (shown == P::Exited && !it.expected_exit())
                || (required && shown == P::Stopped && state != A::Stopped)
        })
    };
    let managed = application.rules.managed;
    assert_eq!(application.major_failure(), managed && failed(true));
    assert_eq!(
        application.minor_failure(),
        managed && failed(false) && !failed(true)
    );
}

/// What an instance says of processes that it declares, while it is RUNNING.
fn story() -> impl Strategy<Value = Vec<(usize, P)>> {
    vector((process(), state()), 0..12)
}

/// Of each process: where it runs, and in which state it is on each instance.
type Outcome = Vec<(ProcessName, BTreeSet<InstanceId>, Vec<(InstanceId, P)>)>;

/// What is known in the end, without the times.
fn outcome(view: &View) -> Outcome {
    let said = |(id, it): (&InstanceId, &Record)| (*id, it.info.state);
    let processes = view.processes().map(|it| {
        let running = it.running().iter().copied().collect();
        (
            it.name.clone(),
            running,
            it.records().iter().map(said).collect(),
        )
    });
    processes.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_kept_equals_what_is_computed(
        history in vector((0..4_u32, says(), 1..3_usize), 1..80)
    ) {
        let mut world = rules();
        for (id, says, times) in &history {
            // publications may come twice
            for _ in 0..*times {
                apply(&mut world, InstanceId(*id), says);
                check(&world.view);
            }
        }
    }

    #[test]
    fn an_event_that_comes_twice_changes_nothing(
        before in vector((0..4_u32, process(), state()), 0..20), last in (0..4_u32, process(), state())
    ) {
        let mut world = rules();
        for id in 0..4 {
            world.join(InstanceId(id), PROCESSES.into_iter().map(stopped).collect());
        }
        for (id, process, state) in before {
            world.event(InstanceId(id), PROCESSES[process], state);
        }
        let (id, process, state) = last;
        world.event(InstanceId(id), PROCESSES[process], state);
        let known = outcome(&world.view);
        let loads: Vec<u32> = (0..4).map(|id| world.view.load(InstanceId(id))).collect();
        let seen = world.seen(PROCESSES[process]);
        world.event(InstanceId(id), PROCESSES[process], state);
        prop_assert_eq!(outcome(&world.view), known);
        let again: Vec<u32> = (0..4).map(|id| world.view.load(InstanceId(id))).collect();
        prop_assert_eq!(again, loads);
        prop_assert_eq!(world.seen(PROCESSES[process]), seen);
    }

    #[test]
    fn the_order_among_instances_does_not_matter(
        stories in vector(story(), 3), turns in vector(0..3_usize, 36)
    ) {
        let run = |order: &[usize]| {
            let mut world = rules();
            for id in 0..3 {
                world.join(InstanceId(id), PROCESSES.into_iter().map(stopped).collect());
            }
            let mut told = [0; 3];
            for &id in order {
                if let Some((process, state)) = stories[id].get(told[id]) {
                    world.event(InstanceId(id as u32), PROCESSES[*process], *state);
                    told[id] += 1;
                }
            }
            check(&world.view);
            outcome(&world.view)
        };
        let rest: Vec<usize> = (0..3).flat_map(|id| [id; 12]).collect();
        let mut mixed = turns.clone();
        mixed.extend(&rest);
        prop_assert_eq!(run(&mixed), run(&rest));
    }
}
