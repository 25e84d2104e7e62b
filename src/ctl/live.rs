//! What happens to processes, as it happens: the event stream `/live` of our daemon. The
//! original's daemon has no such thing; there [`super::watcher`] asks.

use std::os::fd::{AsFd, BorrowedFd};

use serde_json::Value as Json;
use visord_xmlrpc::CallError;
use visord_xmlrpc::http::{Answer, Piece};

use super::failure::Failure;
use super::session::Server;

/// The media type of an event stream; another answer is none.
const EVENT_STREAM: &str = "text/event-stream";

/// A process as it was at some moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The name to show.
    pub namespec: String,
    /// Name of the state.
    pub state: String,
    /// What `status` shows beside the state.
    pub description: String,
    /// How it last ended, in words; empty if the server does not say.
    pub why: String,
    /// 0 if it does not run.
    pub pid: i64,
}

/// One event of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// How a process is now.
    State(Seen),
    /// A process was removed; its name.
    Gone(String),
    /// Every process there is has been told of.
    Ready,
    /// Something else that a view may show, such as use of processor and memory.
    Other,
    /// The daemon ends.
    Bye,
}

/// The stream and what of it nobody has taken yet.
#[derive(Debug)]
pub struct Live {
    answer: Answer,
    events: Events,
}

impl Live {
    /// Open the stream of these topics (separated by commas); nothing if this server has no
    /// such stream or keeps it from us.
    ///
    /// # Errors
    /// The server cannot be talked to.
    pub fn open(server: &Server, topics: &str) -> Result<Option<Self>, Failure> {
        let path = format!("/live?topics={topics}");
        let answer = match server.client()?.stream(&path) {
            Ok(answer) => answer,
            Err(CallError::Unauthorized | CallError::Status { .. }) => return Ok(None),
            Err(other) => return Err(other.into()),
        };
        let kind = answer.head.header("Content-Type").unwrap_or_default();
        if !kind.starts_with(EVENT_STREAM) {
            return Ok(None);
        }
        let mut live = Self {
            answer,
            events: Events::default(),
        };
        // What came together with the headers does not announce itself again.
        if live.answer.has_buffered() {
            live.read();
        }
        Ok(Some(live))
    }

    /// Take what has arrived, blocking if nothing has; false when nothing more will come.
    pub fn read(&mut self) -> bool {
        let events = &mut self.events;
        let mut take = |piece: Piece<'_>| events.push(piece.bytes);
        // A server that goes away in the middle of an event is gone, nothing else.
        self.answer.advance(&mut take).unwrap_or(false)
    }

    /// The events that are complete.
    pub fn take(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events.ready)
    }
}

impl AsFd for Live {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.answer.as_fd()
    }
}

/// Makes events of bytes.
#[derive(Debug, Default)]
struct Events {
    line: Vec<u8>,
    kind: String,
    data: String,
    ready: Vec<Event>,
}

impl Events {
    fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if byte != b'\n' {
                self.line.push(byte);
                continue;
            }
            let line = std::mem::take(&mut self.line);
            self.take_line(String::from_utf8_lossy(&line).trim_end_matches('\r'));
        }
    }

    /// A field, a comment, or the empty line that ends an event.
    fn take_line(&mut self, line: &str) {
        if line.is_empty() {
            let kind = std::mem::take(&mut self.kind);
            let data = std::mem::take(&mut self.data);
            if !kind.is_empty() {
                self.ready.extend(event(&kind, &data));
            }
            return;
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
}

/// An event of that kind. What cannot be understood is news of nothing in particular.
fn event(kind: &str, data: &str) -> Option<Event> {
    let data: Json = serde_json::from_str(data).unwrap_or_default();
    let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
    Some(match kind {
        "state" => Event::State(Seen {
            namespec: text("name"),
            state: text("state"),
            description: text("description"),
            why: text("why"),
            pid: data["pid"].as_i64().unwrap_or(0),
        }),
        "gone" => Event::Gone(text("name")),
        "ready" => Event::Ready,
        // A snapshot follows.
        "reset" => return None,
        "bye" => Event::Bye,
        _ => Event::Other,
    })
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
            Event::State(Seen {
                namespec: "g:a".to_owned(),
                state: "RUNNING".to_owned(),
                description: "pid 7".to_owned(),
                why: String::new(),
                pid: 7,
            }),
            Event::Gone("b".to_owned()),
            Event::Ready,
            Event::Other,
            Event::Bye,
        ];
        for step in [1, 7, 10_000] {
            let mut events = Events::default();
            for bytes in text.as_bytes().chunks(step) {
                events.push(bytes);
            }
            assert_eq!(events.ready, expected, "{step}");
        }
    }
}
