//! Requests about one process: check the mood and the name, then let the process answer.

use actix::{Handler, Message, ResponseFuture};
use futures_util::FutureExt;
use futures_util::future::ready;
use visord_model::event::Event;
use visord_model::fault::FaultCode;
use visord_model::name::namespec;

use super::Supervisor;
use crate::messages::process as process_messages;
use crate::messages::supervisor::{
    Answer, ClearProcessLogs, ProcessName, SendRemoteEvent, SignalProcess, StartProcess,
    StopProcess, TendProcessLogs, WriteStdin,
};
use crate::process::Process;

impl Supervisor {
    /// Forward a request to its process; a process that is gone meanwhile is a bad name.
    fn forward<M>(
        &self,
        name: &ProcessName,
        make: impl FnOnce(String) -> M,
    ) -> ResponseFuture<Answer>
    where
        M: Message<Result = Answer> + Send + 'static,
        Process: Handler<M>,
    {
        let label = namespec(&name.group, &name.process);
        let found = self.gate().and_then(|()| self.roster.member(name));
        match found {
            Err(fault) => ready(Err(fault)).boxed_local(),
            Ok(member) => {
                let request = member.addr.send(make(label.clone()));
                async move {
                    let gone = |_| Err(FaultCode::BadName.about(label));
                    request.await.unwrap_or_else(gone)
                }
                .boxed_local()
            }
        }
    }
}

impl Handler<StartProcess> for Supervisor {
    type Result = ResponseFuture<Answer>;

    fn handle(&mut self, msg: StartProcess, _ctx: &mut Self::Context) -> Self::Result {
        let wait = msg.wait;
        self.forward(&msg.name, |label| process_messages::Start { wait, label })
    }
}

impl Handler<StopProcess> for Supervisor {
    type Result = ResponseFuture<Answer>;

    fn handle(&mut self, msg: StopProcess, _ctx: &mut Self::Context) -> Self::Result {
        let wait = msg.wait;
        self.forward(&msg.name, |label| process_messages::Stop { wait, label })
    }
}

impl Handler<SignalProcess> for Supervisor {
    type Result = ResponseFuture<Answer>;

    fn handle(&mut self, msg: SignalProcess, _ctx: &mut Self::Context) -> Self::Result {
        let signal = msg.signal;
        self.forward(&msg.name, |label| process_messages::SignalChild {
            signal,
            label,
        })
    }
}

impl Handler<WriteStdin> for Supervisor {
    type Result = ResponseFuture<Answer>;

    fn handle(&mut self, msg: WriteStdin, _ctx: &mut Self::Context) -> Self::Result {
        let data = msg.data;
        self.forward(&msg.name, |label| process_messages::Write { data, label })
    }
}

impl Handler<ClearProcessLogs> for Supervisor {
    type Result = ResponseFuture<Answer>;

    fn handle(&mut self, msg: ClearProcessLogs, _ctx: &mut Self::Context) -> Self::Result {
        self.forward(&msg.name, |label| process_messages::ClearLogs { label })
    }
}

impl Handler<TendProcessLogs> for Supervisor {
    type Result = ResponseFuture<Answer>;

    fn handle(&mut self, msg: TendProcessLogs, _ctx: &mut Self::Context) -> Self::Result {
        let care = msg.care;
        self.forward(&msg.name, |label| process_messages::TendLogs {
            care,
            label,
        })
    }
}

impl Handler<SendRemoteEvent> for Supervisor {
    type Result = Answer;

    /// Never gated: listeners get such events even while everything stops.
    fn handle(&mut self, msg: SendRemoteEvent, _ctx: &mut Self::Context) -> Self::Result {
        self.publish(Event::Remote {
            kind: msg.kind,
            data: msg.data,
        });
        Ok(())
    }
}
