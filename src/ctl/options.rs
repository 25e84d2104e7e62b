//! The command line of supervisorctl and what the configuration adds to it
//! (spec interfaces 4.1, spec interfaces 4.2).

use std::path::{Path, PathBuf};

use clap::{Command, ValueHint, arg};
use visord_config::{ClientConfig, HostContext, find_config, load_client};
use visord_files::trust::exposures;
use visord_model::pyrepr::repr;
use visord_xmlrpc::http::ClientCertificate;

use super::command::find;
use super::plugin::Plugins;
use super::session::Server;
use crate::cli::{ADDITION, CommandLine, Parsed, help_text, split};

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
    /// `--json`: print the result of each command as one document.
    pub json: bool,
    /// Commands that are separate programs.
    pub plugins: Plugins,
    /// The configuration asks for the commands for Supvisors.
    pub supvisors: bool,
    /// The action and its arguments as typed; none: a shell.
    pub action: Vec<String>,
}

pub(crate) fn definitions() -> Command {
    Command::new("supervisorctl")
        .disable_help_flag(true)
        .about("supervisorctl -- control applications run by supervisord")
        .after_help(REMARKS)
        .args([
            arg!(-c --configuration <FILENAME> "the configuration file (default: found on the search path)")
                .value_hint(ValueHint::FilePath),
            arg!(-h --help "show a help message and exit").visible_short_alias('?'),
            arg!(-i --interactive "start an interactive shell after the action; confirm shutdown and reload"),
            arg!(-s --serverurl <URL> "where supervisord listens (default http://localhost:9001)"),
            arg!(-u --username <USERNAME> "name to log in with"),
            arg!(-p --password <PASSWORD> "password to log in with"),
            arg!(-r --history_file <FILENAME> "keep the shell's history in this file")
                .visible_alias("history-file")
                .value_hint(ValueHint::FilePath),
            arg!(--json "print the result of each action as one line of JSON")
                .help_heading(ADDITION),
        ])
        .args(
            [
                arg!(--tls_ca <FILENAME> "CA certificates to trust instead of the system's"),
                arg!(--tls_cert <FILENAME> "client certificate for servers that require one"),
                arg!(--tls_key <FILENAME> "private key of the client certificate"),
            ]
            .map(|file| file.value_hint(ValueHint::FilePath).help_heading(ADDITION)),
        )
}

const REMARKS: &str = "\
Without an action (or with -i), supervisorctl starts an interactive shell.
\"supervisorctl help\" lists the actions, \"supervisorctl help start\" explains one.\n\n";

/// Read the command line and, if it leads to one, the configuration file.
///
/// # Errors
/// What is wrong with either.
pub fn read(
    program: &str,
    definitions: &Command,
    arguments: &[String],
    context: &HostContext,
) -> Result<Parsed<Settings>, String> {
    let line = split(definitions, arguments)?;
    for (at, option) in line.options.iter().enumerate() {
        if option.id == "help" {
            let usage = "[options] [action [arguments]]";
            return Ok(Parsed::Print(help_text(program, usage, definitions)));
        }
        line.check_conflict(at)?;
        if option.id == "serverurl" && !is_url(&option.value) {
            let why = format!("value {} is not a URL", repr(&option.value));
            return Err(option.invalid_value(&why));
        }
    }
    let named = line.value("configuration");
    // what the original has reads its file even if it needs none
    let command = line.arguments.first().and_then(|name| find(name));
    let file = if named.is_none() && command.is_some_and(|command| command.is_local) {
        None
    } else {
        configuration_file(named, program, context)?
    };
    let config = load_client(file.as_deref(), context);
    let mut config = config.map_err(|error| error.first().to_owned())?;
    let file = file.map(|file| context.cwd.join(file));
    let found = file.as_deref().filter(|_| named.is_none());
    let warning = found.and_then(|found| drop_history(&mut config, found));
    let text = |id| line.value(id).map(str::to_owned);
    Ok(Parsed::Run(Box::new(Settings {
        server: Server {
            identity: identity(&line, &config)?,
            url: text("serverurl").map_or(config.serverurl, Into::into),
            username: text("username").or(config.username),
            password: text("password").map(Into::into).or(config.password),
            trust: text("tls_ca").map(PathBuf::from).or(config.tls_ca),
        },
        prompt: config.prompt,
        history_file: text("history_file")
            .map(PathBuf::from)
            .or(config.history_file),
        warning,
        interactive: line.value("interactive").is_some(),
        json: line.value("json").is_some(),
        plugins: Plugins {
            configured: config.plugins,
            file,
        },
        supvisors: config.supvisors,
        action: line.arguments,
    })))
}

