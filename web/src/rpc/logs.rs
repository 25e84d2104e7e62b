//! Read, tail and clear logs (spec interfaces 3.6). Files are read on the worker threads, and a
//! long log while it is sent.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use visord_actors::log::reader::{self, ReadError, Section};
use visord_actors::messages::supervisor::{LogCare, Scope};
use visord_model::fault::{Fault, FaultCode};
use visord_model::process::ProcessInfo;
use visord_xmlrpc::{Slot, WriteXml, Written};

use super::control::results;
use super::method::{
    Args, LogReply, Method, Outcome, Param, Reply, Returns, Right, Run, param, returns,
};
use super::names::{self, respelled};
use super::transmit::LogText;
use crate::budget::PIECE;
use crate::state::AppState;

const PROCESS: Param = param("string", "name", "the process, as `name` or `group:name`");
const OFFSET: Param = param(
    "int",
    "offset",
    "where to begin, in bytes; negative: that many from the end",
);
const LENGTH: Param = param("int", "length", "how many bytes; 0: all that follow");
const TAIL_OFFSET: Param = param("int", "offset", "the size known so far, in bytes");
const TAIL_LENGTH: Param = param("int", "length", "how many bytes at most");
const TEXT: Returns = returns("string", "text", "that part of the log");
const TAIL: Returns = returns(
    "array",
    "tail",
    "string text, int size of the log, boolean whether there is more",
);
const DONE: Returns = returns("boolean", "result", "true, unless there is a fault");

const READ_STDOUT: Method = method(
    "readProcessStdoutLog",
    Right::View,
    "A part of what a process wrote to its standard output.",
    &[PROCESS, OFFSET, LENGTH],
    TEXT,
    |state, args| read_process(state, args, Channel::Stdout),
);
const TAIL_STDOUT: Method = method(
    "tailProcessStdoutLog",
    Right::View,
    "The end of what a process wrote to its standard output.",
    &[PROCESS, TAIL_OFFSET, TAIL_LENGTH],
    TAIL,
    |state, args| tail_process(state, args, Channel::Stdout),
);
const READ_MAIN: Method = method(
    "readLog",
    Right::View,
    "A part of the daemon's own log.",
    &[OFFSET, LENGTH],
    TEXT,
    read_main,
);
const CLEAR: Method = method(
    "clearProcessLogs",
    Right::Operate,
    "Empty the logs of a process.",
    &[PROCESS],
    DONE,
    clear_process,
);

/// The methods.
pub const METHODS: &[Method] = &[
    READ_STDOUT,
    Method {
        name: "readProcessLog",
        ..READ_STDOUT
    },
    method(
        "readProcessStderrLog",
        Right::View,
        "A part of what a process wrote to its standard error.",
        &[PROCESS, OFFSET, LENGTH],
        TEXT,
        |state, args| read_process(state, args, Channel::Stderr),
    ),
    TAIL_STDOUT,
    Method {
        name: "tailProcessLog",
        ..TAIL_STDOUT
    },
    method(
        "tailProcessStderrLog",
        Right::View,
        "The end of what a process wrote to its standard error.",
        &[PROCESS, TAIL_OFFSET, TAIL_LENGTH],
        TAIL,
        |state, args| tail_process(state, args, Channel::Stderr),
    ),
    READ_MAIN,
    Method {
        name: "readMainLog",
        ..READ_MAIN
    },
    CLEAR,
    Method {
        name: "clearProcessLog",
        ..CLEAR
    },
    method(
        "clearAllProcessLogs",
        Right::Operate,
        "Empty the logs of every process.",
        &[],
        returns(
            "array",
            "results",
            "for each process a struct: name, group, status, description",
        ),
        clear_all,
    ),
    Method {
        listed: false,
        ..method(
            "rotateProcessLogs",
            Right::Operate,
            "Start new log files for a process; the present ones become the first old ones.",
            &[PROCESS],
            DONE,
            |state, args| tend_process(state, args, LogCare::Rotate),
        )
    },
    Method {
        listed: false,
        ..method(
            "reopenProcessLogs",
            Right::Operate,
            "Open the log files of a process anew, after somebody moved them.",
            &[PROCESS],
            DONE,
            |state, args| tend_process(state, args, LogCare::Reopen),
        )
    },
    method(
        "clearLog",
        Right::Admin,
        "Empty the daemon's own log.",
        &[],
        DONE,
        clear_main,
    ),
];

const fn method(
    name: &'static str,
    right: Right,
    summary: &'static str,
    params: &'static [Param],
    returns: Returns,
    run: fn(Arc<AppState>, Args) -> LocalBoxFuture<'static, Outcome>,
) -> Method {
    Method {
        name,
        summary,
        params,
        returns,
        right,
        gated: true,
        listed: true,
        run: Run::Later(run),
    }
}

/// One of the two outputs of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Channel {
    /// Where the log of this output is; `None` if there is none.
    #[must_use]
    pub fn path(self, info: &ProcessInfo) -> Option<PathBuf> {
        let path = match self {
            Self::Stdout => &info.stdout_logfile,
            Self::Stderr => &info.stderr_logfile,
        };
        (!path.is_empty()).then(|| PathBuf::from(path))
    }
}

/// The bytes of a log; what is not UTF-8 is replaced as it is written.
struct Bytes(Vec<u8>);

impl WriteXml for Bytes {
    fn write_xml(&self, slot: Slot<'_>) -> Written {
        slot.text(&self.0)
    }
}

struct Tail {
    text: Vec<u8>,
    size: i64,
    has_more: bool,
}

