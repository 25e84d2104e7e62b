//! From what a method returns to what goes over the wire.
//!
//! A small answer is one document. A log and a `system.multicall` may be of any size: they are
//! written in pieces, each when the client has taken the one before it, and the results of a
//! multicall are made one after the other. So an answer never takes more than a few pieces of
//! memory, which are reserved before the first of them is sent ([`crate::budget`]).

use std::io;
use std::pin::pin;
use std::sync::Arc;

use actix_web::rt;
use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::{mpsc, oneshot};
use visord_model::fault::FaultCode;
use visord_xmlrpc::{ReplyStream, TextEncoder, Value, WriteXml as _, encode_fault, write_reply};

use super::logs::LogPart;
use super::reply::{CallFailure, Complete, Reply};
use super::{Callee, perform, system};
use crate::budget::{PIECE, Reservation, SMALL, STREAM};
use crate::caller::Right;
use crate::state::AppState;

/// Calls of a multicall between two turns of other clients.
const CALLS_PER_TURN: usize = 16;

/// About how much XML a row of a list takes.
const ROW: usize = 1400;

/// The answer to a call.
#[derive(Debug)]
pub enum Answer {
    /// A document.
    Whole(String),
    /// A large one, with its share of the budget.
    Large(String, Reservation),
    /// One that comes in pieces.
    Stream(Pieces),
    /// There was no room for it: the client should come back later.
    Busy,
}

impl From<CallFailure> for Answer {
    fn from(CallFailure(fault): CallFailure) -> Self {
        Self::Whole(encode_fault(fault.code, &fault.string))
    }
}

/// An answer in pieces.
#[derive(Debug)]
pub struct Pieces {
    pieces: mpsc::Receiver<Piece>,
    _share: Reservation,
}

/// A piece, or `None` after the last.
type Piece = Option<Bytes>;

impl Pieces {
    /// The pieces as they come. An answer that breaks off, because the log could not be read on,
    /// ends with an error, so that no client takes it for complete.
    pub fn stream(self) -> impl Stream<Item = io::Result<Bytes>> {
        stream::unfold(Some(self), |pieces| async move {
            let mut pieces = pieces?;
            match pieces.pieces.recv().await {
                Some(piece) => Some((Ok(piece?), Some(pieces))),
                None => Some((Err(io::ErrorKind::UnexpectedEof.into()), None)),
            }
        })
    }
}

/// The answer of a method. What is more than one document is written by a task of its own, to its
/// end: calls are carried out though the client leaves.
pub(super) async fn transmit(state: &Arc<AppState>, right: Right, reply: Reply) -> Answer {
    if let Reply::Complete(reply) = &reply {
        return whole(state, reply).await;
    }
    let (client, answer) = oneshot::channel();
    let writer = Writer {
        state: Arc::clone(state),
        out: ReplyStream::default(),
        client: Client::Waiting(client),
        cost: STREAM,
        is_patient: false,
    };
    rt::spawn(writer.write(right, reply));
    // without an answer the log cannot be read, or the daemon is about to end
    let failed = |_| CallFailure::from(FaultCode::Failed.bare()).into();
    answer.await.unwrap_or_else(failed)
}

/// A complete answer; a large one waits for its share of the budget.
async fn whole(state: &AppState, reply: &Complete) -> Answer {
    let document = || write_reply(reply.size, |slot| reply.write_xml(slot));
    if reply.size <= SMALL {
        return Answer::Whole(document());
    }
    // in a box, so that the futures of small answers stay small
    match Box::pin(state.share(reply.size)).await {
        Some(share) => Answer::Large(document(), share),
        None => Answer::Busy,
    }
}

/// Writes one answer for a client, to its end or until the client leaves.
struct Writer {
    state: Arc<AppState>,
    out: ReplyStream,
    client: Client,
    /// Bytes to reserve before the first piece is sent.
    cost: usize,
    /// Wait for them as long as it takes.
    is_patient: bool,
}

/// What the client has got.
enum Client {
    /// Nothing.
    Waiting(oneshot::Sender<Answer>),
    /// The first piece; more can be sent.
    Reading(mpsc::Sender<Piece>),
    /// It has left, or the answer broke off.
    Gone,
}

/// The client does not want the rest, or it cannot be had.
struct Ended;

impl Client {
    fn is_gone(&self) -> bool {
        match self {
            Self::Waiting(answer) => answer.is_closed(),
            Self::Reading(pieces) => pieces.is_closed(),
            Self::Gone => true,
        }
    }
}

