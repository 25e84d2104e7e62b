//! The log keys and commands that the original does not have, with real children.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;

use visord_xmlrpc::Value;

use crate::harness::{Daemon, Setup, summary, wait_until};

/// A program `x` that runs this shell text, with more options.
fn shell(text: &str, options: &str) -> Daemon {
    let program = format!(
        "[program:x]\ncommand=/bin/sh -c \"{text}\"\nstartsecs=0\nautorestart=false\n\
         stdout_logfile=@DIR@/x.log\nredirect_stderr=true\n{options}\n"
    );
    Daemon::with("", &program)
}

/// Takes the times off lines that begin with one (after `head`).
fn timeless(log: &str, head: &str) -> Vec<String> {
    const SHAPE: &str = "0000-00-00T00:00:00.000+00:00";
    log.lines()
        .map(|line| {
            let line = line.strip_prefix(head).expect(line);
            let (time, rest) = line.split_at(SHAPE.len());
            let shape: String = time
                .chars()
                .map(|c| match c {
                    '0'..='9' => '0',
                    '-' if rest.is_empty() => '+',
                    other => other,
                })
                .collect();
            // west of Greenwich the offset has a minus
            let shape = format!("{}+{}", &shape[..23], &shape[24..]);
            assert_eq!(shape, SHAPE, "{line}");
            rest.to_owned()
        })
        .collect()
}

#[test]
fn a_prefix_before_each_line_and_an_unfinished_one_at_the_end() {
    let daemon = shell(
        "printf 'one\\ntw'; printf 'o\\n\\n' >&2; printf three; exec sleep 1000",
        "stdout_logfile_format=prefix",
    );
    wait_until("two lines", || daemon.text("x.log").lines().count() == 3);
    daemon.call("supervisor.stopProcess", &[Value::from("x")]);
    assert_eq!(
        timeless(&daemon.text("x.log"), ""),
        ["one", "two", "", "three"].map(|text| format!(" x:x stdout | {text}"))
    );
}

