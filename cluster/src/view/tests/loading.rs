//! Processes are seen for the first time: rules, `#` and `@` (spec cluster 2.6, 2.7, 2.3).

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use visord_model::log_line::Level;
use visord_model::state::ProcessState as P;

use super::world::{
    S0, S1, S2, S3, World, application, candidate, in_state, lines, name, names, stopped,
};
use crate::effect::{Effect, Shown};
use crate::identity::InstanceId;
use crate::message::LocalProcess;
use crate::rules::element::{ApplicationElement, ProgramElement};
use crate::strategy::RunningFailureStrategy;

#[test]
fn a_load_is_logged_and_not_shown() {
    let mut world = World::new(vec![]);
    let changes = world.join(S1, vec![in_state("a:x", P::Running), stopped("a:y")]);
    assert!(changes.applied);
    assert_eq!(changes.shown, []);
    let states = lines(&changes, Level::Info);
    assert_eq!(
        states,
        [
            "a:x is RUNNING",
            "a:y is STOPPED",
            "application=a is RUNNING"
        ]
    );
    assert_eq!(world.seen("a:x"), (P::Running, true, vec![S1]));
}

#[test]
fn applications_and_processes_keep_their_order() {
    let mut world = World::running(vec![], &[(S1, &["b:y", "a:x"]), (S2, &["a:z", "b:w"])]);
    let order = |world: &World| -> Vec<_> {
        world
            .view
            .processes()
            .map(|it| format!("{}", it.name))
            .collect()
    };
    assert_eq!(order(&world), ["b:y", "b:w", "a:x", "a:z"]);
    world.removed(S1, "b", None);
    world.added(S1, stopped("b:y"));
    assert_eq!(order(&world), ["b:w", "b:y", "a:x", "a:z"]);
}

#[test]
fn an_addition_is_shown() {
    let mut world = World::running(vec![], &[(S1, &["a:x"])]);
    let changes = world.added(S1, in_state("a:y", P::Running));
    let shown = [Shown::Process(name("a:y")), Shown::Application("a".into())];
    assert_eq!(changes.shown, shown);
    assert_eq!(world.seen("a:y"), (P::Running, true, vec![S1]));
}

#[test]
fn a_load_forgets_what_is_declared_no_longer() {
    let mut world = World::running(vec![], &[(S1, &["a:x", "a:y", "b:x"]), (S2, &["a:y"])]);
    world.event(S1, "a:y", P::Running);
    let changes = world.load(S1, vec![stopped("a:x")]);
    assert_eq!(world.view.declared(S1).count(), 1);
    assert_eq!(world.seen("a:y"), (P::Stopped, true, vec![]));
    assert!(world.view.application("b").is_none());
    assert_eq!(
        changes.shown,
        [
            Shown::ProcessRemoved(S1, name("a:y"), false),
            Shown::Process(name("a:y")),
            Shown::ProcessRemoved(S1, name("b:x"), true),
            Shown::Application("a".into()),
            Shown::ApplicationRemoved("b".into()),
        ]
    );
}

#[test]
fn local_processes_must_not_restart_what_the_cluster_restarts() {
    let fails = |name: &str, strategy| ProgramElement {
        name: Some(name.into()),
        running_failure: Some(strategy),
        ..ProgramElement::default()
    };
    let programs = vec![
        fails("x", RunningFailureStrategy::RestartApplication),
        fails("y", RunningFailureStrategy::RestartProcess),
        fails("z", RunningFailureStrategy::StopApplication),
    ];
    let mut world = World::new(vec![application("a", programs)]);
    let all: Vec<LocalProcess> = ["a:x", "a:y", "a:z"].into_iter().map(stopped).collect();
    assert_eq!(world.join(S1, all.clone()).forbid_autorestart, []);
    let effects = world.join(S0, all).into_effects();
    let forbidden: Vec<_> = effects
        .filter(|it| matches!(it, Effect::ForbidAutorestart(..)))
        .collect();
    assert_eq!(
        forbidden,
        [
            Effect::ForbidAutorestart(name("a:x"), RunningFailureStrategy::RestartApplication),
            Effect::ForbidAutorestart(name("a:z"), RunningFailureStrategy::StopApplication),
        ]
    );
}

