//! The data of each message, as JSON.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde_json::{Map, Value, json};
use visord_actors::feed::{Entry, News};
use visord_actors::messages::supervisor::ProcessName;
use visord_actors::usage::Usage;
use visord_model::event::Event;
use visord_model::name::namespec;
use visord_model::process::ProcessInfo;

use super::topics::Topics;
use crate::clock;
use crate::rpc::details::tenths;

/// Letters of a payload that are shown: an event may be as large as a request.
const MOST_PAYLOAD: usize = 16 * 1024;

/// Messages about entries that are remembered: as many as clients can be apart that keep up.
const REMEMBERED: usize = 256;

/// What all clients are told alike is written once.
#[derive(Debug, Default)]
pub struct Written {
    usage: Mutex<Option<(Instant, Arc<str>)>>,
    news: Mutex<BTreeMap<u64, Line>>,
}

/// Name and data of a message.
pub(super) type Line = (&'static str, Arc<str>);

impl Written {
    /// The message about an entry; nothing if the client does not want it.
    pub(super) fn news(&self, entry: &Entry, topics: Topics, now: i64) -> Option<Line> {
        let wanted = match &entry.news {
            News::State(_) | News::Gone(_) => topics.state,
            News::Event { .. } => topics.event,
        };
        if !wanted {
            return None;
        }
        let mut known = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = known.get(&entry.seq) {
            return Some(line.clone());
        }
        let (event, data) = news(entry, now);
        let line = (event, Arc::from(data));
        known.insert(entry.seq, line.clone());
        while known.len() > REMEMBERED {
            known.pop_first();
        }
        Some(line)
    }

    /// The data of the newest sample.
    pub(super) fn usage(&self, usage: &Usage) -> Arc<str> {
        let Some(taken) = usage.taken() else {
            return Arc::from("{}");
        };
        let mut known = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, data)) = &*known
            && *of == taken
        {
            return Arc::clone(data);
        }
        let data = Arc::from(self::usage(usage));
        *known = Some((taken, Arc::clone(&data)));
        data
    }
}

/// Name and data of the message about an entry.
fn news(entry: &Entry, now: i64) -> (&'static str, String) {
    match &entry.news {
        News::State(info) => ("state", state(info, now)),
        News::Gone(name) => {
            let name = namespec(&name.group, &name.process);
            ("gone", json!({ "name": name }).to_string())
        }
        News::Event { serial, event } => ("event", self::event(*serial, entry.at, event)),
    }
}

/// A process.
pub(super) fn state(info: &ProcessInfo, now: i64) -> String {
    let logs = [
        ("stdout", &info.stdout_logfile),
        ("stderr", &info.stderr_logfile),
    ];
    let logs = logs.iter().filter(|(_, path)| !path.is_empty());
    let logs: Vec<&str> = logs.map(|(channel, _)| *channel).collect();
    json!({
        "name": namespec(&info.group, &info.name),
        "group": info.group,
        "process": info.name,
        "state": info.state.name(),
        "description": info.description(now, &clock::short),
        "pid": info.pid,
        "start": info.start,
        "stop": info.stop,
        "restarts": info.restarts,
        "why": info.why(),
        "logs": logs,
    })
    .to_string()
}

fn event(serial: Option<u64>, at: i64, event: &Event) -> String {
    let (group, process) = named(event);
    json!({
        "serial": serial,
        "at": at,
        "type": event.kind().name(),
        "group": group,
        "process": process,
        "payload": payload(event),
    })
    .to_string()
}

/// Group and process an event is about.
pub(crate) fn named(event: &Event) -> (Option<&str>, Option<&str>) {
    match event {
        Event::ProcessState { process, group, .. } => (Some(group), Some(process)),
        Event::ProcessCommunication(output) | Event::ProcessLog(output) => {
            (Some(&output.group), Some(&output.process))
        }
        Event::GroupAdded(group) | Event::GroupRemoved(group) => (Some(group), None),
        Event::Remote { .. }
        | Event::SupervisorRunning
        | Event::SupervisorStopping
        | Event::Tick { .. } => (None, None),
    }
}

