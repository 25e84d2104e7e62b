//! Messages on their way.

use visord_cluster::input::{Handshake, Input, Request};
use visord_cluster::state::InstanceState;
use visord_model::moment::Mono;

use super::{TIMEOUT, World, id};
use crate::event::{Event, Happening, Payload};
use crate::network::Fate;
use crate::node;

impl World {
    pub(super) fn send(&mut self, from: usize, to: usize, payload: Payload) {
        let time = self.network.arrival(from, to, self.now, &mut self.rng);
        let boot = self.nodes[from].boot;
        self.at(
            time,
            Happening::Message {
                from,
                boot,
                to,
                payload,
                again: false,
            },
        );
    }

    pub(super) fn arrive(
        &mut self,
        (from, boot): (usize, u32),
        to: usize,
        payload: Payload,
        again: bool,
    ) {
        let fate = self.network.fate(from, to, &mut self.rng);
        let unreachable = Happening::Node(from, Some(boot), Event::Unreachable(to));
        if fate == Fate::Lost {
            return self.at(self.now + TIMEOUT, unreachable);
        }
        if self.nodes[to].cluster.is_none() || fate == Fate::Reset {
            return self.at(self.now + 500, unreachable);
        }
        if fate == Fate::Unanswered || (self.nodes[to].frozen && !again) {
            self.at(self.now + TIMEOUT, unreachable);
        } else if fate == Fate::Repeated && !again {
            let time = self.now + self.rng.u64(500..500_000);
            let payload = payload.clone();
            self.at(
                time,
                Happening::Message {
                    from,
                    boot,
                    to,
                    payload,
                    again: true,
                },
            );
        }
        self.deliver(to, Event::Arrive(from, payload));
    }

    pub(super) fn receive(&mut self, from: usize, to: usize, payload: Payload) {
        match payload {
            Payload::Publication(publication) => {
                let origin = self.origins[from].clone();
                self.input(
                    to,
                    Input::Heard {
                        origin,
                        publication,
                    },
                );
            }
            Payload::Handshake(began) => {
                self.input(to, Input::Questioned(id(from)));
                self.answer(from, to, began);
            }
            Payload::Start(process, args) => self.command(to, &process, Some(args)),
            Payload::Stop(process) => self.command(to, &process, None),
            Payload::Close(closing) => self.ask(to, Request::Close(closing)),
        }
    }

    /// The answers of node `to` to the handshake of node `from`.
    fn answer(&mut self, from: usize, to: usize, began: Mono) {
        let clocks = self.nodes[to].clocks(self.now);
        let moment = self.nodes[to].moment(self.now);
        let node = &self.nodes[to];
        let Some(cluster) = &node.cluster else { return };
        let refused = cluster.view().instance(id(from)).state() == InstanceState::Isolated;
        let answer = Handshake::Answered {
            stereotypes: Vec::new(),
            network: Some(node::network(to)),
            refused,
            strategies: cluster.options().strategies(),
            modes: (!refused).then(|| cluster.modes(moment)),
            // asked for at the beginning at the earliest
            processes: (!refused).then(|| (began, node.host.processes(clocks))),
        };
        let boot = self.nodes[from].boot;
        if self.network.is_whole(from, to) {
            let time = self.now + self.rng.u64(500..20_000);
            let event = Event::Answer(to, began, Box::new(answer));
            self.at(time, Happening::Node(from, Some(boot), event));
        }
    }
}
