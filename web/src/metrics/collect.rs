//! Which numbers there are.

use std::collections::BTreeMap;
use std::sync::Arc;

use visord_actors::messages::supervisor::ProcessName;
use visord_actors::usage::Sample;
use visord_model::process::ProcessInfo;
use visord_model::state::{ProcessState, SupervisorState};

use super::text::{Kind, Text};
use crate::clock;
use crate::state::{AppState, STANDS_IN_FOR};

/// One process with what it uses.
struct Row {
    info: Arc<ProcessInfo>,
    name: ProcessName,
    used: Option<Sample>,
}

/// Write all of it.
pub(super) fn everything(text: &mut Text, state: &AppState, streams: usize) {
    daemon(text, state, streams);
    let used = state.usage.all();
    let rows = state.board.all().into_iter();
    let rows: Vec<Row> = rows.map(|info| Row::of(info, &used)).collect();
    states(text, &rows);
    resources(text, &rows);
    logs(text, state, &rows);
    pools(text, state);
    calls(text, state);
}

impl Row {
    fn of(info: Arc<ProcessInfo>, used: &BTreeMap<ProcessName, Sample>) -> Self {
        let name = ProcessName {
            group: info.group.clone(),
            process: info.name.clone(),
        };
        let used = used.get(&name).filter(|_| info.pid > 0).copied();
        Self { info, name, used }
    }

