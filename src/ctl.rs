//! supervisorctl: one command, or a shell that takes them (spec interfaces 4).
//!
//! Reading order: [`options`] is the command line, [`session`] what commands work with,
//! [`command`] the table of all of them, [`shell`] the prompt and [`editor`] the line. Everything here blocks: a
//! person waits for it, and a runtime would only make it start later.

pub mod arguments;
pub mod command;
pub mod complete;
pub mod details;
pub mod editor;
pub mod exit_status;
pub mod failure;
pub mod follow;
pub mod help;
pub mod hide;
pub mod history;
pub mod interrupt;
pub mod json;
pub mod line;
pub mod lines;
pub mod live;
pub mod names;
pub mod options;
pub mod plugin;
pub mod process;
pub mod screen;
pub mod session;
pub mod shell;
pub mod table;
pub mod terminal;
pub mod units;
pub mod visible;
pub mod watcher;

use std::process::ExitCode;
use std::{io, mem};

use visord_xmlrpc::CallError;

use crate::cli;
use command::execute;
use complete::outer::answer;
use exit_status::ExitStatus;
use failure::Failure;
use json::Report;
use options::{Request, Settings};
use session::{Flow, Session};
use shell::Left;
use terminal::{Console, Terminal};

/// The whole program.
#[must_use]
pub fn main() -> ExitCode {
    let (program, words) = cli::arguments();
    hide::hide_passwords(&words);
    match options::read(&program, &words, &options::surroundings()) {
        Err(error) if options::wants_json(&words) => {
            let mut report = Report::default();
            report.errors.push(format!("Error: {}", error.0));
            let status = ExitStatus::InvalidArguments.code();
            let document = report.take_document("", status);
            show(&format!("{document}\n"), ExitCode::from(status))
        }
        Err(error) => error.report(&program),
        Ok(Request::Help(text)) => show(&text, ExitCode::SUCCESS),
        Ok(Request::Complete(shell)) => {
            // What cannot be told is not offered.
            let _ = Console::default().out(&answer(&shell, &options::surroundings()));
            ExitCode::SUCCESS
        }
        Ok(Request::Act(settings)) => act(*settings),
    }
}

/// Write to standard output and be done.
fn show(text: &str, code: ExitCode) -> ExitCode {
    match Console::default().out(text) {
        Ok(()) => code,
        Err(_) => ExitCode::FAILURE,
    }
}

fn act(settings: Settings) -> ExitCode {
    let mut console = Console::default();
    let is_shell = settings.words.is_empty();
    let confirm = is_shell || settings.interactive;
    // A password may be asked for: the terminal must show again what is typed afterwards.
    let may_ask = settings.server.lacks_password() && console.can_ask();
    let code = if confirm {
        ExitStatus::Success
    } else {
        ExitStatus::Interrupted
    };
    if (confirm || may_ask)
        && let Err(error) = console.on_interrupt(shell::leave_on_interrupt(code))
    {
        // Ctrl-C then ends the shell less politely.
        let _ = console.err(&format!("warning: Ctrl-C cannot be watched: {error}\n"));
    }
    if confirm && let Some(warning) = &settings.warning {
        // a user who cannot read it has nothing to lose: the file is left alone
        let _ = console.err(&format!("warning: {warning}\n"));
    }
    let mut session = Session::new(settings.server, &mut console, confirm);
    session.report = settings.json.then(Report::default);
    session.plugins = settings.plugins;
    if !confirm && let Some(refusal) = become_plugin(&session, &settings.words) {
        let told = session
            .fail(ExitStatus::Generic, &refusal)
            .and_then(|()| tell_in_json(&mut session, &settings.words[0]));
        drop(told);
        return ExitCode::from(ExitStatus::Generic.code());
    }
    let first = if is_shell {
        "status".to_owned()
    } else {
        line_of(&session, &settings.words)
    };
    let outcome = attempt(&mut session, &first).and_then(|flow| {
        let action = session.exit_status;
        if !confirm {
            return Ok(action);
        }
        let left = match flow {
            Flow::Leave => Left::ByUser,
            Flow::Continue => {
                let history_file = settings.history_file.as_deref();
                shell::run(&mut session, &settings.prompt, history_file)?
            }
        };
        Ok(match left {
            // a script gave an action and nothing to type
            Left::AtEndOfInput if !is_shell => action,
            // failures were told; the shell itself did well
            Left::AtEndOfInput | Left::ByUser => ExitStatus::Success,
        })
    });
    match outcome {
        Ok(status) => ExitCode::from(status.code()),
        // The reader of our output or the terminal went away: nobody is left to tell.
        Err(_) => ExitCode::from(ExitStatus::Generic.code()),
    }
}

