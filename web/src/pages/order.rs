//! What a form of our pages orders: a verb, and the processes it is for.
//!
//! | Field | Means |
//! | --- | --- |
//! | `start=N`, `stop=N`, `restart=N`, `signal=N`, `clearlog=N` | one process |
//! | `selected=VERB` with any number of `pick=N` or `pick=GROUP:*` | those |
//! | `group=VERB GROUP` | every process of a group |
//! | `all=VERB` | every process |
//! | `which=HUP` | the signal to send |
//! | `confirmed=yes` | the question about it was answered |

use std::collections::BTreeSet;
use std::sync::Arc;

use visord_actors::board::Board;
use visord_actors::messages::supervisor::Scope;
use visord_model::name::Namespec;
use visord_model::process::ProcessInfo;

use crate::query;

/// What can be done with processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Start what does not run.
    Start,
    /// Stop what runs.
    Stop,
    /// Stop what runs, then start everything.
    Restart,
    /// Send a signal.
    Signal,
    /// Empty the logs.
    ClearLog,
}

/// The texts about a verb.
#[derive(Clone, Copy, Debug)]
pub struct Texts {
    /// In forms.
    pub word: &'static str,
    /// On buttons.
    pub label: &'static str,
    /// On the button that confirms.
    pub confirm: &'static str,
    /// Before what it is for, in a question; in lower case in a failure.
    pub question: &'static str,
    /// While it is done.
    pub doing: &'static str,
    /// Before the names of those it was done with; empty where that names the signal.
    pub done: &'static str,
    /// Before the names of those it was not needed for.
    pub idle: &'static str,
}

impl Verb {
    /// In the order of the buttons.
    pub const ALL: [Self; 5] = [
        Self::Start,
        Self::Restart,
        Self::Stop,
        Self::Signal,
        Self::ClearLog,
    ];

    /// What pages say about it.
    pub const fn texts(self) -> Texts {
        let (cleared, left) = ("Cleared the logs of", "Left alone");
        let (word, label, doing, done, idle) = match self {
            Self::Start => ("start", "Start", "Starting", "Started", "Already running"),
            Self::Stop => ("stop", "Stop", "Stopping", "Stopped", "Not running"),
            Self::Restart => ("restart", "Restart", "Restarting", "Restarted", left),
            Self::Signal => ("signal", "Signal…", "Signalling", "", "Not running"),
            Self::ClearLog => ("clearlog", "Clear Log", "Clearing logs", cleared, left),
        };
        let (confirm, question) = match self {
            Self::Start | Self::Stop | Self::Restart => (label, label),
            Self::Signal => ("Send the signal", "Send a signal to"),
            Self::ClearLog => ("Clear logs", "Clear the logs of"),
        };
        Texts {
            word,
            label,
            confirm,
            question,
            doing,
            done,
            idle,
        }
    }

    fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.texts().word == word)
    }
}

/// Which processes an order is for, as the form names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// One process, by its own button.
    One(String),
    /// Those that were ticked.
    Selected(Vec<String>),
    /// A group.
    Group(String),
    /// Everything.
    All,
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What to do.
    pub verb: Verb,
    /// With which processes.
    pub target: Target,
    /// The signal, if one was chosen.
    pub signal: Option<String>,
    /// Whether the question about it was answered.
    pub confirmed: bool,
}

/// The processes an order comes down to.
#[derive(Clone, Debug)]
pub struct Targets {
    /// For the Supervisor.
    pub scope: Scope,
    /// Which ones that is now, by name.
    pub found: Vec<Arc<ProcessInfo>>,
    /// Names that mean nothing (any more).
    pub unknown: Vec<String>,
}

impl Order {
    /// The order in the body of a form; `None` if there is none in it.
    pub fn of(form: &str) -> Option<Self> {
        let (mut order, mut picks) = (None, Vec::new());
        let (mut signal, mut confirmed) = (None, false);
        for (name, value) in query::pairs(form) {
            match name.as_str() {
                "pick" => picks.push(value),
                "which" => signal = Some(value),
                "confirmed" => confirmed = value == "yes",
                "all" => order = Verb::of(&value).map(|verb| (verb, Target::All)),
                "selected" => {
                    order = Verb::of(&value).map(|verb| (verb, Target::Selected(Vec::new())));
                }
                "group" => {
                    order = value.split_once(' ').and_then(|(verb, group)| {
                        Some((Verb::of(verb)?, Target::Group(group.to_owned())))
                    });
                }
                word => {
                    if let Some(verb) = Verb::of(word) {
                        order = Some((verb, Target::One(value)));
                    }
                }
            }
        }
        let (verb, mut target) = order?;
        if let Target::Selected(names) = &mut target {
            *names = picks;
        }
        Some(Self {
            verb,
            target,
            signal,
            confirmed,
        })
    }

    /// Whether a page must ask before it is carried out: which signal to send, or whether more
    /// than one process is meant to lose its work.
    pub fn needs_confirmation(&self) -> bool {
        let many = !matches!(self.target, Target::One(_));
        let unclear = self.verb == Verb::Signal && self.signal.is_none();
        unclear || (many && self.verb != Verb::Start && !self.confirmed)
    }

