//! The questions to a peer whose first TICK came (spec cluster 8.4).

use std::sync::Arc;

use visord_cluster::identity::Network;
use visord_cluster::input::Handshake;
use visord_cluster::state::InstanceState;
use visord_model::log_line::{Level, LogLine};
use visord_xmlrpc::{CallError, Value, WireFault};

use super::line::{Dial, Line};
use super::{Report, Sink, Target};
use crate::cluster::wire::WireError;
use crate::cluster::wire::structs::{
    NetworkInfo, only, read_local_processes, read_network, read_state_modes, read_statecode,
    read_strategies,
};

/// Asks one peer.
pub(super) struct Questions<'a, D: Dial> {
    pub(super) line: &'a mut Line<D>,
    pub(super) target: &'a Target,
    pub(super) sink: &'a Sink,
}

impl<D: Dial> Questions<'_, D> {
    /// All questions in order, as far as the answers make sense of the next.
    ///
    /// # Errors
    /// The transport failed.
    pub(super) async fn ask(&mut self) -> Result<Handshake, CallError> {
        let target = self.target;
        let peer = [Value::from(&*target.identifier)];
        let network = self.put("supvisors.get_network_info", &peer).await?;
        // the original goes on without it
        let network = network.and_then(|it| self.read(only(&it).and_then(read_network)));

        let local = [Value::from(&*target.local)];
        let Some(seen) = self.put("supvisors.get_instance_info", &local).await? else {
            return Ok(Handshake::Unknown);
        };
        let Some(seen) = self.read(only(&seen).and_then(read_statecode)) else {
            return Ok(Handshake::Unknown);
        };
        if matches!(seen, None | Some(InstanceState::Isolated)) {
            return Ok(self.refused(network));
        }
        let Some(strategies) = self.put("supvisors.get_strategies", &[]).await? else {
            return Ok(Handshake::Unknown);
        };
        let Some(strategies) = self.read(read_strategies(&strategies)) else {
            return Ok(self.refused(network));
        };
        let (mut modes, mut processes) = (None, None);
        if strategies == target.strategies {
            let method = "supvisors.get_instance_state_modes";
            let answer = self.put(method, &peer).await?;
            modes = answer.and_then(|it| self.read(only(&it).and_then(read_state_modes)));
            let asked = target.clock.now().mono;
            let method = "supvisors.get_all_local_process_info";
            let answer = self.put(method, &[]).await?;
            let list = answer.and_then(|it| self.read(read_local_processes(&it)));
            let Some(list) = list else {
                return Ok(Handshake::Unknown);
            };
            processes = Some((asked, list));
        }
        let (stereotypes, network) = split(network);
        Ok(Handshake::Answered {
            stereotypes,
            network,
            refused: false,
            strategies,
            modes,
            processes,
        })
    }

    /// It sees us in a state that ends the handshake, or its strategies cannot equal ours: both
    /// isolate it.
    fn refused(&self, network: Option<NetworkInfo>) -> Handshake {
        let (stereotypes, network) = split(network);
        Handshake::Answered {
            stereotypes,
            network,
            refused: true,
            strategies: self.target.strategies,
            modes: None,
            processes: None,
        }
    }

    /// Put one question; `None` after a fault, which is logged.
    async fn put(&mut self, method: &str, params: &[Value]) -> Result<Option<Value>, CallError> {
        match self.line.call(method, params).await? {
            Ok(answer) => Ok(Some(answer)),
            Err(fault) => {
                fault_logged(self.target, self.sink, method, &fault);
                Ok(None)
            }
        }
    }

    /// `None` after an error, which is logged.
    fn read<T>(&self, read: Result<T, WireError>) -> Option<T> {
        let logged = |error| {
            let text = format!("{}: handshake: {error}", self.target.name);
            (self.sink)(Report::Log(LogLine::new(Level::Error, text)));
        };
        read.map_err(logged).ok()
    }
}

fn split(network: Option<NetworkInfo>) -> (Vec<Arc<str>>, Option<Network>) {
    network.map_or_else(Default::default, |it| (it.stereotypes, it.network))
}

/// Log that a peer refused a call.
pub(super) fn fault_logged(target: &Target, sink: &Sink, method: &str, fault: &WireFault) {
    let text = format!("{}: {method} failed: {fault}", target.name);
    sink(Report::Log(LogLine::new(Level::Warn, text)));
}
