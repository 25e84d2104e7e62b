//! Commands that are programs of their own: the example, PATH, arguments, environment, exit
//! codes, the shell.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::harness::{Daemon, Setup, free_port, summary};
use crate::screen::{END, INTERRUPT, PROMPT, Screen};

/// Shows its arguments and what it knows of the connection, and ends with 42.
const SHOW: &str = "#!/bin/sh\n\
    for a; do echo \"<$a>\"; done\n\
    echo \"${SUPERVISOR_SERVER_URL#unix:} ${SUPERVISOR_USERNAME-none} ${SUPERVISOR_PASSWORD-none} \
    ${SUPERVISOR_CONFIG##*/} ${SUPERVISOR_JSON-none} ${SUPERVISORCTL##*/}\"\n\
    exit 42\n";

/// Another process writes it: what this one has open, a program that another test starts at
/// this moment would have open too, and a file being written cannot be run.
fn script(path: &Path, text: &str) {
    let mut writing = Command::new("sh")
        .args(["-c", "cat > \"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .expect("sh");
    let mut stdin = writing.stdin.take().expect("its input");
    stdin.write_all(text.as_bytes()).expect("write a script");
    drop(stdin);
    assert!(writing.wait().expect("its end").success());
}

/// A daemon, and a folder on PATH with `supervisorctl-show` in it.
fn daemon(sections: &str) -> Daemon {
    let daemon = Daemon::with("", sections);
    fs::create_dir(daemon.path("bin")).expect("a folder");
    script(&daemon.path("bin/supervisorctl-show"), SHOW);
    // Neither a name of a command, nor free, nor executable.
    script(&daemon.path("bin/supervisorctl-a-b"), "#!/bin/sh\n");
    script(
        &daemon.path("bin/supervisorctl-version"),
        "#!/bin/sh\necho mine\n",
    );
    fs::write(daemon.path("bin/supervisorctl-readme"), "").expect("write");
    daemon
}

fn command(daemon: &Daemon, words: &[&str]) -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(env!("CARGO_BIN_EXE_supervisorctl"));
    command
        .arg("-c")
        .arg(daemon.path("s.conf"))
        .args(words)
        .env("PATH", format!("{}:{path}", daemon.path("bin").display()))
        .env("SUPERVISOR_PASSWORD", "of another daemon")
        .current_dir(daemon.folder());
    command
}

fn ctl(daemon: &Daemon, words: &[&str]) -> Output {
    let mut command = command(daemon, words);
    command
        .stdin(Stdio::null())
        .output()
        .expect("supervisorctl")
}

#[test]
fn the_example_works() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config-examples/ctlplugin");
    let text = fs::read_to_string(folder.join("supervisord.conf")).expect("the example");
    let setup = Setup::new();
    let here = setup.path("").display().to_string();
    let text = text
        .replace("/tmp/ctlplugin-", &here)
        .replace("supervisor.sock", "s.sock");
    fs::write(setup.path("s.conf"), text).expect("write");
    let unwell = fs::read_to_string(folder.join("unwell")).expect("the example");
    script(&setup.path("unwell"), &unwell);
    let daemon = setup.start();
    daemon.wait_state("broken", "FATAL");
    let ctl = |words: &[&str]| summary(&daemon.ctl(words));
    let told = |code, out: &str| (Some(code), out.to_owned(), String::new());
    assert_eq!(ctl(&["unwell"]), told(1, "broken\n"));
    assert_eq!(ctl(&["--json", "unwell"]), told(1, "[\"broken\"]\n"));
    let restarted = told(1, "broken\nbroken: ERROR (spawn error)\n");
    assert_eq!(ctl(&["unwell", "--restart"]), restarted);
    assert_eq!(ctl(&["unwell", "x"]).0, Some(2));
}

