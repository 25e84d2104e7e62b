//! The command line of supervisorctl and what the configuration adds to it
//! (spec interfaces 4.1, 4.2).

use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, Command, ValueHint};
use visord_config::{ClientConfig, Secret, Surroundings, find_config, load_client};
use visord_files::trust::exposures;
use visord_model::pyrepr::repr;
use visord_xmlrpc::http::{Identity, Trust};

use super::command::find;
use super::plugin::Plugins;
use super::session::Server;
use crate::cli::{ADDITION, UsageError, help_text, tokenize};

/// What the user wants of this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// The usage, ready to be shown.
    Help(String),
    /// To act.
    Act(Box<Settings>),
    /// To tell a shell what can stand under its cursor; holds what the shell said.
    Complete(Vec<String>),
}

/// Everything the command line and the configuration say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where the daemon is.
    pub server: Server,
    /// The prompt without `> `.
    pub prompt: String,
    /// Where the shell's history is kept.
    pub history_file: Option<PathBuf>,
    /// What the user of a shell should know about this configuration.
    pub warning: Option<String>,
    /// `-i`: open a shell after the action, and ask before dangerous ones.
    pub interactive: bool,
    /// `--json`: tell of each command in one document.
    pub json: bool,
    /// Commands that are programs of their own.
    pub plugins: Plugins,
    /// The action, words as typed; none: a shell.
    pub words: Vec<String>,
}

/// The options.
pub(crate) fn definitions() -> Command {
    let value = |id: &'static str, short: char, name: &'static str, help: &'static str| {
        Arg::new(id)
            .short(short)
            .long(id)
            .value_name(name)
            .help(help)
    };
    let flag = |id: &'static str, short: char, help: &'static str| {
        let flag = Arg::new(id).short(short).long(id);
        flag.action(ArgAction::SetTrue).help(help)
    };
    let file = |id: &'static str, help: &'static str| {
        let file = Arg::new(id).long(id).value_name("FILENAME");
        let hint = file.value_hint(ValueHint::FilePath);
        hint.help_heading(ADDITION).help(help)
    };
    Command::new("supervisorctl")
        .disable_help_flag(true)
        .arg(
            value(
                "configuration",
                'c',
                "FILENAME",
                "the configuration file (default: searched for)",
            )
            .value_hint(ValueHint::FilePath),
        )
        .arg(flag("help", 'h', "show this and exit").visible_short_alias('?'))
        .arg(flag(
            "interactive",
            'i',
            "start an interactive shell after the action; ask before shutdown and reload",
        ))
        .arg(value(
            "serverurl",
            's',
            "URL",
            "where supervisord listens (default http://localhost:9001)",
        ))
        .arg(value("username", 'u', "USERNAME", "name to log in with"))
        .arg(value(
            "password",
            'p',
            "PASSWORD",
            "password to log in with",
        ))
        .arg(
            value(
                "history_file",
                'r',
                "FILENAME",
                "keep the shell's history in this file",
            )
            .visible_alias("history-file")
            .value_hint(ValueHint::FilePath),
        )
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help_heading(ADDITION)
                .help("tell of each action in one JSON document"),
        )
        .args([
            file(
                "tls_ca",
                "trust these authorities of https servers, not the system's",
            ),
            file(
                "tls_cert",
                "the certificate to show to an https server that asks for one",
            ),
            file("tls_key", "the key of that certificate"),
        ])
}

/// How scripts of shells ask (`complete/outer.rs`).
pub(crate) const COMPLETE: &str = "--complete";

const TITLE: &str = "supervisorctl -- control applications run by supervisord";

const REMARKS: &str = "\
Without an action, or after one with -i, a shell opens that takes actions until it is
left. \"supervisorctl help\" lists the actions, \"supervisorctl help start\" explains one.";

/// What the options say, before any file was read.
#[derive(Debug, Default)]
struct Options {
    configuration: Option<String>,
    serverurl: Option<Secret>,
    username: Option<String>,
    password: Option<Secret>,
    history_file: Option<PathBuf>,
    tls_ca: Option<PathBuf>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    interactive: bool,
    json: bool,
}

