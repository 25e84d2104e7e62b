//! Requests about many processes: one operation each, all at once, results as they complete
//! (spec interfaces 3.1 "Bulk algorithm").

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::future::{LocalBoxFuture, ready};
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;
use visord_model::fault::{Fault, FaultCode};
use visord_model::state::ProcessState;

use super::Supervisor;
use super::roster::Member;
use crate::messages::Answer;
use crate::messages::process::Command;
use crate::messages::supervisor::{BulkResult, Scope, SignalMany, StartMany, StopMany};

/// Results this close together are reported in walk order, as one poll of the original's would
/// (its polls are up to a second apart); on a busy machine children that end "at the same time"
/// are seen to end tenths of a second apart, in any order.
const TOGETHER: Duration = Duration::from_millis(450);

/// What came of the request for one process.
#[derive(Clone)]
struct Ended {
    when: Instant,
    /// Its place in the walk.
    index: usize,
    /// See [`Supervisor::bulk`].
    at_once: bool,
    result: BulkResult,
}

type Results = LocalBoxFuture<'static, Answer<Vec<BulkResult>>>;

impl Supervisor {
    /// Send a command to every process in scope whose state asks for it. `is_at_once`: the original
    /// knows this result before it begins to wait for processes.
    pub(super) fn bulk(
        &self,
        scope: &Scope,
        concerned: impl Fn(ProcessState) -> bool,
        command: &Command,
        is_at_once: impl Fn(&Member, &Answer) -> bool + Copy + 'static,
    ) -> Results {
        let members = match self.members_in(scope, concerned) {
            Ok(members) => members,
            Err(fault) => return ready(Err(fault)).boxed_local(),
        };
        let requests = members.into_iter().enumerate().map(|(index, member)| {
            let answer = member.ask(command.clone());
            async move {
                let answer = answer.await;
                let name = member.name().clone();
                Ended {
                    when: Instant::now(),
                    index,
                    at_once: is_at_once(&member, &answer),
                    result: BulkResult { name, answer },
                }
            }
        });
        let requests: FuturesUnordered<_> = requests.collect();
        async move { Ok(in_order(requests.collect().await)) }.boxed_local()
    }

    fn members_in(
        &self,
        scope: &Scope,
        concerned: impl Fn(ProcessState) -> bool,
    ) -> Result<Vec<Member>, Fault> {
        let mut members = self.roster.walk(scope)?;
        members.retain(|member| {
            let info = self.deps.board.process(member.name());
            info.is_some_and(|info| concerned(info.state))
        });
        Ok(members)
    }

    pub(super) fn start_many(&self, StartMany { scope, wait }: StartMany) -> Results {
        let stopped = |state: ProcessState| !state.is_running();
        let at_once = move |member: &Member, answer: &Answer| match answer {
            _ if !wait => true,
            Ok(()) => member.setup.config.policy.startsecs <= 0,
            Err(fault) => is_refusal(fault.code),
        };
        self.bulk(&scope, stopped, &Command::Start { wait }, at_once)
    }

    pub(super) fn stop_many(&self, StopMany { scope, wait }: StopMany) -> Results {
        let is_refused = |answer: &Answer| answer.as_ref().is_err_and(|it| is_refusal(it.code));
        let at_once = move |_: &Member, answer: &Answer| !wait || is_refused(answer);
        let stopped = self.bulk(&scope, may_be_stopped, &Command::Stop { wait }, at_once);
        async move {
            let mut results = stopped.await?;
            results.retain(|result| result.status() != FaultCode::NotRunning);
            Ok(results)
        }
        .boxed_local()
    }

    pub(super) fn signal_many(&self, SignalMany { scope, signal }: SignalMany) -> Results {
        let signallable = ProcessState::is_signallable;
        match signal {
            Ok(signal) => {
                let command = Command::Signal(signal);
                self.bulk(&scope, signallable, &command, |_, _| true)
            }
            // the same fault for every process that could be signalled
            Err(fault) => {
                let members = self.members_in(&scope, signallable);
                let refused = |member: Member| BulkResult {
                    name: member.name().clone(),
                    answer: Err(fault.clone()),
                };
                let results = members.map(|all| all.into_iter().map(refused).collect());
                ready(results).boxed_local()
            }
        }
    }
}

/// What runs, what may be about to be restarted, and what could not be signalled. Those that turn
/// out to be at rest are not mentioned.
fn may_be_stopped(state: ProcessState) -> bool {
    state.is_running() || matches!(state, ProcessState::Exited | ProcessState::Unknown)
}

/// What was known at once, in walk order; then the others by completion, but in walk order among
/// those that completed together.
fn in_order(results: Vec<Ended>) -> Vec<BulkResult> {
    let (at_once, mut later): (Vec<_>, Vec<_>) =
        results.into_iter().partition(|ended| ended.at_once);
    let mut ordered = as_walked(at_once);
    later.sort_by_key(|ended| (ended.when, ended.index));
    let together = |a: &Ended, b: &Ended| b.when.duration_since(a.when) < TOGETHER;
    for batch in later.chunk_by(together) {
        ordered.extend(as_walked(batch.to_vec()));
    }
    ordered
}

fn as_walked(mut results: Vec<Ended>) -> Vec<BulkResult> {
    results.sort_by_key(|ended| ended.index);
    results.into_iter().map(|ended| ended.result).collect()
}

/// Whether it is found out before anything is waited for.
fn is_refusal(status: FaultCode) -> bool {
    let after_waiting = [FaultCode::SpawnError, FaultCode::AbnormalTermination];
    !after_waiting.contains(&status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use visord_model::name::ProcessName;

    #[test]
    fn what_is_known_at_once_comes_first_then_what_ends_first() {
        let begin = Instant::now();
        let result = |index: usize, status: FaultCode, at_once, after| {
            let answer = if status == FaultCode::Success {
                Ok(())
            } else {
                Err(status.bare())
            };
            let name = ProcessName::new("", index.to_string());
            Ended {
                when: begin + Duration::from_millis(after),
                index,
                at_once,
                result: BulkResult { name, answer },
            }
        };
        let results = vec![
            result(0, FaultCode::SpawnError, false, 2000),
            result(1, FaultCode::NoFile, true, 3),
            result(2, FaultCode::Success, false, 1010),
            result(3, FaultCode::Success, false, 1000),
            result(4, FaultCode::SpawnError, false, 0),
            result(5, FaultCode::NotExecutable, true, 1),
            result(6, FaultCode::Success, true, 2),
        ];
        let names = |ordered: Vec<BulkResult>| -> Vec<String> {
            let name = |result: BulkResult| result.name.process.to_string();
            ordered.into_iter().map(name).collect()
        };
        assert_eq!(
            names(in_order(results.clone())),
            ["1", "5", "6", "4", "2", "3", "0"]
        );
        assert_eq!(
            names(as_walked(results)),
            ["0", "1", "2", "3", "4", "5", "6"]
        );
    }
}
