//! The whole log as a file.

use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Bytes;
use futures_util::stream;

use super::super::Visit;
use crate::answer::{Refusal, in_pieces};
use crate::budget::STREAM;
use crate::log_source::LogSource;
use crate::log_view;

/// Bytes read at a time.
const PIECE: u64 = 64 * 1024;

/// The name of the file, safe in a header and on any disk.
pub(super) fn name(source: &LogSource) -> String {
    let tame = |name: &str| -> String {
        let keeps = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        name.chars()
            .map(|c| if keeps(c) { c } else { '_' })
            .collect()
    };
    match source {
        LogSource::Process(name, stream) => format!("{}-{}.log", tame(name), stream.name()),
        LogSource::Activity => "supervisord.log".to_owned(),
    }
}

/// The file as it is now, from the offset `from=` on (negative: from the end), without what is
/// written meanwhile. It is read as fast as the client takes it.
pub(super) async fn respond(
    visit: &Visit<'_>,
    path: PathBuf,
    name: &str,
) -> Result<HttpResponse, Refusal> {
    let state = &visit.site.state;
    let share = state.share(STREAM).await.ok_or_else(Refusal::busy)?;
    let workers = state.workers.clone();
    let opened = workers.run(move || log_view::open(&path)).await;
    let Ok(Ok((file, size))) = opened else {
        return Err(Refusal::NOT_FOUND);
    };
    let from: i64 = visit.query.number("from").unwrap_or(0);
    let first = match u64::try_from(from) {
        Ok(offset) => offset.min(size),
        Err(_) => size.saturating_sub(from.unsigned_abs()),
    };
    let pieces = stream::try_unfold((file, first), move |(file, at)| {
        let workers = workers.clone();
        async move {
            if at == size {
                return Ok(None);
            }
            let read = workers.run(move || {
                let length = usize::try_from(PIECE.min(size - at)).unwrap_or(0);
                let mut bytes = vec![0; length];
                let count = file.read_at(&mut bytes, at)?;
                bytes.truncate(count);
                io::Result::Ok((bytes, file))
            });
            let (bytes, file) = read.await??;
            if bytes.is_empty() {
                // the file became shorter: the client sees that something is missing
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
            let next = at + bytes.len() as u64;
            Ok(Some((Bytes::from(bytes), (file, next))))
        }
    });
    let mut response = HttpResponse::Ok();
    response
        .content_type("text/plain;charset=utf-8")
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ))
        .no_chunking(size - first);
    Ok(in_pieces(visit.request, &mut response, pieces, share))
}
