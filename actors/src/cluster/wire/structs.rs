//! The structures of answers and publications (spec cluster 7.4), to and from values.
//!
//! Keys and their order, and what is an int and what a double, are the original's: the order shows
//! in JSON.

use std::sync::Arc;

use visord_cluster::message::{LocalProcess, StateModes};
use visord_cluster::options::Strategies;
use visord_cluster::state::{ClusterState, InstanceState};
use visord_cluster::strategy::{ClusterFailureStrategy, ConciliationStrategy, StartingStrategy};
use visord_model::name::ProcessName;
use visord_model::state::ProcessState;
use visord_xmlrpc::Value;

use super::error::WireError;
use super::fields::{Fields, Read};

mod network;
mod process;
mod statistics;

pub use network::{NetworkInfo, network, read_network};
pub use process::{
    application, application_rules, identity, inner_process, prediction, process, process_rules,
};
pub(super) use statistics::{host_sample, process_sample, read_host_sample, read_process_sample};

/// A list of texts.
pub(super) fn texts<'a>(texts: impl IntoIterator<Item = &'a Arc<str>>) -> Value {
    texts.into_iter().map(|text| &**text).collect()
}

/// The one item of an answer that is a list: methods that take an identifier answer one, since it
/// may name several instances.
///
/// # Errors
/// It is not a list of exactly one.
pub fn only(answer: &Value) -> Read<&Value> {
    match answer.as_array() {
        Some([one]) => Ok(one),
        Some(_) | None => Err(WireError::Wrong {
            of: "the message",
            what: "the answer",
            expected: "a list of exactly one",
        }),
    }
}

/// Whole seconds of a time, as where the original has an int.
pub(super) fn whole(time: f64) -> Value {
    // saturates
    Value::Int(time as i64)
}

/// `get_strategies`.
pub fn strategies(strategies: Strategies) -> Value {
    Value::structure([
        ("auto-fencing", Value::Bool(strategies.auto_fence)),
        ("starting", strategies.starting.name().into()),
        ("conciliation", strategies.conciliation.name().into()),
        ("supvisors_failure", strategies.failure.name().into()),
    ])
}

/// What a peer answers to `get_strategies`.
///
/// # Errors
/// It has other keys than these four, or unknown names: such a peer is not consistent with us (spec
/// cluster 8.4).
pub fn read_strategies(answer: &Value) -> Read<Strategies> {
    let fields = Fields::new(answer, "strategies")?;
    if answer.as_struct().is_some_and(|members| members.len() != 4) {
        return Err(fields.wrong("the number of keys", "4"));
    }
    Ok(Strategies {
        auto_fence: fields.flag("auto-fencing")?,
        starting: fields.name("starting", StartingStrategy::from_name)?,
        conciliation: fields.name("conciliation", ConciliationStrategy::from_name)?,
        failure: fields.name("supvisors_failure", ClusterFailureStrategy::from_name)?,
    })
}

/// `get_instance_info`: how an instance is seen.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceInfo {
    /// `host:port`.
    pub identifier: Arc<str>,
    /// Its nick.
    pub nick: Arc<str>,
    /// The host part of its identifier.
    pub host: Arc<str>,
    /// TCP port of its HTTP server.
    pub port: u16,
    /// Its state.
    pub state: InstanceState,
    /// Load of what runs there, percent.
    pub loading: u32,
    /// It is RUNNING and one of its processes is FATAL or has exited unexpectedly.
    pub process_failure: bool,
    /// Number of its last TICK.
    pub remote_counter: u64,
    /// When it sent its last TICK by its clocks: seconds since 1970, monotonic seconds.
    pub remote: (i64, f64),
    /// Number of our TICK when its last one came.
    pub local_counter: u64,
    /// When its last TICK came by our clocks.
    pub local: (i64, f64),
}

/// A counter as an int.
pub(super) fn counter(number: u64) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

