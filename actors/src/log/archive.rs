//! Compresses rotated logs on a thread of its own, with the lowest priority.
//!
//! Names belong to the log thread of the file: it alone renames and unlinks, so that a
//! rotation in the middle of a compression confuses nobody. A crash at any moment leaves
//! the uncompressed file, or both: the compressed one is written under a temporary name
//! (`x.log.gz.tmp`), synchronized, renamed, its directory synchronized, and only then does
//! the uncompressed one go, unless it has grown meanwhile.

mod encode;

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::stat::futimens;
use nix::sys::time::TimeSpec;
use slog::Logger;
use visord_model::log_line::{Level, LogLine};
use visord_model::output::rotation::Compression;

use super::disk::{Disk, Identity, RealDisk};
use super::file::{LogFile, numbered_of};
use super::main_log::emit;
use super::pump::{Command, Mouth};

/// A file that goes on growing while it is compressed is left alone after so many times.
const ATTEMPTS: usize = 4;

/// A rotated log to be compressed.
#[derive(Debug)]
pub(super) struct Job {
    /// The log it comes from.
    pub(super) path: PathBuf,
    /// Which file; its number changes.
    pub(super) file: Identity,
    /// Numbers to look at.
    pub(super) backups: i64,
    /// How.
    pub(super) compress: Compression,
    /// The log thread that the names belong to.
    pub(super) owner: Mouth,
}

/// The thread, started when there is something to do.
#[derive(Debug)]
pub(super) struct Archive {
    logger: Logger,
    stop: Arc<AtomicBool>,
    thread: Mutex<Thread>,
}

#[derive(Debug, Default)]
struct Thread {
    queue: Option<mpsc::Sender<Job>>,
    running: Option<(JoinHandle<()>, mpsc::Receiver<()>)>,
}

impl Archive {
    /// Without a thread yet.
    pub(super) fn new(logger: Logger) -> Self {
        Self {
            logger,
            stop: Arc::default(),
            thread: Mutex::default(),
        }
    }

    fn thread(&self) -> MutexGuard<'_, Thread> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a job; never waits. While the daemon ends the file stays as it is.
    pub(super) fn put(&self, job: Job) {
        if self.stop.load(Ordering::Relaxed) {
            return;
        }
        let mut thread = self.thread();
        if thread.queue.is_none() {
            match self.start() {
                Ok(started) => *thread = started,
                Err(error) => {
                    let text = format!("cannot start the thread that compresses logs: {error}");
                    emit(&self.logger, &LogLine::new(Level::Error, text));
                }
            }
        }
        if let Some(queue) = &thread.queue {
            // a thread that has ended leaves the file as it is
            let _ = queue.send(job);
        }
    }

    fn start(&self) -> io::Result<Thread> {
        let (queue, jobs) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        let worker = Worker {
            logger: self.logger.clone(),
            stop: Arc::clone(&self.stop),
        };
        let handle = std::thread::Builder::new()
            .name("log-archive".into())
            .spawn(move || {
                worker.run(&jobs);
                drop(end);
            })?;
        Ok(Thread {
            queue: Some(queue),
            running: Some((handle, ended)),
        })
    }

    /// Gives up what is under way: it stays uncompressed.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread().queue = None;
    }

    /// Waits for the thread to notice; one on a hung file system is left behind.
    pub(super) fn join(&self, patience: Duration) {
        let running = self.thread().running.take();
        if let Some((handle, ended)) = running
            && ended.recv_timeout(patience) != Err(mpsc::RecvTimeoutError::Timeout)
        {
            // it reports its own panics
            drop(handle.join());
        }
    }
}

/// Where the rotated files of the logs of one thread go.
#[derive(Clone, Debug)]
pub(super) struct Shelf {
    /// Who compresses them.
    pub(super) archive: Arc<Archive>,
    /// The log thread.
    pub(super) owner: Mouth,
}

impl Shelf {
    /// Has the file compressed that a rotation of this log left, if any.
    pub(super) fn put_away<D: Disk>(&self, log: &mut LogFile<D>) {
        if let Some(file) = log.take_rotated() {
            self.put_file_away(log, file);
        }
    }

    /// The same for one that the last life of the daemon left.
    pub(super) fn put_leftover_away<D: Disk>(&self, log: &mut LogFile<D>) {
        if let Some(file) = log.leftover() {
            self.put_file_away(log, file);
        }
    }

    fn put_file_away<D: Disk>(&self, log: &LogFile<D>, file: Identity) {
        self.archive.put(Job {
            path: log.path().to_path_buf(),
            file,
            backups: log.rotation().backups,
            compress: log.rotation().compress,
            owner: self.owner.clone(),
        });
    }
}

/// What became of a step that the owner of the names takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Done,
    /// The file is no longer there: rotated away, removed, or compressed already.
    Gone,
    /// It has more bytes than were compressed.
    Grown,
}

struct Worker {
    logger: Logger,
    stop: Arc<AtomicBool>,
}

impl Worker {
    fn run(&self, jobs: &mpsc::Receiver<Job>) {
        be_nice();
        for job in jobs {
            let done = catch_unwind(AssertUnwindSafe(|| self.put_away(&job)));
            let reason = match done {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(_) => "the encoder panicked".to_owned(),
            };
            let path = job.path.display();
            let text = format!("cannot compress a rotated file of {path}: {reason}; it is kept");
            emit(&self.logger, &LogLine::new(Level::Warn, text));
        }
    }

