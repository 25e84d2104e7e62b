//! Several logs as they grow, in one stream of whole lines. What happens to the programs
//! and the daemon meanwhile is told on standard error.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use visord_model::state::ProcessState;
use visord_xmlrpc::client::encode_path;
use visord_xmlrpc::http::Answer;
use visord_xmlrpc::{CallError, Client};

use super::Channel;
use super::several::Labels;
use crate::ctl::exit_status::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::follow::{GREETING, wait_for};
use crate::ctl::interrupt::Taken;
use crate::ctl::lines::Lines;
use crate::ctl::live::Seen;
use crate::ctl::session::Session;
use crate::ctl::watcher::{News, Watcher, left_until};

/// How often a daemon is asked about its processes that does not tell by itself.
const EVERY: Duration = Duration::from_secs(2);

/// How long passes before what broke off is asked for again.
const PAUSE: Duration = Duration::from_secs(1);

/// Show the logs of these processes until Ctrl-C.
pub(super) fn follow(
    session: &mut Session<'_>,
    labels: &Labels,
    channels: &[Channel],
) -> Result<(), Failure> {
    let interrupted = session.terminal.take_interrupts()?;
    session.say(GREETING)?;
    let logs = (0..labels.names().len())
        .flat_map(|at| channels.iter().map(move |channel| Log::new(at, *channel)));
    let mut merged = Merged {
        logs: logs.collect(),
        session,
        labels,
        interrupted,
        watcher: None,
        is_settled: false,
        pids: BTreeMap::new(),
        mend_at: None,
        is_gone: false,
    };
    if !merged.open()? {
        return Ok(());
    }
    while merged.go_on()? {}
    for at in 0..merged.logs.len() {
        let rest: Vec<Vec<u8>> = merged.logs[at].lines.finish().into_iter().collect();
        merged.show(at, &rest)?;
    }
    merged.session.say("")
}

/// One log.
struct Log {
    /// Which of the processes.
    process: usize,
    channel: Channel,
    stream: Stream,
    lines: Lines,
    /// What came of a chunk that is not complete.
    chunk: Vec<u8>,
}

enum Stream {
    Open(Box<Answer>),
    /// It broke off, or was not opened yet.
    Broken,
    /// The daemon has no such log.
    Missing,
}

impl Log {
    fn new(process: usize, channel: Channel) -> Self {
        Self {
            process,
            channel,
            stream: Stream::Broken,
            lines: Lines::default(),
            chunk: Vec::new(),
        }
    }

    /// Ask for the stream.
    fn open(&mut self, client: Client, name: &str) -> Result<(), CallError> {
        let path = format!("/logtail/{name}/{}", self.channel.name());
        self.stream = match client.stream(&encode_path(&path)) {
            Ok(answer) => Stream::Open(Box::new(answer)),
            Err(CallError::Status { code: 404, .. }) => Stream::Missing,
            Err(other) => return Err(other),
        };
        self.chunk.clear();
        Ok(())
    }

    /// Take what has arrived, blocking if nothing has; the lines that are complete.
    fn read(&mut self) -> Vec<Vec<u8>> {
        let Stream::Open(answer) = &mut self.stream else {
            return Vec::new();
        };
        let (chunk, lines) = (&mut self.chunk, &mut self.lines);
        let mut complete = Vec::new();
        let more = answer.advance(&mut |piece| {
            chunk.extend_from_slice(piece.bytes);
            if piece.ends_chunk {
                complete.extend(lines.push(chunk));
                chunk.clear();
            }
        });
        // A server that goes away in the middle of a chunk is gone, nothing else.
        if !more.unwrap_or(false) {
            self.stream = Stream::Broken;
            // The daemon sends the end of the log again when it is asked again.
            self.lines.resume();
        }
        complete
    }

    /// Whether something can be read although the descriptor does not say so.
    fn has_buffered(&self) -> bool {
        match &self.stream {
            Stream::Open(answer) => answer.has_buffered(),
            Stream::Broken | Stream::Missing => false,
        }
    }
}

