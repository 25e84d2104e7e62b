//! supervisorctl on a terminal: prompt, completion, history, questions, `tail -f`, `fg`,
//! Ctrl-C, Ctrl-D, another window size.

use std::fs;

use crate::harness::{Daemon, free_port};
use crate::screen::{END, INTERRUPT, PROMPT, Screen};

/// Every kind of terminal the shell tells apart.
const TERMINALS: [&str; 2] = ["xterm", "dumb"];

const PROGRAMS: &str = "\
[program:unmistakable]
command=/bin/cat
startsecs=0
[program:asks]
command=/bin/sh -c 'while read l; do echo \"<$l>\"; done'
startsecs=0
[program:ticks]
command=/bin/sh -c 'while :; do echo tick; sleep 0.02; done & while read l; do echo \"<$l>\"; done'
startsecs=0
stopasgroup=true
";

fn daemon() -> Daemon {
    let daemon = Daemon::with("", PROGRAMS);
    for name in ["unmistakable", "asks", "ticks"] {
        daemon.wait_state(name, "RUNNING");
    }
    daemon
}

#[test]
fn names_and_commands_are_completed() {
    let daemon = daemon();
    for term in TERMINALS {
        let mut screen = Screen::shell(&daemon, term);
        let pid = daemon.child_pid("unmistakable");
        screen.keys("pi\tunm\t\r");
        screen.expect(&format!("{pid}\r\n"));
        screen.expect(PROMPT);
        screen.keys("sta\t\t");
        screen.expect("start");
        screen.expect("status");
        screen.keys("tus asks\r");
        screen.expect("RUNNING");
        screen.expect(PROMPT);
        screen.keys("quit\r");
        assert_eq!(screen.code(), Some(0), "{term}");
    }
}

#[test]
fn the_shell_is_left() {
    let daemon = daemon();
    for term in TERMINALS {
        for keys in [INTERRUPT, END, "exit\r", "shutdown\r\x03"] {
            let mut screen = Screen::shell(&daemon, term);
            let (line, rest) = keys.split_at(keys.len() - 1);
            if rest == INTERRUPT && !line.is_empty() {
                screen.keys(line);
                screen.expect("y/N? ");
            } else {
                screen.keys(line);
            }
            screen.keys(rest);
            assert_eq!(screen.code(), Some(0), "{term} {keys:?}");
        }
    }
}

#[test]
fn the_end_of_input_is_no_answer() {
    let daemon = daemon();
    let mut screen = Screen::shell(&daemon, "xterm");
    screen.keys("shutdown\r");
    screen.expect("y/N? ");
    screen.keys(END);
    screen.expect("error: <class 'EOFError'>");
    screen.expect(PROMPT);
    screen.keys("shutdown\r");
    screen.expect("y/N? ");
    screen.keys("n\r");
    screen.expect(PROMPT);
    screen.keys(END);
    assert_eq!(screen.code(), Some(0));
}

#[test]
fn history_is_kept_by_its_owner() {
    let daemon = daemon();
    let file = daemon.path("history");
    let shell = |daemon: &Daemon| {
        let path = file.to_str().expect("a path");
        let mut screen = Screen::open(daemon, "xterm", &["-r", path]);
        screen.expect(PROMPT);
        screen
    };
    let mut screen = shell(&daemon);
    screen.keys("version\r");
    screen.expect("4.3.0");
    screen.expect(PROMPT);
    screen.keys("quit\r");
    assert_eq!(screen.code(), Some(0));
    assert_eq!(
        fs::read_to_string(&file).expect("a history"),
        "version\nquit\n"
    );

    let mut screen = shell(&daemon);
    // Two entries up.
    screen.keys("\x1b[A\x1b[A\r");
    screen.expect("4.3.0");
    screen.expect(PROMPT);
    screen.keys(END);
    assert_eq!(screen.code(), Some(0));
}

#[test]
fn following_a_log_ends_with_the_prompt() {
    let daemon = daemon();
    for term in TERMINALS {
        let mut screen = Screen::shell(&daemon, term);
        screen.keys("tail -f ticks\r");
        screen.expect("==> Press Ctrl-C to exit <==");
        screen.expect("tick\r\ntick");
        screen.keys(INTERRUPT);
        screen.expect(PROMPT);
        screen.keys("version\r");
        screen.expect("4.3.0");
        screen.expect(PROMPT);
        screen.keys(END);
        assert_eq!(screen.code(), Some(0), "{term}");
    }
    let mut screen = Screen::open(&daemon, "xterm", &["maintail", "-f"]);
    screen.expect("started with pid");
    screen.keys(INTERRUPT);
    assert_eq!(screen.code(), Some(0));
}

