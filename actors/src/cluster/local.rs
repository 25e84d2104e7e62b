//! The processes of the local supervisord, as the cluster knows them: read from the board and the
//! feed, which draw no serial numbers and change nothing that event listeners see.

use std::collections::BTreeMap;
use std::sync::Arc;

use visord_cluster::input::Input;
use visord_cluster::message::{LocalProcess, ProcessEvent};
use visord_model::event::Event;
use visord_model::moment::Moment;
use visord_model::name::ProcessName;
use visord_model::process::{ProcessInfo, Transition};
use visord_model::state::ProcessState;

use crate::board::Board;
use crate::feed::{Cursor, Entry, News};

/// Shows Unix seconds in the local zone, for descriptions.
pub type LocalTime = fn(i64) -> String;

/// What happened to the local supervisord.
#[expect(clippy::large_enum_variant, reason = "short-lived, moved once")]
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Happened {
    /// It is RUNNING.
    Running,
    /// It stops everything.
    Stopping,
    /// Something about a process.
    Input(Input),
}

/// Follows the local processes.
#[derive(Debug)]
pub(super) struct LocalProcesses {
    board: Arc<Board>,
    cursor: Cursor,
    rows: BTreeMap<ProcessName, Arc<ProcessInfo>>,
    local_time: LocalTime,
}

impl LocalProcesses {
    /// From now on.
    pub(super) fn new(board: Arc<Board>, local_time: LocalTime) -> Self {
        let (rows, cursor) = board.snapshot();
        Self {
            board,
            cursor,
            rows: by_name(rows),
            local_time,
        }
    }

    /// All of them.
    pub(super) fn all(&self, now: Moment) -> Vec<LocalProcess> {
        let rows = self.rows.values();
        rows.map(|row| described(row, now, self.local_time))
            .collect()
    }

    /// One of them.
    pub(super) fn one(&self, name: &ProcessName, now: Moment) -> Option<LocalProcess> {
        let row = self.rows.get(name)?;
        Some(described(row, now, self.local_time))
    }

    /// What happened since the last call, in order.
    pub(super) fn news(&mut self, now: Moment) -> Vec<Happened> {
        let Some(entries) = self.board.feed().since(self.cursor) else {
            return self.read_again(now);
        };
        if let Some(last) = entries.last() {
            self.cursor = self.cursor.at(last.seq);
        }
        let happened = entries.iter().filter_map(|entry| self.entry(entry, now));
        happened.collect()
    }

    fn entry(&mut self, entry: &Entry, now: Moment) -> Option<Happened> {
        match &entry.news {
            News::State(row) => self.row(row, now).map(Happened::Input),
            News::Gone(name) => {
                self.rows.remove(name)?;
                Some(Happened::Input(removed(name)))
            }
            News::Event { event, .. } => self.event(event, entry.at, now),
        }
    }

    /// A row of the board changed; a change of its state alone is told by an event.
    fn row(&mut self, row: &Arc<ProcessInfo>, now: Moment) -> Option<Input> {
        let known = self.rows.insert(row.full_name(), Arc::clone(row));
        let described = || described(row, now, self.local_time);
        match known {
            None => Some(Input::LocalAdded(described())),
            // another process in its place, with other settings
            Some(known) if known.origin != row.origin => Some(Input::LocalAdded(described())),
            Some(known) if known.disabled != row.disabled => {
                Some(Input::LocalDisability(described()))
            }
            Some(_) => None,
        }
    }

    fn event(&self, event: &Event, at: i64, now: Moment) -> Option<Happened> {
        match event {
            Event::SupervisorRunning => Some(Happened::Running),
            Event::SupervisorStopping => Some(Happened::Stopping),
            Event::ProcessState { name, transition } => {
                let row = self.rows.get(name)?;
                let event = process_event(row, transition, at, now);
                Some(Happened::Input(Input::LocalEvent(event)))
            }
            // rows tell what these are about
            Event::GroupAdded(_)
            | Event::GroupRemoved(_)
            | Event::ProcessAdded(_)
            | Event::ProcessRemoved(_)
            | Event::ProcessEnabled(_)
            | Event::ProcessDisabled(_)
            | Event::ProcessCommunication(_)
            | Event::ProcessLog(_)
            | Event::Remote { .. }
            | Event::Tick { .. } => None,
        }
    }

