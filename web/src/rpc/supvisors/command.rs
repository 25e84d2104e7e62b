//! Requests to the cluster: the rules decide (spec cluster 7.3). Of two faults the one about the
//! state of the cluster comes first, then the one about the strategy.

use std::sync::Arc;

use visord_actors::cluster::wire::structs::prediction;
use visord_cluster::effect::Reply as Done;
use visord_cluster::input::{Closing, Request, Wait};
use visord_cluster::request::{CONCILIATION, DISTRIBUTED, OPERATION, STOPPABLE, SYNCHRONIZATION};
use visord_cluster::state::ClusterState;
use visord_cluster::strategy::{ConciliationStrategy, StartingStrategy};
use visord_model::fault::Fault;
use visord_model::name::Namespec;
use visord_xmlrpc::Value;

use super::{APPLICATION, Choice, NAMESPEC, WAIT, choose, cluster, reply};
use crate::rpc::method::{Args, Method, Param, admin, later, operate, optional, param, view};
use crate::rpc::reply::{Outcome, Reply};
use crate::state::AppState;

const STRATEGY: Param = param("string strategy where to start it: name or number");
const EXTRA_ARGS: Param = optional("string extra_args appended to the command (default empty)");
const PREDICTIONS: &str = "array predictions a struct for each process: application_name, \
     process_name, state, forced_reason, running_identifiers";
const BY_NAME: &[&str] = &["bool", "StartingStrategies", "str", "bool"];
const WITH_ARGS: &[&str] = &["bool", "StartingStrategies", "str", "str", "bool"];

/// The commands.
pub const METHODS: &[Method] = &[
    operate(
        "start_application",
        later!(command, OPERATION, start_application),
    )
    .help("Start an application in the order of its rules.")
    .takes(&[STRATEGY, APPLICATION, WAIT])
    .signed(BY_NAME),
    view(
        "test_start_application",
        later!(command, OPERATION, test_start_application),
    )
    .help("Where the processes of an application would be started now.")
    .takes(&[STRATEGY, APPLICATION])
    .returns(PREDICTIONS)
    .signed(&["list[dict[str, Any]]", "StartingStrategies", "str"]),
    operate(
        "stop_application",
        later!(command, STOPPABLE, stop_application),
    )
    .help("Stop an application in the order of its rules.")
    .takes(&[APPLICATION, WAIT])
    .signed(&["bool", "str", "bool"]),
    operate(
        "restart_application",
        later!(command, OPERATION, restart_application),
    )
    .help("Stop an application, then start it.")
    .takes(&[STRATEGY, APPLICATION, WAIT])
    .signed(BY_NAME),
    operate("start_process", later!(command, OPERATION, start_process))
        .help("Start a process, or all of a group, on the instance that the strategy chooses.")
        .takes(&[STRATEGY, NAMESPEC, EXTRA_ARGS, WAIT])
        .signed(WITH_ARGS),
    view(
        "test_start_process",
        later!(command, OPERATION, test_start_process),
    )
    .help("Where a process, or all of a group, would be started now.")
    .takes(&[STRATEGY, NAMESPEC])
    .returns(PREDICTIONS)
    .unsigned(),
    operate(
        "start_any_process",
        later!(command, OPERATION, start_any_process),
    )
    .help("Start the first process that matches, does not run and can be started.")
    .takes(&[
        STRATEGY,
        param("string regex a regular expression, searched in `group:name`"),
        EXTRA_ARGS,
        WAIT,
    ])
    .returns("string namespec the process that was chosen")
    .signed(&["str", "StartingStrategies", "str", "str", "bool"]),
    operate("stop_process", later!(command, STOPPABLE, stop_process))
        .help("Stop a process, or all of a group, wherever it runs.")
        .takes(&[NAMESPEC, WAIT])
        .signed(&["bool", "str", "bool"]),
    operate(
        "restart_process",
        later!(command, OPERATION, restart_process),
    )
    .help("Stop a process, or all of a group, wherever it runs, then start it once.")
    .takes(&[STRATEGY, NAMESPEC, EXTRA_ARGS, WAIT])
    .signed(WITH_ARGS),
    operate("conciliate", later!(command, CONCILIATION, conciliate))
        .help("End all conflicts.")
        .takes(&[param(
            "string strategy what to do with the copies: name or number",
        )])
        .returns("boolean result false if that is left to the user")
        .signed(&["bool", "ConciliationStrategies"]),
    admin(
        "restart_sequence",
        later!(command, OPERATION, restart_sequence),
    )
    .help("Start all applications that are started automatically and do not run.")
    .takes(&[WAIT])
    .signed(&["bool", "bool"]),
    admin("restart", later!(command, DISTRIBUTED, restart))
        .help("Stop all applications, then restart every supervisord of the cluster.")
        .signed(&["bool"]),
    admin("shutdown", later!(command, DISTRIBUTED, shutdown))
        .help("Stop all applications, then shut every supervisord of the cluster down.")
        .signed(&["bool"]),
    admin("end_sync", later!(command, SYNCHRONIZATION, end_sync))
        .help("Do not wait for more instances.")
        .takes(&[optional(
            "string master the instance that becomes Master (default: elected)",
        )])
        .signed(&["bool"]),
];

