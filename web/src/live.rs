//! `/live`: states, use of resources and events as they happen, as server-sent events.
//!
//! A client without a cursor gets all states, then what changes. Every message that completes
//! something has the cursor of the feed as its id, so a client that reconnects gets what it has
//! missed, or `reset` and all states again if that is no longer known.

mod render;

use std::sync::Arc;
use std::vec;

use actix_web::{HttpRequest, HttpResponse, web};
use tokio::sync::watch;
use visord_actors::feed::Cursor;
use visord_actors::usage::{PERIOD, WatchGuard};
use visord_model::process::ProcessInfo;

use crate::answer::Refusal;
use crate::budget::PIECE;
use crate::clock;
use crate::query::Parameters;
use crate::site::{ServerState, Site};
use crate::sse::{self, MessageSource};
use crate::state::AppState;
pub(crate) use render::{named, payload};

/// Responds to `GET /live`.
pub async fn respond(request: HttpRequest, site: web::Data<Site>) -> Result<HttpResponse, Refusal> {
    let parameters = Parameters::of(request.query_string(), "");
    let topics = Topics::of(parameters.get("topics"));
    let cursor = sse::cursor(&request, &parameters).filter(|text| !text.is_empty());
    sse::respond(&request, &site, || Live::new(&site, topics, cursor))
}

/// The topics of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Topics {
    /// States of processes.
    state: bool,
    /// Their use of resources.
    usage: bool,
    /// Events.
    event: bool,
}

impl Topics {
    /// Those of a list `state,usage,event`; states without a list. Unknown topics are ignored.
    fn of(list: Option<&str>) -> Self {
        let list = list.unwrap_or("state");
        let has = |topic: &str| list.split(',').any(|name| name.trim() == topic);
        Self {
            state: has("state"),
            usage: has("usage"),
            event: has("event"),
        }
    }
}

/// The messages for one client.
struct Live {
    topics: Topics,
    state: Arc<AppState>,
    server: Arc<ServerState>,
    /// The end of what was sent.
    cursor: Cursor,
    changed: watch::Receiver<u64>,
    snapshot: Option<Snapshot>,
    /// Notifies of new samples, which are taken while the guard exists.
    usage: Option<(watch::Receiver<u64>, WatchGuard)>,
    has_new_usage: bool,
}

/// All states, for a client that knows none: those that were not sent yet, and whether the client
/// must first forget what it knows.
type Snapshot = (vec::IntoIter<Arc<ProcessInfo>>, bool);

impl Live {
    fn new(site: &Site, topics: Topics, cursor: Option<&str>) -> Self {
        let state = Arc::clone(&site.state);
        let watched = || (state.usage.sampled(), state.usage.watch());
        let usage = topics.usage.then(watched);
        let mut live = Self {
            topics,
            server: Arc::clone(&site.server),
            cursor: state.board.feed().cursor(),
            changed: state.board.feed().changed(),
            snapshot: None,
            // an old sample is of no use, and a new one follows soon
            has_new_usage: usage.is_some()
                && state.usage.age().is_some_and(|age| age <= PERIOD * 2),
            usage,
            state,
        };
        match cursor.map(Cursor::parse) {
            None => live.begin_snapshot(false),
            Some(Some(cursor)) => live.cursor = cursor,
            Some(None) => live.begin_snapshot(true),
        }
        live
    }

    fn begin_snapshot(&mut self, is_reset: bool) {
        let (mut rows, cursor) = self.state.board.snapshot();
        if !self.topics.state {
            rows.clear();
        }
        self.cursor = cursor;
        self.snapshot = Some((rows.into_iter(), is_reset));
    }

    /// States of the snapshot, and, after the last, that these are all.
    fn states(&mut self, (mut rows, is_reset): Snapshot) -> String {
        let mut piece = String::new();
        if is_reset {
            piece += &sse::message(None, "reset", "{}");
        }
        let now = clock::now();
        while piece.len() < PIECE {
            let Some(row) = rows.next() else {
                piece += &sse::message(Some(&self.cursor), "ready", "{}");
                return piece;
            };
            // without an id: a client that got only some of them must start over
            piece += &sse::message(None, "state", &render::state(&row, now));
        }
        self.snapshot = Some((rows, false));
        piece
    }

    /// What has changed since the cursor.
    fn changes(&mut self) -> String {
        let mut piece = String::new();
        match self.state.board.feed().since(self.cursor) {
            None => self.begin_snapshot(true),
            Some(entries) => {
                let now = clock::now();
                for entry in entries {
                    self.cursor = self.cursor.at(entry.seq);
                    let message = render::entry(&entry, self.topics, now, &self.server.live);
                    if let Some((event, data)) = message {
                        piece += &sse::message(Some(&self.cursor), event, &data);
                    }
                    if piece.len() >= PIECE {
                        break;
                    }
                }
            }
        }
        piece
    }

    fn is_behind(&self) -> bool {
        self.state.board.feed().cursor() != self.cursor
    }
}

impl MessageSource for Live {
    fn has_more(&self) -> bool {
        self.snapshot.is_some() || self.has_new_usage || self.is_behind()
    }

    async fn wait(&mut self) -> bool {
        let sampled = async {
            match &mut self.usage {
                // the sender lives as long as the state
                Some((samples, _)) => samples.changed().await.is_ok(),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            changed = self.changed.changed() => changed.is_ok(),
            has_new = sampled => {
                self.has_new_usage |= has_new;
                has_new
            }
        }
    }

    fn take(&mut self) -> String {
        if let Some(snapshot) = self.snapshot.take() {
            self.states(snapshot)
        } else if self.is_behind() {
            self.changes()
        } else {
            self.has_new_usage = false;
            let data = render::usage(&self.state.usage, &self.server.live);
            sse::message(Some(&self.cursor), "usage", &data)
        }
    }

    fn id(&self) -> String {
        self.cursor.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        let topics = |state, usage, event| Topics {
            state,
            usage,
            event,
        };
        for (list, expected) in [
            (None, topics(true, false, false)),
            (Some("state,usage,event"), topics(true, true, true)),
            (Some("event, usage"), topics(false, true, true)),
            (Some("states"), topics(false, false, false)),
        ] {
            assert_eq!(Topics::of(list), expected, "{list:?}");
        }
    }
}
