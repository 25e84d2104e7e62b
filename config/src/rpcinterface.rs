//! `[rpcinterface:x]` (spec core 1.13).

use crate::context::{Context, Reader};
use crate::types::{RpcInterfaceConfig, RpcInterfaceKind};

const PREFIX: &str = "rpcinterface:";
const FACTORY: &str = "supervisor.rpcinterface_factory";
const MAIN: &str = "supervisor.rpcinterface:make_main_rpcinterface";

/// In file order.
pub(crate) fn read_all(context: &Context<'_>) -> Vec<RpcInterfaceConfig> {
    context
        .sections_with(PREFIX)
        .filter_map(|section| read(&context.reader(section)))
        .collect()
}

fn read(reader: &Reader<'_>) -> Option<RpcInterfaceConfig> {
    let section = &reader.section.name;
    if reader.raw(FACTORY).is_none() {
        reader.fail_section(&format!("section [{section}] does not specify a {FACTORY}"));
        return None;
    }
    let scope = reader.context.bare_scope();
    let kind = reader.value(&scope, FACTORY, |text| match text {
        MAIN => Ok(RpcInterfaceKind::Main),
        other => Err(format!("{other} cannot be resolved within [{section}]")),
    });
    for entry in reader.context.document.entries(reader.section) {
        reader.text(&scope, &entry.key);
    }
    Some(RpcInterfaceConfig {
        name: section[PREFIX.len()..].to_owned(),
        kind: kind?,
    })
}

/// The main interface takes no further options. The original finds out when it makes it
/// for its first HTTP server, that is, last of all and not without one.
pub(crate) fn check_extras(context: &Context<'_>, known: &[RpcInterfaceConfig]) {
    for section in context.sections_with(PREFIX) {
        let name = &section.name[PREFIX.len()..];
        if !known.iter().any(|interface| interface.name == name) {
            continue;
        }
        let extra = context
            .document
            .entries(section)
            .find(|entry| entry.key != FACTORY);
        if let Some(extra) = extra {
            let message = format!("Could not make {name} rpc interface");
            context.reader(section).fail(&extra.key, message);
        }
    }
}
