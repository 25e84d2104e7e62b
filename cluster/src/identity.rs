//! Who the instances are (spec cluster 1.3).

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

/// The number of an instance in the order in which the local instance learned of them, from 0.
/// Valid only inside one supervisord: others know the identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId(pub u32);

/// One instance as the configuration, or its discovery, names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `host:port`, the host exactly as written.
    pub identifier: Arc<str>,
    /// The name for people: the nick as written, else the identifier, else the host.
    pub nick: Arc<str>,
    /// The host part, as written.
    pub host: Arc<str>,
    /// TCP port of its HTTP server.
    pub port: u16,
    /// Groups that it belongs to, learned in its handshake; empty before.
    pub stereotypes: Vec<Arc<str>>,
    /// What it says of its machine, learned in its handshake.
    pub network: Option<Network>,
}

impl Identity {
    /// What it announces by multicast.
    pub fn candidate(&self) -> Candidate {
        Candidate {
            identifier: Arc::clone(&self.identifier),
            nick: Arc::clone(&self.nick),
            host: Arc::clone(&self.host),
            port: self.port,
            stereotypes: self.stereotypes.clone(),
        }
    }
}

impl fmt::Display for Identity {
    /// `<nick>identifier`, or the identifier alone if both are the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nick == self.identifier {
            f.pad(&self.identifier)
        } else {
            f.pad(&format!("<{}>{}", self.nick, self.identifier))
        }
    }
}

/// What an instance says of its machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Same text, same node: `aa:bb:cc:dd:ee:ff`.
    pub machine_id: Arc<str>,
    /// Fully qualified name of the host.
    pub fqdn: String,
    /// Its network interfaces with an IPv4 address, without loopback, in its order.
    pub addresses: Vec<Address>,
}

/// One network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// `eth0`.
    pub nic_name: String,
    /// Dotted address of the interface.
    pub ipv4_address: String,
    /// Dotted netmask of the interface.
    pub netmask: String,
    /// Name of the address, empty if the reverse lookup fails.
    pub host_name: String,
    /// Other names of it.
    pub aliases: Vec<String>,
    /// The addresses of that name.
    pub ipv4_addresses: Vec<String>,
}

/// An instance that announces itself by multicast (spec cluster 1.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// `host:port`.
    pub identifier: Arc<str>,
    /// Its nick.
    pub nick: Arc<str>,
    /// Host to connect to.
    pub host: Arc<str>,
    /// TCP port of its HTTP server.
    pub port: u16,
    /// Groups that it belongs to.
    pub stereotypes: Vec<Arc<str>>,
}
