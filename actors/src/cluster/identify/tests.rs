//! A machine with two interfaces.

use super::*;
use crate::cluster::host::{Interface, Names};

/// A machine `n1` with an alias on eth0 and an address without a name on eth1.
struct Machine {
    names: bool,
}

const ETH0: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
const ETH1: Ipv4Addr = Ipv4Addr::new(10, 78, 0, 1);

impl Lookup for Machine {
    fn host_name(&self) -> String {
        "n1".to_owned()
    }

    fn interfaces(&self) -> Vec<Interface> {
        let interface = |name: &str, address, mac| Interface {
            name: name.to_owned(),
            address,
            netmask: Ipv4Addr::new(255, 255, 255, 0),
            mac,
        };
        vec![
            interface("lo", Ipv4Addr::LOCALHOST, Some([0; 6])),
            interface("eth0", ETH0, Some([2, 0, 0, 0, 0xab, 1])),
            interface("eth1", ETH1, Some([2, 0, 0, 0, 0xab, 2])),
        ]
    }

    fn addresses(&self, name: &str) -> Vec<Ipv4Addr> {
        match name {
            "n1" | "node1" => vec![ETH0],
            "n2" => vec![Ipv4Addr::new(10, 77, 0, 2)],
            "localhost" => vec![Ipv4Addr::LOCALHOST],
            other => other.parse().ok().into_iter().collect(),
        }
    }

    fn names(&self, address: Ipv4Addr) -> Option<Names> {
        (self.names && address == ETH0).then(|| Names {
            name: "n1".to_owned(),
            aliases: vec!["node1".to_owned(), "n1.lan".to_owned()],
        })
    }

    fn boot_id(&self) -> String {
        String::new()
    }
}

fn item(text: &str) -> InstanceItem {
    let (nick, rest) = match text.strip_prefix('<').and_then(|it| it.split_once('>')) {
        Some((nick, rest)) => (Some(nick.to_owned()), rest),
        None => (None, text),
    };
    let (host, port) = rest.split_once(':').unwrap_or((rest, ""));
    InstanceItem {
        text: text.to_owned(),
        nick,
        host: host.to_owned(),
        port: port.parse().ok(),
    }
}

fn identified(items: &[&str], identifier: &str, names: bool) -> Result<Identified, String> {
    let items: Vec<InstanceItem> = items.iter().map(|it| item(it)).collect();
    let local = Local {
        identifier,
        port: 9001,
        stereotypes: &["x".into()],
    };
    identify(&items, local, &Machine { names })
}

/// Nick and identifier of the local instance.
fn me(items: &[&str], identifier: &str) -> (String, String) {
    let found = identified(items, identifier, true).expect("an instance");
    let mapper = found.mapper;
    let own = mapper.identity(mapper.local());
    (own.nick.to_string(), own.identifier.to_string())
}

#[test]
fn the_local_instance_is_found_by_any_of_its_names() {
    let cases = [
        (
            &["n2:9001", "n1:9001"][..],
            "supervisor",
            ("n1:9001", "n1:9001"),
        ),
        (
            &["10.77.0.1:9001"],
            "supervisor",
            ("10.77.0.1:9001", "10.77.0.1:9001"),
        ),
        (&["node1:9001"], "supervisor", ("node1:9001", "node1:9001")),
        (&["n1"], "supervisor", ("n1", "n1:9001")),
        (&["<me>n1"], "supervisor", ("me", "n1:9001")),
        (&["n1:9001"], "mine", ("mine", "n1:9001")),
        (&["<me>n1:9001"], "mine", ("me", "n1:9001")),
        (&["<me>n1:9001"], "me", ("me", "n1:9001")),
        (&[], "supervisor", ("n1:9001", "n1:9001")),
        (&[], "mine", ("mine", "n1:9001")),
        // its own port decides
        (
            &["<a>n1:9002", "<b>n1:9001"],
            "supervisor",
            ("b", "n1:9001"),
        ),
    ];
    for (items, identifier, (nick, id)) in cases {
        let expected = (nick.to_owned(), id.to_owned());
        assert_eq!(me(items, identifier), expected, "{items:?} {identifier}");
    }
}

#[test]
fn literal_addresses_of_this_machine_need_no_name() {
    assert_eq!(me(&["10.78.0.1:9001"], "supervisor").0, "10.78.0.1:9001");
    assert_eq!(
        me(&["127.0.0.1:9001", "n2:9001"], "supervisor").0,
        "127.0.0.1:9001"
    );
    let found = identified(&["n1:9001", "n2:9001"], "supervisor", false).expect("no names");
    assert_eq!(
        (found.mapper.local(), &*found.address),
        (InstanceId(0), "10.77.0.1")
    );
    let errors = found.remarks.iter().filter(|it| it.level == Level::Error);
    assert_eq!(errors.count(), 2, "{:?}", found.remarks);
    // what has a name comes first
    assert_eq!(
        me(&["localhost:9001", "n1:9001"], "supervisor").0,
        "n1:9001"
    );
}

#[test]
fn what_cannot_be_identified() {
    for (items, message) in [
        (
            &["n2:9001"][..],
            "could not find the Supvisors in supvisors_list",
        ),
        (
            &["n1:9002"],
            "could not find the Supvisors in supvisors_list",
        ),
        (
            &["n1:9001", "nowhere:9001"],
            "could not define a Supvisors identification from \"nowhere:9001\": unknown address nowhere",
        ),
        (
            &["n1:9001", "10.77.0.1:9001"],
            "multiple candidates for the Supvisors identifiers=['n1:9001', '10.77.0.1:9001']",
        ),
    ] {
        assert_eq!(
            identified(items, "supervisor", true).err().as_deref(),
            Some(message)
        );
    }
}

#[test]
fn what_an_instance_says_of_itself() {
    let found = identified(&["<me>n1:9001", "n2:9001"], "mine", true).expect("an instance");
    let own = found.mapper.identity(found.mapper.local());
    assert_eq!(own.stereotypes, ["x".into()]);
    let network = own.network.as_ref().expect("a network");
    assert_eq!(&*network.machine_id, "02:00:00:00:ab:01");
    assert_eq!(network.fqdn, "n1.lan");
    let eth0 = &network.addresses[0];
    assert_eq!((&*eth0.nic_name, &*eth0.host_name), ("eth0", "n1"));
    assert_eq!(
        (&*eth0.ipv4_address, &*eth0.netmask),
        ("10.77.0.1", "255.255.255.0")
    );
    assert_eq!(eth0.aliases, ["node1", "n1.lan"]);
    assert_eq!(eth0.ipv4_addresses, ["10.77.0.1"]);
    let eth1 = &network.addresses[1];
    assert_eq!((&*eth1.host_name, eth1.ipv4_addresses.len()), ("", 0));
    let warned = |line: &LogLine| {
        line.text
            .starts_with("mismatch between Supervisor identifier")
    };
    assert!(found.remarks.iter().any(warned));
    assert_eq!(found.address, "10.77.0.1");
}
