//! What the cluster is and does (spec cluster 7.2), read from the Coordinator. They answer while
//! the daemon is closing, too: peers ask until the end.

use std::collections::BTreeMap;
use std::sync::Arc;

use visord_actors::cluster::coordinator::Known;
use visord_actors::cluster::wire::structs::{self, InstanceInfo};
use visord_cluster::identity::InstanceId;
use visord_cluster::message::StateModes;
use visord_cluster::request::{DISTRIBUTED, find_application, find_processes};
use visord_cluster::state::ClusterState;
use visord_cluster::view::process::Process;
use visord_model::fault::{Fault, FaultCode};
use visord_model::name::Namespec;
use visord_xmlrpc::Value;

use super::{API_VERSION, APPLICATION, IDENTIFIER, NAMESPEC, cluster, read, reply, status};
use crate::rpc::method::Run::Now;
use crate::rpc::method::{Args, Method, Run, later, view};
use crate::rpc::reply::{Outcome, Reply};
use crate::state::AppState;

/// A value, or the fault.
type Read = Result<Value, Fault>;

const LIST: &[&str] = &["list[dict[str, Any]]"];
const LIST_OF: &[&str] = &["list[dict[str, Any]]", "str"];
const STRUCT_OF: &[&str] = &["dict[str, Any]", "str"];

const STATE: &str = "array states one struct for each instance: identifier, nick_identifier, \
     now_monotonic, fsm_statecode, fsm_statename, degraded_mode, discovery_mode, \
     master_identifier, starting_jobs, stopping_jobs, instance_states";
const INSTANCE: &str = "array instances one struct for each: identifier, nick_identifier, \
     node_name, port, statecode, statename, loading, process_failure, and number and times of its \
     last TICK";
const APPLICATION_INFO: &str = "struct application application_name, managed, now_monotonic, \
     statecode, statename, major_failure, minor_failure";
const PROCESS: &str = "array processes one struct for each: application_name, process_name, \
     now_monotonic, statecode, statename, expected_exit, last_event_mtime, identifiers, extra_args";
const INNER: &str = "array records one struct for each process, as of get_local_process_info, \
     and when the instance said so";

const fn status_method(name: &'static str, run: Run) -> Method {
    view(name, run).while_closing()
}

/// The reads.
pub const METHODS: &[Method] = &[
    status_method("get_api_version", Now(|_, _| Ok(Reply::of(API_VERSION))))
        .help("Which version of Supvisors this namespace behaves as.")
        .returns("string version the release")
        .signed(&["str"]),
    status_method("get_supvisors_state", later!(status, supvisors_state))
        .help("The state of the cluster, and which instances start and stop processes.")
        .returns(
            "struct state as of get_instance_state_modes; starting_jobs and stopping_jobs are \
             arrays of identifiers",
        )
        .signed(&["dict[str, Any]"]),
    status_method("get_all_instances_state_modes", later!(status, all_states))
        .help("The state of the cluster as each instance sees it, by identifier.")
        .returns(STATE)
        .unsigned(),
    status_method("get_instance_state_modes", later!(status, states_of))
        .help("The state of the cluster as an instance sees it.")
        .takes(&[IDENTIFIER])
        .returns(STATE)
        .unsigned(),
    status_method("get_master_identifier", later!(status, master))
        .help("Which instance is the Master.")
        .returns("struct master identifier, nick_identifier; empty if there is none")
        .unsigned(),
    status_method("get_core_identifiers", later!(status, core))
        .help("The core instances.")
        .returns("array instances one struct for each: identifier, nick_identifier")
        .unsigned(),
    status_method("get_strategies", later!(status, strategies))
        .help("The options that all instances share.")
        .returns("struct strategies auto-fencing, starting, conciliation, supvisors_failure")
        .unsigned(),
    status_method("get_network_info", later!(status, network_of))
        .help("What an instance says of itself and its machine.")
        .takes(&[IDENTIFIER])
        .returns(
            "array instances one struct for each: identifier, nick_identifier, host_id, \
             http_port, stereotypes, network",
        )
        .unsigned(),
    status_method("get_all_instances_info", later!(status, all_instances))
        .help("How this instance sees all instances, by identifier.")
        .returns(INSTANCE)
        .signed(LIST),
    status_method("get_instance_info", later!(instances_of))
        .help("How this instance sees an instance.")
        .takes(&[IDENTIFIER])
        .returns(INSTANCE)
        .unsigned(),
    status_method(
        "get_all_applications_info",
        later!(status, all_applications),
    )
    .help("All applications.")
    .returns("array applications one struct as of get_application_info for each")
    .signed(LIST),
    status_method("get_application_info", later!(status, application))
        .help("The state of an application.")
        .takes(&[APPLICATION])
        .returns(APPLICATION_INFO)
        .signed(STRUCT_OF),
    status_method("get_application_rules", later!(status, application_rules))
        .help("What the rules files say of an application.")
        .takes(&[APPLICATION])
        .returns("struct rules application_name, managed; if it is managed also its rules")
        .signed(STRUCT_OF),
    status_method("get_all_process_info", later!(status, all_processes))
        .help("All processes, with all instances together.")
        .returns(PROCESS)
        .signed(LIST),
    status_method("get_process_info", later!(status, processes_of))
        .help("A process, or all of a group, with all instances together.")
        .takes(&[NAMESPEC])
        .returns(PROCESS)
        .signed(LIST_OF),
    status_method("get_process_rules", later!(status, process_rules))
        .help("What the rules files say of a process, or of all of a group.")
        .takes(&[NAMESPEC])
        .returns("array rules one struct for each process")
        .signed(LIST_OF),
    status_method("get_conflicts", later!(status, conflicts))
        .help("The processes of managed applications that run on several instances.")
        .returns(PROCESS)
        .signed(LIST),
    status_method("get_all_inner_process_info", later!(status, all_records))
        .help("What is kept here of the processes of an instance.")
        .takes(&[IDENTIFIER])
        .returns(INNER)
        .signed(LIST_OF),
    status_method("get_inner_process_info", later!(status, records_of))
        .help("What is kept here of a process, or of all of a group, of an instance.")
        .takes(&[IDENTIFIER, NAMESPEC])
        .returns(INNER)
        .signed(&["list[dict[str, Any]]", "str", "str"]),
];

