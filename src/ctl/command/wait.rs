//! `wait`: until processes are in a state. Not in the original.

mod rule;

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use visord_xmlrpc::Client;

use super::{Command, Completes, Opt, means_all};
use crate::ctl::arguments::{seconds, take_value};
use crate::ctl::exit_status::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::follow::wait_for;
use crate::ctl::help::Part;
use crate::ctl::interrupt::Taken;
use crate::ctl::json::json;
use crate::ctl::names::select;
use crate::ctl::process::ProcessInfo;
use crate::ctl::session::{Flow, Session, Unreached};
use crate::ctl::watcher::{Watcher, left_until};
use rule::{States, Verdict, Waiting};

pub(super) const WAIT: Command = Command {
    name: "wait",
    help: &[
        Part::Usage("wait <name> [...]", "Wait until processes are RUNNING"),
        Part::Usage("wait all", "Wait for every process"),
    ],
    options: &[
        Opt {
            name: "--for",
            value: Some(("<state>[,<state>]", &[Completes::Words(STATES)])),
            text: "wait for one of these states (DOWN: STOPPED, EXITED or FATAL)",
        },
        Opt {
            name: "--timeout",
            value: Some(("<seconds>", &[])),
            text: "give up after that time, with exit code 124",
        },
    ],
    completes: &[Completes::Processes],
    needs: &[
        "supervisor.getVersion",
        "supervisor.getAllProcessInfo",
        "/live",
    ],
    addition: true,
    run,
};

/// What TAB offers after `--for`.
const STATES: &[&str] = &[
    "BACKOFF", "DOWN", "EXITED", "FATAL", "RUNNING", "STARTING", "STOPPED", "STOPPING",
];

/// How often a daemon is asked that does not tell by itself, and one that is not there.
const EVERY: Duration = Duration::from_millis(200);

/// What `wait` was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Request<'a> {
    names: Vec<&'a str>,
    wanted: States,
    timeout: Option<Duration>,
}

fn read(argument: &str) -> Result<Request<'_>, String> {
    let mut words: Vec<&str> = argument.split_whitespace().collect();
    let wanted = match take_value(&mut words, &["--for"])? {
        Some(text) => States::read(text)?,
        None => States::default(),
    };
    let timeout = take_value(&mut words, &["--timeout"])?
        .map(seconds)
        .transpose()?;
    if let Some(option) = words.iter().find(|word| word.starts_with("--")) {
        return Err(format!("{option} is no option of wait"));
    }
    if words.is_empty() {
        return Err("wait requires a process name".to_owned());
    }
    Ok(Request {
        names: words,
        wanted,
        timeout,
    })
}

fn run(session: &mut Session<'_>, argument: &str) -> Result<Flow, Failure> {
    let request = match read(argument) {
        Ok(request) => request,
        Err(message) => {
            let message = format!("Error: {message}");
            return WAIT.misused(session, ExitStatus::InvalidArguments, &message);
        }
    };
    let interrupted = session.terminal.take_interrupts()?;
    let mut wait = Wait {
        session,
        interrupted,
        deadline: request.timeout.map(|timeout| Instant::now() + timeout),
        timeout: request.timeout.unwrap_or_default(),
    };
    match wait.until_done(&request)? {
        End::Done => {}
        End::Interrupted => {
            wait.session.exit_status = ExitStatus::Interrupted;
            wait.session.say("")?;
        }
    }
    Ok(Flow::Continue)
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// What there is to tell was told.
    Done,
    /// By Ctrl-C.
    Interrupted,
}

/// A wait under way.
struct Wait<'s, 't> {
    session: &'s mut Session<'t>,
    interrupted: Taken,
    deadline: Option<Instant>,
    timeout: Duration,
}

/// Whether the server could be reached in time.
enum Contact {
    Made(Client),
    /// What there is to tell was told.
    Failed,
    Interrupted,
}

impl Wait<'_, '_> {
    fn until_done(&mut self, request: &Request<'_>) -> Result<End, Failure> {
        let mut waiting = None;
        loop {
            let client = match self.contact()? {
                Contact::Made(client) => client,
                Contact::Failed => return Ok(End::Done),
                Contact::Interrupted => return Ok(End::Interrupted),
            };
            if waiting.is_none() {
                waiting = match self.choose(client, request) {
                    Ok(Some(chosen)) => Some(Waiting::new(&chosen, request.wanted.clone())),
                    Ok(None) => return Ok(End::Done),
                    // It left since it was asked for its version.
                    Err(failure) if failure.is_absence() && self.deadline.is_some() => None,
                    Err(failure) => return Err(failure),
                };
            }
            if let Some(waiting) = &mut waiting {
                if let Some(end) = self.watch(waiting)? {
                    return Ok(end);
                }
                waiting.forget();
            }
            if self.pauses(EVERY)? {
                return Ok(End::Interrupted);
            }
        }
    }