/// Read the command line and, if it leads to one, the configuration file.
///
/// # Errors
/// What is wrong with either.
pub fn read(
    program: &str,
    words: &[String],
    surroundings: &Surroundings,
) -> Result<Request, UsageError> {
    // Not among the options: no person types it.
    if let Some((COMPLETE, shell)) = words
        .split_first()
        .map(|(word, rest)| (word.as_str(), rest))
    {
        return Ok(Request::Complete(shell.to_vec()));
    }
    let definitions = definitions();
    let tokens = tokenize(&definitions, words)?;
    let mut options = Options::default();
    for (at, token) in tokens.options.iter().enumerate() {
        if token.id == "help" {
            let usage = "[options] [action [arguments]]";
            let text = help_text(TITLE, program, usage, &definitions, REMARKS);
            return Ok(Request::Help(text));
        }
        tokens.check_conflict(at)?;
        let value = token.value.clone();
        match token.id.as_str() {
            "configuration" => options.configuration = Some(value),
            "interactive" => options.interactive = true,
            "json" => options.json = true,
            "serverurl" if is_url(&value) => options.serverurl = Some(value.into()),
            "serverurl" => {
                let why = format!("value {} is not a URL", repr(&value));
                return Err(UsageError::invalid_value(&token.typed, &value, &why));
            }
            "username" => options.username = Some(value),
            "password" => options.password = Some(value.into()),
            "history_file" => options.history_file = Some(PathBuf::from(value)),
            "tls_ca" => options.tls_ca = Some(PathBuf::from(value)),
            "tls_cert" => options.tls_cert = Some(PathBuf::from(value)),
            "tls_key" => options.tls_key = Some(PathBuf::from(value)),
            other => unreachable!("an option without meaning: {other}"),
        }
    }
    let named = options.configuration.as_deref();
    let file = if named.is_none() && is_local(&tokens.words) {
        None
    } else {
        configuration_file(named, program, surroundings)?
    };
    let mut config = load_client(file.as_deref(), surroundings)
        .map_err(|error| UsageError(error.first().to_owned()))?;
    let found = file.as_deref().filter(|_| named.is_none());
    let warning = found.and_then(|found| drop_history(&mut config, &surroundings.cwd.join(found)));
    check_identity(&options)?;
    let file = file.map(|file| surroundings.cwd.join(file));
    let mut settings = combine(options, config, file, tokens.words);
    settings.warning = warning;
    Ok(Request::Act(Box::new(settings)))
}

/// A certificate and its key come together.
fn check_identity(options: &Options) -> Result<(), UsageError> {
    match (&options.tls_cert, &options.tls_key) {
        (Some(_), None) => Err(UsageError("--tls_cert needs --tls_key".to_owned())),
        (None, Some(_)) => Err(UsageError("--tls_key needs --tls_cert".to_owned())),
        (Some(_), Some(_)) | (None, None) => Ok(()),
    }
}

/// Forgets the history file of a configuration that was found, not named, and that another user can
/// change: they could have what is typed here written into a file of their choice. The reason.
fn drop_history(config: &mut ClientConfig, found: &Path) -> Option<String> {
    let history = config.history_file.as_ref()?;
    let exposure = exposures(found).into_iter().next()?;
    let warning = format!(
        "the history file {} of {} is not used: {} {}",
        history.display(),
        found.display(),
        exposure.path.display(),
        exposure.reason
    );
    config.history_file = None;
    Some(warning)
}

/// Whether an action has nothing to do with any daemon, so that no file has to be looked for.
/// What the original has reads its file all the same.
fn is_local(words: &[String]) -> bool {
    let command = words.first().and_then(|word| find(word));
    command.is_some_and(|command| command.addition && command.needs.is_empty())
}

/// Whether a command line that cannot be used asked for JSON all the same.
#[must_use]
pub fn wants_json(words: &[String]) -> bool {
    words.iter().any(|word| word == "--json")
}

/// The command line beats the file.
fn combine(
    options: Options,
    config: ClientConfig,
    file: Option<PathBuf>,
    words: Vec<String>,
) -> Settings {
    let own = options.tls_cert.zip(options.tls_key);
    let identity = own.or(config.tls_identity);
    let ca = options.tls_ca.or(config.tls_ca);
    Settings {
        server: Server {
            url: options.serverurl.unwrap_or(config.serverurl),
            username: options.username.or(config.username),
            password: options.password.or(config.password),
            trust: ca.map_or(Trust::System, Trust::File),
            identity: identity.map(|(cert, key)| Identity { cert, key }),
        },
        prompt: config.prompt,
        history_file: options.history_file.or(config.history_file),
        warning: None,
        interactive: options.interactive,
        json: options.json,
        plugins: Plugins {
            configured: config.plugins,
            file,
        },
        words,
    }
}

/// The file to read: the named one, the first in the usual places, or none. An empty name
/// means none.
fn configuration_file(
    named: Option<&str>,
    program: &str,
    surroundings: &Surroundings,
) -> Result<Option<PathBuf>, UsageError> {
    match named {
        Some("") => Ok(None),
        Some(name) if surroundings.cwd.join(name).exists() => Ok(Some(PathBuf::from(name))),
        Some(name) => Err(UsageError(format!("could not find config file {name}"))),
        None => Ok(find_config(program, surroundings).ok()),
    }
}

/// Whether a text has a scheme and a host or a path (spec interfaces 4.1).
fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let place = rest.strip_prefix("//").unwrap_or(rest);
    is_scheme && !place.is_empty() && !place.starts_with(['?', '#'])
}

