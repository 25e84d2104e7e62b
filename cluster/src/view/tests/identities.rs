//! Names, machines, senders, discovery (spec cluster 1.3, 1.6, 8.2).

use alloc::vec;

use visord_model::log_line::Level;

use super::world::{S0, S1, S2, S3, World, candidate, lines, names, network};
use crate::identity::InstanceId;
use crate::message::Origin;
use crate::state::InstanceState;

#[test]
fn names_are_resolved_in_their_order_each_instance_once() {
    let mut world = World::new(vec![]);
    world.view.identify(S3, &names(&["db", "web"]), None);
    world.view.identify(S1, &names(&["db"]), None);
    for (given, ids) in [
        (&["h2:9000"][..], &[S2][..]),
        (&["s2", "h0:9000", "h2:9000"], &[S2, S0]),
        (&["db"], &[S1, S3]),
        (&["web", "db"], &[S3, S1]),
        (&["nothing", "s1"], &[S1]),
        (&["s3", "*"], &[S3, S0, S1, S2]),
        (&[], &[]),
    ] {
        assert_eq!(world.view.resolve(&names(given)), ids, "{given:?}");
    }
    let (ids, log) = world.view.resolve_logged(&names(&["x", "s1"]));
    assert_eq!(ids, [S1]);
    assert_eq!(log[0].level, Level::Warn);
    assert_eq!(log[0].text, "identifier=x invalid");
}

#[test]
fn the_first_stereotypes_of_an_instance_are_kept() {
    let mut world = World::new(vec![]);
    world.view.identify(S1, &[], None);
    world.view.identify(S1, &names(&["db"]), None);
    world.view.identify(S1, &names(&["web"]), None);
    assert_eq!(world.view.resolve(&names(&["db"])), [S1]);
    assert_eq!(world.view.resolve(&names(&["web"])), []);
}

#[test]
fn instances_with_the_same_machine_are_one_node() {
    let mut world = World::new(vec![]);
    let view = &mut world.view;
    assert_eq!(view.node(S0), view.node(S1));
    assert_ne!(view.node(S0), view.node(S2));
    view.identify(S3, &[], Some(network("b", "10.0.0.3")));
    assert_eq!(view.node(S2), view.node(S3));
    assert_eq!(view.mapper.on_node(view.node(S3)), [S2, S3]);
    view.identify(S2, &[], Some(network("a", "10.0.0.2")));
    assert_eq!(view.mapper.on_node(view.node(S0)), [S0, S1, S2]);
    assert_eq!(view.mapper.on_node(view.node(S3)), [S3]);
    // nothing is known of the machines of these
    view.discover(&candidate("h8:9000", "s8"));
    view.discover(&candidate("h9:9000", "s9"));
    assert_ne!(view.node(InstanceId(4)), view.node(InstanceId(5)));
}

#[test]
fn discovery_registers_what_is_unknown() {
    let mut world = World::new(vec![]);
    let changes = world.view.discover(&candidate("h9:9000", "s9"));
    assert!(changes.applied);
    let id = InstanceId(4);
    assert_eq!(world.view.resolve(&names(&["s9", "h9:9000"])), [id]);
    assert_eq!(world.view.instance(id).state(), InstanceState::Stopped);
    assert_eq!(world.view.mapper.initial().count(), 4);
    // its stereotypes are learned in its handshake
    assert_eq!(world.view.resolve(&names(&["late"])), []);
    let again = world.view.discover(&candidate("h9:9000", "s9"));
    assert!(!again.applied && again.log.is_empty());
    for (identifier, nick, known) in [
        ("h7:9000", "s1", "<s1>h1:9000"),
        ("h1:9000", "s7", "<s1>h1:9000"),
        ("h1:9000", "s2", "<s2>h2:9000"),
    ] {
        let changes = world.view.discover(&candidate(identifier, nick));
        assert!(!changes.applied);
        let text = alloc::format!(
            "candidate=<{nick}>{identifier} incompatible with the Supvisors instance known as {known}"
        );
        assert_eq!(lines(&changes, Level::Warn), [text.as_str()]);
    }
    assert_eq!(world.view.instances().count(), 5);
    // the default nick names no instance
    world.view.discover(&candidate("h6:9000", "supervisor"));
    assert_eq!(&*world.view.mapper.identity(InstanceId(5)).nick, "h6:9000");
}

#[test]
fn a_publication_is_accepted_from_who_it_names() {
    let mut world = World::new(vec![]);
    world.view.discover(&candidate("h9:9000", "s9"));
    let origin = |identifier: &str, nick: &str, address: &str, port| Origin {
        identifier: identifier.into(),
        nick: nick.into(),
        address: address.into(),
        port,
    };
    for (from, id) in [
        (origin("h1:9000", "s1", "10.0.0.1", 9000), Some(S1)),
        // its configuration may give it another nick
        (origin("h1:9000", "own", "10.0.0.1", 9000), Some(S1)),
        (origin("h1:9000", "s2", "10.0.0.1", 9000), None),
        (origin("other:1", "other", "10.0.0.1", 9000), None),
        (origin("h1:9000", "s1", "10.0.0.9", 9000), None),
        (origin("h1:9000", "s1", "10.0.0.1", 9001), None),
        // as written in the list
        (origin("h1:9000", "s1", "h1", 9000), Some(S1)),
        // the loopback address of the local machine only
        (origin("h1:9000", "s1", "127.0.1.1", 9000), Some(S1)),
        (origin("h2:9000", "s2", "127.0.1.1", 9000), None),
        // any address until the network is known
        (
            origin("h9:9000", "s9", "10.9.9.9", 9000),
            Some(InstanceId(4)),
        ),
    ] {
        assert_eq!(world.view.accept(&from).ok(), id, "{from:?}");
    }
    world.state(S1, InstanceState::Checking);
    world.state(S1, InstanceState::Isolated);
    let line = world
        .view
        .accept(&origin("h1:9000", "s1", "10.0.0.1", 9000));
    let line = line.expect_err("isolated");
    assert_eq!(line.level, Level::Error);
    assert!(
        line.text.starts_with("event from unknown Supvisors=["),
        "{}",
        line.text
    );
}
