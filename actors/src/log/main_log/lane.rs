//! The way of a line to one sink: directly, or through the queue of slog-async.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, mpsc};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use slog::{Drain, OwnedKVList, Record};
use slog_async::{AsyncCore, AsyncError, AsyncGuard};
use tokio::sync::oneshot;

use super::progress::Progress;
use super::sink::Sink;
use crate::log::followers::Followers;

/// Lines that may wait for a slow disk; more are lost and counted.
const QUEUE: usize = 2048;
/// The tag of a queued record that is no line but a [`Wish`].
const WISH: &str = "visord-wish";
/// How long a flush waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// A sink and the way to it.
pub(super) struct Lane {
    name: &'static str,
    is_file: bool,
    end: Arc<End>,
    way: RwLock<Way>,
    /// Lines that found the queue full and are not declared yet.
    overflown: AtomicU64,
}

/// How lines travel.
enum Way {
    /// The caller writes.
    Direct,
    /// A thread writes.
    Queued(Box<Queued>),
    /// The thread hangs on its disk while the daemon ends: nothing is written any more.
    Abandoned,
}

/// A queue and the thread that empties it.
struct Queued {
    queue: AsyncCore,
    /// Dropping it waits for the thread.
    thread: AsyncGuard,
}

/// The writing end of a lane.
struct End {
    writer: Mutex<Writer>,
    wishes: Mutex<VecDeque<Pending>>,
    progress: Arc<Progress>,
}

struct Writer {
    sink: Sink,
    /// Lines the sink did not take, and why the last of them.
    lost: Option<(u64, String)>,
    /// Something else to be said with the next line.
    problem: Option<String>,
    /// Who is told that the file grew.
    followers: Followers,
    stalled: bool,
}

/// Something to do between two lines.
enum Wish {
    Reopen,
    Clear(oneshot::Sender<io::Result<()>>),
    Flush(mpsc::Sender<()>),
}

struct Pending {
    wish: Wish,
    /// Its place in the queue is marked; otherwise it is done at the next line.
    marked: bool,
}

impl Lane {
    /// A lane that writes directly.
    pub(super) fn new(name: &'static str, sink: Sink) -> Self {
        Self {
            name,
            is_file: sink.is_file(),
            end: Arc::new(End {
                writer: Mutex::new(Writer {
                    sink,
                    lost: None,
                    problem: None,
                    followers: Followers::default(),
                    stalled: false,
                }),
                wishes: Mutex::default(),
                progress: Progress::new(),
            }),
            way: RwLock::new(Way::Direct),
            overflown: AtomicU64::new(0),
        }
    }

    /// Whether it leads to a file.
    pub(super) fn is_file(&self) -> bool {
        self.is_file
    }

    /// Writes or queues one line; never waits when queued. `notice` words the line that
    /// declares how many lines the full queue has cost.
    pub(super) fn write(&self, line: &str, notice: impl Fn(u64) -> String) {
        let way = self.way.read().unwrap_or_else(PoisonError::into_inner);
        let queue = match &*way {
            Way::Direct => return self.end.writer().write(line),
            Way::Queued(queued) => &queued.queue,
            Way::Abandoned => return,
        };
        let lost = self.overflown.swap(0, Ordering::Relaxed);
        if lost > 0 && self.push(queue, &notice(lost)).is_err() {
            self.overflown.fetch_add(lost, Ordering::Relaxed);
        }
        match self.push(queue, line) {
            Ok(()) => {}
            Err(AsyncError::Full) => {
                self.overflown.fetch_add(1, Ordering::Relaxed);
            }
            // its thread has ended, by a panic it reported on standard error
            Err(AsyncError::Fatal(_)) => self.end.writer().write(line),
        }
    }

    fn push(&self, queue: &AsyncCore, line: &str) -> Result<(), AsyncError> {
        let fixed = slog::record_static!(slog::Level::Info, "");
        queue.log(
            &Record::new(&fixed, &format_args!("{line}"), slog::b!()),
            &slog::o!().into(),
        )?;
        self.end.progress.said();
        Ok(())
    }

