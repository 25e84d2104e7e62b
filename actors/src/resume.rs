//! Actors that survive their panics: same address, same mailbox, same fields
//! (docs/decisions/0014-supervisor-panics.md).
//!
//! [`run`] polls an actor's context and catches its panics. The futures the actor was waiting for are
//! dropped, so the clients behind them get a fault; then [`Supervised::restarting`] asks
//! [`Resume`] to make good what the interrupted turn may have left undone. An actor that panics again
//! and again would go on for ever: it is given up and ends.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{self, Poll};
use std::time::Duration;

use actix::dev::ContextFut;
use actix::{Actor, ActorContext, Context, Supervised};
use visord_model::moment::Mono;

/// A panic so soon after the one before ...
const SOON: Duration = Duration::from_secs(10);
/// ... is survived so often in a row.
const MAX_PANICS: u32 = 5;

/// How often an actor panicked in quick succession, and when it did last.
#[derive(Debug, Default)]
pub(crate) struct Panics {
    pub(crate) count: u32,
    last: Mono,
}

/// What an actor does after a panic.
pub(crate) trait Resume: Actor<Context = Context<Self>> {
    /// Its count of panics, and the time.
    fn panics(&mut self) -> (&mut Panics, Mono);

    /// Make good what the interrupted turn may have left undone. It may have got to any point.
    fn resume(&mut self, ctx: &mut Context<Self>);

    /// It ends now.
    fn give_up(&mut self);
}

/// The body of [`Supervised::restarting`].
pub(crate) fn restarting<A: Resume>(actor: &mut A, ctx: &mut Context<A>) {
    let (panics, now) = actor.panics();
    let is_soon = now.0.saturating_sub(panics.last.0) < SOON;
    panics.count = if is_soon { panics.count + 1 } else { 1 };
    panics.last = now;
    match panics.count {
        ..=MAX_PANICS => actor.resume(ctx),
        count => {
            ctx.terminate();
            // a panic in there must not lead here again and again
            if count == MAX_PANICS + 1 {
                actor.give_up();
            }
        }
    }
}

/// Run an actor on this thread, inside a System.
pub(crate) fn run<A: Resume + Supervised>(context: Context<A>, actor: A) {
    actix_rt::spawn(Resuming(context.into_future(actor)));
}

struct Resuming<A: Actor<Context = Context<A>>>(ContextFut<A, Context<A>>);

impl<A: Resume + Supervised> Future for Resuming<A> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<()> {
        let context = &mut self.0;
        loop {
            let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut *context).poll(cx)));
            if let Ok(polled) = polled {
                return polled;
            }
            // the panic hook has reported it; what follows may panic too
            let has_senders = loop {
                if let Ok(restarted) = catch_unwind(AssertUnwindSafe(|| context.restart())) {
                    break restarted;
                }
            };
            if !has_senders || !context.alive() {
                return Poll::Ready(());
            }
        }
    }
}