    /// The fields that say the same again, but for the signal and the confirmation.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let word = self.verb.texts().word;
        match &self.target {
            Target::One(name) => vec![(word, name.clone())],
            Target::Group(group) => vec![("group", format!("{word} {group}"))],
            Target::All => vec![("all", word.to_owned())],
            Target::Selected(names) => {
                let picks = names.iter().map(|name| ("pick", name.clone()));
                picks.chain([("selected", word.to_owned())]).collect()
            }
        }
    }

    /// The processes it is for.
    pub fn targets(&self, board: &Board) -> Targets {
        let (scope, unknown) = match &self.target {
            Target::All => (Scope::All, Vec::new()),
            Target::Group(group) => {
                let unknown = (!board.has_group(group)).then(|| group.clone());
                (Scope::Group(group.clone()), unknown.into_iter().collect())
            }
            Target::One(name) => these(board, std::slice::from_ref(name)),
            Target::Selected(names) => these(board, names),
        };
        let mut found = board.all();
        found.retain(|info| match &scope {
            Scope::All => true,
            Scope::Group(group) => *info.group == **group,
            Scope::These(chosen) => chosen.contains(&info.full_name()),
        });
        Targets {
            scope,
            found,
            unknown,
        }
    }
}

/// Processes and whole groups by their names, and the names that mean nothing.
fn these(board: &Board, given: &[String]) -> (Scope, Vec<String>) {
    let mut chosen = BTreeSet::new();
    let mut unknown = Vec::new();
    for name in given {
        match Namespec::parse(name) {
            Namespec::Process(process) if board.process(&process).is_some() => {
                chosen.insert(process);
            }
            Namespec::Group(group) if board.has_group(&group) => {
                let members = board.all().into_iter().filter(|info| info.group == group);
                chosen.extend(members.map(|info| info.full_name()));
            }
            Namespec::Process(_) | Namespec::Group(_) => unknown.push(name.clone()),
        }
    }
    (Scope::These(chosen), unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::fake::board;
    use visord_model::name::namespec;

    fn order(form: &str) -> Option<(Verb, Target)> {
        Order::of(form).map(|order| (order.verb, order.target))
    }

    #[test]
    fn forms() {
        let one = |name: &str| Target::One(name.into());
        for (form, expected) in [
            ("start=y", Some((Verb::Start, one("y")))),
            ("token=t&clearlog=g%3Aa", Some((Verb::ClearLog, one("g:a")))),
            ("pick=x&start=y", Some((Verb::Start, one("y")))),
            ("all=stop&pick=x", Some((Verb::Stop, Target::All))),
            (
                "group=restart+a+b",
                Some((Verb::Restart, Target::Group("a b".into()))),
            ),
            (
                "pick=x&selected=signal&pick=g%3A*",
                Some((
                    Verb::Signal,
                    Target::Selected(vec!["x".into(), "g:*".into()]),
                )),
            ),
            (
                "selected=stop",
                Some((Verb::Stop, Target::Selected(vec![]))),
            ),
            ("selected=bogus&pick=x", None),
            ("all=", None),
            ("group=stop", None),
            ("start=", None),
            ("", None),
        ] {
            assert_eq!(order(form), expected, "{form}");
        }
    }

    #[test]
    fn what_needs_confirmation() {
        for (form, asked) in [
            ("stop=x", false),
            ("all=start", false),
            ("all=stop", true),
            ("all=stop&confirmed=no", true),
            ("all=stop&confirmed=yes", false),
            ("group=clearlog+g", true),
            ("selected=restart&pick=x", true),
            ("signal=x", true),
            ("signal=x&which=HUP", false),
            ("all=signal&which=HUP", true),
            ("all=signal&confirmed=yes", true),
            ("all=signal&which=HUP&confirmed=yes", false),
        ] {
            let order = Order::of(form).unwrap();
            assert_eq!(order.needs_confirmation(), asked, "{form}");
            let again: Vec<String> = order
                .fields()
                .iter()
                .map(|(n, v)| format!("{n}={v}"))
                .collect();
            let again = Order::of(&again.join("&").replace(' ', "+")).unwrap();
            assert_eq!((again.verb, again.target), (order.verb, order.target));
        }
    }

    #[test]
    fn who_is_meant() {
        let board = board();
        for (form, found, unknown) in [
            ("all=stop", "g:a g:b x y", ""),
            ("group=stop+g", "g:a g:b", ""),
            ("group=stop+h", "", "h"),
            ("stop=y", "y", ""),
            ("stop=x:x", "x", ""),
            (
                "selected=stop&pick=x&pick=g:*&pick=g:a&pick=z&pick=h:*",
                "g:a g:b x",
                "z h:*",
            ),
            ("selected=stop", "", ""),
        ] {
            let targets = Order::of(form).unwrap().targets(&board);
            let names = targets
                .found
                .iter()
                .map(|info| namespec(&info.group, &info.name));
            assert_eq!(names.collect::<Vec<_>>().join(" "), found, "{form}");
            assert_eq!(targets.unknown.join(" "), unknown, "{form}");
        }
    }
}
