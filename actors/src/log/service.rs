//! The log threads: started when they are needed, one per file system, at most four.

mod first;

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use slog::Logger;
use tokio::sync::oneshot;
use visord_model::event::Stream;
use visord_model::log_line::{Level, LogLine};

use super::archive::Archive;
use super::channel::{ChannelSpec, OpenedChannel};
use super::disk::{Kind, RealDisk};
use super::file::LogFile;
use super::followers::Followers;
use super::ledger::{Ledger, LostBytes, StoredBytes};
use super::main_log::emit;
use super::mounts::Mounts;
use super::output::Output;
use super::pump::{ChannelId, Command, Mouth, Pump};
use super::syslog::{Couriers, LOCAL, Outbox};
use crate::messages::supervisor::ProcessName;

/// Threads at most; further file systems share them.
const MOST_THREADS: usize = 4;
/// How long the end of the daemon waits for a file system that hangs.
const PATIENCE: Duration = Duration::from_secs(5);

/// Makes the command that does something to the log of this path.
type PathCommand = dyn FnOnce(PathBuf, oneshot::Sender<io::Result<()>>) -> Command;

/// What the service needs from outside.
#[derive(Clone)]
pub struct LogSettings {
    /// The activity log: lost bytes, warnings and, at debug, all output are said there.
    pub logger: Logger,
    /// The socket of the local syslog; normally `/dev/log`.
    pub syslog: PathBuf,
}

impl LogSettings {
    /// The usual settings.
    #[must_use]
    pub fn new(logger: Logger) -> Self {
        Self {
            logger,
            syslog: LOCAL.into(),
        }
    }
}

/// Opens and serves the output channels of all processes. Clones are the same service.
#[derive(Clone)]
pub struct LogService(Arc<Shared>);

/// What the handles and the threads share.
pub(super) struct Shared {
    pub(super) logger: Logger,
    pub(super) followers: Followers,
    /// Who compresses rotated files.
    pub(super) archive: Arc<Archive>,
    syslog: PathBuf,
    couriers: Couriers,
    mounts: Mounts,
    /// The file system (`st_dev`) a log of this folder was found on last: its path may lead
    /// through symbolic links, which its name does not tell.
    folders: Mutex<BTreeMap<PathBuf, u64>>,
    ledger: Ledger,
    next_id: AtomicU64,
    threads: Mutex<Threads>,
    /// Rounds of all threads, so that a test can see them rest.
    #[cfg(test)]
    pub(super) rounds: AtomicU64,
}

#[derive(Default)]
struct Threads {
    running: Vec<Running>,
    /// Which thread serves which place, in the order they appeared.
    places: Vec<Place>,
    finished: bool,
}

struct Running {
    mouth: Mouth,
    handle: JoinHandle<()>,
    ended: mpsc::Receiver<()>,
}

/// Where the sink of a channel is, as far as waiting for it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// On a file system (`st_dev`): a write may hang with it.
    FileSystem(u64),
    /// Nowhere, or something that is polled: never hangs.
    NoFile,
}

impl LogService {
    /// A service without threads yet.
    #[must_use]
    pub fn start(settings: LogSettings) -> Self {
        Self(Arc::new(Shared {
            archive: Arc::new(Archive::new(settings.logger.clone())),
            logger: settings.logger,
            followers: Followers::default(),
            syslog: settings.syslog,
            couriers: Couriers::default(),
            mounts: Mounts::default(),
            folders: Mutex::default(),
            ledger: Ledger::default(),
            next_id: AtomicU64::new(1),
            threads: Mutex::default(),
            #[cfg(test)]
            rounds: AtomicU64::new(0),
        }))
    }

    /// Opens the sinks of one output, under the daemon's identity; a file is created with 0666
    /// less the umask. Blocks: spawner thread only.
    ///
    /// # Errors
    /// That of the open, with its errno, for the spawn error of spec core 4.4. A symbolic
    /// link to anything but a character device or FIFO is ELOOP (decision Q38). Or no log thread
    /// can be had.
    pub fn open(&self, spec: ChannelSpec) -> io::Result<OpenedChannel> {
        let mut output = self.0.open_sinks(spec)?;
        let home = self.0.home_of(&mut output)?;
        Ok(OpenedChannel {
            id: self.0.next_id(),
            home,
            output: Box::new(output),
        })
    }

