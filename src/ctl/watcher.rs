//! Events of processes from any daemon: ours sends them ([`super::live`]), any other is polled
//! and its answers are compared.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use visord_xmlrpc::Client;

use super::failure::Failure;
use super::follow::left_until;
use super::interrupt::Taken;
use super::live::{LiveEvent, LiveStream, ProcessStatus};
use super::process::ProcessInfo;
use super::session::Server;

/// What ended a wait.
#[derive(Debug)]
pub struct Woken {
    /// Which of the other descriptors are ready.
    pub ready: Vec<bool>,
    /// What happened to processes.
    pub events: Vec<LiveEvent>,
    /// The server is no longer there.
    pub is_closed: bool,
}

/// Reports what happens to the processes of a server.
#[derive(Debug)]
pub enum Watcher {
    /// The server sends events.
    Live(LiveStream),
    /// The server is asked.
    Polling(Polling),
}

impl Watcher {
    /// Begin to watch a server. One that sends no events is asked that often.
    pub fn open(server: &Server, every: Duration) -> Result<Self, Failure> {
        Ok(match LiveStream::open(server, "state")? {
            Some(live) => Self::Live(live),
            None => Self::Polling(Polling {
                client: server.client()?,
                every,
                next: Instant::now(),
                last: None,
            }),
        })
    }

    /// Wait for events, one of the other descriptors or that moment, whichever comes first.
    /// Fails after Ctrl-C, or if the server refused for another reason than that it exits.
    pub fn wait(
        &mut self,
        interrupted: &Taken,
        others: &[BorrowedFd<'_>],
        until: Option<Instant>,
    ) -> Result<Woken, Failure> {
        let mut woken = Woken {
            ready: vec![false; others.len()],
            events: Vec::new(),
            is_closed: false,
        };
        match self {
            Self::Live(live) => {
                if !live.has_news() {
                    let descriptors = [others, &[live.as_fd()]].concat();
                    woken.ready = interrupted.wait_for(&descriptors, until.map(left_until))?;
                    if woken.ready.pop() == Some(true) {
                        live.read();
                    }
                }
                woken.events = live.take();
                woken.is_closed = live.is_closed();
            }
            Self::Polling(polling) => {
                let until = until.map_or(polling.next, |until| until.min(polling.next));
                woken.ready = interrupted.wait_for(others, Some(left_until(until)))?;
                match polling.ask_if_due() {
                    Ok(events) => woken.events = events,
                    Err(failure) if failure.is_absence() => woken.is_closed = true,
                    Err(failure) => return Err(failure),
                }
            }
        }
        Ok(woken)
    }
}

/// Asks and compares.
#[derive(Debug)]
pub struct Polling {
    client: Client,
    every: Duration,
    next: Instant,
    /// The last answer, by name; nothing before the first.
    last: Option<BTreeMap<String, ProcessStatus>>,
}

impl Polling {
    fn ask_if_due(&mut self) -> Result<Vec<LiveEvent>, Failure> {
        if Instant::now() < self.next {
            return Ok(Vec::new());
        }
        self.next = Instant::now() + self.every;
        let all = ProcessInfo::all(&mut self.client)?;
        Ok(self.compare(all.into_iter().map(ProcessStatus::from)))
    }

    fn compare(&mut self, all: impl Iterator<Item = ProcessStatus>) -> Vec<LiveEvent> {
        let now: BTreeMap<_, _> = all.map(|one| (one.namespec.clone(), one)).collect();
        let is_first = self.last.is_none();
        let before = self.last.take().unwrap_or_default();
        let is_new = |one: &&ProcessStatus| {
            let old = before.get(&one.namespec);
            !old.is_some_and(|old| old.state == one.state && old.pid == one.pid)
        };
        let changed = now.values().filter(is_new).cloned().map(LiveEvent::State);
        let removed = before.keys().filter(|name| !now.contains_key(*name));
        let removed = removed.cloned().map(LiveEvent::Removed);
        let ready = is_first.then_some(LiveEvent::Ready);
        let events = changed.chain(removed).chain(ready).collect();
        self.last = Some(now);
        events
    }
}

#[cfg(test)]
mod tests {
    use visord_model::state::ProcessState;

    use super::*;

    fn status(name: &str, state: ProcessState, pid: i64) -> ProcessStatus {
        ProcessStatus {
            namespec: name.to_owned(),
            state,
            description: String::new(),
            why: String::new(),
            pid,
        }
    }

    #[test]
    fn answers_are_compared() {
        let server = Server {
            url: "unix:///nonexistent".into(),
            ..Server::default()
        };
        let mut polling = Polling {
            client: server.client().expect("a client"),
            every: Duration::ZERO,
            next: Instant::now(),
            last: None,
        };
        let mut events = |all: &[ProcessStatus]| polling.compare(all.iter().cloned());
        let a = status("a", ProcessState::Running, 7);
        let b = status("b", ProcessState::Stopped, 0);
        let all = [a.clone(), b.clone()];
        let first = [
            LiveEvent::State(a.clone()),
            LiveEvent::State(b.clone()),
            LiveEvent::Ready,
        ];
        assert_eq!(events(&all), first);
        assert_eq!(events(&all), []);
        let older = ProcessStatus {
            description: "another uptime".to_owned(),
            ..a
        };
        assert_eq!(events(&[older, b.clone()]), [], "not a change");
        let restarted = status("a", ProcessState::Running, 8);
        assert_eq!(
            events(&[restarted.clone(), b]),
            [LiveEvent::State(restarted.clone())]
        );
        assert_eq!(events(&[restarted]), [LiveEvent::Removed("b".to_owned())]);
    }
}
