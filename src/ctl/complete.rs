//! What TAB offers (spec interfaces 4.9). Every candidate carries a trailing blank, for it
//! is a whole word.

use super::command::{ALL, Completes, find};
use super::process::ProcessInfo;

/// The candidates for the word under the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidates {
    /// Where that word begins, in bytes.
    pub start: usize,
    /// Sorted.
    pub words: Vec<String>,
}

/// What can stand where `before`, the line up to the cursor, ends. `processes` is only
/// asked if names of processes or groups are wanted.
pub fn candidates(before: &str, processes: impl FnOnce() -> Vec<ProcessInfo>) -> Candidates {
    let start = before
        .char_indices()
        .rfind(|(_, c)| c.is_whitespace())
        .map_or(0, |(at, c)| at + c.len_utf8());
    let word = &before[start..];
    let mut words = match before[..start].split_whitespace().next() {
        None => commands(),
        Some(command) => match find(command).map(|command| command.completes) {
            Some(Completes::Commands) => commands(),
            Some(Completes::Groups) => groups(&processes()),
            Some(Completes::Processes) => names(&processes(), word.contains(':')),
            Some(Completes::Nothing) | None => Vec::new(),
        },
    };
    words.retain(|candidate| candidate.starts_with(word));
    words.sort_unstable();
    words.dedup();
    for candidate in &mut words {
        candidate.push(' ');
    }
    Candidates { start, words }
}

/// The longest text that all candidates begin with.
#[must_use]
pub fn common_prefix(words: &[String]) -> &str {
    let Some((first, rest)) = words.split_first() else {
        return "";
    };
    let agrees = |end: usize| rest.iter().all(|word| word.starts_with(&first[..end]));
    let end = first
        .char_indices()
        .map(|(at, c)| at + c.len_utf8())
        .take_while(|end| agrees(*end))
        .last();
    &first[..end.unwrap_or(0)]
}

fn commands() -> Vec<String> {
    let known = ALL.iter().filter(|command| !command.help.is_empty());
    known.map(|command| command.name.to_owned()).collect()
}

fn groups(processes: &[ProcessInfo]) -> Vec<String> {
    processes.iter().map(|info| info.group.clone()).collect()
}

/// A process that is its group goes by that one name, unless a colon was typed.
fn names(processes: &[ProcessInfo], with_group: bool) -> Vec<String> {
    let mut names = Vec::new();
    for info in processes {
        if with_group || info.group != info.name {
            names.push(format!("{}:{}", info.group, info.name));
            names.push(format!("{}:*", info.group));
        } else {
            names.push(info.name.clone());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(before: &str) -> Vec<String> {
        let info = |group: &str, name: &str| ProcessInfo {
            name: name.to_owned(),
            group: group.to_owned(),
            state: 20,
            statename: String::new(),
            description: String::new(),
            pid: 1,
        };
        let processes = || vec![info("cat", "cat"), info("grp", "p2"), info("grp", "p1")];
        let Candidates { start, words } = candidates(before, processes);
        assert!(words.iter().all(|word| word.starts_with(&before[start..])));
        words
    }

    #[test]
    fn what_is_offered() {
        for (before, expected) in [
            ("sta", &["start ", "status "][..]),
            ("help sta", &["start ", "status "]),
            ("start ", &["cat ", "grp:* ", "grp:p1 ", "grp:p2 "]),
            ("start grp:", &["grp:* ", "grp:p1 ", "grp:p2 "]),
            ("start cat:", &["cat:* ", "cat:cat "]),
            ("tail -f c", &["cat "]),
            ("update ", &["cat ", "grp "]),
            ("remove g", &["grp "]),
            ("version ", &[]),
            ("nonsense ", &[]),
            ("nonsense", &[]),
        ] {
            assert_eq!(offered(before), expected, "{before:?}");
        }
        let commands = offered("");
        assert_eq!((commands.len(), commands[0].as_str()), (24, "add "));
    }

    #[test]
    fn what_candidates_share() {
        let words = |words: &[&str]| {
            words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(common_prefix(&words(&["start ", "status "])), "sta");
        assert_eq!(common_prefix(&words(&["start "])), "start ");
        assert_eq!(common_prefix(&words(&["ä", "ö"])), "");
        assert_eq!(common_prefix(&[]), "");
    }
}
