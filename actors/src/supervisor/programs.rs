//! Programs that are disabled: nothing starts their processes (spec cluster 4.7).

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, join_all, ready};
use visord_model::fault::FaultCode;
use visord_model::name::ProcessName;
use visord_model::pyrepr::repr;

use super::Supervisor;
use super::roster::Member;
use crate::messages::Answer;
use crate::messages::process::Command;
use crate::messages::supervisor::{DisableProgram, Scope};

impl Supervisor {
    /// Those of active groups, in the order of a start. Fault: BAD_NAME, no group that is active or
    /// configured has one.
    fn members_of(&self, program: &str) -> Answer<Vec<Member>> {
        let mut members = self.roster.walk(&Scope::All)?;
        members.retain(|member| *member.setup.config.program == *program);
        let configured = self.parts.config.groups.iter();
        let mut configured = configured.flat_map(|group| &group.processes);
        if members.is_empty() && !configured.any(|it| *it.program == *program) {
            return Err(FaultCode::BadName.about(unknown(program)));
        }
        Ok(members)
    }

    pub(super) fn enable_program(&mut self, program: &str) -> LocalBoxFuture<'static, Answer> {
        let members = match self.members_of(program) {
            Ok(members) => members,
            Err(fault) => return ready(Err(fault)).boxed_local(),
        };
        self.parts.disabilities.set(program, false);
        let saved = self.save_disabilities();
        let enabled = members.into_iter().map(|it| it.ask(Command::Enable));
        let enabled = join_all(enabled.collect::<Vec<_>>());
        async move {
            // one whose actor has ended is not started anyway
            drop(enabled.await);
            saved.await;
            Ok(())
        }
        .boxed_local()
    }

    pub(super) fn disable_program(
        &mut self,
        DisableProgram { program, wait }: DisableProgram,
    ) -> LocalBoxFuture<'static, Answer> {
        let members = match self.members_of(&program) {
            Ok(members) => members,
            Err(fault) => return ready(Err(fault)).boxed_local(),
        };
        self.parts.disabilities.set(&program, true);
        let saved = self.save_disabilities();
        let disabled = members.iter().map(|it| it.ask(Command::Disable));
        let disabled = join_all(disabled.collect::<Vec<_>>());
        let running = members.into_iter().filter(|member| {
            let info = self.deps.board.process(member.name());
            info.is_some_and(|info| info.state.is_running())
        });
        let stops = running.map(|member| {
            let stopped = member.ask(Command::Stop { wait });
            async move { (member.name().clone(), stopped.await) }
        });
        let stops = join_all(stops.collect::<Vec<_>>());
        async move {
            // one whose actor has ended is not started anyway
            drop(disabled.await);
            let stopped = stops.await;
            saved.await;
            match wait {
                true => all_stopped(stopped),
                false => Ok(()),
            }
        }
        .boxed_local()
    }

    /// Tell a process whether its program is disabled, if it does not know.
    pub(super) fn set_disability(&self, member: &Member) {
        let info = self.deps.board.process(member.name());
        let known = info.is_some_and(|info| info.disabled);
        match (
            self.parts.disabilities.has(&member.setup.config.program),
            known,
        ) {
            (true, false) => member.addr.do_send(Command::Disable),
            (false, true) => member.addr.do_send(Command::Enable),
            (true, true) | (false, false) => {}
        }
    }

    /// After a panic, which may have interrupted a request.
    pub(super) fn repeat_disabilities(&self) {
        for member in self.roster.members() {
            self.set_disability(member);
        }
        actix_rt::spawn(self.save_disabilities());
    }

    /// Write which programs are disabled, where that may block; completes when that is done, or has
    /// failed, which is logged. Begins now.
    pub(super) fn save_disabilities(&self) -> LocalBoxFuture<'static, ()> {
        let Some(write) = self.parts.disabilities.writing() else {
            return ready(()).boxed_local();
        };
        let logger = self.deps.logger.clone();
        let written = self.queues.disabilities.run(&self.deps.workshop, write);
        async move {
            let written = match written.await {
                Ok(written) => written,
                Err(not_done) => Err(not_done.to_string()),
            };
            if let Err(error) = written {
                slog::error!(logger, "cannot write the disabilities_file: {error}");
            }
        }
        .boxed_local()
    }
}

/// That no group has such a program, as clients are told.
pub(super) fn unknown(program: &str) -> String {
    format!("program={program} unknown to Supvisors")
}

/// STILL_RUNNING, unless each has stopped by now. One that ended by itself needed no stop.
pub(super) fn all_stopped(answers: Vec<(ProcessName, Answer)>) -> Answer {
    let is_stuck = |answer: &Answer| {
        let fault = answer.as_ref().err();
        fault.is_some_and(|fault| fault.code != FaultCode::NotRunning)
    };
    let stuck = answers.into_iter().filter(|(_, answer)| is_stuck(answer));
    let stuck: Vec<String> = stuck.map(|(name, _)| repr(&name.to_string())).collect();
    if stuck.is_empty() {
        return Ok(());
    }
    let text = format!("processes=[{}]", stuck.join(", "));
    Err(FaultCode::StillRunning.about(text))
}
