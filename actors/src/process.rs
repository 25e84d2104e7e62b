//! Processes: a [`Process`] is the state of one, a component without an actor; [`ProcessActor`] is
//! the mailbox around it.
//!
//! Every input of its [`Machine`] passes through `turn` (`turn.rs`): step the machine, then perform
//! its effects in order. Nothing else changes its state. What the component waits for (a deadline,
//! a pipe, a log that drains) follows from its state; the actor waits for it and hands the result
//! in. So after a panic nothing is lost but the turn that was interrupted, which `Process::resume`
//! makes good.

mod actor;
mod deps;
mod hold;
mod launch;
mod listener;
mod listener_stdout;
mod log_paths;
mod requests;
mod resume;
mod spawn_request;
mod stdin;
mod turn;
mod waiters;

use std::rc::Rc;
use std::sync::Arc;

use actix::{Addr, Context, Recipient, WeakAddr};
use visord_config::ProcessConfig;
use visord_model::fault::{Fault, FaultCode};
use visord_model::name::ProcessName;
use visord_model::process::{Machine, Origin};

pub use actor::ProcessActor;
pub use deps::Deps;
pub use log_paths::LogPaths;
pub use resume::GivenUp;

use crate::board::RowOwner;
use crate::fcgi::{SharedSocket, UseNumber};
use crate::messages::process::{Command, ProcessChanged};
use crate::messages::{Answer, interrupted};
use crate::pool::ListenerPool;
use crate::reaper::ProcessExited;
use crate::spawn::{ChildHandle, ProgramJobs, ResolvedCommand, SpawnAttempt};
use listener_stdout::ListenerStdout;
use stdin::Stdin;
use visord_logs::Channel;
use waiters::Waiters;

/// What a process consists of.
pub struct Setup {
    /// Its group and name.
    pub name: ProcessName,
    /// Its configuration.
    pub config: Arc<ProcessConfig>,
    /// Where its outputs go, AUTO names resolved.
    pub logs: LogPaths,
    /// The Supervisor.
    pub supervisor: Recipient<ProcessChanged>,
    /// The pool, if it is a listener.
    pub pool: Option<Addr<ListenerPool>>,
    /// The FastCGI socket that becomes its fd 0.
    pub socket: Option<SharedSocket>,
    /// Its program is disabled when its actor starts.
    pub disabled: bool,
    /// Set when its actor is given up.
    pub given_up: GivenUp,
}

impl Setup {
    /// Send a request to its actor now; the answer comes later.
    pub(crate) fn ask(
        self: &Rc<Self>,
        addr: Addr<ProcessActor>,
        command: Command,
    ) -> impl Future<Output = Answer> + 'static + use<> {
        let (answer, setup) = (addr.send(command), Rc::clone(self));
        async move {
            let answer = answer.await;
            answer.unwrap_or_else(|_| Err(setup.no_reply(addr.connected())))
        }
    }

    /// Why its actor did not reply; `is_open`: its mailbox is.
    fn no_reply(&self, is_open: bool) -> Fault {
        match is_open {
            true => interrupted(),
            false if self.given_up.is_set() => FaultCode::Failed.about("its actor has ended"),
            // removed meanwhile
            false => FaultCode::BadName.about(&self.name),
        }
    }
}

/// The state of one process. See the module.
pub struct Process {
    setup: Rc<Setup>,
    deps: Rc<Deps>,
    /// Its own mailbox; weak, or a removed process would keep itself alive.
    mailbox: WeakAddr<ProcessActor>,
    /// Its right to write its row of the board.
    row: RowOwner,
    machine: Machine,
    child: Option<ChildHandle>,
    /// The child was reaped; its output is being drained before the machine is told.
    exited: Option<ProcessExited>,
    /// Its starts, one at a time.
    starts: ProgramJobs,
    /// Checks of its command, one at a time. A start does not fail because a check is slow.
    checks: ProgramJobs,
    /// The spawn under way.
    attempt: Option<Arc<SpawnAttempt>>,
    /// What a requested start has found, for the spawn in the same turn.
    program: Option<ResolvedCommand>,
    stdin: Option<Stdin>,
    /// The child of an event that is being written.
    sending_to: Option<i32>,
    outputs: Vec<Channel>,
    listener_stdout: Option<ListenerStdout>,
    waiters: Waiters,
    /// Its latest use of its FastCGI socket, until it releases it.
    socket_use: Option<UseNumber>,
    /// `Some` if the process is to be replaced or removed: nothing starts it any more. True if that
    /// canceled a start that was due; if the process stays after all, it is started then.
    leaving: Option<bool>,
    /// Its program is disabled: nothing starts it.
    disabled: bool,
    /// Appended to its command (spec cluster 4.8).
    extra_args: Arc<str>,
    origin: Arc<Origin>,
}

impl Process {
    /// A process that was never started. It is on the board when this returns.
    fn new(setup: Rc<Setup>, deps: Rc<Deps>, context: &Context<ProcessActor>) -> Self {
        use actix::AsyncContext as _;
        let origin = Arc::new(origin(&setup));
        let mut process = Self {
            machine: Machine::new(setup.name.process.clone(), setup.config.policy.clone()),
            setup,
            deps,
            mailbox: context.address().downgrade(),
            row: RowOwner::default(),
            child: None,
            exited: None,
            starts: ProgramJobs::default(),
            checks: ProgramJobs::default(),
            attempt: None,
            program: None,
            stdin: None,
            sending_to: None,
            outputs: Vec::new(),
            listener_stdout: None,
            waiters: Waiters::default(),
            socket_use: None,
            leaving: None,
            disabled: false,
            extra_args: Arc::from(""),
            origin,
        };
        process.disabled = process.setup.disabled;
        process.hold();
        process.row = process.deps.board.set_process(process.info());
        process
    }

    fn name(&self) -> &ProcessName {
        &self.setup.name
    }
}

/// What the configuration says, as others see it.
fn origin(Setup { config, logs, .. }: &Setup) -> Origin {
    Origin {
        program: config.program.clone(),
        index: config.index,
        startsecs: config.policy.startsecs,
        stopwaitsecs: config.policy.stopwaitsecs,
        has_stdout: logs.stdout.is_some(),
        has_stderr: logs.stderr.is_some() && !config.redirect_stderr,
    }
}
