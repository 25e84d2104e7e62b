//! One start, carried out on a spawner thread: prepare, make the child, report it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::oneshot;
use visord_model::moment::Moment;

use super::attempt::{Busy, SpawnAttempt};
use super::launch::Launch;
use super::method::{Making, Methods};
use super::registry::{ChildRegistry, CloneUnderWay};
use super::spawn_pool::Pending;
use super::spawner::{Limit, abandon};
use super::{Delivery, SpawnError, SpawnJob, Spawned};

/// Where the outcome of a start goes; a child that is not wanted any more is killed.
pub(super) struct Reply(
    pub(super) oneshot::Sender<Result<Spawned, SpawnError>>,
    pub(super) Arc<ChildRegistry>,
);

impl Reply {
    pub(super) fn send(self, outcome: Result<Spawned, SpawnError>) {
        if let Err(Ok(unwanted)) = self.0.send(outcome) {
            abandon(&unwanted.child, &self.1);
        }
    }
}

/// A start that has everything its child needs.
pub(super) struct Preparation {
    name: String,
    attempt: Arc<SpawnAttempt>,
    busy: Busy,
    launch: Box<Launch>,
    deliver: Delivery,
}

impl Preparation {
    /// Do everything that may block. Errors: it was cancelled, or the program cannot be started.
    pub(super) fn of(job: SpawnJob, descriptors: Option<Limit>) -> Result<Self, SpawnError> {
        let SpawnJob {
            name,
            attempt,
            prepare,
        } = job;
        let busy = attempt.begin()?;
        let (plan, deliver) = prepare()?;
        Ok(Self {
            name,
            attempt,
            busy,
            launch: Box::new(Launch::prepare(plan, descriptors)?),
            deliver,
        })
    }

    /// Begin to make the child, unless the start was cancelled.
    pub(super) fn begin(self, reply: Reply, methods: Arc<Methods>) -> Option<Start> {
        let at = match self.attempt.begin_cloning() {
            Ok(at) => at,
            Err(error) => {
                reply.send(Err(error));
                return None;
            }
        };
        let under_way = reply.1.begin_clone();
        let making = methods.take().begin(self.launch);
        Some(Start {
            name: self.name,
            attempt: self.attempt,
            _busy: self.busy,
            deliver: self.deliver,
            at,
            under_way,
            making,
            methods,
            reply,
        })
    }
}

/// A start whose child is about to execute the helper.
pub(super) struct Start {
    name: String,
    attempt: Arc<SpawnAttempt>,
    _busy: Busy,
    deliver: Delivery,
    /// Just before the clone.
    at: Moment,
    under_way: CloneUnderWay,
    making: Making,
    methods: Arc<Methods>,
    reply: Reply,
}

impl Pending for Start {
    fn is_ready(&self) -> bool {
        self.making.is_over()
    }

    fn finish(self) {
        // the panic hook has reported it; the caller gets SpawnerGone
        let _ = catch_unwind(AssertUnwindSafe(|| self.report()));
    }
}

impl Start {
    /// Wait for the child, register it, and reply. One that was cancelled meanwhile is killed.
    fn report(self) {
        let (method, outcome) = self.making.finish();
        self.methods.put_back(method);
        let child = match outcome {
            Ok(pid) => self.under_way.registered(pid),
            Err(errno) => {
                let error = SpawnError::fork(&self.name, errno);
                return self.reply.send(Err(error));
            }
        };
        if self.attempt.finish() {
            (self.deliver)();
            let at = self.at;
            self.reply.send(Ok(Spawned { child, at }));
        } else {
            abandon(&child, &self.reply.1);
            self.reply.send(Err(SpawnError::Cancelled));
        }
    }
}
