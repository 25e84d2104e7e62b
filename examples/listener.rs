//! An event listener in Rust: says in a file which processes failed.
//!
//! ```ini
//! [eventlistener:failures]
//! command = /usr/local/bin/listener /var/log/failures
//! events = PROCESS_STATE_EXITED, PROCESS_STATE_FATAL
//! event_length = bytes
//! ```
//!
//! It shows the whole protocol and needs nothing but the standard library: say `READY`, read
//! a header line and `len` bytes, do the work, answer `OK` or `FAIL`; an event answered with
//! `FAIL` comes again. Standard output belongs to the protocol: speak on standard error.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, Error, Write};

fn main() -> io::Result<()> {
    let usage = || Error::other("usage: listener FILE");
    let path = std::env::args().nth(1).ok_or_else(usage)?;
    let mut report = OpenOptions::new().create(true).append(true).open(path)?;
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    loop {
        output.write_all(b"READY\n")?;
        output.flush()?;
        let Some(event) = read_event(&mut input)? else {
            return Ok(());
        };
        let result = match handle(&event, &mut report) {
            Ok(()) => "OK",
            Err(error) => {
                eprintln!("cannot handle {}: {error}", event.name);
                "FAIL"
            }
        };
        write!(output, "RESULT {}\n{result}", result.len())?;
    }
}

struct Event {
    /// For instance `PROCESS_STATE_EXITED`.
    name: String,
    /// What happened, in the form that belongs to the name.
    body: String,
}

/// `None`: the supervisor is gone.
fn read_event(input: &mut impl BufRead) -> io::Result<Option<Event>> {
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let header = fields(&line);
    let field = |key| {
        header
            .get(key)
            .ok_or_else(|| Error::other(format!("no {key}")))
    };
    let length = field("len")?.parse().map_err(Error::other)?;
    let mut body = vec![0; length];
    input.read_exact(&mut body)?;
    Ok(Some(Event {
        name: (*field("eventname")?).to_owned(),
        body: String::from_utf8(body).map_err(Error::other)?,
    }))
}

/// `a:1 b:2`, as in the header and in the first line of most bodies.
fn fields(line: &str) -> HashMap<&str, &str> {
    line.split_whitespace()
        .filter_map(|field| field.split_once(':'))
        .collect()
}

fn handle(event: &Event, report: &mut File) -> io::Result<()> {
    let about = fields(&event.body);
    let process = about.get("processname").copied().unwrap_or("?");
    match event.name.as_str() {
        "PROCESS_STATE_FATAL" => writeln!(report, "{process} does not start"),
        "PROCESS_STATE_EXITED" if about.get("expected") == Some(&"0") => {
            writeln!(report, "{process} ended unexpectedly")
        }
        _ => Ok(()),
    }
}