#[test]
fn arguments_environment_and_exit_code() {
    let daemon = daemon("");
    let (code, out, err) = summary(&ctl(&daemon, &["show", "a b", "*", "", "-x"]));
    let expected = format!(
        "<a b>\n<*>\n<>\n<-x>\n//{}/s.sock none none s.conf none supervisorctl\n",
        daemon.folder().display()
    );
    assert_eq!((code, out, err), (Some(42), expected, String::new()));
    let port = free_port();
    let url = format!("http://127.0.0.1:{port}");
    let words = ["-s", &url, "-u", "me", "-p", "secret", "--json", "show"];
    let (_, out, _) = summary(&ctl(&daemon, &words));
    assert_eq!(out, format!("{url} me secret s.conf 1 supervisorctl\n"));
    // With -i it is a line of the shell; where nothing is typed its code is that of the shell.
    let (code, out, _) = summary(&ctl(&daemon, &["-i", "show", "a b", "'"]));
    assert!(out.starts_with("<a b>\n<'>\n"), "{out}");
    assert_eq!(code, Some(42));
    script(
        &daemon.path("bin/supervisorctl-die"),
        "#!/bin/sh\nkill -KILL $$\n",
    );
    assert_eq!(summary(&ctl(&daemon, &["-i", "die"])).0, Some(128 + 9));
}

#[test]
fn ours_come_first_and_help_tells_of_all() {
    let daemon = daemon(
        "[ctlplugin:listed]\ncommand=/nonexistent x\n[ctlplugin:start]\ncommand=/bin/false\n",
    );
    let out = |words: &[&str]| summary(&ctl(&daemon, words));
    assert_eq!(out(&["version"]).1, "4.3.0\n");
    assert_eq!(out(&["start"]).0, Some(2));
    let help = out(&["help"]).1;
    assert!(
        help.ends_with(
            "\nplug-in commands (type help <topic>):\n\
             =====================================\nlisted  show\n\n"
        ),
        "{help}"
    );
    assert_eq!(out(&["help", "listed"]).1, "listed\tRun /nonexistent x\n");
    let refusal = "ERROR: listed: cannot run /nonexistent: [Errno 2] No such file or directory\n";
    assert_eq!(
        out(&["listed"]),
        (Some(1), refusal.to_owned(), String::new())
    );
    let unknown = "*** Unknown syntax: readme\n".to_owned();
    assert_eq!(out(&["readme"]), (Some(1), unknown, String::new()));
}

#[test]
fn python_plugins_are_refused_with_advice() {
    let setup = Setup::new();
    setup.configure("", "[ctlplugin:x]\nsupervisor.ctl_factory=my.module:make\n");
    let (code, _, err) = summary(&setup.ctl(&["status"]));
    assert_eq!(code, Some(2));
    assert!(
        err.starts_with(
            "Error: my.module:make cannot be resolved within [ctlplugin:x]: it is Python code; \
             name a program that does the same by command="
        ),
        "{err}"
    );
}

#[test]
fn the_shell_lends_its_terminal() {
    let daemon = daemon("");
    // It reads what is typed, spoils the terminal and waits for Ctrl-C.
    script(
        &daemon.path("bin/supervisorctl-talk"),
        "#!/bin/sh\necho speak\nread l\necho \"heard $l\"\nstty -echo -icanon\necho spoilt\nexec sleep 1000\n",
    );
    for term in ["xterm", "dumb"] {
        let mut screen = Screen::start(command(&daemon, &[]), term);
        screen.expect(PROMPT);
        screen.keys("ta\tlk\x7f\x7f\x7f\x7fshow 'a b' c\r");
        screen.expect("<a b>\r\n<c>\r\n");
        screen.expect(PROMPT);
        screen.keys("tal\t\r");
        screen.expect("speak\r\n");
        screen.keys("me\r");
        screen.expect("heard me");
        screen.expect("spoilt");
        screen.keys(INTERRUPT);
        screen.expect(PROMPT);
        // The terminal is as before: a question is echoed and answered line by line.
        screen.keys("shutdown\r");
        screen.expect("y/N? ");
        screen.keys("no\r");
        screen.expect("no\r\n");
        screen.expect(PROMPT);
        screen.keys(END);
        assert_eq!(screen.code(), Some(0), "{term}");
    }
}
