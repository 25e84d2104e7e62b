//! How long it takes to read a configuration of 1,000 programs: the goal is under 30 ms.
//!
//! `cargo bench -p visord-config`, or with a number of programs after `--`.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use visord_config::dialect::Document;
use visord_config::{HostContext, Overrides, diff, read};

const ROUNDS: usize = 30;

fn main() {
    let number = std::env::args().skip(1).find_map(|word| word.parse().ok());
    let programs = number.unwrap_or(1000);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("supervisord.conf");
    let text = configuration(programs);
    std::fs::write(&path, &text).expect("a file");
    let host = HostContext {
        environment: visord_config::environment(std::env::vars()),
        node_name: "node".to_owned(),
        cwd: PathBuf::from("/"),
    };
    println!(
        "{programs} programs, {} bytes, best and median of {ROUNDS}",
        text.len()
    );
    report("read lines and sections", || {
        let mut document = Document::default();
        assert!(document.read(&text, &path.as_path().into()).is_empty());
    });
    let overrides = Overrides::default();
    let config = read(&path, &overrides, &host)
        .expect("a configuration")
        .config;
    assert_eq!(config.groups.len(), programs);
    report("load from the file", || {
        read(&path, &overrides, &host).expect("a configuration");
    });
    report("compare with itself", || {
        assert!(diff(&config.groups, &config.groups).changed.is_empty());
    });
}

fn report(what: &str, work: impl Fn()) {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort();
    println!("{what:26} {:9.3?} {:9.3?}", times[0], times[ROUNDS / 2]);
}

/// Programs as people write them: a dozen options, names that are expanded, a user.
fn configuration(programs: usize) -> String {
    let mut text = String::from("[supervisord]\nenvironment=LANG=\"C.UTF-8\",TZ=UTC\n");
    for number in 0..programs {
        let _ = write!(
            text,
            "\n; number {number}\n[program:worker{number}]\n\
             command = /usr/bin/env python3 /srv/app/worker.py --queue %(program_name)s ; start\n\
             process_name = %(program_name)s_%(process_num)02d\n\
             directory = /tmp\nuser = root\nautostart = true\nautorestart = unexpected\n\
             startsecs = 5\nstopwaitsecs = 30\nstopsignal = INT\nexitcodes = 0,2\n\
             priority = {number}\nredirect_stderr = true\n\
             stdout_logfile = /tmp/%(program_name)s.log\nstdout_logfile_maxbytes = 10MB\n\
             stdout_logfile_backups = 3\n\
             environment = HOME=\"/srv/app\",QUEUE=\"%(program_name)s\",N=%(process_num)d\n"
        );
    }
    text
}
