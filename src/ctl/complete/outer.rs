//! What TAB offers in the system's shells. Their scripts (`supervisorctl completion`) hand
//! over what was typed and show what comes back; all knowledge is here, in the table of
//! commands and the definitions of options.
//!
//! `supervisorctl --complete zsh|fish WORD...` takes the words of the command line up to
//! the cursor, the program first; `supervisorctl --complete bash LINE BREAKS` the line, for
//! bash does not hand out words that have a colon in them. The answer is a candidate a
//! line, or [`FILES`] or [`DIRECTORIES`]. Whatever is wrong, there is nothing to offer.

use std::sync::mpsc;
use std::time::Duration;

use clap::{Arg, Command, ValueHint};
use visord_config::Surroundings;

use super::{Candidate, Names, offered};
use crate::cli::{long_name, tokenize};
use crate::ctl::options::{self, Request, Settings};
use crate::ctl::process::ProcessInfo;
use crate::ctl::session::Server;
use crate::daemon;

/// The shell is to offer files.
pub const FILES: &str = ":files";
/// The shell is to offer directories.
pub const DIRECTORIES: &str = ":directories";

/// How long a server may take to name its processes: a person waits with a finger on TAB.
const PATIENCE: Duration = Duration::from_secs(1);

/// What can stand under the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Offer {
    Files,
    Directories,
    These(Vec<Candidate>),
}

/// Answer a shell; every line ends with a line end.
#[must_use]
pub fn answer(request: &[String], surroundings: &Surroundings) -> String {
    let (lines, offer) = match request {
        [shell, line, breaks] if shell == "bash" => {
            let typed = Typed::read(line);
            let offer = offer(&typed.words, surroundings);
            let lines = move |candidate: &Candidate| typed.replacement(&candidate.word, breaks);
            (Box::new(lines) as Box<dyn Fn(&Candidate) -> String>, offer)
        }
        [_, words @ ..] => {
            let lines = |Candidate { word, text }: &Candidate| format!("{word}\t{text}");
            (Box::new(lines) as Box<_>, offer(words, surroundings))
        }
        [] => return String::new(),
    };
    match offer {
        Offer::Files => format!("{FILES}\n"),
        Offer::Directories => format!("{DIRECTORIES}\n"),
        Offer::These(candidates) => candidates.iter().map(|one| lines(one) + "\n").collect(),
    }
}

/// What can stand where the last of the words stands; the first one is the program.
fn offer(words: &[String], surroundings: &Surroundings) -> Offer {
    let [program, before @ .., word] = words else {
        return Offer::These(Vec::new());
    };
    let is_daemon = program.rsplit('/').next() == Some("supervisord");
    let definitions = if is_daemon {
        daemon::cli::definitions()
    } else {
        options::definitions()
    };
    let Ok(tokens) = tokenize(&definitions, before) else {
        return value_of_last(&definitions, &words[1..]);
    };
    if !tokens.words.is_empty() {
        let action: Vec<&str> = tokens.words.iter().map(String::as_str).collect();
        let own = &before[..before.len() - tokens.words.len()];
        return Offer::These(offered(&action, word, &names(program, own, surroundings)));
    }
    let is_given = |definition: &Arg| {
        let id = definition.get_id().as_str();
        tokens.options.iter().any(|token| token.id == id)
    };
    if word.starts_with('-') && before.last().is_none_or(|last| last != "--") {
        let free = definitions.get_arguments().filter(|one| !is_given(one));
        let mut options: Vec<Candidate> = free.filter_map(explained).collect();
        options.retain(|option| option.word.starts_with(word));
        return Offer::These(options);
    }
    if is_daemon {
        return Offer::These(Vec::new());
    }
    Offer::These(offered(&[], word, &names(program, before, surroundings)))
}

