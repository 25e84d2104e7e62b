//! Time, messages, and what hosts do.

use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

use fastrand::Rng;
use visord_cluster::effect::Effect;
use visord_cluster::identity::InstanceId;
use visord_cluster::input::{Closing, Handshake, Input, Request, Ticket};
use visord_cluster::message::{Origin, Publication};
use visord_cluster::state::InstanceState;
use visord_model::moment::Mono;
use visord_model::name::ProcessName;

use crate::check;
use crate::fault::Fault;
use crate::host::{Due, Happened};
use crate::network::{Fate, Network};
use crate::node::{self, Node};
use crate::scenario::Scenario;

/// Time since the world began, microseconds.
pub type Micros = u64;

/// One second.
pub const SECOND: Micros = 1_000_000;

const TICK: Micros = 5 * SECOND;

/// How long a sender waits for an answer.
const TIMEOUT: Micros = 2 * SECOND;

/// A message on a link.
#[derive(Clone, Debug)]
pub enum Payload {
    /// `sendRemoteCommEvent`.
    Publication(Publication),
    /// The five questions of a handshake, asked at this time of the sender's clock.
    Handshake(Mono),
    /// `start_args`.
    Start(ProcessName, String),
    /// `stopProcess`.
    Stop(ProcessName),
    /// `restart` or `shutdown` of the cluster.
    Close(Closing),
}

/// What happens to a node.
#[derive(Clone, Debug)]
pub enum Event {
    /// 5 s have passed.
    Tick,
    /// A message of this node arrives.
    Arrive(usize, Payload),
    /// This peer does not answer.
    Unreachable(usize),
    /// This peer answers a handshake that began then.
    Answer(usize, Mono, Box<Handshake>),
    /// A process of this generation goes on.
    Process(usize, u32, Due),
}

#[derive(Clone, Debug)]
enum Happening {
    /// To this node, if it still is in this boot; `None`: in any.
    Node(usize, Option<u32>, Event),
    /// A message arrives, or not.
    Message {
        from: usize,
        boot: u32,
        to: usize,
        payload: Payload,
        again: bool,
    },
    Fault(Fault),
    /// The supervisord of this boot ends.
    End(usize, u32, Closing),
}

struct Timed {
    time: Micros,
    serial: u64,
    what: Happening,
}

impl PartialEq for Timed {
    fn eq(&self, other: &Self) -> bool {
        (self.time, self.serial) == (other.time, other.serial)
    }
}

impl Eq for Timed {}

impl PartialOrd for Timed {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timed {
    /// The earliest is the greatest: the heap gives it first.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (other.time, other.serial).cmp(&(self.time, self.serial))
    }
}

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

    fn send(&mut self, from: usize, to: usize, payload: Payload) {
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

    fn arrive(&mut self, (from, boot): (usize, u32), to: usize, payload: Payload, again: bool) {
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

    fn receive(&mut self, from: usize, to: usize, payload: Payload) {
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

    fn fault(&mut self, fault: Fault) {
        match fault {
            Fault::Boot(node) => self.boot(node),
            Fault::Crash(node) => self.kill(node),
            Fault::Freeze(node) => self.nodes[node].frozen = true,
            Fault::Thaw(node) => self.thaw(node),
            Fault::Cut(from, to) => self.network.cut(from, to, true),
            Fault::Mend(from, to) => self.network.cut(from, to, false),
            Fault::Kill(node, process) => {
                let clocks = self.nodes[node].clocks(self.now);
                if self.nodes[node].cluster.is_some() && !self.nodes[node].frozen {
                    let mut happened = Happened::default();
                    self.nodes[node].host.crash(process, clocks, &mut happened);
                    self.happened(node, happened);
                }
            }
            Fault::Start(node, process) => {
                let name = self.scenario.programs[process].name.clone();
                if self.nodes[node].cluster.is_some() && !self.nodes[node].frozen {
                    self.command(node, &name, Some(String::new()));
                }
            }
            Fault::Ask(node, request) => self.ask(node, request),
            Fault::Weather(change) => self.network.weather = change.weather(),
        }
    }

    fn boot(&mut self, number: usize) {
        if self.nodes[number].cluster.is_some() {
            return;
        }
        let node = &mut self.nodes[number];
        node.frozen = false;
        node.start(number, &self.scenario);
        let (boot, skew) = (node.boot, node.skew);
        let clocks = node.clocks(self.now);
        let happened = node.host.autostart(clocks);
        let processes = node.host.processes(clocks);
        self.input(number, Input::Begin(processes));
        // what was started is known already
        let happened = Happened {
            events: Vec::new(),
            ..happened
        };
        self.happened(number, happened);
        let next = (self.now / TICK + 1) * TICK + skew;
        self.at(next, Happening::Node(number, Some(boot), Event::Tick));
    }

    fn kill(&mut self, number: usize) {
        let node = &mut self.nodes[number];
        node.cluster = None;
        node.frozen = false;
        node.missed.clear();
        node.asked.clear();
        let none: Arc<[crate::host::Program]> = self.scenario.programs.clone();
        node.host = crate::host::Host::new(&none);
    }

    fn thaw(&mut self, number: usize) {
        if !self.nodes[number].frozen {
            return;
        }
        self.nodes[number].frozen = false;
        // one TICK for all that were missed, then what came meanwhile
        self.input(number, Input::Tick);
        let boot = self.nodes[number].boot;
        let missed = std::mem::take(&mut self.nodes[number].missed);
        for event in missed {
            if self.nodes[number].boot == boot {
                self.deliver(number, event);
            }
        }
    }

    fn end(&mut self, number: usize, boot: u32, closing: Closing) {
        if self.nodes[number].boot != boot || self.nodes[number].cluster.is_none() {
            return;
        }
        self.closed[number] = Some(closing);
        self.kill(number);
        if closing == Closing::Restart {
            let time = self.now + 2 * SECOND;
            self.at(time, Happening::Fault(Fault::Boot(number)));
        }
    }
}

/// The identity of a host.
pub fn id(number: usize) -> InstanceId {
    InstanceId(u32::try_from(number).unwrap_or(u32::MAX))
}
