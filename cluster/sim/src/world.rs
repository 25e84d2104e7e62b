//! Time, messages, and what hosts do.

use std::collections::{BinaryHeap, VecDeque};

use fastrand::Rng;
use visord_cluster::effect::Effect;
use visord_cluster::identity::InstanceId;
use visord_cluster::input::{Closing, Input, Request, Ticket};
use visord_cluster::message::Origin;
use visord_model::name::ProcessName;

use crate::check;
use crate::event::{Event, Happening, Payload, Timed};
use crate::fault::Fault;
use crate::host::Happened;
use crate::network::Network;
use crate::node::{self, Node};
use crate::scenario::Scenario;

mod faults;
mod messages;

/// Time since the world began, microseconds.
pub type Micros = u64;

/// One second.
pub const SECOND: Micros = 1_000_000;

const TICK: Micros = 5 * SECOND;

/// How long a sender waits for an answer.
const TIMEOUT: Micros = 2 * SECOND;

/// A whole cluster.
pub struct World {
    /// What it is made of.
    pub scenario: Scenario,
    /// Its hosts.
    pub nodes: Vec<Node>,
    /// Its links.
    pub network: Network,
    /// Inputs of all instances so far.
    pub steps: u64,
    /// When each host's supervisord ended because the cluster was closed.
    pub closed: Vec<Option<Closing>>,
    /// Log of effects, if wanted.
    pub trace: Option<Vec<String>>,
    origins: Vec<Origin>,
    now: Micros,
    serial: u64,
    queue: BinaryHeap<Timed>,
    rng: Rng,
    ticket: u64,
    complaint: Option<String>,
}

impl World {
    /// All hosts boot within a few seconds.
    pub fn new(scenario: Scenario) -> Self {
        let mut rng = Rng::with_seed(scenario.seed ^ 0x5eed);
        let count = scenario.nodes;
        let nodes = (0..count).map(|it| Node::new(it, &scenario, rng.u64(0..50_000)));
        let mut world = Self {
            nodes: nodes.collect(),
            network: Network::new(count),
            steps: 0,
            closed: vec![None; count],
            trace: None,
            origins: (0..count).map(node::origin).collect(),
            now: 0,
            serial: 0,
            queue: BinaryHeap::new(),
            ticket: 0,
            complaint: None,
            rng,
            scenario,
        };
        for number in 0..count {
            let time = world.rng.u64(0..8 * SECOND);
            world.at(time, Happening::Fault(Fault::Boot(number)));
        }
        for (time, fault) in world.scenario.faults.clone() {
            world.at(time, Happening::Fault(fault));
        }
        if let Some(closing) = world.scenario.closing {
            let node = world.rng.usize(0..count);
            let fault = Fault::Ask(node, Request::Close(closing));
            let time = world.scenario.calm + SECOND;
            world.at(time, Happening::Fault(fault));
        }
        world
    }

    /// The time.
    #[allow(clippy::cast_precision_loss)]
    pub fn seconds(&self) -> f64 {
        self.now as f64 / SECOND as f64
    }

    fn at(&mut self, time: Micros, what: Happening) {
        self.serial += 1;
        self.queue.push(Timed {
            time,
            serial: self.serial,
            what,
        });
    }

    /// Lets everything happen until this time.
    ///
    /// # Errors
    ///
    /// What did not hold.
    pub fn run_until(&mut self, end: Micros) -> Result<(), String> {
        while self.queue.peek().is_some_and(|next| next.time <= end) {
            let Some(next) = self.queue.pop() else { break };
            self.now = next.time;
            self.happen(next.what);
            if let Some(complaint) = self.complaint.take() {
                return Err(complaint);
            }
        }
        self.now = end;
        Ok(())
    }

    fn happen(&mut self, what: Happening) {
        match what {
            Happening::Node(to, boot, event) => {
                if boot.is_none_or(|boot| boot == self.nodes[to].boot) {
                    self.deliver(to, event);
                }
            }
            Happening::Message {
                from,
                boot,
                to,
                payload,
                again,
            } => self.arrive((from, boot), to, payload, again),
            Happening::Fault(fault) => self.fault(fault),
            Happening::End(node, boot, closing) => self.end(node, boot, closing),
        }
    }

