//! What concerns the local supervisord only (spec cluster 7.2, 7.3, 12.3).

use std::sync::Arc;
use std::time::Duration;

use visord_actors::cluster::coordinator::Known;
use visord_actors::cluster::wire::structs::local_process;
use visord_cluster::request::{OPERATION, find_processes};
use visord_model::fault::{Fault, FaultCode};
use visord_model::log_line::{Level, LogLine};
use visord_model::name::Namespec;
use visord_xmlrpc::Value;

use super::{Choice, NAMESPEC, WAIT, choose, cluster, read, status};
use crate::rpc::method::Run::Now;
use crate::rpc::method::{Args, Method, Param, admin, later, operate, optional, param, view};
use crate::rpc::names::single;
use crate::rpc::reply::{Outcome, Reply};
use crate::state::AppState;

const ONE: Param = param("string namespec the process, as `name` or `group:name`");
const PROGRAM: Param = param("string program_name the program, as its section is named");
const INFO: &str = "struct process name, group, state, statename, start, stop, now, pid, \
     description, spawnerr, expected, start_monotonic, stop_monotonic, now_monotonic, extra_args, \
     startsecs, stopwaitsecs, process_index, program_name, disabled, has_stdout, has_stderr";

/// The methods.
pub const METHODS: &[Method] = &[
    view("get_all_local_process_info", later!(status, all_processes))
        .help("What the local supervisord knows of every process.")
        .returns("array processes one struct as of get_local_process_info for each")
        .while_closing()
        .signed(&["list[dict[str, Any]]"]),
    view("get_local_process_info", later!(status, process))
        .help("What the local supervisord knows of a process.")
        .takes(&[ONE])
        .returns(INFO)
        .while_closing()
        .signed(&["dict[str, Any]", "str"]),
    view("get_statistics_status", Now(statistics))
        .help("Which statistics this instance collects.")
        .returns("struct statistics boolean host_stats, process_stats; collecting_period: seconds")
        .while_closing()
        .signed(&["dict[str, Any]"]),
    operate("start_args", later!(start_args))
        .help("Start a process here, whatever its rules say.")
        .takes(&[
            NAMESPEC,
            param("string extra_args appended to the command"),
            WAIT,
        ])
        .signed(&["bool", "str", "str", "bool"]),
    admin("update_numprocs", later!(update_numprocs))
        .help("Change how many processes a program has here, until the daemon restarts.")
        .takes(&[
            PROGRAM,
            param("int numprocs how many, at least 1"),
            WAIT,
            optional("boolean lazy let those that are too many end by themselves (default false)"),
        ])
        .signed(&["bool", "str", "int", "bool", "bool"]),
    admin("enable", later!(enable))
        .help("Let the processes of a program be started here again.")
        .takes(&[PROGRAM, WAIT])
        .signed(&["bool", "str", "bool"]),
    admin("disable", later!(disable))
        .help("Stop the processes of a program here, and let nothing start them.")
        .takes(&[PROGRAM, WAIT])
        .signed(&["bool", "str", "bool"]),
    admin("change_log_level", later!(change_log_level))
        .help("Change the least important level of the log.")
        .takes(&[param("string level_param the level: name or number")])
        .signed(&["bool", "Union[str, int]"]),
    admin("enable_host_statistics", Now(enable_host))
        .help("Collect statistics of the machine here, or stop that.")
        .takes(&[param("boolean enable_host whether to")])
        .signed(&["bool", "bool"]),
    admin("enable_process_statistics", Now(enable_processes))
        .help("Collect statistics of processes here, or stop that.")
        .takes(&[param("boolean enable_process whether to")])
        .signed(&["bool", "bool"]),
    admin("update_collecting_period", Now(update_period))
        .help("Change the least time between two samples of the same here.")
        .takes(&[param("double collecting_period in seconds")])
        .signed(&["bool", "float"]),
];

fn all_processes(known: &Known<'_>, _: &Args) -> Result<Value, Fault> {
    Ok(known.local.all().iter().map(local_process).collect())
}

fn process(known: &Known<'_>, args: &Args) -> Result<Value, Fault> {
    let given = args.text(0)?;
    let found = known.local.one(&single(given)?);
    let found = found.ok_or_else(|| FaultCode::BadName.about(given))?;
    Ok(local_process(&found))
}

async fn start_args(state: Arc<AppState>, args: Args) -> Outcome {
    let (given, extra_args) = (args.text(0)?.to_owned(), args.text(1)?.to_owned());
    let wait = args.flag_or_true(2);
    let name = Namespec::parse(&given);
    let asked = name.clone();
    read(&state, args, move |known, _| {
        find_processes(known.cluster.view(), &asked).map(drop)
    })
    .await?;
    let unknown = || {
        let text = format!("namespec={given} unknown to Supervisor");
        FaultCode::BadName.about(text)
    };
    let Namespec::Process(name) = name else {
        return Err(unknown());
    };
    let started = state.link.start_with_args(name, extra_args, wait).await;
    settled(&state, wait).await;
    started
        .map(Reply::done)
        .map_err(|fault| match fault.code == FaultCode::BadName {
            true => unknown(),
            false => fault.spelled(&given),
        })
}

