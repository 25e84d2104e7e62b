//! What an instance says of itself and its machine: `get_network_info`.

use std::sync::Arc;

use visord_cluster::identity::{Address, Identity, Network};
use visord_xmlrpc::Value;

use super::texts;
use crate::cluster::wire::fields::{Fields, Read};

/// What a peer says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkInfo {
    /// Groups that it belongs to.
    pub stereotypes: Vec<Arc<str>>,
    /// `None` if it does not say.
    pub network: Option<Network>,
}

/// One item of `get_network_info`.
pub fn network(identity: &Identity) -> Value {
    let mut members = vec![
        ("identifier", Value::from(&*identity.identifier)),
        ("nick_identifier", (*identity.nick).into()),
        ("host_id", (*identity.host).into()),
        ("http_port", u32::from(identity.port).into()),
        ("stereotypes", texts(&identity.stereotypes)),
    ];
    if let Some(network) = &identity.network {
        let addresses = network.addresses.iter();
        let addresses = addresses.map(|it| (it.nic_name.as_str(), address(it)));
        let network = Value::structure([
            ("machine_id", Value::from(&*network.machine_id)),
            ("fqdn", (&network.fqdn).into()),
            ("addresses", Value::structure(addresses)),
        ]);
        members.push(("network", network));
    }
    Value::structure(members)
}

fn address(address: &Address) -> Value {
    // the original maps each key to an attribute: one more and it fails
    let nic = Value::structure([
        ("nic_name", &address.nic_name),
        ("ipv4_address", &address.ipv4_address),
        ("netmask", &address.netmask),
    ]);
    Value::structure([
        ("host_name", Value::from(&address.host_name)),
        ("aliases", address.aliases.iter().collect()),
        ("ipv4_addresses", address.ipv4_addresses.iter().collect()),
        ("nic_info", nic),
    ])
}

/// What [`network`] makes.
///
/// # Errors
/// See [`super::WireError`].
pub fn read_network(item: &Value) -> Read<NetworkInfo> {
    let fields = Fields::new(item, "network information")?;
    let stereotypes = fields.texts("stereotypes")?.map(Arc::from).collect();
    let network = match fields.find("network") {
        Some(network) => Some(read_machine(network)?),
        None => None,
    };
    Ok(NetworkInfo {
        stereotypes,
        network,
    })
}

fn read_machine(network: &Value) -> Read<Network> {
    let fields = Fields::new(network, "network")?;
    let addresses = fields.members("addresses")?.iter();
    Ok(Network {
        machine_id: fields.text("machine_id")?.into(),
        fqdn: fields.text_or_empty("fqdn")?.to_owned(),
        addresses: addresses
            .map(|(nic, address)| read_address(nic, address))
            .collect::<Read<_>>()?,
    })
}

fn read_address(nic: &str, address: &Value) -> Read<Address> {
    let fields = Fields::new(address, "address")?;
    let owned = |key| Ok(fields.texts(key)?.map(str::to_owned).collect());
    let info = Fields::new(fields.get("nic_info")?, "nic_info")?;
    Ok(Address {
        nic_name: nic.to_owned(),
        ipv4_address: info.text("ipv4_address")?.to_owned(),
        netmask: info.text_or_empty("netmask")?.to_owned(),
        host_name: fields.text_or_empty("host_name")?.to_owned(),
        aliases: owned("aliases")?,
        ipv4_addresses: owned("ipv4_addresses")?,
    })
}
