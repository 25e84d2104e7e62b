//! supervisorctl on a screen as a person sees it: tmux draws it and tells what stands where.
//! Where tmux is missing that is said and skipped.

use std::process::{Command, Output};

use crate::harness::{Daemon, is_installed, wait_until, wait_until_or};

const PROGRAMS: &str = "\
[program:ticks]
command=/bin/sh -c 'while :; do echo tick; sleep 0.02; done & while read l; do echo \"<$l>\"; done'
startsecs=0
stopasgroup=true
";

/// A tmux of its own with one window.
struct Tmux(String);

impl Tmux {
    /// Nothing if it is not installed.
    fn open(daemon: &Daemon) -> Option<Self> {
        let folder = daemon.folder().file_name().expect("a name");
        let tmux = Self(format!("visord{}", folder.to_string_lossy()));
        let shell = format!(
            "{} -c {}",
            env!("CARGO_BIN_EXE_supervisorctl"),
            daemon.path("s.conf").display()
        );
        let words = [
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "60",
            "-y",
            "12",
            &shell,
        ];
        if !is_installed("tmux") {
            return None;
        }
        assert!(tmux.tell(&words).status.success(), "tmux does not start");
        Some(tmux)
    }

    fn tell(&self, words: &[&str]) -> Output {
        let mut command = Command::new("tmux");
        command.args(["-L", &self.0]).args(words);
        command.output().expect("tmux")
    }

    fn keys(&self, keys: &str) {
        self.tell(&["send-keys", "-l", keys]);
    }

    /// What stands on the screen, without empty lines at its end.
    fn screen(&self) -> String {
        let output = self.tell(&["capture-pane", "-p"]);
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    }

    /// Wait until that is shown; on failure tells what is.
    fn expect(&self, text: &str) {
        let shown = || self.screen().contains(text);
        wait_until_or(shown, || format!("{text:?} on\n{}", self.screen()));
    }

    /// Wait until the last line is that.
    fn expect_last(&self, line: &str) {
        let is_last = || {
            let screen = self.screen();
            screen.lines().last().map(str::trim_end) == Some(line)
        };
        let what = || format!("{line:?} as the last line of\n{}", self.screen());
        wait_until_or(is_last, what);
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.tell(&["kill-server"]);
    }
}

/// Output that arrives stands above the line being typed, which stays whole and last, in a
/// window of any width.
#[test]
fn the_line_being_typed_is_never_torn() {
    let daemon = Daemon::with("", PROGRAMS);
    daemon.wait_state("ticks", "RUNNING");
    let Some(tmux) = Tmux::open(&daemon) else {
        return;
    };
    tmux.expect_last("supervisor>");
    tmux.keys("fg ticks\r");
    wait_until("output", || tmux.screen().matches("tick\n").count() > 8);
    tmux.keys("half a line");
    tmux.expect_last("half a line");
    for columns in ["40", "80", "20"] {
        tmux.tell(&["resize-window", "-x", columns]);
        tmux.keys(" more");
        wait_until("output above a whole line", || {
            let screen = tmux.screen();
            let mut lines = screen.lines().rev();
            let typed = lines.next().unwrap_or_default();
            let torn = lines.any(|line| line.contains("half") || line.contains("more"));
            // In a narrow window the line takes two.
            typed.trim_end().ends_with("more") && (!torn || columns == "20")
        });
    }
    tmux.tell(&["resize-window", "-x", "60"]);
    tmux.keys("\r");
    tmux.expect("<half a line more more more>");
    tmux.tell(&["send-keys", "C-c"]);
    tmux.expect_last("supervisor>");
    // The prompt works as before.
    tmux.keys("vers\t\r");
    tmux.expect("supervisor> version");
    tmux.expect("\n4.3.0\n");
    tmux.tell(&["send-keys", "C-d"]);
}
