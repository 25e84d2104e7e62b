//! State changes of processes as they happen: the event stream `/live` of our daemon. The
//! original's daemon has none: there a [`Watcher`] polls and compares the answers.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use visord_model::state::ProcessState;
use visord_xmlrpc::http::Answer;
use visord_xmlrpc::{CallError, Client};

use super::failure::Result;
use super::follow::read;
use super::interrupt::Taken;
use super::process::{ProcessInfo, state_of};
use super::session::Server;

/// What is known of a process at some moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessStatus {
    /// The name to show.
    pub namespec: String,
    /// UNKNOWN also if the server's name for it is not one of ours.
    pub state: ProcessState,
    /// What `status` shows next to the state.
    pub description: String,
    /// How it last ended; empty if the server does not say.
    pub why: String,
    /// 0 if it does not run.
    pub pid: i64,
}

impl ProcessStatus {
    /// Why it is in its state, as far as the server says.
    pub fn reason(&self) -> &str {
        if self.why.is_empty() {
            &self.description
        } else {
            &self.why
        }
    }
}

impl From<ProcessInfo> for ProcessStatus {
    fn from(info: ProcessInfo) -> Self {
        Self {
            namespec: info.namespec(),
            state: state_of(&info.statename).unwrap_or(ProcessState::Unknown),
            description: info.description,
            why: String::new(),
            pid: info.pid,
        }
    }
}

/// Something that happened to processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LiveEvent {
    /// The status of a process: once for each at the beginning, then at every change.
    State(ProcessStatus),
    /// The process of this name was removed.
    Removed(String),
    /// Every process has been reported once.
    Ready,
    /// Anything else that a view may show, such as use of processor and memory.
    Other,
}

/// The event stream of a daemon.
#[derive(Debug)]
pub struct LiveStream {
    stream: Answer,
    parser: Parser,
}

impl LiveStream {
    /// Open the stream of these topics (separated by commas); nothing if this server has no
    /// such stream or does not allow it to this user.
    pub fn open(server: &Server, topics: &str) -> Result<Option<Self>> {
        let path = format!("/live?topics={topics}");
        let mut stream = match server.client()?.stream(&path) {
            Ok(stream) => stream,
            Err(CallError::Unauthorized | CallError::Status { .. }) => return Ok(None),
            Err(other) => return Err(other.into()),
        };
        let media_type = stream.head.header("Content-Type").unwrap_or_default();
        if !media_type.starts_with("text/event-stream") {
            return Ok(None);
        }
        let mut parser = Parser::default();
        parser.push(&stream.take());
        Ok(Some(Self { stream, parser }))
    }

    /// Read what has arrived, blocking if nothing has.
    pub fn read(&mut self) {
        read(&mut self.stream);
        self.parser.push(&self.stream.take());
    }

    /// The events since the last time.
    pub fn take(&mut self) -> Vec<LiveEvent> {
        std::mem::take(&mut self.parser.events)
    }

    /// Whether nothing more will come.
    pub fn is_closed(&self) -> bool {
        self.parser.is_closed || self.stream.is_closed()
    }
}

impl AsFd for LiveStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// Makes events of bytes.
#[derive(Debug, Default)]
struct Parser {
    line: Vec<u8>,
    kind: String,
    data: String,
    events: Vec<LiveEvent>,
    /// The daemon said that it ends.
    is_closed: bool,
}

impl Parser {
    fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if byte != b'\n' {
                self.line.push(byte);
                continue;
            }
            let line = std::mem::take(&mut self.line);
            self.push_line(String::from_utf8_lossy(&line).trim_end_matches('\r'));
        }
    }

    /// A field, a comment, or the empty line that ends an event.
    fn push_line(&mut self, line: &str) {
        if line.is_empty() {
            return self.end_event();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.kind),
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            _ => {}
        }
    }

    /// Data that cannot be read leaves the members of the event empty.
    fn end_event(&mut self) {
        let kind = std::mem::take(&mut self.kind);
        let data: Json = serde_json::from_str(&std::mem::take(&mut self.data)).unwrap_or_default();
        let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
        self.events.push(match kind.as_str() {
            "state" => LiveEvent::State(ProcessStatus {
                namespec: text("name"),
                state: state_of(&text("state")).unwrap_or(ProcessState::Unknown),
                description: text("description"),
                why: text("why"),
                pid: data["pid"].as_i64().unwrap_or(0),
            }),
            "gone" => LiveEvent::Removed(text("name")),
            "ready" => LiveEvent::Ready,
            "bye" => {
                self.is_closed = true;
                return;
            }
            // Keep-alive, or a new snapshot follows.
            "" | "reset" => return,
            _ => LiveEvent::Other,
        });
    }
}

/// What ended a wait.
#[derive(Debug, Default)]
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
    pub fn open(server: &Server, every: Duration) -> Result<Self> {
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
    ) -> Result<Woken> {
        let mut woken = Woken {
            ready: vec![false; others.len()],
            ..Woken::default()
        };
        match self {
            Self::Live(live) => {
                if live.parser.events.is_empty() && !live.is_closed() {
                    let descriptors = [others, &[live.as_fd()]].concat();
                    woken.ready = interrupted.wait_for(&descriptors, until)?;
                    if woken.ready.pop() == Some(true) {
                        live.read();
                    }
                }
                woken.events = live.take();
                woken.is_closed = live.is_closed();
            }
            Self::Polling(polling) => {
                let until = until.map_or(polling.next, |until| until.min(polling.next));
                woken.ready = interrupted.wait_for(others, Some(until))?;
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
    fn ask_if_due(&mut self) -> Result<Vec<LiveEvent>> {
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
    use super::*;

    #[test]
    fn events_in_pieces_of_any_size() {
        let text = ": here\n\nid: r-1\nevent: state\ndata: {\"name\":\"g:a\",\"state\":\"RUNNING\",\
                    \"description\":\"pid 7\",\n\
                    data: \"pid\":7,\"why\":\"\",\"more\":[1]}\n\nevent:gone\r\n\
                    data:{\"name\":\"b\"}\r\n\r\nevent: ready\n\nevent: usage\ndata: {}\n\n\
                    event: reset\ndata: {}\n\nevent: bye\ndata: {}\n\nevent: cut";
        let expected = [
            LiveEvent::State(ProcessStatus {
                namespec: "g:a".to_owned(),
                state: ProcessState::Running,
                description: "pid 7".to_owned(),
                why: String::new(),
                pid: 7,
            }),
            LiveEvent::Removed("b".to_owned()),
            LiveEvent::Ready,
            LiveEvent::Other,
        ];
        for step in [1, 7, 10_000] {
            let mut parser = Parser::default();
            for bytes in text.as_bytes().chunks(step) {
                parser.push(bytes);
            }
            assert_eq!(parser.events, expected, "{step}");
            assert!(parser.is_closed, "{step}");
        }
    }

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
