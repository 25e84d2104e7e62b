//! Reading a log as it grows (spec interfaces 1.6, differences Q10 and Q11): any regular file,
//! whatever writes it, through truncation and rotation.
//!
//! The one reader behind `/logtail`, `/mainlogtail` and the pages. What is in the old file
//! comes to its end before the new one is begun, and if several files came between, each of
//! them (`follow/line.rs`). A reader's [`Place`] can be written down and returned to later:
//! nothing comes twice, and what could not be had is [reported](FollowEvent::Skipped). Nothing is read
//! before it is asked for: a reader that does not ask costs nothing.

mod line;
mod place;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use futures_util::{Stream, stream};
use tokio::time::{Instant, sleep_until, timeout};
pub use visord_model::text::unfinished;

use self::line::Next;
pub use self::place::{FileId, Place};
use self::place::{SEALED, seal};
use super::followers::ChangeNotifier;
use crate::workers::Workers;

/// The most bytes one piece carries.
pub const PIECE: usize = 64 * 1024;

/// Bytes before its end at which a reader goes on that was too far behind.
const NEAR: u64 = 64 * 1024;

/// How long a log may be without a name before that is an event: less is a rotation.
const GRACE: Duration = Duration::from_millis(200);

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// So many bytes before the end.
    BeforeEnd(u64),
    /// At this offset of the file that has the name now.
    Offset(u64),
    /// Where an earlier reader stopped.
    Place(Place),
}

/// How a reader reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FollowOptions {
    /// No UTF-8 character is cut in two.
    pub whole_characters: bool,
    /// A reader this many bytes behind goes on near the end; `None`: never.
    pub skip_beyond: Option<u64>,
    /// The least time from one piece to the next once the end was reached; what comes
    /// meanwhile is one piece.
    pub pace: Duration,
}

/// What a reader found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FollowEvent {
    /// Bytes of the file, never none.
    Text {
        /// Offset of the first.
        from: u64,
        /// At most [`PIECE`] of them.
        bytes: Vec<u8>,
    },
    /// The file was made shorter; reading goes on at its start.
    Truncated,
    /// Another file has taken its place; reading goes on at the start of that.
    Rotated,
    /// Nothing has the name any more. The old file is read on until something has.
    Gone,
    /// So many bytes were left out, `None` if that is not known: this reader was too slow, or away
    /// too long.
    Skipped(Option<u64>),
}

#[derive(Debug)]
enum Found {
    Event(FollowEvent),
    Nothing,
    /// Perhaps in the middle of a rotation.
    NoName,
}

/// An open log and how far it has been read.
#[derive(Debug)]
pub struct Follower {
    path: PathBuf,
    file: File,
    place: Place,
    options: FollowOptions,
    /// To be returned before anything else is read.
    owed: Vec<FollowEvent>,
    nameless: Nameless,
    /// Whether the last piece went to the end of the file.
    at_end: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nameless {
    No,
    Since(std::time::Instant),
    Told,
}

impl Follower {
    /// Opens a log. Blocks, as all of this does but [`events`](Self::events).
    ///
    /// # Errors
    /// It is missing, cannot be read, or is no regular file.
    pub fn open(path: &Path, start: Start, options: FollowOptions) -> io::Result<Self> {
        let (file, id) = line::open(path)?;
        let size = file.metadata()?.len();
        let mut follower = Self {
            path: path.to_path_buf(),
            file,
            place: Place::start_of(id),
            options,
            owed: Vec::new(),
            nameless: Nameless::No,
            at_end: false,
        };
        match start {
            Start::BeforeEnd(bytes) => follower.go_to(size.saturating_sub(bytes))?,
            Start::Offset(offset) => follower.go_to(offset.min(size))?,
            Start::Place(place) => follower.return_to(place)?,
        }
        Ok(follower)
    }

    /// When the log was last written to.
    #[must_use]
    pub fn modified(&self) -> Option<SystemTime> {
        self.file.metadata().and_then(|now| now.modified()).ok()
    }

    /// How far it has been read.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }

    fn go_to(&mut self, offset: u64) -> io::Result<()> {
        self.place = Place::at(&self.file, offset)?;
        Ok(())
    }

    fn return_to(&mut self, place: Place) -> io::Result<()> {
        if place.file != self.place.file {
            match line::find(&self.path, place.file) {
                Some(file) => {
                    self.file = file;
                    self.place = Place::start_of(place.file);
                }
                None => {
                    self.owed = vec![FollowEvent::Skipped(None), FollowEvent::Rotated];
                    return Ok(());
                }
            }
        }
        if self.file.metadata()?.len() >= place.offset {
            self.go_to(place.offset)?;
            if self.place.seal == place.seal {
                return Ok(());
            }
        }
        self.restart();
        self.owed = vec![FollowEvent::Truncated];
        Ok(())
    }

    fn restart(&mut self) {
        self.place = Place::start_of(self.place.file);
    }

    /// Whatever is new, without end, and where the reader is then. To be polled inside a
    /// tokio runtime; these workers read. An error ends it.
    pub fn events(
        self,
        changes: ChangeNotifier,
        workers: Workers,
    ) -> impl Stream<Item = io::Result<(FollowEvent, Place)>> + use<> {
        let state = (self, changes, Instant::now(), workers);
        stream::try_unfold(state, |(follower, changes, rest, workers)| async move {
            let (event, follower, changes) = next(follower, changes, rest, &workers).await?;
            let pace = match follower.at_end {
                true => follower.options.pace,
                false => Duration::ZERO,
            };
            let found = (event, follower.place);
            let rest = Instant::now() + pace;
            Ok(Some((found, (follower, changes, rest, workers))))
        })
    }