struct Merged<'s, 't> {
    session: &'s mut Session<'t>,
    labels: &'s Labels,
    logs: Vec<Log>,
    interrupted: Taken,
    watcher: Option<Watcher>,
    /// The watcher has told of everything there is; from now on it tells of changes.
    is_settled: bool,
    /// The pids under which our processes were last seen RUNNING.
    pids: BTreeMap<String, i64>,
    /// When what broke off is asked for again.
    mend_at: Option<Instant>,
    /// That the daemon has gone was told.
    is_gone: bool,
}

impl Merged<'_, '_> {
    /// Ask for everything at first; false if there is nothing to show.
    fn open(&mut self) -> Result<bool, Failure> {
        self.mend()?;
        for at in 0..self.labels.names().len() {
            let mut logs = self.logs.iter().filter(|log| log.process == at);
            if logs.all(|log| matches!(log.stream, Stream::Missing)) {
                let line = format!("{}: ERROR (no log file)", self.labels.name(at));
                self.session.fail(ExitStatus::Generic, &line)?;
            }
        }
        let mut logs = self.logs.iter();
        Ok(!logs.all(|log| matches!(log.stream, Stream::Missing)))
    }

    /// Wait for something and show it; false after Ctrl-C.
    fn go_on(&mut self) -> Result<bool, Failure> {
        for at in 0..self.logs.len() {
            if self.logs[at].has_buffered() {
                let lines = self.logs[at].read();
                self.show(at, &lines)?;
            }
        }
        let broken = |log: &Log| matches!(log.stream, Stream::Broken);
        if self.mend_at.is_none() && (self.watcher.is_none() || self.logs.iter().any(broken)) {
            self.mend_at = Some(Instant::now() + PAUSE);
        }
        let (ready, news) = self.wait()?;
        if ready.first() == Some(&true) {
            return Ok(false);
        }
        let open = |(at, log): (usize, &Log)| matches!(log.stream, Stream::Open(_)).then_some(at);
        let open: Vec<usize> = self.logs.iter().enumerate().filter_map(open).collect();
        for (at, ready) in open.into_iter().zip(ready.into_iter().skip(1)) {
            if ready {
                let lines = self.logs[at].read();
                self.show(at, &lines)?;
            }
        }
        match news {
            None => self.watcher = None,
            Some(news) => {
                for news in news {
                    self.hear(news)?;
                }
            }
        }
        let is_open = |log: &Log| matches!(log.stream, Stream::Open(_));
        if !self.logs.iter().any(is_open) {
            self.break_off()?;
        }
        if self.mend_at.is_some_and(|moment| Instant::now() >= moment) {
            self.mend_at = None;
            self.mend()?;
        }
        Ok(true)
    }

    /// Which descriptors are ready, Ctrl-C first, then the open logs; and what was heard.
    fn wait(&mut self) -> Result<(Vec<bool>, Option<Vec<News>>), Failure> {
        let mut descriptors: Vec<BorrowedFd<'_>> = vec![self.interrupted.as_fd()];
        for log in &self.logs {
            if let Stream::Open(answer) = &log.stream {
                descriptors.push(answer.as_fd());
            }
        }
        if let Some(watcher) = &mut self.watcher {
            let woken = watcher.wait(&descriptors, self.mend_at)?;
            return Ok((woken.ready, woken.news));
        }
        let patience = self.mend_at.map(left_until);
        let ready = wait_for(&descriptors, patience)?;
        let ready = ready.unwrap_or_else(|| vec![false; descriptors.len()]);
        Ok((ready, None))
    }

    fn show(&mut self, at: usize, lines: &[Vec<u8>]) -> Result<(), Failure> {
        let Log {
            process, channel, ..
        } = self.logs[at];
        let mut text = Vec::new();
        for line in lines {
            text.extend(self.labels.line(process, channel, line));
            text.push(b'\n');
        }
        Ok(self.session.terminal.out_bytes(&text)?)
    }

