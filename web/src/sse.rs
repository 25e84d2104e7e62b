//! Server-sent events: an answer that never ends, until somebody does.
//!
//! A talk writes into its [`Outlet`] what the client has not seen yet, and waits. Little is
//! kept for a client that does not read: the outlet takes one piece at a time, and when the
//! client has not taken it within the patience of the server, its connection is closed. It comes
//! back and resumes where it was. Nobody else notices any of this.

use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::rt;
use actix_web::web::Bytes;
use actix_web::{Error, HttpRequest, HttpResponse};
use futures_util::stream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{sleep, timeout};

use crate::answer;
use crate::connections::Connection;
use crate::route::{connection, refusal_if_foreign, serving};
use crate::site::Site;

/// Between two signs of life on a silent stream: proxies close what is silent for a minute.
pub const SILENCE: Duration = Duration::from_secs(15);

/// How long the end of the server waits for a client to take its last piece.
const FAREWELL: Duration = Duration::from_millis(500);

/// About how many bytes make a piece.
pub const PIECE: usize = 32 * 1024;

/// The client is gone, or does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

/// Where a talk writes.
#[derive(Debug)]
pub struct Outlet {
    pieces: mpsc::Sender<Bytes>,
    connection: Option<Rc<Connection>>,
    closing: watch::Receiver<bool>,
    patience: Duration,
}

/// Answer with a stream that `talk` writes, until it returns or the client leaves. A page of
/// another site gets none, nor does anybody while too many are open.
pub fn open<T>(
    request: &HttpRequest,
    site: &Site,
    talk: impl FnOnce(Outlet) -> T + 'static,
) -> HttpResponse
where
    T: Future<Output = Result<(), Gone>> + 'static,
{
    if let Some(refusal) = refusal_if_foreign(request, site) {
        return refusal;
    }
    let most = site.state.limits.streams();
    let Some(place) = site.shared.audience.enter(most) else {
        return answer::explained(
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many live streams are open.",
        );
    };
    let (sender, pieces) = mpsc::channel(1);
    let (seat, empty_seat) = oneshot::channel::<()>();
    let outlet = Outlet {
        pieces: sender.clone(),
        connection: connection(request).cloned(),
        closing: site.shared.closing(),
        patience: site.state.limits.patience,
    };
    rt::spawn(until_gone(outlet, sender, empty_seat, talk));
    let busy = (serving(request), place, seat);
    let body = stream::unfold((pieces, busy), |(mut pieces, busy)| async move {
        let piece = pieces.recv().await?;
        Some((Ok::<_, Error>(piece), (pieces, busy)))
    });
    HttpResponse::Ok()
        .insert_header((
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/event-stream"),
        ))
        .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .insert_header((
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(Box::pin(body))
}

/// Talk until the client leaves; see that a talk that ended is heard to its end, or cut off.
async fn until_gone<T>(
    outlet: Outlet,
    sender: mpsc::Sender<Bytes>,
    empty_seat: oneshot::Receiver<()>,
    talk: impl FnOnce(Outlet) -> T,
) where
    T: Future<Output = Result<(), Gone>>,
{
    let connection = outlet.connection.clone();
    let heard = tokio::select! {
        () = sender.closed() => return,
        heard = talk(outlet) => heard,
    };
    drop(sender);
    // the seat is left when the last piece is taken
    let left = heard.is_ok() && timeout(FAREWELL, empty_seat).await.is_ok();
    if let Some(connection) = connection.filter(|_| !left) {
        connection.evict();
    }
}

impl Outlet {
    /// Wait until a piece can be written at once.
    ///
    /// # Errors
    /// The client left, or has not taken the piece before this one for too long.
    pub async fn room(&mut self) -> Result<(), Gone> {
        let patience = self.patience;
        let closing = &mut self.closing;
        let enough = async {
            let end = async {
                until_closing(closing).await;
                sleep(FAREWELL).await;
            };
            // whichever comes first
            let _ = timeout(patience, end).await;
        };
        tokio::select! {
            biased;
            room = self.pieces.reserve() => room.map(drop).map_err(|_| Gone),
            () = enough => Err(Gone),
        }
    }

    /// Write a piece.
    ///
    /// # Errors
    /// As [`Self::room`].
    pub async fn send(&mut self, piece: impl Into<Bytes>) -> Result<(), Gone> {
        self.room().await?;
        // nobody else writes here
        self.pieces.try_send(piece.into()).map_err(|_| Gone)
    }

    /// Completes when the server is about to end: say the last words and return.
    pub async fn closing(&mut self) {
        until_closing(&mut self.closing).await;
    }
}

async fn until_closing(closing: &mut watch::Receiver<bool>) {
    // a server that is gone altogether closes too
    let _ = closing.wait_for(|closing| *closing).await;
}

/// A message: `event` and its data, one line of JSON.
#[must_use]
pub fn message(id: Option<&dyn std::fmt::Display>, event: &str, data: &str) -> String {
    let id = id.map_or_else(String::new, |id| format!("id: {id}\n"));
    format!("{id}event: {event}\ndata: {data}\n\n")
}

/// A sign of life that also tells where the client is.
#[must_use]
pub fn here(id: &dyn std::fmt::Display) -> String {
    format!(": here\nid: {id}\n\n")
}
