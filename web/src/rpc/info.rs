//! `supervisor.get*`: reads, answered from the board (spec interfaces 3.2, 3.3).

use std::sync::Arc;

use visord_actors::log::LostBytes;
use visord_actors::messages::supervisor::ProcessName;
use visord_model::fault::{Fault, FaultCode};
use visord_model::process::ProcessInfo;
use visord_model::state::SupervisorState;
use visord_xmlrpc::writer::StructWriter;
use visord_xmlrpc::{Slot, WriteXml, Written};

use super::method::{Args, Method, Outcome, Reply, Right, Run, param, returns};
use super::names;
use crate::clock;
use crate::state::{API_VERSION, AppState, STANDS_IN_FOR};

const GET_API_VERSION: Method = Method {
    name: "getAPIVersion",
    summary: "Which version of this remote interface the daemon speaks.",
    params: &[],
    returns: returns("string", "version", "the interface's version"),
    right: Right::View,
    gated: true,
    listed: true,
    run: Run::Now(|_, _| Ok(Reply::of(API_VERSION))),
};

/// The reads.
pub const METHODS: &[Method] = &[
    GET_API_VERSION,
    Method {
        name: "getVersion",
        ..GET_API_VERSION
    },
    Method {
        name: "getSupervisorVersion",
        summary: "Which release of Supervisor the daemon behaves as.",
        params: &[],
        returns: returns("string", "version", "the release"),
        right: Right::View,
        gated: true,
        listed: true,
        run: Run::Now(|_, _| Ok(Reply::of(STANDS_IN_FOR))),
    },
    Method {
        name: "getBuildInfo",
        summary: "Which visord this is.",
        params: &[],
        returns: returns("string", "build", "program, version and build"),
        right: Right::View,
        gated: true,
        listed: false,
        run: Run::Now(|state, _| Ok(Reply::of(state.build.clone()))),
    },
    Method {
        name: "getIdentification",
        summary: "The name this daemon was given by its `identifier` option.",
        params: &[],
        returns: returns("string", "identifier", "the daemon's name"),
        right: Right::View,
        gated: true,
        listed: true,
        run: Run::Now(|state, _| Ok(Reply::of(state.board.identity().identifier.clone()))),
    },
    Method {
        name: "getState",
        summary: "What the daemon as a whole is doing.",
        params: &[],
        returns: returns(
            "struct",
            "state",
            "members: int statecode, string statename",
        ),
        right: Right::View,
        gated: true,
        listed: true,
        run: Run::Now(|state, _| Ok(Reply::of(Mood(state.board.mood())))),
    },
    Method {
        name: "getPID",
        summary: "The daemon's own process id.",
        params: &[],
        returns: returns("int", "pid", "the process id"),
        right: Right::View,
        gated: true,
        listed: true,
        run: Run::Now(|state, _| Ok(Reply::of(state.board.identity().pid))),
    },
    Method {
        name: "getProcessInfo",
        summary: "What is known of one process.",
        params: &[param(
            "string",
            "name",
            "the process, as `name` or `group:name`",
        )],
        returns: returns("struct", "info", "name, group, state, times, pid, logs"),
        right: Right::View,
        gated: true,
        listed: true,
        run: Run::Now(process_info),
    },
    Method {
        name: "getProcessDetail",
        summary: "What is known of one process, and what its logs have lost.",
        params: &[param(
            "string",
            "name",
            "the process, as `name` or `group:name`",
        )],
        returns: returns(
            "struct",
            "detail",
            "as of getProcessInfo; also double stdout_lost, stderr_lost: bytes that could not \
             be stored since the daemon started",
        ),
        right: Right::View,
        gated: true,
        listed: false,
        run: Run::Now(process_detail),
    },
    Method {
        name: "getAllProcessInfo",
        summary: "What is known of every process, by group and name.",
        params: &[],
        returns: returns("array", "infos", "one struct as of getProcessInfo for each"),
        right: Right::View,
        gated: true,
        listed: true,
        run: Run::Now(all_process_info),
    },
];

struct Mood(SupervisorState);

impl WriteXml for Mood {
    fn write_xml(&self, slot: Slot<'_>) -> Written {
        slot.structure(|state| {
            state.member("statecode", &self.0.code());
            state.member("statename", self.0.name());
        })
    }
}

fn known(state: &AppState, args: &Args) -> Result<(ProcessName, Info), Fault> {
    let given = args.text(0)?;
    let name = names::single(given)?;
    let info = state.board.process(&name);
    let info = info.ok_or_else(|| FaultCode::BadName.about(given))?;
    let now = clock::now();
    Ok((name, Info { info, now }))
}

fn process_info(state: &AppState, args: &Args) -> Outcome {
    let (_, info) = known(state, args)?;
    Ok(Reply::sized(info, SIZE_OF_INFO))
}

fn process_detail(state: &AppState, args: &Args) -> Outcome {
    let (name, info) = known(state, args)?;
    let lost = (state.lost)(&name);
    Ok(Reply::sized(Detail { info, lost }, SIZE_OF_INFO + 200))
}

fn all_process_info(state: &AppState, _: &Args) -> Outcome {
    let infos = state.board.all();
    let size = SIZE_OF_INFO * infos.len();
    Ok(Reply::sized(
        Infos {
            infos,
            now: clock::now(),
        },
        size,
    ))
}

/// About how much XML one process takes.
const SIZE_OF_INFO: usize = 1200;

/// Times are 32-bit numbers on the wire (quirk Q36).
const END_OF_TIME: i64 = i32::MAX as i64;

struct Info {
    info: Arc<ProcessInfo>,
    now: i64,
}

struct Infos {
    infos: Vec<Arc<ProcessInfo>>,
    now: i64,
}

struct Detail {
    info: Info,
    lost: LostBytes,
}

impl WriteXml for Info {
    fn write_xml(&self, slot: Slot<'_>) -> Written {
        slot.structure(|out| write_info(&self.info, self.now, out))
    }
}

impl WriteXml for Detail {
    /// The counts are doubles: an int on the wire has 32 bits.
    #[expect(clippy::cast_precision_loss, reason = "exact up to eight petabytes")]
    fn write_xml(&self, slot: Slot<'_>) -> Written {
        slot.structure(|out| {
            write_info(&self.info.info, self.info.now, out);
            out.member("stdout_lost", &(self.lost.stdout as f64));
            out.member("stderr_lost", &(self.lost.stderr as f64));
        })
    }
}

impl WriteXml for Infos {
    fn write_xml(&self, slot: Slot<'_>) -> Written {
        slot.array(|infos| {
            for info in &self.infos {
                infos.item_with(|slot| slot.structure(|out| write_info(info, self.now, out)));
            }
        })
    }
}

fn write_info(info: &ProcessInfo, now: i64, out: &mut StructWriter<'_>) {
    out.member("name", &info.name);
    out.member("group", &info.group);
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
