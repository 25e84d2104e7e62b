//! Application states and failures (spec cluster 4.5).

use alloc::vec;

use visord_model::log_line::Level;
use visord_model::state::ProcessState as P;

use super::world::{S0, S1, World, application, in_state, lines, name, program};
use crate::message::LocalProcess;
use crate::rules::element::{ApplicationElement, ProgramElement};
use crate::state::ApplicationState as A;

fn required(process: &str) -> ProgramElement {
    ProgramElement {
        required: Some(true),
        ..program(process)
    }
}

fn failures(world: &World) -> (bool, bool) {
    let it = world.view.application("a").expect("application");
    (it.major_failure(), it.minor_failure())
}

fn state(world: &World) -> A {
    world.view.application("a").expect("application").state()
}

#[test]
fn the_state_is_the_first_that_a_process_has() {
    for (states, expected) in [
        ([P::Stopped, P::Stopped, P::Stopped], A::Stopped),
        ([P::Fatal, P::Exited, P::Unknown], A::Stopped),
        ([P::Running, P::Fatal, P::Stopped], A::Running),
        ([P::Running, P::Starting, P::Stopped], A::Starting),
        ([P::Running, P::Backoff, P::Fatal], A::Starting),
        ([P::Running, P::Starting, P::Stopping], A::Stopping),
        ([P::Stopped, P::Stopping, P::Stopped], A::Stopping),
    ] {
        let mut world = World::new(vec![]);
        let processes = ["a:x", "a:y", "a:z"].into_iter().zip(states);
        let changes = world.join(
            S1,
            processes.map(|(it, state)| in_state(it, state)).collect(),
        );
        assert_eq!(state(&world), expected, "{states:?}");
        let text = alloc::format!("application=a is {expected}");
        assert_eq!(
            lines(&changes, Level::Info).contains(&&*text),
            expected != A::Stopped
        );
    }
}

#[test]
fn what_is_shown_counts() {
    let rules = vec![application("a", vec![required("x")])];
    let mut world = World::running(rules, &[(S0, &["a:x"]), (S1, &["a:x", "a:y"])]);
    world.event(S1, "a:y", P::Running);
    assert_eq!(
        (state(&world), failures(&world)),
        (A::Running, (true, false))
    );
    let now = world.now();
    world.view.force(&name("a:y"), P::Stopped, "", now);
    assert_eq!(
        (state(&world), failures(&world)),
        (A::Stopped, (false, false))
    );
    let now = world.now();
    world.view.force(&name("a:x"), P::Fatal, "", now);
    assert_eq!(
        (state(&world), failures(&world)),
        (A::Stopped, (true, false))
    );
}

#[test]
fn failures_without_a_formula() {
    let needed = |needed: bool| if needed { required("x") } else { program("x") };
    let running = in_state("a:y", P::Running);
    let stopped = in_state("a:y", P::Stopped);
    // state, expected; major and minor with `required`, then without; the other one runs or not
    for (state, expected, other, with, without) in [
        (P::Fatal, true, &running, (true, false), (false, true)),
        (P::Unknown, true, &running, (true, false), (false, true)),
        (P::Exited, false, &running, (true, false), (false, true)),
        (P::Exited, true, &running, (false, false), (false, false)),
        (P::Stopped, true, &running, (true, false), (false, false)),
        (P::Running, true, &running, (false, false), (false, false)),
        (P::Fatal, true, &stopped, (true, false), (false, true)),
        (P::Stopped, true, &stopped, (false, false), (false, false)),
    ] {
        for (needs, failed) in [(true, with), (false, without)] {
            let mut world = World::new(vec![application("a", vec![needed(needs)])]);
            let info = LocalProcess {
                expected,
                ..in_state("a:x", state)
            };
            world.join(S1, vec![info, other.clone()]);
            assert_eq!(failures(&world), failed, "{state} {expected} {needs}");
        }
    }
}

#[test]
fn any_process_of_a_managed_application_can_fail() {
    // a:y has no rules of its own
    let rules = vec![application("a", vec![required("x")])];
    let mut world = World::running(rules, &[(S1, &["a:x", "a:y"])]);
    world.event(S1, "a:x", P::Running);
    world.event(S1, "a:y", P::Fatal);
    assert_eq!(failures(&world), (false, true));
    world.event(S1, "a:x", P::Fatal);
    assert_eq!(failures(&world), (true, false));
    let mut world = World::running(vec![], &[(S1, &["a:x"])]);
    world.event(S1, "a:x", P::Fatal);
    assert_eq!(failures(&world), (false, false));
}

#[test]
fn operational_status() {
    let rules = vec![application("a", vec![required("x")])];
    let mut world = World::running(rules, &[(S1, &["a:x", "a:y", "a:z"])]);
    let status = |world: &World| world.view.application("a").expect("a").operational_status();
    assert_eq!(status(&world), "");
    world.event(S1, "a:y", P::Running);
    assert_eq!(status(&world), "Not Operational");
    world.event(S1, "a:x", P::Running);
    assert_eq!(status(&world), "Operational");
    world.event(S1, "a:z", P::Fatal);
    assert_eq!(status(&world), "Degraded");
    world.event(S1, "a:y", P::Stopping);
    assert_eq!(status(&world), "");
}

fn formula(text: &str) -> World {
    let element = ApplicationElement {
        operational_status: Some(text.into()),
        ..application("a", vec![program("x"), program("y")])
    };
    World::running(vec![element], &[(S1, &["a:x", "a:y"])])
}

#[test]
fn a_formula_decides_what_is_major() {
    let mut world = formula("'x' and any('.*')");
    // whatever the state of the application
    assert_eq!(
        (state(&world), failures(&world)),
        (A::Stopped, (true, false))
    );
    world.event(S1, "a:x", P::Running);
    assert_eq!(failures(&world), (false, false));
    world.event(S1, "a:y", P::Fatal);
    assert_eq!(failures(&world), (false, true));
    // as expected
    world.event(S1, "a:x", P::Exited);
    assert_eq!(failures(&world), (false, true));
    world.event(S1, "a:x", P::Stopped);
    assert_eq!(failures(&world), (true, false));
}

#[test]
fn a_formula_without_a_result_is_a_major_failure() {
    let mut world = formula("'x' and 'nothing'");
    let changes = world.event(S1, "a:x", P::Running);
    assert_eq!(failures(&world), (true, false));
    let errors = lines(&changes, Level::Error);
    assert_eq!(errors, ["application=a - no match for expression=nothing"]);
}
