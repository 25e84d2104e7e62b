//! The log of a process as it grows, whichever file it is.
//!
//! A process may get another log: its program was changed and updated, or it was removed and
//! added again and its log has a new name (`AUTO`). A follower of the process then goes on with
//! the new file, as it does after a rotation; what the old one still holds comes first.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use visord_actors::log::Growth;
use visord_actors::log::follow::{Follower, Manner, News, Place, Start};

use crate::state::AppState;

/// After a change of any process, how long until the path is looked up: changes come in groups.
const GATHER: Duration = Duration::from_millis(250);

/// What the old file holds is read until nothing has come for this long.
const QUIET: Duration = Duration::from_millis(500);

type Growing = Pin<Box<dyn Stream<Item = io::Result<(News, Place)>>>>;

/// Where a log is now, if anywhere.
type Current = Box<dyn Fn(&AppState) -> Option<PathBuf>>;

/// Everything that is new in a log, without end.
///
/// `follower` has opened the file at `path`; `current` tells where the log is now, if anywhere.
pub fn follow<F: Fn(&AppState) -> Option<PathBuf> + 'static>(
    state: &Arc<AppState>,
    path: PathBuf,
    (follower, growth): (Follower, Growth),
    manner: Manner,
    current: F,
) -> impl Stream<Item = io::Result<(News, Place)>> + 'static + use<F> {
    let following = Following {
        state: Arc::clone(state),
        current: Box::new(current),
        path,
        news: Box::pin(follower.news(growth, state.workers.clone())),
        manner,
        changed: state.feed.changed(),
        look_at: Some(Instant::now()),
        moved_to: None,
    };
    stream::unfold(following, |mut following| async move {
        let next = following.next().await?;
        Some((next, following))
    })
}

struct Following {
    state: Arc<AppState>,
    current: Current,
    /// Of the file that is read.
    path: PathBuf,
    news: Growing,
    manner: Manner,
    /// Tells that some process has changed.
    changed: watch::Receiver<u64>,
    /// When to look where the log is.
    look_at: Option<Instant>,
    /// It is somewhere else.
    moved_to: Option<PathBuf>,
}

impl Following {
    async fn next(&mut self) -> Option<io::Result<(News, Place)>> {
        loop {
            if self.moved_to.is_none() {
                tokio::select! {
                    biased;
                    news = self.news.next() => return news,
                    () = Self::look_due(&mut self.look_at, &mut self.changed) => self.look(),
                }
                continue;
            }
            if let Ok(Some(Ok(rest))) = timeout(QUIET, self.news.next()).await {
                return Some(Ok(rest));
            }
            match self.go_over().await {
                Ok(Some(place)) => return Some(Ok((News::Rotated, place))),
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
                *look_at.insert(Instant::now() + GATHER)
            }
        };
        sleep_until(due).await;
        *look_at = None;
    }

    fn look(&mut self) {
        let current = (self.current)(&self.state);
        self.moved_to = current.filter(|path| *path != self.path);
    }

    /// Go on at the start of the new file, once it exists; `None` if the log is elsewhere again.
    async fn go_over(&mut self) -> io::Result<Option<Place>> {
        let Some(path) = self.moved_to.take() else {
            return Ok(None);
        };
        let mut growth = self.state.follow.follow(&path);
        loop {
            growth.mark();
            let (own, manner) = (path.clone(), self.manner);
            let open = move || {
                growth.watch();
                (Follower::open(&own, Start::Offset(0), manner), growth)
            };
            let follower;
            (follower, growth) = self.state.workers.run(open).await?;
            match follower {
                Ok(follower) => {
                    let place = follower.place();
                    let workers = self.state.workers.clone();
                    self.news = Box::pin(follower.news(growth, workers));
                    self.path = path;
                    return Ok(Some(place));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            tokio::select! {
                () = growth.changed() => {}
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
