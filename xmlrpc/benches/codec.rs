//! How long the codec takes: `cargo bench -p visord-xmlrpc`.
//!
//! The goals: one worker answers 42,000 small calls a
//! second, so reading one must be a small part of 24 us; the answer to getAllProcessInfo for
//! 1,000 processes is written in less than 1 ms.

use std::hint::black_box;
use std::time::{Duration, Instant};

use visord_xmlrpc::{
    Limits, Slot, Value, WriteXml, Written, decode_call, decode_reply, encode_call, encode_reply,
    write_reply,
};

/// As much of a process as getAllProcessInfo tells.
struct Info {
    name: String,
    pid: i64,
    now: i64,
}

impl WriteXml for Info {
    fn write_xml(&self, slot: Slot<'_>) -> Written {
        slot.structure(|info| {
            info.member("name", &self.name);
            info.member("group", &self.name);
            info.member("start", &(self.now - 60));
            info.member("stop", &0);
            info.member("now", &self.now);
            info.member("state", &20);
            info.member("statename", "RUNNING");
            info.member("spawnerr", "");
            info.member("exitstatus", &0);
            info.member("logfile", "/var/log/supervisor/program-stdout.log");
            info.member("stdout_logfile", "/var/log/supervisor/program-stdout.log");
            info.member("stderr_logfile", "/var/log/supervisor/program-stderr.log");
            info.member("pid", &self.pid);
            info.member("description", "pid 12345, uptime 0:01:00");
        })
    }
}

/// The best of several rounds, a round long enough to be timed.
fn measure(what: &str, bytes: usize, mut work: impl FnMut()) -> Duration {
    let mut best = Duration::MAX;
    let begun = Instant::now();
    let mut rounds: u32 = 1;
    while begun.elapsed() < Duration::from_millis(700) {
        let start = Instant::now();
        for _ in 0..rounds {
            work();
        }
        let took = start.elapsed();
        if took < Duration::from_millis(5) {
            rounds *= 2;
        } else {
            best = best.min(took / rounds);
        }
    }
    let rate = bytes as f64 / best.as_secs_f64() / 1e6;
    println!("{what:<44} {best:>12.2?} {rate:>9.0} MB/s");
    best
}

fn main() {
    let small = encode_call("supervisor.getState", &[]);
    measure("read a call without arguments", small.len(), || {
        let _ = black_box(decode_call(black_box(small.as_bytes()), &Limits::DEFAULT));
    });
    let params = [Value::from("cat"), Value::from(0), Value::from(1024)];
    let call = encode_call("supervisor.tailProcessStdoutLog", &params);
    measure("read a call with three arguments", call.len(), || {
        let _ = black_box(decode_call(black_box(call.as_bytes()), &Limits::DEFAULT));
    });
    let inner = |n: i32| {
        Value::structure([
            ("methodName", Value::from("supervisor.startProcess")),
            ("params", Value::from_iter([format!("group:{n}")])),
        ])
    };
    let many = encode_call(
        "system.multicall",
        &[Value::from_iter((0..1000).map(inner))],
    );
    measure("read a multicall of 1,000", many.len(), || {
        let _ = black_box(decode_call(black_box(many.as_bytes()), &Limits::DEFAULT));
    });
    let state = Value::structure([
        ("statecode", 1.into()),
        ("statename", Value::from("RUNNING")),
    ]);
    measure("write a small answer", encode_reply(&state).len(), || {
        black_box(encode_reply(black_box(&state)));
    });
    let infos: Vec<Info> = (0..1000)
        .map(|n| Info {
            name: format!("program_{n:04}"),
            pid: 10_000 + n,
            now: 1_800_000_000,
        })
        .collect();
    let body = encode_reply(&infos);
    let took = measure("write getAllProcessInfo of 1,000", body.len(), || {
        black_box(write_reply(1_300_000, |slot| {
            black_box(&infos).write_xml(slot)
        }));
    });
    measure("read that answer", body.len(), || {
        let _ = black_box(decode_reply(black_box(body.as_bytes())));
    });
    let line = "2026-11-20 12:00:00,000 INFO something <ordinary> happened & was logged\n";
    let log = line.repeat(20_000_000 / line.len());
    measure("write 20 MB of log", log.len(), || {
        black_box(write_reply(0, |slot| slot.text(black_box(log.as_bytes()))));
    });
    if !cfg!(debug_assertions) {
        assert!(took < Duration::from_millis(1), "the goal is 1 ms");
    }
}