    /// See [`Progress::settled`].
    pub(super) fn settled(&self) -> Option<BoxFuture<'static, ()>> {
        self.end.progress.settled()
    }

    /// Tells these followers from now on.
    pub(super) fn announce_to(&self, followers: Followers) {
        self.end.writer().followers = followers;
    }

    /// Starts the thread.
    ///
    /// # Errors
    /// No thread can be had: lines are still written directly.
    pub(super) fn start_thread(&self) -> io::Result<()> {
        // slog-async panics where this fails
        let trial = std::thread::Builder::new().spawn(|| ())?;
        // it cannot have panicked
        let _ = trial.join();
        let mut way = self.way.write().unwrap_or_else(PoisonError::into_inner);
        if matches!(*way, Way::Direct) {
            let (queue, thread) = AsyncCore::custom(Back(Arc::clone(&self.end)))
                .chan_size(QUEUE)
                .thread_name(self.name.into())
                .build_with_guard();
            *way = Way::Queued(Box::new(Queued { queue, thread }));
        }
        Ok(())
    }

    /// Ends the thread when everything queued is written; one that hangs is left behind.
    pub(super) fn stop_thread(&self, notice: impl Fn(u64) -> String) {
        let flushed = self.flush();
        let mut way = self.way.write().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *way, Way::Abandoned) {
            Way::Queued(queued) if flushed => {
                let Queued { queue, thread } = *queued;
                drop(thread);
                drop(queue);
            }
            // dropping it would wait for the thread
            Way::Queued(queued) => return std::mem::forget(queued),
            Way::Direct => {}
            Way::Abandoned => return,
        }
        self.end.grant_all();
        let lost = self.overflown.swap(0, Ordering::Relaxed);
        if lost > 0 {
            self.end.writer().write(&notice(lost));
        }
        *way = Way::Direct;
    }

    /// Opens the file anew, in turn.
    pub(super) fn reopen(&self) {
        self.wish(Wish::Reopen);
    }

    /// Empties the file, in turn.
    pub(super) fn clear(&self) -> impl Future<Output = io::Result<()>> + 'static + use<> {
        let (reply, answer) = oneshot::channel();
        self.wish(Wish::Clear(reply));
        async {
            answer
                .await
                .unwrap_or_else(|_| Err(io::Error::other("the activity log has ended")))
        }
    }

    /// Waits until what was queued before is written; says whether it is.
    pub(super) fn flush(&self) -> bool {
        let (reply, answer) = mpsc::channel();
        let deadline = Instant::now() + PATIENCE;
        let mut wish = Wish::Flush(reply);
        // in a full queue there is no place for the mark yet
        while let Err(refused) = self.file(wish) {
            if Instant::now() > deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
            wish = refused;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        // a disk that hangs must not keep us for ever
        answer.recv_timeout(left).is_ok()
    }

    /// Files a wish; if the queue is full, to be granted with one of its lines.
    fn wish(&self, wish: Wish) {
        if let Err(wish) = self.file(wish) {
            self.end.wishes().push_back(Pending {
                wish,
                marked: false,
            });
        }
    }

    /// Files a wish and marks its place in the queue, or gives it back if that is full.
    fn file(&self, wish: Wish) -> Result<(), Wish> {
        let way = self.way.read().unwrap_or_else(PoisonError::into_inner);
        let queue = match &*way {
            Way::Direct => {
                self.end.writer().grant(wish);
                return Ok(());
            }
            Way::Queued(queued) => &queued.queue,
            // whoever waits for an answer sees its channel close
            Way::Abandoned => return Ok(()),
        };
        let mut wishes = self.end.wishes();
        let fixed = slog::record_static!(slog::Level::Info, WISH);
        let marked = queue.log(
            &Record::new(&fixed, &format_args!(""), slog::b!()),
            &slog::o!().into(),
        );
        match marked {
            Ok(()) => {
                self.end.progress.said();
                wishes.push_back(Pending { wish, marked: true });
            }
            Err(AsyncError::Full) => return Err(wish),
            Err(AsyncError::Fatal(_)) => {
                drop(wishes);
                self.end.writer().grant(wish);
            }
        }
        Ok(())
    }
}

impl End {
    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wishes(&self) -> MutexGuard<'_, VecDeque<Pending>> {
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next wish if it is due: at a mark any, elsewhere one whose mark did not fit.
    fn next_wish(&self, at_mark: bool) -> Option<Wish> {
        let mut wishes = self.wishes();
        let due = wishes
            .front()
            .is_some_and(|pending| at_mark || !pending.marked);
        if due {
            wishes.pop_front().map(|pending| pending.wish)
        } else {
            None
        }
    }

    fn grant_all(&self) {
        while let Some(wish) = self.next_wish(true) {
            self.writer().grant(wish);
        }
    }
}

impl Writer {
    fn write(&mut self, line: &str) {
        let result = self.sink.write(line, self.stalled);
        match result {
            Ok(()) => {
                self.stalled = false;
                self.declare(line);
                if let Some(path) = self.sink.path() {
                    self.followers.grown(path);
                }
            }
            Err(error) => {
                let kind = error.kind();
                self.stalled = matches!(kind, io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock);
                let before = self.lost.take().map_or(0, |(count, _)| count);
                self.lost = Some((before + 1, error.to_string()));
            }
        }
    }

    /// After a line that was written: say with its time what went wrong before it.
    fn declare(&mut self, line: &str) {
        if self.lost.is_none() && self.problem.is_none() {
            return;
        }
        // "YYYY-MM-DD HH:MM:SS,mmm"
        let time = line.get(..23).unwrap_or_default();
        let lost = self.lost.as_ref().map(|(count, reason)| {
            format!("{time} ERRO {count} lines of the activity log lost: {reason}\n")
        });
        let problem = self
            .problem
            .as_ref()
            .map(|text| format!("{time} ERRO {text}\n"));
        if let Some(text) = lost
            && self.sink.write(&text, true).is_ok()
        {
            self.lost = None;
        }
        if let Some(text) = problem
            && self.sink.write(&text, true).is_ok()
        {
            self.problem = None;
        }
    }

    fn grant(&mut self, wish: Wish) {
        match wish {
            Wish::Reopen => {
                if let Err(error) = self.sink.reopen() {
                    self.problem = Some(format!("cannot reopen the activity log: {error}"));
                }
            }
            Wish::Clear(reply) => {
                // nobody waits for it any more: fine
                let _ = reply.send(self.sink.clear());
            }
            Wish::Flush(reply) => {
                let _ = reply.send(());
            }
        }
    }
}

/// What the thread of slog-async does with a record.
struct Back(Arc<End>);

impl Drain for Back {
    type Ok = ();
    type Err = slog::Never;

    fn log(&self, record: &Record<'_>, _values: &OwnedKVList) -> Result<(), slog::Never> {
        let mut at_mark = record.tag() == WISH;
        if !at_mark {
            self.0.writer().write(&record.msg().to_string());
        }
        // at a mark the wish it stands for, and anywhere those without a mark
        while let Some(wish) = self.0.next_wish(at_mark) {
            self.0.writer().grant(wish);
            at_mark = false;
        }
        self.0.progress.done();
        Ok(())
    }
}
