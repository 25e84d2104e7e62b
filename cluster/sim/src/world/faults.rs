//! Faults, and the lives of supervisords.

use visord_cluster::input::{Closing, Input};

use super::{SECOND, TICK, World};
use crate::event::{Event, Happening};
use crate::fault::Fault;
use crate::host::{Happened, Host};

impl World {
    pub(super) fn fault(&mut self, fault: Fault) {
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
        node.host = Host::new(&self.scenario.programs);
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

    pub(super) fn end(&mut self, number: usize, boot: u32, closing: Closing) {
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