#[test]
fn a_conversation() {
    let daemon = daemon();
    for term in TERMINALS {
        let mut screen = Screen::shell(&daemon, term);
        screen.keys("fg asks\r");
        screen.expect("==> Press Ctrl-C to exit <==");
        screen.keys("who are you?\r");
        screen.expect("<who are you?>");
        screen.keys(INTERRUPT);
        screen.expect("Exiting foreground");
        screen.expect(PROMPT);
        screen.keys(END);
        assert_eq!(screen.code(), Some(0), "{term}");
    }
}

/// While output arrives and the window changes, the line being typed stays whole.
#[test]
fn output_does_not_disturb_typing() {
    let daemon = daemon();
    let mut screen = Screen::shell(&daemon, "xterm");
    screen.keys("fg ticks\r");
    screen.expect("tick\r\n");
    screen.keys("half ty");
    for _ in 0..20 {
        screen.expect("tick\r\n");
    }
    // It is drawn again below the output.
    screen.expect("half ty");
    screen.resize(60);
    screen.keys("ped\r");
    screen.expect("<half typed>");
    screen.keys(INTERRUPT);
    screen.expect("Exiting foreground");
    screen.expect(PROMPT);
    screen.keys(END);
    assert_eq!(screen.code(), Some(0));
}

#[test]
fn the_password_is_asked_for_and_not_shown() {
    let daemon = Daemon::with("", "");
    let port = free_port();
    let config = fs::read_to_string(daemon.path("s.conf")).expect("the configuration");
    let inet = format!("[inet_http_server]\nport=127.0.0.1:{port}\nusername=me\npassword=secret\n");
    fs::write(daemon.path("s.conf"), format!("{config}{inet}")).expect("write");
    assert!(daemon.ctl(&["reload"]).status.success());
    crate::harness::wait_until("the locked server", || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    });

    let mut screen = Screen::open(
        &daemon,
        "xterm",
        &["-s", &format!("http://127.0.0.1:{port}")],
    );
    screen.expect("Server requires authentication");
    screen.expect("Username:");
    screen.keys("me\r");
    screen.expect("Password:");
    screen.keys("wrong\r");
    screen.expect("Server requires authentication");
    screen.expect("Username:");
    screen.keys("me\r");
    screen.expect("Password:");
    screen.keys("secret\r");
    let shown = screen.expect(PROMPT);
    assert!(!shown.contains("secret"), "{shown:?}");
    screen.keys("version\r");
    screen.expect("4.3.0");
    screen.expect(PROMPT);
    screen.keys(END);
    assert_eq!(screen.code(), Some(0));
}

/// What TAB offers is what there is at that moment, also nothing.
#[test]
fn names_are_those_of_now() {
    let mut daemon = daemon();
    let mut screen = Screen::shell(&daemon, "xterm");
    screen.keys("pid newc\t\x15version\r");
    let shown = screen.expect("4.3.0");
    assert!(!shown.contains("newcomer"), "{shown}");
    screen.expect(PROMPT);
    let more = format!("{PROGRAMS}[program:newcomer]\ncommand=/bin/cat\nstartsecs=0\n");
    daemon.setup().configure("", &more);
    assert!(daemon.ctl(&["update"]).status.success());
    daemon.wait_state("newcomer", "RUNNING");
    let pid = daemon.child_pid("newcomer");
    screen.keys("pid newc\t\r");
    screen.expect(&format!("{pid}\r\n"));
    screen.expect(PROMPT);
    // groups, after commands that take groups
    screen.keys("update newc\t\r");
    screen.expect("newcomer");
    screen.expect(PROMPT);
    // names of commands and of their options
    screen.keys("update --d\t newcomer\r");
    screen.expect("--dry-run");
    screen.expect(PROMPT);
    daemon.signal(libc::SIGTERM);
    daemon.ended();
    screen.keys("pid newc\t\r");
    screen.expect("no such file");
    screen.expect(PROMPT);
    screen.keys(END);
    assert_eq!(screen.code(), Some(0));
}

