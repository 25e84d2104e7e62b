//! `/metrics`: the state of the daemon in numbers, for Prometheus and compatible readers.
//! `/healthz`: whether it runs.
//!
//! Nearly all numbers are read from their owners for each request; only calls and requests are
//! counted for it ([`crate::meters`]). The text is made by a worker thread
//! (docs/decisions/0011-metrics.md).

mod text;

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use visord_actors::messages::supervisor::ProcessName;
use visord_actors::usage::Sample;
use visord_logs::ByteCounts;
use visord_model::process::ProcessInfo;
use visord_model::state::{ProcessState, SupervisorState};

use self::text::{COUNTER, Format, GAUGE, HISTOGRAM, INFO, Label, Text};
use crate::answer::{Refusal, uncached};
use crate::clock;
use crate::site::Site;
use crate::state::{AppState, STANDS_IN_FOR};

/// Responds to `GET /metrics`.
pub async fn respond(request: HttpRequest, site: web::Data<Site>) -> Result<HttpResponse, Refusal> {
    let format = Format::accepted(&request);
    let (state, streams) = (Arc::clone(&site.state), site.server.streams.clone());
    let text = site.state.workers.run(move || {
        state.usage.sample_once();
        let mut text = Text::new(format);
        everything(&mut text, &state, streams.len());
        text.finish()
    });
    // it panicked, or too many jobs wait
    let text = text.await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(uncached(StatusCode::OK, format.content_type())
        .insert_header((header::VARY, "Accept"))
        .body(text))
}

/// Responds to `GET /healthz`: 200 while the daemon runs, 503 once it is closing. It needs no
/// login, so it reveals nothing else.
pub async fn health(site: web::Data<Site>) -> HttpResponse {
    let (status, text) = if site.state.board.state().is_closing() {
        (StatusCode::SERVICE_UNAVAILABLE, "closing\n")
    } else {
        (StatusCode::OK, "OK\n")
    };
    uncached(status, "text/plain").body(text)
}

/// One process with its use of resources.
struct ProcessRow {
    info: Arc<ProcessInfo>,
    name: ProcessName,
    used: Option<Sample>,
}

/// Writes all of them.
fn everything(text: &mut Text, state: &AppState, streams: usize) {
    daemon(text, state, streams);
    let used = state.usage.all();
    let rows = state.board.all().into_iter();
    let rows: Vec<ProcessRow> = rows.map(|info| ProcessRow::new(info, &used)).collect();
    states(text, &rows);
    resources(text, &rows);
    logs(text, state, &rows);
    pools(text, state);
    calls(text, state);
}

impl ProcessRow {
    fn new(info: Arc<ProcessInfo>, used: &BTreeMap<ProcessName, Sample>) -> Self {
        let name = info.full_name();
        let used = used.get(&name).filter(|_| info.pid > 0).copied();
        Self { info, name, used }
    }

    fn labels(&self) -> [Label<'_>; 2] {
        [("group", &self.info.group), ("process", &self.info.name)]
    }

    fn labels_with<'a>(&'a self, name: &'static str, value: &'a str) -> [Label<'a>; 3] {
        let [group, process] = self.labels();
        [group, process, (name, value)]
    }
}

fn daemon(text: &mut Text, state: &AppState, streams: usize) {
    let labels = [
        ("build", state.build.as_str()),
        ("supervisor_version", STANDS_IN_FOR),
        ("identifier", &state.board.identity().identifier),
    ];
    let help = "Which program answers.";
    text.family(INFO, "visord_build", help, [(labels, 1)]);
    let help = "Whether the daemon is in this state.";
    let current = state.board.state();
    let states = [
        SupervisorState::Running,
        SupervisorState::Restarting,
        SupervisorState::Shutdown,
        SupervisorState::Fatal,
    ]
    .map(|one| ([("mood", one.name())], u8::from(one == current)));
    text.family(GAUGE, "visord_mood", help, states);
    if let Some(own) = state.usage.own() {
        let help = "Processor time of the daemon itself.";
        let seconds = own.seconds.as_secs_f64();
        text.family(COUNTER, "process_cpu_seconds", help, [([], seconds)]);
        let help = "Memory of the daemon itself.";
        let rss = [([], own.rss)];
        text.family(GAUGE, "process_resident_memory_bytes", help, rss);
        let help = "When the daemon started, in Unix time.";
        let age = i64::try_from(own.age.as_secs()).unwrap_or(i64::MAX);
        let start = clock::now().saturating_sub(age);
        text.family(GAUGE, "process_start_time_seconds", help, [([], start)]);
    }
    let help = "Live streams of pages that are open.";
    text.family(GAUGE, "visord_live_streams", help, [([], streams)]);
}

