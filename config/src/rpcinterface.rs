//! `[rpcinterface:x]` (spec core 1.13).

use crate::context::{Context, Reader};
use crate::secret::Secret;
use crate::types::{HttpConfig, RpcInterfaceConfig};
use crate::value::parse_inet_address;

pub(crate) const PREFIX: &str = "rpcinterface:";
pub(crate) const FACTORY: &str = "supervisor.rpcinterface_factory";
/// Ours: the namespace is served by another program.
const URL: &str = "url";
/// The section that makes a supervisord an instance of a cluster.
pub(crate) const SUPVISORS: &str = "rpcinterface:supvisors";
/// The factory of the original for it.
pub(crate) const SUPVISORS_FACTORY: &str = "supvisors.plugin:make_supvisors_rpcinterface";
pub(crate) const MAIN: &str = "supervisor.rpcinterface:make_main_rpcinterface";

/// In file order.
pub(crate) fn read_all(context: &Context<'_>) -> Vec<RpcInterfaceConfig> {
    context
        .readers(PREFIX)
        .filter_map(|reader| read(&reader))
        .collect()
}

fn read(reader: &Reader<'_>) -> Option<RpcInterfaceConfig> {
    let section = &reader.section.name;
    if reader.raw(URL).is_some() && reader.raw(FACTORY).is_none() {
        return read_remote(reader);
    }
    if section == SUPVISORS && reader.raw(FACTORY) == Some(SUPVISORS_FACTORY) {
        return None;
    }
    if reader.raw(FACTORY).is_none() {
        reader.fail_section(&format!("section [{section}] does not specify a {FACTORY}"));
        return None;
    }
    let reader = &reader.bare();
    let factory = reader.value(FACTORY, |text| match text {
        MAIN => Ok(()),
        other => Err(format!("{other} cannot be resolved within [{section}]")),
    });
    for entry in reader.context.document.entries(reader.section) {
        reader.text(&entry.key);
    }
    factory.map(|()| RpcInterfaceConfig {
        name: section[PREFIX.len()..].to_owned(),
        url: None,
    })
}

/// A namespace with nothing but a `url`.
fn read_remote(reader: &Reader<'_>) -> Option<RpcInterfaceConfig> {
    let section = &reader.section.name;
    let name = &section[PREFIX.len()..];
    for entry in reader.context.document.entries(reader.section) {
        if entry.key != URL {
            let key = &entry.key;
            reader.fail(
                key,
                format!("Section [{section}] has a url, so {key} means nothing"),
            );
        }
    }
    if name.is_empty()
        || name.contains('.')
        || ["system", "supervisor", "supvisors"].contains(&name)
    {
        let message = format!("the namespace '{name}' cannot be forwarded to a url");
        reader.fail(URL, message);
        return None;
    }
    let url = reader.value(URL, remote_url)?;
    Some(RpcInterfaceConfig {
        name: name.to_owned(),
        url: Some(url),
    })
}

/// A place where an XML-RPC server may be.
fn remote_url(text: &str) -> Result<Secret, String> {
    let problem = || format!("url must be unix:///PATH or http://HOST:PORT, not '{text}'");
    if let Some(path) = text.strip_prefix("unix://") {
        return (path.starts_with('/') && path.len() > 1)
            .then(|| text.into())
            .ok_or_else(problem);
    }
    let rest = text.strip_prefix("http://").ok_or_else(problem)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let place = authority.rsplit('@').next().unwrap_or_default();
    let port_follows = place.rsplit(']').next().unwrap_or_default().contains(':');
    let bracketed = place.strip_prefix('[').map(|rest| rest.split_once(']'));
    let host = match bracketed {
        Some(Some((host, after))) if after.is_empty() || after.starts_with(':') => host,
        Some(_) => "",
        None => place.split(':').next().unwrap_or_default(),
    };
    if host.is_empty() {
        return Err(problem());
    }
    if port_follows {
        parse_inet_address(place).map_err(|_| problem())?;
    }
    Ok(text.into())
}

/// What `--check` adds to the refusal of a Python factory.
pub(crate) fn alternative(section: &str) -> String {
    format!(
        "{FACTORY} can only be {MAIN}: there is no Python here. Let a program of its own serve \
         the methods of this namespace and put its address into [{section}]: \
         url=unix:///PATH or url=http://HOST:PORT"
    )
}

/// The main interface takes no further options. The original finds out when it makes it
/// for its first HTTP server, that is, last of all and not without one.
pub(crate) fn check_extras(
    context: &Context<'_>,
    known: &[RpcInterfaceConfig],
    servers: &[HttpConfig],
) {
    if servers.is_empty() {
        return;
    }
    for reader in context.readers(PREFIX) {
        let name = &reader.section.name[PREFIX.len()..];
        let is_main = |it: &RpcInterfaceConfig| it.name == name && it.url.is_none();
        if !known.iter().any(is_main) {
            continue;
        }
        let mut entries = context.document.entries(reader.section);
        if let Some(extra) = entries.find(|entry| entry.key != FACTORY) {
            let message = format!("Could not make {name} rpc interface");
            reader.fail(&extra.key, message);
        }
    }
}
