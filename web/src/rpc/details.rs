//! `getProcessDetails`: what only visord knows of a process.

use std::sync::Arc;

use visord_actors::usage::Sample;
use visord_logs::ByteCounts;
use visord_model::process::{LastExit, ProcessInfo};
use visord_xmlrpc::writer::StructWriter;

use super::method::{Args, Method, PROCESS, later, view};
use super::names;
use super::reply::{Outcome, Reply};
use crate::state::AppState;

/// What `getProcessDetails` returns.
const DETAILS: &str = "struct details name, group; int state, pid, start, stop, restarts, \
     exitstatus; statename; why: in words how it last ended or why it did not start; exitsignal: as `SIGKILL`, or empty; \
     double cpu: percent of one core since the sample before (within two seconds while somebody \
     watches), the first time since its start; double rss: bytes in memory; int processes: how \
     many it and its descendants are; double lost_stdout, lost_stderr: bytes that could not be \
     stored since the daemon started";

/// The methods.
pub const METHODS: &[Method] = &[
    view("getProcessDetails", later!(one))
        .help(
            "What is known of one process that getProcessInfo does not say: how often it \
             was started again, how it last ended, what it and its descendants use.",
        )
        .takes(&[PROCESS])
        .returns(DETAILS)
        .unlisted(),
    view("getAllProcessDetails", later!(all))
        .help("The same of every process, by group and name.")
        .returns("array details one struct as of getProcessDetails for each")
        .unlisted(),
];

/// About how much XML one process takes.
const SIZE: usize = 1400;

struct Details {
    info: Arc<ProcessInfo>,
    used: Sample,
    lost: ByteCounts,
}

async fn one(state: Arc<AppState>, args: Args) -> Outcome {
    let info = names::info(&state.board, args.text(0)?)?;
    sample(&state).await;
    let details = Details::new(info, &state);
    Ok(Reply::sized(SIZE, move |slot| {
        slot.structure(|out| details.write(out))
    }))
}

async fn all(state: Arc<AppState>, _: Args) -> Outcome {
    sample(&state).await;
    let infos = state.board.all().into_iter();
    let all: Vec<_> = infos.map(|info| Details::new(info, &state)).collect();
    Ok(Reply::structs(SIZE, all, Details::write))
}

/// Have fresh numbers. `/proc` is not read on the HTTP thread.
async fn sample(state: &AppState) {
    let usage = state.usage.clone();
    // a sample that was not taken leaves the numbers as they were
    let _ = state.workers.run(move || usage.sample_once()).await;
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
