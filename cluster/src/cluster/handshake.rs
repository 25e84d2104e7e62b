//! How a peer becomes a member (spec cluster 3.1, 8.4).

use alloc::format;
use alloc::sync::Arc;

use visord_model::log_line::{Level, LogLine};
use visord_model::moment::{Moment, Mono};

use super::Cluster;
use crate::identity::InstanceId;
use crate::input::Handshake;
use crate::state::InstanceState;

impl Cluster {
    pub(super) fn answered(
        &mut self,
        peer: InstanceId,
        began: Mono,
        answer: Handshake,
        now: Moment,
    ) {
        if !self.view.instance(peer).is_checking(began) {
            return self.handshake_log(Level::Error, peer, "ignored: an old handshake with");
        }
        let state = match answer {
            Handshake::Unknown => {
                self.handshake_log(Level::Warn, peer, "no authorization from");
                InstanceState::Stopped
            }
            Handshake::Answered { .. } => self.judge(peer, answer, now),
        };
        self.set_state(peer, state, now);
        self.evaluate(now);
    }

    fn judge(&mut self, peer: InstanceId, answer: Handshake, now: Moment) -> InstanceState {
        let Handshake::Answered {
            stereotypes,
            network,
            refused,
            strategies,
            modes,
            processes,
        } = answer
        else {
            return InstanceState::Stopped;
        };
        self.view.identify(peer, &stereotypes, network);
        if refused {
            self.handshake_log(Level::Warn, peer, "the local instance is isolated by");
            return InstanceState::Isolated;
        }
        if strategies != self.options.strategies() {
            self.handshake_log(
                Level::Warn,
                peer,
                "the options are inconsistent with those of",
            );
            return InstanceState::Isolated;
        }
        let Some((read, processes)) = processes else {
            self.handshake_log(Level::Warn, peer, "no processes from");
            return InstanceState::Stopped;
        };
        if self.view.instance(peer).missed_since(read) {
            self.handshake_log(
                Level::Warn,
                peer,
                "process events came in the handshake with",
            );
            return InstanceState::Stopped;
        }
        if let Some(modes) = modes {
            let changes = self.view.on_modes(peer, Arc::new(modes));
            self.apply(changes);
        }
        let changes = self
            .view
            .load_processes(peer, processes, &self.rules, &self.options, now);
        self.apply(changes);
        self.handshake_log(Level::Info, peer, "the local instance is authorized by");
        InstanceState::Checked
    }

    fn handshake_log(&mut self, level: Level, peer: InstanceId, text: &str) {
        let who = self.view.mapper.identity(peer);
        let text = format!("{text} Supvisors={who}");
        self.log(LogLine::new(level, text));
    }
}
