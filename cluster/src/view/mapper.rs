//! Identifiers, nicks and stereotypes, and the instances that they name (spec cluster 1.3).

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use visord_model::log_line::{Level, LogLine};

use crate::identity::{Candidate, Identity, InstanceId, Network};
use crate::message::Origin;

/// The nick that an instance has if its configuration does not name it.
const DEFAULT_NICK: &str = "supervisor";

/// Instances that can be known; more are not registered by discovery.
const MOST: usize = 10_000;

/// A machine: equal for all instances on it. The value means nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node(u32);

/// The instances in the order in which they became known; none is ever removed.
#[derive(Clone, Debug)]
pub struct Mapper {
    identities: Vec<Identity>,
    /// How many of them are of the initial list.
    initial: usize,
    local: InstanceId,
    /// Identifiers before nicks: an identifier is never hidden by a nick.
    by_identifier: BTreeMap<Arc<str>, InstanceId>,
    by_nick: BTreeMap<Arc<str>, InstanceId>,
    /// Those of a stereotype, in their order.
    by_stereotype: BTreeMap<Arc<str>, Vec<InstanceId>>,
    /// One for each identity: the first instance of the same machine.
    nodes: Vec<Node>,
    by_node: BTreeMap<Node, Vec<InstanceId>>,
}

impl Mapper {
    /// The initial list, and the local instance in it.
    ///
    /// # Panics
    ///
    /// If `local` is not an index of the list.
    pub fn new(identities: Vec<Identity>, local: InstanceId) -> Self {
        assert!((local.0 as usize) < identities.len(), "local is not listed");
        let mut mapper = Self {
            initial: identities.len(),
            identities: Vec::new(),
            local,
            by_identifier: BTreeMap::new(),
            by_nick: BTreeMap::new(),
            by_stereotype: BTreeMap::new(),
            nodes: Vec::new(),
            by_node: BTreeMap::new(),
        };
        for identity in identities {
            mapper.add(identity);
        }
        mapper
    }

    fn add(&mut self, identity: Identity) -> InstanceId {
        let id = InstanceId(u32::try_from(self.identities.len()).unwrap_or(u32::MAX));
        // a name that is given twice means the last one, as in a map
        self.by_identifier.insert(identity.identifier.clone(), id);
        self.by_nick.insert(identity.nick.clone(), id);
        for stereotype in &identity.stereotypes {
            self.add_stereotype(stereotype, id);
        }
        self.identities.push(identity);
        self.sort_nodes();
        id
    }

    /// The local instance.
    pub const fn local(&self) -> InstanceId {
        self.local
    }

    /// All instances.
    pub fn ids(&self) -> impl Iterator<Item = InstanceId> + use<> {
        (0..u32::try_from(self.identities.len()).unwrap_or(u32::MAX)).map(InstanceId)
    }

    /// Those of the initial list.
    pub fn initial(&self) -> impl Iterator<Item = InstanceId> + use<> {
        (0..u32::try_from(self.initial).unwrap_or(u32::MAX)).map(InstanceId)
    }

    /// Who it is.
    pub fn identity(&self, id: InstanceId) -> &Identity {
        &self.identities[id.0 as usize]
    }

    /// Its identifier.
    pub fn identifier(&self, id: InstanceId) -> &Arc<str> {
        &self.identity(id).identifier
    }

    /// The instance of this identifier; a nick or a stereotype does not count.
    pub fn by_identifier(&self, identifier: &str) -> Option<InstanceId> {
        self.by_identifier.get(identifier).copied()
    }

    /// The instances that these names mean: identifiers, nicks, stereotypes, or `*` for all.
    /// Each once, in the order of the names, those of a stereotype in their own order; a name that
    /// means nothing is left out.
    pub fn resolve(&self, names: &[Arc<str>]) -> Vec<InstanceId> {
        self.collect(names, &mut |_| {})
    }

    /// The same with a warning for each name that means nothing.
    pub fn resolve_logged(&self, names: &[Arc<str>]) -> (Vec<InstanceId>, Vec<LogLine>) {
        let mut log = Vec::new();
        let ids = self.collect(names, &mut |name| {
            let text = format!("identifier={name} invalid");
            log.push(LogLine::new(Level::Warn, text));
        });
        (ids, log)
    }

    fn collect(&self, names: &[Arc<str>], unknown: &mut dyn FnMut(&str)) -> Vec<InstanceId> {
        let mut seen = vec![false; self.identities.len()];
        let mut found = Vec::new();
        let mut take = |id: InstanceId| {
            if !core::mem::replace(&mut seen[id.0 as usize], true) {
                found.push(id);
            }
        };
        for name in names {
            if &**name == "*" {
                self.ids().for_each(&mut take);
                continue;
            }
            let named = self.named(name);
            if named.is_empty() {
                unknown(name);
            }
            named.iter().copied().for_each(&mut take);
        }
        found
    }

