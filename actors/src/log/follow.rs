//! Following a log as it grows (`/logtail`, `/mainlogtail`; spec interfaces 1.6, decisions
//! Q10 and Q11): any file, whoever writes it. inotify tells when to look; an idle log
//! costs nothing.
//!
//! What is in the old file is sent to its end before a new one of the same name is begun.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use futures_util::{Stream, stream};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use tokio::net::unix::pipe::Receiver;

use super::disk::Identity;

/// Bytes of history a follower sees first (rule T2).
pub const HISTORY: u64 = 1024;
/// The most one chunk carries.
const CHUNK: usize = 64 * 1024;
/// How often to look where inotify cannot help: it is exhausted.
const WITHOUT_INOTIFY: Duration = Duration::from_millis(100);
/// How often to look for a directory that is gone.
const WITHOUT_DIRECTORY: Duration = Duration::from_secs(1);

/// A log that is being followed.
#[derive(Debug)]
pub struct Follower {
    reader: Reader,
    modified: SystemTime,
}

impl Follower {
    /// Opens a log to follow it from [`HISTORY`] bytes before its end. Blocks.
    ///
    /// # Errors
    /// It is missing, cannot be read, or is no regular file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let (file, identity) = open_regular(path)?;
        let metadata = file.metadata()?;
        let mut reader = Reader {
            position: metadata.len().saturating_sub(HISTORY),
            path: path.to_path_buf(),
            file,
            identity,
            watch: Watch::new(),
        };
        reader.watch_file();
        reader.watch_directory();
        Ok(Self {
            reader,
            modified: metadata.modified()?,
        })
    }

    /// When the log was last written to, at the time of opening.
    #[must_use]
    pub fn modified(&self) -> SystemTime {
        self.modified
    }

    /// The bytes, for ever; chunks are never empty and at most 64 KiB. The stream must be
    /// polled inside a tokio runtime; it reads in its blocking pool. To see what our own
    /// channels write without the pump's nap, hold a
    /// [`LogService::follow`](super::LogService::follow) meanwhile.
    pub fn chunks(self) -> impl Stream<Item = io::Result<Vec<u8>>> + use<> {
        stream::unfold(Some((self.reader, None)), |state| async move {
            let (reader, events) = state?;
            match next_chunk(reader, events).await {
                Ok((chunk, reader, events)) => Some((Ok(chunk), Some((reader, events)))),
                Err(error) => Some((Err(error), None)),
            }
        })
    }
}

/// Reads until there is something; waits in between.
async fn next_chunk(
    mut reader: Reader,
    mut events: Option<Receiver>,
) -> io::Result<(Vec<u8>, Reader, Option<Receiver>)> {
    if events.is_none() {
        events = reader.watch.events()?;
    }
    loop {
        let look = tokio::task::spawn_blocking(move || {
            let found = reader.look();
            (reader, found)
        });
        let (returned, found) = look.await.map_err(io::Error::other)?;
        reader = returned;
        match found? {
            Found::Bytes(chunk) => return Ok((chunk, reader, events)),
            Found::Nothing => match &events {
                Some(events) => something_happened(events).await?,
                None => tokio::time::sleep(WITHOUT_INOTIFY).await,
            },
            Found::NoDirectory => tokio::time::sleep(WITHOUT_DIRECTORY).await,
        }
    }
}

