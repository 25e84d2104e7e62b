//! Our supervisorctl and the original's, each against an original daemon of its own, must
//! say the same and end the same. Only help is worded differently.

use std::process::Output;
use std::thread;

use crate::harness::{Daemon, Setup, summary, wait_until};

/// Exit code, standard output and standard error.
type Outcome = (Option<i32>, String, String);

/// Of every kind one.
pub(crate) const PROGRAMS: &str = "\
[program:cat]
command=/bin/cat
stdout_logfile=@DIR@/cat.log
startsecs=0
[program:manual]
command=/bin/cat
autostart=false
startsecs=0
stdout_logfile=NONE
[program:gone]
command=/nonexistent/x
autostart=false
[program:fails]
command=/bin/false
autostart=false
startretries=0
[program:done]
command=/bin/true
autorestart=false
startsecs=0
[group:g]
programs=a,b
priority=5
[program:a]
command=/bin/cat
startsecs=0
priority=7
[program:b]
command=/bin/cat
autostart=false
startsecs=0
[program:a_name_longer_than_all_the_other_names]
command=/bin/cat
autostart=false
";

/// Both, so that a script can be given to both.
struct Pair([Daemon; 2]);

impl Pair {
    fn start() -> Option<Self> {
        let setups = [
            Setup::original()?,
            Setup::original_daemon().expect("as before"),
        ];
        let starting = setups.map(|setup| {
            thread::spawn(move || {
                setup.configure("", PROGRAMS);
                let daemon = setup.start();
                for name in ["cat", "g:a"] {
                    daemon.wait_state(name, "RUNNING");
                }
                daemon.wait_state("done", "EXITED");
                wait_until("a log", || daemon.path("cat.log").exists());
                daemon
            })
        });
        Some(Self(
            starting.map(|starting| starting.join().expect("a daemon")),
        ))
    }

    /// Give both the same command; what the original's answer was.
    fn same(&self, command: &str) -> Outcome {
        self.same_as(command, |daemon| {
            let words: Vec<&str> = command.split_whitespace().collect();
            daemon.ctl(&words)
        })
    }

    /// The same, but for the order of lines: children that are stopped together end in any
    /// order, with the original's daemon too.
    fn same_lines(&self, command: &str) -> Outcome {
        let words: Vec<&str> = command.split_whitespace().collect();
        let [theirs, ours] = [&self.0[0], &self.0[1]].map(|daemon| {
            let (code, out, err) = normal(&daemon.ctl(&words), daemon);
            let mut lines: Vec<&str> = out.lines().collect();
            lines.sort_unstable();
            (code, lines.join("\n"), err)
        });
        assert_eq!(ours, theirs, "{command}");
        theirs
    }

    fn same_as(&self, what: &str, run: impl Fn(&Daemon) -> Output + Sync) -> Outcome {
        let [theirs, ours] = thread::scope(|scope| {
            let running = [&self.0[0], &self.0[1]].map(|daemon| {
                let run = &run;
                scope.spawn(move || normal(&run(daemon), daemon))
            });
            running.map(|running| running.join().expect("an outcome"))
        });
        assert_eq!(ours, theirs, "{what}");
        theirs
    }

    fn restart(&self, program: &str) {
        for daemon in &self.0 {
            let _ = daemon.ctl(&["start", program]);
        }
    }
}

/// An outcome without what differs between two runs: places, process ids, times, and what
/// the original tells of its own source.
fn normal(output: &Output, daemon: &Daemon) -> Outcome {
    let (code, out, err) = summary(output);
    let text = |text: String| {
        let folder = daemon.folder().display().to_string();
        let lines: Vec<String> = text
            .replace(&folder, "DIR")
            .split('\n')
            .map(normal_line)
            .collect();
        lines.join("\n")
    };
    (code, text(out), text(err))
}

