//! The sessions in `tests/scripts/`: what is typed and what is shown, side by side. How they
//! are written is told in `tests/scripts/README.md`. `VISORD_BLESS=1` writes what is shown
//! into them.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use visord_xmlrpc::Value;

use crate::harness::{Daemon, Setup, wait_until};

const PROMPT: &str = "supervisor> ";
const INDENT: &str = "    ";

/// A line of a script, or several that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    /// A comment or an empty line.
    Kept(String),
    /// The programs that are configured from now on.
    Config(Vec<String>),
    /// `@wait NAME STATE`
    Wait { name: String, state: String },
    /// `@stop`: the daemon ends.
    Stop,
    /// `$ WORDS`, or `supervisor> LINE` in a shell that `$` alone has opened.
    Typed(Typed),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Typed {
    /// With the `$ ` or the prompt.
    line: String,
    /// What is typed in answer to it.
    input: Vec<String>,
    /// What is to be shown, marked.
    shown: Vec<String>,
    code: i32,
}

fn read(text: &str) -> Vec<Item> {
    let mut items = Vec::new();
    for line in text.lines() {
        match (items.last_mut(), line) {
            (_, "@stop") => items.push(Item::Stop),
            (Some(Item::Config(lines)), line) if line.starts_with('|') => {
                lines.push(line[1..].trim().to_owned());
            }
            (_, line) if line.starts_with('|') => {
                items.push(Item::Config(vec![line[1..].trim().to_owned()]));
            }
            (_, line) if line.starts_with('$') || line.starts_with(PROMPT.trim_end()) => {
                items.push(Item::Typed(Typed {
                    line: line.to_owned(),
                    ..Typed::default()
                }));
            }
            (Some(Item::Typed(typed)), line) if line.starts_with("< ") => {
                typed.input.push(line[2..].to_owned());
            }
            (Some(Item::Typed(typed)), line) if line.starts_with(INDENT) => {
                typed.shown.push(line[INDENT.len()..].to_owned());
            }
            (Some(Item::Typed(typed)), line) if line.starts_with("=> ") => {
                typed.code = line[3..].parse().expect("an exit code");
            }
            (_, line) if line.starts_with("@wait ") => {
                let words: Vec<&str> = line.split(' ').collect();
                items.push(Item::Wait {
                    name: words[1].to_owned(),
                    state: words[2].to_owned(),
                });
            }
            (_, line) if line.is_empty() || line.starts_with('#') => {
                items.push(Item::Kept(line.to_owned()));
            }
            (_, line) => panic!("what is {line:?}?"),
        }
    }
    items
}

fn written(items: &[Item]) -> String {
    let mut text = String::new();
    for item in items {
        match item {
            Item::Kept(line) => text.push_str(&format!("{line}\n")),
            Item::Config(lines) => {
                for line in lines {
                    text.push_str(&format!("| {line}\n"));
                }
            }
            Item::Wait { name, state } => text.push_str(&format!("@wait {name} {state}\n")),
            Item::Stop => text.push_str("@stop\n"),
            Item::Typed(typed) => {
                text.push_str(&format!("{}\n", typed.line));
                for line in &typed.input {
                    text.push_str(&format!("< {line}\n"));
                }
                for line in &typed.shown {
                    text.push_str(&format!("{INDENT}{line}\n"));
                }
                if typed.code != 0 {
                    text.push_str(&format!("=> {}\n", typed.code));
                }
            }
        }
    }
    text
}

/// What a script runs on.
enum Stage {
    Before(Setup),
    Running(Daemon),
}

impl Stage {
    fn setup(&self) -> &Setup {
        match self {
            Self::Before(setup) => setup,
            Self::Running(daemon) => daemon.setup(),
        }
    }
}