/// What of this process's surroundings a configuration may refer to.
#[must_use]
pub fn surroundings() -> Surroundings {
    let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    let variables = std::env::vars_os().map(|(name, value)| (lossy(name), lossy(value)));
    let environment = visord_config::environment(variables);
    Surroundings {
        environment,
        node_name: nix::unistd::gethostname().map(lossy).unwrap_or_default(),
        cwd: std::env::current_dir().unwrap_or_else(|_| Path::new("/").to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn surroundings(cwd: &Path) -> Surroundings {
        Surroundings {
            environment: BTreeMap::new(),
            node_name: "node".to_owned(),
            cwd: cwd.to_owned(),
        }
    }

    fn request(words: &[&str], cwd: &Path) -> Result<Request, UsageError> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        read("/x/bin/supervisorctl", &words, &surroundings(cwd))
    }

    #[test]
    fn what_is_a_url() {
        for (text, is) in [
            ("http://localhost:9001", true),
            ("unix:///x", true),
            ("unix:/x", true),
            ("a:b", true),
            ("HTTP://x", true),
            ("foo", false),
            ("", false),
            ("http:", false),
            ("http://", false),
            ("http://?x", false),
            ("1x:/y", false),
        ] {
            assert_eq!(is_url(text), is, "{text:?}");
        }
    }

    #[test]
    fn the_command_line_beats_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = "[supervisorctl]\nserverurl=http://h:1\nusername=file\nprompt=p\n";
        std::fs::write(folder.path().join("supervisord.conf"), file).expect("a file");
        let words = ["-u", "line", "--hist=/h", "tail", "-f", "x"];
        let Ok(Request::Act(settings)) = request(&words, folder.path()) else {
            panic!("no action");
        };
        assert_eq!(settings.server.url, "http://h:1".into());
        assert_eq!(settings.server.username.as_deref(), Some("line"));
        assert_eq!(settings.prompt, "p");
        assert_eq!(settings.history_file, Some(PathBuf::from("/h")));
        assert_eq!(settings.words, ["tail", "-f", "x"]);
    }

    #[test]
    fn history_of_a_configuration_that_others_can_change() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("supervisord.conf");
        std::fs::write(&path, "[supervisorctl]\nhistory_file=/h\n").expect("a file");
        let asked = |words: &[&str]| match request(words, folder.path()) {
            Ok(Request::Act(settings)) => (settings.history_file, settings.warning),
            other => panic!("{other:?}"),
        };
        let used = (Some(PathBuf::from("/h")), None);
        assert_eq!(asked(&[]), used);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).expect("a mode");
        let (history, warning) = asked(&[]);
        assert_eq!(history, None);
        let reason = format!("{} is writable by every user", path.display());
        assert!(warning.expect("a warning").ends_with(&reason));
        // one that is named is believed
        assert_eq!(asked(&["-c", "supervisord.conf"]), used);
        assert_eq!(asked(&["-r", "/h"]).0, used.0);
    }

    #[test]
    fn history_of_a_configuration_that_a_link_of_another_user_leads_to() {
        use std::os::unix::fs::{lchown, symlink};
        if !nix::unistd::geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let (ours, link) = (folder.path().join("ours"), folder.path().join("etc"));
        std::fs::create_dir(&ours).expect("a folder");
        let text = "[supervisorctl]\nhistory_file=/h\n";
        std::fs::write(ours.join("supervisord.conf"), text).expect("a file");
        symlink(&ours, &link).expect("a link");
        lchown(&link, Some(65534), None).expect("root");
        let Ok(Request::Act(settings)) = request(&[], folder.path()) else {
            panic!("no action");
        };
        assert_eq!(settings.history_file, None);
        let warning = settings.warning.expect("a warning");
        let reason = format!("{} is owned by nobody", link.display());
        assert!(warning.ends_with(&reason), "{warning}");
    }

    #[test]
    fn errors() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("x.conf"), "[supervisord]\n").expect("a file");
        for (words, message) in [
            (
                &["-c", "nope.conf"][..],
                "could not find config file nope.conf",
            ),
            (
                &["-s", "foo"],
                "invalid value for -s 'foo': value 'foo' is not a URL",
            ),
            (&["-i", "-i"], "conflicting command line option '-i'"),
            (&["-z"], "option -z not recognized"),
            (
                &["-c", "x.conf"],
                ".ini file does not include supervisorctl section",
            ),
        ] {
            let error = request(words, folder.path()).expect_err("an error");
            assert_eq!(error.0, message);
        }
    }

    #[test]
    fn no_file_and_help() {
        let folder = tempfile::tempdir().expect("a folder");
        let Ok(Request::Act(settings)) = request(&["-c", ""], folder.path()) else {
            panic!("no action");
        };
        assert_eq!(settings.server.url, "http://localhost:9001".into());
        for word in ["-h", "--help", "-?", "-ih"] {
            let Ok(Request::Help(text)) = request(&[word], folder.path()) else {
                panic!("no help");
            };
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!(
                lines[2],
                "Usage: /x/bin/supervisorctl [options] [action [arguments]]"
            );
            assert!(
                lines
                    .iter()
                    .any(|line| line.starts_with("-c/--configuration FILENAME -- "))
            );
        }
    }
}
