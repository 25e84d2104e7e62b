//! The log threads: started when they are needed, one per file system, at most four.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use slog::Logger;
use visord_model::event::Stream;
use visord_model::name::ProcessName;

use crate::archive::Archive;
use crate::channel::OpenedChannel;
use crate::disk::{Kind, RealDisk};
use crate::file::{FileAction, LogFile};
use crate::followers::Followers;
use crate::ledger::{ByteCounts, Ledger};
use crate::output::Output;
use crate::pump::{Command, CommandSender, Context, Pump, gone};
use crate::spec::ChannelSpec;
use crate::syslog::{LOCAL, Origin, SyslogHandle, SyslogSenders};
use crate::worker::Worker;

/// Threads at most; further file systems share them.
const MOST_THREADS: usize = 4;
/// How long the end of the daemon waits for a file system that hangs.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens and serves the output channels of all processes. Clones are the same service.
#[derive(Clone)]
pub struct LogService(Arc<Shared>);

struct Shared {
    context: Arc<Context>,
    syslog: SyslogSenders,
    /// The file system (`st_dev`) a log of this folder was found on last. It is not asked again,
    /// as it may hang.
    folders: Mutex<BTreeMap<PathBuf, u64>>,
    ledger: Ledger,
    next_id: AtomicU64,
    threads: Mutex<Threads>,
}

#[derive(Default)]
struct Threads {
    running: Vec<Worker<Command>>,
    /// Which thread serves which sinks, in the order they appeared.
    homes: Vec<Home>,
    finished: bool,
}

/// What a log may hang with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Home {
    /// Nothing: it is polled, or nowhere.
    None,
    /// This file system (`st_dev`).
    Device(u64),
    /// A file system where no log was opened yet.
    Unknown,
}

impl LogService {
    /// A service without threads yet. Lost bytes, warnings and, at debug, all output are said in
    /// the activity log of this logger.
    #[must_use]
    pub fn new(logger: Logger) -> Self {
        Self::with_syslog(logger, LOCAL.into())
    }

    pub(crate) fn with_syslog(logger: Logger, syslog: PathBuf) -> Self {
        Self(Arc::new(Shared {
            syslog: SyslogSenders::new(logger.clone(), syslog),
            context: Arc::new(Context {
                archive: Archive::new(logger.clone()),
                logger,
                followers: Followers::default(),
                threads: Mutex::default(),
            }),
            folders: Mutex::default(),
            ledger: Ledger::default(),
            next_id: AtomicU64::new(1),
            threads: Mutex::default(),
        }))
    }

    /// Starts the first thread, so that outputs can be opened when no more threads can be had;
    /// without this it is started when it is needed.
    ///
    /// # Errors
    /// No thread or no descriptor can be had.
    pub fn start_first_thread(&self) -> io::Result<()> {
        let mut threads = self.0.threads.lock();
        if threads.running.is_empty() {
            self.0.start_thread(&mut threads)?;
        }
        Ok(())
    }

    /// Opens the sinks of one output, under the daemon's identity; a file is created with 0666
    /// less the umask. Blocks: spawner thread only.
    ///
    /// # Errors
    /// That of the open, with its errno, for the spawn error of spec core 4.4. A symbolic
    /// link to anything but a character device or FIFO is ELOOP (difference Q38). Or no log
    /// thread can be had.
    pub fn open(&self, spec: ChannelSpec) -> io::Result<OpenedChannel> {
        let mut output = self.0.open_sinks(spec)?;
        let thread = self.0.thread_of(&mut output)?;
        Ok(OpenedChannel {
            id: self.0.next_id.fetch_add(1, Ordering::Relaxed),
            thread,
            output,
        })
    }

