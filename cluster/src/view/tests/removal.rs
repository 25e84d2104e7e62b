//! Processes that are declared no longer (spec cluster 4.9).

use alloc::vec;

use visord_model::log_line::Level;
use visord_model::state::ProcessState as P;

use super::world::{S0, S1, S2, World, application, lines, name, program};
use crate::effect::Shown;
use crate::rules::element::ProgramElement;

#[test]
fn a_process_vanishes_with_its_last_declaration() {
    let mut world = World::running(vec![], &[(S1, &["a:x", "a:y"]), (S2, &["a:x"])]);
    let changes = world.removed(S1, "a", Some("x"));
    assert!(changes.applied);
    assert_eq!(
        changes.shown,
        [Shown::ProcessRemoved(S1, name("a:x"), false)]
    );
    let changes = world.removed(S2, "a", Some("x"));
    let shown = [
        Shown::ProcessRemoved(S2, name("a:x"), true),
        Shown::Application("a".into()),
    ];
    assert_eq!(changes.shown, shown);
    assert!(world.view.process(&name("a:x")).is_none());
    assert!(world.view.process(&name("a:y")).is_some());
}

#[test]
fn an_application_vanishes_with_its_last_process() {
    let mut world = World::running(vec![], &[(S1, &["a:x", "a:y", "b:z"]), (S2, &["a:x"])]);
    let changes = world.removed(S1, "a", None);
    let shown = [
        Shown::ProcessRemoved(S1, name("a:x"), false),
        Shown::ProcessRemoved(S1, name("a:y"), true),
        Shown::Application("a".into()),
    ];
    assert_eq!(changes.shown, shown);
    let changes = world.removed(S2, "a", None);
    let shown = [
        Shown::ProcessRemoved(S2, name("a:x"), true),
        Shown::ApplicationRemoved("a".into()),
    ];
    assert_eq!(changes.shown, shown);
    assert!(world.view.application("a").is_none());
    assert_eq!(world.view.applications().count(), 1);
    assert_eq!(world.view.declared(S1).count(), 1);
    // nothing is left of it
    world.added(S1, super::world::stopped("a:x"));
    assert_eq!(world.seen("a:x"), (P::Stopped, true, vec![]));
}

#[test]
fn unknown_removals_are_logged() {
    let mut world = World::running(vec![], &[(S1, &["a:x"]), (S2, &["b:x"])]);
    for (from, group, process) in [
        (S1, "c", Some("x")),
        (S1, "c", None),
        (S1, "a", Some("y")),
        (S2, "a", Some("x")),
    ] {
        let changes = world.removed(from, group, process);
        assert!(!changes.applied);
        assert_eq!(
            lines(&changes, Level::Error).len(),
            1,
            "{group} {process:?}"
        );
    }
    // a group that it does not declare is no error
    let changes = world.removed(S2, "a", None);
    assert!(changes.applied && changes.shown.is_empty() && changes.log.is_empty());
}

#[test]
fn what_ran_is_accounted_for() {
    let rules = ProgramElement {
        expected_loading: Some(25),
        ..program("x")
    };
    let managed = vec![application("a", vec![rules])];
    let mut world = World::running(managed, &[(S0, &[]), (S1, &["a:x"]), (S2, &["a:x"])]);
    world.event(S1, "a:x", P::Running);
    world.event(S2, "a:x", P::Running);
    assert_eq!(world.view.conflicts(), [name("a:x")]);
    let changes = world.removed(S1, "a", Some("x"));
    assert_eq!(changes.shown.len(), 1);
    assert_eq!(world.view.conflicts(), []);
    assert_eq!((world.view.load(S1), world.view.load(S2)), (0, 25));
    world.event(S2, "a:x", P::Fatal);
    assert!(world.view.instance(S2).process_failure());
    world.removed(S2, "a", None);
    assert!(!world.view.instance(S2).process_failure());
    assert_eq!(world.view.load(S2), 0);
}

#[test]
fn the_state_is_that_of_the_others() {
    let mut world = World::running(vec![], &[(S1, &["a:x"]), (S2, &["a:x"])]);
    world.event(S1, "a:x", P::Running);
    let changes = world.removed(S1, "a", None);
    let shown = [
        Shown::ProcessRemoved(S1, name("a:x"), false),
        Shown::Process(name("a:x")),
        Shown::Application("a".into()),
    ];
    assert_eq!(changes.shown, shown);
    assert_eq!(world.seen("a:x"), (P::Stopped, true, vec![]));
}