/// The words of an action as one line. A plug-in gets them back as they were typed.
fn line_of(session: &Session<'_>, words: &[String]) -> String {
    match words.split_first() {
        Some((name, arguments)) if matches!(session.plugins.find(name), Ok(Some(_))) => {
            let quoted = |word: &String| format!(" '{}'", word.replace('\'', "'\\''"));
            let arguments: String = arguments.iter().map(quoted).collect();
            format!("{name}{arguments}")
        }
        Some(_) | None => words.join(" "),
    }
}

/// Become the plug-in that the words begin with, if any; comes back only with the reason why
/// that is impossible. The words are its arguments just as they were typed, and its end is ours.
fn become_plugin(session: &Session<'_>, words: &[String]) -> Option<String> {
    let (name, arguments) = words.split_first()?;
    match session.plugins.find(name) {
        Ok(plugin) => plugin.map(|plugin| plugin.become_it(session, arguments)),
        Err(why) => Some(format!("ERROR: {why}")),
    }
}

/// Carry out a line, and with `--json` tell of it in one document.
///
/// # Errors
/// The terminal is gone.
pub fn attempt(session: &mut Session<'_>, line: &str) -> Result<Flow, Failure> {
    let flow = attempt_once(session, line)?;
    tell_in_json(session, line)?;
    Ok(flow)
}

/// With `--json`: the document for what this line did.
fn tell_in_json(session: &mut Session<'_>, line: &str) -> Result<(), Failure> {
    if let Some(report) = &mut session.report {
        if mem::take(&mut report.is_told) {
            return Ok(());
        }
        let command = line.split_whitespace().next().unwrap_or_default();
        let document = report.take_document(command, session.exit_status.code());
        session.terminal.out(&format!("{document}\n"))?;
    }
    Ok(())
}

/// Carry out a line; what it has no words for is told here. Asks for a login where one is
/// required and somebody can be asked (spec interfaces 4.5).
///
/// # Errors
/// The terminal is gone.
fn attempt_once(session: &mut Session<'_>, line: &str) -> Result<Flow, Failure> {
    loop {
        let failure = match execute(session, line) {
            Ok(flow) => return Ok(flow),
            Err(Failure::Terminal(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                return Err(Failure::Terminal(error));
            }
            Err(Failure::Call(CallError::Unauthorized)) => match log_in(session) {
                Ok(true) => continue,
                Ok(false) => CallError::Unauthorized.into(),
                Err(failure) => failure,
            },
            Err(failure) => failure,
        };
        let line = failure.line(&session.server.shown());
        session.fail(ExitStatus::Generic, &line)?;
        return Ok(Flow::Continue);
    }
}

/// Ask for name and password, kept for the session; false if nobody is to be asked. An action
/// on the command line asks for no more than a password that was left out.
fn log_in(session: &mut Session<'_>) -> Result<bool, Failure> {
    let asks_password = session.server.lacks_password() && session.terminal.can_ask();
    if !session.confirm && asks_password {
        let password = session.terminal.ask_secret("Password:")?;
        session.server.password = Some(password.ok_or(Failure::EndOfInput)?.into());
        return Ok(true);
    }
    session.fail(ExitStatus::Generic, "Server requires authentication")?;
    if !session.confirm {
        return Ok(false);
    }
    let terminal = &mut session.terminal;
    let username = terminal.ask("Username:")?.ok_or(Failure::EndOfInput)?;
    let password = terminal.ask_secret("Password:")?;
    session.server.password = Some(password.ok_or(Failure::EndOfInput)?.into());
    session.server.username = Some(username);
    session.say("")?;
    Ok(true)
}
