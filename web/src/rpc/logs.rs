//! Read, tail and clear logs (spec interfaces 3.6). Files are read on the worker threads, and a
//! long log while it is sent.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::stream;
use visord_actors::messages::supervisor::{LogAction, Scope};
use visord_logs::reader::{self, Section};
use visord_logs::workers::Workers;
use visord_model::event::Stream;
use visord_model::fault::{Fault, FaultCode};
use visord_model::process::ProcessInfo;

use super::control::{on_one, results};
use super::method::{Args, Method, PROCESS, Param, admin, later, operate, param, view};
use super::names;
use super::reply::{Outcome, Reply};
use crate::budget::PIECE;
use crate::state::AppState;

const OFFSET: Param =
    param("int offset where to begin, in bytes; negative: that many from the end");
const LENGTH: Param = param("int length how many bytes; 0: all that follow");
const TAIL_OFFSET: Param = param("int offset the size known so far, in bytes");
const TAIL_LENGTH: Param = param("int length how many bytes at most");
const TEXT: &str = "string text that part of the log";
const TAIL: &str = "array tail string text, int size of the log, boolean whether there is more";

const READ_STDOUT: Method = view("readProcessStdoutLog", later!(read_process, Stream::Stdout))
    .help("A part of what a process wrote to its standard output.")
    .takes(&[PROCESS, OFFSET, LENGTH])
    .returns(TEXT);
const TAIL_STDOUT: Method = view("tailProcessStdoutLog", later!(tail_process, Stream::Stdout))
    .help("The end of what a process wrote to its standard output.")
    .takes(&[PROCESS, TAIL_OFFSET, TAIL_LENGTH])
    .returns(TAIL);
const READ_MAIN: Method = view("readLog", later!(read_main))
    .help("A part of the daemon's own log.")
    .takes(&[OFFSET, LENGTH])
    .returns(TEXT);
const CLEAR: Method = operate("clearProcessLogs", later!(maintain, LogAction::Clear))
    .help("Empty the logs of a process.")
    .takes(&[PROCESS]);

/// The methods.
pub const METHODS: &[Method] = &[
    READ_STDOUT,
    READ_STDOUT.named("readProcessLog"),
    view("readProcessStderrLog", later!(read_process, Stream::Stderr))
        .help("A part of what a process wrote to its standard error.")
        .takes(&[PROCESS, OFFSET, LENGTH])
        .returns(TEXT),
    TAIL_STDOUT,
    TAIL_STDOUT.named("tailProcessLog"),
    view("tailProcessStderrLog", later!(tail_process, Stream::Stderr))
        .help("The end of what a process wrote to its standard error.")
        .takes(&[PROCESS, TAIL_OFFSET, TAIL_LENGTH])
        .returns(TAIL),
    READ_MAIN,
    READ_MAIN.named("readMainLog"),
    CLEAR,
    CLEAR.named("clearProcessLog"),
    operate("clearAllProcessLogs", later!(clear_all))
        .help("Empty the logs of every process.")
        .returns("array results for each process a struct: name, group, status, description"),
    operate("rotateProcessLogs", later!(maintain, LogAction::Rotate))
        .help("Start new log files for a process; the present ones become the first old ones.")
        .takes(&[PROCESS])
        .unlisted(),
    operate("reopenProcessLogs", later!(maintain, LogAction::Reopen))
        .help("Open the log files of a process anew, after somebody moved them.")
        .takes(&[PROCESS])
        .unlisted(),
    admin("clearLog", later!(clear_main)).help("Empty the daemon's own log."),
];

/// Where the log of an output is; `None` if there is none.
pub fn path(info: &ProcessInfo, stream: Stream) -> Option<PathBuf> {
    let path = match stream {
        Stream::Stdout => &info.stdout_logfile,
        Stream::Stderr => &info.stderr_logfile,
    };
    (!path.is_empty()).then(|| PathBuf::from(path))
}

/// The beginning of a part of a log, and the rest if that is not all.
#[derive(Debug, Default)]
pub struct LogPart {
    /// The first bytes.
    pub first: Vec<u8>,
    /// What has yet to be read.
    pub rest: Option<Section>,
}

impl LogPart {
    /// What is left to read, on worker threads: what `convert` makes of each piece; for the last one
    /// its second parameter is true.
    pub fn rest<T: Send + 'static>(
        self,
        workers: Workers,
        convert: impl FnMut(&[u8], bool) -> T + Send + 'static,
    ) -> impl futures_util::Stream<Item = io::Result<T>> {
        let rest = self.rest.map(|section| (section, convert));
        stream::try_unfold(rest, move |rest| {
            let workers = workers.clone();
            async move {
                let Some((mut section, mut convert)) = rest else {
                    return Ok(None);
                };
                let read = workers.run(move || {
                    let bytes = section.piece(PIECE)?;
                    let is_last = section.is_at_end();
                    let piece = convert(&bytes, is_last);
                    Ok(Some((piece, (!is_last).then_some((section, convert)))))
                });
                read.await?
            }
        })
    }

    /// Read the first bytes. Blocks.
    fn read(section: Option<Section>) -> Result<Self, Fault> {
        let Some(mut section) = section else {
            return Ok(Self::default());
        };
        let first = section.piece(PIECE).map_err(|_| FaultCode::Failed.bare())?;
        let rest = (!section.is_at_end()).then_some(section);
        Ok(Self { first, rest })
    }
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
) -> Result<LogPart, Fault> {
    let path = path.ok_or(FaultCode::NoFile.bare())?;
    let open = move || reader::read(&path, offset, length).and_then(LogPart::read);
    blocking(state, open).await?
}

async fn read_process(state: Arc<AppState>, args: Args, stream: Stream) -> Outcome {
    let path = path(&*names::info(&state.board, args.text(0)?)?, stream);
    let part = read(&state, path, args.int(1)?, args.int(2)?).await?;
    Ok(Reply::Log(part, None))
}

async fn read_main(state: Arc<AppState>, args: Args) -> Outcome {
    let path = state.board.identity().logfile.clone();
    state.settled().await;
    let part = read(&state, path, args.int(0)?, args.int(1)?).await?;
    Ok(Reply::Log(part, None))
}

async fn tail_process(state: Arc<AppState>, args: Args, stream: Stream) -> Outcome {
    let path = path(&*names::info(&state.board, args.text(0)?)?, stream);
    let (offset, length) = (args.int(1)?, args.int(2)?);
    let Some(path) = path else {
        return Ok(Reply::Log(LogPart::default(), Some((0, false))));
    };
    let open = move || {
        let tail = reader::tail(&path, offset, length);
        let part = LogPart::read(tail.section);
        part.map(|part| (part, (tail.offset, tail.overflow)))
    };
    let tail = blocking(&state, open).await?;
    // a log that cannot be read is an empty answer
    let (part, tail) = tail.unwrap_or_else(|_| (LogPart::default(), (offset, false)));
    Ok(Reply::Log(part, Some(tail)))
}

async fn maintain(state: Arc<AppState>, args: Args, action: LogAction) -> Outcome {
    let done = |name| state.link.maintain_process_logs(name, action);
    on_one(args.text(0)?, done).await
}

async fn clear_all(state: Arc<AppState>, _: Args) -> Outcome {
    state.link.clear_many_logs(Scope::All).await.map(results)
}

async fn clear_main(state: Arc<AppState>, _: Args) -> Outcome {
    state.link.clear_main_log().await.map(Reply::done)
}
