//! `/live`: states, use of resources and events as they happen, as server-sent events.
//!
//! A client that comes without a cursor gets all states, then what changes. Every message that
//! completes something has the cursor of the feed as its id, so a client that comes back gets
//! what it has missed, or `reset` and all states again if that is no longer known.

mod render;
mod topics;

use std::sync::Arc;

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::{Instant, sleep_until};
use visord_actors::feed::{Cursor, Entry, Resume};
use visord_actors::usage::{PERIOD, WatchGuard};

use crate::clock;
use crate::query;
use crate::site::Site;
use crate::sse::{self, Gone, Outlet, PIECE, SILENCE};
use crate::state::AppState;
pub use render::Written;
pub(crate) use render::{named, payload};
use topics::Topics;

/// Let the browser come back at once: the server is usually still there.
const RETRY: &str = "retry: 1000\n: here\n\n";

/// Streams that write at a time.
const TURNS: usize = 4;

/// Answer `GET /live`.
pub fn answer(request: &HttpRequest, site: &Site) -> HttpResponse {
    let parameters = query::parameters(request.query_string(), "");
    let topics = Topics::of(parameters.get("topics").map(String::as_str));
    // a browser that comes back asks with the URL of its first request
    let header = request.headers().get("Last-Event-ID");
    let header = header.and_then(|value| value.to_str().ok());
    let cursor = header.or(parameters.get("cursor").map(String::as_str));
    let beginning = match cursor.filter(|text| !text.is_empty()).map(str::parse) {
        None => Beginning::New,
        Some(Ok(cursor)) => Beginning::After(cursor),
        Some(Err(_)) => Beginning::Anew,
    };
    let state = Arc::clone(&site.state);
    let shared = Arc::clone(&site.shared);
    sse::open(request, site, move |outlet| {
        let usage = topics.usage.then(|| Watched {
            numbers: state.usage.sampled(),
            _guard: state.usage.watch(),
        });
        let changed = state.feed.changed();
        let talk = Talk {
            cursor: state.feed.cursor(),
            outlet,
            topics,
            state,
            silent_since: Instant::now(),
        };
        async move { talk.run(beginning, changed, usage, &shared.live).await }
    })
}

/// What all live streams of a server share.
#[derive(Debug)]
pub struct Live {
    written: Written,
    turns: Semaphore,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            written: Written::default(),
            turns: Semaphore::new(TURNS),
        }
    }
}

impl Live {
    /// Wait for one's turn to write. News wake all streams at once; by turns they leave room for
    /// others on the thread, who would have to wait for all of them.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // it is never closed
        let turn = self.turns.acquire().await.ok();
        // see first who else has come
        tokio::task::yield_now().await;
        turn
    }
}

/// Where a client wants to begin.
enum Beginning {
    /// With everything.
    New,
    /// With everything, and what it had is worth nothing.
    Anew,
    /// With what came after.
    After(Cursor),
}

/// A watch on the use of resources.
struct Watched {
    numbers: watch::Receiver<u64>,
    _guard: WatchGuard,
}

/// One client.
struct Talk {
    outlet: Outlet,
    topics: Topics,
    state: Arc<AppState>,
    /// What it has been told up to.
    cursor: Cursor,
    silent_since: Instant,
}

/// What there is to say.
enum Cue {
    News,
    Usage,
    Silence,
    End,
}

impl Talk {
    async fn run(
        mut self,
        beginning: Beginning,
        mut changed: watch::Receiver<u64>,
        mut usage: Option<Watched>,
        live: &Live,
    ) -> Result<(), Gone> {
        self.say(RETRY).await?;
        match beginning {
            Beginning::New => self.everything().await?,
            Beginning::Anew => self.anew().await?,
            Beginning::After(cursor) => self.cursor = cursor,
        }
        // an old sample says nothing of now, and a new one is on its way
        let young = |age| age <= PERIOD * 2;
        if usage.is_some() && self.state.usage.age().is_some_and(young) {
            self.usage(live).await?;
        }
        loop {
            changed.mark_unchanged();
            self.news(live).await?;
            match self.cue(&mut changed, usage.as_mut()).await {
                Cue::News => {}
                Cue::Usage => self.usage(live).await?,
                Cue::Silence => {
                    let here = sse::here(&self.cursor);
                    self.say(here).await?;
                }
                Cue::End => {
                    self.news(live).await?;
                    let bye = sse::message(Some(&self.cursor), "bye", "{}");
                    return self.say(bye).await;
                }
            }
        }
    }

    async fn cue(
        &mut self,
        changed: &mut watch::Receiver<u64>,
        usage: Option<&mut Watched>,
    ) -> Cue {
        let due = self.silent_since + SILENCE;
        let sampled = async {
            match usage {
                // the sender lives in the state that this talk holds
                Some(usage) => drop(usage.numbers.changed().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.outlet.closing() => Cue::End,
            _ = changed.changed() => Cue::News,
            () = sampled => Cue::Usage,
            () = sleep_until(due) => Cue::Silence,
        }
    }

    async fn say(&mut self, piece: impl Into<Bytes>) -> Result<(), Gone> {
        self.outlet.send(piece).await?;
        self.silent_since = Instant::now();
        Ok(())
    }

    /// All states, if the client wants any, and that these are all.
    async fn everything(&mut self) -> Result<(), Gone> {
        let (rows, cursor) = self.state.board.snapshot();
        let now = clock::now();
        let mut piece = String::new();
        let wanted = if self.topics.state { &rows[..] } else { &[] };
        for row in wanted {
            // without an id: a client that got only half of them has to begin anew
            piece += &sse::message(None, "state", &render::state(row, now));
            if piece.len() >= PIECE {
                self.say(std::mem::take(&mut piece)).await?;
            }
        }
        self.cursor = cursor;
        piece += &sse::message(Some(&cursor), "ready", "{}");
        self.say(piece).await
    }

    async fn anew(&mut self) -> Result<(), Gone> {
        self.say(sse::message(None, "reset", "{}")).await?;
        self.everything().await
    }

    /// What is new since the cursor, a piece at a time.
    async fn news(&mut self, live: &Live) -> Result<(), Gone> {
        while self.state.feed.cursor() != self.cursor {
            // whoever has a turn must not wait for their client
            self.outlet.room().await?;
            let turn = live.turn().await;
            match self.state.feed.since(self.cursor) {
                Resume::Reset => {
                    drop(turn);
                    self.anew().await?;
                }
                Resume::Entries(entries) => {
                    let piece = self.piece(&entries, live);
                    if !piece.is_empty() {
                        self.say(piece).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The messages of as many of these as make a piece; the cursor goes along.
    fn piece(&mut self, entries: &[Arc<Entry>], live: &Live) -> String {
        let now = clock::now();
        let mut piece = String::new();
        for entry in entries {
            self.cursor = self.cursor.at(entry.seq);
            if let Some((event, data)) = live.written.news(entry, self.topics, now) {
                piece += &sse::message(Some(&self.cursor), event, &data);
            }
            if piece.len() >= PIECE {
                break;
            }
        }
        piece
    }

    async fn usage(&mut self, live: &Live) -> Result<(), Gone> {
        self.outlet.room().await?;
        let _turn = live.turn().await;
        let data = live.written.usage(&self.state.usage);
        self.say(sse::message(Some(&self.cursor), "usage", &data))
            .await
    }
}
