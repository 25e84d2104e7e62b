//! Mistakes get a clear error and the right exit code, and what runs goes on.

use visord_xmlrpc::Value;

use crate::harness::{Daemon, Setup, summary};

fn refused(setup: &Setup, error: &str) {
    let (code, _, err) = summary(&setup.run(&["-n", "-s", "-c", "s.conf"]));
    assert_eq!(code, Some(2), "{err}");
    let lines: Vec<&str> = err.lines().collect();
    assert!(
        lines[0].starts_with("Error: ") && lines[0].contains(error),
        "{err}"
    );
    assert!(
        lines
            .last()
            .is_some_and(|l| l.starts_with("For help, use ")),
        "{err}"
    );
}

#[test]
fn a_bad_value_names_section_and_file() {
    let setup = Setup::new();
    setup.configure("", "[program:x]\ncommand=/bin/cat\nautostart=perhaps\n");
    refused(
        &setup,
        "not a valid boolean value: 'perhaps' in section 'program:x' (file: 's.conf')",
    );
}

#[test]
fn a_missing_and_an_unreadable_file_are_told_apart() {
    let setup = Setup::new();
    refused(&setup, "could not find config file s.conf");
    std::fs::create_dir(setup.path("s.conf")).expect("a folder");
    refused(&setup, "could not read config file s.conf");
}

#[test]
fn a_second_daemon_on_the_same_socket_harms_nothing() {
    let daemon = Daemon::with("", "[program:x]\ncommand=/bin/cat\nstartsecs=0\n");
    daemon.wait_state("x", "RUNNING");
    let (pid, log) = (daemon.child_pid("x"), daemon.info("x", "stdout_logfile"));
    refused(
        daemon.setup(),
        "Another program is already listening on a port",
    );
    assert_eq!(
        (daemon.child_pid("x"), daemon.info("x", "stdout_logfile")),
        (pid, log.clone())
    );
    let Value::Str(log) = log else {
        panic!("no path")
    };
    assert!(
        std::path::Path::new(&log).exists(),
        "the second one deleted an AUTO log"
    );
}

#[test]
fn an_unknown_program_is_a_bad_name() {
    let daemon = Daemon::with("", "");
    for method in ["startProcess", "stopProcess", "getProcessInfo"] {
        let fault = daemon
            .try_call(&format!("supervisor.{method}"), &[Value::from("nope")])
            .unwrap_err();
        assert!(fault.contains("BAD_NAME: nope"), "{method}: {fault}");
    }
    let (code, out, _) = summary(&daemon.ctl(&["start", "nope"]));
    assert_eq!(
        (code, out.as_str()),
        (Some(1), "nope: ERROR (no such process)\n")
    );
}

#[test]
fn a_file_in_the_place_of_the_socket_is_not_deleted() {
    let setup = Setup::new();
    setup.configure("", "");
    std::fs::write(setup.path("s.sock"), "precious").expect("a file");
    let (code, _, err) = summary(&setup.run(&["-n", "-c", "s.conf"]));
    assert_eq!(code, Some(2), "{err}");
    assert_eq!(
        std::fs::read_to_string(setup.path("s.sock")).expect("it"),
        "precious"
    );
}
