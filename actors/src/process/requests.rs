//! What a process does on request.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, join_all, ready};
use visord_model::fault::{Fault, FaultCode};
use visord_model::listener::Undelivered;
use visord_model::process::{Input, SPAWN_TIMEOUT};
use visord_model::state::ProcessState;

use super::Process;
use super::stdin::STDIN_BUFFER;
use super::waiters::Awaited;
use crate::messages::Answer;
use crate::messages::process::Command;
use crate::messages::supervisor::LogAction;
use crate::spawn::{ResolvedCommand, SpawnError};
use visord_logs::{Channel, FileAction};

pub(super) type Later = LocalBoxFuture<'static, Answer>;

impl Process {
    pub(super) fn request(&mut self, command: Command) -> Later {
        let done = match command {
            Command::Start { wait } => return self.find_and_start(wait, false),
            Command::StartWith { extra_args, wait } => {
                // of a refused start nothing may be left when the program is enabled
                if !self.disabled {
                    self.set_extra_args(extra_args);
                }
                return self.find_and_start(wait, true);
            }
            Command::StartFound { wait, program } => {
                return self.start(wait, program).unwrap_or_else(refuse);
            }
            Command::Stop { wait } => return self.stop(wait).unwrap_or_else(refuse),
            Command::Retire => return self.retire(),
            Command::Logs(LogAction::Clear) => return self.maintain_logs(FileAction::Clear),
            Command::Logs(LogAction::Rotate) => return self.maintain_logs(FileAction::Rotate),
            Command::Signal(signal) => self
                .requested(Input::Signal(signal))
                .and_then(|()| self.signalled()),
            Command::Write(data) => self.write(&data),
            Command::SetExtraArgs(extra_args) => {
                self.set_extra_args(extra_args);
                Ok(())
            }
            Command::Fail(reason) => self.requested(Input::Fail(reason)),
            Command::RetireLater => self.retire_later(),
            Command::Disable => self.disable(),
            Command::Enable => self.enable(),
            Command::NeverRestart => self.told(Input::NeverRestart),
            Command::Autostart if self.leaving.is_some() => Ok(()),
            Command::Autostart => self.told(Input::Autostart),
            Command::GiveUp => self.told(Input::GiveUp),
            Command::Closing => self.told(Input::Closing),
            Command::Reinstate => self.reinstate(),
            Command::Logs(LogAction::Reopen) => {
                self.channels().for_each(Channel::reopen);
                Ok(())
            }
        };
        ready(done).boxed_local()
    }

    /// A turn that cannot fail.
    pub(super) fn told(&mut self, input: Input) -> Answer {
        self.turn_unasked(input);
        Ok(())
    }

    /// A turn that a client asked for.
    fn requested(&mut self, input: Input) -> Answer {
        self.turn(input).map_err(|code| {
            if code == FaultCode::ShutdownState {
                code.bare()
            } else if code == FaultCode::Failed {
                code.about(format!("{} is in an unknown process state", self.name()))
            } else {
                code.about(self.name())
            }
        })
    }

    /// Kept until they are replaced, and shown at once.
    fn set_extra_args(&mut self, extra_args: Arc<str>) {
        self.extra_args = extra_args;
        self.show();
    }

    /// The fault of a signal that could not be delivered.
    pub(super) fn signalled(&self) -> Answer {
        match self.machine.trouble() {
            Some(trouble) => Err(FaultCode::Failed.about(trouble)),
            None => Ok(()),
        }
    }