    fn look(&mut self) -> io::Result<Found> {
        if let Some(event) = self.owed.pop() {
            return Ok(Found::Event(event));
        }
        loop {
            let size = self.file.metadata()?.len();
            if size < self.place.offset {
                self.restart();
                return Ok(Found::Event(FollowEvent::Truncated));
            }
            if let Some(event) = self.skip(size)? {
                return Ok(Found::Event(event));
            }
            if size > self.place.offset
                && let Some(event) = self.read(self.options.whole_characters)?
            {
                return Ok(Found::Event(event));
            }
            self.at_end = true;
            match line::next(&self.path, &self.file, self.place.file)? {
                Next::Same => {
                    self.nameless = Nameless::No;
                    return Ok(Found::Nothing);
                }
                Next::NoName => return Ok(self.without_name()),
                Next::Changing => return Ok(Found::NoName),
                // written to before it lost its name, but after we looked
                Next::File { .. } if self.file.metadata()?.len() > size => {}
                Next::File { file, id, between } => {
                    if size > self.place.offset
                        && let Some(rest) = self.read(false)?
                    {
                        return Ok(Found::Event(rest));
                    }
                    self.begin(file, id, between);
                    return Ok(Found::Event(FollowEvent::Rotated));
                }
            }
        }
    }

    /// Goes on with a new file, or with the present log if too many bytes lie between.
    fn begin(&mut self, file: File, id: FileId, between: Option<u64>) {
        self.nameless = Nameless::No;
        self.file = file;
        self.place = Place::start_of(id);
        let limit = self.options.skip_beyond.unwrap_or(u64::MAX);
        if between.is_none() {
            self.owed.push(FollowEvent::Skipped(None));
        } else if between > Some(limit)
            && let Ok((file, id)) = line::open(&self.path)
        {
            self.file = file;
            self.place = Place::start_of(id);
            self.owed.push(FollowEvent::Skipped(between));
        }
    }

    /// Without a name for the first time, for some time, or still.
    fn without_name(&mut self) -> Found {
        match self.nameless {
            Nameless::No => {
                self.nameless = Nameless::Since(std::time::Instant::now());
                Found::NoName
            }
            Nameless::Since(since) if since.elapsed() < GRACE => Found::NoName,
            Nameless::Since(_) => {
                self.nameless = Nameless::Told;
                Found::Event(FollowEvent::Gone)
            }
            Nameless::Told => Found::Nothing,
        }
    }

    /// Goes on near the end, at the begin of a line, if it is too far away.
    fn skip(&mut self, size: u64) -> io::Result<Option<FollowEvent>> {
        let behind = size - self.place.offset;
        if self.options.skip_beyond.is_none_or(|limit| behind <= limit) {
            return Ok(None);
        }
        let target = (size - NEAR.min(behind)).max(self.place.offset);
        let mut near = vec![0; usize::try_from(NEAR).unwrap_or(0)];
        let count = self.file.read_at(&mut near, target)?;
        let line = near[..count].iter().position(|&byte| byte == b'\n');
        let begin = line.map_or_else(|| first_character(&near[..count]), |at| at + 1);
        let from = self.place.offset;
        self.go_to(target + begin as u64)?;
        Ok(Some(FollowEvent::Skipped(Some(self.place.offset - from))))
    }

    /// The next piece. Nothing if all there is is a part of a character; `Truncated` if what
    /// was read before is not there any more.
    fn read(&mut self, whole_characters: bool) -> io::Result<Option<FollowEvent>> {
        let Place {
            offset,
            seal: expected,
            ..
        } = self.place;
        let before = SEALED.min(usize::try_from(offset).unwrap_or(SEALED));
        let mut piece = vec![0; before + PIECE];
        let count = self.file.read_at(&mut piece, offset - before as u64)?;
        piece.truncate(count);
        if count <= before {
            // it is being truncated: the next look will say so
            return Ok(None);
        }
        if seal(&piece[..before]) != expected {
            self.restart();
            return Ok(Some(FollowEvent::Truncated));
        }
        self.at_end = count < before + PIECE;
        if whole_characters {
            let cut = unfinished(&piece[before..]);
            piece.truncate(count - cut);
        }
        if piece.len() == before {
            return Ok(None);
        }
        self.place.offset += (piece.len() - before) as u64;
        self.place.seal = seal(&piece[piece.len() - SEALED.min(piece.len())..]);
        piece.drain(..before);
        let bytes = piece;
        Ok(Some(FollowEvent::Text {
            from: offset,
            bytes,
        }))
    }
}

/// Reads until there is something; waits in between.
async fn next(
    mut follower: Follower,
    mut changes: ChangeNotifier,
    rest: Instant,
    workers: &Workers,
) -> io::Result<(FollowEvent, Follower, ChangeNotifier)> {
    sleep_until(rest).await;
    loop {
        changes.mark();
        let looked = workers.run(move || {
            changes.watch();
            let found = follower.look();
            (found, follower, changes)
        });
        let found;
        (found, follower, changes) = looked.await?;
        match found? {
            Found::Event(event) => return Ok((event, follower, changes)),
            Found::Nothing => changes.changed().await,
            Found::NoName => {
                // a new name is a change; that there is none is found by looking again
                let _ = timeout(GRACE, changes.changed()).await;
            }
        }
    }
}

/// Where the first character begins: after the rest of one that was cut.
#[must_use]
pub fn first_character(bytes: &[u8]) -> usize {
    let rest = bytes
        .iter()
        .take(3)
        .take_while(|&&byte| byte & 0xC0 == 0x80);
    rest.count()
}

#[cfg(test)]
mod tests;
