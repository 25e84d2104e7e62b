//! Follows one file through growth, truncation and rotation.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use actix_web::rt::task::spawn_blocking;
use actix_web::web::Bytes;
use futures_util::Stream;
use futures_util::stream;
use tokio::sync::watch;
use tokio::time::timeout;

/// Bytes shown of what was there before (rule T2).
const BEFORE: u64 = 1024;

/// Bytes of one piece: a client far behind catches up in steps.
const PIECE: u64 = 256 * 1024;

/// How often a followed file is looked at though nobody announced a change: others may
/// truncate, replace or write it too.
const GLANCE: Duration = Duration::from_millis(250);

const TRUNCATED: &[u8] = b"==> File truncated <==\n";

/// An open log and how far it has been read.
#[derive(Debug)]
pub(super) struct Follower {
    path: PathBuf,
    file: File,
    inode: u64,
    position: u64,
}

impl Follower {
    /// Open a log near its end.
    ///
    /// # Errors
    /// It cannot be opened or is no regular file.
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        let metadata = fs::metadata(&path)?;
        if !metadata.is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let file = File::open(&path)?;
        let metadata = file.metadata()?;
        Ok(Self {
            path,
            file,
            inode: metadata.ino(),
            position: metadata.len().saturating_sub(BEFORE),
        })
    }

    /// When the log was last written.
    #[must_use]
    pub(super) fn modified(&self) -> Option<SystemTime> {
        self.file.metadata().and_then(|now| now.modified()).ok()
    }

    /// What is new, without end. `grown` changes when the log was written.
    pub(super) fn into_stream(
        self,
        grown: watch::Receiver<u64>,
    ) -> impl Stream<Item = io::Result<Bytes>> + 'static {
        stream::try_unfold((self, grown), |(mut follower, mut grown)| async move {
            loop {
                let looked = spawn_blocking(move || {
                    let piece = follower.next_piece();
                    (piece, follower)
                });
                let piece;
                (piece, follower) = looked.await.map_err(io::Error::other)?;
                let piece = piece?;
                if !piece.is_empty() {
                    return Ok(Some((piece.into(), (follower, grown))));
                }
                // early or late, it is looked at again: a closed channel only means later
                let announced = timeout(GLANCE, grown.changed()).await;
                if matches!(announced, Ok(Err(_))) {
                    tokio::time::sleep(GLANCE).await;
                }
            }
        })
    }

    /// The next bytes; none if there is nothing new.
    fn next_piece(&mut self) -> io::Result<Vec<u8>> {
        let size = self.file.metadata()?.len();
        if size < self.position {
            self.position = 0;
            return Ok(TRUNCATED.to_vec());
        }
        if size == self.position && !self.follow_the_name() {
            return Ok(Vec::new());
        }
        self.file.seek(SeekFrom::Start(self.position))?;
        let mut piece = Vec::new();
        let count = (&self.file).take(PIECE).read_to_end(&mut piece)?;
        self.position += count as u64;
        Ok(piece)
    }

    /// Turn to another file that has taken the name; from its beginning. A name that is gone,
    /// or is no log any more, leaves things as they are (rule T6).
    fn follow_the_name(&mut self) -> bool {
        let Ok(metadata) = fs::metadata(&self.path) else {
            return false;
        };
        if metadata.ino() == self.inode || !metadata.is_file() {
            return false;
        }
        let Ok(file) = File::open(&self.path) else {
            return false;
        };
        self.inode = metadata.ino();
        self.file = file;
        self.position = 0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn text(follower: &mut Follower) -> String {
        String::from_utf8(follower.next_piece().unwrap()).unwrap()
    }

    #[test]
    fn growth_truncation_rotation_and_absence() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.log");
        fs::write(&path, "x".repeat(2000)).unwrap();
        let mut log = File::options().append(true).open(&path).unwrap();
        let mut follower = Follower::open(path.clone()).unwrap();
        assert_eq!(text(&mut follower).len(), 1024);
        assert_eq!(text(&mut follower), "");
        log.write_all(b"more").unwrap();
        assert_eq!(text(&mut follower), "more");

        log.set_len(0).unwrap();
        assert_eq!(text(&mut follower), "==> File truncated <==\n");
        log.write_all(b"anew").unwrap();
        assert_eq!(text(&mut follower), "anew");

        log.write_all(b"last words").unwrap();
        fs::rename(&path, dir.path().join("x.log.1")).unwrap();
        assert_eq!(text(&mut follower), "last words");
        assert_eq!(text(&mut follower), "");
        log.write_all(b"a straggler").unwrap();
        fs::write(&path, "rotated").unwrap();
        assert_eq!(text(&mut follower), "a straggler");
        assert_eq!(text(&mut follower), "rotated");
        assert_eq!(text(&mut follower), "");
    }

    #[test]
    fn only_files_are_followed() {
        assert!(Follower::open("/dev/null".into()).is_err());
        assert!(Follower::open("/nonexistent/x".into()).is_err());
        let empty = tempfile::NamedTempFile::new().unwrap();
        let mut follower = Follower::open(empty.path().into()).unwrap();
        assert_eq!(text(&mut follower), "");
    }
}