#[test]
fn hash_gives_applications_to_instances_in_turn() {
    let element = ApplicationElement {
        pattern: Some("hg".into()),
        name: None,
        identifiers: Some("#,s3,s1,unknown".into()),
        ..application("", vec![])
    };
    let mut world = World::running(
        vec![element],
        &[(S0, &["hg_01:x", "hg_02:x", "hg_03:x", "hg:x"])],
    );
    for (group, identifier, sequence) in [
        ("hg_01", Some("h3:9000"), 1),
        ("hg_02", Some("h1:9000"), 1),
        ("hg_03", Some("h3:9000"), 1),
        ("hg", None, 0),
    ] {
        let rules = &world.view.application(group).expect(group).rules;
        let identifiers: Vec<_> = identifier.into_iter().collect();
        assert_eq!(rules.placement.identifiers, names(&identifiers), "{group}");
        assert_eq!(rules.start_sequence, sequence);
    }
    let changes = world.added(S0, stopped("hg_x:x"));
    assert_eq!(lines(&changes, Level::Error).len(), 1);
}

fn numbered(index: u32) -> LocalProcess {
    LocalProcess {
        process_index: index,
        ..stopped(&format!("a:p_{index}"))
    }
}

/// Five processes of a program, declared in reverse on three instances.
fn group(identifiers: &str) -> World {
    let rules = ProgramElement {
        name: None,
        pattern: Some("p_".into()),
        identifiers: Some(identifiers.into()),
        ..ProgramElement::default()
    };
    let mut world = World::new(vec![application("a", vec![rules])]);
    for id in [S0, S1, S2] {
        world.join(id, (0..5).rev().map(numbered).collect());
    }
    world
}

fn assigned(world: &World, count: u32) -> Vec<Vec<InstanceId>> {
    let process = |index| world.process(&format!("a:p_{index}"));
    (0..count)
        .map(|it| world.view.candidates(process(it)))
        .collect()
}

#[test]
fn hash_gives_processes_to_instances_in_turn() {
    let mut world = group("#,s0,s1,s2");
    assert_eq!(assigned(&world, 1), [vec![]]);
    let log = world.view.assign("a");
    assert_eq!(log.len(), 5);
    assert_eq!(log[0].text, "a:p_0 assigned to h0:9000");
    let expected = [vec![S0], vec![S1], vec![S2], vec![S0], vec![S1]];
    assert_eq!(assigned(&world, 5), expected);
    let rules = &world.process("a:p_4").rules;
    assert_eq!(rules.placement.identifiers, names(&["h1:9000"]));
    assert_eq!(rules.assigned, Some(vec![S1]));
    // it is final; a new process gets the instance with the fewest
    assert_eq!(world.view.assign("a"), []);
    world.added(S2, numbered(5));
    assert_eq!(world.view.assign("a").len(), 1);
    assert_eq!(assigned(&world, 6)[..5], expected);
    assert_eq!(assigned(&world, 6)[5], [S2]);
    assert_eq!(world.view.assign("unknown"), []);
}

#[test]
fn at_gives_one_process_to_each_instance() {
    let mut world = group("@,s2,s0,s1,late");
    assert_eq!(
        world
            .view
            .assign("a")
            .iter()
            .filter(|it| it.level == Level::Info)
            .count(),
        3
    );
    let expected = [vec![S2], vec![S0], vec![S1], vec![], vec![]];
    assert_eq!(assigned(&world, 5), expected);
    // one that joins later takes the next
    world.view.identify(S3, &names(&["late"]), None);
    world.join(S3, (0..5).map(numbered).collect());
    world.view.assign("a");
    assert_eq!(assigned(&world, 5)[3], [S3]);
    assert_eq!(assigned(&world, 5)[4], []);
    assert_eq!(assigned(&world, 5)[..3], expected[..3]);
}

#[test]
fn a_sign_alone_means_all_instances_known_by_then() {
    let mut world = group("@");
    world.view.discover(&candidate("h9:9000", "s9"));
    world.view.assign("a");
    let given: Vec<_> = (0..5)
        .map(|it| world.process(&format!("a:p_{it}")).rules.assigned.clone())
        .collect();
    let expected: Vec<_> = [S0, S1, S2, S3, InstanceId(4)]
        .into_iter()
        .map(|it| Some(vec![it]))
        .collect();
    assert_eq!(given, expected);
}