/// Waits for inotify and forgets what it said: the file itself will tell.
async fn something_happened(events: &Receiver) -> io::Result<()> {
    events.readable().await?;
    let mut forgotten = [0; 4096];
    loop {
        match events.try_read(&mut forgotten) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// What a look at the log found.
enum Found {
    Bytes(Vec<u8>),
    Nothing,
    /// Neither the log nor its directory exists: nothing can be watched.
    NoDirectory,
}

/// The place reached in a log.
#[derive(Debug)]
struct Reader {
    path: PathBuf,
    file: File,
    identity: Identity,
    position: u64,
    watch: Watch,
}

impl Reader {
    /// The next bytes, from this file or from the one that took its place.
    fn look(&mut self) -> io::Result<Found> {
        loop {
            let size = self.file.metadata()?.len();
            if size < self.position {
                // truncated: rule T7 as decided by Q11
                self.position = 0;
            }
            let mut chunk =
                vec![0; usize::try_from(size - self.position).map_or(CHUNK, |n| n.min(CHUNK))];
            let count = self.file.read_at(&mut chunk, self.position)?;
            if count > 0 {
                chunk.truncate(count);
                self.position += count as u64;
                return Ok(Found::Bytes(chunk));
            }
            match open_regular(&self.path) {
                Ok((file, identity)) if identity != self.identity => self.begin(file, identity),
                Ok(_) => return Ok(Found::Nothing),
                // rule T6: the old file until a new one appears
                Err(_) if self.watch_directory() => return Ok(Found::Nothing),
                Err(_) => return Ok(Found::NoDirectory),
            }
        }
    }

    /// Goes on with a new file, from its start (rule T5).
    fn begin(&mut self, file: File, identity: Identity) {
        self.file = file;
        self.identity = identity;
        self.position = 0;
        self.watch_file();
        self.watch_directory();
    }

    /// Watches the file that is open, whatever its name is by now.
    fn watch_file(&mut self) {
        let Some(inotify) = &self.watch.inotify else {
            return;
        };
        if let Some(old) = self.watch.file.take() {
            // gone by itself if the file is
            let _ = inotify.rm_watch(old);
        }
        let exact = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        let wanted =
            AddWatchFlags::IN_MODIFY | AddWatchFlags::IN_MOVE_SELF | AddWatchFlags::IN_ATTRIB;
        self.watch.file = inotify.add_watch(exact.as_str(), wanted).ok();
    }

    /// Watches the directory for a new file; says whether that works.
    fn watch_directory(&mut self) -> bool {
        let Some(inotify) = &self.watch.inotify else {
            return true;
        };
        let parent = self
            .path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let wanted =
            AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO | AddWatchFlags::IN_ONLYDIR;
        let directory = parent.unwrap_or(Path::new("."));
        inotify.add_watch(directory, wanted).is_ok()
    }
}

/// An inotify instance, if one can be had, and what it watches.
#[derive(Debug)]
struct Watch {
    inotify: Option<Inotify>,
    file: Option<WatchDescriptor>,
}

impl Watch {
    fn new() -> Self {
        let flags = InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK;
        Self {
            inotify: Inotify::init(flags).ok(),
            file: None,
        }
    }

    /// The descriptor as something tokio can wait for and read.
    fn events(&self) -> io::Result<Option<Receiver>> {
        let Some(inotify) = &self.inotify else {
            return Ok(None);
        };
        let shared = inotify.as_fd().try_clone_to_owned()?;
        Receiver::from_owned_fd_unchecked(shared).map(Some)
    }
}

/// Opens a regular file; anything else has no history to follow.
fn open_regular(path: &Path) -> io::Result<(File, Identity)> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "not a regular file",
        ));
    }
    let identity = Identity {
        device: metadata.dev(),
        inode: metadata.ino(),
    };
    Ok((file, identity))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt;
    use std::fs;
    use std::io::Write;
    use std::pin::{Pin, pin};

    /// A followed log and its chunks as text.
    struct Trial {
        dir: tempfile::TempDir,
    }

    impl Trial {
        fn new(content: &str) -> Self {
            let dir = tempfile::tempdir().expect("tempdir");
            fs::write(dir.path().join("log"), content).expect("write");
            Self { dir }
        }

        fn path(&self) -> PathBuf {
            self.dir.path().join("log")
        }

        fn append(&self, text: &str) {
            let mut file = OpenOptions::new()
                .append(true)
                .create(true)
                .open(self.path())
                .expect("open");
            file.write_all(text.as_bytes()).expect("write");
        }
    }

    async fn next(chunks: &mut Pin<&mut impl Stream<Item = io::Result<Vec<u8>>>>) -> String {
        let chunk = chunks.next().await.expect("endless").expect("no error");
        String::from_utf8(chunk).expect("utf-8")
    }

    /// Runs a story on a runtime with a reactor.
    fn told(story: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("runtime")
            .block_on(story);
    }

    #[test]
    fn history_is_the_last_kibibyte() {
        told(async {
            let trial = Trial::new(&"x".repeat(2000));
            let mut chunks = pin!(Follower::open(&trial.path()).expect("open").chunks());
            assert_eq!(next(&mut chunks).await, "x".repeat(1024));
            let burst = "y".repeat(60_000);
            trial.append(&burst);
            assert_eq!(next(&mut chunks).await, burst);
        });
    }

    #[test]
    fn growth_rotation_and_truncation_are_followed() {
        told(async {
            let trial = Trial::new("start");
            let mut chunks = pin!(Follower::open(&trial.path()).expect("open").chunks());
            assert_eq!(next(&mut chunks).await, "start");
            trial.append("more");
            assert_eq!(next(&mut chunks).await, "more");
            // the end of the old file comes before the new one
            trial.append("end");
            fs::rename(trial.path(), trial.dir.path().join("log.1")).expect("rename");
            trial.append("new");
            assert_eq!(next(&mut chunks).await, "end");
            assert_eq!(next(&mut chunks).await, "new");
            fs::write(trial.path(), "t").expect("truncate");
            assert_eq!(next(&mut chunks).await, "t");
        });
    }

    #[test]
    fn a_removed_log_is_awaited() {
        told(async {
            let trial = Trial::new("");
            let mut chunks = pin!(Follower::open(&trial.path()).expect("open").chunks());
            fs::remove_file(trial.path()).expect("rm");
            let waiting = next(&mut chunks);
            let appearing = async {
                // the follower has looked and found nothing by now, or will find this
                tokio::task::yield_now().await;
                trial.append("again");
            };
            let (text, ()) = futures_util::future::join(waiting, appearing).await;
            assert_eq!(text, "again");
        });
    }

    #[test]
    fn only_regular_files_can_be_followed() {
        let dir = tempfile::tempdir().expect("tempdir");
        let fifo = dir.path().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).expect("mkfifo");
        let refused = Follower::open(&fifo).expect_err("a fifo");
        assert_eq!(refused.kind(), io::ErrorKind::Unsupported);
        let missing = Follower::open(&dir.path().join("none")).expect_err("missing");
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }
}
