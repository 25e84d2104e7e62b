//! Several logs as they grow, in one stream of whole lines. State changes of their processes and
//! loss and return of the daemon are reported on standard error.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use visord_model::event::Stream;
use visord_model::state::ProcessState;
use visord_xmlrpc::client::encode_path;
use visord_xmlrpc::http::Answer;
use visord_xmlrpc::{CallError, Client};

use super::Labels;
use crate::ctl::command::log::{LogId, NO_LOG};
use crate::ctl::failure::{ExitStatus, Failure, Result};
use crate::ctl::follow::{GREETING, read};
use crate::ctl::interrupt::Taken;
use crate::ctl::lines::LogLines;
use crate::ctl::live::{LiveEvent, ProcessStatus, Watcher, Woken};
use crate::ctl::session::Session;

/// How often a daemon without an event stream is asked about its processes.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// How long after a failure a stream is opened again.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Show the logs of these processes until Ctrl-C.
pub(super) fn follow(session: &mut Session, labels: &Labels, channels: &[Stream]) -> Result {
    let interrupted = session.terminal.take_interrupts()?;
    session.say(GREETING)?;
    let sources = (0..labels.names.len()).flat_map(|at| {
        channels.iter().map(move |channel| MergedLog {
            process: at,
            channel: *channel,
            stream: None,
            is_missing: false,
            lines: LogLines::default(),
        })
    });
    let mut merged = Merged {
        sources: sources.collect(),
        session,
        labels,
        interrupted,
        watcher: None,
        is_settled: false,
        pids: BTreeMap::new(),
        retry_at: None,
        is_gone: false,
    };
    if !merged.open()? {
        return Ok(());
    }
    let ended = loop {
        if let Err(failure) = merged.step() {
            break failure;
        }
    };
    if let Failure::Interrupted = ended {
        for at in 0..merged.sources.len() {
            let rest: Vec<Vec<u8>> = merged.sources[at].lines.finish().into_iter().collect();
            merged.show(at, &rest)?;
        }
    }
    Err(ended)
}

struct MergedLog {
    /// Index of the process.
    process: usize,
    channel: Stream,
    /// Nothing before it is opened, and after it broke off.
    stream: Option<Answer>,
    /// The daemon has no such log.
    is_missing: bool,
    lines: LogLines,
}

impl MergedLog {
    fn open(&mut self, client: Client, name: &str) -> Result<(), CallError> {
        let path = LogId::Of(name, self.channel).stream();
        match client.stream(&encode_path(&path)) {
            Ok(stream) => self.stream = Some(stream),
            Err(CallError::Status { code: 404, .. }) => self.is_missing = true,
            Err(other) => return Err(other),
        }
        Ok(())
    }

    /// The lines that were completed since the last time.
    fn take_lines(&mut self) -> Vec<Vec<u8>> {
        let Some(stream) = &mut self.stream else {
            return Vec::new();
        };
        // Whole chunks: the first one is what the daemon sends again when a log is reopened.
        let lines = self.lines.push(&stream.take_chunks());
        if stream.is_closed() {
            self.stream = None;
            self.lines.resume();
        }
        lines
    }

    fn is_broken(&self) -> bool {
        self.stream.is_none() && !self.is_missing
    }
}

struct Merged<'s> {
    session: &'s mut Session,
    labels: &'s Labels,
    sources: Vec<MergedLog>,
    interrupted: Taken,
    watcher: Option<Watcher>,
    /// The watcher has reported every process once; from now on it reports changes.
    is_settled: bool,
    /// The pids under which our processes were last seen RUNNING.
    pids: BTreeMap<String, i64>,
    /// When what is broken is opened again.
    retry_at: Option<Instant>,
    /// The loss of the daemon was reported.
    is_gone: bool,
}

