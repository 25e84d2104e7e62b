//! Logs as server-sent events: nothing is missing and nothing comes twice, whatever happens to
//! the file or the connection, and a client that does not read costs nothing.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;

use crate::harness::{Daemon, PATIENCE, wait_until};
use visord_xmlrpc::Value;

/// A message of the stream.
#[derive(Debug)]
struct Message {
    event: String,
    id: String,
    data: String,
}

impl Message {
    /// The text of `lines`; nothing in it has to be unescaped but line ends.
    fn text(&self) -> String {
        let (_, text) = self.data.split_once("\"text\":\"").expect("a text");
        let text = text.split('"').next().expect("its end");
        text.replace("\\n", "\n")
    }
}

/// A client of one stream.
struct Reader(BufReader<UnixStream>);

impl Reader {
    fn open(daemon: &Daemon, query: &str, last: Option<&str>) -> Self {
        let mut stream = UnixStream::connect(daemon.path("s.sock")).expect("connect");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let last = last.map_or_else(String::new, |id| format!("Last-Event-ID: {id}\r\n"));
        let request = format!("GET /live/{query} HTTP/1.0\r\nHost: localhost\r\n{last}\r\n");
        stream.write_all(request.as_bytes()).expect("ask");
        let mut reader = Self(BufReader::new(stream));
        let head: Vec<String> = std::iter::repeat_with(|| reader.line())
            .take_while(|line| !line.is_empty())
            .collect();
        assert!(head[0].contains(" 200 "), "{head:?}");
        reader
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let count = self.0.read_line(&mut line).expect("a line in time");
        assert!(count > 0, "the stream ended");
        line.trim_end_matches(['\r', '\n']).to_owned()
    }

    fn next(&mut self) -> Message {
        let mut message = Message {
            event: String::new(),
            id: String::new(),
            data: String::new(),
        };
        loop {
            let line = self.line();
            match line.split_once(": ") {
                Some(("event", event)) => message.event = event.to_owned(),
                Some(("id", id)) => message.id = id.to_owned(),
                Some(("data", data)) => message.data = data.to_owned(),
                // a sign of life, how soon to come back
                Some(_) => {}
                None if line.is_empty() && !message.event.is_empty() => return message,
                None => {}
            }
        }
    }

    /// Everything until the text contains this; names of the other events, the last id.
    fn until(&mut self, end: &str) -> (String, Vec<String>, String) {
        let (mut text, mut others) = (String::new(), Vec::new());
        loop {
            let message = self.next();
            if message.event == "lines" {
                text += &message.text();
                if text.contains(end) {
                    return (text, others, message.id);
                }
            } else {
                others.push(message.event);
            }
        }
    }
}

/// A daemon with `x`, which writes numbered lines once the file `go` exists, and goes on after
/// the first half when `go2` does.
fn counting(options: &str) -> Daemon {
    let script = "i=0; for go in go go2; do while ! [ -e $go ]; do sleep 0.02; done; \
                  n=0; while [ $n -lt 1500 ]; do echo line $i; i=$((i+1)); n=$((n+1)); done; done; \
                  exec sleep 1000";
    let daemon = Daemon::with(
        "",
        &format!(
            "[program:x]\ncommand=/bin/sh -c '{script}'\ndirectory=@DIR@\nstartsecs=0\n\
             stdout_logfile=@DIR@/x.log\n{options}\n"
        ),
    );
    daemon.wait_state("x", "RUNNING");
    wait_until("the log", || daemon.path("x.log").exists());
    daemon
}

fn go(daemon: &Daemon, name: &str) {
    File::create(daemon.path(name)).expect("a file");
}

fn lines(numbers: std::ops::Range<u32>) -> String {
    numbers.map(|number| format!("line {number}\n")).collect()
}

const ROTATED: &str = "stdout_logfile_maxbytes=2KB\nstdout_logfile_backups=40";

#[test]
fn rotation_leaves_no_gap_and_no_double() {
    let daemon = counting(ROTATED);
    let mut reader = Reader::open(&daemon, "log?name=x&channel=stdout", None);
    assert_eq!(reader.next().event, "at");
    go(&daemon, "go");
    go(&daemon, "go2");
    let (text, others, _) = reader.until("line 2999\n");
    assert_eq!(text, lines(0..3000));
    // output that is stored by one write is followed by one rotation
    assert!(
        !others.is_empty() && others.iter().all(|event| event == "rotated"),
        "{others:?}"
    );
}

#[test]
fn who_comes_back_goes_on_where_they_were() {
    let daemon = counting(ROTATED);
    let mut reader = Reader::open(&daemon, "log?name=x&from=0", None);
    go(&daemon, "go");
    let (first, _, id) = reader.until("line 700\n");
    drop(reader);
    go(&daemon, "go2");
    wait_until("the last line", || {
        let files = ["x.log", "x.log.1"].map(|name| daemon.text(name));
        files.concat().contains(
            "line 2999
",
        )
    });
    // the header of a browser that lost its connection beats what the page asked for first
    let mut reader = Reader::open(&daemon, "log?name=x&from=0", Some(&id));
    let (second, _, id) = reader.until("line 2999\n");
    assert_eq!(first + &second, lines(0..3000));
    // nothing is new: nothing comes but the place
    let mut reader = Reader::open(&daemon, &format!("log?name=x&cursor={id}"), None);
    assert_eq!(reader.next().id, id);
}