async fn update_numprocs(state: Arc<AppState>, args: Args) -> Outcome {
    let program = args.printed(0);
    let (wait, lazy) = (args.flag_or_true(2), args.value(3).is_truthy());
    let number = args.value(1).to_int().filter(|number| *number > 0);
    let name = program.clone();
    read(&state, args, move |known, args| {
        known.cluster.expect_state(OPERATION)?;
        if number.is_some() {
            return Ok(());
        }
        // of two faults the one about the program comes first
        let has = known.local.all().iter().any(|it| *it.program == *name);
        Err(match has {
            true => incorrect(&name, &args.printed(1)),
            false => {
                let text = format!("program={name} unknown to Supvisors");
                FaultCode::BadName.about(text)
            }
        })
    })
    .await?;
    let number = number.map_or(0, |number| u32::try_from(number).unwrap_or(u32::MAX));
    let updated = state.link.update_numprocs(program, number, lazy, wait);
    let updated = updated.await;
    settled(&state, wait).await;
    updated.map(|_| Reply::of(true))
}

fn incorrect(program: &str, numprocs: &str) -> Fault {
    let text = format!("program={program} incorrect numprocs={numprocs} - integer > 0 expected");
    FaultCode::IncorrectParameters.about(text)
}

async fn operating(state: &AppState, args: &Args) -> Result<(), Fault> {
    read(state, args.clone(), |known, _| {
        known.cluster.expect_state(OPERATION)
    })
    .await
}

/// What waits is only what the peers know: it is done at once.
async fn enable(state: Arc<AppState>, args: Args) -> Outcome {
    operating(&state, &args).await?;
    let enabled = state.link.enable_program(args.printed(0)).await;
    settled(&state, args.flag_or_true(1)).await;
    enabled.map(Reply::done)
}

async fn disable(state: Arc<AppState>, args: Args) -> Outcome {
    operating(&state, &args).await?;
    let (program, wait) = (args.printed(0), args.flag_or_true(1));
    let disabled = state.link.disable_program(program, wait).await;
    settled(&state, wait).await;
    disabled.map(Reply::done)
}

/// A client that waits for a change waits until the peers know of it, too.
async fn settled(state: &AppState, wait: bool) {
    if let Some(cluster) = &state.cluster
        && wait
    {
        cluster.settled().await;
    }
}

async fn change_log_level(state: Arc<AppState>, args: Args) -> Outcome {
    let choices = Level::ALL.into_iter().map(|it| Choice {
        is: it,
        name: it.name(),
        number: it.number(),
    });
    let level = choose("logger", args.value(0), choices, str::eq_ignore_ascii_case)?;
    let text = format!(
        "the least important level of this log is now {}",
        level.name()
    );
    let cluster = cluster(&state)?;
    cluster.log(LogLine::new(Level::Warn, text)).await;
    (state.set_log_level)(level);
    Ok(Reply::of(true))
}

fn statistics(state: &AppState, _: Args) -> Outcome {
    let collection = *state.collection.borrow();
    let period = match collection.is_int {
        true => Value::Int(i64::try_from(collection.period.as_secs()).unwrap_or(i64::MAX)),
        false => collection.period.as_secs_f64().into(),
    };
    Ok(Reply::of(Value::structure([
        ("host_stats", Value::from(collection.host)),
        ("process_stats", collection.processes.into()),
        ("collecting_period", period),
    ])))
}

fn enable_host(state: &AppState, args: Args) -> Outcome {
    let enabled = args.value(0).is_truthy();
    state.collection.send_modify(|it| it.host = enabled);
    Ok(Reply::of(true))
}

fn enable_processes(state: &AppState, args: Args) -> Outcome {
    let enabled = args.value(0).is_truthy();
    state.collection.send_modify(|it| it.processes = enabled);
    Ok(Reply::of(true))
}

fn update_period(state: &AppState, args: Args) -> Outcome {
    let given = args.value(0);
    // what is beyond the precision of a float is beyond any sense, too
    #[allow(clippy::cast_precision_loss)]
    let seconds = given.as_double().or(given.as_int().map(|it| it as f64));
    let period = seconds.and_then(|it| Duration::try_from_secs_f64(it).ok());
    let Some(period) = period.filter(|it| !it.is_zero()) else {
        let text = format!(
            "collecting_period={} - number > 0 expected",
            args.printed(0)
        );
        return Err(FaultCode::IncorrectParameters.about(text));
    };
    let is_int = given.as_int().is_some();
    state.collection.send_modify(|it| {
        it.period = period;
        it.is_int = is_int;
    });
    Ok(Reply::of(true))
}
