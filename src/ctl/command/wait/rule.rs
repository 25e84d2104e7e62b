//! When a wait is over: pure, on times that are given.

use std::time::{Duration, Instant};

use visord_model::state::ProcessState;

use super::STATES;
use crate::ctl::failure::ExitStatus;
use crate::ctl::live::{LiveEvent, ProcessStatus};
use crate::ctl::process::{ProcessInfo, state_of};

/// A process that is EXITED for that long is not restarted: daemons restart at once, the
/// original's with its next look around, every second.
const RESTART_TIME: Duration = Duration::from_secs(2);

/// Read names of states, separated by commas, in any case; at least one, in the order of their
/// codes. `DOWN` stands for those in which a process does not run and nothing more happens.
pub(super) fn read_states(text: &str) -> Result<Vec<ProcessState>, String> {
    const DOWN: [ProcessState; 3] = [
        ProcessState::Stopped,
        ProcessState::Exited,
        ProcessState::Fatal,
    ];
    let mut wanted = Vec::new();
    for word in text.split(',') {
        let name = word.trim().to_uppercase();
        if name == "DOWN" {
            wanted.extend(DOWN);
        } else {
            let unknown = || format!("unknown state '{word}' (one of {})", STATES.join(", "));
            wanted.push(state_of(&name).ok_or_else(unknown)?);
        }
    }
    let known = ProcessState::ALL.into_iter();
    Ok(known.filter(|state| wanted.contains(state)).collect())
}

/// What is known of one process.
#[derive(Clone, Debug, PartialEq, Eq)]
enum KnownStatus {
    Nothing,
    /// Its status, and since when it has been in its state.
    Status(ProcessStatus, Instant),
    Removed,
}

#[derive(Clone, Debug)]
pub(super) struct WaitProgress {
    wanted: Vec<ProcessState>,
    /// In the order of the names, each once.
    processes: Vec<(String, KnownStatus)>,
}

/// Whether a wait is over: the worst counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum WaitVerdict {
    /// All are in one of the states at the same time.
    Reached,
    /// Not as far as is known; to be judged again at that moment or after an event.
    Wait(Option<Instant>),
    /// One at least will not get there by itself.
    Hopeless,
}

impl WaitProgress {
    pub(super) fn new(processes: &[ProcessInfo], wanted: Vec<ProcessState>) -> Self {
        let mut names: Vec<(String, KnownStatus)> = Vec::new();
        for name in processes.iter().map(ProcessInfo::namespec) {
            if !names.iter().any(|(known, _)| *known == name) {
                names.push((name, KnownStatus::Nothing));
            }
        }
        Self {
            wanted,
            processes: names,
        }
    }

    /// Another server may have other states.
    pub(super) fn forget(&mut self) {
        for (_, known) in &mut self.processes {
            *known = KnownStatus::Nothing;
        }
    }

    pub(super) fn put(&mut self, event: LiveEvent, now: Instant) {
        match event {
            LiveEvent::State(status) => {
                if let Some(known) = self.find(&status.namespec) {
                    let since = match known {
                        KnownStatus::Status(before, since) if before.state == status.state => {
                            *since
                        }
                        KnownStatus::Status(..) | KnownStatus::Nothing | KnownStatus::Removed => {
                            now
                        }
                    };
                    *known = KnownStatus::Status(status, since);
                }
            }
            LiveEvent::Removed(name) => {
                if let Some(known) = self.find(&name) {
                    *known = KnownStatus::Removed;
                }
            }
            LiveEvent::Ready => {
                for (_, known) in &mut self.processes {
                    if *known == KnownStatus::Nothing {
                        *known = KnownStatus::Removed;
                    }
                }
            }
            LiveEvent::Other => {}
        }
    }

    fn find(&mut self, name: &str) -> Option<&mut KnownStatus> {
        let mut processes = self.processes.iter_mut();
        let found = processes.find(|(known, _)| known == name);
        found.map(|(_, known)| known)
    }