    /// Empties the log file of a process that has no channel open (decision C34). A
    /// missing file stays missing; anything but a regular file is left alone.
    ///
    /// # Errors
    /// Those of unlinking and opening.
    pub fn clear_closed(
        &self,
        spec: &ChannelSpec,
    ) -> impl Future<Output = io::Result<()>> + 'static + use<> {
        let making = spec.file_keys().making;
        let command = move |path, reply| Command::ClearPath {
            path,
            making,
            reply,
        };
        self.tend_closed(spec, Box::new(command))
    }

    /// Rotates the log file of a process that has no channel open. A missing or empty file
    /// is left as it is, and so is anything but a regular file.
    ///
    /// # Errors
    /// Those of opening and renaming.
    pub fn rotate_closed(
        &self,
        spec: &ChannelSpec,
    ) -> impl Future<Output = io::Result<()>> + 'static + use<> {
        let keys = spec.file_keys();
        let command = move |path, reply| Command::RotatePath { path, keys, reply };
        self.tend_closed(spec, Box::new(command))
    }

    /// Has the thread of a log do something to it; without a log nothing is to be done.
    fn tend_closed(
        &self,
        spec: &ChannelSpec,
        command: Box<PathCommand>,
    ) -> impl Future<Output = io::Result<()>> + 'static + use<> {
        let (reply, answer) = oneshot::channel();
        let asked = spec.file.clone().map(|path| {
            let mouth = self.0.thread_for(self.0.place_of(Some(&path)))?;
            mouth.say(command(path, reply));
            io::Result::Ok(())
        });
        async move {
            match asked {
                None => Ok(()),
                Some(Err(error)) => Err(error),
                Some(Ok(())) => answer.await.unwrap_or_else(|_| Err(super::gone())),
            }
        }
    }

    /// Who follows what: whoever follows a log through this list is told when a channel
    /// writes to it. While a log is followed the log threads do not nap.
    #[must_use]
    pub fn followers(&self) -> Followers {
        self.0.followers.clone()
    }

    /// What the outputs of a process have lost over all its runs since it was added.
    #[must_use]
    pub fn lost(&self, group: &str, process: &str) -> LostBytes {
        self.0.ledger.lost(group, process)
    }

    /// What the log files of a process have taken over all its runs since it was added.
    #[must_use]
    pub fn stored(&self, group: &str, process: &str) -> StoredBytes {
        self.0.ledger.stored(group, process)
    }

    /// Counts bytes that were lost before they came to a channel of this output.
    pub fn count_lost(&self, group: &str, process: &str, stream: Stream, bytes: u64) {
        if let Some(counts) = self.0.ledger.known(group, process, stream) {
            counts.lost.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// Releases what is kept of processes that are removed while they are at rest: their
    /// counts, and output queued for a FIFO without a reader, which is declared lost.
    pub fn forget(&self, processes: impl IntoIterator<Item = ProcessName>) {
        let processes = Arc::new(processes.into_iter().collect());
        self.0.ledger.forget(&processes);
        // only a memory of where logs were found: a wrong guess costs one more hop
        self.0.folders().clear();
        self.0.say_to_all(|| Command::Forget {
            processes: Arc::clone(&processes),
        });
    }

    /// Drains and closes every channel, declares what a stalled sink has not taken, and
    /// joins the threads. A thread on a file system that hangs is left behind after 5 s.
    pub fn shutdown(self) {
        let running = {
            let mut threads = self.0.threads();
            threads.finished = true;
            std::mem::take(&mut threads.running)
        };
        self.0.archive.stop();
        for thread in &running {
            thread.mouth.say(Command::Finish);
        }
        let deadline = Instant::now() + PATIENCE;
        for thread in running {
            let left = deadline.saturating_duration_since(Instant::now());
            match thread.ended.recv_timeout(left) {
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    let text = "a log thread hangs on its file system and is left behind";
                    emit(&self.0.logger, &LogLine::new(Level::Error, text));
                }
                // it ended, in its own way or by a panic that it has reported
                Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => drop(thread.handle.join()),
            }
        }
        let left = deadline.saturating_duration_since(Instant::now());
        self.0.archive.join(left);
        self.0.couriers.stop();
    }
}

