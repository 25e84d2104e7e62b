//! One captured output: what happens to its bytes between the pipe and the log
//! (spec core 6.5). No thread and no pipe here: bytes come in, the disk is a seam.

mod capture;
mod lines;

use std::io;
use std::sync::atomic::Ordering;
use std::time::Instant;

use slog::{Drain, Logger};
use visord_model::event::{Event, Output as EventOutput};
use visord_model::output::ansi;
use visord_model::output::capture::Section;
use visord_model::pyrepr::{repr, repr_bytes};

use capture::Capture;
use lines::Lines;

use crate::disk::{Disk, Kind};
use crate::file::LogFile;
use crate::followers::Followers;
use crate::ledger::Counts;
use crate::loss::Loss;
use crate::spec::ChannelSpec;
use crate::syslog::SyslogHandle;

/// The most that waits for a stalled sink: a drained pipe of the largest usual size.
const QUEUE_LIMIT: usize = 1024 * 1024;

pub(crate) struct Output<D: Disk> {
    pub(crate) spec: ChannelSpec,
    logger: Logger,
    followers: Followers,
    pub(crate) file: Option<LogFile<D>>,
    syslog: Option<SyslogHandle>,
    capture: Option<Capture>,
    /// Lines instead of the bytes as they come.
    lines: Option<Lines>,
    /// What a stalled sink has not taken yet.
    queue: Vec<u8>,
    pub(crate) loss: Loss,
    pub(crate) counts: Counts,
    pid: i32,
}

impl<D: Disk> Output<D> {
    pub(crate) fn new(
        spec: ChannelSpec,
        file: Option<LogFile<D>>,
        syslog: Option<SyslogHandle>,
        counts: Counts,
        logger: Logger,
        followers: Followers,
    ) -> Self {
        Self {
            capture: Capture::of(&spec),
            lines: Lines::of(&spec),
            spec,
            logger,
            followers,
            file,
            syslog,
            queue: Vec::new(),
            loss: Loss::default(),
            counts,
            pid: 0,
        }
    }

