//! The line to the Supervisor actor for those who only ask: one recipient per request.
//!
//! A [`Link`] names no actor type, so whoever holds one can be tested against a stand-in.
//! A closed mailbox (the daemon is going away) is the fault SHUTDOWN_STATE; a request that is lost
//! although the mailbox is open (the actor panicked over it) is FAILED.

use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Handler, Message, Recipient};
use visord_model::fault::FaultCode;
use visord_model::signal::Signal;

use crate::messages::supervisor::{
    AddGroup, Answer, ClearMainLog, ClearManyLogs, ClearProcessLogs, ConfiguredGroup, GetConfig,
    LogCare, Outcome, ProcessName, ReloadConfig, RemoveGroup, Reread, Restart, Scope,
    SendRemoteEvent, Shutdown, SignalMany, SignalProcess, StartMany, StartProcess, StopMany,
    StopProcess, TendProcessLogs, UpdateGroup, Updated, WriteStdin,
};

/// Sends requests to whoever handles them; cheap to clone.
#[derive(Clone)]
pub struct Link {
    start_process: Recipient<StartProcess>,
    stop_process: Recipient<StopProcess>,
    signal_process: Recipient<SignalProcess>,
    start_many: Recipient<StartMany>,
    stop_many: Recipient<StopMany>,
    signal_many: Recipient<SignalMany>,
    write_stdin: Recipient<WriteStdin>,
    clear_process_logs: Recipient<ClearProcessLogs>,
    clear_many_logs: Recipient<ClearManyLogs>,
    tend_process_logs: Recipient<TendProcessLogs>,
    clear_main_log: Recipient<ClearMainLog>,
    add_group: Recipient<AddGroup>,
    remove_group: Recipient<RemoveGroup>,
    update_group: Recipient<UpdateGroup>,
    reload_config: Recipient<ReloadConfig>,
    get_config: Recipient<GetConfig>,
    send_remote_event: Recipient<SendRemoteEvent>,
    shutdown: Recipient<Shutdown>,
    restart: Recipient<Restart>,
}

/// What a client is told whose request was lost by a panic.
const LOST: &str = "an internal error interrupted the request, see the log of supervisord";

async fn ask<M, T>(to: &Recipient<M>, message: M) -> Answer<T>
where
    M: Message<Result = Answer<T>> + Send,
    T: Send + 'static,
{
    let lost = |_| match to.connected() {
        true => Err(FaultCode::Failed.about(LOST)),
        false => Err(FaultCode::ShutdownState.bare()),
    };
    to.send(message).await.unwrap_or_else(lost)
}

impl Link {
    /// A link to the actor that answers every request.
    #[must_use]
    pub fn new<A>(addr: &Addr<A>) -> Self
    where
        A: Actor
            + Handler<StartProcess>
            + Handler<StopProcess>
            + Handler<SignalProcess>
            + Handler<StartMany>
            + Handler<StopMany>
            + Handler<SignalMany>
            + Handler<WriteStdin>
            + Handler<ClearProcessLogs>
            + Handler<ClearManyLogs>
            + Handler<TendProcessLogs>
            + Handler<ClearMainLog>
            + Handler<AddGroup>
            + Handler<RemoveGroup>
            + Handler<UpdateGroup>
            + Handler<ReloadConfig>
            + Handler<GetConfig>
            + Handler<SendRemoteEvent>
            + Handler<Shutdown>
            + Handler<Restart>,
        A::Context: ToEnvelope<A, StartProcess>
            + ToEnvelope<A, StopProcess>
            + ToEnvelope<A, SignalProcess>
            + ToEnvelope<A, StartMany>
            + ToEnvelope<A, StopMany>
            + ToEnvelope<A, SignalMany>
            + ToEnvelope<A, WriteStdin>
            + ToEnvelope<A, ClearProcessLogs>
            + ToEnvelope<A, ClearManyLogs>
            + ToEnvelope<A, TendProcessLogs>
            + ToEnvelope<A, ClearMainLog>
            + ToEnvelope<A, AddGroup>
            + ToEnvelope<A, RemoveGroup>
            + ToEnvelope<A, UpdateGroup>
            + ToEnvelope<A, ReloadConfig>
            + ToEnvelope<A, GetConfig>
            + ToEnvelope<A, SendRemoteEvent>
            + ToEnvelope<A, Shutdown>
            + ToEnvelope<A, Restart>,
    {
        Self {
            start_process: addr.clone().recipient(),
            stop_process: addr.clone().recipient(),
            signal_process: addr.clone().recipient(),
            start_many: addr.clone().recipient(),
            stop_many: addr.clone().recipient(),
            signal_many: addr.clone().recipient(),
            write_stdin: addr.clone().recipient(),
            clear_process_logs: addr.clone().recipient(),
            clear_many_logs: addr.clone().recipient(),
            tend_process_logs: addr.clone().recipient(),
            clear_main_log: addr.clone().recipient(),
            add_group: addr.clone().recipient(),
            remove_group: addr.clone().recipient(),
            update_group: addr.clone().recipient(),
            reload_config: addr.clone().recipient(),
            get_config: addr.clone().recipient(),
            send_remote_event: addr.clone().recipient(),
            shutdown: addr.clone().recipient(),
            restart: addr.clone().recipient(),
        }
    }

