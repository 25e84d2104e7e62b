//! TAB in the system's shells: bash, zsh and fish, each on a terminal of its own, where they
//! are installed.

use std::path::Path;
use std::process::Command;

use crate::harness::{Daemon, is_installed, summary};
use crate::screen::Screen;

const PROGRAMS: &str = "\
[program:unmistakable]
command=/bin/cat
startsecs=0
[program:w]
command=/bin/cat
process_name=worker%(process_num)d
numprocs=2
startsecs=0
";

/// What a shell needs to be driven: its words, what makes it quiet, how it loads the script.
struct Shell {
    name: &'static str,
    arguments: &'static [&'static str],
    prepare: &'static str,
    load: &'static str,
}

const SHELLS: [Shell; 3] = [
    Shell {
        name: "bash",
        arguments: &["--norc", "--noprofile", "-i"],
        prepare: "PS1='ready''> '; bind 'set enable-bracketed-paste off'",
        load: "source <(supervisorctl completion bash)",
    },
    Shell {
        name: "zsh",
        arguments: &["-f", "-i"],
        prepare: "unsetopt zle_bracketed_paste prompt_sp; autoload -U compinit; compinit -D -u; \
            PS1='ready''> '",
        load: "source <(supervisorctl completion zsh)",
    },
    Shell {
        name: "fish",
        arguments: &["--no-config", "-i"],
        prepare: "function fish_prompt; echo -n 'ready''> '; end; set -U fish_greeting ''",
        load: "supervisorctl completion fish | source",
    },
];

const READY: &str = "ready> ";

/// A shell that has loaded the script; nothing if it is not installed.
fn open(shell: &Shell, daemon: &Daemon) -> Option<Screen> {
    let folders = std::env::var("PATH").unwrap_or_default();
    if !is_installed(shell.name) {
        return None;
    }
    let own = Path::new(env!("CARGO_BIN_EXE_supervisorctl"));
    let own = own.parent().expect("a folder").display();
    let mut command = Command::new(shell.name);
    command
        .args(shell.arguments)
        .current_dir(daemon.folder())
        .env("HOME", daemon.folder())
        .env("XDG_CONFIG_HOME", daemon.folder())
        .env("XDG_DATA_HOME", daemon.folder())
        .env("PATH", format!("{own}:{folders}"));
    let mut screen = Screen::start(command, "xterm");
    screen.keys(&format!("{}\r", shell.prepare));
    screen.expect(READY);
    screen.keys(&format!("{}; echo loa''ded\r", shell.load));
    screen.expect("loaded");
    screen.expect(READY);
    Some(screen)
}

#[test]
fn shells_complete_what_there_is_now() {
    let daemon = Daemon::with("", PROGRAMS);
    daemon.wait_state("unmistakable", "RUNNING");
    daemon.wait_state("w:worker1", "RUNNING");
    let pid = daemon.child_pid("unmistakable");
    let worker = daemon.child_pid("w:worker1");
    let url = format!("unix://{}/s.sock", daemon.folder().display());
    for shell in &SHELLS {
        let Some(mut screen) = open(shell, &daemon) else {
            continue;
        };
        // A file, a command, a process.
        screen.keys("supervisorctl -c s.co\tpi\tunm\t\r");
        screen.expect(&format!("{pid}\r\n"));
        screen.expect(READY);
        // Names with a colon, a server that is named on the line.
        screen.keys(&format!("supervisorctl -s {url} pid w:worker1\t\r"));
        screen.expect(&format!("{worker}\r\n"));
        screen.expect(READY);
        screen.keys(&format!("supervisorctl -s {url} restart w:worker\t\t"));
        screen.expect("worker0");
        screen.expect("worker1");
        // The prompt was shown again with the list: only what follows an answer is new.
        screen.keys("\x15echo go''on\r");
        screen.expect("goon");
        screen.expect(READY);
        // The program for clusters, with a command that only it shows.
        screen.keys("supvisorsctl -c s.co\tpi\tunm\t\r");
        screen.expect(&format!("{pid}\r\n"));
        screen.expect(READY);
        screen.keys("supvisorsctl -c s.conf svers\t\r");
        screen.expect("did not recognize the supvisors namespace");
        screen.expect(READY);
        // No server answers: nothing is offered, nothing is printed.
        screen.keys("supervisorctl -s unix:///nobody pid unm\t x\r");
        let shown = screen.expect("unix:///nobody no such file");
        assert!(!shown.contains("unmistakable"), "{shown}");
        screen.expect(READY);
        // An option of the daemon.
        screen.keys("supervisord --vers\t\r");
        screen.expect("4.3.0");
        screen.expect(READY);
        screen.keys("exit\r");
        assert_eq!(screen.code(), Some(0), "{}", shell.name);
    }
}

#[test]
fn scripts_need_no_configuration() {
    let setup = crate::harness::Setup::new();
    std::fs::write(setup.path("supervisord.conf"), "nonsense").expect("write");
    for shell in ["bash", "zsh", "fish"] {
        let (code, out, err) = summary(&setup.ctl_alone(&["completion", shell], ""));
        assert_eq!((code, err.as_str()), (Some(0), ""));
        assert!(out.contains("--complete"), "{out}");
    }
    let (code, out, _) = summary(&setup.ctl_alone(&["completion", "csh"], ""));
    assert_eq!(code, Some(1));
    assert!(out.starts_with("Error: completion requires bash, zsh or fish\n"));
}
