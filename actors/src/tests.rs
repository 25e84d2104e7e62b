//! Helpers for actor tests: virtual time, recording recipients, a log that can be read.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::{Actor, Context, Handler, Message, Recipient};
use slog::{Drain, Logger, OwnedKVList, Record};

/// Run a test on a control thread whose clock jumps whenever nothing is left to do.
pub(crate) fn on_paused_time(test: impl Future<Output = ()>) {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .enable_io()
            .start_paused(true)
            .build()
            .expect("a runtime")
    };
    actix_rt::System::with_tokio_rt(runtime).block_on(test);
}

/// Let every actor handle everything it was sent: the clock moves on only when all are idle.
pub(crate) async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// Everything a recipient was sent, in order.
pub(crate) struct Recorded<M>(Rc<RefCell<Vec<M>>>);

impl<M> Recorded<M> {
    /// What came since the last call.
    pub(crate) fn take(&self) -> Vec<M> {
        self.0.take()
    }
}

struct Recorder<M> {
    messages: Rc<RefCell<Vec<M>>>,
}

impl<M: Unpin + 'static> Actor for Recorder<M> {
    type Context = Context<Self>;
}

impl<M: Message<Result = ()> + Unpin + 'static> Handler<M> for Recorder<M> {
    type Result = ();

    fn handle(&mut self, msg: M, _ctx: &mut Self::Context) {
        self.messages.borrow_mut().push(msg);
    }
}

/// A recipient that keeps what it gets.
pub(crate) fn recorder<M>() -> (Recipient<M>, Recorded<M>)
where
    M: Message<Result = ()> + Send + Unpin + 'static,
{
    let messages = Rc::default();
    let actor = Recorder {
        messages: Rc::clone(&messages),
    };
    (actor.start().recipient(), Recorded(messages))
}

/// Log lines as `DEBG text`.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    pub(crate) fn logger(&self) -> Logger {
        Logger::root(self.clone().fuse(), slog::o!())
    }

    /// What was said since the last call.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().expect("no test panics while logging"))
    }
}

impl Drain for Lines {
    type Ok = ();
    type Err = slog::Never;

    fn log(&self, record: &Record<'_>, _values: &OwnedKVList) -> Result<(), slog::Never> {
        let level = match record.level() {
            slog::Level::Critical => "CRIT",
            slog::Level::Error => "ERRO",
            slog::Level::Warning => "WARN",
            slog::Level::Info => "INFO",
            slog::Level::Debug => "DEBG",
            slog::Level::Trace => "TRAC",
        };
        let line = format!("{level} {}", record.msg());
        self.0
            .lock()
            .expect("no test panics while logging")
            .push(line);
        Ok(())
    }
}
