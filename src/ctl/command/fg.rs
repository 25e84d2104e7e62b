//! `fg`: talking to a process. Its logs are shown as they grow, what is typed goes to its
//! standard input, line by line.

use std::io::IsTerminal;
use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;
use std::thread::JoinHandle;
use std::time::Duration;

use visord_model::fault::FaultCode;
use visord_model::state::ProcessState;
use visord_xmlrpc::http::HangUp;
use visord_xmlrpc::{CallError, Client};

use super::{Command, Completes};
use crate::ctl::complete::Names;
use crate::ctl::editor::{Ability, Editor, Entered, Full, Printer};
use crate::ctl::exit_status::{ExitStatus, is};
use crate::ctl::failure::Failure;
use crate::ctl::follow::{GREETING, LogStream, wait_for};
use crate::ctl::help::Part;
use crate::ctl::interrupt::Taken;
use crate::ctl::names::expand;
use crate::ctl::process::{ProcessInfo, refusable};
use crate::ctl::session::{Flow, Session};
use crate::ctl::terminal::Mode;
use crate::ctl::visible::Visible;

pub(super) const FG: Command = Command {
    name: "fg",
    help: &[
        Part::Usage(
            "fg <process>",
            "Talk to a process: see its output, type its input",
        ),
        Part::More("(Ctrl-C leaves it running)"),
    ],
    options: &[],
    completes: &[Completes::Processes],
    needs: &[
        "supervisor.getVersion",
        "supervisor.getAllProcessInfo",
        "supervisor.getProcessInfo",
        "supervisor.sendProcessStdin",
        "/logtail",
    ],
    addition: false,
    run,
};

/// How long a process pauses in a line before that is shown.
const REST: Duration = Duration::from_millis(200);

/// How long the last answers are waited for when the input is no terminal; the original's
/// daemon looks at a log once a second.
const LAST_ANSWERS: Duration = Duration::from_millis(1500);

const FAREWELL: &str = "Exiting foreground";

fn run(session: &mut Session<'_>, argument: &str) -> Result<Flow, Failure> {
    let Some(mut client) = session.reach()? else {
        return Ok(Flow::Continue);
    };
    let names: Vec<&str> = argument.split_whitespace().collect();
    let name = match &names[..] {
        [] => {
            let message = "ERROR: no process name supplied";
            return FG.misused(session, ExitStatus::Generic, message);
        }
        [name] => *name,
        _ => {
            let message = "ERROR: too many process names supplied";
            session.fail(ExitStatus::Generic, message)?;
            return Ok(Flow::Continue);
        }
    };
    let found = expand(&mut client, &[name])?;
    let name = match &found[..] {
        [one] => one.as_str(),
        several => {
            let line = format!("ERROR: {name} matches several: {}", several.join(", "));
            session.fail(ExitStatus::Generic, &line)?;
            return Ok(Flow::Continue);
        }
    };
    let refusal = match ProcessInfo::one(&mut client, name)? {
        Ok(info) if info.state == i64::from(ProcessState::Running.code()) => None,
        Ok(_) => Some("ERROR: process not running"),
        Err(fault) if is(FaultCode::BadName, fault.code) => {
            Some("ERROR: bad process name supplied")
        }
        Err(fault) => return Err(CallError::Fault(fault).into()),
    };
    match refusal {
        Some(line) => session.fail(ExitStatus::Generic, line)?,
        None => converse(session, &mut client, name)?,
    }
    Ok(Flow::Continue)
}

/// Show both logs and pass lines on until the user leaves or the process is gone.
fn converse(session: &mut Session<'_>, client: &mut Client, name: &str) -> Result<(), Failure> {
    let ability = Ability::of_console();
    // Before the greeting, which invites to type: what is typed is for the editor, Ctrl-C like any
    // key, also between two lines. Keys come one by one, for the system keeps half a line to
    // itself.
    let _mode = match ability {
        Ability::Full => Some(Mode::by_key()?),
        Ability::Plain | Ability::None => None,
    };
    let interrupted = session.terminal.take_interrupts()?;
    session.say(GREETING)?;
    let mut streams = Vec::new();
    for channel in ["stdout", "stderr"] {
        streams.extend(LogStream::open(
            session,
            &format!("/logtail/{name}/{channel}"),
        )?);
    }
    match ability {
        Ability::Full => edit(session, client, name, streams),
        Ability::Plain | Ability::None => pump(session, client, name, streams, &interrupted),
    }
}

/// Lines are edited while output arrives above them.
fn edit(
    session: &mut Session<'_>,
    client: &mut Client,
    name: &str,
    streams: Vec<LogStream>,
) -> Result<(), Failure> {
    let mut talk = Talk::begin(streams)?;
    let no_names = Rc::new(Names::none());
    loop {
        match talk.editor.line("", Rc::clone(&no_names))? {
            Entered::Line(line) => {
                talk.editor.remember(&line);
                if !send(session, client, name, &line)? {
                    return Ok(());
                }
            }
            Entered::End | Entered::Interrupted => {
                drop(talk);
                return session.say(FAREWELL);
            }
        }
    }
}

