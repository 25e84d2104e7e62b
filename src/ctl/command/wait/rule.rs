//! When a wait is over: pure, on times that are given.

use std::fmt;
use std::time::{Duration, Instant};

use visord_model::state::ProcessState;

use crate::ctl::exit_status::ExitStatus;
use crate::ctl::live::Seen;
use crate::ctl::process::ProcessInfo;
use crate::ctl::watcher::News;

/// Whoever is EXITED for that long is not restarted: daemons restart at once, the original's
/// with its next look around, every second.
const RESTART_TIME: Duration = Duration::from_secs(2);

/// The states that are waited for, at least one, in the order of their codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct States(Vec<ProcessState>);

impl Default for States {
    fn default() -> Self {
        Self(vec![ProcessState::Running])
    }
}

impl States {
    /// Read names of states, separated by commas, in any case. `DOWN` stands for those in
    /// which a process does not run and nothing more happens.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut wanted = Vec::new();
        for word in text.split(',') {
            let name = word.trim().to_uppercase();
            if name == "DOWN" {
                let down = [
                    ProcessState::Stopped,
                    ProcessState::Exited,
                    ProcessState::Fatal,
                ];
                wanted.extend(down);
                continue;
            }
            let state = state_of(&name).ok_or_else(|| format!("{word} is no state"))?;
            wanted.push(state);
        }
        let known = ProcessState::ALL.into_iter();
        Ok(Self(known.filter(|state| wanted.contains(state)).collect()))
    }

    fn contains(&self, state: ProcessState) -> bool {
        self.0.contains(&state)
    }
}

impl fmt::Display for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|state| state.name()).collect();
        f.write_str(&names.join(" or "))
    }
}

fn state_of(name: &str) -> Option<ProcessState> {
    let mut known = ProcessState::ALL.into_iter();
    known.find(|state| state.name() == name)
}

/// What is known of one process.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Known {
    /// Nothing yet.
    Nothing,
    /// Its state, since when, and the words beside it.
    In {
        state: ProcessState,
        since: Instant,
        words: String,
    },
    /// It was removed.
    Gone,
}

/// Processes that are waited for.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    wanted: States,
    /// In the order of the names, each once.
    processes: Vec<(String, Known)>,
}

/// Whether a wait is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All are in one of the states at the same time.
    Reached,
    /// One at least will not get there by itself.
    Hopeless,
    /// Neither, as far as is known; to be looked at again at that moment or at news.
    Wait(Option<Instant>),
}

impl Waiting {
    pub(super) fn new(processes: &[ProcessInfo], wanted: States) -> Self {
        let mut names: Vec<(String, Known)> = Vec::new();
        for name in processes.iter().map(ProcessInfo::namespec) {
            if !names.iter().any(|(known, _)| *known == name) {
                names.push((name, Known::Nothing));
            }
        }
        Self {
            wanted,
            processes: names,
        }
    }

    pub(super) fn wanted(&self) -> &States {
        &self.wanted
    }

    /// Another server may tell another story.
    pub(super) fn forget(&mut self) {
        for (_, known) in &mut self.processes {
            *known = Known::Nothing;
        }
    }

    /// Take news into account.
    pub(super) fn put(&mut self, news: News, now: Instant) {
        match news {
            News::State(seen) => self.put_state(seen, now),
            News::Gone(name) => {
                if let Some(known) = self.find(&name) {
                    *known = Known::Gone;
                }
            }
            News::Ready => {
                for (_, known) in &mut self.processes {
                    if *known == Known::Nothing {
                        *known = Known::Gone;
                    }
                }
            }
        }
    }

    fn put_state(&mut self, seen: Seen, now: Instant) {
        let Some(known) = self.find(&seen.namespec) else {
            return;
        };
        let state = state_of(&seen.state).unwrap_or(ProcessState::Unknown);
        let since = match known {
            Known::In {
                state: before,
                since,
                ..
            } if *before == state => *since,
            Known::In { .. } | Known::Nothing | Known::Gone => now,
        };
        let words = if seen.why.is_empty() {
            seen.description
        } else {
            seen.why
        };
        *known = Known::In {
            state,
            since,
            words,
        };
    }

