//! The text body of each event (spec core 7.1), byte for byte.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use super::{Event, Output};
use crate::exit::ExitStatus;
use crate::name::ProcessName;
use crate::process::Transition;
use crate::pyrepr;
use crate::state::ProcessState;

/// How much a process state event says (`event_detail` of a pool).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EventDetail {
    /// What the original says.
    #[default]
    Basic,
    /// Further `key:value` pairs after the original's: `cause`, and where there is one
    /// `exitcode`, `signal` and `core`, `uptime` (seconds), `spawnerr` (percent-encoded).
    Extended,
}

impl Event {
    /// The body in this much detail.
    pub fn payload(&self, detail: EventDetail) -> Vec<u8> {
        match self {
            Self::ProcessState { name, transition } => {
                state_text(name, transition, detail).into_bytes()
            }
            Self::ProcessCommunication(output) => output_text(output, ""),
            Self::ProcessLog(output) => {
                output_text(output, &format!(" channel:{}", output.stream.name()))
            }
            Self::Remote { kind, data } => format!("type:{kind}\n{data}").into_bytes(),
            Self::SupervisorRunning | Self::SupervisorStopping => Vec::new(),
            Self::Tick { when, .. } => format!("when:{when}").into_bytes(),
            Self::GroupAdded(name) | Self::GroupRemoved(name) => {
                format!("groupname:{name}\n").into_bytes()
            }
            // the blank at the end is the original's
            Self::ProcessAdded(name)
            | Self::ProcessRemoved(name)
            | Self::ProcessEnabled(name)
            | Self::ProcessDisabled(name) => {
                let ProcessName { group, process } = name;
                format!("processname:{process} groupname:{group} ").into_bytes()
            }
        }
    }
}

fn output_text(output: &Output, channel: &str) -> Vec<u8> {
    let Output { pid, data, .. } = output;
    let ProcessName { group, process } = &output.name;
    let mut text =
        format!("processname:{process} groupname:{group} pid:{pid}{channel}\n").into_bytes();
    match core::str::from_utf8(data) {
        Ok(_) => text.extend_from_slice(data),
        Err(_) => text.extend_from_slice(pyrepr::decoded(data).as_bytes()),
    }
    text
}

fn state_text(name: &ProcessName, step: &Transition, detail: EventDetail) -> String {
    let ProcessName { group, process } = name;
    let Transition {
        from,
        to,
        pid,
        tries,
        expected,
        ..
    } = step;
    let mut text = format!("processname:{process} groupname:{group} from_state:{from}");
    // writing to a String cannot fail
    let _ = match to {
        ProcessState::Starting | ProcessState::Backoff => write!(text, " tries:{tries}"),
        ProcessState::Running | ProcessState::Stopping | ProcessState::Stopped => {
            write!(text, " pid:{pid}")
        }
        ProcessState::Exited => write!(text, " expected:{} pid:{pid}", u8::from(*expected)),
        ProcessState::Fatal | ProcessState::Unknown => Ok(()),
    };
    match detail {
        EventDetail::Basic => {}
        EventDetail::Extended => extend(&mut text, step),
    }
    text
}

/// Listeners split the line at blanks and each part at its colon: no value has either.
fn extend(text: &mut String, step: &Transition) {
    let _ = write!(text, " cause:{}", cause(step));
    let _ = match step.exit {
        Some(ExitStatus::Code(code)) => write!(text, " exitcode:{code}"),
        Some(ExitStatus::Signal { signal, core }) => {
            let name = signal.name().replace(' ', "");
            write!(text, " signal:{name} core:{}", u8::from(core))
        }
        Some(ExitStatus::Other(raw)) => write!(text, " waitstatus:{raw}"),
        None => Ok(()),
    };
    if let Some(seconds) = step.uptime {
        let _ = write!(text, " uptime:{seconds}");
    }
    if !step.spawnerr.is_empty() {
        text.push_str(" spawnerr:");
        percent_encode(&step.spawnerr, text);
    }
}

/// Why the state changed, in one word. `restart`: started again after it had ended by
/// itself, be it by `autorestart` or on request.
fn cause(step: &Transition) -> &'static str {
    use ProcessState as S;
    let ended_by_signal = matches!(step.exit, Some(ExitStatus::Signal { .. }));
    match step.to {
        S::Starting if step.from == S::Backoff => "retry",
        S::Starting if step.from == S::Exited => "restart",
        S::Starting => "start",
        S::Running => "up",
        S::Backoff if step.exit.is_some() => "early_exit",
        S::Backoff => "spawn_error",
        S::Stopped if step.from == S::Unknown => "late_exit",
        S::Stopping | S::Stopped => "stop_request",
        S::Exited if ended_by_signal => "signal",
        S::Exited => "exit",
        S::Fatal => "gave_up",
        S::Unknown => "signal_error",
    }
}

