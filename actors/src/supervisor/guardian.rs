//! The guardian: an actor that panicked is replaced by one that goes on with its child.

use actix::{Context, Handler};
use visord_model::listener::Undelivered;
use visord_model::state::ProcessState;

use super::Supervisor;
use crate::messages::pool::{EnvelopeWritten, Join, MemberChanged};
use crate::messages::process::{ActorDied, Autostart, GiveUp, InjectPanic, ProcessChanged};
use crate::messages::supervisor::ProcessName;
use crate::process::Process;

impl Handler<ActorDied> for Supervisor {
    type Result = ();

    fn handle(&mut self, msg: ActorDied, ctx: &mut Context<Self>) {
        let ActorDied(name) = msg;
        let world = self.world.clone();
        let group = self.roster.groups.iter_mut();
        let Some(group) = group.into_iter().find(|it| it.config.name == name.group) else {
            // removed meanwhile, which only a process at rest can be
            return;
        };
        let members = group.members.iter_mut();
        for member in members.filter(|member| member.name == name) {
            let Some(addr) = Process::adopt(&member.post, world.clone()) else {
                continue;
            };
            member.addr = addr.clone();
            let Some(info) = world.board.process(&name) else {
                continue;
            };
            if let Some(pool) = &group.pool {
                let process = name.process.clone();
                // an envelope that was in its mailbox: the pool has the event again
                pool.do_send(EnvelopeWritten {
                    process: process.clone(),
                    pid: info.pid,
                    outcome: Err(Undelivered::NotRunning),
                });
                pool.do_send(Join {
                    process: process.clone(),
                    stdin: addr.clone().recipient(),
                    recover: addr.recipient(),
                });
                pool.do_send(MemberChanged {
                    process,
                    state: info.state,
                    pid: info.pid,
                });
            }
            self.look_again(name, info.state, ctx);
            return;
        }
    }
}

impl Supervisor {
    /// What may have been lost with its mailbox, or waited for its end.
    fn look_again(&mut self, name: ProcessName, state: ProcessState, ctx: &mut Context<Self>) {
        let Ok(member) = self.roster.member(&name) else {
            return;
        };
        if self.begun {
            // only of use to one that was never started
            member.addr.do_send(Autostart);
        }
        let plan = self.plan.as_ref();
        if plan.is_some_and(|plan| plan.was_asked(&name.group, &name.process)) {
            member.addr.do_send(GiveUp);
        }
        self.handle(ProcessChanged { name, state }, ctx);
    }
}

impl Handler<InjectPanic> for Supervisor {
    type Result = ();

    fn handle(&mut self, msg: InjectPanic, _ctx: &mut Context<Self>) {
        if let Ok(member) = self.roster.member(&msg.0) {
            member.addr.do_send(msg);
        }
    }
}
