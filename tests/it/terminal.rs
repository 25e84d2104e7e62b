//! supervisorctl on a terminal: prompt, completion, history, questions, `tail -f`, `fg`,
//! Ctrl-C, Ctrl-D, another window size.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{Winsize, openpty};

use crate::harness::{Daemon, PATIENCE, free_port};

const PROMPT: &str = "supervisor> ";
const INTERRUPT: &str = "\x03";
const END: &str = "\x04";

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

/// A supervisorctl on a terminal of its own.
struct Screen {
    child: Child,
    terminal: File,
    /// Shown and not expected yet.
    shown: String,
}

impl Screen {
    fn open(daemon: &Daemon, term: &str, arguments: &[&str]) -> Self {
        let size = winsize(80);
        let pty = openpty(&size, None).expect("a terminal");
        let side = |fd: &OwnedFd| Stdio::from(fd.try_clone().expect("a descriptor"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_supervisorctl"));
        command
            .arg("-c")
            .arg(daemon.path("s.conf"))
            .args(arguments)
            .env("TERM", term)
            .stdin(side(&pty.slave))
            .stdout(side(&pty.slave))
            .stderr(side(&pty.slave));
        // SAFETY: both calls are async-signal-safe and touch only the new process.
        unsafe {
            command.pre_exec(|| {
                if libc::setsid() < 0 || libc::ioctl(0, libc::TIOCSCTTY, 0) < 0 {
                    return Err(std::io::Error::last_os_error());
                }
                Ok(())
            });
        }
        Self {
            child: command.spawn().expect("start supervisorctl"),
            terminal: File::from(pty.master),
            shown: String::new(),
        }
    }

    /// A shell whose first prompt is there.
    fn shell(daemon: &Daemon, term: &str) -> Self {
        let mut screen = Self::open(daemon, term, &[]);
        screen.expect(PROMPT);
        screen
    }

    fn keys(&mut self, keys: &str) {
        self.terminal.write_all(keys.as_bytes()).expect("type");
    }

    /// Wait until `text` is shown; returns what was shown before it.
    fn expect(&mut self, text: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.shown.find(text) {
                let before = self.shown[..at].to_owned();
                self.shown.drain(..at + text.len());
                return before;
            }
            assert!(
                Instant::now() < end && self.read(),
                "waited in vain for {text:?}; shown: {:?}",
                self.shown.chars().take(1000).collect::<String>()
            );
        }
    }

    /// Read what is shown within a moment; false if the program has gone.
    fn read(&mut self) -> bool {
        let mut polled = [PollFd::new(
            std::os::fd::AsFd::as_fd(&self.terminal),
            PollFlags::POLLIN,
        )];
        if poll(&mut polled, PollTimeout::from(20_u8)).expect("poll") == 0 {
            return true;
        }
        let mut bytes = [0; 4096];
        // The kernel answers EIO when the last program has left the terminal.
        let Ok(count) = self.terminal.read(&mut bytes) else {
            return false;
        };
        self.shown
            .push_str(&String::from_utf8_lossy(&bytes[..count]));
        count > 0
    }

    fn resize(&self, columns: u16) {
        let size = winsize(columns);
        // SAFETY: the kernel reads one winsize, which outlives the call.
        let done = unsafe { libc::ioctl(self.terminal.as_raw_fd(), libc::TIOCSWINSZ, &size) };
        assert_eq!(done, 0, "resize");
    }

    /// The exit code.
    fn code(mut self) -> Option<i32> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("its end") {
                return status.code();
            }
            assert!(Instant::now() < end, "it does not end: {:?}", self.shown);
            // What it shows must be taken, or it could not end.
            self.read();
        }
    }
}

fn winsize(columns: u16) -> Winsize {
    Winsize {
        ws_row: 24,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

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
    crate::harness::wait_for("the locked server", || {
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
