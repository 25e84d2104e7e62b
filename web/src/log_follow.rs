//! What is new in the log of a process, whichever file it is.
//!
//! A process may get another log: its program was changed and updated, or it was removed and
//! added again and its log has a new name (`AUTO`). A follower of the process then continues with
//! the new file, as it does after a rotation, after the rest of the old one.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use visord_logs::follow::{FollowEvent, FollowOptions, Follower, Place, Start};

use crate::clock;
use crate::log_source::LogSource;
use crate::state::AppState;

/// Time from a change of any process until the path is looked up: changes come in groups.
const GATHER: Duration = Duration::from_millis(250);

/// The old file is read until it had nothing new for this long.
const QUIET: Duration = Duration::from_millis(500);

/// What is new in a log, each with the place after it.
pub(crate) type LogEvents = Pin<Box<dyn Stream<Item = io::Result<(FollowEvent, Place)>>>>;

/// Opens the log of `source`, which is at `path` now.
///
/// # Errors
/// Those of opening.
pub(crate) async fn open(
    state: &Arc<AppState>,
    source: LogSource,
    path: PathBuf,
    start: Start,
    options: FollowOptions,
) -> io::Result<FollowedLog> {
    let changes = state.follow.follow(&path);
    let own = path.clone();
    let open = move || Follower::open(&own, start, options);
    let follower = state.workers.run(open).await??;
    Ok(FollowedLog {
        place: follower.place(),
        modified: follower.modified(),
        state: Arc::clone(state),
        source,
        path,
        events: Box::pin(follower.events(changes, state.workers.clone())),
        options,
        changed: state.board.feed().changed(),
        look_at: Some(clock::instant()),
        moved_to: None,
    })
}

/// A log that is open, and what is new in it.
pub(crate) struct FollowedLog {
    /// Where what is new begins.
    pub(crate) place: Place,
    /// When the log was last written.
    pub(crate) modified: Option<SystemTime>,
    state: Arc<AppState>,
    source: LogSource,
    /// The file that is read.
    path: PathBuf,
    events: LogEvents,
    options: FollowOptions,
    /// Notifies of changes of any process.
    changed: watch::Receiver<u64>,
    /// When to look up the path.
    look_at: Option<Instant>,
    /// The new path of the log.
    moved_to: Option<PathBuf>,
}

impl FollowedLog {
    /// What is new, without end.
    pub(crate) fn into_events(self) -> LogEvents {
        Box::pin(stream::unfold(self, |mut log| async move {
            let next = log.next().await?;
            Some((next, log))
        }))
    }

    async fn next(&mut self) -> Option<io::Result<(FollowEvent, Place)>> {
        loop {
            if self.moved_to.is_none() {
                tokio::select! {
                    biased;
                    event = self.events.next() => return event,
                    () = Self::look_due(&mut self.look_at, &mut self.changed) => self.look(),
                }
                continue;
            }
            if let Ok(Some(Ok(rest))) = timeout(QUIET, self.events.next()).await {
                return Some(Ok(rest));
            }
            match self.open_next().await {
                Ok(Some(place)) => return Some(Ok((FollowEvent::Rotated, place))),
                // it has moved again
                Ok(None) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Completes when the path is to be looked up. Nothing is lost if this is dropped.
    async fn look_due(look_at: &mut Option<Instant>, changed: &mut watch::Receiver<u64>) {
        let due = match *look_at {
            Some(due) => due,
            None => {
                if changed.changed().await.is_err() {
                    // nothing will change any more
                    std::future::pending::<()>().await;
                }
                *look_at.insert(clock::instant() + GATHER)
            }
        };
        sleep_until(due).await;
        *look_at = None;
    }

    fn look(&mut self) {
        let current = self.source.path(&self.state).ok();
        self.moved_to = current.filter(|path| *path != self.path);
    }

    /// Continues at the start of the new file, once it exists; `None` if the log has moved again.
    async fn open_next(&mut self) -> io::Result<Option<Place>> {
        let Some(path) = self.moved_to.take() else {
            return Ok(None);
        };
        let mut changes = self.state.follow.follow(&path);
        loop {
            changes.mark();
            let (own, options) = (path.clone(), self.options);
            let open = move || {
                changes.watch();
                (Follower::open(&own, Start::Offset(0), options), changes)
            };
            let follower;
            (follower, changes) = self.state.workers.run(open).await?;
            match follower {
                Ok(follower) => {
                    let place = follower.place();
                    let workers = self.state.workers.clone();
                    self.events = Box::pin(follower.events(changes, workers));
                    self.path = path;
                    return Ok(Some(place));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            tokio::select! {
                () = changes.changed() => {}
                () = Self::look_due(&mut self.look_at, &mut self.changed) => {
                    self.look();
                    if self.moved_to.as_ref() != Some(&path) {
                        return Ok(None);
                    }
                }
            }
        }
    }
}
