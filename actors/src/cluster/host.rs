//! What this machine is called: its network interfaces, the names of addresses (spec cluster 1.3).

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};

use nix::ifaddrs::getifaddrs;

/// A network interface with an IPv4 address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// `eth0`.
    pub name: String,
    /// Its first address.
    pub address: Ipv4Addr,
    /// The netmask of that.
    pub netmask: Ipv4Addr,
    /// Its hardware address, if it has one.
    pub mac: Option<[u8; 6]>,
}

/// The names that an address has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The first one.
    pub name: String,
    /// The others.
    pub aliases: Vec<String>,
}

/// Answers about names; the lookups of the system may block for seconds.
pub trait Lookup {
    /// The name of this machine.
    fn host_name(&self) -> String;
    /// The network interfaces, in the order of their numbers.
    fn interfaces(&self) -> Vec<Interface>;
    /// The IPv4 addresses of a name, or of an address written as text.
    fn addresses(&self, name: &str) -> Vec<Ipv4Addr>;
    /// The names of an address; `None` if it has none.
    fn names(&self, address: Ipv4Addr) -> Option<Names>;
    /// A text that only this machine has, until it boots again.
    fn boot_id(&self) -> String;
}

/// The lookups of the system.
#[derive(Clone, Copy, Debug)]
pub struct System;

impl Lookup for System {
    fn host_name(&self) -> String {
        let name = nix::unistd::gethostname().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    fn interfaces(&self) -> Vec<Interface> {
        let Ok(all) = getifaddrs() else {
            return Vec::new();
        };
        let all: Vec<_> = all.collect();
        let mac_of = |name: &str| {
            let mut same = all.iter().filter(|it| it.interface_name == name);
            same.find_map(|it| it.address.as_ref()?.as_link_addr()?.addr())
        };
        let mut seen = BTreeSet::new();
        let found = all.iter().filter_map(|it| {
            let address = it.address.as_ref()?.as_sockaddr_in()?.ip();
            let name = it.interface_name.clone();
            // an alias such as eth0:1 is a name of its own
            seen.insert(name.clone()).then(|| Interface {
                mac: mac_of(&name),
                name,
                address,
                netmask: netmask(it.netmask.as_ref()),
            })
        });
        found.collect()
    }

    fn addresses(&self, name: &str) -> Vec<Ipv4Addr> {
        let Ok(found) = (name, 0).to_socket_addrs() else {
            return Vec::new();
        };
        let v4 = found.filter_map(|it| match it.ip() {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        });
        let mut addresses: Vec<Ipv4Addr> = v4.collect();
        addresses.dedup();
        addresses
    }

    /// The hosts file first: it has the aliases, which no other lookup returns.
    fn names(&self, address: Ipv4Addr) -> Option<Names> {
        let hosts = read("/etc/hosts");
        in_hosts(&hosts, address).or_else(|| {
            let place = SocketAddr::from((address, 0));
            let (name, _) = dns_lookup::getnameinfo(&place, libc::NI_NAMEREQD).ok()?;
            let aliases = Vec::new();
            Some(Names { name, aliases })
        })
    }

    fn boot_id(&self) -> String {
        read("/proc/sys/kernel/random/boot_id")
    }
}

/// A small file of the system; empty if it cannot be read.
fn read(path: &str) -> String {
    const MOST: u64 = 1024 * 1024;
    let bytes = visord_files::read_linked_up_to(path.as_ref(), MOST);
    String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
}

fn netmask(mask: Option<&nix::sys::socket::SockaddrStorage>) -> Ipv4Addr {
    let mask = mask.and_then(|it| it.as_sockaddr_in());
    mask.map_or(Ipv4Addr::BROADCAST, |it| it.ip())
}

/// The names on the first line of a hosts file that has this address.
fn in_hosts(hosts: &str, address: Ipv4Addr) -> Option<Names> {
    let lines = hosts
        .lines()
        .map(|line| line.split('#').next().unwrap_or(""));
    let mut found = lines.filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let is_it = words.next()?.parse() == Ok(address);
        let name = words.next().filter(|_| is_it)?.to_owned();
        let aliases = words.map(str::to_owned).collect();
        Some(Names { name, aliases })
    });
    found.next()
}

/// The text that is the same for all instances on this machine: the hardware address of its first
/// interface that has one, as the original has it; else a text made of its boot id.
pub fn machine_id(lookup: &dyn Lookup) -> String {
    let macs = lookup.interfaces().into_iter().filter_map(|it| it.mac);
    let mac = macs.into_iter().find(|mac| *mac != [0; 6]);
    let bytes = mac.unwrap_or_else(|| of_boot(&lookup.boot_id()));
    bytes.map(|byte| format!("{byte:02x}")).join(":")
}

/// Six bytes made of a boot id, marked as no hardware address.
fn of_boot(id: &str) -> [u8; 6] {
    let digits: Vec<u8> = id
        .chars()
        .filter_map(|c| u8::try_from(c.to_digit(16)?).ok())
        .collect();
    let mut bytes = [0; 6];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        *byte = pair.iter().fold(0, |sum, digit| sum << 4 | digit);
    }
    // the bit of a group address: no interface has it
    bytes[0] |= 1;
    bytes
}

/// The name of this machine with its domain, if it has one.
pub fn fqdn(lookup: &dyn Lookup) -> String {
    let own = lookup.host_name();
    let address = lookup.addresses(&own).into_iter().next();
    let Some(names) = address.and_then(|it| lookup.names(it)) else {
        return own;
    };
    let all = std::iter::once(&names.name).chain(&names.aliases);
    let full = all.into_iter().find(|name| name.contains('.'));
    full.unwrap_or(&names.name).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hosts_file() {
        let hosts = "127.0.0.1 localhost\n# 10.0.0.1 old\n10.0.0.1\tone one.x # first\n\
                     10.0.0.1 two\n::1 localhost\n10.0.0.2\n";
        let one = in_hosts(hosts, Ipv4Addr::new(10, 0, 0, 1)).expect("names");
        assert_eq!(
            (one.name.as_str(), &*one.aliases),
            ("one", &["one.x".to_owned()][..])
        );
        assert_eq!(in_hosts(hosts, Ipv4Addr::new(10, 0, 0, 2)), None);
        assert_eq!(in_hosts(hosts, Ipv4Addr::new(10, 0, 0, 3)), None);
    }

    #[test]
    fn a_boot_id_becomes_a_group_address() {
        let bytes = of_boot("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9\n");
        assert_eq!(bytes, [0x0b, 0x1b, 0x2c, 0x3d, 0x4e, 0x5f]);
        assert_eq!(of_boot(""), [1, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn the_system_knows_its_loopback_interface() {
        let all = System.interfaces();
        assert!(all.iter().any(|it| it.address.is_loopback()), "{all:?}");
        assert!(System.addresses("127.0.0.1").contains(&Ipv4Addr::LOCALHOST));
        assert!(!machine_id(&System).is_empty() && !fqdn(&System).is_empty());
    }
}
