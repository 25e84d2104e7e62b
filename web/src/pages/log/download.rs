//! The whole log as a file.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use actix_web::http::{StatusCode, header};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::{StreamExt as _, stream};
use visord_actors::workers::Workers;

use crate::answer;
use crate::budget::STREAM;
use crate::log_source::Source;
use crate::log_view;
use crate::route::serving;
use crate::rpc::logs::Channel;
use crate::site::Site;

/// Bytes read at a time.
const PIECE: u64 = 64 * 1024;

/// What the file is to be called: nothing in it can hurt a header or a disk.
pub(super) fn name(source: &Source) -> String {
    let tame = |name: &str| -> String {
        let keeps = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        name.chars()
            .map(|c| if keeps(c) { c } else { '_' })
            .collect()
    };
    match source {
        Source::Process(name, Channel::Stdout) => format!("{}-stdout.log", tame(name)),
        Source::Process(name, Channel::Stderr) => format!("{}-stderr.log", tame(name)),
        Source::Activity => "supervisord.log".to_owned(),
    }
}

/// The file as it is now, from this offset on (negative: from the end), without what is written
/// meanwhile. It is read as fast as the client takes it.
pub(super) async fn respond(
    request: &HttpRequest,
    site: &Site,
    path: PathBuf,
    name: &str,
    from: i64,
) -> HttpResponse {
    let Some(share) = site.state.share(STREAM).await else {
        return answer::busy();
    };
    let workers = site.state.workers.clone();
    let opened = workers.run(move || log_view::open(&path)).await;
    let Ok(Ok((file, size))) = opened else {
        return answer::error(StatusCode::NOT_FOUND);
    };
    let first = match u64::try_from(from) {
        Ok(offset) => offset.min(size),
        Err(_) => size.saturating_sub(from.unsigned_abs()),
    };
    let still = (serving(request), share);
    let pieces = stream::try_unfold((file, first), move |(file, at)| {
        piece(workers.clone(), file, at, size)
    });
    let pieces = pieces.inspect(move |_| {
        let _still = &still;
    });
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain;charset=utf-8"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ))
        .no_chunking(size - first)
        .streaming(pieces)
}

/// The next bytes. A file that became shorter ends the answer with an error: the client sees
/// that something is missing.
async fn piece(
    workers: Workers,
    file: File,
    at: u64,
    size: u64,
) -> io::Result<Option<(Bytes, (File, u64))>> {
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
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let next = at + bytes.len() as u64;
    Ok(Some((bytes.into(), (file, next))))
}