    /// Some entries are forgotten: find out by the rows what they were about.
    fn read_again(&mut self, now: Moment) -> Vec<Happened> {
        let (rows, cursor) = self.board.snapshot();
        self.cursor = cursor;
        let rows = by_name(rows);
        let gone: Vec<ProcessName> = self
            .rows
            .keys()
            .filter(|name| !rows.contains_key(name))
            .cloned()
            .collect();
        let mut happened: Vec<Happened> = Vec::new();
        for name in gone {
            self.rows.remove(&name);
            happened.push(Happened::Input(removed(&name)));
        }
        for row in rows.into_values() {
            let before = self.rows.get(&row.full_name()).map(|known| known.state);
            happened.extend(self.row(&row, now).map(Happened::Input));
            if before.is_some_and(|state| state != row.state) {
                let event = event_of_row(&row, now);
                happened.push(Happened::Input(Input::LocalEvent(event)));
            }
        }
        happened
    }
}

fn by_name(rows: Vec<Arc<ProcessInfo>>) -> BTreeMap<ProcessName, Arc<ProcessInfo>> {
    let rows = rows.into_iter();
    rows.map(|row| (row.full_name(), row)).collect()
}

fn removed(name: &ProcessName) -> Input {
    Input::LocalRemoved {
        group: Arc::clone(&name.group),
        process: Some(Arc::clone(&name.process)),
    }
}

/// Exact for every second and millisecond that a clock shows.
#[allow(clippy::cast_precision_loss)]
fn float(number: i64) -> f64 {
    number as f64
}

fn described(row: &ProcessInfo, now: Moment, local_time: LocalTime) -> LocalProcess {
    LocalProcess {
        name: row.full_name(),
        state: row.state,
        start: float(row.start),
        stop: float(row.stop),
        now: float(now.unix),
        start_monotonic: row.start_mono.0.as_secs_f64(),
        stop_monotonic: row.stop_mono.0.as_secs_f64(),
        now_monotonic: now.mono.0.as_secs_f64(),
        pid: row.pid,
        description: row.description(now.unix, &local_time),
        spawnerr: row.spawnerr.clone(),
        expected: row.is_expected(),
        extra_args: row.extra_args.to_string(),
        startsecs: row.origin.startsecs,
        stopwaitsecs: row.origin.stopwaitsecs,
        process_index: row.origin.index,
        program: Arc::clone(&row.origin.program),
        disabled: row.disabled,
        has_stdout: row.origin.has_stdout,
        has_stderr: row.origin.has_stderr,
    }
}

/// `at` is the time of the event in Unix milliseconds.
fn process_event(row: &ProcessInfo, step: &Transition, at: i64, now: Moment) -> ProcessEvent {
    ProcessEvent {
        state: step.to,
        now: float(at) / 1000.0,
        pid: step.pid,
        // only an end by itself can be unexpected
        expected: step.expected || step.to != ProcessState::Exited,
        spawnerr: step.spawnerr.clone(),
        ..event_of_row(row, now)
    }
}

fn event_of_row(row: &ProcessInfo, now: Moment) -> ProcessEvent {
    ProcessEvent {
        name: row.full_name(),
        state: row.state,
        now: float(now.unix),
        now_monotonic: now.mono.0.as_secs_f64(),
        pid: row.pid,
        expected: row.is_expected(),
        spawnerr: row.spawnerr.clone(),
        extra_args: row.extra_args.to_string(),
        disabled: row.disabled,
        forced: None,
    }
}

#[cfg(test)]
mod tests;