    fn find(&mut self, name: &str) -> Option<&mut Known> {
        let mut processes = self.processes.iter_mut();
        processes
            .find(|(known, _)| known == name)
            .map(|(_, known)| known)
    }

    pub(super) fn verdict(&self, now: Instant) -> Verdict {
        let verdicts = self.processes.iter().map(|(_, known)| self.of(known, now));
        verdicts.fold(Verdict::Reached, Verdict::and)
    }

    /// The verdict on one process.
    fn of(&self, known: &Known, now: Instant) -> Verdict {
        let Known::In { state, since, .. } = known else {
            return match known {
                Known::Gone => Verdict::Hopeless,
                Known::Nothing | Known::In { .. } => Verdict::Wait(None),
            };
        };
        if self.wanted.contains(*state) {
            return Verdict::Reached;
        }
        match state {
            ProcessState::Fatal | ProcessState::Unknown => Verdict::Hopeless,
            ProcessState::Exited if now >= *since + RESTART_TIME => Verdict::Hopeless,
            ProcessState::Exited => Verdict::Wait(Some(*since + RESTART_TIME)),
            // Somebody may be about to start it, the daemon itself among them.
            ProcessState::Stopped
            | ProcessState::Starting
            | ProcessState::Running
            | ProcessState::Backoff
            | ProcessState::Stopping => Verdict::Wait(None),
        }
    }

    pub(super) fn outcomes(&self, now: Instant) -> impl Iterator<Item = Outcome> {
        self.processes.iter().map(move |(namespec, known)| {
            let (state, words) = match known {
                Known::In { state, words, .. } => (Some(state.name()), words.clone()),
                Known::Nothing | Known::Gone => (None, String::new()),
            };
            let verdict = self.of(known, now);
            Outcome {
                namespec: namespec.clone(),
                state: state.map(str::to_owned),
                reached: verdict == Verdict::Reached,
                hopeless: verdict == Verdict::Hopeless,
                words,
            }
        })
    }
}

impl Verdict {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Hopeless, _) | (_, Self::Hopeless) => Self::Hopeless,
            (Self::Wait(a), Self::Wait(b)) => Self::Wait([a, b].into_iter().flatten().min()),
            (Self::Wait(until), Self::Reached) | (Self::Reached, Self::Wait(until)) => {
                Self::Wait(until)
            }
            (Self::Reached, Self::Reached) => Self::Reached,
        }
    }
}

/// How it ended for one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) namespec: String,
    /// Nothing if there is no such process any more.
    pub(super) state: Option<String>,
    pub(super) reached: bool,
    hopeless: bool,
    words: String,
}