    /// Clears or rotates the log file of a process that has no channel open (difference C34). A
    /// missing file stays missing; anything but a regular file is left alone.
    ///
    /// # Errors
    /// Those of opening, renaming and unlinking.
    pub fn maintain_closed(
        &self,
        spec: &ChannelSpec,
        action: FileAction,
    ) -> impl Future<Output = io::Result<()>> + 'static + use<> {
        let options = spec.config.file;
        let asked = spec.file.clone().map(|path| {
            let thread = self.0.thread_for(self.0.home_of(&path))?;
            io::Result::Ok(thread.ask(move |pump| pump.maintain_closed(path, options, action)))
        });
        async move {
            match asked {
                Some(answer) => answer?.await.unwrap_or_else(|_| Err(gone())),
                None => Ok(()),
            }
        }
    }

    /// The followers of logs: one that follows a log through this list is notified when a channel
    /// writes to it. While a log is followed the log threads do not nap.
    #[must_use]
    pub fn followers(&self) -> Followers {
        self.0.context.followers.clone()
    }

    /// What the outputs of a process have lost over all its runs since it was added; all of it is
    /// declared in the activity log.
    #[must_use]
    pub fn lost(&self, process: &ProcessName) -> ByteCounts {
        self.0.ledger.sums(process, |counts| &counts.lost)
    }

    /// What the log files of a process have taken over all its runs since it was added.
    #[must_use]
    pub fn stored(&self, process: &ProcessName) -> ByteCounts {
        self.0.ledger.sums(process, |counts| &counts.stored)
    }

    /// Counts bytes that were lost before they came to a channel of this output.
    pub fn count_lost(&self, process: &ProcessName, stream: Stream, bytes: u64) {
        if let Some(counts) = self.0.ledger.known(process, stream) {
            counts.lost.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// Releases what is kept of processes that are removed while they are at rest: their counts,
    /// and output queued for a FIFO without a reader, which is declared lost.
    pub fn forget(&self, processes: impl IntoIterator<Item = ProcessName>) {
        let processes: Arc<BTreeSet<ProcessName>> = Arc::new(processes.into_iter().collect());
        self.0.ledger.forget(&processes);
        let context = &self.0.context;
        context.run_on_all(move |pump| pump.forget(&processes));
    }

    /// Drains and closes every channel, declares what a stalled sink has not taken, and
    /// joins the threads. A thread on a file system that hangs is left behind after 5 s.
    pub fn shutdown(self) {
        let running = {
            let mut threads = self.0.threads.lock();
            threads.finished = true;
            std::mem::take(&mut threads.running)
        };
        let deadline = Instant::now() + PATIENCE;
        let archive = self.0.context.archive.close();
        for thread in &running {
            thread.sender().close(deadline);
        }
        for thread in running {
            if !thread.stop(deadline) {
                let text = "a log thread hangs on its file system and is left behind";
                slog::error!(self.0.context.logger, "{text}");
            }
        }
        if let Some(archive) = archive {
            archive.stop(deadline);
        }
        self.0.syslog.stop();
    }
}

impl Shared {
    /// Where a log is that is not open, judged by the logs in its folder.
    fn home_of(&self, path: &Path) -> Home {
        let folders = self.folders.lock();
        let known = path.parent().and_then(|folder| folders.get(folder));
        known.map_or(Home::Unknown, |device| Home::Device(*device))
    }

    /// The thread of these sinks, started if need be; the last one there is if no more can be
    /// had.
    fn thread_for(&self, home: Home) -> io::Result<CommandSender> {
        let mut threads = self.threads.lock();
        if threads.finished {
            return Err(gone());
        }
        let known = threads.homes.iter().position(|known| *known == home);
        let index = known.unwrap_or_else(|| {
            threads.homes.push(home);
            threads.homes.len() - 1
        }) % MOST_THREADS;
        while threads.running.len() <= index {
            match self.start_thread(&mut threads) {
                Ok(()) => {}
                // without another thread it shares one
                Err(_) if !threads.running.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        let index = index % threads.running.len();
        Ok(threads.running[index].sender().clone())
    }

    fn start_thread(&self, threads: &mut Threads) -> io::Result<()> {
        let name = format!("log-{}", threads.running.len());
        let thread = Pump::start(&name, &self.context)?;
        self.context.threads.lock().push(thread.sender().clone());
        threads.running.push(thread);
        Ok(())
    }

    /// Opens what a channel writes to. It may block.
    fn open_sinks(&self, spec: ChannelSpec) -> io::Result<Output<RealDisk>> {
        let open = |path| LogFile::open(RealDisk, path, spec.config.file);
        let file = spec.file.clone().map(open).transpose()?;
        let counts = self.ledger.of(&spec.name, spec.stream);
        let syslog = self.syslog_handle(&spec, &counts.lost)?;
        let logger = self.context.logger.clone();
        let followers = self.context.followers.clone();
        let output = Output::new(spec, file, syslog, counts, logger, followers);
        if let Some(text) = output.rotation_warning()
            // a process that restarts does not repeat it
            && !output.counts.warned.swap(true, Ordering::Relaxed)
        {
            slog::warn!(self.context.logger, "{text}");
        }
        Ok(output)
    }

    /// How to send to syslog, if that is wanted. Without a file it is the log.
    fn syslog_handle(
        &self,
        spec: &ChannelSpec,
        lost: &Arc<AtomicU64>,
    ) -> io::Result<Option<SyslogHandle>> {
        if !spec.config.syslog {
            return Ok(None);
        }
        let shown = spec.shown();
        let (shown, total) = match spec.file {
            Some(_) => (format!("{shown} for syslog"), Arc::default()),
            None => (shown, Arc::clone(lost)),
        };
        let origin = Origin {
            process: Arc::clone(&spec.name.process),
            stream: spec.stream,
            shown,
            total,
        };
        let handle = self.syslog.handle(&spec.config.syslog_target, origin);
        handle.map(Some)
    }

    /// The thread of the file system that an opened channel writes to.
    fn thread_of(&self, output: &mut Output<RealDisk>) -> io::Result<CommandSender> {
        let home = match &mut output.file {
            Some(file) if !file.kind.is_polled() => {
                let device = file.device()?;
                if file.kind == Kind::Regular
                    && let Some(folder) = file.path.parent()
                {
                    self.folders.lock().insert(folder.to_path_buf(), device);
                }
                Home::Device(device)
            }
            Some(_) | None => Home::None,
        };
        self.thread_for(home)
    }
}