fn states(text: &mut Text, rows: &[ProcessRow]) {
    let help = "Whether the process is in this state.";
    let states = rows.iter().flat_map(|row| {
        ProcessState::ALL.into_iter().map(|one| {
            let labels = row.labels_with("state", one.name());
            (labels, u8::from(one == row.info.state))
        })
    });
    text.family(GAUGE, "visord_process_state", help, states);
    let help = "Starts after the first, whatever their reason.";
    let restarts = rows.iter().map(|row| (row.labels(), row.info.restarts));
    text.family(COUNTER, "visord_process_restarts", help, restarts);
    let help = "When it was last started, in Unix time.";
    let started = rows.iter().filter(|row| row.info.start > 0);
    let starts = started.map(|row| (row.labels(), row.info.start));
    text.family(GAUGE, "visord_process_start_time_seconds", help, starts);
    let help = "Time since its last start, while it runs.";
    let now = clock::now();
    let running = rows.iter().filter(|row| row.info.pid > 0);
    let uptimes = running.map(|row| (row.labels(), (now - row.info.start).max(0)));
    text.family(GAUGE, "visord_process_uptime_seconds", help, uptimes);
    let help = "How its last child ended: the exit code, -1 for a signal.";
    let exits = rows.iter().filter_map(|row| {
        let exit = row.info.last_exit.as_ref()?;
        Some((row.labels(), exit.status.code()))
    });
    text.family(GAUGE, "visord_process_last_exit_code", help, exits);
}

fn resources(text: &mut Text, rows: &[ProcessRow]) {
    let used = || {
        rows.iter()
            .filter_map(|row| Some((row.labels(), row.used?)))
    };
    let help = "Processor time since its start, of all that descends from it.";
    let seconds = used().map(|(labels, used)| (labels, used.seconds));
    text.family(COUNTER, "visord_process_cpu_seconds", help, seconds);
    let help = "Memory of all that descends from it; what they share counts for each.";
    let rss = used().map(|(labels, used)| (labels, used.rss));
    text.family(GAUGE, "visord_process_resident_memory_bytes", help, rss);
    let help = "How many processes it and its descendants are.";
    let processes = used().map(|(labels, used)| (labels, used.processes));
    text.family(GAUGE, "visord_process_tree_size", help, processes);
}

fn logs(text: &mut Text, state: &AppState, rows: &[ProcessRow]) {
    let help = "Bytes of output written to log files.";
    let stored = by_channel(rows, &*state.stored);
    text.family(COUNTER, "visord_log_stored_bytes", help, stored);
    let help = "Bytes of output that could not be stored.";
    let lost = by_channel(rows, &*state.lost);
    text.family(COUNTER, "visord_log_lost_bytes", help, lost);
}

fn by_channel<'a>(
    rows: &'a [ProcessRow],
    count: impl Fn(&ProcessName) -> ByteCounts,
) -> impl Iterator<Item = ([Label<'a>; 3], u64)> {
    rows.iter().flat_map(move |row| {
        let ByteCounts { stdout, stderr } = count(&row.name);
        [("stdout", stdout), ("stderr", stderr)]
            .map(|(channel, bytes)| (row.labels_with("channel", channel), bytes))
    })
}

fn pools(text: &mut Text, state: &AppState) {
    fn labels(pool: &str) -> [Label<'_>; 1] {
        [("pool", pool)]
    }
    let pools = state.board.pools();
    let help = "Events that wait for a listener of the pool.";
    let waiting = pools.iter().map(|(pool, it)| (labels(pool), it.waiting));
    text.family(GAUGE, "visord_event_queue_length", help, waiting);
    let help = "Events that listeners of the pool work on.";
    let held = pools.iter().map(|(pool, it)| (labels(pool), it.held));
    text.family(GAUGE, "visord_event_in_progress", help, held);
    let help = "Events discarded because the buffer of the pool was full.";
    let discarded = pools.iter();
    let discarded = discarded.map(|(pool, it)| (labels(pool), it.discarded));
    text.family(COUNTER, "visord_event_discarded", help, discarded);
}

fn calls(text: &mut Text, state: &AppState) {
    let help = "Time to answer a call, by method.";
    let name = "visord_rpc_duration_seconds";
    text.header(HISTOGRAM, name, help);
    for (method, meter) in state.meters.methods() {
        let (count, seconds) = (meter.count(), meter.seconds());
        text.histogram(name, ("method", method), meter.buckets(), count, seconds);
    }
    let help = "Calls answered with a fault, by method.";
    let faults = state.meters.methods();
    let faults = faults.map(|(method, meter)| ([("method", method)], meter.faults()));
    text.family(COUNTER, "visord_rpc_faults", help, faults);
    let help = "HTTP requests answered, by class of status.";
    let requests = state.meters.answers();
    let requests = requests.map(|(class, count)| ([("code", class)], count));
    text.family(COUNTER, "visord_http_requests", help, requests);
}