fn normal_line(line: &str) -> String {
    // After a prompt there is no line end.
    if let Some((before, error)) = line.split_once("error: <") {
        let class = error.split('>').next().unwrap_or_default();
        return format!("{before}error: <{class}>");
    }
    if !line.is_empty() && line != "0" && line.bytes().all(|byte| byte.is_ascii_digit()) {
        return "PID".to_owned();
    }
    if let Some((before, _)) = line.split_once("EXITED ") {
        return before.to_owned();
    }
    // Help is worded differently; what is explained stands before the first tab.
    let line = line.split('\t').next().unwrap_or_default();
    let words: Vec<&str> = line.split(' ').collect();
    let shown = words.iter().enumerate().map(|(at, word)| {
        match at.checked_sub(1).and_then(|before| words.get(before)) {
            Some(&"pid") => "PID",
            Some(&"uptime") => "TIME",
            Some(_) | None => *word,
        }
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[test]
fn commands_that_change_nothing() {
    let Some(pair) = Pair::start() else { return };
    for (command, code) in [
        ("status", 3),
        ("status all nope", 3),
        ("status cat", 0),
        ("status cat nope zz:* g:zz g", 4),
        ("status nope manual", 3),
        ("status g: g:* cat:cat", 3),
        ("pid", 0),
        ("pid all nope", 0),
        ("pid manual", 7),
        ("pid nope cat g:*", 1),
        ("avail", 0),
        ("version", 0),
        ("tail cat", 0),
        ("tail -5 cat STDERR", 0),
        ("tail manual", 1),
        ("tail nope", 1),
        ("tail -x", 1),
        ("tail -x cat", 1),
        ("tail -x cat foo", 1),
        ("tail cat nope stdout", 0),
        ("tail cat stdout more", 1),
        ("maintail -x", 1),
        ("maintail word", 1),
        ("fg nope", 1),
        ("fg manual", 1),
        ("fg cat manual", 1),
        ("open", 1),
        ("open ftp://x", 1),
        ("open http://127.0.0.1:1", 0),
        ("exit now", 0),
        ("quit", 0),
        ("EOF", 0),
        ("? nope", 0),
        ("help", 0),
        ("help EOF", 0),
        ("help start stop", 0),
        ("!ls", 1),
        ("Status", 1),
        ("st@art x", 1),
        ("add", 0),
        ("add cat nope", 1),
        ("remove", 0),
        ("remove cat nope", 1),
        ("reread", 0),
        ("update nope cat", 1),
        ("signal FOO cat", 1),
        ("signal HUP nope manual zz:*", 1),
    ] {
        assert_eq!(pair.same(command).0, Some(code), "{command}");
    }
}

/// Misuse is answered with a line and help; the topics explain the same ways of use.
#[test]
fn misuse_and_help() {
    let Some(pair) = Pair::start() else { return };
    for (command, code) in [
        ("start", 2),
        ("stop", 1),
        ("restart", 1),
        ("signal", 1),
        ("signal HUP", 1),
        ("clear", 1),
        ("avail x", 1),
        ("reread x", 1),
        ("version x", 1),
        ("shutdown now", 1),
        ("reload now", 1),
        ("fg", 1),
    ] {
        let [theirs, ours] = [&pair.0[0], &pair.0[1]].map(|daemon| {
            let words: Vec<&str> = command.split_whitespace().collect();
            let (code, out, err) = normal(&daemon.ctl(&words), daemon);
            let first = out.lines().next().unwrap_or_default().to_owned();
            (code, first, syntaxes(&out), err)
        });
        assert_eq!(ours, theirs, "{command}");
        assert_eq!(theirs.0, Some(code), "{command}");
    }
    for topic in [
        "add", "avail", "clear", "exit", "fg", "help", "maintail", "open", "pid", "quit", "reload",
        "remove", "reread", "restart", "shutdown", "signal", "start", "status", "stop", "tail",
        "update", "version",
    ] {
        let [theirs, mut ours] = [&pair.0[0], &pair.0[1]]
            .map(|daemon| syntaxes(&summary(&daemon.ctl(&["help", topic])).1));
        // Beyond that, our help tells of our additions.
        ours.retain(|syntax| theirs.contains(syntax));
        assert_eq!(ours, theirs, "help {topic}");
    }
}

/// What a help text explains: whatever stands before a tab.
fn syntaxes(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(syntax, _)| syntax.trim().to_owned())
        .filter(|syntax| !syntax.is_empty())
        .collect()
}

#[test]
fn commands_that_change_something() {
    let Some(pair) = Pair::start() else { return };
    for (command, code) in [
        ("start cat", 0),
        ("start manual", 0),
        ("signal HUP g:* nope", 1),
        ("restart cat", 0),
        ("start gone", 1),
        ("start fails", 7),
        ("start nope nope:*", 2),
        ("stop cat cat", 0),
        ("stop nope zz:*", 1),
        ("restart nope", 1),
        ("start g:b", 0),
        ("clear cat", 0),
        ("clear nope", 1),
        ("stop all", 0),
        ("stop all", 0),
        ("remove g", 0),
        ("remove g", 1),
        ("avail", 0),
        ("add g", 0),
        ("add g", 0),
        ("reload", 0),
    ] {
        let outcome = match command {
            "stop all" => pair.same_lines(command),
            _ => pair.same(command),
        };
        assert_eq!(outcome.0, Some(code), "{command}: {outcome:?}");
        if command == "stop cat cat" {
            pair.restart("cat");
        }
    }
}

#[test]
fn changes_of_the_configuration() {
    let Some(pair) = Pair::start() else { return };
    let reconfigure = |programs: &str| {
        for daemon in &pair.0 {
            daemon.setup().configure("", programs);
        }
    };
    let changed = PROGRAMS
        .replace(
            "[program:done]\ncommand=/bin/true",
            "[program:done]\ncommand=/bin/true x",
        )
        .replace("[program:fails]", "[program:new]");
    reconfigure(&changed);
    pair.same("reread");
    pair.same("update new");
    pair.same("update");
    pair.same("update");
    reconfigure("[program:broken]\n");
    assert_eq!(pair.same("reread").0, Some(1));
    assert_eq!(pair.same("update").0, Some(1));
}

#[test]
fn sessions_from_a_pipe() {
    let Some(pair) = Pair::start() else { return };
    for input in [
        "",
        "version\n\n   pid nope   \nnonsense\nexit\nversion\n",
        "shutdown\nn\nreload\n",
        "help nope\n?nope\nEOF\n",
        "stop manual\ntail -f nope\nversion",
        "open unix:///nonexistent\nopen ftp://x\n",
    ] {
        let outcome = pair.same_as(input, |daemon| {
            let config = daemon.path("s.conf").display().to_string();
            daemon.setup().ctl_alone(&["-c", &config], input)
        });
        assert_eq!(outcome.0, Some(0), "{input:?}");
    }
}

#[test]
fn servers_that_are_not_there() {
    let (Some(theirs), Some(ours)) = (Setup::original(), Setup::original_daemon()) else {
        return;
    };
    const COMMANDS: &[&str] = &[
        "status", "start x", "start", "pid", "tail x", "clear x", "avail", "update", "add x",
        "remove x", "reload", "shutdown", "help",
    ];
    const FEW: &[&str] = &["status", "version", "avail", "shutdown"];
    for (url, commands) in [
        ("unix:///nonexistent/s.sock", COMMANDS),
        ("http://127.0.0.1:1", COMMANDS),
        ("unix:///etc/passwd", FEW),
        ("unix:///etc/passwd/x", FEW),
        ("a:b", FEW),
    ] {
        for command in commands {
            let mut words = vec!["-c", "", "-s", url];
            words.extend(command.split_whitespace());
            let [theirs, ours] = [&theirs, &ours].map(|setup| {
                let (code, out, err) = summary(&setup.ctl_alone(&words, ""));
                let out: Vec<String> = out.lines().map(normal_line).collect();
                (code, out, err)
            });
            assert_eq!(ours, theirs, "{words:?}");
        }
    }
}