impl Shared {
    fn threads(&self) -> MutexGuard<'_, Threads> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives every thread a command.
    pub(super) fn say_to_all(&self, command: impl Fn() -> Command) {
        for thread in &self.threads().running {
            thread.mouth.say(command());
        }
    }

    /// A channel number never used before.
    fn next_id(&self) -> ChannelId {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    fn place_of(&self, path: Option<&Path>) -> Place {
        let device = |path: &Path| {
            let known = path
                .parent()
                .and_then(|folder| self.folders().get(folder).copied());
            known.or_else(|| self.mounts.device_of(path))
        };
        path.and_then(device)
            .map_or(Place::NoFile, Place::FileSystem)
    }

    fn folders(&self) -> MutexGuard<'_, BTreeMap<PathBuf, u64>> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread of this place, started if need be; the last one there is if no more can be had.
    fn thread_for(self: &Arc<Self>, place: Place) -> io::Result<Mouth> {
        let mut threads = self.threads();
        if threads.finished {
            return Err(super::gone());
        }
        let index = threads
            .places
            .iter()
            .position(|known| *known == place)
            .unwrap_or_else(|| {
                threads.places.push(place);
                threads.places.len() - 1
            })
            % MOST_THREADS;
        while threads.running.len() <= index {
            match self.start_thread(threads.running.len()) {
                Ok(thread) => threads.running.push(thread),
                // without another thread it shares one
                Err(_) if !threads.running.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        let index = index % threads.running.len();
        Ok(threads.running[index].mouth.clone())
    }

    fn start_thread(self: &Arc<Self>, number: usize) -> io::Result<Running> {
        let (mouth, inbox) = Mouth::new()?;
        let pump = Pump::new(mouth.clone(), inbox, Arc::clone(self))?;
        let (end, ended) = mpsc::channel();
        let handle = std::thread::Builder::new()
            .name(format!("log-{number}"))
            .spawn(move || {
                pump.run();
                drop(end);
            })?;
        Ok(Running {
            mouth,
            handle,
            ended,
        })
    }

    /// Opens what a channel writes to. It may block.
    fn open_sinks(&self, spec: ChannelSpec) -> io::Result<Output<RealDisk>> {
        let file = match &spec.file {
            Some(path) => {
                let keys = spec.file_keys();
                Some(LogFile::open_as(RealDisk, path.clone(), keys)?)
            }
            None => None,
        };
        let counts = self.ledger.of(&spec.group, &spec.process, spec.stream);
        let syslog = self.outbox(&spec, &counts.lost)?;
        let followers = self.followers.clone();
        let mut output = Output::new(spec, file, syslog, self.logger.clone(), followers);
        if let Some(text) = output.rotation_warning()
            // a process that restarts does not repeat it
            && !counts.warned.swap(true, Ordering::Relaxed)
        {
            emit(&self.logger, &LogLine::new(Level::Warn, text));
        }
        output.count_into(counts);
        Ok(output)
    }

    /// The way to syslog, if one is wanted. Without a file it is the log.
    fn outbox(&self, spec: &ChannelSpec, lost: &Arc<AtomicU64>) -> io::Result<Option<Outbox>> {
        let Some(way) = &spec.syslog else {
            return Ok(None);
        };
        let name = Output::<RealDisk>::name_in_declarations(spec);
        let account = match spec.file {
            Some(_) => (format!("{name} for syslog"), None),
            None => (name, Some(Arc::clone(lost))),
        };
        let (from, to) = ((&*spec.process, spec.stream), (way, &*self.syslog));
        let outbox = self.couriers.outbox(to, from, account, &self.logger);
        outbox.map(Some)
    }

    /// The thread of the file system that an opened channel writes to.
    fn home_of(self: &Arc<Self>, output: &mut Output<RealDisk>) -> io::Result<Mouth> {
        let place = match output.file_mut() {
            None => Place::NoFile,
            Some(file) => match file.kind() {
                Kind::Borrowed => Place::FileSystem(file.device()?),
                Kind::Regular => {
                    let device = file.device()?;
                    if let Some(folder) = file.path().parent() {
                        self.folders().insert(folder.to_path_buf(), device);
                    }
                    Place::FileSystem(device)
                }
                Kind::Pollable | Kind::Socket => Place::NoFile,
            },
        };
        self.thread_for(place)
    }
}
