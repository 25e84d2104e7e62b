//! What the programs and clients notice that have nothing to do with a stalled sink.

use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use visord_xmlrpc::Value;
use visord_xmlrpc::client::Client;
use visord_xmlrpc::http::{Address, Endpoint};

use crate::harness::{Daemon, PATIENCE, wait_until};

/// Makes an RPC; answers how long it took and what came of it.
type Call<'a> = dyn FnMut(&str, &[Value]) -> (Duration, Value) + 'a;

/// The others: one to start, one that logs [`BYTES`] and ends.
pub(super) const PROGRAMS: &str = "\
[program:idle]\ncommand=/bin/cat\nautostart=false\nstartsecs=0\n\
[program:noisy]\ncommand=/usr/bin/head -c 4194304 /dev/zero\nautostart=false\n\
autorestart=false\nstartsecs=0\nstdout_logfile=@DIR@/noisy.log\nstdout_logfile_maxbytes=0\n";

const BYTES: u64 = 4_194_304;
/// Control requests of one round.
const CALLS: usize = 50;
/// What a busy machine may add.
const SLACK: Duration = Duration::from_millis(750);

/// How to reach them.
#[derive(Clone)]
pub(super) struct Others {
    socket: PathBuf,
    log: PathBuf,
}

/// What was measured.
#[derive(Debug)]
pub(super) struct Measured {
    /// From the request to RUNNING, median.
    start: Duration,
    /// One control request, 99th percentile.
    call: Duration,
    /// To store [`BYTES`], median.
    log: Duration,
}

impl Others {
    /// Those of this daemon.
    pub(super) fn of(daemon: &Daemon) -> Self {
        Self {
            socket: daemon.path("s.sock"),
            log: daemon.path("noisy.log"),
        }
    }

    /// Watch them for at least so long. On a thread of its own: if they hang, the test must
    /// be able to say so.
    pub(super) fn measure(&self, time: Duration) -> Measured {
        let (done, measured) = mpsc::channel();
        let others = self.clone();
        std::thread::spawn(move || done.send(others.watch(time)));
        measured
            .recv_timeout(PATIENCE)
            .expect("the others are not stalled")
    }

    fn watch(&self, time: Duration) -> Measured {
        let mut client = Client::new(Endpoint::new(Address::Unix(self.socket.clone()), None));
        let mut call = |method: &str, arguments: &[Value]| {
            let called = Instant::now();
            let answer = client.call(method, arguments);
            let answer = answer.unwrap_or_else(|error| panic!("{method}: {error}"));
            (called.elapsed(), answer)
        };
        let (mut starts, mut calls, mut logs) = (Vec::new(), Vec::new(), Vec::new());
        let begun = Instant::now();
        while starts.is_empty() || begun.elapsed() < time {
            starts.push(call("supervisor.startProcess", &["idle".into()]).0);
            call("supervisor.stopProcess", &["idle".into()]);
            calls.extend((0..CALLS).map(|_| call("supervisor.getState", &[]).0));
            logs.push(self.log_some(&mut call));
        }
        calls.sort_unstable();
        Measured {
            start: median(starts),
            call: calls[calls.len() * 99 / 100],
            log: median(logs),
        }
    }

    /// Have the noisy program run once, until all it said is stored.
    fn log_some(&self, call: &mut Call<'_>) -> Duration {
        let size = || self.log.metadata().map_or(0, |file| file.len());
        let (before, begun) = (size(), Instant::now());
        call("supervisor.startProcess", &["noisy".into(), false.into()]);
        wait_until("its log", || size() >= before + BYTES);
        let taken = begun.elapsed();
        wait_until("its end", || {
            let (_, info) = call("supervisor.getProcessInfo", &["noisy".into()]);
            info.get("statename") == Some(&"EXITED".into())
        });
        taken
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

impl Measured {
    /// Nothing took so much longer that it can have waited for a stalled sink.
    pub(super) fn assert_like(&self, quiet: &Self) {
        eprintln!("quiet: {quiet:?}\nstalled: {self:?}");
        let pairs = [
            ("start", self.start, quiet.start),
            ("request", self.call, quiet.call),
            ("log", self.log, quiet.log),
        ];
        for (what, stalled, quiet) in pairs {
            assert!(
                stalled <= quiet * 10 + SLACK,
                "{what}: {stalled:?} instead of {quiet:?}"
            );
        }
    }
}
