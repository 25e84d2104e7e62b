//! News of processes from any daemon: our own tells them as they happen ([`super::live`]),
//! any other is asked again and again and the answers are compared.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use visord_xmlrpc::Client;

use super::failure::Failure;
use super::follow::wait_for;
use super::live::{Event, Live, Seen};
use super::process::ProcessInfo;
use super::session::Server;

/// What has become of processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// How a process is; told of each at first and then of changes.
    State(Seen),
    /// A process was removed; its name.
    Gone(String),
    /// Every process there is has been told of.
    Ready,
}

/// What ended a wait.
#[derive(Debug)]
pub struct Woken {
    /// Which of the other descriptors are ready.
    pub ready: Vec<bool>,
    /// What was heard; nothing if the server has gone.
    pub news: Option<Vec<News>>,
}

/// Somebody who knows what happens to processes.
#[derive(Debug)]
pub struct Watcher(Source);

#[derive(Debug)]
enum Source {
    Told(Live),
    Asking(Asking),
}

impl Watcher {
    /// Begin to watch a server. One that does not tell by itself is asked that often.
    ///
    /// # Errors
    /// The server cannot be talked to.
    pub fn open(server: &Server, every: Duration) -> Result<Self, Failure> {
        Ok(Self(match Live::open(server, "state")? {
            Some(live) => Source::Told(live),
            None => Source::Asking(Asking {
                client: server.client()?,
                every,
                next: Instant::now(),
                known: None,
            }),
        }))
    }

    /// Wait for news, one of the other descriptors or that moment, whichever comes first.
    ///
    /// # Errors
    /// The server refused in a way that says more than that it has gone.
    pub fn wait(
        &mut self,
        others: &[BorrowedFd<'_>],
        until: Option<Instant>,
    ) -> Result<Woken, Failure> {
        if let Some(news) = self.unheard() {
            let ready = vec![false; others.len()];
            return Ok(Woken { ready, news });
        }
        let mut descriptors = others.to_vec();
        let mut until = until;
        match &self.0 {
            Source::Told(live) => descriptors.push(live.as_fd()),
            Source::Asking(asking) => {
                until = Some(until.map_or(asking.next, |until| until.min(asking.next)));
            }
        }
        let mut ready = wait_for(&descriptors, until.map(left_until))?
            .unwrap_or_else(|| vec![false; descriptors.len()]);
        let told = ready.get(others.len()).copied().unwrap_or(false);
        ready.truncate(others.len());
        let news = match &mut self.0 {
            Source::Told(live) if told => {
                let more = live.read();
                let news = self.unheard();
                news.unwrap_or_else(|| more.then(Vec::new))
            }
            Source::Told(_) => Some(Vec::new()),
            Source::Asking(asking) => asking.ask_if_due()?,
        };
        Ok(Woken { ready, news })
    }

    /// What arrived and was not heard yet, if anything; the inner nothing is the farewell
    /// of the server.
    fn unheard(&mut self) -> Option<Option<Vec<News>>> {
        let Source::Told(live) = &mut self.0 else {
            return None;
        };
        let events = live.take();
        if events.is_empty() {
            return None;
        }
        let news = events.into_iter().filter_map(|event| match event {
            Event::State(seen) => Some(Some(News::State(seen))),
            Event::Gone(name) => Some(Some(News::Gone(name))),
            Event::Ready => Some(Some(News::Ready)),
            Event::Other => None,
            Event::Bye => Some(None),
        });
        Some(news.collect())
    }
}

/// How long it is until then, no less, in what the system counts.
#[must_use]
pub fn left_until(moment: Instant) -> Duration {
    match moment.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Duration::ZERO,
        // The system counts whole milliseconds and forgets the rest.
        left => left + Duration::from_millis(1),
    }
}

/// Asks and compares.
#[derive(Debug)]
struct Asking {
    client: Client,
    every: Duration,
    next: Instant,
    /// The last answer, by name; nothing before the first.
    known: Option<BTreeMap<String, Seen>>,
}

impl Asking {
    /// Nothing if the server has gone.
    fn ask_if_due(&mut self) -> Result<Option<Vec<News>>, Failure> {
        if Instant::now() < self.next {
            return Ok(Some(Vec::new()));
        }
        self.next = Instant::now() + self.every;
        match ProcessInfo::all(&mut self.client) {
            Ok(all) => Ok(Some(self.compare(all.into_iter().map(Seen::from)))),
            Err(failure) if failure.is_absence() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    fn compare(&mut self, all: impl Iterator<Item = Seen>) -> Vec<News> {
        let now: BTreeMap<String, Seen> = all.map(|seen| (seen.namespec.clone(), seen)).collect();
        let is_first = self.known.is_none();
        let before = self.known.take().unwrap_or_default();
        let differs = |seen: &&Seen| {
            let old = before.get(&seen.namespec);
            !old.is_some_and(|old| old.state == seen.state && old.pid == seen.pid)
        };
        let changed = now.values().filter(differs).cloned().map(News::State);
        let gone = before.keys().filter(|name| !now.contains_key(*name));
        let mut news: Vec<News> = changed.chain(gone.cloned().map(News::Gone)).collect();
        if is_first {
            news.push(News::Ready);
        }
        self.known = Some(now);
        news
    }
}

impl From<ProcessInfo> for Seen {
    fn from(info: ProcessInfo) -> Self {
        Self {
            namespec: info.namespec(),
            state: info.statename,
            description: info.description,
            why: String::new(),
            pid: info.pid,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(name: &str, state: &str, pid: i64) -> Seen {
        Seen {
            namespec: name.to_owned(),
            state: state.to_owned(),
            pid,
            ..Seen::default()
        }
    }

    #[test]
    fn answers_are_compared() {
        let server = Server {
            url: "unix:///nonexistent".into(),
            ..Server::default()
        };
        let mut asking = Asking {
            client: server.client().expect("a place"),
            every: Duration::ZERO,
            next: Instant::now(),
            known: None,
        };
        let mut told = |all: &[Seen]| asking.compare(all.iter().cloned());
        let (a, b) = (seen("a", "RUNNING", 7), seen("b", "STOPPED", 0));
        let all = [a.clone(), b.clone()];
        let first = [News::State(a.clone()), News::State(b.clone()), News::Ready];
        assert_eq!(told(&all), first);
        assert_eq!(told(&all), []);
        let older = Seen {
            description: "another uptime".to_owned(),
            ..a
        };
        assert_eq!(told(&[older, b.clone()]), [], "no news");
        let anew = seen("a", "RUNNING", 8);
        assert_eq!(told(&[anew.clone(), b]), [News::State(anew.clone())]);
        assert_eq!(told(&[anew]), [News::Gone("b".to_owned())]);
    }
}
