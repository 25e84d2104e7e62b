//! State changes of processes as they happen: the event stream `/live` of our daemon. The
//! original's daemon has none; there [`super::watcher`] polls.

use std::os::fd::{AsFd, BorrowedFd};

use serde_json::Value as Json;
use visord_model::state::ProcessState;
use visord_xmlrpc::CallError;

use super::failure::Failure;
use super::follow::ByteStream;
use super::process::{ProcessInfo, state_of};
use super::session::Server;

/// The media type of an event stream; any other answer means that the server has none.
const EVENT_STREAM: &str = "text/event-stream";

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
    stream: ByteStream,
    parser: Parser,
}

impl LiveStream {
    /// Open the stream of these topics (separated by commas); nothing if this server has no
    /// such stream or does not allow it to this user.
    pub fn open(server: &Server, topics: &str) -> Result<Option<Self>, Failure> {
        let path = format!("/live?topics={topics}");
        let stream = match ByteStream::open(server.client()?, &path) {
            Ok(stream) => stream,
            Err(CallError::Unauthorized | CallError::Status { .. }) => return Ok(None),
            Err(other) => return Err(other.into()),
        };
        if !stream.media_type().starts_with(EVENT_STREAM) {
            return Ok(None);
        }
        let mut live = Self {
            stream,
            parser: Parser::default(),
        };
        live.parse();
        Ok(Some(live))
    }

    /// Read what has arrived, blocking if nothing has.
    pub fn read(&mut self) {
        self.stream.read();
        self.parse();
    }

    fn parse(&mut self) {
        self.parser.push(&self.stream.take());
    }

    /// Whether there is something to know without reading.
    pub fn has_news(&self) -> bool {
        self.is_closed() || !self.parser.events.is_empty()
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
            "data" if self.data.is_empty() => value.clone_into(&mut self.data),
            "data" => {
                self.data.push('\n');
                self.data.push_str(value);
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
}
