//! The data of each message, as JSON.

use std::sync::Arc;

use serde_json::{Value, json};
use visord_actors::feed::{Entry, News};
use visord_actors::usage::Usage;
use visord_model::event::{Event, EventDetail, Output};
use visord_model::name::namespec;
use visord_model::process::ProcessInfo;

use super::Topics;
use crate::clock;
use crate::rpc::info::tenths;
use crate::streams::{LiveMessage, LiveStreams};

/// Bytes of a payload that are shown: an event may be as large as a request.
const MOST_PAYLOAD: usize = 16 * 1024;

/// The message about a feed entry; `None` if the client does not want it.
pub(super) fn entry(
    entry: &Entry,
    topics: Topics,
    now: i64,
    streams: &LiveStreams,
) -> Option<LiveMessage> {
    let is_wanted = match &entry.news {
        News::State(_) | News::Gone(_) => topics.state,
        News::Event { .. } => topics.event,
    };
    is_wanted.then(|| streams.entry(entry.seq, || news(entry, now)))
}

/// The data of the newest sample.
pub(super) fn usage(usage: &Usage, streams: &LiveStreams) -> Arc<str> {
    match usage.taken() {
        Some(taken) => streams.usage(taken, || sample(usage)),
        None => "{}".into(),
    }
}

/// Event and data of the message about an entry.
fn news(entry: &Entry, now: i64) -> LiveMessage {
    let (event, data) = match &entry.news {
        News::State(info) => ("state", state(info, now)),
        News::Gone(name) => {
            let name = namespec(&name.group, &name.process);
            ("gone", json!({ "name": name }).to_string())
        }
        News::Event { serial, event } => ("event", self::event(*serial, entry.at, event)),
    };
    (event, data.into())
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
        "group": &*info.group,
        "process": &*info.name,
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
        Event::ProcessState { name, .. }
        | Event::ProcessAdded(name)
        | Event::ProcessRemoved(name)
        | Event::ProcessEnabled(name)
        | Event::ProcessDisabled(name)
        | Event::ProcessCommunication(Output { name, .. })
        | Event::ProcessLog(Output { name, .. }) => (Some(&name.group), Some(&name.process)),
        Event::GroupAdded(group) | Event::GroupRemoved(group) => (Some(group), None),
        Event::Remote { .. }
        | Event::SupervisorRunning
        | Event::SupervisorStopping
        | Event::Tick { .. } => (None, None),
    }
}

/// The payload, or the start of a long one.
pub(crate) fn payload(event: &Event) -> String {
    let bytes = event.payload(EventDetail::Basic);
    let shown = bytes.get(..MOST_PAYLOAD).unwrap_or(&bytes);
    let mut text = String::from_utf8_lossy(shown).into_owned();
    if shown.len() < bytes.len() {
        text += &format!("… ({} bytes)", bytes.len());
    }
    text
}

fn sample(usage: &Usage) -> String {
    let all = usage.all().into_iter().map(|(name, sample)| {
        let (cpu, rss) = (tenths(sample.cpu), sample.rss);
        let one = json!({
            "cpu": cpu,
            "rss": rss,
            "processes": sample.processes,
            "curve": [{ "cpu": cpu, "rss": rss }],
        });
        (name.to_string(), one)
    });
    Value::from_iter(all).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::fake::info;
    use visord_actors::messages::supervisor::ProcessName;
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
        data.to_string()
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
        assert_eq!((name, &*data), ("gone", "{\"name\":\"x\"}"));
        let streams = LiveStreams::default();
        let gone = entry(gone);
        let event = Topics::of(Some("event"));
        assert_eq!(super::entry(&gone, event, 15, &streams), None);
        let state = Topics::of(None);
        let (name, data) = super::entry(&gone, state, 15, &streams).unwrap();
        assert_eq!((name, &*data), ("gone", "{\"name\":\"x\"}"));
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