/// The client certificate; it comes together with its key.
fn identity(
    line: &CommandLine,
    config: &ClientConfig,
) -> Result<Option<ClientCertificate>, String> {
    let files = match (line.value("tls_cert"), line.value("tls_key")) {
        (Some(cert), Some(key)) => Some((cert.into(), key.into())),
        (Some(_), None) => return Err("--tls_cert needs --tls_key".to_owned()),
        (None, Some(_)) => return Err("--tls_key needs --tls_cert".to_owned()),
        (None, None) => config.tls_identity.clone(),
    };
    Ok(files.map(|(cert, key)| ClientCertificate { cert, key }))
}

/// Forgets the history file of a configuration that was found, not named, and that another user can
/// change: they could have what is typed here written into a file of their choice. The reason.
fn drop_history(config: &mut ClientConfig, found: &Path) -> Option<String> {
    config.history_file.as_ref()?;
    let exposure = exposures(found).into_iter().next()?;
    let history = config.history_file.take()?;
    Some(format!(
        "the history file {} of {} is not used: {} {}",
        history.display(),
        found.display(),
        exposure.path.display(),
        exposure.reason
    ))
}

/// The file to read: the named one, the first in the usual places, or none. An empty name
/// means none.
fn configuration_file(
    named: Option<&str>,
    program: &str,
    context: &HostContext,
) -> Result<Option<PathBuf>, String> {
    match named {
        Some("") => Ok(None),
        Some(name) if context.cwd.join(name).exists() => Ok(Some(PathBuf::from(name))),
        Some(name) => Err(format!("could not find config file {name}")),
        None => Ok(find_config(program, context).ok()),
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn context(cwd: &Path) -> HostContext {
        HostContext {
            environment: BTreeMap::new(),
            node_name: "node".to_owned(),
            cwd: cwd.to_owned(),
        }
    }

    fn request(words: &[&str], cwd: &Path) -> Result<Parsed<Settings>, String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        read(
            "/x/bin/supervisorctl",
            &definitions(),
            &words,
            &context(cwd),
        )
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
        let Ok(Parsed::Run(settings)) = request(&words, folder.path()) else {
            panic!("no action");
        };
        assert_eq!(settings.server.url, "http://h:1".into());
        assert_eq!(settings.server.username.as_deref(), Some("line"));
        assert_eq!(settings.prompt, "p");
        assert_eq!(settings.history_file, Some(PathBuf::from("/h")));
        assert_eq!(settings.action, ["tail", "-f", "x"]);
    }

    #[test]
    fn history_of_a_configuration_that_others_can_change() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("supervisord.conf");
        std::fs::write(&path, "[supervisorctl]\nhistory_file=/h\n").expect("a file");
        let asked = |words: &[&str]| match request(words, folder.path()) {
            Ok(Parsed::Run(settings)) => (settings.history_file, settings.warning),
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
        let Ok(Parsed::Run(settings)) = request(&[], folder.path()) else {
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
            assert_eq!(error, message);
        }
    }

    #[test]
    fn no_file_and_help() {
        let folder = tempfile::tempdir().expect("a folder");
        let Ok(Parsed::Run(settings)) = request(&["-c", ""], folder.path()) else {
            panic!("no action");
        };
        assert_eq!(settings.server.url, "http://localhost:9001".into());
        for word in ["-h", "--help", "-?", "-ih"] {
            let Ok(Parsed::Print(text)) = request(&[word], folder.path()) else {
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
