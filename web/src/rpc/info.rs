//! `supervisor.get*`: reads, answered from the board (spec interfaces 3.2, 3.3).

use std::sync::Arc;

use visord_model::process::ProcessInfo;
use visord_xmlrpc::writer::StructWriter;

use super::method::Run::Now;
use super::method::{Args, Method, PROCESS, view};
use super::names;
use super::reply::{Outcome, Reply};
use crate::clock;
use crate::state::{API_VERSION, AppState, STANDS_IN_FOR};

const GET_API_VERSION: Method = view("getAPIVersion", Now(|_, _| Ok(Reply::of(API_VERSION))))
    .help("Which version of this remote interface the daemon speaks.")
    .returns("string version the interface's version");

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
