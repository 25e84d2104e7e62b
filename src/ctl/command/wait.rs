//! `wait`: until processes are in a state. Not in the original.

mod rule;

use std::time::{Duration, Instant};

use visord_model::state::ProcessState;
use visord_xmlrpc::Client;

use super::{ExitStatus, Failure, Result, Session};
use crate::ctl::command::{seconds, take_value};
use crate::ctl::interrupt::Taken;
use crate::ctl::live::Watcher;
use crate::ctl::names::select_or_all;
use crate::ctl::process::ProcessInfo;
use crate::ctl::session::json;
use rule::{WaitProgress, WaitVerdict, read_states};

/// What can follow `--for`.
pub(super) const STATES: &[&str] = &[
    "STOPPED", "STARTING", "RUNNING", "BACKOFF", "STOPPING", "EXITED", "FATAL", "DOWN",
];

/// How often a daemon is asked that has no event stream, or that is not there.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

#[derive(Clone, Debug, PartialEq, Eq)]
struct WaitRequest<'a> {
    names: Vec<&'a str>,
    wanted: Vec<ProcessState>,
    timeout: Option<Duration>,
}

impl<'a> WaitRequest<'a> {
    fn read(arguments: &[&'a str]) -> Result<Self, String> {
        let mut arguments = arguments.to_vec();
        let wanted = take_value(&mut arguments, &["--for"])?;
        let wanted = read_states(wanted.unwrap_or("RUNNING"))?;
        let timeout = take_value(&mut arguments, &["--timeout"])?;
        let timeout = timeout.map(seconds).transpose()?;
        if let Some(option) = arguments.iter().find(|word| word.starts_with("--")) {
            return Err(format!("unknown option {option} for wait"));
        }
        if arguments.is_empty() {
            return Err("wait requires a process name".to_owned());
        }
        Ok(Self {
            names: arguments,
            wanted,
            timeout,
        })
    }
}

pub(super) fn run(session: &mut Session, arguments: &[&str]) -> Result {
    let request = WaitRequest::read(arguments).map_err(Failure::invalid)?;
    let interrupted = session.terminal.take_interrupts()?;
    let deadline = request.timeout.map(|timeout| Instant::now() + timeout);
    let mut wait = Wait {
        session,
        interrupted,
        deadline,
        request,
    };
    let done = wait.until_done();
    if let Err(Failure::Interrupted) = done {
        session.exit_status = ExitStatus::INTERRUPTED;
    }
    done
}

struct Wait<'s, 'r> {
    session: &'s mut Session,
    interrupted: Taken,
    deadline: Option<Instant>,
    request: WaitRequest<'r>,
}

impl Wait<'_, '_> {
    /// Without a time limit a server that does not answer is a failure at once; with one it may
    /// still come. One that exits meanwhile may come back.
    fn until_done(&mut self) -> Result {
        let mut waiting = None;
        loop {
            let mut until = Instant::now() + POLL_INTERVAL;
            match (self.attempt(&mut waiting), self.deadline) {
                (Ok(true), _) => return Ok(()),
                (Ok(false), _) => {}
                (Err(failure), Some(deadline)) if failure.is_absence() => {
                    if Instant::now() >= deadline {
                        let line = failure.line(&self.session.server.shown());
                        return Err(Failure::Refused(ExitStatus::TIMED_OUT, line));
                    }
                    until = until.min(deadline);
                }
                (Err(failure), _) => return Err(failure),
            }
            self.interrupted.wait_for(&[], Some(until))?;
        }
    }

    /// False if the server exited meanwhile.
    fn attempt(&mut self, waiting: &mut Option<WaitProgress>) -> Result<bool> {
        let client = self.session.server.reach()?;
        let waiting = match waiting {
            Some(waiting) => {
                waiting.forget();
                waiting
            }
            None => waiting.insert(self.choose(client)?),
        };
        match Watcher::open(&self.session.server, POLL_INTERVAL) {
            Err(failure) if failure.is_absence() => Ok(false),
            watcher => self.watch(&mut watcher?, waiting),
        }
    }

    fn choose(&mut self, mut client: Client) -> Result<WaitProgress> {
        let all = ProcessInfo::all(&mut client)?;
        let (chosen, mut errors) = select_or_all(all, &self.request.names);
        let Some(last) = errors.pop() else {
            return Ok(WaitProgress::new(&chosen, self.request.wanted.clone()));
        };
        self.session.fail_all(ExitStatus::GENERIC, &errors)?;
        Err(Failure::refused(last))
    }

    /// False if the server exited.
    fn watch(&mut self, watcher: &mut Watcher, waiting: &mut WaitProgress) -> Result<bool> {
        let mut is_closed = false;
        loop {
            let now = Instant::now();
            let until = match waiting.verdict(now) {
                WaitVerdict::Reached | WaitVerdict::Hopeless => {
                    self.report(waiting, now, None)?;
                    return Ok(true);
                }
                WaitVerdict::Wait(until) => until,
            };
            if self.deadline.is_some_and(|deadline| now >= deadline) {
                self.report(waiting, now, self.request.timeout)?;
                return Ok(true);
            }
            if is_closed {
                return Ok(false);
            }
            let until = [until, self.deadline].into_iter().flatten().min();
            let woken = watcher.wait(&self.interrupted, &[], until)?;
            is_closed = woken.is_closed;
            for event in woken.events {
                waiting.put(event, Instant::now());
                // A state that passes quickly counts.
                if waiting.verdict(Instant::now()) == WaitVerdict::Reached {
                    break;
                }
            }
        }
    }

    fn report(&mut self, waiting: &WaitProgress, now: Instant, up: Option<Duration>) -> Result {
        for outcome in waiting.outcomes(now, up) {
            let (name, state, reached) = (outcome.namespec, outcome.state, outcome.reached);
            let text = match state {
                Some(state) if reached => format!("{name}: {state}\n"),
                Some(_) | None => String::new(),
            };
            let item = || json!({ "namespec": name, "state": state, "reached": reached });
            self.session.tell_item(&text, item)?;
            if let Some((status, why)) = outcome.failure {
                let line = format!("{name}: ERROR ({why})");
                self.session.fail(status, &line)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for() {
        let read = |argument: &'static str| {
            WaitRequest::read(&argument.split_whitespace().collect::<Vec<_>>())
        };
        let request = read("web-* --for STOPPED,exited g:a --timeout=1.5").expect("a request");
        assert_eq!(request.names, ["web-*", "g:a"]);
        assert_eq!(
            request.wanted,
            [ProcessState::Stopped, ProcessState::Exited]
        );
        assert_eq!(request.timeout, Some(Duration::from_millis(1500)));
        let request = read("x").expect("a request");
        assert_eq!(request.wanted, [ProcessState::Running]);
        assert_eq!(request.timeout, None);
        for (argument, message) in [
            ("", "wait requires a process name"),
            ("--for RUNNING", "wait requires a process name"),
            ("x --for", "--for requires a value"),
            ("x --timeout soon", "invalid time 'soon': expected seconds"),
            (
                "x --for HAPPY",
                "unknown state 'HAPPY' (one of STOPPED, STARTING, RUNNING, BACKOFF, STOPPING, \
                 EXITED, FATAL, DOWN)",
            ),
            ("x --until 5", "unknown option --until for wait"),
        ] {
            assert_eq!(read(argument), Err(message.to_owned()), "{argument}");
        }
    }
}