/// The instances that the first argument names.
fn named(known: &Known<'_>, args: &Args) -> Result<Vec<InstanceId>, Fault> {
    let name = args.printed(0);
    let found = known.cluster.view().resolve(&[name.as_str().into()]);
    if found.is_empty() {
        let text = format!("identifier={name} is unknown to Supvisors");
        return Err(FaultCode::BadName.about(text));
    }
    Ok(found)
}

/// All instances, by identifier.
fn sorted(known: &Known<'_>) -> Vec<InstanceId> {
    let mapper = &known.cluster.view().mapper;
    let mut all: Vec<InstanceId> = mapper.ids().collect();
    all.sort_by_key(|id| mapper.identifier(*id));
    all
}

fn distributed(known: &Known<'_>) -> Result<(), Fault> {
    known.cluster.expect_state(DISTRIBUTED)
}

/// How an instance sees the cluster: OFF before it has said so.
fn modes(known: &Known<'_>, id: InstanceId) -> StateModes {
    let view = known.cluster.view();
    let local = known.cluster.modes(known.now);
    if id == view.local() {
        return local;
    }
    let identity = view.mapper.identity(id);
    let (identifier, nick) = (Arc::clone(&identity.identifier), Arc::clone(&identity.nick));
    let now_monotonic = local.now_monotonic;
    match view.instance(id).modes() {
        Some(modes) => StateModes {
            identifier,
            nick,
            now_monotonic,
            ..StateModes::clone(modes)
        },
        None => StateModes {
            identifier,
            nick,
            now_monotonic,
            state: ClusterState::Off,
            degraded: false,
            discovery: false,
            master: Arc::from(""),
            starting_jobs: false,
            stopping_jobs: false,
            instances: BTreeMap::new(),
        },
    }
}

fn states(known: &Known<'_>, ids: &[InstanceId]) -> Value {
    let all = ids
        .iter()
        .map(|id| structs::state_modes(&modes(known, *id)));
    all.collect()
}

fn supvisors_state(known: &Known<'_>, _: &Args) -> Read {
    let view = known.cluster.view();
    let local = known.cluster.modes(known.now);
    let with = |has: fn(&StateModes) -> bool| -> Vec<Arc<str>> {
        let all = view.instances();
        let busy = all.filter(|(id, it)| match *id == view.local() {
            true => has(&local),
            false => it.modes().is_some_and(|modes| has(modes)),
        });
        let names = busy.map(|(id, _)| view.mapper.identifier(id));
        names.cloned().collect()
    };
    let (starting, stopping) = (with(|it| it.starting_jobs), with(|it| it.stopping_jobs));
    Ok(structs::cluster_state(&local, &starting, &stopping))
}

fn all_states(known: &Known<'_>, _: &Args) -> Read {
    Ok(states(known, &sorted(known)))
}

fn states_of(known: &Known<'_>, args: &Args) -> Read {
    Ok(states(known, &named(known, args)?))
}

fn master(known: &Known<'_>, _: &Args) -> Read {
    let mapper = &known.cluster.view().mapper;
    let master = known.cluster.master();
    Ok(master.map_or_else(
        || Value::Struct(Vec::new()),
        |id| structs::identity(mapper, id),
    ))
}

fn core(known: &Known<'_>, _: &Args) -> Read {
    let view = known.cluster.view();
    let core = view.core(known.cluster.options());
    let core = core.into_iter();
    Ok(core.map(|id| structs::identity(&view.mapper, id)).collect())
}

fn strategies(known: &Known<'_>, _: &Args) -> Read {
    Ok(structs::strategies(known.cluster.options().strategies()))
}