    /// Whether both are the same output of the same process, going to the same log.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        let (a, b) = (&self.spec, &other.spec);
        (a.stream, &a.name, &a.file) == (b.stream, &b.name, &b.file)
    }

    /// A new child writes: capture mode starts outside a section.
    pub(crate) fn begin(&mut self, pid: i32) {
        self.pid = pid;
        if let Some(syslog) = &mut self.syslog {
            syslog.begin(pid);
        }
        self.capture = Capture::of(&self.spec);
    }

    /// Takes bytes from the pipe through the whole path.
    pub(crate) fn accept(&mut self, bytes: &[u8]) {
        if self.capture.is_some() {
            self.split(Some(bytes));
        } else {
            self.record(bytes, None);
        }
    }

    /// The child's output has ended: what was held back follows (difference C5).
    pub(crate) fn finish(&mut self) {
        self.finish_capture();
        self.put_lines(None);
    }

    /// Steps 2 to 5 of spec core 6.5 for one record.
    fn record(&mut self, bytes: &[u8], section: Option<&mut Section>) {
        let clean;
        let bytes = if self.spec.strip_ansi && ansi::contains_sequence(bytes) {
            clean = ansi::strip(bytes);
            &clean[..]
        } else {
            bytes
        };
        match section {
            Some(section) => section.push(bytes),
            None => self.store(bytes),
        }
        if self.spec.described && self.logger.is_enabled(slog::Level::Debug) {
            self.show(bytes);
        }
        if self.spec.config.events_enabled
            && let Some(events) = &self.spec.events
            && events.has_subscriber(self.spec.stream.log_kind())
        {
            events.publish(Event::ProcessLog(self.event(bytes.to_vec())));
        }
    }

    fn event(&self, data: Vec<u8>) -> EventOutput {
        EventOutput {
            name: self.spec.name.clone(),
            pid: self.pid,
            stream: self.spec.stream,
            data,
        }
    }

    fn show(&self, bytes: &[u8]) {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => format!("Undecodable: {}", repr_bytes(bytes)),
        };
        let of = self.spec.shown();
        slog::debug!(self.logger, "{of} output:\n{text}");
    }

    fn store(&mut self, bytes: &[u8]) {
        if let Some(syslog) = &mut self.syslog {
            syslog.send(bytes);
        }
        if self.file.is_none() {
            return;
        }
        if self.lines.is_some() {
            self.put_lines(Some(bytes));
        } else {
            self.put(bytes);
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        if self.queue.is_empty() {
            self.write(bytes);
        } else {
            self.enqueue(bytes);
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        let Some(file) = &mut self.file else {
            return;
        };
        let appended = file.append(bytes);
        let rest = &bytes[appended.stored..];
        if appended.stored > 0 {
            let stored = appended.stored as u64;
            self.counts.stored.fetch_add(stored, Ordering::Relaxed);
            self.followers.grown(&file.path);
        }
        self.say_remark();
        match appended.error {
            None => {}
            Some(error) if error.kind() == io::ErrorKind::WouldBlock => self.enqueue(rest),
            Some(error) => self.lose(rest.len(), &error),
        }
    }

    /// Says what went wrong with the file but was survived.
    pub(crate) fn say_remark(&mut self) {
        if let Some(remark) = self.file.as_mut().and_then(|file| file.remark.take()) {
            slog::warn!(self.logger, "{remark}");
        }
    }

    pub(crate) fn lose(&mut self, bytes: usize, reason: &dyn std::fmt::Display) {
        self.counts.lost.fetch_add(bytes as u64, Ordering::Relaxed);
        self.loss.add(bytes, reason);
    }

    fn enqueue(&mut self, bytes: &[u8]) {
        let room = QUEUE_LIMIT.saturating_sub(self.queue.len());
        let (kept, excess) = bytes.split_at(room.min(bytes.len()));
        self.queue.extend_from_slice(kept);
        if !excess.is_empty() {
            self.lose(excess.len(), &self.stall());
        }
    }

    /// Why the sink takes nothing.
    fn stall(&self) -> String {
        match self.file.as_ref().map(|file| file.kind) {
            Some(Kind::Regular | Kind::Borrowed) => {
                io::Error::from_raw_os_error(libc::EAGAIN).to_string()
            }
            Some(Kind::Pollable | Kind::Socket) | None => "its reader does not read".to_owned(),
        }
    }

    /// Bytes a stalled sink has not taken yet.
    pub(crate) fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Offers the queue to the sink again: it may have room, or be another one.
    pub(crate) fn resume(&mut self) {
        if self.queue.is_empty() {
            return;
        }
        let queue = std::mem::take(&mut self.queue);
        self.write(&queue);
    }

    /// Takes over what an earlier run of the same process left: what is queued, what is
    /// owed.
    pub(crate) fn inherit(&mut self, earlier: &mut Self) {
        let queue = std::mem::take(&mut earlier.queue);
        self.enqueue(&queue);
        self.loss.inherit(&mut earlier.loss);
    }

    /// Gives up on what is still queued.
    pub(crate) fn abandon_queue(&mut self) {
        let queue = std::mem::take(&mut self.queue);
        if !queue.is_empty() {
            self.lose(queue.len(), &self.stall());
        }
    }

    /// Opens the log again and returns the old handle; a failure is only logged, and the old
    /// handle stays in use.
    pub(crate) fn reopen(&mut self) -> Option<D::File> {
        let file = self.file.as_mut()?;
        match file.reopen() {
            Ok(old) => Some(old),
            Err(error) => {
                let path = file.path.display();
                slog::warn!(
                    self.logger,
                    "cannot reopen {path}: {error}; going on with the old file"
                );
                None
            }
        }
    }

    /// Whether all is well: nothing queued, nothing owed, nothing to be compressed.
    pub(crate) fn is_calm(&self) -> bool {
        let has_rotated = self
            .file
            .as_ref()
            .is_some_and(|file| file.rotated.is_some());
        self.queue.is_empty() && !self.loss.is_owed() && !has_rotated
    }

    /// Whether it may be forgotten: nothing queued, nothing owed, and not so soon after a
    /// declaration that the next run would declare again within the second.
    pub(crate) fn is_settled(&self, now: Instant) -> bool {
        self.queue.is_empty() && self.loss.is_settled(now)
    }

    /// Declares lost bytes unless it did so within the last second.
    pub(crate) fn declare(&mut self, now: Instant) {
        if let Some(text) = self.loss.declare(&self.spec.shown(), now) {
            slog::error!(self.logger, "{text}");
        }
    }

    /// The warning that rotation is off because the log is not a file of ours.
    pub(crate) fn rotation_warning(&self) -> Option<String> {
        let option = format!("{}_logfile", self.spec.stream.name());
        let of = format!(" of process {}", repr(&self.spec.name.process));
        self.file.as_ref()?.rotation_warning(&option, &of)
    }
}

#[cfg(test)]
mod tests;
