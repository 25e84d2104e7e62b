//! How long an answer takes while others ask for much.
//!
//! The machine may be busy with anything, so single times mean little. Calls are made in rounds,
//! with and without the load in turn, and the best round of each kind counts: a disturbance from
//! outside spoils rounds, but what the load itself costs is in every one of them. Rounds go on
//! until the goal is met; a daemon that does not meet it, does so in no round.
//!
//! `cargo test --release --test it latency -- --nocapture` prints the times.

use std::io::Write as _;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use visord_xmlrpc::Client;

use crate::harness::{Daemon, free_port};

/// Calls of a round: its p99 is the fourth longest of them.
const CALLS: usize = 400;

/// Rounds of each kind at least, and at most before the test has failed.
const LEAST: usize = 4;
const MOST: usize = 40;

/// The times of one round.
#[derive(Clone, Copy, Debug)]
struct Round {
    median: Duration,
    p99: Duration,
}

impl Round {
    /// Ask for the state, one call after the other.
    fn of(client: &mut Client) -> Self {
        let mut times: Vec<Duration> = (0..CALLS)
            .map(|_| {
                let began = Instant::now();
                client.call("supervisor.getState", &[]).expect("an answer");
                began.elapsed()
            })
            .collect();
        times.sort_unstable();
        Self {
            median: times[CALLS / 2],
            p99: times[CALLS * 99 / 100],
        }
    }

    fn better(self, other: Self) -> Self {
        Self {
            median: self.median.min(other.median),
            p99: self.p99.min(other.p99),
        }
    }
}

/// The best of several rounds.
#[derive(Default)]
struct Best(Option<Round>);

impl Best {
    fn add(&mut self, round: Round) -> Round {
        let best = self.0.map_or(round, |best| best.better(round));
        self.0 = Some(best);
        best
    }
}

/// Clients that send their request a byte at a time and never come to its end.
struct Dawdlers(Vec<TcpStream>);

impl Dawdlers {
    const COUNT: usize = 1000;

    fn arrive(port: u16) -> Self {
        let one = |_| {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
            stream
                .write_all(b"POST /RPC2 HTTP/1.1\r\nX: ")
                .expect("to send");
            stream
        };
        Self((0..Self::COUNT).map(one).collect())
    }

    /// Send on, all of them a byte every 100 ms, until it is enough.
    fn dawdle(&mut self, enough: &AtomicBool) {
        while !enough.load(Ordering::Relaxed) {
            for tenth in self.0.chunks_mut(Self::COUNT / 10) {
                for stream in tenth {
                    stream.write_all(b"x").expect("still connected");
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

/// Says at its end that it is enough.
struct Until<'a>(&'a AtomicBool);

impl Drop for Until<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Drop for Dawdlers {
    fn drop(&mut self) {
        for stream in &self.0 {
            // one that is gone already needs no farewell
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

#[test]
fn a_thousand_slow_connections_hold_up_nobody() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("the limit");
    if hard < 8192 {
        eprintln!("skipped: this machine allows {hard} open files, 8192 are needed");
        return;
    }
    setrlimit(Resource::RLIMIT_NOFILE, 8192, hard).expect("a higher limit");
    let port = free_port();
    let section = format!("[inet_http_server]\nport=127.0.0.1:{port}\n");
    // a listener has a quarter of these
    let daemon = Daemon::with("minfds=8192", &section);
    let mut client = daemon.client();
    let (mut quiet, mut crowded) = (Best::default(), Best::default());
    for number in 1..=MOST {
        let without = quiet.add(Round::of(&mut client));
        let mut dawdlers = Dawdlers::arrive(port);
        let enough = AtomicBool::new(false);
        let with = std::thread::scope(|scope| {
            scope.spawn(|| dawdlers.dawdle(&enough));
            // a call that fails ends it, too
            let _until = Until(&enough);
            crowded.add(Round::of(&mut client))
        });
        drop(dawdlers);
        println!("quiet {without:?}, with 1,000 slow connections {with:?}");
        if number >= LEAST && with.p99 < without.p99 * 2 {
            return;
        }
    }
    panic!("1,000 slow connections double the p99 of getState");
}

#[test]
fn a_program_that_writes_at_full_speed_holds_up_nobody() {
    let daemon = Daemon::with(
        "",
        "[program:loud]\ncommand=/usr/bin/yes\nautostart=false\nstdout_logfile=@DIR@/loud.log\n\
         stdout_logfile_maxbytes=10MB\nstdout_logfile_backups=1\n",
    );
    let mut client = daemon.client();
    let quiet = Round::of(&mut client);
    daemon.call("supervisor.startProcess", &["loud".into()]);
    let mut loud = Best::default();
    for number in 1..=MOST {
        let best = loud.add(Round::of(&mut client));
        println!("quiet {quiet:?}, while a program writes {best:?}");
        if number >= LEAST && best.p99 < Duration::from_millis(3) {
            assert_eq!(daemon.state("loud"), "RUNNING");
            return;
        }
    }
    panic!("getState takes 3 ms and more while a program writes");
}
