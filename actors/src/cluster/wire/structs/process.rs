//! Applications and processes as clients see them (spec cluster 7.4).

use visord_cluster::effect::Prediction;
use visord_cluster::identity::InstanceId;
use visord_cluster::view::View;
use visord_cluster::view::application::Application;
use visord_cluster::view::mapper::Mapper;
use visord_cluster::view::process::{Process, Record};
use visord_model::moment::Moment;
use visord_model::state::ProcessState;
use visord_xmlrpc::Value;

use super::{local_process, texts};
use crate::cluster::LocalTime;

fn monotonic(now: Moment) -> Value {
    now.mono.0.as_secs_f64().into()
}

/// One item of `get_core_identifiers`, and `get_master_identifier`.
pub fn identity(mapper: &Mapper, id: InstanceId) -> Value {
    let identity = mapper.identity(id);
    Value::structure([
        ("identifier", &*identity.identifier),
        ("nick_identifier", &*identity.nick),
    ])
}

/// The identifiers of instances.
fn identifiers(mapper: &Mapper, ids: &[InstanceId]) -> Value {
    texts(ids.iter().map(|id| mapper.identifier(*id)))
}

/// `get_application_info`.
pub fn application(application: &Application, now: Moment) -> Value {
    let state = application.state();
    Value::structure([
        ("application_name", Value::from(&*application.name)),
        ("managed", application.rules.managed.into()),
        ("now_monotonic", monotonic(now)),
        ("statecode", state.code().into()),
        ("statename", state.name().into()),
        ("major_failure", application.major_failure().into()),
        ("minor_failure", application.minor_failure().into()),
    ])
}

/// `get_application_rules`: an application that is not managed has none.
pub fn application_rules(application: &Application) -> Value {
    let rules = &application.rules;
    let mut members = vec![("managed", Value::from(rules.managed))];
    if rules.managed {
        members.extend([
            ("distribution", rules.distribution.name().into()),
            ("identifiers", texts(&rules.placement.identifiers)),
            ("start_sequence", rules.start_sequence.into()),
            ("stop_sequence", rules.stop_sequence.into()),
            ("starting_strategy", rules.starting_strategy.name().into()),
            (
                "starting_failure_strategy",
                rules.starting_failure.name().into(),
            ),
            (
                "running_failure_strategy",
                rules.running_failure.name().into(),
            ),
            ("status_formula", (&rules.status_formula).into()),
        ]);
    }
    members.push(("application_name", (*application.name).into()));
    Value::structure(members)
}

/// One item of `get_process_info`: the state that is shown.
pub fn process(process: &Process, mapper: &Mapper, now: Moment) -> Value {
    let state = process.displayed_state();
    Value::structure([
        ("application_name", Value::from(&*process.name.group)),
        ("process_name", (*process.name.process).into()),
        ("now_monotonic", monotonic(now)),
        ("statecode", state.code().into()),
        ("statename", state.name().into()),
        ("expected_exit", process.expected_exit().into()),
        ("last_event_mtime", process.last_event().into()),
        ("identifiers", identifiers(mapper, process.running())),
        ("extra_args", process.extra_args().into()),
    ])
}

/// One item of `get_process_rules`.
pub fn process_rules(process: &Process) -> Value {
    let rules = &process.rules;
    Value::structure([
        ("identifiers", texts(&rules.placement.identifiers)),
        ("start_sequence", rules.start_sequence.into()),
        ("stop_sequence", rules.stop_sequence.into()),
        ("required", rules.required.into()),
        ("wait_exit", rules.wait_exit.into()),
        ("expected_loading", rules.expected_loading.into()),
        (
            "starting_failure_strategy",
            rules.starting_failure.name().into(),
        ),
        (
            "running_failure_strategy",
            rules.running_failure.name().into(),
        ),
        ("application_name", (*process.name.group).into()),
        ("process_name", (*process.name.process).into()),
    ])
}

/// One item of `get_inner_process_info`: what is kept here of a process on an instance.
pub fn inner_process(view: &View, on: InstanceId, record: &Record, local_time: LocalTime) -> Value {
    let Value::Struct(mut members) = local_process(&record.info) else {
        return Value::Nil;
    };
    let info = &record.info;
    let description = record.description(&local_time);
    for (key, value) in &mut members {
        match key.as_str() {
            "description" => *value = description.as_str().into(),
            "start" => *value = seconds(info.start),
            "stop" => *value = seconds(info.stop),
            "now" => *value = seconds(info.now),
            _ => {}
        }
    }
    let runs = matches!(info.state, ProcessState::Running | ProcessState::Stopping);
    let uptime = match runs {
        true => Value::from(record.uptime),
        false => Value::Int(0),
    };
    let mut add = |key: &str, value: Value| members.push((key.to_owned(), value));
    add("local_mtime", record.local_mtime.into());
    add("event_time", record.event_time.into());
    add("uptime", uptime);
    add("has_crashed", record.has_crashed.into());
    if record.by_event {
        let identity = view.mapper.identity(on);
        add("identifier", (*identity.identifier).into());
        add("nick_identifier", (*identity.nick).into());
    }
    Value::Struct(members)
}

/// Seconds since 1970: exact ones come from an event, whole ones from elsewhere.
fn seconds(time: f64) -> Value {
    match time.fract() == 0.0 {
        true => super::whole(time),
        false => time.into(),
    }
}

/// One item of `test_start_process` and `test_start_application`.
pub fn prediction(prediction: &Prediction, mapper: &Mapper) -> Value {
    let running = identifiers(mapper, &prediction.running);
    Value::structure([
        ("application_name", Value::from(&*prediction.process.group)),
        ("process_name", (*prediction.process.process).into()),
        ("state", prediction.state.name().into()),
        ("forced_reason", (&prediction.forced_reason).into()),
        ("running_identifiers", running),
    ])
}