async fn command(
    state: Arc<AppState>,
    args: Args,
    expected: &'static [ClusterState],
    request: fn(&Args) -> Result<Request, Fault>,
) -> Outcome {
    let cluster = cluster(&state)?;
    let request = match request(&args) {
        Ok(request) => request,
        Err(fault) => {
            let checked = cluster.read(move |known| known.cluster.expect_state(expected));
            checked.await??;
            return Err(fault);
        }
    };
    let waits = request.waits();
    let done = cluster.ask(request).await?;
    if waits {
        cluster.settled().await;
    }
    match done {
        Done::Done(done) => Ok(Reply::of(done)),
        Done::Started(name) => Ok(Reply::of(name.to_string())),
        Done::Predictions(all) => {
            let values = cluster.read(move |known| {
                let mapper = &known.cluster.view().mapper;
                let all = all.iter().map(|it| prediction(it, mapper));
                all.collect::<Value>()
            });
            values.await.map(reply)
        }
    }
}

fn strategy(args: &Args) -> Result<StartingStrategy, Fault> {
    let choices = StartingStrategy::ALL.into_iter().map(|it| Choice {
        is: it,
        name: it.name(),
        number: it.code().into(),
    });
    let what = "<enum 'StartingStrategies'>";
    choose(what, args.value(0), choices, |name, given| name == given)
}

fn wait(args: &Args, at: usize) -> Wait {
    match args.flag_or_true(at) {
        true => Wait::Yes,
        false => Wait::No,
    }
}

fn application(args: &Args, at: usize) -> Arc<str> {
    args.printed(at).into()
}

fn namespec(args: &Args, at: usize) -> Result<Namespec, Fault> {
    args.text(at).map(Namespec::parse)
}

/// Empty if they were left out.
fn extra_args(args: &Args, at: usize) -> Result<String, Fault> {
    match args.0.len() > at {
        true => args.text(at).map(str::to_owned),
        false => Ok(String::new()),
    }
}

fn start_application(args: &Args) -> Result<Request, Fault> {
    let strategy = strategy(args)?;
    let name = application(args, 1);
    Ok(Request::StartApplication(strategy, name, wait(args, 2)))
}

fn test_start_application(args: &Args) -> Result<Request, Fault> {
    let strategy = strategy(args)?;
    Ok(Request::TestStartApplication(
        strategy,
        application(args, 1),
    ))
}

fn stop_application(args: &Args) -> Result<Request, Fault> {
    Ok(Request::StopApplication(
        application(args, 0),
        wait(args, 1),
    ))
}

fn restart_application(args: &Args) -> Result<Request, Fault> {
    let strategy = strategy(args)?;
    let name = application(args, 1);
    Ok(Request::RestartApplication(strategy, name, wait(args, 2)))
}

fn start_process(args: &Args) -> Result<Request, Fault> {
    let (strategy, name) = (strategy(args)?, namespec(args, 1)?);
    let extra_args = extra_args(args, 2)?;
    Ok(Request::StartProcess(
        strategy,
        name,
        extra_args,
        wait(args, 3),
    ))
}

fn test_start_process(args: &Args) -> Result<Request, Fault> {
    let strategy = strategy(args)?;
    Ok(Request::TestStartProcess(strategy, namespec(args, 1)?))
}

fn start_any_process(args: &Args) -> Result<Request, Fault> {
    let (strategy, regex) = (strategy(args)?, args.text(1)?.to_owned());
    let extra_args = extra_args(args, 2)?;
    Ok(Request::StartAnyProcess(
        strategy,
        regex,
        extra_args,
        wait(args, 3),
    ))
}

fn stop_process(args: &Args) -> Result<Request, Fault> {
    Ok(Request::StopProcess(namespec(args, 0)?, wait(args, 1)))
}

fn restart_process(args: &Args) -> Result<Request, Fault> {
    let (strategy, name) = (strategy(args)?, namespec(args, 1)?);
    let extra_args = extra_args(args, 2)?;
    Ok(Request::RestartProcess(
        strategy,
        name,
        extra_args,
        wait(args, 3),
    ))
}

fn conciliate(args: &Args) -> Result<Request, Fault> {
    let choices = ConciliationStrategy::ALL.into_iter().map(|it| Choice {
        is: it,
        name: it.name(),
        number: it.code().into(),
    });
    let what = "<enum 'ConciliationStrategies'>";
    let strategy = choose(what, args.value(0), choices, |name, given| name == given)?;
    Ok(Request::Conciliate(strategy, None))
}

fn restart_sequence(args: &Args) -> Result<Request, Fault> {
    Ok(Request::RestartSequence(wait(args, 0)))
}

fn restart(_: &Args) -> Result<Request, Fault> {
    Ok(Request::Close(Closing::Restart))
}

fn shutdown(_: &Args) -> Result<Request, Fault> {
    Ok(Request::Close(Closing::Shutdown))
}

fn end_sync(args: &Args) -> Result<Request, Fault> {
    let master = match args.0.is_empty() {
        true => String::new(),
        false => args.printed(0),
    };
    Ok(Request::EndSync(master))
}
