//! Finds the instances of a configuration, and the local one among them (spec cluster 1.3).

use std::net::Ipv4Addr;
use std::sync::Arc;

use visord_cluster::identity::{Address, Identity, InstanceId, Network};
use visord_cluster::view::mapper::Mapper;
use visord_config::InstanceItem;
use visord_model::log_line::{Level, LogLine};
use visord_model::pyrepr::repr;

use super::host::{self, Lookup};

/// The identifier of a supervisord that has none of its own.
const DEFAULT: &str = "supervisor";

/// Who the instances are, and who this one is.
#[derive(Clone, Debug)]
pub struct Identified {
    /// All instances.
    pub mapper: Mapper,
    /// The IPv4 address that publications name as their origin.
    pub address: String,
    /// What is said about it in the activity log.
    pub remarks: Vec<LogLine>,
}

/// The local supervisord, as its configuration has it.
#[derive(Clone, Copy, Debug)]
pub struct Local<'a> {
    /// `[supervisord] identifier`.
    pub identifier: &'a str,
    /// TCP port of its HTTP server.
    pub port: u16,
    /// Groups that it belongs to.
    pub stereotypes: &'a [Arc<str>],
}

/// Resolve all items, and find the local instance among them. May block while names are looked up.
///
/// # Errors
/// An item that cannot be resolved; none or several items for the local instance.
pub fn identify(
    items: &[InstanceItem],
    local: Local<'_>,
    lookup: &dyn Lookup,
) -> Result<Identified, String> {
    let mut remarks = Vec::new();
    let network = network(lookup, &mut remarks);
    let own = own_item(lookup, local.port);
    let items = if items.is_empty() { &[own][..] } else { items };
    let mut found: Vec<Resolved<'_>> = Vec::new();
    for item in items {
        let resolved = Resolved::new(item, local.port, lookup)?;
        // the last of two items with one identifier counts, in the place of the first
        let same = |it: &Resolved<'_>| it.identity.identifier == resolved.identity.identifier;
        match found.iter().position(same) {
            Some(at) => found[at] = resolved,
            None => found.push(resolved),
        }
    }
    let at = find_local(&found, &network, local.port, lookup)?;
    let address = found[at].addresses.first();
    let address = address.map_or_else(String::new, Ipv4Addr::to_string);
    let has_nick = found[at].item.nick.is_some();
    let mut identities: Vec<Identity> = found.into_iter().map(|it| it.identity).collect();
    let identity = &mut identities[at];
    remarks.extend(name_local(identity, has_nick, local.identifier));
    identity.stereotypes = local.stereotypes.to_vec();
    identity.network = Some(network);
    let text = format!("Supvisors={identity} is this instance");
    remarks.push(LogLine::new(Level::Info, text));
    let id = InstanceId(u32::try_from(at).map_err(|_| "too many instances".to_owned())?);
    Ok(Identified {
        mapper: Mapper::new(identities, id),
        address,
        remarks,
    })
}

/// The item that is used when none are configured: this machine.
fn own_item(lookup: &dyn Lookup, port: u16) -> InstanceItem {
    let name = lookup.host_name();
    // a name that means nothing, even here, is of no use to others
    let host = if lookup.addresses(&name).is_empty() {
        let interfaces = lookup.interfaces().into_iter();
        let mut addresses = interfaces.map(|it| it.address);
        let address = addresses.find(|it| !it.is_loopback());
        address.unwrap_or(Ipv4Addr::LOCALHOST).to_string()
    } else {
        name
    };
    InstanceItem {
        text: host.clone(),
        nick: None,
        host,
        port: Some(port),
    }
}

/// The identifier of the local supervisord is its nick, unless the list has another one.
fn name_local(identity: &mut Identity, has_nick: bool, identifier: &str) -> Option<LogLine> {
    if identifier == DEFAULT || *identity.nick == *identifier {
        return None;
    }
    if has_nick {
        let text = format!(
            "mismatch between Supervisor identifier \"{identifier}\" and local Supvisors \
             identified in supvisors_list \"{}\"",
            identity.nick
        );
        return Some(LogLine::new(Level::Warn, text));
    }
    identity.nick = identifier.into();
    None
}