impl WriteXml for Tail {
    fn write_xml(&self, slot: Slot<'_>) -> Written {
        slot.array(|tail| {
            tail.item_with(|slot| slot.text(&self.text));
            tail.item(&self.size);
            tail.item(&self.has_more);
        })
    }
}

/// The begin of a part of a log, and the rest if that is not all.
#[derive(Default)]
pub struct Begun {
    /// The first bytes.
    pub first: Vec<u8>,
    /// What has yet to be read.
    pub rest: Option<Section>,
}

impl Begun {
    /// Read the first bytes. Blocks.
    fn of(section: Option<Section>) -> Result<Self, ReadError> {
        let Some(mut section) = section else {
            return Ok(Self::default());
        };
        let first = section.piece(PIECE).map_err(|_| ReadError::Failed)?;
        let rest = (!section.is_at_end()).then_some(section);
        Ok(Self { first, rest })
    }
}

/// The log of an active process; BAD_NAME without such a process.
fn path_of(state: &AppState, given: &str, channel: Channel) -> Result<Option<PathBuf>, Fault> {
    let name = names::single(given)?;
    let info = state.board.process(&name);
    let info = info.ok_or_else(|| FaultCode::BadName.about(given))?;
    Ok(channel.path(&info))
}

/// Run on a thread that may wait for a disk. Fault: FAILED, it was not done.
async fn blocking<T: Send + 'static>(
    state: &AppState,
    f: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    let done = state.workers.run(f).await;
    done.map_err(|not_done| FaultCode::Failed.about(not_done.to_string()))
}

/// Part of a log; NO_FILE names the path if one is configured.
///
/// # Errors
/// NO_FILE, BAD_ARGUMENTS, FAILED.
pub async fn read(
    state: &AppState,
    path: Option<PathBuf>,
    offset: i64,
    length: i64,
) -> Result<Begun, Fault> {
    let path = path.ok_or(FaultCode::NoFile.bare())?;
    let shown = path.display().to_string();
    let open = move || reader::read(&path, offset, length).and_then(Begun::of);
    blocking(state, open).await?.map_err(|error| match error {
        ReadError::BadArguments => FaultCode::BadArguments.bare(),
        ReadError::NoFile => FaultCode::NoFile.about(shown),
        ReadError::Failed => FaultCode::Failed.bare(),
    })
}

fn read_process(
    state: Arc<AppState>,
    args: Args,
    channel: Channel,
) -> LocalBoxFuture<'static, Outcome> {
    async move {
        let path = path_of(&state, args.text(0)?, channel)?;
        let begun = read(&state, path, args.int(1)?, args.int(2)?).await?;
        Ok(log_reply(begun, None))
    }
    .boxed_local()
}

fn read_main(state: Arc<AppState>, args: Args) -> LocalBoxFuture<'static, Outcome> {
    async move {
        let path = state.board.identity().logfile.clone();
        state.settled().await;
        let begun = read(&state, path, args.int(0)?, args.int(1)?).await?;
        Ok(log_reply(begun, None))
    }
    .boxed_local()
}

/// The answer with a log; with what else a `tail` method tells.
fn log_reply(begun: Begun, tail: Option<(i64, bool)>) -> Reply {
    let Begun { first, rest } = begun;
    let size = first.len() + 400;
    match (rest, tail) {
        (Some(section), tail) => {
            let (first, rest) = LogText::after(&first, section);
            Reply::Log(LogReply { first, rest, tail })
        }
        (None, None) => Reply::sized(Bytes(first), size),
        (None, Some((offset, has_more))) => {
            let tail = Tail {
                text: first,
                size: offset,
                has_more,
            };
            Reply::sized(tail, size)
        }
    }
}

fn tail_process(
    state: Arc<AppState>,
    args: Args,
    channel: Channel,
) -> LocalBoxFuture<'static, Outcome> {
    async move {
        let path = path_of(&state, args.text(0)?, channel)?;
        let (offset, length) = (args.int(1)?, args.int(2)?);
        let Some(path) = path else {
            return Ok(log_reply(Begun::default(), Some((0, false))));
        };
        let open = move || {
            let tail = reader::tail(&path, offset, length);
            (Begun::of(tail.section), (tail.offset, tail.overflow))
        };
        let (begun, tail) = blocking(&state, open).await?;
        Ok(match begun {
            Ok(begun) => log_reply(begun, Some(tail)),
            // a log that cannot be read is an empty answer
            Err(_) => log_reply(Begun::default(), Some((offset, false))),
        })
    }
    .boxed_local()
}

fn clear_process(state: Arc<AppState>, args: Args) -> LocalBoxFuture<'static, Outcome> {
    async move {
        let given = args.text(0)?;
        let name = names::single(given)?;
        let done = state.link.clear_process_logs(name.clone()).await;
        done.map_err(|fault| respelled(fault, &name, given))?;
        Ok(Reply::done())
    }
    .boxed_local()
}

fn tend_process(
    state: Arc<AppState>,
    args: Args,
    care: LogCare,
) -> LocalBoxFuture<'static, Outcome> {
    async move {
        let given = args.text(0)?;
        let name = names::single(given)?;
        let done = state.link.tend_process_logs(name.clone(), care).await;
        done.map_err(|fault| respelled(fault, &name, given))?;
        Ok(Reply::done())
    }
    .boxed_local()
}

fn clear_all(state: Arc<AppState>, _: Args) -> LocalBoxFuture<'static, Outcome> {
    async move { state.link.clear_many_logs(Scope::All).await.map(results) }.boxed_local()
}

fn clear_main(state: Arc<AppState>, _: Args) -> LocalBoxFuture<'static, Outcome> {
    async move {
        state.link.clear_main_log().await?;
        Ok(Reply::done())
    }
    .boxed_local()
}
