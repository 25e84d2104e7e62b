//! Every method there is. No name but one of these ever runs anything.

use super::method::Method;
use super::{config, control, details, info, logs, system};

/// The main methods, under each namespace that names them (usually just `supervisor`).
const MAIN: [&[Method]; 5] = [
    info::METHODS,
    details::METHODS,
    control::METHODS,
    logs::METHODS,
    config::METHODS,
];

/// The methods that `supervisor` has.
pub fn main_methods() -> impl Iterator<Item = &'static Method> {
    MAIN.into_iter().flatten()
}

/// The methods that `system` has.
pub fn system_methods() -> impl Iterator<Item = &'static Method> {
    system::METHODS.iter()
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

#[cfg(test)]
mod tests {
    use super::super::method::Right;
    use super::*;
    use proptest::prelude::*;

    const ADMIN: &[&str] = &[
        "addProcessGroup",
        "clearLog",
        "reloadConfig",
        "removeProcessGroup",
        "restart",
        "shutdown",
        "updateProcessGroup",
    ];
    const OPERATE: &[&str] = &[
        "clearAllProcessLogs",
        "clearProcessLog",
        "clearProcessLogs",
        "getAllConfigInfo",
        "reopenProcessLogs",
        "rotateProcessLogs",
        "sendProcessStdin",
        "sendRemoteCommEvent",
        "signalAllProcesses",
        "signalProcess",
        "signalProcessGroup",
        "startAllProcesses",
        "startProcess",
        "startProcessGroup",
        "stopAllProcesses",
        "stopProcess",
        "stopProcessGroup",
    ];

    fn all() -> Vec<String> {
        let main = main_methods().map(|method| format!("supervisor.{}", method.name));
        let system = system::METHODS
            .iter()
            .map(|method| format!("system.{}", method.name));
        main.chain(system).collect()
    }

    /// Names near real ones: cut, joined, doubled, with words of the original's inside.
    fn near_names() -> impl Strategy<Value = String> {
        let words = all()
            .into_iter()
            .flat_map(|name| name.split('.').map(str::to_owned).collect::<Vec<_>>())
            .chain(["options", "__class__", "_update", "", " "].map(str::to_owned));
        let word = prop::sample::select(words.collect::<Vec<String>>());
        let joint = prop::sample::select(vec![".", "..", "", " ", "/", ":"]);
        prop::collection::vec((word, joint), 1..4).prop_map(|parts| {
            let mut name: String = parts.iter().flat_map(|(w, j)| [w.as_str(), *j]).collect();
            name.truncate(name.trim_end_matches(['.', ' ']).len());
            name
        })
    }

    /// Whoever adds a method says here what it takes to call it: nothing that changes anything
    /// is for mere viewers.
    #[test]
    fn every_method_asks_for_the_right_it_needs() {
        let needing = |right: Right| -> Vec<&str> {
            let all = main_methods().chain(system_methods());
            let mut names: Vec<&str> = all
                .filter(|method| method.right == right)
                .map(|method| method.name)
                .collect();
            names.sort_unstable();
            names
        };
        assert_eq!(needing(Right::Admin), ADMIN);
        assert_eq!(needing(Right::Operate), OPERATE);
        for name in needing(Right::View) {
            let harmless = ["get", "read", "tail", "list", "method", "multicall"];
            assert!(harmless.iter().any(|word| name.starts_with(word)), "{name}");
        }
        assert!(Right::View < Right::Operate && Right::Operate < Right::Admin);
    }

    proptest! {
        /// The class of CVE-2017-11610: a name is a table entry or nothing.
        #[test]
        fn only_what_stands_in_the_table_is_found(name in prop_oneof![near_names(), ".{0,40}"]) {
            let found = find(&name, &["supervisor".to_owned()]);
            prop_assert_eq!(found.is_some(), all().contains(&name));
        }
    }

    #[test]
    fn every_name_is_there_once_and_leads_to_its_method() {
        let mut names = all();
        for name in &names {
            let method = find(name, &["supervisor".into()]).unwrap();
            assert!(name.ends_with(&format!(".{}", method.name)));
        }
        names.sort();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
