//! Every state of the cluster against every input, as one golden file: `cluster/traces/grid.txt`.
//! `UPDATE_TRACES=1 cargo test -p visord-cluster` writes it.

use super::*;
use std::{env, fs, path::PathBuf};

use crate::input::{Closing, Wait};
use crate::strategy::{ConciliationStrategy, StartingStrategy};
use visord_model::name::Namespec;

/// A name and how to get there.
type Phase = (&'static str, fn(&mut World));

const PHASES: [Phase; 12] = [
    ("OFF", |_| {}),
    ("SYNCHRONIZATION", |world| {
        world.step(Input::Begin(stopped()));
    }),
    ("ELECTION, not stable", |world| {
        world.join("");
        let mut other = modes(TWO, ClusterState::Election, "s1:1");
        other
            .instances
            .insert("s3:1".into(), InstanceState::Checking);
        world.hear(TWO, Publication::State(Arc::new(other)));
        world.step(Input::Tick);
    }),
    ("DISTRIBUTION, Master", |world| {
        world.join("s1:1");
        world.tick(&[TWO, THREE]);
    }),
    ("DISTRIBUTION, slave", |world| {
        world.join("s2:1");
        world.publish(TWO, ClusterState::Distribution, "s2:1");
        world.tick(&[TWO, THREE]);
    }),
    ("OPERATION, Master", World::lead),
    ("OPERATION, slave", |world| {
        world.serve(ClusterState::Operation);
    }),
    ("CONCILIATION, Master", |world| {
        world.lead();
        conflict(world);
    }),
    ("CONCILIATION, slave", |world| {
        world.serve(ClusterState::Conciliation);
    }),
    ("RESTARTING, Master", |world| {
        world.lead();
        world.ask(Request::Close(Closing::Restart));
    }),
    ("SHUTTING_DOWN, slave", |world| {
        world.serve(ClusterState::Operation);
        world.publish(TWO, ClusterState::ShuttingDown, "s2:1");
    }),
    ("FINAL", |world| {
        world.serve(ClusterState::Operation);
        world.publish(TWO, ClusterState::ShuttingDown, "s2:1");
        world.publish(TWO, ClusterState::Final, "s2:1");
    }),
];

/// `db` runs on `s1` and `s3`.
fn conflict(world: &mut World) {
    world.peer_event(THREE, PROCESSES[0], ProcessState::Starting);
    world.peer_event(THREE, PROCESSES[0], ProcessState::Running);
    world.tick(&[TWO, THREE]);
}

/// An input, by its name.
type Try = (&'static str, fn(&mut World) -> Vec<Effect>);

const TRIES: [Try; 24] = [
    ("tick", |world| world.tick(&[TWO, THREE])),
    ("3 ticks without s2", |world| {
        let mut all = Vec::new();
        for _ in 0..3 {
            all.extend(world.tick(&[THREE]));
        }
        all
    }),
    ("tick of s2", |world| world.tick_of(TWO)),
    ("s2 restarts unnoticed", |world| {
        let mut all = world.tick(&[TWO, THREE]);
        all.clear();
        world.counter = 0;
        all.extend(world.tick_of(TWO));
        all
    }),
    ("s2 unreachable", |world| {
        let mut all = world.step(Input::Unreachable(TWO));
        all.extend(world.tick(&[THREE]));
        all
    }),
    ("s3 unreachable", |world| {
        let mut all = world.step(Input::Unreachable(THREE));
        all.extend(world.tick(&[TWO]));
        all
    }),
    ("s2 in ELECTION", |world| {
        world.publish(TWO, ClusterState::Election, "s2:1")
    }),
    ("s2 in DISTRIBUTION", |world| {
        world.publish(TWO, ClusterState::Distribution, "s2:1")
    }),
    ("s2 in CONCILIATION", |world| {
        world.publish(TWO, ClusterState::Conciliation, "s2:1")
    }),
    ("s2 in RESTARTING", |world| {
        world.publish(TWO, ClusterState::Restarting, "s2:1")
    }),
    ("s2 in FINAL", |world| {
        world.publish(TWO, ClusterState::Final, "s2:1")
    }),
    ("two Masters", |world| {
        let mut all = world.publish(THREE, ClusterState::Operation, "s3:1");
        all.extend(world.tick(&[TWO, THREE]));
        all
    }),
    ("answer of s2", |world| {
        world.answer(TWO, ClusterState::Election, "")
    }),
    ("db STARTING here", |world| {
        world.local_event(PROCESSES[0], ProcessState::Starting)
    }),
    ("db FATAL here", |world| {
        world.local_event(PROCESSES[0], ProcessState::Fatal)
    }),
    ("db STARTING on s2", |world| {
        world.peer_event(TWO, PROCESSES[0], ProcessState::Starting)
    }),
    ("conflict", |world| {
        let all = world.peer_event(TWO, PROCESSES[0], ProcessState::Running);
        let mut all: Vec<Effect> = all;
        all.extend(world.tick(&[TWO, THREE]));
        all
    }),
    ("ask start_application", |world| {
        world.ask(Request::StartApplication(
            StartingStrategy::Config,
            "app".into(),
            Wait::No,
        ))
    }),
    ("ask stop_process", |world| {
        let name = Namespec::Process(ProcessName::new("app", "db"));
        world.ask(Request::StopProcess(name, Wait::Yes))
    }),
    ("ask conciliate", |world| {
        world.ask(Request::Conciliate(ConciliationStrategy::Stop, None))
    }),
    ("ask restart_sequence", |world| {
        world.ask(Request::RestartSequence(Wait::No))
    }),
    ("ask restart", |world| {
        world.ask(Request::Close(Closing::Restart))
    }),
    ("ask shutdown", |world| {
        world.ask(Request::Close(Closing::Shutdown))
    }),
    ("ask end_sync", |world| {
        world.ask(Request::EndSync(String::new()))
    }),
];

fn grid() -> String {
    let mut text = String::from(
        "# Every state of the cluster, every input: what is published to whom, asked, answered,\n\
         # and the state after it if that changed. s1 is the local instance, synchro_options is\n\
         # STRICT, app has db (1) and web (2), the conciliation strategy is USER.\n",
    );
    for (name, reach) in PHASES {
        text.push_str(&format!("\n{name}\n"));
        let mut world = World::new(SyncOption::Strict);
        reach(&mut world);
        for (label, input) in TRIES {
            let mut after = world.clone();
            let mut line = told(&input(&mut after)).join("; ");
            let (old, new) = (world.cluster.state(), after.cluster.state());
            if old != new {
                line.push_str(&format!(" -> {new}"));
            }
            let line = if line.is_empty() { "-" } else { line.trim() };
            text.push_str(&format!("  {label:<22} {line}\n"));
        }
    }
    text
}

#[test]
fn the_phases_are_what_they_are_called() {
    for (name, reach) in PHASES {
        let mut world = World::new(SyncOption::Strict);
        reach(&mut world);
        let (state, role) = name.split_once(", ").unwrap_or((name, ""));
        assert_eq!(world.cluster.state().name(), state, "{name}");
        assert_eq!(
            world.cluster.is_master(),
            role == "Master" || role == "not stable",
            "{name}"
        );
    }
}

#[test]
fn grid_is_as_told() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("traces/grid.txt");
    let happened = grid();
    if env::var_os("UPDATE_TRACES").is_some() {
        fs::write(&path, &happened).expect("written");
    }
    let told = fs::read_to_string(&path).expect("traces/grid.txt");
    let difference = told
        .lines()
        .zip(happened.lines())
        .find(|(told, happened)| told != happened);
    assert_eq!(difference, None, "UPDATE_TRACES=1 accepts it");
    assert_eq!(told.lines().count(), happened.lines().count());
}