    /// Find the program before the state is checked, as in the original: NO_FILE and
    /// NOT_EXECUTABLE come before ALREADY_STARTED. Bounded like a start. `or_fail`: what cannot be
    /// executed becomes FATAL.
    fn find_and_start(&self, wait: bool, or_fail: bool) -> Later {
        if self.disabled {
            return refuse(FaultCode::Disabled.about(self.name()));
        }
        let clock = self.deps.clock;
        let attempt = self.attempt(&self.checks);
        let found = self
            .deps
            .spawner
            .resolve(self.query(), Arc::clone(&attempt));
        let (setup, mailbox) = (self.setup.clone(), self.mailbox.upgrade());
        let found = async move {
            let mut found = found;
            loop {
                let Some(due) = attempt.expire(SPAWN_TIMEOUT) else {
                    return Err(SpawnError::Cancelled);
                };
                let left = due.0.saturating_sub(clock.now().mono.0);
                if let Ok(found) = tokio::time::timeout(left, &mut found).await {
                    return found;
                }
            }
        };
        async move {
            let found = found.await;
            let actor = mailbox.ok_or_else(|| setup.no_reply(false))?;
            match found {
                Ok(program) => {
                    let start = Command::StartFound { wait, program };
                    setup.ask(actor, start).await
                }
                Err(SpawnError::Command(code, text)) => {
                    let fault = code.about(text);
                    if or_fail {
                        // one that runs goes on
                        let _ = setup.ask(actor, Command::Fail(fault.to_string())).await;
                    }
                    Err(fault)
                }
                Err(_) => Err(FaultCode::SpawnError.about(&setup.name)),
            }
        }
        .boxed_local()
    }

    fn start(&mut self, wait: bool, program: ResolvedCommand) -> Result<Later, Fault> {
        if self.leaving.is_some() {
            let reason = format!("{} is being updated", self.name());
            return Err(FaultCode::Failed.about(reason));
        }
        let stopping = self.machine.state() == ProcessState::Stopping;
        self.program = Some(program);
        let started = self.requested(Input::Start);
        // a spawn that follows a stop looks for the program again
        self.program = None;
        started?;
        Ok(match wait {
            true => self.wait_for(Awaited::Running),
            // the start follows the stop that is under way (difference Q15)
            false if stopping => done(),
            false => self.wait_for(Awaited::Launched),
        })
    }

    fn stop(&mut self, wait: bool) -> Result<Later, Fault> {
        self.requested(Input::Stop)?;
        self.signalled()?;
        Ok(match wait && !self.machine.state().is_stopped() {
            true => self.wait_for(Awaited::Stopped),
            false => done(),
        })
    }

    pub(super) fn wait_for(&mut self, awaited: Awaited) -> Later {
        let answer = self.waiters.add(awaited);
        let setup = self.setup.clone();
        async move {
            let ended = |_| Err(setup.no_reply(false));
            answer.await.unwrap_or_else(ended)
        }
        .boxed_local()
    }

    fn write(&mut self, data: &[u8]) -> Answer {
        let stopping = self.machine.state() == ProcessState::Stopping;
        let written = match self.child.is_none() || self.exited.is_some() || stopping {
            true => Err(Undelivered::NotRunning),
            false => self.write_stdin(data),
        };
        written.map_err(|error| match error {
            Undelivered::NotRunning => FaultCode::NotRunning.about(self.name()),
            Undelivered::Closed => FaultCode::NoFile.about(self.name()),
            Undelivered::Full => FaultCode::Failed.about(format!(
                "{} does not read its stdin, {STDIN_BUFFER} bytes wait already",
                self.name()
            )),
        })
    }

    /// Do this to every log, of a process that has none open too (difference C34).
    fn maintain_logs(&self, action: FileAction) -> Later {
        let open = join_all(self.channels().map(|log| log.maintain(action)));
        // what its outputs would be, while none is open
        let closed = match self.channels().next() {
            Some(_) => Vec::new(),
            None => self.channel_specs(),
        };
        let logs = &self.deps.logs;
        let closed = join_all(closed.iter().map(|spec| logs.maintain_closed(spec, action)));
        let name = self.name().clone();
        async move {
            let mut results = open.await.into_iter().chain(closed.await);
            let done = results.try_for_each(|result| result.map(drop));
            done.map_err(|error| match action {
                FileAction::Clear => FaultCode::Failed.about(&name),
                FileAction::Rotate => FaultCode::Failed.about(format!("{name}: {error}")),
            })
        }
        .boxed_local()
    }
}

fn done() -> Later {
    ready(Ok(())).boxed_local()
}

fn refuse(fault: Fault) -> Later {
    ready(Err(fault)).boxed_local()
}
