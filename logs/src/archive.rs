//! Compresses rotated logs on a thread of its own, with the lowest priority.
//!
//! Names belong to the log thread of the file: it alone renames and unlinks, so that a
//! rotation in the middle of a compression does no harm. A crash at any moment leaves
//! the uncompressed file, or both: the compressed one is written under a temporary name
//! (`x.log.gz.tmp`), synchronized, renamed, its directory synchronized, and only then does
//! the uncompressed one go, unless it has grown meanwhile.

mod encode;

use std::fs::{File, FileTimes};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Instant;

use parking_lot::Mutex;
use slog::Logger;
use visord_files::FileInfo;
use visord_model::output::rotation::Compression;

use crate::disk::{Identity, RealDisk};
use crate::file::{LogFile, absent_as, numbered_of, suffixed};
use crate::worker::{Command, Inbox, Worker, queue};

/// A file that goes on growing while it is compressed is left alone after so many times.
const ATTEMPTS: usize = 4;
/// Files that may wait; more are not compressed.
const QUEUE: usize = 4096;

/// Something that only the owner of the names of files may do.
pub(crate) type Task = Box<dyn FnOnce() + Send>;

/// Runs a task on the thread that owns the names; drops it if that has ended.
type Owner = Box<dyn Fn(Task) + Send>;

struct Job {
    /// The log it comes from.
    path: PathBuf,
    /// Which file; its number changes.
    file: Identity,
    /// Numbers to look at.
    backups: i64,
    compress: Compression,
    owner: Owner,
}

impl Command for Job {}

/// The thread, started when there is something to do.
pub(crate) struct Archive {
    logger: Logger,
    thread: Mutex<Thread>,
}

enum Thread {
    NotStarted,
    Running(Worker<Job>),
    Stopped,
}

impl Archive {
    pub(crate) fn new(logger: Logger) -> Self {
        Self {
            logger,
            thread: Mutex::new(Thread::NotStarted),
        }
    }

    /// Has the file compressed that a rotation of this log left, if any; never waits. `owner` runs
    /// a task on the thread that owns the names. While the daemon ends the file stays as it is.
    pub(crate) fn compress_rotated(
        &self,
        log: &mut LogFile<RealDisk>,
        owner: impl Fn(Task) + Send + 'static,
    ) {
        let Some(file) = log.rotated.take() else {
            return;
        };
        let job = Job {
            path: log.path.clone(),
            file,
            backups: log.options.backups,
            compress: log.options.compress,
            owner: Box::new(owner),
        };
        if let Err(reason) = self.put(job) {
            let path = log.path.display();
            slog::error!(
                self.logger,
                "cannot compress a rotated file of {path}: {reason}; it is kept"
            );
        }
    }

    fn put(&self, job: Job) -> io::Result<()> {
        let mut thread = self.thread.lock();
        if matches!(*thread, Thread::NotStarted) {
            let (sender, inbox) = queue(QUEUE)?;
            let logger = self.logger.clone();
            let run = move || Compressor { logger, inbox }.run();
            let worker = Worker::start("log-archive", sender, run)?;
            *thread = Thread::Running(worker);
        }
        match &*thread {
            Thread::Running(worker) => {
                let sent = worker.sender().send(job);
                sent.map_err(|_| io::Error::other("too many files wait"))
            }
            Thread::NotStarted | Thread::Stopped => Ok(()),
        }
    }

