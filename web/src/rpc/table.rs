//! Every method there is. No name but one of these ever runs anything.

use super::method::Method;
use super::{config, control, info, logs, system};

/// The main methods, under each namespace that names them (usually just `supervisor`).
const MAIN: [&[Method]; 4] = [
    info::METHODS,
    control::METHODS,
    logs::METHODS,
    config::METHODS,
];

fn main_methods() -> impl Iterator<Item = &'static Method> {
    MAIN.into_iter().flatten()
}

/// The method of this full name. A name has exactly one dot, and `system` is always ours.
#[must_use]
pub fn find(name: &str, namespaces: &[String]) -> Option<&'static Method> {
    let (namespace, bare) = name.split_once('.')?;
    let is_it = |method: &&Method| method.name == bare;
    if namespace == "system" {
        system::METHODS.iter().find(is_it)
    } else if namespaces.iter().any(|known| known == namespace) {
        main_methods().find(is_it)
    } else {
        None
    }
}

/// The full names of all listed methods, sorted.
#[must_use]
pub fn listed(namespaces: &[String]) -> Vec<String> {
    let system = system::METHODS.iter().map(|method| ("system", method));
    let main = namespaces
        .iter()
        .filter(|namespace| *namespace != "system")
        .flat_map(|namespace| main_methods().map(move |method| (namespace.as_str(), method)));
    let mut names: Vec<String> = system
        .chain(main)
        .filter(|(_, method)| method.listed)
        .map(|(namespace, method)| format!("{namespace}.{}", method.name))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
