//! One start, carried out on a spawner thread: prepare, make the child, report it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::oneshot;
use visord_model::moment::Moment;
use visord_model::signal::Signal;

use super::attempt::{Busy, SpawnAttempt};
use super::launch::Launch;
use super::method::{Making, Methods};
use super::registry::{ChildHandle, ChildRegistry, CloneUnderWay};
use super::spawn_pool::Pending;
use super::spawner::Limit;
use super::{Delivery, SpawnError, SpawnJob};

/// A child that was made and that no actor owns yet. Dropping it kills its process group.
#[must_use = "dropping it kills the child"]
pub struct Spawned {
    /// Just before it was cloned.
    pub at: Moment,
    child: ChildHandle,
    /// `None`: it was claimed.
    registry: Option<Arc<ChildRegistry>>,
}

impl Spawned {
    /// Take ownership of the child. One that is not watched is never reaped.
    #[must_use]
    pub fn claim(mut self) -> ChildHandle {
        self.registry = None;
        self.child.clone()
    }

    /// Its pid.
    pub const fn pid(&self) -> i32 {
        self.child.pid
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        if let Some(registry) = &self.registry {
            // it can only have ended already
            let _ = registry.signal(&self.child, Signal::KILL, true);
            registry.release(&self.child);
        }
    }
}

/// Where the outcome of a start goes. A child that is not wanted any more is dropped there or here,
/// which kills it.
pub(super) type Reply = oneshot::Sender<Result<Spawned, SpawnError>>;

pub(super) struct Tools {
    pub(super) registry: Arc<ChildRegistry>,
    pub(super) methods: Methods,
    /// The limit on open descriptors that children get; `None`: they inherit.
    pub(super) descriptors: Option<Limit>,
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
}

impl Start {
    /// Do everything that may block, then begin to make the child. Errors: it was cancelled, or the
    /// program cannot be started.
    pub(super) fn begin(job: SpawnJob, tools: &Tools) -> Result<Self, SpawnError> {
        let busy = job.attempt.begin()?;
        let (plan, deliver) = (job.prepare)()?;
        let launch = Box::new(Launch::prepare(plan, tools.descriptors)?);
        Ok(Self {
            at: job.attempt.begin_cloning()?,
            under_way: tools.registry.begin_clone(),
            making: Making::begin(tools.methods.take(), launch),
            name: job.name,
            attempt: job.attempt,
            _busy: busy,
            deliver,
        })
    }

    /// Wait for the child and register it. One that was cancelled meanwhile is killed.
    fn finish(self, tools: &Tools) -> Result<Spawned, SpawnError> {
        let (method, outcome) = self.making.finish();
        tools.methods.put_back(method);
        let pid = outcome.map_err(|errno| SpawnError::fork(&self.name, errno))?;
        let spawned = Spawned {
            at: self.at,
            child: self.under_way.registered(pid),
            registry: Some(Arc::clone(&tools.registry)),
        };
        if !self.attempt.finish() {
            return Err(SpawnError::Cancelled);
        }
        (self.deliver)();
        Ok(spawned)
    }
}

/// A start that is to be finished and reported.
pub(super) struct Unreported(pub(super) Start, pub(super) Reply, pub(super) Arc<Tools>);

impl Pending for Unreported {
    fn is_ready(&self) -> bool {
        self.0.making.is_over()
    }

    fn finish(self) {
        let Self(start, reply, tools) = self;
        // the panic hook has reported it; the caller gets SpawnerGone
        if let Ok(outcome) = catch_unwind(AssertUnwindSafe(|| start.finish(&tools))) {
            drop(reply.send(outcome));
        }
    }
}