    /// Gives up what is under way: it stays uncompressed. The thread, if there is one, has yet to
    /// be stopped.
    pub(crate) fn close(&self) -> Option<Worker<impl Sized + use<>>> {
        let mut thread = self.thread.lock();
        match std::mem::replace(&mut *thread, Thread::Stopped) {
            Thread::Running(worker) => {
                worker.sender().close(Instant::now());
                Some(worker)
            }
            Thread::NotStarted | Thread::Stopped => None,
        }
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

struct Compressor {
    logger: Logger,
    inbox: Inbox<Job>,
}

impl Compressor {
    fn run(&self) {
        be_nice();
        while let Some(jobs) = self.inbox.take(None) {
            for job in jobs {
                if self.is_stopped() {
                    return;
                }
                self.perform(&job);
            }
        }
    }

    fn is_stopped(&self) -> bool {
        self.inbox.deadline().is_some()
    }

    fn perform(&self, job: &Job) {
        let done = catch_unwind(AssertUnwindSafe(|| self.replace(job)));
        let reason = match done {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the encoder panicked".to_owned(),
        };
        let path = job.path.display();
        slog::warn!(
            self.logger,
            "cannot compress a rotated file of {path}: {reason}; it is kept"
        );
    }

    /// Puts the compressed file in the place of the other.
    fn replace(&self, job: &Job) -> io::Result<()> {
        let temporary = Temporary::of(job);
        for _ in 0..ATTEMPTS {
            let Some(size) = self.compress(job, &temporary)? else {
                return Ok(());
            };
            let new = temporary.0.clone();
            let rename = move |_: &Path, compressed: &Path, is_complete| match is_complete {
                true => visord_files::rename(&new, compressed),
                false => Ok(()),
            };
            match job.run_on_owner(size, rename)? {
                Step::Done => {}
                Step::Gone => return Ok(()),
                Step::Grown => continue,
            }
            visord_files::sync_folder_of(&job.path)?;
            let remove = |name: &Path, compressed: &Path, is_complete| {
                visord_files::remove(if is_complete { name } else { compressed })
            };
            if job.run_on_owner(size, remove)? != Step::Grown {
                return Ok(());
            }
        }
        Err(io::Error::other("it is still being written to"))
    }

    /// Writes the compressed form; how many bytes it stands for, `None` if there is nothing
    /// to do any more.
    fn compress(&self, job: &Job, temporary: &Temporary) -> io::Result<Option<u64>> {
        let Some(source) = job.open()? else {
            return Ok(None);
        };
        let target = temporary.create()?;
        let is_stopped = || self.is_stopped();
        let Some(size) = encode::encode(job.compress, &source, &target, &is_stopped)? else {
            return Ok(None);
        };
        copy_attributes(&target, &source)?;
        target.sync_all()?;
        Ok(Some(size))
    }
}

impl Job {
    /// The file, if it is still there.
    fn open(&self) -> io::Result<Option<File>> {
        let Some(name) = numbered_of(&self.path, self.backups, self.file)? else {
            return Ok(None);
        };
        let opened = visord_files::open_regular(&name).map(Some);
        let Some(file) = absent_as(opened, None)? else {
            return Ok(None);
        };
        // it may have moved on between the two
        let found = FileInfo::of(&file)?.identity;
        Ok((found == self.file).then_some(file))
    }

    /// Does something with the present name of the file and that of its compressed form, on the
    /// thread that the names belong to, if it is still there; `is_complete` if it still has this
    /// size.
    fn run_on_owner(
        &self,
        size: u64,
        action: impl FnOnce(&Path, &Path, bool) -> io::Result<()> + Send + 'static,
    ) -> io::Result<Step> {
        let (path, backups, file) = (self.path.clone(), self.backups, self.file);
        let suffix = self.compress.suffix();
        let (reply, answer) = mpsc::channel();
        let run = move || {
            let Some(name) = numbered_of(&path, backups, file)? else {
                return Ok(Step::Gone);
            };
            let found = visord_files::look(&name)?;
            let is_complete = found.is_some_and(|found| found.size == size);
            action(&name, &suffixed(&name, suffix), is_complete)?;
            Ok(if is_complete { Step::Done } else { Step::Grown })
        };
        (self.owner)(Box::new(move || {
            // the thread that compresses may have been left behind
            let _ = reply.send(run());
        }));
        // a log thread that has ended answers nothing: the daemon ends
        answer.recv().unwrap_or(Ok(Step::Gone))
    }
}

/// The name a compressed file has until it is complete; removed at the end.
struct Temporary(PathBuf);

impl Temporary {
    fn of(job: &Job) -> Self {
        let suffix = format!("{}.tmp", job.compress.suffix());
        Self(suffixed(&job.path, &suffix))
    }

    /// A new file, after one that a crash may have left.
    fn create(&self) -> io::Result<File> {
        absent_as(visord_files::remove(&self.0), ())?;
        visord_files::create_new(&self.0, 0o600)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // it was renamed, or is of no use; the next compression removes it too
        let _ = visord_files::remove(&self.0);
    }
}

fn copy_attributes(file: &File, other: &File) -> io::Result<()> {
    let (mine, wanted) = (file.metadata()?, other.metadata()?);
    if (mine.uid(), mine.gid()) != (wanted.uid(), wanted.gid()) {
        visord_files::set_owner(file, Some(wanted.uid()), Some(wanted.gid()))?;
    }
    visord_files::set_mode(file, wanted.mode())?;
    let written = wanted.modified()?;
    file.set_times(FileTimes::new().set_accessed(written).set_modified(written))
}

/// Lowest priority for the calling thread: logs are compressed when nothing else runs.
fn be_nice() {
    const LOWEST: libc::c_int = 19;
    // SAFETY: no memory is passed; 0 is the calling thread, on Linux it alone
    let _ = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, LOWEST) };
}

#[cfg(test)]
mod tests;
