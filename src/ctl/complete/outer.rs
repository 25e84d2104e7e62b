//! What TAB offers in the system's shells. Their scripts (`supervisorctl completion`) hand
//! over what was typed and show what comes back; all knowledge is here, in the table of
//! commands and the definitions of options. Why not clap_complete:
//! `docs/decisions/0022`.
//!
//! `supervisorctl --complete zsh|fish WORD...` takes the words of the command line up to
//! the cursor, the program first; `supervisorctl --complete bash LINE BREAKS` the line, for
//! bash does not hand out words that have a colon in them. The answer has one candidate per
//! line, or is [`FILES`] or [`DIRECTORIES`]. If anything is wrong, there is nothing to offer.

mod bash;

use std::time::Duration;

use clap::{Arg, Command, ValueHint};
use visord_config::HostContext;

use super::{Candidate, Names, offered};
use crate::cli::{Parsed, help_of, long_name, split};
use crate::ctl::options::{self, Settings};
use crate::daemon;
use bash::Typed;

/// What the scripts put before their request. It is not among the options: no user types it.
pub const COMPLETE: &str = "--complete";

/// The shell is to offer files.
pub const FILES: &str = ":files";
/// The shell is to offer directories.
pub const DIRECTORIES: &str = ":directories";

/// How long a server may take to name its processes: the user is waiting.
const PATIENCE: Duration = Duration::from_secs(1);

/// What can stand under the cursor, or else [`FILES`] or [`DIRECTORIES`].
type Offer = Result<Vec<Candidate>, &'static str>;

/// Answer a shell; every line ends with a line end. `is_cluster`: the program is supvisorsctl.
pub fn answer(request: &[String], context: &HostContext, is_cluster: bool) -> String {
    let typed;
    let (words, breaks) = match request {
        [shell, line, breaks] if shell == "bash" => {
            typed = Typed::read(line);
            (&typed.words[..], Some((&typed, breaks)))
        }
        [_, words @ ..] => (words, None),
        [] => return String::new(),
    };
    let line = |Candidate { word, text }: Candidate| match breaks {
        Some((typed, breaks)) => typed.replacement(&word, breaks) + "\n",
        None => format!("{word}\t{text}\n"),
    };
    match offer(words, context, is_cluster) {
        Ok(candidates) => candidates.into_iter().map(line).collect(),
        Err(others) => format!("{others}\n"),
    }
}

/// What can stand where the last of the words stands; the first one is the program.
fn offer(words: &[String], context: &HostContext, is_cluster: bool) -> Offer {
    let [program, before @ .., word] = words else {
        return Ok(Vec::new());
    };
    let is_daemon = program.rsplit('/').next() == Some("supervisord");
    let definitions = if is_daemon {
        daemon::options::definitions()
    } else {
        options::definitions()
    };
    let Ok(line) = split(&definitions, before) else {
        return value_of_last(&definitions, &words[1..]).unwrap_or(Ok(Vec::new()));
    };
    let is_option = word.starts_with('-') && before.last().is_none_or(|last| last != "--");
    if line.arguments.is_empty() && is_option {
        let is_given = |definition: &&Arg| line.value(definition.get_id().as_str()).is_some();
        let free = definitions.get_arguments().filter(|one| !is_given(one));
        let options = free.filter_map(|option| {
            let word = format!("--{}", long_name(option)?);
            Some(Candidate::new(word, help_of(option)))
        });
        let options = options.filter(|option| option.word.starts_with(word));
        return Ok(options.collect());
    }
    if is_daemon {
        return Ok(Vec::new());
    }
    let action: Vec<&str> = line.arguments.iter().map(String::as_str).collect();
    let own = &before[..before.len() - action.len()];
    let names = match read(program, &definitions, own, context) {
        Some(settings) => {
            let (server, plugins) = (settings.server, settings.plugins);
            let has_cluster = is_cluster || settings.supvisors;
            Names::of(&server, plugins, has_cluster, Some(PATIENCE))
        }
        None => Names::none(),
    };
    Ok(offered(&action, word, &names))
}

/// What the value of the option before it can be, if the last word is one.
fn value_of_last(definitions: &Command, words: &[String]) -> Option<Offer> {
    let line = split(definitions, words).ok()?;
    let last = line.options.last()?;
    let mut all = definitions.get_arguments();
    let definition = all.find(|one| one.get_id().as_str() == last.id)?;
    let hint = definition.get_value_hint();
    if hint == ValueHint::FilePath {
        return Some(Err(FILES));
    }
    if hint == ValueHint::DirPath {
        return Some(Err(DIRECTORIES));
    }
    let values = definition.get_possible_values().into_iter();
    let names = values.map(|value| value.get_name().to_owned());
    let fitting = names.filter(|name| name.starts_with(&last.value));
    Some(Ok(fitting.map(|name| Candidate::new(name, "")).collect()))
}

/// What these options and the configuration say, if they are in order.
fn read(
    program: &str,
    definitions: &Command,
    options: &[String],
    context: &HostContext,
) -> Option<Settings> {
    let arguments = [options, &["status".to_owned()]].concat();
    match options::read(program, definitions, &arguments, context) {
        Ok(Parsed::Run(settings)) => Some(*settings),
        Ok(Parsed::Print(_)) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn asked(request: &[&str]) -> Vec<String> {
        let context = HostContext {
            environment: BTreeMap::new(),
            node_name: "node".to_owned(),
            cwd: "/nonexistent".into(),
        };
        let request: Vec<String> = request.iter().map(|word| (*word).to_owned()).collect();
        let answer = answer(&request, &context, false);
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
}