/// Do what a script says; what came of it.
fn play(items: &[Item]) -> Vec<Item> {
    let mut stage = Stage::Before(Setup::new());
    let mut played: Vec<Item> = Vec::new();
    let mut items = items.iter().peekable();
    while let Some(item) = items.next() {
        played.push(item.clone());
        match item {
            Item::Kept(_) => {}
            Item::Config(lines) => {
                stage.setup().configure("", &lines.join("\n"));
                if let Stage::Before(setup) = stage {
                    stage = Stage::Running(setup.start());
                }
            }
            Item::Wait { name, state } => {
                let Stage::Running(daemon) = &stage else {
                    panic!("no daemon yet");
                };
                // It may be restarting.
                wait_until(&format!("{name} to be {state}"), || {
                    let asked = [name.as_str().into()];
                    let info = daemon.try_call("supervisor.getProcessInfo", &asked);
                    let found = info.as_ref().ok().and_then(|info| info.get("statename"));
                    found.and_then(Value::as_str) == Some(state)
                });
            }
            Item::Stop => {
                if let Stage::Running(daemon) = &mut stage {
                    daemon.signal(libc::SIGTERM);
                    daemon.ended();
                }
            }
            Item::Typed(typed) if typed.line.trim() == "$" => {
                played.pop();
                let mut shell = vec![item.clone()];
                let is_of_it = |item: &&Item| match item {
                    Item::Kept(_) => true,
                    Item::Typed(typed) => typed.line.starts_with(PROMPT.trim_end()),
                    Item::Config(_) | Item::Wait { .. } | Item::Stop => false,
                };
                while let Some(item) = items.next_if(is_of_it) {
                    shell.push(item.clone());
                }
                played.extend(in_shell(stage.setup(), shell));
            }
            Item::Typed(typed) => {
                played.pop();
                played.push(Item::Typed(one_shot(stage.setup(), typed)));
            }
        }
    }
    played
}

fn one_shot(setup: &Setup, typed: &Typed) -> Typed {
    let folder = setup.path("").display().to_string();
    let line = typed.line[1..].replace("@DIR@", folder.trim_end_matches('/'));
    let words = visord_actors::spawn::split(&line).expect("words");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let input: String = typed.input.iter().map(|line| format!("{line}\n")).collect();
    let config = setup.path("s.conf").display().to_string();
    // Without any option, the session's own daemon is meant.
    let output = if words
        .first()
        .is_some_and(|word| ["-c", "-s", "-h"].contains(word))
    {
        setup.ctl_alone(&words, &input)
    } else {
        setup.ctl_alone(&[&["-c", &config], &words[..]].concat(), &input)
    };
    let mut shown = marked(setup, &String::from_utf8_lossy(&output.stdout));
    let errors = marked(setup, &String::from_utf8_lossy(&output.stderr));
    shown.extend(errors.into_iter().map(|line| format!("! {line}")));
    Typed {
        shown: kept_where_equal(&typed.shown, shown),
        code: output.status.code().unwrap_or(-1),
        ..typed.clone()
    }
}

/// One shell takes all the lines; what it shows is cut at its prompts.
fn in_shell(setup: &Setup, items: Vec<Item>) -> Vec<Item> {
    let folder = setup.path("").display().to_string();
    let mut input = String::new();
    for item in &items[1..] {
        if let Item::Typed(typed) = item {
            input.push_str(&format!(
                "{}\n",
                typed.line[PROMPT.trim_end().len()..].trim()
            ));
            for line in &typed.input {
                input.push_str(&format!("{line}\n"));
            }
        }
    }
    let input = input.replace("@DIR@", folder.trim_end_matches('/'));
    let config = setup.path("s.conf").display().to_string();
    let output = setup.ctl_alone(&["-c", &config], &input);
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut shown = stdout.split(PROMPT);
    let mut played = Vec::new();
    for item in items {
        played.push(match item {
            Item::Typed(typed) => {
                let found = marked(setup, shown.next().unwrap_or("no prompt\n"));
                Item::Typed(Typed {
                    shown: kept_where_equal(&typed.shown, found),
                    ..typed
                })
            }
            Item::Kept(_) | Item::Config(_) | Item::Wait { .. } | Item::Stop => item,
        });
    }
    assert_eq!(output.status.code(), Some(0), "a shell ends well");
    played
}

/// Lines as scripts show them: blanks at the end and empty lines visible, the folder, process
/// ids and times as what they stand for.
fn marked(setup: &Setup, text: &str) -> Vec<String> {
    let folder = setup.path("").display().to_string();
    let text = text
        .replace(folder.trim_end_matches('/'), "@DIR@")
        .replace(env!("CARGO_BIN_EXE_supervisorctl"), "supervisorctl");
    text.lines()
        .map(|line| {
            let body = line.trim_end_matches(' ');
            let blanks = "\u{2423}".repeat(line.len() - body.len());
            match line {
                "" => "\u{23ce}".to_owned(),
                _ => format!("{}{blanks}", without_numbers(body)),
            }
        })
        .collect()
}