    pub(super) fn verdict(&self, now: Instant) -> WaitVerdict {
        let verdicts = self.processes.iter().map(|(_, known)| self.of(known, now));
        verdicts.fold(WaitVerdict::Reached, WaitVerdict::and)
    }

    fn of(&self, known: &KnownStatus, now: Instant) -> WaitVerdict {
        let (state, since) = match known {
            KnownStatus::Nothing => return WaitVerdict::Wait(None),
            KnownStatus::Removed => return WaitVerdict::Hopeless,
            KnownStatus::Status(status, since) => (status.state, *since),
        };
        if self.wanted.contains(&state) {
            return WaitVerdict::Reached;
        }
        match state {
            ProcessState::Fatal | ProcessState::Unknown => WaitVerdict::Hopeless,
            ProcessState::Exited if now >= since + RESTART_TIME => WaitVerdict::Hopeless,
            ProcessState::Exited => WaitVerdict::Wait(Some(since + RESTART_TIME)),
            // It may be about to be started, by the daemon itself for example.
            ProcessState::Stopped
            | ProcessState::Starting
            | ProcessState::Running
            | ProcessState::Backoff
            | ProcessState::Stopping => WaitVerdict::Wait(None),
        }
    }

    /// How it ended, process by process; `up` is the time that is up, if it is.
    pub(super) fn outcomes(
        &self,
        now: Instant,
        up: Option<Duration>,
    ) -> impl Iterator<Item = WaitOutcome<'_>> {
        self.processes.iter().map(move |(namespec, known)| {
            let verdict = self.of(known, now);
            WaitOutcome {
                namespec,
                state: match known {
                    KnownStatus::Status(status, _) => Some(status.state.name()),
                    KnownStatus::Nothing | KnownStatus::Removed => None,
                },
                reached: verdict == WaitVerdict::Reached,
                failure: self.failure(known, verdict, up),
            }
        })
    }

    fn failure(
        &self,
        known: &KnownStatus,
        verdict: WaitVerdict,
        up: Option<Duration>,
    ) -> Option<(ExitStatus, String)> {
        let names: Vec<&str> = self.wanted.iter().map(|state| state.name()).collect();
        let wanted = names.join(" or ");
        let time = up.unwrap_or_default().as_secs_f64();
        match (verdict, known) {
            (WaitVerdict::Reached, _) => None,
            (WaitVerdict::Hopeless, KnownStatus::Status(status, _)) => {
                let (state, reason) = (status.state, status.reason());
                let colon = if reason.is_empty() { "" } else { ": " };
                let why = format!("{state}, will not become {wanted} by itself{colon}{reason}");
                Some((ExitStatus::NOT_RUNNING, why))
            }
            (WaitVerdict::Hopeless, KnownStatus::Nothing | KnownStatus::Removed) => {
                Some((ExitStatus::GENERIC, "was removed".to_owned()))
            }
            (WaitVerdict::Wait(_), _) if up.is_none() => None,
            (WaitVerdict::Wait(_), KnownStatus::Status(status, _)) => {
                let why = format!("{}, not {wanted} after {time} seconds", status.state);
                Some((ExitStatus::TIMED_OUT, why))
            }
            (WaitVerdict::Wait(_), KnownStatus::Nothing | KnownStatus::Removed) => {
                let why = format!("nothing heard of it in {time} seconds");
                Some((ExitStatus::TIMED_OUT, why))
            }
        }
    }
}

