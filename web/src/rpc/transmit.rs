//! From what a method answers to what goes over the wire.
//!
//! A small answer is one document. A log and a `system.multicall` may be of any size: they are
//! written in pieces, each when the client has taken the one before it, and the results of a
//! multicall are made one after the other. So an answer never takes more than a few pieces of
//! memory, which are reserved before the first of them is sent ([`crate::budget`]).

use std::io;
use std::sync::Arc;

use actix_web::rt;
use actix_web::web::Bytes;
use futures_util::{Stream, stream};
use tokio::sync::mpsc;
use visord_actors::log::reader::Section;
use visord_model::fault::FaultCode;
use visord_xmlrpc::{Escaped, ReplyStream, ReplyWriter, TextEncoder, Value, encode_fault};

use super::method::{Complete, LogReply, Reply, Right};
use super::system;
use crate::budget::{PIECE, Reservation, SMALL, STREAM};
use crate::state::AppState;

/// Calls of a multicall between two turns of others.
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

/// An answer in pieces.
#[derive(Debug)]
pub struct Pieces {
    first: Option<Bytes>,
    rest: mpsc::Receiver<Piece>,
    _share: Reservation,
}

/// Why an answer ended before its end: the log could not be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the answer could not be completed")
    }
}

impl std::error::Error for Broken {}

impl Pieces {
    /// The pieces as they come. An answer that breaks off ends with an error, so that no client
    /// takes it for complete.
    pub fn stream(self) -> impl Stream<Item = Result<Bytes, Broken>> {
        stream::unfold(Some(self), |pieces| async move {
            let mut pieces = pieces?;
            if let Some(first) = pieces.first.take() {
                return Some((Ok(first), Some(pieces)));
            }
            match pieces.rest.recv().await {
                Some(Piece::More(piece)) => Some((Ok(piece), Some(pieces))),
                Some(Piece::Last(piece)) => Some((Ok(piece), None)),
                Some(Piece::Begin(..) | Piece::Only(_)) | None => Some((Err(Broken), None)),
            }
        })
    }
}

/// What the writer of an answer sends.
#[derive(Debug)]
enum Piece {
    /// The whole answer.
    Only(Answer),
    /// The first of several.
    Begin(Bytes, Reservation),
    /// Another.
    More(Bytes),
    /// The last.
    Last(Bytes),
}

/// A complete answer; a large one waits for its share of the budget.
pub(super) async fn whole(state: &AppState, reply: &Complete) -> Answer {
    let document = || ReplyWriter::with_capacity(reply.size()).finish_value(reply);
    if reply.size() <= SMALL {
        return Answer::Whole(document());
    }
    match state.share(reply.size()).await {
        Some(share) => Answer::Large(document(), share),
        None => Answer::Busy,
    }
}

/// The answer of a method. What is more than one document is written by a task of its own, to its
/// end: calls are carried out though the client leaves.
pub(super) async fn transmit(state: &Arc<AppState>, reply: Reply) -> Answer {
    let reply = match reply {
        Reply::Complete(reply) => return whole(state, &reply).await,
        Reply::Log(_) | Reply::Calls(..) => reply,
    };
    let (pieces, receiver) = mpsc::channel(1);
    let state = Arc::clone(state);
    rt::spawn(async move { Writer::new(&state, pieces).write(reply).await });
    receive(receiver).await
}

async fn receive(mut pieces: mpsc::Receiver<Piece>) -> Answer {
    match pieces.recv().await {
        Some(Piece::Only(answer)) => answer,
        Some(Piece::Begin(first, share)) => Answer::Stream(Pieces {
            first: Some(first),
            rest: pieces,
            _share: share,
        }),
        // the log cannot be read, or the daemon ends
        Some(Piece::More(_) | Piece::Last(_)) | None => {
            let failed = FaultCode::Failed.bare();
            Answer::Whole(encode_fault(failed.code.code().into(), &failed.text()))
        }
    }
}

/// A log of which more is to be read, or what is left of it.
#[derive(Debug)]
pub struct LogText {
    section: Section,
    encoder: TextEncoder,
}

impl LogText {
    /// What is left after these first bytes.
    #[must_use]
    pub fn after(first: &[u8], section: Section) -> (Escaped, Self) {
        let mut encoder = TextEncoder::default();
        let first = encoder.push(first);
        (first, Self { section, encoder })
    }

    /// The next piece, and what is left. Blocks.
    fn advance(mut self) -> io::Result<(Escaped, Option<Self>)> {
        let bytes = self.section.piece(PIECE)?;
        Ok(if self.section.is_at_end() {
            (self.encoder.last(&bytes), None)
        } else {
            (self.encoder.push(&bytes), Some(self))
        })
    }
}

