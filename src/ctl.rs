//! supervisorctl: one action, or a shell that takes them (spec interfaces 4). supvisorsctl is the
//! same program; it always shows the commands for Supvisors (spec cluster 10.1).
//!
//! Reading order: [`options`] is the command line, [`session`] what commands work with,
//! [`command`] the table of all of them, [`shell`] the prompt and [`editor`] the line. Everything
//! here blocks: a runtime would only make it start later.

pub mod command;
pub mod complete;
pub mod editor;
pub mod failure;
pub mod follow;
pub mod help;
pub mod hide;
pub mod interrupt;
pub mod lines;
pub mod live;
pub mod manual;
pub mod names;
pub mod options;
pub mod plugin;
pub mod process;
pub mod screen;
pub mod session;
pub mod shell;
pub mod table;
pub mod terminal;

use std::path::Path;
use std::process::ExitCode;
use std::{env, io, mem};

use visord_xmlrpc::CallError;

use crate::cli::{self, Parsed};
use command::execute;
use complete::outer::{COMPLETE, answer};
use failure::{ExitStatus, Failure, Result};
use options::Settings;
use session::{Flow, Report, Session};
use terminal::Terminal;

/// The whole program supervisorctl.
pub fn main() -> ExitCode {
    run(false)
}

/// The whole program supvisorsctl.
pub fn supvisorsctl() -> ExitCode {
    run(true)
}

/// `is_cluster`: the commands for Supvisors are shown whatever the configuration says.
fn run(is_cluster: bool) -> ExitCode {
    let (program, arguments) = cli::arguments();
    let definitions = options::definitions();
    hide::hide_passwords(&definitions, &arguments);
    let context = cli::host_context(env::current_dir().unwrap_or_else(|_| "/".into()));
    if let [first, request @ ..] = &arguments[..]
        && first == COMPLETE
    {
        let answer = answer(request, &context, is_cluster);
        return show(&answer, ExitStatus::SUCCESS);
    }
    match options::read(&program, &definitions, &arguments, &context) {
        Ok(Parsed::Run(settings)) => act(*settings, is_cluster),
        Ok(Parsed::Print(text)) => show(&text, ExitStatus::SUCCESS),
        Err(error) if arguments.iter().any(|argument| argument == "--json") => {
            let mut report = Report::default();
            report.errors.push(format!("Error: {error}"));
            let status = ExitStatus::INVALID_ARGUMENTS;
            let document = report.take_document("", status.0);
            show(&format!("{document}\n"), status)
        }
        Err(error) => cli::report_usage_error(&program, &error),
    }
}

/// Write to standard output and be done.
fn show(text: &str, status: ExitStatus) -> ExitCode {
    let written = Terminal::default().out(text);
    written.map_or(ExitCode::FAILURE, |()| ExitCode::from(status.0))
}

fn act(settings: Settings, is_cluster: bool) -> ExitCode {
    let mut terminal = Terminal::default();
    let confirm = settings.action.is_empty() || settings.interactive;
    // if a password may be asked for, Ctrl-C has to make the terminal show again what is typed
    let may_ask = settings.server.lacks_password() && terminal.can_ask();
    let interrupted = if confirm {
        ExitStatus::SUCCESS
    } else {
        ExitStatus::INTERRUPTED
    };
    if (confirm || may_ask)
        && let Err(error) = terminal.on_interrupt(shell::leave_on_interrupt(interrupted))
    {
        // Ctrl-C then kills the shell
        let _ = terminal.err(&format!("warning: Ctrl-C cannot be watched: {error}\n"));
    }
    if confirm && let Some(warning) = &settings.warning {
        // the file is not used, so nothing is lost if the warning cannot be shown
        let _ = terminal.err(&format!("warning: {warning}\n"));
    }
    let mut session = Session {
        server: settings.server,
        terminal,
        confirm,
        exit_status: ExitStatus::SUCCESS,
        report: settings.json.then(Report::default),
        plugins: settings.plugins,
        has_cluster: is_cluster || settings.supvisors,
    };
    let outcome = if confirm {
        let history_file = settings.history_file.as_deref();
        act_in_shell(
            &mut session,
            &settings.action,
            &settings.prompt,
            history_file,
        )
    } else {
        act_once(&mut session, &settings.action)
    };
    // an error: the reader of our output or the terminal is gone
    ExitCode::from(outcome.unwrap_or(ExitStatus::GENERIC).0)
}

