//! Every request and order, and what carries it out.

use std::future::Future;

use actix::{ActorFuture, ActorFutureExt, AsyncContext, Context, Handler};
use futures_util::future::{LocalBoxFuture, ready};
use visord_model::event::Event;
use visord_model::fault::FaultCode;
use visord_model::name::ProcessName;
use visord_model::state::SupervisorState;

use super::Supervisor;
use crate::messages::event::Publish;
use crate::messages::process::Command;
use crate::messages::supervisor::{LogAction, Order, Request, SendRemoteEvent};
use crate::messages::{Answer, Reply};
use crate::spawn::SpawnError;

/// Reply when this completes.
fn reply_later<T: 'static>(reply: Reply<T>, answer: impl Future<Output = Answer<T>> + 'static) {
    actix_rt::spawn(async move { drop(reply.send(answer.await)) });
}

/// The same for what ends if the Supervisor panics.
fn reply_after<T: 'static>(
    ctx: &mut Context<Supervisor>,
    reply: Reply<T>,
    answer: impl ActorFuture<Supervisor, Output = Answer<T>> + 'static,
) {
    ctx.spawn(answer.map(|answer, _act, _ctx| drop(reply.send(answer))));
}

impl Handler<Request> for Supervisor {
    type Result = ();

    fn handle(&mut self, request: Request, ctx: &mut Context<Self>) {
        use Request as R;
        // listeners get events of clients even while everything stops
        if !matches!(request, R::SendRemoteEvent(..))
            && let Err(fault) = self.check_open()
        {
            return request.refuse(fault);
        }
        match request {
            R::StartProcess(it, reply) => {
                self.forward(&it.name, Command::Start { wait: it.wait }, reply);
            }
            R::StartWithArgs(it, reply) => {
                let (extra_args, wait) = (it.extra_args.into(), it.wait);
                self.forward(&it.name, Command::StartWith { extra_args, wait }, reply);
            }
            R::SetExtraArgs(it, reply) => {
                self.forward(&it.name, Command::SetExtraArgs(it.extra_args.into()), reply);
            }
            R::NeverRestart(it, reply) => self.forward(&it.name, Command::NeverRestart, reply),
            R::EnableProgram(it, reply) => reply_later(reply, self.enable_program(&it.program)),
            R::DisableProgram(it, reply) => reply_later(reply, self.disable_program(it)),
            R::UpdateNumprocs(it, reply) => reply_after(ctx, reply, self.update_numprocs(it)),
            R::StopProcess(it, reply) => {
                self.forward(&it.name, Command::Stop { wait: it.wait }, reply);
            }
            R::SignalProcess(it, reply) => {
                self.forward(&it.name, Command::Signal(it.signal), reply);
            }
            R::WriteStdin(it, reply) => self.forward(&it.name, Command::Write(it.data), reply),
            R::MaintainProcessLogs(it, reply) => {
                self.forward(&it.name, Command::Logs(it.action), reply);
            }
            R::StartMany(it, reply) => reply_later(reply, self.start_many(it)),
            R::StopMany(it, reply) => reply_later(reply, self.stop_many(it)),
            R::SignalMany(it, reply) => reply_later(reply, self.signal_many(it)),
            R::ClearManyLogs(it, reply) => {
                let command = Command::Logs(LogAction::Clear);
                let cleared = self.bulk(&it.scope, |_| true, &command, |_, _| true);
                reply_later(reply, cleared);
            }
            R::ClearMainLog(_, reply) => reply_later(reply, self.clear_main_log()),
            R::AddGroup(it, reply) => reply_after(ctx, reply, self.add_group(it.name)),
            R::RemoveGroup(it, reply) => drop(reply.send(self.remove_group(&it.name))),
            R::UpdateGroup(it, reply) => reply_after(ctx, reply, self.update_group(it)),
            R::ReloadConfig(_, reply) => reply_after(ctx, reply, self.reload_config()),
            R::GetConfig(_, reply) => drop(reply.send(Ok(self.configured_groups()))),
            R::SendRemoteEvent(it, reply) => self.send_remote_event(it, reply),
            R::Shutdown(_, reply) => {
                self.close(SupervisorState::Shutdown, ctx);
                drop(reply.send(Ok(())));
            }
            R::Restart(_, reply) => reply_after(ctx, reply, self.restart()),
        }
    }
}

impl Supervisor {
    fn forward(&self, name: &ProcessName, command: Command, reply: Reply<()>) {
        match self.roster.member(name) {
            Ok(member) => reply_later(reply, member.ask(command)),
            Err(fault) => drop(reply.send(Err(fault))),
        }
    }

    fn send_remote_event(&self, event: SendRemoteEvent, reply: Reply<()>) {
        let SendRemoteEvent { kind, data } = event;
        let published = self.deps.bus.send(Publish(Event::Remote { kind, data }));
        reply_later(reply, async {
            // a bus that is gone has no subscribers
            let _ = published.await;
            // the pools are scheduled now: what they log about the event comes before the answer,
            // so that the client finds it in the log
            tokio::task::yield_now().await;
            Ok(())
        });
    }

    fn clear_main_log(&self) -> LocalBoxFuture<'static, Answer> {
        let Some(path) = self.deps.board.identity().logfile.clone() else {
            return Box::pin(ready(Err(FaultCode::NoFile.bare())));
        };
        let activity = self.parts.activity.clone();
        let spawner = &self.deps.workshop;
        let missing = self.queues.main_log.run(spawner, move || !path.exists());
        Box::pin(async move {
            match missing.await {
                Ok(true) => return Err(FaultCode::NoFile.bare()),
                Ok(false) => {}
                // clearing it would hang as well
                Err(error @ SpawnError::EarlierHangs) => {
                    return Err(FaultCode::Failed.about(error.to_string()));
                }
                // clearing it needs no such thread
                Err(_no_thread) => {}
            }
            let cleared = activity.clear().await;
            cleared.map_err(|error| FaultCode::Failed.about(error.to_string()))
        })
    }
}

impl Handler<Order> for Supervisor {
    type Result = ();

    fn handle(&mut self, order: Order, ctx: &mut Context<Self>) {
        match order {
            Order::Begin => {
                self.publish(Event::SupervisorRunning);
                self.begun = true;
                self.roster.autostart_all();
            }
            Order::Terminate => self.close(SupervisorState::Shutdown, ctx),
            Order::ReopenLogs => {
                slog::info!(self.deps.logger, "supervisord logreopen");
                self.parts.activity.reopen();
                self.parts.reopened.send_replace(());
                self.roster.tell_all(&Command::Logs(LogAction::Reopen));
            }
        }
    }
}
