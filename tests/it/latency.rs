//! How long an answer takes while others ask for much.
//!
//! The machine may be busy with anything, so single times mean little. Calls are made in rounds,
//! with and without the load in turn, so that a disturbance from outside falls on both; the median
//! of the rounds counts.
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

/// Rounds of each kind.
const ROUNDS: usize = 9;

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
}

/// The median of one figure of the rounds.
fn typical(rounds: &[Round], figure: fn(&Round) -> Duration) -> Duration {
    let mut times: Vec<Duration> = rounds.iter().map(figure).collect();
    times.sort_unstable();
    times[times.len() / 2]
}

/// What the load costs is bounded: where calls wait for it, they wait a tenth of a second.
fn check(quiet: &[Round], loaded: &[Round]) {
    let bound = |name: &str, figure: fn(&Round) -> Duration, times, allowance| {
        let (quiet, loaded) = (typical(quiet, figure), typical(loaded, figure));
        println!("{name} without load {quiet:?}, with it {loaded:?}");
        let most = quiet * times + allowance;
        assert!(loaded <= most, "{name}: {quiet:?} became {loaded:?}");
    };
    bound("median", |round| round.median, 2, Duration::from_millis(2));
    // a busy machine takes the processor away from one call in a hundred
    bound("p99", |round| round.p99, 4, Duration::from_millis(25));
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
            // one that is gone already
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

#[test]
fn a_thousand_slow_connections_hold_up_nobody() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("the limit");
    if hard < 8192 {
        crate::harness::skip(format_args!(
            "this machine allows {hard} open files, 8192 are needed"
        ));
        return;
    }
    setrlimit(Resource::RLIMIT_NOFILE, 8192, hard).expect("a higher limit");
    let port = free_port();
    let section = format!("[inet_http_server]\nport=127.0.0.1:{port}\n");
    // a listener has a quarter of these
    let daemon = Daemon::with("minfds=8192", &section);
    let mut client = daemon.client();
    let (mut quiet, mut crowded) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        quiet.push(Round::of(&mut client));
        let mut dawdlers = Dawdlers::arrive(port);
        let enough = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| dawdlers.dawdle(&enough));
            // a call that fails ends it, too
            let _until = Until(&enough);
            crowded.push(Round::of(&mut client));
        });
        drop(dawdlers);
        println!("{:?} {:?}", quiet.last(), crowded.last());
    }
    check(&quiet, &crowded);
}

#[test]
fn a_program_that_writes_at_full_speed_holds_up_nobody() {
    let daemon = Daemon::with(
        "",
        "[program:loud]\ncommand=/usr/bin/yes\nautostart=false\nstdout_logfile=@DIR@/loud.log\n\
         stdout_logfile_maxbytes=10MB\nstdout_logfile_backups=1\n",
    );
    let mut client = daemon.client();
    let (mut quiet, mut loud) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        quiet.push(Round::of(&mut client));
        daemon.call("supervisor.startProcess", &["loud".into()]);
        loud.push(Round::of(&mut client));
        assert_eq!(daemon.state("loud"), "RUNNING");
        daemon.call("supervisor.stopProcess", &["loud".into()]);
        println!("{:?} {:?}", quiet.last(), loud.last());
    }
    check(&quiet, &loud);
}
