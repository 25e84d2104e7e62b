//! supervisorctl(1).

use super::roff::{Roff, sentence};
use crate::ctl::command::{ALL, Command};
use crate::ctl::help::{Part, others};
use crate::ctl::options;

/// Exit codes (spec interfaces 4.4).
const CODES: &[(&str, &str)] = &[
    ("0", "Success. A shell always ends so."),
    ("1", "Something failed."),
    (
        "2",
        "The command line cannot be understood; `start` without a name, or of an unknown group.",
    ),
    (
        "3",
        "`status`: a process that was shown is not running. Else: the server has no supervisor interface.",
    ),
    (
        "4",
        "`status`: no answer, or no such name. Else: the server refuses connections.",
    ),
    ("5", "The server speaks another version of the interface."),
    (
        "7",
        "The process is not running or could not be started, or the socket does not exist; \
         `wait`: it will not get there by itself.",
    ),
    ("124", "`wait`: the time is up."),
    ("130", "`wait`, or a question for a password: Ctrl-C."),
];

/// What a plug-in finds in its environment.
const VARIABLES: &[(&str, &str)] = &[
    (
        "SUPERVISORCTL",
        "The path of the supervisorctl that runs it.",
    ),
    ("SUPERVISOR_SERVER_URL", "Where the daemon is."),
    (
        "SUPERVISOR_USERNAME",
        "The name to log in with, if there is one.",
    ),
    ("SUPERVISOR_PASSWORD", "The password, if there is one."),
    (
        "SUPERVISOR_CONFIG",
        "The configuration file, if there is one.",
    ),
    ("SUPERVISOR_JSON", "1 after `--json`, else unset."),
];

pub(super) fn write(roff: &mut Roff) {
    roff.synopsis("supervisorctl [<options>] [<action> [<arguments>]]");
    roff.heading("DESCRIPTION");
    roff.paragraph(
        "Asks a running `supervisord`(8) to start, stop or show processes. With an action it \
         does that and ends; without one, or after one with `-i`, it is a shell that takes \
         actions until it is left. Where the daemon is stands in the configuration file or \
         after `-s`.",
    );
    roff.paragraph(
        "A process is named by its name, or as `group:process` if it belongs to a group of \
         several; `group:*` means all of a group. In names `*` stands for any text and `?` for \
         any character.",
    );
    roff.options(&options::definitions());
    roff.heading("ACTIONS");
    for command in ALL.iter().filter(|command| !command.help.is_empty()) {
        action(roff, command);
    }
    plugins(roff);
    roff.heading("EXIT STATUS");
    for (code, text) in CODES {
        roff.item(code, "", text);
    }
    roff.heading("ENVIRONMENT");
    roff.item(
        "NO_COLOR",
        "",
        "If it is set, states have no colours on a terminal.",
    );
    roff.item(
        "TERM",
        "",
        "What the terminal can do; `dumb` has a simple line editor.",
    );
    roff.heading("FILES");
    roff.paragraph(
        "Without `-c` the first of these is read: `../etc/supervisord.conf` and \
         `../supervisord.conf` beside the folder of the program, `supervisord.conf`, \
         `etc/supervisord.conf`, `/etc/supervisord.conf`, \
         `/etc/supervisor/supervisord.conf`. See `supervisord.conf`(5).",
    );
    roff.heading("EXAMPLES");
    roff.example(
        "supervisorctl status\n\
         supervisorctl restart 'web-*' worker:3\n\
         supervisorctl -s unix:///run/supervisor.sock tail -f web\n\
         supervisorctl --json status | jq -r '.result[].state'\n\
         source <(supervisorctl completion bash)\n\
         supervisorctl man supervisord.conf | man -l -",
    );
}

fn action(roff: &mut Roff, command: &Command) {
    roff.part(command.name);
    let mut parts = command.help.iter().peekable();
    while let Some(part) = parts.next() {
        match part {
            Part::Usage(syntax, text) => {
                let mut text = (*text).to_owned();
                while let Some(Part::More(more)) = parts.peek() {
                    text = format!("{text} {more}");
                    parts.next();
                }
                roff.usage(syntax, &sentence(&text));
            }
            Part::More(_) => {}
            Part::Line(text) => roff.paragraph(text),
        }
    }
    for option in others(command) {
        let syntax = format!("{} {}", command.name, option.syntax());
        roff.usage(&syntax, &sentence(option.text));
    }
}

fn plugins(roff: &mut Roff) {
    roff.heading("PLUG-INS");
    roff.paragraph(
        "An executable file `supervisorctl-NAME` on PATH, or one that `[ctlplugin:NAME]` names \
         by `command`, is an action called NAME (letters, digits and `_`). It is run with what \
         was typed after its name, which no shell looks at, and its exit status is that of \
         supervisorctl. Actions of supervisorctl itself cannot be replaced. It finds in its \
         environment:",
    );
    for (name, text) in VARIABLES {
        roff.item(name, "", text);
    }
}