    fn deliver(&mut self, to: usize, event: Event) {
        let node = &mut self.nodes[to];
        if node.cluster.is_none() {
            return;
        }
        if node.frozen {
            let late_tick = matches!(event, Event::Tick);
            if !late_tick {
                node.missed.push_back(event);
                return;
            }
        }
        match event {
            Event::Tick => {
                let boot = self.nodes[to].boot;
                let skew = self.nodes[to].skew;
                let next = (self.now / TICK + 1) * TICK + skew;
                self.at(next, Happening::Node(to, Some(boot), Event::Tick));
                if !self.nodes[to].frozen {
                    self.input(to, Input::Tick);
                }
            }
            Event::Arrive(from, payload) => self.receive(from, to, payload),
            Event::Unreachable(peer) => self.input(to, Input::Unreachable(id(peer))),
            Event::Answer(peer, began, answer) => {
                let answer = *answer;
                let peer = id(peer);
                self.input(
                    to,
                    Input::Answered {
                        peer,
                        began,
                        answer,
                    },
                );
            }
            Event::Process(process, generation, due) => {
                let clocks = self.nodes[to].clocks(self.now);
                let happened = self.nodes[to].host.due(process, generation, due, clocks);
                self.happened(to, happened);
            }
        }
    }

    /// A request to start or stop a process here.
    fn command(&mut self, node: usize, process: &ProcessName, start: Option<String>) {
        let clocks = self.nodes[node].clocks(self.now);
        let host = &mut self.nodes[node].host;
        let Some(process) = host.find(process) else {
            return;
        };
        let mut happened = Happened::default();
        match start {
            Some(args) => {
                host.set_extra_args(process, args);
                host.start(process, clocks, &mut happened);
            }
            None => host.stop(process, clocks, &mut happened),
        }
        self.happened(node, happened);
    }

    fn happened(&mut self, node: usize, happened: Happened) {
        let boot = self.nodes[node].boot;
        for (process, generation, delay, due) in happened.due {
            let event = Event::Process(process, generation, due);
            self.at(self.now + delay, Happening::Node(node, Some(boot), event));
        }
        for event in happened.events {
            self.input(node, Input::LocalEvent(event));
        }
    }

    fn ask(&mut self, node: usize, request: Request) {
        if self.nodes[node].cluster.is_none() || self.nodes[node].frozen {
            return;
        }
        self.ticket += 1;
        let ticket = Ticket(self.ticket);
        self.nodes[node].asked.insert(ticket);
        self.input(node, Input::Ask(ticket, request));
    }

    fn input(&mut self, node: usize, input: Input) {
        let moment = self.nodes[node].moment(self.now);
        self.steps += 1;
        if let Some(trace) = &mut self.trace {
            trace.push(format!(
                "{:.6} s{} < {input:?}",
                self.now as f64 / 1e6,
                node + 1
            ));
        }
        let Some(cluster) = &mut self.nodes[node].cluster else {
            return;
        };
        let effects = cluster.step(input, moment);
        let mut todo: VecDeque<Effect> = effects.into();
        while let Some(effect) = todo.pop_front() {
            if let Some(trace) = &mut self.trace {
                trace.push(format!(
                    "{:.6} s{} > {effect:?}",
                    self.now as f64 / 1e6,
                    node + 1
                ));
            }
            self.perform(node, effect);
        }
        if let Err(why) = check::always(self, node) {
            self.complaint.get_or_insert(why);
        }
    }

    fn perform(&mut self, node: usize, effect: Effect) {
        match effect {
            Effect::Publish(peers, publication) => {
                for peer in peers {
                    let payload = Payload::Publication(publication.clone());
                    self.send(node, peer.0 as usize, payload);
                }
            }
            Effect::Handshake(peer) => {
                let began = self.nodes[node].moment(self.now).mono;
                self.send(node, peer.0 as usize, Payload::Handshake(began));
            }
            Effect::Start {
                on,
                process,
                extra_args,
            } => {
                if let Err(why) = check::start(self, node, on, &process) {
                    self.complaint.get_or_insert(why);
                }
                // the local supervisord is asked like any other, after the step
                self.send(node, on.0 as usize, Payload::Start(process, extra_args));
            }
            Effect::Stop { on, process } => {
                self.send(node, on.0 as usize, Payload::Stop(process));
            }
            Effect::AskMaster(master, closing) => {
                self.send(node, master.0 as usize, Payload::Close(closing));
            }
            Effect::Close(closing) => {
                let boot = self.nodes[node].boot;
                self.at(self.now + 300_000, Happening::End(node, boot, closing));
            }
            Effect::ExtraArgs(process, args) => {
                let host = &mut self.nodes[node].host;
                if let Some(process) = host.find(&process) {
                    host.set_extra_args(process, args);
                }
            }
            Effect::ForbidAutorestart(process, _) => {
                let host = &mut self.nodes[node].host;
                if let Some(process) = host.find(&process) {
                    host.forbid_autorestart(process);
                }
            }
            Effect::Answer(ticket, _) => {
                if !self.nodes[node].asked.remove(&ticket) {
                    let why = format!("an answer to nobody: {ticket:?}");
                    self.complaint.get_or_insert(why);
                }
            }
            Effect::Show(_) | Effect::Log(_) => {}
        }
    }
}

/// The identity of a host.
pub fn id(number: usize) -> InstanceId {
    InstanceId(u32::try_from(number).unwrap_or(u32::MAX))
}
