//! Requests about many processes: one operation each, all at once, results as they complete
//! (spec interfaces 3.1 "Bulk algorithm").

use std::time::Duration;

use actix::{Handler, Message, ResponseFuture};
use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::future::ready;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;
use visord_model::fault::{Fault, FaultCode};
use visord_model::name::namespec;
use visord_model::state::ProcessState;

use super::Supervisor;
use super::roster::Member;
use crate::messages::process::{ClearLogs, SignalChild, Start, Stop};
use crate::messages::supervisor::{
    Answer, ClearManyLogs, Outcome, Scope, SignalMany, StartMany, StopMany,
};
use crate::process::Process;

/// Results this close together are reported in walk order, as one poll of the original's would
/// (its polls are up to a second apart); on a busy machine children that end "at the same time"
/// are seen to end tenths of a second apart, in any order.
const TOGETHER: Duration = Duration::from_millis(450);

/// When a process was done with, its place in the walk and what came of it.
type Ended = (Instant, usize, Outcome);

impl Supervisor {
    /// Do one thing to every process in scope whose state asks for it.
    fn bulk<M>(
        &self,
        scope: &Scope,
        concerned: impl Fn(ProcessState) -> bool,
        make: impl Fn(String) -> M,
        order: fn(Vec<Ended>) -> Vec<Outcome>,
    ) -> ResponseFuture<Answer<Vec<Outcome>>>
    where
        M: Message<Result = Answer> + Send + 'static,
        Process: Handler<M>,
    {
        let walk = match self.gate().and_then(|()| self.roster.walk(scope)) {
            Ok(walk) => walk,
            Err(fault) => return ready(Err(fault)).boxed_local(),
        };
        let requests: FuturesUnordered<_> = walk
            .into_iter()
            .filter(|member| {
                let info = self.world.board.process(&member.name);
                info.is_some_and(|info| concerned(info.state))
            })
            .enumerate()
            .map(|(index, member)| {
                let label = namespec(&member.name.group, &member.name.process);
                let request = member.addr.send(make(label.clone()));
                async move {
                    let gone = |_| Err(FaultCode::BadName.about(label));
                    let answer = request.await.unwrap_or_else(gone);
                    (Instant::now(), index, outcome(&member, answer))
                }
            })
            .collect();
        async move { Ok(order(requests.collect().await)) }.boxed_local()
    }
}

impl Supervisor {
    /// The same fault for every process that could be signaled.
    fn refuse(&self, scope: &Scope, fault: &Fault) -> Answer<Vec<Outcome>> {
        self.gate()?;
        let mut walk = self.roster.walk(scope)?;
        walk.retain(|member| {
            let info = self.world.board.process(&member.name);
            info.is_some_and(|info| info.state.is_signallable())
        });
        let refused = walk.iter().map(|it| outcome(it, Err(fault.clone())));
        Ok(refused.collect())
    }
}

fn outcome(member: &Member, answer: Answer) -> Outcome {
    let (status, description) = match answer {
        Ok(()) => (FaultCode::Success, "OK".to_owned()),
        Err(fault @ Fault { code, .. }) => (code, fault.text()),
    };
    Outcome {
        name: member.name.process.clone(),
        group: member.name.group.clone(),
        status,
        description,
    }
}

/// What was refused at once, in walk order; then the others by completion, but in walk order
/// among those that completed together.
fn in_order(mut results: Vec<Ended>) -> Vec<Outcome> {
    results.sort_by_key(|(when, index, _)| (*when, *index));
    let (mut refused, results): (Vec<_>, Vec<_>) = results
        .into_iter()
        .partition(|(_, _, outcome)| is_refusal(outcome.status));
    refused.sort_by_key(|(_, index, _)| *index);
    let mut ordered: Vec<Outcome> = refused.into_iter().map(|(_, _, outcome)| outcome).collect();
    let together = |a: &Ended, b: &Ended| b.0.duration_since(a.0) < TOGETHER;
    for batch in results.chunk_by(together) {
        let mut batch: Vec<_> = batch.iter().collect();
        batch.sort_by_key(|(_, index, _)| *index);
        ordered.extend(batch.into_iter().map(|(_, _, outcome)| outcome.clone()));
    }
    ordered
}