    fn put_away(&self, job: &Job) -> io::Result<()> {
        let temporary = Temporary::of(job);
        for _ in 0..ATTEMPTS {
            let Some(size) = self.compress(job, &temporary)? else {
                return Ok(());
            };
            match job.rename(&temporary.0, size)? {
                Step::Done => {}
                Step::Gone => return Ok(()),
                Step::Grown => continue,
            }
            visord_files::sync_folder_of(&job.path)?;
            if job.unlink(size)? != Step::Grown {
                return Ok(());
            }
        }
        Err(io::Error::other("somebody goes on writing to it"))
    }

    /// Writes the compressed form; how many bytes it stands for, `None` if there is nothing
    /// to do any more.
    fn compress(&self, job: &Job, temporary: &Temporary) -> io::Result<Option<u64>> {
        let Some(source) = job.open()? else {
            return Ok(None);
        };
        let target = temporary.create()?;
        let is_stopped = || self.stop.load(Ordering::Relaxed);
        let Some(size) = encode::encode(job.compress, &source, &target, &is_stopped)? else {
            return Ok(None);
        };
        resemble(&target, &source)?;
        target.sync_all()?;
        Ok(Some(size))
    }
}

impl Job {
    /// The file, if it is still there.
    fn open(&self) -> io::Result<Option<File>> {
        let Some(name) = self.name()? else {
            return Ok(None);
        };
        let file = match visord_files::open_regular(&name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let found = file.metadata()?;
        // moved on between the two
        let is_it = found.ino() == self.file.inode && found.dev() == self.file.device;
        Ok(is_it.then_some(file))
    }

    fn name(&self) -> io::Result<Option<PathBuf>> {
        numbered_of(&mut RealDisk, &self.path, self.backups, self.file)
    }

    /// Gives the compressed file its name, beside the uncompressed one.
    fn rename(&self, temporary: &Path, size: u64) -> io::Result<Step> {
        let temporary = temporary.to_path_buf();
        let suffix = self.compress.suffix();
        self.ask(size, move |name, is_complete| {
            if is_complete {
                let mut target = name.as_os_str().to_owned();
                target.push(suffix);
                visord_files::rename(&temporary, Path::new(&target))?;
            }
            Ok(())
        })
    }

    /// Removes the uncompressed file, or the compressed one if it has become incomplete.
    fn unlink(&self, size: u64) -> io::Result<Step> {
        let suffix = self.compress.suffix();
        self.ask(size, move |name, is_complete| {
            let mut compressed = name.as_os_str().to_owned();
            compressed.push(suffix);
            if is_complete {
                visord_files::remove(name)
            } else {
                visord_files::remove(Path::new(&compressed))
            }
        })
    }

    /// Does something with the present name of the file, on the thread that the names
    /// belong to, if it is still there; `is_complete` if it still has this size.
    fn ask(
        &self,
        size: u64,
        deed: impl FnOnce(&Path, bool) -> io::Result<()> + Send + 'static,
    ) -> io::Result<Step> {
        let (path, backups, file) = (self.path.clone(), self.backups, self.file);
        let (reply, answer) = mpsc::channel();
        let errand = move || {
            let answer = || {
                let Some(name) = numbered_of(&mut RealDisk, &path, backups, file)? else {
                    return Ok(Step::Gone);
                };
                let is_complete =
                    visord_files::look(&name)?.is_some_and(|found| found.size == size);
                deed(&name, is_complete)?;
                Ok(if is_complete { Step::Done } else { Step::Grown })
            };
            // nobody waits for it any more: fine
            let _ = reply.send(answer());
        };
        self.owner.say(Command::Errand(Box::new(errand)));
        // a log thread that has ended answers nothing: the daemon ends
        answer.recv().unwrap_or(Ok(Step::Gone))
    }
}

/// The name a compressed file has until it is complete; removed at the end.
struct Temporary(PathBuf);

impl Temporary {
    fn of(job: &Job) -> Self {
        let mut name = job.path.as_os_str().to_owned();
        name.push(job.compress.suffix());
        name.push(".tmp");
        Self(name.into())
    }

    /// A new file, after one that a crash may have left.
    fn create(&self) -> io::Result<File> {
        self.remove()?;
        visord_files::create_new(&self.0, 0o600)
    }

    fn remove(&self) -> io::Result<()> {
        match visord_files::remove(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // it was renamed, or is of no use; the next compression removes it too
        let _ = self.remove();
    }
}

/// Owner, mode and times of the other file.
fn resemble(file: &File, other: &File) -> io::Result<()> {
    let (mine, wanted) = (file.metadata()?, other.metadata()?);
    if (mine.uid(), mine.gid()) != (wanted.uid(), wanted.gid()) {
        visord_files::set_owner(file, Some(wanted.uid()), Some(wanted.gid()))?;
    }
    visord_files::set_mode(file, wanted.mode())?;
    let written = TimeSpec::new(wanted.mtime(), wanted.mtime_nsec());
    futimens(file, &written, &written)?;
    Ok(())
}

/// Lowest priority for the calling thread: logs are compressed when nobody else computes.
fn be_nice() {
    const LOWEST: libc::c_int = 19;
    // SAFETY: no memory is passed; 0 is the calling thread, on Linux it alone
    let _ = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, LOWEST) };
}

#[cfg(test)]
mod tests;