/// An editor and what prints above its line. When it is dropped nothing is printed any more.
struct Talk {
    /// Dropped first: a thread may be waiting for it to print something.
    editor: Full,
    _printing: Vec<Printing>,
}

impl Talk {
    fn begin(streams: Vec<LogStream>) -> Result<Self, Failure> {
        let mut editor = Full::open()?;
        let mut printing = Vec::new();
        for stream in streams {
            printing.push(Printing::begin(stream, editor.printer()?)?);
        }
        Ok(Self {
            editor,
            _printing: printing,
        })
    }
}

/// A thread that prints a log; dropping this ends the log and waits for the thread.
struct Printing {
    hang_up: HangUp,
    thread: Option<JoinHandle<()>>,
}

impl Printing {
    fn begin(stream: LogStream, printer: Printer) -> Result<Self, Failure> {
        let hang_up = stream.hang_up()?;
        let thread = std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || print(stream, printer))?;
        Ok(Self {
            hang_up,
            thread: Some(thread),
        })
    }
}

impl Drop for Printing {
    fn drop(&mut self) {
        self.hang_up.now();
        if let Some(thread) = self.thread.take() {
            // One that panicked prints nothing more either.
            let _ = thread.join();
        }
    }
}

/// Print a log until it ends or nobody looks any more. The editor puts a line end after
/// whatever it prints, so lines are printed whole, unless the process rests in one: that
/// may be a question.
fn print(mut stream: LogStream, mut printer: Printer) {
    let mut filter = Visible::default();
    let mut text = String::new();
    let mut more = true;
    while more {
        text.push_str(&filter.push(&stream.take()));
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let rest = text.split_off(whole);
        if !text.is_empty() && printer(text).is_err() {
            return;
        }
        text = rest;
        if !text.is_empty() && stream.rests(REST) && printer(std::mem::take(&mut text)).is_err() {
            return;
        }
        more = stream.read();
    }
}

/// Lines are read as they are while output arrives between them.
fn pump(
    session: &mut Session<'_>,
    client: &mut Client,
    name: &str,
    mut streams: Vec<LogStream>,
    interrupted: &Taken,
) -> Result<(), Failure> {
    let mut input_ended = false;
    loop {
        for stream in &mut streams {
            session.terminal.out_bytes(&stream.take())?;
        }
        while let Some(line) = next_line(session, input_ended) {
            if !send(session, client, name, &line)? {
                return Ok(());
            }
        }
        let Some(ready) = Ready::wait(interrupted, input_ended, &streams)? else {
            break;
        };
        if ready.interrupted {
            break;
        }
        if ready.input && !session.terminal.lines().fill()? {
            if std::io::stdin().is_terminal() {
                break;
            }
            input_ended = true;
        }
        let mut ready = ready.streams.into_iter();
        streams.retain_mut(|stream| !ready.next().unwrap_or(false) || stream.read());
    }
    session.say(FAREWELL)
}

/// A line that has been read; at the end of the input also one that it cut short.
fn next_line(session: &mut Session<'_>, input_ended: bool) -> Option<String> {
    let lines = session.terminal.lines();
    lines
        .take_line()
        .or_else(|| if input_ended { lines.take_rest() } else { None })
}

/// What can be read without waiting.
struct Ready {
    interrupted: bool,
    input: bool,
    streams: Vec<bool>,
}

impl Ready {
    /// Wait for something to read. Once the input has ended, the answers to it are still
    /// wanted, so nothing is only told after a while without any.
    fn wait(
        interrupted: &Taken,
        input_ended: bool,
        streams: &[LogStream],
    ) -> Result<Option<Self>, Failure> {
        let stdin = std::io::stdin();
        let mut descriptors: Vec<BorrowedFd<'_>> = vec![interrupted.as_fd()];
        if !input_ended {
            descriptors.push(stdin.as_fd());
        }
        descriptors.extend(streams.iter().map(AsFd::as_fd));
        let patience = input_ended.then_some(LAST_ANSWERS);
        Ok(wait_for(&descriptors, patience)?.map(|ready| {
            let mut ready = ready.into_iter();
            Self {
                interrupted: ready.next().unwrap_or(false),
                input: !input_ended && ready.next().unwrap_or(false),
                streams: ready.collect(),
            }
        }))
    }
}

/// Pass a line on; false when the conversation is over.
fn send(
    session: &mut Session<'_>,
    client: &mut Client,
    name: &str,
    line: &str,
) -> Result<bool, Failure> {
    let params = [name.into(), format!("{line}\n").into()];
    let result = client.call("supervisor.sendProcessStdin", &params);
    match refusable(result)? {
        Ok(_) => Ok(true),
        Err(fault) if is(FaultCode::NotRunning, fault.code) => {
            session.say("Process got killed")?;
            session.say(FAREWELL)?;
            Ok(false)
        }
        Err(fault) => {
            session.say(&format!("ERROR: {}", fault.string))?;
            Ok(true)
        }
    }
}