/// Writes one answer into a channel, to its end or until the client goes.
struct Writer<'a> {
    state: &'a Arc<AppState>,
    pieces: mpsc::Sender<Piece>,
    out: ReplyStream,
    /// Bytes to reserve before the first piece is sent.
    cost: usize,
    /// Wait for them as long as it takes.
    is_patient: bool,
    has_begun: bool,
}

/// The client does not want the rest, or it cannot be had.
struct Ended;

impl<'a> Writer<'a> {
    fn new(state: &'a Arc<AppState>, pieces: mpsc::Sender<Piece>) -> Self {
        Self {
            state,
            pieces,
            out: ReplyStream::new(),
            cost: STREAM,
            is_patient: false,
            has_begun: false,
        }
    }

    async fn write(mut self, reply: Reply) {
        let written = match reply {
            Reply::Complete(reply) => {
                self.out.item(&reply);
                Ok(())
            }
            Reply::Log(log) => self.log(log).await,
            Reply::Calls(right, calls) => {
                // what was carried out gets its result, however long that takes
                self.is_patient = true;
                self.cost = STREAM + 3 * ROW * self.state.board.count();
                self.calls(right, calls).await;
                Ok(())
            }
        };
        // an answer without its end tells the client that something is missing
        if let Ok(()) = written {
            self.finish().await;
        }
    }

    async fn log(&mut self, log: LogReply) -> Result<(), Ended> {
        if log.tail.is_some() {
            self.out.begin_array();
        }
        self.out.begin_text();
        self.out.text(&log.first);
        let mut rest = Some(log.rest);
        while let Some(text) = rest.take() {
            self.send_on().await?;
            let read = self.state.workers.run(move || text.advance()).await;
            let Ok(Ok((piece, more))) = read else {
                return Err(Ended);
            };
            self.out.text(&piece);
            rest = more;
        }
        self.out.end();
        if let Some((size, has_more)) = log.tail {
            self.out.item(&size);
            self.out.item(&has_more);
            self.out.end();
        }
        Ok(())
    }

    /// Carry out calls one after the other, all of them even if the client goes.
    async fn calls(&mut self, right: Right, calls: Vec<Value>) {
        self.out.begin_array();
        for (number, call) in calls.iter().enumerate() {
            let written = match system::one(self.state, right, call).await {
                Ok(Reply::Complete(reply)) => {
                    self.out.item(&reply);
                    self.send_on().await
                }
                Ok(Reply::Log(log)) if !self.pieces.is_closed() => self.log(log).await,
                // a client that has gone does not read logs; there is no multicall in another
                Ok(Reply::Log(_) | Reply::Calls(..)) => Err(Ended),
                Err(fault) => {
                    self.out.item(&fault);
                    self.send_on().await
                }
            };
            if written.is_err() {
                self.hang_up();
            }
            if number % CALLS_PER_TURN == CALLS_PER_TURN - 1 {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Nothing more can be sent: an answer that has begun breaks off here.
    fn hang_up(&mut self) {
        let (closed, _) = mpsc::channel(1);
        self.pieces = closed;
    }

    /// Send what has been written, if that is enough for a piece.
    async fn send_on(&mut self) -> Result<(), Ended> {
        if self.pieces.is_closed() {
            drop(self.out.take());
            return Err(Ended);
        }
        let enough = if self.has_begun { PIECE } else { SMALL };
        if self.out.len() < enough {
            return Ok(());
        }
        if self.has_begun {
            let piece = Piece::More(self.out.take().into());
            let sent = self.pieces.send(piece).await.map_err(|_| Ended);
            // a client that reads fast does not hold up others
            tokio::task::yield_now().await;
            return sent;
        }
        let Some(share) = self.share().await? else {
            // too late is as good as never
            let _ = self.pieces.send(Piece::Only(Answer::Busy)).await;
            return Err(Ended);
        };
        self.has_begun = true;
        let piece = Piece::Begin(self.out.take().into(), share);
        self.pieces.send(piece).await.map_err(|_| Ended)
    }

    /// A share of the budget; nothing if it takes too long.
    async fn share(&self) -> Result<Option<Reservation>, Ended> {
        let share = async {
            if self.is_patient {
                Some(self.state.budget.reserve(self.cost).await)
            } else {
                self.state.share(self.cost).await
            }
        };
        tokio::select! {
            () = self.pieces.closed() => Err(Ended),
            share = share => Ok(share),
        }
    }

    async fn finish(self) {
        let last = self.out.finish();
        let last = if self.has_begun {
            Piece::Last(last.into())
        } else {
            Piece::Only(Answer::Whole(last))
        };
        // the client may have gone
        let _ = self.pieces.send(last).await;
    }
}
