//! What a form of our pages orders: a verb, and the processes it is for.
//!
//! | Field | Means |
//! | --- | --- |
//! | `start=N`, `stop=N`, `restart=N`, `signal=N`, `clearlog=N` | one process |
//! | `selected=VERB` with any number of `pick=N` or `pick=GROUP:*` | those |
//! | `group=VERB GROUP` | every process of a group |
//! | `all=VERB` | every process |
//! | `which=HUP` | the signal to send |
//! | `confirmed=yes` | asked back and answered |

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use visord_actors::board::Board;
use visord_actors::messages::supervisor::{ProcessName, Scope};
use visord_model::process::ProcessInfo;

use crate::query;
use crate::rpc::names::Target as Named;

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

impl Verb {
    /// In the order of the buttons.
    pub const ALL: [Self; 5] = [
        Self::Start,
        Self::Restart,
        Self::Stop,
        Self::Signal,
        Self::ClearLog,
    ];

    /// In forms.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Signal => "signal",
            Self::ClearLog => "clearlog",
        }
    }

    /// On buttons.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Start => "Start",
            Self::Stop => "Stop",
            Self::Restart => "Restart",
            Self::Signal => "Signal…",
            Self::ClearLog => "Clear Log",
        }
    }

    /// While it is done.
    #[must_use]
    pub const fn doing(self) -> &'static str {
        match self {
            Self::Start => "Starting",
            Self::Stop => "Stopping",
            Self::Restart => "Restarting",
            Self::Signal => "Signalling",
            Self::ClearLog => "Clearing logs",
        }
    }

    /// Whether it may destroy something that was meant to stay.
    #[must_use]
    pub const fn loses_work(self) -> bool {
        match self {
            Self::Start => false,
            Self::Stop | Self::Restart | Self::Signal | Self::ClearLog => true,
        }
    }

    fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.word() == word)
    }
}

/// Whom an order is for, in the words of the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// One process, by the button beside it.
    One(String),
    /// Those that were ticked.
    Selected(Vec<String>),
    /// A group.
    Group(String),
    /// Everything.
    All,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What to do.
    pub verb: Verb,
    /// With whom.
    pub target: Target,
    /// The signal, if one was chosen.
    pub signal: Option<String>,
    /// Whether it was asked back and answered.
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
    #[must_use]
    pub fn of(form: &str) -> Option<Self> {
        let mut order = None;
        let mut picks = Vec::new();
        let mut rest = BTreeMap::new();
        for (name, value) in query::pairs(form) {
            match name.as_str() {
                "pick" => picks.push(value),
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
                    } else {
                        rest.insert(name, value);
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
            signal: rest.remove("which"),
            confirmed: rest.get("confirmed").is_some_and(|word| word == "yes"),
        })
    }

    /// Whether somebody must be asked before it is carried out: which signal to send, or
    /// whether more than one process is meant to lose its work.
    #[must_use]
    pub fn is_to_be_asked_back(&self) -> bool {
        let many = !matches!(self.target, Target::One(_));
        let unclear = self.verb == Verb::Signal && self.signal.is_none();
        unclear || (many && self.verb.loses_work() && !self.confirmed)
    }

    /// The fields that say the same again, but for the signal and the confirmation.
    #[must_use]
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let word = self.verb.word();
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
    #[must_use]
    pub fn targets(&self, board: &Board) -> Targets {
        match &self.target {
            Target::All => Targets {
                scope: Scope::All,
                found: board.all(),
                unknown: Vec::new(),
            },
            Target::Group(group) => {
                let mut found = board.all();
                found.retain(|info| info.group == *group);
                let unknown = (!board.has_group(group)).then(|| group.clone());
                Targets {
                    scope: Scope::Group(group.clone()),
                    found,
                    unknown: unknown.into_iter().collect(),
                }
            }
            Target::One(name) => these(board, std::slice::from_ref(name)),
            Target::Selected(names) => these(board, names),
        }
    }
}

/// Processes and whole groups by their names.
fn these(board: &Board, given: &[String]) -> Targets {
    let mut chosen = BTreeSet::new();
    let mut unknown = Vec::new();
    for name in given {
        match Named::parse(name) {
            Named::Process(process) if board.process(&process).is_some() => {
                chosen.insert(process);
            }
            Named::Group(group) if board.has_group(&group) => {
                let members = board.all().into_iter().filter(|info| info.group == group);
                chosen.extend(members.map(|info| named(&info)));
            }
            Named::Process(_) | Named::Group(_) => unknown.push(name.clone()),
        }
    }
    let mut found = board.all();
    found.retain(|info| chosen.contains(&named(info)));
    Targets {
        scope: Scope::These(chosen),
        found,
        unknown,
    }
}

fn named(info: &ProcessInfo) -> ProcessName {
    ProcessName {
        group: info.group.clone(),
        process: info.name.clone(),
    }
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
    fn what_is_asked_back() {
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
            assert_eq!(order.is_to_be_asked_back(), asked, "{form}");
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
