//! `supervisor.get*`: reads, answered from the board (spec interfaces 3.2, 3.3). What only visord
//! knows of a process is in `getProcessDetail` and `getProcessDetails`.

use std::sync::Arc;

use visord_actors::usage::Sample;
use visord_logs::ByteCounts;
use visord_model::process::{LastExit, ProcessInfo};
use visord_xmlrpc::writer::StructWriter;

use super::method::Run::Now;
use super::method::{Args, Method, PROCESS, later, view};
use super::names;
use super::reply::{Outcome, Reply};
use crate::clock;
use crate::state::{API_VERSION, AppState, STANDS_IN_FOR};

const GET_API_VERSION: Method = view("getAPIVersion", Now(|_, _| Ok(Reply::of(API_VERSION))))
    .help("Which version of this remote interface the daemon speaks.")
    .returns("string version the interface's version");

/// What `getProcessDetails` returns.
const DETAILS: &str = "struct details name, group; int state, pid, start, stop, restarts, \
     exitstatus; statename; why: in words how it last ended or why it did not start; \
     exitsignal: as `SIGKILL`, or empty; double cpu: percent of one core since the sample before \
     (within two seconds while somebody watches), the first time since its start; double rss: \
     bytes in memory; int processes: how many it and its descendants are; double lost_stdout, \
     lost_stderr: bytes that could not be stored since the daemon started";

/// The reads.
pub const METHODS: &[Method] = &[
    GET_API_VERSION,
    GET_API_VERSION.named("getVersion"),
    view(
        "getSupervisorVersion",
        Now(|_, _| Ok(Reply::of(STANDS_IN_FOR))),
    )
    .help("Which release of Supervisor the daemon behaves as.")
    .returns("string version the release"),
    view(
        "getBuildInfo",
        Now(|state, _| Ok(Reply::of(state.build.clone()))),
    )
    .help("Which visord this is.")
    .returns("string build program, version and build")
    .unlisted(),
    view(
        "getIdentification",
        Now(|state, _| Ok(Reply::of(state.board.identity().identifier.clone()))),
    )
    .help("The name this daemon was given by its `identifier` option.")
    .returns("string identifier the daemon's name"),
    view("getState", Now(supervisor_state))
        .help("What the daemon as a whole is doing.")
        .returns("struct state members: int statecode, string statename"),
    view(
        "getPID",
        Now(|state, _| Ok(Reply::of(state.board.identity().pid))),
    )
    .help("The daemon's own process id.")
    .returns("int pid the process id"),
    view("getProcessInfo", Now(process_info))
        .help("What is known of one process.")
        .takes(&[PROCESS])
        .returns("struct info name, group, state, times, pid, logs"),
    view("getProcessDetail", Now(process_detail))
        .help("What is known of one process, and what its logs have lost.")
        .takes(&[PROCESS])
        .returns(
            "struct detail as of getProcessInfo; also double stdout_lost, stderr_lost: bytes that \
             could not be stored since the daemon started",
        )
        .unlisted(),
    view("getAllProcessInfo", Now(all_process_info))
        .help("What is known of every process, by group and name.")
        .returns("array infos one struct as of getProcessInfo for each"),
    view("getProcessDetails", later!(process_details))
        .help(
            "What is known of one process that getProcessInfo does not say: how often it \
             was started again, how it last ended, what it and its descendants use.",
        )
        .takes(&[PROCESS])
        .returns(DETAILS)
        .unlisted(),
    view("getAllProcessDetails", later!(all_process_details))
        .help("The same of every process, by group and name.")
        .returns("array details one struct as of getProcessDetails for each")
        .unlisted(),
];

fn supervisor_state(state: &AppState, _: Args) -> Outcome {
    let state = state.board.state();
    Ok(Reply::sized(256, move |slot| {
        slot.structure(|out| {
            out.member("statecode", &state.code());
            out.member("statename", state.name());
        })
    }))
}

fn process_info(state: &AppState, args: Args) -> Outcome {
    let (info, now) = (names::info(&state.board, args.text(0)?)?, clock::now());
    Ok(Reply::sized(SIZE, move |slot| {
        slot.structure(|out| write(&info, now, out))
    }))
}

