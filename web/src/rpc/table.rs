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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