    /// The processes that are named; nothing after errors were told.
    fn choose(
        &mut self,
        mut client: Client,
        request: &Request<'_>,
    ) -> Result<Option<Vec<ProcessInfo>>, Failure> {
        let all = ProcessInfo::all(&mut client)?;
        if means_all(&request.names) {
            return Ok(Some(all));
        }
        let (chosen, errors) = select(&all, &request.names);
        for error in &errors {
            self.session.fail(ExitStatus::Generic, error)?;
        }
        Ok(errors.is_empty().then_some(chosen))
    }

    /// Let that time pass; true if Ctrl-C cut it short.
    fn pauses(&self, time: Duration) -> Result<bool, Failure> {
        Ok(wait_for(&[self.interrupted.as_fd()], Some(time))?.is_some())
    }

    /// A server that answers. Without a time limit one that does not is a failure at once;
    /// with one it may still come.
    fn contact(&mut self) -> Result<Contact, Failure> {
        loop {
            let Unreached { status, message } = match self.session.server.reach() {
                Ok(Ok(client)) => return Ok(Contact::Made(client)),
                Ok(Err(unreached)) => unreached,
                Err(failure) if failure.is_absence() && self.deadline.is_some() => Unreached {
                    status: ExitStatus::Generic,
                    message: failure.line(&self.session.server.shown()),
                },
                Err(failure) => return Err(failure),
            };
            let Some(deadline) = self.deadline else {
                self.session.fail(status, &message)?;
                return Ok(Contact::Failed);
            };
            if Instant::now() >= deadline {
                self.session.fail(status, &message)?;
                self.session.exit_status = ExitStatus::TimedOut;
                return Ok(Contact::Failed);
            }
            if self.pauses(EVERY.min(left_until(deadline)))? {
                return Ok(Contact::Interrupted);
            }
        }
    }

    /// Nothing if the server has gone.
    fn watch(&mut self, waiting: &mut Waiting) -> Result<Option<End>, Failure> {
        let mut watcher = match Watcher::open(&self.session.server, EVERY) {
            Ok(watcher) => watcher,
            Err(failure) if failure.is_absence() => return Ok(None),
            Err(failure) => return Err(failure),
        };
        loop {
            let now = Instant::now();
            let until = match waiting.verdict(now) {
                Verdict::Reached | Verdict::Hopeless => {
                    self.tell(waiting, now, None)?;
                    return Ok(Some(End::Done));
                }
                Verdict::Wait(until) => until,
            };
            if self.deadline.is_some_and(|deadline| now >= deadline) {
                self.tell(waiting, now, Some(self.timeout))?;
                return Ok(Some(End::Done));
            }
            let until = [until, self.deadline].into_iter().flatten().min();
            let woken = watcher.wait(&[self.interrupted.as_fd()], until)?;
            if woken.ready == [true] {
                return Ok(Some(End::Interrupted));
            }
            let Some(news) = woken.news else {
                return Ok(None);
            };
            for news in news {
                waiting.put(news, Instant::now());
                // What passes quickly was there all the same.
                if waiting.verdict(Instant::now()) == Verdict::Reached {
                    break;
                }
            }
        }
    }

    /// Tell how it ended, process by process; `up` is the time that is up, if it is.
    fn tell(
        &mut self,
        waiting: &Waiting,
        now: Instant,
        up: Option<Duration>,
    ) -> Result<(), Failure> {
        for outcome in waiting.outcomes(now) {
            let (name, state) = (&outcome.namespec, &outcome.state);
            let item = json!({ "namespec": name, "state": state, "reached": outcome.reached });
            let text = match state {
                Some(state) if outcome.reached => format!("{name}: {state}\n"),
                Some(_) | None => String::new(),
            };
            self.session.tell_item(&text, || item)?;
            if let Some((status, why)) = outcome.failure(waiting.wanted(), up) {
                self.session
                    .fail(status, &format!("{name}: ERROR ({why})"))?;
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
        let request = read("web-* --for STOPPED,exited g:a --timeout=1.5").expect("a request");
        assert_eq!(request.names, ["web-*", "g:a"]);
        assert_eq!(request.wanted.to_string(), "STOPPED or EXITED");
        assert_eq!(request.timeout, Some(Duration::from_millis(1500)));
        let request = read("x").expect("a request");
        assert_eq!(request.wanted.to_string(), "RUNNING");
        assert_eq!(request.timeout, None);
        for (argument, message) in [
            ("", "wait requires a process name"),
            ("--for RUNNING", "wait requires a process name"),
            ("x --for", "--for requires a value"),
            ("x --timeout soon", "soon is no number of seconds"),
            ("x --for HAPPY", "HAPPY is no state"),
            ("x --until 5", "--until is no option of wait"),
        ] {
            assert_eq!(read(argument), Err(message.to_owned()), "{argument}");
        }
    }
}