fn percent_encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{EventKind, Stream};
    use crate::signal::Signal;
    use ProcessState as S;

    fn step(from: S, to: S) -> Transition {
        Transition {
            from,
            to,
            pid: 7,
            tries: 2,
            expected: false,
            exit: None,
            uptime: None,
            spawnerr: String::new(),
        }
    }

    fn state(transition: Transition) -> Event {
        Event::ProcessState {
            name: ProcessName::new("g", "p"),
            transition,
        }
    }

    fn output(stream: Stream, data: &[u8]) -> Output {
        Output {
            name: ProcessName::new("g", "p"),
            pid: 7,
            stream,
            data: data.into(),
        }
    }

    #[track_caller]
    fn check(event: Event, kind: EventKind, payload: &[u8]) {
        assert_eq!(event.kind(), kind);
        assert_eq!(event.payload(EventDetail::Basic), payload);
    }

    #[test]
    fn process_states() {
        use EventKind as K;
        for (from, to, kind, rest) in [
            (
                S::Stopped,
                S::Starting,
                K::ProcessStateStarting,
                "STOPPED tries:2",
            ),
            (
                S::Starting,
                S::Running,
                K::ProcessStateRunning,
                "STARTING pid:7",
            ),
            (
                S::Starting,
                S::Backoff,
                K::ProcessStateBackoff,
                "STARTING tries:2",
            ),
            (
                S::Running,
                S::Stopping,
                K::ProcessStateStopping,
                "RUNNING pid:7",
            ),
            (
                S::Running,
                S::Exited,
                K::ProcessStateExited,
                "RUNNING expected:0 pid:7",
            ),
            (
                S::Stopping,
                S::Stopped,
                K::ProcessStateStopped,
                "STOPPING pid:7",
            ),
            (S::Backoff, S::Fatal, K::ProcessStateFatal, "BACKOFF"),
            (S::Running, S::Unknown, K::ProcessStateUnknown, "RUNNING"),
        ] {
            let payload = format!("processname:p groupname:g from_state:{rest}");
            check(state(step(from, to)), kind, payload.as_bytes());
        }
    }

    #[test]
    fn output_of_processes() {
        use EventKind as K;
        check(
            Event::ProcessLog(output(Stream::Stderr, "grün\n".as_bytes())),
            K::ProcessLogStderr,
            "processname:p groupname:g pid:7 channel:stderr\ngrün\n".as_bytes(),
        );
        check(
            Event::ProcessLog(output(Stream::Stdout, b"\xff'")),
            K::ProcessLogStdout,
            b"processname:p groupname:g pid:7 channel:stdout\nUndecodable: b\"\\xff'\"",
        );
        check(
            Event::ProcessCommunication(output(Stream::Stdout, b"")),
            K::ProcessCommunicationStdout,
            b"processname:p groupname:g pid:7\n",
        );
        check(
            Event::ProcessCommunication(output(Stream::Stderr, b"a\nb")),
            K::ProcessCommunicationStderr,
            b"processname:p groupname:g pid:7\na\nb",
        );
    }

    #[test]
    fn everything_else() {
        use EventKind as K;
        let remote = Event::Remote {
            kind: "t".into(),
            data: "one\ntwo\n".into(),
        };
        check(remote, K::RemoteCommunication, b"type:t\none\ntwo\n");
        check(
            Event::SupervisorRunning,
            K::SupervisorStateChangeRunning,
            b"",
        );
        check(
            Event::SupervisorStopping,
            K::SupervisorStateChangeStopping,
            b"",
        );
        let tick = Event::Tick {
            kind: EventKind::Tick60,
            when: 120,
        };
        check(tick, K::Tick60, b"when:120");
        check(
            Event::GroupAdded("g".into()),
            K::ProcessGroupAdded,
            b"groupname:g\n",
        );
        check(
            Event::GroupRemoved("g".into()),
            K::ProcessGroupRemoved,
            b"groupname:g\n",
        );
    }

    #[test]
    fn processes_that_come_and_go() {
        use EventKind as K;
        let name = || ProcessName::new("g", "p");
        for (event, kind) in [
            (Event::ProcessAdded(name()), K::ProcessAdded),
            (Event::ProcessRemoved(name()), K::ProcessRemoved),
            (Event::ProcessEnabled(name()), K::ProcessEnabled),
            (Event::ProcessDisabled(name()), K::ProcessDisabled),
        ] {
            check(event, kind, b"processname:p groupname:g ");
        }
    }

    #[test]
    fn extended_detail_keeps_the_line_parseable() {
        let mut exited = step(S::Running, S::Exited);
        exited.exit = Some(ExitStatus::Code(3));
        exited.uptime = Some(12);
        exited.spawnerr = "Bad exit code 3: a\nb %".into();
        let payload = state(exited).payload(EventDetail::Extended);
        let text = core::str::from_utf8(&payload).unwrap();
        assert_eq!(
            text,
            "processname:p groupname:g from_state:RUNNING expected:0 pid:7 cause:exit \
             exitcode:3 uptime:12 spawnerr:Bad%20exit%20code%203%3A%20a%0Ab%20%25"
        );
        assert!(text.split(' ').all(|part| part.split(':').count() == 2));
        let mut killed = step(S::Stopping, S::Stopped);
        killed.exit = Some(ExitStatus::Signal {
            signal: Signal::raw(40),
            core: true,
        });
        let payload = state(killed).payload(EventDetail::Extended);
        assert_eq!(
            core::str::from_utf8(&payload).unwrap(),
            "processname:p groupname:g from_state:STOPPING pid:7 cause:stop_request \
             signal:signal40 core:1"
        );
        // other events are as they were
        let tick = Event::GroupAdded("g".into());
        let [extended, basic] =
            [EventDetail::Extended, EventDetail::Basic].map(|it| tick.payload(it));
        assert_eq!(extended, basic);
    }
}