#[test]
fn lines_that_come_at_once_are_taken_one_by_one() {
    let daemon = daemon();
    let pid = daemon.pid();
    for term in TERMINALS {
        let mut screen = Screen::shell(&daemon, term);
        screen.keys("version\rpid\rfg asks\r");
        screen.expect("4.3.0");
        screen.expect(&format!("{pid}\r\n"));
        screen.expect("==> Press Ctrl-C to exit <==");
        screen.keys("x\r");
        screen.expect("<x>");
        screen.keys(INTERRUPT);
        screen.expect(PROMPT);
        screen.keys("\x1b[A");
        screen.keys(END);
        screen.keys(if term == "xterm" { INTERRUPT } else { "\r" });
        if term != "xterm" {
            screen.expect(PROMPT);
            screen.keys(END);
        }
        assert_eq!(screen.code(), Some(0), "{term}");
    }
}

/// A line longer than the window, in a window that changes.
#[test]
fn long_lines_stay_whole() {
    let daemon = daemon();
    let mut screen = Screen::shell(&daemon, "xterm");
    let name = "long".repeat(40);
    screen.keys(&format!("pid {}", &name[..100]));
    screen.expect("long");
    screen.resize(40);
    screen.keys(&format!("{}\r", &name[100..]));
    screen.expect(&format!("No such process {name}\r\n"));
    screen.expect(PROMPT);
    screen.keys(END);
    assert_eq!(screen.code(), Some(0));
}

/// The terminal goes away: so does the shell.
#[test]
fn a_lost_terminal_ends_the_shell() {
    let daemon = daemon();
    for term in TERMINALS {
        let screen = Screen::shell(&daemon, term);
        screen.lose();
    }
}

/// One byte that is not UTF-8 is left out of the line; the shell and `fg` go on.
#[test]
fn a_byte_that_is_not_utf_8_ends_nothing() {
    let daemon = daemon();
    for term in TERMINALS {
        let mut screen = Screen::shell(&daemon, term);
        screen.keys("ver");
        screen.expect("ver");
        screen.bytes(b"\xff");
        if term == "xterm" {
            screen.expect("supervisor> ver");
        }
        screen.keys("sion\r");
        screen.expect("4.3.0");
        screen.expect(PROMPT);
        screen.keys("fg asks\r");
        screen.expect("==> Press Ctrl-C to exit <==");
        screen.keys("on");
        screen.expect("on");
        screen.bytes(b"\xff");
        if term == "xterm" {
            screen.expect("on");
        }
        screen.keys("e\r");
        screen.expect("e>");
        screen.keys(INTERRUPT);
        screen.expect("Exiting foreground");
        screen.expect(PROMPT);
        screen.keys(END);
        assert_eq!(screen.code(), Some(0), "{term}");
    }
}

/// What a terminal would obey, and colors, as a program writes them.
const OUTPUT: &[u8] = b"\x1b[31mred\x1b[0m \x1b]0;title\x07\x1b[2J \xc2\x9b1m \xff end\n";
const VISIBLE: &str = "\x1b[31mred\x1b[0m ^[]0;title^G^[[2J \\u{9b}1m \\xff end\r\n";

#[test]
fn a_terminal_is_shown_colors_and_nothing_else_to_obey() {
    let daemon = daemon();
    fs::write(daemon.path("output"), OUTPUT).expect("write");
    let program = format!(
        "[program:hostile]\ncommand=/bin/sh -c 'cat @DIR@/output; while read l; do cat \
         @DIR@/output; done'\nstartsecs=0\nstdout_logfile=@DIR@/hostile.log\n{PROGRAMS}"
    );
    daemon.setup().configure("", &program);
    assert!(daemon.ctl(&["update"]).status.success());
    crate::harness::wait_until("the output", || daemon.text("hostile.log").ends_with('\n'));
    for words in [
        &["tail", "hostile"][..],
        &["tail", "-n", "1", "hostile"],
        &["tail", "-f", "hostile"],
        &["tail", "-f", "hostile", "asks"],
        &["fg", "hostile"],
    ] {
        let mut screen = Screen::open(&daemon, "xterm", words);
        let shown = screen.expect(" end\r\n");
        let expected = VISIBLE.trim_end_matches(" end\r\n");
        assert!(shown.ends_with(expected), "{words:?}: {shown:?}");
    }
    // a pipe gets the bytes
    for words in [&["tail", "hostile"][..], &["tail", "-n", "1", "hostile"]] {
        let out = daemon.ctl(words).stdout;
        assert!(out.starts_with(OUTPUT), "{words:?}: {out:?}");
    }
}