    /// Open what is not open.
    fn mend(&mut self) -> Result<(), Failure> {
        match self.try_to_mend() {
            Ok(()) if self.is_gone => {
                self.is_gone = false;
                let url = self.session.server.shown();
                self.notice(&format!("connected to {url} again"))
            }
            Ok(()) => Ok(()),
            Err(failure) if failure.is_absence() => self.break_off(),
            Err(failure) => Err(failure),
        }
    }

    /// A daemon that is not there is told of once.
    fn break_off(&mut self) -> Result<(), Failure> {
        if std::mem::replace(&mut self.is_gone, true) {
            return Ok(());
        }
        let url = self.session.server.shown();
        self.notice(&format!("{url} has gone, waiting for it"))
    }

    fn try_to_mend(&mut self) -> Result<(), Failure> {
        // Whoever opens everything before it is asked hears of all that happens then.
        if self.watcher.is_none() {
            self.watcher = Some(Watcher::open(&self.session.server, EVERY)?);
            self.is_settled = false;
        }
        for log in &mut self.logs {
            if matches!(log.stream, Stream::Broken) {
                let client = self.session.client()?;
                log.open(client, self.labels.name(log.process))?;
            }
        }
        Ok(())
    }

    /// Tell what happened to one of our processes.
    fn hear(&mut self, news: News) -> Result<(), Failure> {
        match news {
            News::State(seen) => {
                if !self.labels.names().contains(&seen.namespec) {
                    return Ok(());
                }
                let before = self.pids.get(&seen.namespec).copied();
                if seen.state == ProcessState::Running.name() {
                    self.pids.insert(seen.namespec.clone(), seen.pid);
                }
                match event(&seen, before).filter(|_| self.is_settled) {
                    Some(text) => self.notice(&text),
                    None => Ok(()),
                }
            }
            News::Gone(name) if self.labels.names().contains(&name) => {
                self.notice(&format!("{name} was removed"))
            }
            News::Gone(_) => Ok(()),
            News::Ready => {
                self.is_settled = true;
                Ok(())
            }
        }
    }

    fn notice(&mut self, text: &str) -> Result<(), Failure> {
        Ok(self.session.terminal.err(&format!("==> {text} <==\n"))?)
    }
}

/// What there is to tell of a state: how a program ended, and that it runs again.
fn event(seen: &Seen, pid_before: Option<i64>) -> Option<String> {
    let Seen {
        namespec,
        state,
        description,
        why,
        pid,
    } = seen;
    let known = ProcessState::ALL
        .into_iter()
        .find(|known| known.name() == state)?;
    let words = if why.is_empty() { description } else { why };
    let comma = if words.is_empty() { "" } else { ", " };
    match known {
        ProcessState::Running if pid_before == Some(*pid) => None,
        // The daemon may have passed over its end.
        ProcessState::Running if !why.is_empty() => {
            Some(format!("{namespec} runs again, pid {pid} ({why})"))
        }
        ProcessState::Running => Some(format!("{namespec} runs, pid {pid}")),
        ProcessState::Starting | ProcessState::Stopping => None,
        ProcessState::Stopped
        | ProcessState::Backoff
        | ProcessState::Exited
        | ProcessState::Fatal
        | ProcessState::Unknown => Some(format!("{namespec} is {state}{comma}{words}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_programs() {
        let seen = |state: &str, pid, why: &str| Seen {
            namespec: "web".to_owned(),
            state: state.to_owned(),
            description: "words".to_owned(),
            why: why.to_owned(),
            pid,
        };
        for (state, pid, why, before, told) in [
            ("RUNNING", 7, "", Some(7), None),
            ("RUNNING", 8, "", Some(7), Some("web runs, pid 8")),
            (
                "RUNNING",
                8,
                "exited with code 1",
                Some(7),
                Some("web runs again, pid 8 (exited with code 1)"),
            ),
            ("STARTING", 8, "", Some(7), None),
            (
                "EXITED",
                0,
                "exited with code 1",
                Some(7),
                Some("web is EXITED, exited with code 1"),
            ),
            ("FATAL", 0, "", None, Some("web is FATAL, words")),
        ] {
            let text = event(&seen(state, pid, why), before);
            assert_eq!(text.as_deref(), told, "{state}");
        }
    }
}
