//! What TAB offers (spec interfaces 4.9), in our own shell ([`candidates`]) and in those of the
//! system ([`outer`]). All of it is found in the table of commands.

pub mod outer;

use std::borrow::Cow;
use std::cell::LazyCell;

use visord_model::signal::Signal;

use super::command::{ALL, Command, Completes, Opt, find};
use super::manual::PAGES;
use super::process::ProcessInfo;
use crate::visible::visible;

/// Names that are asked for only when they are wanted, and once.
type Lazy<T> = LazyCell<Vec<T>, Box<dyn FnOnce() -> Vec<T>>>;

/// What can be named.
pub struct Names {
    plugins: Lazy<String>,
    processes: Lazy<ProcessInfo>,
}

impl Names {
    /// How to get the plug-ins and the processes that there are now.
    pub fn new(
        plugins: impl FnOnce() -> Vec<String> + 'static,
        processes: impl FnOnce() -> Vec<ProcessInfo> + 'static,
    ) -> Self {
        Self {
            plugins: LazyCell::new(Box::new(plugins)),
            processes: LazyCell::new(Box::new(processes)),
        }
    }
}

/// A word that can stand under the cursor, and what it means if that is worth telling.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// The whole word.
    pub word: String,
    /// One line, perhaps empty.
    pub text: Cow<'static, str>,
}

impl Candidate {
    /// A word and what it means.
    pub fn new(word: impl Into<String>, text: impl Into<Cow<'static, str>>) -> Self {
        let (word, text) = (word.into(), text.into());
        Self { word, text }
    }
}

/// What can stand where `before`, the line up to the cursor, ends: where its last word begins, in
/// bytes, and the candidates for it, sorted. In our own shell every candidate carries a trailing
/// blank, for it is a whole word.
pub fn candidates(before: &str, names: &Names) -> (usize, Vec<String>) {
    let start = before
        .char_indices()
        .rfind(|(_, c)| c.is_whitespace())
        .map_or(0, |(at, c)| at + c.len_utf8());
    let words: Vec<&str> = before[..start].split_whitespace().collect();
    let offered = offered(&words, &before[start..], names).into_iter();
    (
        start,
        offered.map(|candidate| candidate.word + " ").collect(),
    )
}

/// The candidates for `word` after these words of an action, sorted.
pub fn offered(words: &[&str], word: &str, names: &Names) -> Vec<Candidate> {
    let mut offered = match words.split_first() {
        None => commands(names),
        Some((command, arguments)) => match find(command) {
            Some(command) => after(command, arguments, word, names),
            None if names.plugins.iter().any(|plugin| plugin == command) => {
                kind(Completes::Processes, word, names)
            }
            None => Vec::new(),
        },
    };
    // what a terminal would obey cannot be typed either
    let is_harmless = |name: &str| !name.contains(char::is_control) && visible(name) == name;
    offered.retain(|Candidate { word: name, .. }| name.starts_with(word) && is_harmless(name));
    offered.sort_unstable();
    offered.dedup();
    offered
}

fn after(command: &Command, arguments: &[&str], word: &str, names: &Names) -> Vec<Candidate> {
    if word.starts_with('-') {
        let explained = |option: &Opt| Candidate::new(option.name, option.text);
        return command.options.iter().map(explained).collect();
    }
    let mut position = 0;
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let option = command.options.iter().find(|it| it.name == *argument);
        match option.and_then(|option| option.value) {
            Some((_, values)) => {
                if arguments.next().is_none() {
                    let kinds = values.iter();
                    return kinds.flat_map(|value| kind(*value, word, names)).collect();
                }
            }
            // also numbers, as of `tail -100`
            None if argument.starts_with('-') => {}
            None => position += 1,
        }
    }
    let wanted = command.completes.get(position).or(command.completes.last());
    wanted.map_or_else(Vec::new, |wanted| kind(*wanted, word, names))
}

fn kind(wanted: Completes, word: &str, names: &Names) -> Vec<Candidate> {
    let processes = || names.processes.iter();
    match wanted {
        Completes::Words(words) => plain(words.iter().map(|word| (*word).to_owned())),
        Completes::ProcessesThen(words) => {
            let mut offered = kind(Completes::Processes, word, names);
            offered.extend(kind(Completes::Words(words), word, names));
            offered
        }
        Completes::Signals => signals(word),
        Completes::Commands => commands(names),
        Completes::Pages => plain(PAGES.iter().map(|page| page.name.to_owned())),
        Completes::Groups => plain(processes().map(|info| info.group.clone())),
        Completes::Processes => {
            let with_group = word.contains(':');
            plain(processes().flat_map(|info| typed(info, with_group)))
        }
    }
}

/// `HUP`, and `SIGHUP` if it is begun so.
fn signals(word: &str) -> Vec<Candidate> {
    let names = (1..32).filter_map(Signal::from_number).map(Signal::name);
    plain(names.map(|name| match name.strip_prefix("SIG") {
        Some(bare) if !word.starts_with("SIG") => bare.to_owned(),
        Some(_) | None => name,
    }))
}

fn plain(words: impl Iterator<Item = String>) -> Vec<Candidate> {
    words.map(|word| Candidate::new(word, "")).collect()
}

fn commands(names: &Names) -> Vec<Candidate> {
    let known = ALL.iter().filter(|command| !command.help().is_empty());
    let own = known.map(|command| Candidate::new(command.name, command.summary()));
    own.chain(plain(names.plugins.iter().cloned())).collect()
}

/// How a process can be named: one that is its group goes by that one name, unless a colon
/// was typed.
fn typed(info: &ProcessInfo, with_group: bool) -> Vec<String> {
    let ProcessInfo { group, name, .. } = info;
    if with_group || group != name {
        vec![format!("{group}:{name}"), format!("{group}:*")]
    } else {
        vec![name.clone()]
    }
}

/// The longest text that all candidates begin with.
pub fn common_prefix(words: &[String]) -> &str {
    let Some((first, rest)) = words.split_first() else {
        return "";
    };
    let agrees = |end: &usize| rest.iter().all(|word| word.starts_with(&first[..*end]));
    let ends = first.char_indices().map(|(at, c)| at + c.len_utf8());
    &first[..ends.take_while(agrees).last().unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(before: &str) -> Vec<String> {
        let info = |group: &str, name: &str| ProcessInfo {
            name: name.to_owned(),
            group: group.to_owned(),
            ..ProcessInfo::default()
        };
        let processes = move || vec![info("cat", "cat"), info("grp", "p2"), info("grp", "p1")];
        let names = Names::new(|| vec!["hello".to_owned()], processes);
        let (start, words) = candidates(before, &names);
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
            ("tail cat s", &["stderr ", "stdout "]),
            ("tail -100 c", &["cat "]),
            ("tail -", &["-f ", "-n "]),
            ("tail cat c", &["cat "]),
            ("update --", &["--dry-run "]),
            ("update --dry-run g", &["grp "]),
            ("signal US", &["USR1 ", "USR2 "]),
            ("signal SIGU", &["SIGURG ", "SIGUSR1 ", "SIGUSR2 "]),
            ("signal HUP c", &["cat "]),
            ("logs r", &["reopen ", "rotate "]),
            ("logs rotate c", &["cat "]),
            ("he", &["hello ", "help "]),
            ("hello c", &["cat "]),
            ("nonsense ", &[]),
            ("nonsense", &[]),
        ] {
            assert_eq!(offered(before), expected, "{before:?}");
        }
        let commands = offered("");
        // All but EOF, and the plug-in.
        assert_eq!((commands.len(), commands[0].as_str()), (ALL.len(), "add "));
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
