//! One simulated host with its supervisord.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use visord_cluster::Cluster;
use visord_cluster::identity::{Address, Identity, InstanceId, Network};
use visord_cluster::input::Ticket;
use visord_cluster::message::Origin;
use visord_cluster::view::mapper::Mapper;
use visord_model::moment::{Moment, Mono};

use crate::event::Event;
use crate::host::{Clocks, Host};
use crate::scenario::Scenario;
use crate::world::{Micros, SECOND};

/// The wall clock when the world begins.
const EPOCH: u64 = 1_700_000_000;

/// One host.
#[derive(Debug)]
pub struct Node {
    /// Its supervisord; `None`: it is dead.
    pub cluster: Option<Cluster>,
    /// How often it has started.
    pub boot: u32,
    /// It does nothing, but its connections are accepted.
    pub frozen: bool,
    /// What came while it was frozen.
    pub missed: VecDeque<Event>,
    /// Its processes.
    pub host: Host,
    /// Its monotonic clock when the world begins.
    offset: Duration,
    /// It is late by this much with its TICKs.
    pub skew: Micros,
    /// Clients that wait for an answer.
    pub asked: BTreeSet<Ticket>,
}

impl Node {
    /// A host whose supervisord is not started.
    pub fn new(number: usize, scenario: &Scenario, skew: Micros) -> Self {
        Self {
            cluster: None,
            boot: 0,
            frozen: false,
            missed: VecDeque::new(),
            host: Host::new(&scenario.programs),
            offset: Duration::from_secs(1_000 * (number as u64 + 1)),
            skew,
            asked: BTreeSet::new(),
        }
    }

    /// Starts its supervisord.
    pub fn start(&mut self, number: usize, scenario: &Scenario) {
        let all: Vec<Identity> = (0..scenario.nodes).map(identity).collect();
        let local = InstanceId(u32::try_from(number).unwrap_or(u32::MAX));
        let mapper = Mapper::new(all, local);
        let options = scenario.options.clone();
        self.cluster = Some(Cluster::new(options, mapper, scenario.rules.clone()));
        self.host = Host::new(&scenario.programs);
        self.boot += 1;
    }

    /// Both clocks.
    pub fn moment(&self, now: Micros) -> Moment {
        Moment {
            mono: Mono(self.offset + Duration::from_micros(now)),
            unix: i64::try_from(EPOCH + now / SECOND).unwrap_or(i64::MAX),
        }
    }

    /// Both clocks, as a host has them.
    #[allow(clippy::cast_precision_loss)]
    pub fn clocks(&self, now: Micros) -> Clocks {
        Clocks {
            wall: EPOCH as f64 + now as f64 / SECOND as f64,
            mono: self.moment(now).mono.0.as_secs_f64(),
        }
    }
}

fn identity(number: usize) -> Identity {
    let name = format!("s{}", number + 1);
    Identity {
        identifier: format!("{name}:9001").into(),
        nick: name.as_str().into(),
        host: name.into(),
        port: 9001,
        stereotypes: Vec::new(),
        network: None,
    }
}

/// What the host of this number writes into its publications.
pub fn origin(number: usize) -> Origin {
    let identity = identity(number);
    Origin {
        identifier: identity.identifier,
        nick: identity.nick,
        address: address(number),
        port: identity.port,
    }
}

fn address(number: usize) -> String {
    format!("10.0.{}.{}", number / 200, number % 200 + 1)
}

/// What it says of its machine; two neighbors share one.
pub fn network(number: usize) -> Network {
    Network {
        machine_id: Arc::from(format!("02:00:00:00:00:{:02x}", number / 2)),
        fqdn: format!("s{}", number + 1),
        addresses: vec![Address {
            nic_name: "eth0".into(),
            ipv4_address: address(number),
            netmask: "255.255.0.0".into(),
            host_name: String::new(),
            aliases: Vec::new(),
            ipv4_addresses: Vec::new(),
        }],
    }
}
