//! One instance that this one sends to (spec cluster 8.1, 8.4, 8.5).
//!
//! A [`Peer`] is a queue and a task that sends what is in it, in order, over one connection: one
//! request, then its answer, then the next. Peers do not wait for each other, and adding to a queue
//! never waits. While the queue is empty nothing runs.
//!
//! Requests have a limit of time (the original has none and waits for ever). With [`patience`] it
//! is so long that a peer which is frozen is declared FAILED by its missing TICKs first, as in the
//! original; the limit only frees the connection.
//!
//! Any failure of the transport, an HTTP status other than 200 and an answer that is not XML-RPC
//! among them, drops what waits (`peer/queue.rs` says why) and is reported as
//! [`Input::Unreachable`], once until the peer answers again or a handshake begins. Faults are
//! logged: the peer lives.

mod handshake;
mod line;
mod queue;

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use visord_cluster::identity::InstanceId;
use visord_cluster::input::{Closing, Input};
use visord_cluster::options::Strategies;
use visord_model::log_line::{Level, LogLine};
use visord_xmlrpc::http::Endpoint;
use visord_xmlrpc::{CallError, Value};

use super::wire::supvisors::PUBLICATION;
use super::{Report, Sink};
use crate::clock::Clock;
use handshake::{Questions, fault_logged};
use line::Line;
pub use line::{Dial, Resolver, Tcp};
pub use queue::Call;
use queue::{Dropped, Job, Queue};

/// Between two TICKs.
const TICK: Duration = Duration::from_secs(5);

/// How long a peer may take to answer: one TICK longer than `inactivity_ticks` lets it be silent.
pub fn patience(inactivity_ticks: u32) -> Duration {
    TICK * inactivity_ticks.saturating_add(1)
}

/// Whom a peer's task talks to, and for whom.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its number.
    pub id: InstanceId,
    /// Its identifier.
    pub identifier: Arc<str>,
    /// As the log shows it.
    pub name: String,
    /// Identifier of the local instance.
    pub local: Arc<str>,
    /// What its strategies are compared with.
    pub strategies: Strategies,
    /// Stamps handshakes.
    pub clock: Clock,
}

/// Sends to one instance; what waits is dropped and what runs is aborted when this is.
pub struct Peer {
    target: Arc<Target>,
    queue: Arc<Queue>,
    sink: Sink,
    task: AbortHandle,
}

impl Peer {
    /// A peer whose task runs on this runtime. `endpoint` gives its login, `patience` how long an
    /// answer may take.
    pub fn start<D: Dial>(
        runtime: &Handle,
        target: Target,
        dial: D,
        endpoint: Endpoint,
        patience: Duration,
        sink: Sink,
    ) -> Self {
        let (target, queue) = (Arc::new(target), Arc::new(Queue::default()));
        let task = Task {
            target: Arc::clone(&target),
            queue: Arc::clone(&queue),
            sink: Arc::clone(&sink),
            line: Line::new(dial, endpoint, patience),
            contact: Contact::None,
        };
        Self {
            target,
            queue,
            sink,
            task: runtime.spawn(task.run()).abort_handle(),
        }
    }

    /// Say this behind all that waits. Never waits; what does not fit is reported as a failure of
    /// the peer.
    pub fn say(&self, call: Call) {
        self.push(Job::Call(call));
    }

    fn push(&self, job: Job) {
        if let Err(dropped) = self.queue.push(job) {
            let why = "it does not keep up";
            unreachable(&self.target, &self.sink, Level::Error, why, dropped);
        }
    }

    /// Resolves when all that waits now was sent; an error if it could not be.
    pub fn flush(&self) -> oneshot::Receiver<()> {
        let (sent, receiver) = oneshot::channel();
        self.push(Job::Flush(sent));
        receiver
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Report a failure.
fn unreachable(target: &Target, sink: &Sink, level: Level, why: &str, dropped: Dropped) {
    let mut text = format!("{} is not reachable: {why}", target.name);
    if dropped.jobs > 0 {
        text.push_str(&format!("; messages dropped: {}", dropped.jobs));
    }
    sink(Report::Log(LogLine::new(level, text)));
    if dropped.is_news {
        sink(Report::Input(Input::Unreachable(target.id)));
    }
}

/// What the last call came to; decides how loud a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Contact {
    /// There was no call yet.
    None,
    Answered,
    Failed,
}

struct Task<D: Dial> {
    target: Arc<Target>,
    queue: Arc<Queue>,
    sink: Sink,
    line: Line<D>,
    contact: Contact,
}

impl<D: Dial> Task<D> {
    async fn run(mut self) {
        loop {
            let done = match self.queue.next().await {
                Job::Flush(sent) => {
                    // nothing may wait for it any more
                    let _ = sent.send(());
                    continue;
                }
                Job::Call(call) => self.perform(call).await,
            };
            match done {
                Ok(()) => {
                    self.contact = Contact::Answered;
                    self.queue.succeeded();
                }
                Err(error) => self.failed(&error),
            }
        }
    }

    async fn perform(&mut self, call: Call) -> Result<(), CallError> {
        match call {
            Call::Tick(text) | Call::Publish(text) => {
                let params = [PUBLICATION.into(), (*text).into()];
                self.call("supervisor.sendRemoteCommEvent", &params).await
            }
            Call::Handshake => self.shake_hands().await,
            Call::Start {
                process,
                extra_args,
            } => {
                let params = [process.to_string().into(), extra_args.into(), false.into()];
                self.call("supvisors.start_args", &params).await
            }
            Call::Stop(process) => {
                let params = [process.to_string().into(), false.into()];
                self.call("supervisor.stopProcess", &params).await
            }
            Call::Close(Closing::Restart) => self.call("supvisors.restart", &[]).await,
            Call::Close(Closing::Shutdown) => self.call("supvisors.shutdown", &[]).await,
        }
    }

    async fn call(&mut self, method: &str, params: &[Value]) -> Result<(), CallError> {
        if let Err(fault) = self.line.call(method, params).await? {
            fault_logged(&self.target, &self.sink, method, &fault);
        }
        Ok(())
    }

    async fn shake_hands(&mut self) -> Result<(), CallError> {
        let began = self.target.clock.now().mono;
        let mut questions = Questions {
            line: &mut self.line,
            target: &self.target,
            sink: &self.sink,
        };
        let answer = questions.ask().await?;
        let peer = self.target.id;
        (self.sink)(Report::Input(Input::Answered {
            peer,
            began,
            answer,
        }));
        Ok(())
    }

    fn failed(&mut self, error: &CallError) {
        let level = match (self.contact, is_silent(error)) {
            (Contact::Answered, _) => Level::Error,
            // nothing runs there: usual while a cluster starts
            (Contact::None, true) | (Contact::Failed, _) => Level::Debug,
            (Contact::None, false) => Level::Warn,
        };
        self.contact = Contact::Failed;
        let dropped = self.queue.failed();
        let why = error.to_string();
        unreachable(&self.target, &self.sink, level, &why, dropped);
    }
}

/// Whether the peer did not answer at all; else it did, but not as an instance would.
fn is_silent(error: &CallError) -> bool {
    match error {
        CallError::Resolve(_)
        | CallError::Refused
        | CallError::Io(_)
        | CallError::Disconnected
        | CallError::NoSuchFile
        | CallError::Permission(_) => true,
        CallError::Tls(_)
        | CallError::Unauthorized
        | CallError::Status { .. }
        | CallError::Fault(_)
        | CallError::NotHttp(_)
        | CallError::NotXmlRpc(_) => false,
    }
}

#[cfg(test)]
mod tests;