impl Merged<'_> {
    /// Open everything for the first time; false if there is nothing to show.
    fn open(&mut self) -> Result<bool> {
        self.reopen()?;
        for (at, name) in self.labels.names.iter().enumerate() {
            let mut sources = self.sources.iter().filter(|source| source.process == at);
            if sources.all(|source| source.is_missing) {
                let line = format!("{name}: ERROR ({NO_LOG})");
                self.session.fail(ExitStatus::GENERIC, &line)?;
            }
        }
        Ok(!self.sources.iter().all(|source| source.is_missing))
    }

    /// Wait for something and show it; fails after Ctrl-C.
    fn step(&mut self) -> Result {
        for at in 0..self.sources.len() {
            let lines = self.sources[at].take_lines();
            self.show(at, &lines)?;
        }
        if self.sources.iter().all(|source| source.stream.is_none()) {
            self.report_loss()?;
        }
        let is_broken = self.watcher.is_none() || self.sources.iter().any(MergedLog::is_broken);
        if is_broken && self.retry_at.is_none() {
            self.retry_at = Some(Instant::now() + RETRY_INTERVAL);
        }
        let woken = self.wait()?;
        let open = self
            .sources
            .iter_mut()
            .filter_map(|source| source.stream.as_mut());
        for (stream, _) in open.zip(woken.ready).filter(|(_, ready)| *ready) {
            read(stream);
        }
        for event in woken.events {
            self.handle(event)?;
        }
        if woken.is_closed {
            self.watcher = None;
        }
        if self.retry_at.is_some_and(|moment| Instant::now() >= moment) {
            self.retry_at = None;
            self.reopen()?;
        }
        Ok(())
    }

    /// Which of the open logs are ready, and what the watcher reports.
    fn wait(&mut self) -> Result<Woken> {
        let open = self
            .sources
            .iter()
            .filter_map(|source| source.stream.as_ref());
        let descriptors: Vec<BorrowedFd<'_>> = open.map(AsFd::as_fd).collect();
        if let Some(watcher) = &mut self.watcher {
            return watcher.wait(&self.interrupted, &descriptors, self.retry_at);
        }
        Ok(Woken {
            ready: self.interrupted.wait_for(&descriptors, self.retry_at)?,
            ..Woken::default()
        })
    }

    fn show(&mut self, at: usize, lines: &[Vec<u8>]) -> Result {
        let source = &self.sources[at];
        let mut text = Vec::new();
        for line in lines {
            text.extend(self.labels.line(source.process, source.channel, line));
            text.push(b'\n');
        }
        Ok(self.session.terminal.out_bytes(&text)?)
    }

    fn reopen(&mut self) -> Result {
        match self.try_to_reopen() {
            Ok(()) if self.is_gone => {
                self.is_gone = false;
                let url = self.session.server.shown();
                self.notice(&format!("connected to {url} again"))
            }
            Ok(()) => Ok(()),
            Err(failure) if failure.is_absence() => self.report_loss(),
            Err(failure) => Err(failure),
        }
    }

    fn try_to_reopen(&mut self) -> Result {
        // First, so that no change after the logs are open is missed.
        if self.watcher.is_none() {
            self.watcher = Some(Watcher::open(&self.session.server, POLL_INTERVAL)?);
            self.is_settled = false;
        }
        for source in self.sources.iter_mut().filter(|source| source.is_broken()) {
            let client = self.session.server.client()?;
            source.open(client, &self.labels.names[source.process])?;
        }
        Ok(())
    }

    /// Say once that the daemon is not there.
    fn report_loss(&mut self) -> Result {
        if std::mem::replace(&mut self.is_gone, true) {
            return Ok(());
        }
        let url = self.session.server.shown();
        self.notice(&format!("{url} has gone, waiting for it"))
    }

    /// Report what happened to one of our processes.
    fn handle(&mut self, event: LiveEvent) -> Result {
        match event {
            LiveEvent::State(status) if self.labels.names.contains(&status.namespec) => {
                let before = self.pids.get(&status.namespec).copied();
                if status.state == ProcessState::Running {
                    self.pids.insert(status.namespec.clone(), status.pid);
                }
                match notice(&status, before).filter(|_| self.is_settled) {
                    Some(text) => self.notice(&text),
                    None => Ok(()),
                }
            }
            LiveEvent::Removed(name) if self.labels.names.contains(&name) => {
                self.notice(&format!("{name} was removed"))
            }
            LiveEvent::Ready => {
                self.is_settled = true;
                Ok(())
            }
            LiveEvent::State(_) | LiveEvent::Removed(_) | LiveEvent::Other => Ok(()),
        }
    }

    fn notice(&mut self, text: &str) -> Result {
        Ok(self.session.terminal.err(&format!("==> {text} <==\n"))?)
    }
}

/// What is reported of a new state: how a process ended, and that it runs again.
fn notice(status: &ProcessStatus, pid_before: Option<i64>) -> Option<String> {
    let (namespec, state) = (&status.namespec, status.state);
    let (pid, why) = (status.pid, &status.why);
    match state {
        ProcessState::Running if pid_before == Some(pid) => None,
        // The daemon may have skipped its end.
        ProcessState::Running if !why.is_empty() => {
            Some(format!("{namespec} runs again, pid {pid} ({why})"))
        }
        ProcessState::Running => Some(format!("{namespec} runs, pid {pid}")),
        ProcessState::Starting | ProcessState::Stopping => None,
        ProcessState::Stopped
        | ProcessState::Backoff
        | ProcessState::Exited
        | ProcessState::Fatal
        | ProcessState::Unknown => {
            let reason = status.reason();
            let comma = if reason.is_empty() { "" } else { ", " };
            Some(format!("{namespec} is {state}{comma}{reason}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reported_of_processes() {
        use ProcessState::{Exited, Fatal, Running, Starting};
        let again = Some("web runs again, pid 8 (exited with code 1)");
        let exited = Some("web is EXITED, exited with code 1");
        for (state, pid, why, before, expected) in [
            (Running, 7, "", Some(7), None),
            (Running, 8, "", Some(7), Some("web runs, pid 8")),
            (Running, 8, "exited with code 1", Some(7), again),
            (Starting, 8, "", Some(7), None),
            (Exited, 0, "exited with code 1", Some(7), exited),
            (Fatal, 0, "", None, Some("web is FATAL, words")),
        ] {
            let status = ProcessStatus {
                namespec: "web".to_owned(),
                state,
                description: "words".to_owned(),
                why: why.to_owned(),
                pid,
            };
            assert_eq!(notice(&status, before).as_deref(), expected, "{state}");
        }
    }
}