/// In walk order.
fn as_walked(mut results: Vec<Ended>) -> Vec<Outcome> {
    results.sort_by_key(|(_, index, _)| *index);
    results.into_iter().map(|(_, _, outcome)| outcome).collect()
}

/// Whether it is found out before anything is waited for.
fn is_refusal(status: FaultCode) -> bool {
    let after_waiting = [
        FaultCode::Success,
        FaultCode::SpawnError,
        FaultCode::AbnormalTermination,
    ];
    !after_waiting.contains(&status)
}

impl Handler<StartMany> for Supervisor {
    type Result = ResponseFuture<Answer<Vec<Outcome>>>;

    fn handle(&mut self, msg: StartMany, _ctx: &mut Self::Context) -> Self::Result {
        let wait = msg.wait;
        self.bulk(
            &msg.scope,
            |state| !state.is_running(),
            move |label| Start { wait, label },
            if wait { in_order } else { as_walked },
        )
    }
}

/// What runs, what may be about to be restarted, and what could not be signalled. Those that turn
/// out to be at rest are not mentioned.
fn may_be_stopped(state: ProcessState) -> bool {
    state.is_running() || matches!(state, ProcessState::Exited | ProcessState::Unknown)
}

impl Handler<StopMany> for Supervisor {
    type Result = ResponseFuture<Answer<Vec<Outcome>>>;

    fn handle(&mut self, msg: StopMany, _ctx: &mut Self::Context) -> Self::Result {
        let wait = msg.wait;
        let stopped = self.bulk(
            &msg.scope,
            may_be_stopped,
            move |label| Stop { wait, label },
            if wait { in_order } else { as_walked },
        );
        async move {
            let mut outcomes = stopped.await?;
            outcomes.retain(|outcome| outcome.status != FaultCode::NotRunning);
            Ok(outcomes)
        }
        .boxed_local()
    }
}

impl Handler<SignalMany> for Supervisor {
    type Result = ResponseFuture<Answer<Vec<Outcome>>>;

    fn handle(&mut self, msg: SignalMany, _ctx: &mut Self::Context) -> Self::Result {
        let signal = match msg.signal {
            Ok(signal) => signal,
            Err(fault) => return ready(self.refuse(&msg.scope, &fault)).boxed_local(),
        };
        self.bulk(
            &msg.scope,
            ProcessState::is_signallable,
            move |label| SignalChild { signal, label },
            as_walked,
        )
    }
}

impl Handler<ClearManyLogs> for Supervisor {
    type Result = ResponseFuture<Answer<Vec<Outcome>>>;

    fn handle(&mut self, msg: ClearManyLogs, _ctx: &mut Self::Context) -> Self::Result {
        self.bulk(&msg.scope, |_| true, |label| ClearLogs { label }, as_walked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_come_first_then_what_ends_first() {
        let begin = Instant::now();
        let result = |index: usize, status, after| {
            let outcome = Outcome {
                name: index.to_string(),
                group: String::new(),
                status,
                description: String::new(),
            };
            (begin + Duration::from_millis(after), index, outcome)
        };
        let results = vec![
            result(0, FaultCode::SpawnError, 2000),
            result(1, FaultCode::NoFile, 3),
            result(2, FaultCode::Success, 1010),
            result(3, FaultCode::Success, 1000),
            result(4, FaultCode::Success, 0),
            result(5, FaultCode::NotExecutable, 1),
        ];
        let names = |ordered: Vec<Outcome>| -> Vec<String> {
            ordered.into_iter().map(|outcome| outcome.name).collect()
        };
        assert_eq!(
            names(in_order(results.clone())),
            ["1", "5", "4", "2", "3", "0"]
        );
        assert_eq!(names(as_walked(results)), ["0", "1", "2", "3", "4", "5"]);
    }
}
