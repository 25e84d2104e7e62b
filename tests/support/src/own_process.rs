//! Tests that need an operating system process of their own: the test runs its binary once more,
//! for this test alone.

use std::os::unix::process::CommandExt;
use std::process::Command;

const MARK: &str = "VISORD_TEST_OWN_PROCESS";

/// Whether this is the process that [`own_process`] made for a test.
pub fn is_own_process() -> bool {
    std::env::var_os(MARK).is_some()
}

/// Runs the test of this full name once more, alone in a process of its own, where
/// [`is_own_process`] is true. `prepare` may change how that process starts.
pub fn own_process(test: &str, prepare: impl FnOnce(&mut Command)) {
    let exe = std::env::current_exe().expect("test binary");
    // through /proc: a user who may not look into the target directory can still run it
    let mut command = Command::new("/proc/self/exe");
    command.arg0(exe);
    prepare(&mut command);
    run_alone(test, command);
}

/// The same through another program, which gets the test binary and its arguments as its last.
pub fn own_process_through(test: &str, program: &str, args: &[&str]) {
    let mut command = Command::new(program);
    command.args(args);
    command.arg(std::env::current_exe().expect("test binary"));
    run_alone(test, command);
}

/// The same through a command that ends with the test binary.
pub fn run_alone(test: &str, mut command: Command) {
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]);
    command.env(MARK, "1");
    let output = command.output().expect("own process");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{test} in its own process: {}\n{text}\n{errors}",
        output.status,
    );
    for line in text.lines().filter(|line| line.contains("measured:")) {
        println!("{line}");
    }
    for line in errors.lines().filter(|line| line.starts_with("skipped: ")) {
        eprintln!("{line}");
    }
}