#[test]
fn truncation_removal_and_the_end_are_told() {
    let mut daemon = counting("stdout_logfile_maxbytes=0");
    go(&daemon, "go");
    let mut reader = Reader::open(&daemon, "log?name=x&from=0", None);
    assert_eq!(reader.until("line 1499\n").0, lines(0..1500));
    // another program empties the file
    let log = OpenOptions::new().write(true).open(daemon.path("x.log"));
    log.expect("open").set_len(0).expect("truncate");
    assert_eq!(reader.next().event, "truncated");
    go(&daemon, "go2");
    assert_eq!(reader.until("line 2999\n").0, lines(1500..3000));
    daemon.call("supervisor.clearProcessLogs", &[Value::from("x")]);
    assert_eq!(reader.next().event, "rotated");
    fs::remove_file(daemon.path("x.log")).expect("remove");
    assert_eq!(reader.next().event, "gone");
    daemon.signal(libc::SIGTERM);
    assert_eq!(reader.next().event, "bye");
    daemon.ended();
}

#[test]
fn the_activity_log_is_followed_too() {
    let daemon = Daemon::with(
        "",
        "[program:y]\ncommand=/bin/sleep 1000\nautostart=false\n",
    );
    let mut reader = Reader::open(&daemon, "activity", None);
    assert_eq!(reader.next().event, "at");
    daemon.call("supervisor.startProcess", &[Value::from("y"), false.into()]);
    let (text, _, _) = reader.until("spawned: 'y' with pid");
    assert!(text.contains("INFO"), "{text}");
}

fn resident(pid: i32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("its status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
    number
        .and_then(|number| number.trim().parse().ok())
        .expect("a number")
}

/// A page that is not visible: it is connected and does not read.
#[test]
fn a_frozen_reader_costs_nothing_and_catches_up() {
    const MEGABYTES: u64 = 64;
    let script = format!(
        "while ! [ -e go ]; do sleep 0.02; done; yes | head -c {MEGABYTES}M; \
         echo the end; exec sleep 1000"
    );
    let daemon = Daemon::with(
        "",
        &format!(
            "[program:x]\ncommand=/bin/sh -c '{script}'\ndirectory=@DIR@\nstartsecs=0\n\
             stdout_logfile=@DIR@/x.log\nstdout_logfile_maxbytes=0\n"
        ),
    );
    daemon.wait_state("x", "RUNNING");
    let mut readers: Vec<_> = (0..8)
        .map(|_| Reader::open(&daemon, "log?name=x", None))
        .collect();
    for reader in &mut readers {
        assert_eq!(reader.next().event, "at");
    }
    let before = resident(daemon.pid());
    go(&daemon, "go");
    // the program ends its work though no client reads
    wait_until("the program to end its work", || {
        let size = fs::metadata(daemon.path("x.log")).map_or(0, |log| log.len());
        size > MEGABYTES * 1024 * 1024
    });
    let grown = resident(daemon.pid()).saturating_sub(before);
    assert!(grown < 24 * 1024, "the daemon grew by {grown} kB");
    // a client that reads again is soon at the end of the log, and knows what was left out
    let (mut skipped, mut reader) = (0, readers.swap_remove(0));
    loop {
        let message = reader.next();
        match message.event.as_str() {
            "lines" if message.text().contains("the end") => break,
            "lines" => {}
            "skipped" => {
                let number = message.data.trim_start_matches("{\"bytes\":");
                let number: u64 = number.trim_end_matches('}').parse().expect("a number");
                skipped += number;
            }
            other => panic!("{other}"),
        }
    }
    assert!(skipped > MEGABYTES * 1024 * 1024 / 2, "{skipped}");
    // the file itself has everything
    let mut log = File::open(daemon.path("x.log")).expect("open");
    let mut start = [0; 4];
    log.read_exact(&mut start).expect("read");
    assert_eq!(&start, b"y\ny\n");
}

/// A program gets another log: its followers go on there.
#[test]
fn another_log_of_the_same_program_is_followed() {
    let program = |log: &str, word: &str| {
        format!(
            "[program:x]\ncommand=/bin/sh -c 'echo {word}; exec sleep 1000'\nstartsecs=0\n\
             stdout_logfile={log}\n"
        )
    };
    let daemon = Daemon::with("", &program("@DIR@/first.log", "one"));
    wait_until("the log", || daemon.text("first.log") == "one\n");
    let mut live = Reader::open(&daemon, "log?name=x&from=0", None);
    assert_eq!(live.until("one\n").0, "one\n");
    let mut plain = UnixStream::connect(daemon.path("s.sock")).expect("connect");
    plain.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    plain
        .write_all(b"GET /logtail/x HTTP/1.0\r\nHost: localhost\r\n\r\n")
        .expect("ask");
    let mut plain = BufReader::new(plain);
    let mut expect = |line: &str| {
        let mut found = String::new();
        while found.trim_end() != line {
            found.clear();
            assert!(plain.read_line(&mut found).expect("a line in time") > 0);
        }
    };
    expect("one");
    // changed and updated, then to AUTO, whose name is new each time it is added
    for (log, word) in [("@DIR@/second.log", "two"), ("AUTO", "three")] {
        daemon.setup().configure("", &program(log, word));
        let updated = daemon.ctl(&["update"]);
        assert!(updated.status.success(), "{updated:?}");
        let (text, others, _) = live.until(&format!("{word}\n"));
        assert_eq!(text, format!("{word}\n"));
        assert!(others.contains(&"rotated".to_owned()), "{others:?}");
        expect(word);
    }
    for order in [["stop", "x"], ["remove", "x"], ["add", "x"]] {
        let output = daemon.ctl(&order);
        assert!(output.status.success(), "{output:?}");
    }
    let (text, _, _) = live.until("three\n");
    assert_eq!(text, "three\n");
    expect("three");
}