    fn labels(&self) -> [(&'static str, &str); 2] {
        [("group", &self.info.group), ("process", &self.info.name)]
    }
}

fn daemon(text: &mut Text, state: &AppState, streams: usize) {
    let identifier = &state.board.identity().identifier;
    text.family(Kind::Info, "visord_build", "Which program answers.");
    let labels = [
        ("build", state.build.as_str()),
        ("supervisor_version", STANDS_IN_FOR),
        ("identifier", identifier),
    ];
    text.sample(&labels, 1);
    let help = "Whether the daemon is in this state.";
    text.family(Kind::Gauge, "visord_mood", help);
    let mood = state.board.mood();
    for one in [
        SupervisorState::Running,
        SupervisorState::Restarting,
        SupervisorState::Shutdown,
        SupervisorState::Fatal,
    ] {
        text.sample(&[("mood", one.name())], u8::from(one == mood));
    }
    if let Some(own) = state.usage.own() {
        let help = "Processor time of the daemon itself.";
        text.family(Kind::Counter, "process_cpu_seconds", help);
        text.sample(&[], own.seconds.as_secs_f64());
        let help = "Memory of the daemon itself.";
        text.family(Kind::Gauge, "process_resident_memory_bytes", help);
        text.sample(&[], own.rss);
        let help = "When the daemon started, in Unix time.";
        text.family(Kind::Gauge, "process_start_time_seconds", help);
        let age = i64::try_from(own.age.as_secs()).unwrap_or(i64::MAX);
        text.sample(&[], clock::now().saturating_sub(age));
    }
    let help = "Live streams of pages that are open.";
    text.family(Kind::Gauge, "visord_live_streams", help);
    text.sample(&[], streams);
}

fn states(text: &mut Text, rows: &[Row]) {
    let help = "Whether the process is in this state.";
    text.family(Kind::Gauge, "visord_process_state", help);
    for row in rows {
        let [group, process] = row.labels();
        for one in ProcessState::ALL {
            let labels = [group, process, ("state", one.name())];
            text.sample(&labels, u8::from(one == row.info.state));
        }
    }
    let help = "Starts after the first, whatever their reason.";
    text.family(Kind::Counter, "visord_process_restarts", help);
    for row in rows {
        text.sample(&row.labels(), row.info.restarts);
    }
    let help = "When it was last started, in Unix time.";
    text.family(Kind::Gauge, "visord_process_start_time_seconds", help);
    for row in rows.iter().filter(|row| row.info.start > 0) {
        text.sample(&row.labels(), row.info.start);
    }
    let help = "Time since its last start, while it runs.";
    text.family(Kind::Gauge, "visord_process_uptime_seconds", help);
    let now = clock::now();
    for row in rows.iter().filter(|row| row.info.pid > 0) {
        text.sample(&row.labels(), (now - row.info.start).max(0));
    }
    let help = "How its last child ended: the exit code, -1 for a signal.";
    text.family(Kind::Gauge, "visord_process_last_exit_code", help);
    for row in rows {
        if let Some(exit) = &row.info.last_exit {
            text.sample(&row.labels(), exit.status.code());
        }
    }
}

fn resources(text: &mut Text, rows: &[Row]) {
    let used = || {
        let running = rows.iter();
        running.filter_map(|row| Some((row.labels(), row.used?)))
    };
    let help = "Processor time since its start, of all that descends from it.";
    text.family(Kind::Counter, "visord_process_cpu_seconds", help);
    for (labels, used) in used() {
        text.sample(&labels, used.seconds);
    }
    let help = "Memory of all that descends from it; what they share counts for each.";
    text.family(Kind::Gauge, "visord_process_resident_memory_bytes", help);
    for (labels, used) in used() {
        text.sample(&labels, used.rss);
    }
    let help = "How many processes it and its descendants are.";
    text.family(Kind::Gauge, "visord_process_tree_size", help);
    for (labels, used) in used() {
        text.sample(&labels, used.processes);
    }
}

fn logs(text: &mut Text, state: &AppState, rows: &[Row]) {
    let each = |text: &mut Text, count: &dyn Fn(&ProcessName) -> [u64; 2]| {
        for row in rows {
            let [group, process] = row.labels();
            let counts = count(&row.name);
            for (channel, bytes) in ["stdout", "stderr"].into_iter().zip(counts) {
                text.sample(&[group, process, ("channel", channel)], bytes);
            }
        }
    };
    let help = "Bytes of output written to log files.";
    text.family(Kind::Counter, "visord_log_stored_bytes", help);
    each(text, &|name| {
        let stored = (state.stored)(name);
        [stored.stdout, stored.stderr]
    });
    let help = "Bytes of output that could not be stored.";
    text.family(Kind::Counter, "visord_log_lost_bytes", help);
    each(text, &|name| {
        let lost = (state.lost)(name);
        [lost.stdout, lost.stderr]
    });
}

fn pools(text: &mut Text, state: &AppState) {
    let pools = state.board.pools();
    let help = "Events that wait for a listener of the pool.";
    text.family(Kind::Gauge, "visord_event_queue_length", help);
    for (pool, meter) in &pools {
        text.sample(&[("pool", pool)], meter.waiting());
    }
    let help = "Events that listeners of the pool work on.";
    text.family(Kind::Gauge, "visord_event_in_progress", help);
    for (pool, meter) in &pools {
        text.sample(&[("pool", pool)], meter.held());
    }
    let help = "Events discarded because the buffer of the pool was full.";
    text.family(Kind::Counter, "visord_event_discarded", help);
    for (pool, meter) in &pools {
        text.sample(&[("pool", pool)], meter.discarded());
    }
}

fn calls(text: &mut Text, state: &AppState) {
    let help = "Time to answer a call, by method.";
    text.family(Kind::Histogram, "visord_rpc_duration_seconds", help);
    for (method, meter) in state.meters.methods() {
        let labels = [("method", method)];
        text.histogram(&labels, meter.buckets(), meter.count(), meter.seconds());
    }
    let help = "Calls answered with a fault, by method.";
    text.family(Kind::Counter, "visord_rpc_faults", help);
    for (method, meter) in state.meters.methods() {
        text.sample(&[("method", method)], meter.faults());
    }
    let help = "HTTP requests answered, by class of status.";
    text.family(Kind::Counter, "visord_http_requests", help);
    for (class, count) in state.meters.answers() {
        text.sample(&[("code", class)], count);
    }
}
