//! A program on a terminal of its own: what is typed, what is shown.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{Winsize, grantpt, posix_openpt, ptsname_r, unlockpt};

use crate::harness::{Daemon, PATIENCE};

/// The prompt of supervisorctl.
pub(crate) const PROMPT: &str = "supervisor> ";
/// Ctrl-C.
pub(crate) const INTERRUPT: &str = "\x03";
/// Ctrl-D.
pub(crate) const END: &str = "\x04";

/// A program on a terminal of its own.
pub(crate) struct Screen {
    child: Child,
    terminal: File,
    /// Shown and not expected yet.
    shown: String,
}

impl Screen {
    /// supervisorctl for that daemon.
    pub(crate) fn open(daemon: &Daemon, term: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_supervisorctl"));
        command.arg("-c").arg(daemon.path("s.conf")).args(arguments);
        Self::start(command, term)
    }

    /// Any program.
    pub(crate) fn start(mut command: Command, term: &str) -> Self {
        let (master, slave) = terminal();
        let side = || Stdio::from(slave.try_clone().expect("a descriptor"));
        command
            .env("TERM", term)
            .stdin(side())
            .stdout(side())
            .stderr(side());
        // SAFETY: both calls are async-signal-safe and touch only the new process.
        unsafe {
            command.pre_exec(|| {
                if libc::setsid() < 0 || libc::ioctl(0, libc::TIOCSCTTY, 0) < 0 {
                    return Err(std::io::Error::last_os_error());
                }
                Ok(())
            });
        }
        set_width(&master, 80);
        Self {
            child: command.spawn().expect("start the program"),
            terminal: master,
            shown: String::new(),
        }
    }

    /// A shell whose first prompt is there.
    pub(crate) fn shell(daemon: &Daemon, term: &str) -> Self {
        let mut screen = Self::open(daemon, term, &[]);
        screen.expect(PROMPT);
        screen
    }

    /// Of the program.
    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("a pid")
    }

    /// Type.
    pub(crate) fn keys(&mut self, keys: &str) {
        self.bytes(keys.as_bytes());
    }

    /// Type what may be no text.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.terminal.write_all(bytes).expect("type");
    }

    /// Wait until `text` is shown; returns what was shown before it.
    pub(crate) fn expect(&mut self, text: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.shown.find(text) {
                let before = self.shown[..at].to_owned();
                self.shown.drain(..at + text.len());
                return before;
            }
            if Instant::now() >= end || !self.read() {
                panic!("waited in vain for {text:?}; {}", self.described());
            }
        }
    }

    /// What the program does and what is shown, for a test that fails.
    fn described(&mut self) -> String {
        let ended = self.child.try_wait();
        // the number of the system call it is in, and the arguments
        let call = std::fs::read_to_string(format!("/proc/{}/syscall", self.pid()));
        let shown: String = self.shown.chars().take(1000).collect();
        format!("ended: {ended:?}; in the kernel: {call:?}; shown: {shown:?}")
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

    /// Give the window another width.
    pub(crate) fn resize(&self, columns: u16) {
        set_width(&self.terminal, columns);
    }

    /// Close the terminal; the program is to end.
    pub(crate) fn lose(mut self) {
        drop(self.terminal);
        crate::harness::wait_until("its end", || {
            self.child.try_wait().expect("its end").is_some()
        });
    }

    /// The exit code.
    pub(crate) fn code(mut self) -> Option<i32> {
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

/// Both ends of a new terminal. No other process that is started meanwhile inherits them: a
/// terminal is lost only when no process has it any more.
fn terminal() -> (File, File) {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let master = posix_openpt(flags).expect("a terminal");
    grantpt(&master).expect("a terminal");
    unlockpt(&master).expect("a terminal");
    let name = ptsname_r(&master).expect("its name");
    let mut options = File::options();
    options.read(true).write(true).custom_flags(libc::O_NOCTTY);
    let slave = options.open(name).expect("its other end");
    (File::from(OwnedFd::from(master)), slave)
}

fn set_width(terminal: &File, columns: u16) {
    let size = winsize(columns);
    // SAFETY: the kernel reads one winsize, which outlives the call.
    let done = unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSWINSZ, &size) };
    assert_eq!(done, 0, "resize");
}

fn winsize(columns: u16) -> Winsize {
    Winsize {
        ws_row: 24,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}