fn network_of(known: &Known<'_>, args: &Args) -> Read {
    let mapper = &known.cluster.view().mapper;
    let ids = named(known, args)?.into_iter();
    Ok(ids
        .map(|id| structs::network(mapper.identity(id)))
        .collect())
}

fn instances(known: &Known<'_>, ids: &[InstanceId]) -> Value {
    let view = known.cluster.view();
    let info = |id: &InstanceId| {
        let (identity, instance) = (view.mapper.identity(*id), view.instance(*id));
        let tick = instance.last_tick();
        structs::instance(&InstanceInfo {
            identifier: Arc::clone(&identity.identifier),
            nick: Arc::clone(&identity.nick),
            host: Arc::clone(&identity.host),
            port: identity.port,
            state: instance.state(),
            loading: instance.load(),
            process_failure: instance.process_failure(),
            remote_counter: instance.remote_counter(),
            remote: tick.map_or((0, 0.0), |it| (it.when as i64, it.when_monotonic)),
            local_counter: instance.local_counter(),
            local: (instance.local_time(), instance.local_mtime()),
        })
    };
    ids.iter().map(info).collect()
}

fn all_instances(known: &Known<'_>, _: &Args) -> Read {
    Ok(instances(known, &sorted(known)))
}

/// A peer asks with its own identifier, in its handshake with this instance.
async fn instances_of(state: Arc<AppState>, args: Args) -> Outcome {
    let answer = read(&state, args, |known, args| {
        let value = instances(known, &named(known, args)?);
        let view = known.cluster.view();
        let peer = view.mapper.by_identifier(&args.printed(0));
        Ok((value, peer.filter(|id| *id != view.local())))
    });
    let (value, peer) = answer.await?;
    if let Some(peer) = peer {
        cluster(&state)?.questioned(peer);
    }
    Ok(reply(value))
}

fn all_applications(known: &Known<'_>, _: &Args) -> Read {
    distributed(known)?;
    let all = known.cluster.view().applications();
    Ok(all.map(|it| structs::application(it, known.now)).collect())
}

fn application(known: &Known<'_>, args: &Args) -> Read {
    distributed(known)?;
    let found = find_application(known.cluster.view(), &args.printed(0))?;
    Ok(structs::application(found, known.now))
}

fn application_rules(known: &Known<'_>, args: &Args) -> Read {
    distributed(known)?;
    let found = find_application(known.cluster.view(), &args.printed(0))?;
    Ok(structs::application_rules(found))
}

fn process(known: &Known<'_>, process: &Process) -> Value {
    structs::process(process, &known.cluster.view().mapper, known.now)
}

fn all_processes(known: &Known<'_>, _: &Args) -> Read {
    distributed(known)?;
    let all = known.cluster.view().processes();
    Ok(all.map(|it| process(known, it)).collect())
}

/// The processes that an argument names.
fn found<'a>(known: &'a Known<'_>, args: &Args, at: usize) -> Result<Vec<&'a Process>, Fault> {
    let view = known.cluster.view();
    let names = find_processes(view, &Namespec::parse(args.text(at)?))?;
    Ok(names.iter().filter_map(|name| view.process(name)).collect())
}

fn processes_of(known: &Known<'_>, args: &Args) -> Read {
    distributed(known)?;
    let found = found(known, args, 0)?.into_iter();
    Ok(found.map(|it| process(known, it)).collect())
}

fn process_rules(known: &Known<'_>, args: &Args) -> Read {
    distributed(known)?;
    let found = found(known, args, 0)?.into_iter();
    Ok(found.map(structs::process_rules).collect())
}

fn conflicts(known: &Known<'_>, _: &Args) -> Read {
    distributed(known)?;
    let view = known.cluster.view();
    let all = view.conflicts();
    let all = all.iter().filter_map(|name| view.process(name));
    Ok(all.map(|it| process(known, it)).collect())
}

/// What is kept of a process on an instance that declares it.
fn record(known: &Known<'_>, process: &Process, on: InstanceId) -> Option<Value> {
    let record = process.records().get(&on)?;
    let view = known.cluster.view();
    Some(structs::inner_process(view, on, record, known.local_time))
}

fn all_records(known: &Known<'_>, args: &Args) -> Read {
    let view = known.cluster.view();
    let ids = named(known, args)?;
    let records = ids.iter().flat_map(|id| {
        let declared = view.declared(*id);
        declared.filter_map(|process| record(known, process, *id))
    });
    Ok(records.collect())
}

fn records_of(known: &Known<'_>, args: &Args) -> Read {
    let ids = named(known, args)?;
    let given = args.text(1)?;
    let found = found(known, args, 1)?;
    let is_group = matches!(Namespec::parse(given), Namespec::Group(_));
    let mut values = Vec::new();
    for id in ids {
        for process in &found {
            match record(known, process, id) {
                Some(value) => values.push(value),
                // of a group only what the instance has
                None if is_group => {}
                None => {
                    let text = format!("{given} unknown on {}", args.printed(0));
                    return Err(FaultCode::Failed.about(text));
                }
            }
        }
    }
    Ok(Value::Array(values))
}