    /// What one name means; `*` has no meaning here.
    fn named(&self, name: &str) -> &[InstanceId] {
        let one = self.by_identifier.get(name);
        match one.or_else(|| self.by_nick.get(name)) {
            Some(id) => core::slice::from_ref(id),
            None => self.by_stereotype.get(name).map_or(&[], Vec::as_slice),
        }
    }

    /// Who published this (spec cluster 8.2): identifier and nick mean one instance, and address
    /// and port are its own.
    pub fn sender(&self, origin: &Origin) -> Option<InstanceId> {
        let mut ids = self.named(&origin.identifier).to_vec();
        ids.extend(self.named(&origin.nick));
        ids.dedup();
        let &[id] = ids.as_slice() else { return None };
        let identity = self.identity(id);
        (identity.port == origin.port && self.has_address(id, &origin.address)).then_some(id)
    }

    /// Any address is good until the network of the instance is known.
    fn has_address(&self, id: InstanceId, address: &str) -> bool {
        let identity = self.identity(id);
        let Some(network) = &identity.network else {
            return true;
        };
        &*identity.host == address
            || (address.starts_with("127.") && self.node(id) == self.node(self.local))
            || network.addresses.iter().any(|it| {
                it.ipv4_address == address
                    || it.host_name == address
                    || it.aliases.iter().any(|alias| alias == address)
                    || it.ipv4_addresses.iter().any(|other| other == address)
            })
    }

    /// Registers an instance that announces itself, unless it, or its nick, is known
    /// (spec cluster 1.6).
    pub fn register(&mut self, candidate: &Candidate) -> (Option<InstanceId>, Vec<LogLine>) {
        if let Some(known) = self.known(candidate) {
            let known = self.identity(known);
            let same = known.identifier == candidate.identifier && known.nick == candidate.nick;
            let log = (!same).then(|| incompatible(candidate, known));
            return (None, log.into_iter().collect());
        }
        if self.identities.len() >= MOST {
            let text = format!(
                "candidate={} ignored: too many instances",
                printed(candidate)
            );
            return (None, vec![LogLine::new(Level::Warn, text)]);
        }
        let nick = if &*candidate.nick == DEFAULT_NICK {
            &candidate.identifier
        } else {
            &candidate.nick
        };
        let id = self.add(Identity {
            identifier: candidate.identifier.clone(),
            nick: nick.clone(),
            host: candidate.host.clone(),
            port: candidate.port,
            // they count from the handshake on
            stereotypes: Vec::new(),
            network: None,
        });
        let text = format!("{} discovered", self.identity(id));
        (Some(id), vec![LogLine::new(Level::Info, text)])
    }

    fn known(&self, candidate: &Candidate) -> Option<InstanceId> {
        let nick = self.by_nick.get(&candidate.nick);
        nick.or_else(|| self.by_identifier.get(&candidate.identifier))
            .copied()
    }

    /// What an instance says of itself in its handshake. Stereotypes are learned once.
    pub fn identify(&mut self, id: InstanceId, stereotypes: &[Arc<str>], network: Option<Network>) {
        if self.identity(id).stereotypes.is_empty() {
            for stereotype in stereotypes {
                self.add_stereotype(stereotype, id);
            }
            self.identities[id.0 as usize].stereotypes = stereotypes.to_vec();
        }
        if network.is_some() {
            self.identities[id.0 as usize].network = network;
            self.sort_nodes();
        }
    }

    fn add_stereotype(&mut self, stereotype: &Arc<str>, id: InstanceId) {
        let ids = self.by_stereotype.entry(stereotype.clone()).or_default();
        if let Err(at) = ids.binary_search(&id) {
            ids.insert(at, id);
        }
    }

    /// The machine of an instance. An instance whose machine is not known has one of its own.
    pub fn node(&self, id: InstanceId) -> Node {
        self.nodes[id.0 as usize]
    }

    /// The instances of a machine, in their order.
    pub fn on_node(&self, node: Node) -> &[InstanceId] {
        self.by_node.get(&node).map_or(&[], Vec::as_slice)
    }

    fn sort_nodes(&mut self) {
        let mut first: BTreeMap<&str, Node> = BTreeMap::new();
        self.nodes.clear();
        self.by_node.clear();
        for (identity, id) in self.identities.iter().zip(0..) {
            let own = Node(id);
            let node = match &identity.network {
                Some(network) => *first.entry(&*network.machine_id).or_insert(own),
                None => own,
            };
            self.nodes.push(node);
            self.by_node.entry(node).or_default().push(InstanceId(id));
        }
    }
}

fn printed(candidate: &Candidate) -> alloc::string::String {
    format!("<{}>{}", candidate.nick, candidate.identifier)
}

fn incompatible(candidate: &Candidate, known: &Identity) -> LogLine {
    let text = format!(
        "candidate={} incompatible with the Supvisors instance known as <{}>{}",
        printed(candidate),
        known.nick,
        known.identifier
    );
    LogLine::new(Level::Warn, text)
}