impl Outcome {
    /// What is wrong with it, if anything; `up` is the time that is up, if it is.
    pub(super) fn failure(
        &self,
        wanted: &States,
        up: Option<Duration>,
    ) -> Option<(ExitStatus, String)> {
        let Self { state, words, .. } = self;
        let Some(state) = state else {
            if self.hopeless {
                return Some((ExitStatus::Generic, "was removed".to_owned()));
            }
            let time = up?.as_secs_f64();
            let why = format!("nothing heard of it in {time} seconds");
            return Some((ExitStatus::TimedOut, why));
        };
        if self.reached {
            return None;
        }
        if self.hopeless {
            let colon = if words.is_empty() { "" } else { ": " };
            let why = format!("{state}, will not become {wanted} by itself{colon}{words}");
            return Some((ExitStatus::NotRunning, why));
        }
        let time = up?.as_secs_f64();
        let why = format!("{state}, not {wanted} after {time} seconds");
        Some((ExitStatus::TimedOut, why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(names: &[&str], wanted: &str) -> Waiting {
        let info = |name: &&str| ProcessInfo {
            name: (*name).to_owned(),
            group: (*name).to_owned(),
            state: 0,
            statename: String::new(),
            description: String::new(),
            pid: 0,
        };
        let processes: Vec<ProcessInfo> = names.iter().map(info).collect();
        Waiting::new(&processes, States::read(wanted).expect("states"))
    }

    fn is(name: &str, state: &str) -> News {
        News::State(Seen {
            namespec: name.to_owned(),
            state: state.to_owned(),
            description: "words".to_owned(),
            ..Seen::default()
        })
    }

    #[test]
    fn what_was_not_heard_of_is_not_gone() {
        let now = Instant::now();
        let mut waiting = waiting(&["a"], "RUNNING");
        let failure = |waiting: &Waiting| {
            let outcome = waiting.outcomes(now).next().expect("one");
            outcome.failure(waiting.wanted(), Some(Duration::from_millis(100)))
        };
        let silent = "nothing heard of it in 0.1 seconds".to_owned();
        assert_eq!(failure(&waiting), Some((ExitStatus::TimedOut, silent)));
        waiting.put(News::Gone("a".to_owned()), now);
        let removed = "was removed".to_owned();
        assert_eq!(failure(&waiting), Some((ExitStatus::Generic, removed)));
    }

    #[test]
    fn all_at_the_same_time() {
        let now = Instant::now();
        let mut two = waiting(&["a", "b", "a"], "RUNNING");
        assert_eq!(two.processes.len(), 2, "each once");
        assert_eq!(two.verdict(now), Verdict::Wait(None), "nothing known");
        for (news, verdict) in [
            (is("a", "RUNNING"), Verdict::Wait(None)),
            (is("b", "STOPPED"), Verdict::Wait(None)),
            (News::Ready, Verdict::Wait(None)),
            (is("a", "BACKOFF"), Verdict::Wait(None)),
            (is("b", "RUNNING"), Verdict::Wait(None)),
            (is("other", "FATAL"), Verdict::Wait(None)),
            (is("a", "RUNNING"), Verdict::Reached),
            (News::Gone("b".to_owned()), Verdict::Hopeless),
        ] {
            two.put(news.clone(), now);
            assert_eq!(two.verdict(now), verdict, "{news:?}");
        }
        two.forget();
        assert_eq!(two.verdict(now), Verdict::Wait(None));
        two.put(News::Ready, now);
        assert_eq!(two.verdict(now), Verdict::Hopeless, "there is none");
    }

    #[test]
    fn what_cannot_be_reached() {
        let now = Instant::now();
        let later = now + RESTART_TIME;
        let mut one = waiting(&["a"], "RUNNING");
        one.put(is("a", "EXITED"), now);
        assert_eq!(one.verdict(now), Verdict::Wait(Some(later)));
        one.put(is("a", "EXITED"), later);
        assert_eq!(one.verdict(later), Verdict::Hopeless, "not restarted");
        one.put(is("a", "STARTING"), later);
        assert_eq!(one.verdict(later), Verdict::Wait(None));
        one.put(is("a", "FATAL"), later);
        assert_eq!(one.verdict(later), Verdict::Hopeless);
        let outcome = one.outcomes(later).next().expect("an outcome");
        let why = "FATAL, will not become RUNNING by itself: words".to_owned();
        assert_eq!(
            outcome.failure(one.wanted(), None),
            Some((ExitStatus::NotRunning, why))
        );
        let mut down = waiting(&["a"], "down");
        down.put(is("a", "FATAL"), now);
        assert_eq!(down.verdict(now), Verdict::Reached);
    }

    #[test]
    fn time_is_up() {
        let now = Instant::now();
        let mut one = waiting(&["a"], "EXITED,stopped");
        one.put(is("a", "RUNNING"), now);
        let outcome = one.outcomes(now).next().expect("an outcome");
        let why = "RUNNING, not STOPPED or EXITED after 0.5 seconds".to_owned();
        assert_eq!(outcome.failure(one.wanted(), None), None, "not its fault");
        assert_eq!(
            outcome.failure(one.wanted(), Some(Duration::from_millis(500))),
            Some((ExitStatus::TimedOut, why))
        );
    }
}