/// One item of `get_instance_info`.
pub fn instance(info: &InstanceInfo) -> Value {
    Value::structure([
        ("identifier", Value::from(&*info.identifier)),
        ("nick_identifier", (*info.nick).into()),
        ("node_name", (*info.host).into()),
        ("port", u32::from(info.port).into()),
        ("statecode", info.state.code().into()),
        ("statename", info.state.name().into()),
        ("loading", info.loading.into()),
        ("process_failure", info.process_failure.into()),
        ("remote_sequence_counter", counter(info.remote_counter)),
        ("remote_time", info.remote.0.into()),
        ("remote_mtime", info.remote.1.into()),
        ("local_sequence_counter", counter(info.local_counter)),
        ("local_time", info.local.0.into()),
        ("local_mtime", info.local.1.into()),
    ])
}

/// One item of `get_instance_info`.
///
/// # Errors
/// See [`WireError`]; an unknown state among them.
pub fn read_instance(item: &Value) -> Read<InstanceInfo> {
    let fields = Fields::new(item, "instance")?;
    Ok(InstanceInfo {
        identifier: fields.text("identifier")?.into(),
        nick: fields.text("nick_identifier")?.into(),
        host: fields.text_or_empty("node_name")?.into(),
        port: fields.int("port")?,
        state: fields.code("statecode", InstanceState::from_code)?,
        loading: fields.or("loading", 0, Fields::int)?,
        process_failure: fields.or("process_failure", false, Fields::flag)?,
        remote_counter: fields.or("remote_sequence_counter", 0, Fields::int)?,
        remote: times(fields, "remote_time", "remote_mtime")?,
        local_counter: fields.or("local_sequence_counter", 0, Fields::int)?,
        local: times(fields, "local_time", "local_mtime")?,
    })
}

/// The state in one item of `get_instance_info`, whatever else it holds; `None` if it does not exist.
///
/// # Errors
/// See [`WireError`].
pub fn read_statecode(item: &Value) -> Read<Option<InstanceState>> {
    let code = Fields::new(item, "instance")?.int("statecode")?;
    Ok(InstanceState::from_code(code))
}

fn times(fields: Fields<'_>, unix: &'static str, mono: &'static str) -> Read<(i64, f64)> {
    let unix = fields.or(unix, 0.0, Fields::float)?;
    Ok((unix as i64, fields.or(mono, 0.0, Fields::float)?))
}

/// How an instance sees the cluster: `get_instance_state_modes` and STATE.
pub fn state_modes(modes: &StateModes) -> Value {
    modes_with(
        modes,
        modes.starting_jobs.into(),
        modes.stopping_jobs.into(),
    )
}

/// `get_supvisors_state`: as [`state_modes`], with the identifiers of all instances that start and
/// stop processes.
pub fn cluster_state(modes: &StateModes, starting: &[Arc<str>], stopping: &[Arc<str>]) -> Value {
    modes_with(modes, texts(starting), texts(stopping))
}

fn modes_with(modes: &StateModes, starting: Value, stopping: Value) -> Value {
    let instances = modes.instances.iter();
    let instances = instances.map(|(identifier, state)| (&**identifier, state.name()));
    Value::structure([
        ("identifier", Value::from(&*modes.identifier)),
        ("nick_identifier", (*modes.nick).into()),
        ("now_monotonic", modes.now_monotonic.into()),
        ("fsm_statecode", modes.state.code().into()),
        ("fsm_statename", modes.state.name().into()),
        ("degraded_mode", modes.degraded.into()),
        ("discovery_mode", modes.discovery.into()),
        ("master_identifier", (*modes.master).into()),
        ("starting_jobs", starting),
        ("stopping_jobs", stopping),
        ("instance_states", Value::structure(instances)),
    ])
}