/// What the value of the option before it can be, if the last word is one.
fn value_of_last(definitions: &Command, words: &[String]) -> Offer {
    let nothing = Offer::These(Vec::new());
    let Ok(tokens) = tokenize(definitions, words) else {
        return nothing;
    };
    let Some(last) = tokens.options.last() else {
        return nothing;
    };
    let id = last.id.as_str();
    let mut all = definitions.get_arguments();
    let Some(definition) = all.find(|one| one.get_id().as_str() == id) else {
        return nothing;
    };
    if definition.get_value_hint() == ValueHint::FilePath {
        return Offer::Files;
    }
    if definition.get_value_hint() == ValueHint::DirPath {
        return Offer::Directories;
    }
    let values = definition.get_possible_values().into_iter();
    let names = values.map(|value| Candidate::from(value.get_name().to_owned()));
    Offer::These(
        names
            .filter(|one| one.word.starts_with(&last.value))
            .collect(),
    )
}

fn explained(definition: &Arg) -> Option<Candidate> {
    let help = definition.get_help().map(ToString::to_string);
    Some(Candidate {
        word: format!("--{}", long_name(definition)?),
        text: help.unwrap_or_default().into(),
    })
}

/// What the server that these options lead to can name.
fn names(program: &str, options: &[String], surroundings: &Surroundings) -> Names {
    let words = [options, &["status".to_owned()]].concat();
    match options::read(program, &words, surroundings) {
        Ok(Request::Act(settings)) => {
            let Settings {
                plugins, server, ..
            } = *settings;
            Names::new(move || plugins.names(), move || in_time(server))
        }
        Ok(Request::Help(_) | Request::Complete(_)) | Err(_) => Names::none(),
    }
}

/// The processes of a server that answers in time, else none.
fn in_time(server: Server) -> Vec<ProcessInfo> {
    let (sender, receiver) = mpsc::channel();
    let asking = std::thread::Builder::new().spawn(move || {
        // Nobody receives it after the time is over.
        let _ = sender.send(ProcessInfo::of(&server).unwrap_or_default());
    });
    match asking {
        Ok(_) => receiver.recv_timeout(PATIENCE).unwrap_or_default(),
        Err(_) => Vec::new(),
    }
}

/// A line as it stands in bash, up to the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Typed {
    /// Without quotes; the last one is under the cursor, perhaps empty.
    words: Vec<String>,
    /// The last one as typed.
    raw: String,
    /// The quote it stands in.
    quote: Option<char>,
}

impl Typed {
    /// Take a line apart as bash does, as far as words and quotes go. Settings of variables
    /// before the program are left out.
    fn read(line: &str) -> Self {
        let mut words = Vec::new();
        let (mut word, mut raw, mut quote) = (String::new(), String::new(), None);
        let mut characters = line.chars();
        while let Some(c) = characters.next() {
            if quote.is_none() && c.is_whitespace() {
                if !raw.is_empty() {
                    words.push(std::mem::take(&mut word));
                    raw.clear();
                }
                continue;
            }
            raw.push(c);
            match c {
                '\'' | '"' if quote == Some(c) => quote = None,
                '\'' | '"' if quote.is_none() => quote = Some(c),
                '\\' if quote != Some('\'') => {
                    let escaped = characters.next();
                    raw.extend(escaped);
                    word.extend(escaped);
                }
                c => word.push(c),
            }
        }
        words.push(word);
        let settings = words[..words.len() - 1].iter().take_while(|word| {
            let name = word.split_once('=').map_or("", |(name, _)| name);
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        });
        let settings = settings.count();
        Self {
            words: words.split_off(settings),
            raw,
            quote,
        }
    }

    /// What bash is to put in place of the part that it takes for the word, which begins
    /// after the last of `breaks`.
    fn replacement(&self, candidate: &str, breaks: &str) -> String {
        match self.quote {
            Some('\'') => return candidate.replace('\'', "'\\''"),
            Some(_) => return in_double_quotes(candidate),
            None => {}
        }
        let breaking = |c: char| ":=".contains(c) && breaks.contains(c);
        let kept = self.raw.rfind(breaking).map_or(0, |at| {
            let kept = &self.raw[..=at];
            Self::read(kept).words.last().map_or(0, String::len)
        });
        let special = |c: char| c.is_ascii_punctuation() && !"%+,-./:=@_^".contains(c);
        let mut replacement = String::new();
        for c in candidate.get(kept..).unwrap_or_default().chars() {
            if special(c) || c.is_whitespace() {
                replacement.push('\\');
            }
            replacement.push(c);
        }
        replacement
    }
}