/// The payload, or the beginning of a long one.
pub(crate) fn payload(event: &Event) -> String {
    let bytes = event.payload();
    let shown = bytes.get(..MOST_PAYLOAD).unwrap_or(&bytes);
    let mut text = String::from_utf8_lossy(shown).into_owned();
    if shown.len() < bytes.len() {
        text += &format!("… ({} bytes)", bytes.len());
    }
    text
}

fn usage(usage: &Usage) -> String {
    let mut all = Map::new();
    for (ProcessName { group, process }, sample) in usage.all() {
        let cpu = tenths(sample.cpu);
        let rss = sample.rss;
        let one = json!({
            "cpu": cpu,
            "rss": rss,
            "processes": sample.processes,
            "curve": [{ "cpu": cpu, "rss": rss }],
        });
        all.insert(namespec(&group, &process), one);
    }
    Value::Object(all).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::fake::info;
    use visord_model::state::ProcessState;

    fn entry(news: News) -> Entry {
        Entry {
            seq: 1,
            at: 1234,
            news,
        }
    }

    fn told(event: Event) -> String {
        let event = Arc::new(event);
        let entry = entry(News::Event {
            serial: Some(7),
            event,
        });
        let (name, data) = news(&entry, 0);
        assert_eq!(name, "event");
        data
    }

    #[test]
    fn processes() {
        let hostile = "<b>\n\r\u{2028}\"";
        let row = ProcessInfo {
            start: 10,
            restarts: 3,
            spawnerr: hostile.into(),
            stderr_logfile: "/x".into(),
            ..info("g", hostile, ProcessState::Running)
        };
        let (name, data) = news(&entry(News::State(Arc::new(row))), 15);
        assert_eq!(name, "state");
        assert!(!data.contains(['\n', '\r']), "one line: {data}");
        let value: Value = serde_json::from_str(&data).unwrap();
        assert_eq!(
            value,
            json!({
                "name": format!("g:{hostile}"), "group": "g", "process": hostile,
                "state": "RUNNING", "description": "pid 77, uptime 0:00:05", "pid": 77,
                "start": 10, "stop": 0, "restarts": 3, "why": hostile, "logs": ["stderr"],
            })
        );
        let gone = News::Gone(ProcessName {
            group: "x".into(),
            process: "x".into(),
        });
        let (name, data) = news(&entry(gone.clone()), 15);
        assert_eq!((name, data.as_str()), ("gone", "{\"name\":\"x\"}"));
        let written = Written::default();
        let gone = entry(gone);
        assert_eq!(written.news(&gone, Topics::of(Some("event")), 15), None);
        let topics = Topics::of(None);
        let first = written.news(&gone, topics, 15).unwrap();
        let again = written.news(&gone, topics, 15).unwrap();
        assert!(Arc::ptr_eq(&first.1, &again.1), "written once");
        for seq in 2..1000 {
            let entry = Entry {
                seq,
                ..gone.clone()
            };
            written.news(&entry, topics, 15).unwrap();
        }
        assert_eq!(written.news.lock().unwrap().len(), REMEMBERED);
    }

    #[test]
    fn events() {
        let data = told(Event::GroupAdded("g".into()));
        let value: Value = serde_json::from_str(&data).unwrap();
        assert_eq!(
            value,
            json!({
                "serial": 7, "at": 1234, "type": "PROCESS_GROUP_ADDED", "group": "g",
                "process": null, "payload": "groupname:g\n",
            })
        );
        // cut in the middle of a letter
        let data = "x".repeat(MOST_PAYLOAD - 8) + &"é".repeat(1000);
        let kind = "t".into();
        let long = told(Event::Remote { kind, data });
        assert!(long.len() < MOST_PAYLOAD + 300, "{}", long.len());
        assert!(long.contains("… ("), "it says that there is more");
    }
}