impl Writer {
    async fn write(mut self, right: Right, reply: Reply) {
        match reply {
            Reply::Complete(reply) => self.out.item(&reply),
            Reply::Calls(calls) => self.calls(right, calls).await,
            Reply::Log(part, tail) => {
                if let Err(Ended) = self.log(part, tail).await {
                    // an answer without its end tells the client that something is missing
                    return;
                }
            }
        }
        self.finish().await;
    }

    async fn log(&mut self, part: LogPart, tail: Option<(i64, bool)>) -> Result<(), Ended> {
        if tail.is_some() {
            self.out.begin_array();
        }
        self.out.begin_text();
        let mut encoder = TextEncoder::default();
        self.out
            .text(&encoder.push(&part.first, part.rest.is_none()));
        let workers = self.state.workers.clone();
        let encode = move |bytes: &[u8], is_last| encoder.push(bytes, is_last);
        let mut rest = pin!(part.rest(workers, encode));
        self.send_on().await?;
        while let Some(text) = rest.next().await {
            self.out.text(&text.map_err(|_| Ended)?);
            self.send_on().await?;
        }
        self.out.end();
        if let Some((size, has_more)) = tail {
            self.out.item(&size);
            self.out.item(&has_more);
            self.out.end();
        }
        self.send_on().await
    }

    /// Make calls one after the other, all of them even if the client leaves.
    async fn calls(&mut self, right: Right, calls: Vec<Value>) {
        // what was carried out gets its result, however long that takes
        self.is_patient = true;
        self.cost = STREAM + 3 * ROW * self.state.board.count();
        self.out.begin_array();
        for (number, call) in calls.iter().enumerate() {
            let written = match self.call(right, call).await {
                Ok(Reply::Complete(reply)) => {
                    self.out.item(&reply);
                    self.send_on().await
                }
                Ok(Reply::Log(part, tail)) if !self.client.is_gone() => self.log(part, tail).await,
                // a client that has left reads no logs; there is no multicall within another
                Ok(Reply::Log(..) | Reply::Calls(_)) => Err(Ended),
                Err(failure) => {
                    self.out.item(&failure);
                    self.send_on().await
                }
            };
            if written.is_err() {
                // nothing more can be sent: an answer that has begun breaks off here
                self.client = Client::Gone;
            }
            if number % CALLS_PER_TURN == CALLS_PER_TURN - 1 {
                tokio::task::yield_now().await;
            }
        }
    }

    async fn call(&self, right: Right, call: &Value) -> Result<Reply, CallFailure> {
        let (name, args) = system::parse_call(call)?;
        let callee = Callee::find(&self.state, name);
        perform(&self.state, right, callee, name, args).await
    }

    /// Send what has been written, if that is enough for a piece.
    async fn send_on(&mut self) -> Result<(), Ended> {
        if self.client.is_gone() {
            drop(self.out.take());
            return Err(Ended);
        }
        match &mut self.client {
            Client::Waiting(_) if self.out.waiting() < SMALL => Ok(()),
            Client::Reading(_) if self.out.waiting() < PIECE => Ok(()),
            Client::Waiting(_) => self.begin().await,
            Client::Reading(pieces) => {
                let piece = Some(self.out.take().into());
                let sent = pieces.send(piece).await.map_err(|_| Ended);
                // a client that reads fast does not hold up others
                tokio::task::yield_now().await;
                sent
            }
            Client::Gone => Err(Ended),
        }
    }

    /// Send the first piece, with its share of the budget; if that takes too long, the client is
    /// told to come back later.
    async fn begin(&mut self) -> Result<(), Ended> {
        let Client::Waiting(mut answer) = std::mem::replace(&mut self.client, Client::Gone) else {
            return Err(Ended);
        };
        let share = async {
            if self.is_patient {
                Some(self.state.budget.reserve(self.cost).await)
            } else {
                self.state.share(self.cost).await
            }
        };
        let share = tokio::select! {
            () = answer.closed() => return Err(Ended),
            share = share => share,
        };
        let Some(share) = share else {
            // too late is as good as never
            let _ = answer.send(Answer::Busy);
            return Err(Ended);
        };
        // the first piece needs no wait
        let (client, pieces) = mpsc::channel(1);
        let begun = Answer::Stream(Pieces {
            pieces,
            _share: share,
        });
        answer.send(begun).map_err(|_| Ended)?;
        let first = Some(self.out.take().into());
        client.send(first).await.map_err(|_| Ended)?;
        self.client = Client::Reading(client);
        Ok(())
    }

    async fn finish(self) {
        let last = self.out.finish();
        // in each case the client may have left
        match self.client {
            Client::Waiting(answer) => drop(answer.send(Answer::Whole(last))),
            Client::Reading(pieces) => {
                let _ = pieces.send(Some(last.into())).await;
                let _ = pieces.send(None).await;
            }
            Client::Gone => {}
        }
    }
}