/// A word as it stands between double quotes in bash.
fn in_double_quotes(word: &str) -> String {
    let mut quoted = String::with_capacity(word.len());
    for c in word.chars() {
        match c {
            '"' | '\\' | '$' | '`' => quoted.extend(['\\', c]),
            // a backslash before it would stay: it stands outside of the quotes
            '!' => quoted.push_str("\"\\!\""),
            _ => quoted.push(c),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn asked(request: &[&str]) -> Vec<String> {
        let surroundings = Surroundings {
            environment: BTreeMap::new(),
            node_name: "node".to_owned(),
            cwd: "/nonexistent".into(),
        };
        let request: Vec<String> = request.iter().map(|word| (*word).to_owned()).collect();
        let answer = answer(&request, &surroundings);
        answer.lines().map(str::to_owned).collect()
    }

    #[test]
    fn options_values_and_commands() {
        let ctl = |words: &[&str]| {
            let answer = asked(&[&["fish", "/x/supervisorctl"], words].concat());
            let words = answer.iter().map(|line| line.split('\t').next());
            words.flatten().collect::<Vec<_>>().join(" ")
        };
        for (words, expected) in [
            (&["-c", ""][..], FILES),
            (&["-c", "x", "--hist", ""], FILES),
            (&["-ic", ""], FILES),
            (&["-u", ""], ""),
            (&["--hi"], "--history-file"),
            (&["--json", "--j"], ""),
            (&["--json", "vers"], "version"),
            (&["-z", ""], ""),
            (&["update", "--d"], "--dry-run"),
            (&["completion", ""], "bash fish zsh"),
            (&["--", "--j"], ""),
            (&["stop", "-c", ""], ""),
        ] {
            assert_eq!(ctl(words), expected, "{words:?}");
        }
        assert_eq!(asked(&["zsh", "supervisord", "-d", ""]), [DIRECTORIES]);
        let levels = asked(&["fish", "supervisord", "-e", "e"]);
        assert_eq!(levels, ["error\t"]);
        let line = asked(&["zsh", "supervisorctl", "versio"]);
        assert_eq!(line, ["version\tShow the version of the daemon"]);
        assert_eq!(asked(&["bash"]), [""; 0]);
        assert_eq!(asked(&[]), [""; 0]);
    }

    #[test]
    fn lines_of_bash() {
        let typed = |line: &str| {
            let Typed { words, raw, .. } = Typed::read(line);
            (words.join("|"), raw)
        };
        for (line, words, raw) in [
            ("ctl ", "ctl|", ""),
            ("A=1 B= ctl -c 'a b' \"c", "ctl|-c|a b|c", "\"c"),
            ("ctl  g\\:\\*", "ctl|g:*", "g\\:\\*"),
        ] {
            assert_eq!(typed(line), (words.to_owned(), raw.to_owned()), "{line}");
        }
        let replaced = |line: &str, breaks| Typed::read(line).replacement("grp:*", breaks);
        assert_eq!(replaced("ctl g", ":"), "grp:\\*");
        assert_eq!(replaced("ctl grp:", ":="), "\\*");
        assert_eq!(replaced("ctl grp\\:", ":="), "\\*");
        assert_eq!(replaced("ctl grp:", " "), "grp:\\*");
        assert_eq!(replaced("ctl 'grp:", ":"), "grp:*");
        let hostile = "a'b\"c$(id)`x`\\!";
        for (line, replacement) in [
            ("ctl '", "a'\\''b\"c$(id)`x`\\!"),
            ("ctl \"", "a'b\\\"c\\$(id)\\`x\\`\\\\\"\\!\""),
            ("ctl ", "a\\'b\\\"c\\$\\(id\\)\\`x\\`\\\\\\!"),
        ] {
            let typed = Typed::read(line);
            assert_eq!(typed.replacement(hostile, ""), replacement, "{line}");
            // bash reads it as the name again
            let quote: String = typed.quote.iter().collect();
            let whole = Typed::read(&format!("{line}{replacement}{quote}"));
            assert_eq!(
                whole.words.last().map(String::as_str),
                Some(hostile),
                "{line}"
            );
        }
    }
}
