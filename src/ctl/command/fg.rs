//! `fg`: a process in the foreground. Its logs are shown as they grow, what is typed is sent to its
//! standard input, line by line.

use std::io::IsTerminal;
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use visord_model::event::Stream;
use visord_model::fault::FaultCode;
use visord_model::state::ProcessState;
use visord_xmlrpc::Client;
use visord_xmlrpc::http::Answer;

use super::log::LogId;
use super::{Failure, Result, Session, is};
use crate::ctl::complete::Names;
use crate::ctl::editor::{Ability, Editor, Entered, Full, Printer};
use crate::ctl::follow::{GREETING, open_log, read, wait_for};
use crate::ctl::interrupt::Taken;
use crate::ctl::names::expand;
use crate::ctl::process::{ProcessInfo, call, refusable};
use crate::ctl::terminal::Mode;
use crate::visible::Visible;

/// After how long a pause an unfinished line is shown.
const PAUSE: Duration = Duration::from_millis(200);

/// How long the last answers are waited for when the input is not a terminal; the original's
/// daemon looks at a log once a second.
const LAST_ANSWERS: Duration = Duration::from_millis(1500);

const EXITING: &str = "Exiting foreground";

pub(super) fn run(session: &mut Session, names: &[&str]) -> Result {
    let mut client = session.server.reach()?;
    let name = match names {
        [] => return Err(Failure::misused("ERROR: no process name supplied")),
        [name] => *name,
        _ => return Err(Failure::refused("ERROR: too many process names supplied")),
    };
    let found = expand(&mut client, &[name])?;
    let [name] = &found[..] else {
        let line = format!("ERROR: {name} matches several: {}", found.join(", "));
        return Err(Failure::refused(line));
    };
    match ProcessInfo::one(&mut client, name)? {
        None => Err(Failure::refused("ERROR: bad process name supplied")),
        Some(info) if info.known_state() == Some(ProcessState::Running) => Foreground {
            session,
            client,
            name,
        }
        .run(),
        Some(_) => Err(Failure::refused("ERROR: process not running")),
    }
}

struct Foreground<'s> {
    session: &'s mut Session,
    client: Client,
    name: &'s str,
}

impl Foreground<'_> {
    /// Show both logs and send lines until the user leaves or the process ends.
    fn run(&mut self) -> Result {
        let is_full = Ability::of_console() == Ability::Full;
        // Before the greeting, which invites to type: what is typed is for the editor, Ctrl-C like
        // any key, also between two lines. Keys come one by one, for the terminal keeps half a
        // line to itself.
        let _mode = is_full.then(Mode::by_key).transpose()?;
        let interrupted = self.session.terminal.take_interrupts()?;
        self.session.say(GREETING)?;
        let mut streams = Vec::new();
        for channel in [Stream::Stdout, Stream::Stderr] {
            let path = LogId::Of(self.name, channel).stream();
            streams.extend(open_log(self.session, &path)?);
        }
        if is_full {
            self.edit(streams)
        } else {
            self.pass_on(streams, &interrupted)
        }
    }

    /// Lines are edited while output is printed above them.
    fn edit(&mut self, streams: Vec<Answer>) -> Result {
        let mut printing = Vec::new();
        // Dropped before them: a thread may be waiting for the editor to print something.
        let mut editor = Full::open()?;
        for stream in streams {
            printing.push(Printing::begin(stream, editor.printer()?)?);
        }
        let no_names = Rc::new(Names::none());
        loop {
            match editor.line("", Rc::clone(&no_names))? {
                Entered::Line(line) => {
                    editor.remember(&line);
                    if !self.send(&line)? {
                        return Ok(());
                    }
                }
                Entered::End | Entered::Interrupted => {
                    drop(editor);
                    drop(printing);
                    return self.session.say(EXITING);
                }
            }
        }
    }

    /// Lines are read as they are while output is printed between them.
    fn pass_on(&mut self, mut streams: Vec<Answer>, interrupted: &Taken) -> Result {
        let mut input_ended = false;
        loop {
            for stream in &mut streams {
                self.session.terminal.out_bytes(&stream.take())?;
            }
            streams.retain(|stream| !stream.is_closed());
            while let Some(line) = self.next_line(input_ended) {
                if !self.send(&line)? {
                    return Ok(());
                }
            }
            let stdin = std::io::stdin();
            let mut descriptors: Vec<BorrowedFd<'_>> = streams.iter().map(AsFd::as_fd).collect();
            if !input_ended {
                descriptors.push(stdin.as_fd());
            }
            // Once the input has ended, the answers to it are still shown.
            let until = input_ended.then(|| Instant::now() + LAST_ANSWERS);
            let ready = match interrupted.wait_for(&descriptors, until) {
                Err(Failure::Interrupted) => break,
                ready => ready?,
            };
            if !ready.contains(&true) {
                break;
            }
            let has_input = !input_ended && ready.last() == Some(&true);
            if has_input && !self.session.terminal.input.fill()? {
                if stdin.is_terminal() {
                    break;
                }
                input_ended = true;
            }
            for (stream, _) in streams.iter_mut().zip(ready).filter(|(_, ready)| *ready) {
                read(stream);
            }
        }
        self.session.say(EXITING)
    }

    /// A line that has been read; at the end of the input also an unfinished one.
    fn next_line(&mut self, input_ended: bool) -> Option<String> {
        let lines = &mut self.session.terminal.input;
        let line = lines.take_line();
        line.or_else(|| input_ended.then(|| lines.take_rest()).flatten())
    }

    /// Send a line; false if the process has ended.
    fn send(&mut self, line: &str) -> Result<bool> {
        let params = [self.name.into(), format!("{line}\n").into()];
        let result = call(&mut self.client, "supervisor.sendProcessStdin", &params);
        match refusable(result)? {
            Ok(_) => Ok(true),
            Err(fault) if is(FaultCode::NotRunning, fault.code) => {
                self.session.say("Process got killed")?;
                self.session.say(EXITING)?;
                Ok(false)
            }
            Err(fault) => {
                self.session.say(&format!("ERROR: {}", fault.string))?;
                Ok(true)
            }
        }
    }
}

/// A thread that prints a log; dropping this ends the log and waits for the thread.
struct Printing {
    connection: UnixStream,
    thread: Option<JoinHandle<()>>,
}

impl Printing {
    fn begin(stream: Answer, printer: Printer) -> Result<Self> {
        let connection = stream.try_clone_socket()?;
        let thread = std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || print(stream, printer))?;
        Ok(Self {
            connection,
            thread: Some(thread),
        })
    }
}

impl Drop for Printing {
    fn drop(&mut self) {
        // It may have ended by itself already.
        let _ = self.connection.shutdown(Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            // One that panicked prints nothing more either.
            let _ = thread.join();
        }
    }
}

/// Print a log until it ends or the editor is dropped. The editor puts a line end after whatever
/// it prints, so lines are printed whole, unless the process pauses in one: that may be a
/// question.
fn print(mut stream: Answer, mut printer: Printer) {
    let mut filter = Visible::default();
    let mut text = String::new();
    loop {
        text.push_str(&filter.push(&stream.take()));
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let rest = text.split_off(whole);
        if !text.is_empty() && printer(text).is_err() {
            return;
        }
        text = rest;
        let until = Some(Instant::now() + PAUSE);
        let pauses = || wait_for(&[stream.as_fd()], until).is_ok_and(|it| it == [false]);
        if !text.is_empty() && pauses() && printer(std::mem::take(&mut text)).is_err() {
            return;
        }
        if stream.is_closed() {
            return;
        }
        read(&mut stream);
    }
}
