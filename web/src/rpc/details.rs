//! `getProcessDetails`: what only visord knows of a process.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use visord_actors::log::LostBytes;
use visord_actors::messages::supervisor::ProcessName;
use visord_actors::usage::Sample;
use visord_model::fault::FaultCode;
use visord_model::process::{LastExit, ProcessInfo};
use visord_xmlrpc::{Slot, WriteXml, Written};

use super::method::{Args, Method, Outcome, Reply, Right, Run, param, returns};
use super::names;
use crate::state::AppState;

/// What the struct holds, for the help.
const MEMBERS: &str = "name, group; int state, pid, start, stop, restarts, exitstatus; statename; \
     why: in words how it last ended or why it did not start; exitsignal: as `SIGKILL`, or empty; \
     double cpu: percent of one core since the sample before (within two seconds while somebody \
     watches), the first time since its start; double rss: bytes in memory; int processes: how \
     many it and its descendants are; double lost_stdout, lost_stderr: bytes that could not be \
     stored since the daemon started";

/// The methods.
pub const METHODS: &[Method] = &[
    Method {
        name: "getProcessDetails",
        summary: "What is known of one process that getProcessInfo does not say: how often it \
                  was started again, how it last ended, what it and its descendants use.",
        params: &[param(
            "string",
            "name",
            "the process, as `name` or `group:name`",
        )],
        returns: returns("struct", "details", MEMBERS),
        right: Right::View,
        gated: true,
        listed: false,
        run: Run::Later(one),
    },
    Method {
        name: "getAllProcessDetails",
        summary: "The same of every process, by group and name.",
        params: &[],
        returns: returns(
            "array",
            "details",
            "one struct as of getProcessDetails for each",
        ),
        right: Right::View,
        gated: true,
        listed: false,
        run: Run::Later(all),
    },
];

/// About how much XML one process takes.
const SIZE: usize = 1400;

struct Details {
    info: Arc<ProcessInfo>,
    used: Sample,
    lost: LostBytes,
}

fn one(state: Arc<AppState>, args: Args) -> LocalBoxFuture<'static, Outcome> {
    async move {
        let given = args.text(0)?;
        let name = names::single(given)?;
        let info = state.board.process(&name);
        let info = info.ok_or_else(|| FaultCode::BadName.about(given))?;
        sampled(&state).await;
        Ok(Reply::sized(Details::of(info, &state), SIZE))
    }
    .boxed_local()
}

fn all(state: Arc<AppState>, _: Args) -> LocalBoxFuture<'static, Outcome> {
    async move {
        sampled(&state).await;
        let infos = state.board.all().into_iter();
        let all: Vec<_> = infos.map(|info| Details::of(info, &state)).collect();
        let size = SIZE * all.len();
        Ok(Reply::sized(Everybody(all), size))
    }
    .boxed_local()
}

/// Have fresh numbers. `/proc` is not read on the HTTP thread.
pub(crate) async fn sampled(state: &AppState) {
    let usage = state.usage.clone();
    // a thread that ended unheard leaves the numbers as they were
    let _ = state.workers.run(move || usage.sample_once()).await;
}

impl Details {
    fn of(info: Arc<ProcessInfo>, state: &AppState) -> Self {
        let name = ProcessName {
            group: info.group.clone(),
            process: info.name.clone(),
        };
        Self {
            used: state.usage.now(&name).unwrap_or_default(),
            lost: (state.lost)(&name),
            info,
        }
    }
}

impl WriteXml for Details {
    #[expect(clippy::cast_precision_loss, reason = "exact up to eight petabytes")]
    fn write_xml(&self, slot: Slot<'_>) -> Written {
        let Self { info, used, lost } = self;
        let signal = info.last_exit.as_ref().and_then(LastExit::signal_name);
        slot.structure(|out| {
            out.member("name", &info.name);
            out.member("group", &info.group);
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
        })
    }
}

/// With one decimal.
pub(crate) fn tenths(number: f32) -> f64 {
    (f64::from(number) * 10.0).round() / 10.0
}

struct Everybody(Vec<Details>);

impl WriteXml for Everybody {
    fn write_xml(&self, slot: Slot<'_>) -> Written {
        slot.array(|all| {
            for details in &self.0 {
                all.item_with(|slot| details.write_xml(slot));
            }
        })
    }
}
