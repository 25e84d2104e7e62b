//! What open live pages cost: `cargo bench --bench live_pages`.
//!
//! A program writes 1,000 lines a second. Measured without pages, with 100 pages of all
//! processes, with 100 log pages that follow the program, and with 50 of each: processor time of
//! the daemon, and how long `supervisor.getState` takes meanwhile. The goal: less than one core,
//! and a p99 of less than twice the one without pages.

// the harness of the end-to-end tests, of which this needs a part
#[path = "../tests/it/harness.rs"]
#[allow(dead_code)]
mod harness;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use harness::{Daemon, free_port, wait_until};

/// How long each situation is measured.
const SPAN: Duration = Duration::from_secs(10);

/// Lines a second of the program.
const LINES: u32 = 1000;

/// Between two calls.
const PAUSE: Duration = Duration::from_millis(4);

const PROCESSES: &str = "/live?topics=state,usage";
const LOG: &str = "/live/log?name=talker&channel=stdout";

fn main() {
    if std::env::args().any(|argument| argument == "--talk") {
        talk();
    }
    // `cargo test --benches` only wants to know that it starts
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let port = free_port();
    let own = std::env::current_exe().expect("this program");
    let daemon = Daemon::with(
        "",
        &format!(
            "[inet_http_server]\nport=127.0.0.1:{port}\n\
             [program:talker]\ncommand={} --talk\nstdout_logfile=@DIR@/talker.log\n\
             stdout_logfile_maxbytes=0\n\
             [program:idle]\ncommand=/bin/sleep 10000\nprocess_name=i%(process_num)d\nnumprocs=20\n",
            own.display()
        ),
    );
    daemon.wait_state("talker", "RUNNING");
    println!("| pages | CPU of one core | getState p50 | p99 | worst | received |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for (name, processes, logs) in [
        ("none", 0, 0),
        ("100 of all processes", 100, 0),
        ("100 logs", 0, 100),
        ("50 and 50", 50, 50),
    ] {
        situation(&daemon, port, name, processes, logs);
    }
}

/// The program: lines at an even pace.
fn talk() -> ! {
    let begun = Instant::now();
    let mut out = std::io::stdout();
    let mut said: u32 = 0;
    loop {
        let due = (begun.elapsed().as_secs_f64() * f64::from(LINES)) as u32;
        while said < due {
            said += 1;
            let line =
                format!("{said:08} a line of a log as programs write them, of some length\n");
            out.write_all(line.as_bytes()).expect("standard output");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn situation(daemon: &Daemon, port: u16, name: &str, processes: usize, logs: usize) {
    let pages: Vec<Page> = std::iter::repeat_n(PROCESSES, processes)
        .chain(std::iter::repeat_n(LOG, logs))
        .map(|path| Page::open(port, path))
        .collect();
    wait_until("all pages", || {
        pages
            .iter()
            .all(|page| page.received.load(Ordering::Relaxed) > 0)
    });
    let received = || -> u64 {
        let counts = pages
            .iter()
            .map(|page| page.received.load(Ordering::Relaxed));
        counts.sum()
    };
    let (before, cpu, begun) = (received(), processor_time(daemon.pid()), Instant::now());
    let mut times = calls(port);
    let span = begun.elapsed().as_secs_f64();
    let used = (processor_time(daemon.pid()) - cpu).as_secs_f64() / span * 100.0;
    let rate = (received() - before) as f64 / span;
    times.sort_unstable();
    let at = |part: usize| times[(times.len() - 1) * part / 1000];
    println!(
        "| {name} | {used:.1}% | {:?} | {:?} | {:?} | {:.1} MB/s |",
        at(500),
        at(990),
        at(1000),
        rate / 1e6
    );
}

/// Call `getState` for the span; how long each call took.
fn calls(port: u16) -> Vec<Duration> {
    let body = "<methodCall><methodName>supervisor.getState</methodName></methodCall>";
    let request = format!(
        "POST /RPC2 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: text/xml\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("connect");
    stream.set_nodelay(true).expect("no delay");
    let mut reader = BufReader::new(stream.try_clone().expect("the same connection"));
    let end = Instant::now() + SPAN;
    let mut times = Vec::new();
    while Instant::now() < end {
        let begun = Instant::now();
        stream.write_all(request.as_bytes()).expect("ask");
        assert!(answer(&mut reader).contains("RUNNING"));
        times.push(begun.elapsed());
        std::thread::sleep(PAUSE);
    }
    times
}

/// The body of an answer.
fn answer(reader: &mut BufReader<TcpStream>) -> String {
    let mut length = 0;
    let mut line = String::new();
    while reader.read_line(&mut line).expect("an answer") > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    String::from_utf8_lossy(&body).into_owned()
}

/// User and system time of all threads of a process.
fn processor_time(pid: i32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the daemon");
    let (_, fields) = stat.rsplit_once(')').expect("a name in brackets");
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().expect("a number"))
        .sum();
    // a tick is 10 ms on every Linux that is in use
    Duration::from_millis(ticks * 10)
}

/// A page that is open in some browser: it reads what comes.
struct Page {
    stream: TcpStream,
    /// Bytes.
    received: Arc<AtomicU64>,
}

impl Page {
    fn open(port: u16, path: &str) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("connect");
        let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("ask");
        let received = Arc::new(AtomicU64::new(0));
        let (mut reader, count) = (stream.try_clone().expect("it"), Arc::clone(&received));
        std::thread::spawn(move || {
            let mut piece = vec![0; 64 * 1024];
            while let Ok(size @ 1..) = reader.read(&mut piece) {
                count.fetch_add(size as u64, Ordering::Relaxed);
            }
        });
        Self { stream, received }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // the daemon may have closed it
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}