impl WaitVerdict {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Wait(a), Self::Wait(b)) => Self::Wait([a, b].into_iter().flatten().min()),
            (one, other) => one.max(other),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WaitOutcome<'a> {
    pub(super) namespec: &'a str,
    /// Nothing if the process was removed or not heard of.
    pub(super) state: Option<&'static str>,
    pub(super) reached: bool,
    /// What is wrong with it, if anything.
    pub(super) failure: Option<(ExitStatus, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(names: &[&str], wanted: &str) -> WaitProgress {
        let info = |name: &&str| ProcessInfo {
            name: (*name).to_owned(),
            group: (*name).to_owned(),
            ..ProcessInfo::default()
        };
        let processes: Vec<ProcessInfo> = names.iter().map(info).collect();
        WaitProgress::new(&processes, read_states(wanted).expect("states"))
    }

    fn is(name: &str, state: &str) -> LiveEvent {
        LiveEvent::State(ProcessStatus {
            namespec: name.to_owned(),
            state: state_of(state).expect("a state"),
            description: "words".to_owned(),
            why: String::new(),
            pid: 0,
        })
    }

    #[test]
    fn what_is_not_known_is_not_removed() {
        let now = Instant::now();
        let mut waiting = waiting(&["a"], "RUNNING");
        let failure = |waiting: &WaitProgress| {
            let up = Some(Duration::from_millis(100));
            waiting.outcomes(now, up).next().expect("one").failure
        };
        let silent = "nothing heard of it in 0.1 seconds".to_owned();
        assert_eq!(failure(&waiting), Some((ExitStatus::TIMED_OUT, silent)));
        waiting.put(LiveEvent::Removed("a".to_owned()), now);
        let removed = "was removed".to_owned();
        assert_eq!(failure(&waiting), Some((ExitStatus::GENERIC, removed)));
    }

    #[test]
    fn all_at_the_same_time() {
        let now = Instant::now();
        let mut two = waiting(&["a", "b", "a"], "RUNNING");
        assert_eq!(two.processes.len(), 2, "each once");
        assert_eq!(two.verdict(now), WaitVerdict::Wait(None), "nothing known");
        for (event, verdict) in [
            (is("a", "RUNNING"), WaitVerdict::Wait(None)),
            (is("b", "STOPPED"), WaitVerdict::Wait(None)),
            (LiveEvent::Ready, WaitVerdict::Wait(None)),
            (is("a", "BACKOFF"), WaitVerdict::Wait(None)),
            (is("b", "RUNNING"), WaitVerdict::Wait(None)),
            (is("other", "FATAL"), WaitVerdict::Wait(None)),
            (is("a", "RUNNING"), WaitVerdict::Reached),
            (LiveEvent::Removed("b".to_owned()), WaitVerdict::Hopeless),
        ] {
            two.put(event.clone(), now);
            assert_eq!(two.verdict(now), verdict, "{event:?}");
        }
        two.forget();
        assert_eq!(two.verdict(now), WaitVerdict::Wait(None));
        two.put(LiveEvent::Ready, now);
        assert_eq!(two.verdict(now), WaitVerdict::Hopeless, "there is none");
    }

    #[test]
    fn what_cannot_be_reached() {
        let now = Instant::now();
        let later = now + RESTART_TIME;
        let mut one = waiting(&["a"], "RUNNING");
        one.put(is("a", "EXITED"), now);
        assert_eq!(one.verdict(now), WaitVerdict::Wait(Some(later)));
        one.put(is("a", "EXITED"), later);
        assert_eq!(one.verdict(later), WaitVerdict::Hopeless, "not restarted");
        one.put(is("a", "STARTING"), later);
        assert_eq!(one.verdict(later), WaitVerdict::Wait(None));
        one.put(is("a", "FATAL"), later);
        assert_eq!(one.verdict(later), WaitVerdict::Hopeless);
        let outcome = one.outcomes(later, None).next().expect("an outcome");
        let why = "FATAL, will not become RUNNING by itself: words".to_owned();
        assert_eq!(outcome.failure, Some((ExitStatus::NOT_RUNNING, why)));
        let mut down = waiting(&["a"], "down");
        down.put(is("a", "FATAL"), now);
        assert_eq!(down.verdict(now), WaitVerdict::Reached);
    }

    #[test]
    fn time_is_up() {
        let now = Instant::now();
        let mut one = waiting(&["a"], "EXITED,stopped");
        one.put(is("a", "RUNNING"), now);
        let failure = |up| one.outcomes(now, up).next().expect("an outcome").failure;
        let why = "RUNNING, not STOPPED or EXITED after 0.5 seconds".to_owned();
        assert_eq!(failure(None), None, "not its fault");
        assert_eq!(
            failure(Some(Duration::from_millis(500))),
            Some((ExitStatus::TIMED_OUT, why))
        );
    }
}