/// What [`state_modes`] makes.
///
/// # Errors
/// See [`WireError`].
pub fn read_state_modes(value: &Value) -> Read<StateModes> {
    let fields = Fields::new(value, "state")?;
    let known = |value: &Value| InstanceState::from_name(value.as_str()?);
    let instances = fields.map("instance_states", "names of instance states", known)?;
    Ok(StateModes {
        identifier: fields.text("identifier")?.into(),
        nick: fields.text("nick_identifier")?.into(),
        now_monotonic: fields.float("now_monotonic")?,
        state: fields.code("fsm_statecode", ClusterState::from_code)?,
        degraded: fields.or("degraded_mode", false, Fields::flag)?,
        discovery: fields.or("discovery_mode", false, Fields::flag)?,
        master: fields.text("master_identifier")?.into(),
        starting_jobs: fields.flag("starting_jobs")?,
        stopping_jobs: fields.flag("stopping_jobs")?,
        instances: instances
            .into_iter()
            .map(|(identifier, state)| (identifier.into(), state))
            .collect(),
    })
}

/// One item of `get_all_local_process_info`; ADDED and DISABILITY. Times of the wall clock are
/// whole seconds.
pub fn local_process(process: &LocalProcess) -> Value {
    Value::structure([
        ("name", Value::from(&*process.name.process)),
        ("group", (*process.name.group).into()),
        ("state", process.state.code().into()),
        ("statename", process.state.name().into()),
        ("start", whole(process.start)),
        ("stop", whole(process.stop)),
        ("now", whole(process.now)),
        ("pid", process.pid.into()),
        ("description", (&process.description).into()),
        ("spawnerr", (&process.spawnerr).into()),
        ("expected", process.expected.into()),
        ("start_monotonic", process.start_monotonic.into()),
        ("stop_monotonic", process.stop_monotonic.into()),
        ("now_monotonic", process.now_monotonic.into()),
        ("extra_args", (&process.extra_args).into()),
        ("startsecs", process.startsecs.into()),
        ("stopwaitsecs", process.stopwaitsecs.into()),
        ("process_index", process.process_index.into()),
        ("program_name", (*process.program).into()),
        ("disabled", process.disabled.into()),
        ("has_stdout", process.has_stdout.into()),
        ("has_stderr", process.has_stderr.into()),
    ])
}

/// What [`local_process`] makes.
///
/// # Errors
/// See [`WireError`]. Group, name, state, pid, program and the times of the record are needed.
pub fn read_local_process(value: &Value) -> Read<LocalProcess> {
    let fields = Fields::new(value, "process")?;
    let time = |key| fields.or(key, 0.0, Fields::float);
    Ok(LocalProcess {
        name: ProcessName::new(fields.text("group")?, fields.text("name")?),
        state: fields.code("state", ProcessState::from_code)?,
        start: time("start")?,
        stop: time("stop")?,
        now: fields.float("now")?,
        start_monotonic: time("start_monotonic")?,
        stop_monotonic: time("stop_monotonic")?,
        now_monotonic: fields.float("now_monotonic")?,
        pid: fields.int("pid")?,
        description: fields.text_or_empty("description")?.to_owned(),
        spawnerr: fields.text_or_empty("spawnerr")?.to_owned(),
        expected: fields.or("expected", true, Fields::flag)?,
        extra_args: fields.text_or_empty("extra_args")?.to_owned(),
        startsecs: fields.or("startsecs", 0, Fields::int)?,
        stopwaitsecs: fields.or("stopwaitsecs", 0, Fields::int)?,
        process_index: fields.or("process_index", 0, Fields::int)?,
        program: fields.text("program_name")?.into(),
        disabled: fields.or("disabled", false, Fields::flag)?,
        has_stdout: fields.or("has_stdout", false, Fields::flag)?,
        has_stderr: fields.or("has_stderr", false, Fields::flag)?,
    })
}

/// A list of [`local_process`] items.
///
/// # Errors
/// See [`WireError`]; one wrong item is enough.
pub fn read_local_processes(answer: &Value) -> Read<Vec<LocalProcess>> {
    let items = answer.as_array().ok_or(WireError::Wrong {
        of: "the message",
        what: "the answer",
        expected: "a list",
    })?;
    items.iter().map(read_local_process).collect()
}
