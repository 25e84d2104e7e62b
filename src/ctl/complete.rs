//! What TAB offers (spec interfaces 4.9), in our own shell ([`candidates`]) and in those of the
//! system ([`outer`]). All of it is found in the table of commands.

pub mod outer;

use std::borrow::Cow;
use std::cell::LazyCell;
use std::sync::mpsc;
use std::time::Duration;

use visord_cluster::strategy::{ConciliationStrategy, StartingStrategy};
use visord_model::signal::Signal;

use super::command::cluster::{CLUSTER, names as cluster};
use super::command::{ALL, Command, Completes, Opt, find};
use super::failure::Result;
use super::manual::PAGES;
use super::plugin::Plugins;
use super::process::ProcessInfo;
use super::session::Server;
use crate::visible::visible;

/// Names that are asked for only when they are wanted, and once.
type Lazy<T> = LazyCell<Vec<T>, Box<dyn FnOnce() -> Vec<T>>>;

/// What can be named.
pub struct Names {
    /// The commands for Supvisors, too.
    has_cluster: bool,
    plugins: Lazy<String>,
    processes: Lazy<ProcessInfo>,
    applications: Lazy<String>,
    namespecs: Lazy<ProcessInfo>,
    programs: Lazy<String>,
    identifiers: Lazy<String>,
}

impl Names {
    /// Nothing can be named but commands.
    pub fn none() -> Self {
        Self {
            has_cluster: false,
            plugins: LazyCell::new(Box::new(Vec::new)),
            processes: LazyCell::new(Box::new(Vec::new)),
            applications: LazyCell::new(Box::new(Vec::new)),
            namespecs: LazyCell::new(Box::new(Vec::new)),
            programs: LazyCell::new(Box::new(Vec::new)),
            identifiers: LazyCell::new(Box::new(Vec::new)),
        }
    }

    /// What there is at this server now. One that does not answer, or not in time, has no names.
    pub fn of(
        server: &Server,
        plugins: Plugins,
        has_cluster: bool,
        patience: Option<Duration>,
    ) -> Self {
        Self {
            has_cluster,
            plugins: LazyCell::new(Box::new(move || plugins.names())),
            processes: asked(server, patience, ProcessInfo::of),
            applications: asked(server, patience, cluster::applications),
            namespecs: asked(server, patience, cluster::processes),
            programs: asked(server, patience, cluster::programs),
            identifiers: asked(server, patience, cluster::identifiers),
        }
    }
}

/// What a server says, once it is wanted.
fn asked<T: Send + 'static>(
    server: &Server,
    patience: Option<Duration>,
    ask: fn(&Server) -> Result<Vec<T>>,
) -> Lazy<T> {
    let server = server.clone();
    LazyCell::new(Box::new(move || match patience {
        Some(patience) => in_time(patience, move || ask(&server)),
        None => ask(&server).unwrap_or_default(),
    }))
}

/// What is found in this time, else nothing.
fn in_time<T: Send + 'static>(
    patience: Duration,
    ask: impl FnOnce() -> Result<Vec<T>> + Send + 'static,
) -> Vec<T> {
    let (sender, receiver) = mpsc::channel();
    let asking = std::thread::Builder::new().spawn(move || {
        // fails after that time
        let _ = sender.send(ask().unwrap_or_default());
    });
    match asking {
        Ok(_) => receiver.recv_timeout(patience).unwrap_or_default(),
        Err(_) => Vec::new(),
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
    let with_group = word.contains(':');
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
        Completes::Processes => plain(processes().flat_map(|info| typed(info, with_group))),
        Completes::StartingStrategies => {
            plain(StartingStrategy::ALL.iter().map(|it| it.name().to_owned()))
        }
        Completes::ConciliationStrategies => {
            let all = ConciliationStrategy::ALL.iter();
            plain(all.map(|it| it.name().to_owned()))
        }
        Completes::Applications => plain(names.applications.iter().cloned()),
        Completes::Namespecs => {
            let processes = names.namespecs.iter();
            plain(processes.flat_map(|info| typed(info, with_group)))
        }
        Completes::Programs => plain(names.programs.iter().cloned()),
        Completes::Identifiers => plain(names.identifiers.iter().cloned()),
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
    let cluster = if names.has_cluster { CLUSTER } else { &[] };
    let all = ALL.iter().chain(cluster);
    let known = all.filter(|command| !command.help().is_empty());
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

    fn known<T: 'static>(items: Vec<T>) -> Lazy<T> {
        LazyCell::new(Box::new(|| items))
    }

    fn offered(before: &str) -> Vec<String> {
        let info = |group: &str, name: &str| ProcessInfo {
            name: name.to_owned(),
            group: group.to_owned(),
            ..ProcessInfo::default()
        };
        let processes = vec![info("cat", "cat"), info("grp", "p2"), info("grp", "p1")];
        let words = |text: &str| text.split(' ').map(str::to_owned).collect();
        let names = Names {
            plugins: known(words("hello")),
            processes: known(processes),
            applications: known(words("app solo")),
            namespecs: known(vec![info("app", "db"), info("solo", "solo")]),
            programs: known(words("db solo")),
            identifiers: known(words("n1:9001 sv1")),
            ..Names::none()
        };
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
            (
                "start_application L",
                &["LESS_LOADED ", "LESS_LOADED_NODE ", "LOCAL "],
            ),
            ("start_application LOCAL s", &["solo "]),
            ("start_process CONFIG app:", &["app:* ", "app:db "]),
            ("start_any_process CONFIG ", &[]),
            ("conciliate S", &["SENICIDE ", "STOP "]),
            ("sstatus ", &["app:* ", "app:db ", "solo "]),
            ("local_status c", &["cat "]),
            ("update_numprocs d", &["db "]),
            ("update_numprocs db ", &[]),
            ("sstate ", &["n1:9001 ", "sv1 "]),
            ("loglevel i", &["info "]),
            ("master ", &[]),
            ("sst", &[]),
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