#[test]
fn json_lines_and_a_bounded_long_one() {
    let daemon = shell(
        "printf '\\033[1m\\\"q\\\"\\377\\n'; head -c 100000 /dev/zero | tr '\\0' a; echo",
        "stdout_logfile_format=json",
    );
    daemon.wait_state("x", "EXITED");
    let members = r#"","group":"x","process":"x","stream":"stdout","line":""#;
    let pieces = [(65_536, r#","partial":true"#), (100_000 - 65_536, "")];
    let long = pieces.map(|(count, end)| format!("{members}{}\"{end}}}", "a".repeat(count)));
    let short = format!("{members}\\u001b[1m\\\"q\\\"\u{FFFD}\"}}");
    let found = timeless(&daemon.text("x.log"), r#"{"time":""#);
    assert!(found == [&[short], &long[..]].concat(), "{found:.200?}");
}

#[test]
fn new_files_get_their_mode_and_owner() {
    let owner = nix::unistd::geteuid();
    let daemon = shell(
        "echo hello; exec sleep 1000",
        &format!("stdout_logfile_mode=0666\nstdout_logfile_owner={owner}"),
    );
    let look = |name: &str| {
        let found = daemon.path(name).metadata().expect("the log");
        (found.permissions().mode() & 0o7777, found.uid())
    };
    wait_until("the line", || !daemon.text("x.log").is_empty());
    assert_eq!(look("x.log"), (0o666, owner.as_raw()));
    let private = fs::Permissions::from_mode(0o600);
    fs::set_permissions(daemon.path("x.log"), private).expect("chmod");
    daemon.call("supervisor.rotateProcessLogs", &[Value::from("x")]);
    assert_eq!(look("x.log.1").0, 0o600);
    assert_eq!(look("x.log").0, 0o666);
}

#[test]
fn automatic_logs_get_their_mode_too() {
    let daemon = Daemon::with(
        "",
        "[program:x]\ncommand=/bin/cat\nstdout_logfile_mode=0644\n",
    );
    let mode = |key: &str| {
        let path = daemon.info("x", key);
        let found = fs::metadata(path.as_str().expect("a path")).expect("the log");
        found.permissions().mode() & 0o7777
    };
    assert_eq!(mode("stdout_logfile"), 0o644);
    assert_eq!(mode("stderr_logfile"), 0o600);
}

/// What the rotated files say together, oldest first, unpacked by this tool.
fn unpacked(daemon: &Daemon, tool: &str, suffix: &str) -> String {
    let mut text = String::new();
    for number in (1..=99).rev() {
        let path = daemon.path(&format!("x.log.{number}{suffix}"));
        if path.exists() {
            let test = Command::new(tool).args(["-q", "-t"]).arg(&path).status();
            assert!(test.expect(tool).success(), "{}", path.display());
            let output = Command::new(tool).arg("-dc").arg(&path).output();
            text += &String::from_utf8(output.expect(tool).stdout).expect("utf-8");
        }
    }
    text + &daemon.text("x.log")
}

fn compressed(value: &str, tool: &str, suffix: &str) {
    let daemon = shell(
        "i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done",
        &format!(
            "stdout_logfile_compress={value}\nstdout_logfile_maxbytes=2KB\n\
             stdout_logfile_backups=99"
        ),
    );
    daemon.wait_state("x", "EXITED");
    // the rest, smaller than the limit
    daemon.call("supervisor.rotateProcessLogs", &[Value::from("x")]);
    wait_until("every rotated file to be compressed", || {
        let names: Vec<String> = fs::read_dir(daemon.folder())
            .expect("the folder")
            .map(|entry| entry.expect("an entry").file_name())
            .filter_map(|name| name.into_string().ok())
            .filter(|name| name.starts_with("x.log."))
            .collect();
        !names.is_empty() && names.iter().all(|name| name.ends_with(suffix))
    });
    if Command::new(tool).arg("--version").output().is_err() {
        crate::harness::skip(format_args!("there is no {tool} to read the logs with"));
        return;
    }
    let expected: String = (0..5000).map(|n| format!("line {n}\n")).collect();
    assert!(unpacked(&daemon, tool, suffix) == expected, "{value}");
}

#[test]
fn gzip_can_read_our_logs() {
    compressed("gzip", "gzip", ".gz");
}

#[test]
fn zstd_can_read_our_logs() {
    compressed("zstd", "zstd", ".zst");
}

#[test]
fn a_log_of_yesterday_is_rotated() {
    let setup = Setup::new();
    setup.configure(
        "",
        "[program:x]\ncommand=/bin/echo today\nstartsecs=0\nautorestart=false\n\
         stdout_logfile=@DIR@/x.log\nstdout_logfile_rotate=daily\n",
    );
    let path = setup.path("x.log");
    fs::write(&path, "yesterday\n").expect("write");
    // the file's own time is used instead of the clock: no waiting for midnight
    let file = fs::File::options().write(true).open(&path).expect("open");
    let yesterday = std::time::SystemTime::now() - std::time::Duration::from_secs(25 * 3600);
    file.set_modified(yesterday).expect("utimes");
    let daemon = setup.start();
    daemon.wait_state("x", "EXITED");
    assert_eq!(daemon.text("x.log"), "today\n");
    assert_eq!(daemon.text("x.log.1"), "yesterday\n");
}

#[test]
fn logs_rotate_and_reopen() {
    let daemon = Daemon::with(
        "",
        "[program:x]\ncommand=/bin/cat\nstdout_logfile=@DIR@/x.log\nstartsecs=0\n\
         [program:y]\ncommand=/bin/echo done\nstdout_logfile=@DIR@/y.log\nstartsecs=0\n\
         autorestart=false\n\
         [group:g]\nprograms=y\n",
    );
    let say = |text: &str| {
        daemon.wait_state("x", "RUNNING");
        let arguments = [Value::from("x"), Value::from(text)];
        daemon.call("supervisor.sendProcessStdin", &arguments);
        wait_until(text, || daemon.text("x.log").contains(text));
    };
    say("one\n");
    daemon.wait_state("g:y", "EXITED");
    let told = |text: &str| (Some(0), text.to_owned(), String::new());
    assert_eq!(
        summary(&daemon.ctl(&["logs", "rotate"])),
        told("g:y: rotated\nx: rotated\n")
    );
    say("two\n");
    // an empty log stays as it is
    assert_eq!(
        summary(&daemon.ctl(&["logs", "rotate", "g:*"])),
        told("g:y: rotated\n")
    );
    let texts = ["x.log", "x.log.1", "y.log", "y.log.1", "y.log.2"].map(|name| daemon.text(name));
    assert_eq!(texts, ["two\n", "one\n", "", "done\n", ""]);

    fs::rename(daemon.path("x.log"), daemon.path("moved")).expect("rename");
    assert_eq!(
        summary(&daemon.ctl(&["logs", "reopen", "x"])),
        told("x: reopened\n")
    );
    say("three\n");
    assert_eq!(daemon.text("x.log"), "three\n");
    assert_eq!(daemon.text("moved"), "two\n");
}

#[test]
fn what_logs_refuses() {
    let daemon = Daemon::with("", "[program:x]\ncommand=/bin/cat\n");
    let fails = |arguments: &[&str], text: &str| {
        let (code, out, _) = summary(&daemon.ctl(arguments));
        assert_ne!(code, Some(0), "{arguments:?}");
        assert!(out.starts_with(text), "{out}");
    };
    fails(&["logs"], "Error: logs requires rotate or reopen\n");
    fails(&["logs", "burn"], "Error: logs requires rotate or reopen\n");
    fails(&["logs", "rotate", "no"], "no: ERROR (no such process)\n");
    fails(&["logs", "reopen", "n:*"], "n: ERROR (no such group)\n");
    let listed = format!("{:?}", daemon.call("system.listMethods", &[]));
    assert!(listed.contains("clearProcessLogs"));
    assert!(!listed.contains("rotateProcessLogs") && !listed.contains("reopenProcessLogs"));
}

#[test]
fn a_special_file_is_warned_about_once() {
    let daemon = Daemon::with(
        "",
        "[program:x]\ncommand=/bin/echo hello\nstdout_logfile=/dev/stderr\n\
         stdout_logfile_rotate=daily\nstartsecs=0\nautorestart=true\n",
    );
    wait_until("restarts", || {
        daemon.text("daemon.err").matches("hello\n").count() > 3
    });
    let log = daemon.text("main.log");
    let warning = "stdout_logfile of process 'x': /dev/stderr is not a file of its own, so it is \
                   not rotated";
    assert_eq!(log.matches(warning).count(), 1, "{log}");
}

#[test]
fn check_knows_the_keys() {
    let setup = Setup::new();
    let check = |options: &str| {
        let program = format!("[program:x]\ncommand=/bin/cat\n{options}\n");
        let path = setup.configure("", &program);
        let path = path.to_str().expect("a path");
        summary(&setup.run(&["--check", "-c", path]))
    };
    let good = "stdout_logfile_format=json\nstderr_logfile_rotate=hourly\n\
                stdout_logfile_compress=zstd\nstderr_logfile_mode=0600\n\
                stdout_logfile_owner=root";
    let (code, out, err) = check(good);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(!out.contains("unknown"), "{out}");
    let (code, out, err) = check("stdout_logfile_format=xml");
    assert_ne!(code, Some(0));
    assert!(format!("{out}{err}").contains("'xml' is not one of raw, prefix, json"));
}

#[test]
fn syslog_elsewhere_for_the_daemon_and_its_programs() {
    let server = std::net::UdpSocket::bind("127.0.0.1:0").expect("bind");
    let port = server.local_addr().expect("address").port();
    let address = format!("syslog_address=udp://127.0.0.1:{port}");
    let setup = Setup::new();
    let path = setup.configure(
        &format!("logfile_syslog_format=rfc5424\nlogfile_{address}"),
        &format!(
            "[program:x]\ncommand=/bin/sh -c \"echo hello\"\nstartsecs=0\nautorestart=false\n\
             stdout_syslog=true\nstdout_syslog_format=rfc3164\nstdout_{address}\n"
        ),
    );
    let text = fs::read_to_string(&path).expect("read");
    let main_log = format!("logfile={}", setup.path("main.log").display());
    fs::write(&path, text.replace(&main_log, "logfile=syslog")).expect("write");
    let _daemon = setup.start();
    let mut wanted = vec![
        "x[",
        "]: hello",
        "supervisord ",
        " activity - spawned: 'x' with pid ",
        " activity - exited: x (exit status 0; expected)",
    ];
    server
        .set_read_timeout(Some(crate::harness::PATIENCE))
        .expect("a limit");
    while !wanted.is_empty() {
        let mut buffer = [0; 2000];
        let length = server.recv(&mut buffer).expect("another message");
        let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
        wanted.retain(|part| !message.contains(part));
    }
}