    /// Start one process; see [`StartProcess`].
    pub async fn start_process(&self, name: ProcessName, wait: bool) -> Answer {
        ask(&self.start_process, StartProcess { name, wait }).await
    }

    /// Stop one process; see [`StopProcess`].
    pub async fn stop_process(&self, name: ProcessName, wait: bool) -> Answer {
        ask(&self.stop_process, StopProcess { name, wait }).await
    }

    /// Signal one process; see [`SignalProcess`].
    pub async fn signal_process(&self, name: ProcessName, signal: Signal) -> Answer {
        ask(&self.signal_process, SignalProcess { name, signal }).await
    }

    /// Start what is in scope; see [`StartMany`].
    pub async fn start_many(&self, scope: Scope, wait: bool) -> Answer<Vec<Outcome>> {
        ask(&self.start_many, StartMany { scope, wait }).await
    }

    /// Stop what is in scope; see [`StopMany`].
    pub async fn stop_many(&self, scope: Scope, wait: bool) -> Answer<Vec<Outcome>> {
        ask(&self.stop_many, StopMany { scope, wait }).await
    }

    /// Signal what is in scope; see [`SignalMany`].
    pub async fn signal_many(
        &self,
        scope: Scope,
        signal: Result<Signal, visord_model::fault::Fault>,
    ) -> Answer<Vec<Outcome>> {
        ask(&self.signal_many, SignalMany { scope, signal }).await
    }

    /// Write to a process's stdin; see [`WriteStdin`].
    pub async fn write_stdin(&self, name: ProcessName, data: Vec<u8>) -> Answer {
        ask(&self.write_stdin, WriteStdin { name, data }).await
    }

    /// Empty the logs of one process; see [`ClearProcessLogs`].
    pub async fn clear_process_logs(&self, name: ProcessName) -> Answer {
        ask(&self.clear_process_logs, ClearProcessLogs { name }).await
    }

    /// Empty the logs of what is in scope; see [`ClearManyLogs`].
    pub async fn clear_many_logs(&self, scope: Scope) -> Answer<Vec<Outcome>> {
        ask(&self.clear_many_logs, ClearManyLogs { scope }).await
    }

    /// Rotate the logs of one process, or open them anew; see [`TendProcessLogs`].
    pub async fn tend_process_logs(&self, name: ProcessName, care: LogCare) -> Answer {
        ask(&self.tend_process_logs, TendProcessLogs { name, care }).await
    }

    /// Empty the activity log; see [`ClearMainLog`].
    pub async fn clear_main_log(&self) -> Answer {
        ask(&self.clear_main_log, ClearMainLog {}).await
    }

    /// Activate a group; see [`AddGroup`].
    pub async fn add_group(&self, name: String) -> Answer {
        ask(&self.add_group, AddGroup { name }).await
    }

    /// Deactivate a group; see [`RemoveGroup`].
    pub async fn remove_group(&self, name: String) -> Answer {
        ask(&self.remove_group, RemoveGroup { name }).await
    }

    /// Make a group what the configuration says; see [`UpdateGroup`].
    pub async fn update_group(&self, name: String, dry_run: bool) -> Answer<Vec<Updated>> {
        ask(&self.update_group, UpdateGroup { name, dry_run }).await
    }

    /// Read the configuration again and compare; see [`ReloadConfig`].
    pub async fn reload_config(&self) -> Answer<Reread> {
        ask(&self.reload_config, ReloadConfig {}).await
    }

    /// The last loaded configuration; see [`GetConfig`].
    pub async fn get_config(&self) -> Answer<Vec<ConfiguredGroup>> {
        ask(&self.get_config, GetConfig {}).await
    }

    /// Publish a REMOTE_COMMUNICATION event; see [`SendRemoteEvent`].
    pub async fn send_remote_event(&self, kind: String, data: String) -> Answer {
        ask(&self.send_remote_event, SendRemoteEvent { kind, data }).await
    }

    /// End the daemon; see [`Shutdown`].
    pub async fn shutdown(&self) -> Answer {
        ask(&self.shutdown, Shutdown {}).await
    }

    /// Start anew; see [`Restart`].
    pub async fn restart(&self) -> Answer {
        ask(&self.restart, Restart {}).await
    }
}
