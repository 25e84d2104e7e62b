//! What clients of the Coordinator hold.

use actix::{Addr, Recipient};
use tokio::sync::oneshot;
use visord_cluster::effect::Reply;
use visord_cluster::identity::InstanceId;
use visord_cluster::input::{Input, Request};
use visord_cluster::message::{Origin, Publication};
use visord_model::fault::FaultCode;
use visord_model::log_line::LogLine;

use super::Report;
use super::coordinator::{Coordinator, Known, ToCoordinator};
use crate::messages::{Answer, interrupted};

/// Sends requests to the Coordinator; cheap to clone.
#[derive(Clone)]
pub struct ClusterHandle(Recipient<ToCoordinator>);

impl ClusterHandle {
    /// A handle to this Coordinator.
    pub fn new(addr: Addr<Coordinator>) -> Self {
        Self(addr.recipient())
    }

    /// Ask for something; answered at once or when it is done.
    ///
    /// # Errors
    /// The fault of the request; SHUTDOWN_STATE if the instance has left the cluster.
    pub async fn ask(&self, request: Request) -> Answer<Reply> {
        let (reply, answer) = oneshot::channel();
        self.0.do_send(ToCoordinator::Ask(request, reply));
        answer.await.unwrap_or_else(|_| Err(self.no_reply()))
    }

    /// Completes when the peers know what happened so far: what a client asked for is true on all
    /// instances when it gets its answer. Bounded if a peer does not answer.
    pub async fn settled(&self) {
        let (reply, settled) = oneshot::channel();
        self.0.do_send(ToCoordinator::Settle(reply));
        // an instance that has ended tells its peers nothing
        let _ = settled.await;
    }

    /// Read from what the instance knows.
    ///
    /// # Errors
    /// SHUTDOWN_STATE if the instance has left the cluster.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Known<'_>) -> T + Send + 'static,
    ) -> Answer<T> {
        let (reply, answer) = oneshot::channel();
        let read = Box::new(move |known: &Known<'_>| drop(reply.send(read(known))));
        self.0.do_send(ToCoordinator::Read(read));
        answer.await.map_err(|_| self.no_reply())
    }

    /// A peer published this. Completes when the Coordinator has dealt with it, so that a peer
    /// cannot send faster than that.
    pub async fn heard(&self, origin: Origin, publication: Publication) {
        // an instance that has ended hears nothing
        let _ = self.0.send(ToCoordinator::Heard(origin, publication)).await;
    }

    /// A peer asked how this instance sees it, as it does in a handshake.
    pub fn questioned(&self, by: InstanceId) {
        let report = Report::Input(Input::Questioned(by));
        self.0.do_send(ToCoordinator::Report(report));
    }

    /// A line for the log of the cluster. Completes when it is logged.
    pub async fn log(&self, line: LogLine) {
        let report = Report::Log(line);
        // an instance that has ended logs nothing
        let _ = self.0.send(ToCoordinator::Report(report)).await;
    }

    fn no_reply(&self) -> visord_model::fault::Fault {
        match self.0.connected() {
            true => interrupted(),
            false => FaultCode::ShutdownState.bare(),
        }
    }
}
