//! Every method there is, by namespace. No name but one of these ever runs anything.

use super::method::Method;
use super::supvisors::{command, local, status};
use super::{config, control, info, logs, system};
use crate::meters::Meters;

/// The methods of a namespace, as several lists of rows.
#[derive(Debug)]
pub struct Namespace {
    /// Its usual name.
    pub name: &'static str,
    lists: &'static [&'static [Method]],
}

/// What each `[rpcinterface:x]` section with the standard factory serves under its own name,
/// which is usually this one.
pub static SUPERVISOR: Namespace = Namespace {
    name: "supervisor",
    lists: &[
        info::METHODS,
        control::METHODS,
        logs::METHODS,
        config::METHODS,
    ],
};

/// What an instance of a cluster serves, too.
pub static SUPVISORS: Namespace = Namespace {
    name: "supvisors",
    lists: &[status::METHODS, command::METHODS, local::METHODS],
};

/// What is always there.
pub static SYSTEM: Namespace = Namespace {
    name: "system",
    lists: &[system::METHODS],
};

/// All namespaces, in the order of `docs/rpc.md`.
pub static NAMESPACES: [&Namespace; 3] = [&SUPERVISOR, &SUPVISORS, &SYSTEM];

impl Namespace {
    /// Its methods.
    pub fn methods(&self) -> impl Iterator<Item = &'static Method> + use<> {
        self.lists.iter().copied().flatten()
    }
}

/// Counters for calls of all methods.
pub fn meters() -> Meters {
    let named = |space: &'static Namespace| space.methods().map(|it| (space.name, it.name));
    Meters::new(NAMESPACES.into_iter().flat_map(named))
}

/// The method of this full name, and its namespace; `configured` are the names of SUPERVISOR, and
/// `clustered` says whether there is SUPVISORS. A name has exactly one dot.
pub fn find(
    name: &str,
    configured: &[String],
    clustered: bool,
) -> Option<(&'static Namespace, &'static Method)> {
    let (space, bare) = name.split_once('.')?;
    let is_configured = configured.iter().any(|known| known == space);
    let space = match space {
        name if name == SYSTEM.name => &SYSTEM,
        name if clustered && name == SUPVISORS.name => &SUPVISORS,
        _ if is_configured => &SUPERVISOR,
        _ => return None,
    };
    let method = space.methods().find(|method| method.name == bare)?;
    Some((space, method))
}

/// The full names of all listed methods, sorted; see [`find`].
pub fn listed(configured: &[String], clustered: bool) -> Vec<String> {
    let names = configured.iter().map(String::as_str);
    let names = names.filter(|name| *name != SYSTEM.name);
    let cluster = clustered.then_some((SUPVISORS.name, &SUPVISORS));
    let names = names.filter(|name| cluster.is_none_or(|(own, _)| *name != own));
    let spaces = names.map(|name| (name, &SUPERVISOR));
    let mut all: Vec<String> = spaces
        .chain([(SYSTEM.name, &SYSTEM)])
        .chain(cluster)
        .flat_map(|(name, space)| space.methods().map(move |method| (name, method)))
        .filter(|(_, method)| method.listed)
        .map(|(name, method)| format!("{name}.{}", method.name))
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::Right;
    use proptest::prelude::*;

    const ADMIN: &[&str] = &[
        "addProcessGroup",
        "change_log_level",
        "clearLog",
        "disable",
        "enable",
        "enable_host_statistics",
        "enable_process_statistics",
        "end_sync",
        "reloadConfig",
        "removeProcessGroup",
        "restart",
        "restart",
        "restart_sequence",
        "shutdown",
        "shutdown",
        "updateProcessGroup",
        "update_collecting_period",
        "update_numprocs",
    ];
    const OPERATE: &[&str] = &[
        "clearAllProcessLogs",
        "clearProcessLog",
        "clearProcessLogs",
        "conciliate",
        "getAllConfigInfo",
        "reopenProcessLogs",
        "restart_application",
        "restart_process",
        "rotateProcessLogs",
        "sendProcessStdin",
        "sendRemoteCommEvent",
        "signalAllProcesses",
        "signalProcess",
        "signalProcessGroup",
        "startAllProcesses",
        "startProcess",
        "startProcessGroup",
        "start_any_process",
        "start_application",
        "start_args",
        "start_process",
        "stopAllProcesses",
        "stopProcess",
        "stopProcessGroup",
        "stop_application",
        "stop_process",
    ];

    fn all() -> Vec<String> {
        let names = |space: &&Namespace| {
            let name = space.name;
            let methods = space.methods();
            methods.map(move |method| format!("{name}.{}", method.name))
        };
        NAMESPACES.iter().flat_map(names).collect()
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

    /// A new method is named here with the right it needs: nothing that changes anything is for
    /// viewers.
    #[test]
    fn every_method_asks_for_the_right_it_needs() {
        let needing = |right: Right| -> Vec<&str> {
            let all = NAMESPACES.iter().flat_map(|space| space.methods());
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
            let harmless = [
                "get",
                "read",
                "tail",
                "list",
                "method",
                "multicall",
                "test_",
            ];
            assert!(harmless.iter().any(|word| name.starts_with(word)), "{name}");
        }
        assert!(Right::View < Right::Operate && Right::Operate < Right::Admin);
    }

    proptest! {
        /// The class of CVE-2017-11610: a name is a table entry or nothing.
        #[test]
        fn only_what_stands_in_the_table_is_found(name in prop_oneof![near_names(), ".{0,40}"]) {
            let found = find(&name, &["supervisor".to_owned()], true);
            prop_assert_eq!(found.is_some(), all().contains(&name));
        }
    }

    #[test]
    fn every_name_is_there_once_and_leads_to_its_method() {
        let mut names = all();
        for name in &names {
            let (_, method) = find(name, &["supervisor".into()], true).unwrap();
            assert!(name.ends_with(&format!(".{}", method.name)));
        }
        names.sort();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