/// The counts are doubles: an int on the wire has 32 bits.
#[expect(clippy::cast_precision_loss, reason = "exact up to eight petabytes")]
fn process_detail(state: &AppState, args: Args) -> Outcome {
    let (info, now) = (names::info(&state.board, args.text(0)?)?, clock::now());
    let lost = (state.lost)(&info.full_name());
    Ok(Reply::sized(SIZE + 200, move |slot| {
        slot.structure(|out| {
            write(&info, now, out);
            out.member("stdout_lost", &(lost.stdout as f64));
            out.member("stderr_lost", &(lost.stderr as f64));
        })
    }))
}

fn all_process_info(state: &AppState, _: Args) -> Outcome {
    let now = clock::now();
    let write = move |info: &Arc<ProcessInfo>, out: &mut StructWriter<'_>| write(info, now, out);
    Ok(Reply::structs(SIZE, state.board.all(), write))
}

/// About how much XML one process takes.
const SIZE: usize = 1200;

/// About how much XML the details of one process take.
const DETAILS_SIZE: usize = 1400;

/// Times are 32-bit numbers on the wire (difference Q36).
const END_OF_TIME: i64 = i32::MAX as i64;

fn write(info: &ProcessInfo, now: i64, out: &mut StructWriter<'_>) {
    out.member("name", &*info.name);
    out.member("group", &*info.group);
    out.member("start", &info.start.min(END_OF_TIME));
    out.member("stop", &info.stop.min(END_OF_TIME));
    out.member("now", &now.min(END_OF_TIME));
    out.member("state", &info.state.code());
    out.member("statename", info.state.name());
    out.member("spawnerr", &info.spawnerr);
    out.member("exitstatus", &info.exitstatus);
    out.member("logfile", &info.stdout_logfile);
    out.member("stdout_logfile", &info.stdout_logfile);
    out.member("stderr_logfile", &info.stderr_logfile);
    out.member("pid", &info.pid);
    out.member("description", &info.description(now, &clock::short));
}

struct Details {
    info: Arc<ProcessInfo>,
    used: Sample,
    lost: ByteCounts,
}

async fn process_details(state: Arc<AppState>, args: Args) -> Outcome {
    let info = names::info(&state.board, args.text(0)?)?;
    state.sample().await;
    let details = Details::new(info, &state);
    Ok(Reply::sized(DETAILS_SIZE, move |slot| {
        slot.structure(|out| details.write(out))
    }))
}

async fn all_process_details(state: Arc<AppState>, _: Args) -> Outcome {
    state.sample().await;
    let infos = state.board.all().into_iter();
    let all: Vec<_> = infos.map(|info| Details::new(info, &state)).collect();
    Ok(Reply::structs(DETAILS_SIZE, all, Details::write))
}

impl Details {
    fn new(info: Arc<ProcessInfo>, state: &AppState) -> Self {
        let name = info.full_name();
        Self {
            used: state.usage.now(&name).unwrap_or_default(),
            lost: (state.lost)(&name),
            info,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "exact up to eight petabytes")]
    fn write(&self, out: &mut StructWriter<'_>) {
        let Self { info, used, lost } = self;
        let signal = info.last_exit.as_ref().and_then(LastExit::signal_name);
        out.member("name", &*info.name);
        out.member("group", &*info.group);
        out.member("state", &info.state.code());
        out.member("statename", info.state.name());
        out.member("pid", &info.pid);
        out.member("start", &info.start);
        out.member("stop", &info.stop);
        out.member("restarts", &i64::from(info.restarts));
        out.member("why", &info.why());
        out.member("exitstatus", &info.exitstatus);
        out.member("exitsignal", &signal.unwrap_or_default());
        out.member("cpu", &tenths(used.cpu));
        out.member("rss", &(used.rss as f64));
        out.member("processes", &i64::from(used.processes));
        out.member("lost_stdout", &(lost.stdout as f64));
        out.member("lost_stderr", &(lost.stderr as f64));
    }
}

/// With one decimal.
pub(crate) fn tenths(number: f32) -> f64 {
    (f64::from(number) * 10.0).round() / 10.0
}