/// An item, who it means, and the addresses of its host.
struct Resolved<'a> {
    item: &'a InstanceItem,
    identity: Identity,
    addresses: Vec<Ipv4Addr>,
}

impl<'a> Resolved<'a> {
    fn new(item: &'a InstanceItem, local_port: u16, lookup: &dyn Lookup) -> Result<Self, String> {
        let addresses = lookup.addresses(&item.host);
        if addresses.is_empty() {
            return Err(format!(
                "could not define a Supvisors identification from \"{}\": unknown address {}",
                item.text, item.host
            ));
        }
        let port = item.port.unwrap_or(local_port);
        let identifier: Arc<str> = format!("{}:{port}", item.host).into();
        let nick = match (&item.nick, item.port) {
            (Some(nick), _) => nick.as_str().into(),
            (None, Some(_)) => Arc::clone(&identifier),
            (None, None) => item.host.as_str().into(),
        };
        Ok(Self {
            item,
            identity: Identity {
                identifier,
                nick,
                host: item.host.as_str().into(),
                port,
                stereotypes: Vec::new(),
                network: None,
            },
            addresses,
        })
    }

    /// Whether the host is one of the names or addresses of this machine.
    fn is_named(&self, network: &Network) -> bool {
        network.addresses.iter().any(|it| {
            let host = &self.item.host;
            *host == it.host_name || it.aliases.contains(host) || it.ipv4_addresses.contains(host)
        })
    }

    /// Whether its addresses are those of this machine, loopback included.
    fn is_addressed(&self, own: &[Ipv4Addr]) -> bool {
        self.addresses
            .iter()
            .any(|it| it.is_loopback() || own.contains(it))
    }
}

/// The place of the local instance in the list. Items that name this machine are looked for first;
/// if there are none, those whose addresses are its own (difference R23).
fn find_local(
    found: &[Resolved<'_>],
    network: &Network,
    port: u16,
    lookup: &dyn Lookup,
) -> Result<usize, String> {
    let places = |is_it: &dyn Fn(&Resolved<'_>) -> bool| -> Vec<usize> {
        let all = found.iter().enumerate();
        let own = all.filter(|(_, it)| it.identity.port == port && is_it(it));
        own.map(|(at, _)| at).collect()
    };
    let mut candidates = places(&|it| it.is_named(network));
    if candidates.is_empty() {
        let interfaces = lookup.interfaces().into_iter();
        let own: Vec<Ipv4Addr> = interfaces.map(|it| it.address).collect();
        candidates = places(&|it| it.is_addressed(&own));
    }
    match *candidates {
        [at] => Ok(at),
        [] => Err("could not find the Supvisors in supvisors_list".to_owned()),
        [..] => {
            let all = candidates
                .iter()
                .map(|&at| repr(&found[at].identity.identifier));
            let all: Vec<String> = all.collect();
            Err(format!(
                "multiple candidates for the Supvisors identifiers=[{}]",
                all.join(", ")
            ))
        }
    }
}

/// This machine. Loopback is left out: its addresses mean another machine elsewhere.
fn network(lookup: &dyn Lookup, remarks: &mut Vec<LogLine>) -> Network {
    let interfaces = lookup.interfaces().into_iter();
    let addresses = interfaces
        .filter(|it| !it.address.is_loopback())
        .map(|it| {
            let address = it.address.to_string();
            let names = lookup.names(it.address);
            let known = names.is_some();
            if !known {
                let text = format!("unknown address {address}: it has no name");
                remarks.push(LogLine::new(Level::Error, text));
            }
            let (host_name, aliases) =
                names.map_or_else(Default::default, |it| (it.name, it.aliases));
            Address {
                nic_name: it.name,
                netmask: it.netmask.to_string(),
                host_name,
                aliases,
                ipv4_addresses: Vec::from_iter(known.then(|| address.clone())),
                ipv4_address: address,
            }
        })
        .collect();
    Network {
        machine_id: host::machine_id(lookup).into(),
        fqdn: host::fqdn(lookup),
        addresses,
    }
}

#[cfg(test)]
mod tests;
