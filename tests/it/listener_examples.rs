//! The example listeners speak the protocol as the pools understand it.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use visord_model::event::{Event, EventDetail};
use visord_model::exit::ExitStatus;
use visord_model::listener::{Conversation, EventLength, Queued, Reading, envelope};
use visord_model::process::Transition;
use visord_model::state::ProcessState;

use crate::events::{compile_rust_listener, examples};

/// A listener with pipes, and the pool's side of the conversation.
struct Listener {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    talk: Conversation<usize>,
    sent: usize,
}

impl Listener {
    fn start(program: &Path, file: &Path) -> Self {
        let mut child = Command::new(program)
            .arg(file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let stdout = child.stdout.take().expect("a pipe");
        Self {
            stdin: child.stdin.take(),
            stdout,
            child,
            talk: Conversation::default(),
            sent: 0,
        }
    }

    /// What it says next.
    fn hear(&mut self) -> Reading<usize> {
        loop {
            let mut byte = [0];
            self.stdout.read_exact(&mut byte).expect("something said");
            if let Some(reading) = self.talk.read(&mut &byte[..]) {
                return reading;
            }
        }
    }

    /// Wait for READY, send an event, wait for the answer.
    fn tell(&mut self, event: &Event) -> Reading<usize> {
        assert_eq!(self.hear(), Reading::Ready);
        let queued = Queued {
            serial: 7,
            pool_serial: 3,
            event: Arc::new(event.clone()),
        };
        let (detail, length) = (EventDetail::Basic, EventLength::Bytes);
        let envelope = envelope("supervisor", "pool", &queued, detail, length);
        let stdin = self.stdin.as_mut().expect("still open");
        stdin.write_all(&envelope).expect("a reader");
        self.talk.offer(self.sent);
        assert_eq!(self.talk.delivered(), Some(&self.sent));
        self.sent += 1;
        self.hear()
    }

    /// A closed stdin ends it.
    fn end(mut self) {
        assert_eq!(self.hear(), Reading::Ready);
        self.stdin = None;
        self.child.wait().expect("it ends");
    }
}

fn exited(process: &str, expected: bool) -> Event {
    Event::ProcessState {
        name: visord_model::name::ProcessName::new(process, process),
        transition: Transition {
            from: ProcessState::Running,
            to: ProcessState::Exited,
            pid: 42,
            tries: 0,
            expected,
            exit: Some(ExitStatus::Code(3)),
            uptime: Some(5),
            spawnerr: String::new(),
        },
    }
}

fn shell_listener() -> PathBuf {
    examples().join("listener.sh")
}

#[test]
fn rust_listener_reports_failures() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("failures.txt");
    let program = folder.path().join("listener");
    compile_rust_listener(&program);
    let mut listener = Listener::start(&program, &file);
    assert_eq!(listener.tell(&exited("good", true)), Reading::Processed(0));
    assert_eq!(listener.tell(&exited("bad", false)), Reading::Processed(1));
    let group = Event::GroupAdded("grün".into());
    assert_eq!(listener.tell(&group), Reading::Processed(2));
    listener.end();
    let report = fs::read_to_string(file).expect("a report");
    assert_eq!(report, "bad ended unexpectedly\n");
}

#[test]
fn shell_listener_keeps_a_journal() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("journal.txt");
    let mut listener = Listener::start(&shell_listener(), &file);
    let remote = Event::Remote {
        kind: "t".into(),
        data: "two\nlines, grün".into(),
    };
    assert_eq!(listener.tell(&remote), Reading::Processed(0));
    let empty = Event::SupervisorRunning;
    assert_eq!(listener.tell(&empty), Reading::Processed(1));
    listener.end();
    assert_eq!(
        fs::read_to_string(file).expect("a journal"),
        "REMOTE_COMMUNICATION\ntype:t\ntwo\nlines, grün\nSUPERVISOR_STATE_CHANGE_RUNNING\n\n"
    );
}

#[test]
fn shell_listener_rejects_what_it_cannot_write() {
    let mut listener = Listener::start(&shell_listener(), Path::new("/nowhere/journal.txt"));
    let event = Event::GroupAdded("g".into());
    assert_eq!(listener.tell(&event), Reading::Rejected(0));
    // nothing of the first event is left in its stdin
    assert_eq!(listener.tell(&event), Reading::Rejected(1));
    listener.end();
}