/// Whatever is another number each time becomes `*`.
fn without_numbers(line: &str) -> String {
    let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    for at in 1..words.len() {
        let comma = if words[at].ends_with(',') { "," } else { "" };
        let before = words[at - 1].trim_start_matches('(');
        if ["pid", "uptime"].contains(&before)
            && words[at].starts_with(|c: char| c.is_ascii_digit())
        {
            words[at] = format!("*{comma}");
        }
    }
    words.join(" ")
}

/// What was expected where it fits, for it may have wildcards, else what was found.
fn kept_where_equal(expected: &[String], found: Vec<String>) -> Vec<String> {
    if fits(expected, &found) {
        expected.to_vec()
    } else {
        found
    }
}

/// Whether lines are as expected; `...` stands for any lines.
fn fits(expected: &[String], found: &[String]) -> bool {
    match (expected.split_first(), found.split_first()) {
        (None, None) => true,
        (Some((first, rest)), _) if first == "..." => {
            (0..=found.len()).any(|skipped| fits(rest, &found[skipped..]))
        }
        (Some((first, rest)), Some((line, more))) => line_fits(first, line) && fits(rest, more),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Whether a line is as expected; `*` stands for any text.
fn line_fits(expected: &str, line: &str) -> bool {
    match expected.split_once('*') {
        None => expected == line,
        Some((before, after)) => line.strip_prefix(before).is_some_and(|rest| {
            let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            ends.into_iter().any(|at| line_fits(after, &rest[at..]))
        }),
    }
}

/// The lines in which two texts differ, between those they share.
fn difference(expected: &str, found: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), found.lines().collect());
    let mut lengths = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            lengths[i][j] = if old[i] == new[j] {
                lengths[i + 1][j + 1] + 1
            } else {
                lengths[i + 1][j].max(lengths[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut text) = (0, 0, String::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            text.push_str(&format!("  {}\n", old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && lengths[i + 1][j] >= lengths[i][j + 1]) {
            text.push_str(&format!("- {}\n", old[i]));
            i += 1;
        } else {
            text.push_str(&format!("+ {}\n", new[j]));
            j += 1;
        }
    }
    text
}

fn scripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts");
    let entries = fs::read_dir(folder).expect("the scripts");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    files
}

#[test]
fn sessions_are_as_written_down() {
    let playing: Vec<_> = scripts()
        .into_iter()
        .map(|file| {
            let text = fs::read_to_string(&file).expect("a script");
            let playing = {
                let text = text.clone();
                thread::spawn(move || written(&play(&read(&text))))
            };
            (file, text, playing)
        })
        .collect();
    assert!(playing.len() >= 15, "scripts are missing");
    let mut complaints = String::new();
    for (file, text, playing) in playing {
        let name = file.display();
        match playing.join() {
            Err(_) => complaints.push_str(&format!("{name} came to no end\n")),
            Ok(found) if found == text => {}
            Ok(found) if std::env::var_os("VISORD_BLESS").is_some() => {
                fs::write(&file, found).expect("write the script");
            }
            Ok(found) => {
                complaints.push_str(&format!("{name}:\n{}", difference(&text, &found)));
            }
        }
    }
    assert!(
        complaints.is_empty(),
        "{complaints}\nVISORD_BLESS=1 writes this into the scripts"
    );
}

#[test]
fn lines_with_wildcards() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    for (expected, found, fit) in [
        ("a", "a", true),
        ("a*c", "abc", true),
        ("a*c*", "abc", true),
        ("a*b", "abc", false),
        ("a\n...\nz", "a\nz", true),
        ("a\n...\nz", "a\nb\nc\nz", true),
        ("...", "", true),
        ("a", "a\nb", false),
    ] {
        assert_eq!(fits(&lines(expected), &lines(found)), fit, "{expected:?}");
    }
    assert_eq!(difference("a\nb\nc\n", "a\nx\nc\n"), "  a\n- b\n+ x\n  c\n");
}
