//! What must hold.

use visord_cluster::Cluster;
use visord_cluster::identity::InstanceId;
use visord_cluster::input::Closing;
use visord_cluster::state::{ApplicationState, ClusterState, InstanceState};
use visord_model::name::ProcessName;

use crate::fault::Fault;
use crate::node::Node;
use crate::world::{World, id};

/// After each step of a node: of two instances that see each other RUNNING, at most one acts as
/// Master; nobody is ISOLATED without `auto_fence`.
///
/// # Errors
///
/// What does not hold.
pub fn always(world: &World, node: usize) -> Result<(), String> {
    let Some(cluster) = &world.nodes[node].cluster else {
        return Ok(());
    };
    let isolated = cluster.view().in_state(InstanceState::Isolated).next();
    if let Some(peer) = isolated.filter(|_| !world.scenario.options.auto_fence) {
        return Err(format!("s{} isolates s{}", node + 1, peer.0 + 1));
    }
    if !acts(cluster) {
        return Ok(());
    }
    for (other, peer) in up(world) {
        let both = other != node && acts(peer);
        if both && sees(cluster, other) && sees(peer, node) {
            let (a, b) = (node + 1, other + 1);
            return Err(format!("s{a} and s{b} are both Master"));
        }
    }
    Ok(())
}

/// A start that an instance asks for keeps the load of the machine within 100.
///
/// # Errors
///
/// The load.
pub fn start(
    world: &World,
    node: usize,
    on: InstanceId,
    process: &ProcessName,
) -> Result<(), String> {
    let Some(cluster) = &world.nodes[node].cluster else {
        return Ok(());
    };
    let view = cluster.view();
    let expected = view
        .process(process)
        .map_or(0, |it| it.rules.expected_loading);
    let load = view.node_load(view.node(on)) + expected;
    if load > 100 {
        return Err(format!("load {load} by {process}"));
    }
    Ok(())
}

/// When all faults are over: all instances that live agree, in OPERATION, on who runs, who is
/// Master and what runs where; what they see is true; conflicts are gone; what should run does.
///
/// # Errors
///
/// What does not hold.
pub fn settled(world: &World) -> Result<(), String> {
    let alive: Vec<usize> = up(world).map(|(number, _)| number).collect();
    let mut master = None;
    for (number, cluster) in up(world) {
        let name = format!("s{}", number + 1);
        let state = cluster.state();
        if state != ClusterState::Operation {
            return Err(format!("{name} is in {state}"));
        }
        for peer in 0..world.nodes.len() {
            let seen = cluster.view().instance(id(peer)).state();
            let expected = if alive.contains(&peer) {
                InstanceState::Running
            } else {
                InstanceState::Stopped
            };
            if seen != expected {
                return Err(format!("{name} sees s{} {seen}", peer + 1));
            }
        }
        let own = cluster.modes(world.nodes[number].moment(0)).master;
        if *master.get_or_insert_with(|| own.clone()) != own {
            return Err(format!("{name} has Master {own}"));
        }
        if !world.nodes[number].asked.is_empty() {
            return Err(format!("{name} owes an answer"));
        }
        if cluster.jobs().is_starting() || cluster.jobs().is_stopping() {
            return Err(format!("{name} still has jobs"));
        }
        processes(world, &alive, number, cluster)?;
    }
    truth(world, &alive)
}

/// Each instance knows of each process where it runs.
fn processes(
    world: &World,
    alive: &[usize],
    number: usize,
    cluster: &Cluster,
) -> Result<(), String> {
    for (index, program) in world.scenario.programs.iter().enumerate() {
        let Some(process) = cluster.view().process(&program.name) else {
            return Err(format!("s{} does not know {}", number + 1, program.name));
        };
        let mut seen: Vec<usize> = process.running().iter().map(|it| it.0 as usize).collect();
        seen.sort_unstable();
        let runs = |node: &&usize| world.nodes[**node].host.state(index).is_running();
        let real: Vec<usize> = alive.iter().filter(runs).copied().collect();
        if seen != real {
            let (who, name) = (number + 1, &program.name);
            return Err(format!("s{who} sees {name} on {seen:?}, not {real:?}"));
        }
    }
    Ok(())
}

/// No managed process runs twice, none that can run has failed, and what an application needs runs
/// as long as the application does. An application of which nothing runs counts as stopped by a
/// user (spec cluster 5.5).
fn truth(world: &World, alive: &[usize]) -> Result<(), String> {
    let programs = world.scenario.programs.iter().enumerate();
    for (index, program) in programs.filter(|(_, it)| !it.autostart) {
        let name = &program.name;
        let runs = |node: &&usize| world.nodes[**node].host.state(index).is_running();
        let count = alive.iter().filter(runs).count();
        if count > 1 {
            return Err(format!("{name} runs {count} times"));
        }
        if count == 1 || program.broken {
            continue;
        }
        let master = up(world).find(|(_, cluster)| cluster.is_master());
        let Some((_, master)) = master else {
            return Err("no Master".into());
        };
        let view = master.view();
        let (Some(process), Some(application)) =
            (view.process(name), view.application(&name.group))
        else {
            return Err(format!("the Master does not know {name}"));
        };
        let state = process.displayed_state();
        // an election drops the second half of a restart, as in the original; then nothing of
        // the application runs, unless somebody starts a part of it
        let missing = process.rules.required
            && application.state() != ApplicationState::Stopped
            && !disturbed(world);
        if process.is_failed() || application.is_never_started() || missing {
            return Err(format!("{name} is {state}"));
        }
    }
    Ok(())
}

/// Whether somebody restarts something, or starts a part of an application.
fn disturbed(world: &World) -> bool {
    let mut faults = world.scenario.faults.iter();
    faults.any(|(_, fault)| matches!(fault, Fault::Start(..) | Fault::Ask(..)))
}

/// The cluster was closed: every supervisord has ended, or started again.
///
/// # Errors
///
/// Who has not.
pub fn closed(world: &World) -> Result<(), String> {
    let wanted = world.scenario.closing;
    let open = world.closed.iter().position(|how| *how != wanted);
    if let Some(number) = open {
        return Err(format!("s{} did not close", number + 1));
    }
    match wanted {
        Some(Closing::Restart) => {
            let alive: Vec<usize> = up(world).map(|(number, _)| number).collect();
            if alive.len() == world.nodes.len() {
                Ok(())
            } else {
                Err("not all are back".into())
            }
        }
        Some(Closing::Shutdown) | None => Ok(()),
    }
}

fn up(world: &World) -> impl Iterator<Item = (usize, &Cluster)> {
    let all = world.nodes.iter().enumerate();
    all.filter_map(|(number, node): (usize, &Node)| Some((number, node.cluster.as_ref()?)))
}

/// It is Master and does what only a Master may.
fn acts(cluster: &Cluster) -> bool {
    let state = matches!(
        cluster.state(),
        ClusterState::Distribution | ClusterState::Operation | ClusterState::Conciliation
    );
    state && cluster.is_master()
}

fn sees(cluster: &Cluster, peer: usize) -> bool {
    cluster.view().instance(id(peer)).state() == InstanceState::Running
}