/// Carry out an action, or become the plug-in of that name: its arguments are just as they were
/// typed, and its end is ours.
fn act_once(session: &mut Session, action: &[String]) -> Result<ExitStatus> {
    if let Ok(Some(plugin)) = session.plugins.find(&action[0]) {
        let refusal = plugin.replace_process(session, &action[1..]);
        session.fail(ExitStatus::GENERIC, &refusal)?;
        print_report(session, &action[0])?;
    } else {
        let _: Flow = attempt(session, &action.join(" "))?;
    }
    Ok(session.exit_status)
}

/// Carry out an action, `status` if there is none, and then what is typed in a shell.
fn act_in_shell(
    session: &mut Session,
    action: &[String],
    prompt: &str,
    history_file: Option<&Path>,
) -> Result<ExitStatus> {
    let line = if action.is_empty() {
        "status".to_owned()
    } else {
        line_of(session, action)
    };
    let flow = attempt(session, &line)?;
    let status = session.exit_status;
    if flow == Flow::Leave {
        return Ok(ExitStatus::SUCCESS);
    }
    Ok(match shell::run(session, prompt, history_file)? {
        // a script gave an action and nothing to type
        Flow::Continue if !action.is_empty() => status,
        // failures were shown; the shell itself did well
        Flow::Continue | Flow::Leave => ExitStatus::SUCCESS,
    })
}

/// An action as one line. A plug-in gets its arguments back as they were typed.
fn line_of(session: &Session, action: &[String]) -> String {
    if !matches!(session.plugins.find(&action[0]), Ok(Some(_))) {
        return action.join(" ");
    }
    let quoted = |word: &String| format!(" '{}'", word.replace('\'', "'\\''"));
    let arguments: String = action[1..].iter().map(quoted).collect();
    format!("{}{arguments}", action[0])
}

/// Carry out a line, and with `--json` print one document about it. Fails if the terminal is gone.
pub fn attempt(session: &mut Session, line: &str) -> Result<Flow> {
    let flow = attempt_once(session, line)?;
    print_report(session, line)?;
    Ok(flow)
}

/// With `--json`: the document for what this line did.
fn print_report(session: &mut Session, line: &str) -> Result {
    if let Some(report) = &mut session.report {
        if mem::take(&mut report.is_told) {
            return Ok(());
        }
        let command = line.split_whitespace().next().unwrap_or_default();
        let document = report.take_document(command, session.exit_status.0);
        session.terminal.out(&format!("{document}\n"))?;
    }
    Ok(())
}

/// Carry out a line and report its failure. Asks for a login where one is required and a user can
/// be asked (spec interfaces 4.5). Fails if the terminal is gone.
fn attempt_once(session: &mut Session, line: &str) -> Result<Flow> {
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
        session.fail(ExitStatus::GENERIC, &line)?;
        return Ok(Flow::Continue);
    }
}

/// Ask for name and password, kept for the session; false if no user is to be asked. An action
/// on the command line asks for no more than a password that was left out.
fn log_in(session: &mut Session) -> Result<bool> {
    let may_ask = session.server.lacks_password() && session.terminal.can_ask();
    let mut username = None;
    if session.confirm || !may_ask {
        session.fail(ExitStatus::GENERIC, "Server requires authentication")?;
        if !session.confirm {
            return Ok(false);
        }
        let answer = session.terminal.ask("Username:")?;
        username = Some(answer.ok_or_else(Failure::end_of_input)?);
    }
    let password = session.terminal.ask_secret("Password:")?;
    session.server.password = Some(password.ok_or_else(Failure::end_of_input)?.into());
    if username.is_some() {
        session.server.username = username;
        session.say("")?;
    }
    Ok(true)
}
