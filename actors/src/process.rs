//! The Process actor: a mailbox around one [`Machine`].
//!
//! Every input passes through `turn`: step the machine, perform its effects in order, re-arm
//! the one timer, settle who waits. Nothing else changes its state.

mod estate;
mod handlers;
mod launch;
mod listen;
mod logs;
mod member;
mod perform;
mod retire;
mod spawn_request;
mod stdin;
mod surroundings;
mod turn;
mod waiters;

use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, Addr, Context, Recipient, SpawnHandle};
use visord_config::ProcessConfig;
use visord_model::process::Machine;

pub use estate::Post;
pub use logs::LogPaths;
pub use member::PoolLink;
pub use stdin::StdinError;
pub use surroundings::Surroundings;

use crate::board::RowOwner;
use crate::fcgi::{SharedSocket, UseNumber};
use crate::log::Channel;
use crate::messages::process::{ActorDied, ProcessChanged};
use crate::messages::supervisor::ProcessName;
use crate::reaper::ProcessExited;
use crate::spawn::{ChildHandle, SpawnAttempt};
use listen::Speech;
use retire::Leaving;
use stdin::Stdin;
use waiters::Waiters;

/// What makes a Process.
#[derive(Clone)]
pub struct Setup {
    /// Group it belongs to.
    pub group: String,
    /// Its configuration.
    pub config: Arc<ProcessConfig>,
    /// Where its outputs go, AUTO names resolved.
    pub logs: LogPaths,
    /// Told of every change of state.
    pub observer: Recipient<ProcessChanged>,
    /// Told if the actor panics, so that another one goes on with its child.
    pub guardian: Recipient<ActorDied>,
    /// Where it leaves then what it knows.
    pub post: Rc<Post>,
    /// The pool, if it is a listener.
    pub pool: Option<PoolLink>,
    /// The FastCGI socket that becomes its fd 0.
    pub socket: Option<SharedSocket>,
}

/// See the module.
pub struct Process {
    name: ProcessName,
    setup: Setup,
    world: Rc<Surroundings>,
    /// Its right to write its row of the board.
    row: RowOwner,
    machine: Machine,
    child: Option<ChildHandle>,
    /// The child was reaped; its output is being drained before the machine is told.
    exited: Option<ProcessExited>,
    /// The spawn under way; its answer comes to the post.
    attempt: Option<Arc<SpawnAttempt>>,
    stdin: Option<Stdin>,
    /// Waits for the child to read.
    stdin_waiting: Option<SpawnHandle>,
    outputs: Vec<Channel>,
    waiters: Waiters,
    timer: Option<SpawnHandle>,
    stop_report: Option<SpawnHandle>,
    speech: Option<Speech>,
    /// Its latest use of its FastCGI socket, until it releases it.
    socket_use: Option<UseNumber>,
    /// It is to be replaced or removed: nothing starts it any more.
    leaving: Option<Leaving>,
}

impl Process {
    /// Start the actor of a process that was never started. It is on the board when this
    /// returns.
    #[must_use]
    pub fn enter(setup: Setup, world: Rc<Surroundings>) -> Addr<Self> {
        Self::create(|ctx| {
            let mut process = Self::new(setup, world);
            // readers know of it before clients can ask for it
            process.row = process.world.board.set_process(process.info());
            process.take_post(ctx);
            process
        })
    }

    fn new(setup: Setup, world: Rc<Surroundings>) -> Self {
        let machine = Machine::new(setup.config.name.clone(), setup.config.policy.clone());
        let name = ProcessName {
            group: setup.group.clone(),
            process: setup.config.name.clone(),
        };
        Self {
            name,
            setup,
            world,
            row: RowOwner::default(),
            machine,
            child: None,
            exited: None,
            attempt: None,
            stdin: None,
            stdin_waiting: None,
            outputs: Vec::new(),
            waiters: Waiters::default(),
            timer: None,
            stop_report: None,
            speech: None,
            socket_use: None,
            leaving: None,
        }
    }
}

impl Actor for Process {
    type Context = Context<Self>;
}
